/*
 * expect.h - expected verdicts, and where the judged ones differ
 *
 * A text file, a line a transfer:
 *
 *	# comment
 *	default pass                    # what a transfer without a line is expected to be
 *	default net/in drop             # the same of one hook
 *	input monday.pcap               # the lines up to the next `input` are of this trace
 *	12 net/out drop smb_out,leak    # transfer, hook, outcome, rules that matched
 *
 * Outcomes are pass, rewrite (passed, with bytes changed), drop and silent (dropped silently).
 * A line without rules leaves them open; `-` stands for none.  A transfer without a line has
 * the default outcome and no rule matched it; without a `default`, each must have a line.
 * In a NAME, a blank, '#', '\' and what does not print are written \xHH.
 */
#ifndef REPLAY_EXPECT_H
#define REPLAY_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/context.h"
#include "replay/fault.h"
#include "replay/output.h"
#include "replay/outcome.h"

#define EXPECT_MAX_FILE		(256u << 20)	/* bytes */
#define EXPECT_MAX_SHOWN	100u		/* differences shown of an input */

struct expect_line {
	uint64_t transfer;
	uint32_t line;			/* in the file, from 1 */
	uint8_t hook, outcome;
	bool any_rules;			/* rules are left open */
	const char *rules;		/* rules_len bytes: names between commas */
	uint32_t rules_len;
};

struct expect_section {
	const char *name;		/* base name of the input; "": any */
	size_t first, count;		/* of lines */
};

struct expect {
	const char *path;
	char *text;
	struct expect_line *lines;
	size_t count, room;
	struct expect_section *sections;
	size_t section_count;
	bool default_stands[HV_HOOKS + 1];	/* a line of the hook's own; last: of all hooks */
	bool has_default[HV_HOOKS];
	uint8_t default_outcome[HV_HOOKS];
};

/* 0; 1: the file is wrong; 2: it cannot be read.  Unless 0, @f is set. */
int expect_load(struct expect *e, const char *path, struct fault *f);
void expect_free(struct expect *e);

/* A transfer as it was judged. */
struct judged {
	uint64_t transfer;
	enum hv_hook hook;
	enum outcome outcome;
	const char *rules;		/* names between commas, "-" for none */
};

/* Comparing one input. */
struct expect_cursor {
	const struct expect *expect;
	const struct expect_section *section;
	size_t next;			/* line that is expected next */
	uint64_t differences;
	char *text;			/* the diff so far, malloc()ed, NULL when there is none */
	size_t text_len, text_room;
};

/*
 * Begin with the input named @name, behind @namesakes others of the same base name: 0, or -1
 * when the file does not speak of it.  It has the section of its name that comes as often; when
 * there are fewer, the last.
 */
int expect_begin(struct expect_cursor *c, const struct expect *e, const char *name,
		 unsigned namesakes);
void expect_check(struct expect_cursor *c, const struct judged *j);
/* The input is at its end: lines that are left are differences. */
void expect_finish(struct expect_cursor *c);

/* What follows the last slash. */
const char *base_name(const char *path);

/* Such a file: the line of @j, the line before those of the input @path, the lines before all. */
void verdicts_input(struct output *o, const char *path);
void verdicts_line(struct output *o, const struct judged *j);
void verdicts_head(struct output *o, const enum hv_verdict hook_default[HV_HOOKS]);

#endif
