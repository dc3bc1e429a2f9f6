/*
 * match_plan_test.c - how patterns are searched: plans, costs, limits, warnings
 */
#include "tests/unit/match_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/unit.h"

/* A lab with one query for one pattern. */
static void open_one(struct lab *l, struct pattern *(*make)(struct lab *, const char *, unsigned),
		     const char *text, unsigned flags)
{
	struct pattern *p;

	lab_open(l, PLAN_BEST);
	p = make(l, text, flags);
	lab_query(l, &p, 1);
	ck_assert_int_eq(lab_load(l), 0);
}

static struct pattern *literal(struct lab *l, const char *text, unsigned flags)
{
	return lab_literal(l, text, strlen(text), flags);
}

static struct pattern *regex(struct lab *l, const char *text, unsigned flags)
{
	return lab_regex(l, text, strlen(text), flags);
}

static enum match_answer ask(struct lab *l, uint32_t query, const void *s, size_t len)
{
	lab_subject(l, s, len);
	return match_query(l->state, query);
}

/* ---- plans and costs ---- */

START_TEST(plans)
{
	struct match_plan plan;
	struct lab l;

	open_one(&l, regex, "ab(?:c){2}", 0);		/* nothing but a literal */
	match_pattern_plan(l.table, 0, &plan);
	ck_assert_uint_eq(plan.len, 4);
	ck_assert_uint_eq(plan.positions, 0);
	ck_assert_uint_eq(plan.kind, PATTERN_REGEX);
	ck_assert(!plan.fold);
	lab_close(&l);
	open_one(&l, regex, "a1b", PATTERN_I);
	match_pattern_plan(l.table, 0, &plan);
	ck_assert_uint_eq(plan.len, 3);
	ck_assert(plan.fold);
	lab_close(&l);
	open_one(&l, regex, "a(?i)b", 0);		/* both cases of one letter only */
	match_pattern_plan(l.table, 0, &plan);
	ck_assert_uint_eq(plan.len, 0);
	lab_close(&l);
	open_one(&l, regex, "\\bab", 0);
	match_pattern_plan(l.table, 0, &plan);
	ck_assert_uint_eq(plan.len, 0);
	ck_assert_uint_gt(plan.dfa_states, 0);
	ck_assert_uint_eq(plan.positions, 2);
	ck_assert(!plan.anchored);
	lab_close(&l);
	open_one(&l, regex, "^a.{40}b", 0);
	match_pattern_plan(l.table, 0, &plan);
	ck_assert(plan.anchored);
	lab_close(&l);
	open_one(&l, regex, "a.{20}b", 0);		/* 2^20 states */
	match_pattern_plan(l.table, 0, &plan);
	ck_assert_uint_eq(plan.dfa_states, 0);
	ck_assert_uint_eq(plan.positions, 22);
	ck_assert_uint_eq(plan.edges, 22);
	ck_assert_uint_eq(plan.steps, 45);
	lab_close(&l);
}
END_TEST

START_TEST(costs)
{
	struct pattern *p[3];
	struct lab l;

	lab_open(&l, PLAN_BEST);
	p[0] = lab_literal(&l, "abc", 3, 0);
	p[1] = lab_regex(&l, "a[bc]d", 6, 0);
	p[2] = lab_regex(&l, "[ab].{20}c", 10, 0);
	for (int i = 0; i < 3; i++)
		lab_query(&l, &p[i], 1);
	lab_query_at(&l, p, 1, 0, 9, 0);
	ck_assert_int_eq(lab_load(&l), 0);
	for (uint32_t i = 0; i < 4; i++) {
		ck_assert_uint_gt(match_query_cost(l.table, i), 0);
		ck_assert_uint_gt(match_query_byte_cost(l.table, i), 0);
	}
	ck_assert_uint_lt(match_query_byte_cost(l.table, 1), match_query_byte_cost(l.table, 2));
	ck_assert_uint_lt(match_query_byte_cost(l.table, 0), match_query_byte_cost(l.table, 3));
	ck_assert_uint_ge(match_hook_byte_cost(l.table, HV_HOOK_DISK_WRITE),
			  match_query_byte_cost(l.table, 2));
	ck_assert_uint_eq(match_hook_byte_cost(l.table, HV_HOOK_NET_IN), 0);
	lab_close(&l);
}
END_TEST

