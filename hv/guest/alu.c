/*
 * alu.c - the eight operations of the opcode map, TEST and shifts, with their flags
 */
#include "hv/guest/alu.h"
#include "hv/guest/gstate.h"

#define ARITHMETIC	(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

/* CF, AF and OF from the carries out of each bit; of a difference these are the borrows. */
static uint64_t carry_flags(uint64_t carries, uint64_t overflow, unsigned top)
{
	return (carries >> top & 1 ? RFLAGS_CF : 0) | (carries >> 3 & 1 ? RFLAGS_AF : 0) |
	       (overflow >> top & 1 ? RFLAGS_OF : 0);
}

static uint64_t result_flags(uint64_t result, unsigned top)
{
	return (result ? 0 : RFLAGS_ZF) | (result >> top & 1 ? RFLAGS_SF : 0) |
	       (__builtin_parity((unsigned)result & 0xff) ? 0 : RFLAGS_PF);
}

uint64_t alu(enum insn_op op, uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
	unsigned top = 8 * size - 1;
	uint64_t carry = op == INSN_ADC || op == INSN_SBB ? *rflags & RFLAGS_CF : 0;
	uint64_t result, flags = 0;

	switch (op) {
	case INSN_ADD: case INSN_ADC:
		result = a + b + carry;
		flags = carry_flags((a & b) | ((a | b) & ~result), (a ^ result) & (b ^ result),
				    top);
		break;
	case INSN_SUB: case INSN_SBB: case INSN_CMP:
		result = a - b - carry;
		flags = carry_flags((~a & b) | (~(a ^ b) & result), (a ^ b) & (a ^ result), top);
		break;
	case INSN_OR:
		result = a | b;
		break;
	case INSN_XOR:
		result = a ^ b;
		break;
	default:
		result = a & b;		/* AND, TEST */
	}
	result &= alu_mask(size);
	*rflags = (*rflags & ~ARITHMETIC) | flags | result_flags(result, top);
	return result;
}

uint64_t alu_shift(enum insn_op op, uint64_t a, uint64_t count, unsigned size, uint64_t *rflags)
{
	unsigned top = 8 * size - 1;
	uint64_t result, carry, overflow;

	a &= alu_mask(size);
	count &= top;
	if (count == 0)
		return a;
	if (op == INSN_SHL) {
		result = a << count;
		carry = a >> (top + 1 - count);
		overflow = result >> top ^ carry;
	} else if (op == INSN_SHR) {
		result = a >> count;
		carry = a >> (count - 1);
		overflow = a >> top;
	} else {
		int64_t value = (int64_t)(a << (63 - top)) >> (63 - top);

		result = (uint64_t)(value >> count);
		carry = (uint64_t)(value >> (count - 1));
		overflow = 0;
	}
	result &= alu_mask(size);
	*rflags = (*rflags & ~ARITHMETIC) | (carry & 1 ? RFLAGS_CF : 0) | (overflow & 1 ? RFLAGS_OF : 0) |
		  result_flags(result, top);
	return result;
}

bool alu_holds(unsigned condition, uint64_t rflags)
{
	bool less = !(rflags & RFLAGS_SF) != !(rflags & RFLAGS_OF), is;

	switch (condition >> 1) {
	case 0:
		is = rflags & RFLAGS_OF;
		break;
	case 1:
		is = rflags & RFLAGS_CF;
		break;
	case 2:
		is = rflags & RFLAGS_ZF;
		break;
	case 3:
		is = rflags & (RFLAGS_CF | RFLAGS_ZF);
		break;
	case 4:
		is = rflags & RFLAGS_SF;
		break;
	case 5:
		is = rflags & RFLAGS_PF;
		break;
	case 6:
		is = less;
		break;
	default:
		is = less || rflags & RFLAGS_ZF;
	}
	return is != (condition & 1);
}
