/*
 * crc32.h - the CRC at the end of an Ethernet frame (IEEE 802.3, section 3.2.9)
 */
#ifndef DEVMODEL_E1000_CRC32_H
#define DEVMODEL_E1000_CRC32_H

#include <stdint.h>

#define CRC32_BYTES	4u

struct crc32_table {
	uint32_t row[8][256];	/* row k: what a byte does k bytes later */
};

void crc32_create(struct crc32_table *t);
/* As it follows the frame: least significant byte first. */
uint32_t crc32(const struct crc32_table *t, const uint8_t *frame, uint32_t len);

#endif
