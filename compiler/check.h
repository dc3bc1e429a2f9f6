/*
 * check.h - the checker's state and its parts: tree.h in, model.h out
 *
 *	check.c		front_end(): files, items in order, the policy's head
 *	check_name.c	declarations; a name's value, found when it is first needed
 *	check_value.c	numbers, addresses, fields, bytes, arithmetic
 *	check_set.c	sets written in place, of files, + and -
 *	check_cond.c	conditions
 *	check_pattern.c	patterns and their files
 *	check_rule.c	rules and their hooks
 *	check_action.c	actions, log text
 *	check_warn.c	rules that can never be reached, comparisons that mean little
 *
 * What is wrong is reported once, where it stands; the function then returns NULL or
 * MEANS_NOTHING, and whoever needed the result says nothing more.
 */
#ifndef COMPILER_CHECK_H
#define COMPILER_CHECK_H

#include "compiler/diag.h"
#include "compiler/expr.h"
#include "compiler/limit.h"
#include "compiler/model.h"
#include "compiler/names.h"
#include "compiler/source.h"
#include "compiler/tree.h"
#include "policy/module.h"

/* What a name stands for. */
struct named {
	const struct item *item;
	const char *name;
	enum { NAMED_NEW, NAMED_BUSY, NAMED_DONE } state;
	struct meaning *meaning;	/* CONST, SET, DEFINE */
	struct pattern **patterns;	/* PATTERN: one; PATTERNS */
	size_t pattern_count;
	struct names *entries;		/* PATTERNS: its file's names, things are struct pattern */
};

/* What an expression turned out to be. */
struct meaning {
	enum {
		MEANS_NOTHING,		/* reported */
		MEANS_VALUE,		/* expr */
		MEANS_CONDITION,	/* expr */
		MEANS_SET,		/* set */
		MEANS_PREFIX,		/* lo, hi: a set of one range */
		MEANS_AREA,		/* area */
	} kind;
	struct expr *expr;
	struct set *set;
	struct value lo, hi;
	enum hv_area area;
};

struct set_cache {
	const struct source *src;
	struct set *set;
	struct set_cache *next;
};

struct check {
	struct pool *pool;
	struct diags *diags;
	struct sources sources;
	struct names names;
	struct names labels[HV_HOOKS];
	struct names counters;
	struct model *model;
	struct loc policy;		/* of the policy statement, src NULL: none yet */
	struct loc defaults[HV_HOOKS];	/* where each hook's default was first given */
	struct rule **tails[HV_HOOKS];
	struct item *items, **items_tail;	/* of all files, in order */
	struct set_cache *sets;
	struct named *busy;		/* being resolved, for messages */
	unsigned name_depth;
	size_t pattern_count, rule_count;
	bool syntax_errors;
	bool io;
};

/* check_name.c */
void declare(struct check *c, struct item *item);
/* The declared name at @loc, or NULL (reported); @s, @len may be only a part of it. */
struct named *named_find(struct check *c, struct loc loc, const char *s, size_t len);
struct meaning named_meaning(struct check *c, struct named *n, struct loc loc);
bool check_name_length(struct check *c, struct loc loc);
bool is_number_word(struct loc loc);

/* check_value.c */
struct meaning check_node(struct check *c, const struct node *n);
/* Any value but a range of sectors; NULL: reported. */
struct expr *check_value(struct check *c, const struct node *n);
struct expr *check_number(struct check *c, const struct node *n);
/* A constant number into *@out, or false. */
bool check_constant(struct check *c, const struct node *n, uint64_t *out);
const char *type_name(enum value_type type);
const char *meaning_name(const struct meaning *m);
void expected(struct check *c, struct loc loc, const char *what, const struct meaning *found);
bool types_compare(enum value_type a, enum value_type b);
enum hv_field field_find(struct check *c, struct loc loc);	/* HV_FIELD_NAMES: reported */
/* A string token's bytes without quotes, NUL-terminated; false: reported. */
bool check_string(struct check *c, struct loc loc, const uint8_t **bytes, size_t *len);
/* The same as a file name or the like: not empty, no NUL. */
char *check_text(struct check *c, struct loc loc, const char *what, size_t most);

/* check_set.c */
struct meaning check_set_node(struct check *c, const struct node *n);
struct meaning check_file_set(struct check *c, const struct node *n);
struct meaning set_arith(struct check *c, const struct node *n, const struct meaning *l,
			 const struct meaning *r);
/* A set from any meaning that is one; NULL: reported. */
struct set *set_of(struct check *c, const struct meaning *m, struct loc loc);
struct source_file *open_beside(struct check *c, struct loc string);
const char *types_name(const enum value_type *types, unsigned arity, char *out, size_t room);

/* check_cond.c */
struct expr *check_condition(struct check *c, const struct node *n);
struct meaning check_chain(struct check *c, const struct node *n);
struct meaning check_compare(struct check *c, const struct node *n);
struct meaning check_in(struct check *c, const struct node *n);
struct meaning check_overlaps(struct check *c, const struct node *n);
struct meaning check_has(struct check *c, const struct node *n);
bool expr_fits(struct check *c, const struct expr *e);

/* check_pattern.c */
struct pattern *check_pattern(struct check *c, const struct pattern_text *t, const char *name);
void check_pattern_file(struct check *c, struct named *n);
/* The patterns that @list names, each once; false: reported. */
bool check_patterns(struct check *c, const struct pattern_text *list, struct pattern ***out,
		    size_t *count);
bool check_hex_bytes(struct check *c, const struct pattern_text *t, const uint8_t **bytes,
		     size_t *len);

/* check_rule.c */
void check_block(struct check *c, const struct item *item);

/* check_action.c */
struct action *check_actions(struct check *c, const struct rule_text *r, unsigned hooks,
			     const struct expr *condition);

/* check_warn.c */
void warn_compare(struct check *c, const struct expr *e);
void warn_in(struct check *c, const struct expr *e);
void warn_unreachable(struct check *c);

#endif
