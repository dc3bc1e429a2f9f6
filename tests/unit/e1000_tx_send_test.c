/*
 * e1000_tx_send_test.c - frames leave: what is copied, what the policy says, lengths, FCS, tags
 */
#include "tests/unit/e1000_tx_lab.h"

/* ---- what is copied ------------------------------------------------------------ */

static const struct sent *send_tcp(uint32_t len)
{
	struct frame *f = tx_lab_tcp(len);

	tx_lab_data(0, tx_lab_bytes(f->bytes, f->len), f->len, TX_LAST, 0);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_int_eq(memcmp(tx_lab_sent(lab.sent_count - 1)->bytes, tx_lab_tcp(len)->bytes, len), 0);
	return tx_lab_sent(lab.sent_count - 1);
}

START_TEST(judged_by_headers_the_rest_comes_from_the_guests_pages)
{
	const struct sent *s;

	tx_lab_up(0, 16, 0);
	s = send_tcp(1514);
	ck_assert_uint_eq(s->first_len, NET_HEADERS);
	ck_assert_uint_eq(s->direct, 1514 - NET_HEADERS);
	ck_assert_uint_eq(s->descs, 2);
	ck_assert_uint_eq(lab.transfers, 1);
}
END_TEST

START_TEST(a_small_frame_is_copied_whole)
{
	tx_lab_up(0, 16, 0);
	ck_assert_uint_eq(send_tcp(512)->direct, 0);
	ck_assert_uint_ne(send_tcp(513)->direct, 0);
}
END_TEST

START_TEST(judged_by_content_all_is_copied)
{
	tx_lab_up(0, 16, 0);
	ck_assert_uint_eq(send_tcp(1514)->direct, 0);
	ck_assert_uint_eq(send_tcp(9014)->direct, 0);
}
END_TEST

START_TEST(headers_that_do_not_end_in_the_copied_bytes_are_copied_to_their_end)
{
	tx_lab_up(0, 16, 0);
	/* no IP: all might be a header */
	for (uint32_t pieces = 1; pieces < 6; pieces++) {
		tx_lab_send_in(0, pieces, 1000, pieces, TX_LAST);
		tx_lab_kick(0);
		tx_lab_run();
		tx_lab_expect(pieces - 1, pieces, 1000);
		ck_assert_uint_eq(tx_lab_sent(pieces - 1)->direct, 0);
	}
}
END_TEST

START_TEST(headers_in_a_piece_of_their_own_are_all_that_is_copied)
{
	static const uint32_t first[] = { 54, 55, 66, 255, 256, 257, 53, 42, 41, 14, 1 };
	struct frame *f = tx_lab_tcp(1514);
	uint64_t at = tx_lab_bytes(f->bytes, f->len);

	tx_lab_up(0, 64, 0);
	for (uint32_t i = 0; i < sizeof(first) / sizeof(*first); i++) {
		uint32_t copied = first[i] >= 54 && first[i] < NET_HEADERS ? first[i] : NET_HEADERS;

		tx_lab_data(0, at, first[i], TXD_IFCS, 0);
		tx_lab_data(0, at + first[i], 1514 - first[i], TX_LAST, 0);
		tx_lab_kick(0);
		tx_lab_run();
		ck_assert_uint_eq(tx_lab_sent(i)->first_len, copied);
		ck_assert_uint_eq(tx_lab_sent(i)->direct, 1514 - copied);
		ck_assert_int_eq(memcmp(tx_lab_sent(i)->bytes, f->bytes, 1514), 0);
	}
}
END_TEST

START_TEST(with_no_policy_for_what_leaves_nothing_is_judged)
{
	tx_lab_up(0, 16, 0);
	ck_assert_uint_ne(send_tcp(1514)->direct, 0);
	tx_lab_send_one(1, 1000);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(lab.transfers, 0);
	ck_assert_uint_eq(lab.sent_count, 2);
}
END_TEST

