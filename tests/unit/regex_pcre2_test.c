/*
 * regex_pcre2_test.c - our automata against PCRE2, byte for byte
 *
 * Existence is held against pcre2_match on every prefix of a subject, extents against
 * the first match of pcre2_dfa_match, taken again behind each match.  Both plans, DFA and
 * positions, answer each question.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/match_lab.h"
#include "tests/unit/unit.h"

#define MAX_MATCHES	512

/*
 * pcre2_match ignores DOLLAR_ENDONLY where multi-line mode is on, as documented;
 * pcre2_dfa_match does not (10.42).  So extents of multi-line patterns are asked of
 * a pattern compiled without it, and not at all where $ may mean both.
 */
struct oracle {
	pcre2_code *code, *dfa;		/* dfa NULL: extents are not asked */
	pcre2_match_data *data;
	int workspace[20000];
};

static pcre2_code *compile(const char *text, size_t len, unsigned flags, uint32_t options)
{
	pcre2_compile_context *ctx = pcre2_compile_context_create(NULL);
	pcre2_code *code;
	PCRE2_SIZE at;
	int error;

	options |= PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
		   (flags & PATTERN_I ? PCRE2_CASELESS : 0) |
		   (flags & PATTERN_S ? PCRE2_DOTALL : 0) |
		   (flags & PATTERN_M ? PCRE2_MULTILINE : 0) |
		   (flags & PATTERN_X ? PCRE2_EXTENDED : 0);
	pcre2_set_newline(ctx, PCRE2_NEWLINE_LF);
	code = pcre2_compile((PCRE2_SPTR)text, len, options, &error, &at, ctx);
	pcre2_compile_context_free(ctx);
	return code;
}

static bool oracle_open(struct oracle *o, const char *text, size_t len, unsigned flags)
{
	bool inner = memmem(text, len, "(?m", 3) || memmem(text, len, "-m", 2);

	o->code = compile(text, len, flags, PCRE2_DOLLAR_ENDONLY);
	o->dfa = NULL;
	if (!o->code)
		return false;
	if (!inner || !memchr(text, '$', len))
		o->dfa = compile(text, len, flags, flags & PATTERN_M ? 0 : PCRE2_DOLLAR_ENDONLY);
	o->data = pcre2_match_data_create(64, NULL);
	return true;
}

static void oracle_close(struct oracle *o)
{
	pcre2_match_data_free(o->data);
	pcre2_code_free(o->code);
	pcre2_code_free(o->dfa);
}

