/*
 * classify.h - which rows of a run of rules match this context, section .hv.class
 *
 * hvc turns consecutive rules whose conditions are comparisons on fields into one
 * classifier: rows (a row is a rule of that run) made of boxes, a box an interval for
 * each of some words of struct hv_ctx, all of them present.  One look-up answers for
 * all rows at once.  The wire format is classify.c's and its builder's
 * (compiler/build_class.c).
 */
#ifndef POLICY_CLASSIFY_H
#define POLICY_CLASSIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/context.h"
#include "policy/error.h"

struct class_table;

/* As set_table_load(). */
int class_table_load(struct arena *a, const void *blob, size_t len, struct class_table **out,
		     struct policy_error *err);
uint32_t class_count(const struct class_table *t);
uint32_t class_rows(const struct class_table *t, uint32_t cls);
uint32_t class_cost(const struct class_table *t, uint32_t cls);

/* Does the classifier look at no word of the context but those that @allowed says? */
bool class_reads_only(const struct class_table *t, uint32_t cls, bool (*allowed)(size_t offset));

/* The lowest row >= @from that @ctx matches, or class_rows() when there is none. */
uint32_t class_lookup(const struct class_table *t, uint32_t cls, uint32_t from,
		      const struct hv_ctx *ctx);

#endif
