/*
 * checksum.c - the Internet checksum (RFC 1071) and its adjustment (RFC 1624)
 */
#include "policy/rewrite.h"

#include <string.h>

static uint16_t fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)sum;
}

/* Summed in memory order, which only swaps the bytes of the result (RFC 1071, 2(B)). */
uint16_t checksum(const uint8_t *bytes, uint32_t len)
{
	uint64_t sum = 0;
	uint32_t word = 0;

	for (; len >= 4; bytes += 4, len -= 4) {
		memcpy(&word, bytes, 4);
		sum += word;
	}
	word = 0;
	memcpy(&word, bytes, len);
	return __builtin_bswap16(fold(sum + word));
}

/* Equation 3: HC' = ~(~HC + ~m + m') */
uint16_t checksum_adjust(uint16_t field, uint16_t before, uint16_t after)
{
	return (uint16_t)~fold((uint64_t)(uint16_t)~field + (uint16_t)~before + after);
}
