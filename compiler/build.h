/*
 * build.h - builders of the module's tables: sets, classifiers, patterns
 *
 * Each takes what lowering found, and ends as the bytes of its section.  Rows are numbered
 * in the order in which they were added; equal rows may share a number.
 */
#ifndef COMPILER_BUILD_H
#define COMPILER_BUILD_H

#include "compiler/diag.h"
#include "compiler/model.h"
#include "compiler/pool.h"

struct blob {
	const void *bytes;	/* in the pool */
	size_t len;
};

/* Sets: policy/set.h reads what this writes. */
struct set_builder;
struct set_builder *set_builder_new(struct pool *p);
/* The number of the set; @s has no dynamic elements. */
uint32_t set_builder_add(struct set_builder *b, const struct set *s);
struct blob set_builder_finish(struct set_builder *b);

/*
 * Classifiers: policy/classify.h reads what this writes.
 * A dimension is a word of struct hv_ctx, and the field whose presence it needs.  FLAGBITs
 * use their shifted and masked bit.
 */
struct class_dim {
	uint16_t offset;	/* of the word in struct hv_ctx */
	uint8_t present;	/* presence bit that must be set */
	uint8_t shift;		/* value = word >> shift & mask */
	uint64_t mask;
};

/* One interval of one dimension; a box is a conjunction of them (at least one). */
struct class_side {
	struct class_dim dim;
	uint64_t lo, hi;	/* both inclusive */
};

struct class_builder;
struct class_builder *class_builder_new(struct pool *p);
/* Start the next classifier; returns its number. */
uint32_t class_builder_begin(struct class_builder *b);
/* Start its next row (0, 1, ...); then its boxes: the row matches when any box does. */
void class_builder_row(struct class_builder *b);
void class_builder_box(struct class_builder *b, const struct class_side *sides, size_t count);
struct blob class_builder_finish(struct class_builder *b);

/* Patterns and queries: policy/match.h reads what this writes (compiler/regex/). */
struct match_builder;
struct match_builder *match_builder_new(struct pool *p, struct diags *d);
/* The number of the query.  Patterns that are refused (PCRE2 or the subset of
 * language.md) are reported with their place, once. */
uint32_t match_builder_query(struct match_builder *b, enum hv_hook hook, const struct query *q);
struct blob match_builder_finish(struct match_builder *b);

/* Is the pattern well-formed?  Reports, warns of floods, sets anchored.  0 or -1. */
int pattern_check(struct pattern *p, struct pool *pool, struct diags *d);

#endif
