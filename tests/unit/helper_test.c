/*
 * helper_test.c - what programs see of a transfer: fields of disk commands, sets of sectors,
 * rows of a classifier; and what a new input finds forgotten
 */
#include <stdio.h>
#include <string.h>

#include "policy/elf.h"
#include "policy/judge_state.h"
#include "policy/table_format.h"
#include "tests/unit/judge_lab.h"
#include "tests/unit/unit.h"

static uint8_t sectors[1024];
static const struct disk_transfer write_two = {
	.data = sectors, .data_len = sizeof(sectors), .unit = 1, .port = 2, .command = 0x35,
	.features = 3, .first_lba = 100, .sectors = 2, .lba = 101, .count = 4, .sector_size = 512,
	.total_sectors = 1000, .cdb = { 0x2a }, .cdb_len = 12,
};

static void setup(void)
{
	lab_reset();
}

/* ---- fields of a disk command ---- */

/* All of them, in order, as an event shows them. */
static const char *fields_of(unsigned hook, const struct disk_transfer *d)
{
	uint32_t r;

	lab_reset();
	r = meta_add_rule(&lab.meta, "r", hook);
	meta_add_log(&lab.meta, r, HVB_INFO, 0);
	for (unsigned f = HV_F_DISK_LBA; f < HV_FIELDS; f++) {
		if (f > HV_F_DISK_LBA)
			meta_add_text(&lab.meta, " ");
		meta_add_part(&lab.meta, HVB_PART_FIELD, f);
	}
	lab_hook(hook);
	lab_call(H_LOG, 0, 0, 0);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	lab_disk(hook, d);
	ck_assert_uint_eq(lab.event_count, 1);
	return lab.events[0].text;
}

START_TEST(each_field_of_a_disk_command_is_there_when_the_command_has_it)
{
	struct disk_transfer d = write_two;
	struct disk_range range = { 7, 3 };

	ck_assert_str_eq(fields_of(HV_HOOK_DISK_WRITE, &d),
			 "100 2 100..101 1024 1 2 512 1000 53 3 101 4 42");
	d.sectors = UINT64_MAX / 512 + 1;
	ck_assert_str_eq(fields_of(HV_HOOK_DISK_WRITE, &d),
			 "100 36028797018963968 100..36028797018964067 - 1 2 512 1000 53 3 101 4 42");
	d = write_two;
	d.total_sectors = 0;
	d.cdb_len = 0;
	ck_assert_str_eq(fields_of(HV_HOOK_DISK_READ, &d),
			 "100 2 100..101 1024 1 2 512 - 53 3 101 4 -");
	d.command = 0x40;
	ck_assert_str_eq(fields_of(HV_HOOK_DISK_CONTROL, &d),
			 "- - - - 1 2 512 - 64 3 101 4 -");
	d.ranges = &range;
	d.range_count = 1;
	ck_assert_str_eq(fields_of(HV_HOOK_DISK_CONTROL, &d),
			 "- - 7..9 - 1 2 512 - 64 3 101 4 -");
}
END_TEST

/* Passes where the two words are these. */
static void ends_are(unsigned hook, const struct disk_transfer *d, uint64_t first, uint64_t last)
{
	const struct { size_t at; uint64_t value; } words[] = {
		{ offsetof(struct hv_ctx, disk_first), first }, { offsetof(struct hv_ctx, disk_last), last },
	};

	setup();
	lab_hook(hook);
	for (unsigned i = 0; i < 2; i++) {
		lab_insn((struct bpf_insn)MW_INSN(0x79, 0, 6, (int16_t)words[i].at, 0));
		lab_insn((struct bpf_insn)MW_INSN(0x18, 1, 0, 0, (int32_t)words[i].value));
		lab_insn((struct bpf_insn)MW_INSN(0, 0, 0, 0, (int32_t)(words[i].value >> 32)));
		lab_insn((struct bpf_insn)MW_INSN(0x1d, 0, 1, 2, 0));
		lab_return(HV_DROP);
	}
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_int_eq(lab_disk(hook, d), HV_PASS);
}

START_TEST(the_ends_of_all_that_is_touched_are_known)
{
	static struct disk_range ranges[] = { { 500, 8 }, { 100, 0 }, { 300, 100 }, { 450, 1 } };
	struct disk_transfer d = write_two, trim = { .command = 0x06, .features = 1, .ranges = ranges, .range_count = 4,
						     .sector_size = 512, .first_lba = 7, .sectors = 1 };

	d.first_lba = 1000;
	d.sectors = 2;
	ends_are(HV_HOOK_DISK_WRITE, &d, 1000, 1001);
	ends_are(HV_HOOK_DISK_READ, &d, 1000, 1001);
	d.sectors = 0;
	ends_are(HV_HOOK_DISK_WRITE, &d, UINT64_MAX, 0);
	d.first_lba = UINT64_MAX - 1;
	d.sectors = 2;
	ends_are(HV_HOOK_DISK_WRITE, &d, UINT64_MAX - 1, UINT64_MAX);
	d.sectors = 9;
	ends_are(HV_HOOK_DISK_WRITE, &d, UINT64_MAX - 1, UINT64_MAX);
	ends_are(HV_HOOK_DISK_CONTROL, &trim, 300, 507);
	trim.range_count = 0;
	ends_are(HV_HOOK_DISK_CONTROL, &trim, UINT64_MAX, 0);
}
END_TEST

