/*
 * ahci_command_rows_test.c - the rows of the ATA commands: command.def against policy/ata.def and the standards
 */
#include "tests/unit/ahci_command_lab.h"
#include "tests/unit/unit.h"

#define ENTRIES(a) (sizeof(a) / sizeof(*(a)))

/* ---- the tables of policy/ and of the model ---- */

/* What FEATURES these commands know (ACS-2, ACS-3); SMART's and SET FEATURES' are in policy/ata.c. */
static const struct { uint8_t command; const char *features; unsigned count; } by_features[] = {
	{ 0x92, "\x03\x07\x0e\x0f", 4 }, { 0x93, "\x03\x07\x0e\x0f", 4 },
	{ 0xb1, "\xc0\xc1\xc2\xc3\xc4\xc5", 6 },
	{ 0xb6, "\x00\x01\x10\x11\x12\x13\x14\x15\x16", 9 },
	{ 0xf9, "\x00\x01\x02\x03\x04\x05\x06", 7 },
};

static bool knows_features(uint8_t command, uint8_t features)
{
	for (unsigned i = 0; i < ENTRIES(by_features); i++)
		if (by_features[i].command == command)
			return memchr(by_features[i].features, features, by_features[i].count) != NULL;
	return true;
}

static void hold_against_policy(uint8_t command, uint8_t features, uint32_t lba)
{
	struct disk_transfer d = { .command = command, .features = features, .lba = lba };
	struct asked a = ask(command);
	enum ahci_counter said, expected = COMMAND_RIGHT;
	struct command c;
	int hook;

	ask_sectors(&a, 1);
	ask_lba28(&a, lba);
	if (!is_queued_code(command))
		ask_features(&a, features);
	hook = ata_hook(&d);
	if (command == 0x91)
		expected = AHCI_CHS;
	else if (hook == ATA_FAILS || !knows_features(command, features))
		expected = AHCI_NO_ROW;
	said = decode(&a, &c);
	/* an assertion costs far more than all of this */
	if (said != expected || c.hook != hook)
		ck_abort_msg("%02x, features %02x, LBA %x: %d, hook %d", command, features, lba, said, c.hook);
}

START_TEST(every_command_that_may_pass_has_a_row_and_every_other_none)
{
	static const uint32_t lbas[] = { 0, 0x3f, 0x40, 0x7e, 0x7f, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xe0, 0xff };

	for (unsigned command = 0; command < 256; command++)
		for (unsigned features = 0; command != 0xa0 && features < 256; features++)
			for (unsigned i = 0; i < ENTRIES(lbas); i++)
				hold_against_policy((uint8_t)command, (uint8_t)features, 0xc24f00 + lbas[i]);
}
END_TEST

/* ACS-3, table B.2, and ATA8-ACS: by how their data moves; all others move none. */
#define CODES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
static const struct { enum protocol protocol; const uint8_t *codes; unsigned count; } protocols[] = {
	{ PROTOCOL_PIO_IN, CODES(0x20, 0x21, 0x24, 0x29, 0x2b, 0x2f, 0x5c, 0xa1, 0xc4, 0xe4, 0xec) },
	{ PROTOCOL_PIO_OUT, CODES(0x30, 0x31, 0x34, 0x38, 0x39, 0x3b, 0x3f, 0x5e, 0x92, 0xc5, 0xcd, 0xce, 0xe8, 0xf1,
				  0xf2, 0xf4, 0xf6) },
	{ PROTOCOL_DMA_IN, CODES(0x25, 0x2a, 0x47, 0x5d, 0xc8, 0xc9, 0xe9, 0xee) },
	{ PROTOCOL_DMA_OUT, CODES(0x06, 0x35, 0x3a, 0x3d, 0x57, 0x5f, 0x93, 0xca, 0xcb, 0xeb) },
	{ PROTOCOL_NCQ_IN, CODES(0x60) },
	{ PROTOCOL_NCQ_OUT, CODES(0x61) },
	{ PROTOCOL_PACKET, CODES(0xa0) },
};

static enum protocol protocol_of(uint8_t command)
{
	for (unsigned i = 0; i < ENTRIES(protocols); i++)
		if (memchr(protocols[i].codes, command, protocols[i].count))
			return protocols[i].protocol;
	return PROTOCOL_NO_DATA;
}

static bool goes_out(enum protocol p)
{
	return p == PROTOCOL_PIO_OUT || p == PROTOCOL_DMA_OUT || p == PROTOCOL_NCQ_OUT;
}

