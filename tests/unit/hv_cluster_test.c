/*
 * hv_cluster_test.c - how far an exit goes on in a driver's code, and where it ends
 */
#include <string.h>

#include "hv/guest/cluster.h"
#include "hv/guest/walk.h"
#include "tests/unit/guest_lab.h"
#include "tests/unit/unit.h"

/* Pages, mapped one to one but for NOTHING. */
#define CODE	0x8000u		/* and the next */
#define DEVICE	0xa000u
#define RAM	0xb000u
#define SEALED	0xc000u		/* RAM, read-only */
#define NOTHING	0xd000u

#define ACCESSED	0x20u
#define DIRTY		0x40u

static struct lab lab;
static struct walks walks;
static struct guest_cpu *const cpu = &lab.cpu;
static bool unwelcome;
static unsigned entries_read;
static struct trail trail;
static struct fetch fetch;	/* of the access that went before: nothing, but in one test */
static bool (*ram_read)(void *host, gpa_t at, void *to, unsigned size);

static uint8_t *at(uint64_t gpa)
{
	return (uint8_t *)lab.ram + gpa;
}

static bool is_unwelcome(void *host)
{
	ck_assert_ptr_eq(host, &lab);
	return unwelcome;
}

/* Code is read in longer pieces. */
static bool counted_read(void *host, gpa_t gpa, void *to, unsigned size)
{
	entries_read += size == 8;
	return ram_read(host, gpa, to, size);
}

/* RBX is the device, RSI RAM, RSP the end of RAM; each call another place of code, of which nothing is known. */
static void begin(void)
{
	static unsigned n;

	lab_init(&lab);
	ram_read = lab.bus.read;
	lab.bus.read = counted_read;
	lab_64(&lab);
	for (unsigned page = CODE; page < NOTHING; page += LAB_PAGE)
		lab_map(&lab, page, page, LAB_P | (page == SEALED ? 0 : LAB_W));
	lab.device[DEVICE / LAB_PAGE] = true;
	walks_begin(&walks);
	cpu->walks = &walks;
	cpu->rip = CODE + 96 * ++n;
	cpu->gpr[RBX] = DEVICE;
	cpu->gpr[RSI] = RAM;
	cpu->gpr[RSP] = RAM + LAB_PAGE;
	unwelcome = false;
	entries_read = 0;
}

/* Code to go on in, as behind an access that ended at RIP. */
static unsigned run(const char *code, unsigned size)
{
	memcpy(at(cpu->rip), code, size);
	return guest_cluster(cpu, &lab.bus, &fetch, cpu->rip - 2, is_unwelcome, &trail);
}
#define RUN(code) run(code, sizeof(code) - 1)

#define LOAD	"\x8b\x03"		/* mov (%rbx), %eax */
#define STORE	"\x89\x43\x04"		/* mov %eax, 4(%rbx) */
#define CPUID	"\x0f\xa2"

/* Linux's e1000: from ICR's read to IMC's write and to the read of STATUS that flushes it. */
START_TEST(a_driver_gets_from_access_to_access)
{
	uint64_t start;

	begin();
	start = cpu->rip;
	cpu->gpr[RAX] = 0x80;
	cpu->gpr[RBP] = 0x1122334455667788;
	*at(RAM + 0xe09) = DEVICE >> 8;
	*at(DEVICE + 8) = 0x83;
	ck_assert_uint_eq(RUN("\x85\xc0" "\x74\x71" "\x55" "\x53" "\x48\x8b\x96\xf0\x01\x00\x00" "\x48\x89\xf3" "\x83\xe2\x04"
			      "\x75\x54" "\xa8\x0c" "\x75\x61" "\x48\x8b\x83\x08\x0e\x00\x00" "\xba\xff\xff\xff\xff"
			      "\x89\x90\xd8\x00\x00\x00" "\x48\x8b\x83\x08\x0e\x00\x00" "\x48\x83\xc0\x08" "\x8b\x00" CPUID), 2);
	ck_assert_uint_eq(cpu->rip, start + 56);
	ck_assert_uint_eq(lab.log[0].gpa, DEVICE + 0xd8);
	ck_assert(lab.log[0].write && lab.log[0].value == 0xffffffff);
	ck_assert_uint_eq(lab.log[1].gpa, DEVICE + 8);
	ck_assert_uint_eq(cpu->gpr[RAX], 0x83);
	ck_assert_uint_eq(cpu->gpr[RBX], RAM);
	ck_assert_uint_eq(cpu->gpr[RSP], RAM + LAB_PAGE - 16);
	ck_assert(!memcmp(at(RAM + LAB_PAGE - 8), "\x88\x77\x66\x55\x44\x33\x22\x11", 8));
	ck_assert_uint_eq(*at(RAM + LAB_PAGE - 15), DEVICE >> 8);
}
END_TEST

