/*
 * set.h - membership tables of a module, section .hv.sets
 *
 * A set is a set of keys of 1..SET_MAX_WORDS 64-bit words.  Scalars have one word;
 * IP addresses three: ip_version, hi, lo; tuples their components' words in a row.
 * The wire format is set.c's and its builder's (compiler/build_set.c): exact keys in a
 * hash table, scalar ranges in a sorted interval table, anything else as boxes in a tree
 * (the classifier's).  Keys are host-order numbers.
 */
#ifndef POLICY_SET_H
#define POLICY_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/context.h"
#include "policy/error.h"
#include "policy/transfer.h"

#define SET_MAX_WORDS	16u

struct set_table;

/*
 * Check section .hv.sets (@len bytes at @blob, 8-byte aligned, kept and never copied)
 * so that no look-up can leave it.  Returns 0 and *@out, or a negative code.
 */
int set_table_load(struct arena *a, const void *blob, size_t len, struct set_table **out,
		   struct policy_error *err);
uint32_t set_count(const struct set_table *t);
uint32_t set_words(const struct set_table *t, uint32_t set);
uint32_t set_cost(const struct set_table *t, uint32_t set);
uint32_t set_elements(const struct set_table *t, uint32_t set);

bool set_has(const struct set_table *t, uint32_t set, const uint64_t *key);
/* Does any key of the set lie in lo..hi, both inclusive?  Of other than one-word sets: none. */
bool set_meets(const struct set_table *t, uint32_t set, uint64_t lo, uint64_t hi);

#endif
