/*
 * counters.h - how often the guest needed us: exits by reason, accesses by device and register, offences
 *
 * In the log, from "counters: begin" to "counters: end N lines" (counters_report.c); hvlog --counters makes
 * a table of it.
 *
 * Exits and offences are counted by each processor for itself.  A device's rows are shared and counted by
 * atomic additions; they have no lock and need none.
 */
#ifndef HV_COUNTERS_H
#define HV_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/cpu/smp.h"
#include "hv/cpu/vcpu.h"
#include "hv/log.h"

#define COUNTERS_DEVICES_MAX	48u
#define COUNTERS_SPAN_MAX	0x6000u		/* bytes of a device's registers with rows of their own */
#define COUNTERS_NUMBERED	256u		/* rows of a device whose registers are numbers */
#define COUNTERS_OTHER		UINT64_MAX	/* the number of what needs no row */
#define COUNTERS_PROBES		8u		/* rows that a number may be in */

/* Of one processor, on cache lines of its own. */
struct cpu_counters {
	uint64_t exits[VMEXIT_KINDS];
	uint64_t offences[OFFENCES];
} __attribute__((aligned(64)));

extern struct cpu_counters cpu_counters[CPUS_MAX];
extern uint64_t counters_spared;	/* accesses that needed no exit of their own (guest/cluster.c); under the guest lock */

static inline void counters_exit(uint32_t cpu, enum vmexit_kind kind)
{
	cpu_counters[cpu].exits[kind]++;
}

static inline void counters_offence(uint32_t cpu, enum offence kind)
{
	cpu_counters[cpu].offences[kind]++;
}

struct counter_row {
	uint64_t key;		/* of a numbered device: number + 1, 0 is free */
	uint64_t reads, writes;
};

struct counter_device {
	const char *name;
	struct counter_row *rows, other;	/* @other: what has no row */
	uint32_t count;				/* of rows */
	bool numbered;
};

/*
 * A device to count: @name is one word and stays the caller's.  @span: bytes of its registers, four a row,
 * those from COUNTERS_SPAN_MAX on in one; 0: its registers are numbers (of ports, of MSRs), with rows for the
 * first COUNTERS_NUMBERED or so that come.  At start-up only; fails the start beyond COUNTERS_DEVICES_MAX.
 */
struct counter_device *counters_device(const char *name, uint64_t span);
/* One access; of any width, at its first byte. */
void counters_access(struct counter_device *d, uint64_t reg, bool write);

uint32_t counters_device_count(void);
const struct counter_device *counters_device_at(uint32_t n);
/* Over all processors. */
uint64_t counters_exits(enum vmexit_kind kind);
uint64_t counters_offences(enum offence kind);

/*
 * Who counts by itself says so, when asked, once for each counter that is not zero: whose it is, one word; how often;
 * what, and of which name (NULL: none).  At most @rows of what it has any number of.
 */
typedef void counters_say_fn(const char *name, uint64_t n, const char *words, const char *detail);
typedef void counters_source_fn(counters_say_fn *say, uint32_t rows);
void counters_source(counters_source_fn *f);

/* All that is not zero into the log; @last: the machine ends, wait for the serial line between devices. */
void counters_report(const char *why, bool last);
/* To be called about once a second or oftener, by any processor. */
void counters_tick(void);

#endif
