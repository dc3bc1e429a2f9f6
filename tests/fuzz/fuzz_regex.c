/*
 * fuzz_regex.c - any regex that PCRE2 and we accept finds what PCRE2 finds
 *
 * Input: a byte of flags, the regex, a newline, the subject.  Both plans answer; PCRE2 has a
 * match limit, and where it reaches that it is not asked.  Links match_lab.c.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>
#include <string.h>

#include "tests/unit/match_lab.h"

#define MAX_TEXT	200u
#define MAX_SUBJECT	200u
#define MATCH_LIMIT	100000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 1, 0, or -1: refused, or PCRE2 gave up. */
static int oracle(const uint8_t *text, size_t len, unsigned flags, const uint8_t *s, size_t n)
{
	pcre2_compile_context *cc = pcre2_compile_context_create(NULL);
	pcre2_match_context *mc = pcre2_match_context_create(NULL);
	pcre2_match_data *data = pcre2_match_data_create(64, NULL);
	uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
			   PCRE2_DOLLAR_ENDONLY;
	pcre2_code *code;
	PCRE2_SIZE at;
	int error, rc = -100;

	options |= (flags & PATTERN_I ? PCRE2_CASELESS : 0) |
		   (flags & PATTERN_S ? PCRE2_DOTALL : 0) |
		   (flags & PATTERN_M ? PCRE2_MULTILINE : 0) |
		   (flags & PATTERN_X ? PCRE2_EXTENDED : 0);
	pcre2_set_newline(cc, PCRE2_NEWLINE_LF);
	pcre2_set_match_limit(mc, MATCH_LIMIT);
	code = pcre2_compile(text, len, options, &error, &at, cc);
	if (code)
		rc = pcre2_match(code, s, n, 0, 0, data, mc);
	pcre2_code_free(code);
	pcre2_match_data_free(data);
	pcre2_match_context_free(mc);
	pcre2_compile_context_free(cc);
	return rc >= 0 ? 1 : rc == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

static void ask(const uint8_t *text, size_t len, unsigned flags, const uint8_t *s, size_t n,
		enum regex_plan plan)
{
	struct match_extent m;
	struct pattern *p;
	struct lab l;
	int want;

	lab_open(&l, plan);
	p = lab_regex(&l, text, len, flags);
	lab_query(&l, &p, 1);
	if (lab_load(&l))
		abort();
	lab_subject(&l, s, n);
	want = l.diags.errors ? -1 : oracle(text, len, flags, s, n);
	if (want >= 0 && match_query(l.state, 0) != MATCH_UNKNOWN &&
	    (int)match_query(l.state, 0) != want)
		abort();
	if (want == 1 && !match_first(l.state, 0, &m) && (!m.len || m.start + m.len > n))
		abort();
	lab_close(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *text = data + 1, *end, *s;
	size_t len, n;

	if (size < 3)
		return 0;
	end = memchr(text, '\n', size - 1);
	if (!end)
		return 0;
	len = (size_t)(end - text);
	s = end + 1;
	n = size - 2 - len;
	if (len > MAX_TEXT || n > MAX_SUBJECT)
		return 0;
	ask(text, len, data[0] & 15, s, n, PLAN_BEST);
	ask(text, len, data[0] & 15, s, n, PLAN_NFA_ONLY);
	return 0;
}
