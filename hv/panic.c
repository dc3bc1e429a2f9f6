/*
 * panic.c - the machine cannot go on: say why, stop
 */
#include "hv/panic.h"

#include <stdarg.h>

#include "hv/boot/pass.h"
#include "hv/cpu/x86.h"
#include "hv/log.h"
#include "hv/start.h"

/* What gcc puts behind arrays on the stack, and calls when it has changed. */
uintptr_t __stack_chk_guard = 0x5afe57ac;
void __stack_chk_fail(void) __attribute__((noreturn));

void __stack_chk_fail(void)
{
	panic("a stack was overwritten");
}

__attribute__((no_stack_protector)) void stack_guard_init(void)
{
	/* its lowest byte stays 0: no string runs over it unseen */
	__stack_chk_guard = (rdtsc() * UINT64_C(0x9e3779b97f4a7c15)) & ~UINT64_C(0xff);
}

/* PIIX and ICH reset control register: a full reset. */
void machine_reset(void)
{
	outb(0xcf9, 0x02);
	outb(0xcf9, 0x0e);
	halt_forever();
}

static void log_last(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_text("end: ", format, args);
	va_end(args);
}

static void stop(const char *what, const char *format, va_list args, bool pass) __attribute__((noreturn));

static void stop(const char *what, const char *format, va_list args, bool pass)
{
	log_text(what, format, args);
	pass = pass && options.on_failure == FAILURE_PASS && pass_is_possible();
	if (pass)
		log_last("WITHOUT THE HYPERVISOR the disk's own system starts now: nothing is judged, nothing is logged");
	else
		log_last("%s", options.on_failure == FAILURE_REBOOT ? "the machine restarts" :
			 "the machine is halted");
	log_flush();
	if (pass)
		pass_boot((uint8_t)(FIRST_DISK + options.disk));
	if (options.on_failure == FAILURE_REBOOT)
		machine_reset();
	halt_forever();
}

void last_words(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_text("", format, args);
	va_end(args);
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	stop("bug: ", format, args, false);
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	stop("stopped: ", format, args, true);
}
