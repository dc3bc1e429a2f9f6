/*
 * wake.h - a tick that makes a guest exit that would not do so by itself
 *
 * A comparator of the HPET sends an NMI, which no guest can mask, to the boot processor.  That one is enough:
 * what there is to be done is the machine's, not a processor's; who needs another processor out of the guest
 * kicks it (cpu/smp.h).  A guest that halts is woken by it, also with interrupts off: SVM does not tell that it
 * was halted, so that HLT ends, as it may by any SMI.
 */
#ifndef HV_WAKE_H
#define HV_WAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/platform.h"

/* Who wants to look at the machine oftener than the idle tick does. */
enum wake_user { WAKE_LOG, WAKE_DEVICES, WAKE_USERS };

#define WAKE_HZ_MAX	1000u
#define WAKE_LOG_HZ	250u	/* a UART's FIFO of 16 bytes each time */

/* After smp_init(); @idle_hz: without a user.  Where no timer can do it the log says so, and all else works. */
void wake_init(const struct platform *p, uint32_t idle_hz);
/*
 * From now on @user wants to look @hz times a second (0: not any more), as long as no exits come by themselves:
 * where they do at that rate, the tick becomes rarer, down to an eighth.  Any processor, any lock but the log's.
 */
void wake_need(enum wake_user user, uint32_t hz);
extern uint32_t wake_asked[WAKE_USERS];

/* What @user said last. */
static inline uint32_t wake_needs(enum wake_user user)
{
	return __atomic_load_n(&wake_asked[user], __ATOMIC_RELAXED);
}

/*
 * Takes the NMIs that wait for this processor, @index.  *@ticked: one was the tick.  Returns whether the guest gets
 * one: each that is neither ours nor a kick, and one more when port 61h shows a cause that it did not show before.
 * A processor keeps one NMI: another that comes while ours waits to be taken, a few microseconds, and has no status
 * there, is one with it.
 */
bool wake_nmi(uint32_t index, bool *ticked);

/* ---- decisions, as tests see them ---- */

struct wake_pace {
	uint32_t stretch;	/* periods until the next tick */
};

/*
 * Microseconds until the next tick, of which @hz a second are wanted; since the last one, @elapsed_us ago,
 * @exits came by themselves.  At @idle_hz and below the tick is never made rarer.
 */
uint32_t wake_next_us(struct wake_pace *p, uint32_t hz, uint32_t idle_hz, uint64_t exits, uint64_t elapsed_us);
/* Causes of an NMI, in port 61h as read, that were not there when it was looked at last; *@seen is kept. */
uint8_t wake_news(uint8_t *seen, uint8_t port_61);

#endif
