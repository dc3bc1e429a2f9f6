/*
 * packet_ip6_test.c - IPv6: extension headers out of order, cut or too many; jumbograms
 */
#include "tests/unit/frame.h"

START_TEST(every_cut_of_tcp_over_ipv6_reads_no_further)
{
	struct frame *f = start(0x86dd);
	struct parsed whole;

	put_ipv6(f, 60, 8 + 20 + 3);
	put_hex(f, "0600 010400000000");
	put_tcp(f, 0);
	put_hex(f, "010203");
	whole = parse(f);
	is(&whole, TCP_DPORT, 80);
	is(&whole, PAYLOAD_LEN, 3);
	is(&whole, IP_PROTO, 6);
	absent(&whole, IP_ID);
	for (uint32_t cut = 0; cut < f->len; cut++) {
		struct parsed r = parse_cut(f, cut, 0, NULL);

		ck_assert(!r.p.malformed);
		ck_assert(HAS(&r, IP_PROTO) == (cut >= 56));
		ck_assert(HAS(&r, IP_MORE_FRAGMENTS) == (cut >= 56));
		ck_assert(HAS(&r, TCP_SPORT) == (cut >= 64));
		ck_assert_uint_eq(r.p.l3_len, cut >= 56 ? 48 : 0);
	}
}
END_TEST

START_TEST(another_version_is_not_parsed)
{
	struct frame *f = start(0x86dd);
	struct parsed r;

	put_ipv6(f, 59, 0);
	f->bytes[14] = 0x45;
	r = parse(f);
	ck_assert(r.p.malformed);
	absent(&r, IP_VERSION);
	ck_assert_uint_eq(r.p.l3, PACKET_NO_OFFSET);
	f->bytes[14] = 0x60;
	ck_assert(!parse(f).p.malformed);
	f->len = 53;		/* one byte less than the header */
	r = parse(f);
	ck_assert(r.p.malformed);
	absent(&r, IP_DST);
	is(&r, IP_TTL, 63);
}
END_TEST

START_TEST(no_next_header_and_esp_end_the_chain)
{
	struct frame *f = start(0x86dd);
	struct parsed r;

	put_ipv6(f, 59, 4);
	put_hex(f, "01020304");
	r = parse(f);
	is(&r, IP_PROTO, 59);
	is(&r, PAYLOAD_LEN, 4);
	ck_assert(!r.p.malformed);
	f->bytes[20] = 50;
	r = parse(f);
	is(&r, IP_PROTO, 50);
	f->bytes[20] = 1;	/* ICMP belongs to IPv4 */
	r = parse(f);
	absent(&r, ICMP_TYPE);
	absent(&r, ICMP6_TYPE);
	is(&r, IP_PROTO, 1);
}
END_TEST

START_TEST(an_extension_header_longer_than_the_datagram_is_malformed)
{
	struct frame *f = start(0x86dd);
	struct parsed r;

	put_ipv6(f, 60, 16);
	put_hex(f, "3b01 0000 00000000 0000000000000000");
	r = parse(f);
	ck_assert(!r.p.malformed);
	is(&r, IP_PROTO, 59);
	is(&r, PAYLOAD_LEN, 0);
	f->bytes[55] = 2;
	r = parse(f);
	ck_assert(r.p.malformed);
	absent(&r, IP_PROTO);
	absent(&r, IP_FRAG_OFFSET);
	absent(&r, PAYLOAD_LEN);
	ck_assert_uint_eq(r.p.l3_len, 0);
	ck_assert_uint_eq(r.p.frag, FRAG_NONE);
	is(&r, IP_SRC, 1);
	f->bytes[55] = 1;
	f->bytes[54] = 60;	/* one more announced, none there */
	ck_assert(parse(f).p.malformed);
	set_be16(f, 18, 7);	/* 7 bytes are no extension header */
	ck_assert(parse(f).p.malformed);
	set_be16(f, 18, 8);
	f->bytes[54] = 59;
	f->bytes[55] = 0;
	r = parse(f);
	ck_assert(!r.p.malformed);
	is(&r, FRAME_LEN, 14 + 40 + 8);
}
END_TEST

