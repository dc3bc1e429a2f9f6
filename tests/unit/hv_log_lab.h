/*
 * hv_log_lab.h - a machine around hv/log.c: a clock that stands, a UART that remembers
 */
#ifndef TESTS_HV_LOG_LAB_H
#define TESTS_HV_LOG_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/cpu/smp.h"
#include "hv/log.h"

struct lab {
	uint64_t now;		/* microseconds */
	uint64_t step;		/* the clock goes on by so much each time it is read */
	unsigned room;		/* what the UART takes */
	bool no_uart, changed;	/* there is none; somebody changed its settings */
	void (*on_byte)(void);	/* instead of taking a byte, once */
	char sent[8 * LOG_RING];
	uint32_t len;
	char screen[LOG_TEXT_MAX];
};
extern struct lab lab;

/* One line of the log, taken apart; text points into it. */
struct lab_line {
	uint64_t us, number;
	unsigned cpu;
	char level[8];
	char text[LOG_TEXT_MAX + 1];
};

/* To be called by unit_suite(): a log has one life, so that each test needs a process, whatever CK_FORK says. */
void lab_own_process(void);
/* Everything goes out. */
void lab_drain(void);
/* The next line of what was sent; false: no more.  Fails the test when it is no whole line with a right CRC. */
bool lab_next(struct lab_line *l);
/* The next line whose text begins so; fails the test when there is none. */
struct lab_line lab_find(const char *begin);
uint16_t lab_crc(const char *bytes, size_t len);

#endif
