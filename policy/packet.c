/*
 * packet.c - parse a frame: Ethernet, 802.3 with SNAP, VLAN tags, ARP; IP is in packet_ip*.c
 */
#include "policy/packet_plain.h"
#include "policy/packet_walk.h"

enum { TYPE_VLAN = 0x8100, TYPE_PROVIDER_VLAN = 0x88a8, TYPE_OLD_QINQ = 0x9100 };

#define VLAN_TAGS_MAX	2
#define VLAN_TAG	4
#define ETHERTYPE_MIN	0x0600	/* IEEE 802.3: below it is a length */
#define LENGTH_MAX	1500
#define LLC_SNAP	8	/* RFC 1042: DSAP AA, SSAP AA, UI, OUI 00-00-00, EtherType */
#define ARP_FIXED	8	/* RFC 826: up to the operation */

/* The net words are one run of words; the disk words behind them are another's. */
#define NET_WORDS	((offsetof(struct hv_ctx, disk_lba) - offsetof(struct hv_ctx, eth_src)) / 8)

static void walk_arp(struct walk *w, uint32_t at)
{
	const uint8_t *h = w->frame + at;
	uint32_t there = w->captured - at, room = w->wire - at, spa, tpa, hlen;

	if (there > 0)
		w->p->l3 = at;
	if (room < ARP_FIXED)
		w->p->malformed = true;
	if (there < ARP_FIXED)
		return;
	w->ctx->arp_op = be16(h + 6);
	w->present |= PRESENT(ARP_OP);
	hlen = h[4];
	if (room < ARP_FIXED + 2 * hlen + 2 * h[5])
		w->p->malformed = true;
	if (be16(h + 2) != TYPE_IPV4)
		return;
	if (h[5] != 4) {
		w->p->malformed = true;
		return;
	}
	spa = ARP_FIXED + hlen;
	tpa = spa + 4 + hlen;
	if (there >= spa + 4) {
		w->ctx->arp_spa = be32(h + spa);
		w->present |= PRESENT(ARP_SPA);
	}
	if (there >= tpa + 4) {
		w->ctx->arp_tpa = be32(h + tpa);
		w->present |= PRESENT(ARP_TPA);
	}
}

/* What @type, at @at - 2, announces; @at <= captured. */
static void walk_network(struct walk *w, uint16_t type, uint32_t at)
{
	w->ctx->eth_type = type;
	w->present |= PRESENT(ETH_TYPE);
	if (type == TYPE_IPV4)
		walk_ipv4(w, at);
	else if (type == TYPE_IPV6)
		walk_ipv6(w, at);
	else if (type == TYPE_ARP)
		walk_arp(w, at);
}

/* A length where the EtherType would be: LLC, perhaps SNAP with an EtherType after all. */
static void walk_llc(struct walk *w, uint16_t len, uint32_t at)
{
	static const uint8_t snap[] = { 0xaa, 0xaa, 0x03, 0, 0, 0 };

	if (len > LENGTH_MAX || len > w->wire - at) {
		w->p->malformed = true;
		return;
	}
	if (len >= LLC_SNAP && captured_from(w, at) >= LLC_SNAP &&
	    memcmp(w->frame + at, snap, sizeof snap) == 0)
		walk_network(w, be16(w->frame + at + 6), at + LLC_SNAP);
}

static bool is_tag(uint16_t type)
{
	return type == TYPE_VLAN || type == TYPE_PROVIDER_VLAN || type == TYPE_OLD_QINQ;
}

/* What follows the MAC addresses: @type is in front of @at. */
static void walk_tags(struct walk *w, uint16_t type, uint32_t at)
{
	for (int tag = 0; tag < VLAN_TAGS_MAX && is_tag(type); tag++) {
		if (tag == 0 && w->captured - at >= 2) {
			w->ctx->vlan_id = be16(w->frame + at) & 0xfff;
			w->present |= PRESENT(VLAN_ID);
		}
		if (w->wire - at < VLAN_TAG)
			w->p->malformed = true;
		if (w->captured - at < VLAN_TAG)
			return;
		type = be16(w->frame + at + 2);
		at += VLAN_TAG;
	}
	if (type < ETHERTYPE_MIN)
		walk_llc(w, type, at);
	else
		walk_network(w, type, at);
}

static uint64_t be48(const uint8_t *p)
{
	return (uint64_t)be16(p) << 32 | be32(p + 2);
}

