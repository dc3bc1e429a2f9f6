/*
 * verify_step.c - what one instruction that does not jump does to the state
 */
#include "policy/verify.h"

int reg_read(struct verifier *v, uint32_t pc, unsigned n, struct reg *out)
{
	if (n == BPF_FP) {
		*out = (struct reg){ .type = REG_STACK, .r = range_const(0) };
		if (v->scouting)
			*out = reg_num(range_any());
		return 0;
	}
	*out = v->now.reg[n];
	if (out->type == REG_NONE)
		return refuse(v, pc, "r%u is read, but was not written on every way here, or with "
			      "different kinds of values", n);
	return 0;
}

/* The second operand: a register or the immediate, which is sign-extended. */
static int operand(struct verifier *v, uint32_t pc, struct reg *out)
{
	const struct bpf_insn *i = &v->in->insns[pc];

	if (bpf_uses_reg(v->op[pc]))
		return reg_read(v, pc, bpf_src(i), out);
	*out = reg_num(range_const((uint64_t)(int64_t)i->imm));
	return 0;
}

static int move_pointer(struct verifier *v, uint32_t pc, const struct reg *p, const struct range *r,
			struct reg *out)
{
	if (p->type == REG_MAP || p->type == REG_VALUE_OR_NULL)
		return refuse(v, pc, p->type == REG_MAP ? "arithmetic on a map"
			      : "arithmetic on a value that may be NULL; test it first");
	*out = *p;
	out->r = *r;
	out->id = 0;
	if (r->smin < -VERIFY_MAX_OFFSET || r->smax > VERIFY_MAX_OFFSET)
		return refuse(v, pc, "a pointer is moved by a number without bounds");
	return 0;
}

/* clang adds an index to an aligned frame's array by an or; only bits that are 0 are set. */
static bool is_adding_or(unsigned op, const struct reg *a, const struct reg *b)
{
	uint64_t set = b->r.bits.value | b->r.bits.mask;

	return (op == BPF_OR64_IMM || op == BPF_OR64_REG) && a->type == REG_STACK &&
	       b->type == REG_NUM && b->r.umax < VERIFY_FRAME_ALIGN &&
	       ((a->r.bits.value | a->r.bits.mask) & set) == 0;
}

static int pointer_step(struct verifier *v, uint32_t pc, const struct reg *a, const struct reg *b,
			struct reg *out)
{
	bool pa = reg_is_pointer(a), pb = reg_is_pointer(b);
	unsigned op = v->op[pc];
	struct range r;

	if (op == BPF_ADD64_IMM || (op == BPF_ADD64_REG && !(pa && pb)) || is_adding_or(op, a, b)) {
		r = range_add(&a->r, &b->r);
		return move_pointer(v, pc, pa ? a : b, &r, out);
	}
	if (op == BPF_SUB64_IMM || (op == BPF_SUB64_REG && pa && !pb)) {
		r = range_sub(&a->r, &b->r);
		return move_pointer(v, pc, a, &r, out);
	}
	if (op == BPF_SUB64_REG && a->type == b->type && a->object == b->object &&
	    a->type != REG_VALUE_OR_NULL && a->type != REG_ARG && a->type != REG_VALUE &&
	    a->type != REG_READ) {
		*out = reg_num(range_sub(&a->r, &b->r));
		return 0;
	}
	return refuse(v, pc, "arithmetic on a pointer other than adding a number");
}

void reg_share_id(struct verifier *v, uint32_t pc, unsigned n, struct reg *copy)
{
	if (n == BPF_FP || copy->type != REG_NUM)
		return;
	if (copy->id == 0)
		copy->id = v->now.reg[n].id = pc + 1;
}

static int move(struct verifier *v, uint32_t pc, struct reg *b)
{
	const struct bpf_insn *i = &v->in->insns[pc];
	unsigned op = v->op[pc];
	bool narrow = op == BPF_MOV32_IMM || op == BPF_MOV32_REG;

	if (narrow && reg_is_pointer(b))
		return refuse(v, pc, "half of a pointer is copied");
	if (bpf_uses_reg(op) && (!narrow || b->r.umax <= UINT32_MAX))
		reg_share_id(v, pc, bpf_src(i), b);
	else
		b->id = 0;
	if (narrow)
		b->r = range_alu(op, &b->r, &b->r);
	v->now.reg[bpf_dst(i)] = *b;
	return 0;
}

