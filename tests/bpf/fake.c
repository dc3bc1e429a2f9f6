/*
 * fake.c - helpers that depend on nothing but their arguments, maps of one value, and the
 * reader of test files
 */
#include "tests/bpf/fake.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bpf/asm.h"

uint32_t map_key_size(const struct map *m)
{
	return m->key_size;
}

uint32_t map_value_size(const struct map *m)
{
	return m->value_size;
}

/* hv_bytes, hv_sector: byte n of any area is area + 3n; offsets over 2^16 fail. */
static uint64_t fake_bytes(struct judge *j, uint64_t ctx, uint64_t area, uint64_t offset,
			   uint64_t buf, uint64_t size)
{
	uint8_t *to = (uint8_t *)(uintptr_t)buf;

	for (uint64_t n = 0; n < size; n++)
		to[n] = offset > 65536 ? 0 : (uint8_t)(area + 3 * (offset + n));
	return offset <= 65536;
}

static uint64_t fake_pair(struct judge *j, uint64_t ctx, uint64_t a, uint64_t b, uint64_t c,
			  uint64_t d)
{
	return 1000 + a;
}

static uint64_t fake_in(struct judge *j, uint64_t ctx, uint64_t set, uint64_t key, uint64_t c,
			uint64_t d)
{
	return *(const uint64_t *)(uintptr_t)key & 1;
}

static uint64_t fake_class(struct judge *j, uint64_t ctx, uint64_t class, uint64_t from, uint64_t c,
			   uint64_t d)
{
	return from + 1;
}

static uint64_t fake_event(struct judge *j, uint64_t ctx, uint64_t severity, uint64_t text,
			   uint64_t size, uint64_t d)
{
	return ((const uint8_t *)(uintptr_t)text)[size - 1];
}

static uint64_t fake_lookup(struct judge *j, uint64_t map, uint64_t key, uint64_t b, uint64_t c,
			    uint64_t d)
{
	struct map *m = (struct map *)(uintptr_t)map;

	return *(const uint8_t *)(uintptr_t)key ? (uintptr_t)m->value : 0;
}

static uint64_t fake_update(struct judge *j, uint64_t map, uint64_t key, uint64_t value, uint64_t c,
			    uint64_t d)
{
	struct map *m = (struct map *)(uintptr_t)map;

	memcpy(m->value, (const void *)(uintptr_t)value, m->value_size);
	return 0;
}

static uint64_t fake_delete(struct judge *j, uint64_t map, uint64_t key, uint64_t b, uint64_t c,
			    uint64_t d)
{
	return UINT64_MAX;
}

helper_fn *const helper_table[] = {
	NULL, fake_bytes, fake_bytes, fake_pair, fake_in, fake_class, fake_pair, fake_pair,
	fake_pair, fake_pair, fake_pair, fake_pair, fake_event, fake_lookup, fake_update,
	fake_delete, fake_pair,
};

void fake_init(struct fake *f)
{
	static const uint8_t words[4] = { 1, 2, 3, 16 };

	memset(f, 0, sizeof(*f));
	f->ctx.size = sizeof(f->ctx);
	memcpy(f->set_words, words, sizeof(words));
	for (int i = 0; i < 4; i++) {
		f->set_cost[i] = 100;
		f->class_cost[i] = 200;
		f->query_cost[i] = 300;
	}
	f->in = (struct verify_input){
		.insns = f->insns, .maps = f->maps, .regions = f->regions,
		.tables = { 4, 4, 4, 4, 4, 4, 4, f->set_words, f->set_cost, f->class_cost,
			    f->query_cost },
	};
	for (int h = 1; h < HV_HOOKS; h++)
		f->in.entry[h] = POLICY_NO_INSN;
}

int fake_add_map(struct fake *f, uint32_t key_size, uint32_t value_size)
{
	uint32_t n = f->in.map_count;

	if (n == FAKE_MAX_MAPS || value_size > sizeof(f->map[n].value))
		return -1;
	f->map[n].key_size = key_size;
	f->map[n].value_size = value_size;
	for (uint32_t i = 0; i < value_size; i++)
		f->map[n].value[i] = (uint8_t)(i + 1);
	f->maps[n] = &f->map[n];
	f->in.map_count++;
	return 0;
}

int fake_add_region(struct fake *f, uint32_t size, bool writable)
{
	uint32_t n = f->in.region_count;

	if (n == FAKE_MAX_REGIONS || size > FAKE_REGION_SIZE)
		return -1;
	for (uint32_t i = 0; i < size; i++)
		f->bytes[n][i] = (uint8_t)(i + 1);
	f->regions[n] = (struct data_region){ f->bytes[n], size, writable };
	f->in.region_count++;
	return 0;
}

static int take_insn(struct fake *f, const char *s)
{
	int slots;

	if (f->in.insn_count + 2 > FAKE_MAX_INSNS)
		return -1;
	slots = asm_line(s, &f->insns[f->in.insn_count]);
	f->in.insn_count += (uint32_t)slots;
	return slots ? 0 : -1;
}

/* One line of a test file; -1 when it is none. */
static int take_line(struct fake *f, struct fake_expect *e, const char *s)
{
	unsigned a, b;
	unsigned long long n;
	char word[32];

	/* most lines; each sscanf() is slow under sanitizers */
	if (isdigit((unsigned char)s[1]) || s[0] == 'i' || s[0] == '*')
		return take_insn(f, s);
	if (sscanf(s, "map %u %u", &a, &b) == 2)
		return fake_add_map(f, a, b);
	if (sscanf(s, "region %u %31s", &a, word) == 2)
		return fake_add_region(f, a, strcmp(word, "rw") == 0);
	if (sscanf(s, "ctx %u %31s", &a, word) == 2) {
		if (a > sizeof(f->ctx) - 8)
			return -1;
		n = strtoull(word, NULL, 0);
		memcpy((char *)&f->ctx + a, &n, 8);
		return 0;
	}
	if (sscanf(s, "entry %u %u", &a, &b) == 2) {
		f->in.entry[a < HV_HOOKS ? a : 0] = b;
		return 0;
	}
	if (sscanf(s, "result %31s", word) == 1) {
		e->result = strtoull(word, NULL, 0);
		return 0;
	}
	if (sscanf(s, "cost %llu", &n) == 1) {
		e->has_cost = true;
		e->cost = n;
		return 0;
	}
	if (sscanf(s, "refused at %u: %159[^\n]", &e->at, e->text) == 2) {
		e->refused = true;
		return 0;
	}
	return take_insn(f, s);
}

int fake_read(struct fake *f, struct fake_expect *e, const char *path, int *line)
{
	FILE *in = fopen(path, "r");
	char s[512];
	int rc = 0;

	fake_init(f);
	memset(e, 0, sizeof(*e));
	*line = 0;
	if (in == NULL)
		return -1;
	while (rc == 0 && fgets(s, sizeof(s), in)) {
		char *p = s, *comment = strchr(s, ';');

		++*line;
		if (comment)
			*comment = 0;
		s[strcspn(s, "\n")] = 0;
		while (isspace((unsigned char)*p))
			p++;
		if (*p == '#' && e->claim[0] == 0)
			snprintf(e->claim, sizeof(e->claim), "%.150s", p + 1 + (p[1] == ' '));
		else if (*p && *p != '#')
			rc = take_line(f, e, p);
	}
	fclose(in);
	return rc;
}
