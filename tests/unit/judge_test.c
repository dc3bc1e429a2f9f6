/*
 * judge_test.c - verdicts, guards, events and their limits, statistics
 */
#include <stdio.h>
#include <string.h>

#include "policy/field.h"
#include "tests/unit/judge_lab.h"
#include "tests/unit/unit.h"

/* Ethernet, IPv4 10.0.0.1 -> 10.0.0.2, UDP 5000 -> 53, "hello" */
static const uint8_t udp[] = {
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
	0x45, 0, 0, 33, 0, 1, 0, 0, 64, 17, 0x66, 0xc9, 10, 0, 0, 1, 10, 0, 0, 2,
	0x13, 0x88, 0, 53, 0, 13, 0, 0, 'h', 'e', 'l', 'l', 'o',
};

static uint8_t frame[sizeof(udp)];
static uint8_t sectors[1024];
static const struct disk_transfer write_two = {
	.data = sectors, .data_len = sizeof(sectors), .command = 0x35, .first_lba = 100,
	.sectors = 2, .lba = 100, .count = 2, .sector_size = 512, .total_sectors = 1000,
};

static void setup(void)
{
	lab_reset();
	memcpy(frame, udp, sizeof(frame));
	for (unsigned i = 0; i < sizeof(sectors); i++)
		sectors[i] = 'a' + i / 512;
}

static enum hv_verdict net(void)
{
	return lab_frame(HV_HOOK_NET_IN, frame, sizeof(frame));
}

/* What a program's return value becomes on a hook. */
static enum hv_verdict returned(unsigned hook, int32_t value)
{
	setup();
	lab_hook(hook);
	lab_return(value);
	ck_assert_int_eq(lab_load(), 0);
	return hook <= HV_HOOK_NET_IN ? lab_frame(hook, frame, sizeof(frame)) :
	       lab_disk(hook, &write_two);
}

START_TEST(verdicts_are_taken_and_anything_else_drops)
{
	for (unsigned h = 0; h < HV_HOOKS; h++) {
		bool net_hook = h <= HV_HOOK_NET_IN;

		ck_assert_int_eq(returned(h, HV_DROP), HV_DROP);
		ck_assert_int_eq(returned(h, HV_PASS), HV_PASS);
		ck_assert_int_eq(returned(h, HV_PASS_NAMED), HV_PASS);
		ck_assert_int_eq(returned(h, HV_DROP_SILENTLY),
				 net_hook ? HV_DROP : HV_DROP_SILENTLY);
		ck_assert_int_eq(returned(h, HV_WAIT), HV_DROP);
		ck_assert_int_eq(returned(h, HV_VERDICTS), HV_DROP);
		ck_assert_int_eq(returned(h, -1), HV_DROP);
	}
}
END_TEST

START_TEST(a_hook_without_program_passes_and_an_unknown_hook_drops)
{
	lab_hook(HV_HOOK_NET_OUT);
	lab_return(HV_DROP);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_int_eq(net(), HV_PASS);
	ck_assert_int_eq(lab_disk(HV_HOOK_DISK_READ, &write_two), HV_PASS);
	ck_assert_int_eq(lab_frame(HV_HOOKS, frame, sizeof(frame)), HV_DROP);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_PASSED), 2);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_TRANSFERS), 2);
	ck_assert(policy_has_hook(lab.policy, HV_HOOK_NET_OUT));
	ck_assert(!policy_has_hook(lab.policy, HV_HOOK_NET_IN));
}
END_TEST

static enum hv_verdict control(unsigned command, unsigned features, uint64_t lba)
{
	struct disk_transfer d = { .command = command, .features = features, .lba = lba,
				   .sector_size = 512 };

	return lab_disk(HV_HOOK_DISK_CONTROL, &d);
}

START_TEST(guarded_commands_need_a_pass_that_names_them)
{
	lab_hook(HV_HOOK_DISK_CONTROL);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_int_eq(control(0xf4, 0, 0), HV_DROP);
	ck_assert(lab.out.guarded);
	ck_assert_str_eq(lab.events[0].rule, JUDGE_OWN_RULE);
	ck_assert_str_eq(lab.events[0].text,
			 "SECURITY ERASE UNIT (f4h) dropped: no rule's pass names it");
	ck_assert_int_eq(lab.events[0].action, HV_DROP);
	ck_assert_int_eq(control(0x57, 0, 0xe0), HV_DROP);
	ck_assert_int_eq(control(0x57, 0, 0x80), HV_PASS);
	ck_assert(!lab.out.guarded);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_GUARDED), 2);
	setup();
	lab_hook(HV_HOOK_DISK_CONTROL);
	lab_return(HV_PASS_NAMED);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_int_eq(control(0xf4, 0, 0), HV_PASS);
	ck_assert(!lab.out.guarded);
	ck_assert_uint_eq(lab.event_count, 0);
	setup();
	lab_hook(HV_HOOK_DISK_CONTROL);
	lab_return(HV_DROP_SILENTLY);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_int_eq(control(0xf4, 0, 0), HV_DROP_SILENTLY);
}
END_TEST

