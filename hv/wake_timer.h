/*
 * wake_timer.h - the comparator that ticks, and which of the NMIs that were taken are its own
 *
 * A tick is due once.  Where the comparator can be periodic (HPET specification 1.0a, section 2.3.9.2.2) its own
 * register tells whether it has fired: it goes on by the period then, and only then.  Nothing is guessed, however
 * late a busy emulator fires.  Any other has fired when its time has come, as hardware does.
 */
#ifndef HV_WAKE_TIMER_H
#define HV_WAKE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/guest/hpet.h"

struct wake_timer {
	const struct hpet_bus *bus;
	uint32_t n;		/* which comparator */
	uint32_t config;	/* of it, but for TN_ENABLE and TN_SETVAL */
	uint32_t hz;		/* of the counter */
	uint32_t margin;	/* ticks of the counter: longer than an NMI is on its way */
	bool tells;		/* by its register */
	bool armed;
	bool owed;		/* it sent an NMI that nobody has taken account of yet */
	uint32_t due, set_at;	/* counter, its lower half: a tick is never 2^31 away */
};

/* @config: how comparator @n interrupts.  It is set up, and stays still until wake_timer_arm(). */
void wake_timer_init(struct wake_timer *t, const struct hpet_bus *bus, uint32_t n, uint32_t config, uint32_t hz);
/* It fires in @us, a second at most.  It must not be armed. */
void wake_timer_arm(struct wake_timer *t, uint32_t us);
/* It is armed, and neither has fired nor will within @ticks of the counter. */
bool wake_timer_is_beyond(const struct wake_timer *t, uint32_t ticks);
/* It stands still: the counter, and how it interrupts, may be changed before it is armed again. */
void wake_timer_settle(struct wake_timer *t);
/*
 * @take lets the NMIs in that wait for the processor which the comparator sends them to, and returns how many there
 * were.  Returns how many of all that it took are not the comparator's; one that waited when it fired is one with
 * its NMI.  *@ticked: it fired, and is to be armed again.
 */
uint32_t wake_timer_take(struct wake_timer *t, uint32_t (*take)(void *arg), void *arg, bool *ticked);

#endif
