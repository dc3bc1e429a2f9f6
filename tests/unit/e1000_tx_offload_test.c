/*
 * e1000_tx_offload_test.c - frames leave: what the device is told to sum and to cut is what the headers say
 */
#include "tests/unit/e1000_tx_kind.h"
#include "tests/unit/sum.h"

/* ---- sums -------------------------------------------------------------------------- */

static const struct kind kinds[] = {
	{ .proto = TCP, .payload = 1000 },
	{ .proto = UDP, .payload = 1000 },
	{ .proto = TCP, .six = true, .payload = 1001 },
	{ .proto = UDP, .six = true, .payload = 1 },
	{ .proto = TCP, .tags = 1, .payload = 1400 },
	{ .proto = UDP, .tags = 1, .six = true, .payload = 20 },
	{ .proto = TCP, .tags = 2, .payload = 3 },
	{ .proto = TCP, .ip_options = 40, .tcp_options = 40, .payload = 1400 },
	{ .proto = TCP, .payload = 0, .tcp_options = 12 },
	{ .proto = UDP, .payload = 0 },
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

START_TEST(a_transport_checksum_is_summed_where_it_is)
{
	const struct kind *k = &kinds[_i];
	struct frame *f = build(k);

	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(f, context_of(k, 0), POPTS_TXSM, 0), E1000_TX_PASSED);
	ck_assert_int_eq(memcmp(last()->bytes, f->bytes, f->len), 0);
	ck_assert(last()->has_context && last()->popts == POPTS_TXSM);
	tx_lab_finish(last());
	check_sum(last(), k);
}
END_TEST

START_TEST(an_ip_checksum_is_summed_where_it_is)
{
	const struct kind *k = &kinds[_i];
	struct frame *f = build(k);
	struct tx_context c = context_of(k, 0);

	tx_lab_up(0, 64, 0);
	/* not of IPv6 */
	ck_assert_int_eq(send_with(f, c, BOTH, 0), k->six ? E1000_TX_OFFLOAD : E1000_TX_PASSED);
	ck_assert_int_eq(send_with(f, c, POPTS_IXSM, 0), k->six ? E1000_TX_OFFLOAD : E1000_TX_PASSED);
	if (k->six)
		return;
	ck_assert_uint_eq(tx_lab_sent(1)->popts, POPTS_IXSM);
	for (uint32_t i = 0; i < 2; i++) {
		tx_lab_finish(&lab.sent[i]);
		check_ip_sum(&lab.sent[i], k);
	}
	check_sum(&lab.sent[0], k);
	/* TUCSS and the others mean nothing then */
	c.tucss = c.tucso = 0xff;
	ck_assert_int_eq(send_with(f, c, POPTS_IXSM, 0), E1000_TX_PASSED);
	ck_assert_uint_eq(last()->context.tucso, 0);
}
END_TEST

START_TEST(what_no_option_asks_for_is_not_looked_at)
{
	struct tx_context c = { .ipcss = 1, .tucss = 2, .tucso = 3 };

	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(build(&kinds[0]), c, 0, 0), E1000_TX_PASSED);
	ck_assert(!last()->has_context);
	send_data(tx_lab_tcp(60), 0, 0);
	ck_assert_int_eq(fate(), E1000_TX_PASSED);
	tx_lab_data(0, tx_lab_put_frame(1, 60), 60, TX_LAST, 0);	/* no IP */
	ck_assert_int_eq(fate(), E1000_TX_PASSED);
	/* nor options of another descriptor than the first */
	tx_lab_context(0, c);
	tx_lab_data(0, tx_lab_bytes(build(&kinds[0])->bytes, 500), 500, TXD_IFCS, 0);
	tx_lab_data(0, tx_lab_bytes(build(&kinds[0])->bytes + 500, 554), 554, TX_LAST, BOTH);
	ck_assert_int_eq(fate(), E1000_TX_PASSED);
	ck_assert(!last()->has_context);
}
END_TEST

START_TEST(sums_without_any_context_are_refused)
{
	struct frame *f = build(&kinds[0]);

	tx_lab_up(0, 64, 0);
	tx_lab_data(0, tx_lab_bytes(f->bytes, f->len), f->len, TX_LAST, POPTS_TXSM);
	ck_assert_int_eq(fate(), E1000_TX_OFFLOAD);
}
END_TEST

