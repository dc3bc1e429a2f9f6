/*
 * tree_check.c - prove that searching a tree stays inside it and ends, and what it costs
 *
 * Linear in the tree's length: every array is walked once, costs of lists and nodes are
 * noted and taken from there.
 */
#include "policy/boxtree.h"

#include <stdbool.h>
#include <string.h>

/* Of a node or a list: what searching it costs at most, and how many trees wait at most. */
struct bound {
	uint32_t cost;
	uint32_t pending;
};

struct check {
	const struct tree_head *h;
	struct tree *t;
	struct bound *nodes;	/* by node; filled from the last one to the first */
	uint32_t *lists;	/* cost, by list */
	const char *where;
	struct policy_error *err;
};

static int malformed(const struct check *c, const char *what, uint64_t which)
{
	return policy_fail(c->err, POLICY_EINVAL, c->where, POLICY_NO_INSN,
			   "tree: %s %llu is malformed", what, (unsigned long long)which);
}

static uint32_t add_cost(uint32_t a, uint32_t b)
{
	return b > TREE_MAX_COST - a ? TREE_MAX_COST : a + b;
}

/* Comparisons of a binary search over @n, at most. */
static uint32_t halvings(uint32_t n)
{
	uint32_t steps = 0;

	for (; n > 0; n /= 2)
		steps++;
	return steps;
}

/* The arrays behind the head must fill the blob exactly. */
static int place(struct check *c, uint32_t len)
{
	const struct tree_head *h = c->h;
	const uint8_t *at = (const uint8_t *)(h + 1);
	uint64_t words = (uint64_t)h->kids + h->lists + 1 + h->refs;
	uint64_t size = sizeof(*h) + h->dims * (uint64_t)sizeof(struct tree_dim) +
		((uint64_t)h->boxes + 1) * sizeof(struct tree_box) +
		h->sides * (uint64_t)sizeof(struct tree_side) +
		h->nodes * (uint64_t)sizeof(struct tree_node) +
		h->keys * (uint64_t)sizeof(uint64_t) + (words + 1) / 2 * sizeof(uint64_t);

	if (size != len || h->dims > TREE_MAX_DIMS)
		return policy_fail(c->err, POLICY_EINVAL, c->where, POLICY_NO_INSN,
				   "tree: lengths do not fit");
	c->t->dims = (const void *)at;
	at += h->dims * sizeof(struct tree_dim);
	c->t->boxes = (const void *)at;
	at += ((size_t)h->boxes + 1) * sizeof(struct tree_box);
	c->t->sides = (const void *)at;
	at += h->sides * sizeof(struct tree_side);
	c->t->nodes = (const void *)at;
	at += h->nodes * sizeof(struct tree_node);
	c->t->keys = (const void *)at;
	at += h->keys * sizeof(uint64_t);
	c->t->kids = (const void *)at;
	c->t->lists = c->t->kids + h->kids;
	c->t->refs = c->t->lists + h->lists + 1;
	c->t->dim_count = h->dims;
	c->t->rows = h->rows;
	c->t->root = h->root;
	c->t->front = (struct tree_front){ 0 };
	return 0;
}

static int check_dims(const struct check *c, uint32_t words_len)
{
	for (uint32_t i = 0; i < c->h->dims; i++) {
		const struct tree_dim *d = &c->t->dims[i];

		if (words_len < sizeof(uint64_t) || d->offset > words_len - sizeof(uint64_t) ||
		    d->shift > 63)
			return malformed(c, "dimension", i);
	}
	return 0;
}

static int check_boxes(const struct check *c, uint64_t presence)
{
	const struct tree_box *b = c->t->boxes;

	for (uint32_t i = 0; i < c->h->boxes; i++) {
		if (b[i].row >= c->h->rows || b[i].need & ~presence || b[i].side > b[i + 1].side ||
		    (i > 0 && b[i].row < b[i - 1].row))
			return malformed(c, "box", i);
	}
	if (b[c->h->boxes].side != c->h->sides)
		return malformed(c, "box", c->h->boxes);
	for (uint32_t i = 0; i < c->h->sides; i++) {
		if (c->t->sides[i].dim >= c->h->dims)
			return malformed(c, "side", i);
	}
	return 0;
}

