/*
 * hv_chain_test.c - a way from access to access is gone again only where it is what it was, and then as a cluster goes it
 */
#include <stddef.h>
#include <string.h>

#include "hv/guest/seen.h"
#include "tests/unit/chain_lab.h"
#include "tests/unit/unit.h"

static struct guest_cpu *const cpu = &lab.cpu;

/* Twice: the first marks the tables.  Then as at the beginning. */
static void keep(const char *code, unsigned size, uint64_t gpa, bool write)
{
	static struct lab before;

	memcpy(at(cpu->rip), code, size);
	for (unsigned i = 0; i < 3; i++) {
		struct guest_cpu was = *cpu;
		unsigned reached;

		before = lab;
		reached = slow(gpa, write);
		ck_assert_uint_gt(reached, 0);
		if (i == 2)
			lab = before;
		else
			*cpu = was;
	}
}
#define KEEP(code, gpa, write) keep(code, sizeof(code) - 1, gpa, write)

/* Linux's e1000: ICR, IMC and STATUS. */
#define E1000	"\x8b\x00" "\x85\xc0" "\x74\x71" "\x55" "\x53" "\x48\x8b\x96\xf0\x01\x00\x00" "\x48\x89\xf3" "\x83\xe2\x04" \
		"\x75\x54" "\xa8\x0c" "\x75\x61" "\x48\x8b\x83\x08\x0e\x00\x00" "\xba\xff\xff\xff\xff" \
		"\x89\x90\xd8\x00\x00\x00" "\x48\x8b\x83\x08\x0e\x00\x00" "\x48\x83\xc0\x08" "\x8b\x00" "\x0f\xa2"

static void e1000(void)
{
	uint64_t device = DEVICE;

	begin();
	cpu->gpr[RAX] = DEVICE + 0xc0;
	memcpy(at(RAM + 0xe08), &device, sizeof(device));
	memset(at(RAM + 0x1f0), 0, 8);
	*at(DEVICE + 0xc0) = 0x80;
	*at(DEVICE + 8) = 0x83;
	KEEP(E1000, DEVICE + 0xc0, false);
}

START_TEST(a_driver_gets_from_access_to_access)
{
	uint64_t start;

	e1000();
	start = cpu->rip;
	lab.reads = lab.writes = 0;
	ck_assert_int_eq(quick(DEVICE + 0xc0, false), 2);
	ck_assert_uint_eq(cpu->rip, start + sizeof(E1000) - 3);
	ck_assert_uint_eq(lab.log[0].gpa, DEVICE + 0xc0);
	ck_assert_uint_eq(lab.log[1].gpa, DEVICE + 0xd8);
	ck_assert(lab.log[1].write && lab.log[1].value == 0xffffffff);
	ck_assert_uint_eq(lab.log[2].gpa, DEVICE + 8);
	ck_assert_uint_eq(cpu->gpr[RAX], 0x83);
	ck_assert_uint_eq(cpu->gpr[RSP], RAM + LAB_PAGE - 0x110);
}
END_TEST

/* What the first access reads says where to go: elsewhere it is the processor's. */
START_TEST(another_way_is_the_processors)
{
	uint64_t start;

	e1000();
	start = cpu->rip;
	*at(DEVICE + 0xc0) = 0;
	ck_assert_int_eq(quick(DEVICE + 0xc0, false), 0);
	ck_assert_uint_eq(cpu->rip, start + 6 + 0x71);
	ck_assert_uint_eq(cpu->gpr[RSP], RAM + LAB_PAGE - 0x100);
}
END_TEST

#define LOAD	"\x8b\x43\x40"			/* mov 0x40(%rbx), %eax */
#define STORE	"\x89\x43\x04"			/* mov %eax, 4(%rbx) */
#define END	"\x0f\xa2"			/* CPUID: none of a cluster's */
#define AT	(DEVICE + 0x40)

static void load_and(const char *code, unsigned size)
{
	uint8_t whole[160];

	begin();
	memcpy(whole, LOAD, 3);
	memcpy(whole + 3, code, size);
	memcpy(whole + 3 + size, END, 2);
	keep((const char *)whole, 3 + size + 2, AT, false);
	lab.reads = lab.writes = 0;
}
#define LOAD_AND(code) load_and(code, sizeof(code) - 1)

