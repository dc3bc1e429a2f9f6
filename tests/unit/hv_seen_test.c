/*
 * hv_seen_test.c - an access is done again only where all that made it what it was is still so, and then does the same
 */
#include <string.h>

#include "hv/guest/emulate.h"
#include "hv/guest/seen.h"
#include "tests/unit/guest_lab.h"
#include "tests/unit/unit.h"

/* Pages, mapped one to one. */
#define CODE	0x8000u
#define DEVICE	0xa000u
#define AT	(DEVICE + 0x40)

static struct lab lab;
static struct walks walks;
static struct guest_cpu *const cpu = &lab.cpu;
static struct emulation e;
static uint64_t hidden;		/* a page without a view */

static uint8_t *at(uint64_t gpa)
{
	return (uint8_t *)lab.ram + gpa;
}

static const void *view(void *host, gpa_t gpa)
{
	ck_assert_ptr_eq(host, &lab);
	return gpa.a / LAB_PAGE == hidden / LAB_PAGE ? NULL : at(gpa.a);
}

/* Each call another place of code. */
static void begin(void)
{
	static unsigned n;

	lab_init(&lab);
	lab_64(&lab);
	lab_map(&lab, CODE, CODE, LAB_P);
	lab_map(&lab, DEVICE, DEVICE, LAB_P | LAB_W);
	lab.device[DEVICE / LAB_PAGE] = true;
	hidden = UINT64_MAX;
	cpu->rip = CODE + 32 * (++n % 64);
	cpu->gpr[RBX] = DEVICE;
	for (unsigned r = 0; r < GPRS; r++)
		cpu->gpr[r] += r == RBX ? 0 : UINT64_C(0x1122334455667788) * (r + 1);
	memcpy(at(AT), "\x01\x02\x03\x84\x05\x06\x07\x88", 8);
}

/* Once by guest_emulate(), at an address that the processor has found, as a write or not. */
static void emulate(uint64_t gpa, bool write)
{
	walks_begin(&walks);
	cpu->walks = &walks;
	cpu->found = true;
	cpu->found_at.a = gpa;
	cpu->found_write = write;
	e.fetch.count = 0;
	e.fetch.in_page = false;
	ck_assert_int_eq(guest_emulate(cpu, &lab.bus, &e), GUEST_OK);
}

static struct vcpu_brief brief(void)
{
	return (struct vcpu_brief){ .rip = cpu->rip, .rflags = cpu->rflags, .cr0 = cpu->cr0, .cr3 = cpu->cr3, .cr4 = cpu->cr4,
		.efer = cpu->efer, .cs_attributes = cpu->seg[SEG_CS].attributes, .cpl = cpu->cpl };
}

/* Done once and kept, if it can be; RIP and registers as they were. */
static void keep(const char *code, unsigned size, uint64_t gpa, bool write)
{
	uint64_t rip = cpu->rip;

	memcpy(at(rip), code, size);
	for (unsigned i = 0; i < 2; i++) {	/* the first marks the tables */
		uint64_t gpr[GPRS];

		cpu->rip = rip;
		memcpy(gpr, cpu->gpr, sizeof(gpr));
		emulate(gpa, write);
		seen_keep(cpu, rip, &e.fetch, &e.insn);
		memcpy(cpu->gpr, gpr, sizeof(gpr));
	}
	cpu->rip = rip;
	memset(lab.log, 0, sizeof(lab.log));
	lab.reads = lab.writes = 0;
}
#define KEEP(code, gpa, write) keep(code, sizeof(code) - 1, gpa, write)

static const struct insn *find(uint64_t gpa, bool write)
{
	struct vcpu_brief b = brief();
	struct seen_access a;

	return seen_find(&b, cpu->gpr, (gpa_t){ gpa }, write, view, &lab, &a) ? &a.seen->insn : NULL;
}

#define LOAD	"\x8b\x43\x40"		/* mov 0x40(%rbx), %eax */
#define STORE	"\x89\x43\x40"		/* mov %eax, 0x40(%rbx) */

static const struct { const char *code; unsigned size; bool write; } plain[] = {
	{ LOAD, 3, false }, { STORE, 3, true },
	{ "\x48\x8b\x4b\x40", 4, false }, { "\x48\x89\x4b\x40", 4, true },
	{ "\x44\x8b\x7b\x40", 4, false }, { "\x4c\x89\x7b\x40", 4, true },
	{ "\xc7\x43\x40\x78\x56\x34\x92", 7, true }, { "\x48\xc7\x43\x40\x78\x56\x34\x92", 8, true },
	{ "\x8b\x84\x33\x40\x00\x00\x00", 7, false },		/* 0x40(%rbx,%rsi) */
	{ "\x8b\x44\xb3\x40", 4, false },			/* 0x40(%rbx,%rsi,4) */
	{ "\x8b\x04\x25\x40\xa0\x00\x00", 7, false },		/* 0xa040 */
	{ "\x89\x04\x25\x40\xa0\x00\x00", 7, true },
};

