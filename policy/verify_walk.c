/*
 * verify_walk.c - the pass over all blocks
 */
#include "policy/verify.h"

static int exit_step(struct verifier *v, uint32_t pc)
{
	const struct reg *r0 = &v->now.reg[0];

	if (!v->func->is_hook && !v->func->result_read)
		return 0;
	if (r0->type == REG_NONE)
		return refuse(v, pc, "r0 is returned, but does not hold a number on every way here");
	if (r0->type != REG_NUM)
		return refuse(v, pc, "a pointer is returned");
	return 0;
}

/* The last instruction of the block, when it jumps; then where the state goes. */
static int leave_block(struct verifier *v, uint32_t pc, unsigned kind)
{
	struct block *b = v->block;
	bool taken = kind == KIND_JA, falls = kind != KIND_JA && kind != KIND_EXIT;
	int rc = 0;

	if (kind == KIND_EXIT)
		return v->scouting ? scout_exit(v) : exit_step(v, pc);
	if (kind == KIND_JUMP64 || kind == KIND_JUMP32)
		rc = jump_step(v, pc, &taken, &falls);
	b->edges |= (uint8_t)((falls ? EDGE_NEXT : 0) | (taken ? EDGE_TARGET : 0));
	if (rc == 0 && falls)
		rc = state_flow(v, &v->now, &v->blocks[b->next]);
	if (rc == 0 && taken)
		rc = state_flow(v, kind == KIND_JA ? &v->now : &v->other, &v->blocks[b->target]);
	return rc;
}

static int walk_block(struct verifier *v, struct block *b)
{
	unsigned kind = KIND_ALU64;
	uint32_t pc, last = b->start;
	int rc = 0;

	v->block = b;
	v->extra = 0;
	state_take(v, b, &v->now);
	for (pc = b->start; pc < b->end && rc == 0; pc++) {
		if (v->op[pc] == BPF_OP_BAD)
			continue;
		last = pc;
		kind = bpf_op_table[v->op[pc]].kind;
		if (v->observe && !v->scouting)
			v->observe(v->observe_arg, v, pc, &v->now);
		if (kind == KIND_JA || kind == KIND_EXIT || kind == KIND_JUMP64 ||
		    kind == KIND_JUMP32)
			break;
		rc = v->scouting ? scout_step(v, pc) : step(v, pc);
	}
	if (b->extra < v->extra)
		b->extra = v->extra;
	return rc ? rc : leave_block(v, last, kind);
}

/* A hook's program starts with the context in r1. */
static int enter_hook(struct verifier *v, const struct func *f)
{
	state_clear(&v->now);
	v->now.reg[1] = (struct reg){ .type = REG_CTX, .r = range_const(0) };
	if (v->scouting)
		scout_enter(&v->now);
	v->block = NULL;
	return state_flow(v, &v->now, &v->blocks[f->entry]);
}

/* Frames lie one below the other: callees start where the deepest caller's frame ends. */
static int check_frames(struct verifier *v)
{
	for (uint32_t n = 0; n < v->func_count; n++) {
		struct func *f = &v->funcs[v->func_order[n]];
		uint32_t used;

		f->depth = (f->depth + VERIFY_FRAME_ALIGN - 1) & ~(VERIFY_FRAME_ALIGN - 1);
		used = f->above + f->depth;
		if (used > BPF_STACK_SIZE)
			return refuse(v, v->blocks[f->entry].start,
				      "%u bytes of stack with its callers, %u are there", used,
				      BPF_STACK_SIZE);
		for (uint32_t m = f->first; m < f->first + f->count; m++) {
			const struct block *b = &v->blocks[v->order[m]];

			for (uint32_t pc = b->start; b->reached && pc < b->end; pc++) {
				struct func *callee;

				if (v->op[pc] != BPF_CALL ||
				    bpf_src(&v->in->insns[pc]) != BPF_SRC_LOCAL)
					continue;
				callee = call_callee(v, pc);
				if (callee->above < used)
					callee->above = used;
			}
		}
	}
	return 0;
}

uint32_t func_clears(const struct func *f)
{
	return f->lends_unwritten ? f->depth : 0;
}

int walk_pass(struct verifier *v)
{
	int rc = 0;

	for (uint32_t n = 0; n < v->func_count; n++) {
		v->func = &v->funcs[v->func_order[n]];
		if (v->func->is_hook)
			rc = enter_hook(v, v->func);
		for (uint32_t m = 0; m < v->func->count && rc == 0; m++) {
			struct block *b = &v->blocks[v->order[v->func->first + m]];

			while (b->in && rc == 0)
				rc = walk_block(v, b);
		}
		if (rc)
			return rc;
	}
	return 0;
}

int walk(struct verifier *v)
{
	int rc = scout(v);

	if (rc == 0)
		rc = walk_pass(v);
	return rc ? rc : check_frames(v);
}