/* Each field of a right context made wrong. */
static const struct {
	const char *field;
	struct tx_context add;
	uint8_t popts;		/* refused with these */
} wrong[] = {
	{ "IPCSS", { .ipcss = 1 }, POPTS_IXSM }, { "IPCSS", { .ipcss = 0xff }, POPTS_IXSM },
	{ "IPCSO", { .ipcso = 1 }, POPTS_IXSM }, { "IPCSO", { .ipcso = 0xff }, POPTS_IXSM },
	{ "IPCSE", { .ipcse = 1 }, POPTS_IXSM }, { "IPCSE", { .ipcse = 0xffff }, POPTS_IXSM },
	{ "TUCSS", { .tucss = 1 }, POPTS_TXSM }, { "TUCSS", { .tucss = 0xff }, POPTS_TXSM },
	{ "TUCSO", { .tucso = 1 }, POPTS_TXSM }, { "TUCSO", { .tucso = 0xff }, POPTS_TXSM },
	{ "TUCSO", { .tucso = 2 }, POPTS_TXSM }, { "TUCSE", { .tucse = 1 }, POPTS_TXSM },
	{ "TUCSE", { .tucse = 0xffff }, POPTS_TXSM },
};
enum { WRONG = sizeof(wrong) / sizeof(*wrong) };

static struct tx_context add(struct tx_context a, const struct tx_context *b)
{
	a.ipcss = (uint8_t)(a.ipcss + b->ipcss);
	a.ipcso = (uint8_t)(a.ipcso + b->ipcso);
	a.ipcse = (uint16_t)(a.ipcse + b->ipcse);
	a.tucss = (uint8_t)(a.tucss + b->tucss);
	a.tucso = (uint8_t)(a.tucso + b->tucso);
	a.tucse = (uint16_t)(a.tucse + b->tucse);
	return a;
}

START_TEST(a_sum_at_another_place_is_refused)
{
	tx_lab_up(0, 512, 0);
	for (uint32_t i = 0; i < KINDS; i++) {
		struct tx_context right = context_of(&kinds[i], 0);

		if (kinds[i].six && (wrong[_i].popts & POPTS_IXSM))
			continue;
		for (unsigned popts = 0; popts <= (kinds[i].six ? POPTS_TXSM : BOTH); popts++) {
			bool refused = (popts & wrong[_i].popts) || (kinds[i].six && (popts & POPTS_IXSM));

			ck_assert_msg(send_with(build(&kinds[i]), add(right, &wrong[_i].add), popts, 0) ==
				      (refused ? E1000_TX_OFFLOAD : E1000_TX_PASSED), "%s, kind %u, options %u",
				      wrong[_i].field, i, popts);
		}
	}
}
END_TEST

START_TEST(the_sums_end_may_be_the_frames_or_the_datagrams)
{
	const struct kind *k = &kinds[0];
	struct frame *f = build(k);
	struct tx_context c = context_of(k, 0);
	uint32_t end = f->len - 1;

	tx_lab_up(0, 64, 0);
	c.tucse = (uint16_t)end;
	ck_assert_int_eq(send_with(f, c, POPTS_TXSM, 0), E1000_TX_PASSED);
	ck_assert_uint_eq(last()->context.tucse, 0);
	/* with padding, which counts in no sum */
	put_fill(f, 0xaa, 10);
	for (uint32_t i = 0; i < 3; i++) {
		static const uint32_t after[] = { 0, 0, 10 };

		c.tucse = (uint16_t)(i ? end + after[i] : 0);
		ck_assert_int_eq(send_with(f, c, POPTS_TXSM, 0), E1000_TX_PASSED);
		ck_assert_uint_eq(last()->context.tucse, end);
		tx_lab_finish(last());
		last()->len -= 10;
		check_sum(last(), k);
	}
	c.tucse = (uint16_t)(end + 9);
	ck_assert_int_eq(send_with(f, c, POPTS_TXSM, 0), E1000_TX_OFFLOAD);
}
END_TEST

static enum e1000_counter send_ic(const struct frame *f, uint32_t css, uint32_t cso)
{
	tx_lab_put(0, (union tx_desc){ .legacy = {
		.buffer = tx_lab_bytes(f->bytes, f->len), .length = (uint16_t)f->len, .css = (uint8_t)css,
		.cso = (uint8_t)cso, .cmd = TX_LAST | TXD_IC } });
	return fate();
}

