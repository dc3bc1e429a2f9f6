/*
 * ahci_identify_test.c - what a drive says of itself: learnt from, edited, and said by the model
 */
#include "devmodel/ahci/identify.h"
#include "tests/unit/exact.h"
#include "tests/unit/unit.h"

#include <string.h>

#define ENTRIES(a) (sizeof(a) / sizeof(*(a)))

static uint8_t page[512];

static void set_word(unsigned n, uint16_t value)
{
	page[2 * n] = (uint8_t)value;
	page[2 * n + 1] = (uint8_t)(value >> 8);
}

static void set_words(unsigned n, unsigned count, uint64_t value)
{
	for (unsigned i = 0; i < count; i++)
		set_word(n + i, (uint16_t)(value >> 16 * i));
}

static uint16_t get_word(const uint8_t *data, unsigned n)
{
	return (uint16_t)(data[2 * n] | data[2 * n + 1] << 8);
}

static uint8_t sum(const uint8_t *data)
{
	uint8_t s = 0;

	for (unsigned i = 0; i < 512; i++)
		s = (uint8_t)(s + data[i]);
	return s;
}

static void seal(void)
{
	page[510] = 0xa5;
	page[511] = 0;
	page[511] = (uint8_t)-sum(page);
}

/* An ATA disk of 2^28 - 1 sectors as far as 28 bits go, of 2^33 in 48. */
static void disk(void)
{
	memset(page, 0, sizeof(page));
	set_word(0, 0x0040);
	set_word(49, 0x0f00);
	set_words(60, 2, 0x0fffffff);
	set_word(83, 0x7400);
	set_words(100, 4, 1ull << 33);
	set_word(106, 0x6003);		/* 512e */
}

static struct drive learnt;

static bool learn(void)
{
	learnt = (struct drive){ 0 };
	return identify_learn(page, &learnt);
}

static void expect(uint32_t size, uint64_t sectors)
{
	ck_assert(learn());
	ck_assert(learnt.identified && !learnt.atapi);
	ck_assert_uint_eq(learnt.sector_size, size);
	ck_assert_uint_eq(learnt.total_sectors, sectors);
}

static void expect_nothing(void)
{
	const struct drive before = { .sector_size = 7, .total_sectors = 8, .atapi = true };

	learnt = before;
	ck_assert(!identify_learn(page, &learnt));
	ck_assert(!learnt.identified && learnt.atapi && learnt.sector_size == 7 && learnt.total_sectors == 8);
}

/* ---- learn ---- */

START_TEST(a_48_bit_disk_of_512_byte_sectors)
{
	disk();
	expect(512, 1ull << 33);
	set_word(106, 0);		/* not valid: 512 */
	expect(512, 1ull << 33);
	set_word(0, 0x848a);		/* CompactFlash */
	expect(512, 1ull << 33);
}
END_TEST

START_TEST(a_28_bit_disk_has_its_sectors_elsewhere)
{
	disk();
	set_word(83, 0x4000);
	expect(512, 0x0fffffff);
	set_word(83, 0x0400);		/* not valid */
	expect(512, 0x0fffffff);
	set_word(83, 0xc400);
	expect(512, 0x0fffffff);
	set_words(60, 2, 0);
	expect(512, 0);
}
END_TEST

START_TEST(the_extended_number_of_sectors_counts_where_it_is_said_to)
{
	disk();
	set_words(230, 4, 1ull << 34);
	expect(512, 1ull << 33);
	set_word(69, 0x0008);
	expect(512, 1ull << 34);
	set_words(230, 4, 1ull << 48);
	expect(512, 1ull << 48);
	set_words(230, 4, (1ull << 48) + 1);
	expect_nothing();
	set_words(230, 4, ~0ull);
	expect_nothing();
}
END_TEST

