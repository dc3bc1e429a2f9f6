/*
 * lock.h - spinlocks, first come first served
 *
 * Order: guest (guest/exits.c), then wake, pci or counters, then log.  No lock is held across a run of the guest.
 */
#ifndef HV_CPU_LOCK_H
#define HV_CPU_LOCK_H

#include <stdint.h>

#include "hv/cpu/x86.h"

struct spinlock {
	uint32_t next, serving;
};

static inline void lock_take(struct spinlock *l)
{
	uint32_t mine = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->serving, __ATOMIC_ACQUIRE) != mine)
		cpu_relax();
}

/* False: somebody has it. */
static inline bool lock_try(struct spinlock *l)
{
	uint32_t free = __atomic_load_n(&l->serving, __ATOMIC_ACQUIRE);

	return __atomic_compare_exchange_n(&l->next, &free, free + 1, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static inline void lock_give(struct spinlock *l)
{
	__atomic_store_n(&l->serving, l->serving + 1, __ATOMIC_RELEASE);
}

#endif
