/*
 * build_hash.c - cuckoo hashing with buckets of two: every key in one of four slots
 *
 * With at most two thirds of the slots used, a random walk of a few moves places a key
 * (Fotakis et al.; the threshold is 0.89 for two buckets of two).  Keys that defeat a pair
 * of multipliers get another pair, then a larger table.
 */
#include "compiler/build_hash.h"

#include <string.h>

#define EMPTY		UINT32_MAX
#define MAX_MOVES	500u	/* for one key, then other multipliers */
#define MAX_SEEDS	8u	/* for one size, then a larger table */
#define MAX_DOUBLINGS	3u

/* splitmix64, the usual generator for seeds */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static bool place(struct hash_plan *plan, const uint64_t *mixed, uint32_t key, uint64_t *random)
{
	for (unsigned move = 0; move < MAX_MOVES; move++) {
		uint32_t bucket[2], victim, out;

		for (unsigned i = 0; i < 2; i++) {
			bucket[i] = table_bucket(mixed[key], plan->mult[i], plan->log2);
			for (unsigned s = 0; s < 2; s++) {
				if (plan->slots[bucket[i] + s] == EMPTY) {
					plan->slots[bucket[i] + s] = key;
					return true;
				}
			}
		}
		out = (uint32_t)(next_random(random) >> 62);
		victim = bucket[out >> 1] + (out & 1);
		out = plan->slots[victim];
		plan->slots[victim] = key;
		key = out;
	}
	return false;
}

static bool place_all(struct hash_plan *plan, const uint64_t *mixed, uint32_t n, uint64_t *random)
{
	uint64_t slots = TABLE_SLOTS(plan->log2);

	plan->mult[0] = next_random(random) | 1;
	plan->mult[1] = next_random(random) | 1;
	memset(plan->slots, 0xff, slots * sizeof(plan->slots[0]));
	for (uint32_t key = 0; key < n; key++) {
		if (!place(plan, mixed, key, random))
			return false;
	}
	for (uint64_t s = 0; s < slots; s++) {
		if (plan->slots[s] == EMPTY)
			plan->slots[s] = 0;
	}
	return true;
}

bool hash_plan_make(struct pool *p, const uint64_t *keys, uint32_t n, uint32_t words,
		    struct hash_plan *plan)
{
	uint64_t *mixed = pool_array(p, n, sizeof(*mixed)), random = n;
	uint32_t log2 = 1;

	for (uint32_t i = 0; i < n; i++)
		mixed[i] = table_mix(keys + (size_t)i * words, words);
	while (TABLE_SLOTS(log2) < (uint64_t)n + n / 2)
		log2++;
	for (unsigned larger = 0; larger < MAX_DOUBLINGS; larger++) {
		plan->log2 = log2 + larger;
		if (plan->log2 > TABLE_MAX_LOG2)
			return false;
		plan->slots = pool_array(p, TABLE_SLOTS(plan->log2), sizeof(plan->slots[0]));
		for (unsigned seed = 0; seed < MAX_SEEDS; seed++) {
			if (place_all(plan, mixed, n, &random))
				return true;
		}
	}
	return false;
}
