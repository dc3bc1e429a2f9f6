/*
 * hvlog_test.c - what hv/log.c writes hvlog reads; what is not whole is seen; no byte of others comes out
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/hvlog_view.h"
#include "tests/unit/hv_log_lab.h"
#include "tests/unit/unit.h"

static char shown[65536];
static struct hvlog_view view;
static struct hvlog_counters counters;

/* A line as the hypervisor would have it: @head from behind the bracket to the number, then @text. */
static const char *line(const char *head, const char *text)
{
	static char out[4][1024];
	static unsigned n;
	char checked[1024];

	n = (n + 1) % 4;
	snprintf(checked, sizeof(checked), "%s%s", head, text);
	snprintf(out[n], sizeof(out[n]), "sluice: [%s %04x] %s\r\n", head, lab_crc(checked, strlen(checked)), text);
	return out[n];
}

/* @len bytes through a fresh view, @step at a time; what it shows. */
static const char *show(const char *bytes, size_t len, size_t step)
{
	struct hvlog_splitter s = { .len = 0 };
	enum hvlog_level level = view.level;
	bool json = view.json;

	memset(shown, 0, sizeof(shown));
	memset(&counters, 0, sizeof(counters));
	view = (struct hvlog_view){ .level = level, .json = json, .counters = &counters };
	view.out = fmemopen(shown, sizeof(shown) - 1, "w");
	for (size_t at = 0; at < len; at += step)
		hvlog_feed(&s, bytes + at, len - at < step ? len - at : step, hvlog_view_line, &view);
	hvlog_finish(&s, hvlog_view_line, &view);
	hvlog_view_end(&view);
	fclose(view.out);
	return shown;
}

static const char *show_text(const char *text)
{
	return show(text, strlen(text), strlen(text) + 1);
}

START_TEST(what_the_hypervisor_writes_is_read)
{
	static const char expected[] =
		"     #1     1.234567  0 info  hypervisor at 1e400000\n"
		"     #2     1.234567  0 error \"quoted\" \\ text?[2J\n"
		"     #3 9999999.999999  0 warn  guest: read of MSR c0010117 refused\n";

	log_line("hypervisor at %x", 0x1e400000u);
	log_error("%s", "\"quoted\" \\ text\x1b[2J");
	lab.now = 9999999999999;
	log_guest(OFFENCE_MSR, "read of MSR %x refused", 0xc0010117u);
	lab_drain();
	for (size_t step = 1; step <= lab.len; step += step < 20 ? 1 : 77) {
		ck_assert_str_eq(show(lab.sent, lab.len, step), expected);
		ck_assert(hvlog_view_whole(&view));
	}
}
END_TEST

START_TEST(the_longest_line_is_read)
{
	char text[LOG_TEXT_MAX + 1];

	memset(text, '~', LOG_TEXT_MAX);
	text[LOG_TEXT_MAX] = '\0';
	lab.now = UINT64_MAX;
	log_error("%s", text);
	lab_drain();
	ck_assert_ptr_nonnull(strstr(show(lab.sent, lab.len, 7), text));
	ck_assert_uint_eq(view.lines, 1);
	ck_assert(hvlog_view_whole(&view));
}
END_TEST

START_TEST(a_line_of_the_greatest_length_is_taken_and_one_longer_is_not)
{
	char text[HVLOG_LINE_MAX + 1], bytes[2048];

	for (unsigned more = 0; more < 2; more++) {
		size_t head = strlen(line("0.000001 0 info #1", "")) - 2;

		memset(text, 'x', sizeof(text));
		text[HVLOG_LINE_MAX - head + more] = '\0';
		snprintf(bytes, sizeof(bytes), "%s%s", line("0.000001 0 info #1", text),
			 line("0.000001 0 info #2", "next"));
		show_text(bytes);
		ck_assert_uint_eq(view.lines, 2 - more);
		ck_assert_uint_eq(view.damaged, more);
		ck_assert_uint_eq(view.missing, more);
	}
}
END_TEST