START_TEST(guarded_vendor_and_reserved_commands_fail_without_any_program)
{
	lab_hook(HV_HOOK_NET_IN);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_int_eq(control(0x92, 3, 0), HV_DROP);
	ck_assert(lab.out.guarded);
	ck_assert_int_eq(control(0xff, 0, 0), HV_DROP);
	ck_assert(!lab.out.guarded);
	ck_assert_str_eq(lab.events[1].text, "vendor specific (ffh) always fails");
	ck_assert_int_eq(control(0x01, 0, 0), HV_DROP);
	ck_assert_int_eq(control(0x64, 0, 0), HV_DROP);
	ck_assert_int_eq(control(0x40, 0, 0), HV_PASS);
}
END_TEST

START_TEST(what_its_model_cannot_carry_out_fails_whatever_a_rule_says)
{
	struct disk_transfer d = { .command = 0xb6, .features = 0x17, .sector_size = 512, .fails = true };

	lab_hook(HV_HOOK_DISK_CONTROL);
	lab_return(HV_PASS_NAMED);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_int_eq(lab_disk(HV_HOOK_DISK_CONTROL, &d), HV_DROP);
	ck_assert_uint_eq(lab.event_count, 1);
	ck_assert_str_eq(lab.events[0].text, "NV CACHE (b6h) always fails");
}
END_TEST

START_TEST(the_judges_own_events_are_limited)
{
	lab_hook(HV_HOOK_DISK_CONTROL);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	for (unsigned i = 0; i < 12; i++)
		control(0xff, 0, 0);
	ck_assert_uint_eq(lab.event_count, 10);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_SUPPRESSED), 2);
}
END_TEST

START_TEST(trim_ranges_are_judged_up_to_the_limit)
{
	static struct disk_range ranges[JUDGE_MAX_RANGES + 1];
	struct disk_transfer d = { .command = 0x06, .features = 1, .ranges = ranges,
				   .range_count = JUDGE_MAX_RANGES, .sector_size = 512 };

	for (unsigned i = 0; i <= JUDGE_MAX_RANGES; i++)
		ranges[i] = (struct disk_range){ 1000 + 10 * i, 5 };
	lab_hook(HV_HOOK_DISK_CONTROL);
	/* the last range's last sector */
	lab_call(H_OVERLAPS_RANGE, 1000 + 10 * (JUDGE_MAX_RANGES - 1) + 4, 1000000, 0);
	lab_return_r0();
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_int_eq(lab_disk(HV_HOOK_DISK_CONTROL, &d), HV_PASS);
	d.range_count++;
	ck_assert_int_eq(lab_disk(HV_HOOK_DISK_CONTROL, &d), HV_DROP);
	d.range_count = 1;
	ck_assert_int_eq(lab_disk(HV_HOOK_DISK_CONTROL, &d), HV_DROP);
}
END_TEST

static enum hv_verdict overlaps(uint64_t first, uint64_t count, int32_t lo, int32_t hi)
{
	struct disk_transfer d = write_two;

	setup();
	d.first_lba = first;
	d.sectors = count;
	lab_hook(HV_HOOK_DISK_WRITE);
	lab_call(H_OVERLAPS_RANGE, lo, hi, 0);
	lab_return_r0();
	ck_assert_int_eq(lab_load(), 0);
	return lab_disk(HV_HOOK_DISK_WRITE, &d);
}

START_TEST(ranges_meet_at_their_ends)
{
	ck_assert_int_eq(overlaps(100, 2, 0, 99), HV_DROP);
	ck_assert_int_eq(overlaps(100, 2, 0, 100), HV_PASS);
	ck_assert_int_eq(overlaps(100, 2, 101, 101), HV_PASS);
	ck_assert_int_eq(overlaps(100, 2, 102, 200), HV_DROP);
	ck_assert_int_eq(overlaps(100, 0, 0, 200), HV_DROP);
	ck_assert_int_eq(overlaps(1, 0, 0, 200), HV_DROP);
	ck_assert_int_eq(overlaps(0, 0, 0, 200), HV_DROP);
	ck_assert_int_eq(overlaps(100, 2, 101, 100), HV_DROP);
	ck_assert_int_eq(overlaps(UINT64_MAX, 5, -1, -1), HV_PASS);
	ck_assert_int_eq(overlaps(UINT64_MAX, 5, 0, 3), HV_DROP);
}
END_TEST

/* ---- events ---- */

