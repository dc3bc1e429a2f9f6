/*
 * hv_counters_test.c - exits, registers and offences are counted, and reach the log within bounds
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/counters.h"
#include "hv/mem/pages.h"
#include "hv/panic.h"
#include "tests/unit/hv_log_lab.h"
#include "tests/unit/unit.h"

#define SECOND	UINT64_C(1000000)

#undef fail		/* an old word of Check's */

static jmp_buf failed;

void fail(const char *format, ...)
{
	(void)format;
	longjmp(failed, 1);
}

/* Exactly as large as it was asked for is not enough to see a row too many: pages are. */
void *pages_alloc(uint64_t count)
{
	return calloc(count, PAGE_SIZE);
}

static struct counter_row all_of(const struct counter_device *d)
{
	struct counter_row sum = d->other;

	for (uint32_t i = 0; i < d->count; i++) {
		sum.reads += d->rows[i].reads;
		sum.writes += d->rows[i].writes;
	}
	return sum;
}

START_TEST(registers_have_rows_up_to_the_span_and_share_one_beyond)
{
	struct counter_device *d = counters_device("d", 0x1000);

	ck_assert_uint_eq(d->count, 0x400);
	counters_access(d, 0, false);
	counters_access(d, 3, true);
	counters_access(d, 4, true);
	counters_access(d, 0xfff, false);
	counters_access(d, 0x1000, false);
	counters_access(d, UINT64_MAX, true);
	ck_assert_uint_eq(d->rows[0].reads, 1);
	ck_assert_uint_eq(d->rows[0].writes, 1);
	ck_assert_uint_eq(d->rows[1].writes, 1);
	ck_assert_uint_eq(d->rows[0x3ff].reads, 1);
	ck_assert_uint_eq(d->other.reads, 1);
	ck_assert_uint_eq(d->other.writes, 1);
}
END_TEST

START_TEST(a_span_is_at_most_so_long_and_at_least_a_register)
{
	struct counter_device *d = counters_device("long", COUNTERS_SPAN_MAX + 4);

	ck_assert_uint_eq(d->count, COUNTERS_SPAN_MAX / 4);
	counters_access(d, COUNTERS_SPAN_MAX - 1, false);
	counters_access(d, COUNTERS_SPAN_MAX, false);
	ck_assert_uint_eq(d->rows[d->count - 1].reads, 1);
	ck_assert_uint_eq(d->other.reads, 1);
	ck_assert_uint_eq(counters_device("one", 1)->count, 1);
	ck_assert_uint_eq(counters_device("two", 5)->count, 2);
}
END_TEST

START_TEST(numbers_find_their_rows_again)
{
	struct counter_device *d = counters_device("msr", 0);

	for (unsigned i = 0; i < 1000; i++) {
		counters_access(d, 0xc0000080, i % 2);
		counters_access(d, 0, false);
		counters_access(d, COUNTERS_OTHER, false);
	}
	ck_assert(d->numbered);
	ck_assert_uint_eq(d->other.reads, 1000);
	ck_assert_uint_eq(d->other.writes, 0);
	for (uint32_t i = 0; i < d->count; i++) {
		if (d->rows[i].key == 0xc0000081)
			ck_assert(d->rows[i].reads == 500 && d->rows[i].writes == 500);
		else if (d->rows[i].key == 1)
			ck_assert(d->rows[i].reads == 1000 && d->rows[i].writes == 0);
		else
			ck_assert_uint_eq(d->rows[i].key, 0);
	}
}
END_TEST

START_TEST(more_numbers_than_rows_lose_no_access)
{
	struct counter_device *d = counters_device("ports", 0);
	struct counter_row all;
	uint32_t used = 0;

	for (unsigned i = 0; i < 65536; i++)
		counters_access(d, i, i % 3 == 0);
	all = all_of(d);
	ck_assert_uint_eq(all.reads + all.writes, 65536);
	ck_assert_uint_eq(all.writes, 65536 / 3 + 1);
	for (uint32_t i = 0; i < d->count; i++) {
		used += d->rows[i].key != 0;
		ck_assert_uint_le(d->rows[i].reads + d->rows[i].writes, 1);
	}
	ck_assert_uint_eq(used, COUNTERS_NUMBERED);
}
END_TEST

