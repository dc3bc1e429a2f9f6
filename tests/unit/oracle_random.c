/*
 * oracle_random.c - random policies and contexts: few values, so that they meet
 */
#include "tests/unit/oracle.h"

#include <stdio.h>

#include "compiler/cond.h"
#include "policy/module.h"

static struct pool *pool;
static uint64_t *state;
static enum hv_hook hook;
static bool boxes;		/* conditions that a classifier takes, most of them */

static unsigned pick(unsigned n)
{
	return (unsigned)(random_next(state) % n);
}

static bool one_in(unsigned n)
{
	return !pick(n);
}

static uint64_t number_of(unsigned bits)
{
	uint64_t most = bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1, v;

	switch (pick(8)) {
	case 0:
		return most;
	case 1:
		v = (uint64_t)1 << pick(bits);
		break;
	case 2:
		v = 0x7fffffffull + pick(3);
		break;
	case 3:
		v = most - 1;
		break;
	default:
		v = pick(6);
		break;
	}
	return v & most;
}

static struct value address_of(unsigned family)
{
	struct value v = { .family = (uint8_t)family };

	if (family == 4) {
		v.lo = one_in(4) ? UINT32_MAX - pick(2) : 0x0a000000u + pick(5);
		return v;
	}
	v.hi = one_in(3) ? UINT64_MAX : pick(3);
	v.lo = one_in(3) ? UINT64_MAX : pick(3);
	return v;
}

static enum hv_field any_field(unsigned types)
{
	enum hv_field f;

	do
		f = pick(HV_FIELD_NAMES);
	while (!(hv_field_table[f].hooks & HOOK_BIT(hook)) ||
	       !(types >> hv_field_table[f].type & 1));
	return f;
}

#define NUMBERS	(1u << FIELD_NUM | 1u << FIELD_FLAG | 1u << FIELD_MAC)
#define ADDRESSES	(1u << FIELD_IP | 1u << FIELD_IP4)

static bool is_net(void)
{
	return hook <= HV_HOOK_NET_IN;
}

static struct expr *make(enum expr_kind kind, enum value_type type)
{
	struct expr *e = pool_alloc(pool, sizeof(*e));

	e->kind = kind;
	e->type = type;
	return e;
}

static struct expr *constant(struct value v)
{
	struct expr *e = make(EXPR_CONST, v.family == 4 || v.family == 6 ? TYPE_IP : TYPE_NUM);

	e->value = v;
	return e;
}

static struct expr *field_expr(enum hv_field f)
{
	static const enum value_type type[] = {
		[FIELD_NUM] = TYPE_NUM, [FIELD_FLAG] = TYPE_NUM, [FIELD_MAC] = TYPE_MAC,
		[FIELD_IP] = TYPE_IP, [FIELD_IP4] = TYPE_IP4,
	};
	struct expr *e = make(EXPR_FIELD, type[hv_field_table[f].type]);

	e->field = f;
	return e;
}

static struct expr *number(unsigned depth)
{
	static const uint8_t sizes[] = { 1, 2, 4, 8 };
	struct expr *e;

	switch (depth ? pick(6) : pick(2)) {
	case 0:
		return constant((struct value){ .lo = number_of(64) });
	case 1:
	case 2:
		return field_expr(any_field(NUMBERS));
	case 3:
		e = make(is_net() || one_in(2) ? EXPR_BYTES : EXPR_SECTOR, TYPE_NUM);
		e->area = is_net() ? pick(2) : one_in(2) ? HV_AREA_DATA : HV_AREA_CDB;
		e->l = one_in(3) ? number(depth - 1) :
				   constant((struct value){ .lo = pick(44) });
		e->r = e->kind == EXPR_SECTOR ? number(depth - 1) : NULL;
		e->size = sizes[pick(4)];
		e->little_endian = one_in(2);
		return e;
	default:
		e = make(EXPR_ARITH, TYPE_NUM);
		e->op = (uint8_t)pick(ARITH_SHR + 1);
		e->l = number(depth - 1);
		e->r = number(depth - 1);
		return e;
	}
}

static struct expr *address(void)
{
	return one_in(2) ? constant(address_of(one_in(2) ? 4 : 6)) :
			   field_expr(any_field(ADDRESSES));
}

/* One component of an element. */
static void element_of(enum value_type type, unsigned bits, struct value *lo, struct value *hi)
{
	struct value swap;

	if (type == TYPE_IP) {
		*lo = address_of(one_in(3) ? 6 : 4);
		*hi = one_in(2) ? *lo : address_of(lo->family);
	} else {
		*lo = (struct value){ .lo = number_of(bits) };
		*hi = one_in(2) ? *lo : (struct value){ .lo = number_of(bits) };
	}
	if (lo->hi > hi->hi || (lo->hi == hi->hi && lo->lo > hi->lo)) {
		swap = *lo;
		*lo = *hi;
		*hi = swap;
	}
}

static struct set *new_set(unsigned arity, size_t count)
{
	struct set *s = pool_alloc(pool, sizeof(*s));
	size_t i;