START_TEST(what_is_done_again_is_what_was_done)
{
	for (unsigned i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		struct lab_access access;
		const struct insn *insn;
		struct guest_cpu before;
		uint64_t gpr[GPRS];

		begin();
		cpu->gpr[RSI] = 0;
		keep(plain[i].code, plain[i].size, AT, plain[i].write);
		before = *cpu;
		insn = find(AT, plain[i].write);
		ck_assert_ptr_nonnull(insn);
		seen_carry_out(insn, cpu->gpr, (gpa_t){ AT }, lab.bus.mmio, &lab);
		memcpy(gpr, cpu->gpr, sizeof(gpr));
		access = lab.log[0];
		ck_assert_uint_eq(lab.reads + lab.writes, 1);
		ck_assert(access.write == plain[i].write);
		begin();
		*cpu = before;
		memcpy(at(cpu->rip), plain[i].code, plain[i].size);
		emulate(AT, plain[i].write);
		ck_assert_uint_eq(cpu->rip, before.rip + insn->length);
		ck_assert(!memcmp(gpr, cpu->gpr, sizeof(gpr)));
		ck_assert(!memcmp(&access, &lab.log[0], sizeof(access)));
	}
}
END_TEST

START_TEST(an_index_is_scaled)
{
	begin();
	cpu->gpr[RSI] = 8;
	cpu->gpr[RBX] = DEVICE - 4 * 8;
	KEEP("\x8b\x44\xb3\x40", AT, false);		/* 0x40(%rbx,%rsi,4) */
	ck_assert_ptr_nonnull(find(AT, false));
	cpu->gpr[RSI]++;
	ck_assert_ptr_null(find(AT, false));
	ck_assert_ptr_nonnull(find(AT + 4, false));
}
END_TEST

START_TEST(relative_to_rip)
{
	uint8_t code[] = { 0x8b, 0x05, 0, 0, 0, 0 };
	uint32_t distance;

	begin();
	distance = (uint32_t)(AT - (cpu->rip + sizeof(code)));
	memcpy(code + 2, &distance, sizeof(distance));
	keep((const char *)code, sizeof(code), AT, false);
	ck_assert_ptr_nonnull(find(AT, false));
	ck_assert_ptr_null(find(AT + 4, false));
}
END_TEST

START_TEST(other_instructions_are_not_kept)
{
	static const struct { const char *code; unsigned size; bool write; } rows[] = {
		{ "\x8a\x43\x40", 3, false }, { "\x88\x63\x40", 3, true }, { "\x66\x8b\x43\x40", 4, false },
		{ "\x0f\xb6\x43\x40", 4, false }, { "\x48\x63\x43\x40", 4, false }, { "\x0b\x43\x40", 3, false },
		{ "\x85\x43\x40", 3, false }, { "\x09\x43\x40", 3, true }, { "\x81\x4b\x40\x01\x00\x00\x00", 7, true },
		{ "\x67\x8b\x43\x40", 4, false }, { "\x64\x8b\x43\x40", 4, false }, { "\x65\x89\x43\x40", 4, true },
		{ "\x0f\x38\xf0\x43\x40", 5, false }, { "\x8c\x43\x40", 3, true },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		keep(rows[i].code, rows[i].size, AT, rows[i].write);
		ck_assert_msg(!find(AT, rows[i].write), "row %u", i);
	}
}
END_TEST

/* A level more above the tables that are there. */
static void lab_five(struct guest_cpu *c)
{
	uint64_t root = lab_page(&lab), entry = c->cr3 | LAB_P | LAB_W | LAB_U;

	memcpy(at(root), &entry, sizeof(entry));
	c->cr3 = root;
	c->cr4 |= CR4_LA57;
}

