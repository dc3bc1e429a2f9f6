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
 *
 * PCRE2 10.42 holds \S to be disjoint from \v and \h when it makes repeats possessive,
 * though \x85 and \xa0 are in both: /\S*\v/ does not find "a\x85".  We do; patterns
 * with both are asked with that optimisation off.
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

	if (memmem(text, len, "\\S", 2) &&
	    (memmem(text, len, "\\v", 2) || memmem(text, len, "\\h", 2)))
		options |= PCRE2_NO_AUTO_POSSESS;
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
	"a", "b", "c", "A", "B", "_", "1", " ", "\\n", ".", "\\w", "\\W", "\\d", "\\D", "\\s",
	"\\S",
	"[ab]", "[^a]", "[a-c]", "[^\\n]", "[\\w ]", "[[:upper:]]", "[[:^lower:]1]", "\\h", "\\H",
	"\\v", "\\V", "\\N", "\\x41", "\\141", "[^\\W_]", "[]a]", "[a\\-b]", "[[:punct:]\\n]",
};

static const char *const asserts[] = { "^", "$", "\\b", "\\B", "\\A", "\\z", "\\Z" };
static const char *const quantifiers[] = {
	"*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,3}", "{2,}", "{0}", "{1,3}?",
};
static const char *const openings[] = { "(", "(?:", "(?i:", "(?s:", "(?m:", "(?-i:", "(?|",
					"(?<n>" };

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

	for (size_t i = 0; i < len; i++) {
		s[i] = (uint8_t)alphabet[lab_random(seed, sizeof(alphabet) - 1)];
		if (!lab_random(seed, 24))
			s[i] = (uint8_t)lab_random(seed, 256);
	}
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
	/* by hand: other regexes, and more of them */
	const char *seed = getenv("REGEX_SEED");

	run_generated(0x9e3779b97f4a7c15u + (uint64_t)_i * 1000003 +
		      (seed ? strtoull(seed, NULL, 0) * 999999937 : 0), seed ? 2500 : 250);
}
END_TEST

/* ---- patterns as administrators write them ---- */

struct shipped {
	const char *text;
	unsigned flags;
	const char *hit;	/* a subject with a match */
};

#define I PATTERN_I
#define S PATTERN_S
#define M PATTERN_M
#define X PATTERN_X

