/*
 * rewrite.h - change a frame in place and make its checksums right
 */
#ifndef POLICY_REWRITE_H
#define POLICY_REWRITE_H

#include <stdint.h>

#include "policy/context.h"
#include "policy/field.h"
#include "policy/packet.h"

/* RFC 1071 sum of @len bytes, folded to 16 bits, not complemented. */
uint16_t checksum(const uint8_t *bytes, uint32_t len);

enum { REWRITE_OK = 0, REWRITE_ABSENT = -1, REWRITE_FAMILY = -2 };

/*
 * Write @hi:@lo into @field of @frame (family 4 or 6 for addresses, else 0).  Checksums
 * are adjusted incrementally (RFC 1624); none where UDP has none.  Returns REWRITE_OK,
 * REWRITE_ABSENT when the frame lacks the field (nothing is done), REWRITE_FAMILY when an
 * address is of the other family.
 */
int rewrite_field(uint8_t *frame, uint32_t captured, const struct packet *p,
		  const struct hv_ctx *ctx, enum hv_field field, unsigned family,
		  uint64_t hi, uint64_t lo);

/*
 * Overwrite frame[start..start+len) with @bytes repeated to that length; the range is
 * within captured bytes.  Adjusts the IP, TCP, UDP, ICMP checksums that cover it.
 */
void rewrite_bytes(uint8_t *frame, uint32_t captured, const struct packet *p,
		   const struct hv_ctx *ctx, uint32_t start, uint32_t len,
		   const uint8_t *bytes, uint32_t count);

#endif
