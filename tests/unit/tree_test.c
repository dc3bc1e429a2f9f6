/*
 * tree_test.c - trees over boxes that no builder made: the loader refuses what could leave the
 * section or run on, and nothing else
 */
#include <stdio.h>

#include "policy/boxtree.h"
#include "tests/unit/exact.h"
#include "tests/unit/tables.h"
#include "tests/unit/unit.h"

#define WORDS_LEN	24u	/* bytes of the words that trees here look at */
#define PRESENCE	7u

/* A tree by hand, room for the longest one here. */
struct hand {
	struct tree_head h;
	struct tree_dim dim[TREE_MAX_DIMS + 1];
	struct tree_box box[64];
	struct tree_side side[512];
	struct tree_node node[64];
	uint64_t key[64];
	uint32_t kid[128], list[64], ref[64];
	uint32_t cut;		/* bytes that are missing at the end */
};

static uint32_t node_kid(uint32_t n)
{
	return n << KID_SHIFT | KID_NODE;
}

static uint32_t list_kid(uint32_t n)
{
	return n << KID_SHIFT | KID_LIST;
}

static uint32_t box_kid(uint32_t n)
{
	return n << KID_SHIFT | KID_BOX;
}

/*
 * Rows 0 (box 0) and 1 (boxes 1, 2).  Node 0 hashes word 0 to node 1, list 0, box 2 or list 1,
 * its rest is node 2; nodes 1 and 2 halve word 2.
 */
static void hand_init(struct hand *t)
{
	memset(t, 0, sizeof(*t));
	t->h = (struct tree_head){
		.rows = 2, .dims = 2, .boxes = 3, .sides = 4, .nodes = 3, .keys = 7, .kids = 9,
		.lists = 2, .refs = 3, .root = node_kid(0),
	};
	t->dim[0] = (struct tree_dim){ .offset = 0, .mask = UINT64_MAX };
	t->dim[1] = (struct tree_dim){ .offset = 16, .shift = 3, .mask = 0xff };
	t->box[0] = (struct tree_box){ .need = 1, .row = 0, .side = 0 };
	t->box[1] = (struct tree_box){ .need = 4, .row = 1, .side = 2 };
	t->box[2] = (struct tree_box){ .need = 7, .row = 1, .side = 3 };
	t->box[3] = (struct tree_box){ .row = 2, .side = 4 };
	for (unsigned i = 0; i < 4; i++)
		t->side[i] = (struct tree_side){ .lo = i, .span = 2, .dim = i % 2 };
	t->node[0] = (struct tree_node){
		.kind = NODE_HASH, .log2 = 1, .dim = 0, .key = 0, .kid = 0, .rest = node_kid(2),
		.mult = { 1, 3 },
	};
	t->node[1] = (struct tree_node){
		.kind = NODE_RANGE, .dim = 1, .count = 2, .key = 4, .kid = 4,
	};
	t->node[2] = (struct tree_node){
		.kind = NODE_RANGE, .dim = 1, .count = 1, .key = 6, .kid = 7,
	};
	for (unsigned i = 0; i < 7; i++)
		t->key[i] = i;
	const uint32_t kid[] = {
		node_kid(1), list_kid(0), box_kid(2), list_kid(1),
		KID_NONE, box_kid(1), list_kid(0),
		box_kid(0), KID_NONE,
	};

	memcpy(t->kid, kid, sizeof(kid));
	t->list[1] = 2;
	t->list[2] = 3;
	t->ref[1] = 2;
	t->ref[2] = 1;
}

static uint8_t *put(uint8_t *at, const void *from, size_t len)
{
	memcpy(at, from, len);
	return at + len;
}

/* Load the tree from memory that ends where it ends; search it everywhere if it loads. */
static int hand_load(const struct hand *t, struct tree *out, void **keep)
{
	const struct tree_head *h = &t->h;
	size_t words = (size_t)h->kids + h->lists + 1 + h->refs;
	size_t len = sizeof(*h) + h->dims * sizeof(t->dim[0]) + (h->boxes + 1) * sizeof(t->box[0]) +
		h->sides * sizeof(t->side[0]) + h->nodes * sizeof(t->node[0]) + h->keys * 8 +
		(words + 1) / 2 * 8;
	static uint8_t memory[1 << 16];
	uint8_t *blob = calloc(1, len), *at = blob;
	struct arena a;
	int ret;

	at = put(at, h, sizeof(*h));
	at = put(at, t->dim, h->dims * sizeof(t->dim[0]));
	at = put(at, t->box, (h->boxes + 1) * sizeof(t->box[0]));
	at = put(at, t->side, h->sides * sizeof(t->side[0]));
	at = put(at, t->node, h->nodes * sizeof(t->node[0]));
	at = put(at, t->key, h->keys * 8);
	at = put(at, t->kid, h->kids * 4);
	at = put(at, t->list, (h->lists + 1) * 4);
	put(at, t->ref, h->refs * 4);
	arena_init(&a, memory, sizeof(memory));
	ret = tree_load(&a, blob, (uint32_t)len - t->cut, WORDS_LEN, PRESENCE, out, "test", NULL);
	/* scratch is given back; a front keeps a filter */
	ck_assert_uint_eq(a.used, ret == 0 && out->front.filter ? 16 : 0);
	*keep = blob;
	return ret;
}