START_TEST(bytes_of_others_are_left_out_and_lines_behind_them_found)
{
	char bytes[8192] = "ice: [1.0 0 info #0 0000] half a line\r\n\x1b[2J\x1b[1;1HSeaBIOS sluice: \n\n";
	size_t len = strlen(bytes);

	/* a screen drawn without an end of line, longer than any of ours, right before one */
	memset(bytes + len, 0x1b, 3000);
	len += 3000;
	len += (size_t)sprintf(bytes + len, "%s", line("    1.000000 3 debug #1", "found"));
	memcpy(bytes + len, "\0\0\xff binary \0", 13);
	len += 13;
	len += (size_t)sprintf(bytes + len, "%s", line("    1.000000 3 debug #2", "also"));
	ck_assert_str_eq(show(bytes, len, 100), "     #1     1.000000  3 debug found\n     #2     1.000000  3 debug also\n");
	ck_assert(hvlog_view_whole(&view));
	for (size_t step = 1; step < 700; step += 13) {
		show(bytes, len, step);
		ck_assert_uint_eq(view.lines, 2);
	}
}
END_TEST

START_TEST(a_damaged_line_is_not_shown_and_its_number_is_missing)
{
	char good[3][256], bytes[1024];

	strcpy(good[0], line("0.000001 0 info #1", "one"));
	strcpy(good[1], line("0.000001 0 info #2", "two"));
	strcpy(good[2], line("0.000001 0 info #3", "three"));
	for (size_t i = 9; i < strlen(good[1]) - 2; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			char bad[256];

			strcpy(bad, good[1]);
			bad[i] = (char)(bad[i] ^ 1 << bit);
			if (!bad[i] || bad[i] == '\r' || bad[i] == '\n')
				continue;
			snprintf(bytes, sizeof(bytes), "%s%s%s", good[0], bad, good[2]);
			show_text(bytes);
			ck_assert_ptr_nonnull(strstr(shown, "-- 1 line missing between #1 and #3, 1 damaged --"));
			ck_assert_uint_eq(view.missing, 1);
			ck_assert_uint_eq(view.damaged, 1);
			ck_assert_uint_eq(view.lines, 2);
		}
	}
}
END_TEST

START_TEST(a_cut_line_does_not_hide_the_one_behind_it)
{
	char bytes[512];

	snprintf(bytes, sizeof(bytes), "%.30s%s", line("0.000001 0 info #1", "cut"), line("0.000001 0 info #2", "whole"));
	show_text(bytes);
	ck_assert_str_eq(shown, "-- 1 line missing before #2, 1 damaged --\n     #2     0.000001  0 info  whole\n");
	/* and where the bytes end */
	snprintf(bytes, sizeof(bytes), "%s%.30s", line("0.000001 0 info #1", "whole"), line("0.000001 0 info #2", "cut"));
	show_text(bytes);
	ck_assert_str_eq(shown, "     #1     0.000001  0 info  whole\n-- 1 damaged line --\n");
	/* a last line without its end is whole when its CRC says so */
	bytes[strlen(bytes) - 30] = '\0';
	bytes[strlen(bytes) - 2] = '\0';
	show_text(bytes);
	ck_assert(hvlog_view_whole(&view));
	ck_assert_uint_eq(view.lines, 1);
}
END_TEST