/* The first access's page is the processor's to find, wherever it is now. */
START_TEST(another_page_of_the_device_is_followed)
{
	LOAD_AND("\x8b\x53\x08");			/* mov 8(%rbx), %edx */
	cpu->gpr[RBX] += LAB_PAGE;
	cpu->cr3 |= 0x18;				/* no bits of an address */
	ck_assert_int_eq(quick(AT + LAB_PAGE, false), 1);
	ck_assert_uint_eq(lab.log[0].gpa, AT + LAB_PAGE);
	ck_assert_uint_eq(lab.log[1].gpa, DEVICE + LAB_PAGE + 8);
	LOAD_AND("\x48\x8b\x16" STORE);
	cpu->cr3 |= 0x18;
	ck_assert_int_eq(quick(AT, false), 1);
}
END_TEST

START_TEST(a_chain_that_leads_nowhere_is_learnt_anew)
{
	struct guest_cpu was;

	e1000();
	was = *cpu;
	*at(DEVICE + 0xc0) = 0;
	for (unsigned i = 0; i < CHAIN_VAIN; i++) {
		ck_assert_int_eq(quick(DEVICE + 0xc0, false), 0);
		*cpu = was;
	}
	ck_assert_int_eq(quick(DEVICE + 0xc0, false), -1);
	/* one that leads somewhere between them makes it good again */
	e1000();
	was = *cpu;
	for (unsigned i = 0; i < 3 * CHAIN_VAIN; i++) {
		*at(DEVICE + 0xc0) = i % CHAIN_VAIN == 1 ? 0x80 : 0;
		ck_assert_int_eq(quick(DEVICE + 0xc0, false), i % CHAIN_VAIN == 1 ? 2 : 0);
		*cpu = was;
	}
}
END_TEST

START_TEST(what_else_the_processor_has_to_do_comes_first)
{
	uint64_t start;

	e1000();
	start = cpu->rip;
	welcome = 0;
	ck_assert_int_eq(quick(DEVICE + 0xc0, false), 0);
	ck_assert_uint_eq(cpu->rip, start + 2);
	e1000();
	start = cpu->rip;
	welcome = 1;
	ck_assert_int_eq(quick(DEVICE + 0xc0, false), 1);
	ck_assert_uint_eq(cpu->rip, start + 45);		/* behind IMC's write */
}
END_TEST

/* Places are by twos: a third takes one of them. */
START_TEST(two_of_one_place_are_both_kept)
{
	uint64_t rip[3];
	unsigned n = 1;

	begin();
	rip[0] = CODE;
	for (uint64_t at_rip = CODE + 16; n < 3 && at_rip < CODE + LAB_PAGE - CHAIN_BYTES; at_rip += 16) {
		if (chain_first(at_rip) == chain_first(CODE))
			rip[n++] = at_rip;
	}
	ck_assert_uint_eq(n, 3);
	for (unsigned i = 0; i < 2; i++) {
		cpu->rip = rip[i];
		KEEP(LOAD STORE END, AT, false);
	}
	for (unsigned i = 0; i < 8; i++) {
		cpu->rip = rip[i % 2];
		ck_assert_int_eq(quick(AT, false), 1);
	}
	cpu->rip = rip[2];
	KEEP(LOAD STORE END, AT, false);
	ck_assert_int_eq(quick(AT, false), 1);
	n = 0;
	for (unsigned i = 0; i < 2; i++) {
		cpu->rip = rip[i];
		n += quick(AT, false) == 1;
	}
	ck_assert_uint_eq(n, 1);
}
END_TEST

/* What was learnt of an access is of no use where the access itself is another now. */
START_TEST(an_access_that_is_learnt_anew_has_no_chain)
{
	struct fetch f = { .count = 0 };
	struct guest_fault fault;
	struct insn insn;

	LOAD_AND(STORE);
	ck_assert_int_eq(guest_fetch(cpu, &lab.bus, &f, &insn, &fault), GUEST_OK);
	ck_assert(seen_keep(cpu, cpu->rip, &f, &insn));
	ck_assert_int_eq(quick(AT, false), -1);
}
END_TEST

