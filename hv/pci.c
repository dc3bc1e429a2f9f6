/*
 * pci.c - PCI configuration space, PCI Local Bus 3.0, chapter 6
 */
#include "hv/pci.h"

#include <string.h>

#include "hv/counters.h"
#include "hv/cpu/lock.h"
#include "hv/log.h"
#include "hv/panic.h"
#include "hv/pci_guard.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc };
#define CONFIG_ENABLE	0x80000000u
#define HEADER_MULTI	0x80u
#define HEADER_TYPE	0x7fu
#define BAR_IO		1u
#define BAR_64		4u
#define BAR_TYPE	6u
#define ROM_ENABLE	1u
#define STATUS_CAPS	(1u << 20)	/* in the command's dword */
#define COMMAND_NO_INTX	(1u << 10)

/* Capabilities: MSI's and MSI-X's control are in the upper word of the first dword. */
enum { CAP_MSI = 0x05, CAP_EXPRESS = 0x10, CAP_MSIX = 0x11 };
enum { PM_STATE = 3, PM_D3 = 3, PM_NO_SOFT_RESET = 1u << 3 };
#define CAP_ENABLE_MSIX	(1u << 31)
#define MSI_64		(1u << 23)
#define MSI_MASKS	(1u << 24)

/* Intel 3 and 4 series, Q35: host bridge, PCIEXBAR (section 5.1.15) */
#define Q35_HOST	0x29c08086u
enum { PCIEXBAR = 0x60 };
#define PCIEXBAR_ENABLE	1u

#define SMRAM_OPEN	(1u << 6)
#define SMRAM_LOCK	(1u << 4)

static struct spinlock lock;
static struct pci_function functions[PCI_FUNCTIONS_MAX];
static uint32_t function_count;
static struct guard_spans forbidden;
static const struct pci_watch *watch;

uint32_t pci_read(uint16_t bdf, uint16_t offset)
{
	uint32_t v;

	lock_take(&lock);
	outl(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)bdf << 8 | (offset & 0xfcu));
	v = inl(CONFIG_DATA);
	lock_give(&lock);
	return v;
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

void pci_write(uint16_t bdf, uint16_t offset, uint32_t value)
{
	write_part(bdf, offset, 4, value);
}

static void read_registers(const struct pci_function *f, struct guard_registers *r)
{
	r->command = (uint16_t)pci_read(f->bdf, PCI_COMMAND);
	for (unsigned i = 0; i < PCI_PLACES; i++)
		r->bar[i] = f->size[i] || (i && f->wide[i - 1]) ? pci_read(f->bdf, guard_bar_at(f, i)) : 0;
}

/* All ones into a BAR; what stays zero is its size. */
static uint32_t size_mask(const struct pci_function *f, unsigned n, uint32_t ones)
{
	uint16_t at = guard_bar_at(f, n);
	uint32_t was = pci_read(f->bdf, at), mask;

	pci_write(f->bdf, at, ones);
	mask = pci_read(f->bdf, at);
	pci_write(f->bdf, at, was);
	return mask;
}

/* How long each BAR is; decoding is off meanwhile. */
static void measure(struct pci_function *f)
{
	uint16_t command = (uint16_t)pci_read(f->bdf, PCI_COMMAND);
	unsigned bars = f->kind == PCI_BRIDGE ? 2 : PCI_BARS;
	uint32_t rom;

	write_part(f->bdf, PCI_COMMAND, 2, command & ~(uint32_t)PCI_COMMAND_DECODE);
	for (unsigned i = 0; i < bars; i++) {
		uint32_t was = pci_read(f->bdf, guard_bar_at(f, i)), mask = size_mask(f, i, UINT32_MAX);
		uint64_t whole;

		if (mask == 0)
			continue;
		f->bar[i].io = was & BAR_IO;
		f->wide[i] = !(was & BAR_IO) && (was & BAR_TYPE) == BAR_64 && i + 1 < bars;
		whole = was & BAR_IO ? (mask & ~3u) | 0xffff0000 : mask & ~15u;
		whole |= (uint64_t)(f->wide[i] ? size_mask(f, i + 1, UINT32_MAX) : UINT32_MAX) << 32;
		f->size[i] = ~whole + 1;
		i += f->wide[i];	/* its upper half has no size of its own */
	}
	rom = size_mask(f, PCI_ROM_PLACE, ~(uint32_t)ROM_ENABLE) & ~(uint32_t)(ROM_ENABLE | 0x7fe);
	f->size[PCI_ROM_PLACE] = rom ? (uint32_t)(~rom + 1) : 0;
	write_part(f->bdf, PCI_COMMAND, 2, command);
}

