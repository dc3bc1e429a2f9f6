/*
 * smp.h - the other processors: ours from the start, the guest's when it starts them
 */
#ifndef HV_CPU_SMP_H
#define HV_CPU_SMP_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/cpu/vcpu.h"
#include "hv/platform.h"

#define CPUS_MAX	PLATFORM_PROCESSORS

/*
 * SENDING: on its way; whoever takes NMIs waits until it is SENT, that is latched where it goes.
 * Only one is under way to a processor, since a processor keeps only one.
 */
enum kick { KICK_NONE, KICK_SENDING, KICK_SENT };

/*
 * What others ask of a processor (@park, @start, @nmi, @flush) is set by them under the guest lock,
 * before they kick it, and taken by itself, after it has taken the kick.
 */
struct cpu {
	struct vcpu vcpu;
	uint32_t apic_id;
	uint32_t parked;	/* waits for a start-up IPI, as after INIT */
	uint32_t park;		/* INIT was sent */
	uint32_t start;		/* a start-up IPI was sent: code at @start_page, IP 0 */
	uint32_t start_page;
	uint32_t kicked;	/* enum kick: an NMI of ours */
	uint32_t nmi;		/* the guest shall get one */
	uint32_t apic_ldr, apic_dfr;	/* as the guest wrote them */
	uint64_t exits;
	uint32_t flush;		/* the nested tables have lost something */
	uint32_t in_guest;	/* may be using what it knows of them */
};

extern struct cpu cpus[CPUS_MAX];
extern uint32_t cpu_count;

/*
 * The caller is cpus[0].  Every other processor that @p tells of (whoever comes, where it tells
 * nothing) is brought into the hypervisor, where it waits parked.  @page: 4 KiB of low memory for
 * their first steps; its contents are kept.
 */
void smp_init(gpa_t page, const struct platform *p);
/* Make @c leave the guest, or wake it where it waits. */
void smp_kick(struct cpu *c);
/* Takes the NMIs that wait for the processor that calls, @c; how many of them no kick explains. */
uint32_t smp_take_nmis(struct cpu *c);
/*
 * Every processor forgets what it knows of the nested tables before it runs on; when this returns, none is in the
 * guest with what it knew.
 */
void smp_flush_all(void);
/* Sleep until the guest starts this processor, or until an NMI. */
void smp_wait(struct cpu *c);

#endif