static void walk_cut_ethernet(struct walk *w)
{
	if (w->wire < ETH_HEADER)
		w->p->malformed = true;
	if (w->captured >= 6) {
		w->ctx->eth_dst = be48(w->frame);
		w->present |= PRESENT(ETH_DST);
	}
	if (w->captured >= 12) {
		w->ctx->eth_src = be48(w->frame + 6);
		w->present |= PRESENT(ETH_SRC);
	}
}

/* In blocks that become plain stores: for all of it gcc takes `rep stos`, three times as slow. */
static inline void clear_net_words(struct hv_ctx *ctx)
{
	uint64_t *word = &ctx->eth_src;

	for (uint32_t i = 0; i + 7 <= NET_WORDS; i += 7)
		__builtin_memset(word + i, 0, 7 * sizeof *word);
	_Static_assert(NET_WORDS % 7 == 0, "whole blocks");
}

/* The word of every field of packets is among those: else one would show what an earlier packet had. */
#define CLEARED_NET(member) \
	(offsetof(struct hv_ctx, member) - offsetof(struct hv_ctx, eth_src) < 8 * NET_WORDS)
#define CLEARED_DISK(member)	1
#define CLEARED_RW(member)	1
#define CLEARED_CTL(member)	1
#define HV_FIELD(id, nm, ty, bits, hooks, member, rw, doc) \
	_Static_assert(CLEARED_##hooks(member), nm " is cleared with the others");
#define HV_FLAGBIT(id, nm, base, bit, doc)
#include "policy/field.def"
#undef HV_FIELD
#undef HV_FLAGBIT

/* Whatever is not plain; apart, so that the plain way saves no registers. */
static __attribute__((noinline)) void
walk_frame(const uint8_t *frame, uint32_t captured, uint32_t wire, uint64_t time_ns,
	   struct frag_table *frags, struct hv_ctx *ctx, struct packet *p)
{
	struct walk w = {
		.frame = frame, .captured = captured, .wire = wire, .time_ns = time_ns,
		.frags = frags, .ctx = ctx, .p = p,
	};

	clear_net_words(ctx);
	*p = (struct packet){
		.l3 = PACKET_NO_OFFSET, .l4 = PACKET_NO_OFFSET, .payload = PACKET_NO_OFFSET,
		.frame_len = wire,
	};
	if (captured >= ETH_HEADER) {
		ctx->eth_dst = be64(frame) >> 16;
		ctx->eth_src = be64(frame + 6) >> 16;
		w.present = PRESENT(ETH_DST) | PRESENT(ETH_SRC) | PRESENT(FRAME_LEN);
		walk_tags(&w, be16(frame + 12), ETH_HEADER);
	} else {
		w.present = PRESENT(FRAME_LEN);
		walk_cut_ethernet(&w);
	}
	p->frame_captured = captured < p->frame_len ? captured : p->frame_len;
	ctx->frame_len = p->frame_len;
	ctx->present = w.present;
}

void packet_parse(const uint8_t *frame, uint32_t captured, uint32_t wire_len, uint64_t time_ns,
		  struct frag_table *frags, struct hv_ctx *ctx, struct packet *p)
{
	uint32_t wire = wire_len < captured ? captured : wire_len;

	if (parse_plain(frame, captured, wire, ctx))
		plain_rest(frame, captured, ctx, p);
	else
		walk_frame(frame, captured, wire, time_ns, frags, ctx, p);
}

bool packet_parse_first(const uint8_t *frame, uint32_t captured, uint32_t wire_len,
			struct hv_ctx *ctx)
{
	return parse_plain(frame, captured, wire_len < captured ? captured : wire_len, ctx);
}

void packet_parse_rest(const uint8_t *frame, uint32_t captured, struct hv_ctx *ctx,
		       struct packet *p)
{
	plain_rest(frame, captured, ctx, p);
}

bool packet_is_first(size_t offset)
{
#define WORD(member)	(UINT64_C(1) << offsetof(struct hv_ctx, member) / 8)
	static const uint64_t first =
		WORD(eth_type) | WORD(ip_version) | WORD(ip_src.hi) | WORD(ip_src.lo) |
		WORD(ip_dst.hi) | WORD(ip_dst.lo) | WORD(ip_proto) | WORD(tcp_sport) |
		WORD(tcp_dport) | WORD(tcp_flags) | WORD(udp_sport) | WORD(udp_dport) |
		WORD(l4_sport) | WORD(l4_dport);
#undef WORD

	return offset % 8 == 0 && offset / 8 < 64 && first >> offset / 8 & 1;
}
