/*
 * e1000_rx_finish_test.c - what passed is as the guest asked to have it: CRC, VLAN tag
 */
#include <string.h>

#include "tests/unit/e1000_rx_frames.h"

/* ---- CRC ---- */

static uint32_t crc_by_bits(const uint8_t *bytes, uint32_t len)
{
	uint32_t c = ~0u;

	for (uint32_t i = 0; i < len * 8; i++)
		c = c >> 1 ^ (-((c ^ bytes[i / 8] >> i % 8) & 1) & 0xedb88320u);
	return ~c;
}

START_TEST(the_crc_is_that_of_802_3)
{
	static struct crc32_table t;
	uint8_t bytes[80];

	crc32_create(&t);
	ck_assert_uint_eq(crc32(&t, (const uint8_t *)"123456789", 9), 0xcbf43926u);
	for (uint32_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 91 + 17);
	for (uint32_t start = 0; start < 9; start++)
		for (uint32_t len = 0; len <= 70; len++)
			ck_assert_uint_eq(crc32(&t, bytes + start, len), crc_by_bits(bytes + start, len));
}
END_TEST

static const uint32_t lens[] = { 60, 1514, 2040, 2043, 2044, 2045, 2046, 2047, 2048, 2049, 4095, 4096, FRAME_MAX };
#define LENS	(sizeof(lens) / sizeof(*lens))

/* Frame @which of @len bytes, with a CRC behind it whose bits @wrong are changed; the device has put it there. */
static bool wire_crc(uint32_t which, uint32_t len, uint32_t wrong, uint8_t errors)
{
	static uint8_t bytes[20000];
	uint32_t crc;

	memcpy(bytes, rx_lab_numbered(which, len), len);
	crc = crc_by_bits(bytes, len) ^ wrong;
	memcpy(bytes + len, &crc, 4);
	return rx_lab_wire_status(bytes, len + 4, 0, errors, 0);
}

static void expect_crc(uint32_t which, uint32_t len, uint32_t wrong)
{
	uint32_t crc;

	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.len, len + 4);
	ck_assert_int_eq(memcmp(lab.got.bytes, rx_lab_numbered(which, len), len), 0);
	memcpy(&crc, lab.got.bytes + len, 4);
	ck_assert_uint_eq(crc, crc_by_bits(lab.got.bytes, len) ^ wrong);
	rx_lab_tail((lab.n.rx.guest.head + 63) % 64);
}

START_TEST(a_guest_that_does_not_strip_the_crc_gets_the_devices)
{
	rx_lab_up(64, 2048, RCTL_LPE, 63);
	ck_assert_uint_eq(lab.reg[E1000_RCTL / 4] & RCTL_SECRC, 0);
	for (uint32_t i = 0; i < LENS; i++) {
		ck_assert(wire_crc(i, lens[i], 0x55, 0));
		collect();
		expect_crc(i, lens[i], 0x55);
	}
}
END_TEST

/* RCTL.SECRC changes while the device runs: it goes on as it began, and the guest gets what it asks for. */
START_TEST(a_guest_that_wants_the_crc_later_gets_one_computed)
{
	rx_lab_up(64, 2048, PLAIN, 63);
	lab.n.rctl &= ~(uint32_t)RCTL_SECRC;
	ck_assert_uint_ne(rx_rctl(&lab.n, lab.n.rctl) & RCTL_SECRC, 0);
	for (uint32_t i = 0; i < LENS; i++) {
		rx_lab_comes(i, lens[i]);
		rx_lab_comes(100, 60);	/* what lies behind the frame is another's */
		collect();
		expect_crc(i, lens[i], 0);
		expect_crc(100, 60, 0);
	}
}
END_TEST

START_TEST(a_guest_that_wants_no_crc_any_more_gets_none)
{
	rx_lab_up(64, 2048, RCTL_LPE, 63);
	lab.n.rctl |= RCTL_SECRC;
	ck_assert_uint_eq(rx_rctl(&lab.n, lab.n.rctl) & RCTL_SECRC, 0);
	for (uint32_t i = 0; i < LENS; i++) {
		ck_assert(wire_crc(i, lens[i], 0, 0));
		collect();
		rx_lab_expect(i, lens[i]);
		rx_lab_tail((lab.n.rx.guest.head + 63) % 64);
	}
}
END_TEST

