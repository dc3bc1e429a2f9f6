/*
 * build_set.c - sets: exact keys into hash tables, intervals into sorted tables, tuples with
 * ranges into a tree over boxes
 */
#include "compiler/build.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/build_entry.h"
#include "compiler/build_hash.h"
#include "compiler/build_tree.h"
#include "policy/set.h"

/* An interval of so many values at most is taken apart into single keys. */
#define MAX_SINGLES	4u
/* So few keys are found as fast by halving. */
#define MIN_HASH	9u

struct set_builder {
	struct entry_list done;
	const struct set **sets;	/* by number */
	uint32_t room;
};

struct set_builder *set_builder_new(struct pool *p)
{
	struct set_builder *b = pool_alloc(p, sizeof(*b));

	b->done.pool = p;
	return b;
}

static bool is_ip(enum value_type type)
{
	return type == TYPE_IP || type == TYPE_IP4;
}

static uint32_t words_of(const struct set *s)
{
	uint32_t words = 0;

	for (unsigned i = 0; i < s->arity; i++)
		words += is_ip(s->types[i]) ? 3 : 1;
	return words;
}

/* The words of value @v of this type, the family of an address first. */
static uint64_t *put_value(uint64_t *at, enum value_type type, const struct value *v)
{
	if (is_ip(type)) {
		*at++ = v->family;
		*at++ = v->hi;
	}
	*at++ = v->lo;
	return at;
}

/* Everything that a struct key_part counts; keys and intervals of @words words. */
struct part_plan {
	uint32_t words;
	const uint64_t *keys;		/* of the hash table */
	struct hash_plan hash;		/* log2 is 0: none */
	const uint64_t *lo, *hi;
	uint32_t ranges;
	const uint64_t *all_lo, *all_hi;
	uint32_t all;
};

static size_t part_size(const struct part_plan *p)
{
	size_t slots = p->hash.log2 ? TABLE_SLOTS(p->hash.log2) : 0;

	slots = (slots + 2 * (size_t)p->ranges) * p->words + 2 * (size_t)p->all;
	return sizeof(struct key_part) + slots * sizeof(uint64_t);
}

static uint8_t *put_words(uint8_t *at, const uint64_t *from, size_t count)
{
	if (count)
		memcpy(at, from, count * sizeof(*from));
	return at + count * sizeof(*from);
}

static uint8_t *write_part(uint8_t *at, const struct part_plan *p)
{
	struct key_part h = {
		.mult = { p->hash.mult[0], p->hash.mult[1] }, .log2 = p->hash.log2,
		.ranges = p->ranges, .all = p->all,
	};
	size_t slots = h.log2 ? TABLE_SLOTS(h.log2) : 0;

	memcpy(at, &h, sizeof(h));
	at += sizeof(h);
	for (size_t s = 0; s < slots; s++)
		at = put_words(at, p->keys + (size_t)p->hash.slots[s] * p->words, p->words);
	at = put_words(at, p->lo, (size_t)p->ranges * p->words);
	at = put_words(at, p->hi, (size_t)p->ranges * p->words);
	at = put_words(at, p->all_lo, p->all);
	return put_words(at, p->all_hi, p->all);
}

/* hi - lo of keys of one or two words, UINT64_MAX when it is larger. */
static uint64_t distance(const uint64_t *lo, const uint64_t *hi, uint32_t words)
{
	uint64_t last = hi[words - 1] - lo[words - 1];

	if (words == 1 || hi[0] == lo[0])
		return last;
	/* the low word borrowed: they are closer than it seems */
	if (hi[0] - lo[0] == 1 && hi[1] < lo[1])
		return last;
	return UINT64_MAX;
}

static void split_singles(struct pool *pool, struct part_plan *p, uint32_t n, uint32_t singles)
{
	uint64_t *keys = pool_array(pool, (size_t)singles * p->words, sizeof(*keys)), *key = keys;
	uint64_t *lo = pool_array(pool, (size_t)n * p->words, sizeof(*lo)), *hi;
	uint32_t ranges = 0, w = p->words;

	hi = pool_array(pool, (size_t)n * w, sizeof(*hi));
	for (size_t i = 0; i < n; i++) {
		const uint64_t *from = p->lo + i * w, *to = p->hi + i * w;
		uint64_t d = distance(from, to, w);

		if (d >= MAX_SINGLES) {
			memcpy(lo + (size_t)ranges * w, from, w * sizeof(*lo));
			memcpy(hi + (size_t)ranges++ * w, to, w * sizeof(*hi));
			continue;
		}
		for (uint64_t k = 0; k <= d; k++, key += w) {
			memcpy(key, from, w * sizeof(*key));
			key[w - 1] += k;
			if (w > 1 && key[w - 1] < k)
				key[0]++;
		}
	}
	if (!hash_plan_make(pool, keys, singles, w, &p->hash)) {
		p->hash.log2 = 0;	/* then all of them by halving */
		return;
	}
	p->keys = keys;
	p->lo = lo;
	p->hi = hi;
	p->ranges = ranges;
}

