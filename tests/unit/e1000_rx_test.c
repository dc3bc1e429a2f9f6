/*
 * e1000_rx_test.c - the receive queue's rings: the device's, the guest's, and what is between them
 */
#include <string.h>

#include "tests/unit/e1000_rx_lab.h"
#include "tests/unit/unit.h"

static void collect(void)
{
	rx_collect(&lab.n, false);
}

START_TEST(a_frame_comes_into_the_guests_buffer)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	rx_lab_comes(1, 60);
	rx_lab_expect_none();
	collect();
	rx_lab_expect(1, 60);
	ck_assert_uint_eq(lab.got.status, RXD_DD | RXD_EOP);
	ck_assert_uint_eq(lab.got.errors, 0);
	rx_lab_expect_none();
	ck_assert_uint_eq(lab.n.rx.guest.head, 1);
	ck_assert_uint_eq(COUNTER(RX_PASSED), 1);
	ck_assert_uint_eq(COUNTER(RX_BYTES), 60);
	ck_assert_uint_eq(lab.ram[BUFFERS_AT + 60], MARK);
	ck_assert_uint_eq(lab.ics_writes, 0);
}
END_TEST

/* The guest gives all back but one at a time, so its tail goes around with the head. */
START_TEST(frames_come_in_order_over_the_ends_of_both_rings)
{
	static const uint32_t counts[] = { 8, 16, 256, 4096 };
	uint32_t count = counts[_i], sent = 0;

	rx_lab_up(count, 2048 >> (count == 4096 ? 3 : 0), PLAIN, count - 1);
	while (sent < 2 * count + 3 * SHADOW_RX) {
		uint32_t burst = sent % 7 + 1;

		for (uint32_t i = 0; i < burst; i++)
			rx_lab_comes(sent + i, 60 + (sent + i) % 190);
		collect();
		for (uint32_t i = 0; i < burst; i++, sent++) {
			rx_lab_expect(sent, 60 + sent % 190);
			rx_lab_tail((lab.n.rx.guest.tail + 1) % count);
		}
		rx_lab_expect_none();
	}
	ck_assert_uint_eq(COUNTER(RX_PASSED), sent);
	ck_assert_uint_eq(COUNTER(RING) + COUNTER(DEVICE) + COUNTER(RX_MEMORY), 0);
}
END_TEST

START_TEST(a_full_ring_holds_frames_until_the_guest_gives_descriptors)
{
	rx_lab_up(8, 2048, PLAIN, 2);
	for (uint32_t i = 0; i < 6; i++)
		rx_lab_comes(i, 100);
	collect();
	rx_lab_expect(0, 100);
	rx_lab_expect(1, 100);
	rx_lab_expect_none();
	ck_assert(!rx_is_waiting(&lab.n));
	collect();
	rx_lab_expect_none();
	ck_assert_uint_eq(lab.ics, 0);
	rx_lab_tail(5);
	ck_assert_uint_eq(lab.ics & INT_RXT0, INT_RXT0);
	for (uint32_t i = 2; i < 5; i++)
		rx_lab_expect(i, 100);
	rx_lab_expect_none();
	rx_lab_tail(1);
	rx_lab_expect(5, 100);
	rx_lab_expect_none();
}
END_TEST

