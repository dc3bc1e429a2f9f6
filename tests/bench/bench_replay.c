/*
 * bench_replay.c - hvreplay with 100 rules beside tcpdump with 100 clauses, on the same capture
 *
 * bench_replay HVREPLAY TCPDUMP; files go into the working folder.  Both programs are started
 * in turn, so that whatever else the machine does falls on both; a row is the median of each.
 * tcpdump writes what it finds to /dev/null, hvreplay judges, logs and counts: 1 in 100 hits.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/report.h"

#define RULES		100u
#define PAIRS		7u
#define CAPTURE		"bench-replay.pcap"
#define CAPTURE_BYTES	(200u << 20)
#define GOAL		(1 / 1.5)	/* at least 1.5 times as fast */

static uint64_t random_state = 1;

static uint32_t bench_random(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % below;
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* The @network of 100 and the port are those of a rule in one frame of a hundred. */
static uint32_t make_frame(uint8_t *f)
{
	static const unsigned sizes[] = { 0, 0, 0, 20, 64, 200, 600, 1400 };
	uint32_t payload = sizes[bench_random(8)];
	unsigned rule = bench_random(RULES);
	bool hit = bench_random(100) == 0;

	memset(f, 0, 54 + payload);
	f[0] = f[6] = 2;
	put16(f + 12, 0x0800);
	f[14] = 0x45;
	put16(f + 16, 40 + payload);
	f[22] = 64;
	f[23] = 6;
	f[26] = 192;
	f[27] = 168;
	f[28] = (uint8_t)bench_random(256);
	f[29] = (uint8_t)bench_random(256);
	f[30] = 10;
	f[31] = (uint8_t)rule;
	f[32] = (uint8_t)bench_random(256);
	f[33] = (uint8_t)bench_random(256);
	put16(f + 34, 1024 + bench_random(60000));
	put16(f + 36, hit ? 10000 + rule : 1 + bench_random(9000));
	f[46] = 0x50;
	f[47] = 0x10;
	return 54 + payload;
}

static void make_capture(void)
{
	uint32_t head[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1 };
	FILE *f = fopen(CAPTURE, "w");
	uint64_t written = 0;
	uint32_t n = 0;

	if (!f || fwrite(head, sizeof(head), 1, f) != 1) {
		perror(CAPTURE);
		exit(1);
	}
	for (; written < CAPTURE_BYTES; n++) {
		uint8_t frame[1500];
		uint32_t len = make_frame(frame);
		uint32_t record[4] = { 1700000000 + n / 10000, n % 10000 * 100, len, len };

		fwrite(record, sizeof(record), 1, f);
		fwrite(frame, len, 1, f);
		written += sizeof(record) + len;
	}
	if (fclose(f)) {
		perror(CAPTURE);
		exit(1);
	}
}

static FILE *create(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

/* The same 100 conditions for both; @three: destination network, protocol and port. */
static void make_rules(const char *policy, const char *filter, bool three)
{
	FILE *p = create(policy), *f = create(filter);
	unsigned i;

	fprintf(p, "policy \"bench\" version 1;\non net in default pass {\n");
	for (i = 0; i < RULES; i++) {
		fprintf(f, "%s", i ? " or " : "");
		if (three) {
			fprintf(p, "\tr%u: ip.dst in 10.%u.0.0/16 and ip.proto == 6 and "
				"l4.dport == %u -> log, drop;\n", i, i, 10000 + i);
			fprintf(f, "(dst net 10.%u.0.0/16 and tcp and dst port %u)", i, 10000 + i);
		} else {
			fprintf(p, "\tr%u: tcp.dport == %u -> log, drop;\n", i, 10000 + i);
			fprintf(f, "tcp dst port %u", 10000 + i);
		}
	}
	fprintf(p, "}\n");
	fputc('\n', f);
	if (fclose(p) | fclose(f)) {
		perror(policy);
		exit(1);
	}
}

/* Seconds that the program takes; its output is thrown away. */
static double run(char *const argv[])
{
	double start = report_seconds();
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "%s failed\n", argv[0]);
		exit(1);
	}
	return report_seconds() - start;
}

static void measure(struct report_row *row, char *hvreplay, char *tcpdump, bool three)
{
	char policy[] = "bench-replay.hvrule", filter[] = "bench-replay.filter";
	char *const ours[] = { hvreplay, policy, CAPTURE, NULL };
	char *const theirs[] = { tcpdump, "-r", CAPTURE, "-F", filter, "-w", "/dev/null", NULL };
	double our_time[PAIRS], their_time[PAIRS];
	unsigned i;

	make_rules(policy, filter, three);
	run(ours);		/* the capture is in memory from here on */
	for (i = 0; i < PAIRS; i++) {
		if (tcpdump[0])
			their_time[i] = run(theirs);
		our_time[i] = run(ours);
	}
	snprintf(row->name, sizeof(row->name), "whole tool, 100 rules of %s, 200 MiB",
		 three ? "three fields" : "one field");
	row->unit = "s";
	row->ours = report_median(our_time, PAIRS);
	row->peer = tcpdump[0] ? report_median(their_time, PAIRS) : REPORT_NONE;
	row->peer_name = tcpdump[0] ? "tcpdump -r -w /dev/null" : NULL;
	row->goal = tcpdump[0] ? GOAL : REPORT_NONE;
}

int main(int argc, char **argv)
{
	struct report_row rows[2];

	if (argc != 3) {
		fprintf(stderr, "usage: bench_replay HVREPLAY TCPDUMP\n");
		return 2;
	}
	report_build();
	make_capture();
	measure(&rows[0], argv[1], argv[2], false);
	measure(&rows[1], argv[1], argv[2], true);
	unlink(CAPTURE);
	return report("replay", rows, 2) ? 1 : 0;
}