START_TEST(data_moves_as_the_standard_says)
{
	for (unsigned command = 0; command < 256; command++) {
		struct asked a = ask((uint8_t)command);
		struct command c;

		ask_sectors(&a, 3);
		if (command == 0x06)
			ask_features(&a, 1);
		if (command == 0x92 || command == 0x93)
			ask_features(&a, 3);
		if (decode(&a, &c) != COMMAND_RIGHT)
			continue;
		ck_assert_msg(c.protocol == protocol_of((uint8_t)command), "%02x: %u", command, c.protocol);
		ck_assert_int_eq(c.out, goes_out(c.protocol));
		ck_assert_int_eq(c.bytes != 0, c.protocol != PROTOCOL_NO_DATA && c.protocol != PROTOCOL_PACKET);
		ck_assert_int_eq(command_is_queued(&c), is_queued_code((uint8_t)command));
	}
}
END_TEST

static const struct { uint8_t command, features; enum protocol protocol; uint32_t bytes; } pages[] = {
	{ 0xb0, 0xd0, PROTOCOL_PIO_IN, 512 }, { 0xb0, 0xd1, PROTOCOL_PIO_IN, 512 }, { 0xb0, 0xd2, PROTOCOL_NO_DATA, 0 },
	{ 0xb0, 0xd3, PROTOCOL_NO_DATA, 0 }, { 0xb0, 0xd4, PROTOCOL_NO_DATA, 0 }, { 0xb0, 0xd5, PROTOCOL_PIO_IN, 1024 },
	{ 0xb0, 0xd6, PROTOCOL_PIO_OUT, 1024 }, { 0xb0, 0xd8, PROTOCOL_NO_DATA, 0 },
	{ 0xb0, 0xd9, PROTOCOL_NO_DATA, 0 }, { 0xb0, 0xda, PROTOCOL_NO_DATA, 0 }, { 0xb0, 0xdb, PROTOCOL_NO_DATA, 0 },
	{ 0xb1, 0xc0, PROTOCOL_NO_DATA, 0 }, { 0xb1, 0xc1, PROTOCOL_NO_DATA, 0 }, { 0xb1, 0xc2, PROTOCOL_PIO_IN, 512 },
	{ 0xb1, 0xc3, PROTOCOL_PIO_OUT, 512 }, { 0xb1, 0xc4, PROTOCOL_DMA_IN, 512 },
	{ 0xb1, 0xc5, PROTOCOL_DMA_OUT, 512 },
	{ 0xb6, 0x00, PROTOCOL_NO_DATA, 0 }, { 0xb6, 0x10, PROTOCOL_DMA_OUT, 1024 },
	{ 0xb6, 0x11, PROTOCOL_DMA_OUT, 1024 }, { 0xb6, 0x12, PROTOCOL_DMA_IN, 1024 },
	{ 0xb6, 0x13, PROTOCOL_DMA_IN, 1024 }, { 0xb6, 0x14, PROTOCOL_NO_DATA, 0 }, { 0xb6, 0x01, PROTOCOL_NO_DATA, 0 },
	{ 0xb6, 0x15, PROTOCOL_NO_DATA, 0 }, { 0xb6, 0x16, PROTOCOL_NO_DATA, 0 },
	{ 0xf9, 0x00, PROTOCOL_NO_DATA, 0 }, { 0xf9, 0x01, PROTOCOL_PIO_OUT, 512 }, { 0xf9, 0x02, PROTOCOL_NO_DATA, 0 },
	{ 0xf9, 0x03, PROTOCOL_PIO_OUT, 512 }, { 0xf9, 0x04, PROTOCOL_NO_DATA, 0 },
	{ 0xf9, 0x05, PROTOCOL_DMA_OUT, 512 }, { 0xf9, 0x06, PROTOCOL_DMA_OUT, 512 },
	{ 0x92, 0x03, PROTOCOL_PIO_OUT, 1024 }, { 0x92, 0x07, PROTOCOL_PIO_OUT, 1024 },
	{ 0x92, 0x0e, PROTOCOL_PIO_OUT, 1024 }, { 0x92, 0x0f, PROTOCOL_NO_DATA, 0 },
	{ 0x93, 0x03, PROTOCOL_DMA_OUT, 1024 }, { 0x93, 0x07, PROTOCOL_DMA_OUT, 1024 },
	{ 0x93, 0x0e, PROTOCOL_DMA_OUT, 1024 }, { 0x93, 0x0f, PROTOCOL_NO_DATA, 0 },
	{ 0x06, 0x01, PROTOCOL_DMA_OUT, 1024 }, { 0x2f, 0, PROTOCOL_PIO_IN, 1024 }, { 0x47, 0, PROTOCOL_DMA_IN, 1024 },
	{ 0x3f, 0, PROTOCOL_PIO_OUT, 1024 }, { 0x57, 0, PROTOCOL_DMA_OUT, 1024 },
	{ 0x5c, 0, PROTOCOL_PIO_IN, 1024 }, { 0x5d, 0, PROTOCOL_DMA_IN, 1024 }, { 0x5e, 0, PROTOCOL_PIO_OUT, 1024 },
	{ 0x5f, 0, PROTOCOL_DMA_OUT, 1024 }, { 0xe4, 0, PROTOCOL_PIO_IN, 512 }, { 0xe8, 0, PROTOCOL_PIO_OUT, 512 },
	{ 0xe9, 0, PROTOCOL_DMA_IN, 512 }, { 0xeb, 0, PROTOCOL_DMA_OUT, 512 }, { 0xec, 0, PROTOCOL_PIO_IN, 512 },
	{ 0xee, 0, PROTOCOL_DMA_IN, 512 }, { 0xa1, 0, PROTOCOL_PIO_IN, 512 }, { 0xf1, 0, PROTOCOL_PIO_OUT, 512 },
	{ 0xf4, 0, PROTOCOL_PIO_OUT, 512 },
};

