/*
 * build_tree.c - from rows and boxes to the bytes of a tree
 *
 * Works are split first in, first out, so that nodes come before their children and keys
 * and kids lie in the nodes' order, as the loader wants it.
 */
#include "compiler/build_tree.h"

#include <stdlib.h>
#include <string.h>

struct tree_builder *tree_builder_new(struct pool *p)
{
	struct tree_builder *b = pool_alloc(p, sizeof(*b));

	b->pool = p;
	return b;
}

uint32_t tree_builder_dim(struct tree_builder *b, uint32_t offset, uint32_t shift, uint64_t mask)
{
	struct tree_dim *d;

	for (uint32_t i = 0; i < b->dim_count; i++) {
		d = &b->dims[i];
		if (d->offset == offset && d->shift == shift && d->mask == mask)
			return i;
	}
	/* words and flag bits of a context or a key: there are not so many */
	if (b->dim_count == TREE_MAX_DIMS)
		abort();
	d = &b->dims[b->dim_count];
	d->offset = (uint16_t)offset;
	d->shift = (uint8_t)shift;
	d->mask = mask;
	return b->dim_count++;
}

void tree_builder_row(struct tree_builder *b)
{
	b->rows++;
}

static size_t doubled(size_t room)
{
	return room ? 2 * room : 64;
}

void tree_builder_box(struct tree_builder *b, uint64_t need)
{
	if (b->box_count == b->box_room) {
		b->boxes = pool_grow(b->pool, b->boxes, b->box_count, doubled(b->box_room),
				     sizeof(*b->boxes));
		b->box_room = doubled(b->box_room);
	}
	b->boxes[b->box_count++] = (struct raw_box){
		.need = need, .row = b->rows - 1, .side = (uint32_t)b->side_count,
	};
}

void tree_builder_side(struct tree_builder *b, uint32_t dim, uint64_t lo, uint64_t hi)
{
	if (b->side_count == b->side_room) {
		b->sides = pool_grow(b->pool, b->sides, b->side_count, doubled(b->side_room),
				     sizeof(*b->sides));
		b->side_room = doubled(b->side_room);
	}
	b->sides[b->side_count++] = (struct raw_side){ .dim = dim, .span = { lo, hi } };
	b->boxes[b->box_count - 1].sides++;
}

/* The box's sides as one span for each dimension.  False when it can never hold. */
static bool box_spans(const struct tree_builder *b, const struct raw_box *box, struct span *span)
{
	for (uint32_t d = 0; d < b->dim_count; d++)
		span[d] = (struct span){ 0, UINT64_MAX };
	for (uint32_t i = box->side; i < box->side + box->sides; i++) {
		const struct raw_side *s = &b->sides[i];
		struct span *of = &span[s->dim];

		if (s->span.lo > of->lo)
			of->lo = s->span.lo;
		if (s->span.hi < of->hi)
			of->hi = s->span.hi;
		if (of->lo > of->hi)
			return false;
	}
	for (uint32_t d = 0; d < b->dim_count; d++) {
		/* no value is above the mask: an interval that ends there has no end */
		if (span[d].hi >= b->dims[d].mask)
			span[d].hi = UINT64_MAX;
	}
	return true;
}

static bool is_full(const struct span *s)
{
	return s->lo == 0 && s->hi == UINT64_MAX;
}

