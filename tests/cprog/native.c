/*
 * native.c - the same programs as the host's compiler understands them
 *
 * Included behind the programs; PROGRAMS lists them: X(prog1) X(prog2) ...
 */
#include <stdio.h>

#include "tests/cprog/inputs.h"

static uint8_t frame[INPUT_FRAME];

uint64_t hv_bytes(const struct hv_ctx *ctx, uint64_t area, uint64_t offset, void *buf, uint64_t size)
{
	memset(buf, 0, size);
	if (offset > sizeof(frame) || size > sizeof(frame) - offset)
		return 1;
	memcpy(buf, frame + offset, size);
	return 0;
}

#define X(prog) uint64_t prog(const struct hv_ctx *ctx);
PROGRAMS
#undef X

int main(void)
{
	static uint64_t (*const all[])(const struct hv_ctx *) = {
#define X(prog) prog,
		PROGRAMS
#undef X
	};
	struct hv_ctx ctx;

	input_frame(frame);
	for (size_t p = 0; p < sizeof(all) / sizeof(all[0]); p++) {
		for (unsigned n = 0; n < INPUTS; n++) {
			input_context(&ctx, n);
			printf("%s%llx", n ? " " : "", (unsigned long long)all[p](&ctx));
		}
		printf("\n");
	}
	return 0;
}
