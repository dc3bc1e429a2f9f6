/*
 * policy.c - policy_load(): a module in memory becomes a policy that can be judged by
 */
#include <string.h>

#include "policy/judge_state.h"

static int load_tables(struct arena *a, const struct module *m, struct policy *p,
		       struct policy_error *err)
{
	int rc = 0;

	if (m->sets.len)
		rc = set_table_load(a, m->sets.bytes, m->sets.len, &p->sets, err);
	if (!rc && m->class.len)
		rc = class_table_load(a, m->class.bytes, m->class.len, &p->classes, err);
	if (!rc && m->match.len)
		rc = match_table_load(a, m->match.bytes, m->match.len, &p->matches, err);
	if (!rc && p->matches)
		p->query_count = match_query_count(p->matches);
	return rc;
}

static int take_meta(const struct module *m, struct policy *p, struct policy_error *err)
{
	const struct hvb_meta *meta = m->meta.bytes;
	int rc;

	if (!meta)
		return 0;
	rc = meta_check(meta, m->meta.len, p->query_count, err);
	if (rc)
		return rc;
	p->meta = meta;
	p->strings = meta_rows(meta, &meta->strings);
	p->rules = meta_rows(meta, &meta->rules);
	p->logs = meta_rows(meta, &meta->logs);
	p->parts = meta_rows(meta, &meta->parts);
	p->counters = meta_rows(meta, &meta->counters);
	p->rewrites = meta_rows(meta, &meta->rewrites);
	p->refs = meta_rows(meta, &meta->refs);
	p->bytes = meta_rows(meta, &meta->bytes);
	p->rule_count = meta->rules.count;
	p->log_count = meta->logs.count;
	p->counter_count = meta->counters.count;
	p->rewrite_count = meta->rewrites.count;
	return 0;
}

/* What helpers' constants may be, and what they cost. */
static int fill_tables(struct arena *a, const struct policy *p, struct verify_tables *t)
{
	uint32_t *sets, *classes, *queries;
	uint8_t *words;

	t->sets = p->sets ? set_count(p->sets) : 0;
	t->classes = p->classes ? class_count(p->classes) : 0;
	t->queries = p->query_count;
	t->logs = p->log_count;
	t->counters = p->counter_count;
	t->rewrites = p->rewrite_count;
	t->rules = p->rule_count;
	words = scratch_alloc(a, t->sets, sizeof(*words));
	sets = scratch_alloc(a, t->sets, sizeof(*sets));
	classes = scratch_alloc(a, t->classes, sizeof(*classes));
	queries = scratch_alloc(a, t->queries, sizeof(*queries));
	if (!words || !sets || !classes || !queries)
		return POLICY_ENOMEM;
	for (uint32_t i = 0; i < t->sets; i++) {
		words[i] = set_words(p->sets, i);
		sets[i] = set_cost(p->sets, i);
	}
	for (uint32_t i = 0; i < t->classes; i++)
		classes[i] = class_cost(p->classes, i);
	for (uint32_t i = 0; i < t->queries; i++)
		queries[i] = match_query_cost(p->matches, i);
	t->set_words = words;
	t->set_cost = sets;
	t->class_cost = classes;
	t->query_cost = queries;
	return 0;
}

/* Say where it is in the module, not in the joined code. */
static void place_error(const struct module *m, struct policy_error *err)
{
	const struct module_section *s;
	size_t n = 0;

	if (!err)
		return;
	s = module_section_of(m, err->insn);
	if (!s)		/* no instruction's fault: POLICY_NO_INSN */
		return;
	for (; s->name[n] && n < sizeof(err->where) - 1; n++)
		err->where[n] = s->name[n];
	err->where[n] = '\0';
	err->insn -= s->first;
}

static int verify_module(struct arena *a, const struct module *m, struct policy *p,
			 struct policy_error *err)
{
	struct verify_input in = {
		.insns = m->insns, .insn_count = m->insn_count,
		.maps = m->maps, .map_count = m->map_count,
		.regions = m->regions, .region_count = m->region_count,
	};
	int rc;

	memcpy(in.entry, m->entry, sizeof(in.entry));
	rc = fill_tables(a, p, &in.tables);
	if (rc)
		return policy_fail(err, rc, "", POLICY_NO_INSN,
				   "the arena is too small for the module");
	if (m->insn_count == 0)
		return 0;
	rc = verify(a, &in, &p->program, err);
	if (rc)
		place_error(m, err);
	return rc;
}

static void take_hooks(const struct module *m, struct policy *p)
{
	for (unsigned h = 0; h < HV_HOOKS; h++) {
		p->has_hook[h] = m->entry[h] != POLICY_NO_INSN;
		/* Nobody knows what a C module looks at. */
		p->needs[h] = p->meta ? p->meta->hook_needs[h] : !p->has_hook[h] ? 0 :
			      HVB_NEED_METADATA | HVB_NEED_HEADERS | HVB_NEED_TRANSPORT |
			      HVB_NEED_CONTENT;
	}
	p->maps = m->maps;
	p->map_count = m->map_count;
	p->regions = m->regions;
	p->initial = m->initial;
	p->region_count = m->region_count;
}

