/*
 * hv_emulate_test.c - what an emulated instruction does to registers, devices and RAM
 */
#include <stdlib.h>
#include <string.h>

#include "hv/guest/emulate.h"
#include "hv/guest/walk.h"
#include "tests/unit/guest_lab.h"
#include "tests/unit/unit.h"

/* Pages, with paging mapped one to one. */
#define CODE	0x8000u
#define DEVICE	0x9000u		/* and the next */
#define RAM	0xb000u		/* and the next */
#define SEALED	0xd000u		/* a device, read-only with paging */
#define NOTHING	0xe000u		/* not mapped with paging */

static struct lab lab;
static struct emulation e;
static struct guest_cpu *const cpu = &lab.cpu;

static uint8_t *byte_at(uint64_t gpa)
{
	return (uint8_t *)lab.ram + gpa;
}

static void fill(void)
{
	lab.device[DEVICE / LAB_PAGE] = lab.device[DEVICE / LAB_PAGE + 1] = true;
	lab.device[SEALED / LAB_PAGE] = true;
	for (unsigned i = 0; i < 2 * LAB_PAGE; i++) {
		*byte_at(DEVICE + i) = (uint8_t)(i * 7 + 1);
		*byte_at(RAM + i) = (uint8_t)(i * 5 + 3);
	}
	cpu->rip = CODE;
	cpu->gpr[RBX] = DEVICE;
}

static void init_64(void)
{
	lab_init(&lab);
	lab_64(&lab);
	for (unsigned page = CODE; page < NOTHING; page += LAB_PAGE)
		lab_map(&lab, page, page, LAB_P | LAB_U | (page == SEALED ? 0 : LAB_W));
	fill();
}

static void init_32(void)
{
	lab_init(&lab);
	lab_32(&lab);
	fill();
}

static void init_real(void)
{
	lab_init(&lab);
	lab_real(&lab);
	fill();
}

static void put_code(uint64_t at, const char *text)
{
	for (char *end; *text; text = end, at++) {
		*byte_at(at) = (uint8_t)strtoul(text, &end, 16);
		while (*end == ' ')
			end++;
	}
}

/* Emulate @text at RIP. */
static int run(const char *text)
{
	put_code(cpu->seg[SEG_CS].base + cpu->rip, text);
	memset(&e, 0, sizeof(e));
	lab.reads = lab.writes = 0;
	memset(lab.log, 0, sizeof(lab.log));
	return guest_emulate(cpu, &lab.bus, &e);
}

/* It is carried out. */
static void does(const char *text)
{
	ck_assert_int_eq(run(text), GUEST_OK);
}

/* It is refused with @vector, and nothing has changed. */
static void raises(const char *text, int status, unsigned vector)
{
	struct lab before;

	put_code(cpu->seg[SEG_CS].base + cpu->rip, text);
	before = lab;
	ck_assert_int_eq(run(text), status);
	ck_assert_uint_eq(e.fault.vector, vector);
	ck_assert_uint_eq(lab.reads + lab.writes, 0);
	ck_assert(!memcmp(&before.cpu, cpu, sizeof(*cpu)));
	/* below are page tables, where accessed bits may be set */
	ck_assert(!memcmp((uint8_t *)before.ram + CODE, byte_at(CODE), sizeof(lab.ram) - CODE));
}

static void leaves(const char *text)
{
	e.fault.vector = 0;
	raises(text, GUEST_AGAIN, 0);
}

static uint64_t value_at(uint64_t gpa, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, byte_at(gpa), size);
	return v;
}

static void put_value(uint64_t gpa, uint64_t value, unsigned size)
{
	memcpy(byte_at(gpa), &value, size);
}

static void logged(unsigned n, uint64_t gpa, unsigned size, bool write)
{
	ck_assert_uint_eq(lab.log[n].gpa, gpa);
	ck_assert_uint_eq(lab.log[n].size, size);
	ck_assert_int_eq(lab.log[n].write, write);
}

