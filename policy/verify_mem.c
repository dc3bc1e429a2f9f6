/*
 * verify_mem.c - loads, stores, and memory that helpers are given
 */
#include "policy/map.h"
#include "policy/verify.h"

/* Every byte that an access at @p + @off may touch: [*lo, *hi) within the object. */
static void span(const struct reg *p, int64_t off, uint64_t size, int64_t *lo, int64_t *hi)
{
	/* offsets are within VERIFY_MAX_OFFSET, @off and @size within 2^16: no overflow */
	*lo = p->r.smin + off;
	*hi = p->r.smax + off + (int64_t)size;
}

static int check_within(struct verifier *v, uint32_t pc, const char *what, int64_t lo, int64_t hi,
			int64_t size)
{
	if (lo >= 0 && hi <= size)
		return 0;
	return refuse(v, pc, "bytes %lld to %lld of %s, which has %lld", (long long)lo,
		      (long long)hi, what, (long long)size);
}

static int check_stack(struct verifier *v, uint32_t pc, int64_t lo, int64_t hi, bool write)
{
	if (lo < -(int64_t)BPF_STACK_SIZE || hi > 0)
		return refuse(v, pc, "stack bytes %lld to %lld; a frame has -%u to 0",
			      (long long)lo, (long long)hi, BPF_STACK_SIZE);
	if (!write && !state_bytes_are_init(&v->now, lo, hi))
		return refuse(v, pc, "stack bytes %lld to %lld are read, but were not written on "
			      "every way here", (long long)lo, (long long)hi);
	if ((uint32_t)-lo > v->func->depth)
		v->func->depth = (uint32_t)-lo;
	return 0;
}

/* Whole fields, as they lie, read only. */
static int check_ctx(struct verifier *v, uint32_t pc, const struct reg *p, int64_t lo, int64_t hi,
		     uint64_t size, bool write)
{
	struct bits at = bits_add(p->r.bits, (struct bits){ (uint64_t)(lo - p->r.smin), 0 });

	if (write)
		return refuse(v, pc, "the context is read-only");
	if ((at.value | at.mask) & (size - 1))
		return refuse(v, pc, "the context is read at a place that is not aligned");
	return check_within(v, pc, "the context", lo, hi, sizeof(struct hv_ctx));
}

int mem_check(struct verifier *v, uint32_t pc, const struct reg *p, int64_t off, uint64_t size,
	      bool write)
{
	int64_t lo, hi;

	if (!reg_is_pointer(p))
		return refuse(v, pc, "a number is used as an address");
	span(p, off, size, &lo, &hi);
	switch (p->type) {
	case REG_CTX:
		return check_ctx(v, pc, p, lo, hi, size, write);
	case REG_STACK:
		return check_stack(v, pc, lo, hi, write);
	case REG_ARG:
		return check_within(v, pc, "the caller's memory", lo, hi, p->object);
	case REG_READ:
		if (write)
			return refuse(v, pc, "a pointer to one of several objects is written to");
		return check_within(v, pc, "one of several objects", lo, hi, p->object);
	case REG_VALUE:
		return check_within(v, pc, "a map's value", lo, hi,
				    map_value_size(v->in->maps[p->object]));
	case REG_VALUE_OR_NULL:
		return refuse(v, pc, "a map's value may be NULL; test it first");
	case REG_DATA:
		if (write && !v->in->regions[p->object].writable)
			return refuse(v, pc, "the data is read-only");
		return check_within(v, pc, "the data", lo, hi, v->in->regions[p->object].size);
	default:
		return refuse(v, pc, "a map is not memory; look its values up");
	}
}

/* What a load of @size bytes from the stack finds there. */
static struct reg stack_load(struct verifier *v, int64_t at, const struct reg *p, unsigned size)
{
	unsigned slot = (unsigned)(at + (int)BPF_STACK_SIZE) / 8;
	const struct reg *s = &v->now.slot[slot];

	if (!range_is_const(&p->r) || at % 8 || !(v->now.spilled >> slot & 1))
		return reg_num(range_of_size(size));
	if (size == 8)
		return *s;
	if (size == 4 && s->type == REG_NUM)
		return reg_num(range_alu(BPF_LE32, &s->r, &s->r));
	return reg_num(range_of_size(size));
}

int mem_load(struct verifier *v, uint32_t pc)
{
	const struct bpf_insn *i = &v->in->insns[pc];
	unsigned op = v->op[pc], size = bpf_access_size(op);
	bool is_signed = op == BPF_LDSX8 || op == BPF_LDSX16 || op == BPF_LDSX32;
	struct reg p, out;
	int rc = reg_read(v, pc, bpf_src(i), &p);

	if (rc == 0)
		rc = mem_check(v, pc, &p, i->offset, size, false);
	if (rc)
		return rc;
	if (is_signed)
		out = reg_num(range_of_signed(size));
	else if (p.type == REG_STACK)
		out = stack_load(v, p.r.smin + i->offset, &p, size);
	else
		out = reg_num(range_of_size(size));
	v->now.reg[bpf_dst(i)] = out;
	return 0;
}

static int stack_store(struct verifier *v, uint32_t pc, const struct reg *p, int64_t lo, int64_t hi,
		       unsigned size, const struct reg *val)
{
	bool fixed = range_is_const(&p->r), whole = fixed && size == 8 && lo % 8 == 0;

	if (reg_is_pointer(val) && !whole)
		return refuse(v, pc, "a pointer is stored at a place that is not constant or not "
			      "aligned");
	state_forget_slots(&v->now, lo, hi);
	if (fixed)
		state_init_bytes(&v->now, lo, hi);
	if (whole) {
		unsigned slot = (unsigned)(lo + (int)BPF_STACK_SIZE) / 8;

		v->now.slot[slot] = *val;
		v->now.spilled |= UINT64_C(1) << slot;
	}
	return 0;
}

int mem_store(struct verifier *v, uint32_t pc)
{
	const struct bpf_insn *i = &v->in->insns[pc];
	unsigned size = bpf_access_size(v->op[pc]);
	struct reg p, val = reg_num(range_const((uint64_t)(int64_t)i->imm));
	int64_t lo, hi;
	int rc = reg_read(v, pc, bpf_dst(i), &p);

	if (rc == 0 && bpf_uses_reg(v->op[pc]))
		rc = reg_read(v, pc, bpf_src(i), &val);
	if (rc == 0)
		rc = mem_check(v, pc, &p, i->offset, size, true);
	if (rc)
		return rc;
	if (p.type == REG_STACK) {
		if (bpf_uses_reg(v->op[pc]))
			reg_share_id(v, pc, bpf_src(i), &val);
		span(&p, i->offset, size, &lo, &hi);
		return stack_store(v, pc, &p, lo, hi, size, &val);
	}
	if (reg_is_pointer(&val))
		return refuse(v, pc, "a pointer is stored outside the stack");
	return 0;
}
