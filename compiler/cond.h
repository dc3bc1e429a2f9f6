/*
 * cond.h - a rule's condition between the model and its code
 *
 * The model's binary tree becomes a tree with wide `and` and `or`; comparisons of one field
 * with constants become a set of spans.  A leaf is false when what it compares is absent, so
 * `or` of spans of one field is their union, and `and` their intersection; only COND_NOT
 * makes absence true.
 */
#ifndef COMPILER_COND_H
#define COMPILER_COND_H

#include "compiler/model.h"
#include "compiler/pool.h"
#include "compiler/vec.h"

/* lo..hi, both inclusive, of one family; families in order 0; 4, 6. */
struct span {
	uint8_t family;		/* 0: a number or MAC address; 4, 6 */
	struct { uint64_t hi, lo; } lo, hi;
};

struct spans {
	const struct span *at;	/* sorted, disjoint, never adjacent */
	size_t count;
};

enum cond_kind { COND_FALSE, COND_TRUE, COND_AND, COND_OR, COND_NOT, COND_SPANS, COND_LEAF };

struct cond {
	enum cond_kind kind;
	struct cond **kids;		/* AND, OR: two or more; NOT: one */
	size_t kid_count;
	const struct expr *leaf;	/* LEAF: CMP, IN, OVERLAPS, HAS, FLAG */
	enum hv_field field;		/* SPANS: of type NUM, FLAG, MAC, IP or IP4 */
	struct spans spans;		/* SPANS: at least one */
	uint32_t set;			/* SPANS: its number + 1 once it is a set */
};

#define COND_MAX_DEPTH	500u		/* of an expression, chains of `and` and `or` apart */
#define COND_SMALL_SET	16u		/* a set of at most so many elements becomes spans */
#define COND_MAX_NODES	(4u << 20)	/* nodes visited for one policy, shared ones each time */

/* Address -> address, for sharing; of the pool. */
struct ptr_map {
	const void **keys;
	void **values;
	size_t count, room;	/* room: 0 or a power of two */
};
void **ptr_map_slot(struct ptr_map *m, struct pool *p, const void *key);

struct folder {
	struct pool *pool;
	struct diags *diags;
	struct ptr_map seen;	/* expr -> cond: a define is folded once */
	bool plain;		/* the tree as it stands: no folding, no spans */
	bool failed;		/* too deep: reported */
};

/* @e NULL: always. */
struct cond *cond_of(struct folder *f, const struct expr *e);

/* spans.c: the algebra of spans. */
/* Sort and merge @count spans in place of a pool's copy. */
struct spans spans_make(struct pool *p, const struct span *s, size_t count);
/* Is each value of @a in @b? */
bool spans_within(struct spans a, struct spans b);
/* What a present field can hold beyond @s. */
struct spans spans_complement(struct pool *p, enum hv_field field, struct spans s);
/* All that a present field can hold. */
struct spans spans_universe(struct pool *p, enum hv_field field);
/* Spans of `field OP constant`, of `field [not] in set`; cut to what the field can hold. */
struct spans spans_of_cmp(struct pool *p, enum hv_field field, enum cmp_op op,
			  const struct value *v);
struct spans spans_of_set(struct pool *p, enum hv_field field, const struct set *s, bool negated);

#endif
