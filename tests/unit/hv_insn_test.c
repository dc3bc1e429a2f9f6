/*
 * hv_insn_test.c - the decoder: each form, prefix and limit as a row
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/guest/gstate.h"
#include "hv/guest/insn.h"
#include "tests/unit/unit.h"

struct row {
	enum insn_mode mode;
	const char *bytes;
	const char *says;
};

static unsigned bytes_of(const char *text, uint8_t *bytes)
{
	unsigned n = 0;

	for (char *end; *text; text = end) {
		bytes[n] = (uint8_t)strtoul(text, &end, 16);
		n++;
		while (*end == ' ')
			end++;
	}
	return n;
}

static const char *verdict_name(int verdict)
{
	switch (verdict) {
	case INSN_MORE:
		return "more";
	case INSN_TOO_LONG:
		return "too long";
	case INSN_INVALID:
		return "invalid";
	default:
		return "other";
	}
}

static void put_memory(char *to, size_t room, const struct insn *i)
{
	static const char *const segments[] = { "es", "cs", "ss", "ds", "fs", "gs" };
	size_t n = snprintf(to, room, "%s:", segments[i->segment]);

	if (i->base == INSN_RIP)
		n += snprintf(to + n, room - n, "rip");
	else if (i->base != INSN_NO_REG)
		n += snprintf(to + n, room - n, "r%u", i->base);
	if (i->index != INSN_NO_REG)
		n += snprintf(to + n, room - n, "+r%u*%u", i->index, 1u << i->scale);
	snprintf(to + n, room - n, "%+ld/%u", (long)i->displacement, i->address_size);
}

static void put_register(char *to, size_t room, const struct insn *i)
{
	snprintf(to, room, "%s%u.%u%s", i->form == INSN_MEM_SEG ? "s" : i->high_byte ? "h" : "r",
		 i->reg, i->reg_size, i->sign_extend ? "s" : "");
}

/* OP SIZE DESTINATION SOURCE, with LOCK and REP before it. */
static const char *say(const struct insn *i)
{
	static const char *const names[] = {
		"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp", "test", "mov", "movbe",
		"stos", "movs",
	};
	static char text[160];
	char memory[64] = "-", reg[16];

	if (i->memory)
		put_memory(memory, sizeof(memory), i);
	put_register(reg, sizeof(reg), i);
	snprintf(text, sizeof(text), "%s%s%s%u ", i->lock ? "lock " : "", i->rep ? "rep " : "",
		 names[i->op], i->size);
	switch (i->form) {
	case INSN_REG_MEM:
		snprintf(text + strlen(text), 100, "%s %s", reg, memory);
		break;
	case INSN_MEM_IMM:
		snprintf(text + strlen(text), 100, "%s %ld", memory, (long)i->immediate);
		break;
	case INSN_STRING:
		snprintf(text + strlen(text), 100, "%s", memory);
		break;
	default:
		snprintf(text + strlen(text), 100, "%s %s", memory, reg);
	}
	return text;
}

static void check_rows(const struct row *rows, unsigned count)
{
	for (unsigned n = 0; n < count; n++) {
		uint8_t bytes[32];
		unsigned length = bytes_of(rows[n].bytes, bytes);
		struct insn insn;
		int verdict;

		verdict = insn_decode(bytes, length > INSN_BYTES_MAX ? INSN_BYTES_MAX : length,
				      rows[n].mode, &insn);
		ck_assert_msg(!strcmp(verdict ? verdict_name(verdict) : say(&insn), rows[n].says),
			      "%s: %s, not %s", rows[n].bytes,
			      verdict ? verdict_name(verdict) : say(&insn), rows[n].says);
		if (verdict)
			continue;
		ck_assert_uint_eq(insn.length, length);
		/* no byte more is asked for, and none less */
		for (unsigned part = 0; part < length; part++)
			ck_assert_int_eq(insn_decode(bytes, part, rows[n].mode, &insn), INSN_MORE);
	}
}

