/*
 * interp.c - run a verified program
 *
 * Nothing is checked here: the verifier has proven that every register that is read was
 * written, every address is inside its object, every helper gets what it wants, and that
 * jumps go forward only.  Arithmetic is RFC 9669 section 4.1: it wraps, division by zero
 * gives 0, modulo by zero leaves the destination, shift counts are masked.
 */
#include "policy/code.h"
#include "policy/verify.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "BPF of this host's byte order");

/* Where a local call returns to, and what it must not change (RFC 9669 section 2). */
struct frame {
	const struct code *code;
	uint64_t saved[5];		/* r6..r10 */
};

static uint64_t divide(uint64_t a, uint64_t b)
{
	return b ? a / b : 0;
}

static uint64_t modulo(uint64_t a, uint64_t b)
{
	return b ? a % b : a;
}

/* INT64_MIN / -1 is INT64_MIN, its remainder 0. */
static uint64_t divide_signed(int64_t a, int64_t b)
{
	if (b == -1)
		return 0 - (uint64_t)a;
	return b ? (uint64_t)(a / b) : 0;
}

static uint64_t modulo_signed(int64_t a, int64_t b)
{
	if (b == -1)
		return 0;
	return b ? (uint64_t)(a % b) : (uint64_t)a;
}

#define DST	reg[pc->dst]
#define SRC	reg[pc->src]

#define NEXT	do { pc++; goto *label[pc->op]; } while (0)

/* One operation in its four forms; a and b are unsigned of its width. */
#define ALU(id, expression64, expression32) \
	do_##id##64_IMM: { uint64_t a = DST, b = pc->imm; DST = (expression64); } NEXT; \
	do_##id##64_REG: { uint64_t a = DST, b = SRC; DST = (expression64); } NEXT; \
	do_##id##32_IMM: { \
		uint32_t a = (uint32_t)DST, b = (uint32_t)pc->imm; DST = (uint32_t)(expression32); \
	} NEXT; \
	do_##id##32_REG: { \
		uint32_t a = (uint32_t)DST, b = (uint32_t)SRC; DST = (uint32_t)(expression32); \
	} NEXT

#define JUMP(id, type64, type32, condition) \
	do_##id##64_IMM: { type64 a = (type64)DST, b = (type64)pc->imm; \
		if (condition) pc += pc->jump; } NEXT; \
	do_##id##64_REG: { type64 a = (type64)DST, b = (type64)SRC; \
		if (condition) pc += pc->jump; } NEXT; \
	do_##id##32_IMM: { type32 a = (type32)DST, b = (type32)pc->imm; \
		if (condition) pc += pc->jump; } NEXT; \
	do_##id##32_REG: { type32 a = (type32)DST, b = (type32)SRC; \
		if (condition) pc += pc->jump; } NEXT

#define LOAD(id, type) \
	do_##id: { type t; memcpy(&t, (const char *)(uintptr_t)SRC + pc->off, sizeof(t)); \
		DST = (uint64_t)(int64_t)t; } NEXT

#define STORE(size, type) \
	do_STX##size: { type t = (type)SRC; \
		memcpy((char *)(uintptr_t)DST + pc->off, &t, sizeof(t)); } NEXT; \
	do_ST##size: { type t = (type)pc->imm; \
		memcpy((char *)(uintptr_t)DST + pc->off, &t, sizeof(t)); } NEXT

/* What a function lends without having written it is 0: no number of an earlier call, no pointer. */
static void clear_frame(uint64_t fp, uint64_t bytes)
{
	if (bytes)
		memset((uint8_t *)(uintptr_t)fp - bytes, 0, bytes);
}

/* From @pc on, in a frame of which @clear bytes are cleared, with r0 as given; r6 is the context,
 * which only a program that was resumed reads before it writes it. */
