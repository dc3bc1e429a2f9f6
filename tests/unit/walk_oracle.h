/*
 * walk_oracle.h - a page walk as the manuals' figures draw it, one mode after the other
 */
#ifndef TESTS_UNIT_WALK_ORACLE_H
#define TESTS_UNIT_WALK_ORACLE_H

#include "tests/unit/guest_lab.h"

struct oracle_answer {
	bool ok;
	uint64_t gpa;		/* when ok */
	unsigned error;		/* else: the page fault's error code */
};

/* Walk the tables in @lab's RAM, and mark them.  @access in the bits of the error code. */
struct oracle_answer oracle_walk(const struct guest_cpu *cpu, struct lab *lab, uint64_t linear,
				 unsigned access);

#endif