/* A byte of data goes through each automaton of its group once. */
START_TEST(a_group_costs_a_step_a_byte_for_each_of_its_automata)
{
	for (unsigned which = 1; which <= 3; which++) {
		struct pattern *p[2];
		struct lab l;

		lab_open(&l, PLAN_BEST);
		p[0] = lab_literal(&l, "abc", 3, 0);
		p[1] = lab_literal(&l, "def", 3, PATTERN_I);
		if (which & 1)
			lab_query(&l, &p[0], 1);
		if (which & 2)
			lab_query(&l, &p[1], 1);
		ck_assert_int_eq(lab_load(&l), 0);
		ck_assert_uint_eq(match_hook_byte_cost(l.table, HV_HOOK_DISK_WRITE),
				  which == 3 ? 120 : 60);
		lab_close(&l);
	}
}
END_TEST

/* c ends wherever bc and abc do: three literals are looked up at one byte. */
START_TEST(literals_that_end_together_are_paid_for_together)
{
	struct pattern *p[3];
	struct lab l;

	lab_open(&l, PLAN_BEST);
	p[0] = lab_literal(&l, "abc", 3, 0);
	p[1] = lab_literal(&l, "bc", 2, 0);
	p[2] = lab_literal(&l, "c", 1, 0);
	lab_query_at(&l, p, 3, 0, 9, 0);
	ck_assert_int_eq(lab_load(&l), 0);
	ck_assert_uint_eq(match_query_byte_cost(l.table, 0), 60 + 60 + 3 * 80);
	lab_close(&l);
}
END_TEST

START_TEST(finding_all_matches_pays_for_each_pattern_and_byte)
{
	struct pattern *p[5];
	struct lab l;

	lab_open(&l, PLAN_BEST);
	p[0] = lab_literal(&l, "abc", 3, 0);
	p[1] = lab_literal(&l, "bc", 2, 0);
	p[2] = lab_literal(&l, "d", 1, 0);
	p[3] = lab_literal(&l, "e", 1, 0);
	p[4] = lab_regex(&l, "a.[bd]", 6, 0);
	lab_query(&l, p, 4);		/* at most two end together */
	lab_query(&l, p + 4, 1);
	lab_query(&l, p, 5);
	ck_assert_int_eq(lab_load(&l), 0);
	ck_assert_uint_eq(match_query_longest(l.table, 0), 3);
	ck_assert_uint_eq(match_each_cost(l.table, 0), 100 + 4 * 40);
	ck_assert_uint_eq(match_each_byte_cost(l.table, 0), 60 + 2 * 80 + 4 * 10);
	ck_assert_uint_eq(match_each_cost(l.table, 1), 100 + 40 + 8 * HVM_STEPS_BASE);
	ck_assert_uint_eq(match_each_byte_cost(l.table, 1), 6 + 8 * HVM_STEPS_PER_BYTE + 10);
	ck_assert_uint_eq(match_each_cost(l.table, 2), 100 + 5 * 40 + 8 * HVM_STEPS_BASE);
	ck_assert_uint_eq(match_each_byte_cost(l.table, 2),
			  60 + 2 * 80 + 4 * 10 + 6 + 8 * HVM_STEPS_PER_BYTE + 10);
	lab_close(&l);
	/* no more bytes are overwritten than the literals that end together have */
	lab_open(&l, PLAN_BEST);
	p[0] = lab_literal(&l, "a", 1, 0);
	p[1] = lab_literal(&l, "b", 1, 0);
	p[2] = lab_literal(&l, "c", 1, 0);
	lab_query(&l, p, 3);
	ck_assert_int_eq(lab_load(&l), 0);
	ck_assert_uint_eq(match_each_byte_cost(l.table, 0), 60 + 80 + 10);
	lab_close(&l);
}
END_TEST

/* Nothing of it must be there: it is searched for without looking for literals first. */
START_TEST(a_regex_without_literals_is_loaded_and_found)
{
	struct match_plan plan;
	struct lab l;

	open_one(&l, regex, "[ab][cd]", 0);
	match_pattern_plan(l.table, 0, &plan);
	ck_assert_uint_eq(plan.len, 0);
	ck_assert_int_eq(ask(&l, 0, "--ad", 4), MATCH_YES);
	ck_assert_int_eq(ask(&l, 0, "da-d", 4), MATCH_NO);
	lab_close(&l);
}
END_TEST

