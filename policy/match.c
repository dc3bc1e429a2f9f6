/*
 * match.c - content queries of one transfer
 *
 * Literals of a group are found in one pass, at the first question about it.  Regexes are
 * asked one at a time: not at all when a literal that they need is missing, by their DFA
 * when they have one and no position matters, else by their positions.
 */
#include "policy/match_internal.h"

#include <string.h>

static int create_group(struct arena *a, const struct match_table *t, const struct hvm_group *g,
			struct group_state *s)
{
	for (unsigned fold = 0; fold < 2; fold++) {
		uint32_t n = g->tree[fold] == HVM_NONE ? 0 : t->tree[g->tree[fold]].literal_count;

		s->stamp[fold] = arena_alloc(a, n, sizeof(uint64_t));
		s->found[fold] = arena_alloc(a, n, sizeof(uint32_t));
		if (!s->stamp[fold] || !s->found[fold])
			return -1;
	}
	return 0;
}

/* What comes last takes the most: it does not fit either where another one did not. */
static int create_nfa(struct arena *a, uint32_t positions, struct nfa_scratch *x)
{
	for (unsigned i = 0; i < 2; i++) {
		x->pos[i] = arena_alloc(a, positions, sizeof(uint32_t));
		x->start[i] = arena_alloc(a, positions, sizeof(uint32_t));
	}
	x->mark = arena_alloc(a, positions, sizeof(uint64_t));
	return x->mark ? 0 : -1;
}

int match_state_create(struct arena *a, const struct match_table *t, struct match_state **out,
		       struct policy_error *err)
{
	struct match_state *s = arena_alloc(a, 1, sizeof(*s));

	if (!s)
		goto memory;
	s->t = t;
	s->epoch = 1;
	s->nfa.pace = &s->pace;
	s->group = arena_alloc(a, t->groups, sizeof(*s->group));
	s->asked = arena_alloc(a, t->queries, sizeof(*s->asked));
	s->answer = arena_alloc(a, t->queries, sizeof(*s->answer));
	if (!s->group || !s->asked || !s->answer ||
	    match_walk_room(a, t->max_literal_terms, t->max_regex_terms, &s->each) ||
	    create_nfa(a, t->max_positions, &s->nfa))
		goto memory;
	for (uint32_t i = 0; i < t->groups; i++) {
		if (create_group(a, t, &t->group[i], &s->group[i]))
			goto memory;
	}
	*out = s;
	return 0;
memory:
	return policy_fail(err, POLICY_ENOMEM, ".hv.match", POLICY_NO_INSN, "out of memory");
}

void match_set_pause(struct match_state *s, uint32_t bytes, void (*pause)(void *arg), void *arg)
{
	s->pace = (struct pace){ .pause = pause, .arg = arg, .every = bytes, .left = bytes };
}

void match_worked(struct match_state *s, uint32_t bytes)
{
	pace_worked(&s->pace, bytes);
}

void match_begin(struct match_state *s, enum hv_hook hook, struct match_stream *stream)
{
	(void)hook;		/* a query knows its hook */
	(void)stream;
	s->epoch++;		/* 64 bits: never comes round */
	memset(s->area, 0, sizeof(s->area));
	s->pace.left = s->pace.every;
}

void match_area(struct match_state *s, enum hv_area area, const uint8_t *bytes, uint32_t len)
{
	s->area[area] = (struct subject){ bytes, len };
}

static struct group_state *scan_group(struct match_state *s, const struct hvm_query *q)
{
	struct group_state *g = &s->group[q->group];

	if (g->scanned == s->epoch)
		return g;
	g->scanned = s->epoch;
	for (unsigned fold = 0; fold < 2; fold++) {
		const struct hvm_tree *tree = group_tree(s->t, q->group, fold);

		g->found_count[fold] = 0;
		if (tree)
			g->found_count[fold] = tree_scan(s->t, tree, fold, query_subject(s, q),
							 g->stamp[fold], s->epoch,
							 g->found[fold], &s->pace);
	}
	return g;
}

