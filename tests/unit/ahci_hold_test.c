/*
 * ahci_hold_test.c - commands that end one after another are told together: when, until when, and what is told at once
 */
#include "tests/unit/ahci_lab.h"

#define MS		UINT64_C(1000000)

static unsigned awaited;
static bool tells;		/* somebody can tell when the processor halts */

static bool await_halt(void *host)
{
	awaited++;
	return tells;
}

static void begin(void)
{
	lab_begin(NULL, 1u << 20);
	lab.ops.await_halt = await_halt;
	awaited = 0;
	tells = true;
}

static bool is_held(unsigned port)
{
	return !(REG(port, PxIE) & IS_PROGRESS);
}

static void expect_told(unsigned port)
{
	ck_assert_uint_eq(REG(port, PxIE) & IS_PROGRESS, IS_PROGRESS);
}

static void ask(unsigned port, unsigned slot)
{
	lab_ask(port, slot, lab_queued(slot, false, slot * 8, 8));
}

/* As Linux handles an interrupt of @port. */
static void handle(unsigned port)
{
	lab_access(HBA_IS, false, 0);
	lab_write(port, PxIS, lab_read(port, PxIS));
	lab_read(port, PxSACT);
	lab_access(HBA_IS, true, 1u << port);
}

/* Two commands and their end: the next ones are held from the first on. */
static void send_two(void)
{
	ask(0, 0);
	ask(0, 1);
	dev_do(0, 0);
	dev_do(0, 1);
	ahci_halts(lab.h);
	handle(0);
	expect_told(0);
	ck_assert_uint_eq(COUNT(HELD), 1);
}

/* ---- when ---- */

START_TEST(the_second_command_holds_what_ends_until_the_processor_halts)
{
	ask(0, 0);
	expect_told(0);
	ask(0, 1);
	ck_assert(is_held(0));
	ck_assert(!ahci_rests(lab.h));		/* the next access need not be another exit */
	dev_do(0, 0);
	dev_do(0, 1);
	ck_assert(!lab_line());
	ck_assert_uint_eq(lab_read(0, PxIE), UINT32_MAX & 0xfdc000ff);
	ahci_halts(lab.h);
	expect_told(0);
	ck_assert(lab_line());
	handle(0);
	ck_assert(!lab_line());
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	lab_expect_data(0, 0, 4096);
	lab_expect_data(1, 8, 4096);
	ck_assert_uint_eq(COUNT(HELD), 1);
	ck_assert_uint_eq(awaited, 1);
}
END_TEST

START_TEST(two_at_once_are_two)
{
	lab_put(0, 0, lab_queued(0, false, 0, 8));
	lab_put(0, 1, lab_queued(1, false, 8, 8));
	lab_write(0, PxSACT, 3);
	lab_write(0, PxCI, 3);
	ck_assert(is_held(0));
}
END_TEST

START_TEST(after_several_the_first_is_held)
{
	send_two();
	ask(0, 2);
	ck_assert(is_held(0));
	ask(0, 3);
	ask(0, 4);
	ck_assert(is_held(0));
	ck_assert_uint_eq(COUNT(HELD), 2);	/* once for all of them */
	ck_assert_uint_eq(awaited, 2);
}
END_TEST

START_TEST(after_one_alone_the_first_is_told)
{
	send_two();
	ask(0, 2);
	dev_do(0, 2);
	ahci_halts(lab.h);
	handle(0);
	ask(0, 3);
	expect_told(0);
	dev_do(0, 3);
	handle(0);
	ask(0, 4);
	expect_told(0);
	ck_assert_uint_eq(COUNT(HELD), 2);
}
END_TEST

START_TEST(what_is_on_its_way_to_the_guest_is_not_taken_back)
{
	ask(0, 0);
	dev_do(0, 0);
	ck_assert(lab_line());
	ask(0, 1);
	expect_told(0);
	ck_assert(lab_line());
	handle(0);
	ask(0, 2);		/* the first after two */
	ck_assert(is_held(0));
}
END_TEST

START_TEST(each_port_has_its_own)
{
	ask(0, 0);
	ask(1, 0);
	expect_told(0);
	expect_told(1);
	ask(1, 1);
	expect_told(0);
	ck_assert(is_held(1));
	ask(0, 1);
	ck_assert(is_held(0));
	ahci_halts(lab.h);
	expect_told(0);
	expect_told(1);
}
END_TEST

/* ---- where not ---- */

START_TEST(nothing_is_held_where_nobody_tells_of_a_halt)
{
	if (_i)
		tells = false;
	else
		lab.ops.await_halt = NULL;
	ask(0, 0);
	ask(0, 1);
	expect_told(0);
	ck_assert_uint_eq(COUNT(HELD), 0);
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 0);
}
END_TEST

