/*
 * disasm_test.c - one instruction as text: every row of opcode.def, every field at its ends
 *
 * What llvm-objdump 14 knows of these, it prints so; tests/bpf/disasm.py asks it.
 */
#include <stdlib.h>
#include <string.h>

#include "compiler/disasm.h"
#include "policy/insn.h"
#include "tests/unit/unit.h"

struct sample {
	uint8_t opcode, dst, src;
	int16_t offset;
	int32_t imm;
	const char *text;
};

static const struct sample every[] = {
	{ 0x07, 1, 0, 0, 100, "r1 += 100" }, { 0x0f, 2, 5, 0, 0, "r2 += r5" },
	{ 0x04, 3, 0, 0, 100, "w3 += 100" }, { 0x0c, 4, 1, 0, 0, "w4 += w1" },
	{ 0x17, 5, 0, 0, 100, "r5 -= 100" }, { 0x1f, 6, 7, 0, 0, "r6 -= r7" },
	{ 0x14, 7, 0, 0, 100, "w7 -= 100" }, { 0x1c, 8, 3, 0, 0, "w8 -= w3" },
	{ 0x27, 9, 0, 0, 100, "r9 *= 100" }, { 0x2f, 1, 9, 0, 0, "r1 *= r9" },
	{ 0x24, 2, 0, 0, 100, "w2 *= 100" }, { 0x2c, 3, 5, 0, 0, "w3 *= w5" },
	{ 0x37, 4, 0, 0, 100, "r4 /= 100" }, { 0x3f, 5, 1, 0, 0, "r5 /= r1" },
	{ 0x34, 6, 0, 0, 100, "w6 /= 100" }, { 0x3c, 7, 7, 0, 0, "w7 /= w7" },
	{ 0x47, 8, 0, 0, 100, "r8 |= 100" }, { 0x4f, 9, 3, 0, 0, "r9 |= r3" },
	{ 0x44, 1, 0, 0, 100, "w1 |= 100" }, { 0x4c, 2, 9, 0, 0, "w2 |= w9" },
	{ 0x57, 3, 0, 0, 100, "r3 &= 100" }, { 0x5f, 4, 5, 0, 0, "r4 &= r5" },
	{ 0x54, 5, 0, 0, 100, "w5 &= 100" }, { 0x5c, 6, 1, 0, 0, "w6 &= w1" },
	{ 0x67, 7, 0, 0, 100, "r7 <<= 100" }, { 0x6f, 8, 7, 0, 0, "r8 <<= r7" },
	{ 0x64, 9, 0, 0, 100, "w9 <<= 100" }, { 0x6c, 1, 3, 0, 0, "w1 <<= w3" },
	{ 0x77, 2, 0, 0, 100, "r2 >>= 100" }, { 0x7f, 3, 9, 0, 0, "r3 >>= r9" },
	{ 0x74, 4, 0, 0, 100, "w4 >>= 100" }, { 0x7c, 5, 5, 0, 0, "w5 >>= w5" },
	{ 0x97, 6, 0, 0, 100, "r6 %= 100" }, { 0x9f, 7, 1, 0, 0, "r7 %= r1" },
	{ 0x94, 8, 0, 0, 100, "w8 %= 100" }, { 0x9c, 9, 7, 0, 0, "w9 %= w7" },
	{ 0xa7, 1, 0, 0, 100, "r1 ^= 100" }, { 0xaf, 2, 3, 0, 0, "r2 ^= r3" },
	{ 0xa4, 3, 0, 0, 100, "w3 ^= 100" }, { 0xac, 4, 9, 0, 0, "w4 ^= w9" },
	{ 0xb7, 5, 0, 0, 100, "r5 = 100" }, { 0xbf, 6, 5, 0, 0, "r6 = r5" },
	{ 0xb4, 7, 0, 0, 100, "w7 = 100" }, { 0xbc, 8, 1, 0, 0, "w8 = w1" },
	{ 0xc7, 9, 0, 0, 100, "r9 s>>= 100" }, { 0xcf, 1, 7, 0, 0, "r1 s>>= r7" },
	{ 0xc4, 2, 0, 0, 100, "w2 s>>= 100" }, { 0xcc, 3, 3, 0, 0, "w3 s>>= w3" },
	{ 0x87, 4, 0, 0, 0, "r4 = -r4" }, { 0x84, 5, 0, 0, 0, "w5 = -w5" },
	{ 0xd4, 6, 0, 0, 16, "r6 = le16 r6" }, { 0xdc, 7, 0, 0, 16, "r7 = be16 r7" },
	{ 0xd7, 8, 0, 0, 16, "r8 = bswap16 r8" }, { 0x15, 9, 0, 7, -7, "if r9 == -7 goto +7" },
	{ 0x1d, 1, 4, 5, 0, "if r1 == r4 goto +5" }, { 0x16, 2, 0, 6, -7, "if w2 == -7 goto +6" },
	{ 0x1e, 3, 0, 7, 0, "if w3 == w0 goto +7" }, { 0x25, 4, 0, 5, -7, "if r4 > -7 goto +5" },
	{ 0x2d, 5, 6, 6, 0, "if r5 > r6 goto +6" }, { 0x26, 6, 0, 7, -7, "if w6 > -7 goto +7" },
	{ 0x2e, 7, 2, 5, 0, "if w7 > w2 goto +5" }, { 0x35, 8, 0, 6, -7, "if r8 >= -7 goto +6" },
	{ 0x3d, 9, 8, 7, 0, "if r9 >= r8 goto +7" }, { 0x36, 1, 0, 5, -7, "if w1 >= -7 goto +5" },
	{ 0x3e, 2, 4, 6, 0, "if w2 >= w4 goto +6" }, { 0x45, 3, 0, 7, -7, "if r3 & -7 goto +7" },
	{ 0x4d, 4, 0, 5, 0, "if r4 & r0 goto +5" }, { 0x46, 5, 0, 6, -7, "if w5 & -7 goto +6" },
	{ 0x4e, 6, 6, 7, 0, "if w6 & w6 goto +7" }, { 0x55, 7, 0, 5, -7, "if r7 != -7 goto +5" },
	{ 0x5d, 8, 2, 6, 0, "if r8 != r2 goto +6" }, { 0x56, 9, 0, 7, -7, "if w9 != -7 goto +7" },
	{ 0x5e, 1, 8, 5, 0, "if w1 != w8 goto +5" }, { 0x65, 2, 0, 6, -7, "if r2 s> -7 goto +6" },
	{ 0x6d, 3, 4, 7, 0, "if r3 s> r4 goto +7" }, { 0x66, 4, 0, 5, -7, "if w4 s> -7 goto +5" },
	{ 0x6e, 5, 0, 6, 0, "if w5 s> w0 goto +6" },
	{ 0x75, 6, 0, 7, -7, "if r6 s>= -7 goto +7" },
	{ 0x7d, 7, 6, 5, 0, "if r7 s>= r6 goto +5" },
	{ 0x76, 8, 0, 6, -7, "if w8 s>= -7 goto +6" },
	{ 0x7e, 9, 2, 7, 0, "if w9 s>= w2 goto +7" }, { 0xa5, 1, 0, 5, -7, "if r1 < -7 goto +5" },
	{ 0xad, 2, 8, 6, 0, "if r2 < r8 goto +6" }, { 0xa6, 3, 0, 7, -7, "if w3 < -7 goto +7" },
	{ 0xae, 4, 4, 5, 0, "if w4 < w4 goto +5" }, { 0xb5, 5, 0, 6, -7, "if r5 <= -7 goto +6" },
	{ 0xbd, 6, 0, 7, 0, "if r6 <= r0 goto +7" }, { 0xb6, 7, 0, 5, -7, "if w7 <= -7 goto +5" },
	{ 0xbe, 8, 6, 6, 0, "if w8 <= w6 goto +6" }, { 0xc5, 9, 0, 7, -7, "if r9 s< -7 goto +7" },
	{ 0xcd, 1, 2, 5, 0, "if r1 s< r2 goto +5" }, { 0xc6, 2, 0, 6, -7, "if w2 s< -7 goto +6" },
	{ 0xce, 3, 8, 7, 0, "if w3 s< w8 goto +7" },
	{ 0xd5, 4, 0, 5, -7, "if r4 s<= -7 goto +5" },
	{ 0xdd, 5, 4, 6, 0, "if r5 s<= r4 goto +6" },
	{ 0xd6, 6, 0, 7, -7, "if w6 s<= -7 goto +7" },
	{ 0xde, 7, 0, 5, 0, "if w7 s<= w0 goto +5" }, { 0x05, 0, 0, 6, 0, "goto +6" },
	{ 0x06, 0, 0, 0, 70000, "gotol +70000" }, { 0x85, 0, 0, 0, -7, "call -7" },
	{ 0x95, 0, 0, 0, 0, "exit" }, { 0x71, 4, 8, 16, 0, "r4 = *(u8 *)(r8 + 16)" },
	{ 0x69, 5, 1, -8, 0, "r5 = *(u16 *)(r1 - 8)" },
	{ 0x61, 6, 4, 16, 0, "r6 = *(u32 *)(r4 + 16)" },
	{ 0x79, 7, 7, -8, 0, "r7 = *(u64 *)(r7 - 8)" },
	{ 0x91, 8, 0, 16, 0, "r8 = *(s8 *)(r0 + 16)" },
	{ 0x89, 9, 3, -8, 0, "r9 = *(s16 *)(r3 - 8)" },
	{ 0x81, 1, 6, 16, 0, "r1 = *(s32 *)(r6 + 16)" },
	{ 0x73, 2, 9, -8, 0, "*(u8 *)(r2 - 8) = r9" },
	{ 0x6b, 3, 2, 16, 0, "*(u16 *)(r3 + 16) = r2" },
	{ 0x63, 4, 5, -8, 0, "*(u32 *)(r4 - 8) = r5" },
	{ 0x7b, 5, 8, 16, 0, "*(u64 *)(r5 + 16) = r8" },
	{ 0x72, 6, 0, -8, -7, "*(u8 *)(r6 - 8) = -7" },
	{ 0x6a, 7, 0, 16, 100, "*(u16 *)(r7 + 16) = 100" },
	{ 0x62, 8, 0, -8, -7, "*(u32 *)(r8 - 8) = -7" },
	{ 0x7a, 9, 0, 16, 100, "*(u64 *)(r9 + 16) = 100" }, { 0x37, 1, 0, 1, -7, "r1 s/= -7" },
	{ 0x3f, 2, 6, 1, 0, "r2 s/= r6" }, { 0x34, 3, 0, 1, -7, "w3 s/= -7" },
	{ 0x3c, 4, 2, 1, 0, "w4 s/= w2" }, { 0x97, 5, 0, 1, -7, "r5 s%= -7" },
	{ 0x9f, 6, 8, 1, 0, "r6 s%= r8" }, { 0x94, 7, 0, 1, -7, "w7 s%= -7" },
	{ 0x9c, 8, 4, 1, 0, "w8 s%= w4" }, { 0xbf, 9, 7, 8, 0, "r9 = (s8)r7" },
	{ 0xbf, 1, 0, 16, 0, "r1 = (s16)r0" }, { 0xbf, 2, 3, 32, 0, "r2 = (s32)r3" },
	{ 0xbc, 3, 6, 8, 0, "w3 = (s8)w6" }, { 0xbc, 4, 9, 16, 0, "w4 = (s16)w9" },
	{ 0xd4, 5, 0, 0, 32, "r5 = le32 r5" }, { 0xd4, 6, 0, 0, 64, "r6 = le64 r6" },
	{ 0xdc, 7, 0, 0, 32, "r7 = be32 r7" }, { 0xdc, 8, 0, 0, 64, "r8 = be64 r8" },
	{ 0xd7, 9, 0, 0, 32, "r9 = bswap32 r9" }, { 0xd7, 1, 0, 0, 64, "r1 = bswap64 r1" },
};

