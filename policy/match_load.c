/*
 * match_load.c - check section .hv.match, so that no search can leave it or run long
 *
 * Rows that own a run of another table's rows must own them in order, each once, so that
 * checking is linear in the section's size.
 */
#include "policy/match_internal.h"

#include <string.h>

#define WHERE	".hv.match"

const uint32_t hvm_row_size[HVM_TABLES] = {
	[HVM_BYTES] = 1,
	[HVM_PATTERNS] = sizeof(struct hvm_pattern),
	[HVM_TERMS] = sizeof(struct hvm_term),
	[HVM_QUERIES] = sizeof(struct hvm_query),
	[HVM_GROUPS] = sizeof(struct hvm_group),
	[HVM_TREES] = sizeof(struct hvm_tree),
	[HVM_NODES] = sizeof(struct hvm_node),
	[HVM_NFAS] = sizeof(struct hvm_nfa),
	[HVM_POSITIONS] = sizeof(struct hvm_position),
	[HVM_EDGES] = sizeof(struct hvm_edge),
	[HVM_CLASSES] = sizeof(struct hvm_class),
	[HVM_DFAS] = sizeof(struct hvm_dfa),
	[HVM_NEXT] = sizeof(uint16_t),
};

struct load {
	struct match_table *t;
	const uint32_t *count;		/* rows, by enum hvm_tables */
	uint32_t terms, nodes, positions, edges, cells;	/* owned so far */
};

/* Does a run of @n rows at @first lie within a table of @count? */
static bool inside(uint32_t first, uint32_t n, uint32_t count)
{
	return first <= count && n <= count - first;
}

static bool optional(uint32_t row, uint32_t count)
{
	return row == HVM_NONE || row < count;
}

static bool good_name(const struct load *l, uint32_t at)
{
	for (uint32_t n = 0; n < HVM_MAX_NAME; n++) {
		if (!inside(at, n + 1, l->count[HVM_BYTES]))
			return false;
		if (!l->t->bytes[at + n])
			return true;
	}
	return false;
}

static bool good_patterns(const struct load *l)
{
	for (uint32_t i = 0; i < l->count[HVM_PATTERNS]; i++) {
		const struct hvm_pattern *p = &l->t->pattern[i];

		if (!good_name(l, p->name) || !optional(p->nfa, l->count[HVM_NFAS]) ||
		    !optional(p->dfa, l->count[HVM_DFAS]))
			return false;
		if (p->len > HVM_MAX_PATTERN || (p->nfa == HVM_NONE) != (p->len > 0))
			return false;
	}
	return true;
}

static bool good_groups(const struct load *l)
{
	uint32_t seen = 0;

	_Static_assert(HV_HOOKS * HV_AREAS <= 32, "a bit for each group");
	for (uint32_t i = 0; i < l->count[HVM_GROUPS]; i++) {
		const struct hvm_group *g = &l->t->group[i];
		uint32_t bit;

		if (g->hook >= HV_HOOKS || g->area >= HV_AREAS ||
		    !optional(g->tree[0], l->count[HVM_TREES]) ||
		    !optional(g->tree[1], l->count[HVM_TREES]))
			return false;
		bit = 1u << (g->hook * HV_AREAS + g->area);
		if (seen & bit)
			return false;
		seen |= bit;
	}
	return true;
}

static bool good_term(const struct load *l, const struct hvm_group *g, const struct hvm_term *m,
		      bool literal)
{
	if (m->pattern >= l->count[HVM_PATTERNS] || m->fold > 1 ||
	    (l->t->pattern[m->pattern].nfa == HVM_NONE) != literal)
		return false;
	if (m->literal == HVM_NONE)
		return !literal;
	return g->tree[m->fold] != HVM_NONE &&
	       m->literal < l->t->tree[g->tree[m->fold]].literal_count;
}

static bool good_queries(struct load *l)
{
	struct match_table *t = l->t;

	for (uint32_t i = 0; i < l->count[HVM_QUERIES]; i++) {
		const struct hvm_query *q = &t->query[i];
		uint32_t left = l->count[HVM_TERMS] - l->terms;

		if (q->group >= l->count[HVM_GROUPS] || q->position > HVM_WITHIN ||
		    q->first > q->last || q->term_first != l->terms || q->literal_terms > left ||
		    q->regex_terms > left - q->literal_terms)
			return false;
		for (uint32_t k = 0; k < q->literal_terms + q->regex_terms; k++) {
			if (!good_term(l, &t->group[q->group], &t->term[q->term_first + k],
				       k < q->literal_terms))
				return false;
		}
		l->terms += q->literal_terms + q->regex_terms;
		if (q->literal_terms > t->max_literal_terms)
			t->max_literal_terms = q->literal_terms;
		if (q->regex_terms > t->max_regex_terms)
			t->max_regex_terms = q->regex_terms;
	}
	return true;
}