START_TEST(nothing_is_held_of_a_guest_that_is_not_interrupted)
{
	if (_i)
		lab_write(0, PxIE, PxIS_TFES);
	else
		lab_access(HBA_GHC, true, GHC_AE);
	ask(0, 0);
	ask(0, 1);
	ck_assert_uint_eq(awaited, 0);
	ck_assert_uint_eq(REG(0, PxIE), _i ? PxIS_TFES : 0xfdc000ff);
}
END_TEST

/* ---- until when ---- */

START_TEST(a_guest_that_sends_no_more_and_does_not_halt_is_told)
{
	ask(0, 0);
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 0);
	ask(0, 1);
	dev_do(0, 0);
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 250);
	lab.now += 2 * MS - 10000;
	ahci_poll(lab.h);
	ck_assert(is_held(0));
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 250);
	lab.now += 10000;
	ahci_poll(lab.h);
	expect_told(0);
	ck_assert(lab_line());
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 0);
	ck_assert_uint_eq(COUNT(HELD_LONG), 1);
}
END_TEST

START_TEST(a_guest_that_goes_on_sending_is_told_after_ten_milliseconds)
{
	ask(0, 0);
	for (unsigned slot = 1; slot < 11; slot++) {
		ask(0, slot);
		ck_assert(is_held(0));
		lab.now += MS;
		ahci_poll(lab.h);
		ck_assert(slot == 10 || is_held(0));
	}
	expect_told(0);
	ck_assert_uint_eq(COUNT(HELD_LONG), 1);
}
END_TEST

/* What is held from @slot on ends by time. */
static void hold_too_long(unsigned slot)
{
	ask(0, slot);
	ask(0, slot + 1);
	ck_assert(is_held(0));
	lab.now += 2 * MS;
	ahci_poll(lab.h);
	expect_told(0);
}

/* Is something held @ns later? */
static bool is_held_after(uint64_t ns, unsigned slot)
{
	bool held;

	lab.now += ns;
	ask(0, slot);
	held = is_held(0);
	ahci_halts(lab.h);
	return held;
}

START_TEST(a_guest_that_did_not_halt_is_not_held_up_again_soon)
{
	hold_too_long(0);
	ck_assert(!is_held_after(90 * MS, 2));
	lab.now += 10 * MS;
	hold_too_long(3);
	ck_assert(!is_held_after(190 * MS, 5));
	lab.now += 10 * MS;
	/* 400, and no more */
	for (unsigned i = 0; i < 4; i++) {
		hold_too_long(6 + 2 * i);
		lab.now += 400 * MS;
	}
	hold_too_long(14);
	ck_assert(!is_held_after(390 * MS, 16));
	ck_assert(is_held_after(10 * MS, 17));
	/* it has halted: as in the beginning */
	hold_too_long(18);
	ck_assert(!is_held_after(90 * MS, 20));
	ck_assert(is_held_after(10 * MS, 21));
	ck_assert_uint_eq(COUNT(HELD_LONG), 8);
}
END_TEST

/* Two commands, of which @ended have when the guest halts. */
static void halt_with(unsigned slot, unsigned ended)
{
	ask(0, slot);
	ask(0, slot + 1);
	ck_assert(is_held(0));
	for (unsigned i = 0; i < ended; i++)
		dev_do(0, slot + i);
	ahci_halts(lab.h);
	for (unsigned i = ended; i < 2; i++)
		dev_do(0, slot + i);
	handle(0);
}

START_TEST(what_is_held_in_vain_four_times_is_not_held_for_a_while)
{
	for (unsigned i = 0; i < 3; i++)
		halt_with(i * 2, 0);
	halt_with(6, 1);		/* it is of use again */
	for (unsigned i = 0; i < 4; i++)
		halt_with(8 + i * 2, 0);
	ck_assert(!is_held_after(90 * MS, 16));
	ck_assert(is_held_after(10 * MS, 17));
	ck_assert_uint_eq(COUNT(HELD_LONG), 0);
	ck_assert_uint_eq(COUNT(HELD), 9);
}
END_TEST

START_TEST(all_ports_are_told_when_one_was_held_too_long)
{
	ask(0, 0);
	ask(0, 1);
	lab.now += MS;
	ask(1, 0);
	ask(1, 1);
	lab.now += MS;
	ahci_poll(lab.h);
	expect_told(0);
	expect_told(1);
	ck_assert_uint_eq(COUNT(HELD_LONG), 1);
}
END_TEST

START_TEST(what_is_left_to_do_is_looked_at_as_often_as_ever)
{
	lab_unknown(1);
	ask(0, 0);
	ask(0, 1);
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 250);
	ask(1, 0);		/* it waits for an IDENTIFY of our own */
	ck_assert(ahci_rests(lab.h));
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 1000);
}
END_TEST

