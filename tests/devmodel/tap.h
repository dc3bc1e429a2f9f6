/*
 * tap.h - claims of a program that judges many cases in each
 */
#ifndef TESTS_DEVMODEL_TAP_H
#define TESTS_DEVMODEL_TAP_H

#include <stdbool.h>

/* A case of the claim in hand failed: said once for each of the first few. */
void tap_case(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The claim in hand is over: ok when all of its cases were. */
void tap_claim(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The plan; the program's exit status. */
int tap_end(void);

#endif
