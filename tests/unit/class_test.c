/*
 * class_test.c - classifiers against trying every box, what they cost, what sizes they take
 */
#include <time.h>

#include "compiler/build.h"
#include "policy/boxtree.h"
#include "policy/classify.h"
#include "policy/field.h"
#include "tests/unit/tables.h"
#include "tests/unit/unit.h"

#define MAX_SIDES	6u

/* Boxes as they were given, for the naive answer. */
struct box {
	uint32_t row, sides;
	struct class_side side[MAX_SIDES];
};

struct boxes {
	struct box *box;
	uint32_t count, rows;
};

static struct class_dim dim(enum hv_field f, unsigned word)
{
	const struct field_info *fi = &hv_field_table[f];

	return (struct class_dim){
		.offset = (uint16_t)(fi->offset + 8 * word), .present = fi->present,
		.shift = fi->shift, .mask = fi->is_flagbit ? 1 : UINT64_MAX,
	};
}

static uint64_t *word_of(struct hv_ctx *ctx, const struct class_dim *d)
{
	return (uint64_t *)((uint8_t *)ctx + d->offset);
}

static uint32_t naive(const struct boxes *b, uint32_t from, struct hv_ctx *ctx)
{
	for (uint32_t i = 0; i < b->count; i++) {
		const struct box *box = &b->box[i];
		bool holds = box->row >= from;

		for (uint32_t s = 0; holds && s < box->sides; s++) {
			const struct class_side *side = &box->side[s];
			uint64_t v = *word_of(ctx, &side->dim) >> side->dim.shift & side->dim.mask;

			holds = ctx->present >> side->dim.present & 1 && v >= side->lo &&
				v <= side->hi;
		}
		if (holds)
			return box->row;
	}
	return b->rows;
}

static void put_side(struct box *box, struct class_dim d, uint64_t lo, uint64_t hi)
{
	box->side[box->sides++] = (struct class_side){ d, lo, hi };
}

static struct blob build(struct pool *p, const struct boxes *b)
{
	struct class_builder *builder = class_builder_new(p);
	uint32_t rows = 0;

	ck_assert_uint_eq(class_builder_begin(builder), 0);
	for (uint32_t i = 0; i < b->count; i++) {
		for (; rows <= b->box[i].row; rows++)
			class_builder_row(builder);
		class_builder_box(builder, b->box[i].side, b->box[i].sides);
	}
	for (; rows < b->rows; rows++)
		class_builder_row(builder);
	return class_builder_finish(builder);
}

static struct class_table *load(struct section *s)
{
	struct class_table *t = NULL;
	struct policy_error err;

	ck_assert_msg(class_table_load(&s->arena, s->bytes, s->len, &t, &err) == 0, "%s", err.text);
	return t;
}

static const struct tree *tree_of(const struct section *s, struct tree *t)
{
	struct arena a;
	const struct table_head *h = (const void *)s->bytes;
	const struct table_entry *e = (const void *)(h + 1);
	void *memory = malloc(SECTION_ARENA);

	arena_init(&a, memory, SECTION_ARENA);
	ck_assert_int_eq(tree_load(&a, s->bytes + e->offset, e->len, sizeof(struct hv_ctx),
				   UINT64_MAX, t, "", NULL), 0);
	free(memory);
	return t;
}

/* Every matching row in turn, then a row somewhere: the answer, and that the bound is true. */
static void check_context(const struct boxes *b, const struct class_table *t,
			  const struct tree *tree, struct hv_ctx *ctx, uint64_t *seed)
{
	uint32_t from = 0, row, steps;

	do {
		row = class_lookup(t, 0, from, ctx);
		ck_assert_uint_eq(row, naive(b, from, ctx));
		ck_assert_uint_eq(tree_find_counted(tree, from, ctx, ctx->present, &steps), row);
		ck_assert_uint_le(steps, class_cost(t, 0));
		from = row + 1;
	} while (row < b->rows);
	from = (uint32_t)below(seed, b->rows + 2);
	ck_assert_uint_eq(class_lookup(t, 0, from, ctx), naive(b, from, ctx));
}

