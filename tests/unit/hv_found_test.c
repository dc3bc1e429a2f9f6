/*
 * hv_found_test.c - what the processor has translated itself, an emulated instruction does not walk again
 */
#include <string.h>

#include "hv/guest/emulate.h"
#include "hv/guest/walk.h"
#include "tests/unit/guest_lab.h"
#include "tests/unit/unit.h"

/* Pages, mapped one to one but for NOTHING: where a walk would fault. */
#define CODE	0x8000u
#define DEVICE	0x9000u
#define RAM	0xa000u
#define NOTHING	0xb000u

static struct lab lab;
static struct emulation e;
static struct guest_cpu *const cpu = &lab.cpu;

static uint8_t *at(uint64_t gpa)
{
	return (uint8_t *)lab.ram + gpa;
}

/* RBX points to NOTHING + @place; the processor found @gpa, for writing or only for reading. */
static void begin(unsigned place, uint64_t gpa, bool write)
{
	lab_init(&lab);
	lab_64(&lab);
	for (unsigned page = CODE; page < NOTHING; page += LAB_PAGE)
		lab_map(&lab, page, page, LAB_P | LAB_U | LAB_W);
	lab.device[DEVICE / LAB_PAGE] = true;
	cpu->gpr[RBX] = NOTHING + place;
	cpu->found = true;
	cpu->found_write = write;
	cpu->found_at.a = gpa;
}

static int run(const char *code, size_t size)
{
	cpu->rip = CODE;
	memcpy(at(CODE), code, size);
	memset(&e, 0, sizeof(e));
	return guest_emulate(cpu, &lab.bus, &e);
}
#define RUN(code) run(code, sizeof(code) - 1)

#define LOAD	"\x8b\x03"	/* mov (%rbx), %eax */
#define STORE	"\x89\x03"
#define ADD	"\x83\x03\x01"
#define COMPARE	"\x83\x3b\x01"

START_TEST(a_load_goes_where_the_processor_found_it)
{
	begin(0x18, DEVICE + 0x18, false);
	memcpy(at(DEVICE + 0x18), "\x11\x22\x33\x44", 4);
	ck_assert_int_eq(RUN(LOAD), GUEST_OK);
	ck_assert_uint_eq(cpu->gpr[RAX], 0x44332211);
	ck_assert_uint_eq(lab.log[0].gpa, DEVICE + 0x18);
	ck_assert_uint_eq(lab.reads, 1);
	/* to the last byte of the page */
	begin(0xffc, DEVICE + 0xffc, false);
	ck_assert_int_eq(RUN(LOAD), GUEST_OK);
	ck_assert_uint_eq(lab.log[0].gpa, DEVICE + 0xffc);
}
END_TEST

START_TEST(a_store_goes_where_a_write_was_allowed)
{
	begin(0x18, DEVICE + 0x18, true);
	cpu->gpr[RAX] = 0x55;
	ck_assert_int_eq(RUN(STORE), GUEST_OK);
	ck_assert_uint_eq(lab.log[0].gpa, DEVICE + 0x18);
	ck_assert_uint_eq(lab.log[0].value, 0x55);
	ck_assert_int_eq(RUN(ADD), GUEST_OK);
	ck_assert_uint_eq(*at(DEVICE + 0x18), 0x56);
}
END_TEST

START_TEST(what_was_allowed_for_reading_is_not_written)
{
	begin(0x18, DEVICE + 0x18, false);
	ck_assert_int_eq(RUN(STORE), GUEST_FAULT);
	ck_assert_uint_eq(e.fault.error, WALK_WRITE);
	ck_assert_int_eq(RUN(ADD), GUEST_FAULT);
	ck_assert_uint_eq(lab.reads + lab.writes, 0);
	ck_assert_int_eq(RUN(COMPARE), GUEST_OK);
	ck_assert_uint_eq(lab.reads, 1);
}
END_TEST

START_TEST(another_place_or_a_second_page_is_walked)
{
	begin(0x18, DEVICE + 0x1c, true);
	ck_assert_int_eq(RUN(LOAD), GUEST_FAULT);
	begin(0xffd, DEVICE + 0xffd, true);
	ck_assert_int_eq(RUN(LOAD), GUEST_FAULT);
	begin(0x18, DEVICE + 0x18, true);
	cpu->found = false;
	ck_assert_int_eq(RUN(LOAD), GUEST_FAULT);
	ck_assert_uint_eq(lab.reads + lab.writes, 0);
}
END_TEST

START_TEST(ram_is_left_to_the_processor)
{
	begin(0x20, RAM + 0x20, true);
	ck_assert_int_eq(RUN(LOAD), GUEST_AGAIN);
	ck_assert_int_eq(RUN(STORE), GUEST_AGAIN);
}
END_TEST

/* For what follows it is as if it had been walked: for reading, and for writing where that was allowed. */
START_TEST(what_was_found_is_kept)
{
	struct walks walks = { 0 };

	begin(0x18, DEVICE + 0x18, true);
	walks_begin(&walks);
	cpu->walks = &walks;
	ck_assert_int_eq(RUN(LOAD), GUEST_OK);
	cpu->found = false;
	cpu->gpr[RBX] = NOTHING + 0x20;
	ck_assert_int_eq(RUN(STORE), GUEST_OK);
	ck_assert_int_eq(RUN(LOAD), GUEST_OK);
	ck_assert_uint_eq(lab.log[1].gpa, DEVICE + 0x20);
	begin(0x18, DEVICE + 0x18, false);
	walks_begin(&walks);
	cpu->walks = &walks;
	ck_assert_int_eq(RUN(LOAD), GUEST_OK);
	cpu->found = false;
	ck_assert_int_eq(RUN(STORE), GUEST_FAULT);
	ck_assert_int_eq(RUN(LOAD), GUEST_OK);
	cpu->cpl = 3;
	ck_assert_int_eq(RUN(LOAD), GUEST_FAULT);
}
END_TEST

START_TEST(a_segment_is_checked_all_the_same)
{
	begin(0x18, DEVICE + 0x18, true);
	cpu->gpr[RBX] = UINT64_C(0x8000000000000018);	/* not canonical */
	ck_assert_int_eq(RUN(LOAD), GUEST_FAULT);
	ck_assert_uint_eq(e.fault.vector, VECTOR_GP);
}
END_TEST

/* The same place in both pages: MOVSB from RAM to the device, of which the processor found one. */
START_TEST(strings_walk_for_both_operands)
{
	begin(0, DEVICE + 0x40, true);
	cpu->gpr[RSI] = RAM + 0x40;
	cpu->gpr[RDI] = DEVICE + 0x40;
	*at(RAM + 0x40) = 0x99;
	*at(DEVICE + 0x40) = 0x11;
	ck_assert_int_eq(RUN("\xa4"), GUEST_OK);
	ck_assert_uint_eq(*at(DEVICE + 0x40), 0x99);
	ck_assert_uint_eq(lab.reads, 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_found");
	TCase *c = unit_case(s, "found");

	tcase_add_test(c, a_load_goes_where_the_processor_found_it);
	tcase_add_test(c, a_store_goes_where_a_write_was_allowed);
	tcase_add_test(c, what_was_allowed_for_reading_is_not_written);
	tcase_add_test(c, another_place_or_a_second_page_is_walked);
	tcase_add_test(c, ram_is_left_to_the_processor);
	tcase_add_test(c, what_was_found_is_kept);
	tcase_add_test(c, a_segment_is_checked_all_the_same);
	tcase_add_test(c, strings_walk_for_both_operands);
	return s;
}
