/*
 * devices.c - registers of the modelled devices, and configuration space in memory
 */
#include "hv/guest/devices.h"

#include "hv/counters.h"
#include "hv/cpu/svm.h"
#include "hv/guest/mmio.h"
#include "hv/log.h"
#include "hv/panic.h"
#include "hv/text.h"

#define BARS_MAX	24u
#define ECAM_LEN	(UINT64_C(256) << 20)
#define PAGE_MASK	((uint64_t)PAGE_SIZE - 1)

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
static struct mmio_region ecam = { .name = "configuration" };

static void pass(struct mmio_region *r, struct vcpu *v, uint64_t offset, unsigned size, bool write,
		 uint64_t *value)
{
	mmio_pass(v, r->at + offset, size, write, value);
}

/* PCI Express base 3.0, section 7.2.2: bus, device, function, register in the address. */
static void ecam_access(struct mmio_region *r, struct vcpu *v, uint64_t offset, unsigned size,
			bool write, uint64_t *value)
{
	uint16_t bdf = (uint16_t)(offset >> 12), reg = offset & 0xfff;
	const struct pci_function *f = pci_at(bdf);

	devices_config(v, bdf, reg, write);
	if (!f || f->fate >= PCI_HIDDEN_STORAGE) {
		if (!write)
			*value = UINT64_MAX;
		return;
	}
	if (!write || reg >= 0x100) {		/* extended registers have no other way */
		mmio_pass(v, r->at + offset, size, write, value);
		return;
	}
	for (unsigned done = 0; done < size; done += 4) {
		unsigned n = size - done < 4 ? size - done : 4;

		if (pci_guest_write(bdf, (uint16_t)(reg + done), n, (uint32_t)(*value >> 8 * done)))
			devices_moved(v, f);
	}
}

void devices_config(const struct vcpu *v, uint16_t bdf, uint16_t reg, bool write)
{
	const struct pci_function *f = pci_at(bdf);
	uint64_t place = (uint64_t)bdf << 12 | (reg & ~3u);

	counters_access(ecam.counters, f ? place : COUNTERS_OTHER, write);
	/* whoever looks for devices reads the first register of each place */
	if (!f || f->fate < PCI_HIDDEN_STORAGE || (!write && reg < 4))
		return;
	counters_offence(v->index, OFFENCE_HIDDEN);
	log_guest(OFFENCE_HIDDEN, "%s of register %x of the hidden function %02x:%02x.%u",
		  write ? "write" : "read", reg, bdf >> 8, bdf >> 3 & 31u, bdf & 7u);
}

/* Whole pages: what shares a page with a device's registers is handed on as they are. */
static void place(struct trapped *t)
{
	const struct pci_bar *b = &t->f->bar[t->bar];
	uint64_t from = b->at & ~PAGE_MASK, to = (b->at + b->len + PAGE_MASK) & ~PAGE_MASK;

	if (!b->io) {
		mmio_move(&t->region, from, b->len ? to - from : 0);
		return;
	}
	svm_trap_ports((uint32_t)t->port, (uint32_t)t->ports, false);
	t->port = b->at;
	t->ports = b->len;
	svm_trap_ports((uint32_t)t->port, (uint32_t)t->ports, true);
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
	t->region.access = pass;
	if (!f->bar[bar].io)
		mmio_add(&t->region);
	place(t);
	log_debug("%s: at %llx, %llu bytes", t->name, (unsigned long long)f->bar[bar].at,
		  (unsigned long long)f->bar[bar].len);
}

void devices_init(void)
{
	ecam.counters = counters_device("configuration", 0);	/* CF8h has no other */
	for (uint32_t n = 0; n < pci_count(); n++) {
		const struct pci_function *f = pci_nth(n);

		for (unsigned i = 0; f->fate == PCI_MODELLED && i < PCI_BARS; i++) {
			if (f->size[i])
				add_bar(f, i);
		}
	}
	if (pci_ecam()) {
		ecam.at = pci_ecam();
		ecam.len = ECAM_LEN;
		ecam.access = ecam_access;
		mmio_add(&ecam);
	}
}

void devices_moved(const struct vcpu *v, const struct pci_function *f)
{
	for (uint32_t i = 0; i < trap_count; i++) {
		if (traps[i].f == f)
			place(&traps[i]);
	}
	counters_offence(v->index, OFFENCE_BAR);
	log_guest(OFFENCE_BAR, "BARs of %02x:%02x.%u moved", f->bdf >> 8, f->bdf >> 3 & 31u, f->bdf & 7u);
}

bool devices_port(uint16_t port, unsigned size, bool in, uint32_t *value)
{
	for (uint32_t i = 0; i < trap_count; i++) {
		struct trapped *t = &traps[i];

		if (port < t->port || port - t->port >= t->ports)
			continue;
		counters_access(t->region.counters, port - t->port, !in);
		if (in)
			*value = size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
		else if (size == 1)
			outb(port, (uint8_t)*value);
		else if (size == 2)
			outw(port, (uint16_t)*value);
		else
			outl(port, *value);
		return true;
	}
	return false;
}
