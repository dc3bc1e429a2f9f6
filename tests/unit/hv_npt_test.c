/*
 * hv_npt_test.c - nested page tables, and whose a trapped page is
 */
#include <stdlib.h>
#include <string.h>

#include "hv/guest/region.h"
#include "hv/mem/gmem.h"
#include "hv/mem/npt.h"
#include "hv/mem/pages.h"
#include "hv/panic.h"
#include "hv/start.h"
#include "tests/unit/unit.h"

#undef fail	/* of Check */

#define KIB	UINT64_C(1024)
#define MIB	(1024 * KIB)
#define GIB	(1024 * MIB)
#define ADDRESS	UINT64_C(0x000ffffffffff000)
#define P	UINT64_C(1)
#define RW	UINT64_C(2)
#define US	UINT64_C(4)
#define PS	UINT64_C(0x80)
#define NX	(UINT64_C(1) << 63)

#define OWN	UINT64_C(0x7e000000)
#define OPEN	(OWN + 0x123000)	/* where pages lie that are elsewhere */
#define MOVED	UINT64_C(0x200)		/* beside the flags: it is there */

struct boot_info boot = { .start = { OWN }, .len = 26 * MIB };

/* 2 GiB of RAM below 4 GiB, 2 GiB above; a guest's page is RAM or nobody's. */
static const struct { uint64_t at, len; } ram[] = {
	{ 0, 0xa0000 }, { MIB, 0x7f000000 - MIB }, { 4 * GIB, 2 * GIB },
};

bool gmem_is_ram(gpa_t at, uint64_t len)
{
	for (size_t i = 0; i < sizeof(ram) / sizeof(ram[0]); i++) {
		if (at.a >= ram[i].at && at.a - ram[i].at <= ram[i].len - len)
			return true;
	}
	return false;
}

bool gmem_span(uint32_t n, uint64_t *at, uint64_t *len)
{
	if (n >= sizeof(ram) / sizeof(ram[0]))
		return false;
	*at = ram[n].at;
	*len = ram[n].len;
	return true;
}

static _Alignas(PAGE_SIZE) uint8_t own_page[200][PAGE_SIZE];
static uint64_t pages_used;

void *pages_alloc(uint64_t count)
{
	ck_assert_uint_le(pages_used + count, sizeof(own_page) / sizeof(own_page[0]));
	pages_used += count;
	return memset(own_page[pages_used - count], 0, count * PAGE_SIZE);
}

void fail(const char *format, ...)
{
	ck_abort_msg("fail: %s", format);
	abort();
}

/* What the tables say of @at: the leaf's flags, and the size of its page. */
static uint64_t look(uint64_t at, uint64_t *size)
{
	const uint64_t *table = (const uint64_t *)npt_root().a;

	for (unsigned level = 4; level-- > 0; ) {
		unsigned shift = 12 + 9 * level;
		uint64_t e = table[at >> shift & 511], *next = (uint64_t *)(e & ADDRESS);

		*size = UINT64_C(1) << shift;
		if (!(e & P)) {
			ck_assert_uint_eq(e, 0);
			return 0;
		}
		if (level == 0 || e & PS) {
			if (level == 0 && (e & ADDRESS) == OPEN && (at & ADDRESS) != OPEN)
				return (e & (P | RW | US | NX)) | MOVED;
			ck_assert_uint_eq(e & ADDRESS, at & ~(*size - 1));
			return e & (P | RW | US);
		}
		ck_assert_uint_eq(e & 0xfff, P | RW | US);
		table = next;
	}
	return 0;
}

static enum npt_access access_at(uint64_t at, uint64_t *size)
{
	uint64_t flags = look(at, size);

	if (flags == 0)
		return NPT_TRAPPED;
	if (flags & MOVED) {
		ck_assert_uint_eq(flags, P | RW | US | NX | MOVED);
		return NPT_ELSEWHERE;
	}
	ck_assert_uint_eq(flags & ~RW, P | US);
	return flags & RW ? NPT_DIRECT : NPT_READ_ONLY;
}

