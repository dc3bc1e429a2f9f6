/*
 * strings.c - STOS and MOVS with REP
 */
#include "hv/guest/operand.h"
#include "hv/guest/registers.h"
#include "hv/guest/strings.h"
#include "hv/guest/walk.h"

/* One element: both addresses are checked, then it is moved. */
static int move(const struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn,
		struct guest_fault *fault)
{
	uint64_t value = cpu->gpr[RAX];
	struct operand from = { 0 }, to;
	int status;

	if (insn->op == INSN_MOVS) {
		status = operand_map(cpu, bus, insn->segment,
				     reg_read(cpu, RSI, insn->address_size), insn->size, 0,
				     &from, fault);
		if (status)
			return status;
	}
	status = operand_map(cpu, bus, SEG_ES, reg_read(cpu, RDI, insn->address_size),
			     insn->size, WALK_WRITE, &to, fault);
	if (status)
		return status;
	if (!operand_on_device(&to) && !operand_on_device(&from))
		return GUEST_AGAIN;
	if (insn->op == INSN_MOVS)
		value = operand_read(bus, &from);
	operand_write(bus, &to, value);
	return GUEST_OK;
}

static void advance(struct guest_cpu *cpu, const struct insn *insn, enum gpr reg)
{
	uint64_t step = cpu->rflags & RFLAGS_DF ? -(uint64_t)insn->size : insn->size;

	reg_write(cpu, reg, insn->address_size, cpu->gpr[reg] + step);
}

int guest_string(struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn,
		 unsigned batch, bool *finished, struct guest_fault *fault)
{
	unsigned size = insn->address_size;

	*finished = false;
	/* REP of nothing touches nothing */
	if (insn->rep && !reg_read(cpu, RCX, size))
		return GUEST_AGAIN;
	for (unsigned done = 0; done < batch && !*finished; done++) {
		int status = move(cpu, bus, insn, fault);

		if (status == GUEST_AGAIN && done)
			return GUEST_OK;
		if (status)
			return status;
		if (insn->op == INSN_MOVS)
			advance(cpu, insn, RSI);
		advance(cpu, insn, RDI);
		if (insn->rep)
			reg_write(cpu, RCX, size, cpu->gpr[RCX] - 1);
		*finished = !insn->rep || !reg_read(cpu, RCX, size);
	}
	return GUEST_OK;
}
