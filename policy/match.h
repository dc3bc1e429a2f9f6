/*
 * match.h - content search within a transfer, section .hv.match
 *
 * The section holds patterns (literals, hex patterns, regexes as automata) and
 * queries: "does AREA hold a match of one of these patterns at this position".
 * Answers are exact; where a regex's step budget ends first, the answer is
 * MATCH_UNKNOWN.  Literals never are.  The wire format is match.c's and its
 * builder's (compiler/regex/).
 */
#ifndef POLICY_MATCH_H
#define POLICY_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/context.h"
#include "policy/error.h"

enum match_answer { MATCH_NO = 0, MATCH_YES = 1, MATCH_UNKNOWN = 2 };

struct match_table;		/* checked section; constant, shared */
struct match_state;		/* what was found in the transfer in hand; one a judge */
struct match_stream;		/* state carried between transfers (matcher issue); NULL: none */

struct match_extent {
	uint32_t pattern;
	uint32_t start, len;	/* bytes within the area */
};

int match_table_load(struct arena *a, const void *blob, size_t len, struct match_table **out,
		     struct policy_error *err);
int match_state_create(struct arena *a, const struct match_table *t, struct match_state **out,
		       struct policy_error *err);

/*
 * Call @pause(@arg) each time that @bytes more have been searched; a byte that is looked at by
 * several automata, or by one of several states, counts each time.  It is looked for once a
 * MATCH_BLOCK of bytes.  @pause NULL: never, as at first.
 */
#define MATCH_BLOCK	4096u
void match_set_pause(struct match_state *s, uint32_t bytes, void (*pause)(void *arg), void *arg);
/* So many were looked at by the caller, who does something else with them. */
void match_worked(struct match_state *s, uint32_t bytes);

uint32_t match_query_count(const struct match_table *t);
uint32_t match_query_area(const struct match_table *t, uint32_t query);
uint32_t match_query_hook(const struct match_table *t, uint32_t query);
/* Its patterns are match_query_pattern(t, query, 0) .. match_query_patterns() - 1. */
uint32_t match_query_patterns(const struct match_table *t, uint32_t query);
uint32_t match_query_pattern(const struct match_table *t, uint32_t query, uint32_t i);
/* Worst case in instructions once a transfer; and a byte of the area, its scan included. */
uint32_t match_query_cost(const struct match_table *t, uint32_t query);
uint32_t match_query_byte_cost(const struct match_table *t, uint32_t query);
/* All queries of a hook, a byte of an area; scans that queries share count once. */
uint64_t match_hook_byte_cost(const struct match_table *t, enum hv_hook hook);
/* Finding and overwriting all matches, beside what the query costs: once a transfer; and a byte. */
uint64_t match_each_cost(const struct match_table *t, uint32_t query);
uint64_t match_each_byte_cost(const struct match_table *t, uint32_t query);
uint32_t match_pattern_count(const struct match_table *t);
const char *match_pattern_name(const struct match_table *t, uint32_t pattern);

/* How a pattern is searched, for those who print it. */
struct match_plan {
	uint32_t kind;		/* as written: 0 literal, 1 hex, 2 regex */
	bool fold;		/* a literal that ignores ASCII case */
	bool anchored;		/* refers to one transfer */
	uint32_t len;		/* bytes of the literal; 0: it is searched as a regex */
	uint32_t dfa_states;	/* 0: no DFA */
	uint32_t positions, edges;	/* of the position automaton */
	uint32_t steps;		/* most steps a byte that it takes */
};

void match_pattern_plan(const struct match_table *t, uint32_t pattern, struct match_plan *out);

/* A new transfer: forget everything.  Areas are given by match_area() before the first query. */
void match_begin(struct match_state *s, enum hv_hook hook, struct match_stream *stream);
void match_area(struct match_state *s, enum hv_area area, const uint8_t *bytes, uint32_t len);

/* Scans of an area happen at the first question about it, and once. */
enum match_answer match_query(struct match_state *s, uint32_t query);

/* The leftmost, then longest match of the query's patterns (then the lowest pattern); 0 and
 * *@out, or -1 when there is none or it is not known. */
int match_first(struct match_state *s, uint32_t query, struct match_extent *out);

/*
 * All matches of the query's patterns in its area, ascending by their ends (so those of
 * one pattern ascend), those of one pattern not overlapping; @fn is called with each.
 * Returns MATCH_YES when that was all, MATCH_NO when there was none, MATCH_UNKNOWN when a
 * bound was reached.
 */
enum match_answer match_each(struct match_state *s, uint32_t query,
			     void (*fn)(void *arg, const struct match_extent *m), void *arg);

/*
 * The same in steps, for those who overwrite the matches and have several queries:
 *
 *	match_walk_begin	after match_area()
 *	match_walk_read		each byte of the area from the first, before it is overwritten
 *	match_walk_literals	behind each byte: literals that end there are given to @fn
 *
 * Bytes that were read may be overwritten, those behind them must not be.  What match_each()
 * found without reaching a bound, a walk over the same area finds.
 */
struct match_walk;

int match_walk_create(struct arena *a, const struct match_table *t, uint32_t query,
		      struct match_walk **out);	/* 0 or POLICY_ENOMEM */
void match_walk_begin(struct match_walk *w, struct match_state *s,
		      void (*fn)(void *arg, const struct match_extent *m), void *arg);
/* The match of a regex that the byte is in, of several the one that match_each() gives last;
 * or NULL.  Valid until the next call. */
const struct match_extent *match_walk_read(struct match_walk *w, uint32_t at);
void match_walk_literals(struct match_walk *w, uint32_t end);
/* No literal of the query is longer, in bytes. */
uint32_t match_query_longest(const struct match_table *t, uint32_t query);

#endif
