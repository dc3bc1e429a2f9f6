/*
 * capture.h - what the pcap and pcapng readers share: a record becomes a packet or a part of
 * a disk command
 */
#ifndef REPLAY_CAPTURE_H
#define REPLAY_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/reader.h"

/* Link types, as the registry of tcpdump.org numbers them. */
#define LINKTYPE_ETHERNET	1u
#define LINKTYPE_USER0		147u	/* disk traces */

#define DM_LOG_MAGIC		0x6a736677736872ull	/* first 8 bytes of a dm-log-writes log */

struct capture_record {
	uint8_t *bytes;
	uint32_t captured;		/* bytes there, snap length applied */
	uint32_t wire_len;
	uint64_t time_ns;		/* since 1970 */
	enum capture_direction says;
	const uint8_t *raw;		/* the record with its own header, in the input */
	uint32_t raw_len;
};

/* The beginning of a pcap file (4 bytes), of a pcapng file (12 bytes). */
bool pcap_is_magic(const uint8_t *head);
bool pcapng_is_magic(const uint8_t *head);

/* Fix what the capture holds by the link type of a record: 0, or -1 with the fault set. */
int capture_link_type(struct reader *r, uint32_t link_type);

/* The bytes a snap length of @snap leaves of @captured; libpcap takes 0 for no limit. */
static inline uint32_t capture_snap(uint32_t captured, uint32_t snap)
{
	return snap && snap <= READER_MAX_RECORD && captured > snap ? snap : captured;
}

/* Fill @item with the packet @rec. */
void capture_net_item(struct reader *r, const struct capture_record *rec, struct item *item);

/* Parts of one disk command, put together again. */
struct disk_assembly {
	struct disk_trace_header head;
	bool open;		/* a transfer has begun and is not whole */
	uint64_t last_id;	/* of the transfer before */
	uint8_t *data;
	uint32_t have, room;	/* bytes at data */
	struct disk_range *ranges;
	uint32_t range_room;
};

/*
 * Add the disk trace record @rec: 1 and @item when the transfer is whole, 0 when parts are
 * missing, -1 with the fault set.
 */
int disk_assembly_add(struct reader *r, struct disk_assembly *a, const struct capture_record *rec,
		      struct item *item);
/* The input ends here: 0, or -1 with the fault set when a transfer is not whole. */
int disk_assembly_end(struct reader *r, const struct disk_assembly *a);
void disk_assembly_free(struct disk_assembly *a);

#endif
