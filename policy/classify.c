/*
 * classify.c - section .hv.class: a tree over boxes for each run of rules
 */
#include "policy/classify.h"

#include "policy/boxtree.h"
#include "policy/field.h"
#include "policy/table.h"

#define SECTION	".hv.class"

struct class_table {
	uint32_t count;
	struct tree tree[];
};

#define ALL_PRESENT	((uint64_t)-1 >> (64 - HV_FIELDS))

int class_table_load(struct arena *a, const void *blob, size_t len, struct class_table **out,
		     struct policy_error *err)
{
	struct table_section s;
	struct class_table *t;
	int ret;

	ret = table_open(&s, blob, len, CLASS_MAGIC, SECTION, err);
	if (ret < 0)
		return ret;
	t = arena_alloc(a, 1, sizeof(*t) + s.count * sizeof(t->tree[0]));
	if (!t)
		return policy_fail(err, POLICY_ENOMEM, SECTION, POLICY_NO_INSN, "no memory");
	t->count = s.count;
	for (uint32_t i = 0; i < s.count; i++) {
		const struct table_entry *e = &s.entries[i];

		if (e->kind != TABLE_TREE || e->words != 0 || e->elements != 0)
			return table_malformed(SECTION, i, err);
		ret = tree_load(a, s.bytes + e->offset, e->len, sizeof(struct hv_ctx), ALL_PRESENT,
				&t->tree[i], SECTION, err);
		if (ret < 0)
			return ret;
	}
	*out = t;
	return 0;
}

uint32_t class_count(const struct class_table *t)
{
	return t->count;
}

uint32_t class_rows(const struct class_table *t, uint32_t cls)
{
	return t->tree[cls].rows;
}

uint32_t class_cost(const struct class_table *t, uint32_t cls)
{
	return t->tree[cls].cost;
}

bool class_reads_only(const struct class_table *t, uint32_t cls, bool (*allowed)(size_t offset))
{
	const struct tree *tree = &t->tree[cls];

	for (uint32_t i = 0; i < tree->dim_count; i++) {
		if (!allowed(tree->dims[i].offset))
			return false;
	}
	return true;
}

uint32_t class_lookup(const struct class_table *t, uint32_t cls, uint32_t from,
		      const struct hv_ctx *ctx)
{
	return tree_find(&t->tree[cls], from, ctx, ctx->present);
}
