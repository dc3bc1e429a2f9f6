/*
 * emulate.c - carry out the guest's next instruction, which touches a device page
 */
#include "hv/guest/emulate.h"
#include "hv/guest/operand.h"
#include "hv/guest/registers.h"
#include "hv/guest/segment.h"
#include "hv/guest/strings.h"
#include "hv/guest/walk.h"

/* The offset in its segment. */
static uint64_t effective_address(const struct guest_cpu *cpu, const struct insn *insn)
{
	uint64_t address = insn->displacement;

	if (insn->base == INSN_RIP)
		address += cpu->rip + insn->length;
	else if (insn->base != INSN_NO_REG)
		address += cpu->gpr[insn->base];
	if (insn->index != INSN_NO_REG)
		address += cpu->gpr[insn->index] << insn->scale;
	return address & alu_mask(insn->address_size);
}

/* The register or immediate operand, @size bytes of it. */
static uint64_t source(const struct guest_cpu *cpu, const struct insn *insn, unsigned size)
{
	if (insn->form == INSN_MEM_IMM)
		return insn->immediate & alu_mask(size);
	if (insn->form == INSN_MEM_SEG)
		return cpu->seg[insn->reg].selector;
	return cpu->gpr[insn->reg] >> (insn->high_byte ? 8 : 0) & alu_mask(size);
}

static void set_register(struct guest_cpu *cpu, const struct insn *insn, uint64_t value)
{
	uint64_t *gpr = &cpu->gpr[insn->reg];

	if (insn->high_byte)
		*gpr = (*gpr & ~UINT64_C(0xff00)) | (value & 0xff) << 8;
	else
		reg_write(cpu, insn->reg, insn->reg_size, value);
}

static uint64_t swap_bytes(uint64_t value, unsigned size)
{
	return __builtin_bswap64(value) >> (64 - 8 * size);
}

static uint64_t extend(uint64_t value, const struct insn *insn)
{
	uint64_t sign = UINT64_C(1) << (8 * insn->size - 1);

	return insn->sign_extend ? (value ^ sign) - sign : value;
}

static bool is_move(const struct insn *insn)
{
	return insn->op == INSN_MOV || insn->op == INSN_MOVBE;
}

/* Is the memory operand written? */
static bool stores(const struct insn *insn)
{
	return insn->form != INSN_REG_MEM && insn->op != INSN_CMP && insn->op != INSN_TEST;
}

static void move(struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn,
		 const struct operand *memory)
{
	uint64_t value = stores(insn) ? source(cpu, insn, insn->size) : operand_read(bus, memory);

	if (insn->op == INSN_MOVBE)
		value = swap_bytes(value, insn->size);
	if (stores(insn))
		operand_write(bus, memory, value);
	else
		set_register(cpu, insn, extend(value, insn));
}

/* The memory operand was judged for writing where it is written, so that nothing fails half-way. */
static void calculate(struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn,
		      const struct operand *memory)
{
	uint64_t in_memory = operand_read(bus, memory), other = source(cpu, insn, insn->size);
	bool to_register = insn->form == INSN_REG_MEM;
	uint64_t result = alu(insn->op, to_register ? other : in_memory,
			      to_register ? in_memory : other, insn->size, &cpu->rflags);

	if (stores(insn))
		operand_write(bus, memory, result);
	else if (to_register && insn->op != INSN_CMP)
		set_register(cpu, insn, result);
}

static int single(struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn,
		  struct guest_fault *fault)
{
	struct operand memory;
	int status;

	status = operand_map(cpu, bus, insn->segment, effective_address(cpu, insn), insn->size,
			     stores(insn) ? WALK_WRITE : 0, &memory, fault);
	if (status)
		return status;
	if (!operand_on_device(&memory))
		return GUEST_AGAIN;
	if (is_move(insn))
		move(cpu, bus, insn, &memory);
	else
		calculate(cpu, bus, insn, &memory);
	return GUEST_OK;
}

int guest_emulate(struct guest_cpu *cpu, const struct guest_bus *bus, struct emulation *e)
{
	bool finished = true;
	struct insn insn;
	int status;

	e->trace = cpu->rflags & RFLAGS_TF;
	e->unfinished = false;
	status = guest_fetch(cpu, bus, &e->fetch, &insn, &e->fault);
	if (status)
		return status;
	if (!insn.memory)
		return GUEST_AGAIN;
	if (insn.form == INSN_STRING)	/* two operands, and they move on */
		cpu->found = false;
	if (insn.form == INSN_STRING)
		status = guest_string(cpu, bus, &insn, e->trace ? 1 : EMULATE_BATCH, &finished,
				      &e->fault);
	else
		status = single(cpu, bus, &insn, &e->fault);
	if (status)
		return status;
	e->unfinished = !finished;
	if (finished) {
		cpu->rip = guest_linear_add(cpu, cpu->rip, insn.length);
		cpu->rflags &= ~RFLAGS_RF;
	} else {
		/* a breakpoint on it was met already */
		cpu->rflags |= RFLAGS_RF;
	}
	return GUEST_OK;
}
