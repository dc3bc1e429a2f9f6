/*
 * ahci_attach_test.c - a controller that was left running, and what a reset leaves
 */
#include <string.h>

#include "tests/unit/ahci_registers_lab.h"
#include "tests/unit/unit.h"

#define MS	1000000u
#define ON	(PxCMD_ST | PxCMD_FRE | PxCMD_SUD | PxCMD_POD)
#define OFF	(PxCMD_SUD | PxCMD_POD)
#define RUNS	(ON | PxCMD_CR | PxCMD_FR)

static void begin(void)
{
	lab_clear();
	lab.step_ns = 10 * MS;
}

static void begin_attached(void)
{
	begin();
	lab_attach();
	lab_forget_log();
}

/* ---- take-over ---- */

START_TEST(a_controller_that_stands_still_gets_the_models_addresses)
{
	lab_attach();
	lab_expect("W 004 80000000\n"
		   "W 118 00000006\nW 118 00000006\nW 198 00000006\nW 198 00000006\n"
		   "W 398 00000006\nW 398 00000006\nW 1098 00000006\nW 1098 00000006\n"
		   "W 100 23456000\nW 104 00000001\nW 108 23456400\nW 10c 00000001\n"
		   "W 180 23456800\nW 184 00000001\nW 188 23456c00\nW 18c 00000001\n"
		   "W 380 23458800\nW 384 00000001\nW 388 23458c00\nW 38c 00000001\n"
		   "W 1080 23465800\nW 1084 00000001\nW 1088 23465c00\nW 108c 00000001\n");
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 0);
	ck_assert_uint_eq(lab.h->unit, 3);
	ck_assert_uint_lt(lab.now_ns, 1000 * MS);
}
END_TEST

START_TEST(a_controller_in_legacy_mode_is_taken_out_of_it)
{
	DEVICE(HBA_GHC) = GHC_IE;
	lab_attach();
	ck_assert_uint_eq(DEVICE(HBA_GHC), GHC_AE | GHC_IE);
}
END_TEST

START_TEST(a_running_port_runs_on_through_the_model)
{
	DEVICE_PORT(1, PxCMD) = RUNS | PxCMD_CLO | PxCMD_ICC;
	DEVICE_PORT(1, PxCLB) = 0x7ffe0400;
	DEVICE_PORT(1, PxCLBU) = 1;
	DEVICE_PORT(1, PxFB) = 0x7ffe0900;
	DEVICE_PORT(1, PxFBU) = 2;
	DEVICE_PORT(1, PxIE) = PxIS_DHRS;
	lab_attach();
	ck_assert_ptr_nonnull(strstr(lab.log, "W 198 00000016\nW 198 00000006\n"));
	ck_assert_ptr_nonnull(strstr(lab.log, "W 18c 00000001\nW 198 00000016\nW 198 00000017\n"));
	ck_assert_uint_eq(lab_read(PORT_AT(1) + PxCLB), 0x7ffe0400);
	ck_assert_uint_eq(lab_read(PORT_AT(1) + PxCLBU), 1);
	ck_assert_uint_eq(lab_read(PORT_AT(1) + PxFB), 0x7ffe0900);
	ck_assert_uint_eq(lab_read(PORT_AT(1) + PxFBU), 2);
	ck_assert_uint_eq(lab_read(PORT_AT(1) + PxIE), PxIS_DHRS);
	ck_assert_uint_eq(lab_read(PORT_AT(1) + PxCMD), RUNS);
	ck_assert(port_runs(PORT(1)) && !PORT(1)->stopped);
	ck_assert_uint_eq(port_list(PORT(1))[31].flags, 5);
	ck_assert(!port_runs(PORT(0)));
}
END_TEST

START_TEST(a_port_that_only_receives_goes_on_receiving)
{
	DEVICE_PORT(0, PxCMD) = PxCMD_FRE | PxCMD_FR | OFF;
	lab_attach();
	ck_assert_uint_eq(DEVICE_PORT(0, PxCMD), PxCMD_FRE | PxCMD_FR | OFF);
	ck_assert_uint_eq(lab_read(PORT_AT(0) + PxCMD), PxCMD_FRE | PxCMD_FR | OFF);
}
END_TEST

