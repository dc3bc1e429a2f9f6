/*
 * parse_error.c - words for a syntax error, from what bison knows of it
 *
 * Bison lists every token that could stand at a place; after a value these are a dozen
 * operators that nobody meant.  So tokens are gathered into what they begin ("a value"), and
 * operators are named only where nothing else would do.
 */
#include "compiler/parse_error.h"

#include <string.h>

#include "compiler/keyword.h"
#include "policy/field.h"

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
static const char *const doubled[] = { "'&'", "'|'", NULL };	/* && and || of other languages */
/* What may follow a whole value, or a whole action: rarely what is missing. */
static const char *const continuations[] = {
	"==", "!=", "'<'", "<=", "'>'", ">=", "in", "has", "overlaps", "starts", "not", "and",
	"or", "'|'", "'^'", "'&'", "'+'", "'-'", "<<", ">>", "..", "at", "within", "every", "i",
	"wide", "le", "'['", "silently", "info", "notice", "alert", "limit", "string", NULL,
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
	char words[SHOWN_MAX + 2][48];
	unsigned count;
	char text[400];
};

static void add(struct wording *w, const char *word)
{
	if (w->count < SHOWN_MAX + 2)
		snprintf(w->words[w->count++], sizeof(w->words[0]), "%s", word);
}

/* "a, b or c" */
static void join(struct wording *w)
{
	size_t len = 0;

	for (unsigned i = 0; i < w->count; i++)
		len += (size_t)snprintf(w->text + len, sizeof(w->text) - len, "%s%s",
					!i ? "" : i + 1 < w->count ? ", " : " or ", w->words[i]);
}

/* Words and signs in quotes, kinds of token with their article. */
static void add_token(struct wording *w, const char *name)
{
	static const char *const kinds[][2] = {
		{ "number", "a number" }, { "address", "an address" },
		{ "MAC address", "a MAC address" }, { "string", "a string" },
		{ "regular expression", "a regular expression" }, { "name", "a name" },
		{ "field", "a field" }, { "rate (N/s)", "a rate (N/s)" },
		{ "label", "a rule (a label with ':' and a space)" },
		{ "hex byte", "a hex byte" }, { "end of line", "the end of the line" },
		{ "end of file", "the end of the file" }, { "hex pattern", "a hex pattern" },
		{ "[n-m]", "a gap [n-m]" }, { "end of block", "'}'" },
	};
	char quoted[32];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(name, kinds[i][0])) {
			add(w, kinds[i][1]);
			return;
		}
	}
	snprintf(quoted, sizeof(quoted), name[0] == '\'' ? "%s" : "'%s'", name);
	add(w, quoted);
}

/* The grammar has one kind of expression; which is meant shows in what it stands behind. */
static const char *word_value(const struct parse *ps, const struct syntax_error *e)
{
	if (!expects(e, "not"))
		return "a value";
	if (ps->token_before != '=' || ps->declares == ITEM_DEFINE)
		return "a condition";
	return ps->declares == ITEM_SET ? "a set" : "a value";
}

/* What one could write here. */
static void word_expected(const struct parse *ps, const struct syntax_error *e, struct wording *w)
{
	bool value = expects(e, "number") && expects(e, "field");
	bool pattern = expects(e, "string") && expects(e, "regular expression");
	bool action = expects(e, "pass") && expects(e, "log");
	bool item = expects(e, "policy") && expects(e, "on");
	bool whole = expects(e, "'|'") || expects(e, "';'") || expects(e, "->");
	unsigned rest = 0;

	if (value)
		add(w, word_value(ps, e));
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
			    (whole && is_one_of(x, continuations)) != operators)
				continue;
			add_token(w, x);
			rest++;
		}
		/* operators are named only when nothing else is expected */
		if (w->count || !whole)
			break;
	}
	join(w);
}

