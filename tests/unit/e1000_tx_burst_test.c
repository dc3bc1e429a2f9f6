/*
 * e1000_tx_burst_test.c - bursts leave: one judgement, and segments only as the headers have them
 */
#include "tests/unit/e1000_tx_kind.h"

static const struct kind plain = { .proto = TCP, .payload = 20000, .burst = true };

static const struct kind kinds[] = {
	{ .proto = TCP, .payload = 20000, .burst = true },
	{ .proto = TCP, .payload = 20000 },
	{ .proto = TCP, .payload = 20000, .burst = true, .six = true },
	{ .proto = TCP, .payload = 20000, .six = true },
	{ .proto = TCP, .payload = 20000, .burst = true, .tags = 1, .tcp_options = 12 },
	{ .proto = TCP, .payload = 20000, .burst = true, .tags = 2, .six = true, .tcp_options = 40 },
	{ .proto = TCP, .payload = 20000, .burst = true, .ip_options = 40, .tcp_options = 40 },
	{ .proto = TCP, .payload = 1, .burst = true },
	{ .proto = TCP, .payload = 1448, .burst = true },
	{ .proto = TCP, .payload = 1449, .burst = true },
	/* datagrams of 65535 bytes */
	{ .proto = TCP, .payload = 65535 - 40, .burst = true },
	{ .proto = TCP, .payload = 65535 - 40 },
	{ .proto = TCP, .payload = 65535 - 20, .six = true },
	{ .proto = TCP, .payload = 65535 - 80, .burst = true, .ip_options = 40 },
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

/* The device has the burst, and a context that says what its headers say and nothing else. */
static void check_burst(const struct kind *k, uint16_t mss)
{
	struct tx_context want = context_of(k, mss);
	const struct sent *s = last();
	struct frame *f = build(k);

	ck_assert_uint_eq(s->len, f->len);
	ck_assert_int_eq(memcmp(s->bytes, f->bytes, f->len), 0);
	want.paylen_type |= (uint32_t)TXD_DEXT << TXD_CMD_SHIFT;
	if (k->six)
		want.ipcso = 0, want.ipcse = 0;
	ck_assert(s->has_context);
	ck_assert_int_eq(memcmp(&s->context, &want, sizeof(want)), 0);
	ck_assert_uint_eq(s->popts, popts_of(k));
	ck_assert_uint_eq(s->cmd, TXD_EOP | TXD_IFCS | TXD_RS | TXD_TSE | TXD_DEXT);
}

START_TEST(a_burst_is_judged_once_and_given_to_the_device)
{
	const struct kind *k = &kinds[_i];

	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(build(k), context_of(k, 1448), popts_of(k), TXD_TSE), E1000_TX_PASSED);
	ck_assert_uint_eq(lab.transfers, 1);
	check_burst(k, 1448);
	ck_assert_uint_eq(last()->direct, k->payload > 1000 ? build(k)->len - NET_HEADERS : 0);
	ck_assert_uint_le(last()->longest, 4096);
}
END_TEST

START_TEST(a_burst_judged_by_content_is_copied_whole)
{
	const struct kind *k = &kinds[_i];

	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(build(k), context_of(k, 1448), popts_of(k), TXD_TSE), E1000_TX_PASSED);
	check_burst(k, 1448);
	ck_assert_uint_eq(last()->direct, 0);
	tx_lab_end();
	tx_lab_begin_content();
	tx_lab_82574();
	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(build(k), context_of(k, 1448), popts_of(k), TXD_TSE), E1000_TX_PASSED);
	check_burst(k, 1448);
	ck_assert_uint_le(last()->descs, 64);	/* more than an emulated one takes */
}
END_TEST

START_TEST(content_anywhere_in_a_burst_drops_it)
{
	struct frame *f = build(&plain);

	tx_lab_up(0, 64, 0);
	memcpy(f->bytes + 54 + 13 * 1448 - 3, "secret", 6);	/* over the edge of two segments */
	ck_assert_int_eq(send_with(f, context_of(&plain, 1448), BOTH, TXD_TSE), E1000_TX_DROPPED);
}
END_TEST

START_TEST(a_burst_comes_in_pieces)
{
	struct frame *f = build(&plain);
	uint64_t at = tx_lab_bytes(f->bytes, f->len);
	uint32_t done = 54;

	tx_lab_up(0, 64, 0);
	tx_lab_context(0, context_of(&plain, 1448));
	tx_lab_data(0, at, 54, TXD_IFCS | TXD_TSE, BOTH);
	for (uint32_t part; done < f->len; done += part) {
		part = f->len - done < 4096 ? f->len - done : 4096;
		tx_lab_data(0, at + done, part, TXD_TSE | (done + part == f->len ? TX_LAST : TXD_IFCS), 0);
	}
	ck_assert_int_eq(fate(), E1000_TX_PASSED);
	check_burst(&plain, 1448);
}
END_TEST

