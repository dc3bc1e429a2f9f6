/*
 * npt.c - nested page tables
 *
 * A large page that needs no split any more is one again, and its table serves another: a guest
 * that moves its devices about for ever uses up nothing.
 */
#include "hv/mem/npt.h"

#include <stddef.h>

#include "hv/mem/pages.h"

#define NPT_P		(UINT64_C(1) << 0)
#define NPT_RW		(UINT64_C(1) << 1)
#define NPT_US		(UINT64_C(1) << 2)	/* all guest accesses are user accesses */
#define NPT_PS		(UINT64_C(1) << 7)
#define NPT_NX		(UINT64_C(1) << 63)
#define NPT_ADDRESS	UINT64_C(0x000ffffffffff000)
#define ENTRIES		512u
#define GIB		(UINT64_C(1) << 30)
#define SPLIT_GIB	4u	/* below it everything is in 2 MiB pages at least */
#define SMALL_GIB	64u	/* mapped, where 1 GiB pages are not to be had */

static uint64_t *pml4, *pdpt;
static bool huge_pages;
static npt_access_fn *access_of;
static npt_place_fn *place_of;
static npt_border_fn *border_of;
/* The first word of each leads to the next; processors may still walk through those that were given. */
static uint64_t *free_tables, *given_tables;
static unsigned free_count, given_count;

static uint64_t flags(enum npt_access access)
{
	switch (access) {
	case NPT_DIRECT:
		return NPT_P | NPT_RW | NPT_US;
	case NPT_ELSEWHERE:
		return NPT_P | NPT_RW | NPT_US | NPT_NX;
	case NPT_READ_ONLY:
		return NPT_P | NPT_US;
	default:
		return 0;
	}
}

/* A trapped page has an empty entry: nothing of it shows where it would lead. */
static uint64_t leaf(uint64_t at, enum npt_access access, bool large)
{
	return access == NPT_TRAPPED ? 0 : at | flags(access) | (large ? NPT_PS : 0);
}

static uint64_t *table_take(void)
{
	uint64_t *t = free_tables;

	if (t) {
		free_tables = (uint64_t *)*t;
		free_count--;
	}
	return t;
}

/* Its first word is no page for whoever walks through it: an address without NPT_P. */
static void table_give(uint64_t *t)
{
	*t = (uint64_t)given_tables;
	given_tables = t;
	given_count++;
}

void npt_flushed(void)
{
	while (given_tables) {
		uint64_t *t = given_tables;

		given_tables = (uint64_t *)*t;
		*t = (uint64_t)free_tables;
		free_tables = t;
	}
	free_count += given_count;
	given_count = 0;
}

/* The table that @entry leads to; NULL: it is a page, or empty. */
static uint64_t *table_of(uint64_t entry)
{
	return (entry & NPT_P) && !(entry & NPT_PS) ? (uint64_t *)(entry & NPT_ADDRESS) : NULL;
}

static uint64_t link_to(const uint64_t *table)
{
	return hpa_of(table).a | flags(NPT_DIRECT);
}

static void fill_large(uint64_t *pd, uint64_t at)
{
	for (uint64_t i = 0; i < ENTRIES; i++)
		pd[i] = leaf(at + i * LARGE_PAGE, NPT_DIRECT, true);
}

void npt_init(unsigned address_bits, bool huge, unsigned tables, npt_access_fn *access, npt_place_fn *place,
	      npt_border_fn *border)
{
	uint64_t gib = address_bits < 30 ? 1 : address_bits < 39 ? UINT64_C(1) << (address_bits - 30) : ENTRIES;

	access_of = access;
	place_of = place;
	border_of = border;
	huge_pages = huge;
	pml4 = pages_alloc(1);
	pdpt = pages_alloc(1);
	pml4[0] = link_to(pdpt);
	if (!huge && gib > SMALL_GIB)
		gib = SMALL_GIB;
	for (uint64_t g = 0; g < gib; g++) {
		uint64_t *pd;

		if (g >= SPLIT_GIB && huge) {
			pdpt[g] = leaf(g * GIB, NPT_DIRECT, true);
			continue;
		}
		pd = pages_alloc(1);
		fill_large(pd, g * GIB);
		pdpt[g] = link_to(pd);
	}
	free_tables = given_tables = NULL;
	free_count = given_count = 0;
	while (tables-- > 0)
		table_give(pages_alloc(1));
	npt_flushed();
}