START_TEST(a_load_is_one_access_of_its_size)
{
	init_64();
	put_value(DEVICE, 0x8877665544332211, 8);
	cpu->gpr[RAX] = UINT64_MAX;
	does("8b 03");
	ck_assert_uint_eq(cpu->gpr[RAX], 0x44332211);
	ck_assert_uint_eq(lab.reads, 1);
	logged(0, DEVICE, 4, false);
	ck_assert_uint_eq(cpu->rip, CODE + 2);
	cpu->gpr[RAX] = UINT64_MAX;
	does("66 8b 03");
	ck_assert_uint_eq(cpu->gpr[RAX], 0xffffffffffff2211);
	cpu->gpr[RAX] = 0;
	does("8a 23");
	ck_assert_uint_eq(cpu->gpr[RAX], 0x1100);
	does("48 8b 03");
	ck_assert_uint_eq(cpu->gpr[RAX], 0x8877665544332211);
	does("0f b7 03");
	ck_assert_uint_eq(cpu->gpr[RAX], 0x2211);
	does("48 0f be 43 07");
	ck_assert_uint_eq(cpu->gpr[RAX], 0xffffffffffffff88);
	does("0f 38 f0 03");
	ck_assert_uint_eq(cpu->gpr[RAX], 0x11223344);
}
END_TEST

START_TEST(a_store_is_one_access_with_no_bits_above_its_size)
{
	init_64();
	cpu->gpr[RAX] = 0x8877665544332211;
	does("88 63 08");
	logged(0, DEVICE + 8, 1, true);
	ck_assert_uint_eq(lab.log[0].value, 0x22);
	does("66 89 43 08");
	ck_assert_uint_eq(lab.log[0].value, 0x2211);
	does("c7 43 08 fe ff ff ff");
	ck_assert_uint_eq(lab.log[0].value, 0xfffffffe);
	does("48 c7 43 08 fe ff ff ff");
	ck_assert_uint_eq(lab.log[0].value, 0xfffffffffffffffe);
	ck_assert_uint_eq(lab.writes, 1);
	ck_assert_uint_eq(lab.reads, 0);
	cpu->seg[SEG_DS].selector = 0x1234;
	does("8c 5b 08");
	logged(0, DEVICE + 8, 2, true);
	ck_assert_uint_eq(lab.log[0].value, 0x1234);
	does("66 0f 38 f1 43 08");
	ck_assert_uint_eq(lab.log[0].value, 0x1122);
}
END_TEST

START_TEST(arithmetic_reads_once_and_writes_once)
{
	init_64();
	put_value(DEVICE, 0x7fffffff, 8);
	does("83 03 01");
	ck_assert_uint_eq(lab.reads, 1);
	ck_assert_uint_eq(lab.writes, 1);
	ck_assert_uint_eq(value_at(DEVICE, 4), 0x80000000);
	ck_assert_uint_eq(cpu->rflags, 2 | RFLAGS_OF | RFLAGS_SF | RFLAGS_AF | RFLAGS_PF);
	does("f7 03 00 00 00 80");
	ck_assert_uint_eq(lab.writes, 0);
	ck_assert_uint_eq(cpu->rflags, 2 | RFLAGS_SF | RFLAGS_PF);
	cpu->gpr[RAX] = 0xff00000080000000;
	does("3b 03");
	ck_assert_uint_eq(lab.writes, 0);
	ck_assert_uint_eq(cpu->gpr[RAX], 0xff00000080000000);
	ck_assert_uint_eq(cpu->rflags, 2 | RFLAGS_ZF | RFLAGS_PF);
	does("33 03");
	ck_assert_uint_eq(cpu->gpr[RAX], 0);
	does("39 03");
	ck_assert_uint_eq(lab.writes, 0);
}
END_TEST

START_TEST(a_device_sees_aligned_pieces_from_the_lowest_up)
{
	init_64();
	put_value(DEVICE + 1, 0x8877665544332211, 8);
	does("48 8b 43 01");
	ck_assert_uint_eq(cpu->gpr[RAX], 0x8877665544332211);
	logged(0, DEVICE + 1, 1, false);
	logged(1, DEVICE + 2, 2, false);
	logged(2, DEVICE + 4, 4, false);
	logged(3, DEVICE + 8, 1, false);
	ck_assert_uint_eq(lab.reads, 4);
	cpu->gpr[RAX] = 0xa4a3a2a1;
	does("89 43 07");
	logged(0, DEVICE + 7, 1, true);
	logged(1, DEVICE + 8, 2, true);
	logged(2, DEVICE + 10, 1, true);
	ck_assert_uint_eq(value_at(DEVICE + 7, 4), 0xa4a3a2a1);
	ck_assert_uint_eq(lab.log[1].value, 0xa3a2);
}
END_TEST

