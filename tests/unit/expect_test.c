/*
 * expect_test.c - files of expected verdicts: what they say, what differs, what is refused
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay/expect.h"
#include "tests/unit/unit.h"

static struct expect e;
static struct fault f;

static int load(const char *text)
{
	char path[] = "/tmp/expect_test.XXXXXX";
	int fd = mkstemp(path), status;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	f.text[0] = '\0';
	status = expect_load(&e, path, &f);
	e.path = "FILE";
	unlink(path);
	return status;
}

static void judge(struct expect_cursor *c, uint64_t transfer, enum hv_hook hook, enum outcome o,
		  const char *rules)
{
	struct judged j = { transfer, hook, o, rules };

	expect_check(c, &j);
}

START_TEST(what_is_expected_does_not_differ)
{
	struct expect_cursor c;

	ck_assert_int_eq(load("# head\ndefault pass\ndefault net/in drop\n\n"
			      "2 net/out drop a,b\t# tail\r\n3 net/in rewrite\n4 net/out silent -\n"), 0);
	ck_assert_int_eq(expect_begin(&c, &e, "x.pcap", 0), 0);
	judge(&c, 1, HV_HOOK_NET_OUT, OUTCOME_PASS, "-");
	judge(&c, 2, HV_HOOK_NET_OUT, OUTCOME_DROP, "a,b");
	judge(&c, 3, HV_HOOK_NET_IN, OUTCOME_REWRITE, "whatever");
	judge(&c, 4, HV_HOOK_NET_OUT, OUTCOME_SILENT, "-");
	judge(&c, 5, HV_HOOK_NET_IN, OUTCOME_DROP, "-");
	expect_finish(&c);
	ck_assert_uint_eq(c.differences, 0);
	ck_assert_ptr_null(c.text);
	expect_free(&e);
}
END_TEST

START_TEST(a_hooks_own_default_holds_wherever_it_stands)
{
	struct expect_cursor c;

	ck_assert_int_eq(load("default net/in drop\ndefault pass\ndefault disk/read silent\n"), 0);
	ck_assert_int_eq(expect_begin(&c, &e, "x.pcap", 0), 0);
	judge(&c, 1, HV_HOOK_NET_IN, OUTCOME_DROP, "-");
	judge(&c, 2, HV_HOOK_NET_OUT, OUTCOME_PASS, "-");
	judge(&c, 3, HV_HOOK_DISK_READ, OUTCOME_SILENT, "-");
	judge(&c, 4, HV_HOOK_DISK_CONTROL, OUTCOME_PASS, "-");
	expect_finish(&c);
	ck_assert_uint_eq(c.differences, 0);
	expect_free(&e);
}
END_TEST

START_TEST(differences_are_shown_as_a_diff)
{
	struct expect_cursor c;

	ck_assert_int_eq(load("default pass\n1 net/out drop a\n2 net/out drop a\n3 net/out drop a\n"
			      "4 net/out drop a\n9 net/out drop a\n"), 0);
	ck_assert_int_eq(expect_begin(&c, &e, "x.pcap", 0), 0);
	judge(&c, 1, HV_HOOK_NET_OUT, OUTCOME_DROP, "a,b");	/* another rule as well */
	judge(&c, 2, HV_HOOK_NET_IN, OUTCOME_DROP, "a");	/* another hook */
	judge(&c, 3, HV_HOOK_NET_OUT, OUTCOME_PASS, "a");	/* another outcome */
	judge(&c, 5, HV_HOOK_NET_OUT, OUTCOME_PASS, "a");	/* 4 is missing; a rule by default */
	judge(&c, 6, HV_HOOK_NET_OUT, OUTCOME_DROP, "-");	/* not the default */
	expect_finish(&c);					/* 9 is missing */
	ck_assert_uint_eq(c.differences, 7);
	c.text = realloc(c.text, c.text_len + 1);
	c.text[c.text_len] = '\0';
	ck_assert_str_eq(c.text,
			 "-1 net/out drop a  # FILE:2\n+1 net/out drop a,b\n"
			 "-2 net/out drop a  # FILE:3\n+2 net/in drop a\n"
			 "-3 net/out drop a  # FILE:4\n+3 net/out pass a\n"
			 "-4 net/out drop a  # FILE:5\n"
			 "-5 net/out pass -  # by default\n+5 net/out pass a\n"
			 "-6 net/out pass -  # by default\n+6 net/out drop -\n"
			 "-9 net/out drop a  # FILE:6\n");
	free(c.text);
	expect_free(&e);
}
END_TEST

START_TEST(without_a_default_each_transfer_needs_a_line)
{
	struct expect_cursor c;

	ck_assert_int_eq(load("default net/out pass\n"), 0);
	ck_assert_int_eq(expect_begin(&c, &e, "x.pcap", 0), 0);
	judge(&c, 1, HV_HOOK_NET_OUT, OUTCOME_PASS, "-");
	ck_assert_uint_eq(c.differences, 0);
	judge(&c, 2, HV_HOOK_NET_IN, OUTCOME_PASS, "-");
	ck_assert_uint_eq(c.differences, 1);
	free(c.text);
	expect_free(&e);
}
END_TEST

START_TEST(lines_belong_to_their_input)
{
	struct expect_cursor c;

	ck_assert_int_eq(load("default pass\ninput a.pcap\n5 net/in drop\ninput some/b.pcap\n"
			      "1 net/in drop\n"), 0);
	ck_assert_int_eq(expect_begin(&c, &e, "c.pcap", 0), -1);
	ck_assert_int_eq(expect_begin(&c, &e, "dir/b.pcap", 0), 0);
	judge(&c, 1, HV_HOOK_NET_IN, OUTCOME_DROP, "r");
	expect_finish(&c);
	ck_assert_uint_eq(c.differences, 0);
	expect_free(&e);
}
END_TEST

