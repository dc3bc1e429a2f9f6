/*
 * lower_action.c - what a rule does when its condition held
 */
#include "compiler/gen.h"

struct queries {
	uint32_t *at;
	size_t count, room;
};

/* The queries that had to hold, or, @under_not, those below a `not`. */
static void gather(struct gen *g, const struct cond *c, bool under_not, struct queries *out)
{
	uint32_t number;
	size_t i;

	if (g->failed || ++g->visited > COND_MAX_NODES)
		return;
	if (c->kind == COND_NOT && under_not) {
		gather(g, c->kids[0], under_not, out);
	} else if (c->kind == COND_AND || c->kind == COND_OR) {
		for (i = 0; i < c->kid_count; i++)
			gather(g, c->kids[i], under_not, out);
	} else if (c->kind == COND_LEAF && c->leaf->kind == EXPR_HAS) {
		number = gen_query_number(g, &c->leaf->query);
		for (i = 0; i < out->count; i++)
			if (out->at[i] == number)
				return;
		*VEC_ADD(g->pool, out) = number;
	}
}

/*
 * The event asks its queries, in this order, for {pattern} and {match}, and whether an answer
 * was assumed: so those below a `not` belong to it, last.
 */
static void gen_log(struct gen *g, const struct rule_work *w, const struct action *a)
{
	struct queries q = { 0 };

	gather(g, w->cond, false, &q);
	gather(g, w->cond, true, &q);
	gen_call_row(g, CALL_hv_log, meta_log(g->meta, w->row, a, q.at, q.count));
}

static void gen_rewrite(struct gen *g, const struct rule_work *w, const struct action *a)
{
	struct query *q = pool_alloc(g->pool, sizeof(*q));
	uint32_t number;

	q->area = a->area;
	q->patterns = a->patterns;
	q->pattern_count = a->pattern_count;
	q->position = POS_ANY;
	number = match_builder_query(g->match, g->hook, q);
	gen_call_row(g, CALL_hv_rewrite, meta_rewrite(g->meta, w->row, number, a));
}

/* hv_set_field(ctx, field | family << 16, high word, low word); nothing when it is absent */
static void gen_set_field(struct gen *g, const struct action *a)
{
	uint32_t absent = gen_label(g);
	unsigned slots = g->slots;
	struct ip_operand v = { .family = { .is_const = true }, .hi = { .is_const = true } };

	if (is_address(a->value))
		v = gen_address(g, a->value, absent);
	else
		v.lo = gen_number(g, a->value, absent);
	gen_load_into(g, R2, v.family);
	g->pinned |= 1u << R2;
	if (v.family.is_const) {
		gen_mov_imm(g, R2, (uint64_t)a->field | v.family.value << 16);
	} else {
		gen_alu_imm(g, OP_LSH, R2, 16);
		gen_alu_imm(g, OP_OR, R2, a->field);
	}
	gen_load_into(g, R3, v.hi);
	g->pinned |= 1u << R3;
	gen_load_into(g, R4, v.lo);
	g->pinned = 0;
	gen_call(g, CALL_hv_set_field);
	gen_place(g, absent);
	g->slots = slots;
}

static void gen_verdict(struct gen *g, enum hv_verdict v)
{
	asm_const(g->code, R0, v);
	asm_exit(g->code);
}

static void gen_pass(struct gen *g, const struct rule_work *w)
{
	gen_verdict(g, w->names_command ? HV_PASS_NAMED : HV_PASS);
}

void gen_actions(struct gen *g, struct rule_work *w)
{
	const struct action *a;

	for (a = w->rule->actions; a && !g->failed && g->code->reachable; a = a->next) {
		g->loc = a->loc;
		switch (a->kind) {
		case ACTION_PASS:
			gen_pass(g, w);
			break;
		case ACTION_DROP:
			gen_verdict(g, HV_DROP);
			break;
		case ACTION_DROP_SILENTLY:
			gen_verdict(g, HV_DROP_SILENTLY);
			break;
		case ACTION_LOG:
			gen_log(g, w, a);
			break;
		case ACTION_COUNT:
			gen_call_row(g, CALL_hv_count, meta_counter(g->meta, a->counter));
			break;
		case ACTION_REWRITE_PATTERN:
			gen_rewrite(g, w, a);
			break;
		case ACTION_REWRITE_FIELD:
			gen_set_field(g, a);
			break;
		}
	}
}
