/*
 * tree.c - an Aho-Corasick automaton over the literals of a group
 *
 * Built as a trie with ordered siblings, laid out breadth first, so that the children of a
 * node are a run of nodes and every failure link points to a node before it.
 */
#include "compiler/regex/regex.h"

struct trie_node {
	uint32_t child, sibling;	/* 0: none */
	uint32_t literal;
	uint8_t label;
};

struct lit_tree {
	struct pool *pool;
	struct trie_node *node;
	size_t count, cap;
	uint32_t literals;
};

static uint32_t new_node(struct lit_tree *t, uint8_t label)
{
	if (t->count == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;

		t->node = pool_grow(t->pool, t->node, t->count, cap, sizeof(*t->node));
		t->cap = cap;
	}
	t->node[t->count] = (struct trie_node){ .literal = HVM_NONE, .label = label };
	return (uint32_t)t->count++;
}

struct lit_tree *lit_tree_new(struct pool *p)
{
	struct lit_tree *t = pool_alloc(p, sizeof(*t));

	t->pool = p;
	new_node(t, 0);
	return t;
}

static uint32_t child_of(struct lit_tree *t, uint32_t at, uint8_t label)
{
	uint32_t before = 0, next = t->node[at].child, fresh;

	while (next && t->node[next].label < label) {
		before = next;
		next = t->node[next].sibling;
	}
	if (next && t->node[next].label == label)
		return next;
	fresh = new_node(t, label);
	t->node[fresh].sibling = next;
	if (before)
		t->node[before].sibling = fresh;
	else
		t->node[at].child = fresh;
	return fresh;
}

uint32_t lit_tree_add(struct lit_tree *t, const uint8_t *bytes, size_t len)
{
	uint32_t at = 0;

	for (size_t i = 0; i < len; i++)
		at = child_of(t, at, bytes[i]);
	if (t->node[at].literal == HVM_NONE)
		t->node[at].literal = t->literals++;
	return t->node[at].literal;
}

/* The child of @node by @label, or 0. */
static uint32_t laid_child(const struct hvm_node *nodes, const uint8_t *labels, uint32_t count,
			   uint32_t node, uint8_t label)
{
	uint32_t end = node + 1 < count ? nodes[node + 1].child_first : count;

	for (uint32_t c = nodes[node].child_first; c < end; c++) {
		if (labels[c] == label)
			return c;
	}
	return 0;
}

/* Children of a node are linked when all nodes above them are. */
static void link_children(struct hvm_node *nodes, const uint8_t *labels, uint32_t count,
			  uint32_t parent)
{
	uint32_t end = parent + 1 < count ? nodes[parent + 1].child_first : count;

	for (uint32_t c = nodes[parent].child_first; c < end; c++) {
		uint32_t f = parent, next = 0;

		while (f && !next) {
			f = nodes[f].fail;
			next = laid_child(nodes, labels, count, f, labels[c]);
		}
		nodes[c].fail = next;
		nodes[c].out = nodes[next].literal != HVM_NONE ? next : nodes[next].out;
	}
}

void lit_tree_finish(struct lit_tree *t, struct hvm_node **nodes_out, uint8_t **labels_out,
		     uint32_t *node_count, uint32_t *literal_count)
{
	uint32_t count = (uint32_t)t->count, laid = 1;
	struct hvm_node *nodes = pool_array(t->pool, count, sizeof(*nodes));
	uint8_t *labels = pool_array(t->pool, count, 1);
	uint32_t *trie = pool_array(t->pool, count, sizeof(*trie));	/* by laid-out number */

	for (uint32_t n = 0; n < count; n++) {
		const struct trie_node *from = &t->node[trie[n]];

		nodes[n].literal = from->literal;
		nodes[n].child_first = laid;
		labels[n] = from->label;
		for (uint32_t c = from->child; c; c = t->node[c].sibling) {
			nodes[laid].depth = nodes[n].depth + 1;
			trie[laid++] = c;
		}
	}
	for (uint32_t n = 0; n < count; n++)
		link_children(nodes, labels, count, n);
	*nodes_out = nodes;
	*labels_out = labels;
	*node_count = count;
	*literal_count = t->literals;
}
