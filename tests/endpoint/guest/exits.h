/*
 * exits.h - things that leave the guest when a hypervisor is below, and change nothing else
 */
#ifndef ENDPOINT_GUEST_EXITS_H
#define ENDPOINT_GUEST_EXITS_H

#include "tests/endpoint/guest/pci.h"

#define PORT_SMI	0xb2
#define SMI_NOTHING	0x5a		/* a command that firmware does not know */

/* CPUID, an MSR, configuration space and both devices' registers. */
static inline void cause_exits(void)
{
	uint32_t nic = pci_bar(CLASS_ETHERNET, 0);
	uint32_t disk = pci_bar(CLASS_AHCI, 5);

	cpuid(0, 0);
	rdmsr(MSR_EFER);
	if (nic)
		mmio_read(nic + E1000_STATUS);
	if (disk)
		mmio_read(disk + AHCI_VS);
}

#endif
