/*
 * progress.h - a bar on a terminal while inputs are judged
 */
#ifndef REPLAY_PROGRESS_H
#define REPLAY_PROGRESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on;			/* standard error is a terminal */
	bool drawn;
	uint64_t total;			/* bytes of all inputs, 0: not known */
	atomic_uint_fast64_t done;	/* bytes */
	uint64_t last_ns;		/* when it was drawn */
	pthread_mutex_t lock;		/* of last_ns and drawn */
};

/* @total bytes will be judged; 0 when that cannot be known. */
void progress_begin(struct progress *p, uint64_t total);
/* @bytes more are done; any thread. */
void progress_add(struct progress *p, uint64_t bytes);
/* Wipe it. */
void progress_end(struct progress *p);

/* Nanoseconds of a clock that only goes forward. */
uint64_t clock_ns(void);

#endif
