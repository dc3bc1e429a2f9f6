/*
 * report.c - tables and JSON of the benchmarks
 *
 * A goal that does not hold is printed as such; it is never left out and never an error.
 */
#include "tests/bench/report.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED	1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED	1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED	0
#endif

static bool has_peer(const struct report_row *r)
{
	return r->peer_name != NULL;
}

/* What the goal is about. */
static double measure(const struct report_row *r)
{
	return has_peer(r) ? r->ours / r->peer : r->ours;
}

static bool holds(const struct report_row *r)
{
	return measure(r) <= r->goal;
}

static void print_row(const struct report_row *r)
{
	printf("%-52s %10.4g %-10s", r->name, r->ours, r->unit);
	if (has_peer(r))
		printf(" %10.4g  %7.3f", r->peer, measure(r));
	else
		printf(" %10s  %7s", "", "");
	if (r->goal >= 0)
		printf("  <= %-7.4g %-5s", r->goal, holds(r) ? "holds" : "FAILS");
	if (has_peer(r))
		printf("%s%s", r->goal >= 0 ? "  " : "                    ", r->peer_name);
	putchar('\n');
}

static void write_row(FILE *f, const struct report_row *r, bool last)
{
	fprintf(f, "  {\"name\": \"%s\", \"unit\": \"%s\", \"ours\": %.6g, ", r->name, r->unit,
		r->ours);
	if (has_peer(r))
		fprintf(f, "\"peer\": %.6g, \"peer_name\": \"%s\", \"ratio\": %.6g, ", r->peer,
			r->peer_name, measure(r));
	else
		fprintf(f, "\"peer\": null, \"peer_name\": null, \"ratio\": null, ");
	if (r->goal >= 0)
		fprintf(f, "\"goal\": %.6g, \"holds\": %s}", r->goal, holds(r) ? "true" : "false");
	else
		fprintf(f, "\"goal\": null, \"holds\": null}");
	fputs(last ? "\n" : ",\n", f);
}

int report(const char *name, const struct report_row *rows, size_t count)
{
	char path[64];
	FILE *f;
	bool bad;

	printf("%-52s %10s %-10s %10s  %7s  %s\n", "", "ours", "", "peer", "ratio", "goal");
	for (size_t i = 0; i < count; i++)
		print_row(&rows[i]);
	snprintf(path, sizeof(path), "bench-%s.json", name);
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		return -1;
	}
	fputs("[\n", f);
	for (size_t i = 0; i < count; i++)
		write_row(f, &rows[i], i + 1 == count);
	fputs("]\n", f);
	bad = ferror(f);
	if (fclose(f) || bad) {
		perror(path);
		return -1;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double report_median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double report_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void report_build(void)
{
	if (SANITIZED)
		printf("configured with sanitizers: these figures say nothing about speed\n");
#ifndef __OPTIMIZE__
	printf("compiled without optimisation: these figures say nothing about speed\n");
#endif
}
