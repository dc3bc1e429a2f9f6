/*
 * devmodel.h - what a device model is given
 *
 *	 guest driver                          hypervisor, or a test
 *	      | access                              | poll
 *	 +----v-------------------------------------v----+
 *	 |                 device model                   |
 *	 +----+----------------+-----------------+--------+
 *	      | guest memory   | judge           | registers, DMA memory
 *	 guest RAM         the policy       the device, or a simulated one
 *
 * A model includes nothing of the hypervisor, so that it runs on the host as it is.  It takes no lock: whoever
 * calls it, calls it once at a time.  It never waits for the device, and what it does in one call is bounded.
 */
#ifndef DEVMODEL_DEVMODEL_H
#define DEVMODEL_DEVMODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "devmodel/address.h"

struct devmodel_ops {
	/* The device's own register at @offset in BAR 0, bytes, a multiple of 4. */
	uint32_t (*reg_read)(void *host, uint32_t offset);
	void (*reg_write)(void *host, uint32_t offset, uint32_t value);
	/*
	 * Copy @len > 0 bytes; 2, 4 or 8 that are aligned in the guest, in one access, and up to 256 of which each 8 are, in
	 * one access for 8, from the first on.  False, and nothing copied, where not all of it is guest RAM.
	 */
	bool (*guest_read)(void *host, gpa_t at, void *to, uint32_t len);
	bool (*guest_write)(void *host, gpa_t at, const void *from, uint32_t len);
	/*
	 * May the device itself reach [@at, @at + @len)?  All of it guest RAM and none of it the hypervisor's; then
	 * *@out is where the device finds all of it.
	 */
	bool (*guest_dma)(void *host, gpa_t at, uint32_t len, dma_t *out);
	/* Nanoseconds, never backwards. */
	uint64_t (*now_ns)(void *host);
	/*
	 * Let the guest reach @page, a page of the pool, where the device has its registers from @offset on, both multiples
	 * of 4096: its accesses there come to the model no more.  @page NULL: to the model again, and when this returns no
	 * access to the page is under way.  NULL where nothing can be opened.
	 */
	void (*open_page)(void *host, uint32_t offset, uint8_t *page);
	/*
	 * The model is to be told when the guest's processor that it is called for halts next.  False: nobody can tell.
	 * NULL: so.
	 */
	bool (*await_halt)(void *host);
};

/* Memory that the device may reach and the guest may not: contiguous for both, page-aligned, zeroed. */
struct dma_memory {
	uint8_t *at;
	dma_t bus;
	uint32_t len;		/* bytes */
};

/* One device: its surroundings, as a model sees them. */
struct devmodel {
	const struct devmodel_ops *ops;
	void *host;
	struct dma_memory pool;
};

#endif
