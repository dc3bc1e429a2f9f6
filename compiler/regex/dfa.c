/*
 * dfa.c - subset construction for "is there a match anywhere"
 *
 * A state is the set of positions that the last byte left active, and what kind of byte
 * that was.  Whether a match ended there depends on what comes next, so the
 * transition says it, one symbol late.  Nothing is explored behind a match.
 */
#include "compiler/regex/regex.h"

#include <string.h>

#define MAX_DFA_POSITIONS	2048u
#define SLOTS			4096u	/* of the hash table; power of two, > states */

_Static_assert(SLOTS > 2 * HVM_MAX_DFA_STATES, "the table keeps free slots");

struct subset {
	const struct nfa *nfa;
	struct dfa *dfa;
	uint32_t words;		/* 64-bit words of a state's positions; one more for its context */
	uint64_t *key;		/* by state */
	uint32_t cap;
	uint16_t slot[SLOTS];	/* state + 1 */
	uint8_t byte[HVM_MAX_DFA_SYMBOLS];	/* by symbol: a byte of it */
	uint64_t *work;
};

/* Bytes that no position tells apart (nor a context) become one symbol. */
static void make_symbols(struct subset *s)
{
	struct dfa *d = s->dfa;
	uint32_t n = 1;

	memset(d->map, 0, sizeof(d->map));
	for (uint32_t p = 0; p < s->nfa->count + 3 && n < 256; p++) {
		int fresh[2][256];

		memset(fresh, -1, sizeof(fresh));
		n = 0;
		for (unsigned c = 0; c < 256; c++) {
			bool in = false;

			if (p < s->nfa->count)
				in = hvm_class_has(&s->nfa->set[p], (uint8_t)c);
			else if (s->nfa->contexts)
				in = hvm_after((uint8_t)c) == HVM_AFTER_NL + (p - s->nfa->count);
			if (fresh[in][d->map[c]] < 0)
				fresh[in][d->map[c]] = (int)n++;
			d->map[c] = (uint8_t)fresh[in][d->map[c]];
		}
	}
	for (unsigned c = 0; c < 256; c++)
		s->byte[d->map[c]] = (uint8_t)c;
	d->last_nl = d->map['\n'];
	if (s->nfa->contexts) {
		d->last_nl = n;
		s->byte[n++] = '\n';
	}
	d->symbols = n + 1;	/* the end */
}

static uint32_t hash_key(const uint64_t *key, uint32_t words)
{
	uint64_t h = 0x9e3779b97f4a7c15u;

	for (uint32_t i = 0; i < words; i++) {
		h = (h ^ key[i]) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return (uint32_t)h;
}

/* The number of the state behind the last one, or of its equal; -1: too many. */
static int intern(struct subset *s)
{
	uint32_t words = s->words + 1, n = s->dfa->states;
	const uint64_t *key = s->key + (size_t)n * words;

	for (uint32_t h = hash_key(key, words);; h++) {
		uint16_t *slot = &s->slot[h % SLOTS];

		if (*slot && !memcmp(s->key + (size_t)(*slot - 1) * words, key, words * 8))
			return *slot - 1;
		if (*slot)
			continue;
		if (n == s->cap)
			return -1;
		*slot = (uint16_t)(n + 1);
		s->dfa->states++;
		return (int)n;
	}
}

static bool accepts(const struct subset *s, const uint64_t *key, uint32_t context)
{
	for (uint32_t w = 0; w < s->words; w++) {
		for (uint64_t bits = key[w]; bits; bits &= bits - 1) {
			uint32_t p = w * 64 + (uint32_t)__builtin_ctzll(bits);

			if (s->nfa->accept[p] >> context & 1)
				return true;
		}
	}
	return false;
}

static void follow(struct subset *s, uint32_t from, uint32_t context, uint8_t byte, uint64_t *to)
{
	const struct nfa *n = s->nfa;
	uint32_t end = n->edge_first[from + 1];

	for (uint32_t e = n->edge_first[from]; e < end; e++) {
		uint32_t q = n->edge[e].to;

		if ((n->edge[e].when >> context & 1) && hvm_class_has(&n->set[q], byte))
			to[q >> 6] |= (uint64_t)1 << (q & 63);
	}
	*s->work -= *s->work > end - n->edge_first[from] ? end - n->edge_first[from] : *s->work;
}

/* The transition of @state on @symbol; -1: too many states. */
static int transition(struct subset *s, uint32_t state, uint32_t symbol)
{
	uint32_t words = s->words + 1, context;
	const uint64_t *key = s->key + (size_t)state * words;
	uint64_t *to = s->key + (size_t)s->dfa->states * words;
	uint8_t byte = s->byte[symbol];
	enum hvm_after after = hvm_after(byte);

	if (symbol == s->dfa->symbols - 1)
		after = HVM_AFTER_END;
	else if (s->nfa->contexts && symbol == s->dfa->last_nl)
		after = HVM_AFTER_LAST_NL;
	context = HVM_CONTEXT(key[s->words], after);
	if (accepts(s, key, context))
		return HVM_DFA_ACCEPT;
	if (after == HVM_AFTER_END)
		return 0;
	memset(to, 0, words * 8);
	for (uint32_t w = 0; w < s->words; w++) {
		for (uint64_t bits = key[w]; bits; bits &= bits - 1)
			follow(s, w * 64 + (uint32_t)__builtin_ctzll(bits), context, byte, to);
	}
	follow(s, s->nfa->count, context, byte, to);
	to[s->words] = s->nfa->contexts ? hvm_before(byte) : HVM_BEFORE_START;
	return intern(s);
}

int dfa_build(const struct nfa *n, struct pool *p, uint32_t cap, uint64_t *work,
	      struct dfa *out)
{
	struct subset *s;

	if (n->count > MAX_DFA_POSITIONS || cap > HVM_MAX_DFA_STATES || !cap)
		return -1;
	s = pool_alloc(p, sizeof(*s));
	s->nfa = n;
	s->dfa = out;
	s->words = (n->count + 63) / 64;
	s->cap = cap;
	s->work = work;
	s->key = pool_array(p, (size_t)cap + 1, (size_t)(s->words + 1) * 8);
	out->states = 0;
	make_symbols(s);
	out->next = pool_array(p, (size_t)cap * out->symbols, sizeof(uint16_t));
	s->key[s->words] = HVM_BEFORE_START;
	if (intern(s) < 0)
		return -1;
	for (uint32_t state = 0; state < out->states; state++) {
		for (uint32_t y = 0; y < out->symbols; y++) {
			int to = transition(s, state, y);

			if (to < 0 || !*work)
				return -1;
			out->next[(size_t)state * out->symbols + y] = (uint16_t)to;
		}
	}
	return 0;
}
