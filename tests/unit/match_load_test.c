/*
 * match_load_test.c - a section that is malformed is refused, or at worst harmless
 */
#include "policy/match_format.h"
#include "tests/unit/match_lab.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static struct lab lab;
static uint8_t memory[1 << 20] __attribute__((aligned(16)));

/* Every kind of row: literals of both trees, a regex with a DFA, one without, a position. */
static void open_lab(void)
{
	struct pattern *p[6];

	lab_open(&lab, PLAN_BEST);
	p[0] = lab_literal(&lab, "abcab", 5, 0);
	p[1] = lab_literal(&lab, "bca", 3, 0);
	p[2] = lab_literal(&lab, "Ca", 2, PATTERN_I);
	p[3] = lab_regex(&lab, "\\bab?c[^x]", 10, 0);
	p[4] = lab_regex(&lab, "[ab].{12}c", 10, 0);
	p[5] = lab_literal(&lab, "ca", 2, 0);
	lab_query(&lab, p, 6);
	lab_query_at(&lab, p, 6, 3, 9, 16);
	lab_query(&lab, p + 3, 1);
	ck_assert_int_eq(lab_load(&lab), 0);
}

static void count_match(void *arg, const struct match_extent *m)
{
	uint32_t *n = arg;

	(*n)++;
	ck_assert_uint_le(m->start, 64);
	ck_assert_uint_le(m->len, 64 - m->start);
}

/* Load @bytes (a block of its own size, so that ASan sees its end) and ask everything. */
static int load_and_search(const uint8_t *bytes, size_t len)
{
	static const char subject[] =
		"xabcabcaCAb.abc\n ab--c-a-b-c-abcab aa\nbbbbbbbbbbbbbbcabcabc c a";
	uint8_t *copy = malloc(len), *area = malloc(64);
	struct match_table *t;
	struct match_state *s;
	struct match_extent m;
	struct match_plan plan;
	struct arena a;
	uint32_t n = 0;
	int rc;

	memcpy(copy, bytes, len);
	memcpy(area, subject, 64);
	arena_init(&a, memory, sizeof(memory));
	rc = match_table_load(&a, copy, len, &t, NULL);
	if (!rc && !match_state_create(&a, t, &s, NULL)) {
		match_begin(s, HV_HOOK_DISK_WRITE, NULL);
		for (unsigned i = 0; i < HV_AREAS; i++)
			match_area(s, i, area, 64);
		for (uint32_t q = 0; q < match_query_count(t); q++) {
			match_query(s, q);
			match_first(s, q, &m);
			match_each(s, q, count_match, &n);
			match_query_cost(t, q);
			match_query_byte_cost(t, q);
		}
		for (uint32_t p = 0; p < match_pattern_count(t); p++) {
			n += (uint32_t)strlen(match_pattern_name(t, p));
			match_pattern_plan(t, p, &plan);
		}
	}
	free(copy);
	free(area);
	return rc;
}

START_TEST(any_byte)
{
	uint8_t *bytes;

	open_lab();
	bytes = malloc(lab.blob.len);
	memcpy(bytes, lab.blob.bytes, lab.blob.len);
	ck_assert_int_eq(load_and_search(bytes, lab.blob.len), 0);
	for (size_t i = 0; i < lab.blob.len; i++) {
		static const uint8_t flips[] = { 0x01, 0x80, 0xff };

		for (size_t f = 0; f < sizeof(flips); f++) {
			bytes[i] ^= flips[f];
			load_and_search(bytes, lab.blob.len);
			bytes[i] ^= flips[f];
		}
	}
	free(bytes);
	lab_close(&lab);
}
END_TEST

START_TEST(any_word)
{
	uint32_t *words;

	open_lab();
	words = malloc(lab.blob.len);
	memcpy(words, lab.blob.bytes, lab.blob.len);
	for (size_t i = 0; i < lab.blob.len / 4; i++) {
		uint32_t old = words[i];
		const uint32_t values[] = { 0, 1, old + 1, old - 1, old + 8, 0x7fffffff,
					    0x80000000, UINT32_MAX };

		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			words[i] = values[v];
			load_and_search((const uint8_t *)words, lab.blob.len);
		}
		words[i] = old;
	}
	free(words);
	lab_close(&lab);
}
END_TEST