START_TEST(hop_by_hop_not_first_is_malformed_and_followed)
{
	struct frame *f = start(0x86dd);
	struct parsed r;

	put_ipv6(f, 60, 16 + 8);
	put_hex(f, "0000 010400000000 1100 010400000000");
	put_udp(f, 8);
	r = parse(f);
	ck_assert(r.p.malformed);
	is(&r, UDP_DPORT, 53);
}
END_TEST

START_TEST(chains_are_followed_to_their_limit)
{
	struct frame *f = start(0x86dd);
	struct parsed r;

	put_ipv6(f, 60, 2048 * 8 + 8);
	for (int i = 0; i < 2047; i++)
		put_hex(f, "3c00 010400000000");
	put_hex(f, "1100 010400000000");
	put_udp(f, 8);
	r = parse(f);
	is(&r, UDP_DPORT, 53);
	ck_assert(!r.p.malformed);
	ck_assert_uint_eq(r.p.l3_len, 40 + 2048 * 8);

	f = start(0x86dd);
	put_ipv6(f, 60, 2049 * 8 + 8);
	for (int i = 0; i < 2048; i++)
		put_hex(f, "3c00 010400000000");
	put_hex(f, "1100 010400000000");
	put_udp(f, 8);
	r = parse(f);
	absent(&r, UDP_DPORT);
	absent(&r, IP_PROTO);
	ck_assert(r.p.malformed);
}
END_TEST

START_TEST(a_payload_longer_than_the_frame_is_malformed)
{
	struct frame *f = start(0x86dd);
	struct parsed r;

	put_ipv6(f, 17, 8 + 4);
	put_udp(f, 8 + 4);
	put_hex(f, "010203");
	r = parse(f);
	ck_assert(r.p.malformed);
	is(&r, IP_LEN, 52);
	is(&r, FRAME_LEN, f->len);
	is(&r, PAYLOAD_LEN, 3);
	f->len++;
	ck_assert(!parse(f).p.malformed);
}
END_TEST

/* A frame with hop-by-hop option @option (16 bytes of header) and @body bytes of UDP. */
static struct frame *jumbo_frame(const char *option, uint32_t body)
{
	struct frame *f = start(0x86dd);

	put_ipv6(f, 0, 0);
	put_hex(f, "1101");
	put_hex(f, option);
	put_udp(f, 0);
	put_fill(f, 1, body - 8);
	return f;
}

START_TEST(jumbograms)
{
	/* 65536 bytes: 16 of hop-by-hop header, 65520 of UDP */
	struct frame *f = jumbo_frame("0000 c204 00010000 010400000000", 65520);
	struct parsed r = parse(f);

	is(&r, IP_LEN, 65536 + 40);
	is(&r, FRAME_LEN, 65536 + 54);
	is(&r, UDP_DPORT, 53);
	is(&r, PAYLOAD_LEN, 65512);
	ck_assert_uint_eq(r.p.l4_len, 65520);
	ck_assert(r.p.malformed);	/* UDP length 0 with 65520 bytes, which it could say */

	f = jumbo_frame("0000 c204 00010010 010400000000", 65536);
	r = parse(f);
	ck_assert(!r.p.malformed);
	is(&r, PAYLOAD_LEN, 65528);
	f->len -= 1;
	ck_assert(parse(f).p.malformed);

	/* not above 65535: malformed, and believed */
	f = jumbo_frame("0000 c204 0000ffff 010400000000", 65519);
	set_be16(f, 14 + 40 + 16 + 4, 65519);
	r = parse(f);
	is(&r, IP_LEN, 65535 + 40);
	ck_assert(r.p.malformed);
	f = jumbo_frame("0000 c204 00010000 010400000000", 65520);
	set_be16(f, 14 + 40 + 16 + 4, 65520);
	ck_assert(!parse(f).p.malformed);

	/* an option that does not fit is none; the frame is what there is */
	f = jumbo_frame("01080000000000000000 c204 0001", 100);
	r = parse(f);
	is(&r, IP_LEN, 40 + 16 + 100);
	f = jumbo_frame("010c c2040000 0001 010400000000", 100);
	r = parse(f);
	is(&r, IP_LEN, 40 + 16 + 100);
	f = jumbo_frame("01ff c204 00010000 010400000000", 100);
	r = parse(f);
	is(&r, IP_LEN, 40 + 16 + 100);
}
END_TEST

