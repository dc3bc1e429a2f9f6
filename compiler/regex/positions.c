/*
 * positions.c - a tree becomes a position automaton (Glushkov's), with conditions
 *
 * Every byte of the regex, repetitions written out, is a position; an edge p -> q says
 * that q's byte may follow p's, in the contexts of its mask.  There are no empty steps, so
 * one byte is one step.
 */
#include "compiler/regex/regex.h"

#include <stdlib.h>

/* The same edge can arise on several ways before they are merged. */
#define MAX_RAW_EDGES	(2 * HVM_MAX_EDGES)

struct item {
	uint32_t pos, when;
};

struct list {
	struct item *v;
	size_t n, cap;
};

struct frag {
	struct list first, last;
	uint32_t null;		/* contexts in which it matches the empty string */
};

struct builder {
	struct pool *pool;
	struct nfa *nfa;
	size_t position_cap, edge_cap, raw_edges;
	struct nfa_edge *raw;
	bool full;
};

static void list_add(struct builder *b, struct list *l, uint32_t pos, uint32_t when)
{
	if (!when)
		return;
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 4;

		l->v = pool_grow(b->pool, l->v, l->n, cap, sizeof(*l->v));
		l->cap = cap;
	}
	l->v[l->n++] = (struct item){ pos, when };
}

static void list_join(struct builder *b, struct list *l, const struct list *more, uint32_t when)
{
	for (size_t i = 0; i < more->n; i++)
		list_add(b, l, more->v[i].pos, more->v[i].when & when);
}

static void add_edge(struct builder *b, uint32_t from, uint32_t to, uint32_t when)
{
	if (!when || b->full)
		return;
	if (b->raw_edges == MAX_RAW_EDGES) {
		b->full = true;
		return;
	}
	if (b->raw_edges == b->edge_cap) {
		size_t cap = b->edge_cap ? 2 * b->edge_cap : 64;

		b->raw = pool_grow(b->pool, b->raw, b->raw_edges, cap, sizeof(*b->raw));
		b->edge_cap = cap;
	}
	b->raw[b->raw_edges++] = (struct nfa_edge){ from, to, when };
}

static void connect(struct builder *b, const struct list *last, const struct list *first)
{
	for (size_t i = 0; i < last->n && !b->full; i++) {
		for (size_t k = 0; k < first->n && !b->full; k++)
			add_edge(b, last->v[i].pos, first->v[k].pos,
				 last->v[i].when & first->v[k].when);
	}
}

static struct frag empty(uint32_t when)
{
	return (struct frag){ .null = when };
}

static struct frag position(struct builder *b, const struct hvm_class *set)
{
	struct nfa *n = b->nfa;
	struct frag f = { .null = 0 };

	if (n->count == HVM_MAX_POSITIONS) {
		b->full = true;
		return f;
	}
	if (n->count == b->position_cap) {
		size_t cap = b->position_cap ? 2 * b->position_cap : 32;

		n->set = pool_grow(b->pool, n->set, n->count, cap, sizeof(*n->set));
		b->position_cap = cap;
	}
	n->set[n->count] = *set;
	list_add(b, &f.first, n->count, HVM_ALWAYS);
	list_add(b, &f.last, n->count, HVM_ALWAYS);
	n->count++;
	return f;
}

/* @acc, then @f; the result is in @acc. */
static void concatenate(struct builder *b, struct frag *acc, const struct frag *f)
{
	size_t kept = 0;

	connect(b, &acc->last, &f->first);
	list_join(b, &acc->first, &f->first, acc->null);
	for (size_t i = 0; i < acc->last.n; i++) {
		uint32_t when = acc->last.v[i].when & f->null;

		if (when)
			acc->last.v[kept++] = (struct item){ acc->last.v[i].pos, when };
	}
	acc->last.n = kept;
	list_join(b, &acc->last, &f->last, HVM_ALWAYS);
	acc->null &= f->null;
}

static struct frag build(struct builder *b, const struct re *re);

/* Up to @times more copies, each only behind the one before: (A(A(A)?)?)? */
static struct frag optional(struct builder *b, const struct re *child, uint32_t times)
{
	struct frag all = empty(HVM_ALWAYS), copy;
	struct list before = { 0 };

	for (uint32_t i = 0; i < times && !b->full; i++) {
		copy = build(b, child);
		if (i == 0)
			list_join(b, &all.first, &copy.first, HVM_ALWAYS);
		else
			connect(b, &before, &copy.first);
		list_join(b, &all.last, &copy.last, HVM_ALWAYS);
		before = copy.last;
	}
	return all;
}

