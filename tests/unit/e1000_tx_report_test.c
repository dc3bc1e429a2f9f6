/*
 * e1000_tx_report_test.c - frames leave: what the guest is told, what waits for room, another ring
 */
#include "tests/unit/e1000_tx_lab.h"

/* ---- reports ------------------------------------------------------------------------ */

START_TEST(only_descriptors_that_ask_are_written_back)
{
	static const unsigned ask[] = { 0, TXD_RS, TXD_RPS, TXD_RS | TXD_RPS };
	uint64_t at;

	tx_lab_up(0, 32, 0);
	at = tx_lab_put_frame(1, 120);
	for (uint32_t i = 0; i < 4; i++) {
		tx_lab_legacy(0, at, 60, TXD_IFCS | ask[3 - i]);
		tx_lab_legacy(0, at + 60, 60, TXD_IFCS | TXD_EOP | ask[i]);
	}
	tx_lab_kick(0);
	tx_lab_run();
	for (uint32_t i = 0; i < 4; i++) {
		ck_assert_int_eq(tx_lab_is_done(0, 2 * i), i != 3);
		ck_assert_int_eq(tx_lab_is_done(0, 2 * i + 1), i != 0);
	}
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 8);
	ck_assert_uint_eq(lab.writes, 6);
}
END_TEST

START_TEST(with_a_write_back_threshold_frames_that_do_not_ask_are_written_back)
{
	uint64_t at = tx_lab_put_frame(1, 120);

	tx_lab_up(0, 32, 30);
	lab.n.tx[0].guest.dctl = 1u << DCTL_WTHRESH_SHIFT;
	tx_lab_send_in(0, 1, 120, 4, TXD_IFCS | TXD_EOP);
	tx_lab_context(0, (struct tx_context){ .tucss = 1 });
	tx_lab_legacy(0, at, 60, TXD_IFCS);
	tx_lab_legacy(0, at + 60, 60, TX_LAST);
	tx_lab_legacy(0, at, 2, TXD_IFCS);
	tx_lab_legacy(0, at, 2, TXD_IFCS | TXD_EOP);	/* dropped: too short */
	tx_lab_kick(0);
	tx_lab_run();
	for (uint32_t i = 0; i < 9; i++)
		ck_assert_int_eq(tx_lab_is_done(0, (30 + i) % 32), i != 4 && i != 5);
	ck_assert_uint_eq(COUNTER(TX_SHORT), 1);
	ck_assert_uint_eq(lab.ics_writes, 0);
}
END_TEST

START_TEST(nothing_but_the_status_is_written_back)
{
	union tx_desc want;
	uint32_t index;

	tx_lab_up(0, 16, 0);
	index = tx_lab_put(0, (union tx_desc){ .data = {
		.buffer = tx_lab_put_frame(1, 60), .special = 0xabcd, .popts = 0xf0, .status = 0xf0,
		.length_type = 60 | DTYP_DATA << TXD_DTYP_SHIFT | (TX_LAST | TXD_DEXT) << TXD_CMD_SHIFT } });
	want = *tx_lab_desc(0, index);
	tx_lab_kick(0);
	tx_lab_run();
	want.data.status = TXD_STATUS_DD;
	ck_assert_int_eq(memcmp(&want, tx_lab_desc(0, index), sizeof(want)), 0);
}
END_TEST

START_TEST(the_devices_interrupt_is_delayed_as_the_guests_would_be)
{
	tx_lab_up(0, 16, 0);
	tx_lab_send_in(0, 1, 60, 1, TX_LAST);
	tx_lab_send_in(0, 1, 60, 1, TX_LAST | TXD_IDE);
	tx_lab_send_in(0, 1, 60, 1, TXD_EOP | TXD_IFCS);	/* no interrupt asked for */
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(tx_lab_sent(0)->cmd & TXD_IDE, 0);
	ck_assert_uint_eq(tx_lab_sent(1)->cmd & TXD_IDE, TXD_IDE);
	ck_assert_uint_eq(tx_lab_sent(2)->cmd & TXD_IDE, TXD_IDE);
}
END_TEST

