/*
 * verify_test.c - limits, memory and time of the verifier; what it makes
 */
#include "policy/code.h"
#include "policy/module.h"
#include "policy/verify.h"
#include "tests/bpf/fake.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DIAMONDS	100000u	/* of a whole run; VERIFY_DIAMONDS overrides it */
#define DIAMOND_INSNS	10u
#define ARENA_SIZE	((size_t)256 << 20)

static struct fake *f;
static void *memory;
static struct arena arena;
static const struct program *program;
static struct policy_error err;

static void setup(void)
{
	f = malloc(sizeof(*f));
	memory = aligned_alloc(16, ARENA_SIZE);
	fake_init(f);
	arena_init(&arena, memory, ARENA_SIZE);
}

static void teardown(void)
{
	free(f);
	free(memory);
}

static void add(uint8_t opcode, unsigned dst, unsigned src, int off, int32_t imm)
{
	f->insns[f->in.insn_count++] =
		(struct bpf_insn){ opcode, (uint8_t)(dst | src << 4), (int16_t)off, imm };
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* @count diamonds of ten instructions each: load, spill, compare, two ways, merge. */
static struct bpf_insn *diamonds(uint32_t count, uint32_t *insns)
{
	static const struct bpf_insn one[DIAMOND_INSNS] = {
		{ 0x79, 0x12, 32, 0 },		/* r2 = *(u64 *)(r1 + 32) */
		{ 0x7b, 0x2a, -8, 0 },		/* *(u64 *)(r10 - 8) = r2 */
		{ 0x25, 0x02, 3, 100 },		/* if r2 > 100 goto +3 */
		{ 0x0f, 0x20, 0, 0 },		/* r0 += r2 */
		{ 0xbf, 0x23, 0, 0 },		/* r3 = r2 */
		{ 0x05, 0x00, 2, 0 },		/* goto +2 */
		{ 0x07, 0x00, 0, 1 },		/* r0 += 1 */
		{ 0xb7, 0x03, 0, 5 },		/* r3 = 5 */
		{ 0x57, 0x00, 0, 0xffff },	/* r0 &= 0xffff */
		{ 0x79, 0xa4, -8, 0 },		/* r4 = *(u64 *)(r10 - 8) */
	};
	struct bpf_insn *code = malloc((count * DIAMOND_INSNS + 2) * sizeof(*code));

	code[0] = (struct bpf_insn){ 0xb7, 0, 0, 0 };
	for (uint32_t i = 0; i < count; i++)
		memcpy(&code[1 + i * DIAMOND_INSNS], one, sizeof(one));
	*insns = count * DIAMOND_INSNS + 2;
	code[*insns - 1] = (struct bpf_insn){ 0x95, 0, 0, 0 };
	return code;
}

static double diamonds_time(uint32_t count)
{
	struct bpf_insn *code = diamonds(count, &f->in.insn_count);
	double start, end;
	int rc;

	f->in.insns = code;
	arena_init(&arena, memory, ARENA_SIZE);
	start = seconds();
	rc = verify(&arena, &f->in, &program, &err);
	end = seconds();
	ck_assert_msg(rc == 0, "%u: %s", err.insn, err.text);
	ck_assert_uint_eq(program_run(program, HV_HOOK_NET_OUT, NULL, &f->ctx), 0);
	/* r0 = 0 and exit; the longer way of a diamond has 8 instructions */
	ck_assert_uint_eq(program_cost(program, HV_HOOK_NET_OUT), 2 + 8ull * count);
	free(code);
	return end - start;
}

START_TEST(a_million_instructions_take_linear_time)
{
	const char *count = getenv("VERIFY_DIAMONDS");
	uint32_t diamonds = count ? (uint32_t)strtoul(count, NULL, 10) : DIAMONDS;
	double tenth = diamonds_time(diamonds / 10), whole = diamonds_time(diamonds);

	/* a factor of 10 in size; twice that for noise */
	ck_assert_msg(whole < 20 * tenth + 0.2, "%g s, a tenth %g s", whole, tenth);
	ck_assert_msg(whole < 20, "%g s", whole);
	ck_assert_uint_lt(arena.peak, 80u << 20);
}
END_TEST

START_TEST(the_largest_program_is_taken_and_one_more_is_not)
{
	uint32_t n = HVB_MAX_INSNS;
	struct bpf_insn *code = calloc(n + 1, sizeof(*code));

	for (uint32_t i = 0; i < n; i++)
		code[i] = (struct bpf_insn){ 0xb7, 0, 0, 1 };
	code[n - 1] = code[n] = (struct bpf_insn){ 0x95, 0, 0, 0 };
	f->in.insns = code;
	f->in.insn_count = n;
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), 0);
	/* the last two are one operation */
	ck_assert_uint_eq(program_insns(program), n - 1);
	f->in.insn_count = n + 1;
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), POLICY_ELIMIT);
	f->in.insn_count = 0;
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), POLICY_EINVAL);
	free(code);
}
END_TEST

