/*
 * pattern.c - one pattern of any kind: checked, and made ready to be searched
 */
#include "compiler/regex/regex.h"

#include <setjmp.h>

#include "compiler/build.h"

/* A pattern that random bytes match once in 2^FLOOD_BITS or oftener draws a warning. */
#define FLOOD_BITS	15u

static int too_long(const struct pattern *pat, struct diags *d, uint64_t len)
{
	diag_error(d, pat->loc, "the pattern is %llu bytes long, at most %u are supported",
		   (unsigned long long)len, HVM_MAX_PATTERN);
	return -1;
}

static int compile_literal(const struct pattern *pat, struct pool *pool, struct diags *d,
			   struct compiled *out)
{
	size_t step = pat->flags & PATTERN_WIDE ? 2 : 1;
	struct re_literal *l = &out->literal;

	if (!pat->len) {
		diag_error(d, pat->loc, "the pattern matches the empty string");
		return -1;
	}
	if (pat->len > HVM_MAX_PATTERN / step)
		return too_long(pat, d, (uint64_t)pat->len * step);
	l->fold = pat->flags & PATTERN_I;
	l->len = pat->len * step;
	l->bytes = pool_alloc(pool, l->len);
	for (size_t i = 0; i < pat->len; i++)
		l->bytes[i * step] = l->fold ? hvm_fold(pat->bytes[i]) : pat->bytes[i];
	out->bits = l->len > 8 ? 64 : (unsigned)l->len * 8;
	return 0;
}

static struct re *hex_tree(const struct pattern *pat, struct pool *pool)
{
	struct re *cat = re_new(pool, RE_CAT), *re, *rep;

	for (size_t i = 0; i < pat->hex_count; i++) {
		const struct hex_atom *a = &pat->hex[i];

		re = re_new(pool, RE_CLASS);
		if (a->kind == HEX_BYTE)
			class_add(&re->set, a->byte, a->byte);
		else
			class_add(&re->set, 0, 255);
		if (a->kind == HEX_GAP) {
			rep = re_new(pool, RE_REPEAT);
			rep->min = a->min;
			rep->max = a->max;
			re_append(rep, re);
			re = rep;
		}
		re_append(cat, re);
	}
	return cat;
}

static struct re *regex_tree(const struct pattern *pat, struct pool *pool, struct diags *d,
			     struct compiled *out)
{
	struct re_parse r = { .pool = pool, .s = pat->bytes, .len = pat->len,
			      .flags = pat->flags };
	struct loc loc = pat->loc;
	struct re *re;

	if (pat->len > HVM_MAX_PATTERN) {
		too_long(pat, d, pat->len);
		return NULL;
	}
	if (pcre_accepts(pat, pool, d))
		return NULL;
	re = re_parse(&r);
	out->anchored = r.anchored;
	if (re)
		return re;
	if (pat->len && r.error_at >= pat->len)
		r.error_at = pat->len - 1;
	if (r.error_len > pat->len - r.error_at)
		r.error_len = pat->len - r.error_at;
	loc.first += (uint32_t)r.error_at;
	loc.last = loc.first + (uint32_t)r.error_len;
	diag_error(d, loc, "regular expression: %s", r.error);
	return NULL;
}

static int compile_tree(const struct pattern *pat, const struct re *re, struct pool *pool,
			struct diags *d, struct compiled *out)
{
	uint64_t positions = re_positions(re);

	if (positions > HVM_MAX_POSITIONS) {
		diag_error(d, pat->loc, "the pattern is %llu bytes long when its repetitions are "
			   "written out, at most %u are supported",
			   (unsigned long long)positions, HVM_MAX_POSITIONS);
		return -1;
	}
	out->bits = re_bits(re);
	if (nfa_build(re, pool, &out->nfa)) {
		diag_error(d, pat->loc, "the pattern is too intricate: more than %u transitions",
			   HVM_MAX_EDGES);
		return -1;
	}
	if (out->nfa.empty) {
		diag_error(d, pat->loc, "the pattern matches the empty string");
		return -1;
	}
	if (!re_is_literal(re, pool, &out->literal)) {
		out->literal.len = 0;
		re_required(re, pool, &out->required);
	}
	return 0;
}

int pattern_compile(const struct pattern *pat, struct pool *pool, struct diags *d,
		    struct compiled *out)
{
	struct re *re;

	*out = (struct compiled){ 0 };
	switch (pat->kind) {
	case PATTERN_LITERAL:
		return compile_literal(pat, pool, d, out);
	case PATTERN_HEX:
		re = hex_tree(pat, pool);
		break;
	default:
		re = regex_tree(pat, pool, d, out);
		if (!re)
			return -1;
	}
	return compile_tree(pat, re, pool, d, out);
}

static void warn_of_floods(const struct pattern *pat, const struct compiled *c, struct diags *d)
{
	const struct re_literal *l = &c->literal;
	bool run = l->len > 1;

	for (size_t i = 1; i < l->len; i++)
		run &= l->bytes[i] == l->bytes[0];
	if (run)
		diag_warning(d, pat->loc, "this pattern is one byte repeated: it matches all along "
			     "a run of them");
	else if (c->bits <= FLOOD_BITS)
		diag_warning(d, pat->loc, "this pattern matches nearly everywhere: once in about "
			     "%u bytes of random data", 1u << c->bits);
}

int pattern_check(struct pattern *pat, struct pool *pool, struct diags *d)
{
	struct pool work = { .limit = pool->limit };
	struct compiled c;
	jmp_buf out;
	int error;

	/* what a pattern needs on the way goes back at once: there may be thousands */
	if (setjmp(out)) {
		pool_free(&work);
		if (pool->out)
			pool_leave(pool, work.why);
		return -1;
	}
	work.out = &out;
	error = pattern_compile(pat, &work, d, &c);
	if (!error) {
		pat->anchored = c.anchored;
		warn_of_floods(pat, &c, d);
	}
	pool_free(&work);
	return error;
}
