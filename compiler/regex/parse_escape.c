/*
 * parse_escape.c - backslashes, in and out of classes
 */
#include "compiler/regex/regex.h"

#include <string.h>

static bool is_octal(const struct re_parse *r)
{
	return r->at < r->len && r->s[r->at] >= '0' && r->s[r->at] <= '7';
}

static int hex_digit(const struct re_parse *r)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t c = r->at < r->len ? r->s[r->at] : 0;
	const char *d = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;

	return d ? (int)(d - digits) : -1;
}

static enum re_escape refuse(struct re_parse *r, size_t from, const char *what)
{
	re_refuse(r, from, r->at, what);
	return ESC_BAD;
}

/* {digits} of @base, r->at at the brace. */
static enum re_escape braced(struct re_parse *r, size_t from, unsigned base, uint8_t *byte)
{
	unsigned value = 0, digits = 0;
	int d;

	for (r->at++; (d = hex_digit(r)) >= 0 && (unsigned)d < base; r->at++, digits++) {
		value = value * base + (unsigned)d;
		if (value > 255)
			return refuse(r, from, "a character above \\xff is not supported");
	}
	if (!digits || r->at >= r->len || r->s[r->at] != '}')
		return refuse(r, from, "this escape is not supported");
	r->at++;
	*byte = (uint8_t)value;
	return ESC_BYTE;
}

static enum re_escape hexadecimal(struct re_parse *r, size_t from, uint8_t *byte)
{
	unsigned value = 0;

	if (r->at < r->len && r->s[r->at] == '{')
		return braced(r, from, 16, byte);
	for (int n = 0, d; n < 2 && (d = hex_digit(r)) >= 0; n++, r->at++)
		value = value * 16 + (unsigned)d;
	*byte = (uint8_t)value;
	return ESC_BYTE;
}

/* \0.. : up to three octal digits, the first is at r->at. */
static enum re_escape octal(struct re_parse *r, size_t from, uint8_t *byte)
{
	unsigned value = 0;

	for (int n = 0; n < 3 && is_octal(r); n++, r->at++)
		value = value * 8 + (r->s[r->at] - '0');
	if (value > 255)
		return refuse(r, from, "a character above \\xff is not supported");
	*byte = (uint8_t)value;
	return ESC_BYTE;
}

/*
 * \1..: outside classes a back-reference when the number is below 10, begins with 8 or 9,
 * or so many groups were opened; else octal.  r->groups may be too large, which refuses
 * more.
 */
static enum re_escape digits(struct re_parse *r, size_t from, bool in_class, uint8_t *byte)
{
	unsigned value = 0;
	size_t end = r->at;

	for (; end < r->len && r->s[end] >= '0' && r->s[end] <= '9'; end++)
		value = value < 100000 ? value * 10 + (r->s[end] - '0') : value;
	if (in_class && r->s[r->at] >= '8') {
		r->at++;
		return refuse(r, from, "this escape is not supported");
	}
	if (!in_class && (value < 10 || r->s[r->at] >= '8' || value <= r->groups)) {
		r->at = end;
		return refuse(r, from, "back-references are not supported");
	}
	return octal(r, from, byte);
}

/* \d \h \s \v \w and their complements, \N. */
static bool escape_set(uint8_t letter, struct hvm_class *set)
{
	switch (letter | 0x20) {
	case 'd':
		class_add(set, '0', '9');
		break;
	case 'h':
		class_add(set, '\t', '\t');
		class_add(set, ' ', ' ');
		class_add(set, 0xa0, 0xa0);
		break;
	case 's':
		class_add(set, '\t', '\r');
		class_add(set, ' ', ' ');
		break;
	case 'v':
		class_add(set, '\n', '\r');
		class_add(set, 0x85, 0x85);
		break;
	case 'w':
		for (unsigned c = 0; c < 256; c++) {
			if (hvm_is_word((uint8_t)c))
				class_add(set, c, c);
		}
		break;
	case 'n':		/* \n is a byte and never comes here */
		class_add(set, '\n', '\n');
		break;
	default:
		return false;
	}
	if (letter < 'a')
		class_invert(set);
	return true;
}

static const char *refused_letter(uint8_t c)
{
	switch (c) {
	case 'k':
		return "back-references are not supported";
	case 'g':
		return "back-references and recursion are not supported";
	case 'K':
		return "\\K is not supported";
	case 'G':
		return "\\G is not supported";
	case 'R':
		return "\\R is not supported";
	case 'X':
		return "\\X is not supported";
	case 'C':
		return "\\C is not supported";
	case 'p':
	case 'P':
		return "\\p and \\P are not supported";
	case 'Q':
	case 'E':
		return "\\Q and \\E are not supported";
	default:
		return NULL;
	}
}

static enum re_escape letter(struct re_parse *r, size_t from, bool in_class, uint8_t c,
			     uint8_t *byte, struct hvm_class *set)
{
	static const char names[] = "aefnrt", values[] = "\a\033\f\n\r\t";
	const char *n = strchr(names, c);

	if (n) {
		*byte = (uint8_t)values[n - names];
		return ESC_BYTE;
	}
	if (refused_letter(c))
		return refuse(r, from, refused_letter(c));
	if (strchr("bBAzZ", c)) {
		*byte = in_class ? '\b' : c;
		if (in_class && c != 'b')
			return refuse(r, from, "this escape is not supported in a class");
		return in_class ? ESC_BYTE : ESC_ASSERT;
	}
	if (c == 'x')
		return hexadecimal(r, from, byte);
	if (c == 'o' && r->at < r->len && r->s[r->at] == '{')
		return braced(r, from, 8, byte);
	if (c == 'c' && r->at < r->len && r->s[r->at] >= ' ' && r->s[r->at] <= '~') {
		uint8_t ctl = r->s[r->at++];

		*byte = (uint8_t)((ctl >= 'a' && ctl <= 'z' ? ctl & ~0x20 : ctl) ^ 0x40);
		return ESC_BYTE;
	}
	if (!(c == 'N' && in_class) && escape_set(c, set))
		return ESC_SET;
	return refuse(r, from, "this escape is not supported");
}

enum re_escape re_parse_escape(struct re_parse *r, bool in_class, uint8_t *byte,
			       struct hvm_class *set)
{
	size_t from = r->at++;
	uint8_t c;

	if (r->at >= r->len)
		return refuse(r, from, "\\ at the end");
	c = r->s[r->at];
	if (c == '0')
		return octal(r, from, byte);
	if (c >= '1' && c <= '9')
		return digits(r, from, in_class, byte);
	r->at++;
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
		return letter(r, from, in_class, c, byte, set);
	if (c >= 0x80)
		return refuse(r, from, "this escape is not supported");
	*byte = c;
	return ESC_BYTE;
}
