/*
 * packet_test.c - fields and offsets of frames built by hand, whole and cut at every byte
 */
#include "tests/unit/frame.h"
#include "tests/unit/unit.h"

START_TEST(tcp_over_ipv4)
{
	struct frame *f = start(0x0800);
	struct parsed r;

	put_ipv4(f, 6, 20 + 5, 0x4000, 0);
	put_tcp(f, 0);
	put_hex(f, "68656c6c6f");
	put_fill(f, 0, 1);
	r = parse(f);
	is(&r, ETH_DST, 0x020000000002);
	is(&r, ETH_SRC, 0x020000000001);
	is(&r, ETH_TYPE, 0x0800);
	absent(&r, VLAN_ID);
	is(&r, IP_VERSION, 4);
	is(&r, IP_SRC, 0x0a000001);
	is(&r, IP_DST, 0xc0a80002);
	is(&r, IP_PROTO, 6);
	is(&r, IP_TTL, 64);
	is(&r, IP_LEN, 45);
	is(&r, IP_ID, 0x1234);
	is(&r, IP_DSCP, 46);
	is(&r, IP_FRAG_OFFSET, 0);
	is(&r, IP_MORE_FRAGMENTS, 0);
	is(&r, TCP_SPORT, 1000);
	is(&r, TCP_DPORT, 80);
	is(&r, L4_SPORT, 1000);
	is(&r, L4_DPORT, 80);
	is(&r, TCP_SEQ, 0x01020304);
	is(&r, TCP_FLAGS, 0x18);
	is(&r, TCP_ACK, 1);
	is(&r, TCP_SYN, 0);
	is(&r, TCP_WINDOW, 0x2000);
	absent(&r, TCP_IN_ORDER);
	absent(&r, UDP_SPORT);
	absent(&r, ICMP_TYPE);
	is(&r, PAYLOAD_LEN, 5);
	is(&r, FRAME_LEN, 59);
	ck_assert_uint_eq(r.p.l3, 14);
	ck_assert_uint_eq(r.p.l4, 34);
	ck_assert_uint_eq(r.p.l4_len, 25);
	ck_assert_uint_eq(r.p.payload, 54);
	ck_assert_uint_eq(r.p.payload_len, 5);
	ck_assert_uint_eq(r.p.payload_captured, 5);
	ck_assert_uint_eq(r.p.frame_len, 59);
	ck_assert_uint_eq(r.p.frame_captured, 59);
	ck_assert_uint_eq(r.p.l4_proto, 6);
	ck_assert_uint_eq(r.p.frag, FRAG_NONE);
	ck_assert(!r.p.malformed);
}
END_TEST

/* A field, and how many bytes of the frame must be captured to show it. */
struct need {
	enum hv_field field;
	uint32_t bytes;
};

/*
 * Cut @f, a sound frame, behind every byte: fields appear where @need says, with the value
 * they have in the whole frame, and what was merely not captured is never malformed.
 */
static void check_cuts(const struct frame *f, const struct need *need, uint32_t count)
{
	struct parsed whole = parse(f);
	uint64_t listed = 0;

	ck_assert(!whole.p.malformed);
	for (uint32_t i = 0; i < count; i++)
		listed |= UINT64_C(1) << need[i].field;
	ck_assert_msg(listed == whole.ctx.present, "fields %llx, listed %llx",
		      (unsigned long long)whole.ctx.present, (unsigned long long)listed);
	for (uint32_t cut = 0; cut <= f->len; cut++) {
		struct parsed r = parse_cut(f, cut, 0, NULL);

		ck_assert_msg(!r.p.malformed, "malformed when cut at %u", cut);
		ck_assert_uint_eq(r.p.frame_captured, cut < r.p.frame_len ? cut : r.p.frame_len);
		ck_assert(r.p.payload == PACKET_NO_OFFSET ||
			  r.p.payload + r.p.payload_captured <= cut);
		ck_assert(r.p.l4 == PACKET_NO_OFFSET || r.p.l4 <= cut);
		for (uint32_t i = 0; i < count; i++) {
			bool there = field_is_present(&r.ctx, need[i].field);
			uint64_t v = field_value(&r.ctx, need[i].field);

			ck_assert_msg(there == (cut >= need[i].bytes), "%s at %u bytes",
				      hv_field_table[need[i].field].name, cut);
			if (need[i].field != HV_F_FRAME_LEN)
				ck_assert_uint_eq(v, there ? field_value(&whole.ctx,
							need[i].field) : 0);
		}
	}
}

