/*
 * oracle.c - what language.md says a condition means, straight from the model's trees
 */
#include "tests/unit/oracle.h"

uint64_t random_next(uint64_t *state)
{
	/* xorshift64* */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t s = (a ^ (b + 0x9e3779b97f4a7c15ull)) | 1;

	random_next(&s);
	return random_next(&s) >> 8;
}

enum truth world_find(const struct world *w, const struct query *q)
{
	/* a query's first pattern carries its number, see random_query() */
	return (enum truth)(mix(w->seed, q->patterns[0]->flags) % 3);
}

int world_byte(const struct world *w, uint64_t area, uint64_t offset)
{
	return offset < 40 ? (int)(mix(w->seed ^ area, offset) % 3) : -1;
}

bool world_overlaps(const struct world *w, uint64_t lo, uint64_t hi)
{
	return lo <= hi && w->ctx.present >> HV_F_DISK_RANGE & 1 && lo <= w->range_hi &&
	       hi >= w->range_lo;
}

static bool field(const struct world *w, enum hv_field f, struct value *v)
{
	const struct field_info *fi = &hv_field_table[f];
	const uint64_t *word = (const uint64_t *)((const uint8_t *)&w->ctx + fi->offset);

	*v = (struct value){ .lo = field_value(&w->ctx, f) };
	if (fi->type == FIELD_IP) {
		v->hi = word[0];
		v->family = (uint8_t)w->ctx.ip_version;
	} else if (fi->type == FIELD_IP4) {
		v->family = 4;
	}
	return field_is_present(&w->ctx, f);
}

/* False when it is absent. */
static bool value(const struct world *w, const struct expr *e, struct value *v);

static bool bytes(const struct world *w, const struct expr *e, struct value *v)
{
	struct value area = { .lo = e->area }, offset;
	unsigned i, n = e->size;
	int b;

	*v = (struct value){ 0 };
	if (e->kind == EXPR_SECTOR) {
		if (!value(w, e->l, &area) || !value(w, e->r, &offset))
			return false;
		area.lo = ~area.lo;
	} else if (!value(w, e->l, &offset)) {
		return false;
	}
	for (i = 0; i < n; i++) {
		b = world_byte(w, area.lo, offset.lo + (e->little_endian ? n - 1 - i : i));
		if (b < 0)
			return false;
		v->lo = v->lo << 8 | (unsigned)b;
	}
	return true;
}

static bool value(const struct world *w, const struct expr *e, struct value *v)
{
	struct value l, r;

	switch (e->kind) {
	case EXPR_CONST:
		*v = e->value;
		return true;
	case EXPR_FIELD:
		return field(w, e->field, v);
	case EXPR_BYTES:
	case EXPR_SECTOR:
		return bytes(w, e, v);
	default:
		break;
	}
	if (!value(w, e->l, &l) || !value(w, e->r, &r))
		return false;
	*v = (struct value){ 0 };
	switch ((enum arith_op)e->op) {
	case ARITH_ADD:
		v->lo = l.lo + r.lo;
		break;
	case ARITH_SUB:
		v->lo = l.lo - r.lo;
		break;
	case ARITH_AND:
		v->lo = l.lo & r.lo;
		break;
	case ARITH_OR:
		v->lo = l.lo | r.lo;
		break;
	case ARITH_XOR:
		v->lo = l.lo ^ r.lo;
		break;
	case ARITH_SHL:
		v->lo = r.lo < 64 ? l.lo << r.lo : 0;
		break;
	case ARITH_SHR:
		v->lo = r.lo < 64 ? l.lo >> r.lo : 0;
		break;
	}
	return true;
}

static uint8_t family(const struct value *v)
{
	return v->family == 48 ? 0 : v->family;
}

