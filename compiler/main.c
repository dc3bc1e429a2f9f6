/*
 * main.c - hvc: the compiler of .hvrule policies
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/cmd.h"

static const char usage[] =
	"usage: hvc build POLICY -o OUT.hvb   compile a policy, or seal a C module\n"
	"       hvc check POLICY              report what is wrong, write nothing\n"
	"       hvc dump FILE.hvb             show what is in a module\n"
	"       hvc fmt POLICY [-i]           print it in canonical form, or change it\n"
	"options, anywhere:\n"
	"  -o, --output FILE   where build writes\n"
	"  -i, --in-place      fmt changes the file\n"
	"      --json          diagnostics as JSON\n"
	"      --plain         code rule by rule, nothing folded or joined\n"
	"  -h, --help          this text\n"
	"  -V, --version       the version\n"
	"exit status: 0 done, 1 the policy is wrong, 2 usage or I/O\n";

static const struct command {
	const char *name;
	int (*run)(const struct cmd_options *o);
	bool writes;		/* needs -o */
	bool compiles;		/* takes --plain */
	bool diagnoses;		/* takes --json */
} commands[] = {
	{ "build", cmd_build, true, true, true },
	{ "check", cmd_check, false, false, true },
	{ "dump", cmd_dump, false, false, false },
	{ "fmt", cmd_fmt, false, false, true },
};

static int misused(const char *what, const char *which)
{
	fprintf(stderr, "hvc: %s%s; hvc --help lists commands and options\n", what, which);
	return EXIT_USAGE;
}

enum { OPT_JSON = 256, OPT_PLAIN };

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "in-place", no_argument, NULL, 'i' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "plain", no_argument, NULL, OPT_PLAIN },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

/* Options anywhere; *@operands are argv[1] and on.  -1: go on; else the exit status. */
static int take_options(int argc, char **argv, struct cmd_options *o, int *operands)
{
	int c;

	/* "-": operands come in their place, POSIXLY_CORRECT or not */
	while ((c = getopt_long(argc, argv, "-o:ihV", options, NULL)) != -1) {
		switch (c) {
		case 1:
			argv[++*operands] = optarg;
			break;
		case 'o':
			if (o->output)
				return misused("-o is given twice", "");
			o->output = optarg;
			break;
		case 'i':
			o->in_place = true;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case OPT_PLAIN:
			o->plain = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts("hvc (Sluice) " HVC_VERSION);
			return 0;
		default:
			return EXIT_USAGE;	/* getopt_long() has said what is wrong */
		}
	}
	while (optind < argc)
		argv[++*operands] = argv[optind++];
	return -1;
}

/* What could not be said is an error too. */
static int finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	perror("hvc: standard output");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static char name[] = "hvc";
	struct cmd_options o = { 0 };
	int operands = 0, status;
	const struct command *c = commands, *end = commands + sizeof(commands) / sizeof(*commands);

	if (argc)
		argv[0] = name;		/* as getopt_long() says it: not by the way that led here */
	status = take_options(argc, argv, &o, &operands);
	if (status >= 0)
		return finish(status);
	if (!operands)
		return misused("no command", "");
	while (c < end && strcmp(c->name, argv[1]))
		c++;
	if (c == end)
		return misused("no such command: ", argv[1]);
	if (operands != 2)
		return misused(operands < 2 ? "no file for " : "more than one file for ", c->name);
	o.input = argv[2];
	if (c->writes && !o.output)
		return misused("where to? -o FILE is missing", "");
	if (!c->writes && o.output)
		return misused("-o is for build, not for ", c->name);
	if (c->run != cmd_fmt && o.in_place)
		return misused("-i is for fmt, not for ", c->name);
	if (!c->compiles && o.plain)
		return misused("--plain is for build, not for ", c->name);
	if (!c->diagnoses && o.json)
		return misused("--json is not for ", c->name);
	return finish(c->run(&o));
}
