/*
 * spans.c - sets of values as sorted intervals: make, complement, from comparisons
 */
#include "compiler/cond.h"

#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 u128;

static u128 wide(uint64_t hi, uint64_t lo)
{
	return (u128)hi << 64 | lo;
}

static u128 low(const struct span *s)
{
	return wide(s->lo.hi, s->lo.lo);
}

static u128 high(const struct span *s)
{
	return wide(s->hi.hi, s->hi.lo);
}

static struct span span_of(uint8_t family, u128 lo, u128 hi)
{
	return (struct span){
		.family = family,
		.lo = { (uint64_t)(lo >> 64), (uint64_t)lo },
		.hi = { (uint64_t)(hi >> 64), (uint64_t)hi },
	};
}

static int by_low(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	if (low(x) != low(y))
		return low(x) < low(y) ? -1 : 1;
	return 0;
}

struct spans spans_make(struct pool *p, const struct span *s, size_t count)
{
	struct span *at;
	size_t i, n = 0;

	if (!count)
		return (struct spans){ NULL, 0 };
	at = pool_array(p, count, sizeof(*at));
	memcpy(at, s, count * sizeof(*at));
	qsort(at, count, sizeof(*at), by_low);
	for (i = 1; i < count; i++) {
		/* high + 1 may wrap, then everything of this family is inside already */
		if (at[i].family == at[n].family &&
		    (low(&at[i]) <= high(&at[n]) || low(&at[i]) == high(&at[n]) + 1)) {
			if (high(&at[i]) > high(&at[n]))
				at[n].hi = at[i].hi;
		} else {
			at[++n] = at[i];
		}
	}
	return (struct spans){ at, n + 1 };
}

bool spans_within(struct spans a, struct spans b)
{
	size_t i, j = 0;

	for (i = 0; i < a.count; i++) {
		while (j < b.count && (b.at[j].family < a.at[i].family ||
				       (b.at[j].family == a.at[i].family &&
					high(&b.at[j]) < low(&a.at[i]))))
			j++;
		if (j == b.count || b.at[j].family != a.at[i].family ||
		    low(&b.at[j]) > low(&a.at[i]) || high(&b.at[j]) < high(&a.at[i]))
			return false;
	}
	return true;
}

/* The families of a field and the largest value of each. */
static unsigned families(enum hv_field field, uint8_t family[2], u128 most[2])
{
	const struct field_info *fi = &hv_field_table[field];

	switch (fi->type) {
	case FIELD_IP:
		family[0] = 4;
		most[0] = UINT32_MAX;
		family[1] = 6;
		most[1] = ~(u128)0;
		return 2;
	case FIELD_IP4:
		family[0] = 4;
		most[0] = UINT32_MAX;
		return 1;
	default:
		family[0] = 0;
		most[0] = fi->bits >= 64 ? UINT64_MAX : ((u128)1 << fi->bits) - 1;
		return 1;
	}
}

struct spans spans_universe(struct pool *p, enum hv_field field)
{
	return spans_complement(p, field, (struct spans){ NULL, 0 });
}

struct spans spans_complement(struct pool *p, enum hv_field field, struct spans s)
{
	struct span *at = pool_array(p, s.count + 2, sizeof(*at));
	uint8_t family[2];
	u128 most[2], from;
	unsigned f, n = families(field, family, most);
	size_t i = 0, count = 0;
	bool full;

	for (f = 0; f < n; f++) {
		while (i < s.count && s.at[i].family < family[f])
			i++;
		for (from = 0, full = false; i < s.count && s.at[i].family == family[f]; i++) {
			if (low(&s.at[i]) > from)
				at[count++] = span_of(family[f], from, low(&s.at[i]) - 1);
			full = high(&s.at[i]) >= most[f];
			from = high(&s.at[i]) + 1;
		}
		if (!full)
			at[count++] = span_of(family[f], from, most[f]);
	}
	return (struct spans){ at, count };
}

/* Cut to what the field can hold: two complements. */
static struct spans cut(struct pool *p, enum hv_field field, struct spans s)
{
	return spans_complement(p, field, spans_complement(p, field, s));
}

static uint8_t family_of(const struct value *v)
{
	return v->family == 48 ? 0 : v->family;
}

struct spans spans_of_cmp(struct pool *p, enum hv_field field, enum cmp_op op,
			  const struct value *v)
{
	uint8_t family = family_of(v);
	u128 x = wide(v->hi, v->lo), most = family == 6 ? ~(u128)0 : UINT64_MAX;
	struct span s = span_of(family, x, x);
	struct spans r = { NULL, 0 };

	switch (op) {
	case CMP_EQ:
		break;
	case CMP_NE:
		return spans_complement(p, field, spans_make(p, &s, 1));
	case CMP_LT:
		if (!x)
			return r;
		s = span_of(family, 0, x - 1);
		break;
	case CMP_LE:
		s = span_of(family, 0, x);
		break;
	case CMP_GT:
		if (x == most)
			return r;
		s = span_of(family, x + 1, most);
		break;
	case CMP_GE:
		s = span_of(family, x, most);
		break;
	}
	return cut(p, field, spans_make(p, &s, 1));
}

struct spans spans_of_set(struct pool *p, enum hv_field field, const struct set *s, bool negated)
{
	struct span *at = pool_array(p, s->count, sizeof(*at));
	struct spans r;
	size_t i;

	for (i = 0; i < s->count; i++) {
		const struct value *lo = &s->elements[i].lo[0], *hi = &s->elements[i].hi[0];

		at[i] = span_of(family_of(lo), wide(lo->hi, lo->lo), wide(hi->hi, hi->lo));
	}
	r = spans_make(p, at, s->count);
	return negated ? spans_complement(p, field, r) : cut(p, field, r);
}
