/*
 * setops.h - sets as lists of intervals and boxes: order, union, difference
 */
#ifndef COMPILER_SETOPS_H
#define COMPILER_SETOPS_H

#include "compiler/model.h"
#include "compiler/pool.h"

/* Elements while they are gathered: lo[arity] and hi[arity] of each, in a row. */
struct set_list {
	struct pool *pool;
	unsigned arity;
	struct value *values;
	struct loc *locs;	/* where each was written; NULL: not kept */
	size_t count, room;
};

void set_list_init(struct set_list *l, struct pool *p, unsigned arity, bool locs);
/* lo[] and hi[] are copied. */
void set_list_add(struct set_list *l, const struct value *lo, const struct value *hi,
		  struct loc loc);

/* Two elements of @l that overlap; false when none do (of tuples: none was found in bounded work). */
bool set_list_overlap(const struct set_list *l, size_t *a, size_t *b);

/* Order, merge and store: s->elements, s->count.  s->arity is the list's. */
void set_from_list(struct set *s, const struct set_list *l);

/*
 * Union and difference of sets without dynamic elements, of one arity.  Return 0, or -1 when
 * the result would have more than HVC_MAX_SET_ELEMENTS elements or take too long.
 */
int set_union(struct pool *p, const struct set *a, const struct set *b, struct set *out);
int set_difference(struct pool *p, const struct set *a, const struct set *b, struct set *out);

/* Is @key (arity values) in it?  Linear; for tests and constants. */
bool set_contains(const struct set *s, const struct value *key);

#endif
