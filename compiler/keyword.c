/*
 * keyword.c - the reserved words, made from keyword.def
 */
#include "compiler/keyword.h"

#include <string.h>

#include "compiler/tree.h"
#include "compiler/parse.tab.h"

const struct keyword keywords[] = {
#define HVC_KEYWORD(id, text, where) { text, T_##id, where },
#include "compiler/keyword.def"
#undef HVC_KEYWORD
};
const size_t keyword_count = sizeof(keywords) / sizeof(keywords[0]);

int keyword_find(const char *s, size_t len)
{
	size_t lo = 0, hi = keyword_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strncmp(s, keywords[mid].word, len);

		if (c == 0 && keywords[mid].word[len])
			c = -1;
		if (c == 0)
			return keywords[mid].token;
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return 0;
}
