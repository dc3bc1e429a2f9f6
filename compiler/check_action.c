/*
 * check_action.c - actions, log text
 */
#include <string.h>

#include "compiler/check.h"
#include "compiler/value.h"

struct actions {
	struct check *c;
	unsigned hooks;
	const struct expr *condition;	/* NULL: none, or refused */
	bool searches;			/* the condition looks at content */
};

/* ---- log text ---- */

static bool add_part(struct actions *a, struct action *log, struct loc loc, struct text_part part)
{
	if (part.kind == HVB_PART_TEXT && !part.len)
		return true;
	if (log->part_count == HVC_MAX_TEXT_PARTS) {
		diag_error(a->c->diags, loc, "the text has more than %d pieces", HVC_MAX_TEXT_PARTS);
		return false;
	}
	log->parts[log->part_count++] = part;
	return true;
}

/* Why the field of that name cannot be printed; NULL when it can. */
static bool field_part(struct actions *a, struct loc loc, const char *name, size_t len,
		       struct text_part *part)
{
	const char *names[HV_FIELD_NAMES + 3];
	char *word = pool_strndup(a->c->pool, name, len);
	const char *near;
	unsigned n = 0;

	for (unsigned f = 0; f < HV_FIELD_NAMES; f++) {
		names[n++] = hv_field_table[f].name;
		if (strcmp(word, hv_field_table[f].name))
			continue;
		if (a->hooks & ~(unsigned)hv_field_table[f].hooks) {
			diag_error(a->c->diags, loc, "there is no %s in every hook of this block",
				   word);
			return false;
		}
		*part = (struct text_part){ .kind = HVB_PART_FIELD, .field = (enum hv_field)f };
		return true;
	}
	names[n++] = "pattern";
	names[n++] = "match";
	names[n] = NULL;
	near = diag_did_you_mean(word, names);
	diag_error(a->c->diags, loc, near ? "unknown name {%s} in a text; did you mean {%s}?" :
		   "unknown name {%s} in a text", word, near);
	return false;
}

static bool name_part(struct actions *a, struct loc loc, const char *name, size_t len,
		      struct text_part *part)
{
	bool pattern = len == 7 && !memcmp(name, "pattern", 7);

	if (!pattern && !(len == 5 && !memcmp(name, "match", 5)))
		return field_part(a, loc, name, len, part);
	part->kind = pattern ? HVB_PART_PATTERN : HVB_PART_MATCH;
	if (!a->searches)
		diag_warning(a->c->diags, loc, "{%.*s} is empty: the rule does not search content",
			     (int)len, name);
	return true;
}

/*
 * The place of decoded byte @want of the string token at @loc: escapes are longer in the
 * source than they are in the text.
 */
static uint32_t source_offset(struct loc loc, size_t want)
{
	const char *s = loc_text(loc);
	uint32_t at = 1;

	for (; want && at + 1 < loc_len(loc); want--)
		at += s[at] != '\\' ? 1 : s[at + 1] == 'x' ? 4 : 2;
	return loc.first + at;
}

static bool log_text(struct actions *a, struct action *log, struct loc loc)
{
	struct check *c = a->c;
	const uint8_t *s;
	size_t len, from = 0;
	bool ok = true;

	if (!check_string(c, loc, &s, &len))
		return false;
	if (len > HVC_MAX_TEXT_BYTES) {
		diag_error(c->diags, loc, "the text is longer than %d bytes", HVC_MAX_TEXT_BYTES);
		return false;
	}
	log->parts = pool_array(c->pool, HVC_MAX_TEXT_PARTS, sizeof(*log->parts));
	for (size_t i = 0; i < len; i++) {
		struct text_part text = { .kind = HVB_PART_TEXT, .bytes = s + from, .len = i - from };
		struct text_part part = { 0 };
		const uint8_t *close;
		struct loc at = loc;

		if (s[i] != '{')
			continue;
		if (i + 1 < len && s[i + 1] == '{') {	/* one of the two is text */
			text.len++;
			ok &= add_part(a, log, loc, text);
			from = ++i + 1;
			continue;
		}
		close = memchr(s + i, '}', len - i);
		at.first = source_offset(loc, i);
		at.last = close ? source_offset(loc, (size_t)(close - s)) + 1 : at.first + 1;
		if (!close) {
			diag_error(c->diags, at, "'{' without '}' in a text: write '{{' for a brace");
			return false;
		}
		ok &= add_part(a, log, loc, text);
		ok &= name_part(a, at, (const char *)s + i + 1, (size_t)(close - s) - i - 1, &part) &&
		      add_part(a, log, loc, part);
		i = (size_t)(close - s);
		from = i + 1;
	}
	return ok & add_part(a, log, loc, (struct text_part){ .kind = HVB_PART_TEXT,
							     .bytes = s + from, .len = len - from });
}