/* To the grammar each word with a dot is a field. */
static bool names_field(struct loc loc)
{
	for (unsigned f = 0; f < HV_FIELD_NAMES; f++)
		if (strlen(hv_field_table[f].name) == loc_len(loc) &&
		    !memcmp(hv_field_table[f].name, loc_text(loc), loc_len(loc)))
			return true;
	return false;
}

/* What stands here, quoted as it is written when that is short. */
static void word_found(const struct syntax_error *e, char *out, size_t room)
{
	const char *text = loc_text(e->loc);
	int len = (int)loc_len(e->loc);

	if (!e->found || !strcmp(e->found, "end of file") || !strcmp(e->found, "end of line"))
		snprintf(out, room, "the %s", e->found ? e->found : "text");
	else if (len > 32)
		snprintf(out, room, "this %s", e->found);
	else if (!strcmp(e->found, "string") || !strcmp(e->found, "regular expression"))
		snprintf(out, room, "%s %.*s", e->found, len, text);
	else if (!strcmp(e->found, "field") && !names_field(e->loc))
		snprintf(out, room, "word '%.*s'", len, text);
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

/* A whole value stands before: operators could follow. */
static bool whole_value(const struct syntax_error *e)
{
	return expects(e, "'|'");
}

/* Of a set, of an offset's brackets: a range has its place there, or none. */
static bool within_braces(const struct syntax_error *e)
{
	return expects(e, "'}'") || expects(e, "']'") || expects(e, "':'");
}

/* Text where a value should be: of values, or of content, written as in other languages. */
static bool quoted_value(const struct syntax_error *e)
{
	return e->found && expects(e, "number") && expects(e, "field") &&
	       (!strcmp(e->found, "string") || !strcmp(e->found, "regular expression"));
}

/* The expected word that a name here is a misspelling of. */
static const char *near_expected(const struct syntax_error *e)
{
	const char *list[sizeof(e->expected) / sizeof(e->expected[0]) + 1];
	char word[24];
	unsigned n = 0;

	if (!e->found || strcmp(e->found, "name") || loc_len(e->loc) >= sizeof(word))
		return NULL;
	memcpy(word, loc_text(e->loc), loc_len(e->loc));
	word[loc_len(e->loc)] = '\0';
	for (unsigned i = 0; i < e->count; i++)
		if (keyword_find(e->expected[i], strlen(e->expected[i])))
			list[n++] = e->expected[i];
	list[n] = NULL;
	return diag_did_you_mean(word, list);
}

void syntax_error_report(struct parse *ps, const struct syntax_error *e)
{
	struct wording w = { .count = 0 };
	struct loc loc = e->loc;
	char found[96];
	const char *near;

	ps->failed = true;
	if (ps->stop)
		return;
	ps->stop = ps->diags->count >= DIAG_MAX;	/* nobody reads more */
	word_expected(ps, e, &w);
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
	if (e->found && !strcmp(e->found, "'='") && expects(e, "==")) {
		diag_error(ps->diags, loc, "'=' does not compare: write '=='");
		return;
	}
	if (e->found && !strcmp(e->found, "..") && expects(e, "every")) {
		diag_error(ps->diags, loc, "a range of positions is written 'within N..M'");
		return;
	}
	if (e->found && !strcmp(e->found, "..") && whole_value(e) && !within_braces(e)) {
		diag_error(ps->diags, loc, "a range stands in braces: { a..b }");
		return;
	}
	if (e->found && is_one_of(e->found, doubled) && ps->token_before == *loc_text(loc)) {
		diag_error(ps->diags, loc, "conditions are joined by the words 'and', 'or'");
		return;
	}
	near = near_expected(e);
	if (quoted_value(e))
		diag_error(ps->diags, loc, "expected %s, found %s: numbers and addresses have no "
			   "quotes, content is searched by 'has'", w.text, found);
	else if (near)
		diag_error(ps->diags, loc, "expected %s, found %s; did you mean '%s'?", w.text, found,
			   near);
	else if (w.count)
		diag_error(ps->diags, loc, "expected %s, found %s", w.text, found);
	else
		diag_error(ps->diags, loc, "unexpected %s", found);
}
