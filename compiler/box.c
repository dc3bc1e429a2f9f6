/*
 * box.c - conditions as boxes over words of the context
 */
#include "compiler/box.h"

#include <string.h>

#define OVERLAP_BOX_MAX	8u	/* boxes of one set of sectors; each is half open, and they lie in each other */

/* A box in the making; at most BOX_SIDES sides. */
struct draft {
	struct class_side sides[BOX_SIDES];
	size_t count;
};

static struct class_dim dim_of(enum hv_field field, size_t extra, uint64_t mask)
{
	const struct field_info *fi = &hv_field_table[field];

	return (struct class_dim){
		.offset = (uint16_t)(fi->offset + extra),
		.present = fi->present,
		.shift = fi->shift,
		.mask = fi->is_flagbit ? 1 : mask,
	};
}

/*
 * The family of an address.  Its mask keeps it apart from the field ip.version, whose
 * presence is another.  Both addresses share it; each has a side of its own besides.
 */
static struct class_side family_side(enum hv_field field, uint64_t family)
{
	struct class_side s = {
		.dim = {
			.offset = offsetof(struct hv_ctx, ip_version),
			.present = hv_field_table[field].present,
			.mask = 0xff,
		},
		.lo = family,
		.hi = family,
	};
	return s;
}

static struct class_side side(enum hv_field field, size_t extra, uint64_t lo, uint64_t hi)
{
	return (struct class_side){ dim_of(field, extra, UINT64_MAX), lo, hi };
}

static bool same_word(const struct class_dim *a, const struct class_dim *b)
{
	return a->offset == b->offset && a->shift == b->shift && a->mask == b->mask;
}

/* Narrow @d by one side.  False when nothing is left, or no room. */
static bool narrow(struct draft *d, const struct class_side *s)
{
	size_t i;

	for (i = 0; i < d->count; i++) {
		struct class_side *t = &d->sides[i];

		if (!same_word(&t->dim, &s->dim))
			continue;
		if (s->lo > t->lo)
			t->lo = s->lo;
		if (s->hi < t->hi)
			t->hi = s->hi;
		return t->lo <= t->hi;
	}
	if (d->count == BOX_SIDES)
		return false;
	d->sides[d->count++] = *s;
	return true;
}

static bool add(struct boxer *p, struct boxes *out, const struct draft *d)
{
	struct box *b;

	if (out->count == BOX_MAX)
		return false;
	if (!out->at)
		out->at = pool_array(p->pool, BOX_MAX, sizeof(*out->at));
	b = &out->at[out->count++];
	b->sides = pool_array(p->pool, d->count, sizeof(*b->sides));
	memcpy(b->sides, d->sides, d->count * sizeof(*b->sides));
	b->count = d->count;
	return true;
}

static bool add_sides(struct boxer *p, struct boxes *out, const struct class_side *s, size_t count)
{
	struct draft d = { .count = 0 };
	size_t i;

	for (i = 0; i < count; i++)
		if (!narrow(&d, &s[i]))
			return true;
	return add(p, out, &d);
}

/* lo..hi of an IPv6 address: two words, up to three boxes. */
static bool add_wide(struct boxer *p, struct boxes *out, enum hv_field f, const struct span *s)
{
	const size_t lo = offsetof(struct hv_ip, lo), hi = offsetof(struct hv_ip, hi);
	uint64_t first = s->lo.hi, last = s->hi.hi;
	struct class_side v[3] = { family_side(f, 6) };

	if (first == last) {
		v[1] = side(f, hi, first, first);
		v[2] = side(f, lo, s->lo.lo, s->hi.lo);
		return add_sides(p, out, v, 3);
	}
	if (s->lo.lo) {
		v[1] = side(f, hi, first, first);
		v[2] = side(f, lo, s->lo.lo, UINT64_MAX);
		if (!add_sides(p, out, v, 3))
			return false;
		first++;
	}
	if (s->hi.lo != UINT64_MAX) {
		v[1] = side(f, hi, last, last);
		v[2] = side(f, lo, 0, s->hi.lo);
		if (!add_sides(p, out, v, 3))
			return false;
		last--;
	}
	/* after both cuts first may be last + 1 */
	if (first > last)
		return true;
	v[1] = side(f, hi, first, last);
	return add_sides(p, out, v, 2);
}

static bool add_span(struct boxer *p, struct boxes *out, enum hv_field f, const struct span *s)
{
	struct class_side v[2] = { family_side(f, 4) };

	switch (hv_field_table[f].type) {
	case FIELD_IP:
		if (s->family == 6)
			return add_wide(p, out, f, s);
		v[1] = side(f, offsetof(struct hv_ip, lo), s->lo.lo, s->hi.lo);
		return add_sides(p, out, v, 2);
	case FIELD_IP4:
		if (s->family != 4)
			return true;
		break;
	default:
		break;
	}
	v[0] = side(f, 0, s->lo.lo, s->hi.lo);
	return add_sides(p, out, v, 1);
}

