/*
 * sim_medium.c - the sectors of a simulated drive: what was never written has bytes of its own
 */
#include "replay/sim_ahci_parts.h"

#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x7fb5d329728ea185ull;
	x ^= x >> 27;
	x *= 0x81dadef4bc2dd44dull;
	return x ^ x >> 33;
}

/* The bytes that sector @lba was made with: no two sectors alike, none of zeros. */
static void fill(const struct sim_medium *m, uint64_t lba, uint8_t *to)
{
	uint64_t x = mix(lba + 1 + ((uint64_t)m->salt << 56));

	for (uint32_t i = 0; i < m->sector_size; i += 8) {
		memcpy(to + i, &x, 8);
		x = x * 6364136223846793005u + 1442695040888963407u;
	}
}

static struct sim_sector *find(const struct sim_medium *m, uint64_t lba)
{
	struct sim_sector *s = m->buckets ? m->bucket[mix(lba) & (m->buckets - 1)] : NULL;

	while (s && s->lba != lba)
		s = s->next;
	return s;
}

static void grow(struct sim_medium *m)
{
	uint32_t buckets = m->buckets ? m->buckets * 4 : 64;
	struct sim_sector **to = calloc(buckets, sizeof(to[0]));

	if (!to)
		abort();
	for (uint32_t i = 0; i < m->buckets; i++) {
		for (struct sim_sector *s = m->bucket[i], *next; s; s = next) {
			next = s->next;
			s->next = to[mix(s->lba) & (buckets - 1)];
			to[mix(s->lba) & (buckets - 1)] = s;
		}
	}
	free(m->bucket);
	m->bucket = to;
	m->buckets = buckets;
}

static struct sim_sector *make(struct sim_medium *m, uint64_t lba)
{
	struct sim_sector *s = find(m, lba), **bucket;

	if (s)
		return s;
	if (m->count >= m->buckets)
		grow(m);
	s = malloc(sizeof(*s) + m->sector_size);
	if (!s)
		abort();
	bucket = &m->bucket[mix(lba) & (m->buckets - 1)];
	s->lba = lba;
	s->next = *bucket;
	*bucket = s;
	m->count++;
	fill(m, lba, s->bytes);
	return s;
}

void sim_medium_read(const struct sim_medium *m, uint64_t lba, uint8_t *to, uint32_t len)
{
	uint8_t made[4096];

	for (; len; lba++) {
		const struct sim_sector *s = find(m, lba);
		uint32_t n = len < m->sector_size ? len : m->sector_size;

		if (!s)
			fill(m, lba, made);
		memcpy(to, s ? s->bytes : made, n);
		to += n;
		len -= n;
	}
}

void sim_medium_write(struct sim_medium *m, uint64_t lba, const uint8_t *from, uint32_t len)
{
	for (; len; lba++) {
		struct sim_sector *s = make(m, lba);
		uint32_t n = len < m->sector_size ? len : m->sector_size;

		memcpy(s->bytes, from, n);
		from += n;
		len -= n;
	}
}

void sim_medium_clear(struct sim_medium *m)
{
	for (uint32_t i = 0; i < m->buckets; i++) {
		for (struct sim_sector *s = m->bucket[i], *next; s; s = next) {
			next = s->next;
			free(s);
		}
	}
	free(m->bucket);
	m->bucket = NULL;
	m->buckets = m->count = 0;
}

void sim_ahci_medium_read(struct sim_ahci *s, unsigned port, uint64_t lba, uint8_t *to, uint32_t len)
{
	sim_medium_read(&s->port[port].drive.medium, lba, to, len);
}

void sim_ahci_medium_write(struct sim_ahci *s, unsigned port, uint64_t lba, const uint8_t *from, uint32_t len)
{
	sim_medium_write(&s->port[port].drive.medium, lba, from, len);
}

void sim_ahci_medium_clear(struct sim_ahci *s, unsigned port)
{
	sim_medium_clear(&s->port[port].drive.medium);
}

uint64_t sim_ahci_medium_sum(const struct sim_ahci *s, unsigned port)
{
	const struct sim_medium *m = &s->port[port].drive.medium;
	uint8_t made[4096];
	uint64_t sum = 0;

	for (uint32_t i = 0; i < m->buckets; i++) {
		for (const struct sim_sector *at = m->bucket[i]; at; at = at->next) {
			uint64_t x = mix(at->lba);

			fill(m, at->lba, made);
			if (memcmp(made, at->bytes, m->sector_size) == 0)
				continue;	/* written as it was */
			for (uint32_t k = 0; k < m->sector_size; k++)
				x = (x ^ at->bytes[k]) * 1099511628211u;
			sum += mix(x);
		}
	}
	return sum;
}