/*
 * The @n ascending intervals @lo, @hi: the small ones into a hash table when that saves
 * something.  @meets: every interval must be found by set_meets(), too.
 */
static void plan_part(struct pool *pool, struct part_plan *p, const uint64_t *lo,
		      const uint64_t *hi, uint32_t n, uint32_t words, bool meets)
{
	uint32_t singles = 0, small = 0;

	*p = (struct part_plan){ .words = words, .lo = lo, .hi = hi, .ranges = n };
	for (size_t i = 0; i < n; i++) {
		uint64_t d = distance(lo + i * words, hi + i * words, words);

		if (d < MAX_SINGLES) {
			singles += (uint32_t)d + 1;
			small++;
		}
	}
	if (singles < MIN_HASH || small < n - small)
		return;
	split_singles(pool, p, n, singles);
	if (meets && p->hash.log2) {
		p->all_lo = lo;
		p->all_hi = hi;
		p->all = n;
	}
}

static struct blob write_parts(struct pool *pool, const struct part_plan *p, unsigned count)
{
	struct blob blob = { .len = 0 };
	uint8_t *at;

	for (unsigned i = 0; i < count; i++)
		blob.len += part_size(&p[i]);
	at = pool_alloc(pool, blob.len);
	blob.bytes = at;
	for (unsigned i = 0; i < count; i++)
		at = write_part(at, &p[i]);
	return blob;
}

/* The elements of @family as intervals of @words words; returns how many. */
static uint32_t gather(const struct set *s, unsigned family, uint32_t words, uint64_t *lo,
		       uint64_t *hi)
{
	uint32_t n = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct element *e = &s->elements[i];

		if (is_ip(s->types[0]) && e->lo->family != family)
			continue;
		if (words == 2) {
			*lo++ = e->lo->hi;
			*hi++ = e->hi->hi;
		}
		*lo++ = e->lo->lo;
		*hi++ = e->hi->lo;
		n++;
	}
	return n;
}

static struct blob scalar_set(struct pool *pool, const struct set *s)
{
	bool ip = is_ip(s->types[0]);
	struct part_plan part[2];

	for (unsigned i = 0; i < (ip ? 2 : 1); i++) {
		uint32_t words = i + 1, n;
		uint64_t *lo = pool_array(pool, s->count * words + 1, sizeof(*lo));
		uint64_t *hi = pool_array(pool, s->count * words + 1, sizeof(*hi));

		n = gather(s, i ? 6 : 4, words, lo, hi);
		plan_part(pool, &part[i], lo, hi, n, words, !ip);
	}
	return write_parts(pool, part, ip ? 2 : 1);
}

static int compare_keys(const void *a, const void *b, void *arg)
{
	const uint32_t *words = arg;
	const uint64_t *x = a, *y = b;

	for (uint32_t i = 0; i < *words; i++) {
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	}
	return 0;
}

static bool is_exact(const struct set *s)
{
	for (size_t i = 0; i < s->count; i++) {
		for (unsigned c = 0; c < s->arity; c++) {
			const struct value *lo = &s->elements[i].lo[c], *hi = &s->elements[i].hi[c];

			if (lo->lo != hi->lo || lo->hi != hi->hi)
				return false;
		}
	}
	return true;
}

/* Tuples of single values as one hash table.  False when none was found. */
static bool exact_set(struct pool *pool, const struct set *s, uint32_t words, struct blob *out)
{
	uint64_t *keys = pool_array(pool, s->count * words + 1, sizeof(*keys)), *at = keys;
	struct part_plan part = { .words = words, .keys = keys };
	size_t size = words * sizeof(*keys);
	uint32_t n = 0;

	for (size_t i = 0; i < s->count; i++) {
		for (unsigned c = 0; c < s->arity; c++)
			at = put_value(at, s->types[c], &s->elements[i].lo[c]);
	}
	qsort_r(keys, s->count, size, compare_keys, &words);
	for (size_t i = 0; i < s->count; i++) {
		if (n == 0 || memcmp(keys + (size_t)(n - 1) * words, keys + i * words, size))
			memmove(keys + (size_t)n++ * words, keys + i * words, size);
	}
	if (n > 0 && !hash_plan_make(pool, keys, n, words, &part.hash))
		return false;
	*out = write_parts(pool, &part, 1);
	return true;
}

