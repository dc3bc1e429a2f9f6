/*
 * ahci_complete_test.c - the drive is done: what the guest gets of it, and when
 */
#include "tests/unit/ahci_lab.h"

#define READS	"policy \"r\" version 1; pattern x = \"evilevil\"; pattern y = \"goodgood\"; " \
		"pattern z = \"zerozero\"; on disk read default pass { bad: data has x -> log, drop;" \
		" hush: data has z -> drop silently;" \
		" new: data has y -> rewrite y with \"*\"; }"

enum { EVIL, GOOD, ZERO };
static const char *const fills[] = { "evilevil", "goodgood", "zerozero" };

static void fill(unsigned which)
{
	memcpy(&lab.fill, fills[which], sizeof(lab.fill));
}

static void begin(void)
{
	lab_begin(NULL, 1u << 20);
}

static void begin_reads(void)
{
	lab_begin(READS, 4u << 20);
}

static struct ask read_of(bool queued, unsigned slot, uint64_t lba, uint32_t sectors)
{
	return queued ? lab_queued(slot, false, lba, sectors) : lab_dma(false, lba, sectors);
}

/* ---- data ---- */

START_TEST(what_is_judged_is_the_guests_when_the_drive_is_done)
{
	bool queued = _i;
	struct ask a = read_of(queued, 3, 40, 9);

	a.prds = 5;
	lab_ask(0, 3, a);
	dev_move(0, 3, UINT32_MAX);
	lab_read(0, PxSACT);
	lab_expect_nothing(3, 9 * 512);
	ck_assert_uint_eq(lab.transfers, 0);
	dev_end(0, 3);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	lab_expect_data(3, 40, 9 * 512);
	ck_assert_uint_eq(lab_header(0, 3)->prdbc, queued ? 0xeeeeeeee : 9 * 512);
	ck_assert_uint_eq(lab.transfers, 1);
	ck_assert_uint_eq(lab.bounce.taken, 0);
	ck_assert_uint_eq(COUNT(BYTES_IN), 9 * 512);
	ck_assert_uint_eq(COUNT(BYTES_COPIED), 9 * 512);
	ck_assert_uint_eq(COUNT(MEMORY), 0);
}
END_TEST

START_TEST(what_goes_straight_is_reported)
{
	bool queued = _i;

	lab_ask(0, 3, read_of(queued, 3, 40, 9));
	dev_do(0, 3);
	lab_read(0, PxCI);
	lab_expect_data(3, 40, 9 * 512);
	ck_assert_uint_eq(lab_header(0, 3)->prdbc, queued ? 0xeeeeeeee : 9 * 512);
	ck_assert_uint_eq(COUNT(BYTES_IN), 9 * 512);
	ck_assert_uint_eq(COUNT(BYTES_COPIED), 0);
	ck_assert_uint_eq(lab.bounce.taken, 0);
}
END_TEST

START_TEST(a_write_reports_its_bytes_too)
{
	lab_ask(0, 3, lab_dma(true, 40, 9));
	dev_do(0, 3);
	lab_read(0, PxCI);
	ck_assert_uint_eq(lab_header(0, 3)->prdbc, 9 * 512);
	ck_assert_uint_eq(COUNT(BYTES_IN), 0);
	ck_assert_uint_eq(COUNT(BYTES_OUT), 9 * 512);
}
END_TEST

START_TEST(no_byte_is_shown_that_did_not_come)
{
	/* what is there from before */
	lab_ask(0, 0, lab_dma(false, 1, 16));
	dev_do(0, 0);
	lab_read(0, PxCI);
	lab_ask(0, 1, lab_dma(false, 900, 16));
	dev_move(0, 1, 1000);
	dev_end(0, 1);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	lab_expect_data(1, 900, 1000);
	lab_expect_nothing(2, 0);
	for (uint32_t i = 1000; i < 8192; i++)
		ck_assert_uint_eq(lab.ram[BUFFER_AT(1) + i], 0);
	ck_assert_uint_eq(lab_header(0, 1)->prdbc, 1000);
	ck_assert_uint_eq(COUNT(BYTES_IN), 8192 + 1000);
}
END_TEST

