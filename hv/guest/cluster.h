/*
 * cluster.h - what a driver does between two accesses to a device, without letting the guest run for it
 *
 * An exit costs a processor as much as a hundred instructions here (Agesen and others, "Software techniques for
 * avoiding hardware virtualization exits", 2012).  Behind an access that another one follows soon, as a table of
 * places in the guest's code has learnt, the instructions up to there are carried out too.
 */
#ifndef HV_GUEST_CLUSTER_H
#define HV_GUEST_CLUSTER_H

#include "hv/guest/bus.h"
#include "hv/guest/fetch.h"
#include "hv/guest/gstate.h"

/* Of one exit, so that neither interrupts nor other processors wait for long. */
#define CLUSTER_INSNS	32u
#define DR7_ENABLED	UINT64_C(0xff)

/* The instructions that a cluster went through, the last of them an access. */
struct trail {
	unsigned count;
	struct trail_step {
		uint64_t rip, linear;	/* of the operand in memory, if there is one, */
		gpa_t gpa;
		bool device, write;
	} step[CLUSTER_INSNS];
};

/*
 * Go on behind the access that the instruction at @from, as @fetch has it, was, in 64-bit code at privilege 0 that nobody steps through or
 * has set breakpoints in.  Registers, flags and RIP are the processor's after each instruction; the first that is not
 * plain, that would fault, or behind an access after which @unwelcome (bus->host is handed on) says so is not begun.
 * Returns how many accesses there were.  @trail: the way.  Needs the guest lock.
 */
unsigned guest_cluster(struct guest_cpu *cpu, const struct guest_bus *bus, const struct fetch *fetch, uint64_t from,
		       bool (*unwelcome)(void *host), struct trail *trail);
/* Is the access at @rip one behind which there is nothing to look for, this time?  In place of guest_cluster(). */
bool cluster_passes(uint64_t rip);

#endif
