/*
 * ahci_bounce_test.c - memory for commands on their way: taken, given back, full
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "devmodel/ahci/bounce.h"
#include "tests/unit/unit.h"

#define PAGES_MAX	200u

static struct bounce b;
static uint64_t *map;
static uint8_t *memory;
static size_t memory_len;

static void end(void);

static void make(uint32_t len)
{
	end();
	map = malloc(bounce_map_bytes(len));
	if (bounce_map_bytes(len))
		memset(map, 0xff, bounce_map_bytes(len));
	memory = mmap(NULL, (size_t)len + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		abort();
	memory_len = (size_t)len + 1;
	bounce_init(&b, (struct dma_memory){ .at = memory, .len = len }, map);
}

static void end(void)
{
	free(map);
	map = NULL;
	if (memory_len)
		munmap(memory, memory_len);
	memory_len = 0;
}

static uint32_t take(uint32_t len)
{
	uint32_t at = 1;

	return bounce_take(&b, len, &at) ? at / BOUNCE_PAGE : UINT32_MAX;
}

START_TEST(the_map_has_a_bit_for_each_page)
{
	ck_assert_uint_eq(bounce_map_bytes(0), 0);
	ck_assert_uint_eq(bounce_map_bytes(BOUNCE_PAGE), 8);
	ck_assert_uint_eq(bounce_map_bytes(64 * BOUNCE_PAGE), 8);
	ck_assert_uint_eq(bounce_map_bytes(65 * BOUNCE_PAGE), 16);
}
END_TEST

START_TEST(what_fits_is_what_there_is)
{
	make(3 * BOUNCE_PAGE + 100);
	ck_assert(bounce_fits(&b, 3 * BOUNCE_PAGE));
	ck_assert(!bounce_fits(&b, 3 * BOUNCE_PAGE + 1));
	ck_assert(!bounce_fits(&b, UINT64_MAX));
	ck_assert(!bounce_fits(&b, 1ull << 32));
	ck_assert_uint_eq(take(4 * BOUNCE_PAGE), UINT32_MAX);
}
END_TEST

START_TEST(pages_are_taken_from_the_start_and_only_whole)
{
	make(8 * BOUNCE_PAGE);
	ck_assert_uint_eq(take(1), 0);
	ck_assert_uint_eq(take(BOUNCE_PAGE), 1);
	ck_assert_uint_eq(take(BOUNCE_PAGE + 1), 2);
	ck_assert_uint_eq(take(4 * BOUNCE_PAGE), 4);
	ck_assert_uint_eq(take(1), UINT32_MAX);
	ck_assert_uint_eq(b.taken, 8);
}
END_TEST

START_TEST(all_of_it_can_be_had_at_any_size)
{
	for (uint32_t pages = 1; pages < 130; pages++) {
		make(pages * BOUNCE_PAGE);
		ck_assert_uint_eq(take(pages * BOUNCE_PAGE), 0);
		ck_assert_uint_eq(take(1), UINT32_MAX);
		bounce_give(&b, 0, pages * BOUNCE_PAGE);
		ck_assert_uint_eq(b.taken, 0);
		for (uint32_t i = 0; i < pages; i++) {
			if (take(BOUNCE_PAGE) != i)
				ck_abort_msg("page %u of %u", i, pages);
		}
		ck_assert_uint_eq(take(1), UINT32_MAX);
	}
}
END_TEST

START_TEST(what_is_given_back_is_the_next_that_is_taken)
{
	make(130 * BOUNCE_PAGE);
	for (uint32_t i = 0; i < 130; i++)
		take(BOUNCE_PAGE);
	bounce_give(&b, 129 * BOUNCE_PAGE, 1);
	bounce_give(&b, 64 * BOUNCE_PAGE, BOUNCE_PAGE);
	bounce_give(&b, 3 * BOUNCE_PAGE, 2 * BOUNCE_PAGE);
	ck_assert_uint_eq(b.taken, 126);
	ck_assert_uint_eq(take(3 * BOUNCE_PAGE), UINT32_MAX);
	ck_assert_uint_eq(take(2 * BOUNCE_PAGE), 3);
	ck_assert_uint_eq(take(1), 64);
	ck_assert_uint_eq(take(1), 129);
	ck_assert_uint_eq(take(1), UINT32_MAX);
}
END_TEST

START_TEST(a_gap_that_is_too_small_is_passed_over)
{
	make(10 * BOUNCE_PAGE);
	take(BOUNCE_PAGE);
	take(BOUNCE_PAGE);
	bounce_give(&b, 0, BOUNCE_PAGE);
	ck_assert_uint_eq(take(2 * BOUNCE_PAGE), 2);
	ck_assert_uint_eq(take(1), 0);
}
END_TEST

START_TEST(what_is_shrunk_keeps_its_beginning)
{
	make(8 * BOUNCE_PAGE);
	ck_assert_uint_eq(take(5 * BOUNCE_PAGE), 0);
	bounce_shrink(&b, 0, 5 * BOUNCE_PAGE, BOUNCE_PAGE + 1);
	ck_assert_uint_eq(b.taken, 2);
	ck_assert_uint_eq(take(6 * BOUNCE_PAGE), 2);
	bounce_shrink(&b, 2 * BOUNCE_PAGE, 6 * BOUNCE_PAGE, 5 * BOUNCE_PAGE + 1);
	ck_assert_uint_eq(b.taken, 8);
	bounce_shrink(&b, 2 * BOUNCE_PAGE, 6 * BOUNCE_PAGE - 1, 6 * BOUNCE_PAGE - 1);
	ck_assert_uint_eq(b.taken, 8);
}
END_TEST

/* Against a page a byte: no page is anybody's twice, first fit, none is lost. */
START_TEST(random_takers_never_meet)
{
	uint8_t owner[PAGES_MAX] = { 0 };
	struct { uint32_t at, len; } got[64] = { 0 };
	uint32_t pages = 100 + (uint32_t)_i;

	srand((unsigned)_i);
	make(pages * BOUNCE_PAGE);
	for (unsigned n = 0; n < 4000; n++) {
		unsigned k = (unsigned)rand() % 64;
		uint32_t len = 1 + (uint32_t)rand() % (12 * BOUNCE_PAGE), at, run = 0, expect = UINT32_MAX;
		uint32_t want = (len + BOUNCE_PAGE - 1) / BOUNCE_PAGE;

		if (got[k].len) {
			bounce_give(&b, got[k].at, got[k].len);
			memset(owner + got[k].at / BOUNCE_PAGE, 0, (got[k].len + BOUNCE_PAGE - 1) / BOUNCE_PAGE);
			got[k].len = 0;
			continue;
		}
		for (uint32_t i = 0; i < pages && expect == UINT32_MAX; i++) {
			run = owner[i] ? 0 : run + 1;
			if (run == want)
				expect = (i + 1 - want) * BOUNCE_PAGE;
		}
		if (bounce_take(&b, len, &at) != (expect != UINT32_MAX) || (expect != UINT32_MAX && at != expect))
			ck_abort_msg("step %u: not the first that fits", n);
		if (expect == UINT32_MAX)
			continue;
		memset(owner + at / BOUNCE_PAGE, 1, want);
		got[k].at = at;
		got[k].len = len;
	}
}
END_TEST

