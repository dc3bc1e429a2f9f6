/*
 * gmem.h - guest memory: copied in and out, never pointed into
 */
#ifndef HV_MEM_GMEM_H
#define HV_MEM_GMEM_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/boot/boot_info.h"
#include "hv/cpu/vcpu.h"

/* What is the guest's: all RAM of @b but the hypervisor's, to whole MiBs; base memory, and the ROMs' shadow. */
void gmem_init(const struct boot_info *b);
/* Is all of [@at, @at + @len) guest RAM? */
bool gmem_is_ram(gpa_t at, uint64_t len);
/* The ranges that gmem_is_ram() looks at, from @n 0 on; false: no more. */
bool gmem_span(uint32_t n, uint64_t *at, uint64_t *len);
/* False, and nothing copied, when not all of it is guest RAM. */
bool gmem_read(const struct vcpu *v, gpa_t at, void *to, uint32_t len);
bool gmem_write(const struct vcpu *v, gpa_t at, const void *from, uint32_t len);
/* Put @new where @old is, locked; @size 4 or 8, aligned.  False: something else is there, or no RAM. */
bool gmem_cmpxchg(const struct vcpu *v, gpa_t at, uint64_t old, uint64_t new, unsigned size);

#endif