START_TEST(what_is_not_plain_is_not_begun)
{
	static const struct { const char *code; unsigned size; } rows[] = {
		{ CPUID, 2 }, { "\xf4", 1 }, { "\xfb", 1 }, { "\xf0\x83\x06\x01", 4 }, { "\xf3\x90", 2 }, { "\xcc", 1 },
		{ "\xa4", 1 }, { "\x9d", 1 }, { "\x8e\xd8", 2 }, { "\x0f\x30", 2 }, { "\xff\xe0", 2 }, { "\x66\x50", 2 },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct guest_cpu before;

		begin();
		before = *cpu;
		/* nor when it was met before */
		for (unsigned n = 0; n < 3; n++)
			ck_assert_uint_eq(run(rows[i].code, rows[i].size), 0);
		ck_assert(!memcmp(&before, cpu, sizeof(before)));
	}
	begin();
	ck_assert_uint_eq(RUN("\xff\xc0"), 0);		/* INC */
	begin();
	ck_assert_uint_eq(RUN("\x89\xc1" CPUID LOAD), 0);
	ck_assert_uint_eq(cpu->rip % 96, (CODE + 96 + 2) % 96);	/* behind the MOV that went before */
}
END_TEST

START_TEST(only_a_kernel_that_nobody_debugs_goes_on)
{
	begin();
	ck_assert_uint_eq(RUN(LOAD CPUID), 1);
	begin();
	cpu->rflags |= RFLAGS_TF;
	ck_assert_uint_eq(RUN(LOAD CPUID), 0);
	for (unsigned bit = 0; bit < 8; bit++) {
		begin();
		cpu->dr7 = 0x400 | 1u << bit;
		ck_assert_uint_eq(RUN(LOAD CPUID), 0);
	}
	begin();
	cpu->dr7 = 0xf400;
	ck_assert_uint_eq(RUN(LOAD CPUID), 1);
	begin();
	cpu->cpl = 3;
	ck_assert_uint_eq(RUN(LOAD CPUID), 0);
	begin();
	cpu->cpl = 3;
	lab_map(&lab, CODE, CODE, LAB_P | LAB_W | LAB_U);
	lab_map(&lab, DEVICE, DEVICE, LAB_P | LAB_W | LAB_U);
	ck_assert_uint_eq(RUN(LOAD CPUID), 0);
	begin();
	for (unsigned i = 0; i < GUEST_SEGMENTS; i++)
		cpu->seg[i].limit = UINT32_MAX;
	cpu->seg[SEG_CS].attributes &= (uint16_t)~SEGMENT_LONG;
	ck_assert_uint_eq(RUN(LOAD CPUID), 0);
	ck_assert_uint_eq(lab.reads, 0);
}
END_TEST

START_TEST(a_fault_is_the_processors)
{
	static const struct { const char *code; unsigned size; uint64_t rbx; } rows[] = {
		{ LOAD, 2, NOTHING }, { "\x89\x03", 2, SEALED }, { LOAD, 2, UINT64_C(0x800000000000) },
		{ LOAD, 2, RAM + 2 }, { LOAD, 2, RAM - 2 }, { LOAD, 2, DEVICE + 1 }, { LOAD, 2, DEVICE + 0xffe },
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct guest_cpu before;

		begin();
		cpu->gpr[RBX] = rows[i].rbx;
		before = *cpu;
		ck_assert_uint_eq(run(rows[i].code, rows[i].size), 0);
		ck_assert(!memcmp(&before, cpu, sizeof(before)));
		ck_assert_uint_eq(lab.reads + lab.writes, 0);
	}
}
END_TEST

