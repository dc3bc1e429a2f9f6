/*
 * ahci_port_test.c - a port's registers: what they start, stop and answer
 */
#include <string.h>

#include "tests/unit/ahci_registers_lab.h"
#include "tests/unit/unit.h"

#define P0(x)	(PORT_AT(0) + (x))
#define ON	(PxCMD_ST | PxCMD_FRE | PxCMD_SUD | PxCMD_POD)
#define OFF	(PxCMD_SUD | PxCMD_POD)

static void begin(void)
{
	lab_clear();
	lab_attach();
	lab_forget_log();
}

static void begin_running(void)
{
	begin();
	lab_write(P0(PxCMD), ON & ~PxCMD_ST);
	lab_write(P0(PxCMD), ON);
	lab_forget_log();
}

/* ---- addresses ---- */

START_TEST(addresses_are_the_guests_and_never_the_devices)
{
	lab_write(P0(PxCLB), 0x12345fff);
	lab_write(P0(PxCLBU), 0xffffffff);
	lab_write(P0(PxFB), 0x6789afff);
	lab_write(P0(PxFBU), 1);
	lab_expect("");
	ck_assert_uint_eq(lab_read(P0(PxCLB)), 0x12345c00);
	ck_assert_uint_eq(lab_read(P0(PxCLBU)), 0xffffffff);
	ck_assert_uint_eq(lab_read(P0(PxFB)), 0x6789af00);
	ck_assert_uint_eq(lab_read(P0(PxFBU)), 1);
	ck_assert_uint_eq(DEVICE_PORT(0, PxCLB), LAB_POOL & UINT32_MAX);
}
END_TEST

START_TEST(without_64_bit_addresses_the_upper_halves_are_0)
{
	DEVICE(HBA_CAP) &= ~CAP_S64A;
	lab.pool_bus = 0;
	lab_attach();
	lab_write(P0(PxCLBU), 1);
	lab_write(P0(PxFBU), 1);
	lab_write(P0(PxFB), 0x100);
	ck_assert_uint_eq(lab_read(P0(PxCLBU)) | lab_read(P0(PxFBU)), 0);
	ck_assert_uint_eq(lab_read(P0(PxFB)), 0x100);
}
END_TEST

static void add_addresses(Suite *s)
{
	TCase *tc = unit_case(s, "addresses");

	tcase_add_checked_fixture(tc, begin, lab_end);
	tcase_add_test(tc, addresses_are_the_guests_and_never_the_devices);
	tcase_add_test(tc, without_64_bit_addresses_the_upper_halves_are_0);
	suite_add_tcase(s, tc);
}

/* ---- interrupts ---- */

static void refuse(struct port *p)
{
	p->is |= PxIS_TFES;
	p->is_hidden |= PxIS_DHRS;
	DEVICE_PORT(0, PxIS) |= PxIS_DHRS;
	lab.on_look = NULL;
}

static void fall_behind(struct port *p)
{
	p->behind = 2;
}

START_TEST(pxis_is_read_before_the_model_looks)
{
	DEVICE_PORT(0, PxIS) = PxIS_SDBS;
	lab.log_reads = true;
	ck_assert_uint_eq(lab_read(P0(PxIS)), PxIS_SDBS);
	lab_expect("R 110\nlook 0\npush 0\n");
}
END_TEST

START_TEST(pxis_has_what_the_refusal_has_and_not_what_its_nudge_has)
{
	DEVICE_PORT(0, PxIS) = PxIS_PCS;
	lab.on_look = refuse;
	ck_assert_uint_eq(lab_read(P0(PxIS)), PxIS_PCS | PxIS_TFES);
	ck_assert_uint_eq(lab_read(P0(PxIS)), PxIS_PCS | PxIS_TFES);
}
END_TEST

START_TEST(what_is_written_to_pxis_is_clear_in_model_and_device)
{
	DEVICE_PORT(0, PxIS) = PxIS_PCS | PxIS_SDBS | PxIS_PSS;
	lab_write(P0(PxIS), PxIS_PCS | PxIS_SDBS);
	lab_expect("look 0\npush 0\nW 110 00000048\ncatch up 0\n");
	ck_assert_uint_eq(lab_read(P0(PxIS)), PxIS_PSS);
}
END_TEST

