/*
 * reader_disk_test.c - disk traces, dm-log-writes logs and raw images
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/trace_build.h"

/* ---- disk traces ---- */

static struct disk_trace_header write_of(uint64_t id, uint32_t sectors)
{
	return (struct disk_trace_header) {
		.id = id, .total = sectors * 512ull, .hook = HV_HOOK_DISK_WRITE,
		.data = DISK_TRACE_SECTORS, .unit = 1, .port = 2, .command = 0x35, .cdb_len = 2,
		.ata_status = 0x50, .ata_error = 4, .features = 0x1234, .count = 0x5678,
		.sector_size = 512, .lba = 0x111213141516, .first_lba = 0x111213141516,
		.sectors = sectors, .total_sectors = 1ull << 47, .cdb = { 9, 8 },
	};
}

static void part(struct build *b, const struct disk_trace_header *h, uint32_t len, uint8_t fill)
{
	uint8_t *bytes = malloc(DISK_TRACE_HEADER + len);

	disk_trace_encode(h, bytes);
	memset(bytes + DISK_TRACE_HEADER, fill, len);
	build_record(b, 3, 4, bytes, DISK_TRACE_HEADER + len, DISK_TRACE_HEADER + len);
	free(bytes);
}

START_TEST(a_command_in_one_record_keeps_every_field)
{
	struct build b = { .big = _i };
	struct disk_trace_header h = write_of(5, 2);
	struct disk_transfer *d;
	struct outcome out;

	build_pcap(&b, 0xa1b23c4d, 262144, 147);
	part(&b, &h, 1024, 0x77);
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_msg(!out.last, "%s", out.fault.text);
	ck_assert_uint_eq(out.transfers, 1);
	d = &out.first.t.disk;
	ck_assert_int_eq(out.first.t.hook, HV_HOOK_DISK_WRITE);
	ck_assert_uint_eq(out.first.t.time_ns, 3000000004);
	ck_assert(out.first.judged);
	ck_assert_uint_eq(out.first_byte, 0x77);
	ck_assert_uint_eq(d->data_len, 1024);
	ck_assert_uint_eq(d->unit, 1);
	ck_assert_uint_eq(d->port, 2);
	ck_assert_uint_eq(d->command, 0x35);
	ck_assert_uint_eq(d->cdb_len, 2);
	ck_assert_uint_eq(d->cdb[1], 8);
	ck_assert_uint_eq(out.first.ata_status, 0x50);
	ck_assert_uint_eq(out.first.ata_error, 4);
	ck_assert_uint_eq(d->features, 0x1234);
	ck_assert_uint_eq(d->count, 0x5678);
	ck_assert_uint_eq(d->sector_size, 512);
	ck_assert_uint_eq(d->lba, 0x111213141516);
	ck_assert_uint_eq(d->first_lba, 0x111213141516);
	ck_assert_uint_eq(d->sectors, 2);
	ck_assert_uint_eq(d->total_sectors, 1ull << 47);
	build_free(&b);
}
END_TEST

START_TEST(parts_become_one_transfer)
{
	struct build b = { 0 };
	struct disk_trace_header h = write_of(1, 2048), second = write_of(2, 1);
	uint64_t at;
	struct outcome out;

	build_pcap(&b, 0xa1b2c3d4, 262144, 147);
	for (at = 0; at < h.total; at += 131072) {
		h.offset = at;
		part(&b, &h, 131072, (uint8_t)(at >> 17));
	}
	part(&b, &second, 512, 0);
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_msg(!out.last, "%s", out.fault.text);
	ck_assert_uint_eq(out.transfers, 2);
	ck_assert_uint_eq(out.first.t.disk.data_len, 1 << 20);
	build_free(&b);
}
END_TEST

START_TEST(every_cut_of_a_trace_is_a_fault)
{
	struct build b = { 0 };
	struct disk_trace_header h = write_of(1, 2);
	size_t first, second, third, len;

	build_pcap(&b, 0xa1b2c3d4, 262144, 147);
	part(&b, &h, 512, 1);
	first = b.len;
	h.offset = 512;
	part(&b, &h, 512, 2);
	second = b.len;
	h = write_of(2, 0);
	part(&b, &h, 0, 0);
	third = b.len;
	for (len = 24; len <= third; len++) {
		struct outcome out;

		read_all(&b, len, READER_PCAP, &out);
		ck_assert_int_eq(out.last, len == 24 || len == second || len == third ? 0 : -1);
		ck_assert_uint_eq(out.transfers, (len >= second) + (len == third));
		if (len == first)
			ck_assert_ptr_nonnull(strstr(out.fault.text, "512 of its 1024"));
	}
	build_free(&b);
}
END_TEST

