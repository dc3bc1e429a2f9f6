/*
 * regex.h - from a pattern to automata: the steps between them
 *
 *	pattern -> PCRE2 (judges the syntax) -> parse -> tree -> positions -> DFA
 *
 * A hex pattern becomes the same tree, so that everything behind it is shared.
 */
#ifndef COMPILER_REGEX_REGEX_H
#define COMPILER_REGEX_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler/diag.h"
#include "compiler/model.h"
#include "compiler/pool.h"
#include "policy/match_format.h"

/* ---- the tree ---- */

enum re_kind {
	RE_EMPTY,
	RE_CLASS,		/* one byte of set */
	RE_ASSERT,		/* contexts of when */
	RE_CAT, RE_ALT,		/* children, in order */
	RE_REPEAT,		/* child, min..max times; max RE_FOREVER: no end */
};

#define RE_FOREVER	UINT32_MAX

struct re {
	enum re_kind kind;
	struct hvm_class set;
	uint32_t when;
	uint32_t min, max;
	struct re *child, *last;	/* CAT, ALT, REPEAT: first and last of them */
	struct re *next;		/* sibling */
};

/* Where a parse stands and what it found out. */
struct re_parse {
	struct pool *pool;
	const uint8_t *s;
	size_t len, at;
	unsigned flags;		/* PATTERN_I.. in force here */
	unsigned groups;	/* capturing groups in the whole pattern, about (not less) */
	unsigned depth;
	bool anchored;		/* ^ $ \A \Z \z seen */
	const char *error;	/* what is refused; NULL: nothing */
	size_t error_at, error_len;
};

struct re *re_new(struct pool *p, enum re_kind kind);
void re_append(struct re *parent, struct re *child);

/* The tree of @r->s under @r->flags, which PCRE2 has accepted; NULL and r->error when the
 * subset refuses it. */
struct re *re_parse(struct re_parse *r);
/* Refuse bytes @from..@to; the first refusal counts.  Returns NULL. */
void *re_refuse(struct re_parse *r, size_t from, size_t to, const char *what);

/* parse_class.c: the class whose '[' is at r->at; 0 or -1.  Case is folded. */
int re_parse_class(struct re_parse *r, struct hvm_class *out);

/*
 * parse_escape.c: the escape whose backslash is at r->at.  ESC_BYTE: *@byte, ESC_SET: *@set,
 * ESC_ASSERT (outside classes only): *@byte is its letter, ESC_BAD: refused.
 */
enum re_escape { ESC_BAD, ESC_BYTE, ESC_SET, ESC_ASSERT };
enum re_escape re_parse_escape(struct re_parse *r, bool in_class, uint8_t *byte,
			       struct hvm_class *set);

void class_add(struct hvm_class *c, unsigned lo, unsigned hi);
void class_invert(struct hvm_class *c);
void class_fold(struct hvm_class *c);		/* the other case of every ASCII letter */
unsigned class_size(const struct hvm_class *c);
/* The only byte of @c, or its only letter in both cases (*@fold), or -1. */
int class_single(const struct hvm_class *c, bool *fold);

/* ---- what can be said of a tree (analyse.c) ---- */

/* Positions when every repetition is written out; UINT64_MAX: absurdly many. */
uint64_t re_positions(const struct re *re);
/* The rarity of its most frequent match: bits that random bytes would have to get right. */
unsigned re_bits(const struct re *re);

struct re_literal {
	uint8_t *bytes;		/* folded when fold is set */
	size_t len;
	bool fold;
};

/* Is the tree nothing but one literal?  Then it is searched as such. */
bool re_is_literal(const struct re *re, struct pool *p, struct re_literal *out);
/* The longest literal that every match contains; len 0: none. */
void re_required(const struct re *re, struct pool *p, struct re_literal *out);

/* ---- positions (positions.c) ---- */

struct nfa_edge {
	uint32_t from, to;	/* from == nfa.count: from outside */
	uint32_t when;
};

struct nfa {
	uint32_t count;		/* positions */
	struct hvm_class *set;	/* by position */
	uint32_t *accept;	/* by position: contexts in which a match ends behind it */
	struct nfa_edge *edge;	/* ascending by from, to; each pair once */
	uint32_t edge_count;
	uint32_t *edge_first;	/* by position, count + 2 of them */
	uint32_t empty;		/* contexts in which the pattern matches the empty string */
	bool contexts;		/* some condition is not HVM_ALWAYS */
};

/* 0, or -1 when it has more than HVM_MAX_POSITIONS or HVM_MAX_EDGES. */
int nfa_build(const struct re *re, struct pool *p, struct nfa *out);

/* ---- DFA (dfa.c) ---- */

struct dfa {
	uint32_t states, symbols, last_nl;
	uint8_t map[256];
	uint16_t *next;
};

/* Subset construction for "is there a match"; -1 when it has more than @cap states or
 * @work (transitions computed; reduced by what was used) runs out. */
int dfa_build(const struct nfa *n, struct pool *p, uint32_t cap, uint64_t *work,
	      struct dfa *out);

/* ---- a whole pattern (pattern.c) ---- */

struct compiled {
	struct re_literal literal;	/* len > 0: the pattern is this literal */
	struct re_literal required;	/* else: len > 0: every match contains it */
	struct nfa nfa;
	bool anchored;
	unsigned bits;			/* re_bits() */
};

/* 0, or -1 with diagnostics. */
int pattern_compile(const struct pattern *pat, struct pool *pool, struct diags *d,
		    struct compiled *out);

/* pcre.c: does PCRE2 accept the regex?  0, or -1 with its message in @d. */
int pcre_accepts(const struct pattern *pat, struct pool *pool, struct diags *d);

/* ---- Aho-Corasick (tree.c) ---- */

struct lit_tree;
struct lit_tree *lit_tree_new(struct pool *p);
/* The number of the literal; equal ones share it. */
uint32_t lit_tree_add(struct lit_tree *t, const uint8_t *bytes, size_t len);
/* Lay it out; nodes and labels are in the pool. */
void lit_tree_finish(struct lit_tree *t, struct hvm_node **nodes, uint8_t **labels,
		     uint32_t *node_count, uint32_t *literal_count);

/* Test knob: which plan regexes get. */
enum regex_plan { PLAN_BEST, PLAN_NFA_ONLY };
struct match_builder;
void match_builder_force(struct match_builder *b, enum regex_plan plan);

#endif
