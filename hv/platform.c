/*
 * platform.c - processors, interrupt controllers and timers, as the firmware's tables tell
 */
#include "hv/platform.h"

#include <string.h>

/* MADT: table 5.19 and those of its entries */
enum { MADT_ENTRIES = 44, ENTRY_MAX = 16 };
enum { MADT_LOCAL_APIC = 0, MADT_IOAPIC = 1, MADT_LOCAL_X2APIC = 9 };
enum { LOCAL_APIC_BYTES = 8, IOAPIC_BYTES = 12, LOCAL_X2APIC_BYTES = 16 };
#define MADT_ENABLED	(1u << 0)
#define XAPIC_IDS	255u	/* FFh is everybody */

/* HPET: base address as a generic address, in memory */
enum { HPET_ADDRESS = 40, HPET_BYTES = 56, ADDRESS_BYTES = 12, SPACE_MEMORY = 0 };

#define PAGE_OFFSET	0xfffu

static uint32_t get32(const uint8_t *from)
{
	uint32_t v;

	memcpy(&v, from, sizeof(v));
	return v;
}

/* Processors beyond the ids of xAPIC are nobody's: nothing we do not send starts them. */
static void add_processor(struct platform *p, uint32_t id, uint32_t flags)
{
	if (!(flags & MADT_ENABLED) || id >= XAPIC_IDS)
		return;
	for (uint32_t i = 0; i < p->processors && i < PLATFORM_PROCESSORS; i++) {
		if (p->apic_id[i] == id)
			return;
	}
	if (p->processors < PLATFORM_PROCESSORS)
		p->apic_id[p->processors] = (uint8_t)id;
	p->processors++;
}

static void add_ioapic(struct platform *p, uint32_t at, uint32_t gsi)
{
	if (at == 0 || at & PAGE_OFFSET || p->ioapic_count == PLATFORM_IOAPICS)
		return;
	p->ioapic[p->ioapic_count++] = (struct platform_ioapic){ at, gsi };
}

static void read_madt(const struct acpi_memory *m, uint64_t at, uint32_t len, struct platform *p)
{
	uint8_t e[ENTRY_MAX];

	for (uint32_t offset = MADT_ENTRIES; offset + 2 <= len; offset += e[1]) {
		uint32_t n = len - offset < ENTRY_MAX ? len - offset : ENTRY_MAX;

		if (!m->read(m->host, at + offset, e, n) || e[1] < 2 || e[1] > len - offset)
			return;
		if (e[0] == MADT_LOCAL_APIC && e[1] >= LOCAL_APIC_BYTES)
			add_processor(p, e[3], get32(e + 4));
		else if (e[0] == MADT_LOCAL_X2APIC && e[1] >= LOCAL_X2APIC_BYTES)
			add_processor(p, get32(e + 4), get32(e + 8));
		else if (e[0] == MADT_IOAPIC && e[1] >= IOAPIC_BYTES)
			add_ioapic(p, get32(e + 4), get32(e + 8));
	}
}

static void read_hpet(const struct acpi_memory *m, uint64_t at, uint32_t len, struct platform *p)
{
	uint8_t address[ADDRESS_BYTES];

	if (len < HPET_BYTES || !m->read(m->host, at + HPET_ADDRESS, address, sizeof(address)) ||
	    address[0] != SPACE_MEMORY)
		return;
	memcpy(&p->hpet, address + 4, sizeof(p->hpet));
	if (p->hpet & PAGE_OFFSET || p->hpet >> 32)	/* never seen; it would need more than one page */
		p->hpet = 0;
}

void platform_read(const struct acpi_memory *m, uint16_t ebda, struct platform *p)
{
	uint64_t at;
	uint32_t len;

	memset(p, 0, sizeof(*p));
	if (acpi_find(m, ebda, "APIC", &at, &len))
		read_madt(m, at, len, p);
	if (acpi_find(m, ebda, "HPET", &at, &len))
		read_hpet(m, at, len, p);
}
