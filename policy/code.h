/*
 * code.h - a verified program as the interpreter runs it; only layout.c makes it
 */
#ifndef POLICY_CODE_H
#define POLICY_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/insn.h"
#include "policy/program.h"

/*
 * Operations: those of opcode.def, of which CALL (of a helper), JA, EXIT and LDDW have
 * everything resolved, JA32 does not appear; and these.
 */
enum code_op {
	/* jump: the function; imm: bytes of the caller's frame, and in its upper half how many
	 * of the callee's are cleared */
	CODE_CALL_LOCAL = BPF_OPS,
	CODE_LEAVE,			/* exit of a function that is called */
	/* Several at once; only within a block, so nothing jumps between them. */
	CODE_CLASS,			/* call of hv_class; jump: the classifier, imm: first row */
	CODE_MOV_JGE,			/* dst = src; if dst >= imm */
	CODE_RETURN,			/* r0 = imm; exit */
	CODE_OPS,
};

struct code {
	uint8_t op;
	uint8_t dst, src;
	uint8_t unused;
	union {
		uint32_t jump;		/* instructions to skip; row of a table */
		int32_t off;		/* bytes from the base register */
	};
	uint64_t imm;			/* immediate, sign-extended; helper's or data's address */
};

_Static_assert(sizeof(struct code) == 16, "four to a cache line");

struct program {
	const struct code *code;
	uint32_t count;
	uint32_t entry[HV_HOOKS];	/* POLICY_NO_INSN: no program */
	struct program_front front[HV_HOOKS];
	uint64_t cost[HV_HOOKS];
	uint32_t clear[HV_HOOKS];	/* bytes of the stack that are cleared before a run */
};

#endif
