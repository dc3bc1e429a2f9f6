/*
 * e1000_tx_test.c - frames leave: the guest's ring, its descriptors and memory, right and wrong
 */
#include "tests/unit/e1000_tx_lab.h"

START_TEST(a_frame_is_sent_as_it_is_and_done_when_the_device_is_done_with_it)
{
	uint32_t index;

	tx_lab_up(0, 8, 0);
	index = tx_lab_send_one(1, 60);
	ck_assert_uint_eq(lab.reg[E1000_TDT / 4], 0);
	tx_lab_kick(0);
	ck_assert_uint_eq(lab.doorbells, 2);
	ck_assert(tx_is_under_way(&lab.n, 0) && !tx_is_waiting(&lab.n, 0));
	tx_complete(&lab.n, 0);
	ck_assert(!tx_lab_is_done(0, index));
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 0);
	tx_lab_device(1);
	ck_assert(!tx_lab_is_done(0, index));
	tx_complete(&lab.n, 0);
	ck_assert(tx_lab_is_done(0, index));
	ck_assert(!tx_is_under_way(&lab.n, 0));
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 1);
	tx_lab_expect(0, 1, 60);
	ck_assert_uint_eq(COUNTER(TX_PASSED), 1);
	ck_assert_uint_eq(COUNTER(TX_BYTES), 60);
	ck_assert_uint_eq(lab.ics_writes, 0);
	ck_assert_uint_eq(lab.transfers, 0);
}
END_TEST

/* ---- frames in pieces, rings, tails ---------------------------------------- */

START_TEST(a_frame_may_be_in_many_pieces)
{
	uint32_t pieces = (uint32_t)_i;

	tx_lab_up(0, 256, 0);
	tx_lab_send_in(0, 3, 1514, pieces, TX_LAST);
	tx_lab_send_in(0, 4, 9018, pieces, TX_LAST);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 2);
	tx_lab_expect(0, 3, 1514);
	tx_lab_expect(1, 4, 9018);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 2 * pieces);
}
END_TEST

START_TEST(a_piece_may_be_a_byte)
{
	tx_lab_up(0, 256, 0);
	tx_lab_send_in(0, 3, 60, 60, TX_LAST);
	tx_lab_kick(0);
	tx_lab_run();
	tx_lab_expect(0, 3, 60);
}
END_TEST

START_TEST(a_frame_in_more_pieces_than_the_model_takes_is_dropped_and_done)
{
	uint32_t index;

	tx_lab_up(0, 256, 0);
	index = tx_lab_send_in(0, 3, 1514, TX_PIECES + 1, TX_LAST);
	tx_lab_send_one(4, 60);
	tx_lab_kick(0);
	ck_assert_uint_eq(COUNTER(TX_TOO_LONG), 1);
	ck_assert(tx_lab_is_done(0, index));
	ck_assert_uint_eq(lab.n.tx[0].guest.head, TX_PIECES + 1);
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 1);
	tx_lab_expect(0, 4, 60);
}
END_TEST

static const uint32_t ring_sizes[] = { 8, 16, 24, 128, 256, 1024, 4096 };

START_TEST(frames_wrap_around_rings_of_every_size)
{
	uint32_t count = ring_sizes[_i], sent = 0;

	tx_lab_up(0, count, count - 2);
	while (sent < count) {
		for (uint32_t room = count - 1; room >= 3 && sent < count; room -= 3, sent++)
			tx_lab_send_in(0, sent, 60 + sent % 50, 3, TX_LAST);
		tx_lab_kick(0);
		while (tx_is_under_way(&lab.n, 0) || tx_is_waiting(&lab.n, 0))
			tx_lab_run();
	}
	for (uint32_t i = 0; i < sent; i++)
		tx_lab_expect(i, i, 60 + i % 50);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, lab.tail[0]);
	ck_assert_uint_eq(COUNTER(RING), 0);
}
END_TEST

