/*
 * pci_decide.c - which PCI functions a model stands for, and which the guest sees without one
 *
 * By allow-list: a class that is not named here is hidden.  What is shown can reach memory until the IOMMU is ours;
 * docs/threat-model.md names it.
 */
#include "devmodel/e1000/e1000.h"
#include "hv/pci.h"

#define INTEL		0x8086u
#define CLASS_AHCI	0x010601u
#define CLASS_ETHERNET	0x020000u
#define CLASS_IOMMU	0x0806u		/* base and sub */
#define CLASS_SD	0x0805u
#define HEADER_BRIDGE	1u

/* PCI Code and ID Assignment 1.11, section 1 */
enum {
	BASE_STORAGE = 0x01, BASE_NETWORK = 0x02, BASE_DISPLAY = 0x03, BASE_MULTIMEDIA = 0x04, BASE_MEMORY = 0x05,
	BASE_BRIDGE = 0x06, BASE_COMMUNICATION = 0x07, BASE_SYSTEM = 0x08, BASE_INPUT = 0x09, BASE_DOCK = 0x0a,
	BASE_SERIAL_BUS = 0x0c, BASE_WIRELESS = 0x0d, BASE_SIGNAL = 0x11, ANY = 0xff,
};

/* Base and sub class. */
static const uint8_t shown[][2] = {
	{ BASE_DISPLAY, ANY }, { BASE_MULTIMEDIA, ANY }, { BASE_MEMORY, ANY }, { BASE_BRIDGE, ANY },
	{ BASE_COMMUNICATION, 0x00 }, { BASE_COMMUNICATION, 0x01 }, { BASE_COMMUNICATION, 0x02 },	/* UARTs, printers */
	{ BASE_SYSTEM, 0x00 }, { BASE_SYSTEM, 0x02 }, { BASE_SYSTEM, 0x03 }, { BASE_SYSTEM, 0x04 },	/* PIC, timers, RTC */
	{ BASE_SYSTEM, 0x80 }, { BASE_INPUT, ANY }, { BASE_DOCK, ANY },
	{ BASE_SERIAL_BUS, 0x03 }, { BASE_SERIAL_BUS, 0x05 },						/* USB, SMBus */
	{ BASE_SIGNAL, 0x80 },										/* thermal sensors */
};

static enum pci_model model_of(uint32_t id, uint32_t class)
{
	if (class == CLASS_AHCI)
		return PCI_AHCI;
	if ((id & 0xffff) != INTEL || class != CLASS_ETHERNET)
		return PCI_NO_MODEL;
	return e1000_family((uint16_t)(id >> 16)) ? PCI_E1000 : PCI_NO_MODEL;
}

static bool is_named(uint16_t bdf, const uint16_t *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (list[i] == bdf)
			return true;
	}
	return false;
}

static bool is_shown(uint32_t class)
{
	for (unsigned i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		if (class >> 16 == shown[i][0] && (shown[i][1] == ANY || shown[i][1] == (class >> 8 & 0xff)))
			return true;
	}
	return false;
}

enum pci_fate pci_decide(uint16_t bdf, uint32_t id, uint32_t class, const struct options *o,
			 enum pci_model *model)
{
	uint32_t base = class >> 16;

	*model = model_of(id, class);
	if (class >> 8 == CLASS_IOMMU)		/* no exception: who has it, has our memory */
		return PCI_HIDDEN_IOMMU;
	if (base != BASE_BRIDGE && is_named(bdf, o->hidden, o->hidden_count))
		return PCI_HIDDEN_ASKED;
	if (*model != PCI_NO_MODEL)
		return PCI_MODELLED;
	if (is_shown(class) || is_named(bdf, o->shown, o->shown_count))
		return PCI_SHOWN;
	if (base == BASE_STORAGE || class >> 8 == CLASS_SD)
		return PCI_HIDDEN_STORAGE;
	return base == BASE_NETWORK || base == BASE_WIRELESS ? PCI_HIDDEN_NETWORK : PCI_HIDDEN_OTHER;
}

enum pci_kind pci_kind_of(uint32_t class, uint32_t header)
{
	if (class >> 8 == 0x0600)
		return PCI_HOST;
	if (header == HEADER_BRIDGE)
		return PCI_BRIDGE;
	return class >> 16 == BASE_BRIDGE ? PCI_CHIPSET : PCI_DEVICE;
}
