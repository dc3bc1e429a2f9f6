/*
 * stop.h - Ctrl-C and its like: a flag that loops look at, so that nothing is left half-written
 */
#ifndef REPLAY_STOP_H
#define REPLAY_STOP_H

#include <signal.h>
#include <stdbool.h>

extern volatile sig_atomic_t stop_signal;	/* the signal that came, 0: none */

static inline bool stop_requested(void)
{
	return stop_signal != 0;
}

/* From here on SIGINT, SIGTERM, SIGHUP and SIGPIPE are noted instead of ending the process. */
void stop_catch(void);
/* End the process by the signal that came; returns when none did. */
void stop_obey(void);

#endif
