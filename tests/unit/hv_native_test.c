/*
 * hv_native_test.c - the emulator beside this processor, encoding by encoding
 *
 * HV_NATIVE_COUNT is the number of encodings for each mode, HV_NATIVE_SEED where they begin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hv/guest/alu.h"
#include "hv/guest/emulate.h"
#include "tests/unit/encode.h"
#include "tests/unit/guest_lab.h"
#include "tests/unit/native.h"
#include "tests/unit/unit.h"

#define COUNT	150000

/* The guest's and our own addresses: below 4 GiB, for 32-bit code. */
#define CODE		0x20000000u	/* one page, none behind it */
#define DATA		0x20010000u	/* two pages, one read-only, then none */
#define DATA_PAGES	3u

#define COMPARED	(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF | \
			 RFLAGS_DF | RFLAGS_AC)

#define GS_BASE		0x12345u

/* Descriptors that 32- and 16-bit tests choose from. */
#define CODES	4
#define DATAS	8
static struct segment segments[CODES + DATAS] = {
	{ 0, 0xfa | SEGMENT_BIG, UINT32_MAX, 0 },			/* code */
	{ 0, 0xfa | SEGMENT_BIG, 0xfff, CODE },			/* ends with its page */
	{ 0, 0xf8 | SEGMENT_BIG, UINT32_MAX, 0 },			/* not readable */
	{ 0, 0xfa, 0xffff, CODE },				/* 16-bit */
	{ 0, 0xf2 | SEGMENT_BIG, UINT32_MAX, 0 },
	{ 0, 0xf2 | SEGMENT_BIG, 0x10ff, DATA - 0x100 },
	{ 0, 0xf6 | SEGMENT_BIG, 0x7ff, DATA },			/* expand-down */
	{ 0, 0xf6, 0x7ff, DATA },				/* and to 64 KiB only */
	{ 0, 0xf0 | SEGMENT_BIG, UINT32_MAX, 0 },			/* read-only */
	{ 0, 0xf2, 0xffff, DATA },
	{ 0, 0xf2 | SEGMENT_BIG, 0, DATA + 0x800 },			/* a byte */
	{ 0, 0xf2 | SEGMENT_BIG, UINT32_MAX, 0xfffff000 },		/* wraps */
};

static struct lab lab;
static struct random rnd;
static uint8_t *const native_data = (uint8_t *)(uintptr_t)DATA;
static uint8_t *const native_code = (uint8_t *)(uintptr_t)CODE;
static uint64_t code_gpa, data_gpa;
static uint64_t fs_base;
static bool la57;

static struct {
	unsigned compared, done, left, page_faults, other_faults, invalid, registers;
} counts;

static void map_here(uint32_t address, unsigned pages, int rights)
{
	static bool ours[2];		/* from the test before, in the same process */
	const int fixed = ours[address == DATA] ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	void *p = mmap((void *)(uintptr_t)address, pages * LAB_PAGE, rights,
		       MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);

	ours[address == DATA] = true;
	ck_assert_ptr_eq(p, (void *)(uintptr_t)address);
}

/* With five levels 2^50 is canonical: a page fault instead of #GP. */
static void find_la57(void)
{
	struct guest_cpu cpu = { 0 };
	struct native_fault fault;

	native_selectors(&cpu);
	cpu.seg[SEG_CS].attributes = SEGMENT_LONG;
	cpu.rflags = 0x202;
	cpu.rip = CODE;
	memcpy(native_code, "\x8b\x00", 2);	/* mov (%rax), %eax */
	cpu.gpr[RAX] = UINT64_C(1) << 50;
	native_run(&cpu, &fault);
	la57 = fault.vector == VECTOR_PF;
	memset(native_code, 0, 2);
}

static void set_up(void)
{
	map_here(CODE, 1, PROT_READ | PROT_WRITE | PROT_EXEC);
	map_here(DATA, DATA_PAGES, PROT_READ | PROT_WRITE);
	lab_init(&lab);
	lab_64(&lab);
	code_gpa = lab_page(&lab);
	data_gpa = lab_page(&lab);
	lab_page(&lab);
	lab_page(&lab);
	lab_map(&lab, CODE, code_gpa, LAB_P | LAB_W | LAB_U);
	for (unsigned i = 0; i < DATA_PAGES; i++) {
		lab_map(&lab, DATA + i * LAB_PAGE, data_gpa + i * LAB_PAGE,
			LAB_P | LAB_U | LAB_NX | (i < 2 ? LAB_W : 0));
		lab.device[data_gpa / LAB_PAGE + i] = true;
		for (unsigned j = 0; j < LAB_PAGE; j++)
			native_data[i * LAB_PAGE + j] = (uint8_t)random_next(&rnd);
	}
	memcpy(lab.ram[data_gpa / LAB_PAGE], native_data, DATA_PAGES * LAB_PAGE);
	ck_assert_int_eq(mprotect(native_data + 2 * LAB_PAGE, LAB_PAGE, PROT_READ), 0);
	fs_base = native_fs();
	find_la57();
}