START_TEST(an_operand_may_be_half_device_and_half_ram)
{
	init_64();
	put_value(RAM - 3, 0xb5b4b3b2b1, 8);
	cpu->gpr[RBX] = RAM - 3;
	does("48 8b 03");
	ck_assert_uint_eq(cpu->gpr[RAX], 0xb5b4b3b2b1);
	ck_assert_uint_eq(lab.reads, 2);
	cpu->gpr[RAX] = 0xc8c7c6c5c4c3c2c1;
	does("48 89 03");
	ck_assert_uint_eq(value_at(RAM - 3, 8), 0xc8c7c6c5c4c3c2c1);
	ck_assert_uint_eq(lab.writes, 2);
	/* and the other way round */
	cpu->gpr[RBX] = SEALED - 5;
	cpu->rflags = 2;
	lab_map(&lab, SEALED, SEALED, LAB_P | LAB_W);
	does("48 89 03");
	ck_assert_uint_eq(value_at(SEALED - 5, 8), 0xc8c7c6c5c4c3c2c1);
	ck_assert_uint_eq(lab.writes, 2);
	logged(0, SEALED, 2, true);
	logged(1, SEALED + 2, 1, true);
}
END_TEST

START_TEST(both_pages_are_checked_before_a_byte_is_moved)
{
	init_64();
	cpu->gpr[RBX] = NOTHING - 1;
	raises("66 8b 03", GUEST_FAULT, VECTOR_PF);
	ck_assert_uint_eq(e.fault.cr2, NOTHING);
	lab_map(&lab, SEALED - LAB_PAGE, DEVICE, LAB_P | LAB_W);
	cpu->gpr[RBX] = SEALED - 1;
	does("66 8b 03");
	raises("66 89 03", GUEST_FAULT, VECTOR_PF);
	ck_assert_uint_eq(e.fault.cr2, SEALED);
	ck_assert_uint_eq(e.fault.error, 3);
	ck_assert(e.fault.has_error);
}
END_TEST

START_TEST(what_will_be_written_is_not_read_before_that_is_allowed)
{
	init_64();
	cpu->gpr[RBX] = SEALED;
	does("8b 03");
	does("39 03");
	raises("01 03", GUEST_FAULT, VECTOR_PF);
	raises("81 23 00 00 00 00", GUEST_FAULT, VECTOR_PF);
	cpu->gpr[RSI] = DEVICE;
	cpu->gpr[RDI] = SEALED;
	raises("a5", GUEST_FAULT, VECTOR_PF);
	ck_assert_uint_eq(e.fault.error, 3);
	cpu->cpl = 3;
	raises("aa", GUEST_FAULT, VECTOR_PF);
	ck_assert_uint_eq(e.fault.error, 7);
}
END_TEST

START_TEST(what_touches_no_device_is_left_to_the_processor)
{
	init_64();
	cpu->gpr[RBX] = RAM;
	leaves("8b 03");
	leaves("01 03");
	leaves("89 c3");
	cpu->gpr[RSI] = RAM;
	cpu->gpr[RDI] = RAM + 8;
	leaves("a5");
	leaves("ab");
	cpu->gpr[RCX] = 0;
	cpu->gpr[RDI] = DEVICE;
	leaves("f3 ab");
	cpu->gpr[RCX] = 0xffffffff00000000;
	leaves("f3 67 ab");
	cpu->gpr[RBX] = DEVICE;
	lab.refuse_cmpxchg = 8;
	ck_assert_int_eq(run("8b 03"), GUEST_AGAIN);
	ck_assert_uint_eq(cpu->rip, CODE);
}
END_TEST

START_TEST(another_instruction_is_refused)
{
	static const char *const texts[] = {
		"87 03", "ff 03", "f7 13", "ac", "a6", "ae", "0f 6f 03", "0f b1 03", "8e 1b",
		"ff 33", "c5 f8 28 03",
	};

	init_64();
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		raises(texts[i], GUEST_REFUSED, VECTOR_GP);
		ck_assert(e.fault.has_error);
		ck_assert_uint_eq(e.fault.error, 0);
	}
}
END_TEST

START_TEST(invalid_and_long_instructions_fault)
{
	init_64();
	raises("f0 89 03", GUEST_FAULT, VECTOR_UD);
	ck_assert(!e.fault.has_error);
	raises("66 66 66 66 66 66 66 66 66 66 66 66 66 66 8b 03", GUEST_FAULT, VECTOR_GP);
}
END_TEST