static const struct shipped shipped[] = {
	{ "\\b\\d{3}-\\d{2}-\\d{4}\\b", 0, "ssn 078-05-1120." },
	{ "\\b(?:4\\d{3}|5[1-5]\\d{2}|6011)[ -]?(?:\\d{4}[ -]?){2}\\d{4}\\b", 0,
	  "card 4111-1111-1111-1111" },
	{ "\\b3[47]\\d{2}[ -]?\\d{6}[ -]?\\d{5}\\b", 0, "amex 3782 822463 10005" },
	{ "\\b[A-Z]{2}\\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\\b", 0,
	  "IBAN DE89 3704 0044 0532 0130 00" },
	{ "[\\w.+-]+@[\\w-]+\\.[a-z]{2,}", I, "mail Jane.Doe+x@Example.org now" },
	{ "-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY-----", 0,
	  "-----BEGIN RSA PRIVATE KEY-----" },
	{ "a \\x85 [\x85] # \xc3\x85\nb", X, "a\x85\x85" "b" },
	{ "\xc3\x85", 0, "\xc3\x85" },
	{ "AKIA[0-9A-Z]{16}", 0, "key=AKIAIOSFODNN7EXAMPLE" },
	{ "(?:password|passwd|pwd)\\s*[:=]\\s*\\S+", I, "PassWord = hunter2" },
	{ "^(?:GET|POST|PUT|HEAD) [^ ]+ HTTP/1\\.[01]\\r?$", M, "x\nGET / HTTP/1.1\r\nHost: a" },
	{ "^Host:\\s*(?:[\\w-]+\\.)*evil\\.example\\s*$", I | M, "a\nHOST: www.evil.example\r\n" },
	{ "^User-Agent: (?:curl|Wget|python-requests)/", M, "\nUser-Agent: Wget/1.2" },
	{ "\\A\\x7fELF[\\x01\\x02][\\x01\\x02]\\x01", 0, "\x7f" "ELF\x02\x01\x01" },
	{ "\\A#!\\s*/(?:usr/)?bin/(?:env\\s+)?(?:ba|da|z|k)?sh\\b", 0, "#!/usr/bin/env bash\n" },
	{ "MZ.{0,64}PE\\x00?", S, "MZ......\n..PE" },
	{ "%PDF-1\\.[0-7]", 0, "%PDF-1.4" },
	{ "PK\\x03\\x04.{22}[^/]*\\.(?:exe|scr|js)", S | I,
	  "PK\x03\x04" "1234567890123456789012name.EXE" },
	{ "<script[^>]*>.*?</script\\s*>", I | S, "<SCRIPT a=b>\nalert(1)</script >" },
	{ "<iframe\\s+[^>]*src\\s*=\\s*[\"']?https?://", I, "<iframe x src='http://a" },
	{ "\\bunion\\b.{1,40}\\bselect\\b", I | S, "1 UNION all SELECT 2" },
	{ "'\\s*or\\s+'?\\d+'?\\s*=\\s*'?\\d+", I, "' OR '1'='1" },
	{ "(?:\\.\\./){2,}(?:etc/passwd|windows/system32)", I, "../../../etc/passwd" },
	{ "cmd\\.exe\\s*/c\\b", I, "CMD.EXE /c dir" },
	{ "powershell(?:\\.exe)?\\s+(?:-\\w+\\s+)*-e(?:nc|ncodedcommand)?\\s+[A-Za-z0-9+/=]{20,}",
	  I,
	  "powershell -nop -enc SQBFAFgAIAAoAE4AZQB3AC0A" },
	{ "(?:[A-Za-z0-9+/]{4}){8,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", 0,
	  "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=" },
	{ "(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", I, "mac 00:1B:44:11:3a:b7" },
	{ "\\b(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)\\b", 0,
	  "from 192.168.1.254 to" },
	{ "\\bhttps?://[^\\s/$.?#][^\\s]*", I, "see HTTP://example.com/x y" },
	{ "[a-z2-7]{16}\\.onion\\b", I, "expyuzz4wqqyqhjn.onion" },
	{ "\\b(?:bc1|[13])[a-km-zA-HJ-NP-Z1-9]{25,34}\\b", 0,
	  "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2" },
	{ "your (?:files|documents) (?:have been|are) encrypted", I, "YOUR FILES ARE ENCRYPTED" },
	{ "\\x90{16,}", 0, "\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90" },
	{ "\\xe8\\x00{3}.[\\x58-\\x5f]", S, "\xe8" },
	{ "(?:confidential|secret|internal only)\\W", I, "Internal Only." },
	{ "^\\s*Subject:.*\\binvoice\\b.*$", I | M, "\nSubject: your Invoice 1\n" },
	{ "filename=\"?[^\"\\r\\n]+\\.(?:exe|scr|pif|com|bat)\"?", I, "filename=\"a.b.ScR\"" },
	{ "\\$\\{jndi:(?:ldap|rmi|dns)s?://", I, "${JNDI:ldap://x}" },
	{ "\\(\\)\\s*\\{\\s*:;\\s*\\}\\s*;", 0, "() { :; };" },
	{ "(?i)select(?-i) FROM", 0, "SeLeCt FROM" },
	{ "a (?# a comment ) b # the rest\n c", X, "abc" },
	{ "\\b[[:xdigit:]]{32}\\b", 0, "d41d8cd98f00b204e9800998ecf8427e" },
	{ "(?<year>\\d{4})-(?P<month>0[1-9]|1[0-2])-(?'day'[0-3]\\d)", 0, "2026-11-22" },
	{ "[^\\x00-\\x7f]{4}", 0, "ab\xc3\xa4\xc3\xb6" },
	{ "\\cA\\cB?\\e\\[\\d+m", 0, "\x01\x1b[31m" },
	{ "\\101\\x{42}\\o{103}", 0, "xABCx" },
	{ "(?:a|ab)(?:c|bcd)(?:d*)", 0, "abcd" },
	{ "x*y|xx*", 0, "axxxxz" },
	{ "(?:ab?)+?c", 0, "aababc" },
	{ "[\\d.]+\\s*(?:MB|GB|TB)\\b", 0, "1.5 GB" },
	{ "end\\Z", 0, "the end\n" },
	{ "end\\z", 0, "the end" },
	{ "end$", 0, "the end" },
	{ "^$\\n?x", M, "a\n\nx" },
	{ "\\Bing\\b", 0, "going" },
	{ "(a{1,3}b){2,4}c", 0, "aabaabc" },
	{ "((((a|b)c)?d)+e)*f", 0, "acdef" },
	{ "[]-a]+x", 0, "]^_`ax" },
	{ "[a\\]b-]{3}", 0, "]-b" },
	{ "\\h+\\H\\v\\V\\N", 0, " \ta\nbc" },
	{ "a{x}|b{1", 0, "b{1" },
	{ "q(?|(a)|(b))r", 0, "qbr" },
	{ ".*foo.*bar", 0, "a foo b bar c" },
	{ "(?s).*\\x00\\xff.", 0, "" },
};

