/*
 * hv_legacy_test.c - ports of the PC that would lead around the hypervisor
 */
#include "hv/guest/legacy.h"
#include "tests/unit/unit.h"

static struct legacy l;
static uint32_t out;

static void setup(void)
{
	l = (struct legacy){ .sleep = { .pm1 = { { 0x604, 1u << 0 | 1u << 7 }, { 0x704, 1u << 5 } }, .count = 2 } };
}

static bool sends(uint16_t port, unsigned size, uint32_t value)
{
	out = value;
	return legacy_out(&l, port, size, &out);
}

START_TEST(a20_is_on_in_port_92)
{
	ck_assert(sends(0x92, 1, 0x00) && out == 0x02);
	ck_assert(sends(0x92, 1, 0xfd) && out == 0xff);
	ck_assert(sends(0x91, 2, 0x0055) && out == 0x0255);
	ck_assert(sends(0x90, 4, 0x11001111) && out == 0x11021111);
	ck_assert(sends(0x8f, 4, 0x00000000) && out == 0x02000000);
	ck_assert(sends(0x93, 1, 0x00) && out == 0x00);
	ck_assert(sends(0x91, 1, 0x00) && out == 0x00);
}
END_TEST

START_TEST(a20_is_on_in_the_keyboard_controllers_output_port)
{
	ck_assert(sends(0x60, 1, 0xdd) && out == 0xdd);		/* to the keyboard */
	ck_assert(sends(0x64, 1, 0xd1) && out == 0xd1);
	ck_assert(sends(0x60, 1, 0xdd) && out == 0xdf);
	ck_assert(sends(0x60, 1, 0xdd) && out == 0xdd);		/* the next byte is the keyboard's again */
	ck_assert(sends(0x64, 1, 0xd1));
	ck_assert(sends(0x64, 1, 0xae) && out == 0xae);		/* another command came first */
	ck_assert(sends(0x60, 1, 0xdd) && out == 0xdd);
	ck_assert(sends(0x63, 2, 0xd100) && out == 0xd100);
	ck_assert(sends(0x60, 2, 0x00dd) && out == 0x00df);
}
END_TEST

START_TEST(commands_that_pulse_or_switch_a20_do_not)
{
	ck_assert(sends(0x64, 1, 0xdd) && out == 0xdf);
	ck_assert(sends(0x64, 1, 0xdf) && out == 0xdf);
	ck_assert(sends(0x64, 1, 0xf0) && out == 0xf2);
	ck_assert(sends(0x64, 1, 0xfe) && out == 0xfe);		/* reset */
	ck_assert(sends(0x64, 1, 0xfc) && out == 0xfe);
	ck_assert(sends(0x64, 1, 0xe0) && out == 0xe0);
	ck_assert(sends(0x61, 1, 0xf0) && out == 0xf0);
}
END_TEST

START_TEST(only_the_allowed_types_of_sleep)
{
	for (unsigned type = 0; type < 8; type++) {
		uint32_t value = 0x2001 | type << 10;

		ck_assert(sends(0x604, 2, value) == (type == 0 || type == 7));
		ck_assert(sends(0x704, 2, value) == (type == 5));
		ck_assert(sends(0x605, 1, value >> 8) == (type == 0 || type == 7));
		ck_assert(sends(0x602, 4, value << 16) == (type == 0 || type == 7));
		ck_assert(sends(0x604, 4, value) == (type == 0 || type == 7));
		ck_assert(sends(0x604, 2, value & ~0x2000u));	/* no sleep yet */
		ck_assert(sends(0x604, 1, value & 0xff));
		ck_assert(sends(0x606, 2, value));
	}
	ck_assert(sends(0x604, 2, 0x3c01) && out == 0x3c01);
	l.sleep.count = 1;
	ck_assert(sends(0x704, 2, 0x2001));
	l.sleep.count = 0;
	ck_assert(sends(0x604, 2, 0x2401));
}
END_TEST

START_TEST(drives_have_no_ports)
{
	static const uint16_t ends[][2] = { { 0x170, 0x177 }, { 0x1f0, 0x1f7 }, { 0x376, 0x377 }, { 0x3f0, 0x3f7 } };

	for (unsigned i = 0; i < 4; i++) {
		for (unsigned port = ends[i][0]; port <= ends[i][1]; port++) {
			ck_assert(legacy_is_drive((uint16_t)port, 1));
			ck_assert(!sends((uint16_t)port, 1, 0xec));
		}
		ck_assert(!legacy_is_drive(ends[i][0] - 1, 1));
		ck_assert(legacy_is_drive(ends[i][0] - 1, 2));
		ck_assert(legacy_is_drive(ends[i][0] - 3, 4));
		ck_assert(!legacy_is_drive(ends[i][0] - 2, 2));
		ck_assert(legacy_is_drive(ends[i][1], 4));
		ck_assert(!legacy_is_drive(ends[i][1] + 1, 4));
	}
	ck_assert(sends(0x3f8, 1, 0x41) && out == 0x41);
	ck_assert(sends(0xffff, 4, 0x01020304) && out == 0x01020304);
}
END_TEST

START_TEST(what_ends_the_machine_is_told)
{
	ck_assert_str_eq(legacy_end(&l, 0x92, 1, 0x01), "reset by port 92");
	ck_assert_str_eq(legacy_end(&l, 0x91, 2, 0x0100), "reset by port 92");
	ck_assert_ptr_null(legacy_end(&l, 0x92, 1, 0x02));
	ck_assert_ptr_null(legacy_end(&l, 0x91, 1, 0x01));
	ck_assert_str_eq(legacy_end(&l, 0x64, 1, 0xfe), "reset by the keyboard controller");
	ck_assert_ptr_null(legacy_end(&l, 0x64, 1, 0xff));
	ck_assert_ptr_null(legacy_end(&l, 0x64, 1, 0xee));
	ck_assert_ptr_null(legacy_end(&l, 0x60, 1, 0xfe));
	ck_assert_str_eq(legacy_end(&l, 0x604, 2, 0x2001), "power-off");
	ck_assert_str_eq(legacy_end(&l, 0x705, 1, 0x20), "power-off");
	ck_assert_ptr_null(legacy_end(&l, 0x604, 2, 0x1c01));
	ck_assert_ptr_null(legacy_end(&l, 0x604, 1, 0x20));
	ck_assert_ptr_null(legacy_end(&l, 0x606, 1, 0x20));
	ck_assert_ptr_null(legacy_end(&l, 0x80, 1, 0x21));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_legacy");
	TCase *tc = unit_case(s, "ports");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, a20_is_on_in_port_92);
	tcase_add_test(tc, a20_is_on_in_the_keyboard_controllers_output_port);
	tcase_add_test(tc, commands_that_pulse_or_switch_a20_do_not);
	tcase_add_test(tc, only_the_allowed_types_of_sleep);
	tcase_add_test(tc, drives_have_no_ports);
	tcase_add_test(tc, what_ends_the_machine_is_told);
	return s;
}
