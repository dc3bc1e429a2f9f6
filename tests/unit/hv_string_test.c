/*
 * hv_string_test.c - the hypervisor's memcpy and its kin, by names of their own
 */
#include <string.h>

void *hv_memcpy(void *restrict to, const void *restrict from, size_t n);
void *hv_memset(void *to, int byte, size_t n);
void *hv_memmove(void *to, const void *from, size_t n);
int hv_memcmp(const void *a, const void *b, size_t n);

#define memcpy	hv_memcpy
#define memset	hv_memset
#define memmove	hv_memmove
#define memcmp	hv_memcmp
#include "hv/string.c"
#undef memcpy
#undef memset
#undef memmove
#undef memcmp

#include "tests/unit/unit.h"

#define ROOM	2400u
#define SIZES	1100u	/* past the size where REP begins */
#define SHIFTS	40	/* past the largest step of a loop */

static uint8_t from[ROOM], to[ROOM], want[ROOM];

static void fill(void)
{
	for (unsigned i = 0; i < ROOM; i++) {
		from[i] = (uint8_t)(i * 7 + (i >> 8));
		to[i] = want[i] = (uint8_t)(200 - i);
	}
}

START_TEST(memcpy_copies_every_size_and_nothing_around_it)
{
	for (unsigned n = 0; n < SIZES; n++) {
		unsigned at = n % 9, source = n % 5;

		fill();
		for (unsigned i = 0; i < n; i++)
			want[at + i] = from[source + i];
		ck_assert_ptr_eq(hv_memcpy(to + at, from + source, n), to + at);
		ck_assert_msg(memcmp(to, want, ROOM) == 0, "%u bytes", n);
	}
}
END_TEST

START_TEST(memset_fills_every_size_and_nothing_around_it)
{
	for (unsigned n = 0; n < SIZES; n++) {
		unsigned at = n % 9;

		fill();
		for (unsigned i = 0; i < n; i++)
			want[at + i] = 0x9c;
		ck_assert_ptr_eq(hv_memset(to + at, 0x7f00 | 0x9c, n), to + at);
		ck_assert_msg(memcmp(to, want, ROOM) == 0, "%u bytes", n);
	}
}
END_TEST

START_TEST(memmove_moves_by_any_distance_in_both_directions)
{
	static const unsigned sizes[] = { 0, 1, 7, 8, 31, 32, 33, 100, 511, 512, 513, 1000 };

	for (unsigned k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		for (int shift = -SHIFTS; shift <= SHIFTS; shift++) {
			unsigned n = sizes[k], at = SHIFTS;
			unsigned goes = (unsigned)((int)at + shift);

			fill();
			for (unsigned i = 0; i < n; i++)
				want[goes + i] = to[at + i];
			ck_assert_ptr_eq(hv_memmove(to + goes, to + at, n), to + goes);
			ck_assert_msg(memcmp(to, want, ROOM) == 0, "%u bytes by %d", n, shift);
		}
	}
}
END_TEST

START_TEST(memcmp_tells_the_first_difference)
{
	ck_assert_int_eq(hv_memcmp("abc", "abd", 2), 0);
	ck_assert_int_lt(hv_memcmp("abc", "abd", 3), 0);
	ck_assert_int_gt(hv_memcmp("\xff", "\x01", 1), 0);
	ck_assert_int_eq(hv_memcmp("a", "b", 0), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_string");
	TCase *c = unit_case(s, "string");

	tcase_add_test(c, memcpy_copies_every_size_and_nothing_around_it);
	tcase_add_test(c, memset_fills_every_size_and_nothing_around_it);
	tcase_add_test(c, memmove_moves_by_any_distance_in_both_directions);
	tcase_add_test(c, memcmp_tells_the_first_difference);
	return s;
}