START_TEST(ranges_of_a_trim_are_read)
{
	struct build b = { 0 };
	struct disk_trace_header h = write_of(1, 0);
	uint8_t bytes[DISK_TRACE_HEADER + 32] = { 0 };
	struct outcome out;

	h.hook = HV_HOOK_DISK_CONTROL;
	h.command = 0x06;
	h.features = 1;
	h.data = DISK_TRACE_RANGES;
	h.total = 32;
	disk_trace_encode(&h, bytes);
	bytes[DISK_TRACE_HEADER] = 9;
	bytes[DISK_TRACE_HEADER + 8] = 3;
	bytes[DISK_TRACE_HEADER + 16 + 5] = 0xff;
	build_pcap(&b, 0xa1b2c3d4, 262144, 147);
	build_record(&b, 0, 0, bytes, sizeof(bytes), sizeof(bytes));
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_msg(!out.last, "%s", out.fault.text);
	ck_assert_uint_eq(out.first.t.disk.range_count, 2);
	ck_assert_ptr_null(out.first.t.disk.data);
	b.bytes[b.len - 2] = 1;			/* 2^48 sectors of the second range */
	check_fault(&b, "range 1 lies behind", 0);
	build_free(&b);
}
END_TEST

/* The command decides, not what the record says of it. */
START_TEST(commands_without_sectors_go_by_the_table)
{
	static const struct {
		uint8_t hook, command;
		bool judged, fails;
	} cases[] = {
		{ DISK_TRACE_NOT_JUDGED, 0xec, false, false },		/* IDENTIFY DEVICE */
		{ HV_HOOK_DISK_CONTROL, 0xec, false, false },
		{ DISK_TRACE_NOT_JUDGED, 0x92, true, false },		/* DOWNLOAD MICROCODE */
		{ HV_HOOK_DISK_CONTROL, 0x92, true, false },
		{ DISK_TRACE_NOT_JUDGED, 0xff, true, true },		/* vendor specific */
	};
	struct build b = { 0 };
	struct disk_trace_header h = write_of(1, 0);
	struct outcome out;

	h.hook = cases[_i].hook;
	h.command = cases[_i].command;
	h.data = DISK_TRACE_NO_DATA;
	build_pcap(&b, 0xa1b2c3d4, 262144, 147);
	part(&b, &h, 0, 0);
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_msg(!out.last, "%s", out.fault.text);
	ck_assert_int_eq(out.first.judged, cases[_i].judged);
	ck_assert_int_eq(out.first.fails, cases[_i].fails);
	if (cases[_i].judged)
		ck_assert_int_eq(out.first.t.hook, HV_HOOK_DISK_CONTROL);
	build_free(&b);
}
END_TEST

START_TEST(data_that_was_not_recorded_is_absent)
{
	struct build b = { 0 };
	struct disk_trace_header h = write_of(1, 8);
	struct outcome out;

	h.data = DISK_TRACE_NO_DATA;
	h.total = 0;
	build_pcap(&b, 0xa1b2c3d4, 262144, 147);
	part(&b, &h, 0, 0);
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_msg(!out.last, "%s", out.fault.text);
	ck_assert_ptr_null(out.first.t.disk.data);
	ck_assert_uint_eq(out.first.t.disk.sectors, 8);
	build_free(&b);
}
END_TEST

