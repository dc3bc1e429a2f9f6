/*
 * fmt.c - hvc fmt: tokens and comments to statements, statements to lines
 *
 * A statement ends at its ';', at the '{' that opens a block's rules, or is that block's
 * '}'.  Runs of statements without a blank line or comment line between them are aligned.
 */
#include "compiler/fmt.h"

#include <string.h>

#include "compiler/fmt_line.h"
#include "compiler/hvc.h"
#include "compiler/source.h"

/* ---- tokens and the comments between them ---- */

static void add_comment(struct fmt *f, struct fmt_token *t, const char *s, size_t len, bool own_line)
{
	struct fmt_comment *c = pool_alloc(f->pool, sizeof(*c)), **at = &t->comments;

	while (len && (s[len - 1] == ' ' || s[len - 1] == '\t' || s[len - 1] == '\r'))
		len--;
	c->text = s;
	c->len = len;
	c->own_line = own_line;
	c->blank_before = t->blank_before;
	t->blank_before = false;
	while (*at)
		at = &(*at)->next;
	*at = c;
}

/* What lies between two tokens: white space, comments, and a label's colon. */
static void look_at_gap(struct fmt *f, struct fmt_token *t, const char *s, const char *end)
{
	bool line_start = f->count == 0;
	unsigned newlines = 0;

	for (; s < end; s++) {
		if (*s == '\n') {
			line_start = true;
			if (++newlines > 1)
				t->blank_before = true;
		} else if (*s == '#') {
			const char *stop = memchr(s, '\n', (size_t)(end - s));

			stop = stop ? stop : end;
			add_comment(f, t, s, (size_t)(stop - s), line_start);
			newlines = 0;
			s = stop - 1;
		}
	}
}

static void add_token(struct fmt *f, int kind, struct loc loc, const char *from)
{
	struct fmt_token *t;

	if (f->count == f->room) {
		f->tokens = pool_grow(f->pool, f->tokens, f->count, f->room * 2 + 256,
				      sizeof(*f->tokens));
		f->room = f->room * 2 + 256;
	}
	t = &f->tokens[f->count];
	t->kind = kind;
	t->text = loc_text(loc);
	t->len = loc_len(loc);
	look_at_gap(f, t, from, t->text);
	f->count++;
}

static void read_tokens(struct fmt *f, struct parse *ps)
{
	const char *from = ps->src->text;
	struct loc loc;
	int kind;

	scan_open(ps);
	scan_token(&loc, ps);		/* the start token */
	do {
		kind = scan_token(&loc, ps);
		add_token(f, kind, loc, from);
		from = ps->src->text + loc.last;
	} while (kind);
}

/* ---- statements ---- */

static void add_statement(struct fmt *f, size_t first, size_t last, unsigned indent,
			  enum fmt_kind kind)
{
	struct fmt_statement *s;

	if (f->statement_count == f->statement_room) {
		f->statements = pool_grow(f->pool, f->statements, f->statement_count,
					  f->statement_room * 2 + 64, sizeof(*s));
		f->statement_room = f->statement_room * 2 + 64;
	}
	s = &f->statements[f->statement_count++];
	*s = (struct fmt_statement){ .first = first, .last = last, .indent = indent, .kind = kind };
	for (size_t i = first + 1; i < last; i++)
		s->comments |= f->tokens[i].comments != NULL;
}

static void cut_statements(struct fmt *f)
{
	bool head = false, block = false;
	unsigned depth = 0;
	size_t first = 0;

	for (size_t i = 0; i < f->count; i++) {
		int k = f->tokens[i].kind;

		head |= k == T_ON;
		if (k == '{' && head) {
			add_statement(f, first, i + 1, 0, FMT_HEAD);
			head = false;
			block = true;
			first = i + 1;
		} else if (k == '{' || k == T_HEXOPEN) {
			depth++;
		} else if (k == '}' && depth) {
			depth--;
		} else if (k == T_CLOSE) {
			add_statement(f, i, i + 1, 0, FMT_CLOSE);
			block = false;
			first = i + 1;
		} else if (k == ';') {
			add_statement(f, first, i + 1, block ? FMT_INDENT : 0,
				      block ? FMT_RULE : FMT_ITEM);
			first = i + 1;
		}
	}
	add_statement(f, first, f->count, 0, FMT_END);
}

/* ---- the file ---- */