/*
 * clang's BPF has no remainder of a constant: it writes b = a; b /= k; b *= k; a -= b.  @pc is
 * the last of these; the instruction that would do the same, BPF_OP_BAD when they are others.
 */
static unsigned remainder_op(const struct verifier *v, uint32_t pc)
{
	const struct bpf_insn *i = &v->in->insns[pc];
	const uint8_t *op = &v->op[pc];
	unsigned a = bpf_dst(i), b = bpf_src(i);
	bool narrow = *op == BPF_SUB32_REG;

	if ((!narrow && *op != BPF_SUB64_REG) || pc < v->block->start + 3 || a == b)
		return BPF_OP_BAD;
	if (op[-3] != (narrow ? BPF_MOV32_REG : BPF_MOV64_REG) || bpf_dst(i - 3) != b ||
	    bpf_src(i - 3) != a || op[-2] != (narrow ? BPF_DIV32_IMM : BPF_DIV64_IMM) ||
	    bpf_dst(i - 2) != b || op[-1] != (narrow ? BPF_MUL32_IMM : BPF_MUL64_IMM) ||
	    bpf_dst(i - 1) != b || i[-1].imm != i[-2].imm)
		return BPF_OP_BAD;
	return narrow ? BPF_MOD32_IMM : BPF_MOD64_IMM;
}

static int alu_step(struct verifier *v, uint32_t pc)
{
	const struct bpf_insn *i = &v->in->insns[pc];
	unsigned op = v->op[pc];
	struct reg a = { 0 }, b, out;
	int rc = operand(v, pc, &b);

	if (rc)
		return rc;
	if (op == BPF_MOV64_IMM || op == BPF_MOV64_REG || op == BPF_MOV32_IMM || op == BPF_MOV32_REG)
		return move(v, pc, &b);
	if (op < BPF_MOVSX8_64 || op > BPF_MOVSX16_32)
		rc = reg_read(v, pc, bpf_dst(i), &a);
	else
		a = reg_num(range_any());	/* only the source counts */
	if (rc)
		return rc;
	if (reg_is_pointer(&a) || reg_is_pointer(&b)) {
		rc = pointer_step(v, pc, &a, &b, &out);
		if (rc)
			return rc;
	} else if (remainder_op(v, pc) != BPF_OP_BAD) {
		b.r = range_const((uint64_t)(int64_t)i[-1].imm);
		out = reg_num(range_alu(remainder_op(v, pc), &a.r, &b.r));
	} else {
		out = reg_num(range_alu(op, &a.r, &b.r));
	}
	v->now.reg[bpf_dst(i)] = out;
	return 0;
}

/* Address of a map or of a byte of a data region. */
static int lddw_step(struct verifier *v, uint32_t pc)
{
	const struct bpf_insn *i = &v->in->insns[pc];
	uint32_t lo = (uint32_t)i[0].imm, hi = (uint32_t)i[1].imm;
	struct reg *out = &v->now.reg[bpf_dst(i)];

	if (bpf_src(i) == BPF_SRC_MAP) {
		if (lo >= v->in->map_count || hi != 0)
			return refuse(v, pc, "no map %u", lo);
		*out = (struct reg){ .type = REG_MAP, .object = lo, .r = range_const(0) };
	} else if (bpf_src(i) == BPF_SRC_DATA) {
		if (lo >= v->in->region_count || hi > v->in->regions[lo].size)
			return refuse(v, pc, "no byte %u of data region %u", hi, lo);
		*out = (struct reg){ .type = REG_DATA, .object = lo, .r = range_const(hi) };
	} else {
		*out = reg_num(range_const((uint64_t)hi << 32 | lo));
	}
	return 0;
}

int step(struct verifier *v, uint32_t pc)
{
	switch (bpf_op_table[v->op[pc]].kind) {
	case KIND_ALU64:
	case KIND_ALU32:
		return alu_step(v, pc);
	case KIND_LOAD:
		return mem_load(v, pc);
	case KIND_STORE:
		return mem_store(v, pc);
	case KIND_LDDW:
		return lddw_step(v, pc);
	default: /* KIND_CALL; jumps and exits end blocks */
		return bpf_src(&v->in->insns[pc]) == BPF_SRC_LOCAL ? call_local(v, pc)
								   : call_helper(v, pc);
	}
}
