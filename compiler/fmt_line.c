/*
 * fmt_line.c - one statement as lines: spaces, alignment, where a long one is broken
 */
#include "compiler/fmt_line.h"

#include <string.h>

static bool is_text(const struct fmt_token *t)
{
	return t->kind != 0;
}

/* Columns of a token; a byte is a column, but for the rest of a UTF-8 sequence. */
static unsigned width(const struct fmt_token *t)
{
	unsigned n = t->kind == T_LABEL;	/* its colon */

	for (size_t i = 0; i < t->len; i++)
		n += ((unsigned char)t->text[i] & 0xc0) != 0x80 &&
		     !(t->kind == T_GAP && (t->text[i] == ' ' || t->text[i] == '\t'));
	return n;
}

static bool space_between(const struct fmt_token *a, const struct fmt_token *b)
{
	switch (b->kind) {
	case ';': case ',': case ')': case ']': case '[': case ':': case T_DOTDOT:
		return false;
	case '}':
		return a->kind != '{';
	}
	return a->kind != '(' && a->kind != '[' && a->kind != ':' && a->kind != T_DOTDOT;
}

/* The token that a run aligns: what follows a label, a declaration's '='. */
static size_t mark_of(const struct fmt *f, const struct fmt_statement *s)
{
	if (s->kind == FMT_RULE)
		return s->first + 1;
	for (size_t i = s->first; i < s->last && i < s->first + 3; i++)
		if (f->tokens[i].kind == '=')
			return i;
	return s->last;
}

static size_t arrow_of(const struct fmt *f, const struct fmt_statement *s)
{
	for (size_t i = s->first; s->kind == FMT_RULE && i < s->last; i++)
		if (f->tokens[i].kind == T_ARROW)
			return i;
	return s->last;
}

/* Columns of tokens [from, to) on one line. */
static unsigned span(const struct fmt *f, size_t from, size_t to)
{
	unsigned n = 0;

	for (size_t i = from; i < to && n <= 2 * FMT_COLUMNS; i++) {
		n += width(&f->tokens[i]);
		n += i > from && space_between(&f->tokens[i - 1], &f->tokens[i]);
	}
	return n;
}

/* The line's length with its mark at @column; @arrow: where '->' goes, 0 as it comes. */
static unsigned line_length(const struct fmt *f, const struct fmt_statement *s, unsigned column,
			    unsigned arrow)
{
	size_t mark = mark_of(f, s), at = arrow_of(f, s);

	if (!arrow)
		return column + span(f, mark, s->last);
	return arrow + span(f, at, s->last);
}

static void align_arrows(struct fmt *f, size_t first, size_t last)
{
	unsigned column = 0;

	for (size_t i = first; i < last; i++) {
		const struct fmt_statement *s = &f->statements[i];
		size_t mark = mark_of(f, s), arrow = arrow_of(f, s);
		unsigned end = s->mark_column + span(f, mark, arrow) + (arrow > mark);

		if (s->comments)
			return;
		if (end > column)
			column = end;
	}
	for (size_t i = first; i < last; i++)
		if (line_length(f, &f->statements[i], 0, column) > FMT_COLUMNS)
			return;
	for (size_t i = first; i < last; i++)
		f->statements[i].arrow_column = column;
}

void fmt_align(struct fmt *f, size_t first, size_t last)
{
	unsigned column = 0;

	if (f->statements[first].kind != FMT_RULE && f->statements[first].kind != FMT_ITEM)
		return;
	for (size_t i = first; i < last; i++) {
		const struct fmt_statement *s = &f->statements[i];
		size_t mark = mark_of(f, s);

		if (mark < s->last && s->indent + span(f, s->first, mark) + 1 > column)
			column = s->indent + span(f, s->first, mark) + 1;
	}
	for (size_t i = first; i < last; i++) {
		struct fmt_statement *s = &f->statements[i];

		if (mark_of(f, s) < s->last)
			s->mark_column = column;
	}
	if (f->statements[first].kind == FMT_RULE)
		align_arrows(f, first, last);
}

/* ---- output ---- */

struct line {
	struct fmt *f;
	unsigned column;
	unsigned indent;	/* of lines that go on */
	bool fresh;		/* nothing but white space is on it */
};

static void new_line(struct line *l)
{
	fprintf(l->f->out, "\n%*s", (int)l->indent, "");
	l->column = l->indent;
	l->fresh = true;
}

static void pad_to(struct line *l, unsigned column)
{
	for (; l->column < column; l->column++)
		fputc(' ', l->f->out);
}

static void put_token(struct line *l, const struct fmt_token *t)
{
	for (size_t i = 0; i < t->len; i++)
		if (t->kind != T_GAP || (t->text[i] != ' ' && t->text[i] != '\t'))
			fputc(t->text[i], l->f->out);
	if (t->kind == T_LABEL)
		fputc(':', l->f->out);
	l->column += width(t);
	l->fresh = false;
}

/* Comments within a statement: each ends its line. */
static void put_comments(struct line *l, const struct fmt_token *t)
{
	for (const struct fmt_comment *c = t->comments; c; c = c->next) {
		if (c->own_line && !l->fresh)
			new_line(l);
		fprintf(l->f->out, "%s%.*s", c->own_line ? "" : "  ", (int)c->len, c->text);
		new_line(l);
	}
}

static bool breaks_before(const struct fmt *f, const struct fmt_statement *s, size_t i)
{
	int k = f->tokens[i].kind;

	return i > s->first && (k == T_AND || k == T_OR || k == T_ARROW ||
				f->tokens[i - 1].kind == ',' ||
				(f->tokens[i - 1].kind == T_BYTE && k == T_BYTE));
}

/* The token before which the line could be broken next, behind @i. */
static size_t next_break(const struct fmt *f, const struct fmt_statement *s, size_t i)
{
	for (i++; i < s->last && !breaks_before(f, s, i); i++)
		;
	return i;
}

void fmt_put(struct fmt *f, const struct fmt_statement *s)
{
	struct line l = { .f = f, .column = s->indent, .indent = s->indent + 2 * FMT_INDENT,
			  .fresh = true };
	size_t mark = s->mark_column ? mark_of(f, s) : s->last;
	size_t arrow = s->arrow_column ? arrow_of(f, s) : s->last;

	fprintf(f->out, "%*s", (int)s->indent, "");
	for (size_t i = s->first; i < s->last; i++) {
		const struct fmt_token *t = &f->tokens[i];
		bool space = i > s->first && space_between(t - 1, t);

		if (!is_text(t))
			break;
		if (i > s->first)
			put_comments(&l, t);
		if (breaks_before(f, s, i) && !l.fresh &&
		    l.column + space + span(f, i, next_break(f, s, i)) > FMT_COLUMNS)
			new_line(&l);
		if (space && !l.fresh) {
			fputc(' ', f->out);
			l.column++;
		}
		if (i == mark && !l.fresh)
			pad_to(&l, s->mark_column);
		if (i == arrow && !l.fresh)
			pad_to(&l, s->arrow_column);
		put_token(&l, t);
	}
}
