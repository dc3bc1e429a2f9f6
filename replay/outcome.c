/*
 * outcome.c - what became of a transfer, and its names
 */
#include "replay/outcome.h"

const char *const outcome_name[OUTCOMES] = {
	[OUTCOME_PASS] = "pass",
	[OUTCOME_REWRITE] = "rewrite",
	[OUTCOME_DROP] = "drop",
	[OUTCOME_SILENT] = "silent",
};

enum outcome outcome_of(const struct judgement *j)
{
	if (j->verdict == HV_PASS || j->verdict == HV_PASS_NAMED)
		return j->rewritten ? OUTCOME_REWRITE : OUTCOME_PASS;
	return j->verdict == HV_DROP_SILENTLY ? OUTCOME_SILENT : OUTCOME_DROP;
}

const char *verdict_name(enum hv_verdict v)
{
	switch (v) {
	case HV_PASS:
	case HV_PASS_NAMED:
		return "pass";
	case HV_DROP_SILENTLY:
		return "drop silently";
	case HV_WAIT:
		return "wait";
	default:
		return "drop";
	}
}
