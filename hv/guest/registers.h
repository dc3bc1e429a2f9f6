/*
 * registers.h - parts of general registers, as instructions read and write them
 */
#ifndef HV_GUEST_REGISTERS_H
#define HV_GUEST_REGISTERS_H

#include "hv/guest/alu.h"
#include "hv/guest/gstate.h"

/* The low @size bytes of @reg. */
static inline uint64_t reg_read(const struct guest_cpu *cpu, unsigned reg, unsigned size)
{
	return cpu->gpr[reg] & alu_mask(size);
}

/* 4 bytes clear the upper half, 1 and 2 leave what is above (SDM 1 3.4.1.1). */
static inline void reg_write(struct guest_cpu *cpu, unsigned reg, unsigned size, uint64_t value)
{
	uint64_t keep = size < 4 ? ~alu_mask(size) : 0;

	cpu->gpr[reg] = (cpu->gpr[reg] & keep) | (value & alu_mask(size));
}

/* The memory operand's offset, before it is cut to the address size; the instruction stands at @rip. */
static inline uint64_t insn_address(const struct insn *insn, const uint64_t gpr[GPRS], uint64_t rip)
{
	uint64_t address = insn->displacement;

	if (insn->base == INSN_RIP)
		address += rip + insn->length;
	else if (insn->base != INSN_NO_REG)
		address += gpr[insn->base];
	if (insn->index != INSN_NO_REG)
		address += gpr[insn->index] << insn->scale;
	return address;
}

#endif
