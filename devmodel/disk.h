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

/* One judge for all drives and cards: numbers and limits are the policy's, not a device's. */
struct disk {
	struct judge *judge;
	const struct policy *policy;
	uint64_t *transfers;	/* the number of the last one, of all devices */
};

enum disk_need disk_need(const struct disk *d, enum hv_hook hook);
/*
 * Judge @t, whose data, when there is any, is our own copy and is rewritten in place: HV_PASS, HV_DROP or
 * HV_DROP_SILENTLY.  *@rewritten says whether the data was changed.  What always fails (ATA_FAILS) is to be asked
 * with HV_HOOK_DISK_CONTROL: the policy's log then tells of it.
 */
enum hv_verdict disk_judge(const struct disk *d, enum hv_hook hook, uint64_t now_ns, const struct disk_transfer *t,
			   bool *rewritten);

#endif
