/*
 * ahci_wait_test.c - commands that wait: for room in the bounce memory, for an IDENTIFY of the model's own
 */
#include "tests/unit/ahci_lab.h"

#define WRITES	"policy \"w\" version 1; on disk write default pass { bad: data has \"evil\" -> log, drop; }"
#define SETTINGS "policy \"s\" version 1; on disk control default drop { may: ata.command == 0xb2 -> pass; }"

static void begin(void)
{
	lab_begin(NULL, 1u << 20);
}

static void begin_writes(void)
{
	lab_begin(WRITES, 1u << 20);
}

static void begin_settings(void)
{
	lab_begin(SETTINGS, 1u << 20);
}

/* ---- room ---- */

#define BOTH	"policy \"b\" version 1; on disk read default pass { bad: data has \"evilevil\" -> log, drop; } " \
		"on disk write default pass { worse: data has \"evilevil\" -> log, drop; }"

static void begin_both(void)
{
	lab_begin(BOTH, 1u << 20);
}

/* Port 1 has most of the memory, and tag 5 of port 0 is first in the line for it. */
static void fill_memory(void)
{
	lab_ask(1, 0, lab_queued(0, true, 1, 800));
	lab_ask(1, 1, lab_queued(1, true, 801, 800));
	lab_ask(0, 5, lab_queued(5, true, 1, 1600));
	ck_assert_int_eq(P(0)->slot[5].state, SLOT_WAITS);
	ck_assert_ptr_nonnull(lab.bounce.first);
}

/* All of port 1's end: nearly all memory is free, and port 0, which takes none now, must not keep others from it. */
static void expect_nobody_held_up(void)
{
	dev_do(1, 0);
	dev_do(1, 1);
	lab_read(1, PxSACT);
	for (unsigned i = 0; i < 100; i++)
		ahci_poll(lab.h);
	ck_assert_int_eq(P(0)->slot[5].state, SLOT_WAITS);
	lab_ask(1, 2, lab_queued(2, true, 1, 8));
	for (unsigned i = 0; i < 100; i++)
		ahci_poll(lab.h);
	ck_assert_int_eq(P(1)->slot[2].state, SLOT_OUT);
}

START_TEST(a_port_that_waits_for_its_refusal_holds_up_nobody)
{
	/* tag 6 of port 0 never ends, and its memory is little; 7 will be refused when its data is there */
	lab_ask(0, 6, lab_queued(6, false, 1, 8));
	lab_ask(0, 7, lab_queued(7, false, 9, 8));
	fill_memory();
	memcpy(&lab.fill, "evilevil", 8);
	dev_do(0, 7);
	lab.fill = 0;
	ahci_poll(lab.h);
	ck_assert_int_eq(P(0)->slot[7].state, SLOT_REFUSED);
	ck_assert(P(0)->own);
	expect_nobody_held_up();
}
END_TEST

/* Another drive may have been plugged in: its size is asked for when nothing is under way any more. */
START_TEST(a_port_that_waits_to_ask_for_the_size_holds_up_nobody)
{
	lab_ask(0, 6, lab_queued(6, false, 1, 8));	/* never ends */
	fill_memory();
	REG(0, PxSERR) = SERR_X;
	lab_write(0, PxSERR, SERR_X);
	expect_nobody_held_up();
}
END_TEST

/* What is out at the drive has its memory until it is done, whatever drive may be there by then. */
START_TEST(what_is_out_keeps_its_memory_when_another_drive_may_be_there)
{
	uint32_t taken;

	lab_ask(0, 3, lab_queued(3, true, 1, 8));
	ck_assert_int_eq(P(0)->slot[3].state, SLOT_OUT);
	taken = lab.bounce.taken;
	ck_assert_uint_ne(taken, 0);
	REG(0, PxSERR) = SERR_X;
	lab_write(0, PxSERR, SERR_X);
	ck_assert_uint_eq(lab.bounce.taken, taken);
	ck_assert_int_eq(P(0)->slot[3].state, SLOT_OUT);
}
END_TEST

START_TEST(what_finds_no_room_waits_and_what_is_behind_it_too)
{
	/* 256 pages: three of 80 pages and their tables */
	for (unsigned slot = 0; slot < 4; slot++)
		lab_put(0, slot, lab_queued(slot, true, slot, 640));
	lab_put(0, 4, lab_queued(4, true, 4, 1));
	for (unsigned slot = 0; slot < 5; slot++)
		lab_write(0, PxCI, 1u << slot);
	lab_expect_issued("ABC");
	ck_assert_uint_eq(COUNT(WAITED), 1);
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 1000);
	ck_assert(ahci_rests(lab.h));
	ahci_poll(lab.h);
	ck_assert_uint_eq(COUNT(WAITED), 1);
	dev_do(0, 1);
	lab_read(0, PxSACT);
	lab_expect_issued("ABCD");
	ahci_poll(lab.h);
	lab_expect_issued("ABCDE");
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 0);
	for (unsigned slot = 0; slot < 5; slot++) {
		if (slot != 1)
			dev_do(0, slot);
	}
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	ck_assert_uint_eq(lab.bounce.taken, 0);
}
END_TEST

