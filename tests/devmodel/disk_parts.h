/*
 * disk_parts.h - disk commands that are judged in several calls, for the tests: a second judge, on the hypervisor's fiber
 */
#ifndef TESTS_DEVMODEL_DISK_PARTS_H
#define TESTS_DEVMODEL_DISK_PARTS_H

#include "devmodel/disk.h"
#include "hv/cpu/fiber.h"

#define PARTS_STACK	(256u << 10)	/* frames of a sanitizer are large */

struct disk_parts {
	struct disk_long longer;
	struct fiber fiber;
	uint64_t *clock_ns;		/* a slice takes slice_ns of it; NULL: no time */
	uint64_t slice_ns;
	_Alignas(16) uint8_t stack[PARTS_STACK];
};

/* From now on @d judges in slices of @slice bytes, by @beside (judge_create_beside(); NULL: the fiber alone is wanted). */
void disk_parts_begin(struct disk_parts *p, struct disk *d, struct judge *beside, uint32_t slice);

#endif
