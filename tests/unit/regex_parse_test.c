/*
 * regex_parse_test.c - our own parser of regexes, without PCRE2 before it: classes against
 *			<ctype.h>, and what it refuses by itself
 *
 * PCRE2 judges a policy's regexes first, so most refusals here are met by nobody: they hold
 * when PCRE2 is another version than the one we know.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/regex/regex.h"
#include "tests/unit/unit.h"

static struct pool pool;

static struct re *parse(struct re_parse *r, const char *text, unsigned flags)
{
	*r = (struct re_parse){ .pool = &pool, .s = (const uint8_t *)text, .len = strlen(text),
				.flags = flags };
	return re_parse(r);
}

static void after_each(void)
{
	pool_free(&pool);
}

static int is_ascii(int c)
{
	return c < 0x80;
}

static int is_word(int c)
{
	return isalnum(c) || c == '_';
}

static const struct {
	const char *name;
	int (*has)(int c);
} posix[] = {
	{ "alpha", isalpha }, { "lower", islower }, { "upper", isupper }, { "alnum", isalnum },
	{ "ascii", is_ascii }, { "blank", isblank }, { "cntrl", iscntrl }, { "digit", isdigit },
	{ "graph", isgraph }, { "print", isprint }, { "punct", ispunct }, { "space", isspace },
	{ "word", is_word }, { "xdigit", isxdigit },
};

static bool in_class(const char *text, unsigned flags, unsigned byte)
{
	struct re_parse r;
	struct re *re = parse(&r, text, flags);

	ck_assert_ptr_nonnull(re);
	while (re->kind == RE_CAT)
		re = re->child;
	ck_assert_int_eq(re->kind, RE_CLASS);
	return re->set.bits[byte / 64] >> byte % 64 & 1;
}

START_TEST(posix_classes)
{
	char text[32];

	for (size_t i = 0; i < sizeof(posix) / sizeof(posix[0]); i++)
		for (unsigned c = 0; c < 256; c++) {
			bool has = c < 0x80 && posix[i].has((int)c);
			bool either = !strcmp(posix[i].name, "lower") || !strcmp(posix[i].name, "upper");

			snprintf(text, sizeof(text), "[[:%s:]]", posix[i].name);
			ck_assert_msg(in_class(text, 0, c) == has, "%s %02x", text, c);
			if (either)
				has = c < 0x80 && isalpha((int)c);
			ck_assert_msg(in_class(text, PATTERN_I, c) == has, "%s i %02x", text, c);
			snprintf(text, sizeof(text), "[[:^%s:]]", posix[i].name);
			if (either)
				has = c < 0x80 && posix[i].has((int)c);
			ck_assert_msg(in_class(text, 0, c) != has, "%s %02x", text, c);
			after_each();
		}
}
END_TEST

/* What looks like a POSIX class and is none: PCRE2 reads it as single bytes. */
START_TEST(almost_posix_classes)
{
	static const struct { const char *text; const char *in, *out; } row[] = {
		{ "[[:alpha]", "[:alph", "bz]" },
		{ "[[:a[:z]", "[:az", "b]" },
		{ "[[:\\]a]", "[:]a", "b\\" },
		{ "[[a]", "[a", "b" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		for (const char *c = row[i].in; *c; c++)
			ck_assert_msg(in_class(row[i].text, 0, (uint8_t)*c), "%s %c", row[i].text, *c);
		for (const char *c = row[i].out; *c; c++)
			ck_assert_msg(!in_class(row[i].text, 0, (uint8_t)*c), "%s %c", row[i].text, *c);
	}
}
END_TEST

static const struct {
	const char *text, *what;
	size_t at;		/* of what is refused, from 0 */
} refused[] = {
	{ "a[bc", "this class does not end", 1 },
	{ "[", "this class does not end", 0 },
	{ "[^", "this class does not end", 0 },
	{ "[]", "this class does not end", 0 },
	{ "[[:", "this class does not end", 0 },
	{ "[[:nothing:]]", "this POSIX class is not supported", 1 },
	{ "[[.a.]]", "this POSIX class is not supported", 1 },
	{ "[[=a=]]", "this POSIX class is not supported", 1 },
	{ "[b-a]", "this range is not supported", 1 },
	{ "[\\d-z]", "this range is not supported", 1 },
	{ "[a-\\d]", "this range is not supported", 1 },
	{ "[a-\\R]", "\\R is not supported", 3 },
	{ "[a-[:nothing:]]", "this POSIX class is not supported", 3 },
	{ "[[:<:]]", "look-around is not supported", 0 },
	{ "x[[:>:]]", "look-around is not supported", 1 },
	{ "\\x{100}", "a character above \\xff is not supported", 0 },
	{ "\\x{g}", "this escape is not supported", 0 },
	{ "\\x{", "this escape is not supported", 0 },
	{ "\\x{}", "this escape is not supported", 0 },
	{ "\\x{41", "this escape is not supported", 0 },
	{ "\\o{400}", "a character above \\xff is not supported", 0 },
	{ "\\o{8}", "this escape is not supported", 0 },
	{ "\\o", "this escape is not supported", 0 },
	{ "[\\400]", "a character above \\xff is not supported", 1 },
	{ "[\\8]", "this escape is not supported", 1 },
	{ "\\8", "back-references are not supported", 0 },
	{ "\\i", "this escape is not supported", 0 },
	{ "\\c", "this escape is not supported", 0 },
	{ "\\C", "\\C is not supported", 0 },
	{ "[\\N]", "this escape is not supported", 1 },
	{ "[\\B]", "this escape is not supported in a class", 1 },
	{ "[\\A]", "this escape is not supported in a class", 1 },
	{ "\\\x80", "this escape is not supported", 0 },
	{ "a\\", "\\ at the end", 1 },
	{ "(a", "this group does not end", 0 },
	{ "a)", "unmatched ')'", 1 },
	{ "(?", "this inline flag is not supported", 0 },
	{ "(?<name", "this group is not supported", 0 },
	{ "*a", "nested quantifiers are not supported", 0 },
	{ "+a", "nested quantifiers are not supported", 0 },
	{ "?a", "nested quantifiers are not supported", 0 },
	{ "{2}a", "nested quantifiers are not supported", 0 },
};

START_TEST(refused_alone)
{
	int wrong = 0;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct re_parse r;
		struct re *re = parse(&r, refused[i].text, 0);

		if (re || !r.error || !strstr(r.error, refused[i].what) || r.error_at != refused[i].at) {
			fprintf(stderr, "# /%s/: at %zu, \"%s\"\n", refused[i].text, r.error_at,
				r.error ? r.error : "");
			wrong++;
		}
	}
	ck_assert_int_eq(wrong, 0);
}
END_TEST

