/*
 * sim_ahci.h - a simulated AHCI 1.3.1 controller with ATA and ATAPI drives, for the host tests of its model
 *
 * Written from the specifications, so that it is a witness beside QEMU's.  It works in steps: a register access changes
 * registers alone; sim_ahci_step() fetches one command of each port and ends one.  All that it does to memory goes
 * through the bus it is given, with the reason.  It offers what models should not (port multipliers, FIS-based
 * switching, coalescing, enclosure management; drives with NCQ SEND, security, firmware, streams) and complains when it
 * is used, by driver or model.
 */
#ifndef REPLAY_SIM_AHCI_H
#define REPLAY_SIM_AHCI_H

#include <stdbool.h>
#include <stdint.h>

#include "devmodel/ahci/fis.h"
#include "policy/transfer.h"

#define SIM_AHCI_PORTS	4u		/* PI has a bit for each, drives are at some */

/* Why the controller masters the bus. */
enum sim_ahci_why {
	SIM_HEADER, SIM_TABLE, SIM_PRD, SIM_DATA_OUT,		/* reads: list, FIS and CDB, PRDs, data for the drive */
	SIM_DATA_IN, SIM_FIS, SIM_PRDBC,			/* writes */
};

/* What a drive is about to carry out, or to abort. */
struct sim_ahci_command {
	unsigned port, slot;
	bool queued, out;
	bool aborted;			/* not decoded in whole */
	struct disk_transfer t;		/* command, features, count, lba, cdb; of sectors: first_lba, sectors */
	const uint8_t *data;		/* of @out, what came from memory */
	uint32_t len;			/* bytes of its data */
};

struct sim_ahci_bus {
	/* False: nobody answers there (a master abort): PxIS.HBFS, and the port stands still until ST is cleared. */
	bool (*read)(void *host, enum sim_ahci_why why, uint64_t at, void *to, uint32_t len);
	bool (*write)(void *host, enum sim_ahci_why why, uint64_t at, const void *from, uint32_t len);
	void (*carried_out)(void *host, const struct sim_ahci_command *c);
	void (*interrupt)(void *host, bool line);
	/* The driver asked for something that no right driver does. */
	void (*complain)(void *host, const char *what);
};

enum sim_order { SIM_FIRST, SIM_LAST, SIM_ANY };

/* What can go wrong.  All may be changed at any time. */
struct sim_ahci_faults {
	bool gone;			/* all registers read all ones, and nothing happens */
	bool stalled;			/* it does nothing but answer registers */
	bool reads_twice;		/* all that it reads, and takes the second */
	bool says_twice;		/* each FIS at the end of a command comes again, with its interrupt */
	uint32_t late;			/* more steps from a command to its end */
	uint32_t stop_late;		/* more steps from ST cleared to CR cleared: data moves on in them */
	uint32_t prdbc;			/* added to each PRDBC */
	uint32_t cut;			/* percent of the data to be read that never comes, without an error */
	uint32_t interface_errors;	/* as many next commands end with PxIS.IFS */
	uint32_t refuse_identify;	/* as many next IDENTIFY commands are aborted */
	bool together;			/* queued commands that are done wait for each other, and are told in one FIS */
	enum sim_order order;		/* in which queued commands end */
	uint64_t bad_lba, bad_sectors;	/* cannot be read: UNC */
};

struct sim_ahci_drive {
	bool there;
	bool atapi;
	uint32_t sector_size;		/* 512, 4096; ATAPI 2048 */
	uint8_t per_physical;		/* logical sectors of a physical one, as a power of 2 */
	uint64_t sectors;
	bool no_ncq;
	bool packet_16;			/* ATAPI: its commands have 16 bytes, not 12 */
};

struct sim_ahci;

/* @drive: of each port.  NULL: no memory. */
struct sim_ahci *sim_ahci_create(const struct sim_ahci_drive drive[SIM_AHCI_PORTS], const struct sim_ahci_bus *bus,
				 void *host);
void sim_ahci_free(struct sim_ahci *s);
struct sim_ahci_faults *sim_ahci_faults(struct sim_ahci *s);
/* A bus reset: the controller's registers, and a COMRESET of every port. */
void sim_ahci_reset(struct sim_ahci *s);

/* @offset: a multiple of 4 in the memory BAR. */
uint32_t sim_ahci_read(struct sim_ahci *s, uint32_t offset);
void sim_ahci_write(struct sim_ahci *s, uint32_t offset, uint32_t value);

/* One step of work; false: there is nothing to do, now or later. */
bool sim_ahci_step(struct sim_ahci *s);
/* Step until there is nothing to do, at most @steps. */
void sim_ahci_run(struct sim_ahci *s, unsigned steps);
/* Say of commands in @ci and @sact that they are done, with causes @is, though nothing moved; they are forgotten. */
void sim_ahci_lie(struct sim_ahci *s, unsigned port, uint32_t ci, uint32_t sact, uint32_t is);
/* The drive is pulled out, or a new one plugged in: PxSERR, PxIS.PRCS and PCS. */
void sim_ahci_plug(struct sim_ahci *s, unsigned port, bool there);

/* What is on the medium: @len bytes from the start of sector @lba, whatever was never written has bytes of its own. */
void sim_ahci_medium_read(struct sim_ahci *s, unsigned port, uint64_t lba, uint8_t *to, uint32_t len);
void sim_ahci_medium_write(struct sim_ahci *s, unsigned port, uint64_t lba, const uint8_t *from, uint32_t len);
/* A sum of all that was written. */
uint64_t sim_ahci_medium_sum(const struct sim_ahci *s, unsigned port);
/* As it was made. */
void sim_ahci_medium_clear(struct sim_ahci *s, unsigned port);
/* How often the drive has carried out an ATA command, or a SCSI opcode. */
unsigned sim_ahci_count(const struct sim_ahci *s, unsigned port, uint8_t command);
unsigned sim_ahci_count_opcode(const struct sim_ahci *s, unsigned port, uint8_t opcode);

#endif
