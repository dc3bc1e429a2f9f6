/*
 * ahci_refuse_test.c - what the drive never saw fails, or succeeds, as if it had
 */
#include "tests/unit/ahci_lab.h"

#define RULES	"policy \"r\" version 1; pattern x = \"evilevil\"; " \
		"on disk write default pass { bad: data has x -> drop; hush: disk.lba == 55 -> drop silently; }" \
		"on disk read default pass { bad: data has x -> drop; }" \
		"on disk control default pass { hush: ata.command in { 0xef, 0xe4 } -> drop silently; }"
#define LBAS	"policy \"l\" version 1; on disk write, disk read default pass {" \
		" no: disk.lba == 77 -> drop; hush: disk.lba == 55 -> drop silently; }"
#define EVERY	(PxIS_DHRS | PxIS_PSS | PxIS_SDBS | PxIS_DPS | PxIS_TFES)

static void begin(void)
{
	lab_begin(RULES, 4u << 20);
}

static void begin_lbas(void)
{
	lab_begin(LBAS, 4u << 20);
}

static void evil(unsigned slot)
{
	memcpy(lab.ram + BUFFER_AT(slot), "evilevil", 8);
}

static void evil_medium(void)
{
	memcpy(&lab.fill, "evilevil", 8);
}

static void expect_nudge(unsigned slot)
{
	ck_assert_int_eq(P(0)->slot[slot].state, SLOT_NUDGED);
	ck_assert_uint_eq(P(0)->out, 1u << slot);
	ck_assert_uint_eq(REG(0, PxCI), 1u << slot);
	ck_assert_uint_eq(dev_fis(0, slot)[2], ATA_CHECK_POWER_MODE);
	ck_assert_uint_eq(dev_header(0, slot)->flags, 5);
	ck_assert_uint_eq(dev_header(0, slot)->prdtl, 0);
}

static struct ask read_log(void)
{
	return (struct ask){ .command = 0x2f, .lba = 0x10, .count = 1, .bytes = 512 };
}

/* ---- queued ---- */

START_TEST(a_refused_tag_fails_when_the_others_are_done_and_unharmed)
{
	lab_write(0, PxIE, PxIS_SDBS | PxIS_TFES);
	lab_ask(0, 1, lab_queued(1, false, 100, 8));
	lab_ask(0, 2, lab_queued(2, true, 200, 8));
	evil(7);
	lab_ask(0, 7, lab_queued(7, true, 300, 8));
	lab_ask(0, 3, lab_queued(3, false, 400, 8));
	/* nothing goes before it */
	ck_assert_uint_eq(lab.issues, 2);
	ck_assert_uint_eq(COUNT(DROPPED), 1);
	dev_do(0, 2);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0x8a);
	ck_assert_uint_eq(lab.issues, 2);
	lab_write(0, PxIS, PxIS_SDBS);
	dev_do(0, 1);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_SDBS);
	lab_expect_data(1, 100, 4096);
	lab_write(0, PxIS, PxIS_SDBS);
	expect_nudge(7);
	ck_assert(!lab_line());
	REG(0, PxTFD) = 0x50;
	ck_assert_uint_eq(lab_read(0, PxTFD), 0x50);
	dev_do(0, 7);
	ck_assert(lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_SDBS | PxIS_TFES);
	ck_assert_uint_eq(lab_read(0, PxTFD), 0x451);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0x88);
	ck_assert_uint_eq(lab_read(0, PxCI), 0x08);
	ck_assert_uint_eq(lab_received(0)->sdbfis[0], FIS_SDB);
	ck_assert_uint_eq(lab_received(0)->sdbfis[2], 0x51);
	ck_assert_uint_eq(lab_received(0)->sdbfis[3], ERROR_ABRT);
	ck_assert_uint_eq(lab_received(0)->sdbfis[4], 0);
	ck_assert_uint_eq(lab_received(0)->rfis[0], 0);
	ck_assert_int_eq(P(0)->slot[7].state, SLOT_FAILED);
	/* nothing goes on */
	lab_ask(0, 9, lab_queued(9, false, 1, 1));
	ck_assert_uint_eq(lab.issues, 3);
	/* the line stays until the guest has acted */
	lab_write(0, PxIS, PxIS_SDBS);
	ck_assert(lab_line());
	lab_write(0, PxIS, PxIS_TFES);
	ck_assert(!lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS), 0);
	ck_assert_uint_eq(REG(0, PxIE), PxIS_SDBS | PxIS_TFES);
	lab_restart(0);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	ck_assert_uint_eq(lab.bounce.taken, 0);
	ck_assert_uint_eq(lab.carried_out[0x61], 1);
}
END_TEST

