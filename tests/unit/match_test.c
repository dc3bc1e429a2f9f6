/*
 * match_test.c - literals, positions and extents of content search
 *
 * The oracle for literals compares at every offset.
 */
#include "tests/unit/match_lab.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define MAX_MATCHES	4096

struct got {
	struct match_extent m[MAX_MATCHES];
	uint32_t n;
};

static void collect(void *arg, const struct match_extent *m)
{
	struct got *g = arg;

	ck_assert_uint_lt(g->n, MAX_MATCHES);
	g->m[g->n++] = *m;
}

/* A lab with one query for one pattern. */
static void open_one(struct lab *l, struct pattern *(*make)(struct lab *, const char *, unsigned),
		     const char *text, unsigned flags)
{
	struct pattern *p;

	lab_open(l, PLAN_BEST);
	p = make(l, text, flags);
	lab_query(l, &p, 1);
	ck_assert_int_eq(lab_load(l), 0);
}

static struct pattern *literal(struct lab *l, const char *text, unsigned flags)
{
	return lab_literal(l, text, strlen(text), flags);
}

static struct pattern *hex(struct lab *l, const char *text, unsigned flags)
{
	(void)flags;
	return lab_hex(l, text);
}

static enum match_answer ask(struct lab *l, uint32_t query, const void *s, size_t len)
{
	lab_subject(l, s, len);
	return match_query(l->state, query);
}

#define ASK(l, query, text)	ask(l, query, text, sizeof(text) - 1)

/* ---- literals against the naive search ---- */

struct lit {
	uint8_t s[16];
	size_t n;
	bool fold;
};

static bool lit_at(const struct lit *l, const uint8_t *s, size_t len, size_t at)
{
	if (l->n > len - at)
		return false;
	for (size_t i = 0; i < l->n; i++) {
		uint8_t a = l->s[i], b = s[at + i];

		if (l->fold ? hvm_fold(a) != hvm_fold(b) : a != b)
			return false;
	}
	return true;
}

static bool allowed(size_t at, uint64_t first, uint64_t last, uint64_t every)
{
	for (uint64_t k = 0; first + k * every <= at; k++) {
		if (at <= last + k * every)
			return true;
		if (!every)
			return false;
	}
	return false;
}

static bool naive_has(const struct lit *l, size_t count, const uint8_t *s, size_t len,
		      uint64_t first, uint64_t last, uint64_t every)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t at = 0; at < len; at++) {
			if (allowed(at, first, last, every) && lit_at(&l[i], s, len, at))
				return true;
		}
	}
	return false;
}

/* Matches of each literal that do not overlap, from the left; ascending by their ends. */
static uint32_t naive_count(const struct lit *l, size_t count, const uint8_t *s, size_t len,
			    uint32_t *bytes)
{
	uint32_t n = 0;

	*bytes = 0;
	for (size_t i = 0; i < count; i++) {
		for (size_t at = 0; at < len; at++) {
			if (!lit_at(&l[i], s, len, at))
				continue;
			n++;
			*bytes += (uint32_t)(at * 31 + l[i].n);
			at += l[i].n - 1;
		}
	}
	return n;
}

static int naive_first(const struct lit *l, size_t count, const uint8_t *s, size_t len,
		       struct match_extent *out)
{
	for (size_t at = 0; at < len; at++) {
		out->len = 0;
		for (size_t i = 0; i < count; i++) {
			if (l[i].n > out->len && lit_at(&l[i], s, len, at))
				*out = (struct match_extent){ (uint32_t)i, (uint32_t)at,
							      (uint32_t)l[i].n };
		}
		if (out->len)
			return 0;
	}
	return -1;
}