/* As Linux's e1000 cuts a burst of page fragments: e1000_xmit_frame(), max_per_txd = min(mss << 2, 4096). */
START_TEST(a_burst_of_small_segments_comes_as_linux_cuts_it)
{
	static const uint16_t all[] = { 1448, 536, 342, 341, 256, 88 };
	struct kind k = { .proto = TCP, .payload = 65535 - 40, .burst = true };
	struct frame *f = build(&k);
	uint16_t mss = all[_i];
	uint64_t at = tx_lab_bytes(f->bytes, f->len);
	uint32_t done = 54, max = 4u * mss < 4096 ? 4u * mss : 4096;

	tx_lab_up(0, 256, 0);
	tx_lab_context(0, context_of(&k, mss));
	tx_lab_data(0, at, 54, TXD_IFCS | TXD_TSE, BOTH);
	for (uint32_t part; done < f->len; done += part) {
		uint32_t page = 4096 - (done - 54) % 4096;

		part = f->len - done < page ? f->len - done : page;
		part = part < max ? part : max;
		tx_lab_data(0, at + done, part, TXD_TSE | (done + part == f->len ? TX_LAST : TXD_IFCS), 0);
	}
	ck_assert_int_eq(fate(), E1000_TX_PASSED);
	check_burst(&k, mss);
}
END_TEST

START_TEST(a_burst_is_one_in_all_its_descriptors_or_refused)
{
	struct frame *f = build(&plain);
	uint64_t at = tx_lab_bytes(f->bytes, f->len);

	tx_lab_up(0, 64, 0);
	for (int i = 0; i < 2; i++) {
		tx_lab_context(0, context_of(&plain, 1448));
		tx_lab_data(0, at, 1000, TXD_IFCS | (i ? TXD_TSE : 0), BOTH);
		tx_lab_data(0, at + 1000, f->len - 1000, TX_LAST | (i ? 0 : TXD_TSE), BOTH);
		ck_assert_int_eq(fate(), E1000_TX_OFFLOAD);
	}
}
END_TEST

/* Each field of a right context made wrong. */
static const struct {
	const char *field;
	uint32_t at, mask, value;	/* a word of the context, its bits, what is put there */
	bool four;			/* wrong of IPv4 alone */
} wrong[] = {
	{ "IPCSS", 0, 0xff, 13, false }, { "IPCSO", 0, 0xff00, 23 << 8, true },
	{ "IPCSE", 0, 0xffff0000, 34u << 16, true },
	{ "TUCSS", 4, 0xff, 33, false }, { "TUCSO", 4, 0xff00, 51 << 8, false },
	{ "TUCSE", 4, 0xffff0000, 60u << 16, false },
	{ "PAYLEN", 8, TXD_LENGTH_MASK, 19999, false }, { "PAYLEN", 8, TXD_LENGTH_MASK, 20001, false },
	{ "PAYLEN", 8, TXD_LENGTH_MASK, 0, false }, { "PAYLEN", 8, TXD_LENGTH_MASK, 0xfffff, false },
	{ "HDRLEN", 12, 0xff00, 53 << 8, false }, { "HDRLEN", 12, 0xff00, 55 << 8, false },
	{ "HDRLEN", 12, 0xff00, 0, false }, { "HDRLEN", 12, 0xff00, 255 << 8, false },
	{ "MSS", 12, 0xffff0000, 0, false }, { "MSS", 12, 0xffff0000, 9u << 16, false },
	{ "MSS", 12, 0xffff0000, 0xffffu << 16, false },
	{ "TCP", 8, (uint32_t)TUCMD_TCP << TXD_CMD_SHIFT, 0, false },
	{ "IP", 8, (uint32_t)TUCMD_IP << TXD_CMD_SHIFT, 0, true },
};
enum { WRONG = sizeof(wrong) / sizeof(*wrong) };