START_TEST(code_on_a_device_page_is_refused)
{
	init_64();
	cpu->rip = DEVICE;
	raises("8b 03", GUEST_REFUSED, VECTOR_GP);
	cpu->rip = DEVICE - 1;		/* its second byte alone */
	raises("8b 03", GUEST_REFUSED, VECTOR_GP);
}
END_TEST

START_TEST(code_is_read_only_as_far_as_it_reaches)
{
	init_64();
	cpu->rip = NOTHING - 2;
	lab_map(&lab, NOTHING - LAB_PAGE, RAM, LAB_P);
	put_code(RAM + LAB_PAGE - 2, "8b 03");
	memset(&e, 0, sizeof(e));
	ck_assert_int_eq(guest_emulate(cpu, &lab.bus, &e), GUEST_OK);
	ck_assert_uint_eq(cpu->rip, NOTHING);
	ck_assert_uint_eq(e.fetch.count, 2);
	cpu->rip = NOTHING - 1;
	put_code(RAM + LAB_PAGE - 2, "8b 8b");
	memset(&e, 0, sizeof(e));
	ck_assert_int_eq(guest_emulate(cpu, &lab.bus, &e), GUEST_FAULT);
	ck_assert_uint_eq(e.fault.vector, VECTOR_PF);
	ck_assert_uint_eq(e.fault.cr2, NOTHING);
	ck_assert_uint_eq(e.fault.error, WALK_FETCH);
}
END_TEST

START_TEST(what_follows_is_fetched_too_unless_it_may_have_been_written)
{
	init_64();
	put_code(CODE + 2, "f4 f5");
	does("8b 03");
	ck_assert(e.fetch.in_page && e.fetch.gpa.a == CODE && e.fetch.count == FETCH_BYTES);
	ck_assert_uint_eq(e.fetch.byte[3], 0xf5);
	cpu->gpr[RSI] = DEVICE;
	cpu->gpr[RDI] = RAM;
	cpu->rip = CODE;
	does("a5");
	ck_assert(!e.fetch.in_page);
	cpu->gpr[RBX] = RAM - 2;
	cpu->rip = CODE;
	does("89 03");
	ck_assert(!e.fetch.in_page);
}
END_TEST

START_TEST(an_instruction_goes_on_in_the_next_page)
{
	init_64();
	lab_map(&lab, 0x20000, RAM, LAB_P);
	lab_map(&lab, 0x21000, CODE, LAB_P);
	put_code(RAM + LAB_PAGE - 3, "c7 43 04");
	put_code(CODE, "78 56 34 12");
	cpu->rip = 0x20ffd;
	memset(&e, 0, sizeof(e));
	ck_assert_int_eq(guest_emulate(cpu, &lab.bus, &e), GUEST_OK);
	ck_assert_uint_eq(value_at(DEVICE + 4, 4), 0x12345678);
	ck_assert_uint_eq(cpu->rip, 0x21004);
}
END_TEST

START_TEST(bytes_that_are_known_are_not_read_again)
{
	init_64();
	put_code(CODE, "f4 f4 f4");
	memset(&e, 0, sizeof(e));
	e.fetch = (struct fetch) { .byte = { 0x8b, 0x43, 0x00 }, .count = 3 };
	ck_assert_int_eq(guest_emulate(cpu, &lab.bus, &e), GUEST_OK);
	ck_assert_uint_eq(cpu->rip, CODE + 3);
	/* what is missing of them is */
	cpu->rip = CODE;
	put_code(CODE, "f4 43 08");
	memset(&e, 0, sizeof(e));
	e.fetch = (struct fetch) { .byte = { 0x8b }, .count = 1 };
	cpu->gpr[RAX] = 0;
	ck_assert_int_eq(guest_emulate(cpu, &lab.bus, &e), GUEST_OK);
	ck_assert_uint_eq(cpu->gpr[RAX], value_at(DEVICE + 8, 4));
}
END_TEST

