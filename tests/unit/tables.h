/*
 * tables.h - what the tests of sets and classifiers share: numbers at random, a loaded section,
 * sections in parts and in too little memory
 */
#ifndef TESTS_UNIT_TABLES_H
#define TESTS_UNIT_TABLES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/build.h"
#include "policy/arena.h"
#include "policy/error.h"
#include "tests/unit/unit.h"

/* xorshift64: the same numbers in every run */
static inline uint64_t rnd(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * 0x2545f4914f6cdd1du;
}

static inline uint64_t below(uint64_t *state, uint64_t n)
{
	return (rnd(state) >> 20) % n;
}

/* A copy of a section that ends where its memory ends, and an arena to load it with. */
struct section {
	uint8_t *bytes;
	size_t len;
	void *memory;
	struct arena arena;
};

#define SECTION_ARENA	((size_t)4 << 20)

static inline struct section section_new(struct blob blob)
{
	struct section s = { .len = blob.len };

	s.bytes = malloc(blob.len);
	s.memory = malloc(SECTION_ARENA);
	memcpy(s.bytes, blob.bytes, blob.len);
	arena_init(&s.arena, s.memory, SECTION_ARENA);
	return s;
}

static inline void section_free(struct section *s)
{
	free(s->bytes);
	free(s->memory);
}

/* Load a section, and forget it: 0 or an error. */
typedef int section_load(struct arena *a, const void *bytes, size_t len);

/* Cut anywhere, grown by a word, or at an odd address, @s is refused; each copy has its own end. */
static inline void section_refused_in_parts(const struct section *s, section_load *load)
{
	uint8_t *grown = calloc(1, s->len + 8);
	struct arena a;

	for (size_t len = 0; len < s->len; len++) {
		uint8_t *cut = malloc(len + 1);

		memcpy(cut, s->bytes, len);
		arena_init(&a, s->memory, SECTION_ARENA);
		ck_assert_int_eq(load(&a, cut, len), POLICY_EINVAL);
		free(cut);
	}
	memcpy(grown, s->bytes, s->len);
	arena_init(&a, s->memory, SECTION_ARENA);
	ck_assert_int_eq(load(&a, grown, s->len), 0);
	ck_assert_int_eq(load(&a, grown, s->len + 8), POLICY_EINVAL);
	ck_assert_int_eq(load(&a, grown + 1, s->len - 1), POLICY_EINVAL);
	free(grown);
}

/* In blocks of exactly their size, from none to the first in which @s can be loaded. */
static inline void section_needs_memory(const struct section *s, section_load *load)
{
	int rc = POLICY_ENOMEM;
	size_t size;

	for (size = 0; rc == POLICY_ENOMEM; size += 16) {
		void *block = aligned_alloc(16, size);
		struct arena a;

		arena_init(&a, block, size);
		rc = load(&a, s->bytes, s->len);
		free(block);
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_gt(size, 64);
}

#endif
