/*
 * rewrite_test.c - rewriting: the bytes that change, and checksums recomputed from scratch
 */
#include "policy/rewrite.h"
#include "tests/unit/frame.h"
#include "tests/unit/sum.h"

/* A frame with all that is known of its checksums by its construction. */
struct sums {
	struct frame *f;
	uint32_t l3;		/* IPv4 header at l3, 0: none */
	uint32_t src, dst, address_len;	/* of the pseudo header, address_len 0: none */
	uint32_t l4, l4_len, field;	/* field: the checksum */
	uint32_t covered;	/* bytes of l4_len that are summed */
	uint8_t proto;
};

static uint32_t transport_sum(const struct sums *s, const uint8_t *frame)
{
	return scratch_transport(frame + s->src, frame + s->dst, s->address_len, s->proto,
				 frame + s->l4, s->covered, s->l4_len);
}

static uint32_t header_sum(const struct sums *s, const uint8_t *frame)
{
	return scratch_sum(0, frame + s->l3, (frame[s->l3] & 15) * 4u);
}

/* Write the right checksums into the frame. */
static void fix(const struct sums *s)
{
	uint8_t *frame = s->f->bytes;

	if (s->l3) {
		set_be16(s->f, s->l3 + 10, 0);
		set_be16(s->f, s->l3 + 10, 0xffff - header_sum(s, frame));
	}
	set_be16(s->f, s->field, 0);
	set_be16(s->f, s->field, 0xffff - transport_sum(s, frame));
	if (s->proto == 17 && frame[s->field] == 0 && frame[s->field + 1] == 0)
		set_be16(s->f, s->field, 0xffff);
}

static bool is_right(const struct sums *s, const uint8_t *frame)
{
	return (s->l3 == 0 || header_sum(s, frame) == 0xffff) &&
	       transport_sum(s, frame) == 0xffff;
}

/* @options bytes of IPv4 options, transport @proto with @body bytes of payload. */
static struct sums ipv4(uint8_t proto, uint32_t options, uint32_t body)
{
	uint32_t head = proto == 6 ? 20 : 8;
	struct sums s = {
		.f = start(0x0800), .l3 = 14, .src = 26, .dst = 30, .address_len = 4,
		.l4 = 34 + options, .l4_len = head + body, .covered = head + body, .proto = proto,
	};

	put_ipv4(s.f, proto, head + body, 0, options);
	s.field = s.l4 + (proto == 6 ? 16 : proto == 1 ? 2 : 6);
	if (proto == 6) {
		put_tcp(s.f, 0);
	} else if (proto == 1) {
		put_hex(s.f, "0800 0000 1234 0001");
		s.address_len = 0;
	} else {
		put_udp(s.f, head + body);
	}
	for (uint32_t i = 0; i < body; i++)
		put_be(s.f, i * 37 + 11, 1);
	fix(&s);
	return s;
}

/* IPv6 with @chain (hexadecimal, @chain_len bytes, its first header is @next). */
static struct sums ipv6(uint8_t proto, const char *chain, uint32_t chain_len, uint8_t next,
			uint32_t body)
{
	uint32_t head = proto == 6 ? 20 : 8;
	struct sums s = {
		.f = start(0x86dd), .src = 22, .dst = 38, .address_len = 16,
		.l4 = 54 + chain_len, .l4_len = head + body, .covered = head + body, .proto = proto,
	};

	put_ipv6(s.f, next, chain_len + head + body);
	put_hex(s.f, chain);
	s.field = s.l4 + (proto == 6 ? 16 : proto == 58 ? 2 : 6);
	if (proto == 6)
		put_tcp(s.f, 0);
	else if (proto == 58)
		put_hex(s.f, "8000 0000 1234 0001");
	else
		put_udp(s.f, head + body);
	put_fill(s.f, 0x5a, body);
	fix(&s);
	return s;
}

/*
 * Rewrite the field in the first @captured bytes of the frame; the bytes must become those
 * of @want but for checksums.  Returns what rewrite_field() does.
 */
static int set_field(struct sums *s, uint32_t captured, enum hv_field field, unsigned int family,
		     uint64_t hi, uint64_t lo)
{
	uint8_t *exact = exact_alloc(captured);
	struct parsed r;
	int result;

	memcpy(exact, s->f->bytes, captured);
	memset(&r, 0xa5, sizeof r);
	packet_parse(exact, captured, s->f->len, 0, NULL, &r.ctx, &r.p);
	result = rewrite_field(exact, captured, &r.p, &r.ctx, field, family, hi, lo);
	memcpy(s->f->bytes, exact, captured);
	exact_free(exact);
	return result;
}

static int set_whole(struct sums *s, enum hv_field field, unsigned int family, uint64_t hi,
		     uint64_t lo)
{
	return set_field(s, s->f->len, field, family, hi, lo);
}