/* 4,096-byte sectors change nothing of what is not sectors. */
START_TEST(what_is_no_sectors_comes_in_pages_of_512_bytes)
{
	struct asked a = ask(pages[_i].command);
	struct command c;

	a.drive.sector_size = 4096;
	ask_features(&a, pages[_i].features);
	ask_count(&a, 2);
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_int_eq(c.protocol, pages[_i].protocol);
	ck_assert_int_eq(c.out, goes_out(c.protocol));
	ck_assert_uint_eq(c.bytes, pages[_i].bytes);
	ck_assert(!c.needs_size);
	ck_assert_int_ne(c.meaning, MEANING_SECTORS);
}
END_TEST

START_TEST(meanings_are_of_these_commands_alone)
{
	for (unsigned command = 0; command < 256; command++) {
		struct asked a = ask((uint8_t)command);
		enum meaning expected = MEANING_NONE;
		struct command c;

		ask_sectors(&a, 1);
		if (command == 0x06)
			ask_features(&a, 1);
		if (command == 0xb0)
			ask_features(&a, 0xd5);
		if (command == 0xa0 || decode(&a, &c) != COMMAND_RIGHT)
			continue;
		if (c.hook == HV_HOOK_DISK_READ || c.hook == HV_HOOK_DISK_WRITE)
			expected = MEANING_SECTORS;
		if (command == 0x06)
			expected = MEANING_RANGES;
		if (command == 0xc0)
			expected = MEANING_ERASES;
		if (command == 0xec || command == 0xee)
			expected = MEANING_IDENTIFY;
		if (command == 0xa1)
			expected = MEANING_IDENTIFY_PACKET;
		if (command == 0x2f || command == 0x47 || command == 0xb0)
			expected = MEANING_LOG;
		ck_assert_msg(c.meaning == expected, "%02x means %u", command, c.meaning);
		ck_assert_int_eq(c.needs_size, expected == MEANING_SECTORS);
	}
}
END_TEST

/* ---- registers ---- */