/* What it asks at each place where it may begin: a DFA only says whether there is one. */
START_TEST(a_query_without_dfa_or_with_a_position_pays_for_threads)
{
	struct pattern *p[2];
	struct lab l;
	uint32_t threads = 8 * HVM_STEPS_BASE;

	lab_open(&l, PLAN_BEST);
	p[0] = lab_regex(&l, "a[bc]d", 6, 0);
	p[1] = lab_regex(&l, "[ab].{20}c", 10, 0);
	lab_query(&l, &p[0], 1);
	lab_query(&l, &p[1], 1);
	lab_query_at(&l, &p[0], 1, 0, 9, 0);
	ck_assert_int_eq(lab_load(&l), 0);
	ck_assert_uint_eq(match_query_cost(l.table, 0), 140);
	ck_assert_uint_eq(match_query_cost(l.table, 1), 140 + threads);
	ck_assert_uint_eq(match_query_cost(l.table, 2), 140 + threads);
	lab_close(&l);
}
END_TEST

/* ---- limits of patterns ---- */

static int check_one(struct lab *l, struct pattern *p)
{
	int rc;

	l->diags.errors = l->diags.warnings = 0;
	l->error[0] = l->warning[0] = 0;
	rc = pattern_check(p, &l->pool, &l->diags);
	ck_assert_int_eq(rc, l->diags.errors ? -1 : 0);
	return rc;
}

START_TEST(pattern_limits)
{
	static char text[HVM_MAX_PATTERN + 1];
	struct lab l;

	memset(text, 'a', sizeof(text));
	text[1] = 'b';
	lab_open(&l, PLAN_BEST);
	ck_assert_int_eq(check_one(&l, lab_literal(&l, text, HVM_MAX_PATTERN, 0)), 0);
	ck_assert_int_eq(check_one(&l, lab_literal(&l, text, HVM_MAX_PATTERN + 1, 0)), -1);
	ck_assert_int_eq(check_one(&l, lab_literal(&l, text, HVM_MAX_PATTERN / 2,
						   PATTERN_WIDE)), 0);
	ck_assert_int_eq(check_one(&l, lab_literal(&l, text, HVM_MAX_PATTERN / 2 + 1,
						   PATTERN_WIDE)), -1);
	ck_assert_int_eq(check_one(&l, lab_literal(&l, text, 0, 0)), -1);
	ck_assert_int_eq(check_one(&l, lab_regex(&l, text, HVM_MAX_PATTERN + 1, 0)), -1);
	/* 65536 positions */
	ck_assert_int_eq(check_one(&l, regex(&l, "a[bc]{65535}", 0)), 0);
	ck_assert_int_eq(check_one(&l, regex(&l, "aa[bc]{65535}", 0)), -1);
	ck_assert_int_eq(check_one(&l, lab_hex(&l, "41 [65535-65535]")), 0);
	ck_assert_int_eq(check_one(&l, lab_hex(&l, "41 [65536-65536]")), -1);
	ck_assert_int_eq(check_one(&l, lab_hex(&l, "[0-4]")), -1);
	ck_assert_int_eq(check_one(&l, regex(&l, "x(?:a|b?c){200}", 0)), 0);
	/* each of n optional bytes can follow each before it: n * n / 2 edges */
	ck_assert_int_eq(check_one(&l, regex(&l, "x(?:a?b?c?d?e?f?g?h?){40}", 0)), 0);
	lab_close(&l);
}
END_TEST

