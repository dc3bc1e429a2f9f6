/*
 * module_meta.c - the check of .hv.meta, after which its rows are used as they lie there
 */
#include "policy/loader.h"

#include <stdbool.h>
#include <string.h>

#include "policy/field.h"

#define META_NAME	".hv.meta"
#define META_MAX_ROWS	(1u << 20)	/* of any table but rules and raw bytes */
#define META_MAX_BYTES	(64u << 20)	/* of strings, of raw bytes */

struct check {
	const struct hvb_meta *m;
	size_t len;
	uint32_t queries;
	struct policy_error *err;
};

/* A table's rows; wrong: what is wrong in row @row of it. */
static int bad_row(const struct check *c, const char *table, uint32_t row, const char *what)
{
	return policy_fail(c->err, POLICY_EINVAL, META_NAME, POLICY_NO_INSN, "%s %u: %s", table,
			   row, what);
}

static bool is_string(const struct check *c, uint32_t string)
{
	return string < c->m->strings.count;
}

/* Do rows first..first+count lie in @t? */
static bool in_table(const struct hvb_table *t, uint32_t first, uint32_t count)
{
	return first <= t->count && count <= t->count - first;
}

static int check_tables(const struct check *c)
{
	const struct hvb_meta *m = c->m;
	const struct { const char *name; const struct hvb_table *t; uint32_t size, max; } tables[] = {
		{ "strings", &m->strings, 1, META_MAX_BYTES },
		{ "files", &m->files, sizeof(uint32_t), META_MAX_ROWS },
		{ "rules", &m->rules, sizeof(struct hvb_rule), HVB_MAX_RULES },
		{ "logs", &m->logs, sizeof(struct hvb_log), META_MAX_ROWS },
		{ "parts", &m->parts, sizeof(struct hvb_part), META_MAX_ROWS },
		{ "counters", &m->counters, sizeof(uint32_t), META_MAX_ROWS },
		{ "rewrites", &m->rewrites, sizeof(struct hvb_rewrite), META_MAX_ROWS },
		{ "refs", &m->refs, sizeof(uint32_t), META_MAX_ROWS },
		{ "bytes", &m->bytes, 1, META_MAX_BYTES },
		{ "lines", &m->lines, sizeof(struct hvb_line), META_MAX_ROWS },
	};

	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const struct hvb_table *t = tables[i].t;

		if (t->count > tables[i].max)
			return policy_fail(c->err, POLICY_ELIMIT, META_NAME, POLICY_NO_INSN,
					   "%s: %u rows; at most %u are possible",
					   tables[i].name, t->count, tables[i].max);
		if (t->offset % 8 || t->offset > c->len ||
		    (uint64_t)t->count * tables[i].size > c->len - t->offset)
			return policy_fail(c->err, POLICY_EINVAL, META_NAME, POLICY_NO_INSN,
					   "%s do not lie within the section", tables[i].name);
	}
	return 0;
}

static int check_header(const struct check *c)
{
	const struct hvb_meta *m = c->m;
	const uint8_t needs = HVB_NEED_METADATA | HVB_NEED_HEADERS | HVB_NEED_TRANSPORT |
			      HVB_NEED_CONTENT | HVB_NEED_STREAM;

	if (m->magic != HVB_META_MAGIC || m->format != HVB_META_VERSION)
		return policy_fail(c->err, POLICY_EINVAL, META_NAME, POLICY_NO_INSN,
				   "format %x.%u is not known (made by another hvc?)", m->magic,
				   m->format);
	for (unsigned i = 0; i < sizeof(m->hook_default); i++) {
		if (m->hook_default[i] > (i < HV_HOOKS ? HV_PASS : 0))
			return bad_row(c, "hook", i, "its default is neither pass nor drop");
		if (i < HV_HOOKS ? m->hook_needs[i] & ~needs : m->hook_needs[i])
			return bad_row(c, "hook", i, "it needs what is not known");
	}
	return 0;
}

static int check_strings(const struct check *c)
{
	const char *strings = meta_rows(c->m, &c->m->strings);
	const uint32_t *files = meta_rows(c->m, &c->m->files);
	const uint32_t *counters = meta_rows(c->m, &c->m->counters);

	if (!is_string(c, c->m->name))
		return bad_row(c, "policy", 0, "its name is no string");
	if (strings[c->m->strings.count - 1] != '\0')
		return bad_row(c, "string", c->m->strings.count - 1, "it does not end");
	for (uint32_t i = 0; i < c->m->files.count; i++)
		if (!is_string(c, files[i]))
			return bad_row(c, "file", i, "its name is no string");
	for (uint32_t i = 0; i < c->m->counters.count; i++)
		if (!is_string(c, counters[i]))
			return bad_row(c, "counter", i, "its name is no string");
	return 0;
}

