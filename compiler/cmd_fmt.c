/*
 * cmd_fmt.c - hvc fmt
 */
#include "compiler/cmd.h"

#include <sys/stat.h>

#include "compiler/fmt.h"
#include "compiler/hvc.h"

static int format(const struct cmd_options *o, FILE *out)
{
	struct pool pool = { 0 };
	struct diags d;
	int status;

	diags_init(&d);
	status = fmt_file(o->input, &pool, out, &d);
	print_diags(o, &d, stderr);
	diags_free(&d);
	pool_free(&pool);
	return status;
}

int cmd_fmt(const struct cmd_options *o)
{
	struct out_file out;
	struct stat st;
	int status;

	if (is_object(o->input)) {
		fprintf(stderr, "hvc: %s: a module has no text to format; hvc dump shows what is in it\n", o->input);
		return EXIT_WRONG;
	}
	if (!o->in_place)
		return format(o, stdout);
	if (!stat(o->input, &st) && !S_ISREG(st.st_mode)) {
		fprintf(stderr, "hvc: %s: only a file can be changed in place\n", o->input);
		return EXIT_USAGE;
	}
	if (out_open(&out, o->input))
		return EXIT_USAGE;
	status = format(o, out.f);
	if (!status)
		return out_commit(&out) ? EXIT_USAGE : 0;
	out_abandon(&out);
	return status;
}