static const struct sample ends[] = {
	{ 0xb7, 9, 0, 0, INT32_MAX, "r9 = 2147483647" },
	{ 0xb4, 0, 0, 0, INT32_MIN, "w0 = -2147483648" },
	{ 0x79, 0, 10, INT16_MIN, 0, "r0 = *(u64 *)(r10 - 32768)" },
	{ 0x79, 0, 10, INT16_MAX, 0, "r0 = *(u64 *)(r10 + 32767)" },
	{ 0x79, 0, 10, 0, 0, "r0 = *(u64 *)(r10 + 0)" },
	{ 0x7b, 10, 0, -1, 0, "*(u64 *)(r10 - 1) = r0" },
	{ 0x05, 0, 0, INT16_MIN, 0, "goto -32768" },
	{ 0x05, 0, 0, INT16_MAX, 0, "goto +32767" },
	{ 0x05, 0, 0, 0, 0, "goto +0" },
	{ 0x06, 0, 0, 0, INT32_MIN, "gotol -2147483648" },
	{ 0x1d, 10, 10, -1, 0, "if r10 == r10 goto -1" },
	{ 0x85, 0, 1, 0, -1, "call -1" },
	{ 0x85, 0, 0, 0, 21, "call 21" },
};

static const struct sample none[] = {
	{ 0x00, 0, 0, 0, 0, "<unknown>" },
	{ 0xdb, 1, 2, 0, 0, "<unknown>" },	/* an atomic addition */
	{ 0x20, 0, 0, 0, 0, "<unknown>" },	/* packet access */
	{ 0x07, 10, 0, 0, 1, "<unknown>" },	/* r10 is read-only */
	{ 0x07, 11, 0, 0, 1, "<unknown>" },
	{ 0x0f, 1, 11, 0, 0, "<unknown>" },
	{ 0x07, 1, 0, 1, 1, "<unknown>" },
	{ 0xdc, 1, 0, 0, 8, "<unknown>" },
	{ 0x95, 0, 0, 0, 1, "<unknown>" },
};