static void set_content(struct sums *s, uint32_t captured, uint32_t at, uint32_t len,
			const void *bytes, uint32_t count)
{
	uint8_t *exact = exact_alloc(captured);
	struct rewriting w;
	struct parsed r;

	memcpy(exact, s->f->bytes, captured);
	memset(&r, 0xa5, sizeof r);
	packet_parse(exact, captured, s->f->len, 0, NULL, &r.ctx, &r.p);
	rewrite_begin(&w, exact, captured, &r.p, &r.ctx);
	rewrite_bytes(&w, at, len, bytes, count);
	rewrite_end(&w);
	memcpy(s->f->bytes, exact, captured);
	exact_free(exact);
}

static uint64_t value_at(const struct frame *f, uint32_t at, uint32_t len)
{
	uint64_t v = 0;

	while (len-- > 0)
		v = v << 8 | f->bytes[at++];
	return v;
}

START_TEST(the_example_of_rfc_1071)
{
	static const uint8_t b[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	ck_assert_uint_eq(checksum(b, 8), 0xddf2);
	ck_assert_uint_eq(checksum(b, 0), 0);
	ck_assert_uint_eq(checksum(b + 2, 1), 0xf200);
}
END_TEST

START_TEST(the_example_of_rfc_1624)
{
	ck_assert_uint_eq(checksum_adjust(0xdd2f, 0x5555, 0x3285), 0x0000);
}
END_TEST

START_TEST(sums_agree_with_byte_by_byte_ones_at_every_length)
{
	static uint8_t b[70000];

	for (uint32_t i = 0; i < sizeof b; i++)
		b[i] = (uint8_t)(i * i >> 3 | 0x81);
	for (uint32_t len = 0; len < 70; len++)
		for (uint32_t at = 0; at < 5; at++)
			ck_assert_uint_eq(checksum(b + at, len), scratch_sum(0, b + at, len));
	memset(b, 0xff, sizeof b);
	ck_assert_uint_eq(checksum(b, sizeof b), scratch_sum(0, b, sizeof b));
	ck_assert_uint_eq(checksum(b, sizeof b), 0xffff);
}
END_TEST

/* A rewrite that must work: @bytes at @at become the field's new value. */
struct row {
	enum hv_field field;
	uint32_t at, bytes;
	uint64_t lo, want;	/* given; found in the frame */
};

static void check_rows(struct sums (*make)(void), const struct row *row, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct sums s = make();
		static uint8_t before[70000];
		bool is_ip = hv_field_table[row[i].field].type == FIELD_IP;

		memcpy(before, s.f->bytes, s.f->len);
		ck_assert_int_eq(set_whole(&s, row[i].field, is_ip ? 4 : 0, 0, row[i].lo), 0);
		ck_assert_uint_eq(value_at(s.f, row[i].at, row[i].bytes), row[i].want);
		ck_assert_msg(is_right(&s, s.f->bytes), "%s", hv_field_table[row[i].field].name);
		for (uint32_t b = 0; b < s.f->len; b++) {
			bool may = (b >= row[i].at && b < row[i].at + row[i].bytes) ||
				   (s.l3 && b - s.l3 - 10 < 2) || b - s.field < 2;

			ck_assert_msg(may || s.f->bytes[b] == before[b], "byte %u changed", b);
		}
	}
}

#define CHECK_ROWS(make, row)	check_rows(make, row, sizeof(row) / sizeof(*(row)))

static struct sums make_tcp4(void) { return ipv4(6, 8, 5); }
static struct sums make_udp4(void) { return ipv4(17, 0, 6); }

START_TEST(fields_of_tcp_over_ipv4)
{
	static const struct row row[] = {
		{ HV_F_ETH_DST, 0, 6, 0xffff112233445566, 0x112233445566 },
		{ HV_F_ETH_SRC, 6, 6, 0x112233445566, 0x112233445566 },
		{ HV_F_IP_SRC, 26, 4, 0x01020304, 0x01020304 },
		{ HV_F_IP_DST, 30, 4, 0xfffefdfc, 0xfffefdfc },
		{ HV_F_IP_TTL, 22, 1, 0x101, 1 },
		{ HV_F_IP_DSCP, 15, 1, 10, 10 << 2 | 1 },
		{ HV_F_IP_DSCP, 15, 1, 0xff, 0xfd },
		{ HV_F_TCP_SPORT, 42, 2, 0x1ffff, 0xffff },
		{ HV_F_L4_SPORT, 42, 2, 0, 0 },
		{ HV_F_TCP_DPORT, 44, 2, 443, 443 },
		{ HV_F_L4_DPORT, 44, 2, 444, 444 },
		{ HV_F_TCP_WINDOW, 56, 2, 9, 9 },
	};

	CHECK_ROWS(make_tcp4, row);
}
END_TEST

