/*
 * lower_regs.c - registers: what each holds along every path; loads, stores, calls
 */
#include "compiler/gen.h"

#include <string.h>

#define SCRATCH	6u	/* R0..R5 */

void gen_fail(struct gen *g, const char *text)
{
	if (!g->failed)
		diag_error(g->diags, g->loc, "%s", text);
	g->failed = true;
}

void gen_start(struct gen *g, enum hv_hook hook, struct asm_buf *code)
{
	unsigned r;

	g->hook = hook;
	g->code = code;
	g->labels.count = 0;
	g->now = (struct facts){ 0 };
	g->pinned = 0;
	g->slots = 0;
	asm_emit(code, OP_ALU64 | OP_MOV | OP_X, R6, R1, 0, 0);
	for (r = R7; r <= R9; r++) {
		if (!g->hot[r])
			continue;
		asm_emit(code, OP_LDX | OP_MEM | OP_DW, r, R6, (int16_t)g->hot[r], 0);
		g->now.holds[r] = g->hot[r];
	}
}

uint32_t gen_label(struct gen *g)
{
	*VEC_ADD(g->pool, &g->labels) = (struct label_facts){ .jumped = false };
	return asm_label(g->code);
}

/* Keep what both know. */
static void meet(struct facts *a, const struct facts *b)
{
	unsigned r;

	for (r = R0; r <= R9; r++)
		if (a->holds[r] != b->holds[r])
			a->holds[r] = LOC_NONE;
	a->present &= b->present;
	a->absent &= b->absent;
}

static void jumps_to(struct gen *g, uint32_t label)
{
	struct label_facts *l = &g->labels.at[label];

	if (!g->code->reachable)
		return;
	if (l->jumped)
		meet(&l->facts, &g->now);
	else
		l->facts = g->now;
	l->jumped = true;
}

void gen_place(struct gen *g, uint32_t label)
{
	struct label_facts *l = &g->labels.at[label];

	if (l->jumped) {
		if (g->code->reachable)
			meet(&g->now, &l->facts);
		else
			g->now = l->facts;
	}
	asm_place(g->code, label);
}

void gen_ja(struct gen *g, uint32_t label)
{
	jumps_to(g, label);
	asm_ja(g->code, label);
}

void gen_jump_imm(struct gen *g, uint8_t op, unsigned reg, int32_t imm, uint32_t label)
{
	jumps_to(g, label);
	asm_jump_imm(g->code, op, reg, imm, label);
}

void gen_jump_reg(struct gen *g, uint8_t op, unsigned dst, unsigned src, uint32_t label)
{
	jumps_to(g, label);
	asm_jump_reg(g->code, op, dst, src, label);
}

void gen_jump_const(struct gen *g, uint8_t op, unsigned reg, uint64_t value, uint32_t label)
{
	unsigned keep = g->pinned, r;

	if (value <= INT32_MAX) {
		gen_jump_imm(g, op, reg, (int32_t)value, label);
		return;
	}
	g->pinned |= 1u << reg;
	r = gen_reg(g);
	g->pinned = keep;
	gen_mov_imm(g, r, value);
	gen_jump_reg(g, op, reg, r, label);
}

unsigned gen_reg(struct gen *g)
{
	unsigned i, r;

	for (r = R0; r < SCRATCH; r++)
		if (!(g->pinned >> r & 1) && g->now.holds[r] == LOC_NONE)
			return r;
	for (i = 0; i < SCRATCH; i++) {
		r = g->victim;
		g->victim = (g->victim + 1) % SCRATCH;
		if (!(g->pinned >> r & 1)) {
			g->now.holds[r] = LOC_NONE;
			return r;
		}
	}
	gen_fail(g, "the expression needs more registers than there are");
	return R0;
}

static void load(struct gen *g, unsigned reg, uint16_t loc)
{
	const struct field_info *fi;

	if (loc & LOC_SLOT) {
		asm_emit(g->code, OP_LDX | OP_MEM | OP_DW, reg, R10,
			 (int16_t)(-8 * ((int)(loc & ~LOC_SLOT) + 1)), 0);
	} else if (loc & LOC_FLAG) {
		fi = &hv_field_table[loc & ~LOC_FLAG];
		gen_mov(g, reg, gen_load(g, fi->offset));
		if (fi->shift)
			gen_alu_imm(g, OP_RSH, reg, fi->shift);
		gen_alu_imm(g, OP_AND, reg, 1);
	} else {
		asm_emit(g->code, OP_LDX | OP_MEM | OP_DW, reg, R6, (int16_t)loc, 0);
	}
	g->now.holds[reg] = loc;
}

static int holder(const struct gen *g, uint16_t loc)
{
	unsigned r;

	for (r = R0; r <= R9; r++)
		if (g->now.holds[r] == loc)
			return (int)r;
	return -1;
}

