/*
 * arena_test.c - what an arena gives: zeroed, aligned, within its block, never twice
 */
#include <stdlib.h>
#include <string.h>

#include "policy/arena.h"
#include "tests/unit/unit.h"

static struct arena a;
static uint8_t *block;

/* A block of exactly @size bytes that are not zero. */
static void open_block(size_t size)
{
	block = aligned_alloc(16, size);
	memset(block, 0xaa, size);
	arena_init(&a, block, size);
}

static void close_block(void)
{
	free(block);
}

START_TEST(memory_is_zero_and_aligned_and_lies_in_a_row)
{
	static const uint8_t zeros[32];
	uint8_t *p, *q;

	open_block(64);
	p = arena_alloc(&a, 3, 7);
	ck_assert_ptr_eq(p, block);
	ck_assert_mem_eq(p, zeros, 32);
	q = arena_alloc(&a, 1, 1);
	ck_assert_ptr_eq(q, block + 32);
	ck_assert_mem_eq(q, zeros, 16);
	ck_assert_uint_eq(block[48], 0xaa);
	ck_assert_uint_eq(a.used, 48);
	close_block();
}
END_TEST

START_TEST(all_of_a_block_can_be_had_and_not_one_byte_more)
{
	open_block(32);
	ck_assert_ptr_null(arena_alloc(&a, 33, 1));
	ck_assert_uint_eq(a.used, 0);
	ck_assert_ptr_nonnull(arena_alloc(&a, 1, 16));
	ck_assert_ptr_null(arena_alloc(&a, 17, 1));
	ck_assert_ptr_nonnull(arena_alloc(&a, 16, 1));
	ck_assert_ptr_null(arena_alloc(&a, 1, 1));
	ck_assert_ptr_nonnull(arena_alloc(&a, 0, 1));
	close_block();
	/* a block whose end is not aligned: rounding up stops there */
	block = malloc(20);
	arena_init(&a, block, 20);
	ck_assert_ptr_nonnull(arena_alloc(&a, 1, 16));
	ck_assert_ptr_nonnull(arena_alloc(&a, 1, 3));
	ck_assert_uint_eq(a.used, 20);
	close_block();
}
END_TEST

START_TEST(a_product_that_overflows_is_refused)
{
	open_block(64);
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX, 1));
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX / 8 + 1, 8));
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX / 2 + 1, 2));
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX / 2 + 9, 2));	/* 16 when it wraps */
	ck_assert_uint_eq(a.used, 0);
	close_block();
}
END_TEST

START_TEST(scratch_is_given_back_and_the_peak_remembers_it)
{
	size_t mark;
	uint8_t *p;

	open_block(128);
	ck_assert_uint_eq(a.peak, 0);
	arena_alloc(&a, 1, 16);
	mark = arena_mark(&a);
	p = arena_alloc(&a, 1, 64);
	p[0] = 1;
	ck_assert_uint_eq(a.peak, 80);
	arena_release(&a, mark);
	ck_assert_uint_eq(a.used, 16);
	ck_assert_ptr_eq(arena_alloc(&a, 1, 32), p);
	ck_assert_uint_eq(p[0], 0);
	ck_assert_uint_eq(a.peak, 80);
	arena_alloc(&a, 1, 48);
	ck_assert_uint_eq(a.peak, 96);
	close_block();
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("arena");
	TCase *tc = unit_case(s, "arena");

	tcase_add_test(tc, memory_is_zero_and_aligned_and_lies_in_a_row);
	tcase_add_test(tc, all_of_a_block_can_be_had_and_not_one_byte_more);
	tcase_add_test(tc, a_product_that_overflows_is_refused);
	tcase_add_test(tc, scratch_is_given_back_and_the_peak_remembers_it);
	return s;
}
