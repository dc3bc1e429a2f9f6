/*
 * gmem.h - guest memory: copied in and out, never pointed into
 */
#ifndef HV_MEM_GMEM_H
#define HV_MEM_GMEM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "hv/boot/boot_info.h"
#include "hv/cpu/vcpu.h"
#include "hv/mem/paging.h"

/* What is the guest's: all RAM of @b but the hypervisor's, to whole MiBs; base memory, and the ROMs' shadow. */
void gmem_init(const struct boot_info *b);
/* Is all of [@at, @at + @len) guest RAM? */
bool gmem_is_ram(gpa_t at, uint64_t len);
/* The ranges that gmem_is_ram() looks at, from @n 0 on; false: no more. */
bool gmem_span(uint32_t n, uint64_t *at, uint64_t *len);

/* Naturally aligned words in one access: other processors may change them meanwhile. */
static inline void gmem_copy(void *to, const void *from, uint32_t len, uint64_t at)
{
	if (len == 8 && at % 8 == 0)
		*(volatile uint64_t *)to = *(const volatile uint64_t *)from;
	else if (len == 4 && at % 4 == 0)
		*(volatile uint32_t *)to = *(const volatile uint32_t *)from;
	else if (len == 2 && at % 2 == 0)
		*(volatile uint16_t *)to = *(const volatile uint16_t *)from;
	else
		memcpy(to, from, len);
}

#define GMEM_VIEW_MAX	64u	/* bytes of a read: longer ones would take the views of what is read often */

/* What gmem_read() does where no view helps; opens one where it will. */
bool gmem_read_other(const struct vcpu *v, gpa_t at, void *to, uint32_t len);

/* False, and nothing copied, when not all of it is guest RAM.  A page has a view only because it is RAM. */
static inline bool gmem_read(const struct vcpu *v, gpa_t at, void *to, uint32_t len)
{
	const void *from = window_view(v->index, (hpa_t){ at.a });

	if (!from || len > GMEM_VIEW_MAX || len > PAGE_SIZE - at.a % PAGE_SIZE)
		return gmem_read_other(v, at, to, len);
	gmem_copy(to, from, len, at.a);
	return true;
}

/* Is the page of @at RAM, all of it? */
static inline bool gmem_is_ram_page(const struct vcpu *v, gpa_t at)
{
	return window_view(v->index, (hpa_t){ at.a }) ||
	       gmem_is_ram((gpa_t){ at.a & ~(uint64_t)(PAGE_SIZE - 1) }, PAGE_SIZE);
}

/* What gmem_view() does where there is no view. */
const void *gmem_view_other(const struct vcpu *v, gpa_t at);

/*
 * The byte at @at, to be read up to its page's end, and other processors may change it meanwhile; NULL: the page is not
 * guest RAM as a whole.  Good until another page is asked for.
 */
static inline const void *gmem_view(const struct vcpu *v, gpa_t at)
{
	const void *from = window_view(v->index, (hpa_t){ at.a });

	return from ? from : gmem_view_other(v, at);
}

/* As gmem_read(). */
bool gmem_write(const struct vcpu *v, gpa_t at, const void *from, uint32_t len);
/* Put @new where @old is, locked; @size 4 or 8, aligned.  False: something else is there, or no RAM. */
bool gmem_cmpxchg(const struct vcpu *v, gpa_t at, uint64_t old, uint64_t new, unsigned size);

#endif
