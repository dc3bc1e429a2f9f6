/*
 * check_name.c - declarations; a name's value, found when it is first needed
 *
 * Declarations may stand in any order; a name that needs itself is an error.
 */
#include <string.h>

#include "compiler/check.h"
#include "compiler/keyword.h"

bool check_name_length(struct check *c, struct loc loc)
{
	if (loc_len(loc) <= HVC_MAX_NAME_BYTES)
		return true;
	diag_error(c->diags, loc, "the name is longer than %d bytes", HVC_MAX_NAME_BYTES);
	return false;
}

/* `ip` as patterns' name would make `ip.src` mean two things. */
static bool is_field_prefix(const char *name)
{
	size_t len = strlen(name);

	for (unsigned f = 0; f < HV_FIELD_NAMES; f++)
		if (!strncmp(hv_field_table[f].name, name, len) && hv_field_table[f].name[len] == '.')
			return true;
	return false;
}

void declare(struct check *c, struct item *item)
{
	struct name_entry *e = names_find(&c->names, loc_text(item->name), loc_len(item->name));
	struct named *n;

	if (e) {
		diag_error(c->diags, item->name, "'%s' is declared twice", e->name);
		diag_note(c->diags, ((struct named *)e->thing)->item->name, "first here");
		return;
	}
	if (!check_name_length(c, item->name))
		return;
	n = pool_alloc(c->pool, sizeof(*n));
	e = names_add(&c->names, loc_text(item->name), loc_len(item->name), n);
	n->name = e->name;
	n->item = item;
	if (item->kind == ITEM_PATTERNS && is_field_prefix(n->name))
		diag_error(c->diags, item->name, "'%s' starts the names of fields", n->name);
}

/* What a writer may have meant by an unknown word. */
static const char *near_word(struct check *c, const char *word)
{
	const char *near = names_near(&c->names, word);
	const char **list;

	if (near)
		return near;
	list = pool_array(c->pool, keyword_count + 1, sizeof(*list));
	for (size_t i = 0; i < keyword_count; i++)
		list[i] = keywords[i].word;
	return diag_did_you_mean(word, list);
}

struct named *named_find(struct check *c, struct loc loc, const char *s, size_t len)
{
	struct name_entry *e = names_find(&c->names, s, len);
	const char *near = NULL, *word;

	if (e)
		return e->thing;
	if (c->diags->count >= DIAG_MAX || len > HVC_MAX_NAME_BYTES) {
		diag_error(c->diags, loc, "unknown name");
		return NULL;
	}
	word = pool_strndup(c->pool, s, len);
	near = near_word(c, word);
	if (near)
		diag_error(c->diags, loc, "unknown name '%s'; did you mean '%s'?", word, near);
	else
		diag_error(c->diags, loc, "unknown name '%s'", word);
	return NULL;
}

static void resolve_const(struct check *c, struct named *n, struct meaning *m)
{
	*m = check_node(c, n->item->value);
	if (m->kind == MEANS_PREFIX || m->kind == MEANS_NOTHING)
		return;
	if (m->kind != MEANS_VALUE)
		expected(c, n->item->value->loc, "a number or an address", m);
	else if (m->expr->kind != EXPR_CONST)
		diag_error(c->diags, n->item->value->loc, "expected a constant");
	else
		return;
	m->kind = MEANS_NOTHING;
}

static void resolve_set(struct check *c, struct named *n, struct meaning *m)
{
	const struct node *v = n->item->value;
	struct set *s;

	*m = check_node(c, v);
	s = m->kind == MEANS_NOTHING ? NULL : set_of(c, m, v->loc);
	m->kind = MEANS_NOTHING;
	if (!s)
		return;
	if (s->dynamic_count) {
		diag_error(c->diags, s->dynamic[0].lo[0]->loc,
			   "a set with a field in it stands where it is used, without a name");
		return;
	}
	if (s->name) {		/* another name of the same set */
		struct set *copy = pool_alloc(c->pool, sizeof(*copy));

		*copy = *s;
		s = copy;
	}
	s->name = n->name;
	s->loc = n->item->name;
	m->kind = MEANS_SET;
	m->set = s;
}

static void resolve_define(struct check *c, struct named *n, struct meaning *m)
{
	m->expr = check_condition(c, n->item->value);
	m->kind = m->expr ? MEANS_CONDITION : MEANS_NOTHING;
}

static void resolve(struct check *c, struct named *n)
{
	n->meaning = pool_alloc(c->pool, sizeof(*n->meaning));
	n->state = NAMED_BUSY;
	c->name_depth++;
	switch (n->item->kind) {
	case ITEM_CONST:
		resolve_const(c, n, n->meaning);
		break;
	case ITEM_SET:
		resolve_set(c, n, n->meaning);
		break;
	case ITEM_DEFINE:
		resolve_define(c, n, n->meaning);
		break;
	case ITEM_PATTERN:
		n->patterns = pool_alloc(c->pool, sizeof(*n->patterns));
		n->patterns[0] = check_pattern(c, n->item->pattern, n->name);
		n->pattern_count = n->patterns[0] != NULL;
		break;
	case ITEM_PATTERNS:
		check_pattern_file(c, n);
		break;
	default:
		break;
	}
	c->name_depth--;
	n->state = NAMED_DONE;
}

struct meaning named_meaning(struct check *c, struct named *n, struct loc loc)
{
	struct meaning nothing = { .kind = MEANS_NOTHING };

	if (n->item->kind == ITEM_PATTERN || n->item->kind == ITEM_PATTERNS) {
		/* their value is looked at by `has` and `rewrite` */
		if (n->state == NAMED_NEW)
			resolve(c, n);
		if (loc.src)
			diag_error(c->diags, loc, "'%s' is a pattern: it stands after 'has', 'starts with' "
				   "or 'rewrite'", n->name);
		return nothing;
	}
	if (n->state == NAMED_BUSY) {
		diag_error(c->diags, loc, "'%s' needs its own value", n->name);
		return nothing;
	}
	if (n->state == NAMED_NEW) {
		if (c->name_depth >= HVC_MAX_NAME_DEPTH) {
			diag_error(c->diags, loc, "names need each other too deeply: at most %d",
				   HVC_MAX_NAME_DEPTH);
			return nothing;
		}
		resolve(c, n);
	}
	if (n->meaning->kind == MEANS_VALUE) {
		/* the constant stands where it is used */
		struct meaning m = *n->meaning;

		m.expr = expr_const(c->pool, &m.expr->value, loc);
		return m;
	}
	return *n->meaning;
}
