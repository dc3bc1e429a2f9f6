/*
 * pool.c - memory of one compilation
 */
#include "compiler/pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define POOL_ALIGN	16u
#define POOL_BLOCK	((size_t)64 << 10)	/* bytes of an ordinary block */

struct pool_block {
	struct pool_block *next;
	size_t size;		/* bytes behind this header */
	size_t used;
	size_t pad;		/* keeps what follows 16-byte aligned */
};

_Static_assert(sizeof(struct pool_block) % POOL_ALIGN == 0, "blocks are aligned");

void pool_leave(struct pool *p, enum pool_exit why)
{
	if (!p->out)
		abort();
	p->why = why;
	longjmp(*p->out, why);
}

/*
 * A large request gets a block of its own, behind the one that is being filled, so that the
 * rest of that one is not lost.
 */
static struct pool_block *add_block(struct pool *p, size_t size)
{
	size_t room = size > POOL_BLOCK / 4 ? size : POOL_BLOCK;
	bool behind = room == size && p->blocks;
	struct pool_block *b;

	if (room > SIZE_MAX - sizeof(*b))
		pool_leave(p, POOL_OVER_LIMIT);
	if (p->limit && (p->used > p->limit || room > p->limit - p->used))
		pool_leave(p, POOL_OVER_LIMIT);
	b = calloc(1, sizeof(*b) + room);
	if (!b)
		pool_leave(p, POOL_NO_MEMORY);
	b->size = room;
	p->used += room;
	if (behind) {
		b->next = p->blocks->next;
		p->blocks->next = b;
	} else {
		b->next = p->blocks;
		p->blocks = b;
	}
	return b;
}

void *pool_alloc(struct pool *p, size_t size)
{
	struct pool_block *b = p->blocks;
	void *at;

	if (size > SIZE_MAX - POOL_ALIGN)
		pool_leave(p, POOL_OVER_LIMIT);
	size = (size + POOL_ALIGN - 1) & ~(size_t)(POOL_ALIGN - 1);
	if (!b || size > b->size - b->used)
		b = add_block(p, size);
	at = (uint8_t *)(b + 1) + b->used;
	b->used += size;
	return at;
}

void *pool_array(struct pool *p, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		pool_leave(p, POOL_OVER_LIMIT);
	return pool_alloc(p, bytes);
}

char *pool_strndup(struct pool *p, const char *s, size_t len)
{
	char *copy;

	if (len == SIZE_MAX)
		pool_leave(p, POOL_OVER_LIMIT);
	copy = pool_alloc(p, len + 1);
	memcpy(copy, s, len);
	return copy;
}

void *pool_grow(struct pool *p, void *old, size_t old_count, size_t new_count, size_t size)
{
	void *grown = pool_array(p, new_count, size);
	size_t keep = old_count < new_count ? old_count : new_count;

	if (keep)
		memcpy(grown, old, keep * size);
	return grown;
}

void pool_free(struct pool *p)
{
	struct pool_block *b = p->blocks, *next;

	for (; b; b = next) {
		next = b->next;
		free(b);
	}
	p->blocks = NULL;
	p->used = 0;
}
