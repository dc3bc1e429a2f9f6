/*
 * event_test.c - text of events: numbers, addresses, escapes, bounds
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "policy/event.h"
#include "tests/unit/unit.h"

static char buffer[EVENT_TEXT_MAX];
static struct text t;

static void setup(void)
{
	text_init(&t, buffer, sizeof(buffer));
}

static const char *ip6(uint64_t hi, uint64_t lo)
{
	text_init(&t, buffer, sizeof(buffer));
	text_ip6(&t, hi, lo);
	return buffer;
}

START_TEST(addresses_read_as_rfc_5952_says)
{
	ck_assert_str_eq(ip6(0, 0), "::");
	ck_assert_str_eq(ip6(0, 1), "::1");
	ck_assert_str_eq(ip6(0x20010db800000000, 1), "2001:db8::1");
	ck_assert_str_eq(ip6(0x20010db800000001, 0x0001000100010001), "2001:db8:0:1:1:1:1:1");
	ck_assert_str_eq(ip6(0x20010db800000000, 0x0001000000000001), "2001:db8::1:0:0:1");
	ck_assert_str_eq(ip6(0xfe80000000000000, 0), "fe80::");
	ck_assert_str_eq(ip6(0x0001000000000000, 0x0000000000010000), "1::1:0");
	ck_assert_str_eq(ip6(0, 0x0000ffff0a000001), "::ffff:10.0.0.1");
	ck_assert_str_eq(ip6(0xabcd0ef0001200ff, 0xffffffffffffffff),
			 "abcd:ef0:12:ff:ffff:ffff:ffff:ffff");
	/* one zero group stays; the last of all eight may begin the run */
	ck_assert_str_eq(ip6(0x0001000200030004, 0x0005000600070000), "1:2:3:4:5:6:7:0");
	ck_assert_str_eq(ip6(0x0001000200030004, 0x0005000600000000), "1:2:3:4:5:6::");
	ck_assert_str_eq(ip6(0x0000000000030004, 0x0005000600000000), "::3:4:5:6:0:0");
	ck_assert_str_eq(ip6(0x0000000200030004, 0x0005000600070008), "0:2:3:4:5:6:7:8");
}
END_TEST

START_TEST(addresses_read_back_as_they_were)
{
	srand(2);
	for (unsigned i = 0; i < 100000; i++) {
		uint8_t raw[16], back[16];
		uint64_t hi = 0, lo = 0;

		for (unsigned k = 0; k < 16; k++) {
			raw[k] = rand() % 3 ? 0 : rand();
			*(k < 8 ? &hi : &lo) = *(k < 8 ? &hi : &lo) << 8 | raw[k];
		}
		ck_assert_int_eq(inet_pton(AF_INET6, ip6(hi, lo), back), 1);
		ck_assert_mem_eq(raw, back, 16);
	}
}
END_TEST

START_TEST(numbers_and_macs_read_as_people_write_them)
{
	text_number(&t, 0);
	text_string(&t, " ");
	text_number(&t, UINT64_MAX);
	text_string(&t, " ");
	text_mac(&t, 0x0a1b2c00ff01);
	text_string(&t, " ");
	text_ip4(&t, 0xc0a80001);
	text_string(&t, " ");
	text_hex(&t, 0x1f, 2);
	ck_assert_str_eq(buffer, "0 18446744073709551615 0a:1b:2c:00:ff:01 192.168.0.1 1f");
	ck_assert_uint_eq(t.len, strlen(buffer));
}
END_TEST

START_TEST(bytes_that_are_no_text_are_escaped)
{
	text_escaped(&t, (const uint8_t *)"a\\b\n\x7f\xff ~\x1f", 9);
	ck_assert_str_eq(buffer, "a\\\\b\\x0a\\x7f\\xff ~\\x1f");
}
END_TEST

START_TEST(a_text_is_cut_at_its_bound_and_ends)
{
	char small[8];

	for (uint32_t size = 1; size <= sizeof(small); size++) {
		memset(small, '#', sizeof(small));
		text_init(&t, small, size);
		for (unsigned i = 0; i < 3; i++)
			text_string(&t, "abc");
		ck_assert_uint_eq(t.len, size - 1);
		ck_assert_int_eq(small[size - 1], '\0');
		ck_assert_int_eq(memcmp(small, "abcabcabc", size - 1), 0);
		for (uint32_t i = size; i < sizeof(small); i++)
			ck_assert_int_eq(small[i], '#');
	}
}
END_TEST

static const char *field(const struct hv_ctx *c, const struct transfer *x, enum hv_field f)
{
	text_init(&t, buffer, sizeof(buffer));
	text_field(&t, c, x, f);
	return buffer;
}

