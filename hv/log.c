/*
 * log.c - lines in a ring, sent as the line is free
 */
#include "hv/log.h"

#include <stddef.h>
#include <string.h>

#include "hv/clock.h"
#include "hv/cpu/lock.h"
#include "hv/cpu/smp.h"
#include "hv/rate.h"
#include "hv/screen.h"
#include "hv/serial.h"
#include "hv/text.h"

#define NAME		"sluice: "
#define HEAD_MAX	96u		/* bytes before the text, with every number at its longest */
#define DYING_TRIES	1000000u	/* for the lock, about 50 ms */
#define TICK_US		UINT64_C(1000000)
#define TICK_SEND_US	UINT64_C(2000)	/* of each second, where the guest never exits */
#define CRC_START	0xffffu

static const char *const level_names[] = { "debug", "info", "warn", "error" };

#define OFFENCE(id, name, level) level,
static const enum line_level offence_levels[] = {
#include "hv/offence.def"
};
#undef OFFENCE

static enum log_level level = LOG_INFO;
static struct spinlock lock;
static bool dying;			/* some lock may never be given back */
struct log_ends log_ends;		/* under the lock, with all that follows */
static uint8_t ring[LOG_RING];
static uint64_t number, lost, unsaid;	/* lines numbered, lost, lost and not yet told */
static uint64_t last_us;
static uint64_t refuses_since;		/* the UART takes nothing; 0: it does */
static bool stuck;
static struct rate rates[OFFENCES];
static uint64_t said[OFFENCES];

static uint64_t next_tick;

/* ---- the lock ---- */

static bool take(void)
{
	if (!__atomic_load_n(&dying, __ATOMIC_RELAXED)) {
		lock_take(&lock);
		return true;
	}
	for (unsigned n = 0; n < DYING_TRIES; n++) {
		if (lock_try(&lock))
			return true;
		cpu_relax();
	}
	return false;
}

static void give(bool taken)
{
	if (taken)
		lock_give(&lock);
}

/* ---- one line into the ring; all of this under the lock ---- */

static uint16_t crc16(uint16_t crc, const char *bytes, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		crc ^= (uint16_t)((uint8_t)bytes[i] << 8);
		for (unsigned bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
	}
	return crc;
}

static uint32_t processor(void)
{
	uint32_t id;

	if (cpu_count == 1)
		return 0;
	id = cpuid(1, 0).ebx >> 24;
	for (uint32_t i = 0; i < cpu_count; i++) {
		if (cpus[i].apic_id == id)
			return i;
	}
	return 0;
}

static void append(const char *bytes, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		ring[(log_ends.head + i) % LOG_RING] = (uint8_t)bytes[i];
	__atomic_store_n(&log_ends.head, log_ends.head + len, __ATOMIC_RELAXED);
}

/* False: no room; nothing happened. */
static bool put(enum line_level at, const struct text *body, uint32_t room)
{
	char space[HEAD_MAX];
	struct text t = { space, sizeof(space), 0 };
	uint64_t now = clock_us();
	uint32_t checked = sizeof(NAME);	/* from behind the bracket on */
	uint16_t crc;

	/* the counters of two processors may differ by a little */
	now = now > last_us ? now : last_us;
	text_add(&t, NAME "[%5llu.%06llu %u %s #%llu", (unsigned long long)(now / 1000000),
		 (unsigned long long)(now % 1000000), processor(), level_names[at],
		 (unsigned long long)number + 1);
	crc = crc16(CRC_START, t.at + checked, t.len - checked);
	text_add(&t, " %04x] ", crc16(crc, body->at, body->len));
	if (log_ends.head - log_ends.tail + 2 + t.len + body->len + 2 > room)
		return false;
	if (log_ends.head == 0)
		append("\r\n", 2);	/* whoever wrote before may have stopped in a line */
	number++;
	last_us = now;
	append(t.at, t.len);
	append(body->at, body->len);
	append("\r\n", 2);
	return true;
}

/* @room: bytes of the ring that may be used. */
static void submit(enum line_level at, const struct text *body, uint32_t room)
{
	if (unsaid) {
		char space[64];
		struct text t = { space, sizeof(space), 0 };

		text_add(&t, "log: %llu lines lost, the serial line is too slow", (unsigned long long)unsaid);
		if (put(LINE_WARN, &t, room))
			unsaid = 0;
	}
	if (unsaid || !put(at, body, room)) {
		number++;
		lost++;
		unsaid++;
	}
}

static void say(enum line_level at, uint32_t room, const char *format, va_list args)
{
	char space[LOG_TEXT_MAX];
	struct text body = { space, sizeof(space), 0 };
	bool taken;

	text_add_list(&body, format, args);
	taken = take();
	submit(at, &body, room);
	give(taken);
}

/* ---- what others say ---- */

void log_level(enum log_level at_most)
{
	level = at_most;
}

bool log_is_debug(void)
{
	return level >= LOG_DEBUG;
}

void log_line(const char *format, ...)
{
	va_list args;

	if (level < LOG_INFO)
		return;
	va_start(args, format);
	say(LINE_INFO, LOG_RING, format, args);
	va_end(args);
}

void log_debug(const char *format, ...)
{
	va_list args;

	if (level < LOG_DEBUG)
		return;
	va_start(args, format);
	say(LINE_DEBUG, LOG_RING, format, args);
	va_end(args);
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(LINE_ERROR, LOG_RING, format, args);
	va_end(args);
}

