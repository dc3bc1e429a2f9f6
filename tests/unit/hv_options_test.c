/*
 * hv_options_test.c - the hypervisor's command line
 */
#include "hv/options.h"
#include "tests/unit/unit.h"

#include <string.h>

static struct options o;
static char error[OPTIONS_ERROR];

static bool reads(const char *line)
{
	o = (struct options){ .log = LOG_INFO, .on_failure = FAILURE_REBOOT };
	memset(error, 'x', sizeof(error));
	return options_read(line, &o, error);
}

START_TEST(an_empty_line_changes_nothing)
{
	ck_assert(reads(""));
	ck_assert(reads(" \t  "));
	ck_assert_int_eq(o.console, CONSOLE_COM1);
	ck_assert_int_eq(o.log, LOG_INFO);
	ck_assert_int_eq(o.on_failure, FAILURE_REBOOT);
	ck_assert_uint_eq(o.disk, 0);
	ck_assert_uint_eq(o.shown_count, 0);
}
END_TEST

START_TEST(every_word_is_taken)
{
	ck_assert(reads("console=com2 log=debug\tdisk=15 unmodelled=00:1f.2,ff:00.7  on-failure=halt"));
	ck_assert_int_eq(o.console, CONSOLE_COM2);
	ck_assert_int_eq(o.log, LOG_DEBUG);
	ck_assert_uint_eq(o.disk, 15);
	ck_assert_uint_eq(o.shown_count, 2);
	ck_assert_uint_eq(o.shown[0], 0x1f << 3 | 2);
	ck_assert_uint_eq(o.shown[1], 0xff << 8 | 7);
	ck_assert_int_eq(o.on_failure, FAILURE_HALT);
	ck_assert(reads("tick=1"));
	ck_assert_uint_eq(o.tick, 1);
	ck_assert(reads("bounce=1M"));
	ck_assert_uint_eq(o.bounce_mib, 1);
	ck_assert(reads("bounce=1024M"));
	ck_assert_uint_eq(o.bounce_mib, 1024);
	ck_assert(reads("tick=1000 disk=0"));
	ck_assert_uint_eq(o.tick, 1000);
	ck_assert(reads("console=none log=quiet unmodelled=hide"));
	ck_assert_int_eq(o.console, CONSOLE_NONE);
	ck_assert_int_eq(o.log, LOG_QUIET);
}
END_TEST

START_TEST(the_last_of_two_words_holds)
{
	ck_assert(reads("disk=1 disk=2"));
	ck_assert_uint_eq(o.disk, 2);
	ck_assert(reads("unmodelled=00:01.0 unmodelled=hide unmodelled=00:02.0"));
	ck_assert_uint_eq(o.shown_count, 1);
	ck_assert_uint_eq(o.shown[0], 2 << 3);
}
END_TEST

START_TEST(the_answer_to_failures_is_never_loosened)
{
	ck_assert(reads("on-failure=reboot"));
	ck_assert(!reads("on-failure=pass"));
	ck_assert_str_eq(error, "command line: looser than the image was built: on-failure=pass");
	ck_assert_int_eq(o.on_failure, FAILURE_REBOOT);
	ck_assert(!reads("on-failure=halt on-failure=reboot"));
	ck_assert_int_eq(o.on_failure, FAILURE_HALT);
}
END_TEST

START_TEST(an_unknown_word_is_an_error_that_names_it)
{
	ck_assert(!reads("log=debug consol=com1 disk=1"));
	ck_assert_str_eq(error, "command line: unknown word: consol=com1");
	ck_assert_int_eq(o.log, LOG_DEBUG);
	ck_assert_uint_eq(o.disk, 0);
	ck_assert(!reads("console"));
	ck_assert_str_eq(error, "command line: unknown word: console");
	ck_assert(!reads("=com1"));
	ck_assert(!reads("consoles=com1"));
}
END_TEST

