/*
 * decoded.h - instructions of 64-bit code that were decoded before, found by where they are and by all their bytes
 */
#ifndef HV_GUEST_DECODED_H
#define HV_GUEST_DECODED_H

#include "hv/guest/insn.h"

/* By insn_decode() for INSN_64, or by insn_decode_plain(). */
enum decoded_by { DECODED_ANY, DECODED_PLAIN };

/*
 * What @by says of the instruction at @rip that begins with the @count bytes at @bytes, of which it sees the first
 * INSN_BYTES_MAX.  **insn is good until the next call.  Needs the guest lock.
 */
int decoded(enum decoded_by by, uint64_t rip, const uint8_t *bytes, unsigned count, const struct insn **insn);

#endif
