/*
 * setops.c - sets as lists of intervals and boxes: order, union, difference
 *
 * A scalar set is kept sorted, disjoint and merged, so union and difference are sweeps.
 * Tuples are boxes: exact duplicates go, a difference cuts a box into at most two pieces
 * a component.
 */
#include "compiler/setops.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/limit.h"
#include "compiler/value.h"

#define WORK_MAX	50000000u	/* comparisons of boxes in one operation */

void set_list_init(struct set_list *l, struct pool *p, unsigned arity, bool locs)
{
	*l = (struct set_list){ .pool = p, .arity = arity, .room = 8 };
	l->values = pool_array(p, l->room * arity * 2, sizeof(*l->values));
	if (locs)
		l->locs = pool_array(p, l->room, sizeof(*l->locs));
}

void set_list_add(struct set_list *l, const struct value *lo, const struct value *hi,
		  struct loc loc)
{
	size_t stride = (size_t)l->arity * 2;
	struct value *at;

	if (l->count == l->room) {
		l->values = pool_grow(l->pool, l->values, l->count * stride, l->room * 2 * stride,
				      sizeof(*l->values));
		if (l->locs)
			l->locs = pool_grow(l->pool, l->locs, l->count, l->room * 2,
					    sizeof(*l->locs));
		l->room *= 2;
	}
	at = l->values + l->count * stride;
	memcpy(at, lo, l->arity * sizeof(*at));
	memcpy(at + l->arity, hi, l->arity * sizeof(*at));
	if (l->locs)
		l->locs[l->count] = loc;
	l->count++;
}

static const struct value *lo_of(const struct set_list *l, size_t i)
{
	return l->values + i * l->arity * 2;
}

static const struct value *hi_of(const struct set_list *l, size_t i)
{
	return lo_of(l, i) + l->arity;
}

static int by_value(const void *x, const void *y, void *arg)
{
	const struct set_list *l = arg;
	uint32_t i = *(const uint32_t *)x, j = *(const uint32_t *)y;

	for (unsigned k = 0; k < l->arity * 2; k++) {
		int c = value_compare(lo_of(l, i) + k, lo_of(l, j) + k);

		if (c)
			return c;
	}
	return i < j ? -1 : i > j;
}

/* The elements' numbers in ascending order of their first values. */
static uint32_t *order(const struct set_list *l)
{
	uint32_t *at = pool_array(l->pool, l->count + 1, sizeof(*at));

	for (size_t i = 0; i < l->count; i++)
		at[i] = (uint32_t)i;
	qsort_r(at, l->count, sizeof(*at), by_value, (void *)l);
	return at;
}

static bool boxes_meet(const struct value *alo, const struct value *ahi, const struct value *blo,
		       const struct value *bhi, unsigned arity)
{
	for (unsigned k = 0; k < arity; k++)
		if (alo[k].family != blo[k].family || value_compare(&alo[k], &bhi[k]) > 0 ||
		    value_compare(&blo[k], &ahi[k]) > 0)
			return false;
	return true;
}

bool set_list_overlap(const struct set_list *l, size_t *a, size_t *b)
{
	uint32_t *at = order(l);
	size_t work = 0;

	for (size_t i = 0; i < l->count; i++) {
		for (size_t j = i + 1; j < l->count && work < WORK_MAX; j++, work++) {
			size_t p = at[i], q = at[j];

			if (value_compare(lo_of(l, q), hi_of(l, p)) > 0)
				break;
			if (boxes_meet(lo_of(l, p), hi_of(l, p), lo_of(l, q), hi_of(l, q),
				       l->arity)) {
				*a = p < q ? p : q;
				*b = p < q ? q : p;
				return true;
			}
		}
	}
	return false;
}

/* Does @b start within @a or right behind it? */
static bool touches(const struct value *ahi, const struct value *blo)
{
	struct value next = *ahi;

	if (ahi->family != blo->family)
		return false;
	return value_compare(blo, ahi) <= 0 ||
	       (value_next(&next) && value_compare(blo, &next) == 0);
}

static bool equal_boxes(const struct element *e, const struct value *lo, const struct value *hi,
			unsigned arity)
{
	for (unsigned k = 0; k < arity; k++)
		if (value_compare(&e->lo[k], &lo[k]) || value_compare(&e->hi[k], &hi[k]))
			return false;
	return true;
}

void set_from_list(struct set *s, const struct set_list *l)
{
	uint32_t *at = order(l);
	unsigned arity = l->arity;
	struct value *v = pool_array(l->pool, l->count * arity * 2 + 1, sizeof(*v));

	s->arity = arity;
	s->elements = pool_array(l->pool, l->count + 1, sizeof(*s->elements));
	s->count = 0;
	for (size_t i = 0; i < l->count; i++) {
		const struct value *lo = lo_of(l, at[i]), *hi = hi_of(l, at[i]);
		struct element *e = s->elements + s->count;

		if (s->count && arity == 1 && touches(e[-1].hi, lo)) {
			if (value_compare(hi, e[-1].hi) > 0)
				*e[-1].hi = *hi;
			continue;
		}
		if (s->count && arity > 1 && equal_boxes(e - 1, lo, hi, arity))
			continue;
		e->lo = v;
		e->hi = v + arity;
		memcpy(v, lo, arity * 2 * sizeof(*v));
		v += arity * 2;
		s->count++;
	}
}

