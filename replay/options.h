/*
 * options.h - the command line of hvreplay
 */
#ifndef REPLAY_OPTIONS_H
#define REPLAY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/local.h"
#include "replay/reader.h"

#define OPTIONS_MAX_JOBS	64u
#define OPTIONS_MAX_SECTORS	(1ull << 48)	/* ACS-3: LBAs have 48 bits */

struct options {
	const char *policy;
	char **inputs;		/* points into argv */
	unsigned input_count;
	struct locals locals;
	enum reader_format format;
	const char *events, *write, *record, *expect, *verdicts;	/* paths, NULL: none */
	unsigned jobs;
	uint64_t disk_sectors;	/* of the drive, where the input does not say; 0: not known */
	bool quiet;
};

/*
 * Read the command line; operands are gathered at the front of @argv.  -1: go on; else the
 * status to exit with, all being said.
 */
int options_read(struct options *o, int argc, char **argv);

#endif
