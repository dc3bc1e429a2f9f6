/*
 * meta_writer.c - .hv.meta made by hand for the tests
 */
#include "tests/unit/meta_writer.h"

#include <string.h>

void meta_init_writer(struct meta_writer *m)
{
	memset(m, 0, sizeof(*m));
	m->head.magic = HVB_META_MAGIC;
	m->head.format = HVB_META_VERSION;
	m->head.version = 7;
	m->head.name = meta_string(m, "test policy");
	m->files[m->file_count++] = meta_string(m, "test.hvrule");
	for (unsigned h = 0; h < HV_HOOKS; h++) {
		m->head.hook_default[h] = HV_PASS;
		m->head.hook_needs[h] = HVB_NEED_METADATA | HVB_NEED_HEADERS |
					HVB_NEED_TRANSPORT | HVB_NEED_CONTENT;
	}
}

uint32_t meta_string(struct meta_writer *m, const char *s)
{
	uint32_t at = m->string_len;

	strcpy(m->strings + at, s);
	m->string_len += strlen(s) + 1;
	return at;
}

static uint32_t add_bytes(struct meta_writer *m, const char *s)
{
	uint32_t at = m->byte_len;

	memcpy(m->bytes + at, s, strlen(s));
	m->byte_len += strlen(s);
	return at;
}

uint32_t meta_add_rule(struct meta_writer *m, const char *label, unsigned hook)
{
	m->rules[m->rule_count] = (struct hvb_rule){ .label = meta_string(m, label), .file = 0,
						     .line = m->rule_count + 1, .hook = hook };
	return m->rule_count++;
}

uint32_t meta_add_counter(struct meta_writer *m, const char *name)
{
	m->counters[m->counter_count] = meta_string(m, name);
	return m->counter_count++;
}

uint32_t meta_add_log(struct meta_writer *m, uint32_t rule, uint32_t severity, uint32_t limit)
{
	m->logs[m->log_count] = (struct hvb_log){ .rule = rule, .severity = severity,
						  .limit = limit, .part_first = m->part_count,
						  .query_first = m->ref_count };
	return m->log_count++;
}

void meta_add_part(struct meta_writer *m, uint32_t kind, uint32_t value)
{
	m->parts[m->part_count++] = (struct hvb_part){ .kind = kind, .value = value };
	m->logs[m->log_count - 1].part_count++;
}

void meta_add_text(struct meta_writer *m, const char *text)
{
	meta_add_part(m, HVB_PART_TEXT, add_bytes(m, text));
	m->parts[m->part_count - 1].len = strlen(text);
}

void meta_add_query(struct meta_writer *m, uint32_t query)
{
	m->refs[m->ref_count++] = query;
	m->logs[m->log_count - 1].query_count++;
}

uint32_t meta_add_rewrite(struct meta_writer *m, uint32_t rule, uint32_t query, const char *bytes)
{
	m->rewrites[m->rewrite_count] = (struct hvb_rewrite){
		.rule = rule, .query = query, .bytes_first = add_bytes(m, bytes),
		.bytes_count = strlen(bytes),
	};
	return m->rewrite_count++;
}

static void place(struct meta_writer *m, size_t *len, struct hvb_table *t, const void *rows,
		  uint32_t count, size_t size)
{
	*len = (*len + 7) & ~(size_t)7;
	t->offset = *len;
	t->count = count;
	memcpy(m->blob + *len, rows, count * size);
	*len += count * size;
}

size_t meta_build(struct meta_writer *m)
{
	size_t len = sizeof(m->head);

	place(m, &len, &m->head.strings, m->strings, m->string_len, 1);
	place(m, &len, &m->head.files, m->files, m->file_count, sizeof(m->files[0]));
	place(m, &len, &m->head.rules, m->rules, m->rule_count, sizeof(m->rules[0]));
	place(m, &len, &m->head.logs, m->logs, m->log_count, sizeof(m->logs[0]));
	place(m, &len, &m->head.parts, m->parts, m->part_count, sizeof(m->parts[0]));
	place(m, &len, &m->head.counters, m->counters, m->counter_count, sizeof(m->counters[0]));
	place(m, &len, &m->head.rewrites, m->rewrites, m->rewrite_count, sizeof(m->rewrites[0]));
	place(m, &len, &m->head.refs, m->refs, m->ref_count, sizeof(m->refs[0]));
	place(m, &len, &m->head.bytes, m->bytes, m->byte_len, 1);
	place(m, &len, &m->head.lines, m->lines, m->line_count, sizeof(m->lines[0]));
	memcpy(m->blob, &m->head, sizeof(m->head));
	return len;
}
