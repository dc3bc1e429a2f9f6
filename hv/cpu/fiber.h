/*
 * fiber.h - a stack beside the processor's, on which a function can stand still in its middle
 */
#ifndef HV_CPU_FIBER_H
#define HV_CPU_FIBER_H

#include <stddef.h>

#include "devmodel/disk.h"

struct fiber {
	uintptr_t top;			/* of its stack */
	uintptr_t own, caller;		/* stack pointers of the one that stands still */
	void (*fn)(void *arg);
	void *arg;
	bool paused;
};

/* @stack: @bytes of it, its alone. */
void fiber_init(struct fiber *f, void *stack, size_t bytes);
/*
 * Of a struct fiber.  Whoever runs it must keep others from doing so; it may be another processor each time, and whatever
 * belongs to one (locks, windows) must not be held over a pause.
 */
extern const struct fiber_ops fiber_ops;

#endif
