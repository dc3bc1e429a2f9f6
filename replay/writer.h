/*
 * writer.h - write transfers again: captures as they came, disk commands as a disk trace
 */
#ifndef REPLAY_WRITER_H
#define REPLAY_WRITER_H

#include "replay/output.h"
#include "replay/reader.h"

#define WRITER_MAX_PENDING	(32u << 20)	/* bytes of framing before the first transfer */

struct writer {
	struct output out;
	struct fault *fault;
	enum reader_content content;	/* UNKNOWN until the first transfer */
	uint8_t *pending;		/* framing that came before it */
	size_t pending_len;
	uint64_t id;			/* of the last disk transfer written */
};

/* 0, or -1 with @f set; writer_commit() or writer_abort() follows in either case. */
int writer_open(struct writer *w, const char *path, struct fault *f);

/* Say what the file will hold; else the first transfer does. */
void writer_decide(struct writer *w, enum reader_content content);

/* Framing of a capture: what a copy of it needs besides packets. */
void writer_raw(struct writer *w, const struct item *item);
/* A transfer; with @zeros its sectors are written as zeros (a read that was dropped silently). */
void writer_transfer(struct writer *w, const struct item *item, bool zeros);

/* As output_flush(). */
void writer_flush(struct writer *w);
int writer_commit(struct writer *w);
void writer_abort(struct writer *w);

#endif