static void is(uint64_t at, enum npt_access access, uint64_t size)
{
	uint64_t s;

	ck_assert_int_eq(access_at(at, &s), access);
	ck_assert_uint_eq(s, size);
}

/* ---- tables alone: what is trapped is @trapped_at.. and its like ---- */

#define RANGES	8u

static struct { uint64_t at, len; enum npt_access access; } range[RANGES];

static enum npt_access by_range(uint64_t page)
{
	ck_assert_uint_eq(page % PAGE_SIZE, 0);
	for (unsigned i = 0; i < RANGES; i++) {
		if (page >= range[i].at && page - range[i].at < range[i].len)
			return range[i].access;
	}
	return NPT_DIRECT;
}

static hpa_t range_place(uint64_t page)
{
	ck_assert_int_eq(by_range(page), NPT_ELSEWHERE);
	return (hpa_t){ OPEN };
}

static uint64_t range_border(uint64_t page)
{
	uint64_t border = UINT64_C(1) << 60;

	for (unsigned i = 0; i < RANGES; i++) {
		uint64_t end = range[i].at + range[i].len;

		if (range[i].at > page && range[i].at < border)
			border = range[i].at;
		if (end > page && end < border)
			border = end;
	}
	return border;
}

static void move(unsigned n, uint64_t at, uint64_t len, enum npt_access access)
{
	uint64_t was = range[n].at, was_len = range[n].len;

	range[n].at = at;
	range[n].len = len;
	range[n].access = access;
	npt_update((gpa_t){ was }, was_len);
	npt_update((gpa_t){ at }, len);
	npt_flushed();
}

static void start_tables(unsigned bits, bool huge, unsigned tables)
{
	memset(range, 0, sizeof(range));
	pages_used = 0;
	npt_init(bits, huge, tables, by_range, range_place, range_border);
	ck_assert_uint_eq(npt_tables_left(), tables);
}

START_TEST(everything_is_mapped_to_itself_in_large_pages)
{
	start_tables(40, true, 4);
	is(0, NPT_DIRECT, 2 * MIB);
	is(4 * GIB - 1, NPT_DIRECT, 2 * MIB);
	is(4 * GIB, NPT_DIRECT, GIB);
	is(512 * GIB - 1, NPT_DIRECT, GIB);
	start_tables(36, true, 4);
	is(64 * GIB - 1, NPT_DIRECT, GIB);
	is(64 * GIB, NPT_TRAPPED, GIB);
	start_tables(40, false, 4);
	is(64 * GIB - 1, NPT_DIRECT, 2 * MIB);
	is(64 * GIB, NPT_TRAPPED, GIB);
}
END_TEST

START_TEST(only_the_large_page_of_a_trapped_page_is_split)
{
	start_tables(40, true, 8);
	move(0, 0xfebc0000, 128 * KIB, NPT_TRAPPED);
	is(0xfe9fffff, NPT_DIRECT, 2 * MIB);
	is(0xfea00000, NPT_DIRECT, 4 * KIB);
	is(0xfebbffff, NPT_DIRECT, 4 * KIB);
	is(0xfebc0000, NPT_TRAPPED, 4 * KIB);
	is(0xfebdffff, NPT_TRAPPED, 4 * KIB);
	is(0xfebe0000, NPT_DIRECT, 4 * KIB);
	is(0xfec00000, NPT_DIRECT, 2 * MIB);
	ck_assert_uint_eq(npt_tables_left(), 7);
	move(1, 0xfed00000, 4 * KIB, NPT_READ_ONLY);
	is(0xfed00000, NPT_READ_ONLY, 4 * KIB);
	is(0xfed01000, NPT_DIRECT, 4 * KIB);
}
END_TEST

