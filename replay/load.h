/*
 * load.h - the policy of a run: compiled in process or read as a module, and loaded
 */
#ifndef REPLAY_LOAD_H
#define REPLAY_LOAD_H

#include "compiler/hvc.h"
#include "policy/judge.h"
#include "replay/fault.h"

#define LOAD_MAX_ARENA	((size_t)4 << 30)	/* bytes of address space for a policy or a judge */

/* Address space of which only what is touched costs memory. */
int arena_map(struct arena *a, struct fault *f);
void arena_unmap(struct arena *a);

struct loaded {
	struct hvc_result compiled;
	bool is_text;
	uint8_t *file;		/* as read */
	size_t file_len;
	const uint8_t *module;	/* of these or of the compiler's bytes */
	size_t module_len;
	struct arena arena;
	struct policy *policy;
	uint32_t *rules[HV_HOOKS];	/* rows of the rules of a hook, in order */
	uint32_t rule_count[HV_HOOKS];
	enum hv_verdict hook_default[HV_HOOKS];
};

/*
 * Load the policy at @path; diagnostics of the compiler go to standard error.  0; 1: the
 * policy is wrong; 2: it cannot be read.  Unless 0, @f is set when standard error does not
 * tell yet.  load_free() follows in any case.
 */
int load_policy(struct loaded *l, const char *path, struct fault *f);
void load_free(struct loaded *l);

#endif
