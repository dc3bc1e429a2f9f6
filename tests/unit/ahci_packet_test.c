/*
 * ahci_packet_test.c - ATAPI commands: what of the medium they name, and which way their data goes
 */
#include "tests/unit/ahci_command_lab.h"
#include "tests/unit/unit.h"

#define ENTRIES(a) (sizeof(a) / sizeof(*(a)))
#define CDB(...) ask_packet((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* ---- the tables of policy/ and of the model ---- */

START_TEST(every_opcode_that_may_pass_has_a_row_and_every_other_none)
{
	for (unsigned opcode = 0; opcode < 256; opcode++)
		for (unsigned action = 0; action < 32; action++) {
			struct disk_transfer d = { .command = 0xa0, .cdb_len = 16, .cdb = { (uint8_t)opcode } };
			/* MSF from 00:02:00 to 00:02:01, for the one that has it */
			struct asked a = CDB((uint8_t)opcode, 0, 0, 0, 2, 0, 0, 2, 1);
			enum ahci_counter said;
			struct command c;

			if (opcode == 0x2f || opcode == 0xaf)
				action = 31;
			else
				d.cdb[1] = a.table.acmd[1] = (uint8_t)action;
			said = decode(&a, &c);
			if (said != (ata_hook(&d) == ATA_FAILS ? AHCI_NO_ROW : COMMAND_RIGHT) ||
			    c.hook != ata_hook(&d) || c.protocol != PROTOCOL_PACKET || c.t.cdb[0] != opcode)
				ck_abort_msg("%02x/%02x: %d, hook %d", opcode, action, said, c.hook);
		}
}
END_TEST

/* SPC-4, SBC-3, MMC-6: which way; what is not here, and passes, moves nothing. */
static const uint8_t in[] = {
	0x03, 0x08, 0x12, 0x1a, 0x1c, 0x23, 0x25, 0x28, 0x3c, 0x42, 0x43, 0x46, 0x4a, 0x4d, 0x51, 0x52, 0x5a, 0x5c,
	0x88, 0x9e, 0xa0, 0xa2, 0xa4, 0xa8, 0xac, 0xad, 0xb9, 0xbd, 0xbe,
};
static const uint8_t out[] = {
	0x04, 0x0a, 0x15, 0x1d, 0x2a, 0x2e, 0x3b, 0x48, 0x4c, 0x54, 0x55, 0x5d, 0x8a, 0xa3, 0xaa, 0xae, 0xb5, 0xb6,
	0xbf,
};

static bool among(const uint8_t *codes, size_t n, unsigned code)
{
	return memchr(codes, (int)code, n) != NULL;
}

START_TEST(data_goes_the_way_of_its_opcode)
{
	for (unsigned opcode = 0; opcode < 256; opcode++) {
		bool is_in = among(in, sizeof(in), opcode), is_out = among(out, sizeof(out), opcode);
		struct asked a = CDB((uint8_t)opcode, 0x10, 0, 0, 2, 0, 1, 2, 1, 1, 0, 0, 0, 1);
		enum meaning expected = MEANING_NONE;
		struct table t;
		struct command c;
		uint16_t flags;

		if (opcode == 0xb9)
			a.table.acmd[6] = 0;
		if (opcode == 0x2f || opcode == 0xaf)
			a.table.acmd[1] = 0;
		if (decode(&a, &c) != COMMAND_RIGHT)
			continue;
		ck_assert_msg(c.out == is_out, "%02x", opcode);
		ck_assert_msg((c.bytes != 0) == (is_in || is_out), "%02x", opcode);
		command_encode(&c, &t, &flags);
		ck_assert_uint_eq(flags, 5 | HEADER_A | (is_out ? HEADER_W : 0));
		if (c.hook == HV_HOOK_DISK_READ || c.hook == HV_HOOK_DISK_WRITE)
			expected = MEANING_SECTORS;
		if (opcode == 0x03)
			expected = MEANING_SENSE;
		if (opcode == 0x25 || opcode == 0x9e)
			expected = MEANING_CAPACITY;
		ck_assert_msg(c.meaning == expected, "%02x", opcode);
		ck_assert_msg(expected == MEANING_SECTORS || c.bytes == 0 || c.bytes == PACKET_BYTES_ANY, "%02x",
			      opcode);
		ck_assert(!c.needs_size);
	}
}
END_TEST

/* ---- sectors ---- */