START_TEST(an_event_shows_rule_fields_and_the_final_verdict)
{
	uint32_t r = meta_add_rule(&lab.meta, "dns", HV_HOOK_NET_IN);

	meta_add_log(&lab.meta, r, HVB_ALERT, 0);
	meta_add_text(&lab.meta, "to ");
	meta_add_part(&lab.meta, HVB_PART_FIELD, HV_F_IP_DST);
	meta_add_text(&lab.meta, ":");
	meta_add_part(&lab.meta, HVB_PART_FIELD, HV_F_UDP_DPORT);
	meta_add_text(&lab.meta, " ");
	meta_add_part(&lab.meta, HVB_PART_FIELD, HV_F_TCP_DPORT);
	lab_hook(HV_HOOK_NET_IN);
	lab_call(H_HIT, r, 0, 0);
	lab_call(H_LOG, 0, 0, 0);
	lab_call(H_LOG, 0, 0, 0);
	lab_return(HV_DROP);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_int_eq(net(), HV_DROP);
	ck_assert_uint_eq(lab.event_count, 1);
	ck_assert_str_eq(lab.events[0].text, "to 10.0.0.2:53 -");
	ck_assert_str_eq(lab.events[0].rule, "dns");
	ck_assert_uint_eq(lab.events[0].rule_index, r);
	ck_assert_uint_eq(lab.events[0].severity, HVB_ALERT);
	ck_assert_int_eq(lab.events[0].action, HV_DROP);
	ck_assert_uint_eq(lab.events[0].transfer, 1);
	ck_assert(lab.out.matched);
	/* once a transfer, but again in the next */
	net();
	ck_assert_uint_eq(lab.event_count, 2);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_EVENTS), 2);
}
END_TEST

START_TEST(events_come_in_the_order_of_the_logs)
{
	uint32_t a = meta_add_rule(&lab.meta, "a", HV_HOOK_NET_IN);
	uint32_t b = meta_add_rule(&lab.meta, "b", HV_HOOK_NET_IN);

	meta_add_log(&lab.meta, a, HVB_INFO, 0);
	meta_add_log(&lab.meta, b, HVB_INFO, 0);
	lab_hook(HV_HOOK_NET_IN);
	lab_call(H_LOG, 1, 0, 0);
	lab_call(H_LOG, 0, 0, 0);
	lab_call(H_LOG, 1, 0, 0);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	net();
	ck_assert_uint_eq(lab.event_count, 2);
	ck_assert_str_eq(lab.events[0].rule, "b");
	ck_assert_str_eq(lab.events[1].rule, "a");
	ck_assert(!lab.out.matched);
}
END_TEST

START_TEST(the_first_querys_pattern_and_match_are_shown)
{
	uint32_t r = meta_add_rule(&lab.meta, "r", HV_HOOK_NET_IN);

	lab_add_query(HV_AREA_PAYLOAD, FAKE_PLAIN, "absent");
	lab_add_query(HV_AREA_PAYLOAD, FAKE_PLAIN, "ell");
	meta_add_log(&lab.meta, r, HVB_INFO, 0);
	meta_add_part(&lab.meta, HVB_PART_PATTERN, 0);
	meta_add_text(&lab.meta, "=");
	meta_add_part(&lab.meta, HVB_PART_MATCH, 0);
	meta_add_query(&lab.meta, 0);
	meta_add_query(&lab.meta, 1);
	meta_add_log(&lab.meta, r, HVB_INFO, 0);
	meta_add_part(&lab.meta, HVB_PART_PATTERN, 0);
	meta_add_part(&lab.meta, HVB_PART_MATCH, 0);
	meta_add_query(&lab.meta, 0);
	lab_hook(HV_HOOK_NET_IN);
	lab_call(H_LOG, 0, 0, 0);
	lab_call(H_LOG, 1, 0, 0);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	net();
	ck_assert_str_eq(lab.events[0].text, "a pattern=ell");
	ck_assert_str_eq(lab.events[1].text, "--");
}
END_TEST

static uint64_t match_lba_of(unsigned hook, uint32_t sector_size, uint32_t at, const char *sought)
{
	static uint8_t data[4096];
	struct disk_transfer d = {
		.data = data, .data_len = sizeof(data), .command = 0x35, .first_lba = 1000, .sectors = sizeof(data) / 512,
		.sector_size = sector_size,
	};

	setup();
	memset(data, 0, sizeof(data));
	memcpy(data + at, "needle", 6);
	meta_add_log(&lab.meta, meta_add_rule(&lab.meta, "r", hook), HVB_INFO, 0);
	lab_add_query(HV_AREA_DATA, FAKE_PLAIN, sought);
	meta_add_query(&lab.meta, 0);
	lab_hook(hook);
	lab_call(H_LOG, 0, 0, 0);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	lab_disk(hook, &d);
	ck_assert_uint_eq(lab.event_count, 1);
	return lab.events[0].match_lba;
}

