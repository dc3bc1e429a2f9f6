/*
 * hv_walk_test.c - page walks: known cases of each mode, and random tables beside a second walk
 */
#include <stdio.h>
#include <string.h>

#include "hv/guest/walk.h"
#include "tests/unit/encode.h"
#include "tests/unit/guest_lab.h"
#include "tests/unit/unit.h"
#include "tests/unit/walk_oracle.h"

#define A	0x20u
#define D	0x40u
#define PS	0x80u
#define G	0x100u
#define ALL	(LAB_P | LAB_W | LAB_U)

enum mode { BARE, LEGACY, PAE, LONG4, LONG5, MODES };

static struct lab lab, second;
static struct guest_fault fault;
static gpa_t gpa;

static void init(enum mode mode)
{
	struct guest_cpu *cpu = &lab.cpu;

	lab_init(&lab);
	*cpu = (struct guest_cpu) { .rflags = 2, .phys_bits = 40, .page_1g = true, .cr0 = CR0_PE };
	if (mode == BARE)
		return;
	cpu->cr0 |= CR0_PG | CR0_WP;
	cpu->cr3 = lab_page(&lab);
	if (mode == LEGACY)
		cpu->cr4 = CR4_PSE;
	else
		cpu->cr4 = CR4_PAE | (mode == LONG5 ? CR4_LA57 : 0);
	if (mode != LEGACY)
		cpu->efer = EFER_NXE | (mode == PAE ? 0 : EFER_LMA);
}

static void put32(uint64_t table, unsigned index, uint32_t entry)
{
	memcpy(&lab.ram[table / LAB_PAGE][4 * index], &entry, 4);
}

static uint32_t get32(uint64_t table, unsigned index)
{
	uint32_t entry;

	memcpy(&entry, &lab.ram[table / LAB_PAGE][4 * index], 4);
	return entry;
}

static void put64(uint64_t table, unsigned index, uint64_t entry)
{
	memcpy(&lab.ram[table / LAB_PAGE][8 * index], &entry, 8);
}

static uint64_t get64(uint64_t table, unsigned index)
{
	uint64_t entry;

	memcpy(&entry, &lab.ram[table / LAB_PAGE][8 * index], 8);
	return entry;
}

static int walk(uint64_t linear, unsigned access)
{
	memset(&fault, 0, sizeof(fault));
	gpa.a = 0x5555;
	return guest_walk(&lab.cpu, &lab.bus, linear, access, &gpa, &fault);
}

static void maps(uint64_t linear, unsigned access, uint64_t to)
{
	ck_assert_int_eq(walk(linear, access), GUEST_OK);
	ck_assert_uint_eq(gpa.a, to);
}

static void faults(uint64_t linear, unsigned access, unsigned error)
{
	ck_assert_int_eq(walk(linear, access), GUEST_FAULT);
	ck_assert_uint_eq(fault.vector, VECTOR_PF);
	ck_assert(fault.has_error);
	ck_assert_uint_eq(fault.error, error);
	ck_assert_uint_eq(fault.cr2, linear);
}

START_TEST(without_paging_an_address_is_itself_in_32_bits)
{
	init(BARE);
	maps(0xfedcba98, WALK_WRITE | WALK_USER, 0xfedcba98);
	maps(0x1fedcba98, 0, 0xfedcba98);
}
END_TEST

START_TEST(two_levels_find_a_page_of_4_kib)
{
	uint64_t table;

	init(LEGACY);
	table = lab_page(&lab);
	put32(lab.cpu.cr3, 0x3ff, table | ALL);
	put32(table, 0x155, 0xfffff000 | ALL);
	maps(0xffd55abc, 0, 0xfffffabc);
	lab.cpu.cr3 |= 0xfff;		/* no part of the address */
	maps(0x1ffd55abc, 0, 0xfffffabc);
}
END_TEST