START_TEST(the_log_of_a_refused_tag_is_the_models_once)
{
	evil(7);
	lab_ask(0, 7, lab_queued(7, true, 0x123456789a, 8));
	dev_do(0, 7);
	lab_read(0, PxIS);
	lab_write(0, PxIS, UINT32_MAX);
	lab_restart(0);
	lab_ask(0, 0, read_log());
	expect_nudge(0);
	dev_do(0, 0);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS | PxIS_PSS);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	ck_assert_uint_eq(lab_read(0, PxTFD), 0x50);
	ck_assert_uint_eq(lab_header(0, 0)->prdbc, 512);
	ck_assert_uint_eq(lab.ram[BUFFER_AT(0)], 7);
	ck_assert_uint_eq(lab.ram[BUFFER_AT(0) + 2], 0x51);
	ck_assert_uint_eq(lab.ram[BUFFER_AT(0) + 3], ERROR_ABRT);
	ck_assert_uint_eq(lab.ram[BUFFER_AT(0) + 4], 0x9a);
	ck_assert_uint_eq(lab_received(0)->psfis[0], FIS_PIO_SETUP);
	ck_assert_uint_eq(lab_received(0)->psfis[15], 0x50);
	ck_assert_uint_eq(lab_received(0)->psfis[17], 2);
	ck_assert_uint_eq(lab_received(0)->rfis[2], 0x50);
	ck_assert_uint_eq(lab.bounce.taken, 0);
	lab_ask(0, 0, read_log());
	ck_assert_uint_eq(dev_fis(0, 0)[2], 0x2f);
}
END_TEST

START_TEST(another_log_is_the_drives)
{
	struct ask a = read_log();

	P(0)->own_log = true;
	a.lba = _i ? 0x11 : 0x0110;
	lab_ask(0, 0, a);
	ck_assert_uint_eq(dev_fis(0, 0)[2], 0x2f);
	ck_assert(P(0)->own_log);
}
END_TEST

START_TEST(a_longer_log_goes_on_with_zeros)
{
	struct ask a = read_log();

	a.count = 2;
	a.bytes = 1024;
	a.command = 0x47;
	P(0)->own_log = true;
	memset(P(0)->log, 9, 512);
	lab_fill(0, 1, 1025);
	lab_ask(0, 0, a);
	dev_do(0, 0);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS);
	ck_assert_uint_eq(lab.ram[BUFFER_AT(0) + 511], 9);
	for (uint32_t i = 512; i < 1024; i++)
		ck_assert_uint_eq(lab.ram[BUFFER_AT(0) + i], 0);
	ck_assert_uint_ne(lab.ram[BUFFER_AT(0) + 1024], 0);
}
END_TEST

START_TEST(the_drives_log_is_newer_when_it_has_had_a_tag)
{
	P(0)->own_log = true;
	lab_ask(0, 1, lab_queued(1, false, 1, 1));
	ck_assert(!P(0)->own_log);
}
END_TEST

START_TEST(several_that_the_guest_must_not_see_fail_one_after_a_restart)
{
	evil_medium();
	for (unsigned slot = 0; slot < 3; slot++)
		lab_ask(0, slot, lab_queued(slot, false, slot, 8));
	lab_ask(0, 3, lab_queued(3, true, 9, 8));
	for (unsigned slot = 0; slot < 3; slot++)
		dev_do(0, slot);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0xf);
	ck_assert_uint_eq(lab_received(0)->sdbfis[4], 0);
	ck_assert_uint_eq(COUNT(DROPPED), 3);
	dev_do(0, 3);
	lab_write(0, PxIS, PxIS_SDBS);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0x7);
	expect_nudge(0);
	dev_do(0, 0);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_SDBS | PxIS_TFES);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0x7);
	for (unsigned slot = 0; slot < 3; slot++)
		lab_expect_nothing(slot, 4096);
	lab_restart(0);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	ck_assert_int_eq(P(0)->slot[2].state, SLOT_FREE);
}
END_TEST

