/*
 * hvlog_view.h - the lines of one log, shown: for people or as JSON, with what is missing between them
 */
#ifndef REPLAY_HVLOG_VIEW_H
#define REPLAY_HVLOG_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "replay/hvlog_counters.h"
#include "replay/hvlog_line.h"

struct hvlog_view {
	FILE *out;		/* NULL: nothing is shown, only counted */
	const char *file;	/* in JSON; NULL: there is only one */
	enum hvlog_level level;	/* at least */
	bool json;
	/* what was seen */
	uint64_t number, us;	/* of the last line; 0: none yet */
	uint64_t lines, restarts, gaps, missing, damaged;
	uint64_t damaged_here;	/* since the last line */
	struct hvlog_counters *counters;
};

/* An hvlog_found_fn; @arg is a struct hvlog_view. */
void hvlog_view_line(void *arg, const struct hvlog_line *line);
/* No more lines: what was damaged behind the last one. */
void hvlog_view_end(struct hvlog_view *v);
static inline bool hvlog_view_whole(const struct hvlog_view *v)
{
	return v->missing == 0 && v->damaged == 0;
}

/* ,"file":"..." or nothing; a string with its quotes.  What is not printable ASCII becomes \\xHH. */
void hvlog_json_file(FILE *out, const char *file);
void hvlog_json_string(FILE *out, const char *s);

#endif
