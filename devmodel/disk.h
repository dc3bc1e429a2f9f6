/*
 * disk.h - commands before the policy: what it must see of them, and what it says
 */
#ifndef DEVMODEL_DISK_H
#define DEVMODEL_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/ata.h"
#include "policy/judge.h"

/* How much of a command must be our own copy when it is judged. */
enum disk_need {
	DISK_NEED_NOTHING,	/* no program for this hook: guarded commands are dropped all the same */
	DISK_NEED_COMMAND,	/* the command alone: sectors may go straight between drive and guest */
	DISK_NEED_DATA,		/* all of its sectors */
};

#define DISK_SLICE	(16u << 10)	/* bytes searched before it is looked whether the time is up */

/* A stack of its own, on which a function stands still in its middle. */
struct fiber_ops {
	/* Run @fn(@arg) there, from its beginning or from where it paused: true when it has returned, false when it pauses. */
	bool (*run)(void *fiber, void (*fn)(void *arg), void *arg);
	/* Called by what runs there: run() returns, and the next one goes on here. */
	void (*pause)(void *fiber);
	/* What pauses is never gone on with: the next run() begins. */
	void (*forget)(void *fiber);
};

/* A judgement that may take several calls; zeroed: none is under way. */
struct disk_trial {
	struct disk_trial *next;
	const struct disk_transfer *t;
	uint8_t hook;			/* enum hv_hook */
	uint8_t state;			/* enum trial_state, disk.c's */
	uint8_t verdict;		/* enum hv_verdict */
	bool rewritten;
};

/* Commands of whose data more is to be searched than one call may: one at a time, in the order they came. */
struct disk_long {
	struct judge *judge;		/* beside disk.judge; its pause, each @slice bytes, is disk_pause() of this */
	uint32_t slice;			/* DISK_SLICE; a test's may be another */
	const struct fiber_ops *ops;
	void *fiber;
	struct disk_trial *first;	/* of the line: it runs */
	bool runs;
	uint64_t rest_until_ns;		/* see disk_rest() */
	struct transfer whole;
	struct judgement out;
};

/* One judge for all drives and cards: numbers and limits are the policy's, not a device's. */
struct disk {
	struct judge *judge;
	const struct policy *policy;
	uint64_t *transfers;	/* the number of the last one, of all devices */
	struct disk_long *longer;	/* NULL: any command is judged in one call */
};

enum disk_need disk_need(const struct disk *d, enum hv_hook hook);
/*
 * Judge @t, whose data, when there is any, is our own copy and is rewritten in place: HV_PASS, HV_DROP or
 * HV_DROP_SILENTLY.  *@rewritten says whether the data was changed.  What always fails (ATA_FAILS) is to be asked
 * with HV_HOOK_DISK_CONTROL: the policy's log then tells of it.
 *
 * With @trial, which is of this command alone, HV_WAIT says that this takes longer: to be called again with the same.
 * Each call searches a slice, of this command's data or of one's before it.  @t and its data stay as they are until there
 * is a verdict, or disk_forget().
 */
enum hv_verdict disk_judge(const struct disk *d, enum hv_hook hook, uint64_t now_ns, const struct disk_transfer *t,
			   struct disk_trial *trial, bool *rewritten);
/* Has it begun, and has not been told its verdict? */
bool disk_is_under_way(const struct disk_trial *trial);
/* Is any command under way, whosever it is? */
bool disk_is_searching(const struct disk *d);
/* Nothing is searched before @until_ns: HV_WAIT at once. */
void disk_rest(const struct disk *d, uint64_t until_ns);
bool disk_rests(const struct disk *d, uint64_t now_ns);
/* There will be no verdict, if there was to be one. */
void disk_forget(const struct disk *d, struct disk_trial *trial);
/* judge_set_pause(): @longer is the struct disk_long. */
void disk_pause(void *longer);

#endif
