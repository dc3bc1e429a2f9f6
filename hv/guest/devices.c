/*
 * devices.c - registers of the modelled devices, configuration space in memory, registers that nobody may have
 */
#include "hv/guest/devices.h"

#include "hv/counters.h"
#include "hv/cpu/svm.h"
#include "hv/guest/mmio.h"
#include "hv/log.h"
#include "hv/model.h"
#include "hv/panic.h"
#include "hv/pci_guard.h"
#include "hv/start.h"
#include "hv/text.h"

#define BARS_MAX	24u
#define ECAM_MAX	2u
#define CHIPSET_MAX	4u
#define FOUR_GIB	(UINT64_C(1) << 32)
#define PAGE_MASK	((uint64_t)PAGE_SIZE - 1)
#define IOMMU_BYTES	(UINT64_C(16) << 10)	/* AMD IOMMU 3.05, section 3.4; VT-d has 4 KiB or more */
/* IOAPICs, HPETs, TPM, local APICs: PCI Express chipsets decode them first */
#define FIXED_START	UINT64_C(0xfec00000)
#define FIXED_LEN	UINT64_C(0x00300000)

/* One BAR of one function. */
struct trapped {
	const struct pci_function *f;
	unsigned bar;
	struct mmio_region region;	/* of memory; of ports only its counters */
	char name[24];			/* ahci-00:1f.2-bar5 */
	uint64_t port, ports;		/* trapped now */
};

static struct trapped traps[BARS_MAX];
static uint32_t trap_count;
static struct mmio_region ecam[ECAM_MAX], iommus[ACPI_IOMMUS_MAX], chipset[CHIPSET_MAX];
static uint32_t ecam_count, chipset_count;
static struct counter_device *config;

static void nothing(struct mmio_region *r, struct vcpu *v, uint64_t offset, unsigned size, bool write, uint64_t *value)
{
	if (!write)
		*value = UINT64_MAX;
}

static void read_only(struct mmio_region *r, struct vcpu *v, uint64_t offset, unsigned size, bool write,
		      uint64_t *value)
{
	if (!write)
		mmio_pass(v, r->at + offset, size, false, value);
}

void devices_config(const struct vcpu *v, uint16_t bdf, uint16_t reg, bool write)
{
	const struct pci_function *f = pci_at(bdf);
	uint64_t at = (uint64_t)bdf << 12 | (reg & ~3u);

	counters_access(config, f ? at : COUNTERS_OTHER, write);
	/* whoever looks for devices reads the first register of each place */
	if (!f || !pci_is_hidden(f) || (!write && reg < 4))
		return;
	counters_offence(v->index, OFFENCE_HIDDEN);
	log_guest(OFFENCE_HIDDEN, "%s of register %x of the hidden function %02x:%02x.%u",
		  write ? "write" : "read", reg, bdf >> 8, bdf >> 3 & 31u, bdf & 7u);
}

/* Up to four bytes.  Registers behind PCI_CONFIG_BYTES have no other way than this. */
static uint32_t ecam_part(struct mmio_region *r, struct vcpu *v, uint64_t offset, unsigned size, bool write,
			  uint32_t value)
{
	uint16_t bdf = (uint16_t)(offset >> 12), reg = offset & 0xfff;
	const struct pci_function *f = pci_at(bdf);
	uint32_t whole = (size == 4 ? UINT32_MAX : (1u << 8 * size) - 1) << 8 * (reg & 3);
	uint64_t all;

	if (reg < PCI_CONFIG_BYTES) {
		if (!write)
			return pci_guest_read(bdf, reg, size);
		pci_guest_write(v, bdf, reg, size, value);
		return 0;
	}
	if (pci_is_hidden(f))
		return UINT32_MAX;
	if (write) {
		all = value;
		if (guard_writable(f, reg & 0xffc) == UINT32_MAX)
			mmio_pass(v, r->at + offset, size, true, &all);
		return 0;
	}
	mmio_pass(v, r->at + (offset & ~UINT64_C(3)), 4, false, &all);
	return (guard_seen_header((uint32_t)all) & whole) >> 8 * (reg & 3);
}

/* PCI Express base 3.0, section 7.2.2: bus, device, function, register in the address. */
static void ecam_access(struct mmio_region *r, struct vcpu *v, uint64_t offset, unsigned size,
			bool write, uint64_t *value)
{
	uint64_t in = 0;

	devices_config(v, (uint16_t)(offset >> 12), offset & 0xfff, write);
	for (unsigned done = 0; done < size; done += 4) {
		unsigned n = size - done < 4 ? size - done : 4;

		in |= (uint64_t)ecam_part(r, v, offset + done, n, write, (uint32_t)(*value >> 8 * done)) << 8 * done;
	}
	if (!write)
		*value = in;
}

