/*
 * hv_wake_timer_test.c - the comparator that ticks: it fires when it was told to, and each NMI is its own or is not
 */
#include "hv/wake_timer.h"
#include "tests/unit/unit.h"

#include <string.h>

/* ---- an HPET whose comparator fires @late after its time, and a processor that keeps one NMI ---- */

#define OURS	2u
#define HZ	10000000u
#define MARGIN	200u		/* 20 us */
#define MS	10000u
#define NEVER	UINT64_MAX

static struct {
	uint64_t now, cmp, period, late, fires_at;
	uint32_t cap, cfg;
	uint32_t held_up_at, held_up_for;	/* before which write of TN_CMP, for how long */
	unsigned compares, wrong;
	bool nmi;
} hpet;
static struct {
	unsigned kicked;			/* NMIs that the caller knows of */
	uint64_t foreign_at;			/* one comes by itself */
	bool behind;				/* and after the first look, not before */
	unsigned looks;
} cpu;
static struct wake_timer t;

static void go_on(uint64_t ticks)
{
	hpet.now += ticks;
	if (hpet.now < hpet.fires_at)
		return;
	hpet.fires_at = NEVER;
	hpet.nmi = true;
	if (hpet.cfg & TN_PERIODIC)
		hpet.cmp = (uint32_t)(hpet.cmp + hpet.period);
}

/* Section 2.3.9: with its 32 bits it fires at once or never where its time is past; here at once. */
static void set_fires_at(void)
{
	uint64_t cmp = hpet.cmp;

	if (hpet.cfg & TN_32BIT) {
		int32_t wait = (int32_t)((uint32_t)cmp - (uint32_t)hpet.now);

		cmp = hpet.now + (wait > 0 ? (uint32_t)wait : 1);
	}
	hpet.fires_at = hpet.cfg & TN_ENABLE ? cmp + hpet.late : NEVER;
}

static uint32_t hpet_get(void *host, uint32_t offset)
{
	switch (offset) {
	case HPET_CAP:
		return hpet.cap;
	case HPET_COUNTER:
		go_on(1);
		return (uint32_t)hpet.now;
	case HPET_COUNTER + 4:
		return (uint32_t)(hpet.now >> 32);
	case HPET_TIMER(OURS, TN_CFG):
		return hpet.cfg;
	case HPET_TIMER(OURS, TN_CMP):
		return (uint32_t)hpet.cmp;
	}
	ck_abort_msg("a read of %x", offset);
	return 0;
}

static void set_cmp(bool high, uint32_t value)
{
	hpet.wrong += hpet.cfg & TN_ENABLE && !(hpet.cfg & TN_PERIODIC);
	if (hpet.cfg & TN_PERIODIC && !(hpet.cfg & TN_SETVAL)) {
		hpet.period = value;
		return;
	}
	if (++hpet.compares == hpet.held_up_at)
		go_on(hpet.held_up_for);
	hpet.cfg &= ~(uint32_t)TN_SETVAL;
	hpet.cmp = high ? (uint32_t)hpet.cmp | (uint64_t)value << 32 : (hpet.cmp & ~UINT64_C(0xffffffff)) | value;
	hpet.period = value;		/* until the next write */
	set_fires_at();
}

static void hpet_put(void *host, uint32_t offset, unsigned size, uint64_t value)
{
	ck_assert_uint_eq(size, 4);
	switch (offset) {
	case HPET_TIMER(OURS, TN_CFG):
		if (value & TN_32BIT)
			hpet.cmp = (uint32_t)hpet.cmp;
		hpet.wrong += value & TN_ENABLE && !(hpet.cfg & TN_ENABLE) && value & TN_PERIODIC && hpet.period != 0x7fffffff;
		hpet.cfg = (hpet.cfg & (TN_PERIODIC_CAP | TN_SIZE_CAP)) | (uint32_t)value;
		set_fires_at();
		return;
	case HPET_TIMER(OURS, TN_CMP): case HPET_TIMER(OURS, TN_CMP) + 4:
		set_cmp(offset & 4, (uint32_t)value);
		return;
	}
	ck_abort_msg("a write of %x", offset);
}

static const struct hpet_bus bus = { NULL, hpet_get, hpet_put };

/* What waited, then what came meanwhile. */
static uint32_t take(void *arg)
{
	uint32_t taken = 0;

	ck_assert_ptr_eq(arg, &cpu);
	for (unsigned i = 0; i < 2; i++) {
		if (cpu.foreign_at <= hpet.now && (!cpu.behind || cpu.looks > 0)) {
			cpu.foreign_at = NEVER;
			hpet.nmi = true;
		}
		taken += hpet.nmi;
		hpet.nmi = false;
		go_on(i == 0 ? 5 : 0);
		cpu.looks++;
	}
	if (taken > 0 && cpu.kicked > 0) {
		taken--;
		cpu.kicked--;
	}
	return taken;
}