/* What came since all that was there was delivered has its interrupt, which nobody can have cleared yet. */
START_TEST(only_frames_that_an_earlier_call_left_are_announced)
{
	rx_lab_up(16, 2048, PLAIN, 0);
	rx_lab_tail(14);
	ck_assert_uint_eq(lab.ics_writes, 0);
	rx_lab_comes(0, 100);
	rx_lab_tail(15);
	rx_lab_expect(0, 100);
	ck_assert_uint_eq(lab.ics_writes, 0);
	/* two that a full ring holds: the first is announced, and so is the second when it comes */
	lab.n.rx.guest.tail = 1;
	rx_lab_comes(1, 100);
	rx_lab_comes(2, 100);
	collect();
	lab.ics = lab.ics_writes = 0;
	rx_lab_tail(1);
	ck_assert_uint_eq(lab.ics_writes, 0);
	rx_lab_tail(2);
	rx_lab_expect(1, 100);
	ck_assert_uint_eq(lab.ics & INT_RXT0, INT_RXT0);
	lab.ics = 0;
	rx_lab_tail(3);
	rx_lab_expect(2, 100);
	ck_assert_uint_eq(lab.ics & INT_RXT0, INT_RXT0);
	lab.ics = 0;
	rx_lab_comes(3, 100);
	rx_lab_tail(5);
	rx_lab_expect(3, 100);
	ck_assert_uint_eq(lab.ics & INT_RXT0, 0);
}
END_TEST

START_TEST(a_budgets_rest_is_announced_and_what_is_forgotten_is_not)
{
	for (unsigned forget = 0; forget < 2; forget++) {
		rx_lab_reset(NULL);
		rx_lab_up(4096, 256, PLAIN, 4095);
		for (uint32_t i = 0; i < 200; i++)
			rx_lab_comes(i, 1500);
		collect();
		ck_assert(rx_is_waiting(&lab.n));
		lab.ics = 0;
		if (forget) {
			rx_forget(&lab.n);
			rx_lab_comes(1, 60);
		}
		rx_collect(&lab.n, true);
		ck_assert_uint_eq(lab.ics & INT_RXT0, forget ? 0 : INT_RXT0);
		ck_assert(!rx_is_waiting(&lab.n));
	}
}
END_TEST

/* Where the guest makes room without a call. */
START_TEST(for_room_it_is_looked_often_at_first_and_then_seldom)
{
	rx_lab_up(8, 2048, PLAIN, 2);
	for (uint32_t i = 0; i < 6; i++)
		rx_lab_comes(i, 100);
	collect();
	ck_assert(!rx_is_waiting(&lab.n));
	lab.n.open.on = true;
	ck_assert(rx_is_waiting(&lab.n));
	for (uint32_t i = 0; i < 2; i++)
		rx_lab_expect(i, 100);
	for (unsigned i = 0; i < RX_STALLED_POLLS; i++) {
		ck_assert(!rx_is_stalled(&lab.n));
		rx_poll(&lab.n);
	}
	ck_assert(rx_is_stalled(&lab.n) && rx_is_waiting(&lab.n));
	rx_poll(&lab.n);
	ck_assert(rx_is_stalled(&lab.n));
	lab.ics = 0;
	lab.n.rx.guest.tail = 4;
	rx_poll(&lab.n);
	ck_assert_uint_eq(lab.ics & INT_RXT0, INT_RXT0);
	ck_assert(!rx_is_stalled(&lab.n) && rx_is_waiting(&lab.n));
	lab.n.rx.guest.tail = 7;
	rx_poll(&lab.n);
	ck_assert(!rx_is_stalled(&lab.n) && !rx_is_waiting(&lab.n));
	for (unsigned i = 0; i < RX_STALLED_POLLS; i++)
		rx_poll(&lab.n);
	ck_assert(!rx_is_stalled(&lab.n));
}
END_TEST

START_TEST(the_device_runs_out_of_descriptors_as_the_guest_does_and_nothing_is_lost)
{
	uint32_t sent = 0, came = 0;

	rx_lab_up(16, 2048, PLAIN, 0);
	while (rx_lab_wire(rx_lab_numbered(sent, 64), 64)) {
		collect();
		sent++;
	}
	ck_assert_uint_eq(sent, SHADOW_RX - 1);
	ck_assert_uint_eq(rx_lab_device_room(), 0);
	ck_assert_uint_eq(lab.writes, 0);
	for (; came < sent; came++) {
		if (lab.n.rx.guest.tail == came % 16)
			rx_lab_tail((came + 9) % 16);
		rx_lab_expect(came, 64);
	}
	rx_lab_expect_none();
	ck_assert_uint_eq(rx_lab_room(), SHADOW_RX - 1);
}
END_TEST