START_TEST(a_burst_with_a_wrong_context_is_refused)
{
	static const struct kind six = { .proto = TCP, .payload = 20000, .burst = true, .six = true };
	uint32_t word;

	tx_lab_up(0, 64, 0);
	for (int i = 0; i < 2; i++) {
		const struct kind *k = i ? &six : &plain;
		struct tx_context c = context_of(k, 1448);

		memcpy(&word, (uint8_t *)&c + wrong[_i].at, 4);
		word = (word & ~wrong[_i].mask) | wrong[_i].value;
		memcpy((uint8_t *)&c + wrong[_i].at, &word, 4);
		ck_assert_msg(send_with(build(k), c, popts_of(k), TXD_TSE) ==
			      (i && wrong[_i].four ? E1000_TX_PASSED : E1000_TX_OFFLOAD), "%s, %d", wrong[_i].field, i);
	}
}
END_TEST

START_TEST(a_bursts_header_longer_than_it_is_refused)
{
	static const struct kind tiny = { .proto = TCP, .payload = 10, .burst = true };
	struct tx_context c = context_of(&tiny, 1448);

	tx_lab_up(0, 64, 0);
	c.hdrlen = 100;
	ck_assert_int_eq(send_with(build(&tiny), c, BOTH, TXD_TSE), E1000_TX_OFFLOAD);
	c.paylen_type = (c.paylen_type & ~(uint32_t)TXD_LENGTH_MASK) | ((64u - 100u) & TXD_LENGTH_MASK);
	ck_assert_int_eq(send_with(build(&tiny), c, BOTH, TXD_TSE), E1000_TX_OFFLOAD);
}
END_TEST

START_TEST(a_burst_without_payload_is_refused)
{
	static const struct kind bare = { .proto = TCP, .payload = 0, .tcp_options = 20 };

	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(build(&bare), context_of(&bare, 1448), BOTH, TXD_TSE), E1000_TX_OFFLOAD);
}
END_TEST

START_TEST(a_burst_is_cut_into_2048_segments_at_most)
{
	static const struct kind full = { .proto = TCP, .payload = 2048 * 20, .burst = true };
	static const struct kind over = { .proto = TCP, .payload = 2048 * 20 + 1, .burst = true };

	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(build(&full), context_of(&full, 20), BOTH, TXD_TSE), E1000_TX_PASSED);
	check_burst(&full, 20);
	ck_assert_uint_le(last()->longest, 192);
	ck_assert_int_eq(send_with(build(&over), context_of(&over, 20), BOTH, TXD_TSE), E1000_TX_OFFLOAD);
}
END_TEST

START_TEST(a_segment_may_be_a_byte)
{
	static const struct kind few = { .proto = TCP, .payload = 10, .burst = true };

	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(build(&few), context_of(&few, 1), BOTH, TXD_TSE), E1000_TX_PASSED);
	check_burst(&few, 1);
}
END_TEST

START_TEST(a_segment_is_no_longer_than_a_packet)
{
	uint16_t mss = TX_PACKET_MAX - 54;

	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(build(&plain), context_of(&plain, mss), BOTH, TXD_TSE), E1000_TX_PASSED);
	ck_assert_int_eq(send_with(build(&plain), context_of(&plain, mss + 1), BOTH, TXD_TSE), E1000_TX_OFFLOAD);
}
END_TEST

START_TEST(a_small_bursts_descriptors_are_four_segments_long)
{
	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(build(&plain), context_of(&plain, 536), BOTH, TXD_TSE), E1000_TX_PASSED);
	ck_assert_uint_eq(last()->longest, 4 * 536);
	tx_lab_end();
	tx_lab_begin_headers();
	tx_lab_82574();
	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(build(&plain), context_of(&plain, 536), BOTH, TXD_TSE), E1000_TX_PASSED);
	ck_assert_uint_eq(last()->longest, 8192);
}
END_TEST

START_TEST(a_burst_needs_all_its_sums)
{
	static const struct kind six = { .proto = TCP, .payload = 20000, .burst = true, .six = true };

	tx_lab_up(0, 64, 0);
	for (unsigned popts = 0; popts <= BOTH; popts++) {
		ck_assert_int_eq(send_with(build(&plain), context_of(&plain, 1448), popts, TXD_TSE),
				 popts == BOTH ? E1000_TX_PASSED : E1000_TX_OFFLOAD);
		ck_assert_int_eq(send_with(build(&six), context_of(&six, 1448), popts, TXD_TSE),
				 popts == POPTS_TXSM ? E1000_TX_PASSED : E1000_TX_OFFLOAD);
	}
}
END_TEST

