/*
 * set_test.c - sets against trying every element, and what sizes they take
 */
#include <time.h>

#include "compiler/build.h"
#include "policy/set.h"
#include "policy/table_format.h"
#include "tests/unit/tables.h"
#include "tests/unit/unit.h"

/* A set as the front end makes it. */
static struct set *set_new(struct pool *p, unsigned arity, const enum value_type *types,
			   size_t room)
{
	struct set *s = pool_alloc(p, sizeof(*s));

	s->arity = arity;
	s->types = pool_array(p, arity, sizeof(*s->types));
	memcpy(s->types, types, arity * sizeof(*types));
	s->elements = pool_array(p, room + 1, sizeof(*s->elements));
	return s;
}

static void add(struct pool *p, struct set *s, const struct value *lo, const struct value *hi)
{
	struct element *e = &s->elements[s->count++];

	e->lo = pool_array(p, s->arity, sizeof(*lo));
	e->hi = pool_array(p, s->arity, sizeof(*hi));
	memcpy(e->lo, lo, s->arity * sizeof(*lo));
	memcpy(e->hi, hi, s->arity * sizeof(*hi));
	s->source_count++;
}

static int compare_values(const struct value *a, const struct value *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

static int compare_elements(const void *a, const void *b)
{
	const struct element *x = a, *y = b;

	return compare_values(x->lo, y->lo);
}

/* Scalars: sorted, disjoint, merged, as the contract of struct set says. */
static void normalise(struct set *s)
{
	size_t n = 0;

	qsort(s->elements, s->count, sizeof(*s->elements), compare_elements);
	for (size_t i = 0; i < s->count; i++) {
		struct element *e = &s->elements[i], *last = n ? &s->elements[n - 1] : NULL;
		struct value next = {0};

		if (last) {
			next = *last->hi;
			next.hi += ++next.lo == 0;
		}
		if (last && last->hi->family == e->lo->family &&
		    (compare_values(e->lo, last->hi) <= 0 || compare_values(e->lo, &next) == 0)) {
			if (compare_values(e->hi, last->hi) > 0)
				*last->hi = *e->hi;
			continue;
		}
		s->elements[n++] = *e;
	}
	s->count = n;
}

static uint32_t key_of(const struct set *s, const struct value *v, uint64_t *key)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < s->arity; i++) {
		if (s->types[i] == TYPE_IP || s->types[i] == TYPE_IP4) {
			key[n++] = v[i].family;
			key[n++] = v[i].hi;
		}
		key[n++] = v[i].lo;
	}
	return n;
}

static bool naive(const struct set *s, const struct value *v)
{
	for (size_t i = 0; i < s->count; i++) {
		unsigned c = 0;

		while (c < s->arity && compare_values(&s->elements[i].lo[c], &v[c]) <= 0 &&
		       compare_values(&v[c], &s->elements[i].hi[c]) <= 0)
			c++;
		if (c == s->arity)
			return true;
	}
	return false;
}

static bool naive_meets(const struct set *s, uint64_t lo, uint64_t hi)
{
	for (size_t i = 0; i < s->count; i++) {
		if (lo <= hi && s->elements[i].lo->lo <= hi && s->elements[i].hi->lo >= lo)
			return true;
	}
	return false;
}

static struct set_table *load(struct section *s)
{
	struct set_table *t = NULL;
	struct policy_error err;

	ck_assert_msg(set_table_load(&s->arena, s->bytes, s->len, &t, &err) == 0, "%s", err.text);
	return t;
}

static struct section build(struct pool *p, const struct set *const *sets, unsigned count)
{
	struct set_builder *b = set_builder_new(p);

	for (unsigned i = 0; i < count; i++)
		ck_assert_uint_eq(set_builder_add(b, sets[i]), i);
	for (unsigned i = 0; i < count; i++)
		ck_assert_uint_eq(set_builder_add(b, sets[i]), i);
	return section_new(set_builder_finish(b));
}

static struct value random_scalar(enum value_type type, uint64_t *seed)
{
	struct value v = { .lo = below(seed, 2) ? below(seed, 300) : rnd(seed) >> below(seed, 64) };

