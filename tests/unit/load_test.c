/*
 * load_test.c - a module becomes a policy and its judge: memory, errors, keys of their hashes
 */
#include <stdio.h>
#include <string.h>

#include "policy/judge_state.h"
#include "policy/table_format.h"
#include "tests/unit/judge_lab.h"
#include "tests/unit/siphash.h"
#include "tests/unit/unit.h"

static uint8_t memory[1 << 20] __attribute__((aligned(16)));
static uint8_t judge_memory[2 << 20] __attribute__((aligned(16)));

static void setup(void)
{
	lab_reset();
}

/* ---- keys ---- */

/* First fragment of UDP datagram @id from 10.0.0.1 to 10.0.0.2. */
static void first_fragment(uint16_t id)
{
	uint8_t f[] = {
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
		0x45, 0, 0, 36, id >> 8, (uint8_t)id, 0x20, 0, 64, 17, 0, 0,
		10, 0, 0, 1, 10, 0, 0, 2, 0x13, 0x88, 0, 53, 0, 24, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8,
	};

	ck_assert_int_eq(lab_frame(HV_HOOK_NET_IN, f, sizeof(f)), HV_PASS);
}

/* A policy that follows fragments, and no other of that version. */
static void load_version(uint64_t version)
{
	lab_reset();
	lab.meta.head.version = version;
	lab_hook(HV_HOOK_NET_IN);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
}

/* 17 datagrams that share a bucket of the judge's 2048 when @e0, @e1 was added to the key. */
static void find_collisions(uint64_t e0, uint64_t e1, uint16_t id[17])
{
	unsigned count = 0;
	uint64_t key[4], bucket = 0;

	memcpy(key, lab.policy->digest, sizeof(key));
	for (uint32_t i = 0; count < 17; i++) {
		uint64_t b = siphash_fragment(key[2] ^ e0, key[3] ^ e1, 0x0a000001, 0x0a000002, 17,
					      (uint16_t)i) % (2 * JUDGE_MAX_DATAGRAMS);

		ck_assert_uint_le(i, UINT16_MAX);
		if (count == 0)
			bucket = b;
		if (b == bucket)
			id[count++] = (uint16_t)i;
	}
}

/* How many of 17 datagrams are forgotten early: a bucket has room for 16. */
static uint64_t forgotten(const uint16_t id[17])
{
	uint64_t before = judge_counter(lab.judge, JUDGE_FRAG_EVICTED);

	for (unsigned i = 0; i < 17; i++)
		first_fragment(id[i]);
	return judge_counter(lab.judge, JUDGE_FRAG_EVICTED) - before;
}

START_TEST(the_key_of_fragments_is_the_policys_own)
{
	uint16_t of_one[17], of_two[17];

	load_version(1);
	find_collisions(0, 0, of_one);
	load_version(2);
	find_collisions(0, 0, of_two);
	ck_assert_uint_eq(forgotten(of_one), 0);
	judge_reset(lab.judge);
	ck_assert_uint_eq(forgotten(of_two), 1);
	load_version(1);
	ck_assert_uint_eq(forgotten(of_two), 0);
	judge_reset(lab.judge);
	ck_assert_uint_eq(forgotten(of_one), 1);
}
END_TEST

START_TEST(the_same_policy_judges_the_same_input_alike)
{
	uint16_t id[17];
	uint64_t counters[2][JUDGE_COUNTERS];

	for (unsigned run = 0; run < 2; run++) {
		load_version(1);
		if (run == 0)
			find_collisions(0, 0, id);
		for (unsigned i = 0; i < 5000; i++)
			first_fragment((uint16_t)(i * 7));
		forgotten(id);
		for (unsigned c = 0; c < JUDGE_COUNTERS; c++)
			counters[run][c] = judge_counter(lab.judge, c);
	}
	ck_assert_mem_eq(counters[0], counters[1], sizeof(counters[0]));
	ck_assert_uint_gt(counters[0][JUDGE_FRAG_EVICTED], 0);
}
END_TEST

