/*
 * text.c - numbers and words into a line of bounded length
 */
#include "hv/text.h"

#include <stdbool.h>
#include <string.h>

#define WIDTH_MAX	64u	/* columns of one conversion */
#define CUT		"..."

void text_put(struct text *t, char c)
{
	const uint32_t dots = sizeof(CUT) - 1;

	if (t->len < t->room)
		t->at[t->len++] = c >= ' ' && c < 0x7f ? c : '?';
	else if (t->room >= dots)
		memcpy(t->at + t->room - dots, CUT, dots);
}

static void put_number(struct text *t, uint64_t v, unsigned base, unsigned width, char pad)
{
	char digits[24];	/* 2^64 has 20 */
	unsigned n = 0;

	do
		digits[n++] = "0123456789abcdef"[v % base];
	while (v /= base);
	for (unsigned i = n; i < width; i++)
		text_put(t, pad);
	while (n > 0)
		text_put(t, digits[--n]);
}

static void put_string(struct text *t, const char *s, unsigned width)
{
	unsigned n = 0;

	for (; *s; s++, n++)
		text_put(t, *s);
	for (; n < width; n++)
		text_put(t, ' ');
}

/* One conversion behind a '%'; returns what follows it. */
static const char *convert(struct text *t, const char *f, va_list *args)
{
	char pad = *f == '0' ? '0' : ' ';
	unsigned width = 0, longs = 0;
	uint64_t v;

	for (; *f >= '0' && *f <= '9'; f++)
		width = width < WIDTH_MAX ? width * 10 + (unsigned)(*f - '0') : WIDTH_MAX;
	width = width < WIDTH_MAX ? width : WIDTH_MAX;
	for (; *f == 'l' || *f == 'z'; f++)
		longs++;
	switch (*f) {
	case 's':
		put_string(t, va_arg(*args, const char *), width);
		break;
	case 'c':
		text_put(t, (char)va_arg(*args, int));
		break;
	case 'd':
		v = longs ? (uint64_t)va_arg(*args, int64_t) : (uint64_t)(int64_t)va_arg(*args, int);
		if ((int64_t)v < 0) {
			text_put(t, '-');
			v = 0 - v;
		}
		put_number(t, v, 10, width, pad);
		break;
	case 'u':
	case 'x':
		v = longs ? va_arg(*args, uint64_t) : va_arg(*args, uint32_t);
		put_number(t, v, *f == 'x' ? 16 : 10, width, pad);
		break;
	case '\0':
		return f;
	default:
		text_put(t, *f);
	}
	return f + 1;
}

void text_add_list(struct text *t, const char *format, va_list from)
{
	va_list args;

	va_copy(args, from);
	while (*format) {
		if (*format == '%')
			format = convert(t, format + 1, &args);
		else
			text_put(t, *format++);
	}
	va_end(args);
}

void text_add(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_add_list(t, format, args);
	va_end(args);
}
