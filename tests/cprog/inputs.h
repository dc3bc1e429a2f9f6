/*
 * inputs.h - the contexts and the frame on which programs are compared
 */
#ifndef TESTS_CPROG_INPUTS_H
#define TESTS_CPROG_INPUTS_H

#include <string.h>

#include "policy/context.h"

#define INPUTS		8u
#define INPUT_FRAME	100u

static inline void input_frame(uint8_t frame[INPUT_FRAME])
{
	for (unsigned i = 0; i < INPUT_FRAME; i++)
		frame[i] = (uint8_t)(7 * i + 3);
}

/* Words of @ctx from a multiplicative sequence; small in every second context. */
static inline void input_context(struct hv_ctx *ctx, unsigned n)
{
	uint64_t *word = &ctx->eth_src, x = n + 1;

	memset(ctx, 0, sizeof(*ctx));
	for (unsigned i = 0; i < 40; i++) {
		x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		word[i] = n % 2 ? x >> 40 : x >> (x >> 59);
	}
}

#endif