START_TEST(fields_of_udp_over_ipv4)
{
	static const struct row row[] = {
		{ HV_F_UDP_SPORT, 34, 2, 1, 1 }, { HV_F_L4_SPORT, 34, 2, 2, 2 },
		{ HV_F_UDP_DPORT, 36, 2, 3, 3 }, { HV_F_L4_DPORT, 36, 2, 4, 4 },
		{ HV_F_IP_SRC, 26, 4, 5, 5 },
	};

	CHECK_ROWS(make_udp4, row);
}
END_TEST

START_TEST(fields_of_ipv6)
{
	static const uint8_t protos[] = { 6, 17, 58 };

	for (uint32_t i = 0; i < 3; i++) {
		struct sums s = ipv6(protos[i], "", 0, protos[i], 7);

		ck_assert_int_eq(set_whole(&s, HV_F_IP_SRC, 6, 0xfd00000000000001, 77), 0);
		ck_assert_uint_eq(value_at(s.f, 22, 8), 0xfd00000000000001);
		ck_assert_uint_eq(value_at(s.f, 30, 8), 77);
		ck_assert_int_eq(set_whole(&s, HV_F_IP_DST, 6, 3, 0xffffffffffffffff), 0);
		ck_assert_uint_eq(value_at(s.f, 38, 8), 3);
		ck_assert_uint_eq(value_at(s.f, 46, 8), 0xffffffffffffffff);
		ck_assert_int_eq(set_whole(&s, HV_F_IP_TTL, 0, 0, 5), 0);
		ck_assert_uint_eq(s.f->bytes[21], 5);
		ck_assert_int_eq(set_whole(&s, HV_F_IP_DSCP, 0, 0, 0x15), 0);
		ck_assert_uint_eq(value_at(s.f, 14, 4), 0x65512345);
		ck_assert(is_right(&s, s.f->bytes));
	}
}
END_TEST

START_TEST(a_vlan_tag_keeps_its_priority)
{
	struct sums s = { .f = start(0x8100) };

	put_hex(s.f, "b005 88b5 0000");
	ck_assert_int_eq(set_whole(&s, HV_F_VLAN_ID, 0, 0, 0xf123), 0);
	ck_assert_uint_eq(value_at(s.f, 14, 2), 0xb123);
	ck_assert_uint_eq(value_at(s.f, 12, 2), 0x8100);
}
END_TEST

START_TEST(arp_addresses)
{
	struct sums s = { .f = start(0x0806) };

	put_hex(s.f, "0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002");
	ck_assert_int_eq(set_whole(&s, HV_F_ARP_SPA, 4, 0, 0xc0a80001), 0);
	ck_assert_uint_eq(value_at(s.f, 28, 4), 0xc0a80001);
	ck_assert_int_eq(set_whole(&s, HV_F_ARP_TPA, 4, 0, 0xc0a80002), 0);
	ck_assert_uint_eq(value_at(s.f, 38, 4), 0xc0a80002);
	ck_assert_int_eq(set_whole(&s, HV_F_ARP_SPA, 6, 0, 1), REWRITE_FAMILY);
	ck_assert_int_eq(set_whole(&s, HV_F_ARP_OP, 0, 0, 1), REWRITE_ABSENT);
	ck_assert_uint_eq(value_at(s.f, 28, 4), 0xc0a80001);
	ck_assert_int_eq(set_whole(&s, HV_F_IP_SRC, 4, 0, 1), REWRITE_ABSENT);
}
END_TEST

START_TEST(an_arp_length_rewritten_since_leads_nowhere)
{
	struct frame *f = start(0x0806);
	struct parsed r;
	uint8_t *exact;

	put_hex(f, "0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002");
	r = parse(f);
	exact = exact_alloc(f->len);
	memcpy(exact, f->bytes, f->len);
	exact[18] = 15;		/* the target would start at 56 */
	ck_assert_int_eq(rewrite_field(exact, f->len, &r.p, &r.ctx, HV_F_ARP_TPA, 4, 0, 1),
			 REWRITE_ABSENT);
	exact[18] = 7;		/* 38 + 2 = 40: two bytes short */
	ck_assert_int_eq(rewrite_field(exact, f->len, &r.p, &r.ctx, HV_F_ARP_TPA, 4, 0, 1),
			 REWRITE_ABSENT);
	exact[18] = 6;
	ck_assert_int_eq(rewrite_field(exact, f->len, &r.p, &r.ctx, HV_F_ARP_TPA, 4, 0, 1), 0);
	exact_free(exact);
}
END_TEST

