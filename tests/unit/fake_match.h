/*
 * fake_match.h - a content search whose answers a test chooses (instead of policy/match.c)
 */
#ifndef TESTS_FAKE_MATCH_H
#define TESTS_FAKE_MATCH_H

#include <stdbool.h>

#include "policy/match.h"

enum {
	FAKE_PLAIN,		/* the text, exactly */
	FAKE_UNKNOWN,		/* never known */
	FAKE_CUT,		/* holds, but not all matches are found */
	FAKE_BEYOND,		/* reports a match behind the area's end */
};

/* .hv.match is an array of these; pattern n is query n's text. */
struct fake_query {
	uint32_t area, kind;
	char text[24];
};

extern unsigned fake_begins;	/* calls of match_begin() */

#endif
