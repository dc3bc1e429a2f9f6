/*
 * asm_test.c - the instruction buffer: labels, forward jumps, what is left out, islands
 */
#include "tests/unit/unit.h"

#include "compiler/asm.h"
#include "policy/module.h"

static struct pool pool;
static struct asm_buf a;

static void start(void)
{
	asm_init(&a, &pool);
}

static void end(void)
{
	pool_free(&pool);
}

static void filler(unsigned n)
{
	while (n--)
		asm_emit(&a, OP_ALU64 | OP_MOV | OP_K, R0, 0, 0, 0);
}

static const struct bpf_insn *at(uint32_t i)
{
	ck_assert_uint_lt(i, a.insns.count);
	return &a.insns.at[i];
}

/* Follow unconditional jumps from @i. */
static uint32_t lands(uint32_t i)
{
	i += 1 + (uint32_t)at(i)->offset;
	while (i < a.insns.count && at(i)->opcode == (OP_JMP | OP_JA))
		i += 1 + (uint32_t)at(i)->offset;
	return i;
}

START_TEST(a_forward_jump_lands_on_its_label)
{
	uint32_t l = asm_label(&a);

	asm_jump_imm(&a, OP_JEQ, R1, 7, l);
	filler(3);
	asm_place(&a, l);
	asm_exit(&a);
	ck_assert_uint_eq(at(0)->opcode, 0x15);
	ck_assert_int_eq(at(0)->offset, 3);
	ck_assert_int_eq(at(0)->imm, 7);
}
END_TEST

START_TEST(a_jump_to_the_next_instruction_is_left_out)
{
	uint32_t l = asm_label(&a);

	filler(1);
	asm_ja(&a, l);
	asm_place(&a, l);
	asm_exit(&a);
	ck_assert_uint_eq(a.insns.count, 2);
}
END_TEST

START_TEST(a_jump_to_the_next_instruction_stays_when_a_label_is_on_it)
{
	uint32_t on = asm_label(&a), l = asm_label(&a);

	asm_jump_imm(&a, OP_JEQ, R1, 7, on);
	filler(1);
	asm_place(&a, on);
	asm_ja(&a, l);
	asm_place(&a, l);
	asm_exit(&a);
	ck_assert_uint_eq(lands(0), a.insns.count - 1);
}
END_TEST

START_TEST(a_jump_around_a_jump_becomes_its_inverse)
{
	static const uint8_t op[][2] = {
		{ OP_JEQ, OP_JNE }, { OP_JGT, OP_JLE }, { OP_JGE, OP_JLT },
		{ OP_JSGT, OP_JSLE }, { OP_JSGE, OP_JSLT },
	};
	size_t i, k;

	for (i = 0; i < sizeof(op) / sizeof(op[0]); i++)
		for (k = 0; k < 2; k++) {
			uint32_t near, far;

			start();
			near = asm_label(&a);
			far = asm_label(&a);
			asm_jump_reg(&a, op[i][k], R1, R2, near);
			asm_ja(&a, far);
			asm_place(&a, near);
			filler(2);
			asm_place(&a, far);
			asm_exit(&a);
			ck_assert_uint_eq(a.insns.count, 4);
			ck_assert_uint_eq(at(0)->opcode, OP_JMP | OP_X | op[i][!k]);
			ck_assert_int_eq(at(0)->offset, 2);
		}
}
END_TEST

START_TEST(what_cannot_be_reached_is_not_kept)
{
	uint32_t never = asm_label(&a);

	asm_exit(&a);
	filler(5);
	asm_call(&a, 1);
	asm_place(&a, never);
	filler(1);
	ck_assert_uint_eq(a.insns.count, 1);
	ck_assert_uint_eq(a.calls.count, 0);
}
END_TEST

START_TEST(a_label_makes_what_follows_reachable)
{
	uint32_t l = asm_label(&a);

	asm_jump_imm(&a, OP_JNE, R1, 0, l);
	asm_exit(&a);
	filler(4);
	asm_place(&a, l);
	filler(1);
	ck_assert_uint_eq(a.insns.count, 3);
	ck_assert_int_eq(at(0)->offset, 1);
}
END_TEST

START_TEST(constants_take_one_instruction_up_to_31_bits_and_two_beyond)
{
	asm_const(&a, R3, 0x7fffffff);
	ck_assert_uint_eq(a.insns.count, 1);
	asm_const(&a, R3, 0x80000000);
	ck_assert_uint_eq(a.insns.count, 3);
	asm_const(&a, R3, 0x123456789abcdef0);
	ck_assert_uint_eq(at(3)->opcode, 0x18);
	ck_assert_uint_eq((uint32_t)at(3)->imm, 0x9abcdef0);
	ck_assert_uint_eq((uint32_t)at(4)->imm, 0x12345678);
}
END_TEST

