/*
 * pci_guard.c - what the guest may do in the configuration space of a function that it sees
 */
#include "hv/pci_guard.h"

#define ALL		UINT32_MAX
#define INTEL		0x8086u
#define BAR_IO		1u
#define ROM_ENABLE	1u
#define ROM_ADDRESS	0xfffff800u
#define EXTENDED	0x100u
#define TRAPPED_END	(UINT64_C(1) << 39)	/* the nested tables' */

/* Capabilities (PCI Code and ID Assignment 1.11, section 2) */
enum { CAP_NULL = 0x00, CAP_PM = 0x01, CAP_MSI = 0x05, CAP_EXPRESS = 0x10, CAP_SATA = 0x12 };
/* PCI Local Bus 3.0, section 6.8.1; PCI Express base 3.0, section 7.8 */
enum { MSI_ADDRESS = 4, MSI_UPPER = 8, MSI_DATA = 8, MSI_DATA_64 = 12 };
/* Its data has a local APIC's delivery mode (SDM 3A, section 10.11.2). */
#define DELIVERY_MODE(data)	((data) >> 8 & 7u)
#define MODE_INIT	5u
enum { EXPRESS_CAPABILITIES = 4, EXPRESS_CONTROL = 8, EXPRESS_LINK = 0x10 };
/* PCI Power Management 1.2, section 3.2: state, PME enable and status */
enum { PM_CONTROL = 4, PM_BYTES = 8 };
#define PM_WRITABLE	0x00008103u
#define FLR_OFFERED	(1u << 28)
#define FLR		(1u << 15)
#define LINK_DISABLE	(1u << 4)
/* Port control and status: drivers switch ports on (ICH9 datasheet, section 15.1.30); beside it is MAP, the mode. */
enum { SATA_MAP_PCS = 0x90 };
#define PCS_ENABLE	0x003f0000u
/* SATACR1: BARLOC, the BAR's register in dwords; BAROFST, dwords */
#define SATA_BAR(cr1)	((cr1) & 0xfu)
#define SATA_OFFSET(cr1) (((cr1) >> 4 & 0xfffffu) * 4)
#define PAIR_BYTES	8u
#define BUS_RESET	(1u << 22)	/* bridge control, bit 6 of the upper word */
/* Extended: they bring functions or make BARs grow (PCI Express base 3.0, sections 7.22 and 7.13; SR-IOV 1.1, 3.3) */
enum { EXT_SRIOV = 0x10, EXT_RESIZABLE = 0x15, EXT_VF_RESIZABLE = 0x24 };

/* Rows that have no place for a kind deny it. */
struct row {
	uint16_t at;
	uint32_t bits;
};

/* Status is cleared by writing ones; the command's reserved and VGA bits stay. */
static const struct row modelled[] = {
	{ PCI_COMMAND, 0xffff0557 }, { PCI_CACHE_LINE, 0x0000ffff },
	{ 0x10, ALL }, { 0x14, ALL }, { 0x18, ALL }, { 0x1c, ALL }, { 0x20, ALL }, { 0x24, ALL },
	{ PCI_INTERRUPT, 0x000000ff },
};
/* Not: bus numbers, windows; no reset of what is behind. */
static const struct row bridge[] = {
	{ PCI_COMMAND, ALL }, { PCI_CACHE_LINE, 0x0000ffff }, { 0x10, ALL }, { 0x14, ALL },
	{ PCI_PRIMARY_BUS, 0xff000000 }, { PCI_IO_WINDOW, 0xffff0000 }, { PCI_BRIDGE_ROM, ALL },
	{ PCI_INTERRUPT, 0xffff00ff & ~BUS_RESET },
};
/* PIRQ routing of PIIX and ICH (ICH9 datasheet, sections 13.1.16 and 13.1.19); ACPI's methods write it. */
static const struct row chipset[] = {
	{ PCI_INTERRUPT, 0x000000ff }, { 0x60, ALL }, { 0x68, ALL },
};

static uint32_t look_up(const struct row *row, unsigned count, uint16_t at)
{
	for (unsigned i = 0; i < count; i++) {
		if (row[i].at == at)
			return row[i].bits;
	}
	return 0;
}
#define LOOK_UP(rows, at)	look_up(rows, sizeof(rows) / sizeof((rows)[0]), at)

