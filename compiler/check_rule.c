/*
 * check_rule.c - rules and their hooks
 */
#include <string.h>

#include "compiler/check.h"

/* The hooks of @mask in words, for messages. */
static const char *hooks_name(unsigned mask, char *out, size_t room)
{
	size_t len = 0;

	for (unsigned h = 0; h < HV_HOOKS && len < room; h++)
		if (mask & HOOK_BIT(h))
			len += (size_t)snprintf(out + len, room - len, "%s%s", len ? ", " : "",
						hv_hook_name[h]);
	return out;
}

/* What leaf of a condition does not exist in @hooks. */
static void blame(struct check *c, const struct expr *e, unsigned hooks, const struct rule *r)
{
	unsigned missing = hooks & ~(unsigned)e->hooks;
	char text[96];

	if (!missing)
		return;
	if (e->kind == EXPR_FIELD || e->kind == EXPR_FLAG) {
		diag_error(c->diags, e->loc, "there is no %s in %s", hv_field_table[e->field].name,
			   hooks_name(missing, text, sizeof(text)));
	} else if (e->kind == EXPR_SECTOR) {
		diag_error(c->diags, e->loc, "there are no sectors in %s",
			   hooks_name(missing, text, sizeof(text)));
	} else if ((e->kind == EXPR_BYTES && (missing & ~area_hooks(e->area))) ||
		   (e->kind == EXPR_HAS && (missing & ~area_hooks(e->query.area)))) {
		diag_error(c->diags, e->loc, "there is no %s in %s",
			   hv_area_name[e->kind == EXPR_HAS ? e->query.area : e->area],
			   hooks_name(missing, text, sizeof(text)));
	} else {
		if (e->l)
			blame(c, e->l, hooks, r);
		if (e->r)
			blame(c, e->r, hooks, r);
		for (size_t i = 0; i < e->item_count; i++)
			blame(c, e->items[i], hooks, r);
		for (size_t i = 0; e->set && i < e->set->dynamic_count; i++) {
			for (unsigned k = 0; k < e->set->arity; k++) {
				const struct dynamic_element *d = &e->set->dynamic[i];

				blame(c, d->lo[k], hooks, r);
				if (d->hi[k] != d->lo[k])	/* one value, not a range */
					blame(c, d->hi[k], hooks, r);
			}
		}
		return;
	}
	if (e->loc.src != r->loc.src || e->loc.first < r->loc.first)
		diag_note(c->diags, r->loc, "needed by this rule");
}

static void add_label(struct check *c, unsigned hook, const struct rule_text *t)
{
	const char *s = loc_text(t->label);
	struct name_entry *e = names_find(&c->labels[hook], s, loc_len(t->label));

	if (!e) {
		names_add(&c->labels[hook], s, loc_len(t->label), (void *)t);
		return;
	}
	diag_error(c->diags, t->label, "label '%s' stands twice in %s", e->name, hv_hook_name[hook]);
	diag_note(c->diags, ((const struct rule_text *)e->thing)->label, "first here");
}

static void check_rule(struct check *c, const struct rule_text *t, unsigned hooks)
{
	struct rule r = { .loc = t->label };
	bool ok = check_name_length(c, t->label);

	r.label = pool_strndup(c->pool, loc_text(t->label), loc_len(t->label));
	if (t->condition) {
		r.condition = check_condition(c, t->condition);
		ok &= r.condition != NULL;
	}
	if (r.condition)
		blame(c, r.condition, hooks, &r);
	r.actions = check_actions(c, t, hooks, r.condition);
	for (unsigned h = 0; h < HV_HOOKS; h++) {
		struct rule *copy;

		if (!(hooks & HOOK_BIT(h)))
			continue;
		add_label(c, h, t);
		if (c->rule_count++ == HVC_MAX_RULES)
			diag_error(c->diags, t->label, "more than %d rules", HVC_MAX_RULES);
		if (!ok || c->rule_count > HVC_MAX_RULES)
			continue;
		copy = pool_alloc(c->pool, sizeof(*copy));
		*copy = r;
		*c->tails[h] = copy;
		c->tails[h] = &copy->next;
		c->model->hooks[h].count++;
	}
}

static void check_default(struct check *c, const struct item *item, unsigned hook)
{
	struct hook_rules *hr = &c->model->hooks[hook];

	if (hr->present && hr->default_verdict != (enum hv_verdict)item->verdict) {
		diag_error(c->diags, item->verdict_loc, "the default of %s is %s elsewhere",
			   hv_hook_name[hook], hr->default_verdict == HV_PASS ? "pass" : "drop");
		diag_note(c->diags, c->defaults[hook], "first here");
	}
	if (!hr->present)
		c->defaults[hook] = item->verdict_loc;
	if (!hr->present)
		hr->default_verdict = item->verdict;
	hr->present = true;
}

void check_block(struct check *c, const struct item *item)
{
	for (unsigned h = 0; h < HV_HOOKS; h++)
		if (item->hooks & HOOK_BIT(h))
			check_default(c, item, h);
	if (!item->hooks)
		return;		/* its head was refused: nothing to hold the rules against */
	for (const struct rule_text *t = item->rules.first; t; t = t->next)
		check_rule(c, t, item->hooks);
}
