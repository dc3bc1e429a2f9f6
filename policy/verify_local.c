/*
 * verify_local.c - calls of the module's own functions
 *
 * A function is walked once, after all its callers, with the join of their arguments.  A
 * pointer to the caller's stack becomes memory of known size, in which the callee may read
 * and write numbers: it ends before the caller's next spilled pointer, and the caller
 * afterwards knows nothing of what lies in it.  What the caller never wrote may be what another
 * call left there, pointers too: the frame of a function that lends such bytes is cleared when
 * it is entered.
 */
#include "policy/verify.h"

struct func *call_callee(const struct verifier *v, uint32_t pc)
{
	uint32_t to = (uint32_t)((int64_t)pc + 1 + v->in->insns[pc].imm);

	return &v->funcs[v->blocks[v->block_of[to]].head];
}

/* First stack byte at or behind @from that may be a pointer's; or 0. */
static int64_t next_pointer(const struct state *st, int64_t from)
{
	unsigned i = (unsigned)(from + (int)BPF_STACK_SIZE);

	while (i < BPF_STACK_SIZE && !(st->pointer[i / 64] >> i % 64 & 1))
		i++;
	return (int64_t)i - (int)BPF_STACK_SIZE;
}

/* Lend the caller's stack from @r on; *@r becomes what the callee sees. */
static int lend_stack(struct verifier *v, uint32_t pc, struct reg *r)
{
	int64_t lo = r->r.smin, hi = r->r.smax, end;

	if (lo < -(int64_t)BPF_STACK_SIZE || hi > 0)
		return refuse(v, pc, "a pointer beyond the stack is passed on");
	end = next_pointer(&v->now, lo);
	if (end < hi || (end == hi && end < 0))
		return refuse(v, pc, "a pointer to where pointers are kept is passed on");
	if ((uint32_t)-lo > v->func->depth)
		v->func->depth = (uint32_t)-lo;
	if (!state_bytes_are_init(&v->now, lo, end))
		v->func->lends_unwritten = true;
	state_forget_slots(&v->now, lo, end);
	state_init_bytes(&v->now, lo, end);
	*r = (struct reg){ .type = REG_ARG, .object = (uint32_t)(end - hi), .r = range_const(0) };
	return 0;
}

/* The rest of memory whose size alone is known. */
static int lend_on(struct verifier *v, uint32_t pc, struct reg *r)
{
	if (r->r.smin < 0 || r->r.smax > (int64_t)r->object)
		return refuse(v, pc, "a pointer beyond its memory is passed on");
	r->object -= (uint32_t)r->r.smax;
	r->r = range_const(0);
	return 0;
}

int call_local(struct verifier *v, uint32_t pc)
{
	const struct func *f = call_callee(v, pc);
	struct state *args = &v->other;

	state_clear(args);
	for (unsigned i = 1; i <= 5; i++) {
		struct reg *r = &args->reg[i];
		int rc = 0;

		*r = v->now.reg[i];
		r->id = 0;
		if (r->type == REG_STACK)
			rc = lend_stack(v, pc, r);
		else if (r->type == REG_ARG || r->type == REG_READ)
			rc = lend_on(v, pc, r);
		if (rc)
			return rc;
	}
	for (unsigned i = 1; i <= 5; i++)
		v->now.reg[i] = (struct reg){ .type = REG_NONE };
	v->now.reg[0] = f->result_read ? reg_num(f->result) : (struct reg){ .type = REG_NONE };
	return state_flow(v, args, &v->blocks[f->entry]);
}
