/*
 * pci.h - PCI configuration space: what is there, and what of it the guest sees
 *
 * Functions that a model stands for are the guest's through us.  Storage and network functions
 * without a model, and IOMMUs, are hidden: they read as empty slots.  All other functions are the guest's.
 */
#ifndef HV_PCI_H
#define HV_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/cpu/x86.h"
#include "hv/options.h"

#define PCI_FUNCTIONS_MAX	128u
#define PCI_BARS		6u

/* PCI Local Bus 3.0, section 6.1: type 00h header */
enum {
	PCI_VENDOR = 0x00, PCI_COMMAND = 0x04, PCI_REVISION = 0x08, PCI_HEADER = 0x0e, PCI_BAR0 = 0x10,
	PCI_SECONDARY_BUS = 0x19, PCI_ROM = 0x30,
};
enum { PCI_COMMAND_IO = 1u << 0, PCI_COMMAND_MEMORY = 1u << 1, PCI_COMMAND_MASTER = 1u << 2 };

enum pci_model { PCI_NO_MODEL, PCI_E1000, PCI_AHCI };
enum pci_fate {
	PCI_SHOWN,		/* handed through */
	PCI_MODELLED,		/* its registers are trapped */
	PCI_HIDDEN_STORAGE, PCI_HIDDEN_NETWORK, PCI_HIDDEN_IOMMU,
};

struct pci_bar {
	uint64_t at, len;	/* len 0: none, or decoding is off */
	bool io;
};

struct pci_function {
	uint16_t bdf;		/* bus << 8 | device << 3 | function */
	uint32_t id;		/* device << 16 | vendor */
	uint32_t class;		/* base, sub, interface */
	enum pci_model model;
	enum pci_fate fate;
	struct pci_bar bar[PCI_BARS];	/* of modelled functions */
	uint64_t size[PCI_BARS];	/* bytes; 0: no BAR, or the upper half of one */
};

/* What becomes of a function; @o names exceptions. */
enum pci_fate pci_decide(uint16_t bdf, uint32_t id, uint32_t class, const struct options *o,
			 enum pci_model *model);

/* The machine's own, one access at a time. */
uint32_t pci_read(uint16_t bdf, uint16_t offset);
void pci_write(uint16_t bdf, uint16_t offset, uint32_t value);

/* Find all functions, decide, measure the BARs of the modelled ones. */
void pci_init(const struct options *o);
/* NULL: nothing there. */
struct pci_function *pci_at(uint16_t bdf);
uint32_t pci_count(void);
struct pci_function *pci_nth(uint32_t n);
uint64_t pci_ecam(void);	/* its first byte, 0: none */

/*
 * The guest's access of @size (1, 2, 4) bytes at @offset, which it may not cross a dword with: empty slots and hidden
 * functions read all ones.  A write returns whether the BARs of a modelled function moved.
 */
uint32_t pci_guest_read(uint16_t bdf, uint16_t offset, unsigned size);
bool pci_guest_write(uint16_t bdf, uint16_t offset, unsigned size, uint32_t value);

#endif
