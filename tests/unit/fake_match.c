/*
 * fake_match.c - a content search whose answers a test chooses (instead of policy/match.c)
 */
#include "tests/unit/fake_match.h"

#include <string.h>

struct match_table {
	const struct fake_query *queries;
	uint32_t count;
};

struct match_state {
	const struct match_table *t;
	const uint8_t *bytes[HV_AREAS];
	uint32_t len[HV_AREAS];
};

int match_table_load(struct arena *a, const void *blob, size_t len, struct match_table **out,
		     struct policy_error *err)
{
	*out = arena_alloc(a, 1, sizeof(**out));
	if (!*out)
		return policy_fail(err, POLICY_ENOMEM, "", POLICY_NO_INSN, "no memory");
	(*out)->queries = blob;
	(*out)->count = len / sizeof(struct fake_query);
	return 0;
}

int match_state_create(struct arena *a, const struct match_table *t, struct match_state **out,
		       struct policy_error *err)
{
	*out = arena_alloc(a, 1, sizeof(**out));
	if (!*out)
		return policy_fail(err, POLICY_ENOMEM, "", POLICY_NO_INSN, "no memory");
	(*out)->t = t;
	return 0;
}

void match_set_pause(struct match_state *s, uint32_t bytes, void (*pause)(void *arg), void *arg)
{
}

void match_worked(struct match_state *s, uint32_t bytes)
{
}

uint32_t match_query_count(const struct match_table *t)
{
	return t->count;
}

uint32_t match_query_area(const struct match_table *t, uint32_t query)
{
	return t->queries[query].area;
}

uint32_t match_query_cost(const struct match_table *t, uint32_t query)
{
	return 100;
}

uint64_t match_hook_byte_cost(const struct match_table *t, enum hv_hook hook)
{
	return 3 + hook;
}

uint64_t match_each_cost(const struct match_table *t, uint32_t query)
{
	return 1000 + query;
}

uint64_t match_each_byte_cost(const struct match_table *t, uint32_t query)
{
	return 50 + query;
}

const char *match_pattern_name(const struct match_table *t, uint32_t pattern)
{
	return "a pattern";
}

unsigned fake_begins;

void match_begin(struct match_state *s, enum hv_hook hook, struct match_stream *stream)
{
	fake_begins++;
	memset(s->len, 0, sizeof(s->len));
}

void match_area(struct match_state *s, enum hv_area area, const uint8_t *bytes, uint32_t len)
{
	s->bytes[area] = bytes;
	s->len[area] = len;
}

static bool next(const struct match_state *s, uint32_t query, uint32_t from,
		 struct match_extent *m)
{
	const struct fake_query *q = &s->t->queries[query];
	const uint8_t *at;

	if (from >= s->len[q->area])
		return false;
	at = memmem(s->bytes[q->area] + from, s->len[q->area] - from, q->text, strlen(q->text));
	if (!at)
		return false;
	m->pattern = query;
	m->start = at - s->bytes[q->area];
	m->len = strlen(q->text);
	return true;
}

enum match_answer match_query(struct match_state *s, uint32_t query)
{
	struct match_extent m;

	if (s->t->queries[query].kind == FAKE_UNKNOWN)
		return MATCH_UNKNOWN;
	return next(s, query, 0, &m) ? MATCH_YES : MATCH_NO;
}

int match_first(struct match_state *s, uint32_t query, struct match_extent *out)
{
	return next(s, query, 0, out) ? 0 : -1;
}

enum match_answer match_each(struct match_state *s, uint32_t query,
			     void (*fn)(void *arg, const struct match_extent *m), void *arg)
{
	struct match_extent m;
	bool any = false;

	if (s->t->queries[query].kind == FAKE_BEYOND) {
		m = (struct match_extent){ query, s->len[s->t->queries[query].area] - 1, 2 };
		fn(arg, &m);
		return MATCH_YES;
	}
	for (uint32_t at = 0; next(s, query, at, &m); at = m.start + m.len) {
		any = true;
		fn(arg, &m);
	}
	if (s->t->queries[query].kind != FAKE_PLAIN)
		return MATCH_UNKNOWN;
	return any ? MATCH_YES : MATCH_NO;
}

/* Sectors with more matches than the judge keeps are the real search's: rewrite_many_test. */

int match_walk_create(struct arena *a, const struct match_table *t, uint32_t query,
		      struct match_walk **out)
{
	*out = NULL;
	return 0;
}

void match_walk_begin(struct match_walk *w, struct match_state *s,
		      void (*fn)(void *arg, const struct match_extent *m), void *arg)
{
}

const struct match_extent *match_walk_read(struct match_walk *w, uint32_t at)
{
	return NULL;
}

void match_walk_literals(struct match_walk *w, uint32_t end)
{
}

uint32_t match_query_longest(const struct match_table *t, uint32_t query)
{
	return 0;
}