	if (below(seed, 30) == 0)
		v.lo = UINT64_MAX;
	if (type == TYPE_MAC) {
		v.family = 48;
		v.lo &= 0xffffffffffff;
	} else if (type == TYPE_IP4 || (type == TYPE_IP && below(seed, 2))) {
		v.family = 4;
		v.lo &= UINT32_MAX;
	} else if (type == TYPE_IP) {
		v.family = 6;
		v.hi = below(seed, 2) ? below(seed, 3) : rnd(seed) >> below(seed, 64);
	}
	return v;
}

/* The end of a range from @lo on: often itself, often near. */
static struct value random_end(enum value_type type, struct value lo, uint64_t *seed)
{
	struct value hi = lo;
	uint64_t add = below(seed, 3) ? below(seed, 6) : rnd(seed) >> below(seed, 64);

	if (below(seed, 2))
		return hi;
	if (lo.family == 6 && below(seed, 3) == 0) {
		uint64_t more = below(seed, 4);

		hi.hi = hi.hi + more < more ? UINT64_MAX : hi.hi + more;
		hi.lo = hi.hi > lo.hi ? rnd(seed) : hi.lo;
		return hi;
	}
	hi.lo = hi.lo + add < add ? UINT64_MAX : hi.lo + add;
	if (lo.family == 4 && hi.lo > UINT32_MAX)
		hi.lo = UINT32_MAX;
	if (lo.family == 48 && hi.lo > 0xffffffffffff)
		hi.lo = 0xffffffffffff;
	return hi;
}

static void nudge(struct value *v, uint64_t *seed)
{
	switch (below(seed, 8)) {
	case 0:
		v->lo++;
		break;
	case 1:
		v->lo--;
		break;
	case 2:
		v->hi += v->family == 6;
		break;
	case 3:
		v->family = v->family == 4 ? 6 : v->family == 6 ? 4 : v->family;
		v->hi = v->family == 6 ? v->hi : 0;
		break;
	default:
		break;
	}
}

static void check_set(const struct set *s, const struct set_table *t, uint32_t number,
		      unsigned questions, uint64_t *seed)
{
	struct value v[5];
	uint64_t key[SET_MAX_WORDS];

	for (unsigned q = 0; q < questions; q++) {
		const struct element *e = &s->elements[s->count ? below(seed, s->count) : 0];

		for (unsigned c = 0; c < s->arity; c++) {
			v[c] = s->count && below(seed, 8) ? (below(seed, 2) ? e->lo[c] : e->hi[c]) :
				random_scalar(s->types[c], seed);
			nudge(&v[c], seed);
		}
		ck_assert_uint_eq(set_words(t, number), key_of(s, v, key));
		ck_assert_int_eq(set_has(t, number, key), naive(s, v));
		if (set_words(t, number) == 1) {
			uint64_t lo = v->lo, more = below(seed, 5), hi;

			hi = lo + (below(seed, 2) ? more : rnd(seed) >> below(seed, 64));
			ck_assert_int_eq(set_meets(t, number, lo, hi), naive_meets(s, lo, hi));
			ck_assert_int_eq(set_meets(t, number, 0, lo), naive_meets(s, 0, lo));
		}
	}
}

static struct set *random_set(struct pool *p, unsigned kind, uint64_t *seed)
{
	static const enum value_type types[][5] = {
		{ TYPE_NUM }, { TYPE_MAC }, { TYPE_IP }, { TYPE_IP4 }, { TYPE_IP, TYPE_NUM },
		{ TYPE_IP, TYPE_IP, TYPE_NUM }, { TYPE_MAC, TYPE_NUM },
		{ TYPE_NUM, TYPE_NUM, TYPE_NUM },
		{ TYPE_IP, TYPE_IP, TYPE_IP, TYPE_IP, TYPE_IP },
	};
	static const unsigned arity[] = { 1, 1, 1, 1, 2, 3, 2, 3, 5 };
	static const size_t counts[] = { 0, 1, 2, 8, 9, 40, 300 };
	size_t n = counts[below(seed, 7)];
	struct set *s = set_new(p, arity[kind], types[kind], n);
	bool exact = below(seed, 2);

