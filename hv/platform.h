/*
 * platform.h - what the firmware's tables tell of processors, interrupt controllers and timers
 *
 * ACPI 6.5, section 5.2.12 (MADT); IA-PC HPET specification 1.0a, section 3.2.4 (HPET).
 */
#ifndef HV_PLATFORM_H
#define HV_PLATFORM_H

#include "hv/acpi.h"

#define PLATFORM_IOAPICS	4u
#define PLATFORM_PROCESSORS	32u

struct platform_ioapic {
	uint64_t at;
	uint32_t gsi;		/* of its first pin */
};

struct platform {
	uint64_t hpet;		/* its registers; 0: there is none */
	struct platform_ioapic ioapic[PLATFORM_IOAPICS];
	uint32_t ioapic_count;
	uint8_t apic_id[PLATFORM_PROCESSORS];
	uint32_t processors;	/* enabled ones, also more than there are places; 0: the firmware does not say */
};

/* Whatever the tables lack or garble is absent in *@p. */
void platform_read(const struct acpi_memory *m, uint16_t ebda, struct platform *p);

#endif
