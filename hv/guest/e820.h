/*
 * e820.h - the memory map that the guest is told: the firmware's, with our memory reserved
 *
 * ACPI 6.5, section 15.1: INT 15h, EAX=E820h.
 */
#ifndef HV_GUEST_E820_H
#define HV_GUEST_E820_H

#include <stdbool.h>
#include <stdint.h>

#define E820_MAX	128u

enum e820_type { E820_RAM = 1, E820_RESERVED = 2, E820_ACPI = 3, E820_NVS = 4, E820_UNUSABLE = 5 };

/* As INT 15h writes it. */
struct e820_entry {
	uint64_t start, len;
	uint32_t type;
} __attribute__((packed));
_Static_assert(sizeof(struct e820_entry) == 20, "ACPI 6.5, table 15.1");

struct e820 {
	struct e820_entry entry[E820_MAX];
	uint32_t count;
	uint32_t dropped;	/* entries that found no room: their RAM is lost, never ours shown */
};

/* Append; empty and wrapping ranges are dropped. */
void e820_add(struct e820 *map, uint64_t start, uint64_t len, uint32_t type);
/* No RAM entry covers any of [@start, @start + @len) any more; a reserved one does. */
void e820_reserve(struct e820 *map, uint64_t start, uint64_t len);
/* RAM in one piece from @from on, bytes. */
uint64_t e820_ram_from(const struct e820 *map, uint64_t from);

#endif
