/*
 * error.c - puts the text of a struct policy_error together
 */
#include "policy/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define DIGITS_MAX	20	/* of 2^64 - 1 in decimal */

struct text {
	char *at;
	size_t room;		/* characters that still fit, the final NUL not counted */
};

static void put_char(struct text *t, char c)
{
	if (t->room == 0)
		return;
	*t->at++ = c;
	t->room--;
}

static void put_string(struct text *t, const char *s)
{
	for (; *s; s++)
		put_char(t, *s);
}

static void put_number(struct text *t, uint64_t n, unsigned base)
{
	char digits[DIGITS_MAX];
	size_t count = 0;

	do {
		digits[count++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	while (count)
		put_char(t, digits[--count]);
}

static void put_signed(struct text *t, int64_t n)
{
	if (n < 0)
		put_char(t, '-');
	put_number(t, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 10);
}

static bool starts(const char *s, const char *prefix)
{
	while (*prefix && *s == *prefix)
		s++, prefix++;
	return *prefix == 0;
}

/* One conversion, @f behind its '%'; returns what follows it. */
static const char *put_conversion(struct text *t, const char *f, va_list *ap)
{
	if (*f == 's')
		put_string(t, va_arg(*ap, const char *));
	else if (*f == 'u')
		put_number(t, va_arg(*ap, uint32_t), 10);
	else if (*f == 'x')
		put_number(t, va_arg(*ap, uint32_t), 16);
	else if (starts(f, "llu"))
		put_number(t, va_arg(*ap, unsigned long long), 10);
	else if (starts(f, "lld"))
		put_signed(t, va_arg(*ap, long long));
	else if (*f)
		put_char(t, *f);
	if (*f == 'l')
		return f + 3;
	return *f ? f + 1 : f;
}

int policy_fail(struct policy_error *e, int code, const char *where, uint32_t insn,
		const char *text, ...)
{
	struct text t;
	va_list ap;

	if (e == NULL)
		return code;
	t = (struct text){ e->where, sizeof(e->where) - 1 };
	put_string(&t, where);
	*t.at = 0;
	e->insn = insn;
	t = (struct text){ e->text, sizeof(e->text) - 1 };
	va_start(ap, text);
	while (*text) {
		if (*text != '%')
			put_char(&t, *text++);
		else
			text = put_conversion(&t, text + 1, &ap);
	}
	va_end(ap);
	*t.at = 0;
	return code;
}
