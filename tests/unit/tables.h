/*
 * tables.h - what the tests of sets and classifiers share: numbers at random, a loaded section
 */
#ifndef TESTS_UNIT_TABLES_H
#define TESTS_UNIT_TABLES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/build.h"
#include "policy/arena.h"

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

#endif
