/*
 * disk_test.c - disk commands before the policy: how much of them it must see, and what it says
 */
#include "compiler/hvc.h"
#include "devmodel/disk.h"
#include "tests/unit/unit.h"

#include <string.h>

static uint8_t arena_bytes[8 << 20] __attribute__((aligned(16)));
static struct hvc_result compiled;
static uint64_t transfers;
static struct disk disk;
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
	struct arena a;
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
	return disk_judge(&disk, hook, 77, t, rewritten);
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
	return s;
}