	for (size_t i = 0; i < n; i++) {
		struct value lo[5], hi[5];

		for (unsigned c = 0; c < s->arity; c++) {
			lo[c] = random_scalar(s->types[c], seed);
			hi[c] = exact ? lo[c] : random_end(s->types[c], lo[c], seed);
		}
		add(p, s, lo, hi);
		if (i > 0 && below(seed, 20) == 0)
			s->elements[i] = s->elements[i - 1];
	}
	if (s->arity == 1)
		normalise(s);
	return s;
}

START_TEST(random_sets_answer_as_if_each_element_was_tried)
{
	uint64_t seed = 5000 + (uint64_t)_i;

	for (unsigned round = 0; round < 15; round++) {
		struct pool p = {0};
		const struct set *sets[9];
		struct section s;
		struct set_table *t;

		for (unsigned k = 0; k < 9; k++)
			sets[k] = random_set(&p, k, &seed);
		s = build(&p, sets, 9);
		t = load(&s);
		ck_assert_uint_eq(set_count(t), 9);
		for (unsigned k = 0; k < 9; k++) {
			ck_assert_uint_eq(set_elements(t, k), sets[k]->source_count);
			check_set(sets[k], t, k, 100, &seed);
		}
		section_free(&s);
		pool_free(&p);
	}
}
END_TEST

START_TEST(a_hundred_thousand_elements_build_at_once)
{
	static const enum value_type types[2] = { TYPE_IP, TYPE_NUM };
	static const uint32_t cost[] = { 150, 150, 200, 600 };
	uint64_t seed = 9;
	struct pool p = {0};
	const struct set *one;
	struct set *set = set_new(&p, _i < 2 ? 1 : 2, _i == 0 ? types + 1 : types, 100000);
	struct section s;
	struct set_table *t;
	clock_t start;
	double seconds;

	for (unsigned i = 0; i < 100000; i++) {
		struct value lo[2] = { { .lo = rnd(&seed) >> 32, .family = _i ? 4 : 0 },
				       { .lo = below(&seed, 65536) } };
		struct value hi[2] = { lo[0], lo[1] };

		if (_i == 3)
			hi[1].lo += below(&seed, 4);
		add(&p, set, lo, hi);
	}
	if (_i < 2)
		normalise(set);
	one = set;
	start = clock();
	s = build(&p, &one, 1);
	seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	t = load(&s);
	ck_assert_msg(seconds < 5, "%f s", seconds);
	ck_assert_uint_le(s.len, 100000 * (size_t)400);
	ck_assert_uint_le(set_cost(t, 0), cost[_i]);
	check_set(set, t, 0, 100, &seed);
	section_free(&s);
	pool_free(&p);
}
END_TEST

START_TEST(a_hash_and_each_halving_of_ranges_are_paid_for)
{
	static const enum value_type num = TYPE_NUM;
	struct pool p = {0};
	struct set *sets[4];
	struct section s;
	struct set_table *t;

	/* nothing; 20 numbers, hashed; one range; eight ranges */
	for (unsigned k = 0; k < 4; k++) {
		sets[k] = set_new(&p, 1, &num, 20);
		for (uint64_t i = 0; i < (k == 1 ? 20 : k == 2 ? 1 : k == 3 ? 8 : 0); i++) {
			struct value lo = { .lo = i * 100 }, hi = { .lo = i * 100 + (k > 1) * 9 };

			add(&p, sets[k], &lo, &hi);
		}
	}
	s = build(&p, (const struct set *const *)sets, 4);
	t = load(&s);
	ck_assert_uint_eq(set_cost(t, 0), 31);
	ck_assert_uint_eq(set_cost(t, 1), 31 + 44);
	ck_assert_uint_eq(set_cost(t, 2), 31 + 6);
	ck_assert_uint_eq(set_cost(t, 3), 31 + 4 * 6);
	section_free(&s);
	pool_free(&p);
}
END_TEST

/* ---- sections that no builder made ----------------------------------------- */

/* Three sets: numbers, hashed, with a range; addresses of both families; a tree of tuples. */
static struct section small_section(struct pool *p)
{
	static const enum value_type types[2] = { TYPE_IP, TYPE_NUM };
	struct set *sets[3] = {
		set_new(p, 1, types + 1, 20), set_new(p, 1, types, 20), set_new(p, 2, types, 20),
	};