/* ---- alone ---- */

START_TEST(a_refused_command_leaves_what_a_drives_abort_would)
{
	evil(4);
	lab_ask(0, 4, lab_dma(true, 0x8765, 8));
	expect_nudge(4);
	ck_assert_uint_eq(lab_read(0, PxTFD) & STATUS_BSY, STATUS_BSY);
	REG(0, PxTFD) = 0x50;
	ck_assert_uint_eq(lab_read(0, PxTFD) & STATUS_BSY, STATUS_BSY);
	ck_assert_uint_eq(lab_read(0, PxCI), 1u << 4);
	dev_do(0, 4);
	ck_assert(lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS | PxIS_TFES);
	ck_assert_uint_eq(lab_read(0, PxTFD), 0x451);
	ck_assert_uint_eq(lab_read(0, PxCI), 1u << 4);
	ck_assert_uint_eq(lab_received(0)->rfis[0], FIS_D2H);
	ck_assert_uint_eq(lab_received(0)->rfis[1], FIS_I);
	ck_assert_uint_eq(lab_received(0)->rfis[2], 0x51);
	ck_assert_uint_eq(lab_received(0)->rfis[3], ERROR_ABRT);
	ck_assert_uint_eq(lab_received(0)->rfis[4], 0x65);
	ck_assert_uint_eq(lab_received(0)->rfis[5], 0x87);
	ck_assert(!P(0)->own_log);
	lab_write(0, PxIS, UINT32_MAX);
	ck_assert(!lab_line());
	lab_restart(0);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	/* status stays until the next command */
	ck_assert_uint_eq(lab_read(0, PxTFD), 0x451);
	lab_ask(0, 4, lab_dma(false, 0x8766, 1));
	ck_assert_uint_eq(lab_read(0, PxTFD), STATUS_BSY);
}
END_TEST

START_TEST(a_read_that_is_kept_back_never_looks_well)
{
	struct ask a = lab_dma(false, 9, 8);
	bool pio = _i;

	if (pio)
		a.command = 0x24;
	evil_medium();
	lab_put(0, 4, a);
	lab_prd(4, 0)->dbc |= PRD_I;
	lab_write(0, PxCI, 1u << 4);
	dev_do(0, 4);
	REG(0, PxIS) |= PxIS_DPS;
	ck_assert_uint_eq(lab_read(0, PxIS) & EVERY, 0);
	expect_nudge(4);
	ck_assert(!lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS) & EVERY, 0);
	ck_assert_uint_eq(lab_read(0, PxTFD) & STATUS_BSY, STATUS_BSY);
	ck_assert_uint_eq(lab_received(0)->rfis[0], 0);
	ck_assert_uint_eq(lab_received(0)->psfis[0], 0);
	dev_do(0, 4);
	ck_assert(lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS | PxIS_TFES);
	ck_assert_uint_eq(lab_read(0, PxTFD), 0x451);
	ck_assert_uint_eq(lab_received(0)->rfis[2], 0x51);
	ck_assert_uint_eq(lab_received(0)->psfis[0], 0);
	lab_expect_nothing(4, 4096);
	lab_write(0, PxIS, UINT32_MAX);
	ck_assert(!lab_line());
	ck_assert_uint_eq(REG(0, PxIS), 0);
}
END_TEST

START_TEST(a_nudge_that_fails_is_a_failure_all_the_same)
{
	if (_i)
		evil(4);
	lab_ask(0, 4, lab_dma(true, _i ? 1 : 55, 8));
	dev_fail(0, 4, PxIS_TFES, true);
	lab_read(0, PxIS);
	ck_assert_int_eq(P(0)->slot[4].state, SLOT_FAILED);
	ck_assert_uint_eq(lab_read(0, PxTFD), 0x451);
	ck_assert_uint_eq(lab.bounce.taken, 0);
	ck_assert(P(0)->stopped);
}
END_TEST