/* A context around the edges of some box: fields mostly there, some absent (and then 0). */
static void near_a_box(const struct boxes *b, struct hv_ctx *ctx, uint64_t *seed)
{
	memset(ctx, 0, sizeof(*ctx));
	ctx->present = (uint64_t)-1 >> (64 - HV_FIELDS);
	for (uint64_t k = 1 + below(seed, 3); b->count && k > 0; k--) {
		const struct box *box = &b->box[below(seed, b->count)];

		for (uint32_t s = 0; s < box->sides; s++) {
			const struct class_side *side = &box->side[s];
			const uint64_t v[] = {
				side->lo, side->hi, side->lo - 1, side->hi + 1, rnd(seed),
				side->lo + (side->hi - side->lo) / 2,
			};
			uint64_t *word = word_of(ctx, &side->dim);
			uint64_t which = below(seed, 100) < 70 ? below(seed, 2) : below(seed, 6);
			uint64_t value = (v[which] & side->dim.mask) << side->dim.shift;

			*word = (*word & ~(side->dim.mask << side->dim.shift)) | value;
			if (below(seed, 40) == 0) {
				*word = 0;
				ctx->present &= ~((uint64_t)1 << side->dim.present);
			}
		}
	}
}

static void check_boxes(struct pool *p, const struct boxes *b, unsigned contexts, uint64_t *seed)
{
	struct section s = section_new(build(p, b));
	struct class_table *t = load(&s);
	struct tree tree;
	struct hv_ctx ctx;

	tree_of(&s, &tree);
	ck_assert_uint_eq(class_count(t), 1);
	ck_assert_uint_eq(class_rows(t, 0), b->rows);
	for (unsigned i = 0; i < contexts; i++) {
		near_a_box(b, &ctx, seed);
		check_context(b, t, &tree, &ctx, seed);
	}
	section_free(&s);
}

static struct boxes boxes_new(struct pool *p, uint32_t rows, uint32_t count)
{
	return (struct boxes){ .box = pool_array(p, count + 1, sizeof(struct box)), .rows = rows };
}

static uint64_t random_value(uint64_t *seed, unsigned style)
{
	static const uint64_t edges[] = {
		0, 1, 2, 255, 256, 65535, 65536, UINT32_MAX, (uint64_t)1 << 32, UINT64_MAX - 1,
		UINT64_MAX,
	};

	switch (style % 3) {
	case 0:
		return below(seed, 8);
	case 1:
		return edges[below(seed, sizeof(edges) / sizeof(edges[0]))];
	default:
		return rnd(seed) >> below(seed, 64);
	}
}

static void random_box(struct box *box, uint64_t *seed)
{
	static const enum hv_field fields[] = {
		HV_F_ETH_SRC, HV_F_IP_PROTO, HV_F_TCP_DPORT, HV_F_L4_DPORT, HV_F_TCP_SYN,
		HV_F_TCP_RST, HV_F_IP_DST, HV_F_FRAME_LEN,
	};

	for (uint64_t n = 1 + below(seed, MAX_SIDES - 1); n > 0; n--) {
		struct class_dim d = dim(fields[below(seed, 8)], 0);
		unsigned style = (unsigned)below(seed, 3);
		uint64_t lo = random_value(seed, style), hi = random_value(seed, style);

		switch (below(seed, 4)) {
		case 0:
		case 1:
			hi = lo;
			break;
		case 2:
			if (lo <= hi)
				break;
			/* fall through */
		default:
			hi = lo + below(seed, 5) < lo ? UINT64_MAX : lo + below(seed, 5);
		}
		if (below(seed, 20) == 0)
			lo = 0, hi = UINT64_MAX;
		if (lo > hi && below(seed, 10))
			hi = lo;
		put_side(box, d, lo & d.mask, d.mask == 1 ? lo & d.mask : hi);
	}
}

START_TEST(random_boxes_answer_as_if_each_was_tried)
{
	uint64_t seed = 1000 + (uint64_t)_i;

	for (unsigned round = 0; round < 40; round++) {
		uint32_t rows = 1 + (uint32_t)below(&seed, round % 4 ? 30 : 400);
		struct pool p = {0};
		struct boxes b = boxes_new(&p, rows, 4 * rows);

		for (uint32_t row = 0; row < rows; row++) {
			for (uint64_t n = below(&seed, 8) ? 1 : below(&seed, 4); n > 0; n--) {
				struct box *box = &b.box[b.count++];

				box->row = row;
				if (b.count > 1 && below(&seed, 8) == 0) {
					*box = b.box[below(&seed, b.count - 1)];
					box->row = row;
				} else {
					random_box(box, &seed);
				}
			}
		}
		check_boxes(&p, &b, 60, &seed);
		pool_free(&p);
	}
}
END_TEST

/* ---- the shapes that policies have ---------------------------------------- */

enum shape { ONE_FIELD, THREE_FIELDS, NESTED, MIXED, SHAPES };

static void cidr_box(struct box *box, uint64_t *seed, unsigned least)
{
	unsigned prefix = least + (unsigned)below(seed, 33 - least);
	uint64_t size = (uint64_t)1 << (32 - prefix), net = (rnd(seed) >> 32) & ~(size - 1);

	put_side(box, dim(HV_F_IP_VERSION, 0), 4, 4);
	put_side(box, dim(HV_F_IP_DST, 1), net, net + size - 1);
}

