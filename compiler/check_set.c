/*
 * check_set.c - sets written in place, of files, + and -
 */
#include <string.h>

#include "compiler/check.h"
#include "compiler/setops.h"
#include "compiler/value.h"

/* A set while it is gathered. */
struct gather {
	struct check *c;
	bool typed;			/* arity and types are known: from the first element */
	unsigned arity;
	enum value_type types[HVC_MAX_TUPLE_WORDS];
	struct set_list list;
	struct dynamic_element *dynamic;
	size_t dynamic_count, dynamic_room;
	size_t source_count;
	bool failed;
	const char *fixed;		/* not NULL: fields are refused, and why */
};

/* One component of an element: two values, or expressions. */
struct side {
	struct value lo, hi;
	struct expr *elo, *ehi;		/* NULL when constant */
	enum value_type type;
};

static const struct meaning nothing = { .kind = MEANS_NOTHING };

const char *types_name(const enum value_type *types, unsigned arity, char *out, size_t room)
{
	size_t len = 0;

	if (arity == 1) {
		snprintf(out, room, "%s", type_name(types[0]));
		return out;
	}
	for (unsigned i = 0; i < arity && len < room; i++)
		len += (size_t)snprintf(out + len, room - len, "%s%s", i ? ", " : "a tuple (",
					type_name(types[i]));
	if (len < room)
		snprintf(out + len, room - len, ")");
	return out;
}

static bool end_of_range(struct check *c, const struct node *n, struct value *v, struct expr **e,
			 enum value_type *type)
{
	*e = check_value(c, n);
	if (!*e)
		return false;
	*type = (*e)->type == TYPE_IP4 ? TYPE_IP : (*e)->type;
	if ((*e)->kind == EXPR_CONST) {
		*v = (*e)->value;
		*e = NULL;
	} else if (*type != TYPE_NUM) {
		diag_error(c->diags, n->loc, "%s in a set is a constant", type_name(*type));
		return false;
	}
	return true;
}

static bool range(struct check *c, const struct node *n, struct side *s)
{
	enum value_type other;
	char a[VALUE_TEXT], b[VALUE_TEXT];
	bool good_lo, good_hi;

	/* both ends are looked at, so that both are reported */
	good_lo = end_of_range(c, n->a, &s->lo, &s->elo, &s->type);
	good_hi = end_of_range(c, n->b, &s->hi, &s->ehi, &other);
	if (!good_lo || !good_hi)
		return false;
	if (s->type != other) {
		diag_error(c->diags, n->loc, "a range from %s to %s", type_name(s->type),
			   type_name(other));
		return false;
	}
	if (s->elo || s->ehi) {		/* one of them has a field: both are expressions */
		if (!s->elo)
			s->elo = expr_const(c->pool, &s->lo, n->a->loc);
		if (!s->ehi)
			s->ehi = expr_const(c->pool, &s->hi, n->b->loc);
		return true;
	}
	if (s->lo.family != s->hi.family) {
		diag_error(c->diags, n->loc, "a range of addresses of two families");
		return false;
	}
	if (value_compare(&s->lo, &s->hi) > 0) {
		diag_error(c->diags, n->loc, "the range is empty: %s is greater than %s",
			   value_print(&s->lo, a), value_print(&s->hi, b));
		return false;
	}
	return true;
}

static bool one(struct check *c, const struct node *n, struct side *s)
{
	struct meaning m;

	*s = (struct side){ .type = TYPE_NUM };
	if (n->kind == NODE_RANGE)
		return range(c, n, s);
	m = check_node(c, n);
	if (m.kind == MEANS_PREFIX) {
		s->lo = m.lo;
		s->hi = m.hi;
		s->type = TYPE_IP;
		return true;
	}
	if (m.kind != MEANS_VALUE || m.expr->type == TYPE_RANGE) {
		if (m.kind == MEANS_SET)
			diag_error(c->diags, n->loc, "a set within a set: join sets by '+'");
		else
			expected(c, n->loc, "a value or a range", &m);
		return false;
	}
	s->type = m.expr->type == TYPE_IP4 ? TYPE_IP : m.expr->type;
	if (m.expr->kind == EXPR_CONST) {
		s->lo = s->hi = m.expr->value;
		return true;
	}
	if (s->type != TYPE_NUM) {
		diag_error(c->diags, n->loc, "%s in a set is a constant", type_name(s->type));
		return false;
	}
	s->elo = s->ehi = m.expr;
	return true;
}