/* The capability @id that @at is in; 0: none. */
static uint16_t in_cap(const struct pci_function *f, uint8_t id, uint16_t at, uint16_t bytes)
{
	for (uint32_t i = 0; i < f->cap_count; i++) {
		if (f->cap[i].id == id && at >= f->cap[i].at && at < f->cap[i].at + bytes)
			return f->cap[i].at;
	}
	return 0;
}

bool guard_is_power(const struct pci_function *f, uint16_t at)
{
	uint16_t cap = in_cap(f, CAP_PM, at, PM_BYTES);

	return cap && at == cap + PM_CONTROL && f->fate == PCI_MODELLED;
}

static uint32_t cap_writable(const struct pci_function *f, uint16_t at)
{
	uint16_t cap = in_cap(f, CAP_MSI, at, f->msi_bytes);

	if (cap)
		return at == cap ? 0xffff0000 : ALL;
	if (guard_is_power(f, at))
		return PM_WRITABLE;
	cap = in_cap(f, CAP_EXPRESS, at, f->express_bytes);
	if (!cap)
		return 0;
	if (at == cap + EXPRESS_CONTROL)
		return f->fate == PCI_MODELLED ? ALL & ~FLR : ALL;
	if (f->fate == PCI_MODELLED)
		return 0;
	return at == cap + EXPRESS_LINK ? ALL & ~LINK_DISABLE : ALL;
}

uint32_t guard_writable(const struct pci_function *f, uint16_t at)
{
	uint32_t bits;

	if (f->kind == PCI_HOST)
		return 0;
	if (f->kind == PCI_CHIPSET)
		return (f->id & 0xffff) == INTEL || at == PCI_INTERRUPT ? LOOK_UP(chipset, at) : 0;
	if (f->kind == PCI_BRIDGE && at >= EXTENDED)
		return ALL;
	if (at >= EXTENDED)
		return 0;
	if (f->kind == PCI_DEVICE && f->fate != PCI_MODELLED)
		return ALL;
	if (f->model == PCI_AHCI && (f->id & 0xffff) == INTEL && at == SATA_MAP_PCS)
		return PCS_ENABLE;
	bits = f->kind == PCI_BRIDGE ? LOOK_UP(bridge, at) : LOOK_UP(modelled, at);
	return bits ? bits : cap_writable(f, at);
}

/* Of a modelled function and of a bridge; others keep what they have, since all of theirs is handed through. */
static bool cap_shown(const struct pci_function *f, uint8_t id)
{
	return id == CAP_MSI || id == CAP_EXPRESS || id == CAP_SATA ||
	       (id == CAP_PM && f->fate == PCI_MODELLED);
}

uint32_t guard_seen(const struct pci_function *f, uint16_t at, uint32_t value)
{
	if (at == PCI_COMMAND)
		return value | f->withheld;
	if (f->fate != PCI_MODELLED && f->kind != PCI_BRIDGE)
		return value;
	if (f->fate == PCI_MODELLED && at == PCI_ROM)
		return 0;
	for (uint32_t i = 0; i < f->cap_count; i++) {
		if (f->cap[i].at == at && !cap_shown(f, f->cap[i].id))
			return (value & 0x0000ff00) | CAP_NULL;		/* the next one is still found */
	}
	if (f->fate == PCI_MODELLED && at >= EXPRESS_CAPABILITIES &&
	    in_cap(f, CAP_EXPRESS, at, f->express_bytes) == at - EXPRESS_CAPABILITIES)
		return value & ~FLR_OFFERED;
	return value;
}

uint32_t guard_seen_header(uint32_t value)
{
	uint32_t id = value & 0xffff;

	return id == EXT_SRIOV || id == EXT_RESIZABLE || id == EXT_VF_RESIZABLE ? value & 0xffff0000 : value;
}

uint16_t guard_bar_at(const struct pci_function *f, unsigned n)
{
	if (n == PCI_ROM_PLACE)
		return f->kind == PCI_BRIDGE ? PCI_BRIDGE_ROM : PCI_ROM;
	return (uint16_t)(PCI_BAR0 + 4 * n);
}

unsigned guard_bar(const struct pci_function *f, uint16_t at)
{
	unsigned n = (unsigned)(at - PCI_BAR0) / 4, bars = f->kind == PCI_BRIDGE ? 2 : PCI_BARS;

	if (at == guard_bar_at(f, PCI_ROM_PLACE))
		return PCI_ROM_PLACE;
	return at >= PCI_BAR0 && n < bars ? n : PCI_PLACES;
}

