/*
 * input.h - a fuzzer's bytes, taken from the front
 */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

/* A number of @size bytes; where there are no more, they are zeros. */
static inline uint64_t take(struct input *in, unsigned size)
{
	uint64_t v = 0;
	size_t n = in->left < size ? in->left : size;

	memcpy(&v, in->at, n);
	in->at += n;
	in->left -= n;
	return v;
}

static inline void input_complain(const char *what)
{
	fprintf(stderr, "%s\n", what);
	abort();
}

#endif