START_TEST(an_event_names_the_sector_in_which_the_match_begins)
{
	ck_assert_uint_eq(match_lba_of(HV_HOOK_DISK_WRITE, 512, 0, "needle"), 1000);
	ck_assert_uint_eq(match_lba_of(HV_HOOK_DISK_READ, 512, 511, "needle"), 1000);
	ck_assert_uint_eq(match_lba_of(HV_HOOK_DISK_READ, 512, 512, "needle"), 1001);
	ck_assert_uint_eq(match_lba_of(HV_HOOK_DISK_WRITE, 512, 4090, "needle"), 1007);
	ck_assert_uint_eq(match_lba_of(HV_HOOK_DISK_WRITE, 4096, 4090, "needle"), 1000);
	ck_assert_uint_eq(match_lba_of(HV_HOOK_DISK_WRITE, 512, 512, "noodle"), EVENT_NO_MATCH);
	ck_assert_uint_eq(match_lba_of(HV_HOOK_DISK_WRITE, 0, 512, "needle"), EVENT_NO_MATCH);
	ck_assert_uint_eq(match_lba_of(HV_HOOK_DISK_CONTROL, 512, 512, "needle"), EVENT_NO_MATCH);
}
END_TEST

static void limited(uint32_t limit)
{
	uint32_t r = meta_add_rule(&lab.meta, "r", HV_HOOK_NET_IN);

	meta_add_log(&lab.meta, r, HVB_INFO, limit);
	lab_hook(HV_HOOK_NET_IN);
	lab_call(H_HIT, r, 0, 0);
	lab_call(H_LOG, 0, 0, 0);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
}

static unsigned events_at(uint64_t time_ns, unsigned times)
{
	unsigned before = lab.event_count;

	lab.time_ns = time_ns;
	while (times--)
		net();
	return lab.event_count - before;
}

START_TEST(a_limit_holds_for_each_second_of_the_transfers_time)
{
	const uint64_t s = 1000000000;

	limited(3);
	ck_assert_uint_eq(events_at(10 * s, 3), 3);
	ck_assert_uint_eq(events_at(10 * s, 2), 0);
	ck_assert_uint_eq(events_at(11 * s - 1, 1), 0);
	ck_assert_uint_eq(events_at(11 * s, 5), 3);
	/* slightly out of order: still the same second; far off: a new one */
	ck_assert_uint_eq(events_at(10 * s + 1, 1), 0);
	ck_assert_uint_eq(events_at(10 * s, 1), 1);
	ck_assert_uint_eq(judge_rule_stats(lab.judge, 0)->suppressed, 6);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_SUPPRESSED), 6);
	ck_assert_uint_eq(judge_rule_stats(lab.judge, 0)->hits, 13);
	/* a new input begins with its own second */
	ck_assert_uint_eq(events_at(10 * s, 5), 2);
	judge_reset(lab.judge);
	ck_assert_uint_eq(events_at(10 * s, 5), 3);
}
END_TEST

START_TEST(without_a_limit_every_event_is_told)
{
	limited(0);
	ck_assert_uint_eq(events_at(0, 60), 60);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_SUPPRESSED), 0);
}
END_TEST

START_TEST(rules_are_counted_once_a_transfer)
{
	uint32_t r = meta_add_rule(&lab.meta, "r", HV_HOOK_DISK_WRITE);
	const struct rule_stats *s;

	meta_add_rule(&lab.meta, "other", HV_HOOK_NET_IN);
	meta_add_counter(&lab.meta, "writes");
	meta_add_counter(&lab.meta, "other");
	lab_hook(HV_HOOK_DISK_WRITE);
	lab_call(H_HIT, r, 0, 0);
	lab_call(H_HIT, r, 0, 0);
	lab_call(H_COUNT, 0, 0, 0);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	s = judge_rule_stats(lab.judge, r);
	ck_assert_uint_eq(s->first, 0);
	lab.transfers = 4;
	lab_disk(HV_HOOK_DISK_WRITE, &write_two);
	lab_disk(HV_HOOK_DISK_READ, &write_two);
	lab_disk(HV_HOOK_DISK_WRITE, &write_two);
	ck_assert_uint_eq(s->hits, 2);
	ck_assert_uint_eq(s->first, 5);
	ck_assert_uint_eq(s->last, 7);
	ck_assert_uint_eq(s->bytes, 2048);
	ck_assert_uint_eq(judge_rule_stats(lab.judge, 1)->hits, 0);
	ck_assert_uint_eq(judge_rule_stats(lab.judge, 2)->hits, 0);
	ck_assert_uint_eq(judge_user_counter(lab.judge, 0), 2);
	ck_assert_uint_eq(judge_user_counter(lab.judge, 1), 0);
	ck_assert_uint_eq(judge_user_counter(lab.judge, 2), 0);
}
END_TEST