/* How many are the guest's; @ticked is what it must say. */
static uint32_t taken(bool ticked)
{
	bool is = !ticked;
	uint32_t foreign;

	cpu.looks = 0;
	foreign = wake_timer_take(&t, take, &cpu, &is);
	ck_assert(is == ticked);
	return foreign;
}

static void setup(uint32_t cap, uint32_t cfg, uint64_t now)
{
	memset(&hpet, 0, sizeof(hpet));
	hpet.cap = cap;
	hpet.cfg = cfg;
	hpet.now = now;
	hpet.fires_at = NEVER;
	memset(&cpu, 0, sizeof(cpu));
	cpu.foreign_at = NEVER;
	wake_timer_init(&t, &bus, OURS, TN_FSB_ENABLE, HZ);
}

static void setup_telling(void)
{
	setup(CAP_64BIT, TN_PERIODIC_CAP | TN_SIZE_CAP, 1000);
	wake_timer_arm(&t, 1000);
}

static void setup_silent(void)
{
	setup(CAP_64BIT, TN_SIZE_CAP, 1000);
	wake_timer_arm(&t, 1000);
}

static void teardown(void)
{
	ck_assert_uint_eq(hpet.wrong, 0);
}

static void come(void)
{
	cpu.foreign_at = hpet.now;
}

/* ---- one that tells ---- */

START_TEST(a_tick_is_its_own)
{
	ck_assert(hpet.cfg == (TN_FSB_ENABLE | TN_ENABLE | TN_PERIODIC | TN_PERIODIC_CAP | TN_SIZE_CAP | TN_32BIT));
	go_on(MS - 10);
	ck_assert(!hpet.nmi);
	go_on(20);
	ck_assert(hpet.nmi);
	ck_assert_uint_eq(taken(true), 0);
	ck_assert_uint_eq(taken(false), 0);
	wake_timer_arm(&t, 2000);
	go_on(MS + 100);
	ck_assert_uint_eq(taken(false), 0);
	go_on(MS);
	ck_assert_uint_eq(taken(true), 0);
}
END_TEST

START_TEST(others_are_the_guest_s)
{
	come();
	ck_assert_uint_eq(taken(false), 1);
	come();
	cpu.kicked = 1;
	ck_assert_uint_eq(taken(false), 0);	/* two that are one */
	go_on(2 * MS);
	ck_assert_uint_eq(taken(true), 0);
	come();
	ck_assert_uint_eq(taken(false), 1);
}
END_TEST

START_TEST(one_that_comes_while_ours_is_late_is_the_guest_s)
{
	hpet.late = 5 * MS;
	wake_timer_settle(&t);
	wake_timer_arm(&t, 1000);
	go_on(2 * MS);
	come();
	ck_assert_uint_eq(taken(false), 1);
	ck_assert(t.armed);
	go_on(4 * MS);
	ck_assert_uint_eq(taken(true), 0);
}
END_TEST

START_TEST(one_that_comes_behind_ours_is_the_guest_s)
{
	go_on(2 * MS);
	come();
	cpu.behind = true;
	ck_assert_uint_eq(taken(true), 1);
}
END_TEST

START_TEST(ours_that_comes_behind_another_is_no_other)
{
	uint64_t left = hpet.fires_at - hpet.now;

	go_on(left - 5);
	come();
	ck_assert_uint_eq(taken(true), 1);
	ck_assert_uint_eq(taken(false), 0);
}
END_TEST

START_TEST(a_tick_that_a_kick_hides_is_one)
{
	uint64_t now;

	go_on(2 * MS);
	cpu.kicked = 1;
	now = hpet.now;
	ck_assert_uint_eq(taken(true), 0);
	ck_assert_uint_lt(hpet.now - now, 100);
	/* it may still be on its way: so long it is waited for, and no longer */
	wake_timer_arm(&t, 1000);
	go_on(hpet.fires_at - hpet.now);
	cpu.kicked = 1;
	now = hpet.now;
	ck_assert_uint_eq(taken(true), 0);
	ck_assert_uint_ge(hpet.now - now, MARGIN);
	ck_assert_uint_lt(hpet.now - now, 2 * MARGIN);
}
END_TEST

START_TEST(a_tick_on_its_way_is_waited_for)
{
	go_on(hpet.fires_at - hpet.now);
	hpet.nmi = false;
	cpu.foreign_at = hpet.now + MARGIN / 2;		/* it is this one */
	ck_assert_uint_eq(taken(true), 0);
	ck_assert(cpu.foreign_at == NEVER);
}
END_TEST