/* One field of a header changed, and what is said of it. */
static const struct {
	unsigned at, size;
	uint64_t value;
	const char *text;	/* NULL: fine */
} headers[] = {
	{ 0, 4, 1, "magic number" },
	{ 4, 2, 2, "version" },
	{ 6, 2, 95, "length of the header" }, { 6, 2, 4097, "length of the header" },
	{ 6, 2, 609, "length of the header" }, { 6, 2, 608, "a part without" },
	{ 8, 8, 0, "transfer 0" },
	{ 16, 8, 513, "behind the data's end" }, { 16, 8, 1, "longer than the rest" },
	{ 24, 8, 511, "length of the data" }, { 24, 8, 513, "length of the data" },
	{ 24, 8, READER_MAX_TRANSFER + 1, "more data" }, { 24, 8, UINT64_MAX, "more data" },
	{ 32, 1, 1, "hook" }, { 32, 1, 5, "hook" }, { 32, 1, 254, "hook" },
	{ 32, 1, HV_HOOK_DISK_READ, "command 0x35 does not fit" },
	{ 36, 1, 0x25, "command 0x25 does not fit" }, { 36, 1, 0xec, "command 0xec does not fit" },
	{ 36, 1, 0xff, "command 0xff does not fit" }, { 36, 1, 0x61, NULL },
	{ 32, 1, HV_HOOK_DISK_CONTROL, "sectors where" },
	{ 33, 1, 0, "there is none" }, { 33, 1, 4, "unknown kind" }, { 33, 1, 2, "trimmed" },
	{ 33, 1, 3, "no sectors" },
	{ 37, 1, 16, NULL }, { 37, 1, 17, "command block" },
	{ 44, 4, 511, "sector size" }, { 44, 4, 65537, "sector size" }, { 44, 4, 0, "sector size" },
	{ 44, 4, 1024, "length of the data" },
	{ 48, 8, (1ull << 48) - 1, NULL }, { 48, 8, 1ull << 48, "LBA of more" },
	{ 56, 8, (1ull << 48) - 1, NULL }, { 56, 8, 1ull << 48, "first LBA" },
	{ 64, 8, 2, "length of the data" }, { 64, 8, 1ull << 32, "more sectors" },
	{ 64, 8, UINT64_MAX, "more sectors" },
	{ 72, 8, 1ull << 48, NULL }, { 72, 8, (1ull << 48) + 1, "drive of more" },
};

START_TEST(headers_are_checked)
{
	struct disk_trace_header h = write_of(1, 1);
	struct build b = { 0 }, number = { 0 };
	struct outcome out;

	build_pcap(&b, 0xa1b2c3d4, 262144, 147);
	part(&b, &h, 512, 1);
	build_number(&number, headers[_i].value, headers[_i].size);
	memcpy(b.bytes + 24 + 16 + headers[_i].at, number.bytes, headers[_i].size);
	read_all(&b, b.len, READER_AUTO, &out);
	if (!headers[_i].text)
		ck_assert_msg(!out.last, "%s", out.fault.text);
	else if (headers[_i].at == 6 && headers[_i].value == 608)
		ck_assert_int_eq(out.last, -1);		/* all bytes are header: the data never end */
	else
		check_fault(&b, headers[_i].text, 0);
	build_free(&number);
	build_free(&b);
}
END_TEST

START_TEST(parts_that_do_not_continue_are_refused)
{
	struct build b = { 0 };
	struct disk_trace_header h = write_of(3, 2);

	build_pcap(&b, 0xa1b2c3d4, 262144, 147);
	part(&b, &h, 512, 1);
	switch (_i) {
	case 0:		/* the same part again */
		break;
	case 1:		/* another transfer between */
		h = write_of(4, 1);
		break;
	case 2:		/* a header that changed */
		h.offset = 512;
		h.first_lba++;
		break;
	case 3:		/* no data: a file of them would never end */
		h.offset = 512;
		part(&b, &h, 0, 0);
		check_fault(&b, "without data", 0);
		build_free(&b);
		return;
	}
	part(&b, &h, 512, 2);
	check_fault(&b, "is not whole", 0);
	build_free(&b);
}
END_TEST

START_TEST(transfers_that_come_twice_or_in_the_middle_are_refused)
{
	struct build b = { 0 };
	struct disk_trace_header h = write_of(3, 1);

	build_pcap(&b, 0xa1b2c3d4, 262144, 147);
	part(&b, &h, 512, 1);
	if (_i) {
		h = write_of(4, 2);
		h.offset = 512;
	}
	part(&b, &h, 512, 1);
	check_fault(&b, "in the middle or comes twice", 1);
	build_free(&b);
}
END_TEST

START_TEST(a_part_cut_by_a_snap_length_is_refused)
{
	struct build b = { 0 };
	struct disk_trace_header h = write_of(3, 1);

	build_pcap(&b, 0xa1b2c3d4, 200, 147);
	part(&b, &h, 512, 1);
	check_fault(&b, "snap length", 0);
	build_free(&b);
}
END_TEST

/* ---- dm-log-writes ---- */

static void super_block(struct build *b, uint64_t entries, uint32_t sector_size)
{
	build64(b, 0x6a736677736872);
	build64(b, 1);
	build64(b, entries);
	build32(b, sector_size);
	build_zeros(b, sector_size - 28);
}

static void entry(struct build *b, uint64_t lba, uint64_t sectors, uint64_t flags, uint32_t size)
{
	build64(b, lba);
	build64(b, sectors);
	build64(b, flags);
	build64(b, 0);
	build_zeros(b, size - 32);
}

