/*
 * fragment_test.c - what the fragment table says, at each of its limits
 */
#include "policy/error.h"
#include "tests/unit/frame.h"
#include "tests/unit/siphash.h"

#define SECOND	UINT64_C(1000000000)

static _Alignas(16) uint8_t memory[1 << 20];
static struct arena arena;

static struct frag_table *table(uint32_t entries)
{
	struct frag_table *t = NULL;

	arena_init(&arena, memory, sizeof memory);
	ck_assert_int_eq(frag_table_create(&arena, entries, &t), 0);
	return t;
}

/* A fragment of datagram @id at byte @offset, @len bytes; of UDP when it is the first. */
static struct parsed ipv4(struct frag_table *t, uint32_t id, uint32_t offset, uint32_t len,
			  bool more, uint64_t time_ns)
{
	struct frame *f = start(0x0800);

	put_ipv4(f, 17, len, (uint16_t)(offset / 8 | (more ? 0x2000 : 0)), 0);
	set_be16(f, 18, id);
	if (offset == 0 && len >= 8) {
		put_udp(f, 3000);
		len -= 8;
	}
	put_fill(f, 0x77, len);
	return parse_cut(f, f->len, time_ns, t);
}

#define frag(r, state)	ck_assert_int_eq((r).p.frag, FRAG_##state)

START_TEST(later_fragments_have_the_first_ones_transport_fields)
{
	struct frag_table *t = table(4);
	struct parsed r = ipv4(t, 1, 0, 1480, true, 0);

	frag(r, FIRST);
	is(&r, UDP_DPORT, 53);
	is(&r, IP_MORE_FRAGMENTS, 1);
	is(&r, PAYLOAD_LEN, 1472);
	ck_assert_uint_eq(r.p.l4_len, 1480);
	ck_assert(!r.p.malformed);
	r = ipv4(t, 1, 1480, 1480, true, 0);
	frag(r, LATER);
	is(&r, IP_FRAG_OFFSET, 1480);
	is(&r, UDP_SPORT, 5000);
	is(&r, UDP_DPORT, 53);
	is(&r, L4_SPORT, 5000);
	is(&r, L4_DPORT, 53);
	absent(&r, TCP_DPORT);
	is(&r, PAYLOAD_LEN, 1480);
	is(&r, FRAME_LEN, 1514);
	ck_assert_uint_eq(r.p.payload, 34);
	ck_assert_uint_eq(r.p.payload_captured, 1480);
	ck_assert_uint_eq(r.p.l4, PACKET_NO_OFFSET);
	ck_assert_uint_eq(r.p.l4_proto, 17);
	r = ipv4(t, 1, 2960, 40, false, 0);
	frag(r, LATER);
	is(&r, UDP_DPORT, 53);
	r = ipv4(t, 1, 3000, 8, false, 0);
	frag(r, EARLY);		/* complete: the identification is free again */
	r = ipv4(t, 1, 0, 1480, true, 0);
	frag(r, FIRST);
	ck_assert_uint_eq(frag_table_evicted(t), 0);
}
END_TEST

START_TEST(without_a_table_later_fragments_have_none)
{
	struct parsed r = ipv4(NULL, 1, 0, 16, true, 0);

	frag(r, FIRST);
	r = ipv4(NULL, 1, 16, 16, false, 0);
	frag(r, EARLY);
	absent(&r, UDP_DPORT);
	is(&r, PAYLOAD_LEN, 16);
	is(&r, IP_PROTO, 17);
	ck_assert_uint_eq(r.p.l4_proto, 0);
}
END_TEST

START_TEST(a_fragment_before_its_first_is_early)
{
	struct frag_table *t = table(4);
	struct parsed r = ipv4(t, 1, 1480, 8, false, 0);

	frag(r, EARLY);
	absent(&r, UDP_DPORT);
	r = ipv4(t, 1, 0, 1480, true, 0);
	frag(r, FIRST);
	r = ipv4(t, 2, 1480, 8, false, 0);
	frag(r, EARLY);
	r = ipv4(t, 1, 1480, 8, false, 0);
	frag(r, LATER);
}
END_TEST