/* IDE is a descriptor's: one that asks without it is not delayed by another that has it. */
START_TEST(one_descriptor_that_asks_without_delay_is_enough)
{
	static const struct { unsigned first, last; bool delayed; } cases[] = {
		{ TXD_RS, TXD_IDE, false }, { TXD_RS, TXD_RS | TXD_IDE, false }, { TXD_RS | TXD_IDE, TXD_RS, false },
		{ TXD_RS | TXD_IDE, 0, true }, { TXD_IDE, TXD_IDE, true }, { 0, TXD_RS | TXD_IDE, true },
	};

	tx_lab_up(0, 64, 0);
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t at = tx_lab_put_frame(i, 100);

		tx_lab_legacy(0, at, 50, TXD_IFCS | cases[i].first);
		tx_lab_legacy(0, at + 50, 50, TXD_IFCS | TXD_EOP | cases[i].last);
		tx_lab_kick(0);
		tx_lab_run();
		ck_assert_int_eq((tx_lab_sent(i)->cmd & TXD_IDE) != 0, cases[i].delayed);
	}
}
END_TEST

START_TEST(a_report_that_cannot_be_written_is_counted_and_the_ring_goes_on)
{
	tx_lab_up(0, 16, 0);
	tx_lab_send_one(1, 60);
	tx_lab_kick(0);
	tx_lab_device(1);
	lab.n.tx[0].guest.bal = HOLE;	/* not a write of TDBAL: the page is gone */
	tx_complete(&lab.n, 0);
	ck_assert_uint_eq(COUNTER(RING), 1);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 1);
}
END_TEST

/* ---- TXD_LOW ------------------------------------------------------------------------- */

#define LOW(n)	((uint32_t)(n) << DCTL_LWTHRESH_SHIFT)

/* Frames of one descriptor each; the device has sent none of them. */
static void send_frames(uint32_t count)
{
	while (count-- > 0)
		tx_lab_send_one(count, 60);
	tx_lab_kick(0);
}

/* The device sends @frames, and the model looks.  Returns the causes it wrote to ICS by that. */
static uint32_t causes_of(uint32_t frames)
{
	lab.ics = 0;
	tx_lab_device(frames);
	tx_complete(&lab.n, 0);
	return lab.ics;
}

START_TEST(a_ring_that_runs_low_is_told_once)
{
	tx_lab_up(0, 64, 50);
	lab.n.tx[0].guest.dctl = LOW(2);
	send_frames(20);
	ck_assert_uint_eq(causes_of(3), 0);
	ck_assert_uint_eq(causes_of(1), INT_TXD_LOW);	/* 17, then 16 */
	ck_assert_uint_eq(causes_of(1), 0);
	ck_assert_uint_eq(lab.ics_writes, 1);
	send_frames(2);					/* 15 and 2 */
	ck_assert_uint_eq(causes_of(16), INT_TXD_LOW);
	ck_assert_uint_eq(causes_of(1), 0);
	ck_assert_uint_eq(lab.ics_writes, 2);
}
END_TEST

static const struct { uint32_t dctl, frames, causes; } low_cases[] = {
	{ LOW(2), 16, 0 }, { LOW(2), 17, INT_TXD_LOW }, { 0, 60, 0 }, { ~LOW(0x7f), 60, 0 },
	{ LOW(1), 9, INT_TXD_LOW }, { LOW(7), 57, INT_TXD_LOW }, { LOW(0x7f), 60, 0 },
};

START_TEST(a_ring_runs_low_from_one_descriptor_more_to_the_threshold)
{
	tx_lab_up(0, 64, 50);
	lab.n.tx[0].guest.dctl = low_cases[_i].dctl;
	send_frames(low_cases[_i].frames);
	ck_assert_uint_eq(causes_of(UINT32_MAX), low_cases[_i].causes);
}
END_TEST

