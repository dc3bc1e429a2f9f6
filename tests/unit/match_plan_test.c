/*
 * match_plan_test.c - how patterns are searched: plans, bounds, limits, warnings
 */
#include "tests/unit/match_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/match_internal.h"
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

static void ignore(void *arg, const struct match_extent *m)
{
	(void)arg;
	(void)m;
}

/* ---- plans and bounds ---- */

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

/* Thousands of threads and edges: "a" at every byte keeps every position alive. */
#define HEAVY	"a[ab]{1,600}(?:a[ab]{1,300}){2}cq"

START_TEST(budget_ends_in_unknown)
{
	size_t len = 1 << 16;
	uint8_t *s = malloc(len + 1);
	struct pattern *p[2];
	struct match_extent m;
	struct lab l;

	memset(s, 'a', len);
	lab_open(&l, PLAN_BEST);
	p[0] = lab_regex(&l, HEAVY, strlen(HEAVY), 0);
	p[1] = lab_literal(&l, "zz", 2, 0);
	lab_query(&l, p, 1);
	lab_query(&l, p, 2);
	ck_assert_int_eq(lab_load(&l), 0);
	/* the cq that it needs is not there: that is known */
	ck_assert_int_eq(ask(&l, 0, s, len), MATCH_NO);
	memcpy(s + 100, "cq", 2);
	ck_assert_int_eq(ask(&l, 0, s, len), MATCH_YES);
	memset(s, 'a', len);
	memcpy(s, "cq", 2);
	ck_assert_int_eq(ask(&l, 0, s, len), MATCH_UNKNOWN);
	ck_assert_int_eq(match_query(l.state, 0), MATCH_UNKNOWN);
	ck_assert_int_eq(match_first(l.state, 0, &m), -1);
	ck_assert_int_eq(match_each(l.state, 0, ignore, NULL), MATCH_UNKNOWN);
	ck_assert_int_eq(match_query(l.state, 1), MATCH_UNKNOWN);
	memcpy(s + len - 2, "zz", 2);			/* a literal is found all the same */
	ck_assert_int_eq(ask(&l, 1, s, len), MATCH_YES);
	/* but a match of the regex may lie before it */
	ck_assert_int_eq(match_first(l.state, 1, &m), -1);
	lab_close(&l);
	free(s);
}
END_TEST

/* "x(?:a[a0]|a[a1]|...)*b": two a are any of 60, thousands of steps, but a few states. */
static struct pattern *dense(struct lab *l)
{
	static const char other[] = "0123456789cdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWXY";
	char text[sizeof(other) * 6 + 16] = "x(?:aa";
	size_t len = strlen(text);

	for (size_t i = 0; other[i]; i++)
		len += (size_t)sprintf(text + len, "|a[a%c]", other[i]);
	len += (size_t)sprintf(text + len, ")*b");
	return lab_regex(l, text, len, 0);
}

START_TEST(what_a_dfa_answers_is_never_unknown)
{
	static uint8_t s[4096];
	struct match_plan plan;
	struct match_extent m;
	struct pattern *p[2];
	struct lab l;

	lab_open(&l, PLAN_BEST);
	p[0] = dense(&l);
	p[1] = lab_literal(&l, "zz", 2, 0);
	lab_query(&l, p, 1);
	lab_query(&l, p, 2);
	ck_assert_int_eq(lab_load(&l), 0);
	match_pattern_plan(l.table, 0, &plan);
	ck_assert_uint_gt(plan.dfa_states, 0);
	ck_assert_uint_eq(plan.steps, HVM_STEPS_PER_BYTE);	/* or more */
	memset(s, 'a', sizeof(s));
	s[0] = 'x';
	memcpy(s + sizeof(s) - 5, ".bxzz", 5);
	ck_assert_int_eq(ask(&l, 0, s, sizeof(s)), MATCH_NO);
	ck_assert_int_eq(match_each(l.state, 0, ignore, NULL), MATCH_NO);
	ck_assert_int_eq(match_first(l.state, 1, &m), 0);	/* there is nothing before zz */
	ck_assert_uint_eq(m.pattern, 1);
	ck_assert_uint_eq(m.start, sizeof(s) - 2);
	/* it is there, but its positions take more steps than there are */
	memcpy(s + sizeof(s) - 4, "xb", 2);
	ck_assert_int_eq(ask(&l, 0, s, sizeof(s)), MATCH_YES);
	ck_assert_int_eq(match_first(l.state, 0, &m), -1);
	ck_assert_int_eq(match_each(l.state, 0, ignore, NULL), MATCH_UNKNOWN);
	lab_close(&l);
}
END_TEST