static void check_literals(struct lab *l, const struct lit *lits, size_t count, const uint8_t *s,
			   size_t len, uint64_t first, uint64_t last, uint64_t every)
{
	static struct got got;
	struct match_extent want, have = { 0 };
	uint32_t sum = 0, bytes;

	lab_subject(l, s, len);
	ck_assert_int_eq(match_query(l->state, 0),
			 naive_has(lits, count, s, len, 0, UINT64_MAX, 0));
	ck_assert_int_eq(match_query(l->state, 1),
			 naive_has(lits, count, s, len, first, last, every));
	got.n = 0;
	match_each(l->state, 0, collect, &got);
	ck_assert_uint_eq(got.n, naive_count(lits, count, s, len, &bytes));
	for (uint32_t i = 0; i < got.n; i++) {
		sum += got.m[i].start * 31 + got.m[i].len;
		ck_assert(lit_at(&lits[got.m[i].pattern], s, len, got.m[i].start));
		ck_assert_uint_eq(got.m[i].len, lits[got.m[i].pattern].n);
		ck_assert(!i || got.m[i].start + got.m[i].len >=
				got.m[i - 1].start + got.m[i - 1].len);
	}
	ck_assert_uint_eq(sum, bytes);
	ck_assert_int_eq(match_first(l->state, 0, &have),
			 naive_first(lits, count, s, len, &want));
	if (got.n)
		ck_assert_mem_eq(&have, &want, sizeof(want));
}

START_TEST(literals_naive)
{
	uint64_t seed = 3935559000370003845u + (uint64_t)_i;

	for (int round = 0; round < 60; round++) {
		struct pattern *p[12];
		struct lit lits[12];
		size_t count = 1 + lab_random(&seed, 12);
		uint64_t first = lab_random(&seed, 30), last = first + lab_random(&seed, 6);
		uint64_t every = lab_random(&seed, 2) ? lab_random(&seed, 20) : 0;
		uint8_t s[64];
		struct lab l;

		lab_open(&l, PLAN_BEST);
		for (size_t i = 0; i < count; i++) {
			lits[i].n = 1 + lab_random(&seed, i & 1 ? 3 : 7);
			lits[i].fold = lab_random(&seed, 3) == 0;
			for (size_t k = 0; k < lits[i].n; k++)
				lits[i].s[k] = (uint8_t)"abAB"[lab_random(&seed, 4)];
			p[i] = lab_literal(&l, lits[i].s, lits[i].n, lits[i].fold ? PATTERN_I : 0);
		}
		lab_query(&l, p, count);
		lab_query_at(&l, p, count, first, last, every);
		ck_assert_int_eq(lab_load(&l), 0);
		for (int k = 0; k < 20; k++) {
			size_t len = lab_random(&seed, sizeof(s) + 1);

			for (size_t b = 0; b < len; b++)
				s[b] = (uint8_t)"aabbAB."[lab_random(&seed, 7)];
			check_literals(&l, lits, count, s, len, first, last, every);
		}
		lab_close(&l);
	}
}
END_TEST

START_TEST(wide_and_nocase)
{
	struct lab l;

	open_one(&l, literal, "Note", PATTERN_I | PATTERN_WIDE);
	ck_assert_int_eq(ASK(&l, 0, "xn\0O\0t\0E\0"), MATCH_YES);
	ck_assert_int_eq(ASK(&l, 0, "xn\0O\0t\0E"), MATCH_NO);
	ck_assert_int_eq(ASK(&l, 0, "note"), MATCH_NO);
	lab_close(&l);
	open_one(&l, literal, "Note", PATTERN_WIDE);
	ck_assert_int_eq(ASK(&l, 0, "N\0o\0t\0e\0"), MATCH_YES);
	ck_assert_int_eq(ASK(&l, 0, "n\0o\0t\0e\0"), MATCH_NO);
	lab_close(&l);
	/* only the 26 letters have two cases */
	open_one(&l, literal, "@[`{\xc4", PATTERN_I);
	ck_assert_int_eq(ASK(&l, 0, "@[`{\xc4"), MATCH_YES);
	ck_assert_int_eq(ASK(&l, 0, "`[`{\xc4"), MATCH_NO);
	ck_assert_int_eq(ASK(&l, 0, "@{`{\xc4"), MATCH_NO);
	ck_assert_int_eq(ASK(&l, 0, "@[`{\xe4"), MATCH_NO);
	lab_close(&l);
	open_one(&l, literal, "azAZ", PATTERN_I);
	ck_assert_int_eq(ASK(&l, 0, "AZaz"), MATCH_YES);
	lab_close(&l);
}
END_TEST

