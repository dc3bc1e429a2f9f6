/*
 * meta_test.c - .hv.meta: every count, offset and reference at its limit and one past
 */
#include <stdlib.h>
#include <string.h>

#include "policy/field.h"
#include "policy/loader.h"
#include "tests/unit/exact.h"
#include "tests/unit/meta_writer.h"
#include "tests/unit/unit.h"

#define QUERIES	3u

static struct meta_writer w;
static struct policy_error e;

/* A table of everything. */
static void setup(void)
{
	meta_init_writer(&w);
	meta_add_rule(&w, "one", HV_HOOK_NET_IN);
	meta_add_rule(&w, "two", HV_HOOK_DISK_CONTROL);
	meta_add_counter(&w, "count");
	meta_add_log(&w, 1, HVB_ALERT, 10);
	meta_add_text(&w, "text");
	meta_add_part(&w, HVB_PART_FIELD, HV_FIELD_NAMES - 1);
	meta_add_part(&w, HVB_PART_PATTERN, 0);
	meta_add_part(&w, HVB_PART_MATCH, 0);
	meta_add_query(&w, QUERIES - 1);
	meta_add_rewrite(&w, 1, QUERIES - 1, "bytes");
	w.lines[w.line_count++] = (struct hvb_line){ HV_HOOK_NET_IN, 0, 0, 0 };
	w.lines[w.line_count++] = (struct hvb_line){ HV_HOOK_NET_IN, 5, HVB_NONE, 0 };
	w.lines[w.line_count++] = (struct hvb_line){ HV_HOOKS, HVB_MAX_INSNS - 1, 1, 0 };
}

/* In memory of exactly its size, so that a read behind it is found. */
static int check_len(size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	int rc;

	memcpy(exact, w.blob, len);
	memset(&e, 0, sizeof(e));
	rc = meta_check(exact, len, QUERIES, &e);
	ck_assert_int_eq(rc == 0, e.text[0] == '\0');
	free(exact);
	return rc;
}

static int check(void)
{
	return check_len(meta_build(&w));
}

/* One assignment after set-up, and what becomes of it. */
#define WITH(change, code) do { \
	setup(); \
	change; \
	ck_assert_int_eq(check(), code); \
} while (0)

/* The same in the header, after the tables are placed. */
#define WITH_HEAD(change, code) do { \
	struct hvb_meta *head = (struct hvb_meta *)w.blob; \
	size_t len; \
	setup(); \
	len = meta_build(&w); \
	change; \
	ck_assert_int_eq(check_len(len), code); \
} while (0)

START_TEST(the_full_one_is_accepted)
{
	ck_assert_int_eq(check(), 0);
	meta_init_writer(&w);
	ck_assert_int_eq(check(), 0);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	size_t len = meta_build(&w);

	for (size_t i = 0; i < len; i++)
		ck_assert_int_eq(check_len(i), POLICY_EINVAL);
}
END_TEST

/* In front of memory that cannot be read. */
START_TEST(a_section_shorter_than_its_head_is_refused_unread)
{
	meta_build(&w);
	for (uint32_t i = 0; i < sizeof(struct hvb_meta); i += 8) {
		uint8_t *cut = exact_alloc(i);

		memcpy(cut, w.blob, i);
		ck_assert_int_eq(meta_check(cut, i, QUERIES, &e), POLICY_EINVAL);
		ck_assert_ptr_nonnull(strstr(e.text, "too short"));
		exact_free(cut);
	}
}
END_TEST

START_TEST(the_header_is_checked)
{
	WITH(w.head.magic ^= 1, POLICY_EINVAL);
	WITH(w.head.format = 2, POLICY_EINVAL);
	WITH(w.head.hook_default[4] = HV_DROP, 0);
	WITH(w.head.hook_default[4] = 2, POLICY_EINVAL);
	WITH(w.head.hook_default[5] = 1, POLICY_EINVAL);
	WITH(w.head.hook_needs[0] = 31, 0);
	WITH(w.head.hook_needs[0] = 32, POLICY_EINVAL);
	WITH(w.head.hook_needs[5] = 1, POLICY_EINVAL);
	WITH(w.head.name = w.string_len - 1, 0);
	WITH(w.head.name = w.string_len, POLICY_EINVAL);
}
END_TEST

