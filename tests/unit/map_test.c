/*
 * map_test.c - hash and array maps: capacity, limits, what is found again
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "policy/map.h"
#include "tests/unit/unit.h"

static uint8_t memory[20 << 20] __attribute__((aligned(16)));
static struct arena arena;

static void setup(void)
{
	arena_init(&arena, memory, sizeof(memory));
}

static int make(uint32_t type, uint32_t key, uint32_t value, uint32_t entries, struct map **m)
{
	struct hvb_map def = { type, key, value, entries };
	struct policy_error e = { .text = "" };
	int rc = map_create(&arena, &def, m, &e);

	ck_assert_int_eq(rc == 0, e.text[0] == '\0');
	return rc;
}

START_TEST(a_hash_map_holds_its_capacity_and_not_one_more)
{
	const uint32_t capacity = 1000;
	struct map *m;

	ck_assert_int_eq(make(HVB_MAP_HASH, 4, 8, capacity, &m), 0);
	for (uint32_t i = 0; i < capacity; i++) {
		uint64_t v = i * 3;

		ck_assert_int_eq(map_update(m, &i, &v), 0);
	}
	for (uint32_t i = 0; i < capacity; i++)
		ck_assert_uint_eq(*(uint64_t *)map_lookup(m, &i), i * 3);
	uint32_t k = capacity;
	uint64_t v = 1;

	ck_assert_ptr_null(map_lookup(m, &k));
	ck_assert_int_eq(map_update(m, &k, &v), -1);
	ck_assert_ptr_null(map_lookup(m, &k));
	/* an element that is there can still be changed */
	k = 5;
	ck_assert_int_eq(map_update(m, &k, &v), 0);
	ck_assert_uint_eq(*(uint64_t *)map_lookup(m, &k), 1);
}
END_TEST

START_TEST(a_deleted_element_makes_room_for_one)
{
	uint32_t k = 1, other = 2, third = 3;
	uint8_t v = 7;
	struct map *m;

	ck_assert_int_eq(make(HVB_MAP_HASH, 4, 1, 2, &m), 0);
	ck_assert_int_eq(map_delete(m, &k), -1);
	ck_assert_int_eq(map_update(m, &k, &v), 0);
	ck_assert_int_eq(map_update(m, &other, &v), 0);
	ck_assert_int_eq(map_update(m, &third, &v), -1);
	ck_assert_int_eq(map_delete(m, &k), 0);
	ck_assert_int_eq(map_delete(m, &k), -1);
	ck_assert_int_eq(map_update(m, &third, &v), 0);
	ck_assert_ptr_nonnull(map_lookup(m, &third));
	ck_assert_ptr_nonnull(map_lookup(m, &other));
	ck_assert_ptr_null(map_lookup(m, &k));
}
END_TEST

START_TEST(a_value_stays_where_it_is)
{
	struct map *m;
	uint32_t k = 42;
	uint64_t v = 9, *p;

	ck_assert_int_eq(make(HVB_MAP_HASH, 4, 8, 100, &m), 0);
	ck_assert_int_eq(map_update(m, &k, &v), 0);
	p = map_lookup(m, &k);
	ck_assert_uint_eq((uintptr_t)p % 8, 0);
	for (uint32_t i = 100; i < 199; i++)
		ck_assert_int_eq(map_update(m, &i, &v), 0);
	for (uint32_t i = 100; i < 150; i++)
		ck_assert_int_eq(map_delete(m, &i), 0);
	ck_assert_ptr_eq(map_lookup(m, &k), p);
	ck_assert_int_eq(map_update(m, &k, p), 0);
	ck_assert_uint_eq(*p, 9);
}
END_TEST

START_TEST(a_hash_map_agrees_with_a_plain_list)
{
	struct { bool there; uint16_t value; } model[256] = { { 0 } };
	unsigned count = 0;
	struct map *m;

	srand(1);
	for (unsigned key_size = 1; key_size <= 64; key_size += 9) {
		uint8_t key[64];

		memset(model, 0, sizeof(model));
		count = 0;
		ck_assert_int_eq(make(HVB_MAP_HASH, key_size, 2, 100, &m), 0);
		map_seed(m, (const uint8_t *)"0123456789abcdef");
		for (unsigned round = 0; round < 20000; round++) {
			unsigned k = rand() % 256;
			uint16_t value = rand(), *found;

			memset(key, k, sizeof(key));
			switch (rand() % 3) {
			case 0:
				if (map_update(m, key, &value) == 0) {
					count += !model[k].there;
					model[k].there = true;
					model[k].value = value;
				} else {
					ck_assert(!model[k].there && count == 100);
				}
				break;
			case 1:
				ck_assert_int_eq(map_delete(m, key), model[k].there ? 0 : -1);
				count -= model[k].there;
				model[k].there = false;
				break;
			default:
				found = map_lookup(m, key);
				ck_assert_int_eq(found != NULL, model[k].there);
				if (found)
					ck_assert_uint_eq(*found, model[k].value);
			}
		}
	}
}
END_TEST

START_TEST(every_byte_of_a_key_counts)
{
	uint8_t key[64], v = 1;
	struct map *m;

	for (unsigned size = 1; size <= 64; size++) {
		arena_init(&arena, memory, sizeof(memory));
		ck_assert_int_eq(make(HVB_MAP_HASH, size, 1, 4, &m), 0);
		memset(key, 0, sizeof(key));
		ck_assert_int_eq(map_update(m, key, &v), 0);
		key[size - 1] = 1;
		ck_assert_ptr_null(map_lookup(m, key));
		key[size - 1] = 0;
		ck_assert_ptr_nonnull(map_lookup(m, key));
	}
}
END_TEST