static uint64_t run(const struct code *pc, uint32_t clear, uint64_t r0, struct judge *j,
		    const struct hv_ctx *ctx)
{
	static const void *const label[CODE_OPS] = {
#define BPF_OP(id, opcode, kind, dst, src, off, imm, text) [BPF_##id] = &&do_##id,
#define BPF_ALT BPF_OP
#include "policy/opcode.def"
#undef BPF_OP
#undef BPF_ALT
		[CODE_CALL_LOCAL] = &&do_CALL_LOCAL, [CODE_LEAVE] = &&do_LEAVE,
		[CODE_CLASS] = &&do_CLASS, [CODE_MOV_JGE] = &&do_MOV_JGE,
		[CODE_RETURN] = &&do_RETURN,
	};
	uint64_t reg[BPF_REGS] = { 0 };
	_Alignas(VERIFY_FRAME_ALIGN) uint8_t stack[BPF_STACK_SIZE];
	struct frame frames[VERIFY_MAX_FRAMES], *frame = frames;

	reg[0] = r0;
	reg[1] = reg[6] = (uintptr_t)ctx;
	reg[BPF_FP] = (uintptr_t)(stack + sizeof(stack));
	clear_frame(reg[BPF_FP], clear);
	goto *label[pc->op];

	ALU(ADD, a + b, a + b);
	ALU(SUB, a - b, a - b);
	ALU(MUL, a * b, a * b);
	ALU(DIV, divide(a, b), divide(a, b));
	ALU(OR, a | b, a | b);
	ALU(AND, a & b, a & b);
	ALU(LSH, a << (b & 63), a << (b & 31));
	ALU(RSH, a >> (b & 63), a >> (b & 31));
	ALU(MOD, modulo(a, b), modulo(a, b));
	ALU(XOR, a ^ b, a ^ b);
	ALU(ARSH, (uint64_t)((int64_t)a >> (b & 63)), (int32_t)a >> (b & 31));
	ALU(SDIV, divide_signed((int64_t)a, (int64_t)b), divide_signed((int32_t)a, (int32_t)b));
	ALU(SMOD, modulo_signed((int64_t)a, (int64_t)b), modulo_signed((int32_t)a, (int32_t)b));

do_MOV64_IMM:
do_LDDW:
	DST = pc->imm;
	NEXT;
do_MOV64_REG:
	DST = SRC;
	NEXT;
do_MOV32_IMM:
	DST = (uint32_t)pc->imm;
	NEXT;
do_MOV32_REG:
	DST = (uint32_t)SRC;
	NEXT;
do_NEG64:
	DST = 0 - DST;
	NEXT;
do_NEG32:
	DST = 0 - (uint32_t)DST;
	NEXT;
do_MOVSX8_64:
	DST = (uint64_t)(int64_t)(int8_t)SRC;
	NEXT;
do_MOVSX16_64:
	DST = (uint64_t)(int64_t)(int16_t)SRC;
	NEXT;
do_MOVSX32_64:
	DST = (uint64_t)(int64_t)(int32_t)SRC;
	NEXT;
do_MOVSX8_32:
	DST = (uint32_t)(int8_t)SRC;
	NEXT;
do_MOVSX16_32:
	DST = (uint32_t)(int16_t)SRC;
	NEXT;

do_LE16:
	DST = (uint16_t)DST;
	NEXT;
do_LE32:
	DST = (uint32_t)DST;
	NEXT;
do_LE64:
	NEXT;
do_BE16:
do_SWAP16:
	DST = __builtin_bswap16((uint16_t)DST);
	NEXT;
do_BE32:
do_SWAP32:
	DST = __builtin_bswap32((uint32_t)DST);
	NEXT;
do_BE64:
do_SWAP64:
	DST = __builtin_bswap64(DST);
	NEXT;

	JUMP(JEQ, uint64_t, uint32_t, a == b);
	JUMP(JNE, uint64_t, uint32_t, a != b);
	JUMP(JGT, uint64_t, uint32_t, a > b);
	JUMP(JGE, uint64_t, uint32_t, a >= b);
	JUMP(JLT, uint64_t, uint32_t, a < b);
	JUMP(JLE, uint64_t, uint32_t, a <= b);
	JUMP(JSET, uint64_t, uint32_t, a & b);
	JUMP(JSGT, int64_t, int32_t, a > b);
	JUMP(JSGE, int64_t, int32_t, a >= b);
	JUMP(JSLT, int64_t, int32_t, a < b);
	JUMP(JSLE, int64_t, int32_t, a <= b);
do_JA:
do_JA32:
	pc += pc->jump;
	NEXT;

	LOAD(LDX8, uint8_t);
	LOAD(LDX16, uint16_t);
	LOAD(LDX32, uint32_t);
	LOAD(LDX64, uint64_t);
	LOAD(LDSX8, int8_t);
	LOAD(LDSX16, int16_t);
	LOAD(LDSX32, int32_t);
	STORE(8, uint8_t);
	STORE(16, uint16_t);
	STORE(32, uint32_t);
	STORE(64, uint64_t);

do_CALL:
	reg[0] = ((helper_fn *)(uintptr_t)pc->imm)(j, reg[1], reg[2], reg[3], reg[4], reg[5]);
	NEXT;
do_CALL_LOCAL:
	frame->code = pc;
	memcpy(frame->saved, &reg[6], sizeof(frame->saved));
	frame++;
	reg[BPF_FP] -= (uint32_t)pc->imm;
	clear_frame(reg[BPF_FP], pc->imm >> 32);
	pc += pc->jump;
	NEXT;
do_LEAVE:
	if (frame == frames)	/* a hook's program that is also called */
		return reg[0];
	frame--;
	memcpy(&reg[6], frame->saved, sizeof(frame->saved));
	pc = frame->code;
	NEXT;
do_EXIT:
	return reg[0];

do_CLASS:
	reg[0] = helper_table[HELPER_hv_class](j, 0, pc->jump, pc->imm, 0, 0);
	NEXT;
do_MOV_JGE:
	DST = SRC;
	if (DST >= pc->imm)
		pc += pc->jump;
	NEXT;
do_RETURN:
	return pc->imm;
}

uint64_t program_run(const struct program *p, enum hv_hook hook, struct judge *j,
		     const struct hv_ctx *ctx)
{
	return run(p->code + p->entry[hook], p->clear[hook], 0, j, ctx);
}

uint64_t program_resume(const struct program *p, enum hv_hook hook, struct judge *j,
			const struct hv_ctx *ctx, uint32_t row)
{
	return run(p->code + p->front[hook].resume, p->clear[hook], row, j, ctx);
}
