/*
 * diag.h - what the compiler has to say, queued with its place, printed by the caller
 */
#ifndef COMPILER_DIAG_H
#define COMPILER_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A source file that was read whole; kept until the compilation is freed. */
struct source {
	const char *path;	/* as given or as included */
	const char *text;	/* NUL-terminated behind its last byte; NULL: no text, all is line 0 */
	size_t len;
	const uint32_t *lines;	/* offset of each line; NULL: not indexed */
	uint32_t line_count;
};

/* A span of source text: bytes, first inclusive, last exclusive. */
struct loc {
	const struct source *src;	/* NULL: no place */
	uint32_t first, last;		/* byte offsets in src->text */
};

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

struct diag {
	enum diag_level level;
	struct loc loc;
	char *text;
	struct diag *next;
};

#define DIAG_SPARE	256u	/* bytes of text */

struct diags {
	struct diag *head, **tail;
	struct diag spare;	/* for the one that says there is no memory */
	char spare_text[DIAG_SPARE];
	unsigned errors, warnings;
	unsigned count;		/* queued, notes too */
	unsigned dropped;	/* beyond DIAG_MAX */
	bool dropping;		/* the last one was: its notes go too */
};

#define DIAG_MAX	200u

void diags_init(struct diags *d);
void diags_free(struct diags *d);

/* Queue one; printf-like.  A note belongs to the diagnostic before it. */
void diag_error(struct diags *d, struct loc loc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void diag_warning(struct diags *d, struct loc loc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void diag_note(struct diags *d, struct loc loc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Line and column of loc.first, both from 1 (0: no place), columns in bytes. */
void loc_position(struct loc loc, unsigned *line, unsigned *column);

/* file:line:col: error: text, the source line, a caret under the span. */
void diags_print(const struct diags *d, FILE *out);
/* The same as a JSON array of {"file","line","column","end_column","level","text"}. */
void diags_print_json(const struct diags *d, FILE *out);

/*
 * Text that others wrote, as a terminal may see it: control characters and what is no UTF-8 as
 * '?'.  Returns the columns it took.
 */
unsigned put_plain(FILE *out, const char *s);

/* Order by file (as first reported) and place; notes stay behind what they belong to. */
void diags_sort(struct diags *d);

/* The name in @names (NULL-terminated) nearest to @word, or NULL when none is near. */
const char *diag_did_you_mean(const char *word, const char *const *names);

#endif
