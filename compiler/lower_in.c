/*
 * lower_in.c - membership: spans, sets, tuples, ranges of sectors
 */
#include "compiler/gen.h"

#define INLINE_SPANS	4u	/* compared one by one; more become a set */
#define MAX_ITEMS	SET_MAX_WORDS

/* One component of what is looked up. */
struct item {
	bool address;
	struct operand number;
	struct ip_operand ip;
};

/* The words of a key on the stack, ascending. */
struct key {
	unsigned top;		/* slot of the first word */
	unsigned words;
};

static struct operand constant(uint64_t value)
{
	return (struct operand){ .is_const = true, .value = value };
}

static bool same(struct operand a, struct operand b)
{
	return a.is_const == b.is_const && a.loc == b.loc && a.value == b.value;
}

static bool is(struct operand o, uint64_t value)
{
	return o.is_const && o.value == value;
}

/* Go to @miss unless a == b. */
static void need_equal(struct gen *g, struct operand a, struct operand b, uint32_t miss)
{
	if (same(a, b))
		return;
	if (a.is_const && b.is_const)
		gen_ja(g, miss);
	else if (a.is_const)
		gen_jump_operands(g, OP_JNE, b, a, miss);
	else
		gen_jump_operands(g, OP_JNE, a, b, miss);
}

/* Go to @miss unless lo <= x <= hi. */
static void need_range(struct gen *g, struct operand x, struct operand lo, struct operand hi,
		       uint32_t miss)
{
	if (same(lo, hi)) {
		need_equal(g, x, lo, miss);
		return;
	}
	if (!is(lo, 0))
		gen_jump_operands(g, OP_JLT, x, lo, miss);
	if (!is(hi, UINT64_MAX))
		gen_jump_operands(g, OP_JGT, x, hi, miss);
}

/* Go to @miss unless x >= lo (@op OP_JLT) or x <= hi (OP_JGT), of two words each. */
static void need_bound(struct gen *g, uint8_t op, const struct ip_operand *x,
		       const struct ip_operand *bound, uint32_t miss)
{
	uint64_t idle = op == OP_JLT ? 0 : UINT64_MAX;
	uint32_t inside;

	if (is(bound->hi, idle) && is(bound->lo, idle))
		return;
	gen_jump_operands(g, op, x->hi, bound->hi, miss);
	if (is(bound->lo, idle))
		return;
	inside = gen_label(g);
	gen_jump_operands(g, OP_JNE, x->hi, bound->hi, inside);
	gen_jump_operands(g, op, x->lo, bound->lo, miss);
	gen_place(g, inside);
}

static void need_address(struct gen *g, const struct ip_operand *x, const struct ip_operand *lo,
			 const struct ip_operand *hi, uint32_t miss)
{
	need_equal(g, x->family, lo->family, miss);
	if (!same(lo->family, hi->family))
		need_equal(g, x->family, hi->family, miss);
	if (same(lo->hi, hi->hi)) {
		/* an IPv4 address has no high word */
		if (!is(lo->family, 4))
			need_equal(g, x->hi, lo->hi, miss);
		need_range(g, x->lo, lo->lo, hi->lo, miss);
		return;
	}
	need_bound(g, OP_JLT, x, lo, miss);
	need_bound(g, OP_JGT, x, hi, miss);
}

static struct ip_operand address(uint8_t family, uint64_t hi, uint64_t lo)
{
	return (struct ip_operand){ constant(family), constant(hi), constant(lo) };
}

uint32_t gen_set_number(struct gen *g, const struct set *s)
{
	void **slot = ptr_map_slot(&g->set_numbers, g->pool, s);
	struct set *fixed;
	uint32_t number;

	if (*slot)
		return (uint32_t)((uintptr_t)*slot - 1);
	fixed = pool_alloc(g->pool, sizeof(*fixed));
	*fixed = *s;
	fixed->dynamic = NULL;
	fixed->dynamic_count = 0;
	number = set_builder_add(g->sets, fixed);
	*ptr_map_slot(&g->set_numbers, g->pool, s) = (void *)((uintptr_t)number + 1);
	return number;
}

static void put_word(struct gen *g, struct key *k, unsigned i, struct operand o)
{
	gen_store(g, k->top - i, gen_value(g, o));
}

/* Go to @yes when the items are in the set, else to @no. */
static void look_up(struct gen *g, uint32_t set, const struct item *items, size_t count,
		    uint32_t yes, uint32_t no)
{
	struct key k = { 0 };
	unsigned word = 0;
	size_t i;

	for (i = 0; i < count; i++)
		k.words += items[i].address ? 3 : 1;
	k.top = gen_slot(g, k.words);
	for (i = 0; i < count; i++) {
		if (items[i].address) {
			put_word(g, &k, word++, items[i].ip.family);
			put_word(g, &k, word++, items[i].ip.hi);
			put_word(g, &k, word++, items[i].ip.lo);
		} else {
			put_word(g, &k, word++, items[i].number);
		}
	}
	gen_slot_address(g, R3, k.top);
	gen_call_row(g, CALL_hv_in, set);
	gen_jump_imm(g, OP_JNE, R0, 0, yes);
	gen_ja(g, no);
}