/* DragonFly's em asks for it in every IPv4 frame (CSUM_IP), as NetBSD's wm with ip4csum: fragments, and any protocol. */
START_TEST(an_ip_checksum_alone_needs_no_transport_header)
{
	struct frame *f = build(&kinds[1]);
	struct tx_context c = context_of(&kinds[1], 0);

	tx_lab_up(0, 64, 0);
	if (_i == 0) {
		f->bytes[20] = 0x20;	/* more fragments */
	} else if (_i == 1) {
		f->bytes[20] = 0x00;	/* a later one, which the policy drops where the first was not seen */
		f->bytes[21] = 0x10;
	} else {
		f->bytes[23] = _i == 2 ? 2 : _i == 3 ? 47 : 50;	/* IGMP, GRE, ESP */
	}
	ck_assert_int_eq(send_with(f, c, POPTS_IXSM, 0), _i == 1 ? E1000_TX_DROPPED : E1000_TX_PASSED);
}
END_TEST

START_TEST(sums_of_what_has_none_are_refused)
{
	struct frame *f;

	tx_lab_up(0, 64, 0);
	/* another protocol where TCP was */
	f = build(&kinds[0]);
	f->bytes[23] = 132;
	ck_assert_int_eq(send_with(f, context_of(&kinds[0], 0), POPTS_TXSM, 0), E1000_TX_OFFLOAD);
	ck_assert_int_eq(send_ic(f, 34, 34 + 6), E1000_TX_OFFLOAD);
	/* a fragment: the first, a later one */
	f = build(&kinds[0]);
	f->bytes[20] = 0x20;
	ck_assert_int_eq(send_with(f, context_of(&kinds[0], 0), POPTS_TXSM, 0), E1000_TX_OFFLOAD);
	f->bytes[20] = 0x00;
	f->bytes[21] = 0x10;
	ck_assert_int_eq(send_with(f, context_of(&kinds[0], 0), POPTS_TXSM, 0), E1000_TX_OFFLOAD);
	/* no IP at all, ARP, a version that is none */
	f = build(&kinds[0]);
	f->bytes[13] = 0x06;
	ck_assert_int_eq(send_with(f, context_of(&kinds[0], 0), BOTH, 0), E1000_TX_OFFLOAD);
	f = build(&kinds[0]);
	f->bytes[14] = 0x55;
	ck_assert_int_eq(send_with(f, context_of(&kinds[0], 0), POPTS_IXSM, 0), E1000_TX_OFFLOAD);
	/* lengths that contradict each other */
	f = build(&kinds[0]);
	set_be16(f, 16, 60000);
	ck_assert_int_eq(send_with(f, context_of(&kinds[0], 0), POPTS_TXSM, 0), E1000_TX_OFFLOAD);
	f = build(&kinds[0]);
	f->bytes[46] = 0x40;
	ck_assert_int_eq(send_with(f, context_of(&kinds[0], 0), POPTS_TXSM, 0), E1000_TX_OFFLOAD);
}
END_TEST

START_TEST(sums_need_the_devices_fcs)
{
	struct frame *f = build(&kinds[0]);

	tx_lab_up(0, 64, 0);
	tx_lab_context(0, context_of(&kinds[0], 0));
	tx_lab_data(0, tx_lab_bytes(f->bytes, f->len), f->len, TXD_EOP | TXD_RS, POPTS_TXSM);
	ck_assert_int_eq(fate(), E1000_TX_OFFLOAD);
}
END_TEST

/* ---- legacy ---------------------------------------------------------------------------- */

START_TEST(a_legacy_checksum_is_summed_where_it_is)
{
	const struct kind *k = &kinds[_i];

	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_ic(build(k), l4_of(k), sum_of(k)), E1000_TX_PASSED);
	ck_assert_uint_eq(last()->popts, POPTS_TXSM);
	tx_lab_finish(last());
	check_sum(last(), k);
}
END_TEST