/* From the lowest to the highest of each family. */
static struct spans hull(struct boxer *p, struct spans s)
{
	struct span *at = pool_array(p->pool, s.count, sizeof(*at));
	size_t i, n = 0;

	for (i = 0; i < s.count; i++) {
		if (n && at[n - 1].family == s.at[i].family)
			at[n - 1].hi = s.at[i].hi;
		else
			at[n++] = s.at[i];
	}
	return (struct spans){ at, n };
}

static bool spans_boxes(struct boxer *p, enum hv_field f, struct spans s, struct boxes *out)
{
	size_t i;

	*out = (struct boxes){ .exact = true };
	for (i = 0; i < s.count; i++)
		if (!add_span(p, out, f, &s.at[i]))
			break;
	if (i < s.count) {
		s = hull(p, s);
		*out = (struct boxes){ .exact = false };
		for (i = 0; i < s.count; i++)
			add_span(p, out, f, &s.at[i]);
	}
	return out->count;
}

/* a and b in @a: every pair, narrowed.  False, and @a as it was, when there are too many. */
static bool intersect(struct boxer *p, struct boxes *a, const struct boxes *b)
{
	struct boxes out = { .exact = a->exact && b->exact };
	struct draft d;
	size_t i, j, k;

	for (i = 0; i < a->count; i++)
		for (j = 0; j < b->count; j++) {
			memcpy(d.sides, a->at[i].sides, a->at[i].count * sizeof(*d.sides));
			d.count = a->at[i].count;
			for (k = 0; k < b->at[j].count; k++) {
				if (d.count == BOX_SIDES)
					return false;
				if (!narrow(&d, &b->at[j].sides[k]))
					break;
			}
			if (k == b->at[j].count && !add(p, &out, &d))
				return false;
		}
	*a = out;
	return true;
}

static bool item_boxes(struct boxer *p, const struct expr *item, const struct value *lo,
		       const struct value *hi, struct boxes *out)
{
	struct span s = {
		.family = lo->family == 48 ? 0 : lo->family,
		.lo = { lo->hi, lo->lo },
		.hi = { hi->hi, hi->lo },
	};

	return spans_boxes(p, item->field, (struct spans){ &s, 1 }, out);
}

static bool tuple_boxes(struct boxer *p, const struct expr *e, struct boxes *out)
{
	const struct expr *t = e->l;
	const struct set *s = e->set;
	struct boxes one, part;
	size_t i, k;

	for (k = 0; k < t->item_count; k++)
		if (t->items[k]->kind != EXPR_FIELD)
			return false;
	*out = (struct boxes){ .exact = true };
	for (i = 0; i < s->count; i++) {
		one = (struct boxes){ 0 };
		for (k = 0; k < t->item_count; k++) {
			if (!item_boxes(p, t->items[k], &s->elements[i].lo[k],
					&s->elements[i].hi[k], &part))
				return false;
			if (!k)
				one = part;
			else if (!intersect(p, &one, &part))
				return false;
		}
		for (k = 0; k < one.count; k++) {
			if (out->count == BOX_MAX)
				return false;
			if (!out->at)
				out->at = pool_array(p->pool, BOX_MAX, sizeof(*out->at));
			out->at[out->count++] = one.at[k];
		}
	}
	return out->count;
}

/*
 * What meets lo..hi begins at hi at the latest and ends at lo at the earliest.  Of a command with several ranges that is
 * said of all of them together, so that each still has to be looked at.
 */
static bool add_overlap(struct boxer *p, struct boxes *out, uint64_t lo, uint64_t hi)
{
	const enum hv_field f = HV_F_DISK_RANGE;
	const size_t base = hv_field_table[f].offset;
	struct class_side v[2] = {
		side(f, offsetof(struct hv_ctx, disk_first) - base, 0, hi),
		side(f, offsetof(struct hv_ctx, disk_last) - base, lo, UINT64_MAX),
	};

	return add_sides(p, out, v, 2);
}

static bool overlap_boxes(struct boxer *p, const struct set *s, struct boxes *out)
{
	size_t i;

	*out = (struct boxes){ .exact = false };
	if (s->dynamic_count || !s->count)
		return false;
	if (s->count > OVERLAP_BOX_MAX)
		return add_overlap(p, out, s->elements[0].lo[0].lo, s->elements[s->count - 1].hi[0].lo);
	for (i = 0; i < s->count; i++)
		add_overlap(p, out, s->elements[i].lo[0].lo, s->elements[i].hi[0].lo);
	return true;
}

