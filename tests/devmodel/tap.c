/*
 * tap.c - claims of a program that judges many cases in each
 */
#include "tests/devmodel/tap.h"

#include <stdarg.h>
#include <stdio.h>

#define SAID_MAX	5u	/* failed cases of a claim that are told */

static unsigned claims, failed_claims, cases, failed;

void tap_case(bool ok, const char *format, ...)
{
	va_list ap;

	cases++;
	if (ok || failed++ >= SAID_MAX)
		return;
	printf("# ");
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
}

void tap_claim(const char *format, ...)
{
	va_list ap;

	printf("%sok %u - ", failed || !cases ? "not " : "", ++claims);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	if (failed)
		printf(" (%u of %u cases failed)", failed, cases);
	printf("\n");
	fflush(stdout);
	failed_claims += failed || !cases;
	cases = failed = 0;
}

int tap_end(void)
{
	printf("1..%u\n", claims);
	return failed_claims != 0;
}
