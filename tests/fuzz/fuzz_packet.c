/*
 * fuzz_packet.c - any frame, at any snap length, parsed and then rewritten at random
 *
 * The input is a row of frames: five bytes (length, snap length, seed, time), then the frame.
 * Held: offsets lie within the frame, absent fields are 0, a right checksum stays right.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/field.h"
#include "policy/packet.h"
#include "policy/rewrite.h"
#include "tests/unit/sum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool claim)
{
	if (!claim)
		abort();
}

static uint32_t next_random(uint32_t *seed)
{
	return *seed = *seed * 1664525 + 1013904223;
}

static void check_parse(const struct hv_ctx *ctx, const struct packet *p, uint32_t captured,
			uint32_t wire)
{
	hold(p->frame_len <= wire);
	hold(p->frame_captured <= captured && p->frame_captured <= p->frame_len);
	hold(p->l3 == PACKET_NO_OFFSET || p->l3 < captured);
	hold(p->l4 == PACKET_NO_OFFSET || p->l4 <= captured);
	hold(p->l3_len == 0 || (p->l3_len <= p->frame_len && p->l3 <= p->frame_len - p->l3_len));
	if (p->l4 != PACKET_NO_OFFSET)
		hold(p->l4 == p->l3 + p->l3_len && p->l4_len <= p->frame_len - p->l4);
	if (p->payload != PACKET_NO_OFFSET) {
		hold(p->payload <= captured && p->payload_captured <= captured - p->payload);
		hold(p->payload_captured <= p->payload_len);
		hold(p->payload_len <= p->frame_len - p->payload);
	} else {
		hold(p->payload_captured == 0);
	}
	for (uint32_t f = 0; f < HV_FIELDS; f++)
		hold(field_is_present(ctx, f) || f >= HV_F_DISK_LBA || field_value(ctx, f) == 0);
	hold(ctx->present >> HV_F_DISK_LBA == 0);
}

/* Sums of header and transport, checksums included: 0xffff when right; a rewrite keeps them. */
struct sums {
	uint32_t header, transport;
};

static struct sums sums_of(const uint8_t *b, const struct packet *p, const struct hv_ctx *ctx)
{
	bool six = ctx->ip_version == 6;
	uint32_t address = six ? 16 : 4;
	struct sums s = { 0, 0 };

	if (!six && p->l3_len > 0)
		s.header = scratch_sum(0, b + p->l3, p->l3_len);
	if (p->l4 != PACKET_NO_OFFSET && (!six || p->l3_len == 40) &&
	    (p->l4_proto == 6 || p->l4_proto == (six ? 58 : 1) ||
	     (p->l4_proto == 17 && p->l4_len >= 8 && (b[p->l4 + 6] | b[p->l4 + 7]) != 0))) {
		const uint8_t *src = b + p->l3 + (six ? 8 : 12);
		uint32_t field = p->l4_proto == 6 ? 18 : p->l4_proto == 17 ? 8 : 4;

		if (p->l4_proto == 1)
			address = 0;
		if (p->l4_len >= field)
			s.transport = scratch_transport(src, src + address, address, p->l4_proto,
							b + p->l4, p->l4_len, p->l4_len);
	}
	return s;
}

static void rewrite_all(uint8_t *b, uint32_t captured, uint32_t wire, const struct packet *p,
			const struct hv_ctx *ctx, uint32_t *seed)
{
	/* all that is summed is there */
	bool whole = ctx->ip_version != 0 && captured >= p->frame_len && p->l3_len > 0;
	struct sums before = { 0, 0 };
	struct rewriting w;

	if (whole)
		before = sums_of(b, p, ctx);
	for (int n = 0; n < 8; n++) {
		uint32_t what = next_random(seed) >> 8, value = next_random(seed);
		struct sums after;

		if (what & 1) {
			rewrite_field(b, captured, p, ctx, (what >> 1) % HV_FIELDS,
				      (unsigned int)ctx->ip_version, value, value * 3ull);
		} else if (p->payload != PACKET_NO_OFFSET && p->payload_captured > 0) {
			uint32_t at = value % p->payload_captured;
			uint32_t len = what % (p->payload_captured - at + 1);

			rewrite_begin(&w, b, captured, p, ctx);
			rewrite_bytes(&w, p->payload + at, len, (const uint8_t *)"\xff\x00\x17",
				      what % 3 + 1);
			rewrite_end(&w);
		}
		if (!whole)
			continue;
		after = sums_of(b, p, ctx);
		hold(after.header == before.header);
		/* 0: an ICMP message of zeros, see rewrite.h */
		hold(after.transport == before.transport || before.transport == 0);
	}
	if (captured > 0) {	/* anywhere: only memory is checked */
		uint32_t at = next_random(seed) % captured;

		rewrite_begin(&w, b, captured, p, ctx);
		rewrite_bytes(&w, at, next_random(seed) % (captured - at + 1),
			      (const uint8_t *)"abc", 3);
		rewrite_end(&w);
		for (uint32_t f = 0; f < HV_FIELDS; f++)
			rewrite_field(b, captured, p, ctx, f, (unsigned int)ctx->ip_version, 1, 2);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(16) uint8_t memory[8192];
	struct frag_table *t;
	struct arena a;
	uint64_t now = 0;

	arena_init(&a, memory, sizeof memory);
	hold(frag_table_create(&a, 4, &t) == 0);
	while (size >= 5) {
		uint32_t len = data[0] | (data[1] & 7u) << 8, snap = data[2] * 4u, seed = data[3];
		uint32_t wire, captured;
		struct packet p;
		struct hv_ctx ctx;
		uint8_t *b;

		now += (uint64_t)data[4] << 30;
		data += 5;
		size -= 5;
		if (len > size)
			len = (uint32_t)size;
		captured = snap != 0 && snap < len ? snap : len;
		wire = seed & 1 ? len : len + snap;
		b = malloc(captured);
		memcpy(b, data, captured);
		memset(&ctx, 0xa5, sizeof ctx);
		packet_parse(b, captured, wire, now, t, &ctx, &p);
		check_parse(&ctx, &p, captured, wire);
		rewrite_all(b, captured, wire, &p, &ctx, &seed);
		free(b);
		data += len;
		size -= len;
	}
	return 0;
}