/* ---- sets of sectors ---- */

/* Set 0: 1 word, 100..101; set 1: 2 words, {0, 0}..{9, 9}. */
static const struct {
	struct table_head head;
	struct table_entry entry[2];
	struct key_part part0;
	uint64_t lo0, hi0;
	struct key_part part1;
	uint64_t lo1[2], hi1[2];
} sets = {
	.head = { SETS_MAGIC, TABLE_FORMAT, 2, 0 },
	.entry = {
		{ 64, 48, TABLE_KEYS, 1, 1, 0 }, { 112, 64, TABLE_KEYS, 2, 1, 0 },
	},
	.part0 = { .ranges = 1 }, .lo0 = 100, .hi0 = 101,
	.part1 = { .ranges = 1 }, .hi1 = { 9, 9 },
};

static enum hv_verdict in_set(int32_t set, uint64_t first, uint64_t count)
{
	struct disk_transfer d = write_two;

	lab_reset();
	lab.sets = &sets;
	lab.sets_len = sizeof(sets);
	d.first_lba = first;
	d.sectors = count;
	lab_hook(HV_HOOK_DISK_WRITE);
	lab_call(H_OVERLAPS, set, 0, 0);
	lab_return_r0();
	ck_assert_int_eq(lab_load(), 0);
	return lab_disk(HV_HOOK_DISK_WRITE, &d);
}

START_TEST(sectors_meet_a_set_at_its_ends)
{
	ck_assert_int_eq(in_set(0, 98, 2), HV_DROP);
	ck_assert_int_eq(in_set(0, 98, 3), HV_PASS);
	ck_assert_int_eq(in_set(0, 101, 1), HV_PASS);
	ck_assert_int_eq(in_set(0, 102, 1), HV_DROP);
	ck_assert_int_eq(in_set(0, 100, 0), HV_DROP);
	ck_assert_int_eq(in_set(0, 1, 0), HV_DROP);
	ck_assert_int_eq(in_set(1, 0, 1), HV_DROP);	/* no set of sectors */
}
END_TEST

START_TEST(a_packet_meets_no_sectors)
{
	static uint8_t frame[60];
	struct transfer t = { .hook = HV_HOOK_NET_IN, .disk = write_two };

	lab_hook(HV_HOOK_NET_IN);
	lab_call(H_OVERLAPS_RANGE, 0, INT32_MAX, 0);
	lab_return_r0();
	ck_assert_int_eq(lab_load(), 0);
	t.net = (struct net_transfer){ frame, sizeof(frame), sizeof(frame) };
	judge_transfer(lab.judge, &t, &lab.out);
	ck_assert_int_eq(lab.out.verdict, HV_DROP);
}
END_TEST

/* ---- classifiers ---- */

/* Two rows that hold for everything. */
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

/* hv_class() of the rows from @from on: is the answer @row? */
static enum hv_verdict next_row(uint32_t from_hi, uint32_t from_lo, int32_t row)
{
	static uint8_t frame[60];

	lab_reset();
	mw_data(&lab.writer, ".hv.class", &class, sizeof(class));
	lab_hook(HV_HOOK_NET_IN);
	lab_insn((struct bpf_insn)MW_MOVR(1, 6));
	lab_insn((struct bpf_insn)MW_MOV(2, 0));
	lab_insn((struct bpf_insn)MW_INSN(0x18, 3, 0, 0, (int32_t)from_lo));
	lab_insn((struct bpf_insn)MW_INSN(0, 0, 0, 0, (int32_t)from_hi));
	lab_insn((struct bpf_insn)MW_CALL_HELPER(H_CLASS));
	lab_insn((struct bpf_insn)MW_INSN(0x15, 0, 0, 2, row));
	lab_return(HV_DROP);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	return lab_frame(HV_HOOK_NET_IN, frame, sizeof(frame));
}

START_TEST(a_classifier_tells_the_next_row_from_any_64_bit_number_on)
{
	ck_assert_int_eq(next_row(0, 0, 0), HV_PASS);
	ck_assert_int_eq(next_row(0, 1, 1), HV_PASS);
	ck_assert_int_eq(next_row(0, 2, 2), HV_PASS);
	ck_assert_int_eq(next_row(0, UINT32_MAX, 2), HV_PASS);
	ck_assert_int_eq(next_row(1, 0, 2), HV_PASS);
	ck_assert_int_eq(next_row(UINT32_MAX, 1, 2), HV_PASS);
}
END_TEST

