/*
 * packet_plain.h - the short way for most frames: untagged IPv4 with a sound TCP or UDP header
 *
 * It writes every net word once and calls nothing, which takes a third of the time of the
 * walk in packet.c.  Whatever is unusual is left to the walk.  That both say the same is
 * tested by parsing each frame once more with a VLAN tag, which always takes the walk.
 *
 * In two steps: plain_first() writes what most rules ask for, plain_rest() all else.
 */
#ifndef POLICY_PACKET_PLAIN_H
#define POLICY_PACKET_PLAIN_H

#include "policy/packet_walk.h"

#define PLAIN_FIELDS \
	(PRESENT(ETH_SRC) | PRESENT(ETH_DST) | PRESENT(ETH_TYPE) | PRESENT(IP_VERSION) | \
	 PRESENT(IP_SRC) | PRESENT(IP_DST) | PRESENT(IP_PROTO) | PRESENT(IP_TTL) | \
	 PRESENT(IP_LEN) | PRESENT(IP_ID) | PRESENT(IP_DSCP) | PRESENT(IP_FRAG_OFFSET) | \
	 PRESENT(IP_MORE_FRAGMENTS) | PRESENT(L4_SPORT) | PRESENT(L4_DPORT) | \
	 PRESENT(PAYLOAD_LEN) | PRESENT(FRAME_LEN))
#define PLAIN_TCP_FIELDS \
	(PRESENT(TCP_SPORT) | PRESENT(TCP_DPORT) | PRESENT(TCP_FLAGS) | PRESENT(TCP_SEQ) | \
	 PRESENT(TCP_WINDOW))
#define PLAIN_UDP_FIELDS	(PRESENT(UDP_SPORT) | PRESENT(UDP_DPORT))

enum { PLAIN_L4 = ETH_HEADER + IP4_HEADER };

/* The words of packet_parse_first(); it sets `present` for the rest as well. */
static inline void plain_first(const uint8_t *frame, bool tcp, struct hv_ctx *ctx)
{
	const uint8_t *h = frame + ETH_HEADER, *t = frame + PLAIN_L4;
	uint64_t sport = be16(t), dport = be16(t + 2);

	ctx->eth_type = TYPE_IPV4;
	ctx->ip_version = 4;
	ctx->ip_src = (struct hv_ip){ 0, be32(h + 12) };
	ctx->ip_dst = (struct hv_ip){ 0, be32(h + 16) };
	ctx->ip_proto = h[9];
	ctx->l4_sport = sport;
	ctx->l4_dport = dport;
	ctx->tcp_sport = tcp ? sport : 0;
	ctx->tcp_dport = tcp ? dport : 0;
	ctx->tcp_flags = tcp ? t[13] : 0;
	ctx->udp_sport = tcp ? 0 : sport;
	ctx->udp_dport = tcp ? 0 : dport;
	ctx->present = PLAIN_FIELDS | (tcp ? PLAIN_TCP_FIELDS : PLAIN_UDP_FIELDS);
}

/* True when the frame is plain, and plain_first() is done; otherwise nothing is written. */
static inline bool parse_plain(const uint8_t *frame, uint32_t captured, uint32_t wire,
			       struct hv_ctx *ctx)
{
	const uint8_t *h = frame + ETH_HEADER, *t = frame + PLAIN_L4;
	uint32_t len, head, body;

	if (captured < PLAIN_L4 + UDP_HEADER || be16(frame + 12) != TYPE_IPV4 || h[0] != 0x45 ||
	    (be16(h + 6) & (IP4_MORE | IP4_OFFSET)) != 0)
		return false;
	len = be16(h + 2);
	if (len < IP4_HEADER + UDP_HEADER || len > wire - ETH_HEADER)
		return false;
	if (h[9] == PROTO_TCP && captured >= PLAIN_L4 + TCP_HEADER) {
		head = (t[12] >> 4) * 4u;
		if (head < TCP_HEADER || IP4_HEADER + head > len)
			return false;
		plain_first(frame, true, ctx);
		return true;
	}
	if (h[9] == PROTO_UDP) {
		body = be16(t + 4);
		if (body < UDP_HEADER || IP4_HEADER + body > len)
			return false;
		plain_first(frame, false, ctx);
		return true;
	}
	return false;
}

/* The rest of a frame of which parse_plain() has said that it is plain. */
static inline void plain_rest(const uint8_t *frame, uint32_t captured, struct hv_ctx *ctx,
			      struct packet *p)
{
	const uint8_t *h = frame + ETH_HEADER, *t = frame + PLAIN_L4;
	bool tcp = h[9] == PROTO_TCP;
	uint32_t len = be16(h + 2), head = tcp ? (t[12] >> 4) * 4u : UDP_HEADER;
	uint32_t body = (tcp ? len - IP4_HEADER : be16(t + 4)) - head;
	uint32_t frame_len = ETH_HEADER + len, payload = PLAIN_L4 + head;
	uint32_t there = captured < payload ? 0 : captured - payload;

	ctx->eth_src = be64(frame + 6) >> 16;
	ctx->eth_dst = be64(frame) >> 16;
	ctx->vlan_id = ctx->arp_op = ctx->arp_spa = ctx->arp_tpa = 0;
	ctx->ip_ttl = h[8];
	ctx->ip_len = len;
	ctx->ip_id = be16(h + 4);
	ctx->ip_dscp = h[1] >> 2;
	ctx->ip_frag_offset = ctx->ip_more_fragments = 0;
	ctx->tcp_seq = tcp ? be32(t + 4) : 0;
	ctx->tcp_window = tcp ? be16(t + 14) : 0;
	ctx->tcp_in_order = 0;
	ctx->icmp_type = ctx->icmp_code = ctx->icmp6_type = ctx->icmp6_code = 0;
	ctx->payload_len = body;
	ctx->frame_len = frame_len;
	*p = (struct packet){
		.l3 = ETH_HEADER, .l3_len = IP4_HEADER, .l4 = PLAIN_L4, .l4_len = head + body,
		.payload = captured < payload ? PACKET_NO_OFFSET : payload, .payload_len = body,
		.payload_captured = there < body ? there : body,
		.frame_len = frame_len, .frame_captured = captured < frame_len ? captured : frame_len,
		.frag = FRAG_NONE, .l4_proto = h[9],
	};
}

#endif
