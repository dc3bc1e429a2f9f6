/*
 * fuzz_compiler.c - any text: compiled or refused, and what was compiled loads
 */
#include <stdlib.h>
#include <string.h>

#include "compiler/hvc.h"
#include "policy/judge.h"

#define ARENA_BYTES	((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(const struct hvc_result *r)
{
	struct policy_error e;
	struct policy *p;
	struct arena a;
	void *base = aligned_alloc(16, ARENA_BYTES);
	int status;

	if (!base)
		return;
	arena_init(&a, base, ARENA_BYTES);
	status = policy_load(&a, r->module, r->module_len, &p, &e);
	if (status && status != POLICY_ENOMEM)
		abort();
	free(base);
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
