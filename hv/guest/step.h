/*
 * step.h - is a page still found through the entries that led to it before?
 *
 * What follows from a walk follows from its entries: where each is what it was, below whatever root, the page and the
 * rights to it are, and nothing is to be marked.
 */
#ifndef HV_GUEST_STEP_H
#define HV_GUEST_STEP_H

#include "hv/guest/walk.h"

/* The page's byte at @at, to be read up to the page's end; NULL: it is not to be had now. */
typedef const void *view_fn(void *host, gpa_t at);

/* @step as guest_walk_steps() has filled it, with room for one more behind the last; the table that CR3 names is at @root. */
static inline __attribute__((always_inline)) bool step_same(const struct walk_step *step, uint32_t steps, uint64_t root,
							    view_fn *view, void *host)
{
	gpa_t at = { root | step[0].gpa.a % PAGE_SIZE };

	for (uint32_t i = 0; i < steps; at = step[++i].gpa) {
		const void *entry = view(host, at);

		if (!entry || *(const volatile uint64_t *)entry != step[i].entry)
			return false;
	}
	return true;
}

/* With four levels of tables. */
static inline bool step_canonical(uint64_t linear)
{
	return (uint64_t)((int64_t)(linear << 16) >> 16) == linear;
}

#endif
