/*
 * group.c - the order in which a hook's rules are tried
 */
#include "compiler/gen.h"

void gen_rules(struct gen *g, struct rule_work *w, size_t count)
{
	size_t i;

	for (i = 0; i < count && !g->failed && g->code->reachable; i++)
		if (w[i].cond->kind != COND_FALSE)
			gen_rule(g, &w[i], w[i].cond);
}
