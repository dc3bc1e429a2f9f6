/*
 * stop.c - Ctrl-C and its like: a flag that loops look at, so that nothing is left half-written
 */
#include "replay/stop.h"

#include <string.h>

volatile sig_atomic_t stop_signal;

static const int caught[] = { SIGINT, SIGTERM, SIGHUP };

static void note(int signal_number)
{
	stop_signal = signal_number;
}

void stop_catch(void)
{
	struct sigaction sa;
	size_t i;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = note;	/* no SA_RESTART: a read that waits must come back */
	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		sigaction(caught[i], &sa, NULL);
	/* A reader of our output that went away shows as a failed write. */
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

void stop_obey(void)
{
	if (!stop_signal)
		return;
	signal(stop_signal, SIG_DFL);
	raise(stop_signal);
}
