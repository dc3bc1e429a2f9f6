/*
 * e1000_rx_judge_test.c - what comes is judged whole before the guest has a byte of it
 */
#include <string.h>

#include "tests/unit/e1000_rx_frames.h"

/* ---- verdicts ---- */

static const char *forbidden;

/* No byte of what is dropped may be seen, wherever it goes. */
static void look_for_forbidden(gpa_t at, const void *from, uint32_t len)
{
	ck_assert(!memmem(from, len, forbidden, strlen(forbidden)));
}

START_TEST(a_dropped_frame_leaves_no_byte_and_no_descriptor)
{
	rx_lab_reset(POLICY("a: payload has \"FORBIDDEN\" -> drop;"));
	forbidden = "FORBID";
	lab.before_write = look_for_forbidden;
	rx_lab_up(8, 2048, PLAIN, 7);
	comes(udp(0, 300, "FORBIDDEN"));
	comes(udp(0, 300, "something"));
	collect();
	expect_same(&f);
	rx_lab_expect_none();
	ck_assert_uint_eq(lab.n.rx.guest.head, 1);
	ck_assert_uint_eq(COUNTER(RX_DROPPED), 1);
	ck_assert_uint_eq(COUNTER(RX_PASSED), 1);
	ck_assert_uint_eq(lab.transfers, 2);
	ck_assert_uint_eq(rx_lab_room(), SHADOW_RX - 1);
}
END_TEST

START_TEST(a_frame_of_several_buffers_is_judged_as_one)
{
	uint32_t payload = 2048 - 42 + 5;	/* the word lies across the first buffer's end */

	rx_lab_reset(POLICY("a: payload has \"FORBIDDEN\" -> drop;"));
	forbidden = "....";
	lab.before_write = look_for_forbidden;
	rx_lab_up(8, 2048, PLAIN, 7);
	udp(0, payload, "FORBIDDEN");
	ck_assert(rx_lab_wire(f.bytes, f.len));
	collect();
	rx_lab_expect_none();
	ck_assert_uint_eq(lab.writes, 0);
	ck_assert_uint_eq(COUNTER(RX_DROPPED), 1);
	ck_assert_uint_eq(rx_lab_room(), SHADOW_RX - 1);
}
END_TEST

START_TEST(half_a_frame_waits_unseen_for_the_other_half)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	rx_lab_raw(2048, RXD_DD);
	collect();
	ck_assert_uint_eq(lab.writes, 0);
	rx_lab_raw(1, RXD_DD | RXD_EOP);
	collect();
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.len, 2049);
}
END_TEST

START_TEST(a_frame_is_judged_once_however_long_it_waits)
{
	rx_lab_reset(POLICY("a: udp.dport == 9 -> drop;"));
	rx_lab_up(8, 256, PLAIN, 1);
	comes(udp(0, 600, "text"));
	for (unsigned i = 0; i < 4; i++)
		collect();
	rx_lab_tail(7);
	expect_same(&f);
	ck_assert_uint_eq(lab.transfers, 1);
}
END_TEST

START_TEST(dropped_frames_need_no_room)
{
	rx_lab_reset(POLICY("a: udp.dport == 53 -> drop;"));
	rx_lab_up(8, 2048, PLAIN, 0);
	for (unsigned i = 0; i < 3 * SHADOW_RX; i++) {
		comes(udp(0, 100, "text"));
		collect();
	}
	ck_assert_uint_eq(COUNTER(RX_DROPPED), 3 * SHADOW_RX);
}
END_TEST

START_TEST(without_a_program_nothing_is_judged)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	comes(udp(0, 100, "text"));
	collect();
	expect_same(&f);
	ck_assert_uint_eq(lab.transfers, 0);
}
END_TEST

