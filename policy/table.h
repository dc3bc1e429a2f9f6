/*
 * table.h - the frame of sections .hv.sets and .hv.class: a head, entries, their bytes
 */
#ifndef POLICY_TABLE_H
#define POLICY_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "policy/error.h"
#include "policy/table_format.h"

struct table_section {
	const uint8_t *bytes;
	const struct table_entry *entries;
	uint32_t count;
};

/*
 * Check head and entries of the @len bytes at @blob (8-byte aligned).  On 0 the entries'
 * bytes lie in a row, 8-byte aligned, and end with the section.
 */
int table_open(struct table_section *s, const void *blob, size_t len, uint32_t magic,
	       const char *where, struct policy_error *err);

/* POLICY_EINVAL, and which entry it is. */
int table_malformed(const char *where, uint32_t entry, struct policy_error *err);

#endif
