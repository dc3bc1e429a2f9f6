/*
 * match_internal.h - what the files of content search share
 *
 *	match_load.c	checks a section
 *	match_literal.c	Aho-Corasick
 *	match_dfa.c	is there a match of a regex
 *	match_nfa.c	where is the next match of a regex
 *	match_table.c	what a section holds and costs
 *	match.c		queries
 */
#ifndef POLICY_MATCH_INTERNAL_H
#define POLICY_MATCH_INTERNAL_H

#include "policy/match.h"
#include "policy/match_format.h"

/* A checked section: every index in it is in range. */
struct match_table {
	const uint8_t *bytes;
	const struct hvm_pattern *pattern;
	const struct hvm_term *term;
	const struct hvm_query *query;
	const struct hvm_group *group;
	const struct hvm_tree *tree;
	const struct hvm_node *node;
	const struct hvm_nfa *nfa;
	const struct hvm_position *position;
	const struct hvm_edge *edge;
	const struct hvm_class *class;
	const struct hvm_dfa *dfa;
	const uint16_t *next;
	uint32_t patterns, queries, groups, trees;
	uint32_t max_positions;		/* of any NFA */
	uint32_t max_regex_terms;	/* of any query */
	uint32_t *tree_chain;		/* by tree: most literals that end at one byte */
};

struct subject {
	const uint8_t *bytes;
	uint32_t len;
};

/* Where a match may start. */
struct window {
	uint64_t first, last, every;	/* as struct hvm_query; everywhere: 0, UINT64_MAX, 0 */
};

static inline bool window_has(const struct window *w, uint32_t at)
{
	if (at < w->first)
		return false;
	return w->every ? (at - w->first) % w->every <= w->last - w->first : at <= w->last;
}

/* The first allowed start at or behind @at, UINT64_MAX: none. */
uint64_t window_next(const struct window *w, uint64_t at);

/* ---- match_literal.c ---- */

/* The node behind @node and @byte (folded, in a folded tree). */
uint32_t tree_step(const struct match_table *t, const struct hvm_tree *tree, uint32_t node,
		   uint8_t byte);

static inline const struct hvm_node *tree_node(const struct match_table *t,
					       const struct hvm_tree *tree, uint32_t node)
{
	return &t->node[tree->node_first + node];
}

/* The literals that occur, each once: @stamp[literal] becomes @epoch and @found gets its
 * number.  Returns how many. */
uint32_t tree_scan(const struct match_table *t, const struct hvm_tree *tree, bool fold,
		   struct subject s, uint64_t *stamp, uint64_t epoch, uint32_t *found);

/* ---- match_dfa.c ---- */

/* Is there a match anywhere? */
bool dfa_search(const struct match_table *t, const struct hvm_dfa *d, struct subject s);

/* ---- match_nfa.c ---- */

struct nfa_scratch {
	uint32_t *pos[2], *start[2];	/* threads now and next, ascending by start */
	uint64_t *mark;			/* by position: the last step that reached it */
	uint64_t step;
};

/*
 * The leftmost-longest match of @n that starts at or behind @from and within @w; with
 * @any the first that is seen.  @budget is reduced by the steps taken; when it is
 * used up the answer is MATCH_UNKNOWN.
 */
enum match_answer nfa_search(const struct match_table *t, const struct hvm_nfa *n,
			     struct subject s, uint32_t from, const struct window *w, bool any,
			     struct nfa_scratch *x, uint64_t *budget, struct match_extent *out);

#endif