START_TEST(an_island_is_taken_just_before_a_jump_is_out_of_reach)
{
	unsigned extra;

	for (extra = 0; extra < 6; extra++) {
		uint32_t l, i, islands = 0;

		start();
		l = asm_label(&a);
		asm_jump_imm(&a, OP_JEQ, R1, 7, l);
		filler(ASM_REACH - 4 + extra);	/* 4: see ready() */
		asm_place(&a, l);
		asm_exit(&a);
		ck_assert(!a.failed);
		ck_assert_uint_eq(lands(0), a.insns.count - 1);
		ck_assert_int_ge(at(0)->offset, 0);
		for (i = 0; i < a.insns.count; i++)
			islands += at(i)->opcode == (OP_JMP | OP_JA);
		ck_assert_uint_eq(islands, extra > 0 ? 2 : 0);
	}
}
END_TEST

START_TEST(many_labels_waiting_get_an_island_each_and_all_jumps_land)
{
	enum { LABELS = 50, REACH = 200 };
	uint32_t l[LABELS], jump[LABELS], target[LABELS], i;

	a.reach = REACH;
	for (i = 0; i < LABELS; i++)
		l[i] = asm_label(&a);
	for (i = 0; i < LABELS; i++) {
		asm_jump_imm(&a, OP_JEQ, R1, (int32_t)i, l[i]);
		jump[i] = asm_here(&a) - 1;
		filler(7);
	}
	for (i = 0; i < LABELS; i++) {
		filler(13);
		asm_place(&a, l[i]);
		target[i] = asm_here(&a);
		asm_emit(&a, OP_ALU64 | OP_MOV | OP_K, R0, 0, 0, (int32_t)i);
	}
	ck_assert(!a.failed);
	for (i = 0; i < LABELS; i++)
		ck_assert_uint_eq(lands(jump[i]), target[i]);
	for (i = 0; i < a.insns.count; i++)
		if ((at(i)->opcode & 7) == OP_JMP) {
			ck_assert_int_ge(at(i)->offset, 0);
			ck_assert_int_le(at(i)->offset, REACH);
		}
}
END_TEST

START_TEST(islands_stay_clear_of_a_two_slot_constant)
{
	unsigned pad;

	for (pad = 0; pad < 20; pad++) {
		uint32_t l, i;

		start();
		a.reach = 40;
		l = asm_label(&a);
		asm_jump_imm(&a, OP_JEQ, R1, 7, l);
		filler(pad);
		for (i = 0; i < 30; i++)
			asm_const(&a, R2, UINT64_MAX);
		asm_place(&a, l);
		asm_exit(&a);
		for (i = 0; i < a.insns.count; i++)
			if (at(i)->opcode == 0x18)
				ck_assert_uint_eq(at(++i)->opcode, 0);
		ck_assert_uint_eq(lands(0), a.insns.count - 1);
	}
}
END_TEST

START_TEST(a_program_of_a_million_instructions_is_the_most)
{
	filler(HVB_MAX_INSNS);
	ck_assert(!a.failed);
	filler(1);
	ck_assert(a.failed);
	ck_assert_uint_eq(a.insns.count, HVB_MAX_INSNS);
}
END_TEST

START_TEST(a_jump_backward_is_refused)
{
	uint32_t l = asm_label(&a);

	asm_place(&a, l);
	asm_ja(&a, l);
	ck_assert(a.failed);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("asm");
	TCase *tc = unit_case(s, "asm");

	tcase_add_checked_fixture(tc, start, end);
	tcase_add_test(tc, a_forward_jump_lands_on_its_label);
	tcase_add_test(tc, a_jump_to_the_next_instruction_is_left_out);
	tcase_add_test(tc, a_jump_to_the_next_instruction_stays_when_a_label_is_on_it);
	tcase_add_test(tc, a_jump_around_a_jump_becomes_its_inverse);
	tcase_add_test(tc, what_cannot_be_reached_is_not_kept);
	tcase_add_test(tc, a_label_makes_what_follows_reachable);
	tcase_add_test(tc, constants_take_one_instruction_up_to_31_bits_and_two_beyond);
	tcase_add_test(tc, an_island_is_taken_just_before_a_jump_is_out_of_reach);
	tcase_add_test(tc, many_labels_waiting_get_an_island_each_and_all_jumps_land);
	tcase_add_test(tc, islands_stay_clear_of_a_two_slot_constant);
	tcase_add_test(tc, a_program_of_a_million_instructions_is_the_most);
	tcase_add_test(tc, a_jump_backward_is_refused);
	return s;
}