START_TEST(nothing_is_kept_that_was_not_a_kernels_in_one_page)
{
	struct walk_step step[WALK_LEVELS_MAX];

	begin();
	cpu->cpl = 3;
	lab_map(&lab, CODE, CODE, LAB_P | LAB_U);
	lab_map(&lab, DEVICE, DEVICE, LAB_P | LAB_W | LAB_U);
	KEEP(LOAD, AT, false);
	cpu->cpl = 0;
	ck_assert_ptr_null(find(AT, false));
	begin();
	lab_five(cpu);
	KEEP(LOAD, AT, false);
	ck_assert_ptr_null(find(AT, false));
	/* so near the page's end that what is compared would reach behind it */
	begin();
	cpu->rip = CODE + LAB_PAGE - SEEN_CODE;
	KEEP(LOAD, AT, false);
	ck_assert_ptr_nonnull(find(AT, false));
	begin();
	cpu->rip = CODE + LAB_PAGE - SEEN_CODE + 1;
	KEEP(LOAD, AT, false);
	ck_assert_ptr_null(find(AT, false));
	/* in two pages */
	begin();
	lab_map(&lab, CODE + LAB_PAGE, CODE + LAB_PAGE, LAB_P);
	cpu->rip = CODE + LAB_PAGE - 1;
	KEEP(LOAD, AT, false);
	ck_assert_ptr_null(find(AT, false));
	/* ... of which the second looks like the instruction */
	begin();
	lab_map(&lab, CODE + LAB_PAGE, CODE + LAB_PAGE, LAB_P);
	cpu->rip = CODE + LAB_PAGE - 1;
	cpu->gpr[RBX] = AT - (uint64_t)(int32_t)0x8b8b8b8b;
	memset(at(CODE + LAB_PAGE), 0x8b, 16);
	KEEP("\x8b\x8b\x8b\x8b\x8b\x8b", AT, false);
	ck_assert_ptr_null(find(AT, false));
	/* tables that were just marked: the next walk is known */
	begin();
	memcpy(at(cpu->rip), LOAD, 3);
	emulate(AT, false);
	cpu->rip -= 3;
	ck_assert_uint_eq(guest_walk_steps(cpu, cpu->rip, WALK_FETCH, e.fetch.gpa, step), 0);
	seen_keep(cpu, cpu->rip, &e.fetch, &e.insn);
	ck_assert_ptr_null(find(AT, false));
}
END_TEST

START_TEST(another_processor_state_is_another_access)
{
	struct guest_cpu before;

	begin();
	KEEP(LOAD, AT, false);
	before = *cpu;
#define DIFFERS(change) do { change; ck_assert_ptr_null(find(AT, false)); *cpu = before; \
	ck_assert_ptr_nonnull(find(AT, false)); } while (0)
	for (unsigned n = 1; n < 2 * LAB_PAGE; n++) {
		if (seen_first(cpu->rip + n) / 2 == seen_first(cpu->rip) / 2)
			DIFFERS(cpu->rip += n);
	}
	DIFFERS(cpu->cr0 ^= CR0_WP);
	DIFFERS(cpu->cr3 += LAB_PAGE);
	DIFFERS(cpu->cr4 ^= CR4_SMEP);
	DIFFERS(cpu->efer ^= EFER_NXE);
	DIFFERS(cpu->cpl = 3);
	DIFFERS(cpu->rflags |= RFLAGS_TF);
	DIFFERS(cpu->seg[SEG_CS].attributes &= (uint16_t)~SEGMENT_LONG);
	DIFFERS(cpu->gpr[RBX] += 4);
	DIFFERS(cpu->gpr[RBX] |= UINT64_C(1) << 47);
#undef DIFFERS
	/* bits of CR3 that are no address */
	cpu->cr3 |= 0x18;
	ck_assert_ptr_nonnull(find(AT, false));
	/* an access that the instruction does not make */
	ck_assert_ptr_null(find(AT, true));
	ck_assert_ptr_null(find(AT + 4, false));
	ck_assert_ptr_nonnull(find(AT + LAB_PAGE, false));	/* the processor's own business */
	cpu->gpr[RBX] += 2;
	ck_assert_ptr_null(find(AT + 2, false));		/* misaligned */
}
END_TEST

START_TEST(other_tables_or_other_code_are_another_access)
{
	begin();
	KEEP(LOAD, AT, false);
	for (unsigned level = 0; level < 4; level++) {
		uint64_t *was = lab_entry(&lab, CODE, level), value = *was;

		for (unsigned bit = 0; bit < 64; bit++) {
			*was = value ^ UINT64_C(1) << bit;
			ck_assert_ptr_null(find(AT, false));
		}
		*was = value;
		hidden = (uint64_t)((uint8_t *)was - (uint8_t *)lab.ram);
		ck_assert_ptr_null(find(AT, false));
		hidden = UINT64_MAX;
		ck_assert_ptr_nonnull(find(AT, false));
	}
	for (unsigned i = 0; i < SEEN_CODE; i++) {
		*at(cpu->rip + i) ^= 0x10;
		ck_assert(!find(AT, false) == (i < 3));
		*at(cpu->rip + i) ^= 0x10;
	}
	hidden = CODE;
	ck_assert_ptr_null(find(AT, false));
}
END_TEST

