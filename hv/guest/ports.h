/*
 * ports.h - I/O ports that exit: configuration space, and what would lead around us
 */
#ifndef HV_GUEST_PORTS_H
#define HV_GUEST_PORTS_H

#include "hv/acpi.h"
#include "hv/cpu/vcpu.h"

/* Which ports exit at all. */
void ports_init(const struct acpi_report *r);
/* An access to one of them; needs the guest lock. */
void ports_exit(struct vcpu *v, const struct vmexit *x);

#endif
