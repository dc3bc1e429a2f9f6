/*
 * pci_decide.c - which PCI functions a model stands for, and which the guest must not see
 */
#include "hv/pci.h"

#define INTEL		0x8086u
#define CLASS_AHCI	0x010601u
#define CLASS_ETHERNET	0x020000u
#define BASE_STORAGE	0x01u
#define BASE_NETWORK	0x02u
#define BASE_WIRELESS	0x0du
#define CLASS_IOMMU	0x0806u		/* base and sub */

/* PCI ids of the e1000 family that the model knows: 82540EM, 82545EM, 82574L. */
static const uint16_t e1000_ids[] = { 0x100e, 0x100f, 0x10d3 };

static enum pci_model model_of(uint32_t id, uint32_t class)
{
	if (class == CLASS_AHCI)
		return PCI_AHCI;
	if ((id & 0xffff) != INTEL || class != CLASS_ETHERNET)
		return PCI_NO_MODEL;
	for (unsigned i = 0; i < sizeof(e1000_ids) / sizeof(e1000_ids[0]); i++) {
		if (id >> 16 == e1000_ids[i])
			return PCI_E1000;
	}
	return PCI_NO_MODEL;
}

enum pci_fate pci_decide(uint16_t bdf, uint32_t id, uint32_t class, const struct options *o,
			 enum pci_model *model)
{
	uint32_t base = class >> 16;

	*model = model_of(id, class);
	if (*model != PCI_NO_MODEL)
		return PCI_MODELLED;
	if (class >> 8 == CLASS_IOMMU)		/* no exception: who has it, has our memory */
		return PCI_HIDDEN_IOMMU;
	if (base != BASE_STORAGE && base != BASE_NETWORK && base != BASE_WIRELESS)
		return PCI_SHOWN;
	for (uint32_t i = 0; i < o->shown_count; i++) {
		if (o->shown[i] == bdf)
			return PCI_SHOWN;
	}
	return base == BASE_STORAGE ? PCI_HIDDEN_STORAGE : PCI_HIDDEN_NETWORK;
}
