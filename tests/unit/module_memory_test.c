/*
 * module_memory_test.c - a module's file that is too short, an arena that is too small
 */
#include <stdlib.h>
#include <string.h>

#include "policy/loader.h"
#include "tests/unit/exact.h"
#include "tests/unit/module_writer.h"
#include "tests/unit/unit.h"

static uint8_t memory[1 << 16] __attribute__((aligned(16)));
static struct arena arena;
static struct module m;
static struct policy_error e;

static uint8_t *plain_module(size_t *len)
{
	static const struct bpf_insn plain[] = { MW_MOV(0, 1), MW_EXIT };
	static struct module_writer w;

	mw_init(&w);
	mw_code(&w, "net/in", plain, 2);
	return mw_finish(&w, len);
}

/* In front of memory that cannot be read. */
START_TEST(a_file_shorter_than_an_elf_header_is_refused_unread)
{
	size_t len;
	uint8_t *bytes, *cut;

	bytes = plain_module(&len);
	for (uint32_t i = 0; i <= sizeof(struct elf_header); i += 8) {
		cut = exact_alloc(i);
		memcpy(cut, bytes, i);
		arena_init(&arena, memory, sizeof(memory));
		ck_assert_int_eq(module_open(&arena, cut, i, &m, &e), POLICY_EINVAL);
		ck_assert_msg(strstr(e.text, i < sizeof(struct elf_header) ? "too short" :
				     "section table") != NULL, "%u bytes: %s", i, e.text);
		exact_free(cut);
	}
}
END_TEST

/* From the end, 16-byte aligned, and never over what the front has handed out. */
START_TEST(scratch_memory_to_the_limit_and_one_past)
{
	static const struct { size_t size, used, bytes, left; } cases[] = {
		{ 64, 16, 48, 16 }, { 64, 16, 49, 0 }, { 64, 32, 32, 32 }, { 64, 32, 33, 0 },
		{ 64, 16, 47, 16 }, { 63, 16, 47, 16 }, { 63, 16, 48, 0 }, { 64, 48, 1, 48 },
		{ 40, 16, 24, 16 }, { 40, 32, 1, 32 }, { 40, 32, 8, 32 }, { 40, 32, 9, 0 },
		{ 40, 40, 0, 0 },	/* rounding down would end before what is used */
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		void *p;

		arena_init(&arena, memory, cases[i].size);
		arena.used = cases[i].used;
		p = scratch_alloc(&arena, 1, cases[i].bytes);
		ck_assert_msg(p == (cases[i].left ? memory + cases[i].left : NULL), "case %u", i);
		ck_assert_uint_eq(arena.size, cases[i].left ? cases[i].left : cases[i].size);
	}
	arena_init(&arena, memory, 64);
	ck_assert_ptr_null(scratch_alloc(&arena, SIZE_MAX / 2 + 1, 2));
}
END_TEST

START_TEST(an_arena_too_small_for_the_section_table_is_an_error)
{
	struct elf_header *h;
	size_t len, need;
	uint8_t *bytes;

	bytes = plain_module(&len);
	h = (struct elf_header *)bytes;
	need = (h->shnum * sizeof(struct module_section) + 15) & ~(size_t)15;
	for (size_t size = 0; size <= need; size += 16) {
		arena_init(&arena, memory, size);
		ck_assert_int_eq(module_open(&arena, bytes, len, &m, &e),
				 size < need ? POLICY_ENOMEM : 0);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("memory of modules");
	TCase *tc = unit_case(s, "memory");

	tcase_add_test(tc, a_file_shorter_than_an_elf_header_is_refused_unread);
	tcase_add_test(tc, scratch_memory_to_the_limit_and_one_past);
	tcase_add_test(tc, an_arena_too_small_for_the_section_table_is_an_error);
	return s;
}
