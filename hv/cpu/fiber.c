/*
 * fiber.c - a stack on which a function can stand still in its middle
 */
#include "hv/cpu/fiber.h"

#define REGISTERS	7u	/* that fiber_switch() takes from a stack, the return address last */

void fiber_switch(uintptr_t *from, uintptr_t to);
void fiber_start(void);
void fiber_main(struct fiber *f);

void fiber_init(struct fiber *f, void *stack, size_t bytes)
{
	*f = (struct fiber){ .top = ((uintptr_t)stack + bytes) & ~(uintptr_t)15 };
}

/* fiber_start() comes here, on the fiber; there is nothing to return to. */
void fiber_main(struct fiber *f)
{
	f->fn(f->arg);
	f->paused = false;
	fiber_switch(&f->own, f->caller);
}

/* As fiber_switch() would have left it, RBX the fiber's. */
static void prepare(struct fiber *f)
{
	uintptr_t *at = (uintptr_t *)f->top - 2 - REGISTERS;

	for (unsigned i = 0; i < REGISTERS; i++)
		at[i] = 0;
	at[REGISTERS - 2] = (uintptr_t)f;
	at[REGISTERS - 1] = (uintptr_t)fiber_start;
	f->own = (uintptr_t)at;
}

static bool run(void *fiber, void (*fn)(void *arg), void *arg)
{
	struct fiber *f = fiber;

	if (!f->paused) {
		f->fn = fn;
		f->arg = arg;
		prepare(f);
	}
	f->paused = true;
	fiber_switch(&f->caller, f->own);
	return !f->paused;
}

static void pause(void *fiber)
{
	struct fiber *f = fiber;

	fiber_switch(&f->own, f->caller);
}

static void forget(void *fiber)
{
	struct fiber *f = fiber;

	f->paused = false;
}

const struct fiber_ops fiber_ops = { .run = run, .pause = pause, .forget = forget };
