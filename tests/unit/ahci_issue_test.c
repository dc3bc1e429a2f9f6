/*
 * ahci_issue_test.c - a command leaves the guest: order, what is copied, what is judged before the drive has it
 */
#include "tests/unit/ahci_lab.h"

#define WRITES	"policy \"w\" version 1; pattern s = \"stain\"; on disk write default pass {" \
		" bad: data has \"evil\" -> log, drop; spot: data has s -> rewrite s with \"CLEAN\"; }"
#define LBAS	"policy \"l\" version 1; on disk write, disk read default pass { no: disk.lba == 77 -> log, drop; }"
#define READS	"policy \"r\" version 1; on disk read default pass { bad: data has \"evil\" -> drop; }"
#define TRIMS	"policy \"t\" version 1; on disk control default pass { no: disk.range overlaps { 100..199 } -> drop; }"

static void begin(void)
{
	lab_begin(NULL, 1u << 20);
}

static void begin_writes(void)
{
	lab_begin(WRITES, 1u << 20);
}

static void begin_lbas(void)
{
	lab_begin(LBAS, 1u << 20);
}

static void begin_reads(void)
{
	lab_begin(READS, 1u << 20);
}

static void begin_trims(void)
{
	lab_begin(TRIMS, 1u << 20);
}

/* ---- what the drive gets ---- */

START_TEST(what_needs_no_copy_goes_between_drive_and_guest)
{
	bool out = _i;
	struct ask a = lab_dma(out, 1000, 8);

	a.prds = 3;
	lab_fill(5, 1000, 4096);
	lab_put(0, 5, a);
	lab_prd(5, 1)->dbc |= PRD_I;
	lab_write(0, PxCI, 1u << 5);
	ck_assert_uint_eq(lab.reg_writes, 1);
	ck_assert_uint_eq(REG(0, PxCI), 1u << 5);
	ck_assert_uint_eq(REG(0, PxSACT), 0);
	ck_assert_uint_eq(lab_read(0, PxCI), 1u << 5);
	ck_assert_uint_eq(dev_header(0, 5)->flags, out ? 5 | HEADER_W : 5);
	ck_assert_uint_eq(dev_header(0, 5)->prdtl, 3);
	ck_assert_uint_eq(dev_header(0, 5)->prdbc, 0);
	ck_assert_int_eq(memcmp(dev_fis(0, 5), lab.ram + TABLE_AT(5), 64), 0);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(dev_prds(0, 5)[i].dba, (uint32_t)RAM_BUS + lab_prd(5, i)->dba);
		ck_assert_uint_eq(dev_prds(0, 5)[i].dbau, RAM_BUS >> 32);
		ck_assert_uint_eq(dev_prds(0, 5)[i].dbc, lab_prd(5, i)->dbc);
	}
	ck_assert_uint_eq(lab.reads, 3);
	ck_assert_uint_eq(COUNT(BYTES_COPIED), 0);
	ck_assert_uint_eq(COUNT(COMMANDS), 1);
	ck_assert_uint_eq(COUNT(BYTES_OUT), out ? 4096 : 0);
	ck_assert_uint_eq(COUNT(QUEUED), 0);
}
END_TEST

static void change_all(uint64_t at, uint32_t len)
{
	memset(lab.ram + at, 0xdd, len);
}

START_TEST(what_is_judged_is_read_once_and_then_ours)
{
	struct ask a = lab_dma(true, 1000, 8);

	a.prds = 4;
	lab_fill(2, 1000, 4096);
	lab_put(0, 2, a);
	lab.after_read = change_all;
	lab_write(0, PxCI, 1u << 2);
	ck_assert_uint_eq(lab.reads, 3 + 4);
	ck_assert_uint_eq(dev_header(0, 2)->prdtl, 1);
	ck_assert_uint_ge((uint64_t)dev_prds(0, 2)->dbau << 32 | dev_prds(0, 2)->dba, BOUNCE_BUS);
	dev_do(0, 2);
	ck_assert_uint_eq(lab.medium_len, 4096);
	for (uint32_t i = 0; i < 4096; i++)
		ck_assert_uint_eq(lab.medium[i], lab_byte(1000, i));
	ck_assert_uint_eq(COUNT(BYTES_COPIED), 4096);
	ck_assert_uint_eq(lab.transfers, 1);
}
END_TEST

