/*
 * print.h - words on COM1 and words from the test
 */
#ifndef ENDPOINT_GUEST_PRINT_H
#define ENDPOINT_GUEST_PRINT_H

#include <stdbool.h>
#include <stdint.h>

/* %s, %u (unsigned), %x (unsigned), %lx (unsigned long), %llx (64 bits), %% */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Is this word among the test's words? */
bool arg(const char *word);
/* What stands behind `name=` there, up to a space or comma; NULL without. */
const char *arg_value(const char *name);
bool arg_is(const char *name, const char *value);
/* A hexadecimal number at *text, which moves behind it and the sign that follows. */
uint64_t take_hex(const char **text);

#endif