START_TEST(no_sector_is_shown_that_did_not_come_whole)
{
	/* all that comes is of dwords */
	uint32_t come = (uint32_t)_i * 4, whole = come / 512 * 512;

	lab_ask(0, 0, lab_queued(0, false, 1, 16));
	dev_do(0, 0);
	lab_read(0, PxSACT);
	lab_ask(0, 1, lab_queued(1, false, 900, 16));
	dev_move(0, 1, come);
	dev_end(0, 1);
	ck_assert_uint_ne(lab.h->mark, 0);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	lab_expect_data(1, 900, whole);
	for (uint32_t i = whole; i < 8192; i++)
		ck_assert_uint_eq(lab.ram[BUFFER_AT(1) + i], 0);
	ck_assert_uint_eq(COUNT(BYTES_IN), 8192 + whole);
	ck_assert_uint_eq(lab.transfers, whole ? 2 : 1);
	lab_ask(0, 2, lab_queued(2, false, 5, 512));
	dev_do(0, 2);
	lab_read(0, PxSACT);
	lab_expect_data(2, 5, 512 * 512);
}
END_TEST

START_TEST(more_than_was_asked_for_is_a_lie)
{
	lab_ask(0, 1, lab_dma(false, 900, 16));
	dev_move(0, 1, UINT32_MAX);
	((struct header *)dev_header(0, 1))->prdbc = 8193;
	dev_end(0, 1);
	lab_read(0, PxCI);
	ck_assert_uint_eq(COUNT(LIES), 1);
	ck_assert_uint_eq(lab_header(0, 1)->prdbc, 8192);
	lab_expect_data(1, 900, 8192);
}
END_TEST

START_TEST(guest_memory_that_is_none_any_more_is_counted)
{
	lab_ask(0, 1, lab_dma(false, 900, 16));
	lab.ops.guest_write = lab_write_no_data;
	dev_do(0, 1);
	lab_read(0, PxCI);
	ck_assert_uint_eq(COUNT(MEMORY), 1);
	ck_assert_uint_eq(lab.bounce.taken, 0);
}
END_TEST

/* ---- verdicts ---- */

START_TEST(a_rewritten_read_is_rewritten_before_the_guest_has_it)
{
	fill(GOOD);
	lab_ask(0, 1, read_of(_i, 1, 900, 2));
	dev_do(0, 1);
	lab_read(0, PxSACT);
	ck_assert_int_eq(memcmp(lab.ram + BUFFER_AT(1), "********", 8), 0);
	ck_assert_int_eq(memcmp(lab.ram + BUFFER_AT(1) + 512, "********", 8), 0);
	ck_assert_uint_eq(lab.ram[BUFFER_AT(1) + 8], lab_byte(900, 8));
	ck_assert_uint_eq(COUNT(REWRITTEN), 1);
}
END_TEST

START_TEST(a_read_that_is_dropped_silently_is_zeros)
{
	fill(ZERO);
	lab_fill(1, 1, 1024 + 1);
	lab_ask(0, 1, read_of(_i, 1, 900, 2));
	dev_do(0, 1);
	lab_read(0, PxSACT);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	lab_expect_nothing(1, 1024);
	ck_assert_uint_ne(lab.ram[BUFFER_AT(1) + 1024], 0);
	ck_assert_uint_eq(COUNT(SILENT), 1);
	ck_assert_uint_eq(lab.bounce.taken, 0);
	lab_expect_clear();
}
END_TEST

START_TEST(a_dropped_read_leaves_nothing)
{
	fill(EVIL);
	lab_ask(0, 1, read_of(_i, 1, 900, 2));
	dev_do(0, 1);
	lab_read(0, PxSACT);
	ck_assert_uint_eq(COUNT(DROPPED), 1);
	ck_assert_str_eq(lab.event, "bad 900");
	ck_assert_uint_eq(_i ? lab_read(0, PxSACT) : lab_read(0, PxCI), 2);
	lab_expect_nothing(1, 1024);
	ck_assert_uint_eq(lab.bounce.taken, 0);
	lab_expect_clear();
	ck_assert_uint_eq(COUNT(BYTES_IN), 0);
}
END_TEST

START_TEST(what_the_guest_forgets_is_cleared_unseen)
{
	lab_ask(0, 1, read_of(_i, 1, 900, 2));
	dev_move(0, 1, UINT32_MAX);
	lab_restart(0);
	ck_assert_uint_eq(lab.bounce.taken, 0);
	lab_expect_clear();
	lab_expect_nothing(1, 1024);
}
END_TEST

/* ---- registers ---- */

