/*
 * seal_test.c - a module gets its digest, or one word why not; nothing is left behind
 */
#include <elf.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "compiler/seal.h"
#include "tests/unit/module_writer.h"
#include "tests/unit/unit.h"

#define NO_MODULE	"not a relocatable little-endian ELF64 BPF object"
#define NO_NAMES	"the object has no section names"
#define NOT_ADDED	"the digest's section cannot be added"
#define NOT_32		"its section .hv.digest is not 32 bytes long"
#define NOT_WITHIN	"its section .hv.digest is not within the file"
#define NO_MEMORY	"no memory for the module"

static const struct bpf_insn pass[] = { MW_MOV(0, HV_PASS), MW_EXIT };
static struct module_writer w;

/* A module as clang writes it: no digest yet. */
static uint8_t *compiled(size_t *len)
{
	mw_init(&w);
	mw_code(&w, "net_in", pass, 2);
	w.no_digest = 1;
	return mw_finish(&w, len);
}

/* The same after it was sealed by another hand: @len of its section, @digest. */
static uint8_t *sealed(size_t digest, size_t *len)
{
	static const uint8_t zeros[64];

	mw_init(&w);
	mw_code(&w, "net_in", pass, 2);
	mw_data(&w, ".hv.digest", zeros, digest);
	w.no_digest = 1;
	return mw_finish(&w, len);
}

static struct elf_header *head(uint8_t *module)
{
	return (struct elf_header *)module;
}

/* Is the digest in the sealed @module the one of all its bytes? */
static bool fits(const uint8_t *module, size_t len)
{
	uint8_t *copy = aligned_alloc(16, (len + 15) & ~(size_t)15);
	bool same;

	memcpy(copy, module, len);
	same = mw_reseal(copy, len) == 0 && memcmp(copy, module, len) == 0;
	free(copy);
	return same;
}

static void is_sealed(const uint8_t *module, size_t len)
{
	uint8_t *out = NULL;
	size_t out_len = 0;
	const char *why = NULL;

	ck_assert_msg(seal_module(module, len, &out, &out_len, &why) == 0, "%s", why);
	ck_assert_ptr_null(why);
	ck_assert_uint_eq((uintptr_t)out % 16, 0);
	ck_assert(fits(out, out_len));
	free(out);
}

static void is_refused(const void *module, size_t len, const char *text)
{
	uint8_t *out = NULL;
	size_t out_len = 0;
	const char *why = NULL;

	ck_assert_int_eq(seal_module(module, len, &out, &out_len, &why), -1);
	ck_assert_str_eq(why, text);
}

START_TEST(what_clang_wrote_gets_a_digest_that_fits)
{
	uint8_t *out, *again;
	size_t len, out_len, again_len;
	const char *why;
	uint8_t *module = compiled(&len);

	is_sealed(module, len);
	ck_assert_int_eq(seal_module(module, len, &out, &out_len, &why), 0);
	ck_assert_uint_gt(out_len, len + HVB_DIGEST_SIZE);
	ck_assert_uint_eq(mw_header(out, ".hv.digest")->size, HVB_DIGEST_SIZE);
	ck_assert_mem_eq(out + mw_header(out, "net_in")->offset, pass, sizeof(pass));
	/* and once more: the same bytes */
	ck_assert_int_eq(seal_module(out, out_len, &again, &again_len, &why), 0);
	ck_assert_uint_eq(again_len, out_len);
	ck_assert_mem_eq(again, out, out_len);
	free(out);
	free(again);
}
END_TEST

START_TEST(a_digest_that_does_not_fit_is_replaced)
{
	size_t len;
	uint8_t *module = sealed(HVB_DIGEST_SIZE, &len);

	memset(module + mw_header(module, ".hv.digest")->offset, 0xaa, HVB_DIGEST_SIZE);
	ck_assert(!fits(module, len));
	is_sealed(module, len);
}
END_TEST

START_TEST(what_is_no_module_is_refused)
{
	size_t len;
	uint8_t *module = compiled(&len);

	is_refused("", 0, NO_MODULE);
	is_refused("x", 1, NO_MODULE);
	is_refused(module, 63, NO_MODULE);
	head(module)->ident[EI_CLASS] = ELFCLASS32;
	is_refused(module, len, NO_MODULE);
	head(module)->ident[EI_CLASS] = ELFCLASS64;
	head(module)->machine = EM_X86_64;
	is_refused(module, len, NO_MODULE);
	head(module)->machine = ELF_EM_BPF;
	head(module)->type = ET_EXEC;
	is_refused(module, len, NO_MODULE);
	head(module)->type = ELF_ET_REL;
	is_sealed(module, len);
	/* the same fields read from the other end: a big-endian BPF object */
	head(module)->ident[EI_DATA] = ELFDATA2MSB;
	head(module)->type = __builtin_bswap16(ELF_ET_REL);
	head(module)->machine = __builtin_bswap16(ELF_EM_BPF);
	is_refused(module, len, NO_MODULE);
}
END_TEST

START_TEST(names_of_sections_are_needed)
{
	size_t len;
	uint8_t *module = compiled(&len);
	struct elf_section *names = mw_header(module, ".shstrtab");
	uint64_t size = names->size;

	head(module)->shstrndx = 0;
	is_refused(module, len, NO_NAMES);
	head(module)->shstrndx = head(module)->shnum;
	is_refused(module, len, NOT_ADDED);
	head(module)->shstrndx = head(module)->shnum - 1;
	names->size = 0;
	is_refused(module, len, NOT_ADDED);
	names->size = len + 1;
	is_refused(module, len, NOT_ADDED);
	/* a name's offset has 32 bits; sections without bytes can be longer */
	names->type = ELF_SHT_NOBITS;
	names->size = (uint64_t)1 << 32;
	is_refused(module, len, NOT_ADDED);
	names->type = ELF_SHT_STRTAB;
	names->size = size;
	is_sealed(module, len);
	/* every section without a name */
	for (unsigned i = 0; i < head(module)->shnum; i++)
		((struct elf_section *)(module + head(module)->shoff))[i].name = 0;
	names->size = 1;
	is_sealed(module, len);
}
END_TEST

