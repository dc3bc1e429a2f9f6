/*
 * print.c - words on COM1 and words from the test
 */
#include <stdarg.h>
#include <stddef.h>

#include "tests/endpoint/guest/print.h"
#include "tests/endpoint/guest/x86.h"

#define COM1 0x3f8
#define LSR (COM1 + 5)
#define LSR_THRE 0x20

extern const char test_words[];	/* LBA 1 of the image, where the boot sector put it */

static void put(char c)
{
	while (!(inb(LSR) & LSR_THRE))
		;
	outb(COM1, c);
}

static void put_number(uint64_t value, unsigned base)
{
	char digits[20];
	unsigned count = 0;

	do {
		/* 32-bit code has no 64-bit division; hexadecimal needs none. */
		unsigned digit = base == 16 ? (unsigned)(value & 15) : (unsigned)value % 10;

		digits[count++] = "0123456789abcdef"[digit];
		value = base == 16 ? value >> 4 : (unsigned)value / 10;
	} while (value);
	while (count)
		put(digits[--count]);
}

void say(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	for (; *format; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		unsigned longs = 0;

		for (format++; *format == 'l'; format++)
			longs++;
		if (*format == 's') {
			for (const char *s = va_arg(list, const char *); *s; s++)
				put(*s);
		} else if (*format == 'x' || *format == 'u') {
			put_number(longs == 2 ? va_arg(list, unsigned long long) : longs ? va_arg(list, unsigned long) :
				   va_arg(list, unsigned), *format == 'x' ? 16 : 10);
		} else {
			put(*format);
		}
	}
	va_end(list);
}

static bool ends_word(char c)
{
	return c == 0 || c == ' ' || c == ',' || c == '\n';
}

/* What stands behind `name` where it starts a word; NULL without. */
static const char *find(const char *name)
{
	const char *text = test_words;

	while (*text) {
		size_t n = 0;

		while (name[n] && text[n] == name[n])
			n++;
		if (!name[n])
			return text + n;
		while (!ends_word(*text))
			text++;
		while (*text && ends_word(*text))
			text++;
	}
	return NULL;
}

bool arg(const char *word)
{
	const char *end = find(word);

	return end && ends_word(*end);
}

const char *arg_value(const char *name)
{
	const char *end = find(name);

	return end && *end == '=' ? end + 1 : NULL;
}

bool arg_is(const char *name, const char *value)
{
	const char *text = arg_value(name);

	if (!text)
		return false;
	while (*value && *text == *value)
		text++, value++;
	return !*value && ends_word(*text);
}

uint64_t take_hex(const char **text)
{
	uint64_t value = 0;

	for (;; (*text)++) {
		char c = **text;

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (c - 'a' + 10);
		else
			break;
	}
	if (**text)
		(*text)++;
	return value;
}