static int finish(struct set *out, const struct set_list *l)
{
	set_from_list(out, l);
	return out->count > HVC_MAX_SET_ELEMENTS ? -1 : 0;
}

int set_union(struct pool *p, const struct set *a, const struct set *b, struct set *out)
{
	const struct set *both[] = { a, b };
	struct set_list l;

	set_list_init(&l, p, a->arity, false);
	for (unsigned k = 0; k < 2; k++)
		for (size_t i = 0; i < both[k]->count; i++)
			set_list_add(&l, both[k]->elements[i].lo, both[k]->elements[i].hi,
				     (struct loc){ 0 });
	return finish(out, &l);
}

/* Scalars: both sorted and disjoint. */
static int difference_sweep(struct pool *p, const struct set *a, const struct set *b,
			    struct set *out)
{
	struct set_list l;
	size_t j = 0;

	set_list_init(&l, p, 1, false);
	for (size_t i = 0; i < a->count; i++) {
		struct value lo = *a->elements[i].lo, hi = *a->elements[i].hi;
		bool left = true;

		while (j < b->count && value_compare(b->elements[j].hi, &lo) < 0)
			j++;
		for (size_t k = j; left && k < b->count; k++) {
			struct value cut = *b->elements[k].lo;

			if (value_compare(&cut, &hi) > 0)
				break;
			if (value_compare(&cut, &lo) > 0) {
				value_previous(&cut);
				set_list_add(&l, &lo, &cut, (struct loc){ 0 });
			}
			lo = *b->elements[k].hi;
			left = value_next(&lo) && value_compare(&lo, &hi) <= 0;
		}
		if (left)
			set_list_add(&l, &lo, &hi, (struct loc){ 0 });
	}
	return finish(out, &l);
}

/* What of box lo..hi lies outside @cut, which meets it: at most two boxes a component. */
static void cut_box(struct set_list *l, const struct value *lo, const struct value *hi,
		    const struct element *cut)
{
	struct value left_lo[HVC_MAX_TUPLE_WORDS], left_hi[HVC_MAX_TUPLE_WORDS];
	unsigned n = l->arity;

	memcpy(left_lo, lo, n * sizeof(*lo));
	memcpy(left_hi, hi, n * sizeof(*hi));
	for (unsigned k = 0; k < n; k++) {
		struct value whole_lo = left_lo[k], whole_hi = left_hi[k];

		if (value_compare(&cut->lo[k], &whole_lo) > 0) {
			left_hi[k] = cut->lo[k];
			value_previous(&left_hi[k]);
			set_list_add(l, left_lo, left_hi, (struct loc){ 0 });
			left_lo[k] = cut->lo[k];
		}
		left_hi[k] = whole_hi;
		if (value_compare(&cut->hi[k], &whole_hi) < 0) {
			struct value keep = left_lo[k];

			left_lo[k] = cut->hi[k];
			value_next(&left_lo[k]);
			set_list_add(l, left_lo, left_hi, (struct loc){ 0 });
			left_lo[k] = keep;
			left_hi[k] = cut->hi[k];
		}
	}
}

/* Replace element @i by the last one. */
static void drop(struct set_list *l, size_t i)
{
	size_t stride = (size_t)l->arity * 2;

	l->count--;
	memmove(l->values + i * stride, l->values + l->count * stride,
		stride * sizeof(*l->values));
}

static int difference_boxes(struct pool *p, const struct set *a, const struct set *b,
			    struct set *out)
{
	struct set_list l;
	size_t work = 0;

	set_list_init(&l, p, a->arity, false);
	for (size_t i = 0; i < a->count; i++)
		set_list_add(&l, a->elements[i].lo, a->elements[i].hi, (struct loc){ 0 });
	for (size_t j = 0; j < b->count; j++) {
		const struct element *cut = &b->elements[j];

		work += l.count;
		if (work > WORK_MAX || l.count > HVC_MAX_SET_ELEMENTS)
			return -1;
		for (size_t i = l.count; i-- > 0;) {
			if (!boxes_meet(lo_of(&l, i), hi_of(&l, i), cut->lo, cut->hi, l.arity))
				continue;
			cut_box(&l, lo_of(&l, i), hi_of(&l, i), cut);
			drop(&l, i);
		}
	}
	return finish(out, &l);
}

int set_difference(struct pool *p, const struct set *a, const struct set *b, struct set *out)
{
	return a->arity == 1 ? difference_sweep(p, a, b, out) : difference_boxes(p, a, b, out);
}

bool set_contains(const struct set *s, const struct value *key)
{
	for (size_t i = 0; i < s->count; i++)
		if (boxes_meet(s->elements[i].lo, s->elements[i].hi, key, key, s->arity))
			return true;
	return false;
}
