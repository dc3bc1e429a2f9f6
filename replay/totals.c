/*
 * totals.c - what a run counted: verdicts, rules, counters; of one input, added up over all
 */
#include "replay/totals.h"

#include <stdlib.h>
#include <string.h>

int totals_init(struct totals *t, const struct policy *p, struct fault *f)
{
	memset(t, 0, sizeof(*t));
	t->rule_count = policy_rule_count(p);
	t->user_count = policy_counter_count(p);
	t->rule = calloc((size_t)t->rule_count + 1, sizeof(*t->rule));
	t->user = calloc((size_t)t->user_count + 1, sizeof(*t->user));
	if (t->rule && t->user)
		return 0;
	totals_free(t);		/* half of them are none */
	return fault_set(f, "out of memory");
}

void totals_free(struct totals *t)
{
	free(t->rule);
	free(t->user);
	t->rule = NULL;
	t->user = NULL;
}

void totals_take(struct totals *t, const struct judge *j, uint32_t input)
{
	uint32_t i;

	for (i = 0; i < t->rule_count; i++) {
		const struct rule_stats *s = judge_rule_stats(j, i);
		struct rule_total *r = &t->rule[i];

		r->hits = s->hits;
		r->suppressed = s->suppressed;
		r->bytes = s->bytes;
		r->first = s->first;
		r->last = s->last;
		r->first_input = r->last_input = input;
	}
	for (i = 0; i < t->user_count; i++)
		t->user[i] = judge_user_counter(j, i);
	for (i = 0; i < JUDGE_COUNTERS; i++)
		t->counter[i] = judge_counter(j, (enum judge_counter)i);
}

static void add_rule(struct rule_total *all, const struct rule_total *one)
{
	unsigned o;

	all->hits += one->hits;
	all->suppressed += one->suppressed;
	all->bytes += one->bytes;
	for (o = 0; o < OUTCOMES; o++)
		all->outcome[o] += one->outcome[o];
	if (!one->first)
		return;
	if (!all->first) {
		all->first = one->first;
		all->first_input = one->first_input;
	}
	all->last = one->last;
	all->last_input = one->last_input;
}

void totals_add(struct totals *all, const struct totals *one)
{
	unsigned h, o;
	uint32_t i;

	all->transfers += one->transfers;
	all->bytes += one->bytes;
	all->not_judged += one->not_judged;
	all->failed += one->failed;
	all->elapsed_ns += one->elapsed_ns;
	for (h = 0; h < HV_HOOKS; h++)
		for (o = 0; o < OUTCOMES; o++)
			all->hook[h][o] += one->hook[h][o];
	for (i = 0; i < JUDGE_COUNTERS; i++)
		all->counter[i] += one->counter[i];
	for (i = 0; i < all->rule_count; i++)
		add_rule(&all->rule[i], &one->rule[i]);
	for (i = 0; i < all->user_count; i++)
		all->user[i] += one->user[i];
	if (one->time_first_ns && (!all->time_first_ns || one->time_first_ns < all->time_first_ns))
		all->time_first_ns = one->time_first_ns;
	if (one->time_last_ns > all->time_last_ns)
		all->time_last_ns = one->time_last_ns;
}
