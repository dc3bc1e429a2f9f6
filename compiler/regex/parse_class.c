/*
 * parse_class.c - [...], and sets of bytes
 */
#include "compiler/regex/regex.h"

#include <string.h>

void class_add(struct hvm_class *c, unsigned lo, unsigned hi)
{
	for (unsigned b = lo; b <= hi && b < 256; b++)
		c->bits[b >> 6] |= (uint64_t)1 << (b & 63);
}

void class_invert(struct hvm_class *c)
{
	for (int i = 0; i < 4; i++)
		c->bits[i] = ~c->bits[i];
}

void class_fold(struct hvm_class *c)
{
	for (unsigned b = 'A'; b <= 'Z'; b++) {
		if (hvm_class_has(c, (uint8_t)b))
			class_add(c, b | 0x20, b | 0x20);
		else if (hvm_class_has(c, (uint8_t)(b | 0x20)))
			class_add(c, b, b);
	}
}

unsigned class_size(const struct hvm_class *c)
{
	unsigned n = 0;

	for (int i = 0; i < 4; i++)
		n += (unsigned)__builtin_popcountll(c->bits[i]);
	return n;
}

int class_single(const struct hvm_class *c, bool *fold)
{
	unsigned n = class_size(c);
	int first = -1;

	*fold = false;
	if (n == 0 || n > 2)
		return -1;
	for (int b = 255; b >= 0; b--) {
		if (hvm_class_has(c, (uint8_t)b))
			first = b;
	}
	if (n == 1)
		return first;
	if (first < 'A' || first > 'Z' || !hvm_class_has(c, (uint8_t)(first | 0x20)))
		return -1;
	*fold = true;
	return first | 0x20;
}

enum posix {
	POSIX_ALPHA, POSIX_LOWER, POSIX_UPPER, POSIX_ALNUM, POSIX_ASCII, POSIX_BLANK,
	POSIX_CNTRL, POSIX_DIGIT, POSIX_GRAPH, POSIX_PRINT, POSIX_PUNCT, POSIX_SPACE,
	POSIX_WORD, POSIX_XDIGIT, POSIX_CLASSES,
};

static const char *const posix_name[POSIX_CLASSES] = {
	"alpha", "lower", "upper", "alnum", "ascii", "blank", "cntrl", "digit", "graph",
	"print", "punct", "space", "word", "xdigit",
};

/* ISO C's classes in the C locale. */
static bool posix_has(enum posix p, uint8_t c)
{
	bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
	bool digit = c >= '0' && c <= '9', graph = c > ' ' && c < 0x7f;

	switch (p) {
	case POSIX_ALPHA: return upper || lower;
	case POSIX_LOWER: return lower;
	case POSIX_UPPER: return upper;
	case POSIX_ALNUM: return upper || lower || digit;
	case POSIX_ASCII: return c < 0x80;
	case POSIX_BLANK: return c == ' ' || c == '\t';
	case POSIX_CNTRL: return c < ' ' || c == 0x7f;
	case POSIX_DIGIT: return digit;
	case POSIX_GRAPH: return graph;
	case POSIX_PRINT: return graph || c == ' ';
	case POSIX_PUNCT: return graph && !upper && !lower && !digit;
	case POSIX_SPACE: return c == ' ' || (c >= '\t' && c <= '\r');
	case POSIX_WORD: return hvm_is_word(c);
	default: return digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
	}
}

/*
 * Does a [:name:] (or [.x.], [=x=]) begin at r->at?  As PCRE2 looks for it: the end must
 * come before any ']' that is not its own, and before another such opening.
 */
