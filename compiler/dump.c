/*
 * dump.c - hvc dump: what is in a module, for people
 */
#include "compiler/dump.h"

#include <inttypes.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/cmd.h"
#include "policy/classify.h"
#include "policy/field.h"
#include "policy/match.h"
#include "policy/module.h"
#include "policy/set.h"

static const char *const need_name[] = { "metadata", "headers", "transport", "content", "stream" };

static void dump_hooks(const struct policy *p)
{
	const struct hvb_meta *m = policy_meta(p);
	unsigned h, n, needs;

	for (h = 0; h < HV_HOOKS; h++) {
		if (!policy_has_hook(p, h))
			continue;
		printf("hook %s:", hv_hook_name[h]);
		if (m)
			printf(" default %s,", m->hook_default[h] == HV_PASS ? "pass" : "drop");
		printf(" at most %" PRIu64 " instructions a transfer", policy_cost(p, h));
		if (policy_cost_per_byte(p, h))
			printf(" and %" PRIu64 " a byte", policy_cost_per_byte(p, h));
		printf("; needs");
		needs = policy_needs(p, h);
		for (n = 0; n < sizeof(need_name) / sizeof(need_name[0]); n++)
			if (needs >> n & 1)
				printf(" %s", need_name[n]);
		puts(needs ? "" : " nothing");
	}
}

static void dump_counters(const struct policy *p)
{
	uint32_t i;

	for (i = 0; i < policy_counter_count(p); i++) {
		printf("counter %u: ", i);
		put_plain(stdout, policy_counter_name(p, i));
		putchar('\n');
	}
}

static void dump_maps(const struct dump *d)
{
	const struct dump_section *s = &d->maps;
	struct hvb_map map;
	size_t i;

	for (i = 0; i + sizeof(map) <= s->len; i += sizeof(map)) {
		memcpy(&map, s->bytes + i, sizeof(map));
		printf("map %zu: %s, key %u bytes, value %u bytes, %u entries\n", i / sizeof(map),
		       map.type == HVB_MAP_HASH ? "hash" : "array", map.key_size, map.value_size,
		       map.max_entries);
	}
}

static void dump_sets(struct arena *a, const struct dump_section *s)
{
	struct set_table *t;
	struct policy_error e;
	uint32_t i;

	if (!s->len || set_table_load(a, s->bytes, s->len, &t, &e))
		return;
	for (i = 0; i < set_count(t); i++)
		printf("set %u: %u elements, %u words a key, cost %u\n", i, set_elements(t, i),
		       set_words(t, i), set_cost(t, i));
}

static void dump_classes(struct arena *a, const struct dump_section *s)
{
	struct class_table *t;
	struct policy_error e;
	uint32_t i;

	if (!s->len || class_table_load(a, s->bytes, s->len, &t, &e))
		return;
	for (i = 0; i < class_count(t); i++)
		printf("classifier %u: %u row%s, cost %u\n", i, class_rows(t, i), class_rows(t, i) == 1 ? "" : "s",
		       class_cost(t, i));
}

static void dump_pattern(const struct match_table *t, uint32_t pattern)
{
	static const char *const kind[] = { "literal", "hex", "regex" };
	struct match_plan p;

	match_pattern_plan(t, pattern, &p);
	printf("pattern %u: ", pattern);
	put_plain(stdout, match_pattern_name(t, pattern));
	printf(": %s", p.kind < 3 ? kind[p.kind] : "?");
	if (p.len)
		printf(" of %u bytes%s, compared", p.len, p.fold ? " of either case" : "");
	else if (p.dfa_states)
		printf(", DFA of %u states", p.dfa_states);
	else
		printf(", automaton of %u positions and %u edges, at most %u steps a byte",
		       p.positions, p.edges, p.steps);
	puts(p.anchored ? ", one transfer" : "");
}

static void dump_match(struct arena *a, const struct dump_section *s)
{
	struct match_table *t;
	struct policy_error e;
	uint32_t i;

	if (!s->len || match_table_load(a, s->bytes, s->len, &t, &e))
		return;
	for (i = 0; i < match_pattern_count(t); i++)
		dump_pattern(t, i);
	for (i = 0; i < match_query_count(t); i++)
		printf("query %u: %s, %u patterns, cost %u and %u a byte\n", i,
		       hv_area_name[match_query_area(t, i)], match_query_patterns(t, i),
		       match_query_cost(t, i), match_query_byte_cost(t, i));
}

static void dump_tables(struct dump *d, struct arena *a)
{
	dump_maps(d);
	dump_sets(a, &d->sets);
	dump_classes(a, &d->classes);
	dump_match(a, &d->match);
}

/* 0, or -1 when memory is out. */
static int dump_policy(struct dump *d, const struct loaded *l)
{
	const struct policy *p = l->policy;
	const size_t size = (size_t)256 << 20;
	void *base;
	struct arena a;

	if (policy_meta(p)) {
		fputs("policy \"", stdout);
		put_plain(stdout, policy_name(p));
		printf("\" version %" PRIu64 ", %u rule%s\n", policy_version(p), policy_rule_count(p),
		       policy_rule_count(p) == 1 ? "" : "s");
	} else {
		puts("a module compiled from C");
	}
	printf("memory: %zu bytes fixed at load\n", l->arena.used);
	dump_hooks(p);
	dump_counters(p);
	base = aligned_alloc(16, size);
	if (!base)
		return -1;
	arena_init(&a, base, size);
	dump_tables(d, &a);
	free(base);
	return dump_code(d, p);
}

/* What libelf says, or it was memory. */
static int dump_failed(const struct cmd_options *o)
{
	const char *why = elf_errmsg(0);

	fprintf(stderr, "hvc: %s: %s\n", o->input, why ? why : "out of memory");
	return EXIT_USAGE;
}

int cmd_dump(const struct cmd_options *o)
{
	struct loaded l;
	struct dump d;
	uint8_t *bytes;
	size_t len;
	int status = EXIT_WRONG;

	if (read_file(o->input, HVB_MAX_FILE, &bytes, &len))
		return EXIT_USAGE;
	if (load_module(&l, bytes, len)) {
		print_load_error(o->input, &l.error);
		status = l.no_memory ? EXIT_USAGE : EXIT_WRONG;
	} else if (dump_open(&d, bytes, len)) {
		status = dump_failed(o);
	} else {
		status = dump_policy(&d, &l) ? dump_failed(o) : 0;
		dump_close(&d);
	}
	unload(&l);
	free(bytes);
	return status;
}