START_TEST(what_is_stopped_before_its_time_is_not_owed)
{
	wake_timer_settle(&t);
	ck_assert(!t.armed);
	/* the counter is set: what was its time is past */
	go_on(40 * MS);
	wake_timer_arm(&t, 4000);
	go_on(MS);
	come();
	ck_assert_uint_eq(taken(false), 1);
	go_on(4 * MS);
	ck_assert_uint_eq(taken(true), 0);
}
END_TEST

START_TEST(what_is_stopped_while_it_is_late_is_not_owed)
{
	hpet.late = 5 * MS;
	wake_timer_settle(&t);
	wake_timer_arm(&t, 1000);
	go_on(2 * MS);
	wake_timer_settle(&t);
	go_on(10 * MS);
	ck_assert(!hpet.nmi);
	come();
	ck_assert_uint_eq(taken(false), 1);
}
END_TEST

START_TEST(what_has_fired_is_owed_however_long_it_takes)
{
	go_on(2 * MS);
	wake_timer_settle(&t);
	wake_timer_settle(&t);
	go_on(HZ);
	ck_assert_uint_eq(taken(false), 0);
	come();
	ck_assert_uint_eq(taken(false), 1);
}
END_TEST

START_TEST(two_of_ours_that_wait_are_one)
{
	go_on(2 * MS);
	wake_timer_settle(&t);
	wake_timer_arm(&t, 1000);
	go_on(2 * MS);
	come();
	cpu.behind = true;
	ck_assert_uint_eq(taken(true), 1);
	come();
	ck_assert_uint_eq(taken(false), 1);
}
END_TEST

/* On both sides, since a write takes its time and so does an NMI. */
START_TEST(nothing_is_stopped_close_to_its_time)
{
	uint64_t due = hpet.fires_at;

	go_on(due - hpet.now - MARGIN - 10);
	wake_timer_settle(&t);
	ck_assert_uint_lt(hpet.now, due - MARGIN + 10);
	ck_assert(!t.owed);
	wake_timer_arm(&t, 1000);
	due = hpet.fires_at;
	go_on(due - hpet.now - MARGIN + 10);
	wake_timer_settle(&t);
	ck_assert_uint_gt(hpet.now, due + MARGIN);
	ck_assert_uint_lt(hpet.now, due + MARGIN + 10);
	ck_assert(t.owed);
}
END_TEST

START_TEST(who_is_held_up_sets_it_again)
{
	wake_timer_settle(&t);
	hpet.held_up_at = hpet.compares + 1;
	hpet.held_up_for = 2 * MS;
	wake_timer_arm(&t, 1000);
	ck_assert_uint_eq(hpet.compares, hpet.held_up_at + 1);
	ck_assert(t.owed);			/* this one came at once */
	ck_assert_uint_gt(hpet.fires_at - hpet.now, 2 * MS - 100);
	ck_assert_uint_eq(taken(false), 0);
	come();
	ck_assert_uint_eq(taken(false), 1);
	go_on(2 * MS);
	ck_assert_uint_eq(taken(true), 0);
}
END_TEST

/* The counter goes on by one when it is looked at. */
START_TEST(on_its_time_is_too_late_and_before_it_is_not)
{
	wake_timer_settle(&t);
	hpet.held_up_at = hpet.compares + 1;
	hpet.held_up_for = MS - 2;
	wake_timer_arm(&t, 1000);
	ck_assert_uint_eq(hpet.compares, hpet.held_up_at);
	wake_timer_settle(&t);
	hpet.held_up_at = hpet.compares + 1;
	hpet.held_up_for = MS - 1;
	wake_timer_arm(&t, 1000);
	ck_assert_uint_eq(hpet.compares, hpet.held_up_at + 1);
}
END_TEST

START_TEST(it_ticks_across_the_counter_s_wrap)
{
	setup(CAP_64BIT, TN_PERIODIC_CAP | TN_SIZE_CAP, UINT64_C(0x5ffffffff) - MS);
	wake_timer_arm(&t, 2000);
	ck_assert_uint_eq(t.due, MS);
	go_on(MS + MS / 2);
	ck_assert_uint_eq(taken(false), 0);
	go_on(MS);
	ck_assert_uint_eq(taken(true), 0);
}
END_TEST

START_TEST(beyond_is_more_than_so_many_ticks_away)
{
	uint32_t left = (uint32_t)(hpet.fires_at - hpet.now);

	/* the counter goes on by two while it looks */
	ck_assert(wake_timer_is_beyond(&t, left - 3));
	ck_assert(!wake_timer_is_beyond(&t, left - 4));
	hpet.late = MS;
	wake_timer_settle(&t);
	ck_assert(!wake_timer_is_beyond(&t, 0));
	wake_timer_arm(&t, 1000);
	go_on(MS + MS / 2);
	ck_assert(!wake_timer_is_beyond(&t, 0));
	go_on(MS);
	ck_assert(hpet.nmi);
	ck_assert(!wake_timer_is_beyond(&t, 0));
}
END_TEST

