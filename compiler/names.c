/*
 * names.c - a hash table from names to whatever they name
 */
#include "compiler/names.h"

#include <string.h>

#include "compiler/diag.h"

#define FIRST_BUCKETS	64u

/* FNV-1a: names are short and a policy's writer has no reason to collide his own. */
static uint64_t hash(const char *s, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
	return h ^ h >> 32;
}

void names_init(struct names *n, struct pool *p)
{
	*n = (struct names){ .pool = p, .bucket_count = FIRST_BUCKETS };
	n->buckets = pool_array(p, n->bucket_count, sizeof(*n->buckets));
}

struct name_entry *names_find(const struct names *n, const char *s, size_t len)
{
	uint64_t h = hash(s, len);

	for (struct name_entry *e = n->buckets[h & (n->bucket_count - 1)]; e; e = e->next)
		if (e->hash == h && e->len == len && !memcmp(e->name, s, len))
			return e;
	return NULL;
}

static void put(struct names *n, struct name_entry *e)
{
	struct name_entry **bucket = &n->buckets[e->hash & (n->bucket_count - 1)];

	e->next = *bucket;
	*bucket = e;
}

struct name_entry *names_add(struct names *n, const char *s, size_t len, void *thing)
{
	struct name_entry *e = pool_alloc(n->pool, sizeof(*e));

	if (n->count >= n->bucket_count) {
		n->bucket_count *= 2;
		n->buckets = pool_array(n->pool, n->bucket_count, sizeof(*n->buckets));
		for (struct name_entry *old = n->first; old; old = old->later)
			put(n, old);
	}
	*e = (struct name_entry){ pool_strndup(n->pool, s, len), len, thing, hash(s, len),
				  NULL, NULL };
	put(n, e);
	if (n->last)
		n->last->later = e;
	else
		n->first = e;
	n->last = e;
	n->count++;
	return e;
}

const char *names_near(const struct names *n, const char *s)
{
	const char **list = pool_array(n->pool, n->count + 1, sizeof(*list));
	size_t i = 0;

	for (const struct name_entry *e = n->first; e; e = e->later)
		list[i++] = e->name;
	return diag_did_you_mean(s, list);
}
