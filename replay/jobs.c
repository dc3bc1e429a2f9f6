/*
 * jobs.c - several inputs, a few at a time, reported in the order of the command line
 *
 * What a job writes to shared outputs goes to files of its own first, and from there in order;
 * so the result is the same with any number of jobs.
 */
#include "replay/jobs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "replay/stop.h"

/* A job with outputs of its own. */
struct slot {
	struct job job;
	struct output events, verdicts;
	struct fault events_fault, verdicts_fault;
	bool done;
};

struct pool {
	const struct run *run;
	unsigned workers, count;	/* threads; inputs */
	bool has_events, has_verdicts;
	pthread_mutex_t lock;		/* of all below */
	pthread_cond_t changed;
	unsigned next, reported;	/* inputs begun; reported */
	struct slot *slots;		/* 2 * workers, input i in slot i % (2 * workers) */
};

static void job_init(struct job *j, const struct run *run, unsigned index)
{
	memset(j, 0, sizeof(*j));
	j->run = run;
	j->index = index;
	j->path = run->options->inputs[index];
}

static struct slot *slot_of(struct pool *p, unsigned index)
{
	return &p->slots[index % (2 * p->workers)];
}

static void run_slot(struct pool *p, struct slot *s, unsigned index)
{
	memset(s, 0, sizeof(*s));
	job_init(&s->job, p->run, index);
	if ((p->has_events && output_open_scratch(&s->events, &s->events_fault) < 0) ||
	    (p->has_verdicts && output_open_scratch(&s->verdicts, &s->verdicts_fault) < 0))
		return;
	s->job.events = p->has_events ? &s->events : NULL;
	s->job.verdicts = p->has_verdicts ? &s->verdicts : NULL;
	job_run(&s->job);
}

static void *work(void *arg)
{
	struct pool *p = arg;

	pthread_mutex_lock(&p->lock);
	while (p->next < p->count) {
		unsigned index = p->next;

		/* do not run too far ahead of what is reported: results take memory */
		if (index >= p->reported + 2 * p->workers) {
			pthread_cond_wait(&p->changed, &p->lock);
			continue;
		}
		p->next++;
		pthread_mutex_unlock(&p->lock);
		run_slot(p, slot_of(p, index), index);
		pthread_mutex_lock(&p->lock);
		slot_of(p, index)->done = true;
		pthread_cond_broadcast(&p->changed);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void report_slot(struct slot *s, struct output *events, struct output *verdicts,
			job_done_fn *done, void *arg, struct fault *f)
{
	if (events && s->events.buf) {
		output_append(events, &s->events);
		output_abort(&s->events);
	}
	if (verdicts && s->verdicts.buf) {
		output_append(verdicts, &s->verdicts);
		output_abort(&s->verdicts);
	}
	if (fault_is_set(&s->events_fault) || fault_is_set(&s->verdicts_fault))
		fault_set(f, "%s%s", s->events_fault.text, s->verdicts_fault.text);
	done(arg, &s->job);
	job_free(&s->job);
}

static int run_threads(struct pool *p, struct output *events, struct output *verdicts,
		       job_done_fn *done, void *arg, struct fault *f)
{
	pthread_t thread[OPTIONS_MAX_JOBS];
	unsigned started = 0, i;

	while (started < p->workers && !pthread_create(&thread[started], NULL, work, p))
		started++;
	if (!started)
		return fault_set(f, "no thread can be started");
	for (i = 0; i < p->count; i++) {
		struct slot *s = slot_of(p, i);

		pthread_mutex_lock(&p->lock);
		while (!s->done)
			pthread_cond_wait(&p->changed, &p->lock);
		pthread_mutex_unlock(&p->lock);
		report_slot(s, events, verdicts, done, arg, f);
		pthread_mutex_lock(&p->lock);
		s->done = false;
		p->reported++;
		pthread_cond_broadcast(&p->changed);
		pthread_mutex_unlock(&p->lock);
	}
	for (i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
	return fault_is_set(f) ? -1 : 0;
}

/* One after the other, straight into the shared outputs. */
static void run_here(const struct run *run, struct output *events, struct output *verdicts,
		     job_done_fn *done, void *arg)
{
	unsigned i;

	for (i = 0; i < run->options->input_count && !stop_requested(); i++) {
		struct job j;

		job_init(&j, run, i);
		j.events = events;
		j.verdicts = verdicts;
		job_run(&j);
		done(arg, &j);
		job_free(&j);
	}
}

int jobs_run(const struct run *run, struct output *events, struct output *verdicts,
	     job_done_fn *done, void *arg, struct fault *f)
{
	struct pool p = {
		.run = run, .count = run->options->input_count, .workers = run->options->jobs,
		.has_events = events, .has_verdicts = verdicts,
	};
	int status;

	if (p.workers > p.count)
		p.workers = p.count;
	if (p.workers <= 1) {
		run_here(run, events, verdicts, done, arg);
		return 0;
	}
	p.slots = calloc(2 * p.workers, sizeof(*p.slots));
	if (!p.slots)
		return fault_set(f, "out of memory");
	pthread_mutex_init(&p.lock, NULL);
	pthread_cond_init(&p.changed, NULL);
	status = run_threads(&p, events, verdicts, done, arg, f);
	pthread_cond_destroy(&p.changed);
	pthread_mutex_destroy(&p.lock);
	free(p.slots);
	return status;
}