unsigned gen_load(struct gen *g, uint16_t loc)
{
	unsigned keep = g->pinned, r;
	int held = holder(g, loc);

	if (held >= 0)
		return (unsigned)held;
	r = gen_reg(g);
	g->pinned |= 1u << r;	/* a flag's word is loaded beside it */
	load(g, r, loc);
	g->pinned = keep;
	return r;
}

void gen_load_into(struct gen *g, unsigned reg, struct operand o)
{
	if (o.is_const)
		gen_mov_imm(g, reg, o.value);
	else if (holder(g, o.loc) >= 0 || o.loc & LOC_FLAG)
		gen_mov(g, reg, gen_load(g, o.loc));
	else
		load(g, reg, o.loc);
}

unsigned gen_value(struct gen *g, struct operand o)
{
	unsigned r;

	if (!o.is_const)
		return gen_load(g, o.loc);
	r = gen_reg(g);
	gen_mov_imm(g, r, o.value);
	return r;
}

void gen_mov(struct gen *g, unsigned dst, unsigned src)
{
	if (dst != src)
		asm_emit(g->code, OP_ALU64 | OP_MOV | OP_X, dst, src, 0, 0);
	if (dst <= R9)
		g->now.holds[dst] = src <= R9 ? g->now.holds[src] : LOC_NONE;
}

void gen_mov_imm(struct gen *g, unsigned dst, uint64_t value)
{
	asm_const(g->code, dst, value);
	g->now.holds[dst] = LOC_NONE;
}

void gen_alu_imm(struct gen *g, uint8_t op, unsigned dst, int32_t imm)
{
	asm_emit(g->code, OP_ALU64 | op | OP_K, dst, 0, 0, imm);
	g->now.holds[dst] = LOC_NONE;
}

void gen_alu_reg(struct gen *g, uint8_t op, unsigned dst, unsigned src)
{
	asm_emit(g->code, OP_ALU64 | op | OP_X, dst, src, 0, 0);
	g->now.holds[dst] = LOC_NONE;
}

unsigned gen_slot(struct gen *g, unsigned count)
{
	if (count > GEN_SLOTS - g->slots) {
		gen_fail(g, "the expression needs more stack than there is");
		return count - 1;
	}
	g->slots += count;
	return g->slots - 1;
}

void gen_store(struct gen *g, unsigned slot, unsigned reg)
{
	uint16_t loc = (uint16_t)(LOC_SLOT | slot);
	unsigned r;

	asm_emit(g->code, OP_STX | OP_MEM | OP_DW, R10, reg, (int16_t)(-8 * ((int)slot + 1)), 0);
	for (r = R0; r <= R9; r++)
		if (g->now.holds[r] == loc)
			g->now.holds[r] = LOC_NONE;
	if (g->now.holds[reg] == LOC_NONE)
		g->now.holds[reg] = loc;
}

void gen_slot_address(struct gen *g, unsigned reg, unsigned slot)
{
	gen_mov(g, reg, R10);
	gen_alu_imm(g, OP_ADD, reg, -8 * ((int)slot + 1));
}

void gen_call(struct gen *g, uint32_t helper)
{
	unsigned r;

	asm_emit(g->code, OP_ALU64 | OP_MOV | OP_X, R1, R6, 0, 0);
	asm_call(g->code, helper);
	for (r = R0; r < SCRATCH; r++)
		g->now.holds[r] = LOC_NONE;
}

void gen_call_row(struct gen *g, uint32_t helper, uint32_t row)
{
	gen_mov_imm(g, R2, row);
	gen_call(g, helper);
}

uint16_t loc_of_field(enum hv_field field)
{
	const struct field_info *fi = &hv_field_table[field];

	return fi->is_flagbit ? (uint16_t)(LOC_FLAG | field) : fi->offset;
}

/*
 * The presence bit becomes the sign: three instructions for any bit, of the kinds that every
 * disassembler knows (llvm-objdump 14 has no JSET).
 */
void gen_need(struct gen *g, enum hv_field field, uint32_t absent)
{
	unsigned bit = hv_field_table[field].present, keep = g->pinned, word, r;
	uint64_t mask = (uint64_t)1 << bit, known = g->now.absent;

	if (g->now.present & mask)
		return;
	if (g->now.absent & mask) {
		gen_ja(g, absent);
		return;
	}
	word = gen_load(g, offsetof(struct hv_ctx, present));
	g->pinned |= word < SCRATCH ? 1u << word : 0;
	r = gen_reg(g);
	g->pinned = keep;
	gen_mov(g, r, word);
	if (bit < 63)
		gen_alu_imm(g, OP_LSH, r, (int32_t)(63 - bit));
	g->now.holds[r] = LOC_NONE;
	g->now.absent |= mask;
	gen_jump_imm(g, OP_JSGE, r, 0, absent);
	g->now.absent = known;
	g->now.present |= mask;
}
