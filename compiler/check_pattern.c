/*
 * check_pattern.c - patterns and their files
 */
#include <string.h>

#include "compiler/build.h"
#include "compiler/check.h"
#include "compiler/value.h"

#define NAME_SHOWN	32u	/* bytes of its text that name a pattern in place */

/* A pattern in place is called by its text. */
static const char *name_of_text(struct check *c, struct loc loc)
{
	size_t len = loc_len(loc);
	char *name;

	if (len <= NAME_SHOWN)
		return pool_strndup(c->pool, loc_text(loc), len);
	name = pool_strndup(c->pool, loc_text(loc), NAME_SHOWN);
	memcpy(name + NAME_SHOWN - 3, "...", 3);
	return name;
}

static bool is_letter(uint8_t byte)
{
	return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

static bool too_long(struct check *c, struct loc loc)
{
	diag_error(c->diags, loc, "the pattern is longer than %d bytes", HVC_MAX_PATTERN_BYTES);
	return false;
}

static bool is_ascii(struct loc loc)
{
	const char *s = loc_text(loc);

	for (size_t i = 0; i < loc_len(loc); i++)
		if ((unsigned char)s[i] >= 0x80)
			return false;
	return true;
}

/* `i` folds bytes: does one of a character beyond ASCII look like a letter? */
static bool folds_wrongly(const struct pattern *p)
{
	for (size_t i = 0; (p->flags & PATTERN_I) && i < p->len; i += 2)
		if ((p->bytes[i] >= 0x80 || p->bytes[i + 1]) &&
		    (is_letter(p->bytes[i]) || is_letter(p->bytes[i + 1])))
			return true;
	return false;
}

/* A wide string with characters beyond ASCII: its bytes are UTF-16LE from here on. */
static bool wide(struct check *c, struct loc loc, struct pattern *p)
{
	struct loc in = { loc.src, loc.first + 1, loc.last - 1 };
	uint8_t *out = pool_alloc(c->pool, 2 * loc_len(in));
	size_t bad;
	ptrdiff_t n = value_wide(loc_text(in), loc_len(in), out, &bad);

	if (n < 0) {
		in.first += (uint32_t)bad;
		in.last = in.first + 1;
		diag_error(c->diags, in, "not UTF-8, in a wide string; write \\xHH for U+00HH, and other "
			   "bytes as a hex pattern");
		return false;
	}
	p->bytes = out;
	p->len = (size_t)n;
	p->flags &= ~(unsigned)PATTERN_WIDE;
	if (!folds_wrongly(p))
		return true;
	diag_error(c->diags, loc, "a character beyond ASCII holds the byte of an ASCII letter, which 'i' "
		   "would fold; write it as a hex pattern");
	return false;
}

static bool literal(struct check *c, const struct pattern_text *t, struct pattern *p)
{
	p->kind = PATTERN_LITERAL;
	p->flags = t->flags;
	if (!check_string(c, t->loc, &p->bytes, &p->len))
		return false;
	if ((p->flags & PATTERN_WIDE) && !is_ascii(t->loc) && !wide(c, t->loc, p))
		return false;
	if (!p->len) {
		diag_error(c->diags, t->loc, "an empty pattern");
		return false;
	}
	return p->len <= HVC_MAX_PATTERN_BYTES || too_long(c, t->loc);
}

/* "/text/flags": the scanner saw both slashes. */
static bool regex(struct check *c, const struct pattern_text *t, struct pattern *p)
{
	const char *s = loc_text(t->loc), *end = s + loc_len(t->loc), *slash = end - 1;
	bool ok = true;

	while (*slash != '/')
		slash--;
	p->kind = PATTERN_REGEX;
	p->bytes = (const uint8_t *)s + 1;
	p->len = (size_t)(slash - s - 1);
	p->loc.first++;
	p->loc.last = p->loc.first + (uint32_t)p->len;
	for (const char *f = slash + 1; f < end; f++) {
		struct loc at = { t->loc.src, t->loc.first + (uint32_t)(f - s),
				  t->loc.first + (uint32_t)(f - s) + 1 };
		unsigned flag = *f == 'i' ? PATTERN_I : *f == 's' ? PATTERN_S :
				*f == 'm' ? PATTERN_M : *f == 'x' ? PATTERN_X : 0;

		if (!flag) {
			diag_error(c->diags, at, "unknown flag '%c' of a regular expression: i, s, m, x "
				   "are known", *f);
			ok = false;
		}
		p->flags |= flag;
	}
	if (!p->len) {
		diag_error(c->diags, t->loc, "an empty pattern");
		return false;
	}
	if (p->len > HVC_MAX_PATTERN_BYTES)
		return too_long(c, t->loc);
	return ok;
}

static unsigned hex_value(const char *s)
{
	unsigned v = 0;

	for (unsigned i = 0; i < 2; i++) {
		unsigned char ch = (unsigned char)s[i];

		v = v << 4 | (ch <= '9' ? ch - 0x30u : (ch | 0x20u) - 0x61u + 10u);
	}
	return v;
}

/* [n-m], spaces allowed within. */
static bool gap(struct check *c, const struct hex_text *x, struct hex_atom *a)
{
	const char *s = loc_text(x->loc), *end = s + loc_len(x->loc);
	uint64_t v[2] = { 0, 0 };
	unsigned i = 0;

	for (; s < end; s++) {
		if (*s == '-')
			i = 1;
		else if (*s >= '0' && *s <= '9' && v[i] <= HVC_MAX_HEX_GAP)
			v[i] = v[i] * 10 + (uint64_t)(*s - '0');
	}
	if (v[0] > HVC_MAX_HEX_GAP || v[1] > HVC_MAX_HEX_GAP) {
		diag_error(c->diags, x->loc, "the gap is longer than %d bytes", HVC_MAX_HEX_GAP);
		return false;
	}
	if (v[0] > v[1]) {
		diag_error(c->diags, x->loc, "the gap is empty: %u is greater than %u",
			   (unsigned)v[0], (unsigned)v[1]);
		return false;
	}
	a->min = (uint32_t)v[0];
	a->max = (uint32_t)v[1];
	return true;
}

static bool hex(struct check *c, const struct pattern_text *t, struct pattern *p)
{
	bool ok = true, bytes = false;

	p->kind = PATTERN_HEX;
	if (t->hex.count > HVC_MAX_PATTERN_BYTES)
		return too_long(c, t->loc);
	p->hex = pool_array(c->pool, t->hex.count, sizeof(*p->hex));
	for (const struct hex_text *x = t->hex.first; x; x = x->next) {
		struct hex_atom *a = &p->hex[p->hex_count++];

		a->kind = x->kind == HEX_TEXT_BYTE ? HEX_BYTE : x->kind == HEX_TEXT_ANY ? HEX_ANY :
			  HEX_GAP;
		if (a->kind == HEX_BYTE) {
			a->byte = (uint8_t)hex_value(loc_text(x->loc));
			bytes = true;
		} else if (a->kind == HEX_GAP) {
			ok &= gap(c, x, a);
			if (x == t->hex.first || !x->next) {
				diag_error(c->diags, x->loc, "a gap stands between bytes");
				ok = false;
			}
		}
	}
	if (ok && !bytes) {
		diag_error(c->diags, t->loc, "a hex pattern needs at least one byte");
		ok = false;
	}
	return ok;
}

struct pattern *check_pattern(struct check *c, const struct pattern_text *t, const char *name)
{
	struct pattern *p;
	bool ok = false;

	if (t->kind == PATTERN_TEXT_BAD)
		return NULL;
	if (c->pattern_count++ >= HVC_MAX_PATTERNS) {
		if (c->pattern_count == HVC_MAX_PATTERNS + 1u)
			diag_error(c->diags, t->loc, "more than %d patterns", HVC_MAX_PATTERNS);
		return NULL;
	}
	p = pool_alloc(c->pool, sizeof(*p));
	p->loc = t->loc;
	if (t->kind == PATTERN_TEXT_STRING)
		ok = literal(c, t, p);
	else if (t->kind == PATTERN_TEXT_REGEX)
		ok = regex(c, t, p);
	else if (t->kind == PATTERN_TEXT_HEX)
		ok = hex(c, t, p);
	if (!ok)
		return NULL;
	p->name = name ? name : name_of_text(c, t->loc);
	return pattern_check(p, c->pool, c->diags) == 0 ? p : NULL;
}

bool check_hex_bytes(struct check *c, const struct pattern_text *t, const uint8_t **bytes,
		     size_t *len)
{
	uint8_t *out;

	if (t->kind == PATTERN_TEXT_STRING)
		return check_string(c, t->loc, bytes, len);
	out = pool_alloc(c->pool, t->hex.count + 1);
	*len = 0;
	for (const struct hex_text *x = t->hex.first; x; x = x->next)
		out[(*len)++] = (uint8_t)hex_value(loc_text(x->loc));
	*bytes = out;
	return true;
}

/* ---- files ---- */

static void add_entry(struct check *c, struct named *n, const struct item *i)
{
	struct name_entry *e = names_find(n->entries, loc_text(i->name), loc_len(i->name));
	struct pattern *p;
	char *name;

	if (e) {
		diag_error(c->diags, i->name, "'%s' is declared twice", e->name);
		if (e->thing)
			diag_note(c->diags, ((struct pattern *)e->thing)->loc, "first here");
		return;
	}
	if (!check_name_length(c, i->name))
		return;
	name = pool_alloc(c->pool, strlen(n->name) + loc_len(i->name) + 2);
	sprintf(name, "%s.%.*s", n->name, (int)loc_len(i->name), loc_text(i->name));
	p = check_pattern(c, i->pattern, name);
	names_add(n->entries, loc_text(i->name), loc_len(i->name), p);
	if (p)
		n->patterns[n->pattern_count++] = p;
}

void check_pattern_file(struct check *c, struct named *n)
{
	struct source_file *f = open_beside(c, n->item->string);
	struct parse ps = { .pool = c->pool, .diags = c->diags, .mode = PARSE_PATTERNS };
	size_t count = 0;

	n->entries = pool_alloc(c->pool, sizeof(*n->entries));
	names_init(n->entries, c->pool);
	if (!f)
		return;
	ps.src = &f->source;
	parse_source(&ps);
	for (const struct item *i = ps.items; i; i = i->next)
		count++;
	n->patterns = pool_array(c->pool, count + 1, sizeof(*n->patterns));
	for (const struct item *i = ps.items; i; i = i->next)
		add_entry(c, n, i);
	if (!count && !ps.failed)
		diag_warning(c->diags, n->item->string, "the file holds no pattern");
}

/* ---- references ---- */

struct found {
	struct pattern **at;
	size_t count, room;
};

static void found_add(struct check *c, struct found *f, struct pattern *p)
{
	if (f->count == f->room) {
		f->at = pool_grow(c->pool, f->at, f->count, f->room * 2 + 4, sizeof(*f->at));
		f->room = f->room * 2 + 4;
	}
	f->at[f->count++] = p;
}

/* NAME, or NAME.ENTRY of a pattern file. */
static bool reference(struct check *c, const struct pattern_text *t, struct found *f)
{
	const char *s = loc_text(t->loc), *dot = memchr(s, '.', loc_len(t->loc));
	size_t len = dot ? (size_t)(dot - s) : loc_len(t->loc);
	struct named *n = named_find(c, t->loc, s, len);
	struct name_entry *e;
	const char *near;

	if (!n)
		return false;
	if (n->item->kind != ITEM_PATTERN && n->item->kind != ITEM_PATTERNS) {
		diag_error(c->diags, t->loc, "'%s' is not a pattern", n->name);
		return false;
	}
	named_meaning(c, n, (struct loc){ 0 });
	if (dot && n->item->kind == ITEM_PATTERN) {
		diag_error(c->diags, t->loc, "'%s' is one pattern, not a file of them", n->name);
		return false;
	}
	if (dot) {
		size_t rest = loc_len(t->loc) - len - 1;

		e = names_find(n->entries, dot + 1, rest);
		if (e && e->thing)
			found_add(c, f, e->thing);
		if (e)
			return e->thing != NULL;
		if (!n->pattern_count)
			return false;	/* its file was refused */
		near = names_near(n->entries, pool_strndup(c->pool, dot + 1, rest));
		diag_error(c->diags, t->loc, near ? "'%s' has no pattern '%.*s'; did you mean '%s'?" :
			   "'%s' has no pattern '%.*s'", n->name, (int)(rest > 64 ? 64 : rest), dot + 1,
			   near);
		return false;
	}
	if (n->item->kind == ITEM_PATTERNS && !t->any) {
		diag_error(c->diags, t->loc, "'%s' is a file of patterns: write 'any %s' or '%s.NAME'",
			   n->name, n->name, n->name);
		return false;
	}
	for (size_t i = 0; i < n->pattern_count; i++)
		found_add(c, f, n->patterns[i]);
	return n->pattern_count || n->item->kind == ITEM_PATTERNS;
}

bool check_patterns(struct check *c, const struct pattern_text *list, struct pattern ***out,
		    size_t *count)
{
	struct found f = { 0 };
	bool ok = true;

	for (const struct pattern_text *t = list; t; t = t->next) {
		struct pattern *p;

		if (t->kind == PATTERN_TEXT_NAME) {
			ok &= reference(c, t, &f);
			continue;
		}
		p = check_pattern(c, t, NULL);
		if (p)
			found_add(c, &f, p);
		ok &= p != NULL;
	}
	*out = f.at;
	*count = f.count;
	return ok;
}
