/*
 * hv_memory_test.c - where the hypervisor goes, and the memory map that the guest is told
 */
#include "hv/boot/place.h"
#include "hv/guest/e820.h"
#include "tests/unit/unit.h"

#define MIB		(UINT64_C(1) << 20)
#define GIB		(UINT64_C(1) << 30)
#define ALIGN		(2 * MIB)

static uint64_t place(const struct boot_ram *ram, uint32_t count, uint64_t size)
{
	return place_find(ram, count, NULL, 0, size, ALIGN);
}

START_TEST(the_highest_place_below_4_gib_is_taken)
{
	const struct boot_ram ram[] = {
		{ 0, 640 * 1024 }, { MIB, 511 * MIB - 0x20000 }, { 4 * GIB, 4 * GIB },
	};

	ck_assert_uint_eq(place(ram, 3, 32 * MIB), 510 * MIB - 32 * MIB);
	ck_assert_uint_eq(place(ram, 1, 32 * MIB), 0);
	/* above 4 GiB there is plenty, but our pointers and devices want the rest */
	ck_assert_uint_eq(place(&ram[2], 1, 32 * MIB), 0);
}
END_TEST

START_TEST(a_piece_that_crosses_4_gib_is_used_below)
{
	const struct boot_ram ram = { 3 * GIB, 2 * GIB };

	ck_assert_uint_eq(place(&ram, 1, 32 * MIB), 4 * GIB - 32 * MIB);
}
END_TEST

START_TEST(exactly_enough_is_enough_and_one_byte_less_is_not)
{
	struct boot_ram ram = { 32 * MIB, 32 * MIB };

	ck_assert_uint_eq(place(&ram, 1, 32 * MIB), 32 * MIB);
	ram.len--;
	ck_assert_uint_eq(place(&ram, 1, 32 * MIB), 0);
	ram = (struct boot_ram){ 32 * MIB + 1, 32 * MIB };
	ck_assert_uint_eq(place(&ram, 1, 32 * MIB), 0);
}
END_TEST

START_TEST(the_first_16_mib_stay_free)
{
	struct boot_ram ram = { 0, 48 * MIB };

	ck_assert_uint_eq(place(&ram, 1, 32 * MIB), 16 * MIB);
	ram.len -= ALIGN;
	ck_assert_uint_eq(place(&ram, 1, 32 * MIB), 0);
}
END_TEST

START_TEST(what_is_taken_is_stepped_over)
{
	const struct boot_ram ram = { MIB, 127 * MIB };
	struct place_span taken[] = { { MIB, MIB }, { 126 * MIB, 4096 }, { 90 * MIB + 1, 1 } };

	ck_assert_uint_eq(place_find(&ram, 1, taken, 3, 32 * MIB, ALIGN), 94 * MIB);
	taken[1].len = 0;	/* nothing there */
	taken[1].start = 95 * MIB;
	ck_assert_uint_eq(place_find(&ram, 1, taken, 3, 32 * MIB, ALIGN), 96 * MIB);
	taken[2] = (struct place_span){ 97 * MIB, 1 };
	ck_assert_uint_eq(place_find(&ram, 1, taken, 3, 32 * MIB, ALIGN), 64 * MIB);
}
END_TEST

START_TEST(ram_that_wraps_is_no_ram)
{
	const struct boot_ram ram = { UINT64_MAX - MIB, 2 * MIB };

	ck_assert_uint_eq(place(&ram, 1, MIB), 0);
}
END_TEST

/* ---- E820 ---- */

static void is(const struct e820 *m, uint32_t i, uint64_t start, uint64_t len, uint32_t type)
{
	ck_assert_uint_lt(i, m->count);
	ck_assert_uint_eq(m->entry[i].start, start);
	ck_assert_uint_eq(m->entry[i].len, len);
	ck_assert_uint_eq(m->entry[i].type, type);
}

START_TEST(ram_ends_with_a_whole_mib_or_where_the_next_piece_begins)
{
	const struct boot_ram ram[] = {
		{ MIB, 10 * MIB - 0x21000 }, { 20 * MIB + 1, MIB - 1 }, { 30 * MIB, 0x1000 }, { 30 * MIB + 0x3000, 0x1000 },
		{ 30 * MIB + 0x4000, 0x1000 },
	};

	ck_assert_uint_eq(place_whole(ram, 5, 0).start, MIB);
	ck_assert_uint_eq(place_whole(ram, 5, 0).len, 10 * MIB);
	ck_assert_uint_eq(place_whole(ram, 5, 1).len, MIB - 1);
	ck_assert_uint_eq(place_whole(ram, 5, 2).len, 0x3000);
	ck_assert_uint_eq(place_whole(ram, 5, 3).len, 0x1000);
	ck_assert_uint_eq(place_whole(ram, 5, 4).len, MIB - 0x4000);
}
END_TEST

START_TEST(a_hole_in_the_middle_leaves_both_sides)
{
	static struct e820 m;

	e820_add(&m, MIB, 511 * MIB, E820_RAM);
	e820_reserve(&m, 100 * MIB, 32 * MIB);
	ck_assert_uint_eq(m.count, 3);
	is(&m, 0, MIB, 99 * MIB, E820_RAM);
	is(&m, 1, 100 * MIB, 32 * MIB, E820_RESERVED);
	is(&m, 2, 132 * MIB, 380 * MIB, E820_RAM);
}
END_TEST