static bool all_are(uint32_t page, uint32_t pages, uint8_t byte)
{
	for (uint32_t i = page * BOUNCE_PAGE; i < (page + pages) * BOUNCE_PAGE; i++) {
		if (memory[i] != byte)
			return false;
	}
	return true;
}

START_TEST(what_was_in_the_memory_before_is_cleared_once)
{
	make(8 * BOUNCE_PAGE);
	memset(memory, 0xee, 8 * BOUNCE_PAGE);
	ck_assert_uint_eq(take(2 * BOUNCE_PAGE), 0);
	ck_assert(all_are(0, 2, 0) && all_are(2, 6, 0xee));
	memset(memory, 0x55, 2 * BOUNCE_PAGE);
	ck_assert_uint_eq(take(BOUNCE_PAGE), 2);
	ck_assert(all_are(0, 2, 0x55) && all_are(2, 1, 0) && all_are(3, 5, 0xee));
	bounce_give(&b, 0, 2 * BOUNCE_PAGE);
	ck_assert_uint_eq(take(3 * BOUNCE_PAGE), 3);
	ck_assert_uint_eq(take(2 * BOUNCE_PAGE), 0);
	ck_assert(all_are(0, 2, 0x55) && all_are(2, 4, 0) && all_are(6, 2, 0xee));
}
END_TEST