START_TEST(a_cut_jumbo_option_is_not_read)
{
	struct frame *f = jumbo_frame("0000 c204 00010010 010400000000", 65536);

	for (uint32_t cut = 54; cut < 80; cut++) {
		struct parsed r = parse_cut(f, cut, 0, NULL);

		is(&r, IP_LEN, f->len - 14);	/* the option's value, or the rest: the same */
		ck_assert(!r.p.malformed);
	}
}
END_TEST

START_TEST(a_jumbo_option_behind_64_others_is_not_looked_for)
{
	struct frame *f = start(0x86dd);
	struct parsed r;

	for (int n = 63; n <= 64; n++) {
		f = start(0x86dd);
		put_ipv6(f, 0, 0);
		put_hex(f, "1108");	/* 72 bytes: 2, 63 or 64 Pad1, the option of 6 */
		put_fill(f, 0, (uint32_t)n);
		put_hex(f, "c204 00020000");
		put_fill(f, 0, 1);
		put_udp(f, 0);
		put_fill(f, 1, 100);
		r = parse(f);
		ck_assert_msg(r.ctx.ip_len == (n == 63 ? 0x20028 : f->len - 14), "%d options", n);
	}
}
END_TEST

/* As parse_cut(), but the bytes behind the captured ones are there, to be left alone. */
static struct parsed parse_within(const struct frame *f, uint32_t captured)
{
	struct parsed r;

	memset(&r, 0xa5, sizeof r);
	packet_parse(f->bytes, captured, f->len, 0, NULL, &r.ctx, &r.p);
	return r;
}

START_TEST(a_jumbo_option_counts_from_its_last_byte_on)
{
	struct frame *f = start(0x86dd);

	put_ipv6(f, 0, 0);
	put_hex(f, "1100 c204 00020000");	/* a header of 8 bytes, all of it the option */
	put_udp(f, 0);
	put_fill(f, 1, 100);
	for (uint32_t cut = 54; cut < f->len; cut++) {
		struct parsed r = parse_within(f, cut);

		is(&r, IP_LEN, cut < 62 ? f->len - 14 : 0x20028);
		r = parse_cut(f, cut, 0, NULL);
		is(&r, IP_LEN, cut < 62 ? f->len - 14 : 0x20028);
	}
}
END_TEST

START_TEST(options_in_front_of_a_jumbo_option_are_skipped_to_the_byte)
{
	/* options of 0, 1, 4 and 10 bytes; their bytes look like lengths and like options */
	static const char *const options[] = {
		"0100 c204 00020000", "0101ff c204 00020000 00", "0104c204ffff c204 00020000",
		"010ac204000300000000ffff c204 00020000 0000",
		"0501c2 0101c2 c204 00020000 00 00",
	};

	for (uint32_t i = 0; i < sizeof options / sizeof *options; i++) {
		struct frame *f = start(0x86dd);
		struct parsed r;
		uint32_t len;

		put_ipv6(f, 0, 0);
		put_hex(f, "1100");
		put_hex(f, options[i]);
		put_fill(f, 0, -(f->len - 54) & 7);
		len = f->len - 54;
		f->bytes[55] = (uint8_t)(len / 8 - 1);
		put_udp(f, 0);
		put_fill(f, 1, 100);
		r = parse(f);
		is(&r, IP_LEN, 0x20028);
		ck_assert_uint_eq(r.p.l3_len, 40 + len);
	}
}
END_TEST

START_TEST(no_jumbo_option_is_found_behind_the_options)
{
	/* PadN of 3 to 10 bytes where 4 have room; then what would be the option */
	for (uint32_t pad = 3; pad <= 10; pad++) {
		struct frame *f = start(0x86dd);
		struct parsed r;

		put_ipv6(f, 0, 0);
		put_hex(f, "1100 01");
		put_be(f, pad, 1);
		put_fill(f, 0, pad);
		put_hex(f, "c204 00020000");
		put_fill(f, 0, 100);
		r = parse(f);
		is(&r, IP_LEN, f->len - 14);
		r = parse_within(f, 62 + pad);
		is(&r, IP_LEN, f->len - 14);
	}
}
END_TEST