static uint32_t box_cost(const struct check *c, uint32_t box)
{
	const struct tree_box *b = &c->t->boxes[box];
	uint64_t cost = TREE_COST_BOX + (uint64_t)TREE_COST_SIDE * (b[1].side - b[0].side);

	return cost > TREE_MAX_COST ? TREE_MAX_COST : (uint32_t)cost;
}

static int check_lists(const struct check *c)
{
	const uint32_t *list = c->t->lists, *ref = c->t->refs;

	if (list[0] != 0 || list[c->h->lists] != c->h->refs)
		return malformed(c, "list", 0);
	for (uint32_t i = 0; i < c->h->lists; i++) {
		uint32_t cost = TREE_COST_LIST;

		/* ascending, and the last one is the number of refs: all are in range */
		if (list[i] > list[i + 1] || list[i + 1] > c->h->refs)
			return malformed(c, "list", i);
		cost += TREE_COST_STEP * halvings(list[i + 1] - list[i]);
		for (uint32_t r = list[i]; r < list[i + 1]; r++) {
			if (ref[r] >= c->h->boxes || (r > list[i] && ref[r] <= ref[r - 1]))
				return malformed(c, "list", i);
			cost = add_cost(cost, box_cost(c, ref[r]));
		}
		c->lists[i] = cost;
	}
	return 0;
}

/* @kid may be a list, a box, or a node from @node on; what does it cost to search it? */
static bool kid_bound(const struct check *c, uint32_t kid, uint64_t node, struct bound *b)
{
	uint32_t number = kid >> KID_SHIFT;

	*b = (struct bound){0};
	switch (kid & KID_KIND) {
	case KID_NODE:
		if (number < node || number >= c->h->nodes)
			return false;
		*b = c->nodes[number];
		return true;
	case KID_LIST:
		if (number >= c->h->lists)
			return false;
		b->cost = c->lists[number];
		return true;
	case KID_BOX:
		if (number >= c->h->boxes)
			return false;
		b->cost = box_cost(c, number);
		return true;
	default:
		return kid == KID_NONE;
	}
}

/*
 * Node @i, whose keys and kids end at *@key and *@kid: they must lie before the next node's,
 * so that no two nodes share any and the walk stays linear.
 */
static int check_node(const struct check *c, uint32_t i, uint32_t *key, uint32_t *kid)
{
	const struct tree_node *n = &c->t->nodes[i];
	bool hash = n->kind == NODE_HASH;
	struct bound most = {0}, b;
	uint64_t keys, kids;

	if (n->dim >= c->h->dims || (hash ? n->log2 < 1 || n->log2 > TABLE_MAX_LOG2 :
				     n->kind != NODE_RANGE || n->count < 1))
		return malformed(c, "node", i);
	keys = hash ? TABLE_SLOTS(n->log2) : n->count;
	kids = hash ? keys : keys + 1;
	if (n->key > *key || *key - n->key != keys || n->kid > *kid || *kid - n->kid != kids)
		return malformed(c, "node", i);
	*key = n->key;
	*kid = n->kid;
	for (uint64_t k = 0; k < kids; k++) {
		if (!kid_bound(c, c->t->kids[n->kid + k], (uint64_t)i + 1, &b))
			return malformed(c, "node", i);
		most.cost = b.cost > most.cost ? b.cost : most.cost;
		most.pending = b.pending > most.pending ? b.pending : most.pending;
	}
	if (!kid_bound(c, n->rest, (uint64_t)i + 1, &b))
		return malformed(c, "node", i);
	if (n->rest)
		most.pending++;
	c->nodes[i].pending = b.pending > most.pending ? b.pending : most.pending;
	c->nodes[i].cost = add_cost(add_cost(most.cost, b.cost), hash ? TREE_COST_HASH :
				    TREE_COST_RANGE + TREE_COST_STEP * halvings(n->count));
	/* more only cost time to find out later: a chain of rests could overflow the count */
	if (c->nodes[i].pending > TREE_MAX_PENDING)
		return policy_fail(c->err, POLICY_ELIMIT, c->where, POLICY_NO_INSN,
				   "tree: more than %u searches wait", TREE_MAX_PENDING);
	return 0;
}

