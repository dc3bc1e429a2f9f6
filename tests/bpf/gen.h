/*
 * gen.h - random programs from a seed
 */
#ifndef TESTS_BPF_GEN_H
#define TESTS_BPF_GEN_H

#include "tests/bpf/fake.h"

/* xorshift64*: the same everywhere, for ever. */
static inline uint64_t gen_random(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(0x2545f4914f6cdd1d);
}

/*
 * Fill @f with a program that mostly verifies: straight lines and branches, the blocks in
 * any order, arithmetic of every opcode, bounded indices into stack, data and map values,
 * helper and local calls.
 */
void gen_program(struct fake *f, uint64_t seed);

#endif
