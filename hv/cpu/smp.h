/*
 * smp.h - the other processors: ours from the start, the guest's when it starts them
 */
#ifndef HV_CPU_SMP_H
#define HV_CPU_SMP_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/cpu/vcpu.h"

#define CPUS_MAX	32u

/*
 * What others ask of a processor (@park, @start, @flush, @kicked) is set by them under the guest
 * lock and taken by itself.
 */
struct cpu {
	struct vcpu vcpu;
	uint32_t apic_id;
	uint32_t parked;	/* waits for a start-up IPI, as after INIT */
	uint32_t park;		/* INIT was sent */
	uint32_t start;		/* a start-up IPI was sent: code at @start_page, IP 0 */
	uint32_t start_page;
	uint32_t kicked;	/* the next NMI is ours */
	uint32_t flush;		/* the nested tables have lost something */
};

extern struct cpu cpus[CPUS_MAX];
extern uint32_t cpu_count;

/*
 * The caller is cpus[0].  Every other processor is brought into the hypervisor, where it waits
 * parked.  @page: 4 KiB of low memory for their first steps; its contents are kept.
 */
void smp_init(gpa_t page);
/* Make @c leave the guest, or wake it where it waits. */
void smp_kick(struct cpu *c);
/* Every processor forgets what it knows of the nested tables before it runs on. */
void smp_flush_all(void);
/* Sleep until the guest starts this processor. */
void smp_wait(struct cpu *c);

#endif
