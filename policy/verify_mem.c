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
			      "every way here, or are a pointer's", (long long)lo, (long long)hi);
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

/* The upper or lower half of a number, as a number. */
static struct range half(const struct range *r, bool upper)
{
	struct range n = range_const(32);

	return range_alu(upper ? BPF_RSH64_IMM : BPF_LE32, r, &n);
}

/* The number that has the lower halves of these as its halves. */
static struct range of_halves(const struct range *upper, const struct range *lower)
{
	struct range n = range_const(32), l = half(lower, false), u = half(upper, false), r;

	u = range_alu(BPF_LSH64_IMM, &u, &n);
	r = range_add(&u, &l);
	r.umin32 = l.umin32;
	r.umax32 = l.umax32;
	r.smin32 = l.smin32;
	r.smax32 = l.smax32;
	return range_settle(r);
}

struct range mem_any(unsigned op)
{
	bool is_signed = op == BPF_LDSX8 || op == BPF_LDSX16 || op == BPF_LDSX32;

	return is_signed ? range_of_signed(bpf_access_size(op)) : range_of_size(bpf_access_size(op));
}

/* Into *@out what the load @op finds at stack byte @at, when more is known than its size. */
static void stack_load(const struct verifier *v, unsigned op, int64_t at, struct reg *out)
{
	unsigned slot = (unsigned)(at + (int)BPF_STACK_SIZE) / 8;
	const struct reg *s = &v->now.slot[slot];

	if (!(v->now.spilled >> slot & 1))
		return;
	if (op == BPF_LDX64 && at % 8 == 0)
		*out = *s;
	else if (op == BPF_LDX32 && at % 4 == 0 && s->type == REG_NUM)
		*out = reg_num(half(&s->r, at % 8 != 0));
}

/* The whole of a pointer that was put aside: its bytes are read in no other way. */
static bool is_pointer_load(const struct verifier *v, unsigned op, const struct reg *p, int64_t off)
{
	uint64_t at, slot;

	if (p->type != REG_STACK || !range_is_const(&p->r) || op != BPF_LDX64)
		return false;
	at = (uint64_t)(p->r.smin + off + (int)BPF_STACK_SIZE);
	slot = at / 8;
	if (at % 8 != 0 || slot >= VERIFY_SLOTS)
		return false;
	return (v->now.spilled >> slot & 1) && reg_is_pointer(&v->now.slot[slot]);
}

int mem_load(struct verifier *v, uint32_t pc)
{
	const struct bpf_insn *i = &v->in->insns[pc];
	unsigned op = v->op[pc], size = bpf_access_size(op);
	struct reg p, out = reg_num(mem_any(op));
	int rc = reg_read(v, pc, bpf_src(i), &p);

	if (rc == 0 && !is_pointer_load(v, op, &p, i->offset))
		rc = mem_check(v, pc, &p, i->offset, size, false);
	if (rc)
		return rc;
	if (p.type == REG_STACK && range_is_const(&p.r))
		stack_load(v, op, p.r.smin + i->offset, &out);
	v->now.reg[bpf_dst(i)] = out;
	return 0;
}

static int stack_store(struct verifier *v, uint32_t pc, const struct reg *p, int64_t lo, int64_t hi,
		       unsigned size, const struct reg *val)
{
	unsigned slot = (unsigned)(lo + (int)BPF_STACK_SIZE) / 8;
	bool fixed = range_is_const(&p->r), whole = fixed && size == 8 && lo % 8 == 0;
	struct range old = range_any(), upper;
	struct reg *s = &v->now.slot[slot];

	if (reg_is_pointer(val) && !whole)
		return refuse(v, pc, "a pointer is stored at a place that is not constant or not "
			      "aligned");
	if ((v->now.spilled >> slot & 1) && s->type == REG_NUM)
		old = s->r;
	state_forget_slots(&v->now, lo, hi);
	if (!fixed)
		return 0;
	if (reg_is_pointer(val))
		state_pointer_bytes(&v->now, lo, hi);
	else
		state_init_bytes(&v->now, lo, hi);
	upper = half(&old, true);
	if (whole)
		*s = *val;
	else if (size == 4 && lo % 8 == 0)
		*s = reg_num(of_halves(&upper, &val->r));
	else if (size == 4 && lo % 4 == 0)
		*s = reg_num(of_halves(&val->r, &old));
	else
		return 0;
	v->now.spilled |= UINT64_C(1) << slot;
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