START_TEST(nobody_who_has_set_breakpoints_is_led_past_them)
{
	e1000();
	cpu->dr7 = 0x402;
	ck_assert_int_eq(quick(DEVICE + 0xc0, false), -1);
	cpu->dr7 = 0x400;
	ck_assert_int_eq(quick(DEVICE + 0xc0, false), 2);
}
END_TEST

START_TEST(other_code_is_another_way)
{
	static struct lab was;

	e1000();
	was = lab;
	for (unsigned i = 0; i < CHAIN_BYTES; i++) {
		lab = was;
		*at(cpu->rip + i) ^= 0x40;
		ck_assert(quick(DEVICE + 0xc0, false) == (i < sizeof(E1000) - 3 ? -1 : 2));
	}
}
END_TEST

/* Of the stack's page alone: it is pushed first, and then nothing more is done.  And of a page that is read. */
START_TEST(other_tables_are_another_way)
{
	static const struct { uint64_t page; unsigned offset; } rows[] = {
		{ RAM + LAB_PAGE, 6 }, { RAM, 8 },
	};
	static struct lab was;

	for (unsigned r = 0; r < 2; r++) {
		begin();
		cpu->gpr[RSP] = RAM + LAB_PAGE + 0x100;
		/* test %eax, %eax; nop; push %rbp; nop; mov (%rsi), %rdx; mov %eax, 4(%rbx) */
		KEEP(LOAD "\x85\xc0" "\x90" "\x55" "\x90" "\x48\x8b\x16" STORE END, AT, false);
		was = lab;
		for (unsigned bit = 0; bit < 64; bit++) {
			uint64_t rip = cpu->rip;

			*lab_entry(&lab, rows[r].page, 3) ^= UINT64_C(1) << bit;
			ck_assert_int_eq(quick(AT, false), 0);
			ck_assert_uint_eq(cpu->rip, rip + rows[r].offset);
			lab = was;
			ck_assert_int_eq(quick(AT, false), 1);	/* else it would be learnt anew */
			lab = was;
		}
		hidden = (uint64_t)((uint8_t *)lab_entry(&lab, rows[r].page, 3) - (uint8_t *)lab.ram);
		ck_assert_int_eq(quick(AT, false), -1);		/* the code's own entries are in that table too */
	}
}
END_TEST

START_TEST(pages_that_have_become_something_else_are_the_processors)
{
	LOAD_AND("\x48\x8b\x16" STORE);
	lab.device[RAM / LAB_PAGE] = true;
	ck_assert_int_eq(quick(AT, false), 0);
	LOAD_AND("\x48\x8b\x16" STORE);
	hidden = RAM;
	ck_assert_int_eq(quick(AT, false), 0);
	/* another page than it was, another place in it */
	LOAD_AND("\x48\x8b\x16" STORE);
	cpu->gpr[RSI] += LAB_PAGE;
	ck_assert_int_eq(quick(AT, false), 0);
	LOAD_AND("\x48\x8b\x16" STORE);
	cpu->gpr[RSI] += 16;
	ck_assert_int_eq(quick(AT, false), 1);
	LOAD_AND("\x48\x8b\x16" STORE);
	cpu->gpr[RSI] += 4;				/* misaligned */
	ck_assert_int_eq(quick(AT, false), 0);
}
END_TEST

/* The second device page, that the processor has not found: read first, then written. */
START_TEST(a_device_that_has_become_ram_is_the_processors)
{
	LOAD_AND("\x8b\x93\x00\x10\x00\x00");		/* mov 0x1000(%rbx), %edx */
	ck_assert_int_eq(quick(AT, false), 1);
	LOAD_AND("\x8b\x93\x00\x10\x00\x00");
	lab.device[DEVICE / LAB_PAGE + 1] = false;
	ck_assert_int_eq(quick(AT, false), 0);
	/* what was found for reading is not found for writing */
	LOAD_AND(STORE);
	ck_assert_int_eq(quick(AT, false), 1);
	LOAD_AND(STORE);
	*lab_entry(&lab, DEVICE, 3) ^= LAB_W;
	ck_assert_int_eq(quick(AT, false), 0);
	/* what was found for writing is found for both */
	begin();
	KEEP("\x89\x43\x40" "\x89\x43\x04" "\x8b\x43\x08" END, AT, true);
	*lab_entry(&lab, DEVICE, 3) |= UINT64_C(1) << 9;
	ck_assert_int_eq(quick(AT, true), 2);
}
END_TEST