START_TEST(the_nudges_interrupt_stays_until_the_guest_has_acted)
{
	lab_write(P0(PxIE), PxIS_TFES | PxIS_SDBS);
	refuse(PORT(0));
	port_enable(PORT(0));
	ck_assert_uint_eq(DEVICE_PORT(0, PxIE), PxIS_TFES | PxIS_SDBS | PxIS_DHRS);
	/* another bit: the line must stay */
	lab_write(P0(PxIS), PxIS_DHRS | PxIS_PCS);
	ck_assert_uint_eq(DEVICE_PORT(0, PxIS), PxIS_DHRS);
	ck_assert_uint_eq(lab_read(P0(PxIS)), PxIS_TFES);
	lab_write(P0(PxIS), PxIS_TFES);
	ck_assert_uint_eq(DEVICE_PORT(0, PxIS), 0);
	ck_assert_uint_eq(DEVICE_PORT(0, PxIE), PxIS_TFES | PxIS_SDBS);
	ck_assert_uint_eq(lab_read(P0(PxIS)), 0);
	ck_assert_uint_eq(PORT(0)->is_hidden, 0);
}
END_TEST

START_TEST(a_refusal_that_interrupts_nobody_is_clear_with_any_write)
{
	lab_write(P0(PxIE), PxIS_PCS);
	refuse(PORT(0));
	port_enable(PORT(0));
	ck_assert_uint_eq(DEVICE_PORT(0, PxIE), PxIS_PCS);
	lab_write(P0(PxIS), 0);
	ck_assert_uint_eq(DEVICE_PORT(0, PxIS), 0);
	ck_assert_uint_eq(lab_read(P0(PxIS)), PxIS_TFES);
}
END_TEST

START_TEST(a_nudge_that_ends_while_the_guest_clears_bits_still_interrupts)
{
	lab_slot(3, SLOT_NUDGED, 0, 0);
	lab_write(P0(PxIE), PxIS_DHRS | PxIS_SDBS);
	DEVICE_PORT(0, PxIS) = PxIS_DHRS | PxIS_SDBS;
	lab_write(P0(PxIS), PxIS_DHRS | PxIS_SDBS);
	ck_assert_uint_eq(DEVICE_PORT(0, PxIS), PxIS_DHRS);
}
END_TEST

START_TEST(what_the_model_has_not_delivered_keeps_its_interrupt)
{
	DEVICE_PORT(0, PxIS) = PxIS_SDBS | PxIS_DHRS | PxIS_PSS | PxIS_DSS | PxIS_DPS | PxIS_PCS | PxIS_TFES;
	lab.on_look = fall_behind;
	lab_write(P0(PxIS), UINT32_MAX);
	lab_expect("look 0\npush 0\nW 110 ffffffd0\n");
	ck_assert_uint_eq(DEVICE_PORT(0, PxIS), PxIS_SDBS | PxIS_DHRS | PxIS_PSS | PxIS_DSS | PxIS_DPS);
	lab.on_look = NULL;
	PORT(0)->behind = 0;
	lab_write(P0(PxIS), UINT32_MAX);
	ck_assert_uint_eq(DEVICE_PORT(0, PxIS), 0);
}
END_TEST

/* What a burst leaves of it keeps its interrupt: that must be known before. */
START_TEST(what_is_copied_is_looked_at_before_its_bits_are_cleared)
{
	lab_slot(3, SLOT_OUT, 0, 0);
	PORT(0)->slot[3].bounced = _i;
	DEVICE_PORT(0, PxIS) = PxIS_DHRS;
	lab.on_look = fall_behind;
	lab_write(P0(PxIS), PxIS_DHRS);
	ck_assert_uint_eq(DEVICE_PORT(0, PxIS), _i ? PxIS_DHRS : 0);
}
END_TEST

START_TEST(pxie_reaches_the_device_as_the_guest_has_it)
{
	lab_write(P0(PxIE), UINT32_MAX);
	lab_expect("W 114 fdc000ff\n");
	ck_assert_uint_eq(lab_read(P0(PxIE)), 0xfdc000ff);
	lab_write(P0(PxIE), PxIS_TFES);
	lab_expect("W 114 40000000\n");
}
END_TEST

