/*
 * fragment.c - which datagram a fragment belongs to, and what is known of it
 *
 * A bounded table of datagrams whose first fragment was seen.  Later fragments get its
 * transport fields.  Work a frame is bounded: a chain of at most CHAIN_MAX entries, at most
 * RANGES_MAX ranges an entry.  Fragments are not reassembled.  A fragment that is judged
 * EARLY, OVERLAP or IMPOSSIBLE leaves the table as it was: where the policy cares it is
 * dropped, so that what the receiver puts together is what the table says.
 */
#include "policy/error.h"
#include "policy/packet_walk.h"

#define NONE		UINT32_MAX
#define CHAIN_MAX	16	/* entries with the same hash; one more evicts the oldest of them */
#define RANGES_MAX	16	/* gaps that a datagram in flight may have; more count as overlap */
#define TIMEOUT4_NS	(UINT64_C(30) * 1000000000)	/* RFC 791: 15 s and more; Linux: 30 */
#define TIMEOUT6_NS	(UINT64_C(60) * 1000000000)	/* RFC 8200, section 4.5 */
#define DATAGRAM_MAX	65535u

#define TRANSPORT_FIELDS \
	(PRESENT(TCP_SPORT) | PRESENT(TCP_DPORT) | PRESENT(TCP_FLAGS) | PRESENT(TCP_SEQ) | \
	 PRESENT(TCP_WINDOW) | PRESENT(UDP_SPORT) | PRESENT(UDP_DPORT) | PRESENT(L4_SPORT) | \
	 PRESENT(L4_DPORT) | PRESENT(ICMP_TYPE) | PRESENT(ICMP_CODE) | PRESENT(ICMP6_TYPE) | \
	 PRESENT(ICMP6_CODE))
#define TRANSPORT_BYTES	(offsetof(struct hv_ctx, payload_len) - offsetof(struct hv_ctx, tcp_sport))

struct key {
	uint64_t src_hi, src_lo, dst_hi, dst_lo;
	uint64_t id;		/* identification, family, of IPv4 also the protocol */
};

struct range {
	uint32_t start, end;	/* bytes of the fragmentable part, end excluded */
};

struct entry {
	struct key key;
	uint64_t since_ns;	/* arrival of the first fragment */
	uint64_t present;	/* TRANSPORT_FIELDS, and IP_PROTO of IPv6 */
	uint64_t transport[TRANSPORT_BYTES / 8];
	uint64_t ip_proto;
	uint32_t chain;		/* next entry of the bucket, or NONE; of the free ones when free */
	uint32_t older, newer;	/* by since_ns */
	uint32_t total;		/* bytes of the fragmentable part, 0 until the last one was seen */
	uint32_t range_count;	/* at least 1: what is known began with the first fragment */
	uint8_t l4_proto;
	struct range range[RANGES_MAX];	/* ascending, apart from each other */
};

struct frag_table {
	struct entry *entry;
	uint32_t *bucket;	/* first entry of each chain, or NONE */
	uint32_t entries, bucket_mask;
	uint32_t free, oldest, newest;
	uint64_t k0, k1;
	uint64_t evicted;
};

int frag_table_create(struct arena *a, uint32_t entries, struct frag_table **out)
{
	struct frag_table *t;
	uint32_t buckets = 1;

	*out = NULL;
	if (entries == 0 || entries > FRAG_ENTRIES_MAX)
		return POLICY_EINVAL;
	while (buckets < 2 * entries)
		buckets *= 2;
	t = arena_alloc(a, 1, sizeof *t);
	if (t == NULL)
		return POLICY_ENOMEM;
	t->entry = arena_alloc(a, entries, sizeof *t->entry);
	t->bucket = arena_alloc(a, buckets, sizeof *t->bucket);
	if (t->entry == NULL || t->bucket == NULL)
		return POLICY_ENOMEM;
	t->entries = entries;
	t->bucket_mask = buckets - 1;
	frag_table_reset(t);
	*out = t;
	return 0;
}

