/*
 * packet.h - parse an Ethernet frame once: fields into the context, offsets for the rest
 */
#ifndef POLICY_PACKET_H
#define POLICY_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/context.h"

/*
 * Where headers are not the whole truth
 *
 * - Absent and malformed are two things.  What the captured bytes do not show is absent.
 *   `malformed` is said when the headers contradict each other or the frame's length on
 *   the wire: a header cut by its own lengths, a version that is not its EtherType's, an IP
 *   datagram longer than its frame, an extension header out of place.
 * - Lengths are the headers', but never lead beyond the frame on the wire (ip.len alone is
 *   as written): payload + payload_len <= frame_len.
 * - Padding is what lies beyond the IP length; other frames have none (an 802.3 length
 *   takes nothing off): what is not known to be padding is searched.
 * - IPv4 total length 0 is how segmentation offload and BIG TCP appear in captures: the
 *   datagram is the rest of the frame, ip.len says so.  IPv6 payload length 0 without jumbo
 *   option (RFC 2675) means the same behind any next header but 59 in a frame over 60 bytes
 *   (a shorter one may be all padding).  A receiver that takes it for an empty datagram
 *   drops it, so nothing is hidden by this.
 * - SNAP (RFC 1042) carries an EtherType, and what it announces is followed.  Other 802.3
 *   frames have no eth.type.  A third VLAN tag is not followed: eth.type is its TPID.
 * - payload is what follows the last header that is understood: of TCP, UDP (to its length
 *   field; to the datagram's end when that is wrong), ICMP; of any other protocol all that
 *   IP carries; of a later fragment its bytes.  Only IP has one.
 * - ip.frag_offset and ip.more_fragments are 0, not absent, in IPv6 without fragment header.
 */

/* What the fragment table said of this frame. */
enum frag_state {
	FRAG_NONE = 0,		/* not a fragment */
	FRAG_FIRST,		/* offset 0, more follow: remembered */
	FRAG_LATER,		/* its transport fields are the first one's */
	FRAG_EARLY,		/* the first one was not seen */
	FRAG_OVERLAP,		/* overlaps another fragment of the datagram */
	FRAG_IMPOSSIBLE,	/* beyond 65535 bytes, a length that is no multiple of 8, an end
				   that moves, a first one without its whole transport header */
};

#define PACKET_NO_OFFSET	UINT32_MAX

/* Where the headers of the frame in hand are: bytes from its start, or PACKET_NO_OFFSET. */
struct packet {
	uint32_t l3, l4;		/* IP or ARP header; transport header */
	uint32_t l3_len;		/* bytes of IP header, options, extension headers; 0 unknown */
	uint32_t l4_len;		/* bytes of transport header and payload by the headers */
	uint32_t payload;		/* what HV_AREA_PAYLOAD starts with; <= captured */
	uint32_t payload_len;		/* by the headers */
	uint32_t payload_captured;	/* of these, bytes that are there */
	uint32_t frame_len;		/* without padding, by the headers */
	uint32_t frame_captured;	/* of these, bytes that are there */
	uint8_t frag;			/* enum frag_state */
	uint8_t l4_proto;		/* IP protocol number of l4, 0 when unknown */
	bool malformed;			/* a header is cut or says what cannot be */
};

struct frag_table;

/*
 * A table of @entries datagrams in flight; when it is full the oldest goes (counted).
 * Returns 0, POLICY_EINVAL (no entries, or over FRAG_ENTRIES_MAX) or POLICY_ENOMEM.
 */
#define FRAG_ENTRIES_MAX	(1u << 20)
int frag_table_create(struct arena *a, uint32_t entries, struct frag_table **out);
/* A secret for the table's hash, so that nobody can choose whose datagram is evicted. */
void frag_table_key(struct frag_table *t, uint64_t k0, uint64_t k1);
uint64_t frag_table_evicted(const struct frag_table *t);
/* Forget everything (a new input); counters and key stay. */
void frag_table_reset(struct frag_table *t);

/*
 * Parse @captured bytes of a frame of @wire_len.  Sets ctx->present and the net words of
 * @ctx (absent ones 0, disk words untouched), and *@p.  @frags may be NULL: later
 * fragments then have no transport fields.  Never reads beyond frame[captured - 1].
 */
void packet_parse(const uint8_t *frame, uint32_t captured, uint32_t wire_len, uint64_t time_ns,
		  struct frag_table *frags, struct hv_ctx *ctx, struct packet *p);

/*
 * The same in two steps, for frames about which little need be known.  The first returns
 * false where packet_parse() is needed; else it has set ctx->present and those words of
 * which packet_is_first(offset in struct hv_ctx) says so, the others are stale until
 * packet_parse_rest() has been called.  Such a frame is not malformed and no fragment.
 */
bool packet_parse_first(const uint8_t *frame, uint32_t captured, uint32_t wire_len,
			struct hv_ctx *ctx);
void packet_parse_rest(const uint8_t *frame, uint32_t captured, struct hv_ctx *ctx,
		       struct packet *p);
bool packet_is_first(size_t offset);

#endif