/* All elements of a set are of one kind: the first one says which. */
static bool fits(struct gather *g, const struct side *s, unsigned arity, struct loc loc)
{
	char is[160], was[160];
	enum value_type types[HVC_MAX_TUPLE_WORDS];
	bool same = arity == g->arity;

	for (unsigned k = 0; k < arity; k++)
		types[k] = s[k].type;
	if (!g->typed) {
		memcpy(g->types, types, arity * sizeof(*types));
		g->arity = arity;
		g->typed = true;
		set_list_init(&g->list, g->c->pool, arity, true);
		return true;
	}
	for (unsigned k = 0; same && k < arity; k++)
		same = types[k] == g->types[k];
	if (!same)
		diag_error(g->c->diags, loc, "%s in a set of elements like %s",
			   types_name(types, arity, is, sizeof(is)),
			   types_name(g->types, g->arity, was, sizeof(was)));
	return same;
}

static void add_dynamic(struct gather *g, const struct side *s, unsigned arity, struct loc loc)
{
	struct pool *p = g->c->pool;
	struct dynamic_element *d;

	if (g->dynamic_count == g->dynamic_room) {
		g->dynamic = pool_grow(p, g->dynamic, g->dynamic_count, g->dynamic_room * 2 + 4,
				       sizeof(*d));
		g->dynamic_room = g->dynamic_room * 2 + 4;
	}
	d = &g->dynamic[g->dynamic_count++];
	d->lo = pool_array(p, arity, sizeof(*d->lo));
	d->hi = pool_array(p, arity, sizeof(*d->hi));
	for (unsigned k = 0; k < arity; k++) {
		d->lo[k] = s[k].elo ? s[k].elo : expr_const(p, &s[k].lo, loc);
		d->hi[k] = s[k].ehi ? s[k].ehi : expr_const(p, &s[k].hi, loc);
	}
}

static unsigned words(const struct side *s, unsigned arity)
{
	unsigned n = 0;

	for (unsigned k = 0; k < arity; k++)
		n += s[k].type == TYPE_IP ? 3 : 1;
	return n;
}

static void store(struct gather *g, const struct side *s, unsigned arity, struct loc loc)
{
	struct value lo[HVC_MAX_TUPLE_WORDS], hi[HVC_MAX_TUPLE_WORDS];
	bool dynamic = false;

	for (unsigned k = 0; k < arity; k++) {
		lo[k] = s[k].lo;
		hi[k] = s[k].hi;
		dynamic |= s[k].elo != NULL;
	}
	if (dynamic && g->fixed) {
		diag_error(g->c->diags, loc, "%s", g->fixed);
		g->failed = true;
	} else if (dynamic) {
		add_dynamic(g, s, arity, loc);
	} else {
		set_list_add(&g->list, lo, hi, loc);
	}
}

static void gather_element(void *arg, struct node *n)
{
	struct gather *g = arg;
	struct side s[HVC_MAX_TUPLE_WORDS];
	bool ok = true, wide = false;
	unsigned arity = 0;

	if (g->source_count++ >= HVC_MAX_SET_ELEMENTS) {
		if (g->source_count == HVC_MAX_SET_ELEMENTS + 1u)
			diag_error(g->c->diags, n->loc, "the set has more than %d elements",
				   HVC_MAX_SET_ELEMENTS);
		g->failed = true;
		return;
	}
	if (n->kind != NODE_TUPLE) {
		ok = one(g->c, n, s);
		arity = 1;
	}
	for (const struct node *i = n->kind == NODE_TUPLE ? n->a : NULL; i; i = i->next) {
		wide = arity == HVC_MAX_TUPLE_WORDS;
		if (wide)
			break;
		ok &= one(g->c, i, &s[arity++]);
	}
	if (ok && (wide || words(s, arity) > HVC_MAX_TUPLE_WORDS)) {
		diag_error(g->c->diags, n->loc, "the tuple is wider than %d words",
			   HVC_MAX_TUPLE_WORDS);
		ok = false;
	}
	if (!ok || !fits(g, s, arity, n->loc)) {
		g->failed = true;
		return;
	}
	store(g, s, arity, n->loc);
}

static void warn_overlap(struct gather *g)
{
	struct diags *d = g->c->diags;
	size_t a, b;

	if (!g->typed || !set_list_overlap(&g->list, &a, &b))
		return;
	diag_warning(d, g->list.locs[b], "the set overlaps itself: this element");
	diag_note(d, g->list.locs[a], "and this one");
}

static struct meaning gathered(struct gather *g, struct loc loc)
{
	struct meaning m = { .kind = MEANS_SET };
	struct set *s;

	if (g->failed)
		return nothing;
	s = m.set = pool_alloc(g->c->pool, sizeof(*s));
	s->loc = loc;
	if (!g->typed) {		/* empty: a set of anything */
		g->arity = 1;
		g->types[0] = TYPE_NUM;
		set_list_init(&g->list, g->c->pool, 1, false);
	}
	warn_overlap(g);
	s->types = pool_array(g->c->pool, g->arity, sizeof(*s->types));
	memcpy(s->types, g->types, g->arity * sizeof(*s->types));
	set_from_list(s, &g->list);
	s->dynamic = g->dynamic;
	s->dynamic_count = g->dynamic_count;
	s->source_count = g->source_count;
	return m;
}

