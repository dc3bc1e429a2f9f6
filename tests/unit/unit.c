/*
 * unit.c - main() of the unit test programs: runs the suite, prints TAP
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TCase *unit_case(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return tc;
}

/* What under() gave, until the program ends. */
#define PATHS_MAX	64
static char *path_given[PATHS_MAX];
static unsigned paths;

static const char *under(const char *variable, const char *path)
{
	const char *dir = getenv(variable);
	char *s = NULL;

	if (paths == PATHS_MAX || asprintf(&s, "%s/%s", dir ? dir : ".", path) < 0)
		abort();
	return path_given[paths++] = s;
}

const char *unit_source(const char *path)
{
	return under("srcdir", path);
}

const char *unit_build(const char *path)
{
	return under("builddir", path);
}

static struct {
	const char *name, *why;
} skips[UNIT_SKIPS_MAX];
static int skip_count;

void unit_skip(const char *name, const char *why)
{
	if (skip_count == UNIT_SKIPS_MAX)
		abort();
	skips[skip_count].name = name;
	skips[skip_count++].why = why;
}

/* Skipped tests stand behind Check's, which must not end the list then. */
static void print_tap(const char *path, int run)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;

	if (!f)
		abort();
	while (getline(&line, &room, f) > 0) {
		if (strncmp(line, "1..", 3))
			fputs(line, stdout);
	}
	free(line);
	fclose(f);
	for (int i = 0; i < skip_count; i++)
		printf("ok %d - %s # SKIP %s\n", run + 1 + i, skips[i].name, skips[i].why);
	printf("1..%d\n", run + skip_count);
}

int main(void)
{
	SRunner *sr = srunner_create(unit_suite());
	char path[] = "/tmp/unit-XXXXXX";
	int failed, fd = -1;

	if (skip_count) {
		fd = mkstemp(path);
		if (fd < 0)
			abort();
	}
	srunner_set_tap(sr, skip_count ? path : "-");
	srunner_run_all(sr, CK_SILENT);
	failed = srunner_ntests_failed(sr);
	if (skip_count) {
		print_tap(path, srunner_ntests_run(sr));
		unlink(path);
		close(fd);
	}
	srunner_free(sr);
	while (paths)
		free(path_given[--paths]);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