	s->arity = arity;
	s->types = pool_array(pool, arity, sizeof(*s->types));
	s->count = count;
	s->elements = pool_array(pool, count, sizeof(*s->elements));
	for (i = 0; i < count; i++) {
		s->elements[i].lo = pool_array(pool, arity, sizeof(struct value));
		s->elements[i].hi = pool_array(pool, arity, sizeof(struct value));
	}
	return s;
}

/* Sorted, disjoint, merged, as model.h says of scalars. */
static struct set *scalar_set(enum value_type type, unsigned bits, size_t count)
{
	struct span *at = pool_array(pool, count, sizeof(*at));
	struct value lo, hi;
	struct spans merged;
	struct set *s;
	size_t i;

	for (i = 0; i < count; i++) {
		element_of(type, bits, &lo, &hi);
		at[i] = (struct span){ lo.family, { lo.hi, lo.lo }, { hi.hi, hi.lo } };
	}
	merged = spans_make(pool, at, count);
	s = new_set(1, merged.count);
	s->types[0] = type;
	s->source_count = count;
	for (i = 0; i < merged.count; i++) {
		const struct span *m = &merged.at[i];

		s->elements[i].lo[0] = (struct value){ m->lo.hi, m->lo.lo, m->family };
		s->elements[i].hi[0] = (struct value){ m->hi.hi, m->hi.lo, m->family };
	}
	return s;
}

static void add_dynamic(struct set *s)
{
	struct dynamic_element *d = pool_array(pool, 2, sizeof(*d));
	size_t i;

	s->dynamic_count = 1 + pick(2);
	s->dynamic = d;
	for (i = 0; i < s->dynamic_count; i++) {
		d[i].lo = pool_array(pool, 1, sizeof(*d[i].lo));
		d[i].hi = pool_array(pool, 1, sizeof(*d[i].hi));
		d[i].lo[0] = number(2);
		d[i].hi[0] = one_in(2) ? d[i].lo[0] : number(2);
	}
}

static struct expr *tuple_in(void)
{
	struct expr *e = make(EXPR_IN, TYPE_BOOL), *t = make(EXPR_TUPLE, TYPE_TUPLE);
	unsigned n = 2 + pick(2), i, bits[3];
	size_t count = one_in(2) ? pick(4) : 5 + pick(80), k;

	t->items = pool_array(pool, n, sizeof(*t->items));
	t->item_count = n;
	e->l = t;
	e->negated = one_in(3);
	e->set = new_set(n, count);
	for (i = 0; i < n; i++) {
		t->items[i] = is_net() && one_in(3) ? field_expr(any_field(ADDRESSES)) :
			      one_in(5) ? number(1) : field_expr(any_field(NUMBERS));
		e->set->types[i] = t->items[i]->type == TYPE_IP4 ? TYPE_IP : t->items[i]->type;
		bits[i] = t->items[i]->kind == EXPR_FIELD &&
			  hv_field_table[t->items[i]->field].bits <= 64 ?
			  hv_field_table[t->items[i]->field].bits : 64;
		for (k = 0; k < count; k++)
			element_of(e->set->types[i], bits[i], &e->set->elements[k].lo[i],
				   &e->set->elements[k].hi[i]);
	}
	return e;
}

static struct expr *scalar_in(void)
{
	struct expr *e = make(EXPR_IN, TYPE_BOOL);
	size_t count = one_in(3) ? pick(6) : pick(40);
	enum hv_field f;

	e->negated = one_in(3);
	if (is_net() && one_in(2)) {
		e->l = address();
		e->set = scalar_set(TYPE_IP, 128, count);
	} else if (one_in(4)) {
		e->l = number(2);
		e->set = scalar_set(TYPE_NUM, 64, count);
	} else {
		f = any_field(NUMBERS);
		e->l = field_expr(f);
		e->set = scalar_set(e->l->type, hv_field_table[f].bits, count);
	}
	if (e->l->type == TYPE_NUM && one_in(3))
		add_dynamic(e->set);
	return e;
}

static struct expr *has(void)
{
	struct expr *e = make(EXPR_HAS, TYPE_BOOL);
	struct pattern *p = pool_alloc(pool, sizeof(*p));

	p->flags = pick(4);
	e->query.area = is_net() ? HV_AREA_PAYLOAD : HV_AREA_DATA;
	e->query.patterns = pool_array(pool, 1, sizeof(p));
	e->query.patterns[0] = p;
	e->query.pattern_count = 1;
	return e;
}

static struct expr *overlaps(void)
{
	struct expr *e = make(EXPR_OVERLAPS, TYPE_BOOL);

	e->set = scalar_set(TYPE_NUM, 48, pick(8));
	if (one_in(2))
		add_dynamic(e->set);
	return e;
}

static struct expr *simple(void)
{
	struct expr *e = make(EXPR_CMP, TYPE_BOOL), *swap;
	enum hv_field f;

