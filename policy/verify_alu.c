/*
 * verify_alu.c - what arithmetic does to ranges
 *
 * Each 64-bit operation is written once; a 32-bit one is the 64-bit one on zero-extended
 * and on sign-extended operands, of whose results the lower half is kept.
 */
#include "policy/range.h"

static struct range of_bits(struct bits bits)
{
	struct range r = range_any();

	r.bits = bits;
	return range_settle(r);
}

struct range range_add(const struct range *a, const struct range *b)
{
	struct range r = range_any();

	r.bits = bits_add(a->bits, b->bits);
	if (__builtin_add_overflow(a->umin, b->umin, &r.umin) ||
	    __builtin_add_overflow(a->umax, b->umax, &r.umax)) {
		r.umin = 0;
		r.umax = UINT64_MAX;
	}
	if (__builtin_add_overflow(a->smin, b->smin, &r.smin) ||
	    __builtin_add_overflow(a->smax, b->smax, &r.smax)) {
		r.smin = INT64_MIN;
		r.smax = INT64_MAX;
	}
	return range_settle(r);
}

struct range range_sub(const struct range *a, const struct range *b)
{
	struct range r = range_any();

	r.bits = bits_sub(a->bits, b->bits);
	if (__builtin_sub_overflow(a->umin, b->umax, &r.umin) ||
	    __builtin_sub_overflow(a->umax, b->umin, &r.umax)) {
		r.umin = 0;
		r.umax = UINT64_MAX;
	}
	if (__builtin_sub_overflow(a->smin, b->smax, &r.smin) ||
	    __builtin_sub_overflow(a->smax, b->smin, &r.smax)) {
		r.smin = INT64_MIN;
		r.smax = INT64_MAX;
	}
	return range_settle(r);
}

/* The four products of the signed ends bound all others. */
static void signed_product(struct range *r, const struct range *a, const struct range *b)
{
	int64_t p[4];
	bool over = __builtin_mul_overflow(a->smin, b->smin, &p[0]) ||
		    __builtin_mul_overflow(a->smin, b->smax, &p[1]) ||
		    __builtin_mul_overflow(a->smax, b->smin, &p[2]) ||
		    __builtin_mul_overflow(a->smax, b->smax, &p[3]);

	if (over)
		return;
	r->smin = r->smax = p[0];
	for (int i = 1; i < 4; i++) {
		r->smin = p[i] < r->smin ? p[i] : r->smin;
		r->smax = p[i] > r->smax ? p[i] : r->smax;
	}
}

static struct range mul(const struct range *a, const struct range *b)
{
	struct range r = range_any();
	uint64_t lo, hi;

	r.bits = bits_mul(a->bits, b->bits);
	if (!__builtin_mul_overflow(a->umax, b->umax, &hi)) {
		lo = a->umin * b->umin;
		r.umin = lo;
		r.umax = hi;
	}
	signed_product(&r, a, b);
	return range_settle(r);
}

/* RFC 9669 section 4.1: division by zero gives 0. */
static struct range divide(const struct range *a, const struct range *b)
{
	struct range r = range_any();

	r.umin = b->umin ? a->umin / b->umax : 0;
	r.umax = a->umax / (b->umin ? b->umin : 1);
	return range_settle(r);
}

/* Modulo by zero leaves the destination. */
static struct range modulo(const struct range *a, const struct range *b)
{
	struct range r = range_any();

	if (b->umin > a->umax || b->umax == 0)
		return *a;
	r.umax = a->umax;
	if (b->umin && b->umax - 1 < r.umax)
		r.umax = b->umax - 1;
	return range_settle(r);
}

static struct range signed_divide(const struct range *a, const struct range *b)
{
	struct range r = range_any();
	int64_t d = b->smin;

	if (range_is_const(b) && d == 0)
		return range_const(0);
	if (!range_is_const(b) || (d == -1 && a->smin == INT64_MIN))
		return r;
	r.smin = d > 0 ? a->smin / d : a->smax / d;
	r.smax = d > 0 ? a->smax / d : a->smin / d;
	return range_settle(r);
}