struct meaning check_set_node(struct check *c, const struct node *n)
{
	struct gather g = { .c = c };

	for (struct node *i = n->a; i; i = i->next)
		gather_element(&g, i);
	return gathered(&g, n->loc);
}

struct meaning check_file_set(struct check *c, const struct node *n)
{
	struct source_file *f = open_beside(c, n->a->loc);
	struct meaning m = { .kind = MEANS_SET };
	struct set_cache *cache;
	struct gather g = { .c = c, .fixed = "a field in a set's file" };
	struct parse ps = { .pool = c->pool, .diags = c->diags, .mode = PARSE_SET,
			    .element = gather_element, .element_arg = &g };

	if (!f)
		return nothing;
	for (cache = c->sets; cache; cache = cache->next) {
		if (cache->src != &f->source)
			continue;
		m.set = cache->set;
		return m.set ? m : nothing;
	}
	cache = pool_alloc(c->pool, sizeof(*cache));
	cache->src = &f->source;
	cache->next = c->sets;
	c->sets = cache;
	ps.src = &f->source;
	if (parse_source(&ps) < 0)
		g.failed = true;
	m = gathered(&g, n->loc);
	cache->set = m.kind == MEANS_SET ? m.set : NULL;
	return m;
}

struct set *set_of(struct check *c, const struct meaning *m, struct loc loc)
{
	struct set_list l;
	struct set *s;

	if (m->kind == MEANS_SET)
		return m->set;
	if (m->kind != MEANS_PREFIX) {
		if (m->kind == MEANS_VALUE && m->expr->type != TYPE_RANGE)
			diag_error(c->diags, loc, "expected a set, found %s: write it in braces",
				   meaning_name(m));
		else
			expected(c, loc, "a set", m);
		return NULL;
	}
	s = pool_alloc(c->pool, sizeof(*s));
	s->loc = loc;
	s->types = pool_array(c->pool, 1, sizeof(*s->types));
	s->types[0] = TYPE_IP;
	s->source_count = 1;
	set_list_init(&l, c->pool, 1, false);
	set_list_add(&l, &m->lo, &m->hi, loc);
	set_from_list(s, &l);
	return s;
}

static bool same_types(struct check *c, const struct set *a, const struct set *b, struct loc loc)
{
	char x[160], y[160];
	bool same = a->arity == b->arity;

	for (unsigned k = 0; same && k < a->arity; k++)
		same = a->types[k] == b->types[k];
	if (!same)
		diag_error(c->diags, loc, "sets of different elements: %s, and %s",
			   types_name(a->types, a->arity, x, sizeof(x)),
			   types_name(b->types, b->arity, y, sizeof(y)));
	return same;
}

static bool is_empty(const struct set *s)
{
	return !s->count && !s->dynamic_count;
}

static void join_dynamic(struct check *c, const struct set *a, const struct set *b, struct set *out)
{
	size_t n = a->dynamic_count + b->dynamic_count;

	if (!n)
		return;
	out->dynamic = pool_array(c->pool, n, sizeof(*out->dynamic));
	if (a->dynamic_count)
		memcpy(out->dynamic, a->dynamic, a->dynamic_count * sizeof(*out->dynamic));
	if (b->dynamic_count)
		memcpy(out->dynamic + a->dynamic_count, b->dynamic,
		       b->dynamic_count * sizeof(*out->dynamic));
	out->dynamic_count = n;
}

struct meaning set_arith(struct check *c, const struct node *n, const struct meaning *l,
			 const struct meaning *r)
{
	struct set *a = set_of(c, l, n->a->loc), *b = set_of(c, r, n->b->loc);
	struct meaning m = { .kind = MEANS_SET };
	struct set *out;
	int rc;

	if (!a || !b)
		return nothing;
	if (!is_empty(a) && !is_empty(b) && !same_types(c, a, b, n->loc))
		return nothing;
	if (n->op == ARITH_SUB && (a->dynamic_count || b->dynamic_count)) {
		diag_error(c->diags, n->loc, "a difference needs sets without fields");
		return nothing;
	}
	out = m.set = pool_alloc(c->pool, sizeof(*out));
	*out = is_empty(a) && n->op == ARITH_ADD ? *b : *a;
	out->name = NULL;
	out->loc = n->loc;
	if (is_empty(a) || is_empty(b))
		return m;
	rc = n->op == ARITH_ADD ? set_union(c->pool, a, b, out) : set_difference(c->pool, a, b, out);
	if (rc < 0) {
		diag_error(c->diags, n->loc, "the set has more than %d elements",
			   HVC_MAX_SET_ELEMENTS);
		return nothing;
	}
	out->source_count = a->source_count + (n->op == ARITH_ADD ? b->source_count : 0);
	join_dynamic(c, a, b, out);
	return m;
}