hpa_t npt_root(void)
{
	return hpa_of(pml4);
}

unsigned npt_tables_left(void)
{
	return free_count;
}

/* The next page to ask for behind @page, or @end. */
static uint64_t next_of(uint64_t page, uint64_t end)
{
	uint64_t next = border_of(page);

	return next < end ? next : end;
}

/* Is the same said of all of its pages, and are they there? */
static bool is_uniform(uint64_t at, enum npt_access *access)
{
	uint64_t end = at + LARGE_PAGE;

	*access = access_of(at);
	for (uint64_t page = next_of(at, end); page < end; page = next_of(page, end)) {
		if (access_of(page) != *access)
			return false;
	}
	return *access != NPT_ELSEWHERE;
}

static void fill_small(uint64_t *pt, uint64_t at)
{
	uint64_t end = at + LARGE_PAGE;

	for (uint64_t page = at; page < end;) {
		enum npt_access access = access_of(page);
		uint64_t next = next_of(page, end);

		for (; page < next; page += PAGE_SIZE)
			pt[(page - at) / PAGE_SIZE] =
				leaf(access == NPT_ELSEWHERE ? place_of(page).a : page, access, false);
	}
}

/* The 2 MiB at @at, as they are to be from now on. */
static void update_large(uint64_t *pde, uint64_t at)
{
	uint64_t *pt = table_of(*pde);
	enum npt_access access;

	if (is_uniform(at, &access)) {
		*pde = leaf(at, access, true);
		if (pt)
			table_give(pt);
		return;
	}
	if (!pt)
		pt = table_take();
	if (!pt) {
		*pde = 0;		/* too much trapped is slow, too little would be a hole */
		return;
	}
	fill_small(pt, at);
	*pde = link_to(pt);
}

static bool is_whole(const uint64_t *pd, uint64_t at)
{
	for (uint64_t i = 0; i < ENTRIES; i++) {
		if (pd[i] != leaf(at + i * LARGE_PAGE, NPT_DIRECT, true))
			return false;
	}
	return true;
}

/* [@at, @end) lies in the GiB of @pdpte. */
static void update_gib(uint64_t *pdpte, uint64_t at, uint64_t end)
{
	uint64_t gib = at & ~(GIB - 1);
	uint64_t *pd = table_of(*pdpte);

	if (!pd) {
		pd = table_take();
		if (!pd) {
			*pdpte = 0;
			return;
		}
		fill_large(pd, gib);
		*pdpte = link_to(pd);
	}
	for (at &= ~(LARGE_PAGE - 1); at < end; at += LARGE_PAGE)
		update_large(&pd[at / LARGE_PAGE % ENTRIES], at);
	if (huge_pages && gib >= SPLIT_GIB * GIB && is_whole(pd, gib)) {
		*pdpte = leaf(gib, NPT_DIRECT, true);
		table_give(pd);
	}
}

void npt_update(gpa_t from, uint64_t len)
{
	uint64_t at = from.a, end;

	if (at >= ENTRIES * GIB)
		return;		/* never mapped */
	end = len < ENTRIES * GIB - at ? at + len : ENTRIES * GIB;
	while (at < end) {
		uint64_t next = (at & ~(GIB - 1)) + GIB;

		if (pdpt[at / GIB])
			update_gib(&pdpt[at / GIB], at, next < end ? next : end);
		at = next;
	}
}