static void find_fronts_of_net(struct policy *p)
{
	for (unsigned h = HV_HOOK_NET_OUT; h <= HV_HOOK_NET_IN; h++) {
		const struct program_front *f;
		enum hv_verdict none;

		if (!p->has_hook[h])
			continue;
		f = program_front(p->program, h);
		if (!f->resume || f->limit > class_rows(p->classes, f->classifier) ||
		    !class_reads_only(p->classes, f->classifier, packet_is_first))
			continue;
		none = verdict_of(f->none);
		p->front[h] = (struct net_front){
			.usable = true, .none = none == HV_DROP_SILENTLY ? HV_DROP : none,
			.classifier = f->classifier, .limit = (uint32_t)f->limit,
		};
	}
}

static int load(struct arena *a, const void *module, size_t len, struct policy *p,
		struct policy_error *err)
{
	struct module m;
	int rc = module_open(a, module, len, &m, err);

	if (!rc)
		rc = load_tables(a, &m, p, err);
	if (!rc)
		rc = take_meta(&m, p, err);
	if (!rc)
		rc = module_link(a, &m, err);
	if (!rc)
		rc = verify_module(a, &m, p, err);
	if (rc)
		return rc;
	take_hooks(&m, p);
	find_fronts_of_net(p);
	memcpy(p->digest, m.digest, sizeof(p->digest));
	return 0;
}

int policy_load(struct arena *a, const void *module, size_t len, struct policy **out,
		struct policy_error *err)
{
	size_t mark = arena_mark(a), size = a->size, peak = a->peak;
	struct policy *p = arena_alloc(a, 1, sizeof(*p));
	int rc;

	if (!p)
		return policy_fail(err, POLICY_ENOMEM, "", POLICY_NO_INSN,
				   "the arena is too small for the module");
	a->peak = a->used;
	rc = load(a, module, len, p, err);
	/* Scratch at the far end counts too. */
	a->peak += size - a->size;
	if (a->peak < peak)
		a->peak = peak;
	a->size = size;
	if (rc) {
		arena_release(a, mark);
		return rc;
	}
	*out = p;
	return 0;
}

/* ---- what a policy says of itself ---- */

const char *policy_name(const struct policy *p)
{
	return p->meta ? p->strings + p->meta->name : "";
}

uint64_t policy_version(const struct policy *p)
{
	return p->meta ? p->meta->version : 0;
}

const struct hvb_meta *policy_meta(const struct policy *p)
{
	return p->meta;
}

const char *policy_string(const struct policy *p, uint32_t string)
{
	return p->meta && string < p->meta->strings.count ? p->strings + string : "";
}

uint32_t policy_rule_count(const struct policy *p)
{
	return p->rule_count;
}

const struct hvb_rule *policy_rule(const struct policy *p, uint32_t rule)
{
	return rule < p->rule_count ? &p->rules[rule] : NULL;
}

uint32_t policy_counter_count(const struct policy *p)
{
	return p->counter_count;
}

const char *policy_counter_name(const struct policy *p, uint32_t counter)
{
	return counter < p->counter_count ? policy_string(p, p->counters[counter]) : "";
}

bool policy_has_hook(const struct policy *p, enum hv_hook hook)
{
	return p->has_hook[hook];
}

uint8_t policy_needs(const struct policy *p, enum hv_hook hook)
{
	return p->needs[hook];
}

static bool rewrites_in(const struct policy *p, uint32_t rewrite, enum hv_hook hook)
{
	return p->rules[p->rewrites[rewrite].rule].hook == hook;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* A rewrite's matches are found when the rest is planned, and may be found again when it is written. */
#define SEARCHES	2u

uint64_t policy_cost(const struct policy *p, enum hv_hook hook)
{
	uint64_t cost = program_cost(p->program, hook);		/* 0 where there is no function */

	for (uint32_t i = 0; i < p->rewrite_count; i++)
		if (rewrites_in(p, i, hook))
			cost = add(cost, SEARCHES * match_each_cost(p->matches, p->rewrites[i].query));
	return cost;
}

uint64_t policy_cost_per_byte(const struct policy *p, enum hv_hook hook)
{
	uint64_t cost;

	if (!p->has_hook[hook] || !p->matches)
		return 0;
	cost = match_hook_byte_cost(p->matches, hook);
	for (uint32_t i = 0; i < p->rewrite_count; i++)
		if (rewrites_in(p, i, hook))
			cost = add(cost, SEARCHES * match_each_byte_cost(p->matches, p->rewrites[i].query));
	return cost;
}
