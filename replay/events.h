/*
 * events.h - events as lines of JSON, after the example of Suricata's EVE
 */
#ifndef REPLAY_EVENTS_H
#define REPLAY_EVENTS_H

#include "policy/judge.h"
#include "replay/output.h"

struct events {
	struct output *out;	/* NULL: nobody wants them */
	const char *input;	/* its name */
	const char *policy;
	uint64_t version;
};

/* An event_fn; @arg is a struct events. */
void events_write(void *arg, const struct policy_event *e);

/* @len bytes as a JSON string; what is no UTF-8 becomes \\xHH. */
void json_string(struct output *o, const char *bytes, size_t len);

#endif
