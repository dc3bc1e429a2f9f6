/*
 * report.c - events: noted while the program runs, emitted when the verdict is known
 */
#include <string.h>

#include "policy/ata.h"
#include "policy/judge_state.h"

#define SECOND_NS	1000000000u
#define OWN_LIMIT	10u	/* of the judge's own events a second */

uint64_t transfer_bytes(const struct transfer *t)
{
	uint64_t bytes;

	if (t->hook == HV_HOOK_NET_OUT || t->hook == HV_HOOK_NET_IN)
		return t->net.wire_len;
	if (t->hook == HV_HOOK_DISK_CONTROL)
		return t->disk.data_len;
	if (__builtin_mul_overflow(t->disk.sectors, t->disk.sector_size, &bytes))
		return UINT64_MAX;
	return bytes;
}

/*
 * Seconds are counted from the first event in them.  Records of a capture may be slightly
 * out of order: those before the second's start count into it, those far off begin a new one.
 */
bool limit_allows(struct log_limit *l, uint32_t limit, uint64_t time_ns)
{
	uint64_t away = time_ns >= l->second ? time_ns - l->second : l->second - time_ns;

	if (limit == 0)
		return true;
	if (!l->began || away >= SECOND_NS) {
		l->began = true;
		l->second = time_ns;
		l->in_second = 0;
	}
	if (l->in_second >= limit)
		return false;
	l->in_second++;
	return true;
}

void note_own_event(struct judge *j, uint32_t severity, const void *text, size_t len)
{
	struct own_event *e;
	struct text t;
	const uint8_t *end;

	if (j->now.own_events == JUDGE_MAX_MODULE_EVENTS) {
		j->tally[JUDGE_SUPPRESSED]++;
		return;
	}
	/* Strings of C end with a NUL that is no part of the text. */
	for (end = text; len && *end; end++)
		len--;
	e = &j->own[j->now.own_events];
	e->severity = severity;
	text_init(&t, e->text, sizeof(e->text));
	text_escaped(&t, text, end - (const uint8_t *)text);
	e->len = t.len;
	j->noted_logs[j->now.noted_logs++] = JUDGE_OWN_EVENT + j->now.own_events++;
}

/* The first match of the first of the log's queries that has one. */
static bool first_match(struct judge *j, const struct hvb_log *l, struct match_extent *m,
			const struct match_area_bytes **bytes)
{
	for (uint32_t i = 0; i < l->query_count; i++) {
		uint32_t query = j->p->refs[l->query_first + i];

		if (ask(j, query) != MATCH_YES || match_first(j->match, query, m) != 0)
			continue;
		*bytes = area(j, match_query_area(j->p->matches, query) % HV_AREAS);
		return true;
	}
	return false;
}

/* A long command's sectors are many: which has what was looked for? */
static uint64_t match_lba(struct judge *j, const struct hvb_log *l)
{
	const struct match_area_bytes *bytes;
	struct match_extent m;

	if (j->t->hook != HV_HOOK_DISK_READ && j->t->hook != HV_HOOK_DISK_WRITE)
		return EVENT_NO_MATCH;
	if (!j->t->disk.sector_size || !first_match(j, l, &m, &bytes))
		return EVENT_NO_MATCH;
	return j->t->disk.first_lba + m.start / j->t->disk.sector_size;
}

static void format_match(struct judge *j, const struct hvb_log *l, uint32_t kind, struct text *t)
{
	const struct match_area_bytes *bytes;
	struct match_extent m;
	uint32_t len;

	if (!first_match(j, l, &m, &bytes)) {
		text_string(t, "-");
	} else if (kind == HVB_PART_PATTERN) {
		text_string(t, match_pattern_name(j->p->matches, m.pattern));
	} else if (m.start <= bytes->len && m.len <= bytes->len - m.start) {
		len = m.len < EVENT_MATCH_MAX ? m.len : EVENT_MATCH_MAX;
		text_escaped(t, bytes->bytes + m.start, len);
	}
}