START_TEST(hex_patterns)
{
	struct lab l;
	struct match_extent m;

	open_one(&l, hex, "4d 5a ?? 00 [2-4] 50", 0);
	ck_assert_int_eq(ASK(&l, 0, "MZ\n\0xxP"), MATCH_YES);
	ck_assert_int_eq(ASK(&l, 0, "MZ.\0xxxxP"), MATCH_YES);
	ck_assert_int_eq(ASK(&l, 0, "MZ.\0xP"), MATCH_NO);
	ck_assert_int_eq(ASK(&l, 0, "MZ.\0xxxxxP"), MATCH_NO);
	ck_assert_int_eq(ASK(&l, 0, "MZ\0xxP"), MATCH_NO);
	ck_assert_int_eq(ASK(&l, 0, ".MZ.\0PPPPP"), MATCH_YES);
	ck_assert_int_eq(match_first(l.state, 0, &m), 0);	/* the longest */
	ck_assert_uint_eq(m.start, 1);
	ck_assert_uint_eq(m.len, 9);
	lab_close(&l);
	open_one(&l, hex, "50 4b 03 04", 0);
	ck_assert_int_eq(ASK(&l, 0, "xPK\3\4"), MATCH_YES);
	ck_assert_int_eq(ASK(&l, 0, "xPK\3\5"), MATCH_NO);
	lab_close(&l);
}
END_TEST

/* ---- positions ---- */

START_TEST(positions_of_regexes)
{
	static const char s[] = "aa-ab ab\nab";
	struct pattern *p;
	struct lab l;
	uint32_t at[12];

	lab_open(&l, PLAN_BEST);
	p = lab_regex(&l, "\\bab|^x|a\\n?b$", 13, PATTERN_M);
	for (uint32_t i = 0; i < 12; i++)
		at[i] = lab_query_at(&l, &p, 1, i, i, 0);
	ck_assert_int_eq(lab_load(&l), 0);
	lab_subject(&l, s, sizeof(s) - 1);
	for (uint32_t i = 0; i < 12; i++)
		ck_assert_int_eq(match_query(l.state, at[i]), i == 3 || i == 6 || i == 9);
	lab_close(&l);
}
END_TEST

START_TEST(anchors_at_positions)
{
	struct pattern *p[2];
	struct lab l;
	uint32_t q[4];

	lab_open(&l, PLAN_BEST);
	p[0] = lab_regex(&l, "^[ab]", 5, 0);
	p[1] = lab_regex(&l, "^[ab]", 5, PATTERN_M);
	q[0] = lab_query_at(&l, &p[0], 1, 0, 0, 0);
	q[1] = lab_query_at(&l, &p[0], 1, 2, 2, 0);
	q[2] = lab_query_at(&l, &p[1], 1, 2, 2, 0);
	q[3] = lab_query_at(&l, &p[1], 1, 1, 1, 0);
	ck_assert_int_eq(lab_load(&l), 0);
	lab_subject(&l, "a\nb", 3);
	ck_assert_int_eq(match_query(l.state, q[0]), MATCH_YES);
	ck_assert_int_eq(match_query(l.state, q[1]), MATCH_NO);
	ck_assert_int_eq(match_query(l.state, q[2]), MATCH_YES);
	ck_assert_int_eq(match_query(l.state, q[3]), MATCH_NO);
	lab_close(&l);
}
END_TEST