#define CHECK_CUTS(f, need)	check_cuts(f, need, sizeof(need) / sizeof(*(need)))
#define NEED_ETH \
	{ HV_F_FRAME_LEN, 0 }, { HV_F_ETH_DST, 6 }, { HV_F_ETH_SRC, 12 }
#define NEED_IP4(at) \
	{ HV_F_IP_VERSION, (at) + 1 }, { HV_F_IP_DSCP, (at) + 2 }, { HV_F_IP_LEN, (at) + 4 }, \
	{ HV_F_IP_ID, (at) + 6 }, { HV_F_IP_FRAG_OFFSET, (at) + 8 }, \
	{ HV_F_IP_MORE_FRAGMENTS, (at) + 8 }, { HV_F_IP_TTL, (at) + 9 }, \
	{ HV_F_IP_PROTO, (at) + 10 }, { HV_F_IP_SRC, (at) + 16 }, { HV_F_IP_DST, (at) + 20 }
#define NEED_IP6(at) \
	{ HV_F_IP_VERSION, (at) + 1 }, { HV_F_IP_DSCP, (at) + 2 }, { HV_F_IP_LEN, (at) + 6 }, \
	{ HV_F_IP_TTL, (at) + 8 }, { HV_F_IP_SRC, (at) + 24 }, { HV_F_IP_DST, (at) + 40 }
#define NEED_TCP(at) \
	{ HV_F_TCP_SPORT, (at) + 2 }, { HV_F_L4_SPORT, (at) + 2 }, { HV_F_TCP_DPORT, (at) + 4 }, \
	{ HV_F_L4_DPORT, (at) + 4 }, { HV_F_TCP_SEQ, (at) + 8 }, { HV_F_PAYLOAD_LEN, (at) + 13 }, \
	{ HV_F_TCP_FLAGS, (at) + 14 }, { HV_F_TCP_WINDOW, (at) + 16 }
#define NEED_UDP(at) \
	{ HV_F_UDP_SPORT, (at) + 2 }, { HV_F_L4_SPORT, (at) + 2 }, { HV_F_UDP_DPORT, (at) + 4 }, \
	{ HV_F_L4_DPORT, (at) + 4 }, { HV_F_PAYLOAD_LEN, (at) + 6 }

START_TEST(cut_tcp_over_ipv4)
{
	static const struct need need[] = {
		NEED_ETH, { HV_F_ETH_TYPE, 14 }, NEED_IP4(14), NEED_TCP(34),
	};
	struct frame *f = start(0x0800);

	put_ipv4(f, 6, 20 + 8 + 5, 0, 0);
	put_tcp(f, 8);
	put_hex(f, "68656c6c6f");
	CHECK_CUTS(f, need);
	ck_assert_uint_eq(parse(f).p.payload, 62);
	ck_assert_uint_eq(parse_cut(f, 62, 0, NULL).p.payload, 62);
	ck_assert_uint_eq(parse_cut(f, 61, 0, NULL).p.payload, PACKET_NO_OFFSET);
	ck_assert_uint_eq(parse_cut(f, 61, 0, NULL).p.payload_len, 5);
	ck_assert_uint_eq(parse_cut(f, 64, 0, NULL).p.payload_captured, 2);
	ck_assert_uint_eq(parse_cut(f, 61, 0, NULL).p.payload_captured, 0);
}
END_TEST

START_TEST(cut_tcp_behind_two_tags_and_options)
{
	static const struct need need[] = {
		NEED_ETH, { HV_F_VLAN_ID, 16 }, { HV_F_ETH_TYPE, 22 }, NEED_IP4(22), NEED_TCP(66),
	};
	struct frame *f = start(0x88a8);

	put_hex(f, "6123 8100 0456 0800");
	put_ipv4(f, 6, 20, 0, 24);
	put_tcp(f, 0);
	CHECK_CUTS(f, need);
	ck_assert_uint_eq(parse(f).ctx.vlan_id, 0x123);
	ck_assert_uint_eq(parse(f).p.l3, 22);
	ck_assert_uint_eq(parse(f).p.l3_len, 44);
	ck_assert_uint_eq(parse_cut(f, 65, 0, NULL).p.l4, PACKET_NO_OFFSET);
	ck_assert_uint_eq(parse_cut(f, 66, 0, NULL).p.l4, 66);
}
END_TEST