START_TEST(whole_large_pages_are_trapped_in_one_entry)
{
	start_tables(40, true, 8);
	move(0, 0xb0000000, 256 * MIB, NPT_TRAPPED);
	is(0xb0000000, NPT_TRAPPED, 2 * MIB);
	is(0xbfffffff, NPT_TRAPPED, 2 * MIB);
	is(0xafffffff, NPT_DIRECT, 2 * MIB);
	is(0xc0000000, NPT_DIRECT, 2 * MIB);
	ck_assert_uint_eq(npt_tables_left(), 8);
}
END_TEST

START_TEST(a_range_within_another_leaves_it_trapped_when_it_goes)
{
	start_tables(40, true, 8);
	move(0, 0xb0000000, 256 * MIB, NPT_TRAPPED);
	move(1, 0xb0100000, 4 * KIB, NPT_TRAPPED);
	is(0xb0100000, NPT_TRAPPED, 2 * MIB);
	move(1, 0, 0, NPT_TRAPPED);
	is(0xb0100000, NPT_TRAPPED, 2 * MIB);
	ck_assert_uint_eq(npt_tables_left(), 8);
}
END_TEST

START_TEST(above_4_gib_a_huge_page_is_split_and_whole_again)
{
	start_tables(40, true, 8);
	move(0, 300 * GIB + 6 * MIB + 4 * KIB, 8 * KIB, NPT_TRAPPED);
	is(300 * GIB, NPT_DIRECT, 2 * MIB);
	is(300 * GIB + 6 * MIB, NPT_DIRECT, 4 * KIB);
	is(300 * GIB + 6 * MIB + 4 * KIB, NPT_TRAPPED, 4 * KIB);
	is(301 * GIB, NPT_DIRECT, GIB);
	ck_assert_uint_eq(npt_tables_left(), 6);
	move(0, 0, 0, NPT_TRAPPED);
	is(300 * GIB, NPT_DIRECT, GIB);
	ck_assert_uint_eq(npt_tables_left(), 8);
	/* where two GiB meet */
	move(0, 300 * GIB - 4 * KIB, 8 * KIB, NPT_TRAPPED);
	is(300 * GIB - 4 * KIB, NPT_TRAPPED, 4 * KIB);
	is(300 * GIB, NPT_TRAPPED, 4 * KIB);
	is(300 * GIB - 8 * KIB, NPT_DIRECT, 4 * KIB);
	is(300 * GIB + 4 * KIB, NPT_DIRECT, 4 * KIB);
}
END_TEST

START_TEST(without_huge_pages_a_table_above_4_gib_stays)
{
	start_tables(40, false, 8);
	move(0, 5 * GIB, 4 * KIB, NPT_TRAPPED);
	is(5 * GIB, NPT_TRAPPED, 4 * KIB);
	move(0, 0, 0, NPT_TRAPPED);
	is(5 * GIB, NPT_DIRECT, 2 * MIB);
	ck_assert_uint_eq(npt_tables_left(), 8);
}
END_TEST

START_TEST(what_lies_beyond_the_tables_is_left_alone)
{
	start_tables(36, true, 8);
	move(0, 64 * GIB, 4 * KIB, NPT_TRAPPED);
	move(1, 600 * GIB, 4 * KIB, NPT_TRAPPED);
	move(2, 0 - 4 * KIB, 4 * KIB, NPT_TRAPPED);
	move(3, 512 * GIB - 4 * KIB, 0 - (512 * GIB - 4 * KIB), NPT_TRAPPED);
	move(4, 512 * GIB, 4 * KIB, NPT_TRAPPED);
	ck_assert_uint_eq(npt_tables_left(), 8);
	start_tables(40, true, 8);
	move(0, 512 * GIB - 4 * KIB, 8 * KIB, NPT_TRAPPED);
	is(512 * GIB - 4 * KIB, NPT_TRAPPED, 4 * KIB);
	move(0, 512 * GIB - 4 * KIB, 0 - (512 * GIB - 4 * KIB), NPT_TRAPPED);
	is(512 * GIB - 8 * KIB, NPT_DIRECT, 4 * KIB);
}
END_TEST