START_TEST(a_page_of_4_mib_has_addresses_of_40_bits)
{
	init(LEGACY);
	put32(lab.cpu.cr3, 1, 0xabc00000 | 0xff << 13 | PS | ALL);
	maps(0x7fffff, 0, 0xffabffffff);
	lab.cpu.phys_bits = 36;		/* the upper ones are reserved then */
	faults(0x7fffff, 0, PF_PRESENT | PF_RESERVED);
	put32(lab.cpu.cr3, 1, 0xabc00000 | 0x0f << 13 | PS | ALL);
	maps(0x7fffff, 0, 0xfabffffff);
	lab.cpu.phys_bits = 32;
	put32(lab.cpu.cr3, 1, 0xabc00000 | 1 << 13 | PS | ALL);
	faults(0x7fffff, 0, PF_PRESENT | PF_RESERVED);
	put32(lab.cpu.cr3, 1, 0xabc00000 | 1 << 12 | PS | ALL);
	maps(0x7fffff, 0, 0xabffffff);
	lab.cpu.phys_bits = 52;		/* PSE-36 has no more than 40 */
	put32(lab.cpu.cr3, 1, 0xabc00000 | 1 << 21 | PS | ALL);
	faults(0x7fffff, 0, PF_PRESENT | PF_RESERVED);
}
END_TEST

START_TEST(without_pse_a_page_directory_has_no_pages)
{
	uint64_t table;

	init(LEGACY);
	lab.cpu.cr4 = 0;
	table = lab_page(&lab);
	put32(lab.cpu.cr3, 0, table | PS | ALL);
	put32(table, 0, 0x7000 | ALL);
	maps(0x123, 0, 0x7123);
}
END_TEST

START_TEST(pae_finds_its_four_entries_at_32_bytes)
{
	uint64_t directory, table;

	init(PAE);
	directory = lab_page(&lab);
	table = lab_page(&lab);
	lab.cpu.cr3 |= 0xfe0;
	put64(lab.cpu.cr3 & ~UINT64_C(0xfff), 0xfe0 / 8 + 3, directory | LAB_P);
	put64(directory, 511, table | ALL);
	put64(table, 511, 0x8000000000 | ALL);
	maps(0xffffffff, WALK_WRITE | WALK_USER, 0x8000000fff);
	put64(directory, 511, 0x8000000000 | PS | ALL);
	maps(0xfffffffe, WALK_WRITE, 0x80001ffffe);
	lab.cpu.cr3 |= UINT64_C(1) << 32;		/* a register of 32 bits */
	maps(0xfffffffe, WALK_WRITE, 0x80001ffffe);
	lab.cpu.cr3 &= UINT32_MAX;
	ck_assert_uint_eq(get64(lab.cpu.cr3 & ~UINT64_C(0xfff), 0xfe0 / 8 + 3), directory | LAB_P);
}
END_TEST

START_TEST(paes_four_entries_have_reserved_bits_of_their_own)
{
	static const uint64_t reserved[] = {
		LAB_W, LAB_U, UINT64_C(1) << 40, UINT64_C(1) << 52, UINT64_C(1) << 62, LAB_NX,
	};
	static const uint64_t ignored[] = { 8, 16, A, D, PS, G, 512, 1024, 2048 };
	uint64_t directory;

	init(PAE);
	directory = lab_page(&lab);
	put64(directory, 0, PS | ALL);
	for (unsigned i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		put64(lab.cpu.cr3, 0, directory | LAB_P | reserved[i]);
		faults(0, 0, PF_PRESENT | PF_RESERVED);
	}
	for (unsigned i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
		put64(lab.cpu.cr3, 0, directory | LAB_P | ignored[i]);
		maps(0, 0, 0);
	}
}
END_TEST

