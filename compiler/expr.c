/*
 * expr.c - makes the model's expressions: sizes and hooks kept, constants folded
 */
#include "compiler/expr.h"

#include <string.h>

#include "compiler/limit.h"
#include "compiler/value.h"

unsigned area_hooks(enum hv_area area)
{
	switch (area) {
	case HV_AREA_FRAME: case HV_AREA_PAYLOAD:
		return HOOKS_NET;
	case HV_AREA_DATA:
		return HOOKS_RW;
	default:
		return HOOKS_DISK;
	}
}

struct expr *expr_new(struct pool *p, enum expr_kind kind, enum value_type type, struct loc loc)
{
	struct expr *e = pool_alloc(p, sizeof(*e));

	e->kind = kind;
	e->type = type;
	e->loc = loc;
	e->depth = 1;
	e->nodes = 1;
	e->hooks = HOOKS_ALL;
	return e;
}

static void count_in(struct expr *e, const struct expr *child)
{
	if (!child)
		return;
	if (child->depth >= e->depth)
		e->depth = child->depth < UINT16_MAX ? (uint16_t)(child->depth + 1) : UINT16_MAX;
	if (__builtin_add_overflow(e->nodes, child->nodes, &e->nodes))
		e->nodes = UINT32_MAX;
	e->hooks &= child->hooks;
	e->searches |= child->searches;
}

/* What joins conditions: defines share these, so their sums are kept and not made again. */
static bool joins(const struct expr *e)
{
	return e->kind == EXPR_NOT || e->kind == EXPR_AND || e->kind == EXPR_OR;
}

static int joined_truth(const struct expr *e)
{
	int l = expr_truth(e->l), r = e->r ? expr_truth(e->r) : -1;

	if (e->kind == EXPR_NOT)
		return l < 0 ? -1 : !l;
	if (e->kind == EXPR_AND)
		return l == 0 || r == 0 ? 0 : l == 1 && r == 1 ? 1 : -1;
	return l == 1 || r == 1 ? 1 : l == 0 && r == 0 ? 0 : -1;
}

static uint64_t hash_of(const struct expr *e);

struct expr *expr_finish(struct expr *e)
{
	unsigned hooks = HOOKS_ALL;

	if (e->kind == EXPR_FIELD || e->kind == EXPR_FLAG)
		hooks = hv_field_table[e->field].hooks;
	else if (e->kind == EXPR_BYTES)
		hooks = area_hooks(e->area);
	else if (e->kind == EXPR_HAS)
		hooks = area_hooks(e->query.area);
	else if (e->kind == EXPR_SECTOR)
		hooks = HOOKS_RW;
	else if (e->kind == EXPR_OVERLAPS)
		hooks = hv_field_table[HV_F_DISK_RANGE].hooks;
	e->depth = 1;
	e->nodes = 1;
	e->hooks = (uint8_t)hooks;
	e->searches = e->kind == EXPR_HAS;
	count_in(e, e->l);
	count_in(e, e->r);
	for (size_t i = 0; i < e->item_count; i++)
		count_in(e, e->items[i]);
	for (size_t i = 0; e->set && i < e->set->dynamic_count; i++) {
		for (unsigned k = 0; k < e->set->arity; k++) {
			count_in(e, e->set->dynamic[i].lo[k]);
			count_in(e, e->set->dynamic[i].hi[k]);
		}
	}
	if (joins(e)) {
		e->known = (int8_t)joined_truth(e);
		e->hash = hash_of(e);
	}
	return e;
}

struct expr *expr_const(struct pool *p, const struct value *v, struct loc loc)
{
	enum value_type type = v->family == 48 ? TYPE_MAC : v->family ? TYPE_IP : TYPE_NUM;
	struct expr *e = expr_new(p, EXPR_CONST, type, loc);

	e->value = *v;
	return e;
}

struct expr *expr_bool(struct pool *p, bool truth, struct loc loc)
{
	struct expr *e = expr_new(p, EXPR_BOOL, TYPE_BOOL, loc);

	e->truth = truth;
	return e;
}