START_TEST(a_range_that_moves_for_ever_uses_up_nothing)
{
	uint64_t x = 1;

	start_tables(40, true, NPT_TABLES_A_RANGE * RANGES);
	for (unsigned i = 0; i < 150; i++) {
		unsigned n = i % RANGES;

		x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
		move(n, (x >> 20) & (i % 3 ? 0xfffff000 : 0x7ffffff000), (x >> 60) * 4 * KIB, (x >> 8) % 2);
		ck_assert_uint_le(npt_tables_left(), NPT_TABLES_A_RANGE * RANGES);
		for (unsigned r = 0; r < RANGES; r++) {
			uint64_t at = range[r].at, end = at + range[r].len, size;

			if (at >= 512 * GIB - MIB || at < MIB)
				continue;
			ck_assert_int_eq(access_at(at - PAGE_SIZE, &size), by_range(at - PAGE_SIZE));
			ck_assert_int_eq(access_at(at, &size), by_range(at));
			ck_assert_int_eq(access_at(end - 1, &size), by_range((end - 1) & ADDRESS));
			ck_assert_int_eq(access_at(end, &size), by_range(end));
		}
	}
	for (unsigned n = 0; n < RANGES; n++)
		move(n, 0, 0, NPT_TRAPPED);
	ck_assert_uint_eq(npt_tables_left(), NPT_TABLES_A_RANGE * RANGES);
}
END_TEST

START_TEST(a_table_serves_another_only_when_no_processor_walks_through_it)
{
	start_tables(40, true, 4);
	move(0, 0xfebc0000, 4 * KIB, NPT_TRAPPED);
	range[0].len = 0;
	npt_update((gpa_t){ 0xfebc0000 }, 4 * KIB);
	ck_assert_uint_eq(npt_tables_left(), 3);
	npt_flushed();
	ck_assert_uint_eq(npt_tables_left(), 4);
	npt_flushed();
	ck_assert_uint_eq(npt_tables_left(), 4);
}
END_TEST

START_TEST(without_a_table_left_more_is_trapped_not_less)
{
	start_tables(40, true, 1);
	move(0, 0xfebc0000, 4 * KIB, NPT_TRAPPED);
	move(1, 0xfed00000, 4 * KIB, NPT_TRAPPED);
	is(0xfed01000, NPT_TRAPPED, 2 * MIB);
	move(0, 0, 0, NPT_TRAPPED);
	is(0xfebc0000, NPT_DIRECT, 2 * MIB);
	move(1, 0xfed00000, 4 * KIB, NPT_TRAPPED);
	is(0xfed00000, NPT_TRAPPED, 4 * KIB);
	is(0xfed01000, NPT_DIRECT, 4 * KIB);
	move(2, 8 * GIB, 4 * KIB, NPT_TRAPPED);
	is(8 * GIB + 4 * KIB, NPT_TRAPPED, GIB);
	move(2, 9 * GIB, 0, NPT_TRAPPED);
	is(9 * GIB, NPT_DIRECT, GIB);
}
END_TEST

START_TEST(a_page_elsewhere_is_small_and_no_other_page_is_there)
{
	start_tables(40, true, 4);
	move(0, 0xfebc2000, 4 * KIB, NPT_ELSEWHERE);
	move(1, 0xfebc0000, 128 * KIB, NPT_TRAPPED);
	is(0xfebc1000, NPT_TRAPPED, 4 * KIB);
	is(0xfebc2000, NPT_ELSEWHERE, 4 * KIB);
	is(0xfebc3000, NPT_TRAPPED, 4 * KIB);
	is(0xfebe0000, NPT_DIRECT, 4 * KIB);
	move(0, 0, 0, NPT_TRAPPED);
	is(0xfebc2000, NPT_TRAPPED, 4 * KIB);
	move(1, 0, 0, NPT_TRAPPED);
	is(0xfebc2000, NPT_DIRECT, 2 * MIB);
	move(0, 0xfec00000, 2 * MIB, NPT_ELSEWHERE);
	is(0xfec00000, NPT_ELSEWHERE, 4 * KIB);
	is(0xfedff000, NPT_ELSEWHERE, 4 * KIB);
}
END_TEST

