/*
 * verify.c - prove programs safe; the order of the parts, and their memory
 */
#include "policy/verify.h"

#include "policy/code.h"
#include "policy/module.h"

/* Every instruction's encoding, reachable or not. */
static int decode_all(struct verifier *v)
{
	const struct verify_input *in = v->in;
	const char *why;

	for (uint32_t pc = 0; pc < in->insn_count; pc++) {
		const struct bpf_insn *second = &in->insns[pc + 1];

		v->op[pc] = (uint8_t)bpf_decode(&in->insns[pc], &why);
		if (v->op[pc] == BPF_OP_BAD)
			return refuse(v, pc, "%s (opcode 0x%x)", why,
				      (uint32_t)in->insns[pc].opcode);
		if (v->op[pc] != BPF_LDDW)
			continue;
		if (pc + 1 == in->insn_count || second->opcode || second->regs || second->offset)
			return refuse(v, pc, "lddw without its second half");
		pc++;
		v->op[pc] = BPF_OP_BAD;
	}
	return 0;
}

static int verify_all(struct verifier *v, struct program *p, struct code *code)
{
	uint32_t n = v->in->insn_count;
	int rc;

	v->op = arena_alloc(v->arena, n, sizeof(*v->op));
	v->block_of = arena_alloc(v->arena, n, sizeof(*v->block_of));
	if (v->op == NULL || v->block_of == NULL)
		return policy_fail(v->err, POLICY_ENOMEM, "", POLICY_NO_INSN,
				   "not enough memory to verify");
	rc = decode_all(v);
	if (rc == 0)
		rc = cfg_build(v);
	if (rc)
		return rc;
	find_results_read(v);
	rc = walk(v);
	if (rc == 0)
		rc = cost(v, p->cost);
	if (rc)
		return rc;
	p->count = layout(v, code);
	p->code = code;
	for (unsigned h = 0; h < HV_HOOKS; h++) {
		const struct block *b;

		p->entry[h] = POLICY_NO_INSN;
		if (v->in->entry[h] == POLICY_NO_INSN)
			continue;
		b = &v->blocks[v->block_of[v->in->entry[h]]];
		p->entry[h] = b->at;
		p->clear[h] = func_clears(&v->funcs[b->head]);
	}
	find_fronts(p);
	return 0;
}

int verify_observed(struct arena *a, const struct verify_input *in, const struct program **out,
		    struct policy_error *err, observe_fn *observe, void *arg)
{
	size_t mark = arena_mark(a), code_mark;
	struct program *p;
	struct code *code;
	struct verifier *v;
	int rc;

	*out = NULL;
	if (in->insn_count == 0)
		return policy_fail(err, POLICY_EINVAL, "", POLICY_NO_INSN, "no instructions");
	if (in->insn_count > HVB_MAX_INSNS)
		return policy_fail(err, POLICY_ELIMIT, "", POLICY_NO_INSN,
				   "%u instructions, at most %u", in->insn_count, HVB_MAX_INSNS);
	p = arena_alloc(a, 1, sizeof(*p));
	code_mark = arena_mark(a);
	/* a jump becomes two at most; what is not used is given back */
	code = arena_alloc(a, in->insn_count, 2 * sizeof(*code));
	v = arena_alloc(a, 1, sizeof(*v));
	if (p == NULL || code == NULL || v == NULL) {
		arena_release(a, mark);
		return policy_fail(err, POLICY_ENOMEM, "", POLICY_NO_INSN,
				   "not enough memory to verify");
	}
	v->in = in;
	v->arena = a;
	v->err = err;
	v->observe = observe;
	v->observe_arg = arg;
	rc = verify_all(v, p, code);
	arena_release(a, rc ? mark : code_mark + p->count * sizeof(*code));
	if (rc == 0)
		*out = p;
	return rc;
}

int verify(struct arena *a, const struct verify_input *in, const struct program **out,
	   struct policy_error *err)
{
	return verify_observed(a, in, out, err, NULL, NULL);
}