START_TEST(frames_that_are_dropped_run_a_ring_low_too)
{
	tx_lab_up(0, 64, 0);
	lab.n.tx[0].guest.dctl = LOW(1);
	for (uint32_t i = 0; i < 10; i++)
		tx_lab_send_port(99, 60, TXD_EOP | TXD_IFCS);
	tx_lab_kick(0);
	ck_assert_uint_eq(lab.ics, INT_TXD_LOW);
	for (uint32_t i = 0; i < 10; i++)
		tx_lab_send_port(99, 60, TX_LAST);
	lab.ics = 0;
	tx_lab_kick(0);
	ck_assert_uint_eq(lab.ics, INT_TXD_LOW | INT_TXDW);
	ck_assert_uint_eq(lab.ics_writes, 2);
}
END_TEST

/* TXDW of the frames in between may be delayed, or masked: no interrupt would have the model look. */
START_TEST(a_ring_that_will_run_low_is_looked_at)
{
	tx_lab_up(0, 64, 60);
	lab.n.ims = INT_TXDW | INT_TXD_LOW;
	lab.n.tx[0].guest.dctl = LOW(1);
	ck_assert(!tx_is_waiting(&lab.n, 0));
	send_frames(10);
	ck_assert(tx_is_waiting(&lab.n, 0));
	lab.n.ims = INT_TXDW;
	ck_assert(!tx_is_waiting(&lab.n, 0));
	lab.n.ims = INT_TXDW | INT_TXD_LOW;
	lab.n.tx[0].guest.dctl = 0;
	ck_assert(!tx_is_waiting(&lab.n, 0));
	lab.n.tx[0].guest.dctl = LOW(1);
	ck_assert_uint_eq(causes_of(2), INT_TXD_LOW);
	ck_assert(tx_is_under_way(&lab.n, 0) && !tx_is_waiting(&lab.n, 0));
	send_frames(1);
	ck_assert(tx_is_waiting(&lab.n, 0));
	tx_forget(&lab.n, 0);
	lab.n.tx[0].guest.head = lab.n.tx[0].guest.tail = lab.tail[0] = 0;
	ck_assert(!tx_is_waiting(&lab.n, 0));
}
END_TEST

/* ---- room, budget, queues -------------------------------------------------------------- */

START_TEST(what_has_no_room_in_the_shadow_ring_waits_in_order)
{
	uint32_t sent = 0;

	tx_lab_up(0, 1024, 1000);
	for (; sent < 600; sent++)
		tx_lab_send_one(sent, 60);
	tx_lab_kick(0);
	ck_assert(tx_is_waiting(&lab.n, 0));
	ck_assert_uint_lt(lab.n.tx[0].shadow_tail, SHADOW_TX);
	ck_assert_uint_gt(lab.n.tx[0].shadow_tail, SHADOW_TX - 8);
	tx_lab_device(3);
	tx_complete(&lab.n, 0);
	ck_assert(tx_is_waiting(&lab.n, 0));
	tx_lab_run();
	ck_assert(!tx_is_waiting(&lab.n, 0));
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 600);
	for (uint32_t i = 0; i < 600; i++)
		tx_lab_expect(i, i, 60);
	for (uint32_t i = 0; i < 600; i++)
		ck_assert(tx_lab_is_done(0, (1000 + i) % 1024));
}
END_TEST

START_TEST(frames_that_the_device_has_not_sent_are_not_written_over)
{
	uint32_t len = 15000 + (uint32_t)_i * 7;

	tx_lab_up(0, 256, 0);
	for (uint32_t i = 0; i < 130; i++)
		tx_lab_send_one(i, len);
	tx_lab_kick(0);
	ck_assert(tx_is_waiting(&lab.n, 0));
	for (uint32_t n = 1; lab.sent_count < 130; n = n % 17 + 1) {
		ck_assert(tx_is_under_way(&lab.n, 0) || tx_is_waiting(&lab.n, 0));
		tx_lab_device(n);
		tx_complete(&lab.n, 0);
	}
	for (uint32_t i = 0; i < 130; i++)
		tx_lab_expect(i, i, len);
}
END_TEST