START_TEST(cut_udp_over_ipv4)
{
	static const struct need need[] = {
		NEED_ETH, { HV_F_ETH_TYPE, 14 }, NEED_IP4(14), NEED_UDP(34),
	};
	struct frame *f = start(0x0800);

	put_ipv4(f, 17, 8 + 3, 0, 0);
	put_udp(f, 8 + 3);
	put_hex(f, "010203");
	CHECK_CUTS(f, need);
	ck_assert_uint_eq(parse(f).ctx.udp_dport, 53);
	ck_assert_uint_eq(parse(f).ctx.payload_len, 3);
	ck_assert_uint_eq(parse(f).p.payload, 42);
}
END_TEST

START_TEST(cut_icmp)
{
	static const struct need need[] = {
		NEED_ETH, { HV_F_ETH_TYPE, 14 }, NEED_IP4(14),
		{ HV_F_ICMP_TYPE, 35 }, { HV_F_ICMP_CODE, 36 }, { HV_F_PAYLOAD_LEN, 34 },
	};
	struct frame *f = start(0x0800);

	put_ipv4(f, 1, 8, 0, 0);
	put_hex(f, "0301 0000 00010002");
	CHECK_CUTS(f, need);
	ck_assert_uint_eq(parse(f).ctx.icmp_type, 3);
	ck_assert_uint_eq(parse(f).ctx.icmp_code, 1);
	ck_assert_uint_eq(parse(f).ctx.payload_len, 4);
	ck_assert_uint_eq(parse(f).p.payload, 38);
}
END_TEST

START_TEST(cut_icmp6_behind_every_extension_header)
{
	static const struct need need[] = {
		NEED_ETH, { HV_F_ETH_TYPE, 14 }, NEED_IP6(14), { HV_F_IP_ID, 54 + 8 + 24 + 8 },
		{ HV_F_IP_FRAG_OFFSET, 54 + 8 + 24 + 8 }, { HV_F_IP_MORE_FRAGMENTS, 54 + 8 + 24 + 8 },
		{ HV_F_IP_PROTO, 54 + 96 + 2 }, { HV_F_PAYLOAD_LEN, 54 + 96 + 2 },
		{ HV_F_ICMP6_TYPE, 54 + 104 + 1 }, { HV_F_ICMP6_CODE, 54 + 104 + 2 },
	};
	struct frame *f = start(0x86dd);
	struct parsed r;

	put_ipv6(f, 0, 104 + 8);
	put_hex(f, "2b00 000000000000");				/* hop-by-hop */
	put_hex(f, "2c02 0000 00000000 0000000000000000 0000000000000000");	/* routing */
	put_hex(f, "3300 0000 89abcdef");				/* atomic fragment */
	put_hex(f, "3c04 0000 00000001 00000002 000000000000000000000000");	/* AH, 24 bytes */
	put_hex(f, "8701 0000 00000000 0000000000000000");		/* destination options */
	put_hex(f, "8b00 0000 00000000");				/* mobility */
	put_hex(f, "8c00 0000 00000000");				/* HIP */
	put_hex(f, "3a00 0000 00000000");				/* shim6 */
	put_hex(f, "8704 0000 00000000");
	CHECK_CUTS(f, need);
	r = parse(f);
	is(&r, IP_VERSION, 6);
	is(&r, IP_PROTO, 58);
	is(&r, IP_ID, 0x89abcdef);
	is(&r, IP_FRAG_OFFSET, 0);
	is(&r, IP_MORE_FRAGMENTS, 0);
	is(&r, IP_TTL, 63);
	is(&r, IP_DSCP, 46);
	is(&r, IP_LEN, 40 + 112);
	is(&r, ICMP6_TYPE, 0x87);
	is(&r, ICMP6_CODE, 4);
	absent(&r, ICMP_TYPE);
	ck_assert_uint_eq(r.ctx.ip_src.hi, 0x20010db800000000);
	ck_assert_uint_eq(r.ctx.ip_src.lo, 1);
	ck_assert_uint_eq(r.ctx.ip_dst.hi, 0x20010db800000000);
	ck_assert_uint_eq(r.ctx.ip_dst.lo, 2);
	ck_assert_uint_eq(r.p.l3_len, 40 + 104);
	ck_assert_uint_eq(r.p.frag, FRAG_NONE);
}
END_TEST