#define ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

START_TEST(every_opcode_has_its_operands)
{
	static const struct row rows[] = {
		{ INSN_32, "00 03", "add1 ds:r3+0/4 r0.1" },
		{ INSN_32, "01 0b", "add4 ds:r3+0/4 r1.4" },
		{ INSN_32, "0a 03", "or1 r0.1 ds:r3+0/4" },
		{ INSN_32, "0b 03", "or4 r0.4 ds:r3+0/4" },
		{ INSN_32, "11 03", "adc4 ds:r3+0/4 r0.4" },
		{ INSN_32, "19 03", "sbb4 ds:r3+0/4 r0.4" },
		{ INSN_32, "21 03", "and4 ds:r3+0/4 r0.4" },
		{ INSN_32, "2b 03", "sub4 r0.4 ds:r3+0/4" },
		{ INSN_32, "33 03", "xor4 r0.4 ds:r3+0/4" },
		{ INSN_32, "39 03", "cmp4 ds:r3+0/4 r0.4" },
		{ INSN_32, "84 03", "test1 ds:r3+0/4 r0.1" },
		{ INSN_32, "85 03", "test4 ds:r3+0/4 r0.4" },
		{ INSN_32, "88 23", "mov1 ds:r3+0/4 h0.1" },
		{ INSN_32, "8a 3b", "mov1 h3.1 ds:r3+0/4" },
		{ INSN_32, "89 03", "mov4 ds:r3+0/4 r0.4" },
		{ INSN_32, "8b 03", "mov4 r0.4 ds:r3+0/4" },
		{ INSN_32, "8c 2b", "mov2 ds:r3+0/4 s5.2" },
		{ INSN_32, "a0 01 02 03 f4", "mov1 r0.1 ds:-201129471/4" },
		{ INSN_32, "a1 01 02 03 04", "mov4 r0.4 ds:+67305985/4" },
		{ INSN_32, "a2 01 02 03 04", "mov1 ds:+67305985/4 r0.1" },
		{ INSN_32, "a3 01 02 03 04", "mov4 ds:+67305985/4 r0.4" },
		{ INSN_32, "a4", "movs1 ds:+0/4" },
		{ INSN_32, "a5", "movs4 ds:+0/4" },
		{ INSN_32, "aa", "stos1 ds:+0/4" },
		{ INSN_32, "ab", "stos4 ds:+0/4" },
		{ INSN_32, "c6 03 80", "mov1 ds:r3+0/4 -128" },
		{ INSN_32, "c7 03 01 00 00 80", "mov4 ds:r3+0/4 -2147483647" },
		{ INSN_32, "f6 03 7f", "test1 ds:r3+0/4 127" },
		{ INSN_32, "f7 0b 01 00 00 00", "test4 ds:r3+0/4 1" },
		{ INSN_32, "0f b6 03", "mov1 r0.4 ds:r3+0/4" },
		{ INSN_32, "0f b7 03", "mov2 r0.4 ds:r3+0/4" },
		{ INSN_32, "0f be 03", "mov1 r0.4s ds:r3+0/4" },
		{ INSN_32, "0f bf 03", "mov2 r0.4s ds:r3+0/4" },
		{ INSN_32, "0f c3 03", "mov4 ds:r3+0/4 r0.4" },
		{ INSN_32, "0f 38 f0 03", "movbe4 r0.4 ds:r3+0/4" },
		{ INSN_32, "0f 38 f1 03", "movbe4 ds:r3+0/4 r0.4" },
		{ INSN_64, "63 03", "mov4 r0.4s ds:r3+0/8" },
		{ INSN_64, "48 63 03", "mov4 r0.8s ds:r3+0/8" },
		{ INSN_64, "66 63 03", "mov4 r0.2s ds:r3+0/8" },
	};

	ROWS(rows);
}
END_TEST

