/*
 * analyse.c - what can be said of a tree: its size, its rarity, the literals in it
 */
#include "compiler/regex/regex.h"

#define REQUIRED_MAX	255u	/* bytes of a required literal: more would not tell more */

static uint64_t add_sat(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t mul_sat(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

uint64_t re_positions(const struct re *re)
{
	uint64_t n = 0;

	if (re->kind == RE_CLASS)
		return 1;
	for (const struct re *c = re->child; c; c = c->next)
		n = add_sat(n, re_positions(c));
	if (re->kind == RE_REPEAT)
		n = mul_sat(n, re->max == RE_FOREVER ? (re->min ? re->min : 1) : re->max);
	return n;
}

/* log2(256 / size) in sixteenths, about. */
static uint64_t class_bits(const struct hvm_class *c)
{
	unsigned size = class_size(c);
	uint32_t ratio, whole;

	if (!size)
		return 8 * 16;
	ratio = (256u << 16) / size;
	whole = 31u - (unsigned)__builtin_clz(ratio);
	return (whole - 16) * 16 + (((ratio - (1u << whole)) >> (whole - 4)) & 15);
}

static uint64_t sixteenths(const struct re *re)
{
	uint64_t n = 0, best = UINT64_MAX;

	switch (re->kind) {
	case RE_CLASS:
		return class_bits(&re->set);
	case RE_CAT:
		for (const struct re *c = re->child; c; c = c->next)
			n = add_sat(n, sixteenths(c));
		return n;
	case RE_ALT:
		for (const struct re *c = re->child; c; c = c->next) {
			n = sixteenths(c);
			best = n < best ? n : best;
		}
		return best;
	case RE_REPEAT:
		return re->min ? mul_sat(re->min, sixteenths(re->child)) : 0;
	default:
		return 0;
	}
}

unsigned re_bits(const struct re *re)
{
	uint64_t bits = sixteenths(re) / 16;

	return bits > 65535 ? 65535 : (unsigned)bits;
}

/* A walk over what every match contains, in order. */
struct run {
	uint8_t *bytes;		/* of the run in hand; letters in both cases are lower case */
	bool *fold;
	size_t len, cap;
	bool broken;		/* the tree is more than one run */
	struct re_literal *best;
};

static void run_end(struct run *r)
{
	bool fold = false;

	if (r->len > r->best->len) {
		for (size_t i = 0; i < r->len; i++)
			fold |= r->fold[i];
		for (size_t i = 0; i < r->len; i++)
			r->best->bytes[i] = fold ? hvm_fold(r->bytes[i]) : r->bytes[i];
		r->best->len = r->len;
		r->best->fold = fold;
	}
	r->len = 0;
}

static void run_break(struct run *r)
{
	run_end(r);
	r->broken = true;
}

static void run_class(struct run *r, const struct hvm_class *set)
{
	bool fold;
	int byte = class_single(set, &fold);

	if (byte < 0) {
		run_break(r);
		return;
	}
	if (r->len == r->cap)
		run_break(r);
	r->bytes[r->len] = (uint8_t)byte;
	r->fold[r->len++] = fold;
}

static void run_walk(struct run *r, const struct re *re)
{
	switch (re->kind) {
	case RE_EMPTY:
		return;
	case RE_CLASS:
		run_class(r, &re->set);
		return;
	case RE_ASSERT:
		r->broken = true;	/* no literal, but the run goes on */
		return;
	case RE_CAT:
		for (const struct re *c = re->child; c; c = c->next)
			run_walk(r, c);
		return;
	case RE_ALT:
		run_break(r);
		return;
	case RE_REPEAT:
		if (re_positions(re->child)) {
			for (uint32_t i = 0; i < re->min; i++)
				run_walk(r, re->child);
		}
		if (re->max != re->min || !re_positions(re->child))
			run_break(r);
		return;
	}
}

static void longest_run(const struct re *re, struct pool *p, size_t cap, struct run *r,
			struct re_literal *out)
{
	out->bytes = pool_alloc(p, cap + 1);
	out->len = 0;
	out->fold = false;
	r->bytes = pool_alloc(p, cap + 1);
	r->fold = pool_array(p, cap + 1, sizeof(bool));
	r->len = 0;
	r->cap = cap;
	r->broken = false;
	r->best = out;
	run_walk(r, re);
}

bool re_is_literal(const struct re *re, struct pool *p, struct re_literal *out)
{
	uint64_t n = re_positions(re);
	struct run r;
	bool fold = false, exact = false;

	if (!n || n > HVM_MAX_PATTERN)
		return false;
	longest_run(re, p, (size_t)n, &r, out);
	if (r.broken || !r.len)
		return false;
	for (size_t i = 0; i < r.len; i++) {
		bool letter = (r.bytes[i] | 0x20) >= 'a' && (r.bytes[i] | 0x20) <= 'z';

		fold |= r.fold[i];
		exact |= letter && !r.fold[i];
	}
	run_end(&r);
	return !(fold && exact);
}

void re_required(const struct re *re, struct pool *p, struct re_literal *out)
{
	struct run r;

	longest_run(re, p, REQUIRED_MAX, &r, out);
	run_end(&r);
}
