/*
 * tree.c - the syntax tree's constructors
 */
#include "compiler/tree.h"

#include "compiler/limit.h"

static void too_deep(struct parse *ps, struct loc loc)
{
	if (!ps->too_deep)
		diag_error(ps->diags, loc, "too many operators in a row: at most %d", HVC_MAX_OPERATORS);
	ps->too_deep = true;
	ps->failed = true;
}

struct node *node_new(struct parse *ps, enum node_kind kind, struct loc loc)
{
	struct node *n = ps->free_nodes;

	if (n) {
		ps->free_nodes = n->next;
		*n = (struct node){ 0 };
	} else {
		n = pool_alloc(ps->pool, sizeof(*n));
	}
	n->kind = (uint8_t)kind;
	n->loc = loc;
	return n;
}

/* Give back a tree of a set file's line. */
void node_free(struct parse *ps, struct node *n)
{
	struct node *item;

	if (!n)
		return;
	if (n->kind == NODE_TUPLE || n->kind == NODE_SET || n->kind == NODE_AND ||
	    n->kind == NODE_OR) {
		for (item = n->a; item;) {
			struct node *next = item->next;

			node_free(ps, item);
			item = next;
		}
	} else {
		node_free(ps, n->a);
		node_free(ps, n->b);
		node_free(ps, n->c);
	}
	n->next = ps->free_nodes;
	ps->free_nodes = n;
}

/*
 * One level above @child; a tree too deep becomes BAD, so that nobody walks it.  What is deep by brackets or `not` ended in
 * the scanner: this is a chain.
 */
static void deepen(struct parse *ps, struct node *n, const struct node *child)
{
	if (!child || n->kind == NODE_BAD)
		return;
	if (child->depth >= HVC_MAX_OPERATORS) {
		too_deep(ps, n->loc);
		n->kind = NODE_BAD;
		n->a = n->b = n->c = NULL;
	} else if (child->depth >= n->depth) {
		n->depth = (uint16_t)(child->depth + 1);
	}
}

struct node *node_op(struct parse *ps, enum node_kind kind, unsigned op, struct loc loc,
		     struct node *a, struct node *b, struct node *c)
{
	struct node *n = node_new(ps, kind, loc);

	n->op = (uint8_t)op;
	n->a = a;
	n->b = b;
	n->c = c;
	deepen(ps, n, a);
	deepen(ps, n, b);
	deepen(ps, n, c);
	return n;
}

struct node *node_of_list(struct parse *ps, enum node_kind kind, struct loc loc,
			  struct node_list list)
{
	struct node *n = node_new(ps, kind, loc);

	n->a = list.first;
	n->b = list.last;
	for (struct node *i = list.first; i; i = i->next)
		deepen(ps, n, i);
	return n;
}

/* `l and r`: a chain of one operator is one node, however long. */
struct node *node_chain(struct parse *ps, enum node_kind kind, struct loc loc, struct node *l,
			struct node *r)
{
	if (l->kind != kind)
		return node_of_list(ps, kind, loc, (struct node_list){ (l->next = r, l), r });
	l->loc = loc;
	l->b->next = r;
	l->b = r;
	deepen(ps, l, r);
	return l;
}

struct node *node_has(struct parse *ps, struct loc loc, struct node *area,
		      struct pattern_list what, struct node *position)
{
	struct node *n = node_op(ps, NODE_HAS, 0, loc, area, position, NULL);

	n->patterns = what.first;
	return n;
}

struct pattern_text *pattern_text_new(struct parse *ps, int kind, struct loc loc)
{
	struct pattern_text *p = pool_alloc(ps->pool, sizeof(*p));

	p->kind = kind;
	p->loc = loc;
	return p;
}

struct action_text *action_text_new(struct parse *ps, enum action_kind kind, struct loc loc)
{
	struct action_text *a = pool_alloc(ps->pool, sizeof(*a));

	a->kind = kind;
	a->loc = loc;
	return a;
}

struct rule_text *rule_text_new(struct parse *ps, struct loc label, struct node *condition,
				struct action_list actions)
{
	struct rule_text *r = pool_alloc(ps->pool, sizeof(*r));

	r->label = label;
	r->condition = condition;
	r->actions = actions;
	return r;
}

struct item *item_new(struct parse *ps, enum item_kind kind, struct loc loc)
{
	struct item *i = pool_alloc(ps->pool, sizeof(*i));

	i->kind = kind;
	i->loc = loc;
	return i;
}

void item_add(struct parse *ps, struct item *item)
{
	if (!item)
		return;
	*ps->items_tail = item;
	ps->items_tail = &item->next;
}
