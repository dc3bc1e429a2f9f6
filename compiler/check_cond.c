/*
 * check_cond.c - conditions
 */
#include "compiler/check.h"
#include "compiler/value.h"

static const struct meaning nothing = { .kind = MEANS_NOTHING };

static struct meaning means_condition(struct check *c, struct expr *e)
{
	struct meaning m = { .kind = MEANS_CONDITION, .expr = e };

	return expr_fits(c, e) ? m : nothing;
}

/* Defines are shared, so a small text can be a huge tree. */
bool expr_fits(struct check *c, const struct expr *e)
{
	if (e->nodes > HVC_MAX_EXPR_NODES)
		diag_error(c->diags, e->loc, "the condition is larger than %d nodes with its defines",
			   HVC_MAX_EXPR_NODES);
	else if (e->depth > HVC_MAX_EXPR_DEPTH)
		diag_error(c->diags, e->loc, "the condition is deeper than %d levels with its defines",
			   HVC_MAX_EXPR_DEPTH);
	else
		return true;
	return false;
}

struct expr *check_condition(struct check *c, const struct node *n)
{
	struct meaning m = check_node(c, n);

	if (m.kind == MEANS_CONDITION)
		return m.expr;
	expected(c, n->loc, "a condition", &m);
	return NULL;
}

/* `and`, `or`: one node of many items; `not`. */
struct meaning check_chain(struct check *c, const struct node *n)
{
	struct expr **items, *e;
	size_t count = 0, i = 0;
	bool ok = true;

	if (n->kind == NODE_NOT) {
		struct expr *l = check_condition(c, n->a);

		if (!l)
			return nothing;
		e = expr_new(c->pool, EXPR_NOT, TYPE_BOOL, n->loc);
		e->l = l;
		return means_condition(c, expr_finish(e));
	}
	for (const struct node *k = n->a; k; k = k->next)
		count++;
	items = pool_array(c->pool, count, sizeof(*items));
	for (const struct node *k = n->a; k; k = k->next) {
		items[i] = check_condition(c, k);
		ok &= items[i++] != NULL;
	}
	if (!ok)
		return nothing;
	e = expr_chain(c->pool, n->kind == NODE_AND ? EXPR_AND : EXPR_OR, items, count);
	e->loc = n->loc;	/* not its first item's, which may be a define's */
	return means_condition(c, e);
}

struct meaning check_compare(struct check *c, const struct node *n)
{
	struct meaning sides[2] = { check_node(c, n->a), check_node(c, n->b) };
	const struct node *nodes[2] = { n->a, n->b };
	struct expr *v[2];

	for (unsigned i = 0; i < 2; i++) {
		if (sides[i].kind != MEANS_SET && sides[i].kind != MEANS_PREFIX)
			continue;
		diag_error(c->diags, nodes[i]->loc, "%s is not one value: use 'in'",
			   sides[i].kind == MEANS_SET ? "a set" : "a prefix");
		return nothing;
	}
	for (unsigned i = 0; i < 2; i++) {
		v[i] = sides[i].kind == MEANS_VALUE && sides[i].expr->type != TYPE_RANGE ?
		       sides[i].expr : NULL;
		if (!v[i] && sides[i].kind != MEANS_NOTHING) {
			if (sides[i].kind == MEANS_CONDITION && sides[i].expr->kind == EXPR_FLAG)
				diag_error(c->diags, nodes[i]->loc, "a flag is a condition: write it "
					   "alone, or after 'not'");
			else if (sides[i].kind == MEANS_VALUE)
				diag_error(c->diags, nodes[i]->loc,
					   "disk.range stands left of 'overlaps' only");
			else
				expected(c, nodes[i]->loc, "a value", &sides[i]);
		}
	}
	if (!v[0] || !v[1])
		return nothing;
	if (!types_compare(v[0]->type, v[1]->type)) {
		diag_error(c->diags, n->b->loc, "expected %s, found %s", type_name(v[0]->type),
			   type_name(v[1]->type));
		return nothing;
	}
	if (v[0]->type != TYPE_NUM && n->op != CMP_EQ && n->op != CMP_NE) {
		diag_error(c->diags, n->loc, "addresses have no order: use 'in { a..b }'");
		return nothing;
	}
	v[0] = expr_cmp(c->pool, n->op, v[0], v[1], n->loc);
	warn_compare(c, v[0]);
	return means_condition(c, v[0]);
}

/* ---- in ---- */

static bool tuple_left(struct check *c, const struct node *n, struct expr *in)
{
	struct expr *t = expr_new(c->pool, EXPR_TUPLE, TYPE_TUPLE, n->loc);
	bool ok = true;

	for (const struct node *i = n->a; i; i = i->next)
		t->item_count++;
	t->items = pool_array(c->pool, t->item_count, sizeof(*t->items));
	t->item_count = 0;
	for (const struct node *i = n->a; i; i = i->next) {
		struct expr *e = NULL;

		if (i->kind == NODE_RANGE)
			diag_error(c->diags, i->loc, "a range left of 'in'");
		else
			e = check_value(c, i);
		ok &= e != NULL;
		t->items[t->item_count++] = e;
	}
	if (ok)
		in->l = expr_finish(t);
	return ok;
}