static void poll_in_vain(uint32_t times)
{
	for (uint32_t i = 0; i < times; i++) {
		ck_assert(!tx_is_stalled(&lab.n, 0));
		tx_poll(&lab.n, 0);
	}
}

START_TEST(a_device_stalls_after_so_many_polls_in_which_no_frame_is_done)
{
	tx_lab_up(0, 16, 0);
	poll_in_vain(TX_STALLED_POLLS + 1);	/* it has nothing to send */
	for (uint32_t i = 0; i < 4; i++)
		tx_lab_send_one(i, 100);
	tx_lab_kick(0);
	poll_in_vain(TX_STALLED_POLLS - 1);
	tx_lab_device(1);
	poll_in_vain(TX_STALLED_POLLS);		/* the first of which finds that one is done */
	ck_assert(!tx_is_stalled(&lab.n, 0));
	tx_poll(&lab.n, 0);
	ck_assert(tx_is_stalled(&lab.n, 0));
	tx_poll(&lab.n, 0);
	ck_assert(tx_is_stalled(&lab.n, 0));
	tx_lab_device(1);
	tx_complete(&lab.n, 0);
	poll_in_vain(TX_STALLED_POLLS);
	tx_forget(&lab.n, 0);
	ck_assert(!tx_is_stalled(&lab.n, 0));
}
END_TEST

START_TEST(no_call_judges_more_than_a_burst)
{
	uint32_t calls = 0, before;

	tx_lab_up(0, 256, 0);
	for (uint32_t i = 0; i < 60; i++)
		tx_lab_send_port(80, 16000, TX_LAST);
	lab.n.tx[0].guest.tail = lab.tail[0];
	for (; lab.transfers < 60; calls++) {
		before = (uint32_t)lab.transfers;
		tx_complete(&lab.n, 0);
		tx_lab_device(UINT32_MAX);
		ck_assert_uint_le(lab.transfers - before, BURST_BYTES / 16000 + 1);
		ck_assert_uint_ge(lab.transfers - before, 1);
		ck_assert_int_eq(tx_is_waiting(&lab.n, 0), lab.transfers < 60);
	}
	ck_assert_uint_ge(calls, 60 * 16000 / BURST_BYTES);
}
END_TEST

START_TEST(small_frames_count_in_a_burst_too)
{
	tx_lab_up(0, 4096, 0);
	for (uint32_t i = 0; i < 4000; i++)
		tx_lab_send_port(99, 60, TX_LAST);
	tx_lab_kick(0);
	ck_assert(tx_is_waiting(&lab.n, 0));
	ck_assert_uint_le(lab.transfers, BURST_BYTES / 256);
	for (uint32_t i = 0; i < 8; i++)
		tx_complete(&lab.n, 0);
	ck_assert_uint_eq(lab.transfers, 4000);
	ck_assert(!tx_is_waiting(&lab.n, 0));
}
END_TEST

START_TEST(descriptors_of_nothing_count_in_a_burst_too)
{
	tx_lab_up(0, 4096, 0);
	for (uint32_t i = 0; i < 4095; i++)
		tx_lab_context(0, (struct tx_context){ .tucss = 1 });
	tx_lab_kick(0);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 4095);
	for (uint32_t i = 0; i < 4095; i++)
		tx_lab_legacy(0, 0, 0, TX_LAST);
	tx_lab_kick(0);
	ck_assert(tx_is_waiting(&lab.n, 0));
}
END_TEST

