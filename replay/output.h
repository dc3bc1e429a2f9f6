/*
 * output.h - a file that is there whole or not at all
 *
 * A regular file is written beside its place and put there by output_commit().  What is no
 * regular file (a pipe, a device, "-" for standard output) is written directly.
 */
#ifndef REPLAY_OUTPUT_H
#define REPLAY_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/fault.h"

#define OUTPUT_BUFFER	((size_t)256 << 10)	/* bytes */

struct output {
	const char *path;	/* as messages call it */
	char *temp;		/* the file until it is whole; NULL: written directly */
	int fd;			/* -1: not open */
	bool standard;		/* standard output: not closed */
	uint8_t *buf;
	size_t used;
	struct fault *fault;	/* the first error of writing; the rest is then ignored */
};

/*
 * 0, or -1 with @f set.  output_commit() or output_abort() follows in either case; of zeroed
 * memory they do nothing.
 */
int output_open(struct output *o, const char *path, struct fault *f);
/* A file without a name, for output_append(). */
int output_open_scratch(struct output *o, struct fault *f);

void output_write(struct output *o, const void *bytes, size_t len);
void output_text(struct output *o, const char *text);
void output_print(struct output *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void output_byte(struct output *o, uint8_t byte)
{
	if (o->used == OUTPUT_BUFFER)
		output_write(o, &byte, 1);
	else
		o->buf[o->used++] = byte;
}

/* All that was written to the scratch file @from goes to @to as well. */
void output_append(struct output *to, struct output *from);

/* Hand everything over to the system, so that what cannot be written shows before a commit. */
void output_flush(struct output *o);
/* Put the file in its place: 0, or -1 with the fault set and nothing there. */
int output_commit(struct output *o);
/* Take it back. */
void output_abort(struct output *o);

#endif
