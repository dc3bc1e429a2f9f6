/*
 * hvlog.c - hvlog: read the hypervisor's log from what came over its serial port
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "compiler/hvc.h"
#include "replay/hvlog_view.h"

#define STATUS_READ	0
#define STATUS_BROKEN	1	/* --strict: something is missing or damaged; --counters: there are none */
#define STATUS_IO	2	/* usage; a file that cannot be read; the output cannot be written */
#define FOLLOW_NS	200000000L
#define CHUNK		65536u

static const char usage[] =
"usage: hvlog [FILE...] [options]\n"
"Show the hypervisor's log from a record of its serial port, whatever else is in it.\n"
"\n"
"FILE may be - for standard input, which is read without one.\n"
"\n"
"  -l, --level LEVEL   only lines of this level or above: debug, info, warn, error\n"
"  -c, --counters      instead of the lines the last counters, the largest first\n"
"  -j, --json          objects of JSON, one a line\n"
"  -f, --follow        go on as the file grows\n"
"  -s, --strict        status 1 when lines are missing or damaged\n"
"  -h, --help\n"
"      --version\n"
"\n"
"Exit status: 0 read; 1 --strict and the log is not whole, or --counters and there are none;\n"
"2 usage, a file that cannot be read, or output that cannot be written.\n";

static const struct option long_options[] = {
	{ "level", required_argument, NULL, 'l' },
	{ "counters", no_argument, NULL, 'c' },
	{ "json", no_argument, NULL, 'j' },
	{ "follow", no_argument, NULL, 'f' },
	{ "strict", no_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

struct hvlog {
	enum hvlog_level level;
	bool counters, json, follow, strict, several;
	int status;
};

static void fail(struct hvlog *h, int status, const char *file, const char *what)
{
	fflush(stdout);		/* in the order in which it happened */
	fputs("hvlog: ", stderr);
	put_plain(stderr, file);
	fprintf(stderr, ": %s\n", what);
	if (status > h->status)
		h->status = status;
}

static int complain(const char *text, const char *what)
{
	fputs("hvlog: ", stderr);
	fputs(text, stderr);
	put_plain(stderr, what);
	fputs("; hvlog --help lists the options\n", stderr);
	return STATUS_IO;
}

/* ---- one file ---- */

/*
 * The end of a regular file that may still grow: wait.  False: there is no more.  A file that became shorter
 * was begun anew.
 */
static bool wait_for_more(struct hvlog *h, int fd, const char *file)
{
	const struct timespec a_while = { 0, FOLLOW_NS };
	struct stat st;

	if (!h->follow || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	if (st.st_size < lseek(fd, 0, SEEK_CUR)) {
		fail(h, STATUS_READ, file, "it became shorter: read again from its start");
		lseek(fd, 0, SEEK_SET);
		return true;
	}
	nanosleep(&a_while, NULL);
	return true;
}

static void read_all(struct hvlog *h, int fd, const char *file, struct hvlog_view *v)
{
	static char chunk[CHUNK];
	struct hvlog_splitter splitter = { .len = 0 };

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			fail(h, STATUS_IO, file, strerror(errno));
		if (n < 0 || (n == 0 && !wait_for_more(h, fd, file)))
			break;
		hvlog_feed(&splitter, chunk, (size_t)n, hvlog_view_line, v);
		if (h->follow && fflush(stdout))
			break;
	}
	hvlog_finish(&splitter, hvlog_view_line, v);
	hvlog_view_end(v);
}

static void show_counters(struct hvlog *h, const char *file, struct hvlog_counters *c, const struct hvlog_view *v)
{
	struct hvlog_block *b = hvlog_counters_last(c);

	if (!b) {
		fail(h, STATUS_BROKEN, file, v->lines ? "no counters in this log" : "no log of the hypervisor");
		return;
	}
	if (b == &c->now || c->open || !hvlog_block_whole(&c->now))
		fail(h, h->strict ? STATUS_BROKEN : STATUS_READ, file, "the last counters are not whole");
	if (h->json)
		hvlog_block_json(stdout, b, v->file);
	else
		hvlog_table(stdout, b);
}

static void one_file(struct hvlog *h, const char *file)
{
	static struct hvlog_counters counters;
	struct hvlog_view v = {
		.out = h->counters ? NULL : stdout, .file = h->several ? file : NULL, .level = h->level,
		.json = h->json, .counters = h->counters ? &counters : NULL,
	};
	int fd = strcmp(file, "-") ? open(file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;

	if (fd < 0) {
		fail(h, STATUS_IO, file, strerror(errno));
		return;
	}
	memset(&counters, 0, sizeof(counters));
	if (h->several && !h->json) {
		fputs("==> ", stdout);
		put_plain(stdout, file);
		fputs(" <==\n", stdout);
	}
	read_all(h, fd, file, &v);
	if (h->counters && h->status < STATUS_IO)
		show_counters(h, file, &counters, &v);
	if (h->strict && !hvlog_view_whole(&v)) {
		char text[128];

		snprintf(text, sizeof(text), "not whole: %llu lines missing, %llu damaged",
			 (unsigned long long)v.missing, (unsigned long long)v.damaged);
		fail(h, STATUS_BROKEN, file, text);
	}
	if (fd != STDIN_FILENO)
		close(fd);
}

/* ---- the command line ---- */

static int say(const char *text)
{
	fputs(text, stdout);
	return STATUS_READ;
}

/* -1: go on. */
static int one_option(struct hvlog *h, int c, const char *value)
{
	switch (c) {
	case 'l':
		for (unsigned i = 0; i < HVLOG_LEVELS; i++) {
			if (!strcmp(value, hvlog_level_name[i])) {
				h->level = (enum hvlog_level)i;
				return -1;
			}
		}
		return complain("no such level: ", value);
	case 'c':
		h->counters = true;
		return -1;
	case 'j':
		h->json = true;
		return -1;
	case 'f':
		h->follow = true;
		return -1;
	case 's':
		h->strict = true;
		return -1;
	case 'h':
		return say(usage);
	case 'v':
		return say("hvlog (Sluice) " REPLAY_VERSION "\n");
	default:
		return STATUS_IO;	/* getopt_long() has said what is wrong */
	}
}

static int read_options(struct hvlog *h, int argc, char **argv)
{
	int c, status = -1;

	while (status < 0 && (c = getopt_long(argc, argv, "l:cjfsh", long_options, NULL)) >= 0)
		status = one_option(h, c, optarg);
	if (status >= 0)
		return status;
	h->several = argc - optind > 1;
	if (h->follow && h->several)
		return complain("--follow goes with one FILE, not also ", argv[optind + 1]);
	if (h->follow && h->counters)
		return complain("--follow never ends, and so does not go with ", "--counters");
	return -1;
}

int main(int argc, char **argv)
{
	static char name[] = "hvlog";
	struct hvlog h = { .status = STATUS_READ };
	int status;

	if (argc)
		argv[0] = name;		/* as getopt_long() says it */
	status = read_options(&h, argc, argv);
	if (status < 0) {
		if (optind == argc)
			one_file(&h, "-");
		for (int i = optind; i < argc; i++)
			one_file(&h, argv[i]);
		status = h.status;
	}
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "hvlog: standard output: %s\n", strerror(errno));
		status = STATUS_IO;
	}
	return status;
}