START_TEST(a_tail_in_any_place_is_followed)
{
	for (uint32_t head = 0; head < 8; head++) {
		for (uint32_t frames = 0; frames < 8; frames++) {
			uint32_t before = lab.sent_count;

			tx_forget(&lab.n, 0);
			tx_lab_up(0, 8, head);
			for (uint32_t i = 0; i < frames; i++)
				tx_lab_send_one(i, 64);
			tx_lab_kick(0);
			tx_lab_run();
			ck_assert_uint_eq(lab.sent_count - before, frames);
			for (uint32_t i = 0; i < frames; i++)
				tx_lab_expect(before + i, i, 64);
			ck_assert_uint_eq(lab.n.tx[0].guest.head, (head + frames) % 8);
		}
	}
}
END_TEST

START_TEST(a_tail_of_ffff_in_a_ring_of_4096_bytes_moves_nothing)
{
	tx_lab_up(0, 4096 / DESC_BYTES, 0);
	tx_lab_send_one(1, 60);
	lab.n.tx[0].guest.tail = 0xffff;
	tx_kick(&lab.n, 0);
	ck_assert_uint_eq(COUNTER(RING), 1);
	tx_lab_run();
	ck_assert_uint_eq(COUNTER(RING), 1);
	ck_assert(!tx_is_waiting(&lab.n, 0));
	ck_assert_uint_eq(lab.sent_count, 0);
	ck_assert_uint_eq(lab.reads, 0);
	tx_lab_kick(0);
	tx_lab_run();
	tx_lab_expect(0, 1, 60);
}
END_TEST

START_TEST(a_tail_beyond_the_ring_does_not_hold_up_what_is_under_way)
{
	uint32_t first;

	tx_lab_up(0, 8, 6);
	first = tx_lab_send_one(1, 60);
	tx_lab_send_one(2, 60);
	tx_lab_kick(0);
	lab.n.tx[0].guest.tail = 8;
	tx_kick(&lab.n, 0);
	tx_lab_run();
	ck_assert(tx_lab_is_done(0, first) && tx_lab_is_done(0, 7));
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 0);
}
END_TEST

/* As if nothing were there, but what is under way is told all the same. */
START_TEST(a_tail_set_back_to_the_head_does_not_hold_up_what_is_under_way)
{
	uint32_t index;

	tx_lab_up(0, 8, 0);
	index = tx_lab_send_one(1, 60);
	tx_lab_kick(0);
	ck_assert_uint_eq(lab.n.tx[0].taken, 1);
	lab.n.tx[0].guest.tail = 0;
	tx_lab_device(1);
	tx_complete(&lab.n, 0);
	ck_assert(tx_lab_is_done(0, index));
}
END_TEST

START_TEST(a_tail_set_back_makes_the_ring_go_round_and_no_further)
{
	tx_lab_up(0, 8, 0);
	for (uint32_t i = 0; i < 8; i++)
		tx_lab_send_one(i, 60);
	lab.n.tx[0].guest.tail = 5;
	tx_kick(&lab.n, 0);
	/* the device has 0 to 4: now 5 to 7 and 0 to 3 as well */
	lab.n.tx[0].guest.tail = 4;
	tx_kick(&lab.n, 0);
	ck_assert_uint_eq(lab.n.tx[0].taken, 8);
	ck_assert(tx_is_waiting(&lab.n, 0));
	tx_lab_run();
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 12);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 4);
	ck_assert(!tx_is_waiting(&lab.n, 0));
}
END_TEST

/* ---- descriptors that carry nothing, frames that do not end ------------------ */

START_TEST(descriptors_without_length_or_address_carry_nothing)
{
	uint64_t at;

	tx_lab_up(0, 16, 0);
	at = tx_lab_put_frame(1, 100);
	tx_lab_legacy(0, at, 0, TXD_IFCS);
	tx_lab_legacy(0, at, 40, TXD_IFCS);
	tx_lab_legacy(0, 0, 500, TXD_IFCS);
	tx_lab_legacy(0, at + 40, 60, TXD_IFCS);
	tx_lab_legacy(0, at, 0, TX_LAST);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 1);
	tx_lab_expect(0, 1, 100);
	ck_assert(tx_lab_is_done(0, 4));
}
END_TEST