#define BIT(f)	((uint64_t)1 << HV_F_##f)

START_TEST(fields_read_by_their_type_and_absent_ones_as_a_dash)
{
	struct transfer x = { .hook = HV_HOOK_NET_IN };
	struct hv_ctx c = { .present = 0, .tcp_flags = 0x12, .ip_version = 4,
			    .ip_src = { 0, 0x0a000001 }, .eth_src = 0x020000000001,
			    .arp_spa = 0x0a000002, .tcp_dport = 443 };

	ck_assert_str_eq(field(&c, &x, HV_F_IP_SRC), "-");
	ck_assert_str_eq(field(&c, &x, HV_F_TCP_SYN), "-");
	c.present = BIT(IP_SRC) | BIT(TCP_FLAGS) | BIT(ETH_SRC) | BIT(ARP_SPA) | BIT(TCP_DPORT);
	ck_assert_str_eq(field(&c, &x, HV_F_IP_SRC), "10.0.0.1");
	ck_assert_str_eq(field(&c, &x, HV_F_ARP_SPA), "10.0.0.2");
	ck_assert_str_eq(field(&c, &x, HV_F_ETH_SRC), "02:00:00:00:00:01");
	ck_assert_str_eq(field(&c, &x, HV_F_TCP_DPORT), "443");
	ck_assert_str_eq(field(&c, &x, HV_F_TCP_FLAGS), "18");
	ck_assert_str_eq(field(&c, &x, HV_F_TCP_SYN), "1");
	ck_assert_str_eq(field(&c, &x, HV_F_TCP_FIN), "0");
	c.ip_version = 6;
	c.ip_src.hi = 0xfe80000000000000;
	ck_assert_str_eq(field(&c, &x, HV_F_IP_SRC), "fe80::a00:1");
}
END_TEST

START_TEST(a_fields_value_is_its_word_its_bit_or_an_addresss_low_word)
{
	struct hv_ctx c = { .ip_version = 6, .ip_dst = { 7, 8 }, .tcp_flags = 0x12,
			    .tcp_dport = 443 };

	ck_assert_uint_eq(field_value(&c, HV_F_IP_DST), 8);
	ck_assert_uint_eq(field_value(&c, HV_F_TCP_DPORT), 443);
	ck_assert_uint_eq(field_value(&c, HV_F_TCP_FLAGS), 0x12);
	ck_assert_uint_eq(field_value(&c, HV_F_TCP_SYN), 1);
	ck_assert_uint_eq(field_value(&c, HV_F_TCP_RST), 0);
	ck_assert_uint_eq(field_value(&c, HV_F_TCP_ACK), 1);
}
END_TEST

START_TEST(a_disk_range_shows_its_first_and_last_sector)
{
	struct disk_range ranges[6] = { { 0, 1 }, { 10, 5 }, { 20, 1 }, { 30, 1 }, { 40, 1 } };
	struct transfer x = { .hook = HV_HOOK_DISK_WRITE,
			      .disk = { .first_lba = 2048, .sectors = 8, .ranges = ranges } };
	struct hv_ctx c = { .present = BIT(DISK_RANGE) };

	ck_assert_str_eq(field(&c, &x, HV_F_DISK_RANGE), "2048..2055");
	x.disk.first_lba = UINT64_MAX;
	ck_assert_str_eq(field(&c, &x, HV_F_DISK_RANGE),
			 "18446744073709551615..18446744073709551615");
	x.hook = HV_HOOK_DISK_CONTROL;
	x.disk.range_count = 2;
	ck_assert_str_eq(field(&c, &x, HV_F_DISK_RANGE), "0..0, 10..14");
	x.disk.range_count = 4;
	ck_assert_str_eq(field(&c, &x, HV_F_DISK_RANGE), "0..0, 10..14, 20..20, 30..30");
	x.disk.range_count = 5;
	ck_assert_str_eq(field(&c, &x, HV_F_DISK_RANGE), "0..0, 10..14, 20..20, 30..30, ...");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("event");
	TCase *tc = unit_case(s, "event");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, addresses_read_as_rfc_5952_says);
	tcase_add_test(tc, addresses_read_back_as_they_were);
	tcase_add_test(tc, numbers_and_macs_read_as_people_write_them);
	tcase_add_test(tc, bytes_that_are_no_text_are_escaped);
	tcase_add_test(tc, a_text_is_cut_at_its_bound_and_ends);
	tcase_add_test(tc, fields_read_by_their_type_and_absent_ones_as_a_dash);
	tcase_add_test(tc, a_fields_value_is_its_word_its_bit_or_an_addresss_low_word);
	tcase_add_test(tc, a_disk_range_shows_its_first_and_last_sector);
	return s;
}
