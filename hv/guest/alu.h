/*
 * alu.h - the eight operations of the opcode map, TEST and shifts, with their flags
 */
#ifndef HV_GUEST_ALU_H
#define HV_GUEST_ALU_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/guest/insn.h"

/* All ones in the lowest @size (1, 2, 4, 8) bytes. */
static inline uint64_t alu_mask(unsigned size)
{
	return UINT64_MAX >> (64 - 8 * size);
}

/*
 * @a op @b in @size bytes; what is above them in @a and @b does not matter.  The six arithmetic
 * flags in *rflags become the result's; AF, which the manuals leave undefined after AND, OR, XOR
 * and TEST, is cleared by them.  CMP and TEST also return what they do not store.
 */
uint64_t alu(enum insn_op op, uint64_t a, uint64_t b, unsigned size, uint64_t *rflags);

/*
 * @a shifted by INSN_SHL, INSN_SHR or INSN_SAR in @size (4, 8) bytes, by @count as far as the processor looks at it (5 or 6
 * bits).  By 0 no flag changes; else AF is cleared, and OF is what it is after a shift by 1: both are undefined there.
 */
uint64_t alu_shift(enum insn_op op, uint64_t a, uint64_t count, unsigned size, uint64_t *rflags);

/* Does @condition, as opcodes have it, hold in @rflags?  SDM 1, appendix B: bit 0 negates. */
bool alu_holds(unsigned condition, uint64_t rflags);

#endif