/* ---- interrupts ---- */

START_TEST(who_is_not_to_be_interrupted_is_not)
{
	evil(4);
	lab_write(0, PxIE, PxIS_PCS | PxIS_IFS);
	lab_ask(0, 4, lab_dma(true, 1, 8));
	dev_do(0, 4);
	lab_read(0, PxCI);
	ck_assert(!lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS | PxIS_TFES);
}
END_TEST

START_TEST(what_the_guest_had_not_seen_yet_it_sees)
{
	lab_ask(0, 1, lab_dma(false, 1, 1));
	dev_do(0, 1);
	evil(4);
	lab_ask(0, 4, lab_dma(true, 1, 8));
	expect_nudge(4);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS);
	ck_assert(lab_line());
	/* the line stays while the nudge is out: whether it is the old one's, nobody can tell */
	lab_write(0, PxIS, PxIS_DHRS);
	ck_assert_uint_eq(lab_read(0, PxIS), 0);
	dev_do(0, 4);
	lab_write(0, PxIS, PxIS_DHRS);
	ck_assert(lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS | PxIS_TFES);
}
END_TEST

START_TEST(what_the_guest_never_clears_is_cleared_for_the_next)
{
	lab_write(0, PxIE, 0);
	evil(4);
	lab_ask(0, 4, lab_dma(true, 1, 8));
	dev_do(0, 4);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS | PxIS_TFES);
	lab_restart(0);
	lab_ask(0, 4, lab_dma(false, 1, 7));
	ck_assert_uint_eq(REG(0, PxIS), 0);
	ck_assert_uint_eq(P(0)->is_hidden, 0);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS | PxIS_TFES);
}
END_TEST

START_TEST(an_interrupt_that_was_not_seen_outlives_the_restart)
{
	lab_write(0, PxIE, PxIS_TFES);
	evil(4);
	lab_ask(0, 4, lab_dma(true, 1, 8));
	dev_do(0, 4);
	lab_read(0, PxCI);
	lab_restart(0);
	lab_ask(0, 4, lab_dma(false, 1, 7));
	ck_assert(lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS) & PxIS_TFES, PxIS_TFES);
	lab_write(0, PxIS, UINT32_MAX);
	ck_assert(!lab_line());
	dev_do(0, 4);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS);
	ck_assert_uint_eq(REG(0, PxIE), PxIS_TFES);
}
END_TEST

START_TEST(what_did_not_interrupt_before_does_not_with_a_nudge)
{
	lab_write(0, PxIE, PxIS_TFES);
	lab_ask(0, 1, lab_dma(false, 1, 1));
	dev_do(0, 1);
	ck_assert(!lab_line());
	evil(4);
	lab_ask(0, 4, lab_queued(4, true, 1, 8));
	expect_nudge(4);
	ck_assert(!lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS);
	dev_do(0, 4);
	ck_assert(lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS | PxIS_SDBS | PxIS_TFES);
}
END_TEST

/* ---- the guest gives up ---- */

START_TEST(a_guest_that_clears_st_forgets_a_refusal)
{
	unsigned when = (unsigned)_i;	/* it waits, its nudge is out, it has failed */

	if (when == 0)
		lab_ask(0, 1, lab_queued(1, false, 100, 8));
	evil(7);
	lab_ask(0, 7, lab_queued(7, true, 300, 8));
	if (when == 0)
		ck_assert_int_eq(P(0)->slot[7].state, SLOT_REFUSED);
	if (when == 2)
		dev_do(0, 7);
	lab_restart(0);
	ck_assert_uint_eq(lab.bounce.taken, 0);
	ck_assert_uint_eq(lab_read(0, PxSACT) | lab_read(0, PxCI), 0);
	ck_assert(!P(0)->stopped);
	lab_write(0, PxIS, UINT32_MAX);
	lab_ask(0, 3, lab_dma(false, 1, 1));
	dev_do(0, 3);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	ck_assert_uint_eq(lab_read(0, PxTFD), 0x50);
}
END_TEST

