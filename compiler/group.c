/*
 * group.c - the order in which a hook's rules are tried: one by one, or by a classifier
 *
 * A run of rules that each can only hold inside of some boxes becomes one classifier.  R9 is
 * its next row that matches; the rows' code lies in a balanced nest, each level skipped by
 * one jump, so that a hit is reached in logarithmic time and a miss costs one call:
 *
 *	r9 = hv_class(ctx, c, 0)
 *	if r9 >= 4 goto end
 *	  if r9 >= 2 goto right
 *	    if r9 >= 1 goto one;  rule 0;  r9 = hv_class(ctx, c, 1);  one:
 *	    ...
 */
#include "compiler/gen.h"

#include <string.h>

#include "compiler/box.h"

#define RUN_MIN		4u		/* rules that are worth a classifier among others */
#define BOXES_TOTAL	(1u << 19)	/* of a hook; rules beyond are tried one by one */

static void take_boxes(struct boxer *p, struct rule_work *w, size_t *room)
{
	struct boxes b;

	if (w->cond->kind == COND_TRUE || *room < BOX_MAX ||
	    !boxes_and_rest(p, w->cond, &b, &w->rest))
		return;
	w->boxes = b.at;
	w->box_count = b.count;
	*room -= b.count;
}

static bool idle(const struct rule_work *w)
{
	return w->cond->kind == COND_FALSE;
}

/* Rules from @first on that one classifier can hold; those that never hold do not count. */
static size_t run_length(const struct rule_work *w, size_t first, size_t count, size_t *rows)
{
	size_t i;

	*rows = 0;
	for (i = first; i < count && (idle(&w[i]) || w[i].boxes); i++)
		*rows += !idle(&w[i]);
	return i - first;
}

static void build_class(struct gen *g, const struct rule_work *const *rows, size_t count)
{
	size_t i, k;

	for (i = 0; i < count; i++) {
		class_builder_row(g->classes);
		for (k = 0; k < rows[i]->box_count; k++)
			class_builder_box(g->classes, rows[i]->boxes[k].sides,
					  rows[i]->boxes[k].count);
	}
}

static void next_row(struct gen *g, uint32_t class, size_t from)
{
	gen_mov_imm(g, R3, from);
	gen_call_row(g, CALL_hv_class, class);
	gen_mov(g, R9, R0);
}

struct nest {
	struct gen *g;
	struct rule_work **rows;
	size_t count;
	uint32_t class;
};

/* Rows lo..hi; R9 is at least lo. */
static void gen_nest(struct nest *n, size_t lo, size_t hi)
{
	struct gen *g = n->g;
	uint32_t end = gen_label(g);

	if (g->failed || g->code->failed)
		return;
	gen_jump_imm(g, OP_JGE, R9, (int32_t)hi, end);
	if (hi - lo == 1) {
		gen_rule(g, n->rows[lo], n->rows[lo]->rest);
		if (hi < n->count)
			next_row(g, n->class, hi);
	} else {
		gen_nest(n, lo, lo + (hi - lo) / 2);
		gen_nest(n, lo + (hi - lo) / 2, hi);
	}
	gen_place(g, end);
}

static void gen_class(struct gen *g, struct rule_work *w, size_t length, size_t rows)
{
	struct nest n = { .g = g, .rows = pool_array(g->pool, rows, sizeof(*n.rows)) };
	size_t i;

	for (i = 0; i < length; i++)
		if (!idle(&w[i]))
			n.rows[n.count++] = &w[i];
	n.class = class_builder_begin(g->classes);
	build_class(g, (const struct rule_work *const *)n.rows, n.count);
	meta_line(g->meta, g->hook, asm_here(g->code), HVB_NONE);
	next_row(g, n.class, 0);
	gen_nest(&n, 0, n.count);
}

/* How often the code to come will ask for each word of the context. */
struct uses {
	uint32_t count[sizeof(struct hv_ctx) / 8];
	uint32_t nodes;
};

static void use(struct uses *u, size_t offset)
{
	u->count[offset / 8]++;
}