START_TEST(a_write_is_rewritten_before_the_drive_has_it)
{
	lab_fill(2, 1000, 1024);
	memcpy(lab.ram + BUFFER_AT(2) + 509, "stain", 5);
	lab_ask(0, 2, lab_dma(true, 1000, 2));
	dev_do(0, 2);
	ck_assert_int_eq(memcmp(lab.medium + 509, "CLEAN", 5), 0);
	ck_assert_int_eq(memcmp(lab.ram + BUFFER_AT(2) + 509, "stain", 5), 0);
	ck_assert_uint_eq(lab.medium[508], lab_byte(1000, 508));
	ck_assert_uint_eq(COUNT(REWRITTEN), 1);
	lab_ask(0, 2, lab_dma(true, 1000, 1));
	ck_assert_uint_eq(COUNT(REWRITTEN), 1);
}
END_TEST

START_TEST(prds_of_a_command_without_data_mean_nothing)
{
	lab_put(0, 2, (struct ask){ .command = 0xea });
	lab_header(0, 2)->prdtl = 65535;
	lab_write(0, PxCI, 1u << 2);
	ck_assert_uint_eq(lab.reads, 2);
	ck_assert_uint_eq(dev_header(0, 2)->prdtl, 0);
	ck_assert_uint_eq(lab.bounce.taken, 1);
}
END_TEST

START_TEST(an_interrupt_after_a_prd_is_one_after_the_last)
{
	struct ask a = lab_dma(true, 1000, 8);

	a.prds = 4;
	lab_put(0, 2, a);
	lab_prd(2, 1)->dbc |= PRD_I;
	lab_write(0, PxCI, 1u << 2);
	ck_assert_uint_eq(dev_prds(0, 2)->dbc, 4095 | PRD_I);
}
END_TEST

START_TEST(more_room_than_the_command_needs_is_not_given_to_the_drive)
{
	struct ask a = lab_dma(_i, 1000, 8);

	a.bytes = 4096 + 1024;
	lab_ask(0, 0, a);
	ck_assert_uint_eq(dev_header(0, 0)->prdtl, 1);
	ck_assert_uint_eq(dev_prds(0, 0)->dbc, 4095);
}
END_TEST

/* The device's PxSACT is set before PxCI, and for no others. */
static uint32_t sact_at_ci;
static void note_sact(uint32_t offset, uint32_t value)
{
	if (offset == PORT_AT(0) + PxCI)
		sact_at_ci = REG(0, PxSACT);
}

START_TEST(queued_commands_have_their_bit_in_pxsact_and_no_other_has)
{
	lab.on_write = note_sact;
	lab_ask(0, 3, lab_queued(3, false, 50, 8));
	ck_assert_uint_eq(sact_at_ci, 1u << 3);
	ck_assert_uint_eq(COUNT(QUEUED), 1);
	dev_do(0, 3);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	/* as SeaBIOS does */
	lab_write(0, PxSACT, 1);
	lab_ask(0, 0, lab_dma(false, 50, 8));
	ck_assert_uint_eq(REG(0, PxSACT), 0);
	dev_do(0, 0);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	ck_assert_uint_eq(lab_read(0, PxSACT), 1);
}
END_TEST

/* ---- order ---- */

START_TEST(slots_go_in_the_order_of_their_issue_the_lowest_first)
{
	for (unsigned slot = 0; slot < 8; slot++)
		lab_put(0, slot, lab_queued(slot, false, slot * 100, 8));
	lab_write(0, PxCI, 0xa0);
	lab_write(0, PxCI, 0x03);
	lab_write(0, PxCI, 0x08);
	lab_expect_issued("FHABD");
	ck_assert_uint_eq(REG(0, PxSACT), 0xab);
}
END_TEST