/* Does it match the empty string in every context? */
static bool nullable(const struct re *re)
{
	bool all = true, any = false;

	for (const struct re *c = re->child; c; c = c->next) {
		bool one = nullable(c);

		all &= one;
		any |= one;
	}
	switch (re->kind) {
	case RE_EMPTY:
		return true;
	case RE_CAT:
		return all;
	case RE_ALT:
		return any;
	case RE_REPEAT:
		return any || !re->min;
	default:
		return false;
	}
}

static struct frag repeat(struct builder *b, const struct re *re)
{
	struct frag acc = empty(HVM_ALWAYS), copy;
	uint32_t min = re->min, max = re->max;

	if (!re_positions(re->child)) {		/* asking an assertion twice is asking once */
		min = min ? 1 : 0;
		max = max ? 1 : 0;
	}
	if (nullable(re->child))		/* no copy is needed, and edges stay few */
		min = 0;
	for (uint32_t i = 0; i < min && !b->full; i++) {
		copy = build(b, re->child);
		if (max == RE_FOREVER && i == min - 1)
			connect(b, &copy.last, &copy.first);
		concatenate(b, &acc, &copy);
	}
	if (max == RE_FOREVER && !min) {
		acc = build(b, re->child);
		connect(b, &acc.last, &acc.first);
		acc.null = HVM_ALWAYS;
	} else if (max != RE_FOREVER && max > min) {
		copy = optional(b, re->child, max - min);
		concatenate(b, &acc, &copy);
	}
	return acc;
}

static struct frag build(struct builder *b, const struct re *re)
{
	struct frag acc = empty(HVM_ALWAYS), f;

	switch (re->kind) {
	case RE_EMPTY:
		return acc;
	case RE_ASSERT:
		return empty(re->when);
	case RE_CLASS:
		return position(b, &re->set);
	case RE_CAT:
		for (const struct re *c = re->child; c && !b->full; c = c->next) {
			f = build(b, c);
			concatenate(b, &acc, &f);
		}
		return acc;
	case RE_ALT:
		acc.null = 0;
		for (const struct re *c = re->child; c && !b->full; c = c->next) {
			f = build(b, c);
			list_join(b, &acc.first, &f.first, HVM_ALWAYS);
			list_join(b, &acc.last, &f.last, HVM_ALWAYS);
			acc.null |= f.null;
		}
		return acc;
	default:
		return repeat(b, re);
	}
}

static int by_from_to(const void *a, const void *b)
{
	const struct nfa_edge *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

/* Sort the edges, each pair once, and note where each position's begin. */
static int index_edges(struct builder *b)
{
	struct nfa *n = b->nfa;
	size_t kept = 0, at = 0;

	if (b->raw_edges)
		qsort(b->raw, b->raw_edges, sizeof(*b->raw), by_from_to);
	for (size_t i = 0; i < b->raw_edges; i++) {
		if (kept && !by_from_to(&b->raw[kept - 1], &b->raw[i]))
			b->raw[kept - 1].when |= b->raw[i].when;
		else
			b->raw[kept++] = b->raw[i];
	}
	if (kept > HVM_MAX_EDGES)
		return -1;
	n->edge = b->raw;
	n->edge_count = (uint32_t)kept;
	n->edge_first = pool_array(b->pool, (size_t)n->count + 2, sizeof(uint32_t));
	for (uint32_t p = 0; p <= n->count; p++) {
		n->edge_first[p] = (uint32_t)at;
		while (at < kept && n->edge[at].from == p)
			n->contexts |= n->edge[at++].when != HVM_ALWAYS;
	}
	n->edge_first[n->count + 1] = (uint32_t)kept;
	return 0;
}

int nfa_build(const struct re *re, struct pool *p, struct nfa *out)
{
	struct builder b = { .pool = p, .nfa = out };
	struct frag f;

	*out = (struct nfa){ 0 };
	if (re_positions(re) > HVM_MAX_POSITIONS)
		return -1;
	f = build(&b, re);
	for (size_t i = 0; i < f.first.n; i++)
		add_edge(&b, out->count, f.first.v[i].pos, f.first.v[i].when);
	if (b.full)
		return -1;
	out->empty = f.null;
	out->accept = pool_array(p, (size_t)out->count + 1, sizeof(uint32_t));
	for (size_t i = 0; i < f.last.n; i++) {
		out->accept[f.last.v[i].pos] |= f.last.v[i].when;
		out->contexts |= f.last.v[i].when != HVM_ALWAYS;
	}
	return index_edges(&b);
}