static const struct { uint8_t cdb[16]; uint64_t lba, sectors; } reads[] = {
	{ { 0x08, 0xff, 0x22, 0x33, 0x44 }, 0x1f2233, 0x44 },
	{ { 0x0a, 0x00, 0x22, 0x33, 0x00 }, 0x2233, 256 },
	{ { 0x28, 0xff, 0x11, 0x22, 0x33, 0x44, 0x99, 0x55, 0x66 }, 0x11223344, 0x5566 },
	{ { 0x2a, 0x00, 0x11, 0x22, 0x33, 0x44, 0x99, 0x00, 0x00 }, 0x11223344, 0 },
	{ { 0x2e, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x02 }, 1, 2 },
	{ { 0xa8, 0x00, 0x11, 0x22, 0x33, 0x44, 0x00, 0x66, 0x77, 0x88 }, 0x11223344, 0x667788 },
	{ { 0xaa, 0x00, 0x00, 0x00, 0x00, 0x44, 0x50, 0x66, 0x77, 0x88 }, 0x44, 0x50667788 },
	{ { 0xae, 0x00, 0x00, 0x00, 0x00, 0x44, 0x00, 0x00, 0x00, 0x01 }, 0x44, 1 },
	{ { 0x88, 0x00, 0x00, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x01, 0x02, 0x03, 0x04 }, 0x112233445566,
	  0x01020304 },
	{ { 0x8a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x66, 0x00, 0x00, 0x00, 0x04 }, 0x66, 4 },
};

START_TEST(sectors_are_where_the_command_has_them)
{
	struct asked a = ask_packet(reads[_i].cdb, 16);
	struct command c;

	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.first_lba, reads[_i].lba);
	ck_assert_uint_eq(c.t.sectors, reads[_i].sectors);
	ck_assert_uint_eq(c.t.sector_size, 2048);
	ck_assert_uint_eq(c.bytes, 2048 * reads[_i].sectors);
	a.drive.sector_size = 512;
	a.drive.total_sectors = 99;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.sector_size, 512);
	ck_assert_uint_eq(c.bytes, 512 * reads[_i].sectors);
	ck_assert_uint_eq(c.t.total_sectors, 99);
	a.drive.sector_size = 0;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.sector_size, 2048);
	a.drive = (struct drive){ .sector_size = 512 };		/* a size of an ATA drive */
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.sector_size, 2048);
}
END_TEST

/* The last byte of the number of sectors is one less than what still fits. */
static const struct { uint8_t cdb[16]; uint8_t last; } limits[] = {
	{ { 0x08, 0x1f, 0xff, 0xf0, 0x10 }, 4 },
	{ { 0x28, 0, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0x10 }, 8 },
	{ { 0xa8, 0, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 0x10 }, 9 },
	{ { 0xbe, 0, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0x10, 0x10 }, 8 },
	{ { 0x88, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 0x10 }, 13 },
};

START_TEST(lba_and_count_never_wrap)
{
	struct asked a = ask_packet(limits[_i].cdb, 16);
	struct command c;

	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	a.table.acmd[limits[_i].last]++;
	ck_assert_int_eq(decode(&a, &c), AHCI_RANGE);
}
END_TEST

START_TEST(an_lba_of_more_than_48_bits_is_refused)
{
	struct asked a = CDB(0x88, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);
	struct command c;

	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	a = CDB(0x88, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	ck_assert_int_eq(decode(&a, &c), AHCI_RANGE);
	a = CDB(0x8a, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
	ck_assert_int_eq(decode(&a, &c), AHCI_RANGE);
}
END_TEST

START_TEST(read_cd_has_up_to_2744_bytes_a_sector)
{
	struct asked a = CDB(0xbe, 0, 0, 0x11, 0x22, 0x33, 0, 0x01, 0x02, 0x10, 0);
	struct command c;

	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.first_lba, 0x112233);
	ck_assert_uint_eq(c.t.sectors, 0x102);
	ck_assert_uint_eq(c.t.sector_size, 2048);
	ck_assert_uint_eq(c.bytes, 0x102 * 2744);
	a.table.acmd[9] = 0xf0;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.sector_size, 2048);
	a.table.acmd[9] = 0xf8;
	a.drive.sector_size = 512;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.sector_size, 2352);
	a.table.acmd[9] = 0xfe;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.sector_size, 2352);
}
END_TEST

static const struct { uint8_t from[3], to[3]; bool right; uint64_t lba, sectors; } msf[] = {
	{ { 0, 2, 0 }, { 0, 2, 1 }, true, 0, 1 },
	{ { 0, 2, 0 }, { 0, 2, 0 }, true, 0, 0 },
	{ { 79, 59, 74 }, { 80, 0, 0 }, true, 359849, 1 },
	{ { 10, 3, 4 }, { 11, 3, 4 }, true, 45079, 4500 },
	{ { 0, 1, 74 }, { 0, 2, 0 }, false, 0, 0 },		/* before LBA 0 */
	{ { 0, 2, 1 }, { 0, 2, 0 }, false, 0, 0 },
	{ { 0xff, 0xff, 0xff }, { 0xff, 0xff, 0xff }, false, 0, 0 },	/* where you are */
	{ { 0xff, 0, 0 }, { 0xff, 0, 1 }, false, 0, 0 },
	{ { 0, 2, 0 }, { 0xff, 0xff, 0xff }, false, 0, 0 },
};