static void use_field(struct uses *u, enum hv_field field)
{
	const struct field_info *fi = &hv_field_table[field];

	use(u, offsetof(struct hv_ctx, present));
	if (fi->type == FIELD_IP) {
		use(u, offsetof(struct hv_ctx, ip_version));
		use(u, fi->offset + offsetof(struct hv_ip, lo));
	} else if (fi->type != FIELD_RANGE) {
		use(u, fi->offset);
	}
}

/* Down the left side, and into tuples; @e's depth was bounded by rule_needs(). */
static void use_expr(struct uses *u, const struct expr *e)
{
	size_t i;

	for (; e; e = e->l) {
		if (e->kind == EXPR_FIELD || e->kind == EXPR_FLAG)
			use_field(u, e->field);
		if (e->kind == EXPR_OVERLAPS)
			use_field(u, HV_F_DISK_RANGE);
		for (i = 0; e->kind == EXPR_TUPLE && i < e->item_count; i++)
			use_expr(u, e->items[i]);
		if (e->r)
			use_expr(u, e->r);
	}
}

static void use_cond(struct uses *u, const struct cond *c)
{
	size_t i;

	if (++u->nodes > COND_MAX_NODES)
		return;
	for (i = 0; i < c->kid_count; i++)
		use_cond(u, c->kids[i]);
	if (c->kind == COND_SPANS)
		use_field(u, c->field);
	if (c->kind == COND_LEAF)
		use_expr(u, c->leaf);
}

/* The words asked for most, where more than once, into R7 to @last. */
static void choose_hot(struct gen *g, struct uses *u, unsigned last)
{
	size_t i, best;
	unsigned r;

	memset(g->hot, 0, sizeof(g->hot));
	for (r = R7; r <= last; r++) {
		for (i = 1, best = 0; i < sizeof(u->count) / sizeof(u->count[0]); i++)
			if (u->count[i] > u->count[best])
				best = i;
		if (u->count[best] < 2)
			return;
		g->hot[r] = (uint16_t)(best * 8);
		u->count[best] = 0;
	}
}

/*
 * How many rules are worth a classifier.  A packet hook that asks nothing but one is asked before
 * the packet is parsed whole (policy/front.c): there one rule is enough.
 */
static size_t run_min(const struct gen *g, size_t length, size_t count)
{
	return length == count && (HOOK_BIT(g->hook) & HOOKS_NET) ? 1 : RUN_MIN;
}

/* Which rules go into classifiers; the others lose their boxes. */
static bool plan(struct gen *g, struct rule_work *w, size_t count, struct uses *u)
{
	size_t i, k, length, rows, least, room = BOXES_TOTAL;
	struct boxer boxer = { .pool = g->pool };
	bool classes = false;

	for (i = 0; i < count && !g->options->plain; i++)
		take_boxes(&boxer, &w[i], &room);
	for (i = 0; i < count; i += length ? length : 1) {
		length = run_length(w, i, count, &rows);
		least = run_min(g, length, count);
		for (k = i; k < i + length; k++) {
			if (rows < least)
				w[k].boxes = NULL;
			use_cond(u, rows < least ? w[k].cond : w[k].rest ? w[k].rest : w[k].cond);
		}
		classes |= rows >= least;
		if (!length)
			use_cond(u, w[i].cond);
	}
	return classes;
}

void gen_rules(struct gen *g, struct rule_work *w, size_t count)
{
	struct uses *u = pool_alloc(g->pool, sizeof(*u));
	size_t i, length, rows;
	bool classes = plan(g, w, count, u);

	choose_hot(g, u, classes ? R8 : R9);
	gen_start(g, g->hook, g->code);
	for (i = 0; i < count && !g->failed && g->code->reachable; i += length) {
		length = run_length(w, i, count, &rows);
		if (rows) {
			gen_class(g, w + i, length, rows);
			continue;
		}
		if (!length) {
			gen_rule(g, &w[i], w[i].cond);
			length = 1;
		}
	}
}
