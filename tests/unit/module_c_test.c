/*
 * module_c_test.c - modules written in C: the header says the truth, the examples work
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/seal.h"
#include "policy/field.h"
#include "policy/judge.h"
#include "tests/unit/sluice_header.h"
#include "tests/unit/unit.h"

START_TEST(the_header_for_modules_is_the_context)
{
	static const unsigned numbers[] = {
		HV_DROP, HV_PASS, HV_DROP_SILENTLY, HV_PASS_NAMED, HVB_MAP_HASH, HVB_MAP_ARRAY,
		HV_AREA_FRAME, HV_AREA_PAYLOAD, HV_AREA_DATA, HV_AREA_CDB, HVB_INFO, HVB_NOTICE,
		HVB_ALERT, sizeof(struct hvb_map), offsetof(struct hv_ctx, time_ns),
		offsetof(struct hv_ctx, present), offsetof(struct hv_ctx, transfer),
	};

	ck_assert_uint_eq(sluice_context_size, sizeof(struct hv_ctx));
	ck_assert_uint_eq(sluice_field_count, HV_FIELDS);
	for (unsigned i = 0; i < HV_FIELDS; i++) {
		ck_assert_str_eq(sluice_fields[i].name, hv_field_table[i].name);
		ck_assert_uint_eq(sluice_fields[i].number, hv_field_table[i].present);
		ck_assert_uint_eq(sluice_fields[i].offset, hv_field_table[i].offset);
	}
	ck_assert_mem_eq(numbers, sluice_numbers, sizeof(numbers));
}
END_TEST

static uint8_t memory[1 << 20] __attribute__((aligned(16)));
static struct judge *judge;
static struct judgement out;
static char last_event[600];
static unsigned events;

static void on_event(void *arg, const struct policy_event *e)
{
	events++;
	memcpy(last_event, e->text, e->text_len + 1);
}

static uint8_t *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes = malloc(1 << 20);

	ck_assert_ptr_nonnull(f);
	*len = fread(bytes, 1, 1 << 20, f);
	fclose(f);
	return bytes;
}

static const char *clang(void)
{
	const char *c = getenv("CLANG");

	return c && *c ? c : "clang";
}

static void take(char to[300], const char *path)
{
	snprintf(to, 300, "%s", path);
}

/* Compile rules/modules/@name.c, seal and load it. */
static void load(const char *name)
{
	static uint8_t *module;		/* stays, because the policy points into it */
	char object[300], source[300], name_c[64], command[1000];
	struct policy_error e = { .text = "" };
	struct policy *p;
	struct arena a;
	uint8_t *bytes;
	const char *why;
	size_t len;

	snprintf(name_c, sizeof(name_c), "rules/modules/%s.c", name);
	take(source, unit_source(name_c));
	snprintf(name_c, sizeof(name_c), "tests/unit/%d.o", (int)getpid());
	take(object, unit_build(name_c));
	snprintf(command, sizeof(command), "%s -O2 -target bpf -mcpu=v3 -Wall -Wextra -Werror "
		 "-c '%s' -o '%s'", clang(), source, object);
	ck_assert_int_eq(system(command), 0);
	bytes = read_file(object, &len);
	ck_assert_int_eq(seal_module(bytes, len, &module, &len, &why), 0);
	free(bytes);
	remove(object);
	arena_init(&a, memory, sizeof(memory));
	ck_assert_msg(policy_load(&a, module, len, &p, &e) == 0, "%s: %s", e.where, e.text);
	ck_assert_int_eq(judge_create(&a, p, on_event, NULL, &judge, &e), 0);
	events = 0;
}

/* A TCP SYN from 10.0.0.@peer. */
static enum hv_verdict syn(uint8_t peer, uint16_t port, uint64_t second)
{
	uint8_t frame[] = {
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
		0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, peer, 10, 0, 0, 2,
		0x13, 0x88, port >> 8, port & 255, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 1, 0,
		0, 0, 0, 0,
	};
	struct transfer t = { .number = 1, .time_ns = second * 1000000000,
			      .hook = HV_HOOK_NET_IN,
			      .net = { frame, sizeof(frame), sizeof(frame) } };

	judge_transfer(judge, &t, &out);
	return out.verdict;
}

START_TEST(who_knocks_in_order_may_connect_for_a_minute)
{
	load("knock");
	ck_assert_int_eq(syn(1, 80, 100), HV_PASS);
	ck_assert_int_eq(syn(1, 22, 100), HV_DROP);
	ck_assert_str_eq(last_event, "SSH without a knock");
	ck_assert_int_eq(syn(1, 7000, 100), HV_DROP);
	ck_assert_int_eq(syn(1, 8000, 101), HV_DROP);
	ck_assert_int_eq(syn(1, 22, 101), HV_DROP);
	ck_assert_int_eq(syn(1, 9000, 110), HV_DROP);
	ck_assert_str_eq(last_event, "knocked: port 22 is open for this peer");
	ck_assert_int_eq(syn(1, 22, 111), HV_PASS);
	ck_assert_int_eq(syn(3, 22, 111), HV_DROP);
	ck_assert_int_eq(syn(1, 22, 170), HV_PASS);
	ck_assert_int_eq(syn(1, 22, 171), HV_DROP);
}
END_TEST