static bool has_own_line_comment(const struct fmt_token *t)
{
	for (const struct fmt_comment *c = t->comments; c; c = c->next)
		if (c->own_line)
			return true;
	return false;
}

/* Statements @i and @i + 1 are aligned with each other. */
static bool run_goes_on(const struct fmt *f, size_t i)
{
	const struct fmt_statement *a = &f->statements[i], *b = a + 1;
	const struct fmt_token *t = &f->tokens[b->first];

	return a->kind == b->kind && (a->kind == FMT_RULE || a->kind == FMT_ITEM) &&
	       !t->blank_before && !has_own_line_comment(t);
}

/* Comments that stand behind the statement before, on its line. */
static void put_trailing(struct fmt *f, const struct fmt_token *t)
{
	for (const struct fmt_comment *c = t->comments; c && !c->own_line; c = c->next)
		fprintf(f->out, "  %.*s", (int)c->len, c->text);
}

/* Comments on lines of their own, and the blank line before the statement. */
static void put_leading(struct fmt *f, const struct fmt_statement *s, bool first_in_block,
			bool after_block)
{
	const struct fmt_token *t = &f->tokens[s->first];
	unsigned indent = s->kind == FMT_CLOSE ? FMT_INDENT : s->indent;
	bool any = false, blank = after_block || s->kind == FMT_HEAD;

	for (const struct fmt_comment *c = t->comments; c; c = c->next) {
		if (!c->own_line)
			continue;
		if ((c->blank_before || (blank && !any)) && !first_in_block)
			fputc('\n', f->out);
		first_in_block = false;
		any = true;
		fprintf(f->out, "%*s%.*s\n", (int)indent, "", (int)c->len, c->text);
	}
	if (s->kind == FMT_CLOSE || s->kind == FMT_END || first_in_block)
		return;
	if (t->blank_before || (blank && !any))
		fputc('\n', f->out);
}

static void put_file(struct fmt *f)
{
	bool first = true, after_block = false;
	size_t end = 0;

	for (size_t i = 0; i < f->statement_count; i++) {
		const struct fmt_statement *s = &f->statements[i];

		if (i >= end) {		/* a new run: all of it is measured first */
			for (end = i; end + 1 < f->statement_count && run_goes_on(f, end);)
				end++;
			end++;
			fmt_align(f, i, end);
		}
		put_leading(f, s, first, after_block);
		if (s->kind != FMT_END)
			fmt_put(f, s);
		if (i + 1 < f->statement_count)
			put_trailing(f, &f->tokens[f->statements[i + 1].first]);
		if (s->kind != FMT_END)
			fputc('\n', f->out);
		first = s->kind == FMT_HEAD;
		after_block = s->kind == FMT_CLOSE;
	}
}

static int format(const char *path, struct pool *p, FILE *out, struct diags *d)
{
	struct parse ps = { .pool = p, .diags = d, .mode = PARSE_POLICY };
	struct fmt f = { .pool = p, .out = out };
	struct sources sources;
	struct source_file *file;
	const char *error;
	int r;

	sources_init(&sources, p);
	r = source_read(&sources, path, true, &file, &error);
	if (r != SOURCE_OK) {
		diag_error(d, (struct loc){ 0 }, "cannot read '%s': %s", path,
			   r == SOURCE_ELARGE ? "it is too large" : error);
		return 2;
	}
	ps.src = &file->source;
	if (parse_source(&ps) < 0) {
		diags_sort(d);
		return 1;
	}
	ps = (struct parse){ .pool = p, .diags = d, .src = &file->source, .mode = PARSE_POLICY };
	read_tokens(&f, &ps);
	cut_statements(&f);
	put_file(&f);
	return 0;
}

int fmt_file(const char *path, struct pool *p, FILE *out, struct diags *d)
{
	jmp_buf no_memory;
	int status;

	p->limit = HVC_MEMORY_LIMIT;
	p->out = &no_memory;
	if (setjmp(no_memory)) {
		status = p->why == POOL_NO_MEMORY ? 2 : 1;
		if (status == 2)
			diag_error(d, (struct loc){ 0 }, "%s: out of memory", path);
		else
			diag_error(d, (struct loc){ 0 }, "'%s' needs more than %zu MiB of memory", path,
				   HVC_MEMORY_LIMIT >> 20);
	} else {
		status = format(path, p, out, d);
	}
	p->out = NULL;
	return status;
}
