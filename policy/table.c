/*
 * table.c - the frame of sections .hv.sets and .hv.class
 */
#include "policy/table.h"

int table_malformed(const char *where, uint32_t entry, struct policy_error *err)
{
	return policy_fail(err, POLICY_EINVAL, where, POLICY_NO_INSN, "entry %u is malformed",
			   entry);
}

int table_open(struct table_section *s, const void *blob, size_t len, uint32_t magic,
	       const char *where, struct policy_error *err)
{
	const struct table_head *h = blob;
	uint64_t at;

	if (len < sizeof(*h) || (uintptr_t)blob % sizeof(uint64_t) || h->magic != magic ||
	    h->format != TABLE_FORMAT ||
	    h->count > (len - sizeof(*h)) / sizeof(struct table_entry))
		return policy_fail(err, POLICY_EINVAL, where, POLICY_NO_INSN, "malformed head");
	s->bytes = blob;
	s->entries = (const struct table_entry *)(h + 1);
	s->count = h->count;
	at = sizeof(*h) + (uint64_t)h->count * sizeof(struct table_entry);
	for (uint32_t i = 0; i < s->count; i++) {
		const struct table_entry *e = &s->entries[i];

		if (e->offset != at || e->len % sizeof(uint64_t) || e->len > len - at)
			return table_malformed(where, i, err);
		at += e->len;
	}
	if (at != len)
		return policy_fail(err, POLICY_EINVAL, where, POLICY_NO_INSN,
				   "bytes behind the last entry");
	return 0;
}
