/*
 * verify_cost.c - the longest way through each hook's program
 */
#include "policy/verify.h"

static uint64_t add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static void block_cost(struct verifier *v, struct block *b)
{
	uint64_t follow = 0, follow_steps = 0;

	b->cost = b->extra;
	b->steps = 0;
	for (uint32_t pc = b->start; pc < b->end; pc++) {
		if (v->op[pc] == BPF_OP_BAD)
			continue;
		b->steps = add(b->steps, 1);
		if (v->op[pc] == BPF_CALL && bpf_src(&v->in->insns[pc]) == BPF_SRC_LOCAL) {
			const struct func *f = call_callee(v, pc);
			const struct block *callee = &v->blocks[f->entry];

			b->steps = add(b->steps, callee->steps);
			b->cost = add(b->cost, callee->cost - callee->steps);
			b->cost = add(b->cost, func_clears(f) / 8);
		}
	}
	for (unsigned e = EDGE_NEXT; e <= EDGE_TARGET; e++) {
		const struct block *to;

		if (!(b->edges & e))
			continue;
		to = &v->blocks[e == EDGE_NEXT ? b->next : b->target];
		follow_steps = to->steps > follow_steps ? to->steps : follow_steps;
		follow = to->cost > follow ? to->cost : follow;
	}
	b->cost = add(add(b->cost, b->steps), follow);
	b->steps = add(b->steps, follow_steps);
}

int cost(struct verifier *v, uint64_t hook_cost[HV_HOOKS])
{
	for (uint32_t n = v->func_count; n-- > 0;) {
		const struct func *f = &v->funcs[v->func_order[n]];

		for (uint32_t m = f->count; m-- > 0;)
			if (v->blocks[v->order[f->first + m]].reached)
				block_cost(v, &v->blocks[v->order[f->first + m]]);
	}
	for (unsigned h = 0; h < HV_HOOKS; h++) {
		const struct block *b;

		hook_cost[h] = 0;
		if (v->in->entry[h] == POLICY_NO_INSN)
			continue;
		b = &v->blocks[v->block_of[v->in->entry[h]]];
		hook_cost[h] = add(b->cost, func_clears(&v->funcs[b->head]) / 8);
		if (b->steps > VERIFY_MAX_STEPS)
			return policy_fail(v->err, POLICY_ELIMIT, "", b->start,
					   "%llu instructions in the worst case, at most %u",
					   (unsigned long long)b->steps, VERIFY_MAX_STEPS);
	}
	return 0;
}