static void find_capabilities(struct pci_function *f)
{
	uint8_t at = (uint8_t)(pci_read(f->bdf, PCI_CAPABILITIES) & 0xfc);

	if (!(pci_read(f->bdf, PCI_COMMAND) & STATUS_CAPS))
		return;
	/* a list that leads in circles ends with the room for it */
	for (; at >= 0x40 && f->cap_count < PCI_CAPS_MAX; f->cap_count++) {
		uint32_t head = pci_read(f->bdf, at);

		f->cap[f->cap_count] = (struct pci_cap){ (uint8_t)head, at };
		if ((head & 0xff) == CAP_MSI) {
			f->msi64 = head & MSI_64;
			f->msi_bytes = (uint8_t)(12 + (head & MSI_64 ? 4 : 0) + (head & MSI_MASKS ? 8 : 0));
		} else if ((head & 0xff) == CAP_EXPRESS) {
			f->express_bytes = (head >> 16 & 15) > 1 ? 0x3c : 0x24;
		} else if ((head & 0xff) == CAP_MSIX && f->fate == PCI_MODELLED) {
			pci_write(f->bdf, at, head & ~CAP_ENABLE_MSIX);	/* its table would say where interrupts go */
		}
		at = (uint8_t)(head >> 8 & 0xfc);
	}
}

/* What the guest does not see must not move memory either, whatever firmware and loader did with it. */
static void silence(const struct pci_function *f)
{
	uint16_t command = (uint16_t)pci_read(f->bdf, PCI_COMMAND);

	if (f->fate == PCI_HIDDEN_IOMMU)	/* its registers are not a BAR's, and no DMA is its own */
		return;
	command &= (uint16_t)~(PCI_COMMAND_DECODE | PCI_COMMAND_MASTER);
	write_part(f->bdf, PCI_COMMAND, 2, command | COMMAND_NO_INTX);
}

static void tell(const struct pci_function *f)
{
	static const char *const word[PCI_FATES] = {
		[PCI_SHOWN] = "shown: its transfers are judged by nobody", [PCI_MODELLED] = "trapped",
		[PCI_HIDDEN_STORAGE] = "hidden: storage without a model",
		[PCI_HIDDEN_NETWORK] = "hidden: network without a model", [PCI_HIDDEN_IOMMU] = "hidden: IOMMU",
		[PCI_HIDDEN_OTHER] = "hidden: its class is on no list", [PCI_HIDDEN_ASKED] = "hidden: unmodelled=",
		[PCI_HIDDEN_CHANGED] = "hidden: another function has come here",
	};

	/* of what is shown, only what carries files or packets is worth a line: USB, and what was asked for */
	if (f->fate == PCI_SHOWN && f->class >> 8 != 0x0c03 && f->class >> 16 != 1 && f->class >> 16 != 2)
		return;
	log_line("pci %02x:%02x.%u %04x:%04x class %06x %s", f->bdf >> 8, f->bdf >> 3 & 31u, f->bdf & 7u,
		 f->id & 0xffff, f->id >> 16, f->class, word[f->fate]);
}

