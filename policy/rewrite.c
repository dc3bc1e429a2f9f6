/*
 * rewrite.c - change a frame in place and make its checksums right
 *
 * Every change is "these bytes at this offset"; note_sums() finds the checksums whose coverage
 * the range meets.  Offsets come from the parse, never from the frame, which an earlier
 * rewrite may have changed; what must be read again is checked again.
 */
#include "policy/rewrite.h"

#include <string.h>

#include "policy/packet_walk.h"

static uint16_t fold_add(uint16_t a, uint16_t b)
{
	uint32_t sum = (uint32_t)a + b;

	return (uint16_t)(sum + (sum >> 16));
}

/* The sum of frame[start..end) within @c: bytes at odd distance from its start are low ones. */
static uint16_t sum_within(const uint8_t *frame, const struct rewrite_cover *c, uint32_t start,
			   uint32_t end)
{
	uint16_t sum;

	if (start < c->start)
		start = c->start;
	if (end > c->end)
		end = c->end;
	if (start >= end)
		return 0;
	sum = checksum(frame + start, end - start);
	return (start - c->start) & 1 ? __builtin_bswap16(sum) : sum;
}

static uint16_t sum_range(const uint8_t *frame, const struct rewrite_sum *s, uint32_t start, uint32_t end)
{
	uint16_t sum = 0;

	for (uint32_t i = 0; i < s->covers; i++)
		sum = fold_add(sum, sum_within(frame, &s->cover[i], start, end));
	return sum;
}

/*
 * Which addresses of the IPv6 header stand in the pseudo header: a routing header with
 * segments left has the final destination (RFC 8200, section 8.1), a home address option the
 * source (RFC 6275, section 11.3.1).
 */
static void ipv6_pseudo(const uint8_t *frame, const struct packet *p, bool *src, bool *dst)
{
	uint32_t at = p->l3 + IP6_HEADER, end = p->l3 + p->l3_len, len;
	uint8_t next = frame[p->l3 + 6];

	*src = *dst = true;
	while (ipv6_is_extension(next) && at < end && end - at >= 8) {
		len = ipv6_extension_len(next, frame + at);
		if (len > end - at)
			break;
		if (next == PROTO_ROUTING && frame[at + 3] > 0)
			*dst = false;
		if (next == PROTO_DST_OPTIONS) {
			for (uint32_t o = 2; o + 18 <= len; ) {
				if (frame[at + o] == 0) {
					o++;
					continue;
				}
				if (frame[at + o] == 0xc9)
					*src = false;
				o += 2u + frame[at + o + 1];
			}
		}
		next = frame[at];
		at += len;
	}
}

/* Is nothing but zeros summed?  Then a right checksum is 0xffff, which RFC 1624 does not see. */
static bool sums_zeros(const uint8_t *frame, uint32_t captured, const struct rewrite_sum *s)
{
	for (uint32_t i = 0; i < s->covers; i++)
		for (uint32_t at = s->cover[i].start; at < s->cover[i].end && at < captured; at++)
			if (frame[at] != 0)
				return false;
	return true;
}

static void add_cover(struct rewrite_sum *s, uint32_t start, uint32_t len)
{
	s->cover[s->covers++] = (struct rewrite_cover){ start, start + len };
}

static void add_pseudo(struct rewrite_sum *s, const uint8_t *frame, const struct packet *p,
		       const struct hv_ctx *ctx)
{
	bool src, dst;

	if (ctx->ip_version == 4) {
		add_cover(s, p->l3 + 12, 8);
		return;
	}
	ipv6_pseudo(frame, p, &src, &dst);
	if (src)
		add_cover(s, p->l3 + 8, 16);
	if (dst)
		add_cover(s, p->l3 + 24, 16);
}

