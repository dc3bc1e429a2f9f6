/*
 * lower_test.c - random policies: optimised code, plain code and the oracle agree, and all
 *		  of it verifies
 *
 * Helpers are this file's own, over a struct world.
 */
#include "tests/unit/unit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/emit.h"
#include "compiler/gen.h"
#include "policy/classify.h"
#include "tests/unit/oracle.h"

#define ARENA_BYTES	((size_t)4 << 20)
#define RULES_MAX	64u
#define QUERIES_MAX	1024u

struct judge {
	const struct world *w;
	struct set_table *sets;
	struct class_table *classes;
	uint8_t hit[RULES_MAX];		/* rules in the order in which they held */
	unsigned hits, logs;
	uint64_t set_field[3];
	unsigned set_fields;
};

/* ---- the match builder, as far as lowering asks it ---- */

struct match_builder {
	const struct query *query[QUERIES_MAX];
	uint32_t count;
};

static struct match_builder queries;

struct match_builder *match_builder_new(struct pool *p, struct diags *d)
{
	queries.count = 0;
	return &queries;
}

uint32_t match_builder_query(struct match_builder *b, enum hv_hook hook, const struct query *q)
{
	ck_assert_uint_lt(b->count, QUERIES_MAX);
	b->query[b->count] = q;
	return b->count++;
}

struct blob match_builder_finish(struct match_builder *b)
{
	return (struct blob){ NULL, 0 };
}

/* ---- diagnostics: the last one is enough ---- */

static char refusal[256];

void diag_error(struct diags *d, struct loc loc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(refusal, sizeof(refusal), fmt, ap);
	va_end(ap);
	d->errors++;
}

/* ---- helpers ---- */

#define HELPER(name) \
	static uint64_t name(struct judge *j, uint64_t a1, uint64_t a2, uint64_t a3, \
			     uint64_t a4, uint64_t a5)

static uint64_t read_bytes(const struct world *w, uint64_t area, uint64_t offset, uint64_t to,
			   uint64_t len)
{
	uint8_t *out = (uint8_t *)(uintptr_t)to;
	uint64_t i;
	int b;

	for (i = 0; i < len; i++) {
		b = world_byte(w, area, offset + i);
		if (b < 0) {
			memset(out, 0, len);
			return 1;
		}
		out[i] = (uint8_t)b;
	}
	return 0;
}

HELPER(do_bytes)
{
	return read_bytes(j->w, a2, a3, a4, a5);
}

HELPER(do_sector)
{
	return read_bytes(j->w, ~a2, a3, a4, a5);
}

HELPER(do_find)
{
	enum truth t = world_find(j->w, queries.query[a2]);

	return t == UNKNOWN ? a3 : t;
}

HELPER(do_in)
{
	return set_has(j->sets, (uint32_t)a2, (const uint64_t *)(uintptr_t)a3);
}

HELPER(do_class)
{
	return class_lookup(j->classes, (uint32_t)a2, (uint32_t)a3, &j->w->ctx);
}

HELPER(do_overlaps)
{
	const struct world *w = j->w;

	return w->ctx.present >> HV_F_DISK_RANGE & 1 &&
	       set_meets(j->sets, (uint32_t)a2, w->range_lo, w->range_hi);
}

HELPER(do_overlaps_range)
{
	return world_overlaps(j->w, a2, a3);
}

HELPER(do_log)
{
	j->logs++;
	return 0;
}

HELPER(do_set_field)
{
	j->set_field[0] = a2;
	j->set_field[1] = a3;
	j->set_field[2] = a4;
	j->set_fields++;
	return 0;
}

HELPER(do_hit)
{
	if (j->hits < RULES_MAX)
		j->hit[j->hits++] = (uint8_t)a2;
	return 0;
}

HELPER(do_nothing)
{
	return 0;
}

