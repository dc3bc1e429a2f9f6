/*
 * plan_test.c - rewrites: found on the original, decided first, written in rule order
 */
#include <stdlib.h>
#include <string.h>

#include "policy/field.h"
#include "policy/rewrite.h"
#include "tests/unit/judge_lab.h"
#include "tests/unit/unit.h"

/* Ethernet, IPv4 10.0.0.1 -> 10.0.0.2, UDP 5000 -> 53 without checksum, "hello hello" */
static const uint8_t udp[] = {
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
	0x45, 0, 0, 39, 0, 1, 0, 0, 64, 17, 0x66, 0xc3, 10, 0, 0, 1, 10, 0, 0, 2,
	0x13, 0x88, 0, 53, 0, 19, 0, 0, 'h', 'e', 'l', 'l', 'o', ' ', 'h', 'e', 'l', 'l', 'o',
};
#define PAYLOAD	42

static uint8_t frame[sizeof(udp)];
#define SECTORS	8u
static uint8_t sectors[512 * SECTORS];

static void setup(void)
{
	lab_reset();
	memcpy(frame, udp, sizeof(frame));
	memset(sectors, '.', sizeof(sectors));
}

static enum hv_verdict net(void)
{
	return lab_frame(HV_HOOK_NET_IN, frame, sizeof(frame));
}

static enum hv_verdict disk(unsigned hook)
{
	struct disk_transfer d = { .data = sectors, .data_len = sizeof(sectors), .command = 0x35,
				   .sectors = SECTORS, .sector_size = 512 };

	return lab_disk(hook, &d);
}

/* A rule that rewrites @text with @with in @area, and logs. */
static uint32_t rewriting(unsigned hook, unsigned area, unsigned kind, const char *text,
			  const char *with)
{
	uint32_t r = meta_add_rule(&lab.meta, "r", hook);

	meta_add_log(&lab.meta, r, HVB_INFO, 0);
	return meta_add_rewrite(&lab.meta, r, lab_add_query(area, kind, text), with);
}

static void run_all(unsigned hook, unsigned rewrites, int32_t verdict)
{
	lab_hook(hook);
	for (unsigned i = 0; i < rewrites; i++) {
		lab_call(H_REWRITE, i, 0, 0);
		lab_call(H_REWRITE, i, 0, 0);
		lab_call(H_LOG, i, 0, 0);
	}
	lab_return(verdict);
	ck_assert_int_eq(lab_load(), 0);
}

START_TEST(every_match_is_overwritten_with_bytes_repeated_to_its_length)
{
	rewriting(HV_HOOK_DISK_WRITE, HV_AREA_DATA, FAKE_PLAIN, "secret!", "xyz");
	memcpy(sectors + 10, "secret!", 7);
	memcpy(sectors + sizeof(sectors) - 7, "secret!", 7);
	run_all(HV_HOOK_DISK_WRITE, 1, HV_PASS);
	ck_assert_int_eq(disk(HV_HOOK_DISK_WRITE), HV_PASS);
	ck_assert(lab.out.rewritten);
	ck_assert_mem_eq(sectors + 9, ".xyzxyzx.", 9);
	ck_assert_mem_eq(sectors + sizeof(sectors) - 8, ".xyzxyzx", 8);
	ck_assert(lab.events[0].rewritten);
	ck_assert_int_eq(lab.events[0].action, HV_PASS);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_REWRITTEN), 1);
}
END_TEST

START_TEST(nothing_to_rewrite_leaves_the_transfer_as_it_is)
{
	rewriting(HV_HOOK_DISK_WRITE, HV_AREA_DATA, FAKE_PLAIN, "secret!", "xyz");
	run_all(HV_HOOK_DISK_WRITE, 1, HV_PASS);
	ck_assert_int_eq(disk(HV_HOOK_DISK_WRITE), HV_PASS);
	ck_assert(!lab.out.rewritten);
	ck_assert(!lab.events[0].rewritten);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_REWRITTEN), 0);
}
END_TEST

START_TEST(a_dropped_transfer_is_not_rewritten)
{
	rewriting(HV_HOOK_DISK_WRITE, HV_AREA_DATA, FAKE_PLAIN, "..", "x");
	run_all(HV_HOOK_DISK_WRITE, 1, HV_DROP_SILENTLY);
	ck_assert_int_eq(disk(HV_HOOK_DISK_WRITE), HV_DROP_SILENTLY);
	ck_assert(!lab.out.rewritten);
	ck_assert_int_eq(sectors[0], '.');
	ck_assert(!lab.events[0].rewritten);
}
END_TEST

