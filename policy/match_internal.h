/*
 * match_internal.h - what the files of content search share
 *
 *	match_load.c	checks a section
 *	match_literal.c	Aho-Corasick
 *	match_dfa.c	is there a match of a regex
 *	match_nfa.c	where is the next match of a regex
 *	match_table.c	what a section holds and costs
 *	match.c		queries
 *	match_each.c	all matches of a query
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
	uint32_t max_literal_terms, max_regex_terms;	/* of any query */
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

struct pace {
	void (*pause)(void *arg);	/* NULL: none */
	void *arg;
	uint32_t every, left;		/* bytes */
};

static inline void pace_worked(struct pace *p, uint64_t bytes)
{
	if (!p->pause)
		return;
	if (bytes < p->left) {
		p->left -= (uint32_t)bytes;
		return;
	}
	p->left = p->every;
	p->pause(p->arg);
}

/* Where the block ends that @at is in, or @end. */
static inline uint32_t block_end(uint32_t at, uint32_t end)
{
	return end - at > MATCH_BLOCK ? at + MATCH_BLOCK : end;
}

struct nfa_scratch {
	struct pace *pace;
	uint32_t *pos[2], *start[2];	/* threads now and next, ascending by start */
	uint64_t *mark;			/* by position: the last step that reached it */
	uint64_t step;
};

/* All matches of a query, found byte after byte. */
struct match_walk {
	struct match_state *s;
	const struct hvm_query *q;
	struct window w;
	void (*fn)(void *arg, const struct match_extent *m);
	void *arg;
	const struct hvm_tree *tree[2];	/* NULL: none of its literals is there */
	uint32_t node[2];		/* of the trees, behind the bytes that were read */
	uint32_t *end;			/* by literal term: of its last match */
	struct match_extent *next;	/* by regex term: its next match; len 0: no more */
	uint32_t next_end;		/* nearest end of these; UINT32_MAX: none */
	struct match_extent over;	/* see match_walk_read() */
	uint64_t budget;
	bool some, unknown;
};

struct group_state {
	uint64_t scanned;	/* epoch of the transfer */
	uint64_t *stamp[2];	/* by literal: epoch in which it was found */
	uint32_t *found[2];	/* literals found */
	uint32_t found_count[2];
};

struct match_state {
	const struct match_table *t;
	uint64_t epoch;
	struct subject area[HV_AREAS];
	struct group_state *group;
	uint64_t *asked;	/* by query: epoch of the answer */
	uint8_t *answer;	/* by query */
	struct match_walk each;	/* of match_each(), with room for any query */
	struct nfa_scratch nfa;
	struct pace pace;
};

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
		   struct subject s, uint64_t *stamp, uint64_t epoch, uint32_t *found, struct pace *pace);

/* ---- match_dfa.c ---- */

/* Is there a match anywhere? */
bool dfa_search(const struct match_table *t, const struct hvm_dfa *d, struct subject s,
		struct pace *pace);

/* ---- match_nfa.c ---- */

/*
 * The leftmost-longest match of @n that starts at or behind @from and within @w; with
 * @any the first that is seen.  @budget is reduced by the steps taken; when it is
 * used up the answer is MATCH_UNKNOWN.
 */
enum match_answer nfa_search(const struct match_table *t, const struct hvm_nfa *n,
			     struct subject s, uint32_t from, const struct window *w, bool any,
			     struct nfa_scratch *x, uint64_t *budget, struct match_extent *out);

/* ---- match.c ---- */

static inline struct subject query_subject(const struct match_state *s, const struct hvm_query *q)
{
	return s->area[s->t->group[q->group].area];
}

static inline struct window query_window(const struct hvm_query *q)
{
	if (q->position == HVM_ANY)
		return (struct window){ 0, UINT64_MAX, 0 };
	return (struct window){ q->first, q->last, q->every };
}

static inline const struct hvm_tree *group_tree(const struct match_table *t, uint32_t group,
						unsigned fold)
{
	uint32_t tree = t->group[group].tree[fold];

	return tree == HVM_NONE ? NULL : &t->tree[tree];
}

/* The query's first literal term for this literal; the others follow.  Or its end. */
uint32_t find_term(const struct match_table *t, const struct hvm_query *q, unsigned fold,
		   uint32_t literal);

static inline bool is_term(const struct match_table *t, const struct hvm_query *q, uint32_t term,
			   unsigned fold, uint32_t literal)
{
	return term < q->term_first + q->literal_terms && t->term[term].fold == fold &&
	       t->term[term].literal == literal;
}

/* Is some literal of the query in its area? */
bool literal_found(struct match_state *s, const struct hvm_query *q);

/* Steps that a search for a regex may take. */
uint64_t budget_for(struct subject area);

/* Can the regex be ruled out without its positions? */
bool ruled_out(struct match_state *s, const struct hvm_query *q, const struct hvm_term *m);

/* The next match of a regex behind @from. */
enum match_answer next_regex(struct match_state *s, const struct hvm_query *q, uint32_t pattern,
			     uint32_t from, bool any, uint64_t *budget, struct match_extent *out);

/* ---- match_each.c ---- */

/* Room for a walk over a query of so many terms; 0, or -1. */
int match_walk_room(struct arena *a, uint32_t literal_terms, uint32_t regex_terms,
		    struct match_walk *w);

#endif
