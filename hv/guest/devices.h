/*
 * devices.h - registers of the modelled devices, and configuration space in memory
 *
 * Until the models are there, what the guest does is handed on to the device itself.
 */
#ifndef HV_GUEST_DEVICES_H
#define HV_GUEST_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/cpu/vcpu.h"
#include "hv/pci.h"

/* Trap the BARs of every modelled function, and ECAM. */
void devices_init(void);
/* By the guest, a BAR of @f is elsewhere now. */
void devices_moved(const struct vcpu *v, const struct pci_function *f);
/* Count the guest's access to a register of configuration space, whichever way it came. */
void devices_config(const struct vcpu *v, uint16_t bdf, uint16_t reg, bool write);
/* An access to a port of a modelled device; false: it is none of theirs. */
bool devices_port(uint16_t port, unsigned size, bool in, uint32_t *value);

#endif