/* Modulo 2^64; shifts of 64 and more give 0. */
static uint64_t compute(enum arith_op op, uint64_t l, uint64_t r)
{
	switch (op) {
	case ARITH_ADD:
		return l + r;
	case ARITH_SUB:
		return l - r;
	case ARITH_AND:
		return l & r;
	case ARITH_OR:
		return l | r;
	case ARITH_XOR:
		return l ^ r;
	case ARITH_SHL:
		return r < 64 ? l << r : 0;
	case ARITH_SHR:
		return r < 64 ? l >> r : 0;
	}
	return 0;
}

struct expr *expr_arith(struct pool *p, enum arith_op op, struct expr *l, struct expr *r,
			struct loc loc)
{
	struct expr *e;

	if (l->kind == EXPR_CONST && r->kind == EXPR_CONST) {
		struct value v = { .lo = compute(op, l->value.lo, r->value.lo) };

		return expr_const(p, &v, loc);
	}
	e = expr_new(p, EXPR_ARITH, TYPE_NUM, loc);
	e->op = (uint8_t)op;
	e->l = l;
	e->r = r;
	return expr_finish(e);
}

static bool holds(enum cmp_op op, int order)
{
	switch (op) {
	case CMP_EQ:
		return order == 0;
	case CMP_NE:
		return order != 0;
	case CMP_LT:
		return order < 0;
	case CMP_LE:
		return order <= 0;
	case CMP_GT:
		return order > 0;
	case CMP_GE:
		return order >= 0;
	}
	return false;
}

struct expr *expr_cmp(struct pool *p, enum cmp_op op, struct expr *l, struct expr *r,
		      struct loc loc)
{
	struct expr *e;

	if (l->kind == EXPR_CONST && r->kind == EXPR_CONST)
		return expr_bool(p, holds(op, value_compare(&l->value, &r->value)), loc);
	e = expr_new(p, EXPR_CMP, TYPE_BOOL, loc);
	e->op = (uint8_t)op;
	e->l = l;
	e->r = r;
	return expr_finish(e);
}

struct expr *expr_chain(struct pool *p, enum expr_kind kind, struct expr **items, size_t count)
{
	struct expr *e;

	if (count == 1)
		return items[0];
	e = expr_new(p, kind, TYPE_BOOL, items[0]->loc);
	e->l = expr_chain(p, kind, items, (count + 1) / 2);
	e->r = expr_chain(p, kind, items + (count + 1) / 2, count / 2);
	if (e->l->loc.src == e->r->loc.src && e->r->loc.last > e->loc.first)
		e->loc.last = e->r->loc.last;
	return expr_finish(e);
}

uint64_t expr_max(const struct expr *e)
{
	uint64_t l, r;

	switch (e->kind) {
	case EXPR_CONST:
		return e->value.lo;
	case EXPR_FIELD:
		return hv_field_table[e->field].bits >= 64 ? UINT64_MAX :
		       ((uint64_t)1 << hv_field_table[e->field].bits) - 1;
	case EXPR_BYTES: case EXPR_SECTOR:
		return e->size >= 8 ? UINT64_MAX : ((uint64_t)1 << e->size * 8) - 1;
	case EXPR_ARITH:
		if (e->op == ARITH_AND) {
			l = expr_max(e->l);
			r = expr_max(e->r);
			return l < r ? l : r;
		}
		if (e->op == ARITH_SHR && e->r->kind == EXPR_CONST)
			return compute(ARITH_SHR, expr_max(e->l), e->r->value.lo);
		return UINT64_MAX;
	default:
		return UINT64_MAX;
	}
}

/* A comparison with a constant that no value of the other side can meet. */
static bool never(const struct expr *e)
{
	const struct expr *c = e->r, *x = e->l;
	enum cmp_op op = e->op;

	if (x->kind == EXPR_CONST) {
		static const enum cmp_op mirrored[] = {
			[CMP_EQ] = CMP_EQ, [CMP_NE] = CMP_NE, [CMP_LT] = CMP_GT,
			[CMP_LE] = CMP_GE, [CMP_GT] = CMP_LT, [CMP_GE] = CMP_LE,
		};

		c = e->l;
		x = e->r;
		op = mirrored[op];
	}
	if (c->kind != EXPR_CONST || x->type != TYPE_NUM || c->type != TYPE_NUM)
		return false;
	switch (op) {
	case CMP_EQ: case CMP_GE:
		return c->value.lo > expr_max(x);
	case CMP_GT:
		return c->value.lo >= expr_max(x);
	case CMP_LT:
		return c->value.lo == 0;
	default:
		return false;
	}
}

