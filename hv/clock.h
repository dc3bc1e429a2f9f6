/*
 * clock.h - the time since the hypervisor came up, by the time-stamp counter
 *
 * The counter is ours: what the guest writes there becomes an offset of its own (guest/msr.c), so that
 * no guest can stop or turn back this clock.  Processors' counters are taken to agree.
 */
#ifndef HV_CLOCK_H
#define HV_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Measure the counter against the PIT's channel 2 (2 ms); the clock starts at 0.  False: the PIT does not
 * count, 1 GHz is assumed.  Until it is called the clock says 0.
 */
bool clock_init(void);
uint64_t clock_us(void);
/* Counts a second. */
uint64_t clock_hz(void);

#endif