START_TEST(four_levels_find_pages_of_three_sizes)
{
	const uint64_t linear = 0xffffff7fbfdfe123;

	init(LONG4);
	lab_map(&lab, linear, 0x12345000, ALL);
	maps(linear, WALK_WRITE | WALK_USER | WALK_FETCH, 0x12345123);
	/* the tables are pages 1, 2, 3, 4 in their order */
	put64(0x3000, linear >> 21 & 511, 0xffffe00000 | PS | ALL);
	maps(linear, 0, 0xffffffe123);
	put64(0x2000, linear >> 30 & 511, 0xffc0000000 | PS | ALL);
	maps(linear, 0, 0xffffdfe123);
	lab.cpu.page_1g = false;
	faults(linear, 0, PF_PRESENT | PF_RESERVED);
}
END_TEST

START_TEST(five_levels_use_nine_bits_more)
{
	const uint64_t linear = 0x00aa000000000000;

	init(LONG5);
	lab_map(&lab, 0, 0x7000, ALL);	/* the lab knows four: another root above them */
	lab.cpu.cr3 = lab_page(&lab);
	put64(lab.cpu.cr3, 0xaa, 0x1000 | ALL);
	maps(linear, 0, 0x7000);
	faults(0, 0, 0);
	put64(lab.cpu.cr3, 0xaa, 0x1000 | ALL | PS);
	faults(linear, 0, PF_PRESENT | PF_RESERVED);
}
END_TEST

START_TEST(bit_8_above_the_directory_is_amds_reserved)
{
	init(LONG4);
	lab_map(&lab, 0, 0x7000, ALL | G);
	put64(0x3000, 0, get64(0x3000, 0) | G);		/* the directory's: ignored */
	lab.cpu.upper_g_reserved = true;
	maps(0, 0, 0x7000);
	put64(0x2000, 0, get64(0x2000, 0) | G);
	faults(0, 0, PF_PRESENT | PF_RESERVED);
	lab.cpu.upper_g_reserved = false;
	maps(0, 0, 0x7000);
}
END_TEST

START_TEST(address_bits_that_the_processor_lacks_are_reserved)
{
	init(LONG4);
	lab_map(&lab, 0, 0x7000, ALL);
	put64(0x4000, 0, UINT64_C(1) << 40 | ALL);
	faults(0, 0, PF_PRESENT | PF_RESERVED);
	put64(0x4000, 0, UINT64_C(1) << 51 | ALL);
	faults(0, 0, PF_PRESENT | PF_RESERVED);
	put64(0x4000, 0, UINT64_C(1) << 52 | ALL);	/* software's */
	maps(0, 0, 0);
	lab.cpu.phys_bits = 52;
	put64(0x4000, 0, UINT64_C(1) << 51 | ALL);
	maps(0, 0, UINT64_C(1) << 51);
}
END_TEST

START_TEST(without_nxe_the_nx_bit_is_reserved)
{
	init(LONG4);
	lab_map(&lab, 0, 0x7000, ALL | LAB_NX);
	faults(0, WALK_FETCH, PF_PRESENT | WALK_FETCH);
	maps(0, 0, 0x7000);
	lab.cpu.efer &= ~(uint64_t)EFER_NXE;
	faults(0, 0, PF_PRESENT | PF_RESERVED);
	/* and a fetch is not told apart, unless SMEP does */
	faults(0, WALK_FETCH, PF_PRESENT | PF_RESERVED);
	lab.cpu.cr4 |= CR4_SMEP;
	faults(0, WALK_FETCH, PF_PRESENT | PF_RESERVED | WALK_FETCH);
}
END_TEST