START_TEST(a_slot_that_the_model_did_not_issue_is_not_done)
{
	lab_ask(0, 1, lab_queued(1, false, 900, 2));
	lab_ask(0, 2, lab_queued(2, false, 900, 2));
	REG(0, PxCI) = 0;
	REG(0, PxSACT) = 1u << 9 | 1u << 1;
	ck_assert_uint_eq(lab_read(0, PxSACT), 2);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	REG(0, PxSACT) = 0;
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	ck_assert_uint_eq(lab.bounce.taken, 0);
}
END_TEST

START_TEST(a_queued_command_that_was_not_taken_is_not_done)
{
	lab_ask(0, 1, lab_queued(1, false, 900, 2));
	REG(0, PxSACT) = 0;
	ck_assert_uint_eq(lab_read(0, PxSACT), 2);
	ck_assert_int_eq(P(0)->slot[1].state, SLOT_OUT);
}
END_TEST

START_TEST(a_device_that_is_gone_is_done_with_nothing)
{
	lab_ask(0, 1, read_of(_i, 1, 900, 2));
	lab.gone = true;
	ck_assert_uint_eq(lab_read(0, PxCI), 2);
	ck_assert_int_eq(P(0)->slot[1].state, SLOT_OUT);
	ck_assert_uint_gt(COUNT(GONE), 0);
	ahci_poll(lab.h);
	ck_assert_uint_ne(lab.bounce.taken, 0);
	ck_assert(!P(0)->stopped);
}
END_TEST

START_TEST(where_nothing_is_out_the_device_is_not_asked)
{
	lab_read(0, PxCI);
	ck_assert_uint_eq(lab.reg_reads, 0);
	ahci_poll(lab.h);
	ck_assert_uint_eq(lab.reg_reads, 0);
}
END_TEST

/* ---- no more than a burst ---- */

static void ask_four(void)
{
	for (unsigned slot = 0; slot < 4; slot++)
		lab_ask(0, slot, lab_queued(slot, false, 100 * slot, 256));
}

START_TEST(what_a_call_leaves_keeps_its_interrupt)
{
	uint32_t sact;

	ask_four();
	for (unsigned slot = 0; slot < 4; slot++)
		dev_do(0, slot);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_SDBS);
	ck_assert_uint_eq(P(0)->sact, 0xc);
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 1000);
	/* tags 0 and 1 are told, and no other */
	memcpy(&sact, lab_received(0)->sdbfis + 4, 4);
	ck_assert_uint_eq(sact & 0xc, 0);
	lab_expect_data(1, 100, 256 * 512);
	lab_expect_nothing(2, 256 * 512);
	P(0)->sact |= 1u << 9;		/* a look alone does not end it */
	REG(0, PxIS) |= PxIS_PCS;
	lab_write(0, PxIS, PxIS_SDBS | PxIS_PCS);
	ck_assert_uint_eq(P(0)->sact, 1u << 9);
	ck_assert_uint_eq(REG(0, PxIS), 0);
	lab_expect_data(3, 300, 256 * 512);
	memcpy(&sact, lab_received(0)->sdbfis + 4, 4);
	ck_assert_uint_eq(sact, 8);
	ahci_poll(lab.h);
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 0);
}
END_TEST

START_TEST(a_clear_with_more_to_come_clears_nothing_that_tells_of_it)
{
	ask_four();
	lab_ask(0, 4, lab_queued(4, false, 400, 256));
	for (unsigned slot = 0; slot < 5; slot++)
		dev_do(0, slot);
	lab_write(0, PxIS, PxIS_SDBS);
	ck_assert_uint_eq(P(0)->sact, 0x1c);
	ck_assert_uint_eq(REG(0, PxIS), PxIS_SDBS);
	ck_assert(lab_line());
	lab_write(0, PxIS, PxIS_SDBS);
	ck_assert_uint_eq(P(0)->sact, 0x10);
	ck_assert_uint_eq(REG(0, PxIS), PxIS_SDBS);
	lab_write(0, PxIS, PxIS_SDBS);
	ck_assert_uint_eq(P(0)->sact, 0);
	ck_assert_uint_eq(REG(0, PxIS), 0);
}
END_TEST

/* While the first is given to the guest, the others end. */
static void end_the_others(uint64_t at, uint32_t len)
{
	if (at < BUFFER_AT(0) || at >= BUFFER_AT(1) || !(REG(0, PxSACT) & 2))
		return;
	for (unsigned slot = 1; slot < 4; slot++)
		dev_do(0, slot);
}