/* `a+` starts everywhere in a run, not only where a leftmost search would stop. */
START_TEST(overlapping_starts_count)
{
	struct pattern *p[2];
	struct lab l;
	uint32_t q[4];

	lab_open(&l, PLAN_BEST);
	p[0] = lab_regex(&l, "a+b", 3, 0);
	p[1] = lab_literal(&l, "aa", 2, 0);
	q[0] = lab_query_at(&l, &p[0], 1, 3, 3, 0);
	q[1] = lab_query_at(&l, &p[1], 1, 1, 1, 0);
	q[2] = lab_query_at(&l, &p[0], 1, 1, 1, 512);
	q[3] = lab_query_at(&l, &p[1], 1, 3, 5, 0);
	ck_assert_int_eq(lab_load(&l), 0);
	lab_subject(&l, "aaaab", 5);
	ck_assert_int_eq(match_query(l.state, q[0]), MATCH_YES);
	ck_assert_int_eq(match_query(l.state, q[1]), MATCH_YES);
	ck_assert_int_eq(match_query(l.state, q[2]), MATCH_YES);
	ck_assert_int_eq(match_query(l.state, q[3]), MATCH_NO);
	lab_close(&l);
}
END_TEST

START_TEST(every_repeats_the_window)
{
	static uint8_t s[4096];
	struct pattern *p[2];
	struct lab l;
	uint32_t q[4];

	lab_open(&l, PLAN_BEST);
	p[0] = lab_literal(&l, "boot", 4, 0);
	p[1] = lab_regex(&l, "bo+t", 4, 0);
	for (uint32_t i = 0; i < 2; i++) {
		q[i] = lab_query_at(&l, &p[i], 1, 0, 0, 512);
		q[2 + i] = lab_query_at(&l, &p[i], 1, 10, 12, 512);
	}
	ck_assert_int_eq(lab_load(&l), 0);
	for (uint32_t at = 0; at < sizeof(s) - 4; at++) {
		memcpy(s + at, "boot", 4);
		lab_subject(&l, s, sizeof(s));
		for (uint32_t i = 0; i < 2; i++) {
			ck_assert_int_eq(match_query(l.state, q[i]), at % 512 == 0);
			ck_assert_int_eq(match_query(l.state, q[2 + i]),
					 at % 512 >= 10 && at % 512 <= 12);
		}
		memset(s + at, 0, 4);
	}
	lab_close(&l);
}
END_TEST

/* Windows that repeat at any distance, not only at powers of two. */
START_TEST(windows_of_regexes_naive)
{
	static struct { uint64_t first, last, every; } w[12 * 3 * 14];
	uint64_t seed = 88172645463325252u;
	uint32_t n = 0;
	struct pattern *p;
	struct lab l;

	lab_open(&l, PLAN_BEST);
	p = lab_regex(&l, "[ab]c", 5, 0);
	for (uint64_t first = 0; first < 12; first++) {
		for (uint64_t span = 0; span < 3; span++) {
			for (uint64_t every = 0; every < 14; every++, n++) {
				w[n].first = first;
				w[n].last = first + span;
				w[n].every = every;
				ck_assert_uint_eq(lab_query_at(&l, &p, 1, first, first + span,
							       every), n);
			}
		}
	}
	ck_assert_int_eq(lab_load(&l), 0);
	for (int round = 0; round < 20; round++) {
		uint8_t s[40] = { 0 };

		for (size_t i = 0; i < sizeof(s); i++)
			s[i] = (uint8_t)"ac......"[lab_random(&seed, 8)];
		lab_subject(&l, s, sizeof(s));
		for (uint32_t q = 0; q < n; q++) {
			bool has = false;

			for (size_t at = 0; at + 1 < sizeof(s); at++)
				has |= s[at] == 'a' && s[at + 1] == 'c' &&
				       allowed(at, w[q].first, w[q].last, w[q].every);
			ck_assert_int_eq(match_query(l.state, q), has);
		}
	}
	lab_close(&l);
}
END_TEST

