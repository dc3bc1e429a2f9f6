/*
 * fmt_line.h - what fmt.c (the file) and fmt_line.c (a statement's lines) share
 */
#ifndef COMPILER_FMT_LINE_H
#define COMPILER_FMT_LINE_H

#include "compiler/tree.h"
#include "compiler/parse.tab.h"

#define FMT_COLUMNS	100u	/* lines are broken to fit, where there is a place */
#define FMT_INDENT	4u

struct fmt_comment {
	const char *text;
	size_t len;
	bool own_line, blank_before;
	struct fmt_comment *next;
};

struct fmt_token {
	int kind;		/* 0: end of file */
	const char *text;
	size_t len;
	struct fmt_comment *comments;	/* before it */
	bool blank_before;		/* a blank line right before it */
};

enum fmt_kind { FMT_ITEM, FMT_HEAD, FMT_RULE, FMT_CLOSE, FMT_END };

struct fmt_statement {
	size_t first, last;	/* tokens, last exclusive */
	unsigned indent;
	enum fmt_kind kind;
	bool comments;		/* some stand within: not aligned */
	unsigned mark_column;	/* of the token that is aligned (label's end, '='); 0: none */
	unsigned arrow_column;	/* of '->'; 0: not aligned */
};

struct fmt {
	struct pool *pool;
	FILE *out;
	struct fmt_token *tokens;
	size_t count, room;
	struct fmt_statement *statements;
	size_t statement_count, statement_room;
};

/* Decide the columns of statements [first, last), one run. */
void fmt_align(struct fmt *f, size_t first, size_t last);
/* Write a statement, without the last line's end. */
void fmt_put(struct fmt *f, const struct fmt_statement *s);

#endif