START_TEST(commands_under_way_have_time_to_end)
{
	DEVICE_PORT(0, PxCMD) = RUNS;
	DEVICE_PORT(0, PxCI) = DEVICE_PORT(0, PxSACT) = 6;
	lab.ci_until_ns = 300 * MS;
	lab_attach();
	ck_assert_uint_ge(lab.now_ns, 300 * MS);
	ck_assert(port_runs(PORT(0)) && !PORT(0)->stopped);
	ck_assert_uint_eq(PORT(0)->ci | PORT(0)->sact, 0);
}
END_TEST

START_TEST(commands_that_never_end_are_the_guests_to_time_out)
{
	DEVICE_PORT(0, PxCMD) = RUNS;
	DEVICE_PORT(0, PxCI) = 4;
	lab_attach();
	ck_assert_uint_lt(lab.now_ns, 700 * MS);
	ck_assert(PORT(0)->stopped);
	ck_assert_uint_eq(lab_read(PORT_AT(0) + PxCI), 4);
	lab_write(PORT_AT(0) + PxCMD, OFF);
	ck_assert_uint_eq(lab_read(PORT_AT(0) + PxCI), 0);
	ck_assert(!PORT(0)->stopped);
}
END_TEST

START_TEST(a_bit_that_firmware_left_in_pxsact_is_no_command)
{
	DEVICE_PORT(0, PxCMD) = RUNS;
	DEVICE_PORT(0, PxSACT) = 1;
	lab_attach();
	ck_assert_uint_lt(lab.now_ns, 200 * MS);
	ck_assert(!PORT(0)->stopped && port_runs(PORT(0)));
	ck_assert_uint_eq(lab_read(PORT_AT(0) + PxSACT), 1);
}
END_TEST

START_TEST(a_port_that_does_not_stop_costs_a_reset)
{
	DEVICE_PORT(0, PxCMD) = RUNS;
	DEVICE_PORT(5, PxCMD) = RUNS;
	DEVICE_PORT(5, PxIE) = PxIS_DHRS;
	DEVICE_PORT(5, PxFB) = 0x7ffe0900;
	lab.cr_stays = 1u << 5;
	lab.hr_reads = 20;
	lab_attach();
	ck_assert_ptr_nonnull(lab.h);
	ck_assert_uint_eq(DEVICE(HBA_GHC), GHC_AE);
	ck_assert_uint_eq(DEVICE_PORT(5, PxCLB), (LAB_POOL & UINT32_MAX) + 5 * POOL_STEP);
	ck_assert_uint_eq(DEVICE_PORT(0, PxFB), (LAB_POOL & UINT32_MAX) + POOL_RECEIVED);
	ck_assert_uint_eq(lab_read(PORT_AT(0) + PxCMD), OFF);
	ck_assert_uint_eq(lab_read(PORT_AT(5) + PxCMD), OFF);
	ck_assert_uint_eq(lab_read(PORT_AT(5) + PxIE), 0);
	ck_assert_uint_eq(lab_read(PORT_AT(5) + PxFB), 0x7ffe0900);
	ck_assert_uint_lt(lab.now_ns, 900 * MS);
}
END_TEST

START_TEST(a_port_that_does_not_stop_receiving_costs_a_reset)
{
	DEVICE_PORT(1, PxCMD) = RUNS;
	lab.fr_stays = 1u << 1;
	lab_attach();
	ck_assert_ptr_nonnull(lab.h);
	ck_assert_ptr_nonnull(strstr(lab.log, "W 004 80000001\n"));
	ck_assert_uint_eq(DEVICE_PORT(1, PxFB), (LAB_POOL & UINT32_MAX) + POOL_STEP + POOL_RECEIVED);
}
END_TEST

START_TEST(a_controller_that_does_not_reset_is_refused)
{
	DEVICE_PORT(0, PxCMD) = RUNS;
	lab.cr_stays = 1;
	lab.hr_reads = UINT32_MAX;
	lab_attach();
	ck_assert_ptr_null(lab.h);
	ck_assert_uint_lt(lab.now_ns, 1700 * MS);
}
END_TEST

