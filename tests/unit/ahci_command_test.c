/*
 * ahci_command_test.c - ATA commands are decoded by their table, and encoded afresh
 */
#include "tests/unit/ahci_command_lab.h"
#include "tests/unit/unit.h"

#define ENTRIES(a) (sizeof(a) / sizeof(*(a)))

/* ---- sectors ---- */

static const uint8_t sectors_28[] = { 0x20, 0x21, 0x30, 0x31, 0x38, 0xc4, 0xc5, 0xc8, 0xc9, 0xca, 0xcb, 0xcd };
static const uint8_t sectors_48[] = { 0x24, 0x25, 0x29, 0x2a, 0x2b, 0x34, 0x35, 0x39, 0x3a, 0x3b, 0x3d, 0xce, 0x60,
				      0x61 };

START_TEST(a_28_bit_command_has_narrow_registers)
{
	struct asked a = ask(sectors_28[_i]);
	struct command c;

	ask_lba(&a, 0xffeeddccbbaa);	/* bits 47:24 are no part of it */
	a.table.cfis[7] = 0xb0 | DEVICE_LBA | 0x9;
	ask_count(&a, 0x77ff);
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.lba, 0x9ccbbaa);
	ck_assert_uint_eq(c.t.first_lba, 0x9ccbbaa);
	ck_assert_uint_eq(c.t.count, 0xff);
	ck_assert_uint_eq(c.t.sectors, 0xff);
	ck_assert_uint_eq(c.bytes, 0xff * 512);
	ck_assert_uint_eq(c.t.sector_size, 512);
	ck_assert_uint_eq(c.t.total_sectors, 1ull << 40);
	ask_count(&a, 0x1100);
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.sectors, 256);
}
END_TEST

START_TEST(a_48_bit_command_has_wide_registers)
{
	struct asked a = ask(sectors_48[_i]);
	struct command c;

	ask_lba(&a, 0x7feeddccbbaa);
	ask_sectors(&a, 0xfedc);
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.first_lba, 0x7feeddccbbaa);
	ck_assert_uint_eq(c.t.lba, 0x7feeddccbbaa);
	ck_assert_uint_eq(c.t.sectors, 0xfedc);
	ask_sectors(&a, 0);
	a.drive.sector_size = 4096;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.sectors, 65536);
	ck_assert_uint_eq(c.t.sector_size, 4096);
	ck_assert_uint_eq(c.bytes, 65536 * 4096);
}
END_TEST

static void ask_address(struct asked *a, bool wide, uint64_t lba)
{
	if (wide)
		ask_lba(a, lba);
	else
		ask_lba28(a, (uint32_t)lba);
}

START_TEST(lba_and_count_never_wrap)
{
	bool wide = _i >= (int)ENTRIES(sectors_28);
	uint64_t end = wide ? 1ull << 48 : 1ull << 28;
	struct asked a = ask(wide ? sectors_48[_i - (int)ENTRIES(sectors_28)] : sectors_28[_i]);
	struct command c;

	ask_sectors(&a, 7);
	ask_address(&a, wide, end - 7);
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ask_address(&a, wide, end - 6);
	ck_assert_int_eq(decode(&a, &c), AHCI_RANGE);
	ck_assert_uint_eq(c.t.first_lba, end - 6);
	ask_sectors(&a, 0);
	ask_address(&a, wide, end - (wide ? 65536 : 256));
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ask_address(&a, wide, end - (wide ? 65535 : 255));
	ck_assert_int_eq(decode(&a, &c), AHCI_RANGE);
}
END_TEST

START_TEST(sectors_of_a_size_not_known_are_refused_and_the_log_can_tell)
{
	struct asked a = ask(0x25);
	struct command c;

	a.drive = (struct drive){ 0 };
	ask_lba(&a, 77);
	ask_count(&a, 3);
	ck_assert_int_eq(decode(&a, &c), AHCI_SECTOR_SIZE);
	ck_assert(c.needs_size);
	ck_assert_int_eq(c.hook, HV_HOOK_DISK_READ);
	ck_assert_uint_eq(c.t.first_lba, 77);
	ck_assert_uint_eq(c.t.sectors, 3);
	ck_assert_uint_eq(c.t.sector_size, 512);
	ck_assert_uint_eq(c.t.total_sectors, 0);
	ck_assert_uint_eq(c.bytes, 0);
	a.table.cfis[2] = 0xec;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert(!c.needs_size);
}
END_TEST

START_TEST(an_atapi_drive_knows_no_sectors_but_by_packet)
{
	struct asked a = ask(0xc8);
	struct command c;

	a.drive = (struct drive){ .atapi = true, .sector_size = 2048 };
	ck_assert_int_eq(decode(&a, &c), AHCI_NO_ROW);
	a.table.cfis[2] = 0xa1;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
}
END_TEST