START_TEST(without_a_timer_all_is_the_guest_s)
{
	memset(&t, 0, sizeof(t));
	come();
	ck_assert_uint_eq(taken(false), 1);
	ck_assert_uint_eq(taken(false), 0);
}
END_TEST

/* ---- one that does not tell ---- */

START_TEST(its_time_tells)
{
	ck_assert(hpet.cfg == (TN_FSB_ENABLE | TN_ENABLE | TN_SIZE_CAP));
	come();
	ck_assert_uint_eq(taken(false), 1);
	go_on(2 * MS);
	ck_assert_uint_eq(taken(true), 0);
	wake_timer_arm(&t, 1000);
	go_on(2 * MS);
	wake_timer_settle(&t);
	ck_assert_uint_eq(taken(false), 0);
}
END_TEST

START_TEST(its_halves_are_set_together)
{
	setup(CAP_64BIT, TN_SIZE_CAP, UINT64_C(0x5ffffffff) - MS);
	wake_timer_arm(&t, 2000);
	ck_assert_uint_eq(hpet.cmp, UINT64_C(0x600000000) + MS);
	go_on(3 * MS);
	ck_assert_uint_eq(taken(true), 0);
	wake_timer_arm(&t, 1000);
	ck_assert_uint_eq(hpet.cmp >> 32, 6);
	go_on(2 * MS);
	ck_assert_uint_eq(taken(true), 0);
}
END_TEST

START_TEST(with_half_its_bits_it_is_never_set_beyond_the_wrap)
{
	static const uint32_t cfg[] = { 0, TN_SIZE_CAP }, cap[] = { CAP_64BIT, 0 };

	for (unsigned i = 0; i < 2; i++) {
		setup(cap[i], cfg[i], UINT64_C(0x5ffffffff) - MS);
		ck_assert(hpet.cfg & TN_32BIT);
		wake_timer_arm(&t, 2000);
		ck_assert_uint_eq(t.due, UINT32_MAX);
		go_on(MS + 10);
		ck_assert_uint_eq(taken(true), 0);
		ck_assert_uint_eq(hpet.wrong, 0);
	}
	hpet.now = UINT64_C(0x700000000) - MARGIN - 2;
	wake_timer_arm(&t, 1000);
	ck_assert_uint_eq(t.due, UINT32_MAX);
	wake_timer_settle(&t);
	/* and so close to it that it would be missed, after it */
	hpet.now = UINT64_C(0x800000000) - MARGIN - 1;
	wake_timer_arm(&t, 1000);
	ck_assert_uint_ge(hpet.now, UINT64_C(0x800000000));
	ck_assert_uint_lt(t.due, 2 * MS);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_wake_timer");
	TCase *tc = unit_case(s, "tells");

	tcase_add_checked_fixture(tc, setup_telling, teardown);
	tcase_add_test(tc, a_tick_is_its_own);
	tcase_add_test(tc, others_are_the_guest_s);
	tcase_add_test(tc, one_that_comes_while_ours_is_late_is_the_guest_s);
	tcase_add_test(tc, one_that_comes_behind_ours_is_the_guest_s);
	tcase_add_test(tc, ours_that_comes_behind_another_is_no_other);
	tcase_add_test(tc, a_tick_that_a_kick_hides_is_one);
	tcase_add_test(tc, a_tick_on_its_way_is_waited_for);
	tcase_add_test(tc, what_is_stopped_before_its_time_is_not_owed);
	tcase_add_test(tc, what_is_stopped_while_it_is_late_is_not_owed);
	tcase_add_test(tc, what_has_fired_is_owed_however_long_it_takes);
	tcase_add_test(tc, two_of_ours_that_wait_are_one);
	tcase_add_test(tc, nothing_is_stopped_close_to_its_time);
	tcase_add_test(tc, who_is_held_up_sets_it_again);
	tcase_add_test(tc, on_its_time_is_too_late_and_before_it_is_not);
	tcase_add_test(tc, it_ticks_across_the_counter_s_wrap);
	tcase_add_test(tc, beyond_is_more_than_so_many_ticks_away);
	tcase_add_test(tc, without_a_timer_all_is_the_guest_s);
	tc = unit_case(s, "does not tell");
	tcase_add_checked_fixture(tc, setup_silent, teardown);
	tcase_add_test(tc, its_time_tells);
	tcase_add_test(tc, its_halves_are_set_together);
	tcase_add_test(tc, with_half_its_bits_it_is_never_set_beyond_the_wrap);
	return s;
}
