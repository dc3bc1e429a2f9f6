/*
 * job.c - one input, judged from its first transfer to its last
 */
#include "replay/job.h"

#include <stdlib.h>
#include <string.h>

#include "replay/stop.h"

#define LOOK_EVERY	4096u	/* transfers between looks at the clock and at signals */

static bool is_disk(enum hv_hook hook)
{
	return hook != HV_HOOK_NET_OUT && hook != HV_HOOK_NET_IN;
}

static uint64_t bytes_of(const struct transfer *t)
{
	return is_disk(t->hook) ? t->disk.data_len : t->net.wire_len;
}

static int append_name(struct job *j, size_t *len, const char *name)
{
	size_t need = *len + strlen(name) + 2;

	if (need > j->names_room) {
		char *larger = realloc(j->names, need * 2);

		if (!larger)
			return fault_set(&j->fault, "out of memory");
		j->names = larger;
		j->names_room = need * 2;
	}
	if (*len)
		j->names[(*len)++] = ',';
	strcpy(j->names + *len, name);
	*len += strlen(name);
	return 0;
}

/* The rules whose condition held for transfer @t, which came out as @o. */
static const char *count_rules(struct job *j, const struct transfer *t, enum outcome o)
{
	const struct loaded *l = j->run->loaded;
	size_t len = 0;
	uint32_t i;

	for (i = 0; i < l->rule_count[t->hook]; i++) {
		uint32_t rule = l->rules[t->hook][i];

		if (judge_rule_stats(j->judge, rule)->last != t->number)
			continue;
		j->totals.rule[rule].outcome[o]++;
		if (j->lists_rules)
			append_name(j, &len, policy_string(l->policy,
							   policy_rule(l->policy, rule)->label));
	}
	return len ? j->names : "-";
}

/* Compare or list the verdict where it is asked for. */
static void report(struct job *j, const struct transfer *t, enum outcome o, const char *rules)
{
	struct judged judged = { t->number, t->hook, o, rules };

	if (j->run->expect)
		expect_check(&j->cursor, &judged);
	if (j->verdicts && (o != j->default_outcome[t->hook] || rules[0] != '-'))
		verdicts_line(j->verdicts, &judged);
}

static void copy_out(struct job *j, const struct item *item, enum outcome o)
{
	bool passes = o == OUTCOME_PASS || o == OUTCOME_REWRITE;
	bool zeros = o == OUTCOME_SILENT && item->t.hook == HV_HOOK_DISK_READ;

	if (passes || zeros)
		writer_transfer(j->run->write, item, zeros);
}

/* A command that no hook judges: the device model handles it, whatever the policy says. */
static void one_unjudged(struct job *j, const struct item *item)
{
	j->totals.not_judged++;
	if (j->run->write)
		writer_transfer(j->run->write, item, false);
}

static void one_transfer(struct job *j, struct item *item)
{
	struct totals *t = &j->totals;
	struct judgement judgement;
	const char *rules = "-";
	enum outcome o;

	if (is_disk(item->t.hook) && !item->t.disk.total_sectors)
		item->t.disk.total_sectors = j->run->options->disk_sectors;
	if (j->run->record)
		writer_transfer(j->run->record, item, false);
	t->transfers++;
	t->bytes += bytes_of(&item->t);
	if (!t->time_first_ns)
		t->time_first_ns = item->t.time_ns;
	t->time_last_ns = item->t.time_ns;
	if (!item->judged) {
		one_unjudged(j, item);
		return;
	}
	judge_transfer(j->judge, &item->t, &judgement);
	o = outcome_of(&judgement);
	t->failed += item->fails;
	t->hook[item->t.hook][o]++;
	if (judgement.matched)
		rules = count_rules(j, &item->t, o);
	if (j->lists_rules)
		report(j, &item->t, o, rules);
	if (j->run->write)
		copy_out(j, item, o);
}

/* Is it time to end, because of a signal or an output that cannot be written? */
static bool look_up(struct job *j, uint64_t *seen)
{
	uint64_t now = stream_offset(&j->reader.stream);

	progress_add(j->run->progress, now - *seen);
	*seen = now;
	return stop_requested() || fault_is_set(&j->fault) ||
	       (j->events && fault_is_set(j->events->fault)) ||
	       (j->verdicts && fault_is_set(j->verdicts->fault)) ||
	       (j->run->write && fault_is_set(j->run->write->fault)) ||
	       (j->run->record && fault_is_set(j->run->record->fault));
}