uint32_t guard_pair(const struct pci_function *f, uint32_t cr1, unsigned *bar)
{
	uint32_t offset = SATA_OFFSET(cr1);

	*bar = SATA_BAR(cr1) - PCI_BAR0 / 4;
	return *bar < PCI_BARS && f->bar[*bar].io && offset + PAIR_BYTES <= f->size[*bar] ? offset : GUARD_NO_PAIR;
}

bool guard_msi(const struct pci_function *f, uint16_t at, uint32_t value)
{
	uint16_t cap = in_cap(f, CAP_MSI, at, f->msi_bytes);

	if (!cap)
		return true;
	if (at == cap + MSI_ADDRESS)
		return value >> 20 == 0xfee;
	if (at == cap + (f->msi64 ? MSI_DATA_64 : MSI_DATA))
		return DELIVERY_MODE(value) != MODE_INIT;
	return at != cap + MSI_UPPER || !f->msi64 || value == 0;
}

void guard_places(const struct pci_function *f, const struct guard_registers *r, struct pci_bar place[PCI_PLACES])
{
	for (unsigned i = 0; i < PCI_PLACES; i++) {
		struct pci_bar *p = &place[i];
		uint32_t low = r->bar[i];
		bool on;

		*p = (struct pci_bar){ .io = f->bar[i].io };
		if (i == PCI_ROM_PLACE) {
			p->at = low & ROM_ADDRESS;
			on = low & ROM_ENABLE && r->command & PCI_COMMAND_MEMORY;
		} else {
			p->at = low & (p->io ? 0xfffcu : ~15u);
			if (f->wide[i])		/* never the last one */
				p->at |= (uint64_t)r->bar[i + 1] << 32;
			on = r->command & (p->io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY);
		}
		p->at &= ~(f->size[i] - 1);	/* 0 where there is no BAR */
		p->len = on ? f->size[i] : 0;
	}
}

bool guard_forbid(struct guard_spans *s, uint64_t at, uint64_t len, bool io)
{
	if (s->count == GUARD_SPANS_MAX)
		return false;
	s->span[s->count].at = at;
	s->span[s->count].len = len;
	s->span[s->count++].io = io;
	return true;
}

/* Both may end at 2^64. */
static bool overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a <= b ? b - a < a_len && b_len > 0 : a - b < b_len && a_len > 0;
}

/* Is a BAR of another function there, and one of the two modelled? */
static bool meets(const struct pci_function *f, const struct pci_bar *p, const struct pci_function *all, uint32_t count)
{
	for (uint32_t n = 0; n < count; n++) {
		const struct pci_function *g = &all[n];

		if (g->bdf == f->bdf || (f->fate != PCI_MODELLED && g->fate != PCI_MODELLED))
			continue;
		for (unsigned i = 0; i < PCI_PLACES; i++) {
			if (g->bar[i].io == p->io && overlap(p->at, p->len, g->bar[i].at, g->bar[i].len))
				return true;
		}
	}
	return false;
}

static bool may_be(const struct pci_function *f, unsigned n, const struct pci_bar place[PCI_PLACES],
		   const struct guard_spans *s)
{
	const struct pci_bar *p = &place[n];

	for (uint32_t i = 0; i < s->count; i++) {
		if (s->span[i].io == p->io && overlap(p->at, p->len, s->span[i].at, s->span[i].len))
			return false;
	}
	if (f->fate != PCI_MODELLED)
		return true;
	if (!p->io && (p->at >= TRAPPED_END || p->len > TRAPPED_END - p->at))
		return false;
	/* two of its own at one place: whose the access is would be the device's to say */
	for (unsigned i = 0; i < n; i++) {
		if (place[i].io == p->io && overlap(p->at, p->len, place[i].at, place[i].len))
			return false;
	}
	return true;
}

uint16_t guard_withheld(const struct pci_function *f, const struct pci_bar place[PCI_PLACES],
			const struct guard_spans *s, const struct pci_function *all, uint32_t count)
{
	uint16_t withheld = 0;

	for (unsigned i = 0; i < PCI_PLACES; i++) {
		const struct pci_bar *p = &place[i];

		if (p->len == 0 || (p->at == f->bar[i].at && p->len == f->bar[i].len))
			continue;
		if (!may_be(f, i, place, s) || meets(f, p, all, count))
			withheld |= p->io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	}
	return withheld;
}
