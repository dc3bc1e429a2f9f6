/*
 * pci.h - PCI configuration space: what is there, and what of it the guest sees
 *
 * Functions that a model stands for are the guest's through us.  Storage and network functions without a model,
 * IOMMUs, and whatever else is on no list are hidden: they read as empty slots, and so does a function that comes
 * later.  What is left is the guest's, but for what would lead around us: pci_guard.h.
 */
#ifndef HV_PCI_H
#define HV_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/cpu/vcpu.h"
#include "hv/options.h"

#define PCI_FUNCTIONS_MAX	128u
#define PCI_BARS		6u
#define PCI_ROM_PLACE		6u	/* the option ROM's BAR, as one more */
#define PCI_PLACES		7u
#define PCI_CAPS_MAX		16u
#define PCI_HEADER_BYTES	0x40u
#define PCI_CONFIG_BYTES	0x100u	/* what CF8/CFC reach; ECAM has 4 KiB */

/* PCI Local Bus 3.0, section 6.1: type 00h header */
enum {
	PCI_VENDOR = 0x00, PCI_COMMAND = 0x04, PCI_REVISION = 0x08, PCI_CACHE_LINE = 0x0c, PCI_HEADER = 0x0e,
	PCI_BAR0 = 0x10, PCI_ROM = 0x30, PCI_CAPABILITIES = 0x34, PCI_INTERRUPT = 0x3c,
};
/* PCI-to-PCI Bridge 1.2, section 3.2: type 01h header */
enum { PCI_PRIMARY_BUS = 0x18, PCI_SECONDARY_BUS = 0x19, PCI_IO_WINDOW = 0x1c, PCI_BRIDGE_ROM = 0x38 };
enum {
	PCI_COMMAND_IO = 1u << 0, PCI_COMMAND_MEMORY = 1u << 1, PCI_COMMAND_MASTER = 1u << 2,
	PCI_COMMAND_DECODE = PCI_COMMAND_IO | PCI_COMMAND_MEMORY,
};

enum pci_model { PCI_NO_MODEL, PCI_E1000, PCI_AHCI, PCI_MODELS };
enum pci_fate {
	PCI_SHOWN,		/* handed through */
	PCI_MODELLED,		/* its registers are trapped */
	/* from here on: hidden */
	PCI_HIDDEN_STORAGE, PCI_HIDDEN_NETWORK, PCI_HIDDEN_IOMMU, PCI_HIDDEN_OTHER, PCI_HIDDEN_ASKED,
	PCI_HIDDEN_CHANGED,	/* another function has come in its place */
	PCI_FATES,
};
/* What may be written to a function that is not hidden. */
enum pci_kind {
	PCI_DEVICE,
	PCI_BRIDGE,		/* type 01h header */
	PCI_CHIPSET,		/* ISA and other bridges: ports and registers that move */
	PCI_HOST,		/* host bridges: memory that moves */
};

struct pci_bar {
	uint64_t at, len;	/* len 0: none, or decoding is off */
	bool io;
};

struct pci_cap {
	uint8_t id, at;
};

struct pci_function {
	uint16_t bdf;		/* bus << 8 | device << 3 | function */
	uint32_t id;		/* device << 16 | vendor */
	uint32_t class;		/* base, sub, interface */
	enum pci_kind kind;
	enum pci_model model;
	enum pci_fate fate;
	struct pci_bar bar[PCI_PLACES];	/* as they decode now */
	uint64_t size[PCI_PLACES];	/* bytes; 0: no BAR, or the upper half of one */
	bool wide[PCI_PLACES];		/* 64 bits */
	uint16_t withheld;		/* of PCI_COMMAND_DECODE: the guest set it, the function does not have it */
	struct pci_cap cap[PCI_CAPS_MAX];
	uint32_t cap_count;
	uint8_t msi_bytes, express_bytes;	/* how long these two are */
	bool msi64;
};

/* What becomes of a function; @o names exceptions. */
enum pci_fate pci_decide(uint16_t bdf, uint32_t id, uint32_t class, const struct options *o,
			 enum pci_model *model);
/* @header: the header's type, without its upper bit. */
enum pci_kind pci_kind_of(uint32_t class, uint32_t header);

/* The machine's own, one access at a time. */
uint32_t pci_read(uint16_t bdf, uint16_t offset);
void pci_write(uint16_t bdf, uint16_t offset, uint32_t value);

/* How many functions there are that @model stands for; nothing of the machine is changed. */
uint32_t pci_survey(const struct options *o, enum pci_model model);
/* Find all functions, decide, measure their BARs; hidden ones are switched off. */
void pci_init(const struct options *o);
/* NULL: nothing there. */
struct pci_function *pci_at(uint16_t bdf);
uint32_t pci_count(void);
struct pci_function *pci_nth(uint32_t n);
/* One more that is hidden, before the guest starts. */
void pci_hide(struct pci_function *f);
bool pci_is_hidden(const struct pci_function *f);	/* NULL is */
/* PCIEXBAR of a Q35: ECAM's first byte and length; false: none. */
bool pci_ecam(uint64_t *at, uint64_t *len);
/* No BAR may come to lie in [@at, @at + @len). */
void pci_forbid(uint64_t at, uint64_t len, bool io);

/*
 * The BARs of a modelled function are about to be at @next, and have come there.  @before returns whether that can
 * be trapped; they do not decode there if not.  @reset: it has lost what its registers held.
 */
struct pci_watch {
	bool (*before)(const struct pci_function *f, const struct pci_bar next[PCI_PLACES]);
	void (*after)(const struct vcpu *v, const struct pci_function *f);
	void (*reset)(const struct vcpu *v, const struct pci_function *f);
};
void pci_watch(const struct pci_watch *w);

/*
 * The guest's access of @size (1, 2, 4) bytes at @offset below PCI_CONFIG_BYTES, which it may not cross a dword with.
 * Needs the guest lock.
 */
uint32_t pci_guest_read(uint16_t bdf, uint16_t offset, unsigned size);
void pci_guest_write(const struct vcpu *v, uint16_t bdf, uint16_t offset, unsigned size, uint32_t value);

#endif