START_TEST(heads_that_are_not_quite_so_are_refused)
{
	static const char *const heads[] = {
		"", " ", "1 0 info #1", "1. 0 info #1", "1.12345 0 info #1", "1.1234567 0 info #1", "1,123456 0 info #1",
		".123456 0 info #1", "1.123456  0 info #1", "1.123456 info #1", "1.123456 10000 info #1",
		"1.123456 -1 info #1", "1.123456 0 loud #1", "1.123456 0 info 1", "1.123456 0 info #",
		"1.123456 0 info #0", "1.123456 0 info #18446744073709551616", "1.123456 0 infos #1",
		"18446744073710.000000 0 info #1", "18446744073709551616.000000 0 info #1", "18446744073709.551616 0 info #1",
	};
	char bytes[256];

	for (unsigned i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		ck_assert_msg(!*show_text(line(heads[i], "text")) || view.damaged == 1, "%s", heads[i]);
		ck_assert_uint_eq(view.lines, 0);
	}
	show_text(line("18446744073709.551615 9999 info #18446744073709551615", "text"));
	ck_assert_uint_eq(view.lines, 1);
	ck_assert_uint_eq(view.missing, UINT64_MAX - 1);
	/* capital digits of the CRC, no blank behind it, a tab in the text */
	snprintf(bytes, sizeof(bytes), "%s", line("1.000000 0 info #1", "x"));
	for (char *c = strchr(bytes, '#'); *c && *c != ']'; c++)
		*c = *c >= 'a' && *c <= 'f' ? (char)(*c - 'a' + 'A') : *c;
	show_text(bytes);
	ck_assert_uint_eq(view.lines, strpbrk(strchr(bytes, '#'), "ABCDEF") ? 0 : 1);
	show_text(line("1.000000 0 info #1", "a\tb"));
	ck_assert_uint_eq(view.lines, 0);
	show_text(line("1.000000 0 info #1", "a\x7f"));
	ck_assert_uint_eq(view.lines, 0);
	show_text(line("1.000000 0 info #1", "a~ "));
	ck_assert_uint_eq(view.lines, 1);
}
END_TEST

START_TEST(gaps_and_starts_are_told)
{
	char bytes[2048];

	snprintf(bytes, sizeof(bytes), "%s%s%s", line("1.000000 0 info #17", "a"), line("1.000000 0 info #21", "b"),
		 line("1.000000 0 info #22", "c"));
	show_text(bytes);
	ck_assert_ptr_nonnull(strstr(shown, "-- 16 lines missing before #17 --\n"));
	ck_assert_ptr_nonnull(strstr(shown, "-- 3 lines missing between #17 and #21 --\n"));
	ck_assert_uint_eq(view.gaps, 2);
	ck_assert_uint_eq(view.missing, 19);
	/* a smaller number, the same number, an earlier time */
	snprintf(bytes, sizeof(bytes), "%s%s%s", line("1.000000 0 info #1", "a"), line("1.000000 0 info #2", "b"),
		 line("1.000000 0 info #1", "c"));
	show_text(bytes);
	ck_assert_uint_eq(view.restarts, 1);
	ck_assert_ptr_nonnull(strstr(shown, "-- the hypervisor starts again --\n     #1     1.000000  0 info  c\n"));
	snprintf(bytes, sizeof(bytes), "%s%s", line("1.000000 0 info #1", "a"), line("1.000000 0 info #1", "b"));
	show_text(bytes);
	ck_assert_uint_eq(view.restarts, 1);
	snprintf(bytes, sizeof(bytes), "%s%s", line("1.000000 0 info #1", "a"), line("0.999999 0 info #3", "b"));
	show_text(bytes);
	ck_assert_uint_eq(view.restarts, 1);
	ck_assert_uint_eq(view.missing, 2);
	snprintf(bytes, sizeof(bytes), "%s%s", line("1.000000 0 info #1", "a"), line("1.000000 0 info #2", "b"));
	show_text(bytes);
	ck_assert_uint_eq(view.restarts, 0);
	ck_assert(hvlog_view_whole(&view));
}
END_TEST

