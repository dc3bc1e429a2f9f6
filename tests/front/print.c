/*
 * print.c - a model as text, for golden files: equal text, equal model
 */
#include "tests/front/print.h"

#include <inttypes.h>

#include "compiler/value.h"
#include "policy/module.h"

static void put_bytes(const uint8_t *b, size_t n, FILE *out)
{
	fputc('"', out);
	for (size_t i = 0; i < n; i++)
		if (b[i] >= 0x20 && b[i] < 0x7f && b[i] != '"' && b[i] != '\\')
			fputc(b[i], out);
		else
			fprintf(out, "\\x%02x", b[i]);
	fputc('"', out);
}

static void put_value(const struct value *v, FILE *out)
{
	char text[VALUE_TEXT];

	fputs(value_print(v, text), out);
}

static void put_expr(const struct expr *e, FILE *out);

static void put_box(const struct value *lo, const struct value *hi, unsigned arity, FILE *out)
{
	if (arity > 1)
		fputc('(', out);
	for (unsigned k = 0; k < arity; k++) {
		fputs(k ? ", " : "", out);
		put_value(&lo[k], out);
		if (value_compare(&lo[k], &hi[k])) {
			fputs("..", out);
			put_value(&hi[k], out);
		}
	}
	if (arity > 1)
		fputc(')', out);
}

static void put_set(const struct set *s, FILE *out)
{
	static const char *const types[] = { "num", "mac", "ip", "ip4", "bool", "tuple", "range" };
	const char *glue = " ";

	fprintf(out, "%s<", s->name ? s->name : "");
	for (unsigned k = 0; k < s->arity; k++)
		fprintf(out, "%s%s", k ? ", " : "", types[s->types[k]]);
	fputs(">{", out);
	for (size_t i = 0; i < s->count; i++, glue = ", ") {
		fputs(glue, out);
		put_box(s->elements[i].lo, s->elements[i].hi, s->arity, out);
	}
	for (size_t i = 0; i < s->dynamic_count; i++, glue = ", ") {
		fputs(glue, out);
		for (unsigned k = 0; k < s->arity; k++) {
			fputs(k ? " x " : "", out);
			put_expr(s->dynamic[i].lo[k], out);
			fputs("..", out);
			put_expr(s->dynamic[i].hi[k], out);
		}
	}
	fputs(" }", out);
}

static void put_pattern(const struct pattern *p, FILE *out)
{
	static const char *const kinds[] = { "literal", "hex", "regex" };
	static const char flags[] = "ismxw";

	fprintf(out, "%s ", kinds[p->kind]);
	if (p->kind != PATTERN_HEX)
		put_bytes(p->bytes, p->len, out);
	for (size_t i = 0; i < p->hex_count; i++) {
		fputs(i ? " " : "[", out);
		if (p->hex[i].kind == HEX_BYTE)
			fprintf(out, "%02x", p->hex[i].byte);
		else if (p->hex[i].kind == HEX_ANY)
			fputs("??", out);
		else
			fprintf(out, "%" PRIu32 "-%" PRIu32, p->hex[i].min, p->hex[i].max);
	}
	fputs(p->kind == PATTERN_HEX ? "]" : "", out);
	for (unsigned i = 0; i < 5; i++)
		if (p->flags & 1u << i)
			fprintf(out, "/%c", flags[i]);
	fputs(" as ", out);
	put_bytes((const uint8_t *)p->name, __builtin_strlen(p->name), out);
}

static void put_patterns(struct pattern *const *p, size_t n, FILE *out)
{
	fputs("{", out);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ", " : " ", out);
		put_pattern(p[i], out);
	}
	fputs(" }", out);
}

static void put_query(const struct query *q, FILE *out)
{
	fprintf(out, "%s has ", hv_area_name[q->area]);
	put_patterns(q->patterns, q->pattern_count, out);
	if (q->position == POS_AT)
		fprintf(out, " at %" PRIu64, q->first);
	if (q->position == POS_WITHIN)
		fprintf(out, " within %" PRIu64 "..%" PRIu64, q->first, q->last);
	if (q->every)
		fprintf(out, " every %" PRIu64, q->every);
}

static void put_two(const struct expr *e, const char *op, FILE *out)
{
	fputc('(', out);
	put_expr(e->l, out);
	fprintf(out, " %s ", op);
	put_expr(e->r, out);
	fputc(')', out);
}

static void put_slice(const struct expr *e, FILE *out)
{
	if (e->kind == EXPR_BYTES)
		fputs(hv_area_name[e->area], out);
	else
		fputs("sector[", out);
	if (e->kind == EXPR_SECTOR) {
		put_expr(e->l, out);
		fputs("]", out);
	}
	fputs("[", out);
	put_expr(e->kind == EXPR_SECTOR ? e->r : e->l, out);
	fprintf(out, ":%u]%s", e->size, e->little_endian ? "le" : "");
}

