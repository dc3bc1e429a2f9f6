/*
 * outcome.h - what became of a transfer, and its names
 */
#ifndef REPLAY_OUTCOME_H
#define REPLAY_OUTCOME_H

#include "policy/judge.h"

/* What became of a transfer. */
enum outcome {
	OUTCOME_PASS, OUTCOME_REWRITE,	/* passed, unchanged or changed */
	OUTCOME_DROP, OUTCOME_SILENT,
	OUTCOMES,
};
extern const char *const outcome_name[OUTCOMES];	/* "pass", "rewrite", "drop", "silent" */

enum outcome outcome_of(const struct judgement *j);

/* Verdicts as events spell them: "drop", "pass", "drop silently". */
const char *verdict_name(enum hv_verdict v);

#endif