START_TEST(a_legacy_checksum_at_another_place_is_refused)
{
	const struct kind *k = &kinds[_i];
	uint32_t l4 = l4_of(k), at = sum_of(k);

	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_ic(build(k), l4 - 1, at), E1000_TX_OFFLOAD);
	ck_assert_int_eq(send_ic(build(k), l4 + 1, at), E1000_TX_OFFLOAD);
	ck_assert_int_eq(send_ic(build(k), 0, at), E1000_TX_OFFLOAD);
	ck_assert_int_eq(send_ic(build(k), l4, at - 1), E1000_TX_OFFLOAD);
	if (k->payload > 0)	/* else it is out of range */
		ck_assert_int_eq(send_ic(build(k), l4, at + 1), E1000_TX_OFFLOAD);
	ck_assert_int_eq(send_ic(build(k), l4, 0), E1000_TX_OFFLOAD);
	ck_assert_int_eq(send_ic(build(k), l3_of(k), l3_of(k) + 10), E1000_TX_OFFLOAD);
}
END_TEST

START_TEST(a_legacy_checksum_out_of_range_is_ignored)
{
	struct frame *f = tx_lab_tcp(100);

	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_ic(f, 100, 50), E1000_TX_PASSED);
	ck_assert(!last()->has_context);
	ck_assert_int_eq(send_ic(f, 34, 99), E1000_TX_PASSED);
	ck_assert(!last()->has_context);
	ck_assert_int_eq(send_ic(f, 99, 50), E1000_TX_OFFLOAD);
	ck_assert_int_eq(send_ic(f, 34, 98), E1000_TX_OFFLOAD);
}
END_TEST

START_TEST(of_a_legacy_frame_the_last_descriptor_says_the_checksum)
{
	const struct kind *k = &kinds[0];
	struct frame *f = build(k);
	uint64_t at = tx_lab_bytes(f->bytes, f->len);

	tx_lab_up(0, 64, 0);
	tx_lab_put(0, (union tx_desc){ .legacy = {
		.buffer = at, .length = 100, .css = 1, .cso = 2, .cmd = TXD_IFCS | TXD_IC } });
	tx_lab_put(0, (union tx_desc){ .legacy = {
		.buffer = at + 100, .length = (uint16_t)(f->len - 100), .css = (uint8_t)l4_of(k),
		.cso = (uint8_t)sum_of(k), .cmd = TX_LAST | TXD_IC } });
	ck_assert_int_eq(fate(), E1000_TX_PASSED);
	tx_lab_finish(last());
	check_sum(last(), k);
}
END_TEST

/* ---- contexts stay ------------------------------------------------------------------------ */

START_TEST(a_context_holds_until_the_next_one)
{
	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(build(&kinds[0]), context_of(&kinds[0], 0), POPTS_TXSM, 0), E1000_TX_PASSED);
	send_data(build(&kinds[0]), POPTS_TXSM, 0);
	ck_assert_int_eq(fate(), E1000_TX_PASSED);
	ck_assert(last()->has_context);		/* the device is told each time */
	send_data(build(&kinds[1]), POPTS_TXSM, 0);
	ck_assert_int_eq(fate(), E1000_TX_OFFLOAD);
	tx_lab_context(0, context_of(&kinds[1], 0));
	send_data(build(&kinds[1]), POPTS_TXSM, 0);
	ck_assert_int_eq(fate(), E1000_TX_PASSED);
}
END_TEST

START_TEST(a_bursts_context_is_another_than_a_frames)
{
	static const struct kind burst = { .proto = TCP, .payload = 5000, .burst = true };

	tx_lab_up(0, 64, 0);
	tx_lab_context(0, context_of(&kinds[1], 0));
	tx_lab_context(0, context_of(&burst, 1000));
	send_data(build(&kinds[1]), POPTS_TXSM, 0);
	ck_assert_int_eq(fate(), E1000_TX_PASSED);
	send_data(build(&burst), BOTH, TXD_TSE);
	ck_assert_int_eq(fate(), E1000_TX_PASSED);
	send_data(build(&burst), BOTH, TXD_TSE);
	ck_assert_int_eq(fate(), E1000_TX_PASSED);
}
END_TEST

START_TEST(each_queue_has_contexts_of_its_own)
{
	struct frame *f = build(&kinds[0]);

	tx_lab_82574();
	tx_lab_up(0, 64, 0);
	tx_lab_up(1, 64, 0);
	tx_lab_context(1, context_of(&kinds[0], 0));
	tx_lab_kick(1);
	send_data(f, POPTS_TXSM, 0);
	ck_assert_int_eq(fate(), E1000_TX_OFFLOAD);
	tx_lab_data(1, tx_lab_bytes(f->bytes, f->len), f->len, TX_LAST, POPTS_TXSM);
	tx_lab_kick(1);
	ck_assert_uint_eq(COUNTER(TX_PASSED), 1);
}
END_TEST