START_TEST(levels_hide_lines_and_never_gaps)
{
	char bytes[1024];

	snprintf(bytes, sizeof(bytes), "%s%s%s", line("1.000000 0 info #1", "a"), line("1.000000 0 warn #3", "b"),
		 line("1.000000 0 error #4", "c"));
	view.level = HVLOG_WARN;
	show_text(bytes);
	ck_assert_str_eq(shown, "-- 1 line missing between #1 and #3 --\n     #3     1.000000  0 warn  b\n"
			 "     #4     1.000000  0 error c\n");
	view.level = HVLOG_ERROR;
	ck_assert_ptr_null(strstr(show_text(bytes), "warn"));
	view.level = HVLOG_DEBUG;
	ck_assert_ptr_nonnull(strstr(show_text(bytes), "info"));
}
END_TEST

/* ---- counters ---- */

static bool reads(const char *text, enum hvlog_counter_type type)
{
	struct hvlog_counter c;

	return hvlog_counter_read(text, &c) == type;
}

START_TEST(every_counter_is_read_and_nothing_like_it)
{
	static const struct { const char *text; enum hvlog_counter_type type; } rows[] = {
		{ "counters: begin triple fault", HVLOG_BEGIN },
		{ "exits: page 18446744073709551615", HVLOG_EXITS },
		{ "exits: cpu3: page 1 io 2", HVLOG_CPU_EXITS },
		{ "device: ahci-00:1f.2-bar5 1 reads 2 writes", HVLOG_DEVICE },
		{ "register: ahci-00:1f.2-bar5 0x138 1 reads 2 writes", HVLOG_REGISTER },
		{ "register: msr other 1 reads 2 writes", HVLOG_REGISTER },
		{ "count: e1000-00:02.0 7 frames sent", HVLOG_COUNT },
		{ "count: policy 1 \"", HVLOG_COUNT },
		{ "offence: msr 10 said 8", HVLOG_OFFENCE },
		{ "rate: 1 exits a second, 2 at most, 3 seconds", HVLOG_RATE },
		{ "counters: end 7 lines", HVLOG_END },
		{ "exits: page 18446744073709551616", HVLOG_NO_COUNTER },
		{ "exits: page", HVLOG_NO_COUNTER },
		{ "exits: page 1 2", HVLOG_NO_COUNTER },
		{ "exits: Page 1", HVLOG_NO_COUNTER },
		{ "exits: cpu3: page", HVLOG_NO_COUNTER },
		{ "exits: cpu3: page 1x", HVLOG_NO_COUNTER },
		{ "exits: cpu10000: page 1", HVLOG_NO_COUNTER },
		{ "device: a b 1 reads 2 writes", HVLOG_NO_COUNTER },
		{ "device: a 1 reads 2 writes more", HVLOG_NO_COUNTER },
		{ "device: \" 1 reads 2 writes", HVLOG_NO_COUNTER },
		{ "device: a 1 reads writes", HVLOG_NO_COUNTER },
		{ "register: a 0x 1 reads 2 writes", HVLOG_NO_COUNTER },
		{ "register: a 138 1 reads 2 writes", HVLOG_NO_COUNTER },
		{ "register: a 0x10000000000000000 1 reads 2 writes", HVLOG_NO_COUNTER },
		{ "register: a others 1 reads 2 writes", HVLOG_NO_COUNTER },
		{ "count: a 1 ", HVLOG_NO_COUNTER },
		{ "count: a 1", HVLOG_NO_COUNTER },
		{ "count: a frames", HVLOG_NO_COUNTER },
		{ "count: a 1a frames", HVLOG_NO_COUNTER },
		{ "count: \" 1 frames", HVLOG_NO_COUNTER },
		{ "offence: msr 10 said", HVLOG_NO_COUNTER },
		{ "offence: msr 10 said 8 ", HVLOG_NO_COUNTER },
		{ "rate: 1 exits a second, 2 at most, 3 second", HVLOG_NO_COUNTER },
		{ "counters: end 0 lines", HVLOG_NO_COUNTER },
		{ "counters: end 7 line", HVLOG_NO_COUNTER },
		{ "counters: begin", HVLOG_NO_COUNTER },
		{ "summary: 1 exits", HVLOG_NO_COUNTER },
		{ "", HVLOG_NO_COUNTER },
	};
	char text[128];

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(reads(rows[i].text, rows[i].type), "%s", rows[i].text);
	snprintf(text, sizeof(text), "exits: %0*u 1", HVLOG_NAME_MAX, 1u);
	ck_assert(reads(text, HVLOG_EXITS));
	snprintf(text, sizeof(text), "exits: %0*u 1", HVLOG_NAME_MAX + 1, 1u);
	ck_assert(reads(text, HVLOG_NO_COUNTER));
}
END_TEST