static void format_log(struct judge *j, const struct hvb_log *l, struct text *t)
{
	const struct hvb_part *part = j->p->parts + l->part_first;

	for (uint32_t i = 0; i < l->part_count; i++, part++) {
		switch (part->kind) {
		case HVB_PART_TEXT:
			text_bytes(t, j->p->bytes + part->value, part->len);
			break;
		case HVB_PART_FIELD:
			text_field(t, &j->ctx, j->t, part->value);
			break;
		default:
			format_match(j, l, part->kind, t);
			break;
		}
	}
}

/* Was the condition's answer assumed, or the rewrite given up, because of a bound? */
static bool is_bounded(struct judge *j, const struct hvb_log *l)
{
	if (j->now.rewrite_unknown && l->rule == j->now.unknown_rule)
		return true;
	for (uint32_t i = 0; j->now.unknown && i < l->query_count; i++)
		if (ask(j, j->p->refs[l->query_first + i]) == MATCH_UNKNOWN)
			return true;
	return false;
}

static void emit(struct judge *j, struct policy_event *e)
{
	j->tally[JUDGE_EVENTS]++;
	e->transfer = j->t;
	e->ctx = &j->ctx;
	if (j->events)
		j->events(j->events_arg, e);
}

static void emit_log(struct judge *j, uint32_t row, struct policy_event *e)
{
	const struct hvb_log *l = &j->p->logs[row];
	char buffer[EVENT_TEXT_MAX];
	struct text t;

	if (!limit_allows(&j->logs[row], l->limit, j->t->time_ns)) {
		j->rules[l->rule].suppressed++;
		j->tally[JUDGE_SUPPRESSED]++;
		return;
	}
	text_init(&t, buffer, sizeof(buffer));
	if (j->events)
		format_log(j, l, &t);
	e->rule = j->p->strings + j->p->rules[l->rule].label;
	e->rule_index = l->rule;
	e->severity = l->severity;
	e->bounded = is_bounded(j, l);
	e->match_lba = match_lba(j, l);
	e->text = buffer;
	e->text_len = t.len;
	emit(j, e);
}

static void emit_own(struct judge *j, const struct own_event *own, struct policy_event *e)
{
	e->rule = hv_hook_section[j->t->hook];
	e->rule_index = HVB_NONE;
	e->severity = own->severity;
	e->bounded = j->now.unknown;
	e->match_lba = EVENT_NO_MATCH;
	e->text = own->text;
	e->text_len = own->len;
	emit(j, e);
}

void report_events(struct judge *j, enum hv_verdict action, bool rewritten)
{
	struct policy_event e = { .action = action, .rewritten = rewritten };

	for (uint32_t i = 0; i < j->now.noted_logs; i++) {
		uint32_t n = j->noted_logs[i];

		if (n >= JUDGE_OWN_EVENT)
			emit_own(j, &j->own[n - JUDGE_OWN_EVENT], &e);
		else
			emit_log(j, n, &e);
	}
}

void report_command(struct judge *j, const char *name, const char *why)
{
	struct policy_event e = {
		.action = HV_DROP, .rule = JUDGE_OWN_RULE, .rule_index = HVB_NONE,
		.severity = HVB_NOTICE, .match_lba = EVENT_NO_MATCH,
	};
	char buffer[EVENT_TEXT_MAX];
	struct text t;

	if (!limit_allows(j->own_limit, OWN_LIMIT, j->t->time_ns)) {
		j->tally[JUDGE_SUPPRESSED]++;
		return;
	}
	text_init(&t, buffer, sizeof(buffer));
	text_string(&t, name);
	text_string(&t, " (");
	text_hex(&t, j->t->disk.command, 2);
	text_string(&t, "h) ");
	text_string(&t, why);
	e.text = buffer;
	e.text_len = t.len;
	emit(j, &e);
}