START_TEST(a_busy_status_of_ours_ends_with_st)
{
	evil(4);
	lab_ask(0, 4, lab_dma(true, 1, 8));
	ck_assert_uint_eq(lab_read(0, PxTFD) & STATUS_BSY, STATUS_BSY);
	REG(0, PxTFD) = 0x50;
	lab_write(0, PxCMD, PxCMD_SUD | PxCMD_FRE);
	ck_assert_uint_eq(lab_read(0, PxTFD), 0x50);
}
END_TEST

/* ---- silently ---- */

static void expect_silent(unsigned slot, uint32_t is)
{
	expect_nudge(slot);
	dev_do(0, slot);
	ck_assert(lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS), is);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	ck_assert_uint_eq(lab_read(0, PxTFD), 0x50);
	ck_assert_uint_eq(lab.bounce.taken, 0);
	ck_assert(!P(0)->stopped);
	lab_write(0, PxIS, UINT32_MAX);
	ck_assert(!lab_line());
}

START_TEST(a_write_that_is_dropped_silently_succeeds_and_stores_nothing)
{
	lab_ask(0, 4, lab_dma(true, 55, 8));
	expect_silent(4, PxIS_DHRS);
	ck_assert_uint_eq(lab_received(0)->rfis[2], 0x50);
	ck_assert_uint_eq(lab_received(0)->rfis[3], 0);
	ck_assert_uint_eq(lab_header(0, 4)->prdbc, 4096);
	lab_ask(0, 5, lab_queued(5, true, 55, 8));
	expect_silent(5, PxIS_SDBS);
	ck_assert_uint_eq(lab_received(0)->sdbfis[2], 0x50);
	ck_assert_uint_eq(lab_received(0)->sdbfis[4], 1u << 5);
	ck_assert_uint_eq(lab_header(0, 5)->prdbc, 0xeeeeeeee);
	ck_assert_uint_eq(COUNT(SILENT), 2);
	ck_assert_uint_eq(lab.carried_out[0x35] + lab.carried_out[0x61], 0);
	/* and the next goes on */
	lab_ask(0, 6, lab_queued(6, true, 56, 8));
	dev_do(0, 6);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_SDBS);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
}
END_TEST

START_TEST(a_read_that_was_never_made_is_zeros)
{
	bool queued = _i;

	lab_fill(4, 1, 4096 + 1);
	lab_ask(0, 4, queued ? lab_queued(4, false, 55, 8) : lab_dma(false, 55, 8));
	expect_silent(4, queued ? PxIS_SDBS : PxIS_DHRS);
	lab_expect_nothing(4, 4096);
	ck_assert_uint_ne(lab.ram[BUFFER_AT(4) + 4096], 0);
	ck_assert_uint_eq(lab_header(0, 4)->prdbc, queued ? 0xeeeeeeee : 4096);
}
END_TEST

START_TEST(a_control_command_that_is_dropped_silently_succeeds)
{
	lab_ask(0, 4, (struct ask){ .command = 0xef, .features = 2 });
	expect_silent(4, PxIS_DHRS);
	lab_fill(5, 1, 512);
	memset(lab.bounce_bytes, 0xee, 65536);
	lab_ask(0, 5, (struct ask){ .command = 0xe4, .bytes = 512 });
	expect_silent(5, PxIS_DHRS | PxIS_PSS);
	lab_expect_nothing(5, 512);
	ck_assert_uint_eq(COUNT(MEMORY), 0);
	lab.ops.guest_write = lab_write_no_data;
	lab_ask(0, 5, (struct ask){ .command = 0xe4, .bytes = 512 });
	expect_silent(5, PxIS_DHRS | PxIS_PSS);
	ck_assert_uint_eq(COUNT(MEMORY), 1);
}
END_TEST