/* SHL, SHR, SAR of a register; rotations, and the second encoding of SHL, are left to the processor. */
START_TEST(of_the_second_group_three_are_plain)
{
	static const int ops[8] = { -1, -1, -1, -1, INSN_SHL, INSN_SHR, -1, INSN_SAR };

	for (unsigned reg = 0; reg < 8; reg++) {
		const uint8_t bytes[2] = { 0xd1, (uint8_t)(0xc3 | reg << 3) };
		struct insn insn;

		ck_assert_int_eq(insn_decode_plain(bytes, 2, &insn), ops[reg] < 0 ? INSN_OTHER : INSN_OK);
		if (ops[reg] >= 0)
			ck_assert_int_eq((int)insn.op, ops[reg]);
	}
}
END_TEST

START_TEST(the_first_group_is_eight_operations)
{
	static const struct row rows[] = {
		{ INSN_32, "80 03 ff", "add1 ds:r3+0/4 -1" },
		{ INSN_32, "80 0b ff", "or1 ds:r3+0/4 -1" },
		{ INSN_32, "81 13 ff ff ff ff", "adc4 ds:r3+0/4 -1" },
		{ INSN_32, "83 1b ff", "sbb4 ds:r3+0/4 -1" },
		{ INSN_32, "83 23 01", "and4 ds:r3+0/4 1" },
		{ INSN_32, "66 81 2b 01 80", "sub2 ds:r3+0/4 -32767" },
		{ INSN_32, "82 33 01", "xor1 ds:r3+0/4 1" },
		{ INSN_16, "83 3f 01", "cmp2 ds:r3+0/2 1" },
		{ INSN_64, "48 81 03 00 00 00 80", "add8 ds:r3+0/8 -2147483648" },
		{ INSN_64, "82 33 01", "invalid" },
	};

	ROWS(rows);
}
END_TEST

START_TEST(sizes_follow_mode_and_prefixes)
{
	static const struct row rows[] = {
		{ INSN_16, "8b 07", "mov2 r0.2 ds:r3+0/2" },
		{ INSN_16, "66 8b 07", "mov4 r0.4 ds:r3+0/2" },
		{ INSN_16, "67 8b 03", "mov2 r0.2 ds:r3+0/4" },
		{ INSN_16, "67 66 8b 03", "mov4 r0.4 ds:r3+0/4" },
		{ INSN_32, "66 8b 03", "mov2 r0.2 ds:r3+0/4" },
		{ INSN_32, "67 8b 07", "mov4 r0.4 ds:r3+0/2" },
		{ INSN_64, "8b 03", "mov4 r0.4 ds:r3+0/8" },
		{ INSN_64, "66 8b 03", "mov2 r0.2 ds:r3+0/8" },
		{ INSN_64, "67 8b 03", "mov4 r0.4 ds:r3+0/4" },
		{ INSN_64, "48 8b 03", "mov8 r0.8 ds:r3+0/8" },
		{ INSN_64, "66 48 8b 03", "mov8 r0.8 ds:r3+0/8" },
		{ INSN_64, "48 66 8b 03", "mov2 r0.2 ds:r3+0/8" },
		{ INSN_64, "66 c7 03 01 00", "mov2 ds:r3+0/8 1" },
		{ INSN_16, "66 c7 07 01 00 00 00", "mov4 ds:r3+0/2 1" },
		{ INSN_16, "a1 34 f2", "mov2 r0.2 ds:-3532/2" },
		{ INSN_64, "a1 01 02 03 04 05 06 07 08", "mov4 r0.4 ds:+578437695752307201/8" },
		{ INSN_64, "67 48 a3 01 02 03 04", "mov8 ds:+67305985/4 r0.8" },
		{ INSN_16, "0f b6 07", "mov1 r0.2 ds:r3+0/2" },
		{ INSN_64, "48 0f bf 03", "mov2 r0.8s ds:r3+0/8" },
		{ INSN_64, "66 0f b7 03", "mov2 r0.2 ds:r3+0/8" },
		{ INSN_16, "0f c3 07", "mov4 ds:r3+0/2 r0.4" },
		{ INSN_64, "48 0f c3 03", "mov8 ds:r3+0/8 r0.8" },
		{ INSN_64, "48 8c 23", "mov2 ds:r3+0/8 s4.2" },
	};

	ROWS(rows);
}
END_TEST