START_TEST(any_length)
{
	open_lab();
	ck_assert_int_eq(load_and_search(lab.blob.bytes, 0), 0);	/* no section */
	for (size_t len = 1; len < lab.blob.len; len++) {
		/* what is cut off the last table's padding is not missed */
		if (load_and_search(lab.blob.bytes, len) == 0)
			ck_assert_uint_gt(len + 8, lab.blob.len);
	}
	lab_close(&lab);
}
END_TEST

START_TEST(small_arenas)
{
	struct match_table *t;
	struct match_state *s;
	struct arena a;
	size_t need;

	open_lab();
	arena_init(&a, memory, sizeof(memory));
	ck_assert_int_eq(match_table_load(&a, lab.blob.bytes, lab.blob.len, &t, NULL), 0);
	ck_assert_int_eq(match_state_create(&a, t, &s, NULL), 0);
	need = a.peak;
	arena_init(&a, memory, sizeof(memory));
	ck_assert_int_eq(match_table_load(&a, lab.blob.bytes, lab.blob.len, &t, NULL), 0);
	for (size_t size = 0; size + 16 <= a.peak; size++) {
		struct arena small;

		arena_init(&small, memory, size);
		ck_assert_int_eq(match_table_load(&small, lab.blob.bytes, lab.blob.len, &t, NULL),
				 POLICY_ENOMEM);
	}
	for (size_t size = 0; size < need; size++) {
		int rc;

		arena_init(&a, memory, size);
		rc = match_table_load(&a, lab.blob.bytes, lab.blob.len, &t, NULL);
		if (!rc)
			rc = match_state_create(&a, t, &s, NULL);
		if (size + 16 <= need)
			ck_assert_int_eq(rc, POLICY_ENOMEM);
	}
	lab_close(&lab);
}
END_TEST

/* ---- each check ---- */

static uint8_t *blob;

static uint8_t *table(enum hvm_tables t)
{
	return blob + ((struct hvm_header *)blob)->table[t].offset;
}

static uint32_t rows(enum hvm_tables t)
{
	return ((struct hvm_header *)blob)->table[t].count;
}

#define ROW(type, t, i)	(&((struct type *)table(t))[i])

/* With @field set to @value the section is refused; with its own value it is not. */
#define REFUSED(field, value)	do {							\
		__typeof__(field) old_ = (field);					\
		(field) = (__typeof__(field))(value);					\
		ck_assert_msg(load_and_search(blob, lab.blob.len) == POLICY_EINVAL,	\
			      #field " = " #value);					\
		(field) = old_;								\
		ck_assert_int_eq(load_and_search(blob, lab.blob.len), 0);		\
	} while (0)

static void open_blob(void)
{
	open_lab();
	blob = aligned_alloc(16, (lab.blob.len + 15) & ~(size_t)15);
	memcpy(blob, lab.blob.bytes, lab.blob.len);
}

static void close_blob(void)
{
	free(blob);
	lab_close(&lab);
}

START_TEST(header_checked)
{
	struct hvm_header *h;

	open_blob();
	h = (struct hvm_header *)blob;
	REFUSED(h->magic, HVM_MAGIC + 1);
	for (unsigned i = 0; i < HVM_TABLES; i++) {
		REFUSED(h->table[i].offset, h->table[i].offset + 4);
		REFUSED(h->table[i].offset, (lab.blob.len + 8) & ~(size_t)7);
		REFUSED(h->table[i].count, lab.blob.len);
	}
	close_blob();
}
END_TEST

