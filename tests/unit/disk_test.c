/*
 * disk_test.c - disk commands before the policy: how much of them it must see, and what it says
 */
#include "compiler/hvc.h"
#include "devmodel/disk.h"
#include "tests/devmodel/disk_parts.h"
#include "tests/unit/unit.h"

#include <string.h>

static uint8_t arena_bytes[8 << 20] __attribute__((aligned(16)));
static struct hvc_result compiled;
static uint64_t transfers;
static struct disk disk;
static struct disk_parts parts;
static struct arena a;
static struct {
	unsigned count;
	uint64_t number, time_ns;
	enum hv_verdict action;
	char rule[32], text[64];
} event;

static void note_event(void *arg, const struct policy_event *e)
{
	event.count++;
	event.number = e->transfer->number;
	event.time_ns = e->transfer->time_ns;
	event.action = e->action;
	snprintf(event.rule, sizeof(event.rule), "%s", e->rule);
	snprintf(event.text, sizeof(event.text), "%s", e->text);
}

static void end(void)
{
	hvc_free(&compiled);
	compiled = (struct hvc_result){ 0 };
}

static void load(const char *rules)
{
	struct hvc_options o = { .plain = false };
	struct policy_error err;
	struct policy *policy;
	struct judge *judge;
	char text[500];

	end();
	snprintf(text, sizeof(text), "policy \"d\" version 1; %s", rules);
	hvc_compile_text("disk.hvrule", text, strlen(text), &o, &compiled);
	if (compiled.status)
		diags_print(&compiled.diags, stderr);
	ck_assert_int_eq(compiled.status, 0);
	arena_init(&a, arena_bytes, sizeof(arena_bytes));
	ck_assert_int_eq(policy_load(&a, compiled.module, compiled.module_len, &policy, &err), 0);
	ck_assert_int_eq(judge_create(&a, policy, note_event, NULL, &judge, &err), 0);
	disk = (struct disk){ .judge = judge, .policy = policy, .transfers = &transfers };
	event.count = 0;
}

/* ---- disk_need ---- */

static const struct {
	const char *rules;
	enum disk_need write, read, control;
} needs[] = {
	{ "on net out default pass { }", DISK_NEED_NOTHING, DISK_NEED_NOTHING, DISK_NEED_NOTHING },
	{ "on disk write default pass { a: disk.lba == 0 -> drop; }",
	  DISK_NEED_COMMAND, DISK_NEED_NOTHING, DISK_NEED_NOTHING },
	{ "on disk read default drop { }", DISK_NEED_NOTHING, DISK_NEED_COMMAND, DISK_NEED_NOTHING },
	{ "on disk control default pass { a: ata.command == 6 and disk.range overlaps { 0..9 } -> drop; }",
	  DISK_NEED_NOTHING, DISK_NEED_NOTHING, DISK_NEED_COMMAND },
	{ "on disk write default pass { a: disk.range overlaps { 0..9 } -> log \"x\", drop silently; }",
	  DISK_NEED_COMMAND, DISK_NEED_NOTHING, DISK_NEED_NOTHING },
	{ "on disk write default pass { a: data has \"x\" -> drop; }"
	  " on disk read default pass { b: disk.sectors > 9 -> log; }",
	  DISK_NEED_DATA, DISK_NEED_COMMAND, DISK_NEED_NOTHING },
	{ "on disk read default pass { a: data[0:2] == 7 -> drop; }",
	  DISK_NEED_NOTHING, DISK_NEED_DATA, DISK_NEED_NOTHING },
	{ "on disk read default pass { a: sector[0][510:2] == 0x55aa -> log; }",
	  DISK_NEED_NOTHING, DISK_NEED_DATA, DISK_NEED_NOTHING },
	{ "pattern p = \"y\"; on disk read default pass { a: data has p -> rewrite p with \"z\"; }",
	  DISK_NEED_NOTHING, DISK_NEED_DATA, DISK_NEED_NOTHING },
	{ "on disk control default pass { a: cdb[1:1] == 5 -> drop; }",
	  DISK_NEED_NOTHING, DISK_NEED_NOTHING, DISK_NEED_COMMAND },
};
enum { NEEDS = sizeof(needs) / sizeof(*needs) };

START_TEST(what_the_policy_looks_at_is_what_must_be_copied)
{
	load(needs[_i].rules);
	ck_assert_int_eq(disk_need(&disk, HV_HOOK_DISK_WRITE), needs[_i].write);
	ck_assert_int_eq(disk_need(&disk, HV_HOOK_DISK_READ), needs[_i].read);
	ck_assert_int_eq(disk_need(&disk, HV_HOOK_DISK_CONTROL), needs[_i].control);
}
END_TEST

/* ---- disk_judge ---- */

static uint8_t sectors[1024];

