/*
 * ahci_parts_test.c - commands of which more is to be searched than one call may
 */
#include "tests/unit/ahci_lab.h"

#define SLICE	(64u << 10)
#define SLICE_NS	500000u		/* a slice takes as long as a call may */
#define SECTORS	512u			/* four slices, and a buffer */
#define BYTES	(SECTORS * 512u)

static uint64_t slice_ns;

/* It is looked at once before a slice and once behind it. */
static uint64_t clock_ns(void *host)
{
	return lab.now += slice_ns;
}

static void begin(void)
{
	lab_begin("policy \"p\" version 1; pattern p = \"needle\"; pattern q = \"straw\";"
		  "on disk write default pass { a: data has p -> log, drop; }"
		  "on disk read default pass { b: data has p -> log, drop; c: data has q -> rewrite q with \"N\"; }", 8u << 20);
	lab_parts(SLICE);
	lab.ops.now_ns = clock_ns;
	slice_ns = SLICE_NS;
}

static uint8_t *buffer(unsigned slot)
{
	return lab.ram + BUFFER_AT(slot);
}

static void write_long(unsigned slot)
{
	lab_fill(slot, 1000, BYTES);
	lab_ask(0, slot, lab_queued(slot, true, 1000, SECTORS));
}

/* How many calls until nothing is under way any more. */
static unsigned polls(void)
{
	unsigned n = 0;

	while (lab.parts.longer.first || ahci_poll_hz(lab.h)) {
		ck_assert_uint_eq(ahci_poll_hz(lab.h), lab.parts.longer.first ? 2000 : 1000);
		ahci_poll(lab.h);
		ck_assert_uint_lt(n++, 100);
	}
	return n;
}

/* ---- writes ---- */

START_TEST(a_write_goes_out_when_all_of_it_was_searched)
{
	write_long(0);
	lab_expect_issued("");
	ck_assert_uint_eq(COUNT(IN_PARTS), 1);
	memset(buffer(0), 'z', BYTES);		/* what was copied counts */
	for (unsigned i = 1; i < BYTES / SLICE; i++) {
		ahci_poll(lab.h);
		lab_expect_issued("");
		ck_assert_uint_ge(lab.h->burst, BURST_BYTES);
	}
	ahci_poll(lab.h);
	lab_expect_issued("A");
	ck_assert_uint_eq(polls(), 0);
	dev_do(0, 0);
	for (uint32_t i = 0; i < BYTES; i++)
		ck_assert_uint_eq(lab.medium[i], lab_byte(1000, i));
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	ck_assert_uint_eq(lab.bounce.taken, 0);
	ck_assert_uint_eq(COUNT(IN_PARTS), 1);
}
END_TEST

START_TEST(what_comes_behind_it_waits_and_another_port_does_not)
{
	write_long(0);
	lab_fill(1, 7, 512);
	lab_ask(0, 1, lab_queued(1, true, 7, 1));
	lab_ask(1, 5, lab_queued(5, true, 7, 8));
	ck_assert_int_eq(P(1)->slot[5].state, SLOT_OUT);
	lab_expect_issued("");
	polls();
	lab_expect_issued("AB");
}
END_TEST

START_TEST(a_write_that_is_dropped_never_goes_out)
{
	lab_fill(0, 1000, BYTES);
	memcpy(buffer(0) + BYTES - 6, "needle", 6);
	lab_ask(0, 0, lab_queued(0, true, 1000, SECTORS));
	while (lab.parts.longer.first)
		ahci_poll(lab.h);
	ck_assert_uint_eq(COUNT(DROPPED), 1);
	ck_assert_str_eq(lab.event, "a 1000");
	lab_expect_refused(0);
}
END_TEST

START_TEST(a_guest_that_stops_the_port_ends_it)
{
	write_long(0);
	ahci_poll(lab.h);
	lab_restart(0);
	ck_assert_ptr_null(lab.parts.longer.first);
	ahci_poll(lab.h);
	ck_assert_uint_eq(lab.bounce.taken, 0);
	lab_expect_issued("");
	write_long(3);
	polls();
	lab_expect_issued("D");
}
END_TEST

/* Sectors of the drive that is there now are others: what was judged is not what it would do. */
START_TEST(behind_a_comreset_it_is_judged_anew)
{
	write_long(0);
	ahci_poll(lab.h);
	lab.sector_size = 4096;
	lab_write(0, PxSCTL, 0x301);
	lab_write(0, PxSCTL, 0x300);
	ck_assert_ptr_null(lab.parts.longer.first);
	ahci_poll(lab.h);
	lab_expect_issued("A");
	ck_assert_uint_eq(dev_fis(0, 0)[2], ATA_IDENTIFY);
	dev_do(0, 0);
	lab_read(0, PxCI);
	/* 512 sectors of 4 KiB, and PRDs of an eighth of it */
	ck_assert_uint_eq(COUNT(PRD), 1);
	ck_assert_uint_eq(lab.h->bounce->taken, 0);
}
END_TEST

