/*
 * build_match.c - patterns and queries become section .hv.match
 */
#include "compiler/build.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/regex/regex.h"

#define BUCKETS		4096u

/*
 * What DFAs may take in all; patterns beyond that are searched by their positions alone.
 * DFA_WORK bounds the time of subset construction (about 2 ns each).
 */
#define DFA_BYTES	((size_t)16 << 20)
#define DFA_WORK	((uint64_t)1 << 28)
#define DFA_WORK_EACH	((uint64_t)1 << 22)

struct rows {
	uint8_t *bytes;
	size_t count, cap;
};

/* A pattern that has its row; the number of it is its place in the chain's order. */
struct known_pattern {
	const struct pattern *pattern;
	struct re_literal literal, required;	/* bytes in the pool; len 0: none */
	uint32_t row;
	uint32_t asked;		/* the last query that it was a regex of: terms are made once each */
	bool bad;
	struct known_pattern *next;
};

struct known_query {
	uint32_t row;
	struct known_query *next;
};

struct group {
	struct lit_tree *tree[2];
	uint32_t row;
	bool used;
};

struct match_builder {
	struct pool *pool;
	struct diags *d;
	enum regex_plan plan;
	struct rows table[HVM_TABLES];
	struct known_pattern *patterns[BUCKETS];
	struct known_query *queries[BUCKETS];
	uint32_t class_row[BUCKETS];	/* row + 1 of a class with this hash, a cache */
	uint32_t asked;			/* queries so far, the same ones again too */
	struct group group[HV_HOOKS][HV_AREAS];
	uint64_t dfa_work;
};

struct match_builder *match_builder_new(struct pool *p, struct diags *d)
{
	struct match_builder *b = pool_alloc(p, sizeof(*b));

	b->pool = p;
	b->d = d;
	b->dfa_work = DFA_WORK;
	return b;
}

void match_builder_force(struct match_builder *b, enum regex_plan plan)
{
	b->plan = plan;
}

/* @n fresh rows of @table; the number of the first. */
static uint32_t add_rows(struct match_builder *b, enum hvm_tables table, size_t n, void *rows)
{
	struct rows *t = &b->table[table];
	size_t size = hvm_row_size[table], first = t->count;

	if (n > t->cap - t->count) {
		size_t cap = t->count + n > 2 * t->cap ? t->count + n : 2 * t->cap;

		t->bytes = pool_grow(b->pool, t->bytes, t->count, cap, size);
		t->cap = cap;
	}
	if (rows && n)
		memcpy(t->bytes + first * size, rows, n * size);
	t->count += n;
	return (uint32_t)first;
}

static void *row(struct match_builder *b, enum hvm_tables table, uint32_t number)
{
	return b->table[table].bytes + number * hvm_row_size[table];
}

static uint32_t add_bytes(struct match_builder *b, const void *bytes, size_t len)
{
	uint32_t first = add_rows(b, HVM_BYTES, len, NULL);

	if (len)
		memcpy(row(b, HVM_BYTES, first), bytes, len);
	return first;
}

static uint32_t hash_bytes(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 1099511628211u;
	return (uint32_t)(h ^ h >> 32);
}

static uint32_t add_class(struct match_builder *b, const struct hvm_class *c)
{
	uint32_t *slot = &b->class_row[hash_bytes(c, sizeof(*c)) % BUCKETS];

	if (!*slot || memcmp(row(b, HVM_CLASSES, *slot - 1), c, sizeof(*c)))
		*slot = 1 + add_rows(b, HVM_CLASSES, 1, (void *)(uintptr_t)c);
	return *slot - 1;
}

static uint32_t add_edges(struct match_builder *b, const struct nfa *n, uint32_t from)
{
	uint32_t at = n->edge_first[from], count = n->edge_first[from + 1] - at;
	uint32_t first = add_rows(b, HVM_EDGES, count, NULL);
	struct hvm_edge *e = count ? row(b, HVM_EDGES, first) : NULL;

	for (uint32_t i = 0; i < count; i++)
		e[i] = (struct hvm_edge){ n->edge[at + i].to, n->edge[at + i].when };
	return first;
}