	if (is_net() && one_in(3)) {
		e->op = one_in(2) ? CMP_EQ : CMP_NE;
		e->l = field_expr(any_field(ADDRESSES));
		e->r = address();
	} else {
		f = any_field(NUMBERS);
		e->op = (uint8_t)(one_in(2) ? CMP_EQ : pick(CMP_GE + 1));
		e->l = field_expr(f);
		e->r = constant((struct value){ .lo = number_of(hv_field_table[f].bits) });
	}
	if (one_in(4)) {
		swap = e->l;
		e->l = e->r;
		e->r = swap;
	}
	return e;
}

static struct expr *leaf(void)
{
	struct expr *e;

	switch (pick(12)) {
	case 0:
		e = make(EXPR_BOOL, TYPE_BOOL);
		e->truth = one_in(2);
		return e;
	case 1:
		return has();
	case 2:
		return is_net() ? tuple_in() : overlaps();
	case 3:
		return tuple_in();
	case 4:
		e = make(EXPR_CMP, TYPE_BOOL);
		e->op = (uint8_t)pick(CMP_GE + 1);
		e->l = number(4);
		e->r = number(3);
		return e;
	case 5:
	case 6:
		return scalar_in();
	case 7:
		if (!is_net())
			return simple();
		e = make(EXPR_FLAG, TYPE_BOOL);
		e->field = any_field(1u << FIELD_FLAG);
		return e;
	default:
		return simple();
	}
}

static struct expr *condition(unsigned depth)
{
	enum expr_kind kind;
	struct expr *e, *chain;
	unsigned n;

	if (!depth || one_in(4))
		return !boxes || one_in(40) ? leaf() : one_in(4) ? simple() :
		       one_in(4) ? tuple_in() : scalar_in();
	if (one_in(boxes ? 100 : 5)) {
		e = make(EXPR_NOT, TYPE_BOOL);
		e->l = condition(depth - 1);
		return e;
	}
	kind = one_in(2) ? EXPR_AND : EXPR_OR;
	e = condition(depth - 1);
	for (n = 1 + pick(3); n--; e = chain) {
		chain = make(kind, TYPE_BOOL);
		chain->l = e;
		chain->r = one_in(8) ? e : condition(depth - 1);
	}
	return e;
}

static struct action *action(enum action_kind kind)
{
	struct action *a = pool_alloc(pool, sizeof(*a));

	a->kind = kind;
	return a;
}

static struct rule *rule(unsigned number)
{
	static const enum action_kind ends[] = { ACTION_PASS, ACTION_DROP, ACTION_DROP_SILENTLY };
	struct rule *r = pool_alloc(pool, sizeof(*r));
	char *label = pool_alloc(pool, 16);

	snprintf(label, 16, "r%u", number);
	r->label = label;
	r->condition = one_in(boxes ? 200 : 20) ? NULL : condition(boxes ? pick(2) : pick(4));
	r->actions = action(ACTION_LOG);
	if (one_in(boxes ? 12 : 3))
		r->actions->next = action(ends[pick(3)]);
	return r;
}

struct model *random_model(struct pool *p, uint64_t *s, enum hv_hook h, unsigned rules,
			   bool classes)
{
	struct model *m = pool_alloc(p, sizeof(*m));
	struct rule **tail = &m->hooks[h].rules;
	unsigned i;

	pool = p;
	boxes = classes;
	state = s;
	hook = h;
	m->name = "random";
	m->hooks[h].present = true;
	m->hooks[h].default_verdict = one_in(2) ? HV_PASS : HV_DROP;
	m->hooks[h].count = rules;
	for (i = 0; i < rules; i++) {
		*tail = rule(i);
		tail = &(*tail)->next;
	}
	return m;
}

/* Absent words are 0; the address family is 4 or 6 where an address is there. */
void random_world(struct world *w, uint64_t *s, enum hv_hook h)
{
	unsigned f;
	bool ip;

	state = s;
	hook = h;
	*w = (struct world){ .seed = random_next(s), .range_lo = pick(8) };
	w->range_hi = w->range_lo + pick(4);
	/* of several ranges the ends are further apart than those of one */
	w->ctx.disk_first = w->range_lo - (w->range_lo && one_in(2));
	w->ctx.disk_last = w->range_hi + one_in(2);
	w->ctx.size = sizeof(w->ctx);
	w->ctx.hook = h;
	ip = !one_in(4);
	for (f = 0; f < HV_FIELDS; f++) {
		const struct field_info *fi = &hv_field_table[f];
		uint64_t *word = (uint64_t *)((uint8_t *)&w->ctx + fi->offset);

		if (!(fi->hooks & HOOK_BIT(h)))
			continue;
		if (f == HV_F_IP_VERSION || fi->type == FIELD_IP ? !ip : one_in(3))
			continue;
		w->ctx.present |= (uint64_t)1 << f;
		if (f == HV_F_IP_VERSION) {
			*word = one_in(2) ? 4 : 6;
		} else if (fi->type == FIELD_IP) {
			struct value v = address_of((unsigned)w->ctx.ip_version);

			word[0] = v.hi;
			word[1] = v.lo;
		} else if (fi->type == FIELD_IP4) {
			*word = address_of(4).lo;
		} else if (fi->type != FIELD_RANGE) {
			*word = number_of(fi->bits);
		}
	}
}
