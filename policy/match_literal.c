/*
 * match_literal.c - Aho-Corasick: all literals of a group in one pass, in linear time
 *
 * A failure link leads to a node of smaller depth, and a byte adds one to the depth at
 * most, so links followed are never more than bytes read.
 */
#include "policy/match_internal.h"

/* The child of @node by @byte, or 0. */
static uint32_t child(const struct match_table *t, const struct hvm_tree *tree, uint32_t node,
		      uint8_t byte)
{
	const struct hvm_node *n = &t->node[tree->node_first + node];
	const uint8_t *label = t->bytes + tree->label_first;
	uint32_t lo = n->child_first;
	uint32_t hi = node + 1 < tree->node_count ? n[1].child_first : tree->node_count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (label[mid] == byte)
			return mid;
		if (label[mid] < byte)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0;
}

uint32_t tree_step(const struct match_table *t, const struct hvm_tree *tree, uint32_t node,
		   uint8_t byte)
{
	uint32_t next = child(t, tree, node, byte);

	while (!next && node) {
		node = t->node[tree->node_first + node].fail;
		next = child(t, tree, node, byte);
	}
	return next;
}

uint32_t tree_scan(const struct match_table *t, const struct hvm_tree *tree, bool fold,
		   struct subject s, uint64_t *stamp, uint64_t epoch, uint32_t *found,
		   struct pace *pace)
{
	uint32_t node = 0, count = 0, i = 0;

	while (i < s.len) {
		uint32_t end = block_end(i, s.len), bytes = end - i, hit;

		for (; i < end; i++) {
			node = tree_step(t, tree, node, fold ? hvm_fold(s.bytes[i]) : s.bytes[i]);
			/* behind a literal that was met before, all shorter ones were met too */
			for (hit = node; hit; hit = tree_node(t, tree, hit)->out) {
				uint32_t literal = tree_node(t, tree, hit)->literal;

				if (literal == HVM_NONE)
					continue;
				if (stamp[literal] == epoch)
					break;
				stamp[literal] = epoch;
				found[count++] = literal;
			}
		}
		pace_worked(pace, bytes);
	}
	return count;
}
