/*
 * job.h - one input, judged from its first transfer to its last
 */
#ifndef REPLAY_JOB_H
#define REPLAY_JOB_H

#include "replay/events.h"
#include "replay/expect.h"
#include "replay/options.h"
#include "replay/progress.h"
#include "replay/totals.h"
#include "replay/writer.h"

/* What all jobs of a run share; constant while they run, but for progress. */
struct run {
	const struct options *options;
	const struct loaded *loaded;
	const struct expect *expect;	/* NULL: nothing is expected */
	struct writer *write, *record;	/* NULL: not asked for; only with one input */
	struct progress *progress;
};

struct job {
	const struct run *run;
	const char *path;
	uint32_t index;			/* of the input, from 0 */
	struct output *events, *verdicts;	/* NULL: not asked for */
	struct reader reader;
	struct arena arena;
	const struct policy *policy;	/* the run's, or a copy where judges cannot share it */
	struct judge *judge;
	struct events sink;
	struct totals totals;
	struct expect_cursor cursor;
	enum outcome default_outcome[HV_HOOKS];
	bool lists_rules;		/* verdicts are compared or written */
	char *names;			/* the rules that matched, between commas */
	size_t names_room;
	const char *description;	/* of the input */
	struct fault fault;
	bool unexpected;		/* the expectations do not speak of this input */
};

/*
 * Judge the input; job->fault tells what went wrong with it, job->totals what was counted up
 * to there.  job_free() follows.
 */
void job_run(struct job *j);
void job_free(struct job *j);

#endif
