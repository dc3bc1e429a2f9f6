/*
 * operand.h - a memory operand: translated as a whole first, then moved once
 */
#ifndef HV_GUEST_OPERAND_H
#define HV_GUEST_OPERAND_H

#include "hv/guest/bus.h"
#include "hv/guest/gstate.h"

/* Up to 8 bytes, in one page or across two. */
struct operand {
	struct operand_part {
		gpa_t gpa;
		unsigned size;		/* bytes; of the second part 0 within one page */
		bool device;
	} part[2];
	uint64_t linear;		/* of the first byte */
};

/*
 * All checks for @size bytes at @offset of @seg: segment, alignment, page rights.  @access is
 * WALK_WRITE for what is written, also when it is read before.  Returns enum guest_status; nothing
 * was moved.
 */
int operand_map(const struct guest_cpu *cpu, const struct guest_bus *bus, enum seg seg,
		uint64_t offset, unsigned size, unsigned access, struct operand *operand,
		struct guest_fault *fault);

/* Is a byte of it on a device page? */
bool operand_on_device(const struct operand *operand);

/* Move it.  A device sees naturally aligned accesses, from the lowest address up. */
uint64_t operand_read(const struct guest_bus *bus, const struct operand *operand);
void operand_write(const struct guest_bus *bus, const struct operand *operand, uint64_t value);

#endif
