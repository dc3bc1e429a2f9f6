/*
 * verify_bits.c - arithmetic on known bits
 *
 * A number whose bits are partly known is the set of all numbers that agree in the known
 * ones.  Each function returns a set that holds every result of its operation.
 */
#include "policy/range.h"

struct bits bits_add(struct bits a, struct bits b)
{
	uint64_t low = a.value + b.value;
	uint64_t high = low + (a.mask + b.mask);
	/* a bit whose carry differs between the least and the greatest sum is unknown */
	uint64_t mask = (high ^ low) | a.mask | b.mask;

	return (struct bits){ low & ~mask, mask };
}

struct bits bits_sub(struct bits a, struct bits b)
{
	uint64_t d = a.value - b.value;
	uint64_t mask = ((d + a.mask) ^ (d - b.mask)) | a.mask | b.mask;

	return (struct bits){ d & ~mask, mask };
}

static unsigned trailing_zeros(struct bits a)
{
	uint64_t maybe = a.value | a.mask;

	return maybe ? (unsigned)__builtin_ctzll(maybe) : 64;
}

struct bits bits_mul(struct bits a, struct bits b)
{
	unsigned zeros = trailing_zeros(a) + trailing_zeros(b);

	if (a.mask == 0 && b.mask == 0)
		return (struct bits){ a.value * b.value, 0 };
	return (struct bits){ 0, zeros < 64 ? UINT64_MAX << zeros : 0 };
}

struct bits bits_and(struct bits a, struct bits b)
{
	uint64_t value = a.value & b.value;

	return (struct bits){ value, ((a.value | a.mask) & (b.value | b.mask)) & ~value };
}

struct bits bits_or(struct bits a, struct bits b)
{
	uint64_t value = a.value | b.value;

	return (struct bits){ value, (a.mask | b.mask) & ~value };
}

struct bits bits_xor(struct bits a, struct bits b)
{
	uint64_t mask = a.mask | b.mask;

	return (struct bits){ (a.value ^ b.value) & ~mask, mask };
}

struct bits bits_lsh(struct bits a, unsigned n)
{
	return (struct bits){ a.value << n, a.mask << n };
}

struct bits bits_rsh(struct bits a, unsigned n)
{
	return (struct bits){ a.value >> n, a.mask >> n };
}

struct bits bits_arsh(struct bits a, unsigned n)
{
	/* an unknown sign makes all bits that it fills unknown, a known one known */
	return (struct bits){ (uint64_t)((int64_t)a.value >> n),
			      (uint64_t)((int64_t)a.mask >> n) };
}

struct bits bits_low(struct bits a, unsigned bytes)
{
	uint64_t keep = bytes < 8 ? (UINT64_C(1) << 8 * bytes) - 1 : UINT64_MAX;

	return (struct bits){ a.value & keep, a.mask & keep };
}

struct bits bits_swap(struct bits a, unsigned bytes)
{
	unsigned n = 64 - 8 * bytes;

	return (struct bits){ __builtin_bswap64(a.value) >> n, __builtin_bswap64(a.mask) >> n };
}

struct bits bits_join(struct bits a, struct bits b)
{
	uint64_t mask = a.mask | b.mask | (a.value ^ b.value);

	return (struct bits){ a.value & ~mask, mask };
}

struct bits bits_of_interval(uint64_t lo, uint64_t hi)
{
	uint64_t differ = lo ^ hi, mask = 0;

	if (differ) /* from the highest bit that differs on, nothing is common */
		mask = UINT64_MAX >> __builtin_clzll(differ);
	return (struct bits){ lo & ~mask, mask };
}

struct bits bits_meet(struct bits a, struct bits b, bool *ok)
{
	uint64_t mask = a.mask & b.mask;

	if ((a.value ^ b.value) & ~(a.mask | b.mask))
		*ok = false;
	return (struct bits){ (a.value | b.value) & ~mask, mask };
}
