/*
 * run.c - load C modules, run each on some contexts, print what they return
 *
 * usage: run MODULE.o...   prints "N result result ..." or "N refused: text" for each
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/seal.h"
#include "policy/judge_state.h"
#include "policy/program.h"
#include "tests/cprog/inputs.h"

#define ARENA_SIZE ((size_t)64 << 20)

static void *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes = malloc(1 << 20);

	*len = f ? fread(bytes, 1, 1 << 20, f) : 0;
	if (f)
		fclose(f);
	return bytes;
}

static void run_module(const char *path, void *memory)
{
	static uint8_t frame[INPUT_FRAME];
	struct policy_error err = { 0 };
	const char *why = NULL;
	struct policy *policy;
	struct judge *j;
	struct arena a;
	size_t len, sealed_len;
	uint8_t *sealed, *bytes = read_file(path, &len);
	int rc = seal_module(bytes, len, &sealed, &sealed_len, &why);

	free(bytes);
	if (rc) {
		printf("refused: %s\n", why);
		return;
	}
	arena_init(&a, memory, ARENA_SIZE);
	rc = policy_load(&a, sealed, sealed_len, &policy, &err);
	if (rc == 0)
		rc = judge_create(&a, policy, NULL, NULL, &j, &err);
	if (rc) {
		printf("refused: %s %u: %s\n", err.where, err.insn, err.text);
		free(sealed);
		return;
	}
	input_frame(frame);
	j->now.areas_known = true;
	j->areas[HV_AREA_FRAME] = (struct match_area_bytes){ frame, sizeof(frame) };
	for (unsigned n = 0; n < INPUTS; n++) {
		input_context(&j->ctx, n);
		printf("%s%llx", n ? " " : "", (unsigned long long)program_run(policy->program,
			HV_HOOK_NET_OUT, j, &j->ctx));
	}
	printf("\n");
	free(sealed);
}

int main(int argc, char **argv)
{
	void *memory = aligned_alloc(16, ARENA_SIZE);

	for (int i = 1; i < argc; i++)
		run_module(argv[i], memory);
	free(memory);
	return 0;
}
