/*
 * check.c - front_end(): files, items in order, the policy's head
 */
#include "compiler/check.h"

#include <string.h>

#include "compiler/phase.h"
#include "compiler/value.h"

/* Why a file could not be read, at @loc (or nowhere). */
static void unreadable(struct check *c, struct loc loc, const char *path, int code,
		       const char *error)
{
	switch (code) {
	case SOURCE_ELARGE:
		diag_error(c->diags, loc, "'%s' is larger than %d bytes", path, HVC_MAX_FILE_BYTES);
		return;
	case SOURCE_ECOUNT:
		diag_error(c->diags, loc, "more than %d files", HVC_MAX_FILES);
		return;
	case SOURCE_EKIND:
		diag_error(c->diags, loc, "cannot read '%s': Not a regular file", path);
		break;
	default:
		diag_error(c->diags, loc, "cannot read '%s': %s", path, error);
	}
	c->io = true;
}

struct source_file *open_beside(struct check *c, struct loc string)
{
	char *name = check_text(c, string, "the file's name", HVC_MAX_STRING_BYTES);
	struct source_file *f;
	const char *error;
	int r;

	if (!name)
		return NULL;
	name = source_beside(c->pool, string.src->path, name);
	r = source_read(&c->sources, name, false, &f, &error);
	if (r != SOURCE_OK)
		unreadable(c, string, name, r, error);
	return r == SOURCE_OK ? f : NULL;
}

static void read_items(struct check *c, struct source_file *f, unsigned depth);

static void include(struct check *c, const struct item *item, struct source_file *from,
		    unsigned depth)
{
	struct source_file *f = open_beside(c, item->string);

	if (!f)
		return;
	if (f->open) {
		diag_error(c->diags, item->string, "'%s' includes itself", f->source.path);
		for (const struct source_file *s = from; s != f; s = s->from)
			diag_note(c->diags, s->included, "'%s' is included here", s->source.path);
		return;
	}
	if (f->policy)
		return;			/* each file once */
	if (depth >= HVC_MAX_INCLUDE_DEPTH) {
		diag_error(c->diags, item->string, "includes are deeper than %d", HVC_MAX_INCLUDE_DEPTH);
		return;
	}
	f->from = from;
	f->included = item->string;
	read_items(c, f, depth + 1);
}

/* The items of @f and of what it includes, in order. */
static void read_items(struct check *c, struct source_file *f, unsigned depth)
{
	struct parse ps = { .pool = c->pool, .diags = c->diags, .src = &f->source,
			    .mode = PARSE_POLICY };
	struct item *next;

	f->open = f->policy = true;
	if (parse_source(&ps) < 0)
		c->syntax_errors = true;
	for (struct item *i = ps.items; i; i = next) {
		next = i->next;
		i->next = NULL;
		if (i->kind == ITEM_INCLUDE) {
			include(c, i, f, depth);
			continue;
		}
		*c->items_tail = i;
		c->items_tail = &i->next;
	}
	f->open = false;
}

static void check_policy(struct check *c, const struct item *i, const struct source *main_src)
{
	struct loc at = { i->loc.src, i->loc.first, i->loc.first + (uint32_t)strlen("policy") };
	int r;

	if (c->policy.src) {
		diag_error(c->diags, at, "'policy' stands once");
		diag_note(c->diags, c->policy, "first here");
		return;
	}
	if (i->loc.src != main_src) {
		diag_error(c->diags, at, "'policy' stands in the main file, not in an included one");
		return;
	}
	c->policy = at;
	c->model->name = check_text(c, i->string, "the policy's name", HVC_MAX_TEXT_BYTES);
	r = value_number(loc_text(i->number), loc_len(i->number), &c->model->version);
	if (r == VALUE_EOVERFLOW)
		diag_error(c->diags, i->number, "the number does not fit 64 bits");
	else if (r != VALUE_OK)
		diag_error(c->diags, i->number, "'%.*s' is not a number",
			   (int)(loc_len(i->number) > 64 ? 64 : loc_len(i->number)),
			   loc_text(i->number));
}

static void check_item(struct check *c, const struct item *i, const struct source *main_src)
{
	struct name_entry *e;
	struct named *n;

	switch (i->kind) {
	case ITEM_POLICY:
		check_policy(c, i, main_src);
		break;
	case ITEM_BLOCK:
		check_block(c, i);
		break;
	case ITEM_INCLUDE:
		break;
	default:
		e = names_find(&c->names, loc_text(i->name), loc_len(i->name));
		n = e ? e->thing : NULL;
		if (n && n->item == i && n->state == NAMED_NEW)
			named_meaning(c, n, (struct loc){ 0 });
	}
}

static void check_all(struct check *c, struct source_file *main_file)
{
	const struct source *src = &main_file->source;

	c->items_tail = &c->items;
	read_items(c, main_file, 0);
	for (struct item *i = c->items; i; i = i->next)
		if (i->kind != ITEM_POLICY && i->kind != ITEM_BLOCK)
			declare(c, i);
	for (const struct item *i = c->items; i; i = i->next)
		check_item(c, i, src);
	if (!c->policy.src && !c->syntax_errors && !c->diags->errors)
		diag_error(c->diags, (struct loc){ src, 0, 0 },
			   "no policy: write 'policy \"NAME\" version N;'");
	if (!c->diags->errors)
		warn_unreachable(c);
}

struct model *front_end(const char *path, const char *text, size_t len, struct pool *p,
			struct diags *d, bool *io)
{
	struct check c = { .pool = p, .diags = d };
	struct source_file *f;
	const char *error = "";
	int r;

	*io = false;
	sources_init(&c.sources, p);
	names_init(&c.names, p);
	names_init(&c.counters, p);
	c.model = pool_alloc(p, sizeof(*c.model));
	for (unsigned h = 0; h < HV_HOOKS; h++) {
		names_init(&c.labels[h], p);
		c.tails[h] = &c.model->hooks[h].rules;
		c.model->hooks[h].default_verdict = HV_PASS;
	}
	r = text ? source_text(&c.sources, path, text, len, &f) :
		   source_read(&c.sources, path, true, &f, &error);
	if (r != SOURCE_OK)
		unreadable(&c, (struct loc){ 0 }, path, r, error);
	else
		check_all(&c, f);
	c.model->files = c.sources.head;
	diags_sort(d);
	*io = c.io;
	return d->errors ? NULL : c.model;
}