/* Which registers mean something: F, C, L, and what of the device register. */
static const struct { uint8_t command, features; uint16_t f, c; uint64_t l; uint8_t device; } registers[] = {
	{ 0xec, 0x12, 0, 0, 0, 0 }, { 0xe7, 0x12, 0, 0, 0, 0 }, { 0xea, 0x12, 0, 0, 0, 0 },
	{ 0xe2, 0x12, 0, 0x34, 0, 0 },
	{ 0xc6, 0x12, 0, 0x34, 0, 0 }, { 0xef, 0x12, 0x12, 0x34, 0xa654321, 0 },
	{ 0xe1, 0x44, 0x44, 0x34, 0xa654321, 0 },
	{ 0xb0, 0xda, 0xda, 0, 0xa654321, 0 }, { 0xb0, 0xdb, 0xdb, 0x34, 0xa654321, 0 },
	{ 0xc8, 0x12, 0, 0x34, 0xa654321, 0x40 }, { 0x25, 0x12, 0, 0x7734, 0x998877654321, 0x40 },
	{ 0x2a, 0x12, 0x6612, 0x7734, 0x998877654321, 0x40 }, { 0x40, 0x12, 0, 0x34, 0xa654321, 0x40 },
	{ 0x70, 0x12, 0, 0, 0xa654321, 0x40 }, { 0xf8, 0x12, 0, 0, 0, 0x40 }, { 0x27, 0x12, 0, 0, 0, 0x40 },
	{ 0x37, 0x12, 0, 0x7734, 0x998877654321, 0x40 }, { 0xf9, 0, 0, 0x34, 0xa654321, 0x40 },
	{ 0xf9, 2, 2, 0, 0, 0 }, { 0x2f, 0x12, 0x6612, 0x7734, 0x998877654321, 0 },
	{ 0x3f, 0x12, 0x6612, 0x7734, 0x998877654321, 0 }, { 0x51, 0x12, 0x6612, 0x7734, 0, 0 },
	{ 0x45, 0x55, 0x6655, 0x7734, 0x998877654321, 0x40 }, { 0x77, 0x12, 0, 0, 0x998877654321, 0 },
	{ 0x78, 0x12, 0x6612, 0, 0x998877654321, 0x40 }, { 0xb4, 0x12, 0x6612, 0x7734, 0x998877654321, 0 },
	{ 0x5b, 0x12, 0x12, 0x34, 0xa654321, 0 }, { 0x00, 1, 1, 0, 0, 0 }, { 0x90, 0x12, 0, 0, 0, 0 },
	{ 0x60, 0x12, 0x6612, 0x0028, 0x998877654321, 0x40 }, { 0xf1, 0x12, 0, 0, 0, 0 },
	{ 0xb1, 0xc2, 0xc2, 0, 0, 0 }, { 0xb2, 0x12, 0x6612, 0x7734, 0, 0 }, { 0xd1, 0x12, 0x12, 0, 0, 0 },
};

START_TEST(registers_that_mean_nothing_are_zero_for_judge_and_drive)
{
	struct asked a = ask(registers[_i].command);
	struct command c;

	ask_lba(&a, 0x998877654321);
	a.table.cfis[7] = 0x4a;
	ask_count(&a, registers[_i].command == 0x60 ? 0x0028 : 0x7734);
	ask_features(&a, (uint16_t)(0x6600 | registers[_i].features));
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.features, registers[_i].f);
	ck_assert_uint_eq(c.t.count, registers[_i].c);
	ck_assert_uint_eq(c.t.lba, registers[_i].l);
	ck_assert_uint_eq(c.device, registers[_i].device);
}
END_TEST

/* All of them: which registers are left of a FIS of ones.  ACS-3, ATA8-ACS, "Inputs" of each command. */
enum { F = 1, C = 2, L = 4, D = 8, A = L | D };
static const struct { unsigned left; const uint8_t *codes; unsigned count; } left_of[] = {
	{ 0, CODES(0x03, 0x08, 0x0b, 0x90, 0xa1, 0xda, 0xde, 0xdf, 0xe0, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea,
		   0xeb, 0xec, 0xed, 0xee, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6) },
	{ F, CODES(0x00, 0xd1) },
	{ C, CODES(0xc6, 0xe2, 0xe3) },
	{ L, CODES(0x77) },
	{ D, CODES(0x27, 0xf8) },
	{ A, CODES(0x70) },
	{ F | C, CODES(0x06, 0x51, 0xb2) },
	{ F | A, CODES(0x78) },
	{ C | A, CODES(0x20, 0x21, 0x24, 0x25, 0x29, 0x30, 0x31, 0x34, 0x35, 0x37, 0x38, 0x39, 0x3d, 0x40, 0x41,
		       0x42, 0xc0, 0xc4, 0xc5, 0xc8, 0xc9, 0xca, 0xcb, 0xcd, 0xce) },
	{ F | C | A, CODES(0x2a, 0x2b, 0x3a, 0x3b, 0x45, 0x60, 0x61) },
	{ F | C | L, CODES(0x2f, 0x3f, 0x47, 0x57, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0xb4, 0xe1, 0xef) },
};
/* By features: of a command in the high byte. */
static const struct { unsigned left; uint16_t code; } left_of_features[] = {
	{ F | C | L, 0x9203 }, { F | C | L, 0x9207 }, { F | C | L, 0x920e }, { F, 0x920f },
	{ F | C | L, 0x9303 }, { F | C | L, 0x9307 }, { F | C | L, 0x930e }, { F, 0x930f },
	{ F | L, 0xb0d0 }, { F | L, 0xb0d1 }, { F | C | L, 0xb0d2 }, { F | L, 0xb0d3 }, { F | L, 0xb0d4 },
	{ F | C | L, 0xb0d5 }, { F | C | L, 0xb0d6 }, { F | L, 0xb0d8 }, { F | L, 0xb0d9 }, { F | L, 0xb0da },
	{ F | C | L, 0xb0db },
	{ F, 0xb1c0 }, { F, 0xb1c1 }, { F, 0xb1c2 }, { F, 0xb1c3 }, { F, 0xb1c4 }, { F, 0xb1c5 },
	{ F | C, 0xb600 }, { F, 0xb601 }, { F | C | L, 0xb610 }, { F | C | L, 0xb611 }, { F | C | L, 0xb612 },
	{ F | C | L, 0xb613 }, { F | L, 0xb614 }, { F, 0xb615 }, { F, 0xb616 },
	{ F | C | A, 0xf900 }, { F, 0xf901 }, { F, 0xf902 }, { F, 0xf903 }, { F, 0xf904 }, { F, 0xf905 }, { F, 0xf906 },
};