/* A linear address to aim at: pages and their borders more often than the middle. */
static uint64_t target(const struct encoding *e)
{
	const bool anywhere = e->address_size == 8 && (e->string || e->base >= 0 || e->index >= 0);
	static const uint32_t borders[] = { 0, 0x1000, 0x1000, 0x1000, 0x2000, 0x3000 };
	unsigned kind = random_next(&rnd) % 16;

	if (kind == 0 && anywhere)
		return (la57 ? UINT64_C(1) << 56 : UINT64_C(1) << 47) - 8 + random_next(&rnd) % 16;
	if (kind == 1 && anywhere)
		return 0x0123456789abcdef;
	if (kind < 8)
		return DATA + borders[random_next(&rnd) % 6] - 8 + random_next(&rnd) % 16;
	if (kind < 10)
		return DATA + 0x800 - 8 + random_next(&rnd) % 16;
	return DATA + random_next(&rnd) % (2 * LAB_PAGE - 8);
}

static void set_address(uint64_t *reg, unsigned size, uint64_t value)
{
	*reg = (*reg & ~alu_mask(size)) | (value & alu_mask(size));
}

/* Registers or displacement such that the operand is at @offset; false when there is no way. */
static bool aim(struct encoding *e, struct guest_cpu *cpu, uint64_t offset)
{
	uint64_t rest = offset - e->displacement;

	if (e->rip) {
		encode_displacement(e, offset - (cpu->rip + e->length));
		return true;
	}
	if (e->base < 0 && e->index < 0) {
		encode_displacement(e, offset);
		return true;
	}
	if (e->base >= 0 && e->base == e->index) {
		uint64_t factor = 1 + (UINT64_C(1) << e->scale), inverse = factor;

		if (factor == 2) {
			set_address(&cpu->gpr[e->base], e->address_size, rest / 2);
			return rest % 2 == 0;
		}
		for (unsigned i = 0; i < 6; i++)
			inverse *= 2 - factor * inverse;	/* Newton, modulo 2^64 */
		set_address(&cpu->gpr[e->base], e->address_size, rest * inverse);
		return true;
	}
	if (e->base >= 0) {
		if (e->index >= 0)
			rest -= cpu->gpr[e->index] << e->scale;
		set_address(&cpu->gpr[e->base], e->address_size, rest);
		return true;
	}
	set_address(&cpu->gpr[e->index], e->address_size, rest >> e->scale);
	return (rest & ((UINT64_C(1) << e->scale) - 1)) == 0;
}

static uint64_t random_value(void)
{
	uint64_t v = random_next(&rnd);

	switch (random_next(&rnd) % 4) {
	case 0:
		return v >> (v & 63);
	case 1:
		return -(v >> (v & 63));
	case 2:		/* at the borders of signs */
		return (UINT64_C(1) << (8 * (1 + v % 8) - 1)) - (v >> 60);
	default:
		return v;
	}
}

static void choose_registers(struct guest_cpu *cpu)
{
	for (unsigned i = 0; i < GPRS; i++)
		cpu->gpr[i] = random_value();
	cpu->rflags = 0x202 | (random_next(&rnd) & (COMPARED & ~(RFLAGS_DF | RFLAGS_AC)));
	if (random_one_in(&rnd, 3))
		cpu->rflags |= RFLAGS_DF;
	if (random_one_in(&rnd, 16))
		cpu->rflags |= RFLAGS_AC;
	cpu->rflags |= RFLAGS_TF;
}

static void choose_segments(struct guest_cpu *cpu, enum insn_mode mode)
{
	const uint8_t chosen[] = { SEG_ES, SEG_SS, SEG_DS, SEG_GS };

	cpu->cpl = 3;
	if (mode == INSN_64) {
		native_selectors(cpu);
		cpu->seg[SEG_CS].attributes = 0xfb | SEGMENT_LONG;
		cpu->seg[SEG_FS].base = fs_base;
		cpu->seg[SEG_GS].base = GS_BASE;
		return;
	}
	cpu->seg[SEG_CS] = segments[mode == INSN_16 ? 3 : random_next(&rnd) % 3];
	for (unsigned i = 0; i < sizeof(chosen); i++) {
		unsigned n = random_one_in(&rnd, 2) ? 0 : random_next(&rnd) % DATAS;

		if (mode == INSN_16 && random_one_in(&rnd, 2))
			n = 5;
		/* the stack segment must be writable, one of the others may be none */
		if (chosen[i] == SEG_SS && n == 4)
			n = 0;
		cpu->seg[chosen[i]] = segments[CODES + n];
		if (chosen[i] != SEG_SS && random_one_in(&rnd, 30))
			cpu->seg[chosen[i]] = (struct segment) { 0 };
	}
	cpu->seg[SEG_FS] = (struct segment) { 0 };
}

