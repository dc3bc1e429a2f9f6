/*
 * decoded.c - instructions that were decoded before, found by where they are and by all their bytes
 */
#include "hv/guest/decoded.h"

#include <stddef.h>

#define ROWS_SHIFT	10u
#define WORD		sizeof(uint64_t)

/* Its bytes are all that decoding depends on: of a place in code only the row follows. */
static struct row {
	uint8_t bytes[2 * WORD], mask[2 * WORD];	/* @mask: which of them were looked at */
	struct insn insn;
	uint8_t count;			/* of those bytes; 0: a free row */
	uint8_t by;
	int8_t verdict;
} rows[1u << ROWS_SHIFT];

/* Kinds do not take each other's rows: an access that exits now, and then is one that a cluster reaches, is of both. */
static struct row *row_of(enum decoded_by by, uint64_t rip)
{
	return &rows[(rip * (DECODED_PLAIN + 1) + by) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - ROWS_SHIFT)];
}

static uint64_t word_at(const uint8_t *bytes)
{
	uint64_t word;

	__builtin_memcpy(&word, bytes, WORD);
	return word;
}

static bool word_is_same(const struct row *r, const uint8_t *bytes, unsigned at)
{
	return !((word_at(bytes + at) ^ word_at(r->bytes + at)) & word_at(r->mask + at));
}

/* All of the row's bytes, or as many as there are.  Near the end byte by byte: words would reach behind it. */
static bool are_same(const struct row *r, const uint8_t *bytes, unsigned count)
{
	if (count >= sizeof(r->bytes))
		return word_is_same(r, bytes, 0) && word_is_same(r, bytes, WORD);
	for (unsigned i = 0; i < r->count && i < count; i++) {
		if (bytes[i] != r->bytes[i])
			return false;
	}
	return true;
}

static void keep(struct row *r, const uint8_t *bytes, unsigned count)
{
	r->count = (uint8_t)count;
	for (unsigned i = 0; i < sizeof(r->bytes); i++) {
		r->bytes[i] = i < count ? bytes[i] : 0;
		r->mask[i] = i < count ? 0xff : 0;
	}
}

int decoded(enum decoded_by by, uint64_t rip, const uint8_t *bytes, unsigned count, const struct insn **insn)
{
	unsigned seen = count < INSN_BYTES_MAX ? count : INSN_BYTES_MAX;
	struct row *r = row_of(by, rip);

	*insn = &r->insn;
	if (r->by == by && r->count > 0 && are_same(r, bytes, count)) {
		if (r->count <= count)
			return r->verdict;
		if (r->verdict == INSN_OK)	/* it ends behind what is known */
			return INSN_MORE;
	}
	r->by = (uint8_t)by;
	r->verdict = (int8_t)(by == DECODED_PLAIN ? insn_decode_plain(bytes, seen, &r->insn) :
						     insn_decode(bytes, seen, (enum insn_mode)by, &r->insn));
	/* each verdict but INSN_MORE is one over the bytes that were there, whatever follows */
	keep(r, bytes, r->verdict == INSN_OK ? r->insn.length : r->verdict == INSN_MORE ? 0 : seen);
	return r->verdict;
}