START_TEST(what_is_not_queued_goes_alone)
{
	lab_ask(0, 4, lab_queued(4, false, 1, 8));
	lab_ask(0, 2, lab_dma(false, 2, 8));
	lab_ask(0, 1, lab_dma(false, 3, 8));
	lab_ask(0, 0, lab_queued(0, false, 4, 8));
	lab_ask(0, 7, lab_queued(7, false, 5, 8));
	lab_expect_issued("E");
	ck_assert_uint_eq(lab_read(0, PxCI), 0x97);
	dev_accept(0, 4);
	ck_assert_uint_eq(lab_read(0, PxCI), 0x87);
	lab_expect_issued("E");
	dev_do(0, 4);
	lab_read(0, PxSACT);
	lab_expect_issued("EC");
	dev_do(0, 2);
	lab_read(0, PxCI);
	lab_expect_issued("ECB");
	dev_do(0, 1);
	ck_assert_uint_eq(lab_read(0, PxCI), 0x81);
	lab_expect_issued("ECBAH");
}
END_TEST

START_TEST(a_bit_that_is_set_already_issues_nothing)
{
	lab_ask(0, 4, lab_dma(false, 1, 8));
	lab_write(0, PxCI, 1u << 4);
	lab_expect_issued("E");
	dev_do(0, 4);
	lab_read(0, PxCI);
	lab_expect_issued("E");
	ck_assert_uint_eq(COUNT(COMMANDS), 1);
}
END_TEST

START_TEST(a_tag_that_is_taken_but_not_done_is_not_issued_again)
{
	lab_ask(0, 4, lab_queued(4, false, 1, 8));
	dev_accept(0, 4);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	lab_write(0, PxCI, 1u << 4);
	lab_expect_issued("E");
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	dev_do(0, 4);
	ck_assert_uint_eq(lab_read(0, PxSACT), 0);
	lab_expect_issued("E");
	lab_ask(0, 4, lab_queued(4, false, 1, 8));
	lab_expect_issued("EE");
}
END_TEST

START_TEST(what_is_issued_before_st_goes_when_st_is_set)
{
	lab_write(0, PxCMD, PxCMD_SUD | PxCMD_FRE);
	lab_put(0, 0, lab_dma(false, 1, 8));
	lab_write(0, PxCI, 1);
	ck_assert_uint_eq(lab.reads, 0);
	ck_assert_uint_eq(lab_read(0, PxCI), 1);
	lab_write(0, PxCMD, PxCMD_SUD | PxCMD_FRE | PxCMD_ST);
	lab_expect_issued("A");
}
END_TEST

START_TEST(nothing_goes_while_memory_of_the_last_run_is_the_controllers)
{
	lab_ask(0, 0, lab_dma(false, 1, 8));
	lab.cr_stays = 1;
	lab_write(0, PxCMD, PxCMD_SUD | PxCMD_FRE);
	lab_write(0, PxCMD, PxCMD_SUD | PxCMD_FRE | PxCMD_ST);
	lab_ask(0, 0, lab_dma(false, 2, 8));
	lab_expect_issued("A");
	ck_assert_uint_eq(lab_read(0, PxCI), 1);
	ck_assert_uint_ne(lab.bounce.taken, 0);
	lab.cr_stays = 0;
	REG(0, PxCMD) &= ~PxCMD_CR;
	ahci_poll(lab.h);
	lab_expect_issued("AA");
	ck_assert_uint_eq(dev_fis(0, 0)[4], 2);
	dev_do(0, 0);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	ck_assert_uint_eq(lab.bounce.taken, 0);
}
END_TEST

/* ---- what is wrong with it ---- */

START_TEST(prds_that_are_too_few_or_odd_are_refused)
{
	struct ask a = lab_dma(_i, 1, 8);

	a.bytes = 4094;
	lab_put(0, 0, a);
	lab_put(0, 1, lab_dma(_i, 1, 8));
	lab_header(0, 1)->prdtl = 0;
	lab_put(0, 2, lab_dma(_i, 1, 8));
	lab_prd(2, 0)->dba |= 1;
	for (unsigned slot = 0; slot < 3; slot++) {
		lab_write(0, PxCI, 1u << slot);
		ck_assert_uint_eq(COUNT(PRD), slot + 1);
		lab_expect_refused(slot);
		lab_restart(0);
	}
	ck_assert_uint_eq(lab.issues, 3);
	ck_assert_uint_eq(lab.transfers, 0);
}
END_TEST