START_TEST(the_stack_is_ram_that_may_be_used)
{
	static const uint64_t bad[] = { NOTHING + 16, SEALED + 16, DEVICE + 16, RAM + 12, 0 };

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct guest_cpu before;

		begin();
		cpu->gpr[RSP] = bad[i];
		before = *cpu;
		ck_assert_uint_eq(RUN("\x50" LOAD), 0);
		ck_assert(!memcmp(&before, cpu, sizeof(before)));
		if (bad[i] == SEALED + 16)
			continue;
		begin();
		cpu->gpr[RSP] = bad[i];
		before.rip = cpu->rip;
		ck_assert_uint_eq(RUN("\x58" LOAD), 0);
		ck_assert(!memcmp(&before, cpu, sizeof(before)));
	}
	begin();
	cpu->gpr[RSP] = SEALED + 16;
	ck_assert_uint_eq(RUN("\x58" LOAD CPUID), 1);
}
END_TEST

START_TEST(a_branch_to_nowhere_is_the_processors)
{
	begin();
	cpu->rip = CODE;
	cpu->rflags |= RFLAGS_ZF;
	ck_assert_uint_eq(RUN("\x74\x02" CPUID LOAD CPUID), 1);
	begin();
	cpu->rflags &= ~(uint64_t)RFLAGS_ZF;
	ck_assert_uint_eq(RUN("\x74\x02" LOAD CPUID), 1);
	/* backwards over 0, where addresses are canonical still, and over their end */
	begin();
	lab_map(&lab, UINT64_C(0x7ffffffff000), CODE + LAB_PAGE, LAB_P);
	cpu->rip = UINT64_C(0x7fffffffff00);
	memcpy(at(CODE + LAB_PAGE + 0xf00), "\xe9\x00\x10\x00\x00", 5);
	ck_assert_uint_eq(guest_cluster(cpu, &lab.bus, &fetch, 1, is_unwelcome, &trail), 0);
	ck_assert_uint_eq(cpu->rip, UINT64_C(0x7fffffffff00));
}
END_TEST

START_TEST(it_is_not_for_long)
{
	uint64_t start;

	begin();
	start = cpu->rip;
	ck_assert_uint_eq(RUN(LOAD "\xeb\xfc"), CLUSTER_INSNS / 2);	/* for ever */
	ck_assert_uint_eq(cpu->rip, start);
	ck_assert_uint_eq(lab.reads, CLUSTER_INSNS / 2);
	begin();
	start = cpu->rip;
	ck_assert_uint_eq(RUN("\xeb\xfe"), 0);
	ck_assert_uint_eq(cpu->rip, start);
}
END_TEST

START_TEST(who_has_something_else_to_do_stops_after_an_access)
{
	uint64_t start;

	begin();
	start = cpu->rip;
	unwelcome = true;
	ck_assert_uint_eq(RUN(LOAD LOAD), 0);
	ck_assert_uint_eq(cpu->rip, start);
}
END_TEST

/* As often as it was in vain the last time, doubled, an access is left alone. */
static unsigned tries(unsigned calls)
{
	uint64_t start = cpu->rip;
	unsigned n = 0;

	for (unsigned i = 0; i < calls; i++) {
		RUN("\x90" CPUID);
		n += cpu->rip != start;
		cpu->rip = start;
	}
	return n;
}

