/*
 * fuzz_module.c - any bytes as a module, past the digest: loader, verifier, judge
 *
 * The digest is made to fit, so that what stands behind it is reached; what loads judges a
 * few transfers.  Nothing may crash, leave its memory, or give a verdict that is none.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/judge.h"
#include "tests/unit/module_writer.h"

static uint8_t memory[8 << 20] __attribute__((aligned(16)));

static void on_event(void *arg, const struct policy_event *e)
{
	if (e->text[e->text_len] != 0 || !e->rule || e->severity > HVB_ALERT)
		abort();
}

static void judge_one(struct judge *j, struct transfer *t)
{
	struct judgement out;

	judge_transfer(j, t, &out);
	if (out.verdict > HV_DROP_SILENTLY)
		abort();
}

static void judge_net(struct judge *j, enum hv_hook hook)
{
	/* UDP with "hello" */
	uint8_t frame[47] = {
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
		0x45, 0, 0, 33, 0, 1, 0, 0, 64, 17, 0x66, 0xc9, 10, 0, 0, 1, 10, 0, 0, 2,
		0x13, 0x88, 0, 53, 0, 13, 0, 0, 'h', 'e', 'l', 'l', 'o',
	};
	struct transfer t = { .number = 1, .hook = hook,
			      .net = { frame, sizeof(frame), sizeof(frame) } };

	judge_one(j, &t);
	t.net.captured = 40;
	judge_one(j, &t);
}

static void judge_disk(struct judge *j, enum hv_hook hook)
{
	struct disk_range ranges[2] = { { 0, 8 }, { UINT64_MAX, UINT64_MAX } };
	uint8_t sectors[1024] = "boot";
	struct transfer t = { .number = 2, .time_ns = 1, .hook = hook,
			      .disk = { .data = sectors, .data_len = sizeof(sectors),
					.command = hook == HV_HOOK_DISK_CONTROL ? 0x06 : 0x25,
					.features = 1, .first_lba = 0, .sectors = 2,
					.sector_size = 512, .ranges = ranges, .range_count = 2 } };

	judge_one(j, &t);
	t.disk.data = NULL;
	t.disk.command = 0xf4;
	judge_one(j, &t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* exactly its size, so that a read behind it is found */
	uint8_t *module = aligned_alloc(16, (size + 15) & ~(size_t)15);
	struct policy_error e;
	struct policy *p;
	struct judge *j;
	struct arena a;

	if (!module)
		return 0;
	memcpy(module, data, size);
	mw_reseal(module, size);
	arena_init(&a, memory, sizeof(memory));
	if (policy_load(&a, module, size, &p, &e) == 0 &&
	    judge_create(&a, p, on_event, NULL, &j, &e) == 0) {
		for (unsigned round = 0; round < 2; round++) {
			judge_net(j, HV_HOOK_NET_OUT);
			judge_net(j, HV_HOOK_NET_IN);
			judge_disk(j, HV_HOOK_DISK_WRITE);
			judge_disk(j, HV_HOOK_DISK_READ);
			judge_disk(j, HV_HOOK_DISK_CONTROL);
			judge_reset(j);
		}
	}
	free(module);
	return 0;
}