START_TEST(addresses_of_16_bits)
{
	static const struct row rows[] = {
		{ INSN_16, "88 00", "mov1 ds:r3+r6*1+0/2 r0.1" },
		{ INSN_16, "88 01", "mov1 ds:r3+r7*1+0/2 r0.1" },
		{ INSN_16, "88 02", "mov1 ss:r5+r6*1+0/2 r0.1" },
		{ INSN_16, "88 03", "mov1 ss:r5+r7*1+0/2 r0.1" },
		{ INSN_16, "88 04", "mov1 ds:r6+0/2 r0.1" },
		{ INSN_16, "88 05", "mov1 ds:r7+0/2 r0.1" },
		{ INSN_16, "88 06 34 12", "mov1 ds:+4660/2 r0.1" },
		{ INSN_16, "88 07", "mov1 ds:r3+0/2 r0.1" },
		{ INSN_16, "88 46 80", "mov1 ss:r5-128/2 r0.1" },
		{ INSN_16, "88 84 00 80", "mov1 ds:r6-32768/2 r0.1" },
	};

	ROWS(rows);
}
END_TEST

START_TEST(addresses_of_32_and_64_bits)
{
	static const struct row rows[] = {
		{ INSN_32, "88 05 78 56 34 12", "mov1 ds:+305419896/4 r0.1" },
		{ INSN_64, "88 05 78 56 34 12", "mov1 ds:rip+305419896/8 r0.1" },
		{ INSN_64, "67 88 05 78 56 34 12", "mov1 ds:rip+305419896/4 r0.1" },
		{ INSN_64, "41 88 05 78 56 34 12", "mov1 ds:rip+305419896/8 r0.1" },
		{ INSN_32, "88 45 ff", "mov1 ss:r5-1/4 r0.1" },
		{ INSN_32, "88 80 00 00 00 80", "mov1 ds:r0-2147483648/4 r0.1" },
		{ INSN_32, "88 04 24", "mov1 ss:r4+0/4 r0.1" },
		{ INSN_32, "88 04 63", "mov1 ds:r3+0/4 r0.1" },
		{ INSN_32, "88 04 cb", "mov1 ds:r3+r1*8+0/4 r0.1" },
		{ INSN_32, "88 44 6d 01", "mov1 ss:r5+r5*2+1/4 r0.1" },
		{ INSN_32, "88 04 8d 01 00 00 00", "mov1 ds:+r1*4+1/4 r0.1" },
		{ INSN_64, "88 04 25 ff ff ff ff", "mov1 ds:-1/8 r0.1" },
		{ INSN_64, "41 88 04 24", "mov1 ds:r12+0/8 r0.1" },
		{ INSN_64, "41 88 45 00", "mov1 ds:r13+0/8 r0.1" },
		{ INSN_64, "42 88 04 23", "mov1 ds:r3+r12*1+0/8 r0.1" },
		{ INSN_64, "41 88 04 05 01 00 00 00", "mov1 ds:+r0*1+1/8 r0.1" },
		{ INSN_64, "47 89 3c fb", "mov4 ds:r11+r15*8+0/8 r15.4" },
	};

	ROWS(rows);
}
END_TEST

START_TEST(bytes_of_registers_depend_on_rex)
{
	static const struct row rows[] = {
		{ INSN_64, "88 23", "mov1 ds:r3+0/8 h0.1" },
		{ INSN_64, "40 88 23", "mov1 ds:r3+0/8 r4.1" },
		{ INSN_64, "44 88 3b", "mov1 ds:r3+0/8 r15.1" },
		{ INSN_64, "40 66 88 23", "mov1 ds:r3+0/8 h0.1" },
		{ INSN_64, "88 1b", "mov1 ds:r3+0/8 r3.1" },
		{ INSN_64, "0f b6 23", "mov1 r4.4 ds:r3+0/8" },
		{ INSN_64, "44 8c 2b", "mov2 ds:r3+0/8 s5.2" },
	};

	ROWS(rows);
}
END_TEST