static struct item item_of_field(struct gen *g, enum hv_field field)
{
	struct expr e = { .kind = EXPR_FIELD, .field = field };
	const struct field_info *fi = &hv_field_table[field];
	struct item it = { .address = fi->type == FIELD_IP || fi->type == FIELD_IP4 };

	/* its presence has been seen to: nothing is emitted */
	if (it.address)
		it.ip = gen_address(g, &e, 0);
	else
		it.number.loc = loc_of_field(field);
	return it;
}

/* A set made of spans, as the front end would have written it. */
static uint32_t set_of_spans(struct gen *g, enum hv_field field, struct spans s)
{
	const struct field_info *fi = &hv_field_table[field];
	bool mac = fi->type == FIELD_MAC, ip = fi->type == FIELD_IP || fi->type == FIELD_IP4;
	struct set *set = pool_alloc(g->pool, sizeof(*set));
	struct value *v = pool_array(g->pool, s.count * 2, sizeof(*v));
	size_t i;

	set->arity = 1;
	set->types = pool_alloc(g->pool, sizeof(*set->types));
	set->types[0] = ip ? TYPE_IP : mac ? TYPE_MAC : TYPE_NUM;
	set->elements = pool_array(g->pool, s.count, sizeof(*set->elements));
	set->count = s.count;
	set->source_count = s.count;
	for (i = 0; i < s.count; i++, v += 2) {
		uint8_t family = mac ? 48 : s.at[i].family;

		v[0] = (struct value){ s.at[i].lo.hi, s.at[i].lo.lo, family };
		v[1] = (struct value){ s.at[i].hi.hi, s.at[i].hi.lo, family };
		set->elements[i] = (struct element){ &v[0], &v[1] };
	}
	return set_builder_add(g->sets, set);
}

/* A few spans of numbers, ascending: below one and not in those before is a miss. */
static void number_spans(struct gen *g, uint16_t loc, uint64_t most, struct spans s, uint32_t yes,
			 uint32_t no)
{
	unsigned r = gen_load(g, loc);
	size_t i;

	for (i = 0; i < s.count; i++) {
		uint64_t lo = s.at[i].lo.lo, hi = s.at[i].hi.lo;

		if (lo == hi) {
			gen_jump_const(g, OP_JEQ, r, lo, yes);
			continue;
		}
		if (hi >= most) {
			gen_jump_const(g, OP_JGE, r, lo, yes);
			continue;
		}
		if (lo)
			gen_jump_const(g, OP_JLT, r, lo, no);
		gen_jump_const(g, OP_JLE, r, hi, yes);
	}
	gen_ja(g, no);
}

static void address_spans(struct gen *g, const struct ip_operand *x, struct spans s, uint32_t yes,
			  uint32_t no)
{
	struct ip_operand lo, hi;
	uint32_t miss;
	size_t i;

	for (i = 0; i < s.count; i++) {
		uint8_t family = s.at[i].family;

		lo = address(family, s.at[i].lo.hi, s.at[i].lo.lo);
		hi = address(family, s.at[i].hi.hi, s.at[i].hi.lo);
		if (family == 4 && !s.at[i].lo.lo && s.at[i].hi.lo == UINT32_MAX)
			hi.lo = constant(UINT64_MAX);	/* all of IPv4: the family alone */
		miss = i + 1 < s.count ? gen_label(g) : no;
		need_address(g, x, &lo, &hi, miss);
		gen_ja(g, yes);
		if (i + 1 < s.count)
			gen_place(g, miss);
	}
}

void gen_spans(struct gen *g, struct cond *c, uint32_t yes, uint32_t no)
{
	const struct field_info *fi = &hv_field_table[c->field];
	uint64_t most = fi->bits >= 64 ? UINT64_MAX : ((uint64_t)1 << fi->bits) - 1;
	struct spans s = c->spans, other = spans_complement(g->pool, c->field, s);
	unsigned slots = g->slots;
	struct item it;

	gen_need(g, c->field, no);
	if (other.count < s.count || !other.count) {
		uint32_t swap = yes;

		s = other;
		yes = no;
		no = swap;
	}
	it = item_of_field(g, c->field);
	if (!s.count) {
		gen_ja(g, no);
	} else if (s.count > INLINE_SPANS) {
		if (!c->set)
			c->set = set_of_spans(g, c->field, s) + 1;
		look_up(g, c->set - 1, &it, 1, yes, no);
	} else if (it.address) {
		address_spans(g, &it.ip, s, yes, no);
	} else {
		number_spans(g, it.number.loc, most, s, yes, no);
	}
	g->slots = slots;
}

static struct item item_of(struct gen *g, const struct expr *e, uint32_t absent)
{
	struct item it = { .address = is_address(e) };

