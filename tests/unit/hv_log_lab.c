/*
 * hv_log_lab.c - a machine around hv/log.c
 */
#include "tests/unit/hv_log_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/clock.h"
#include "hv/screen.h"
#include "hv/serial.h"
#include "tests/unit/unit.h"

struct lab lab = { .now = 1234567, .room = 16 };
struct cpu cpus[CPUS_MAX];
uint32_t cpu_count = 1;

static uint32_t read_so_far;

uint64_t clock_us(void)
{
	lab.now += lab.step;
	return lab.now;
}

uint16_t serial_port(void)
{
	return lab.no_uart ? 0 : COM2;
}

unsigned serial_room(void)
{
	return lab.no_uart ? 0 : lab.room;
}

void serial_put(uint8_t byte)
{
	void (*on_byte)(void) = lab.on_byte;

	lab.on_byte = NULL;
	if (on_byte)
		on_byte();
	ck_assert_uint_lt(lab.len, sizeof(lab.sent));
	lab.sent[lab.len++] = (char)byte;
}

bool serial_check(void)
{
	bool ours = !lab.changed;

	lab.changed = false;
	return ours;
}

void screen_line(const char *text, uint32_t len)
{
	memcpy(lab.screen, text, len);
	lab.screen[len] = '\0';
}

void lab_own_process(void)
{
	setenv("CK_FORK", "yes", 1);
}

void lab_drain(void)
{
	uint32_t before;

	do {
		before = lab.len;
		log_drain(LOG_RING);
	} while (lab.len > before);
}

/* Bit by bit as the standard says it, from the other end than log.c. */
uint16_t lab_crc(const char *bytes, size_t len)
{
	uint32_t crc = 0xffff;

	for (size_t i = 0; i < len * 8; i++) {
		uint32_t bit = (uint32_t)((uint8_t)bytes[i / 8] >> (7 - i % 8)) & 1;
		uint32_t top = crc >> 15 & 1;

		crc = crc << 1 & 0xffff;
		if (top ^ bit)
			crc ^= 0x1021;
	}
	return (uint16_t)crc;
}

bool lab_next(struct lab_line *l)
{
	char line[512], checked[512];
	unsigned long long s, us, number;
	unsigned crc;
	const char *at, *end;
	int head = 0;

	while (read_so_far + 2 <= lab.len && !memcmp(lab.sent + read_so_far, "\r\n", 2))
		read_so_far += 2;
	if (read_so_far == lab.len)
		return false;
	at = lab.sent + read_so_far;
	end = memchr(at, '\r', lab.len - read_so_far);
	ck_assert_msg(end && end[1] == '\n' && end - at < (long)sizeof(line), "no whole line: %.40s", at);
	memcpy(line, at, (size_t)(end - at));
	line[end - at] = '\0';
	read_so_far += (uint32_t)(end - at) + 2;
	memset(l, 0, sizeof(*l));
	ck_assert_msg(sscanf(line, "sluice: [%llu.%6llu %u %7s #%llu %4x] %n", &s, &us, &l->cpu, l->level,
			     &number, &crc, &head) == 6 && head, "%s", line);
	l->us = s * 1000000 + us;
	l->number = number;
	snprintf(l->text, sizeof(l->text), "%s", line + head);
	snprintf(checked, sizeof(checked), "%.*s%s", head - 7 - 9, line + 9, line + head);
	ck_assert_msg(lab_crc(checked, strlen(checked)) == crc, "CRC of %s over '%s'", line, checked);
	return true;
}

struct lab_line lab_find(const char *begin)
{
	struct lab_line l;

	while (lab_next(&l)) {
		if (!strncmp(l.text, begin, strlen(begin)))
			return l;
	}
	ck_abort_msg("no line begins with %s", begin);
	return l;
}
