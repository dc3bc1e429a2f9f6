/*
 * verify_branch.c - what a conditional jump teaches about its operands, on either side
 */
#include "policy/range.h"

enum relation { REL_EQ, REL_NE, REL_LT, REL_LE, REL_SLT, REL_SLE, REL_SET, REL_CLEAR };

struct branch {
	uint8_t taken, other;	/* enum relation of a and b */
	bool swap_taken;	/* ... of b and a */
	bool swap_other;
	bool narrow;
};

#define ROW(id, t, st, o, so) \
	[BPF_##id##64_IMM] = { t, o, st, so, false }, [BPF_##id##64_REG] = { t, o, st, so, false }, \
	[BPF_##id##32_IMM] = { t, o, st, so, true }, [BPF_##id##32_REG] = { t, o, st, so, true }

/* a > b is b < a, its opposite a <= b */
static const struct branch branch_table[BPF_OPS] = {
	ROW(JEQ, REL_EQ, false, REL_NE, false),    ROW(JNE, REL_NE, false, REL_EQ, false),
	ROW(JGT, REL_LT, true, REL_LE, false),     ROW(JLE, REL_LE, false, REL_LT, true),
	ROW(JGE, REL_LE, true, REL_LT, false),     ROW(JLT, REL_LT, false, REL_LE, true),
	ROW(JSGT, REL_SLT, true, REL_SLE, false),  ROW(JSLE, REL_SLE, false, REL_SLT, true),
	ROW(JSGE, REL_SLE, true, REL_SLT, false),  ROW(JSLT, REL_SLT, false, REL_SLE, true),
	ROW(JSET, REL_SET, false, REL_CLEAR, false),
};

#define LOWER(x, limit) do { if ((limit) < (x)) (x) = (limit); } while (0)
#define RAISE(x, limit) do { if ((limit) > (x)) (x) = (limit); } while (0)

static bool narrow_equal(struct range *a, struct range *b)
{
	bool ok = true;

	RAISE(a->umin, b->umin);
	LOWER(a->umax, b->umax);
	RAISE(a->smin, b->smin);
	LOWER(a->smax, b->smax);
	RAISE(a->umin32, b->umin32);
	LOWER(a->umax32, b->umax32);
	RAISE(a->smin32, b->smin32);
	LOWER(a->smax32, b->smax32);
	a->bits = bits_meet(a->bits, b->bits, &ok);
	if (!ok || !range_sync(a))
		return false;
	*b = *a;
	return true;
}

static bool narrow_equal32(struct range *a, struct range *b)
{
	struct bits low = { 0, UINT64_MAX << 32 };
	bool ok = true;

	RAISE(a->umin32, b->umin32);
	LOWER(a->umax32, b->umax32);
	RAISE(a->smin32, b->smin32);
	LOWER(a->smax32, b->smax32);
	low.value = (uint32_t)b->bits.value;
	low.mask |= (uint32_t)b->bits.mask;
	a->bits = bits_meet(a->bits, low, &ok);
	if (!ok || !range_sync(a))
		return false;
	b->umin32 = a->umin32;
	b->umax32 = a->umax32;
	b->smin32 = a->smin32;
	b->smax32 = a->smax32;
	low.value = (uint32_t)a->bits.value;
	low.mask = (uint32_t)a->bits.mask | UINT64_MAX << 32;
	b->bits = bits_meet(b->bits, low, &ok);
	return ok && range_sync(b);
}

/* Only a constant at an end of the other's interval tells something. */
static bool narrow_unequal(struct range *a, const struct range *b)
{
	if (!range_is_const(b))
		return true;
	if (range_is_const(a))
		return a->umin != b->umin;
	a->umin += a->umin == b->umin;
	a->umax -= a->umax == b->umin;
	a->smin += a->smin == b->smin;
	a->smax -= a->smax == b->smin;
	return range_sync(a);
}

static bool narrow_unequal32(struct range *a, const struct range *b)
{
	if (b->umin32 != b->umax32)
		return true;
	if (a->umin32 == a->umax32)
		return a->umin32 != b->umin32;
	a->umin32 += a->umin32 == b->umin32;
	a->umax32 -= a->umax32 == b->umin32;
	a->smin32 += a->smin32 == b->smin32;
	a->smax32 -= a->smax32 == b->smin32;
	return range_sync(a);
}

/* a < b (or a <= b): the bounds of the width and sign in question. */
static bool narrow_less(enum relation rel, bool narrow, struct range *a, struct range *b)
{
	bool strict = rel == REL_LT || rel == REL_SLT;
	bool is_signed = rel == REL_SLT || rel == REL_SLE;

#define LESS(lo, hi, least, most) do { \
		if (strict && (b->hi == (least) || a->lo == (most))) \
			return false; \
		LOWER(a->hi, b->hi - strict); \
		RAISE(b->lo, a->lo + strict); \
	} while (0)
	if (is_signed && narrow)
		LESS(smin32, smax32, INT32_MIN, INT32_MAX);
	else if (is_signed)
		LESS(smin, smax, INT64_MIN, INT64_MAX);
	else if (narrow)
		LESS(umin32, umax32, 0, UINT32_MAX);
	else
		LESS(umin, umax, 0, UINT64_MAX);
#undef LESS
	return range_sync(a) && range_sync(b);
}

/* a & b != 0, or == 0: with a constant mask something is known of a's bits. */
static bool narrow_test(enum relation rel, bool narrow, struct range *a, const struct range *b)
{
	uint64_t mask = narrow ? (uint32_t)b->umin : b->umin;
	bool ok = true, known = narrow ? b->umin32 == b->umax32 : range_is_const(b);

	if (narrow)
		mask = b->umin32;
	if (!known)
		return true;
	if (rel == REL_CLEAR)
		a->bits = bits_meet(a->bits, (struct bits){ 0, ~mask }, &ok);
	else if (((a->bits.value | a->bits.mask) & mask) == 0)
		return false;
	else if ((mask & (mask - 1)) == 0)
		a->bits = bits_meet(a->bits, (struct bits){ mask, ~mask }, &ok);
	return ok && range_sync(a);
}

static bool narrow_both(enum relation rel, bool narrow, struct range *a, struct range *b)
{
	switch (rel) {
	case REL_EQ:
		return narrow ? narrow_equal32(a, b) : narrow_equal(a, b);
	case REL_NE:
		return narrow ? narrow_unequal32(a, b) && narrow_unequal32(b, a)
			      : narrow_unequal(a, b) && narrow_unequal(b, a);
	case REL_SET:
	case REL_CLEAR:
		return narrow_test(rel, narrow, a, b) && narrow_test(rel, narrow, b, a);
	default:
		return narrow_less(rel, narrow, a, b);
	}
}

bool range_branch(enum bpf_op op, bool taken, struct range *a, struct range *b)
{
	const struct branch *br = &branch_table[op];
	enum relation rel = taken ? br->taken : br->other;
	bool swap = taken ? br->swap_taken : br->swap_other;

	return swap ? narrow_both(rel, br->narrow, b, a) : narrow_both(rel, br->narrow, a, b);
}
