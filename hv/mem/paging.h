/*
 * paging.h - the hypervisor's own page tables: nothing is writable and executable
 *
 * Mapped are the image (text read-only and executable, rodata read-only, the rest not
 * executable), the rest of its memory, and a few windows for single pages of the guest or of
 * devices.  Those of guest memory are closed behind each use, but for a few that can only be
 * read.  Nothing else is mapped, nothing at 0.
 */
#ifndef HV_MEM_PAGING_H
#define HV_MEM_PAGING_H

#include <stdbool.h>
#include <stddef.h>

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
/*
 * Views: pages of the guest's RAM, read-only, that stay until the processor needs their place for another.  Its tables,
 * code and stacks are read at every exit.  What a function returns holds until the processor's next window_open().
 */
#define VIEWS_PER_CPU	256u	/* a power of two */
#define VIEW_BASE	UINT64_C(0xffff800000200000)
#define VIEW_FLAGS	UINT64_C(0x8000000000000061)	/* present, accessed, dirty; neither written nor executed */
extern uint64_t *window_views;		/* page table entries */

static inline uint32_t window_view_slot(uint32_t cpu, hpa_t at)
{
	uint64_t page = at.a >> PAGE_SHIFT;

	return cpu * VIEWS_PER_CPU + (uint32_t)((page ^ page / VIEWS_PER_CPU) % VIEWS_PER_CPU);
}

/* The byte at @at, any address; NULL: its page has no view. */
static inline const void *window_view(uint32_t cpu, hpa_t at)
{
	uint32_t slot = window_view_slot(cpu, at);

	if ((window_views[slot] ^ VIEW_FLAGS) != (at.a & ~(uint64_t)(PAGE_SIZE - 1)))
		return NULL;
	return (const uint8_t *)(VIEW_BASE + (uint64_t)slot * PAGE_SIZE + at.a % PAGE_SIZE);
}

/* Its page, which is the guest's RAM as a whole, has one from now on. */
const void *window_open(uint32_t cpu, hpa_t at);
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
