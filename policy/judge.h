/*
 * judge.h - load a policy, judge transfers
 *
 *	struct policy	what a module holds: programs, sets, patterns; constant after load
 *	struct judge	one evaluation after another: context, fragments, matches, limits
 *
 * All memory comes from the arena at load; judging allocates nothing.
 */
#ifndef POLICY_JUDGE_H
#define POLICY_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/context.h"
#include "policy/error.h"
#include "policy/module.h"
#include "policy/packet.h"
#include "policy/transfer.h"

struct policy;
struct judge;

/*
 * Load @module (@len bytes, 8-byte aligned; kept, must outlive the policy and not
 * change).  Returns 0 and *@out, or a negative POLICY_E code and @err.
 */
int policy_load(struct arena *a, const void *module, size_t len, struct policy **out,
		struct policy_error *err);

/* Names and numbers of a loaded policy; strings live as long as the module. */
const char *policy_name(const struct policy *p);
uint64_t policy_version(const struct policy *p);
const struct hvb_meta *policy_meta(const struct policy *p);	/* NULL: a C module */
const char *policy_string(const struct policy *p, uint32_t string);
uint32_t policy_rule_count(const struct policy *p);
const struct hvb_rule *policy_rule(const struct policy *p, uint32_t rule);
uint32_t policy_counter_count(const struct policy *p);
const char *policy_counter_name(const struct policy *p, uint32_t counter);
bool policy_has_hook(const struct policy *p, enum hv_hook hook);
uint8_t policy_needs(const struct policy *p, enum hv_hook hook);	/* HVB_NEED_* */
uint64_t policy_cost(const struct policy *p, enum hv_hook hook);	/* instructions, worst case */
uint64_t policy_cost_per_byte(const struct policy *p, enum hv_hook hook);

/* Limits of one transfer.  Beyond them it is dropped; events are suppressed. */
#define JUDGE_MAX_RANGES	4096u	/* ranges of a TRIM (64 blocks of 512 bytes) */
#define JUDGE_MAX_MODULE_EVENTS	16u	/* events of a C module */
#define JUDGE_MAX_DATAGRAMS	1024u	/* fragmented datagrams in flight; the oldest goes */

/* Rule of the events by which the judge itself tells that a disk command was refused. */
#define JUDGE_OWN_RULE		"built-in"

/* Every way a transfer can be counted besides rules. */
enum judge_counter {
	JUDGE_TRANSFERS, JUDGE_PASSED, JUDGE_DROPPED, JUDGE_SILENT,
	JUDGE_MALFORMED, JUDGE_FRAG_DROPPED, JUDGE_FRAG_EVICTED, JUDGE_GUARDED,
	JUDGE_UNKNOWN, JUDGE_REWRITTEN, JUDGE_REWRITE_REFUSED, JUDGE_EVENTS, JUDGE_SUPPRESSED,
	JUDGE_COUNTERS,
};
extern const char *const judge_counter_name[JUDGE_COUNTERS];

#define EVENT_NO_MATCH	UINT64_MAX

/* One carried-out `log`.  Pointers are valid during the call. */
struct policy_event {
	const struct transfer *transfer;
	const struct hv_ctx *ctx;
	const char *rule;		/* label; of C modules the section's name */
	uint32_t rule_index;		/* row of the rules, HVB_NONE: a C module's or the judge's own */
	uint32_t severity;		/* HVB_INFO.. */
	enum hv_verdict action;		/* final verdict of the transfer */
	bool rewritten;			/* the transfer passes changed */
	bool bounded;			/* a bound was reached: the condition's answer is assumed */
	uint64_t match_lba;		/* disk read, write: the sector of the first match; EVENT_NO_MATCH */
	const char *text;		/* formatted, NUL-terminated, may be ""; may hold NULs too */
	uint32_t text_len;
};

typedef void event_fn(void *arg, const struct policy_event *e);

/* @events may be NULL. */
int judge_create(struct arena *a, const struct policy *p, event_fn *events, void *arg,
		 struct judge **out, struct policy_error *err);

/*
 * Another judge of @first's policy: both have fragments, figures, limits, counters and events in
 * common, and all else apart.  So one may stand in its pause, in the middle of a transfer, while
 * the other judges.  0, or a negative POLICY_E code and @err.
 */
int judge_create_beside(struct arena *a, const struct judge *first, struct judge **out,
			struct policy_error *err);

/*
 * Call @pause(@arg) each time that @j has searched some @bytes > 0 of a transfer's content: no
 * less of them, and not many more (match_set_pause()).  It may return much later; until then @j,
 * its transfer and the transfer's bytes are to be left alone.  Or never: then the next
 * judge_transfer() of @j begins anew.  What was counted by then stays counted.
 */
void judge_set_pause(struct judge *j, uint32_t bytes, void (*pause)(void *arg), void *arg);

/*
 * Tables whose keys a sender can choose (fragments, maps of C modules) are hashed with a key
 * that comes from the module's digest: two policies differ, and the same one judges a trace
 * the same way each time.  But whoever has the module can compute that key.  So where the
 * input is live, call this before the first transfer, with 128 bits that nobody else knows:
 * they are mixed into the keys, in place of those of an earlier call.  Fragments, maps and
 * their hashes then begin anew; 0, 0 is what judge_create() does.
 */
void judge_add_entropy(struct judge *j, uint64_t e0, uint64_t e1);

struct judgement {
	enum hv_verdict verdict;	/* PASS, DROP; of disk hooks also DROP_SILENTLY */
	bool rewritten;			/* bytes of the transfer were changed in place */
	bool guarded;			/* a guarded ATA command that no rule named */
	bool malformed;
	bool matched;			/* at least one rule's actions ran */
};

/* Judge one transfer; rewrites are applied to its bytes before this returns. */
void judge_transfer(struct judge *j, struct transfer *t, struct judgement *out);

/*
 * Start a new input: fragment table, limits, maps and data of C modules are as after load,
 * counters stay.  (Maps and data belong to the policy: let one judge use such a policy.)
 */
void judge_reset(struct judge *j);

uint64_t judge_counter(const struct judge *j, enum judge_counter c);
uint64_t judge_user_counter(const struct judge *j, uint32_t counter);	/* `count NAME` */
/* How often a rule's log, count, rewrite or verdict ran, once a transfer. */
struct rule_stats {
	uint64_t hits;
	uint64_t suppressed;		/* log events over the limit */
	uint64_t first, last;		/* transfer numbers, 0: never */
	uint64_t bytes;			/* of the transfers that hit */
};
const struct rule_stats *judge_rule_stats(const struct judge *j, uint32_t rule);

#endif
