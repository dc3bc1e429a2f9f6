/*
 * pci.c - PCI configuration space, PCI Local Bus 3.0, chapter 6
 */
#include "hv/pci.h"

#include "hv/cpu/lock.h"
#include "hv/log.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc };
#define CONFIG_ENABLE	0x80000000u
#define HEADER_MULTI	0x80u
#define HEADER_TYPE	0x7fu
#define HEADER_BRIDGE	1u
#define BAR_IO		1u
#define BAR_64		4u
#define BAR_TYPE	6u
#define NO_FUNCTION	UINT32_MAX

/* Intel 3 and 4 series, Q35: host bridge, PCIEXBAR */
#define Q35_HOST	0x29c08086u
enum { PCIEXBAR = 0x60 };
#define PCIEXBAR_ENABLE	1u

#define SMRAM_OPEN	(1u << 6)
#define SMRAM_LOCK	(1u << 4)

static struct spinlock lock;
static struct pci_function functions[PCI_FUNCTIONS_MAX];
static uint32_t function_count;
static uint64_t ecam;

uint32_t pci_read(uint16_t bdf, uint16_t offset)
{
	uint32_t v;

	lock_take(&lock);
	outl(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)bdf << 8 | (offset & 0xfcu));
	v = inl(CONFIG_DATA);
	lock_give(&lock);
	return v;
}

void pci_write(uint16_t bdf, uint16_t offset, uint32_t value)
{
	lock_take(&lock);
	outl(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)bdf << 8 | (offset & 0xfcu));
	outl(CONFIG_DATA, value);
	lock_give(&lock);
}

/* One register's bytes, as wide as the guest writes them: some registers clear what is written. */
static void write_part(uint16_t bdf, uint16_t offset, unsigned size, uint32_t value)
{
	uint16_t port = (uint16_t)(CONFIG_DATA + (offset & 3));

	lock_take(&lock);
	outl(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)bdf << 8 | (offset & 0xfcu));
	if (size == 1)
		outb(port, (uint8_t)value);
	else if (size == 2)
		outw(port, (uint16_t)value);
	else
		outl(port, value);
	lock_give(&lock);
}