/* ---- CHS ---- */

START_TEST(a_chs_address_is_refused)
{
	/* all 28-bit commands with an address: the twelve of sectors, verify, seek, erase, native max address */
	static const uint8_t others[] = { 0x40, 0x41, 0x70, 0xc0, 0xf8, 0xf9 };
	uint8_t code = _i < (int)ENTRIES(sectors_28) ? sectors_28[_i] : others[_i - (int)ENTRIES(sectors_28)];
	struct asked a = ask(code);
	struct command c;

	ask_count(&a, 1);
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.device, DEVICE_LBA);
	a.table.cfis[7] &= (uint8_t)~DEVICE_LBA;
	ck_assert_int_eq(decode(&a, &c), AHCI_CHS);
	ck_assert_int_ne(c.hook, ATA_FAILS);
}
END_TEST

START_TEST(a_48_bit_address_is_an_lba_whatever_bit_6_says)
{
	static const uint8_t others[] = { 0x27, 0x37, 0x42, 0x45, 0x78 };
	uint8_t code = _i < (int)ENTRIES(sectors_48) ? sectors_48[_i] : others[_i - (int)ENTRIES(sectors_48)];
	struct asked a = ask(code);
	struct table t;
	struct command c;
	uint16_t flags;

	a.table.cfis[7] = 0x2f;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	command_encode(&c, &t, &flags);
	ck_assert_uint_eq(t.cfis[7], DEVICE_LBA);
}
END_TEST

START_TEST(commands_without_an_address_have_no_lba_bit)
{
	static const uint8_t codes[] = { 0x00, 0x2f, 0x90, 0xa1, 0xb0, 0xe0, 0xe7, 0xea, 0xec, 0xef };

	for (unsigned i = 0; i < sizeof(codes); i++) {
		struct asked a = ask(codes[i]);
		struct command c;

		ask_count(&a, 1);
		ask_features(&a, 0xd5);
		ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
		ck_assert_uint_eq(c.device, 0);
	}
}
END_TEST

/* ---- queued ---- */

START_TEST(the_tag_of_a_queued_command_is_its_slot)
{
	for (unsigned slot = 0; slot < SLOTS; slot++)
		for (unsigned tag = 0; tag < SLOTS; tag++) {
			struct asked a = ask(0x60 + (uint8_t)_i);
			struct command c;

			a.slot = slot;
			a.table.cfis[12] = (uint8_t)(tag << 3 | 0x7);	/* bits 2:0: reserved, rebuild assist */
			ck_assert(decode(&a, &c) == (tag == slot ? COMMAND_RIGHT : AHCI_HEADER) && c.tag == tag &&
				  c.t.count == tag << 3);
		}
}
END_TEST

START_TEST(fua_and_high_priority_are_kept_and_nothing_else)
{
	struct asked a = ask(0x61);
	struct command c;

	a.table.cfis[7] = 0xff;
	a.table.cfis[13] = 0xff;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.device, 0xc0);
	ck_assert_uint_eq(c.t.count, 0x8000 | 5 << 3);
	a.table.cfis[13] = 0x7f;
	a.table.cfis[7] = 0x7f;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.device, DEVICE_LBA);
	ck_assert_uint_eq(c.t.count, 5 << 3);
	a.table.cfis[2] = 0x35;
	a.table.cfis[7] = 0xff;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.device, DEVICE_LBA);
}
END_TEST

/* ---- lengths ---- */

START_TEST(no_blocks_is_refused_where_zero_means_nothing)
{
	static const uint8_t codes[] = { 0x06, 0x2f, 0x47, 0x3f, 0x57, 0xb0 };
	struct asked a = ask(codes[_i]);
	struct command c;

	if (codes[_i] == 0x06)
		ask_features(&a, 1);
	if (codes[_i] == 0xb0)
		ask_features(&a, 0xd5);
	ck_assert_int_eq(decode(&a, &c), AHCI_HEADER);
	ask_count(&a, 1);
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.bytes, 512);
	ask_count(&a, 0xffff);
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.bytes, codes[_i] == 0xb0 ? 255 * 512 : 65535 * 512);
}
END_TEST

START_TEST(a_number_of_blocks_in_two_registers_may_be_zero)
{
	static const struct { uint8_t code, features; } codes[] = {
		{ 0x5c, 7 }, { 0x5d, 7 }, { 0x5e, 7 }, { 0x5f, 7 }, { 0x92, 3 }, { 0x92, 7 }, { 0x92, 14 },
		{ 0x93, 3 }, { 0x93, 7 }, { 0x93, 14 },
	};
	struct asked a = ask(codes[_i].code);
	struct command c;

	ask_features(&a, codes[_i].features);
	ask_count(&a, 0x34);
	ask_lba(&a, 0xabcd12);
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.bytes, 0x1234 * 512);
	ck_assert_int_eq(c.out, codes[_i].code > 0x5d);
	ask_count(&a, 0);
	ask_lba(&a, 0xabcd00);
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.bytes, 0);
	ck_assert_int_eq(c.protocol, PROTOCOL_NO_DATA);
	ck_assert(!c.out);
}
END_TEST

