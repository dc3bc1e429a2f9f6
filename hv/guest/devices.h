/*
 * devices.h - registers of the modelled devices, configuration space in memory, registers that nobody may have
 */
#ifndef HV_GUEST_DEVICES_H
#define HV_GUEST_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/acpi.h"
#include "hv/cpu/vcpu.h"
#include "hv/pci.h"

/* Trap the BARs of every modelled function, ECAM, IOMMUs and the chipset's windows; say where no BAR may go. */
void devices_init(const struct acpi_report *r);
/* Count the guest's access to a register of configuration space, whichever way it came. */
void devices_config(const struct vcpu *v, uint16_t bdf, uint16_t reg, bool write);
/* Does an access touch ports of a modelled device and others too?  It is nobody's. */
bool devices_share(uint16_t port, unsigned size);
/* An access to a port of a modelled device; false: it is none of theirs. */
bool devices_port(const struct vcpu *v, uint16_t port, unsigned size, bool in, uint32_t *value);

#endif