START_TEST(positions_at_the_limits)
{
	struct pattern *p[2];
	struct lab l;
	uint32_t q[6];

	lab_open(&l, PLAN_BEST);
	p[0] = lab_literal(&l, "ab", 2, 0);
	p[1] = lab_regex(&l, "a[bc]", 5, 0);
	for (uint32_t i = 0; i < 2; i++) {
		q[i] = lab_query_at(&l, &p[i], 1, UINT64_MAX, UINT64_MAX, 0);
		q[2 + i] = lab_query_at(&l, &p[i], 1, 0, UINT64_MAX, 0);
		q[4 + i] = lab_query_at(&l, &p[i], 1, 2, UINT64_MAX, UINT64_MAX);
	}
	ck_assert_int_eq(lab_load(&l), 0);
	lab_subject(&l, "..ab", 4);
	for (uint32_t i = 0; i < 2; i++) {
		ck_assert_int_eq(match_query(l.state, q[i]), MATCH_NO);
		ck_assert_int_eq(match_query(l.state, q[2 + i]), MATCH_YES);
		ck_assert_int_eq(match_query(l.state, q[4 + i]), MATCH_YES);
	}
	lab_subject(&l, "ab..", 4);
	ck_assert_int_eq(match_query(l.state, q[4]), MATCH_NO);
	lab_close(&l);
}
END_TEST

/* ---- queries ---- */

START_TEST(only_the_querys_patterns)
{
	struct pattern *p[4];
	struct lab l;
	uint32_t q[4], both;
	struct match_extent m;

	lab_open(&l, PLAN_BEST);
	p[0] = lab_literal(&l, "one", 3, 0);
	p[1] = lab_literal(&l, "TWO", 3, PATTERN_I);
	p[2] = lab_regex(&l, "th?ree", 6, 0);
	p[3] = lab_literal(&l, "on", 2, 0);
	for (uint32_t i = 0; i < 4; i++)
		q[i] = lab_query(&l, &p[i], 1);
	both = lab_query(&l, p, 4);
	ck_assert_uint_eq(both, lab_query(&l, p, 4));	/* equal queries share a number */
	ck_assert_uint_eq(q[1], lab_query(&l, &p[1], 1));
	ck_assert_uint_ne(both, lab_query_at(&l, p, 4, 0, 0, 0));
	ck_assert_int_eq(lab_load(&l), 0);
	lab_subject(&l, "..two tree", 10);
	ck_assert_int_eq(match_query(l.state, q[0]), MATCH_NO);
	ck_assert_int_eq(match_query(l.state, q[1]), MATCH_YES);
	ck_assert_int_eq(match_query(l.state, q[2]), MATCH_YES);
	ck_assert_int_eq(match_query(l.state, q[3]), MATCH_NO);
	ck_assert_int_eq(match_first(l.state, both, &m), 0);
	ck_assert_uint_eq(m.pattern, 1);
	ck_assert_uint_eq(m.start, 2);
	ck_assert_int_eq(match_first(l.state, q[0], &m), -1);
	lab_subject(&l, "one", 3);
	ck_assert_int_eq(match_query(l.state, q[3]), MATCH_YES);
	ck_assert_int_eq(match_query(l.state, q[1]), MATCH_NO);
	ck_assert_int_eq(match_first(l.state, both, &m), 0);
	ck_assert_uint_eq(m.len, 3);
	lab_close(&l);
}
END_TEST

