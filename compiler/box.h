/*
 * box.h - what a context must be in for a condition to hold: boxes over its words
 */
#ifndef COMPILER_BOX_H
#define COMPILER_BOX_H

#include "compiler/build.h"
#include "compiler/cond.h"

#define BOX_MAX		64u		/* boxes of one rule */
#define BOX_SIDES	24u		/* sides of one box */

struct box {
	struct class_side *sides;
	size_t count;
};

struct boxes {
	struct box *at;
	size_t count;		/* 1..BOX_MAX */
	bool exact;		/* the condition holds in them; else it only cannot outside */
};

struct boxer {
	struct pool *pool;
	uint32_t nodes;		/* visited so far, COND_MAX_NODES at most */
};

/*
 * Boxes outside of which @c is false, and in *@rest what must still be tested inside of
 * them.  Absence is outside of every box and makes every positive comparison false, so that
 * both agree.  False when no boxes are known.
 */
bool boxes_and_rest(struct boxer *p, struct cond *c, struct boxes *out, struct cond **rest);

#endif
