/*
 * npt.h - nested page tables: guest-physical to physical, APM volume 2, section 15.25
 *
 * Everything is mapped to itself in large pages; only where a part of one is the guest's and
 * another is not, it is split.  A small page may be of the hypervisor's, which a model shows in place of a device's.
 */
#ifndef HV_MEM_NPT_H
#define HV_MEM_NPT_H

#include <stdbool.h>

#include "hv/cpu/x86.h"

#define NPT_TABLES_A_RANGE	4u	/* at each end, of 2 MiB and of its GiB */

/* NPT_ELSEWHERE: read and written, not executed, and not there */
enum npt_access { NPT_TRAPPED, NPT_READ_ONLY, NPT_DIRECT, NPT_ELSEWHERE };

/* What the guest may do with the page at @page without us. */
typedef enum npt_access npt_access_fn(uint64_t page);
/* Where a page is that is elsewhere. */
typedef hpa_t npt_place_fn(uint64_t page);
/* A page above @page, up to which the same is said of every one: so that not each has to be asked for. */
typedef uint64_t npt_border_fn(uint64_t page);

/*
 * Maps [0, 2^@address_bits) to itself, at most 512 GiB, in pages of 1 GiB where the processor has
 * them (@huge).  One set of tables serves all processors.  Takes @tables pages for splitting: a range
 * of trapped pages needs NPT_TABLES_A_RANGE at most; when they are used up, whole large pages are
 * trapped.
 */
void npt_init(unsigned address_bits, bool huge, unsigned tables, npt_access_fn *access, npt_place_fn *place,
	      npt_border_fn *border);
hpa_t npt_root(void);
/* What @access says of [@from, @from + @len) has changed.  Ends with npt_flushed(). */
void npt_update(gpa_t from, uint64_t len);
/* No processor knows anything any more of what was there before npt_update(). */
void npt_flushed(void);
/* Pages for splitting that are not in use. */
unsigned npt_tables_left(void);

#endif