/* How long each BAR is; decoding is off meanwhile. */
static void measure(struct pci_function *f)
{
	uint32_t command = pci_read(f->bdf, PCI_COMMAND);

	pci_write(f->bdf, PCI_COMMAND, command & 0xffffu & ~(uint32_t)(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	for (unsigned i = 0; i < PCI_BARS; i++) {
		uint16_t at = (uint16_t)(PCI_BAR0 + 4 * i);
		uint32_t was = pci_read(f->bdf, at), mask;

		pci_write(f->bdf, at, UINT32_MAX);
		mask = pci_read(f->bdf, at);
		pci_write(f->bdf, at, was);
		if (mask == 0)
			continue;
		f->bar[i].io = was & BAR_IO;
		mask &= was & BAR_IO ? ~3u : ~15u;
		f->size[i] = (was & BAR_IO ? 0xffffu : UINT32_MAX) & (~mask + 1);
		if (!(was & BAR_IO) && (was & BAR_TYPE) == BAR_64)
			i++;		/* its upper half has no size of its own */
	}
	pci_write(f->bdf, PCI_COMMAND, command & 0xffffu);
}

/* Where the BARs are now; true when one moved, appeared or went. */
static bool locate(struct pci_function *f)
{
	uint32_t command = pci_read(f->bdf, PCI_COMMAND);
	bool moved = false;

	for (unsigned i = 0; i < PCI_BARS; i++) {
		uint16_t at = (uint16_t)(PCI_BAR0 + 4 * i);
		struct pci_bar now = { .io = f->bar[i].io };
		uint32_t low;

		if (!f->size[i])
			continue;
		low = pci_read(f->bdf, at);
		now.at = low & (now.io ? ~3u : ~15u);
		if (!now.io && (low & BAR_TYPE) == BAR_64)
			now.at |= (uint64_t)pci_read(f->bdf, (uint16_t)(at + 4)) << 32;
		if (command & (now.io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY))
			now.len = f->size[i];
		moved |= now.at != f->bar[i].at || now.len != f->bar[i].len;
		f->bar[i] = now;
	}
	return moved;
}

static void add_function(uint16_t bdf, uint32_t id, const struct options *o)
{
	static const char *const word[] = {
		[PCI_SHOWN] = "", [PCI_MODELLED] = "trapped", [PCI_HIDDEN_STORAGE] = "hidden: storage without a model",
		[PCI_HIDDEN_NETWORK] = "hidden: network without a model", [PCI_HIDDEN_IOMMU] = "hidden: IOMMU",
	};
	struct pci_function *f = &functions[function_count];

	if (function_count == PCI_FUNCTIONS_MAX)
		return;		/* unlisted functions read as empty slots */
	function_count++;
	f->bdf = bdf;
	f->id = id;
	f->class = pci_read(bdf, PCI_REVISION) >> 8;
	f->fate = pci_decide(bdf, id, f->class, o, &f->model);
	if (f->fate == PCI_MODELLED) {
		measure(f);
		locate(f);
	}
	if (f->fate != PCI_SHOWN)
		log_line("pci %02x:%02x.%u %04x:%04x class %06x %s", bdf >> 8, bdf >> 3 & 31u, bdf & 7u,
			 id & 0xffff, id >> 16, f->class, word[f->fate]);
	if (id == Q35_HOST && pci_read(bdf, PCIEXBAR) & PCIEXBAR_ENABLE)
		ecam = pci_read(bdf, PCIEXBAR) & 0xf0000000u;
}

/*
 * Chipsets whose system-management RAM can be opened to everybody until it is locked: SMRAM control,
 * close (D_OPEN) and lock (D_LCK).  440FX datasheet, section 3.2.21; Q35 datasheet, section 5.1.32.
 */
static void lock_smram(void)
{
	static const struct { uint32_t id; uint16_t reg; } chipsets[] = {
		{ 0x12378086, 0x72 }, { Q35_HOST, 0x9d },
	};
	uint32_t host = pci_read(0, PCI_VENDOR);

	for (unsigned i = 0; i < sizeof(chipsets) / sizeof(chipsets[0]); i++) {
		uint16_t reg = chipsets[i].reg;
		uint32_t v;

		if (chipsets[i].id != host)
			continue;
		v = pci_read(0, reg) >> 8 * (reg & 3) & 0xff;
		write_part(0, reg, 1, (v & ~SMRAM_OPEN) | SMRAM_LOCK);
		v = pci_read(0, reg) >> 8 * (reg & 3) & 0xff;
		log_line("smram: control %02x, %s", v, v & SMRAM_LOCK ? "locked" : "not locked");
		return;
	}
	log_line("smram: an unknown chipset, left as it is");
}

/* Buses are visited once each: a bridge of hostile or broken firmware cannot lead in circles. */
void pci_init(const struct options *o)
{
	bool visit[256] = { true };

	lock_smram();
	for (unsigned bus = 0; bus < 256; bus++) {
		for (unsigned n = 0; visit[bus] && n < 256; n++) {
			uint16_t bdf = (uint16_t)(bus << 8 | n);
			uint32_t id = pci_read(bdf, PCI_VENDOR), header;

			if ((id & 0xffff) == 0xffff) {
				n |= n % 8 == 0 ? 7 : 0;	/* no function 0: no others */
				continue;
			}
			add_function(bdf, id, o);
			header = pci_read(bdf, PCI_HEADER & 0xfc) >> 16;
			if ((header & HEADER_TYPE) == HEADER_BRIDGE)
				visit[pci_read(bdf, PCI_SECONDARY_BUS & 0xfc) >> 8 & 0xff] |= bus < 255;
			if (n % 8 == 0 && !(header & HEADER_MULTI))
				n |= 7;
		}
	}
}

struct pci_function *pci_at(uint16_t bdf)
{
	for (uint32_t i = 0; i < function_count; i++) {
		if (functions[i].bdf == bdf)
			return &functions[i];
	}
	return NULL;
}

uint32_t pci_count(void)
{
	return function_count;
}

struct pci_function *pci_nth(uint32_t n)
{
	return n < function_count ? &functions[n] : NULL;
}

uint64_t pci_ecam(void)
{
	return ecam;
}

static bool is_hidden(const struct pci_function *f)
{
	return !f || f->fate >= PCI_HIDDEN_STORAGE;
}

uint32_t pci_guest_read(uint16_t bdf, uint16_t offset, unsigned size)
{
	uint32_t mask = size == 4 ? UINT32_MAX : (1u << 8 * size) - 1;

	if (is_hidden(pci_at(bdf)))
		return mask;
	return pci_read(bdf, offset) >> 8 * (offset & 3) & mask;
}

bool pci_guest_write(uint16_t bdf, uint16_t offset, unsigned size, uint32_t value)
{
	struct pci_function *f = pci_at(bdf);

	if (is_hidden(f))
		return false;
	/* ECAM stays where the firmware put it: its pages are what is trapped. */
	if (f->id == Q35_HOST && (offset & 0xfcu) >= PCIEXBAR && (offset & 0xfcu) < PCIEXBAR + 8) {
		log_guest(OFFENCE_ECAM, "write of PCIEXBAR refused");
		return false;
	}
	write_part(bdf, offset, size, value);
	return f->fate == PCI_MODELLED && locate(f);
}
