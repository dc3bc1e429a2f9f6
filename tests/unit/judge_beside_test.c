/*
 * judge_beside_test.c - a judge stands still in the middle of a transfer, and another one judges meanwhile
 */
#include <stdio.h>
#include <string.h>

#include "tests/devmodel/policy_lab.h"
#include "tests/unit/unit.h"

#define BYTES	(64u << 10)
#define EVERY	(16u << 10)

static uint8_t sectors[BYTES], others[512];
static struct lab_policy *loaded;
static const struct policy *policy;
static struct judge *first, *beside;
static unsigned events, pauses;
static char text[512];
static void (*meanwhile)(void);

static void note_event(void *arg, const struct policy_event *e)
{
	size_t len = strlen(text);

	events++;
	snprintf(text + len, sizeof(text) - len, "%s %llu;", e->rule, (unsigned long long)e->transfer->number);
}

static void end(void)
{
	lab_policy_free(loaded);
	loaded = NULL;
}

static void paused(void *arg)
{
	ck_assert_ptr_eq(arg, &pauses);
	pauses++;
	if (meanwhile)
		meanwhile();
}

static void load(const char *rules)
{
	static char all[200000];

	end();
	snprintf(all, sizeof(all), "policy \"b\" version 1; pattern p = \"needle\"; pattern q = \"straw\";"
		 "pattern n = \"NEEDLE\" i; pattern r = /hay[a-z]{1,3}stack/; pattern x = \"x\"; pattern w = /[a-z]{3}/; %s", rules);
	loaded = lab_policy_new(all, note_event, &first, &policy);
	beside = lab_policy_beside(loaded, first);
	judge_set_pause(beside, EVERY, paused, &pauses);
	memset(sectors, 'x', sizeof(sectors));
	memset(others, 'y', sizeof(others));
	events = pauses = 0;
	text[0] = 0;
	meanwhile = NULL;
}

static struct judgement judge(struct judge *j, uint64_t number, uint8_t *data, uint32_t len)
{
	struct transfer t = {
		.number = number, .hook = HV_HOOK_DISK_WRITE,
		.disk = { .data = data, .data_len = len, .command = 0x35, .sectors = len / 512, .sector_size = 512 },
	};
	struct judgement out;

	judge_transfer(j, &t, &out);
	return out;
}

static void judge_another(void)
{
	judge(first, 100 + pauses, others, sizeof(others));
}

/* Both hit the same rules before, in and behind the pause: each once a transfer. */
START_TEST(two_judgements_are_counted_as_if_one_came_after_the_other)
{
	load("on disk write default pass { a: disk.sectors > 0 -> count c, log \"a\";"
	     " b: data has p -> count c; d: disk.sectors > 0 -> log \"d\"; }");
	memcpy(sectors + BYTES - 6, "needle", 6);
	meanwhile = judge_another;
	ck_assert_int_eq(judge(beside, 1, sectors, BYTES).verdict, HV_PASS);
	ck_assert_uint_eq(pauses, BYTES / EVERY);
	ck_assert_str_eq(text, "a 101;d 101;a 102;d 102;a 103;d 103;a 104;d 104;a 1;d 1;");
	for (unsigned i = 0; i < 2; i++) {
		const struct judge *j = i ? beside : first;

		ck_assert_uint_eq(judge_rule_stats(j, 0)->hits, 5);
		ck_assert_uint_eq(judge_rule_stats(j, 1)->hits, 1);
		ck_assert_uint_eq(judge_rule_stats(j, 2)->hits, 5);
		ck_assert_uint_eq(judge_user_counter(j, 0), 6);
		ck_assert_uint_eq(judge_counter(j, JUDGE_TRANSFERS), 5);
		ck_assert_uint_eq(judge_counter(j, JUDGE_EVENTS), 10);
	}
}
END_TEST

START_TEST(a_limit_is_that_of_both)
{
	load("on disk write default pass { a: data has p or disk.sectors > 0 -> log \"a\" limit 3/s; }");
	meanwhile = judge_another;
	judge(beside, 1, sectors, BYTES);
	ck_assert_uint_eq(events, 3);
	ck_assert_uint_eq(judge_rule_stats(first, 0)->suppressed, 2);
}
END_TEST

/* What one has found, and writes, is not the other's. */
START_TEST(each_searches_and_rewrites_its_own_bytes)
{
	load("on disk write default pass { a: data has p -> rewrite p with \"N\"; b: data has q -> drop; }");
	memcpy(sectors + 10, "needle", 6);
	memcpy(sectors + BYTES - 100, "needle", 6);
	memcpy(others + 7, "straw", 5);
	meanwhile = judge_another;
	ck_assert_int_eq(judge(beside, 1, sectors, BYTES).verdict, HV_PASS);
	ck_assert_mem_eq(sectors + 10, "NNNNNN", 6);
	ck_assert_mem_eq(sectors + BYTES - 100, "NNNNNN", 6);
	ck_assert_mem_eq(others + 7, "straw", 5);
	ck_assert_uint_eq(judge_counter(first, JUDGE_DROPPED), pauses);
	ck_assert_uint_eq(judge_counter(first, JUDGE_REWRITTEN), 1);
}
END_TEST