/* ---- regions: who answers ---- */

static struct mmio_region apic = { .name = "apic", .at = 0xfee00000, .len = 4 * KIB, .fixed = true };
static struct mmio_region hpet = {
	.name = "hpet", .at = 0xfed00000, .len = 4 * KIB, .fixed = true, .readable = true,
};
static struct mmio_region bar = { .name = "bar", .at = 0xfebc0000, .len = 128 * KIB };

static void add_regions(void)
{
	static bool added;

	bar.at = 0xfebc0000;
	bar.open = (hpa_t){ 0 };
	boot.start.a = OWN;
	if (added)
		return;
	added = true;
	region_add(&bar);	/* before the others: the order tells nothing */
	region_add(&apic);
	region_add(&hpet);
}

START_TEST(a_region_answers_from_its_first_byte_to_its_last)
{
	add_regions();
	ck_assert_ptr_null(region_of(0xfebbffff));
	ck_assert_ptr_eq(region_of(0xfebc0000), &bar);
	ck_assert_ptr_eq(region_of(0xfebdffff), &bar);
	ck_assert_ptr_null(region_of(0xfebe0000));
	ck_assert_int_eq(region_access(0xfebbf000), NPT_DIRECT);
	ck_assert_int_eq(region_access(0xfebc0000), NPT_TRAPPED);
	ck_assert_int_eq(region_access(0xfebdf000), NPT_TRAPPED);
	ck_assert_int_eq(region_access(0xfebe0000), NPT_DIRECT);
	ck_assert_int_eq(region_access(0xfed00000), NPT_READ_ONLY);
	bar.at = 0 - 128 * KIB;
	ck_assert_ptr_eq(region_of(UINT64_MAX), &bar);
	ck_assert_ptr_null(region_of(0));
}
END_TEST

START_TEST(an_open_page_is_seen_where_its_bar_is_seen)
{
	add_regions();
	bar.open_at = 0x2000;
	bar.open = (hpa_t){ OPEN };
	ck_assert_int_eq(region_access(0xfebc2000), NPT_ELSEWHERE);
	ck_assert_uint_eq(region_place(0xfebc2000).a, OPEN);
	ck_assert_int_eq(region_access(0xfebc1000), NPT_TRAPPED);
	ck_assert_int_eq(region_access(0xfebc3000), NPT_TRAPPED);
	ck_assert(region_cover(0xfebc2000, 4 * KIB));
	ck_assert_int_eq(region_access(0xfebc2000), NPT_TRAPPED);
	ck_assert(region_uncover(&(uint64_t){ 0 }, &(uint64_t){ 0 }));
	bar.at = 0xfedfe000;		/* over the local APIC, over RAM, over the hypervisor, over nothing */
	ck_assert_int_eq(region_access(0xfee00000), NPT_TRAPPED);
	bar.at = 0x10000000;
	ck_assert_int_eq(region_access(0x10002000), NPT_DIRECT);
	bar.at = OWN;
	ck_assert_int_eq(region_access(OWN + 0x2000), NPT_TRAPPED);
	bar.at = 0xe0000000;
	ck_assert_int_eq(region_access(0xe0002000), NPT_ELSEWHERE);
	bar.open = (hpa_t){ 0 };
	ck_assert_int_eq(region_access(0xe0002000), NPT_TRAPPED);
}
END_TEST

