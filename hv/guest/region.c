/*
 * region.c - which pages are not the guest's to touch, and whose they are
 */
#include "hv/guest/region.h"

#include <stddef.h>

#include "hv/mem/gmem.h"
#include "hv/panic.h"
#include "hv/start.h"

static struct mmio_region *regions[MMIO_REGIONS_MAX];
static uint32_t region_count;
static struct { uint64_t at, len; } covers[REGION_COVERS_MAX];
static uint32_t cover_count;

void region_add(struct mmio_region *r)
{
	if (region_count == MMIO_REGIONS_MAX)
		fail("more than %u regions of trapped pages", MMIO_REGIONS_MAX);
	regions[region_count++] = r;
}

bool region_cover(uint64_t at, uint64_t len)
{
	if (cover_count == REGION_COVERS_MAX)
		return false;
	covers[cover_count].at = at;
	covers[cover_count++].len = len;
	return true;
}

bool region_uncover(uint64_t *at, uint64_t *len)
{
	if (cover_count == 0)
		return false;
	*at = covers[--cover_count].at;
	*len = covers[cover_count].len;
	return true;
}

static bool is_covered(uint64_t at)
{
	for (uint32_t i = 0; i < cover_count; i++) {
		if (at >= covers[i].at && at - covers[i].at < covers[i].len)
			return true;
	}
	return false;
}

bool region_is_own(uint64_t at, uint64_t len)
{
	uint64_t end;

	if (__builtin_add_overflow(at, len, &end))
		end = UINT64_MAX;
	return at < boot.start.a + boot.len && boot.start.a < end;
}

static bool is_ram(uint64_t at)
{
	return gmem_is_ram((gpa_t){ at & ~(uint64_t)(PAGE_SIZE - 1) }, PAGE_SIZE);
}

/* Asked of every page of what moves: most have no region, so that whose they are else comes last. */
struct mmio_region *region_of(uint64_t at)
{
	struct mmio_region *found = NULL;

	for (uint32_t i = 0; i < region_count; i++) {
		struct mmio_region *r = regions[i];

		if (at < r->at || at - r->at >= r->len)
			continue;
		if (!found || (r->fixed && !found->fixed))
			found = r;
	}
	return found && !region_is_own(at, 1) && !is_ram(at) ? found : NULL;
}

static bool is_open(const struct mmio_region *r, uint64_t page)
{
	return r->open.a && page - r->at == r->open_at;
}

enum npt_access region_access(uint64_t page)
{
	const struct mmio_region *r;

	if (region_is_own(page, PAGE_SIZE) || is_covered(page))
		return NPT_TRAPPED;
	r = region_of(page);
	if (r && is_open(r, page))
		return NPT_ELSEWHERE;
	return !r ? NPT_DIRECT : r->readable ? NPT_READ_ONLY : NPT_TRAPPED;
}

hpa_t region_place(uint64_t page)
{
	return region_of(page)->open;
}

/* @edge, rounded both ways: the page that it lies in may be another's than both its neighbours. */
static void nearer(uint64_t *border, uint64_t page, uint64_t edge)
{
	uint64_t down = edge & ~(uint64_t)(PAGE_SIZE - 1), up = down + PAGE_SIZE;

	if (down > page && down < *border)
		*border = down;
	if (edge != down && up > page && up < *border)
		*border = up;
}

uint64_t region_border(uint64_t page)
{
	uint64_t border = ~(uint64_t)(PAGE_SIZE - 1), at, len;

	nearer(&border, page, boot.start.a);
	nearer(&border, page, boot.start.a + boot.len);
	for (uint32_t i = 0; i < cover_count; i++) {
		nearer(&border, page, covers[i].at);
		nearer(&border, page, covers[i].at + covers[i].len);
	}
	for (uint32_t i = 0; i < region_count; i++) {
		nearer(&border, page, regions[i]->at);
		nearer(&border, page, regions[i]->at + regions[i]->len);
		if (regions[i]->open.a) {
			nearer(&border, page, regions[i]->at + regions[i]->open_at);
			nearer(&border, page, regions[i]->at + regions[i]->open_at + PAGE_SIZE);
		}
	}
	for (uint32_t i = 0; gmem_span(i, &at, &len); i++) {
		nearer(&border, page, at);
		nearer(&border, page, at + len);
	}
	return border;
}
