/*
 * policy_lab.h - a policy's text, compiled and loaded, with its judge
 */
#ifndef TESTS_DEVMODEL_POLICY_LAB_H
#define TESTS_DEVMODEL_POLICY_LAB_H

#include "policy/judge.h"

struct lab_policy;

/* Ends the program where @text is wrong.  @events may be NULL. */
struct lab_policy *lab_policy_new(const char *text, event_fn *events, struct judge **judge,
				  const struct policy **policy);
/* judge_create_beside(); ends the program where there is no room. */
struct judge *lab_policy_beside(struct lab_policy *p, const struct judge *first);
void lab_policy_free(struct lab_policy *p);

#endif