/* The set as @arity components of @types; an empty one is a set of anything. */
static bool set_fits(struct check *c, struct expr *in, const enum value_type *types,
		     unsigned arity, struct loc loc)
{
	struct set *s = in->set;
	char left[160], right[160];
	bool same = s->arity == arity;

	if (!s->count && !s->dynamic_count) {
		struct set *copy = pool_alloc(c->pool, sizeof(*copy));

		*copy = *s;
		copy->arity = arity;
		copy->types = pool_array(c->pool, arity, sizeof(*types));
		for (unsigned k = 0; k < arity; k++)
			copy->types[k] = types[k];
		in->set = copy;
		return true;
	}
	for (unsigned k = 0; same && k < arity; k++)
		same = types[k] == s->types[k];
	if (!same)
		diag_error(c->diags, loc, "%s is looked up in a set of elements like %s",
			   types_name(types, arity, left, sizeof(left)),
			   types_name(s->types, s->arity, right, sizeof(right)));
	return same;
}

static enum value_type set_type(const struct expr *e)
{
	return e->type == TYPE_IP4 ? TYPE_IP : e->type;
}

struct meaning check_in(struct check *c, const struct node *n)
{
	struct expr *e = expr_new(c->pool, EXPR_IN, TYPE_BOOL, n->loc);
	enum value_type types[HVC_MAX_TUPLE_WORDS];
	struct meaning r;
	size_t arity = 1;
	bool ok;

	if (n->a->kind == NODE_TUPLE)
		ok = tuple_left(c, n->a, e);
	else
		ok = (e->l = check_value(c, n->a)) != NULL;
	r = check_node(c, n->b);
	e->set = r.kind == MEANS_NOTHING ? NULL : set_of(c, &r, n->b->loc);
	if (!ok || !e->set)
		return nothing;
	e->negated = n->negated;
	if (e->l->kind == EXPR_TUPLE)
		arity = e->l->item_count;
	if (arity > HVC_MAX_TUPLE_WORDS) {
		diag_error(c->diags, n->a->loc, "the tuple is wider than %d words",
			   HVC_MAX_TUPLE_WORDS);
		return nothing;
	}
	for (size_t k = 0; k < arity; k++)
		types[k] = set_type(e->l->kind == EXPR_TUPLE ? e->l->items[k] : e->l);
	if (!set_fits(c, e, types, (unsigned)arity, n->loc))
		return nothing;
	warn_in(c, e);
	return means_condition(c, expr_finish(e));
}

struct meaning check_overlaps(struct check *c, const struct node *n)
{
	struct meaning l = check_node(c, n->a), r = check_node(c, n->b);
	const enum value_type num = TYPE_NUM;
	struct expr *e;

	if (l.kind != MEANS_NOTHING && (l.kind != MEANS_VALUE || l.expr->type != TYPE_RANGE)) {
		expected(c, n->a->loc, "disk.range left of 'overlaps'", &l);
		return nothing;
	}
	e = expr_new(c->pool, EXPR_OVERLAPS, TYPE_BOOL, n->loc);
	e->set = r.kind == MEANS_NOTHING ? NULL : set_of(c, &r, n->b->loc);
	if (!e->set || l.kind == MEANS_NOTHING || !set_fits(c, e, &num, 1, n->loc))
		return nothing;
	e->l = l.expr;
	return means_condition(c, expr_finish(e));
}

/* ---- has ---- */

static bool position(struct check *c, const struct node *n, struct query *q)
{
	bool ok = true;

	q->position = n->op;
	if (!n->a)
		return true;		/* starts with: at 0 */
	ok &= check_constant(c, n->a, &q->first);
	q->last = q->first;
	if (n->b)
		ok &= check_constant(c, n->b, &q->last);
	if (n->c)
		ok &= check_constant(c, n->c, &q->every);
	if (!ok)
		return false;
	if (q->first > q->last) {
		diag_error(c->diags, n->loc, "the range is empty: %llu is greater than %llu",
			   (unsigned long long)q->first, (unsigned long long)q->last);
		return false;
	}
	if (n->c && !q->every) {
		diag_error(c->diags, n->c->loc, "expected at least 1 after 'every'");
		return false;
	}
	return true;
}

struct meaning check_has(struct check *c, const struct node *n)
{
	struct meaning l = check_node(c, n->a);
	struct expr *e = expr_new(c->pool, EXPR_HAS, TYPE_BOOL, n->loc);
	bool ok = check_patterns(c, n->patterns, &e->query.patterns, &e->query.pattern_count);

	if (n->b)
		ok &= position(c, n->b, &e->query);
	if (l.kind == MEANS_NOTHING)
		return nothing;
	if (l.kind != MEANS_AREA) {
		expected(c, n->a->loc, "an area (frame, payload, data)", &l);
		return nothing;
	}
	if (l.area == HV_AREA_CDB) {
		diag_error(c->diags, n->a->loc, "content is searched in frame, payload and data");
		return nothing;
	}
	e->query.area = l.area;
	return ok ? means_condition(c, expr_finish(e)) : nothing;
}
