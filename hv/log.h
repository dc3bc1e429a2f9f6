/*
 * log.h - what the hypervisor has to say: lines in a ring, sent as the line is free
 *
 * Writers never wait: a full ring loses the oldest bytes and counts them.  One lock, taken
 * last of all.
 */
#ifndef HV_LOG_H
#define HV_LOG_H

#include <stdarg.h>
#include <stdint.h>

#include "hv/options.h"

/* %s, %c, %u, %d, %x, %llu, %llx, %lu, %lx, %zu with width and 0; anything else is printed as is. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, where the command line wants to know more (log=debug). */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* From now on; last words are always said. */
void log_level(enum log_level level);
/* The same behind @what, and on the screen: the last words of a machine that does not go on. */
void log_text(const char *what, const char *format, va_list args);
/* Send what the UART takes now, at most @bytes. */
void log_drain(unsigned bytes);
/* Send all, waiting: before the guest starts, and when the machine stops. */
void log_flush(void);
uint64_t log_lost(void);	/* bytes that nobody has read */

#endif