START_TEST(one_device_too_many_fails_the_start)
{
	volatile unsigned n = 0;

	if (setjmp(failed) == 0) {
		for (;; n++)
			counters_device("d", 4);
	}
	ck_assert_uint_eq(n, COUNTERS_DEVICES_MAX);
	ck_assert_uint_eq(counters_device_count(), COUNTERS_DEVICES_MAX);
}
END_TEST

#define THREADS	4
#define ROUNDS	100000

static void *hammer(void *arg)
{
	for (unsigned i = 0; i < ROUNDS; i++)
		counters_access(arg, i % 300, i % 2);
	return NULL;
}

START_TEST(processors_count_at_once_and_lose_nothing)
{
	struct counter_device *d = counters_device("d", 0);
	pthread_t t[THREADS];
	struct counter_row all;

	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, hammer, d), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	all = all_of(d);
	ck_assert_uint_eq(all.reads, THREADS * ROUNDS / 2);
	ck_assert_uint_eq(all.writes, THREADS * ROUNDS / 2);
	/* no number has two rows */
	for (uint32_t i = 0; i < d->count; i++)
		for (uint32_t j = i + 1; j < d->count; j++)
			ck_assert(!d->rows[i].key || d->rows[i].key != d->rows[j].key);
}
END_TEST

START_TEST(processors_count_for_themselves_on_lines_of_their_own)
{
	ck_assert_uint_eq(sizeof(struct cpu_counters) % 64, 0);
	ck_assert_uint_eq((uintptr_t)cpu_counters % 64, 0);
	cpu_count = 2;
	counters_exit(0, VMEXIT_PAGE);
	counters_exit(1, VMEXIT_PAGE);
	counters_exit(1, VMEXIT_PAGE);
	counters_exit(2, VMEXIT_PAGE);		/* there is none */
	counters_offence(1, OFFENCE_MSR);
	ck_assert_uint_eq(counters_exits(VMEXIT_PAGE), 3);
	ck_assert_uint_eq(counters_exits(VMEXIT_IO), 0);
	ck_assert_uint_eq(counters_offences(OFFENCE_MSR), 1);
}
END_TEST

static void expect(const char *text)
{
	struct lab_line l;

	ck_assert_msg(lab_next(&l), "no line, %s was expected", text);
	ck_assert_str_eq(l.text, text);
}

static void two_counts(counters_say_fn *say, uint32_t rows)
{
	ck_assert_uint_eq(rows, 16);
	say("e1000-00:02.0", 1, "frames sent", NULL);
	say("policy", 2, "hits of rule", "a");
}

START_TEST(a_report_has_everything_that_is_not_zero)
{
	struct counter_device *ahci = counters_device("ahci", 0x1000), *msr = counters_device("msr", 0);
	struct lab_line l;

	counters_device("unused", 0x1000);
	cpu_count = 2;
	for (unsigned i = 0; i < 3; i++)
		counters_exit(1, VMEXIT_PAGE);
	counters_exit(0, VMEXIT_PAGE);
	counters_exit(0, VMEXIT_OTHER);
	counters_access(ahci, 0x10, false);
	counters_access(ahci, 0x138, false);
	counters_access(ahci, 0x138, true);
	counters_access(ahci, 0x2000, true);
	counters_access(msr, 0xc0000080, false);
	counters_offence(1, OFFENCE_FAULT);
	for (unsigned i = 0; i < 20; i++) {
		counters_offence(0, OFFENCE_MSR);
		log_guest(OFFENCE_MSR, "msr");
	}
	lab_drain();
	for (unsigned i = 0; i < 8; i++)
		expect("guest: msr");
	counters_source(two_counts);
	counters_report("restart", true);
	counters_source(NULL);
	ck_assert(!log_pending());
	expect("counters: begin restart");
	expect("exits: page 4");
	expect("exits: other 1");
	expect("exits: cpu0: page 1 other 1");
	expect("exits: cpu1: page 3");
	expect("device: ahci 2 reads 2 writes");
	expect("register: ahci 0x138 1 reads 1 writes");
	expect("register: ahci 0x10 1 reads 0 writes");
	expect("register: ahci other 0 reads 1 writes");
	expect("device: msr 1 reads 0 writes");
	expect("register: msr 0xc0000080 1 reads 0 writes");
	expect("count: e1000-00:02.0 1 frames sent");
	expect("count: policy 2 hits of rule \"a\"");
	expect("offence: fault 1 said 0");
	expect("offence: msr 20 said 8");
	expect("rate: 0 exits a second, 0 at most, 1 seconds");
	expect("counters: end 17 lines");
	ck_assert(!lab_next(&l));
}
END_TEST

