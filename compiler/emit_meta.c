/*
 * emit_meta.c - .hv.meta: names, rules, logs, counters, rewrites, lines
 */
#include "compiler/emit.h"

#include <string.h>

static uint32_t add_string(struct meta *m, const char *s)
{
	uint32_t at = (uint32_t)m->strings.count;

	do
		*VEC_ADD(m->pool, &m->strings) = *s;
	while (*s++);
	return at;
}

void meta_init(struct meta *m, struct pool *p, const struct model *model)
{
	unsigned h;

	m->pool = p;
	m->head.magic = HVB_META_MAGIC;
	m->head.format = HVB_META_VERSION;
	m->head.version = model->version;
	m->head.name = add_string(m, model->name ? model->name : "");
	for (h = 0; h < HV_HOOKS; h++)
		m->head.hook_default[h] =
			model->hooks[h].present ? model->hooks[h].default_verdict : HV_PASS;
}

static uint32_t file_row(struct meta *m, const struct source *src)
{
	size_t i;

	for (i = 0; i < m->sources.count; i++)
		if (m->sources.at[i] == src)
			return (uint32_t)i;
	*VEC_ADD(m->pool, &m->sources) = src;
	*VEC_ADD(m->pool, &m->files) = add_string(m, src ? src->path : "");
	return (uint32_t)(m->files.count - 1);
}

/* Rules come in the order of their files: count on from where the last one stood. */
static void go_to(struct meta *m, struct loc loc)
{
	if (m->cursor.src != loc.src || !m->files.count || m->cursor.at > loc.first) {
		m->cursor.src = loc.src;
		m->cursor.at = 0;
		m->cursor.line = 1;
		m->cursor.file = file_row(m, loc.src);
	}
	for (; loc.src && m->cursor.at < loc.first && m->cursor.at < loc.src->len; m->cursor.at++)
		m->cursor.line += loc.src->text[m->cursor.at] == '\n';
}

uint32_t meta_rule(struct meta *m, const struct rule *r, enum hv_hook hook)
{
	go_to(m, r->loc);
	*VEC_ADD(m->pool, &m->rules) = (struct hvb_rule){
		.label = add_string(m, r->label ? r->label : ""),
		.file = m->cursor.file,
		.line = m->cursor.line,
		.hook = hook,
	};
	return (uint32_t)(m->rules.count - 1);
}

/* FNV-1a */
static size_t hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32);
}

/* Where the counter's row is, or would be. */
static uint32_t *counter_slot(struct meta *m, const char *name)
{
	size_t i = hash(name) & (m->counter_room - 1);

	while (m->counter_of[i] &&
	       strcmp(m->strings.at + m->counters.at[m->counter_of[i] - 1], name))
		i = (i + 1) & (m->counter_room - 1);
	return &m->counter_of[i];
}

static void grow_counters(struct meta *m)
{
	size_t i;

	m->counter_room = m->counter_room ? m->counter_room * 2 : 64;
	m->counter_of = pool_array(m->pool, m->counter_room, sizeof(*m->counter_of));
	for (i = 0; i < m->counters.count; i++)
		*counter_slot(m, m->strings.at + m->counters.at[i]) = (uint32_t)i + 1;
}

uint32_t meta_counter(struct meta *m, const char *name)
{
	uint32_t *slot;

	if (m->counters.count * 2 >= m->counter_room)
		grow_counters(m);
	slot = counter_slot(m, name);
	if (!*slot) {
		*VEC_ADD(m->pool, &m->counters) = add_string(m, name);
		*slot = (uint32_t)m->counters.count;
	}
	return *slot - 1;
}

static uint32_t add_bytes(struct meta *m, const uint8_t *bytes, size_t len)
{
	uint32_t at = (uint32_t)m->bytes.count;
	size_t i;

	for (i = 0; i < len; i++)
		*VEC_ADD(m->pool, &m->bytes) = bytes[i];
	return at;
}