START_TEST(memory_that_is_too_small_is_refused_and_given_back)
{
	struct bpf_insn *code = diamonds(3, &f->in.insn_count);
	size_t need, size;
	int rc = POLICY_ENOMEM;

	f->in.insns = code;
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), 0);
	need = arena.peak;
	for (size = 0; size < need; size += 16) {
		arena_init(&arena, memory, size);
		rc = verify(&arena, &f->in, &program, &err);
		ck_assert_int_eq(rc, POLICY_ENOMEM);
		ck_assert_uint_eq(arena.used, 0);
		ck_assert_ptr_null(program);
	}
	arena_init(&arena, memory, need);
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), 0);
	ck_assert_uint_le(arena.used, sizeof(struct program) + 16 +
			  program_insns(program) * sizeof(struct code));
	free(code);
}
END_TEST

START_TEST(a_refused_program_gives_all_memory_back)
{
	add(0x95, 0, 0, 0, 0);
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), POLICY_EVERIFY);
	ck_assert_uint_eq(arena.used, 0);
	ck_assert_ptr_null(program);
}
END_TEST

/* Functions that each call the next one many times: 100^n instructions. */
static void pyramid(unsigned levels, unsigned calls)
{
	f->in.insn_count = 0;
	for (unsigned l = 0; l <= levels; l++) {
		for (unsigned c = 0; c < calls && l < levels; c++)
			add(0x85, 0, BPF_SRC_LOCAL, 0, (int32_t)(calls - c));
		add(0xb7, 0, 0, 0, 1);
		if (l < levels)	/* the callee is right behind: calls - c more, then r0 and exit */
			for (unsigned c = 0; c < calls; c++)
				f->insns[f->in.insn_count - 2 - c].imm = (int32_t)(c + 2);
		add(0x95, 0, 0, 0, 0);
	}
}

START_TEST(calls_do_not_multiply_beyond_the_limit)
{
	pyramid(5, 29);		/* 29^5 = 20 million calls of two instructions */
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), 0);
	ck_assert_uint_gt(program_cost(program, HV_HOOK_NET_OUT), 48000000);
	pyramid(5, 31);
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), POLICY_ELIMIT);
	pyramid(7, 1000);
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), POLICY_ELIMIT);
}
END_TEST

START_TEST(every_hook_has_its_own_program_and_cost)
{
	add(0xb7, 0, 0, 0, 1);
	add(0x95, 0, 0, 0, 0);
	add(0xb7, 0, 0, 0, 2);
	add(0x07, 0, 0, 0, 2);
	add(0x95, 0, 0, 0, 0);
	f->in.entry[HV_HOOK_DISK_READ] = 2;
	f->in.entry[HV_HOOK_DISK_CONTROL] = 0;
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), 0);
	ck_assert_uint_eq(program_run(program, HV_HOOK_NET_OUT, NULL, &f->ctx), 1);
	ck_assert_uint_eq(program_run(program, HV_HOOK_DISK_READ, NULL, &f->ctx), 4);
	ck_assert_uint_eq(program_run(program, HV_HOOK_DISK_CONTROL, NULL, &f->ctx), 1);
	ck_assert_uint_eq(program_cost(program, HV_HOOK_NET_OUT), 2);
	ck_assert_uint_eq(program_cost(program, HV_HOOK_DISK_READ), 3);
	ck_assert_uint_eq(program_cost(program, HV_HOOK_NET_IN), 0);
	/* of five, the first two are one operation */
	ck_assert_uint_eq(program_insns(program), 4);
}
END_TEST

/*
 * A TRIM names up to 4096 ranges, and each is asked: in disk control, and in functions that disk
 * control may call.  Other commands have one range.
 */