START_TEST(a_hole_at_either_end_leaves_the_other)
{
	static struct e820 a, b, c;

	e820_add(&a, MIB, 9 * MIB, E820_RAM);
	e820_reserve(&a, MIB, MIB);
	ck_assert_uint_eq(a.count, 2);
	is(&a, 0, MIB, MIB, E820_RESERVED);
	is(&a, 1, 2 * MIB, 8 * MIB, E820_RAM);
	e820_add(&b, MIB, 9 * MIB, E820_RAM);
	e820_reserve(&b, 9 * MIB, MIB);
	ck_assert_uint_eq(b.count, 2);
	is(&b, 0, MIB, 8 * MIB, E820_RAM);
	is(&b, 1, 9 * MIB, MIB, E820_RESERVED);
	e820_add(&c, MIB, 9 * MIB, E820_RAM);
	e820_reserve(&c, MIB, 9 * MIB);
	ck_assert_uint_eq(c.count, 1);
	is(&c, 0, MIB, 9 * MIB, E820_RESERVED);
}
END_TEST

START_TEST(a_hole_over_several_entries_takes_from_each_that_is_ram)
{
	static struct e820 m;

	e820_add(&m, 0, 4 * MIB, E820_RAM);
	e820_add(&m, 4 * MIB, MIB, E820_ACPI);
	e820_add(&m, 5 * MIB, MIB, E820_RAM);
	e820_add(&m, 6 * MIB, 4 * MIB, E820_RAM);
	e820_reserve(&m, 3 * MIB, 4 * MIB);
	ck_assert_uint_eq(m.count, 4);
	is(&m, 0, 0, 3 * MIB, E820_RAM);
	is(&m, 1, 3 * MIB, 4 * MIB, E820_RESERVED);
	is(&m, 2, 4 * MIB, MIB, E820_ACPI);
	is(&m, 3, 7 * MIB, 3 * MIB, E820_RAM);
}
END_TEST

START_TEST(what_only_touches_the_hole_stays)
{
	static struct e820 m;

	e820_add(&m, 0, MIB, E820_RAM);
	e820_add(&m, 2 * MIB, MIB, E820_RAM);
	e820_reserve(&m, MIB, MIB);
	ck_assert_uint_eq(m.count, 3);
	is(&m, 0, 0, MIB, E820_RAM);
	is(&m, 1, MIB, MIB, E820_RESERVED);
	is(&m, 2, 2 * MIB, MIB, E820_RAM);
}
END_TEST

START_TEST(entries_that_are_empty_wrap_or_find_no_room_are_not_shown)
{
	static struct e820 m;

	e820_add(&m, MIB, 0, E820_RAM);
	e820_add(&m, UINT64_MAX, 2, E820_RAM);
	ck_assert_uint_eq(m.count, 0);
	for (uint32_t i = 0; i < E820_MAX; i++)
		e820_add(&m, i * MIB, MIB, E820_RAM);
	ck_assert_uint_eq(m.dropped, 0);
	e820_add(&m, GIB, MIB, E820_RAM);
	ck_assert_uint_eq(m.dropped, 1);
	/* a full table loses RAM, but never shows ours */
	e820_reserve(&m, MIB / 2, MIB);
	ck_assert_uint_eq(m.count, E820_MAX);
	for (uint32_t i = 0; i < m.count; i++)
		ck_assert(m.entry[i].type != E820_RAM || m.entry[i].start >= MIB + MIB / 2 ||
			  m.entry[i].start + m.entry[i].len <= MIB / 2);
}
END_TEST

START_TEST(ram_from_an_address_ends_where_its_entry_ends)
{
	static struct e820 m;

	e820_add(&m, MIB, 9 * MIB, E820_RAM);
	e820_add(&m, 10 * MIB, 6 * MIB, E820_RESERVED);
	ck_assert_uint_eq(e820_ram_from(&m, MIB), 9 * MIB);
	ck_assert_uint_eq(e820_ram_from(&m, 10 * MIB - 1), 1);
	ck_assert_uint_eq(e820_ram_from(&m, 10 * MIB), 0);
	ck_assert_uint_eq(e820_ram_from(&m, MIB - 1), 0);
	ck_assert_uint_eq(e820_ram_from(&m, 20 * MIB), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_memory");
	TCase *tc = unit_case(s, "place"), *map = unit_case(s, "e820");

	tcase_add_test(tc, the_highest_place_below_4_gib_is_taken);
	tcase_add_test(tc, a_piece_that_crosses_4_gib_is_used_below);
	tcase_add_test(tc, exactly_enough_is_enough_and_one_byte_less_is_not);
	tcase_add_test(tc, the_first_16_mib_stay_free);
	tcase_add_test(tc, what_is_taken_is_stepped_over);
	tcase_add_test(tc, ram_that_wraps_is_no_ram);
	tcase_add_test(tc, ram_ends_with_a_whole_mib_or_where_the_next_piece_begins);
	tcase_add_test(map, a_hole_in_the_middle_leaves_both_sides);
	tcase_add_test(map, a_hole_at_either_end_leaves_the_other);
	tcase_add_test(map, a_hole_over_several_entries_takes_from_each_that_is_ram);
	tcase_add_test(map, what_only_touches_the_hole_stays);
	tcase_add_test(map, entries_that_are_empty_wrap_or_find_no_room_are_not_shown);
	tcase_add_test(map, ram_from_an_address_ends_where_its_entry_ends);
	return s;
}
