/*
 * sha256.h - SHA-256 (FIPS 180-4)
 */
#ifndef POLICY_SHA256_H
#define POLICY_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE	32u

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;		/* taken so far */
	uint8_t block[64];
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t len);
void sha256_final(struct sha256 *s, uint8_t digest[SHA256_SIZE]);

#endif
