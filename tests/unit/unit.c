/*
 * unit.c - main() of the unit test programs: runs the suite, prints TAP
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

TCase *unit_case(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return tc;
}

static const char *under(const char *variable, const char *path)
{
	const char *dir = getenv(variable);
	char *s = NULL;

	if (asprintf(&s, "%s/%s", dir ? dir : ".", path) < 0)
		abort();
	return s;
}

const char *unit_source(const char *path)
{
	return under("srcdir", path);
}

const char *unit_build(const char *path)
{
	return under("builddir", path);
}

int main(void)
{
	SRunner *sr = srunner_create(unit_suite());
	int failed;

	srunner_set_tap(sr, "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