helper_fn *const helper_table[] = {
	[CALL_hv_bytes] = do_bytes, [CALL_hv_sector] = do_sector, [CALL_hv_find] = do_find,
	[CALL_hv_in] = do_in, [CALL_hv_class] = do_class, [CALL_hv_overlaps] = do_overlaps,
	[CALL_hv_overlaps_range] = do_overlaps_range, [CALL_hv_log] = do_log,
	[CALL_hv_count] = do_nothing, [CALL_hv_rewrite] = do_nothing,
	[CALL_hv_set_field] = do_set_field, [CALL_hv_event] = do_nothing,
	[CALL_hv_map_lookup] = do_nothing, [CALL_hv_map_update] = do_nothing,
	[CALL_hv_map_delete] = do_nothing, [CALL_hv_hit] = do_hit,
};

/* ---- from a model to a program ---- */

struct built {
	struct pool pool;
	struct arena arena;
	struct image *im;
	const struct program *program;
	struct judge judge;
	struct match_builder queries;
};

static struct diags diags;

static void verify_built(struct built *b, enum hv_hook hook)
{
	const struct asm_buf *code = b->im->code[hook];
	const struct hvb_meta *meta = b->im->meta.bytes;
	struct bpf_insn *insns = code->insns.at;
	uint8_t *words = pool_array(&b->pool, 4096, 1);
	uint32_t *costs = pool_array(&b->pool, QUERIES_MAX, 3 * sizeof(*costs));
	struct verify_input in = { .insns = insns, .insn_count = asm_here(code) };
	struct policy_error e;
	uint32_t i;

	for (i = 0; i < code->calls.count; i++) {
		insns[code->calls.at[i].insn].regs = BPF_SRC_HELPER << 4;
		insns[code->calls.at[i].insn].imm = (int32_t)code->calls.at[i].helper;
	}
	for (i = 0; i < HV_HOOKS; i++)
		in.entry[i] = i == hook ? 0 : POLICY_NO_INSN;
	in.tables = (struct verify_tables){
		.sets = set_count(b->judge.sets),
		.classes = class_count(b->judge.classes),
		.queries = queries.count,
		.logs = meta->logs.count,
		.counters = meta->counters.count,
		.rewrites = meta->rewrites.count,
		.rules = meta->rules.count,
		.set_words = words,
		.set_cost = costs,
		.class_cost = costs,
		.query_cost = costs,
	};
	for (i = 0; i < in.tables.sets; i++)
		words[i] = (uint8_t)set_words(b->judge.sets, i);
	if (verify(&b->arena, &in, &b->program, &e))
		ck_abort_msg("refused at %u: %s", e.insn, e.text);
}

static void build(struct built *b, const struct model *m, enum hv_hook hook, bool plain)
{
	const struct hvc_options o = { .plain = plain };
	struct policy_error e;

	memset(b, 0, sizeof(*b));
	arena_init(&b->arena, aligned_alloc(16, ARENA_BYTES), ARENA_BYTES);
	b->im = pool_alloc(&b->pool, sizeof(*b->im));
	if (lower(m, &o, &b->pool, &diags, b->im))
		ck_abort_msg("refused: %s", refusal);
	ck_assert_int_eq(set_table_load(&b->arena, b->im->sets.bytes, b->im->sets.len,
					&b->judge.sets, &e), 0);
	ck_assert_int_eq(class_table_load(&b->arena, b->im->classes.bytes, b->im->classes.len,
					  &b->judge.classes, &e), 0);
	verify_built(b, hook);
	b->queries = queries;
}

static void discard(struct built *b)
{
	free(b->arena.base);
	pool_free(&b->pool);
}

static uint64_t run(struct built *b, const struct world *w, enum hv_hook hook)
{
	queries = b->queries;
	b->judge.w = w;
	b->judge.hits = 0;
	b->judge.logs = 0;
	return program_run(b->program, hook, &b->judge, &w->ctx);
}

/* As run(), but asking the program's first question beforehand where it has one. */
static uint64_t run_asked(struct built *b, const struct world *w, enum hv_hook hook, bool *asked)
{
	const struct program_front *f = program_front(b->program, hook);
	uint32_t row;

	if (!f->resume)
		return run(b, w, hook);
	*asked = true;
	b->judge.w = w;
	b->judge.hits = 0;
	b->judge.logs = 0;
	row = class_lookup(b->judge.classes, f->classifier, 0, &w->ctx);
	return row >= f->limit ? f->none :
	       program_resume(b->program, hook, &b->judge, &w->ctx, row);
}

