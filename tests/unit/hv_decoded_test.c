/*
 * hv_decoded_test.c - what was decoded before is what decoding says, whatever bytes stand there now
 */
#include <string.h>

#include "hv/guest/decoded.h"
#include "tests/unit/exact.h"
#include "tests/unit/unit.h"

#define RIP	UINT64_C(0xffffffffc0123400)
#define BYTES	64u

static const struct insn *found;

/* Of @code, and breakpoints behind it, @count bytes are there and no more. */
static int ask_at(enum decoded_by by, uint64_t rip, const char *code, unsigned size, unsigned count)
{
	uint8_t *bytes = exact_alloc(count);
	int verdict;

	memset(bytes, 0xcc, count);
	memcpy(bytes, code, size < count ? size : count);
	verdict = decoded(by, rip, bytes, count, &found);
	exact_free(bytes);
	return verdict;
}
#define ASK(by, code, count)	ask_at(by, RIP, code, sizeof(code) - 1, count)

#define LOAD	"\x8b\x43\x04"				/* mov 4(%rbx), %eax */
#define LONG	"\x48\xc7\x83\x11\x22\x33\x44\x55\x66\x77\x00"	/* movq $0x776655, 0x44332211(%rbx) */
#define CPUID	"\x0f\xa2"

START_TEST(an_instruction_is_found_as_it_was_decoded)
{
	for (unsigned n = 0; n < 3; n++) {
		ck_assert_int_eq(ASK(DECODED_64, LOAD, BYTES), INSN_OK);
		ck_assert_uint_eq(found->length, 3);
		ck_assert_uint_eq(found->displacement, 4);
		ck_assert_int_eq(ASK(DECODED_PLAIN, LONG, BYTES), INSN_OK);
		ck_assert_uint_eq(found->length, 11);
		ck_assert_uint_eq(found->immediate, 0x776655);
	}
}
END_TEST

/* Each byte of it and each other value, both where words are compared and near the end. */
START_TEST(another_byte_is_another_instruction)
{
	static const unsigned counts[] = { BYTES, 16, 15, 12, 11 };

	for (unsigned c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		for (unsigned n = 0; n < 8 * 255; n++) {
			unsigned at = 3 + n % 8;
			char code[] = LONG;
			uint64_t was;

			ck_assert_int_eq(ASK(DECODED_PLAIN, LONG, counts[c]), INSN_OK);
			was = found->displacement ^ found->immediate << 32;
			code[at] = (char)(code[at] + 1 + n / 8);
			ck_assert_int_eq(ask_at(DECODED_PLAIN, RIP, code, 11, counts[c]), INSN_OK);
			ck_assert_uint_ne(found->displacement ^ found->immediate << 32, was);
		}
	}
}
END_TEST

START_TEST(zeros_are_an_instruction_too)
{
	for (unsigned n = 0; n < 2; n++) {
		ck_assert_int_eq(ASK(DECODED_PLAIN, LOAD, BYTES), INSN_OK);
		ck_assert_int_eq(found->op, INSN_MOV);
		ck_assert_int_eq(ASK(DECODED_PLAIN, "\0\0\0\0\0\0\0\0", BYTES), INSN_OK);	/* add %al, (%rax) */
		ck_assert_int_eq(found->op, INSN_ADD);
	}
}
END_TEST

/* Its displacement is of 16 bits in the first of them. */
START_TEST(the_same_bytes_in_another_mode_are_another_instruction)
{
	static const char code[] = "\x8b\x87\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd";
	static const unsigned lengths[] = { [DECODED_16] = 4, [DECODED_32] = 6, [DECODED_64] = 6 };
	struct insn wanted;

	for (unsigned n = 0; n < 6; n++) {
		enum decoded_by by = n % 3;

		ck_assert_int_eq(ASK(by, code, BYTES), INSN_OK);
		ck_assert_uint_eq(found->length, lengths[by]);
		ck_assert_int_eq(insn_decode((const uint8_t *)code, INSN_BYTES_MAX, (enum insn_mode)by, &wanted), INSN_OK);
		ck_assert_mem_eq(found, &wanted, sizeof(wanted));
	}
}
END_TEST

