/*
 * table_test.c - the frame of sections .hv.sets and .hv.class, changed in one place each
 */
#include <string.h>

#include "policy/table.h"
#include "tests/unit/unit.h"

#define MAGIC	0x12345678u
#define NAME	".hv.test"

/* A head, two entries, their 8 and 16 bytes; and room to lie one byte off. */
static struct section {
	struct table_head head;
	struct table_entry entry[2];
	uint64_t bytes[3];
	uint64_t behind;
} s;
#define LEN	offsetof(struct section, behind)

static struct table_section out;
static struct policy_error e;

static void setup(void)
{
	s = (struct section){
		.head = { MAGIC, TABLE_FORMAT, 2, 0 },
		.entry = {
			{ .offset = offsetof(struct section, bytes), .len = 8 },
			{ .offset = offsetof(struct section, bytes) + 8, .len = 16 },
		},
	};
	memset(&out, 0, sizeof(out));
	memset(&e, 0, sizeof(e));
}

static int open_bytes(const void *bytes, size_t len)
{
	return table_open(&out, bytes, len, MAGIC, NAME, &e);
}

static void refused(const void *bytes, size_t len, const char *text)
{
	ck_assert_int_eq(open_bytes(bytes, len), POLICY_EINVAL);
	ck_assert_str_eq(e.where, NAME);
	ck_assert_str_eq(e.text, text);
	setup();
}

START_TEST(a_section_that_is_right_is_opened)
{
	ck_assert_int_eq(open_bytes(&s, LEN), 0);
	ck_assert_uint_eq(out.count, 2);
	ck_assert_ptr_eq(out.bytes, &s);
	ck_assert_ptr_eq(out.entries, s.entry);
	s.head.count = 0;
	ck_assert_int_eq(open_bytes(&s, sizeof(s.head)), 0);
	ck_assert_uint_eq(out.count, 0);
}
END_TEST

START_TEST(a_head_that_is_wrong_is_refused)
{
	static const char malformed[] = "malformed head";
	uint8_t *off = (uint8_t *)&s + 4;

	for (size_t len = 0; len < sizeof(s.head); len++) {
		s.head.count = 0;
		refused(&s, len, malformed);
	}
	s.head.magic ^= 0x80000000;
	refused(&s, LEN, malformed);
	s.head.format = TABLE_FORMAT + 1;
	refused(&s, LEN, malformed);
	s.head.format = TABLE_FORMAT - 1;
	refused(&s, LEN, malformed);
	memmove(off, &s, LEN);
	refused(off, LEN, malformed);
}
END_TEST

START_TEST(more_entries_than_the_section_has_room_for_are_refused)
{
	memset(s.entry, 0, sizeof(s.entry));
	refused(&s, sizeof(s.head) + 2 * sizeof(s.entry[0]) - 1, "malformed head");
	s.head.count = UINT32_MAX;
	refused(&s, LEN, "malformed head");
	/* with room for two entries and not for their bytes it is the entry's fault */
	refused(&s, offsetof(struct section, bytes), "entry 0 is malformed");
}
END_TEST

START_TEST(entries_lie_behind_each_other_and_end_with_the_section)
{
	s.entry[0].offset += 8;
	refused(&s, LEN, "entry 0 is malformed");
	s.entry[1].offset -= 8;
	refused(&s, LEN, "entry 1 is malformed");
	s.entry[0].len = 4;
	refused(&s, LEN, "entry 0 is malformed");
	s.entry[1].len = 24;
	refused(&s, LEN, "entry 1 is malformed");
	s.entry[1].len = 0xfffffff8;
	refused(&s, LEN, "entry 1 is malformed");
	refused(&s, LEN - 8, "entry 1 is malformed");
	refused(&s, LEN + 8, "bytes behind the last entry");
	s.entry[1].len = 8;
	refused(&s, LEN, "bytes behind the last entry");
	s.entry[1].len = 0;
	ck_assert_int_eq(open_bytes(&s, LEN - 16), 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("table");
	TCase *tc = unit_case(suite, "table");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, a_section_that_is_right_is_opened);
	tcase_add_test(tc, a_head_that_is_wrong_is_refused);
	tcase_add_test(tc, more_entries_than_the_section_has_room_for_are_refused);
	tcase_add_test(tc, entries_lie_behind_each_other_and_end_with_the_section);
	return suite;
}
