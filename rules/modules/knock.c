/*
 * knock.c - a policy module: SSH stays closed until the peer has knocked
 *
 * A peer that sends TCP SYNs to the ports 7000, 8000 and 9000, in this order and within ten
 * seconds, may connect to port 22 for a minute.  Everybody else's SYNs to port 22 vanish.
 * Knocks vanish too, so that nobody sees that somebody listens.
 *
 *	clang -O2 -target bpf -mcpu=v3 -c knock.c -o knock.o
 *	hvc build knock.o -o knock.hvb
 */
#include "sluice.h"

#define SECOND		1000000000ul
#define PATIENCE	(10 * SECOND)	/* from the first knock to the last */
#define OPEN_FOR	(60 * SECOND)
#define SYN		0x02
#define ACK		0x10

/* Every byte of a key counts: a structure without padding. */
struct peer {
	u64 version;
	struct hv_ip address;
};

struct knocks {
	u64 heard;		/* right ones so far */
	u64 since;		/* time of the first; when all were heard: of the last */
};

/* 4096 peers at once; when it is full, a new peer's knocks are not heard. */
HV_MAP(peers, HV_MAP_HASH, struct peer, struct knocks, 4096);

static const u64 ports[3] = { 7000, 8000, 9000 };

static u64 knock(const struct hv_ctx *ctx, const struct peer *peer, struct knocks *k)
{
	struct knocks first = { 1, ctx->time_ns };

	if (ctx->tcp_dport == ports[0]) {
		/* the first knock always begins anew */
		if (hv_map_update(&peers, peer, &first) < 0)
			hv_say(ctx, HV_NOTICE, "no room for another peer that knocks");
	} else if (k) {
		u64 late = ctx->time_ns - k->since > PATIENCE;

		if (!late && k->heard == 1 && ctx->tcp_dport == ports[1]) {
			k->heard = 2;
		} else if (!late && k->heard == 2 && ctx->tcp_dport == ports[2]) {
			k->heard = 3;
			k->since = ctx->time_ns;
			hv_say(ctx, HV_NOTICE, "knocked: port 22 is open for this peer");
		} else {
			hv_map_delete(&peers, peer);
		}
	}
	return HV_DROP;
}

HV_NET_IN u64 net_in(const struct hv_ctx *ctx)
{
	struct peer peer;
	struct knocks *k;
	u64 port = ctx->tcp_dport;

	/* only the first segment of a connection is of interest */
	if (!hv_has(ctx, HV_F_TCP_DPORT) || (ctx->tcp_flags & (SYN | ACK)) != SYN)
		return HV_PASS;
	peer.version = ctx->ip_version;
	peer.address.hi = ctx->ip_src.hi;
	peer.address.lo = ctx->ip_src.lo;
	k = hv_map_lookup(&peers, &peer);
	if (port == ports[0] || port == ports[1] || port == ports[2])
		return knock(ctx, &peer, k);
	if (port != 22)
		return HV_PASS;
	if (k && k->heard == 3 && ctx->time_ns - k->since <= OPEN_FOR)
		return HV_PASS;
	hv_say(ctx, HV_INFO, "SSH without a knock");
	return HV_DROP;
}