START_TEST(what_is_pushed_into_the_code_ends_it)
{
	begin();
	lab_map(&lab, RAM + LAB_PAGE, CODE, LAB_P | LAB_W);
	cpu->gpr[RSP] = RAM + LAB_PAGE + 0xff0;
	KEEP(LOAD "\x55" STORE END, AT, false);
	ck_assert_int_eq(quick(AT, false), 0);
	ck_assert_uint_eq(cpu->gpr[RSP], RAM + LAB_PAGE + 0xff0);
}
END_TEST

START_TEST(what_depends_on_more_is_not_kept)
{
	static const struct { const char *code; unsigned size; } rows[] = {
		{ "\x89\x16" STORE, 5 },			/* mov %edx, (%rsi) */
		{ "\x5a" STORE, 4 },				/* pop %rdx */
		{ "\x01\x16" STORE, 5 },			/* add %edx, (%rsi) */
		{ "\x00\xd0" STORE, 5 },			/* add %dl, %al */
		{ "\x66\x01\xd0" STORE, 6 },			/* add %dx, %ax */
		{ "\xb2\x01" STORE, 5 },			/* mov $1, %dl */
		{ "\x88\xe2" STORE, 5 },			/* mov %ah, %dl */
		{ "\x38\xe2" STORE, 5 },			/* cmp %ah, %dl */
		{ "\x38\xd4" STORE, 5 },			/* cmp %dl, %ah */
		{ "\x0f\xb6\xd4" STORE, 6 },			/* movzbl %ah, %edx */
		{ "\x66\x0f\xb6\xd0" STORE, 7 },		/* movzbw %al, %dx */
		{ "\x8a\x16" STORE, 5 },			/* mov (%rsi), %dl */
		{ "\x02\x16" STORE, 5 },			/* add (%rsi), %dl */
		{ "\x3a\x26" STORE, 5 },			/* cmp (%rsi), %ah */
		{ "\x67\x8b\x16" STORE, 6 },			/* mov (%esi), %edx */
		{ "\x67\x8d\x16" STORE, 6 },			/* lea (%esi), %edx */
		{ "\x66\x8d\x16" STORE, 6 },			/* lea (%rsi), %dx */
		{ "\x64\x8b\x16" STORE, 6 },			/* mov %fs:(%rsi), %edx */
		{ "\x88\x43\x04", 3 },				/* mov %al, 4(%rbx) */
		{ "\x0f\xb6\x43\x04", 4 },			/* movzbl 4(%rbx), %eax */
		{ "\x48\x63\x43\x04", 4 },			/* movslq 4(%rbx), %rax */
		{ "\x03\x43\x04", 3 },				/* add 4(%rbx), %eax */
		{ "\x85\x43\x04", 3 },				/* test %eax, 4(%rbx) */
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		load_and(rows[i].code, rows[i].size);
		ck_assert_msg(quick(AT, false) == -1, "row %u", i);
	}
}
END_TEST