/* The transport checksum; false when there is none or it was not captured. */
static bool transport_sum(struct rewrite_sum *s, const uint8_t *frame, uint32_t captured,
			  const struct packet *p, const struct hv_ctx *ctx)
{
	static const struct { uint8_t proto, version, at; bool pseudo; } row[] = {
		{ PROTO_TCP, 0, 16, true },
		{ PROTO_UDP, 0, 6, true },
		{ PROTO_UDP_LITE, 0, 6, true },
		{ PROTO_ICMP, 4, 2, false },
		{ PROTO_ICMP6, 6, 2, true },
	};
	uint32_t len = p->l4_len, i = 0;

	if (p->l4 == PACKET_NO_OFFSET)
		return false;
	while (i < sizeof row / sizeof *row && (row[i].proto != p->l4_proto ||
	       (row[i].version != 0 && row[i].version != ctx->ip_version)))
		i++;
	if (i == sizeof row / sizeof *row || len < row[i].at + 2u ||
	    captured - p->l4 < row[i].at + 2u)
		return false;
	if (p->l4_proto == PROTO_UDP_LITE) {	/* RFC 3828: the length is the coverage */
		uint32_t coverage = be16(frame + p->l4 + 4);

		if (coverage != 0 && coverage < len)
			len = coverage;
	}
	*s = (struct rewrite_sum){
		.field = p->l4 + row[i].at,
		.zero_is_none = p->l4_proto == PROTO_UDP || p->l4_proto == PROTO_UDP_LITE,
	};
	add_cover(s, p->l4, len);
	if (row[i].pseudo)
		add_pseudo(s, frame, p, ctx);
	return true;
}

static bool ipv4_sum(struct rewrite_sum *s, uint32_t captured, const struct packet *p,
		     const struct hv_ctx *ctx)
{
	if (ctx->ip_version != 4 || p->l3_len == 0 || captured - p->l3 < 12)
		return false;
	*s = (struct rewrite_sum){ .field = p->l3 + 10 };
	add_cover(s, p->l3, p->l3_len);
	return true;
}

/* From here to adjust_sums(), bytes of frame[start..end) may change, which is within captured ones. */
static void note_sums(struct rewriting *w, uint8_t *frame, uint32_t captured,
		      const struct packet *p, const struct hv_ctx *ctx, uint32_t start,
		      uint32_t end)
{
	w->frame = frame;
	w->captured = captured;
	w->start = start;
	w->end = end;
	w->sums = ipv4_sum(&w->sum[0], captured, p, ctx);
	w->sums += transport_sum(&w->sum[w->sums], frame, captured, p, ctx);
	for (uint32_t i = 0; i < w->sums; i++) {	/* a checksum does not cover itself */
		struct rewrite_sum *s = &w->sum[i];

		s->value = be16(frame + s->field);
		memset(frame + s->field, 0, 2);
		s->before = sum_range(frame, s, start, end);
	}
}

static void adjust_sums(struct rewriting *w)
{
	uint8_t *frame = w->frame;

	for (uint32_t i = 0; i < w->sums; i++)
		memset(frame + w->sum[i].field, 0, 2);
	for (uint32_t i = 0; i < w->sums; i++) {
		const struct rewrite_sum *s = &w->sum[i];
		uint16_t after = sum_range(frame, s, w->start, w->end), value = s->value;

		if (!s->zero_is_none || value != 0) {
			value = checksum_adjust(value, s->before, after);
			if (value == 0 && (s->zero_is_none || sums_zeros(frame, w->captured, s)))
				value = UINT16_MAX;
		}
		frame[s->field] = (uint8_t)(value >> 8);
		frame[s->field + 1] = (uint8_t)value;
	}
}

void rewrite_fill(uint8_t *to, uint32_t len, const uint8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0, j = 0; i < len; i++) {
		to[i] = bytes[j++];
		if (j == count)
			j = 0;
	}
}

void rewrite_begin(struct rewriting *w, uint8_t *frame, uint32_t captured,
		   const struct packet *p, const struct hv_ctx *ctx)
{
	note_sums(w, frame, captured, p, ctx, 0, captured);
}

void rewrite_bytes(struct rewriting *w, uint32_t start, uint32_t len, const uint8_t *bytes,
		   uint32_t count)
{
	if (start > w->captured || len > w->captured - start || count == 0)
		return;
	rewrite_fill(w->frame + start, len, bytes, count);
}

void rewrite_end(struct rewriting *w)
{
	adjust_sums(w);
}

/* Where a field stands, and its new bytes. */
struct place {
	uint32_t at, len;
	uint8_t bytes[16];
};

