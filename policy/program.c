/*
 * program.c - what is known of a verified program
 */
#include "policy/program.h"

#include "policy/code.h"

uint64_t program_cost(const struct program *p, enum hv_hook hook)
{
	return p->cost[hook];
}

uint32_t program_insns(const struct program *p)
{
	return p->count;
}