static void count(void *arg, const struct match_extent *m)
{
	(void)m;
	++*(uint32_t *)arg;
}

/* A search ends with its match, or those of many matches would use up the budget. */
START_TEST(many_matches_are_all_given)
{
	static uint8_t s[1 << 16];
	uint32_t n = 0;
	struct lab l;

	for (size_t i = 0; i < sizeof(s); i += 2)
		memcpy(s + i, "ac", 2);
	open_one(&l, regex, "[ab]c", 0);
	lab_subject(&l, s, sizeof(s));
	ck_assert_int_eq(match_each(l.state, 0, count, &n), MATCH_YES);
	ck_assert_uint_eq(n, sizeof(s) / 2);
	lab_close(&l);
}
END_TEST

/* The fewest steps in which a search of @l's one regex has an answer. */
static uint64_t steps_of(const struct lab *l, const char *text, enum match_answer want)
{
	const struct match_table *t = l->table;
	const struct window everywhere = { 0, UINT64_MAX, 0 };
	struct subject s = { (const uint8_t *)text, (uint32_t)strlen(text) };

	for (uint64_t steps = 0;; steps++) {
		uint32_t pos[2][8], start[2][8];
		uint64_t mark[8] = { 0 }, budget = steps;
		struct nfa_scratch x = { { pos[0], pos[1] }, { start[0], start[1] }, mark, 0 };
		struct match_extent m;
		enum match_answer answer;

		ck_assert_uint_lt(steps, 1000);
		answer = nfa_search(t, &t->nfa[t->pattern[0].nfa], s, 0, &everywhere, true, &x,
				    &budget, &m);
		if (answer == MATCH_UNKNOWN)
			continue;
		ck_assert_int_eq(answer, want);
		ck_assert_uint_eq(budget, 0);		/* all were needed */
		return steps;
	}
}

/* As many as are passed over before a match can begin; none behind the last such place. */
START_TEST(bytes_passed_over_are_steps)
{
	struct lab l;
	uint64_t two;

	open_one(&l, regex, "[ab]c", 0);
	two = steps_of(&l, "ac", MATCH_YES);
	ck_assert_uint_gt(two, 0);
	ck_assert_uint_eq(steps_of(&l, ".ac", MATCH_YES), two + 1);
	ck_assert_uint_eq(steps_of(&l, "............ac", MATCH_YES), two + 12);
	ck_assert_uint_eq(steps_of(&l, "", MATCH_NO), 0);
	ck_assert_uint_eq(steps_of(&l, "............", MATCH_NO), 0);
	lab_close(&l);
}
END_TEST

/* At most HVM_STEPS_PER_BYTE steps a byte: never unknown, whatever the data. */
START_TEST(small_automata_are_never_unknown)
{
	size_t len = 1 << 16;
	uint8_t *s = malloc(len);
	struct match_plan plan;
	struct lab l;

	memset(s, 'a', len);
	s[0] = 'c';
	open_one(&l, regex, "a[ab]{125}c", 0);
	match_pattern_plan(l.table, 0, &plan);
	ck_assert_uint_eq(plan.steps, 255);
	ck_assert_int_eq(ask(&l, 0, s, len), MATCH_NO);
	lab_close(&l);
	free(s);
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
	claim(s, "a used-up step budget answers unknown, literals never do",
	      budget_ends_in_unknown);
	claim(s, "what a DFA answers is never unknown", what_a_dfa_answers_is_never_unknown);
	claim(s, "many matches are all given", many_matches_are_all_given);
	claim(s, "bytes that a regex passes over are steps, those behind are not",
	      bytes_passed_over_are_steps);
	claim(s, "small automata never run out of steps", small_automata_are_never_unknown);
	claim(s, "costs", costs);
	claim(s, "a group costs a step a byte for each of its automata",
	      a_group_costs_a_step_a_byte_for_each_of_its_automata);
	claim(s, "literals that end together are paid for together",
	      literals_that_end_together_are_paid_for_together);
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