START_TEST(whether_the_crc_comes_is_settled_until_the_next_reset)
{
	rx_lab_up(64, 2048, PLAIN, 63);
	for (unsigned reset = 0; reset < 2; reset++) {
		lab.reg[E1000_RCTL / 4] = 0;
		rx_stop(&lab.n);
		if (reset)
			rx_reset(&lab.n);
		lab.n.rctl = RCTL_EN | RCTL_LPE;
		rx_start(&lab.n);
		ck_assert_uint_eq(rx_rctl(&lab.n, lab.n.rctl) & RCTL_SECRC, reset ? 0 : RCTL_SECRC);
	}
}
END_TEST

START_TEST(the_crc_is_not_judged_and_what_is_judged_has_all_its_bytes)
{
	rx_lab_reset(POLICY("a: frame.len == 342 -> drop; b: payload has \"1234\" -> drop;"));
	rx_lab_up(8, 2048, 0, 7);
	udp(0, 300, "text");
	ck_assert_uint_eq(f.len, 342);
	put_hex(&f, "00000000");
	comes(&f);
	udp(0, 301, "text");
	memcpy(f.bytes + f.len, "1234", 4);
	f.len += 4;
	comes(&f);
	collect();
	expect_same(&f);
	rx_lab_expect_none();
	ck_assert_uint_eq(COUNTER(RX_DROPPED), 1);
}
END_TEST

START_TEST(a_frame_that_is_all_crc_is_none)
{
	rx_lab_up(64, 2048, RCTL_LPE, 63);
	for (uint16_t len = 1; len <= 4; len++)
		rx_lab_raw(len, RXD_DD | RXD_EOP);
	collect();
	ck_assert_uint_eq(COUNTER(DEVICE), 4);
	for (uint16_t first = 1; first <= 4; first++) {
		rx_lab_raw(first, RXD_DD);
		rx_lab_raw(4 - first, RXD_DD | RXD_EOP);
	}
	collect();
	ck_assert_uint_eq(COUNTER(DEVICE), 8);
	rx_lab_expect_none();
	rx_lab_raw(4, RXD_DD);
	rx_lab_raw(1, RXD_DD | RXD_EOP);
	collect();
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.len, 5);
	rx_lab_raw(5, RXD_DD | RXD_EOP);
	collect();
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.len, 5);
	/* its CRC, or a part of it, alone in its last buffer */
	for (uint32_t i = 0; i < 5; i++) {
		ck_assert(wire_crc(i, 2044 + i, 0, 0));
		collect();
		expect_crc(i, 2044 + i, 0);
	}
	ck_assert_uint_eq(COUNTER(DEVICE), 8);
}
END_TEST

START_TEST(a_frame_beyond_16384_bytes_is_too_long_with_the_crc_not_counted)
{
	rx_lab_up(64, 2048, RCTL_LPE, 63);
	ck_assert(wire_crc(1, FRAME_MAX + 1, 0, 0));
	ck_assert(wire_crc(2, FRAME_MAX, 0, 0));
	collect();
	expect_crc(2, FRAME_MAX, 0);
	ck_assert_uint_eq(COUNTER(RX_TOO_LONG), 1);
}
END_TEST

START_TEST(a_crc_that_the_device_says_is_wrong_is_not_handed_on)
{
	rx_lab_up(64, 2048, RCTL_LPE | RCTL_SBP, 63);
	ck_assert(wire_crc(1, 60, 0x12345678, RXE_CE));
	collect();
	expect_crc(1, 60, 0);
	ck_assert_uint_eq(lab.got.errors, RXE_CE);
}
END_TEST

