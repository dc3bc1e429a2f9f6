/*
 * boxtree.c - search a tree over boxes
 *
 * tree_check.c has proven that every number in the tree is in range, that children come
 * behind their parents and that no more than TREE_MAX_PENDING trees ever wait.
 */
#include "policy/boxtree.h"

#include <stdbool.h>
#include <string.h>

/* What a search carries; @steps is NULL outside of tests and then costs nothing. */
struct search {
	const struct tree *t;
	const uint8_t *words;
	uint64_t present;
	uint32_t from;		/* rows below do not count */
	uint32_t best;		/* nor do rows from here on */
	uint32_t *steps;
};

#define ALWAYS_INLINE	static inline __attribute__((always_inline))

ALWAYS_INLINE void spend(const struct search *s, uint32_t instructions)
{
	if (s->steps)
		*s->steps += instructions;
}

/* Built-in by name: with -ffreestanding a plain memcpy() is a call. */
ALWAYS_INLINE uint64_t take_value(const uint8_t *words, const struct tree_dim *d)
{
	uint64_t word;

	__builtin_memcpy(&word, words + d->offset, sizeof(word));
	return word >> d->shift & d->mask;
}

ALWAYS_INLINE uint64_t value_of(const struct search *s, uint32_t dim)
{
	return take_value(s->words, &s->t->dims[dim]);
}

ALWAYS_INLINE void try_box(struct search *s, uint32_t box)
{
	const struct tree_box *b = &s->t->boxes[box];
	bool outside = false;

	spend(s, TREE_COST_BOX);
	if (b->row < s->from || b->row >= s->best || (s->present & b->need) != b->need)
		return;
	/* all sides, then one branch: which side tells is as good as random */
	for (uint32_t i = b[0].side; i < b[1].side; i++) {
		const struct tree_side *side = &s->t->sides[i];

		spend(s, TREE_COST_SIDE);
		outside |= value_of(s, side->dim) - side->lo > side->span;
	}
	if (!outside)
		s->best = b->row;
}

ALWAYS_INLINE void try_list(struct search *s, uint32_t list)
{
	const struct tree *t = s->t;
	const uint32_t *ref = &t->refs[t->lists[list]];
	const uint32_t *end = &t->refs[t->lists[list + 1]];

	spend(s, TREE_COST_LIST);
	if (s->from) {		/* the first box whose row counts */
		for (size_t n = (size_t)(end - ref); n > 0; n /= 2) {
			spend(s, TREE_COST_STEP);
			if (t->boxes[ref[n / 2]].row < s->from) {
				ref += n / 2 + 1;
				n--;
			}
		}
	}
	for (; ref < end && t->boxes[*ref].row < s->best; ref++)
		try_box(s, *ref);
}

/* The kid of the key that is equal, of a hash table with these keys and kids. */
ALWAYS_INLINE uint32_t hash_kid(const uint64_t *key, const uint32_t *kids,
				const uint64_t mult[2], uint32_t log2, uint64_t v)
{
	uint64_t mixed = table_mix(&v, 1);
	uint32_t a = table_bucket(mixed, mult[0], log2), b = table_bucket(mixed, mult[1], log2);
	bool in_a = (key[a] == v) | (key[a + 1] == v);
	bool in_b = (key[b] == v) | (key[b + 1] == v);

	if (!(in_a | in_b))
		return KID_NONE;
	a = in_a ? a : b;
	return kids[a + (key[a] != v)];
}

ALWAYS_INLINE uint32_t choose_equal(struct search *s, const struct tree_node *n, uint64_t v)
{
	spend(s, TREE_COST_HASH);
	return hash_kid(&s->t->keys[n->key], &s->t->kids[n->kid], n->mult, n->log2, v);
}

/* No branch depends on the value: half of them would be mispredicted. */
ALWAYS_INLINE uint32_t choose_interval(struct search *s, const struct tree_node *n, uint64_t v)
{
	const uint64_t *key = &s->t->keys[n->key];
	uint32_t below = 0, half;

	spend(s, TREE_COST_RANGE);
	for (uint32_t left = n->count; left > 1; left -= half) {
		spend(s, TREE_COST_STEP);
		half = left / 2;
		below += half & -(uint32_t)(key[below + half - 1] <= v);
	}
	return s->t->kids[n->kid + below + (key[below] <= v)];
}

/* The child that the node's dimension chooses. */
ALWAYS_INLINE uint32_t choose(struct search *s, const struct tree_node *n)
{
	uint64_t v = value_of(s, n->dim);

	return n->kind == NODE_HASH ? choose_equal(s, n, v) : choose_interval(s, n, v);
}

ALWAYS_INLINE uint32_t find(const struct tree *t, uint32_t kid, uint32_t from, const void *words,
			    uint64_t present, uint32_t *steps)
{
	struct search s = {
		.t = t, .words = words, .present = present, .from = from, .best = t->rows,
		.steps = steps,
	};
	uint32_t pending[TREE_MAX_PENDING], waiting = 0;

	spend(&s, TREE_COST_CALL);
	for (;;) {
		while ((kid & KID_KIND) == KID_NODE) {
			const struct tree_node *n = &t->nodes[kid >> KID_SHIFT];

			if (n->rest)
				pending[waiting++] = n->rest;
			kid = choose(&s, n);
		}
		if ((kid & KID_KIND) == KID_BOX)
			try_box(&s, kid >> KID_SHIFT);
		else if ((kid & KID_KIND) == KID_LIST)
			try_list(&s, kid >> KID_SHIFT);
		if (!waiting || s.best == from)
			return s.best;
		kid = pending[--waiting];
	}
}

/* Apart, so that a search that ends at the front saves no registers. */
static __attribute__((noinline)) uint32_t find_from(const struct tree *t, uint32_t kid,
						    uint32_t from, const void *words,
						    uint64_t present)
{
	return find(t, kid, from, words, present, NULL);
}

uint32_t tree_find(const struct tree *t, uint32_t from, const void *words, uint64_t present)
{
	const struct tree_front *f = &t->front;
	uint32_t kid = t->root;

	if (f->filter) {
		uint64_t v = take_value(words, &f->dim);
		uint64_t bit = table_filter_bit(v, f->filter_mult, f->filter_shift);

		if (!(f->filter[bit / 64] >> bit % 64 & 1))
			return t->rows;
		kid = hash_kid(f->keys, f->kids, f->mult, f->log2, v);
		if (kid == KID_NONE)
			return t->rows;
	}
	return find_from(t, kid, from, words, present);
}

uint32_t tree_find_counted(const struct tree *t, uint32_t from, const void *words,
			   uint64_t present, uint32_t *steps)
{
	*steps = 0;
	return find(t, t->root, from, words, present, steps);
}