START_TEST(a_reset_forgets_the_contexts)
{
	tx_lab_up(0, 64, 0);
	tx_lab_context(0, context_of(&kinds[0], 0));
	tx_lab_kick(0);
	tx_reset(&lab.n);
	tx_lab_up(0, 64, 0);
	send_data(build(&kinds[0]), POPTS_TXSM, 0);
	ck_assert_int_eq(fate(), E1000_TX_OFFLOAD);
}
END_TEST

/* ---- the tag that the device would put in --------------------------------------------------- */

START_TEST(offsets_are_those_of_the_frame_without_the_inserted_tag)
{
	struct kind k = kinds[_i];

	tx_lab_up(0, 64, 0);
	lab.n.ctrl = CTRL_VME;
	/* who follows two tags does not see what is behind three */
	ck_assert_int_eq(send_tagged(&k, 0), k.tags < 2 ? E1000_TX_PASSED : E1000_TX_OFFLOAD);
	if (k.tags == 2)
		return;
	k.tags++;
	ck_assert_uint_eq(last()->context.tucss, l4_of(&k));
	ck_assert_uint_eq(last()->context.tucso, sum_of(&k));
	tx_lab_finish(last());
	check_sum(last(), &k);
}
END_TEST

START_TEST(offsets_of_the_tagged_frame_are_refused)
{
	struct kind k = { .proto = TCP, .payload = 100 };
	struct tx_context c;
	struct frame *f;

	tx_lab_up(0, 64, 0);
	lab.n.ctrl = CTRL_VME;
	f = build(&k);
	k.tags = 1;
	c = context_of(&k, 0);
	tx_lab_context(0, c);
	tx_lab_put(0, (union tx_desc){ .data = {
		.buffer = tx_lab_bytes(f->bytes, f->len), .popts = POPTS_TXSM,
		.length_type = f->len | DTYP_DATA << TXD_DTYP_SHIFT |
			       (TX_LAST | TXD_DEXT | TXD_VLE) << TXD_CMD_SHIFT } });
	ck_assert_int_eq(fate(), E1000_TX_OFFLOAD);
}
END_TEST

/* ---- after the judge has rewritten -------------------------------------------------------------- */

static void begin_rewrite(void)
{
	tx_lab_reset("policy \"r\" version 1; on net out default pass {"
		     " b: l4.dport in { 53, 80 } -> rewrite ip.dst = 10.9.8.7, rewrite ip.ttl = 3,"
		     " rewrite l4.dport = 5353; }");
}

static void begin_rewrite_six(void)
{
	tx_lab_reset("policy \"r\" version 1; on net out default pass {"
		     " b: l4.dport in { 53, 80 } -> rewrite ip.dst = fd00::99, rewrite ip.ttl = 3,"
		     " rewrite l4.dport = 5353; }");
}

/* The policy is the kind's, by its family. */
static const struct kind *rewrite_kind(int i)
{
	tx_lab_end();
	if (kinds[i].six)
		begin_rewrite_six();
	else
		begin_rewrite();
	tx_lab_up(0, 64, 0);
	return &kinds[i];
}

START_TEST(sums_of_a_rewritten_frame_start_from_its_new_headers)
{
	const struct kind *k = rewrite_kind(_i);

	ck_assert_int_eq(send_with(build(k), context_of(k, 0), popts_of(k), 0), E1000_TX_PASSED);
	ck_assert_uint_eq(last()->bytes[l4_of(k) + 2] << 8 | last()->bytes[l4_of(k) + 3], 5353);
	tx_lab_finish(last());
	check_sum(last(), k);
	if (!k->six)
		check_ip_sum(last(), k);
	ck_assert_int_eq(send_ic(build(k), l4_of(k), sum_of(k)), E1000_TX_PASSED);
	tx_lab_finish(last());
	check_sum(last(), k);
}
END_TEST

START_TEST(sums_that_the_device_leaves_alone_are_right_after_a_rewrite)
{
	const struct kind *k = rewrite_kind(_i);
	struct frame *f = build(k);

	set_be16(f, sum_of(k), 0);
	set_be16(f, sum_of(k), ~scratch_sum(seed_of(f, k, true), f->bytes + l4_of(k), f->len - l4_of(k)) & 0xffff);
	send_data(f, 0, 0);
	ck_assert_int_eq(fate(), E1000_TX_PASSED);
	ck_assert(!last()->has_context);
	check_sum(last(), k);
}
END_TEST