START_TEST(what_ends_while_others_are_judged_keeps_its_interrupt)
{
	ask_four();
	dev_do(0, 0);
	lab.after_write = end_the_others;
	lab_write(0, PxIS, PxIS_SDBS);
	ck_assert_uint_eq(P(0)->sact, 0xe);
	ck_assert_uint_eq(REG(0, PxIS), PxIS_SDBS);
	ck_assert_uint_eq(ahci_poll_hz(lab.h), 1000);
}
END_TEST

static void end_at_clear(uint32_t offset, uint32_t value)
{
	lab.on_write = NULL;
	if (offset == PORT_AT(0) + PxIS) {
		for (unsigned slot = 0; slot < 4; slot++)
			dev_do(0, slot);
	} else {
		lab.on_write = end_at_clear;
	}
}

START_TEST(what_ends_just_before_the_clear_is_the_guests_whole)
{
	ask_four();
	lab.on_write = end_at_clear;
	lab_write(0, PxIS, PxIS_SDBS);
	ck_assert_uint_eq(REG(0, PxIS), 0);
	ck_assert_uint_eq(P(0)->sact, 0);
	lab_expect_data(3, 300, 256 * 512);
}
END_TEST

/* ---- errors of drives ---- */

static uint32_t accesses(void)
{
	uint32_t n = lab.reg_reads + lab.reg_writes;

	lab.reg_reads = lab.reg_writes = 0;
	return n;
}

/* Each is a microsecond of a processor's: what Linux does for a command, and what becomes of it. */
START_TEST(a_command_takes_no_more_of_the_devices_registers_than_it_must)
{
	lab_ask(0, 1, lab_queued(1, false, 900, 1));
	ck_assert_uint_eq(accesses(), 2);
	for (unsigned more = 0; more < 2; more++) {
		if (more)
			lab_ask(0, 2, lab_queued(2, false, 900, 1));
		accesses();
		dev_do(0, 1);
		lab_access(HBA_IS, false, 0);
		ck_assert_uint_eq(accesses(), 1);
		ck_assert_uint_eq(lab_read(0, PxIS), PxIS_SDBS);
		ck_assert_uint_eq(accesses(), 4);
		lab_write(0, PxIS, PxIS_SDBS);
		/* what must be copied is looked for before the bits are cleared, too */
		ck_assert_uint_eq(accesses(), !more ? 1 : P(0)->slot[2].bounced ? 7 : 4);
		ck_assert_uint_eq(lab_read(0, PxSACT), more ? 4 : 0);
		ck_assert_uint_eq(accesses(), more ? 3 : 0);
		lab_access(HBA_IS, true, 1);
		ck_assert_uint_eq(accesses(), 1);
		lab_ask(0, 1, lab_queued(1, false, 900, 1));
	}
}
END_TEST

START_TEST(an_error_that_the_guest_clears_unseen_is_noticed)
{
	lab_ask(0, 1, lab_queued(1, false, 900, 1));
	dev_fail(0, 1, PxIS_TFES, true);
	lab_write(0, PxIS, UINT32_MAX);
	ck_assert_uint_eq(COUNT(ERRORS), 1);
	ck_assert(P(0)->stopped);
}
END_TEST

START_TEST(a_drives_error_delivers_what_is_done_and_what_came)
{
	for (unsigned slot = 0; slot < 4; slot++)
		lab_ask(0, slot, lab_queued(slot, false, 100 * slot, 16));
	for (unsigned slot = 0; slot < 4; slot++)
		dev_accept(0, slot);
	dev_do(0, 0);
	dev_move(0, 1, 1024 + 256);
	dev_move(0, 2, 512);
	dev_fail(0, 1, PxIS_TFES, true);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_TFES | PxIS_SDBS);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0xe);
	ck_assert_uint_eq(lab_read(0, PxTFD), 0x4041);
	ck_assert_uint_eq(lab_received(0)->sdbfis[3], 0x40);
	lab_expect_data(0, 0, 16 * 512);
	lab_expect_data(1, 100, 1024);
	lab_expect_data(2, 200, 512);
	lab_expect_nothing(3, 16 * 512);
	ck_assert_uint_eq(COUNT(ERRORS), 1);
	ck_assert_uint_eq(lab.transfers, 3);
	/* nothing goes out until the restart */
	lab_ask(0, 0, lab_queued(0, false, 7, 1));
	ck_assert_uint_eq(lab.issues, 4);
	ck_assert_uint_eq(lab_read(0, PxCI), 1);
	ck_assert_uint_ne(lab.bounce.taken, 0);
	lab_restart(0);
	ck_assert_uint_eq(lab.bounce.taken, 0);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	/* PxIS is as it was: that is no news */
	lab_ask(0, 0, lab_queued(0, false, 7, 1));
	dev_do(0, 0);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	ck_assert(!P(0)->stopped);
	ck_assert_uint_eq(COUNT(ERRORS), 1);
}
END_TEST