static struct range signed_modulo(const struct range *a, const struct range *b)
{
	struct range r = range_any();
	uint64_t most;

	if (range_is_const(b) && b->smin == 0)
		return *a;
	if (range_is_const(b) && b->smin != INT64_MIN) {
		most = (uint64_t)(b->smin < 0 ? -b->smin : b->smin) - 1;
		r.smax = (int64_t)most;
		r.smin = -(int64_t)most;
	}
	/* the result has the dividend's sign and is no farther from 0 */
	if (r.smin < a->smin)
		r.smin = a->smin < 0 ? a->smin : 0;
	if (r.smax > a->smax)
		r.smax = a->smax > 0 ? a->smax : 0;
	return range_settle(r);
}

static struct range and(const struct range *a, const struct range *b)
{
	struct range r = range_any();

	r.bits = bits_and(a->bits, b->bits);
	r.umax = a->umax < b->umax ? a->umax : b->umax;
	return range_settle(r);
}

static struct range or(const struct range *a, const struct range *b)
{
	struct range r = range_any();

	r.bits = bits_or(a->bits, b->bits);
	r.umin = a->umin > b->umin ? a->umin : b->umin;
	return range_settle(r);
}

/* Shift counts in b are below 64. */
static struct range lsh(const struct range *a, const struct range *b)
{
	struct range r = range_any();

	if (range_is_const(b))
		r.bits = bits_lsh(a->bits, (unsigned)b->umin);
	if (a->umax <= UINT64_MAX >> b->umax) {
		r.umin = a->umin << b->umin;
		r.umax = a->umax << b->umax;
	}
	return range_settle(r);
}

static struct range rsh(const struct range *a, const struct range *b)
{
	struct range r = range_any();

	if (range_is_const(b))
		r.bits = bits_rsh(a->bits, (unsigned)b->umin);
	r.umin = a->umin >> b->umax;
	r.umax = a->umax >> b->umin;
	return range_settle(r);
}

static struct range arsh(const struct range *a, const struct range *b)
{
	struct range r = range_any();

	if (range_is_const(b))
		r.bits = bits_arsh(a->bits, (unsigned)b->umin);
	r.smin = a->smin >> (a->smin < 0 ? b->umin : b->umax);
	r.smax = a->smax >> (a->smax < 0 ? b->umax : b->umin);
	return range_settle(r);
}

/* The lower @bytes bytes, sign-extended. */
static struct range sign_extend(const struct range *a, unsigned bytes)
{
	struct range n = range_const(64 - 8 * bytes), r = lsh(a, &n);

	return arsh(&r, &n);
}

static struct range zero_extend32(const struct range *a)
{
	struct range r = range_any();

	r.bits = bits_low(a->bits, 4);
	r.umin = r.umin32 = a->umin32;
	r.umax = r.umax32 = a->umax32;
	r.smin32 = a->smin32;
	r.smax32 = a->smax32;
	return range_settle(r);
}

static struct range sign_extend32(const struct range *a)
{
	struct range r = range_any();

	r.bits = bits_arsh(bits_lsh(a->bits, 32), 32);
	r.smin = r.smin32 = a->smin32;
	r.smax = r.smax32 = a->smax32;
	return range_settle(r);
}

/* The lower half of a result that was computed twice: @z from zero-, @s from sign-extended. */
static struct range lower_half(const struct range *z, const struct range *s)
{
	struct range r = range_any();

	r.bits = bits_low(z->bits, 4);
	r.umax = UINT32_MAX;
	if (z->umax - z->umin <= UINT32_MAX && (uint32_t)z->umin <= (uint32_t)z->umax) {
		r.umin32 = (uint32_t)z->umin;
		r.umax32 = (uint32_t)z->umax;
	}
	if (s->smin >= INT32_MIN && s->smax <= INT32_MAX) {
		r.smin32 = (int32_t)s->smin;
		r.smax32 = (int32_t)s->smax;
	}
	return range_settle(r);
}

typedef struct range binary_fn(const struct range *a, const struct range *b);

static struct range xor(const struct range *a, const struct range *b)
{
	return of_bits(bits_xor(a->bits, b->bits));
}

