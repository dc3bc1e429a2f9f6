/*
 * layout.c - put the blocks that can run in a row and decode them for the interpreter
 *
 * Blocks stand in topological order, so every jump goes forward.  A way that the verifier
 * has found impossible is not there at all.  What hvc emits around each classifier becomes
 * one operation where it stood in three or four: dispatching is most of an instruction's cost.
 */
#include "policy/code.h"
#include "policy/verify.h"

#define LAST	3u

/* Where code goes; with at == NULL it is only counted, and blocks learn their places. */
struct emitter {
	const struct verifier *v;
	struct code *at;
	uint32_t count;
	struct code last[LAST];		/* emitted last, the newest in front */
	uint32_t in_block;		/* emitted since the block began */
};

static void emit(struct emitter *e, struct code c)
{
	if (e->at)
		e->at[e->count] = c;
	e->count++;
	for (unsigned n = LAST - 1; n > 0; n--)
		e->last[n] = e->last[n - 1];
	e->last[0] = c;
	e->in_block++;
}

/* The @n newest, all of this block, become part of what is emitted next. */
static void take_back(struct emitter *e, uint32_t n)
{
	e->count -= n;
	e->in_block = 0;
}

/* Is the one emitted @back before the newest, in this block, @op with destination @dst? */
static bool is_last(const struct emitter *e, uint32_t back, unsigned op, unsigned dst)
{
	return e->in_block > back && e->last[back].op == op && e->last[back].dst == dst;
}

/* Instructions to skip from the one that is emitted next to the start of block @to. */
static uint32_t skip(const struct emitter *e, uint32_t to)
{
	return e->at ? e->v->blocks[to].at - (e->count + 1) : 0;
}

static uint64_t lddw_value(const struct verifier *v, const struct bpf_insn *i)
{
	uint32_t lo = (uint32_t)i[0].imm, hi = (uint32_t)i[1].imm;

	if (bpf_src(i) == BPF_SRC_MAP)
		return (uintptr_t)v->in->maps[lo];
	if (bpf_src(i) == BPF_SRC_DATA)
		return (uintptr_t)v->in->regions[lo].base + hi;
	return (uint64_t)hi << 32 | lo;
}

/*
 * A call of hv_class with constants.  Its other argument is the context, and nobody reads
 * r1 to r5 behind a call.
 */
static bool emit_class(struct emitter *e)
{
	struct code c = { .op = CODE_CLASS };

	if (!is_last(e, 0, BPF_MOV64_REG, 1) || !is_last(e, 1, BPF_MOV64_IMM, 2) ||
	    !is_last(e, 2, BPF_MOV64_IMM, 3))
		return false;
	c.jump = (uint32_t)e->last[1].imm;
	c.imm = e->last[2].imm;
	take_back(e, 3);
	emit(e, c);
	return true;
}

/* One instruction that does not end its block. */
static void emit_insn(struct emitter *e, uint32_t pc, const struct func *f)
{
	const struct bpf_insn *i = &e->v->in->insns[pc];
	struct code c = { .op = e->v->op[pc], .dst = (uint8_t)bpf_dst(i), .src = (uint8_t)bpf_src(i),
			  .imm = (uint64_t)(int64_t)i->imm };
	unsigned kind = bpf_op_table[c.op].kind;

	if (kind == KIND_LOAD || kind == KIND_STORE)
		c.off = i->offset;
	if (kind == KIND_LDDW)
		c.imm = lddw_value(e->v, i);
	if (kind == KIND_CALL && c.src == BPF_SRC_HELPER) {
		if (i->imm == HELPER_hv_class && emit_class(e))
			return;
		c.imm = (uintptr_t)helper_table[i->imm];
	} else if (kind == KIND_CALL) {
		const struct func *callee = call_callee(e->v, pc);

		c.op = CODE_CALL_LOCAL;
		c.jump = skip(e, callee->entry);
		c.imm = (uint64_t)func_clears(callee) << 32 | f->depth;
	}
	emit(e, c);
}

static void emit_exit(struct emitter *e, const struct func *f)
{
	if (!f->level && is_last(e, 0, BPF_MOV64_IMM, 0)) {
		struct code c = { .op = CODE_RETURN, .imm = e->last[0].imm };

		take_back(e, 1);
		emit(e, c);
		return;
	}
	emit(e, (struct code){ .op = f->level ? CODE_LEAVE : BPF_EXIT });
}

/* The conditional jump at @pc, when both of its ways can be taken. */
static void emit_branch(struct emitter *e, uint32_t pc, uint32_t target)
{
	const struct bpf_insn *i = &e->v->in->insns[pc];
	struct code c = { .op = e->v->op[pc], .dst = (uint8_t)bpf_dst(i),
			  .src = (uint8_t)bpf_src(i), .imm = (uint64_t)(int64_t)i->imm };

	if (c.op == BPF_JGE64_IMM && is_last(e, 0, BPF_MOV64_REG, c.dst)) {
		c.op = CODE_MOV_JGE;
		c.src = e->last[0].src;
		take_back(e, 1);
	}
	c.jump = skip(e, target);
	emit(e, c);
}

/* @follows: the block that is laid out behind this one, VERIFY_NONE when none is. */
static void emit_block(struct emitter *e, const struct block *b, const struct func *f,
		       uint32_t follows)
{
	uint32_t to = b->edges & EDGE_NEXT ? b->next : b->target;

	e->in_block = 0;
	for (uint32_t pc = b->start; pc < b->end; pc++) {
		unsigned kind = bpf_op_table[e->v->op[pc]].kind;

		if (e->v->op[pc] == BPF_OP_BAD)
			continue;
		if (kind == KIND_EXIT)
			emit_exit(e, f);
		else if (kind != KIND_JUMP64 && kind != KIND_JUMP32 && kind != KIND_JA)
			emit_insn(e, pc, f);
		else if (b->edges == (EDGE_NEXT | EDGE_TARGET))
			emit_branch(e, pc, b->target);
	}
	if (b->edges && to != follows)
		emit(e, (struct code){ .op = BPF_JA, .jump = skip(e, to) });
}

static void emit_func(struct emitter *e, struct verifier *v, const struct func *f)
{
	for (uint32_t m = 0, next; m < f->count; m = next) {
		struct block *b = &v->blocks[v->order[f->first + m]];

		next = m + 1;
		while (next < f->count && !v->blocks[v->order[f->first + next]].reached)
			next++;
		if (!b->reached)
			continue;
		if (e->at == NULL)
			b->at = e->count;
		emit_block(e, b, f, next < f->count ? v->order[f->first + next] : VERIFY_NONE);
	}
}

uint32_t layout(struct verifier *v, struct code *code)
{
	struct emitter count = { .v = v }, e = { .v = v, .at = code };

	for (uint32_t n = 0; n < v->func_count; n++)
		emit_func(&count, v, &v->funcs[v->func_order[n]]);
	for (uint32_t n = 0; n < v->func_count; n++)
		emit_func(&e, v, &v->funcs[v->func_order[n]]);
	return e.count;
}
