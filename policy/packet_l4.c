/*
 * packet_l4.c - TCP, UDP, ICMP and ICMPv6 headers, and where the payload is
 */
#include "policy/packet_walk.h"

void walk_payload(struct walk *w, uint32_t at, uint32_t len)
{
	struct packet *p = w->p;

	if (at <= w->captured) {
		uint32_t there = w->captured - at;

		p->payload = at;
		p->payload_captured = there < len ? there : len;
	}
	p->payload_len = len;
	w->ctx->payload_len = len;
	w->present |= PRESENT(PAYLOAD_LEN);
}

/* Fewer than 20 bytes are there: each field that is. */
static void tcp_cut(struct walk *w, const uint8_t *h, uint32_t there)
{
	struct hv_ctx *ctx = w->ctx;

	if (there >= 2) {
		ctx->tcp_sport = ctx->l4_sport = be16(h);
		w->present |= PRESENT(TCP_SPORT) | PRESENT(L4_SPORT);
	}
	if (there >= 4) {
		ctx->tcp_dport = ctx->l4_dport = be16(h + 2);
		w->present |= PRESENT(TCP_DPORT) | PRESENT(L4_DPORT);
	}
	if (there >= 8) {
		ctx->tcp_seq = be32(h + 4);
		w->present |= PRESENT(TCP_SEQ);
	}
	if (there >= 14) {
		ctx->tcp_flags = h[13];
		w->present |= PRESENT(TCP_FLAGS);
	}
	if (there >= 16) {
		ctx->tcp_window = be16(h + 14);
		w->present |= PRESENT(TCP_WINDOW);
	}
}

/* RFC 9293 */
static bool walk_tcp(struct walk *w, const uint8_t *h, uint32_t there, uint32_t at, uint32_t len)
{
	struct hv_ctx *ctx = w->ctx;
	uint32_t head;

	if (there >= TCP_HEADER) {
		ctx->tcp_sport = ctx->l4_sport = be16(h);
		ctx->tcp_dport = ctx->l4_dport = be16(h + 2);
		ctx->tcp_seq = be32(h + 4);
		ctx->tcp_flags = h[13];
		ctx->tcp_window = be16(h + 14);
		w->present |= PRESENT(TCP_SPORT) | PRESENT(TCP_DPORT) | PRESENT(TCP_SEQ) |
			      PRESENT(TCP_FLAGS) | PRESENT(TCP_WINDOW) |
			      PRESENT(L4_SPORT) | PRESENT(L4_DPORT);
	} else {
		tcp_cut(w, h, there);
		if (len < TCP_HEADER)
			return false;
		if (there < 13)		/* the data offset was not captured */
			return true;
	}
	head = (h[12] >> 4) * 4u;
	if (head < TCP_HEADER || head > len)
		return false;
	walk_payload(w, at + head, len - head);
	return true;
}

/* RFC 768 */
static bool walk_udp(struct walk *w, const uint8_t *h, uint32_t there, uint32_t at, uint32_t len,
		     bool whole)
{
	struct hv_ctx *ctx = w->ctx;
	uint32_t udp_len;

	if (there >= 2) {
		ctx->udp_sport = ctx->l4_sport = be16(h);
		w->present |= PRESENT(UDP_SPORT) | PRESENT(L4_SPORT);
	}
	if (there >= 4) {
		ctx->udp_dport = ctx->l4_dport = be16(h + 2);
		w->present |= PRESENT(UDP_DPORT) | PRESENT(L4_DPORT);
	}
	if (len < UDP_HEADER)
		return false;
	if (there < 6)
		return true;
	udp_len = be16(h + 4);
	if (whole && udp_len >= UDP_HEADER && udp_len <= len)
		w->p->l4_len = len = udp_len;	/* what follows is RFC 9868's surplus */
	else if (whole && (udp_len != 0 || len <= UINT16_MAX))	/* 0: RFC 2675, section 4 */
		w->p->malformed = true;
	walk_payload(w, at + UDP_HEADER, len - UDP_HEADER);
	return true;
}

/* RFC 792, RFC 4443: of the header only what all types share. */
static bool walk_icmp(struct walk *w, const uint8_t *h, uint32_t there, uint32_t at, uint32_t len)
{
	bool six = w->ctx->ip_version == 6;

	if (there >= 1) {
		*(six ? &w->ctx->icmp6_type : &w->ctx->icmp_type) = h[0];
		w->present |= six ? PRESENT(ICMP6_TYPE) : PRESENT(ICMP_TYPE);
	}
	if (there >= 2) {
		*(six ? &w->ctx->icmp6_code : &w->ctx->icmp_code) = h[1];
		w->present |= six ? PRESENT(ICMP6_CODE) : PRESENT(ICMP_CODE);
	}
	if (len < ICMP_HEADER)
		return false;
	walk_payload(w, at + ICMP_HEADER, len - ICMP_HEADER);
	return true;
}

bool walk_transport(struct walk *w, uint32_t at, uint32_t len, uint8_t proto, bool whole)
{
	const uint8_t *h = w->frame;
	uint32_t there = captured_from(w, at);
	bool fits = true;

	if (there > len)
		there = len;
	w->p->l4_proto = proto;
	w->p->l4_len = len;
	if (at <= w->captured) {
		w->p->l4 = at;
		h += at;
	}
	if (proto == PROTO_TCP)
		fits = walk_tcp(w, h, there, at, len);
	else if (proto == PROTO_UDP)
		fits = walk_udp(w, h, there, at, len, whole);
	else if (proto == (w->ctx->ip_version == 6 ? PROTO_ICMP6 : PROTO_ICMP))
		fits = walk_icmp(w, h, there, at, len);
	else
		walk_payload(w, at, len);
	if (!fits)
		w->p->malformed = true;
	return fits;
}