START_TEST(a_port_that_stands_still_holds_up_no_other)
{
	lab_ask(0, 6, lab_queued(6, true, 1, 8));
	write_long(0);
	lab_fill(1, 2000, BYTES);
	lab_ask(1, 1, lab_queued(1, true, 2000, SECTORS));
	dev_fail(0, 6, PxIS_TFES, true);
	for (unsigned i = 0; i < 20; i++)
		ahci_poll(lab.h);
	ck_assert(P(0)->stopped);
	ck_assert_int_eq(P(1)->slot[1].state, SLOT_OUT);
	lab_expect_issued("G");
	lab_restart(0);
	ck_assert(!disk_is_under_way(&P(0)->slot[0].trial));
}
END_TEST

/* 256 KiB in one call, where there is time. */
START_TEST(a_call_searches_as_much_as_it_may)
{
	slice_ns = 0;
	lab_parts(DISK_SLICE);
	memset(buffer(0), 'x', 2 * BYTES);
	lab_ask(0, 0, lab_queued(0, true, 1000, 2 * SECTORS));
	lab_expect_issued("");
	ck_assert_uint_eq(lab.h->burst, BURST_BYTES);
	/* the first one copied all of it, and searched a slice */
	ck_assert_uint_eq(polls(), 2 * BYTES / BURST_BYTES);
	lab_expect_issued("A");
}
END_TEST

/* By as much as a slice took too long. */
START_TEST(what_took_too_long_is_the_guests_time)
{
	slice_ns = 4 * SLICE_NS;
	write_long(0);
	ck_assert_uint_eq(lab.parts.longer.rest_until_ns, lab.now + 3 * SLICE_NS);
	slice_ns = 1;
	for (unsigned i = 0; i < 50; i++) {
		ahci_poll(lab.h);
		lab_expect_issued("");
		ck_assert_uint_eq(lab.h->burst, 0);
		ck_assert_uint_eq(ahci_poll_hz(lab.h), 2000);
	}
	lab.now += 3 * SLICE_NS;
	polls();
	lab_expect_issued("A");
}
END_TEST

/* ---- reads ---- */

static void read_long(unsigned slot)
{
	lab_ask(0, slot, lab_queued(slot, false, 1000, SECTORS));
	dev_do(0, slot);
}

static uint8_t *came(unsigned slot)
{
	return dev_memory((uint64_t)dev_prds(0, slot)->dbau << 32 | dev_prds(0, slot)->dba, BYTES);
}

START_TEST(a_read_is_the_guests_when_all_of_it_was_searched)
{
	unsigned calls = 0;

	read_long(0);
	memset(buffer(0), 0, BYTES);
	ck_assert(lab_line());
	for (lab_read(0, PxSACT); P(0)->sact; calls++) {
		uint32_t is = lab_read(0, PxIS);

		if (!P(0)->sact)
			break;
		ck_assert_uint_eq(is, 0);
		ck_assert(!lab_line());
		ck_assert_uint_eq(buffer(0)[0] | buffer(0)[BYTES - 1], 0);
		ck_assert_uint_eq(ahci_poll_hz(lab.h), 2000);
		if (calls == 0)
			lab_write(0, PxIS, UINT32_MAX);		/* it has not seen a bit */
		ck_assert_uint_eq(REG(0, PxIS), PxIS_SDBS);
		lab_write(0, PxIE, UINT32_MAX);
		ck_assert(!lab_line());
	}
	ck_assert_uint_ge(calls, 2);
	lab_expect_data(0, 1000, BYTES);
	ck_assert(lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_SDBS);
	lab_write(0, PxIS, PxIS_SDBS);
	ck_assert(!lab_line());
	ck_assert_uint_eq(lab.bounce.taken, 0);
	ck_assert_uint_eq(COUNT(IN_PARTS), 1);
	ck_assert_uint_eq(COUNT(LIES), 0);
}
END_TEST

/* A command alone, of which the drive says how much came. */
START_TEST(part_of_a_read_is_given_as_far_as_it_came)
{
	unsigned calls = 0;

	lab_ask(0, 2, lab_dma(false, 1000, SECTORS));
	dev_move(0, 2, BYTES - 512);
	dev_end(0, 2);
	while (lab_read(0, PxCI)) {
		uint32_t tfd = lab_read(0, PxTFD);

		if (P(0)->ci)
			ck_assert_uint_eq(tfd & STATUS_BSY, STATUS_BSY);
		ck_assert_int_eq(lab_header(0, 2)->prdbc == BYTES - 512, !P(0)->ci);
		ck_assert_uint_lt(calls++, 10);
	}
	ck_assert_uint_eq(lab_read(0, PxTFD), 0x50);
	ck_assert_uint_eq(lab_received(0)->rfis[0], FIS_D2H);
	lab_expect_data(2, 1000, BYTES - 512);
	ck_assert_uint_eq(lab_header(0, 2)->prdbc, BYTES - 512);
	ck_assert_uint_eq(COUNT(IN_PARTS), 1);
}
END_TEST