static void add_function(uint16_t bdf, uint32_t id, uint32_t header, const struct options *o)
{
	struct pci_function *f = &functions[function_count];
	struct guard_registers r;

	if (function_count == PCI_FUNCTIONS_MAX) {
		log_line("pci: more than %u functions, %02x:%02x.%u is hidden", PCI_FUNCTIONS_MAX, bdf >> 8,
			 bdf >> 3 & 31u, bdf & 7u);
		return;
	}
	function_count++;
	f->bdf = bdf;
	f->id = id;
	f->class = pci_read(bdf, PCI_REVISION) >> 8;
	f->kind = pci_kind_of(f->class, header & HEADER_TYPE);
	f->fate = pci_decide(bdf, id, f->class, o, &f->model);
	tell(f);
	if (pci_is_hidden(f)) {
		silence(f);
		return;
	}
	find_capabilities(f);
	if (f->kind == PCI_HOST || f->kind == PCI_CHIPSET)
		return;
	measure(f);
	if (f->fate == PCI_MODELLED && f->size[PCI_ROM_PLACE])
		pci_write(bdf, PCI_ROM, 0);
	read_registers(f, &r);
	guard_places(f, &r, f->bar);
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
static void walk(void (*found)(uint16_t bdf, uint32_t id, uint32_t header, const struct options *o), const struct options *o)
{
	bool visit[256] = { true };

	for (unsigned bus = 0; bus < 256; bus++) {
		for (unsigned n = 0; visit[bus] && n < 256; n++) {
			uint16_t bdf = (uint16_t)(bus << 8 | n);
			uint32_t id = pci_read(bdf, PCI_VENDOR), header;

			if ((id & 0xffff) == 0xffff) {
				n |= n % 8 == 0 ? 7 : 0;	/* no function 0: no others */
				continue;
			}
			header = pci_read(bdf, PCI_HEADER & 0xfc) >> 16;
			found(bdf, id, header, o);
			if (pci_kind_of(0, header & HEADER_TYPE) == PCI_BRIDGE)
				visit[pci_read(bdf, PCI_PRIMARY_BUS) >> 8 & 0xff] |= bus < 255;
			if (n % 8 == 0 && !(header & HEADER_MULTI))
				n |= 7;
		}
	}
}

static uint32_t surveyed[PCI_MODELS];

static void survey_function(uint16_t bdf, uint32_t id, uint32_t header, const struct options *o)
{
	enum pci_model model;

	if (pci_decide(bdf, id, pci_read(bdf, PCI_REVISION) >> 8, o, &model) == PCI_MODELLED)
		surveyed[model]++;
}

uint32_t pci_survey(const struct options *o, enum pci_model model)
{
	memset(surveyed, 0, sizeof(surveyed));
	walk(survey_function, o);
	return surveyed[model];
}

void pci_init(const struct options *o)
{
	lock_smram();
	walk(add_function, o);
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

void pci_hide(struct pci_function *f)
{
	f->fate = f->model == PCI_AHCI ? PCI_HIDDEN_STORAGE : PCI_HIDDEN_NETWORK;
	silence(f);
	tell(f);
}

bool pci_is_hidden(const struct pci_function *f)
{
	return !f || f->fate >= PCI_HIDDEN_STORAGE;
}

bool pci_ecam(uint64_t *at, uint64_t *len)
{
	uint32_t low = pci_read(0, PCIEXBAR);

	if (pci_read(0, PCI_VENDOR) != Q35_HOST || !(low & PCIEXBAR_ENABLE))
		return false;
	*len = UINT64_C(256) << 20 >> (low >> 1 & 3);
	*at = ((uint64_t)pci_read(0, PCIEXBAR + 4) << 32 | (low & 0xfc000000)) & ~(*len - 1);
	return true;
}

void pci_forbid(uint64_t at, uint64_t len, bool io)
{
	if (!guard_forbid(&forbidden, at, len, io))
		fail("more than %u ranges that no BAR may have", GUARD_SPANS_MAX);
}

void pci_watch(const struct pci_watch *w)
{
	watch = w;
}

/* ---- the guest's accesses ---- */

/* A function that was taken out, and another one put in: nobody has decided about that one. */
static bool still_there(struct pci_function *f, uint32_t id)
{
	if (id == f->id)
		return true;
	if ((id & 0xffff) != 0xffff) {	/* else it does not answer for now: reset, or switched off */
		f->fate = PCI_HIDDEN_CHANGED;
		tell(f);
	}
	return false;
}

uint32_t pci_guest_read(uint16_t bdf, uint16_t offset, unsigned size)
{
	uint32_t mask = size == 4 ? UINT32_MAX : (1u << 8 * size) - 1, v;
	struct pci_function *f = pci_at(bdf);

	if (pci_is_hidden(f))
		return mask;
	v = pci_read(bdf, offset);
	if ((offset & 0xfc) == PCI_VENDOR && !still_there(f, v))
		return mask;
	return guard_seen(f, offset & 0xfc, v) >> 8 * (offset & 3) & mask;
}

static void refuse(const struct vcpu *v, const struct pci_function *f, uint16_t offset, const char *what)
{
	/* sizing of BARs that are not there comes with every search for devices */
	enum offence kind = offset >= PCI_HEADER_BYTES || f->withheld ? OFFENCE_CONFIG : OFFENCE_HEADER;

	counters_offence(v->index, kind);
	log_guest(kind, "pci %02x:%02x.%u: write of register %02x %s", f->bdf >> 8, f->bdf >> 3 & 31u,
		  f->bdf & 7u, offset, what);
}

/* Those @bits of a dword, which the guest wrote with @size bytes at @offset; none of them clears by ones alone. */
static void write_bits(const struct pci_function *f, uint16_t offset, unsigned size, uint32_t value, uint32_t bits)
{
	uint32_t whole = (size == 4 ? UINT32_MAX : (1u << 8 * size) - 1) << 8 * (offset & 3), was;

	if (bits == whole) {
		write_part(f->bdf, offset, size, value >> 8 * (offset & 3));
		return;
	}
	was = pci_read(f->bdf, offset);
	for (unsigned i = 0; i < 4; i++) {
		uint32_t part = bits >> 8 * i & 0xff, from = value >> 8 * i, keep = was >> 8 * i;

		if (part)
			write_part(f->bdf, (uint16_t)((offset & 0xfc) + i), 1, (from & part) | (keep & ~part));
	}
}

static void set_command(const struct pci_function *f, uint16_t *is, uint16_t value)
{
	if (*is != value)
		write_part(f->bdf, PCI_COMMAND, 2, value);
	*is = value;
}

static bool differs(const struct pci_bar a[PCI_PLACES], const struct pci_bar b[PCI_PLACES])
{
	for (unsigned i = 0; i < PCI_PLACES; i++) {
		if (a[i].at != b[i].at || a[i].len != b[i].len)
			return true;
	}
	return false;
}

static void switch_off(struct pci_bar place[PCI_PLACES], uint16_t withheld)
{
	for (unsigned i = 0; i < PCI_PLACES; i++) {
		if (withheld & (place[i].io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY))
			place[i].len = 0;
	}
}

/* The guest's registers with its write in them. */
static void merge(const struct pci_function *f, const struct guard_registers *now, unsigned bar, uint32_t value,
		  uint32_t bits, struct guard_registers *next)
{
	*next = *now;
	next->command |= f->withheld;
	if (bar < PCI_PLACES)
		next->bar[bar] = (next->bar[bar] & ~bits) | (value & bits);
	else
		next->command = (uint16_t)((next->command & ~bits) | (value & bits));
}

/*
 * The command register or a BAR: where it would decode is trapped before it does, and what it must not have is
 * withheld, until a later write makes it right.
 */
static void relocate(const struct vcpu *v, struct pci_function *f, uint16_t offset, unsigned size, uint32_t value,
		     uint32_t bits)
{
	unsigned n = guard_bar(f, offset & 0xfc);
	struct guard_registers now, next;
	struct pci_bar place[PCI_PLACES];
	uint16_t withheld, had = f->withheld, command;
	bool moves;

	read_registers(f, &now);
	merge(f, &now, n, value, bits, &next);
	guard_places(f, &next, place);
	withheld = guard_withheld(f, place, &forbidden, functions, function_count) & next.command;
	switch_off(place, withheld);
	moves = f->fate == PCI_MODELLED && watch && differs(place, f->bar);
	if (moves && !watch->before(f, place)) {
		withheld = next.command & PCI_COMMAND_DECODE;
		switch_off(place, withheld);
	}
	command = next.command & (uint16_t)~withheld;
	/* off before it moves, on behind that */
	set_command(f, &now.command, now.command & (uint16_t)(command | ~(uint32_t)PCI_COMMAND_DECODE));
	if (n < PCI_PLACES)
		write_bits(f, offset, size, value, bits);
	else if (bits >> 16)			/* status, beside the command */
		write_bits(f, PCI_COMMAND + 2, 2, value, bits & 0xffff0000);
	set_command(f, &now.command, command);
	f->withheld = withheld;
	memcpy(f->bar, place, sizeof(place));
	if (withheld & ~had)
		refuse(v, f, offset, "puts it over something else: it does not decode");
	if (moves)
		watch->after(v, f);
}

/*
 * PCI Power Management 1.2, section 5.4.1: on the way from D3 to D0 a function is reset, its BARs too, unless it says
 * that it is not.
 */
static void set_power(const struct vcpu *v, struct pci_function *f, uint16_t offset, unsigned size, uint32_t value,
		      uint32_t bits)
{
	uint32_t was = pci_read(f->bdf, offset), now;
	struct guard_registers r;
	struct pci_bar place[PCI_PLACES];

	write_bits(f, offset, size, value, bits);
	now = pci_read(f->bdf, offset);
	if ((was & PM_STATE) != PM_D3 || (now & PM_STATE) == PM_D3 || now & PM_NO_SOFT_RESET || !watch)
		return;
	watch->reset(v, f);
	read_registers(f, &r);
	guard_places(f, &r, place);
	if (!differs(place, f->bar))
		return;
	memcpy(f->bar, place, sizeof(place));
	watch->after(v, f);
}

void pci_guest_write(const struct vcpu *v, uint16_t bdf, uint16_t offset, unsigned size, uint32_t value)
{
	uint32_t whole = (size == 4 ? UINT32_MAX : (1u << 8 * size) - 1) << 8 * (offset & 3), bits;
	struct pci_function *f = pci_at(bdf);
	uint16_t at = offset & 0xfc;

	if (pci_is_hidden(f) || !still_there(f, pci_read(bdf, PCI_VENDOR)))
		return;
	bits = whole & guard_writable(f, at);
	value <<= 8 * (offset & 3);
	if (!bits) {
		refuse(v, f, offset, "refused");
		return;
	}
	if (at == PCI_COMMAND || guard_bar(f, at) < PCI_PLACES) {
		relocate(v, f, offset, size, value, bits);
		return;
	}
	if (guard_is_power(f, at)) {
		set_power(v, f, offset, size, value, bits);
		return;
	}
	if (!guard_msi(f, at, (pci_read(bdf, at) & ~bits) | (value & bits))) {
		refuse(v, f, offset, "would send interrupts into memory, or an INIT: refused");
		return;
	}
	write_bits(f, offset, size, value, bits);
}
