/*
 * layout.h - where the bare guest's parts lie in memory
 */
#ifndef ENDPOINT_GUEST_LAYOUT_H
#define ENDPOINT_GUEST_LAYOUT_H

#define STAGE64_ADDR	0x40000
#define STACK_TOP	0x90000
#define TABLES_ADDR	0x100000	/* page tables for long mode: 6 pages */
#define SCRATCH_ADDR	0x200000	/* memory for checks: 2 MiB, mapped in pages of 4 KiB */

#define CODE32_SEL	0x08
#define DATA_SEL	0x10
#define CODE64_SEL	0x18
#define CODE16_SEL	0x20
#define TSS_MAIN_SEL	0x28
#define TSS_OTHER_SEL	0x30		/* in long mode a TSS descriptor takes two */
#define TSS_FAULT_SEL	0x38
#define GDT_ENTRIES	9

#endif