START_TEST(wrong_and_late_knocks_are_forgotten)
{
	load("knock");
	syn(1, 7000, 100);
	syn(1, 9000, 100);
	syn(1, 8000, 100);
	syn(1, 9000, 100);
	ck_assert_int_eq(syn(1, 22, 100), HV_DROP);
	syn(2, 7000, 100);
	syn(2, 8000, 105);
	syn(2, 9000, 111);
	ck_assert_int_eq(syn(2, 22, 111), HV_DROP);
}
END_TEST

START_TEST(a_new_input_begins_with_empty_maps)
{
	load("knock");
	syn(1, 7000, 100);
	syn(1, 8000, 100);
	syn(1, 9000, 100);
	ck_assert_int_eq(syn(1, 22, 100), HV_PASS);
	judge_reset(judge);
	ck_assert_int_eq(syn(1, 22, 100), HV_DROP);
}
END_TEST

static uint8_t sectors[1024];

static enum hv_verdict write_at(uint64_t lba, uint32_t count)
{
	struct transfer t = { .number = 1, .hook = HV_HOOK_DISK_WRITE,
			      .disk = { .data = sectors, .data_len = count * 512,
					.command = 0x35, .first_lba = lba, .sectors = count,
					.sector_size = 512 } };

	judge_transfer(judge, &t, &out);
	return out.verdict;
}

START_TEST(the_boot_sector_keeps_its_signature_and_code)
{
	load("bootguard");
	memset(sectors, 0x90, sizeof(sectors));
	ck_assert_int_eq(write_at(2, 2), HV_PASS);
	ck_assert_int_eq(write_at(0, 1), HV_DROP);
	ck_assert_str_eq(last_event, "sector 0 would lose its boot signature");
	sectors[510] = 0x55;
	sectors[511] = 0xaa;
	ck_assert_int_eq(write_at(0, 1), HV_PASS);
	ck_assert_int_eq(write_at(0, 1), HV_PASS);
	sectors[63] ^= 1;
	ck_assert_int_eq(write_at(0, 1), HV_DROP);
	ck_assert_str_eq(last_event, "other boot code in sector 0");
	sectors[63] ^= 1;
	sectors[64] ^= 1;
	ck_assert_int_eq(write_at(0, 1), HV_PASS);
	/* static data is as after load again */
	judge_reset(judge);
	sectors[63] ^= 1;
	ck_assert_int_eq(write_at(0, 1), HV_PASS);
}
END_TEST

START_TEST(sector_one_stays_a_partition_table)
{
	struct disk_range r = { 1, 1 };
	struct transfer trim = { .number = 1, .hook = HV_HOOK_DISK_CONTROL,
				 .disk = { .command = 0x06, .features = 1, .ranges = &r,
					   .range_count = 1, .sector_size = 512 } };

	load("bootguard");
	memset(sectors, 0, sizeof(sectors));
	ck_assert_int_eq(write_at(1, 2), HV_DROP);
	ck_assert_str_eq(last_event, "sector 1 would be no GPT header");
	memcpy(sectors, "EFI PART", 8);
	ck_assert_int_eq(write_at(1, 2), HV_PASS);
	judge_transfer(judge, &trim, &out);
	ck_assert_int_eq(out.verdict, HV_DROP);
	r.lba = 2;
	judge_transfer(judge, &trim, &out);
	ck_assert_int_eq(out.verdict, HV_PASS);
}
END_TEST

START_TEST(sealing_twice_is_sealing_once_and_junk_is_refused)
{
	uint8_t *once, *twice;
	size_t len, again;
	const char *why;
	char path[300], source[300], command[1000];
	uint8_t *bytes;

	take(path, unit_build("tests/unit/seal.o"));
	take(source, unit_source("rules/modules/knock.c"));
	snprintf(command, sizeof(command), "%s -O2 -target bpf -c '%s' -o '%s'", clang(),
		 source, path);
	ck_assert_int_eq(system(command), 0);
	bytes = read_file(path, &len);
	ck_assert_int_eq(seal_module(bytes, 63, &once, &again, &why), -1);
	ck_assert_int_eq(seal_module("", 0, &once, &again, &why), -1);
	ck_assert_int_eq(seal_module(bytes, len, &once, &again, &why), 0);
	once[100] ^= 1;
	ck_assert_int_eq(seal_module(once, again, &twice, &len, &why), 0);
	ck_assert_uint_eq(len, again);
	ck_assert_int_ne(memcmp(once, twice, len), 0);
	bytes[18] = 62;		/* EM_X86_64 */
	ck_assert_int_eq(seal_module(bytes, len, &once, &again, &why), -1);
	remove(path);
	free(bytes);
	free(once);
	free(twice);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("module_c");
	TCase *tc = unit_case(s, "c");
	char command[300];

	tcase_add_test(tc, the_header_for_modules_is_the_context);
	snprintf(command, sizeof(command), "%s --version >/dev/null 2>&1", clang());
	if (system(command) != 0)
		return s;
	tcase_add_test(tc, who_knocks_in_order_may_connect_for_a_minute);
	tcase_add_test(tc, wrong_and_late_knocks_are_forgotten);
	tcase_add_test(tc, a_new_input_begins_with_empty_maps);
	tcase_add_test(tc, the_boot_sector_keeps_its_signature_and_code);
	tcase_add_test(tc, sector_one_stays_a_partition_table);
	tcase_add_test(tc, sealing_twice_is_sealing_once_and_junk_is_refused);
	return s;
}