START_TEST(the_last_segment_prefix_counts_but_four_not_in_64_bit_code)
{
	static const struct row rows[] = {
		{ INSN_32, "26 8b 03", "mov4 r0.4 es:r3+0/4" },
		{ INSN_32, "2e 8b 03", "mov4 r0.4 cs:r3+0/4" },
		{ INSN_32, "36 8b 03", "mov4 r0.4 ss:r3+0/4" },
		{ INSN_32, "3e 8b 45 00", "mov4 r0.4 ds:r5+0/4" },
		{ INSN_32, "64 8b 03", "mov4 r0.4 fs:r3+0/4" },
		{ INSN_32, "65 8b 03", "mov4 r0.4 gs:r3+0/4" },
		{ INSN_32, "65 26 a5", "movs4 es:+0/4" },
		{ INSN_64, "65 8b 03", "mov4 r0.4 gs:r3+0/8" },
		{ INSN_64, "26 8b 03", "mov4 r0.4 ds:r3+0/8" },
		{ INSN_64, "3e 8b 45 00", "mov4 r0.4 ss:r5+0/8" },
		{ INSN_64, "64 26 8b 03", "mov4 r0.4 fs:r3+0/8" },
	};

	ROWS(rows);
}
END_TEST

START_TEST(lock_is_for_what_reads_and_writes_memory)
{
	static const struct row rows[] = {
		{ INSN_32, "f0 01 03", "lock add4 ds:r3+0/4 r0.4" },
		{ INSN_32, "f0 83 33 01", "lock xor4 ds:r3+0/4 1" },
		{ INSN_32, "f0 03 03", "invalid" },
		{ INSN_32, "f0 39 03", "invalid" },
		{ INSN_32, "f0 83 3b 01", "invalid" },
		{ INSN_32, "f0 85 03", "invalid" },
		{ INSN_32, "f0 89 03", "invalid" },
		{ INSN_32, "f0 c7 03 01 02 03 04", "invalid" },
		{ INSN_32, "f0 a5", "invalid" },
		{ INSN_32, "f0 01 c3", "invalid" },
	};

	ROWS(rows);
}
END_TEST

START_TEST(rep_is_for_strings)
{
	static const struct row rows[] = {
		{ INSN_32, "f3 a5", "rep movs4 ds:+0/4" },
		{ INSN_32, "f2 aa", "rep stos1 ds:+0/4" },
		{ INSN_64, "f3 48 ab", "rep stos8 ds:+0/8" },
		{ INSN_32, "f3 8b 03", "mov4 r0.4 ds:r3+0/4" },
	};

	ROWS(rows);
}
END_TEST

START_TEST(what_the_processor_does_not_know_is_invalid)
{
	static const struct row rows[] = {
		{ INSN_32, "c7 0b 01 02 03 04", "invalid" },
		{ INSN_32, "c6 3b 01", "invalid" },
		{ INSN_32, "8c 33", "invalid" },
		{ INSN_32, "8c 3b", "invalid" },
		{ INSN_32, "66 0f c3 03", "invalid" },
		{ INSN_32, "f3 0f c3 03", "invalid" },
		{ INSN_32, "0f c3 c3", "invalid" },
		{ INSN_32, "f3 0f 38 f0 03", "invalid" },
		{ INSN_32, "0f 38 f1 c3", "invalid" },
	};

	ROWS(rows);
}
END_TEST