START_TEST(silent_writes_one_after_another_go_on_by_themselves)
{
	lab_ask(0, 1, lab_queued(1, true, 56, 8));
	for (unsigned slot = 2; slot < 6; slot++)
		lab_ask(0, slot, lab_queued(slot, true, slot & 1 ? 57 : 55, 8));
	ck_assert_uint_eq(lab.issues, 1);
	dev_do(0, 1);
	lab_read(0, PxIS);
	for (unsigned slot = 2; slot < 6; slot++) {
		ck_assert_uint_eq(P(0)->out, 1u << slot);
		ck_assert_uint_eq(dev_fis(0, slot)[2], slot & 1 ? 0x61 : ATA_CHECK_POWER_MODE);
		dev_do(0, slot);
		ck_assert(lab_line());
		ck_assert_uint_eq(lab_read(0, PxIS) & PxIS_SDBS, PxIS_SDBS);
	}
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	lab_write(0, PxIS, UINT32_MAX);
	ck_assert(!lab_line());
	ck_assert_uint_eq(lab_read(0, PxIS), 0);
	ck_assert_uint_eq(REG(0, PxIE), lab_read(0, PxIE));
}
END_TEST

START_TEST(what_ends_well_ends_before_what_fails)
{
	evil_medium();
	lab_ask(0, 1, lab_queued(1, false, 1, 8));
	lab_ask(0, 9, lab_queued(9, true, 55, 8));
	dev_do(0, 1);
	lab_read(0, PxIS);
	expect_nudge(9);
	dev_do(0, 9);
	ck_assert_uint_eq(lab_read(0, PxSACT), 2);
	expect_nudge(1);
	dev_do(0, 1);
	ck_assert_uint_eq(lab_read(0, PxIS) & PxIS_TFES, PxIS_TFES);
}
END_TEST

/* ---- ATAPI ---- */

static const uint8_t write_10[16] = { 0x2a, 0, 0, 0, 0, 77, 0, 0, 1 }, read_77[16] = { 0x28, 0, 0, 0, 0, 77, 0, 0, 1 };
static const uint8_t sense[16] = { 3, 0, 0, 0, 18 }, ready[16];
static const uint8_t short_sense[16] = { 3, 0, 0, 0, 8 }, long_sense[16] = { 3, 0, 0, 0, 255 };
static const uint8_t unknown[16] = { 0xc1 }, verify[16] = { 0xaf, 0x02 };

START_TEST(a_refused_atapi_command_has_sense_data)
{
	static const struct { const uint8_t *cdb; bool out; uint8_t key, asc, ascq; } cases[] = {
		{ write_10, true, 7, 0x27, 0 }, { read_77, false, 7, 0x20, 2 }, { unknown, false, 5, 0x20, 0 },
		{ verify, false, 5, 0x20, 0 },
	};
	struct ask a = { .command = 0xa0, .cdb = cases[_i].cdb, .bytes = 2048, .out = cases[_i].out };
	uint8_t *got = lab.ram + BUFFER_AT(5);

	lab_atapi(0);
	lab_ask(0, 4, a);
	expect_nudge(4);
	dev_do(0, 4);
	ck_assert_uint_eq(lab_read(0, PxIS), PxIS_DHRS | PxIS_TFES);
	if (_i == 2)	/* nobody knows that it was ATAPI's before its opcode */
		ck_assert_uint_eq(lab_read(0, PxTFD) & 0xff, 0x51);
	else
		ck_assert_uint_eq(lab_read(0, PxTFD), 0x51u | (uint32_t)(cases[_i].key << 4 | ERROR_ABRT) << 8);
	ck_assert_uint_eq(lab_received(0)->rfis[12], 3);
	ck_assert_uint_eq(lab_received(0)->rfis[5], 0);
	lab_write(0, PxIS, UINT32_MAX);
	lab_restart(0);
	lab_ask(0, 5, (struct ask){ .command = 0xa0, .cdb = long_sense, .bytes = 64 });
	expect_nudge(5);
	dev_do(0, 5);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	ck_assert_uint_eq(lab_header(0, 5)->prdbc, 18);
	ck_assert_uint_eq(got[0] & 0x7f, 0x70);
	ck_assert_uint_eq(got[2], cases[_i].key);
	ck_assert_uint_eq(got[12], cases[_i].asc);
	ck_assert_uint_eq(got[13], cases[_i].ascq);
	ck_assert_uint_eq(got[18], 0);
	/* then it is the drive's again */
	lab_ask(0, 5, (struct ask){ .command = 0xa0, .cdb = sense, .bytes = 18 });
	ck_assert_uint_eq(dev_fis(0, 5)[2], 0xa0);
}
END_TEST

