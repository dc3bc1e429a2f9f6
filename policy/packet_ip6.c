/*
 * packet_ip6.c - the IPv6 header and its extension headers (RFC 8200, RFC 2675)
 */
#include "policy/packet_walk.h"

/* 16 KiB of the smallest headers: more than the largest frame of a NIC that we model holds. */
#define IPV6_EXT_MAX	2048
#define JUMBO_OPTIONS_MAX	64	/* hop-by-hop options looked at for a jumbo length */
#define JUMBO_OPTION	0xc2
#define PAD1_OPTION	0
#define FRAME_MIN	60		/* IEEE 802.3, without FCS */

static const uint64_t all_fixed = PRESENT(IP_VERSION) | PRESENT(IP_SRC) | PRESENT(IP_DST) |
				  PRESENT(IP_TTL) | PRESENT(IP_LEN) | PRESENT(IP_DSCP);

/* Fewer than 40 bytes were captured: each field that is there. */
static void ipv6_cut(struct walk *w, const uint8_t *h, uint32_t there)
{
	struct hv_ctx *ctx = w->ctx;

	ctx->ip_version = 6;
	w->present |= PRESENT(IP_VERSION);
	if (there >= 2) {
		ctx->ip_dscp = be16(h) >> 6 & 0x3f;
		w->present |= PRESENT(IP_DSCP);
	}
	if (there >= 6 && be16(h + 4) != 0) {
		ctx->ip_len = be16(h + 4) + IP6_HEADER;
		w->present |= PRESENT(IP_LEN);
	}
	if (there >= 8) {
		ctx->ip_ttl = h[7];
		w->present |= PRESENT(IP_TTL);
	}
	if (there >= 24) {
		ctx->ip_src = (struct hv_ip){ be64(h + 8), be64(h + 16) };
		w->present |= PRESENT(IP_SRC);
	}
}

/*
 * RFC 2675: the jumbo payload length of the hop-by-hop header at @at, or 0.  One that is
 * not above 65535 is malformed, and believed.
 */
static uint32_t jumbo_length(struct walk *w, uint32_t at)
{
	uint32_t there = captured_from(w, at), end, pos = 2;
	const uint8_t *h;

	if (there < 8)
		return 0;
	h = w->frame + at;
	end = ipv6_extension_len(PROTO_HOP_BY_HOP, h);
	if (end > there)
		end = there;
	for (int n = 0; n < JUMBO_OPTIONS_MAX && pos + 2 <= end; n++) {
		if (h[pos] == PAD1_OPTION) {
			pos++;
			continue;
		}
		if (h[pos] == JUMBO_OPTION && h[pos + 1] == 4 && pos + 6 <= end) {
			if (be32(h + pos + 2) <= UINT16_MAX)
				w->p->malformed = true;
			return be32(h + pos + 2);
		}
		pos += 2u + h[pos + 1];	/* perhaps beyond the end, by less than 257 */
	}
	return 0;
}

/* Bytes behind the fixed header; *@jumbo: more than the length field can say. */
static uint32_t ipv6_payload_length(struct walk *w, uint32_t at, bool *jumbo)
{
	const uint8_t *h = w->frame + at;
	uint32_t len = be16(h + 4), room = w->wire - at - IP6_HEADER;

	*jumbo = false;
	if (len != 0)
		return len;
	if (h[6] == PROTO_HOP_BY_HOP)
		len = jumbo_length(w, at + IP6_HEADER);
	if (len != 0) {
		*jumbo = true;
		return len;
	}
	return h[6] != PROTO_NONE && w->wire > FRAME_MIN ? room : 0;
}

/* The fragment header at @h, @left bytes from it to the datagram's end. */
static bool ipv6_fragment_header(struct walk *w, const uint8_t *h, uint32_t left,
				 struct fragment *f, bool jumbo)
{
	uint16_t word = be16(h + 2);
	bool part;

	f->offset = word & 0xfff8;
	f->more = word & 1;
	f->len = left - 8;
	w->ctx->ip_id = be32(h + 4);
	w->ctx->ip_frag_offset = f->offset;
	w->ctx->ip_more_fragments = f->more;
	w->present |= PRESENT(IP_ID) | PRESENT(IP_FRAG_OFFSET) | PRESENT(IP_MORE_FRAGMENTS);
	part = f->offset || f->more;	/* else an atomic fragment: RFC 6946 */
	if (jumbo && part) {
		w->p->malformed = true;
		f->impossible = true;
	}
	return part;
}

