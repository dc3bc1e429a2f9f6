/*
 * reset.c - resets by every way that a PC has, and power-off
 */
#include "tests/endpoint/guest/acpi.h"
#include "tests/endpoint/guest/print.h"
#include "tests/endpoint/guest/reset.h"
#include "tests/endpoint/guest/x86.h"

/* FADT, ACPI 6.4 table 5.9 */
#define FADT_PM1A_CNT	64
#define FADT_RESET_REG	116	/* generic address: space, width, offset, size, 64-bit address */
#define FADT_RESET_VALUE 128
#define SPACE_IO	1
#define SLP_EN		(1 << 13)	/* SLP_TYP 0 is S5 on QEMU's boards */

static void acpi_reset(void)
{
	const uint8_t *fadt = acpi_table("FACP");

	if (!fadt || fadt[FADT_RESET_REG] != SPACE_IO) {
		say("RESET-FAILED no reset register\n");
		return;
	}
	outb(acpi_u32(fadt, FADT_RESET_REG + 4), fadt[FADT_RESET_VALUE]);
}

static void acpi_off(void)
{
	const uint8_t *fadt = acpi_table("FACP");

	if (fadt)
		outw(acpi_u32(fadt, FADT_PM1A_CNT), SLP_EN);
}

static void triple_fault(void)
{
	static const uint8_t no_table[16];

	load_idt(no_table, 0);
	__asm__ volatile("int3");
}

void reset_as_told(void)
{
	if (!arg_value("reset"))
		return;
	say("RESET-NOW\n");
	if (arg_is("reset", "kbd"))
		outb(0x64, 0xfe);
	else if (arg_is("reset", "port92"))
		outb(0x92, inb(0x92) | 1);
	else if (arg_is("reset", "cf9"))
		outb(0xcf9, 6);
	else if (arg_is("reset", "acpi"))
		acpi_reset();
	else if (arg_is("reset", "init"))
		mmio_write(0xfee00300, 0x44500);	/* to itself */
	else if (arg_is("reset", "triple"))
		triple_fault();
	else if (arg_is("reset", "off"))
		acpi_off();
	for (unsigned i = 0; i < 1000000; i++)
		inb(0x80);
	say("RESET-FAILED\n");
}