START_TEST(areas_and_hooks_are_apart)
{
	struct query q = { .area = HV_AREA_FRAME, .pattern_count = 1 };
	struct pattern *p;
	struct lab l;
	uint32_t in, out, data;

	lab_open(&l, PLAN_BEST);
	p = lab_literal(&l, "secret", 6, 0);
	q.patterns = &p;
	in = match_builder_query(l.builder, HV_HOOK_NET_IN, &q);
	out = match_builder_query(l.builder, HV_HOOK_NET_OUT, &q);
	q.area = HV_AREA_PAYLOAD;
	data = match_builder_query(l.builder, HV_HOOK_NET_OUT, &q);
	ck_assert_int_eq(lab_load(&l), 0);
	ck_assert_uint_eq(match_query_count(l.table), 3);
	ck_assert_uint_eq(match_pattern_count(l.table), 1);
	ck_assert_uint_eq(match_query_area(l.table, data), HV_AREA_PAYLOAD);
	ck_assert_uint_eq(match_query_hook(l.table, in), HV_HOOK_NET_IN);
	ck_assert_uint_eq(match_query_hook(l.table, out), HV_HOOK_NET_OUT);
	match_begin(l.state, HV_HOOK_NET_OUT, NULL);
	match_area(l.state, HV_AREA_FRAME, (const uint8_t *)"..secret", 8);
	match_area(l.state, HV_AREA_PAYLOAD, (const uint8_t *)"ecret", 5);
	ck_assert_int_eq(match_query(l.state, out), MATCH_YES);
	ck_assert_int_eq(match_query(l.state, data), MATCH_NO);
	match_begin(l.state, HV_HOOK_NET_IN, NULL);	/* all is forgotten */
	ck_assert_int_eq(match_query(l.state, in), MATCH_NO);
	ck_assert_int_eq(match_query(l.state, out), MATCH_NO);
	lab_close(&l);
}
END_TEST

START_TEST(leftmost_then_longest_then_lowest)
{
	struct pattern *p[4];
	struct match_extent m;
	struct lab l;

	lab_open(&l, PLAN_BEST);
	p[0] = lab_regex(&l, "[x]y", 4, 0);	/* ends first */
	p[1] = lab_literal(&l, "bcxyz", 5, 0);
	p[2] = lab_regex(&l, "bc(?:xyz)?", 10, 0);
	p[3] = lab_literal(&l, "BCXYZ", 5, PATTERN_I);
	lab_query(&l, p, 4);
	lab_query(&l, p + 2, 2);
	ck_assert_int_eq(lab_load(&l), 0);
	lab_subject(&l, "abcxyz", 6);
	ck_assert_int_eq(match_first(l.state, 0, &m), 0);
	ck_assert_uint_eq(m.start, 1);
	ck_assert_uint_eq(m.len, 5);
	ck_assert_uint_eq(m.pattern, 1);	/* numbered as the builder met them */
	ck_assert_str_eq(match_pattern_name(l.table, m.pattern), "p");
	lab_close(&l);
}
END_TEST

START_TEST(each_match_in_order)
{
	struct pattern *p[3];
	static struct got got;
	struct lab l;

	lab_open(&l, PLAN_BEST);
	p[0] = lab_literal(&l, "aa", 2, 0);
	p[1] = lab_regex(&l, "a+b", 3, 0);
	p[2] = lab_literal(&l, "B", 1, PATTERN_I);
	lab_query(&l, p, 3);
	ck_assert_int_eq(lab_load(&l), 0);
	lab_subject(&l, "aaaab.ab", 8);
	ck_assert_int_eq(match_each(l.state, 0, collect, &got), MATCH_YES);
	ck_assert_uint_eq(got.n, 6);
	ck_assert_uint_eq(got.m[0].start, 0);		/* aa */
	ck_assert_uint_eq(got.m[1].start, 2);		/* aa, the overlapping one is none */
	ck_assert_uint_eq(got.m[2].start, 4);		/* b */
	ck_assert_uint_eq(got.m[3].start, 0);		/* aaaab */
	ck_assert_uint_eq(got.m[3].len, 5);
	ck_assert_uint_eq(got.m[4].start, 7);
	ck_assert_uint_eq(got.m[5].start, 6);
	got.n = 0;
	lab_subject(&l, "...", 3);
	ck_assert_int_eq(match_each(l.state, 0, collect, &got), MATCH_NO);
	ck_assert_uint_eq(got.n, 0);
	lab_close(&l);
}
END_TEST

