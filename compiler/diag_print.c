/*
 * diag_print.c - diagnostics as text with the source line and a caret, and as JSON
 */
#include "compiler/diag.h"

#include <string.h>

#define LINE_SHOWN	120u	/* bytes of a source line that are printed */
#define LINE_BEFORE	60u	/* of them at most this many before the caret, when cut */

static const char *const level_name[] = { "error", "warning", "note" };

/* The line that holds loc.first, without its end. */
static void line_of(struct loc loc, uint32_t *start, uint32_t *end)
{
	const char *text = loc.src->text;
	uint32_t first = loc.first, len = (uint32_t)loc.src->len;

	if (first > len)
		first = len;
	*start = *end = first;
	while (*start > 0 && text[*start - 1] != '\n')
		--*start;
	while (*end < len && text[*end] != '\n')
		++*end;
	if (*end > *start && text[*end - 1] == '\r')
		--*end;
}

/* Bytes of a well-formed UTF-8 sequence at @s (RFC 3629), 0 when it is none. */
static unsigned utf8_len(const unsigned char *s)
{
	unsigned n = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 :
		     s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;

	for (unsigned i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* Is the character of @len bytes at @s one of U+0080 to U+009F? */
static bool is_c1(const unsigned char *s, unsigned len)
{
	return len == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

/*
 * Bytes of the next character of the @n at @s, which stand in one column.  *@plain: a terminal
 * may see them.  Control characters (C1 too, U+0080 to U+009F) and bytes that are no UTF-8 may
 * move the caret or command a terminal: they are shown as '?'.
 */
static uint32_t next_char(const char *s, uint32_t n, bool *plain)
{
	const unsigned char *c = (const unsigned char *)s;
	uint32_t len = *c < 0x80 ? 1 : utf8_len(c);

	if (!len || len > n) {
		*plain = false;
		return 1;
	}
	*plain = len == 1 ? (*c >= 0x20 || *c == '\t') && *c != 0x7f : !is_c1(c, len);
	return len;
}

/* The columns it took. */
static unsigned put_shown(FILE *out, const char *s, uint32_t n)
{
	unsigned columns = 0;
	uint32_t len;
	bool plain;

	for (; n; s += len, n -= len, columns++) {
		len = next_char(s, n, &plain);
		if (plain)
			fwrite(s, 1, len, out);
		else
			fputc('?', out);
	}
	return columns;
}

unsigned put_plain(FILE *out, const char *s)
{
	return put_shown(out, s, (uint32_t)strlen(s));
}

/* As wide as @s is shown: @mark for each column; tabs stay tabs when it is a space. */
static void put_marks(FILE *out, const char *s, uint32_t n, char mark)
{
	uint32_t len;
	bool plain;

	for (; n; s += len, n -= len) {
		len = next_char(s, n, &plain);
		fputc(mark == ' ' && *s == '\t' ? '\t' : mark, out);
	}
}

static void put_caret(FILE *out, struct loc loc)
{
	const char *text = loc.src->text;
	uint32_t start, end, from, to, first, last;
	bool plain;

	line_of(loc, &start, &end);
	from = start;
	to = end;
	if (end - start > LINE_SHOWN) {
		if (loc.first - start > LINE_BEFORE)
			from = loc.first - LINE_BEFORE;
		if (to - from > LINE_SHOWN)
			to = from + LINE_SHOWN;
	}
	/* not within a UTF-8 sequence */
	while (from < loc.first && from > start && ((unsigned char)text[from] & 0xc0) == 0x80)
		from++;
	while (to > loc.first && to < end && ((unsigned char)text[to] & 0xc0) == 0x80)
		to--;
	fprintf(out, "    %s", from > start ? "..." : "");
	put_shown(out, text + from, to - from);
	fprintf(out, "%s\n    %s", to < end ? "..." : "", from > start ? "   " : "");
	last = loc.last < to ? loc.last : to;
	if (loc.first > from)
		put_marks(out, text + from, (loc.first < to ? loc.first : to) - from, ' ');
	fputc('^', out);
	if (loc.first < last) {
		first = next_char(text + loc.first, last - loc.first, &plain);
		put_marks(out, text + loc.first + first, last - loc.first - first, '~');
	}
	fputc('\n', out);
}

void diags_print(const struct diags *d, FILE *out)
{
	for (const struct diag *g = d->head; g; g = g->next) {
		unsigned line, column;

		if (g->loc.src) {
			loc_position(g->loc, &line, &column);
			put_plain(out, g->loc.src->path);
			fprintf(out, ":%u:%u: ", line, column);
		}
		fprintf(out, "%s: ", level_name[g->level]);
		put_plain(out, g->text);
		fputc('\n', out);
		if (g->loc.src)
			put_caret(out, g->loc);
	}
	if (d->dropped)
		fprintf(out, "and %u more\n", d->dropped);
}

/* ---- JSON (RFC 8259) ---- */

static void put_json(FILE *out, const char *text)
{
	fputc('"', out);
	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		unsigned n = *s < 0x80 ? 1 : utf8_len(s);

		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(out, "\\u%04x", *s);
		else if (is_c1(s, n))
			fprintf(out, "\\u%04x", s[1]);
		else if (!n)
			fputs("\\ufffd", out);
		else
			fwrite(s, 1, n, out);
		if (n > 1)
			s += n - 1;
	}
	fputc('"', out);
}

void diags_print_json(const struct diags *d, FILE *out)
{
	fputs("[", out);
	for (const struct diag *g = d->head; g; g = g->next) {
		unsigned line, column;

		loc_position(g->loc, &line, &column);
		fputs(g == d->head ? "\n  {\"file\": " : ",\n  {\"file\": ", out);
		if (g->loc.src)
			put_json(out, g->loc.src->path);
		else
			fputs("null", out);
		fprintf(out, ", \"line\": %u, \"column\": %u, \"end_column\": %u, \"level\": \"%s\", "
			"\"text\": ", line, column, column + (g->loc.last - g->loc.first),
			level_name[g->level]);
		put_json(out, g->text);
		fputc('}', out);
	}
	fputs(d->head ? "\n]\n" : "]\n", out);
}
