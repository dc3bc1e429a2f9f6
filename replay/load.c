/*
 * load.c - the policy of a run: compiled in process or read as a module, and loaded
 */
#include "replay/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP	((size_t)1 << 20)

int arena_map(struct arena *a, struct fault *f)
{
	size_t size;

	for (size = LOAD_MAX_ARENA; size >= READ_STEP; size /= 2) {
		void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (base != MAP_FAILED) {
			arena_init(a, base, size);
			return 0;
		}
	}
	return fault_set(f, "out of memory");
}

void arena_unmap(struct arena *a)
{
	if (a->base)
		munmap(a->base, a->size);
	arena_init(a, NULL, 0);
}

/* The whole file, 16-byte aligned by malloc(); it may be a pipe. */
static int read_file(struct loaded *l, const char *path, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room = 0;
	ssize_t got = fd < 0 ? -1 : 1;

	while (got > 0) {
		if (l->file_len == room) {
			uint8_t *larger = realloc(l->file, room = room ? room * 2 : READ_STEP);

			if (!larger)
				break;
			l->file = larger;
		}
		do
			got = read(fd, l->file + l->file_len, room - l->file_len);
		while (got < 0 && errno == EINTR);
		if (got > 0)
			l->file_len += (size_t)got;
		if (l->file_len > HVB_MAX_FILE)
			break;
	}
	if (got < 0)
		fault_set(f, "%s: %s", path, strerror(errno));
	else if (l->file_len > HVB_MAX_FILE)
		fault_set(f, "%s: a policy of more than %u bytes", path, HVB_MAX_FILE);
	else if (got > 0)
		fault_set(f, "%s: out of memory", path);
	if (fd >= 0)
		close(fd);
	return got ? -1 : 0;
}

/* Which rules stand in which hook, and what holds where none decides. */
static int index_rules(struct loaded *l, struct fault *f)
{
	const struct hvb_meta *meta = policy_meta(l->policy);
	uint32_t i, count = policy_rule_count(l->policy);
	int hook;

	for (hook = 0; hook < HV_HOOKS; hook++) {
		l->hook_default[hook] = meta ? (enum hv_verdict)meta->hook_default[hook] : HV_PASS;
		l->rules[hook] = malloc((count ? count : 1) * sizeof(*l->rules[hook]));
		if (!l->rules[hook]) {
			fault_set(f, "out of memory");
			return 2;
		}
	}
	for (i = 0; i < count; i++) {
		const struct hvb_rule *rule = policy_rule(l->policy, i);

		if (rule->hook < HV_HOOKS)
			l->rules[rule->hook][l->rule_count[rule->hook]++] = i;
	}
	return 0;
}

static int load_module(struct loaded *l, const char *path, const uint8_t *module, size_t len,
		       struct fault *f)
{
	struct policy_error e;

	memset(&e, 0, sizeof(e));
	e.insn = POLICY_NO_INSN;
	l->module = module;
	l->module_len = len;
	if (arena_map(&l->arena, f) < 0)
		return 2;
	if (policy_load(&l->arena, module, len, &l->policy, &e) == 0)
		return index_rules(l, f);
	if (e.insn != POLICY_NO_INSN)
		fault_set(f, "%s: %s: instruction %u: %s", path, e.where, e.insn, e.text);
	else
		fault_set(f, "%s: %s%s%s", path, e.where, e.where[0] ? ": " : "",
			  e.text[0] ? e.text : "cannot be loaded");
	return 1;
}

int load_policy(struct loaded *l, const char *path, struct fault *f)
{
	struct hvc_options options = { 0 };
	struct stat st;

	memset(l, 0, sizeof(*l));
	if (!stat(path, &st) && S_ISDIR(st.st_mode)) {
		fault_set(f, "%s: %s", path, strerror(EISDIR));
		return 2;
	}
	if (read_file(l, path, f) < 0)
		return 2;
	if (l->file_len >= 4 && !memcmp(l->file, "\177ELF", 4))
		return load_module(l, path, l->file, l->file_len, f);
	l->is_text = true;
	hvc_compile_text(path, (const char *)l->file, l->file_len, &options, &l->compiled);
	diags_print(&l->compiled.diags, stderr);
	if (l->compiled.status) {
		if (!l->compiled.diags.errors)
			fault_set(f, "%s: cannot be compiled", path);
		return l->compiled.status == 1 ? 1 : 2;
	}
	return load_module(l, path, l->compiled.module, l->compiled.module_len, f);
}

void load_free(struct loaded *l)
{
	int hook;

	if (l->is_text)
		hvc_free(&l->compiled);
	for (hook = 0; hook < HV_HOOKS; hook++)
		free(l->rules[hook]);
	arena_unmap(&l->arena);
	free(l->file);
}
