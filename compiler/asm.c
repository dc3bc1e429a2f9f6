/*
 * asm.c - an instruction buffer: labels, forward jumps, islands
 */
#include "compiler/asm.h"

#include "policy/module.h"

void asm_init(struct asm_buf *a, struct pool *pool)
{
	*a = (struct asm_buf){
		.pool = pool,
		.reach = ASM_REACH,
		.last_label = ASM_UNPLACED,
		.reachable = true,
	};
}

uint32_t asm_label(struct asm_buf *a)
{
	*VEC_ADD(a->pool, &a->labels) = (struct asm_label){ .at = ASM_UNPLACED };
	return (uint32_t)(a->labels.count - 1);
}

/* Keep one instruction; there is room and control comes here. */
static void put(struct asm_buf *a, uint8_t opcode, unsigned dst, unsigned src, int16_t offset,
		int32_t imm)
{
	if (a->insns.count >= HVB_MAX_INSNS) {
		a->failed = true;
		return;
	}
	*VEC_ADD(a->pool, &a->insns) = (struct bpf_insn){
		.opcode = opcode,
		.regs = (uint8_t)(dst | src << 4),
		.offset = offset,
		.imm = imm,
	};
}

static void add_fixup(struct asm_buf *a, uint32_t insn, uint32_t label)
{
	struct asm_label *l = &a->labels.at[label];

	if (l->at != ASM_UNPLACED) {	/* a backward jump: our own bug, never code */
		a->failed = true;
		return;
	}
	if (!l->fixups)
		a->pending++;
	*VEC_ADD(a->pool, &a->fixups) = (struct asm_fixup){
		.insn = insn, .label = label, .next = l->fixups,
	};
	l->fixups = (uint32_t)a->fixups.count;
}

/* All jumps to @label, of which there are some, go to @target. */
static void resolve(struct asm_buf *a, uint32_t label, uint32_t target)
{
	struct asm_label *l = &a->labels.at[label];
	struct asm_fixup *f;
	uint32_t i;

	for (i = l->fixups; i; i = f->next) {
		f = &a->fixups.at[i - 1];
		f->done = true;
		a->insns.at[f->insn].offset = (int16_t)(target - f->insn - 1);
	}
	l->fixups = 0;
	a->pending--;
}

/* Every label that waits gets one `ja` here, and all its jumps go to that.  Code follows. */
static void islands(struct asm_buf *a)
{
	size_t i, end = a->fixups.count;
	uint32_t over = asm_here(a), at;

	if (a->pending > ASM_MAX_PENDING || a->pending + 1 >= HVB_MAX_INSNS - over) {
		a->failed = true;
		return;
	}
	put(a, OP_JMP | OP_JA, 0, 0, 0, 0);
	for (i = a->oldest; i < end; i++) {
		uint32_t label = a->fixups.at[i].label;

		if (a->fixups.at[i].done)
			continue;
		at = asm_here(a);
		put(a, OP_JMP | OP_JA, 0, 0, 0, 0);
		resolve(a, label, at);
		add_fixup(a, at, label);
	}
	a->oldest = end;
	a->insns.at[over].offset = (int16_t)(asm_here(a) - over - 1);
	a->last_label = asm_here(a);
}

/*
 * Before @n instructions are kept: could the oldest jump still reach an island behind
 * them?  The islands themselves, the jump over them and a label that these instructions
 * may add count too.
 */
static bool ready(struct asm_buf *a, uint32_t n)
{
	if (!a->reachable || a->failed)
		return false;
	while (a->oldest < a->fixups.count && a->fixups.at[a->oldest].done)
		a->oldest++;
	if (a->oldest < a->fixups.count &&
	    asm_here(a) + n + a->pending + 2 - a->fixups.at[a->oldest].insn > a->reach)
		islands(a);
	return !a->failed;
}

static const uint8_t inverse[16] = {
	[OP_JEQ >> 4] = OP_JNE, [OP_JNE >> 4] = OP_JEQ, [OP_JGT >> 4] = OP_JLE,
	[OP_JLE >> 4] = OP_JGT, [OP_JGE >> 4] = OP_JLT, [OP_JLT >> 4] = OP_JGE,
	[OP_JSGT >> 4] = OP_JSLE, [OP_JSLE >> 4] = OP_JSGT, [OP_JSGE >> 4] = OP_JSLT,
	[OP_JSLT >> 4] = OP_JSGE,
};