START_TEST(a_burst_of_udp_is_refused)
{
	static const struct kind udp = { .proto = UDP, .payload = 20000, .burst = true };
	struct tx_context c = context_of(&udp, 1448);

	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(build(&udp), c, BOTH, TXD_TSE), E1000_TX_OFFLOAD);
	c.paylen_type |= (uint32_t)TUCMD_TCP << TXD_CMD_SHIFT;
	ck_assert_int_eq(send_with(build(&udp), c, BOTH, TXD_TSE), E1000_TX_OFFLOAD);
}
END_TEST

START_TEST(a_burst_whose_headers_say_less_than_there_is_is_refused)
{
	struct frame *f;

	tx_lab_up(0, 64, 0);
	/* an IPv4 length that leaves payload as padding, which the judge would not see */
	f = build(&plain);
	set_be16(f, 16, 40);
	ck_assert_int_eq(send_with(f, context_of(&plain, 1448), BOTH, TXD_TSE), E1000_TX_OFFLOAD);
	f = build(&plain);
	set_be16(f, 16, 20039);
	ck_assert_int_eq(send_with(f, context_of(&plain, 1448), BOTH, TXD_TSE), E1000_TX_OFFLOAD);
	f = build(&plain);
	set_be16(f, 16, 20041);
	ck_assert_int_eq(send_with(f, context_of(&plain, 1448), BOTH, TXD_TSE), E1000_TX_OFFLOAD);
	/* IPv6's */
	f = build(&kinds[2]);
	set_be16(f, 18, 20019);
	ck_assert_int_eq(send_with(f, context_of(&kinds[2], 1448), POPTS_TXSM, TXD_TSE), E1000_TX_OFFLOAD);
}
END_TEST

START_TEST(a_burst_of_a_fragment_is_refused)
{
	struct frame *f = build(&plain);

	tx_lab_up(0, 64, 0);
	f->bytes[20] = 0x20;
	ck_assert_int_eq(send_with(f, context_of(&plain, 1448), BOTH, TXD_TSE), E1000_TX_OFFLOAD);
}
END_TEST

START_TEST(a_bursts_tag_and_fcs_are_its_first_descriptors)
{
	struct kind k = plain;
	struct frame *f;
	uint64_t at;

	tx_lab_up(0, 64, 0);
	lab.n.ctrl = CTRL_VME;
	ck_assert_int_eq(send_tagged(&k, 1448), E1000_TX_PASSED);
	k.tags = 1;
	ck_assert_uint_eq(last()->context.hdrlen, payload_of(&k));
	ck_assert_int_eq(memcmp(last()->bytes, build(&k)->bytes, last()->len), 0);
	k.tags = 0;
	f = build(&k);
	at = tx_lab_bytes(f->bytes, f->len);
	/* of the last one they count nothing */
	tx_lab_context(0, context_of(&k, 1448));
	tx_lab_data(0, at, 1000, TXD_TSE | TXD_IFCS, BOTH);
	tx_lab_data(0, at + 1000, f->len - 1000, TXD_TSE | TXD_VLE | TXD_EOP | TXD_RS, BOTH);
	ck_assert_int_eq(fate(), E1000_TX_PASSED);
	ck_assert_uint_eq(last()->len, f->len);
	tx_lab_data(0, at, 1000, TXD_TSE, BOTH);
	tx_lab_data(0, at + 1000, f->len - 1000, TXD_TSE | TX_LAST, BOTH);
	ck_assert_int_eq(fate(), E1000_TX_OFFLOAD);
}
END_TEST

START_TEST(headers_that_the_context_cannot_say_are_refused)
{
	/* two tags, hop-by-hop options: TUCSO is 8 bits wide */
	struct frame f = { .len = 0 };
	struct tx_context c = { .ipcss = 14, .tucss = 14 + 40 + 184, .tucso = 14 + 40 + 184 + 16,
				.paylen_type = TUCMD_TCP << TXD_CMD_SHIFT };

	tx_lab_up(0, 64, 0);
	put_eth(&f, 0x86dd);
	put_ipv6(&f, 60, 184 + 20 + 600);
	put_hex(&f, "06 16 01 04 00000000");
	for (int i = 0; i < 22; i++)
		put_hex(&f, "01 06 000000000000");
	put_tcp(&f, 0);
	put_fill(&f, 3, 600);
	ck_assert_int_eq(send_with(&f, c, POPTS_TXSM, 0), E1000_TX_PASSED);
	ck_assert_uint_eq(last()->context.tucso, 254);
	/* and a tag more */
	lab.n.ctrl = CTRL_VME;
	ck_assert_int_eq(send_with(&f, c, POPTS_TXSM, TXD_VLE), E1000_TX_OFFLOAD);
	/* HDRLEN, of a burst */
	c.hdrlen = 2;
	c.mss = 100;
	c.paylen_type |= 600 | (uint32_t)TXD_TSE << TXD_CMD_SHIFT;
	ck_assert_int_eq(send_with(&f, c, POPTS_TXSM, TXD_TSE), E1000_TX_OFFLOAD);
}
END_TEST