static void search_everywhere(const struct tree *t)
{
	for (uint64_t i = 0; i < 512; i++) {
		const uint64_t words[WORDS_LEN / 8] = { i % 8, 0, (i / 8 % 8) << 3 };
		uint32_t from = (uint32_t)(i / 64), steps, row;

		row = tree_find_counted(t, from, words, from ? PRESENCE : i, &steps);
		ck_assert_uint_le(row, t->rows);
		ck_assert_uint_eq(tree_find(t, from, words, from ? PRESENCE : i), row);
		ck_assert_uint_le(steps, t->cost);
	}
}

static int try_hand(const struct hand *t)
{
	struct tree tree;
	void *keep;
	int ret = hand_load(t, &tree, &keep);

	if (ret == 0)
		search_everywhere(&tree);
	free(keep);
	return ret;
}

/* Each of these changes one thing of the tree above. */
#define CHANGES(X) \
	X(0, "nothing", (void)t) \
	X(-1, "bytes are missing", t->cut = 8) \
	X(-1, "too short for a head", t->cut = 10000) \
	X(0, "a word at the end", t->dim[0].offset = WORDS_LEN - 8) \
	X(-1, "a word beyond the end", t->dim[0].offset = WORDS_LEN - 7) \
	X(-1, "the last dimension's word beyond", t->dim[1].offset = WORDS_LEN) \
	X(0, "the largest shift", t->dim[1].shift = 63) \
	X(-1, "a larger shift", t->dim[1].shift = 64) \
	X(-1, "a row beyond the last", t->box[2].row = 2) \
	X(-1, "the first box's row beyond the last", t->box[0].row = 2) \
	X(-1, "rows that descend", t->box[0].row = 1, t->box[1].row = 0, t->box[2].row = 0) \
	X(-1, "a presence bit that is not there", t->box[1].need = PRESENCE + 1) \
	X(-1, "the last box's presence bit", t->box[2].need = PRESENCE + 1) \
	X(-1, "sides that descend", t->box[1].side = 4) \
	X(-1, "the first box's sides descend", t->box[0].side = 3) \
	X(-1, "sides beyond the last", t->box[3].side = 5) \
	X(-1, "sides nobody has", t->box[3].side = 3) \
	X(-1, "a side's dimension beyond", t->side[0].dim = 2) \
	X(-1, "the last side's dimension beyond", t->side[3].dim = 2) \
	X(0, "the first box has no sides", t->box[0].side = 2) \
	X(-1, "lists that do not begin at 0", t->list[0] = 1) \
	X(-1, "lists that descend", t->list[1] = 4) \
	X(-1, "lists that end too early", t->list[2] = 2) \
	X(-1, "lists that end too late", t->list[2] = 4) \
	X(-1, "lists that share boxes", t->h.lists = 3, t->list[1] = 2, t->list[2] = 1, \
	  t->list[3] = 3, t->ref[0] = 0, t->ref[1] = 1, t->ref[2] = 2) \
	X(0, "an empty list", t->list[1] = 0, t->ref[0] = 0, t->ref[1] = 1, t->ref[2] = 2) \
	X(0, "the last box in a list", t->ref[2] = 2) \
	X(-1, "a box beyond in a list", t->ref[2] = 3) \
	X(-1, "a list with a box twice", t->ref[0] = 2) \
	X(-1, "a list that descends", t->ref[0] = 2, t->ref[1] = 1) \
	X(0, "a root that decides alone", t->node[0].rest = KID_NONE) \
	X(0, "a root that decides alone, of a wide word", t->node[0].rest = KID_NONE, \
	  t->dim[0].mask = UINT64_MAX) \
	X(-1, "a node's dimension beyond", t->node[0].dim = 2) \
	X(-1, "the last node's dimension beyond", t->node[2].dim = 2) \
	X(-1, "no kind of node", t->node[1].kind = 0) \
	X(-1, "an unknown kind of node", t->node[1].kind = 3) \
	X(-1, "a hash of one bucket", t->node[0].log2 = 0, t->node[0].key = 2, t->node[0].kid = 2) \
	X(-1, "a hash too large", t->node[0].log2 = 2) \
	X(-1, "a hash of 2^21 buckets", t->node[0].log2 = TABLE_MAX_LOG2 + 1) \
	X(-1, "a hash shifted by more than there is", t->node[0].log2 = 65) \
	X(-1, "intervals without an end", t->node[2].count = 0) \
	X(-1, "one interval more than kids", t->node[2].count = 2) \
	X(-1, "a node's keys begin too late", t->node[2].key = 7) \
	X(-1, "a node's keys begin too early", t->node[2].key = 5) \
	X(-1, "a node's keys lie far away", t->node[2].key = UINT32_MAX) \
	X(-1, "a node's kids begin too late", t->node[1].kid = 5) \
	X(-1, "a node's kids begin too early", t->node[1].kid = 3) \
	X(-1, "a node's kids lie far away", t->node[1].kid = UINT32_MAX) \
	X(-1, "keys before the first node's", t->node[0].key = 1) \
	X(-1, "kids before the first node's", t->node[0].kid = 1) \
	X(-1, "a node that is its own child", t->kid[0] = node_kid(0)) \
	X(-1, "a child before its parent", t->kid[4] = node_kid(0)) \
	X(-1, "the last kid is its own parent", t->kid[8] = node_kid(2)) \
	X(0, "a child that is also the rest", t->kid[0] = node_kid(2)) \
	X(-1, "a child beyond the last node", t->kid[0] = node_kid(3)) \
	X(-1, "a list beyond the last", t->kid[1] = list_kid(2)) \
	X(-1, "a box beyond the last", t->kid[2] = box_kid(3)) \
	X(-1, "no child, but a number", t->kid[8] = KID_NONE | 1u << KID_SHIFT) \
	X(-1, "a node that is its own rest", t->node[2].rest = node_kid(2)) \
	X(-1, "a rest before its node", t->node[2].rest = node_kid(1)) \
	X(-1, "a rest beyond the last node", t->node[0].rest = node_kid(3)) \
	X(0, "a box as rest", t->node[2].rest = box_kid(0)) \
	X(-1, "a box beyond the last as rest", t->node[2].rest = box_kid(3)) \
	X(0, "no root", t->h.root = KID_NONE) \
	X(0, "the last node as root", t->h.root = node_kid(2)) \
	X(-1, "a root beyond the last node", t->h.root = node_kid(3)) \
	X(-1, "a root that is nothing", t->h.root = 4) \
	X(-1, "no rows for the boxes", t->h.rows = 0)