START_TEST(msf_addresses_are_lbas)
{
	struct asked a = CDB(0xb9, 0, 0, msf[_i].from[0], msf[_i].from[1], msf[_i].from[2], msf[_i].to[0],
			     msf[_i].to[1], msf[_i].to[2], 0xf8);
	struct command c;

	ck_assert_int_eq(decode(&a, &c), msf[_i].right ? COMMAND_RIGHT : AHCI_RANGE);
	if (!msf[_i].right)
		return;
	ck_assert_uint_eq(c.t.first_lba, msf[_i].lba);
	ck_assert_uint_eq(c.t.sectors, msf[_i].sectors);
	ck_assert_uint_eq(c.t.sector_size, 2352);
	ck_assert_uint_eq(c.bytes, msf[_i].sectors * 2744);
}
END_TEST

/* ---- the rest of PACKET ---- */

START_TEST(a_verify_that_brings_data_is_refused)
{
	static const uint8_t verify[] = { 0x2f, 0xaf };

	for (unsigned i = 0; i < 2; i++)
		for (unsigned byte = 0; byte < 256; byte++) {
			struct asked a = CDB(verify[i], (uint8_t)byte, 0, 0, 0, 1, 0, 0, 1);
			struct command c;

			ck_assert_int_eq(decode(&a, &c), byte & 6 ? AHCI_NO_ROW : COMMAND_RIGHT);
		}
}
END_TEST

START_TEST(bytes_behind_the_command_are_not_part_of_it)
{
	static const struct { uint8_t opcode, len; } lengths[] = {
		{ 0x00, 6 }, { 0x1e, 6 }, { 0x23, 10 }, { 0x3c, 10 }, { 0x43, 10 }, { 0x5c, 10 }, { 0x88, 16 },
		{ 0x9e, 16 }, { 0xa0, 12 }, { 0xbf, 12 },
		{ 0x7f, 16 }, { 0x02, 16 }, { 0xc0, 16 },	/* refused: the log shows all */
	};

	for (unsigned i = 0; i < ENTRIES(lengths); i++) {
		struct asked a = CDB(lengths[i].opcode, 0x10);
		struct table t;
		struct command c;
		uint16_t flags;

		memset(a.table.acmd + 4, 0xee, 12);
		decode(&a, &c);
		ck_assert_uint_eq(c.t.cdb_len, lengths[i].len);
		command_encode(&c, &t, &flags);
		for (unsigned b = 0; b < 16; b++)
			ck_assert_uint_eq(t.acmd[b], b < lengths[i].len ? a.table.acmd[b] : 0);
	}
}
END_TEST

START_TEST(dma_direction_and_byte_count_limit_are_kept)
{
	struct asked a = CDB(0x28, 0, 0, 0, 0, 1, 0, 0, 1);
	struct command c;

	ask_features(&a, 0xffff);
	ask_count(&a, 0xffff);
	ask_lba(&a, 0x665544332211);
	a.table.cfis[7] = 0xff;
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.features, 5);
	ck_assert_uint_eq(c.t.count, 0);
	ck_assert_uint_eq(c.t.lba, 0x332200);
	ck_assert_uint_eq(c.device, 0);
	a.table.acmd[0] = 0x2a;		/* DMADIR: to the host, which is not so */
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.features, 1);
	ask_features(&a, 0);
	ck_assert_int_eq(decode(&a, &c), COMMAND_RIGHT);
	ck_assert_uint_eq(c.t.features, 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci_packet");
	TCase *tc = unit_case(s, "ATAPI commands");

	tcase_add_test(tc, every_opcode_that_may_pass_has_a_row_and_every_other_none);
	tcase_add_test(tc, data_goes_the_way_of_its_opcode);
	tcase_add_loop_test(tc, sectors_are_where_the_command_has_them, 0, ENTRIES(reads));
	tcase_add_loop_test(tc, lba_and_count_never_wrap, 0, ENTRIES(limits));
	tcase_add_test(tc, an_lba_of_more_than_48_bits_is_refused);
	tcase_add_test(tc, read_cd_has_up_to_2744_bytes_a_sector);
	tcase_add_loop_test(tc, msf_addresses_are_lbas, 0, ENTRIES(msf));
	tcase_add_test(tc, a_verify_that_brings_data_is_refused);
	tcase_add_test(tc, bytes_behind_the_command_are_not_part_of_it);
	tcase_add_test(tc, dma_direction_and_byte_count_limit_are_kept);
	return s;
}