START_TEST(a_frame_of_nothing_is_not_sent_and_done)
{
	uint32_t index;

	tx_lab_up(0, 16, 0);
	index = tx_lab_legacy(0, tx_lab_put_frame(1, 10), 0, TX_LAST);
	tx_lab_kick(0);
	ck_assert(tx_lab_is_done(0, index));
	ck_assert_uint_eq(lab.ics, INT_TXDW);
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 0);
	for (uint32_t c = 0; c < E1000_COUNTERS; c++)
		ck_assert_uint_eq(lab.n.counter[c], 0);
}
END_TEST

START_TEST(a_frame_whose_end_has_not_come_waits_for_it)
{
	uint64_t at;

	tx_lab_up(0, 16, 0);
	at = tx_lab_put_frame(1, 100);
	tx_lab_legacy(0, at, 40, TXD_IFCS | TXD_RS);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 0);
	ck_assert(!tx_lab_is_done(0, 0) && !tx_is_waiting(&lab.n, 0));
	tx_lab_legacy(0, at + 40, 60, TX_LAST);
	tx_lab_kick(0);
	tx_lab_run();
	tx_lab_expect(0, 1, 100);
	ck_assert(tx_lab_is_done(0, 0) && tx_lab_is_done(0, 1));
}
END_TEST

START_TEST(a_whole_ring_without_an_end_is_dropped_and_done)
{
	uint64_t at;

	tx_lab_up(0, 8, 3);
	at = tx_lab_put_frame(1, 100);
	for (uint32_t i = 0; i < 7; i++)
		tx_lab_legacy(0, at, 4, TXD_IFCS | TXD_RS);
	tx_lab_kick(0);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 2);
	for (uint32_t i = 0; i < 8; i++)
		ck_assert_int_eq(tx_lab_is_done(0, i), i != 2);
	/* on and on, until it ends */
	for (uint32_t i = 0; i < 5; i++)
		tx_lab_legacy(0, at, 4, TXD_IFCS | TXD_RS);
	tx_lab_kick(0);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 7);
	ck_assert_uint_eq(COUNTER(TX_TOO_LONG), 0);
	tx_lab_legacy(0, at, 4, TX_LAST);
	tx_lab_send_one(7, 60);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(COUNTER(TX_TOO_LONG), 1);
	ck_assert_uint_eq(lab.sent_count, 1);
	tx_lab_expect(0, 7, 60);
}
END_TEST

START_TEST(a_frame_that_fills_the_ring_to_its_last_descriptor_is_sent)
{
	tx_lab_up(0, 8, 3);
	tx_lab_send_in(0, 1, 100, 7, TX_LAST);
	tx_lab_kick(0);
	tx_lab_run();
	tx_lab_expect(0, 1, 100);
}
END_TEST

/* ---- kinds of descriptors ---------------------------------------------------- */

START_TEST(a_type_that_no_descriptor_has_spoils_the_frame)
{
	uint64_t at;

	tx_lab_up(0, 16, 0);
	at = tx_lab_put_frame(1, 100);
	tx_lab_data(0, at, 40, TXD_IFCS, 0);
	tx_lab_put(0, (union tx_desc){ .data = { .buffer = at + 40,
		.length_type = 60 | (uint32_t)_i << TXD_DTYP_SHIFT | (TX_LAST | TXD_DEXT) << TXD_CMD_SHIFT } });
	tx_lab_send_one(2, 60);
	tx_lab_kick(0);
	ck_assert_uint_eq(COUNTER(TX_OFFLOAD), 1);
	ck_assert(tx_lab_is_done(0, 1));
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 1);
	tx_lab_expect(0, 2, 60);
}
END_TEST

