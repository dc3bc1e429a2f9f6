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
	return insn_address(insn, cpu->gpr, cpu->rip) & alu_mask(insn->address_size);
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

static uint64_t rm_read(const struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn,
			const struct operand *memory)
{
	if (insn->memory)
		return operand_read(bus, memory);
	return cpu->gpr[insn->rm] >> (insn->rm_high_byte ? 8 : 0) & alu_mask(insn->size);
}

static void rm_write(struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn,
		     const struct operand *memory, uint64_t value)
{
	uint64_t *gpr = &cpu->gpr[insn->rm];

	if (insn->memory)
		operand_write(bus, memory, value);
	else if (insn->rm_high_byte)
		*gpr = (*gpr & ~UINT64_C(0xff00)) | (value & 0xff) << 8;
	else
		reg_write(cpu, insn->rm, insn->size, value);
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

/* Is the memory operand, or the register in its place, written? */
static bool stores(const struct insn *insn)
{
	return insn->form != INSN_REG_MEM && insn->op != INSN_CMP && insn->op != INSN_TEST;
}

static void move(struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn,
		 const struct operand *memory)
{
	uint64_t value = stores(insn) ? source(cpu, insn, insn->size) : rm_read(cpu, bus, insn, memory);

	if (insn->op == INSN_MOVBE)
		value = swap_bytes(value, insn->size);
	if (stores(insn))
		rm_write(cpu, bus, insn, memory, value);
	else
		set_register(cpu, insn, extend(value, insn));
}

static bool is_shift(const struct insn *insn)
{
	return insn->op >= INSN_SHL;
}

/* The memory operand was judged for writing where it is written, so that nothing fails half-way. */
static void calculate(struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn,
		      const struct operand *memory)
{
	uint64_t in_memory = rm_read(cpu, bus, insn, memory), other = source(cpu, insn, insn->size);
	bool to_register = insn->form == INSN_REG_MEM;
	uint64_t result = alu(insn->op, to_register ? other : in_memory,
			      to_register ? in_memory : other, insn->size, &cpu->rflags);

	if (stores(insn))
		rm_write(cpu, bus, insn, memory, result);
	else if (to_register && insn->op != INSN_CMP)
		set_register(cpu, insn, result);
}

/* RAM may have been written: what was fetched behind the instruction may be no more. */
static void forget_code(struct emulation *e)
{
	e->fetch.in_page = false;
}

static int single(struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn,
		  struct emulation *e)
{
	struct operand memory;
	int status;

	status = operand_map(cpu, bus, insn->segment, effective_address(cpu, insn), insn->size,
			     stores(insn) ? WALK_WRITE : 0, &memory, &e->fault);
	if (status)
		return status;
	if (!operand_on_device(&memory))
		return GUEST_AGAIN;
	if (is_move(insn))
		move(cpu, bus, insn, &memory);
	else
		calculate(cpu, bus, insn, &memory);
	e->linear = memory.linear;
	if (memory.part[1].size)
		forget_code(e);
	return GUEST_OK;
}

int guest_emulate(struct guest_cpu *cpu, const struct guest_bus *bus, struct emulation *e)
{
	struct insn *insn = &e->insn;
	bool finished = true;
	int status;

	e->trace = cpu->rflags & RFLAGS_TF;
	e->unfinished = false;
	status = guest_fetch(cpu, bus, &e->fetch, insn, &e->fault);
	if (status)
		return status;
	if (!insn->memory)
		return GUEST_AGAIN;
	if (insn->form == INSN_STRING) {	/* two operands, and they move on */
		cpu->found = false;
		forget_code(e);
	}
	if (insn->form == INSN_STRING)
		status = guest_string(cpu, bus, insn, e->trace ? 1 : EMULATE_BATCH, &finished,
				      &e->fault);
	else
		status = single(cpu, bus, insn, e);
	if (status)
		return status;
	e->unfinished = !finished;
	if (finished) {
		cpu->rip = guest_linear_add(cpu, cpu->rip, insn->length);
		cpu->rflags &= ~RFLAGS_RF;
	} else {
		/* a breakpoint on it was met already */
		cpu->rflags |= RFLAGS_RF;
	}
	return GUEST_OK;
}

/* ---- of clusters ---- */

/* Of one naturally aligned piece: one access, as the processor's. */
static bool is_whole(const struct operand *operand)
{
	return !operand->part[1].size && !(operand->part[0].gpa.a & (operand->part[0].size - 1));
}

static bool push(struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn, struct plain_done *done)
{
	struct guest_fault fault;
	struct operand stack;
	uint64_t to = cpu->gpr[RSP] - 8;

	if (operand_map(cpu, bus, SEG_SS, to, 8, WALK_WRITE, &stack, &fault) || !is_whole(&stack) ||
	    operand_on_device(&stack))
		return false;
	operand_write(bus, &stack, cpu->gpr[insn->reg]);
	cpu->gpr[RSP] = to;
	done->wrote = true;
	done->gpa = stack.part[0].gpa;
	done->linear = stack.linear;
	done->store = true;
	return true;
}

static bool pop(struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn)
{
	struct guest_fault fault;
	struct operand stack;

	if (operand_map(cpu, bus, SEG_SS, cpu->gpr[RSP], 8, 0, &stack, &fault) || !is_whole(&stack) ||
	    operand_on_device(&stack))
		return false;
	cpu->gpr[RSP] += 8;
	cpu->gpr[insn->reg] = operand_read(bus, &stack);	/* also when it is RSP */
	return true;
}

/* A target that cannot be is the branch's own fault. */
static bool branch(const struct guest_cpu *cpu, const struct insn *insn, uint64_t *next)
{
	struct guest_fault fault;
	uint64_t linear;

	if (insn->op == INSN_JCC && !alu_holds(insn->condition, cpu->rflags))
		return true;
	*next += insn->immediate;
	return guest_linear(cpu, SEG_CS, *next, 1, WALK_FETCH, &linear, &fault) == GUEST_OK;
}

static bool operate(struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn,
		    struct plain_done *done)
{
	struct guest_fault fault;
	struct operand memory = { 0 };

	if (insn->memory) {
		if (operand_map(cpu, bus, insn->segment, effective_address(cpu, insn), insn->size,
				stores(insn) ? WALK_WRITE : 0, &memory, &fault) || !is_whole(&memory))
			return false;
		done->device = operand_on_device(&memory);
		done->wrote = stores(insn) && !done->device;
		done->gpa = memory.part[0].gpa;
		done->linear = memory.linear;
		done->store = stores(insn);
	}
	if (is_move(insn))
		move(cpu, bus, insn, &memory);
	else if (is_shift(insn))
		reg_write(cpu, insn->rm, insn->size,
			  alu_shift(insn->op, cpu->gpr[insn->rm], source(cpu, insn, insn->size), insn->size, &cpu->rflags));
	else
		calculate(cpu, bus, insn, &memory);
	return true;
}

bool guest_plain(struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn, struct plain_done *done)
{
	uint64_t next = cpu->rip + insn->length;
	bool ok = true;

	*done = (struct plain_done){ .device = false };
	switch (insn->op) {
	case INSN_NOP:
		break;
	case INSN_LEA:
		reg_write(cpu, insn->reg, insn->reg_size, effective_address(cpu, insn));
		break;
	case INSN_PUSH:
		ok = push(cpu, bus, insn, done);
		break;
	case INSN_POP:
		ok = pop(cpu, bus, insn);
		break;
	case INSN_JMP: case INSN_JCC:
		ok = branch(cpu, insn, &next);
		break;
	default:
		ok = operate(cpu, bus, insn, done);
	}
	if (ok)
		cpu->rip = next;
	return ok;
}
