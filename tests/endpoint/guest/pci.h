/*
 * pci.h - the two devices that the checks touch, found by class on bus 0
 */
#ifndef ENDPOINT_GUEST_PCI_H
#define ENDPOINT_GUEST_PCI_H

#include "tests/endpoint/guest/x86.h"

#define CLASS_ETHERNET	0x0200
#define CLASS_AHCI	0x0106
#define E1000_STATUS	0x08	/* in BAR 0 */
#define AHCI_VS		0x10	/* in BAR 5 */

/* Memory BAR number `bar` of the first function of this class; 0: there is none. */
static inline uint32_t pci_bar(uint16_t class, unsigned bar)
{
	for (uint32_t function = 0; function < 256; function++) {
		uint32_t where = function << 8;

		if ((pci_read(where) & 0xffff) != 0xffff && pci_read(where | 8) >> 16 == class)
			return pci_read(where | (0x10 + 4 * bar)) & ~0xfu;
	}
	return 0;
}

#endif
