/*
 * crc32.c - the CRC at the end of an Ethernet frame, eight bytes at a time
 */
#include "devmodel/e1000/crc32.h"

#include <string.h>

#define POLYNOMIAL	0xedb88320u	/* 802.3's, low bit first */

void crc32_create(struct crc32_table *t)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (unsigned bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? POLYNOMIAL : 0);
		t->row[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (unsigned k = 1; k < 8; k++)
			t->row[k][i] = t->row[k - 1][i] >> 8 ^ t->row[0][t->row[k - 1][i] & 0xff];
}

uint32_t crc32(const struct crc32_table *t, const uint8_t *frame, uint32_t len)
{
	uint64_t c = UINT32_MAX;

	for (; len >= 8; len -= 8, frame += 8) {
		uint64_t v;

		memcpy(&v, frame, sizeof(v));
		v ^= c;
		c = t->row[7][v & 0xff] ^ t->row[6][v >> 8 & 0xff] ^ t->row[5][v >> 16 & 0xff] ^
		    t->row[4][v >> 24 & 0xff] ^ t->row[3][v >> 32 & 0xff] ^ t->row[2][v >> 40 & 0xff] ^
		    t->row[1][v >> 48 & 0xff] ^ t->row[0][v >> 56];
	}
	for (; len > 0; len--)
		c = c >> 8 ^ t->row[0][(c ^ *frame++) & 0xff];
	return ~(uint32_t)c;
}