START_TEST(overlaps_costs_as_many_ranges_as_a_hook_may_see)
{
	const uint64_t range = 20, set = 100, trim = 4096;	/* helper.def; fake.c; judge.h */
	uint32_t callee;

	add(0xb7, 2, 0, 0, 1);				/* hv_overlaps: 0 to 3 */
	add(0x85, 0, 0, 0, 6);
	add(0xb7, 0, 0, 0, 0);
	add(0x95, 0, 0, 0, 0);
	add(0xb7, 2, 0, 0, 1);				/* hv_overlaps_range: 4 to 8 */
	add(0xb7, 3, 0, 0, 9);
	add(0x85, 0, 0, 0, 7);
	add(0xb7, 0, 0, 0, 0);
	add(0x95, 0, 0, 0, 0);
	add(0x85, 0, 1, 0, 2);				/* calls 12: 9 to 11 */
	add(0xb7, 0, 0, 0, 0);
	add(0x95, 0, 0, 0, 0);
	callee = f->in.insn_count;
	add(0xb7, 2, 0, 0, 1);
	add(0x85, 0, 0, 0, 6);
	add(0xb7, 0, 0, 0, 0);
	add(0x95, 0, 0, 0, 0);
	ck_assert_uint_eq(callee, 12);
	f->in.entry[HV_HOOK_NET_OUT] = POLICY_NO_INSN;
	f->in.entry[HV_HOOK_DISK_WRITE] = 0;
	f->in.entry[HV_HOOK_DISK_READ] = 9;
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), 0);
	ck_assert_uint_eq(program_cost(program, HV_HOOK_DISK_WRITE), 4 + range + set);
	ck_assert_uint_eq(program_cost(program, HV_HOOK_DISK_READ), 3 + 4 + range + set);
	f->in.entry[HV_HOOK_DISK_CONTROL] = 4;
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), 0);
	ck_assert_uint_eq(program_cost(program, HV_HOOK_DISK_WRITE), 4 + range + set);
	ck_assert_uint_eq(program_cost(program, HV_HOOK_DISK_CONTROL), 5 + trim * range);
	ck_assert_uint_eq(program_cost(program, HV_HOOK_DISK_READ), 3 + 4 + trim * (range + set));
	f->in.entry[HV_HOOK_DISK_CONTROL] = 0;
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), 0);
	ck_assert_uint_eq(program_cost(program, HV_HOOK_DISK_CONTROL), 4 + trim * (range + set));
}
END_TEST

START_TEST(other_helpers_cost_the_same_in_disk_control)
{
	add(0xb7, 2, 0, 0, 1);
	add(0x85, 0, 0, 0, HELPER_hv_log);
	add(0xb7, 0, 0, 0, 0);
	add(0x95, 0, 0, 0, 0);
	f->in.entry[HV_HOOK_DISK_CONTROL] = 0;
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), 0);
	ck_assert_uint_eq(program_cost(program, HV_HOOK_DISK_CONTROL), 4 + 20);
}
END_TEST

static const struct code *laid_out(uint32_t insns)
{
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), 0);
	ck_assert_uint_eq(program_insns(program), insns);
	return program->code;
}

/* r6 = r1; r3 = -7; r2 = 2; r1 = r6; call hv_class; exit */
static void class_call(void)
{
	f->in.insn_count = 0;
	add(0xbf, 6, 1, 0, 0);
	add(0xb7, 3, 0, 0, -7);
	add(0xb7, 2, 0, 0, 2);
	add(0xbf, 1, 6, 0, 0);
	add(0x85, 0, 0, 0, HELPER_hv_class);
	add(0x95, 0, 0, 0, 0);
}

START_TEST(a_call_of_a_classifier_is_one_operation)
{
	const struct code *code;

	class_call();
	code = laid_out(3);
	ck_assert_uint_eq(code[1].op, CODE_CLASS);
	ck_assert_uint_eq(code[1].jump, 2);
	ck_assert_uint_eq(code[1].imm, (uint64_t)-7);
	ck_assert_uint_eq(program_run(program, HV_HOOK_NET_OUT, NULL, &f->ctx), (uint64_t)-6);
}
END_TEST

