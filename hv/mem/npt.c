/*
 * npt.c - nested page tables
 */
#include "hv/mem/npt.h"

#include "hv/mem/pages.h"
#include "hv/panic.h"

#define NPT_P		(UINT64_C(1) << 0)
#define NPT_RW		(UINT64_C(1) << 1)
#define NPT_US		(UINT64_C(1) << 2)	/* all guest accesses are user accesses */
#define NPT_PS		(UINT64_C(1) << 7)
#define NPT_ALL		(NPT_P | NPT_RW | NPT_US)
#define NPT_ADDRESS	UINT64_C(0x000ffffffffff000)
#define ENTRIES		512u
#define GIB		(UINT64_C(1) << 30)
#define SPLIT_GIB	4u	/* below it everything is in 2 MiB pages */

static uint64_t *pml4, *pdpt;

void npt_init(unsigned address_bits)
{
	uint64_t gib = address_bits < 39 ? UINT64_C(1) << (address_bits - 30) : ENTRIES;
	bool huge = cpuid(0x80000001, 0).edx >> 26 & 1;

	pml4 = pages_alloc(1);
	pdpt = pages_alloc(1);
	pml4[0] = hpa_of(pdpt).a | NPT_ALL;
	if (!huge && gib > SPLIT_GIB * 16)
		gib = SPLIT_GIB * 16;
	for (uint64_t g = 0; g < gib; g++) {
		uint64_t *pd;

		if (g >= SPLIT_GIB && huge) {
			pdpt[g] = g * GIB | NPT_ALL | NPT_PS;
			continue;
		}
		pd = pages_alloc(1);
		pdpt[g] = hpa_of(pd).a | NPT_ALL;
		for (uint64_t i = 0; i < ENTRIES; i++)
			pd[i] = (g * GIB + i * LARGE_PAGE) | NPT_ALL | NPT_PS;
	}
}

hpa_t npt_root(void)
{
	return hpa_of(pml4);
}

/* The large page in @entry, mapped or hidden, becomes a table of the next smaller size. */
static uint64_t *split(uint64_t *entry, uint64_t size)
{
	uint64_t *table, flags = NPT_ALL | (size > PAGE_SIZE ? NPT_PS : 0), from = *entry & NPT_ADDRESS;

	if (*entry && !(*entry & NPT_PS))
		return (uint64_t *)from;
	table = pages_alloc(1);
	for (uint64_t i = 0; *entry && i < ENTRIES; i++)
		table[i] = (from + i * size) | flags;
	*entry = hpa_of(table).a | NPT_ALL;
	return table;
}

/* What is shown or hidden in whole large pages stays one entry. */
static void set(gpa_t from, uint64_t len, uint64_t rights)
{
	uint64_t at = from.a, end = from.a + len, step;

	for (; at < end; at += step) {
		uint64_t *pde, *pte;

		step = PAGE_SIZE;
		CHECK(at < ENTRIES * GIB);
		if (!pdpt[at / GIB])
			continue;		/* beyond the processor's addresses */
		pde = &split(&pdpt[at / GIB], LARGE_PAGE)[at >> 21 & (ENTRIES - 1)];
		if (at % LARGE_PAGE == 0 && end - at >= LARGE_PAGE && (*pde & NPT_PS || !*pde)) {
			*pde = rights ? at | rights | NPT_PS : 0;
			step = LARGE_PAGE;
			continue;
		}
		pte = &split(pde, PAGE_SIZE)[at >> PAGE_SHIFT & (ENTRIES - 1)];
		*pte = rights ? at | rights : 0;
	}
}

bool npt_room(gpa_t from, uint64_t len)
{
	uint64_t need = 0, first = from.a & ~(LARGE_PAGE - 1);

	for (uint64_t at = first; at - first < len + (from.a - first); at += LARGE_PAGE) {
		uint64_t pdpte, pde;

		CHECK(at < ENTRIES * GIB);
		pdpte = pdpt[at / GIB];
		pde = pdpte && !(pdpte & NPT_PS) ? ((uint64_t *)(pdpte & NPT_ADDRESS))[at >> 21 & (ENTRIES - 1)] : 0;
		need += pdpte & NPT_PS ? 2 : pdpte && (!pde || pde & NPT_PS);
	}
	return need <= pages_left();
}

void npt_hide(gpa_t from, uint64_t len)
{
	set(from, len, 0);
}

void npt_show(gpa_t from, uint64_t len)
{
	set(from, len, NPT_ALL);
}

void npt_protect(gpa_t from, uint64_t len)
{
	set(from, len, NPT_P | NPT_US);
}
