/*
 * exits.h - what the guest did that needs us: one switch
 */
#ifndef HV_GUEST_EXITS_H
#define HV_GUEST_EXITS_H

#include "hv/cpu/vcpu.h"

/* Runs @v for ever. */
void guest_run(struct vcpu *v) __attribute__((noreturn));
void guest_counters(void);	/* to the log */

#endif