START_TEST(the_longest_burst_is_sent_and_one_longer_is_not)
{
	static uint8_t bytes[TX_FRAME_MAX + 1];

	tx_lab_up(0, 64, 0);
	tx_lab_data(0, tx_lab_bytes(bytes, TX_FRAME_MAX), TX_FRAME_MAX, TX_LAST | TXD_TSE, BOTH);
	ck_assert_int_eq(fate(), E1000_TX_OFFLOAD);
	tx_lab_data(0, tx_lab_bytes(bytes, TX_FRAME_MAX + 1), TX_FRAME_MAX + 1, TX_LAST | TXD_TSE, BOTH);
	ck_assert_int_eq(fate(), E1000_TX_TOO_LONG);
}
END_TEST

START_TEST(bursts_wait_for_room_in_order)
{
	static const struct kind k = { .proto = TCP, .payload = 64000, .burst = true };
	struct frame *f = build(&k);
	uint64_t at = tx_lab_bytes(f->bytes, f->len);

	tx_lab_up(0, 128, 0);
	for (uint32_t i = 0; i < 40; i++) {
		tx_lab_context(0, context_of(&k, (uint16_t)(1000 + i)));
		tx_lab_data(0, at, f->len, TX_LAST | TXD_TSE, BOTH);
	}
	tx_lab_kick(0);
	ck_assert(tx_is_waiting(&lab.n, 0));
	for (int i = 0; i < 100 && lab.sent_count < 40; i++) {
		tx_lab_device(1);
		tx_complete(&lab.n, 0);
	}
	ck_assert_uint_eq(lab.sent_count, 40);
	for (uint32_t i = 0; i < 40; i++) {
		ck_assert_uint_eq(tx_lab_sent(i)->context.mss, 1000 + i);
		ck_assert_int_eq(memcmp(tx_lab_sent(i)->bytes, f->bytes, f->len), 0);
	}
	ck_assert_uint_eq(lab.transfers, 40);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_tx_burst");
	TCase *tc = unit_case(s, "by headers");

	tcase_add_checked_fixture(tc, tx_lab_begin_headers, tx_lab_end);
	tcase_add_loop_test(tc, a_burst_is_judged_once_and_given_to_the_device, 0, KINDS);
	tcase_add_test(tc, a_burst_comes_in_pieces);
	tcase_add_loop_test(tc, a_burst_of_small_segments_comes_as_linux_cuts_it, 0, 6);
	tcase_add_test(tc, a_burst_is_one_in_all_its_descriptors_or_refused);
	tcase_add_loop_test(tc, a_burst_with_a_wrong_context_is_refused, 0, WRONG);
	tcase_add_test(tc, a_bursts_header_longer_than_it_is_refused);
	tcase_add_test(tc, a_burst_without_payload_is_refused);
	tcase_add_test(tc, a_burst_is_cut_into_2048_segments_at_most);
	tcase_add_test(tc, a_segment_may_be_a_byte);
	tcase_add_test(tc, a_segment_is_no_longer_than_a_packet);
	tcase_add_test(tc, a_small_bursts_descriptors_are_four_segments_long);
	tcase_add_test(tc, a_burst_needs_all_its_sums);
	tcase_add_test(tc, a_burst_of_udp_is_refused);
	tcase_add_test(tc, a_burst_whose_headers_say_less_than_there_is_is_refused);
	tcase_add_test(tc, a_burst_of_a_fragment_is_refused);
	tcase_add_test(tc, a_bursts_tag_and_fcs_are_its_first_descriptors);
	tcase_add_test(tc, headers_that_the_context_cannot_say_are_refused);
	tcase_add_test(tc, the_longest_burst_is_sent_and_one_longer_is_not);

	tc = unit_case(s, "by content");
	tcase_add_checked_fixture(tc, tx_lab_begin_content, tx_lab_end);
	tcase_add_loop_test(tc, a_burst_judged_by_content_is_copied_whole, 0, KINDS);
	tcase_add_test(tc, content_anywhere_in_a_burst_drops_it);
	tcase_add_test(tc, bursts_wait_for_room_in_order);
	return s;
}
