/*
 * fuzz_front.c - any text to the front end: a model or messages, never a crash
 */
#include <stdint.h>
#include <stdlib.h>

#include "compiler/hvc.h"
#include "compiler/phase.h"

#define FUZZ_MEMORY	((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *null;
	struct pool p = { .limit = FUZZ_MEMORY };
	struct diags d;
	jmp_buf out;
	bool io;

	if (!null)
		null = fopen("/dev/null", "w");
	diags_init(&d);
	p.out = &out;
	/* a folder that is not there: nothing is included */
	if (!setjmp(out))
		front_end("nowhere/fuzz.hvrule", (const char *)data, size, &p, &d, &io);
	if (null) {
		diags_print(&d, null);
		diags_print_json(&d, null);
	}
	diags_free(&d);
	pool_free(&p);
	return 0;
}