/* Children are later nodes, in runs that follow each other, one deeper. */
static bool good_children(const struct hvm_tree *tree, const struct hvm_node *node)
{
	uint32_t count = tree->node_count;

	if (node[0].depth || node[0].literal != HVM_NONE || node[0].child_first != 1)
		return false;
	for (uint32_t n = 0; n < count; n++) {
		uint32_t end = n + 1 < count ? node[n + 1].child_first : count;

		if (node[n].child_first <= n || end < node[n].child_first || end > count ||
		    node[n].depth > HVM_MAX_PATTERN)
			return false;
		for (uint32_t c = node[n].child_first; c < end; c++) {
			if (node[c].depth != node[n].depth + 1)
				return false;
		}
	}
	return true;
}

static bool good_links(const struct hvm_tree *tree, const struct hvm_node *node)
{
	for (uint32_t n = 0; n < tree->node_count; n++) {
		const struct hvm_node *x = &node[n];

		if (x->fail >= tree->node_count || x->out >= tree->node_count ||
		    (x->literal != HVM_NONE && x->literal >= tree->literal_count))
			return false;
		if (n && node[x->fail].depth >= x->depth)
			return false;
		if (x->out && (node[x->out].depth >= x->depth ||
			       node[x->out].literal == HVM_NONE))
			return false;
	}
	return true;
}

static bool good_trees(struct load *l)
{
	for (uint32_t i = 0; i < l->count[HVM_TREES]; i++) {
		const struct hvm_tree *tree = &l->t->tree[i];
		const struct hvm_node *node = l->t->node + tree->node_first;

		if (tree->node_first != l->nodes || !tree->node_count ||
		    !inside(l->nodes, tree->node_count, l->count[HVM_NODES]) ||
		    !inside(tree->label_first, tree->node_count, l->count[HVM_BYTES]) ||
		    tree->literal_count > tree->node_count)
			return false;
		l->nodes += tree->node_count;
		if (!good_children(tree, node) || !good_links(tree, node))
			return false;
	}
	return true;
}

/* The next @count edges, which lead to positions below @positions. */
static bool good_edges(struct load *l, uint32_t first, uint32_t count, uint32_t positions)
{
	if (first != l->edges || !inside(first, count, l->count[HVM_EDGES]))
		return false;
	for (uint32_t e = first; e < first + count; e++) {
		if (l->t->edge[e].to >= positions)
			return false;
	}
	l->edges += count;
	return true;
}

static bool good_nfas(struct load *l)
{
	for (uint32_t i = 0; i < l->count[HVM_NFAS]; i++) {
		const struct hvm_nfa *n = &l->t->nfa[i];
		uint32_t edges = l->edges;

		if (n->position_first != l->positions || n->position_count > HVM_MAX_POSITIONS ||
		    !inside(l->positions, n->position_count, l->count[HVM_POSITIONS]) ||
		    n->start_class >= l->count[HVM_CLASSES])
			return false;
		for (uint32_t p = 0; p < n->position_count; p++) {
			const struct hvm_position *x = &l->t->position[l->positions + p];

			if (x->class >= l->count[HVM_CLASSES] ||
			    !good_edges(l, x->edge_first, x->edge_count, n->position_count))
				return false;
		}
		if (!good_edges(l, n->entry_first, n->entry_count, n->position_count) ||
		    l->edges - edges > HVM_MAX_EDGES)
			return false;
		l->positions += n->position_count;
		if (n->position_count > l->t->max_positions)
			l->t->max_positions = n->position_count;
	}
	return true;
}