START_TEST(cut_arp)
{
	static const struct need need[] = {
		NEED_ETH, { HV_F_ETH_TYPE, 14 }, { HV_F_ARP_OP, 22 }, { HV_F_ARP_SPA, 32 },
		{ HV_F_ARP_TPA, 42 },
	};
	struct frame *f = start(0x0806);
	struct parsed r;

	put_hex(f, "0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002");
	put_fill(f, 0, 18);
	CHECK_CUTS(f, need);
	r = parse(f);
	is(&r, ARP_OP, 2);
	is(&r, ARP_SPA, 0x0a000001);
	is(&r, ARP_TPA, 0x0a000002);
	is(&r, FRAME_LEN, 60);
	ck_assert_uint_eq(r.p.l3, 14);
	absent(&r, IP_SRC);
	absent(&r, PAYLOAD_LEN);
	ck_assert_uint_eq(parse_cut(f, 14, 0, NULL).p.l3, PACKET_NO_OFFSET);
	ck_assert_uint_eq(parse_cut(f, 15, 0, NULL).p.l3, 14);
	f->bytes[18] = 8;	/* EUI-64 */
	r = parse(f);
	is(&r, ARP_SPA, 0x00010200);
	is(&r, ARP_TPA, 0x00000000);
	ck_assert(!r.p.malformed);
	f->bytes[18] = 20;	/* the target ends with the frame: 8 + 2 * 20 + 8 = 56 > 46 */
	r = parse(f);
	ck_assert(r.p.malformed);
	is(&r, ARP_SPA, 0);
	absent(&r, ARP_TPA);
	f->bytes[18] = 15;	/* 8 + 2 * 15 + 8 = 46 */
	r = parse(f);
	ck_assert(!r.p.malformed);
	f->bytes[18] = 6;
	f->bytes[19] = 5;
	r = parse(f);
	ck_assert(r.p.malformed);
	is(&r, ARP_OP, 2);
	absent(&r, ARP_SPA);
	f->bytes[17] = 1;	/* another protocol: its addresses may have any length */
	r = parse(f);
	ck_assert(!r.p.malformed);
	absent(&r, ARP_SPA);
	f->bytes[17] = 0;
	f->bytes[19] = 4;
	f->len = 42;		/* 8 + 2 * 6 + 2 * 4 = 28 to the byte */
	ck_assert(!parse(f).p.malformed);
	f->len = 41;
	ck_assert(parse(f).p.malformed);
	f->len = 22;
	ck_assert(parse(f).p.malformed);
	f->len = 21;
	ck_assert(parse(f).p.malformed);
}
END_TEST

START_TEST(one_byte_shows_that_the_ip_version_is_wrong)
{
	static const struct { uint16_t type; uint8_t good, bad; } row[] = {
		{ 0x0800, 0x45, 0x65 }, { 0x86dd, 0x60, 0x40 },
	};

	for (unsigned i = 0; i < 2; i++) {
		struct frame *f = start(row[i].type);

		put_fill(f, row[i].good, 60);
		ck_assert(!parse_cut(f, 15, 0, NULL).p.malformed);
		f->bytes[14] = row[i].bad;
		ck_assert(parse_cut(f, 15, 0, NULL).p.malformed);
		ck_assert(!parse_cut(f, 14, 0, NULL).p.malformed);
	}
}
END_TEST

/* A sound frame that ends early on the wire is malformed and shows no more than it has. */
START_TEST(a_frame_cut_on_the_wire_is_malformed)
{
	struct frame *f = start(0x8100);
	struct parsed whole;
	uint32_t len;

	put_hex(f, "0005 0800");
	put_ipv4(f, 6, 20 + 4 + 2, 0, 4);
	put_tcp(f, 4);
	put_hex(f, "6869");
	whole = parse(f);
	ck_assert(!whole.p.malformed);
	for (len = f->len - 1; len > 0; len--) {
		struct parsed r;

		f->len = len;
		r = parse(f);
		ck_assert_msg(r.p.malformed, "%u bytes", len);
		ck_assert_uint_eq(r.ctx.present & ~whole.ctx.present, 0);
		ck_assert_uint_eq(r.p.frame_len, len);
	}
}
END_TEST