/* Whole pages: what shares a page with a device's registers is handed on as they are. */
static uint64_t pages_of(const struct pci_bar *b, uint64_t *from)
{
	*from = b->at & ~PAGE_MASK;
	return b->len ? ((b->at + b->len + PAGE_MASK) & ~PAGE_MASK) - *from : 0;
}

static void model_access(struct mmio_region *r, struct vcpu *v, uint64_t offset, unsigned size, bool write,
			 uint64_t *value)
{
	model_memory(r->arg, v, r->at + offset, size, write, value);
}

/* What of a modelled function is no model's: a card's flash and its table of messages are not the guest's to change. */
static mmio_fn *answers(const struct pci_function *f, unsigned bar)
{
	return bar == model_bar(f) ? model_access : read_only;
}

static void place(struct trapped *t)
{
	const struct pci_bar *b = &t->f->bar[t->bar];
	uint64_t from, len = pages_of(b, &from);

	if (!b->io) {
		mmio_move(&t->region, from, len);
		return;
	}
	svm_trap_ports((uint32_t)t->port, (uint32_t)t->ports, false);
	t->port = b->at;
	t->ports = b->len;
	/* also what another BAR has there: whose ports it covered stays trapped */
	for (uint32_t i = 0; i < trap_count; i++)
		svm_trap_ports((uint32_t)traps[i].port, (uint32_t)traps[i].ports, true);
}

static void add_bar(const struct pci_function *f, unsigned bar)
{
	struct trapped *t = &traps[trap_count];
	struct text name = { t->name, sizeof(t->name) - 1, 0 };

	if (trap_count == BARS_MAX)
		fail("more than %u BARs of modelled devices", BARS_MAX);
	trap_count++;
	t->f = f;
	t->bar = bar;
	text_add(&name, "%s-%02x:%02x.%u-bar%u", f->model == PCI_AHCI ? "ahci" : "e1000", f->bdf >> 8,
		 f->bdf >> 3 & 31u, f->bdf & 7u, bar);
	t->region.name = t->name;
	t->region.counters = counters_device(t->name, f->size[bar]);
	t->region.access = answers(f, bar);
	t->region.arg = model_of(f);
	if (!f->bar[bar].io)
		mmio_add(&t->region);
	place(t);
	if (t->region.access == model_access)
		model_trapped(t->region.arg, &t->region);
	log_debug("%s: at %llx, %llu bytes", t->name, (unsigned long long)f->bar[bar].at,
		  (unsigned long long)f->bar[bar].len);
}

/* A BAR of @f is about to be elsewhere. */
static bool cover(const struct pci_function *f, const struct pci_bar next[PCI_PLACES])
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		uint64_t from, len = pages_of(&next[i], &from);

		if (next[i].io) {
			svm_trap_ports((uint32_t)next[i].at, (uint32_t)next[i].len, true);
		} else if (len && !mmio_cover(from, len)) {
			mmio_uncover();
			return false;
		}
	}
	return true;
}

static void moved(const struct vcpu *v, const struct pci_function *f)
{
	for (uint32_t i = 0; i < trap_count; i++) {
		if (traps[i].f == f)
			place(&traps[i]);
	}
	mmio_uncover();
	if (model_of(f))
		model_moved(model_of(f), v);
	counters_offence(v->index, OFFENCE_BAR);
	log_guest(OFFENCE_BAR, "BARs of %02x:%02x.%u moved", f->bdf >> 8, f->bdf >> 3 & 31u, f->bdf & 7u);
}

static void was_reset(const struct vcpu *v, const struct pci_function *f)
{
	if (model_of(f))
		model_was_reset(model_of(f), v);
}

static void add_region(struct mmio_region *r, const char *name, uint64_t at, uint64_t len, mmio_fn *access)
{
	*r = (struct mmio_region){ .name = name, .at = at, .len = len, .fixed = true, .access = access, .counters = r->counters };
	pci_forbid(at, len, false);
	mmio_add(r);
}

static void add_ecam(uint64_t at, uint64_t len)
{
	for (uint32_t i = 0; i < ecam_count; i++) {
		if (ecam[i].at == at && ecam[i].len >= len)
			return;
	}
	if (ecam_count == ECAM_MAX)
		fail("configuration space is in more than %u places", ECAM_MAX);
	ecam[ecam_count].counters = config;
	add_region(&ecam[ecam_count++], "configuration", at, len, ecam_access);
}