/* The first @bytes of the device's buffers. */
static bool is_clear(uint32_t bytes)
{
	const uint8_t *at = lab.d.pool.at + POOL_RX_BUFFERS;

	while (bytes > 0 && *at == 0) {
		at++;
		bytes--;
	}
	return bytes == 0;
}

/* QEMU's 82540EM counts the CRC in the length and writes none: what lay there must be nobody's. */
START_TEST(nothing_of_a_frame_that_did_not_pass_is_left_for_the_next)
{
	unsigned lost = (unsigned)_i;

	rx_lab_reset(POLICY("a: payload has \"FORBIDDEN\" -> drop;"));
	rx_lab_up(8, 2048, RCTL_LPE, 7);
	for (unsigned i = 0; i < SHADOW_RX; i++) {
		udp(0, 300, "FORBIDDENFORBIDDEN");
		comes(&f);
		if (lost == 1 && i == 10)
			rx_forget(&lab.n);
		if (lost == 2 && i % 2)
			rx_lab_raw(0, RXD_DD);
		if (lost != 1 || i > 10)
			collect();
	}
	ck_assert(is_clear(SHADOW_RX * RX_BUFFER));
}
END_TEST

START_TEST(the_first_start_after_a_reset_finds_nothing_in_the_buffers)
{
	rx_lab_up(8, 2048, RCTL_LPE, 0);
	rx_lab_comes(1, 1000);
	lab.reg[E1000_RCTL / 4] = 0;
	rx_reset(&lab.n);
	rx_start(&lab.n);
	ck_assert(is_clear(RX_BUFFER));
}
END_TEST

/* A frame of several buffers that is dropped, or rewritten: its parts lie in the device's buffers, too. */
START_TEST(nothing_of_a_long_frame_that_did_not_pass_as_it_is_is_left_for_the_next)
{
	struct lab_frame got;
	uint32_t crc;

	rx_lab_reset(_i ? MASK : POLICY("a: payload has \"FORBIDDEN\" -> drop;"));
	rx_lab_up(1024, 2048, RCTL_LPE, 1023);
	udp(0, 100, _i ? ".passwordSECRET" : "FORBIDDENSECRET");
	put_fill(&f, '.', 3000 - f.len);
	f.bytes[16] = (3000 - 14) >> 8;
	f.bytes[17] = (3000 - 14) & 0xff;
	f.bytes[38] = (3000 - 34) >> 8;
	f.bytes[39] = (3000 - 34) & 0xff;
	comes(&f);
	collect();
	if (_i)
		ck_assert(rx_lab_next(&got));
	/* round the ring, in small frames that pass, as QEMU writes them: no CRC */
	for (unsigned i = 2; i < SHADOW_RX; i++) {
		rx_lab_comes(1, 64);
		collect();
		ck_assert(rx_lab_next(&got));
	}
	/* 127 bytes and the CRC that is not written: behind them lay FORBIDDENSECRET's */
	udp(0, 85, "");
	ck_assert_uint_eq(f.len, 127);
	memcpy(lab.d.pool.at + POOL_RX_BUFFERS, f.bytes, f.len);
	rx_lab_raw(127 + 4, RXD_DD | RXD_EOP);
	collect();
	ck_assert(rx_lab_next(&got));
	ck_assert_uint_eq(got.len, 131);
	memcpy(&crc, got.bytes + 127, 4);
	ck_assert_msg(crc == 0, "the guest has \"%.4s\"", (const char *)got.bytes + 127);
}
END_TEST

