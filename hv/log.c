/*
 * log.c - lines in a ring, sent as the line is free
 */
#include "hv/log.h"

#include <stdbool.h>
#include <stddef.h>

#include "hv/cpu/lock.h"
#include "hv/screen.h"
#include "hv/serial.h"

#define RING		(64u * 1024)	/* bytes, a power of two */
#define LINE_MAX	256u		/* bytes of one line; the rest is cut */
#define FLUSH_SPINS	10000000u	/* reads of LSR before a dead line is given up */

struct line {
	char text[LINE_MAX];
	uint32_t len;
};

static enum log_level level = LOG_INFO;
static struct spinlock lock;
static uint8_t ring[RING];
static uint64_t head, tail, lost;	/* free-running: bytes written, sent */

static void put(struct line *l, char c)
{
	if (l->len < LINE_MAX - 2)
		l->text[l->len++] = c;
}

static void put_number(struct line *l, uint64_t v, unsigned base, unsigned width, char pad)
{
	char digits[24];
	unsigned n = 0;

	do
		digits[n++] = "0123456789abcdef"[v % base];
	while (v /= base);
	for (unsigned i = n; i < width; i++)
		put(l, pad);
	while (n > 0)
		put(l, digits[--n]);
}

static void put_string(struct line *l, const char *s, unsigned width)
{
	unsigned n = 0;

	for (; *s; s++, n++)
		put(l, *s);
	for (; n < width; n++)
		put(l, ' ');
}

/* One conversion behind a '%'; returns what follows it. */
static const char *convert(struct line *l, const char *f, va_list *args)
{
	char pad = *f == '0' ? '0' : ' ';
	unsigned width = 0, longs = 0;
	uint64_t v;

	for (; *f >= '0' && *f <= '9'; f++)
		width = width * 10 + (unsigned)(*f - '0');
	for (; *f == 'l' || *f == 'z'; f++)
		longs++;
	switch (*f) {
	case 's':
		put_string(l, va_arg(*args, const char *), width);
		break;
	case 'c':
		put(l, (char)va_arg(*args, int));
		break;
	case 'd':
		v = longs ? (uint64_t)va_arg(*args, int64_t) : (uint64_t)(int64_t)va_arg(*args, int);
		if ((int64_t)v < 0) {
			put(l, '-');
			v = 0 - v;
		}
		put_number(l, v, 10, width, pad);
		break;
	case 'u':
	case 'x':
		v = longs ? va_arg(*args, uint64_t) : va_arg(*args, uint32_t);
		put_number(l, v, *f == 'x' ? 16 : 10, width, pad);
		break;
	case '\0':
		return f;
	default:
		put(l, *f);
	}
	return f + 1;
}

void log_text(const char *what, const char *format, va_list from)
{
	struct line l = { .len = 0 };
	va_list args;

	va_copy(args, from);
	put_string(&l, "sluice: ", 0);
	put_string(&l, what, 0);
	while (*format) {
		if (*format != '%') {
			put(&l, *format++);
			continue;
		}
		format = convert(&l, format + 1, &args);
	}
	va_end(args);
	if (what[0])		/* last words */
		screen_line(l.text, l.len);
	l.text[l.len++] = '\r';
	l.text[l.len++] = '\n';

	lock_take(&lock);
	for (uint32_t i = 0; i < l.len; i++)
		ring[head++ % RING] = (uint8_t)l.text[i];
	if (head - tail > RING) {
		lost += head - tail - RING;
		tail = head - RING;
	}
	lock_give(&lock);
}

void log_level(enum log_level at_most)
{
	level = at_most;
}

void log_line(const char *format, ...)
{
	va_list args;

	if (level < LOG_INFO)
		return;
	va_start(args, format);
	log_text("", format, args);
	va_end(args);
}

void log_debug(const char *format, ...)
{
	va_list args;

	if (level < LOG_DEBUG)
		return;
	va_start(args, format);
	log_text("", format, args);
	va_end(args);
}

static bool send_one(void)
{
	bool sent = false;

	lock_take(&lock);
	if (tail != head && serial_ready()) {
		serial_put(ring[tail++ % RING]);
		sent = true;
	}
	lock_give(&lock);
	return sent;
}

void log_drain(unsigned bytes)
{
	while (bytes-- > 0 && send_one())
		;
}

void log_flush(void)
{
	for (uint32_t spins = 0; tail != head && spins < FLUSH_SPINS; spins++) {
		if (send_one())
			spins = 0;
	}
}

uint64_t log_lost(void)
{
	return lost;
}