	for (uint64_t i = 0; i < 20; i++) {
		struct value n[2] = { { .lo = i * 10 }, { .lo = i * 10 + (i % 10 ? 0 : 7) } };
		struct value ip[2] = {
			{ .family = i < 10 ? 4 : 6, .hi = i < 10 ? 0 : i, .lo = i * 50 },
			{ .lo = i },
		};
		struct value end[2] = { ip[0], { .lo = i + 5 } };

		add(p, sets[0], &n[0], &n[1]);
		add(p, sets[1], ip, ip);
		add(p, sets[2], ip, end);
	}
	return build(p, (const struct set *const *)sets, 3);
}

static int try_section(const struct section *s, const uint8_t *bytes, size_t len,
		       struct set_table **t)
{
	struct arena a;

	arena_init(&a, s->memory, SECTION_ARENA);
	return set_table_load(&a, bytes, len, t, NULL);
}

START_TEST(a_flipped_bit_is_refused_or_harmless)
{
	struct pool p = {0};
	struct section s = small_section(&p);
	struct set_table *t;
	unsigned answers = 0;

	for (size_t bit = (size_t)_i; bit < 8 * s.len; bit += 4) {
		s.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (try_section(&s, s.bytes, s.len, &t) == 0) {
			for (uint32_t set = 0; set < set_count(t); set++) {
				uint64_t lo = bit % 200, hi = bit % 220;
				uint64_t key[SET_MAX_WORDS] = { bit % 3 ? 4 : 6, 0, lo, bit % 20 };

				answers += set_has(t, set, key) + set_meets(t, set, lo, hi);
			}
		}
		s.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ck_assert_uint_gt(answers, 0);
	section_free(&s);
	pool_free(&p);
}
END_TEST

static int load_any(struct arena *a, const void *bytes, size_t len)
{
	struct set_table *t;

	return set_table_load(a, bytes, len, &t, NULL);
}

START_TEST(a_section_that_was_cut_or_grew_is_refused)
{
	struct pool p = {0};
	struct section s = small_section(&p);

	section_refused_in_parts(&s, load_any);
	section_free(&s);
	pool_free(&p);
}
END_TEST

/* One set by hand: @len bytes at @bytes, between a head and nothing. */
static int try_set(uint32_t kind, uint32_t words, const void *bytes, size_t len,
		   struct set_table **t, struct section *keep)
{
	struct pool p = {0};
	uint8_t *at = pool_alloc(&p, sizeof(struct table_head) + sizeof(struct table_entry) + len);
	struct table_head h = { .magic = SETS_MAGIC, .format = TABLE_FORMAT, .count = 1 };
	struct table_entry e = {
		.offset = sizeof(h) + sizeof(e), .len = (uint32_t)len, .kind = kind, .words = words,
	};
	int ret;

	memcpy(at, &h, sizeof(h));
	memcpy(at + sizeof(h), &e, sizeof(e));
	memcpy(at + sizeof(h) + sizeof(e), bytes, len);
	*keep = section_new((struct blob){ at, sizeof(h) + sizeof(e) + len });
	ret = try_section(keep, keep->bytes, keep->len, t);
	pool_free(&p);
	return ret;
}

static int refuse(uint32_t kind, uint32_t words, const void *bytes, size_t len)
{
	struct set_table *t;
	struct section keep;
	int ret = try_set(kind, words, bytes, len, &t, &keep);

	section_free(&keep);
	return ret;
}

/* A part of one word with @ranges intervals and @all more, as many words as there are. */
struct hand_part {
	struct key_part h;
	uint64_t word[32];
};

START_TEST(intervals_must_ascend_and_lie_apart)
{
	static const struct { uint64_t word[4]; int code; } row[] = {
		{ { 1, 4, 3, 9 }, 0 }, { { 1, 4, 1, 4 }, 0 }, { { 1, 4, 3, 3 }, POLICY_EINVAL },
		{ { 5, 4, 4, 9 }, POLICY_EINVAL }, { { 1, 4, 4, 9 }, POLICY_EINVAL },
		{ { 5, 4, 3, 9 }, POLICY_EINVAL }, { { 0, 4, 3, UINT64_MAX }, 0 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct hand_part p = { .h = { .ranges = 2 } };
		size_t len = sizeof(p.h) + sizeof(row[i].word);

		memcpy(p.word, row[i].word, sizeof(row[i].word));
		ck_assert_msg(refuse(TABLE_KEYS, 1, &p, len) == row[i].code, "ranges %zu", i);
		p.h.ranges = 0;
		p.h.all = 2;
		ck_assert_msg(refuse(TABLE_KEYS, 1, &p, len) == row[i].code, "all %zu", i);
	}
}
END_TEST

START_TEST(parts_must_fill_their_set)
{
	struct hand_part p = { .h = { .ranges = 2 }, .word = { 1, 4, 3, 9 } };

	ck_assert_int_eq(refuse(TABLE_KEYS, 1, &p, sizeof(p.h) + 24), POLICY_EINVAL);
	ck_assert_int_eq(refuse(TABLE_KEYS, 1, &p, sizeof(p.h) + 40), POLICY_EINVAL);
	ck_assert_int_eq(refuse(TABLE_KEYS, 1, &p, sizeof(p.h) - 8), POLICY_EINVAL);
	ck_assert_int_eq(refuse(TABLE_KEYS, 2, &p, sizeof(p.h) + 32), POLICY_EINVAL);
	p = (struct hand_part){ .h = { .log2 = 1 } };
	ck_assert_int_eq(refuse(TABLE_KEYS, 1, &p, sizeof(p.h) + 32), 0);
	ck_assert_int_eq(refuse(TABLE_KEYS, 2, &p, sizeof(p.h) + 64), 0);
	ck_assert_int_eq(refuse(TABLE_KEYS, 2, &p, sizeof(p.h) + 56), POLICY_EINVAL);
	p.h.log2 = TABLE_MAX_LOG2 + 1;
	ck_assert_int_eq(refuse(TABLE_KEYS, 1, &p, sizeof(p.h) + 32), POLICY_EINVAL);
	p = (struct hand_part){ .h = { .all = 1 } };
	ck_assert_int_eq(refuse(TABLE_KEYS, 1, &p, sizeof(p.h) + 16), 0);
	ck_assert_int_eq(refuse(TABLE_KEYS, 2, &p, sizeof(p.h) + 16), POLICY_EINVAL);
}
END_TEST

START_TEST(a_hash_of_the_largest_size_loads_and_no_larger_one)
{
	size_t len = sizeof(struct key_part) + TABLE_SLOTS(TABLE_MAX_LOG2) * 16;
	struct key_part *h = calloc(1, len);

	h->log2 = TABLE_MAX_LOG2;
	ck_assert_int_eq(refuse(TABLE_KEYS, 1, h, sizeof(*h) + TABLE_SLOTS(TABLE_MAX_LOG2) * 8), 0);
	h->log2 = TABLE_MAX_LOG2 + 1;
	ck_assert_int_eq(refuse(TABLE_KEYS, 1, h, len), POLICY_EINVAL);
	free(h);
}
END_TEST

START_TEST(kinds_and_words_must_fit)
{
	struct hand_part p[2] = { 0 };
	uint8_t two[2 * sizeof(struct key_part) + 8] = {0};

	ck_assert_int_eq(refuse(0, 1, p, sizeof(p->h)), POLICY_EINVAL);
	ck_assert_int_eq(refuse(TABLE_TREE + 1, 1, p, sizeof(p->h)), POLICY_EINVAL);
	ck_assert_int_eq(refuse(TABLE_KEYS, 0, p, sizeof(p->h)), POLICY_EINVAL);
	ck_assert_int_eq(refuse(TABLE_KEYS, SET_MAX_WORDS, p, sizeof(p->h)), 0);
	ck_assert_int_eq(refuse(TABLE_KEYS, SET_MAX_WORDS + 1, p, sizeof(p->h)), POLICY_EINVAL);
	ck_assert_int_eq(refuse(TABLE_IP, 3, two, sizeof(two) - 8), 0);
	ck_assert_int_eq(refuse(TABLE_IP, 3, two, sizeof(two)), POLICY_EINVAL);
	ck_assert_int_eq(refuse(TABLE_IP, 3, two, sizeof(two) / 2), POLICY_EINVAL);
	ck_assert_int_eq(refuse(TABLE_IP, 3, two, 8), POLICY_EINVAL);
	ck_assert_int_eq(refuse(TABLE_IP, 4, two, sizeof(two) - 8), POLICY_EINVAL);
	ck_assert_int_eq(refuse(TABLE_TREE, 1, two, sizeof(two)), POLICY_EINVAL);
}
END_TEST

/* A tree's words are the key's, and a key has no presence bits. */
START_TEST(a_tree_must_not_look_behind_its_key)
{
	struct {
		struct tree_head h;
		struct tree_dim dim;
		struct tree_box box[2];
		struct tree_side side;
		uint32_t list, pad;
	} t = {
		.h = { .rows = 1, .dims = 1, .boxes = 1, .sides = 1, .root = KID_BOX },
		.dim = { .offset = 8, .mask = UINT64_MAX },
		.box = { { .row = 0 }, { .row = 1, .side = 1 } }, .side = { .lo = 5 },
	};
	const uint64_t key[2] = { 0, 5 };
	struct section keep;
	struct set_table *s;

	ck_assert_int_eq(try_set(TABLE_TREE, 2, &t, sizeof(t), &s, &keep), 0);
	ck_assert(set_has(s, 0, key));
	ck_assert(!set_has(s, 0, (const uint64_t[]){ 5, 0 }));
	ck_assert(!set_meets(s, 0, 0, UINT64_MAX));
	section_free(&keep);
	ck_assert_int_eq(refuse(TABLE_TREE, 1, &t, sizeof(t)), POLICY_EINVAL);
	t.box[0].need = 1;
	ck_assert_int_eq(refuse(TABLE_TREE, 2, &t, sizeof(t)), POLICY_EINVAL);
}
END_TEST

/* An address is not an address of the other family, nor one with a stray high word. */
START_TEST(families_are_kept_apart)
{
	struct pool p = {0};
	struct section s = small_section(&p);
	struct set_table *t = load(&s);

	ck_assert(set_has(t, 1, (const uint64_t[]){ 4, 0, 50 }));
	ck_assert(!set_has(t, 1, (const uint64_t[]){ 4, 1, 50 }));
	ck_assert(!set_has(t, 1, (const uint64_t[]){ 6, 0, 50 }));
	ck_assert(!set_has(t, 1, (const uint64_t[]){ 0, 0, 50 }));
	ck_assert(set_has(t, 1, (const uint64_t[]){ 6, 10, 500 }));
	ck_assert(!set_has(t, 1, (const uint64_t[]){ 4, 10, 500 }));
	ck_assert(!set_has(t, 1, (const uint64_t[]){ 5, 10, 500 }));
	ck_assert(!set_meets(t, 1, 0, UINT64_MAX));
	ck_assert(set_meets(t, 0, 0, UINT64_MAX));
	ck_assert(!set_meets(t, 0, UINT64_MAX, 0));
	section_free(&s);
	pool_free(&p);
}
END_TEST

START_TEST(an_arena_that_is_too_small_is_an_error)
{
	struct pool p = {0};
	struct section s = small_section(&p);

	section_needs_memory(&s, load_any);
	section_free(&s);
	pool_free(&p);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("sets");
	TCase *tc = unit_case(s, "loader");

	tcase_add_loop_test(tc, a_flipped_bit_is_refused_or_harmless, 0, 4);
	tcase_add_test(tc, a_section_that_was_cut_or_grew_is_refused);
	tcase_add_test(tc, intervals_must_ascend_and_lie_apart);
	tcase_add_test(tc, parts_must_fill_their_set);
	tcase_add_test(tc, a_hash_of_the_largest_size_loads_and_no_larger_one);
	tcase_add_test(tc, kinds_and_words_must_fit);
	tcase_add_test(tc, a_tree_must_not_look_behind_its_key);
	tcase_add_test(tc, families_are_kept_apart);
	tcase_add_test(tc, an_arena_that_is_too_small_is_an_error);

	tcase_add_loop_test(unit_case(s, "random"),
			    random_sets_answer_as_if_each_element_was_tried, 0, 8);
	tcase_add_loop_test(unit_case(s, "size"), a_hundred_thousand_elements_build_at_once, 0, 4);
	tcase_add_test(tc, a_hash_and_each_halving_of_ranges_are_paid_for);
	return s;
}
