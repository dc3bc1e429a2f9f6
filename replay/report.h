/*
 * report.h - the summary that a person reads
 */
#ifndef REPLAY_REPORT_H
#define REPLAY_REPORT_H

#include <stdio.h>

#include "replay/load.h"
#include "replay/options.h"
#include "replay/totals.h"

/* A line for an input. */
void report_input(FILE *out, unsigned number, const char *path, const char *description,
		  const struct totals *t);
/* The summary of all; @wall_ns is the time that judging took. */
void report_totals(FILE *out, const struct loaded *l, const struct options *o,
		   const struct totals *t, uint64_t wall_ns);

#endif
