/*
 * exits.h - what the guest did that needs us: one switch
 */
#ifndef HV_GUEST_EXITS_H
#define HV_GUEST_EXITS_H

#include "hv/cpu/smp.h"

/* Runs the guest on @c for ever. */
void guest_run(struct cpu *c) __attribute__((noreturn));
void guest_counters(void);	/* to the log */

#endif