START_TEST(every_part_of_the_key_counts)
{
	static const struct { uint32_t at, bytes; } part[] = {
		{ 18, 2 }, { 23, 1 }, { 26, 4 }, { 30, 4 },
	};

	for (uint32_t i = 0; i < sizeof part / sizeof *part; i++) {
		for (uint32_t b = 0; b < part[i].bytes; b++) {
			struct frag_table *t = table(4);
			struct parsed r = ipv4(t, 1, 0, 16, true, 0);
			struct frame *f = start(0x0800);

			frag(r, FIRST);
			put_ipv4(f, 17, 8, 2, 0);
			set_be16(f, 18, 1);
			put_fill(f, 1, 8);
			f->bytes[part[i].at + b] ^= 1;
			r = parse_cut(f, f->len, 0, t);
			frag(r, EARLY);
			f->bytes[part[i].at + b] ^= 1;
			r = parse_cut(f, f->len, 0, t);
			frag(r, LATER);
		}
	}
}
END_TEST

START_TEST(fragments_out_of_order_complete_the_datagram)
{
	static const uint32_t order[] = { 4, 2, 3, 1, 5 };
	struct frag_table *t = table(4);
	struct parsed r = ipv4(t, 1, 0, 16, true, 0);

	frag(r, FIRST);
	for (uint32_t i = 0; i < 5; i++) {
		r = ipv4(t, 1, order[i] * 16, 16, order[i] != 5, 0);
		frag(r, LATER);
	}
	r = ipv4(t, 1, 16, 16, true, 0);
	frag(r, EARLY);
}
END_TEST

START_TEST(overlap_is_told_to_the_byte)
{
	struct frag_table *t = table(4);
	struct parsed r = ipv4(t, 1, 0, 32, true, 0);

	frag(r, FIRST);
	r = ipv4(t, 1, 64, 32, true, 0);
	frag(r, LATER);
	r = ipv4(t, 1, 0, 32, true, 0);		/* a duplicate: its bytes may differ */
	frag(r, OVERLAP);
	is(&r, UDP_DPORT, 53);			/* its own */
	r = ipv4(t, 1, 64, 32, true, 0);
	frag(r, OVERLAP);
	absent(&r, UDP_DPORT);
	r = ipv4(t, 1, 24, 8, true, 0);
	frag(r, OVERLAP);
	r = ipv4(t, 1, 24, 16, true, 0);
	frag(r, OVERLAP);
	r = ipv4(t, 1, 56, 16, true, 0);
	frag(r, OVERLAP);
	r = ipv4(t, 1, 88, 16, true, 0);
	frag(r, OVERLAP);
	r = ipv4(t, 1, 56, 48, true, 0);
	frag(r, OVERLAP);
	r = ipv4(t, 1, 72, 8, true, 0);
	frag(r, OVERLAP);
	r = ipv4(t, 1, 32, 32, true, 0);	/* the gap to the byte; the table is as it was */
	frag(r, LATER);
	r = ipv4(t, 1, 96, 8, false, 0);
	frag(r, LATER);
	r = ipv4(t, 1, 32, 32, true, 0);
	frag(r, EARLY);				/* complete */
}
END_TEST

START_TEST(sixteen_ranges_are_kept_apart_and_one_more_is_overlap)
{
	struct frag_table *t = table(4);
	struct parsed r = ipv4(t, 1, 0, 8, true, 0);

	frag(r, FIRST);
	for (uint32_t i = 1; i < 16; i++) {
		r = ipv4(t, 1, i * 16, 8, true, 0);
		frag(r, LATER);
	}
	r = ipv4(t, 1, 16 * 16, 8, true, 0);
	frag(r, OVERLAP);
	r = ipv4(t, 1, 16 * 16 + 8, 8, false, 0);
	frag(r, OVERLAP);
	r = ipv4(t, 1, 8, 8, true, 0);		/* closes a gap */
	frag(r, LATER);
	r = ipv4(t, 1, 16 * 16, 8, true, 0);
	frag(r, LATER);
	for (uint32_t i = 1; i < 16; i++) {
		r = ipv4(t, 1, i * 16 + 8, 8, true, 0);
		frag(r, LATER);
	}
	r = ipv4(t, 1, 16 * 16 + 8, 8, false, 0);
	frag(r, LATER);
	r = ipv4(t, 1, 8, 8, true, 0);
	frag(r, EARLY);
}
END_TEST

