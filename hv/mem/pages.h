/*
 * pages.h - the hypervisor's own memory: handed out in pages at start-up, never given back
 *
 * Own memory is mapped to its own address: a pointer to it is its physical address.
 */
#ifndef HV_MEM_PAGES_H
#define HV_MEM_PAGES_H

#include <stdint.h>

#include "hv/cpu/x86.h"

/* [@start, @end) is free; both page-aligned. */
void pages_init(hpa_t start, hpa_t end);
/* @count zeroed pages in a row.  Fails the start when there are none left. */
void *pages_alloc(uint64_t count);
/* With whatever is in them, for what clears them itself. */
void *pages_alloc_as_is(uint64_t count);
uint64_t pages_left(void);

static inline hpa_t hpa_of(const void *own)
{
	return (hpa_t){ (uint64_t)own };
}

#endif