START_TEST(padding_is_no_part_of_an_ip_frame)
{
	struct frame *f = start(0x0800);
	struct parsed r;

	put_ipv4(f, 17, 8 + 2, 0, 0);
	put_udp(f, 8 + 2);
	put_fill(f, 0xee, 40);
	r = parse(f);
	is(&r, FRAME_LEN, 44);
	is(&r, PAYLOAD_LEN, 2);
	ck_assert_uint_eq(r.p.frame_captured, 44);
	ck_assert_uint_eq(r.p.payload_captured, 2);
}
END_TEST

START_TEST(a_third_tag_is_not_followed)
{
	struct frame *f = start(0x9100);
	struct parsed r;

	put_hex(f, "0fff 8100 0001 88a8 0002 0800");
	put_ipv4(f, 6, 20, 0, 0);
	put_tcp(f, 0);
	r = parse(f);
	is(&r, VLAN_ID, 0xfff);
	is(&r, ETH_TYPE, 0x88a8);
	absent(&r, IP_VERSION);
	ck_assert_uint_eq(r.p.l3, PACKET_NO_OFFSET);
}
END_TEST

START_TEST(lengths_of_802_3)
{
	struct frame *f = start(8 + 28);
	struct parsed r;

	put_hex(f, "aaaa03 000000 0800");
	put_ipv4(f, 17, 8, 0, 0);
	put_udp(f, 8);
	r = parse(f);
	is(&r, ETH_TYPE, 0x0800);
	is(&r, UDP_DPORT, 53);
	is(&r, FRAME_LEN, 50);
	ck_assert(!r.p.malformed);
	r = parse_cut(f, 21, 0, NULL);
	absent(&r, ETH_TYPE);
	ck_assert(!r.p.malformed);
	r = parse_cut(f, 22, 0, NULL);
	is(&r, ETH_TYPE, 0x0800);
	set_be16(f, 12, 37);		/* longer than the frame */
	r = parse(f);
	absent(&r, ETH_TYPE);
	ck_assert(r.p.malformed);
	set_be16(f, 12, 7);		/* too short for SNAP */
	r = parse(f);
	absent(&r, ETH_TYPE);
	ck_assert(!r.p.malformed);
	set_be16(f, 12, 8);
	r = parse(f);
	is(&r, ETH_TYPE, 0x0800);
	f->bytes[14] = 0x42;		/* spanning tree */
	r = parse(f);
	absent(&r, ETH_TYPE);
	is(&r, FRAME_LEN, 50);
	ck_assert(!r.p.malformed);
	put_fill(f, 0, 1500);
	set_be16(f, 12, 1500);
	ck_assert(!parse(f).p.malformed);
	set_be16(f, 12, 1501);		/* neither length nor type */
	ck_assert(parse(f).p.malformed);
	set_be16(f, 12, 1535);
	r = parse(f);
	ck_assert(r.p.malformed);
	absent(&r, ETH_TYPE);
	set_be16(f, 12, 1536);
	r = parse(f);
	ck_assert(!r.p.malformed);
	is(&r, ETH_TYPE, 1536);
}
END_TEST

START_TEST(ipv4_headers_that_cannot_be)
{
	struct frame *f = start(0x0800);
	struct parsed r;

	put_ipv4(f, 17, 8 + 4, 0, 0);
	put_udp(f, 8 + 4);
	put_fill(f, 7, 4);
	f->bytes[14] = 0x65;		/* version 6 */
	r = parse(f);
	ck_assert(r.p.malformed);
	absent(&r, IP_VERSION);
	absent(&r, IP_SRC);
	ck_assert_uint_eq(r.p.l3, PACKET_NO_OFFSET);
	f->bytes[14] = 0x44;		/* a header of 16 bytes */
	r = parse(f);
	ck_assert(r.p.malformed);
	is(&r, IP_SRC, 0x0a000001);
	absent(&r, UDP_SPORT);
	ck_assert_uint_eq(r.p.l3_len, 0);
	ck_assert_uint_eq(r.p.frag, FRAG_NONE);
	set_be16(f, 20, 0x2000);
	ck_assert_uint_eq(parse(f).p.frag, FRAG_IMPOSSIBLE);
	set_be16(f, 20, 1);
	ck_assert_uint_eq(parse(f).p.frag, FRAG_IMPOSSIBLE);
	set_be16(f, 20, 0);
	f->bytes[14] = 0x45;
	set_be16(f, 16, 19);		/* shorter than its header */
	r = parse(f);
	ck_assert(r.p.malformed);
	is(&r, IP_LEN, 19);
	is(&r, FRAME_LEN, 46);
	absent(&r, UDP_SPORT);
	set_be16(f, 16, 20);
	r = parse(f);
	ck_assert(r.p.malformed);	/* the UDP header is cut */
	ck_assert_uint_eq(r.p.l3_len, 20);
	ck_assert_uint_eq(r.p.l4, 34);
	ck_assert_uint_eq(r.p.l4_len, 0);
	absent(&r, UDP_SPORT);
	set_be16(f, 16, 33);		/* one byte more than there is */
	r = parse(f);
	ck_assert(r.p.malformed);
	is(&r, IP_LEN, 33);
	is(&r, UDP_SPORT, 5000);
	is(&r, PAYLOAD_LEN, 4);
	is(&r, FRAME_LEN, 46);
}
END_TEST

