/*
 * model.h - a policy after checking: what the front end hands to lowering
 *
 *	scan.l, parse.y -> tree.h -> check.c -> model.h -> lower.c -> emit.c
 *
 * Everything is resolved: names are gone (constants folded in, defines expanded by sharing
 * their expression, sets and patterns are pointers), every expression has a type, every
 * operator fits its operands, every field exists in its hook.  Allocated from the
 * compilation's pool; freed with it.
 */
#ifndef COMPILER_MODEL_H
#define COMPILER_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler/diag.h"
#include "policy/context.h"
#include "policy/field.h"

struct source_file;	/* compiler/source.h */

/* A constant: number, MAC or address in host order. */
struct value {
	uint64_t hi, lo;	/* hi only for IPv6 */
	uint8_t family;		/* 4 or 6: an IP address; 0: a number; 48: a MAC address */
};

enum expr_kind {
	/* values */
	EXPR_CONST,		/* value */
	EXPR_FIELD,		/* field; absent when the transfer lacks it */
	EXPR_BYTES,		/* area[offset:size]; absent when out of range */
	EXPR_SECTOR,		/* sector[lba][offset:size] */
	EXPR_ARITH,		/* l op r on numbers, modulo 2^64 */
	EXPR_TUPLE,		/* items[]: only left of EXPR_IN */
	/* conditions */
	EXPR_BOOL,		/* constant: truth */
	EXPR_CMP,		/* l op r; false when either is absent */
	EXPR_IN,		/* l in set; negated: l not in set (both false when l is absent) */
	EXPR_OVERLAPS,		/* disk.range overlaps set */
	EXPR_HAS,		/* content query */
	EXPR_FLAG,		/* field of type FLAG standing alone */
	EXPR_NOT,		/* l */
	EXPR_AND, EXPR_OR,	/* l, r */
};

enum arith_op { ARITH_ADD, ARITH_SUB, ARITH_AND, ARITH_OR, ARITH_XOR, ARITH_SHL, ARITH_SHR };
enum cmp_op { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE };

/* The type of a value expression, or of a component of a set. */
enum value_type { TYPE_NUM, TYPE_MAC, TYPE_IP, TYPE_IP4, TYPE_BOOL, TYPE_TUPLE, TYPE_RANGE };
/* IP4 values (arp.spa, arp.tpa) compare with IP values as addresses of family 4. */

struct query {			/* AREA has PATTERN...; AREA starts with PATTERN (position AT, 0) */
	enum hv_area area;
	struct pattern **patterns;
	size_t pattern_count;
	enum { POS_ANY, POS_AT, POS_WITHIN } position;
	uint64_t first, last;	/* of the match's first byte; AT: first == last */
	uint64_t every;		/* 0: no repetition */
};

struct expr {
	enum expr_kind kind;
	enum value_type type;
	struct loc loc;
	struct expr *l, *r;	/* operands; BYTES: l the offset; SECTOR: l lba, r offset */
	uint8_t op;		/* enum arith_op, enum cmp_op */
	bool negated;		/* IN */
	bool truth;		/* BOOL */
	bool little_endian;	/* BYTES, SECTOR */
	uint8_t size;		/* BYTES, SECTOR: 1, 2, 4, 8 */
	enum hv_area area;	/* BYTES */
	enum hv_field field;	/* FIELD, FLAG */
	struct value value;	/* CONST */
	struct set *set;	/* IN, OVERLAPS */
	struct query query;	/* HAS */
	struct expr **items;	/* TUPLE */
	size_t item_count;
	/* of the whole tree below, shared parts counted each time (compiler/expr.h) */
	uint16_t depth;		/* levels, at most HVC_MAX_EXPR_DEPTH */
	uint8_t hooks;		/* HOOK_BIT of every hook where all its fields exist */
	uint32_t nodes;		/* at most HVC_MAX_EXPR_NODES */
	bool searches;		/* HAS is in it */
	int8_t known;		/* NOT, AND, OR: expr_truth() */
	uint64_t hash;		/* NOT, AND, OR: expr_hash() */
};

