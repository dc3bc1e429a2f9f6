/*
 * panic.c - the machine cannot go on: say why, stop
 */
#include "hv/panic.h"

#include <stdarg.h>

#include "hv/cpu/x86.h"
#include "hv/log.h"

static void stop(const char *what, const char *format, va_list args) __attribute__((noreturn));

static void stop(const char *what, const char *format, va_list args)
{
	log_text(what, format, args);
	log_line("the machine is halted");
	log_flush();
	halt_forever();
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	stop("bug: ", format, args);
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	stop("stopped: ", format, args);
}
