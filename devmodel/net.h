/*
 * net.h - frames before the policy: what it must see of them, and what it says
 */
#ifndef DEVMODEL_NET_H
#define DEVMODEL_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/judge.h"

/* How much of a frame must be our own copy before it is judged. */
enum net_need {
	NET_NEED_NOTHING,	/* the policy has no program for this hook: nothing is judged, all passes */
	NET_NEED_HEADERS,	/* NET_HEADERS bytes, or more where these do not show all headers */
	NET_NEED_FRAME,		/* all of it */
};

/* Ethernet, two tags, IPv4 with options or IPv6 with some extension headers, TCP with options */
#define NET_HEADERS	256u

/* One judge for all NICs: numbers, fragments and limits are the policy's, not a device's. */
struct net {
	struct judge *judge;
	const struct policy *policy;
	uint64_t *transfers;	/* the number of the last one, of all devices */
};

enum net_need net_need(const struct net *n, enum hv_hook hook);
/*
 * Do the @captured bytes of a frame of @len show all its headers, so that a judgement by headers is the same as one
 * of the whole frame?
 */
bool net_headers_shown(const uint8_t *frame, uint32_t captured, uint32_t len);
/*
 * Judge @captured bytes at @frame, which are our own copy and are rewritten in place, of a frame of @len (HV_HOOK_NET_OUT
 * or HV_HOOK_NET_IN).  True: it passes, and *@rewritten says whether it was changed.
 */
bool net_passes(const struct net *n, enum hv_hook hook, uint64_t now_ns, uint8_t *frame, uint32_t captured,
		uint32_t len, bool *rewritten);

#endif