/* Their ends and what they wait for: one that has no more, one that ends later than the other. */
START_TEST(each_match_of_two_regexes)
{
	static const struct { const char *text; uint32_t n; uint8_t start[8]; } cases[] = {
		{ "ab.cd.ab.cd.cd", 5, { 0, 3, 6, 9, 12 } },
		{ "ab.cd.cd.cd", 4, { 0, 3, 6, 9 } },
		{ "cd.ab.ab.ab", 4, { 0, 3, 6, 9 } },
		{ "cd.cd.ab.ab", 4, { 0, 3, 6, 9 } },
		{ "ab.ab.cd.cd", 4, { 0, 3, 6, 9 } },
	};
	struct pattern *p[2];
	struct lab l;

	lab_open(&l, PLAN_BEST);
	p[0] = lab_regex(&l, "[ax]b", 5, 0);
	p[1] = lab_regex(&l, "[cx]d", 5, 0);
	lab_query(&l, p, 2);
	ck_assert_int_eq(lab_load(&l), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct got got;

		got.n = 0;
		lab_subject(&l, cases[i].text, strlen(cases[i].text));
		ck_assert_int_eq(match_each(l.state, 0, collect, &got), MATCH_YES);
		ck_assert_uint_eq(got.n, cases[i].n);
		for (uint32_t k = 0; k < got.n; k++)
			ck_assert_uint_eq(got.m[k].start, cases[i].start[k]);
	}
	lab_close(&l);
}
END_TEST

/* The bytes may be the guest's: what was answered once holds until the next transfer. */
START_TEST(an_answer_stays_whatever_becomes_of_the_bytes)
{
	char s[] = "..ac", none[] = "....";
	struct match_extent m;
	struct pattern *p;
	struct lab l;

	lab_open(&l, PLAN_BEST);
	p = lab_regex(&l, "[ab][cd]", 8, 0);
	lab_query(&l, &p, 1);
	ck_assert_int_eq(lab_load(&l), 0);
	ck_assert_int_eq(ask(&l, 0, s, 4), MATCH_YES);
	memcpy(s, none, 4);
	ck_assert_int_eq(match_query(l.state, 0), MATCH_YES);
	ck_assert_int_eq(ask(&l, 0, s, 4), MATCH_NO);
	memcpy(s, "bd", 2);
	ck_assert_int_eq(match_query(l.state, 0), MATCH_NO);
	ck_assert_int_eq(match_first(l.state, 0, &m), -1);
	ck_assert_int_eq(ask(&l, 0, s, 4), MATCH_YES);
	ck_assert_int_eq(match_first(l.state, 0, &m), 0);
	lab_close(&l);
}
END_TEST

START_TEST(an_arena_too_small_for_the_state_is_an_error)
{
	static uint8_t memory[1 << 16] __attribute__((aligned(16)));
	struct match_state *st;
	struct match_table *t;
	struct pattern *p[6];
	struct arena a;
	struct lab l;
	size_t begin, need;

	lab_open(&l, PLAN_BEST);
	p[0] = lab_literal(&l, "one", 3, 0);
	p[1] = lab_literal(&l, "two", 3, 0);
	p[2] = lab_literal(&l, "three", 5, 0);
	p[3] = lab_literal(&l, "four", 4, PATTERN_I);
	p[4] = lab_literal(&l, "five", 4, PATTERN_I);
	p[5] = lab_regex(&l, "[ab].{9}[cd]", 12, 0);
	lab_query(&l, p, 6);
	ck_assert_int_eq(lab_load(&l), 0);
	arena_init(&a, memory, sizeof(memory));
	ck_assert_int_eq(match_table_load(&a, l.blob.bytes, l.blob.len, &t, NULL), 0);
	begin = a.used;
	ck_assert_int_eq(match_state_create(&a, t, &st, NULL), 0);
	need = a.used - begin;
	for (size_t room = 0; room <= need; room += 16) {
		arena_init(&a, memory, begin + room);
		a.used = begin;
		ck_assert_int_eq(match_state_create(&a, t, &st, NULL),
				 room < need ? POLICY_ENOMEM : 0);
	}
	lab_close(&l);
}
END_TEST

