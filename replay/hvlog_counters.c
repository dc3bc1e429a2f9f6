/*
 * hvlog_counters.c - counters in the hypervisor's log
 */
#include "replay/hvlog_counters.h"

#include <string.h>

/* ---- one line ---- */

static bool take(const char **at, const char *what)
{
	size_t len = strlen(what);

	if (strncmp(*at, what, len))
		return false;
	*at += len;
	return true;
}

static bool take_number(const char **at, unsigned base, uint64_t *n)
{
	const char *from = *at;

	for (*n = 0; ; ++*at) {
		char c = **at;
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') :
				 c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 99;

		if (digit >= base)
			return *at > from;
		if (__builtin_mul_overflow(*n, base, n) || __builtin_add_overflow(*n, digit, n))
			return false;
	}
}

static bool in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ':';
}

static bool take_name(const char **at, char name[HVLOG_NAME_MAX + 1])
{
	size_t len = 0;

	while (in_name((*at)[len]))
		len++;
	if (len == 0 || len > HVLOG_NAME_MAX)
		return false;
	memcpy(name, *at, len);
	name[len] = '\0';
	*at += len;
	return true;
}

/* " N reads N writes" and the end. */
static bool take_uses(const char *at, struct hvlog_counter *c)
{
	return take(&at, " ") && take_number(&at, 10, &c->reads) && take(&at, " reads ") &&
	       take_number(&at, 10, &c->writes) && !strcmp(at, " writes");
}

bool hvlog_counter_next(const char **rest, char name[HVLOG_NAME_MAX + 1], uint64_t *count)
{
	const char *at = *rest;

	if (!take(&at, " ") || !take_name(&at, name) || !take(&at, " ") || !take_number(&at, 10, count) ||
	    (*at && *at != ' '))
		return false;
	*rest = at;
	return true;
}

/* "REASON N", or "cpuN: REASON N ..." */
static enum hvlog_counter_type read_exits(const char *at, struct hvlog_counter *c)
{
	const char *cpu = at, *rest;
	char name[HVLOG_NAME_MAX + 1];
	uint64_t n;

	if (take(&cpu, "cpu") && take_number(&cpu, 10, &n) && n < 10000 && take(&cpu, ":")) {
		c->cpu = (uint32_t)n;
		c->rest = rest = cpu;
		while (hvlog_counter_next(&rest, name, &n))
			;
		return *rest ? HVLOG_NO_COUNTER : HVLOG_CPU_EXITS;
	}
	if (take_name(&at, c->name) && take(&at, " ") && take_number(&at, 10, &c->count) && !*at)
		return HVLOG_EXITS;
	return HVLOG_NO_COUNTER;
}

static enum hvlog_counter_type read_register(const char *at, struct hvlog_counter *c)
{
	if (!take_name(&at, c->name) || !take(&at, " "))
		return HVLOG_NO_COUNTER;
	c->other = take(&at, "other");
	if (!c->other && (!take(&at, "0x") || !take_number(&at, 16, &c->reg)))
		return HVLOG_NO_COUNTER;
	return take_uses(at, c) ? HVLOG_REGISTER : HVLOG_NO_COUNTER;
}

static enum hvlog_counter_type read_any(const char *at, struct hvlog_counter *c)
{
	if (take(&at, "exits: "))
		return read_exits(at, c);
	if (take(&at, "register: "))
		return read_register(at, c);
	if (take(&at, "device: "))
		return take_name(&at, c->name) && take_uses(at, c) ? HVLOG_DEVICE : HVLOG_NO_COUNTER;
	if (take(&at, "count: ")) {
		if (!take_name(&at, c->name) || !take(&at, " ") || !take_number(&at, 10, &c->count) || !take(&at, " ") || !*at)
			return HVLOG_NO_COUNTER;
		c->rest = at;
		return HVLOG_COUNT;
	}
	if (take(&at, "offence: "))
		return take_name(&at, c->name) && take(&at, " ") && take_number(&at, 10, &c->count) &&
		       take(&at, " said ") && take_number(&at, 10, &c->more) && !*at ?
		       HVLOG_OFFENCE : HVLOG_NO_COUNTER;
	if (take(&at, "rate: "))
		return take_number(&at, 10, &c->count) && take(&at, " exits a second, ") &&
		       take_number(&at, 10, &c->more) && take(&at, " at most, ") &&
		       take_number(&at, 10, &c->seconds) && !strcmp(at, " seconds") ?
		       HVLOG_RATE : HVLOG_NO_COUNTER;
	if (take(&at, "counters: begin ")) {
		c->rest = at;
		return HVLOG_BEGIN;
	}
	if (take(&at, "counters: end "))
		return take_number(&at, 10, &c->count) && !strcmp(at, " lines") && c->count ?
		       HVLOG_END : HVLOG_NO_COUNTER;
	return HVLOG_NO_COUNTER;
}

