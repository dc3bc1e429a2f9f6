/*
 * packet_walk.h - what the parts of the packet parser share; nobody else includes it
 *
 * Every function below reads only bytes in front of w->captured and follows the
 * headers no further than w->wire.  Two reasons why a header ends early are kept
 * apart: bytes that were not captured make fields absent, lengths that contradict
 * each other make the frame malformed as well.
 */
#ifndef POLICY_PACKET_WALK_H
#define POLICY_PACKET_WALK_H

#include <string.h>

#include "policy/field.h"
#include "policy/packet.h"

/* IEEE EtherTypes */
enum { TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_IPV6 = 0x86dd };

/* IANA protocol numbers */
enum {
	PROTO_HOP_BY_HOP = 0, PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44, PROTO_AH = 51, PROTO_ICMP6 = 58, PROTO_NONE = 59,
	PROTO_DST_OPTIONS = 60, PROTO_MOBILITY = 135, PROTO_UDP_LITE = 136, PROTO_HIP = 139,
	PROTO_SHIM6 = 140,
};

enum { ETH_HEADER = 14, IP4_HEADER = 20, IP6_HEADER = 40 };
enum { IP4_MORE = 0x2000, IP4_OFFSET = 0x1fff };	/* RFC 791; the offset in units of 8 bytes */
enum { TCP_HEADER = 20, UDP_HEADER = 8, ICMP_HEADER = 4 };

#define PRESENT(field)	(UINT64_C(1) << HV_F_##field)

struct walk {
	const uint8_t *frame;
	uint32_t captured;	/* bytes at frame */
	uint32_t wire;		/* bytes of the frame, >= captured */
	uint64_t present;	/* becomes ctx->present */
	uint64_t time_ns;
	struct frag_table *frags;
	struct hv_ctx *ctx;
	struct packet *p;
};

/* A fragment, as its header tells. */
struct fragment {
	uint32_t offset, len;	/* bytes of the fragmentable part */
	uint32_t ahead;		/* bytes that count to the datagram's 65535 in front of it */
	bool more;
	bool impossible;	/* the header it came in already says what cannot be */
};

/* Built-in by name: with -ffreestanding a plain memcpy() is a call. */
static inline uint16_t be16(const uint8_t *p)
{
	uint16_t v;

	__builtin_memcpy(&v, p, sizeof v);
	return __builtin_bswap16(v);
}

static inline uint32_t be32(const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, sizeof v);
	return __builtin_bswap32(v);
}

static inline uint64_t be64(const uint8_t *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, sizeof v);
	return __builtin_bswap64(v);
}

/* Bytes from @at that were captured; @at may lie anywhere. */
static inline uint32_t captured_from(const struct walk *w, uint32_t at)
{
	return at < w->captured ? w->captured - at : 0;
}

/* An IPv4 or IPv6 header at @at <= captured; fields, offsets and all that follows. */
void walk_ipv4(struct walk *w, uint32_t at);
void walk_ipv6(struct walk *w, uint32_t at);

/*
 * The transport header @proto at @at, @len bytes of it and its payload by the headers;
 * @whole: not a first fragment.  False when its header does not fit into @len.
 */
bool walk_transport(struct walk *w, uint32_t at, uint32_t len, uint8_t proto, bool whole);

/* The payload: @len bytes at @at, by the headers. */
void walk_payload(struct walk *w, uint32_t at, uint32_t len);

/*
 * Sets p->frag.  A first fragment is remembered with the transport fields that are in the
 * context by now; a later one gets them.  The context's addresses, ip.id and, of IPv4,
 * ip.proto are there.
 */
void walk_fragment(struct walk *w, const struct fragment *f);

/* The IPv6 extension headers that are followed. */
static inline bool ipv6_is_extension(uint8_t proto)
{
	switch (proto) {
	case PROTO_HOP_BY_HOP: case PROTO_ROUTING: case PROTO_FRAGMENT: case PROTO_AH:
	case PROTO_DST_OPTIONS: case PROTO_MOBILITY: case PROTO_HIP: case PROTO_SHIM6:
		return true;
	}
	return false;
}

/* Bytes of the extension header @proto that starts with @h[0], @h[1]. */
static inline uint32_t ipv6_extension_len(uint8_t proto, const uint8_t *h)
{
	if (proto == PROTO_FRAGMENT)
		return 8;
	return proto == PROTO_AH ? (h[1] + 2u) * 4 : (h[1] + 1u) * 8;
}

#endif