static uint32_t add_nfa(struct match_builder *b, const struct nfa *n)
{
	struct hvm_nfa r = { .position_count = n->count };
	struct hvm_class start = { { 0 } };

	r.position_first = add_rows(b, HVM_POSITIONS, n->count, NULL);
	for (uint32_t p = 0; p < n->count; p++) {
		struct hvm_position pos = {
			.class = add_class(b, &n->set[p]),
			.accept = n->accept[p],
			.edge_first = add_edges(b, n, p),
			.edge_count = n->edge_first[p + 1] - n->edge_first[p],
		};

		memcpy(row(b, HVM_POSITIONS, r.position_first + p), &pos, sizeof(pos));
	}
	r.entry_first = add_edges(b, n, n->count);
	r.entry_count = n->edge_first[n->count + 1] - n->edge_first[n->count];
	for (uint32_t e = n->edge_first[n->count]; e < n->edge_first[n->count + 1]; e++) {
		for (int i = 0; i < 4; i++)
			start.bits[i] |= n->set[n->edge[e].to].bits[i];
	}
	r.start_class = add_class(b, &start);
	return add_rows(b, HVM_NFAS, 1, &r);
}

static uint32_t add_dfa(struct match_builder *b, const struct nfa *n, struct pool *work)
{
	size_t room = DFA_BYTES - b->table[HVM_NEXT].count * sizeof(uint16_t);
	uint64_t budget = b->dfa_work < DFA_WORK_EACH ? b->dfa_work : DFA_WORK_EACH;
	uint64_t left = budget;
	struct hvm_dfa r = { 0 };
	struct dfa d;
	size_t cells;
	int error;

	if (b->plan == PLAN_NFA_ONLY || !budget)
		return HVM_NONE;
	error = dfa_build(n, work, HVM_MAX_DFA_STATES, &left, &d);
	b->dfa_work -= budget - left;
	if (error)
		return HVM_NONE;
	cells = (size_t)d.states * d.symbols;
	if (cells * sizeof(uint16_t) > room)
		return HVM_NONE;
	r.next_first = add_rows(b, HVM_NEXT, cells, d.next);
	r.states = d.states;
	r.symbols = d.symbols;
	r.map = add_bytes(b, d.map, sizeof(d.map));
	r.last_nl = d.last_nl;
	return add_rows(b, HVM_DFAS, 1, &r);
}

static struct re_literal keep_literal(struct match_builder *b, const struct re_literal *l)
{
	struct re_literal copy = *l;

	copy.bytes = (uint8_t *)pool_strndup(b->pool, (const char *)l->bytes, l->len);
	return copy;
}

static void add_pattern_row(struct match_builder *b, struct known_pattern *k,
			    const struct compiled *c, struct pool *work)
{
	const char *name = k->pattern->name ? k->pattern->name : "";
	struct hvm_pattern r = { .kind = k->pattern->kind, .nfa = HVM_NONE, .dfa = HVM_NONE };

	r.name = add_bytes(b, name, strnlen(name, HVM_MAX_NAME - 1));
	add_bytes(b, "", 1);
	r.flags = c->anchored ? HVM_ANCHORED : 0;
	if (c->literal.len) {
		k->literal = keep_literal(b, &c->literal);
		r.len = (uint32_t)c->literal.len;
		r.flags |= c->literal.fold ? HVM_FOLD : 0;
	} else {
		if (c->required.len)
			k->required = keep_literal(b, &c->required);
		r.nfa = add_nfa(b, &c->nfa);
		r.dfa = add_dfa(b, &c->nfa, work);
	}
	k->row = add_rows(b, HVM_PATTERNS, 1, &r);
}

static void compile_known(struct match_builder *b, struct known_pattern *k)
{
	struct pool work = { .limit = b->pool->limit };
	jmp_buf out, *outer = b->pool->out;
	struct compiled c;

	if (setjmp(out)) {
		pool_free(&work);
		b->pool->out = outer;
		pool_leave(b->pool, work.why ? work.why : b->pool->why);
	}
	work.out = &out;
	b->pool->out = &out;
	if (pattern_compile(k->pattern, &work, b->d, &c))
		k->bad = true;
	else
		add_pattern_row(b, k, &c, &work);
	b->pool->out = outer;
	pool_free(&work);
}

