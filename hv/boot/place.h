/*
 * place.h - where in RAM the hypervisor goes
 */
#ifndef HV_BOOT_PLACE_H
#define HV_BOOT_PLACE_H

#include <stdint.h>

#include "hv/boot/boot_info.h"

struct place_span {
	uint64_t start, len;
};

/*
 * The highest multiple of @align (a power of two) below 4 GiB from which on @size bytes are in one piece of
 * @ram and overlap none of the @taken spans, and not below 16 MiB; 0: there is none.
 */
uint64_t place_find(const struct boot_ram *ram, uint32_t count, const struct place_span *taken,
		    uint32_t taken_count, uint64_t size, uint64_t align);

#endif