START_TEST(what_ends_behind_the_bytes_wants_more)
{
	ck_assert_int_eq(ASK(DECODED_PLAIN, LONG, BYTES), INSN_OK);
	for (unsigned count = 1; count < 11; count++)
		ck_assert_int_eq(ASK(DECODED_PLAIN, LONG, count), INSN_MORE);
	ck_assert_int_eq(ASK(DECODED_PLAIN, LONG, 11), INSN_OK);
	/* and is not believed to be that where its beginning is another's */
	ck_assert_int_eq(ASK(DECODED_PLAIN, LOAD, 3), INSN_OK);
	ck_assert_uint_eq(found->length, 3);
}
END_TEST

START_TEST(nothing_of_an_instruction_is_remembered_that_was_not_there)
{
	ck_assert_int_eq(ASK(DECODED_64, LOAD, 2), INSN_MORE);
	ck_assert_int_eq(ASK(DECODED_64, LOAD, 3), INSN_OK);
	ck_assert_int_eq(ASK(DECODED_64, LOAD, 2), INSN_MORE);
}
END_TEST

START_TEST(a_refusal_holds_for_its_bytes_alone)
{
	for (unsigned n = 0; n < 2; n++) {
		ck_assert_int_eq(ASK(DECODED_PLAIN, CPUID, BYTES), INSN_OTHER);
		ck_assert_int_eq(ASK(DECODED_PLAIN, CPUID, 2), INSN_OTHER);
		ck_assert_int_eq(ASK(DECODED_PLAIN, LOAD, BYTES), INSN_OK);
		ck_assert_int_eq(ASK(DECODED_PLAIN, LOAD, 2), INSN_MORE);
	}
	/* fewer bytes than it was a verdict over: no verdict at all */
	ck_assert_int_eq(ASK(DECODED_PLAIN, "\x48\x48\x48\x0f\xa2", BYTES), INSN_OTHER);
	ck_assert_int_eq(ASK(DECODED_PLAIN, "\x48\x48\x48\x0f\xa2", 3), INSN_MORE);
}
END_TEST

START_TEST(both_kinds_of_decoding_keep_their_own)
{
	/* push %rax touches no device; at so many places, both share a row somewhere */
	for (unsigned n = 0; n < 10000; n++) {
		ck_assert_int_eq(ask_at(DECODED_64, RIP + n, "\x50", 1, BYTES), INSN_OTHER);
		ck_assert_int_eq(ask_at(DECODED_PLAIN, RIP + n, "\x50", 1, BYTES), INSN_OK);
	}
}
END_TEST

/* More places than there are rows. */
START_TEST(each_place_has_its_own_instruction)
{
	for (unsigned n = 0; n < 2; n++) {
		for (unsigned i = 0; i < 10000; i++) {
			char code[] = "\xb8\x00\x00\x00\x00";	/* mov $i, %eax */

			code[1] = (char)i;
			code[2] = (char)(i >> 8);
			ck_assert_int_eq(ask_at(DECODED_PLAIN, RIP + 5 * i, code, 5, BYTES), INSN_OK);
			ck_assert_uint_eq(found->immediate, i);
		}
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_decoded");
	TCase *c = unit_case(s, "decoded");

	tcase_add_test(c, an_instruction_is_found_as_it_was_decoded);
	tcase_add_test(c, another_byte_is_another_instruction);
	tcase_add_test(c, zeros_are_an_instruction_too);
	tcase_add_test(c, the_same_bytes_in_another_mode_are_another_instruction);
	tcase_add_test(c, what_ends_behind_the_bytes_wants_more);
	tcase_add_test(c, nothing_of_an_instruction_is_remembered_that_was_not_there);
	tcase_add_test(c, a_refusal_holds_for_its_bytes_alone);
	tcase_add_test(c, both_kinds_of_decoding_keep_their_own);
	tcase_add_test(c, each_place_has_its_own_instruction);
	return s;
}
