/*
 * e1000_registers_test.c - accesses in every width and place, the allow-list, what registers do
 */
#include <string.h>

#include "tests/unit/e1000_registers_lab.h"
#include "tests/unit/unit.h"

#define I82540	0x100e
#define I82574	0x10d3

static void begin_82540(void)
{
	lab_clear();
	lab_attach(I82540);
}

static void begin_82574(void)
{
	lab_clear();
	lab_attach(I82574);
}

/* ---- widths and places ---- */

START_TEST(a_register_is_read_and_written_as_a_dword)
{
	DEVICE(STATUS) = 0x80080783;
	ck_assert_uint_eq(lab_read(E1000_STATUS), 0x80080783);
	lab_expect("R 00008\n");
	lab_write(E1000_TIPG, 0x00602008);
	lab_expect("W 00410 00602008\n");
	ck_assert_uint_eq(COUNTED(WIDTH) + COUNTED(REGISTER), 0);
}
END_TEST

START_TEST(a_narrow_read_gives_its_part)
{
	DEVICE(STATUS) = 0x83624120;
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(lab_read_size(E1000_STATUS + i, 1), 0x83624120 >> 8 * i & 0xff);
		lab_expect("R 00008\n");
	}
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(lab_read_size(E1000_STATUS + i, 2), 0x83624120 >> 8 * i & 0xffff);
		lab_expect("R 00008\n");
	}
	ck_assert_uint_eq(COUNTED(WIDTH), 0);
}
END_TEST

START_TEST(a_narrow_write_vanishes)
{
	for (unsigned i = 0; i < 4; i++) {
		lab_write_size(E1000_TDBAL + i, 1, 0xff);
		lab_write_size(E1000_TIPG + i, 1, 0xff);
		lab_write_size(E1000_TIPG + i, 2, 0xffff);
	}
	lab_expect("");
	ck_assert_uint_eq(COUNTED(WIDTH), 12);
	ck_assert_uint_eq(lab_read(E1000_TDBAL), 0);
}
END_TEST

START_TEST(an_access_across_registers_reads_0_and_writes_nothing)
{
	memset(lab.reg, 0xff, sizeof(lab.reg));
	ck_assert_uint_eq(lab_read_size(E1000_STATUS + 3, 2), 0);
	for (unsigned i = 1; i < 4; i++) {
		ck_assert_uint_eq(lab_read_size(E1000_STATUS + i, 4), 0);
		ck_assert_uint_eq(lab_read_size(E1000_STATUS + i, 8), 0);
		lab_write_size(E1000_TIPG + i, 4, 1);
		lab_write_size(E1000_TIPG + i, 8, 1);
	}
	lab_expect("");
	ck_assert_uint_eq(COUNTED(WIDTH), 13);
	ck_assert_uint_eq(COUNTED(REGISTER), 0);
}
END_TEST

START_TEST(eight_bytes_are_two_dwords_the_low_one_first)
{
	lab.reg[0x5400 / 4] = 0x12345678;
	lab.reg[0x5404 / 4] = 0x8000abcd;
	ck_assert_uint_eq(lab_read_size(0x5400, 8), 0x8000abcd12345678);
	lab_expect("R 05400\nR 05404\n");
	lab_write_size(0x540c, 8, 0x0123456789abcdef);
	lab_expect("W 0540c 89abcdef\nW 05410 01234567\n");
	lab_write_size(E1000_TDBAL, 8, 0x1111111122222220);
	ck_assert_uint_eq(lab_read(E1000_TDBAL), 0x22222220);
	ck_assert_uint_eq(lab_read(E1000_TDBAH), 0x11111111);
	ck_assert_uint_eq(COUNTED(WIDTH), 0);
}
END_TEST

START_TEST(of_eight_bytes_each_half_is_judged_by_itself)
{
	/* MDIC, and FLA that is refused before it */
	lab_write_size(E1000_FLA, 8, 0x0000000200000001);
	lab_expect("W 00020 00000002\n");
	ck_assert_uint_eq(COUNTED(REGISTER), 1);
	DEVICE(FLA) = 7;
	ck_assert_uint_eq(lab_read_size(E1000_FLA, 8), 0x0000000200000000);
	lab_expect("R 00020\n");
	ck_assert_uint_eq(COUNTED(REGISTER), 2);
}
END_TEST

START_TEST(nothing_is_beyond_the_end_of_the_bar)
{
	static const struct { uint32_t offset; unsigned size; } beyond[] = {
		{ 0x20000, 1 }, { 0x20000, 4 }, { 0x1fffc, 8 }, { 0x1fffe, 4 }, { 0x1ffff, 2 }, { UINT32_MAX - 3, 4 },
		{ UINT32_MAX, 1 }, { UINT32_MAX - 3, 8 }, { 0x80000008, 4 },
	};

	for (unsigned i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		ck_assert_uint_eq(lab_read_size(beyond[i].offset, beyond[i].size), 0);
		lab_write_size(beyond[i].offset, beyond[i].size, UINT64_MAX);
		ck_assert_uint_eq(COUNTED(WIDTH), 2 * i + 2);
	}
	/* the last one of all is there, and refused as packet buffer memory */
	ck_assert_uint_eq(lab_read_size(0x1fffc, 4), 0);
	ck_assert_uint_eq(lab_read_size(0x1fff8, 8), 0);
	ck_assert_uint_eq(COUNTED(REGISTER), 3);
	lab_expect("");
}
END_TEST

static void add_widths(Suite *s)
{
	TCase *tc = unit_case(s, "widths");

	tcase_add_checked_fixture(tc, begin_82540, lab_end);
	tcase_add_test(tc, a_register_is_read_and_written_as_a_dword);
	tcase_add_test(tc, a_narrow_read_gives_its_part);
	tcase_add_test(tc, a_narrow_write_vanishes);
	tcase_add_test(tc, an_access_across_registers_reads_0_and_writes_nothing);
	tcase_add_test(tc, eight_bytes_are_two_dwords_the_low_one_first);
	tcase_add_test(tc, of_eight_bytes_each_half_is_judged_by_itself);
	tcase_add_test(tc, nothing_is_beyond_the_end_of_the_bar);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("e1000_registers");

	add_widths(s);
	(void)begin_82574;
	return s;
}