static char log_bytes[4u << 20];
static unsigned log_number;
static size_t log_len;

static void say(const char *text)
{
	char head[64];

	snprintf(head, sizeof(head), "    1.000000 0 info #%u", ++log_number);
	log_len += (size_t)sprintf(log_bytes + log_len, "%s", line(head, text));
}

static struct hvlog_block *block(void)
{
	show(log_bytes, log_len, log_len);
	return hvlog_counters_last(&counters);
}

/* Of two digits and more: a number is read in its base. */
START_TEST(numbers_of_processors_and_their_exits_are_decimal)
{
	char name[HVLOG_NAME_MAX + 1];
	struct hvlog_counter c;
	uint64_t n;

	ck_assert_int_eq(hvlog_counter_read("exits: cpu12: page 34 io 5678", &c), HVLOG_CPU_EXITS);
	ck_assert_uint_eq(c.cpu, 12);
	ck_assert(hvlog_counter_next(&c.rest, name, &n));
	ck_assert_str_eq(name, "page");
	ck_assert_uint_eq(n, 34);
	ck_assert(hvlog_counter_next(&c.rest, name, &n));
	ck_assert_str_eq(name, "io");
	ck_assert_uint_eq(n, 5678);
	ck_assert(!hvlog_counter_next(&c.rest, name, &n));
	ck_assert_str_eq(c.rest, "");
	ck_assert_int_eq(hvlog_counter_read("exits: cpu9999: page 1", &c), HVLOG_CPU_EXITS);
	ck_assert_uint_eq(c.cpu, 9999);
	ck_assert_int_eq(hvlog_counter_read("exits: cpu1a: page 1", &c), HVLOG_NO_COUNTER);
	ck_assert_int_eq(hvlog_counter_read("exits: cpu1: page 1a", &c), HVLOG_NO_COUNTER);
}
END_TEST

START_TEST(the_last_whole_block_counts)
{
	struct hvlog_block *b;

	ck_assert_ptr_null(block());
	say("exits: page 99");		/* its begin is lost */
	ck_assert_ptr_null(block());
	say("counters: end 2 lines");
	ck_assert_ptr_null(block());
	say("counters: begin first");
	say("exits: page 1");
	b = block();
	ck_assert(b && !hvlog_block_whole(b));
	ck_assert_str_eq(b->why, "first");
	say("something else between");
	say("register: a 0x10 3 reads 4 writes");
	say("counters: end 4 lines");
	b = block();
	ck_assert(hvlog_block_whole(b));
	ck_assert_uint_eq(b->exit_count, 1);
	ck_assert_uint_eq(b->exits[0].count, 1);
	ck_assert_uint_eq(b->registers[0].reg, 0x10);
	ck_assert_uint_eq(b->registers[0].reads, 3);
	ck_assert_uint_eq(b->registers[0].writes, 4);
	say("counters: begin second");
	say("counters: end 3 lines");	/* one is lost */
	ck_assert_str_eq(block()->why, "first");
	ck_assert(!hvlog_block_whole(&counters.now));
	say("counters: begin third");
	say("counters: end 2 lines");
	ck_assert_str_eq(block()->why, "third");
	ck_assert_uint_eq(block()->exit_count, 0);
	say("exits: page 5");		/* outside */
	say("counters: end 4 lines");
	ck_assert_uint_eq(block()->exit_count, 0);
}
END_TEST