START_TEST(who_waits_goes_first_and_in_order)
{
	struct bounce_turn turn[3] = { 0 };
	uint32_t at;

	make(4 * BOUNCE_PAGE);
	ck_assert(bounce_take_turn(&b, &turn[0], 3 * BOUNCE_PAGE, &at));
	ck_assert_uint_eq(at, 0);
	ck_assert_ptr_null(b.first);
	ck_assert(!bounce_take_turn(&b, &turn[1], 4 * BOUNCE_PAGE, &at));
	ck_assert(!bounce_take_turn(&b, &turn[2], BOUNCE_PAGE, &at));
	ck_assert(!bounce_take_turn(&b, &turn[0], BOUNCE_PAGE, &at));
	ck_assert(!bounce_take_turn(&b, &turn[1], 4 * BOUNCE_PAGE, &at));
	ck_assert_uint_eq(b.taken, 3);
	bounce_give(&b, 0, 3 * BOUNCE_PAGE);
	ck_assert(!bounce_take_turn(&b, &turn[2], BOUNCE_PAGE, &at));
	ck_assert(bounce_take_turn(&b, &turn[1], 4 * BOUNCE_PAGE, &at));
	ck_assert(!bounce_take_turn(&b, &turn[1], BOUNCE_PAGE, &at));
	bounce_give(&b, 0, 4 * BOUNCE_PAGE);
	ck_assert(!bounce_take_turn(&b, &turn[0], BOUNCE_PAGE, &at));
	ck_assert(bounce_take_turn(&b, &turn[2], BOUNCE_PAGE, &at));
	ck_assert(bounce_take_turn(&b, &turn[0], BOUNCE_PAGE, &at));
	ck_assert(bounce_take_turn(&b, &turn[1], BOUNCE_PAGE, &at));
	ck_assert_ptr_null(b.first);
}
END_TEST

START_TEST(who_leaves_the_line_holds_up_nobody)
{
	struct bounce_turn turn[4] = { 0 };
	uint32_t at;

	make(4 * BOUNCE_PAGE);
	ck_assert(bounce_take_turn(&b, &turn[0], BOUNCE_PAGE, &at));
	for (unsigned i = 1; i < 4; i++)
		ck_assert(!bounce_take_turn(&b, &turn[i], 4 * BOUNCE_PAGE, &at));
	bounce_leave(&b, &turn[0]);
	bounce_leave(&b, &turn[2]);
	bounce_leave(&b, &turn[2]);
	bounce_leave(&b, &turn[1]);
	ck_assert(!bounce_take_turn(&b, &turn[0], BOUNCE_PAGE, &at));
	ck_assert(bounce_take_turn(&b, &turn[3], BOUNCE_PAGE, &at));
	ck_assert(bounce_take_turn(&b, &turn[0], BOUNCE_PAGE, &at));
	ck_assert_ptr_null(b.first);
	ck_assert(bounce_take_turn(&b, &turn[2], BOUNCE_PAGE, &at));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci_bounce");
	TCase *c = unit_case(s, "bounce");

	tcase_add_checked_fixture(c, NULL, end);
	tcase_add_test(c, the_map_has_a_bit_for_each_page);
	tcase_add_test(c, what_fits_is_what_there_is);
	tcase_add_test(c, pages_are_taken_from_the_start_and_only_whole);
	tcase_add_test(c, all_of_it_can_be_had_at_any_size);
	tcase_add_test(c, what_is_given_back_is_the_next_that_is_taken);
	tcase_add_test(c, a_gap_that_is_too_small_is_passed_over);
	tcase_add_test(c, what_is_shrunk_keeps_its_beginning);
	tcase_add_test(c, what_was_in_the_memory_before_is_cleared_once);
	tcase_add_test(c, who_waits_goes_first_and_in_order);
	tcase_add_test(c, who_leaves_the_line_holds_up_nobody);
	tcase_add_loop_test(c, random_takers_never_meet, 0, 4);
	return s;
}