/* Frames that waited unjudged, for there was no room, when the guest stopped the queue: RCTL.EN off and on. */
START_TEST(nothing_of_what_was_never_judged_is_left_behind_a_stop)
{
	struct lab_frame got;
	uint32_t crc;

	rx_lab_reset(POLICY("a: payload has \"FORBIDDEN\" -> drop;"));
	rx_lab_up(8, 2048, RCTL_LPE, 0);
	rx_lab_comes(1, 64);	/* passes, and waits for room */
	udp(0, 300, "FORBIDDEN");
	comes(&f);		/* waits behind it */
	collect();
	lab.reg[E1000_RCTL / 4] = 0;
	rx_stop(&lab.n);
	rx_lab_up(8, 2048, RCTL_LPE, 7);
	rx_lab_comes(1, 64);
	udp(0, 300 - 9, "");
	memcpy(lab.d.pool.at + POOL_RX_BUFFERS + RX_BUFFER, f.bytes, f.len);
	rx_lab_raw((uint16_t)(f.len + 4), RXD_DD | RXD_EOP);
	collect();
	ck_assert(rx_lab_next(&got));
	ck_assert(rx_lab_next(&got));
	memcpy(&crc, got.bytes + got.len - 4, 4);
	ck_assert_msg(crc == 0, "the guest has \"%.4s\"", (const char *)got.bytes + got.len - 4);
}
END_TEST

START_TEST(the_crc_of_a_rewritten_frame_is_a_new_one)
{
	uint32_t crc;

	rx_lab_reset(MASK);
	rx_lab_up(8, 2048, RCTL_LPE, 7);
	udp(0, 300, "password");
	put_hex(&f, "01020304");
	comes(&f);
	collect();
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.len, f.len);
	memcpy(&crc, lab.got.bytes + f.len - 4, 4);
	udp(0, 300, "********");
	ck_assert_uint_eq(crc, crc_by_bits(f.bytes, f.len));
}
END_TEST

/* ---- VLAN tags ---- */

/* What is left of @x without its tag. */
static void expect_untagged(struct frame *x)
{
	memmove(x->bytes + 12, x->bytes + 16, x->len - 16);
	x->len -= 4;
	expect_same(x);
}

START_TEST(a_tag_is_taken_out_for_a_guest_that_wants_it)
{
	for (unsigned extended = 0; extended < 2; extended++) {
		rx_lab_reset(NULL);
		lab.family.extended = true;
		lab.n.rfctl = extended ? RFCTL_EXSTEN : 0;
		lab.n.ctrl = CTRL_VME;
		rx_lab_up(8, 2048, PLAIN, 7);
		comes(udp(7, 300, "text"));
		comes(udp(0, 300, "text"));
		collect();
		expect_untagged(udp(7, 300, "text"));
		ck_assert_uint_eq(lab.got.status, RXD_DD | RXD_EOP | RXD_VP);
		ck_assert_uint_eq(lab.got.vlan, 0x6007);
		expect_same(udp(0, 300, "text"));
		ck_assert_uint_eq(lab.got.status, RXD_DD | RXD_EOP);
		ck_assert_uint_eq(lab.got.vlan, 0);
		/* and left in for one that does not */
		lab.n.ctrl = 0;
		comes(udp(7, 300, "text"));
		collect();
		expect_same(&f);
		ck_assert_uint_eq(lab.got.status, RXD_DD | RXD_EOP);
	}
}
END_TEST

START_TEST(the_tag_is_of_the_type_that_VET_says)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	lab.n.ctrl = CTRL_VME;
	lab.n.vet = 0x88a8;
	comes(udp(7, 300, "text"));
	udp(7, 300, "text");
	f.bytes[12] = 0x88;
	f.bytes[13] = 0xa8;
	comes(&f);
	collect();
	expect_same(udp(7, 300, "text"));
	expect_untagged(&f);
	ck_assert_uint_eq(lab.got.vlan, 0x6007);
}
END_TEST

START_TEST(a_frame_too_short_for_a_tag_stays)
{
	rx_lab_up(8, 2048, PLAIN | RCTL_SBP, 7);
	lab.n.ctrl = CTRL_VME;
	udp(7, 300, "text");
	for (f.len = 1; f.len <= 18; f.len++) {
		comes(&f);
		collect();
		ck_assert(rx_lab_next(&lab.got));
		ck_assert_uint_eq(lab.got.len, f.len < 18 ? f.len : 14);
		ck_assert_uint_eq(lab.got.status & RXD_VP, f.len < 18 ? 0 : RXD_VP);
		rx_lab_tail((lab.n.rx.guest.head + 7) % 8);
	}
}
END_TEST

