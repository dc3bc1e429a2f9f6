/*
 * verify_range.c - intervals: how they are made, joined, and learn from each other
 */
#include "policy/range.h"

#define RANGE_ANY ((struct range){ 0, UINT64_MAX, INT64_MIN, INT64_MAX, 0, UINT32_MAX, \
				   INT32_MIN, INT32_MAX, { 0, UINT64_MAX } })

struct range range_any(void)
{
	return RANGE_ANY;
}

struct range range_const(uint64_t v)
{
	return (struct range){ v, v, (int64_t)v, (int64_t)v, (uint32_t)v, (uint32_t)v,
			       (int32_t)v, (int32_t)v, { v, 0 } };
}

struct range range_of_size(unsigned bytes)
{
	struct range r = RANGE_ANY;

	if (bytes < 8)
		r.umax = (UINT64_C(1) << 8 * bytes) - 1;
	return range_settle(r);
}

struct range range_of_signed(unsigned bytes)
{
	struct range r = RANGE_ANY;

	r.smax = (int64_t)(UINT64_MAX >> (65 - 8 * bytes));
	r.smin = -r.smax - 1;
	return range_settle(r);
}

bool range_contains(const struct range *r, uint64_t v)
{
	int64_t s = (int64_t)v;
	int32_t s32 = (int32_t)v;

	return v >= r->umin && v <= r->umax && s >= r->smin && s <= r->smax &&
	       (uint32_t)v >= r->umin32 && (uint32_t)v <= r->umax32 && s32 >= r->smin32 &&
	       s32 <= r->smax32 && (v & ~r->bits.mask) == r->bits.value;
}

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

struct range range_join(const struct range *a, const struct range *b)
{
	return (struct range){
		.umin = MIN(a->umin, b->umin), .umax = MAX(a->umax, b->umax),
		.smin = MIN(a->smin, b->smin), .smax = MAX(a->smax, b->smax),
		.umin32 = MIN(a->umin32, b->umin32), .umax32 = MAX(a->umax32, b->umax32),
		.smin32 = MIN(a->smin32, b->smin32), .smax32 = MAX(a->smax32, b->smax32),
		.bits = bits_join(a->bits, b->bits),
	};
}

/* Signed and unsigned bounds of the same number, where neither spans its own wrap. */
static void sync_signs(struct range *r)
{
	if ((int64_t)r->umin <= (int64_t)r->umax) {
		r->smin = MAX(r->smin, (int64_t)r->umin);
		r->smax = MIN(r->smax, (int64_t)r->umax);
	}
	if ((uint64_t)r->smin <= (uint64_t)r->smax) {
		r->umin = MAX(r->umin, (uint64_t)r->smin);
		r->umax = MIN(r->umax, (uint64_t)r->smax);
	}
	if ((int32_t)r->umin32 <= (int32_t)r->umax32) {
		r->smin32 = MAX(r->smin32, (int32_t)r->umin32);
		r->smax32 = MIN(r->smax32, (int32_t)r->umax32);
	}
	if ((uint32_t)r->smin32 <= (uint32_t)r->smax32) {
		r->umin32 = MAX(r->umin32, (uint32_t)r->smin32);
		r->umax32 = MIN(r->umax32, (uint32_t)r->smax32);
	}
}

/* Between the number and its lower half. */
static void sync_halves(struct range *r)
{
	uint64_t high;

	r->umin = MAX(r->umin, r->umin32);
	high = r->umin >> 32 << 32;
	if (high != r->umax >> 32 << 32)
		return;
	r->umin32 = MAX(r->umin32, (uint32_t)r->umin);
	r->umax32 = MIN(r->umax32, (uint32_t)r->umax);
	r->umin = MAX(r->umin, high | r->umin32);
	r->umax = MIN(r->umax, high | r->umax32);
}

static bool sync_bits(struct range *r)
{
	struct bits low;
	bool ok = true;

	r->bits = bits_meet(r->bits, bits_of_interval(r->umin, r->umax), &ok);
	low = bits_of_interval(r->umin32, r->umax32);
	low.mask |= UINT64_MAX << 32;
	r->bits = bits_meet(r->bits, low, &ok);
	r->umin = MAX(r->umin, r->bits.value);
	r->umax = MIN(r->umax, r->bits.value | r->bits.mask);
	r->umin32 = MAX(r->umin32, (uint32_t)r->bits.value);
	r->umax32 = MIN(r->umax32, (uint32_t)(r->bits.value | r->bits.mask));
	return ok;
}

static bool is_empty(const struct range *r)
{
	return r->umin > r->umax || r->smin > r->smax || r->umin32 > r->umax32 ||
	       r->smin32 > r->smax32;
}

bool range_sync(struct range *r)
{
	/* two rounds: what the bits teach the intervals reaches the other intervals */
	for (int round = 0; round < 2; round++) {
		sync_signs(r);	/* an empty range stays empty: bounds only close in */
		sync_halves(r);
		if (is_empty(r) || !sync_bits(r))
			return false;
		sync_signs(r);
	}
	return !is_empty(r);
}

struct range range_settle(struct range r)
{
	return range_sync(&r) ? r : RANGE_ANY;
}
