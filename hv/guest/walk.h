/*
 * walk.h - guest-virtual to guest-physical, in every paging mode
 *
 * SDM 3A chapter 4, APM 2 chapter 5.
 */
#ifndef HV_GUEST_WALK_H
#define HV_GUEST_WALK_H

#include "hv/guest/bus.h"
#include "hv/guest/gstate.h"

/* Kinds of access, in the bits of a page fault's error code; a read has none of them. */
#define WALK_WRITE	0x02u
#define WALK_USER	0x04u
#define WALK_FETCH	0x10u

#define PF_PRESENT	0x01u
#define PF_RESERVED	0x08u
#define PF_KEY		0x20u

#define WALK_LEVELS_MAX	5u

/* An entry of a walk, as it was read. */
struct walk_step {
	gpa_t gpa;
	uint64_t entry;
};

/* WALK_USER for the cpu's privilege level, else 0. */
static inline unsigned walk_privilege(const struct guest_cpu *cpu)
{
	return cpu->cpl == 3 ? WALK_USER : 0;
}

/*
 * Translate @linear (32 bits of it outside long mode; canonical in long mode, which the caller sees
 * to) for @access by @cpu.  GUEST_OK: *gpa is its address, accessed and dirty bits are set as the
 * processor sets them.  GUEST_FAULT: @fault is the page fault.  GUEST_AGAIN: other processors keep
 * changing the tables.  A table outside RAM reads all ones, as an empty bus does.
 */
int guest_walk(const struct guest_cpu *cpu, const struct guest_bus *bus, uint64_t linear,
	       unsigned access, gpa_t *gpa, struct guest_fault *fault);
/*
 * The entries of 8 bytes that lead to the page of @linear, from the root, as the last such walk of this kind found and
 * judged them; with the same entries below any root the outcome is the same, and nothing is to be marked.  0: not known,
 * or they lead to another page than that of @gpa: the guest has changed its tables since.
 */
unsigned guest_walk_steps(const struct guest_cpu *cpu, uint64_t linear, unsigned access, gpa_t gpa,
			  struct walk_step step[WALK_LEVELS_MAX]);
/* The processor itself has translated @linear to @gpa and allowed @access: it is kept as a walk is. */
void guest_walk_keep(const struct guest_cpu *cpu, uint64_t linear, unsigned access, gpa_t gpa);

#endif
