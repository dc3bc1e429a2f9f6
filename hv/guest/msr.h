/*
 * msr.h - model-specific registers: by allow-list
 */
#ifndef HV_GUEST_MSR_H
#define HV_GUEST_MSR_H

#include "hv/cpu/vcpu.h"

/* Those that the guest reads and writes without an exit, into the permission map. */
void msr_init(void);
/* An RDMSR or WRMSR that exited. */
void msr_exit(struct vcpu *v, const struct vmexit *x);

#endif