static size_t posix_end(const struct re_parse *r)
{
	uint8_t mark;

	if (r->len - r->at < 4 || r->s[r->at] != '[')
		return 0;
	mark = r->s[r->at + 1];
	if (mark != ':' && mark != '.' && mark != '=')
		return 0;
	for (size_t i = r->at + 2; i + 1 < r->len; i++) {
		uint8_t c = r->s[i], next = r->s[i + 1];

		if (c == '\\' && (next == ']' || next == '\\'))
			i++;
		else if ((c == '[' && next == mark) || c == ']')
			return 0;
		else if (c == mark && next == ']')
			return i;
	}
	return 0;
}

/* [:name:], which ends at @end. */
static int parse_posix(struct re_parse *r, size_t end, struct hvm_class *out)
{
	size_t at = r->at + 2;
	bool not = at < end && r->s[at] == '^';

	at += not;
	for (unsigned p = 0; p < POSIX_CLASSES; p++) {
		if (strlen(posix_name[p]) != end - at ||
		    memcmp(posix_name[p], r->s + at, end - at) || r->s[end] != ':')
			continue;
		if ((r->flags & PATTERN_I) && (p == POSIX_LOWER || p == POSIX_UPPER))
			p = POSIX_ALPHA;
		for (unsigned c = 0; c < 256; c++) {
			if (posix_has(p, (uint8_t)c) != not)
				class_add(out, c, c);
		}
		r->at = end + 2;
		return 0;
	}
	re_refuse(r, r->at, end + 2, "this POSIX class is not supported");
	return -1;
}

/* One end of a range, or an item that stands alone: ESC_BYTE or ESC_SET. */
static enum re_escape parse_item(struct re_parse *r, uint8_t *byte, struct hvm_class *set)
{
	size_t end = posix_end(r);

	if (end)
		return parse_posix(r, end, set) ? ESC_BAD : ESC_SET;
	if (r->s[r->at] == '\\')
		return re_parse_escape(r, true, byte, set);
	*byte = r->s[r->at++];
	return ESC_BYTE;
}

static int bad_range(struct re_parse *r, size_t from)
{
	re_refuse(r, from, r->at, "this range is not supported");
	return -1;
}

static int parse_range(struct re_parse *r, struct hvm_class *out)
{
	struct hvm_class set = { { 0 } };
	size_t from = r->at;
	uint8_t lo = 0, hi = 0;
	enum re_escape e = parse_item(r, &lo, &set);
	bool hyphen;

	if (e == ESC_BAD)
		return -1;
	hyphen = r->len - r->at >= 2 && r->s[r->at] == '-' && r->s[r->at + 1] != ']';
	for (int i = 0; e == ESC_SET && i < 4; i++)
		out->bits[i] |= set.bits[i];
	if (e == ESC_SET)
		return hyphen ? bad_range(r, from) : 0;
	if (hyphen) {
		r->at++;
		e = parse_item(r, &hi, &set);
		if (e == ESC_BAD)
			return -1;
		if (e == ESC_SET || hi < lo)
			return bad_range(r, from);
	} else {
		hi = lo;
	}
	set = (struct hvm_class){ { 0 } };
	class_add(&set, lo, hi);
	if (r->flags & PATTERN_I)
		class_fold(&set);
	for (int i = 0; i < 4; i++)
		out->bits[i] |= set.bits[i];
	return 0;
}

int re_parse_class(struct re_parse *r, struct hvm_class *out)
{
	size_t open = r->at++;
	bool not = r->at < r->len && r->s[r->at] == '^';
	bool first = true;

	if (r->len - open >= 7 && (!memcmp(r->s + open, "[[:<:]]", 7) ||
				   !memcmp(r->s + open, "[[:>:]]", 7))) {
		re_refuse(r, open, open + 7, "look-around is not supported");
		return -1;
	}
	r->at += not;
	for (; r->at < r->len && (first || r->s[r->at] != ']'); first = false) {
		if (parse_range(r, out))
			return -1;
	}
	if (r->at >= r->len) {
		re_refuse(r, open, open + 1, "this class does not end");
		return -1;
	}
	r->at++;
	if (not)
		class_invert(out);
	return 0;
}