START_TEST(an_end_that_moves_is_impossible)
{
	struct frag_table *t = table(4);
	struct parsed r = ipv4(t, 1, 0, 16, true, 0);

	frag(r, FIRST);
	r = ipv4(t, 1, 64, 20, false, 0);
	frag(r, LATER);
	r = ipv4(t, 1, 80, 8, true, 0);		/* more behind the end */
	frag(r, IMPOSSIBLE);
	absent(&r, UDP_DPORT);
	r = ipv4(t, 1, 88, 8, false, 0);
	frag(r, IMPOSSIBLE);
	r = ipv4(t, 1, 48, 8, false, 0);
	frag(r, IMPOSSIBLE);
	r = ipv4(t, 1, 64, 20, false, 0);
	frag(r, OVERLAP);
	r = ipv4(t, 2, 0, 16, true, 0);
	r = ipv4(t, 2, 64, 16, true, 0);
	frag(r, LATER);
	r = ipv4(t, 2, 56, 8, false, 0);	/* ends before what was seen */
	frag(r, IMPOSSIBLE);
	r = ipv4(t, 2, 80, 8, false, 0);
	frag(r, LATER);
	r = ipv4(t, 2, 80, 8, true, 0);		/* ends at the end, and says that more follows */
	frag(r, IMPOSSIBLE);
}
END_TEST

START_TEST(lengths_that_cannot_be)
{
	struct frag_table *t = table(4);
	struct parsed r = ipv4(t, 1, 0, 17, true, 0);

	frag(r, IMPOSSIBLE);		/* no multiple of 8 */
	r = ipv4(t, 1, 0, 16, true, 0);
	frag(r, FIRST);
	r = ipv4(t, 1, 16, 12, true, 0);
	frag(r, IMPOSSIBLE);
	r = ipv4(t, 1, 16, 0, true, 0);
	frag(r, IMPOSSIBLE);
	r = ipv4(t, 1, 16, 0, false, 0);
	frag(r, IMPOSSIBLE);
	r = ipv4(t, 1, 65512, 4, false, 0);	/* 20 + 65512 + 4 = 65536 */
	frag(r, IMPOSSIBLE);
	r = ipv4(t, 1, 65512, 3, false, 0);
	frag(r, LATER);
}
END_TEST

START_TEST(a_first_fragment_without_its_whole_transport_header_is_impossible)
{
	static const struct { uint8_t proto; uint32_t header; } row[] = { { 6, 24 }, { 17, 8 } };
	struct frag_table *t = table(4);
	struct parsed r;

	for (uint32_t i = 0; i < 2; i++) {
		for (uint32_t len = 8; len <= 24; len += 8) {
			struct frame *f = start(0x0800);

			put_ipv4(f, row[i].proto, len, 0x2000, 0);
			if (row[i].proto == 6)
				put_tcp(f, 4);
			else
				put_udp(f, 100);
			f->len = 34 + len;
			r = parse_cut(f, f->len, 0, t);
			if (len < row[i].header)
				frag(r, IMPOSSIBLE);
			else
				ck_assert(r.p.frag == FRAG_FIRST || r.p.frag == FRAG_OVERLAP);
			ck_assert(r.p.malformed == (len < row[i].header));
		}
	}
	r = ipv4(t, 1, 0, 16, true, 0);
	frag(r, FIRST);
}
END_TEST

START_TEST(a_first_fragment_that_was_captured_in_part_is_remembered)
{
	struct frag_table *t = table(4);
	struct frame *f = start(0x0800);
	struct parsed r;

	put_ipv4(f, 6, 40, 0x2000, 0);
	put_tcp(f, 0);
	put_fill(f, 0, 20);
	r = parse_cut(f, 38, 0, t);
	frag(r, FIRST);
	r = ipv4(t, 0x1234, 40, 8, false, 0);	/* UDP: another datagram */
	frag(r, EARLY);
	f = start(0x0800);
	put_ipv4(f, 6, 8, 5, 0);
	put_fill(f, 0, 8);
	r = parse_cut(f, f->len, 0, t);
	frag(r, LATER);
	is(&r, TCP_DPORT, 80);
	is(&r, L4_SPORT, 1000);
	absent(&r, TCP_FLAGS);
	absent(&r, TCP_SEQ);
}
END_TEST

START_TEST(a_fragment_longer_than_its_frame_is_impossible)
{
	struct frag_table *t = table(4);
	struct frame *f = start(0x0800);
	struct parsed r;

	put_ipv4(f, 17, 24, 0x2000, 0);
	put_udp(f, 100);
	put_fill(f, 0, 8);
	r = parse_cut(f, f->len, 0, t);
	frag(r, IMPOSSIBLE);
	ck_assert(r.p.malformed);
	put_fill(f, 0, 8);
	r = parse_cut(f, f->len, 0, t);
	frag(r, FIRST);
}
END_TEST