START_TEST(a_shadow_descriptor_is_given_back_only_behind_its_frame)
{
	rx_lab_up(8, 2048, PLAIN, 1);
	for (uint32_t i = 0; i < 3; i++)
		rx_lab_comes(i, 1000);
	collect();
	/* one was delivered; one has passed and waits, one was not looked at */
	ck_assert_uint_eq(rx_lab_room(), SHADOW_RX - 1 - 2);
	rx_lab_tail(2);
	ck_assert_uint_eq(rx_lab_room(), SHADOW_RX - 1 - 1);
}
END_TEST

static uint32_t tails[8], tail_count;

static void note_tail(void)
{
	tails[tail_count++ % 8] = lab.reg[E1000_RDT / 4];
}

/* However few come at a time. */
START_TEST(the_devices_tail_is_written_once_for_so_many_frames)
{
	rx_lab_up(256, 2048, PLAIN, 255);
	lab.after_tail = note_tail;
	for (uint32_t i = 0; i < 2 * RX_GIVE_BATCH; i++) {
		ck_assert_uint_eq(tail_count, i / RX_GIVE_BATCH);
		rx_lab_comes(i, 60);
		collect();
	}
	for (uint32_t i = 0; i < RX_GIVE_BATCH + 10; i++)
		rx_lab_comes(i, 60);
	collect();
	ck_assert_uint_eq(tail_count, 3);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(tails[i], (i + 1) * RX_GIVE_BATCH - 1);
	ck_assert_uint_eq(rx_lab_device_room(), SHADOW_RX - 1 - 10);
	lab.after_tail = NULL;
}
END_TEST

START_TEST(a_long_frame_takes_several_descriptors)
{
	static const uint32_t sizes[] = { 256, 512, 1024, 2048, 4096, 8192, 16384 };
	static const uint32_t lens[] = { 60, 255, 256, 257, 1514, 2044, 2045, 2048, 2049, 4096, 8192, 9018, 16383,
					 16384 };
	uint32_t size = sizes[_i % 7], at = 0;

	lab.family.extended = _i >= 7;
	lab.n.rfctl = _i >= 7 ? RFCTL_EXSTEN : 0;
	rx_lab_up(128, size, PLAIN, 127);
	for (uint32_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		uint32_t pieces = (lens[i] + size - 1) / size;

		rx_lab_comes(i, lens[i]);
		collect();
		rx_lab_expect(i, lens[i]);
		ck_assert_uint_eq(lab.got.descriptors, pieces);
		ck_assert_uint_eq(lab.got.status, RXD_DD | RXD_EOP);
		at = (at + pieces) % 128;
		ck_assert_uint_eq(lab.n.rx.guest.head, at);
		rx_lab_tail((at + 127) % 128);
	}
	ck_assert_uint_eq(COUNTER(RX_PASSED), sizeof(lens) / sizeof(*lens));
}
END_TEST

START_TEST(flexible_buffers_are_the_82574s_alone)
{
	lab.family.extended = _i > 0;
	rx_lab_up(16, 2048, PLAIN, 15);
	lab.n.rctl |= 3u << RCTL_FLXBUF_SHIFT | RCTL_BSEX;
	lab.size = _i ? 3072 : 2048;
	for (uint32_t i = 0; i < 16; i++)
		rx_lab_desc_clear(i);
	rx_lab_comes(1, 5000);
	collect();
	rx_lab_expect(1, 5000);
	ck_assert_uint_eq(lab.got.descriptors, _i ? 2 : 3);
}
END_TEST