START_TEST(an_access_that_none_follows_is_tried_less_and_less)
{
	uint64_t start;

	begin();
	start = cpu->rip;
	ck_assert_uint_eq(tries(1), 1);
	ck_assert_uint_eq(tries(1), 0);
	ck_assert_uint_eq(tries(1), 1);
	ck_assert_uint_eq(tries(2), 0);
	ck_assert_uint_eq(tries(1), 1);
	ck_assert_uint_eq(tries(4), 0);
	ck_assert_uint_eq(tries(1), 1);
	ck_assert_uint_eq(tries(8 + 1 + 16 + 1 + 32 + 1 + 64 + 1), 4);
	ck_assert_uint_eq(tries(128), 0);
	ck_assert_uint_eq(tries(1), 1);
	ck_assert_uint_eq(tries(128), 0);
	/* one that was not in vain makes it begin anew */
	ck_assert_uint_eq(RUN(LOAD CPUID), 1);
	cpu->rip = start;
	ck_assert_uint_eq(tries(1), 1);
	ck_assert_uint_eq(tries(1), 0);
	ck_assert_uint_eq(tries(1), 1);
}
END_TEST

START_TEST(what_is_written_over_code_is_carried_out)
{
	begin();
	cpu->rip &= ~UINT64_C(7);
	cpu->gpr[RSI] = cpu->rip + 4;
	cpu->gpr[RAX] = 0x9090;
	ck_assert_uint_eq(RUN("\x66\x89\x46\x00" CPUID LOAD CPUID), 1);
	/* the same place, now with other bytes */
	begin();
	cpu->gpr[RCX] = 5;
	ck_assert_uint_eq(RUN("\x89\xca" LOAD CPUID), 1);
	ck_assert_uint_eq(cpu->gpr[RDX], 5);
	cpu->rip -= 4;
	ck_assert_uint_eq(RUN("\x89\xcd" LOAD CPUID), 1);
	ck_assert_uint_eq(cpu->gpr[RBP], 5);
}
END_TEST

START_TEST(code_is_fetched_as_the_processor_fetches)
{
	/* to the end of a page, and not over it */
	begin();
	cpu->rip = CODE + LAB_PAGE - 4;
	memcpy(at(CODE + LAB_PAGE), CPUID, 2);
	ck_assert_uint_eq(RUN("\x90\x90" LOAD), 1);
	ck_assert_uint_eq(cpu->rip, CODE + LAB_PAGE);
	begin();
	cpu->rip = CODE + LAB_PAGE - 5;
	memcpy(at(CODE + LAB_PAGE), LOAD CPUID, 4);
	ck_assert_uint_eq(RUN("\x8d\x40\x01\x89\xc1"), 1);
	ck_assert_uint_eq(cpu->rip, CODE + LAB_PAGE + 2);
	begin();
	cpu->rip = CODE + LAB_PAGE - 1;
	ck_assert_uint_eq(RUN(LOAD), 0);
	ck_assert_uint_eq(cpu->rip, CODE + LAB_PAGE - 1);
	/* what was fetched with the access is known already */
	begin();
	memcpy(fetch.byte, LOAD LOAD CPUID, 6);
	fetch.count = 6;
	fetch.in_page = true;
	memcpy(at(cpu->rip), CPUID, 2);
	ck_assert_uint_eq(guest_cluster(cpu, &lab.bus, &fetch, cpu->rip - 2, is_unwelcome, &trail), 1);
	fetch.in_page = false;		/* ... unless it was in two pages */
	begin();
	memcpy(at(cpu->rip), CPUID, 2);
	ck_assert_uint_eq(guest_cluster(cpu, &lab.bus, &fetch, cpu->rip - 2, is_unwelcome, &trail), 0);
	fetch = (struct fetch){ .count = 0 };
	/* nowhere, where it must not be executed, or on a device */
	begin();
	cpu->rip = NOTHING;
	ck_assert_uint_eq(guest_cluster(cpu, &lab.bus, &fetch, 2, is_unwelcome, &trail), 0);
	begin();
	lab_map(&lab, RAM, RAM, LAB_P | LAB_W | LAB_NX);
	cpu->rip = RAM;
	ck_assert_uint_eq(RUN(LOAD CPUID), 0);
	begin();
	lab_map(&lab, RAM, RAM, LAB_P | LAB_W | LAB_U);
	cpu->cr4 |= CR4_SMEP;
	cpu->rip = RAM;
	ck_assert_uint_eq(RUN(LOAD CPUID), 0);
	begin();
	cpu->rip = DEVICE;
	memcpy(at(DEVICE), LOAD CPUID, 4);
	ck_assert_uint_eq(guest_cluster(cpu, &lab.bus, &fetch, 3, is_unwelcome, &trail), 0);
}
END_TEST