static void fail_at_pxis(uint32_t offset)
{
	if (offset != PORT_AT(0) + PxIS)
		return;
	lab.on_read = NULL;
	dev_do(0, 0);
	dev_fail(0, 1, PxIS_TFES, true);
}

START_TEST(what_is_done_just_before_an_error_is_whole)
{
	for (unsigned slot = 0; slot < 2; slot++)
		lab_ask(0, slot, lab_queued(slot, false, 100 * slot, 16));
	lab.on_read = fail_at_pxis;
	ck_assert_uint_eq(lab_read(0, PxSACT), 2);
	ck_assert(P(0)->stopped);
	lab_expect_data(0, 0, 16 * 512);
	ck_assert_uint_eq(lab.transfers, 1);
}
END_TEST

START_TEST(a_drives_error_alone_delivers_what_came)
{
	bool keeps = _i;

	lab_ask(0, 1, lab_dma(false, 900, 16));
	dev_move(0, 1, 1000);
	dev_fail(0, 1, PxIS_TFES, keeps);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_TFES | PxIS_DHRS);
	ck_assert_uint_eq(lab_read(0, PxCI), keeps ? 2 : 0);
	ck_assert_uint_eq(lab_header(0, 1)->prdbc, 1000);
	lab_expect_data(1, 900, 1000);
	ck_assert_uint_eq(lab_read(0, PxTFD), 0x4051);
	ck_assert_uint_eq(lab_received(0)->rfis[2], 0x51);
	ck_assert_uint_eq(lab.transfers, 1);
	ck_assert(P(0)->stopped);
}
END_TEST

START_TEST(an_error_after_the_last_one_was_cleared_is_new)
{
	for (unsigned i = 1; i <= 3; i++) {
		lab_ask(0, 1, lab_dma(false, 900, 16));
		dev_fail(0, 1, PxIS_TFES, true);
		lab_read(0, PxIS);
		ck_assert_uint_eq(COUNT(ERRORS), i);
		lab_write(0, PxIS, UINT32_MAX);
		lab_restart(0);
	}
}
END_TEST

START_TEST(every_fatal_error_stops)
{
	static const uint32_t causes[] = { PxIS_TFES, PxIS_IFS, PxIS_HBDS, PxIS_HBFS };
	static const uint32_t others[] = { PxIS_OFS, PxIS_INFS, PxIS_UFS, PxIS_PCS, PxIS_PRCS };

	for (unsigned i = 0; i < 5; i++) {
		lab_ask(0, 1, lab_dma(false, 900, 16));
		REG(0, PxIS) |= others[i];
		lab_read(0, PxIS);
		ck_assert(!P(0)->stopped);
		dev_do(0, 1);
		lab_write(0, PxIS, UINT32_MAX);
	}
	for (unsigned i = 0; i < 4; i++) {
		lab_ask(0, 1, lab_dma(false, 900, 16));
		REG(0, PxIS) |= causes[i];
		lab_read(0, PxIS);
		ck_assert(P(0)->stopped);
		lab_write(0, PxIS, UINT32_MAX);
		lab_restart(0);
	}
}
END_TEST

START_TEST(what_is_kept_back_is_kept_back_of_a_failed_read_too)
{
	fill(EVIL);
	lab_ask(0, 1, lab_queued(1, false, 900, 16));
	dev_accept(0, 1);
	dev_move(0, 1, 1024);
	dev_fail(0, 1, PxIS_TFES, true);
	lab_read(0, PxIS);
	lab_expect_nothing(1, 8192);
	ck_assert_uint_eq(lab_read(0, PxSACT), 2);
	lab_restart(0);
	lab_expect_clear();
}
END_TEST

/* ---- FISes ---- */

START_TEST(a_fis_is_shown_when_its_command_is_done)
{
	lab_ask(0, 1, lab_dma(false, 900, 1));
	dev_move(0, 1, UINT32_MAX);
	lab_pool_received(0)->rfis[0] = FIS_D2H;
	lab_read(0, PxCI);
	ck_assert_uint_eq(lab_received(0)->rfis[0], 0);
	dev_end(0, 1);
	lab_read(0, PxCI);
	ck_assert_uint_eq(lab_received(0)->rfis[0], FIS_D2H);
	ck_assert_uint_eq(lab_received(0)->rfis[2], 0x50);
	/* the same again is news */
	memset(lab_received(0), 0, RECEIVED_BYTES);
	lab_ask(0, 1, lab_dma(false, 900, 1));
	dev_do(0, 1);
	lab_read(0, PxCI);
	ck_assert_uint_eq(lab_received(0)->rfis[0], FIS_D2H);
	ck_assert_uint_eq(lab_received(0)->psfis[0], 0);
	ck_assert_uint_eq(lab_received(0)->sdbfis[0], 0);
}
END_TEST

