/*
 * packet.h - parse an Ethernet frame once: fields into the context, offsets for the rest
 */
#ifndef POLICY_PACKET_H
#define POLICY_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/context.h"

/* What the fragment table said of this frame. */
enum frag_state {
	FRAG_NONE = 0,		/* not a fragment */
	FRAG_FIRST,		/* offset 0, more follow: remembered */
	FRAG_LATER,		/* its transport fields are the first one's */
	FRAG_EARLY,		/* the first one was not seen */
	FRAG_OVERLAP,		/* overlaps another fragment of the datagram */
	FRAG_IMPOSSIBLE,	/* beyond 65535 bytes, a length that is no multiple of 8, ... */
};

#define PACKET_NO_OFFSET	UINT32_MAX

/* Where the headers of the frame in hand are: bytes from its start, or PACKET_NO_OFFSET. */
struct packet {
	uint32_t l3, l4;		/* IP or ARP header; transport header */
	uint32_t l4_len;		/* bytes of transport header and payload by the headers */
	uint32_t payload;		/* transport payload (ICMP: behind its 4-byte header) */
	uint32_t payload_len;		/* by the headers */
	uint32_t payload_captured;	/* of these, bytes that are there */
	uint32_t frame_len;		/* without padding, by the headers */
	uint32_t frame_captured;	/* of these, bytes that are there */
	uint8_t frag;			/* enum frag_state */
	uint8_t l4_proto;		/* IP protocol number of l4, 0 when unknown */
	bool malformed;			/* a header is cut or says what cannot be */
};

struct frag_table;

/* A table of @entries datagrams in flight; when it is full the oldest goes (counted). */
int frag_table_create(struct arena *a, uint32_t entries, struct frag_table **out);
uint64_t frag_table_evicted(const struct frag_table *t);
/* Forget everything (a new input). */
void frag_table_reset(struct frag_table *t);

/*
 * Parse @captured bytes of a frame of @wire_len.  Sets ctx->present and the net words of
 * @ctx (absent ones 0, disk words untouched), and *@p.  @frags may be NULL: later
 * fragments then have no transport fields.  Never reads beyond frame[captured - 1].
 */
void packet_parse(const uint8_t *frame, uint32_t captured, uint32_t wire_len, uint64_t time_ns,
		  struct frag_table *frags, struct hv_ctx *ctx, struct packet *p);

#endif