START_TEST(a_later_rewrite_wins_and_all_are_found_on_the_original)
{
	memcpy(sectors + 10, "abcdef", 6);
	rewriting(HV_HOOK_DISK_WRITE, HV_AREA_DATA, FAKE_PLAIN, "abcd", "1");
	rewriting(HV_HOOK_DISK_WRITE, HV_AREA_DATA, FAKE_PLAIN, "cdef", "2");
	rewriting(HV_HOOK_DISK_WRITE, HV_AREA_DATA, FAKE_PLAIN, "1", "3");
	run_all(HV_HOOK_DISK_WRITE, 3, HV_PASS);
	ck_assert_int_eq(disk(HV_HOOK_DISK_WRITE), HV_PASS);
	ck_assert_mem_eq(sectors + 9, ".112222.", 8);
}
END_TEST

START_TEST(events_show_the_original)
{
	uint32_t r = meta_add_rule(&lab.meta, "r", HV_HOOK_NET_IN);

	meta_add_log(&lab.meta, r, HVB_INFO, 0);
	meta_add_part(&lab.meta, HVB_PART_MATCH, 0);
	meta_add_part(&lab.meta, HVB_PART_FIELD, HV_F_UDP_DPORT);
	meta_add_query(&lab.meta, lab_add_query(HV_AREA_PAYLOAD, FAKE_PLAIN, "hell"));
	meta_add_rewrite(&lab.meta, r, 0, "X");
	lab_hook(HV_HOOK_NET_IN);
	lab_call(H_REWRITE, 0, 0, 0);
	lab_call(H_SET_FIELD, HV_F_UDP_DPORT, 0, 99);
	lab_call(H_LOG, 0, 0, 0);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_int_eq(net(), HV_PASS);
	ck_assert_str_eq(lab.events[0].text, "hell53");
	ck_assert_mem_eq(frame + PAYLOAD, "XXXXo XXXXo", 11);
	ck_assert_uint_eq(frame[37], 99);
}
END_TEST

START_TEST(an_incomplete_search_becomes_a_drop_and_the_event_says_so)
{
	rewriting(HV_HOOK_NET_IN, HV_AREA_PAYLOAD, FAKE_CUT, "hello", "x");
	meta_add_log(&lab.meta, meta_add_rule(&lab.meta, "other", HV_HOOK_NET_IN), HVB_INFO, 0);
	lab_hook(HV_HOOK_NET_IN);
	lab_call(H_REWRITE, 0, 0, 0);
	lab_call(H_LOG, 0, 0, 0);
	lab_call(H_LOG, 1, 0, 0);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_int_eq(net(), HV_DROP);
	ck_assert_mem_eq(frame, udp, sizeof(udp));
	ck_assert_int_eq(lab.events[0].action, HV_DROP);
	ck_assert(lab.events[0].bounded && !lab.events[0].rewritten);
	ck_assert(!lab.events[1].bounded);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_REWRITE_REFUSED), 1);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_UNKNOWN), 1);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_REWRITTEN), 0);
}
END_TEST

START_TEST(a_match_that_is_not_all_there_becomes_a_drop)
{
	rewriting(HV_HOOK_NET_IN, HV_AREA_PAYLOAD, FAKE_BEYOND, "hello", "x");
	run_all(HV_HOOK_NET_IN, 1, HV_PASS);
	ck_assert_int_eq(net(), HV_DROP);
	ck_assert_mem_eq(frame, udp, sizeof(udp));
}
END_TEST

START_TEST(content_of_a_fragmented_datagram_is_not_rewritten_but_dropped)
{
	for (unsigned i = 0; i < 3; i++) {
		setup();
		rewriting(HV_HOOK_NET_IN, i == 2 ? HV_AREA_FRAME : HV_AREA_PAYLOAD, FAKE_PLAIN,
			  i == 0 ? "absent" : "hello", "x");
		run_all(HV_HOOK_NET_IN, 1, HV_PASS);
		frame[20] = 0x20;	/* more fragments; 39 - 20 bytes are no multiple of 8 */
		frame[17] = 36;
		frame[39] = 16;
		ck_assert_int_eq(net(), i == 0 ? HV_PASS : HV_DROP);
	}
}
END_TEST

START_TEST(payload_and_frame_rewrites_land_where_they_were_found)
{
	rewriting(HV_HOOK_NET_IN, HV_AREA_FRAME, FAKE_PLAIN, "o h", "-");
	rewriting(HV_HOOK_NET_IN, HV_AREA_PAYLOAD, FAKE_PLAIN, "he", "HE");
	run_all(HV_HOOK_NET_IN, 2, HV_PASS);
	ck_assert_int_eq(net(), HV_PASS);
	ck_assert_mem_eq(frame + PAYLOAD, "HEll--HEllo", 11);
	ck_assert_mem_eq(frame, udp, PAYLOAD);
}
END_TEST

