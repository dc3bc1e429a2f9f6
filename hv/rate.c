/*
 * rate.c - how often something may be said: a token bucket
 */
#include "hv/rate.h"

bool rate_take(struct rate *r, uint64_t now)
{
	uint64_t back = now > r->since ? (now - r->since) / RATE_PERIOD_US : 0;

	if (back >= r->spent) {
		r->spent = 0;
		r->since = now;
	} else {
		r->spent -= (uint32_t)back;
		r->since += back * RATE_PERIOD_US;
	}
	if (r->spent == RATE_BURST) {
		r->unsaid++;
		return false;
	}
	r->spent++;
	return true;
}