static uint64_t verdict_of(const struct action *a)
{
	for (; a; a = a->next) {
		if (a->kind == ACTION_PASS)
			return HV_PASS;
		if (a->kind == ACTION_DROP)
			return HV_DROP;
		if (a->kind == ACTION_DROP_SILENTLY)
			return HV_DROP_SILENTLY;
	}
	return UINT64_MAX;
}

/* Rules that hold, in order, and the verdict. */
static uint64_t expected(const struct model *m, const struct world *w, enum hv_hook hook,
			 struct judge *j)
{
	const struct rule *r;
	uint64_t v;
	uint8_t i = 0;

	j->hits = 0;
	for (r = m->hooks[hook].rules; r; r = r->next, i++) {
		if (!oracle_rule(w, r))
			continue;
		j->hit[j->hits++] = i;
		v = verdict_of(r->actions);
		if (v != UINT64_MAX)
			return v;
	}
	return m->hooks[hook].default_verdict;
}

static bool agree(const struct judge *a, const struct judge *b)
{
	return a->hits == b->hits && !memcmp(a->hit, b->hit, a->hits);
}

/* PASS_NAMED is a pass. */
static uint64_t plain_verdict(uint64_t v)
{
	return v == HV_PASS_NAMED ? HV_PASS : v;
}

/* Returns whether the optimised program could be asked first. */
static bool check_model(uint64_t seed, enum hv_hook hook, unsigned rules, unsigned worlds,
			bool classes)
{
	uint64_t state = seed, want, got, plain;
	struct pool pool = { 0 };
	struct built fast, slow;
	struct judge truth;
	struct model *m = random_model(&pool, &state, hook, rules, classes);
	struct world w;
	bool asked = false;
	unsigned i;

	build(&slow, m, hook, true);
	build(&fast, m, hook, false);
	for (i = 0; i < worlds; i++) {
		random_world(&w, &state, hook);
		want = expected(m, &w, hook, &truth);
		plain = run(&slow, &w, hook);
		got = run(&fast, &w, hook);
		if (plain_verdict(plain) != want || !agree(&truth, &slow.judge))
			ck_abort_msg("seed %llu world %u: plain code is wrong",
				     (unsigned long long)seed, i);
		if (got != plain || !agree(&truth, &fast.judge))
			ck_abort_msg("seed %llu world %u: optimised code is wrong",
				     (unsigned long long)seed, i);
		got = run_asked(&fast, &w, hook, &asked);
		if (got != plain || !agree(&truth, &fast.judge))
			ck_abort_msg("seed %llu world %u: asked first, it is wrong",
				     (unsigned long long)seed, i);
	}
	discard(&fast);
	discard(&slow);
	pool_free(&pool);
	return asked;
}

START_TEST(random_policies_mean_what_the_language_says)
{
	unsigned i;

	/* _i: the hook */
	for (i = 1; i <= 150; i++)
		check_model(i * 7919 + (unsigned)_i, (enum hv_hook)_i, 1 + i % 12, 40,
			    false);
}
END_TEST

START_TEST(longer_policies_with_classifiers_too)
{
	unsigned i;

	for (i = 1; i <= 20; i++)
		check_model(i * 104729 + (unsigned)_i, (enum hv_hook)_i, RULES_MAX, 100, true);
}
END_TEST

START_TEST(a_policy_of_one_classifier_may_be_asked_first)
{
	unsigned h, i, asked = 0;

	for (h = 0; h < HV_HOOKS; h++)
		for (i = 1; i <= 100; i++)
			asked += check_model(i * 15485863 + h, (enum hv_hook)h, 1 + i % 4, 40, true);
	ck_assert_uint_gt(asked, 2);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("lower");
	TCase *tc = unit_case(s, "random");

	tcase_add_loop_test(tc, random_policies_mean_what_the_language_says, 0, HV_HOOKS);
	tcase_add_loop_test(tc, longer_policies_with_classifiers_too, 0, HV_HOOKS);
	tcase_add_test(tc, a_policy_of_one_classifier_may_be_asked_first);
	return s;
}
