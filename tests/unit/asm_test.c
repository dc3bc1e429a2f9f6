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

START_TEST(a_jump_that_another_label_stands_behind_stays)
{
	uint32_t on = asm_label(&a), l = asm_label(&a);

	asm_jump_imm(&a, OP_JEQ, R1, 7, on);
	filler(1);
	asm_ja(&a, l);
	asm_place(&a, on);
	asm_place(&a, l);
	asm_exit(&a);
	ck_assert_uint_eq(a.insns.count, 4);
	ck_assert_uint_eq(lands(0), 3);
	ck_assert_uint_eq(lands(2), 3);
}
END_TEST

START_TEST(jumps_that_are_left_out_wait_for_nothing)
{
	uint32_t i, far;

	for (i = 0; i <= ASM_MAX_PENDING; i++) {
		uint32_t one = asm_label(&a), two = asm_label(&a);

		asm_ja(&a, one);
		asm_place(&a, one);
		ck_assert_uint_eq(a.pending, 0);
		asm_jump_imm(&a, OP_JEQ, R1, 7, two);
		asm_ja(&a, two);
		asm_place(&a, two);
	}
	ck_assert_uint_eq(a.insns.count, i);
	ck_assert_uint_eq(a.pending, 0);
	far = asm_label(&a);
	asm_jump_imm(&a, OP_JEQ, R1, 7, far);
	filler(ASM_REACH);
	asm_place(&a, far);
	asm_exit(&a);
	ck_assert(!a.failed);
	ck_assert_uint_eq(lands(i), a.insns.count - 1);
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

/* A jump, what stands between, `ja` to @far, the first label; then code and @far. */
static void around(uint8_t op, unsigned between, bool other, bool on)
{
	uint32_t near = asm_label(&a), far = asm_label(&a), third = asm_label(&a);
	uint32_t ja;

	asm_jump_imm(&a, OP_JNE, R1, 1, third);
	asm_jump_imm(&a, op, R1, 7, near);
	if (other)
		asm_jump_imm(&a, OP_JEQ, R1, 9, third);
	filler(between);
	if (on)
		asm_place(&a, third);
	ja = asm_here(&a);
	asm_ja(&a, far);
	asm_place(&a, near);
	filler(2);
	if (!on)
		asm_place(&a, third);
	asm_place(&a, far);
	asm_exit(&a);
	ck_assert_uint_eq(a.insns.count, ja + 4);
	ck_assert_uint_eq(at(1)->opcode, OP_JMP | op);
	ck_assert_uint_eq(lands(1), ja + 1);
	ck_assert_uint_eq(lands(ja), ja + 3);
	ck_assert_uint_eq(lands(0), ja + 3);
	ck_assert(!other || lands(2) == ja + 3);
	start();
}

START_TEST(other_jumps_before_a_jump_stay)
{
	around(OP_JEQ, 1, false, false);	/* not next to it */
	around(OP_JEQ, 0, true, false);		/* the one next to it goes elsewhere */
	around(0x40, 0, false, false);		/* JSET has no inverse */
	around(OP_JEQ, 0, false, true);		/* others jump to it */
}
END_TEST

START_TEST(what_cannot_be_reached_is_not_kept)
{
	uint32_t never = asm_label(&a);

	asm_exit(&a);
	filler(5);
	asm_call(&a, 1);
	asm_const(&a, R1, UINT64_MAX);
	asm_ja(&a, never);
	asm_jump_imm(&a, OP_JEQ, R1, 7, never);
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

enum last { LAST_ONE, LAST_TWO, LAST_CALL, LAST_JUMP, LASTS };

/* @n instructions of which the last are as @last says. */
static void filler_and(unsigned n, enum last last, uint32_t label)
{
	filler(n - (last == LAST_TWO ? 2 : 1));
	if (last == LAST_ONE)
		filler(1);
	else if (last == LAST_TWO)
		asm_const(&a, R2, UINT64_MAX);
	else if (last == LAST_CALL)
		asm_call(&a, 1);
	else
		asm_jump_imm(&a, OP_JEQ, R1, 8, label);
}

START_TEST(an_island_comes_before_whatever_would_be_too_far)
{
	for (unsigned i = 0; i < 2 * LASTS; i++) {
		uint32_t l, islands = 0, k;

		start();
		a.reach = 40;
		l = asm_label(&a);
		asm_jump_imm(&a, OP_JEQ, R1, 7, l);
		filler_and(a.reach - 4 + i / LASTS, i % LASTS, l);
		for (k = 0; k < a.insns.count; k++)
			islands += at(k)->opcode == (OP_JMP | OP_JA);
		ck_assert_uint_eq(islands, i / LASTS ? 2 : 0);
		asm_place(&a, l);
		asm_exit(&a);
		ck_assert_uint_eq(lands(0), a.insns.count - 1);
	}
}
END_TEST

START_TEST(jumps_to_one_label_share_an_island_and_placed_labels_have_none)
{
	uint32_t one = asm_label(&a), two = asm_label(&a), islands = 0, i;

	a.reach = 40;
	asm_jump_imm(&a, OP_JEQ, R1, 1, one);
	asm_jump_imm(&a, OP_JEQ, R1, 2, two);
	asm_jump_imm(&a, OP_JEQ, R1, 3, one);
	filler(1);
	asm_place(&a, two);
	filler(40);
	asm_place(&a, one);
	asm_exit(&a);
	ck_assert(!a.failed);
	ck_assert_uint_eq(lands(0), a.insns.count - 1);
	ck_assert_uint_eq(lands(1), 4);
	ck_assert_uint_eq(lands(2), a.insns.count - 1);
	for (i = 0; i < a.insns.count; i++)
		islands += at(i)->opcode == (OP_JMP | OP_JA);
	ck_assert_uint_eq(islands, 2);
}
END_TEST

START_TEST(as_many_labels_can_wait_as_islands_can_be_made_for)
{
	for (uint32_t past = 0; past <= 1; past++) {
		uint32_t i, first;

		start();
		first = (uint32_t)a.labels.count;
		for (i = 0; i < ASM_MAX_PENDING + past; i++)
			asm_label(&a);
		for (i = 0; i < ASM_MAX_PENDING + past; i++)
			asm_jump_imm(&a, OP_JEQ, R1, (int32_t)i, first + i);
		ck_assert(!a.failed);
		filler(ASM_REACH);
		ck_assert_int_eq(a.failed, past);
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

/* The last instructions are an island, the jump over it, and one more. */
START_TEST(islands_count_as_instructions)
{
	for (uint32_t past = 0; past <= 1; past++) {
		uint32_t l;

		start();
		l = asm_label(&a);
		filler(HVB_MAX_INSNS - 40 + past);
		a.reach = 40;
		asm_jump_imm(&a, OP_JEQ, R1, 7, l);
		filler(36);
		ck_assert_uint_eq(a.insns.count, HVB_MAX_INSNS - 3 + past);
		filler(1);
		ck_assert_int_eq(a.failed, past);
		ck_assert_uint_eq(a.insns.count, HVB_MAX_INSNS - 2 * past);
		asm_place(&a, l);
	}
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
	tcase_add_test(tc, a_jump_that_another_label_stands_behind_stays);
	tcase_add_test(tc, jumps_that_are_left_out_wait_for_nothing);
	tcase_add_test(tc, a_jump_around_a_jump_becomes_its_inverse);
	tcase_add_test(tc, other_jumps_before_a_jump_stay);
	tcase_add_test(tc, what_cannot_be_reached_is_not_kept);
	tcase_add_test(tc, a_label_makes_what_follows_reachable);
	tcase_add_test(tc, constants_take_one_instruction_up_to_31_bits_and_two_beyond);
	tcase_add_test(tc, an_island_is_taken_just_before_a_jump_is_out_of_reach);
	tcase_add_test(tc, an_island_comes_before_whatever_would_be_too_far);
	tcase_add_test(tc, many_labels_waiting_get_an_island_each_and_all_jumps_land);
	tcase_add_test(tc, jumps_to_one_label_share_an_island_and_placed_labels_have_none);
	tcase_add_test(tc, as_many_labels_can_wait_as_islands_can_be_made_for);
	tcase_add_test(tc, islands_stay_clear_of_a_two_slot_constant);
	tcase_add_test(tc, a_program_of_a_million_instructions_is_the_most);
	tcase_add_test(tc, islands_count_as_instructions);
	tcase_add_test(tc, a_jump_backward_is_refused);
	return s;
}