START_TEST(room_that_one_port_gives_back_is_anothers)
{
	lab_ask(0, 0, lab_dma(true, 1, 2000));
	lab_ask(1, 0, lab_dma(true, 1, 1000));
	ck_assert_uint_eq(REG(1, PxCI), 0);
	dev_do(0, 0);
	ahci_poll(lab.h);
	ck_assert_uint_eq(REG(1, PxCI), 1);
}
END_TEST

/* Port 1 has two commands of 100 pages out, port 0 waits for 200 of 256. */
static void two_ports(void)
{
	lab_ask(1, 0, lab_queued(0, true, 1, 800));
	lab_ask(1, 1, lab_queued(1, true, 801, 800));
	lab_ask(0, 5, lab_dma(true, 1, 1600));
	ck_assert_int_eq(P(1)->slot[1].state, SLOT_OUT);
	ck_assert_int_eq(P(0)->slot[5].state, SLOT_WAITS);
}

START_TEST(a_port_that_always_has_more_does_not_starve_another)
{
	two_ports();
	for (unsigned i = 0; i < 2; i++) {
		dev_do(1, i);
		lab_read(1, PxSACT);
		lab_ask(1, i, lab_queued(i, true, 1, 800));
		ck_assert_int_eq(P(1)->slot[i].state, SLOT_WAITS);
	}
	ahci_poll(lab.h);
	ck_assert_int_eq(P(0)->slot[5].state, SLOT_OUT);
	dev_do(0, 5);
	lab_read(0, PxCI);
	for (unsigned i = 0; i < 3; i++)
		ahci_poll(lab.h);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(P(1)->slot[i].state, SLOT_OUT);
		dev_do(1, i);
	}
	lab_read(1, PxSACT);
	ck_assert_uint_eq(lab.bounce.taken, 0);
	ck_assert_ptr_null(lab.bounce.first);
}
END_TEST

START_TEST(a_port_that_waits_no_longer_holds_up_nobody)
{
	two_ports();
	lab_ask(1, 2, lab_queued(2, true, 1, 8));
	ck_assert_int_eq(P(1)->slot[2].state, SLOT_WAITS);
	lab_write(0, PxCMD, PxCMD_FRE);
	lab_read(1, PxCI);
	ck_assert_int_eq(P(1)->slot[2].state, SLOT_OUT);
}
END_TEST

START_TEST(a_port_that_stands_still_holds_up_nobody)
{
	lab_ask(0, 6, lab_queued(6, true, 1, 8));
	lab_ask(1, 0, lab_queued(0, true, 1, 800));
	lab_ask(1, 1, lab_queued(1, true, 801, 800));
	lab_ask(0, 5, lab_queued(5, true, 1, 1600));
	lab_ask(1, 2, lab_queued(2, true, 1, 8));
	ck_assert_int_eq(P(0)->slot[5].state, SLOT_WAITS);
	ck_assert_int_eq(P(1)->slot[2].state, SLOT_WAITS);
	dev_fail(0, 6, PxIS_TFES, true);
	ahci_poll(lab.h);
	ck_assert(P(0)->stopped);
	ck_assert_int_eq(P(1)->slot[2].state, SLOT_OUT);
}
END_TEST

START_TEST(what_can_never_have_room_is_refused)
{
	lab_ask(0, 0, lab_dma(true, 1, 2047));
	ck_assert_uint_eq(COUNT(TOO_LARGE), 0);
	ck_assert_int_eq(P(0)->slot[0].state, SLOT_OUT);
	dev_do(0, 0);
	lab_ask(0, 1, lab_dma(true, 1, 2048));
	ck_assert_uint_eq(COUNT(TOO_LARGE), 1);
	lab_expect_refused(1);
}
END_TEST

START_TEST(no_more_is_copied_in_one_call_than_a_burst)
{
	for (unsigned slot = 0; slot < 6; slot++)
		lab_put(0, slot, lab_queued(slot, true, slot, 200));
	lab_write(0, PxCI, 0x3f);
	lab_expect_issued("ABC");
	ck_assert_uint_eq(COUNT(WAITED), 0);
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 1000);
	ahci_poll(lab.h);
	lab_expect_issued("ABCDEF");
}
END_TEST