START_TEST(two_queues_have_rings_of_their_own)
{
	tx_lab_82574();
	tx_lab_up(0, 16, 3);
	tx_lab_up(1, 64, 60);
	for (uint32_t i = 0; i < 10; i++) {
		tx_lab_send_in(0, i, 100, 1, TX_LAST);
		tx_lab_send_in(1, 100 + i, 200, 3, TX_LAST);
	}
	tx_lab_kick(1);
	tx_lab_kick(0);
	ck_assert(tx_is_under_way(&lab.n, 0) && tx_is_under_way(&lab.n, 1));
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 20);
	for (uint32_t i = 0; i < 10; i++) {
		tx_lab_expect(i, i, 100);
		tx_lab_expect(10 + i, 100 + i, 200);
		ck_assert_uint_eq(tx_lab_sent(i)->queue, 0);
		ck_assert_uint_eq(tx_lab_sent(10 + i)->queue, 1);
	}
	ck_assert_uint_eq(lab.n.tx[1].guest.head, (60 + 30) % 64);
}
END_TEST

/* ---- start, stop, another ring ------------------------------------------------------------ */

START_TEST(what_was_under_way_is_not_reported_in_another_ring)
{
	tx_lab_up(0, 16, 0);
	tx_lab_send_one(1, 60);
	tx_lab_send_one(2, 60);
	tx_lab_legacy(0, tx_lab_put_frame(3, 60), 60, TXD_IFCS);	/* and half a frame */
	tx_lab_kick(0);
	tx_forget(&lab.n, 0);
	lab.ring[0] = lab.n.tx[0].guest.bal = RING_AT(0) + 0x4000;
	lab.n.tx[0].guest.head = lab.n.tx[0].guest.tail = lab.tail[0] = 0;
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 2);
	ck_assert_uint_eq(lab.writes, 0);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 0);
	tx_lab_send_one(4, 60);
	tx_lab_kick(0);
	tx_lab_run();
	tx_lab_expect(2, 4, 60);
	ck_assert(tx_lab_is_done(0, 0));
	ck_assert_uint_eq(lab.writes, 1);
}
END_TEST

START_TEST(behind_what_was_under_way_the_new_rings_frames_are_reported_in_order)
{
	tx_lab_up(0, 16, 0);
	tx_lab_send_port(80, 60, TX_LAST);
	tx_lab_kick(0);
	tx_forget(&lab.n, 0);
	lab.n.tx[0].guest.head = lab.n.tx[0].guest.tail = lab.tail[0] = 4;
	tx_lab_send_port(99, 60, TX_LAST);
	tx_lab_kick(0);
	ck_assert_uint_eq(COUNTER(TX_DROPPED), 1);
	tx_lab_run();
	ck_assert(tx_lab_is_done(0, 4) && !tx_lab_is_done(0, 0));
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 5);
	ck_assert_uint_eq(lab.n.tx[0].taken, 0);
}
END_TEST

START_TEST(after_a_reset_the_device_gets_an_empty_ring)
{
	tx_lab_up(0, 16, 0);
	for (uint32_t i = 0; i < 5; i++)
		tx_lab_send_one(i, 60);
	tx_lab_kick(0);
	tx_lab_device(2);
	tx_reset(&lab.n);
	ck_assert(!tx_is_waiting(&lab.n, 0));
	memset(lab.reg, 0, sizeof(lab.reg));
	tx_lab_kick(0);
	ck_assert_uint_eq(lab.reg[E1000_TDT / 4], 0);
	tx_lab_up(0, 16, 9);
	ck_assert(!tx_is_under_way(&lab.n, 0));
	tx_lab_send_one(7, 60);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 3);
	tx_lab_expect(2, 7, 60);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 10);
}
END_TEST