/* ---- statistics ---- */

static uint64_t counted(unsigned hook)
{
	struct disk_transfer d = write_two;
	static uint8_t frame[60];

	lab_reset();
	meta_add_rule(&lab.meta, "r", hook);
	lab_hook(hook);
	lab_call(H_HIT, 0, 0, 0);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	d.command = hook == HV_HOOK_DISK_CONTROL ? 0x40 : d.command;
	d.data_len = 77;
	if (hook <= HV_HOOK_NET_IN)
		lab_frame(hook, frame, sizeof(frame));
	else
		lab_disk(hook, &d);
	return judge_rule_stats(lab.judge, 0)->bytes;
}

START_TEST(a_rules_bytes_are_those_of_the_frame_the_sectors_or_the_commands_data)
{
	ck_assert_uint_eq(counted(HV_HOOK_NET_OUT), 60);
	ck_assert_uint_eq(counted(HV_HOOK_NET_IN), 60);
	ck_assert_uint_eq(counted(HV_HOOK_DISK_WRITE), 1024);
	ck_assert_uint_eq(counted(HV_HOOK_DISK_READ), 1024);
	ck_assert_uint_eq(counted(HV_HOOK_DISK_CONTROL), 77);
}
END_TEST

/* ---- a new input ---- */

/* Fragment of a UDP datagram to port 53: the first one, or the last one, without its header. */
static enum hv_verdict fragment(bool first)
{
	uint8_t f[] = {
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
		0x45, 0, 0, 36, 0, 1, first ? 0x20 : 0, first ? 0 : 2, 64, 17, 0, 0,
		10, 0, 0, 1, 10, 0, 0, 2, 0x13, 0x88, 0, 53, 0, 24, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8,
	};

	return lab_frame(HV_HOOK_NET_IN, f, sizeof(f));
}

START_TEST(a_new_input_finds_no_fragments)
{
	for (int follow = 0; follow < 2; follow++) {
		lab_reset();
		lab.meta.head.hook_needs[HV_HOOK_NET_IN] = follow ? HVB_NEED_TRANSPORT : 0;
		lab_hook(HV_HOOK_NET_IN);
		lab_return(HV_PASS);
		ck_assert_int_eq(lab_load(), 0);
		fragment(true);
		judge_reset(lab.judge);
		ck_assert_int_eq(fragment(false), follow ? HV_DROP : HV_PASS);
		fragment(true);
		ck_assert_int_eq(fragment(false), HV_PASS);
	}
}
END_TEST

START_TEST(a_new_input_finds_data_as_the_module_brought_it)
{
	static const uint8_t initial[] = { 1, 2, 3, 4, 5, 6, 7, 8 }, zeros[8];
	const struct data_region *r;

	mw_data(&lab.writer, ".rodata", initial, sizeof(initial));
	mw_section(&lab.writer, ".data", ELF_SHT_PROGBITS, ELF_SHF_ALLOC | ELF_SHF_WRITE, initial,
		   sizeof(initial));
	mw_section(&lab.writer, ".bss", ELF_SHT_NOBITS, ELF_SHF_ALLOC | ELF_SHF_WRITE, NULL,
		   sizeof(zeros));
	lab_hook(HV_HOOK_NET_IN);
	lab_return(HV_PASS);
	ck_assert_int_eq(lab_load(), 0);
	ck_assert_uint_eq(lab.policy->region_count, 3);
	r = lab.policy->regions;
	ck_assert_mem_eq(r[0].base, initial, 8);
	for (int i = 0; i < 2; i++) {
		ck_assert_mem_eq(r[1].base, initial, 8);
		ck_assert_mem_eq(r[2].base, zeros, 8);
		memset(r[1].base, 9, 8);
		memset(r[2].base, 9, 8);
		judge_reset(lab.judge);
	}
	ck_assert_mem_eq(r[1].base, initial, 8);
	ck_assert_mem_eq(r[2].base, zeros, 8);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("helper");
	TCase *tc = unit_case(s, "transfer");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, each_field_of_a_disk_command_is_there_when_the_command_has_it);
	tcase_add_test(tc, the_ends_of_all_that_is_touched_are_known);
	tcase_add_test(tc, sectors_meet_a_set_at_its_ends);
	tcase_add_test(tc, a_packet_meets_no_sectors);
	tcase_add_test(tc, a_classifier_tells_the_next_row_from_any_64_bit_number_on);
	tcase_add_test(tc, a_rules_bytes_are_those_of_the_frame_the_sectors_or_the_commands_data);
	tcase_add_test(tc, a_new_input_finds_no_fragments);
	tcase_add_test(tc, a_new_input_finds_data_as_the_module_brought_it);
	return s;
}