/* ---- our own IDENTIFY ---- */

/* The next command that counts in sectors is one of other sectors. */
START_TEST(a_new_sector_configuration_makes_the_size_unknown)
{
	P(0)->identify_failed = true;
	lab_ask(0, 3, (struct ask){ .command = 0xb2, .count = 1 });
	ck_assert_uint_eq(dev_fis(0, 3)[2], 0xb2);
	lab.sector_size = 4096;
	lab_put(0, 5, (struct ask){ .command = 0x25, .count = 2, .lba = 9, .bytes = 8192 });
	lab_write(0, PxCI, 1u << 5);
	ck_assert_uint_eq(lab.issues, 1);
	dev_do(0, 3);
	lab_read(0, PxCI);
	ck_assert_uint_eq(lab.issues, 2);
	ck_assert_uint_eq(dev_fis(0, 0)[2], ATA_IDENTIFY);
	dev_do(0, 0);
	lab_read(0, PxCI);
	ck_assert_uint_eq(lab.issues, 3);
	ck_assert_uint_eq(dev_prds(0, 5)->dbc, 8191);
	ck_assert_uint_eq(P(0)->drive.sector_size, 4096);
}
END_TEST

START_TEST(what_counts_in_sectors_waits_for_an_identify_of_our_own)
{
	lab.sector_size = 4096;
	lab_unknown(0);
	lab_write(0, PxIE, PxIS_DHRS | PxIS_PSS);
	lab_put(0, 5, (struct ask){ .command = 0x25, .count = 2, .lba = 9, .bytes = 8192 });
	lab_write(0, PxCI, 1u << 5);
	ck_assert_uint_eq(lab.issues, 1);
	ck_assert_uint_eq(lab.issued[0], 0);
	ck_assert_uint_eq(dev_fis(0, 0)[2], ATA_IDENTIFY);
	ck_assert_uint_eq(lab_read(0, PxCI), 1u << 5);
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 1000);
	dev_do(0, 0);
	ck_assert(!lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS), 0);
	ck_assert_uint_eq(REG(0, PxIS), 0);
	ck_assert_uint_eq(lab_received(0)->psfis[0], 0);
	ck_assert_uint_eq(lab.issues, 2);
	ck_assert_uint_eq(lab.issued[1], 5);
	ck_assert_uint_eq(dev_prds(0, 5)->dbc, 8191);
	ck_assert_uint_eq(lab.reads, 3);
	dev_do(0, 5);
	ck_assert(lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	ck_assert_uint_eq(P(0)->drive.sector_size, 4096);
}
END_TEST

START_TEST(our_identify_waits_for_what_is_out)
{
	lab_unknown(0);
	lab_ask(0, 1, (struct ask){ .command = 0xea });
	lab_ask(0, 0, lab_dma(false, 1, 1));
	lab_expect_issued("B");
	dev_do(0, 1);
	lab_read(0, PxIS);
	lab_expect_issued("BA");
	ck_assert(P(0)->identifying);
	/* the flush's interrupt is still the guest's */
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS);
	ck_assert(lab_line());
	dev_do(0, 0);
	ck_assert_uint_eq(lab_read(0, PxIS) & PxIS_DHRS, PxIS_DHRS);
	ck_assert(lab_line());
	lab_expect_issued("BAA");
	lab_write(0, PxIS, UINT32_MAX);
	ck_assert(!lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS), 0);
}
END_TEST

START_TEST(a_drive_that_does_not_identify_has_no_sectors)
{
	lab_unknown(0);
	lab_ask(0, 3, lab_dma(false, 1, 1));
	dev_fail(0, 0, PxIS_TFES, _i);
	ck_assert_uint_eq(lab_read(0, PxIS), 0);
	ck_assert_uint_eq(REG(0, PxIS), 0);
	ck_assert_uint_eq(COUNT(SECTOR_SIZE), 0);
	ahci_poll(lab.h);
	ck_assert_uint_eq(COUNT(SECTOR_SIZE), 1);
	lab_expect_refused(3);
	lab_restart(0);
	/* not again */
	lab_ask(0, 3, lab_dma(false, 1, 1));
	ck_assert_uint_eq(COUNT(SECTOR_SIZE), 2);
	lab_expect_refused(3);
	lab_restart(0);
	/* but after a COMRESET */
	lab_write(0, PxSCTL, 1);
	lab_write(0, PxSCTL, 0);
	lab_ask(0, 3, lab_dma(false, 1, 1));
	ck_assert_uint_eq(dev_fis(0, 0)[2], ATA_IDENTIFY);
	dev_do(0, 0);
	lab_read(0, PxCI);
	ck_assert_int_eq(P(0)->slot[3].state, SLOT_OUT);
}
END_TEST