START_TEST(legacy_and_data_descriptors_in_one_frame_spoil_it)
{
	uint64_t at;

	tx_lab_up(0, 16, 0);
	at = tx_lab_put_frame(1, 100);
	tx_lab_legacy(0, at, 40, TXD_IFCS);
	tx_lab_data(0, at + 40, 60, TX_LAST, 0);
	tx_lab_data(0, at, 40, TXD_IFCS, 0);
	tx_lab_legacy(0, at + 40, 60, TX_LAST);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(COUNTER(TX_OFFLOAD), 2);
	ck_assert_uint_eq(lab.sent_count, 0);
	ck_assert(tx_lab_is_done(0, 1) && tx_lab_is_done(0, 3));
}
END_TEST

START_TEST(legacy_and_data_frames_may_follow_each_other)
{
	uint64_t at;

	tx_lab_up(0, 16, 0);
	at = tx_lab_put_frame(1, 100);
	tx_lab_legacy(0, at, 100, TX_LAST);
	tx_lab_data(0, at, 100, TX_LAST, 0);
	tx_lab_context(0, (struct tx_context){ .tucss = 77 });
	tx_lab_legacy(0, at, 100, TX_LAST);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 3);
	for (uint32_t i = 0; i < 3; i++)
		tx_lab_expect(i, 1, 100);
}
END_TEST

START_TEST(a_context_within_a_frame_spoils_it)
{
	uint64_t at;

	tx_lab_up(0, 16, 0);
	at = tx_lab_put_frame(1, 100);
	tx_lab_data(0, at, 40, TXD_IFCS, 0);
	tx_lab_context(0, (struct tx_context){ .tucss = 34 });
	tx_lab_data(0, at + 40, 60, TX_LAST, 0);
	tx_lab_kick(0);
	ck_assert_uint_eq(COUNTER(TX_OFFLOAD), 1);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 3);
}
END_TEST

START_TEST(a_context_alone_is_done_at_once)
{
	uint32_t index;

	tx_lab_up(0, 16, 0);
	index = tx_lab_context(0, (struct tx_context){ .paylen_type = TXD_RS << TXD_CMD_SHIFT });
	tx_lab_kick(0);
	ck_assert(tx_lab_is_done(0, index));
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 1);
	ck_assert_uint_eq(lab.ics, INT_TXDW);
	/* none that asks for nothing is announced */
	lab.ics = 0;
	tx_lab_context(0, (struct tx_context){ .paylen_type = 0 });
	tx_lab_kick(0);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 2);
	ck_assert_uint_eq(lab.ics, 0);
}
END_TEST

/* ---- memory that is not there, or changes ------------------------------------- */

START_TEST(a_ring_that_is_not_in_ram_moves_nothing)
{
	static const uint64_t at[] = {
		HOLE, HOLE + HOLE_BYTES - DESC_BYTES, RAM_BYTES, 0xfffffffffffffff0, 0x100000000, 0xfee00000,
	};
	struct guest_ring *g = &lab.n.tx[0].guest;

	tx_lab_up(0, 8, 0);
	tx_forget(&lab.n, 0);
	g->bal = (uint32_t)at[_i];
	g->bah = (uint32_t)(at[_i] >> 32);
	g->tail = 5;
	tx_kick(&lab.n, 0);
	ck_assert_uint_eq(COUNTER(RING), 1);
	ck_assert_uint_eq(g->head, 0);
	ck_assert(!tx_is_waiting(&lab.n, 0));
	ck_assert_uint_eq(lab.writes, 0);
}
END_TEST

START_TEST(a_ring_that_leaves_ram_is_followed_as_far_as_it_goes)
{
	struct guest_ring *g = &lab.n.tx[0].guest;

	tx_lab_up(0, 8, 0);
	tx_forget(&lab.n, 0);
	lab.ring[0] = g->bal = HOLE - 2 * DESC_BYTES;
	tx_lab_send_one(1, 60);
	tx_lab_send_one(2, 60);
	g->tail = 7;
	tx_kick(&lab.n, 0);
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 2);
	ck_assert_uint_eq(g->head, 2);
	ck_assert(COUNTER(RING) >= 1);
}
END_TEST

