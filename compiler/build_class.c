/*
 * build_class.c - classifiers: a tree over boxes for each run of rules
 */
#include "compiler/build.h"

#include "compiler/build_entry.h"
#include "compiler/build_tree.h"

struct class_builder {
	struct entry_list done;
	struct tree_builder *tree;	/* of the classifier in hand */
};

struct class_builder *class_builder_new(struct pool *p)
{
	struct class_builder *b = pool_alloc(p, sizeof(*b));

	b->done.pool = p;
	return b;
}

static void finish_tree(struct class_builder *b)
{
	struct blob blob;

	if (!b->tree)
		return;
	blob = tree_builder_finish(b->tree);
	entry_add(&b->done, &blob, TABLE_TREE, 0, 0);
	b->tree = NULL;
}

uint32_t class_builder_begin(struct class_builder *b)
{
	finish_tree(b);
	b->tree = tree_builder_new(b->done.pool);
	return b->done.count;
}

void class_builder_row(struct class_builder *b)
{
	tree_builder_row(b->tree);
}

void class_builder_box(struct class_builder *b, const struct class_side *sides, size_t count)
{
	uint64_t need = 0;

	for (size_t i = 0; i < count; i++)
		need |= (uint64_t)1 << sides[i].dim.present;
	tree_builder_box(b->tree, need);
	for (size_t i = 0; i < count; i++) {
		const struct class_dim *d = &sides[i].dim;

		tree_builder_side(b->tree, tree_builder_dim(b->tree, d->offset, d->shift, d->mask),
				  sides[i].lo, sides[i].hi);
	}
}

struct blob class_builder_finish(struct class_builder *b)
{
	finish_tree(b);
	return entry_finish(&b->done, CLASS_MAGIC);
}