/* What is rewritten before the last slice may be the mark by which it is known how much came. */
START_TEST(a_read_that_is_rewritten_is_given_whole)
{
	read_long(0);
	memcpy(came(0) + 507, "straw", 5);
	memcpy(came(0) + BYTES - 5, "straw", 5);
	while (lab_read(0, PxSACT))
		;
	ck_assert_uint_eq(COUNT(REWRITTEN), 1);
	ck_assert_mem_eq(buffer(0) + 507, "NNNNN", 5);
	ck_assert_mem_eq(buffer(0) + BYTES - 5, "NNNNN", 5);
	ck_assert_uint_eq(buffer(0)[512], lab_byte(1000, 512));
	ck_assert_uint_eq(COUNT(BYTES_IN), BYTES);
}
END_TEST

START_TEST(a_read_that_is_dropped_shows_nothing)
{
	read_long(0);
	memcpy(came(0) + BYTES - 6, "needle", 6);
	for (unsigned i = 0; i < 10; i++)
		lab_read(0, PxSACT);
	ck_assert_uint_eq(COUNT(DROPPED), 1);
	ck_assert_uint_eq(REG(0, PxCI), 1);		/* the nudge */
	dev_do(0, 0);
	ck_assert_uint_eq(lab_read(0, PxIS) & PxIS_TFES, PxIS_TFES);
	lab_expect_nothing(0, BYTES);
}
END_TEST

START_TEST(others_are_given_in_their_order)
{
	lab_ask(0, 0, lab_queued(0, false, 1000, SECTORS));
	lab_ask(0, 2, lab_queued(2, false, 9, 8));
	dev_do(0, 0);
	dev_do(0, 2);
	while (lab_read(0, PxSACT) & 1)
		ck_assert_uint_eq(P(0)->sact, 5);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	lab_expect_data(0, 1000, BYTES);
	lab_expect_data(2, 9, 4096);
}
END_TEST

/* The guest is about to forget all of them. */
START_TEST(a_drives_error_gives_what_was_under_way_at_once)
{
	lab_ask(0, 0, lab_queued(0, false, 1000, SECTORS));
	lab_ask(0, 2, lab_queued(2, false, 9, 8));
	dev_do(0, 0);
	lab_read(0, PxSACT);
	ck_assert(disk_is_under_way(&P(0)->slot[0].trial));
	dev_accept(0, 2);
	dev_fail(0, 2, PxIS_TFES, true);
	ck_assert_uint_eq(lab_read(0, PxSACT), 4);
	lab_expect_data(0, 1000, BYTES);
	ck_assert_ptr_null(lab.parts.longer.first);
}
END_TEST

START_TEST(a_guest_that_stops_the_port_is_given_nothing_later)
{
	read_long(0);
	memset(buffer(0), 0, BYTES);
	lab_read(0, PxSACT);
	lab_restart(0);
	ck_assert_ptr_null(lab.parts.longer.first);
	ck_assert_uint_eq(REG(0, PxIE), P(0)->ie);
	for (unsigned i = 0; i < 10; i++)
		ahci_poll(lab.h);
	ck_assert_uint_eq(buffer(0)[0], 0);
	ck_assert_uint_eq(lab.bounce.taken, 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci_parts");
	TCase *c = lab_case(s, "writes", begin);

	tcase_add_test(c, a_write_goes_out_when_all_of_it_was_searched);
	tcase_add_test(c, what_comes_behind_it_waits_and_another_port_does_not);
	tcase_add_test(c, a_write_that_is_dropped_never_goes_out);
	tcase_add_test(c, a_guest_that_stops_the_port_ends_it);
	tcase_add_test(c, behind_a_comreset_it_is_judged_anew);
	tcase_add_test(c, a_port_that_stands_still_holds_up_no_other);
	tcase_add_test(c, a_call_searches_as_much_as_it_may);
	tcase_add_test(c, what_took_too_long_is_the_guests_time);
	c = lab_case(s, "reads", begin);
	tcase_add_test(c, a_read_is_the_guests_when_all_of_it_was_searched);
	tcase_add_test(c, part_of_a_read_is_given_as_far_as_it_came);
	tcase_add_test(c, a_read_that_is_rewritten_is_given_whole);
	tcase_add_test(c, a_read_that_is_dropped_shows_nothing);
	tcase_add_test(c, others_are_given_in_their_order);
	tcase_add_test(c, a_drives_error_gives_what_was_under_way_at_once);
	tcase_add_test(c, a_guest_that_stops_the_port_is_given_nothing_later);
	return s;
}
