/*
 * enforce.c - the policy that was loaded, its judges, and what they counted
 */
#include "hv/enforce.h"

#include <stddef.h>

#include "hv/cpu/fiber.h"
#include "hv/cpu/x86.h"
#include "hv/event.h"
#include "hv/log.h"
#include "hv/mem/pages.h"
#include "hv/mem/paging.h"
#include "hv/panic.h"
#include "hv/start.h"

#define MEMORY_PAGES	4096u		/* 16 MiB */
#define FIBER_PAGES	2u		/* as a processor's stack */
#define RDRAND_TRIES	10u		/* SDM volume 1, section 7.3.17.1 */

struct net enforce_net;
struct disk enforce_disk;
static uint64_t transfers;
/* for commands that are judged in several exits */
static struct disk_long longer;
static struct fiber fiber;

/* 64 bits that nobody knows: the processor's own where it has them, else when exactly this runs. */
static uint64_t entropy(void)
{
	uint64_t v = rdtsc() * UINT64_C(0x9e3779b97f4a7c15), r;

	for (unsigned n = 0; cpuid(1, 0).ecx >> 30 & 1 && n < RDRAND_TRIES; n++) {
		if (rdrand(&r))
			return v ^ r;
	}
	return v ^ rdtsc() << 32;
}

/* A second judge, where a rule looks into sectors, and a stack for it with a guard page below, as all have. */
static int create_longer(struct arena *a, const struct judge *judge, struct policy_error *err)
{
	uint8_t *pages;
	int rc;

	if (disk_need(&enforce_disk, HV_HOOK_DISK_WRITE) != DISK_NEED_DATA &&
	    disk_need(&enforce_disk, HV_HOOK_DISK_READ) != DISK_NEED_DATA)
		return 0;
	rc = judge_create_beside(a, judge, &longer.judge, err);
	if (rc)
		return rc;
	pages = pages_alloc(FIBER_PAGES + 1);
	paging_guard(pages);
	fiber_init(&fiber, pages + PAGE_SIZE, FIBER_PAGES * (size_t)PAGE_SIZE);
	longer.slice = DISK_SLICE;
	longer.ops = &fiber_ops;
	longer.fiber = &fiber;
	judge_set_pause(longer.judge, DISK_SLICE, disk_pause, &longer);
	enforce_disk.longer = &longer;
	return 0;
}

static __attribute__((noreturn)) void refuse(const struct policy_error *err)
{
	fail("policy %s refused: %s%s%s", boot.modules[0].name, err->where, err->where[0] ? ": " : "", err->text);
}

void enforce_init(void)
{
	struct policy_error err;
	struct policy *policy;
	struct judge *judge;
	struct arena arena;

	if (boot.module_count == 0)
		fail("no policy: the loader gave no module (iPXE: module endpoint.hvb)");
	/* the arena clears what it gives */
	arena_init(&arena, pages_alloc_as_is(MEMORY_PAGES), MEMORY_PAGES * (size_t)PAGE_SIZE);
	if (policy_load(&arena, (const void *)boot.modules[0].at.a, boot.modules[0].len, &policy, &err) ||
	    judge_create(&arena, policy, event_line, policy, &judge, &err))
		refuse(&err);
	judge_add_entropy(judge, entropy(), entropy());
	enforce_net = (struct net){ judge, policy, &transfers };
	enforce_disk = (struct disk){ judge, policy, &transfers, NULL };
	if (create_longer(&arena, judge, &err))
		refuse(&err);
	log_line("policy \"%s\" version %llu loaded, enforced on the network and on disks: %u rule%s, %llu KiB",
		 policy_name(policy), (unsigned long long)policy_version(policy),
		 policy_rule_count(policy), policy_rule_count(policy) == 1 ? "" : "s",
		 (unsigned long long)arena.used / 1024);
}

void enforce_report(counters_say_fn *say, uint32_t rows)
{
	const struct policy *p = enforce_net.policy;
	const struct judge *j = enforce_net.judge;

	for (unsigned n = 0; j && n < JUDGE_COUNTERS; n++) {
		if (judge_counter(j, n))
			say("policy", judge_counter(j, n), judge_counter_name[n], NULL);
	}
	for (uint32_t i = 0; p && rows && i < policy_rule_count(p); i++) {
		const struct rule_stats *s = judge_rule_stats(j, i);

		if (!s || !s->hits)
			continue;
		say("policy", s->hits, "hits of rule", policy_string(p, policy_rule(p, i)->label));
		rows--;
	}
}
