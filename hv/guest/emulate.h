/*
 * emulate.h - carry out the guest's next instruction, which touches a device page
 */
#ifndef HV_GUEST_EMULATE_H
#define HV_GUEST_EMULATE_H

#include "hv/guest/bus.h"
#include "hv/guest/fetch.h"
#include "hv/guest/gstate.h"

/* Iterations of REP in one call, so that no guest holds the processor for long. */
#define EMULATE_BATCH	64

struct emulation {
	struct fetch fetch;		/* in: bytes that are known, or none; out: all */
	struct insn insn;		/* out, after GUEST_OK */
	struct guest_fault fault;	/* for GUEST_FAULT and GUEST_REFUSED */
	uint64_t linear;		/* of its operand, after GUEST_OK; not of strings */
	bool trace;			/* TF was set: #DB with DR6.BS follows, after GUEST_OK */
	bool unfinished;		/* REP has iterations left: the interrupt shadow stays */
};

/*
 * GUEST_OK: done; registers, flags and RIP are the processor's, RF is clear.  The caller ends the
 * interrupt shadow, and injects #DB for @trace.  With REP some iterations were done (@unfinished:
 * RIP stays, RF is set, call again or let the guest run).
 * GUEST_FAULT: inject it.  The registers are unchanged, but for iterations of REP before.
 * GUEST_AGAIN: nothing was done, since no byte of its operand is on a device page: tables or code
 * changed after the exit.  Let the guest run.
 * GUEST_REFUSED: inject the fault, #GP(0), and count it: this instruction is not emulated.
 *
 * Not for exits while an event was being delivered: no instruction caused them.  Breakpoints on
 * data (DR0 to DR3) are not looked at.
 */
int guest_emulate(struct guest_cpu *cpu, const struct guest_bus *bus, struct emulation *e);

/* What guest_plain() has done besides. */
struct plain_done {
	bool device;	/* its operand was on a device page */
	bool wrote;	/* ... or in RAM and written */
	bool store;	/* it was written, wherever it is */
	gpa_t gpa;
	uint64_t linear;	/* of an operand in RAM or on a device page */
};

/*
 * One instruction of insn_decode_plain()'s, in 64-bit code at RIP, whose operand is in registers, in RAM or on a device
 * page.  True: done as by the processor, RIP is behind it or where it branches to.  False: nothing was done, it is the
 * processor's: it faults, or its operand is not naturally aligned.
 */
bool guest_plain(struct guest_cpu *cpu, const struct guest_bus *bus, const struct insn *insn, struct plain_done *done);

#endif