/* The sum of the datagram and its pseudo-header: 0xffff when its checksum is right. */
static uint16_t udp_sum(void)
{
	uint8_t bytes[12 + 19] = { [9] = 17, [11] = 19 };

	memcpy(bytes, frame + 26, 8);
	memcpy(bytes + 12, frame + 34, 19);
	return checksum(bytes, sizeof(bytes));
}

START_TEST(a_rewritten_payload_has_a_checksum_that_is_right)
{
	uint16_t sum = (uint16_t)~udp_sum();

	frame[40] = sum >> 8;
	frame[41] = sum & 0xff;
	ck_assert_uint_eq(udp_sum(), 0xffff);
	rewriting(HV_HOOK_NET_IN, HV_AREA_PAYLOAD, FAKE_PLAIN, "ello", "i");
	run_all(HV_HOOK_NET_IN, 1, HV_PASS);
	ck_assert_int_eq(net(), HV_PASS);
	ck_assert_mem_eq(frame + PAYLOAD, "hiiii hiiii", 11);
	ck_assert_uint_eq(udp_sum(), 0xffff);
	ck_assert_uint_ne(frame[40] << 8 | frame[41], sum);
}
END_TEST

/* A search that would not be complete is not begun where there is nothing. */
START_TEST(an_area_of_one_byte_is_searched_and_an_empty_one_is_not)
{
	for (unsigned len = 0; len <= 1; len++) {
		setup();
		frame[17] = 28 + len;
		frame[39] = 8 + len;
		rewriting(HV_HOOK_NET_IN, HV_AREA_PAYLOAD, len ? FAKE_PLAIN : FAKE_CUT, "h", "X");
		run_all(HV_HOOK_NET_IN, 1, HV_PASS);
		ck_assert_int_eq(lab_frame(HV_HOOK_NET_IN, frame, PAYLOAD + len), HV_PASS);
		ck_assert_int_eq(frame[PAYLOAD], len ? 'X' : 'h');
		ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_REWRITTEN), len);
	}
}
END_TEST

/* ---- fields ---- */

static enum hv_verdict set_field(unsigned hook, uint32_t field, uint32_t family, int32_t hi,
				 int32_t lo)
{
	setup();
	lab_hook(hook);
	lab_call(H_SET_FIELD, field | family << 16, hi, lo);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	return hook <= HV_HOOK_NET_IN ? net() : disk(hook);
}

START_TEST(a_field_is_set_with_its_checksum)
{
	ck_assert_uint_eq(checksum(udp + 14, 20), 0xffff);
	ck_assert_int_eq(set_field(HV_HOOK_NET_IN, HV_F_IP_DST, 4, 0, 0x0a0000ff), HV_PASS);
	ck_assert(lab.out.rewritten);
	ck_assert_uint_eq(frame[33], 0xff);
	ck_assert_uint_eq(checksum(frame + 14, 20), 0xffff);
}
END_TEST

START_TEST(an_absent_field_changes_nothing)
{
	ck_assert_int_eq(set_field(HV_HOOK_NET_IN, HV_F_TCP_DPORT, 0, 0, 1), HV_PASS);
	ck_assert(!lab.out.rewritten);
	ck_assert_int_eq(set_field(HV_HOOK_NET_IN, HV_F_ARP_SPA, 4, 0, 1), HV_PASS);
	ck_assert(!lab.out.rewritten);
	ck_assert_mem_eq(frame, udp, sizeof(udp));
}
END_TEST

START_TEST(an_address_of_the_other_family_drops_and_is_counted)
{
	ck_assert_int_eq(set_field(HV_HOOK_NET_IN, HV_F_IP_SRC, 6, 1, 1), HV_DROP);
	ck_assert_uint_eq(judge_counter(lab.judge, JUDGE_REWRITE_REFUSED), 1);
	ck_assert_int_eq(set_field(HV_HOOK_NET_IN, HV_F_IP_SRC, 0, 0, 1), HV_DROP);
	ck_assert_int_eq(set_field(HV_HOOK_NET_IN, HV_F_UDP_DPORT, 4, 0, 1), HV_DROP);
	ck_assert_mem_eq(frame, udp, sizeof(udp));
}
END_TEST

