/*
 * siphash.h - the hash of the fragment table once more, for tests: no code of policy/
 */
#ifndef TESTS_UNIT_SIPHASH_H
#define TESTS_UNIT_SIPHASH_H

#include <stdint.h>

static inline uint64_t siphash_turn(uint64_t v, unsigned by)
{
	return v << by | v >> (64 - by);
}

/* SipHash-1-3 without the length, of an IPv4 datagram: addresses, protocol, identification. */
static inline uint64_t siphash_fragment(uint64_t k0, uint64_t k1, uint32_t src, uint32_t dst,
					uint8_t proto, uint16_t id)
{
	uint64_t word[] = { 0, src, 0, dst, id | (uint64_t)proto << 32, 0xff, 0, 0 };
	uint64_t a = k0 ^ 0x736f6d6570736575, b = k1 ^ 0x646f72616e646f6d;
	uint64_t c = k0 ^ 0x6c7967656e657261, d = k1 ^ 0x7465646279746573;

	for (int i = 0; i < 8; i++) {
		if (i == 5)
			c ^= 0xff;
		if (i < 5)
			d ^= word[i];
		a += b;
		b = siphash_turn(b, 13) ^ a;
		a = siphash_turn(a, 32);
		c += d;
		d = siphash_turn(d, 16) ^ c;
		a += d;
		d = siphash_turn(d, 21) ^ a;
		c += b;
		b = siphash_turn(b, 17) ^ c;
		c = siphash_turn(c, 32);
		if (i < 5)
			a ^= word[i];
	}
	return a ^ b ^ c ^ d;
}

#endif
