/*
 * legacy.h - ports of the PC that would lead around us: what of a write may reach them
 *
 * A20 off masks an address bit of the hypervisor too; sleep with memory kept comes back without it; drives by IDE and
 * floppy ports have no model.  All else that shares their ports is handed on.
 */
#ifndef HV_GUEST_LEGACY_H
#define HV_GUEST_LEGACY_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/acpi.h"

struct legacy {
	struct acpi_sleep sleep;
	bool output_port;	/* the keyboard controller was told that its output port comes next */
};

/*
 * OUT of @size (1, 2, 4) bytes to @port.  False: it must not reach the device.  True: it may, with *@value, in
 * which A20 is on.
 */
bool legacy_out(struct legacy *l, uint16_t port, unsigned size, uint32_t *value);
/* What that write, which may reach the device, ends the machine by; NULL: it goes on. */
const char *legacy_end(const struct legacy *l, uint16_t port, unsigned size, uint32_t value);
/* Ports of drives: nothing is there. */
bool legacy_is_drive(uint16_t port, unsigned size);
/* What nobody drives on an IDE channel: bit 7, busy, is pulled down (ATA/ATAPI-8 serial/parallel, table 5). */
#define LEGACY_NO_DRIVE		0x7f7f7f7fu

#endif