START_TEST(added_entropy_changes_the_key_until_it_is_replaced)
{
	static const uint64_t e[][2] = { { 1, 0 }, { 0, 1 }, { 0x0123456789abcdef, UINT64_MAX } };
	uint16_t plain[17], changed[17];

	for (unsigned i = 0; i < 3; i++) {
		load_version(1);
		find_collisions(0, 0, plain);
		find_collisions(e[i][0], e[i][1], changed);
		judge_add_entropy(lab.judge, e[i][0], e[i][1]);
		ck_assert_uint_eq(forgotten(plain), 0);
		judge_reset(lab.judge);		/* the key stays */
		ck_assert_uint_eq(forgotten(changed), 1);
		judge_add_entropy(lab.judge, e[i][0], e[i][1]);
		ck_assert_uint_eq(forgotten(changed), 1);
		judge_add_entropy(lab.judge, 0, 0);
		ck_assert_uint_eq(forgotten(plain), 1);
	}
}
END_TEST

START_TEST(entropy_begins_maps_anew_and_needs_no_fragment_table)
{
	static const struct hvb_map def = { HVB_MAP_HASH, 4, 8, 100 };
	uint32_t key = 5;
	uint64_t value = 6;

	lab.no_meta = true;
	mw_data(&lab.writer, "maps", &def, sizeof(def));
	lab_hook(HV_HOOK_DISK_READ);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_uint_eq(lab.policy->map_count, 1);
	ck_assert_int_eq(map_update(lab.policy->maps[0], &key, &value), 0);
	judge_add_entropy(lab.judge, 1, 2);
	ck_assert_ptr_null(map_lookup(lab.policy->maps[0], &key));
	ck_assert_int_eq(map_update(lab.policy->maps[0], &key, &value), 0);
	ck_assert_ptr_nonnull(map_lookup(lab.policy->maps[0], &key));
}
END_TEST

/* ---- memory ---- */

/* In an arena of @size bytes; *@a is how it is then. */
static int load_in(size_t size, const uint8_t *bytes, size_t len, struct policy **p,
		   struct arena *a)
{
	struct policy_error e = { .text = "" };
	int rc;

	arena_init(a, memory, size);
	rc = policy_load(a, bytes, len, p, &e);
	ck_assert_uint_eq(a->size, size);
	ck_assert_uint_le(a->peak, size);
	ck_assert_uint_ge(a->peak, a->used);
	if (rc) {
		ck_assert_int_eq(rc, POLICY_ENOMEM);
		ck_assert_str_ne(e.text, "");
		ck_assert_uint_eq(a->used, 0);
	}
	return rc;
}

/* With less than it needs nothing is loaded, and what it needs is its peak. */
static struct policy *check_load(const uint8_t *bytes, size_t len, size_t step)
{
	struct arena large, a;
	struct policy *p;
	size_t size = 0;

	ck_assert_int_eq(load_in(sizeof(memory), bytes, len, &p, &large), 0);
	while (load_in(size, bytes, len, &p, &a))
		size += step;
	ck_assert_uint_eq(a.used, large.used);
	ck_assert_uint_le(size, large.peak);
	ck_assert_uint_gt(size + step, large.peak - 16);
	ck_assert_int_eq(load_in(large.peak, bytes, len, &p, &a), 0);
	return p;
}

static int create_in(size_t size, const struct policy *p, struct judge **j, struct arena *a)
{
	struct policy_error e = { .text = "" };
	int rc;

	arena_init(a, judge_memory, size);
	rc = judge_create(a, p, NULL, NULL, j, &e);
	if (rc) {
		ck_assert_int_eq(rc, POLICY_ENOMEM);
		ck_assert_str_ne(e.text, "");
	}
	return rc;
}

