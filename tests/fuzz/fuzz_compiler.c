/*
 * fuzz_compiler.c - any text: compiled or refused, and what was compiled loads
 */
#include <stdlib.h>
#include <string.h>

#include "compiler/hvc.h"
#include "policy/judge.h"

/* static: to allocate and clear so much for each input takes longer than to compile it */
static uint8_t memory[64 << 20] __attribute__((aligned(16)));

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(const struct hvc_result *r)
{
	struct policy_error e;
	struct policy *p;
	struct arena a;
	int status;

	arena_init(&a, memory, sizeof(memory));
	status = policy_load(&a, r->module, r->module_len, &p, &e);
	if (status && status != POLICY_ENOMEM)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* the first byte: with or without optimisation */
	struct hvc_options o = { .memory_limit = (size_t)64 << 20 };
	struct hvc_result r;
	char *text;

	if (!size)
		return 0;
	o.plain = data[0] & 1;
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	hvc_compile_text("fuzz.hvrule", text, size - 1, &o, &r);
	if (r.status == 0)
		load(&r);
	hvc_free(&r);
	free(text);
	return 0;
}
