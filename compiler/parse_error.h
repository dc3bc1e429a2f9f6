/*
 * parse_error.h - words for a syntax error, from what bison knows of it
 */
#ifndef COMPILER_PARSE_ERROR_H
#define COMPILER_PARSE_ERROR_H

#include "compiler/tree.h"

struct syntax_error {
	struct loc loc;
	const char *found;		/* the token's name; NULL: none */
	const char *expected[64];	/* names of the tokens that could stand here */
	unsigned count;
};

void syntax_error_report(struct parse *ps, const struct syntax_error *e);

#endif