START_TEST(a_nudge_interrupts_whom_a_commands_end_would)
{
	static const uint32_t ends[] = { PxIS_DHRS, PxIS_PSS, PxIS_DSS, PxIS_SDBS, PxIS_DPS, PxIS_TFES };

	lab_slot(31, SLOT_NUDGED, 0, 0);
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		lab_write(P0(PxIE), ends[i]);
		ck_assert_uint_eq(DEVICE_PORT(0, PxIE), ends[i] | PxIS_DHRS);
		ck_assert_uint_eq(lab_read(P0(PxIE)), ends[i]);
	}
	lab_write(P0(PxIE), PxIS_PCS);
	ck_assert_uint_eq(DEVICE_PORT(0, PxIE), PxIS_PCS);
	PORT(0)->slot[31].state = SLOT_FAILED;
	lab_write(P0(PxIE), PxIS_TFES);
	ck_assert_uint_eq(DEVICE_PORT(0, PxIE), PxIS_TFES);
}
END_TEST

static void add_interrupts(Suite *s)
{
	TCase *tc = unit_case(s, "interrupts");

	tcase_add_checked_fixture(tc, begin, lab_end);
	tcase_add_test(tc, pxis_is_read_before_the_model_looks);
	tcase_add_test(tc, pxis_has_what_the_refusal_has_and_not_what_its_nudge_has);
	tcase_add_test(tc, what_is_written_to_pxis_is_clear_in_model_and_device);
	tcase_add_test(tc, the_nudges_interrupt_stays_until_the_guest_has_acted);
	tcase_add_test(tc, a_refusal_that_interrupts_nobody_is_clear_with_any_write);
	tcase_add_test(tc, a_nudge_that_ends_while_the_guest_clears_bits_still_interrupts);
	tcase_add_test(tc, what_the_model_has_not_delivered_keeps_its_interrupt);
	tcase_add_loop_test(tc, what_is_copied_is_looked_at_before_its_bits_are_cleared, 0, 2);
	tcase_add_test(tc, pxie_reaches_the_device_as_the_guest_has_it);
	tcase_add_test(tc, a_nudge_interrupts_whom_a_commands_end_would);
	suite_add_tcase(s, tc);
}

/* ---- starting ---- */

START_TEST(a_port_starts_with_its_other_bits_set_before)
{
	lab_write(P0(PxCMD), PxCMD_FRE | OFF);
	lab_expect("W 118 00000016\n");
	ck_assert_uint_eq(lab_read(P0(PxCMD)), PxCMD_FR | PxCMD_FRE | OFF);
	ck_assert(!port_runs(PORT(0)));
	lab_write(P0(PxCMD), ON);
	lab_expect("W 118 00000016\nW 118 00000017\npush 0\n");
	ck_assert_uint_eq(lab_read(P0(PxCMD)), PxCMD_CR | PxCMD_FR | ON);
	ck_assert(port_runs(PORT(0)));
	/* and again, with another bit: it runs on */
	lab_write(P0(PxCMD), ON | PxCMD_ALPE);
	lab_expect("W 118 04000017\n");
}
END_TEST

START_TEST(what_is_not_offered_is_not_written_to_pxcmd)
{
	lab_write(P0(PxCMD), ~(PxCMD_ST | PxCMD_FRE | PxCMD_CLO));
	lab_expect("W 118 ff800006\n");
	DEVICE_PORT(0, PxCMD) = UINT32_MAX & ~PxCMD_CR;
	ck_assert_uint_eq(lab_read(P0(PxCMD)), ~(PxCMD_ST | PxCMD_FRE | PxCMD_PMA | PxCMD_FBSCP | PxCMD_CR));
}
END_TEST

START_TEST(clo_and_link_states_are_asked_for_once)
{
	lab_write(P0(PxCMD), PxCMD_CLO | 0x10000000 | OFF);
	lab_expect("W 118 1000000e\n");
	lab_write(P0(PxCMD), PxCMD_CLO | 0x10000000 | ON);
	lab_expect("W 118 1000001e\nW 118 00000017\npush 0\n");
}
END_TEST

START_TEST(st_waits_until_the_device_has_stopped)
{
	lab.cr_stays = 1;
	DEVICE_PORT(0, PxCMD) |= PxCMD_CR;
	lab_write(P0(PxCMD), ON);
	lab_expect("W 118 00000016\n");
	ck_assert(!port_runs(PORT(0)));
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 1000);
	/* the guest believes that it runs, whatever else it writes */
	ck_assert_uint_eq(lab_read(P0(PxCMD)), PxCMD_CR | PxCMD_FR | ON);
	lab_write(P0(PxCMD), ON);
	lab_expect("W 118 00000016\n");
	ahci_poll(lab.h);
	lab_expect("look all\n");
	DEVICE_PORT(0, PxCMD) &= ~PxCMD_CR;
	lab.cr_stays = 0;
	ahci_poll(lab.h);
	lab_expect("W 118 00000017\npush 0\nlook all\n");
	ck_assert(port_runs(PORT(0)));
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 0);
}
END_TEST

