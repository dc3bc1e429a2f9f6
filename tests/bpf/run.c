/*
 * run.c - each file named *.bpf in the folders given is one test of verifier and interpreter
 *
 * Arguments are files or folders; without any, the folder is $srcdir/tests/bpf/cases and, when it
 * is set, $BPF_VECTORS (what vectors.py has generated).
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bpf/fake.h"
#include "tests/bpf/model.h"

#define ARENA_SIZE (8u << 20)

static int number, failures;

static void report(bool ok, const char *path, const char *claim, const char *why)
{
	const char *name = strrchr(path, '/');

	printf("%sok %d - %s: %s\n", ok ? "" : "not ", ++number, name ? name + 1 : path, claim);
	if (!ok)
		printf("# %s\n", why);
	failures += !ok;
}

/* NULL when all is as expected, else what is not. */
static const char *check(struct fake *f, const struct fake_expect *e, struct arena *a)
{
	static char why[512];
	struct policy_error err = { 0 };
	const struct program *p;
	struct fake *copy;
	uint64_t got, model = 0;
	const char *fault;
	int rc = verify(a, &f->in, &p, &err);

	if (e->refused && (rc == 0 || err.insn != e->at || !strstr(err.text, e->text))) {
		snprintf(why, sizeof(why), "wanted: refused at %u: %s; got %d at %u: %s", e->at,
			 e->text, rc, err.insn, err.text);
		return why;
	}
	if (e->refused)
		return NULL;
	if (rc) {
		snprintf(why, sizeof(why), "refused at %u: %s", err.insn, err.text);
		return why;
	}
	copy = malloc(sizeof(*copy));
	model_copy(copy, f);
	fault = model_run(copy, HV_HOOK_NET_OUT, &model, NULL, NULL);
	free(copy);
	got = program_run(p, HV_HOOK_NET_OUT, NULL, &f->ctx);
	if (got != e->result || fault || model != got) {
		snprintf(why, sizeof(why), "wanted 0x%llx, got 0x%llx, the model 0x%llx %s",
			 (unsigned long long)e->result, (unsigned long long)got,
			 (unsigned long long)model, fault ? fault : "");
		return why;
	}
	if (e->has_cost && program_cost(p, HV_HOOK_NET_OUT) != e->cost) {
		snprintf(why, sizeof(why), "wanted cost %llu, got %llu", (unsigned long long)e->cost,
			 (unsigned long long)program_cost(p, HV_HOOK_NET_OUT));
		return why;
	}
	return NULL;
}

static void run_file(const char *path, struct fake *f, void *memory)
{
	struct fake_expect e;
	struct arena a;
	const char *why;
	int line;

	if (fake_read(f, &e, path, &line)) {
		char text[64];

		snprintf(text, sizeof(text), "line %d is wrong", line);
		report(false, path, e.claim, text);
		return;
	}
	arena_init(&a, memory, ARENA_SIZE);
	why = check(f, &e, &a);
	report(why == NULL, path, e.claim, why);
}

static void run_folder(const char *root, const char *folder, struct fake *f, void *memory)
{
	char pattern[4096];
	glob_t g;

	snprintf(pattern, sizeof(pattern), "%s%s/*.bpf", root ? root : ".", folder);
	if (glob(pattern, 0, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++)
			run_file(g.gl_pathv[i], f, memory);
	globfree(&g);
}

int main(int argc, char **argv)
{
	struct fake *f = malloc(sizeof(*f));
	void *memory = aligned_alloc(16, ARENA_SIZE);

	if (argc == 1)
		run_folder(getenv("srcdir"), "/tests/bpf/cases", f, memory);
	if (argc == 1 && getenv("BPF_VECTORS"))
		run_folder(getenv("BPF_VECTORS"), "", f, memory);
	for (int i = 1; i < argc; i++)
		if (strstr(argv[i], ".bpf"))
			run_file(argv[i], f, memory);
		else
			run_folder(argv[i], "", f, memory);
	if (number == 0)
		report(false, "", "there are files to run", "none found; is srcdir set?");
	printf("1..%d\n", number);
	free(f);
	free(memory);
	return failures != 0;
}