START_TEST(an_ip_sum_alone_leaves_the_transports_as_the_rewrite_made_it)
{
	const struct kind *k = &kinds[0];
	struct frame *f = build(k);

	tx_lab_up(0, 64, 0);
	set_be16(f, sum_of(k), 0);
	set_be16(f, sum_of(k), ~scratch_sum(seed_of(f, k, true), f->bytes + l4_of(k), f->len - l4_of(k)) & 0xffff);
	ck_assert_int_eq(send_with(f, context_of(k, 0), POPTS_IXSM, 0), E1000_TX_PASSED);
	tx_lab_finish(last());
	check_ip_sum(last(), k);
	check_sum(last(), k);
}
END_TEST

START_TEST(a_rewritten_bursts_seed_has_no_length)
{
	static const struct kind burst[] = {
		{ .proto = TCP, .payload = 20000, .burst = true },
		{ .proto = TCP, .payload = 20000, .burst = true, .six = true },
	};
	const struct kind *k = &burst[_i];
	struct frame now;

	if (k->six) {
		tx_lab_end();
		begin_rewrite_six();
	}
	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(build(k), context_of(k, 1448), popts_of(k), TXD_TSE), E1000_TX_PASSED);
	memcpy(now.bytes, last()->bytes, 100);
	ck_assert_uint_eq(now.bytes[sum_of(k)] << 8 | now.bytes[sum_of(k) + 1], seed_of(&now, k, false));
	ck_assert_int_ne(memcmp(now.bytes + l3_of(k), build(k)->bytes + l3_of(k), l4_of(k) - l3_of(k)), 0);
	if (!k->six)
		ck_assert_uint_eq(now.bytes[24] << 8 | now.bytes[25], 0);
	ck_assert_uint_ne(last()->direct, 0);
}
END_TEST

/* IPv6 with destination options that are padding. */
static const struct tx_context behind_options = { .ipcss = 14, .tucss = 62, .tucso = 78,
						  .paylen_type = TUCMD_TCP << TXD_CMD_SHIFT };

START_TEST(behind_extension_headers_the_seed_of_another_address_cannot_be_made)
{
	struct frame f = { .len = 0 };
	const struct tx_context c = behind_options;

	tx_lab_up(0, 64, 0);
	put_eth(&f, 0x86dd);
	put_ipv6(&f, 60, 8 + 20 + 30);
	put_hex(&f, "06 00 01 04 00000000");
	put_tcp(&f, 0);
	put_fill(&f, 7, 30);
	ck_assert_int_eq(send_with(&f, c, POPTS_TXSM, 0), E1000_TX_OFFLOAD);
	/* unless it stays as it is */
	set_be16(&f, 64, 81);
	ck_assert_int_eq(send_with(&f, c, POPTS_TXSM, 0), E1000_TX_PASSED);
	ck_assert_uint_eq(last()->context.tucss, 62);
}
END_TEST

static void begin_rewrite_port(void)
{
	tx_lab_reset("policy \"r\" version 1; pattern p = { 06 00 01 04 AA }; on net out default pass {"
		     " a: frame has p and tcp.dport == 81 -> rewrite p with { 06 00 01 04 55 };"
		     " b: tcp.dport == 80 -> rewrite tcp.dport = 5353, rewrite ip.ttl = 3; }");
}

START_TEST(behind_extension_headers_the_guests_seed_counts_while_they_are_as_they_were)
{
	struct frame f = { .len = 0 };

	tx_lab_up(0, 64, 0);
	put_eth(&f, 0x86dd);
	put_ipv6(&f, 60, 8 + 20 + 30);
	put_hex(&f, "06 00 01 04 aa000000");
	put_tcp(&f, 0);
	put_fill(&f, 7, 30);
	set_be16(&f, 78, 0x1234);
	ck_assert_int_eq(send_with(&f, behind_options, POPTS_TXSM, 0), E1000_TX_PASSED);
	ck_assert_uint_eq(last()->bytes[14 + 7], 3);
	ck_assert_uint_eq(last()->bytes[64] << 8 | last()->bytes[65], 5353);
	ck_assert_uint_eq(last()->bytes[78] << 8 | last()->bytes[79], 0x1234);
	/* one byte in them is another */
	set_be16(&f, 64, 81);
	ck_assert_int_eq(send_with(&f, behind_options, POPTS_TXSM, 0), E1000_TX_OFFLOAD);
}
END_TEST