START_TEST(each_end_of_a_queued_command_is_shown)
{
	lab_ask(0, 1, lab_queued(1, false, 900, 1));
	lab_ask(0, 2, lab_queued(2, false, 900, 1));
	dev_do(0, 1);
	lab_read(0, PxSACT);
	ck_assert_uint_eq(lab_received(0)->sdbfis[0], FIS_SDB);
	ck_assert_uint_eq(lab_received(0)->sdbfis[4], 2);
	memset(lab_received(0), 0, RECEIVED_BYTES);
	lab_ask(0, 1, lab_queued(1, false, 900, 1));
	dev_do(0, 1);
	lab_read(0, PxSACT);
	ck_assert_uint_eq(lab_received(0)->sdbfis[0], FIS_SDB);
}
END_TEST

START_TEST(a_fis_that_comes_unasked_is_shown_where_fre_is_set)
{
	lab_write(0, PxCMD, PxCMD_SUD);
	memcpy(lab_pool_received(0)->rfis, "\x34\x40\x50\x01", 4);
	memcpy(lab_pool_received(0)->dsfis, "\x41\x00\x07", 3);
	memcpy(lab_pool_received(0)->psfis, "\x5f\x20", 2);
	lab_read(0, PxCI);
	ck_assert_uint_eq(lab_received(0)->rfis[0], 0);
	lab_write(0, PxCMD, PxCMD_SUD | PxCMD_FRE);
	lab_read(0, PxCI);
	ck_assert_int_eq(memcmp(lab_received(0)->rfis, "\x34\x40\x50\x01", 4), 0);
	ck_assert_uint_eq(lab_received(0)->dsfis[0], FIS_DMA_SETUP);
	ck_assert_uint_eq(lab_received(0)->dsfis[2], 7);
	ck_assert_uint_eq(lab_received(0)->psfis[0], FIS_PIO_SETUP);
	lab.ram[FIS_AT(0) + 64] = 7;
	lab_read(0, PxCI);
	ck_assert_uint_eq(lab.ram[FIS_AT(0) + 64], 7);
	/* after a COMRESET it is news */
	lab_write(0, PxSCTL, 1);
	memcpy(lab_pool_received(0)->rfis, "\x34\x40\x50\x01", 4);
	lab_read(0, PxCI);
	ck_assert_uint_eq(lab.ram[FIS_AT(0) + 64], FIS_D2H);
	lab_write(0, PxFB, HOLE);
	lab_pool_received(0)->rfis[3] = 9;
	lab_read(0, PxCI);
	ck_assert_uint_eq(COUNT(MEMORY), 1);
}
END_TEST

/* ---- what the drive says of itself ---- */

START_TEST(the_guests_identify_teaches)
{
	lab_unknown(0);
	lab.sector_size = 4096;
	lab_ask(0, 1, (struct ask){ .command = ATA_IDENTIFY, .bytes = 512 });
	ck_assert(!P(0)->drive.identified);
	dev_do(0, 1);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_PSS);
	ck_assert_uint_eq(P(0)->drive.sector_size, 4096);
	ck_assert_uint_eq(lab.ram[BUFFER_AT(1)], 0x40);
	ck_assert_uint_eq(lab.ram[BUFFER_AT(1) + 2 * 83], 0);	/* and it is edited */
	ck_assert_uint_eq(lab.ram[BUFFER_AT(1) + 2 * 83 + 1], 0x44);
	ck_assert_uint_eq(lab.transfers, 0);
	ck_assert_uint_eq(lab_header(0, 1)->prdbc, 512);
	lab_ask(0, 2, (struct ask){ .command = 0x25, .count = 1, .bytes = 4096 });
	ck_assert_int_eq(P(0)->slot[2].state, SLOT_OUT);
}
END_TEST

START_TEST(half_an_identify_teaches_nothing)
{
	lab_unknown(0);
	lab_ask(0, 1, (struct ask){ .command = ATA_IDENTIFY, .bytes = 512 });
	dev_move(0, 1, 510);
	dev_end(0, 1);
	lab_read(0, PxCI);
	ck_assert(!P(0)->drive.identified);
}
END_TEST

