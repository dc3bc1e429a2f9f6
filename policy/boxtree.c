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

ALWAYS_INLINE uint64_t value_of(const struct search *s, uint32_t dim)
{
	const struct tree_dim *d = &s->t->dims[dim];
	uint64_t word;

	memcpy(&word, s->words + d->offset, sizeof(word));
	return word >> d->shift & d->mask;
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

ALWAYS_INLINE uint32_t choose_equal(struct search *s, const struct tree_node *n, uint64_t v)
{
	const uint64_t *key = &s->t->keys[n->key];
	uint64_t mixed = table_mix(&v, 1);
	uint32_t a = table_bucket(mixed, n->mult[0], n->log2);
	uint32_t b = table_bucket(mixed, n->mult[1], n->log2);
	bool in_a = (key[a] == v) | (key[a + 1] == v);
	bool in_b = (key[b] == v) | (key[b + 1] == v);

	spend(s, TREE_COST_HASH);
	if (!(in_a | in_b))
		return KID_NONE;
	a = in_a ? a : b;
	return s->t->kids[n->kid + a + (key[a] != v)];
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

ALWAYS_INLINE uint32_t find(const struct tree *t, uint32_t from, const void *words,
			    uint64_t present, uint32_t *steps)
{
	struct search s = {
		.t = t, .words = words, .present = present, .from = from, .best = t->rows,
		.steps = steps,
	};
	uint32_t pending[TREE_MAX_PENDING], waiting = 0, kid = t->root;

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

uint32_t tree_find(const struct tree *t, uint32_t from, const void *words, uint64_t present)
{
	return find(t, from, words, present, NULL);
}

uint32_t tree_find_counted(const struct tree *t, uint32_t from, const void *words,
			   uint64_t present, uint32_t *steps)
{
	*steps = 0;
	return find(t, from, words, present, steps);
}