START_TEST(st_that_is_cleared_before_the_device_has_stopped_stays_clear)
{
	lab.cr_stays = 1;
	DEVICE_PORT(0, PxCMD) |= PxCMD_CR;
	lab_write(P0(PxCMD), ON);
	lab_write(P0(PxCMD), OFF);
	lab_forget_log();
	DEVICE_PORT(0, PxCMD) &= ~PxCMD_CR;
	ahci_poll(lab.h);
	lab_expect("look all\n");
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 0);
}
END_TEST

START_TEST(a_gone_device_never_starts)
{
	lab.gone = true;
	lab_write(P0(PxCMD), ON);
	ck_assert(!port_runs(PORT(0)));
	ck_assert_uint_eq(COUNTED(GONE), 1);
	lab_read(P0(PxTFD));
	ck_assert_uint_gt(COUNTED(GONE), 1);
}
END_TEST

START_TEST(a_start_leaves_no_slot_that_could_do_harm)
{
	uint64_t table = LAB_POOL + 5 * POOL_STEP + POOL_TABLE;
	struct header *list = port_list(PORT(5));

	memset(lab.pool, 0xee, sizeof(lab.pool));
	lab_write(PORT_AT(5) + PxCMD, ON);
	for (unsigned i = 0; i < SLOTS; i++) {
		ck_assert_uint_eq((uint64_t)list[i].ctbau << 32 | list[i].ctba, table);
		ck_assert_uint_eq(list[i].flags, 5);
		ck_assert_uint_eq(list[i].prdtl | list[i].prdbc, 0);
	}
	ck_assert_uint_eq(lab.pool[5 * POOL_STEP + POOL_TABLE + 2], ATA_CHECK_POWER_MODE);
}
END_TEST

START_TEST(the_model_restarts_a_port_unseen)
{
	lab_write(P0(PxCMD), ON);
	lab_forget_log();
	lab.cr_stays = 1;
	DEVICE_PORT(0, PxCMD) |= 0x10000000;
	port_restart(PORT(0));
	lab_expect("W 118 00000016\n");
	ck_assert(!port_runs(PORT(0)));
	ck_assert_uint_eq(lab_read(P0(PxCMD)) & PxCMD_ST, PxCMD_ST);
	lab.cr_stays = 0;
	DEVICE_PORT(0, PxCMD) &= ~PxCMD_CR;
	lab_read(P0(PxCI));
	lab_expect("W 118 00000017\npush 0\nlook 0\npush 0\n");
	ck_assert(port_runs(PORT(0)));
}
END_TEST

static void add_start(Suite *s)
{
	TCase *tc = unit_case(s, "start");

	tcase_add_checked_fixture(tc, begin, lab_end);
	tcase_add_test(tc, a_port_starts_with_its_other_bits_set_before);
	tcase_add_test(tc, what_is_not_offered_is_not_written_to_pxcmd);
	tcase_add_test(tc, clo_and_link_states_are_asked_for_once);
	tcase_add_test(tc, st_waits_until_the_device_has_stopped);
	tcase_add_test(tc, st_that_is_cleared_before_the_device_has_stopped_stays_clear);
	tcase_add_test(tc, a_gone_device_never_starts);
	tcase_add_test(tc, a_start_leaves_no_slot_that_could_do_harm);
	tcase_add_test(tc, the_model_restarts_a_port_unseen);
	suite_add_tcase(s, tc);
}

/* ---- stopping ---- */

static void deliver_0(struct port *p)
{
	p->out &= ~1u;
	p->slot[0].state = SLOT_FREE;
	p->slot[0].len = 0;
}

START_TEST(what_is_done_is_delivered_before_the_rest_is_forgotten)
{
	lab_slot(0, SLOT_OUT, 0, 0x1000);
	lab.on_look = deliver_0;
	lab_write(P0(PxCMD), OFF);
	lab_expect("look 0\nW 118 00000006\n");
	ck_assert_uint_eq(PORT(0)->stale, 0);
}
END_TEST

