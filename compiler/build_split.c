/*
 * build_split.c - by which dimension boxes are told apart
 *
 * For each dimension two nodes are thought through: a hash of the boxes with one value
 * there, and intervals between all ends.  Boxes that do not fit (wide ones, ones without a
 * side there) are left to another tree, the node's rest.  What promises the least work for a
 * packet wins; when nothing beats trying the boxes one after the other, a list stays.
 */
#include "compiler/build_tree.h"

#include <stdlib.h>
#include <string.h>

/* Rough costs in tenths of a nanosecond, measured on real look-ups; only their order matters. */
#define COST_BOX	25u
#define COST_HASH	60u
#define COST_RANGE	50u
#define COST_HALVING	14u
#define COST_REST	20u
#define COST_TREE	80u	/* a tree of which nothing is known yet */

/* Each interval node may name its boxes so often on average. */
#define MAX_COPIES	4u

struct plan {
	uint16_t kind;		/* NODE_HASH, NODE_RANGE, 0: none */
	uint32_t dim;
	uint64_t widest;	/* RANGE: boxes over more intervals are left to the rest */
	uint64_t cost;
};

static const struct span *span_of(const struct tree_build *t, uint32_t box, uint32_t dim)
{
	return &t->span[(size_t)box * t->dims + dim];
}

static bool is_full(const struct span *s)
{
	return s->lo == 0 && s->hi == UINT64_MAX;
}

static uint32_t log2_of(uint64_t n)
{
	return n > 1 ? 64 - (uint32_t)__builtin_clzll(n - 1) : 0;
}

static uint64_t list_cost(uint64_t n)
{
	return n * COST_BOX;
}

/* What searching n boxes will cost, by experience: a tree when there are many. */
static uint64_t guess(uint64_t n)
{
	uint64_t tree = COST_TREE + (uint64_t)log2_of(n) * 2 * COST_HALVING;

	return list_cost(n) < tree ? list_cost(n) : tree;
}

static uint64_t with_rest(uint64_t cost, uint32_t rest)
{
	return rest ? cost + COST_REST + guess(rest) : cost;
}

static int compare_sorted(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->box < y->box ? -1 : x->box > y->box;
}

static int compare_u64(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* t->sorted: the boxes with one value in @dim, by value; returns how many. */
static uint32_t sort_points(struct tree_build *t, const struct work *w, uint32_t dim)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n; i++) {
		const struct span *s = span_of(t, w->boxes[i], dim);

		if (s->lo == s->hi) {
			t->sorted[n].key = s->lo;
			t->sorted[n++].box = w->boxes[i];
		}
	}
	qsort(t->sorted, n, sizeof(t->sorted[0]), compare_sorted);
	return n;
}

static void keep_better(struct plan *best, const struct plan *p)
{
	if (p->cost < best->cost)
		*best = *p;
}

/* Bytes of a hash node over @n values whose children name @refs boxes. */
static size_t hash_bytes(uint64_t n, uint64_t refs)
{
	return sizeof(struct tree_node) + 3 * n * (sizeof(uint64_t) + sizeof(uint32_t)) +
		refs * sizeof(uint32_t) + 64;
}

static size_t range_bytes(uint64_t n, uint64_t refs)
{
	return sizeof(struct tree_node) + n * (sizeof(uint64_t) + 2 * sizeof(uint32_t)) +
		refs * sizeof(uint32_t) + 64;
}

static void think_hash(struct tree_build *t, const struct work *w, uint32_t dim, struct plan *best)
{
	uint32_t points = sort_points(t, w, dim), values = 0;
	struct plan p = { .kind = NODE_HASH, .dim = dim };
	uint64_t square = 0;

	if (!points || (points < w->n && w->waiting + 1 >= TREE_MAX_PENDING))
		return;
	for (uint32_t i = 0, first = 0; i < points; i++) {
		if (i + 1 < points && t->sorted[i + 1].key == t->sorted[first].key)
			continue;
		values++;
		square += (uint64_t)(i + 1 - first) * (i + 1 - first);
		first = i + 1;
	}
	if (hash_bytes(values, points) > t->budget)
		return;
	/* a value's boxes as a packet that hits one meets them: large groups are met more often */
	p.cost = with_rest(COST_HASH + guess((square + points - 1) / points), w->n - points);
	keep_better(best, &p);
}