/* Where the walk over the extension headers stands, and how it ended. */
struct chain {
	uint32_t at;		/* the next header's first byte, */
	uint32_t left;		/* bytes from there to the datagram's end, */
	uint8_t next;		/* and what it is */
	bool jumbo;
	bool is_fragment;	/* f tells the rest */
	bool fragment_header;	/* there was one */
	bool cut;		/* the chain's lengths contradict themselves */
	bool snapped;		/* it goes on in bytes that were not captured */
	struct fragment f;
};

/* One extension header; true: go on. */
static bool ipv6_extension(struct walk *w, struct chain *c, bool first)
{
	const uint8_t *h;
	uint32_t len;

	if (c->left < 8) {
		c->cut = true;
		return false;
	}
	if (captured_from(w, c->at) < (c->next == PROTO_FRAGMENT ? 8 : 2)) {
		c->snapped = true;
		return false;
	}
	h = w->frame + c->at;
	len = ipv6_extension_len(c->next, h);
	if (len > c->left || (c->next == PROTO_FRAGMENT && c->fragment_header)) {
		c->cut = true;
		return false;
	}
	if (c->next == PROTO_HOP_BY_HOP && !first)
		w->p->malformed = true;
	if (c->next == PROTO_FRAGMENT) {
		c->fragment_header = true;
		c->is_fragment = ipv6_fragment_header(w, h, c->left, &c->f, c->jumbo);
	} else if (!c->fragment_header) {
		c->f.ahead += len;
	}
	c->next = h[0];
	c->at += len;
	c->left -= len;
	return c->f.offset == 0;
}

/* Follow the extension headers behind the fixed header. */
static void ipv6_chain(struct walk *w, struct chain *c)
{
	uint32_t n = 0;

	while (ipv6_is_extension(c->next)) {
		if (n == IPV6_EXT_MAX) {
			c->cut = true;
			break;
		}
		if (!ipv6_extension(w, c, n++ == 0))
			break;
	}
	if (c->cut)
		w->p->malformed = true;
}

/* What the chain led to. */
static void ipv6_behind(struct walk *w, struct chain *c)
{
	bool later = c->f.offset > 0;
	bool known = !c->cut && !c->snapped && !ipv6_is_extension(c->next);

	if (!c->fragment_header && !c->snapped && !c->cut)
		w->present |= PRESENT(IP_FRAG_OFFSET) | PRESENT(IP_MORE_FRAGMENTS);
	if (known) {
		w->ctx->ip_proto = c->next;
		w->present |= PRESENT(IP_PROTO);
	}
	if (known || later)
		w->p->l3_len = c->at - w->p->l3;
	if (later)
		walk_payload(w, c->at, c->left);
	else if (known && !walk_transport(w, c->at, c->left, c->next, !c->is_fragment))
		c->f.impossible = true;
	if (c->is_fragment) {
		c->f.impossible |= c->cut;
		walk_fragment(w, &c->f);
	} else if (c->fragment_header && c->cut) {
		w->p->frag = FRAG_IMPOSSIBLE;
	}
}

void walk_ipv6(struct walk *w, uint32_t at)
{
	const uint8_t *h = w->frame + at;
	uint32_t there = w->captured - at, room = w->wire - at, len;
	struct hv_ctx *ctx = w->ctx;
	struct chain c = { 0 };

	if (room < IP6_HEADER || (there > 0 && h[0] >> 4 != 6))
		w->p->malformed = true;
	if (there == 0 || h[0] >> 4 != 6)
		return;
	w->p->l3 = at;
	if (there < IP6_HEADER) {
		ipv6_cut(w, h, there);
		return;
	}
	len = ipv6_payload_length(w, at, &c.jumbo);
	ctx->ip_version = 6;
	ctx->ip_src = (struct hv_ip){ be64(h + 8), be64(h + 16) };
	ctx->ip_dst = (struct hv_ip){ be64(h + 24), be64(h + 32) };
	ctx->ip_ttl = h[7];
	ctx->ip_len = (uint64_t)len + IP6_HEADER;
	ctx->ip_dscp = be16(h) >> 6 & 0x3f;
	w->present |= all_fixed;

	room -= IP6_HEADER;
	if (len > room) {
		w->p->malformed = true;
		c.f.impossible = true;
		len = room;
	}
	w->p->frame_len = at + IP6_HEADER + len;
	c.at = at + IP6_HEADER;
	c.left = len;
	c.next = h[6];
	ipv6_chain(w, &c);
	ipv6_behind(w, &c);
}
