/*
 * output_test.c - outputs that are whole or not there, JSON strings, traces written and read
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay/events.h"
#include "replay/writer.h"
#include "tests/unit/trace_build.h"

static char dir[64], path[128];
static struct fault f;

static void in_directory(void)
{
	strcpy(dir, "/tmp/output_test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/out", dir);
	f.text[0] = '\0';
}

static void remove_directory(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);	/* nothing was left behind */
}

static size_t contents(char *text, size_t room)
{
	FILE *file = fopen(path, "r");
	size_t len;

	ck_assert_ptr_nonnull(file);
	len = fread(text, 1, room - 1, file);
	text[len] = '\0';
	fclose(file);
	return len;
}

START_TEST(a_file_appears_when_it_is_whole)
{
	struct output o;
	struct stat st;
	char text[16];

	ck_assert_int_eq(output_open(&o, path, &f), 0);
	output_text(&o, "hello");
	ck_assert_int_eq(stat(path, &st), -1);
	ck_assert_int_eq(output_commit(&o), 0);
	contents(text, sizeof(text));
	ck_assert_str_eq(text, "hello");
	ck_assert_int_eq(output_open(&o, path, &f), 0);
	output_text(&o, "other");
	output_abort(&o);
	contents(text, sizeof(text));
	ck_assert_str_eq(text, "hello");
}
END_TEST

START_TEST(a_full_device_is_an_error)
{
	struct output o;

	ck_assert_int_eq(output_open(&o, "/dev/full", &f), 0);
	output_text(&o, "hello");
	ck_assert_int_eq(output_commit(&o), -1);
	ck_assert_ptr_nonnull(strstr(f.text, "/dev/full: No space"));
}
END_TEST

START_TEST(what_was_never_opened_is_closed_without_harm)
{
	struct output o;

	memset(&o, 0, sizeof(o));
	ck_assert_int_eq(output_commit(&o), 0);
	output_abort(&o);
	ck_assert_int_eq(output_open(&o, "/nonexistent/x", &f), -1);
	ck_assert_int_eq(output_commit(&o), -1);
}
END_TEST

START_TEST(more_than_a_buffer_arrives_in_order)
{
	struct output o, scratch;
	uint8_t *big = malloc(3 * OUTPUT_BUFFER), *back = malloc(8 * OUTPUT_BUFFER);
	size_t i, len;

	for (i = 0; i < 3 * OUTPUT_BUFFER; i++)
		big[i] = (uint8_t)(i * 7 + (i >> 9));
	ck_assert_int_eq(output_open(&o, path, &f), 0);
	ck_assert_int_eq(output_open_scratch(&scratch, &f), 0);
	output_byte(&o, 1);
	output_write(&o, big, 3 * OUTPUT_BUFFER);
	for (i = 0; i < OUTPUT_BUFFER + 1; i++)
		output_byte(&o, 2);
	output_write(&scratch, big, 3 * OUTPUT_BUFFER);
	output_append(&o, &scratch);
	output_abort(&scratch);
	ck_assert_int_eq(output_commit(&o), 0);
	len = contents((char *)back, 8 * OUTPUT_BUFFER);
	ck_assert_uint_eq(len, 7 * OUTPUT_BUFFER + 2);
	ck_assert_int_eq(memcmp(back + 1, big, 3 * OUTPUT_BUFFER), 0);
	ck_assert_int_eq(memcmp(back + 4 * OUTPUT_BUFFER + 2, big, 3 * OUTPUT_BUFFER), 0);
	free(big);
	free(back);
}
END_TEST

START_TEST(json_strings_are_escaped)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *json;
	} cases[] = {
		{ "plain", 5, "\"plain\"" },
		{ "\"\\/", 3, "\"\\\"\\\\/\"" },
		{ "\0\x1f\n\x7f", 4, "\"\\u0000\\u001f\\u000a\\u007f\"" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9,
		  "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		{ "\xff\x80", 2, "\"\\\\xFF\\\\x80\"" },
		{ "\xc1\xbf", 2, "\"\\\\xC1\\\\xBF\"" },		/* overlong */
		{ "\xe0\x9f\xbf", 3, "\"\\\\xE0\\\\x9F\\\\xBF\"" },
		{ "\xe0\xa0\x80", 3, "\"\xe0\xa0\x80\"" },
		{ "\xed\xa0\x80", 3, "\"\\\\xED\\\\xA0\\\\x80\"" },	/* a surrogate */
		{ "\xed\x9f\xbf", 3, "\"\xed\x9f\xbf\"" },
		{ "\xf0\x8f\xbf\xbf", 4, "\"\\\\xF0\\\\x8F\\\\xBF\\\\xBF\"" },
		{ "\xf4\x90\x80\x80", 4, "\"\\\\xF4\\\\x90\\\\x80\\\\x80\"" },
		{ "\xf4\x8f\xbf\xbf", 4, "\"\xf4\x8f\xbf\xbf\"" },
		{ "\xe2\x82", 2, "\"\\\\xE2\\\\x82\"" },		/* cut */
		{ "\xc3(", 2, "\"\\\\xC3(\"" },
	};
	struct output o;
	char text[128];

	ck_assert_int_eq(output_open(&o, path, &f), 0);
	json_string(&o, cases[_i].bytes, cases[_i].len);
	ck_assert_int_eq(output_commit(&o), 0);
	contents(text, sizeof(text));
	ck_assert_str_eq(text, cases[_i].json);
}
END_TEST

