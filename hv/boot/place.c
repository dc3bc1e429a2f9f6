/*
 * place.c - where in RAM the hypervisor goes, and where RAM ends
 *
 * Boot loaders and kernels start low; a hole near the top of RAM below 4 GiB is in nobody's way.
 */
#include "hv/boot/place.h"

#define PLACE_MIN	(UINT64_C(16) << 20)
#define PLACE_END	(UINT64_C(1) << 32)
#define MIB		(UINT64_C(1) << 20)

/* The highest place in one piece of RAM, none in one that wraps; steps down over whatever is taken. */
static uint64_t place_in(uint64_t start, uint64_t end, const struct place_span *taken,
			 uint32_t taken_count, uint64_t size, uint64_t align)
{
	if (start < PLACE_MIN)
		start = PLACE_MIN;
	if (end > PLACE_END)
		end = PLACE_END;
	while (end > start && end - start >= size) {
		uint64_t at = (end - size) & ~(align - 1), lower = 0;

		if (at < start)
			return 0;
		for (uint32_t i = 0; i < taken_count; i++) {
			if (taken[i].len > 0 && at < taken[i].start + taken[i].len &&
			    taken[i].start < at + size)
				lower = taken[i].start;
		}
		if (!lower)
			return at;
		end = lower;
	}
	return 0;
}

uint64_t place_find(const struct boot_ram *ram, uint32_t count, const struct place_span *taken,
		    uint32_t taken_count, uint64_t size, uint64_t align)
{
	uint64_t best = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t at;

		at = place_in(ram[i].start, ram[i].start + ram[i].len, taken, taken_count, size,
			      align);
		best = at > best ? at : best;
	}
	return best;
}

struct boot_ram place_whole(const struct boot_ram *ram, uint32_t count, uint32_t n)
{
	uint64_t end = ram[n].start + ram[n].len, whole = (end + MIB - 1) & ~(MIB - 1);

	for (uint32_t i = 0; i < count; i++) {
		if (ram[i].start >= end && ram[i].start < whole)
			whole = ram[i].start;
	}
	return (struct boot_ram){ ram[n].start, whole - ram[n].start };
}