START_TEST(nothing_is_taken_while_transmission_is_off)
{
	tx_lab_up(0, 16, 0);
	tx_stop(&lab.n);
	tx_lab_send_one(1, 60);
	tx_lab_kick(0);
	ck_assert_uint_eq(lab.reads, 0);
	ck_assert(!tx_is_waiting(&lab.n, 0));
	tx_start(&lab.n);
	tx_lab_run();
	tx_lab_expect(0, 1, 60);
}
END_TEST

START_TEST(off_and_on_again_loses_nothing)
{
	tx_lab_up(0, 16, 0);
	tx_lab_send_one(1, 60);
	tx_lab_send_one(2, 60);
	tx_lab_kick(0);
	tx_lab_device(1);
	tx_stop(&lab.n);
	tx_complete(&lab.n, 0);
	ck_assert(tx_lab_is_done(0, 0) && !tx_lab_is_done(0, 1));
	tx_start(&lab.n);
	tx_lab_run();
	tx_lab_expect(1, 2, 60);
	ck_assert(tx_lab_is_done(0, 1));
}
END_TEST

START_TEST(a_ring_of_no_length_is_nothing_to_count)
{
	lab.n.tctl = TCTL_EN;
	tx_start(&lab.n);
	tx_kick(&lab.n, 0);
	ck_assert_uint_eq(COUNTER(RING), 0);
	lab.n.tx[0].guest.tail = 1;
	tx_kick(&lab.n, 0);
	ck_assert_uint_eq(COUNTER(RING), 1);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_tx_report");
	TCase *tc;

	tc = unit_case(s, "any policy");
	tcase_add_checked_fixture(tc, tx_lab_begin, tx_lab_end);
	tcase_add_test(tc, only_descriptors_that_ask_are_written_back);
	tcase_add_test(tc, with_a_write_back_threshold_frames_that_do_not_ask_are_written_back);
	tcase_add_test(tc, nothing_but_the_status_is_written_back);
	tcase_add_test(tc, the_devices_interrupt_is_delayed_as_the_guests_would_be);
	tcase_add_test(tc, one_descriptor_that_asks_without_delay_is_enough);
	tcase_add_test(tc, a_report_that_cannot_be_written_is_counted_and_the_ring_goes_on);
	tcase_add_test(tc, a_ring_that_runs_low_is_told_once);
	tcase_add_loop_test(tc, a_ring_runs_low_from_one_descriptor_more_to_the_threshold, 0,
			    sizeof(low_cases) / sizeof(*low_cases));
	tcase_add_test(tc, a_ring_that_will_run_low_is_looked_at);
	tcase_add_test(tc, what_has_no_room_in_the_shadow_ring_waits_in_order);
	tcase_add_test(tc, descriptors_of_nothing_count_in_a_burst_too);
	tcase_add_test(tc, two_queues_have_rings_of_their_own);
	tcase_add_test(tc, what_was_under_way_is_not_reported_in_another_ring);
	tcase_add_test(tc, after_a_reset_the_device_gets_an_empty_ring);
	tcase_add_test(tc, nothing_is_taken_while_transmission_is_off);
	tcase_add_test(tc, off_and_on_again_loses_nothing);
	tcase_add_test(tc, a_ring_of_no_length_is_nothing_to_count);
	tcase_add_test(tc, a_device_stalls_after_so_many_polls_in_which_no_frame_is_done);

	tc = unit_case(s, "by headers");
	tcase_add_checked_fixture(tc, tx_lab_begin_headers, tx_lab_end);
	tcase_add_test(tc, small_frames_count_in_a_burst_too);
	tcase_add_test(tc, frames_that_are_dropped_run_a_ring_low_too);
	tcase_add_test(tc, behind_what_was_under_way_the_new_rings_frames_are_reported_in_order);

	tc = unit_case(s, "by content");
	tcase_add_checked_fixture(tc, tx_lab_begin_content, tx_lab_end);
	tcase_add_loop_test(tc, frames_that_the_device_has_not_sent_are_not_written_over, 0, 8);
	tcase_add_test(tc, no_call_judges_more_than_a_burst);
	return s;
}