/* One component of a box: up to three ways to say it in words (a range of IPv6 addresses). */
struct component {
	unsigned ways;
	struct span hi[3], lo[3];
};

static void component_ways(const struct value *lo, const struct value *hi, struct component *c)
{
	c->ways = 0;
	if (lo->hi == hi->hi) {
		c->hi[0] = (struct span){ lo->hi, lo->hi };
		c->lo[c->ways++] = (struct span){ lo->lo, hi->lo };
		return;
	}
	if (lo->lo > 0) {	/* the rest of the first high word */
		c->hi[c->ways] = (struct span){ lo->hi, lo->hi };
		c->lo[c->ways++] = (struct span){ lo->lo, UINT64_MAX };
	}
	if (hi->lo < UINT64_MAX) {	/* the beginning of the last one */
		c->hi[c->ways] = (struct span){ hi->hi, hi->hi };
		c->lo[c->ways++] = (struct span){ 0, hi->lo };
	}
	uint64_t first = lo->hi + (lo->lo > 0), last = hi->hi - (hi->lo < UINT64_MAX);

	if (first <= last) {
		c->hi[c->ways] = (struct span){ first, last };
		c->lo[c->ways++] = (struct span){ 0, UINT64_MAX };
	}
}

static void add_side(struct tree_builder *t, uint32_t word, struct span s)
{
	tree_builder_side(t, tree_builder_dim(t, word * (uint32_t)sizeof(uint64_t), 0, UINT64_MAX),
			  s.lo, s.hi);
}

static void element_boxes(struct tree_builder *t, const struct set *s, const struct element *e,
			  struct component *c)
{
	uint64_t combinations = 1;

	for (unsigned i = 0; i < s->arity; i++) {
		component_ways(&e->lo[i], &e->hi[i], &c[i]);
		combinations *= c[i].ways;
	}
	for (uint64_t n = 0; n < combinations; n++) {
		uint64_t way = n;
		uint32_t word = 0;

		tree_builder_box(t, 0);
		for (unsigned i = 0; i < s->arity; i++) {
			unsigned of = (unsigned)(way % c[i].ways);

			way /= c[i].ways;
			if (is_ip(s->types[i])) {
				uint64_t family = e->lo[i].family;

				add_side(t, word++, (struct span){ family, family });
				add_side(t, word++, c[i].hi[of]);
			}
			add_side(t, word++, c[i].lo[of]);
		}
	}
}

static struct blob tree_set(struct pool *pool, const struct set *s)
{
	struct tree_builder *t = tree_builder_new(pool);
	struct component *c = pool_array(pool, s->arity, sizeof(*c));

	tree_builder_row(t);
	for (size_t i = 0; i < s->count; i++)
		element_boxes(t, s, &s->elements[i], c);
	return tree_builder_finish(t);
}

uint32_t set_builder_add(struct set_builder *b, const struct set *s)
{
	struct pool *pool = b->done.pool;
	uint32_t words = words_of(s), kind = TABLE_KEYS;
	struct blob blob;

	for (uint32_t i = 0; i < b->done.count; i++) {
		if (b->sets[i] == s)
			return i;
	}
	if (b->done.count == b->room) {
		uint32_t room = b->room ? 2 * b->room : 16;

		b->sets = pool_grow(pool, b->sets, b->room, room, sizeof(*b->sets));
		b->room = room;
	}
	b->sets[b->done.count] = s;
	if (s->arity == 1) {
		kind = is_ip(s->types[0]) ? TABLE_IP : TABLE_KEYS;
		blob = scalar_set(pool, s);
	} else if (!is_exact(s) || !exact_set(pool, s, words, &blob)) {
		kind = TABLE_TREE;
		blob = tree_set(pool, s);
	}
	return entry_add(&b->done, &blob, kind, words, (uint32_t)s->source_count);
}

struct blob set_builder_finish(struct set_builder *b)
{
	return entry_finish(&b->done, SETS_MAGIC);
}
