/*
 * front.c - the front end alone, for the script tests
 *
 *	front model FILE	the model as text; diagnostics on standard error
 *	front diag FILE		diagnostics on standard output
 *	front json FILE		the same as JSON
 *	front fmt FILE		the policy in canonical form
 * Status 0 accepted, 1 wrong, 2 a file could not be read.
 */
#include <string.h>

#include "compiler/fmt.h"
#include "compiler/hvc.h"
#include "compiler/phase.h"
#include "tests/front/print.h"

static int run(const char *what, const char *path, struct pool *p)
{
	struct diags d;
	struct model *m;
	bool io;

	diags_init(&d);
	if (!strcmp(what, "fmt")) {
		int status = fmt_file(path, p, stdout, &d);

		diags_print(&d, stderr);
		diags_free(&d);
		return status;
	}
	m = front_end(path, NULL, 0, p, &d, &io);
	if (!strcmp(what, "json"))
		diags_print_json(&d, stdout);
	else
		diags_print(&d, !strcmp(what, "diag") ? stdout : stderr);
	if (m && !strcmp(what, "model"))
		model_print(m, stdout);
	diags_free(&d);
	return m ? 0 : io ? 2 : 1;
}

int main(int argc, char **argv)
{
	static struct pool p;
	jmp_buf out;
	int status;

	if (argc != 3)
		return 2;
	p.limit = HVC_MEMORY_LIMIT;
	p.out = &out;
	if (setjmp(out)) {
		fprintf(stderr, "out of memory\n");
		pool_free(&p);
		return 1;
	}
	status = run(argv[1], argv[2], &p);
	pool_free(&p);
	return status;
}
