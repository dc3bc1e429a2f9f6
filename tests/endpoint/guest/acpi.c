/*
 * acpi.c - finds the tables by the RSDP in the BIOS area (ACPI 6.4, 5.2.5) and the RSDT
 */
#include <stdbool.h>
#include <stddef.h>

#include "tests/endpoint/guest/acpi.h"
#include "tests/endpoint/guest/print.h"

#define HEADER 36	/* bytes of a table's header */

static bool same(const void *a, const char *b, unsigned count)
{
	const char *p = a;

	while (count--)
		if (*p++ != *b++)
			return false;
	return true;
}

static bool sum_is_zero(const uint8_t *p, uint32_t count)
{
	uint8_t sum = 0;

	while (count--)
		sum += *p++;
	return sum == 0;
}

static const uint8_t *rsdt(void)
{
	for (unsigned long at = 0xe0000; at < 0x100000; at += 16) {
		const uint8_t *p = (const uint8_t *)at;

		if (same(p, "RSD PTR ", 8) && sum_is_zero(p, 20))
			return (const uint8_t *)(unsigned long)acpi_u32(p, 16);
	}
	return NULL;
}

/* Table number n of the RSDT; NULL behind the last. */
static const uint8_t *table_at(unsigned n)
{
	const uint8_t *root = rsdt();

	if (!root || acpi_u32(root, 4) < HEADER + 4 * (n + 1))
		return NULL;
	return (const uint8_t *)(unsigned long)acpi_u32(root, HEADER + 4 * n);
}

void acpi_say_tables(void)
{
	const uint8_t *table;

	for (unsigned n = 0; (table = table_at(n)); n++) {
		char name[5] = {table[0], table[1], table[2], table[3], 0};

		say("ACPI %s at %lx length %x%s\n", name, (unsigned long)table, acpi_u32(table, 4),
		    sum_is_zero(table, acpi_u32(table, 4)) ? "" : " bad checksum");
	}
}

const uint8_t *acpi_table(const char *signature)
{
	const uint8_t *table;

	for (unsigned n = 0; (table = table_at(n)); n++)
		if (same(table, signature, 4) && sum_is_zero(table, acpi_u32(table, 4)))
			return table;
	return NULL;
}
