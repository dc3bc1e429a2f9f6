/*
 * frame.h - frames for tests: built header by header, copied to memory of exactly their size
 */
#ifndef TESTS_UNIT_FRAME_H
#define TESTS_UNIT_FRAME_H

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/field.h"
#include "policy/packet.h"
#include "tests/unit/exact.h"
#include "tests/unit/unit.h"

struct frame {
	uint8_t bytes[70000];
	uint32_t len;
};

/* Append bytes given as hexadecimal text; blanks are skipped. */
static inline void put_hex(struct frame *f, const char *hex)
{
	for (; *hex; hex++) {
		char two[3] = { hex[0], hex[1], 0 };

		if (*hex == ' ')
			continue;
		f->bytes[f->len++] = (uint8_t)strtoul(two, NULL, 16);
		hex++;
	}
}

static inline void put_be(struct frame *f, uint64_t value, uint32_t bytes)
{
	while (bytes-- > 0)
		f->bytes[f->len++] = (uint8_t)(value >> 8 * bytes);
}

static inline void put_fill(struct frame *f, uint8_t byte, uint32_t count)
{
	memset(f->bytes + f->len, byte, count);
	f->len += count;
}

static inline void set_be16(struct frame *f, uint32_t at, uint32_t value)
{
	f->bytes[at] = (uint8_t)(value >> 8);
	f->bytes[at + 1] = (uint8_t)value;
}

static inline void put_eth(struct frame *f, uint16_t type)
{
	put_hex(f, "020000000002 020000000001");
	put_be(f, type, 2);
}

/* IPv4 header of @options bytes of options (NOPs), @body bytes follow it. */
static inline void put_ipv4(struct frame *f, uint8_t proto, uint32_t body, uint16_t frag,
			    uint32_t options)
{
	put_be(f, 0x45 + options / 4, 1);
	put_be(f, 0xb9, 1);			/* DSCP 46, ECN 1 */
	put_be(f, 20 + options + body, 2);
	put_be(f, 0x1234, 2);
	put_be(f, frag, 2);
	put_be(f, 64, 1);
	put_be(f, proto, 1);
	put_be(f, 0, 2);
	put_hex(f, "0a000001 c0a80002");
	put_fill(f, 1, options);
}

static inline void put_ipv6(struct frame *f, uint8_t next, uint32_t body)
{
	put_hex(f, "6b912345");			/* traffic class b9, flow label */
	put_be(f, body, 2);
	put_be(f, next, 1);
	put_be(f, 63, 1);
	put_hex(f, "20010db8000000000000000000000001 20010db8000000000000000000000002");
}

/* TCP header with @options bytes of options: port 1000 to 80, PSH and ACK. */
static inline void put_tcp(struct frame *f, uint32_t options)
{
	put_hex(f, "03e80050 01020304 05060708");
	put_be(f, (20 + options) / 4 << 4, 1);
	put_hex(f, "18 2000 0000 0000");
	put_fill(f, 1, options);
}

static inline void put_udp(struct frame *f, uint32_t len)
{
	put_hex(f, "13880035");			/* port 5000 to 53 */
	put_be(f, len, 2);
	put_be(f, 0, 2);
}

/* What a parse makes of a frame. */
struct parsed {
	struct hv_ctx ctx;
	struct packet p;
};

/* Parse the first @captured bytes, from memory that ends there; ctx starts as garbage. */
static inline struct parsed parse_cut(const struct frame *f, uint32_t captured, uint64_t time_ns,
				      struct frag_table *t)
{
	uint8_t *exact = exact_alloc(captured);
	struct parsed r;

	memset(&r, 0xa5, sizeof r);
	if (captured > 0)
		memcpy(exact, f->bytes, captured);
	packet_parse(exact, captured, f->len, time_ns, t, &r.ctx, &r.p);
	exact_free(exact);
	return r;
}

static inline struct parsed parse(const struct frame *f)
{
	return parse_cut(f, f->len, 0, NULL);
}