/* A large set: whatever its hull does not hold is not in it; `not in` needs presence. */
static bool leaf_boxes(struct boxer *p, const struct expr *e, struct boxes *out)
{
	const struct value *lo, *hi;
	struct span ends[2] = { 0 };
	struct spans s;

	if (e->kind == EXPR_OVERLAPS)
		return overlap_boxes(p, e->set, out);
	if (e->kind != EXPR_IN || e->set->dynamic_count)
		return false;
	if (e->l->kind == EXPR_TUPLE)
		return !e->negated && e->set->count <= BOX_MAX && tuple_boxes(p, e, out);
	if (e->l->kind != EXPR_FIELD)
		return false;
	if (e->negated || !e->set->count || e->set->types[0] == TYPE_IP) {
		s = spans_universe(p->pool, e->l->field);
	} else {
		lo = &e->set->elements[0].lo[0];
		hi = &e->set->elements[e->set->count - 1].hi[0];
		ends[0].lo.lo = lo->lo;
		ends[0].hi.lo = hi->lo;
		s = (struct spans){ ends, 1 };
	}
	if (!spans_boxes(p, e->l->field, s, out))
		return false;
	out->exact = false;
	return true;
}

/* Boxes outside of which @c is false.  False when none are known. */
static bool boxes_of(struct boxer *p, const struct cond *c, struct boxes *out);

static bool or_boxes(struct boxer *p, const struct cond *c, struct boxes *out)
{
	struct boxes part;
	size_t i, k;

	*out = (struct boxes){ .exact = true };
	if (c->kid_count > BOX_MAX)
		return false;
	out->at = pool_array(p->pool, BOX_MAX, sizeof(*out->at));
	for (i = 0; i < c->kid_count; i++) {
		if (!boxes_of(p, c->kids[i], &part) || part.count > BOX_MAX - out->count)
			return false;
		out->exact &= part.exact;
		for (k = 0; k < part.count; k++)
			out->at[out->count++] = part.at[k];
	}
	return true;
}

/*
 * Of `and`, any part that has boxes narrows them; one that would make too many is left to be
 * tested.  @left: which parts are, NULL when that is not asked.
 */
static bool and_boxes(struct boxer *p, const struct cond *c, struct boxes *out, bool *left)
{
	bool any = false, exact = true;
	struct boxes part;
	size_t i;

	for (i = 0; i < c->kid_count; i++) {
		bool taken = boxes_of(p, c->kids[i], &part);

		if (taken && !any)
			*out = part;
		else if (taken)
			taken = intersect(p, out, &part);
		any |= taken;
		if (left)
			left[i] = !taken || !part.exact;
		exact &= taken && part.exact;
	}
	if (!any)
		return false;
	out->exact = exact;	/* a part before the first that has boxes counts too */
	return out->count;
}

static bool boxes_of(struct boxer *p, const struct cond *c, struct boxes *out)
{
	if (++p->nodes > COND_MAX_NODES)
		return false;
	switch (c->kind) {
	case COND_SPANS:
		return spans_boxes(p, c->field, c->spans, out);
	case COND_LEAF:
		return leaf_boxes(p, c->leaf, out);
	case COND_AND:
		return and_boxes(p, c, out, NULL);
	case COND_OR:
		return or_boxes(p, c, out);
	default:
		return false;
	}
}

static struct cond *rest_of(struct boxer *p, struct cond *c, const bool *left)
{
	struct cond *r = pool_alloc(p->pool, sizeof(*r));
	size_t i;

	r->kind = COND_AND;
	r->kids = pool_array(p->pool, c->kid_count, sizeof(*r->kids));
	for (i = 0; i < c->kid_count; i++)
		if (left[i])
			r->kids[r->kid_count++] = c->kids[i];
	if (r->kid_count == 1)
		return r->kids[0];
	if (!r->kid_count)
		r->kind = COND_TRUE;
	return r;
}

bool boxes_and_rest(struct boxer *p, struct cond *c, struct boxes *out, struct cond **rest)
{
	struct cond *always;
	bool *left;

	if (c->kind == COND_AND) {
		left = pool_array(p->pool, c->kid_count, sizeof(*left));
		if (!and_boxes(p, c, out, left))
			return false;
		*rest = rest_of(p, c, left);
		return true;
	}
	if (!boxes_of(p, c, out))
		return false;
	always = pool_alloc(p->pool, sizeof(*always));
	always->kind = COND_TRUE;
	*rest = out->exact ? always : c;
	return true;
}