/* ---- bounds of the search ---- */

static enum hv_verdict unknown(int32_t assume)
{
	uint32_t r;

	setup();
	lab_add_query(HV_AREA_PAYLOAD, FAKE_UNKNOWN, "x");
	lab_add_query(HV_AREA_PAYLOAD, FAKE_PLAIN, "ell");
	r = meta_add_rule(&lab.meta, "r", HV_HOOK_NET_IN);
	meta_add_log(&lab.meta, r, HVB_INFO, 0);
	meta_add_query(&lab.meta, 0);
	meta_add_log(&lab.meta, r, HVB_INFO, 0);
	meta_add_query(&lab.meta, 1);
	lab_hook(HV_HOOK_NET_IN);
	lab_call(H_LOG, 0, 0, 0);
	lab_call(H_LOG, 1, 0, 0);
	lab_call(H_FIND, 0, assume, 0);
	lab_return_r0();
	ck_assert_int_eq(lab_load(), 0);
	return net();
}

START_TEST(an_unknown_answer_is_the_one_the_rule_asks_for_and_the_event_says_so)
{
	ck_assert_int_eq(unknown(1), HV_PASS);
	ck_assert(lab.events[0].bounded);
	ck_assert(!lab.events[1].bounded);
	ck_assert_int_eq(unknown(0), HV_DROP);
	ck_assert(lab.events[0].bounded);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_UNKNOWN), 1);
}
END_TEST

static enum hv_verdict find(unsigned area, const char *text)
{
	setup();
	lab_add_query(area, FAKE_PLAIN, text);
	lab_hook(HV_HOOK_NET_IN);
	lab_call(H_FIND, 0, 1, 0);
	lab_return_r0();
	ck_assert_int_eq(lab_load(), 0);
	return net();
}

START_TEST(areas_are_the_frame_and_the_payload)
{
	ck_assert_int_eq(find(HV_AREA_PAYLOAD, "hello"), HV_PASS);
	ck_assert_int_eq(find(HV_AREA_PAYLOAD, "\x45"), HV_DROP);
	ck_assert_int_eq(find(HV_AREA_FRAME, "\x45"), HV_PASS);
	ck_assert_int_eq(find(HV_AREA_DATA, "hello"), HV_DROP);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_UNKNOWN), 0);
}
END_TEST

START_TEST(a_payload_of_one_byte_is_searched_and_one_of_none_is_not)
{
	for (unsigned len = 0; len <= 1; len++) {
		setup();
		frame[39] = 8 + len;		/* UDP length */
		lab_add_query(HV_AREA_PAYLOAD, FAKE_PLAIN, "h");
		lab_hook(HV_HOOK_NET_IN);
		lab_call(H_FIND, 0, 0, 0);
		lab_return_r0();
		ck_assert_int_eq(lab_load(), 0);
		ck_assert_int_eq(net(), len ? HV_PASS : HV_DROP);
	}
}
END_TEST

START_TEST(the_search_is_not_begun_before_a_question)
{
	lab_add_query(HV_AREA_PAYLOAD, FAKE_PLAIN, "x");
	lab_hook(HV_HOOK_NET_IN);
	lab_return(HV_PASS);
	lab_hook(HV_HOOK_NET_OUT);
	lab_call(H_FIND, 0, 0, 0);
	lab_call(H_FIND, 0, 0, 0);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	fake_begins = 0;
	net();
	ck_assert_uint_eq(fake_begins, 0);
	lab_frame(HV_HOOK_NET_OUT, frame, sizeof(frame));
	ck_assert_uint_eq(fake_begins, 1);
}
END_TEST

/* ---- bytes ---- */

/* The eight bytes on the stack after the helper, "1" in front when it failed. */
static const char *shown(unsigned hook, unsigned helper, int32_t a2, int32_t a3, int32_t len)
{
	static char text[620];
	struct disk_transfer d = write_two;

	setup();
	lab.no_meta = true;
	memcpy(d.cdb, "0123456789ab", 12);
	d.cdb_len = 12;
	lab_hook(hook);
	lab_show(helper, a2, a3, len);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	if (hook <= HV_HOOK_NET_IN)
		net();
	else
		lab_disk(hook, &d);
	ck_assert_uint_eq(lab.event_count, 1);
	sprintf(text, "%u%s", lab.events[0].severity, lab.events[0].text);
	return text;
}

