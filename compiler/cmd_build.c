/*
 * cmd_build.c - hvc build, hvc check
 */
#include "compiler/cmd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/hvc.h"
#include "compiler/seal.h"
#include "policy/field.h"
#include "policy/module.h"

/* JSON is for programs, and goes where nothing else does. */
void print_diags(const struct cmd_options *o, const struct diags *d, FILE *json)
{
	if (o->json)
		diags_print_json(d, json);
	else
		diags_print(d, stderr);
}

static void print_costs(FILE *f, const struct policy *p)
{
	uint64_t a_byte;
	unsigned h;

	for (h = 0; h < HV_HOOKS; h++) {
		if (!policy_has_hook(p, h))
			continue;
		fprintf(f, "%s: at most %" PRIu64 " instructions a transfer", hv_hook_name[h],
			policy_cost(p, h));
		a_byte = policy_cost_per_byte(p, h);
		if (a_byte)
			fprintf(f, " and %" PRIu64 " a byte", a_byte);
		putc('\n', f);
	}
}

/* Is the module's output standard output, "-" or by another name?  Then nothing else is said there. */
static bool module_to_stdout(const struct cmd_options *o)
{
	struct stat out, standard;

	return o->output && (!strcmp(o->output, "-") ||
			     (!stat(o->output, &out) && !fstat(STDOUT_FILENO, &standard) &&
			      out.st_dev == standard.st_dev && out.st_ino == standard.st_ino));
}

static int replaces_source(const char *path)
{
	fprintf(stderr, "hvc: %s: the module would replace a file that it is made from\n", path);
	return EXIT_USAGE;
}

static int write_module(const char *path, const uint8_t *bytes, size_t len)
{
	struct out_file out;

	if (out_open(&out, path))
		return EXIT_USAGE;
	fwrite(bytes, 1, len, out.f);
	return out_commit(&out) ? EXIT_USAGE : 0;
}

/* Why a module that others compiled is refused (@e), or that it is not (NULL). */
static int report_object(const struct cmd_options *o, const struct policy_error *e)
{
	const struct source object = { .path = o->input };
	char insn[32] = "";
	struct diags d;

	if (!o->json) {
		if (e)
			print_load_error(o->input, e);
		return e ? EXIT_WRONG : 0;
	}
	diags_init(&d);
	if (e && e->insn != POLICY_NO_INSN)
		snprintf(insn, sizeof(insn), "instruction %u: ", e->insn);
	if (e)
		diag_error(&d, (struct loc){ .src = &object }, "%s%s%s%s", e->where,
			   e->where[0] ? ": " : "", insn, e->text);
	print_diags(o, &d, module_to_stdout(o) ? stderr : stdout);
	diags_free(&d);
	return e ? EXIT_WRONG : 0;
}

/* What the hypervisor would refuse is never written. */
static int verify_and_write(const struct cmd_options *o, const uint8_t *module, size_t len,
			    bool ours)
{
	struct loaded l;
	int status = load_module(&l, module, len);

	if (l.no_memory) {
		print_load_error(o->input, &l.error);
		status = EXIT_USAGE;
	} else if (status && ours) {
		fprintf(stderr, "hvc: internal error: the module that was made is refused; "
			"please report it with the policy\n");
		print_load_error(o->input, &l.error);
		status = EXIT_WRONG;
	} else if (!ours) {
		status = report_object(o, status ? &l.error : NULL);
	}
	if (!status && o->output) {
		status = write_module(o->output, module, len);
		if (!status && !o->json)
			print_costs(module_to_stdout(o) ? stderr : stdout, l.policy);
	}
	unload(&l);
	return status;
}

static int compile(const struct cmd_options *o, bool check_only)
{
	const struct hvc_options options = { .check_only = check_only, .plain = o->plain };
	struct hvc_result r;
	int status;

	hvc_compile(o->input, &options, &r);
	print_diags(o, &r.diags, module_to_stdout(o) ? stderr : stdout);
	status = r.status;
	if (!status && !check_only)
		status = hvc_has_read(&r, o->output) ? replaces_source(o->output) :
			 verify_and_write(o, r.module, r.module_len, true);
	hvc_free(&r);
	return status;
}

/* A module compiled from C gets its digest; the verifier says whether it may run. */
static int seal(const struct cmd_options *o)
{
	const char *why = NULL;
	uint8_t *object, *module;
	size_t object_len, len;
	int status = EXIT_WRONG;

	if (read_file(o->input, HVB_MAX_FILE, &object, &object_len))
		return EXIT_USAGE;
	if (seal_module(object, object_len, &module, &len, &why)) {
		struct policy_error e = { .insn = POLICY_NO_INSN };

		snprintf(e.text, sizeof(e.text), "%s", why);
		status = report_object(o, &e);
	} else {
		status = verify_and_write(o, module, len, false);
		free(module);
	}
	free(object);
	return status;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && S_ISREG(x.st_mode) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

int cmd_build(const struct cmd_options *o)
{
	if (same_file(o->input, o->output))
		return replaces_source(o->output);
	return is_object(o->input) ? seal(o) : compile(o, false);
}

int cmd_check(const struct cmd_options *o)
{
	return is_object(o->input) ? seal(o) : compile(o, true);
}