static int check_rules(const struct check *c)
{
	const struct hvb_rule *r = meta_rows(c->m, &c->m->rules);
	const struct hvb_line *l = meta_rows(c->m, &c->m->lines);

	for (uint32_t i = 0; i < c->m->rules.count; i++) {
		if (!is_string(c, r[i].label))
			return bad_row(c, "rule", i, "its label is no string");
		if (r[i].file >= c->m->files.count)
			return bad_row(c, "rule", i, "it is in no file");
		if (r[i].hook >= HV_HOOKS)
			return bad_row(c, "rule", i, "it is in no hook");
	}
	for (uint32_t i = 0; i < c->m->lines.count; i++) {
		if (l[i].hook > HV_HOOKS || l[i].insn >= HVB_MAX_INSNS)
			return bad_row(c, "line", i, "it is at no instruction");
		if (l[i].rule != HVB_NONE && l[i].rule >= c->m->rules.count)
			return bad_row(c, "line", i, "it is of no rule");
		if (i && l[i].hook == l[i - 1].hook && l[i].insn <= l[i - 1].insn)
			return bad_row(c, "line", i, "it does not ascend");
	}
	return 0;
}

static int check_logs(const struct check *c)
{
	const struct hvb_log *l = meta_rows(c->m, &c->m->logs);
	const struct hvb_part *p = meta_rows(c->m, &c->m->parts);

	for (uint32_t i = 0; i < c->m->logs.count; i++) {
		if (l[i].rule >= c->m->rules.count)
			return bad_row(c, "log", i, "it is of no rule");
		if (l[i].severity > HVB_ALERT)
			return bad_row(c, "log", i, "its severity is not known");
		if (!in_table(&c->m->parts, l[i].part_first, l[i].part_count))
			return bad_row(c, "log", i, "its text is not within the parts");
		if (!in_table(&c->m->refs, l[i].query_first, l[i].query_count))
			return bad_row(c, "log", i, "its queries are not within the refs");
	}
	for (uint32_t i = 0; i < c->m->parts.count; i++) {
		if (p[i].kind > HVB_PART_MATCH)
			return bad_row(c, "part", i, "its kind is not known");
		if (p[i].kind == HVB_PART_TEXT && !in_table(&c->m->bytes, p[i].value, p[i].len))
			return bad_row(c, "part", i, "its text is not within the bytes");
		if (p[i].kind == HVB_PART_FIELD && p[i].value >= HV_FIELD_NAMES)
			return bad_row(c, "part", i, "its field is not known");
	}
	return 0;
}

static int check_rewrites(const struct check *c)
{
	const struct hvb_rewrite *w = meta_rows(c->m, &c->m->rewrites);
	const uint32_t *refs = meta_rows(c->m, &c->m->refs);

	for (uint32_t i = 0; i < c->m->rewrites.count; i++) {
		if (w[i].rule >= c->m->rules.count)
			return bad_row(c, "rewrite", i, "it is of no rule");
		if (w[i].query >= c->queries)
			return bad_row(c, "rewrite", i, "it is of no query");
		if (w[i].bytes_count == 0 ||
		    !in_table(&c->m->bytes, w[i].bytes_first, w[i].bytes_count))
			return bad_row(c, "rewrite", i, "its bytes are not within the bytes");
	}
	for (uint32_t i = 0; i < c->m->refs.count; i++)
		if (refs[i] >= c->queries)
			return bad_row(c, "ref", i, "it is of no query");
	return 0;
}

int meta_check(const void *blob, size_t len, uint32_t queries, struct policy_error *err)
{
	struct check c = { .m = blob, .len = len, .queries = queries, .err = err };
	int rc;

	if (len < sizeof(struct hvb_meta))
		return policy_fail(err, POLICY_EINVAL, META_NAME, POLICY_NO_INSN,
				   "the section is too short");
	rc = check_header(&c);
	if (!rc)
		rc = check_tables(&c);
	if (!rc)
		rc = check_strings(&c);
	if (!rc)
		rc = check_rules(&c);
	if (!rc)
		rc = check_logs(&c);
	if (!rc)
		rc = check_rewrites(&c);
	return rc;
}