START_TEST(a_stop_forgets_every_slot)
{
	lab_slot(0, SLOT_WAITS, 0, 0);
	lab_slot(4, SLOT_REFUSED, 0x1000, 0x2000);
	lab_slot(31, SLOT_FAILED, 0, 0);
	PORT(0)->sact = 5;
	PORT(0)->queued = 1;
	PORT(0)->behind = 1;
	PORT(0)->stopped = PORT(0)->identifying = true;
	lab_write(P0(PxCMD), OFF | PxCMD_FRE);
	lab_expect("look 0\nW 118 00000016\ngive 1000 2000\n");
	for (unsigned i = 0; i < SLOTS; i++) {
		ck_assert_uint_eq(PORT(0)->slot[i].state, SLOT_FREE);
		ck_assert(!PORT(0)->slot[i].fetched);
		ck_assert_uint_eq(PORT(0)->slot[i].len, 0);
	}
	ck_assert_uint_eq(lab_read(P0(PxCI)) | lab_read(P0(PxSACT)), 0);
	ck_assert_uint_eq(PORT(0)->queued | PORT(0)->out | PORT(0)->stale | PORT(0)->behind, 0);
	ck_assert(!PORT(0)->stopped && !PORT(0)->identifying && !PORT(0)->restarting);
	ck_assert(lab.h->more);
}
END_TEST

START_TEST(memory_of_what_was_out_comes_back_when_the_device_has_stopped)
{
	lab.cr_stays = 1;
	lab_slot(0, SLOT_OUT, 0, 0x1000);
	lab_slot(9, SLOT_OUT, 0x3000, 0x4000);
	lab_slot(10, SLOT_NUDGED, 0x8000, 0x1000);
	lab_slot(11, SLOT_WAITS, 0x9000, 0x1000);
	lab_write(P0(PxCMD), OFF);
	lab_expect("look 0\nW 118 00000006\ngive 9000 1000\n");
	ck_assert_uint_eq(PORT(0)->stale, 0x601);
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 1000);
	lab.h->more = false;
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 10);
	/* nothing is given twice, nothing too early, and a new start waits */
	lab_write(P0(PxCMD), ON);
	lab_read(P0(PxCMD));
	lab_expect("W 118 00000016\n");
	DEVICE_PORT(0, PxCMD) &= ~PxCMD_CR;
	lab.cr_stays = 0;
	ck_assert_uint_eq(lab_read(P0(PxCMD)) & (PxCMD_ST | PxCMD_CR), PxCMD_ST | PxCMD_CR);
	lab_expect("give 0 1000\ngive 3000 4000\ngive 8000 1000\nW 118 00000017\npush 0\n");
	ck_assert_uint_eq(PORT(0)->stale, 0);
	ck_assert(lab.h->more);
	lab_read(P0(PxCMD));
	lab_expect("");
}
END_TEST

START_TEST(what_goes_on_in_spite_of_the_stop_keeps_its_memory_a_while)
{
	lab.ci_stays = true;
	DEVICE_PORT(0, PxCI) = 4;
	DEVICE_PORT(0, PxSACT) = 8;
	lab_slot(2, SLOT_OUT, 0, 0x1000);
	lab_slot(3, SLOT_OUT, 0x1000, 0x1000);
	lab_write(P0(PxCMD), OFF);
	lab_write(P0(PxCMD), ON);
	ck_assert_uint_eq(lab.given, 0);
	DEVICE_PORT(0, PxCI) = 0;
	lab.now_ns += 99999999;
	ahci_poll(lab.h);
	ck_assert_uint_eq(lab.given, 0);
	ck_assert(!port_runs(PORT(0)));
	/* a bit of another slot is not waited for, nor is one for ever */
	DEVICE_PORT(0, PxSACT) = 2;
	ahci_poll(lab.h);
	ck_assert_uint_eq(lab.given, 0x2000);
	ck_assert(port_runs(PORT(0)));
	DEVICE_PORT(0, PxSACT) = 8;
	lab_slot(3, SLOT_OUT, 0x1000, 0x1000);
	lab_write(P0(PxCMD), OFF);
	lab_write(P0(PxCMD), ON);
	lab.now_ns += 100000000;
	ahci_poll(lab.h);
	/* the port goes on; what may be written to is kept, for as long as it takes */
	ck_assert(port_runs(PORT(0)));
	ck_assert_uint_eq(lab.given, 0x2000);
	ck_assert_uint_eq(PORT(0)->held_count, 1);
	lab.now_ns += 100000000;
	ck_assert_uint_gt(ahci_poll_hz(lab.h), 0);
	ahci_poll(lab.h);
	ck_assert_uint_eq(PORT(0)->held_count, 1);
	DEVICE_PORT(0, PxSACT) = 0;
	ahci_poll(lab.h);
	ck_assert_uint_eq(PORT(0)->held_count, 0);
}
END_TEST