static struct disk_transfer transfer(uint8_t command)
{
	return (struct disk_transfer){
		.command = command, .lba = 100, .first_lba = 100, .count = 2, .sectors = 2, .sector_size = 512,
		.data = sectors, .data_len = sizeof(sectors),
	};
}

static enum hv_verdict judge(enum hv_hook hook, const struct disk_transfer *t, bool *rewritten)
{
	return disk_judge(&disk, hook, 77, t, NULL, rewritten);
}

START_TEST(each_verdict_is_handed_on)
{
	struct disk_transfer t = transfer(0x35);
	bool rewritten = true;

	load("on disk write default pass { a: disk.lba == 1 -> drop; b: disk.lba == 2 -> drop silently; }");
	ck_assert_int_eq(judge(HV_HOOK_DISK_WRITE, &t, &rewritten), HV_PASS);
	ck_assert(!rewritten);
	t.first_lba = 1;
	ck_assert_int_eq(judge(HV_HOOK_DISK_WRITE, &t, &rewritten), HV_DROP);
	t.first_lba = 2;
	ck_assert_int_eq(judge(HV_HOOK_DISK_WRITE, &t, &rewritten), HV_DROP_SILENTLY);
	t.command = 0x25;
	ck_assert_int_eq(judge(HV_HOOK_DISK_READ, &t, &rewritten), HV_PASS);
}
END_TEST

START_TEST(each_command_has_a_number_and_a_time)
{
	struct disk_transfer t = transfer(0x25);
	bool rewritten;

	load("on disk read default pass { a: disk.sectors == 2 -> log \"r {disk.lba}\"; }");
	transfers = 41;
	judge(HV_HOOK_DISK_READ, &t, &rewritten);
	ck_assert_uint_eq(event.number, 42);
	ck_assert_uint_eq(event.time_ns, 77);
	ck_assert_str_eq(event.text, "r 100");
	judge(HV_HOOK_DISK_WRITE, &t, &rewritten);
	ck_assert_uint_eq(transfers, 43);
	ck_assert_uint_eq(event.count, 1);
}
END_TEST

START_TEST(a_rewrite_changes_the_copy_and_is_said)
{
	struct disk_transfer t = transfer(0x25);
	uint8_t before[sizeof(sectors)];
	bool rewritten = false;

	load("pattern p = \"EICAR\"; on disk read default pass { a: data has p -> rewrite p with \"XXXXX\"; }");
	memset(sectors, 0x11, sizeof(sectors));
	memcpy(sectors + 510, "EICAR", 5);	/* over the border of two sectors */
	memcpy(before, sectors, sizeof(sectors));
	memcpy(before + 510, "XXXXX", 5);
	ck_assert_int_eq(judge(HV_HOOK_DISK_READ, &t, &rewritten), HV_PASS);
	ck_assert(rewritten);
	ck_assert_mem_eq(sectors, before, sizeof(sectors));
	ck_assert_int_eq(judge(HV_HOOK_DISK_READ, &t, &rewritten), HV_PASS);
	ck_assert(!rewritten);
}
END_TEST

START_TEST(a_dropped_command_keeps_its_bytes)
{
	struct disk_transfer t = transfer(0x35);
	bool rewritten = true;

	load("pattern p = \"EICAR\"; on disk write default pass {"
	     " a: data has p -> rewrite p with \"XXXXX\"; b: disk.lba == 100 -> drop; }");
	memcpy(sectors, "EICAR", 5);
	ck_assert_int_eq(judge(HV_HOOK_DISK_WRITE, &t, &rewritten), HV_DROP);
	ck_assert(!rewritten);
	ck_assert_mem_eq(sectors, "EICAR", 5);
}
END_TEST

START_TEST(guarded_commands_are_dropped_without_any_rule)
{
	struct disk_transfer t = { .command = 0xf1, .sector_size = 512 };
	bool rewritten;

	load("on net out default pass { }");
	ck_assert_int_eq(disk_need(&disk, HV_HOOK_DISK_CONTROL), DISK_NEED_NOTHING);
	ck_assert_int_eq(judge(HV_HOOK_DISK_CONTROL, &t, &rewritten), HV_DROP);
	ck_assert_str_eq(event.rule, JUDGE_OWN_RULE);
	t.command = 0xe7;
	ck_assert_int_eq(judge(HV_HOOK_DISK_CONTROL, &t, &rewritten), HV_PASS);
	load("on disk control default pass { a: ata.command == 0xf1 -> pass; }");
	t.command = 0xf1;
	ck_assert_int_eq(judge(HV_HOOK_DISK_CONTROL, &t, &rewritten), HV_PASS);
	t.command = 0xf2;
	ck_assert_int_eq(judge(HV_HOOK_DISK_CONTROL, &t, &rewritten), HV_DROP);
}
END_TEST