START_TEST(ipv4_datagrams_are_forgotten_after_30_seconds)
{
	struct frag_table *t = table(4);
	struct parsed r = ipv4(t, 1, 0, 16, true, 5 * SECOND);

	r = ipv4(t, 1, 16, 16, true, 35 * SECOND);
	frag(r, LATER);
	r = ipv4(t, 1, 32, 16, true, 35 * SECOND + 1);
	frag(r, EARLY);
	r = ipv4(t, 1, 48, 16, true, 5 * SECOND);
	frag(r, EARLY);		/* gone for good */
	r = ipv4(t, 2, 0, 16, true, 40 * SECOND);
	r = ipv4(t, 2, 0, 16, true, 71 * SECOND);
	frag(r, FIRST);		/* another datagram by now */
	r = ipv4(t, 2, 16, 16, true, 3 * SECOND);
	frag(r, LATER);		/* a clock that stepped back */
	ck_assert_uint_eq(frag_table_evicted(t), 0);
}
END_TEST

START_TEST(the_oldest_goes_when_the_table_is_full)
{
	struct frag_table *t = table(3);
	struct parsed r;

	for (uint32_t id = 1; id <= 3; id++)
		r = ipv4(t, id, 0, 16, true, id);
	ck_assert_uint_eq(frag_table_evicted(t), 0);
	r = ipv4(t, 2, 16, 8, false, 4);	/* complete: leaves room in the middle of the ages */
	frag(r, LATER);
	r = ipv4(t, 4, 0, 16, true, 5);
	frag(r, FIRST);
	ck_assert_uint_eq(frag_table_evicted(t), 0);
	r = ipv4(t, 5, 0, 16, true, 6);
	frag(r, FIRST);
	ck_assert_uint_eq(frag_table_evicted(t), 1);
	r = ipv4(t, 1, 16, 8, true, 7);
	frag(r, EARLY);
	r = ipv4(t, 6, 0, 16, true, 8);
	ck_assert_uint_eq(frag_table_evicted(t), 2);
	r = ipv4(t, 3, 16, 8, true, 8);
	frag(r, EARLY);
	for (uint32_t id = 4; id <= 6; id++) {
		r = ipv4(t, id, 16, 8, true, 9);
		frag(r, LATER);
	}
	r = ipv4(t, 7, 0, 16, true, 31 * SECOND);	/* the oldest had timed out: not counted */
	frag(r, FIRST);
	ck_assert_uint_eq(frag_table_evicted(t), 2);
	frag_table_reset(t);
	ck_assert_uint_eq(frag_table_evicted(t), 2);
	for (uint32_t id = 1; id <= 7; id++) {
		r = ipv4(t, id, 24, 8, true, 9);
		frag(r, EARLY);
	}
	for (uint32_t id = 1; id <= 3; id++)
		r = ipv4(t, id, 0, 16, true, 9);
	ck_assert_uint_eq(frag_table_evicted(t), 2);
}
END_TEST

START_TEST(many_datagrams_are_told_apart_under_any_key)
{
	struct parsed r;

	for (uint32_t key = 0; key < 4; key++) {
		struct frag_table *t = table(1000);

		if (key > 0)
			frag_table_key(t, key, key << 7);
		for (uint32_t id = 0; id < 2500; id++) {
			r = ipv4(t, id, 0, 16, true, id);
			frag(r, FIRST);
		}
		ck_assert_uint_eq(frag_table_evicted(t), 1500);
		for (uint32_t id = 0; id < 2500; id++) {
			r = ipv4(t, id, 16, 8, false, 2500);
			ck_assert_int_eq(r.p.frag, id < 1500 ? FRAG_EARLY : FRAG_LATER);
		}
	}
}
END_TEST

/* Of the key of ipv4()'s datagram @id, in 128 buckets. */
static uint32_t bucket_of(uint64_t k0, uint64_t k1, uint32_t id)
{
	return siphash_fragment(k0, k1, 0x0a000001, 0xc0a80002, 17, id) % 128;
}

