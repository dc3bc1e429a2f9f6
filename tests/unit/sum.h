/*
 * sum.h - checksums of a frame from scratch, byte by byte, for tests: no code of policy/
 */
#ifndef TESTS_UNIT_SUM_H
#define TESTS_UNIT_SUM_H

#include <stdbool.h>
#include <stdint.h>

/* The one's complement sum of @len bytes as big-endian words, added to @sum. */
static inline uint32_t scratch_sum(uint32_t sum, const uint8_t *b, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (uint32_t)b[i] << 8 : b[i];
		while (sum > 0xffff)
			sum = sum - 0xffff;
	}
	return sum;
}

/* Sum of pseudo header and transport: 0xffff when its checksum is right. */
static inline uint32_t scratch_transport(const uint8_t *src, const uint8_t *dst,
					 uint32_t address_len, uint8_t proto, const uint8_t *l4,
					 uint32_t len, uint32_t pseudo_len)
{
	uint8_t tail[8] = { pseudo_len >> 24, pseudo_len >> 16, pseudo_len >> 8, pseudo_len,
			    0, 0, 0, proto };
	uint32_t sum = 0;

	if (address_len > 0) {
		sum = scratch_sum(sum, src, address_len);
		sum = scratch_sum(sum, dst, address_len);
		sum = scratch_sum(sum, tail, 8);
	}
	return scratch_sum(sum, l4, len);
}

#endif