START_TEST(rights_are_those_of_all_levels)
{
	init(LONG4);
	lab_map(&lab, 0, 0x7000, ALL);
	for (unsigned level = 1; level <= 4; level++) {
		uint64_t entry = get64(0x1000 * level, 0);

		put64(0x1000 * level, 0, entry & ~(uint64_t)LAB_W);
		faults(0, WALK_WRITE, PF_PRESENT | WALK_WRITE);
		put64(0x1000 * level, 0, entry & ~(uint64_t)LAB_U);
		faults(0, WALK_USER, PF_PRESENT | WALK_USER);
		put64(0x1000 * level, 0, entry | LAB_NX);
		faults(0, WALK_FETCH, PF_PRESENT | WALK_FETCH);
		put64(0x1000 * level, 0, entry & ~(uint64_t)LAB_P);
		faults(0, WALK_USER | WALK_WRITE, WALK_USER | WALK_WRITE);
		put64(0x1000 * level, 0, entry);
	}
	maps(0, WALK_WRITE | WALK_USER | WALK_FETCH, 0x7000);
}
END_TEST

START_TEST(a_supervisor_writes_read_only_pages_without_wp)
{
	init(LONG4);
	lab_map(&lab, 0, 0x7000, LAB_P | LAB_U);
	faults(0, WALK_WRITE, PF_PRESENT | WALK_WRITE);
	lab.cpu.cr0 &= ~(uint64_t)CR0_WP;
	maps(0, WALK_WRITE, 0x7000);
	faults(0, WALK_WRITE | WALK_USER, PF_PRESENT | WALK_WRITE | WALK_USER);
}
END_TEST

START_TEST(smep_and_smap_keep_a_supervisor_off_user_pages)
{
	init(LONG4);
	lab_map(&lab, 0, 0x7000, ALL);
	lab_map(&lab, 0x1000, 0x8000, LAB_P | LAB_W);
	maps(0, WALK_FETCH, 0x7000);
	lab.cpu.cr4 |= CR4_SMEP;
	faults(0, WALK_FETCH, PF_PRESENT | WALK_FETCH);
	maps(0, 0, 0x7000);
	lab.cpu.cr4 |= CR4_SMAP;
	faults(0, 0, PF_PRESENT);
	faults(0, WALK_WRITE, PF_PRESENT | WALK_WRITE);
	maps(0, WALK_USER | WALK_WRITE, 0x7000);
	maps(0, WALK_USER | WALK_FETCH, 0x7000);
	maps(0x1000, WALK_WRITE, 0x8000);
	lab.cpu.rflags |= RFLAGS_AC;
	maps(0, WALK_WRITE, 0x7000);
	faults(0, WALK_FETCH, PF_PRESENT | WALK_FETCH);
}
END_TEST

START_TEST(protection_keys_close_user_pages)
{
	init(LONG4);
	lab_map(&lab, 0, 0x7000, ALL | UINT64_C(15) << 59);
	lab.cpu.pkru = 1u << 30;
	maps(0, WALK_USER, 0x7000);
	lab.cpu.cr4 |= CR4_PKE;
	faults(0, WALK_USER, PF_PRESENT | WALK_USER | PF_KEY);
	faults(0, 0, PF_PRESENT | PF_KEY);
	maps(0, WALK_USER | WALK_FETCH, 0x7000);
	lab.cpu.pkru = 2u << 30;
	maps(0, WALK_USER, 0x7000);
	faults(0, WALK_USER | WALK_WRITE, PF_PRESENT | WALK_USER | WALK_WRITE | PF_KEY);
	faults(0, WALK_WRITE, PF_PRESENT | WALK_WRITE | PF_KEY);
	lab.cpu.cr0 &= ~(uint64_t)CR0_WP;
	maps(0, WALK_WRITE, 0x7000);
	lab.cpu.pkru = 3u << 28;
	maps(0, WALK_USER | WALK_WRITE, 0x7000);
	/* the highest bit alone makes another judgement */
	lab.cpu.pkru |= 2u << 30;
	faults(0, WALK_USER | WALK_WRITE, PF_PRESENT | WALK_USER | WALK_WRITE | PF_KEY);
}
END_TEST

