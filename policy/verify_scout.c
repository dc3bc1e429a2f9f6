/*
 * verify_scout.c - what the module's own functions can return
 *
 * clang knows the range of a static function's result and leaves out the mask that the caller
 * wrote.  Functions are proven after their callers, so before the proof all are walked with
 * numbers alone, which refuses nothing: pointers and what memory holds are any numbers.  The
 * first pass knows the results of functions that call no others, each further one those of
 * functions one call higher.
 */
#include "policy/verify.h"

/* Every register holds any number. */
void scout_enter(struct state *st)
{
	for (unsigned i = 0; i < BPF_FP; i++)
		st->reg[i] = reg_num(range_any());
}

static int scout_call(struct verifier *v, uint32_t pc)
{
	const struct func *f;

	if (bpf_src(&v->in->insns[pc]) != BPF_SRC_LOCAL) {
		for (unsigned i = 0; i <= 5; i++)
			v->now.reg[i] = reg_num(range_any());
		return 0;
	}
	f = call_callee(v, pc);
	state_clear(&v->other);
	scout_enter(&v->other);
	for (unsigned i = 1; i <= 5; i++) {
		v->other.reg[i] = reg_num(v->now.reg[i].r);
		v->now.reg[i] = reg_num(range_any());
	}
	v->now.reg[0] = reg_num(f->result);
	return state_flow(v, &v->other, &v->blocks[f->entry]);
}

int scout_step(struct verifier *v, uint32_t pc)
{
	const struct bpf_insn *i = &v->in->insns[pc];

	switch (bpf_op_table[v->op[pc]].kind) {
	case KIND_LOAD:
		v->now.reg[bpf_dst(i)] = reg_num(mem_any(v->op[pc]));
		return 0;
	case KIND_STORE:
		return 0;
	case KIND_LDDW:
		if (bpf_src(i) == 0)
			return step(v, pc);
		v->now.reg[bpf_dst(i)] = reg_num(range_any());
		return 0;
	case KIND_CALL:
		return scout_call(v, pc);
	default:
		return step(v, pc);
	}
}

int scout_exit(struct verifier *v)
{
	struct func *f = v->func;
	const struct range *r = &v->now.reg[0].r;

	f->result = f->returns ? range_join(&f->result, r) : *r;
	f->returns = true;
	return 0;
}

int scout(struct verifier *v)
{
	uint32_t level = 0;
	int rc = 0;

	for (uint32_t n = 0; n < v->func_count; n++) {
		v->funcs[n].result = range_any();
		if (level < v->funcs[n].level)
			level = v->funcs[n].level;
	}
	if (level > VERIFY_SCOUTS)
		level = VERIFY_SCOUTS;
	v->scouting = true;
	for (; level && rc == 0; level--) {
		for (uint32_t n = 0; n < v->func_count; n++)
			v->funcs[n].returns = false;
		rc = walk_pass(v);
		for (uint32_t n = 0; n < v->block_count; n++) {
			v->blocks[n].reached = false;
			v->blocks[n].edges = 0;
		}
	}
	v->scouting = false;
	return rc;
}