START_TEST(the_judge_sees_the_tag_and_a_rewritten_one_is_what_the_guest_gets)
{
	uint32_t crc;

	rx_lab_reset(POLICY("a: vlan.id == 7 -> drop; b: vlan.id == 8 -> rewrite vlan.id = 9;"));
	lab.n.ctrl = CTRL_VME;
	rx_lab_up(8, 2048, RCTL_LPE, 7);
	put_hex(udp(7, 300, "text"), "01020304");
	comes(&f);
	put_hex(udp(8, 300, "text"), "01020304");
	comes(&f);
	collect();
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.vlan, 0x6009);
	ck_assert_uint_eq(lab.got.len, f.len - 4);
	/* the CRC is of the frame as it would be on the wire */
	memcpy(&crc, lab.got.bytes + f.len - 8, 4);
	udp(9, 300, "text");
	ck_assert_uint_eq(crc, crc_by_bits(f.bytes, f.len));
	rx_lab_expect_none();
	ck_assert_uint_eq(COUNTER(RX_DROPPED), 1);
}
END_TEST

/* ---- the packet checksum ---- */

static uint16_t sum_of(const uint8_t *bytes, uint32_t from, uint32_t to)
{
	uint32_t sum = 0;

	for (uint32_t i = from; i < to; i++)
		sum += (i - from) % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* A frame comes of which the device says @checksum; the guest gets it, and that is returned. */
static uint16_t told(const struct frame *x, uint16_t checksum)
{
	ck_assert(rx_lab_wire_status(x->bytes, x->len, 0, 0, checksum));
	collect();
	ck_assert(rx_lab_next(&lab.got));
	rx_lab_tail((lab.n.rx.guest.head + 7) % 8);
	return lab.got.checksum;
}

START_TEST(the_packet_checksum_is_that_of_what_the_guest_gets)
{
	rx_lab_reset(MASK);
	rx_lab_up(8, 2048, PLAIN, 7);
	lab.reg[E1000_RXCSUM / 4] = 0x300 | 14;
	ck_assert_uint_eq(told(udp(0, 301, "passport"), 0x1234), 0x1234);
	ck_assert_uint_eq(told(udp(0, 301, "password"), 0x1234), sum_of(lab.got.bytes, 14, f.len));
	ck_assert_uint_eq(told(udp(0, 301, "password"), 0), 0);		/* the device computes none */
	lab.n.ctrl = CTRL_VME;
	ck_assert_uint_eq(told(udp(7, 301, "passport"), 0x1234), sum_of(lab.got.bytes, 14, f.len - 4));
	lab.n.ctrl = 0;
	ck_assert_uint_eq(told(udp(7, 301, "passport"), 0x1234), 0x1234);
	/* with a CRC that the device's has not */
	lab.n.rctl &= ~(uint32_t)RCTL_SECRC;
	ck_assert_uint_eq(told(udp(0, 301, "passport"), 0x1234), sum_of(lab.got.bytes, 14, f.len + 4));
	lab.n.rctl |= RCTL_SECRC;
	/* from the frame's last byte, and from its end */
	udp(0, 18, "password");
	ck_assert_uint_eq(f.len, 60);
	lab.reg[E1000_RXCSUM / 4] = 59;
	ck_assert_uint_eq(told(&f, 0x1234), sum_of(lab.got.bytes, 59, 60));
	lab.reg[E1000_RXCSUM / 4] = 60;
	ck_assert_uint_eq(told(&f, 0x1234), 0);
}
END_TEST

START_TEST(a_sum_of_the_ip_payload_needs_no_change_but_by_rewriting)
{
	rx_lab_reset(MASK);
	rx_lab_up(8, 2048, PLAIN, 7);
	lab.n.ctrl = CTRL_VME;
	lab.reg[E1000_RXCSUM / 4] = RXCSUM_IPPCSE;
	ck_assert_uint_eq(told(udp(7, 301, "passport"), 0x1234), 0x1234);
	ck_assert_uint_eq(told(udp(7, 301, "password"), 0x1234), 0);
}
END_TEST

/* RXCSUM.PCSD: a hash of 0 for all, as MRQC reads 0. */
START_TEST(no_checksum_stands_where_the_guest_looks_for_a_hash)
{
	for (unsigned extended = 0; extended < 2; extended++) {
		rx_lab_reset(NULL);
		lab.family.extended = true;
		lab.n.rfctl = extended ? RFCTL_EXSTEN : 0;
		lab.n.rxcsum = RXCSUM_PCSD;
		rx_lab_up(8, 2048, PLAIN, 7);
		ck_assert_uint_eq(told(udp(0, 300, "text"), 0x1234), extended ? 0 : 0x1234);
	}
}
END_TEST

START_TEST(the_packet_checksum_of_a_long_frame_is_the_first_descriptors_and_stands_in_all)
{
	rx_lab_up(8, 2048, PLAIN, 7);
	rx_lab_comes(1, 5000);
	((struct rx_legacy *)(lab.d.pool.at + POOL_RX_RING))[0].checksum = 0x1234;
	rx_lab_comes(2, 5000);
	((struct rx_legacy *)(lab.d.pool.at + POOL_RX_RING))[5].checksum = 0x5678;
	collect();
	for (unsigned i = 0; i < 6; i++)
		ck_assert_uint_eq(rx_lab_desc(i)->legacy.checksum, i < 3 ? 0x1234 : 0x5678);
}
END_TEST

static void finish_cases(TCase *tc)
{
	tcase_add_test(tc, the_crc_is_that_of_802_3);
	tcase_add_test(tc, a_guest_that_does_not_strip_the_crc_gets_the_devices);
	tcase_add_test(tc, a_guest_that_wants_the_crc_later_gets_one_computed);
	tcase_add_test(tc, a_guest_that_wants_no_crc_any_more_gets_none);
	tcase_add_test(tc, whether_the_crc_comes_is_settled_until_the_next_reset);
	tcase_add_test(tc, the_crc_is_not_judged_and_what_is_judged_has_all_its_bytes);
	tcase_add_test(tc, a_frame_that_is_all_crc_is_none);
	tcase_add_test(tc, a_frame_beyond_16384_bytes_is_too_long_with_the_crc_not_counted);
	tcase_add_test(tc, a_crc_that_the_device_says_is_wrong_is_not_handed_on);
	tcase_add_loop_test(tc, nothing_of_a_long_frame_that_did_not_pass_as_it_is_is_left_for_the_next, 0, 2);
	tcase_add_test(tc, nothing_of_what_was_never_judged_is_left_behind_a_stop);
	tcase_add_loop_test(tc, nothing_of_a_frame_that_did_not_pass_is_left_for_the_next, 0, 3);
	tcase_add_test(tc, the_first_start_after_a_reset_finds_nothing_in_the_buffers);
	tcase_add_test(tc, the_crc_of_a_rewritten_frame_is_a_new_one);
	tcase_add_test(tc, a_tag_is_taken_out_for_a_guest_that_wants_it);
	tcase_add_test(tc, the_tag_is_of_the_type_that_VET_says);
	tcase_add_test(tc, a_frame_too_short_for_a_tag_stays);
	tcase_add_test(tc, the_judge_sees_the_tag_and_a_rewritten_one_is_what_the_guest_gets);
	tcase_add_test(tc, the_packet_checksum_is_that_of_what_the_guest_gets);
	tcase_add_test(tc, a_sum_of_the_ip_payload_needs_no_change_but_by_rewriting);
	tcase_add_test(tc, no_checksum_stands_where_the_guest_looks_for_a_hash);
	tcase_add_test(tc, the_packet_checksum_of_a_long_frame_is_the_first_descriptors_and_stands_in_all);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_rx_finish");
	TCase *tc = unit_case(s, "finish");

	tcase_add_checked_fixture(tc, rx_lab_begin, rx_lab_end);
	finish_cases(tc);
	return s;
}