	if (it.address)
		it.ip = gen_address(g, e, absent);
	else
		it.number = gen_number(g, e, absent);
	return it;
}

/* Go to @miss unless every item lies in the element. */
static void need_element(struct gen *g, const struct item *items, size_t count,
			 const struct element *e, uint32_t miss)
{
	struct ip_operand lo, hi;
	size_t i;

	for (i = 0; i < count; i++) {
		const struct value *l = &e->lo[i], *h = &e->hi[i];

		if (items[i].address) {
			lo = address(l->family, l->hi, l->lo);
			hi = address(h->family, h->hi, h->lo);
			need_address(g, &items[i].ip, &lo, &hi, miss);
		} else {
			need_range(g, items[i].number, constant(l->lo), constant(h->lo), miss);
		}
	}
}

/*
 * Go to @absent when the transfer lacks a field of the element, else to @miss unless every
 * item lies in it.  All its fields are asked for first: the order of a tuple decides nothing.
 */
static void need_dynamic(struct gen *g, const struct item *items, size_t count,
			 const struct dynamic_element *e, uint32_t miss, uint32_t absent)
{
	struct item lo[MAX_ITEMS], hi[MAX_ITEMS];
	size_t i;

	for (i = 0; i < count; i++) {
		lo[i] = item_of(g, e->lo[i], absent);
		hi[i] = e->hi[i] == e->lo[i] ? lo[i] : item_of(g, e->hi[i], absent);
	}
	for (i = 0; i < count; i++) {
		if (items[i].address)
			need_address(g, &items[i].ip, &lo[i].ip, &hi[i].ip, miss);
		else
			need_range(g, items[i].number, lo[i].number, hi[i].number, miss);
	}
}

/*
 * An element whose field is absent holds nothing.  `not in` such a set is false: a
 * comparison with what the transfer lacks is never true.
 */
void gen_in(struct gen *g, const struct expr *e, uint32_t yes, uint32_t no)
{
	uint32_t hit = e->negated ? no : yes, miss = e->negated ? yes : no, next;
	const struct set *s = e->set;
	struct item items[MAX_ITEMS];
	size_t i, count = e->l->kind == EXPR_TUPLE ? e->l->item_count : 1;
	unsigned slots = g->slots, kept;

	if (count > MAX_ITEMS || count != s->arity) {
		gen_fail(g, "the tuple has too many components");
		return;
	}
	for (i = 0; i < count; i++)
		items[i] = item_of(g, e->l->kind == EXPR_TUPLE ? e->l->items[i] : e->l, no);
	if (!g->options->plain && s->count > INLINE_SPANS) {
		next = gen_label(g);
		look_up(g, gen_set_number(g, s), items, count, hit, next);
		gen_place(g, next);
	} else {
		for (i = 0; i < s->count; i++) {
			next = gen_label(g);
			need_element(g, items, count, &s->elements[i], next);
			gen_ja(g, hit);
			gen_place(g, next);
		}
	}
	for (i = 0, kept = g->slots; i < s->dynamic_count; i++) {
		next = gen_label(g);
		need_dynamic(g, items, count, &s->dynamic[i], next, e->negated ? no : next);
		gen_ja(g, hit);
		gen_place(g, next);
		g->slots = kept;
	}
	gen_ja(g, miss);
	g->slots = slots;
}

static void overlaps_range(struct gen *g, struct operand lo, struct operand hi, uint32_t yes)
{
	gen_load_into(g, R2, lo);
	g->pinned |= 1u << R2;
	gen_load_into(g, R3, hi);
	g->pinned &= ~(1u << R2);
	gen_call(g, CALL_hv_overlaps_range);
	gen_jump_imm(g, OP_JNE, R0, 0, yes);
}

void gen_overlaps(struct gen *g, const struct expr *e, uint32_t yes, uint32_t no)
{
	const struct set *s = e->set;
	unsigned slots = g->slots;
	struct operand lo, hi;
	uint32_t next;
	size_t i;

	gen_need(g, HV_F_DISK_RANGE, no);
	if (!g->options->plain && s->count > 1) {
		gen_call_row(g, CALL_hv_overlaps, gen_set_number(g, s));
		gen_jump_imm(g, OP_JNE, R0, 0, yes);
	} else {
		for (i = 0; i < s->count; i++)
			overlaps_range(g, constant(s->elements[i].lo[0].lo),
				       constant(s->elements[i].hi[0].lo), yes);
	}
	for (i = 0; i < s->dynamic_count; i++) {
		next = gen_label(g);
		lo = gen_number(g, s->dynamic[i].lo[0], next);
		hi = s->dynamic[i].hi[0] == s->dynamic[i].lo[0] ? lo :
			gen_number(g, s->dynamic[i].hi[0], next);
		overlaps_range(g, lo, hi, yes);
		gen_place(g, next);
		g->slots = slots;
	}
	gen_ja(g, no);
}