/* @n registers, the later the more often: register i has i + 1 accesses. */
static void use(struct counter_device *d, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j <= i; j++)
			counters_access(d, (uint64_t)i * 4, false);
}

static void check_most_used(unsigned used, unsigned shown)
{
	char text[64];
	unsigned rest = 0;
	struct lab_line l;

	lab_find("device: d");
	for (unsigned i = 0; i < shown; i++) {
		snprintf(text, sizeof(text), "register: d 0x%x %u reads 0 writes", (used - 1 - i) * 4, used - i);
		expect(text);
	}
	for (unsigned i = 0; i < used - shown; i++)
		rest += i + 1;
	if (rest) {
		snprintf(text, sizeof(text), "register: d other %u reads 0 writes", rest);
		expect(text);
	}
	ck_assert(lab_next(&l));
	ck_assert_msg(!strncmp(l.text, "rate:", 5), "%s", l.text);
}

START_TEST(the_most_used_registers_are_told_and_the_others_summed)
{
	struct counter_device *d = counters_device("d", 0x1000);

	use(d, 16);
	counters_report("a", false);
	ck_assert_uint_eq(lab.len, 0);		/* nobody waits for the line */
	lab_drain();
	check_most_used(16, 16);
	memset(d->rows, 0, d->count * sizeof(*d->rows));
	use(d, 17);
	counters_report("b", false);
	lab_drain();
	check_most_used(17, 16);
	log_level(LOG_DEBUG);
	memset(d->rows, 0, d->count * sizeof(*d->rows));
	use(d, 65);
	counters_report("c", false);
	lab_drain();
	check_most_used(65, 64);
}
END_TEST

START_TEST(a_report_fits_the_ring_whatever_the_guest_touched)
{
	struct lab_line l;

	for (unsigned n = 0; n < 12; n++) {
		struct counter_device *d = counters_device("a-device-with-a-long-name", 0x6000);

		for (unsigned i = 0; i < 0x6000; i += 4)
			counters_access(d, i, false);
	}
	counters_report("all", false);
	ck_assert_uint_eq(log_lost(), 0);
	lab_drain();
	l = lab_find("counters: end");
	ck_assert_str_eq(l.text, "counters: end 219 lines");
	ck_assert_uint_lt(lab.len, LOG_RING / 2);
}
END_TEST

START_TEST(the_last_report_waits_for_the_line_and_loses_nothing)
{
	log_level(LOG_DEBUG);
	for (unsigned n = 0; n < COUNTERS_DEVICES_MAX - 1; n++)
		use(counters_device("a-device-with-quite-a-long-name-of-its-own", 0x1000), 70);
	counters_report("the end", true);
	ck_assert_uint_eq(log_lost(), 0);
	ck_assert(!log_pending());
	ck_assert_uint_gt(lab.len, 2 * LOG_RING);
	lab_find("counters: end");
}
END_TEST

static void report_too(void)
{
	counters_report("meanwhile", false);
}

/* A processor that finds another one reporting goes on: here it would wait for itself for ever. */
START_TEST(one_report_at_a_time)
{
	use(counters_device("d", 0x1000), 3);
	lab.on_byte = report_too;
	counters_report("the end", true);
	ck_assert_ptr_null(strstr(lab.sent, "meanwhile"));
	lab_find("counters: end");
}
END_TEST

/* The guest waits as long as a report takes. */
START_TEST(a_report_on_the_way_sends_nothing_itself)
{
	use(counters_device("d", 0x1000), 3);
	counters_report("on the way", false);
	ck_assert_uint_eq(lab.len, 0);
	ck_assert(log_pending());
	lab_drain();
	lab_find("counters: end");
}
END_TEST

