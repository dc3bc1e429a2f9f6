/*
 * arena.c - a bump allocator over one block
 */
#include "policy/arena.h"

#include <string.h>

#define ARENA_ALIGN	16u

void *arena_alloc(struct arena *a, size_t count, size_t size)
{
	size_t bytes, room = a->size - a->used;
	void *p;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > room)
		return NULL;
	p = a->base + a->used;
	bytes = (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (bytes > room)
		bytes = room;
	a->used += bytes;
	if (a->used > a->peak)
		a->peak = a->used;
	memset(p, 0, bytes);
	return p;
}