/* From @page on, page by page, as far as the border says. */
static void same_to_the_border(uint64_t page)
{
	uint64_t border = region_border(page), end = page + 4 * MIB;
	enum npt_access access = region_access(page);

	ck_assert_uint_gt(border, page);
	ck_assert_uint_eq(border % PAGE_SIZE, 0);
	/* an assertion of Check writes to a file each time, and these are hundreds of thousands */
	for (uint64_t at = page; at < border && at < end; at += PAGE_SIZE) {
		if (region_access(at) != access)
			ck_abort_msg("%llx and %llx, border %llx", (unsigned long long)page, (unsigned long long)at,
				     (unsigned long long)border);
	}
}

START_TEST(up_to_a_border_all_pages_are_the_same)
{
	static const uint64_t place[] = {
		0, 0x9f000, 0xff000, OWN - 4 * KIB, OWN, OWN + 25 * MIB, 0x7effe000, 0xfebbf000, 0xfed00000, 0xfee00000,
		4 * GIB - 8 * KIB, 4 * GIB, 6 * GIB - 4 * KIB, 6 * GIB, 0 - 2 * MIB,
	};
	unsigned n = sizeof(place) / sizeof(place[0]);

	add_regions();
	bar.open_at = 0x2000;
	bar.open = (hpa_t){ OPEN };
	for (unsigned i = 0; i < n; i++) {
		bar.at = place[i] & ~(uint64_t)(PAGE_SIZE - 1);
		ck_assert(region_cover(place[(i + 5) % n], 12 * KIB));
		for (unsigned j = 0; j < n; j++) {
			for (uint64_t back = 0; back <= 3 * MIB && back <= place[j]; back += 764 * KIB)
				same_to_the_border((place[j] - back) & ~(uint64_t)(PAGE_SIZE - 1));
		}
		ck_assert(region_uncover(&(uint64_t){ 0 }, &(uint64_t){ 0 }));
	}
	bar.open = (hpa_t){ 0 };
	bar.at = 0x10000000;
	ck_assert_uint_eq(region_border(0x10000000 - 4 * KIB), 0x10000000);
	/* a page that is RAM in part has a border on both its sides */
	bar.at = 0x9f000;
	ck_assert_uint_eq(region_border(0x9f000), 0xa0000);
}
END_TEST

START_TEST(a_bar_moved_over_the_local_apic_is_not_seen_there)
{
	add_regions();
	bar.at = 0xfee00000;
	ck_assert_ptr_eq(region_of(0xfee00300), &apic);
	ck_assert_ptr_eq(region_of(0xfee01000), &bar);
	bar.at = 0xfed00000;
	ck_assert_int_eq(region_access(0xfed00000), NPT_READ_ONLY);
	ck_assert_int_eq(region_access(0xfed01000), NPT_TRAPPED);
}
END_TEST

START_TEST(a_bar_moved_over_ram_is_not_seen_there)
{
	add_regions();
	bar.at = 0x10000000;
	ck_assert_ptr_null(region_of(0x10000000));
	ck_assert_int_eq(region_access(0x10000000), NPT_DIRECT);
	bar.at = 4 * GIB;
	ck_assert_int_eq(region_access(4 * GIB), NPT_DIRECT);
}
END_TEST

START_TEST(a_bar_moved_over_the_hypervisor_shows_nothing_of_it)
{
	add_regions();
	bar.at = boot.start.a + MIB;
	ck_assert_ptr_null(region_of(boot.start.a + MIB));
	ck_assert_int_eq(region_access(boot.start.a + MIB), NPT_TRAPPED);
	ck_assert_int_eq(region_access(boot.start.a), NPT_TRAPPED);
	ck_assert_int_eq(region_access(boot.start.a + boot.len - 4 * KIB), NPT_TRAPPED);
	ck_assert_int_eq(region_access(boot.start.a - 4 * KIB), NPT_DIRECT);
	ck_assert_int_eq(region_access(boot.start.a + boot.len), NPT_DIRECT);
	ck_assert(region_is_own(boot.start.a - 1, 2));
	ck_assert(!region_is_own(boot.start.a - 1, 1));
	ck_assert(region_is_own(boot.start.a + boot.len - 1, 8));
	ck_assert(!region_is_own(boot.start.a + boot.len, 8));
	ck_assert(region_is_own(boot.start.a - 1, UINT64_MAX));
	boot.start.a = 0xc0001000;
	bar.at = 0xc0000000;
	ck_assert_ptr_eq(region_of(0xc0000fff), &bar);
	ck_assert_ptr_null(region_of(0xc0001000));
}
END_TEST

