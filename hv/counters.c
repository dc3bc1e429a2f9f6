/*
 * counters.c - how often the guest needed us
 */
#include "hv/counters.h"

#include "hv/mem/pages.h"
#include "hv/panic.h"

#define REGISTER_BYTES	4u

struct cpu_counters cpu_counters[CPUS_MAX];
uint64_t counters_spared;

static struct counter_device devices[COUNTERS_DEVICES_MAX];
static uint32_t device_count;

struct counter_device *counters_device(const char *name, uint64_t span)
{
	struct counter_device *d = &devices[device_count];

	if (device_count == COUNTERS_DEVICES_MAX)
		fail("more than %u devices to count", COUNTERS_DEVICES_MAX);
	span = span < COUNTERS_SPAN_MAX ? span : COUNTERS_SPAN_MAX;
	d->name = name;
	d->numbered = span == 0;
	d->count = d->numbered ? COUNTERS_NUMBERED : (uint32_t)((span + REGISTER_BYTES - 1) / REGISTER_BYTES);
	d->rows = pages_alloc((d->count * sizeof(*d->rows) + PAGE_SIZE - 1) / PAGE_SIZE);
	device_count++;
	return d;
}

/* The row of @number, or of nobody and from now on its own. */
static struct counter_row *numbered_row(struct counter_device *d, uint64_t number)
{
	uint64_t key = number + 1, hash = number * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	for (uint32_t i = 0; i < COUNTERS_PROBES && key != 0; i++) {
		struct counter_row *r = &d->rows[(hash + i) % d->count];
		uint64_t owner = __atomic_load_n(&r->key, __ATOMIC_RELAXED);

		if (owner == 0 && __atomic_compare_exchange_n(&r->key, &owner, key, false,
							      __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return r;
		if (owner == key)	/* also when another processor was faster */
			return r;
	}
	return &d->other;
}

void counters_access(struct counter_device *d, uint64_t reg, bool write)
{
	struct counter_row *r;

	if (d->numbered)
		r = numbered_row(d, reg);
	else
		r = reg / REGISTER_BYTES < d->count ? &d->rows[reg / REGISTER_BYTES] : &d->other;
	__atomic_fetch_add(write ? &r->writes : &r->reads, 1, __ATOMIC_RELAXED);
}

uint32_t counters_device_count(void)
{
	return device_count;
}

const struct counter_device *counters_device_at(uint32_t n)
{
	return &devices[n];
}

uint64_t counters_exits(enum vmexit_kind kind)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < cpu_count; i++)
		sum += __atomic_load_n(&cpu_counters[i].exits[kind], __ATOMIC_RELAXED);
	return sum;
}

uint64_t counters_offences(enum offence kind)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < cpu_count; i++)
		sum += __atomic_load_n(&cpu_counters[i].offences[kind], __ATOMIC_RELAXED);
	return sum;
}