/* PRDBC is no witness of how much came, and what did not come is zeros: they would make 512 of any sector size. */
START_TEST(what_lies_of_its_length_teaches_nothing)
{
	lab_unknown(0);
	lab.sector_size = 4096;
	lab_ask(0, 1, (struct ask){ .command = ATA_IDENTIFY, .bytes = 512 });
	dev_move(0, 1, 200);
	((struct header *)dev_header(0, 1))->prdbc = 513;
	dev_end(0, 1);
	lab_read(0, PxCI);
	ck_assert(!P(0)->drive.identified);
	ck_assert_uint_eq(COUNT(LIES), 1);
	/* the next one may say it right */
	lab_ask(0, 1, (struct ask){ .command = ATA_IDENTIFY, .bytes = 512 });
	dev_do(0, 1);
	lab_read(0, PxCI);
	ck_assert_uint_eq(P(0)->drive.sector_size, 4096);
}
END_TEST

START_TEST(read_capacity_teaches)
{
	static const uint8_t cdb[16] = { 0x25 }, read_10[16] = { 0x28, 0, 0, 0, 0, 9, 0, 0, 2 };
	uint8_t *data;

	lab_atapi(0);
	lab_ask(0, 1, (struct ask){ .command = 0xa0, .cdb = cdb, .bytes = 8 });
	dev_move(0, 1, 8);
	data = dev_memory((uint64_t)dev_prds(0, 1)->dbau << 32 | dev_prds(0, 1)->dba, 8);
	memcpy(data, "\0\1\0\0\0\0\2\0", 8);
	dev_end(0, 1);
	lab_read(0, PxCI);
	ck_assert_uint_eq(P(0)->drive.sector_size, 512);
	lab_ask(0, 1, (struct ask){ .command = 0xa0, .cdb = read_10, .bytes = 4096 });
	ck_assert_uint_eq(dev_prds(0, 1)->dbc, 1023);
}
END_TEST

static void add_shared(TCase *c)
{
	tcase_add_test(c, a_write_reports_its_bytes_too);
	tcase_add_test(c, a_slot_that_the_model_did_not_issue_is_not_done);
	tcase_add_test(c, a_queued_command_that_was_not_taken_is_not_done);
	tcase_add_loop_test(c, a_device_that_is_gone_is_done_with_nothing, 0, 2);
	tcase_add_test(c, where_nothing_is_out_the_device_is_not_asked);
	tcase_add_test(c, a_command_takes_no_more_of_the_devices_registers_than_it_must);
	tcase_add_test(c, an_error_that_the_guest_clears_unseen_is_noticed);
	tcase_add_test(c, an_error_after_the_last_one_was_cleared_is_new);
	tcase_add_test(c, every_fatal_error_stops);
	tcase_add_test(c, a_fis_is_shown_when_its_command_is_done);
	tcase_add_test(c, each_end_of_a_queued_command_is_shown);
	tcase_add_test(c, a_fis_that_comes_unasked_is_shown_where_fre_is_set);
	tcase_add_test(c, the_guests_identify_teaches);
	tcase_add_test(c, half_an_identify_teaches_nothing);
	tcase_add_test(c, what_lies_of_its_length_teaches_nothing);
	tcase_add_test(c, read_capacity_teaches);
}

/* The model's own knowledge that it is an ATAPI drive: nobody but the tests' lab_atapi() has ever told it. */
START_TEST(read_capacity_of_a_drive_of_512_bytes_is_believed)
{
	static const uint8_t capacity[16] = { 0x25 }, read[16] = { 0x28, 0, 0, 0, 0, 9, 0, 0, 4 };
	static const uint8_t answer[8] = { 0, 0, 0xff, 0xff, 0, 0, 2, 0 };	/* LS-120, ZIP, a USB-less MO: 512 */

	REG(0, PxSIG) = SIG_ATAPI;
	lab_write(0, PxSCTL, 1);
	lab_write(0, PxSCTL, 0);
	lab_ask(0, 0, (struct ask){ .command = 0xa0, .features = 1, .cdb = capacity, .bytes = 8 });
	memcpy(dev_memory((uint64_t)dev_prds(0, 0)->dbau << 32 | dev_prds(0, 0)->dba, 8), answer, 8);
	((struct header *)dev_header(0, 0))->prdbc = 8;
	dev_end(0, 0);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	ck_assert_uint_eq(P(0)->drive.sector_size, 512);
	lab_ask(0, 1, (struct ask){ .command = 0xa0, .features = 1, .cdb = read, .bytes = 2048 });
	ck_assert_uint_eq(P(0)->slot[1].c.t.sectors, 4);
	ck_assert_uint_eq(P(0)->slot[1].c.t.sector_size, 512);
}
END_TEST