static const uint64_t bad_buffers[] = {
	HOLE, HOLE - 1, HOLE + HOLE_BYTES - 1, RAM_BYTES, RAM_BYTES - 1, UINT64_MAX, UINT64_MAX - 30, 1ull << 63,
};

START_TEST(a_buffer_that_is_not_ram_drops_its_frame_and_is_done)
{
	uint32_t index;

	tx_lab_up(0, 16, 0);
	tx_lab_legacy(0, tx_lab_put_frame(1, 60), 60, TXD_IFCS);
	index = tx_lab_legacy(0, bad_buffers[_i], 60, TX_LAST);
	tx_lab_send_one(2, 60);
	tx_lab_kick(0);
	ck_assert(tx_lab_is_done(0, index));
	ck_assert_uint_eq(COUNTER(TX_MEMORY), 1);
	ck_assert_uint_eq(lab.ics, INT_TXDW);
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 1);
	tx_lab_expect(0, 2, 60);
}
END_TEST

/* The same behind the bytes that are copied: the device would read it. */
START_TEST(a_buffer_that_the_device_may_not_reach_drops_its_frame_unjudged)
{
	tx_lab_up(0, 16, 0);
	tx_lab_legacy(0, tx_lab_put_frame(1, 1000), 1000, TXD_IFCS);
	tx_lab_legacy(0, bad_buffers[_i], 60, TX_LAST);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(COUNTER(TX_MEMORY), 1);
	ck_assert_uint_eq(lab.sent_count, 0);
	ck_assert_uint_eq(lab.transfers, 0);
}
END_TEST

START_TEST(what_is_ram_but_not_the_devices_is_not_sent_either)
{
	tx_lab_up(0, 16, 0);
	lab.no_dma_from = BUFFERS_AT + 1000;
	lab.no_dma_to = BUFFERS_AT + 1001;
	tx_lab_send_one(1, 1514);
	tx_lab_kick(0);
	ck_assert_uint_eq(COUNTER(TX_MEMORY), 1);
	lab.no_dma_from = lab.no_dma_to = 0;
	tx_lab_send_one(1, 1514);
	tx_lab_kick(0);
	ck_assert_uint_eq(COUNTER(TX_PASSED), 1);
}
END_TEST

static void change_what_was_read(uint64_t at, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		lab.ram[at + i] ^= 0x5a;
}

START_TEST(memory_that_changes_behind_each_read_is_read_once)
{
	tx_lab_up(0, 16, 0);
	lab.after_read = change_what_was_read;
	tx_lab_send_in(0, 1, 300, 3, TX_LAST);
	tx_lab_send_in(0, 2, 120, 1, TX_LAST);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 2);
	tx_lab_expect(0, 1, 300);
	tx_lab_expect(1, 2, 120);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 4);
	ck_assert_uint_eq(lab.reads, 1 + 4);	/* the descriptors at once */
}
END_TEST

START_TEST(a_frame_of_more_than_its_headers_is_read_once_too)
{
	const uint8_t *got;
	struct frame *f;

	tx_lab_up(0, 16, 0);
	lab.after_read = change_what_was_read;
	f = tx_lab_tcp(1514);
	tx_lab_legacy(0, tx_lab_bytes(f->bytes, f->len), f->len, TX_LAST);
	tx_lab_kick(0);
	tx_lab_run();
	got = tx_lab_sent(0)->bytes;
	ck_assert_int_eq(memcmp(got, f->bytes, f->len), 0);
	ck_assert_uint_eq(lab.reads, 2);
}
END_TEST

START_TEST(two_rings_in_one_place_hurt_nobody)
{
	tx_lab_82574();
	tx_lab_up(0, 16, 0);
	tx_lab_up(1, 16, 0);
	lab.ring[1] = lab.n.tx[1].guest.bal = lab.ring[0];
	for (uint32_t i = 0; i < 10; i++)
		tx_lab_send_one(i, 70);
	lab.tail[1] = lab.tail[0];
	tx_lab_kick(0);
	tx_lab_kick(1);
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 20);
	for (uint32_t i = 0; i < 20; i++)
		tx_lab_expect(i, i % 10, 70);
}
END_TEST

