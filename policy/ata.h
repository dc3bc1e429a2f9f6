/*
 * ata.h - what an ATA or ATAPI command is, and which hook judges it (table: ata.def)
 */
#ifndef POLICY_ATA_H
#define POLICY_ATA_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/context.h"
#include "policy/transfer.h"

enum ata_class {
	ATA_RESERVED = 0,	/* no row: fails, counted */
	ATA_READ, ATA_WRITE, ATA_TRIM, ATA_CONTROL,
	ATA_MODEL,		/* not judged */
	ATA_PACKET,		/* only ata_command_name()'s: decoding goes on to the opcode */
	ATA_VENDOR,		/* always fails */
	ATA_REFUSED,		/* always fails */
};

struct ata_info {
	const char *name;	/* as the standard has it; "vendor specific", "reserved" */
	uint8_t class;		/* enum ata_class, never ATA_PACKET */
	bool guarded;		/* dropped unless a rule's pass names it */
};

enum { ATA_NOT_JUDGED = -1, ATA_FAILS = -2 };

/* Looks at command, features, lba, cdb and cdb_len of @d only. */
struct ata_info ata_decode(const struct disk_transfer *d);

/* The enum hv_hook that judges the command, ATA_NOT_JUDGED, or ATA_FAILS. */
int ata_hook(const struct disk_transfer *d);

/* The name of an ATA command code alone. */
const char *ata_command_name(uint8_t command);

#endif
