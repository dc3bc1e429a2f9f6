/*
 * parse.c - the text of a regex that PCRE2 has accepted becomes a tree
 *
 * Groups capture nothing and greed does not matter: neither changes whether there is a
 * match, or its leftmost-longest extent.  Whatever is not surely understood is refused.
 */
#include "compiler/regex/regex.h"

#include <string.h>

/* PCRE2 refuses more than 250 levels itself; this bounds our own recursion. */
#define MAX_DEPTH	250u

static struct re *parse_branches(struct re_parse *r);

struct re *re_new(struct pool *p, enum re_kind kind)
{
	struct re *re = pool_alloc(p, sizeof(*re));

	re->kind = kind;
	return re;
}

void re_append(struct re *parent, struct re *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->child = child;
	parent->last = child;
}

void *re_refuse(struct re_parse *r, size_t from, size_t to, const char *what)
{
	if (!r->error) {
		r->error = what;
		r->error_at = from;
		r->error_len = to > from ? to - from : 1;
	}
	return NULL;
}

static bool ahead(const struct re_parse *r, const char *text)
{
	size_t n = strlen(text);

	return r->len - r->at >= n && !memcmp(r->s + r->at, text, n);
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

#define NEL	0x85u	/* next line, ISO 6429 */

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Comments, and with x white space and # to the end of the line. */
static void skip_blank(struct re_parse *r)
{
	while (r->at < r->len) {
		if (ahead(r, "(?#")) {
			while (r->at < r->len && r->s[r->at] != ')')
				r->at++;
			r->at += r->at < r->len;
		} else if ((r->flags & PATTERN_X) && is_space(r->s[r->at])) {
			r->at++;
		} else if ((r->flags & PATTERN_X) && r->s[r->at] == '#') {
			while (r->at < r->len && r->s[r->at] != '\n')
				r->at++;
		} else {
			/* the second byte of an \u00c5 in UTF-8, among others */
			if ((r->flags & PATTERN_X) && r->at < r->len && r->s[r->at] == NEL)
				re_refuse(r, r->at, r->at + 1, "with x, PCRE2 skips the byte 0x85 as white "
					  "space; write \\x85 for it");
			return;
		}
	}
}

static struct re *new_class(struct re_parse *r, unsigned lo, unsigned hi)
{
	struct re *re = re_new(r->pool, RE_CLASS);

	class_add(&re->set, lo, hi);
	return re;
}

static struct re *new_byte(struct re_parse *r, uint8_t byte)
{
	struct re *re = new_class(r, byte, byte);

	if (r->flags & PATTERN_I)
		class_fold(&re->set);
	return re;
}

static struct re *new_assert(struct re_parse *r, uint32_t when, bool anchor)
{
	struct re *re = re_new(r->pool, RE_ASSERT);

	re->when = when;
	r->anchored |= anchor;
	return re;
}

static uint32_t when_before(enum hvm_before b)
{
	return ((1u << HVM_AFTERS) - 1) << b * HVM_AFTERS;
}

static uint32_t when_after(enum hvm_after a)
{
	uint32_t when = 0;

	for (unsigned b = 0; b < HVM_BEFORES; b++)
		when |= 1u << HVM_CONTEXT(b, a);
	return when;
}

static struct re *parse_assert(struct re_parse *r, uint8_t letter)
{
	uint32_t end = when_after(HVM_AFTER_END);
	/* a last newline is one more kind of newline for everybody but \Z */
	uint32_t word = when_before(HVM_BEFORE_WORD) ^ when_after(HVM_AFTER_WORD);

	switch (letter) {
	case 'b':
		return new_assert(r, word, false);
	case 'B':
		return new_assert(r, HVM_ALWAYS & ~word, false);
	case 'A':
		return new_assert(r, when_before(HVM_BEFORE_START), true);
	case 'z':
		return new_assert(r, end, true);
	default:		/* Z */
		return new_assert(r, end | when_after(HVM_AFTER_LAST_NL), true);
	}
}

static struct re *parse_circumflex(struct re_parse *r)
{
	uint32_t when = when_before(HVM_BEFORE_START);

	r->at++;
	/* PCRE2 does not let ^ hold behind a newline that ends the subject */
	if (r->flags & PATTERN_M)
		when |= when_before(HVM_BEFORE_NL) & ~when_after(HVM_AFTER_END);
	return new_assert(r, when, true);
}

static struct re *parse_dollar(struct re_parse *r)
{
	uint32_t when = when_after(HVM_AFTER_END);

	r->at++;
	if (r->flags & PATTERN_M)
		when |= when_after(HVM_AFTER_NL) | when_after(HVM_AFTER_LAST_NL);
	return new_assert(r, when, true);
}

static struct re *parse_dot(struct re_parse *r)
{
	struct re *re = re_new(r->pool, RE_CLASS);

	r->at++;
	if (!(r->flags & PATTERN_S))
		class_add(&re->set, '\n', '\n');
	class_invert(&re->set);
	return re;
}

/* "(?" and what follows until the group's body; 0: a body follows, 1: the flags of the
 * rest were set and there is no body, -1: refused. */
static int parse_flags(struct re_parse *r, size_t open)
{
	static const char letters[] = "imsx";
	static const unsigned bits[] = { PATTERN_I, PATTERN_M, PATTERN_S, PATTERN_X };
	unsigned flags = r->flags;
	bool off = false;

	for (; r->at < r->len; r->at++) {
		uint8_t c = r->s[r->at];
		const char *l = c ? strchr(letters, c) : NULL;

		if (c == ')' || c == ':') {
			r->at++;
			r->flags = flags;
			return c == ')';
		}
		if (c == '-' && !off) {
			off = true;
		} else if (l && !(c == 'x' && r->at + 1 < r->len && r->s[r->at + 1] == 'x')) {
			flags = off ? flags & ~bits[l - letters] : flags | bits[l - letters];
		} else {
			break;
		}
	}
	re_refuse(r, open, r->at + 1, "this inline flag is not supported");
	return -1;
}

/* A name up to @close. */
static int skip_name(struct re_parse *r, size_t open, char close)
{
	while (r->at < r->len && r->s[r->at] != (uint8_t)close)
		r->at++;
	if (r->at == r->len) {
		re_refuse(r, open, r->at, "this group is not supported");
		return -1;
	}
	r->at++;
	return 0;
}

static const struct {
	const char *text, *what;
} refused_groups[] = {
	{ "(?=", "look-ahead is not supported" },
	{ "(?!", "look-ahead is not supported" },
	{ "(?<=", "look-behind is not supported" },
	{ "(?<!", "look-behind is not supported" },
	{ "(?*", "look-around is not supported" },
	{ "(?<*", "look-around is not supported" },
	{ "(?>", "atomic groups are not supported" },
	{ "(?(", "conditional groups are not supported" },
	{ "(?C", "callouts are not supported" },
	{ "(?P=", "back-references are not supported" },
	{ "(?P>", "recursion is not supported" },
	{ "(?&", "recursion is not supported" },
	{ "(?R", "recursion is not supported" },
	{ "(?+", "recursion is not supported" },
	{ "(*", "verbs are not supported" },
};

/* Behind a group's opening, whatever its kind: as parse_flags(). */
static int parse_opening(struct re_parse *r)
{
	size_t open = r->at;

	for (size_t i = 0; i < sizeof(refused_groups) / sizeof(refused_groups[0]); i++) {
		if (ahead(r, refused_groups[i].text)) {
			re_refuse(r, open, open + strlen(refused_groups[i].text),
				  refused_groups[i].what);
			return -1;
		}
	}
	r->at++;
	if (!ahead(r, "?"))
		return 0;
	r->at++;
	if (ahead(r, "|")) {	/* numbers groups anew in each branch: numbers do not matter */
		r->at++;
		return 0;
	}
	if (ahead(r, "P<") || ahead(r, "<") || ahead(r, "'")) {
		bool quote = r->s[r->at] == '\'';

		r->at += ahead(r, "P<") ? 2 : 1;
		return skip_name(r, open, quote ? '\'' : '>');
	}
	if (r->at < r->len && (is_digit(r->s[r->at]) ||
	    (r->s[r->at] == '-' && r->at + 1 < r->len && is_digit(r->s[r->at + 1])))) {
		re_refuse(r, open, r->at + 1, "recursion is not supported");
		return -1;
	}
	return parse_flags(r, open);
}

/* A group, or flags for the rest of this one (an empty tree). */
static struct re *parse_group(struct re_parse *r, bool *nothing)
{
	unsigned flags = r->flags;
	size_t open = r->at;
	struct re *re;
	int kind;

	if (++r->depth > MAX_DEPTH)
		return re_refuse(r, open, open + 1, "groups are nested too deeply");
	kind = parse_opening(r);
	if (kind < 0)
		return NULL;
	if (kind > 0) {
		r->depth--;
		*nothing = true;
		return re_new(r->pool, RE_EMPTY);
	}
	re = parse_branches(r);
	if (!re)
		return NULL;
	if (r->at >= r->len)
		return re_refuse(r, open, open + 1, "this group does not end");
	r->at++;
	r->depth--;
	r->flags = flags;
	return re;
}

static struct re *parse_backslash(struct re_parse *r, bool *assertion)
{
	struct re *re;
	struct hvm_class set = { { 0 } };
	uint8_t byte = 0;

	switch (re_parse_escape(r, false, &byte, &set)) {
	case ESC_BYTE:
		return new_byte(r, byte);
	case ESC_SET:
		re = re_new(r->pool, RE_CLASS);
		re->set = set;
		return re;
	case ESC_ASSERT:
		*assertion = true;
		return parse_assert(r, byte);
	default:
		return NULL;
	}
}

static bool parse_number(const struct re_parse *r, size_t *at, uint32_t *out)
{
	uint32_t n = 0;
	size_t from = *at;

	for (; *at < r->len && is_digit(r->s[*at]); (*at)++) {
		n = n * 10 + (r->s[*at] - '0');
		if (n > 65535)	/* PCRE2's own limit */
			return false;
	}
	*out = n;
	return *at > from;
}

/* A quantifier at r->at: 1 and its range, 0 there is none, -1 refused. */
static int parse_quantifier(struct re_parse *r, uint32_t *min, uint32_t *max)
{
	size_t at = r->at + 1;

	if (r->at >= r->len)
		return 0;
	switch (r->s[r->at]) {
	case '*': *min = 0, *max = RE_FOREVER; break;
	case '+': *min = 1, *max = RE_FOREVER; break;
	case '?': *min = 0, *max = 1; break;
	case '{':
		if (at < r->len && (r->s[at] == ',' || is_space(r->s[at]))) {
			re_refuse(r, r->at, at + 1, "'{' here means different things to versions "
				  "of PCRE2; write \\{ for the character");
			return -1;
		}
		if (!parse_number(r, &at, min))
			return 0;
		*max = *min;
		if (at < r->len && r->s[at] == ',') {
			at++;
			if (!parse_number(r, &at, max))
				*max = RE_FOREVER;
		}
		if (at < r->len && is_space(r->s[at])) {
			re_refuse(r, r->at, at + 1, "white space in a quantifier is not supported");
			return -1;
		}
		if (at >= r->len || r->s[at] != '}')
			return 0;
		at++;
		break;
	default:
		return 0;
	}
	if (at < r->len && r->s[at] == '+') {
		re_refuse(r, r->at, at + 1, "possessive quantifiers are not supported");
		return -1;
	}
	if (at < r->len && r->s[at] == '?')
		at++;
	r->at = at;
	return 1;
}

/* One item.  @bare: a quantifier must not follow it (it is an assertion or nothing). */
static struct re *parse_atom(struct re_parse *r, bool *bare)
{
	uint8_t c = r->s[r->at];
	uint32_t min, max;
	size_t at = r->at;
	struct re *re;

	switch (c) {
	case '(':
		return parse_group(r, bare);
	case '[':
		re = re_new(r->pool, RE_CLASS);
		return re_parse_class(r, &re->set) ? NULL : re;
	case '\\':
		return parse_backslash(r, bare);
	case '^':
		*bare = true;
		return parse_circumflex(r);
	case '$':
		*bare = true;
		return parse_dollar(r);
	case '.':
		return parse_dot(r);
	case '*':
	case '+':
	case '?':
		return re_refuse(r, r->at, r->at + 1, "nested quantifiers are not supported");
	case '{':
		if (parse_quantifier(r, &min, &max))
			return re_refuse(r, at, at + 1, "nested quantifiers are not supported");
		r->at++;
		return new_byte(r, c);
	default:
		r->at++;
		return new_byte(r, c);
	}
}

/* @re, with the quantifier that may follow it. */
static struct re *parse_repeat(struct re_parse *r, struct re *re, bool bare)
{
	uint32_t min = 0, max = 0;
	size_t from;
	struct re *rep;
	int q;

	skip_blank(r);
	from = r->at;
	q = parse_quantifier(r, &min, &max);
	if (q <= 0)
		return q ? NULL : re;
	if (bare)
		return re_refuse(r, from, r->at,
				 "a quantifier behind an assertion is not supported");
	rep = re_new(r->pool, RE_REPEAT);
	rep->min = min;
	rep->max = max;
	re_append(rep, re);
	skip_blank(r);
	from = r->at;
	if (parse_quantifier(r, &min, &max))
		return re_refuse(r, from, r->at, "nested quantifiers are not supported");
	return rep;
}

/* Items up to '|', ')' or the end. */
static struct re *parse_items(struct re_parse *r)
{
	struct re *cat = re_new(r->pool, RE_CAT), *re;

	for (skip_blank(r); r->at < r->len; skip_blank(r)) {
		bool bare = false;

		if (r->s[r->at] == '|' || r->s[r->at] == ')')
			break;
		re = parse_atom(r, &bare);
		if (re)
			re = parse_repeat(r, re, bare);
		if (!re)
			return NULL;
		re_append(cat, re);
	}
	return cat;
}

static struct re *parse_branches(struct re_parse *r)
{
	struct re *alt = re_new(r->pool, RE_ALT), *branch;

	for (;;) {
		branch = parse_items(r);
		if (!branch)
			return NULL;
		re_append(alt, branch);
		if (r->at >= r->len || r->s[r->at] != '|')
			return alt->child->next ? alt : branch;
		r->at++;
	}
}

struct re *re_parse(struct re_parse *r)
{
	struct re *re;

	/* each '(' may capture; back-references count against that */
	for (size_t i = 0; i < r->len; i++)
		r->groups += r->s[i] == '(';
	re = parse_branches(r);
	if (re && r->at < r->len)
		return re_refuse(r, r->at, r->at + 1, "unmatched ')'");
	return r->error ? NULL : re;
}
