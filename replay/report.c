/*
 * report.c - the summary that a person reads
 */
#include "replay/report.h"

#include <inttypes.h>
#include <string.h>

#include "policy/field.h"

#define UNIT_TEXT	24u
#define LABEL_COLUMNS	14u
#define SILENT_NAMED	20u	/* rules that never hit and are named */

/* @value with a unit that leaves at most three digits before the point. */
static const char *amount(char text[UNIT_TEXT], double value, const char *unit)
{
	static const char *const prefix[] = { "", "k", "M", "G", "T", "P" };
	unsigned i = 0;

	while (value >= 1000 && i < 5) {
		value /= 1000;
		i++;
	}
	snprintf(text, UNIT_TEXT, i ? "%.1f %s%s" : "%.0f %s%s", value, prefix[i], unit);
	return text;
}

void report_input(FILE *out, unsigned number, const char *path, const char *description,
		  const struct totals *t)
{
	char bytes[UNIT_TEXT];

	fprintf(out, "input %u    %s: %s, %" PRIu64 " transfers, %s\n", number, path, description,
		t->transfers, amount(bytes, (double)t->bytes, "B"));
}

static uint64_t outcome_sum(const struct totals *t, enum outcome o)
{
	uint64_t sum = 0;
	int h;

	for (h = 0; h < HV_HOOKS; h++)
		sum += t->hook[h][o];
	return sum;
}

static void report_speed(FILE *out, const struct totals *t, uint64_t wall_ns)
{
	double seconds = (double)wall_ns / 1e9;
	char speed[UNIT_TEXT];

	if (!t->transfers || !wall_ns)
		return;
	fprintf(out, "time       %.3f s: %.0f transfers/s, %s, %.0f ns a transfer\n", seconds,
		(double)t->transfers / seconds, amount(speed, (double)t->bytes / seconds, "B/s"),
		(double)wall_ns / (double)t->transfers);
	if (t->time_last_ns > t->time_first_ns)
		fprintf(out, "recorded   over %.3f s\n",
			(double)(t->time_last_ns - t->time_first_ns) / 1e9);
}

static void report_cost(FILE *out, const struct policy *p, enum hv_hook h)
{
	if (!policy_has_hook(p, h)) {
		fputs("   no rules\n", out);
		return;
	}
	fprintf(out, "   %" PRIu64 " instructions", policy_cost(p, h));
	if (policy_cost_per_byte(p, h))
		fprintf(out, " + %" PRIu64 " a byte", policy_cost_per_byte(p, h));
	fputc('\n', out);
}

static void report_hooks(FILE *out, const struct loaded *l, const struct totals *t)
{
	int h;

	fprintf(out, "\n%-14s %10s %10s %10s %10s   %s\n", "hook", "passed", "rewritten", "dropped",
		"silently", "worst case of one transfer");
	for (h = 0; h < HV_HOOKS; h++) {
		const uint64_t *n = t->hook[h];

		if (!n[OUTCOME_PASS] && !n[OUTCOME_REWRITE] && !n[OUTCOME_DROP] &&
		    !n[OUTCOME_SILENT] && !policy_has_hook(l->policy, (enum hv_hook)h))
			continue;
		fprintf(out, "%-14s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64,
			hv_hook_name[h], n[OUTCOME_PASS], n[OUTCOME_REWRITE], n[OUTCOME_DROP],
			n[OUTCOME_SILENT]);
		report_cost(out, l->policy, (enum hv_hook)h);
	}
}

/* Without addresses every frame of a plain capture comes in, and rules of what goes out stand idle. */
static void report_direction(FILE *out, const struct loaded *l, const struct options *o,
			     const struct totals *t)
{
	uint64_t in = 0, sent = 0;
	int i;

	for (i = 0; i < OUTCOMES; i++) {
		in += t->hook[HV_HOOK_NET_IN][i];
		sent += t->hook[HV_HOOK_NET_OUT][i];
	}
	if (in && !sent && !o->locals.count && policy_has_hook(l->policy, HV_HOOK_NET_OUT))
		fputs("no frame is the endpoint's: --local names its addresses\n", out);
}

/* "17", or with several inputs "2:17": which one. */
static const char *place(char text[UNIT_TEXT + 16], const struct options *o, uint32_t input,
			 uint64_t transfer)
{
	if (!transfer)
		strcpy(text, "-");
	else if (o->input_count > 1)
		snprintf(text, UNIT_TEXT + 16, "%u:%" PRIu64, input + 1, transfer);
	else
		snprintf(text, UNIT_TEXT + 16, "%" PRIu64, transfer);
	return text;
}