START_TEST(total_length_0_is_the_rest_of_the_frame)
{
	struct frame *f = start(0x0800);
	struct parsed r;

	put_ipv4(f, 6, 20, 0, 0);
	put_tcp(f, 0);
	put_fill(f, 7, 66000);
	set_be16(f, 16, 0);
	r = parse(f);
	is(&r, IP_LEN, 66040);
	is(&r, FRAME_LEN, 66054);
	is(&r, PAYLOAD_LEN, 66000);
	ck_assert(!r.p.malformed);
}
END_TEST

START_TEST(tcp_headers_that_cannot_be)
{
	struct frame *f = start(0x0800);
	struct parsed r;

	put_ipv4(f, 6, 20 + 8, 0, 0);
	put_tcp(f, 8);
	ck_assert(!parse(f).p.malformed);
	f->bytes[46] = 0x80;		/* 32 bytes in 28 */
	r = parse(f);
	ck_assert(r.p.malformed);
	is(&r, TCP_DPORT, 80);
	absent(&r, PAYLOAD_LEN);
	f->bytes[46] = 0x40;		/* 16 bytes */
	ck_assert(parse(f).p.malformed);
	f->bytes[46] = 0x50;
	r = parse(f);
	ck_assert(!r.p.malformed);
	is(&r, PAYLOAD_LEN, 8);
	set_be16(f, 16, 39);		/* 19 bytes by the IP length */
	r = parse(f);
	ck_assert(r.p.malformed);
	is(&r, TCP_WINDOW, 0x2000);
	absent(&r, PAYLOAD_LEN);
	set_be16(f, 16, 33);		/* no flags in 13 bytes */
	r = parse(f);
	is(&r, TCP_SEQ, 0x01020304);
	absent(&r, TCP_FLAGS);
}
END_TEST

START_TEST(udp_lengths)
{
	static const struct { uint32_t len, payload, l4_len; bool malformed; } row[] = {
		{ 18, 10, 18, false }, { 17, 9, 17, false }, { 8, 0, 8, false },
		{ 7, 10, 18, true }, { 1, 10, 18, true }, { 0, 10, 18, true }, { 19, 10, 18, true },
	};

	for (uint32_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct frame *f = start(0x0800);
		struct parsed r;

		put_ipv4(f, 17, 18, 0, 0);
		put_udp(f, row[i].len);
		put_fill(f, 1, 10);
		r = parse(f);
		is(&r, PAYLOAD_LEN, row[i].payload);
		ck_assert_uint_eq(r.p.l4_len, row[i].l4_len);
		ck_assert_msg(r.p.malformed == row[i].malformed, "UDP length %u", row[i].len);
	}
}
END_TEST

START_TEST(transport_headers_cut_by_the_ip_length)
{
	struct frame *f = start(0x0800);
	struct parsed r;

	put_ipv4(f, 1, 3, 0, 0);
	put_hex(f, "080000 0000");
	r = parse(f);
	ck_assert(r.p.malformed);
	is(&r, ICMP_TYPE, 8);
	absent(&r, PAYLOAD_LEN);
	set_be16(f, 16, 24);
	r = parse(f);
	ck_assert(!r.p.malformed);
	is(&r, PAYLOAD_LEN, 0);
	f->bytes[23] = 17;
	r = parse(f);
	ck_assert(r.p.malformed);
	is(&r, UDP_DPORT, 0);
	absent(&r, PAYLOAD_LEN);
}
END_TEST

