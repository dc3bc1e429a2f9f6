/*
 * hvlog_counters.h - counters in the hypervisor's log: one line each, and the last whole block of them
 *
 * hv/counters_report.c has the lines.
 */
#ifndef REPLAY_HVLOG_COUNTERS_H
#define REPLAY_HVLOG_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "replay/hvlog_line.h"

#define HVLOG_NAME_MAX		47u	/* bytes of a device's, a reason's or an offence's name */
#define HVLOG_EXITS_MAX		32u
#define HVLOG_CPU_EXITS_MAX	1024u	/* reasons of processors */
#define HVLOG_DEVICES_MAX	64u
#define HVLOG_REGISTERS_MAX	4352u
#define HVLOG_OFFENCES_MAX	64u
#define HVLOG_COUNTS_MAX	512u	/* of models and of the policy */
#define HVLOG_WORDS_MAX		159u	/* bytes of what they count; the rest is cut */

enum hvlog_counter_type {
	HVLOG_NO_COUNTER, HVLOG_BEGIN, HVLOG_EXITS, HVLOG_CPU_EXITS, HVLOG_DEVICE, HVLOG_REGISTER,
	HVLOG_COUNT, HVLOG_OFFENCE, HVLOG_RATE, HVLOG_END,
};

/* One line of them.  What a type does not have is 0 or empty. */
struct hvlog_counter {
	enum hvlog_counter_type type;
	char name[HVLOG_NAME_MAX + 1];	/* of the reason, the device, the offence; whose count */
	uint64_t reg;			/* of a register, where not @other: all that had no line */
	bool other;
	uint32_t cpu;
	uint64_t reads, writes;		/* of devices and registers */
	uint64_t count;			/* exits; offences; exits a second; lines of the block */
	uint64_t more;			/* offences said; at most a second */
	uint64_t seconds;
	const char *rest;		/* of BEGIN: why; of COUNT: of what; of CPU_EXITS: " REASON N REASON N ..." */
};

/* What @text says; HVLOG_NO_COUNTER when it is something else, or not as it should be. */
enum hvlog_counter_type hvlog_counter_read(const char *text, struct hvlog_counter *c);
/* The next " REASON N" of *@rest; false: no more. */
bool hvlog_counter_next(const char **rest, char name[HVLOG_NAME_MAX + 1], uint64_t *count);

struct hvlog_count {
	char name[HVLOG_NAME_MAX + 1];
	uint32_t cpu;
	uint64_t count, more;
};

struct hvlog_uses {
	char name[HVLOG_NAME_MAX + 1];
	uint64_t reg;
	bool other;
	uint64_t reads, writes;
};

struct hvlog_words {
	char name[HVLOG_NAME_MAX + 1], words[HVLOG_WORDS_MAX + 1];
	uint64_t count;
};

/* A block, from "counters: begin" to "counters: end". */
struct hvlog_block {
	char why[64];
	uint64_t us, number;		/* of its first line */
	uint64_t lines, announced;	/* @announced 0: its end has not come */
	uint32_t exit_count, cpu_exit_count, device_count, register_count, offence_count, count_count;
	uint32_t dropped;		/* rows beyond the tables: a hypervisor has fewer */
	uint64_t rate, rate_max, seconds;
	struct hvlog_count exits[HVLOG_EXITS_MAX], cpu_exits[HVLOG_CPU_EXITS_MAX];
	struct hvlog_count offences[HVLOG_OFFENCES_MAX];
	struct hvlog_uses devices[HVLOG_DEVICES_MAX], registers[HVLOG_REGISTERS_MAX];
	struct hvlog_words counts[HVLOG_COUNTS_MAX];	/* as they came */
};

/* @lines of it are here, and it said that it has so many. */
static inline bool hvlog_block_whole(const struct hvlog_block *b)
{
	return b->announced != 0 && b->lines == b->announced;
}

/* All zero to begin with. */
struct hvlog_counters {
	struct hvlog_block now, last;	/* the one that comes in; the last whole one */
	bool any, open;			/* has one begun at all; is @now not yet ended */
};

void hvlog_counters_take(struct hvlog_counters *c, const struct hvlog_line *line);
/* The last whole one; else the last, broken; NULL: none. */
struct hvlog_block *hvlog_counters_last(struct hvlog_counters *c);

/* Both sort @b: the largest first. */
void hvlog_table(FILE *out, struct hvlog_block *b);
void hvlog_block_json(FILE *out, struct hvlog_block *b, const char *file);
/* "configuration" registers as 00:1f.2+0x24, others as 0x24. */
void hvlog_register_name(const struct hvlog_uses *u, char *name, size_t room);

#endif