START_TEST(addresses_that_are_no_ram_are_refused)
{
	struct ask a = lab_dma(_i, 1, 8);

	lab_put(0, 1, a);
	lab_header(0, 1)->ctba = HOLE;
	lab_put(0, 2, a);
	lab_header(0, 2)->ctbau = 1;
	a.at = HOLE - 4094;
	lab_put(0, 3, a);
	a.at = 0;
	lab_put(0, 4, a);
	memcpy(lab.ram + HOLE - 128, lab.ram + TABLE_AT(4), 128);
	lab_header(0, 4)->ctba = HOLE - 128;
	for (unsigned slot = 1; slot < 5; slot++) {
		lab_write(0, PxCI, 1u << slot);
		ck_assert_uint_eq(COUNT(ADDRESS), slot);
		lab_expect_refused(slot);
		lab_restart(0);
	}
	lab_write(0, PxCLBU, 5);
	lab_write(0, PxCI, 1);
	ck_assert_uint_eq(COUNT(ADDRESS), 5);
	lab_expect_refused(0);
}
END_TEST

START_TEST(memory_that_no_device_may_reach_is_refused_where_it_would)
{
	lab.no_dma_from = BUFFER_AT(0) + 2048;
	lab.no_dma_to = BUFFER_AT(0) + 2050;
	lab_ask(0, 0, lab_dma(true, 1, 4));
	ck_assert_int_eq(P(0)->slot[0].state, SLOT_OUT);
	dev_do(0, 0);
	lab_ask(0, 0, lab_dma(true, 1, 5));
	ck_assert_uint_eq(COUNT(ADDRESS), 1);
	lab_expect_refused(0);
}
END_TEST

START_TEST(a_command_without_a_row_is_refused_and_told)
{
	lab_ask(0, 0, (struct ask){ .command = 0x82 });
	ck_assert_uint_eq(COUNT(NO_ROW), 1);
	ck_assert_uint_eq(lab.events, 1);
	ck_assert_uint_eq(lab.transfers, 1);
	lab_expect_refused(0);
	lab_restart(0);
	lab_ask(0, 0, (struct ask){ .command = 0x25, .device = 0xa0, .bytes = 512, .count = 1, .flags = HEADER_B });
	ck_assert_uint_eq(COUNT(HEADER), 1);
	ck_assert_uint_eq(lab.transfers, 1);
	lab_expect_refused(0);
}
END_TEST

/* A command that the policy knows may still have no such subcommand: the log tells of it as of any other. */
START_TEST(a_command_with_features_that_it_has_not_is_refused_and_told)
{
	static const struct { uint8_t command, features; } none[] = {
		{ 0x92, 0x00 }, { 0x93, 0x01 }, { 0xb1, 0x00 }, { 0xb6, 0x17 }, { 0xf9, 0x07 },
	};

	lab_ask(0, 0, (struct ask){ .command = none[_i].command, .features = none[_i].features });
	ck_assert_uint_eq(COUNT(NO_ROW), 1);
	ck_assert_uint_eq(lab.events, 1);
	ck_assert_ptr_nonnull(strstr(lab.event, JUDGE_OWN_RULE));
	lab_expect_refused(0);
}
END_TEST

/* ---- judged before it goes ---- */

START_TEST(a_write_with_what_a_rule_drops_never_reaches_the_drive)
{
	lab_fill(0, 9, 4096);
	memcpy(lab.ram + BUFFER_AT(0) + 4090, "evil", 4);
	lab_ask(0, 0, lab_dma(true, 9, 8));
	ck_assert_uint_eq(COUNT(DROPPED), 1);
	ck_assert_str_eq(lab.event, "bad 9");
	lab_expect_refused(0);
	ck_assert_uint_eq(lab.carried_out[0x35], 0);
	ck_assert_uint_eq(lab.medium_len, 0);
}
END_TEST

