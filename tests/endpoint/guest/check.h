/*
 * check.h - named checks of the bare guest and how they are told
 */
#ifndef ENDPOINT_GUEST_CHECK_H
#define ENDPOINT_GUEST_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* HV_ONLY: what only a hypervisor makes true; the plain machine skips it. The test's word `hv` says
 * which it is. ASKED: only when the test names it (`with=NAME`): the rig takes part. */
enum { HV_ONLY = 1, ASKED = 2 };

struct check {
	const char *name;
	unsigned flags;
	/* NULL, or what is wrong */
	const char *(*run)(void);
	/* why it is skipped here, or NULL; may be absent */
	const char *(*skip)(void);
};

/* Prints `ok NAME`, `not ok NAME: reason` or `ok NAME # SKIP reason` a check. */
void run_checks(const struct check *checks, size_t count);
void totals_start(void);
void totals_say(void);

#define CHECKS(list) run_checks(list, sizeof(list) / sizeof((list)[0]))

extern const struct check debug_checks[], log_checks[], nmi_checks[], pci_checks[], price_checks[], protect_checks[], state_checks[], svm_checks[],
	smp_checks[], timer_checks[];
extern const size_t debug_check_count, log_check_count, nmi_check_count, pci_check_count, price_check_count, protect_check_count, state_check_count, svm_check_count,
	smp_check_count, timer_check_count;

#endif