static void begin_rewrite_bytes(void)
{
	/* the protocol's byte becomes 17 */
	tx_lab_reset("policy \"r\" version 1; pattern p = { 40 06 }; on net out default pass {"
		     " a: frame has p at 22 and tcp.dport == 80 -> rewrite p with { 40 11 }; }");
}

START_TEST(a_rewrite_that_moves_the_checksum_refuses_the_frame)
{
	struct frame *f = build(&kinds[0]);

	tx_lab_up(0, 64, 0);
	ck_assert_int_eq(send_with(f, context_of(&kinds[0], 0), POPTS_TXSM, 0), E1000_TX_OFFLOAD);
	ck_assert_uint_eq(lab.transfers, 1);
	/* without offload it is the policy's own affair */
	send_data(f, 0, 0);
	ck_assert_int_eq(fate(), E1000_TX_PASSED);
	ck_assert_uint_eq(last()->bytes[23], 17);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_tx_offload");
	TCase *tc = unit_case(s, "sums");

	tcase_add_checked_fixture(tc, tx_lab_begin_headers, tx_lab_end);
	tcase_add_loop_test(tc, a_transport_checksum_is_summed_where_it_is, 0, KINDS);
	tcase_add_loop_test(tc, an_ip_checksum_is_summed_where_it_is, 0, KINDS);
	tcase_add_test(tc, what_no_option_asks_for_is_not_looked_at);
	tcase_add_test(tc, sums_without_any_context_are_refused);
	tcase_add_loop_test(tc, a_sum_at_another_place_is_refused, 0, WRONG);
	tcase_add_test(tc, the_sums_end_may_be_the_frames_or_the_datagrams);
	tcase_add_loop_test(tc, an_ip_checksum_alone_needs_no_transport_header, 0, 5);
	tcase_add_test(tc, sums_of_what_has_none_are_refused);
	tcase_add_test(tc, sums_need_the_devices_fcs);
	tcase_add_loop_test(tc, a_legacy_checksum_is_summed_where_it_is, 0, KINDS);
	tcase_add_loop_test(tc, a_legacy_checksum_at_another_place_is_refused, 0, KINDS);
	tcase_add_test(tc, a_legacy_checksum_out_of_range_is_ignored);
	tcase_add_test(tc, of_a_legacy_frame_the_last_descriptor_says_the_checksum);
	tcase_add_test(tc, a_context_holds_until_the_next_one);
	tcase_add_test(tc, a_bursts_context_is_another_than_a_frames);
	tcase_add_test(tc, each_queue_has_contexts_of_its_own);
	tcase_add_test(tc, a_reset_forgets_the_contexts);
	tcase_add_loop_test(tc, offsets_are_those_of_the_frame_without_the_inserted_tag, 0, KINDS);
	tcase_add_test(tc, offsets_of_the_tagged_frame_are_refused);

	tc = unit_case(s, "rewritten");
	tcase_add_checked_fixture(tc, begin_rewrite, tx_lab_end);
	tcase_add_loop_test(tc, sums_of_a_rewritten_frame_start_from_its_new_headers, 0, KINDS);
	tcase_add_loop_test(tc, sums_that_the_device_leaves_alone_are_right_after_a_rewrite, 0, KINDS);
	tcase_add_test(tc, an_ip_sum_alone_leaves_the_transports_as_the_rewrite_made_it);
	tcase_add_loop_test(tc, a_rewritten_bursts_seed_has_no_length, 0, 2);

	tc = unit_case(s, "rewritten, IPv6");
	tcase_add_checked_fixture(tc, begin_rewrite_six, tx_lab_end);
	tcase_add_test(tc, behind_extension_headers_the_seed_of_another_address_cannot_be_made);

	tc = unit_case(s, "rewritten, IPv6, ports");
	tcase_add_checked_fixture(tc, begin_rewrite_port, tx_lab_end);
	tcase_add_test(tc, behind_extension_headers_the_guests_seed_counts_while_they_are_as_they_were);

	tc = unit_case(s, "rewritten, by bytes");
	tcase_add_checked_fixture(tc, begin_rewrite_bytes, tx_lab_end);
	tcase_add_test(tc, a_rewrite_that_moves_the_checksum_refuses_the_frame);
	return s;
}