static uint64_t base_of(const struct guest_cpu *cpu, enum seg seg, enum insn_mode mode)
{
	if (mode == INSN_64 && seg < SEG_FS)
		return 0;
	return cpu->seg[seg].base;
}

/* In most cases nothing is behind the instruction, in some a part of it is missing. */
static void place(const struct encoding *e, struct guest_cpu *cpu, enum insn_mode mode)
{
	unsigned missing = random_one_in(&rnd, 30) ? random_next(&rnd) % e->length : 0;
	unsigned at = LAB_PAGE - e->length + missing;

	if (random_one_in(&rnd, 4))
		at -= random_next(&rnd) % 64;
	cpu->rip = CODE + at - (mode == INSN_64 ? 0 : cpu->seg[SEG_CS].base);
}

static void write_code(const struct encoding *e, const struct guest_cpu *cpu)
{
	unsigned at = cpu->rip % LAB_PAGE;
	unsigned n = e->length < LAB_PAGE - at ? e->length : LAB_PAGE - at;

	memcpy(native_code + at, e->bytes, n);
	memcpy(&lab.ram[code_gpa / LAB_PAGE][at], e->bytes, n);
}

static bool have_movbe(void)
{
	return cpuid(1, 0).ecx >> 22 & 1;
}

/* FS is the C library's: only addresses that a register can bring to the target. */
static bool fs_is_safe(const struct encoding *e, enum insn_mode mode)
{
	if (mode != INSN_64 || e->segment != SEG_FS)
		return true;
	return e->address_size == 8 && (e->string || e->base >= 0 || e->index >= 0);
}

/* Everything of one case but the code page.  False when it is left out. */
static bool prepare(struct encoding *e, struct guest_cpu *cpu, enum insn_mode mode, uint64_t number)
{
	uint64_t where;

	encode(&rnd, mode, number, e);
	where = target(e);
	if (!fs_is_safe(e, mode) || (e->movbe && !have_movbe()))
		return false;
	choose_registers(cpu);
	choose_segments(cpu, mode);
	place(e, cpu, mode);
	if (e->locked)
		where &= ~UINT64_C(7);		/* kernels make locks across lines slow */
	if (e->string) {
		uint64_t to = target(e) - base_of(cpu, SEG_ES, mode);

		set_address(&cpu->gpr[RSI], e->address_size,
			    where - base_of(cpu, e->segment, mode));
		set_address(&cpu->gpr[RDI], e->address_size, to);
		set_address(&cpu->gpr[RCX], e->address_size, random_next(&rnd) % 4);
		return true;
	}
	return !e->memory || aim(e, cpu, where - base_of(cpu, e->segment, mode));
}

static void show(const char *who, const struct guest_cpu *cpu, unsigned vector, uint64_t error,
		 uint64_t cr2)
{
	printf("# %s: vector %u error %lx cr2 %lx rip %lx rflags %lx\n#  ", who, vector, error, cr2,
	       cpu->rip, cpu->rflags);
	for (unsigned i = 0; i < GPRS; i++)
		printf(" %lx", cpu->gpr[i]);
	printf("\n");
}

static void show_case(const char *what, const struct encoding *e, const struct guest_cpu *before)
{
	printf("# %s:", what);
	for (unsigned i = 0; i < e->length; i++)
		printf(" %02x", e->bytes[i]);
	printf("  segment %u base %d index %d\n", e->segment, e->base, e->index);
	show("before", before, 0, 0, 0);
	for (unsigned i = 0; i < GUEST_SEGMENTS; i++)
		printf("#   segment %u: %x %x %lx\n", i, before->seg[i].attributes,
		       before->seg[i].limit, before->seg[i].base);
}

/*
 * Intel's REP with 32-bit addresses clears the upper halves of its registers also when the first
 * iteration faults; nothing promises that, and others leave them.
 */
static bool upper_half_is_open(const struct encoding *e, unsigned reg)
{
	return e->string && e->address_size == 4 &&
	       (reg == RCX || reg == RSI || reg == RDI);
}

