/*
 * e1000_rx_judge_test.c - what comes is judged whole before the guest has a byte of it, and finished as it asked
 */
#include <string.h>

#include "tests/unit/e1000_rx_lab.h"
#include "tests/unit/frame.h"

#define POLICY(rules) \
	"policy \"in\" version 1; pattern word = \"password\"; on net in default pass { " rules " }"
#define MASK	POLICY("a: payload has word -> rewrite word with \"*\";")

static struct frame f;

static void collect(void)
{
	rx_collect(&lab.n, false);
}

/* UDP to port 53 with @payload bytes, the last ones @text; @tag: with a VLAN tag, of this VLAN. */
static struct frame *udp(unsigned tag, uint32_t payload, const char *text)
{
	uint32_t sum;

	f.len = 0;
	put_eth(&f, tag ? 0x8100 : 0x0800);
	if (tag) {
		put_be(&f, 0x6000 | tag, 2);
		put_be(&f, 0x0800, 2);
	}
	put_ipv4(&f, 17, 8 + payload, 0, 0);
	put_udp(&f, 8 + payload);
	sum = (uint32_t)strlen(text);
	put_fill(&f, '.', payload - sum);
	memcpy(f.bytes + f.len, text, sum);
	f.len += sum;
	return &f;
}

static void comes(const struct frame *x)
{
	ck_assert(rx_lab_wire(x->bytes, x->len));
}

static void expect_same(const struct frame *x)
{
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.len, x->len);
	ck_assert_int_eq(memcmp(lab.got.bytes, x->bytes, x->len), 0);
}

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
	ck_assert_uint_eq(rx_lab_device_room(), SHADOW_RX - 1);
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
	ck_assert_uint_eq(rx_lab_device_room(), SHADOW_RX - 1);
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

static uint16_t packet_checksum(const uint8_t *bytes, uint32_t from, uint32_t to)
{
	uint32_t sum = 0;

	for (uint32_t i = from; i < to; i++)
		sum += (i - from) % 2 ? bytes[i] : bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

START_TEST(the_packet_checksum_is_that_of_what_the_guest_gets)
{
	rx_lab_reset(MASK);
	rx_lab_up(8, 2048, PLAIN, 7);
	lab.reg[E1000_RXCSUM / 4] = 0x300 | 14;
	udp(0, 301, "password");
	ck_assert(rx_lab_wire_status(f.bytes, f.len, 0, 0, 0x1234));
	ck_assert(rx_lab_wire_status(f.bytes, f.len, 0, 0, 0));
	udp(0, 301, "passport");
	ck_assert(rx_lab_wire_status(f.bytes, f.len, 0, 0, 0x1234));
	collect();
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.checksum, packet_checksum(lab.got.bytes, 14, lab.got.len));
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.checksum, 0);		/* the device computes none */
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.checksum, 0x1234);
	/* a start beyond the frame */
	lab.reg[E1000_RXCSUM / 4] = 60;
	udp(0, 18, "password");
	ck_assert_uint_eq(f.len, 60);
	ck_assert(rx_lab_wire_status(f.bytes, f.len, 0, 0, 0x1234));
	collect();
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.checksum, 0);
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
	ck_assert_uint_eq(rx_lab_device_room(), SHADOW_RX - 1);
}
END_TEST