static void prints(const struct sample *s, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct bpf_insn insn = {
			.opcode = s[i].opcode, .regs = (uint8_t)(s[i].dst | s[i].src << 4),
			.offset = s[i].offset, .imm = s[i].imm,
		};
		char text[DISASM_MAX];

		ck_assert_int_eq(disasm(&insn, 1, text, sizeof(text)), 1);
		ck_assert_str_eq(text, s[i].text);
	}
}

START_TEST(every_instruction_is_printed)
{
	prints(every, sizeof(every) / sizeof(every[0]));
	/* all but lddw, which has two slots; number 0 is no instruction */
	ck_assert_uint_eq(sizeof(every) / sizeof(every[0]) + 1, BPF_OPS - 1);
}
END_TEST

START_TEST(numbers_are_printed_to_their_ends)
{
	prints(ends, sizeof(ends) / sizeof(ends[0]));
}
END_TEST

START_TEST(what_is_no_instruction_is_said_to_be_unknown)
{
	prints(none, sizeof(none) / sizeof(none[0]));
}
END_TEST

static void wide(uint8_t regs, int32_t low, int32_t high, const char *text)
{
	const struct bpf_insn insn[2] = {
		{ .opcode = 0x18, .regs = regs, .imm = low }, { .imm = high },
	};
	char buf[DISASM_MAX];

	ck_assert_int_eq(disasm(insn, 2, buf, sizeof(buf)), 2);
	ck_assert_str_eq(buf, text);
	/* its second half is behind the end */
	ck_assert_int_eq(disasm(insn, 1, buf, sizeof(buf)), 1);
	ck_assert_str_eq(buf, "<unknown>");
}