static void add_part(struct meta *m, const struct text_part *t)
{
	struct hvb_part *p = VEC_ADD(m->pool, &m->parts);

	*p = (struct hvb_part){ .kind = t->kind };
	if (t->kind == HVB_PART_TEXT) {
		p->value = add_bytes(m, t->bytes, t->len);
		p->len = (uint32_t)t->len;
	} else if (t->kind == HVB_PART_FIELD) {
		p->value = t->field;
	}
}

uint32_t meta_log(struct meta *m, uint32_t rule, const struct action *a,
		  const uint32_t *queries, size_t query_count)
{
	struct hvb_log log = {
		.rule = rule,
		.severity = a->severity,
		.limit = a->limit > UINT32_MAX ? UINT32_MAX : (uint32_t)a->limit,
		.part_first = (uint32_t)m->parts.count,
		.part_count = (uint32_t)a->part_count,
		.query_first = (uint32_t)m->refs.count,
		.query_count = (uint32_t)query_count,
	};
	size_t i;

	for (i = 0; i < a->part_count; i++)
		add_part(m, &a->parts[i]);
	for (i = 0; i < query_count; i++)
		*VEC_ADD(m->pool, &m->refs) = queries[i];
	*VEC_ADD(m->pool, &m->logs) = log;
	return (uint32_t)(m->logs.count - 1);
}

uint32_t meta_rewrite(struct meta *m, uint32_t rule, uint32_t query, const struct action *a)
{
	*VEC_ADD(m->pool, &m->rewrites) = (struct hvb_rewrite){
		.rule = rule,
		.query = query,
		.bytes_first = add_bytes(m, a->bytes, a->len),
		.bytes_count = (uint32_t)a->len,
	};
	return (uint32_t)(m->rewrites.count - 1);
}

void meta_line(struct meta *m, enum hv_hook hook, uint32_t insn, uint32_t rule)
{
	struct hvb_line *last = m->lines.count ? &m->lines.at[m->lines.count - 1] : NULL;

	/* a rule of which nothing was kept: its instruction is the next rule's */
	if (!last || last->hook != hook || last->insn != insn)
		last = VEC_ADD(m->pool, &m->lines);
	*last = (struct hvb_line){ .hook = hook, .insn = insn, .rule = rule };
}

/* A table of the section: where it will lie, 8-byte aligned. */
struct part {
	struct hvb_table *table;
	const void *rows;
	size_t count, size;
};

struct blob meta_finish(struct meta *m)
{
	struct hvb_meta *h = &m->head;
	const struct part parts[] = {
		{ &h->strings, m->strings.at, m->strings.count, 1 },
		{ &h->files, m->files.at, m->files.count, sizeof(*m->files.at) },
		{ &h->rules, m->rules.at, m->rules.count, sizeof(*m->rules.at) },
		{ &h->logs, m->logs.at, m->logs.count, sizeof(*m->logs.at) },
		{ &h->parts, m->parts.at, m->parts.count, sizeof(*m->parts.at) },
		{ &h->counters, m->counters.at, m->counters.count, sizeof(*m->counters.at) },
		{ &h->rewrites, m->rewrites.at, m->rewrites.count, sizeof(*m->rewrites.at) },
		{ &h->refs, m->refs.at, m->refs.count, sizeof(*m->refs.at) },
		{ &h->bytes, m->bytes.at, m->bytes.count, 1 },
		{ &h->lines, m->lines.at, m->lines.count, sizeof(*m->lines.at) },
	};
	size_t i, len = sizeof(*h);
	uint8_t *out;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		parts[i].table->offset = (uint32_t)len;
		parts[i].table->count = (uint32_t)parts[i].count;
		len += (parts[i].count * parts[i].size + 7) & ~(size_t)7;
	}
	out = pool_alloc(m->pool, len);
	memcpy(out, h, sizeof(*h));
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].count)
			memcpy(out + parts[i].table->offset, parts[i].rows,
			       parts[i].count * parts[i].size);
	return (struct blob){ out, len };
}