/* A judge takes from a small arena what it takes from a large one, or is not made. */
static void check_create(const struct policy *p, size_t from, size_t step)
{
	struct arena large, a;
	struct judge *j;
	size_t size = from;

	ck_assert_int_eq(create_in(sizeof(judge_memory), p, &j, &large), 0);
	ck_assert_int_ne(create_in(from, p, &j, &a), 0);
	while (create_in(size, p, &j, &a))
		size += step;
	ck_assert_uint_eq(a.used, size < large.used ? size : large.used);
	ck_assert_uint_lt(size - a.used, step);
	ck_assert_uint_lt(large.used - a.used, 16);
	ck_assert_uint_eq(large.peak, large.used);
}

/* Something of everything that needs memory; @hook's program does nothing. */
static uint8_t *everything(unsigned hook, size_t *len)
{
	static const struct {
		struct table_head head;
		struct table_entry entry[3];
		struct { struct key_part part; uint64_t lo, hi; } set[3];
	} sets = {
		.head = { SETS_MAGIC, TABLE_FORMAT, 3, 0 },
		.entry = {
			{ 88, 48, TABLE_KEYS, 1, 1, 0 }, { 136, 48, TABLE_KEYS, 1, 1, 0 },
			{ 184, 48, TABLE_KEYS, 1, 1, 0 },
		},
		.set = { { { .ranges = 1 }, 1, 2 }, { { .ranges = 1 }, 1, 2 },
			 { { .ranges = 1 }, 1, 2 } },
	};
	static const struct {
		struct table_head head;
		struct table_entry entry;
		struct tree_head tree;
		struct tree_box box[3];
		uint32_t list[2], ref[2];
	} class = {
		.head = { CLASS_MAGIC, TABLE_FORMAT, 1, 0 },
		.entry = { 40, 104, TABLE_TREE, 0, 0, 0 },
		.tree = { .rows = 2, .boxes = 2, .lists = 1, .refs = 2, .root = KID_LIST },
		.box = { { .row = 0 }, { .row = 1 }, { .row = 2 } },
		.list = { 0, 2 }, .ref = { 0, 1 },
	};
	static const struct hvb_map map = { HVB_MAP_HASH, 4, 8, 3 };
	static const uint8_t data[24];
	static struct fake_query queries[200];

	lab_reset();
	for (unsigned i = 0; i < 3; i++) {
		uint32_t r = meta_add_rule(&lab.meta, "r", hook);

		meta_add_log(&lab.meta, r, HVB_INFO, 0);
		meta_add_counter(&lab.meta, "c");
		meta_add_rewrite(&lab.meta, r, 0, "x");
	}
	lab.sets = &sets;
	lab.sets_len = sizeof(sets);
	mw_data(&lab.writer, ".hv.class", &class, sizeof(class));
	mw_data(&lab.writer, ".hv.match", queries, sizeof(queries));
	mw_data(&lab.writer, "maps", &map, sizeof(map));
	mw_section(&lab.writer, ".data", ELF_SHT_PROGBITS, ELF_SHF_ALLOC | ELF_SHF_WRITE, data,
		   sizeof(data));
	lab_hook(hook);
	lab_return(HV_PASS);
	return lab_module(len);
}

START_TEST(a_plain_policy_is_loaded_in_the_memory_it_needs_to_the_byte)
{
	size_t len;
	uint8_t *bytes;

	lab_hook(HV_HOOK_DISK_READ);
	lab_return(HV_PASS);
	bytes = lab_module(&len);
	check_create(check_load(bytes, len, 1), 0, 16);
}
END_TEST

START_TEST(the_smallest_module_is_loaded_in_the_memory_it_needs_to_the_byte)
{
	struct elf_header *h;
	struct elf_section *s;
	size_t len;
	uint8_t *bytes;

	/* nothing but a digest and the names */
	lab.no_meta = true;
	bytes = lab_module(&len);
	h = (struct elf_header *)bytes;
	s = (struct elf_section *)(bytes + h->shoff);
	ck_assert_ptr_eq(&s[1], mw_header(bytes, ".hv.digest"));
	s[2] = s[h->shstrndx];
	h->shstrndx = 2;
	h->shnum = 3;
	ck_assert_int_eq(mw_reseal(bytes, len), 0);
	check_create(check_load(bytes, len, 1), 0, 16);
}
END_TEST

