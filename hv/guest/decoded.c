/*
 * decoded.c - instructions of 64-bit code that were decoded before, found by where they are and by all their bytes
 */
#include "hv/guest/decoded.h"

#include <stddef.h>

#define ROWS	256u		/* a power of two */

static struct row {
	uint64_t rip;
	enum decoded_by by;
	uint8_t bytes[INSN_BYTES_MAX];
	struct insn insn;	/* length 0: a free row */
} rows[ROWS];

static struct row *row_of(uint64_t rip)
{
	return &rows[(rip ^ rip >> 8) % ROWS];
}

const struct insn *decoded_find(enum decoded_by by, uint64_t rip, const uint8_t *bytes, unsigned count)
{
	const struct row *r = row_of(rip);
	unsigned length = r->insn.length;

	if (r->rip != rip || r->by != by || length == 0 || length > count)
		return NULL;
	for (unsigned i = 0; i < length; i++) {
		if (bytes[i] != r->bytes[i])
			return NULL;
	}
	return &r->insn;
}

void decoded_keep(enum decoded_by by, uint64_t rip, const uint8_t *bytes, const struct insn *insn)
{
	struct row *r = row_of(rip);

	r->rip = rip;
	r->by = by;
	r->insn = *insn;
	for (unsigned i = 0; i < insn->length; i++)
		r->bytes[i] = bytes[i];
}