void log_event(enum line_level at, const char *format, ...)
{
	va_list args;

	if (level < LOG_INFO)
		return;
	va_start(args, format);
	say(at, LOG_RING - LOG_RESERVE, format, args);
	va_end(args);
}

static bool is_said(enum offence kind)
{
	return level >= (offence_levels[kind] == LINE_DEBUG ? LOG_DEBUG : LOG_INFO);
}

void log_guest(enum offence kind, const char *format, ...)
{
	char space[LOG_TEXT_MAX];
	struct text body = { space, sizeof(space), 0 };
	struct rate *r = &rates[kind];
	va_list args;
	bool taken;

	if (!is_said(kind))
		return;
	taken = take();
	if (rate_take(r, clock_us())) {
		text_add(&body, "guest: ");
		va_start(args, format);
		text_add_list(&body, format, args);
		va_end(args);
		if (r->unsaid)
			text_add(&body, " (%llu like it left out)", (unsigned long long)r->unsaid);
		r->unsaid = 0;
		said[kind]++;
		submit(offence_levels[kind], &body, LOG_RING - LOG_RESERVE);
	}
	give(taken);
}

uint64_t log_guest_said(enum offence kind)
{
	return __atomic_load_n(&said[kind], __ATOMIC_RELAXED);
}

void log_text(const char *what, const char *format, va_list args)
{
	char space[LOG_TEXT_MAX];
	struct text body = { space, sizeof(space), 0 };
	bool taken;

	text_add(&body, NAME "%s", what);
	text_add_list(&body, format, args);
	screen_line(body.at, body.len);
	body.at += sizeof(NAME) - 1;
	body.len -= (uint32_t)sizeof(NAME) - 1;
	__atomic_store_n(&dying, true, __ATOMIC_RELAXED);
	log_flush();		/* room for the last words, if the UART lives */
	taken = take();
	submit(LINE_ERROR, &body, LOG_RING);
	give(taken);
}

/* ---- to the UART ---- */

bool log_pending(void)
{
	return log_has_lines() && !__atomic_load_n(&stuck, __ATOMIC_RELAXED);
}

/* Under the lock: is the UART to be given up, which took nothing just now, or to be believed again? */
static void judge_uart(bool took)
{
	uint64_t now = took ? 0 : clock_us();

	if (took || !refuses_since)
		refuses_since = now;
	__atomic_store_n(&stuck, !took && (!serial_port() || now - refuses_since > LOG_STUCK_US),
			 __ATOMIC_RELAXED);
}

/* Under the lock: what the UART takes at once, at most @bytes. */
static unsigned send(unsigned bytes)
{
	unsigned n;

	if (log_ends.head == log_ends.tail)
		return 0;
	n = serial_room();
	judge_uart(n > 0);
	n = n < bytes ? n : bytes;
	n = n < log_ends.head - log_ends.tail ? n : (unsigned)(log_ends.head - log_ends.tail);
	for (unsigned i = 0; i < n; i++)
		serial_put(ring[(log_ends.tail + i) % LOG_RING]);
	__atomic_store_n(&log_ends.tail, log_ends.tail + n, __ATOMIC_RELAXED);
	return n;
}

void log_drain(unsigned bytes)
{
	if (!log_has_lines() || !lock_try(&lock))
		return;
	send(bytes);
	lock_give(&lock);
}

void log_flush(void)
{
	bool more = log_has_lines();

	while (more) {
		bool taken = take();

		send(LOG_RING);
		give(taken);
		more = log_pending();
		cpu_relax();
	}
}

/* One line for each kind that has been silent long enough since something was left out. */
static void say_left_out(void)
{
#define OFFENCE(id, name, level) name,
	static const char *const names[] = {
#include "hv/offence.def"
	};
#undef OFFENCE
	char space[LOG_TEXT_MAX];
	bool taken = take();

	for (unsigned kind = 0; kind < OFFENCES; kind++) {
		struct rate *r = &rates[kind];
		struct text body = { space, sizeof(space), 0 };
		uint64_t unsaid_before = r->unsaid;

		if (!unsaid_before || !rate_take(r, clock_us())) {
			r->unsaid = unsaid_before;
			continue;
		}
		r->unsaid = 0;
		text_add(&body, "guest: %s: %llu more left out", names[kind],
			 (unsigned long long)unsaid_before);
		submit(offence_levels[kind], &body, LOG_RING - LOG_RESERVE);
	}
	give(taken);
}

/* Under the lock: nobody sends meanwhile. */
static void check_uart(void)
{
	bool taken = take(), ours = serial_check();

	give(taken);
	if (!ours)
		log_error("console: its UART was changed by somebody, and is set up again");
}

void log_tick(void)
{
	uint64_t now = clock_us(), due = __atomic_load_n(&next_tick, __ATOMIC_RELAXED);

	log_drain(LOG_RING);
	if (now < due || !__atomic_compare_exchange_n(&next_tick, &due, now + TICK_US, false,
						      __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	say_left_out();
	check_uart();
	while (log_pending() && clock_us() - now < TICK_SEND_US) {
		log_drain(LOG_RING);
		cpu_relax();
	}
}

uint64_t log_lost(void)
{
	return lost;
}
