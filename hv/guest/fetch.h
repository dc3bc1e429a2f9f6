/*
 * fetch.h - the guest's next instruction, read once and decoded
 */
#ifndef HV_GUEST_FETCH_H
#define HV_GUEST_FETCH_H

#include "hv/guest/bus.h"
#include "hv/guest/gstate.h"
#include "hv/guest/insn.h"

#define FETCH_BYTES	64u		/* what follows is often needed too: see cluster.h */

struct fetch {
	uint8_t byte[FETCH_BYTES];
	uint8_t count;			/* bytes read so far, or given; behind the instruction they are the page's */
	bool in_page;			/* all of them were read in one page, at @gpa, and stand there still */
	gpa_t gpa;
};

/*
 * Read at RIP, to the end of the page or of FETCH_BYTES, or as far as the instruction reaches, each byte once, and decode it.  Bytes that the
 * processor has already fetched (SVM's decode assists) may stand in @fetch; else its count is 0.
 * GUEST_FAULT is #PF, #GP or #UD; GUEST_REFUSED an instruction that is not of ours, or one that
 * lies on a device page.
 */
int guest_fetch(const struct guest_cpu *cpu, const struct guest_bus *bus, struct fetch *fetch,
		struct insn *insn, struct guest_fault *fault);

#endif