START_TEST(a_summary_comes_once_a_minute_when_something_happened)
{
	struct lab_line l;

	lab.now = 0;
	for (unsigned s = 0; s < 60; s++) {
		lab.now = s * SECOND + 5;
		for (unsigned i = 0; i < (s == 30 ? 1000 : 10); i++)
			counters_exit(0, VMEXIT_CPUID);
		counters_tick();
		counters_tick();
	}
	lab_drain();
	ck_assert(!lab_next(&l));
	counters_offence(0, OFFENCE_PORT);
	lab.now = 60 * SECOND + 5;
	counters_tick();
	lab_drain();
	expect("summary: 1590 exits, 0 a second, 1000 at most; 1 offences; 0 lines lost");
	/* only our own ticks: nothing happened */
	for (unsigned s = 61; s < 300; s++) {
		counters_exit(0, VMEXIT_NMI);
		lab.now = s * SECOND + 5;
		counters_tick();
	}
	lab_drain();
	ck_assert(!lab_next(&l));
	counters_offence(0, OFFENCE_BAR);	/* no offence to speak of */
	counters_tick();
	ck_assert(!log_pending());
	counters_exit(0, VMEXIT_IO);
	lab.now = 300 * SECOND + 5;
	counters_tick();
	lab_drain();
	expect("summary: 1830 exits, 1 a second, 1000 at most; 1 offences; 0 lines lost");
	ck_assert(!lab_next(&l));
	counters_report("the lock is free", true);
	expect("counters: begin the lock is free");
}
END_TEST

START_TEST(a_summary_waits_for_a_line_that_is_idle)
{
	struct lab_line l;

	log_line("something to send");
	counters_exit(0, VMEXIT_IO);
	lab.now = 61 * SECOND;
	counters_tick();
	lab_drain();
	expect("something to send");
	ck_assert(!lab_next(&l));
	lab.now = 62 * SECOND;
	counters_tick();
	lab_drain();
	lab_find("summary: 1 exits");
}
END_TEST

START_TEST(with_debug_the_summary_brings_the_counters)
{
	log_level(LOG_DEBUG);
	counters_exit(0, VMEXIT_IO);
	lab.now = 61 * SECOND;
	counters_tick();
	lab_drain();
	lab_find("summary: 1 exits");
	expect("counters: begin each minute");
	lab_find("counters: end 4 lines");
}
END_TEST

START_TEST(a_clock_that_goes_back_does_no_harm)
{
	struct lab_line l;

	lab.now = 100 * SECOND;
	counters_exit(0, VMEXIT_IO);
	counters_tick();
	lab.now = 50 * SECOND;
	counters_exit(0, VMEXIT_IO);
	counters_tick();
	lab_drain();
	lab_find("summary: 1 exits");
	ck_assert(!lab_next(&l));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv counters");
	TCase *t = unit_case(s, "registers");

	lab_own_process();
	tcase_add_test(t, registers_have_rows_up_to_the_span_and_share_one_beyond);
	tcase_add_test(t, a_span_is_at_most_so_long_and_at_least_a_register);
	tcase_add_test(t, numbers_find_their_rows_again);
	tcase_add_test(t, more_numbers_than_rows_lose_no_access);
	tcase_add_test(t, one_device_too_many_fails_the_start);
	tcase_add_test(t, processors_count_at_once_and_lose_nothing);
	tcase_add_test(t, processors_count_for_themselves_on_lines_of_their_own);
	t = unit_case(s, "report");
	tcase_add_test(t, a_report_has_everything_that_is_not_zero);
	tcase_add_test(t, the_most_used_registers_are_told_and_the_others_summed);
	tcase_add_test(t, a_report_fits_the_ring_whatever_the_guest_touched);
	tcase_add_test(t, the_last_report_waits_for_the_line_and_loses_nothing);
	tcase_add_test(t, one_report_at_a_time);
	tcase_add_test(t, a_report_on_the_way_sends_nothing_itself);
	t = unit_case(s, "ticks");
	tcase_add_test(t, a_summary_comes_once_a_minute_when_something_happened);
	tcase_add_test(t, a_summary_waits_for_a_line_that_is_idle);
	tcase_add_test(t, with_debug_the_summary_brings_the_counters);
	tcase_add_test(t, a_clock_that_goes_back_does_no_harm);
	return s;
}
