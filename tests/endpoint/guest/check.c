/*
 * check.c - runs named checks and counts them over both stages
 */
#include "tests/endpoint/guest/check.h"
#include "tests/endpoint/guest/print.h"

struct totals {
	uint32_t passed, failed, skipped;
};

/* Both stages' linker scripts put it at one place. */
extern struct totals totals;

void totals_start(void)
{
	totals = (struct totals){0};
}

void totals_say(void)
{
	say("CHECKS-DONE passed=%u failed=%u skipped=%u\n", totals.passed, totals.failed, totals.skipped);
}

static const char *why_skipped(const struct check *check)
{
	if ((check->flags & HV_ONLY) && !arg("hv"))
		return "only a hypervisor makes this true";
	return check->skip ? check->skip() : NULL;
}

void run_checks(const struct check *checks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct check *check = &checks[i];

		if ((check->flags & ASKED) && !arg_is("with", check->name))
			continue;
		if (arg_value("only") && !arg_is("only", check->name))
			continue;
		const char *skip = why_skipped(check);

		if (skip) {
			totals.skipped++;
			say("ok %s # SKIP %s\n", check->name, skip);
			continue;
		}
		const char *wrong = check->run();

		if (wrong) {
			totals.failed++;
			say("not ok %s: %s\n", check->name, wrong);
		} else {
			totals.passed++;
			say("ok %s\n", check->name);
		}
	}
}
