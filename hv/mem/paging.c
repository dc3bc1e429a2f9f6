/*
 * paging.c - the hypervisor's own page tables
 */
#include "hv/mem/paging.h"

#include "hv/cpu/smp.h"
#include "hv/mem/pages.h"
#include "hv/panic.h"

/* APM volume 2, section 5.4 */
#define PTE_P	(UINT64_C(1) << 0)
#define PTE_RW	(UINT64_C(1) << 1)
#define PTE_US	(UINT64_C(1) << 2)
#define PTE_PWT	(UINT64_C(1) << 3)
#define PTE_PCD	(UINT64_C(1) << 4)
#define PTE_A	(UINT64_C(1) << 5)
#define PTE_D	(UINT64_C(1) << 6)
#define PTE_NX	(UINT64_C(1) << 63)
#define PTE_ADDRESS	UINT64_C(0x000ffffffffff000)

#define ENTRIES		512u
#define WINDOW_BASE	UINT64_C(0xffff800000000000)
#define WINDOW_SLOTS	256u	/* the rest of the table is for device_map() */
#define TABLE_SPAN	((uint64_t)ENTRIES * PAGE_SIZE)		/* what a table maps; views begin behind the windows' */
#define VIEW_TABLES	(CPUS_MAX * VIEWS_PER_CPU / ENTRIES)

extern uint8_t image_start[], image_text_end[], image_rodata_end[], image_end[];

uint64_t *window_views;
static uint64_t *pml4, *windows;
static uint32_t devices = WINDOW_SLOTS;

static uint64_t *table_at(uint64_t *table, uint64_t index)
{
	if (!(table[index] & PTE_P))
		table[index] = hpa_of(pages_alloc(1)).a | PTE_P | PTE_RW | PTE_A;
	return (uint64_t *)(table[index] & PTE_ADDRESS);
}

/* The entry of the lowest table that @va has. */
static uint64_t *table_entry(uint64_t va)
{
	uint64_t *t = table_at(pml4, va >> 39 & (ENTRIES - 1));

	t = table_at(t, va >> 30 & (ENTRIES - 1));
	return &t[va >> 21 & (ENTRIES - 1)];
}

static uint64_t *pte_of(uint64_t va)
{
	uint64_t *t = table_at(table_entry(va), 0);

	return &t[va >> PAGE_SHIFT & (ENTRIES - 1)];
}

/* Own memory [@from, @to) to itself. */
static void map_own(uint64_t from, uint64_t to, uint64_t flags)
{
	uint64_t *entry = NULL;

	for (uint64_t at = from; at < to; at += PAGE_SIZE, entry++) {
		/* the entries of a table lie behind each other, tables do not */
		if (!entry || at % TABLE_SPAN == 0)
			entry = pte_of(at);
		*entry = at | PTE_P | PTE_A | PTE_D | flags;
	}
}

void paging_init(const struct boot_info *b)
{
	pml4 = pages_alloc(1);
	map_own((uint64_t)image_start, (uint64_t)image_text_end, 0);
	map_own((uint64_t)image_text_end, (uint64_t)image_rodata_end, PTE_NX);
	map_own((uint64_t)image_rodata_end, b->start.a + b->len, PTE_RW | PTE_NX);
	windows = (uint64_t *)((uint64_t)pte_of(WINDOW_BASE) & ~(uint64_t)(PAGE_SIZE - 1));
	/* all their entries behind each other */
	window_views = pages_alloc(VIEW_TABLES);
	for (uint32_t i = 0; i < VIEW_TABLES; i++)
		*table_entry(VIEW_BASE + i * TABLE_SPAN) = hpa_of(window_views + i * ENTRIES).a | PTE_P | PTE_RW | PTE_A;
}

void paging_enter(void)
{
	/*
	 * PGE and PSE mean nothing to these tables (none of our pages is global; PAE has no use for PSE), but every
	 * kernel of 64 bits has them: an emulator that empties its TLB where CR4 changes has a reason less to, twice
	 * an exit.  All long-mode processors have both.
	 */
	uint64_t cr4 = read_cr4() | CR4_PGE | CR4_PSE;

	write_cr3(hpa_of(pml4).a);
	write_cr0(read_cr0() | CR0_WP);
	if (cpuid(0, 0).eax >= 7) {
		struct cpuid c = cpuid(7, 0);

		/* PKE for RDPKRU's sake: the keys are the guest's, and none of our pages is a user page */
		cr4 |= (c.ebx >> 7 & 1 ? CR4_SMEP : 0) | (c.ebx >> 20 & 1 ? CR4_SMAP : 0) |
		       (c.ecx >> 3 & 1 ? CR4_PKE : 0);
	}
	write_cr4(cr4);
}

