/*
 * fuzz_verify.c - bytes as instructions: what verifies must run as the model runs it
 *
 * The first byte chooses the entry points, the next 32 fill the context, the rest is code.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bpf/fake.h"
#include "tests/bpf/model.h"

#define ARENA_SIZE (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake world, copy;
static _Alignas(16) uint8_t memory[ARENA_SIZE];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct program *p;
	struct policy_error err;
	uint64_t want = 0, got;
	struct arena a;

	if (size < 33)
		return 0;
	fake_init(&world);
	fake_add_map(&world, 4, 16);
	fake_add_region(&world, 64, false);
	fake_add_region(&world, 64, true);
	memcpy(&world.ctx.eth_src, data + 1, 32);
	world.in.insn_count = (uint32_t)((size - 33) / sizeof(struct bpf_insn));
	if (world.in.insn_count > FAKE_MAX_INSNS)
		world.in.insn_count = FAKE_MAX_INSNS;
	memcpy(world.insns, data + 33, world.in.insn_count * sizeof(struct bpf_insn));
	world.in.entry[HV_HOOK_NET_IN] = data[0];
	if (data[0] == 0xff)
		world.in.entry[HV_HOOK_NET_IN] = POLICY_NO_INSN;
	arena_init(&a, memory, sizeof(memory));
	if (verify(&a, &world.in, &p, &err))
		return 0;
	model_copy(&copy, &world);
	if (model_run(&copy, HV_HOOK_NET_OUT, &want, NULL, NULL))
		abort();
	got = program_run(p, HV_HOOK_NET_OUT, NULL, &world.ctx);
	if (got != want || memcmp(world.bytes, copy.bytes, sizeof(world.bytes)))
		abort();
	return 0;
}