START_TEST(sense_data_is_as_long_as_asked_and_gone_with_the_next_command)
{
	lab_atapi(0);
	memset(P(0)->sense, 9, sizeof(P(0)->sense));
	P(0)->own_sense = true;
	lab_ask(0, 5, (struct ask){ .command = 0xa0, .cdb = short_sense, .bytes = 18 });
	dev_do(0, 5);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	ck_assert_uint_eq(lab_header(0, 5)->prdbc, 8);
	ck_assert_uint_eq(lab.ram[BUFFER_AT(5) + 7], 9);
	ck_assert_uint_eq(lab.ram[BUFFER_AT(5) + 8], 0);
	P(0)->own_sense = true;
	lab_ask(0, 5, (struct ask){ .command = 0xa0, .cdb = sense, .bytes = 6 });
	dev_do(0, 5);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	ck_assert_uint_eq(lab_header(0, 5)->prdbc, 6);
	ck_assert_uint_eq(lab.ram[BUFFER_AT(5) + 6], 9);
	P(0)->own_sense = true;
	lab_ask(0, 5, (struct ask){ .command = 0xa0, .cdb = ready });
	ck_assert(!P(0)->own_sense);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci_refuse");
	TCase *c = lab_case(s, "content", begin);

	tcase_add_test(c, a_refused_tag_fails_when_the_others_are_done_and_unharmed);
	tcase_add_test(c, the_log_of_a_refused_tag_is_the_models_once);
	tcase_add_loop_test(c, another_log_is_the_drives, 0, 2);
	tcase_add_test(c, a_longer_log_goes_on_with_zeros);
	tcase_add_test(c, the_drives_log_is_newer_when_it_has_had_a_tag);
	tcase_add_test(c, several_that_the_guest_must_not_see_fail_one_after_a_restart);
	tcase_add_test(c, a_refused_command_leaves_what_a_drives_abort_would);
	tcase_add_loop_test(c, a_read_that_is_kept_back_never_looks_well, 0, 2);
	tcase_add_loop_test(c, a_nudge_that_fails_is_a_failure_all_the_same, 0, 2);
	tcase_add_test(c, who_is_not_to_be_interrupted_is_not);
	tcase_add_test(c, what_did_not_interrupt_before_does_not_with_a_nudge);
	tcase_add_test(c, what_the_guest_had_not_seen_yet_it_sees);
	tcase_add_test(c, what_the_guest_never_clears_is_cleared_for_the_next);
	tcase_add_test(c, an_interrupt_that_was_not_seen_outlives_the_restart);
	tcase_add_loop_test(c, a_guest_that_clears_st_forgets_a_refusal, 0, 3);
	tcase_add_test(c, a_busy_status_of_ours_ends_with_st);
	tcase_add_test(c, a_write_that_is_dropped_silently_succeeds_and_stores_nothing);
	tcase_add_test(c, a_control_command_that_is_dropped_silently_succeeds);
	tcase_add_test(c, silent_writes_one_after_another_go_on_by_themselves);
	tcase_add_test(c, what_ends_well_ends_before_what_fails);
	tcase_add_test(c, sense_data_is_as_long_as_asked_and_gone_with_the_next_command);
	c = lab_case(s, "lbas", begin_lbas);
	tcase_add_loop_test(c, a_read_that_was_never_made_is_zeros, 0, 2);
	tcase_add_test(c, a_write_that_is_dropped_silently_succeeds_and_stores_nothing);
	tcase_add_loop_test(c, a_refused_atapi_command_has_sense_data, 0, 4);
	return s;
}
