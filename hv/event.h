/*
 * event.h - what a rule's log says, as a line of the log
 */
#ifndef HV_EVENT_H
#define HV_EVENT_H

#include "policy/judge.h"

/* An event_fn; @arg: the policy. */
void event_line(void *arg, const struct policy_event *e);

#endif