START_TEST(tables_take_so_many_rows_and_count_the_others)
{
	static char out[1u << 20];
	FILE *f = fmemopen(out, sizeof(out) - 1, "w");
	char text[11 + HVLOG_WORDS_MAX + 2];
	struct hvlog_block *b;

	say("counters: begin hostile");
	for (unsigned i = 0; i <= HVLOG_REGISTERS_MAX; i++) {
		snprintf(text, sizeof(text), "register: a 0x%x 1 reads 2 writes", i);
		say(text);
	}
	for (unsigned i = 0; i <= HVLOG_DEVICES_MAX; i++) {
		snprintf(text, sizeof(text), "device: a%u 1 reads 2 writes", i);
		say(text);
		snprintf(text, sizeof(text), "exits: e%u 1", i);
		say(text);
		snprintf(text, sizeof(text), "offence: o%u 1 said 1", i);
		say(text);
	}
	for (unsigned i = 0; i <= HVLOG_CPU_EXITS_MAX / 2; i++)
		say("exits: cpu1: a 1 b 2");
	memset(text, 'w', sizeof(text) - 1);
	memcpy(text, "count: a 1 ", 11);
	text[sizeof(text) - 1] = '\0';
	for (unsigned i = 0; i <= HVLOG_COUNTS_MAX; i++)
		say(text);
	b = block();
	ck_assert_uint_eq(b->register_count, HVLOG_REGISTERS_MAX);
	ck_assert_uint_eq(b->device_count, HVLOG_DEVICES_MAX);
	ck_assert_uint_eq(b->exit_count, HVLOG_EXITS_MAX);
	ck_assert_uint_eq(b->offence_count, HVLOG_OFFENCES_MAX);
	ck_assert_uint_eq(b->cpu_exit_count, HVLOG_CPU_EXITS_MAX);
	ck_assert_uint_eq(b->count_count, HVLOG_COUNTS_MAX);
	ck_assert_uint_eq(strlen(b->counts[0].words), HVLOG_WORDS_MAX);
	ck_assert_uint_eq(b->dropped, 1 + 1 + 1 + 1 + (HVLOG_DEVICES_MAX + 1 - HVLOG_EXITS_MAX) + 2);
	hvlog_table(f, b);
	fclose(f);
	ck_assert_msg(strstr(out, "\n  39 rows more than hvlog has room for\n") != NULL, "%.200s", out);
	ck_assert_ptr_nonnull(strstr(out, "  not whole: "));
}
END_TEST

START_TEST(a_table_is_sorted_by_use)
{
	static char out[8192];
	FILE *f;
	const char *at = out;
	static const char *const order[] = {
		"counters #1 at 1.000000 s: restart\n", "exits\n", "  page  ", "75.00%", "  io  ", "25.00%", "  cpu0 page  ",
		"  cpu1 page  ", "  cpu1 io  ", "  b  ", "  a  ", "  b 0x08  ", "  configuration 00:1f.2+0x24  ",
		"  configuration other  ",
		"counts\n", "  policy hits of rule \"a\"                                      7\n", "  msr  ", "7 a second, 9 at most\n",
	};

	say("counters: begin restart");
	say("exits: io 1");
	say("exits: page 3");
	say("exits: cpu0: page 1");
	say("exits: cpu1: io 1 page 2");
	say("device: a 1 reads 0 writes");
	say("device: b 18446744073709551615 reads 18446744073709551615 writes");
	say("register: configuration other 1 reads 0 writes");
	say("register: configuration 0xfa024 1 reads 0 writes");
	say("register: b 0x8 1 reads 1 writes");
	say("count: policy 7 hits of rule \"a\"");
	say("offence: msr 10 said 8");
	say("rate: 7 exits a second, 9 at most, 20 seconds");
	say("counters: end 14 lines");
	f = fmemopen(out, sizeof(out) - 1, "w");
	hvlog_table(f, block());
	fclose(f);
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const char *found = strstr(at, order[i]);

		ck_assert_msg(found != NULL, "no '%s' in\n%s", order[i], at);
		at = found + strlen(order[i]);
	}
	ck_assert_ptr_null(strstr(out, "not whole"));
}
END_TEST

