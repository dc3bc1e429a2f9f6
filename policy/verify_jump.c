/*
 * verify_jump.c - conditional jumps: which ways can be taken, and what each one knows
 */
#include "policy/verify.h"

/* Register @n of @st and every copy of the same value now hold @val. */
static void set_copies(struct state *st, unsigned n, uint32_t id, const struct reg *val)
{
	if (n < BPF_FP)
		st->reg[n] = *val;
	if (id == 0)
		return;
	for (unsigned i = 0; i < BPF_FP; i++)
		if (st->reg[i].id == id && st->reg[i].type != REG_NONE)
			st->reg[i] = *val;
	for (uint64_t m = st->spilled; m; m &= m - 1) {
		struct reg *slot = &st->slot[__builtin_ctzll(m)];

		if (slot->id == id)
			*slot = *val;
	}
}

/* One way of a comparison of two numbers; false when it cannot be taken. */
static bool narrow(struct verifier *v, uint32_t pc, bool taken, struct state *st,
		   const struct reg *a, const struct reg *b)
{
	const struct bpf_insn *i = &v->in->insns[pc];
	struct reg x = *a, y = *b;

	if (!range_branch(v->op[pc], taken, &x.r, &y.r))
		return false;
	set_copies(st, bpf_dst(i), a->id, &x);
	if (bpf_uses_reg(v->op[pc]) && (a->id == 0 || a->id != b->id))
		set_copies(st, bpf_src(i), b->id, &y);
	return true;
}

static bool is_null(const struct reg *r)
{
	return r->type == REG_NUM && range_is_const(&r->r) && r->r.umin == 0;
}

/* @p == NULL or != NULL; the other operand is 0. */
static int null_test(struct verifier *v, uint32_t pc, unsigned n, const struct reg *p,
		     bool *taken, bool *falls)
{
	bool equal = v->op[pc] == BPF_JEQ64_IMM || v->op[pc] == BPF_JEQ64_REG;
	struct reg null = reg_num(range_const(0)), value = *p;

	if (p->type != REG_VALUE_OR_NULL) {
		/* other pointers are never NULL */
		*taken = !equal;
		*falls = equal;
		return 0;
	}
	value.type = REG_VALUE;
	value.id = 0;
	set_copies(equal ? &v->other : &v->now, n, p->id, &null);
	set_copies(equal ? &v->now : &v->other, n, p->id, &value);
	return 0;
}

static int pointer_jump(struct verifier *v, uint32_t pc, const struct reg *a, const struct reg *b,
			bool *taken, bool *falls)
{
	const struct bpf_insn *i = &v->in->insns[pc];
	unsigned op = v->op[pc];
	bool equality = op == BPF_JEQ64_IMM || op == BPF_JEQ64_REG || op == BPF_JNE64_IMM ||
			op == BPF_JNE64_REG;

	if (equality && is_null(b))
		return null_test(v, pc, bpf_dst(i), a, taken, falls);
	if (equality && is_null(a))
		return null_test(v, pc, bpf_src(i), b, taken, falls);
	if (bpf_op_table[op].kind == KIND_JUMP64 && a->type == b->type && a->object == b->object &&
	    a->type != REG_VALUE_OR_NULL)
		return 0;
	return refuse(v, pc, "a pointer is compared with something else than NULL or its own object");
}

int jump_step(struct verifier *v, uint32_t pc, bool *taken, bool *falls)
{
	const struct bpf_insn *i = &v->in->insns[pc];
	struct reg a, b;
	int rc = reg_read(v, pc, bpf_dst(i), &a);

	if (rc)
		return rc;
	if (bpf_uses_reg(v->op[pc])) {
		rc = reg_read(v, pc, bpf_src(i), &b);
		if (rc)
			return rc;
	} else {
		b = reg_num(range_const((uint64_t)(int64_t)i->imm));
	}
	state_copy(&v->other, &v->now);
	*taken = *falls = true;
	if (reg_is_pointer(&a) || reg_is_pointer(&b))
		return pointer_jump(v, pc, &a, &b, taken, falls);
	*taken = narrow(v, pc, true, &v->other, &a, &b);
	*falls = narrow(v, pc, false, &v->now, &a, &b);
	return 0;
}