/* ---- header and FIS ---- */

START_TEST(a_header_or_fis_that_no_driver_writes_is_refused)
{
	static const struct { uint16_t flags; uint8_t type, second; } wrong[] = {
		{ 4, FIS_H2D, FIS_C }, { 6, FIS_H2D, FIS_C }, { 0, FIS_H2D, FIS_C }, { 21, FIS_H2D, FIS_C },
		{ 5 | HEADER_B, FIS_H2D, FIS_C }, { 5 | 0x1000, FIS_H2D, FIS_C }, { 5 | 0x8000, FIS_H2D, FIS_C },
		{ 5 | HEADER_R, FIS_H2D, FIS_C }, { 5 | HEADER_C, FIS_H2D, FIS_C }, { 5 | HEADER_A, FIS_H2D, FIS_C },
		{ 5, FIS_D2H, FIS_C }, { 5, 0, FIS_C }, { 5, FIS_H2D, FIS_C | 1 }, { 5, FIS_H2D, FIS_C | 8 },
		{ 5, FIS_H2D, 1 }, { 4, FIS_H2D, 0 }, { 5 | HEADER_A, FIS_H2D, 0 }, { 5 | HEADER_B, FIS_H2D, 0 },
		{ 5 | 0xf000, FIS_H2D, 0 },
	};
	struct asked a = ask(0xca);
	struct command c;

	ask_count(&a, 1);
	a.header.flags = 5 | HEADER_W | HEADER_P;
	a.table.cfis[1] = FIS_C | 0x70;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	a.header.flags = wrong[_i].flags;
	a.table.cfis[0] = wrong[_i].type;
	a.table.cfis[1] = wrong[_i].second;
	ck_assert_int_eq(decode(&a, &c), AHCI_HEADER);
	ck_assert_int_eq(c.hook, ATA_NOT_JUDGED);
	ck_assert_uint_eq(c.t.command, wrong[_i].type == FIS_H2D && wrong[_i].second & FIS_C ? 0xca : 0);
}
END_TEST
enum { WRONG_HEADERS = 19 };

START_TEST(a_packet_command_needs_its_flag)
{
	struct asked a = ask(0xa0);
	struct command c;

	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	a.header.flags &= (uint16_t)~HEADER_A;
	ck_assert_int_eq(decode(&a, &c), AHCI_HEADER);
}
END_TEST

/* ---- encode ---- */

static uint32_t next_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}

static struct asked any_command(void)
{
	struct asked a = ask((uint8_t)next_random());

	for (unsigned i = 3; i < sizeof(a.table.cfis); i++)
		a.table.cfis[i] = (uint8_t)next_random();
	for (unsigned i = 0; i < sizeof(a.table.acmd); i++)
		a.table.acmd[i] = (uint8_t)next_random();
	if (next_random() & 1)
		ask_features(&a, 0xd0 + next_random() % 16);
	if (next_random() & 1)
		a.table.cfis[7] |= DEVICE_LBA;
	a.header.flags |= next_random() & (HEADER_W | HEADER_P);
	a.drive.sector_size = 512;
	if (is_queued_code(a.table.cfis[2]))
		a.table.cfis[12] = (uint8_t)(a.slot << 3 | (next_random() & 7));
	return a;
}

static bool same_command(const struct command *a, const struct command *b)
{
	return a->protocol == b->protocol && a->meaning == b->meaning && a->device == b->device &&
	       a->bytes == b->bytes && a->out == b->out && a->hook == b->hook && a->t.command == b->t.command &&
	       a->t.features == b->t.features && a->t.count == b->t.count && a->t.lba == b->t.lba &&
	       a->t.first_lba == b->t.first_lba && a->t.sectors == b->t.sectors && a->t.cdb_len == b->t.cdb_len &&
	       memcmp(a->t.cdb, b->t.cdb, sizeof(a->t.cdb)) == 0;
}

/* Nothing is in the drive's FIS that the guest did not put there, but the LBA bit. */
static bool nothing_added(const struct asked *a, const struct table *t)
{
	static const uint8_t zeros[50];

	for (unsigned i = 0; i < 14; i++)
		if (t->cfis[i] & ~(a->table.cfis[i] | (i == 7 ? DEVICE_LBA : 0)))
			return false;
	return memcmp(t->cfis + 14, zeros, 50) == 0 && memcmp(t->reserved, zeros, sizeof(t->reserved)) == 0;
}

