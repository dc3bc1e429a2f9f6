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
/*
 * Piece @n of @ram to a whole MiB, or to the next piece.  Firmware keeps the rest for itself, as a BIOS does its AHCI command
 * lists, and that is RAM too: chipsets tell it from devices' memory by MiBs (Q35 datasheet, section 5.1.24: TOLUD; AMD64
 * volume 2, section 7.9.4: TOP_MEM).  SMM's own memory begins with a MiB of its own.
 */
struct boot_ram place_whole(const struct boot_ram *ram, uint32_t count, uint32_t n);

#endif