uint32_t find_term(const struct match_table *t, const struct hvm_query *q, unsigned fold,
		   uint32_t literal)
{
	uint32_t lo = q->term_first, hi = lo + q->literal_terms;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct hvm_term *m = &t->term[mid];

		if (m->fold < fold || (m->fold == fold && m->literal < literal))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool literal_found(struct match_state *s, const struct hvm_query *q)
{
	const struct group_state *g = scan_group(s, q);

	for (unsigned fold = 0; fold < 2; fold++) {
		for (uint32_t i = 0; i < g->found_count[fold]; i++) {
			uint32_t literal = g->found[fold][i];

			if (is_term(s->t, q, find_term(s->t, q, fold, literal), fold, literal))
				return true;
		}
	}
	return false;
}

uint64_t budget_for(struct subject area)
{
	return HVM_STEPS_BASE + (uint64_t)HVM_STEPS_PER_BYTE * area.len;
}

bool ruled_out(struct match_state *s, const struct hvm_query *q, const struct hvm_term *m)
{
	const struct hvm_pattern *p = &s->t->pattern[m->pattern];

	if (m->literal != HVM_NONE &&
	    scan_group(s, q)->stamp[m->fold][m->literal] != s->epoch)
		return true;
	return p->dfa != HVM_NONE && !dfa_search(s->t, &s->t->dfa[p->dfa], query_subject(s, q),
						     &s->pace);
}

enum match_answer next_regex(struct match_state *s, const struct hvm_query *q,
			     uint32_t pattern, uint32_t from, bool any, uint64_t *budget,
			     struct match_extent *out)
{
	const struct match_table *t = s->t;
	struct window w = query_window(q);

	out->pattern = pattern;
	return nfa_search(t, &t->nfa[t->pattern[pattern].nfa], query_subject(s, q), from, &w, any,
			  &s->nfa, budget, out);
}

static enum match_answer regex_answer(struct match_state *s, const struct hvm_query *q,
				      const struct hvm_term *m)
{
	struct subject area = query_subject(s, q);
	uint64_t budget = budget_for(area);
	struct match_extent e;

	if (q->position == HVM_ANY) {
		if (ruled_out(s, q, m))
			return MATCH_NO;
		if (s->t->pattern[m->pattern].dfa != HVM_NONE)
			return MATCH_YES;
	}
	return next_regex(s, q, m->pattern, 0, true, &budget, &e);
}

/* Is @e before @best in the order of match_first()? */
static bool better(const struct match_extent *e, const struct match_extent *best)
{
	if (e->start != best->start)
		return e->start < best->start;
	if (e->len != best->len)
		return e->len > best->len;
	return e->pattern < best->pattern;
}

/* The literals of the query that end behind @node. */
static bool literals_here(const struct match_table *t, const struct hvm_query *q,
			  const struct hvm_tree *tree, unsigned fold, uint32_t node, uint32_t end,
			  const struct window *w, struct match_extent *best, bool have)
{
	for (; node; node = tree_node(t, tree, node)->out) {
		const struct hvm_node *n = tree_node(t, tree, node);
		uint32_t m = find_term(t, q, fold, n->literal);
		struct match_extent e = { .start = end - n->depth, .len = n->depth };

		if (n->literal == HVM_NONE || !is_term(t, q, m, fold, n->literal) ||
		    !window_has(w, e.start))
			continue;
		e.pattern = t->term[m].pattern;
		if (!have || better(&e, best))
			*best = e;
		have = true;
	}
	return have;
}

/* The leftmost-longest literal of one tree; with @any the first that is seen. */
static bool first_literal(struct match_state *s, const struct hvm_query *q, unsigned fold,
			  bool any, struct match_extent *best)
{
	const struct hvm_tree *tree = group_tree(s->t, q->group, fold);
	struct subject area = query_subject(s, q);
	struct window w = query_window(q);
	uint32_t node = 0;
	bool have = false;

	if (!tree || !q->literal_terms || w.first >= area.len)
		return false;
	for (uint32_t i = (uint32_t)w.first; i < area.len; i++) {
		uint8_t c = fold ? hvm_fold(area.bytes[i]) : area.bytes[i];
		uint32_t from;

		if (i % MATCH_BLOCK == 0)
			match_worked(s, MATCH_BLOCK);
		node = tree_step(s->t, tree, node, c);
		have = literals_here(s->t, q, tree, fold, node, i + 1, &w, best, have);
		/* whatever ends later starts at @from or behind it */
		from = i + 1 - tree_node(s->t, tree, node)->depth;
		if ((have && (any || from > best->start)) || (!w.every && from > w.last))
			break;
	}
	return have;
}

enum match_answer match_query(struct match_state *s, uint32_t query)
{
	const struct hvm_query *q = &s->t->query[query];
	enum match_answer answer = MATCH_NO;
	struct match_extent e;
	bool literal = false;

	if (s->asked[query] == s->epoch)
		return s->answer[query];
	if (q->literal_terms && q->position == HVM_ANY)
		literal = literal_found(s, q);
	else if (q->literal_terms)
		literal = first_literal(s, q, 0, true, &e) || first_literal(s, q, 1, true, &e);
	if (literal)
		answer = MATCH_YES;
	for (uint32_t i = 0; i < q->regex_terms && answer != MATCH_YES; i++) {
		enum match_answer one;

		one = regex_answer(s, q, &s->t->term[q->term_first + q->literal_terms + i]);
		if (one != MATCH_NO)
			answer = one;
	}
	s->asked[query] = s->epoch;
	s->answer[query] = (uint8_t)answer;
	return answer;
}

int match_first(struct match_state *s, uint32_t query, struct match_extent *out)
{
	const struct hvm_query *q = &s->t->query[query];
	struct match_extent best = { 0 }, e;
	bool have = false;

	if (match_query(s, query) != MATCH_YES)
		return -1;
	for (unsigned fold = 0; fold < 2; fold++) {
		if (first_literal(s, q, fold, false, &e) && (!have || better(&e, &best))) {
			best = e;
			have = true;
		}
	}
	for (uint32_t i = 0; i < q->regex_terms; i++) {
		const struct hvm_term *m = &s->t->term[q->term_first + q->literal_terms + i];
		uint64_t budget = budget_for(query_subject(s, q));
		enum match_answer one;

		if (ruled_out(s, q, m))
			continue;
		one = next_regex(s, q, m->pattern, 0, false, &budget, &e);
		if (one == MATCH_UNKNOWN)
			return -1;
		if (one == MATCH_YES && (!have || better(&e, &best))) {
			best = e;
			have = true;
		}
	}
	*out = best;
	return have ? 0 : -1;
}
