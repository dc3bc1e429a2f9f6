/*
 * build_entry.h - put the entries of .hv.sets and .hv.class together
 */
#ifndef COMPILER_BUILD_ENTRY_H
#define COMPILER_BUILD_ENTRY_H

#include <stdint.h>

#include "compiler/build.h"
#include "compiler/pool.h"
#include "policy/table_format.h"

struct entry_list {
	struct pool *pool;
	struct entry {
		struct blob blob;		/* a multiple of 8 bytes */
		struct table_entry head;	/* kind, words, elements */
	} *entries;
	uint32_t count, room;
};

/* The number of the new entry. */
uint32_t entry_add(struct entry_list *l, const struct blob *blob, uint32_t kind, uint32_t words,
		   uint32_t elements);
struct blob entry_finish(const struct entry_list *l, uint32_t magic);

#endif