/* What lay there before is not always data: device tables name the hypervisor's memory. */
START_TEST(a_drive_that_lies_of_its_bytes_shows_no_table)
{
	uint8_t bus[8];
	uint64_t at = BOUNCE_BUS >> 32;

	/* a command of one sector: table at page 0, data behind it; then one whose data lies where that table was */
	for (unsigned slot = 0; slot < 2; slot++)
		lab_ask(0, slot, lab_queued(slot, false, slot, 8));
	dev_do(0, 0);
	lab_read(0, PxSACT);
	dev_do(0, 1);
	lab_read(0, PxSACT);
	lab_ask(0, 2, lab_dma(false, 50, 32));
	((struct header *)dev_header(0, 2))->prdbc = 0x10000000;
	dev_end(0, 2);
	lab_read(0, PxCI);
	ck_assert_uint_eq(COUNT(LIES), 1);
	memcpy(bus, &at, 4);
	ck_assert_msg(!memmem(lab.ram + BUFFER_AT(2), 32 * 512, bus, 4), "a bus address of the bounce memory");
}
END_TEST

/* identify_learn() takes 512 to 4096: SET SECTOR CONFIGURATION's 520 and 528 (ACS-3, 7.42) are among them. */
START_TEST(a_queued_read_of_sectors_of_520_bytes_comes_whole)
{
	struct ask a = lab_queued(3, false, 40, 8);

	P(0)->drive.sector_size = 520;
	a.bytes = 8 * 520;
	lab_ask(0, 3, a);
	dev_do(0, 3);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	lab_expect_data(3, 40, 8 * 520);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci_complete");
	TCase *c = lab_case(s, "plain", begin);

	tcase_add_loop_test(c, what_goes_straight_is_reported, 0, 2);
	add_shared(c);
	c = lab_case(s, "reads", begin_reads);
	tcase_add_test(c, a_queued_read_of_sectors_of_520_bytes_comes_whole);
	tcase_add_test(c, a_drive_that_lies_of_its_bytes_shows_no_table);
	tcase_add_test(c, read_capacity_of_a_drive_of_512_bytes_is_believed);
	tcase_add_loop_test(c, what_is_judged_is_the_guests_when_the_drive_is_done, 0, 2);
	tcase_add_test(c, no_byte_is_shown_that_did_not_come);
	tcase_add_loop_test(c, no_sector_is_shown_that_did_not_come_whole, 0, 2);
	tcase_add_loop_test(c, no_sector_is_shown_that_did_not_come_whole, 125, 127);
	tcase_add_loop_test(c, no_sector_is_shown_that_did_not_come_whole, 128, 130);
	tcase_add_loop_test(c, no_sector_is_shown_that_did_not_come_whole, 2046, 2047);
	tcase_add_test(c, more_than_was_asked_for_is_a_lie);
	tcase_add_test(c, guest_memory_that_is_none_any_more_is_counted);
	tcase_add_loop_test(c, a_rewritten_read_is_rewritten_before_the_guest_has_it, 0, 2);
	tcase_add_loop_test(c, a_read_that_is_dropped_silently_is_zeros, 0, 2);
	tcase_add_loop_test(c, a_dropped_read_leaves_nothing, 0, 2);
	tcase_add_loop_test(c, what_the_guest_forgets_is_cleared_unseen, 0, 2);
	tcase_add_test(c, what_a_call_leaves_keeps_its_interrupt);
	tcase_add_test(c, a_clear_with_more_to_come_clears_nothing_that_tells_of_it);
	tcase_add_test(c, what_ends_while_others_are_judged_keeps_its_interrupt);
	tcase_add_test(c, what_ends_just_before_the_clear_is_the_guests_whole);
	tcase_add_test(c, a_drives_error_delivers_what_is_done_and_what_came);
	tcase_add_test(c, what_is_done_just_before_an_error_is_whole);
	tcase_add_loop_test(c, a_drives_error_alone_delivers_what_came, 0, 2);
	tcase_add_test(c, what_is_kept_back_is_kept_back_of_a_failed_read_too);
	add_shared(c);
	return s;
}