START_TEST(a_buffer_size_that_is_reserved_is_2048)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	lab.n.rctl |= RCTL_BSEX;
	rx_lab_comes(1, 2049);
	collect();
	rx_lab_expect(1, 2049);
	ck_assert_uint_eq(lab.got.descriptors, 2);
}
END_TEST

START_TEST(extended_descriptors_are_the_82574s_alone)
{
	lab.n.rfctl = RFCTL_EXSTEN;
	rx_lab_up(8, 2048, PLAIN, 7);
	rx_lab_comes(1, 60);
	collect();
	ck_assert_uint_eq(rx_lab_desc(0)->legacy.status, RXD_DD | RXD_EOP);
	ck_assert_uint_eq(rx_lab_desc(0)->legacy.length, 60);
	ck_assert_uint_eq(rx_lab_desc(0)->legacy.buffer, BUFFERS_AT);
}
END_TEST

/* What the guest has so far, it must use and give back before more can come. */
START_TEST(a_frame_longer_than_the_guests_ring_comes_in_parts)
{
	uint32_t done = 0, at = 0;

	rx_lab_up(8, 256, PLAIN, 7);
	rx_lab_comes(3, 4000);
	rx_lab_comes(4, 70);
	collect();
	while (done < 4000) {
		uint32_t len = 4000 - done < 256 ? 4000 - done : 256;
		const struct rx_legacy *d = &rx_lab_desc(at)->legacy;

		ck_assert_uint_eq(d->status, RXD_DD | (len < 256 ? RXD_EOP : 0));
		ck_assert_uint_eq(d->length, len);
		ck_assert_int_eq(memcmp(lab.ram + rx_lab_buffer(at), rx_lab_numbered(3, 4000) + done, len), 0);
		rx_lab_desc_clear(at);
		done += len;
		rx_lab_tail(at);
		at = (at + 1) % 8;
	}
	lab.clean = at;
	rx_lab_expect(4, 70);
}
END_TEST

START_TEST(a_call_ends_with_its_budget_and_the_rest_waits)
{
	uint32_t calls = 0, came = 0;

	rx_lab_up(4096, 2048, PLAIN, 4095);
	lab.size = 256;		/* all frames of the test lie in a buffer's first bytes */
	for (uint32_t i = 0; i < 500; i++)
		rx_lab_comes(i, 1500);
	do {
		uint32_t before = COUNTER(RX_BYTES);

		collect();
		calls++;
		came = COUNTER(RX_BYTES) - before;
		ck_assert_uint_le(came, BURST_BYTES);
		ck_assert(came > BURST_BYTES - 1500 || !rx_is_waiting(&lab.n));
	} while (rx_is_waiting(&lab.n));
	ck_assert_uint_eq(calls, 3);
	ck_assert_uint_eq(COUNTER(RX_PASSED), 500);
}
END_TEST

static uint32_t refilled;

static void refill(void)
{
	while (rx_lab_wire(rx_lab_numbered(0, 20), 20))
		refilled++;
}

START_TEST(a_device_that_never_stops_is_left_at_the_budgets_end)
{
	rx_lab_up(4096, 256, PLAIN, 4095);
	lab.after_tail = refill;
	refill();
	collect();
	ck_assert(rx_is_waiting(&lab.n));
	ck_assert_uint_eq(COUNTER(RX_PASSED), BURST_BYTES / RX_FRAME_COST);
	lab.after_tail = NULL;
}
END_TEST

/* 8, 16, 8 and 4 of 16, 32: what RDMTS says of the ring's length. */
START_TEST(the_guest_is_warned_at_its_own_threshold)
{
	uint32_t threshold = 64u >> (_i + 1), free = 63, got = 0;

	rx_lab_up(64, 2048, PLAIN | (unsigned)_i << RCTL_RDMTS_SHIFT, free);
	for (uint32_t i = 0; free > 0; i++, free--) {
		rx_lab_comes(i, 60);
		lab.ics = 0;
		collect();
		ck_assert_uint_eq(lab.ics, free - 1 == threshold ? INT_RXDMT0 : 0);
		got += lab.ics != 0;
	}
	ck_assert_uint_eq(got, 1);
	/* given many, the same again */
	rx_lab_tail(62);
	for (uint32_t i = 0; i < 62; i++)
		rx_lab_comes(i, 60);
	lab.ics = 0;
	collect();
	ck_assert_uint_eq(lab.ics, INT_RXDMT0);
}
END_TEST

