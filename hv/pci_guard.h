/*
 * pci_guard.h - what the guest may do in the configuration space of a function that it sees
 *
 * Writes are by allow-list where the function is a bridge, of the chipset, or modelled: what moves memory, buses,
 * ports or windows stays as the firmware put it.  BARs may move, but never over memory, over what is trapped, or over
 * a modelled function.
 */
#ifndef HV_PCI_GUARD_H
#define HV_PCI_GUARD_H

#include "hv/pci.h"

#define GUARD_SPANS_MAX	48u

/* Where no BAR may be. */
struct guard_spans {
	struct { uint64_t at, len; bool io; } span[GUARD_SPANS_MAX];
	uint32_t count;
};

/* The registers that say where a function is. */
struct guard_registers {
	uint32_t bar[PCI_PLACES];
	uint16_t command;
};

/* False: no room. */
bool guard_forbid(struct guard_spans *s, uint64_t at, uint64_t len, bool io);
/* Is the dword at @at a modelled function's power state, which the guest may change? */
bool guard_is_power(const struct pci_function *f, uint16_t at);
/* The bits that the guest may write of the dword at @at (below 4 KiB). */
uint32_t guard_writable(const struct pci_function *f, uint16_t at);
/* What the guest reads where the function has @value at @at (below PCI_CONFIG_BYTES). */
uint32_t guard_seen(const struct pci_function *f, uint16_t at, uint32_t value);
/* The same for a dword of the extended space, which is a capability's header or is not. */
uint32_t guard_seen_header(uint32_t value);
/* The number of the BAR whose register is at @at, PCI_PLACES: none. */
unsigned guard_bar(const struct pci_function *f, uint16_t at);
uint16_t guard_bar_at(const struct pci_function *f, unsigned n);
/*
 * Where an AHCI function has its index/data pair, by SATACR1 (AHCI 1.3.1, section 2.4.2): offset in *@bar, whose ports they
 * are; GUARD_NO_PAIR: in none of its BARs of ports.  In configuration space it cannot be written.
 */
#define GUARD_NO_PAIR	UINT32_MAX
uint32_t guard_pair(const struct pci_function *f, uint32_t cr1, unsigned *bar);
/* May @value come to @at?  An MSI goes to local APICs, nowhere else (SDM 3A, section 10.11.1), and is no INIT. */
bool guard_msi(const struct pci_function *f, uint16_t at, uint32_t value);
/* Where @f decodes with registers @r. */
void guard_places(const struct pci_function *f, const struct guard_registers *r, struct pci_bar place[PCI_PLACES]);
/*
 * Of PCI_COMMAND_DECODE, what @f must not have at @place; what is where it was before may stay.
 * @all: every function.
 */
uint16_t guard_withheld(const struct pci_function *f, const struct pci_bar place[PCI_PLACES],
			const struct guard_spans *s, const struct pci_function *all, uint32_t count);

#endif
