/*
 * policy_lab.h - a policy's text, compiled and loaded, with its judge
 */
#ifndef TESTS_DEVMODEL_POLICY_LAB_H
#define TESTS_DEVMODEL_POLICY_LAB_H

#include "devmodel/net.h"

struct lab_policy;

/* Ends the program with the compiler's words where @text is wrong.  @net gets judge and policy. */
struct lab_policy *lab_policy_new(const char *text, struct net *net);
void lab_policy_free(struct lab_policy *p);

#endif
