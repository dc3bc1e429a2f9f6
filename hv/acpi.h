/*
 * acpi.h - the firmware's tables, in place: what the guest must not find there is made unfindable
 *
 * ACPI 6.5, section 5.2.  Tables that describe an IOMMU (DMAR, IVRS) and the packages that
 * describe sleep with memory kept (\_S1 to \_S3) get names that nobody asks for; checksums stay right.
 * What they said is told, so that who knows it all the same finds nothing.
 */
#ifndef HV_ACPI_H
#define HV_ACPI_H

#include <stdbool.h>
#include <stdint.h>

#define ACPI_IOMMUS_MAX	8u
#define ACPI_PM1_MAX	4u

/* PM1 control registers (section 4.8.3.2.1), and the types of sleep that may be asked for there: bits by number. */
struct acpi_pm1 {
	uint16_t port;
	uint8_t allowed;
};

struct acpi_sleep {
	struct acpi_pm1 pm1[ACPI_PM1_MAX];
	uint32_t count;
	bool elsewhere;		/* there is one that is no port, and nobody watches */
};

/* Physical memory: false where there is none that may be touched. */
struct acpi_memory {
	void *host;
	bool (*read)(void *host, uint64_t at, void *to, uint32_t len);
	bool (*write)(void *host, uint64_t at, const void *from, uint32_t len);
};

struct acpi_report {
	uint32_t tables;	/* looked at */
	uint32_t iommus;	/* DMAR, IVRS: renamed */
	uint32_t sleeps;	/* \_S1, \_S2, \_S3: renamed */
	struct acpi_sleep sleep;
	uint64_t iommu[ACPI_IOMMUS_MAX];	/* their registers */
	uint32_t iommu_count;
	uint64_t ecam, ecam_len;	/* of segment 0; 0: none told */
	uint32_t broken;	/* a checksum or a length was wrong; left alone */
};

/* False: no root pointer.  @ebda: segment from the BIOS data area. */
bool acpi_hide(const struct acpi_memory *m, uint16_t ebda, struct acpi_report *r);

#define ACPI_HEADER	36u	/* bytes before a table's own */

/* The first whole table of that name: its address and length, header included. */
bool acpi_find(const struct acpi_memory *m, uint16_t ebda, const char signature[4], uint64_t *at,
	       uint32_t *len);

#endif
