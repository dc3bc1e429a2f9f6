/*
 * reader.h - one interface for every kind of input: transfer after transfer
 *
 *	reader_open -> reader_next ... -> reader_close
 *
 * The kind of an input is told by its content.  Memory is bounded by READER_MAX_TRANSFER,
 * whatever the input's size and whatever its lengths say.
 */
#ifndef REPLAY_READER_H
#define REPLAY_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/transfer.h"
#include "replay/disk_trace.h"
#include "replay/fault.h"
#include "replay/local.h"
#include "replay/stream.h"

#define READER_MAX_RECORD	NET_FRAME_MAX		/* bytes of a captured packet, as libpcap's */
#define READER_MAX_BLOCK	(16u << 20)		/* bytes of a pcapng block, as libpcap's */
#define READER_MAX_TRANSFER	(64u << 20)		/* bytes of one disk transfer */
#define READER_MAX_INTERFACES	65536u			/* of a pcapng section */

enum reader_format {
	READER_AUTO,		/* tell by content */
	READER_PCAP, READER_PCAPNG,
	READER_LOG,		/* dm-log-writes */
	READER_IMAGE,
	READER_FORMATS,
};
extern const char *const reader_format_name[READER_FORMATS];	/* "auto", "pcap", ... */

/* What an input holds. */
enum reader_content { READER_UNKNOWN, READER_NET, READER_DISK };

/* One transfer, or bytes of the input's own framing that a copy of it needs. */
struct item {
	bool is_transfer;	/* false: only raw */
	bool judged;		/* a hook judges it; false: it passes (IDENTIFY, FLUSH, ...) */
	bool fails;		/* it always fails, whatever the policy (vendor commands, ...) */
	uint8_t disk_kind;	/* enum disk_trace_data */
	uint8_t ata_status, ata_error;
	struct transfer t;
	const uint8_t *raw;	/* net: the record as it stands in the input, t.net.frame in it */
	uint32_t raw_len;
};

struct reader;
struct reader_ops {
	int (*open)(struct reader *r);
	int (*next)(struct reader *r, struct item *item);
	void (*close)(struct reader *r);	/* also after a failed open */
};

struct reader {
	struct stream stream;
	struct fault *fault;
	const struct locals *locals;
	enum reader_format format;
	enum reader_content content;
	const struct reader_ops *ops;
	uint64_t number;	/* transfers given out */
	uint64_t record;	/* records begun, for messages */
	uint64_t record_offset;	/* where the last one begins */
	void *state;		/* of the ops */
};

/*
 * Open @path as @format.  0, or -1 with @f set; reader_close() follows in either case.
 * @locals must outlive the reader.
 */
int reader_open(struct reader *r, const char *path, enum reader_format format,
		const struct locals *locals, struct fault *f);
/* The same of bytes in memory (tests). */
int reader_open_memory(struct reader *r, const void *bytes, size_t len, enum reader_format format,
		       const struct locals *locals, struct fault *f);

/*
 * The next item: 1, 0 at the end of the input, or -1 with the fault set.  Pointers are valid
 * until the next call; the bytes of a transfer may be changed.
 */
static inline int reader_next(struct reader *r, struct item *item)
{
	return r->ops->next(r, item);
}

void reader_close(struct reader *r);

/* "pcap", "disk trace", ... for summaries. */
const char *reader_describe(const struct reader *r);

/* Note "NAME: record N at offset M: ..."; returns -1. */
int reader_fault(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

extern const struct reader_ops reader_pcap_ops;
extern const struct reader_ops reader_pcapng_ops;
extern const struct reader_ops reader_log_ops;
extern const struct reader_ops reader_image_ops;

#endif