static bool log_rate(struct actions *a, struct action *log, struct loc loc)
{
	int r = value_rate(loc_text(loc), loc_len(loc), &log->limit);

	if (r == VALUE_EMALFORMED)
		diag_error(a->c->diags, loc, "a rate is written N/s");
	else if (r != VALUE_OK || log->limit > HVC_MAX_RATE)
		diag_error(a->c->diags, loc, "a rate is at most %d/s", HVC_MAX_RATE);
	else if (!log->limit)
		diag_error(a->c->diags, loc, "a rate is at least 1/s");
	else
		return true;
	return false;
}

/* ---- rewrite ---- */

/* The first search of @p in the condition, that rewriting takes its area from. */
static const struct query *query_of(const struct expr *e, const struct pattern *p)
{
	const struct query *q = NULL;

	if (!e || !e->searches)
		return NULL;
	if (e->kind == EXPR_HAS) {
		for (size_t i = 0; i < e->query.pattern_count; i++)
			if (e->query.patterns[i] == p)
				return &e->query;
		return NULL;
	}
	q = query_of(e->l, p);
	return q ? q : query_of(e->r, p);
}

static bool rewrite_pattern(struct actions *a, const struct action_text *t, struct action *act)
{
	struct pattern_text name = { .kind = PATTERN_TEXT_NAME, .loc = t->name, .any = true };
	struct check *c = a->c;
	const struct query *q;
	bool ok = check_patterns(c, &name, &act->patterns, &act->pattern_count);

	ok &= check_hex_bytes(c, t->bytes, &act->bytes, &act->len);
	if (ok && !act->len) {
		diag_error(c->diags, t->bytes->loc, "nothing to rewrite with");
		ok = false;
	}
	if (ok && act->len > HVC_MAX_REWRITE_BYTES) {
		diag_error(c->diags, t->bytes->loc, "the replacement is longer than %d bytes",
			   HVC_MAX_REWRITE_BYTES);
		ok = false;
	}
	if (a->hooks & HOOKS_CTL) {
		diag_error(c->diags, t->loc, "there is nothing to rewrite in disk control");
		return false;
	}
	if ((a->hooks & HOOKS_NET) && (a->hooks & HOOKS_DISK)) {
		diag_error(c->diags, t->loc, "rewriting content needs a block of net or of disk hooks");
		return false;
	}
	act->area = a->hooks & HOOKS_NET ? HV_AREA_PAYLOAD : HV_AREA_DATA;
	q = ok && act->pattern_count ? query_of(a->condition, act->patterns[0]) : NULL;
	if (q)
		act->area = q->area;
	return ok;
}

static bool value_fits(struct actions *a, const struct field_info *fi, const struct expr *v)
{
	static const enum value_type wants[] = {
		[FIELD_NUM] = TYPE_NUM, [FIELD_MAC] = TYPE_MAC, [FIELD_IP] = TYPE_IP,
		[FIELD_IP4] = TYPE_IP,
	};

	if (!types_compare(wants[fi->type], v->type)) {
		diag_error(a->c->diags, v->loc, "expected %s for %s, found %s",
			   type_name(wants[fi->type]), fi->name, type_name(v->type));
		return false;
	}
	if (v->kind != EXPR_CONST)
		return true;
	if (fi->type == FIELD_IP4 && v->value.family == 6)
		diag_error(a->c->diags, v->loc, "%s is an IPv4 address", fi->name);
	else if (fi->type == FIELD_NUM && fi->bits < 64 && v->value.lo >> fi->bits)
		diag_error(a->c->diags, v->loc, "%s has %u bits: at most %llu", fi->name, fi->bits,
			   (unsigned long long)((1ull << fi->bits) - 1));
	else
		return true;
	return false;
}

