/*
 * ata_test.c - which hook judges a command, and which are guarded
 */
#include <string.h>

#include "policy/ata.h"
#include "tests/unit/unit.h"

static int hook(uint8_t command, uint16_t features, uint64_t lba)
{
	struct disk_transfer d = { .command = command, .features = features, .lba = lba };

	return ata_hook(&d);
}

static bool guarded(uint8_t command, uint16_t features, uint64_t lba)
{
	struct disk_transfer d = { .command = command, .features = features, .lba = lba };

	return ata_decode(&d).guarded;
}

static int packet(uint8_t opcode, uint8_t second)
{
	struct disk_transfer d = { .command = 0xa0, .cdb_len = 12, .cdb = { opcode, second } };

	return ata_hook(&d);
}

START_TEST(reads_and_writes_go_to_their_hooks)
{
	static const uint8_t reads[] = { 0x20, 0x24, 0x25, 0x29, 0x2a, 0x2b, 0x60, 0xc4, 0xc8 };
	static const uint8_t writes[] = { 0x30, 0x34, 0x35, 0x38, 0x39, 0x3a, 0x3b, 0x3d, 0x61,
					  0xc5, 0xca, 0xcd, 0xce };

	for (unsigned i = 0; i < sizeof(reads); i++)
		ck_assert_int_eq(hook(reads[i], 0, 0), HV_HOOK_DISK_READ);
	for (unsigned i = 0; i < sizeof(writes); i++)
		ck_assert_int_eq(hook(writes[i], 0, 0), HV_HOOK_DISK_WRITE);
}
END_TEST

START_TEST(what_an_operating_system_needs_is_not_judged)
{
	static const uint8_t model[] = { 0x00, 0x2f, 0x47, 0x90, 0xa1, 0xc6, 0xe0, 0xe1, 0xe5,
					 0xe7, 0xea, 0xec, 0xf8, 0x27 };

	for (unsigned i = 0; i < sizeof(model); i++)
		ck_assert_int_eq(hook(model[i], 0, 0), ATA_NOT_JUDGED);
	ck_assert_int_eq(hook(0xef, 0x03, 0), ATA_NOT_JUDGED);
	ck_assert_int_eq(hook(0xb0, 0xd0, 0), ATA_NOT_JUDGED);
	ck_assert_int_eq(hook(0xb0, 0xd5, 0xe0), ATA_NOT_JUDGED);
	ck_assert_int_eq(hook(0xb0, 0xda, 0), ATA_NOT_JUDGED);
	ck_assert_int_eq(hook(0x78, 0, 0), ATA_NOT_JUDGED);
}
END_TEST

START_TEST(guarded_commands_are_the_contracts)
{
	static const uint8_t always[] = {
		0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6,	/* security */
		0x92, 0x93,				/* firmware */
		0x37, 0xf9, 0xb1, 0x78,			/* HPA, DCO, AMA */
		0xb4,					/* SANITIZE */
		0x5b, 0x5c, 0x5d, 0x5e, 0x5f,		/* TRUSTED */
		0x45,					/* WRITE UNCORRECTABLE */
		0xb2,					/* SET SECTOR CONFIGURATION */
	};
	unsigned count = 0;

	for (unsigned i = 0; i < sizeof(always); i++) {
		ck_assert(guarded(always[i], 1, 0));
		ck_assert_int_eq(hook(always[i], 1, 0), HV_HOOK_DISK_CONTROL);
	}
	for (unsigned c = 0; c < 256; c++)
		count += guarded(c, 1, 0);
	ck_assert_uint_eq(count, sizeof(always));
}
END_TEST

START_TEST(sct_is_guarded_wherever_it_is_written)
{
	static const struct { uint8_t command; uint16_t features; } writes[] = {
		{ 0x3f, 0 }, { 0x57, 0 }, { 0xb0, 0xd6 },
	};

	for (unsigned i = 0; i < 3; i++) {
		uint8_t c = writes[i].command;
		uint16_t f = writes[i].features;

		ck_assert(!guarded(c, f, 0xc24fdf));
		ck_assert(guarded(c, f, 0xc24fe0));
		ck_assert(guarded(c, f, 0xc24fe1));
		ck_assert(!guarded(c, f, 0xc24fe2));
		ck_assert_int_eq(hook(c, f, 0xe0), HV_HOOK_DISK_CONTROL);
		ck_assert_int_eq(hook(c, f, 0x80), HV_HOOK_DISK_CONTROL);
		ck_assert_int_eq(hook(c, f, 0x9f), HV_HOOK_DISK_CONTROL);
		ck_assert_int_eq(hook(c, f, 0xa0), ATA_FAILS);
		ck_assert_int_eq(hook(c, f, 0xbf), ATA_FAILS);
		ck_assert_int_eq(hook(c, f, 0xc0), HV_HOOK_DISK_CONTROL);
	}
}
END_TEST

static const char *name(uint8_t command, uint16_t features)
{
	struct disk_transfer d = { .command = command, .features = features };

	return ata_decode(&d).name;
}