START_TEST(floods)
{
	struct lab l;

	lab_open(&l, PLAN_BEST);
	check_one(&l, lab_literal(&l, "\0\0\0\0\0\0", 6, 0));
	ck_assert_ptr_nonnull(strstr(l.warning, "one byte repeated"));
	check_one(&l, literal(&l, "a", 0));
	ck_assert_ptr_nonnull(strstr(l.warning, "256 bytes"));
	check_one(&l, regex(&l, "[^a]+", 0));
	ck_assert_uint_eq(l.diags.warnings, 1);
	check_one(&l, regex(&l, "a.|foo.*bar", 0));
	ck_assert_uint_eq(l.diags.warnings, 1);
	check_one(&l, lab_hex(&l, "?? [2-4] 41"));
	ck_assert_uint_eq(l.diags.warnings, 1);
	check_one(&l, literal(&l, "MZ", 0));
	ck_assert_uint_eq(l.diags.warnings, 0);
	check_one(&l, regex(&l, "\\b\\d{3}-\\d{2}-\\d{4}\\b", 0));
	ck_assert_uint_eq(l.diags.warnings, 0);
	lab_close(&l);
}
END_TEST

START_TEST(anchors_are_noted)
{
	static const struct {
		const char *text;
		bool anchored;
	} cases[] = {
		{ "^a", true }, { "a$", true }, { "\\Aa", true }, { "a\\Z", true },
		{ "a\\z", true },
		{ "\\ba\\B", false }, { "x(?:b|c$)", true }, { "[$^]a", false }, { "\\$a", false },
	};
	struct lab l;

	lab_open(&l, PLAN_BEST);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pattern *p = regex(&l, cases[i].text, 0);

		ck_assert_int_eq(check_one(&l, p), 0);
		ck_assert_int_eq(p->anchored, cases[i].anchored);
	}
	lab_close(&l);
}
END_TEST

START_TEST(ten_thousand_literals)
{
	struct pattern **p;
	clock_t start = clock();
	uint64_t seed = 42;
	uint8_t *s = malloc(1 << 20);
	struct lab l;

	lab_open(&l, PLAN_BEST);
	p = pool_array(&l.pool, 10000, sizeof(*p));
	for (int i = 0; i < 10000; i++) {
		uint8_t bytes[24];

		for (int k = 0; k < 24; k++)
			bytes[k] = (uint8_t)lab_random(&seed, 64);
		p[i] = lab_literal(&l, bytes, 6 + lab_random(&seed, 19), i & 1);
	}
	for (int i = 0; i < 10000; i++)
		lab_query(&l, &p[i], 1);
	lab_query(&l, p, 10000);
	ck_assert_int_eq(lab_load(&l), 0);
	fprintf(stderr, "# 10,000 literals: %ld ms, section %zu bytes, arena %zu bytes\n",
		(long)((clock() - start) * 1000 / CLOCKS_PER_SEC), l.blob.len, l.arena.used);
	ck_assert_uint_lt(l.blob.len, 8u << 20);
	memset(s, 'x', 1 << 20);
	for (int i = 0; i < 50; i++) {
		memcpy(s + 1000, p[i * 199]->bytes, p[i * 199]->len);
		lab_subject(&l, s, 1 << 20);
		ck_assert_int_eq(match_query(l.state, 10000), MATCH_YES);
		ck_assert_int_eq(match_query(l.state, (uint32_t)i * 199), MATCH_YES);
		memset(s + 1000, 'x', 100);
	}
	lab_close(&l);
	free(s);
}
END_TEST

static void claim(Suite *s, const char *name, const TTest *test)
{
	tcase_add_test(unit_case(s, name), test);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("plans and limits of patterns");

	claim(s, "plans: literal, DFA, positions", plans);
	claim(s, "costs", costs);
	claim(s, "a group costs a step a byte for each of its automata",
	      a_group_costs_a_step_a_byte_for_each_of_its_automata);
	claim(s, "literals that end together are paid for together",
	      literals_that_end_together_are_paid_for_together);
	claim(s, "finding all matches pays for each pattern and byte",
	      finding_all_matches_pays_for_each_pattern_and_byte);
	claim(s, "a regex without literals is loaded and found",
	      a_regex_without_literals_is_loaded_and_found);
	claim(s, "a query without DFA, or with a position, pays for threads",
	      a_query_without_dfa_or_with_a_position_pays_for_threads);
	claim(s, "patterns at their limits and one past them", pattern_limits);
	claim(s, "patterns that flood are warned of", floods);
	claim(s, "anchors are noted", anchors_are_noted);
	claim(s, "10,000 literals fit and are found", ten_thousand_literals);
	return s;
}