static bool good_dfa(struct load *l, const struct hvm_dfa *d)
{
	uint32_t cells;

	if (!d->states || d->states > HVM_MAX_DFA_STATES || !d->symbols ||
	    d->symbols > HVM_MAX_DFA_SYMBOLS || d->last_nl >= d->symbols || !inside(d->map, 256, l->count[HVM_BYTES]))
		return false;
	cells = d->states * d->symbols;
	if (d->next_first != l->cells || !inside(l->cells, cells, l->count[HVM_NEXT]))
		return false;
	for (unsigned c = 0; c < 256; c++) {
		if (l->t->bytes[d->map + c] >= d->symbols)
			return false;
	}
	for (uint32_t c = 0; c < cells; c++) {
		uint16_t next = l->t->next[l->cells + c];

		if (!(next & HVM_DFA_ACCEPT) && next >= d->states)
			return false;
	}
	l->cells += cells;
	return true;
}

static bool good_dfas(struct load *l)
{
	for (uint32_t i = 0; i < l->count[HVM_DFAS]; i++) {
		if (!good_dfa(l, &l->t->dfa[i]))
			return false;
	}
	return true;
}

/* The most literals that end at one node: what a byte can cost when all are wanted. */
static int count_chains(struct arena *a, struct match_table *t)
{
	for (uint32_t i = 0; i < t->trees; i++) {
		const struct hvm_node *node = t->node + t->tree[i].node_first;
		size_t mark = arena_mark(a);
		uint32_t *chain = arena_alloc(a, t->tree[i].node_count, sizeof(*chain));

		if (!chain)
			return POLICY_ENOMEM;
		/* breadth first: what a link leads to is less deep, so it comes before */
		for (uint32_t n = 0; n < t->tree[i].node_count; n++) {
			chain[n] = (node[n].literal != HVM_NONE) +
				   (node[n].out ? chain[node[n].out] : 0);
			if (chain[n] > t->tree_chain[i])
				t->tree_chain[i] = chain[n];
		}
		arena_release(a, mark);
	}
	return 0;
}

/* Where the tables are; fills @count. */
static bool find_tables(struct match_table *t, const uint8_t *blob, size_t len, uint32_t *count)
{
	const struct hvm_header *h = (const struct hvm_header *)blob;
	const uint8_t *at[HVM_TABLES];

	if (len < sizeof(*h) || h->magic != HVM_MAGIC)
		return false;
	for (unsigned i = 0; i < HVM_TABLES; i++) {
		uint32_t offset = h->table[i].offset;

		count[i] = h->table[i].count;
		if (offset % 8 || offset > len || count[i] > (len - offset) / hvm_row_size[i])
			return false;
		at[i] = blob + offset;
	}
	t->bytes = at[HVM_BYTES];
	t->pattern = (const void *)at[HVM_PATTERNS];
	t->term = (const void *)at[HVM_TERMS];
	t->query = (const void *)at[HVM_QUERIES];
	t->group = (const void *)at[HVM_GROUPS];
	t->tree = (const void *)at[HVM_TREES];
	t->node = (const void *)at[HVM_NODES];
	t->nfa = (const void *)at[HVM_NFAS];
	t->position = (const void *)at[HVM_POSITIONS];
	t->edge = (const void *)at[HVM_EDGES];
	t->class = (const void *)at[HVM_CLASSES];
	t->dfa = (const void *)at[HVM_DFAS];
	t->next = (const void *)at[HVM_NEXT];
	t->patterns = count[HVM_PATTERNS];
	t->queries = count[HVM_QUERIES];
	t->groups = count[HVM_GROUPS];
	t->trees = count[HVM_TREES];
	return true;
}

int match_table_load(struct arena *a, const void *blob, size_t len, struct match_table **out,
		     struct policy_error *err)
{
	uint32_t count[HVM_TABLES] = { 0 };
	struct match_table *t = arena_alloc(a, 1, sizeof(*t));
	struct load l = { .t = t, .count = count };

	if (!t)
		goto memory;
	/* no section: no patterns, no queries */
	if (len && !find_tables(t, blob, len, count))
		return policy_fail(err, POLICY_EINVAL, WHERE, POLICY_NO_INSN,
				   "the tables do not lie within the section");
	if (!good_trees(&l) || !good_groups(&l) || !good_nfas(&l) || !good_dfas(&l) ||
	    !good_patterns(&l) || !good_queries(&l))
		return policy_fail(err, POLICY_EINVAL, WHERE, POLICY_NO_INSN,
				   "a pattern or query is malformed");
	t->tree_chain = arena_alloc(a, t->trees, sizeof(*t->tree_chain));
	if (!t->tree_chain || count_chains(a, t))
		goto memory;
	*out = t;
	return 0;
memory:
	return policy_fail(err, POLICY_ENOMEM, WHERE, POLICY_NO_INSN, "out of memory");
}
