/*
 * encode.h - encodings of the instructions that the emulator knows, built from their parts
 */
#ifndef TESTS_UNIT_ENCODE_H
#define TESTS_UNIT_ENCODE_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/guest/gstate.h"
#include "hv/guest/insn.h"

struct random {
	uint64_t state;
};

uint64_t random_next(struct random *r);

/* True once in @n. */
static inline bool random_one_in(struct random *r, unsigned n)
{
	return random_next(r) % n == 0;
}

#define ENCODING_MAX	64

struct encoding {
	uint8_t bytes[ENCODING_MAX];
	unsigned length;		/* may be more than the processor takes */
	unsigned address_size;
	unsigned displacement_at, displacement_size;
	enum seg segment;		/* of the operand */
	int base, index;		/* registers, -1 for none */
	unsigned scale;
	bool memory, string, rip, locked;
	bool movbe;			/* not every processor has it */
	bool other;			/* CRC32, which is MOVBE's opcode with F2 */
	bool af_undefined;		/* AND, OR, XOR, TEST */
	uint64_t displacement;		/* sign-extended */
};

/*
 * Case @number for @mode: opcode and ModRM run through all their values with it, the rest is
 * random.  encode_cases() consecutive numbers have each pair once.
 */
void encode(struct random *r, enum insn_mode mode, uint64_t number, struct encoding *e);
unsigned encode_cases(enum insn_mode mode);

/* Put @value where the displacement is. */
void encode_displacement(struct encoding *e, uint64_t value);

#endif
