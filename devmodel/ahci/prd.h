/*
 * prd.h - PRD tables: read once, then gathered from, scattered to, or handed on (internal)
 */
#ifndef DEVMODEL_AHCI_PRD_H
#define DEVMODEL_AHCI_PRD_H

#include "devmodel/ahci/ahci.h"
#include "devmodel/ahci/fis.h"
#include "devmodel/devmodel.h"

/* Our copy of a guest's table. */
struct prds {
	const struct prd *at;
	uint32_t count;
	bool interrupts;		/* one of them has I */
	uint64_t bytes;			/* of all of them */
};

/* What prds_read() says when nothing is wrong. */
#define PRDS_RIGHT	AHCI_COUNTERS

/*
 * Read @count PRDs behind the command table at @table into @to, which has room for that many.  PRDS_RIGHT, or why not:
 * AHCI_ADDRESS, the table is no guest RAM; AHCI_PRD, an address or a length is odd ([4.2.3.3]).
 */
enum ahci_counter prds_read(const struct devmodel *d, gpa_t table, uint32_t count, struct prd *to, struct prds *out);
/* The first @len bytes that they name; false: not all of it is guest RAM, and the rest is not copied. */
bool prds_gather(const struct devmodel *d, const struct prds *p, uint8_t *to, uint64_t len);
/* @from NULL: zeros. */
bool prds_scatter(const struct devmodel *d, const struct prds *p, const uint8_t *from, uint64_t len);
/*
 * PRDs for the device to the same @len > 0 bytes, each asked of guest_dma(); p->count at most.  0: refused, or they
 * name less, or the device does not reach them: its addresses end at @end.  @to NULL: no more than asked.
 */
uint32_t prds_direct(const struct devmodel *d, const struct prds *p, uint64_t len, uint64_t end, struct prd *to);
/* PRDs to @len > 0 bytes, contiguous, even, at @bus; their number. */
uint32_t prds_whole(dma_t bus, uint64_t len, struct prd *to);
#define PRDS_WHOLE(len)	((uint32_t)(((uint64_t)(len) + PRD_BYTES_MAX - 1) / PRD_BYTES_MAX))

#endif