static struct range mov(const struct range *a, const struct range *b)
{
	return *b;
}

static struct range neg(const struct range *a, const struct range *b)
{
	struct range zero = range_const(0);

	return range_sub(&zero, a);
}

/*
 * Which extension of the operands makes the lower half of the 64-bit result that of the
 * 32-bit operation: any, for those whose lower half depends on lower halves only.
 */
enum extension { EXT_ANY, EXT_ZERO, EXT_SIGN };

struct alu {
	binary_fn *fn;
	enum extension ext;
	bool shift;		/* counts are masked */
};

#define ROW(id, f, e, sh) \
	[BPF_##id##64_IMM] = { f, e, sh }, [BPF_##id##64_REG] = { f, e, sh }, \
	[BPF_##id##32_IMM] = { f, e, sh }, [BPF_##id##32_REG] = { f, e, sh }

static const struct alu alu_table[BPF_OPS] = {
	ROW(ADD, range_add, EXT_ANY, false), ROW(SUB, range_sub, EXT_ANY, false),
	ROW(MUL, mul, EXT_ANY, false), ROW(DIV, divide, EXT_ZERO, false),
	ROW(OR, or, EXT_ANY, false), ROW(AND, and, EXT_ANY, false),
	ROW(LSH, lsh, EXT_ZERO, true), ROW(RSH, rsh, EXT_ZERO, true),
	ROW(MOD, modulo, EXT_ZERO, false), ROW(XOR, xor, EXT_ANY, false),
	ROW(MOV, mov, EXT_ANY, false), ROW(ARSH, arsh, EXT_SIGN, true),
	ROW(SDIV, signed_divide, EXT_SIGN, false), ROW(SMOD, signed_modulo, EXT_SIGN, false),
	[BPF_NEG64] = { neg, EXT_ANY, false }, [BPF_NEG32] = { neg, EXT_ANY, false },
};

static struct range binary32(const struct alu *alu, const struct range *a, const struct range *b)
{
	struct range az = zero_extend32(a), bz = zero_extend32(b);
	struct range as = sign_extend32(a), bs = alu->shift ? bz : sign_extend32(b);
	struct range z, s;

	if (alu->ext == EXT_ZERO) {
		z = alu->fn(&az, &bz);
		return lower_half(&z, &z);
	}
	s = alu->fn(&as, &bs);
	if (alu->ext == EXT_SIGN)
		return lower_half(&s, &s);
	z = alu->fn(&az, &bz);
	return lower_half(&z, &s);
}

static struct range binary(enum bpf_op op, const struct range *a, const struct range *b)
{
	const struct alu *alu = &alu_table[op];
	bool narrow = bpf_op_table[op].kind == KIND_ALU32;
	struct range count, width;

	if (alu->shift) {
		width = range_const(narrow ? 31 : 63);
		count = and(b, &width);
		b = &count;
	}
	return narrow ? binary32(alu, a, b) : alu->fn(a, b);
}

struct range range_alu(enum bpf_op op, const struct range *a, const struct range *b)
{
	struct range r;

	if (alu_table[op].fn)
		return binary(op, a, b);
	switch (op) {
	case BPF_LE16:
		return of_bits(bits_low(a->bits, 2));
	case BPF_LE32:
		return zero_extend32(a);
	case BPF_LE64:
		return *a;
	case BPF_BE16:
	case BPF_SWAP16:
		return of_bits(bits_swap(a->bits, 2));
	case BPF_BE32:
	case BPF_SWAP32:
		return of_bits(bits_swap(a->bits, 4));
	case BPF_BE64:
	case BPF_SWAP64:
		return of_bits(bits_swap(a->bits, 8));
	case BPF_MOVSX8_64:
		return sign_extend(b, 1);
	case BPF_MOVSX16_64:
		return sign_extend(b, 2);
	case BPF_MOVSX32_64:
		return sign_extend32(b);
	case BPF_MOVSX8_32:
		r = sign_extend(b, 1);
		return zero_extend32(&r);
	case BPF_MOVSX16_32:
		r = sign_extend(b, 2);
		return zero_extend32(&r);
	default:
		return range_any();
	}
}
