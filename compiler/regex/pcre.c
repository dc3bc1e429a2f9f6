/*
 * pcre.c - PCRE2 judges the syntax of every regex first
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "compiler/regex/regex.h"

#define OPTIONS	(PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY)

static uint32_t pcre_flags(unsigned flags)
{
	return (flags & PATTERN_I ? PCRE2_CASELESS : 0) | (flags & PATTERN_S ? PCRE2_DOTALL : 0) |
	       (flags & PATTERN_M ? PCRE2_MULTILINE : 0) | (flags & PATTERN_X ? PCRE2_EXTENDED : 0);
}

int pcre_accepts(const struct pattern *pat, struct pool *pool, struct diags *d)
{
	pcre2_compile_context *ctx = pcre2_compile_context_create(NULL);
	struct loc loc = pat->loc;
	PCRE2_SIZE at = 0;
	pcre2_code *code;
	int error = 0;
	char text[160] = "";

	if (!ctx)
		pool_leave(pool, POOL_NO_MEMORY);
	pcre2_set_newline(ctx, PCRE2_NEWLINE_LF);
	code = pcre2_compile(pat->bytes, pat->len, OPTIONS | pcre_flags(pat->flags), &error, &at,
			     ctx);
	pcre2_compile_context_free(ctx);
	if (code) {
		pcre2_code_free(code);
		return 0;
	}
	if (error == PCRE2_ERROR_HEAP_FAILED)
		pool_leave(pool, POOL_NO_MEMORY);
	pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof(text));
	if (pat->len && at >= pat->len)
		at = pat->len - 1;
	loc.first += (uint32_t)at;
	loc.last = loc.first + 1;
	diag_error(d, loc, "regular expression: %s", text);
	return -1;
}
