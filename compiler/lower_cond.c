/*
 * lower_cond.c - conditions become jumps, left to right, as far as the answer needs
 */
#include "compiler/gen.h"

uint32_t gen_query_number(struct gen *g, const struct query *q)
{
	void **slot = ptr_map_slot(&g->query_numbers, g->pool, q);
	uint32_t number;

	if (*slot)
		return (uint32_t)((uintptr_t)*slot - 1);
	number = match_builder_query(g->match, g->hook, q);
	*ptr_map_slot(&g->query_numbers, g->pool, q) = (void *)((uintptr_t)number + 1);
	return number;
}

static const uint8_t jump_of[] = {
	[CMP_EQ] = OP_JEQ, [CMP_NE] = OP_JNE, [CMP_LT] = OP_JLT,
	[CMP_LE] = OP_JLE, [CMP_GT] = OP_JGT, [CMP_GE] = OP_JGE,
};

static const uint8_t mirrored[] = {
	[CMP_EQ] = OP_JEQ, [CMP_NE] = OP_JNE, [CMP_LT] = OP_JGT,
	[CMP_LE] = OP_JGE, [CMP_GT] = OP_JLT, [CMP_GE] = OP_JLE,
};

/* Addresses are equal or they are not; the front end refuses to order them. */
static void cmp_addresses(struct gen *g, const struct expr *e, uint32_t yes, uint32_t no)
{
	struct ip_operand l = gen_address(g, e->l, no), r = gen_address(g, e->r, no);
	const struct operand *a = &l.family, *b = &r.family;
	uint32_t equal = e->op == CMP_NE ? no : yes, other = e->op == CMP_NE ? yes : no;
	unsigned i;

	for (i = 0; i < 3; i++)
		gen_jump_operands(g, OP_JNE, a[i], b[i], other);
	gen_ja(g, equal);
}

static void gen_cmp(struct gen *g, const struct expr *e, uint32_t yes, uint32_t no)
{
	unsigned slots = g->slots;
	struct operand l, r;

	if (is_address(e->l) || is_address(e->r)) {
		cmp_addresses(g, e, yes, no);
		return;
	}
	l = gen_number(g, e->l, no);
	r = gen_number(g, e->r, no);
	if (l.is_const)
		gen_jump_operands(g, mirrored[e->op], r, l, yes);
	else
		gen_jump_operands(g, jump_of[e->op], l, r, yes);
	gen_ja(g, no);
	g->slots = slots;
}

static void gen_leaf(struct gen *g, const struct expr *e, uint32_t yes, uint32_t no)
{
	switch (e->kind) {
	case EXPR_CMP:
		gen_cmp(g, e, yes, no);
		break;
	case EXPR_IN:
		gen_in(g, e, yes, no);
		break;
	case EXPR_OVERLAPS:
		gen_overlaps(g, e, yes, no);
		break;
	case EXPR_FLAG:
		gen_need(g, e->field, no);
		gen_jump_imm(g, OP_JNE, gen_load(g, loc_of_field(e->field)), 0, yes);
		gen_ja(g, no);
		break;
	case EXPR_HAS:
		gen_mov_imm(g, R3, g->unknown);
		gen_call_row(g, CALL_hv_find, gen_query_number(g, &e->query));
		gen_jump_imm(g, OP_JNE, R0, 0, yes);
		gen_ja(g, no);
		break;
	default:
		gen_fail(g, "internal error: not a condition");
	}
}

/* `and` that must be false, or `or` that must be true: any part decides. */
static void gen_chain(struct gen *g, struct cond *c, bool sense, uint32_t label)
{
	bool decides = c->kind == COND_OR;
	uint32_t past;
	size_t i;

	if (sense == decides) {
		for (i = 0; i < c->kid_count; i++)
			gen_cond(g, c->kids[i], sense, label);
		return;
	}
	past = gen_label(g);
	for (i = 0; i + 1 < c->kid_count; i++)
		gen_cond(g, c->kids[i], decides, past);
	gen_cond(g, c->kids[i], sense, label);
	gen_place(g, past);
}

void gen_cond(struct gen *g, struct cond *c, bool sense, uint32_t label)
{
	uint32_t other;

	if (g->failed || g->code->failed || !g->code->reachable)
		return;
	if (++g->visited > COND_MAX_NODES) {
		gen_fail(g, "the conditions of the policy are too large together");
		return;
	}
	switch (c->kind) {
	case COND_TRUE:
	case COND_FALSE:
		if ((c->kind == COND_TRUE) == sense)
			gen_ja(g, label);
		break;
	case COND_AND:
	case COND_OR:
		gen_chain(g, c, sense, label);
		break;
	case COND_NOT:
		g->unknown = !g->unknown;
		gen_cond(g, c->kids[0], !sense, label);
		g->unknown = !g->unknown;
		break;
	case COND_SPANS:
	case COND_LEAF:
		other = gen_label(g);
		if (c->kind == COND_SPANS)
			gen_spans(g, c, sense ? label : other, sense ? other : label);
		else
			gen_leaf(g, c->leaf, sense ? label : other, sense ? other : label);
		gen_place(g, other);
		break;
	}
}