static void expect_left(uint8_t command, uint16_t features, unsigned left)
{
	struct asked a = ask(command);
	struct command c;
	unsigned have;

	ask_lba(&a, 0x112233445510);		/* neither a log nor a test of the vendor's */
	ask_features(&a, features);
	ask_count(&a, is_queued_code(command) ? (uint16_t)(a.slot << 3) : 0x0101);
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	have = (c.t.features ? F : 0) | (c.t.count ? C : 0) | (c.t.lba ? L : 0) | (c.device == DEVICE_LBA ? D : 0);
	if (!features)
		have |= left & F;
	ck_assert_msg(have == left, "%02x, features %02x: %x", command, features, have);
	/* 28 and 48 bits are told apart by the LBA, or by COUNT */
	ck_assert(!c.t.lba || c.t.lba == (c.t.lba >> 28 ? 0x112233445510 : 0x445510));
}

START_TEST(of_every_command_just_what_means_something_is_left)
{
	unsigned all = 0;

	for (unsigned i = 0; i < ENTRIES(left_of); i++)
		for (unsigned j = 0; j < left_of[i].count; j++, all++)
			expect_left(left_of[i].codes[j], left_of[i].codes[j] == 0x06 ? 1 : 0x71, left_of[i].left);
	for (unsigned i = 0; i < ENTRIES(left_of_features); i++)
		expect_left((uint8_t)(left_of_features[i].code >> 8), left_of_features[i].code & 0xff,
			    left_of_features[i].left);
	/* and PACKET, INITIALIZE DEVICE PARAMETERS, and the six by features: that is all of them */
	for (unsigned command = 0; command < 256; command++) {
		struct disk_transfer d = { .command = (uint8_t)command, .features = 1 };

		if (command != 0xa0 && command != 0x91 && command != 0xb0 && knows_features((uint8_t)command, 0x77))
			all -= ata_hook(&d) != ATA_FAILS;
	}
	ck_assert_uint_eq(all, 0);
}
END_TEST

static const uint8_t codes_28[] = {
	0x00, 0x20, 0x21, 0x30, 0x31, 0x38, 0x40, 0x41, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x70, 0xc0, 0xc4, 0xc5, 0xc6,
	0xc8, 0xc9, 0xca, 0xcb, 0xcd, 0xd1, 0xe1, 0xe2, 0xe3, 0xef,
};

START_TEST(a_register_has_16_bits_in_a_48_bit_command_alone)
{
	for (unsigned i = 0; i < ENTRIES(left_of); i++)
		for (unsigned j = 0; j < left_of[i].count && left_of[i].left & (F | C); j++) {
			uint8_t code = left_of[i].codes[j];
			struct asked a = ask(code);
			bool wide = memchr(codes_28, code, sizeof(codes_28)) == NULL;
			struct command c;

			ask_features(&a, code == 0x06 ? 1 : 0x2271);
			ask_count(&a, is_queued_code(code) ? (uint16_t)(0x8000 | a.slot << 3) : 0x3301);
			ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
			ck_assert_msg((c.t.features > 0xff || c.t.count > 0xff) == wide, "%02x", code);
		}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci_command_rows");
	TCase *tc = unit_case(s, "rows of ATA commands");

	tcase_add_test(tc, every_command_that_may_pass_has_a_row_and_every_other_none);
	tcase_add_test(tc, data_moves_as_the_standard_says);
	tcase_add_loop_test(tc, what_is_no_sectors_comes_in_pages_of_512_bytes, 0, ENTRIES(pages));
	tcase_add_test(tc, meanings_are_of_these_commands_alone);
	tcase_add_loop_test(tc, registers_that_mean_nothing_are_zero_for_judge_and_drive, 0, ENTRIES(registers));
	tcase_add_test(tc, of_every_command_just_what_means_something_is_left);
	tcase_add_test(tc, a_register_has_16_bits_in_a_48_bit_command_alone);
	return s;
}