static const char *written(void (*write)(FILE *, struct hvlog_block *))
{
	static char out[16384];
	FILE *f = fmemopen(memset(out, 0, sizeof(out)), sizeof(out) - 1, "w");

	write(f, block());
	fclose(f);
	return out;
}

static void json(FILE *f, struct hvlog_block *b)
{
	hvlog_block_json(f, b, "a\"\\\xe4");
}

START_TEST(equal_rows_are_sorted_by_name_and_register)
{
	const char *out, *at;

	say("counters: begin why \"quoted\"");
	say("register: b other 1 reads 0 writes");
	say("register: b 0x8 1 reads 0 writes");
	say("register: b 0x4 0 reads 1 writes");
	say("register: a 0x8 1 reads 0 writes");
	say("register: configuration 0xfffffff 5 reads 0 writes");
	say("register: configuration 0x10000000 4 reads 0 writes");
	say("exits: b 1");
	say("exits: a 1");
	say("counters: end 10 lines");
	out = written(hvlog_table);
	at = strstr(out, "exits\n  a  ");
	ck_assert_msg(at && strstr(at, "\n  b  "), "%s", out);
	at = strstr(out, "  configuration ff:1f.7+0xfff  ");
	ck_assert_msg(at != NULL, "%s", out);
	ck_assert_ptr_nonnull(at = strstr(at, "  configuration 0x10000000  "));
	ck_assert_ptr_nonnull(at = strstr(at, "\n  a 0x08  "));
	ck_assert_ptr_nonnull(at = strstr(at, "\n  b 0x04  "));
	ck_assert_ptr_nonnull(at = strstr(at, "\n  b 0x08  "));
	ck_assert_ptr_nonnull(at = strstr(at, "\n  b other  "));
	/* what there is not has no head */
	ck_assert_ptr_null(strstr(out, "devices"));
	ck_assert_ptr_null(strstr(out, "offences"));
	ck_assert_ptr_null(strstr(out, "room for"));
	ck_assert_str_eq(written(json),
		"{\"event_type\":\"counters\",\"file\":\"a\\\"\\\\\\\\xE4\",\"seq\":1,\"time\":1.000000,"
		"\"why\":\"why \\\"quoted\\\"\",\"whole\":true,\"exits\":{\"a\":1,\"b\":1},\"cpus\":[],\"devices\":[],"
		"\"registers\":[{\"device\":\"configuration\",\"register\":268435455,\"reads\":5,\"writes\":0},"
		"{\"device\":\"configuration\",\"register\":268435456,\"reads\":4,\"writes\":0},"
		"{\"device\":\"a\",\"register\":8,\"reads\":1,\"writes\":0},"
		"{\"device\":\"b\",\"register\":4,\"reads\":0,\"writes\":1},"
		"{\"device\":\"b\",\"register\":8,\"reads\":1,\"writes\":0},"
		"{\"device\":\"b\",\"register\":null,\"reads\":1,\"writes\":0}],"
		"\"counts\":[],\"offences\":[],\"rate\":{\"now\":0,\"most\":0,\"seconds\":0}}\n");
}
END_TEST

START_TEST(counts_keep_their_words)
{
	say("counters: begin a");
	say("count: policy 7 hits of rule \"a\"");
	say("counters: end 3 lines");
	ck_assert_ptr_nonnull(strstr(written(json),
		"\"counts\":[{\"of\":\"policy\",\"what\":\"hits of rule \\\"a\\\"\",\"count\":7}],"));
}
END_TEST