static void number(struct place *w, uint32_t at, uint32_t len, uint64_t value)
{
	w->at = at;
	w->len = len;
	for (uint32_t i = 0; i < len; i++)
		w->bytes[i] = (uint8_t)(value >> 8 * (len - 1 - i));
}

static void address(struct place *w, const struct hv_ctx *ctx, uint32_t at4, uint32_t at6,
		    uint64_t hi, uint64_t lo)
{
	if (ctx->ip_version == 4) {
		number(w, at4, 4, lo);
		return;
	}
	number(w, at6 + 8, 8, lo);
	memcpy(w->bytes + 8, w->bytes, 8);
	number(w, at6, 8, hi);
	w->len = 16;
}

/* Where @field of the frame stands, with the bits around it as they are; false: nowhere. */
static bool place_field(struct place *w, const uint8_t *frame, const struct packet *p,
			const struct hv_ctx *ctx, enum hv_field field, uint64_t hi, uint64_t lo)
{
	bool four = ctx->ip_version == 4;
	uint32_t l3 = p->l3, l4 = p->l4;

	switch (field) {
	case HV_F_ETH_DST:
		number(w, 0, 6, lo);
		return true;
	case HV_F_ETH_SRC:
		number(w, 6, 6, lo);
		return true;
	case HV_F_VLAN_ID:	/* IEEE 802.1Q: PCP and DEI are the high bits */
		number(w, ETH_HEADER, 2, (frame[ETH_HEADER] & 0xf0) << 8 | (lo & 0xfff));
		return true;
	case HV_F_ARP_SPA:
		number(w, l3 + 8 + frame[l3 + 4], 4, lo);
		return true;
	case HV_F_ARP_TPA:
		number(w, l3 + 12 + 2 * frame[l3 + 4], 4, lo);
		return true;
	case HV_F_IP_SRC:
		address(w, ctx, l3 + 12, l3 + 8, hi, lo);
		return true;
	case HV_F_IP_DST:
		address(w, ctx, l3 + 16, l3 + 24, hi, lo);
		return true;
	case HV_F_IP_TTL:
		number(w, l3 + (four ? 8 : 7), 1, lo);
		return true;
	case HV_F_IP_DSCP:	/* RFC 3168: ECN is the low bits of the traffic class */
		if (four)
			number(w, l3 + 1, 1, (lo & 0x3f) << 2 | (frame[l3 + 1] & 3));
		else
			number(w, l3, 2, (be16(frame + l3) & 0xf03f) | (lo & 0x3f) << 6);
		return true;
	case HV_F_TCP_SPORT:
	case HV_F_UDP_SPORT:
	case HV_F_L4_SPORT:
		number(w, l4, 2, lo);
		return l4 != PACKET_NO_OFFSET;
	case HV_F_TCP_DPORT:
	case HV_F_UDP_DPORT:
	case HV_F_L4_DPORT:
		number(w, l4 + 2, 2, lo);
		return l4 != PACKET_NO_OFFSET;
	case HV_F_TCP_WINDOW:
		number(w, l4 + 14, 2, lo);
		return l4 != PACKET_NO_OFFSET;
	default:
		return false;
	}
}

int rewrite_field(uint8_t *frame, uint32_t captured, const struct packet *p,
		  const struct hv_ctx *ctx, enum hv_field field, unsigned family,
		  uint64_t hi, uint64_t lo)
{
	struct rewriting r;
	struct place w;

	if (field >= HV_FIELDS || !field_is_present(ctx, field) ||
	    !place_field(&w, frame, p, ctx, field, hi, lo))
		return REWRITE_ABSENT;
	if (hv_field_table[field].type == FIELD_IP && family != ctx->ip_version)
		return REWRITE_FAMILY;
	if (hv_field_table[field].type == FIELD_IP4 && family == 6)
		return REWRITE_FAMILY;
	/* an ARP hardware length that was rewritten since the parse may lead anywhere */
	if (w.at > captured || w.len > captured - w.at)
		return REWRITE_ABSENT;
	note_sums(&r, frame, captured, p, ctx, w.at, w.at + w.len);
	memcpy(frame + w.at, w.bytes, w.len);
	adjust_sums(&r);
	return REWRITE_OK;
}