static const char *const change_name[] = {
#define X(code, name, ...) name,
	CHANGES(X)
#undef X
};

static int change(struct hand *t, unsigned which)
{
	unsigned n = 0;

#define X(code, name, ...) \
	if (n++ == which) { __VA_ARGS__; return code; }
	CHANGES(X)
#undef X
	return 0;
}

START_TEST(one_change_is_refused_when_it_could_do_harm)
{
	struct hand *t = malloc(sizeof(*t));
	int expected, code;

	hand_init(t);
	expected = change(t, (unsigned)_i);
	code = try_hand(t);
	ck_assert_msg(code == expected, "%s: %d, not %d", change_name[_i], code, expected);
	free(t);
}
END_TEST

/* @n nodes, each with the next one as child and a box as rest: n - 1 searches wait at most. */
static int try_waiting(unsigned n)
{
	struct hand *t = malloc(sizeof(*t));
	int ret;

	hand_init(t);
	t->h.nodes = n;
	t->h.keys = n;
	t->h.kids = 2 * n;
	for (uint32_t i = 0; i < n; i++) {
		t->node[i] = (struct tree_node){
			.kind = NODE_RANGE, .dim = 0, .count = 1, .key = i, .kid = 2 * i,
			.rest = box_kid(0),
		};
		t->kid[2 * i] = t->kid[2 * i + 1] = i + 1 < n ? node_kid(i + 1) : box_kid(1);
	}
	ret = try_hand(t);
	free(t);
	return ret;
}

START_TEST(no_more_searches_wait_than_there_is_room_for)
{
	ck_assert_int_eq(try_waiting(TREE_MAX_PENDING), 0);
	ck_assert_int_eq(try_waiting(TREE_MAX_PENDING + 1), POLICY_ELIMIT);
	ck_assert_int_eq(try_waiting(60), POLICY_ELIMIT);
}
END_TEST

/*
 * Each of as many nodes as may wait searches the next one twice, as child and as rest, and the
 * last ones a box of @sides sides: it is tried 2^TREE_MAX_PENDING times.
 */