START_TEST(what_is_not_shown_is_counted_all_the_same)
{
	struct hvlog_splitter s = { .len = 0 };
	struct hvlog_view v = { .out = NULL, .counters = &counters };
	char bytes[1024];

	snprintf(bytes, sizeof(bytes), "%s%sx\nsluice: [\n%ssluice: [", line("1.000000 0 info #2", "a"),
		 line("1.000000 0 info #5", "b"), line("1.000000 0 info #1", "c"));
	hvlog_feed(&s, bytes, strlen(bytes), hvlog_view_line, &v);
	hvlog_finish(&s, hvlog_view_line, &v);
	hvlog_view_end(&v);
	ck_assert_uint_eq(v.lines, 3);
	ck_assert_uint_eq(v.missing, 3);
	ck_assert_uint_eq(v.damaged, 2);
	ck_assert_uint_eq(v.restarts, 1);
}
END_TEST

START_TEST(json_is_one_object_a_line)
{
	view.json = true;
	say("a \"quoted\" \\ text");
	say("exits: cpu1: io 1 page 2");
	say("register: a other 1 reads 2 writes");
	log_number += 2;
	say("last");
	show(log_bytes, log_len, log_len);
	ck_assert_str_eq(shown,
		"{\"event_type\":\"log\",\"seq\":1,\"time\":1.000000,\"cpu\":0,\"level\":\"info\",\"text\":\"a \\\"quoted\\\" \\\\ text\"}\n"
		"{\"event_type\":\"log\",\"seq\":2,\"time\":1.000000,\"cpu\":0,\"level\":\"info\",\"text\":\"exits: cpu1: io 1 page 2\","
		"\"counter\":{\"type\":\"cpu\",\"cpu\":1,\"exits\":{\"io\":1,\"page\":2}}}\n"
		"{\"event_type\":\"log\",\"seq\":3,\"time\":1.000000,\"cpu\":0,\"level\":\"info\","
		"\"text\":\"register: a other 1 reads 2 writes\",\"counter\":{\"type\":\"register\",\"device\":\"a\","
		"\"register\":null,\"reads\":1,\"writes\":2}}\n"
		"{\"event_type\":\"gap\",\"after\":3,\"before\":6,\"missing\":2,\"damaged\":0}\n"
		"{\"event_type\":\"log\",\"seq\":6,\"time\":1.000000,\"cpu\":0,\"level\":\"info\",\"text\":\"last\"}\n");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hvlog");
	TCase *t = unit_case(s, "lines");

	lab_own_process();
	tcase_add_test(t, what_the_hypervisor_writes_is_read);
	tcase_add_test(t, the_longest_line_is_read);
	tcase_add_test(t, a_line_of_the_greatest_length_is_taken_and_one_longer_is_not);
	tcase_add_test(t, bytes_of_others_are_left_out_and_lines_behind_them_found);
	tcase_add_test(t, a_damaged_line_is_not_shown_and_its_number_is_missing);
	tcase_add_test(t, a_cut_line_does_not_hide_the_one_behind_it);
	tcase_add_test(t, heads_that_are_not_quite_so_are_refused);
	t = unit_case(s, "view");
	tcase_add_test(t, gaps_and_starts_are_told);
	tcase_add_test(t, levels_hide_lines_and_never_gaps);
	tcase_add_test(t, json_is_one_object_a_line);
	tcase_add_test(t, what_is_not_shown_is_counted_all_the_same);
	t = unit_case(s, "counters");
	tcase_add_test(t, every_counter_is_read_and_nothing_like_it);
	tcase_add_test(t, numbers_of_processors_and_their_exits_are_decimal);
	tcase_add_test(t, the_last_whole_block_counts);
	tcase_add_test(t, tables_take_so_many_rows_and_count_the_others);
	tcase_add_test(t, a_table_is_sorted_by_use);
	tcase_add_test(t, equal_rows_are_sorted_by_name_and_register);
	tcase_add_test(t, counts_keep_their_words);
	return s;
}
