/*
 * log.h - what the hypervisor has to say: lines in a ring, sent as the serial line is free
 *
 *	sluice: [    1.234567 0 info #17 3f2a] guest: triple fault, the machine restarts
 *
 * Between the brackets: seconds since the hypervisor came up, the processor, the level (debug, info, warn,
 * error), the line's number, from 1, and a CRC-16/CCITT-FALSE (polynomial 1021h, from ffffh) over what stands
 * between '[' and the blank before the CRC, and over the text behind "] ".  Lines end in CR LF.
 *
 * Writers never wait.  Lines are sent whole or not at all; a full ring loses the newest, which have numbers
 * all the same, so that a gap shows, and says so as soon as there is room.  What the guest causes has a bounded
 * rate for each kind and never fills the ring's last quarter.  One lock, taken last of all.
 */
#ifndef HV_LOG_H
#define HV_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "hv/options.h"

#define LOG_RING	(64u * 1024)		/* bytes, a power of two */
#define LOG_RESERVE	(LOG_RING / 4)		/* of them, not for lines that the guest causes */
#define LOG_TEXT_MAX	320u			/* bytes of a line's text; the rest is cut */
#define LOG_STUCK_US	UINT64_C(200000)	/* a UART that takes nothing for so long is given up */

enum line_level { LINE_DEBUG, LINE_INFO, LINE_WARN, LINE_ERROR };

#define OFFENCE(id, name, level) OFFENCE_##id,
enum offence {
#include "hv/offence.def"
	OFFENCES
};
#undef OFFENCE

/* Formats as in hv/text.h. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, where the command line wants to know more (log=debug). */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, whatever the command line wants. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/*
 * Something that the guest did: RATE_BURST lines of a kind, then one a minute, with the number of those
 * left out.  Counted by the caller (counters.h, counters_offence()).
 */
void log_guest(enum offence kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What a rule of the policy says; as often as it does, but never into the ring's last quarter. */
void log_event(enum line_level at, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* How many of a kind were said; the others were left out, or their level is too low. */
uint64_t log_guest_said(enum offence kind);

/* From now on; errors are always said. */
void log_level(enum log_level level);
bool log_is_debug(void);
/*
 * An error behind @what, and on the screen: the last words of a machine that does not go on.  From here on
 * the log takes no lock for granted: its holder may be what died.
 */
void log_text(const char *what, const char *format, va_list args);

/* Send what the UART takes now, at most @bytes.  Never waits, not even for the lock. */
void log_drain(unsigned bytes);
/* Send all, waiting at most LOG_STUCK_US for each byte: before the guest starts, when the machine stops. */
void log_flush(void);
/* To be called about once a second or oftener, by any processor: says what was left out, minds the UART. */
void log_tick(void);
/* Free-running: bytes written, sent.  Inline: each exit asks. */
extern struct log_ends { uint64_t head, tail; } log_ends;

static inline bool log_has_lines(void)
{
	return __atomic_load_n(&log_ends.head, __ATOMIC_RELAXED) != __atomic_load_n(&log_ends.tail, __ATOMIC_RELAXED);
}

/* Is there something to be sent, and a UART that takes it? */
bool log_pending(void);
uint64_t log_lost(void);	/* lines that had no room */

#endif
