/*
 * match_table.c - what a table of patterns holds, and what its searches can cost
 */
#include "policy/match_internal.h"

/*
 * Instructions, measured roughly and rounded up: a byte of an automaton, a term, a step of
 * a position automaton, a literal that ends at a byte and is looked up in its query, a byte
 * of a match that is overwritten.
 */
#define COST_QUERY	100u
#define COST_TERM	40u
#define COST_TREE_BYTE	60u
#define COST_DFA_BYTE	6u
#define COST_STEP	8u
#define COST_HIT	80u
#define COST_WRITE	10u

uint32_t match_query_count(const struct match_table *t)
{
	return t->queries;
}

uint32_t match_query_area(const struct match_table *t, uint32_t query)
{
	return t->group[t->query[query].group].area;
}

uint32_t match_query_hook(const struct match_table *t, uint32_t query)
{
	return t->group[t->query[query].group].hook;
}

uint32_t match_pattern_count(const struct match_table *t)
{
	return t->patterns;
}

const char *match_pattern_name(const struct match_table *t, uint32_t pattern)
{
	return (const char *)t->bytes + t->pattern[pattern].name;
}

uint32_t match_query_patterns(const struct match_table *t, uint32_t query)
{
	return t->query[query].literal_terms + t->query[query].regex_terms;
}

uint32_t match_query_pattern(const struct match_table *t, uint32_t query, uint32_t i)
{
	return t->term[t->query[query].term_first + i].pattern;
}

static uint32_t saturate(uint64_t cost)
{
	return cost > UINT32_MAX ? UINT32_MAX : (uint32_t)cost;
}

static uint32_t nfa_edges(const struct match_table *t, const struct hvm_nfa *n)
{
	const struct hvm_position *p = t->position + n->position_first;
	uint32_t edges = n->entry_count;

	for (uint32_t i = 0; i < n->position_count; i++)
		edges += p[i].edge_count;
	return edges;
}

/* Most steps a byte: threads and edges, up to what the budget allows. */
static uint32_t nfa_steps(const struct match_table *t, const struct hvm_nfa *n)
{
	uint64_t steps = 1 + (uint64_t)n->position_count + nfa_edges(t, n);

	return steps < HVM_STEPS_PER_BYTE ? (uint32_t)steps : HVM_STEPS_PER_BYTE;
}

uint32_t match_query_cost(const struct match_table *t, uint32_t query)
{
	const struct hvm_query *q = &t->query[query];
	uint64_t cost = COST_QUERY + (uint64_t)COST_TERM * q->literal_terms;

	for (uint32_t i = 0; i < q->regex_terms; i++) {
		const struct hvm_term *m = &t->term[q->term_first + q->literal_terms + i];

		cost += COST_TERM;
		if (t->pattern[m->pattern].dfa == HVM_NONE || q->position != HVM_ANY)
			cost += (uint64_t)COST_STEP * HVM_STEPS_BASE;
	}
	return saturate(cost);
}

/* What the query adds to its group's scan, a byte of the area. */
static uint64_t own_byte_cost(const struct match_table *t, const struct hvm_query *q)
{
	uint64_t cost = 0;

	for (unsigned fold = 0; fold < 2 && q->position != HVM_ANY && q->literal_terms; fold++) {
		uint32_t tree = t->group[q->group].tree[fold];

		if (tree != HVM_NONE)
			cost += COST_TREE_BYTE + (uint64_t)COST_HIT * t->tree_chain[tree];
	}
	for (uint32_t i = 0; i < q->regex_terms; i++) {
		const struct hvm_term *m = &t->term[q->term_first + q->literal_terms + i];
		const struct hvm_pattern *p = &t->pattern[m->pattern];

		if (p->dfa != HVM_NONE && q->position == HVM_ANY)
			cost += COST_DFA_BYTE;
		else
			cost += (uint64_t)COST_STEP * nfa_steps(t, &t->nfa[p->nfa]);
	}
	return cost;
}

uint64_t match_each_cost(const struct match_table *t, uint32_t query)
{
	const struct hvm_query *q = &t->query[query];

	return COST_QUERY + (uint64_t)COST_TERM * (q->literal_terms + (uint64_t)q->regex_terms) +
	       (uint64_t)COST_STEP * HVM_STEPS_BASE * q->regex_terms;
}

uint64_t match_each_byte_cost(const struct match_table *t, uint32_t query)
{
	const struct hvm_query *q = &t->query[query];
	/* a regex may look at a byte again for each of its matches, as far as its steps go */
	uint64_t cost = (uint64_t)(COST_DFA_BYTE + COST_STEP * HVM_STEPS_PER_BYTE) * q->regex_terms;
	uint64_t writes = 0;

	for (unsigned fold = 0; fold < 2 && q->literal_terms; fold++) {
		uint32_t tree = t->group[q->group].tree[fold];

		if (tree == HVM_NONE)
			continue;
		cost += COST_TREE_BYTE + (uint64_t)COST_HIT * t->tree_chain[tree];
		writes += (uint64_t)t->tree_chain[tree] * match_query_longest(t, query);
	}
	/* matches of one pattern do not overlap */
	if (writes > q->literal_terms)
		writes = q->literal_terms;
	return cost + COST_WRITE * (writes + q->regex_terms);
}

static uint64_t scan_byte_cost(const struct hvm_group *g)
{
	return COST_TREE_BYTE * ((uint64_t)(g->tree[0] != HVM_NONE) + (g->tree[1] != HVM_NONE));
}

uint32_t match_query_byte_cost(const struct match_table *t, uint32_t query)
{
	const struct hvm_query *q = &t->query[query];

	return saturate(own_byte_cost(t, q) + scan_byte_cost(&t->group[q->group]));
}

uint64_t match_hook_byte_cost(const struct match_table *t, enum hv_hook hook)
{
	uint64_t cost = 0;

	for (uint32_t i = 0; i < t->groups; i++) {
		if (t->group[i].hook == hook)
			cost += scan_byte_cost(&t->group[i]);
	}
	for (uint32_t i = 0; i < t->queries; i++) {
		if (match_query_hook(t, i) == hook)
			cost += own_byte_cost(t, &t->query[i]);
	}
	return cost;
}

void match_pattern_plan(const struct match_table *t, uint32_t pattern, struct match_plan *out)
{
	const struct hvm_pattern *p = &t->pattern[pattern];

	*out = (struct match_plan){ .kind = p->kind, .fold = p->flags & HVM_FOLD,
				    .anchored = p->flags & HVM_ANCHORED, .len = p->len };
	if (p->nfa != HVM_NONE) {
		out->positions = t->nfa[p->nfa].position_count;
		out->edges = nfa_edges(t, &t->nfa[p->nfa]);
		out->steps = nfa_steps(t, &t->nfa[p->nfa]);
	}
	if (p->dfa != HVM_NONE)
		out->dfa_states = t->dfa[p->dfa].states;
}