START_TEST(the_digest_has_32_bytes_within_the_file)
{
	size_t len;
	uint8_t *module = sealed(HVB_DIGEST_SIZE - 1, &len);
	struct elf_section *digest;

	is_refused(module, len, NOT_32);
	module = sealed(HVB_DIGEST_SIZE + 1, &len);
	is_refused(module, len, NOT_32);
	module = sealed(HVB_DIGEST_SIZE, &len);
	digest = mw_header(module, ".hv.digest");
	digest->type = ELF_SHT_NOBITS;
	is_refused(module, len, NOT_32);
	digest->type = ELF_SHT_PROGBITS;
	digest->offset = len - HVB_DIGEST_SIZE + 1;
	is_refused(module, len, NOT_WITHIN);
	digest->offset = len + 1;
	is_refused(module, len, NOT_WITHIN);
	digest->offset = UINT64_MAX;
	is_refused(module, len, NOT_WITHIN);
}
END_TEST

START_TEST(a_module_has_256_mib_at_most)
{
	/* said before a byte is read: none can be */
	size_t len = (size_t)HVB_MAX_FILE + 1;
	void *nothing = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ck_assert_ptr_ne(nothing, MAP_FAILED);
	is_refused(nothing, len, "larger than a module can be");
	is_refused(nothing, len - 1, NO_MEMORY);
	munmap(nothing, len);
}
END_TEST

/*
 * What sealing says while this process has a limit of @n; NULL when it succeeds.  Check
 * writes to a file of its own: nothing is claimed meanwhile.
 */
static const char *limited(int what, rlim_t n, const uint8_t *module, size_t len)
{
	uint8_t *out = NULL;
	struct rlimit r, old;
	size_t out_len;
	const char *why = "no limit";

	if (getrlimit(what, &old) != 0)
		return why;
	r = old;
	r.rlim_cur = n;
	if (setrlimit(what, &r) == 0 && seal_module(module, len, &out, &out_len, &why) == 0)
		free(out);
	setrlimit(what, &old);
	return why;
}

START_TEST(a_file_that_cannot_grow_is_an_error)
{
	size_t len;
	uint8_t *module = compiled(&len);
	void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
	const char *none = limited(RLIMIT_FSIZE, 0, module, len);
	const char *most = limited(RLIMIT_FSIZE, len - 1, module, len);
	const char *all = limited(RLIMIT_FSIZE, len, module, len);

	signal(SIGXFSZ, old);
	ck_assert_str_eq(none, NO_MEMORY);
	ck_assert_str_eq(most, NO_MEMORY);
	ck_assert_str_eq(all, NOT_ADDED);	/* the module fits, its digest does not */
	is_sealed(module, len);
}
END_TEST

START_TEST(no_descriptor_is_an_error_and_descriptor_0_is_one)
{
	size_t len;
	uint8_t *module = compiled(&len);
	int saved = dup(STDIN_FILENO);

	ck_assert_str_eq(limited(RLIMIT_NOFILE, 0, module, len), NO_MEMORY);
	close(STDIN_FILENO);
	is_sealed(module, len);
	ck_assert_int_eq(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
}
END_TEST

START_TEST(no_descriptor_is_left_open)
{
	size_t len;
	uint8_t *module = compiled(&len);
	int before = dup(STDIN_FILENO), after;

	close(before);
	is_sealed(module, len);
	is_refused(module, 63, NO_MODULE);
	head(module)->shstrndx = 0;
	is_refused(module, len, NO_NAMES);
	after = dup(STDIN_FILENO);
	close(after);
	ck_assert_int_eq(before, after);
}
END_TEST

/* A copy of exactly its length: a read behind it is found. */
START_TEST(a_module_cut_or_bent_anywhere_is_sealed_or_refused)
{
	size_t len, out_len;
	uint8_t *module = compiled(&len), *out;
	const char *why;

	for (size_t n = 0; n < len; n++) {
		uint8_t *cut = malloc(n + 1);

		memcpy(cut, module, n);
		if (seal_module(cut, n, &out, &out_len, &why) == 0)
			free(out);
		free(cut);
	}
	for (size_t i = 0; i < len; i++) {
		module[i] ^= 0xff;
		if (seal_module(module, len, &out, &out_len, &why) == 0)
			free(out);
		module[i] ^= 0xff;
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("seal");
	TCase *tc = unit_case(s, "seal");

	tcase_add_test(tc, what_clang_wrote_gets_a_digest_that_fits);
	tcase_add_test(tc, a_digest_that_does_not_fit_is_replaced);
	tcase_add_test(tc, what_is_no_module_is_refused);
	tcase_add_test(tc, names_of_sections_are_needed);
	tcase_add_test(tc, the_digest_has_32_bytes_within_the_file);
	tcase_add_test(tc, a_module_has_256_mib_at_most);
	tcase_add_test(tc, a_file_that_cannot_grow_is_an_error);
	tcase_add_test(tc, no_descriptor_is_an_error_and_descriptor_0_is_one);
	tcase_add_test(tc, no_descriptor_is_left_open);
	tcase_add_test(tc, a_module_cut_or_bent_anywhere_is_sealed_or_refused);
	return s;
}