enum hvlog_counter_type hvlog_counter_read(const char *text, struct hvlog_counter *c)
{
	memset(c, 0, sizeof(*c));
	c->type = read_any(text, c);
	return c->type;
}

/* ---- the block ---- */

static void add_count(struct hvlog_block *b, struct hvlog_count *rows, uint32_t *used, uint32_t room,
		      const struct hvlog_count *row)
{
	if (*used < room)
		rows[(*used)++] = *row;
	else
		b->dropped++;
}

static void add_uses(struct hvlog_block *b, struct hvlog_uses *rows, uint32_t *used, uint32_t room,
		     const struct hvlog_counter *c)
{
	struct hvlog_uses u = { .reg = c->reg, .other = c->other, .reads = c->reads, .writes = c->writes };

	memcpy(u.name, c->name, sizeof(u.name));
	if (*used < room)
		rows[(*used)++] = u;
	else
		b->dropped++;
}

static void add_words(struct hvlog_block *b, const struct hvlog_counter *c)
{
	struct hvlog_words *w = &b->counts[b->count_count];
	size_t len = strlen(c->rest);

	if (b->count_count == HVLOG_COUNTS_MAX) {
		b->dropped++;
		return;
	}
	b->count_count++;
	len = len < HVLOG_WORDS_MAX ? len : HVLOG_WORDS_MAX;
	memcpy(w->name, c->name, sizeof(w->name));
	memcpy(w->words, c->rest, len);
	w->words[len] = '\0';
	w->count = c->count;
}

static void add(struct hvlog_block *b, const struct hvlog_counter *c)
{
	struct hvlog_count row = { .cpu = c->cpu, .count = c->count, .more = c->more };
	const char *rest = c->rest;

	memcpy(row.name, c->name, sizeof(row.name));
	b->lines++;
	switch (c->type) {
	case HVLOG_EXITS:
		add_count(b, b->exits, &b->exit_count, HVLOG_EXITS_MAX, &row);
		break;
	case HVLOG_CPU_EXITS:
		while (hvlog_counter_next(&rest, row.name, &row.count))
			add_count(b, b->cpu_exits, &b->cpu_exit_count, HVLOG_CPU_EXITS_MAX, &row);
		break;
	case HVLOG_COUNT:
		add_words(b, c);
		break;
	case HVLOG_OFFENCE:
		add_count(b, b->offences, &b->offence_count, HVLOG_OFFENCES_MAX, &row);
		break;
	case HVLOG_DEVICE:
		add_uses(b, b->devices, &b->device_count, HVLOG_DEVICES_MAX, c);
		break;
	case HVLOG_REGISTER:
		add_uses(b, b->registers, &b->register_count, HVLOG_REGISTERS_MAX, c);
		break;
	case HVLOG_RATE:
		b->rate = c->count;
		b->rate_max = c->more;
		b->seconds = c->seconds;
		break;
	case HVLOG_END:
		b->announced = c->count;
		break;
	case HVLOG_BEGIN: case HVLOG_NO_COUNTER:
		break;
	}
}

void hvlog_counters_take(struct hvlog_counters *c, const struct hvlog_line *line)
{
	struct hvlog_counter one;

	if (hvlog_counter_read(line->text, &one) == HVLOG_NO_COUNTER)
		return;
	if (one.type == HVLOG_BEGIN) {
		size_t len = strlen(one.rest);

		memset(&c->now, 0, sizeof(c->now));
		len = len < sizeof(c->now.why) - 1 ? len : sizeof(c->now.why) - 1;
		memcpy(c->now.why, one.rest, len);
		c->now.us = line->us;
		c->now.number = line->number;
		c->any = c->open = true;
	}
	if (!c->open)		/* its begin is lost */
		return;
	add(&c->now, &one);
	if (one.type != HVLOG_END)
		return;
	c->open = false;
	if (hvlog_block_whole(&c->now))
		c->last = c->now;
}

struct hvlog_block *hvlog_counters_last(struct hvlog_counters *c)
{
	if (hvlog_block_whole(&c->last))
		return &c->last;
	return c->any ? &c->now : NULL;
}
