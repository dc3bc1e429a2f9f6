/*
 * start.h - the order in which everything comes up
 */
#ifndef HV_START_H
#define HV_START_H

#include <stdint.h>

#include "hv/boot/boot_info.h"
#include "hv/options.h"

/* Bytes besides image, modules and pools: page tables, stacks, the policy's memory. */
#define HV_MEMORY	(UINT64_C(23) << 20)
#define FIRST_DISK	0x80u		/* to INT 13h */
#define START_STACK	(5 * PAGE_SIZE)	/* the lowest page becomes a guard */

extern struct boot_info boot;
extern struct options options;
extern uint8_t start_stack[START_STACK];

/* In the moved image, on its own stack, still with the loader's identity map; never returns. */
void start(void) __attribute__((noreturn));

#endif
