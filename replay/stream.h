/*
 * stream.h - an input read front to back through one buffer of bounded size
 */
#ifndef REPLAY_STREAM_H
#define REPLAY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/fault.h"

#define STREAM_BUFFER	((size_t)1 << 20)	/* bytes read at once */
/* The most that one look ahead may ask for: a transfer (reader.h) with its headers. */
#define STREAM_MAX_NEED	((size_t)66 << 20)

struct stream {
	const char *name;	/* as messages call it */
	int fd;			/* -1: bytes in memory */
	bool regular;		/* a regular file: size is known, offsets can be sought */
	bool eof;
	uint64_t size;		/* bytes, 0 when not known */
	uint8_t *buf;
	size_t cap, pos, end;	/* bytes pos..end of buf are there and not yet taken */
	uint64_t base;		/* offset in the input of buf[0] */
	struct fault *fault;
};

/*
 * Open the file at @path, "-" for standard input.  0, or -1 with @f set.
 * stream_close() may follow in either case.
 */
int stream_open(struct stream *s, const char *path, struct fault *f);
/* Read a copy of @len bytes instead of a file (tests). */
int stream_memory(struct stream *s, const char *name, const void *bytes, size_t len,
		  struct fault *f);
void stream_close(struct stream *s);

/* The part of stream_need() that has to read. */
uint8_t *stream_fill(struct stream *s, size_t need);

/*
 * The next @need bytes (at most STREAM_MAX_NEED), writable, valid until the next call; NULL
 * when the input ends before them (the fault is not set: the end may be a fine one), or when
 * it cannot be read (the fault is set).
 */
static inline uint8_t *stream_need(struct stream *s, size_t need)
{
	return s->end - s->pos >= need ? s->buf + s->pos : stream_fill(s, need);
}

/* Bytes that can be had without reading. */
static inline size_t stream_ready(const struct stream *s)
{
	return s->end - s->pos;
}

/* Step over @len bytes that stream_need() has shown. */
static inline void stream_take(struct stream *s, size_t len)
{
	s->pos += len;
}

/* Step over @len bytes, seen or not: 0, or -1 when the input is shorter. */
int stream_skip(struct stream *s, uint64_t len);

/* Where the next byte lies in the input. */
static inline uint64_t stream_offset(const struct stream *s)
{
	return s->base + s->pos;
}

#endif