static bool same(const struct guest_cpu *a, const struct guest_cpu *b, const struct encoding *e,
		 bool faulted, enum insn_mode mode)
{
	uint64_t mask = COMPARED & ~(e->af_undefined ? RFLAGS_AF : 0);

	for (unsigned i = 0; i < GPRS; i++) {
		bool half = mode != INSN_64 || (faulted && upper_half_is_open(e, i));

		if ((a->gpr[i] ^ b->gpr[i]) & (half ? UINT32_MAX : UINT64_MAX))
			return false;
	}
	return a->rip == b->rip && !((a->rflags ^ b->rflags) & mask);
}

/* MOVSXD to 16 bits of a register reads 32 bits of memory on AMD's processors, as ours does, and 16 on Intel's (SDM 2B). */
static bool source_is_open(const struct encoding *e)
{
	static const uint8_t prefixes[] = { 0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x66, 0x67 };
	bool operand = false, wide = false;

	for (unsigned i = 0; i < e->length; i++) {
		uint8_t byte = e->bytes[i];

		if (byte == 0x63)
			return operand && !wide && e->memory;
		if (byte >> 4 != 4 && !memchr(prefixes, byte, sizeof(prefixes)))
			return false;
		operand |= byte == 0x66;
		wide = byte >> 3 == 9;		/* REX.W, if the opcode is next */
	}
	return false;
}

/* Which comes first where a misaligned operand begins canonical and ends otherwise: AMD's processors, and ours, say #GP. */
static bool order_is_open(const struct guest_fault *ours, const struct native_fault *native, enum insn_mode mode)
{
	return mode == INSN_64 && native->vector == VECTOR_AC && (ours->vector == VECTOR_GP || ours->vector == VECTOR_SS);
}

/* Linux says of its own half of the addresses, and of the page below it, that they are present. */
#define LINUX_TOP	UINT64_C(0x7ffffffff000)

static bool same_fault(int status, const struct guest_fault *ours,
		       const struct native_fault *native)
{
	const uint64_t hidden = ours->vector == VECTOR_PF && ours->cr2 >= LINUX_TOP ? 1 : 0;

	if (status == GUEST_OK)
		return native->vector == VECTOR_DB;
	if (status == GUEST_AGAIN || native->vector != ours->vector)
		return false;
	if (ours->vector == VECTOR_PF && ours->cr2 != native->cr2)
		return false;
	return (ours->has_error ? ours->error | hidden : 0) == (native->error | hidden);
}

static void count(int status, const struct guest_fault *fault)
{
	counts.compared++;
	if (status == GUEST_OK)
		counts.done++;
	else if (fault->vector == VECTOR_PF)
		counts.page_faults++;
	else if (fault->vector == VECTOR_UD)
		counts.invalid++;
	else
		counts.other_faults++;
}

/* A register form: its length, by the processor's RIP. */
static bool compare_length(const struct encoding *e, struct guest_cpu *cpu, enum insn_mode mode)
{
	const uint64_t rip = cpu->rip;
	struct native_fault fault;
	struct insn insn;

	if (e->length > INSN_BYTES_MAX || insn_decode(e->bytes, e->length, mode, &insn))
		return false;
	native_run(cpu, &fault);
	counts.registers++;
	return fault.vector == VECTOR_DB && insn.length == e->length &&
	       cpu->rip == rip + insn.length;
}

/* The data page that is RAM in some cases. */
static bool *second_page(void)
{
	return &lab.device[data_gpa / LAB_PAGE + 1];
}

/* May an operand be left to the processor?  The code's page, too, is RAM. */
static bool may_be_left(const struct encoding *e)
{
	return e->string || e->segment == SEG_CS || !*second_page();
}

static bool agree(const struct encoding *e, const struct guest_cpu *cpu, int status,
		  const struct emulation *em, const struct guest_cpu *native,
		  const struct native_fault *fault, enum insn_mode mode)
{
	count(status, &em->fault);
	if (same_fault(status, &em->fault, fault) && same(cpu, native, e, status, mode) &&
	    !memcmp(lab.ram[data_gpa / LAB_PAGE], native_data, DATA_PAGES * LAB_PAGE))
		return true;
	/* the other half is in a page that is not there, or makes it misaligned */
	if (source_is_open(e) && status == GUEST_FAULT && (fault->vector == VECTOR_DB || em->fault.vector == VECTOR_AC))
		return true;
	if (status == GUEST_FAULT && order_is_open(&em->fault, fault, mode))
		return true;
	printf("# emulator's status %d\n", status);
	show("emulator", cpu, em->fault.vector, em->fault.error, em->fault.cr2);
	show("processor", native, fault->vector, fault->error, fault->cr2);
	return false;
}