static int compare_u64(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Dimensions in the order in which a box tries them: the one with most different sides first. */
static void side_order(struct tree_build *t, uint32_t *order)
{
	uint32_t distinct[TREE_MAX_DIMS];

	for (uint32_t d = 0; d < t->dims; d++) {
		uint32_t n = 0, at = d;

		for (uint32_t i = 0; i < t->n; i++) {
			if (!is_full(&t->span[(size_t)i * t->dims + d]))
				t->ends[n++] = t->span[(size_t)i * t->dims + d].lo;
		}
		qsort(t->ends, n, sizeof(t->ends[0]), compare_u64);
		distinct[d] = 0;
		for (uint32_t i = 0; i < n; i++)
			distinct[d] += i == 0 || t->ends[i] != t->ends[i - 1];
		for (; at > 0 && distinct[order[at - 1]] < distinct[d]; at--)
			order[at] = order[at - 1];
		order[at] = d;
	}
}

uint32_t tree_work_add(struct tree_build *t, const uint32_t *boxes, uint32_t n,
		       const struct work *parent, uint32_t waiting)
{
	struct work w = { .boxes = boxes, .n = n, .waiting = waiting };

	if (parent)
		memcpy(w.closed, parent->closed, sizeof(w.closed));
	if (t->work_count == t->work_room) {
		uint32_t room = (uint32_t)doubled(t->work_room);

		t->work = pool_grow(t->pool, t->work, t->work_count, room, sizeof(*t->work));
		t->work_room = room;
	}
	t->work[t->work_count] = w;
	return t->work_count++;
}

static void add_list(struct tree_build *t, struct work *w)
{
	if (t->list_count + 1 >= t->list_room) {
		uint32_t room = (uint32_t)doubled(t->list_room);

		t->lists = pool_grow(t->pool, t->lists, t->list_count, room, sizeof(*t->lists));
		t->list_room = room;
	}
	if (w->n > t->ref_room - t->ref_count) {
		uint32_t room = (uint32_t)doubled(t->ref_room) + w->n;

		t->refs = pool_grow(t->pool, t->refs, t->ref_count, room, sizeof(*t->refs));
		t->ref_room = room;
	}
	w->kid = t->list_count << KID_SHIFT | KID_LIST;
	t->lists[t->list_count++] = t->ref_count;
	memcpy(t->refs + t->ref_count, w->boxes, w->n * sizeof(*w->boxes));
	t->ref_count += w->n;
}

static void split_all(struct tree_build *t)
{
	for (uint32_t i = 0; i < t->work_count; i++) {
		struct work *w = &t->work[i];

		if (w->n == 1)
			w->kid = w->boxes[0] << KID_SHIFT | KID_BOX;
		else if (w->n <= TREE_LEAF_BOXES || !tree_split(t, i))
			add_list(t, &t->work[i]);
	}
}

/* Numbers of works become what the works became. */
static void resolve(const struct tree_build *t, uint32_t *kid)
{
	if ((*kid & KID_KIND) == KID_NODE)
		*kid = t->work[*kid >> KID_SHIFT].kid;
}

static uint8_t *put(uint8_t *at, const void *from, size_t count, size_t size)
{
	if (count)
		memcpy(at, from, count * size);
	return at + count * size;
}

static struct blob serialise(const struct tree_builder *b, struct tree_build *t,
			     const struct tree_box *boxes, const struct tree_side *sides)
{
	struct tree_head h = {
		.rows = b->rows, .dims = b->dim_count, .boxes = t->n, .sides = boxes[t->n].side,
		.nodes = t->node_count, .keys = t->key_count, .kids = t->kid_count,
		.lists = t->list_count, .refs = t->ref_count,
		.root = t->n ? t->work[0].kid : KID_NONE,
	};
	size_t words = (size_t)h.kids + h.lists + 1 + h.refs;
	struct blob blob = {
		.len = sizeof(h) + h.dims * sizeof(struct tree_dim) +
			((size_t)h.boxes + 1) * sizeof(*boxes) + h.sides * sizeof(*sides) +
			h.nodes * sizeof(*t->nodes) + h.keys * sizeof(*t->keys) +
			(words + 1) / 2 * sizeof(uint64_t),
	};
	uint8_t *at = pool_alloc(b->pool, blob.len);

	blob.bytes = at;
	for (uint32_t i = 0; i < h.kids; i++)
		resolve(t, &t->kids[i]);
	for (uint32_t i = 0; i < h.nodes; i++)
		resolve(t, &t->nodes[i].rest);
	at = put(at, &h, 1, sizeof(h));
	at = put(at, b->dims, h.dims, sizeof(b->dims[0]));
	at = put(at, boxes, (size_t)h.boxes + 1, sizeof(*boxes));
	at = put(at, sides, h.sides, sizeof(*sides));
	at = put(at, t->nodes, h.nodes, sizeof(*t->nodes));
	at = put(at, t->keys, h.keys, sizeof(*t->keys));
	at = put(at, t->kids, h.kids, sizeof(*t->kids));
	at = put(at, t->lists, h.lists, sizeof(*t->lists));
	at = put(at, &h.refs, 1, sizeof(h.refs));
	put(at, t->refs, h.refs, sizeof(*t->refs));
	return blob;
}

/* Sides of the boxes as they lie in the section, in the order in which they are tried. */
static void write_sides(struct tree_build *t, struct tree_box *boxes, struct tree_side *sides)
{
	uint32_t order[TREE_MAX_DIMS], side = 0;

	side_order(t, order);
	for (uint32_t i = 0; i < t->n; i++) {
		const struct span *span = &t->span[(size_t)i * t->dims];

		boxes[i].side = side;
		for (uint32_t k = 0; k < t->dims; k++) {
			const struct span *s = &span[order[k]];

			if (!is_full(s))
				sides[side++] = (struct tree_side){
					.lo = s->lo, .span = s->hi - s->lo, .dim = order[k],
				};
		}
	}
	boxes[t->n].side = side;
}

struct blob tree_builder_finish(struct tree_builder *b)
{
	struct tree_build *t = pool_alloc(b->pool, sizeof(*t));
	struct tree_box *boxes = pool_array(b->pool, b->box_count + 1, sizeof(*boxes));
	struct tree_side *sides = pool_array(b->pool, b->side_count + 1, sizeof(*sides));
	uint32_t *all = pool_array(b->pool, b->box_count + 1, sizeof(*all));

	t->pool = b->pool;
	t->dims = b->dim_count;
	t->span = pool_array(b->pool, b->box_count * b->dim_count + b->dim_count + 1,
			     sizeof(*t->span));
	for (size_t i = 0; i < b->box_count; i++) {
		if (!box_spans(b, &b->boxes[i], &t->span[(size_t)t->n * t->dims]))
			continue;
		boxes[t->n] = (struct tree_box){ .need = b->boxes[i].need, .row = b->boxes[i].row };
		all[t->n] = t->n;
		t->n++;
	}
	boxes[t->n].row = b->rows;
	t->sorted = pool_array(b->pool, (size_t)t->n + 1, sizeof(*t->sorted));
	t->ends = pool_array(b->pool, 2 * (size_t)t->n + 2, sizeof(*t->ends));
	t->count = pool_array(b->pool, 2 * (size_t)t->n + 3, sizeof(*t->count));
	t->budget = (size_t)t->n * TREE_BYTES_PER_BOX + TREE_BYTES_ALWAYS;
	write_sides(t, boxes, sides);
	if (t->n)
		tree_work_add(t, all, t->n, NULL, 0);
	split_all(t);
	return serialise(b, t, boxes, sides);
}