/* Take back the newest fixup of all; it is the newest of its label too. */
static void drop_fixup(struct asm_buf *a)
{
	struct asm_fixup *f = &a->fixups.at[--a->fixups.count];
	struct asm_label *l = &a->labels.at[f->label];

	l->fixups = f->next;
	if (!l->fixups)
		a->pending--;
}

/*
 *	ja L			if C goto L
 *  L:			or	ja M		   = if not C goto M
 *			    L:			 L:
 *
 * @label has jumps to it that wait.  A label just placed may be jumped to: nothing moves.
 */
static void shorten(struct asm_buf *a, uint32_t label)
{
	uint32_t here = asm_here(a), to;
	struct asm_fixup *f;
	struct bpf_insn *in;

	if (a->last_label == here)
		return;
	f = &a->fixups.at[a->fixups.count - 1];
	if (f->insn != here - 1 || a->insns.at[here - 1].opcode != (OP_JMP | OP_JA))
		return;
	if (f->label == label) {
		drop_fixup(a);
		a->insns.count--;
		a->reachable = true;
		return;
	}
	if (a->last_label == here - 1)
		return;
	/* two labels wait: there are two jumps */
	in = &a->insns.at[here - 2];
	f = &a->fixups.at[a->fixups.count - 2];
	if (f->insn != here - 2 || f->label != label || !inverse[in->opcode >> 4])
		return;
	to = a->fixups.at[a->fixups.count - 1].label;
	drop_fixup(a);
	drop_fixup(a);
	in->opcode = (uint8_t)(inverse[in->opcode >> 4] | (in->opcode & 0x0f));
	a->insns.count--;
	add_fixup(a, here - 2, to);
	a->reachable = true;
}

void asm_place(struct asm_buf *a, uint32_t label)
{
	if (a->labels.at[label].fixups)
		shorten(a, label);
	if (a->labels.at[label].fixups) {
		a->reachable = true;
		a->last_label = asm_here(a);
		resolve(a, label, asm_here(a));
	}
	a->labels.at[label].at = asm_here(a);
}

void asm_emit(struct asm_buf *a, uint8_t opcode, unsigned dst, unsigned src, int16_t offset,
	      int32_t imm)
{
	if (ready(a, 1))
		put(a, opcode, dst, src, offset, imm);
}

void asm_const(struct asm_buf *a, unsigned dst, uint64_t value)
{
	if (value <= INT32_MAX) {
		asm_emit(a, OP_ALU64 | OP_MOV | OP_K, dst, 0, 0, (int32_t)value);
		return;
	}
	if (!ready(a, 2))
		return;
	put(a, OP_LD | OP_DW, dst, 0, 0, (int32_t)(uint32_t)value);
	put(a, 0, 0, 0, 0, (int32_t)(uint32_t)(value >> 32));
}

/* clang's own form of a call to be relocated: source 1, immediate -1. */
void asm_call(struct asm_buf *a, uint32_t helper)
{
	if (!ready(a, 1))
		return;
	*VEC_ADD(a->pool, &a->calls) = (struct asm_call){ asm_here(a), helper };
	put(a, OP_JMP | OP_CALL, 0, 1, 0, -1);
}

void asm_exit(struct asm_buf *a)
{
	asm_emit(a, OP_JMP | OP_EXIT, 0, 0, 0, 0);
	a->reachable = false;
}

static void jump(struct asm_buf *a, uint8_t opcode, unsigned dst, unsigned src, int32_t imm,
		 uint32_t label)
{
	if (!ready(a, 1))
		return;
	put(a, opcode, dst, src, 0, imm);
	if (!a->failed)
		add_fixup(a, asm_here(a) - 1, label);
}

void asm_ja(struct asm_buf *a, uint32_t label)
{
	jump(a, OP_JMP | OP_JA, 0, 0, 0, label);
	a->reachable = false;
}

void asm_jump_imm(struct asm_buf *a, uint8_t op, unsigned dst, int32_t imm, uint32_t label)
{
	jump(a, OP_JMP | op | OP_K, dst, 0, imm, label);
}

void asm_jump_reg(struct asm_buf *a, uint8_t op, unsigned dst, unsigned src, uint32_t label)
{
	jump(a, OP_JMP | op | OP_X, dst, src, 0, label);
}