static struct known_pattern *know_pattern(struct match_builder *b, const struct pattern *pat)
{
	struct known_pattern **bucket = &b->patterns[hash_bytes(&pat, sizeof(pat)) % BUCKETS];
	struct known_pattern *k;

	for (k = *bucket; k; k = k->next) {
		if (k->pattern == pat)
			return k;
	}
	k = pool_alloc(b->pool, sizeof(*k));
	k->pattern = pat;
	k->next = *bucket;
	*bucket = k;
	compile_known(b, k);
	return k;
}

static struct group *use_group(struct match_builder *b, enum hv_hook hook, enum hv_area area)
{
	struct group *g = &b->group[hook][area];
	struct hvm_group r = { .hook = hook, .area = area, .tree = { HVM_NONE, HVM_NONE } };

	if (!g->used) {
		g->used = true;
		g->row = add_rows(b, HVM_GROUPS, 1, &r);
		g->tree[0] = lit_tree_new(b->pool);
		g->tree[1] = lit_tree_new(b->pool);
	}
	return g;
}

static int by_literal(const void *a, const void *b)
{
	const struct hvm_term *x = a, *y = b;

	if (x->fold != y->fold)
		return x->fold < y->fold ? -1 : 1;
	if (x->literal != y->literal)
		return x->literal < y->literal ? -1 : 1;
	return x->pattern < y->pattern ? -1 : x->pattern > y->pattern;
}

static void make_term(struct group *g, const struct known_pattern *k, struct hvm_term *t)
{
	const struct re_literal *l = k->literal.len ? &k->literal : &k->required;

	t->pattern = k->row;
	t->literal = HVM_NONE;
	t->fold = l->fold;
	if (l->len)
		t->literal = lit_tree_add(g->tree[l->fold], l->bytes, l->len);
}

/* Literals by their numbers, where the judge looks them up; each pattern once. */
static uint32_t literal_terms(struct match_builder *b, struct group *g, const struct query *q,
			      struct hvm_term *t)
{
	uint32_t all = 0, kept = 0;

	for (size_t i = 0; i < q->pattern_count; i++) {
		struct known_pattern *k = know_pattern(b, q->patterns[i]);

		if (!k->bad && k->literal.len)
			make_term(g, k, &t[all++]);
	}
	qsort(t, all, sizeof(*t), by_literal);
	for (uint32_t i = 0; i < all; i++) {
		if (!i || t[i].pattern != t[kept - 1].pattern)
			t[kept++] = t[i];
	}
	return kept;
}

/* Regexes as they are written, which says whose rewriting is on top; each once. */
static uint32_t regex_terms(struct match_builder *b, struct group *g, const struct query *q,
			    struct hvm_term *t)
{
	uint32_t n = 0;

	b->asked++;
	for (size_t i = 0; i < q->pattern_count; i++) {
		struct known_pattern *k = know_pattern(b, q->patterns[i]);

		if (k->bad || k->literal.len || k->asked == b->asked)
			continue;
		k->asked = b->asked;
		make_term(g, k, &t[n++]);
	}
	return n;
}

static uint32_t add_terms(struct match_builder *b, struct group *g, const struct query *q,
			  struct hvm_query *r)
{
	struct hvm_term *t = pool_array(b->pool, q->pattern_count + 1, sizeof(*t));

	r->literal_terms = literal_terms(b, g, q, t);
	r->regex_terms = regex_terms(b, g, q, t + r->literal_terms);
	return add_rows(b, HVM_TERMS, (size_t)r->literal_terms + r->regex_terms, t);
}