START_TEST(rep_goes_in_batches)
{
	init_64();
	cpu->gpr[RCX] = EMULATE_BATCH + 2;
	cpu->gpr[RDI] = DEVICE;
	cpu->gpr[RAX] = 0xa5;
	does("f3 aa");
	ck_assert(e.unfinished);
	ck_assert(!e.trace);
	ck_assert_uint_eq(cpu->rip, CODE);
	ck_assert_uint_eq(cpu->gpr[RCX], 2);
	ck_assert_uint_eq(cpu->gpr[RDI], DEVICE + EMULATE_BATCH);
	ck_assert_uint_eq(cpu->rflags, 2 | RFLAGS_RF);
	ck_assert_uint_eq(lab.writes, EMULATE_BATCH);
	does("f3 aa");
	ck_assert(!e.unfinished);
	ck_assert_uint_eq(cpu->rip, CODE + 2);
	ck_assert_uint_eq(cpu->gpr[RCX], 0);
	ck_assert_uint_eq(cpu->rflags, 2);
	ck_assert_uint_eq(value_at(DEVICE + EMULATE_BATCH + 1, 2), 0x01a5 + 0x100 *
			  (uint8_t)((EMULATE_BATCH + 2) * 7));
}
END_TEST

START_TEST(rep_stops_where_the_device_ends)
{
	init_64();
	cpu->gpr[RCX] = 8;
	cpu->gpr[RDI] = RAM - 8;
	does("f3 ab");
	ck_assert(e.unfinished);
	ck_assert_uint_eq(cpu->gpr[RCX], 6);
	ck_assert_uint_eq(cpu->gpr[RDI], RAM);
	leaves("f3 ab");
	/* an iteration without REP ends the instruction */
	cpu->gpr[RDI] = RAM - 4;
	does("ab");
	ck_assert_uint_eq(cpu->gpr[RCX], 6);
	ck_assert(!e.unfinished);
}
END_TEST

START_TEST(a_fault_in_rep_counts_what_was_done)
{
	init_64();
	lab_map(&lab, SEALED - LAB_PAGE, DEVICE, LAB_P | LAB_W);
	cpu->gpr[RCX] = 8;
	cpu->gpr[RDI] = SEALED - 6;
	ck_assert_int_eq(run("f3 66 ab"), GUEST_FAULT);
	ck_assert_uint_eq(e.fault.vector, VECTOR_PF);
	ck_assert_uint_eq(cpu->gpr[RCX], 5);
	ck_assert_uint_eq(cpu->gpr[RDI], SEALED);
	ck_assert_uint_eq(cpu->rip, CODE);
}
END_TEST

START_TEST(movs_goes_between_device_and_ram_in_both_directions)
{
	init_64();
	cpu->gpr[RCX] = 3;
	cpu->gpr[RSI] = DEVICE + 16;
	cpu->gpr[RDI] = RAM;
	does("f3 48 a5");
	ck_assert(!memcmp(byte_at(RAM), byte_at(DEVICE + 16), 24));
	ck_assert_uint_eq(lab.reads, 3);
	ck_assert_uint_eq(lab.writes, 0);
	cpu->rflags |= RFLAGS_DF;
	cpu->gpr[RCX] = 3;
	cpu->gpr[RSI] = RAM + 64;
	cpu->gpr[RDI] = DEVICE + 64;
	does("f3 a5");
	ck_assert(!memcmp(byte_at(RAM + 56), byte_at(DEVICE + 56), 12));
	ck_assert_uint_eq(cpu->gpr[RSI], RAM + 52);
	ck_assert_uint_eq(cpu->gpr[RDI], DEVICE + 52);
	ck_assert_uint_eq(lab.writes, 3);
}
END_TEST

START_TEST(counts_and_addresses_of_strings_have_the_address_size)
{
	init_64();
	cpu->gpr[RCX] = 0x1234567800000001;
	cpu->gpr[RDI] = 0x1234567800000000 | DEVICE;
	does("f3 67 ab");
	ck_assert_uint_eq(cpu->gpr[RCX], 0);
	ck_assert_uint_eq(cpu->gpr[RDI], DEVICE + 4);
	init_32();
	cpu->gpr[RCX] = 0x56780001;
	cpu->gpr[RDI] = 0x56780000 | DEVICE;
	does("f3 67 ab");
	ck_assert_uint_eq(cpu->gpr[RCX], 0x56780000);
	ck_assert_uint_eq(cpu->gpr[RDI], 0x56780000 | (DEVICE + 4));
}
END_TEST