/* Whatever is searched, and however: no more than so much goes by without a pause, and much less is no pause either. */
static const struct {
	const char *rules;
	unsigned at_least;
} searches[] = {
	{ "a: data has p -> drop;", 4 },
	{ "a: data has n or data has q -> drop;", 8 },
	{ "a: data has r -> drop;", 4 },
	{ "a: data has p within 1000..60000 -> drop;", 3 },
	{ "a: data has r within 0..60000 -> drop;", 3 },
	{ "a: data has p -> log, rewrite p with \"N\";", 8 },
	{ "a: data has x -> rewrite x with \"N\";", 8 },
	{ "a: data has w -> rewrite w with \"N\";", 16 },
};
enum { SEARCHES = sizeof(searches) / sizeof(*searches) };

START_TEST(every_search_pauses)
{
	char rules[200];
	uint8_t plain[BYTES];
	struct judgement whole, parts;

	snprintf(rules, sizeof(rules), "on disk write default pass { %s }", searches[_i].rules);
	load(rules);
	memcpy(sectors + BYTES - 50, "needle", 6);
	memcpy(sectors + BYTES - 100, "haybstack", 9);
	memcpy(plain, sectors, BYTES);
	whole = judge(first, 1, plain, BYTES);
	parts = judge(beside, 2, sectors, BYTES);
	ck_assert_int_eq(whole.verdict, parts.verdict);
	ck_assert_int_eq(whole.rewritten, parts.rewritten);
	ck_assert_mem_eq(plain, sectors, BYTES);
	ck_assert_uint_ge(pauses, searches[_i].at_least);
	ck_assert_uint_le(pauses, 3 * searches[_i].at_least);
}
END_TEST

/* The slice begins with the transfer, not where another one left off. */
START_TEST(a_transfer_of_a_slice_pauses_no_more_than_once)
{
	load("on disk write default pass { a: data has p -> drop; }");
	judge(beside, 1, sectors, EVERY - 4096);
	ck_assert_uint_eq(pauses, 0);
	judge(beside, 2, sectors, EVERY - 4096);
	ck_assert_uint_eq(pauses, 0);
	judge(beside, 3, sectors, EVERY);
	ck_assert_uint_eq(pauses, 1);
	judge(first, 4, sectors, BYTES);
	ck_assert_uint_eq(pauses, 1);
}
END_TEST

START_TEST(a_policy_without_content_has_a_judge_beside_too)
{
	load("on disk write default pass { a: disk.lba == 0 -> drop; }");
	ck_assert_int_eq(judge(beside, 1, sectors, BYTES).verdict, HV_DROP);
	ck_assert_uint_eq(pauses, 0);
}
END_TEST

START_TEST(an_arena_that_is_too_small_is_an_error)
{
	static uint8_t small[4096] __attribute__((aligned(16)));
	struct policy_error err = { 0 };
	struct judge *j;
	struct arena a;

	load("on disk write default pass { a: data has p -> drop; }");
	arena_init(&a, small, sizeof(small) / 4);
	ck_assert_int_eq(judge_create_beside(&a, first, &j, &err), POLICY_ENOMEM);
	ck_assert_str_ne(err.text, "");
}
END_TEST

/* Tables of many rules need more than the rest: an arena may have room for all but them. */
START_TEST(a_judge_has_all_its_tables_or_there_is_none)
{
	static uint8_t memory[1u << 20] __attribute__((aligned(16)));
	static char rules[190000];
	struct policy_error err;
	unsigned made = 0;
	size_t len;
	struct judge *j;
	struct arena a;

	len = (size_t)snprintf(rules, sizeof(rules), "on disk write default pass {");
	for (unsigned i = 0; i < 4000; i++)
		len += (size_t)snprintf(rules + len, sizeof(rules) - len, " r%u: disk.lba == %u -> drop;", i, i);
	snprintf(rules + len, sizeof(rules) - len, " }");
	load(rules);
	for (size_t size = 0; size < sizeof(memory) && made < 10; size += 4096) {
		arena_init(&a, memory, size);
		if (judge_create(&a, policy, note_event, NULL, &j, &err))
			continue;
		made++;
		ck_assert_int_eq(judge(j, 1, sectors, 512).verdict, HV_DROP);
		ck_assert_uint_eq(judge_rule_stats(j, 0)->hits, 1);
		ck_assert_uint_eq(judge_counter(j, JUDGE_TRANSFERS), 1);
	}
	ck_assert_uint_eq(made, 10);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("judge_beside");
	TCase *c = unit_case(s, "two judges of a policy");

	tcase_add_checked_fixture(c, NULL, end);
	tcase_add_test(c, two_judgements_are_counted_as_if_one_came_after_the_other);
	tcase_add_test(c, a_limit_is_that_of_both);
	tcase_add_test(c, each_searches_and_rewrites_its_own_bytes);
	tcase_add_loop_test(c, every_search_pauses, 0, SEARCHES);
	tcase_add_test(c, a_transfer_of_a_slice_pauses_no_more_than_once);
	tcase_add_test(c, a_policy_without_content_has_a_judge_beside_too);
	tcase_add_test(c, an_arena_that_is_too_small_is_an_error);
	tcase_add_test(c, a_judge_has_all_its_tables_or_there_is_none);
	return s;
}