/* t->ends: where intervals begin or have just ended in @dim, ascending; returns how many. */
static uint32_t sort_ends(struct tree_build *t, const struct work *w, uint32_t dim)
{
	uint32_t n = 0, distinct = 0;

	for (uint32_t i = 0; i < w->n; i++) {
		const struct span *s = span_of(t, w->boxes[i], dim);

		if (is_full(s))
			continue;
		if (s->lo > 0)
			t->ends[n++] = s->lo;
		if (s->hi < UINT64_MAX)
			t->ends[n++] = s->hi + 1;
	}
	qsort(t->ends, n, sizeof(t->ends[0]), compare_u64);
	for (uint32_t i = 0; i < n; i++) {
		if (i == 0 || t->ends[i] != t->ends[i - 1])
			t->ends[distinct++] = t->ends[i];
	}
	return distinct;
}

/* How many of the @n ends are not above @v: the number of the interval that @v lies in. */
static uint32_t interval_of(const struct tree_build *t, uint32_t n, uint64_t v)
{
	uint32_t lo = 0, hi = n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (t->ends[mid] <= v)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* How many intervals between the @n ends the box covers. */
static uint32_t covers(const struct tree_build *t, uint32_t n, const struct span *s)
{
	return interval_of(t, n, s->hi) - interval_of(t, n, s->lo) + 1;
}

static void think_range(struct tree_build *t, const struct work *w, uint32_t dim,
			struct plan *best)
{
	uint64_t limit = (uint64_t)MAX_COPIES * w->n, refs = 0, square = 0, depth = 0;
	uint64_t by_width[33] = {0}, refs_of[33] = {0};
	uint32_t n = sort_ends(t, w, dim), kept = 0, width;
	struct plan p = { .kind = NODE_RANGE, .dim = dim };

	if (!n)
		return;
	for (uint32_t i = 0; i < w->n; i++) {
		const struct span *s = span_of(t, w->boxes[i], dim);
		uint32_t c;

		if (is_full(s))
			continue;
		c = covers(t, n, s);
		by_width[log2_of(c)]++;
		refs_of[log2_of(c)] += c;
	}
	for (width = 0; width < 33 && refs + refs_of[width] <= limit; width++) {
		refs += refs_of[width];
		kept += (uint32_t)by_width[width];
	}
	p.widest = width ? (uint64_t)1 << (width - 1) : 0;
	if (!kept || (kept < w->n && w->waiting + 1 >= TREE_MAX_PENDING) ||
	    range_bytes(n, refs) > t->budget)
		return;
	/* boxes above one interval: +1 where one begins, -1 behind its end */
	memset(t->count, 0, ((size_t)n + 2) * sizeof(t->count[0]));
	for (uint32_t i = 0; i < w->n; i++) {
		const struct span *s = span_of(t, w->boxes[i], dim);

		if (!is_full(s) && covers(t, n, s) <= p.widest) {
			t->count[interval_of(t, n, s->lo)]++;
			t->count[interval_of(t, n, s->hi) + 1]--;
		}
	}
	for (uint32_t i = 0; i <= n; i++) {
		depth = (uint32_t)(depth + t->count[i]);
		square += depth * depth;
	}
	p.cost = COST_RANGE + COST_HALVING * log2_of(n) + guess((square + refs - 1) / refs);
	p.cost = with_rest(p.cost, w->n - kept);
	keep_better(best, &p);
}

static bool is_closed(const struct work *w, uint32_t dim)
{
	return w->closed[dim / 8] >> dim % 8 & 1;
}

/* Room for @keys keys and @kids kids behind the last; the node that owns them. */
static struct tree_node *add_node(struct tree_build *t, uint16_t kind, uint32_t dim, uint64_t keys,
				  uint64_t kids)
{
	struct tree_node *n;

	if (t->node_count == t->node_room) {
		uint32_t room = t->node_room ? 2 * t->node_room : 64;

		t->nodes = pool_grow(t->pool, t->nodes, t->node_count, room, sizeof(*t->nodes));
		t->node_room = room;
	}
	if (keys > t->key_room - t->key_count) {
		uint32_t room = (uint32_t)(2 * (uint64_t)t->key_room + keys);

		t->keys = pool_grow(t->pool, t->keys, t->key_count, room, sizeof(*t->keys));
		t->key_room = room;
	}
	if (kids > t->kid_room - t->kid_count) {
		uint32_t room = (uint32_t)(2 * (uint64_t)t->kid_room + kids);

		t->kids = pool_grow(t->pool, t->kids, t->kid_count, room, sizeof(*t->kids));
		t->kid_room = room;
	}
	n = &t->nodes[t->node_count++];
	*n = (struct tree_node){
		.kind = kind, .dim = dim, .key = t->key_count, .kid = t->kid_count,
	};
	t->key_count += (uint32_t)keys;
	t->kid_count += (uint32_t)kids;
	return n;
}

/* What a child over @n boxes is to be; a work of its own when there are several. */
static uint32_t add_child(struct tree_build *t, uint32_t work, uint32_t dim, uint32_t waiting,
			  const uint32_t *boxes, uint32_t n)
{
	struct work parent;
	uint32_t child;

	if (n == 0)
		return KID_NONE;
	if (n == 1)
		return boxes[0] << KID_SHIFT | KID_BOX;
	parent = t->work[work];		/* the array may move */
	child = tree_work_add(t, boxes, n, &parent, waiting);
	if (dim < t->dims)
		t->work[child].closed[dim / 8] |= (uint8_t)(1u << dim % 8);
	return child << KID_SHIFT | KID_NODE;
}

/* Boxes of the work for which @left is true, as a new array. */
static uint32_t *boxes_left(struct tree_build *t, const struct work *w, const bool *left,
			    uint32_t n)
{
	uint32_t *rest = pool_array(t->pool, n + 1, sizeof(*rest)), at = 0;

	for (uint32_t i = 0; i < w->n; i++) {
		if (left[i])
			rest[at++] = w->boxes[i];
	}
	return rest;
}

static bool split_hash(struct tree_build *t, uint32_t work, const struct plan *p)
{
	const struct work w = t->work[work];
	uint32_t points = sort_points(t, &w, p->dim), values = 0;
	uint32_t rest = w.n - points, waiting = w.waiting + (rest > 0);
	uint32_t *boxes = pool_array(t->pool, points, sizeof(*boxes)), *child;
	uint64_t *keys = pool_array(t->pool, points, sizeof(*keys));
	bool *left = pool_array(t->pool, w.n, sizeof(*left));
	struct hash_plan hash;
	struct tree_node *n;
	uint32_t number;

	for (uint32_t i = 0; i < points; i++) {
		boxes[i] = t->sorted[i].box;
		if (i == 0 || t->sorted[i].key != t->sorted[i - 1].key)
			keys[values++] = t->sorted[i].key;
	}
	if (!hash_plan_make(t->pool, keys, values, 1, &hash))
		return false;
	n = add_node(t, NODE_HASH, p->dim, TABLE_SLOTS(hash.log2), TABLE_SLOTS(hash.log2));
	number = (uint32_t)(n - t->nodes);
	n->log2 = (uint16_t)hash.log2;
	memcpy(n->mult, hash.mult, sizeof(n->mult));
	child = pool_array(t->pool, values, sizeof(*child));
	for (uint32_t i = 0, first = 0, v = 0; i < points; i++) {
		if (i + 1 < points && t->sorted[i + 1].key == t->sorted[first].key)
			continue;
		child[v++] = add_child(t, work, p->dim, waiting, boxes + first, i + 1 - first);
		first = i + 1;
	}
	for (uint64_t s = 0; s < TABLE_SLOTS(hash.log2); s++) {
		t->keys[n->key + s] = keys[hash.slots[s]];
		t->kids[n->kid + s] = child[hash.slots[s]];
	}
	for (uint32_t i = 0; i < w.n; i++) {
		const struct span *s = span_of(t, w.boxes[i], p->dim);

		left[i] = s->lo != s->hi;
	}
	n->rest = add_child(t, work, t->dims, w.waiting, boxes_left(t, &w, left, rest), rest);
	t->budget -= hash_bytes(values, points);
	t->work[work].kid = number << KID_SHIFT | KID_NODE;
	return true;
}

/* Children of neighbouring intervals with the same boxes are one. */
static void range_children(struct tree_build *t, uint32_t work, struct tree_node *n,
			   const uint32_t *boxes, const uint32_t *first, uint32_t waiting)
{
	uint32_t dim = n->dim, kid = n->kid;

	for (uint32_t i = 0; i <= n->count; i++) {
		uint32_t size = first[i + 1] - first[i], back = i > 2 ? i - 2 : 0, same;

		for (same = i; same > back; same--) {
			uint32_t other = same - 1;

			if (first[other + 1] - first[other] == size &&
			    !memcmp(boxes + first[other], boxes + first[i], size * sizeof(*boxes)))
				break;
		}
		t->kids[kid + i] = same > back ? t->kids[kid + same - 1] :
			add_child(t, work, dim, waiting, boxes + first[i], size);
	}
}

static bool split_range(struct tree_build *t, uint32_t work, const struct plan *p)
{
	const struct work w = t->work[work];
	uint32_t ends = sort_ends(t, &w, p->dim), rest = 0, waiting;
	bool *left = pool_array(t->pool, w.n, sizeof(*left));
	uint32_t *first = pool_array(t->pool, (size_t)ends + 3, sizeof(*first));
	uint32_t *boxes;
	struct tree_node *n;

	for (uint32_t i = 0; i < w.n; i++) {
		const struct span *s = span_of(t, w.boxes[i], p->dim);

		left[i] = is_full(s) || covers(t, ends, s) > p->widest;
		rest += left[i];
		for (uint32_t k = 0; !left[i] && k < covers(t, ends, s); k++)
			first[interval_of(t, ends, s->lo) + k + 2]++;
	}
	waiting = w.waiting + (rest > 0);
	for (uint32_t i = 2; i <= ends + 2; i++)
		first[i] += first[i - 1];
	boxes = pool_array(t->pool, (size_t)first[ends + 2] + 1, sizeof(*boxes));
	for (uint32_t i = 0; i < w.n; i++) {
		const struct span *s = span_of(t, w.boxes[i], p->dim);

		for (uint32_t k = 0; !left[i] && k < covers(t, ends, s); k++)
			boxes[first[interval_of(t, ends, s->lo) + k + 1]++] = w.boxes[i];
	}
	n = add_node(t, NODE_RANGE, p->dim, ends, (uint64_t)ends + 1);
	n->count = ends;
	memcpy(t->keys + n->key, t->ends, ends * sizeof(*t->keys));
	t->budget -= range_bytes(ends, first[ends + 1]);
	t->work[work].kid = (uint32_t)(n - t->nodes) << KID_SHIFT | KID_NODE;
	range_children(t, work, n, boxes, first, waiting);
	n->rest = add_child(t, work, t->dims, w.waiting, boxes_left(t, &w, left, rest), rest);
	return true;
}

bool tree_split(struct tree_build *t, uint32_t work)
{
	const struct work *w = &t->work[work];
	struct plan best = { .cost = list_cost(w->n) }, range = best;

	for (uint32_t dim = 0; dim < t->dims; dim++) {
		if (is_closed(w, dim))
			continue;
		think_range(t, w, dim, &range);
		think_hash(t, w, dim, &best);
	}
	keep_better(&best, &range);
	if (best.kind == NODE_HASH && split_hash(t, work, &best))
		return true;
	/* no multipliers for the hash, or intervals were better from the start */
	return range.kind == NODE_RANGE && split_range(t, work, &range);
}
