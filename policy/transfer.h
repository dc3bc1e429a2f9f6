/*
 * transfer.h - one I/O transfer, as a device model or a trace reader hands it over
 *
 * Everything it points at is our own copy, so nobody changes it between the
 * judgement and the device: what is judged is what is sent.
 */
#ifndef POLICY_TRANSFER_H
#define POLICY_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/context.h"

struct disk_range {
	uint64_t lba;
	uint64_t sectors;
};

/*
 * Bytes of a frame that are captured, at most.  A longer one is judged like any other, but dropped as
 * bounded when it has more matches to overwrite than are remembered.
 */
#define NET_FRAME_MAX	262144u

struct net_transfer {
	uint8_t *frame;		/* rewritten in place by the judge */
	uint32_t captured;	/* bytes at frame */
	uint32_t wire_len;	/* bytes on the wire, >= captured; what lies beyond is absent */
};

struct disk_transfer {
	uint8_t *data;		/* sectors; NULL when the transfer carries none */
	uint32_t data_len;	/* bytes at data */
	uint8_t command;	/* ATA command code */
	uint8_t unit, port;
	uint8_t cdb_len;	/* 0: not an ATAPI command */
	uint8_t cdb[16];
	uint16_t features, count;
	uint64_t lba;		/* ATA LBA as given */
	uint64_t first_lba;	/* read, write: first sector */
	uint64_t sectors;	/* read, write */
	uint32_t sector_size;	/* bytes; 512 when not known */
	uint64_t total_sectors;	/* 0: not known */
	const struct disk_range *ranges;	/* TRIM: what is trimmed */
	uint32_t range_count;
	bool fails;		/* whatever the policy says: the device's model has no row for it */
};

struct transfer {
	uint64_t number;	/* from 1, in the order of the input */
	uint64_t time_ns;
	uint32_t generation;	/* of the policy it was issued under */
	enum hv_hook hook;
	union {
		struct net_transfer net;
		struct disk_transfer disk;
	};
};

#endif