START_TEST(features_tell_smart_trim_and_set_features_apart)
{
	ck_assert_int_eq(hook(0x06, 1, 0), HV_HOOK_DISK_CONTROL);
	ck_assert_int_eq(hook(0x06, 0, 0), ATA_FAILS);
	ck_assert_int_eq(hook(0x06, 3, 0), ATA_FAILS);
	ck_assert_int_eq(hook(0xb0, 0xd4, 0x3f), HV_HOOK_DISK_CONTROL);
	ck_assert_int_eq(hook(0xb0, 0xd4, 0x40), ATA_FAILS);
	ck_assert_int_eq(hook(0xb0, 0xd4, 0x7e), ATA_FAILS);
	ck_assert_int_eq(hook(0xb0, 0xd4, 0x7f), HV_HOOK_DISK_CONTROL);
	ck_assert_int_eq(hook(0xb0, 0xd4, 0x8f), HV_HOOK_DISK_CONTROL);
	ck_assert_int_eq(hook(0xb0, 0xd4, 0x90), ATA_FAILS);
	ck_assert_int_eq(hook(0xb0, 0xd8, 0), HV_HOOK_DISK_CONTROL);
	ck_assert_int_eq(hook(0xb0, 0xd7, 0), ATA_FAILS);
	ck_assert_int_eq(hook(0xb0, 0xdf, 0), ATA_FAILS);
	ck_assert_int_eq(hook(0xb0, 0xe0, 0), ATA_FAILS);
	ck_assert_str_eq(name(0xb0, 0xdf), "SMART reserved");
	ck_assert_str_eq(name(0xb0, 0xe0), "SMART vendor specific");
	ck_assert_int_eq(hook(0xef, 0x02, 0), HV_HOOK_DISK_CONTROL);
	ck_assert_int_eq(hook(0xef, 0x82, 0), HV_HOOK_DISK_CONTROL);
	ck_assert_int_eq(hook(0xef, 0xef, 0), HV_HOOK_DISK_CONTROL);
	ck_assert_int_eq(hook(0xef, 0xf0, 0), ATA_FAILS);
}
END_TEST

START_TEST(reserved_and_vendor_commands_fail)
{
	static const uint8_t bad[] = { 0x01, 0x7f, 0x80, 0x8f, 0x9a, 0xc1, 0xc3, 0xf0, 0xf7,
				       0xfa, 0xff, 0x63, 0x64, 0x65, 0x26, 0xcc };

	for (unsigned i = 0; i < sizeof(bad); i++)
		ck_assert_int_eq(hook(bad[i], 0, 0), ATA_FAILS);
	/* ACS-3 table B.1: the first and last of each run, and what lies beside them */
	for (unsigned c = 0; c < 256; c++)
		if ((c >= 0x80 && c <= 0x8f && c != 0x87) || c == 0x9a ||
		    (c >= 0xc1 && c <= 0xc3) || c == 0xf0 || c == 0xf7 || c >= 0xfa)
			ck_assert_str_eq(ata_command_name(c), "vendor specific");
		else
			ck_assert_str_ne(ata_command_name(c), "vendor specific");
	ck_assert_str_eq(ata_command_name(0xff), "vendor specific");
	ck_assert_str_eq(ata_command_name(0x01), "reserved");
	ck_assert_str_eq(ata_command_name(0xec), "IDENTIFY DEVICE");
}
END_TEST

START_TEST(every_command_has_a_name_and_none_is_left_as_packet)
{
	for (unsigned c = 0; c < 256; c++)
		for (unsigned f = 0; f < 256; f++) {
			struct disk_transfer d = { .command = c, .features = f, .cdb_len = 12,
						   .cdb = { f } };

			ck_assert_ptr_nonnull(ata_decode(&d).name);
			ck_assert_int_ne(ata_decode(&d).class, ATA_PACKET);
		}
}
END_TEST

START_TEST(the_opcode_tells_of_an_atapi_command)
{
	struct disk_transfer none = { .command = 0xa0, .cdb_len = 0, .cdb = { 0x28 } };

	ck_assert_int_eq(packet(0x28, 0), HV_HOOK_DISK_READ);
	ck_assert_int_eq(packet(0xbe, 0), HV_HOOK_DISK_READ);
	ck_assert_int_eq(packet(0x2a, 0), HV_HOOK_DISK_WRITE);
	ck_assert_int_eq(packet(0x12, 0), ATA_NOT_JUDGED);
	ck_assert_int_eq(packet(0x04, 0), HV_HOOK_DISK_CONTROL);
	ck_assert_int_eq(packet(0x85, 0), ATA_FAILS);
	ck_assert_int_eq(packet(0xc0, 0), ATA_FAILS);
	ck_assert_int_eq(packet(0x9e, 0x10), ATA_NOT_JUDGED);
	ck_assert_int_eq(packet(0x9e, 0x11), ATA_FAILS);
	ck_assert_int_eq(packet(0x02, 0), ATA_FAILS);
	ck_assert_int_eq(ata_hook(&none), ATA_FAILS);
	none = (struct disk_transfer){ .command = 0xa0, .cdb_len = 1, .cdb = { 0x9e, 0x10 } };
	ck_assert_int_eq(ata_hook(&none), ATA_FAILS);	/* the service action is not there */
	none.cdb_len = 2;
	ck_assert_int_eq(ata_hook(&none), ATA_NOT_JUDGED);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("ata");
	TCase *tc = unit_case(s, "ata");

	tcase_add_test(tc, reads_and_writes_go_to_their_hooks);
	tcase_add_test(tc, what_an_operating_system_needs_is_not_judged);
	tcase_add_test(tc, guarded_commands_are_the_contracts);
	tcase_add_test(tc, sct_is_guarded_wherever_it_is_written);
	tcase_add_test(tc, features_tell_smart_trim_and_set_features_apart);
	tcase_add_test(tc, reserved_and_vendor_commands_fail);
	tcase_add_test(tc, every_command_has_a_name_and_none_is_left_as_packet);
	tcase_add_test(tc, the_opcode_tells_of_an_atapi_command);
	return s;
}
