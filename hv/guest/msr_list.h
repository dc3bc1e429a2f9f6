/*
 * msr_list.h - model-specific registers that the guest may use, by allow-list
 *
 * What is the guest's own state, or touches nobody else's, it handles without us.  What moves memory, ECAM, SMM or
 * the microcode keeps its value.  Everything else does not exist: #GP.
 */
#ifndef HV_GUEST_MSR_LIST_H
#define HV_GUEST_MSR_LIST_H

#include <stdbool.h>
#include <stdint.h>

enum msr_access {
	MSR_REFUSED,
	MSR_READ,		/* writes are refused */
	MSR_WRITE,		/* and read */
	MSR_IGNORE,		/* read; writes vanish */
	MSR_KEEP,		/* read; writes of the value that it has are accepted */
	MSR_ZERO,		/* read; only zero may be written, and is what it has */
};

struct msr_range {
	uint32_t first, last;
	enum msr_access access;
};

/* NULL behind the last. */
const struct msr_range *msr_list(uint32_t n);
enum msr_access msr_access(uint32_t msr);
/* Is the guest's write of @value to @msr, which has @now, no #GP?  Nothing is to be written in any case. */
bool msr_accepts(uint32_t msr, uint64_t value, uint64_t now);

#endif