START_TEST(a_halt_ends_the_polling_too)
{
	ask(0, 0);
	ask(0, 1);
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 250);
	ahci_halts(lab.h);
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 0);
}
END_TEST

START_TEST(a_driver_that_looks_sees_what_is_done)
{
	ask(0, 0);
	ask(0, 1);
	dev_do(0, 0);
	ck_assert_uint_eq(lab_read(0, PxSACT), 2);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_SDBS);
	lab_expect_data(0, 0, 4096);
	ck_assert(is_held(0));
	lab_access(HBA_IS, false, 0);
	expect_told(0);
}
END_TEST

START_TEST(an_error_is_told_at_once)
{
	ask(0, 0);
	ask(0, 1);
	ck_assert(is_held(0));
	dev_fail(0, 1, PxIS_TFES, true);
	ck_assert(lab_line());
	handle(0);
	ck_assert_uint_eq(COUNT(ERRORS), 1);
}
END_TEST

/* ---- resets ---- */

START_TEST(a_port_that_is_stopped_holds_nothing)
{
	ask(0, 0);
	ask(0, 1);
	lab_restart(0);
	expect_told(0);
	ck_assert_uint_eq(lab.h->holds, 0);
	ask(0, 2);
	ck_assert(is_held(0));		/* it is the same driver: two were sent, and nothing was told */
}
END_TEST

START_TEST(a_port_that_holds_nothing_is_left_alone_when_it_stops)
{
	ask(0, 0);
	REG(0, PxIE) = PxIS_SDBS;
	lab_restart(0);
	ck_assert_uint_eq(REG(0, PxIE), PxIS_SDBS);
}
END_TEST

START_TEST(a_reset_holds_nothing)
{
	ask(0, 0);
	ask(0, 1);
	lab_access(HBA_GHC, true, GHC_AE | GHC_IE | GHC_HR);
	ck_assert_uint_eq(lab.h->holds, 0);
	ck_assert_uint_eq(P(0)->sent, 0);
	ck_assert_uint_eq(P(0)->sent_last, 0);
	REG(0, PxIE) = 0;
	lab.reg_writes = 0;
	ahci_halts(lab.h);
	ck_assert_uint_eq(lab.reg_writes, 0);
}
END_TEST

START_TEST(what_the_guest_writes_to_PxIE_meanwhile_holds_when_it_ends)
{
	ask(0, 0);
	ask(0, 1);
	lab_write(0, PxIE, PxIS_SDBS | PxIS_TFES);
	ck_assert_uint_eq(REG(0, PxIE), PxIS_TFES);
	ahci_halts(lab.h);
	ck_assert_uint_eq(REG(0, PxIE), PxIS_SDBS | PxIS_TFES);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci_hold");
	TCase *c = lab_case(s, "hold", begin);

	tcase_add_test(c, the_second_command_holds_what_ends_until_the_processor_halts);
	tcase_add_test(c, two_at_once_are_two);
	tcase_add_test(c, after_several_the_first_is_held);
	tcase_add_test(c, after_one_alone_the_first_is_told);
	tcase_add_test(c, what_is_on_its_way_to_the_guest_is_not_taken_back);
	tcase_add_test(c, each_port_has_its_own);
	tcase_add_loop_test(c, nothing_is_held_where_nobody_tells_of_a_halt, 0, 2);
	tcase_add_loop_test(c, nothing_is_held_of_a_guest_that_is_not_interrupted, 0, 2);
	tcase_add_test(c, a_guest_that_sends_no_more_and_does_not_halt_is_told);
	tcase_add_test(c, a_guest_that_goes_on_sending_is_told_after_ten_milliseconds);
	tcase_add_test(c, a_guest_that_did_not_halt_is_not_held_up_again_soon);
	tcase_add_test(c, what_is_held_in_vain_four_times_is_not_held_for_a_while);
	tcase_add_test(c, all_ports_are_told_when_one_was_held_too_long);
	tcase_add_test(c, what_is_left_to_do_is_looked_at_as_often_as_ever);
	tcase_add_test(c, a_halt_ends_the_polling_too);
	tcase_add_test(c, a_driver_that_looks_sees_what_is_done);
	tcase_add_test(c, an_error_is_told_at_once);
	tcase_add_test(c, a_port_that_is_stopped_holds_nothing);
	tcase_add_test(c, a_port_that_holds_nothing_is_left_alone_when_it_stops);
	tcase_add_test(c, a_reset_holds_nothing);
	tcase_add_test(c, what_the_guest_writes_to_PxIE_meanwhile_holds_when_it_ends);
	return s;
}