static int order(const struct value *a, const struct value *b)
{
	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

static bool same(const struct value *a, const struct value *b)
{
	return family(a) == family(b) && !order(a, b);
}

static enum truth compare(const struct world *w, const struct expr *e)
{
	struct value l, r;

	if (!value(w, e->l, &l) || !value(w, e->r, &r))
		return NO;
	switch ((enum cmp_op)e->op) {
	case CMP_EQ:
		return same(&l, &r) ? YES : NO;
	case CMP_NE:
		return same(&l, &r) ? NO : YES;
	case CMP_LT:
		return order(&l, &r) < 0 ? YES : NO;
	case CMP_LE:
		return order(&l, &r) <= 0 ? YES : NO;
	case CMP_GT:
		return order(&l, &r) > 0 ? YES : NO;
	case CMP_GE:
		return order(&l, &r) >= 0 ? YES : NO;
	}
	return NO;
}

static bool between(const struct value *v, const struct value *lo, const struct value *hi)
{
	return family(v) == family(lo) && family(v) == family(hi) && order(v, lo) >= 0 &&
	       order(v, hi) <= 0;
}

static enum truth in(const struct world *w, const struct expr *e)
{
	bool tuple = e->l->kind == EXPR_TUPLE, absent = false, there;
	size_t i, k, n = tuple ? e->l->item_count : 1;
	struct value v[8], lo, hi;

	for (k = 0; k < n; k++)
		if (!value(w, tuple ? e->l->items[k] : e->l, &v[k]))
			return NO;
	for (i = 0; i < e->set->count; i++) {
		for (k = 0; k < n; k++)
			if (!between(&v[k], &e->set->elements[i].lo[k], &e->set->elements[i].hi[k]))
				break;
		if (k == n)
			return e->negated ? NO : YES;
	}
	for (i = 0; i < e->set->dynamic_count; i++) {
		for (k = 0; k < n; k++) {
			there = value(w, e->set->dynamic[i].lo[k], &lo);
			there &= value(w, e->set->dynamic[i].hi[k], &hi);
			absent |= !there;
			if (!there || !between(&v[k], &lo, &hi))
				break;
		}
		if (k == n)
			return e->negated ? NO : YES;
	}
	return e->negated && !absent ? YES : NO;
}

static enum truth overlaps(const struct world *w, const struct expr *e)
{
	const struct set *s = e->set;
	struct value lo, hi;
	size_t i;

	for (i = 0; i < s->count; i++)
		if (world_overlaps(w, s->elements[i].lo[0].lo, s->elements[i].hi[0].lo))
			return YES;
	for (i = 0; i < s->dynamic_count; i++)
		if (value(w, s->dynamic[i].lo[0], &lo) && value(w, s->dynamic[i].hi[0], &hi) &&
		    world_overlaps(w, lo.lo, hi.lo))
			return YES;
	return NO;
}

/* Kleene's strong logic. */
enum truth oracle(const struct world *w, const struct expr *e)
{
	enum truth l, r, decides;
	struct value v;

	switch (e->kind) {
	case EXPR_BOOL:
		return e->truth ? YES : NO;
	case EXPR_CMP:
		return compare(w, e);
	case EXPR_IN:
		return in(w, e);
	case EXPR_OVERLAPS:
		return overlaps(w, e);
	case EXPR_HAS:
		return world_find(w, &e->query);
	case EXPR_FLAG:
		return field(w, e->field, &v) && v.lo ? YES : NO;
	case EXPR_NOT:
		l = oracle(w, e->l);
		return l == UNKNOWN ? UNKNOWN : l == YES ? NO : YES;
	case EXPR_AND:
	case EXPR_OR:
		decides = e->kind == EXPR_OR ? YES : NO;
		l = oracle(w, e->l);
		r = oracle(w, e->r);
		if (l == decides || r == decides)
			return decides;
		return l == UNKNOWN || r == UNKNOWN ? UNKNOWN : decides == YES ? NO : YES;
	default:
		return NO;
	}
}

bool oracle_rule(const struct world *w, const struct rule *r)
{
	enum truth t = r->condition ? oracle(w, r->condition) : YES;
	const struct action *a;

	if (t != UNKNOWN)
		return t == YES;
	for (a = r->actions; a; a = a->next)
		if (a->kind == ACTION_PASS)
			return false;
	return true;
}
