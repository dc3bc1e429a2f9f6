/*
 * ioapic.c - what the guest's accesses to an I/O APIC become
 */
#include "hv/guest/ioapic.h"

#define PINS(version)	(((version) >> 16 & 0xff) + 1)
#define PINS_MAX	120u		/* whose entries have an index of 8 bits */
#define MODE(entry)	((entry) >> 8 & 7)
#define MODE_INIT	5u
#define READ_ONLY	(1u << 12 | 1u << 14)	/* delivery status, remote IRR */

static uint32_t get(const struct ioapic_guard *g, uint32_t index)
{
	return g->bus->read(g->host, index);
}

static uint64_t get_entry(const struct ioapic_guard *g, uint32_t pin)
{
	uint32_t low = get(g, IOAPIC_ENTRIES + 2 * pin);

	return (uint64_t)get(g, IOAPIC_ENTRIES + 2 * pin + 1) << 32 | low;
}

/* The lower half, with the mask, last. */
static void put_entry(const struct ioapic_guard *g, uint32_t pin, uint64_t entry)
{
	g->bus->write(g->host, IOAPIC_ENTRIES + 2 * pin + 1, (uint32_t)(entry >> 32));
	g->bus->write(g->host, IOAPIC_ENTRIES + 2 * pin, (uint32_t)entry);
}

void ioapic_guard_init(struct ioapic_guard *g, const struct ioapic_bus *bus, void *host)
{
	*g = (struct ioapic_guard){ .bus = bus, .host = host, .ours = IOAPIC_NO_PIN };
	g->pins = PINS(get(g, IOAPIC_VERSION));
	g->pins = g->pins < PINS_MAX ? g->pins : PINS_MAX;
}

/* A pin that the guest has masked, from the last on. */
static uint32_t find(const struct ioapic_guard *g)
{
	for (uint32_t pin = g->pins < 32 ? g->pins : 32; pin-- > 0;) {
		if (g->candidates >> pin & 1 && pin != g->ours && get(g, IOAPIC_ENTRIES + 2 * pin) & IOAPIC_MASKED)
			return pin;
	}
	return IOAPIC_NO_PIN;
}

uint32_t ioapic_take(struct ioapic_guard *g, uint32_t candidates, uint64_t entry)
{
	g->candidates = candidates;
	g->entry = entry;
	g->ours = find(g);
	if (g->ours == IOAPIC_NO_PIN)
		return IOAPIC_NO_PIN;
	g->guest = get_entry(g, g->ours);
	put_entry(g, g->ours, entry);
	return g->ours;
}

/* The guest wants our pin. */
static bool move(struct ioapic_guard *g)
{
	uint32_t was = g->ours, now = find(g);
	uint64_t guest = g->guest;

	if (now == IOAPIC_NO_PIN) {	/* it has unmasked all: this one never interrupts it */
		g->refused++;
		return false;
	}
	g->guest = get_entry(g, now);
	g->ours = now;
	put_entry(g, now, g->entry);
	put_entry(g, was, guest);
	return true;
}

static bool write_entry(struct ioapic_guard *g, uint32_t index, uint32_t v)
{
	uint32_t pin = (index - IOAPIC_ENTRIES) / 2;
	bool high = index & 1;

	if (pin >= g->pins)
		return false;
	if (!high && MODE(v) == MODE_INIT) {
		g->refused++;
		v |= IOAPIC_MASKED;
	}
	if (pin != g->ours) {
		g->bus->write(g->host, index, v);
		return false;
	}
	if (high) {
		g->guest = (uint32_t)g->guest | (uint64_t)v << 32;
		return false;
	}
	g->guest = (g->guest & ~UINT64_C(0xffffffff)) | (v & ~READ_ONLY);
	return !(v & IOAPIC_MASKED) && move(g);
}

uint64_t ioapic_read(const struct ioapic_guard *g, uint32_t offset, unsigned size)
{
	uint32_t pin = (g->select - IOAPIC_ENTRIES) / 2;

	if (offset == IOAPIC_SELECT)
		return g->select;
	if (offset != IOAPIC_WINDOW || size != 4)
		return 0;
	if (g->select >= IOAPIC_ENTRIES && pin >= g->pins)
		return 0;
	if (g->select >= IOAPIC_ENTRIES && pin == g->ours)
		return (uint32_t)(g->select & 1 ? g->guest >> 32 : g->guest);
	return get(g, g->select);
}

bool ioapic_write(struct ioapic_guard *g, uint32_t offset, unsigned size, uint64_t value)
{
	uint32_t v = (uint32_t)value;

	switch (offset) {
	case IOAPIC_SELECT:
		g->select = v & 0xff;
		break;
	case IOAPIC_WINDOW:
		if (size != 4)
			break;
		if (g->select >= IOAPIC_ENTRIES)
			return write_entry(g, g->select, v);
		if (g->select == IOAPIC_ID)
			g->bus->write(g->host, IOAPIC_ID, v);
		break;
	case IOAPIC_EOI:
		if (size == 4)
			g->bus->end(g->host, v & 0xff);
		break;
	}
	return false;
}
