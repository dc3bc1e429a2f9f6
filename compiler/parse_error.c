/*
 * parse_error.c - words for a syntax error, from what bison knows of it
 *
 * Bison lists every token that could stand at a place; after a value these are a dozen
 * operators that nobody meant.  So tokens are gathered into what they begin ("a value"), and
 * operators are named only where nothing else would do.
 */
#include "compiler/parse_error.h"

#include <string.h>

#define SHOWN_MAX	5u

static bool expects(const struct syntax_error *e, const char *name)
{
	for (unsigned i = 0; i < e->count; i++)
		if (!strcmp(e->expected[i], name))
			return true;
	return false;
}

static bool is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(name, *list))
			return true;
	return false;
}

static const char *const comparisons[] = {
	"==", "!=", "'<'", "<=", "'>'", ">=", "in", "has", "overlaps", "starts", NULL,
};
static const char *const continuations[] = {
	"==", "!=", "'<'", "<=", "'>'", ">=", "in", "has", "overlaps", "starts", "not", "and",
	"or", "'|'", "'^'", "'&'", "'+'", "'-'", "<<", ">>", "..", "at", "within", "every", "i",
	"wide", "le", "'['", NULL,
};
static const char *const starts_value[] = {
	"number", "address", "MAC address", "name", "field", "frame", "payload", "data", "cdb",
	"sector", "file", "'('", "'{'", "not", NULL,
};
static const char *const starts_item[] = {
	"policy", "include", "const", "set", "pattern", "patterns", "define", "on", NULL,
};
static const char *const starts_action[] = { "pass", "drop", "log", "count", "rewrite", NULL };
static const char *const starts_pattern[] = {
	"string", "regular expression", "hex pattern", "name", "field", "any", NULL,
};

struct wording {
	char text[256];
	size_t len;
	unsigned count;
};

static void add(struct wording *w, const char *word)
{
	const char *glue = w->count++ ? ", " : "";
	size_t room = sizeof(w->text) - w->len;
	int n = snprintf(w->text + w->len, room, "%s%s", glue, word);

	if (n > 0 && (size_t)n < room)
		w->len += (size_t)n;
}

/* Words and signs in quotes, kinds of token as they are. */
static void add_token(struct wording *w, const char *name)
{
	static const char *const kinds[] = {
		"number", "address", "MAC address", "string", "regular expression", "name",
		"field", "rate (N/s)", "label", "hex byte", "end of line", "end of file",
		"hex pattern", "[n-m]", NULL,
	};
	char quoted[40];

	if (is_one_of(name, kinds) || name[0] == '\'') {
		add(w, name);
		return;
	}
	snprintf(quoted, sizeof(quoted), "'%s'", name);
	add(w, quoted);
}

/* What one could write here. */
static void word_expected(const struct syntax_error *e, struct wording *w)
{
	bool value = expects(e, "number") && expects(e, "field");
	bool pattern = expects(e, "string") && expects(e, "regular expression");
	bool action = expects(e, "pass") && expects(e, "log");
	bool item = expects(e, "policy") && expects(e, "on");
	unsigned rest = 0;

	if (value)
		add(w, expects(e, "not") ? "a condition" : "a value");
	if (pattern)
		add(w, "a pattern");
	if (action)
		add(w, "an action");
	if (item)
		add(w, "a declaration or 'on'");
	for (int operators = 0; operators < 2; operators++) {
		for (unsigned i = 0; i < e->count && rest < SHOWN_MAX; i++) {
			const char *x = e->expected[i];

			if ((value && is_one_of(x, starts_value)) ||
			    (pattern && is_one_of(x, starts_pattern)) ||
			    (action && is_one_of(x, starts_action)) ||
			    (item && is_one_of(x, starts_item)) ||
			    is_one_of(x, continuations) != operators)
				continue;
			add_token(w, x);
			rest++;
		}
		/* operators are named only when nothing else is expected */
		if (w->count)
			break;
	}
}

/* What stands here, quoted as it is written when that is short. */
static void word_found(const struct syntax_error *e, char *out, size_t room)
{
	const char *text = loc_text(e->loc);
	int len = (int)loc_len(e->loc);

	if (!e->found || !strcmp(e->found, "end of file") || !strcmp(e->found, "end of line"))
		snprintf(out, room, "%s", e->found ? e->found : "text");
	else if (len > 32)
		snprintf(out, room, "this %s", e->found);
	else if (!strcmp(e->found, "string") || !strcmp(e->found, "regular expression"))
		snprintf(out, room, "%s %.*s", e->found, len, text);
	else if (!strcmp(e->found, "name") || !strcmp(e->found, "field") ||
		 !strcmp(e->found, "number") || !strcmp(e->found, "address") ||
		 !strcmp(e->found, "label"))
		snprintf(out, room, "%s '%.*s'", e->found, len, text);
	else
		snprintf(out, room, "'%.*s'", len, text);
}

/* A missing ';' is shown where it is missing, not at the next line's first word. */
static bool missing_end(const struct parse *ps, const struct syntax_error *e)
{
	const struct loc before = ps->before;

	if (!before.src || before.last > e->loc.first || !expects(e, "';'"))
		return false;
	return memchr(ps->src->text + before.last, '\n', e->loc.first - before.last) != NULL ||
	       e->loc.first >= ps->src->len;
}

void syntax_error_report(struct parse *ps, const struct syntax_error *e)
{
	struct wording w = { .len = 0 };
	struct loc loc = e->loc;
	char found[96];

	ps->failed = true;
	if (ps->stop)
		return;
	word_expected(e, &w);
	word_found(e, found, sizeof(found));
	if (missing_end(ps, e)) {
		loc.first = loc.last = ps->before.last;
		diag_error(ps->diags, loc, "expected %s before %s", w.text, found);
		return;
	}
	if (e->found && is_one_of(e->found, comparisons) && expects(e, "and")) {
		diag_error(ps->diags, loc, "comparisons do not chain: join them by 'and'");
		return;
	}
	if (e->found && !strcmp(e->found, "name") && expects(e, "label")) {
		diag_error(ps->diags, loc, "expected a rule: a label with ':' and a space, found %s",
			   found);
		return;
	}
	if (w.count)
		diag_error(ps->diags, loc, "expected %s, found %s", w.text, found);
	else
		diag_error(ps->diags, loc, "unexpected %s", found);
}
