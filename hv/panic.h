/*
 * panic.h - the hypervisor's own bugs: say what and where, and stop
 *
 * Only for what no guest, module, loader or firmware can cause; those get an error and a counter.
 */
#ifndef HV_PANIC_H
#define HV_PANIC_H

#define CHECK(condition) \
	do { if (!(condition)) panic("%s:%d: %s", __FILE__, __LINE__, #condition); } while (0)

void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* The machine cannot go on, and it is not our fault: a clear message, then on-failure's choice. */
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* A line of what comes before panic(), on screen and serial; from here on no lock is waited for. */
void last_words(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Another value than the image's for the stack protector; the caller must not return. */
void stack_guard_init(void);

void machine_reset(void) __attribute__((noreturn));

#endif