/* Once for an instruction, or for each iteration of its REP. */
static bool compare(const struct encoding *e, struct guest_cpu *cpu, enum insn_mode mode)
{
	struct guest_cpu native = *cpu;
	struct native_fault fault;

	for (unsigned i = 0; i < 4; i++) {
		struct emulation em = { 0 };
		int status = guest_emulate(cpu, &lab.bus, &em);

		if (e->other)
			return status == GUEST_REFUSED || status == GUEST_FAULT;
		if (status == GUEST_AGAIN && !e->memory && !e->string)
			return compare_length(e, &native, mode);
		if (status == GUEST_AGAIN) {
			counts.left++;
			return may_be_left(e);
		}
		native_run(&native, &fault);
		if (!agree(e, cpu, status, &em, &native, &fault, mode))
			return false;
		if (status || !em.unfinished)
			return true;
	}
	return true;
}

/* All iterations of a REP at once. */
static bool compare_whole(const struct encoding *e, struct guest_cpu *cpu, enum insn_mode mode)
{
	struct guest_cpu native = *cpu;
	struct native_fault fault;
	struct emulation em = { 0 };
	const uint64_t start = cpu->rip;
	int status;

	cpu->rflags &= ~(uint64_t)RFLAGS_TF;
	status = guest_emulate(cpu, &lab.bus, &em);
	if (status == GUEST_AGAIN) {
		counts.left++;
		return true;
	}
	do {
		native_run(&native, &fault);
	} while (fault.vector == VECTOR_DB && native.rip == start);
	return agree(e, cpu, status, &em, &native, &fault, mode) && !em.unfinished;
}

static uint64_t number_from(const char *name, uint64_t without)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : without;
}

static void run_mode(enum insn_mode mode, const char *name)
{
	uint64_t cases = number_from("HV_NATIVE_COUNT", COUNT);
	unsigned total = encode_cases(mode), bad = 0;

	rnd.state = number_from("HV_NATIVE_SEED", 1);
	set_up();
	memset(&counts, 0, sizeof(counts));
	for (uint64_t n = 0; n < cases && bad < 5; n++) {
		struct encoding e;
		struct guest_cpu cpu = lab.cpu, before;
		bool whole;

		/* a step prime to the total: any number of cases is spread evenly */
		if (!prepare(&e, &cpu, mode, n * 7919 % total))
			continue;
		write_code(&e, &cpu);
		before = cpu;
		whole = e.string && random_one_in(&rnd, 2);
		*second_page() = whole || !random_one_in(&rnd, 4);
		if (!(whole ? compare_whole : compare)(&e, &cpu, mode)) {
			bad++;
			show_case("differs", &e, &before);
		}
	}
	printf("# %s: %u compared: %u carried out, %u #PF, %u #UD, %u other faults; "
	       "%u register forms, %u left to the processor\n", name, counts.compared, counts.done,
	       counts.page_faults, counts.invalid, counts.other_faults, counts.registers,
	       counts.left);
	fflush(stdout);
	ck_assert_uint_eq(bad, 0);
	ck_assert_uint_gt(counts.done, cases / 4);
}

START_TEST(instructions_of_64_bit_code_do_what_the_processor_does)
{
	native_gs(GS_BASE);
	run_mode(INSN_64, "64-bit");
}
END_TEST

START_TEST(instructions_of_32_bit_code_do_what_the_processor_does)
{
	run_mode(INSN_32, "32-bit");
}
END_TEST

START_TEST(instructions_of_16_bit_code_do_what_the_processor_does)
{
	run_mode(INSN_16, "16-bit");
}
END_TEST

static bool have_segments(void)
{
	for (unsigned i = 0; i < CODES + DATAS; i++) {
		if (!native_segment(i, &segments[i]))
			return false;
	}
	return true;
}

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_native");
	TCase *tc = unit_case(s, "hv_native");
	const char *why = "no local descriptor table here (modify_ldt)";

	tcase_set_timeout(tc, 3600);
	tcase_add_test(tc, instructions_of_64_bit_code_do_what_the_processor_does);
	if (have_segments()) {
		tcase_add_test(tc, instructions_of_32_bit_code_do_what_the_processor_does);
		tcase_add_test(tc, instructions_of_16_bit_code_do_what_the_processor_does);
	} else {
		unit_skip("instructions_of_32_bit_code_do_what_the_processor_does", why);
		unit_skip("instructions_of_16_bit_code_do_what_the_processor_does", why);
	}
	return s;
}