static void put_expr(const struct expr *e, FILE *out)
{
	static const char *const arith[] = { "+", "-", "&", "|", "^", "<<", ">>" };
	static const char *const cmp[] = { "==", "!=", "<", "<=", ">", ">=" };

	switch (e->kind) {
	case EXPR_CONST:
		put_value(&e->value, out);
		return;
	case EXPR_FIELD: case EXPR_FLAG:
		fputs(hv_field_table[e->field].name, out);
		return;
	case EXPR_BYTES: case EXPR_SECTOR:
		put_slice(e, out);
		return;
	case EXPR_ARITH:
		put_two(e, arith[e->op], out);
		return;
	case EXPR_TUPLE:
		for (size_t i = 0; i < e->item_count; i++) {
			fputs(i ? ", " : "(", out);
			put_expr(e->items[i], out);
		}
		fputc(')', out);
		return;
	case EXPR_BOOL:
		fputs(e->truth ? "true" : "false", out);
		return;
	case EXPR_CMP:
		put_two(e, cmp[e->op], out);
		return;
	case EXPR_IN:
		fputc('(', out);
		put_expr(e->l, out);
		fputs(e->negated ? " not in " : " in ", out);
		put_set(e->set, out);
		fputc(')', out);
		return;
	case EXPR_OVERLAPS:
		fputs("(disk.range overlaps ", out);
		put_set(e->set, out);
		fputc(')', out);
		return;
	case EXPR_HAS:
		fputc('(', out);
		put_query(&e->query, out);
		fputc(')', out);
		return;
	case EXPR_NOT:
		fputs("(not ", out);
		put_expr(e->l, out);
		fputc(')', out);
		return;
	case EXPR_AND: case EXPR_OR:
		put_two(e, e->kind == EXPR_AND ? "and" : "or", out);
		return;
	}
}

static void put_log(const struct action *a, FILE *out)
{
	static const char *const levels[] = { "info", "notice", "alert" };

	fprintf(out, "log %s", levels[a->severity]);
	for (size_t i = 0; i < a->part_count; i++) {
		fputc(' ', out);
		if (a->parts[i].kind == HVB_PART_TEXT)
			put_bytes(a->parts[i].bytes, a->parts[i].len, out);
		else if (a->parts[i].kind == HVB_PART_FIELD)
			fprintf(out, "{%s}", hv_field_table[a->parts[i].field].name);
		else
			fputs(a->parts[i].kind == HVB_PART_PATTERN ? "{pattern}" : "{match}", out);
	}
	if (a->limit)
		fprintf(out, " limit %" PRIu64, a->limit);
}

static void put_action(const struct action *a, FILE *out)
{
	fputs("        ", out);
	switch (a->kind) {
	case ACTION_PASS:
		fputs("pass", out);
		break;
	case ACTION_DROP:
		fputs("drop", out);
		break;
	case ACTION_DROP_SILENTLY:
		fputs("drop silently", out);
		break;
	case ACTION_LOG:
		put_log(a, out);
		break;
	case ACTION_COUNT:
		fprintf(out, "count %s", a->counter);
		break;
	case ACTION_REWRITE_PATTERN:
		fprintf(out, "rewrite in %s ", hv_area_name[a->area]);
		put_patterns(a->patterns, a->pattern_count, out);
		fputs(" with ", out);
		put_bytes(a->bytes, a->len, out);
		break;
	case ACTION_REWRITE_FIELD:
		fprintf(out, "rewrite %s = ", hv_field_table[a->field].name);
		put_expr(a->value, out);
		break;
	}
	fputc('\n', out);
}

void model_print(const struct model *m, FILE *out)
{
	fprintf(out, "policy \"%s\" version %" PRIu64 "\n", m->name, m->version);
	for (unsigned h = 0; h < HV_HOOKS; h++) {
		const struct hook_rules *hr = &m->hooks[h];

		if (!hr->present)
			continue;
		fprintf(out, "on %s default %s, %zu rules\n", hv_hook_name[h],
			hr->default_verdict == HV_PASS ? "pass" : "drop", hr->count);
		for (const struct rule *r = hr->rules; r; r = r->next) {
			fprintf(out, "    %s: ", r->label);
			if (r->condition)
				put_expr(r->condition, out);
			else
				fputs("always", out);
			fputc('\n', out);
			for (const struct action *a = r->actions; a; a = a->next)
				put_action(a, out);
		}
	}
}
