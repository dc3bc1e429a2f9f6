/*
 * judge_state.h - what policy.c, judge.c, report.c and helper.c share (internal)
 *
 * A judgement in its order: judge.c fills the context and runs the program; helper.c
 * answers it and notes what its actions ask for; plan.c turns noted rewrites into extents
 * and finds out whether they can be done; judge.c decides; report.c emits the events;
 * apply.c writes.
 */
#ifndef POLICY_JUDGE_STATE_H
#define POLICY_JUDGE_STATE_H

#include "policy/classify.h"
#include "policy/event.h"
#include "policy/field.h"
#include "policy/judge.h"
#include "policy/loader.h"
#include "policy/match.h"
#include "policy/set.h"

/*
 * How a net hook's program begins, when it begins with a classifier to which the first step
 * of parsing is enough: most packets need no more.
 */
struct net_front {
	bool usable;
	enum hv_verdict none;			/* when no row below @limit holds */
	uint32_t classifier, limit;
};

struct policy {
	uint8_t digest[HVB_DIGEST_SIZE];	/* of the module; keys of hashes come from it */
	const struct hvb_meta *meta;		/* NULL: a C module */
	const char *strings;
	const struct hvb_rule *rules;
	const struct hvb_log *logs;
	const struct hvb_part *parts;
	const uint32_t *counters;
	const struct hvb_rewrite *rewrites;
	const uint32_t *refs;
	const uint8_t *bytes;
	uint32_t rule_count, log_count, counter_count, rewrite_count;
	struct set_table *sets;			/* NULL: none, as below */
	struct class_table *classes;
	struct match_table *matches;
	uint32_t query_count;
	const struct program *program;
	bool has_hook[HV_HOOKS];
	uint8_t needs[HV_HOOKS];
	struct net_front front[HV_HOOKS];	/* of disk hooks never usable */
	/* state of C modules: belongs to the policy, cleared by judge_reset() */
	struct map **maps;
	uint32_t map_count;
	struct data_region *regions;
	const uint8_t **initial;		/* by region: its bytes in the module, NULL: zeros */
	uint32_t region_count;
};

struct log_limit {
	uint64_t second;		/* began then (transfer time, ns) */
	uint32_t in_second;		/* events since */
	bool began;
};

/* An event of a C module, or of the judge itself. */
struct own_event {
	uint32_t severity, len;
	char text[EVENT_TEXT_MAX];
};

/* `rewrite PATTERN`: a row of the rewrites and its place among all rewrites of the run. */
struct noted_rewrite {
	uint32_t row, order;
};

/* `rewrite FIELD`: the last one of each field counts. */
struct noted_field {
	uint64_t hi, lo;
	uint32_t order;
	uint8_t field, family;
};

struct extent {
	uint32_t start, len;		/* bytes of the frame, of the data */
	uint32_t row;			/* of the rewrites */
	uint32_t order;
};

/* Extents that are remembered; a transfer that has more is searched once more to be written. */
#define EXTENTS_KEPT	4096u

/* The search of a rewrite of sectors, when it is done again. */
struct rewrite_walk {
	struct match_walk *walk;		/* NULL: its area is not sectors */
	const struct match_extent *over;	/* of the byte in hand */
};

/* What begins anew with each transfer, all of it 0: a few stores. */
struct run_state {
	bool areas_known;		/* judge.areas are this transfer's */
	bool areas_given;		/* to match */
	bool matched;			/* some rule was hit */
	bool unknown;			/* a bound was reached */
	bool refused;			/* a rewrite that cannot be: the transfer is dropped */
	bool rewrite_unknown;		/* the one of .unknown_rule */
	bool search_again;		/* there are more extents than are kept */
	uint32_t unknown_rule;
	uint32_t order;			/* rewrites noted */
	uint32_t noted_logs, own_events, noted_rewrites, noted_fields, extents;	/* how many */
};

struct match_area_bytes {
	const uint8_t *bytes;
	uint32_t len;
};

struct judge {
	struct hv_ctx ctx;
	const struct policy *p;
	struct transfer *t;		/* in hand */
	uint64_t run;			/* transfers judged by a program, for the stamps */
	struct run_state now;
	bool ctx_is_net;		/* whose words of ctx may be set */
	struct packet packet;
	struct match_state *match;	/* NULL: no patterns */
	struct match_area_bytes areas[HV_AREAS];	/* by area() alone */

	/* the same of all judges beside each other */
	struct frag_table *frags;	/* NULL: no hook follows fragments */
	struct rule_stats *rules;
	uint64_t *counters;
	uint64_t *tally;		/* by enum judge_counter */
	struct log_limit *logs;
	struct log_limit *own_limit;	/* of the judge's own events */

	/* by row: the run in which it was hit, noted */
	uint64_t *rule_run, *log_run, *rewrite_run;
	uint32_t *noted_logs;		/* rows of logs in order; JUDGE_OWN_EVENT + n */
	struct own_event *own;
	struct noted_rewrite *noted_rewrites;
	struct noted_field noted_fields[HV_FIELDS];
	struct extent *extents;		/* in order of the rewrites */
	uint32_t extents_kept;		/* room there; what follows is for those that have more */
	uint8_t *original;		/* of a frame; NULL: frames are not rewritten */
	struct rewrite_walk *walks;	/* by row of the rewrites */
	uint64_t *turn;			/* by sector byte & turn_mask: when its last writer's is */
	uint32_t turn_mask;		/* covers the longest literal */

	event_fn *events;
	void *events_arg;
	struct rule_stats no_stats;
};

#define JUDGE_OWN_EVENT	0x80000000u	/* behind any row of logs */

/* What a program returned, as a verdict. */
static inline enum hv_verdict verdict_of(uint64_t r0)
{
	/* There are no services yet: nothing can be waited for. */
	return r0 < HV_VERDICTS && r0 != HV_WAIT ? (enum hv_verdict)r0 : HV_DROP;
}

/* The bytes that count for statistics. */
uint64_t transfer_bytes(const struct transfer *t);

/* At most @limit a second (0: any number)?  Deterministic in @time_ns. */
bool limit_allows(struct log_limit *l, uint32_t limit, uint64_t time_ns);

/* report.c: note an event of a C module, or of the judge itself; emit all that were noted. */
void note_own_event(struct judge *j, uint32_t severity, const void *text, size_t len);
void report_events(struct judge *j, enum hv_verdict action, bool rewritten);
/* report.c: the judge's own word on a disk command that it drops itself. */
void report_command(struct judge *j, const char *name, const char *why);

/*
 * plan.c: find what the noted rewrites would change.  Returns whether anything would be;
 * sets refused when it cannot or must not be done.
 */
bool plan_rewrites(struct judge *j);
/* plan.c: is the field in this frame itself, not inherited from a datagram's first fragment? */
bool in_this_frame(const struct judge *j, uint8_t field);

/* apply.c: its memory, 0 or POLICY_ENOMEM; write what was planned. */
int create_apply(struct arena *a, struct judge *j);
void apply_rewrites(struct judge *j);

/* The bytes of an area of the transfer in hand; found when first asked for. */
const struct match_area_bytes *area(struct judge *j, enum hv_area which);

/* match.h's answer, with the areas given before the first question. */
enum match_answer ask(struct judge *j, uint32_t query);
void give_areas(struct judge *j);

#endif