START_TEST(the_device_gets_its_own_rctl)
{
	const uint32_t all = UINT32_MAX;

	rx_lab_up(8, 2048, PLAIN, 7);
	ck_assert_uint_eq(rx_rctl(&lab.n, 0), RCTL_SECRC | 2u << RCTL_RDMTS_SHIFT);
	ck_assert_uint_eq(rx_rctl(&lab.n, all) & (RCTL_BSIZE | RCTL_BSEX | RCTL_DTYP | RCTL_FLXBUF), 0);
	ck_assert_uint_eq(rx_rctl(&lab.n, all) & RCTL_RDMTS, 2u << RCTL_RDMTS_SHIFT);
	ck_assert_uint_eq(rx_rctl(&lab.n, all) & (1u | 1u << 14 | 1u << 21 | 1u << 24 | 1u << 31), 0);
	for (unsigned bit = 0; bit < 32; bit++)
		if ((RCTL_EN | RCTL_SBP | RCTL_UPE | RCTL_MPE | RCTL_LPE | RCTL_LBM | RCTL_MO | RCTL_BAM | RCTL_VFE |
		     RCTL_CFIEN | RCTL_CFI | RCTL_DPF | RCTL_PMCF) >> bit & 1)
			ck_assert_uint_eq(rx_rctl(&lab.n, 1u << bit), rx_rctl(&lab.n, 0) | 1u << bit);
}
END_TEST

START_TEST(a_queue_that_is_stopped_delivers_what_had_come_by_the_old_rctl_and_no_more)
{
	rx_lab_up(8, 256, PLAIN, 3);
	rx_lab_comes(0, 300);
	rx_lab_comes(1, 60);
	rx_lab_comes(2, 60);
	lab.reg[E1000_RCTL / 4] = 0;
	rx_stop(&lab.n);
	lab.n.rctl = 0;
	rx_lab_expect(0, 300);
	rx_lab_expect(1, 60);
	rx_lab_tail(6);
	rx_lab_expect_none();
	ck_assert(!rx_is_waiting(&lab.n));
	/* again: from the shadow ring's start */
	lab.n.rctl = RCTL_EN | PLAIN | rx_lab_size_bits(256);
	rx_start(&lab.n);
	lab.reg[E1000_RCTL / 4] = RCTL_EN;
	ck_assert_uint_eq(rx_lab_room(), SHADOW_RX - 1);
	rx_lab_comes(5, 80);
	collect();
	rx_lab_expect(5, 80);
	rx_lab_expect_none();
}
END_TEST

START_TEST(a_reset_device_is_not_touched_and_its_frames_are_gone)
{
	rx_lab_up(8, 2048, PLAIN, 1);
	for (uint32_t i = 0; i < 3; i++)
		rx_lab_comes(i, 60);
	collect();
	rx_lab_expect(0, 60);
	lab.tail_writes = 0;
	memset(lab.reg, 0, sizeof(lab.reg));
	rx_reset(&lab.n);
	lab.ics_writes = 0;
	rx_lab_tail(7);
	rx_lab_expect_none();
	ck_assert_uint_eq(lab.tail_writes + lab.ics_writes, 0);
}
END_TEST