bool paging_is_entered(void)
{
	return pml4 && read_cr3() == hpa_of(pml4).a;
}

#ifdef FAULT_TEST
void paging_user(void *page)
{
	uint64_t va = (uint64_t)page, *t = pml4;

	for (unsigned shift = 39; shift >= PAGE_SHIFT; shift -= 9) {
		uint64_t *entry = &t[va >> shift & (ENTRIES - 1)];

		*entry = (*entry | PTE_US) & ~PTE_NX;
		t = (uint64_t *)(*entry & PTE_ADDRESS);
	}
	invlpg(page);
}
#endif

void paging_step(gpa_t page)
{
	*pte_of(page.a) = page.a | PTE_P | PTE_A;
}

void paging_guard(void *page)
{
	*pte_of((uint64_t)page) = 0;
	invlpg(page);
}

static void set(uint64_t *entry, uint64_t pte, const void *va)
{
	bool was_present = *entry & PTE_P;

	*(volatile uint64_t *)entry = pte;
	/* no TLB has an entry that is not present (SDM 3A, section 4.10.2.3): one that was empty needs no INVLPG */
	if (was_present)
		invlpg(va);
	else
		__asm__ volatile("" ::: "memory");
}

static void *set_window(uint32_t slot, uint64_t pte)
{
	void *va = (void *)(WINDOW_BASE + (uint64_t)slot * PAGE_SIZE);

	set(&windows[slot], pte, va);
	return va;
}

void *window_map(uint32_t slot, hpa_t at, enum window_kind kind)
{
	uint64_t flags = PTE_P | PTE_NX | PTE_A | PTE_D;

	CHECK(slot < WINDOW_SLOTS);
	if (kind != WINDOW_RAM_READ)
		flags |= PTE_RW;
	if (kind == WINDOW_DEVICE)
		flags |= PTE_PCD | PTE_PWT;
	return set_window(slot, (at.a & PTE_ADDRESS) | flags);
}

void window_unmap(uint32_t slot)
{
	CHECK(slot < WINDOW_SLOTS);
	set_window(slot, 0);
}

const void *window_open(uint32_t cpu, hpa_t at)
{
	uint32_t slot = window_view_slot(cpu, at);
	uint8_t *va = (uint8_t *)(VIEW_BASE + (uint64_t)slot * PAGE_SIZE);

	CHECK(cpu < CPUS_MAX);
	set(&window_views[slot], (at.a & PTE_ADDRESS) ^ VIEW_FLAGS, va);
	return va + at.a % PAGE_SIZE;
}

volatile void *device_reserve(uint32_t pages)
{
	uint32_t first = devices;

	CHECK(pages <= ENTRIES - devices);
	devices += pages;
	return (volatile void *)(WINDOW_BASE + (uint64_t)first * PAGE_SIZE);
}

void device_point(volatile void *room, hpa_t at, uint32_t pages)
{
	uint32_t first = (uint32_t)(((uint64_t)room - WINDOW_BASE) / PAGE_SIZE);

	CHECK(first >= WINDOW_SLOTS && pages <= ENTRIES - first);
	for (uint32_t i = 0; i < pages; i++)
		set_window(first + i, ((at.a & PTE_ADDRESS) + (uint64_t)i * PAGE_SIZE) | PTE_P | PTE_RW |
			   PTE_NX | PTE_PCD | PTE_PWT | PTE_A | PTE_D);
}

void device_forget(volatile void *room, uint32_t pages)
{
	for (uint32_t i = 0; i < pages; i++)
		invlpg((const uint8_t *)(uint64_t)room + (uint64_t)i * PAGE_SIZE);
}

volatile void *device_map(hpa_t at, uint32_t pages)
{
	volatile uint8_t *room = device_reserve(pages);

	device_point(room, at, pages);
	return room + (at.a & (PAGE_SIZE - 1));
}