START_TEST(another_family_is_refused)
{
	struct sums s = ipv4(6, 0, 0);
	struct frame copy = *s.f;

	ck_assert_int_eq(set_whole(&s, HV_F_IP_SRC, 6, 0, 1), REWRITE_FAMILY);
	ck_assert_int_eq(set_whole(&s, HV_F_IP_DST, 0, 0, 1), REWRITE_FAMILY);
	ck_assert_int_eq(set_whole(&s, HV_F_UDP_DPORT, 0, 0, 1), REWRITE_ABSENT);
	ck_assert_int_eq(set_whole(&s, HV_F_VLAN_ID, 0, 0, 1), REWRITE_ABSENT);
	ck_assert_int_eq(set_whole(&s, HV_F_IP_LEN, 0, 0, 1), REWRITE_ABSENT);
	ck_assert_int_eq(set_whole(&s, HV_FIELDS, 0, 0, 1), REWRITE_ABSENT);
	ck_assert_mem_eq(copy.bytes, s.f->bytes, s.f->len);
	s = ipv6(6, "", 0, 6, 0);
	ck_assert_int_eq(set_whole(&s, HV_F_IP_SRC, 4, 0, 1), REWRITE_FAMILY);
}
END_TEST

START_TEST(a_wrong_checksum_stays_wrong_by_as_much)
{
	for (uint32_t wrong = 1; wrong < 0xffff; wrong += 1311) {
		struct sums s = ipv4(6, 0, 9);
		uint32_t header, transport;

		set_be16(s.f, s.field, (uint32_t)value_at(s.f, s.field, 2) + wrong);
		set_be16(s.f, 24, (uint32_t)value_at(s.f, 24, 2) + wrong);
		header = header_sum(&s, s.f->bytes);
		transport = transport_sum(&s, s.f->bytes);
		ck_assert_int_eq(set_whole(&s, HV_F_IP_DST, 4, 0, 0x7f000001), 0);
		ck_assert_int_eq(set_whole(&s, HV_F_TCP_DPORT, 0, 0, wrong), 0);
		set_content(&s, s.f->len, 57, 3, "xyz", 3);
		ck_assert_uint_eq(header_sum(&s, s.f->bytes), header);
		ck_assert_uint_eq(transport_sum(&s, s.f->bytes), transport);
	}
}
END_TEST

START_TEST(udp_without_checksum_stays_without)
{
	struct sums s = ipv4(17, 0, 6);

	set_be16(s.f, s.field, 0);
	ck_assert_int_eq(set_whole(&s, HV_F_IP_DST, 4, 0, 0x7f000001), 0);
	ck_assert_int_eq(set_whole(&s, HV_F_UDP_DPORT, 0, 0, 1), 0);
	ck_assert_uint_eq(value_at(s.f, s.field, 2), 0);
	ck_assert_uint_eq(header_sum(&s, s.f->bytes), 0xffff);
	set_content(&s, s.f->len, s.field, 2, "\x12\x34", 2);
	ck_assert_uint_eq(value_at(s.f, s.field, 2), 0);
}
END_TEST

START_TEST(a_udp_checksum_never_becomes_0)
{
	struct sums s = ipv4(17, 0, 6);
	bool seen = false;

	for (uint32_t port = 0; port < 0x10000; port++) {
		ck_assert_int_eq(set_whole(&s, HV_F_UDP_DPORT, 0, 0, port), 0);
		ck_assert_uint_ne(value_at(s.f, s.field, 2), 0);
		seen |= value_at(s.f, s.field, 2) == 0xffff;
		if (port % 97 == 0 || value_at(s.f, s.field, 2) == 0xffff)
			ck_assert(is_right(&s, s.f->bytes));
	}
	ck_assert(seen);
	s = ipv4(6, 0, 0);	/* TCP's may */
	seen = false;
	for (uint32_t port = 0; port < 0x10000; port++) {
		set_whole(&s, HV_F_TCP_DPORT, 0, 0, port);
		seen |= value_at(s.f, s.field, 2) == 0;
	}
	ck_assert(seen);
}
END_TEST

/* Every range of content, at even and odd places: the checksums are right ever after. */
static void check_content(struct sums *s)
{
	static struct frame copy;

	copy = *s->f;
	for (uint32_t at = s->l4; at < copy.len; at++) {
		for (uint32_t len = 0; len <= 9 && at + len <= copy.len; len++) {
			*s->f = copy;
			set_content(s, copy.len, at, len, "\x5a\xc3\xff", 3);
			ck_assert_msg(is_right(s, s->f->bytes), "%u bytes at %u", len, at);
			for (uint32_t i = 0; i < copy.len; i++) {
				uint8_t want = i - at < len ? "\x5a\xc3\xff"[(i - at) % 3]
							    : copy.bytes[i];

				ck_assert(i - s->field < 2 || (s->l3 && i - s->l3 - 10 < 2) ||
					  s->f->bytes[i] == (uint8_t)want);
			}
		}
	}
	*s->f = copy;
}

