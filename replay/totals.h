/*
 * totals.h - what a run counted: verdicts, rules, counters; of one input, added up over all
 */
#ifndef REPLAY_TOTALS_H
#define REPLAY_TOTALS_H

#include <stdint.h>

#include "policy/judge.h"
#include "replay/fault.h"
#include "replay/load.h"
#include "replay/outcome.h"

struct rule_total {
	uint64_t hits, suppressed, bytes;
	uint64_t outcome[OUTCOMES];	/* of the transfers that hit */
	uint64_t first, last;		/* transfers, 0: never */
	uint32_t first_input, last_input;
};

struct totals {
	uint64_t transfers, bytes;
	uint64_t not_judged;		/* disk commands that no hook judges */
	uint64_t failed;		/* disk commands that always fail */
	uint64_t hook[HV_HOOKS][OUTCOMES];
	uint64_t counter[JUDGE_COUNTERS];
	uint64_t time_first_ns, time_last_ns;
	uint64_t elapsed_ns;
	uint32_t rule_count, user_count;
	struct rule_total *rule;
	uint64_t *user;
};

/* 0, or -1 with @f set; totals_free() follows in either case. */
int totals_init(struct totals *t, const struct policy *p, struct fault *f);
void totals_free(struct totals *t);

/* What @j counted by itself, at the end of input @input. */
void totals_take(struct totals *t, const struct judge *j, uint32_t input);
/* Add those of one input to those of all, in the order of the inputs. */
void totals_add(struct totals *all, const struct totals *one);

#endif
