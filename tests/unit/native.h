/*
 * native.h - run one instruction on this processor, in 64-, 32- or 16-bit code
 */
#ifndef TESTS_UNIT_NATIVE_H
#define TESTS_UNIT_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/guest/gstate.h"

struct native_fault {
	unsigned vector;	/* 1 (#DB) after an instruction that was carried out */
	uint64_t error, cr2;
};

/*
 * Execute the instruction at cpu->rip with cpu's registers and flags, TF added, and its selectors
 * of CS, SS, DS, ES, GS (FS is the C library's).  Afterwards *cpu has what the processor left.
 */
void native_run(struct guest_cpu *cpu, struct native_fault *fault);

/* GS base for 64-bit code. */
void native_gs(uint64_t base);
uint64_t native_fs(void);

/*
 * Make *segment descriptor @entry of the local table, and fill in its selector.  False when that is
 * not allowed here.
 */
bool native_segment(unsigned entry, struct segment *segment);

/* The selectors of 64-bit code. */
void native_selectors(struct guest_cpu *cpu);

#endif
