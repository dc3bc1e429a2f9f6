/*
 * disk_trace.h - the records of a disk trace (docs/disk-trace.md)
 *
 * A disk trace is a pcap or pcapng file of link type USER0 (147).  Each record is a header and
 * a part of one command's data; a command whose data is larger than a record has several, one
 * behind the other.  All numbers are little-endian.
 */
#ifndef REPLAY_DISK_TRACE_H
#define REPLAY_DISK_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/context.h"

#define DISK_TRACE_MAGIC	0x54445653u	/* bytes 53 56 44 54, "SVDT" */
#define DISK_TRACE_VERSION	1u
#define DISK_TRACE_HEADER	96u		/* bytes; a later version may append */
#define DISK_TRACE_MAX_HEADER	4096u
#define DISK_TRACE_PART		(128u << 10)	/* data bytes of a record that we write */
#define DISK_TRACE_NOT_JUDGED	255u		/* as hook: no hook judges the command */

/* What the data of a command is. */
enum disk_trace_data {
	DISK_TRACE_NO_DATA = 0,		/* the command carries none, or it was not recorded */
	DISK_TRACE_SECTORS = 1,
	DISK_TRACE_RANGES = 2,		/* TRIM: pairs of first LBA and sectors, 8 bytes each */
	DISK_TRACE_OTHER = 3,		/* parameter data of another command */
	DISK_TRACE_DATA_KINDS = 4,
};

#define DISK_TRACE_RANGE	16u	/* bytes of a range */

struct disk_trace_header {
	uint32_t size;			/* bytes of this header in the record */
	uint64_t id;			/* of the transfer, ascending */
	uint64_t offset, total;		/* of this part in the data, bytes of the data in all */
	uint8_t hook;			/* enum hv_hook, or DISK_TRACE_NOT_JUDGED */
	uint8_t data;			/* enum disk_trace_data */
	uint8_t unit, port;
	uint8_t command;
	uint8_t cdb_len;		/* 0 to 16 */
	uint8_t ata_status, ata_error;	/* as the drive answered; 0 when not known */
	uint16_t features, count;
	uint32_t sector_size;		/* bytes */
	uint64_t lba;			/* ATA LBA as given */
	uint64_t first_lba, sectors;	/* of a read or write */
	uint64_t total_sectors;		/* of the drive, 0: not known */
	uint8_t cdb[16];
};

void disk_trace_encode(const struct disk_trace_header *h, uint8_t bytes[DISK_TRACE_HEADER]);

/*
 * Decode and check a header at @bytes, of which @len are there.  NULL, or what is wrong with
 * it; @max_total is the most data that one command may have.
 */
const char *disk_trace_decode(struct disk_trace_header *h, const uint8_t *bytes, size_t len,
			      uint64_t max_total);

#endif
