/*
 * command.h - a command that the guest has issued, read once, decoded, and encoded afresh for the drive (internal)
 */
#ifndef DEVMODEL_AHCI_COMMAND_H
#define DEVMODEL_AHCI_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "devmodel/ahci/ahci.h"
#include "devmodel/ahci/fis.h"
#include "policy/transfer.h"

/* How data moves (ACS-3, section 4; of each command: command.def). */
enum protocol {
	PROTOCOL_NO_DATA, PROTOCOL_PIO_IN, PROTOCOL_PIO_OUT, PROTOCOL_DMA_IN, PROTOCOL_DMA_OUT,
	PROTOCOL_NCQ_IN, PROTOCOL_NCQ_OUT, PROTOCOL_PACKET,
	PROTOCOL_RESET,			/* a device control FIS: SRST on or off */
};

/* What a command's data is to us besides bytes for the guest. */
enum meaning {
	MEANING_NONE,
	MEANING_SECTORS,		/* user data: `disk read`, `disk write` */
	MEANING_RANGES,			/* of a TRIM: LBA range entries (ACS-3, section 7.5.9) */
	MEANING_ERASES,			/* the sectors of its address and COUNT, without data: judged as one range */
	MEANING_IDENTIFY,		/* edited: offer nothing that is not judged */
	MEANING_IDENTIFY_PACKET,
	MEANING_LOG,			/* READ LOG (DMA) EXT, SMART READ LOG: edited, or the model's own */
	MEANING_SENSE,			/* REQUEST SENSE: the drive's, or the model's own after a refusal */
	MEANING_CAPACITY,		/* READ CAPACITY of an ATAPI drive: its sector size */
};

/* What the model knows of a drive; all 0 after a COMRESET, until an IDENTIFY has told. */
struct drive {
	bool atapi;			/* PxSIG */
	bool identified;
	uint32_t sector_size;		/* bytes: 512 to 4096, ATAPI 2048 until READ CAPACITY says other; 0: not known */
	uint64_t total_sectors;		/* 0: not known */
};

struct command {
	uint8_t protocol;		/* enum protocol */
	uint8_t meaning;		/* enum meaning */
	bool out;			/* its data goes to the drive */
	bool needs_size;		/* its length is in sectors */
	int8_t hook;			/* enum hv_hook, ATA_NOT_JUDGED, ATA_FAILS */
	uint8_t control;		/* device control: SRST alone */
	uint16_t header;		/* HEADER_R, HEADER_C of a reset */
	uint8_t device;			/* bits that mean something: FUA, LBA */
	uint8_t tag;			/* of a queued one: its slot */
	uint64_t bytes;			/* of its data; PACKET: at most, for what its PRD table holds bounds it too */
	struct disk_range erased;	/* MEANING_ERASES */
	struct disk_transfer t;		/* as the judge sees it, data and ranges apart; command, features, count, lba, cdb */
};

/* The ATAPI command does not say how much: its PRD table does. */
#define PACKET_BYTES_ANY	UINT32_MAX

static inline bool command_is_queued(const struct command *c)
{
	return c->protocol == PROTOCOL_NCQ_IN || c->protocol == PROTOCOL_NCQ_OUT;
}

#define LBA_LIMIT_48	(1ull << 48)
/* What command_decode() says when nothing is wrong. */
#define COMMAND_RIGHT	AHCI_COUNTERS

/*
 * Decode our copies of header and table head, issued in @slot of a port with @drive.  COMMAND_RIGHT, or the AHCI_
 * counter that says why it is refused (AHCI_NO_ROW, AHCI_CHS, AHCI_RANGE, AHCI_SECTOR_SIZE, AHCI_HEADER); *@out is
 * filled as far as it goes, so that the judge's log can tell of it.  t.unit and t.port are the caller's.
 */
enum ahci_counter command_decode(const struct header *h, const struct table *t, unsigned slot,
				 const struct drive *drive, struct command *out);
/* The part of it that PACKET leaves to the ATAPI command @cdb (packet.c). */
enum ahci_counter packet_decode(const uint8_t cdb[16], const struct drive *drive, struct command *c);

/* The FIS and the ATAPI command that ask for exactly this and nothing else, and the header's flags. */
void command_encode(const struct command *c, struct table *t, uint16_t *flags);
/* CHECK POWER MODE: moves no data, changes nothing, and makes the controller interrupt. */
void command_nudge(struct table *t, uint16_t *flags);
/* IDENTIFY DEVICE, or IDENTIFY PACKET DEVICE. */
void command_identify(bool atapi, struct table *t, uint16_t *flags);

#endif