START_TEST(a_policy_with_every_table_is_loaded_in_the_memory_it_needs)
{
	size_t len;
	uint8_t *bytes = everything(HV_HOOK_DISK_READ, &len);

	check_create(check_load(bytes, len, 16), 0, 16);
	bytes = everything(HV_HOOK_NET_IN, &len);
	check_create(check_load(bytes, len, 16), 65536, 1024);
}
END_TEST

START_TEST(a_policy_of_many_patterns_needs_memory_for_their_costs)
{
	static const struct fake_query queries[4000];
	struct policy *p;
	struct arena a;
	size_t len, size = 0;
	uint8_t *bytes;

	mw_data(&lab.writer, ".hv.match", queries, sizeof(queries));
	lab_hook(HV_HOOK_DISK_READ);
	lab_return(HV_PASS);
	bytes = lab_module(&len);
	while (load_in(size, bytes, len, &p, &a))
		size += 1024;
	ck_assert_uint_gt(size, sizeof(queries) / sizeof(queries[0]) * sizeof(uint32_t));
}
END_TEST

/* ---- what a module holds ---- */

START_TEST(a_policy_without_programs_passes_everything)
{
	static uint8_t frame[60];
	struct disk_transfer d = { .command = 0x25, .sector_size = 512 };

	ck_assert_int_eq(lab_load(), 0);
	ck_assert_int_eq(lab_frame(HV_HOOK_NET_IN, frame, sizeof(frame)), HV_PASS);
	ck_assert_int_eq(lab_disk(HV_HOOK_DISK_READ, &d), HV_PASS);
	for (unsigned h = 0; h < HV_HOOKS; h++)
		ck_assert(!policy_has_hook(lab.policy, h));
}
END_TEST

START_TEST(a_program_of_one_instruction_is_verified)
{
	lab.code[HV_HOOK_NET_IN][0] = (struct bpf_insn)MW_EXIT;
	lab.len[HV_HOOK_NET_IN] = 1;
	ck_assert_int_eq(lab_load(), POLICY_EVERIFY);	/* r0 was never written */
	ck_assert_str_eq(lab.error.where, "net/in");
}
END_TEST

START_TEST(metadata_that_is_wrong_is_refused)
{
	lab.meta.head.format = HVB_META_VERSION + 1;
	lab_hook(HV_HOOK_NET_IN);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), POLICY_EINVAL);
	ck_assert_str_eq(lab.error.where, ".hv.meta");
}
END_TEST

START_TEST(a_caller_need_not_ask_for_the_error)
{
	struct policy *p;
	struct arena a;
	uint8_t *bytes;
	size_t len;

	lab_hook(HV_HOOK_NET_IN);
	lab_return_r0();
	bytes = lab_module(&len);
	arena_init(&a, memory, sizeof(memory));
	ck_assert_int_eq(policy_load(&a, bytes, len, &p, NULL), POLICY_EVERIFY);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("load");
	TCase *tc = unit_case(s, "load");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, the_key_of_fragments_is_the_policys_own);
	tcase_add_test(tc, the_same_policy_judges_the_same_input_alike);
	tcase_add_test(tc, added_entropy_changes_the_key_until_it_is_replaced);
	tcase_add_test(tc, entropy_begins_maps_anew_and_needs_no_fragment_table);
	tcase_add_test(tc, a_plain_policy_is_loaded_in_the_memory_it_needs_to_the_byte);
	tcase_add_test(tc, the_smallest_module_is_loaded_in_the_memory_it_needs_to_the_byte);
	tcase_add_test(tc, a_policy_with_every_table_is_loaded_in_the_memory_it_needs);
	tcase_add_test(tc, a_policy_of_many_patterns_needs_memory_for_their_costs);
	tcase_add_test(tc, a_policy_without_programs_passes_everything);
	tcase_add_test(tc, a_program_of_one_instruction_is_verified);
	tcase_add_test(tc, metadata_that_is_wrong_is_refused);
	tcase_add_test(tc, a_caller_need_not_ask_for_the_error);
	return s;
}
