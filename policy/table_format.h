/*
 * table_format.h - sections .hv.sets and .hv.class, word for word
 *
 * Written by compiler/build_*.c, read by set.c, classify.c and boxtree.c.  Numbers are
 * little-endian and lie on their natural alignment; a section starts on 8 bytes.  Arrays
 * follow their head in the order in which the head counts them, without gaps but the one
 * that brings the end of 32-bit arrays to 8 bytes.
 */
#ifndef POLICY_TABLE_FORMAT_H
#define POLICY_TABLE_FORMAT_H

#include <stdint.h>

#define TABLE_FORMAT		1u
#define SETS_MAGIC		0x31544553u	/* "SET1" */
#define CLASS_MAGIC		0x31534c43u	/* "CLS1" */

/* What a section starts with; then @count of struct table_entry. */
struct table_head {
	uint32_t magic, format;
	uint32_t count;
	uint32_t reserved;
};

/* One set or classifier: @len bytes from @offset on; entries lie behind each other. */
struct table_entry {
	uint32_t offset;	/* bytes from the start of the section, a multiple of 8 */
	uint32_t len;		/* bytes, a multiple of 8 */
	uint32_t kind;		/* enum table_kind */
	uint32_t words;		/* of a set's key; 0 for a classifier */
	uint32_t elements;	/* of a set as written; 0 for a classifier */
	uint32_t reserved;
};

enum table_kind {
	TABLE_KEYS = 1,		/* one struct key_part over the whole key */
	TABLE_IP = 2,		/* two: IPv4 addresses (1 word), IPv6 addresses (2 words) */
	TABLE_TREE = 3,		/* struct tree_head: boxes over words */
};

/*
 * Keys of @words words.  Arrays: hash table, uint64_t key[TABLE_SLOTS(log2)][words] when
 * log2 is not 0; lo[ranges][words], hi[ranges][words]: ascending, disjoint, inclusive;
 * all_lo[all], all_hi[all]: every key of the part once more in that form (one-word sets
 * with a hash table only, for set_meets()).
 */
struct key_part {
	uint64_t mult[2];
	uint32_t log2;		/* 2^log2 buckets, 0: no hash table */
	uint32_t ranges;
	uint32_t all;
	uint32_t reserved;
};

/*
 * Hash tables: a key lies in one of the two slots of one of its two buckets, so that a
 * look-up compares four keys, never more.  The builder looks for multipliers with which
 * that works.  A slot that is not needed repeats another key of the table: it answers as
 * that key's own slot does, so that nothing marks a slot as empty.
 */
#define TABLE_MAX_LOG2		20u
#define TABLE_SLOTS(log2)	((uint64_t)2 << (log2))

static inline uint64_t table_mix(const uint64_t *key, uint32_t words)
{
	uint64_t h = key[0];

	for (uint32_t i = 1; i < words; i++)
		h = (h ^ h >> 29) * 0x9e3779b97f4a7c15u + key[i];
	return h ^ h >> 32;
}

/* First slot of the bucket that multiplier @mult gives a mixed key. */
static inline uint32_t table_bucket(uint64_t mixed, uint64_t mult, uint32_t log2)
{
	return (uint32_t)(mixed * mult >> (64 - log2)) << 1;
}

/* Where a key stands in the filter of a tree's front: below 2^(64 - @shift). */
static inline uint64_t table_filter_bit(uint64_t key, uint64_t mult, uint32_t shift)
{
	return table_mix(&key, 1) * mult >> shift;
}

/*
 * A tree over boxes.  Arrays: struct tree_dim[dims], struct tree_box[boxes + 1] (the last
 * one only ends the sides of the one before), struct tree_side[sides], struct
 * tree_node[nodes], uint64_t key[keys], then uint32_t: kid[kids], list[lists + 1],
 * ref[refs], padded to 8 bytes.
 */
struct tree_head {
	uint32_t rows;
	uint32_t dims;
	uint32_t boxes;
	uint32_t sides;
	uint32_t nodes;
	uint32_t keys;
	uint32_t kids;
	uint32_t lists;
	uint32_t refs;
	uint32_t root;		/* a kid */
};

/* value = word >> shift & mask, of the word @offset bytes into the context or key */
struct tree_dim {
	uint16_t offset;
	uint8_t shift;
	uint8_t reserved[5];
	uint64_t mask;
};

/* A box holds when all bits of @need are present and all its sides hold. */
struct tree_box {
	uint64_t need;
	uint32_t row;		/* ascends with the boxes */
	uint32_t side;		/* first of its sides; ascends with the boxes */
};

/* value - lo <= span */
struct tree_side {
	uint64_t lo, span;
	uint32_t dim;
	uint32_t reserved;
};

/*
 * What is to be searched next: a number shifted by two, and what it numbers.  NONE is 0
 * in whole.  List n is ref[list[n]] up to ref[list[n + 1]]: boxes, ascending.
 */
enum { KID_NONE = 0, KID_NODE = 1, KID_LIST = 2, KID_BOX = 3, KID_KIND = 3, KID_SHIFT = 2 };
#define KID_MAX		(UINT32_MAX >> KID_SHIFT)

enum { NODE_HASH = 1, NODE_RANGE = 2 };

/*
 * A node searches one child, chosen by the value of @dim, and @rest in any case.
 * HASH: key[key..+TABLE_SLOTS(log2)] and as many kids; no child when no key is equal.
 * RANGE: @count ascending keys and count + 1 kids; the child is the number of keys that
 * are not above the value.  Nodes come before their children; keys and kids of the nodes
 * lie in the nodes' order, without gaps.
 */
struct tree_node {
	uint16_t kind;
	uint16_t log2;		/* HASH */
	uint32_t dim;
	uint32_t count;		/* RANGE */
	uint32_t key, kid;	/* first of its keys and kids */
	uint32_t rest;		/* a kid */
	uint64_t mult[2];	/* HASH */
};

_Static_assert(sizeof(struct table_head) == 16, "wire size");
_Static_assert(sizeof(struct table_entry) == 24, "wire size");
_Static_assert(sizeof(struct key_part) == 32, "wire size");
_Static_assert(sizeof(struct tree_head) == 40, "wire size");
_Static_assert(sizeof(struct tree_dim) == 16, "wire size");
_Static_assert(sizeof(struct tree_box) == 16, "wire size");
_Static_assert(sizeof(struct tree_side) == 24, "wire size");
_Static_assert(sizeof(struct tree_node) == 40, "wire size");

#endif