START_TEST(a_rewritten_frame_says_that_its_checksums_were_not_looked_at)
{
	lab.family.extended = true;
	for (unsigned extended = 0; extended < 2; extended++) {
		rx_lab_reset(MASK);
		lab.family.extended = true;
		lab.n.rfctl = extended ? RFCTL_EXSTEN : 0;
		rx_lab_up(8, 2048, PLAIN, 7);
		udp(0, 300, "password");
		ck_assert(rx_lab_wire_status(f.bytes, f.len, RXD_TCPCS | RXD_IPCS | RXD_UDPCS | RXD_PIF,
					     RXE_TCPE | RXE_IPE, 0));
		udp(0, 300, "passport");
		ck_assert(rx_lab_wire_status(f.bytes, f.len, RXD_TCPCS | RXD_IPCS | RXD_UDPCS, RXE_TCPE, 0));
		collect();
		expect_same(udp(0, 300, "********"));
		ck_assert_uint_eq(lab.got.status, RXD_DD | RXD_EOP | RXD_IXSM | RXD_PIF);
		ck_assert_uint_eq(lab.got.errors, 0);
		expect_same(udp(0, 300, "passport"));
		ck_assert_uint_eq(lab.got.status, RXD_DD | RXD_EOP | RXD_TCPCS | RXD_IPCS | RXD_UDPCS);
		ck_assert_uint_eq(lab.got.errors, RXE_TCPE);
		ck_assert_uint_eq(COUNTER(RX_REWRITTEN), 1);
	}
}
END_TEST

/* ---- what the device says ---- */

START_TEST(impossible_lengths_are_dropped_with_the_rest_of_their_frame)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	rx_lab_raw(0, RXD_DD | RXD_EOP);
	rx_lab_raw(RX_BUFFER + 1, RXD_DD | RXD_EOP);
	rx_lab_raw(0xffff, RXD_DD);
	rx_lab_raw(100, RXD_DD);
	rx_lab_raw(100, RXD_DD | RXD_EOP);
	rx_lab_raw(2048, RXD_DD);
	rx_lab_raw(0, RXD_DD);
	rx_lab_raw(100, RXD_DD | RXD_EOP);
	rx_lab_comes(1, 60);
	collect();
	rx_lab_expect(1, 60);
	rx_lab_expect_none();
	ck_assert_uint_eq(COUNTER(DEVICE), 4);
	ck_assert_uint_eq(rx_lab_room(), SHADOW_RX - 1);
}
END_TEST

START_TEST(a_frame_may_begin_with_a_byte_and_end_with_an_empty_buffer)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	rx_lab_raw(1, RXD_DD);
	rx_lab_raw(10, RXD_DD | RXD_EOP);
	collect();
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.len, 11);
	rx_lab_raw(2048, RXD_DD);
	rx_lab_raw(0, RXD_DD | RXD_EOP);
	collect();
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.len, 2048);
	ck_assert_uint_eq(COUNTER(DEVICE), 0);
}
END_TEST

START_TEST(a_frame_beyond_16384_bytes_is_dropped_and_counted_once)
{
	rx_lab_up(64, 2048, PLAIN, 63);
	rx_lab_comes(1, FRAME_MAX + 1);
	rx_lab_comes(2, FRAME_MAX + 2049);
	rx_lab_comes(3, FRAME_MAX);
	collect();
	rx_lab_expect(3, FRAME_MAX);
	rx_lab_expect_none();
	ck_assert_uint_eq(COUNTER(RX_TOO_LONG), 2);
	ck_assert_uint_eq(COUNTER(DEVICE), 0);
}
END_TEST

START_TEST(frames_with_errors_are_for_a_guest_that_asked_for_them)
{
	static const uint8_t errors[] = { RXE_CE, RXE_SE, RXE_SEQ, RXE_CXE, RXE_RXE };

	for (unsigned sbp = 0; sbp < 2; sbp++) {
		rx_lab_reset(POLICY("a: payload has \"FORBIDDEN\" -> drop;"));
		rx_lab_up(16, 2048, PLAIN | (sbp ? RCTL_SBP : 0), 15);
		for (unsigned i = 0; i < sizeof(errors); i++) {
			udp(0, 100, "text");
			ck_assert(rx_lab_wire_status(f.bytes, f.len, 0, errors[i], 0));
			collect();
			ck_assert(rx_lab_next(&lab.got) == (sbp == 1));
			ck_assert_uint_eq(lab.got.errors, sbp ? errors[i] : 0);
		}
		ck_assert_uint_eq(COUNTER(DEVICE), sbp ? 0 : sizeof(errors));
		udp(0, 100, "FORBIDDEN");
		ck_assert(rx_lab_wire_status(f.bytes, f.len, 0, RXE_CE, 0));
		collect();
		rx_lab_expect_none();
		ck_assert_uint_eq(COUNTER(RX_DROPPED), sbp);
	}
}
END_TEST

