/*
 * disk.c - AHCI controllers: the model's place among the others, and the memory through which sectors go
 */
#include "hv/disk.h"

#include "devmodel/ahci/ahci.h"
#include "hv/enforce.h"
#include "hv/log.h"
#include "hv/mem/pages.h"
#include "hv/model.h"
#include "hv/pci_guard.h"

#define ABAR		5u		/* AHCI 1.3.1, section 2.1.11 */
#define REGISTERS_LEAST	0x180u		/* section 3: with one port */
#define REGISTERS_MOST	0x1100u		/* with 32 */
#define CONTROLLERS_MAX	4u
/* SATA capability (section 2.4) */
#define CAP_SATA	0x12u
#define SATA_CR1	4u

static struct bounce bounce;

/* ---- the bounce memory ---- */

static uint32_t bounce_bytes(const struct options *o)
{
	return (uint32_t)o->bounce_mib << 20;
}

static uint64_t map_pages(const struct options *o)
{
	return (bounce_map_bytes(bounce_bytes(o)) + PAGE_SIZE - 1) / PAGE_SIZE;
}

uint64_t disk_bytes(const struct options *o)
{
	return bounce_bytes(o) + map_pages(o) * PAGE_SIZE;
}

void disk_init(const struct options *o)
{
	uint32_t len = bounce_bytes(o);
	uint8_t *at;

	if (!pci_survey(o, PCI_AHCI))
		return;
	at = pages_alloc_as_is(len / PAGE_SIZE);
	bounce_init(&bounce, (struct dma_memory){ at, { hpa_of(at).a }, len }, pages_alloc(map_pages(o)));
	log_debug("bounce memory: %u MiB", o->bounce_mib);
}

/* ---- index and data ---- */

static uint32_t pair_of(const struct pci_function *f, unsigned *bar)
{
	for (uint32_t i = 0; i < f->cap_count; i++) {
		if (f->cap[i].id == CAP_SATA)
			return guard_pair(f, pci_read(f->bdf, (uint16_t)(f->cap[i].at + SATA_CR1)), bar);
	}
	return GUARD_NO_PAIR;
}

/* ---- a kind of model ---- */

static void *attach(void *memory, const struct devmodel *d, const struct pci_function *f, uint32_t nth)
{
	unsigned bar;

	return ahci_attach(memory, d, &enforce_disk, &bounce, (uint8_t)nth, pair_of(f, &bar));
}

static void abar_access(void *state, uint32_t offset, unsigned size, bool write, uint64_t *value)
{
	ahci_access(state, offset, size, write, value);
}

/* Ports of IDE and of its bus master, which AHCI leaves alone, are nobody's. */
static void port(void *state, const struct pci_function *f, unsigned bar, uint32_t offset, unsigned size, bool write,
		 uint32_t *value)
{
	unsigned has;

	if (pair_of(f, &has) != GUARD_NO_PAIR && has == bar)
		ahci_io(state, offset, size, write, value);
	else if (!write)
		*value = UINT32_MAX;
}

static void poll(void *state)
{
	ahci_poll(state);
}

static uint32_t poll_hz(const void *state)
{
	return ahci_poll_hz(state);
}

static bool rests(const void *state)
{
	return ahci_rests(state);
}

static void halts(void *state)
{
	ahci_halts(state);
}

static void was_reset(void *state)
{
	ahci_was_reset(state);
}

static uint64_t counter(const void *state, uint32_t n)
{
	return ahci_counter(state, n);
}

const struct model_kind disk_kind = {
	.name = "ahci", .what = "disk controller", .is = PCI_AHCI, .bar = ABAR, .least = REGISTERS_LEAST,
	.most = REGISTERS_MOST, .count_max = CONTROLLERS_MAX, .pool_bytes = AHCI_POOL_BYTES, .size = ahci_size, .attach = attach, .access = abar_access,
	.port = port, .poll = poll, .poll_hz = poll_hz, .halts = halts, .rests = rests, .was_reset = was_reset, .counters = AHCI_COUNTERS,
	.counter_name = ahci_counter_name, .counter = counter,
};