START_TEST(these_are_kept)
{
	static const struct { const char *code; unsigned size; } rows[] = {
		{ "\x8b\x16" STORE, 5 },			/* mov (%rsi), %edx */
		{ "\x48\x8b\x16" STORE, 6 },
		{ "\x0f\xb6\x16" STORE, 6 },			/* movzbl (%rsi), %edx */
		{ "\x0f\xb6\xd0" STORE, 6 },			/* movzbl %al, %edx */
		{ "\x8d\x16" STORE, 5 },			/* lea (%rsi), %edx */
		{ "\x48\x8d\x16" STORE, 6 },
		{ "\x80\x7e\x45\x00" STORE, 7 },		/* cmpb $0, 0x45(%rsi) */
		{ "\xa8\x0c" STORE, 5 },			/* test $12, %al */
		{ "\x03\x16" STORE, 5 },			/* add (%rsi), %edx */
		{ "\xd3\xe2" STORE, 5 },			/* shl %cl, %edx */
		{ "\x52" STORE, 4 },				/* push %rdx */
		{ "\x90\xeb\x01\xcc" STORE, 7 },		/* nop; jmp over a byte */
		{ "\x48\x8b\x43\x08", 4 },			/* mov 8(%rbx), %rax */
		{ "\x48\x89\x43\x08", 4 },
		{ "\xc7\x43\x08\x01\x02\x03\x04", 7 },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		load_and(rows[i].code, rows[i].size);
		ck_assert_msg(quick(AT, false) == 1, "row %u", i);
	}
}
END_TEST

/* Code before the first access is not among what is compared, whatever stands before that in our memory. */
START_TEST(a_way_back_is_not_kept)
{
	/* mov 0x40(%rbx), %eax; jmp to STORE, where RIP, read as code, is the same */
	const uint64_t rip = 0x44389, back = offsetof(struct chain, word) - offsetof(struct chain, rip);
	const int32_t distance = -(int32_t)(back + 3 + 5);

	begin();
	lab_map(&lab, rip & ~UINT64_C(0xfff), CODE, LAB_P);
	memcpy(at(CODE + rip % LAB_PAGE - back), STORE END, 5);
	memcpy(at(CODE + rip % LAB_PAGE), LOAD "\xe9", 4);
	memcpy(at(CODE + rip % LAB_PAGE + 4), &distance, sizeof(distance));
	for (unsigned i = 0; i < 3; i++) {
		cpu->rip = rip;
		ck_assert_uint_eq(slow(AT, false), 1);
	}
	cpu->rip = rip;
	ck_assert_int_eq(quick(AT, false), -1);
}
END_TEST

START_TEST(pages_of_users_are_not_kept)
{
	begin();
	lab_map(&lab, RAM, RAM, LAB_P | LAB_W | LAB_U);
	KEEP(LOAD "\x48\x8b\x16" STORE END, AT, false);
	ck_assert_int_eq(quick(AT, false), -1);
	/* one entry without the right is enough */
	begin();
	lab_map(&lab, RAM, RAM, LAB_P | LAB_W | LAB_U);
	*lab_entry(&lab, RAM, 1) &= ~(uint64_t)LAB_U;
	KEEP(LOAD "\x48\x8b\x16" STORE END, AT, false);
	ck_assert_int_eq(quick(AT, false), 1);
}
END_TEST

/* As gmem_read(): over the end of a page into the next. */
static bool read_on(void *host, gpa_t gpa, void *to, unsigned size)
{
	ck_assert_ptr_eq(host, &lab);
	memcpy(to, at(gpa.a), size);
	return true;
}

/* As far as is compared, and no nearer to the page's end. */
START_TEST(code_that_is_far_is_not_kept)
{
	static const unsigned gaps[] = { CHAIN_BYTES - 3 - 5 - 3, CHAIN_BYTES - 3 - 5 - 2 };
	uint8_t code[200];

	for (unsigned i = 0; i < 2; i++) {
		begin();
		memset(code, 0xcc, sizeof(code));
		memcpy(code, LOAD "\xe9", 4);
		memcpy(code + 4, &gaps[i], 4);
		memcpy(code + 8 + gaps[i], STORE END, 5);
		cpu->rip = CODE + 0x100;
		keep((const char *)code, sizeof(code), AT, false);
		ck_assert_int_eq(quick(AT, false), i ? -1 : 1);
	}
	for (unsigned i = 0; i < 2; i++) {
		begin();
		lab.bus.read = read_on;
		cpu->rip = CODE + LAB_PAGE - CHAIN_BYTES + i;
		KEEP(LOAD STORE END, AT, false);
		ck_assert_int_eq(quick(AT, false), i ? -1 : 1);
	}
}
END_TEST