START_TEST(a_controller_that_cannot_reach_its_memory_is_refused)
{
	DEVICE(HBA_CAP) &= ~CAP_S64A;
	lab_attach();
	ck_assert_ptr_null(lab.h);
	lab.pool_bus = (1ull << 32) - AHCI_POOL_BYTES;
	lab.bounce_bus = (1ull << 32) - LAB_BOUNCE;
	lab_attach();
	ck_assert_ptr_nonnull(lab.h);
	lab.bounce_bus++;
	lab_attach();
	ck_assert_ptr_null(lab.h);
	lab.bounce_bus--;
	lab.pool_bus++;
	lab_attach();
	ck_assert_ptr_null(lab.h);
}
END_TEST

START_TEST(a_controller_that_goes_meanwhile_is_refused_at_once)
{
	DEVICE_PORT(0, PxCMD) = RUNS;
	lab.gone_after = 4;
	lab_attach();
	ck_assert_ptr_null(lab.h);
	/* but for the reset, which may bring it back */
	ck_assert_uint_lt(lab.now_ns, 1050 * MS);
}
END_TEST

START_TEST(a_controller_that_is_not_there_is_refused)
{
	lab.gone = true;
	lab_attach();
	ck_assert_ptr_null(lab.h);
	lab_expect("");
}
END_TEST

static void add_take_over(Suite *s)
{
	TCase *tc = unit_case(s, "take-over");

	tcase_add_checked_fixture(tc, begin, lab_end);
	tcase_add_test(tc, a_controller_that_stands_still_gets_the_models_addresses);
	tcase_add_test(tc, a_controller_in_legacy_mode_is_taken_out_of_it);
	tcase_add_test(tc, a_running_port_runs_on_through_the_model);
	tcase_add_test(tc, a_port_that_only_receives_goes_on_receiving);
	tcase_add_test(tc, commands_under_way_have_time_to_end);
	tcase_add_test(tc, commands_that_never_end_are_the_guests_to_time_out);
	tcase_add_test(tc, a_bit_that_firmware_left_in_pxsact_is_no_command);
	tcase_add_test(tc, a_port_that_does_not_stop_costs_a_reset);
	tcase_add_test(tc, a_port_that_does_not_stop_receiving_costs_a_reset);
	tcase_add_test(tc, a_controller_that_does_not_reset_is_refused);
	tcase_add_test(tc, a_controller_that_cannot_reach_its_memory_is_refused);
	tcase_add_test(tc, a_controller_that_goes_meanwhile_is_refused_at_once);
	tcase_add_test(tc, a_controller_that_is_not_there_is_refused);
	suite_add_tcase(s, tc);
}

/* ---- reset ---- */

static void fill(void)
{
	struct port *p = PORT(0);

	p->clb = 0x1000;
	p->fbu = 2;
	p->ie = p->is = PxIS_TFES;
	p->is_hidden = PxIS_DHRS;
	p->cmd = PxCMD_ST | PxCMD_FRE;
	p->tfd_ours = p->own_log = p->drive.identified = true;
	lab_slot(1, SLOT_OUT, 0, 0x1000);
	lab_slot(2, SLOT_WAITS, 0x2000, 0x1000);
}

static void check_reset(void)
{
	struct port *p = PORT(0);

	ck_assert_uint_eq(p->ie | p->is | p->is_hidden | p->cmd | p->ci | p->out | p->stale, 0);
	ck_assert(!p->tfd_ours && !p->own_log && !p->drive.identified);
	ck_assert_uint_eq(lab.given, 0x2000);
}

START_TEST(a_reset_makes_all_new_but_the_addresses)
{
	fill();
	lab_write(HBA_GHC, GHC_HR | GHC_IE);
	ck_assert_str_eq(lab.log, "W 004 80000003\ngive 2000 1000\nW 004 80000000\ngive 0 1000\n"
				  "W 100 23456000\nW 104 00000001\nW 108 23456400\nW 10c 00000001\n"
				  "W 180 23456800\nW 184 00000001\nW 188 23456c00\nW 18c 00000001\n"
				  "W 380 23458800\nW 384 00000001\nW 388 23458c00\nW 38c 00000001\n"
				  "W 1080 23465800\nW 1084 00000001\nW 1088 23465c00\nW 108c 00000001\n");
	check_reset();
	ck_assert_uint_eq(lab_read(PORT_AT(0) + PxCLB), 0x1000);
	ck_assert_uint_eq(lab_read(PORT_AT(0) + PxFBU), 2);
	ck_assert_uint_eq(lab_read(HBA_GHC), GHC_AE);
}
END_TEST