START_TEST(another_process_with_the_same_kernel_is_the_same_access)
{
	uint64_t root, other;

	begin();
	KEEP(LOAD, AT, false);
	root = cpu->cr3;
	other = lab_page(&lab);
	memcpy(at(other), at(root), LAB_PAGE);
	cpu->cr3 = other;
	ck_assert_ptr_nonnull(find(AT, false));
	*lab_entry(&lab, CODE, 0) ^= LAB_W;
	ck_assert_ptr_null(find(AT, false));
}
END_TEST

/* A free row is not one of code at 0. */
START_TEST(code_may_stand_at_0)
{
	begin();
	lab_map(&lab, 0, CODE, LAB_P);
	cpu->rip = 0;
	memcpy(at(CODE), LOAD, 3);
	for (unsigned i = 0; i < 2; i++) {	/* the first marks the tables */
		cpu->rip = 0;
		cpu->gpr[RBX] = DEVICE;
		emulate(AT, false);
		seen_keep(cpu, 0, &e.fetch, &e.insn);
		cpu->rip = 0;
		ck_assert(!find(AT, false) == (i == 0));
	}
	/* tables that were changed: their walk is not known yet, and nothing of the old one is left */
	lab_map(&lab, 0, CODE + LAB_PAGE, LAB_P);
	memcpy(at(CODE + LAB_PAGE), "\x8b\x4b\x40", 3);	/* to ECX */
	emulate(AT, false);
	seen_keep(cpu, 0, &e.fetch, &e.insn);
	cpu->rip = 0;
	ck_assert_ptr_null(find(AT, false));
}
END_TEST

/* Rows are by twos: what hashes to the same is kept, as long as it is no more. */
START_TEST(two_of_one_row_are_both_kept)
{
	uint64_t rip[3];
	unsigned n = 1;

	begin();
	rip[0] = cpu->rip = CODE;
	for (uint64_t at_rip = CODE + 16; n < 3 && at_rip < CODE + LAB_PAGE - 64; at_rip++) {
		if (seen_first(at_rip) == seen_first(CODE) && at_rip >= rip[n - 1] + 16)
			rip[n++] = at_rip;
	}
	ck_assert_uint_eq(n, 3);
	for (unsigned i = 0; i < 2; i++) {
		cpu->rip = rip[i];
		KEEP(LOAD, AT, false);
	}
	for (unsigned i = 0; i < 8; i++) {
		cpu->rip = rip[i % 2];
		ck_assert_ptr_nonnull(find(AT, false));
	}
	cpu->rip = rip[2];
	ck_assert_ptr_null(find(AT, false));
	KEEP(LOAD, AT, false);
	ck_assert_ptr_nonnull(find(AT, false));
	n = 0;
	for (unsigned i = 0; i < 2; i++) {
		cpu->rip = rip[i];
		n += find(AT, false) != NULL;
	}
	ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(long_instructions_are_compared_whole)
{
	static const char code[] = "\x3e\x3e\x3e\x3e\x48\xc7\x84\x33\x40\x00\x00\x00\x01\x00\x00\x00";

	begin();
	cpu->gpr[RSI] = 0;
	keep(code + 1, 15, AT, true);
	ck_assert_ptr_nonnull(find(AT, true));
	for (unsigned i = 0; i < SEEN_CODE; i++) {
		*at(cpu->rip + i) ^= 1;
		ck_assert(!find(AT, true) == (i < 15));
		*at(cpu->rip + i) ^= 1;
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_seen");
	TCase *c = unit_case(s, "seen");

	tcase_add_test(c, what_is_done_again_is_what_was_done);
	tcase_add_test(c, an_index_is_scaled);
	tcase_add_test(c, relative_to_rip);
	tcase_add_test(c, other_instructions_are_not_kept);
	tcase_add_test(c, nothing_is_kept_that_was_not_a_kernels_in_one_page);
	tcase_add_test(c, another_processor_state_is_another_access);
	tcase_add_test(c, other_tables_or_other_code_are_another_access);
	tcase_add_test(c, another_process_with_the_same_kernel_is_the_same_access);
	tcase_add_test(c, code_may_stand_at_0);
	tcase_add_test(c, two_of_one_row_are_both_kept);
	tcase_add_test(c, long_instructions_are_compared_whole);
	return s;
}
