/*
 * disk.c - commands before the policy
 *
 * What is long is judged by a judge beside the one for all else, on a stack of its own: between two calls it stands still
 * in the middle of its search.
 */
#include "devmodel/disk.h"

#include "policy/module.h"

enum trial_state { TRIAL_NONE, TRIAL_WAITS, TRIAL_DONE };

enum disk_need disk_need(const struct disk *d, enum hv_hook hook)
{
	if (!policy_has_hook(d->policy, hook))
		return DISK_NEED_NOTHING;
	return policy_needs(d->policy, hook) & (HVB_NEED_CONTENT | HVB_NEED_STREAM) ? DISK_NEED_DATA :
										      DISK_NEED_COMMAND;
}

static struct transfer whole(const struct disk *d, enum hv_hook hook, uint64_t now_ns, const struct disk_transfer *t)
{
	return (struct transfer){ .number = ++*d->transfers, .time_ns = now_ns, .hook = hook, .disk = *t };
}

/* ---- in several calls ---- */

static bool is_long(const struct disk *d, enum hv_hook hook, const struct disk_transfer *t)
{
	return d->longer && t->data && t->data_len > d->longer->slice && disk_need(d, hook) == DISK_NEED_DATA;
}

static void line_up(struct disk_long *l, struct disk_trial *trial, enum hv_hook hook, const struct disk_transfer *t)
{
	struct disk_trial **end = &l->first;

	while (*end)
		end = &(*end)->next;
	*trial = (struct disk_trial){ .t = t, .hook = hook, .state = TRIAL_WAITS };
	*end = trial;
}

static void on_fiber(void *arg)
{
	struct disk_long *l = arg;

	judge_transfer(l->judge, &l->whole, &l->out);
}

/* A slice of the first in the line, in which somebody waits. */
static void go_on(const struct disk *d, uint64_t now_ns)
{
	struct disk_long *l = d->longer;
	struct disk_trial *first = l->first;

	if (disk_rests(d, now_ns))
		return;
	if (!l->runs)
		l->whole = whole(d, (enum hv_hook)first->hook, now_ns, first->t);
	l->runs = !l->ops->run(l->fiber, on_fiber, l);
	if (l->runs)
		return;
	l->first = first->next;
	first->state = TRIAL_DONE;
	first->verdict = l->out.verdict;
	first->rewritten = l->out.rewritten;
}

void disk_pause(void *longer)
{
	const struct disk_long *l = longer;

	l->ops->pause(l->fiber);
}

bool disk_is_under_way(const struct disk_trial *trial)
{
	return trial->state != TRIAL_NONE;
}

bool disk_is_searching(const struct disk *d)
{
	return d->longer && d->longer->first;
}

void disk_rest(const struct disk *d, uint64_t until_ns)
{
	if (d->longer)
		d->longer->rest_until_ns = until_ns;
}

bool disk_rests(const struct disk *d, uint64_t now_ns)
{
	return d->longer && now_ns < d->longer->rest_until_ns;
}

void disk_forget(const struct disk *d, struct disk_trial *trial)
{
	struct disk_long *l = d->longer;
	struct disk_trial **at;

	if (trial->state == TRIAL_WAITS) {
		if (l->first == trial && l->runs) {
			l->ops->forget(l->fiber);
			l->runs = false;
		}
		for (at = &l->first; *at != trial; at = &(*at)->next)
			;
		*at = trial->next;
	}
	trial->state = TRIAL_NONE;
}

static enum hv_verdict judge_long(const struct disk *d, enum hv_hook hook, uint64_t now_ns,
				  const struct disk_transfer *t, struct disk_trial *trial, bool *rewritten)
{
	if (trial->state == TRIAL_NONE)
		line_up(d->longer, trial, hook, t);
	/* what others have brought to its end waits for its owner only */
	if (trial->state == TRIAL_WAITS)
		go_on(d, now_ns);
	if (trial->state == TRIAL_WAITS)
		return HV_WAIT;
	trial->state = TRIAL_NONE;
	*rewritten = trial->rewritten;
	return (enum hv_verdict)trial->verdict;
}

/* ---- a command ---- */

enum hv_verdict disk_judge(const struct disk *d, enum hv_hook hook, uint64_t now_ns, const struct disk_transfer *t,
			   struct disk_trial *trial, bool *rewritten)
{
	struct transfer all;
	struct judgement j;

	*rewritten = false;
	if (trial && (disk_is_under_way(trial) || is_long(d, hook, t)))
		return judge_long(d, hook, now_ns, t, trial, rewritten);
	all = whole(d, hook, now_ns, t);
	judge_transfer(d->judge, &all, &j);
	*rewritten = j.rewritten;
	return j.verdict;
}