START_TEST(what_always_fails_is_told_of)
{
	static const uint8_t fails[] = { 0x80, 0x63, 0x02, 0xc7 };
	bool rewritten;

	load("on disk control default pass { a: ata.command == 0x63 -> pass; }");
	for (unsigned i = 0; i < sizeof(fails); i++) {
		struct disk_transfer t = { .command = fails[i], .sector_size = 512 };

		ck_assert_int_eq(ata_hook(&t), ATA_FAILS);
		ck_assert_int_eq(judge(HV_HOOK_DISK_CONTROL, &t, &rewritten), HV_DROP);
		ck_assert_uint_eq(event.count, i + 1);
		ck_assert_str_eq(event.rule, JUDGE_OWN_RULE);
		ck_assert_int_eq(event.action, HV_DROP);
	}
}
END_TEST

START_TEST(the_ranges_of_a_trim_are_judged)
{
	struct disk_range ranges[] = { { 1000, 8 }, { 5, 1 } };
	struct disk_transfer t = { .command = 0x06, .features = 1, .sector_size = 512, .ranges = ranges };
	bool rewritten;

	load("on disk control default pass { a: disk.range overlaps { 0..9 } -> drop; }");
	t.range_count = 1;
	ck_assert_int_eq(judge(HV_HOOK_DISK_CONTROL, &t, &rewritten), HV_PASS);
	t.range_count = 2;
	ck_assert_int_eq(judge(HV_HOOK_DISK_CONTROL, &t, &rewritten), HV_DROP);
	ranges[1].lba = 10;
	ck_assert_int_eq(judge(HV_HOOK_DISK_CONTROL, &t, &rewritten), HV_PASS);
}
END_TEST

/* ---- in several calls ---- */

#define SLICE	(64u << 10)
#define LONG	(4 * SLICE)

static uint8_t long_data[3][LONG];
static struct disk_transfer long_t[3];
static struct disk_trial trial[3];

static void load_long(const char *rules)
{
	struct policy_error err;
	struct judge *beside;

	load(rules);
	ck_assert_int_eq(judge_create_beside(&a, disk.judge, &beside, &err), 0);
	disk_parts_begin(&parts, &disk, beside, SLICE);
	for (unsigned i = 0; i < 3; i++) {
		long_t[i] = transfer(0x35);
		long_t[i].data = memset(long_data[i], 'a' + (int)i, LONG);
		long_t[i].data_len = LONG;
		long_t[i].sectors = LONG / 512;
		trial[i] = (struct disk_trial){ 0 };
	}
}

static enum hv_verdict call(unsigned i, bool *rewritten)
{
	return disk_judge(&disk, HV_HOOK_DISK_WRITE, 5, &long_t[i], &trial[i], rewritten);
}

/* How often it says HV_WAIT. */
static unsigned calls(unsigned i, enum hv_verdict want)
{
	bool rewritten;
	unsigned n = 0;
	enum hv_verdict v;

	while ((v = call(i, &rewritten)) == HV_WAIT) {
		ck_assert(disk_is_under_way(&trial[i]));
		ck_assert(!rewritten);
		ck_assert_uint_lt(n++, 100);
	}
	ck_assert_int_eq(v, want);
	ck_assert(!disk_is_under_way(&trial[i]));
	return n;
}

#define HAS_P	"pattern p = \"needle\"; on disk write default pass { a: data has p -> log, drop; }"

START_TEST(what_is_long_takes_a_call_a_slice)
{
	load_long(HAS_P);
	ck_assert_uint_eq(calls(0, HV_PASS), LONG / SLICE);
	memcpy(long_data[0] + LONG - 6, "needle", 6);
	ck_assert_uint_ge(calls(0, HV_DROP), LONG / SLICE);
	ck_assert_uint_eq(event.number, transfers);
	ck_assert_uint_eq(event.time_ns, 5);
	long_t[0].data_len = SLICE;
	ck_assert_uint_eq(calls(0, HV_PASS), 0);
	/* in one call where there is no trial */
	long_t[0].data_len = LONG;
	ck_assert_int_eq(disk_judge(&disk, HV_HOOK_DISK_WRITE, 5, &long_t[0], NULL, &(bool){ 0 }), HV_DROP);
}
END_TEST

START_TEST(what_is_long_and_not_searched_takes_one_call)
{
	load_long("on disk write default pass { a: disk.lba == 100 -> drop; }");
	ck_assert_uint_eq(calls(0, HV_DROP), 0);
}
END_TEST

