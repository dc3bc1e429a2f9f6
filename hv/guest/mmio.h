/*
 * mmio.h - pages that the guest cannot touch directly, and who answers there
 */
#ifndef HV_GUEST_MMIO_H
#define HV_GUEST_MMIO_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/counters.h"
#include "hv/cpu/vcpu.h"

#define MMIO_REGIONS_MAX	56u

struct mmio_region;

/*
 * @size is 1, 2, 4 or 8 and @offset a multiple of it; *@value is written with nothing above @size,
 * or read into.  Called with the guest lock held.
 */
typedef void mmio_fn(struct mmio_region *r, struct vcpu *v, uint64_t offset, unsigned size,
		     bool write, uint64_t *value);

struct mmio_region {
	const char *name;		/* one word: the counters have it */
	uint64_t at, len;		/* pages; len 0: nowhere for now */
	mmio_fn *access;
	bool fixed;			/* decoded before anything on a bus is, and never moved */
	bool readable;			/* the guest reads the registers themselves */
	uint64_t open_at;		/* offset of a page that the guest reaches, */
	hpa_t open;			/* and which it finds there; 0: none */
	void *arg;
	/* NULL: mmio_add() makes some; numbered: whoever knows the number counts */
	struct counter_device *counters;
};

/* Before any region is added. */
void mmio_init(void);
/* The region stays the caller's, and takes effect at once.  Before the guest runs. */
void mmio_add(struct mmio_region *r);
/*
 * Regions are about to be there too: no processor touches that directly any more.  False: too many at once.
 * Ends with mmio_uncover(), when the regions have come there, by mmio_move(), or have not.
 */
bool mmio_cover(uint64_t at, uint64_t len);
void mmio_uncover(void);
/* It is there now; what else it covered becomes the guest's own again. */
void mmio_move(struct mmio_region *r, uint64_t at, uint64_t len);
/* Whether reads come here, or find the registers themselves. */
void mmio_readable(struct mmio_region *r, bool readable);
/* The page at @offset is @page, of ours; 0: trapped as the others, and no processor is at the page any more. */
void mmio_open(struct mmio_region *r, uint64_t offset, hpa_t page);
/* Hand an access on to the real device at @at; where the hypervisor is there is none. */
void mmio_pass(const struct vcpu *v, uint64_t at, unsigned size, bool write, uint64_t *value);
/* The guest touched a page that is not mapped for it.  Needs the guest lock. */
void mmio_exit(struct vcpu *v, const struct vmexit *x);

#endif
