/*
 * npt.h - nested page tables: guest-physical to physical, APM volume 2, section 15.25
 *
 * Everything is mapped to itself in large pages; what the guest may not touch is not mapped,
 * and only there a large page is split.
 */
#ifndef HV_MEM_NPT_H
#define HV_MEM_NPT_H

#include <stdbool.h>

#include "hv/cpu/x86.h"

/* Maps [0, 2^@address_bits) to itself, at most 512 GiB.  One set of tables serves all processors. */
void npt_init(unsigned address_bits);
hpa_t npt_root(void);
/* [@from, @from + @len), page-aligned: out of the guest's sight, or back. */
void npt_hide(gpa_t from, uint64_t len);
/* Is there memory for the tables that hiding or showing this may take? */
bool npt_room(gpa_t from, uint64_t len);
void npt_show(gpa_t from, uint64_t len);
/* It may be read (and executed), and not written. */
void npt_protect(gpa_t from, uint64_t len);

#endif