START_TEST(a_frame_in_many_pieces_is_copied_whole)
{
	struct frame *f = tx_lab_tcp(1514);
	uint64_t at = tx_lab_bytes(f->bytes, f->len);

	tx_lab_up(0, 128, 0);
	for (uint32_t i = 0; i < 32; i++)
		tx_lab_data(0, at + i * 47, 47, TXD_IFCS, 0);
	tx_lab_data(0, at + 32 * 47, 10, TX_LAST, 0);
	for (uint32_t i = 0; i < 31; i++)
		tx_lab_data(0, at + i * 47, 47, TXD_IFCS, 0);
	tx_lab_data(0, at + 31 * 47, 57, TX_LAST, 0);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(tx_lab_sent(0)->direct, 0);
	ck_assert_uint_ne(tx_lab_sent(1)->direct, 0);
	for (uint32_t i = 0; i < 2; i++)
		ck_assert_int_eq(memcmp(tx_lab_sent(i)->bytes, f->bytes, 1514), 0);
}
END_TEST

START_TEST(no_descriptor_is_longer_than_the_device_takes)
{
	tx_lab_up(0, 16, 0);
	tx_lab_send_one(1, 16000);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(tx_lab_sent(0)->longest, 4096);
	ck_assert_uint_eq(tx_lab_sent(0)->first_len, 256);
	tx_lab_end();
	tx_lab_begin_content();
	tx_lab_up(0, 16, 0);
	tx_lab_send_one(1, 16000);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(tx_lab_sent(0)->longest, 4096);
	ck_assert_uint_eq(tx_lab_sent(0)->first_len, 2015);
	tx_lab_end();
	tx_lab_begin_content();
	tx_lab_82574();
	tx_lab_up(0, 16, 0);
	tx_lab_send_one(1, 16000);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(tx_lab_sent(0)->longest, 8192);
	ck_assert_uint_eq(tx_lab_sent(0)->first_len, 8192);
}
END_TEST

/* ---- the policy's word ----------------------------------------------------------- */

START_TEST(a_dropped_frame_is_not_sent_and_done_and_announced)
{
	uint32_t index;

	tx_lab_up(0, 16, 0);
	index = tx_lab_send_port(99, 1000, TX_LAST);
	tx_lab_kick(0);
	ck_assert(tx_lab_is_done(0, index));
	ck_assert_uint_eq(lab.ics, INT_TXDW);
	ck_assert_uint_eq(lab.ics_writes, 1);
	ck_assert_uint_eq(COUNTER(TX_DROPPED), 1);
	ck_assert_uint_eq(COUNTER(TX_PASSED), 0);
	ck_assert_uint_eq(COUNTER(TX_BYTES), 0);
	ck_assert_uint_eq(lab.transfers, 1);
	tx_complete(&lab.n, 0);
	ck_assert_uint_eq(lab.ics_writes, 1);
	ck_assert_uint_eq(lab.doorbells, 1);
}
END_TEST

START_TEST(a_dropped_frame_that_wants_no_report_is_not_announced)
{
	tx_lab_up(0, 16, 0);
	tx_lab_send_port(99, 1000, TXD_EOP | TXD_IFCS);
	tx_lab_kick(0);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 1);
	ck_assert_uint_eq(lab.ics_writes, 0);
}
END_TEST

START_TEST(dropped_frames_are_done_in_order_with_the_others)
{
	tx_lab_up(0, 16, 0);
	tx_lab_send_port(80, 1000, TX_LAST);
	tx_lab_send_port(99, 1000, TX_LAST);
	tx_lab_send_port(99, 1000, TX_LAST);
	tx_lab_send_port(81, 1000, TX_LAST);
	tx_lab_send_port(99, 1000, TX_LAST);
	tx_lab_kick(0);
	for (uint32_t i = 0; i < 5; i++)
		ck_assert(!tx_lab_is_done(0, i));
	tx_lab_device(1);
	tx_complete(&lab.n, 0);
	for (uint32_t i = 0; i < 5; i++)
		ck_assert_int_eq(tx_lab_is_done(0, i), i < 3);
	tx_lab_run();
	ck_assert(tx_lab_is_done(0, 4));
	ck_assert_uint_eq(lab.sent_count, 2);
	ck_assert_uint_eq(lab.ics_writes, 0);	/* the device's own interrupt makes the guest look */
}
END_TEST

