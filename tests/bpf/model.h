/*
 * model.h - a slow evaluator of BPF that checks everything the verifier proves
 */
#ifndef TESTS_BPF_MODEL_H
#define TESTS_BPF_MODEL_H

#include "tests/bpf/fake.h"

/* Called before each instruction with r0..r10 as the model keeps them. */
typedef void model_fn(void *arg, uint32_t pc, const uint64_t reg[11], unsigned level);

/* Run the program of @hook.  Returns NULL and *@result, or what it did wrong. */
const char *model_run(struct fake *f, enum hv_hook hook, uint64_t *result, model_fn *each,
		      void *arg);
/* A copy whose pointers point into itself. */
void model_copy(struct fake *to, const struct fake *from);

#endif