START_TEST(content_of_every_protocol_at_every_offset)
{
	static const uint8_t protos4[] = { 6, 17, 1 }, protos6[] = { 6, 17, 58 };

	for (uint32_t i = 0; i < 3; i++) {
		struct sums s = ipv4(protos4[i], 4, 13);

		check_content(&s);
		s = ipv6(protos6[i], "1100 010400000000", 8, 60, 13);
		s.f->bytes[54] = protos6[i];
		check_content(&s);
	}
}
END_TEST

START_TEST(content_in_the_headers_keeps_checksums_right)
{
	struct sums s = ipv4(6, 8, 4);

	set_content(&s, s.f->len, 15, 1, "\x7f", 1);		/* TOS */
	set_content(&s, s.f->len, 24, 10, "\xab\xcd", 2);	/* checksum, addresses */
	set_content(&s, s.f->len, 36, 10, "\x01\x02\x03", 3);	/* options and ports */
	ck_assert(is_right(&s, s.f->bytes));
	ck_assert_uint_eq(value_at(s.f, 26, 8), 0xabcdabcdabcdabcd);
	set_content(&s, s.f->len, 0, 14, "", 1);
	ck_assert_uint_eq(value_at(s.f, 6, 8), 0);
	ck_assert(is_right(&s, s.f->bytes));
}
END_TEST

START_TEST(content_beyond_what_was_captured_is_left_alone)
{
	struct sums s = ipv4(6, 0, 9);
	struct frame copy = *s.f;

	set_content(&s, s.f->len - 1, s.f->len - 1, 1, "x", 1);
	set_content(&s, s.f->len - 1, s.f->len - 3, 3, "x", 1);
	set_content(&s, s.f->len - 1, s.f->len, 0, "x", 1);
	set_content(&s, s.f->len - 1, 4, UINT32_MAX, "x", 1);
	set_content(&s, s.f->len, 40, 4, "x", 0);
	ck_assert_mem_eq(copy.bytes, s.f->bytes, s.f->len);
	set_content(&s, s.f->len - 1, s.f->len - 3, 2, "x", 1);
	ck_assert_uint_eq(value_at(s.f, s.f->len - 3, 2), 0x7878);
}
END_TEST

START_TEST(a_cut_header_of_impossible_length_keeps_its_checksum)
{
	static const struct { uint8_t first; bool kept; } row[] = {
		{ 0x44, true }, { 0x45, false }, { 0x46, false }, { 0x4b, false }, { 0x4c, true },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct sums s = ipv4(6, 8, 30);
		uint8_t before[2];

		s.f->bytes[14] = row[i].first;
		s.f->len = 14 + 44;
		memcpy(before, s.f->bytes + 24, 2);
		set_field(&s, 30, HV_F_IP_TTL, 0, 0, 99);
		ck_assert_uint_eq(s.f->bytes[22], 99);
		ck_assert_int_eq(memcmp(before, s.f->bytes + 24, 2) == 0, row[i].kept);
	}
}
END_TEST

START_TEST(what_was_not_captured_is_neither_read_nor_written)
{
	for (uint32_t captured = 0; captured <= 80; captured++) {
		struct sums s = ipv4(6, 8, 30);
		struct frame copy = *s.f;

		for (uint32_t field = 0; field < HV_FIELDS; field++)
			set_field(&s, captured, field, field == HV_F_IP_SRC ? 4 : 0, 0, 99);
		ck_assert_mem_eq(copy.bytes + captured, s.f->bytes + captured, s.f->len - captured);
		/* a header that is cut behind its checksum has it adjusted */
		if (captured >= 26)
			ck_assert_uint_eq(header_sum(&s, s.f->bytes), 0xffff);
		/* with the checksums captured all is right but for what is not there */
		if (captured >= s.field + 2)
			ck_assert(is_right(&s, s.f->bytes));
		s = ipv6(17, "", 0, 17, 30);
		for (uint32_t field = 0; field < HV_FIELDS; field++)
			set_field(&s, captured, field, field == HV_F_IP_SRC ? 6 : 0, 0, 99);
		if (captured >= s.field + 2)
			ck_assert(is_right(&s, s.f->bytes));
	}
}
END_TEST

START_TEST(an_icmp_message_that_becomes_zeros_keeps_a_right_checksum)
{
	struct sums s = ipv4(1, 0, 4);

	set_content(&s, s.f->len, s.l4, 11, "", 1);
	ck_assert(is_right(&s, s.f->bytes));
	set_content(&s, s.f->len, s.l4 + 11, 1, "", 1);
	ck_assert_uint_eq(value_at(s.f, s.field, 2), 0xffff);
	ck_assert(is_right(&s, s.f->bytes));
	set_content(&s, s.f->len, s.l4 + 11, 1, "x", 1);
	ck_assert(is_right(&s, s.f->bytes));
}
END_TEST

