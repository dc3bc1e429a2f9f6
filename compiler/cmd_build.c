/*
 * cmd_build.c - hvc build, hvc check, hvc fmt
 */
#include "compiler/cmd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/fmt.h"
#include "compiler/hvc.h"
#include "policy/field.h"
#include "policy/module.h"

static void print_diags(const struct cmd_options *o, const struct diags *d)
{
	if (o->json)
		diags_print_json(d, stderr);
	else
		diags_print(d, stderr);
}

static void print_costs(const struct policy *p)
{
	uint64_t a_byte;
	unsigned h;

	for (h = 0; h < HV_HOOKS; h++) {
		if (!policy_has_hook(p, h))
			continue;
		printf("%s: at most %" PRIu64 " instructions a transfer", hv_hook_name[h],
		       policy_cost(p, h));
		a_byte = policy_cost_per_byte(p, h);
		if (a_byte)
			printf(" and %" PRIu64 " a byte", a_byte);
		putchar('\n');
	}
}

static int write_module(const char *path, const uint8_t *bytes, size_t len)
{
	struct out_file out;

	if (out_open(&out, path))
		return EXIT_USAGE;
	fwrite(bytes, 1, len, out.f);
	return out_commit(&out) ? EXIT_USAGE : 0;
}

/* What the hypervisor would refuse is never written. */
static int verify_and_write(const struct cmd_options *o, const struct hvc_result *r)
{
	struct loaded l;
	int status = load_module(&l, r->module, r->module_len);

	if (status) {
		fprintf(stderr, "hvc: internal error: the module that was made is refused; "
			"please report it with the policy\n");
		print_load_error(o->input, &l.error);
		status = EXIT_WRONG;
	} else {
		status = write_module(o->output, r->module, r->module_len);
		if (!status)
			print_costs(l.policy);
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
	print_diags(o, &r.diags);
	status = r.status;
	if (!status && !check_only)
		status = verify_and_write(o, &r);
	hvc_free(&r);
	return status;
}

int cmd_build(const struct cmd_options *o)
{
	return compile(o, false);
}

int cmd_check(const struct cmd_options *o)
{
	return compile(o, true);
}

int cmd_fmt(const struct cmd_options *o)
{
	struct out_file out = { .f = stdout };
	struct pool pool = { .limit = 0 };
	struct diags d;
	int status;

	diags_init(&d);
	if (o->in_place && out_open(&out, o->input))
		return EXIT_USAGE;
	status = fmt_file(o->input, &pool, out.f, &d);
	print_diags(o, &d);
	diags_free(&d);
	pool_free(&pool);
	if (!o->in_place)
		return status ? status : fflush(stdout) ? EXIT_USAGE : 0;
	if (!status)
		return out_commit(&out) ? EXIT_USAGE : 0;
	out_abandon(&out);
	return status;
}
