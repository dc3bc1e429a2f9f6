/*
 * net.c - frames before the policy
 */
#include "devmodel/net.h"

#include "policy/module.h"

enum net_need net_need(const struct net *n, enum hv_hook hook)
{
	if (!policy_has_hook(n->policy, hook))
		return NET_NEED_NOTHING;
	return policy_needs(n->policy, hook) & (HVB_NEED_CONTENT | HVB_NEED_STREAM) ? NET_NEED_FRAME : NET_NEED_HEADERS;
}

bool net_headers_shown(const uint8_t *frame, uint32_t captured, uint32_t len)
{
	struct packet p;
	struct hv_ctx ctx;

	if (captured >= len)
		return true;
	packet_parse(frame, captured, len, 0, NULL, &ctx, &p);
	/* where it begins is known by all that is in front; what has none has headers to its end, for all that is known */
	return p.payload != PACKET_NO_OFFSET;
}

bool net_passes(const struct net *n, enum hv_hook hook, uint64_t now_ns, uint8_t *frame, uint32_t captured,
		uint32_t len, bool *rewritten)
{
	struct transfer t = {
		.number = ++*n->transfers, .time_ns = now_ns, .hook = hook,
		.net = { .frame = frame, .captured = captured, .wire_len = len },
	};
	struct judgement j;

	judge_transfer(n->judge, &t, &j);
	*rewritten = j.rewritten;
	return j.verdict == HV_PASS;
}