/* One element lo..hi (both inclusive, lo == hi for a single value) of each component. */
struct element {
	struct value *lo, *hi;	/* set->arity values each; same family, lo <= hi */
};

/* An element with a field in it: lo..hi as expressions (disk.total_sectors - 33..). */
struct dynamic_element {
	struct expr **lo, **hi;	/* set->arity expressions each */
};

struct set {
	const char *name;	/* NULL: written in place */
	struct loc loc;
	unsigned arity;		/* 1: scalar, else components of the tuple */
	enum value_type *types;	/* arity; TYPE_NUM, TYPE_MAC, TYPE_IP (CIDRs are ranges) */
	struct element *elements;	/* scalars: sorted by family, then value, disjoint, merged */
	size_t count;
	struct dynamic_element *dynamic;	/* only in sets written in place */
	size_t dynamic_count;
	size_t source_count;	/* elements as written, before merging */
};

enum pattern_kind { PATTERN_LITERAL, PATTERN_HEX, PATTERN_REGEX };
enum { PATTERN_I = 1, PATTERN_S = 2, PATTERN_M = 4, PATTERN_X = 8, PATTERN_WIDE = 16 };

/* One atom of a hex pattern. */
struct hex_atom {
	enum { HEX_BYTE, HEX_ANY, HEX_GAP } kind;
	uint8_t byte;
	uint32_t min, max;	/* GAP */
};

struct pattern {
	const char *name;	/* "eicar", "malware.a"; in place: its text, shortened */
	struct loc loc;		/* of the pattern's text; REGEX: behind the opening slash */
	enum pattern_kind kind;
	unsigned flags;
	const uint8_t *bytes;	/* LITERAL: decoded bytes; REGEX: source between the slashes, "\/" kept */
	size_t len;
	struct hex_atom *hex;	/* HEX */
	size_t hex_count;
	bool anchored;		/* has ^ $ \A \Z \z: refers to one transfer (set by the front end) */
};

enum action_kind {
	ACTION_PASS, ACTION_DROP, ACTION_DROP_SILENTLY, ACTION_LOG, ACTION_COUNT,
	ACTION_REWRITE_PATTERN, ACTION_REWRITE_FIELD,
};

/* Text of a log, in pieces (policy/module.h, HVB_PART_*). */
struct text_part {
	uint8_t kind;
	enum hv_field field;
	const uint8_t *bytes;
	size_t len;
};

struct action {
	enum action_kind kind;
	struct loc loc;
	unsigned severity;	/* LOG: HVB_INFO.. */
	struct text_part *parts;	/* LOG */
	size_t part_count;
	uint64_t limit;		/* LOG: events a second, 0: none */
	const char *counter;	/* COUNT */
	struct pattern **patterns;	/* REWRITE_PATTERN */
	size_t pattern_count;
	enum hv_area area;	/* REWRITE_PATTERN: where the rule searches it, else payload or data */
	const uint8_t *bytes;	/* REWRITE_PATTERN: repeated to the match's length */
	size_t len;		/* >= 1 */
	enum hv_field field;	/* REWRITE_FIELD */
	struct expr *value;	/* REWRITE_FIELD: a number, MAC or IP expression */
	struct action *next;
};

struct rule {
	const char *label;
	struct loc loc;		/* of the label */
	struct expr *condition;	/* NULL: always */
	struct action *actions;	/* as written; PASS or DROP, where there, is the last that counts */
	struct rule *next;
};

struct hook_rules {
	bool present;		/* a block names this hook */
	enum hv_verdict default_verdict;	/* PASS where absent */
	struct rule *rules;	/* in order of evaluation; the fields are checked for this hook */
	size_t count;
};

struct model {
	const char *name;
	uint64_t version;
	struct hook_rules hooks[HV_HOOKS];
	const struct source_file *files;	/* all that were read, the policy first */
};

#endif
