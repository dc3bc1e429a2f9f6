/*
 * oracle.h - random policies and contexts, and what language.md says of them
 *
 * The generator makes models as the front end would hand them over; the oracle walks the
 * model's trees as they stand, with three truth values.
 */
#ifndef TESTS_UNIT_ORACLE_H
#define TESTS_UNIT_ORACLE_H

#include "compiler/model.h"
#include "compiler/pool.h"

struct world {			/* one transfer, as helpers and oracle see it */
	struct hv_ctx ctx;
	uint64_t seed;		/* of bytes and matches */
	uint64_t range_lo, range_hi;	/* disk.range */
};

uint64_t random_next(uint64_t *state);

/* @rules random rules on @hook; @classes: mostly such as classifiers take. */
struct model *random_model(struct pool *p, uint64_t *state, enum hv_hook hook, unsigned rules,
			   bool classes);
void random_world(struct world *w, uint64_t *state, enum hv_hook hook);

/* Content: the same answers for helpers and oracle. */
enum truth { NO, YES, UNKNOWN };
enum truth world_find(const struct world *w, const struct query *q);
/* A byte of an area (sector: the lba), or -1 behind its end. */
int world_byte(const struct world *w, uint64_t area, uint64_t offset);
bool world_overlaps(const struct world *w, uint64_t lo, uint64_t hi);

enum truth oracle(const struct world *w, const struct expr *e);
/* The condition's answer, unknown ones by what the rule does. */
bool oracle_rule(const struct world *w, const struct rule *r);

#endif
