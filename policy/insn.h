/*
 * insn.h - the instruction set (opcode.def) as C sees it
 */
#ifndef POLICY_INSN_H
#define POLICY_INSN_H

#include <stdint.h>

#include "policy/program.h"

#define BPF_REGS	11u	/* r0..r10 */
#define BPF_FP		10u	/* end of the frame, read-only */
#define BPF_STACK_SIZE	512u	/* bytes, of all frames together */

enum bpf_op {
	BPF_OP_BAD = 0,
#define BPF_OP(id, opcode, kind, dst, src, off, imm, text) BPF_##id,
#define BPF_ALT(id, opcode, kind, dst, src, off, imm, text)
#include "policy/opcode.def"
#undef BPF_OP
#undef BPF_ALT
	BPF_FIRST_ALT,
	BPF_BEFORE_ALT = BPF_FIRST_ALT - 1,
#define BPF_OP(id, opcode, kind, dst, src, off, imm, text)
#define BPF_ALT(id, opcode, kind, dst, src, off, imm, text) BPF_##id,
#include "policy/opcode.def"
#undef BPF_OP
#undef BPF_ALT
	BPF_OPS,
};

enum bpf_kind {
	KIND_ALU64, KIND_ALU32, KIND_LOAD, KIND_STORE, KIND_JUMP64, KIND_JUMP32,
	KIND_JA, KIND_CALL, KIND_EXIT, KIND_LDDW,
};

/* What a field of an instruction may hold; see opcode.def.  Numbers stand for themselves. */
enum bpf_operand { OPERAND_Z = 0, OPERAND_N = 100, OPERAND_J, OPERAND_W, OPERAND_B, OPERAND_R, OPERAND_P, OPERAND_F };

struct bpf_op_info {
	uint8_t opcode;
	uint8_t kind;			/* enum bpf_kind */
	uint8_t dst, src, off, imm;	/* enum bpf_operand or the number itself */
	char text[38];
};

extern const struct bpf_op_info bpf_op_table[BPF_OPS];

/*
 * Which instruction @i is, all its fields checked (jump distances and the second half of
 * lddw are the caller's), or BPF_OP_BAD and *@why, a text.
 */
enum bpf_op bpf_decode(const struct bpf_insn *i, const char **why);

static inline unsigned bpf_dst(const struct bpf_insn *i)
{
	return i->regs & 15u;
}

static inline unsigned bpf_src(const struct bpf_insn *i)
{
	return i->regs >> 4;
}

/* Distance of a jump, counted from the next instruction. */
static inline int64_t bpf_distance(enum bpf_op op, const struct bpf_insn *i)
{
	return op == BPF_JA32 ? i->imm : i->offset;
}

/* The second operand is a register (else the immediate). */
static inline int bpf_uses_reg(enum bpf_op op)
{
	return bpf_op_table[op].src == OPERAND_R;
}

/* Bytes of a load or store. */
unsigned bpf_access_size(enum bpf_op op);

#endif