/* 1, 0, or -1: PCRE2 gave up. */
static int oracle_has(struct oracle *o, const uint8_t *s, size_t len)
{
	int rc = pcre2_match(o->code, s, len, 0, 0, o->data, NULL);

	return rc >= 0 ? 1 : rc == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

/* The matches of pcre2_dfa_match, one behind the other; -1: it gave up. */
static int oracle_each(struct oracle *o, const uint8_t *s, size_t len, struct match_extent *out)
{
	PCRE2_SIZE from = 0;
	int n = 0;

	while (o->dfa && n < MAX_MATCHES) {
		int rc = pcre2_dfa_match(o->dfa, s, len, from, 0, o->data, NULL, o->workspace,
					 20000);
		const PCRE2_SIZE *v = pcre2_get_ovector_pointer(o->data);

		if (rc == PCRE2_ERROR_NOMATCH)
			return n;
		if (rc < 0)
			return -1;
		out[n].pattern = 0;
		out[n].start = (uint32_t)v[0];
		out[n++].len = (uint32_t)(v[1] - v[0]);
		from = v[1];
	}
	return o->dfa ? n : -1;
}

struct got {
	struct match_extent m[MAX_MATCHES];
	int n;
};

static void collect(void *arg, const struct match_extent *m)
{
	struct got *g = arg;

	if (g->n < MAX_MATCHES)
		g->m[g->n++] = *m;
}

static void show(const char *what, const char *text, unsigned flags, const uint8_t *s, size_t len)
{
	fprintf(stderr, "# %s: /%s/ flags %u on ", what, text, flags);
	for (size_t i = 0; i < len; i++)
		fprintf(stderr, "%02x", s[i]);
	fprintf(stderr, "\n");
}

static void check_extents(struct lab *l, struct oracle *o, const char *text, unsigned flags,
			  const uint8_t *s, size_t len)
{
	static struct match_extent want[MAX_MATCHES];
	static struct got got;
	struct match_extent first;
	int n = oracle_each(o, s, len, want);

	if (n < 0)
		return;
	got.n = 0;
	match_each(l->state, 0, collect, &got);
	if (got.n != n || memcmp(got.m, want, (size_t)n * sizeof(want[0])))
		show("extents differ", text, flags, s, len);
	ck_assert_int_eq(got.n, n);
	ck_assert_mem_eq(got.m, want, (size_t)n * sizeof(want[0]));
	ck_assert_int_eq(match_first(l->state, 0, &first), n ? 0 : -1);
	if (n)
		ck_assert_mem_eq(&first, want, sizeof(first));
}

static int hits, misses;

/* Every prefix of the subject. */
static void check_subject(struct lab labs[2], struct oracle *o, const char *text, unsigned flags,
			  const uint8_t *s, size_t len)
{
	for (size_t cut = 0; cut <= len; cut++) {
		int want = oracle_has(o, s, cut);

		if (want < 0)
			continue;
		hits += want;
		misses += !want;
		for (int plan = 0; plan < 2; plan++) {
			struct lab *l = &labs[plan];

			lab_subject(l, s, cut);
			if ((int)match_query(l->state, 0) != want)
				show(plan ? "positions differ" : "DFA differs", text, flags, s,
				     cut);
			ck_assert_int_eq(match_query(l->state, 0), want);
			if (cut == len || !(cut & 7))
				check_extents(l, o, text, flags, s, cut);
		}
	}
}

/* 0 when the pattern is refused. */
static int open_both(struct lab labs[2], const char *text, size_t len, unsigned flags)
{
	for (int plan = 0; plan < 2; plan++) {
		struct pattern *p;

		lab_open(&labs[plan], plan ? PLAN_NFA_ONLY : PLAN_BEST);
		p = lab_regex(&labs[plan], text, len, flags);
		lab_query(&labs[plan], &p, 1);
		ck_assert_int_eq(lab_load(&labs[plan]), 0);
	}
	return !labs[0].diags.errors;
}

/* ---- generated regexes ---- */

struct text {
	char s[512];
	size_t n;
	uint64_t seed;
	unsigned depth;
};

static void put(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if (t->n + n < sizeof(t->s)) {
		memcpy(t->s + t->n, s, n);
		t->n += n;
	}
}

static const char *const atoms[] = {
	"a", "b", "c", "A", "B", "_", "1", " ", "\\n", ".", "\\w", "\\W", "\\d", "\\D", "\\s", "\\S",
	"[ab]", "[^a]", "[a-c]", "[^\\n]", "[\\w ]", "[[:upper:]]", "[[:^lower:]1]", "\\h", "\\H",
	"\\v", "\\V", "\\N", "\\x41", "\\141", "[^\\W_]", "[]a]", "[a\\-b]", "[[:punct:]\\n]",
};

static const char *const asserts[] = { "^", "$", "\\b", "\\B", "\\A", "\\z", "\\Z" };
static const char *const quantifiers[] = {
	"*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,3}", "{2,}", "{0}", "{1,3}?",
};
static const char *const openings[] = { "(", "(?:", "(?i:", "(?s:", "(?m:", "(?-i:", "(?|", "(?<n>" };

#define PICK(t, list)	((list)[lab_random(&(t)->seed, sizeof(list) / sizeof((list)[0]))])

static void generate(struct text *t);

static void generate_item(struct text *t)
{
	uint32_t r = lab_random(&t->seed, 20);

	if (r < 4 && t->depth < 3) {
		put(t, PICK(t, openings));
		t->depth++;
		generate(t);
		t->depth--;
		put(t, ")");
	} else if (r < 6) {
		put(t, PICK(t, asserts));
		return;
	} else if (r == 6) {
		put(t, "(?i)");
		return;
	} else {
		put(t, PICK(t, atoms));
	}
	if (lab_random(&t->seed, 3) == 0)
		put(t, PICK(t, quantifiers));
}

static void generate(struct text *t)
{
	uint32_t items = 1 + lab_random(&t->seed, 4);

	for (uint32_t i = 0; i < items; i++) {
		generate_item(t);
		if (lab_random(&t->seed, 8) == 0)
			put(t, "|");
	}
}

static void random_subject(uint64_t *seed, uint8_t *s, size_t len)
{
	static const char alphabet[] = "aabbccAB_1 \n\n.\x85";

	for (size_t i = 0; i < len; i++)
		s[i] = lab_random(seed, 24) ? (uint8_t)alphabet[lab_random(seed, sizeof(alphabet) - 1)]
					    : (uint8_t)lab_random(seed, 256);
}

static void run_generated(uint64_t seed, int count)
{
	static struct oracle o;
	int accepted = 0;

	hits = misses = 0;
	for (int i = 0; i < count; i++) {
		struct text t = { .seed = seed + (uint64_t)i * 7919 };
		unsigned flags = lab_random(&t.seed, 2) ? lab_random(&t.seed, 8) : 0;
		struct lab labs[2];

		generate(&t);
		t.s[t.n] = 0;
		if (!oracle_open(&o, t.s, t.n, flags))
			continue;
		if (open_both(labs, t.s, t.n, flags)) {
			accepted++;
			for (int k = 0; k < 3; k++) {
				uint8_t s[40];
				size_t len = 8 + lab_random(&t.seed, 32);

				random_subject(&t.seed, s, len);
				check_subject(labs, &o, t.s, flags, s, len);
			}
		}
		lab_close(&labs[0]);
		lab_close(&labs[1]);
		oracle_close(&o);
	}
	ck_assert_int_gt(accepted, count / 4);
	ck_assert_int_gt(hits, misses / 4);
	ck_assert_int_gt(misses, hits / 20);
}

START_TEST(generated)
{
	run_generated(0x9e3779b97f4a7c15u + (uint64_t)_i * 1000003, 250);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("regex against PCRE2");

	tcase_add_loop_test(unit_case(s, "generated regexes agree with PCRE2"), generated, 0, 4);
	return s;
}
