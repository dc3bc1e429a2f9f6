/*
 * lower.c - the back end: rules become programs, tables and a module
 */
#include "compiler/phase.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/emit.h"
#include "compiler/gen.h"
#include "policy/module.h"

/* The hook's rules: their rows, conditions and what they read. */
static struct rule_work *take_rules(struct gen *g, const struct hook_rules *h, uint8_t *needs)
{
	struct rule_work *all = pool_array(g->pool, h->count, sizeof(*all)), *w = all;
	struct ptr_map seen = { 0 };
	const struct rule *r;

	for (r = h->rules; r && !g->failed; r = r->next, w++) {
		g->loc = r->loc;
		w->rule = r;
		w->row = meta_rule(g->meta, r, g->hook);
		w->cond = cond_of(&g->folder, r->condition);
		w->names_command = g->hook == HV_HOOK_DISK_CONTROL && names_command(r->condition);
		*needs |= rule_needs(g, r, &seen);
		g->failed |= g->folder.failed;
	}
	return all;
}

static bool passes(const struct rule *r)
{
	const struct action *a;

	for (a = r->actions; a; a = a->next)
		if (a->kind == ACTION_PASS)
			return true;
	return false;
}

void gen_rule(struct gen *g, struct rule_work *w, struct cond *cond)
{
	uint32_t no = gen_label(g);

	g->rule = w->row;
	g->loc = w->rule->loc;
	g->unknown = !passes(w->rule);
	meta_line(g->meta, g->hook, asm_here(g->code), w->row);
	*VEC_ADD(g->pool, g->marks) = (struct mark){ asm_here(g->code), w->rule->label };
	gen_cond(g, cond, false, no);
	gen_call_row(g, CALL_hv_hit, w->row);
	gen_actions(g, w);
	gen_place(g, no);
}

static void gen_hook(struct gen *g, const struct hook_rules *h, struct image *im)
{
	struct asm_buf *code = pool_alloc(g->pool, sizeof(*code));
	struct rule_work *rules;

	asm_init(code, g->pool);
	memset(&g->query_numbers, 0, sizeof(g->query_numbers));
	g->marks = &im->marks[g->hook];
	rules = take_rules(g, h, &g->meta->head.hook_needs[g->hook]);
	if (g->failed)
		return;
	g->code = code;
	gen_rules(g, rules, h->count);
	if (code->reachable)
		meta_line(g->meta, g->hook, asm_here(code), HVB_NONE);
	asm_const(code, R0, h->default_verdict);
	asm_exit(code);
	if (code->failed)
		gen_fail(g, "the program of this hook is too long: 1048576 instructions at most");
	im->code[g->hook] = code;
}

static size_t rules_of(const struct model *m)
{
	size_t count = 0;
	unsigned h;

	for (h = 0; h < HV_HOOKS; h++)
		count += m->hooks[h].count;
	return count;
}

static void gen_init(struct gen *g, const struct model *m, const struct hvc_options *o,
		     struct pool *p, struct diags *d)
{
	*g = (struct gen){
		.pool = p,
		.diags = d,
		.options = o,
		.sets = set_builder_new(p),
		.classes = class_builder_new(p),
		.match = match_builder_new(p, d),
		.meta = pool_alloc(p, sizeof(*g->meta)),
		.folder = { .pool = p, .diags = d, .plain = o->plain },
	};
	meta_init(g->meta, p, m);
}

static size_t insns_of(const struct image *im)
{
	size_t count = 0;
	unsigned h;

	for (h = 0; h < HV_HOOKS; h++)
		count += im->code[h] ? im->code[h]->insns.count : 0;
	return count;
}

/* The tables, once all programs are made. */
static int finish(struct gen *g, struct image *im)
{
	if (g->failed || g->diags->errors)
		return -1;
	g->loc = (struct loc){ 0 };
	if (insns_of(im) > HVB_MAX_INSNS) {
		gen_fail(g, "the policy's programs are too long: 1048576 instructions at most");
		return -1;
	}
	im->sets = set_builder_finish(g->sets);
	im->classes = class_builder_finish(g->classes);
	im->match = match_builder_finish(g->match);
	if (g->diags->errors)
		return -1;
	im->meta = meta_finish(g->meta);
	return 0;
}

int lower(const struct model *m, const struct hvc_options *o, struct pool *p, struct diags *d,
	  struct image *im)
{
	struct gen *g = pool_alloc(p, sizeof(*g));
	size_t rules = rules_of(m);
	unsigned h;

	if (rules > HVB_MAX_RULES) {
		diag_error(d, (struct loc){ 0 },
			   "%zu rules; a policy has at most %u, counted once a hook", rules,
			   HVB_MAX_RULES);
		return -1;
	}
	gen_init(g, m, o, p, d);
	for (h = 0; h < HV_HOOKS && !g->failed; h++) {
		g->hook = h;
		if (m->hooks[h].present)
			gen_hook(g, &m->hooks[h], im);
	}
	return finish(g, im);
}

int back_end(const struct model *m, const struct hvc_options *o, struct pool *p,
	     struct diags *d, struct blob *out)
{
	struct image *im = pool_alloc(p, sizeof(*im));
	const char *why = NULL;
	int status;

	if (lower(m, o, p, d, im))
		return -1;
	status = emit_elf(im, p, out, &why);
	if (status)
		diag_error(d, (struct loc){ 0 }, "the module cannot be written: %s", why);
	return status;
}