START_TEST(half_an_identify_of_our_own_is_none)
{
	lab_unknown(0);
	lab_ask(0, 3, lab_dma(false, 1, 1));
	dev_move(0, 0, 510);
	dev_end(0, 0);
	lab_read(0, PxCI);
	ck_assert_uint_eq(COUNT(SECTOR_SIZE), 1);
	lab_expect_refused(3);
}
END_TEST

START_TEST(an_identify_of_our_own_that_lies_of_its_length_is_none)
{
	lab_unknown(0);
	lab_ask(0, 3, lab_dma(false, 1, 1));
	dev_move(0, 0, 200);
	((struct header *)dev_header(0, 0))->prdbc = 513;
	dev_end(0, 0);
	lab_read(0, PxCI);
	ck_assert_uint_eq(COUNT(LIES), 1);
	ck_assert_uint_eq(COUNT(SECTOR_SIZE), 1);
	lab_expect_refused(3);
}
END_TEST

START_TEST(a_guest_that_gives_up_waiting_begins_anew)
{
	lab_unknown(0);
	lab_ask(0, 3, lab_dma(false, 1, 1));
	lab_restart(0);
	ck_assert(!P(0)->identifying);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	lab_ask(0, 4, (struct ask){ .command = 0xea });
	lab_expect_issued("AE");
	dev_do(0, 4);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS);
	ck_assert(lab_line());
}
END_TEST

/* [4.2.3.3]: without CAP.S64A the controller takes DBA alone; where DBA alone leads nobody was asked. */
START_TEST(no_address_above_4_gib_is_for_a_controller_of_32_bits)
{
	uint64_t at;

	lab.h->cap &= ~CAP_S64A;
	lab_ask(0, 0, lab_dma(false, 1, 8));	/* straight: guest_dma() says RAM_BUS + BUFFER_AT(0), above 4 GiB */
	if (P(0)->slot[0].state != SLOT_OUT) {
		lab_expect_refused(0);
		return;
	}
	at = dev_prds(0, 0)->dba;
	ck_assert_msg(!dev_prds(0, 0)->dbau, "it was asked for %x%08x, and the drive writes to %llx",
		      dev_prds(0, 0)->dbau, dev_prds(0, 0)->dba, (unsigned long long)at);
}
END_TEST

/* EDK2's driver: PxIE 0, and the received FIS in memory is all that it looks at. */
START_TEST(a_guest_that_looks_at_its_memory_alone_is_served)
{
	if (_i)
		lab_access(HBA_GHC, true, GHC_AE);
	else
		lab_write(0, PxIE, 0);
	lab_ask(0, 3, lab_dma(false, 1, 1));
	dev_do(0, 3);
	ck_assert_uint_eq(lab_received(0)->rfis[0], 0);
	/* nothing else will make anybody look */
	ck_assert_uint_gt(ahci_poll_hz(lab.h), 0);
	ahci_poll(lab.h);
	ck_assert_uint_eq(lab_received(0)->rfis[0], FIS_D2H);
}
END_TEST

/* QEMU before 8.1: ST is cleared, PxCI stays, and data moves on, for as long as the disk takes. */
static void ci_stays(uint32_t offset)
{
	if (offset == PORT_AT(0) + PxCI)
		REG(0, PxCI) |= 1;
}

START_TEST(what_was_judged_is_not_written_over_by_a_command_that_was_aborted)
{
	uint64_t bus;

	memcpy(&lab.fill, "goodgood", sizeof(lab.fill));
	lab_ask(0, 0, (struct ask){ .command = 0x2f, .count = 8, .lba = 1, .bytes = 4096 });
	bus = (uint64_t)dev_prds(0, 0)->dbau << 32 | dev_prds(0, 0)->dba;
	lab.on_read = ci_stays;
	lab_write(0, PxCMD, PxCMD_SUD | PxCMD_FRE);
	lab.now += 100000000;
	lab_write(0, PxCMD, PxCMD_SUD | PxCMD_FRE | PxCMD_ST);
	ck_assert(port_runs(P(0)));
	lab_fill(1, 5, 4096);
	lab_ask(0, 1, lab_dma(true, 5, 8));
	ck_assert_int_eq(P(0)->slot[1].state, SLOT_OUT);
	/* slot 0's data comes at last */
	memcpy(dev_memory(bus, 4096), "evil", 4);
	dev_do(0, 1);
	/* its bit falls: the memory is the next one's, and nothing is left in it */
	lab.on_read = NULL;
	REG(0, PxCI) = 0;
	ck_assert_uint_eq(P(0)->held_count, 1);
	ck_assert_uint_gt(ahci_poll_hz(lab.h), 0);
	ahci_poll(lab.h);
	ck_assert_uint_eq(P(0)->held_count, 0);
	ck_assert(!memcmp(dev_memory(bus, 4), "\0\0\0\0", 4));
	ck_assert_msg(!memmem(lab.medium, lab.medium_len, "evil", 4), "on the medium is what the policy drops");
}
END_TEST