START_TEST(the_reserved_byte_of_a_fragment_header_is_no_length)
{
	for (uint32_t reserved = 0; reserved < 256; reserved++) {
		struct frame *f = start(0x86dd);
		struct parsed r;

		put_ipv6(f, 44, 8 + 8);
		put_hex(f, "11");
		put_be(f, reserved, 1);
		put_hex(f, "0000 00000001");
		put_udp(f, 8);
		r = parse(f);
		ck_assert(!r.p.malformed);
		ck_assert_uint_eq(r.p.l3_len, 48);
		is(&r, UDP_DPORT, 53);
	}
}
END_TEST

START_TEST(payload_length_0)
{
	struct frame *f = start(0x86dd);
	struct parsed r;

	put_ipv6(f, 6, 0);
	put_fill(f, 0, 6);		/* 60 bytes: it may be padding */
	r = parse(f);
	is(&r, IP_LEN, 40);
	is(&r, FRAME_LEN, 54);
	ck_assert(r.p.malformed);
	absent(&r, TCP_SPORT);
	put_fill(f, 0, 1);
	r = parse(f);
	is(&r, IP_LEN, 47);
	is(&r, TCP_SPORT, 0);
	f->bytes[20] = 59;
	r = parse(f);
	is(&r, IP_LEN, 40);
	ck_assert(!r.p.malformed);
	for (uint32_t cut = 14; cut < 54; cut++) {	/* not to be known from a cut header */
		r = parse_cut(f, cut, 0, NULL);
		absent(&r, IP_LEN);
	}
}
END_TEST

START_TEST(two_fragment_headers_are_impossible)
{
	struct frame *f = start(0x86dd);
	struct parsed r;

	put_ipv6(f, 44, 24);
	put_hex(f, "2c00 0000 00000001 1100 0000 00000002");
	put_udp(f, 8);
	r = parse(f);
	ck_assert(r.p.malformed);
	ck_assert_uint_eq(r.p.frag, FRAG_IMPOSSIBLE);
	absent(&r, UDP_DPORT);
}
END_TEST

START_TEST(a_fragmented_jumbogram_is_impossible)
{
	struct frame *f = start(0x86dd);

	put_ipv6(f, 0, 0);
	put_hex(f, "2c00 c204 00010010 1100 0001 00000002");
	put_udp(f, 0);
	put_fill(f, 1, 65536 - 8);
	ck_assert_uint_eq(parse(f).p.frag, FRAG_IMPOSSIBLE);
	ck_assert(parse(f).p.malformed);
	set_be16(f, 64, 0);	/* atomic */
	ck_assert_uint_eq(parse(f).p.frag, FRAG_NONE);
	ck_assert(!parse(f).p.malformed);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("packet_ip6");
	TCase *tc = unit_case(s, "ipv6");

	tcase_add_test(tc, every_cut_of_tcp_over_ipv6_reads_no_further);
	tcase_add_test(tc, another_version_is_not_parsed);
	tcase_add_test(tc, no_next_header_and_esp_end_the_chain);
	tcase_add_test(tc, an_extension_header_longer_than_the_datagram_is_malformed);
	tcase_add_test(tc, hop_by_hop_not_first_is_malformed_and_followed);
	tcase_add_test(tc, chains_are_followed_to_their_limit);
	tcase_add_test(tc, a_payload_longer_than_the_frame_is_malformed);
	tcase_add_test(tc, jumbograms);
	tcase_add_test(tc, a_cut_jumbo_option_is_not_read);
	tcase_add_test(tc, a_jumbo_option_behind_64_others_is_not_looked_for);
	tcase_add_test(tc, a_jumbo_option_counts_from_its_last_byte_on);
	tcase_add_test(tc, options_in_front_of_a_jumbo_option_are_skipped_to_the_byte);
	tcase_add_test(tc, no_jumbo_option_is_found_behind_the_options);
	tcase_add_test(tc, the_reserved_byte_of_a_fragment_header_is_no_length);
	tcase_add_test(tc, payload_length_0);
	tcase_add_test(tc, two_fragment_headers_are_impossible);
	tcase_add_test(tc, a_fragmented_jumbogram_is_impossible);
	return s;
}