void frag_table_key(struct frag_table *t, uint64_t k0, uint64_t k1)
{
	frag_table_reset(t);
	t->k0 = k0;
	t->k1 = k1;
}

uint64_t frag_table_evicted(const struct frag_table *t)
{
	return t->evicted;
}

void frag_table_reset(struct frag_table *t)
{
	memset(t->bucket, 0xff, ((size_t)t->bucket_mask + 1) * sizeof *t->bucket);
	t->free = 0;
	for (uint32_t i = 0; i < t->entries; i++)
		t->entry[i].chain = i + 1 < t->entries ? i + 1 : NONE;
	t->oldest = t->newest = NONE;
}

static uint64_t rotate(uint64_t v, int by)
{
	return v << by | v >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

/* SipHash-1-3 of whole words; the length is always the same and left out. */
static uint32_t hash(const struct frag_table *t, const struct key *key)
{
	const uint64_t word[] = { key->src_hi, key->src_lo, key->dst_hi, key->dst_lo, key->id };
	uint64_t v[4] = {
		t->k0 ^ 0x736f6d6570736575, t->k1 ^ 0x646f72616e646f6d,
		t->k0 ^ 0x6c7967656e657261, t->k1 ^ 0x7465646279746573,
	};

	for (unsigned int i = 0; i < sizeof word / sizeof *word; i++) {
		v[3] ^= word[i];
		sip_round(v);
		v[0] ^= word[i];
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]) & t->bucket_mask;
}

/* Take entry @i out of its bucket and of the ages; it is free then. */
static void forget(struct frag_table *t, uint32_t i)
{
	struct entry *e = &t->entry[i];
	uint32_t *link = &t->bucket[hash(t, &e->key)];

	while (*link != i)
		link = &t->entry[*link].chain;
	*link = e->chain;
	*(e->older == NONE ? &t->oldest : &t->entry[e->older].newer) = e->newer;
	*(e->newer == NONE ? &t->newest : &t->entry[e->newer].older) = e->older;
	e->chain = t->free;
	t->free = i;
}

static bool expired(const struct entry *e, uint64_t now)
{
	uint64_t limit = e->key.id >> 63 ? TIMEOUT6_NS : TIMEOUT4_NS;

	return now > e->since_ns && now - e->since_ns > limit;	/* clocks may step back */
}

/* Make room at the cost of entry @i. */
static void evict(struct frag_table *t, uint32_t i, uint64_t now)
{
	if (!expired(&t->entry[i], now))
		t->evicted++;
	forget(t, i);
}

static uint32_t find(const struct frag_table *t, const struct key *key, uint32_t bucket)
{
	uint32_t i = t->bucket[bucket];

	while (i != NONE && memcmp(&t->entry[i].key, key, sizeof *key) != 0)
		i = t->entry[i].chain;
	return i;
}

/* A new entry, the newest, at the head of its chain. */
static struct entry *remember(struct frag_table *t, const struct key *key, uint32_t bucket,
			      uint64_t now)
{
	uint32_t length = 0, last = NONE, i;
	struct entry *e;

	for (i = t->bucket[bucket]; i != NONE; i = t->entry[i].chain) {
		length++;
		last = i;
	}
	if (length >= CHAIN_MAX)
		evict(t, last, now);
	if (t->free == NONE)
		evict(t, t->oldest, now);
	i = t->free;
	e = &t->entry[i];
	t->free = e->chain;
	e->key = *key;
	e->since_ns = now;
	e->total = 0;
	e->range_count = 0;
	e->chain = t->bucket[bucket];
	t->bucket[bucket] = i;
	e->older = t->newest;
	e->newer = NONE;
	*(t->newest == NONE ? &t->oldest : &t->entry[t->newest].newer) = i;
	t->newest = i;
	return e;
}