START_TEST(what_is_covered_is_trapped_until_it_is_uncovered)
{
	uint64_t at, len;

	add_regions();
	for (unsigned i = 0; i < REGION_COVERS_MAX; i++)
		ck_assert(region_cover(0xc0000000 + i * MIB, 8 * KIB));
	ck_assert(!region_cover(0xd0000000, 4 * KIB));
	ck_assert_int_eq(region_access(0xbffff000), NPT_DIRECT);
	ck_assert_int_eq(region_access(0xc0000000), NPT_TRAPPED);
	ck_assert_int_eq(region_access(0xc0001000), NPT_TRAPPED);
	ck_assert_int_eq(region_access(0xc0002000), NPT_DIRECT);
	ck_assert_int_eq(region_access(0xd0000000), NPT_DIRECT);
	ck_assert_ptr_null(region_of(0xc0000000));
	for (unsigned i = REGION_COVERS_MAX; i-- > 0; ) {
		ck_assert_int_eq(region_access(0xc0000000 + i * MIB), NPT_TRAPPED);
		ck_assert(region_uncover(&at, &len));
		ck_assert_uint_eq(at, 0xc0000000 + i * MIB);
		ck_assert_uint_eq(len, 8 * KIB);
		ck_assert_int_eq(region_access(0xc0000000 + i * MIB), NPT_DIRECT);
	}
	ck_assert(!region_uncover(&at, &len));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_npt");
	TCase *tables = tcase_create("tables"), *regions = tcase_create("regions");

	tcase_set_timeout(tables, 30);
	tcase_add_test(tables, everything_is_mapped_to_itself_in_large_pages);
	tcase_add_test(tables, only_the_large_page_of_a_trapped_page_is_split);
	tcase_add_test(tables, whole_large_pages_are_trapped_in_one_entry);
	tcase_add_test(tables, a_range_within_another_leaves_it_trapped_when_it_goes);
	tcase_add_test(tables, above_4_gib_a_huge_page_is_split_and_whole_again);
	tcase_add_test(tables, without_huge_pages_a_table_above_4_gib_stays);
	tcase_add_test(tables, what_lies_beyond_the_tables_is_left_alone);
	tcase_add_test(tables, a_range_that_moves_for_ever_uses_up_nothing);
	tcase_add_test(tables, a_table_serves_another_only_when_no_processor_walks_through_it);
	tcase_add_test(tables, without_a_table_left_more_is_trapped_not_less);
	tcase_add_test(tables, a_page_elsewhere_is_small_and_no_other_page_is_there);
	suite_add_tcase(s, tables);
	tcase_add_test(regions, a_region_answers_from_its_first_byte_to_its_last);
	tcase_add_test(regions, an_open_page_is_seen_where_its_bar_is_seen);
	tcase_add_test(regions, up_to_a_border_all_pages_are_the_same);
	tcase_add_test(regions, a_bar_moved_over_the_local_apic_is_not_seen_there);
	tcase_add_test(regions, a_bar_moved_over_ram_is_not_seen_there);
	tcase_add_test(regions, a_bar_moved_over_the_hypervisor_shows_nothing_of_it);
	tcase_add_test(regions, what_is_covered_is_trapped_until_it_is_uncovered);
	suite_add_tcase(s, regions);
	return s;
}
