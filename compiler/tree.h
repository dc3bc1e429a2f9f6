/*
 * tree.h - what the parser makes: the text's shape with its places, nothing resolved
 *
 * Names, numbers, strings stay where they are: a node's place is its text.  Everything is
 * from the compilation's pool.
 */
#ifndef COMPILER_TREE_H
#define COMPILER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler/diag.h"
#include "compiler/model.h"
#include "compiler/pool.h"
#include "policy/module.h"

enum node_kind {
	NODE_BAD,		/* was reported; whatever needs it says nothing */
	NODE_NUMBER, NODE_ADDRESS, NODE_MAC,	/* loc is the text; ADDRESS: may have a prefix */
	NODE_NAME,		/* a constant, set or define */
	NODE_FIELD,		/* a dotted name */
	NODE_AREA,		/* op: enum hv_area */
	NODE_SLICE,		/* a[b:c]; a is an AREA */
	NODE_SECTOR,		/* sector[a][b:c] */
	NODE_FILE,		/* file "text"; a's place is the string */
	NODE_TUPLE, NODE_SET,	/* a: first item, b: last */
	NODE_RANGE,		/* a..b */
	NODE_ARITH,		/* a op b, enum arith_op */
	NODE_COMPARE,		/* a op b, enum cmp_op */
	NODE_IN,		/* a in b; negated */
	NODE_OVERLAPS,		/* a overlaps b */
	NODE_HAS,		/* a has patterns, b: its POSITION or NULL */
	NODE_POSITION,		/* op: POS_AT, POS_WITHIN; a first, b last, c every (or NULL) */
	NODE_NOT,		/* a */
	NODE_AND, NODE_OR,	/* a: first item, b: last */
	NODE_STRING,		/* only within FILE */
};

struct node {
	uint8_t kind, op;
	bool negated, little_endian;
	uint16_t depth;		/* of the tree below, at most HVC_MAX_OPERATORS */
	struct loc loc;
	struct node *a, *b, *c;
	struct node *next;	/* in the list that it stands in */
	struct pattern_text *patterns;
};

struct node_list {
	struct node *first, *last;
};

/* One element of a hex pattern: its text. */
struct hex_text {
	enum { HEX_TEXT_BYTE, HEX_TEXT_ANY, HEX_TEXT_GAP } kind;
	struct loc loc;
	struct hex_text *next;
};

struct hex_list {
	struct hex_text *first, *last;
	size_t count;
};

/* A pattern in place, or the name of one. */
struct pattern_text {
	enum {
		PATTERN_TEXT_BAD, PATTERN_TEXT_NAME, PATTERN_TEXT_STRING, PATTERN_TEXT_REGEX,
		PATTERN_TEXT_HEX,
	} kind;
	bool any;		/* NAME after `any`: patterns are allowed */
	unsigned flags;		/* STRING: PATTERN_I, PATTERN_WIDE */
	struct loc loc;		/* of all of it; of STRING without its flags */
	struct hex_list hex;
	struct pattern_text *next;
};

struct pattern_list {
	struct pattern_text *first, *last;
};

struct action_text {
	enum action_kind kind;
	struct loc loc;
	unsigned severity;
	struct loc string;	/* LOG: text, src NULL when there is none */
	struct loc rate;	/* LOG: limit, src NULL when there is none */
	struct loc name;	/* COUNT; REWRITE: pattern or field */
	struct pattern_text *bytes;	/* REWRITE_PATTERN */
	struct node *value;	/* REWRITE_FIELD */
	struct action_text *next;
};

struct action_list {
	struct action_text *first, *last;
	size_t count;
};

struct rule_text {
	struct loc label;
	struct node *condition;	/* NULL: always */
	struct action_list actions;
	struct rule_text *next;
};

struct rule_list {
	struct rule_text *first, *last;
};

enum item_kind {
	ITEM_POLICY,		/* string, number */
	ITEM_INCLUDE,		/* string */
	ITEM_CONST, ITEM_SET, ITEM_DEFINE,	/* name, value */
	ITEM_PATTERN,		/* name, pattern */
	ITEM_PATTERNS,		/* name, string: the file */
	ITEM_BLOCK,		/* hooks, verdict, rules */
};

struct item {
	enum item_kind kind;
	struct loc loc;
	struct loc name;
	struct loc string, number;
	struct node *value;
	struct pattern_text *pattern;
	unsigned hooks;		/* HOOK_BIT(); 0: its head was wrong and was reported */
	unsigned verdict;	/* enum hv_verdict */
	struct loc verdict_loc;
	struct rule_list rules;
	struct item *next;
};

enum parse_mode { PARSE_POLICY, PARSE_PATTERNS, PARSE_SET };

/* The state of one parse; the scanner's part is scan.l's. */
struct parse {
	struct pool *pool;
	struct diags *diags;
	const struct source *src;
	enum parse_mode mode;

	/* out: items; of a pattern file ITEM_PATTERNs; of a set file each element */
	struct item *items, **items_tail;
	void (*element)(void *arg, struct node *n);	/* the node is reused afterwards */
	void *element_arg;
	bool failed;		/* something was reported */
	enum item_kind declares;	/* the last const, set or define */

	/* the scanner */
	void *scanner;
	uint32_t at;		/* bytes taken */
	struct loc before;	/* the token before the last one */
	struct loc last;	/* the last token */
	int token, token_before;
	unsigned depth;		/* open parentheses, brackets, braces */
	unsigned brackets;	/* of them brackets */
	unsigned nots;		/* in a row */
	bool started, line_open, in_pattern, in_any, head, in_rules, stop;
	unsigned rules_depth;	/* depth within the rules' brace */
	int pending;		/* token to be returned next, 0: none */
	struct loc pending_loc;
	struct loc opened;	/* start of the regex being read */

	struct node *free_nodes;
	bool too_deep;		/* was reported */
};

/* Parse ps->src; 0, or -1 when something was reported. */
int parse_source(struct parse *ps);

/* For parse.y: the tree's constructors. */
struct node *node_new(struct parse *ps, enum node_kind kind, struct loc loc);
struct node *node_op(struct parse *ps, enum node_kind kind, unsigned op, struct loc loc,
		     struct node *a, struct node *b, struct node *c);
struct node *node_chain(struct parse *ps, enum node_kind kind, struct loc loc, struct node *l,
			struct node *r);
struct node *node_of_list(struct parse *ps, enum node_kind kind, struct loc loc,
			  struct node_list list);
struct node *node_has(struct parse *ps, struct loc loc, struct node *area,
		      struct pattern_list what, struct node *position);
void node_free(struct parse *ps, struct node *n);
struct pattern_text *pattern_text_new(struct parse *ps, int kind, struct loc loc);
struct action_text *action_text_new(struct parse *ps, enum action_kind kind, struct loc loc);
struct rule_text *rule_text_new(struct parse *ps, struct loc label, struct node *condition,
				struct action_list actions);
struct item *item_new(struct parse *ps, enum item_kind kind, struct loc loc);
void item_add(struct parse *ps, struct item *item);

/* For parse.y: the next token. */
int scan_token(struct loc *loc, struct parse *ps);
/* For fmt.c: start and end a scan. */
void scan_open(struct parse *ps);

/* The text of a place. */
static inline const char *loc_text(struct loc loc)
{
	return loc.src->text + loc.first;
}

static inline size_t loc_len(struct loc loc)
{
	return loc.last - loc.first;
}

#endif
