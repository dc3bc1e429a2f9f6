/*
 * program_front_test.c - which programs can be asked first, and what resuming one does
 */
#include "policy/verify.h"
#include "tests/bpf/asm.h"
#include "tests/bpf/fake.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_SIZE	((size_t)1 << 20)

static struct fake *f;
static void *memory;
static const struct program *program;

static void setup(void)
{
	f = malloc(sizeof(*f));
	memory = aligned_alloc(16, ARENA_SIZE);
	fake_init(f);
}

static void teardown(void)
{
	free(f);
	free(memory);
}

/* Lines of @text; the front of what they become. */
static const struct program_front *front_of(const char *text)
{
	struct arena arena;
	struct policy_error err;
	char copy[512], *line, *rest = NULL;

	f->in.insn_count = 0;
	strcpy(copy, text);
	for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		int slots = asm_line(line, &f->insns[f->in.insn_count]);

		ck_assert_msg(slots > 0, "%s", line);
		f->in.insn_count += (uint32_t)slots;
	}
	arena_init(&arena, memory, ARENA_SIZE);
	ck_assert_msg(!verify(&arena, &f->in, &program, &err), "%u: %s", err.insn, err.text);
	return program_front(program, HV_HOOK_NET_OUT);
}

#define SAVE	"r6 = r1\n"
#define ASK	"r3 = 0\nr2 = 2\nr1 = r6\ncall 5\n"
#define JUMP	"r9 = r0\nif r9 >= 7 goto +3\n"
/* 64-bit field 32 of the context, and the row */
#define ROW	"r0 = *(u64 *)(r6 + 32)\nr0 += r9\nexit\n"
#define NONE	"r0 = 3\nexit\n"

START_TEST(what_hvc_begins_with_can_be_asked)
{
	const struct program_front *front = front_of(SAVE ASK JUMP ROW NONE);

	ck_assert_uint_ne(front->resume, 0);
	ck_assert_uint_eq(front->classifier, 2);
	ck_assert_uint_eq(front->limit, 7);
	ck_assert_uint_eq(front->none, 3);
}
END_TEST

START_TEST(a_resumed_program_knows_the_row_and_its_context)
{
	front_of(SAVE ASK JUMP ROW NONE);
	f->ctx.eth_src = 100;
	ck_assert_uint_eq(program_resume(program, HV_HOOK_NET_OUT, NULL, &f->ctx, 0), 100);
	ck_assert_uint_eq(program_resume(program, HV_HOOK_NET_OUT, NULL, &f->ctx, 6), 106);
	ck_assert_uint_eq(program_resume(program, HV_HOOK_NET_OUT, NULL, &f->ctx, 7), 3);
}
END_TEST

START_TEST(the_context_need_not_be_saved)
{
	const struct program_front *front =
		front_of("r3 = 0\nr2 = 1\ncall 5\n" "r9 = r0\nif r9 >= 2 goto +2\n"
			 "r0 = r9\nexit\n" NONE);

	/* r1 is not set anew, so that the call is none of hvc's: it is not taken for one */
	ck_assert_uint_eq(front->resume, 0);
	front = front_of("r3 = 0\nr2 = 1\nr1 = r1\ncall 5\n" "r9 = r0\nif r9 >= 2 goto +2\n"
			 "r0 = r9\nexit\n" NONE);
	ck_assert_uint_ne(front->resume, 0);
	ck_assert_uint_eq(front->classifier, 1);
	ck_assert_uint_eq(program_resume(program, HV_HOOK_NET_OUT, NULL, &f->ctx, 1), 1);
}
END_TEST

/* Each begins a little differently from what the front means. */
START_TEST(any_other_beginning_is_left_to_the_interpreter)
{
	static const char *const texts[] = {
		NONE,
		"r0 = *(u64 *)(r1 + 32)\nexit\n",
		/* from another row than the first */
		SAVE "r3 = 1\nr2 = 2\nr1 = r6\ncall 5\n" JUMP ROW NONE,
		/* the row is asked the other way round, or is not what is compared */
		SAVE ASK "r9 = r0\nif r9 < 7 goto +3\n" ROW NONE,
		SAVE ASK "r9 = r6\nr9 = r0\nr9 += 1\nif r9 >= 7 goto +3\n" ROW NONE,
		SAVE "r7 = 1\n" ASK "r9 = r7\nif r9 >= 7 goto +3\n" ROW NONE,
		/* something happens first */
		SAVE "r7 = *(u64 *)(r6 + 40)\n" ASK JUMP "r0 = r7\nr0 += r9\nexit\n" NONE,
		"r7 = r1\n" "r3 = 0\nr2 = 2\nr1 = r7\ncall 5\n"
		"r9 = r0\nif r9 >= 7 goto +3\n" "r0 = *(u64 *)(r7 + 32)\nr0 += r9\nexit\n" NONE,
		/* when no row holds, more is done than returning a constant */
		SAVE ASK JUMP ROW "r0 = *(u64 *)(r6 + 40)\nexit\n",
		SAVE ASK JUMP ROW "r2 = 0\nr1 = r6\ncall 9\nr0 = 3\nexit\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(front_of(texts[i])->resume == 0, "%s", texts[i]);
}
END_TEST

START_TEST(a_hook_without_program_has_no_front)
{
	front_of(SAVE ASK JUMP ROW NONE);
	ck_assert_uint_eq(program_front(program, HV_HOOK_NET_IN)->resume, 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("program_front");
	TCase *tc = unit_case(s, "front");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_hvc_begins_with_can_be_asked);
	tcase_add_test(tc, a_resumed_program_knows_the_row_and_its_context);
	tcase_add_test(tc, the_context_need_not_be_saved);
	tcase_add_test(tc, any_other_beginning_is_left_to_the_interpreter);
	tcase_add_test(tc, a_hook_without_program_has_no_front);
	return s;
}
