/*
 * report.h - what every benchmark prints: a table, and bench-NAME.json in the build folder
 */
#ifndef TESTS_BENCH_REPORT_H
#define TESTS_BENCH_REPORT_H

#include <stddef.h>

#define REPORT_NONE	(-1.0)

/* All units are such that less is better. */
struct report_row {
	char name[80];
	const char *unit;
	double ours;
	double peer;		/* REPORT_NONE: no peer, and peer_name is NULL */
	const char *peer_name;
	double goal;		/* the most ours / peer (no peer: ours) may be; REPORT_NONE */
};

/* Print the rows and write bench-@name.json into the working folder.  0 or -1. */
int report(const char *name, const struct report_row *rows, size_t count);

/* The value in the middle of @n; sorts them. */
double report_median(double *values, size_t n);

/* Seconds since some moment. */
double report_seconds(void);

/* Say so when this build's figures mean nothing. */
void report_build(void);

#endif