/* Each time the same command is given up, and each time its bit stays. */
START_TEST(what_can_not_be_kept_any_more_keeps_the_port)
{
	unsigned held;

	lab.on_read = ci_stays;
	for (unsigned i = 0; i < HELD_MAX; i++) {
		lab_ask(0, 0, (struct ask){ .command = 0x2f, .count = 1, .lba = 1, .bytes = 512 });
		lab_write(0, PxCMD, PxCMD_SUD | PxCMD_FRE);
		lab.now += 100000000;
		lab_write(0, PxCMD, PxCMD_SUD | PxCMD_FRE | PxCMD_ST);
		ck_assert(port_runs(P(0)));
	}
	ck_assert_uint_eq(P(0)->held_count, HELD_MAX);
	lab_ask(0, 0, (struct ask){ .command = 0x2f, .count = 1, .lba = 1, .bytes = 512 });
	lab_write(0, PxCMD, PxCMD_SUD | PxCMD_FRE);
	lab.now += 100000000;
	lab_write(0, PxCMD, PxCMD_SUD | PxCMD_FRE | PxCMD_ST);
	ck_assert(!port_runs(P(0)));
	held = lab.h->bounce->taken;
	/* a reset of the controller ends all of it, whatever its bits say */
	lab_access(HBA_GHC, true, GHC_AE | GHC_HR);
	ck_assert_uint_eq(P(0)->held_count, HELD_MAX);
	lab.reg[HBA_GHC / 4] = GHC_AE;
	for (unsigned port = 0; port < PORTS_MAX; port++)
		REG(port, PxCMD) = 0;
	ahci_poll(lab.h);
	ck_assert_uint_eq(P(0)->held_count, 0);
	ck_assert_uint_lt(lab.h->bounce->taken, held);
	ck_assert_uint_eq(lab.h->bounce->taken, 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci_wait");
	TCase *c = lab_case(s, "plain", begin);

	tcase_add_test(c, what_counts_in_sectors_waits_for_an_identify_of_our_own);
	tcase_add_test(c, our_identify_waits_for_what_is_out);
	tcase_add_loop_test(c, a_drive_that_does_not_identify_has_no_sectors, 0, 2);
	tcase_add_test(c, half_an_identify_of_our_own_is_none);
	tcase_add_test(c, an_identify_of_our_own_that_lies_of_its_length_is_none);
	tcase_add_test(c, a_guest_that_gives_up_waiting_begins_anew);
	tcase_add_loop_test(c, a_guest_that_looks_at_its_memory_alone_is_served, 0, 2);
	tcase_add_test(c, no_address_above_4_gib_is_for_a_controller_of_32_bits);
	c = lab_case(s, "writes", begin_writes);
	tcase_add_test(c, what_finds_no_room_waits_and_what_is_behind_it_too);
	tcase_add_test(c, room_that_one_port_gives_back_is_anothers);
	tcase_add_test(c, a_port_that_always_has_more_does_not_starve_another);
	tcase_add_test(c, a_port_that_waits_no_longer_holds_up_nobody);
	tcase_add_test(c, a_port_that_stands_still_holds_up_nobody);
	tcase_add_test(c, what_can_never_have_room_is_refused);
	tcase_add_test(c, no_more_is_copied_in_one_call_than_a_burst);
	tcase_add_test(c, what_was_judged_is_not_written_over_by_a_command_that_was_aborted);
	tcase_add_test(c, what_can_not_be_kept_any_more_keeps_the_port);
	c = lab_case(s, "both", begin_both);
	tcase_add_test(c, a_port_that_waits_for_its_refusal_holds_up_nobody);
	tcase_add_test(c, a_port_that_waits_to_ask_for_the_size_holds_up_nobody);
	tcase_add_test(c, what_is_out_keeps_its_memory_when_another_drive_may_be_there);
	c = lab_case(s, "settings", begin_settings);
	tcase_add_test(c, a_new_sector_configuration_makes_the_size_unknown);
	return s;
}
