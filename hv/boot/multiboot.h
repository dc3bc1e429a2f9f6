/*
 * multiboot.h - structures of Multiboot 1 (0.6.96), section 3.3
 */
#ifndef HV_BOOT_MULTIBOOT_H
#define HV_BOOT_MULTIBOOT_H

#include <stddef.h>
#include <stdint.h>

#define MULTIBOOT_LOADED	0x2badb002u	/* in EAX */

enum { MB_MEMORY = 1u << 0, MB_LINE = 1u << 2, MB_MODULES = 1u << 3, MB_MMAP = 1u << 6 };

struct mb_info {
	uint32_t flags;
	uint32_t mem_lower, mem_upper;	/* KiB, from 0 and from 1 MiB */
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr;
};

struct mb_module {
	uint32_t start, end;		/* end: first byte behind it */
	uint32_t string;
	uint32_t reserved;
};

struct mb_mmap {
	uint32_t size;			/* bytes behind this word */
	uint64_t start, len;
	uint32_t type;			/* 1: usable */
} __attribute__((packed));

_Static_assert(offsetof(struct mb_info, mmap_addr) == 48, "0.6.96, figure in section 3.3");
_Static_assert(sizeof(struct mb_module) == 16, "0.6.96, section 3.3");
_Static_assert(sizeof(struct mb_mmap) == 24, "0.6.96, section 3.3");

#endif
