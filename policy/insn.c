/*
 * insn.c - the table of instructions, and which one eight bytes are
 */
#include "policy/insn.h"

#include <stdbool.h>

_Static_assert(sizeof(struct bpf_insn) == 8, "RFC 9669 section 3");

enum { F_Z = OPERAND_Z, F_N = OPERAND_N, F_J = OPERAND_J, F_W = OPERAND_W, F_B = OPERAND_B, F_R = OPERAND_R,
       F_P = OPERAND_P, F_F = OPERAND_F, F_1 = 1, F_8 = 8, F_16 = 16, F_32 = 32, F_64 = 64 };

const struct bpf_op_info bpf_op_table[BPF_OPS] = {
#define BPF_OP(id, op, kd, d, s, o, i, tx) [BPF_##id] = { \
	.opcode = op, .kind = KIND_##kd, .dst = F_##d, .src = F_##s, .off = F_##o, .imm = F_##i, \
	.text = tx },
#define BPF_ALT BPF_OP
#include "policy/opcode.def"
#undef BPF_OP
#undef BPF_ALT
};

static const uint8_t first_of_opcode[256] = {
#define BPF_OP(id, op, kd, d, s, o, i, tx) [op] = BPF_##id,
#define BPF_ALT(id, op, kd, d, s, o, i, tx)
#include "policy/opcode.def"
#undef BPF_OP
#undef BPF_ALT
};

static bool number_fits(unsigned field, int32_t n)
{
	return field == OPERAND_N || field == OPERAND_J || (int32_t)field == n;
}

static bool source_fits(unsigned field, unsigned src)
{
	if (field == OPERAND_R)
		return src < BPF_REGS;
	if (field == OPERAND_P)
		return src <= BPF_SRC_DATA;
	if (field == OPERAND_F)
		return src <= BPF_SRC_LOCAL;
	return src == 0;
}

static bool destination_fits(unsigned field, unsigned dst)
{
	if (field == OPERAND_W)
		return dst < BPF_FP;
	if (field == OPERAND_B)
		return dst < BPF_REGS;
	return dst == 0;
}

/* Why @i is not the instruction @op of the same opcode; NULL when it is. */
static const char *misfit(const struct bpf_op_info *op, const struct bpf_insn *i)
{
	if (!destination_fits(op->dst, bpf_dst(i)))
		return op->dst == OPERAND_W && bpf_dst(i) == BPF_FP ? "r10 is read-only"
								  : "bad destination register";
	if (!source_fits(op->src, bpf_src(i)))
		return "bad source register";
	if (!number_fits(op->off, i->offset))
		return "bad offset";
	if (!number_fits(op->imm, i->imm))
		return "bad immediate";
	return NULL;
}

enum bpf_op bpf_decode(const struct bpf_insn *i, const char **why)
{
	unsigned op = first_of_opcode[i->opcode];

	if (op == BPF_OP_BAD) {
		*why = "unknown opcode";
		return BPF_OP_BAD;
	}
	*why = misfit(&bpf_op_table[op], i);
	if (*why == NULL)
		return (enum bpf_op)op;
	for (op = BPF_FIRST_ALT; op < BPF_OPS; op++)
		if (bpf_op_table[op].opcode == i->opcode && misfit(&bpf_op_table[op], i) == NULL)
			return (enum bpf_op)op;
	return BPF_OP_BAD;
}

unsigned bpf_access_size(enum bpf_op op)
{
	/* RFC 9669 section 5: bits 3 and 4 of the opcode */
	static const uint8_t size[4] = { 4, 2, 1, 8 };

	return size[bpf_op_table[op].opcode >> 3 & 3];
}
