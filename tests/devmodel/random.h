/*
 * random.h - numbers by chance that are the same for the same seed
 */
#ifndef TESTS_DEVMODEL_RANDOM_H
#define TESTS_DEVMODEL_RANDOM_H

#include <stdint.h>

/* Below @below. */
static inline uint32_t random_below(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % below);
}

#endif