START_TEST(what_is_judged_by_its_address_is_judged_before_it_goes)
{
	bool out = _i;

	lab_ask(0, 0, lab_dma(out, 76, 1));
	ck_assert_uint_eq(lab.transfers, 1);
	dev_do(0, 0);
	lab_ask(0, 0, lab_dma(out, 77, 1));
	ck_assert_uint_eq(COUNT(DROPPED), 1);
	ck_assert_uint_eq(COUNT(BYTES_COPIED), 0);
	ck_assert_str_eq(lab.event, "no 77");
	lab_expect_refused(0);
	ck_assert_uint_eq(lab.transfers, 2);
}
END_TEST

START_TEST(where_no_rule_looks_nothing_is_judged)
{
	lab_ask(0, 0, lab_dma(_i, 77, 1));
	ck_assert_uint_eq(lab.transfers, 0);
	ck_assert_int_eq(P(0)->slot[0].state, SLOT_OUT);
}
END_TEST

START_TEST(guarded_commands_are_dropped_without_a_rule_and_others_pass)
{
	lab_ask(0, 0, (struct ask){ .command = 0xf5 });
	ck_assert_uint_eq(COUNT(DROPPED), 1);
	lab_expect_refused(0);
	lab_restart(0);
	lab_ask(0, 0, (struct ask){ .command = 0xef, .features = 0x02 });
	ck_assert_uint_eq(dev_fis(0, 0)[2], 0xef);
	ck_assert_uint_eq(lab.transfers, 2);
	dev_do(0, 0);
	lab_ask(0, 0, (struct ask){ .command = 0xea });
	ck_assert_uint_eq(lab.transfers, 2);
}
END_TEST

static void put_range(uint32_t i, uint64_t lba, uint64_t sectors)
{
	uint64_t entry = lba | sectors << 48;

	memcpy(lab.ram + BUFFER_AT(0) + i * 8, &entry, 8);
}

static const struct ask trim = { .command = 0x06, .features = 1, .count = 1, .bytes = 512, .out = true };

START_TEST(a_trim_is_judged_by_its_ranges)
{
	put_range(0, 50, 50);
	put_range(2, 200, 65535);
	lab_ask(0, 0, trim);
	ck_assert_uint_eq(dev_fis(0, 0)[2], 0x06);
	dev_do(0, 0);
	put_range(63, 199, 1);
	lab_ask(0, 0, trim);
	ck_assert_uint_eq(COUNT(DROPPED), 1);
	lab_expect_refused(0);
}
END_TEST

START_TEST(a_range_of_no_sectors_is_none_and_too_many_are_dropped)
{
	struct ask a = trim;

	put_range(0, 150, 0);
	lab_ask(0, 0, a);
	ck_assert_int_eq(P(0)->slot[0].state, SLOT_OUT);
	dev_do(0, 0);
	a.count = 65;
	a.bytes = 65 * 512;
	for (uint32_t i = 0; i < JUDGE_MAX_RANGES; i++)
		put_range(i, 1000 + i, 1);
	lab_ask(0, 0, a);
	ck_assert_int_eq(P(0)->slot[0].state, SLOT_OUT);
	dev_do(0, 0);
	put_range(JUDGE_MAX_RANGES + 63, 1, 1);
	lab_ask(0, 0, a);
	lab_expect_refused(0);
}
END_TEST

/* ---- ATAPI, resets ---- */

static const uint8_t inquiry[16] = { 0x12, 0, 0, 0, 36 }, ready[16], read_10[16] = { 0x28, 0, 0, 0, 0, 9, 0, 0, 2 };

