/*
 * acpi.h - the tables that firmware leaves
 */
#ifndef ENDPOINT_GUEST_ACPI_H
#define ENDPOINT_GUEST_ACPI_H

#include <stdint.h>

/* A line `ACPI SIGN at ADDRESS length N` a table. */
void acpi_say_tables(void);
/* The first table with this signature, its checksum being right; NULL: none. */
const uint8_t *acpi_table(const char *signature);

static inline uint32_t acpi_u32(const uint8_t *table, unsigned offset)
{
	return table[offset] | table[offset + 1] << 8 | table[offset + 2] << 16 | (uint32_t)table[offset + 3] << 24;
}

#endif