/* One of the three moves is another instruction, or stands elsewhere. */
START_TEST(a_call_of_a_classifier_that_looks_otherwise_is_left_as_it_is)
{
#define R6	{ 0xbf, 0x16, 0, 0 }		/* r6 = r1 */
#define R3	{ 0xb7, 0x03, 0, -7 }		/* r3 = -7 */
#define R2	{ 0xb7, 0x02, 0, 2 }		/* r2 = 2 */
#define R1	{ 0xbf, 0x61, 0, 0 }		/* r1 = r6 */
#define CALL	{ 0x85, 0x00, 0, HELPER_hv_class }
	static const struct bpf_insn other[][5] = {
		{ R6, R3, R2, { 0x07, 0x01, 0, 0 }, CALL },		/* r1 += 0 */
		{ R6, R3, { 0xb4, 0x02, 0, 2 }, R1, CALL },		/* w2 = 2 */
		{ { 0xbf, 0x16, 0, 0 }, { 0x18, 0x03, 0, -7 }, { 0, 0, 0, -1 }, R2, CALL },
		{ R6, R2, R3, R1, CALL },
		{ R3, R6, R2, R1, CALL },
		{ R3, R2, R6, R1, CALL },
		{ R3, R6, R1, R2, CALL },
	};
#undef R6
#undef R3
#undef R2
#undef R1
#undef CALL

	for (unsigned n = 0; n < sizeof(other) / sizeof(other[0]); n++) {
		memcpy(f->insns, other[n], sizeof(other[n]));
		f->in.insn_count = 5;
		add(0x95, 0, 0, 0, 0);
		laid_out(n == 2 ? 5 : 6);	/* lddw is two instructions, but one operation */
		ck_assert_uint_eq(program_run(program, HV_HOOK_NET_OUT, NULL, &f->ctx), (uint64_t)-6);
	}
	class_call();
	f->insns[4].imm = HELPER_hv_hit;
	laid_out(6);
	ck_assert_uint_eq(program_run(program, HV_HOOK_NET_OUT, NULL, &f->ctx), 1002);
}
END_TEST

START_TEST(a_call_of_a_classifier_in_a_block_of_its_own_is_left_as_it_is)
{
	add(0xb7, 3, 0, 0, -7);
	add(0x79, 4, 1, 32, 0);
	add(0xb7, 2, 0, 0, 2);
	add(0x15, 4, 0, 0, 0);		/* if r4 == 0 goto +0 */
	add(0xbf, 1, 1, 0, 0);
	add(0x85, 0, 0, 0, HELPER_hv_class);
	add(0x95, 0, 0, 0, 0);
	laid_out(7);
	ck_assert_uint_eq(program_run(program, HV_HOOK_NET_OUT, NULL, &f->ctx), (uint64_t)-6);
}
END_TEST

START_TEST(a_copy_and_its_comparison_are_one_operation)
{
	static const struct { uint8_t opcode, compared; uint32_t insns; } row[] = {
		{ 0x35, 3, 6 },		/* if r3 >= 5 */
		{ 0x35, 2, 7 },		/* if r2 >= 5: what was copied, not the copy */
		{ 0x25, 3, 7 },		/* if r3 > 5 */
		{ 0x36, 3, 7 },		/* if w3 >= 5 */
	};

	for (unsigned n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		f->in.insn_count = 0;
		add(0xb7, 0, 0, 0, 0);
		add(0x79, 2, 1, offsetof(struct hv_ctx, eth_dst), 0);
		add(0xbf, 3, 2, 0, 0);
		add(row[n].opcode, row[n].compared, 0, 1, 5);
		add(0x95, 0, 0, 0, 0);
		add(0xbf, 0, 3, 0, 0);
		add(0x95, 0, 0, 0, 0);
		laid_out(row[n].insns);
		for (uint64_t x = 4; x < 8; x++) {
			f->ctx.eth_dst = x;
			ck_assert_uint_eq(program_run(program, HV_HOOK_NET_OUT, NULL, &f->ctx),
					  x < 5 || (x == 5 && row[n].opcode == 0x25) ? 0 : x);
		}
	}
}
END_TEST

START_TEST(a_function_that_nothing_calls_is_not_laid_out)
{
	add(0xb7, 0, 0, 0, 1);
	add(0x15, 0, 0, 1, 1);		/* if r0 == 1 goto +1 */
	add(0x85, 0, BPF_SRC_LOCAL, 0, 1);
	add(0x95, 0, 0, 0, 0);
	add(0xb7, 0, 0, 0, 2);
	add(0x95, 0, 0, 0, 0);
	laid_out(2);
	ck_assert_uint_eq(program_run(program, HV_HOOK_NET_OUT, NULL, &f->ctx), 1);
}
END_TEST