START_TEST(bytes_of_an_area_or_zeros)
{
	const unsigned in = HV_HOOK_NET_IN, out = HV_HOOK_DISK_WRITE;

	ck_assert_str_eq(shown(in, H_BYTES, HV_AREA_PAYLOAD, 0, 5), "0hello@@@");
	ck_assert_str_eq(shown(in, H_BYTES, HV_AREA_PAYLOAD, 4, 1), "0o@@@@@@@");
	ck_assert_str_eq(shown(in, H_BYTES, HV_AREA_PAYLOAD, 4, 2), "1");
	ck_assert_str_eq(shown(in, H_BYTES, HV_AREA_PAYLOAD, 5, 1), "1");
	ck_assert_str_eq(shown(in, H_BYTES, HV_AREA_PAYLOAD, -1, 1), "1");
	ck_assert_str_eq(shown(in, H_BYTES, HV_AREA_FRAME, sizeof(udp) - 5, 5), "0hello@@@");
	ck_assert_str_eq(shown(in, H_BYTES, HV_AREA_DATA, 0, 1), "1");
	ck_assert_str_eq(shown(in, H_BYTES, HV_AREAS, 0, 1), "1");
	ck_assert_str_eq(shown(in, H_BYTES, -1, 0, 1), "1");
	ck_assert_str_eq(shown(out, H_BYTES, HV_AREA_DATA, 510, 4), "0aabb@@@@");
	ck_assert_str_eq(shown(out, H_BYTES, HV_AREA_DATA, 1020, 4), "0bbbb@@@@");
	ck_assert_str_eq(shown(out, H_BYTES, HV_AREA_DATA, 1021, 4), "1");
	ck_assert_str_eq(shown(out, H_BYTES, HV_AREA_CDB, 8, 4), "089ab@@@@");
	ck_assert_str_eq(shown(out, H_BYTES, HV_AREA_CDB, 9, 4), "1");
	ck_assert_str_eq(shown(out, H_BYTES, HV_AREA_PAYLOAD, 0, 1), "1");
}
END_TEST

START_TEST(bytes_of_a_sector_that_the_transfer_carries)
{
	const unsigned out = HV_HOOK_DISK_WRITE;

	ck_assert_str_eq(shown(out, H_SECTOR, 100, 0, 2), "0aa@@@@@@");
	ck_assert_str_eq(shown(out, H_SECTOR, 100, 510, 2), "0aa@@@@@@");
	ck_assert_str_eq(shown(out, H_SECTOR, 100, 511, 2), "1");
	ck_assert_str_eq(shown(out, H_SECTOR, 100, 512, 1), "1");
	ck_assert_str_eq(shown(out, H_SECTOR, 101, 510, 2), "0bb@@@@@@");
	ck_assert_str_eq(shown(out, H_SECTOR, 99, 0, 1), "1");
	ck_assert_str_eq(shown(out, H_SECTOR, 102, 0, 1), "1");
	ck_assert_str_eq(shown(out, H_SECTOR, -1, 0, 1), "1");
	ck_assert_str_eq(shown(HV_HOOK_NET_IN, H_SECTOR, 100, 0, 1), "1");
	ck_assert_str_eq(shown(HV_HOOK_DISK_CONTROL, H_SECTOR, 100, 0, 1), "1");
}
END_TEST

/* ---- C modules ---- */

START_TEST(a_module_without_metadata_judges_and_tells)
{
	lab.no_meta = true;
	lab_hook(HV_HOOK_NET_IN);
	for (unsigned i = 0; i < 2; i++)
		lab_show(H_BYTES, HV_AREA_PAYLOAD, 0, 8 - 3 * i);
	lab_return(HV_DROP);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_int_eq(net(), HV_DROP);
	ck_assert_uint_eq(lab.event_count, 2);
	ck_assert_str_eq(lab.events[0].rule, "net/in");
	ck_assert_uint_eq(lab.events[0].rule_index, HVB_NONE);
	ck_assert_uint_eq(lab.events[0].severity, HVB_NOTICE);
	ck_assert_str_eq(lab.events[0].text, "");
	ck_assert_str_eq(lab.events[1].text, "hello@@@");
	ck_assert_int_eq(lab.events[1].action, HV_DROP);
	ck_assert_ptr_null(policy_meta(lab.policy));
	ck_assert_str_eq(policy_name(lab.policy), "");
	ck_assert_uint_eq(policy_version(lab.policy), 0);
	ck_assert(policy_needs(lab.policy, HV_HOOK_NET_IN) & HVB_NEED_CONTENT);
	ck_assert_uint_eq(policy_needs(lab.policy, HV_HOOK_NET_OUT), 0);
}
END_TEST