START_TEST(what_an_atapi_command_moves_its_prds_bound)
{
	struct ask a = { .command = 0xa0, .cdb = inquiry, .bytes = 96, .prds = 2 };

	lab_atapi(0);
	lab_ask(0, 0, a);
	ck_assert_uint_eq(dev_header(0, 0)->flags, 5 | HEADER_A);
	ck_assert_uint_eq(dev_header(0, 0)->prdtl, 1);
	ck_assert_uint_eq(dev_prds(0, 0)->dbc, 95);
	ck_assert_int_eq(memcmp(dev_fis(0, 0) + 64, inquiry, 16), 0);
	ck_assert_uint_eq(lab.bounce.taken, 1);
	dev_move(0, 0, 36);
	dev_end(0, 0);
	ck_assert_uint_eq(lab_read(0, PxCI), 0);
	ck_assert_uint_eq(lab_header(0, 0)->prdbc, 36);
	for (uint32_t i = 0; i < 36; i++)
		ck_assert_uint_eq(lab.ram[BUFFER_AT(0) + i], lab_byte(0, i));
	ck_assert_uint_eq(lab.ram[BUFFER_AT(0) + 36], 0);
	ck_assert_uint_eq(lab.bounce.taken, 0);
	a.cdb = ready;
	a.bytes = 0;
	lab_ask(0, 0, a);
	ck_assert_uint_eq(dev_header(0, 0)->prdtl, 0);
	dev_do(0, 0);
	a.cdb = read_10;
	a.bytes = 4096;
	lab_ask(0, 0, a);
	ck_assert_uint_eq(dev_prds(0, 0)->dba, (uint32_t)RAM_BUS + BUFFER_AT(0));
	ck_assert_uint_eq(dev_prds(0, 0)->dbc + dev_prds(0, 0)[1].dbc, 4094);
}
END_TEST

START_TEST(an_atapi_command_without_prds_moves_nothing)
{
	lab_atapi(0);
	lab_ask(0, 0, (struct ask){ .command = 0xa0, .cdb = inquiry });
	ck_assert_uint_eq(dev_header(0, 0)->prdtl, 0);
	ck_assert_uint_eq(COUNT(PRD), 0);
}
END_TEST

START_TEST(an_atapi_command_that_says_no_length_has_a_mebibyte_or_half_of_what_there_is)
{
	struct ask a = { .command = 0xa0, .cdb = inquiry, .bytes = 512u << 10 };

	lab_atapi(0);
	lab_ask(0, 0, a);
	ck_assert_int_eq(P(0)->slot[0].state, SLOT_OUT);
	dev_do(0, 0);
	lab_read(0, PxCI);
	a.bytes += 2;
	lab_ask(0, 0, a);
	ck_assert_uint_eq(COUNT(TOO_LARGE), 1);
	ck_assert_int_eq(P(0)->slot[0].state, SLOT_NUDGED);
	ck_assert_uint_eq(lab.bounce.taken, 0);
}
END_TEST

START_TEST(a_soft_reset_goes_as_it_is)
{
	lab_put(0, 0, (struct ask){ 0 });
	lab.ram[TABLE_AT(0) + 1] = 0;
	lab.ram[TABLE_AT(0) + 15] = CONTROL_SRST;
	lab_header(0, 0)->flags |= HEADER_R | HEADER_C;
	P(0)->own_log = P(0)->own_sense = true;
	lab_write(0, PxCI, 1);
	ck_assert_uint_eq(dev_header(0, 0)->flags, 5 | HEADER_R | HEADER_C);
	ck_assert_uint_eq(dev_fis(0, 0)[15], CONTROL_SRST);
	ck_assert_uint_eq(dev_fis(0, 0)[1], 0);
	ck_assert(!P(0)->own_log && !P(0)->own_sense);
}
END_TEST

/* language.md's boot track: CFast has CFA ERASE SECTORS (ACS-2, 7.4), which is neither a write nor has a range. */
START_TEST(an_erase_of_sectors_is_judged_by_its_range)
{
	lab_ask(0, 3, (struct ask){ .command = 0xc0, .count = 8, .lba = 150 });
	lab_expect_refused(3);
}
END_TEST

START_TEST(an_erase_of_others_goes_out)
{
	lab_ask(0, 3, (struct ask){ .command = 0xc0, .count = 8, .lba = 200 });
	ck_assert_int_eq(P(0)->slot[3].state, SLOT_OUT);
}
END_TEST