START_TEST(a_traced_instruction_is_followed_by_debug)
{
	init_64();
	cpu->rflags |= RFLAGS_TF | RFLAGS_RF;
	does("8b 03");
	ck_assert(e.trace);
	ck_assert_uint_eq(cpu->rflags, 2 | RFLAGS_TF);
	cpu->gpr[RCX] = 5;
	cpu->gpr[RDI] = DEVICE;
	does("f3 aa");
	ck_assert(e.trace);
	ck_assert(e.unfinished);
	ck_assert_uint_eq(cpu->gpr[RCX], 4);
	cpu->rflags = 2;
	does("8b 03");
	ck_assert(!e.trace);
}
END_TEST

START_TEST(a_base_of_fs_and_gs_counts_in_64_bit_code_and_no_other)
{
	init_64();
	for (unsigned i = 0; i < GUEST_SEGMENTS; i++)
		cpu->seg[i].base = 0x1000;
	cpu->seg[SEG_CS].base = 0;
	cpu->gpr[RBX] = DEVICE - 0x1000;
	does("65 8b 03");
	logged(0, DEVICE, 4, false);
	does("64 8b 03");
	leaves("8b 03");
	leaves("2e 8b 03");
}
END_TEST

START_TEST(addresses_that_are_not_canonical_fault_by_segment)
{
	init_64();
	cpu->gpr[RBX] = cpu->gpr[RBP] = 0x0000800000000000;
	raises("8b 03", GUEST_FAULT, VECTOR_GP);
	raises("8b 45 00", GUEST_FAULT, VECTOR_SS);
	raises("65 8b 45 00", GUEST_FAULT, VECTOR_GP);
	ck_assert(e.fault.has_error);
	cpu->gpr[RBX] = 0x00007fffffffffff;
	raises("8a 03", GUEST_FAULT, VECTOR_PF);
	raises("66 8b 03", GUEST_FAULT, VECTOR_GP);
	cpu->gpr[RBX] = 0xffff7fffffffffff;
	raises("8a 03", GUEST_FAULT, VECTOR_GP);
	raises("66 8b 03", GUEST_FAULT, VECTOR_GP);
	cpu->gpr[RBX] = 0xffff800000000000;
	raises("8a 03", GUEST_FAULT, VECTOR_PF);
}
END_TEST

START_TEST(five_levels_have_longer_canonical_addresses)
{
	uint64_t root;

	init_64();
	root = lab_page(&lab);
	put_value(root, cpu->cr3 | LAB_P | LAB_W | LAB_U, 8);
	cpu->cr3 = root;
	cpu->cr4 |= CR4_LA57;
	does("8b 03");
	cpu->gpr[RBX] = 0x0000800000000000;
	raises("8a 03", GUEST_FAULT, VECTOR_PF);
	cpu->gpr[RBX] = 0x0100000000000000;
	raises("8a 03", GUEST_FAULT, VECTOR_GP);
}
END_TEST

START_TEST(alignment_is_checked_for_users_who_ask_for_it)
{
	init_64();
	cpu->rflags |= RFLAGS_AC;
	cpu->cpl = 3;
	raises("8b 43 02", GUEST_FAULT, VECTOR_AC);
	ck_assert(e.fault.has_error);
	does("66 8b 43 02");
	/* an end that is not canonical comes first */
	cpu->gpr[RCX] = 0x00007ffffffffffe;
	raises("8b 01", GUEST_FAULT, VECTOR_GP);
	cpu->cpl = 0;
	does("8b 43 02");
	cpu->cpl = 3;
	cpu->cr0 &= ~(uint64_t)CR0_AM;
	does("8b 43 02");
	cpu->cr0 |= CR0_AM;
	cpu->rflags = 2;
	does("8b 43 02");
}
END_TEST

START_TEST(limits_and_types_of_segments_hold_in_protected_mode)
{
	init_32();
	cpu->seg[SEG_DS] = (struct segment) { 8, 0x93 | SEGMENT_BIG, DEVICE + 3, 0 };
	does("8b 03");
	raises("8b 43 01", GUEST_FAULT, VECTOR_GP);
	raises("89 43 01", GUEST_FAULT, VECTOR_GP);
	does("8a 43 03");
	does("36 8b 43 01");
	cpu->seg[SEG_SS].limit = DEVICE;
	raises("36 8b 03", GUEST_FAULT, VECTOR_SS);
	ck_assert(e.fault.has_error);
	cpu->seg[SEG_DS].attributes = 0x91;		/* read-only */
	does("8b 03");
	raises("89 03", GUEST_FAULT, VECTOR_GP);
	cpu->seg[SEG_DS].attributes = 0;
	raises("8b 03", GUEST_FAULT, VECTOR_GP);
	does("2e 8b 03");
	raises("2e 89 03", GUEST_FAULT, VECTOR_GP);
	cpu->seg[SEG_CS].attributes = 0x99 | SEGMENT_BIG;	/* not readable */
	raises("2e 8b 03", GUEST_FAULT, VECTOR_GP);
}
END_TEST