START_TEST(what_came_before_the_ring_was_moved_is_not_for_the_new_one)
{
	rx_lab_up(8, 2048, PLAIN, 1);
	for (uint32_t i = 0; i < 4; i++)
		rx_lab_comes(i, 60);
	rx_lab_raw(2048, RXD_DD);	/* half a frame */
	collect();
	rx_lab_expect(0, 60);
	/* the registers are written, RCTL.EN stays */
	lab.ring = 0x10000;
	for (uint32_t i = 0; i < 8; i++)
		rx_lab_desc_clear(i);
	lab.n.rx.guest = (struct guest_ring){ .bal = 0x10000, .len = 8 * DESC_BYTES };
	rx_forget(&lab.n);
	lab.clean = 0;
	ck_assert_uint_eq(rx_lab_room(), SHADOW_RX - 1);
	rx_lab_tail(7);
	rx_lab_expect_none();
	rx_lab_raw(100, RXD_DD | RXD_EOP);	/* the other half */
	rx_lab_comes(7, 90);
	collect();
	rx_lab_expect(7, 90);
	rx_lab_expect_none();
}
END_TEST

START_TEST(half_a_frame_in_hand_is_forgotten_with_the_ring)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	rx_lab_raw(2048, RXD_DD);
	collect();
	rx_forget(&lab.n);
	rx_lab_raw(100, RXD_DD | RXD_EOP);
	rx_lab_comes(7, 90);
	collect();
	rx_lab_expect(7, 90);
	rx_lab_expect_none();
}
END_TEST

static void ring_cases(TCase *tc)
{
	tcase_add_test(tc, a_frame_comes_into_the_guests_buffer);
	tcase_add_loop_test(tc, frames_come_in_order_over_the_ends_of_both_rings, 0, 4);
	tcase_add_test(tc, a_full_ring_holds_frames_until_the_guest_gives_descriptors);
	tcase_add_test(tc, only_frames_that_an_earlier_call_left_are_announced);
	tcase_add_test(tc, a_budgets_rest_is_announced_and_what_is_forgotten_is_not);
	tcase_add_test(tc, for_room_it_is_looked_often_at_first_and_then_seldom);
	tcase_add_test(tc, the_device_runs_out_of_descriptors_as_the_guest_does_and_nothing_is_lost);
	tcase_add_test(tc, a_shadow_descriptor_is_given_back_only_behind_its_frame);
	tcase_add_test(tc, the_devices_tail_is_written_once_for_so_many_frames);
	tcase_add_loop_test(tc, a_long_frame_takes_several_descriptors, 0, 14);
	tcase_add_loop_test(tc, flexible_buffers_are_the_82574s_alone, 0, 2);
	tcase_add_test(tc, a_buffer_size_that_is_reserved_is_2048);
	tcase_add_test(tc, extended_descriptors_are_the_82574s_alone);
	tcase_add_test(tc, a_frame_longer_than_the_guests_ring_comes_in_parts);
	tcase_add_test(tc, a_call_ends_with_its_budget_and_the_rest_waits);
	tcase_add_test(tc, a_device_that_never_stops_is_left_at_the_budgets_end);
	tcase_add_loop_test(tc, the_guest_is_warned_at_its_own_threshold, 0, 3);
}

static void life_cases(TCase *tc)
{
	tcase_add_test(tc, the_device_gets_its_own_rctl);
	tcase_add_test(tc, a_queue_that_is_stopped_delivers_what_had_come_by_the_old_rctl_and_no_more);
	tcase_add_test(tc, a_reset_device_is_not_touched_and_its_frames_are_gone);
	tcase_add_test(tc, what_came_before_the_ring_was_moved_is_not_for_the_new_one);
	tcase_add_test(tc, half_a_frame_in_hand_is_forgotten_with_the_ring);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_rx");
	TCase *ring = unit_case(s, "ring"), *life = unit_case(s, "life");

	tcase_add_checked_fixture(ring, rx_lab_begin, rx_lab_end);
	tcase_add_checked_fixture(life, rx_lab_begin, rx_lab_end);
	ring_cases(ring);
	life_cases(life);
	return s;
}
