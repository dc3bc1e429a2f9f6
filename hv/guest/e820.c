/*
 * e820.c - the memory map that the guest is told
 */
#include "hv/guest/e820.h"

void e820_add(struct e820 *map, uint64_t start, uint64_t len, uint32_t type)
{
	if (len == 0 || start + len < start)
		return;
	if (map->count == E820_MAX) {
		map->dropped++;
		return;
	}
	map->entry[map->count++] = (struct e820_entry){ start, len, type };
}

void e820_reserve(struct e820 *map, uint64_t start, uint64_t len)
{
	uint64_t end = start + len;
	uint32_t count = map->count;

	for (uint32_t i = 0; i < count; i++) {
		struct e820_entry *e = &map->entry[i];
		uint64_t e_start = e->start, e_end = e->start + e->len;

		if (e->type != E820_RAM || e_start >= end || e_end <= start)
			continue;
		if (e_start < start) {
			e->len = start - e_start;
			if (e_end > end)	/* a hole in the middle: one entry more */
				e820_add(map, end, e_end - end, E820_RAM);
		} else {
			e->start = end;
			e->len = e_end > end ? e_end - end : 0;
		}
	}
	e820_add(map, start, len, E820_RESERVED);
	/* close the gaps that empty entries leave, and keep the order that loaders like */
	count = 0;
	for (uint32_t i = 0; i < map->count; i++) {
		struct e820_entry e = map->entry[i];
		uint32_t at = count;

		if (e.len == 0)
			continue;
		for (; at > 0 && map->entry[at - 1].start > e.start; at--)
			map->entry[at] = map->entry[at - 1];
		map->entry[at] = e;
		count++;
	}
	map->count = count;
}

uint64_t e820_ram_from(const struct e820 *map, uint64_t from)
{
	for (uint32_t i = 0; i < map->count; i++) {
		const struct e820_entry *e = &map->entry[i];

		if (e->type == E820_RAM && from >= e->start && from - e->start < e->len)
			return e->len - (from - e->start);
	}
	return 0;
}