START_TEST(udp_without_payload_has_a_checksum)
{
	struct sums s = ipv4(17, 0, 0);

	ck_assert_int_eq(set_whole(&s, HV_F_IP_DST, 4, 0, 0x01020304), 0);
	ck_assert_int_eq(set_whole(&s, HV_F_UDP_DPORT, 0, 0, 99), 0);
	ck_assert(is_right(&s, s.f->bytes));
}
END_TEST

START_TEST(content_across_what_is_summed_apart_carries)
{
	/* from the pseudo header's addresses into the transport header, large sums and small */
	for (uint32_t i = 0; i < 500; i++) {
		uint8_t bytes[4] = { 0xff - i % 3, i * 7 + 0x80, 0xff, i * 13 };
		struct sums s = ipv4(6, 0, 4);

		set_content(&s, s.f->len, 26 + i % 4, 16, bytes, 4);
		ck_assert(is_right(&s, s.f->bytes));
		s = ipv6(17, "", 0, 17, 6);
		set_content(&s, s.f->len, 22 + i % 5, 38, bytes, 3);
		ck_assert(is_right(&s, s.f->bytes));
	}
}
END_TEST

START_TEST(a_header_that_is_too_short_for_itself_keeps_its_checksum)
{
	static struct frame copy;
	struct sums s = ipv4(6, 0, 4);

	s.f->bytes[14] = 0x44;
	set_be16(s.f, 24, 0);
	copy = *s.f;
	ck_assert_int_eq(set_whole(&s, HV_F_IP_TTL, 0, 0, 7), 0);
	copy.bytes[22] = 7;
	ck_assert_mem_eq(copy.bytes, s.f->bytes, s.f->len);
}
END_TEST

START_TEST(udp_surplus_is_not_summed)
{
	struct sums s = ipv4(17, 0, 16);

	set_be16(s.f, s.l4 + 4, 8 + 11);
	s.l4_len = s.covered = 8 + 11;
	fix(&s);
	set_content(&s, s.f->len, s.l4 + 17, 7, "abcdefg", 7);
	ck_assert(is_right(&s, s.f->bytes));
}
END_TEST

START_TEST(udp_lite_sums_what_its_coverage_says)
{
	static const uint32_t coverage[] = { 0, 8, 9, 12, 24, 25 };

	for (uint32_t i = 0; i < 6; i++) {
		struct sums s = ipv4(136, 0, 16);

		set_be16(s.f, s.l4 + 4, coverage[i]);
		s.covered = coverage[i] == 0 || coverage[i] > 24 ? 24 : coverage[i];
		fix(&s);
		ck_assert_int_eq(set_whole(&s, HV_F_IP_DST, 4, 0, 0x01020304), 0);
		ck_assert_int_eq(set_whole(&s, HV_F_L4_DPORT, 0, 0, 1), REWRITE_ABSENT);
		set_content(&s, s.f->len, s.l4 + 7 + 1, 16, "abcde", 5);
		ck_assert(is_right(&s, s.f->bytes));
	}
}
END_TEST

START_TEST(protocols_without_a_known_checksum_are_left_alone)
{
	struct sums s = ipv4(17, 0, 16);
	uint64_t before;

	s.f->bytes[23] = 132;
	set_be16(s.f, 24, 0);
	set_be16(s.f, 24, 0xffff - header_sum(&s, s.f->bytes));
	before = value_at(s.f, s.field, 2);
	ck_assert_int_eq(set_whole(&s, HV_F_IP_DST, 4, 0, 0x01020304), 0);
	set_content(&s, s.f->len, s.l4 + 8, 16, "abcde", 5);
	ck_assert_uint_eq(value_at(s.f, s.field, 2), before);
	ck_assert_uint_eq(header_sum(&s, s.f->bytes), 0xffff);
	s.f->bytes[23] = 58;	/* ICMPv6 over IPv4 is nothing */
	before = value_at(s.f, s.l4 + 2, 2);
	ck_assert_int_eq(set_whole(&s, HV_F_IP_DST, 4, 0, 0x01020305), 0);
	ck_assert_uint_eq(value_at(s.f, s.l4 + 2, 2), before);
}
END_TEST