static void service_sides(struct box *box, uint64_t *seed)
{
	uint64_t port = below(seed, 2) ? below(seed, 1024) : below(seed, 65536);

	if (below(seed, 20))
		put_side(box, dim(HV_F_IP_PROTO, 0), below(seed, 2) ? 6 : 17, 0);
	else
		return;
	box->side[box->sides - 1].hi = box->side[box->sides - 1].lo;
	if (below(seed, 20))
		put_side(box, dim(HV_F_L4_DPORT, 0), port,
			 port + (below(seed, 8) ? 0 : below(seed, 50)));
}

static void shape_box(struct box *box, enum shape shape, uint32_t row, uint64_t *seed)
{
	switch (shape) {
	case ONE_FIELD:
		put_side(box, dim(HV_F_TCP_DPORT, 0), 1000 + row * 3, 1000 + row * 3);
		break;
	case THREE_FIELDS:
		cidr_box(box, seed, 12);
		service_sides(box, seed);
		break;
	case NESTED:
		cidr_box(box, seed, below(seed, 10) ? 20 : 4);
		box->side[1].lo = (box->side[1].lo & 0xffffff) | 0x0a000000;
		box->side[1].hi = (box->side[1].hi & 0xffffff) | 0x0a000000;
		service_sides(box, seed);
		break;
	default:
		if (row % 3 == 0)
			put_side(box, dim(HV_F_ETH_SRC, 0), row % 50, row % 50);
		else
			shape_box(box, row % 3 == 1 ? ONE_FIELD : THREE_FIELDS, row, seed);
	}
}

static struct boxes shape_boxes(struct pool *p, enum shape shape, uint32_t rows, uint64_t *seed)
{
	struct boxes b = boxes_new(p, rows, rows);

	for (; b.count < rows; b.count++) {
		b.box[b.count].row = b.count;
		shape_box(&b.box[b.count], shape, b.count, seed);
	}
	return b;
}

START_TEST(shapes_of_policies_answer_as_if_each_box_was_tried)
{
	static const uint32_t rows[] = { 1, 2, 5, 9, 100, 1000, 10000 };

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t seed = 77 + (uint64_t)_i;
		struct pool p = {0};
		struct boxes b = shape_boxes(&p, (enum shape)_i, rows[i], &seed);

		check_boxes(&p, &b, rows[i] > 1000 ? 100 : 300, &seed);
		pool_free(&p);
	}
}
END_TEST

START_TEST(ten_thousand_rows_stay_small_and_quick_to_build)
{
	/* instructions; by shape.  Nested and overlapping rows cost what they overlap. */
	static const uint32_t cost[SHAPES] = { 120, 2500, 25000, 2500 };
	uint64_t seed = 77 + (uint64_t)_i;
	struct pool p = {0};
	struct boxes b = shape_boxes(&p, (enum shape)_i, 10000, &seed);
	clock_t start = clock();
	struct section s = section_new(build(&p, &b));
	double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	struct class_table *t = load(&s);

	ck_assert_msg(seconds < 5, "%f s", seconds);
	ck_assert_uint_le(s.len, 10000 * (size_t)600);
	ck_assert_uint_le(class_cost(t, 0), cost[_i]);
	section_free(&s);
	pool_free(&p);
}
END_TEST

/* ---- fields that are not there, rows without boxes ------------------------- */

START_TEST(an_absent_field_is_not_zero)
{
	struct pool p = {0};
	struct boxes b = boxes_new(&p, 3, 3);
	struct hv_ctx ctx = {0};
	struct section s;
	struct class_table *t;

	b.count = 3;
	put_side(&b.box[0], dim(HV_F_TCP_DPORT, 0), 0, 0);
	b.box[1].row = 1;
	put_side(&b.box[1], dim(HV_F_TCP_DPORT, 0), 0, UINT64_MAX);
	b.box[2].row = 2;
	put_side(&b.box[2], dim(HV_F_IP_PROTO, 0), 0, 0);
	s = section_new(build(&p, &b));
	t = load(&s);
	ck_assert_uint_eq(class_lookup(t, 0, 0, &ctx), 3);
	ctx.present = (uint64_t)1 << HV_F_IP_PROTO;
	ck_assert_uint_eq(class_lookup(t, 0, 0, &ctx), 2);
	ctx.present |= (uint64_t)1 << HV_F_TCP_DPORT;
	ck_assert_uint_eq(class_lookup(t, 0, 0, &ctx), 0);
	ctx.tcp_dport = 5;
	ck_assert_uint_eq(class_lookup(t, 0, 0, &ctx), 1);
	section_free(&s);
	pool_free(&p);
}
END_TEST

