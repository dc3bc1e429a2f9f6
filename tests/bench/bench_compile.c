/*
 * bench_compile.c - how long a large policy compiles, and what memory that takes
 *
 * 10,000 rules, of which half look at headers alone and half search a pattern each; 10,000
 * patterns, of which eight in ten are literals, one is hex, one a regex; a set of 100,000
 * addresses from a file.  It compiles in a process of its own, whose peak is the row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler/hvc.h"
#include "tests/bench/bench_policy.h"

#define RULES		10000u
#define PATTERNS	10000u
#define ELEMENTS	100000u
#define TRIES		3u

static const char set_file[] = "addresses.txt", pattern_file[] = "patterns.txt";

static void word(FILE *f, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		fputc('a' + (int)bench_random(26), f);
}

static void write_pattern(FILE *f, unsigned i)
{
	switch (i % 10) {
	case 8:
		fputs("{ 4D 5A", f);
		for (unsigned k = 0; k < 6; k++)
			fprintf(f, " %02x", (unsigned)bench_random(256));
		fputs(" ?? [2-6] 50 45 }", f);
		break;
	case 9:
		fputs("/\\b", f);
		word(f, 6);
		fputs("[0-9]{2,4}=(", f);
		word(f, 4);
		fputs("|", f);
		word(f, 5);
		fputs(")/", f);
		break;
	default:
		fputs("\"", f);
		word(f, 8 + (unsigned)bench_random(16));
		fputs("\"", f);
	}
}

static void write_set(FILE *f)
{
	for (unsigned i = 0; i < ELEMENTS; i++)
		fprintf(f, "%u.%u.%u.%u\n", 1 + (unsigned)bench_random(223),
			(unsigned)bench_random(256), (unsigned)bench_random(256),
			(unsigned)bench_random(256));
}

/* Half of the patterns stand in the policy, one a rule; the others come from a file. */
static void write_policy(FILE *f)
{
	fprintf(f, "policy \"large\" version 1;\nset bad = file \"%s\";\n"
		"patterns malware = file \"%s\";\n", set_file, pattern_file);
	for (unsigned i = 0; i < PATTERNS / 2; i++) {
		fprintf(f, "pattern p%u = ", i);
		write_pattern(f, i);
		fputs(";\n", f);
	}
	fputs("on net out default pass {\n"
	      "bad: ip.dst in bad -> log, drop;\n"
	      "malware: payload has any malware -> log alert, drop;\n", f);
	for (unsigned i = 2; i < RULES; i++) {
		if (i % 2 && i / 2 < PATTERNS / 2)
			fprintf(f, "r%u: tcp.dport == %u and payload has p%u -> log;\n", i,
				1 + (unsigned)bench_random(65535), i / 2);
		else
			fprintf(f, "r%u: ip.dst in %u.%u.0.0/16 and ip.proto == 6 and "
				"l4.dport == %u -> log;\n", i, 1 + (unsigned)bench_random(223),
				(unsigned)bench_random(256), 1 + (unsigned)bench_random(65535));
	}
	fputs("}\n", f);
}

static void write_file(const char *dir, const char *name, void (*body)(FILE *f))
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		exit(2);
	}
	body(f);
	fclose(f);
}

static void write_patterns(FILE *f)
{
	for (unsigned i = PATTERNS / 2; i < PATTERNS; i++) {
		fprintf(f, "m%u = ", i);
		write_pattern(f, i);
		fputc('\n', f);
	}
}

/* Compile in a child; its peak in MiB, or REPORT_NONE. */
static double compile_once(const char *path)
{
	struct rusage usage;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct hvc_result r;

		hvc_compile(path, NULL, &r);
		if (r.status)
			diags_print(&r.diags, stderr);
		_exit(r.status);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0) {
		fprintf(stderr, "bench-policy: the large policy does not compile\n");
		return REPORT_NONE;
	}
	return (double)usage.ru_maxrss / 1024;
}

size_t bench_compile(struct report_row rows[BENCH_COMPILE_ROWS])
{
	static const char policy_file[] = "large.hvrule";
	const char *names[] = { set_file, pattern_file, policy_file };
	const char *tmp = getenv("TMPDIR");
	char dir[200], path[300];
	double seconds[TRIES], peak = 0;

	snprintf(dir, sizeof(dir), "%s/bench-policy-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir)) {
		perror(dir);
		return 0;
	}
	write_file(dir, set_file, write_set);
	write_file(dir, pattern_file, write_patterns);
	write_file(dir, policy_file, write_policy);
	snprintf(path, sizeof(path), "%s/%s", dir, policy_file);
	for (unsigned i = 0; i < TRIES; i++) {
		double start = report_seconds(), mib = compile_once(path);

		seconds[i] = mib < 0 ? 1e9 : report_seconds() - start;
		peak = mib < 0 ? 1e9 : mib > peak ? mib : peak;
	}
	for (unsigned i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
	rows[0] = (struct report_row){
		.name = "compile 10000 rules, 10000 patterns, a set of 100000", .unit = "s",
		.ours = report_median(seconds, TRIES), .goal = 5,
	};
	rows[1] = (struct report_row){
		.name = "the same, memory at its peak", .unit = "MiB", .ours = peak, .goal = 1024,
	};
	return 2;
}