START_TEST(expand_down_segments_begin_behind_their_limit)
{
	init_32();
	cpu->seg[SEG_DS] = (struct segment) { 8, 0x97, DEVICE - 1, 0 };
	does("8b 03");
	raises("8b 43 ff", GUEST_FAULT, VECTOR_GP);
	cpu->gpr[RBX] = 0xfffe;
	lab.device[15] = true;
	raises("8b 03", GUEST_FAULT, VECTOR_GP);
	cpu->seg[SEG_DS].attributes |= SEGMENT_BIG;
	does("8b 03");
}
END_TEST

START_TEST(real_mode_has_limits_but_no_types_and_no_error_codes)
{
	init_real();
	does("8b 07");
	logged(0, DEVICE, 2, false);
	ck_assert_uint_eq(cpu->rip, CODE + 2);
	does("2e 89 07");
	cpu->seg[SEG_DS].base = 0x9000;
	cpu->gpr[RBX] = 0xffff;
	raises("8b 07", GUEST_FAULT, VECTOR_GP);
	ck_assert(!e.fault.has_error);
	cpu->seg[SEG_SS].base = 0x9000;
	raises("36 8b 07", GUEST_FAULT, VECTOR_SS);
	ck_assert(!e.fault.has_error);
	cpu->gpr[RBX] = 0x10000;
	raises("67 8b 03", GUEST_FAULT, VECTOR_GP);
	cpu->seg[SEG_DS].limit = UINT32_MAX;		/* as loaded in protected mode */
	cpu->seg[SEG_DS].base = 0;
	cpu->gpr[RBX] = 0x40000000;
	does("67 8b 03");
	logged(0, 0x40000000, 2, false);
}
END_TEST

START_TEST(addresses_of_16_bits_wrap)
{
	init_real();
	cpu->gpr[RBX] = 0xfff0;
	cpu->gpr[RSI] = 0x1230010 + DEVICE;
	does("8b 00");
	logged(0, DEVICE, 2, false);
}
END_TEST

START_TEST(virtual_8086_mode_is_user_mode_without_types)
{
	init_32();
	cpu->rflags |= RFLAGS_VM;
	cpu->cpl = 3;
	for (unsigned i = 0; i < GUEST_SEGMENTS; i++)
		cpu->seg[i] = (struct segment) { 0, 0xf3, UINT16_MAX, 0 };
	cpu->seg[SEG_DS].attributes = 0xf1;
	does("89 07");
	cpu->gpr[RBX] = 0xffff;
	raises("8b 07", GUEST_FAULT, VECTOR_GP);
	ck_assert(e.fault.has_error);
}
END_TEST

START_TEST(linear_addresses_wrap_at_4_gib_outside_64_bit_code)
{
	init_32();
	cpu->seg[SEG_DS].base = 0xfffff000;
	cpu->gpr[RBX] = DEVICE + 0x1000;
	does("8b 03");
	logged(0, DEVICE, 4, false);
	lab.device[0] = true;
	cpu->seg[SEG_DS].base = 0xfffffffe;
	cpu->gpr[RBX] = 0;
	does("8b 03");
	logged(0, 0xfffffffe, 2, false);
	logged(1, 0, 2, false);
}
END_TEST

START_TEST(code_behind_its_segments_limit_faults)
{
	init_32();
	cpu->seg[SEG_CS].limit = CODE + 1;
	does("8b 03");
	cpu->rip = CODE;
	cpu->seg[SEG_CS].limit = CODE;
	raises("8b 03", GUEST_FAULT, VECTOR_GP);
	/* data attributes in CS: nothing grows down there */
	cpu->seg[SEG_CS] = (struct segment) { 8, 0x97 | SEGMENT_BIG, CODE, 0 };
	raises("8b 03", GUEST_FAULT, VECTOR_GP);
	cpu->seg[SEG_CS].limit = CODE - 1;
	raises("8b 03", GUEST_FAULT, VECTOR_GP);
}
END_TEST

