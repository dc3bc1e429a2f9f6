/*
 * hvlog_line.c - find the hypervisor's lines among the bytes of a serial port
 */
#include "replay/hvlog_line.h"

#include <string.h>

#define MARK		"sluice: ["
#define MARK_LEN	(sizeof(MARK) - 1)
#define CPU_MAX		9999u

const char *const hvlog_level_name[HVLOG_LEVELS] = { "debug", "info", "warn", "error" };

/* CRC-16/CCITT-FALSE */
static uint16_t crc16(uint16_t crc, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		crc ^= (uint16_t)((uint8_t)bytes[i] << 8);
		for (unsigned bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
	}
	return crc;
}

/* ---- one after the other from *@at; false: it is not there ---- */

static bool take(const char **at, const char *what)
{
	size_t len = strlen(what);

	if (strncmp(*at, what, len))
		return false;
	*at += len;
	return true;
}

static bool take_number(const char **at, uint64_t *n)
{
	const char *from = *at;

	for (*n = 0; **at >= '0' && **at <= '9'; ++*at) {
		if (__builtin_mul_overflow(*n, 10, n) || __builtin_add_overflow(*n, (uint64_t)(**at - '0'), n))
			return false;
	}
	return *at > from;
}

static bool take_crc(const char **at, uint16_t *crc)
{
	*crc = 0;
	for (unsigned i = 0; i < 4; i++, ++*at) {
		char c = **at;

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
		*crc = (uint16_t)(*crc << 4 | (c <= '9' ? c - '0' : c - 'a' + 10));
	}
	return true;
}

static bool take_time(const char **at, uint64_t *us)
{
	uint64_t seconds, part;
	const char *point;

	while (**at == ' ')
		++*at;
	if (!take_number(at, &seconds) || !take(at, "."))
		return false;
	point = *at;
	return take_number(at, &part) && *at - point == 6 && !__builtin_mul_overflow(seconds, 1000000, us) &&
	       !__builtin_add_overflow(*us, part, us);
}

static bool take_level(const char **at, enum hvlog_level *level)
{
	for (unsigned i = 0; i < HVLOG_LEVELS; i++) {
		if (take(at, hvlog_level_name[i])) {
			*level = (enum hvlog_level)i;
			return true;
		}
	}
	return false;
}

/* @text begins behind the mark and ends in a NUL. */
static bool read_line(const char *text, struct hvlog_line *l)
{
	const char *at = text, *head_end;
	uint64_t cpu;
	uint16_t crc;

	if (!take_time(&at, &l->us) || !take(&at, " ") || !take_number(&at, &cpu) || cpu > CPU_MAX ||
	    !take(&at, " ") || !take_level(&at, &l->level) || !take(&at, " #") ||
	    !take_number(&at, &l->number) || l->number == 0)
		return false;
	head_end = at;
	if (!take(&at, " ") || !take_crc(&at, &crc) || !take(&at, "] "))
		return false;
	for (const char *c = at; *c; c++) {
		if (*c < ' ' || *c > '~')
			return false;
	}
	l->cpu = (uint32_t)cpu;
	l->text = at;
	return crc16(crc16(0xffff, text, (size_t)(head_end - text)), at, strlen(at)) == crc;
}

/* ---- bytes into lines ---- */

static char *find_mark(char *from, const char *end)
{
	return (size_t)(end - from) < MARK_LEN ? NULL : memmem(from, (size_t)(end - from), MARK, MARK_LEN);
}

/* Somebody else's line may stop where one of ours begins, or ours where the machine was reset. */
static void end_line(struct hvlog_splitter *s, hvlog_found_fn *found, void *arg)
{
	char *end = s->held + s->len, *at = find_mark(s->held, end);
	struct hvlog_line line;

	*end = '\0';
	while (at) {
		at += MARK_LEN;
		/* a NUL inside would hide what follows it */
		if (strlen(at) == (size_t)(end - at) && read_line(at, &line)) {
			found(arg, &line);
			break;
		}
		found(arg, NULL);
		at = find_mark(at, end);
	}
	s->len = 0;
}

/* More than any line of ours: keep what may still become one. */
static void make_room(struct hvlog_splitter *s, hvlog_found_fn *found, void *arg)
{
	char *end = s->held + s->len, *mark = find_mark(s->held, end);

	if (mark == s->held) {
		found(arg, NULL);
		mark = find_mark(s->held + 1, end);
	}
	if (!mark)
		mark = end - (MARK_LEN - 1);
	s->len = (size_t)(end - mark);
	memmove(s->held, mark, s->len);
}

void hvlog_feed(struct hvlog_splitter *s, const char *bytes, size_t len, hvlog_found_fn *found, void *arg)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r') {
			end_line(s, found, arg);
			continue;
		}
		if (s->len == HVLOG_LINE_MAX)
			make_room(s, found, arg);
		s->held[s->len++] = bytes[i];
	}
}

void hvlog_finish(struct hvlog_splitter *s, hvlog_found_fn *found, void *arg)
{
	end_line(s, found, arg);
}
