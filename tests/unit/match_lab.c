/*
 * match_lab.c - patterns and queries built in a line
 */
#include "tests/unit/match_lab.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_SIZE	((size_t)8 << 20)

static struct lab *current;

void diags_init(struct diags *d)
{
	memset(d, 0, sizeof(*d));
}

void diag_error(struct diags *d, struct loc loc, const char *fmt, ...)
{
	va_list ap;

	if (d->errors++)
		return;
	va_start(ap, fmt);
	vsnprintf(current->error, sizeof(current->error), fmt, ap);
	va_end(ap);
	current->column = loc.first + 1;
}

void diag_warning(struct diags *d, struct loc loc, const char *fmt, ...)
{
	va_list ap;

	(void)loc;
	if (d->warnings++)
		return;
	va_start(ap, fmt);
	vsnprintf(current->warning, sizeof(current->warning), fmt, ap);
	va_end(ap);
}

void lab_open(struct lab *l, enum regex_plan plan)
{
	memset(l, 0, sizeof(*l));
	current = l;
	diags_init(&l->diags);
	l->builder = match_builder_new(&l->pool, &l->diags);
	match_builder_force(l->builder, plan);
}

void lab_close(struct lab *l)
{
	free(l->arena.base);
	pool_free(&l->pool);
}

static struct pattern *new_pattern(struct lab *l, enum pattern_kind kind, const void *bytes,
				   size_t len, unsigned flags)
{
	struct pattern *p = pool_alloc(&l->pool, sizeof(*p));

	p->kind = kind;
	p->flags = flags;
	p->bytes = (const uint8_t *)pool_strndup(&l->pool, bytes, len);
	p->len = len;
	p->name = "p";
	p->loc.last = (uint32_t)len;
	return p;
}

struct pattern *lab_literal(struct lab *l, const void *bytes, size_t len, unsigned flags)
{
	return new_pattern(l, PATTERN_LITERAL, bytes, len, flags);
}

struct pattern *lab_regex(struct lab *l, const void *text, size_t len, unsigned flags)
{
	return new_pattern(l, PATTERN_REGEX, text, len, flags);
}

struct pattern *lab_hex(struct lab *l, const char *text)
{
	struct pattern *p = new_pattern(l, PATTERN_HEX, "", 0, 0);

	p->hex = pool_array(&l->pool, strlen(text) + 1, sizeof(*p->hex));
	while (*text) {
		struct hex_atom *a = &p->hex[p->hex_count];
		char *end;

		if (*text == ' ') {
			text++;
			continue;
		}
		p->hex_count++;
		if (*text == '?') {
			a->kind = HEX_ANY;
			text += 2;
		} else if (*text == '[') {
			a->kind = HEX_GAP;
			a->min = (uint32_t)strtoul(text + 1, &end, 10);
			a->max = (uint32_t)strtoul(end + 1, &end, 10);
			text = end + 1;
		} else {
			a->kind = HEX_BYTE;
			a->byte = (uint8_t)strtoul(text, &end, 16);
			text = end;
		}
	}
	return p;
}

uint32_t lab_query(struct lab *l, struct pattern **p, size_t count)
{
	struct query q = { .area = HV_AREA_DATA, .patterns = p, .pattern_count = count };

	return match_builder_query(l->builder, HV_HOOK_DISK_WRITE, &q);
}

uint32_t lab_query_at(struct lab *l, struct pattern **p, size_t count, uint64_t first,
		      uint64_t last, uint64_t every)
{
	struct query q = { .area = HV_AREA_DATA, .patterns = p, .pattern_count = count,
			   .position = first == last ? POS_AT : POS_WITHIN, .first = first,
			   .last = last, .every = every };

	return match_builder_query(l->builder, HV_HOOK_DISK_WRITE, &q);
}

int lab_load(struct lab *l)
{
	void *memory = NULL;
	int error;

	l->blob = match_builder_finish(l->builder);
	if (posix_memalign(&memory, 16, ARENA_SIZE))
		abort();
	arena_init(&l->arena, memory, ARENA_SIZE);
	error = match_table_load(&l->arena, l->blob.bytes, l->blob.len, &l->table, NULL);
	if (error)
		return error;
	return match_state_create(&l->arena, l->table, &l->state, NULL);
}

void lab_subject(struct lab *l, const void *bytes, size_t len)
{
	match_begin(l->state, HV_HOOK_DISK_WRITE, NULL);
	match_area(l->state, HV_AREA_DATA, bytes, (uint32_t)len);
}

uint32_t lab_random(uint64_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 32) % n;
}
