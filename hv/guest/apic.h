/*
 * apic.h - the guest's local APIC
 */
#ifndef HV_GUEST_APIC_H
#define HV_GUEST_APIC_H

#include "hv/cpu/smp.h"

/* After smp_init(): from here on IPIs that start, reset or interrupt processors for good are played. */
void apic_init(void);
/* As INIT leaves it, on the processor that calls: @c. */
void apic_reset(struct cpu *c);

#endif