static void report_rule(FILE *out, const struct loaded *l, const struct options *o,
			uint32_t number, const struct rule_total *r)
{
	const struct hvb_rule *rule = policy_rule(l->policy, number);
	char first[UNIT_TEXT + 16], last[UNIT_TEXT + 16], bytes[UNIT_TEXT];
	unsigned columns;

	fprintf(out, "%-12s ", rule->hook < HV_HOOKS ? hv_hook_name[rule->hook] : "");
	columns = put_plain(out, policy_string(l->policy, rule->label));
	fprintf(out, "%*s %8" PRIu64 " %8" PRIu64 " %9" PRIu64 " %8" PRIu64 " %8" PRIu64
		" %6s %6s %9s", columns < LABEL_COLUMNS ? (int)(LABEL_COLUMNS - columns) : 0, "", r->hits,
		r->outcome[OUTCOME_PASS], r->outcome[OUTCOME_REWRITE], r->outcome[OUTCOME_DROP],
		r->outcome[OUTCOME_SILENT], place(first, o, r->first_input, r->first),
		place(last, o, r->last_input, r->last), amount(bytes, (double)r->bytes, "B"));
	if (r->suppressed)
		fprintf(out, "  %" PRIu64 " events over the limit", r->suppressed);
	fputc('\n', out);
}

/* A line a hook with the labels of its rules that never hit, up to SILENT_NAMED in all. */
static void report_silent(FILE *out, const struct loaded *l, const struct totals *t)
{
	unsigned hook = HV_HOOKS, shown = 0;
	uint32_t i, silent = 0;

	for (i = 0; i < t->rule_count; i++) {
		const struct hvb_rule *rule = policy_rule(l->policy, i);

		if (t->rule[i].hits)
			continue;
		if (++silent > SILENT_NAMED)
			continue;
		if (!shown || rule->hook != hook)
			fprintf(out, "%s%-12s never hit:", shown ? "\n" : "",
				rule->hook < HV_HOOKS ? hv_hook_name[rule->hook] : "");
		fputc(' ', out);
		put_plain(out, policy_string(l->policy, rule->label));
		hook = rule->hook;
		shown++;
	}
	if (silent)
		fputc('\n', out);
	if (silent > SILENT_NAMED)
		fprintf(out, "%" PRIu32 " other rules never hit\n", silent - SILENT_NAMED);
}

/* Rules that hit, in the order of the policy; then those that did not. */
static void report_rules(FILE *out, const struct loaded *l, const struct options *o,
			 const struct totals *t)
{
	uint32_t i;

	if (!t->rule_count)
		return;
	fprintf(out, "\n%-12s %-14s %8s %8s %9s %8s %8s %6s %6s %9s\n", "hook", "rule",
		"hits", "passed", "rewritten", "dropped", "silently", "first", "last", "bytes");
	for (i = 0; i < t->rule_count; i++) {
		if (t->rule[i].hits)
			report_rule(out, l, o, i, &t->rule[i]);
	}
	report_silent(out, l, t);
}

static void report_counters(FILE *out, const struct loaded *l, const struct totals *t)
{
	uint32_t i;
	bool any = t->not_judged || t->failed;

	for (i = JUDGE_MALFORMED; i < JUDGE_COUNTERS; i++)
		any |= t->counter[i] != 0;
	if (!any && !t->user_count)
		return;
	fputc('\n', out);
	for (i = JUDGE_MALFORMED; i < JUDGE_COUNTERS; i++)
		if (t->counter[i])
			fprintf(out, "%12" PRIu64 "  %s\n", t->counter[i], judge_counter_name[i]);
	if (t->not_judged)
		fprintf(out, "%12" PRIu64 "  disk commands that no hook judges\n", t->not_judged);
	if (t->failed)
		fprintf(out, "%12" PRIu64 "  disk commands that always fail\n", t->failed);
	for (i = 0; i < t->user_count; i++) {
		fprintf(out, "%12" PRIu64 "  count ", t->user[i]);
		put_plain(out, policy_counter_name(l->policy, i));
		fputc('\n', out);
	}
}

void report_totals(FILE *out, const struct loaded *l, const struct options *o,
		   const struct totals *t, uint64_t wall_ns)
{
	char bytes[UNIT_TEXT];

	fputs("policy     ", out);
	put_plain(out, policy_meta(l->policy) ? policy_name(l->policy) : "a module without names");
	if (policy_meta(l->policy))
		fprintf(out, ", version %" PRIu64, policy_version(l->policy));
	fprintf(out, " (%s)\n", o->policy);
	fprintf(out, "judged     %" PRIu64 " transfers, %s: %" PRIu64 " passed, %" PRIu64
		" rewritten, %" PRIu64 " dropped, %" PRIu64 " dropped silently\n", t->transfers,
		amount(bytes, (double)t->bytes, "B"), outcome_sum(t, OUTCOME_PASS),
		outcome_sum(t, OUTCOME_REWRITE), outcome_sum(t, OUTCOME_DROP),
		outcome_sum(t, OUTCOME_SILENT));
	report_speed(out, t, wall_ns);
	report_hooks(out, l, t);
	report_direction(out, l, o, t);
	report_rules(out, l, o, t);
	report_counters(out, l, t);
}
