/*
 * link_test.c - maps, data and symbols of a module: in any memory, at their limits, undefined
 */
#include <stdlib.h>
#include <string.h>

#include "policy/loader.h"
#include "tests/unit/module_writer.h"
#include "tests/unit/unit.h"

enum { GLOBAL_NONE = 0x10, GLOBAL_OBJECT = 0x11, SECTION = 0x03 };

static const struct bpf_insn plain[] = { MW_MOV(0, 1), MW_EXIT };
static const struct bpf_insn call[] = { MW_CALL_SYMBOL, MW_EXIT };
static const struct bpf_insn lddw[] = { MW_LDDW(1, 0) };

static struct module_writer w;
static struct module m;
static struct policy_error e;

static void setup(void)
{
	mw_init(&w);
}

/* In an arena of exactly @size bytes, a multiple of 16; what is left in *@left. */
static int load_in(const uint8_t *bytes, size_t len, size_t size, size_t *left)
{
	uint8_t *block = aligned_alloc(16, size);
	struct arena arena;
	int rc;

	arena_init(&arena, block, size);
	memset(&e, 0, sizeof(e));
	rc = module_open(&arena, bytes, len, &m, &e);
	if (!rc)
		rc = module_link(&arena, &m, &e);
	ck_assert_int_eq(rc == 0, e.text[0] == '\0');
	ck_assert_uint_le(arena.used, arena.size);
	if (left)
		*left = arena.size - arena.used;
	free(block);
	return rc;
}

static void expect(const uint8_t *bytes, size_t len, int code, const char *text)
{
	ck_assert_int_eq(load_in(bytes, len, 1 << 20, NULL), code);
	ck_assert_msg(strstr(e.text, text) != NULL, "\"%s\" has no \"%s\"", e.text, text);
}

static void expect_writer(int code, const char *text)
{
	size_t len;
	uint8_t *bytes = mw_finish(&w, &len);

	expect(bytes, len, code, text);
}

/* ---- memory ---- */

/* Load what was written in every size of memory until it fits. */
static void grow(size_t least)
{
	size_t len, size, left = 0;
	uint8_t *bytes = mw_finish(&w, &len);
	int rc = POLICY_ENOMEM;

	for (size = 0; rc == POLICY_ENOMEM; size += 16)
		rc = load_in(bytes, len, size, &left);
	ck_assert_msg(rc == 0, "%s", e.text);
	ck_assert_uint_gt(size, least);
	ck_assert_uint_lt(left, 16);
}

START_TEST(a_module_says_that_it_needs_more_memory_until_it_has_it)
{
	static const uint32_t maps[] = { HVB_MAP_ARRAY, 4, 4, 4 };

	mw_code(&w, "net/in", plain, 2);
	mw_data(&w, "maps", maps, sizeof(maps));
	mw_section(&w, ".bss", ELF_SHT_NOBITS, ELF_SHF_ALLOC | ELF_SHF_WRITE, NULL, 100);
	grow(600);
}
END_TEST

START_TEST(the_list_of_many_maps_needs_memory_of_its_own)
{
	static struct hvb_map maps[HVB_MAX_MAPS];

	for (unsigned i = 0; i < HVB_MAX_MAPS; i++)
		maps[i] = (struct hvb_map){ HVB_MAP_ARRAY, 4, 4, 1 };
	mw_data(&w, "maps", maps, sizeof(maps));
	grow(HVB_MAX_MAPS * 32);
}
END_TEST

START_TEST(regions_of_many_sections_and_large_data_need_memory)
{
	static uint8_t data[2000];

	for (unsigned i = 0; i < 50; i++)
		mw_section(&w, ".BTF", ELF_SHT_PROGBITS, 0, NULL, 0);
	mw_section(&w, ".data", ELF_SHT_PROGBITS, ELF_SHF_ALLOC | ELF_SHF_WRITE, data, sizeof(data));
	grow(50 * sizeof(struct data_region));
	setup();
	mw_section(&w, ".bss", ELF_SHT_NOBITS, ELF_SHF_ALLOC | ELF_SHF_WRITE, NULL, 2000);
	mw_code(&w, "net/in", plain, 2);
	grow(2000);
}
END_TEST

/* ---- symbols ---- */

START_TEST(a_module_without_symbols_has_programs_all_the_same)
{
	size_t len;
	uint8_t *bytes;

	mw_code(&w, "net/in", plain, 2);
	bytes = mw_finish(&w, &len);
	mw_header(bytes, ".symtab")->type = ELF_SHT_NULL;
	mw_reseal(bytes, len);
	ck_assert_int_eq(load_in(bytes, len, 1 << 20, NULL), 0);
	ck_assert_uint_eq(m.entry[HV_HOOK_NET_IN], 0);
}
END_TEST

