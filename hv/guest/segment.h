/*
 * segment.h - segment and offset to linear address, with the checks that come before paging
 */
#ifndef HV_GUEST_SEGMENT_H
#define HV_GUEST_SEGMENT_H

#include "hv/guest/gstate.h"

/*
 * The linear address of @size (1 to 8) bytes at @offset of @seg, for @access (WALK_ bits).  @offset
 * is already cut to the address size.  GUEST_FAULT: #SS for the stack segment, else #GP; #AC.
 */
int guest_linear(const struct guest_cpu *cpu, enum seg seg, uint64_t offset, unsigned size,
		 unsigned access, uint64_t *linear, struct guest_fault *fault);

/* @linear plus @bytes, as addresses of this mode wrap. */
uint64_t guest_linear_add(const struct guest_cpu *cpu, uint64_t linear, uint64_t bytes);

#endif