START_TEST(a_log_gives_writes_and_trims)
{
	uint32_t size = _i ? 4096 : 512;
	struct build b = { 0 };
	struct outcome out;

	super_block(&b, 6, size);
	entry(&b, 0, 0, 1, size);			/* flush */
	entry(&b, 40, 2, 2, size);			/* FUA write */
	build_zeros(&b, 2 * size);
	entry(&b, 0, 0, 8, size);			/* mark */
	entry(&b, 5, 1ull << 40, 4, size);		/* discard, without data */
	entry(&b, 7, 1, 16, size);			/* metadata write */
	build_zeros(&b, size);
	entry(&b, 9, 1, 0, size);
	build_zeros(&b, size);
	entry(&b, 9, 1, 0, size);			/* behind the number of entries */
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_msg(!out.last, "%s", out.fault.text);
	ck_assert_uint_eq(out.transfers, 4);
	ck_assert_int_eq(out.first.t.hook, HV_HOOK_DISK_WRITE);
	ck_assert_uint_eq(out.first.t.disk.command, 0x3d);
	ck_assert_uint_eq(out.first.t.disk.first_lba, 40);
	ck_assert_uint_eq(out.first.t.disk.sector_size, size);
	ck_assert_uint_eq(out.first.t.disk.data_len, 2 * size);
	build_free(&b);
}
END_TEST

START_TEST(a_discard_is_a_trim_of_its_sectors)
{
	struct build b = { 0 };
	struct outcome out;

	super_block(&b, 1, 512);
	entry(&b, 5, 70000, 4, 512);
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_int_eq(out.last, 0);
	ck_assert_int_eq(out.first.t.hook, HV_HOOK_DISK_CONTROL);
	ck_assert_uint_eq(out.first.t.disk.command, 0x06);
	ck_assert_uint_eq(out.first.t.disk.features, 1);
	ck_assert_uint_eq(out.first.t.disk.range_count, 1);
	ck_assert_uint_eq(out.first.t.disk.sectors, 0);
	build_free(&b);
}
END_TEST

START_TEST(an_entry_larger_than_a_command_becomes_several)
{
	struct build b = { 0 };
	struct outcome out;

	super_block(&b, 1, 512);
	entry(&b, 0, 65537, 0, 512);
	build_zeros(&b, 65537 * 512);
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_msg(!out.last, "%s", out.fault.text);
	ck_assert_uint_eq(out.transfers, 2);
	ck_assert_uint_eq(out.first.t.disk.sectors, 65536);
	ck_assert_uint_eq(out.first.t.disk.count, 0);
	build_free(&b);
}
END_TEST

START_TEST(every_cut_of_a_log_is_a_fault)
{
	struct build b = { 0 };
	struct outcome out;
	size_t len;

	super_block(&b, 2, 512);
	entry(&b, 40, 1, 0, 512);
	build_zeros(&b, 512);
	entry(&b, 41, 1, 0, 512);
	build_zeros(&b, 512);
	for (len = 8; len < b.len; len++) {
		read_all(&b, len, READER_LOG, &out);
		ck_assert_int_eq(out.last, -1);
		ck_assert_uint_eq(out.transfers, len >= 1536);
	}
	read_all(&b, b.len, READER_LOG, &out);
	ck_assert_int_eq(out.last, 0);
	build_free(&b);
}
END_TEST

START_TEST(impossible_logs_are_refused)
{
	static const struct {
		size_t at;
		unsigned size;
		uint64_t value;
		const char *text;
	} cases[] = {
		{ 8, 8, 2, "version 2" }, { 24, 4, 0, "sector size of 0" },
		{ 24, 4, 256, "sector size of 256" }, { 24, 4, 131072, "sector size of 131072" },
		{ 24, 4, 1536, "sector size of 1536" }, { 24, 4, 0x80000000, "sector size" },
		{ 16, 8, 3, "before the number" }, { 16, 8, UINT64_MAX, "before the number" },
		{ 512 + 16, 8, 32, "unknown flags 0x20" }, { 512, 8, 1ull << 48, "behind LBA" },
		{ 512 + 8, 8, 1ull << 48, "behind LBA" }, { 512 + 8, 8, UINT64_MAX, "behind LBA" },
		{ 512 + 8, 8, (1ull << 48) - 40, "are cut" },
	};
	struct build b = { 0 }, number = { 0 };

	super_block(&b, 1, 512);
	entry(&b, 40, 1, 0, 512);
	build_zeros(&b, 512);
	build_number(&number, cases[_i].value, cases[_i].size);
	memcpy(b.bytes + cases[_i].at, number.bytes, cases[_i].size);
	check_fault(&b, cases[_i].text, cases[_i].at == 16 ? 1 : 0);
	build_free(&number);
	build_free(&b);
}
END_TEST