START_TEST(an_erase_of_0_sectors_is_one_of_256)
{
	lab_ask(0, 3, (struct ask){ .command = 0xc0, .count = 0, .lba = 0 });
	lab_expect_refused(3);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci_issue");
	TCase *c = lab_case(s, "plain", begin);

	tcase_add_loop_test(c, what_needs_no_copy_goes_between_drive_and_guest, 0, 2);
	tcase_add_loop_test(c, more_room_than_the_command_needs_is_not_given_to_the_drive, 0, 2);
	tcase_add_test(c, prds_of_a_command_without_data_mean_nothing);
	tcase_add_test(c, queued_commands_have_their_bit_in_pxsact_and_no_other_has);
	tcase_add_test(c, slots_go_in_the_order_of_their_issue_the_lowest_first);
	tcase_add_test(c, what_is_not_queued_goes_alone);
	tcase_add_test(c, a_bit_that_is_set_already_issues_nothing);
	tcase_add_test(c, a_tag_that_is_taken_but_not_done_is_not_issued_again);
	tcase_add_test(c, what_is_issued_before_st_goes_when_st_is_set);
	tcase_add_test(c, nothing_goes_while_memory_of_the_last_run_is_the_controllers);
	tcase_add_loop_test(c, prds_that_are_too_few_or_odd_are_refused, 0, 2);
	tcase_add_loop_test(c, addresses_that_are_no_ram_are_refused, 0, 2);
	tcase_add_test(c, memory_that_no_device_may_reach_is_refused_where_it_would);
	tcase_add_test(c, a_command_without_a_row_is_refused_and_told);
	tcase_add_loop_test(c, a_command_with_features_that_it_has_not_is_refused_and_told, 0, 5);
	tcase_add_loop_test(c, where_no_rule_looks_nothing_is_judged, 0, 2);
	tcase_add_test(c, guarded_commands_are_dropped_without_a_rule_and_others_pass);
	tcase_add_test(c, what_an_atapi_command_moves_its_prds_bound);
	tcase_add_test(c, an_atapi_command_without_prds_moves_nothing);
	tcase_add_test(c, an_atapi_command_that_says_no_length_has_a_mebibyte_or_half_of_what_there_is);
	tcase_add_test(c, a_soft_reset_goes_as_it_is);
	c = lab_case(s, "writes", begin_writes);
	tcase_add_test(c, what_is_judged_is_read_once_and_then_ours);
	tcase_add_test(c, a_write_is_rewritten_before_the_drive_has_it);
	tcase_add_test(c, an_interrupt_after_a_prd_is_one_after_the_last);
	tcase_add_loop_test(c, more_room_than_the_command_needs_is_not_given_to_the_drive, 1, 2);
	tcase_add_loop_test(c, prds_that_are_too_few_or_odd_are_refused, 1, 2);
	tcase_add_loop_test(c, addresses_that_are_no_ram_are_refused, 1, 2);
	tcase_add_test(c, a_write_with_what_a_rule_drops_never_reaches_the_drive);
	c = lab_case(s, "lbas", begin_lbas);
	tcase_add_loop_test(c, what_is_judged_by_its_address_is_judged_before_it_goes, 0, 2);
	c = lab_case(s, "reads", begin_reads);
	tcase_add_loop_test(c, more_room_than_the_command_needs_is_not_given_to_the_drive, 0, 1);
	tcase_add_loop_test(c, prds_that_are_too_few_or_odd_are_refused, 0, 1);
	tcase_add_loop_test(c, addresses_that_are_no_ram_are_refused, 0, 1);
	c = lab_case(s, "trims", begin_trims);
	tcase_add_test(c, a_trim_is_judged_by_its_ranges);
	tcase_add_test(c, an_erase_of_sectors_is_judged_by_its_range);
	tcase_add_test(c, an_erase_of_others_goes_out);
	tcase_add_test(c, an_erase_of_0_sectors_is_one_of_256);
	tcase_add_test(c, a_range_of_no_sectors_is_none_and_too_many_are_dropped);
	return s;
}