START_TEST(accessed_and_dirty_are_set_where_the_walk_went)
{
	init(LONG4);
	lab_map(&lab, 0, 0x7000, ALL);
	maps(0, 0, 0x7000);
	for (unsigned level = 1; level <= 4; level++)
		ck_assert_uint_eq(get64(0x1000 * level, 0) & (A | D), A);
	maps(0, WALK_WRITE, 0x7000);
	for (unsigned level = 1; level <= 3; level++)
		ck_assert_uint_eq(get64(0x1000 * level, 0) & (A | D), A);
	ck_assert_uint_eq(get64(0x4000, 0) & (A | D), A | D);
}
END_TEST

START_TEST(a_denied_access_leaves_the_tables_alone)
{
	init(LEGACY);
	put32(lab.cpu.cr3, 0, PS | LAB_P);
	faults(0, WALK_WRITE, PF_PRESENT | WALK_WRITE);
	ck_assert_uint_eq(get32(lab.cpu.cr3, 0), PS | LAB_P);
	maps(0, 0, 0);
	ck_assert_uint_eq(get32(lab.cpu.cr3, 0), PS | LAB_P | A);
}
END_TEST

START_TEST(what_is_marked_already_is_not_written)
{
	init(LEGACY);
	put32(lab.cpu.cr3, 0, PS | ALL | A | D);
	lab.refuse_cmpxchg = 1;
	maps(0, WALK_WRITE, 0);
	ck_assert_uint_eq(lab.refuse_cmpxchg, 1);
}
END_TEST

START_TEST(tables_that_change_are_walked_again_but_not_for_ever)
{
	init(LEGACY);
	put32(lab.cpu.cr3, 0, PS | ALL);
	lab.refuse_cmpxchg = 7;
	maps(0, 0, 0);
	put32(lab.cpu.cr3, 0, PS | ALL);
	lab.refuse_cmpxchg = 8;
	ck_assert_int_eq(walk(0, 0), GUEST_AGAIN);
	ck_assert_uint_eq(get32(lab.cpu.cr3, 0), PS | ALL);
}
END_TEST

START_TEST(tables_outside_of_ram_read_as_ones)
{
	init(LONG4);
	lab.cpu.cr3 = UINT64_C(1) << 39;
	faults(0, 0, PF_PRESENT | PF_RESERVED);
	init(LEGACY);
	lab.cpu.cr3 = 0xfffff000;
	lab.cpu.phys_bits = 36;
	faults(0, 0, PF_PRESENT | PF_RESERVED);
	/* a device is no table either, and is not asked */
	init(LEGACY);
	put32(lab.cpu.cr3, 0, 0x7000 | ALL);
	lab.device[7] = true;
	maps(0x123, WALK_WRITE, 0xfffff123);
	ck_assert_uint_eq(lab.reads + lab.writes, 0);
}
END_TEST

/* ---- what was walked before ---- */

#define LINEAR	UINT64_C(0x7fffffe01000)	/* the last table's second entry, each other's last */
#define FAR	UINT64_C(0x40000)

/* Tables for LINEAR, by level from 1, marked already; walked, so that a walk is known. */
static void walked(uint64_t table[5], uint64_t flags)
{
	init(LONG4);
	for (unsigned level = 1; level <= 4; level++)
		table[level] = level == 4 ? lab.cpu.cr3 : lab_page(&lab);
	put64(table[4], 0xff, table[3] | ALL | A);
	put64(table[3], 0x1ff, table[2] | ALL | A);
	put64(table[2], 0x1ff, table[1] | ALL | A);
	put64(table[1], 1, FAR | flags | A | D);
	for (unsigned n = 0; n < 2; n++)
		maps(LINEAR + 5, WALK_WRITE, FAR + 5);
}

