/*
 * disk_parts.c - disk commands that are judged in several calls
 */
#include "tests/devmodel/disk_parts.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(at, len)	((void)(at), (void)(len))
#endif

static bool run(void *parts, void (*fn)(void *arg), void *arg)
{
	struct disk_parts *p = parts;

	return fiber_ops.run(&p->fiber, fn, arg);
}

static void pause(void *parts)
{
	struct disk_parts *p = parts;

	if (p->clock_ns)
		*p->clock_ns += p->slice_ns;
	fiber_ops.pause(&p->fiber);
}

/* The frames that are left there end without their functions. */
static void forget(void *parts)
{
	struct disk_parts *p = parts;

	fiber_ops.forget(&p->fiber);
	ASAN_UNPOISON_MEMORY_REGION(p->stack, sizeof(p->stack));
}

static const struct fiber_ops ops = { .run = run, .pause = pause, .forget = forget };

void disk_parts_begin(struct disk_parts *p, struct disk *d, struct judge *beside, uint32_t slice)
{
	ASAN_UNPOISON_MEMORY_REGION(p->stack, sizeof(p->stack));
	fiber_init(&p->fiber, p->stack, sizeof(p->stack));
	p->longer = (struct disk_long){ .judge = beside, .slice = slice, .ops = &ops, .fiber = p };
	if (beside)
		judge_set_pause(beside, slice, disk_pause, &p->longer);
	d->longer = &p->longer;
}