START_TEST(sixteen_datagrams_share_a_bucket_and_one_more_evicts_the_oldest_of_them)
{
	static const uint64_t k0 = 0x0123456789abcdef, k1 = 0xfedcba9876543210;
	struct frag_table *t = table(64);
	uint32_t id[17], count = 0;
	struct parsed r;

	frag_table_key(t, k0, k1);
	for (uint32_t i = 0; count < 17; i++) {
		ck_assert_uint_le(i, UINT16_MAX);
		if (bucket_of(k0, k1, i) == bucket_of(k0, k1, 0))
			id[count++] = i;
	}
	for (uint32_t i = 0; i < 16; i++) {
		r = ipv4(t, id[i], 0, 16, true, i);
		frag(r, FIRST);
	}
	ck_assert_uint_eq(frag_table_evicted(t), 0);
	r = ipv4(t, id[16], 0, 16, true, 16);
	frag(r, FIRST);
	ck_assert_uint_eq(frag_table_evicted(t), 1);
	r = ipv4(t, id[0], 16, 16, true, 17);
	frag(r, EARLY);
	for (uint32_t i = 1; i < 17; i++) {
		r = ipv4(t, id[i], 16, 16, true, 17);
		frag(r, LATER);
	}
}
END_TEST

START_TEST(a_table_of_one_keeps_the_newest)
{
	struct frag_table *t = table(1);
	struct parsed r;

	for (uint32_t id = 0; id < 100; id++) {
		r = ipv4(t, id, 0, 16, true, 0);
		frag(r, FIRST);
		r = ipv4(t, id, 16, 8, true, 0);
		frag(r, LATER);
	}
	ck_assert_uint_eq(frag_table_evicted(t), 99);
}
END_TEST

START_TEST(sizes_of_the_table)
{
	struct frag_table *t;

	arena_init(&arena, memory, sizeof memory);
	ck_assert_int_eq(frag_table_create(&arena, 0, &t), POLICY_EINVAL);
	ck_assert_ptr_null(t);
	ck_assert_int_eq(frag_table_create(&arena, FRAG_ENTRIES_MAX + 1, &t), POLICY_EINVAL);
	ck_assert_int_eq(frag_table_create(&arena, FRAG_ENTRIES_MAX, &t), POLICY_ENOMEM);
	for (size_t size = 0; ; size += 16) {
		arena_init(&arena, memory, size);
		if (frag_table_create(&arena, 2, &t) == 0)
			break;
		ck_assert_ptr_null(t);
		ck_assert_uint_lt(size, 4096);
	}
	ck_assert_ptr_nonnull(t);
	ck_assert_uint_gt(arena.size, 400);
}
END_TEST

/* IPv6: @next behind the fragment header, first ones are UDP, perhaps behind options. */
static struct parsed ipv6(struct frag_table *t, uint32_t id, uint32_t offset, uint32_t len,
			  bool more, uint64_t time_ns, bool options)
{
	struct frame *f = start(0x86dd);

	put_ipv6(f, 44, 8 + len);
	put_be(f, options ? 60 : 17, 1);
	put_be(f, 0, 1);
	put_be(f, offset | more, 2);
	put_be(f, id, 4);
	if (offset == 0) {
		if (options)
			put_hex(f, "1100 010400000000");
		put_udp(f, 4000);
		len -= options ? 16 : 8;
	}
	put_fill(f, 0x66, len);
	return parse_cut(f, f->len, time_ns, t);
}

START_TEST(ipv6_fragments)
{
	struct frag_table *t = table(4);
	struct parsed r = ipv6(t, 0x10001, 0, 24, true, 0, true);

	frag(r, FIRST);
	is(&r, IP_PROTO, 17);
	is(&r, IP_ID, 0x10001);
	is(&r, IP_MORE_FRAGMENTS, 1);
	is(&r, UDP_DPORT, 53);
	r = ipv6(t, 1, 24, 8, true, 0, true);
	frag(r, EARLY);
	absent(&r, IP_PROTO);	/* destination options come first, and they are elsewhere */
	r = ipv6(t, 1, 24, 8, true, 0, false);
	frag(r, EARLY);
	is(&r, IP_PROTO, 17);
	r = ipv6(t, 0x10001, 24, 8, true, 60 * SECOND, true);
	frag(r, LATER);
	is(&r, IP_PROTO, 17);
	is(&r, UDP_DPORT, 53);
	is(&r, IP_FRAG_OFFSET, 24);
	is(&r, PAYLOAD_LEN, 8);
	ck_assert_uint_eq(r.p.payload, 62);
	ck_assert_uint_eq(r.p.l3_len, 48);
	ck_assert_uint_eq(r.p.l4, PACKET_NO_OFFSET);
	r = ipv6(t, 0x10001, 32, 8, true, 60 * SECOND + 1, true);
	frag(r, EARLY);
	r = ipv6(t, 2, 0, 16, true, 0, false);
	r = ipv6(t, 2, 65528, 8, false, 0, false);
	frag(r, IMPOSSIBLE);
	r = ipv6(t, 2, 65528, 7, false, 0, false);
	frag(r, LATER);
}
END_TEST

