/*
 * match_budget_test.c - what a regex may take: the step budget at its limits, and when it ends
 */
#include "tests/unit/match_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/match_internal.h"
#include "tests/unit/unit.h"

/* A lab with one query for one regex. */
static void open_one(struct lab *l, const char *text)
{
	struct pattern *p;

	lab_open(l, PLAN_BEST);
	p = lab_regex(l, text, strlen(text), 0);
	lab_query(l, &p, 1);
	ck_assert_int_eq(lab_load(l), 0);
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
	open_one(&l, "[ab]c");
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
		struct pace none = { 0 };
		struct nfa_scratch x = { &none, { pos[0], pos[1] }, { start[0], start[1] }, mark, 0 };
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

	open_one(&l, "[ab]c");
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
	open_one(&l, "a[ab]{125}c");
	match_pattern_plan(l.table, 0, &plan);
	ck_assert_uint_eq(plan.steps, 255);
	ck_assert_int_eq(ask(&l, 0, s, len), MATCH_NO);
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
	Suite *s = suite_create("step budgets of content search");

	claim(s, "a used-up step budget answers unknown, literals never do",
	      budget_ends_in_unknown);
	claim(s, "what a DFA answers is never unknown", what_a_dfa_answers_is_never_unknown);
	claim(s, "many matches are all given", many_matches_are_all_given);
	claim(s, "bytes that a regex passes over are steps, those behind are not",
	      bytes_passed_over_are_steps);
	claim(s, "small automata never run out of steps", small_automata_are_never_unknown);
	return s;
}