START_TEST(a_rewrite_is_said_with_the_verdict)
{
	bool rewritten;
	enum hv_verdict v;

	load_long("pattern p = \"needle\"; on disk write default pass { a: data has p -> rewrite p with \"N\"; }");
	memcpy(long_data[0] + LONG - 6, "needle", 6);
	while ((v = call(0, &rewritten)) == HV_WAIT)
		ck_assert(!rewritten);
	ck_assert_int_eq(v, HV_PASS);
	ck_assert(rewritten);
	ck_assert_mem_eq(long_data[0] + LONG - 6, "NNNNNN", 6);
}
END_TEST

/* A small one does not wait for a long one; long ones take their turn. */
START_TEST(they_go_in_the_order_they_came_and_others_between_them)
{
	struct disk_transfer small = transfer(0x35);
	bool rewritten;

	load_long(HAS_P);
	memcpy(long_data[1] + 5, "needle", 6);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(call(i, &rewritten), HV_WAIT);
	memcpy(sectors, "needle", 6);
	ck_assert_int_eq(judge(HV_HOOK_DISK_WRITE, &small, &rewritten), HV_DROP);
	memset(sectors, 0, 6);
	/* whoever calls, it is the first one's slice: three are done, its verdict comes with the fifth */
	ck_assert_int_eq(call(2, &rewritten), HV_WAIT);
	ck_assert_int_eq(call(2, &rewritten), HV_WAIT);
	ck_assert_int_eq(call(0, &rewritten), HV_PASS);
	ck_assert(!disk_is_under_way(&trial[0]));
	ck_assert_uint_ge(calls(2, HV_PASS), LONG / SLICE);
	/* its own was found meanwhile */
	ck_assert_int_eq(call(1, &rewritten), HV_DROP);
	ck_assert_ptr_null(parts.longer.first);
}
END_TEST

START_TEST(nothing_is_searched_while_it_rests)
{
	bool rewritten;

	load_long(HAS_P);
	disk_rest(&disk, 6);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(call(0, &rewritten), HV_WAIT);
	ck_assert(!parts.longer.runs);
	ck_assert(disk_rests(&disk, 5) && !disk_rests(&disk, 6));
	disk_rest(&disk, 5);
	ck_assert_uint_eq(calls(0, HV_PASS), LONG / SLICE);
}
END_TEST

START_TEST(one_that_is_forgotten_leaves_the_line)
{
	bool rewritten;
	uint64_t before;

	load_long(HAS_P);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(call(i, &rewritten), HV_WAIT);
	disk_forget(&disk, &trial[1]);		/* it waited */
	ck_assert(!disk_is_under_way(&trial[1]));
	ck_assert(parts.longer.runs);
	disk_forget(&disk, &trial[0]);		/* it ran */
	ck_assert(!parts.longer.runs);
	disk_forget(&disk, &trial[0]);		/* once more: nothing */
	memset(long_data[0], 0, LONG);
	ck_assert_ptr_eq(parts.longer.first, &trial[2]);
	before = transfers;
	ck_assert_uint_eq(calls(2, HV_PASS), LONG / SLICE);
	ck_assert_uint_eq(transfers, before + 1);
	/* its verdict is there, and nobody wants it */
	ck_assert_int_eq(call(0, &rewritten), HV_WAIT);
	ck_assert_int_eq(call(1, &rewritten), HV_WAIT);
	while (parts.longer.first == &trial[0])
		ck_assert_int_eq(call(1, &rewritten), HV_WAIT);
	ck_assert(disk_is_under_way(&trial[0]));
	disk_forget(&disk, &trial[0]);
	ck_assert(!disk_is_under_way(&trial[0]));
	ck_assert_uint_ge(calls(1, HV_PASS), 1);
	ck_assert_ptr_null(parts.longer.first);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("disk");
	TCase *tc = unit_case(s, "disk commands before the policy");

	tcase_add_checked_fixture(tc, NULL, end);
	tcase_add_loop_test(tc, what_the_policy_looks_at_is_what_must_be_copied, 0, NEEDS);
	tcase_add_test(tc, each_verdict_is_handed_on);
	tcase_add_test(tc, each_command_has_a_number_and_a_time);
	tcase_add_test(tc, a_rewrite_changes_the_copy_and_is_said);
	tcase_add_test(tc, a_dropped_command_keeps_its_bytes);
	tcase_add_test(tc, guarded_commands_are_dropped_without_any_rule);
	tcase_add_test(tc, what_always_fails_is_told_of);
	tcase_add_test(tc, the_ranges_of_a_trim_are_judged);
	tcase_add_test(tc, what_is_long_takes_a_call_a_slice);
	tcase_add_test(tc, what_is_long_and_not_searched_takes_one_call);
	tcase_add_test(tc, a_rewrite_is_said_with_the_verdict);
	tcase_add_test(tc, they_go_in_the_order_they_came_and_others_between_them);
	tcase_add_test(tc, one_that_is_forgotten_leaves_the_line);
	tcase_add_test(tc, nothing_is_searched_while_it_rests);
	return s;
}
