/*
 * range.h - what is known of a 64-bit number: intervals and bits
 */
#ifndef POLICY_RANGE_H
#define POLICY_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/insn.h"

/* Bits that are known: x & ~mask == value; value & mask == 0. */
struct bits {
	uint64_t value, mask;
};

/* All bounds are inclusive and hold at once; the _32 ones are of the lower half. */
struct range {
	uint64_t umin, umax;
	int64_t smin, smax;
	uint32_t umin32, umax32;
	int32_t smin32, smax32;
	struct bits bits;
};

struct range range_any(void);
struct range range_const(uint64_t value);
/* Unsigned numbers of @bytes bytes; signed ones. */
struct range range_of_size(unsigned bytes);
struct range range_of_signed(unsigned bytes);

static inline bool range_is_const(const struct range *r)
{
	return r->umin == r->umax;
}

bool range_contains(const struct range *r, uint64_t value);
/* The smallest range that holds both. */
struct range range_join(const struct range *a, const struct range *b);
/* Let every bound learn from the others; false when no number is left. */
bool range_sync(struct range *r);
/*
 * The same for a result.  On a way that cannot be taken, which nobody has noticed yet, no
 * number may be left: then any, since bounds that end before they begin would lie in any object.
 */
struct range range_settle(struct range r);

/* The result of ALU instruction @op (ALU64 and ALU32 of opcode.def) on a and b. */
struct range range_alu(enum bpf_op op, const struct range *a, const struct range *b);
struct range range_add(const struct range *a, const struct range *b);
struct range range_sub(const struct range *a, const struct range *b);

/*
 * A conditional jump @op on a and b went (@taken) or did not: narrow both.  Returns false
 * when it cannot have.
 */
bool range_branch(enum bpf_op op, bool taken, struct range *a, struct range *b);

/* bits.c: the same operations on known bits alone */
struct bits bits_add(struct bits a, struct bits b);
struct bits bits_sub(struct bits a, struct bits b);
struct bits bits_mul(struct bits a, struct bits b);
struct bits bits_and(struct bits a, struct bits b);
struct bits bits_or(struct bits a, struct bits b);
struct bits bits_xor(struct bits a, struct bits b);
struct bits bits_lsh(struct bits a, unsigned n);
struct bits bits_rsh(struct bits a, unsigned n);
struct bits bits_arsh(struct bits a, unsigned n);
struct bits bits_swap(struct bits a, unsigned bytes);
struct bits bits_low(struct bits a, unsigned bytes);
struct bits bits_join(struct bits a, struct bits b);
/* What all numbers in lo..hi have in common. */
struct bits bits_of_interval(uint64_t lo, uint64_t hi);
/* Both hold; *@ok is cleared when they contradict each other. */
struct bits bits_meet(struct bits a, struct bits b, bool *ok);

#endif
