/*
 * decoded.h - instructions that were decoded before, found by where they are and by all their bytes
 */
#ifndef HV_GUEST_DECODED_H
#define HV_GUEST_DECODED_H

#include "hv/guest/insn.h"

/* By insn_decode() in that mode, or by insn_decode_plain(). */
enum decoded_by { DECODED_16 = INSN_16, DECODED_32 = INSN_32, DECODED_64 = INSN_64, DECODED_PLAIN };

/*
 * What @by says of the instruction at @rip that begins with the @count bytes at @bytes, of which it sees the first
 * INSN_BYTES_MAX.  **insn is good until the next call.  Needs the guest lock.
 */
int decoded(enum decoded_by by, uint64_t rip, const uint8_t *bytes, unsigned count, const struct insn **insn);

#endif