START_TEST(code_has_its_segments_base_and_size)
{
	init_32();
	cpu->seg[SEG_CS].base = CODE;
	cpu->rip = 0;
	does("8b 03");
	logged(0, DEVICE, 4, false);
	ck_assert_uint_eq(cpu->rip, 2);
	cpu->seg[SEG_CS].attributes &= ~SEGMENT_BIG;
	does("8b 07");
	logged(0, DEVICE, 2, false);
}
END_TEST

START_TEST(operands_relative_to_rip_begin_behind_the_instruction)
{
	init_64();
	does("c7 05 f6 0f 00 00 01 00 00 00");
	logged(0, DEVICE, 4, true);
	ck_assert_uint_eq(lab.log[0].value, 1);
}
END_TEST

START_TEST(where_nothing_answers_reads_are_ones)
{
	init_64();
	cpu->phys_bits = 46;
	lab_map(&lab, 0x30000, UINT64_C(1) << 40, LAB_P | LAB_W);
	cpu->gpr[RBX] = 0x30000;
	does("8b 03");
	ck_assert_uint_eq(cpu->gpr[RAX], 0xffffffff);
	does("89 03");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_emulate");
	TCase *tc = unit_case(s, "hv_emulate");

	tcase_add_test(tc, a_load_is_one_access_of_its_size);
	tcase_add_test(tc, a_store_is_one_access_with_no_bits_above_its_size);
	tcase_add_test(tc, arithmetic_reads_once_and_writes_once);
	tcase_add_test(tc, a_device_sees_aligned_pieces_from_the_lowest_up);
	tcase_add_test(tc, an_operand_may_be_half_device_and_half_ram);
	tcase_add_test(tc, both_pages_are_checked_before_a_byte_is_moved);
	tcase_add_test(tc, what_will_be_written_is_not_read_before_that_is_allowed);
	tcase_add_test(tc, what_touches_no_device_is_left_to_the_processor);
	tcase_add_test(tc, another_instruction_is_refused);
	tcase_add_test(tc, invalid_and_long_instructions_fault);
	tcase_add_test(tc, code_on_a_device_page_is_refused);
	tcase_add_test(tc, code_is_read_only_as_far_as_it_reaches);
	tcase_add_test(tc, what_follows_is_fetched_too_unless_it_may_have_been_written);
	tcase_add_test(tc, an_instruction_goes_on_in_the_next_page);
	tcase_add_test(tc, bytes_that_are_known_are_not_read_again);
	tcase_add_test(tc, rep_goes_in_batches);
	tcase_add_test(tc, rep_stops_where_the_device_ends);
	tcase_add_test(tc, a_fault_in_rep_counts_what_was_done);
	tcase_add_test(tc, movs_goes_between_device_and_ram_in_both_directions);
	tcase_add_test(tc, counts_and_addresses_of_strings_have_the_address_size);
	tcase_add_test(tc, a_traced_instruction_is_followed_by_debug);
	tcase_add_test(tc, a_base_of_fs_and_gs_counts_in_64_bit_code_and_no_other);
	tcase_add_test(tc, addresses_that_are_not_canonical_fault_by_segment);
	tcase_add_test(tc, five_levels_have_longer_canonical_addresses);
	tcase_add_test(tc, alignment_is_checked_for_users_who_ask_for_it);
	tcase_add_test(tc, limits_and_types_of_segments_hold_in_protected_mode);
	tcase_add_test(tc, expand_down_segments_begin_behind_their_limit);
	tcase_add_test(tc, real_mode_has_limits_but_no_types_and_no_error_codes);
	tcase_add_test(tc, addresses_of_16_bits_wrap);
	tcase_add_test(tc, virtual_8086_mode_is_user_mode_without_types);
	tcase_add_test(tc, linear_addresses_wrap_at_4_gib_outside_64_bit_code);
	tcase_add_test(tc, code_behind_its_segments_limit_faults);
	tcase_add_test(tc, code_has_its_segments_base_and_size);
	tcase_add_test(tc, operands_relative_to_rip_begin_behind_the_instruction);
	tcase_add_test(tc, where_nothing_answers_reads_are_ones);
	return s;
}
