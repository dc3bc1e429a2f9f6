/*
 * endpoint.c - a machine with its driver
 */
#include "tests/devmodel/endpoint.h"

#include <stdlib.h>

struct endpoint *endpoint_new(uint16_t device, const char *policy)
{
	struct endpoint *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	e->m = machine_new(device, policy);
	e->d = (struct driver){ .access = machine_access, .memory = machine_memory, .host = e->m };
	return e;
}

void endpoint_free(struct endpoint *e)
{
	machine_free(e->m);
	free(e);
}