START_TEST(sectors_are_as_long_as_words_117_and_118_say)
{
	disk();
	set_word(106, 0x5000);
	set_words(117, 2, 2048);
	expect(4096, 1ull << 33);
	set_words(117, 2, 260);
	expect(520, 1ull << 33);
	set_words(117, 2, 256);
	expect(512, 1ull << 33);
	set_words(117, 2, 255);
	expect_nothing();
	set_words(117, 2, 2049);
	expect_nothing();
	set_words(117, 2, 0);
	expect_nothing();
	set_words(117, 2, 0x80000100);	/* twice that is 512 in 32 bits */
	expect_nothing();
	set_word(106, 0x9000);		/* not valid */
	expect(512, 1ull << 33);
	set_word(106, 0xd000);
	expect(512, 1ull << 33);
}
END_TEST

START_TEST(a_wrong_checksum_teaches_nothing)
{
	disk();
	seal();
	expect(512, 1ull << 33);
	page[511]++;
	expect_nothing();
	page[510] = 0;			/* no checksum */
	expect(512, 1ull << 33);
}
END_TEST

START_TEST(what_is_no_lba_disk_teaches_nothing)
{
	disk();
	set_word(49, 0x0d00);
	expect_nothing();
	disk();
	set_word(0, 0x85c0);		/* ATAPI */
	expect_nothing();
	memset(page, 0, sizeof(page));
	expect_nothing();
	memset(page, 0xff, sizeof(page));
	expect_nothing();
}
END_TEST

/* ---- READ CAPACITY ---- */

static bool learn_capacity(uint8_t cdb_len, uint32_t len)
{
	struct command c = { .t.cdb_len = cdb_len };
	uint8_t *data = exact_alloc(len);
	bool right;

	if (len)
		memcpy(data, page, len);
	learnt = (struct drive){ .atapi = true, .sector_size = 2048, .total_sectors = 3 };
	right = capacity_learn(&c, data, len, &learnt);
	exact_free(data);
	if (!right)
		ck_assert(learnt.sector_size == 2048 && learnt.total_sectors == 3);
	return right;
}

