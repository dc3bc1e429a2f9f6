/*
 * fuzz_match_load.c - any section .hv.match is refused, or searched within its bounds
 *
 * Input: up to 64 bytes of subject behind their count, then the section.  The section's
 * magic and offsets are put right for half of the inputs, so that more of it is reached.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/match.h"
#include "policy/match_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[4 << 20] __attribute__((aligned(16)));
static uint32_t area_len;

static void check_match(void *arg, const struct match_extent *m)
{
	(void)arg;
	if (m->start > area_len || m->len > area_len - m->start)
		abort();
}

static void search(const struct match_table *t, const uint8_t *area, struct arena *a)
{
	struct match_extent m;
	struct match_plan plan;
	struct match_state *s;
	volatile char sink;

	if (match_state_create(a, t, &s, NULL))
		return;
	match_begin(s, HV_HOOK_NET_OUT, NULL);
	for (unsigned i = 0; i < HV_AREAS; i++)
		match_area(s, i, area, area_len);
	for (uint32_t q = 0; q < match_query_count(t); q++) {
		match_query(s, q);
		if (!match_first(s, q, &m))
			check_match(NULL, &m);
		match_each(s, q, check_match, NULL);
		match_query_cost(t, q);
		match_query_byte_cost(t, q);
	}
	for (uint32_t p = 0; p < match_pattern_count(t); p++) {
		match_pattern_plan(t, p, &plan);
		sink = match_pattern_name(t, p)[0];
		(void)sink;
	}
}

/* Tables one behind the other, of as many rows as the header says (few). */
static void repair(uint8_t *blob, size_t len)
{
	static const uint8_t row[HVM_TABLES] = { 1, sizeof(struct hvm_pattern),
		sizeof(struct hvm_term), sizeof(struct hvm_query), sizeof(struct hvm_group),
		sizeof(struct hvm_tree), sizeof(struct hvm_node), sizeof(struct hvm_nfa),
		sizeof(struct hvm_position), sizeof(struct hvm_edge), sizeof(struct hvm_class),
		sizeof(struct hvm_dfa), 2 };
	struct hvm_header *h = (struct hvm_header *)blob;
	size_t at = sizeof(*h);

	if (len < sizeof(*h) || h->reserved & 1)
		return;
	h->magic = HVM_MAGIC;
	for (unsigned i = 0; i < HVM_TABLES; i++) {
		h->table[i].offset = (uint32_t)at;
		h->table[i].count %= i ? 16 : 1024;
		at += (h->table[i].count * row[i] + 7u) & ~(size_t)7;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct match_table *t;
	struct arena a;
	uint8_t *blob, *area;
	size_t len;

	if (!size)
		return 0;
	area_len = data[0] % 65;
	if (size - 1 < area_len)
		return 0;
	len = size - 1 - area_len;
	blob = malloc(len);
	area = malloc(area_len);
	if (len)
		memcpy(blob, data + 1 + area_len, len);
	if (area_len)
		memcpy(area, data + 1, area_len);
	repair(blob, len);
	arena_init(&a, memory, sizeof(memory));
	if (!match_table_load(&a, blob, len, &t, NULL))
		search(t, area, &a);
	free(blob);
	free(area);
	return 0;
}
