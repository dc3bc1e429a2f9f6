/*
 * paging.h - the hypervisor's own page tables: nothing is writable and executable
 *
 * Mapped are the image (text read-only and executable, rodata read-only, the rest not
 * executable), the rest of its memory, and a few windows for single pages of the guest or of
 * devices.  Nothing else: no guest memory, nothing at 0.
 */
#ifndef HV_MEM_PAGING_H
#define HV_MEM_PAGING_H

#include <stdbool.h>

#include "hv/boot/boot_info.h"
#include "hv/cpu/x86.h"

enum window_kind { WINDOW_RAM, WINDOW_RAM_READ, WINDOW_DEVICE };

#define WINDOWS_PER_CPU	4u

/* Builds the tables; paging_enter() loads them on the processor that calls it. */
void paging_init(const struct boot_info *b);
void paging_enter(void);
bool paging_is_entered(void);
/* A page of low memory to itself, readable and executable, for processors that start; paging_guard() ends it. */
void paging_step(gpa_t page);
#ifdef FAULT_TEST
/* A page of the hypervisor's memory becomes a user page that may be executed: what SMAP and SMEP are there for. */
void paging_user(void *page);
#endif
/* A page of the hypervisor's memory becomes a guard: touching it is a fault. */
void paging_guard(void *page);
/*
 * The page of @at through window @slot, which belongs to one processor; the pointer holds until the slot's next
 * use.  Device pages are uncached.
 */
void *window_map(uint32_t slot, hpa_t at, enum window_kind kind);
void window_unmap(uint32_t slot);
/* The 8 bytes at @at, aligned, in RAM: window_map(), one load, window_unmap(). */
uint64_t window_peek(uint32_t slot, hpa_t at);
/* The same of 4 bytes. */
uint32_t window_peek_half(uint32_t slot, hpa_t at);
/* Device registers that stay mapped: @pages from @at on. */
volatile void *device_map(hpa_t at, uint32_t pages);
/*
 * The same for registers that move: room for them, where they are now, and what a processor does before it uses the
 * mapping for the first time since.
 */
volatile void *device_reserve(uint32_t pages);
void device_point(volatile void *room, hpa_t at, uint32_t pages);
void device_forget(volatile void *room, uint32_t pages);

#endif
