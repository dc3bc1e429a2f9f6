/*
 * endpoint.h - a machine with its driver
 */
#ifndef TESTS_DEVMODEL_ENDPOINT_H
#define TESTS_DEVMODEL_ENDPOINT_H

#include "tests/devmodel/driver.h"
#include "tests/devmodel/machine.h"

struct endpoint {
	struct machine *m;
	struct driver d;
};

/* @policy NULL: no model. */
struct endpoint *endpoint_new(uint16_t device, const char *policy);
void endpoint_free(struct endpoint *e);

#endif
