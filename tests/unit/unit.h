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

/* $srcdir/path and $builddir/path, in a buffer of the caller's life (freed at exit). */
const char *unit_source(const char *path);
const char *unit_build(const char *path);

#endif