/* PCRE2's limit on depth is 250 unless it is built with another. */
START_TEST(deep_groups)
{
	char text[2 * 5000 + 2];
	struct re_parse r;

	memset(text, '(', 5000);
	text[5000] = 'a';
	memset(text + 5001, ')', 5000);
	text[10001] = '\0';
	ck_assert_ptr_null(parse(&r, text, 0));
	ck_assert_str_eq(r.error, "groups are nested too deeply");
}
END_TEST

/* Any cut of a text that uses everything is read to its end and no further. */
START_TEST(cut_texts)
{
	static const char all[] = "a(?i:[[:^alpha:]\\x{41}-\\o{102}\\]]{2,3}?|\\07\\cA(?<n>b)++)(?#c)\\d$";

	for (size_t len = 0; len < sizeof(all); len++) {
		char *cut = strndup(all, len);	/* ASan watches its end */
		struct re_parse r = { .pool = &pool, .s = (const uint8_t *)cut, .len = len };
		struct re *re = re_parse(&r);

		ck_assert(!re == !!r.error);
		if (r.error)
			ck_assert_uint_le(r.error_at, len);
		free(cut);
	}
}
END_TEST

static void add(Suite *s, const char *name, const TTest *test)
{
	TCase *c = unit_case(s, name);

	tcase_add_checked_fixture(c, NULL, after_each);
	tcase_add_test(c, test);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("regex parser");

	add(s, "posix classes are those of the C locale", posix_classes);
	add(s, "what only looks like a posix class is its bytes", almost_posix_classes);
	add(s, "what PCRE2 refuses is refused without it too", refused_alone);
	add(s, "deep groups are refused", deep_groups);
	add(s, "cut texts are read to their end", cut_texts);
	return s;
}