START_TEST(patterns_checked)
{
	open_blob();
	for (uint32_t i = 0; i < rows(HVM_PATTERNS); i++) {
		struct hvm_pattern *p = ROW(hvm_pattern, HVM_PATTERNS, i);

		REFUSED(p->name, rows(HVM_BYTES));
		REFUSED(p->name, UINT32_MAX);
		REFUSED(p->nfa, rows(HVM_NFAS));
		REFUSED(p->nfa, p->nfa == HVM_NONE ? 0 : HVM_NONE);
		REFUSED(p->dfa, rows(HVM_DFAS));
		REFUSED(p->len, p->len ? HVM_MAX_PATTERN + 1 : 1);
	}
	close_blob();
}
END_TEST

START_TEST(queries_checked)
{
	open_blob();
	for (uint32_t i = 0; i < rows(HVM_QUERIES); i++) {
		struct hvm_query *q = ROW(hvm_query, HVM_QUERIES, i);

		REFUSED(q->group, rows(HVM_GROUPS));
		REFUSED(q->position, HVM_WITHIN + 1);
		if (q->position == HVM_WITHIN)
			REFUSED(q->first, q->last + 1);
		REFUSED(q->term_first, q->term_first + 1);
		REFUSED(q->literal_terms, rows(HVM_TERMS) + 1);
		REFUSED(q->regex_terms, rows(HVM_TERMS));
		REFUSED(q->regex_terms, UINT32_MAX);
	}
	for (uint32_t i = 0; i < rows(HVM_TERMS); i++) {
		struct hvm_term *m = ROW(hvm_term, HVM_TERMS, i);
		const struct hvm_pattern *p = ROW(hvm_pattern, HVM_PATTERNS, m->pattern);
		bool literal = p->nfa == HVM_NONE;

		REFUSED(m->pattern, rows(HVM_PATTERNS));
		REFUSED(m->pattern, literal ? 3 : 0);
		REFUSED(m->fold, 2);
		REFUSED(m->literal, 100);
		if (literal)
			REFUSED(m->literal, HVM_NONE);
	}
	close_blob();
}
END_TEST

START_TEST(groups_checked)
{
	struct hvm_group *g;

	open_blob();
	g = ROW(hvm_group, HVM_GROUPS, 0);
	REFUSED(g->hook, HV_HOOKS);
	REFUSED(g->area, HV_AREAS);
	REFUSED(g->tree[0], rows(HVM_TREES));
	REFUSED(g->tree[1], rows(HVM_TREES));
	REFUSED(g->tree[0], HVM_NONE);		/* its literals are asked for */
	close_blob();
}
END_TEST

START_TEST(trees_checked)
{
	open_blob();
	for (uint32_t i = 0; i < rows(HVM_TREES); i++) {
		struct hvm_tree *t = ROW(hvm_tree, HVM_TREES, i);
		struct hvm_node *n = ROW(hvm_node, HVM_NODES, t->node_first);

		REFUSED(t->node_first, t->node_first + 1);
		REFUSED(t->node_count, 0);
		REFUSED(t->node_count, rows(HVM_NODES) + 1);
		REFUSED(t->label_first, rows(HVM_BYTES));
		REFUSED(t->literal_count, t->node_count + 1);
		REFUSED(n[0].depth, 1);
		REFUSED(n[0].literal, 0);
		REFUSED(n[0].child_first, 2);
		REFUSED(n[t->node_count - 1].child_first, t->node_count - 1);
		REFUSED(n[t->node_count - 1].child_first, t->node_count + 1);
		for (uint32_t k = 1; k < t->node_count; k++) {
			REFUSED(n[k].depth, n[k].depth + 1);
			REFUSED(n[k].fail, k);
			REFUSED(n[k].fail, t->node_count);
			REFUSED(n[k].out, k);
			REFUSED(n[k].out, t->node_count);
			REFUSED(n[k].literal, t->literal_count);
			REFUSED(n[k].child_first, k);
			if (n[k].depth > 1 && n[1].literal == HVM_NONE)
				REFUSED(n[k].out, 1);	/* no literal ends there */
		}
	}
	close_blob();
}
END_TEST