int expr_truth(const struct expr *e)
{
	switch (e->kind) {
	case EXPR_BOOL:
		return e->truth;
	case EXPR_NOT: case EXPR_AND: case EXPR_OR:
		return e->known;
	case EXPR_CMP:
		return never(e) ? 0 : -1;
	case EXPR_IN:
		return !e->negated && !e->set->count && !e->set->dynamic_count ? 0 : -1;
	case EXPR_OVERLAPS:
		return !e->set->count && !e->set->dynamic_count ? 0 : -1;
	case EXPR_HAS:
		return e->query.pattern_count ? -1 : 0;
	default:
		return -1;
	}
}

/* ---- sameness ---- */

/* Sets by their elements: `in { 80 }` twice is the same condition. */
static bool equal_sets(const struct set *a, const struct set *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->dynamic_count || b->dynamic_count || a->arity != b->arity ||
	    a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		for (unsigned k = 0; k < a->arity; k++)
			if (value_compare(&a->elements[i].lo[k], &b->elements[i].lo[k]) ||
			    value_compare(&a->elements[i].hi[k], &b->elements[i].hi[k]))
				return false;
	return true;
}

static bool equal_patterns(const struct pattern *a, const struct pattern *b)
{
	if (a == b)
		return true;
	return a->kind == b->kind && a->kind != PATTERN_HEX && a->flags == b->flags &&
	       a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

uint64_t expr_hash(const struct expr *e)
{
	return joins(e) ? e->hash : hash_of(e);
}

static uint64_t hash_of(const struct expr *e)
{
	uint64_t h = mix(e->kind, (uint64_t)e->op << 8 | e->negated);

	h = mix(h, e->kind == EXPR_CONST ? e->value.lo ^ e->value.hi : e->field);
	if (e->set && e->set->count)
		h = mix(h, e->set->count ^ e->set->elements[0].lo->lo);
	if (e->l)
		h = mix(h, expr_hash(e->l));
	if (e->r)
		h = mix(h, expr_hash(e->r));
	for (size_t i = 0; i < e->item_count; i++)
		h = mix(h, expr_hash(e->items[i]));
	if (e->kind == EXPR_HAS)
		for (size_t i = 0; i < e->query.pattern_count; i++)
			h = mix(h, e->query.patterns[i]->len);
	return h;
}

static bool equal_queries(const struct query *a, const struct query *b)
{
	if (a->area != b->area || a->position != b->position || a->first != b->first ||
	    a->last != b->last || a->every != b->every || a->pattern_count != b->pattern_count)
		return false;
	for (size_t i = 0; i < a->pattern_count; i++)
		if (!equal_patterns(a->patterns[i], b->patterns[i]))
			return false;
	return true;
}

static bool equal_child(const struct expr *a, const struct expr *b)
{
	return a == b || (a && b && expr_equal(a, b));
}

bool expr_equal(const struct expr *a, const struct expr *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || a->op != b->op || a->negated != b->negated ||
	    a->truth != b->truth || a->little_endian != b->little_endian || a->size != b->size ||
	    a->area != b->area || a->field != b->field || !equal_sets(a->set, b->set) ||
	    a->item_count != b->item_count || a->nodes != b->nodes)
		return false;
	if (a->kind == EXPR_CONST && value_compare(&a->value, &b->value))
		return false;
	if (a->kind == EXPR_HAS && !equal_queries(&a->query, &b->query))
		return false;
	for (size_t i = 0; i < a->item_count; i++)
		if (!expr_equal(a->items[i], b->items[i]))
			return false;
	return equal_child(a->l, b->l) && equal_child(a->r, b->r);
}