START_TEST(a_hook_that_another_one_calls_runs_by_itself)
{
	add(0x85, 0, BPF_SRC_LOCAL, 0, 2);
	add(0x07, 0, 0, 0, 1);
	add(0x95, 0, 0, 0, 0);
	add(0xb7, 0, 0, 0, 7);
	add(0x95, 0, 0, 0, 0);
	f->in.entry[HV_HOOK_NET_IN] = 3;
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), 0);
	ck_assert_uint_eq(program_run(program, HV_HOOK_NET_OUT, NULL, &f->ctx), 8);
	ck_assert_uint_eq(program_run(program, HV_HOOK_NET_IN, NULL, &f->ctx), 7);
}
END_TEST

/* What an earlier run left on the stack is not there for a function that is lent unwritten bytes. */
START_TEST(memory_that_was_lent_unwritten_is_zero)
{
	for (int at = -8; at >= -(int)BPF_STACK_SIZE; at -= 8)
		add(0x7a, 10, 0, at, -1);
	add(0xb7, 0, 0, 0, 1);
	add(0x95, 0, 0, 0, 0);
	f->in.entry[HV_HOOK_NET_IN] = f->in.insn_count;
	add(0xbf, 1, 10, 0, 0);
	add(0x07, 1, 0, 0, -496);
	add(0x85, 0, BPF_SRC_LOCAL, 0, 1);
	add(0x95, 0, 0, 0, 0);
	add(0x79, 0, 1, 0, 0);
	for (int at = 8; at < 496; at += 8) {
		add(0x79, 2, 1, at, 0);
		add(0x4f, 0, 2, 0, 0);
	}
	add(0x95, 0, 0, 0, 0);
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), 0);
	for (int n = 0; n < 2; n++) {
		ck_assert_uint_eq(program_run(program, HV_HOOK_NET_OUT, NULL, &f->ctx), 1);
		ck_assert_uint_eq(program_run(program, HV_HOOK_NET_IN, NULL, &f->ctx), 0);
	}
}
END_TEST

/* Every conditional jump goes to a block of its own at the end: all wait at once. */
START_TEST(many_open_branches_fit_in_reasonable_memory)
{
	uint32_t jumps = 30000, n = 0;
	struct bpf_insn *code = calloc(3 * jumps + 3, sizeof(*code));

	code[n++] = (struct bpf_insn){ 0x79, 0x12, 32, 0 };
	for (uint32_t i = 0; i < jumps; i++)
		code[n++] = (struct bpf_insn){ 0x15, 0x02, 0, (int32_t)i };
	code[n++] = (struct bpf_insn){ 0xb7, 0, 0, 7 };
	code[n++] = (struct bpf_insn){ 0x95, 0, 0, 0 };
	for (uint32_t i = 0; i < jumps; i++) {
		uint32_t from = 1 + i;

		if (n - from - 1 <= INT16_MAX)
			code[from].offset = (int16_t)(n - from - 1);
		code[n++] = (struct bpf_insn){ 0xb7, 0, 0, 1 };
		code[n++] = (struct bpf_insn){ 0x95, 0, 0, 0 };
	}
	f->in.insns = code;
	f->in.insn_count = n;
	ck_assert_int_eq(verify(&arena, &f->in, &program, &err), 0);
	ck_assert_uint_lt(arena.peak, 100u << 20);
	free(code);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("verify");
	TCase *tc = unit_case(s, "limits");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_million_instructions_take_linear_time);
	tcase_add_test(tc, the_largest_program_is_taken_and_one_more_is_not);
	tcase_add_test(tc, memory_that_is_too_small_is_refused_and_given_back);
	tcase_add_test(tc, a_refused_program_gives_all_memory_back);
	tcase_add_test(tc, calls_do_not_multiply_beyond_the_limit);
	tcase_add_test(tc, every_hook_has_its_own_program_and_cost);
	tcase_add_test(tc, overlaps_costs_as_many_ranges_as_a_hook_may_see);
	tcase_add_test(tc, other_helpers_cost_the_same_in_disk_control);
	tcase_add_test(tc, a_call_of_a_classifier_is_one_operation);
	tcase_add_test(tc, a_call_of_a_classifier_that_looks_otherwise_is_left_as_it_is);
	tcase_add_test(tc, a_call_of_a_classifier_in_a_block_of_its_own_is_left_as_it_is);
	tcase_add_test(tc, a_hook_that_another_one_calls_runs_by_itself);
	tcase_add_test(tc, memory_that_was_lent_unwritten_is_zero);
	tcase_add_test(tc, a_copy_and_its_comparison_are_one_operation);
	tcase_add_test(tc, a_function_that_nothing_calls_is_not_laid_out);
	tcase_add_test(tc, many_open_branches_fit_in_reasonable_memory);
	return s;
}