START_TEST(an_ipv6_datagram_is_not_an_ipv4_one)
{
	/* ::a00:1 to ::c0a8:2 with the identification of the IPv4 datagram, and its protocol */
	struct frag_table *t = table(4);
	struct parsed r = ipv4(t, 0x1234, 0, 16, true, 0);
	struct frame *f = start(0x86dd);

	frag(r, FIRST);
	put_hex(f, "60000000 0010 2c 40 0000000000000000000000000a000001");
	put_hex(f, "000000000000000000000000c0a80002 11 00 0011 00001234 0000000000000000");
	r = parse_cut(f, f->len, 0, t);
	frag(r, EARLY);
}
END_TEST

START_TEST(an_ipv6_first_fragment_must_hold_the_whole_chain)
{
	struct frag_table *t = table(4);
	struct frame *f = start(0x86dd);
	struct parsed r;

	put_ipv6(f, 44, 8 + 8);
	put_hex(f, "3c00 0001 00000001 1101 010400000000");	/* options of 16 bytes in 8 */
	r = parse_cut(f, f->len, 0, t);
	frag(r, IMPOSSIBLE);
	ck_assert(r.p.malformed);
	f->bytes[63] = 0;	/* they fit, the UDP header does not */
	r = parse_cut(f, f->len, 0, t);
	frag(r, IMPOSSIBLE);
	r = parse_cut(f, 63, 0, t);	/* not captured: nothing speaks against it */
	frag(r, FIRST);
	ck_assert(!r.p.malformed);
}
END_TEST

START_TEST(extension_headers_in_front_count_to_the_length)
{
	struct frag_table *t = table(4);
	struct parsed r;

	for (uint32_t len = 0; len <= 8; len += 1) {
		struct frame *f = start(0x86dd);

		put_ipv6(f, 0, 8 + 8 + len);
		put_hex(f, "2c00 010400000000 1100 fff0 00000001");
		put_fill(f, 0, len);
		r = parse_cut(f, f->len, 0, t);
		/* 8 + 65520 + len <= 65535 */
		ck_assert_int_eq(r.p.frag, len == 0 || len > 7 ? FRAG_IMPOSSIBLE : FRAG_EARLY);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("fragment");
	TCase *tc = unit_case(s, "fragment");

	tcase_add_test(tc, later_fragments_have_the_first_ones_transport_fields);
	tcase_add_test(tc, without_a_table_later_fragments_have_none);
	tcase_add_test(tc, a_fragment_before_its_first_is_early);
	tcase_add_test(tc, every_part_of_the_key_counts);
	tcase_add_test(tc, fragments_out_of_order_complete_the_datagram);
	tcase_add_test(tc, overlap_is_told_to_the_byte);
	tcase_add_test(tc, sixteen_ranges_are_kept_apart_and_one_more_is_overlap);
	tcase_add_test(tc, an_end_that_moves_is_impossible);
	tcase_add_test(tc, lengths_that_cannot_be);
	tcase_add_test(tc, a_first_fragment_without_its_whole_transport_header_is_impossible);
	tcase_add_test(tc, a_first_fragment_that_was_captured_in_part_is_remembered);
	tcase_add_test(tc, a_fragment_longer_than_its_frame_is_impossible);
	tcase_add_test(tc, ipv4_datagrams_are_forgotten_after_30_seconds);
	tcase_add_test(tc, the_oldest_goes_when_the_table_is_full);
	tcase_add_test(tc, many_datagrams_are_told_apart_under_any_key);
	tcase_add_test(tc, sixteen_datagrams_share_a_bucket_and_one_more_evicts_the_oldest_of_them);
	tcase_add_test(tc, a_table_of_one_keeps_the_newest);
	tcase_add_test(tc, sizes_of_the_table);
	tcase_add_test(tc, ipv6_fragments);
	tcase_add_test(tc, an_ipv6_datagram_is_not_an_ipv4_one);
	tcase_add_test(tc, an_ipv6_first_fragment_must_hold_the_whole_chain);
	tcase_add_test(tc, extension_headers_in_front_count_to_the_length);
	return s;
}