/* The fields of struct parsed *@r. */
#define HAS(r, f)	field_is_present(&(r)->ctx, HV_F_##f)
#define VALUE(r, f)	field_value(&(r)->ctx, HV_F_##f)
#define is(r, f, v) do { \
	ck_assert_msg(HAS(r, f), "%s is absent", hv_field_table[HV_F_##f].name); \
	ck_assert_uint_eq(VALUE(r, f), v); \
} while (0)
#define absent(r, f)	ck_assert_msg(!HAS(r, f), "%s is there", hv_field_table[HV_F_##f].name)

/* An empty frame but for its Ethernet header; one at a time. */
static inline struct frame *start(uint16_t type)
{
	static struct frame frame;

	frame.len = 0;
	put_eth(&frame, type);
	return &frame;
}

/*
 * Parse in two steps, into a context full of rubbish: the first writes the words that it says
 * and nothing else, after the second all is as after packet_parse(), @whole.
 */
static inline void check_steps(const struct frame *f, uint32_t captured, const struct parsed *whole)
{
	struct parsed r;
	uint64_t word, want;
	bool plain;

	memset(&r, 0xa5, sizeof(r));
	plain = packet_parse_first(f->bytes, captured, f->len, &r.ctx);
	for (size_t at = offsetof(struct hv_ctx, eth_src); at < offsetof(struct hv_ctx, disk_lba);
	     at += 8) {
		memcpy(&word, (uint8_t *)&r.ctx + at, 8);
		memcpy(&want, (const uint8_t *)&whole->ctx + at, 8);
		if (!plain || !packet_is_first(at))
			want = 0xa5a5a5a5a5a5a5a5;
		ck_assert_msg(word == want, "the word at %zu", at);
	}
	if (!plain)
		return;
	ck_assert(!whole->p.malformed && whole->p.frag == FRAG_NONE);
	packet_parse_rest(f->bytes, captured, &r.ctx, &r.p);
	ck_assert_uint_eq(r.ctx.present, whole->ctx.present);
	ck_assert_int_eq(memcmp(&r.ctx.eth_src, &whole->ctx.eth_src,
				offsetof(struct hv_ctx, disk_lba) - offsetof(struct hv_ctx, eth_src)), 0);
	ck_assert_int_eq(memcmp(&r.p, &whole->p, offsetof(struct packet, malformed) + 1), 0);
}

/*
 * The walk's answer for @f, from the same frame with a VLAN tag: with it the short way for
 * plain frames is not taken.  It must be the same but for the tag.
 */
static inline void check_plain(const struct frame *f, uint32_t captured)
{
	static struct frame tagged;
	struct parsed r = parse_cut(f, captured, 0, NULL), walk;

	check_steps(f, captured, &r);
	if (captured < 14)
		return;
	memcpy(tagged.bytes, f->bytes, 12);
	memcpy(tagged.bytes + 12, "\x81\x00\x00\x00", 4);
	memcpy(tagged.bytes + 16, f->bytes + 12, captured - 12);
	tagged.len = f->len + 4;
	walk = parse_cut(&tagged, captured + 4, 0, NULL);
	for (uint32_t field = 0; field < HV_FIELDS; field++) {
		uint64_t v = field_value(&walk.ctx, field) - (field == HV_F_FRAME_LEN ? 4 : 0);

		if (field == HV_F_VLAN_ID)
			continue;
		ck_assert_msg(field_is_present(&walk.ctx, field) == field_is_present(&r.ctx, field),
			      "presence of %s", hv_field_table[field].name);
		ck_assert_msg(v == field_value(&r.ctx, field), "%s", hv_field_table[field].name);
	}
	ck_assert_uint_eq(walk.ctx.ip_src.hi, r.ctx.ip_src.hi);
	ck_assert_uint_eq(walk.ctx.ip_dst.hi, r.ctx.ip_dst.hi);
	walk.p.l3 -= walk.p.l3 == PACKET_NO_OFFSET ? 0 : 4;
	walk.p.l4 -= walk.p.l4 == PACKET_NO_OFFSET ? 0 : 4;
	walk.p.payload -= walk.p.payload == PACKET_NO_OFFSET ? 0 : 4;
	ck_assert_uint_eq(walk.p.l3, r.p.l3);
	ck_assert_uint_eq(walk.p.l3_len, r.p.l3_len);
	ck_assert_uint_eq(walk.p.l4, r.p.l4);
	ck_assert_uint_eq(walk.p.l4_len, r.p.l4_len);
	ck_assert_uint_eq(walk.p.payload, r.p.payload);
	ck_assert_uint_eq(walk.p.payload_len, r.p.payload_len);
	ck_assert_uint_eq(walk.p.payload_captured, r.p.payload_captured);
	ck_assert_uint_eq(walk.p.frame_len - 4, r.p.frame_len);
	ck_assert_uint_eq(walk.p.frame_captured - 4, r.p.frame_captured);
	ck_assert_uint_eq(walk.p.frag, r.p.frag);
	ck_assert_uint_eq(walk.p.l4_proto, r.p.l4_proto);
	ck_assert_uint_eq(walk.p.malformed, r.p.malformed);
}

#endif
