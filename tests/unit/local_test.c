/*
 * local_test.c - the endpoint's addresses and the direction of frames
 */
#include <string.h>

#include "replay/local.h"
#include "tests/unit/unit.h"

static void add(struct locals *l, const char *list)
{
	const char *bad;
	int len;

	ck_assert_int_eq(locals_add(l, list, &bad, &len), 0);
}

START_TEST(addresses_are_parsed)
{
	struct locals l = { 0 };

	add(&l, "10.0.0.1,fe80::1,02:00:5e:AB:cd:0f");
	ck_assert_uint_eq(l.count, 3);
	ck_assert_uint_eq(l.address[0].family, 4);
	ck_assert_uint_eq(l.address[1].family, 6);
	ck_assert_uint_eq(l.address[2].family, 48);
	ck_assert_uint_eq(l.address[2].bytes[3], 0xab);
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
	static const char *const bad[] = {
		"", ",", "10.0.0.1,", "10.0.0", "10.0.0.256", "10.0.0.0/8", "fe80:::1", "host",
		"02:00:5e:ab:cd", "02:00:5e:ab:cd:0g", "02:00:5e:ab:cd:0f:11", "02-00-5e-ab-cd-0f",
		"10.0.0.1 ", " 10.0.0.1", "10.0.0.1,,10.0.0.2",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc",
	};
	struct locals l = { 0 };
	const char *at;
	int len;

	ck_assert_int_eq(locals_add(&l, bad[_i], &at, &len), -1);
	ck_assert_int_ge(len, 0);
}
END_TEST

START_TEST(as_many_as_the_limit_and_no_more)
{
	struct locals l = { 0 };
	const char *bad;
	unsigned i;
	int len;

	for (i = 0; i < LOCALS_MAX; i++)
		add(&l, "10.0.0.1");
	ck_assert_int_eq(locals_add(&l, "10.0.0.1", &bad, &len), -1);
}
END_TEST

static uint8_t frame[128];

static void frame_of(unsigned tags, uint16_t type, const uint8_t *l3, size_t len)
{
	uint8_t *p = frame + 12;

	memset(frame, 0x11, 12);
	while (tags--) {
		*p++ = tags ? 0x88 : 0x81;
		*p++ = tags ? 0xa8 : 0x00;
		*p++ = 0;
		*p++ = 7;
	}
	*p++ = (uint8_t)(type >> 8);
	*p++ = (uint8_t)type;
	memcpy(p, l3, len);
}

static enum hv_hook hook(const char *list, uint32_t captured)
{
	struct locals l = { 0 };

	if (list)
		add(&l, list);
	return locals_hook(&l, frame, captured, CAPTURE_UNKNOWN);
}

START_TEST(the_sender_makes_a_frame_go_out)
{
	static const uint8_t ip4[20] = { 0x45, [12] = 10, 0, 0, 1, 10, 0, 0, 2 };
	static const uint8_t ip6[40] = { 0x60, [8] = 0xfe, 0x80, [23] = 1, 0xfe, 0x80, [39] = 2 };
	static const uint8_t arp[28] = { 0, 1, 8, 0, 6, 4, 0, 1, [14] = 10, 0, 0, 1 };
	uint32_t at = 14 + 4 * (uint32_t)_i;

	frame_of((unsigned)_i, 0x0800, ip4, 20);
	ck_assert_int_eq(hook("10.0.0.1", at + 20), HV_HOOK_NET_OUT);
	ck_assert_int_eq(hook("10.0.0.2", at + 20), HV_HOOK_NET_IN);
	ck_assert_int_eq(hook("10.0.0.1", at + 16), HV_HOOK_NET_OUT);
	ck_assert_int_eq(hook("10.0.0.1", at + 15), HV_HOOK_NET_IN);
	frame_of((unsigned)_i, 0x86dd, ip6, 40);
	ck_assert_int_eq(hook("fe80::1", at + 24), HV_HOOK_NET_OUT);
	ck_assert_int_eq(hook("fe80::1", at + 23), HV_HOOK_NET_IN);
	ck_assert_int_eq(hook("fe80::2", at + 40), HV_HOOK_NET_IN);
	frame_of((unsigned)_i, 0x0806, arp, 28);
	ck_assert_int_eq(hook("10.0.0.1", at + 18), HV_HOOK_NET_OUT);
	ck_assert_int_eq(hook("10.0.0.1", at + 17), HV_HOOK_NET_IN);
	frame[at + 5] = 16;			/* no IPv4 addresses in it */
	ck_assert_int_eq(hook("10.0.0.1", at + 28), HV_HOOK_NET_IN);
}
END_TEST

