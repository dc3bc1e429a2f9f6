/*
 * match_each.c - all matches of a query: its literals' automata and the next match of every regex
 *
 * A walk takes one byte after the other.  What is left of the byte in hand is not read again,
 * so whoever holds a walk may overwrite it: that is how any number of matches is rewritten.
 */
#include <string.h>

#include "policy/match_internal.h"

int match_walk_room(struct arena *a, uint32_t literal_terms, uint32_t regex_terms,
		    struct match_walk *w)
{
	w->end = arena_alloc(a, literal_terms, sizeof(*w->end));
	w->next = arena_alloc(a, regex_terms, sizeof(*w->next));
	return w->end && w->next ? 0 : -1;
}

int match_walk_create(struct arena *a, const struct match_table *t, uint32_t query,
		      struct match_walk **out)
{
	struct match_walk *w = arena_alloc(a, 1, sizeof(*w));
	const struct hvm_query *q = &t->query[query];

	if (!w || match_walk_room(a, q->literal_terms, q->regex_terms, w))
		return POLICY_ENOMEM;
	w->q = q;
	*out = w;
	return 0;
}

uint32_t match_query_longest(const struct match_table *t, uint32_t query)
{
	uint32_t longest = 0;

	for (unsigned fold = 0; fold < 2; fold++) {
		const struct hvm_tree *tree = group_tree(t, t->query[query].group, fold);

		/* nodes ascend by their depth */
		if (tree && tree_node(t, tree, tree->node_count - 1)->depth > longest)
			longest = tree_node(t, tree, tree->node_count - 1)->depth;
	}
	return longest;
}

static void give(struct match_walk *w, const struct match_extent *m)
{
	w->some = true;
	w->fn(w->arg, m);
}

/* Find the next match of regex term @i; len 0: no more. */
static void advance_regex(struct match_walk *w, uint32_t i, uint32_t from)
{
	struct match_extent *x = &w->next[i];
	enum match_answer one;

	one = next_regex(w->s, w->q, x->pattern, from, false, &w->budget, x);
	if (one != MATCH_YES)
		x->len = 0;
	if (one == MATCH_UNKNOWN)
		w->unknown = true;
	if (x->len && x->start + x->len < w->next_end)
		w->next_end = x->start + x->len;
}

static void begin_regexes(struct match_walk *w)
{
	w->next_end = UINT32_MAX;
	for (uint32_t i = 0; i < w->q->regex_terms; i++) {
		const struct hvm_term *m;

		m = &w->s->t->term[w->q->term_first + w->q->literal_terms + i];
		w->next[i] = (struct match_extent){ .pattern = m->pattern };
		if (!ruled_out(w->s, w->q, m))
			advance_regex(w, i, 0);
	}
}

/* Give the matches of regexes that end at @end. */
static void regexes_here(struct match_walk *w, uint32_t end)
{
	w->next_end = UINT32_MAX;
	for (uint32_t i = 0; i < w->q->regex_terms; i++) {
		struct match_extent *x = &w->next[i];

		if (!x->len)
			continue;
		if (x->start + x->len == end) {
			give(w, x);
			advance_regex(w, i, end);
		} else if (x->start + x->len < w->next_end) {
			w->next_end = x->start + x->len;
		}
	}
}

/* Give the matches of literals that end at @end. */
static inline void each_literal(struct match_walk *w, const struct hvm_tree *tree, unsigned fold,
				uint32_t node, uint32_t end)
{
	const struct match_table *t = w->s->t;

	for (; node; node = tree_node(t, tree, node)->out) {
		const struct hvm_node *n = tree_node(t, tree, node);
		uint32_t m = n->literal == HVM_NONE ? UINT32_MAX
						    : find_term(t, w->q, fold, n->literal);

		for (; is_term(t, w->q, m, fold, n->literal); m++) {
			struct match_extent x = { t->term[m].pattern, end - n->depth, n->depth };
			uint32_t *last = &w->end[m - w->q->term_first];

			if (x.start < *last || !window_has(&w->w, x.start))
				continue;
			*last = end;
			give(w, &x);
		}
	}
}

void match_walk_begin(struct match_walk *w, struct match_state *s,
		      void (*fn)(void *arg, const struct match_extent *m), void *arg)
{
	const struct hvm_query *q = w->q;
	bool literals = q->literal_terms && literal_found(s, q);

	w->s = s;
	w->w = query_window(q);
	w->fn = fn;
	w->arg = arg;
	for (unsigned fold = 0; fold < 2; fold++) {
		w->tree[fold] = literals ? group_tree(s->t, q->group, fold) : NULL;
		w->node[fold] = 0;
	}
	memset(w->end, 0, q->literal_terms * sizeof(*w->end));
	w->budget = budget_for(query_subject(s, q)) * (q->regex_terms ? q->regex_terms : 1);
	w->some = false;
	w->unknown = false;
	begin_regexes(w);
}

/* A byte after the other; nodes are at hand, not in memory. */
static void walk(struct match_walk *w, struct subject area)
{
	const struct hvm_tree *tree[2] = { w->tree[0], w->tree[1] };
	bool literals = tree[0] || tree[1];
	uint32_t node[2] = { 0, 0 };

	for (uint32_t i = 0; i < area.len; i++) {
		if (i % MATCH_BLOCK == 0)
			match_worked(w->s, MATCH_BLOCK);
		for (unsigned fold = 0; fold < 2; fold++) {
			uint8_t c = fold ? hvm_fold(area.bytes[i]) : area.bytes[i];

			if (!tree[fold])
				continue;
			node[fold] = tree_step(w->s->t, tree[fold], node[fold], c);
			each_literal(w, tree[fold], fold, node[fold], i + 1);
		}
		if (w->next_end == i + 1)
			regexes_here(w, i + 1);
		if (!literals && w->next_end == UINT32_MAX)
			return;
	}
}

enum match_answer match_each(struct match_state *s, uint32_t query,
			     void (*fn)(void *arg, const struct match_extent *m), void *arg)
{
	struct match_walk *w = &s->each;

	w->q = &s->t->query[query];
	match_walk_begin(w, s, fn, arg);
	walk(w, query_subject(s, w->q));
	if (w->unknown)
		return MATCH_UNKNOWN;
	return w->some ? MATCH_YES : MATCH_NO;
}

const struct match_extent *match_walk_read(struct match_walk *w, uint32_t at)
{
	const uint8_t *bytes = query_subject(w->s, w->q).bytes;

	for (unsigned fold = 0; fold < 2; fold++) {
		if (w->tree[fold])
			w->node[fold] = tree_step(w->s->t, w->tree[fold], w->node[fold],
						  fold ? hvm_fold(bytes[at]) : bytes[at]);
	}
	w->over.len = 0;
	for (uint32_t i = 0; i < w->q->regex_terms; i++) {
		const struct match_extent *x = &w->next[i];

		if (!x->len || x->start > at)
			continue;
		if (!w->over.len || x->start + x->len >= w->over.start + w->over.len)
			w->over = *x;
		/* while the byte is what it was: \b and $ look at it from the right */
		if (x->start + x->len == at + 1)
			advance_regex(w, i, at + 1);
	}
	return w->over.len ? &w->over : NULL;
}

void match_walk_literals(struct match_walk *w, uint32_t end)
{
	for (unsigned fold = 0; fold < 2; fold++) {
		if (w->tree[fold])
			each_literal(w, w->tree[fold], fold, w->node[fold], end);
	}
}
