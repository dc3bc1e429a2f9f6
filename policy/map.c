/*
 * map.c - hash and array maps of fixed capacity, for programs written in C
 *
 * A hash map is an array of entries and an array of bucket heads; entries never move, so
 * that a pointer a program got stays within its entry.  Buckets are chosen by a keyed hash
 * (SipHash-1-3): who sends packets cannot choose keys that share a bucket without knowing
 * the key.
 */
#include "policy/map.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define MAP_MAX_KEY	64u
#define MAP_MAX_VALUE	4096u
#define NO_ENTRY	UINT32_MAX

struct map {
	uint32_t type, key_size, value_size, max_entries;
	uint32_t stride;	/* bytes of an entry: hash: next, key, value; array: value */
	uint32_t value_at;	/* bytes from an entry's start to its value */
	uint32_t bucket_mask;	/* hash: buckets - 1 */
	uint32_t free;		/* hash: first free entry */
	uint32_t fresh;		/* hash: entries from here on were never used */
	uint32_t *buckets;	/* hash: first entry of each, NO_ENTRY */
	uint8_t *entries;
	uint64_t seed[2];
};

static uint32_t round_up8(uint32_t n)
{
	return (n + 7) & ~7u;
}

static int check(const struct hvb_map *def, struct policy_error *err)
{
	uint64_t bytes;

	if (def->type != HVB_MAP_HASH && def->type != HVB_MAP_ARRAY)
		return policy_fail(err, POLICY_EINVAL, "maps", POLICY_NO_INSN,
				   "map type %u is unknown", def->type);
	if (def->key_size == 0 || def->key_size > MAP_MAX_KEY)
		return policy_fail(err, POLICY_ELIMIT, "maps", POLICY_NO_INSN,
				   "a key of %u bytes; 1 to %u are possible", def->key_size,
				   MAP_MAX_KEY);
	if (def->type == HVB_MAP_ARRAY && def->key_size != 4)
		return policy_fail(err, POLICY_EINVAL, "maps", POLICY_NO_INSN,
				   "an array's key has 4 bytes, not %u", def->key_size);
	if (def->value_size == 0 || def->value_size > MAP_MAX_VALUE)
		return policy_fail(err, POLICY_ELIMIT, "maps", POLICY_NO_INSN,
				   "a value of %u bytes; 1 to %u are possible", def->value_size,
				   MAP_MAX_VALUE);
	/* At most 2^32 entries of less than 2^13 bytes: no overflow. */
	bytes = (uint64_t)def->max_entries * (def->key_size + def->value_size);
	if (def->max_entries == 0 || bytes > HVB_MAX_MAP_BYTES)
		return policy_fail(err, POLICY_ELIMIT, "maps", POLICY_NO_INSN,
				   "a map of %u entries; 1 entry to %u bytes are possible",
				   def->max_entries, HVB_MAX_MAP_BYTES);
	return 0;
}

int map_create(struct arena *a, const struct hvb_map *def, struct map **out,
	       struct policy_error *err)
{
	struct map *m;
	uint32_t buckets = 1;
	int rc = check(def, err);

	if (rc)
		return rc;
	m = arena_alloc(a, 1, sizeof(*m));
	if (!m)
		goto no_memory;
	m->type = def->type;
	m->key_size = def->key_size;
	m->value_size = def->value_size;
	m->max_entries = def->max_entries;
	if (m->type == HVB_MAP_HASH) {
		m->value_at = round_up8(sizeof(uint32_t) + m->key_size);
		while (buckets < m->max_entries)
			buckets *= 2;
		m->bucket_mask = buckets - 1;
		m->buckets = arena_alloc(a, buckets, sizeof(*m->buckets));
		if (!m->buckets)
			goto no_memory;
	}
	m->stride = m->value_at + round_up8(m->value_size);
	m->entries = arena_alloc(a, m->max_entries, m->stride);
	if (!m->entries)
		goto no_memory;
	map_clear(m);
	*out = m;
	return 0;
no_memory:
	return policy_fail(err, POLICY_ENOMEM, "maps", POLICY_NO_INSN,
			   "no memory for a map of %u entries", def->max_entries);
}

void map_seed(struct map *m, const uint8_t seed[MAP_SEED_SIZE])
{
	memcpy(m->seed, seed, sizeof(m->seed));
	map_clear(m);
}

