/*
 * rewrite.h - change a frame in place and make its checksums right
 */
#ifndef POLICY_REWRITE_H
#define POLICY_REWRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/context.h"
#include "policy/field.h"
#include "policy/packet.h"

/*
 * Checksums are adjusted by the difference of the bytes (RFC 1624), so that one that was
 * right stays right and one that was wrong stays wrong: IPv4 header, TCP, UDP, UDP-Lite,
 * ICMP, ICMPv6, with the addresses of the pseudo header where they count (not a destination
 * that a routing header still replaces, nor a source with a home address option).  UDP's 0
 * means none and stays.  (ICMP messages of zeros with a checksum of 0, which is wrong, get
 * right by any change.)  A checksum of other protocols (SCTP, PIM, ...) gets wrong, and the
 * receiver drops what it covers.  Where a checksum was not captured, nothing can be done.
 *
 * Of a fragmented datagram the transport checksum stands in the first fragment: a new address
 * adjusts it there, later fragments need nothing.  Content of later fragments is covered by
 * a checksum that went before: not to be rewritten (language.md: dropped instead).
 */

/* RFC 1071 sum of @len bytes, folded to 16 bits, not complemented. */
uint16_t checksum(const uint8_t *bytes, uint32_t len);

/* RFC 1624: what a checksum of the value @field becomes when covered bytes of the folded
 * sum @before are replaced by bytes of the sum @after. */
uint16_t checksum_adjust(uint16_t field, uint16_t before, uint16_t after);

enum { REWRITE_OK = 0, REWRITE_ABSENT = -1, REWRITE_FAMILY = -2 };

/*
 * Write @hi:@lo into @field of @frame (family 4 or 6 for addresses, else 0); bits beyond the
 * field's width are ignored, VLAN priority and ECN stay.  Returns REWRITE_OK, REWRITE_ABSENT
 * when the frame lacks the field or may not have it rewritten (nothing is done; so for ports
 * of later fragments), REWRITE_FAMILY when an address is of the other family.
 */
int rewrite_field(uint8_t *frame, uint32_t captured, const struct packet *p,
		  const struct hv_ctx *ctx, enum hv_field field, unsigned family,
		  uint64_t hi, uint64_t lo);

/* @bytes (@count > 0) over and over, @len bytes in all. */
void rewrite_fill(uint8_t *to, uint32_t len, const uint8_t *bytes, uint32_t count);

struct rewrite_cover {
	uint32_t start, end;	/* bytes of the frame */
};

/* A checksum of the frame, and the parts of the frame that are summed. */
struct rewrite_sum {
	uint32_t field;		/* where it stands, 2 bytes */
	uint32_t covers;
	bool zero_is_none;	/* UDP: 0 is no checksum, a sum of 0 is written 0xffff */
	struct rewrite_cover cover[3];
	uint16_t before;	/* of the covered bytes that may change */
	uint16_t value;		/* of the field before the change */
};

/* Content of a frame on its way to being overwritten: its checksums as they were. */
struct rewriting {
	uint8_t *frame;
	uint32_t captured;
	uint32_t start, end;	/* bytes that may change */
	uint32_t sums;
	struct rewrite_sum sum[2];
};

/*
 * Between rewrite_begin() and rewrite_end() the frame's checksums are not what they should be, and
 * its fields must be left alone.  However much is overwritten in between, it takes time in the
 * frame's length and the bytes that are written.
 */
void rewrite_begin(struct rewriting *w, uint8_t *frame, uint32_t captured,
		   const struct packet *p, const struct hv_ctx *ctx);
/*
 * Overwrite frame[start..start+len) with @bytes (@count > 0) repeated to that length; the
 * range is within captured bytes, else nothing is done.  A checksum in the range is not
 * overwritten but adjusted.
 */
void rewrite_bytes(struct rewriting *w, uint32_t start, uint32_t len, const uint8_t *bytes,
		   uint32_t count);
void rewrite_end(struct rewriting *w);

#endif