START_TEST(a_modules_events_are_bounded_a_transfer)
{
	lab.no_meta = true;
	lab_hook(HV_HOOK_NET_IN);
	lab_insn((struct bpf_insn)MW_INSN(0x7a, 10, 0, -8, 0x4142));
	for (unsigned i = 0; i <= JUDGE_MAX_MODULE_EVENTS; i++) {
		lab_insn((struct bpf_insn)MW_MOVR(1, 6));
		lab_insn((struct bpf_insn)MW_MOV(2, i));
		lab_insn((struct bpf_insn)MW_MOVR(3, 10));
		lab_insn((struct bpf_insn)MW_INSN(0x07, 3, 0, 0, -8));
		lab_insn((struct bpf_insn)MW_MOV(4, 8));
		lab_insn((struct bpf_insn)MW_CALL_HELPER(H_EVENT));
	}
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	net();
	ck_assert_uint_eq(lab.event_count, JUDGE_MAX_MODULE_EVENTS);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_SUPPRESSED), 1);
	ck_assert_str_eq(lab.events[0].text, "BA");
	ck_assert_uint_eq(lab.events[2].severity, HVB_ALERT);
	ck_assert_uint_eq(lab.events[3].severity, HVB_ALERT);
}
END_TEST

START_TEST(words_of_the_other_hooks_read_zero)
{
	const int16_t at = (int16_t)offsetof(struct hv_ctx, disk_lba);
	const int16_t port = (int16_t)offsetof(struct hv_ctx, udp_dport);

	lab_hook(HV_HOOK_NET_IN);
	lab_insn((struct bpf_insn)MW_INSN(0x79, 0, 6, at, 0));
	lab_insn((struct bpf_insn)MW_INSN(0x15, 0, 0, 2, 0));
	lab_return(HV_DROP);
	lab_return(HV_PASS);
	lab_hook(HV_HOOK_DISK_WRITE);
	lab_insn((struct bpf_insn)MW_INSN(0x79, 0, 6, port, 0));
	lab_insn((struct bpf_insn)MW_INSN(0x15, 0, 0, 2, 0));
	lab_return(HV_DROP);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(net(), HV_PASS);
		ck_assert_int_eq(lab_disk(HV_HOOK_DISK_WRITE, &write_two), HV_PASS);
	}
}
END_TEST

/* ---- fragments ---- */

START_TEST(an_early_fragment_is_dropped_when_transport_or_content_is_needed)
{
	for (unsigned i = 0; i < 3; i++) {
		static const uint8_t needs[] = { HVB_NEED_HEADERS, HVB_NEED_TRANSPORT,
						 HVB_NEED_CONTENT };

		setup();
		lab.meta.head.hook_needs[HV_HOOK_NET_IN] = needs[i];
		lab_hook(HV_HOOK_NET_IN);
		lab_return(HV_PASS);
		ck_assert_int_eq(lab_load(), 0);
		frame[20] = 0;
		frame[21] = 2;		/* offset 16 */
		ck_assert_int_eq(net(), i ? HV_DROP : HV_PASS);
		ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_FRAG_DROPPED), i != 0);
	}
}
END_TEST

START_TEST(a_malformed_packet_is_judged_and_counted)
{
	lab_hook(HV_HOOK_NET_IN);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_int_eq(lab_frame(HV_HOOK_NET_IN, frame, 20), HV_PASS);
	ck_assert(lab.out.malformed);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_MALFORMED), 1);
	net();
	ck_assert(!lab.out.malformed);
}
END_TEST

START_TEST(what_a_policy_says_of_itself)
{
	uint32_t r = meta_add_rule(&lab.meta, "r", HV_HOOK_NET_IN);

	meta_add_counter(&lab.meta, "seen");
	lab_add_query(HV_AREA_PAYLOAD, FAKE_PLAIN, "x");
	lab_hook(HV_HOOK_NET_IN);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_str_eq(policy_name(lab.policy), "test policy");
	ck_assert_uint_eq(policy_version(lab.policy), 7);
	ck_assert_uint_eq(policy_rule_count(lab.policy), 1);
	ck_assert_str_eq(policy_string(lab.policy, policy_rule(lab.policy, r)->label), "r");
	ck_assert_ptr_null(policy_rule(lab.policy, 1));
	ck_assert_uint_eq(policy_counter_count(lab.policy), 1);
	ck_assert_str_eq(policy_counter_name(lab.policy, 0), "seen");
	ck_assert_str_eq(policy_counter_name(lab.policy, 1), "");
	ck_assert_str_eq(policy_string(lab.policy, UINT32_MAX), "");
	ck_assert_uint_gt(policy_cost(lab.policy, HV_HOOK_NET_IN), 0);
	ck_assert_uint_eq(policy_cost(lab.policy, HV_HOOK_NET_OUT), 0);
	ck_assert_uint_eq(policy_cost_per_byte(lab.policy, HV_HOOK_NET_IN), 4);
	ck_assert_uint_eq(policy_cost_per_byte(lab.policy, HV_HOOK_NET_OUT), 0);
}
END_TEST

