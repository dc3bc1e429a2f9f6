/*
 * set.c - section .hv.sets: is a key in a set, does a set meet an interval
 */
#include "policy/set.h"

#include <string.h>

#include "policy/boxtree.h"
#include "policy/table.h"

#define SECTION		".hv.sets"

/* Words of an IP address as a key. */
enum { IP_FAMILY, IP_HI, IP_LO, IP_WORDS };

#define COST_CALL	15u
#define COST_HASH	20u	/* and COST_WORD for each word of four keys */
#define COST_RANGES	10u	/* and COST_WORD for each word and halving */
#define COST_WORD	6u

/* A checked struct key_part. */
struct part {
	const struct key_part *head;
	const uint64_t *keys;
	const uint64_t *lo, *hi;
	const uint64_t *all_lo, *all_hi;	/* every key; the above where they are all */
	uint32_t all;
};

struct set_info {
	uint32_t kind;		/* enum table_kind */
	uint32_t words;
	uint32_t elements;
	uint32_t cost;
	union {
		struct part part[2];	/* KEYS: 1; IP: 4, 6 */
		struct tree tree;
	};
};

struct set_table {
	uint32_t count;
	struct set_info set[];
};

/* a - b as numbers of @words words, the highest first: negative, 0 or positive */
static inline int compare(const uint64_t *a, const uint64_t *b, uint32_t words)
{
	if (words == 1)
		return (a[0] > b[0]) - (a[0] < b[0]);
	for (uint32_t i = 0; i < words; i++) {
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	}
	return 0;
}

static inline bool equal(const uint64_t *a, const uint64_t *b, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++) {
		if (a[i] != b[i])
			return false;
	}
	return true;
}

#define ALWAYS_INLINE	static inline __attribute__((always_inline))

ALWAYS_INLINE bool hash_has(const struct part *p, uint32_t words, const uint64_t *key)
{
	uint64_t mixed = table_mix(key, words);

	for (unsigned i = 0; i < 2; i++) {
		uint64_t slot = table_bucket(mixed, p->head->mult[i], p->head->log2);
		const uint64_t *at = p->keys + slot * words;

		if (equal(at, key, words) || equal(at + words, key, words))
			return true;
	}
	return false;
}

/* How many of the @n ascending keys at @lo are not above @key. */
ALWAYS_INLINE uint32_t not_above(const uint64_t *lo, uint32_t n, uint32_t words,
				 const uint64_t *key)
{
	const uint64_t *at;
	uint32_t below = 0, half;

	if (n == 0)
		return 0;
	for (; n > 1; n -= half) {
		half = n / 2;
		at = lo + (size_t)(below + half - 1) * words;
		below += half & -(uint32_t)(compare(at, key, words) <= 0);
	}
	return below + (compare(lo + (size_t)below * words, key, words) <= 0);
}

ALWAYS_INLINE bool ranges_have(const struct part *p, uint32_t words, const uint64_t *key)
{
	uint32_t n = not_above(p->lo, p->head->ranges, words, key);

	return n > 0 && compare(key, p->hi + (size_t)(n - 1) * words, words) <= 0;
}

static bool part_has(const struct part *p, uint32_t words, const uint64_t *key)
{
	if (words == 1)
		return (p->head->log2 && hash_has(p, 1, key)) || ranges_have(p, 1, key);
	return (p->head->log2 && hash_has(p, words, key)) || ranges_have(p, words, key);
}

bool set_has(const struct set_table *t, uint32_t set, const uint64_t *key)
{
	const struct set_info *s = &t->set[set];

	if (s->kind == TABLE_TREE)
		return tree_find(&s->tree, 0, key, 0) < s->tree.rows;
	if (s->kind == TABLE_KEYS)
		return part_has(&s->part[0], s->words, key);
	if (key[IP_FAMILY] == 4)
		return key[IP_HI] == 0 && part_has(&s->part[0], 1, key + IP_LO);
	return key[IP_FAMILY] == 6 && part_has(&s->part[1], 2, key + IP_HI);
}

bool set_meets(const struct set_table *t, uint32_t set, uint64_t lo, uint64_t hi)
{
	const struct set_info *s = &t->set[set];
	const struct part *p = &s->part[0];
	uint32_t n;

	if (s->kind != TABLE_KEYS || s->words != 1 || lo > hi)
		return false;
	/* the last interval that begins at or below hi is the only one to ask */
	n = not_above(p->all_lo, p->all, 1, &hi);
	return n > 0 && p->all_hi[n - 1] >= lo;
}

