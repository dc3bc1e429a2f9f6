/*
 * legacy.c - ports of the PC that would lead around us
 */
#include "hv/guest/legacy.h"

#include <stddef.h>

enum { KEYBOARD_DATA = 0x60, KEYBOARD_COMMAND = 0x64, SYSTEM_CONTROL_A = 0x92 };
/* 8042: 1 goes to the output port, whose bit 1 is A20; DDh and DFh, which some chipsets have, are A20 off and on */
enum { WRITE_OUTPUT_PORT = 0xd1, A20_OFF = 0xdd, A20_ON = 0xdf, PULSE = 0xf0 };
#define A20		(1u << 1)
#define RESET		(1u << 0)	/* of port 92h when it becomes 1, of the output port when it is pulsed to 0 */
/* PM1 control, upper byte: ACPI 6.5, table 4.16 */
#define SLP_EN		(1u << 5)
#define SLP_TYP(high)	((high) >> 2 & 7u)

/* IDE's two channels, the floppy controller; 3F6h and 3F7h are of both. */
static const struct { uint16_t first, last; } drives[] = {
	{ 0x170, 0x177 }, { 0x1f0, 0x1f7 }, { 0x376, 0x377 }, { 0x3f0, 0x3f7 },
};

bool legacy_is_drive(uint16_t port, unsigned size)
{
	for (unsigned i = 0; i < sizeof(drives) / sizeof(drives[0]); i++) {
		if (port <= drives[i].last && port + size > drives[i].first)
			return true;
	}
	return false;
}

/* The keyboard controller's data and command. */
static uint8_t keyboard(struct legacy *l, uint32_t port, uint8_t byte)
{
	bool output_port = l->output_port;

	l->output_port = port == KEYBOARD_COMMAND && byte == WRITE_OUTPUT_PORT;
	if (port == KEYBOARD_DATA)
		return output_port ? byte | A20 : byte;
	if (byte == A20_OFF)
		return A20_ON;
	return (byte & PULSE) == PULSE ? byte | A20 : byte;	/* bits that are 0 are pulsed */
}

bool legacy_out(struct legacy *l, uint16_t port, unsigned size, uint32_t *value)
{
	uint32_t out = 0;

	for (unsigned i = 0; i < size; i++) {
		uint8_t byte = (uint8_t)(*value >> 8 * i);
		uint32_t at = (uint32_t)port + i;

		if (at == SYSTEM_CONTROL_A)
			byte |= A20;
		else if (at == KEYBOARD_DATA || at == KEYBOARD_COMMAND)
			byte = keyboard(l, at, byte);
		for (uint32_t n = 0; n < l->sleep.count; n++) {
			const struct acpi_pm1 *pm1 = &l->sleep.pm1[n];

			if (at == pm1->port + 1u && byte & SLP_EN && !(pm1->allowed >> SLP_TYP(byte) & 1))
				return false;
		}
		out |= (uint32_t)byte << 8 * i;
	}
	*value = out;
	return !legacy_is_drive(port, size);
}

const char *legacy_end(const struct legacy *l, uint16_t port, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++) {
		uint8_t byte = (uint8_t)(value >> 8 * i);
		uint32_t at = (uint32_t)port + i;

		if (at == SYSTEM_CONTROL_A && byte & RESET)
			return "reset by port 92";
		if (at == KEYBOARD_COMMAND && (byte & PULSE) == PULSE && !(byte & RESET))
			return "reset by the keyboard controller";
		for (uint32_t n = 0; n < l->sleep.count; n++) {
			if (at == l->sleep.pm1[n].port + 1u && byte & SLP_EN)
				return "power-off";
		}
	}
	return NULL;
}
