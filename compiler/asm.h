/*
 * asm.h - an instruction buffer: RFC 9669 instructions, labels, forward jumps
 *
 * All jumps go forward: a label is jumped to, then placed, once.  What is emitted where
 * control cannot come is not kept.  A jump that would be longer than its 16 bits allow goes
 * through an island, a `ja` on the way.
 */
#ifndef COMPILER_ASM_H
#define COMPILER_ASM_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/pool.h"
#include "compiler/vec.h"
#include "policy/program.h"

/* RFC 9669 section 3.1: classes; 4.1, 4.3: operations; 5: loads and stores. */
enum {
	OP_LD = 0, OP_LDX = 1, OP_STX = 3, OP_ALU32 = 4, OP_JMP = 5, OP_ALU64 = 7,
	OP_K = 0x00, OP_X = 0x08,
	OP_ADD = 0x00, OP_SUB = 0x10, OP_OR = 0x40, OP_AND = 0x50, OP_LSH = 0x60, OP_RSH = 0x70,
	OP_XOR = 0xa0, OP_MOV = 0xb0, OP_END = 0xd0,
	OP_JA = 0x00, OP_JEQ = 0x10, OP_JGT = 0x20, OP_JGE = 0x30, OP_JNE = 0x50, OP_JSGT = 0x60,
	OP_JSGE = 0x70, OP_CALL = 0x80, OP_EXIT = 0x90, OP_JLT = 0xa0, OP_JLE = 0xb0,
	OP_JSLT = 0xc0, OP_JSLE = 0xd0,
	OP_MEM = 0x60, OP_W = 0x00, OP_H = 0x08, OP_B = 0x10, OP_DW = 0x18,
};

enum { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10, REGISTERS };

#define ASM_REACH	32767u		/* instructions a jump can skip */
#define ASM_MAX_PENDING	8192u		/* labels jumped to and not placed, at one time */
#define ASM_UNPLACED	UINT32_MAX

struct asm_fixup {
	uint32_t insn;		/* the jump */
	uint32_t label;
	uint32_t next;		/* older fixup of the same label, 1-based; 0: none */
	bool done;
};

struct asm_label {
	uint32_t fixups;	/* the newest, 1-based; 0: none */
	uint32_t at;		/* instruction, ASM_UNPLACED */
};

struct asm_call {
	uint32_t insn;
	uint32_t helper;	/* number of helper.def */
};

struct asm_buf {
	struct pool *pool;
	VEC(struct bpf_insn) insns;
	VEC(struct asm_label) labels;
	VEC(struct asm_fixup) fixups;
	VEC(struct asm_call) calls;
	size_t oldest;		/* no fixup before this one waits */
	uint32_t pending;	/* labels with fixups */
	uint32_t reach;		/* ASM_REACH; tests take less */
	uint32_t last_label;	/* instruction at which a label was last placed */
	bool reachable;		/* control can come here */
	bool failed;		/* HVB_MAX_INSNS or ASM_MAX_PENDING: the code is incomplete */
};

void asm_init(struct asm_buf *a, struct pool *pool);
static inline uint32_t asm_here(const struct asm_buf *a)
{
	return (uint32_t)a->insns.count;
}

uint32_t asm_label(struct asm_buf *a);
/* The label stands here. */
void asm_place(struct asm_buf *a, uint32_t label);

void asm_emit(struct asm_buf *a, uint8_t opcode, unsigned dst, unsigned src, int16_t offset,
	      int32_t imm);
/* dst = value, in one instruction or two */
void asm_const(struct asm_buf *a, unsigned dst, uint64_t value);
void asm_call(struct asm_buf *a, uint32_t helper);
void asm_exit(struct asm_buf *a);
void asm_ja(struct asm_buf *a, uint32_t label);
/* if dst OP imm goto label; @imm is sign-extended to 64 bits */
void asm_jump_imm(struct asm_buf *a, uint8_t op, unsigned dst, int32_t imm, uint32_t label);
void asm_jump_reg(struct asm_buf *a, uint8_t op, unsigned dst, unsigned src, uint32_t label);

#endif