static void copy(const struct build *b, bool zeros)
{
	static const struct locals none;
	struct writer w;
	struct reader r;
	struct item item;

	memset(&item, 0, sizeof(item));
	ck_assert_int_eq(writer_open(&w, path, &f), 0);
	ck_assert_int_eq(reader_open_memory(&r, b->bytes, b->len, READER_AUTO, &none, &f), 0);
	while (reader_next(&r, &item) > 0) {
		if (item.is_transfer)
			writer_transfer(&w, &item, zeros);
		else
			writer_raw(&w, &item);
	}
	writer_decide(&w, r.content);
	reader_close(&r);
	ck_assert_int_eq(writer_commit(&w), 0);
	ck_assert_msg(!fault_is_set(&f), "%s", f.text);
}

START_TEST(a_capture_is_copied_byte_for_byte)
{
	static const uint32_t magic[] = { 0xa1b2c3d4, 0xa1b23c4d, 0xa1b23c4d };
	struct build b = { .big = _i & 1 };
	char back[512];

	build_pcap(&b, magic[_i >> 1], 65535, 0xf0000001);
	build_record(&b, 1, 2, "abcdefghijklmn", 14, 99);
	build_record(&b, 3, 4, "z", 1, 1);
	if (_i == 4)		/* a capture without packets */
		b.len = 24;
	copy(&b, false);
	ck_assert_uint_eq(contents(back, sizeof(back)), b.len);
	ck_assert_int_eq(memcmp(back, b.bytes, b.len), 0);
	build_free(&b);
}
END_TEST

/* A log to a trace, and that trace to a trace: the same bytes, and the same commands. */
START_TEST(a_log_becomes_a_disk_trace_that_reads_the_same)
{
	struct build b = { 0 }, trace = { 0 }, again = { 0 };
	size_t room = 4 << 20;
	struct outcome out;

	build64(&b, 0x6a736677736872);
	build64(&b, 1);
	build64(&b, 2);
	build32(&b, 512);
	build_zeros(&b, 512 - 28);
	build64(&b, 77);
	build64(&b, 2049);			/* more than a part of a trace, and not whole parts */
	build64(&b, 2);
	build_zeros(&b, 512 - 24);
	build_zeros(&b, 2049 * 512);
	b.bytes[1024] = 0x42;
	build64(&b, 5);
	build64(&b, 70000);
	build64(&b, 4);
	build_zeros(&b, 512 - 24);
	copy(&b, _i);
	trace.bytes = malloc(room);
	trace.len = contents((char *)trace.bytes, room);
	read_all(&trace, trace.len, READER_AUTO, &out);
	ck_assert_msg(!out.last, "%s", out.fault.text);
	ck_assert_uint_eq(out.transfers, 2);
	ck_assert_uint_eq(out.first_byte, _i ? 0 : 0x42);
	ck_assert_uint_eq(out.first.t.disk.first_lba, 77);
	ck_assert_uint_eq(out.first.t.disk.sectors, 2049);
	ck_assert_uint_eq(out.first.t.disk.command, 0x3d);
	copy(&trace, false);
	again.bytes = malloc(room);
	again.len = contents((char *)again.bytes, room);
	ck_assert_uint_eq(again.len, trace.len);
	ck_assert_int_eq(memcmp(again.bytes, trace.bytes, trace.len), 0);
	build_free(&b);
	build_free(&trace);
	build_free(&again);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("output");
	TCase *tc = unit_case(s, "output");

	tcase_add_checked_fixture(tc, in_directory, remove_directory);
	tcase_add_test(tc, a_file_appears_when_it_is_whole);
	tcase_add_test(tc, a_full_device_is_an_error);
	tcase_add_test(tc, what_was_never_opened_is_closed_without_harm);
	tcase_add_test(tc, more_than_a_buffer_arrives_in_order);
	tcase_add_loop_test(tc, json_strings_are_escaped, 0, 15);
	tcase_add_loop_test(tc, a_capture_is_copied_byte_for_byte, 0, 5);
	tcase_add_loop_test(tc, a_log_becomes_a_disk_trace_that_reads_the_same, 0, 2);
	return s;
}