/* A second symbol table takes the place of the one that mw_finish() writes. */
START_TEST(symbols_to_their_limit_and_one_past)
{
	size_t size = ((size_t)MODULE_MAX_SYMBOLS + 1) * sizeof(struct elf_symbol), len;
	void *none = calloc(1, size);
	struct elf_section *many, *old;
	uint8_t *bytes;

	mw_code(&w, "net/in", plain, 2);
	mw_section(&w, "many", ELF_SHT_PROGBITS, 0, none, size);
	bytes = mw_finish(&w, &len);
	many = mw_header(bytes, "many");
	old = mw_header(bytes, ".symtab");
	many->type = ELF_SHT_SYMTAB;
	many->link = old->link;
	many->entsize = old->entsize;
	old->type = ELF_SHT_NULL;
	mw_reseal(bytes, len);
	expect(bytes, len, POLICY_ELIMIT, "more than 262144 symbols");
	/* the symbol that is too many becomes bytes of the section before */
	many->offset += sizeof(struct elf_symbol);
	many->size -= sizeof(struct elf_symbol);
	mw_header(bytes, "net/in")->size = many->offset - mw_header(bytes, "net/in")->offset;
	mw_reseal(bytes, len);
	ck_assert_int_eq(load_in(bytes, len, 1 << 20, NULL), 0);
	free(none);
}
END_TEST

START_TEST(a_symbols_name_lies_within_the_names)
{
	struct elf_section *names, *symbols;
	struct elf_symbol *sym;
	uint8_t *bytes;
	size_t len;

	mw_code(&w, "net/in", plain, 2);
	mw_symbol(&w, "one", GLOBAL_NONE, 0, 0);
	bytes = mw_finish(&w, &len);
	names = mw_header(bytes, ".strtab");
	symbols = mw_header(bytes, ".symtab");
	sym = (struct elf_symbol *)(bytes + symbols->offset);
	sym[1].name = (uint32_t)names->size - 1;
	mw_reseal(bytes, len);
	ck_assert_int_eq(load_in(bytes, len, 1 << 20, NULL), 0);
	sym[1].name++;
	mw_reseal(bytes, len);
	expect(bytes, len, POLICY_EINVAL, "name is not within the names");
}
END_TEST

START_TEST(a_call_names_code_or_a_helper)
{
	static const unsigned other[] = { ELF_SHN_LORESERVE, ELF_SHN_ABS, 0xffff };
	unsigned s = mw_code(&w, "net/in", call, 2);

	mw_reloc(&w, s, 0, ELF_R_BPF_64_32,
		 mw_symbol(&w, "d", GLOBAL_OBJECT, mw_data(&w, ".rodata", "12345678", 8), 0));
	expect_writer(POLICY_EINVAL, "a call to what is no code");
	for (unsigned i = 0; i < 3; i++) {
		setup();
		s = mw_code(&w, "net/in", call, 2);
		mw_reloc(&w, s, 0, ELF_R_BPF_64_32, mw_symbol(&w, "x", GLOBAL_NONE, other[i], 0));
		expect_writer(POLICY_EINVAL, "a call to what is no code");
	}
}
END_TEST

START_TEST(a_pointer_names_data_or_a_map)
{
	static const unsigned other[] = { ELF_SHN_LORESERVE, ELF_SHN_ABS, 0xffff };
	unsigned s = mw_code(&w, "net/in", lddw, 2);

	mw_reloc(&w, s, 0, ELF_R_BPF_64_64, mw_symbol(&w, "nowhere", GLOBAL_OBJECT, 0, 0));
	expect_writer(POLICY_ESYMBOL, "nobody exports \"nowhere\"");
	setup();
	s = mw_code(&w, "net/in", lddw, 2);
	mw_reloc(&w, s, 0, ELF_R_BPF_64_64, mw_symbol(&w, "", SECTION, s, 0));
	expect_writer(POLICY_EINVAL, "neither data nor a map");
	for (unsigned i = 0; i < 3; i++) {
		setup();
		s = mw_code(&w, "net/in", lddw, 2);
		mw_reloc(&w, s, 0, ELF_R_BPF_64_64, mw_symbol(&w, "x", GLOBAL_NONE, other[i], 0));
		expect_writer(POLICY_EINVAL, "a pointer to what is in no section");
	}
}
END_TEST

START_TEST(a_pointer_may_be_the_last_of_its_section)
{
	unsigned s = mw_code(&w, "net/in", lddw, 2);
	size_t len;
	uint8_t *bytes;

	mw_reloc(&w, s, 0, ELF_R_BPF_64_64,
		 mw_symbol(&w, "d", GLOBAL_OBJECT, mw_data(&w, ".rodata", "12345678", 8), 0));
	bytes = mw_finish(&w, &len);
	ck_assert_int_eq(load_in(bytes, len, 1 << 20, NULL), 0);
	setup();
	s = mw_code(&w, "net/in", lddw, 1);
	mw_reloc(&w, s, 0, ELF_R_BPF_64_64,
		 mw_symbol(&w, "d", GLOBAL_OBJECT, mw_data(&w, ".rodata", "12345678", 8), 0));
	expect_writer(POLICY_EINVAL, "R_BPF_64_64 on what is no lddw");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("link");
	TCase *tc = unit_case(s, "link");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, a_module_says_that_it_needs_more_memory_until_it_has_it);
	tcase_add_test(tc, the_list_of_many_maps_needs_memory_of_its_own);
	tcase_add_test(tc, regions_of_many_sections_and_large_data_need_memory);
	tcase_add_test(tc, a_module_without_symbols_has_programs_all_the_same);
	tcase_add_test(tc, symbols_to_their_limit_and_one_past);
	tcase_add_test(tc, a_symbols_name_lies_within_the_names);
	tcase_add_test(tc, a_call_names_code_or_a_helper);
	tcase_add_test(tc, a_pointer_names_data_or_a_map);
	tcase_add_test(tc, a_pointer_may_be_the_last_of_its_section);
	return s;
}
