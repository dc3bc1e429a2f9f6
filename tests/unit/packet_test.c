/*
 * packet_test.c - fields and offsets of frames built by hand, whole and cut at every byte
 */
#include "tests/unit/frame.h"
#include "tests/unit/unit.h"

#define HAS(r, f)	field_is_present(&(r)->ctx, HV_F_##f)
#define VALUE(r, f)	field_value(&(r)->ctx, HV_F_##f)
#define is(r, f, v) do { \
	ck_assert_msg(HAS(r, f), "%s is absent", hv_field_table[HV_F_##f].name); \
	ck_assert_uint_eq(VALUE(r, f), v); \
} while (0)
#define absent(r, f)	ck_assert_msg(!HAS(r, f), "%s is there", hv_field_table[HV_F_##f].name)

static struct frame frame;

static struct frame *start(uint16_t type)
{
	frame.len = 0;
	put_eth(&frame, type);
	return &frame;
}

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

Suite *unit_suite(void)
{
	Suite *s = suite_create("packet");
	TCase *tc = unit_case(s, "ethernet and ip");

	tcase_add_test(tc, tcp_over_ipv4);
	return s;
}
