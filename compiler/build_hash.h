/*
 * build_hash.h - place keys in a hash table of policy/table_format.h
 */
#ifndef COMPILER_BUILD_HASH_H
#define COMPILER_BUILD_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/pool.h"
#include "policy/table_format.h"

struct hash_plan {
	uint64_t mult[2];
	uint32_t log2;
	uint32_t *slots;	/* TABLE_SLOTS(log2): the key that lies (or is repeated) there */
};

/*
 * Place @n >= 1 distinct keys of @words words each.  False when no multipliers were found or
 * there are too many keys: then something else than a hash table must do.  Deterministic.
 */
bool hash_plan_make(struct pool *p, const uint64_t *keys, uint32_t n, uint32_t words,
		    struct hash_plan *plan);

#endif
