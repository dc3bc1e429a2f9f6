/*
 * rate.h - how often something may be said: some at once, then one now and then
 */
#ifndef HV_RATE_H
#define HV_RATE_H

#include <stdbool.h>
#include <stdint.h>

#define RATE_BURST	8u				/* at once, and after a long silence */
#define RATE_PERIOD_US	(UINT64_C(60) * 1000000)	/* one more */

/* All zero to begin with. */
struct rate {
	uint64_t since;		/* when the oldest of what was spent comes back, less a period */
	uint32_t spent;		/* of the burst */
	uint64_t unsaid;	/* refused since the last yes */
};

/* At @now microseconds, which never goes back; false: not now, and it is counted. */
bool rate_take(struct rate *r, uint64_t now);

#endif