START_TEST(tables_lie_within_the_section)
{
	WITH_HEAD(head->rules.offset += 4, POLICY_EINVAL);
	WITH_HEAD(head->rules.offset = UINT32_MAX - 7, POLICY_EINVAL);
	WITH_HEAD(head->lines.count++, POLICY_EINVAL);
	WITH_HEAD(head->rules.count = HVB_MAX_RULES, POLICY_EINVAL);
	WITH_HEAD(head->rules.count = HVB_MAX_RULES + 1, POLICY_ELIMIT);
	WITH_HEAD(head->logs.count = 1u << 20, POLICY_EINVAL);
	WITH_HEAD(head->logs.count = (1u << 20) + 1, POLICY_ELIMIT);
	WITH_HEAD(head->parts.count = UINT32_MAX, POLICY_ELIMIT);
	WITH_HEAD(head->counters.count = UINT32_MAX, POLICY_ELIMIT);
	WITH_HEAD(head->rewrites.count = UINT32_MAX, POLICY_ELIMIT);
	WITH_HEAD(head->refs.count = UINT32_MAX, POLICY_ELIMIT);
	WITH_HEAD(head->files.count = UINT32_MAX, POLICY_ELIMIT);
	WITH_HEAD(head->lines.count = UINT32_MAX, POLICY_ELIMIT);
	WITH_HEAD(head->bytes.count = 64u << 20, POLICY_EINVAL);
	WITH_HEAD(head->bytes.count = (64u << 20) + 1, POLICY_ELIMIT);
	WITH_HEAD(head->strings.count = (64u << 20) + 1, POLICY_ELIMIT);
	WITH_HEAD(head->strings.count = 0, POLICY_EINVAL);
}
END_TEST

START_TEST(strings_end)
{
	WITH(w.strings[w.string_len - 1] = 'x', POLICY_EINVAL);
	ck_assert_str_eq(e.text, "string 37: it does not end");
	WITH(w.files[0] = w.string_len - 1, 0);
	WITH(w.files[0] = w.string_len, POLICY_EINVAL);
	WITH(w.counters[0] = w.string_len - 1, 0);
	WITH(w.counters[0] = w.string_len, POLICY_EINVAL);
}
END_TEST

START_TEST(rules_and_lines_name_what_is_there)
{
	WITH(w.rules[1].label = w.string_len, POLICY_EINVAL);
	WITH(w.rules[1].file = 1, POLICY_EINVAL);
	WITH(w.rules[1].hook = HV_HOOKS, POLICY_EINVAL);
	WITH(w.lines[0].hook = HV_HOOKS + 1, POLICY_EINVAL);
	WITH(w.lines[2].insn = HVB_MAX_INSNS, POLICY_EINVAL);
	WITH(w.lines[0].rule = 2, POLICY_EINVAL);
	WITH(w.lines[1].insn = 1, 0);
	WITH(w.lines[1].insn = 0, POLICY_EINVAL);
	WITH((w.lines[1].insn = 0, w.lines[1].hook = HV_HOOK_NET_OUT), 0);
}
END_TEST

START_TEST(logs_and_parts_name_what_is_there)
{
	WITH(w.logs[0].rule = 2, POLICY_EINVAL);
	WITH(w.logs[0].severity = HVB_ALERT + 1, POLICY_EINVAL);
	WITH(w.logs[0].part_count = 5, POLICY_EINVAL);
	WITH((w.logs[0].part_first = 4, w.logs[0].part_count = 0), 0);
	WITH((w.logs[0].part_first = 5, w.logs[0].part_count = 0), POLICY_EINVAL);
	WITH((w.logs[0].part_first = 1, w.logs[0].part_count = UINT32_MAX), POLICY_EINVAL);
	WITH(w.logs[0].query_count = 2, POLICY_EINVAL);
	WITH(w.parts[0].kind = HVB_PART_MATCH + 1, POLICY_EINVAL);
	WITH(w.parts[0].len = w.byte_len, 0);
	WITH(w.parts[0].len = w.byte_len + 1, POLICY_EINVAL);
	WITH(w.parts[0].value = UINT32_MAX, POLICY_EINVAL);
	WITH(w.parts[1].value = HV_FIELD_NAMES, POLICY_EINVAL);
	WITH(w.parts[2].value = HV_FIELD_NAMES, 0);
}
END_TEST

START_TEST(rewrites_and_refs_name_what_is_there)
{
	WITH(w.rewrites[0].rule = 2, POLICY_EINVAL);
	WITH(w.rewrites[0].query = QUERIES, POLICY_EINVAL);
	WITH(w.rewrites[0].bytes_count = 0, POLICY_EINVAL);
	WITH(w.rewrites[0].bytes_count++, POLICY_EINVAL);
	WITH(w.rewrites[0].bytes_first = w.byte_len, POLICY_EINVAL);
	WITH(w.refs[0] = QUERIES, POLICY_EINVAL);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("meta");
	TCase *tc = unit_case(s, "meta");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, the_full_one_is_accepted);
	tcase_add_test(tc, every_truncation_is_refused);
	tcase_add_test(tc, a_section_shorter_than_its_head_is_refused_unread);
	tcase_add_test(tc, the_header_is_checked);
	tcase_add_test(tc, tables_lie_within_the_section);
	tcase_add_test(tc, strings_end);
	tcase_add_test(tc, rules_and_lines_name_what_is_there);
	tcase_add_test(tc, logs_and_parts_name_what_is_there);
	tcase_add_test(tc, rewrites_and_refs_name_what_is_there);
	return s;
}