START_TEST(the_sender_within_snap_counts)
{
	static const uint8_t snap[28] = { 0xaa, 0xaa, 3, 0, 0, 0, 8, 0, 0x45, [20] = 10, 0, 0, 1 };
	uint32_t at = 14 + 4 * (uint32_t)_i;

	frame_of((unsigned)_i, 28, snap, 28);
	ck_assert_int_eq(hook("10.0.0.1", at + 28), HV_HOOK_NET_OUT);
	ck_assert_int_eq(hook("10.0.0.1", at + 24), HV_HOOK_NET_OUT);
	ck_assert_int_eq(hook("10.0.0.1", at + 23), HV_HOOK_NET_IN);
	ck_assert_int_eq(hook("10.0.0.1", at + 7), HV_HOOK_NET_IN);
	ck_assert_int_eq(hook("10.0.0.2", at + 28), HV_HOOK_NET_IN);
	frame[at + 3] = 1;			/* another organisation's protocols */
	ck_assert_int_eq(hook("10.0.0.1", at + 28), HV_HOOK_NET_IN);
	frame_of((unsigned)_i, 7, snap, 28);	/* too short for its LLC and SNAP */
	ck_assert_int_eq(hook("10.0.0.1", at + 28), HV_HOOK_NET_IN);
	frame_of((unsigned)_i, 1500, snap, 28);
	ck_assert_int_eq(hook("10.0.0.1", at + 28), HV_HOOK_NET_OUT);
	frame_of((unsigned)_i, 1501, snap, 28);	/* neither a length nor an EtherType */
	ck_assert_int_eq(hook("10.0.0.1", at + 28), HV_HOOK_NET_IN);
}
END_TEST

START_TEST(versions_that_contradict_the_type_do_not_count)
{
	static const uint8_t ip4[20] = { 0x65, [12] = 10, 0, 0, 1 };

	frame_of(0, 0x0800, ip4, 20);
	ck_assert_int_eq(hook("10.0.0.1", 34), HV_HOOK_NET_IN);
	frame[14] = 0x45;
	frame_of(0, 0x1234, ip4, 20);
	ck_assert_int_eq(hook("10.0.0.1", 34), HV_HOOK_NET_IN);
}
END_TEST

START_TEST(the_source_mac_counts_and_needs_its_bytes)
{
	static const uint8_t nothing[20];

	frame_of(0, 0x1234, nothing, 20);
	frame[6] = 2;
	ck_assert_int_eq(hook("02:11:11:11:11:11", 12), HV_HOOK_NET_OUT);
	ck_assert_int_eq(hook("02:11:11:11:11:11", 11), HV_HOOK_NET_IN);
	ck_assert_int_eq(hook("11:11:11:11:11:11", 12), HV_HOOK_NET_IN);
	ck_assert_int_eq(hook("11:11:11:11:11:11", 0), HV_HOOK_NET_IN);
}
END_TEST

START_TEST(without_local_addresses_the_capture_says)
{
	static const uint8_t nothing[20];
	struct locals l = { 0 };

	frame_of(0, 0x1234, nothing, 20);
	ck_assert_int_eq(locals_hook(&l, frame, 34, CAPTURE_OUT), HV_HOOK_NET_OUT);
	ck_assert_int_eq(locals_hook(&l, frame, 34, CAPTURE_IN), HV_HOOK_NET_IN);
	ck_assert_int_eq(locals_hook(&l, frame, 34, CAPTURE_UNKNOWN), HV_HOOK_NET_IN);
	add(&l, "10.0.0.1");
	ck_assert_int_eq(locals_hook(&l, frame, 34, CAPTURE_OUT), HV_HOOK_NET_IN);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("local");
	TCase *tc = unit_case(s, "local");

	tcase_add_test(tc, addresses_are_parsed);
	tcase_add_loop_test(tc, what_is_no_address_is_refused, 0, 16);
	tcase_add_test(tc, as_many_as_the_limit_and_no_more);
	tcase_add_loop_test(tc, the_sender_makes_a_frame_go_out, 0, 3);
	tcase_add_loop_test(tc, the_sender_within_snap_counts, 0, 3);
	tcase_add_test(tc, versions_that_contradict_the_type_do_not_count);
	tcase_add_test(tc, the_source_mac_counts_and_needs_its_bytes);
	tcase_add_test(tc, without_local_addresses_the_capture_says);
	return s;
}
