/*
 * arena.h - all memory of a policy: one block, filled at load, never grown
 */
#ifndef POLICY_ARENA_H
#define POLICY_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena {
	uint8_t *base;		/* 16-byte aligned */
	size_t size;		/* bytes */
	size_t used;		/* bytes handed out from the front */
	size_t peak;		/* most that was ever used at once, scratch included */
};

static inline void arena_init(struct arena *a, void *base, size_t size)
{
	a->base = base;
	a->size = size;
	a->used = 0;
	a->peak = 0;
}

/* @count * @size zeroed bytes, 16-byte aligned, or NULL when they do not fit. */
void *arena_alloc(struct arena *a, size_t count, size_t size);

/* Scratch memory: remember a mark, give everything behind it back at once. */
static inline size_t arena_mark(const struct arena *a)
{
	return a->used;
}

static inline void arena_release(struct arena *a, size_t mark)
{
	a->used = mark;
}

#endif