START_TEST(a_wide_constant_takes_two_slots)
{
	wide(3, 0x55667788, 0x11223344, "r3 = 1234605616436508552 ll");
	wide(9, -1, 0, "r9 = 4294967295 ll");
	wide(0, -1, -1, "r0 = -1 ll");
	wide(0, 0, INT32_MIN, "r0 = -9223372036854775808 ll");
	wide(1 | BPF_SRC_MAP << 4, 7, 0, "ld_pseudo\tr1, 1, 7");
	wide(2 | BPF_SRC_DATA << 4, -1, 0, "ld_pseudo\tr2, 2, 4294967295");
}
END_TEST

/* A buffer of exactly its size: what is written behind it is found. */
START_TEST(text_is_cut_to_its_buffer)
{
	static const struct bpf_insn insn[][2] = {
		{ { .opcode = 0x79, .regs = 0xa0, .offset = INT16_MIN } },
		{ { .opcode = 0x18, .regs = 0x21, .imm = -1 } },
		{ { .opcode = 0 } },
	};
	static const char *const text[] = {
		"r0 = *(u64 *)(r10 - 32768)", "ld_pseudo\tr1, 2, 4294967295", "<unknown>",
	};

	for (unsigned i = 0; i < 3; i++) {
		for (size_t size = 1; size <= strlen(text[i]) + 1; size++) {
			char *buf = malloc(size);

			ck_assert_int_eq(disasm(insn[i], 2, buf, size), i == 1 ? 2 : 1);
			ck_assert_uint_eq(strlen(buf), size - 1);
			ck_assert_int_eq(memcmp(buf, text[i], size - 1), 0);
			free(buf);
		}
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("disasm");
	TCase *tc = unit_case(s, "disasm");

	tcase_add_test(tc, every_instruction_is_printed);
	tcase_add_test(tc, numbers_are_printed_to_their_ends);
	tcase_add_test(tc, what_is_no_instruction_is_said_to_be_unknown);
	tcase_add_test(tc, a_wide_constant_takes_two_slots);
	tcase_add_test(tc, text_is_cut_to_its_buffer);
	return s;
}
