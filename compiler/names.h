/*
 * names.h - a hash table from names to whatever they name
 */
#ifndef COMPILER_NAMES_H
#define COMPILER_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "compiler/pool.h"

struct name_entry {
	const char *name;	/* in the pool, NUL-terminated */
	size_t len;
	void *thing;
	uint64_t hash;
	struct name_entry *next;	/* in its bucket */
	struct name_entry *later;	/* in order of addition */
};

struct names {
	struct pool *pool;
	struct name_entry **buckets;
	size_t bucket_count, count;	/* buckets: a power of two */
	struct name_entry *first, *last;
};

void names_init(struct names *n, struct pool *p);
/* NULL when there is none. */
struct name_entry *names_find(const struct names *n, const char *s, size_t len);
/* The caller has looked that it is not there. */
struct name_entry *names_add(struct names *n, const char *s, size_t len, void *thing);
/* The nearest name to @s, or NULL. */
const char *names_near(const struct names *n, const char *s);

#endif