#define UNASKED	(TXD_EOP | TXD_IFCS)

/* A frame with @first is sent, one with @second behind it dropped: is the guest told of that as soon as it is done? */
static bool is_told(unsigned first, unsigned second)
{
	uint32_t before = lab.ics_writes, index;

	tx_lab_send_port(80, 1000, first);
	index = tx_lab_send_port(99, 1000, second);
	tx_lab_kick(0);
	ck_assert_uint_eq(lab.ics_writes, before);
	if (!tx_is_waiting(&lab.n, 0)) {
		tx_lab_run();
		ck_assert_uint_eq(lab.ics_writes, before);
		return false;
	}
	tx_poll(&lab.n, 0);	/* the device is not done yet */
	ck_assert(tx_is_waiting(&lab.n, 0));
	tx_lab_device(1);
	tx_poll(&lab.n, 0);
	ck_assert(tx_lab_is_done(0, index));
	ck_assert_uint_eq(lab.ics_writes, before + 1);
	ck_assert_uint_eq(lab.ics, INT_TXDW);
	ck_assert(!tx_is_waiting(&lab.n, 0));
	return true;
}

START_TEST(a_dropped_frame_behind_a_delayed_interrupt_is_announced)
{
	tx_lab_up(0, 64, 0);
	ck_assert(is_told(UNASKED, TX_LAST));
	ck_assert(is_told(TX_LAST | TXD_IDE, TX_LAST));
	/* the device interrupts at once, */
	ck_assert(!is_told(TX_LAST, TX_LAST));
	/* or the guest asks for no better */
	ck_assert(!is_told(UNASKED, TX_LAST | TXD_IDE));
	ck_assert(!is_told(UNASKED, UNASKED));
	ck_assert(is_told(UNASKED, TX_LAST));
}
END_TEST

START_TEST(each_delayed_interrupt_that_is_owed_is_given)
{
	tx_lab_up(0, 64, 0);
	for (uint32_t i = 0; i < 2; i++) {
		tx_lab_send_port(80, 1000, UNASKED);
		tx_lab_send_port(99, 1000, TX_LAST);
		tx_lab_send_port(99, 1000, TX_LAST);
	}
	tx_lab_kick(0);
	for (uint32_t i = 1; i <= 2; i++) {
		ck_assert(tx_is_waiting(&lab.n, 0));
		tx_lab_device(1);
		tx_poll(&lab.n, 0);
		ck_assert_uint_eq(lab.ics_writes, i);
	}
	ck_assert(!tx_is_waiting(&lab.n, 0));
}
END_TEST

START_TEST(what_is_owed_is_forgotten_with_the_ring)
{
	tx_lab_up(0, 64, 0);
	tx_lab_send_port(80, 1000, UNASKED);
	tx_lab_send_port(99, 1000, TX_LAST);
	tx_lab_kick(0);
	tx_forget(&lab.n, 0);
	lab.n.tx[0].guest.tail = lab.n.tx[0].guest.head;
	ck_assert(!tx_is_waiting(&lab.n, 0));
	tx_lab_device(1);
	tx_poll(&lab.n, 0);
	ck_assert_uint_eq(lab.ics_writes, 0);
	ck_assert(!tx_is_waiting(&lab.n, 0));
}
END_TEST

START_TEST(content_decides_over_all_pieces)
{
	struct frame *f = tx_lab_tcp(1400);
	uint64_t at;

	tx_lab_up(0, 16, 0);
	memcpy(f->bytes + 1300, "secret", 6);
	at = tx_lab_bytes(f->bytes, f->len);
	tx_lab_legacy(0, at, 1303, TXD_IFCS);
	tx_lab_legacy(0, at + 1303, 97, TX_LAST);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(COUNTER(TX_DROPPED), 1);
	ck_assert_uint_eq(lab.sent_count, 0);
}
END_TEST

static void begin_rewrite(void)
{
	tx_lab_reset("policy \"r\" version 1; on net out default pass {"
		     " a: tcp.dport == 53 -> rewrite ip.dst = 10.9.8.7; }");
}