START_TEST(a_routing_header_moves_the_destination_out_of_the_pseudo_header)
{
	/* type 2, one segment left; the final destination is in the header */
	static const char chain[] = "1102 0201 00000000 fd000000000000000000000000000009";
	struct sums s = ipv6(17, chain, 24, 43, 5);

	s.dst = 62;
	fix(&s);
	ck_assert_int_eq(set_whole(&s, HV_F_IP_DST, 6, 1, 2), 0);
	ck_assert_int_eq(set_whole(&s, HV_F_IP_SRC, 6, 3, 4), 0);
	ck_assert(is_right(&s, s.f->bytes));
	s.f->bytes[57] = 0;	/* none left: the destination is the header's */
	s.dst = 38;
	fix(&s);
	ck_assert_int_eq(set_whole(&s, HV_F_IP_DST, 6, 5, 6), 0);
	ck_assert(is_right(&s, s.f->bytes));
}
END_TEST

START_TEST(a_home_address_option_replaces_the_source)
{
	/* Pad1, PadN of 2, the option of 18 bytes, Pad1: 24 bytes */
	static const char chain[] = "1102 00 0100 c910 fd000000000000000000000000000007 00";
	struct sums s = ipv6(17, chain, 24, 60, 5);

	s.src = 61;
	fix(&s);
	ck_assert_int_eq(set_whole(&s, HV_F_IP_SRC, 6, 1, 2), 0);
	ck_assert_int_eq(set_whole(&s, HV_F_IP_DST, 6, 3, 4), 0);
	ck_assert(is_right(&s, s.f->bytes));
	s.f->bytes[59] = 1;	/* another option */
	s.src = 22;
	fix(&s);
	ck_assert_int_eq(set_whole(&s, HV_F_IP_SRC, 6, 5, 6), 0);
	ck_assert(is_right(&s, s.f->bytes));
}
END_TEST

START_TEST(a_routing_header_of_8_bytes_is_the_last_that_is_looked_at)
{
	/* type 253 without addresses, one segment left: where it goes is not for us to know */
	struct sums s = ipv6(17, "11 00 fd 01 00000000", 8, 43, 5);
	uint64_t before = value_at(s.f, s.field, 2);

	ck_assert_int_eq(set_whole(&s, HV_F_IP_DST, 6, 1, 2), 0);
	ck_assert_uint_eq(value_at(s.f, s.field, 2), before);
	ck_assert_int_eq(set_whole(&s, HV_F_IP_SRC, 6, 3, 4), 0);
	ck_assert_uint_ne(value_at(s.f, s.field, 2), before);
}
END_TEST

START_TEST(options_are_skipped_to_the_byte)
{
	/* Pad1, PadN of 1 to 4 bytes that look like others, the home address option */
	static const char *const chain[] = {
		"1102 00 010100 c910 fd000000000000000000000000000007",
		"1102 00 0101c9 c910 fd000000000000000000000000000007",
		"1102 0102c910 c910 fd000000000000000000000000000007",
		"1103 000000 0107000000c9100000 c910 fd000000000000000000000000000007",
	};

	for (uint32_t i = 0; i < 4; i++) {
		uint32_t len = i == 3 ? 32 : 24;
		struct sums s = ipv6(17, chain[i], len, 60, 5);

		s.src = 54 + len - 16;
		fix(&s);
		ck_assert_int_eq(set_whole(&s, HV_F_IP_SRC, 6, 1, 2), 0);
		ck_assert(is_right(&s, s.f->bytes));
	}
}
END_TEST

/*
 * The frame's parse is that of what it was; @at then became @byte.  The source address is
 * set: is it summed?
 */
static bool source_counts(struct sums *s, uint32_t at, uint8_t byte)
{
	uint8_t *exact = exact_alloc(s->f->len);
	uint64_t before = value_at(s->f, s->field, 2), after;
	struct packet p;
	struct hv_ctx ctx;

	memcpy(exact, s->f->bytes, s->f->len);
	packet_parse(exact, s->f->len, s->f->len, 0, NULL, &ctx, &p);
	exact[at] = byte;
	ck_assert_int_eq(rewrite_field(exact, s->f->len, &p, &ctx, HV_F_IP_SRC, 6, 7, 8), 0);
	after = (uint64_t)exact[s->field] << 8 | exact[s->field + 1];
	exact_free(exact);
	return after != before;
}

START_TEST(options_are_read_no_further_than_their_header)
{
	/* behind the header stands what would be a home address option */
	static const char chain[] = "3c00 010400000000"
				    "1102 0112 000000000000000000000000000000000000 0000";
	struct sums s = ipv6(17, chain, 32, 60, 60);

	memset(s.f->bytes + s.l4 + 8, 0xc9, 60);
	ck_assert(source_counts(&s, 63, 2));		/* as it is */
	ck_assert(source_counts(&s, 63, 3));		/* longer than what the parse found */
	ck_assert(source_counts(&s, 63, 255));
	for (uint32_t len = 0; len < 256; len++)	/* PadN: to its end and beyond */
		ck_assert(source_counts(&s, 65, (uint8_t)len));
	for (uint32_t len = 0; len < 256; len++)
		ck_assert(source_counts(&s, 57, (uint8_t)len));
	ck_assert(!source_counts(&s, 64, 0xc9));
	s.f->len = s.l4 + 8;	/* and nothing of a frame that ends there */
	set_be16(s.f, 18, 32 + 8);
	set_be16(s.f, s.l4 + 4, 8);
	for (uint32_t len = 0; len < 256; len++)
		ck_assert(source_counts(&s, 63, (uint8_t)len));
}
END_TEST