START_TEST(a_second_stop_keeps_what_the_device_still_has)
{
	lab.cr_stays = 1;
	lab_slot(2, SLOT_OUT, 0, 0x1000);
	lab_write(P0(PxCMD), OFF);
	lab_write(P0(PxCMD), ON);
	lab_write(P0(PxCMD), OFF);
	ck_assert_uint_eq(PORT(0)->stale, 4);
	ck_assert_uint_eq(lab.given, 0);
	DEVICE_PORT(0, PxCMD) &= ~PxCMD_CR;
	lab_read(P0(PxCI));
	ck_assert_uint_eq(lab.given, 0x1000);
	ck_assert(!port_runs(PORT(0)));
}
END_TEST

START_TEST(a_gone_device_keeps_its_memory)
{
	lab_slot(2, SLOT_OUT, 0, 0x1000);
	lab.gone = true;
	lab_write(P0(PxCMD), OFF);
	ck_assert_uint_eq(PORT(0)->stale, 4);
	ck_assert_uint_eq(lab.given, 0);
	ck_assert_uint_gt(COUNTED(GONE), 0);
	ck_assert_uint_eq(lab_read(P0(PxCI)), 0);
}
END_TEST

START_TEST(a_stop_leaves_the_interrupt_and_the_log)
{
	PORT(0)->is = PxIS_TFES;
	PORT(0)->own_log = PORT(0)->own_sense = PORT(0)->tfd_ours = true;
	PORT(0)->tfd = 0x451;
	PORT(0)->drive.identified = true;
	lab_write(P0(PxCMD), OFF);
	lab_write(P0(PxCMD), ON);
	ck_assert_uint_eq(lab_read(P0(PxIS)), PxIS_TFES);
	ck_assert_uint_eq(lab_read(P0(PxTFD)), 0x451);
	ck_assert(PORT(0)->own_log && PORT(0)->own_sense && PORT(0)->drive.identified);
}
END_TEST

static void add_stop(Suite *s)
{
	TCase *tc = unit_case(s, "stop");

	tcase_add_checked_fixture(tc, begin_running, lab_end);
	tcase_add_test(tc, what_is_done_is_delivered_before_the_rest_is_forgotten);
	tcase_add_test(tc, a_stop_forgets_every_slot);
	tcase_add_test(tc, memory_of_what_was_out_comes_back_when_the_device_has_stopped);
	tcase_add_test(tc, what_goes_on_in_spite_of_the_stop_keeps_its_memory_a_while);
	tcase_add_test(tc, a_second_stop_keeps_what_the_device_still_has);
	tcase_add_test(tc, a_gone_device_keeps_its_memory);
	tcase_add_test(tc, a_stop_leaves_the_interrupt_and_the_log);
	suite_add_tcase(s, tc);
}

/* ---- drive and commands ---- */

static void know_the_drive(void)
{
	PORT(0)->drive = (struct drive){ .identified = true, .sector_size = 512, .total_sectors = 1000 };
	PORT(0)->identify_failed = PORT(0)->own_log = PORT(0)->own_sense = PORT(0)->tfd_ours = true;
}

static void check_unknown(bool unknown)
{
	ck_assert(PORT(0)->drive.identified == !unknown);
	ck_assert((PORT(0)->drive.sector_size == 0) == unknown);
	ck_assert((PORT(0)->drive.total_sectors == 0) == unknown);
	ck_assert(PORT(0)->identify_failed == !unknown);
	ck_assert(PORT(0)->own_log == !unknown);
	ck_assert(PORT(0)->own_sense == !unknown);
	ck_assert(PORT(0)->tfd_ours == !unknown);
}