START_TEST(a_descriptor_whose_buffer_is_the_ring_hurts_nobody)
{
	tx_lab_up(0, 8, 0);
	for (uint32_t i = 0; i < 7; i++)
		tx_lab_legacy(0, RING_AT(0), 8 * DESC_BYTES, TX_LAST);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(lab.sent_count, 7);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 7);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_tx");
	TCase *tc;

	tc = unit_case(s, "any policy");
	tcase_add_checked_fixture(tc, tx_lab_begin, tx_lab_end);
	tcase_add_test(tc, a_frame_is_sent_as_it_is_and_done_when_the_device_is_done_with_it);
	tcase_add_loop_test(tc, a_frame_may_be_in_many_pieces, 1, TX_PIECES + 1);
	tcase_add_test(tc, a_piece_may_be_a_byte);
	tcase_add_test(tc, a_frame_in_more_pieces_than_the_model_takes_is_dropped_and_done);
	tcase_add_loop_test(tc, frames_wrap_around_rings_of_every_size, 0, 7);
	tcase_add_test(tc, a_tail_in_any_place_is_followed);
	tcase_add_test(tc, a_tail_of_ffff_in_a_ring_of_4096_bytes_moves_nothing);
	tcase_add_test(tc, a_tail_beyond_the_ring_does_not_hold_up_what_is_under_way);
	tcase_add_test(tc, a_tail_set_back_to_the_head_does_not_hold_up_what_is_under_way);
	tcase_add_test(tc, a_tail_set_back_makes_the_ring_go_round_and_no_further);
	tcase_add_test(tc, descriptors_without_length_or_address_carry_nothing);
	tcase_add_test(tc, a_frame_of_nothing_is_not_sent_and_done);
	tcase_add_test(tc, a_frame_whose_end_has_not_come_waits_for_it);
	tcase_add_test(tc, a_whole_ring_without_an_end_is_dropped_and_done);
	tcase_add_test(tc, a_frame_that_fills_the_ring_to_its_last_descriptor_is_sent);
	tcase_add_loop_test(tc, a_type_that_no_descriptor_has_spoils_the_frame, 2, 16);
	tcase_add_test(tc, legacy_and_data_descriptors_in_one_frame_spoil_it);
	tcase_add_test(tc, legacy_and_data_frames_may_follow_each_other);
	tcase_add_test(tc, a_context_within_a_frame_spoils_it);
	tcase_add_test(tc, a_context_alone_is_done_at_once);
	tcase_add_loop_test(tc, a_ring_that_is_not_in_ram_moves_nothing, 0, 6);
	tcase_add_test(tc, a_ring_that_leaves_ram_is_followed_as_far_as_it_goes);
	tcase_add_test(tc, what_is_ram_but_not_the_devices_is_not_sent_either);
	tcase_add_test(tc, two_rings_in_one_place_hurt_nobody);
	tcase_add_test(tc, a_descriptor_whose_buffer_is_the_ring_hurts_nobody);

	tc = unit_case(s, "by headers");
	tcase_add_checked_fixture(tc, tx_lab_begin_headers, tx_lab_end);
	tcase_add_loop_test(tc, a_buffer_that_is_not_ram_drops_its_frame_and_is_done, 0, 8);
	tcase_add_loop_test(tc, a_buffer_that_the_device_may_not_reach_drops_its_frame_unjudged, 0, 8);
	tcase_add_test(tc, memory_that_changes_behind_each_read_is_read_once);

	tc = unit_case(s, "by content");
	tcase_add_checked_fixture(tc, tx_lab_begin_content, tx_lab_end);
	tcase_add_test(tc, a_frame_of_more_than_its_headers_is_read_once_too);
	return s;
}
