/*
 * keyword.h - the reserved words (keyword.def) for scanner, messages and manual
 */
#ifndef COMPILER_KEYWORD_H
#define COMPILER_KEYWORD_H

#include <stddef.h>

struct keyword {
	const char *word;
	int token;
	const char *doc;
};

/* Sorted by word. */
extern const struct keyword keywords[];
extern const size_t keyword_count;

/* Its token, or 0 when @s of @len bytes is no keyword. */
int keyword_find(const char *s, size_t len);

#endif