START_TEST(a_rewrite_is_paid_for_by_its_hook)
{
	uint32_t in = meta_add_rule(&lab.meta, "in", HV_HOOK_NET_IN);
	uint32_t out = meta_add_rule(&lab.meta, "out", HV_HOOK_NET_OUT);
	uint64_t plain;

	meta_add_rewrite(&lab.meta, in, lab_add_query(HV_AREA_PAYLOAD, FAKE_PLAIN, "x"), "y");
	meta_add_rewrite(&lab.meta, in, lab_add_query(HV_AREA_PAYLOAD, FAKE_PLAIN, "z"), "y");
	for (unsigned h = HV_HOOK_NET_OUT; h <= HV_HOOK_DISK_READ; h++) {
		lab_hook(h);
		lab_return(HV_PASS);
	}
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_uint_eq(out, 1);
	plain = policy_cost(lab.policy, HV_HOOK_NET_OUT);
	/* searched for twice at most */
	ck_assert_uint_eq(policy_cost(lab.policy, HV_HOOK_NET_IN), plain + 2 * (1000 + 1001));
	ck_assert_uint_eq(policy_cost(lab.policy, HV_HOOK_DISK_READ), plain);
	ck_assert_uint_eq(policy_cost_per_byte(lab.policy, HV_HOOK_NET_IN), 3 + HV_HOOK_NET_IN + 2 * (50 + 51));
	ck_assert_uint_eq(policy_cost_per_byte(lab.policy, HV_HOOK_NET_OUT), 3 + HV_HOOK_NET_OUT);
}
END_TEST

START_TEST(a_program_that_is_refused_is_named_by_its_section)
{
	lab_hook(HV_HOOK_NET_OUT);
	lab_return(HV_PASS);
	lab_hook(HV_HOOK_NET_IN);
	lab_insn((struct bpf_insn)MW_INSN(0x79, 0, 8, 0, 0));	/* r8 was never written */
	lab_insn((struct bpf_insn)MW_EXIT);
	ck_assert_int_eq(lab_load(), POLICY_EVERIFY);
	ck_assert_str_eq(lab.error.where, "net/in");
	ck_assert_uint_eq(lab.error.insn, 1);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("judge");
	TCase *tc = unit_case(s, "verdict");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, verdicts_are_taken_and_anything_else_drops);
	tcase_add_test(tc, a_hook_without_program_passes_and_an_unknown_hook_drops);
	tcase_add_test(tc, guarded_commands_need_a_pass_that_names_them);
	tcase_add_test(tc, guarded_vendor_and_reserved_commands_fail_without_any_program);
	tcase_add_test(tc, what_its_model_cannot_carry_out_fails_whatever_a_rule_says);
	tcase_add_test(tc, the_judges_own_events_are_limited);
	tcase_add_test(tc, trim_ranges_are_judged_up_to_the_limit);
	tcase_add_test(tc, ranges_meet_at_their_ends);
	tcase_add_test(tc, an_early_fragment_is_dropped_when_transport_or_content_is_needed);
	tcase_add_test(tc, a_malformed_packet_is_judged_and_counted);
	tcase_add_test(tc, what_a_policy_says_of_itself);
	tcase_add_test(tc, a_rewrite_is_paid_for_by_its_hook);
	tcase_add_test(tc, a_program_that_is_refused_is_named_by_its_section);
	tc = unit_case(s, "event");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, an_event_shows_rule_fields_and_the_final_verdict);
	tcase_add_test(tc, events_come_in_the_order_of_the_logs);
	tcase_add_test(tc, the_first_querys_pattern_and_match_are_shown);
	tcase_add_test(tc, an_event_names_the_sector_in_which_the_match_begins);
	tcase_add_test(tc, a_limit_holds_for_each_second_of_the_transfers_time);
	tcase_add_test(tc, without_a_limit_every_event_is_told);
	tcase_add_test(tc, rules_are_counted_once_a_transfer);
	tcase_add_test(tc, a_module_without_metadata_judges_and_tells);
	tcase_add_test(tc, a_modules_events_are_bounded_a_transfer);
	tc = unit_case(s, "content");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, an_unknown_answer_is_the_one_the_rule_asks_for_and_the_event_says_so);
	tcase_add_test(tc, areas_are_the_frame_and_the_payload);
	tcase_add_test(tc, a_payload_of_one_byte_is_searched_and_one_of_none_is_not);
	tcase_add_test(tc, the_search_is_not_begun_before_a_question);
	tcase_add_test(tc, bytes_of_an_area_or_zeros);
	tcase_add_test(tc, bytes_of_a_sector_that_the_transfer_carries);
	tcase_add_test(tc, words_of_the_other_hooks_read_zero);
	return s;
}
