/*
 * hvlog_line.h - find the hypervisor's lines among the bytes of a serial port, and take one apart
 *
 *	sluice: [    1.234567 0 info #17 3f2a] guest: triple fault, the machine restarts
 *
 * hv/log.h has the format.  A line counts when its CRC is right; then all of it is printable ASCII.
 */
#ifndef REPLAY_HVLOG_LINE_H
#define REPLAY_HVLOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HVLOG_LINE_MAX	600u	/* bytes; the hypervisor's longest has less than 450 */

enum hvlog_level { HVLOG_DEBUG, HVLOG_INFO, HVLOG_WARN, HVLOG_ERROR, HVLOG_LEVELS };
extern const char *const hvlog_level_name[HVLOG_LEVELS];

struct hvlog_line {
	uint64_t us;		/* since the hypervisor came up */
	uint64_t number;	/* from 1 */
	uint32_t cpu;
	enum hvlog_level level;
	const char *text;	/* NUL-terminated; as long as the call */
};

/* @line NULL: something began like a line of the hypervisor and is none, or not whole. */
typedef void hvlog_found_fn(void *arg, const struct hvlog_line *line);

/* All zero to begin with. */
struct hvlog_splitter {
	char held[HVLOG_LINE_MAX + 1];
	size_t len;
};

/* The next @len bytes, of any kind; @found is called for each line that ends in them. */
void hvlog_feed(struct hvlog_splitter *s, const char *bytes, size_t len, hvlog_found_fn *found, void *arg);
/* Nothing more comes: what is held is the last line. */
void hvlog_finish(struct hvlog_splitter *s, hvlog_found_fn *found, void *arg);

#endif