static int try_doubling(unsigned sides, uint32_t *cost)
{
	struct hand *t = malloc(sizeof(*t));
	struct tree tree;
	void *keep;
	int ret;

	hand_init(t);
	t->h.nodes = t->h.keys = TREE_MAX_PENDING;
	t->h.kids = 2 * TREE_MAX_PENDING;
	t->h.boxes = 1;
	t->h.sides = t->box[1].side = sides;
	t->h.lists = t->h.refs = 0;
	for (uint32_t i = 0; i < TREE_MAX_PENDING; i++) {
		uint32_t next = i + 1 < TREE_MAX_PENDING ? node_kid(i + 1) : box_kid(0);

		t->node[i] = (struct tree_node){
			.kind = NODE_RANGE, .dim = 0, .count = 1, .key = i, .kid = 2 * i,
			.rest = next,
		};
		t->kid[2 * i] = t->kid[2 * i + 1] = next;
	}
	ret = hand_load(t, &tree, &keep);
	*cost = tree.cost;
	free(keep);
	free(t);
	return ret;
}

START_TEST(a_search_that_would_cost_too_much_is_refused)
{
	uint32_t cost;

	ck_assert_int_eq(try_doubling(400, &cost), 0);
	ck_assert_uint_eq(cost, TREE_COST_CALL + (TREE_COST_BOX + 400 * TREE_COST_SIDE) * 65536 +
			  (TREE_COST_RANGE + TREE_COST_STEP) * 65535);
	ck_assert_uint_lt(cost, TREE_MAX_COST);
	ck_assert_int_eq(try_doubling(500, &cost), POLICY_ELIMIT);
}
END_TEST

START_TEST(dimensions_are_taken_up_to_their_limit)
{
	struct hand *t = malloc(sizeof(*t));

	hand_init(t);
	t->h.dims = TREE_MAX_DIMS;
	ck_assert_int_eq(try_hand(t), 0);
	t->h.dims = TREE_MAX_DIMS + 1;
	ck_assert_int_eq(try_hand(t), POLICY_EINVAL);
	free(t);
}
END_TEST

START_TEST(an_arena_that_is_too_small_is_an_error)
{
	uint8_t blob[sizeof(struct tree_head) + sizeof(struct tree_box) + 8] = {0};
	struct tree_head h = { .lists = 1 };
	struct tree tree;
	struct arena a;
	uint8_t memory[16];

	memcpy(blob, &h, sizeof(h));
	arena_init(&a, memory, 0);
	ck_assert_int_eq(tree_load(&a, blob, sizeof(blob), 8, 0, &tree, "", NULL), POLICY_ENOMEM);
	arena_init(&a, memory, sizeof(memory));
	ck_assert_int_eq(tree_load(&a, blob, sizeof(blob), 8, 0, &tree, "", NULL), 0);
	ck_assert_uint_eq(tree_find(&tree, 0, &h, 0), 0);
}
END_TEST

/* A root of 32 keys: its filter of 512 bits takes more than the scratch of its one node. */
START_TEST(an_arena_too_small_for_the_filter_is_an_error)
{
	static uint8_t memory[64] __attribute__((aligned(16)));
	struct {
		struct tree_head h;
		struct tree_dim dim;
		struct tree_box box;
		struct tree_node node;
		uint64_t key[32];
		uint32_t kid[32], list;
		uint32_t rest;
	} blob = {
		.h = { .dims = 1, .nodes = 1, .keys = 32, .kids = 32, .root = node_kid(0) },
		.dim = { .mask = UINT64_MAX },
		.node = { .kind = NODE_HASH, .log2 = 4, .mult = { 1, 3 } },
	};

	for (size_t size = 0; size <= sizeof(memory); size += 16) {
		struct tree tree;
		struct arena a;

		arena_init(&a, memory, size);
		ck_assert_int_eq(tree_load(&a, &blob, sizeof(blob), WORDS_LEN, 0, &tree, "", NULL),
				 size < sizeof(memory) ? POLICY_ENOMEM : 0);
	}
}
END_TEST