START_TEST(nfas_checked)
{
	open_blob();
	ck_assert_uint_eq(rows(HVM_NFAS), 2);
	for (uint32_t i = 0; i < rows(HVM_NFAS); i++) {
		struct hvm_nfa *n = ROW(hvm_nfa, HVM_NFAS, i);
		struct hvm_position *p = ROW(hvm_position, HVM_POSITIONS, n->position_first);

		REFUSED(n->position_first, n->position_first + 1);
		REFUSED(n->position_count, rows(HVM_POSITIONS) + 1);
		REFUSED(n->position_count, HVM_MAX_POSITIONS + 1);
		REFUSED(n->start_class, rows(HVM_CLASSES));
		REFUSED(n->entry_first, n->entry_first + 1);
		REFUSED(n->entry_count, rows(HVM_EDGES));
		REFUSED(ROW(hvm_edge, HVM_EDGES, n->entry_first)->to, n->position_count);
		for (uint32_t k = 0; k < n->position_count; k++) {
			REFUSED(p[k].class, rows(HVM_CLASSES));
			REFUSED(p[k].edge_first, p[k].edge_first + 1);
			REFUSED(p[k].edge_count, rows(HVM_EDGES) + 1);
			if (p[k].edge_count)
				REFUSED(ROW(hvm_edge, HVM_EDGES, p[k].edge_first)->to,
					n->position_count);
		}
	}
	close_blob();
}
END_TEST

START_TEST(dfas_checked)
{
	struct hvm_dfa *d;
	uint16_t *next;

	open_blob();
	ck_assert_uint_eq(rows(HVM_DFAS), 1);
	d = ROW(hvm_dfa, HVM_DFAS, 0);
	next = (uint16_t *)table(HVM_NEXT);
	REFUSED(d->states, 0);
	REFUSED(d->states, d->states + 1);
	REFUSED(d->states, HVM_MAX_DFA_STATES + 1);
	REFUSED(d->symbols, 0);
	REFUSED(d->symbols, 259);
	REFUSED(d->last_nl, d->symbols);
	REFUSED(d->map, rows(HVM_BYTES) - 255);
	REFUSED(d->next_first, 1);
	REFUSED(table(HVM_BYTES)[d->map], d->symbols);
	REFUSED(table(HVM_BYTES)[d->map + 255], d->symbols);
	REFUSED(next[0], d->states);
	REFUSED(next[rows(HVM_NEXT) - 1], d->states);
	close_blob();
}
END_TEST

/* A blob of the patterns that @make adds; then the same in memory of its own. */
static void open_made(void (*make)(void))
{
	lab_open(&lab, PLAN_BEST);
	make();
	ck_assert_int_eq(lab_load(&lab), 0);
	blob = aligned_alloc(16, (lab.blob.len + 15) & ~(size_t)15);
	memcpy(blob, lab.blob.bytes, lab.blob.len);
}

static void one_with_a_long_name(void)
{
	static char name[HVM_MAX_NAME + 10];
	struct pattern *p = lab_literal(&lab, "abc", 3, 0);

	memset(name, 'n', sizeof(name) - 1);
	p->name = name;
	lab_query(&lab, &p, 1);
}

START_TEST(names_end_within_4096_bytes_and_the_table)
{
	struct hvm_pattern *p;
	uint8_t *bytes;
	uint32_t last;

	open_made(one_with_a_long_name);
	p = ROW(hvm_pattern, HVM_PATTERNS, 0);
	bytes = table(HVM_BYTES) + p->name;
	ck_assert_uint_eq(strlen((char *)bytes), HVM_MAX_NAME - 1);
	REFUSED(bytes[HVM_MAX_NAME - 1], 'n');
	/* the table's last byte may be a name's end */
	last = rows(HVM_BYTES) - 1;
	table(HVM_BYTES)[last] = 0;
	p->name = last;
	ck_assert_int_eq(load_and_search(blob, lab.blob.len), 0);
	REFUSED(table(HVM_BYTES)[last], 'n');
	close_blob();
}
END_TEST

