/*
 * diag.c - the queue of diagnostics, and places in the source
 */
#include "compiler/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/limit.h"

_Static_assert(DIAG_MAX == HVC_MAX_DIAGNOSTICS, "documented limit");

void diags_init(struct diags *d)
{
	*d = (struct diags){ 0 };
	d->tail = &d->head;
}

void diags_free(struct diags *d)
{
	while (d->head) {
		struct diag *next = d->head->next;

		if (d->head != &d->spare) {
			free(d->head->text);
			free(d->head);
		}
		d->head = next;
	}
	diags_init(d);
}

/* Memory for one diagnostic and its text; NULL: there is none. */
static struct diag *make(struct diags *d, const char *fmt, va_list ap)
{
	struct diag *g = calloc(1, sizeof(*g));
	va_list again;

	va_copy(again, ap);
	if (g && vasprintf(&g->text, fmt, ap) < 0) {
		free(g);
		g = NULL;
	}
	if (!g && !d->spare.text) {
		g = &d->spare;
		g->text = d->spare_text;
		vsnprintf(g->text, sizeof(d->spare_text), fmt, again);
	}
	va_end(again);
	return g;
}

static void queue(struct diags *d, enum diag_level level, struct loc loc, const char *fmt,
		  va_list ap)
{
	struct diag *g;

	if (level == DIAG_NOTE ? d->dropping : d->count >= DIAG_MAX) {
		d->dropping = true;
		d->dropped += level != DIAG_NOTE;
		return;
	}
	d->dropping = false;
	g = make(d, fmt, ap);
	if (!g) {
		d->dropped++;
		return;
	}
	g->level = level;
	g->loc = loc;
	*d->tail = g;
	d->tail = &g->next;
	d->count += level != DIAG_NOTE;
}

void diag_error(struct diags *d, struct loc loc, const char *fmt, ...)
{
	va_list ap;

	d->errors++;
	va_start(ap, fmt);
	queue(d, DIAG_ERROR, loc, fmt, ap);
	va_end(ap);
}

void diag_warning(struct diags *d, struct loc loc, const char *fmt, ...)
{
	va_list ap;

	d->warnings++;
	va_start(ap, fmt);
	queue(d, DIAG_WARNING, loc, fmt, ap);
	va_end(ap);
}

void diag_note(struct diags *d, struct loc loc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	queue(d, DIAG_NOTE, loc, fmt, ap);
	va_end(ap);
}

static uint32_t indexed_line(const struct source *s, uint32_t offset)
{
	uint32_t lo = 0, hi = s->line_count;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (s->lines[mid] <= offset)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

void loc_position(struct loc loc, unsigned *line, unsigned *column)
{
	uint32_t start = 0, n = 0;

	if (!loc.src || !loc.src->text) {
		*line = *column = 0;
		return;
	}
	if (loc.src->lines) {
		n = indexed_line(loc.src, loc.first);
		start = loc.src->lines[n];
	} else {
		for (uint32_t i = 0; i < loc.first && i < loc.src->len; i++)
			if (loc.src->text[i] == '\n')
				n++, start = i + 1;
	}
	*line = n + 1;
	*column = loc.first - start + 1;
}

/* ---- order ---- */

struct group {
	struct diag *first, *last;	/* a diagnostic and its notes */
	unsigned file, order;
};

static int by_place(const void *x, const void *y)
{
	const struct group *a = x, *b = y;
	uint32_t p = a->first->loc.first, q = b->first->loc.first;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (p != q)
		return p < q ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* Files are numbered as they were first reported. */
static unsigned file_number(const struct group *g, unsigned n, const struct source *src)
{
	unsigned next = 0;

	for (unsigned i = 0; i < n; i++) {
		if (g[i].first->loc.src == src)
			return g[i].file;
		if (g[i].file >= next)
			next = g[i].file + 1;
	}
	return next;
}

void diags_sort(struct diags *d)
{
	struct group *g = calloc(DIAG_MAX + 1, sizeof(*g));
	unsigned n = 0;

	if (!g)
		return;
	for (struct diag *i = d->head; i; i = i->next) {
		if (n && i->level == DIAG_NOTE) {
			g[n - 1].last = i;
			continue;
		}
		g[n] = (struct group){ .first = i, .last = i, .order = n };
		g[n].file = file_number(g, n, i->loc.src);
		n++;
	}
	qsort(g, n, sizeof(*g), by_place);
	d->tail = &d->head;
	for (unsigned i = 0; i < n; i++) {
		*d->tail = g[i].first;
		d->tail = &g[i].last->next;
	}
	*d->tail = NULL;
	free(g);
}

/* ---- near names ---- */

#define NEAR_MAX	40u	/* bytes of a name that is compared */

/* Levenshtein's distance with transposition, bounded. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned row[3][NEAR_MAX + 1];

	for (unsigned j = 0; j <= m; j++)
		row[0][j] = j;
	for (unsigned i = 1; i <= n; i++) {
		unsigned *r = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];

		r[0] = i;
		for (unsigned j = 1; j <= m; j++) {
			unsigned cost = up[j - 1] + (a[i - 1] != b[j - 1]);

			if (up[j] + 1 < cost)
				cost = up[j] + 1;
			if (r[j - 1] + 1 < cost)
				cost = r[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    up2[j - 2] + 1 < cost)
				cost = up2[j - 2] + 1;
			r[j] = cost;
		}
	}
	return row[n % 3][m];
}

const char *diag_did_you_mean(const char *word, const char *const *names)
{
	size_t n = strlen(word);
	const char *best = NULL;
	unsigned least;

	if (!n || n > NEAR_MAX)
		return NULL;
	/* a third of the word may differ, at most 3 letters, and never all of it */
	least = 1 + (unsigned)(n < 3 ? 0 : n < 6 ? 1 : n < 9 ? 2 : 3);
	for (; *names; names++) {
		size_t m = strlen(*names);
		unsigned dist;

		if (m > NEAR_MAX || (m > n ? m - n : n - m) >= least)
			continue;
		dist = distance(word, n, *names, m);
		if (dist && dist < least) {
			least = dist;
			best = *names;
		}
	}
	return best;
}
