/*
 * disk.c - commands before the policy
 */
#include "devmodel/disk.h"

#include "policy/module.h"

enum disk_need disk_need(const struct disk *d, enum hv_hook hook)
{
	if (!policy_has_hook(d->policy, hook))
		return DISK_NEED_NOTHING;
	return policy_needs(d->policy, hook) & (HVB_NEED_CONTENT | HVB_NEED_STREAM) ? DISK_NEED_DATA :
										      DISK_NEED_COMMAND;
}

enum hv_verdict disk_judge(const struct disk *d, enum hv_hook hook, uint64_t now_ns, const struct disk_transfer *t,
			   bool *rewritten)
{
	struct transfer whole = {
		.number = ++*d->transfers, .time_ns = now_ns, .hook = hook, .disk = *t,
	};
	struct judgement j;

	judge_transfer(d->judge, &whole, &j);
	*rewritten = j.rewritten;
	return j.verdict;
}
