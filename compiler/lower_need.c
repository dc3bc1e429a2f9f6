/*
 * lower_need.c - what a rule reads, and whether it names an ATA command
 *
 * Both look at the condition as it was written, so that they do not depend on what folding
 * leaves of it.
 */
#include "compiler/gen.h"

static uint8_t field_needs(enum hv_field field)
{
	switch (field) {
	case HV_F_ETH_SRC ... HV_F_IP_MORE_FRAGMENTS:
		return HVB_NEED_HEADERS;
	case HV_F_FRAME_LEN:
		return HVB_NEED_METADATA | HVB_NEED_HEADERS;
	case HV_F_TCP_SPORT ... HV_F_PAYLOAD_LEN:
	case HV_F_TCP_FIN:
	case HV_F_TCP_SYN:
	case HV_F_TCP_RST:
	case HV_F_TCP_ACK:
		return HVB_NEED_HEADERS | HVB_NEED_TRANSPORT;
	default:
		return HVB_NEED_METADATA;
	}
}

static uint8_t area_needs(enum hv_area area)
{
	switch (area) {
	case HV_AREA_CDB:
		return HVB_NEED_METADATA;
	case HV_AREA_PAYLOAD:
		return HVB_NEED_HEADERS | HVB_NEED_TRANSPORT | HVB_NEED_CONTENT;
	case HV_AREA_FRAME:
		return HVB_NEED_HEADERS | HVB_NEED_CONTENT;
	default:
		return HVB_NEED_METADATA | HVB_NEED_CONTENT;
	}
}

struct walk {
	struct gen *g;
	struct ptr_map *seen;
	uint8_t needs;
};

static void walk_expr(struct walk *w, const struct expr *e, unsigned depth);

static void walk_set(struct walk *w, const struct set *s, unsigned depth)
{
	size_t i;
	unsigned k;

	for (i = 0; s && i < s->dynamic_count; i++)
		for (k = 0; k < s->arity; k++) {
			walk_expr(w, s->dynamic[i].lo[k], depth);
			walk_expr(w, s->dynamic[i].hi[k], depth);
		}
}

static void walk_node(struct walk *w, const struct expr *e, unsigned depth)
{
	size_t i;

	switch (e->kind) {
	case EXPR_FIELD:
	case EXPR_FLAG:
		w->needs |= field_needs(e->field);
		break;
	case EXPR_BYTES:
		w->needs |= area_needs(e->area);
		break;
	case EXPR_SECTOR:
		w->needs |= area_needs(HV_AREA_DATA);
		break;
	case EXPR_HAS:
		w->needs |= area_needs(e->query.area);
		break;
	case EXPR_OVERLAPS:
		w->needs |= HVB_NEED_METADATA;
		walk_set(w, e->set, depth + 1);
		break;
	case EXPR_IN:
		walk_set(w, e->set, depth + 1);
		break;
	case EXPR_TUPLE:
		for (i = 0; i < e->item_count; i++)
			walk_expr(w, e->items[i], depth + 1);
		break;
	default:
		break;
	}
}

/* Chains lean to the left: walked down there, recursion to the right. */
static void walk_expr(struct walk *w, const struct expr *e, unsigned depth)
{
	void **seen;

	if (depth > COND_MAX_DEPTH) {
		gen_fail(w->g, "the expression is nested too deeply");
		return;
	}
	for (; e; e = e->l) {
		seen = ptr_map_slot(w->seen, w->g->pool, e);
		if (*seen)
			return;
		*seen = w;
		walk_node(w, e, depth);
		if (e->r)
			walk_expr(w, e->r, depth + 1);
	}
}

uint8_t rule_needs(struct gen *g, const struct rule *r, struct ptr_map *seen)
{
	struct walk w = { g, seen, 0 };
	const struct action *a;
	size_t i;

	walk_expr(&w, r->condition, 0);
	for (a = r->actions; a; a = a->next) {
		switch (a->kind) {
		case ACTION_LOG:
			for (i = 0; i < a->part_count; i++)
				if (a->parts[i].kind == HVB_PART_FIELD)
					w.needs |= field_needs(a->parts[i].field);
			break;
		case ACTION_REWRITE_PATTERN:
			w.needs |= area_needs(a->area);
			break;
		case ACTION_REWRITE_FIELD:
			w.needs |= field_needs(a->field);
			walk_expr(&w, a->value, 0);
			break;
		default:
			break;
		}
	}
	return w.needs;
}

static bool names_leaf(const struct expr *e)
{
	const struct expr *l = e->l, *r = e->r;

	switch (e->kind) {
	case EXPR_CMP:
		if (e->op != CMP_EQ)
			return false;
		return (l->kind == EXPR_FIELD && l->field == HV_F_ATA_COMMAND &&
			r->kind == EXPR_CONST) ||
		       (r->kind == EXPR_FIELD && r->field == HV_F_ATA_COMMAND &&
			l->kind == EXPR_CONST);
	case EXPR_IN:
		return !e->negated && l->kind == EXPR_FIELD && l->field == HV_F_ATA_COMMAND &&
		       !e->set->dynamic_count;
	case EXPR_BOOL:
		return !e->truth;	/* holds for no command at all */
	default:
		return false;
	}
}

/* @depth was bounded when the condition was folded. */
bool names_command(const struct expr *e)
{
	enum expr_kind op;

	if (!e)
		return false;
	op = e->kind;
	if (op != EXPR_AND && op != EXPR_OR)
		return names_leaf(e);
	/* one part of `and` is enough, `or` needs every part */
	for (; e->kind == op; e = e->l)
		if (names_command(e->r) == (op == EXPR_AND))
			return op == EXPR_AND;
	return names_command(e);
}