START_TEST(an_address_of_arp_is_ipv4s)
{
	static const uint8_t arp[] = {
		255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 8, 6,
		0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2,
	};
	static const unsigned families[] = { 4, 0, 5, 6 };

	for (unsigned i = 0; i < 4; i++) {
		uint8_t f[sizeof(arp)];

		memcpy(f, arp, sizeof(arp));
		setup();
		lab_hook(HV_HOOK_NET_IN);
		lab_call(H_SET_FIELD, (int32_t)(HV_F_ARP_TPA | families[i] << 16), 0, 0x0a0000ff);
		lab_return(HV_PASS);
		ck_assert_int_eq(lab_load(), 0);
		ck_assert_int_eq(lab_frame(HV_HOOK_NET_IN, f, sizeof(f)), i ? HV_DROP : HV_PASS);
		ck_assert_uint_eq(f[41], i ? 2 : 255);
		ck_assert_mem_eq(f, arp, 41);
	}
}
END_TEST

START_TEST(what_cannot_be_set_drops)
{
	ck_assert_int_eq(set_field(HV_HOOK_NET_IN, HV_F_IP_VERSION, 0, 0, 6), HV_DROP);
	ck_assert_int_eq(set_field(HV_HOOK_NET_IN, HV_FIELDS, 0, 0, 6), HV_DROP);
	ck_assert_int_eq(set_field(HV_HOOK_NET_IN, 0xffff, 0, 0, 6), HV_DROP);
	ck_assert_int_eq(set_field(HV_HOOK_DISK_WRITE, HV_F_UDP_DPORT, 0, 0, 6), HV_DROP);
}
END_TEST

START_TEST(a_value_is_cut_to_the_fields_width)
{
	ck_assert_int_eq(set_field(HV_HOOK_NET_IN, HV_F_UDP_DPORT, 0, 0, 0x12345), HV_PASS);
	ck_assert_uint_eq(frame[36] << 8 | frame[37], 0x2345);
	ck_assert_uint_eq(frame[35], 0x88);
	ck_assert_int_eq(set_field(HV_HOOK_NET_IN, HV_F_ETH_SRC, 0, 0, -1), HV_PASS);
	ck_assert_mem_eq(frame + 6, "\xff\xff\xff\xff\xff\xff\x08\x00", 8);
}
END_TEST

START_TEST(fields_and_content_are_written_in_rule_order)
{
	for (unsigned field_first = 0; field_first <= 1; field_first++) {
		setup();
		/* the source port's bytes, found in the frame */
		rewriting(HV_HOOK_NET_IN, HV_AREA_FRAME, FAKE_PLAIN, "\x13\x88", "AB");
		lab_hook(HV_HOOK_NET_IN);
		lab_call(H_SET_FIELD, HV_F_UDP_SPORT, 0, 0x1111);
		if (field_first)
			lab_call(H_SET_FIELD, HV_F_UDP_SPORT, 0, 0x4343);
		lab_call(H_REWRITE, 0, 0, 0);
		if (!field_first)
			lab_call(H_SET_FIELD, HV_F_UDP_SPORT, 0, 0x4343);
		lab_call(H_SET_FIELD, HV_F_UDP_DPORT, 0, 0x4444);
		lab_return(HV_PASS);
		ck_assert_int_eq(lab_load(), 0);
		ck_assert_int_eq(net(), HV_PASS);
		ck_assert_mem_eq(frame + 34, field_first ? "ABDD" : "CCDD", 4);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("plan");
	TCase *tc = unit_case(s, "rewrite");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, every_match_is_overwritten_with_bytes_repeated_to_its_length);
	tcase_add_test(tc, nothing_to_rewrite_leaves_the_transfer_as_it_is);
	tcase_add_test(tc, a_dropped_transfer_is_not_rewritten);
	tcase_add_test(tc, a_later_rewrite_wins_and_all_are_found_on_the_original);
	tcase_add_test(tc, events_show_the_original);
	tcase_add_test(tc, an_incomplete_search_becomes_a_drop_and_the_event_says_so);
	tcase_add_test(tc, a_match_that_is_not_all_there_becomes_a_drop);
	tcase_add_test(tc, content_of_a_fragmented_datagram_is_not_rewritten_but_dropped);
	tcase_add_test(tc, payload_and_frame_rewrites_land_where_they_were_found);
	tcase_add_test(tc, a_rewritten_payload_has_a_checksum_that_is_right);
	tcase_add_test(tc, an_area_of_one_byte_is_searched_and_an_empty_one_is_not);
	tcase_add_test(tc, a_field_is_set_with_its_checksum);
	tcase_add_test(tc, an_absent_field_changes_nothing);
	tcase_add_test(tc, an_address_of_the_other_family_drops_and_is_counted);
	tcase_add_test(tc, an_address_of_arp_is_ipv4s);
	tcase_add_test(tc, what_cannot_be_set_drops);
	tcase_add_test(tc, a_value_is_cut_to_the_fields_width);
	tcase_add_test(tc, fields_and_content_are_written_in_rule_order);
	return s;
}