START_TEST(empty_and_absent_areas)
{
	struct pattern *p[3];
	struct match_extent m;
	static struct got got;
	struct lab l;

	lab_open(&l, PLAN_BEST);
	p[0] = lab_literal(&l, "a", 1, 0);
	p[1] = lab_regex(&l, "[ab]", 4, 0);
	p[2] = lab_regex(&l, "[ab].{40}c.{40}", 15, 0);
	lab_query(&l, p, 3);
	lab_query_at(&l, p, 3, 0, 0, 0);
	lab_query(&l, p, 0);			/* has any {} */
	ck_assert_int_eq(lab_load(&l), 0);
	lab_subject(&l, NULL, 0);
	for (uint32_t q = 0; q < 3; q++) {
		ck_assert_int_eq(match_query(l.state, q), MATCH_NO);
		ck_assert_int_eq(match_first(l.state, q, &m), -1);
		ck_assert_int_eq(match_each(l.state, q, collect, &got), MATCH_NO);
	}
	ck_assert_int_eq(ASK(&l, 2, "a"), MATCH_NO);
	lab_close(&l);
}
END_TEST

/* In a block of exactly what it needs: what is noted twice runs over its end. */
START_TEST(found_everywhere_noted_once)
{
	static uint8_t bytes[1 << 16];
	struct match_table *t;
	struct match_state *st;
	struct arena a;
	struct lab l;
	size_t size;

	memset(bytes, 'a', sizeof(bytes));
	open_one(&l, literal, "a", 0);
	size = (l.arena.peak + 15) & ~(size_t)15;
	arena_init(&a, aligned_alloc(16, size), size);
	ck_assert_int_eq(match_table_load(&a, l.blob.bytes, l.blob.len, &t, NULL), 0);
	ck_assert_int_eq(match_state_create(&a, t, &st, NULL), 0);
	match_begin(st, HV_HOOK_DISK_WRITE, NULL);
	match_area(st, HV_AREA_DATA, bytes, sizeof(bytes));
	ck_assert_int_eq(match_query(st, 0), MATCH_YES);
	free(a.base);
	lab_close(&l);
}
END_TEST

static void claim(Suite *s, const char *name, const TTest *test)
{
	tcase_add_test(unit_case(s, name), test);
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("content search");

	tcase_add_loop_test(unit_case(s, "literals are found where a naive search finds them"),
			    literals_naive, 0, 4);
	claim(s, "wide literals are UTF-16LE, and i folds ASCII letters only", wide_and_nocase);
	claim(s, "hex patterns: bytes, any byte, gaps", hex_patterns);
	claim(s, "a regex at a position sees its real neighbours", positions_of_regexes);
	claim(s, "^ at a position holds at the area's start, with m at a line's",
	      anchors_at_positions);
	claim(s, "any match that starts at the position counts", overlapping_starts_count);
	claim(s, "every repeats a window", every_repeats_the_window);
	claim(s, "a regex is found in windows where a naive search finds it",
	      windows_of_regexes_naive);
	claim(s, "positions beyond the area and at 2^64 - 1", positions_at_the_limits);
	claim(s, "a query asks for its own patterns only", only_the_querys_patterns);
	claim(s, "areas and hooks are searched apart", areas_and_hooks_are_apart);
	claim(s, "the first match is leftmost, longest, lowest", leftmost_then_longest_then_lowest);
	claim(s, "each match, ascending by end, not overlapping by pattern", each_match_in_order);
	claim(s, "each match of two regexes, whichever ends first or has no more",
	      each_match_of_two_regexes);
	claim(s, "an answer stays for its transfer, whatever becomes of the bytes",
	      an_answer_stays_whatever_becomes_of_the_bytes);
	claim(s, "an arena that is too small for the state is an error",
	      an_arena_too_small_for_the_state_is_an_error);
	claim(s, "an empty area holds nothing", empty_and_absent_areas);
	claim(s, "a literal that is everywhere is noted once", found_everywhere_noted_once);
	return s;
}