/* A field in the value must exist where the rule stands. */
static bool value_exists(struct actions *a, const struct expr *v)
{
	if (!(a->hooks & ~(unsigned)v->hooks))
		return true;
	diag_error(a->c->diags, v->loc, "a field of this value is not in every hook of this block");
	return false;
}

static bool rewrite_field(struct actions *a, const struct action_text *t, struct action *act)
{
	const struct field_info *fi;

	act->field = field_find(a->c, t->name);
	act->value = check_value(a->c, t->value);
	if (act->field == HV_FIELD_NAMES || !act->value)
		return false;
	fi = &hv_field_table[act->field];
	if (!fi->rewritable) {
		diag_error(a->c->diags, t->name, "%s cannot be rewritten", fi->name);
		return false;
	}
	if (a->hooks & ~(unsigned)fi->hooks) {
		diag_error(a->c->diags, t->name, "there is no %s in every hook of this block",
			   fi->name);
		return false;
	}
	return value_exists(a, act->value) && value_fits(a, fi, act->value);
}

/* ---- actions ---- */

static bool count_name(struct actions *a, const struct action_text *t, struct action *act)
{
	struct check *c = a->c;
	struct name_entry *e = names_find(&c->counters, loc_text(t->name), loc_len(t->name));

	if (!check_name_length(c, t->name))
		return false;
	if (!e) {
		if (c->counters.count >= HVC_MAX_COUNTERS) {
			diag_error(c->diags, t->name, "more than %d counters", HVC_MAX_COUNTERS);
			return false;
		}
		e = names_add(&c->counters, loc_text(t->name), loc_len(t->name), NULL);
	}
	act->counter = e->name;
	return true;
}

static bool check_action(struct actions *a, const struct action_text *t, struct action *act)
{
	bool ok = true;

	act->kind = t->kind;
	act->loc = t->loc;
	switch (t->kind) {
	case ACTION_PASS: case ACTION_DROP:
		break;
	case ACTION_DROP_SILENTLY:
		if (a->hooks & HOOKS_NET)
			diag_error(a->c->diags, t->loc, "'drop silently' is for disk hooks");
		break;
	case ACTION_LOG:
		act->severity = t->severity;
		if (t->string.src)
			ok &= log_text(a, act, t->string);
		if (t->rate.src)
			ok &= log_rate(a, act, t->rate);
		break;
	case ACTION_COUNT:
		return count_name(a, t, act);
	case ACTION_REWRITE_PATTERN:
		return rewrite_pattern(a, t, act);
	case ACTION_REWRITE_FIELD:
		return rewrite_field(a, t, act);
	}
	return ok;
}

struct action *check_actions(struct check *c, const struct rule_text *r, unsigned hooks,
			     const struct expr *condition)
{
	struct actions a = {
		c, hooks, condition, condition ? condition->searches : r->condition != NULL,
	};
	struct action *first = NULL, **tail = &first;
	const struct action_text *verdict = NULL;
	bool told = false;

	if (r->actions.count > HVC_MAX_ACTIONS) {
		diag_error(c->diags, r->label, "the rule has more than %d actions", HVC_MAX_ACTIONS);
		return NULL;
	}
	for (const struct action_text *t = r->actions.first; t; t = t->next) {
		struct action *act = pool_alloc(c->pool, sizeof(*act));

		if (verdict && !told) {
			diag_warning(c->diags, t->loc, "never carried out: '%.*s' ends the rule",
				     (int)loc_len(verdict->loc), loc_text(verdict->loc));
			told = true;
		}
		if (!check_action(&a, t, act))
			continue;
		if (t->kind <= ACTION_DROP_SILENTLY)
			verdict = t;
		*tail = act;
		tail = &act->next;
	}
	return first;
}