/* Subjects: the hit as it is, in noise, twice, and its cuts. */
static void check_hit(struct lab labs[2], struct oracle *o, const struct shipped *p,
		      const char *text, unsigned flags, uint64_t *seed)
{
	size_t n = strlen(p->hit);
	uint8_t s[400];

	check_subject(labs, o, text, flags, (const uint8_t *)p->hit, n);
	random_subject(seed, s, sizeof(s));
	memcpy(s + 40, p->hit, n);
	memcpy(s + 41 + n, p->hit, n);
	check_subject(labs, o, text, flags, s, 82 + 2 * n);
	for (int i = 0; i < 8 && n; i++) {	/* and damaged */
		memcpy(s, p->hit, n);
		s[lab_random(seed, (uint32_t)n)] ^= (uint8_t)(1 << lab_random(seed, 8));
		check_subject(labs, o, text, flags, s, n);
	}
}

START_TEST(shipped_patterns)
{
	uint64_t seed = 88172645463325252u;
	static struct oracle o;
	int accepted = 0;

	for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++) {
		const struct shipped *p = &shipped[i];
		size_t n = strlen(p->text);
		struct lab labs[2];

		ck_assert(oracle_open(&o, p->text, n, p->flags));
		if (!open_both(labs, p->text, n, p->flags))
			fprintf(stderr, "# refused: %s: %s\n", p->text, labs[0].error);
		else
			accepted++;
		check_hit(labs, &o, p, p->text, p->flags, &seed);
		lab_close(&labs[0]);
		lab_close(&labs[1]);
		oracle_close(&o);
	}
	ck_assert_int_eq(accepted, sizeof(shipped) / sizeof(shipped[0]));
}
END_TEST

static unsigned flag_letters(const char *s)
{
	return (strchr(s, 'i') ? I : 0) | (strchr(s, 's') ? S : 0) | (strchr(s, 'm') ? M : 0) |
	       (strchr(s, 'x') ? X : 0);
}

/* A subject out of the pattern's own text: its literals, so that it comes near to a match. */
static size_t near_hit(uint64_t *seed, const char *text, uint8_t *s, size_t room)
{
	static const char filler[] = "aZ09 \n.='\"/";
	size_t n = 0;

	for (; *text && n + 4 < room; text++) {
		if (strchr("\\()?*+", *text)) {
			if (lab_random(seed, 3) == 0)
				s[n++] = (uint8_t)filler[lab_random(seed, sizeof(filler) - 1)];
		} else if (lab_random(seed, 40)) {
			s[n++] = (uint8_t)*text;
		}
	}
	return n;
}

START_TEST(et_patterns)
{
	uint64_t seed = 1442695040888963407u;
	static struct oracle o;
	char line[4096], path[4096];
	int accepted = 0, lines = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/patterns/et-regexes-100.txt", getenv("DATA"));
	f = fopen(path, "r");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		char *text = strchr(line, ' ');
		struct lab labs[2];
		unsigned flags;
		uint8_t s[600];

		line[strcspn(line, "\n")] = 0;
		*text++ = 0;
		flags = flag_letters(line);
		lines++;
		ck_assert(oracle_open(&o, text, strlen(text), flags));
		if (open_both(labs, text, strlen(text), flags)) {
			struct shipped p = { text, flags, (const char *)s };

			accepted++;
			for (int k = 0; k < 4; k++) {
				s[near_hit(&seed, text, s, 150)] = 0;
				check_subject(labs, &o, text, flags, s, strlen(p.hit));
			}
		} else {
			fprintf(stderr, "# refused: %s: %s\n", text, labs[0].error);
		}
		lab_close(&labs[0]);
		lab_close(&labs[1]);
		oracle_close(&o);
	}
	fclose(f);
	ck_assert_int_eq(accepted, lines);
}
END_TEST

/* ---- what is refused, with its column ---- */

struct refused {
	const char *text;
	unsigned column, flags;
	const char *what;
};