START_TEST(more_pages_than_there_are_ways_are_not_kept)
{
	uint8_t code[100], *p = code;

	for (unsigned pages = CHAIN_WAYS - 2; pages <= CHAIN_WAYS - 1; pages++) {
		begin();
		p = code;
		memcpy(p, LOAD, 3);
		p += 3;
		for (unsigned i = 0; i < pages; i++, p += 7) {
			uint32_t to = i * LAB_PAGE;

			lab_map(&lab, RAM + to, RAM, LAB_P | LAB_W);
			memcpy(p, "\x48\x8b\x96", 3);	/* mov to(%rsi), %rdx */
			memcpy(p + 3, &to, 4);
		}
		memcpy(p, STORE END, 5);		/* one more: for writing */
		keep((const char *)code, (unsigned)(p - code) + 5, AT, false);
		ck_assert_int_eq(quick(AT, false), pages < CHAIN_WAYS - 1 ? 1 : -1);
	}
}
END_TEST

START_TEST(what_cannot_be_kept_is_not_tried_each_time)
{
	struct guest_cpu was;
	unsigned i;

	LOAD_AND("\x89\x16" STORE);
	was = *cpu;
	for (i = 0; i < 500; i++) {
		slow(AT, false);
		*cpu = was;
	}
	memcpy(at(cpu->rip + 3), "\x85\xd2", 2);	/* test %edx, %edx: now it could */
	for (i = 0; quick(AT, false) < 0 && i < 1000; i++) {
		*cpu = was;
		slow(AT, false);
		*cpu = was;
	}
	ck_assert_uint_gt(i, 1);
	ck_assert_uint_le(i, CHAIN_WAIT + 1);
}
END_TEST

START_TEST(a_branch_out_of_all_addresses_is_the_processors)
{
	const uint64_t last = UINT64_C(0x7ffffffff000);
	uint64_t rip = last + LAB_PAGE - CHAIN_BYTES;

	begin();
	lab_map(&lab, last, CODE, LAB_P);
	memcpy(at(CODE + LAB_PAGE - CHAIN_BYTES), LOAD "\x85\xd2" "\x0f\x84\x00\x10\x00\x00" STORE END, 3 + 2 + 6 + 5);
	cpu->gpr[RDX] = 1;
	for (unsigned i = 0; i < 3; i++) {
		cpu->rip = rip;
		ck_assert_uint_eq(slow(AT, false), 1);
	}
	cpu->rip = rip;
	ck_assert_int_eq(quick(AT, false), 1);
	cpu->rip = rip;
	cpu->gpr[RDX] = 0;
	ck_assert_int_eq(quick(AT, false), 0);
	ck_assert_uint_eq(cpu->rip, rip + 5);
}
END_TEST

/* ---- what is kept is what was executed, and where it was ---- */

/* Each table's entry marked, then twice from the same state: what the second has left stays. */
static void learn_once(uint64_t gpa, bool write)
{
	static struct lab before;

	for (unsigned page = CODE; page < 0x30000; page += LAB_PAGE) {
		for (unsigned level = 0; level < 4; level++) {
			if (*lab_entry(&lab, page, level) & LAB_P)
				*lab_entry(&lab, page, level) |= 0x60;
			else
				break;
		}
	}
	before = lab;
	ck_assert_uint_gt(slow(gpa, write), 0);
	lab = before;
	ck_assert_uint_gt(slow(gpa, write), 0);
}

