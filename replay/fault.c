/*
 * fault.c - what went wrong with an input or an output, and where
 */
#include "replay/fault.h"

#include <stdarg.h>
#include <stdio.h>

int fault_set(struct fault *f, const char *format, ...)
{
	va_list ap;

	if (fault_is_set(f))
		return -1;
	va_start(ap, format);
	vsnprintf(f->text, sizeof(f->text), format, ap);
	va_end(ap);
	return -1;
}