/* Put @start..@end among the ranges; false when it meets one of them, or there is no room. */
static bool add_range(struct entry *e, uint32_t start, uint32_t end)
{
	struct range *r = e->range;
	uint32_t i = 0, n = e->range_count;
	bool left, right;

	while (i < n && r[i].end <= start)
		i++;
	if (i < n && r[i].start < end)
		return false;
	left = i > 0 && r[i - 1].end == start;
	right = i < n && r[i].start == end;
	if (left && right) {
		r[i - 1].end = r[i].end;
		memmove(&r[i], &r[i + 1], (n - i - 1) * sizeof *r);
		e->range_count--;
	} else if (left) {
		r[i - 1].end = end;
	} else if (right) {
		r[i].start = start;
	} else {
		if (n == RANGES_MAX)
			return false;
		memmove(&r[i + 1], &r[i], (n - i) * sizeof *r);
		r[i] = (struct range){ start, end };
		e->range_count++;
	}
	return true;
}

/* Does the datagram's end as @f tells it contradict what was seen? */
static bool end_moves(const struct entry *e, const struct fragment *f)
{
	uint32_t end = f->offset + f->len, seen = e->range[e->range_count - 1].end;

	if (f->more)
		return e->total != 0 && end >= e->total;
	return (e->total != 0 && end != e->total) || end < seen;
}

static bool is_complete(const struct entry *e)
{
	return e->range_count == 1 && e->range[0].end == e->total;
}

static void keep_transport(struct entry *e, const struct walk *w)
{
	e->present = w->present & (TRANSPORT_FIELDS | PRESENT(IP_PROTO));
	memcpy(e->transport, &w->ctx->tcp_sport, sizeof e->transport);
	e->ip_proto = w->ctx->ip_proto;
	e->l4_proto = w->p->l4_proto;
}

static void inherit(struct walk *w, const struct entry *e)
{
	w->present |= e->present;
	memcpy(&w->ctx->tcp_sport, e->transport, sizeof e->transport);
	if (e->present & PRESENT(IP_PROTO))
		w->ctx->ip_proto = e->ip_proto;
	w->p->l4_proto = e->l4_proto;
}

static bool is_impossible(const struct fragment *f)
{
	return f->impossible || f->len == 0 || (f->more && f->len % 8 != 0) ||
	       (uint64_t)f->ahead + f->offset + f->len > DATAGRAM_MAX;
}

static enum frag_state judge_fragment(struct walk *w, const struct fragment *f)
{
	const struct hv_ctx *ctx = w->ctx;
	struct frag_table *t = w->frags;
	struct key key = {
		ctx->ip_src.hi, ctx->ip_src.lo, ctx->ip_dst.hi, ctx->ip_dst.lo,
		ctx->ip_version == 6 ? ctx->ip_id | UINT64_C(1) << 63
				     : ctx->ip_id | ctx->ip_proto << 32,
	};
	uint32_t bucket, i;
	struct entry *e;

	if (is_impossible(f))
		return FRAG_IMPOSSIBLE;
	if (t == NULL)
		return f->offset > 0 ? FRAG_EARLY : FRAG_FIRST;
	bucket = hash(t, &key);
	i = find(t, &key, bucket);
	if (i != NONE && expired(&t->entry[i], w->time_ns)) {
		forget(t, i);
		i = NONE;
	}
	if (i == NONE) {
		if (f->offset > 0)
			return FRAG_EARLY;
		e = remember(t, &key, bucket, w->time_ns);
		keep_transport(e, w);
		add_range(e, 0, f->len);
		return FRAG_FIRST;
	}
	e = &t->entry[i];
	if (end_moves(e, f))
		return FRAG_IMPOSSIBLE;
	if (!add_range(e, f->offset, f->offset + f->len))
		return FRAG_OVERLAP;
	inherit(w, e);
	if (!f->more)
		e->total = f->offset + f->len;
	if (is_complete(e))
		forget(t, i);
	return FRAG_LATER;
}

void walk_fragment(struct walk *w, const struct fragment *f)
{
	w->p->frag = judge_fragment(w, f);
}