START_TEST(a_value_that_is_none_is_an_error)
{
	static const char *const lines[] = {
		"console=", "console=com3", "console=com11", "console=com", "log=Info", "disk=",
		"disk=16", "disk=100", "disk=10000", "tick=", "tick=0", "tick=1001", "tick=10000", "tick=1k", "bounce=", "bounce=M", "bounce=0M", "bounce=1025M", "bounce=64", "bounce=64K", "bounce=64MM", "disk=-1", "disk=1a", "on-failure=", "on-failure=ignore",
		"unmodelled=", "unmodelled=hid", "unmodelled=00:1f.8", "unmodelled=00:20.0",
		"unmodelled=00:1f2", "unmodelled=00.1f:2", "unmodelled=0:1f.2", "unmodelled=00:1g.2",
		"unmodelled=00:1F.2", "unmodelled=00:1f.2,", "unmodelled=,00:1f.2",
		"unmodelled=00:1f.2,,00:1f.3", "unmodelled=00:1f.22",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_msg(!reads(lines[i]), "%s", lines[i]);
		ck_assert_msg(!strncmp(error, "command line: no such value: ", 29), "%s", error);
		ck_assert_uint_eq(o.shown_count, 0);
	}
}
END_TEST

START_TEST(eight_functions_and_not_nine)
{
#define EIGHT "00:01.0,00:02.0,00:03.0,00:04.0,00:05.0,00:06.0,00:07.0,00:08.0"
	ck_assert(reads("unmodelled=" EIGHT));
	ck_assert_uint_eq(o.shown_count, 8);
	ck_assert_uint_eq(o.shown[7], 8 << 3);
	ck_assert(!reads("unmodelled=" EIGHT ",00:09.0"));
	ck_assert(!reads("unmodelled=" EIGHT " unmodelled=00:09.0"));
}
END_TEST

START_TEST(a_long_or_strange_word_is_shown_cut_and_clean)
{
	char line[600];

	memset(line, 'y', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	ck_assert(!reads(line));
	ck_assert_uint_eq(strlen(error), OPTIONS_ERROR - 1);
	ck_assert(!reads("a\033[2J\x7f\xff"));
	ck_assert_str_eq(error, "command line: unknown word: a?[2J??");
}
END_TEST

START_TEST(a_function_with_a_minus_is_hidden)
{
	ck_assert(reads("unmodelled=-00:1d.0,00:07.0,-ff:1f.7"));
	ck_assert_uint_eq(o.hidden_count, 2);
	ck_assert_uint_eq(o.hidden[0], 0x1d << 3);
	ck_assert_uint_eq(o.hidden[1], 0xffff);
	ck_assert_uint_eq(o.shown_count, 1);
	ck_assert_uint_eq(o.shown[0], 7 << 3);
	ck_assert(reads("unmodelled=-00:1d.0 unmodelled=hide"));	/* which shows nothing more */
	ck_assert_uint_eq(o.hidden_count, 1);
	ck_assert(!reads("unmodelled=-"));
	ck_assert(!reads("unmodelled=00:20.0"));
	ck_assert(!reads("unmodelled=00:1f.8"));
	ck_assert(!reads("disk=00001"));
	ck_assert(reads("disk=0001"));
	ck_assert(!reads("unmodelled=--00:1d.0"));
	ck_assert(!reads("unmodelled=-00:1d.0,"));
	ck_assert(reads("unmodelled=-00:00.0,-00:01.0,-00:02.0,-00:03.0,-00:04.0,-00:05.0,-00:06.0,-00:07.0,00:08.0"));
	ck_assert(!reads("unmodelled=-00:00.0,-00:01.0,-00:02.0,-00:03.0,-00:04.0,-00:05.0,-00:06.0,-00:07.0,-00:08.0"));
}
END_TEST

START_TEST(only_test_images_fault)
{
	ck_assert(!reads("fault=null"));
	ck_assert_str_eq(error, "command line: unknown word: fault=null");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_options");
	TCase *tc = unit_case(s, "line");

	tcase_add_test(tc, an_empty_line_changes_nothing);
	tcase_add_test(tc, every_word_is_taken);
	tcase_add_test(tc, the_last_of_two_words_holds);
	tcase_add_test(tc, the_answer_to_failures_is_never_loosened);
	tcase_add_test(tc, an_unknown_word_is_an_error_that_names_it);
	tcase_add_test(tc, a_value_that_is_none_is_an_error);
	tcase_add_test(tc, eight_functions_and_not_nine);
	tcase_add_test(tc, a_long_or_strange_word_is_shown_cut_and_clean);
	tcase_add_test(tc, a_function_with_a_minus_is_hidden);
	tcase_add_test(tc, only_test_images_fault);
	return s;
}
