/*
 * pool.h - memory of one compilation: taken piecemeal, freed at once
 *
 * Never returns NULL: when memory is out (or over the limit of the compilation) it
 * longjmps to the compilation's exit, which reports it.
 */
#ifndef COMPILER_POOL_H
#define COMPILER_POOL_H

#include <setjmp.h>
#include <stddef.h>

/* What the exit's setjmp() returns. */
enum pool_exit { POOL_IN_USE, POOL_OVER_LIMIT, POOL_NO_MEMORY };

struct pool {
	struct pool_block *blocks;
	size_t used;		/* bytes in all */
	size_t limit;		/* bytes; 0: none */
	jmp_buf *out;		/* where to go when memory is out; NULL: abort() */
	enum pool_exit why;	/* it went there */
};

/* Go there; for those too who caught the exit of a pool and pass it on. */
_Noreturn void pool_leave(struct pool *p, enum pool_exit why);

void *pool_alloc(struct pool *p, size_t size);			/* zeroed, 16-byte aligned */
void *pool_array(struct pool *p, size_t count, size_t size);	/* checked product */
char *pool_strndup(struct pool *p, const char *s, size_t len);
/* Grow an array that is the pool's: old bytes copied, the old block stays until the end. */
void *pool_grow(struct pool *p, void *old, size_t old_count, size_t new_count, size_t size);
void pool_free(struct pool *p);

#endif