/* The line of the section that @name has behind @namesakes others. */
static uint32_t first_line(const char *name, unsigned namesakes)
{
	struct expect_cursor c;

	ck_assert_int_eq(expect_begin(&c, &e, name, namesakes), 0);
	return e.lines[c.section->first].line;
}

START_TEST(inputs_of_one_name_have_its_sections_in_turn)
{
	ck_assert_int_eq(load("default pass\ninput a\n1 net/in drop\ninput b\n1 net/in drop\n"
			      "input a\n1 net/in drop\n"), 0);
	ck_assert_uint_eq(first_line("x/a", 0), 3);
	ck_assert_uint_eq(first_line("y/a", 1), 7);
	ck_assert_uint_eq(first_line("z/a", 2), 7);
	ck_assert_uint_eq(first_line("b", 0), 5);
	expect_free(&e);
}
END_TEST

START_TEST(odd_bytes_of_a_name_may_stand_for_themselves_where_they_can)
{
	struct expect_cursor c;

	ck_assert_int_eq(load("input a\\x20\\x7e\n1 net/in drop\n"), 0);
	ck_assert_uint_eq(first_line("a\\x20\\x7e", 0), 2);
	ck_assert_int_eq(expect_begin(&c, &e, "a ~", 0), -1);
	ck_assert_int_eq(expect_begin(&c, &e, "a\\x20\\x7", 0), -1);
	expect_free(&e);
	ck_assert_int_eq(load("input a\\x20~\n1 net/in drop\n"), 0);
	ck_assert_uint_eq(first_line("a ~", 0), 2);
	ck_assert_int_eq(expect_begin(&c, &e, "a ", 0), -1);
	ck_assert_int_eq(expect_begin(&c, &e, "a ~x", 0), -1);
	expect_free(&e);
}
END_TEST

START_TEST(only_so_many_differences_are_shown)
{
	struct expect_cursor c;
	size_t i, lines = 0;
	unsigned n;

	ck_assert_int_eq(load("default pass\n"), 0);
	ck_assert_int_eq(expect_begin(&c, &e, "a", 0), 0);
	for (n = 1; n <= 1000; n++)
		judge(&c, n, HV_HOOK_NET_IN, OUTCOME_DROP, "-");
	ck_assert_uint_eq(c.differences, 1000);
	for (i = 0; i < c.text_len; i++)
		lines += c.text[i] == '\n';
	ck_assert_uint_eq(lines, 2 * EXPECT_MAX_SHOWN);
	free(c.text);
	expect_free(&e);
}
END_TEST

START_TEST(what_cannot_be_read_is_refused_with_its_line)
{
	static const char *const wrong[][2] = {
		{ "\nx net/in drop\n", "FILE:2: not the number" },
		{ "0 net/in drop\n", "FILE:1: not the number" },
		{ "-1 net/in drop\n", "not the number" },
		{ "1x net/in drop\n", "not the number" },
		{ "99999999999999999999 net/in drop\n", "not the number" },
		{ "1\n", "not \"TRANSFER" },
		{ "1 net/in\n", "not \"TRANSFER" },
		{ "1 net/up drop\n", "not \"TRANSFER" },
		{ "1 net/in dropped\n", "not \"TRANSFER" },
		{ "1 net/in drop a b\n", "too many words" },
		{ "2 net/in drop\n2 net/in drop\n", "FILE:2: transfers stand in ascending" },
		{ "2 net/in drop\n1 net/in drop\n", "ascending" },
		{ "default\n", "not \"default" },
		{ "default maybe\n", "not \"default" },
		{ "default net/up drop\n", "not \"default" },
		{ "default net/in drop x\n", "not \"default" },
		{ "default pass\n1 net/in drop\ndefault drop\n", "FILE:3: this default stands twice" },
		{ "default net/in pass\ndefault net/in pass\n", "FILE:2: this default stands" },
		{ "input\n", "not \"input NAME\"" },
		{ "input a b\n", "not \"input NAME\"" },
		{ "1 net/in drop\ninput a\n", "before the first input" },
	};
	const char *text = wrong[_i][1];

	ck_assert_int_eq(load(wrong[_i][0]), 1);
	if (!strncmp(text, "FILE", 4))
		text += 4;	/* the file's name is a temporary one */
	ck_assert_msg(strstr(f.text, text), "%s", f.text);
	expect_free(&e);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_an_error_of_its_own)
{
	f.text[0] = '\0';
	ck_assert_int_eq(expect_load(&e, "/nonexistent/expect", &f), 2);
	expect_free(&e);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("expect");
	TCase *tc = unit_case(s, "expect");

	tcase_add_test(tc, what_is_expected_does_not_differ);
	tcase_add_test(tc, a_hooks_own_default_holds_wherever_it_stands);
	tcase_add_test(tc, differences_are_shown_as_a_diff);
	tcase_add_test(tc, without_a_default_each_transfer_needs_a_line);
	tcase_add_test(tc, lines_belong_to_their_input);
	tcase_add_test(tc, inputs_of_one_name_have_its_sections_in_turn);
	tcase_add_test(tc, odd_bytes_of_a_name_may_stand_for_themselves_where_they_can);
	tcase_add_test(tc, only_so_many_differences_are_shown);
	tcase_add_loop_test(tc, what_cannot_be_read_is_refused_with_its_line, 0, 21);
	tcase_add_test(tc, a_file_that_is_not_there_is_an_error_of_its_own);
	return s;
}