START_TEST(after_a_comreset_the_drive_is_unknown)
{
	know_the_drive();
	lab_write(P0(PxSCTL), 0xfffff300);
	lab_expect("W 12c 00000300\n");
	check_unknown(false);
	lab_write(P0(PxSCTL), 0x301);
	lab_expect("W 12c 00000301\n");
	check_unknown(true);
	know_the_drive();
	lab_write(P0(PxSCTL), 0x300);
	check_unknown(true);
	know_the_drive();
	lab_write(P0(PxSCTL), 0x300);
	check_unknown(false);
	lab_write(P0(PxSCTL), 4);
	check_unknown(true);
}
END_TEST

START_TEST(after_an_exchange_the_drive_is_unknown)
{
	know_the_drive();
	DEVICE_PORT(0, PxSERR) = UINT32_MAX;
	lab_write(P0(PxSERR), ~SERR_X);
	lab_expect("W 130 fbffffff\n");
	check_unknown(false);
	lab_write(P0(PxSERR), SERR_X);
	lab_expect("W 130 04000000\n");
	check_unknown(true);
	/* it is clear by now */
	know_the_drive();
	lab_write(P0(PxSERR), UINT32_MAX);
	check_unknown(false);
}
END_TEST

static void refuse_tfd(struct port *p)
{
	p->tfd = 0x451;
	p->tfd_ours = true;
}

START_TEST(pxtfd_is_read_before_the_model_looks_and_a_refusals_while_it_lasts)
{
	lab.log_reads = true;
	ck_assert_uint_eq(lab_read(P0(PxTFD)), 0x50);
	lab_expect("R 120\nlook 0\npush 0\n");
	lab.on_look = refuse_tfd;
	ck_assert_uint_eq(lab_read(P0(PxTFD)), 0x451);
	PORT(0)->tfd_ours = false;
	lab.on_look = NULL;
	ck_assert_uint_eq(lab_read(P0(PxTFD)), 0x50);
}
END_TEST

static void finish_1(struct port *p)
{
	p->ci &= ~2u;
	p->sact &= ~2u;
}

START_TEST(pxci_and_pxsact_are_what_the_guest_has_been_given)
{
	DEVICE_PORT(0, PxCI) = DEVICE_PORT(0, PxSACT) = UINT32_MAX;
	PORT(0)->ci = 7;
	PORT(0)->sact = 3;
	lab.on_look = finish_1;
	ck_assert_uint_eq(lab_read(P0(PxCI)), 5);
	lab_expect("look 0\npush 0\n");
	PORT(0)->sact = 3;
	ck_assert_uint_eq(lab_read(P0(PxSACT)), 1);
	lab_expect("look 0\npush 0\n");
}
END_TEST

START_TEST(pxsact_is_set_by_ones_and_never_the_devices)
{
	lab_write(P0(PxSACT), 0x80000001);
	lab_write(P0(PxSACT), 2);
	lab_expect("");
	ck_assert_uint_eq(lab_read(P0(PxSACT)), 0x80000003);
}
END_TEST

START_TEST(only_slots_that_are_there_are_issued)
{
	lab_write(P0(PxCI), 0x80000001);
	lab_expect("look 0\npush 0\nissue 0 80000001\n");
	DEVICE(HBA_CAP) = CAP_S64A | 0x00000700;
	lab_attach();
	lab_forget_log();
	lab_write(P0(PxCI), 0xffffffff);
	lab_expect("look 0\npush 0\nissue 0 000000ff\n");
	lab_write(P0(PxSACT), 0xffffffff);
	ck_assert_uint_eq(PORT(0)->sact, 0xff);
}
END_TEST

static void add_drive(Suite *s)
{
	TCase *tc = unit_case(s, "drive and commands");

	tcase_add_checked_fixture(tc, begin, lab_end);
	tcase_add_test(tc, after_a_comreset_the_drive_is_unknown);
	tcase_add_test(tc, after_an_exchange_the_drive_is_unknown);
	tcase_add_test(tc, pxtfd_is_read_before_the_model_looks_and_a_refusals_while_it_lasts);
	tcase_add_test(tc, pxci_and_pxsact_are_what_the_guest_has_been_given);
	tcase_add_test(tc, pxsact_is_set_by_ones_and_never_the_devices);
	tcase_add_test(tc, only_slots_that_are_there_are_issued);
	suite_add_tcase(s, tc);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci port");

	add_addresses(s);
	add_interrupts(s);
	add_start(s);
	add_stop(s);
	add_drive(s);
	return s;
}