START_TEST(a_frame_may_end_with_an_empty_buffer)
{
	rx_lab_up(8, 2048, PLAIN, 7);
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

START_TEST(a_guest_that_does_not_strip_the_crc_gets_one)
{
	static const uint32_t lens[] = { 60, 1514, 2040, 2043, 2044, 2045, 2046, 2047, 2048, 2049, 4095, FRAME_MAX };
	uint32_t crc;

	rx_lab_up(64, 2048, RCTL_LPE, 63);
	for (uint32_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		rx_lab_comes(i, lens[i]);
		rx_lab_comes(100, 60);	/* what lies behind the frame is another's */
		collect();
		ck_assert(rx_lab_next(&lab.got));
		ck_assert_uint_eq(lab.got.len, lens[i] + 4);
		ck_assert_int_eq(memcmp(lab.got.bytes, rx_lab_numbered(i, lens[i]), lens[i]), 0);
		memcpy(&crc, lab.got.bytes + lens[i], 4);
		ck_assert_uint_eq(crc, crc_by_bits(lab.got.bytes, lens[i]));
		ck_assert(rx_lab_next(&lab.got));
		ck_assert_int_eq(memcmp(lab.got.bytes, rx_lab_numbered(100, 60), 60), 0);
		rx_lab_tail((lab.n.rx.guest.head + 63) % 64);
	}
}
END_TEST

START_TEST(the_crc_of_a_rewritten_frame_is_a_new_one)
{
	uint32_t crc;

	rx_lab_reset(MASK);
	rx_lab_up(8, 2048, RCTL_LPE, 7);
	comes(udp(0, 300, "password"));
	collect();
	ck_assert(rx_lab_next(&lab.got));
	memcpy(&crc, lab.got.bytes + f.len, 4);
	ck_assert_uint_eq(crc, crc_by_bits(udp(0, 300, "********")->bytes, f.len));
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
	lab.reg[E1000_VET / 4] = 0xabcd88a8;
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
	lab.reg[E1000_RXCSUM / 4] = 14;
	comes(udp(7, 300, "text"));
	udp(8, 300, "text");
	ck_assert(rx_lab_wire_status(f.bytes, f.len, 0, 0, 1));
	collect();
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.vlan, 0x6009);
	ck_assert_uint_eq(lab.got.len, f.len - 4 + 4);
	/* the CRC is of the frame as it would be on the wire, the packet checksum of what is there */
	memcpy(&crc, lab.got.bytes + f.len - 4, 4);
	ck_assert_uint_eq(crc, crc_by_bits(udp(9, 300, "text")->bytes, f.len));
	ck_assert_uint_eq(lab.got.checksum, packet_checksum(lab.got.bytes, 14, lab.got.len));
	rx_lab_expect_none();
	ck_assert_uint_eq(COUNTER(RX_DROPPED), 1);
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
	tcase_add_test(tc, the_packet_checksum_is_that_of_what_the_guest_gets);
	tcase_add_test(tc, impossible_lengths_are_dropped_with_the_rest_of_their_frame);
	tcase_add_test(tc, a_frame_may_end_with_an_empty_buffer);
	tcase_add_test(tc, a_frame_beyond_16384_bytes_is_dropped_and_counted_once);
	tcase_add_test(tc, frames_with_errors_are_for_a_guest_that_asked_for_them);
	tcase_add_test(tc, bits_that_are_not_the_devices_to_say_are_not_handed_on);
}

static void finish_cases(TCase *tc)
{
	tcase_add_test(tc, the_crc_is_that_of_802_3);
	tcase_add_test(tc, a_guest_that_does_not_strip_the_crc_gets_one);
	tcase_add_test(tc, the_crc_of_a_rewritten_frame_is_a_new_one);
	tcase_add_test(tc, a_tag_is_taken_out_for_a_guest_that_wants_it);
	tcase_add_test(tc, the_tag_is_of_the_type_that_VET_says);
	tcase_add_test(tc, a_frame_too_short_for_a_tag_stays);
	tcase_add_test(tc, the_judge_sees_the_tag_and_a_rewritten_one_is_what_the_guest_gets);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_rx_judge");
	TCase *judge = unit_case(s, "judge"), *finish = unit_case(s, "finish");

	tcase_add_checked_fixture(judge, rx_lab_begin, rx_lab_end);
	tcase_add_checked_fixture(finish, rx_lab_begin, rx_lab_end);
	judge_cases(judge);
	finish_cases(finish);
	return s;
}