START_TEST(nothing_starts_and_no_memory_comes_back_before_the_reset_is_over)
{
	lab.hr_reads = 4;
	fill();
	lab_write(HBA_GHC, GHC_HR);
	lab_expect("W 004 80000001\ngive 2000 1000\n");
	ck_assert_uint_eq(PORT(0)->stale, 2);
	lab_write(PORT_AT(0) + PxCMD, ON);
	lab_write(PORT_AT(0) + PxIE, PxIS_TFES);
	lab_write(HBA_GHC, GHC_HR);
	lab_expect("");
	ck_assert_uint_eq(COUNTED(REGISTER), 2);
	/* the last read of it tells the guest, and before it does, all is done */
	ck_assert_uint_eq(lab_read(HBA_GHC), GHC_AE);
	check_reset();
	lab_forget_log();
	lab_write(PORT_AT(0) + PxCMD, ON);
	lab_expect("W 118 00000016\nW 118 00000017\npush 0\n");
}
END_TEST

START_TEST(the_guest_sees_that_the_reset_lasts)
{
	lab.hr_reads = 100;
	lab_write(HBA_GHC, GHC_HR);
	ck_assert_uint_eq(lab_read(HBA_GHC), GHC_AE | GHC_HR);
	ck_assert_uint_eq(lab_read(PORT_AT(0) + PxCMD), OFF);
	ck_assert(lab.h->resetting);
}
END_TEST

START_TEST(a_poll_finds_that_the_reset_is_over)
{
	lab.hr_reads = 1;
	fill();
	lab_write(HBA_GHC, GHC_HR);
	lab.h->more = false;
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 10);
	ahci_poll(lab.h);
	check_reset();
	ck_assert(!lab.h->resetting);
}
END_TEST

START_TEST(a_controller_that_goes_in_a_reset_keeps_its_memory)
{
	lab.hr_reads = UINT32_MAX;
	fill();
	lab_write(HBA_GHC, GHC_HR);
	lab.gone = true;
	ck_assert_uint_eq(lab_read(HBA_GHC), GHC_HR | GHC_IE | GHC_MRSM | GHC_AE);
	ck_assert_uint_gt(COUNTED(GONE), 1);
	ahci_poll(lab.h);
	ck_assert_uint_eq(PORT(0)->stale, 2);
	ck_assert_uint_eq(lab.given, 0x1000);
}
END_TEST

/* What a controller that is gone is told is lost: it comes back running, and goes on with what it was given. */
START_TEST(a_reset_that_was_lost_is_asked_for_again)
{
	static const uint32_t runs[] = { PxCMD_ST, PxCMD_CR, PxCMD_FRE, PxCMD_FR };

	fill();
	lab.gone = true;
	lab_write(HBA_GHC, GHC_HR);
	lab.gone = false;
	DEVICE_PORT(31, PxCMD) = OFF | runs[_i];
	DEVICE_PORT(0, PxCLB) = 0x5000;
	lab_forget_log();
	lab_read(HBA_CAP);
	lab_expect("W 004 80000001\n");
	ck_assert(lab.h->resetting);
	ck_assert_uint_eq(PORT(0)->stale, 2);
	ck_assert_uint_eq(DEVICE_PORT(0, PxCLB), 0x5000);
	ck_assert_uint_eq(lab_read(HBA_GHC), GHC_AE);
	check_reset();
	ck_assert_uint_eq(DEVICE_PORT(0, PxCLB), LAB_POOL & UINT32_MAX);
}
END_TEST

START_TEST(a_controller_that_goes_between_two_answers_is_not_set_up)
{
	fill();
	lab.hr_reads = 1;
	lab_write(HBA_GHC, GHC_HR);
	lab.gone_after = 1;
	lab.gone_at = PxCMD;
	lab_read(HBA_CAP);
	ck_assert(lab.gone && lab.h->resetting);
	ck_assert_uint_eq(PORT(0)->stale, 2);
}
END_TEST