/* The cluster's own PUSH changes the entry of a page that is read before and behind it. */
START_TEST(a_way_leads_where_its_entries_lead)
{
	const uint64_t stack = 0x2d000;		/* of RAM's row among the walks of an exit */
	uint64_t start = CODE + 0x240, table, there;
	struct guest_cpu was;

	begin();
	table = (uint64_t)((uint8_t *)lab_entry(&lab, RAM, 3) - (uint8_t *)lab.ram) & ~UINT64_C(0xfff);
	lab_map(&lab, stack, table, LAB_P | LAB_W);
	/* mov (%rsi), %rdx; push %rbp; mov (%rsi), %rcx */
	memcpy(at(start), LOAD "\x48\x8b\x16" "\x55" "\x48\x8b\x0e" STORE END, 3 + 3 + 1 + 3 + 3 + 2);
	memset(at(RAM + LAB_PAGE), 0x77, LAB_PAGE);
	cpu->rip = start;
	cpu->gpr[RBP] = (RAM + LAB_PAGE) | LAB_P | LAB_W | 0x60;
	cpu->gpr[RSP] = stack + RAM / LAB_PAGE * 8 + 8;
	was = *cpu;
	learn_once(AT, false);
	ck_assert_uint_eq(*lab_entry(&lab, RAM, 3), was.gpr[RBP]);
	*cpu = was;
	memcpy(&there, at(RAM + LAB_PAGE), 8);
	if (quick(AT, false) > 0)
		ck_assert_uint_eq(cpu->gpr[RDX], there);
}
END_TEST

/* The cluster's own PUSH moves the code to another page, where another instruction stands at its place. */
START_TEST(code_is_where_its_entries_lead)
{
	const uint64_t stack = 0x18000;		/* of CODE's row among the walks of an exit, as it is fetched */
	uint64_t start = CODE + 0x240, other, table;
	struct guest_cpu was;

	begin();
	other = lab_page(&lab);
	if (other < RAM + 2 * LAB_PAGE)		/* a page that is nothing else */
		other = RAM + 4 * LAB_PAGE;
	table = (uint64_t)((uint8_t *)lab_entry(&lab, CODE, 3) - (uint8_t *)lab.ram) & ~UINT64_C(0xfff);
	lab_map(&lab, stack, table, LAB_P | LAB_W);
	/* push %rbp; jmp to STORE, 64 bytes further than is fetched at once */
	memcpy(at(start), LOAD "\x55" "\xeb\x50", 3 + 1 + 2);
	memcpy(at(start + 6 + 0x50), STORE END, 5);
	memcpy(at(other + start % LAB_PAGE), at(start), 128);
	memcpy(at(other + start % LAB_PAGE), "\x8b\x4b\x40", 3);	/* mov 0x40(%rbx), %ecx */
	cpu->rip = start;
	cpu->gpr[RBP] = other | LAB_P | LAB_W | 0x60;
	cpu->gpr[RSP] = stack + CODE / LAB_PAGE * 8 + 8;
	was = *cpu;
	learn_once(AT, false);
	ck_assert_uint_eq(*lab_entry(&lab, CODE, 3), was.gpr[RBP]);
	*cpu = was;
	if (quick(AT, false) >= 0)
		ck_assert_uint_eq(cpu->gpr[RAX], was.gpr[RAX]);	/* it is RCX that is loaded */
}
END_TEST

/*
 * The exit was a write's; before its code was fetched another processor made a load of it.  Later the page is read-only.
 */
START_TEST(rights_to_write_are_the_instructions)
{
	uint64_t start = CODE + 0x240;

	begin();
	memcpy(at(start), LOAD STORE END, 8);
	cpu->rip = start;
	learn_once(AT, true);
	*lab_entry(&lab, DEVICE, 3) &= ~UINT64_C(0x42);
	cpu->rip = start;
	lab.reads = lab.writes = 0;
	if (quick(AT, false) >= 0)
		ck_assert_uint_eq(cpu->rip, start + 3);
	ck_assert_uint_eq(lab.writes, 0);
}
END_TEST