/* Ascending, disjoint intervals? */
static bool ordered(const uint64_t *lo, const uint64_t *hi, uint32_t n, uint32_t words)
{
	for (size_t i = 0; i < n; i++) {
		if (compare(lo + i * words, hi + i * words, words) > 0 ||
		    (i > 0 && compare(hi + (i - 1) * words, lo + i * words, words) >= 0))
			return false;
	}
	return true;
}

static uint32_t part_cost(const struct part *p, uint32_t words)
{
	uint32_t cost = 0;

	if (p->head->log2)
		cost += COST_HASH + 4 * COST_WORD * words;
	for (uint32_t n = p->head->ranges; n > 0; n /= 2)
		cost += COST_WORD * words;
	return cost + COST_RANGES + COST_WORD * words;
}

/* Check the part at *@at, of the *@left bytes there; both move behind it. */
static bool part_load(const uint8_t **at, uint32_t *left, uint32_t words, struct part *p)
{
	const struct key_part *h = (const void *)*at;
	uint64_t slots, size;

	if (*left < sizeof(*h) || h->log2 > TABLE_MAX_LOG2 || (h->all && words != 1))
		return false;
	slots = h->log2 ? TABLE_SLOTS(h->log2) : 0;
	size = sizeof(*h) + ((slots + 2 * (uint64_t)h->ranges) * words + 2 * (uint64_t)h->all) *
		sizeof(uint64_t);
	if (size > *left)
		return false;
	p->head = h;
	p->keys = (const uint64_t *)(h + 1);
	p->lo = p->keys + slots * words;
	p->hi = p->lo + (size_t)h->ranges * words;
	p->all_lo = h->all ? p->hi + (size_t)h->ranges * words : p->lo;
	p->all_hi = h->all ? p->all_lo + h->all : p->hi;
	p->all = h->all ? h->all : h->ranges;
	*at += size;
	*left -= (uint32_t)size;
	return ordered(p->lo, p->hi, h->ranges, words) &&
		ordered(p->all_lo, p->all_hi, h->all, 1);
}

static int set_load(struct arena *a, const uint8_t *at, const struct table_entry *e, uint32_t i,
		    struct set_info *s, struct policy_error *err)
{
	uint32_t left = e->len, cost;
	int ret;

	s->kind = e->kind;
	s->words = e->words;
	s->elements = e->elements;
	if (e->words < 1 || e->words > SET_MAX_WORDS)
		return table_malformed(SECTION, i, err);
	switch (e->kind) {
	case TABLE_KEYS:
		if (!part_load(&at, &left, e->words, &s->part[0]) || left)
			return table_malformed(SECTION, i, err);
		s->cost = COST_CALL + part_cost(&s->part[0], e->words);
		return 0;
	case TABLE_IP:
		if (e->words != IP_WORDS || !part_load(&at, &left, 1, &s->part[0]) ||
		    !part_load(&at, &left, 2, &s->part[1]) || left)
			return table_malformed(SECTION, i, err);
		s->cost = COST_CALL + part_cost(&s->part[0], 1);
		cost = COST_CALL + part_cost(&s->part[1], 2);
		s->cost = cost > s->cost ? cost : s->cost;
		return 0;
	case TABLE_TREE:
		ret = tree_load(a, at, e->len, e->words * (uint32_t)sizeof(uint64_t), 0, &s->tree,
				SECTION, err);
		s->cost = COST_CALL + s->tree.cost;
		return ret;
	default:
		return table_malformed(SECTION, i, err);
	}
}

int set_table_load(struct arena *a, const void *blob, size_t len, struct set_table **out,
		   struct policy_error *err)
{
	struct table_section s;
	struct set_table *t;
	int ret;

	ret = table_open(&s, blob, len, SETS_MAGIC, SECTION, err);
	if (ret < 0)
		return ret;
	t = arena_alloc(a, 1, sizeof(*t) + s.count * sizeof(t->set[0]));
	if (!t)
		return policy_fail(err, POLICY_ENOMEM, SECTION, POLICY_NO_INSN, "no memory");
	t->count = s.count;
	for (uint32_t i = 0; i < s.count; i++) {
		ret = set_load(a, s.bytes + s.entries[i].offset, &s.entries[i], i, &t->set[i], err);
		if (ret < 0)
			return ret;
	}
	*out = t;
	return 0;
}

uint32_t set_count(const struct set_table *t)
{
	return t->count;
}

uint32_t set_words(const struct set_table *t, uint32_t set)
{
	return t->set[set].words;
}

uint32_t set_cost(const struct set_table *t, uint32_t set)
{
	return t->set[set].cost;
}

uint32_t set_elements(const struct set_table *t, uint32_t set)
{
	return t->set[set].elements;
}
