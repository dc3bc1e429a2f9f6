/*
 * unit.h - what every unit test program includes: Check, and main() from unit.c
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <check.h>

/* Defined by each test program: its suite. */
Suite *unit_suite(void);

/* A TCase of @suite with 60 s for each test. */
TCase *unit_case(Suite *suite, const char *name);

/*
 * Say "ok N - @name # SKIP @why" for a test that cannot run here; from unit_suite(), at most
 * UNIT_SKIPS_MAX.  (Check itself knows no skipped tests.)
 */
#define UNIT_SKIPS_MAX	8
void unit_skip(const char *name, const char *why);

/* $srcdir/path and $builddir/path, in a buffer of the caller's life (freed at exit). */
const char *unit_source(const char *path);
const char *unit_build(const char *path);

#endif