/*
 * Windows to the chipset's own registers, by which memory, the HPET, the flash or functions could be moved.
 * ICH9 datasheet, section 13.1.35: RCBA; Q35 datasheet, sections 5.1.13 and 5.1.16 to 5.1.17.
 */
static void add_chipset(const struct pci_function *f)
{
	static const struct { enum pci_kind kind; uint16_t at; uint64_t len; const char *name; } windows[] = {
		{ PCI_CHIPSET, 0xf0, UINT64_C(16) << 10, "chipset-rcba" },
		{ PCI_HOST, 0x40, UINT64_C(4) << 10, "chipset-epbar" },
		{ PCI_HOST, 0x48, UINT64_C(16) << 10, "chipset-mchbar" },
		{ PCI_HOST, 0x68, UINT64_C(4) << 10, "chipset-dmibar" },
	};

	if ((f->id & 0xffff) != 0x8086 || (f->class >> 8 != 0x0601 && f->id != 0x29c08086))
		return;
	for (unsigned i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		uint32_t low = pci_read(f->bdf, windows[i].at);

		if (f->kind != windows[i].kind || !(low & 1) || (low & ~PAGE_MASK) == 0 || chipset_count == CHIPSET_MAX)
			continue;
		add_region(&chipset[chipset_count++], windows[i].name, low & ~(windows[i].len - 1), windows[i].len,
			   read_only);
	}
}

/* Memory, and ports that are trapped or that the machine needs. */
static void forbid(const struct acpi_report *r)
{
	static const struct { uint16_t at, len; } ports[] = {
		{ 0x000, 0x100 }, { 0x170, 8 }, { 0x1f0, 8 }, { 0x2f8, 8 }, { 0x376, 2 }, { 0x3f0, 16 },
		{ 0x510, 12 }, { 0xcf8, 8 },
	};
	uint64_t low = 0, high = 0;

	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		pci_forbid(ports[i].at, ports[i].len, true);
	for (uint32_t i = 0; i < r->sleep.count; i++)
		pci_forbid(r->sleep.pm1[i].port, 4, true);
	/* what firmware keeps for itself between pieces of RAM is RAM */
	for (uint32_t i = 0; i < boot.ram_count; i++) {
		uint64_t end = boot.ram[i].start + boot.ram[i].len;

		if (end > FOUR_GIB)
			high = end > high ? end : high;
		else
			low = end > low ? end : low;
	}
	pci_forbid(0, low, false);
	if (high)
		pci_forbid(FOUR_GIB, high - FOUR_GIB, false);
	pci_forbid(FIXED_START, FIXED_LEN, false);
}

void devices_init(const struct acpi_report *r)
{
	static const struct pci_watch watch = { cover, moved, was_reset };
	uint64_t at, len;

	forbid(r);
	config = counters_device("configuration", 0);	/* CF8h and ECAM have one */
	for (uint32_t n = 0; n < pci_count(); n++) {
		const struct pci_function *f = pci_nth(n);

		for (unsigned i = 0; f->fate == PCI_MODELLED && i < PCI_BARS; i++) {
			if (f->size[i])
				add_bar(f, i);
		}
		add_chipset(f);
	}
	if (pci_ecam(&at, &len))
		add_ecam(at, len);
	if (r->ecam_len)
		add_ecam(r->ecam, r->ecam_len);
	for (uint32_t i = 0; i < r->iommu_count; i++)
		add_region(&iommus[i], "iommu", r->iommu[i] & ~PAGE_MASK, IOMMU_BYTES, nothing);
	pci_watch(&watch);
}

bool devices_share(uint16_t port, unsigned size)
{
	for (uint32_t i = 0; i < trap_count; i++) {
		const struct trapped *t = &traps[i];

		if (t->ports && port < t->port + t->ports && port + size > t->port && (port < t->port || port + size > t->port + t->ports))
			return true;
	}
	return false;
}

bool devices_port(const struct vcpu *v, uint16_t port, unsigned size, bool in, uint32_t *value)
{
	for (uint32_t i = 0; i < trap_count; i++) {
		struct trapped *t = &traps[i];

		if (port < t->port || port - t->port >= t->ports)
			continue;
		counters_access(t->region.counters, port - t->port, !in);
		model_port(t->region.arg, v, t->bar, (uint32_t)(port - t->port), size, !in, value);
		return true;
	}
	return false;
}