void map_clear(struct map *m)
{
	if (m->type == HVB_MAP_ARRAY) {
		memset(m->entries, 0, (size_t)m->max_entries * m->stride);
		return;
	}
	for (uint32_t i = 0; i <= m->bucket_mask; i++)
		m->buckets[i] = NO_ENTRY;
	m->free = NO_ENTRY;
	m->fresh = 0;
}

uint32_t map_key_size(const struct map *m)
{
	return m->key_size;
}

uint32_t map_value_size(const struct map *m)
{
	return m->value_size;
}

static void sip_round(uint64_t v[4])
{
#define ROTL(x, n)	((x) << (n) | (x) >> (64 - (n)))
	v[0] += v[1];
	v[2] += v[3];
	v[1] = ROTL(v[1], 13) ^ v[0];
	v[3] = ROTL(v[3], 16) ^ v[2];
	v[0] = ROTL(v[0], 32) + v[3];
	v[2] += v[1];
	v[1] = ROTL(v[1], 17) ^ v[2];
	v[3] = ROTL(v[3], 21) ^ v[0];
	v[2] = ROTL(v[2], 32);
#undef ROTL
}

/* SipHash-1-3 (Aumasson and Bernstein); the last word is filled with zeros and the length. */
static uint32_t hash(const struct map *m, const uint8_t *key)
{
	uint64_t v[4] = {
		m->seed[0] ^ 0x736f6d6570736575, m->seed[1] ^ 0x646f72616e646f6d,
		m->seed[0] ^ 0x6c7967656e657261, m->seed[1] ^ 0x7465646279746573,
	};
	uint32_t left = m->key_size;
	uint64_t word;

	for (; left >= 8; left -= 8, key += 8) {
		memcpy(&word, key, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	word = (uint64_t)m->key_size << 56;
	for (uint32_t i = 0; i < left; i++)
		word |= (uint64_t)key[i] << 8 * i;
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	word = v[0] ^ v[1] ^ v[2] ^ v[3];
	return (uint32_t)word & m->bucket_mask;
}

static uint8_t *entry(const struct map *m, uint32_t i)
{
	return m->entries + (size_t)i * m->stride;
}

static uint32_t *entry_next(const struct map *m, uint32_t i)
{
	return (uint32_t *)entry(m, i);
}

/* The link that names the entry of @key, or the link at the end of its chain. */
static uint32_t *find(struct map *m, const void *key)
{
	uint32_t *link = &m->buckets[hash(m, key)];

	while (*link != NO_ENTRY &&
	       memcmp(entry(m, *link) + sizeof(uint32_t), key, m->key_size) != 0)
		link = entry_next(m, *link);
	return link;
}

void *map_lookup(struct map *m, const void *key)
{
	uint32_t i;

	if (m->type == HVB_MAP_ARRAY) {
		memcpy(&i, key, sizeof(i));
		return i < m->max_entries ? entry(m, i) : NULL;
	}
	i = *find(m, key);
	return i == NO_ENTRY ? NULL : entry(m, i) + m->value_at;
}

int map_update(struct map *m, const void *key, const void *value)
{
	uint8_t *v = map_lookup(m, key);
	uint32_t i, *bucket;

	if (v) {
		/* @value may be a part of the map itself. */
		memmove(v, value, m->value_size);
		return 0;
	}
	if (m->type == HVB_MAP_ARRAY)
		return -1;
	if (m->free != NO_ENTRY) {
		i = m->free;
		m->free = *entry_next(m, i);
	} else if (m->fresh < m->max_entries) {
		i = m->fresh++;
	} else {
		return -1;
	}
	bucket = &m->buckets[hash(m, key)];
	/* @key and @value may lie in the very entry, freed before: value first would lose one. */
	memmove(entry(m, i) + sizeof(uint32_t), key, m->key_size);
	memmove(entry(m, i) + m->value_at, value, m->value_size);
	*entry_next(m, i) = *bucket;
	*bucket = i;
	return 0;
}

int map_delete(struct map *m, const void *key)
{
	uint32_t i, *link;

	if (m->type == HVB_MAP_ARRAY)
		return -1;
	link = find(m, key);
	i = *link;
	if (i == NO_ENTRY)
		return -1;
	*link = *entry_next(m, i);
	*entry_next(m, i) = m->free;
	m->free = i;
	return 0;
}