START_TEST(fragments_keep_the_checksum_of_their_datagram)
{
	static struct frame datagram, fragment;
	struct sums s = ipv4(17, 0, 56);
	struct sums part;

	datagram = *s.f;
	/* the first 40 bytes, then the other 24, each in a frame; both get a new source */
	for (uint32_t at = 0; at < 64; at += 40) {
		part = (struct sums){ .f = start(0x0800) };
		put_ipv4(part.f, 17, at == 0 ? 40 : 24, at == 0 ? 0x2000 : 5, 0);
		for (uint32_t i = 0; i < (at == 0 ? 40 : 24); i++)
			put_be(part.f, datagram.bytes[34 + at + i], 1);
		set_be16(part.f, 24, 0xffff - scratch_sum(0, part.f->bytes + 14, 20));
		ck_assert_int_eq(set_whole(&part, HV_F_IP_SRC, 4, 0, 0xac100001), 0);
		ck_assert_int_eq(set_whole(&part, HV_F_UDP_DPORT, 0, 0, 99),
				 at == 0 ? 0 : REWRITE_ABSENT);
		ck_assert_uint_eq(scratch_sum(0, part.f->bytes + 14, 20), 0xffff);
		if (at == 0)
			fragment = *part.f;
	}
	/* put together again */
	memcpy(datagram.bytes + 26, part.f->bytes + 26, 8);
	memcpy(datagram.bytes + 34, fragment.bytes + 34, 40);
	memcpy(datagram.bytes + 74, part.f->bytes + 34, 24);
	ck_assert_uint_eq(transport_sum(&s, datagram.bytes), 0xffff);
	ck_assert_uint_eq(value_at(&datagram, 36, 2), 99);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("rewrite");
	TCase *tc = unit_case(s, "rewrite");

	tcase_add_test(tc, the_example_of_rfc_1071);
	tcase_add_test(tc, the_example_of_rfc_1624);
	tcase_add_test(tc, sums_agree_with_byte_by_byte_ones_at_every_length);
	tcase_add_test(tc, fields_of_tcp_over_ipv4);
	tcase_add_test(tc, fields_of_udp_over_ipv4);
	tcase_add_test(tc, fields_of_ipv6);
	tcase_add_test(tc, a_vlan_tag_keeps_its_priority);
	tcase_add_test(tc, arp_addresses);
	tcase_add_test(tc, an_arp_length_rewritten_since_leads_nowhere);
	tcase_add_test(tc, another_family_is_refused);
	tcase_add_test(tc, a_wrong_checksum_stays_wrong_by_as_much);
	tcase_add_test(tc, udp_without_checksum_stays_without);
	tcase_add_test(tc, a_udp_checksum_never_becomes_0);
	tcase_add_test(tc, content_of_every_protocol_at_every_offset);
	tcase_add_test(tc, content_in_the_headers_keeps_checksums_right);
	tcase_add_test(tc, content_beyond_what_was_captured_is_left_alone);
	tcase_add_test(tc, a_cut_header_of_impossible_length_keeps_its_checksum);
	tcase_add_test(tc, what_was_not_captured_is_neither_read_nor_written);
	tcase_add_test(tc, an_icmp_message_that_becomes_zeros_keeps_a_right_checksum);
	tcase_add_test(tc, udp_without_payload_has_a_checksum);
	tcase_add_test(tc, content_across_what_is_summed_apart_carries);
	tcase_add_test(tc, a_header_that_is_too_short_for_itself_keeps_its_checksum);
	tcase_add_test(tc, udp_surplus_is_not_summed);
	tcase_add_test(tc, udp_lite_sums_what_its_coverage_says);
	tcase_add_test(tc, protocols_without_a_known_checksum_are_left_alone);
	tcase_add_test(tc, a_routing_header_moves_the_destination_out_of_the_pseudo_header);
	tcase_add_test(tc, a_home_address_option_replaces_the_source);
	tcase_add_test(tc, a_routing_header_of_8_bytes_is_the_last_that_is_looked_at);
	tcase_add_test(tc, options_are_skipped_to_the_byte);
	tcase_add_test(tc, options_are_read_no_further_than_their_header);
	tcase_add_test(tc, fragments_keep_the_checksum_of_their_datagram);
	return s;
}