START_TEST(a_table_that_is_replaced_is_not_walked_again)
{
	for (unsigned level = 1; level <= 4; level++) {
		static const unsigned index[] = { 0, 1, 0x1ff, 0x1ff, 0xff };
		uint64_t table[5], other;

		walked(table, ALL);
		if (level > 1) {	/* all the same below, but for the page */
			other = lab_page(&lab);
			put64(other, index[level - 1], get64(table[level - 1], index[level - 1]));
			put64(table[level], index[level], other | ALL | A);
			maps(LINEAR, WALK_WRITE, FAR);
			put64(other, index[level - 1], 0);
			faults(LINEAR, WALK_WRITE, WALK_WRITE);
		}
		put64(table[level], index[level], 0);
		faults(LINEAR, WALK_WRITE, WALK_WRITE);
	}
}
END_TEST

START_TEST(another_root_has_other_pages)
{
	uint64_t table[5], root;

	walked(table, ALL);
	root = lab_page(&lab);
	put64(root, 0xff, table[3] | ALL | A);
	lab.cpu.cr3 = root;
	maps(LINEAR, WALK_WRITE, FAR);
	put64(root, 0xff, 0);
	faults(LINEAR, WALK_WRITE, WALK_WRITE);
	lab.cpu.cr3 = table[4];
	maps(LINEAR, WALK_WRITE, FAR);
}
END_TEST

START_TEST(a_page_that_moved_is_found_where_it_is)
{
	uint64_t table[5];

	walked(table, ALL);
	put64(table[1], 1, (FAR + 0x3000) | ALL | A | D);
	maps(LINEAR + 7, WALK_WRITE, FAR + 0x3007);
	maps(LINEAR + 7, 0, FAR + 0x3007);
}
END_TEST

/* The guest clears them to learn what is used. */
START_TEST(marks_that_were_taken_back_are_set_again)
{
	uint64_t table[5];

	for (unsigned n = 0; n < 2; n++) {
		walked(table, ALL);
		put64(table[1], 1, FAR | ALL | A);
		maps(LINEAR, 0, FAR);
		ck_assert_uint_eq(get64(table[1], 1), FAR | ALL | A);
		maps(LINEAR, WALK_WRITE, FAR);
		ck_assert_uint_eq(get64(table[1], 1), FAR | ALL | A | D);
		put64(table[3], 0x1ff, table[2] | ALL);
		maps(LINEAR, n ? WALK_WRITE : 0, FAR);
		ck_assert_uint_eq(get64(table[3], 0x1ff), table[2] | ALL | A);
		/* what was set just now is known as little */
		put64(table[3], 0x1ff, table[2] | ALL);
		maps(LINEAR, n ? WALK_WRITE : 0, FAR);
		ck_assert_uint_eq(get64(table[3], 0x1ff), table[2] | ALL | A);
	}
}
END_TEST

START_TEST(an_access_allowed_before_is_judged_by_todays_rules)
{
	struct guest_cpu *cpu = &lab.cpu;
	uint64_t table[5];

	walked(table, ALL);
	maps(LINEAR, WALK_FETCH, FAR);
	maps(LINEAR, WALK_FETCH, FAR);
	cpu->cr4 |= CR4_SMEP;
	faults(LINEAR, WALK_FETCH, PF_PRESENT | WALK_FETCH);
	cpu->cr4 |= CR4_SMAP;
	cpu->rflags |= RFLAGS_AC;
	maps(LINEAR, WALK_WRITE, FAR);
	cpu->rflags &= ~(uint64_t)RFLAGS_AC;
	faults(LINEAR, WALK_WRITE, PF_PRESENT | WALK_WRITE);
	maps(LINEAR, WALK_WRITE | WALK_USER, FAR);
	maps(LINEAR, WALK_WRITE | WALK_USER, FAR);
	cpu->cr4 |= CR4_PKE;
	cpu->pkru = 2;
	faults(LINEAR, WALK_WRITE | WALK_USER, PF_PRESENT | WALK_WRITE | WALK_USER | PF_KEY);
	cpu->pkru = 0;
	maps(LINEAR, WALK_WRITE | WALK_USER, FAR);

	walked(table, LAB_P | LAB_W);
	put64(table[1], 1, FAR | LAB_P | A | D);
	cpu->cr0 &= ~(uint64_t)CR0_WP;
	maps(LINEAR, WALK_WRITE, FAR);
	maps(LINEAR, WALK_WRITE, FAR);
	cpu->cr0 |= CR0_WP;
	faults(LINEAR, WALK_WRITE, PF_PRESENT | WALK_WRITE);

	walked(table, LAB_P | LAB_W | LAB_NX);
	cpu->efer &= ~(uint64_t)EFER_NXE;
	faults(LINEAR, WALK_WRITE, PF_PRESENT | WALK_WRITE | PF_RESERVED);
}
END_TEST

