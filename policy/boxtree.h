/*
 * boxtree.h - which rows of boxes hold these words: what classifiers and sets share
 */
#ifndef POLICY_BOXTREE_H
#define POLICY_BOXTREE_H

#include <stdint.h>

#include "policy/arena.h"
#include "policy/error.h"
#include "policy/table_format.h"

/* Trees that wait while another is searched, at most (tree_node.rest). */
#define TREE_MAX_PENDING	16u
/* Worst-case cost of a look-up, at most, in instructions. */
#define TREE_MAX_COST		(1u << 28)
#define TREE_MAX_DIMS		255u

/* A checked tree: pointers into the section. */
struct tree {
	const struct tree_dim *dims;
	const struct tree_box *boxes;
	const struct tree_side *sides;
	const struct tree_node *nodes;
	const uint64_t *keys;
	const uint32_t *kids;
	const uint32_t *lists;
	const uint32_t *refs;
	uint32_t dim_count;
	uint32_t root;
	uint32_t rows;
	uint32_t cost;		/* worst case of one look-up, instructions */
	/*
	 * A root that is a hash node and leaves nothing to search when its keys say no: what
	 * it takes is here in one place.  Most packets end there.  filter is NULL otherwise.
	 */
	struct tree_front {
		const uint64_t *keys;
		const uint32_t *kids;
		uint64_t mult[2];
		struct tree_dim dim;
		uint32_t log2;
		/*
		 * A bit is set where a key hashes to, so that most values which are not a key
		 * never touch the keys; of 16-bit values each has its own bit.
		 */
		uint32_t filter_shift;
		uint64_t filter_mult;
		const uint64_t *filter;
	} front;
};

/* Instructions that a look-up spends, at most; tree_cost() adds them up. */
#define TREE_COST_CALL		20u
#define TREE_COST_HASH		32u
#define TREE_COST_RANGE		20u	/* and TREE_COST_STEP for each halving */
#define TREE_COST_STEP		6u
#define TREE_COST_LIST		12u	/* and TREE_COST_STEP for each halving, and its boxes */
#define TREE_COST_BOX		12u
#define TREE_COST_SIDE		10u

/*
 * Check the @len bytes at @blob (8-byte aligned).  No dimension reaches beyond @words_len
 * bytes; no box needs a presence bit outside @presence.  Scratch from @a is given back.
 */
int tree_load(struct arena *a, const void *blob, uint32_t len, uint32_t words_len,
	      uint64_t presence, struct tree *t, const char *where, struct policy_error *err);

/* The lowest row >= @from that holds, or t->rows.  *@steps is what it cost; may be NULL. */
uint32_t tree_find(const struct tree *t, uint32_t from, const void *words, uint64_t present);
uint32_t tree_find_counted(const struct tree *t, uint32_t from, const void *words,
			   uint64_t present, uint32_t *steps);

#endif