START_TEST(what_is_encoded_is_what_was_decoded)
{
	unsigned right = 0;

	for (unsigned i = 0; i < 100000; i++) {
		struct asked a = any_command(), again = a;
		struct command c, d;
		uint16_t flags;

		if (decode(&a, &c) != COMMAND_RIGHT)
			continue;
		memset(&again.table, 0xff, sizeof(again.table));
		command_encode(&c, &again.table, &flags);
		again.header.flags = flags;
		if (!nothing_added(&a, &again.table) || decode(&again, &d) != COMMAND_RIGHT || !same_command(&c, &d) ||
		    flags != (5 | (c.out ? HEADER_W : 0) | (a.table.cfis[2] == 0xa0 ? HEADER_A : 0)))
			ck_abort_msg("command %02x, number %u", a.table.cfis[2], i);
		right++;
	}
	ck_assert_uint_gt(right, 20000);
}
END_TEST

START_TEST(of_a_reset_srst_alone_goes_on)
{
	struct asked a = ask(0xca);
	struct command c;
	struct table t;
	uint16_t flags;

	memset(a.table.cfis + 2, 0xff, sizeof(a.table.cfis) - 2);
	a.table.cfis[1] = 0;
	a.header.flags = 5 | HEADER_R | HEADER_C | HEADER_W | HEADER_P;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_int_eq(c.protocol, PROTOCOL_RESET);
	ck_assert_int_eq(c.hook, ATA_NOT_JUDGED);
	ck_assert_uint_eq(c.bytes, 0);
	memset(&t, 0xff, sizeof(t));
	command_encode(&c, &t, &flags);
	ck_assert_uint_eq(flags, 5 | HEADER_R | HEADER_C);
	for (unsigned i = 0; i < sizeof(t.cfis); i++)
		ck_assert_uint_eq(t.cfis[i], i == 0 ? FIS_H2D : i == 15 ? CONTROL_SRST : 0);
	a.header.flags = 5;
	a.table.cfis[15] = (uint8_t)~CONTROL_SRST;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	command_encode(&c, &t, &flags);
	ck_assert_uint_eq(flags, 5);
	ck_assert_uint_eq(t.cfis[15], 0);
}
END_TEST

START_TEST(the_models_own_commands_have_no_parameters)
{
	static const uint8_t codes[] = { 0xe5, 0xec, 0xa1 };
	struct table t;
	uint16_t flags = 0;

	memset(&t, 0xff, sizeof(t));
	if (_i == 0)
		command_nudge(&t, &flags);
	else
		command_identify(_i == 2, &t, &flags);
	ck_assert_uint_eq(flags, 5);
	for (unsigned i = 0; i < sizeof(t.cfis); i++)
		ck_assert_uint_eq(t.cfis[i], i == 0 ? FIS_H2D : i == 1 ? FIS_C : i == 2 ? codes[_i] : 0);
	for (unsigned i = 0; i < sizeof(t.acmd); i++)
		ck_assert_uint_eq(t.acmd[i], 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci_command");
	TCase *tc = unit_case(s, "ATA commands");

	tcase_add_loop_test(tc, a_28_bit_command_has_narrow_registers, 0, ENTRIES(sectors_28));
	tcase_add_loop_test(tc, a_48_bit_command_has_wide_registers, 0, ENTRIES(sectors_48));
	tcase_add_loop_test(tc, lba_and_count_never_wrap, 0, ENTRIES(sectors_28) + ENTRIES(sectors_48));
	tcase_add_test(tc, sectors_of_a_size_not_known_are_refused_and_the_log_can_tell);
	tcase_add_test(tc, an_atapi_drive_knows_no_sectors_but_by_packet);
	tcase_add_loop_test(tc, a_chs_address_is_refused, 0, ENTRIES(sectors_28) + 6);
	tcase_add_loop_test(tc, a_48_bit_address_is_an_lba_whatever_bit_6_says, 0, ENTRIES(sectors_48) + 5);
	tcase_add_test(tc, commands_without_an_address_have_no_lba_bit);
	tcase_add_loop_test(tc, the_tag_of_a_queued_command_is_its_slot, 0, 2);
	tcase_add_test(tc, fua_and_high_priority_are_kept_and_nothing_else);
	tcase_add_loop_test(tc, no_blocks_is_refused_where_zero_means_nothing, 0, 6);
	tcase_add_loop_test(tc, a_number_of_blocks_in_two_registers_may_be_zero, 0, 10);
	tcase_add_loop_test(tc, a_header_or_fis_that_no_driver_writes_is_refused, 0, WRONG_HEADERS);
	tcase_add_test(tc, a_packet_command_needs_its_flag);
	tcase_add_test(tc, what_is_encoded_is_what_was_decoded);
	tcase_add_test(tc, of_a_reset_srst_alone_goes_on);
	tcase_add_loop_test(tc, the_models_own_commands_have_no_parameters, 0, 3);
	return s;
}