START_TEST(what_is_known_is_read_all_the_same)
{
	uint64_t table[5];

	walked(table, ALL);
	lab.device[table[2] / LAB_PAGE] = true;	/* no RAM any more: reads as ones */
	faults(LINEAR, WALK_WRITE, PF_PRESENT | WALK_WRITE | PF_RESERVED);
}
END_TEST

/* Tables in pages 1 to 6 point at each other, at themselves and at anything else. */
static uint64_t random_entry(struct random *r, bool wide)
{
	uint64_t entry = random_next(r) & 0xffe & ~(uint64_t)PS;

	if (!random_one_in(r, 16))
		entry |= LAB_P;
	if (!random_one_in(r, 4))
		entry |= LAB_W | LAB_U;
	if (random_one_in(r, 4))
		entry |= PS | (wide && random_one_in(r, 2) ? random_next(r) & 0x7fffffe000 : 0);
	if (!random_one_in(r, 8))
		entry |= (1 + random_next(r) % 6) * LAB_PAGE;
	else
		entry |= random_next(r) & (wide ? 0xfffffff000 : 0xfffff000);
	if (wide && random_one_in(r, 8))
		entry |= LAB_NX;
	if (wide && random_one_in(r, 4))
		entry |= random_next(r) & UINT64_C(0x7800000000000000);
	if (wide && random_one_in(r, 64))
		entry |= UINT64_C(1) << (random_next(r) & 63);
	if (wide && random_one_in(r, 2))	/* a large page that is aligned */
		entry &= ~UINT64_C(0x3fffe000) | (entry & PS ? 0 : UINT64_MAX);
	if (!wide && random_one_in(r, 2))
		entry &= ~UINT64_C(0x3fe000) | (entry & PS ? 0 : UINT64_MAX);
	return entry;
}

static void random_tables(struct random *r, enum mode mode)
{
	static const uint8_t phys_bits[] = { 32, 36, 39, 40, 46, 52 };
	struct guest_cpu *cpu = &lab.cpu;

	init(mode);
	for (unsigned i = 1; i <= 6; i++) {
		for (unsigned j = 0; j < 512; j++) {
			uint64_t low = random_entry(r, mode != LEGACY);

			if (mode == LEGACY)
				low = (uint32_t)low | random_entry(r, false) << 32;
			/* the four entries of PAE: every second without what is reserved */
			if (mode == PAE && i == 1 && !random_one_in(r, 8))
				low &= UINT64_C(0xffffffe19);
			put64(i * LAB_PAGE, j, low);
		}
	}
	cpu->cr3 |= random_next(r) & 0xff8;
	cpu->phys_bits = phys_bits[random_next(r) % sizeof(phys_bits)];
	cpu->page_1g = random_next(r) & 1;
	cpu->upper_g_reserved = random_one_in(r, 8);
	cpu->pkru = (uint32_t)random_next(r);
	cpu->cr0 ^= random_one_in(r, 2) ? CR0_WP : 0;
	cpu->cr4 ^= random_next(r) & (CR4_SMEP | CR4_SMAP | CR4_PKE);
	if (random_one_in(r, 8))
		cpu->cr4 ^= CR4_PSE;
	if (random_one_in(r, 4))
		cpu->efer ^= EFER_NXE;
	cpu->rflags |= random_next(r) & RFLAGS_AC;
}

