/*
 * region.h - which pages are not the guest's to touch, and whose they are
 *
 * As a chipset decodes: the hypervisor's memory, then RAM, then what is at fixed addresses, then
 * what the guest moves.  A BAR that it moves over RAM, over the local APIC or over the hypervisor
 * is not seen there.
 */
#ifndef HV_GUEST_REGION_H
#define HV_GUEST_REGION_H

#include "hv/guest/mmio.h"
#include "hv/mem/npt.h"

#define REGION_COVERS_MAX	8u
/* Ranges of trapped pages at once; the hypervisor's own is one more. */
#define REGIONS_MAX	(MMIO_REGIONS_MAX + REGION_COVERS_MAX + 1)

/* The region stays the caller's; fails the start beyond MMIO_REGIONS_MAX. */
void region_add(struct mmio_region *r);
/* A range that is trapped whoever is there, until region_uncover() takes it back; false: too many. */
bool region_cover(uint64_t at, uint64_t len);
/* Takes the last one back, and says which it was; false: there was none. */
bool region_uncover(uint64_t *at, uint64_t *len);
/* Whose registers are at @at; NULL: RAM, or nobody's that we know. */
struct mmio_region *region_of(uint64_t at);
/* What the guest may do with the page at @page without us. */
enum npt_access region_access(uint64_t page);
/* Where it is, if it is NPT_ELSEWHERE. */
hpa_t region_place(uint64_t page);
/* A page above @page, up to which region_access() says the same of every one. */
uint64_t region_border(uint64_t page);
/* Does a byte of [@at, @at + @len) belong to the hypervisor? */
bool region_is_own(uint64_t at, uint64_t len);

#endif