static bool same_query(struct match_builder *b, uint32_t number, const struct hvm_query *r)
{
	struct hvm_query old;
	size_t terms = (size_t)r->literal_terms + r->regex_terms;

	memcpy(&old, row(b, HVM_QUERIES, number), sizeof(old));
	if (old.literal_terms != r->literal_terms || old.regex_terms != r->regex_terms ||
	    (terms && memcmp(row(b, HVM_TERMS, old.term_first), row(b, HVM_TERMS, r->term_first),
			     terms * sizeof(struct hvm_term))))
		return false;
	old.term_first = r->term_first;
	return !memcmp(&old, r, sizeof(old));
}

uint32_t match_builder_query(struct match_builder *b, enum hv_hook hook, const struct query *q)
{
	struct group *g = use_group(b, hook, q->area);
	struct hvm_query r = { .group = g->row };
	struct known_query **bucket, *k;
	size_t terms;

	if (q->position != POS_ANY) {
		r.position = HVM_WITHIN;
		r.first = q->first;
		r.last = q->position == POS_AT ? q->first : q->last;
		r.every = q->every;
	}
	r.term_first = add_terms(b, g, q, &r);
	terms = (size_t)r.literal_terms + r.regex_terms;
	bucket = &b->queries[(hash_bytes(terms ? row(b, HVM_TERMS, r.term_first) : NULL,
					 terms * sizeof(struct hvm_term)) + r.group) % BUCKETS];
	for (k = *bucket; k; k = k->next) {
		if (same_query(b, k->row, &r)) {
			b->table[HVM_TERMS].count = r.term_first;
			return k->row;
		}
	}
	k = pool_alloc(b->pool, sizeof(*k));
	k->row = add_rows(b, HVM_QUERIES, 1, &r);
	k->next = *bucket;
	*bucket = k;
	return k->row;
}

/* Lay a group's tree out; groups of two hooks with the same literals share it. */
static uint32_t add_tree(struct match_builder *b, struct lit_tree *t)
{
	struct hvm_tree r = { 0 };
	struct hvm_node *nodes;
	uint8_t *labels;

	lit_tree_finish(t, &nodes, &labels, &r.node_count, &r.literal_count);
	if (!r.literal_count)
		return HVM_NONE;
	for (uint32_t i = 0; i < b->table[HVM_TREES].count; i++) {
		struct hvm_tree old;

		memcpy(&old, row(b, HVM_TREES, i), sizeof(old));
		if (old.node_count == r.node_count &&
		    !memcmp(row(b, HVM_NODES, old.node_first), nodes,
			    r.node_count * sizeof(*nodes)) &&
		    !memcmp(row(b, HVM_BYTES, old.label_first), labels, r.node_count))
			return i;
	}
	r.node_first = add_rows(b, HVM_NODES, r.node_count, nodes);
	r.label_first = add_bytes(b, labels, r.node_count);
	return add_rows(b, HVM_TREES, 1, &r);
}

struct blob match_builder_finish(struct match_builder *b)
{
	struct hvm_header h = { .magic = HVM_MAGIC };
	size_t len = sizeof(h);
	uint8_t *out;

	for (unsigned i = 0; i < HV_HOOKS * HV_AREAS; i++) {
		struct group *g = &b->group[i / HV_AREAS][i % HV_AREAS];
		struct hvm_group r;

		if (!g->used)
			continue;
		memcpy(&r, row(b, HVM_GROUPS, g->row), sizeof(r));
		r.tree[0] = add_tree(b, g->tree[0]);
		r.tree[1] = add_tree(b, g->tree[1]);
		memcpy(row(b, HVM_GROUPS, g->row), &r, sizeof(r));
	}
	for (unsigned i = 0; i < HVM_TABLES; i++) {
		h.table[i].offset = (uint32_t)len;
		h.table[i].count = (uint32_t)b->table[i].count;
		len += (b->table[i].count * hvm_row_size[i] + 7) & ~(size_t)7;
	}
	out = pool_alloc(b->pool, len);
	memcpy(out, &h, sizeof(h));
	for (unsigned i = 0; i < HVM_TABLES; i++) {
		if (b->table[i].count)
			memcpy(out + h.table[i].offset, b->table[i].bytes,
			       b->table[i].count * hvm_row_size[i]);
	}
	return (struct blob){ out, len };
}
