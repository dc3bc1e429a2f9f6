/*
 * error_test.c - texts of policy errors: conversions, cuts
 */
#include "policy/error.h"
#include "tests/unit/unit.h"

#include <string.h>

START_TEST(every_conversion_prints)
{
	struct policy_error e;
	int code = policy_fail(&e, POLICY_EVERIFY, "net/out", 7, "%s %u %x %llu %lld %lld %%.", "a",
			       4294967295u, 0xbeefu, 18446744073709551615ull, -9223372036854775807ll - 1,
			       0ll);

	ck_assert_int_eq(code, POLICY_EVERIFY);
	ck_assert_str_eq(e.where, "net/out");
	ck_assert_uint_eq(e.insn, 7);
	ck_assert_str_eq(e.text,
			 "a 4294967295 beef 18446744073709551615 -9223372036854775808 0 %.");
}
END_TEST

START_TEST(long_texts_are_cut_to_fit)
{
	struct policy_error e;
	char s[400];

	memset(s, 'x', sizeof(s));
	s[sizeof(s) - 1] = 0;
	policy_fail(&e, POLICY_EINVAL, s, POLICY_NO_INSN, "%s%u", s, 1u);
	ck_assert_uint_eq(strlen(e.where), sizeof(e.where) - 1);
	ck_assert_uint_eq(strlen(e.text), sizeof(e.text) - 1);
	ck_assert_int_eq(e.text[sizeof(e.text) - 2], 'x');
}
END_TEST

START_TEST(no_place_for_a_text_still_returns_the_code)
{
	ck_assert_int_eq(policy_fail(NULL, POLICY_ELIMIT, "", 0, "x"), POLICY_ELIMIT);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("error");
	TCase *tc = unit_case(s, "policy_fail");

	tcase_add_test(tc, every_conversion_prints);
	tcase_add_test(tc, long_texts_are_cut_to_fit);
	tcase_add_test(tc, no_place_for_a_text_still_returns_the_code);
	return s;
}