/* ---- raw images ---- */

START_TEST(an_image_is_read_in_256_sectors)
{
	struct build b = { 0 };
	struct outcome out;

	build_zeros(&b, 257 * 512);
	b.bytes[0] = 0x33;
	read_all(&b, b.len, READER_AUTO, &out);
	ck_assert_msg(!out.last, "%s", out.fault.text);
	ck_assert_uint_eq(out.transfers, 2);
	ck_assert_int_eq(out.first.t.hook, HV_HOOK_DISK_READ);
	ck_assert_uint_eq(out.first.t.disk.command, 0x25);
	ck_assert_uint_eq(out.first.t.disk.sectors, 256);
	ck_assert_uint_eq(out.first.t.disk.total_sectors, 257);
	ck_assert_uint_eq(out.first_byte, 0x33);
	build_bytes(&b, "x", 1);
	check_fault(&b, "multiple of 512", 0);
	read_all(&b, b.len, READER_IMAGE, &out);
	ck_assert_ptr_nonnull(strstr(out.fault.text, "multiple"));
	build_free(&b);
}
END_TEST

/* A sparse file: data in its second and its last read, the rest holes. */
START_TEST(holes_read_as_zeros_even_after_a_rewrite)
{
	static const struct locals none;
	const char *dir = getenv("builddir");
	char path[4096];
	int fd;
	struct fault f = { 0 };
	struct reader r;
	struct item item;
	unsigned n = 0;

	snprintf(path, sizeof(path), "%s/reader_disk_test.img", dir ? dir : ".");
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 64 << 20), 0);
	ck_assert_int_eq(pwrite(fd, "second", 6, 131072 + 4096), 6);
	ck_assert_int_eq(pwrite(fd, "last", 4, (64 << 20) - 4), 4);
	close(fd);
	ck_assert_int_eq(reader_open(&r, path, READER_AUTO, &none, &f), 0);
	while (reader_next(&r, &item) > 0) {
		const uint8_t *data = item.t.disk.data;
		unsigned i, sum = 0;

		ck_assert_uint_eq(item.t.disk.data_len, 131072);
		for (i = 0; i < 131072; i++)
			sum += data[i];
		ck_assert_uint_eq(sum, n == 1 ? 's' + 'e' + 'c' + 'o' + 'n' + 'd' :
				       n == 511 ? 'l' + 'a' + 's' + 't' : 0);
		memset(item.t.disk.data, 0xff, 131072);
		n++;
	}
	ck_assert_uint_eq(n, 512);
	ck_assert(!fault_is_set(&f));
	reader_close(&r);
	unlink(path);
}
END_TEST

static void add_traces(Suite *s)
{
	TCase *tc = unit_case(s, "disk trace");

	tcase_add_loop_test(tc, a_command_in_one_record_keeps_every_field, 0, 2);
	tcase_add_test(tc, parts_become_one_transfer);
	tcase_add_test(tc, every_cut_of_a_trace_is_a_fault);
	tcase_add_test(tc, ranges_of_a_trim_are_read);
	tcase_add_loop_test(tc, commands_without_sectors_go_by_the_table, 0, 5);
	tcase_add_test(tc, data_that_was_not_recorded_is_absent);
	tcase_add_loop_test(tc, headers_are_checked, 0, (int)(sizeof(headers) / sizeof(headers[0])));
	tcase_add_loop_test(tc, parts_that_do_not_continue_are_refused, 0, 4);
	tcase_add_loop_test(tc, transfers_that_come_twice_or_in_the_middle_are_refused, 0, 2);
	tcase_add_test(tc, a_part_cut_by_a_snap_length_is_refused);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("reader_disk");
	TCase *tc;

	add_traces(s);
	tc = unit_case(s, "dm-log-writes");
	tcase_add_loop_test(tc, a_log_gives_writes_and_trims, 0, 2);
	tcase_add_test(tc, a_discard_is_a_trim_of_its_sectors);
	tcase_add_test(tc, an_entry_larger_than_a_command_becomes_several);
	tcase_add_test(tc, every_cut_of_a_log_is_a_fault);
	tcase_add_loop_test(tc, impossible_logs_are_refused, 0, 13);
	tc = unit_case(s, "raw image");
	tcase_add_test(tc, an_image_is_read_in_256_sectors);
	tcase_add_test(tc, holes_read_as_zeros_even_after_a_rewrite);
	return s;
}