/* Boxes that one list names: each costs what its sides cost, and a search may meet them all. */
START_TEST(the_cost_is_that_of_the_worst_search)
{
	const uint64_t words[3] = { 0, 0, 0 };
	struct hand *t = malloc(sizeof(*t));
	struct tree tree;
	uint32_t steps;
	void *keep;

	hand_init(t);
	t->h.root = list_kid(0);
	ck_assert_int_eq(hand_load(t, &tree, &keep), 0);
	ck_assert_uint_eq(tree.cost, TREE_COST_CALL + TREE_COST_LIST + 2 * TREE_COST_STEP +
			  2 * TREE_COST_BOX + 3 * TREE_COST_SIDE);
	free(keep);
	t->h.root = box_kid(0);
	ck_assert_int_eq(hand_load(t, &tree, &keep), 0);
	ck_assert_uint_eq(tree_find_counted(&tree, 0, words, PRESENCE, &steps), 2);
	ck_assert_uint_eq(steps, tree.cost);
	ck_assert_uint_eq(steps, TREE_COST_CALL + TREE_COST_BOX + 2 * TREE_COST_SIDE);
	free(keep);
	/* node 2: one halving at most, box 0 below */
	t->h.root = node_kid(2);
	ck_assert_int_eq(hand_load(t, &tree, &keep), 0);
	ck_assert_uint_eq(tree.cost, TREE_COST_CALL + TREE_COST_RANGE + TREE_COST_STEP +
			  TREE_COST_BOX + 2 * TREE_COST_SIDE);
	free(keep);
	/* node 0 and its rest, node 2; its worst child is node 1 with list 0 */
	t->h.root = node_kid(0);
	ck_assert_int_eq(hand_load(t, &tree, &keep), 0);
	ck_assert_uint_eq(tree.cost, TREE_COST_CALL + TREE_COST_HASH + TREE_COST_RANGE +
			  2 * TREE_COST_STEP + TREE_COST_LIST + 2 * TREE_COST_STEP +
			  2 * TREE_COST_BOX + 3 * TREE_COST_SIDE +
			  TREE_COST_RANGE + TREE_COST_STEP + TREE_COST_BOX + 2 * TREE_COST_SIDE);
	free(keep);
	free(t);
}
END_TEST

/* In front of memory that cannot be read. */
START_TEST(a_blob_shorter_than_its_head_is_refused_unread)
{
	const struct tree_head h = { .nodes = UINT32_MAX, .lists = UINT32_MAX };
	static uint8_t memory[256] __attribute__((aligned(16)));

	for (uint32_t len = 0; len <= sizeof(h); len += 4) {
		uint8_t *blob = exact_alloc(len);
		struct tree tree;
		struct arena a;

		memcpy(blob, &h, len);
		arena_init(&a, memory, sizeof(memory));
		/* malformed, whatever its nodes would need */
		ck_assert_int_eq(tree_load(&a, blob, len, WORDS_LEN, PRESENCE, &tree, "", NULL),
				 POLICY_EINVAL);
		exact_free(blob);
	}
}
END_TEST

/* All keys of the root lead to a box that asks for word 2 alone. */
START_TEST(a_value_that_is_no_key_finds_nothing)
{
	static const uint64_t key[3] = { 1, 0, 4 << 3 }, other[3] = { 100, 0, 4 << 3 };
	struct hand *t = malloc(sizeof(*t));
	struct tree tree;
	uint32_t steps;
	void *keep;

	hand_init(t);
	t->node[0].rest = KID_NONE;
	for (unsigned i = 0; i < 4; i++) {
		t->kid[i] = box_kid(2);
		t->key[i] = 1;
	}
	ck_assert_int_eq(hand_load(t, &tree, &keep), 0);
	ck_assert_uint_eq(tree_find(&tree, 0, key, PRESENCE), 1);
	ck_assert_uint_eq(tree_find(&tree, 0, other, PRESENCE), tree.rows);
	ck_assert_uint_eq(tree_find_counted(&tree, 0, key, PRESENCE, &steps), 1);
	ck_assert_uint_eq(tree_find_counted(&tree, 0, other, PRESENCE, &steps), tree.rows);
	free(keep);
	free(t);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("trees over boxes");
	TCase *tc = unit_case(s, "limits");

	tcase_add_loop_test(unit_case(s, "changes"), one_change_is_refused_when_it_could_do_harm, 0,
			    sizeof(change_name) / sizeof(change_name[0]));
	tcase_add_test(tc, no_more_searches_wait_than_there_is_room_for);
	tcase_add_test(tc, a_search_that_would_cost_too_much_is_refused);
	tcase_add_test(tc, dimensions_are_taken_up_to_their_limit);
	tcase_add_test(tc, an_arena_that_is_too_small_is_an_error);
	tcase_add_test(tc, an_arena_too_small_for_the_filter_is_an_error);
	tcase_add_test(tc, the_cost_is_that_of_the_worst_search);
	tcase_add_test(tc, a_blob_shorter_than_its_head_is_refused_unread);
	tcase_add_test(tc, a_value_that_is_no_key_finds_nothing);
	return s;
}