START_TEST(a_rewritten_frame_is_what_is_sent_and_the_guests_copy_stays)
{
	uint32_t index;
	const struct sent *s;

	tx_lab_up(0, 16, 0);
	index = tx_lab_send_port(53, 1000, TX_LAST);
	tx_lab_kick(0);
	tx_lab_run();
	s = tx_lab_sent(0);
	ck_assert_int_eq(memcmp(s->bytes + 30, "\x0a\x09\x08\x07", 4), 0);
	ck_assert_uint_eq(lab.ram[tx_lab_desc(0, index)->legacy.buffer + 30], 0xc0);
	ck_assert_uint_eq(s->direct, 1000 - NET_HEADERS);
	ck_assert_uint_eq(COUNTER(TX_REWRITTEN), 1);
	ck_assert_uint_eq(COUNTER(TX_PASSED), 1);
}
END_TEST

/* ---- lengths, FCS, tags -------------------------------------------------------------------- */

START_TEST(frames_shorter_than_the_device_can_pad_are_dropped)
{
	uint32_t index;

	tx_lab_up(0, 16, 0);
	index = tx_lab_send_one(1, 16);
	tx_lab_legacy(0, tx_lab_put_frame(1, 20), 1, TX_LAST);
	tx_lab_send_one(2, 17);
	tx_lab_kick(0);
	ck_assert(tx_lab_is_done(0, index) && tx_lab_is_done(0, index + 1));
	tx_lab_run();
	ck_assert_uint_eq(COUNTER(TX_SHORT), 2);
	ck_assert_uint_eq(lab.sent_count, 1);
	tx_lab_expect(0, 2, 17);
}
END_TEST

START_TEST(frames_longer_than_the_device_sends_are_dropped)
{
	tx_lab_up(0, 16, 0);
	tx_lab_send_one(1, TX_PACKET_MAX);
	tx_lab_send_one(2, TX_PACKET_MAX + 1);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(COUNTER(TX_TOO_LONG), 1);
	tx_lab_expect(0, 1, TX_PACKET_MAX);
}
END_TEST

START_TEST(a_length_that_grows_without_end_is_dropped)
{
	tx_lab_up(0, 16, 0);
	for (uint32_t i = 0; i < 10; i++)
		tx_lab_data(0, BUFFERS_AT, TXD_LENGTH_MASK, i < 9 ? TXD_IFCS : TX_LAST, 0);
	tx_lab_kick(0);
	ck_assert_uint_eq(COUNTER(TX_TOO_LONG), 1);
	ck_assert_uint_eq(lab.n.tx[0].guest.head, 10);
}
END_TEST