static const struct refused refused[] = {
	{ "(a)b\\1", 5, 0, "back-references" },
	{ "(?<n>a)\\k<n>", 8, 0, "back-references" },
	{ "(?P<n>a)(?P=n)", 9, 0, "back-references" },
	{ "(a)\\g1", 4, 0, "back-references" },
	{ "(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\\10", 31, 0, "back-references" },
	{ "a(?=b)", 2, 0, "look-ahead" },
	{ "a(?!b)", 2, 0, "look-ahead" },
	{ "(?<=a)b", 1, 0, "look-behind" },
	{ "(?<!a)b", 1, 0, "look-behind" },
	{ "a(?*b)", 2, 0, "look-around" },
	{ "(?<*a)b", 1, 0, "look-around" },
	{ "[[:<:]]a", 1, 0, "look-around" },
	{ "(?>ab)c", 1, 0, "atomic" },
	{ "xa++b", 3, 0, "possessive" },
	{ "xa*+b", 3, 0, "possessive" },
	{ "xa?+b", 3, 0, "possessive" },
	{ "xa{2,}+b", 3, 0, "possessive" },
	{ "a(?R)?", 2, 0, "recursion" },
	{ "(a)(?1)", 4, 0, "recursion" },
	{ "(a)(?-1)", 4, 0, "recursion" },
	{ "(?+1)(a)", 1, 0, "recursion" },
	{ "(?<n>a)(?&n)", 8, 0, "recursion" },
	{ "(?<n>a)(?P>n)", 8, 0, "recursion" },
	{ "(a)?b(?(1)c|d)", 6, 0, "conditional" },
	{ "a(?C1)b", 2, 0, "callouts" },
	{ "a(*FAIL)|b", 2, 0, "verbs" },
	{ "(*LF)ab", 1, 0, "verbs" },
	{ "a\\Kb", 2, 0, "\\K" },
	{ "\\Gab", 1, 0, "\\G" },
	{ "a\\Rb", 2, 0, "\\R" },
	{ "a\\Xb", 2, 0, "\\X" },
	{ "a\\pLb", 2, 0, "\\p" },
	{ "a\\PLb", 2, 0, "\\p" },
	{ "a\\Q.\\E", 2, 0, "\\Q" },
	{ "a\\Eb", 2, 0, "\\Q" },
	{ "[\\Qa\\E]", 2, 0, "\\Q" },
	{ "(?U)ab", 1, 0, "inline flag" },
	{ "(?J)ab", 1, 0, "inline flag" },
	{ "(?n)ab", 1, 0, "inline flag" },
	{ "(?^)ab", 1, 0, "inline flag" },
	{ "(?xx)ab", 1, 0, "inline flag" },
	{ "a{,3}b", 2, 0, "versions" },
	{ "a{ 3}b", 2, 0, "versions" },
	{ "a{3 }b", 2, 0, "white space" },
	{ "ab\xc3\x85", 4, PATTERN_X, "\\x85" },
	{ "ab\x85+$", 3, PATTERN_X, "\\x85" },
	{ "a (?x)b c\x85", 10, 0, "\\x85" },
	{ "xa{2}{3}", 8, 0, "quantifier does not follow" },
	{ "[[.a.]]", 2, 0, "" },
	{ "a*", 1, 0, "empty string" },
	{ "(?:)", 1, 0, "empty string" },
	{ "^", 1, 0, "empty string" },
	{ "a|\\b", 1, 0, "empty string" },
	{ "(?:a|b?)$", 1, 0, "empty string" },
	{ "\\d{0}", 1, 0, "empty string" },
	{ "x(?:a{1000}){1000}", 1, 0, "" },
	/* what PCRE2 says itself */
	{ "ab(c", 4, 0, "missing closing parenthesis" },
	{ "a[b", 3, 0, "missing terminating ]" },
	{ "a\\Cb", 4, 0, "\\C" },
	{ "*a", 1, 0, "quantifier" },
};

START_TEST(refused_constructs)
{
	int wrong = 0;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const struct refused *r = &refused[i];
		struct pattern *p;
		struct lab l;

		lab_open(&l, PLAN_BEST);
		p = lab_regex(&l, r->text, strlen(r->text), r->flags);
		if (pattern_check(p, &l.pool, &l.diags) != -1 || l.diags.errors != 1 ||
		    !strstr(l.error, r->what) || l.column != r->column) {
			fprintf(stderr, "# /%s/: column %u, \"%s\"\n", r->text, l.column,
				l.error);
			wrong++;
		}
		lab_close(&l);
	}
	ck_assert_int_eq(wrong, 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("regex against PCRE2");

	tcase_add_loop_test(unit_case(s, "generated regexes agree with PCRE2"), generated, 0, 4);
	tcase_add_test(unit_case(s, "sixty real patterns agree with PCRE2"), shipped_patterns);
	tcase_add_test(unit_case(s, "refused constructs are named with their column"),
		       refused_constructs);
	if (getenv("DATA") && *getenv("DATA"))
		tcase_add_test(unit_case(s, "a hundred rules' regexes agree with PCRE2"),
			       et_patterns);
	return s;
}
