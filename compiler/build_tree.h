/*
 * build_tree.h - build a tree over boxes (policy/boxtree.h): rows and boxes in, bytes out
 */
#ifndef COMPILER_BUILD_TREE_H
#define COMPILER_BUILD_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler/build.h"
#include "compiler/build_hash.h"
#include "compiler/pool.h"
#include "policy/boxtree.h"

/* An interval, both inclusive. */
struct span {
	uint64_t lo, hi;
};

struct raw_box {
	uint64_t need;
	uint32_t row;
	uint32_t side, sides;	/* rows of the builder's sides */
};

struct raw_side {
	uint32_t dim;
	struct span span;
};

struct tree_builder {
	struct pool *pool;
	uint32_t rows;
	struct tree_dim dims[TREE_MAX_DIMS];
	uint32_t dim_count;
	struct raw_box *boxes;
	size_t box_count, box_room;
	struct raw_side *sides;
	size_t side_count, side_room;
};

struct tree_builder *tree_builder_new(struct pool *p);
/* The number of this dimension. */
uint32_t tree_builder_dim(struct tree_builder *b, uint32_t offset, uint32_t shift, uint64_t mask);
/* The next row; boxes that follow are its. */
void tree_builder_row(struct tree_builder *b);
/* A box that needs presence bits @need, then its sides; a dimension may come twice. */
void tree_builder_box(struct tree_builder *b, uint64_t need);
void tree_builder_side(struct tree_builder *b, uint32_t dim, uint64_t lo, uint64_t hi);
/* The entry's bytes, a multiple of 8. */
struct blob tree_builder_finish(struct tree_builder *b);

/* ---- between build_tree.c and build_split.c -------------------------------- */

#define TREE_LEAF_BOXES		4u	/* so few are tried one after the other */
#define TREE_BYTES_PER_BOX	512u	/* nodes, keys, kids and lists of a tree take no more */
#define TREE_BYTES_ALWAYS	4096u

/* A set of boxes that is still to be searched by something. */
struct work {
	const uint32_t *boxes;	/* ascending */
	uint32_t n;
	uint32_t waiting;	/* searches that wait when this one begins, at most */
	uint8_t closed[TREE_MAX_DIMS / 8 + 1];	/* by dimension: no box is told by it here */
	uint32_t kid;		/* what became of it */
};

/* A box with one value in a dimension. */
struct point {
	uint64_t key;
	uint32_t box;
};

struct tree_build {
	struct pool *pool;
	uint32_t dims, n;
	struct span *span;	/* [box * dims + dim]; 0..UINT64_MAX where it has no side */
	struct work *work;	/* first in, first out; a KID_NODE in kids is a number here */
	uint32_t work_count, work_room;
	struct tree_node *nodes;
	uint32_t node_count, node_room;
	uint64_t *keys;
	uint32_t key_count, key_room;
	uint32_t *kids;
	uint32_t kid_count, kid_room;
	uint32_t *lists, *refs;
	uint32_t list_count, list_room, ref_count, ref_room;
	size_t budget;		/* bytes left */
	/* scratch for n boxes */
	struct point *sorted;
	uint64_t *ends;
	uint32_t *count;
};

/* Number of a new work; @boxes stays, @n >= 1. */
uint32_t tree_work_add(struct tree_build *t, const uint32_t *boxes, uint32_t n,
		       const struct work *parent, uint32_t waiting);

/* Turn a work of more than TREE_LEAF_BOXES into a node, if that helps. */
bool tree_split(struct tree_build *t, uint32_t work);

#endif