static void compare(struct random *r, unsigned *found)
{
	static const unsigned accesses[] = {
		0, WALK_WRITE, WALK_FETCH,
		WALK_USER, WALK_USER | WALK_WRITE, WALK_USER | WALK_FETCH,
	};
	uint64_t linear = random_next(r);
	unsigned access = accesses[random_next(r) % 6];
	struct oracle_answer expected;
	int status;

	memcpy(second.ram, lab.ram, sizeof(lab.ram));
	expected = oracle_walk(&lab.cpu, &second, linear, access);
	status = walk(linear, access);
	if (expected.ok) {
		ck_assert_int_eq(status, GUEST_OK);
		ck_assert_uint_eq(gpa.a, expected.gpa);
		++*found;
	} else {
		ck_assert_int_eq(status, GUEST_FAULT);
		ck_assert_uint_eq(fault.error, expected.error);
	}
	ck_assert(!memcmp(lab.ram, second.ram, sizeof(lab.ram)));
}

START_TEST(random_tables_give_what_a_second_walk_gives)
{
	struct random r = { 1 };

	for (enum mode mode = LEGACY; mode < MODES; mode++) {
		unsigned found = 0;

		for (unsigned i = 0; i < 200; i++) {
			random_tables(&r, mode);
			for (unsigned j = 0; j < 50; j++)
				compare(&r, &found);
		}
		printf("# mode %u: 10000 walks, %u to a page\n", mode, found);
		ck_assert_uint_gt(found, 200);
	}
	fflush(stdout);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_walk");
	TCase *tc = unit_case(s, "hv_walk");

	tcase_add_test(tc, without_paging_an_address_is_itself_in_32_bits);
	tcase_add_test(tc, two_levels_find_a_page_of_4_kib);
	tcase_add_test(tc, a_page_of_4_mib_has_addresses_of_40_bits);
	tcase_add_test(tc, without_pse_a_page_directory_has_no_pages);
	tcase_add_test(tc, pae_finds_its_four_entries_at_32_bytes);
	tcase_add_test(tc, paes_four_entries_have_reserved_bits_of_their_own);
	tcase_add_test(tc, four_levels_find_pages_of_three_sizes);
	tcase_add_test(tc, five_levels_use_nine_bits_more);
	tcase_add_test(tc, bit_8_above_the_directory_is_amds_reserved);
	tcase_add_test(tc, address_bits_that_the_processor_lacks_are_reserved);
	tcase_add_test(tc, without_nxe_the_nx_bit_is_reserved);
	tcase_add_test(tc, rights_are_those_of_all_levels);
	tcase_add_test(tc, a_supervisor_writes_read_only_pages_without_wp);
	tcase_add_test(tc, smep_and_smap_keep_a_supervisor_off_user_pages);
	tcase_add_test(tc, protection_keys_close_user_pages);
	tcase_add_test(tc, accessed_and_dirty_are_set_where_the_walk_went);
	tcase_add_test(tc, a_denied_access_leaves_the_tables_alone);
	tcase_add_test(tc, what_is_marked_already_is_not_written);
	tcase_add_test(tc, tables_that_change_are_walked_again_but_not_for_ever);
	tcase_add_test(tc, tables_outside_of_ram_read_as_ones);
	tcase_add_test(tc, a_table_that_is_replaced_is_not_walked_again);
	tcase_add_test(tc, another_root_has_other_pages);
	tcase_add_test(tc, a_page_that_moved_is_found_where_it_is);
	tcase_add_test(tc, marks_that_were_taken_back_are_set_again);
	tcase_add_test(tc, an_access_allowed_before_is_judged_by_todays_rules);
	tcase_add_test(tc, what_is_known_is_read_all_the_same);
	tcase_add_test(tc, random_tables_give_what_a_second_walk_gives);
	return s;
}
