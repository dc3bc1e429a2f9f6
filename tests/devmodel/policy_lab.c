/*
 * policy_lab.c - a policy's text, compiled and loaded, with its judge
 */
#include "tests/devmodel/policy_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/hvc.h"

#define ARENA_BYTES	(8u << 20)

struct lab_policy {
	struct hvc_result compiled;
	void *memory;
	struct arena arena;
};

struct lab_policy *lab_policy_new(const char *text, event_fn *events, struct judge **judge,
				  const struct policy **policy)
{
	struct lab_policy *p = calloc(1, sizeof(*p));
	struct hvc_options options = { 0 };
	struct policy_error error = { 0 };
	struct policy *loaded = NULL;

	if (!p || !(p->memory = aligned_alloc(64, ARENA_BYTES)))
		abort();
	hvc_compile_text("lab.hvrule", text, strlen(text), &options, &p->compiled);
	if (p->compiled.status) {
		printf("Bail out! the test's policy does not compile:\n%s\n", text);
		exit(1);
	}
	arena_init(&p->arena, p->memory, ARENA_BYTES);
	if (policy_load(&p->arena, p->compiled.module, p->compiled.module_len, &loaded, &error) ||
	    judge_create(&p->arena, loaded, events, NULL, judge, &error)) {
		printf("Bail out! the test's policy does not load\n");
		exit(1);
	}
	*policy = loaded;
	return p;
}

struct judge *lab_policy_beside(struct lab_policy *p, const struct judge *first)
{
	struct policy_error error = { 0 };
	struct judge *judge;

	if (judge_create_beside(&p->arena, first, &judge, &error)) {
		printf("Bail out! no room for a second judge\n");
		exit(1);
	}
	return judge;
}

void lab_policy_free(struct lab_policy *p)
{
	if (!p)
		return;
	hvc_free(&p->compiled);
	free(p->memory);
	free(p);
}