START_TEST(classifiers_without_rows_and_rows_without_boxes_match_nothing)
{
	struct pool p = {0};
	struct class_builder *b = class_builder_new(&p);
	struct class_side never[2] = {
		{ dim(HV_F_IP_PROTO, 0), 6, 6 }, { dim(HV_F_IP_PROTO, 0), 7, 9 },
	};
	struct hv_ctx ctx = { .present = UINT64_MAX, .ip_proto = 6 };
	struct section s;
	struct class_table *t;

	ck_assert_uint_eq(class_builder_begin(b), 0);
	ck_assert_uint_eq(class_builder_begin(b), 1);
	class_builder_row(b);
	class_builder_row(b);
	class_builder_box(b, never, 2);
	class_builder_row(b);
	ck_assert_uint_eq(class_builder_begin(b), 2);
	class_builder_row(b);
	class_builder_box(b, never, 1);
	s = section_new(class_builder_finish(b));
	t = load(&s);
	ck_assert_uint_eq(class_count(t), 3);
	ck_assert_uint_eq(class_rows(t, 0), 0);
	ck_assert_uint_eq(class_lookup(t, 0, 0, &ctx), 0);
	ck_assert_uint_eq(class_rows(t, 1), 3);
	ck_assert_uint_eq(class_lookup(t, 1, 0, &ctx), 3);
	ck_assert_uint_eq(class_lookup(t, 2, 0, &ctx), 0);
	ck_assert_uint_eq(class_lookup(t, 2, 1, &ctx), 1);
	section_free(&s);
	pool_free(&p);
}
END_TEST

static bool any_word(size_t offset)
{
	return offset < sizeof(struct hv_ctx);
}

static bool ports_only(size_t offset)
{
	return offset == hv_field_table[HV_F_TCP_DPORT].offset;
}

START_TEST(a_classifier_says_which_words_it_reads)
{
	struct pool p = {0};
	struct boxes b = boxes_new(&p, 1, 1);
	struct section s;

	b.count = 1;
	put_side(&b.box[0], dim(HV_F_TCP_DPORT, 0), 80, 80);
	s = section_new(build(&p, &b));
	ck_assert(class_reads_only(load(&s), 0, ports_only));
	section_free(&s);
	put_side(&b.box[0], dim(HV_F_IP_PROTO, 0), 6, 6);
	s = section_new(build(&p, &b));
	ck_assert(!class_reads_only(load(&s), 0, ports_only));
	ck_assert(class_reads_only(load(&s), 0, any_word));
	section_free(&s);
	pool_free(&p);
}
END_TEST

START_TEST(the_same_rows_make_the_same_bytes)
{
	uint64_t one = 5, two = 5;
	struct pool p = {0}, q = {0};
	struct boxes a = shape_boxes(&p, MIXED, 500, &one), b = shape_boxes(&q, MIXED, 500, &two);
	struct blob x = build(&p, &a), y = build(&q, &b);

	ck_assert_uint_eq(x.len, y.len);
	ck_assert_int_eq(memcmp(x.bytes, y.bytes, x.len), 0);
	pool_free(&p);
	pool_free(&q);
}
END_TEST

/* Each match costs another look-up: together they must not cost the square of the rows. */
START_TEST(walking_all_of_ten_thousand_matching_rows_stays_linear)
{
	struct pool p = {0};
	struct boxes b = boxes_new(&p, 10000, 10000);
	struct hv_ctx ctx = { .present = UINT64_MAX, .frame_len = 1500 };
	uint64_t all = 0;
	uint32_t steps, row = 0;
	struct section s;
	struct tree t;

	for (; b.count < 10000; b.count++) {
		b.box[b.count].row = b.count;
		put_side(&b.box[b.count], dim(HV_F_FRAME_LEN, 0), 64 + b.count % 7, UINT64_MAX);
	}
	s = section_new(build(&p, &b));
	tree_of(&s, &t);
	for (uint32_t from = 0; from < 10000; from = row + 1, all += steps) {
		row = tree_find_counted(&t, from, &ctx, ctx.present, &steps);
		ck_assert_uint_eq(row, from);
	}
	ck_assert_uint_le(all, (uint64_t)10000 * 400);
	section_free(&s);
	pool_free(&p);
}
END_TEST

/* ---- sections that no builder made ----------------------------------------- */

static int try_section(const struct section *s, const uint8_t *bytes, size_t len,
		       struct class_table **t)
{
	struct arena a;