/* Only disk commands can be recorded; a capture may show late what it holds. */
static bool can_record(struct job *j)
{
	if (j->run->record && j->reader.content == READER_NET)
		fault_set(&j->fault, "%s: --record makes disk traces, and this is a capture of "
			  "packets", j->path);
	return !fault_is_set(&j->fault);
}

static void judge_all(struct job *j)
{
	struct item item;
	uint64_t count = 0, seen = 0;

	memset(&item, 0, sizeof(item));
	while (can_record(j) && reader_next(&j->reader, &item) > 0) {
		if (!item.is_transfer) {
			if (j->run->write)
				writer_raw(j->run->write, &item);
			continue;
		}
		if (!can_record(j))
			return;
		one_transfer(j, &item);
		/* a disk transfer is large: look up after each */
		if ((++count % LOOK_EVERY == 0 || j->reader.content == READER_DISK) &&
		    look_up(j, &seen))
			return;
	}
	look_up(j, &seen);
	if (j->run->write)
		writer_decide(j->run->write, j->reader.content);
	if (!fault_is_set(&j->fault) && j->run->expect)
		expect_finish(&j->cursor);
}

/*
 * The policy of this input.  Maps and data of a C module belong to the policy and change while
 * it judges: each input begins with its own.
 */
static int take_policy(struct job *j)
{
	const struct loaded *l = j->run->loaded;
	struct policy *copy;
	struct policy_error e;
	int hook;

	for (hook = 0; hook < HV_HOOKS; hook++) {
		struct judgement none = { .verdict = l->hook_default[hook] };

		j->default_outcome[hook] = outcome_of(&none);
	}
	j->policy = l->policy;
	if (policy_meta(l->policy))
		return 0;
	memset(&e, 0, sizeof(e));
	if (policy_load(&j->arena, l->module, l->module_len, &copy, &e) < 0)
		return fault_set(&j->fault, "the policy cannot be loaded again: %s", e.text);
	j->policy = copy;
	return 0;
}

/* Inputs in front of this one that have its base name. */
static unsigned namesakes(const struct job *j)
{
	unsigned i, count = 0;

	for (i = 0; i < j->index; i++)
		count += !strcmp(base_name(j->run->options->inputs[i]), base_name(j->path));
	return count;
}

static int prepare(struct job *j)
{
	const struct run *run = j->run;
	struct policy_error e;

	memset(&e, 0, sizeof(e));
	j->sink = (struct events) {
		.out = j->events, .input = j->path, .policy = policy_name(run->loaded->policy),
		.version = policy_version(run->loaded->policy),
	};
	if (totals_init(&j->totals, run->loaded->policy, &j->fault) < 0 ||
	    arena_map(&j->arena, &j->fault) < 0 || take_policy(j) < 0)
		return -1;
	if (judge_create(&j->arena, j->policy, events_write, &j->sink, &j->judge, &e) < 0)
		return fault_set(&j->fault, "the policy cannot run: %s", e.text);
	if (run->expect && expect_begin(&j->cursor, run->expect, j->path, namesakes(j)) < 0) {
		j->unexpected = true;
		return fault_set(&j->fault, "%s: says nothing of the input %s", run->expect->path,
				 base_name(j->path));
	}
	j->lists_rules = run->expect || j->verdicts;
	return reader_open(&j->reader, j->path, run->options->format, &run->options->locals,
			   &j->fault);
}

void job_run(struct job *j)
{
	uint64_t start = clock_ns();

	if (!prepare(j)) {
		if (j->verdicts && j->run->options->input_count > 1)
			verdicts_input(j->verdicts, j->path);
		judge_all(j);
	}
	if (j->judge)
		totals_take(&j->totals, j->judge, j->index);
	j->description = j->reader.ops ? reader_describe(&j->reader) : "";
	j->totals.elapsed_ns = clock_ns() - start;
	reader_close(&j->reader);
	arena_unmap(&j->arena);
	j->judge = NULL;
}

void job_free(struct job *j)
{
	totals_free(&j->totals);
	free(j->cursor.text);
	free(j->names);
	j->cursor.text = NULL;
	j->names = NULL;
}
