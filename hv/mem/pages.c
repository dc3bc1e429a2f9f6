/*
 * pages.c - the hypervisor's own memory
 */
#include "hv/mem/pages.h"

#include <string.h>

#include "hv/panic.h"

static uint64_t next, limit;

void pages_init(hpa_t start, hpa_t end)
{
	next = start.a;
	limit = end.a;
}

void *pages_alloc_as_is(uint64_t count)
{
	void *p = (void *)next;

	if (count > (limit - next) / PAGE_SIZE)
		fail("the hypervisor's own memory is used up (%llu pages asked for, %llu left)",
		     (unsigned long long)count, (unsigned long long)pages_left());
	next += count * PAGE_SIZE;
	return p;
}

void *pages_alloc(uint64_t count)
{
	return memset(pages_alloc_as_is(count), 0, count * PAGE_SIZE);
}

uint64_t pages_left(void)
{
	return (limit - next) / PAGE_SIZE;
}
