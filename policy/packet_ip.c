/*
 * packet_ip.c - the IPv4 header (RFC 791)
 */
#include "policy/packet_walk.h"

/* Fewer than 20 bytes were captured: each field that is there. */
static void ipv4_cut(struct walk *w, const uint8_t *h, uint32_t there)
{
	struct hv_ctx *ctx = w->ctx;

	ctx->ip_version = 4;
	w->present |= PRESENT(IP_VERSION);
	if (there >= 2) {
		ctx->ip_dscp = h[1] >> 2;
		w->present |= PRESENT(IP_DSCP);
	}
	if (there >= 4) {
		ctx->ip_len = be16(h + 2);
		w->present |= PRESENT(IP_LEN);
	}
	if (there >= 6) {
		ctx->ip_id = be16(h + 4);
		w->present |= PRESENT(IP_ID);
	}
	if (there >= 8) {
		ctx->ip_frag_offset = (be16(h + 6) & IP4_OFFSET) * 8u;
		ctx->ip_more_fragments = (be16(h + 6) & IP4_MORE) != 0;
		w->present |= PRESENT(IP_FRAG_OFFSET) | PRESENT(IP_MORE_FRAGMENTS);
	}
	if (there >= 9) {
		ctx->ip_ttl = h[8];
		w->present |= PRESENT(IP_TTL);
	}
	if (there >= 10) {
		ctx->ip_proto = h[9];
		w->present |= PRESENT(IP_PROTO);
	}
	if (there >= 16) {
		ctx->ip_src.lo = be32(h + 12);
		w->present |= PRESENT(IP_SRC);
	}
}

/* The lengths of the header contradict themselves. */
static void ipv4_broken(struct walk *w, uint16_t frag)
{
	w->p->malformed = true;
	if (frag & (IP4_OFFSET | IP4_MORE))
		w->p->frag = FRAG_IMPOSSIBLE;
}

static void ipv4_fragment(struct walk *w, uint32_t at, uint32_t len, uint32_t head, uint8_t proto)
{
	struct fragment f = {
		.offset = w->ctx->ip_frag_offset, .len = len, .ahead = head,
		.more = w->ctx->ip_more_fragments, .impossible = w->p->malformed,
	};

	if (f.offset > 0)
		walk_payload(w, at, len);
	else if (!walk_transport(w, at, len, proto, false))
		f.impossible = true;
	walk_fragment(w, &f);
}

void walk_ipv4(struct walk *w, uint32_t at)
{
	const uint8_t *h = w->frame + at;
	uint32_t there = w->captured - at, room = w->wire - at, head, len;
	struct hv_ctx *ctx = w->ctx;
	uint16_t frag;

	if (room < IP4_HEADER || (there > 0 && h[0] >> 4 != 4))
		w->p->malformed = true;
	if (there == 0 || h[0] >> 4 != 4)
		return;
	w->p->l3 = at;
	if (there < IP4_HEADER) {
		ipv4_cut(w, h, there);
		head = (h[0] & 0xfu) * 4;
		if (head >= IP4_HEADER && head <= room)
			w->p->l3_len = head;	/* what the checksum covers */
		return;
	}
	len = be16(h + 2);
	if (len == 0)	/* segmentation offload, see packet.h */
		len = room;
	frag = be16(h + 6);
	ctx->ip_version = 4;
	ctx->ip_src.lo = be32(h + 12);
	ctx->ip_dst.lo = be32(h + 16);
	ctx->ip_proto = h[9];
	ctx->ip_ttl = h[8];
	ctx->ip_len = len;
	ctx->ip_id = be16(h + 4);
	ctx->ip_dscp = h[1] >> 2;
	ctx->ip_frag_offset = (frag & IP4_OFFSET) * 8u;
	ctx->ip_more_fragments = (frag & IP4_MORE) != 0;
	w->present |= PRESENT(IP_VERSION) | PRESENT(IP_SRC) | PRESENT(IP_DST) | PRESENT(IP_PROTO) |
		      PRESENT(IP_TTL) | PRESENT(IP_LEN) | PRESENT(IP_ID) | PRESENT(IP_DSCP) |
		      PRESENT(IP_FRAG_OFFSET) | PRESENT(IP_MORE_FRAGMENTS);

	head = (h[0] & 0xfu) * 4;
	if (len > room) {
		w->p->malformed = true;
		len = room;
	}
	if (head < IP4_HEADER || len < head) {
		ipv4_broken(w, frag);
		return;
	}
	w->p->frame_len = at + len;
	w->p->l3_len = head;
	if ((frag & (IP4_OFFSET | IP4_MORE)) == 0)
		walk_transport(w, at + head, len - head, h[9], true);
	else
		ipv4_fragment(w, at + head, len - head, head, h[9]);
}