/* The cluster's own PUSH turns a load that it has executed into a PUSH: rights to read are none to write. */
START_TEST(what_was_executed_is_what_is_kept)
{
	static const uint8_t then[8] = { 0x8b, 0x43, 0x40, 0x3e, 0x3e, 0x53, 0x55, 0x89 };	/* LOAD; ds ds push %rbx; push %rbp; STORE */
	uint64_t start = CODE + 0x240, value;

	begin();
	lab_map(&lab, RAM, RAM, LAB_P);				/* read-only, CR0.WP is set */
	lab_map(&lab, RAM + LAB_PAGE, CODE, LAB_P | LAB_W);	/* the stack is the code's page */
	memcpy(at(start), LOAD "\x48\x8b\x16" "\x55" STORE END, 3 + 3 + 1 + 3 + 2);
	memcpy(&cpu->gpr[RBP], then, 8);
	cpu->rip = start;
	cpu->gpr[RSP] = RAM + LAB_PAGE + 0x248;
	learn_once(AT, false);
	ck_assert(!memcmp(at(start), then, 8));
	cpu->rip = start;
	cpu->gpr[RSP] = RAM + 0x108;
	memcpy(&value, at(RAM + 0x100), 8);
	if (quick(AT, false) >= 0)
		ck_assert_uint_eq(cpu->rip, start + 3);		/* the PUSH faults */
	ck_assert_uint_eq(cpu->gpr[RSP], RAM + 0x108);
	ck_assert(!memcmp(&value, at(RAM + 0x100), 8));
}
END_TEST

/* The same of a device: what may be read is written. */
START_TEST(a_load_that_became_a_store_is_not_kept)
{
	static const uint8_t then[8] = { 0x8b, 0x43, 0x40, 0x89, 0x57, 0x08, 0x55, 0x89 };	/* LOAD; mov %edx, 8(%rdi); push %rbp; STORE */
	uint64_t start = CODE + 0x240;

	begin();
	lab_map(&lab, DEVICE + LAB_PAGE, DEVICE + LAB_PAGE, LAB_P);	/* read-only */
	lab_map(&lab, RAM + LAB_PAGE, CODE, LAB_P | LAB_W);
	memcpy(at(start), LOAD "\x8b\x57\x08" "\x55" STORE END, 3 + 3 + 1 + 3 + 2);
	memcpy(&cpu->gpr[RBP], then, 8);
	cpu->rip = start;
	cpu->gpr[RDI] = DEVICE + LAB_PAGE;
	cpu->gpr[RSP] = RAM + LAB_PAGE + 0x248;
	learn_once(AT, false);
	ck_assert(!memcmp(at(start), then, 8));
	cpu->rip = start;
	lab.reads = lab.writes = 0;
	if (quick(AT, false) >= 0)
		ck_assert_uint_eq(cpu->rip, start + 3);		/* the store faults */
	ck_assert_uint_eq(lab.writes, 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_chain");
	TCase *c = unit_case(s, "chain");

	tcase_add_test(c, a_driver_gets_from_access_to_access);
	tcase_add_test(c, another_page_of_the_device_is_followed);
	tcase_add_test(c, two_of_one_place_are_both_kept);
	tcase_add_test(c, an_access_that_is_learnt_anew_has_no_chain);
	tcase_add_test(c, another_way_is_the_processors);
	tcase_add_test(c, a_chain_that_leads_nowhere_is_learnt_anew);
	tcase_add_test(c, what_else_the_processor_has_to_do_comes_first);
	tcase_add_test(c, nobody_who_has_set_breakpoints_is_led_past_them);
	tcase_add_test(c, other_code_is_another_way);
	tcase_add_test(c, other_tables_are_another_way);
	tcase_add_test(c, pages_that_have_become_something_else_are_the_processors);
	tcase_add_test(c, a_device_that_has_become_ram_is_the_processors);
	tcase_add_test(c, what_is_pushed_into_the_code_ends_it);
	tcase_add_test(c, what_depends_on_more_is_not_kept);
	tcase_add_test(c, these_are_kept);
	tcase_add_test(c, a_way_back_is_not_kept);
	tcase_add_test(c, pages_of_users_are_not_kept);
	tcase_add_test(c, code_that_is_far_is_not_kept);
	tcase_add_test(c, more_pages_than_there_are_ways_are_not_kept);
	tcase_add_test(c, what_cannot_be_kept_is_not_tried_each_time);
	tcase_add_test(c, a_branch_out_of_all_addresses_is_the_processors);
	tcase_add_test(c, a_way_leads_where_its_entries_lead);
	tcase_add_test(c, code_is_where_its_entries_lead);
	tcase_add_test(c, rights_to_write_are_the_instructions);
	tcase_add_test(c, what_was_executed_is_what_is_kept);
	tcase_add_test(c, a_load_that_became_a_store_is_not_kept);
	return s;
}
