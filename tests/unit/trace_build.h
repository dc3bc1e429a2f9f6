/*
 * trace_build.h - inputs of hvreplay built by hand, byte by byte, and read back
 */
#ifndef TESTS_TRACE_BUILD_H
#define TESTS_TRACE_BUILD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "replay/reader.h"
#include "tests/unit/unit.h"

struct build {
	uint8_t *bytes;
	size_t len;
	bool big;		/* byte order of put16(), put32(), put64() */
};

static inline void build_bytes(struct build *b, const void *bytes, size_t len)
{
	b->bytes = realloc(b->bytes, b->len + len + 1);
	ck_assert_ptr_nonnull(b->bytes);
	if (len)
		memcpy(b->bytes + b->len, bytes, len);
	b->len += len;
}

static inline void build_number(struct build *b, uint64_t v, unsigned size)
{
	uint8_t out[8];
	unsigned i;

	for (i = 0; i < size; i++)
		out[i] = (uint8_t)(v >> 8 * (b->big ? size - 1 - i : i));
	build_bytes(b, out, size);
}

static inline void build16(struct build *b, uint64_t v)
{
	build_number(b, v, 2);
}

static inline void build32(struct build *b, uint64_t v)
{
	build_number(b, v, 4);
}

static inline void build64(struct build *b, uint64_t v)
{
	build_number(b, v, 8);
}

static inline void build_zeros(struct build *b, size_t len)
{
	b->bytes = realloc(b->bytes, b->len + len + 1);
	ck_assert_ptr_nonnull(b->bytes);
	memset(b->bytes + b->len, 0, len);
	b->len += len;
}

static inline void build_free(struct build *b)
{
	free(b->bytes);
	b->bytes = NULL;
	b->len = 0;
}

static inline void build_pcap(struct build *b, uint32_t magic, uint32_t snap, uint32_t link_type)
{
	build32(b, magic);
	build16(b, 2);
	build16(b, 4);
	build64(b, 0);
	build32(b, snap);
	build32(b, link_type);
}

static inline void build_record(struct build *b, uint32_t seconds, uint32_t fraction,
				const void *bytes, uint32_t captured, uint32_t wire_len)
{
	build32(b, seconds);
	build32(b, fraction);
	build32(b, captured);
	build32(b, wire_len);
	build_bytes(b, bytes, captured);
}

/* What reading the whole of @b gave. */
struct outcome {
	int last;		/* 0 or -1 */
	unsigned transfers;
	struct item first;
	uint8_t first_byte;
	struct fault fault;
};

static inline void read_all(const struct build *b, size_t len, enum reader_format format,
			    struct outcome *out)
{
	static const struct locals none;
	struct reader r;
	struct item item;

	memset(out, 0, sizeof(*out));
	memset(&item, 0, sizeof(item));
	out->last = reader_open_memory(&r, b->bytes, len, format, &none, &out->fault);
	while (!out->last && (out->last = reader_next(&r, &item)) > 0) {
		out->last = 0;
		if (!item.is_transfer)
			continue;
		if (!out->transfers++) {
			out->first = item;
			if (r.content == READER_NET && item.t.net.captured)
				out->first_byte = item.t.net.frame[0];
			if (r.content == READER_DISK && item.t.disk.data_len)
				out->first_byte = item.t.disk.data[0];
		}
		ck_assert_uint_eq(item.t.number, out->transfers);
	}
	reader_close(&r);
	ck_assert(out->last < 0 ? fault_is_set(&out->fault) : !fault_is_set(&out->fault));
}

/* Reading @b fails with a fault that holds @text, after @transfers whole ones. */
static inline void check_fault(const struct build *b, const char *text, unsigned transfers)
{
	struct outcome out;

	read_all(b, b->len, READER_AUTO, &out);
	ck_assert_int_eq(out.last, -1);
	ck_assert_msg(strstr(out.fault.text, text), "\"%s\" is not in \"%s\"", text, out.fault.text);
	ck_assert_uint_eq(out.transfers, transfers);
}

#endif