START_TEST(an_array_has_all_its_elements_and_no_other)
{
	uint32_t k = 9, past = 10, v = 5;
	struct map *m;

	ck_assert_int_eq(make(HVB_MAP_ARRAY, 4, 4, 10, &m), 0);
	ck_assert_uint_eq(map_key_size(m), 4);
	ck_assert_uint_eq(map_value_size(m), 4);
	ck_assert_uint_eq(*(uint32_t *)map_lookup(m, &k), 0);
	ck_assert_int_eq(map_update(m, &k, &v), 0);
	ck_assert_uint_eq(*(uint32_t *)map_lookup(m, &k), 5);
	ck_assert_ptr_null(map_lookup(m, &past));
	ck_assert_int_eq(map_update(m, &past, &v), -1);
	ck_assert_int_eq(map_delete(m, &k), -1);
	map_clear(m);
	ck_assert_uint_eq(*(uint32_t *)map_lookup(m, &k), 0);
}
END_TEST

START_TEST(a_cleared_map_is_empty_and_whole)
{
	struct map *m;
	uint32_t v = 5;

	ck_assert_int_eq(make(HVB_MAP_HASH, 4, 4, 10, &m), 0);
	for (uint32_t k = 0; k < 10; k++)
		ck_assert_int_eq(map_update(m, &k, &v), 0);
	map_clear(m);
	for (uint32_t k = 0; k < 10; k++)
		ck_assert_ptr_null(map_lookup(m, &k));
	for (uint32_t k = 20; k < 30; k++)
		ck_assert_int_eq(map_update(m, &k, &v), 0);
}
END_TEST

START_TEST(definitions_are_accepted_to_their_limits)
{
	struct map *m;

	ck_assert_int_eq(make(HVB_MAP_HASH, 1, 1, 1, &m), 0);
	ck_assert_int_eq(make(HVB_MAP_HASH, 64, 4096, 1, &m), 0);
	ck_assert_int_eq(make(HVB_MAP_HASH, 65, 1, 1, &m), POLICY_ELIMIT);
	ck_assert_int_eq(make(HVB_MAP_HASH, 0, 1, 1, &m), POLICY_ELIMIT);
	ck_assert_int_eq(make(HVB_MAP_HASH, 1, 4097, 1, &m), POLICY_ELIMIT);
	ck_assert_int_eq(make(HVB_MAP_HASH, 1, 0, 1, &m), POLICY_ELIMIT);
	ck_assert_int_eq(make(HVB_MAP_HASH, 1, 1, 0, &m), POLICY_ELIMIT);
	ck_assert_int_eq(make(HVB_MAP_ARRAY, 4, 1, 1, &m), 0);
	ck_assert_int_eq(make(HVB_MAP_ARRAY, 8, 1, 1, &m), POLICY_EINVAL);
	ck_assert_int_eq(make(0, 4, 1, 1, &m), POLICY_EINVAL);
	ck_assert_int_eq(make(3, 4, 1, 1, &m), POLICY_EINVAL);
	/* 16 MiB of 4 + 4092 bytes: 4096 entries */
	ck_assert_int_eq(make(HVB_MAP_ARRAY, 4, 4092, 4096, &m), 0);
	arena_init(&arena, memory, sizeof(memory));
	ck_assert_int_eq(make(HVB_MAP_ARRAY, 4, 4092, 4097, &m), POLICY_ELIMIT);
	ck_assert_int_eq(make(HVB_MAP_HASH, 64, 4096, UINT32_MAX, &m), POLICY_ELIMIT);
}
END_TEST

/* A block of exactly its size: what is written behind it is found. */
START_TEST(an_arena_that_is_too_small_is_said)
{
	static const struct { uint32_t type, entries; } maps[] = {
		{ HVB_MAP_HASH, 1 }, { HVB_MAP_HASH, 50 }, { HVB_MAP_ARRAY, 1 }, { HVB_MAP_ARRAY, 50 },
	};

	for (unsigned i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		int rc = POLICY_ENOMEM;

		for (size_t size = 0; rc != 0; size += 16) {
			void *block = aligned_alloc(16, size);
			struct map *m;

			ck_assert_uint_lt(size, 4096);
			arena_init(&arena, block, size);
			rc = make(maps[i].type, 4, 4, maps[i].entries, &m);
			ck_assert(rc == POLICY_ENOMEM || (rc == 0 && size >= 8 * maps[i].entries));
			free(block);
		}
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("map");
	TCase *tc = unit_case(s, "map");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, a_hash_map_holds_its_capacity_and_not_one_more);
	tcase_add_test(tc, a_deleted_element_makes_room_for_one);
	tcase_add_test(tc, a_value_stays_where_it_is);
	tcase_add_test(tc, a_hash_map_agrees_with_a_plain_list);
	tcase_add_test(tc, every_byte_of_a_key_counts);
	tcase_add_test(tc, an_array_has_all_its_elements_and_no_other);
	tcase_add_test(tc, a_cleared_map_is_empty_and_whole);
	tcase_add_test(tc, definitions_are_accepted_to_their_limits);
	tcase_add_test(tc, an_arena_that_is_too_small_is_said);
	return s;
}