START_TEST(bits_that_are_not_the_devices_to_say_are_not_handed_on)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	rx_lab_comes(1, 60);
	((struct rx_legacy *)(lab.d.pool.at + POOL_RX_RING))->special = 0x1234;
	rx_lab_raw(60, 0xff);
	collect();
	rx_lab_expect(1, 60);
	ck_assert_uint_eq(lab.got.vlan, 0);
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.status, 0xff & ~RXD_VP);
}
END_TEST

static uint32_t chance(uint32_t below)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 20) % below;
}

/* Lengths at each limit, any status; some of what the guest's registers can be. */
static void any_step(void)
{
	static const uint16_t lens[] = { 0, 1, 2, 3, 4, 5, 17, 18, 60, 2043, 2044, 2045, 2047, 2048, 2049, 0xffff };

	if (chance(20) == 0)
		lab.n.rctl ^= 1u << (chance(3) == 0 ? 26 : chance(32));
	if (chance(20) == 0)
		lab.n.ctrl ^= CTRL_VME;
	if (chance(20) == 0)
		lab.n.rfctl ^= RFCTL_EXSTEN;
	if (chance(20) == 0)
		lab.reg[E1000_PSRCTL / 4] = chance(2) ? chance(UINT32_MAX) : 0x102;
	if (chance(50) == 0)
		rx_forget(&lab.n);
	for (uint32_t i = chance(6); i > 0 && rx_lab_device_room() > 0; i--)
		rx_lab_raw(lens[chance(16)], RXD_DD | (uint8_t)chance(256));
	if (chance(3) == 0)
		lab.n.rx.guest.head = lab.n.rx.guest.tail = chance(70);
	rx_lab_tail(chance(70));
}

START_TEST(whatever_the_device_writes_and_the_guest_sets_ends)
{
	rx_lab_reset(_i % 2 ? POLICY("a: udp.dport == 53 -> drop; b: payload has word -> rewrite word with \"x\";") : NULL);
	lab.family.extended = true;
	lab.reg[E1000_RXCSUM / 4] = 14;
	rx_lab_up(64, 256, _i & 2 ? PLAIN : RCTL_LPE, 63);
	for (unsigned i = 0; i < 1500; i++)
		any_step();
	/* and it goes on */
	lab.n.rctl = RCTL_EN | PLAIN;
	lab.n.ctrl = lab.n.rfctl = 0;
	rx_forget(&lab.n);
	lab.n.rx.guest.head = lab.clean = 0;
	lab.size = 2048;
	for (unsigned i = 0; i < 64; i++)
		rx_lab_desc_clear(i);
	if (lab.n.rx.skipping)
		rx_lab_raw(60, RXD_DD | RXD_EOP);
	rx_lab_comes(1, 64);
	rx_lab_tail(63);
	rx_lab_expect(1, lab.n.rx.crc_comes ? 60 : 64);
	ck_assert_uint_eq(rx_lab_room(), SHADOW_RX - 1);
}
END_TEST

static void judge_cases(TCase *tc)
{
	tcase_add_test(tc, a_dropped_frame_leaves_no_byte_and_no_descriptor);
	tcase_add_test(tc, a_frame_of_several_buffers_is_judged_as_one);
	tcase_add_test(tc, half_a_frame_waits_unseen_for_the_other_half);
	tcase_add_test(tc, a_frame_is_judged_once_however_long_it_waits);
	tcase_add_test(tc, dropped_frames_need_no_room);
	tcase_add_test(tc, without_a_program_nothing_is_judged);
	tcase_add_test(tc, a_rewritten_frame_says_that_its_checksums_were_not_looked_at);
	tcase_add_test(tc, impossible_lengths_are_dropped_with_the_rest_of_their_frame);
	tcase_add_test(tc, a_frame_may_begin_with_a_byte_and_end_with_an_empty_buffer);
	tcase_add_test(tc, a_frame_beyond_16384_bytes_is_dropped_and_counted_once);
	tcase_add_test(tc, frames_with_errors_are_for_a_guest_that_asked_for_them);
	tcase_add_loop_test(tc, whatever_the_device_writes_and_the_guest_sets_ends, 0, 4);
	tcase_add_test(tc, bits_that_are_not_the_devices_to_say_are_not_handed_on);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_rx_judge");
	TCase *tc = unit_case(s, "judge");

	tcase_add_checked_fixture(tc, rx_lab_begin, rx_lab_end);
	judge_cases(tc);
	return s;
}
