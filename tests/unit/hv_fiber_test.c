/*
 * hv_fiber_test.c - a function that stands still in its middle, on a stack of its own
 */
#include "tests/devmodel/disk_parts.h"
#include "tests/unit/unit.h"

#include <string.h>

static struct disk_parts parts;
static struct disk disk;
static struct disk_long *l;
static unsigned steps;

static void begin(void)
{
	disk = (struct disk){ 0 };
	disk_parts_begin(&parts, &disk, NULL, 1);
	l = disk.longer;
	steps = 0;
}

static bool run(void (*fn)(void *arg), void *arg)
{
	return l->ops->run(l->fiber, fn, arg);
}

static void three_steps(void *arg)
{
	unsigned *to = arg, local = 100;

	for (unsigned i = 0; i < 3; i++) {
		*to = local += i;
		steps++;
		l->ops->pause(l->fiber);
	}
}

START_TEST(a_function_goes_on_where_it_paused)
{
	unsigned got = 0;

	for (unsigned turn = 0; turn < 2; turn++) {
		steps = 0;
		for (unsigned i = 0; i < 3; i++) {
			ck_assert(!run(three_steps, &got));
			ck_assert_uint_eq(steps, i + 1);
			ck_assert_uint_eq(got, i == 0 ? 100 : i == 1 ? 101 : 103);
		}
		ck_assert(run(three_steps, &got));
	}
}
END_TEST

static void at_once(void *arg)
{
	*(unsigned *)arg = 7;
}

START_TEST(a_function_that_does_not_pause_returns_at_once)
{
	unsigned got = 0;

	ck_assert(run(at_once, &got));
	ck_assert_uint_eq(got, 7);
}
END_TEST

START_TEST(what_is_forgotten_never_goes_on)
{
	unsigned a = 0, b = 0;

	ck_assert(!run(three_steps, &a));
	ck_assert(!run(three_steps, &a));
	l->ops->forget(l->fiber);
	ck_assert(!run(three_steps, &b));
	ck_assert_uint_eq(a, 101);
	ck_assert_uint_eq(b, 100);
	ck_assert_uint_eq(steps, 3);
}
END_TEST

/* What a caller may rely on (System V ABI, section 3.2.1), on both sides. */
struct saved {
	uintptr_t before[5], after[5];	/* RBX, R12 to R15 */
	void (*call)(void);
};

static bool keeps(uintptr_t seed, void (*call)(void))
{
	struct saved s = { { seed, seed + 1, seed + 2, seed + 3, seed + 4 }, { 0 }, call }, *at = &s;

	/* the ABI's red zone is the compiler's */
	__asm__ volatile("sub $128, %%rsp; push %%rdi; push %%rdi;"
			 "mov (%%rdi), %%rbx; mov 8(%%rdi), %%r12; mov 16(%%rdi), %%r13; mov 24(%%rdi), %%r14;"
			 "mov 32(%%rdi), %%r15; mov %%rsp, %%rax; and $-16, %%rsp; push %%rax; push %%rax;"
			 "call *80(%%rdi); pop %%rsp; pop %%rdi; mov %%rbx, 40(%%rdi); mov %%r12, 48(%%rdi);"
			 "mov %%r13, 56(%%rdi); mov %%r14, 64(%%rdi); mov %%r15, 72(%%rdi); pop %%rdi; add $128, %%rsp"
			 : "+D"(at) : : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
			   "r15", "memory", "cc");
	return memcmp(s.before, s.after, sizeof(s.before)) == 0;
}

static bool kept_there;

static void pause_once(void)
{
	l->ops->pause(l->fiber);
}

static void on_fiber(void *arg)
{
	/* an object that the ABI aligns */
	_Alignas(16) volatile uint8_t aligned[16] = { 0 };

	ck_assert_uint_eq((uintptr_t)aligned % 16, 0);
	kept_there = keeps(0x1111111111111111, pause_once);
}

static void run_once(void)
{
	run(on_fiber, NULL);
}

START_TEST(registers_are_each_sides_own)
{
	ck_assert(keeps(0x2222222222222222, run_once));
	ck_assert(!kept_there);
	ck_assert(keeps(0x3333333333333333, run_once));
	ck_assert(kept_there);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_fiber");
	TCase *c = unit_case(s, "fiber");

	tcase_add_checked_fixture(c, begin, NULL);
	tcase_add_test(c, a_function_goes_on_where_it_paused);
	tcase_add_test(c, a_function_that_does_not_pause_returns_at_once);
	tcase_add_test(c, what_is_forgotten_never_goes_on);
	tcase_add_test(c, registers_are_each_sides_own);
	return s;
}