static void two_groups(void)
{
	struct pattern *p = lab_literal(&lab, "abc", 3, 0);
	struct query q = { .area = HV_AREA_PAYLOAD, .patterns = &p, .pattern_count = 1 };

	lab_query(&lab, &p, 1);
	match_builder_query(lab.builder, HV_HOOK_NET_IN, &q);
}

START_TEST(an_area_of_a_hook_has_one_group)
{
	struct hvm_group *g;

	open_made(two_groups);
	ck_assert_uint_eq(rows(HVM_GROUPS), 2);
	g = ROW(hvm_group, HVM_GROUPS, 0);
	g[1].hook = g[0].hook;
	ck_assert_int_eq(load_and_search(blob, lab.blob.len), 0);
	REFUSED(g[1].area, g[0].area);
	g[1].hook = HV_HOOK_NET_IN;
	g[1].area = g[0].area;
	ck_assert_int_eq(load_and_search(blob, lab.blob.len), 0);
	close_blob();
}
END_TEST

/* Nodes: the root; a, b, c; ax. */
static void leaves(void)
{
	struct pattern *p[] = { lab_literal(&lab, "ax", 2, 0), lab_literal(&lab, "b", 1, 0),
				lab_literal(&lab, "c", 1, 0) };

	lab_query(&lab, p, 3);
}

START_TEST(no_node_has_two_parents)
{
	struct hvm_node *n;

	open_made(leaves);
	ck_assert_uint_eq(rows(HVM_NODES), 5);
	n = ROW(hvm_node, HVM_NODES, 0);
	ck_assert_uint_eq(n[1].child_first, 4);
	ck_assert_uint_eq(n[3].child_first, 5);
	REFUSED(n[3].child_first, 4);		/* ax is a's already */
	close_blob();
}
END_TEST

static void regex_of_many_states(void)
{
	struct pattern *p = lab_regex(&lab, "\\b[abc].{7}[0-9]", 16, 0);

	lab_query(&lab, &p, 1);
}

START_TEST(a_dfa_has_258_symbols_at_most)
{
	struct hvm_dfa *d;

	open_made(regex_of_many_states);
	ck_assert_uint_eq(rows(HVM_DFAS), 1);
	ck_assert_uint_ge(rows(HVM_NEXT), 259);
	d = ROW(hvm_dfa, HVM_DFAS, 0);
	memset(table(HVM_NEXT), 0, rows(HVM_NEXT) * sizeof(uint16_t));
	d->states = 1;
	d->symbols = HVM_MAX_DFA_SYMBOLS;
	REFUSED(d->symbols, 259);
	/* every byte is a symbol now: the map may be the last 256 of the table */
	d->map = rows(HVM_BYTES) - 256;
	REFUSED(d->map, rows(HVM_BYTES) - 255);
	close_blob();
}
END_TEST

static void claim(Suite *s, const char *name, const TTest *test)
{
	tcase_add_test(unit_case(s, name), test);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("pattern section");

	claim(s, "any byte may be wrong", any_byte);
	claim(s, "any word may be wrong", any_word);
	claim(s, "a section cut anywhere is refused", any_length);
	claim(s, "an arena that is too small is said to be", small_arenas);
	claim(s, "header and tables are checked", header_checked);
	claim(s, "patterns are checked", patterns_checked);
	claim(s, "queries and terms are checked", queries_checked);
	claim(s, "groups are checked", groups_checked);
	claim(s, "trees are checked", trees_checked);
	claim(s, "position automata are checked", nfas_checked);
	claim(s, "DFAs are checked", dfas_checked);
	claim(s, "names end within 4096 bytes and within their table",
	      names_end_within_4096_bytes_and_the_table);
	claim(s, "an area of a hook has one group", an_area_of_a_hook_has_one_group);
	claim(s, "no node has two parents", no_node_has_two_parents);
	claim(s, "a DFA has 258 symbols at most", a_dfa_has_258_symbols_at_most);
	return s;
}