/* IEEE 802.3, bit by bit */
static void append_fcs(struct frame *f)
{
	uint32_t crc = UINT32_MAX;

	for (uint32_t i = 0; i < f->len; i++) {
		crc ^= f->bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	for (int i = 0; i < 4; i++)
		put_be(f, ~crc >> 8 * i & 0xff, 1);
}

START_TEST(a_frame_with_its_own_fcs_is_sent_without_it)
{
	struct frame *f = tx_lab_tcp(1000);

	tx_lab_up(0, 16, 0);
	append_fcs(f);
	tx_lab_legacy(0, tx_lab_bytes(f->bytes, f->len), f->len, TXD_EOP | TXD_RS);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(tx_lab_sent(0)->len, 1000);
	ck_assert_int_eq(memcmp(tx_lab_sent(0)->bytes, f->bytes, 1000), 0);
	ck_assert_uint_eq(COUNTER(TX_BYTES), 1000);
}
END_TEST

START_TEST(a_frame_with_a_wrong_fcs_is_dropped)
{
	struct frame *f = tx_lab_tcp(1000);

	tx_lab_up(0, 16, 0);
	append_fcs(f);
	f->bytes[(uint32_t)_i % f->len] ^= 0x10;
	tx_lab_legacy(0, tx_lab_bytes(f->bytes, f->len), f->len, TXD_EOP | TXD_RS);
	tx_lab_kick(0);
	ck_assert_uint_eq(COUNTER(TX_OFFLOAD), 1);
	ck_assert_uint_eq(lab.transfers, 0);
}
END_TEST

START_TEST(a_frame_with_its_own_fcs_is_judged_and_rewritten_without_it)
{
	struct frame *f = tx_lab_tcp(600);

	tx_lab_up(0, 16, 0);
	set_be16(f, 36, 53);
	append_fcs(f);
	tx_lab_legacy(0, tx_lab_bytes(f->bytes, f->len), f->len, TXD_EOP | TXD_RS);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(tx_lab_sent(0)->len, 600);
	ck_assert_uint_eq(tx_lab_sent(0)->bytes[30], 10);
}
END_TEST

START_TEST(the_shortest_frame_with_its_own_fcs_has_four_bytes_more)
{
	struct frame f = { .len = 16 };

	tx_lab_up(0, 16, 0);
	append_fcs(&f);
	tx_lab_legacy(0, tx_lab_bytes(f.bytes, f.len), f.len, TXD_EOP | TXD_RS);
	f.len = 17;
	append_fcs(&f);
	tx_lab_legacy(0, tx_lab_bytes(f.bytes, f.len), f.len, TXD_EOP | TXD_RS);
	tx_lab_kick(0);
	tx_lab_run();
	ck_assert_uint_eq(COUNTER(TX_SHORT), 1);
	ck_assert_uint_eq(lab.sent_count, 1);
}
END_TEST

/* A legacy frame of which the device is to put a tag in. */
static void send_tagged(uint32_t len, unsigned cmd)
{
	tx_lab_put(0, (union tx_desc){ .legacy = {
		.buffer = tx_lab_put_frame(1, len), .length = (uint16_t)len,
		.cmd = (uint8_t)(cmd | TXD_VLE), .special = 0xe123 } });
	tx_lab_kick(0);
	tx_lab_run();
}

static void expect_tagged(uint32_t i, uint16_t type, uint32_t len)
{
	const struct sent *s = tx_lab_sent(i);
	const uint8_t *plain = tx_lab_numbered(1, len);

	ck_assert_uint_eq(s->len, len + 4);
	ck_assert_int_eq(memcmp(s->bytes, plain, 12), 0);
	ck_assert_uint_eq(s->bytes[12] << 8 | s->bytes[13], type);
	ck_assert_uint_eq(s->bytes[14] << 8 | s->bytes[15], 0xe123);
	ck_assert_int_eq(memcmp(s->bytes + 16, plain + 12, len - 12), 0);
}

START_TEST(a_vlan_tag_is_put_in_by_the_model)
{
	tx_lab_up(0, 16, 0);
	lab.n.ctrl = CTRL_VME;
	send_tagged(100, TX_LAST);
	expect_tagged(0, 0x8100, 100);
	/* it brings the FCS with it (8254x manual, section 3.3.3.1) */
	send_tagged(100, TXD_EOP | TXD_RS);
	expect_tagged(1, 0x8100, 100);
	lab.n.vet = 0x88a8;
	send_tagged(1514, TX_LAST);
	expect_tagged(2, 0x88a8, 1514);
}
END_TEST

START_TEST(a_tag_is_put_in_wherever_the_first_piece_ends)
{
	struct frame *f = tx_lab_tcp(1000);
	uint64_t at = tx_lab_bytes(f->bytes, f->len);

	tx_lab_up(0, 64, 0);
	lab.n.ctrl = CTRL_VME;
	for (uint32_t first = 1; first < 80; first++) {
		const uint8_t *got;

		tx_lab_data(0, at, first, TXD_IFCS, 0);
		tx_lab_data(0, at + first, 1000 - first, TX_LAST | TXD_VLE, 0);
		tx_lab_kick(0);
		tx_lab_run();
		got = tx_lab_sent(first - 1)->bytes;
		ck_assert_int_eq(memcmp(got, f->bytes, 12), 0);
		ck_assert_int_eq(memcmp(got + 12, "\x81\0\0\0", 4), 0);
		ck_assert_int_eq(memcmp(got + 16, f->bytes + 12, 988), 0);
	}
}
END_TEST

START_TEST(without_vme_no_tag_is_put_in)
{
	tx_lab_up(0, 16, 0);
	send_tagged(100, TX_LAST);
	tx_lab_expect(0, 1, 100);
	send_tagged(100, TXD_EOP | TXD_RS);
	ck_assert_uint_eq(COUNTER(TX_OFFLOAD), 1);	/* no FCS then */
}
END_TEST

static void begin_vlan(void)
{
	tx_lab_reset("policy \"v\" version 1; on net out default pass { a: vlan.id == 0x123 -> drop; }");
}

START_TEST(the_judge_sees_the_tag)
{
	tx_lab_up(0, 16, 0);
	lab.n.ctrl = CTRL_VME;
	send_tagged(100, TX_LAST);
	ck_assert_uint_eq(COUNTER(TX_DROPPED), 1);
	tx_lab_legacy(0, tx_lab_put_frame(1, 100), 50, TXD_IFCS | TXD_VLE);	/* only the last one's counts */
	tx_lab_legacy(0, tx_lab_put_frame(1, 100) + 50, 50, TX_LAST);
	tx_lab_kick(0);
	tx_lab_run();
	tx_lab_expect(0, 1, 100);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_tx_send");
	TCase *tc;

	tc = unit_case(s, "any policy");
	tcase_add_checked_fixture(tc, tx_lab_begin, tx_lab_end);
	tcase_add_test(tc, with_no_policy_for_what_leaves_nothing_is_judged);
	tcase_add_test(tc, a_frame_in_many_pieces_is_copied_whole);
	tcase_add_test(tc, no_descriptor_is_longer_than_the_device_takes);
	tcase_add_test(tc, frames_shorter_than_the_device_can_pad_are_dropped);
	tcase_add_test(tc, frames_longer_than_the_device_sends_are_dropped);
	tcase_add_test(tc, a_length_that_grows_without_end_is_dropped);
	tcase_add_test(tc, a_frame_with_its_own_fcs_is_sent_without_it);
	tcase_add_test(tc, the_shortest_frame_with_its_own_fcs_has_four_bytes_more);
	tcase_add_test(tc, a_vlan_tag_is_put_in_by_the_model);
	tcase_add_test(tc, without_vme_no_tag_is_put_in);

	tc = unit_case(s, "by headers");
	tcase_add_checked_fixture(tc, tx_lab_begin_headers, tx_lab_end);
	tcase_add_test(tc, judged_by_headers_the_rest_comes_from_the_guests_pages);
	tcase_add_test(tc, a_tag_is_put_in_wherever_the_first_piece_ends);
	tcase_add_test(tc, headers_in_a_piece_of_their_own_are_all_that_is_copied);
	tcase_add_test(tc, a_small_frame_is_copied_whole);
	tcase_add_test(tc, headers_that_do_not_end_in_the_copied_bytes_are_copied_to_their_end);
	tcase_add_test(tc, a_dropped_frame_is_not_sent_and_done_and_announced);
	tcase_add_test(tc, a_dropped_frame_that_wants_no_report_is_not_announced);
	tcase_add_test(tc, dropped_frames_are_done_in_order_with_the_others);
	tcase_add_test(tc, a_dropped_frame_behind_a_delayed_interrupt_is_announced);
	tcase_add_test(tc, each_delayed_interrupt_that_is_owed_is_given);
	tcase_add_test(tc, what_is_owed_is_forgotten_with_the_ring);
	tcase_add_loop_test(tc, a_frame_with_a_wrong_fcs_is_dropped, 995, 1004);

	tc = unit_case(s, "by content");
	tcase_add_checked_fixture(tc, tx_lab_begin_content, tx_lab_end);
	tcase_add_test(tc, judged_by_content_all_is_copied);
	tcase_add_test(tc, content_decides_over_all_pieces);

	tc = unit_case(s, "rewriting");
	tcase_add_checked_fixture(tc, begin_rewrite, tx_lab_end);
	tcase_add_test(tc, a_rewritten_frame_is_what_is_sent_and_the_guests_copy_stays);
	tcase_add_test(tc, a_frame_with_its_own_fcs_is_judged_and_rewritten_without_it);

	tc = unit_case(s, "by tag");
	tcase_add_checked_fixture(tc, begin_vlan, tx_lab_end);
	tcase_add_test(tc, the_judge_sees_the_tag);
	return s;
}
