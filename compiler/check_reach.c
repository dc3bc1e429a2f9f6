/*
 * check_reach.c - rules that can never be reached
 *
 * A rule is not reached when one before it decides every transfer that it could hold for: the
 * other's whole condition is one that this rule demands, or spans of a field that hold those
 * which this rule demands.  Two rules that do so together are not seen.
 */
#include "compiler/check.h"
#include "compiler/cond.h"

#define DEMANDS_MAX	16u	/* conditions under `and` that are looked at */
#define NARROW_MAX	64u	/* deciding rules on one field alone that are kept */

/* A deciding rule before. */
struct seen {
	uint64_t hash;
	const struct rule *rule;
	struct seen *next;
};

struct narrow {
	const struct rule *rule;
	struct spans spans;
};

struct reach {
	struct check *c;
	struct folder folder;
	struct names told;
	/* of the hook at hand */
	size_t mask;
	struct seen **buckets;
	struct { struct narrow *at; size_t count; } fields[HV_FIELD_NAMES];
};

static const struct action *verdict_of(const struct rule *r)
{
	for (const struct action *a = r->actions; a; a = a->next)
		if (a->kind <= ACTION_DROP_SILENTLY)
			return a;
	return NULL;
}

/* Of a comparison of one field with constants; NULL of anything else. */
static const struct cond *spans_of(struct reach *w, const struct expr *e)
{
	const struct cond *c;

	if (e->kind != EXPR_CMP && e->kind != EXPR_IN && e->kind != EXPR_FLAG)
		return NULL;
	c = cond_of(&w->folder, e);
	return c->kind == COND_SPANS ? c : NULL;
}

static const struct rule *decided(struct reach *w, const struct expr *e)
{
	uint64_t hash = expr_hash(e);
	const struct cond *c;

	for (const struct seen *s = w->buckets[hash & w->mask]; s; s = s->next)
		if (s->hash == hash && expr_equal(s->rule->condition, e))
			return s->rule;
	c = spans_of(w, e);
	for (size_t i = 0; c && i < w->fields[c->field].count; i++)
		if (spans_within(c->spans, w->fields[c->field].at[i].spans))
			return w->fields[c->field].at[i].rule;
	return NULL;
}

/* A rule before that decides whenever @e holds. */
static const struct rule *decided_before(struct reach *w, const struct expr *e, unsigned *left)
{
	const struct rule *r;

	if (!*left)
		return NULL;
	--*left;
	r = decided(w, e);
	if (!r && e->kind == EXPR_AND)
		r = decided_before(w, e->l, left);
	if (!r && e->kind == EXPR_AND)
		r = decided_before(w, e->r, left);
	return r;
}

static void keep(struct reach *w, const struct rule *r)
{
	uint64_t hash = expr_hash(r->condition);
	const struct cond *c = spans_of(w, r->condition);
	struct seen *s;

	/* a search that ends at its bound is false for `pass`, and may be true behind it */
	if (verdict_of(r)->kind == ACTION_PASS && r->condition->searches)
		return;
	s = pool_alloc(w->c->pool, sizeof(*s));
	*s = (struct seen){ hash, r, w->buckets[hash & w->mask] };
	w->buckets[hash & w->mask] = s;
	if (!c || w->fields[c->field].count == NARROW_MAX)
		return;
	if (!w->fields[c->field].at)
		w->fields[c->field].at = pool_array(w->c->pool, NARROW_MAX, sizeof(struct narrow));
	w->fields[c->field].at[w->fields[c->field].count++] = (struct narrow){ r, c->spans };
}

/* A rule of several hooks is warned of once. */
static bool told(struct reach *w, const struct rule *r)
{
	char key[64];
	int n = snprintf(key, sizeof(key), "%p:%u", (const void *)r->loc.src, r->loc.first);

	if (names_find(&w->told, key, (size_t)n))
		return true;
	names_add(&w->told, key, (size_t)n, NULL);
	return false;
}

static void tell(struct reach *w, unsigned hook, const struct rule *r, const struct rule *before)
{
	struct diags *d = w->c->diags;

	if (told(w, r))
		return;
	diag_warning(d, r->loc, "rule '%s' is never reached in %s", r->label, hv_hook_name[hook]);
	diag_note(d, before->loc, !before->condition || expr_truth(before->condition) == 1 ?
		  "this rule decides every transfer" : expr_equal(before->condition, r->condition) ?
		  "this rule decides the same transfers" : "this rule decides its transfers");
}

static void warn_hook(struct reach *w, unsigned hook)
{
	const struct hook_rules *hr = &w->c->model->hooks[hook];
	const struct rule *end = NULL;

	for (w->mask = 63; w->mask < hr->count; )
		w->mask = w->mask * 2 + 1;
	w->buckets = pool_array(w->c->pool, w->mask + 1, sizeof(*w->buckets));
	for (unsigned f = 0; f < HV_FIELD_NAMES; f++)
		w->fields[f].count = 0;
	for (const struct rule *r = hr->rules; r; r = r->next) {
		int truth = r->condition ? expr_truth(r->condition) : 1;
		unsigned left = DEMANDS_MAX;
		const struct rule *before = end;

		if (!before && truth < 0)
			before = decided_before(w, r->condition, &left);
		if (before)
			tell(w, hook, r, before);
		/* a comparison alone was warned of where it stands */
		else if (truth == 0 && r->condition->kind != EXPR_CMP && !told(w, r))
			diag_warning(w->c->diags, r->loc, "the condition of rule '%s' is never true",
				     r->label);
		else if (verdict_of(r) && truth == 1)
			end = r;
		else if (verdict_of(r) && truth < 0)
			keep(w, r);
	}
}

void warn_unreachable(struct check *c)
{
	struct reach w = { .c = c, .folder = { .pool = c->pool, .diags = c->diags } };

	names_init(&w.told, c->pool);
	for (unsigned h = 0; h < HV_HOOKS; h++)
		warn_hook(&w, h);
}
