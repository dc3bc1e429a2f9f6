/*
 * fold.c - a condition of the model as a tree of cond.h: chains flattened, constants folded,
 *	    comparisons of one field joined
 */
#include "compiler/cond.h"

#include <stdlib.h>
#include <string.h>

static size_t hash(const void *key, size_t room)
{
	return (size_t)(((uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15u) >> 20) & (room - 1);
}

void **ptr_map_slot(struct ptr_map *m, struct pool *p, const void *key)
{
	size_t i, j;

	if (m->count * 2 >= m->room) {
		struct ptr_map big = { .room = m->room ? m->room * 2 : 64 };

		big.keys = pool_array(p, big.room, sizeof(*big.keys));
		big.values = pool_array(p, big.room, sizeof(*big.values));
		for (j = 0; j < m->room; j++)
			if (m->keys[j])
				*ptr_map_slot(&big, p, m->keys[j]) = m->values[j];
		*m = big;
	}
	for (i = hash(key, m->room); m->keys[i]; i = (i + 1) & (m->room - 1))
		if (m->keys[i] == key)
			return &m->values[i];
	m->keys[i] = key;
	m->count++;
	return &m->values[i];
}

static struct cond *new_cond(struct folder *f, enum cond_kind kind)
{
	struct cond *c = pool_alloc(f->pool, sizeof(*c));

	c->kind = kind;
	return c;
}

static struct cond *constant(struct folder *f, bool truth)
{
	return new_cond(f, truth ? COND_TRUE : COND_FALSE);
}

static struct cond *spans_cond(struct folder *f, enum hv_field field, struct spans s)
{
	struct cond *c;

	if (!s.count)
		return constant(f, false);
	c = new_cond(f, COND_SPANS);
	c->field = field;
	c->spans = s;
	return c;
}

static enum cmp_op mirrored(enum cmp_op op)
{
	switch (op) {
	case CMP_LT:
		return CMP_GT;
	case CMP_LE:
		return CMP_GE;
	case CMP_GT:
		return CMP_LT;
	case CMP_GE:
		return CMP_LE;
	default:
		return op;
	}
}

static bool compare(enum cmp_op op, const struct value *a, const struct value *b)
{
	bool same = a->hi == b->hi && a->lo == b->lo && a->family == b->family;
	bool less = a->hi != b->hi ? a->hi < b->hi : a->lo < b->lo;

	switch (op) {
	case CMP_EQ:
		return same;
	case CMP_NE:
		return !same;
	case CMP_LT:
		return less;
	case CMP_LE:
		return less || same;
	case CMP_GT:
		return !less && !same;
	case CMP_GE:
		return !less;
	}
	return false;
}

static struct cond *leaf(struct folder *f, const struct expr *e)
{
	struct cond *c = new_cond(f, COND_LEAF);

	c->leaf = e;
	return c;
}

static struct cond *fold_cmp(struct folder *f, const struct expr *e)
{
	const struct expr *l = e->l, *r = e->r;
	enum cmp_op op = e->op;

	if (l->kind == EXPR_CONST && r->kind == EXPR_CONST)
		return constant(f, compare(op, &l->value, &r->value));
	if (l->kind == EXPR_CONST) {
		l = e->r;
		r = e->l;
		op = mirrored(op);
	}
	if (l->kind == EXPR_FIELD && r->kind == EXPR_CONST)
		return spans_cond(f, l->field, spans_of_cmp(f->pool, l->field, op, &r->value));
	return leaf(f, e);
}

static struct cond *fold_in(struct folder *f, const struct expr *e)
{
	const struct set *s = e->set;

	if (e->l->kind == EXPR_FIELD && s->arity == 1 && !s->dynamic_count &&
	    s->count <= COND_SMALL_SET)
		return spans_cond(f, e->l->field,
				  spans_of_set(f->pool, e->l->field, s, e->negated));
	if (!s->count && !s->dynamic_count && !e->negated)
		return constant(f, false);
	return leaf(f, e);
}

static struct cond *fold_leaf(struct folder *f, const struct expr *e)
{
	static const struct span set = { .lo = { 0, 1 }, .hi = { 0, 1 } };

	if (f->plain)
		return e->kind == EXPR_BOOL ? constant(f, e->truth) : leaf(f, e);
	switch (e->kind) {
	case EXPR_BOOL:
		return constant(f, e->truth);
	case EXPR_CMP:
		return fold_cmp(f, e);
	case EXPR_IN:
		return fold_in(f, e);
	case EXPR_FLAG:
		return spans_cond(f, e->field, spans_make(f->pool, &set, 1));
	case EXPR_OVERLAPS:
		if (!e->set->count && !e->set->dynamic_count)
			return constant(f, false);
		return leaf(f, e);
	default:
		return leaf(f, e);
	}
}

static int by_field(const void *a, const void *b)
{
	const struct cond *x = *(struct cond *const *)a, *y = *(struct cond *const *)b;

	return x->field < y->field ? -1 : x->field > y->field;
}

/* @count spans of one field under `and` or `or`, as one. */
static struct cond *join(struct folder *f, enum cond_kind kind, struct cond **c, size_t count)
{
	VEC(struct span) all = { 0 };
	enum hv_field field = c[0]->field;
	struct spans s;
	size_t i, j;

	for (i = 0; i < count; i++) {
		s = kind == COND_OR ? c[i]->spans :
				      spans_complement(f->pool, field, c[i]->spans);
		for (j = 0; j < s.count; j++)
			*VEC_ADD(f->pool, &all) = s.at[j];
	}
	s = spans_make(f->pool, all.at, all.count);
	/* not (not a or not b): exact, since all of them are false when the field is absent */
	return spans_cond(f, field, kind == COND_OR ? s : spans_complement(f->pool, field, s));
}

/*
 * Where a chain names a field more than once: the first of each takes all of them.  The
 * order of the rest stays, so that a costly search stays behind what guards it.
 */
static size_t join_fields(struct folder *f, enum cond_kind kind, struct cond **kids, size_t count)
{
	struct cond **spans = pool_array(f->pool, count, sizeof(*spans));
	struct cond *joined[HV_FIELD_NAMES] = { NULL };
	size_t n = 0, i, j, kept = 0;

	for (i = 0; i < count; i++)
		if (kids[i]->kind == COND_SPANS)
			spans[n++] = kids[i];
	qsort(spans, n, sizeof(*spans), by_field);
	for (i = 0; i < n; i = j) {
		for (j = i + 1; j < n && spans[j]->field == spans[i]->field; j++)
			;
		joined[spans[i]->field] = j - i > 1 ? join(f, kind, spans + i, j - i) : spans[i];
	}
	for (i = 0; i < count; i++) {
		if (kids[i]->kind == COND_SPANS) {
			enum hv_field field = kids[i]->field;

			if (!joined[field])
				continue;
			kids[kept++] = joined[field];
			joined[field] = NULL;
		} else {
			kids[kept++] = kids[i];
		}
	}
	return kept;
}

/* Drop what does not count; a constant that decides alone is the answer. */
static size_t drop_constants(struct cond **kids, size_t count, enum cond_kind decides, bool *done)
{
	enum cond_kind idle = decides == COND_TRUE ? COND_FALSE : COND_TRUE;
	size_t i, kept = 0;

	*done = false;
	for (i = 0; i < count; i++) {
		if (kids[i]->kind == decides)
			*done = true;
		if (kids[i]->kind != idle)
			kids[kept++] = kids[i];
	}
	return kept;
}

/*
 * `a or (b or c)` is one chain.  Only short ones are copied: a define that doubles a define
 * that doubles a define would be as long as all of them together.  Chains are gathered from
 * the back.
 */
#define SPLICE_MAX	64u

struct conds {
	struct cond **at;
	size_t count, room;
};

static void add_kid(struct folder *f, enum cond_kind kind, struct conds *kids, struct cond *c)
{
	size_t i;

	if (f->plain || c->kind != kind || c->kid_count > SPLICE_MAX) {
		*VEC_ADD(f->pool, kids) = c;
		return;
	}
	for (i = c->kid_count; i--;)
		*VEC_ADD(f->pool, kids) = c->kids[i];
}

static struct cond *fold(struct folder *f, const struct expr *e, unsigned depth);

static struct cond *fold_chain(struct folder *f, const struct expr *e, unsigned depth)
{
	enum expr_kind op = e->kind;
	enum cond_kind kind = op == EXPR_AND ? COND_AND : COND_OR;
	enum cond_kind decides = op == EXPR_AND ? COND_FALSE : COND_TRUE;
	struct conds kids = { 0 };
	struct cond *c;
	bool done;
	size_t i, n;

	/* The parser leans chains to the left: walked here, not by recursion. */
	for (; e->kind == op; e = e->l)
		add_kid(f, kind, &kids, fold(f, e->r, depth + 1));
	add_kid(f, kind, &kids, fold(f, e, depth + 1));
	n = kids.count;
	for (i = 0; i < n / 2; i++) {
		c = kids.at[i];
		kids.at[i] = kids.at[n - 1 - i];
		kids.at[n - 1 - i] = c;
	}
	if (!f->plain) {
		n = drop_constants(kids.at, n, decides, &done);
		if (done)
			return constant(f, decides == COND_TRUE);
		n = join_fields(f, kind, kids.at, n);
		n = drop_constants(kids.at, n, decides, &done);
		if (done || !n)
			return constant(f, (decides == COND_TRUE) == done);
		if (n == 1)
			return kids.at[0];
	}
	c = new_cond(f, kind);
	c->kids = kids.at;
	c->kid_count = n;
	return c;
}

static struct cond *fold_not(struct folder *f, const struct expr *e, unsigned depth)
{
	struct cond *kid = fold(f, e->l, depth + 1), *c;

	if (!f->plain && (kid->kind == COND_TRUE || kid->kind == COND_FALSE))
		return constant(f, kid->kind == COND_FALSE);
	if (!f->plain && kid->kind == COND_NOT)
		return kid->kids[0];
	c = new_cond(f, COND_NOT);
	c->kids = pool_array(f->pool, 1, sizeof(*c->kids));
	c->kids[0] = kid;
	c->kid_count = 1;
	return c;
}

static struct cond *fold(struct folder *f, const struct expr *e, unsigned depth)
{
	void **seen;
	struct cond *c;

	if (f->failed)
		return constant(f, false);
	if (depth > COND_MAX_DEPTH) {
		diag_error(f->diags, e->loc, "the condition is nested more than %u deep",
			   COND_MAX_DEPTH);
		f->failed = true;
		return constant(f, false);
	}
	seen = ptr_map_slot(&f->seen, f->pool, e);
	if (*seen)
		return *seen;
	if (e->kind == EXPR_AND || e->kind == EXPR_OR)
		c = fold_chain(f, e, depth);
	else if (e->kind == EXPR_NOT)
		c = fold_not(f, e, depth);
	else
		c = fold_leaf(f, e);
	*ptr_map_slot(&f->seen, f->pool, e) = c;
	return c;
}

struct cond *cond_of(struct folder *f, const struct expr *e)
{
	return e ? fold(f, e, 0) : constant(f, true);
}