START_TEST(other_instructions_are_named_so_before_their_end)
{
	static const struct row rows[] = {
		{ INSN_32, "87 03", "other" }, { INSN_32, "ff 03", "other" },
		{ INSN_32, "fe 03", "other" }, { INSN_32, "8f 03", "other" },
		{ INSN_32, "8e 03", "other" }, { INSN_32, "8d 03", "other" },
		{ INSN_32, "a6", "other" }, { INSN_32, "a7", "other" },
		{ INSN_32, "ac", "other" }, { INSN_32, "ad", "other" },
		{ INSN_32, "ae", "other" }, { INSN_32, "af", "other" },
		{ INSN_32, "6c", "other" }, { INSN_32, "d1 03", "other" },
		{ INSN_32, "69 03", "other" }, { INSN_32, "40", "other" },
		{ INSN_32, "63 03", "other" }, { INSN_16, "63 07", "other" },
		{ INSN_32, "f6 13", "other" }, { INSN_32, "f7 3b", "other" },
		{ INSN_32, "0f 6f 03", "other" }, { INSN_32, "0f b0 03", "other" },
		{ INSN_32, "0f c7 0b", "other" }, { INSN_32, "0f ba 2b", "other" },
		{ INSN_32, "0f 38 f2", "other" }, { INSN_32, "0f 38 00", "other" },
		{ INSN_32, "0f 3a", "other" }, { INSN_64, "c5 f8 28 03", "other" },
		{ INSN_64, "62 f1 7c 48 28 03", "other" }, { INSN_32, "f2 0f 38 f0 03", "other" },
		{ INSN_32, "f4", "other" }, { INSN_32, "cc", "other" },
	};

	ROWS(rows);
}
END_TEST

START_TEST(fifteen_bytes_are_the_limit)
{
	static const struct row rows[] = {
		{ INSN_32, "3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 8b 03", "mov4 r0.4 ds:r3+0/4" },
		{ INSN_32, "3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 8b 03", "too long" },
		{ INSN_32, "f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 8b 03", "too long" },
		{ INSN_32, "3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e a5", "movs4 ds:+0/4" },
		{ INSN_32, "3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e", "too long" },
		{ INSN_64, "66 66 66 66 66 66 66 66 66 66 66 66 66 66 48 a5", "too long" },
		{ INSN_32, "3e 3e 3e 3e 3e 3e 3e 3e 3e c7 03 01 02 03 04",
		  "mov4 ds:r3+0/4 67305985" },
		{ INSN_32, "3e 3e 3e 3e 3e 3e 3e 3e 3e 3e c7 03 01 02 03 04", "too long" },
	};

	ROWS(rows);
}
END_TEST

START_TEST(register_forms_have_no_memory)
{
	static const struct row rows[] = {
		{ INSN_32, "89 c3", "mov4 - r0.4" },
		{ INSN_64, "48 81 c4 00 10 00 00", "add8 - 4096" },
		{ INSN_32, "0f b6 c3", "mov1 r0.4 -" },
	};

	ROWS(rows);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_insn");
	TCase *tc = unit_case(s, "hv_insn");

	tcase_add_test(tc, every_opcode_has_its_operands);
	tcase_add_test(tc, the_first_group_is_eight_operations);
	tcase_add_test(tc, of_the_second_group_three_are_plain);
	tcase_add_test(tc, sizes_follow_mode_and_prefixes);
	tcase_add_test(tc, addresses_of_16_bits);
	tcase_add_test(tc, addresses_of_32_and_64_bits);
	tcase_add_test(tc, bytes_of_registers_depend_on_rex);
	tcase_add_test(tc, the_last_segment_prefix_counts_but_four_not_in_64_bit_code);
	tcase_add_test(tc, lock_is_for_what_reads_and_writes_memory);
	tcase_add_test(tc, rep_is_for_strings);
	tcase_add_test(tc, what_the_processor_does_not_know_is_invalid);
	tcase_add_test(tc, other_instructions_are_named_so_before_their_end);
	tcase_add_test(tc, fifteen_bytes_are_the_limit);
	tcase_add_test(tc, register_forms_have_no_memory);
	return s;
}
