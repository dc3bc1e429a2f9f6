/*
 * boot_info.h - what any loader tells the hypervisor; multiboot.c fills it, UEFI will
 *
 * All of it is a copy in the hypervisor's own memory: the loader's structures lie wherever it
 * liked, perhaps where the guest will be.
 */
#ifndef HV_BOOT_BOOT_INFO_H
#define HV_BOOT_BOOT_INFO_H

#include <stdint.h>

#include "hv/cpu/x86.h"

#define BOOT_RAM_MAX		64u
#define BOOT_MODULES_MAX	4u
#define BOOT_LINE_MAX		512u	/* bytes of the command line, NUL included */
#define BOOT_NAME_MAX		128u

struct boot_ram {		/* usable RAM */
	uint64_t start, len;
};

struct boot_module {
	hpa_t at;		/* in the hypervisor's memory by now */
	uint64_t len;		/* bytes */
	char name[BOOT_NAME_MAX];	/* as given, cut */
};

struct boot_info {
	struct boot_ram ram[BOOT_RAM_MAX];
	uint32_t ram_count;
	struct boot_module modules[BOOT_MODULES_MAX];
	uint32_t module_count;
	uint32_t modules_dropped;	/* more than BOOT_MODULES_MAX */
	char line[BOOT_LINE_MAX];	/* without the image's own name */
	uint32_t base_kb;		/* BIOS base memory, KiB (BIOS data area, 0x413) */
	/* The hypervisor's memory: image, then modules, then what hands out the rest. */
	hpa_t start;
	uint64_t len;
	hpa_t free;			/* first byte behind the modules, page-aligned */
};

#endif
