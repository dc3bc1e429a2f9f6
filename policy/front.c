/*
 * front.c - programs that begin by asking a classifier
 *
 * hvc begins a hook's program with `r6 = r1`, the first run of rules' hv_class, `r9 = r0` and
 * a jump to the default when no row holds.  Most transfers end there, so the judge asks by
 * itself, before it knows more of the transfer than the classifier does.
 */
#include "policy/code.h"
#include "policy/verify.h"

static bool is_mov(const struct code *c, unsigned dst, unsigned src)
{
	return c->op == BPF_MOV64_REG && c->dst == dst && c->src == src;
}

/* @at and what follows it are instructions of one block up to the first jump. */
static struct program_front front_at(const struct code *code, uint32_t at)
{
	const struct code *ask = &code[at], *jump = ask + 1, *end;

	if (is_mov(ask, 6, 1)) {
		ask++;
		jump++;
	}
	if (ask->op != CODE_CLASS || ask->imm != 0 || jump->op != CODE_MOV_JGE || jump->src != 0)
		return (struct program_front){ 0 };
	end = jump + 1 + jump->jump;
	if (end->op != CODE_RETURN)
		return (struct program_front){ 0 };
	return (struct program_front){
		.resume = (uint32_t)(jump - code), .classifier = ask->jump, .limit = jump->imm,
		.none = end->imm,
	};
}

void find_fronts(struct program *p)
{
	for (unsigned h = 0; h < HV_HOOKS; h++) {
		if (p->entry[h] != POLICY_NO_INSN)
			p->front[h] = front_at(p->code, p->entry[h]);
	}
}

const struct program_front *program_front(const struct program *p, enum hv_hook hook)
{
	return &p->front[hook];
}