static uint64_t entry_of(uint64_t linear)
{
	uint64_t table = cpu->cr3, entry = 0;

	for (unsigned shift = 39; shift >= 12; shift -= 9) {
		memcpy(&entry, at(table + (linear >> shift & 511) * 8), 8);
		table = entry & ~UINT64_C(0xfff);
	}
	return entry;
}

START_TEST(pages_are_accessed_and_dirty)
{
	begin();
	ck_assert_uint_eq(RUN("\x8b\x06" LOAD CPUID), 1);
	ck_assert_uint_eq(entry_of(RAM) & (ACCESSED | DIRTY), ACCESSED);
	ck_assert_uint_eq(entry_of(DEVICE) & (ACCESSED | DIRTY), ACCESSED);
	begin();
	ck_assert_uint_eq(RUN("\x8b\x06" "\x89\x06" STORE CPUID), 1);
	ck_assert_uint_eq(entry_of(RAM) & (ACCESSED | DIRTY), ACCESSED | DIRTY);
	ck_assert_uint_eq(entry_of(DEVICE) & (ACCESSED | DIRTY), ACCESSED | DIRTY);
}
END_TEST

/* Four levels are read for the code, for RAM that is read, and for RAM that is written. */
START_TEST(a_page_is_walked_once)
{
	begin();
	ck_assert_uint_eq(RUN("\x8b\x06\x8b\x46\x04\x8b\x46\x08" LOAD LOAD CPUID), 2);
	ck_assert_uint_eq(entries_read, 3 * 4);
	begin();
	ck_assert_uint_eq(RUN("\x89\x06\x8b\x46\x04\x89\x46\x08" LOAD CPUID), 1);
	ck_assert_uint_eq(entries_read, 3 * 4);
	begin();
	ck_assert_uint_eq(RUN("\x8b\x06\x89\x46\x04" LOAD CPUID), 1);
	ck_assert_uint_eq(entries_read, 4 * 4);
	/* what may be written may not therefore be executed */
	begin();
	lab_map(&lab, RAM, RAM, LAB_P | LAB_W | LAB_NX);
	memcpy(at(RAM), LOAD CPUID, 4);
	cpu->gpr[RCX] = RAM;
	ck_assert_uint_eq(RUN("\x89\x46\x10" "\xe9\x00\x00\x00\x00"), 0);
	cpu->rip = RAM;
	ck_assert_uint_eq(guest_cluster(cpu, &lab.bus, &fetch, 4, is_unwelcome, &trail), 0);
	ck_assert_uint_eq(cpu->rip, RAM);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_cluster");
	TCase *c = unit_case(s, "cluster");

	tcase_add_test(c, a_driver_gets_from_access_to_access);
	tcase_add_test(c, what_is_not_plain_is_not_begun);
	tcase_add_test(c, only_a_kernel_that_nobody_debugs_goes_on);
	tcase_add_test(c, a_fault_is_the_processors);
	tcase_add_test(c, the_stack_is_ram_that_may_be_used);
	tcase_add_test(c, a_branch_to_nowhere_is_the_processors);
	tcase_add_test(c, it_is_not_for_long);
	tcase_add_test(c, who_has_something_else_to_do_stops_after_an_access);
	tcase_add_test(c, an_access_that_none_follows_is_tried_less_and_less);
	tcase_add_test(c, what_is_written_over_code_is_carried_out);
	tcase_add_test(c, code_is_fetched_as_the_processor_fetches);
	tcase_add_test(c, pages_are_accessed_and_dirty);
	tcase_add_test(c, a_page_is_walked_once);
	return s;
}
