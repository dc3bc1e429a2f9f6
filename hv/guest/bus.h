/*
 * bus.h - all that guest code may reach here: RAM, and device pages by one function
 *
 * Addresses are guest-physical and come from the guest: any value.  "RAM" is what the guest may
 * touch without us; everything else is a device's.
 */
#ifndef HV_GUEST_BUS_H
#define HV_GUEST_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/cpu/x86.h"

struct guest_bus {
	void *host;
	/* Is the page of @at RAM? */
	bool (*is_ram)(void *host, gpa_t at);
	/*
	 * Copy @size bytes of one page.  False outside RAM, with nothing copied.  2, 4 and 8
	 * aligned bytes are moved in one access: page tables are read with it.
	 */
	bool (*read)(void *host, gpa_t at, void *to, unsigned size);
	bool (*write)(void *host, gpa_t at, const void *from, unsigned size);
	/*
	 * Put @new where @old is, in one locked access of @size (4 or 8) aligned bytes.  False when
	 * something else is there, or no RAM.
	 */
	bool (*cmpxchg)(void *host, gpa_t at, uint64_t old, uint64_t new, unsigned size);
	/*
	 * A device is read into or written from @value.  @size is 1, 2, 4 or 8, @at a multiple of
	 * it; *value has no bits above @size when written, and bits above are ignored when read.
	 * What a device does not like is the device's to answer: all ones, or nothing.
	 */
	void (*mmio)(void *host, gpa_t at, unsigned size, bool write, uint64_t *value);
};

#endif