	arena_init(&a, s->memory, SECTION_ARENA);
	return class_table_load(&a, bytes, len, t, NULL);
}

static struct section small_section(struct pool *p, struct boxes *b, uint64_t *seed)
{
	*b = shape_boxes(p, MIXED, 24, seed);
	return section_new(build(p, b));
}

START_TEST(a_flipped_bit_is_refused_or_harmless)
{
	uint64_t seed = 3;
	struct pool p = {0};
	struct boxes b;
	struct section s = small_section(&p, &b, &seed);
	struct class_table *t;
	struct hv_ctx ctx[8];

	for (unsigned i = 0; i < 8; i++)
		near_a_box(&b, &ctx[i], &seed);
	for (size_t bit = (size_t)_i; bit < 8 * s.len; bit += 4) {
		s.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (try_section(&s, s.bytes, s.len, &t) == 0) {
			for (unsigned i = 0; class_count(t) > 0 && i < 8; i++)
				ck_assert_uint_le(class_lookup(t, 0, i & 1, &ctx[i]),
						  class_rows(t, 0));
		}
		s.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	section_free(&s);
	pool_free(&p);
}
END_TEST

static int load_any(struct arena *a, const void *bytes, size_t len)
{
	struct class_table *t;

	return class_table_load(a, bytes, len, &t, NULL);
}

START_TEST(a_section_that_was_cut_or_grew_is_refused)
{
	uint64_t seed = 3;
	struct pool p = {0};
	struct boxes b;
	struct section s = small_section(&p, &b, &seed);

	section_refused_in_parts(&s, load_any);
	section_free(&s);
	pool_free(&p);
}
END_TEST

/* Head and entry, word by word; each of these is refused. */
START_TEST(a_head_that_is_not_a_classifiers_is_refused)
{
	static const struct { size_t at; uint32_t add; } bad[] = {
		{ 0, 1 }, { 4, 1 }, { 4, UINT32_MAX }, { 8, 1 }, { 8, UINT32_MAX }, { 8, 1u << 31 },
		{ 16, 8 }, { 16, (uint32_t)-8 }, { 20, 8 }, { 20, (uint32_t)-8 }, { 20, 4 },
		{ 24, 1 }, { 24, (uint32_t)-1 }, { 28, 1 }, { 32, 1 },
	};
	uint64_t seed = 3;
	struct pool p = {0};
	struct boxes b;
	struct section s = small_section(&p, &b, &seed);
	struct class_table *t;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint32_t *word = (uint32_t *)(s.bytes + bad[i].at);

		*word += bad[i].add;
		ck_assert_msg(try_section(&s, s.bytes, s.len, &t) == POLICY_EINVAL, "%zu + %u",
			      bad[i].at, bad[i].add);
		*word -= bad[i].add;
	}
	ck_assert_int_eq(try_section(&s, s.bytes, s.len, &t), 0);
	section_free(&s);
	pool_free(&p);
}
END_TEST

START_TEST(an_arena_that_is_too_small_is_an_error)
{
	uint64_t seed = 3;
	struct pool p = {0};
	struct boxes b;
	struct section s = small_section(&p, &b, &seed);

	section_needs_memory(&s, load_any);
	section_free(&s);
	pool_free(&p);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("classifiers");
	TCase *tc = unit_case(s, "rows");

	tcase_add_test(tc, an_absent_field_is_not_zero);
	tcase_add_test(tc, classifiers_without_rows_and_rows_without_boxes_match_nothing);
	tcase_add_test(tc, a_classifier_says_which_words_it_reads);
	tcase_add_test(tc, the_same_rows_make_the_same_bytes);
	tcase_add_test(tc, walking_all_of_ten_thousand_matching_rows_stays_linear);
	tc = unit_case(s, "loader");
	tcase_add_loop_test(tc, a_flipped_bit_is_refused_or_harmless, 0, 4);
	tcase_add_test(tc, a_section_that_was_cut_or_grew_is_refused);
	tcase_add_test(tc, a_head_that_is_not_a_classifiers_is_refused);
	tcase_add_test(tc, an_arena_that_is_too_small_is_an_error);

	tcase_add_loop_test(unit_case(s, "random"), random_boxes_answer_as_if_each_was_tried, 0, 6);
	tcase_add_loop_test(unit_case(s, "shapes"),
			    shapes_of_policies_answer_as_if_each_box_was_tried, 0, SHAPES);
	tcase_add_loop_test(unit_case(s, "size"),
			    ten_thousand_rows_stay_small_and_quick_to_build, 0, SHAPES);
	return s;
}