static int check_nodes(const struct check *c)
{
	uint32_t key = c->h->keys, kid = c->h->kids;
	struct bound b;
	int ret;

	for (uint32_t i = c->h->nodes; i-- > 0;) {
		ret = check_node(c, i, &key, &kid);
		if (ret < 0)
			return ret;
	}
	if (key != 0 || kid != 0 || !kid_bound(c, c->h->root, 0, &b))
		return malformed(c, "root", c->h->root);
	c->t->cost = add_cost(b.cost, TREE_COST_CALL);
	if (c->t->cost >= TREE_MAX_COST)
		return policy_fail(c->err, POLICY_ELIMIT, c->where, POLICY_NO_INSN,
				   "tree: a search costs more than %u", TREE_MAX_COST);
	return 0;
}

/* Bits of a front's filter: 16 a slot, while they stay in a first-level cache. */
#define FILTER_LOG2(log2)	((log2) + 5u)
#define FILTER_MIN_LOG2		6u
#define FILTER_MAX_LOG2		17u

/* 0 and t->front, which stays empty when the root is no front; POLICY_ENOMEM. */
static int set_front(struct arena *a, struct tree *t)
{
	const struct tree_node *n = &t->nodes[t->root >> KID_SHIFT];
	struct tree_front *f = &t->front;
	uint32_t bits;
	uint64_t *filter;

	if ((t->root & KID_KIND) != KID_NODE || n->kind != NODE_HASH || n->rest)
		return 0;
	*f = (struct tree_front){
		.keys = t->keys + n->key, .kids = t->kids + n->kid,
		.mult = { n->mult[0], n->mult[1] }, .dim = t->dims[n->dim], .log2 = n->log2,
		.filter_mult = n->mult[0],
	};
	bits = FILTER_LOG2(n->log2) < FILTER_MAX_LOG2 ? FILTER_LOG2(n->log2) : FILTER_MAX_LOG2;
	if (bits >= 16 && f->dim.mask <= UINT16_MAX) {
		bits = 16;
		f->filter_mult = (uint64_t)1 << 48;
	}
	f->filter_shift = 64 - bits;
	filter = arena_alloc(a, (size_t)1 << (bits - FILTER_MIN_LOG2), sizeof(*filter));
	if (!filter)
		return POLICY_ENOMEM;
	for (uint64_t i = 0; i < TABLE_SLOTS(f->log2); i++) {
		uint64_t bit = table_filter_bit(f->keys[i], f->filter_mult, f->filter_shift);

		filter[bit / 64] |= (uint64_t)1 << bit % 64;
	}
	f->filter = filter;
	return 0;
}

int tree_load(struct arena *a, const void *blob, uint32_t len, uint32_t words_len,
	      uint64_t presence, struct tree *t, const char *where, struct policy_error *err)
{
	struct check c = { .h = blob, .t = t, .where = where, .err = err };
	size_t mark = arena_mark(a);
	int ret;

	if (len < sizeof(*c.h))
		return malformed(&c, "head", 0);
	ret = place(&c, len);
	if (ret < 0)
		return ret;
	c.nodes = arena_alloc(a, c.h->nodes, sizeof(*c.nodes));
	c.lists = arena_alloc(a, c.h->lists, sizeof(*c.lists));
	if (!c.nodes || !c.lists)
		ret = policy_fail(err, POLICY_ENOMEM, where, POLICY_NO_INSN, "tree: no memory");
	if (ret == 0)
		ret = check_dims(&c, words_len);
	if (ret == 0)
		ret = check_boxes(&c, presence);
	if (ret == 0)
		ret = check_lists(&c);
	if (ret == 0)
		ret = check_nodes(&c);
	arena_release(a, mark);
	if (ret == 0 && set_front(a, t))
		ret = policy_fail(err, POLICY_ENOMEM, where, POLICY_NO_INSN, "tree: no memory");
	return ret;
}
