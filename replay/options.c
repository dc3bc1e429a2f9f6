/*
 * options.c - the command line of hvreplay
 */
#include "replay/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATUS_USAGE	2

static const char usage[] =
"usage: hvreplay POLICY TRACE... [options]\n"
"Judge recorded packets and disk commands by a policy; say what it would have done.\n"
"\n"
"POLICY is a .hvrule text or a .hvb module.  TRACE is a pcap or pcapng capture, a disk\n"
"trace, a dm-log-writes log or a raw disk image, or - for standard input.\n"
"\n"
"  -l, --local ADDR,...   the endpoint's addresses (IP, MAC): what they send goes out\n"
"  -e, --events FILE      every event as a line of JSON\n"
"  -w, --write FILE       the traffic, or the disk trace, as the policy lets it through\n"
"  -r, --record FILE      the input as a disk trace\n"
"  -x, --expect FILE      compare with the expected verdicts and show what differs\n"
"  -V, --verdicts FILE    the verdicts in the form that --expect reads\n"
"  -f, --format FORMAT    auto, pcap, pcapng, log, image\n"
"  -j, --jobs N           judge up to N inputs at once\n"
"  -s, --disk-sectors N   the drive has N sectors, where the input does not say (logs)\n"
"  -q, --quiet            no summary\n"
"  -h, --help\n"
"      --version\n"
"\n"
"FILE may be - for standard output.  Exit status: 0 judged; 1 the policy is wrong or the\n"
"verdicts are not the expected ones; 2 usage, or a file that cannot be read or written.\n";

static const struct option long_options[] = {
	{ "local", required_argument, NULL, 'l' },
	{ "events", required_argument, NULL, 'e' },
	{ "write", required_argument, NULL, 'w' },
	{ "record", required_argument, NULL, 'r' },
	{ "expect", required_argument, NULL, 'x' },
	{ "verdicts", required_argument, NULL, 'V' },
	{ "format", required_argument, NULL, 'f' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "disk-sectors", required_argument, NULL, 's' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

static int complain(const char *text, const char *what)
{
	fprintf(stderr, "hvreplay: %s%s; hvreplay --help lists the options\n", text, what);
	return STATUS_USAGE;
}

static int set_local(struct options *o, const char *list)
{
	const char *bad;
	int len;

	if (!locals_add(&o->locals, list, &bad, &len))
		return -1;
	if (o->locals.count == LOCALS_MAX)
		fprintf(stderr, "hvreplay: --local: more than %u addresses\n", LOCALS_MAX);
	else
		fprintf(stderr, "hvreplay: --local: \"%.*s\" is neither an IP nor a MAC address\n",
			len, bad);
	return STATUS_USAGE;
}

static int set_format(struct options *o, const char *name)
{
	int f;

	for (f = 0; f < READER_FORMATS; f++) {
		if (!strcmp(name, reader_format_name[f])) {
			o->format = (enum reader_format)f;
			return -1;
		}
	}
	return complain("no such format: ", name);
}

static int set_jobs(struct options *o, const char *text)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || !n || n > OPTIONS_MAX_JOBS)
		return complain("--jobs: not a number from 1 to 64: ", text);
	o->jobs = (unsigned)n;
	return -1;
}

/* Decimal, or hexadecimal behind 0x. */
static int set_disk_sectors(struct options *o, const char *text)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(digits, &end, hex ? 16 : 10);
	if (!isxdigit((unsigned char)digits[0]) || (hex && tolower(digits[1]) == 'x') ||
	    *end || errno || !n || n > OPTIONS_MAX_SECTORS)
		return complain("--disk-sectors: not a number from 1 to 2^48: ", text);
	o->disk_sectors = n;
	return -1;
}

static int set_path(const char **path, const char *value, const char *name)
{
	if (*path)
		return complain(name, " is given twice");
	if (!value[0])
		return complain(name, " needs the name of a file");
	*path = value;
	return -1;
}

/* --help and --version */
static int say(const char *text)
{
	if (fputs(text, stdout) >= 0 && !fflush(stdout))
		return 0;
	fprintf(stderr, "hvreplay: standard output: %s\n", strerror(errno));
	return STATUS_USAGE;
}

static int one_option(struct options *o, int c, const char *value)
{
	switch (c) {
	case 'l':
		return set_local(o, value);
	case 'e':
		return set_path(&o->events, value, "--events");
	case 'w':
		return set_path(&o->write, value, "--write");
	case 'r':
		return set_path(&o->record, value, "--record");
	case 'x':
		return set_path(&o->expect, value, "--expect");
	case 'V':
		return set_path(&o->verdicts, value, "--verdicts");
	case 'f':
		return set_format(o, value);
	case 'j':
		return set_jobs(o, value);
	case 's':
		return set_disk_sectors(o, value);
	case 'q':
		o->quiet = true;
		return -1;
	case 'h':
		return say(usage);
	case 'v':
		return say("hvreplay (Sluice) " REPLAY_VERSION "\n");
	default:
		return STATUS_USAGE;	/* getopt_long() has said what is wrong */
	}
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	if (!strcmp(a, b))
		return true;
	return strcmp(a, "-") && strcmp(b, "-") && !stat(a, &x) && !stat(b, &y) &&
	       S_ISREG(x.st_mode) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* An output must be no input, and no two outputs the same file. */
static int check_outputs(const struct options *o)
{
	const char *const out[] = { o->events, o->write, o->record, o->verdicts };
	unsigned i, k;

	for (i = 0; i < 4; i++) {
		if (!out[i])
			continue;
		for (k = i + 1; k < 4; k++)
			if (out[k] && same_file(out[i], out[k]) && strcmp(out[i], "/dev/null"))
				return complain("two outputs go to ", out[i]);
		for (k = 0; k < o->input_count; k++)
			if (strcmp(out[i], "-") && same_file(out[i], o->inputs[k]))
				return complain("an output would replace the input ", out[i]);
		if (same_file(out[i], o->policy) || (o->expect && same_file(out[i], o->expect)))
			return complain("an output would replace the input ", out[i]);
	}
	return -1;
}

static int check(const struct options *o)
{
	unsigned i, standard = 0;

	if (!o->policy)
		return complain("a POLICY and at least one TRACE are needed", "");
	if (!o->input_count)
		return complain("at least one TRACE is needed", "");
	for (i = 0; i < o->input_count; i++)
		standard += !strcmp(o->inputs[i], "-");
	if (standard > 1)
		return complain("standard input is named twice", "");
	if ((o->write || o->record) && o->input_count > 1)
		return complain("--write and --record take one TRACE", "");
	return check_outputs(o);
}

int options_read(struct options *o, int argc, char **argv)
{
	static char name[] = "hvreplay";
	int c, status, operands = 0;

	if (argc)
		argv[0] = name;		/* as getopt_long() says it */
	memset(o, 0, sizeof(*o));
	o->jobs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	if (!o->jobs || o->jobs > OPTIONS_MAX_JOBS)
		o->jobs = 1;
	/* "-": operands come in their place, POSIXLY_CORRECT or not */
	while ((c = getopt_long(argc, argv, "-l:e:w:r:x:V:f:j:s:qh", long_options, NULL)) != -1) {
		if (c == 1) {
			argv[++operands] = optarg;
			continue;
		}
		status = one_option(o, c, optarg);
		if (status >= 0)
			return status;
	}
	while (optind < argc)
		argv[++operands] = argv[optind++];
	o->policy = operands ? argv[1] : NULL;
	o->inputs = argv + 2;
	o->input_count = operands > 1 ? (unsigned)operands - 1 : 0;
	return check(o);
}
