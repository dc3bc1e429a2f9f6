/*
 * text.h - numbers and words into a line of bounded length
 *
 * Whatever goes in, only printable ASCII comes out: a name that somebody else chose cannot end a line,
 * begin one, or speak to a terminal.
 */
#ifndef HV_TEXT_H
#define HV_TEXT_H

#include <stdarg.h>
#include <stdint.h>

/* @room bytes at @at, @len of them used; no NUL.  What does not fit is cut, and ends in "...". */
struct text {
	char *at;
	uint32_t room, len;
};

void text_put(struct text *t, char c);
/* %s, %c, %u, %d, %x, %llu, %llx, %lu, %lx, %zu with width and 0; anything else is printed as is. */
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_list(struct text *t, const char *format, va_list args);

#endif