START_TEST(after_a_power_state_all_is_set_up_at_the_first_answer)
{
	fill();
	lab.h->index = 8;
	lab.gone = true;
	ahci_was_reset(lab.h);
	ahci_poll(lab.h);
	ck_assert(lab.h->resetting);
	ck_assert_uint_eq(PORT(0)->stale, 2);
	lab_forget_log();
	lab.gone = false;
	DEVICE(HBA_GHC) = 0;
	DEVICE_PORT(0, PxCLB) = DEVICE_PORT(0, PxFB) = 0;
	lab_read(HBA_CAP);
	check_reset();
	ck_assert_uint_eq(PORT(0)->clb | PORT(0)->clbu | PORT(0)->fb | PORT(0)->fbu | lab.h->index, 0);
	ck_assert_uint_eq(DEVICE(HBA_GHC), GHC_AE);
	ck_assert_uint_eq(DEVICE_PORT(0, PxCLB), LAB_POOL & UINT32_MAX);
	ck_assert_uint_eq(DEVICE_PORT(0, PxFB), (LAB_POOL & UINT32_MAX) + POOL_RECEIVED);
}
END_TEST

static void add_reset(Suite *s)
{
	TCase *tc = unit_case(s, "reset");

	tcase_add_checked_fixture(tc, begin_attached, lab_end);
	tcase_add_test(tc, a_reset_makes_all_new_but_the_addresses);
	tcase_add_test(tc, nothing_starts_and_no_memory_comes_back_before_the_reset_is_over);
	tcase_add_test(tc, the_guest_sees_that_the_reset_lasts);
	tcase_add_test(tc, a_poll_finds_that_the_reset_is_over);
	tcase_add_test(tc, a_controller_that_goes_in_a_reset_keeps_its_memory);
	tcase_add_loop_test(tc, a_reset_that_was_lost_is_asked_for_again, 0, 4);
	tcase_add_test(tc, a_controller_that_goes_between_two_answers_is_not_set_up);
	tcase_add_test(tc, after_a_power_state_all_is_set_up_at_the_first_answer);
	suite_add_tcase(s, tc);
}

/* ---- poll ---- */

START_TEST(a_poll_is_asked_for_while_somebody_waits)
{
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 0);
	lab.h->more = true;
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 1000);
	lab.h->more = false;
	lab.h->restless = true;
	PORT(31)->stale = 1;
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 10);
	lab.h->more = true;
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 1000);
	lab.h->more = false;
	PORT(31)->identifying = true;
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 1000);
	PORT(31)->identifying = false;
	PORT(31)->restarting = true;
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 1000);
}
END_TEST

/* All ports are asked only where one of them may say yes. */
START_TEST(an_access_finds_out_whether_somebody_still_waits)
{
	lab.h->restless = true;
	PORT(31)->stale = 1;
	PORT(31)->forgotten_ns = 0;
	DEVICE_PORT(31, PxCMD) |= PxCMD_CR;
	lab_read(HBA_CAP);
	ck_assert(lab.h->restless);
	ahci_poll(lab.h);
	ck_assert(lab.h->restless);
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 10);
	DEVICE_PORT(31, PxCMD) &= ~PxCMD_CR;
	ahci_poll(lab.h);
	ck_assert(!lab.h->restless);
	lab.h->restless = PORT(31)->restarting = true;
	lab_read(HBA_CAP);
	ck_assert(lab.h->restless);
	PORT(31)->restarting = false;
	PORT(31)->identifying = true;
	lab_read(HBA_CAP);
	ck_assert(lab.h->restless);
	PORT(31)->identifying = false;
	lab_read(HBA_CAP);
	ck_assert(!lab.h->restless);
}
END_TEST

START_TEST(counters_have_names)
{
	for (unsigned i = 0; i < AHCI_COUNTERS; i++)
		ck_assert_ptr_nonnull(ahci_counter_name[i]);
	hba_count(lab.h, AHCI_LIES);
	ck_assert_uint_eq(COUNTED(LIES), 1);
}
END_TEST

static void add_poll(Suite *s)
{
	TCase *tc = unit_case(s, "poll");

	tcase_add_checked_fixture(tc, begin_attached, lab_end);
	tcase_add_test(tc, a_poll_is_asked_for_while_somebody_waits);
	tcase_add_test(tc, an_access_finds_out_whether_somebody_still_waits);
	tcase_add_test(tc, counters_have_names);
	suite_add_tcase(s, tc);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci attach");

	add_take_over(s);
	add_reset(s);
	add_poll(s);
	return s;
}