static void big_endian(unsigned at, unsigned bytes, uint64_t value)
{
	for (unsigned i = 0; i < bytes; i++)
		page[at + i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

START_TEST(read_capacity_tells_the_sector_size_and_their_number)
{
	uint8_t cdb_len = _i ? 16 : 10;
	unsigned bytes = _i ? 8 : 4;

	memset(page, 0xee, sizeof(page));
	big_endian(0, bytes, 0x00012345);
	big_endian(bytes, 4, 4096);
	ck_assert(learn_capacity(cdb_len, bytes + 4));
	ck_assert_uint_eq(learnt.sector_size, 4096);
	ck_assert_uint_eq(learnt.total_sectors, 0x12346);
	ck_assert(learn_capacity(cdb_len, 32));
	for (uint32_t len = 0; len < bytes + 4; len++)
		ck_assert(!learn_capacity(cdb_len, len));
	big_endian(bytes, 4, 4097);
	ck_assert(!learn_capacity(cdb_len, 32));
	big_endian(bytes, 4, 511);
	ck_assert(!learn_capacity(cdb_len, 32));
	big_endian(bytes, 4, 512);
	ck_assert(learn_capacity(cdb_len, 32));
	ck_assert_uint_eq(learnt.sector_size, 512);
}
END_TEST

START_TEST(a_capacity_that_32_bits_cannot_say_is_not_known)
{
	big_endian(0, 4, 0xffffffff);
	big_endian(4, 4, 512);
	ck_assert(learn_capacity(10, 8));
	ck_assert_uint_eq(learnt.total_sectors, 0);
	big_endian(0, 4, 0xfffffffe);
	ck_assert(learn_capacity(10, 8));
	ck_assert_uint_eq(learnt.total_sectors, 0xffffffff);
	big_endian(0, 8, 0xffffffff);
	big_endian(8, 4, 512);
	ck_assert(learn_capacity(16, 12));
	ck_assert_uint_eq(learnt.total_sectors, 1ull << 32);
	big_endian(0, 8, (1ull << 48) - 1);
	ck_assert(learn_capacity(16, 12));
	ck_assert_uint_eq(learnt.total_sectors, 1ull << 48);
	big_endian(0, 8, 1ull << 48);
	ck_assert(!learn_capacity(16, 12));
}
END_TEST

/* ---- edit ---- */

static const struct edit { uint8_t word, of; uint16_t clear; } edits[] = {
	{ 49, 2, 0xe000 }, { 69, 1, 0x0003 }, { 77, 1, 0x0070 }, { 78, 1, 0x0b80 }, { 78, 2, 0x0020 },
	{ 79, 1, 0x0b00 }, { 79, 2, 0x0020 }, { 82, 3, 0x0180 }, { 83, 1, 0x0002 }, { 84, 1, 0x0690 },
	{ 85, 3, 0x0180 }, { 86, 1, 0x0002 }, { 87, 1, 0x0690 },
};

/* Of a page of ones: word @n as it must be. */
static uint16_t edited(unsigned n, unsigned of)
{
	uint16_t left = 0xffff;

	for (unsigned i = 0; i < ENTRIES(edits); i++)
		if (edits[i].word == n && edits[i].of & of)
			left &= (uint16_t)~edits[i].clear;
	return left;
}

static void edit(uint8_t meaning, uint8_t command, uint64_t lba, uint8_t *data, uint32_t len)
{
	struct command c = { .meaning = meaning, .t = { .command = command, .lba = lba } };

	identify_edit(&c, data, len);
}

START_TEST(just_what_is_not_offered_is_cleared)
{
	static const uint8_t meanings[] = { MEANING_IDENTIFY, MEANING_IDENTIFY_PACKET };

	memset(page, 0xff, sizeof(page));
	edit(meanings[_i], 0xec, 0, page, 512);
	for (unsigned n = 0; n < 256; n++)
		ck_assert_msg(get_word(page, n) == edited(n, _i + 1u), "word %u: %04x", n, get_word(page, n));
}
END_TEST

START_TEST(a_right_checksum_is_right_again_and_a_wrong_one_stays_wrong)
{
	memset(page, 0xff, sizeof(page));
	seal();
	edit(MEANING_IDENTIFY, 0xec, 0, page, 512);
	ck_assert_uint_eq(sum(page), 0);
	memset(page, 0xff, sizeof(page));
	seal();
	page[511] = (uint8_t)(page[511] + 0x42);
	edit(MEANING_IDENTIFY, 0xec, 0, page, 512);
	ck_assert_uint_eq(sum(page), 0x42);
	ck_assert_uint_eq(page[510], 0xa5);
}
END_TEST

START_TEST(what_came_is_edited_however_little_it_is)
{
	for (uint32_t len = 0; len <= 512; len++) {
		uint8_t *data = exact_alloc(len);

		if (len)
			memset(data, 0xff, len);
		if (len == 512)
			data[510] = 0;
		edit(MEANING_IDENTIFY, 0xec, 0, data, len);
		for (unsigned n = 0; 2 * n + 1 < len && n < 255; n++)
			if (get_word(data, n) != edited(n, 1))
				ck_abort_msg("word %u of %u bytes: %04x", n, len, get_word(data, n));
		exact_free(data);
	}
}
END_TEST

static const struct { uint8_t page; uint16_t at; uint64_t clear; } log_edits[] = {
	{ 3, 8, 0x0001800000000400 }, { 3, 104, 3 }, { 3, 152, 7 }, { 3, 168, 3 },
	{ 8, 8, 0x2f038000 }, { 8, 16, 0x3400 },
};

static uint8_t edited_byte(unsigned which, unsigned at)
{
	uint8_t left = 0xff;

	if (which == 1)
		left = (uint8_t)(edited(at / 2, 1) >> (at % 2 ? 8 : 0));
	for (unsigned i = 0; i < ENTRIES(log_edits); i++)
		if (log_edits[i].page == which && at >= log_edits[i].at && at < log_edits[i].at + 8u)
			left &= (uint8_t)~(log_edits[i].clear >> 8 * (at - log_edits[i].at));
	return left;
}

START_TEST(the_identify_device_data_log_is_edited_page_by_page)
{
	static const struct { uint8_t command; uint32_t page, pages; } asked[] = {
		{ 0x2f, 0, 10 }, { 0x47, 0, 10 }, { 0xb0, 0, 10 }, { 0x2f, 3, 1 }, { 0x47, 8, 2 }, { 0x2f, 1, 1 },
		{ 0x2f, 0x103, 1 }, { 0x2f, 0x301, 3 }, { 0x2f, 0xffff, 3 },
	};
	uint32_t first = asked[_i].page, len = asked[_i].pages * 512;
	uint8_t *data = exact_alloc(len);

	memset(data, 0xff, len);
	edit(MEANING_LOG, asked[_i].command, 0x30 | (first & 0xff) << 8 | (uint64_t)(first >> 8) << 32, data, len);
	for (uint32_t i = 0; i < len; i++)
		if (data[i] != edited_byte(first + i / 512, i % 512))
			ck_abort_msg("page %u, byte %u", first + i / 512, i % 512);
	exact_free(data);
}
END_TEST

START_TEST(a_page_of_smart_read_log_is_no_page_number)
{
	uint8_t data[1024];

	memset(data, 0xff, sizeof(data));
	edit(MEANING_LOG, 0xb0, 0xc20330, data, sizeof(data));
	for (unsigned i = 0; i < sizeof(data); i++)
		ck_assert_uint_eq(data[i], edited_byte(i / 512, i % 512));
}
END_TEST

START_TEST(a_log_that_comes_short_is_edited_as_far_as_it_came)
{
	for (uint32_t len = 0; len < 520; len++) {
		uint8_t *data = exact_alloc(len);

		if (len)
			memset(data, 0xff, len);
		edit(MEANING_LOG, 0x2f, 0x0830, data, len);
		for (uint32_t i = 0; i < len; i++)
			if (data[i] != edited_byte(8 + i / 512, i % 512))
				ck_abort_msg("byte %u of %u: %02x", i, len, data[i]);
		exact_free(data);
	}
}
END_TEST

static bool hidden(unsigned log)
{
	static const uint8_t logs[] = { 0x0f, 0x12, 0x13, 0x14, 0x15, 0x18, 0x21, 0x22 };

	return memchr(logs, (int)log, sizeof(logs)) != NULL;
}

START_TEST(the_directory_names_no_log_that_is_not_offered)
{
	for (uint32_t len = 0; len <= 1024; len += len < 80 ? 1 : 472) {
		uint8_t *data = exact_alloc(len);

		if (len)
			memset(data, 0xff, len);
		edit(MEANING_LOG, _i ? 0xb0 : 0x2f, _i ? 0xc24f00 : 0, data, len);
		for (uint32_t i = 0; i < len; i++)
			if (data[i] != (i < 512 && hidden(i / 2) ? 0 : 0xff))
				ck_abort_msg("byte %u of %u: %02x", i, len, data[i]);
		exact_free(data);
	}
	memset(page, 0xff, sizeof(page));
	edit(MEANING_LOG, 0x2f, 0x0100, page, 512);		/* not its first page */
	ck_assert_uint_eq(page[0x12 * 2], 0xff);
}
END_TEST

START_TEST(a_log_that_is_not_offered_is_empty_and_others_are_as_they_are)
{
	for (unsigned log = 1; log < 256; log++) {
		uint8_t data[600];

		if (log == 0x30)
			continue;
		memset(data, 0xff, sizeof(data));
		edit(MEANING_LOG, 0x47, log | 0x0100, data, sizeof(data));
		for (unsigned i = 0; i < sizeof(data); i++)
			if (data[i] != (hidden(log) ? 0 : 0xff))
				ck_abort_msg("log %02x, byte %u: %02x", log, i, data[i]);
	}
}
END_TEST

START_TEST(other_data_is_not_edited)
{
	static const uint8_t meanings[] = { MEANING_NONE, MEANING_SECTORS, MEANING_RANGES, MEANING_SENSE,
					    MEANING_CAPACITY };

	for (unsigned i = 0; i < sizeof(meanings); i++) {
		memset(page, 0xff, sizeof(page));
		edit(meanings[i], 0x2f, 0x12, page, 512);
		for (unsigned b = 0; b < 512; b++)
			ck_assert_uint_eq(page[b], 0xff);
	}
}
END_TEST

/* ---- what the model says itself ---- */

START_TEST(the_ncq_error_log_names_tag_command_and_error)
{
	static const uint8_t bytes[] = { 0x1f, 0, 0x51, 0x04, 0x66, 0x55, 0x44, 0xc0, 0x33, 0x22, 0x11, 0, 0xf8, 0x80 };
	struct command c = { .device = 0xc0, .t = { .lba = 0x112233445566, .count = 0x80f8 } };
	uint8_t log[512];

	memset(log, 0xee, sizeof(log));
	ncq_error_log(31, 0x51, 0x04, &c, log);
	ck_assert_mem_eq(log, bytes, sizeof(bytes));
	for (unsigned i = sizeof(bytes); i < 511; i++)
		ck_assert_uint_eq(log[i], 0);
	ck_assert_uint_eq(sum(log), 0);
	ncq_error_log(0xff, 0, 0, &c, log);	/* NQ stays 0 */
	ck_assert_uint_eq(log[0], 0x1f);
}
END_TEST

START_TEST(sense_data_is_of_the_current_command)
{
	static const uint8_t expected[18] = { 0x70, 0, 0x07, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x27, 0x02 };
	uint8_t sense[18];

	memset(sense, 0xee, sizeof(sense));
	sense_data(0xf7, 0x27, 0x02, sense);
	ck_assert_uint_eq(sense[2], 0x07);
	sense_data(0x07, 0x27, 0x02, sense);
	ck_assert_mem_eq(sense, expected, sizeof(sense));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("ahci_identify");
	TCase *tc = unit_case(s, "what a drive says of itself");

	tcase_add_test(tc, a_48_bit_disk_of_512_byte_sectors);
	tcase_add_test(tc, a_28_bit_disk_has_its_sectors_elsewhere);
	tcase_add_test(tc, the_extended_number_of_sectors_counts_where_it_is_said_to);
	tcase_add_test(tc, sectors_are_as_long_as_words_117_and_118_say);
	tcase_add_test(tc, a_wrong_checksum_teaches_nothing);
	tcase_add_test(tc, what_is_no_lba_disk_teaches_nothing);
	tcase_add_loop_test(tc, read_capacity_tells_the_sector_size_and_their_number, 0, 2);
	tcase_add_test(tc, a_capacity_that_32_bits_cannot_say_is_not_known);
	tcase_add_loop_test(tc, just_what_is_not_offered_is_cleared, 0, 2);
	tcase_add_test(tc, a_right_checksum_is_right_again_and_a_wrong_one_stays_wrong);
	tcase_add_test(tc, what_came_is_edited_however_little_it_is);
	tcase_add_loop_test(tc, the_identify_device_data_log_is_edited_page_by_page, 0, 9);
	tcase_add_test(tc, a_page_of_smart_read_log_is_no_page_number);
	tcase_add_test(tc, a_log_that_comes_short_is_edited_as_far_as_it_came);
	tcase_add_loop_test(tc, the_directory_names_no_log_that_is_not_offered, 0, 2);
	tcase_add_test(tc, a_log_that_is_not_offered_is_empty_and_others_are_as_they_are);
	tcase_add_test(tc, other_data_is_not_edited);
	tcase_add_test(tc, the_ncq_error_log_names_tag_command_and_error);
	tcase_add_test(tc, sense_data_is_of_the_current_command);
	return s;
}
