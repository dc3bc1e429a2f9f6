/*
 * jobs.h - several inputs, a few at a time, reported in the order of the command line
 */
#ifndef REPLAY_JOBS_H
#define REPLAY_JOBS_H

#include "replay/job.h"

/* Called for each job in the order of the inputs, in the caller's thread. */
typedef void job_done_fn(void *arg, struct job *j);

/* Judge every input of @run.  0, or -1 with @f set: an output or the threads failed. */
int jobs_run(const struct run *run, struct output *events, struct output *verdicts,
	     job_done_fn *done, void *arg, struct fault *f);

#endif