START_TEST(other_protocols_have_the_ip_payload)
{
	struct frame *f = start(0x0800);
	struct parsed r;

	put_ipv4(f, 47, 6, 0, 0);
	put_hex(f, "00000800 4500");
	r = parse(f);
	is(&r, PAYLOAD_LEN, 6);
	absent(&r, L4_SPORT);
	ck_assert_uint_eq(r.p.payload, 34);
	ck_assert_uint_eq(r.p.l4_proto, 47);
	f->bytes[23] = 58;		/* ICMPv6 belongs to IPv6 */
	r = parse(f);
	absent(&r, ICMP6_TYPE);
	absent(&r, ICMP_TYPE);
	is(&r, PAYLOAD_LEN, 6);
	ck_assert(!r.p.malformed);
}
END_TEST

/* Each header byte of a TCP and of a UDP frame takes each value, at each captured length. */
START_TEST(the_short_way_says_what_the_walk_says)
{
	for (int i = 0; i < 4; i++) {
		struct frame *f = start(0x0800);
		bool udp = i & 1;

		put_ipv4(f, udp ? 17 : 6, 30, 0, 0);
		if (i >= 2) {		/* what stands beside a byte that decides says it too */
			f->bytes[15] = f->bytes[14];
			f->bytes[22] = 0;
			f->bytes[24] = f->bytes[23];
		}
		if (udp)
			put_udp(f, 28);
		else
			put_tcp(f, 4);
		put_fill(f, 9, 64 - f->len);
		put_fill(f, 0, 3);
		for (uint32_t cut = 0; cut <= f->len; cut++)
			check_plain(f, cut);
		for (uint32_t at = 12; at < 50; at++) {
			uint8_t before = f->bytes[at];

			if (i >= 2 && at != 14 && at != 20 && at != 23)
				continue;	/* the bytes that decide are enough */
			for (int value = 0; value < (at == 12 ? 16 : 256); value++) {
				f->bytes[at] = (uint8_t)value;	/* at 12: no VLAN tag */
				check_plain(f, f->len);
			}
			f->bytes[at] = before;
		}
		for (uint32_t len = 0; len < 60; len++) {	/* the shortest IP lengths */
			set_be16(f, 16, len);
			check_plain(f, f->len);
		}
	}
}
END_TEST

START_TEST(the_words_of_the_first_step_are_these_and_no_others)
{
#define AT(member)	offsetof(struct hv_ctx, member)
	static const size_t first[] = {
		AT(eth_type), AT(ip_version), AT(ip_src.hi), AT(ip_src.lo), AT(ip_dst.hi),
		AT(ip_dst.lo), AT(ip_proto), AT(tcp_sport), AT(tcp_dport), AT(tcp_flags),
		AT(udp_sport), AT(udp_dport), AT(l4_sport), AT(l4_dport),
	};
#undef AT

	for (size_t at = 0; at < 4 * sizeof(struct hv_ctx); at++) {
		bool want = false;

		for (unsigned i = 0; i < sizeof first / sizeof *first; i++)
			want |= at == first[i];
		ck_assert_msg(packet_is_first(at) == want, "offset %zu", at);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("packet");
	TCase *tc = unit_case(s, "packet");

	tcase_add_test(tc, tcp_over_ipv4);
	tcase_add_test(tc, cut_tcp_over_ipv4);
	tcase_add_test(tc, cut_tcp_behind_two_tags_and_options);
	tcase_add_test(tc, cut_udp_over_ipv4);
	tcase_add_test(tc, cut_icmp);
	tcase_add_test(tc, cut_icmp6_behind_every_extension_header);
	tcase_add_test(tc, cut_arp);
	tcase_add_test(tc, a_frame_cut_on_the_wire_is_malformed);
	tcase_add_test(tc, one_byte_shows_that_the_ip_version_is_wrong);
	tcase_add_test(tc, padding_is_no_part_of_an_ip_frame);
	tcase_add_test(tc, a_third_tag_is_not_followed);
	tcase_add_test(tc, lengths_of_802_3);
	tcase_add_test(tc, ipv4_headers_that_cannot_be);
	tcase_add_test(tc, total_length_0_is_the_rest_of_the_frame);
	tcase_add_test(tc, tcp_headers_that_cannot_be);
	tcase_add_test(tc, udp_lengths);
	tcase_add_test(tc, transport_headers_cut_by_the_ip_length);
	tcase_add_test(tc, other_protocols_have_the_ip_payload);
	tcase_add_test(tc, the_short_way_says_what_the_walk_says);
	tcase_add_test(tc, the_words_of_the_first_step_are_these_and_no_others);
	return s;
}
