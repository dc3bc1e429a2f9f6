/*
 * hv_plain_test.c - what a cluster carries out beside this processor, encoding by encoding
 *
 * Every instruction that insn_decode_plain() takes and guest_plain() does is single-stepped here too: built from a
 * list of opcodes, and from random bytes, of which the decoder must take none that it does not know.
 * HV_NATIVE_COUNT is the number of both, HV_NATIVE_SEED where they begin.
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

#define COUNT	300000

/* The guest's and our own addresses: below 2 GiB, for 32-bit displacements. */
#define CODE		0x20000000u
#define DATA		0x20010000u	/* RAM, a device, RAM that is read-only */
#define PAGES		3u
#define CODE_AT		0x800u

#define COMPARED	(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF | RFLAGS_DF | RFLAGS_AC)
#define GS_BASE		0x12345u

static struct lab lab;
static struct random rnd;
static uint8_t *const native_data = (uint8_t *)(uintptr_t)DATA;
static uint8_t *const native_code = (uint8_t *)(uintptr_t)CODE;
static uint64_t code_gpa, data_gpa;

struct code {
	uint8_t byte[32];
	unsigned length;
	unsigned displacement_at;	/* of 4 bytes behind RIP; 0: there is none */
	int base, index;		/* -1: none */
	unsigned scale;
	int64_t displacement;
	bool gs, memory;
};

static struct {
	unsigned done[512];		/* by opcode, those behind 0F from 256 on */
	unsigned ram, device, left, unknown;
} counts;

static void put(struct code *c, unsigned byte)
{
	c->byte[c->length++] = (uint8_t)byte;
}

static void put_value(struct code *c, int64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		put(c, (unsigned)(value >> 8 * i));
}

static uint8_t put_prefixes(struct code *c)
{
	static const uint8_t some[] = { 0x66, 0x66, 0x66, 0x67, 0x2e, 0x3e, 0x26, 0x36, 0x65, 0xf2, 0xf3, 0xf0 };
	uint8_t rex = 0x40 | (random_next(&rnd) & 15);

	for (unsigned n = random_one_in(&rnd, 3) ? random_next(&rnd) % 3 : 0; n; n--) {
		uint8_t p = some[random_next(&rnd) % sizeof(some)];

		c->gs |= p == 0x65;
		put(c, p);
	}
	if (random_one_in(&rnd, 3))
		return 0;
	put(c, rex);
	return rex;
}

static void put_modrm(struct code *c, uint8_t rex)
{
	unsigned modrm = random_next(&rnd) & 0xff, mod = modrm >> 6, base = modrm & 7;

	put(c, modrm);
	c->memory = mod != 3;
	if (!c->memory)
		return;
	if (base == 4) {
		unsigned sib = random_next(&rnd) & 0xff;

		put(c, sib);
		base = sib & 7;
		c->index = (int)((sib >> 3 & 7) | (rex & 2) << 2);
		c->index = c->index == RSP ? -1 : c->index;
		c->scale = sib >> 6;
		c->base = mod == 0 && base == 5 ? -1 : (int)(base | (rex & 1) << 3);
	} else if (mod == 0 && base == 5) {
		c->displacement_at = c->length;
		put_value(c, 0, 4);
		return;
	} else {
		c->base = (int)(base | (rex & 1) << 3);
	}
	if (mod == 0 && c->base >= 0)
		return;
	c->displacement = mod == 1 ? (int8_t)random_next(&rnd) : (int16_t)random_next(&rnd);
	put_value(c, c->displacement, mod == 1 ? 1 : 4);
}

/* What follows an opcode: m ModRM, b a byte, w a word or dword, W 8 bytes with REX.W, d a dword. */
static const struct { uint16_t first, last; const char *tail; } shapes[] = {
	{ 0x00, 0x03, "m" }, { 0x04, 0x04, "b" }, { 0x05, 0x05, "w" }, { 0x08, 0x0b, "m" }, { 0x0c, 0x0c, "b" },
	{ 0x0d, 0x0d, "w" }, { 0x10, 0x13, "m" }, { 0x18, 0x1b, "m" }, { 0x20, 0x23, "m" }, { 0x24, 0x24, "b" },
	{ 0x25, 0x25, "w" }, { 0x28, 0x2b, "m" }, { 0x2d, 0x2d, "w" }, { 0x30, 0x33, "m" }, { 0x35, 0x35, "w" },
	{ 0x38, 0x3b, "m" }, { 0x3c, 0x3c, "b" }, { 0x3d, 0x3d, "w" }, { 0x50, 0x5f, "" }, { 0x63, 0x63, "m" },
	{ 0x70, 0x7f, "b" }, { 0x80, 0x80, "mb" }, { 0x81, 0x81, "mw" }, { 0x83, 0x83, "mb" }, { 0x84, 0x85, "m" },
	{ 0x88, 0x8b, "m" }, { 0x8d, 0x8d, "m" }, { 0x90, 0x90, "" }, { 0xa8, 0xa8, "b" }, { 0xa9, 0xa9, "w" },
	{ 0xb0, 0xb7, "b" }, { 0xb8, 0xbf, "W" }, { 0xc1, 0xc1, "mb" }, { 0xd1, 0xd1, "m" }, { 0xd3, 0xd3, "m" }, { 0xc6, 0xc6, "mb" }, { 0xc7, 0xc7, "mw" }, { 0xe9, 0xe9, "d" },
	{ 0xeb, 0xeb, "b" }, { 0xf6, 0xf6, "mb" }, { 0xf7, 0xf7, "mw" }, { 0x11f, 0x11f, "m" }, { 0x180, 0x18f, "d" },
	{ 0x1b6, 0x1b7, "m" }, { 0x1be, 0x1bf, "m" },
};

#define SHAPES	(sizeof(shapes) / sizeof(shapes[0]))

/* Returns the opcode. */
static unsigned build(struct code *c)
{
	unsigned n = random_next(&rnd) % SHAPES;
	unsigned opcode = shapes[n].first + random_next(&rnd) % (shapes[n].last - shapes[n].first + 1u);
	uint8_t rex = put_prefixes(c);
	bool word = memchr(c->byte, 0x66, c->length) && !(rex & 8);

	if (opcode > 0xff)
		put(c, 0x0f);
	put(c, opcode);
	for (const char *t = shapes[n].tail; *t; t++) {
		switch (*t) {
		case 'm':
			put_modrm(c, rex);
			break;
		case 'b':
			put_value(c, (int64_t)random_next(&rnd), 1);
			break;
		case 'w':
			put_value(c, (int64_t)random_next(&rnd), word ? 2 : 4);
			break;
		case 'W':
			put_value(c, (int64_t)random_next(&rnd), rex & 8 ? 8 : word ? 2 : 4);
			break;
		case 'd':
			put_value(c, (int64_t)random_next(&rnd), 4);
		}
	}
	return opcode;
}

/* Registers, such that the operand is in one of the pages or just beside them. */
static void prepare(struct code *c, struct guest_cpu *cpu)
{
	uint64_t where = DATA + random_next(&rnd) % (PAGES * LAB_PAGE);

	if (!random_one_in(&rnd, 8))
		where &= ~UINT64_C(7);
	for (unsigned i = 0; i < GPRS; i++)
		cpu->gpr[i] = random_next(&rnd) >> (random_next(&rnd) & 63);
	cpu->gpr[RSP] = DATA + (random_next(&rnd) % (PAGES * LAB_PAGE) & ~UINT64_C(7));
	cpu->rflags = 2 | RFLAGS_IF | RFLAGS_TF | (random_next(&rnd) & (COMPARED & ~(RFLAGS_AC | RFLAGS_DF)));
	if (c->gs)
		where -= GS_BASE;
	if (c->displacement_at) {
		int32_t distance = (int32_t)(where - (cpu->rip + c->length));

		memcpy(c->byte + c->displacement_at, &distance, 4);
	}
	if (c->base >= 0 && c->base == c->index)
		cpu->gpr[c->base] = (where - (uint64_t)c->displacement) / (1 + (UINT64_C(1) << c->scale));
	else if (c->base >= 0)
		cpu->gpr[c->base] = where - (uint64_t)c->displacement - (c->index >= 0 ? cpu->gpr[c->index] << c->scale : 0);
}

/* AF is undefined behind these. */
static bool is_logic(const struct insn *insn)
{
	return insn->op == INSN_AND || insn->op == INSN_OR || insn->op == INSN_XOR || insn->op == INSN_TEST;
}

/* By more than one bit OF is undefined, by any AF; by none nothing changes. */
static uint64_t undefined_of_shift(const struct insn *insn, uint64_t rcx)
{
	uint64_t count = (insn->form == INSN_MEM_IMM ? insn->immediate : rcx) & (insn->size == 8 ? 63 : 31);

	return count == 0 ? 0 : count == 1 ? RFLAGS_AF : RFLAGS_AF | RFLAGS_OF;
}

static bool same(const struct guest_cpu *a, const struct guest_cpu *b, const struct insn *insn, uint64_t rcx)
{
	uint64_t undefined = insn->op >= INSN_SHL ? undefined_of_shift(insn, rcx) : is_logic(insn) ? RFLAGS_AF : 0;
	uint64_t mask = COMPARED & ~undefined;

	return !memcmp(a->gpr, b->gpr, sizeof(a->gpr)) && a->rip == b->rip && !((a->rflags ^ b->rflags) & mask) &&
	       !memcmp(lab.ram[data_gpa / LAB_PAGE], native_data, PAGES * LAB_PAGE);
}

static void show(const char *who, const struct guest_cpu *cpu)
{
	printf("# %s: rip %lx rflags %lx", who, cpu->rip, cpu->rflags);
	for (unsigned i = 0; i < GPRS; i++)
		printf(" %lx", cpu->gpr[i]);
	printf("\n");
}

/* One instruction by both.  False: they differ, or it was left and not untouched. */
static bool compare(const struct code *c, unsigned opcode, struct guest_cpu *cpu)
{
	struct guest_cpu native = *cpu, before = *cpu;
	unsigned length = c->length < INSN_BYTES_MAX ? c->length : INSN_BYTES_MAX;
	struct native_fault fault = { 0 };
	struct plain_done done;
	struct insn insn;

	if (insn_decode_plain(c->byte, length, &insn)) {
		counts.unknown++;
		return true;
	}
	memcpy(native_code + CODE_AT, c->byte, length);
	if (!guest_plain(cpu, &lab.bus, &insn, &done)) {
		counts.left++;
		return !memcmp(cpu, &before, sizeof(before));
	}
	native_run(&native, &fault);
	if (fault.vector == VECTOR_DB && same(cpu, &native, &insn, before.gpr[RCX])) {
		counts.done[opcode]++;
		counts.device += done.device;
		counts.ram += done.wrote;
		return true;
	}
	printf("#");
	for (unsigned i = 0; i < length; i++)
		printf(" %02x", c->byte[i]);
	printf("  vector %u error %lx cr2 %lx\n", fault.vector, fault.error, fault.cr2);
	show("before", &before);
	show("ours", cpu);
	show("processor", &native);
	return false;
}

static void set_up(void)
{
	static bool ours;		/* from the test before, in the same process */
	const int how = MAP_PRIVATE | MAP_ANONYMOUS | (ours ? MAP_FIXED : MAP_FIXED_NOREPLACE);

	ck_assert_ptr_eq(mmap(native_code, LAB_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, how, -1, 0), native_code);
	ck_assert_ptr_eq(mmap(native_data, PAGES * LAB_PAGE, PROT_READ | PROT_WRITE, how, -1, 0), native_data);
	ours = true;
	memset(&counts, 0, sizeof(counts));
	lab_init(&lab);
	lab_64(&lab);
	code_gpa = lab_page(&lab);
	data_gpa = lab_page(&lab);
	lab_page(&lab);
	lab_page(&lab);
	lab_map(&lab, CODE, code_gpa, LAB_P | LAB_U);
	for (unsigned i = 0; i < PAGES; i++)
		lab_map(&lab, DATA + i * LAB_PAGE, data_gpa + i * LAB_PAGE, LAB_P | LAB_U | LAB_NX | (i < 2 ? LAB_W : 0));
	lab.device[data_gpa / LAB_PAGE + 1] = true;
	for (unsigned i = 0; i < PAGES * LAB_PAGE; i++)
		native_data[i] = (uint8_t)random_next(&rnd);
	memcpy(lab.ram[data_gpa / LAB_PAGE], native_data, PAGES * LAB_PAGE);
	ck_assert_int_eq(mprotect(native_data + 2 * LAB_PAGE, LAB_PAGE, PROT_READ), 0);
	native_gs(GS_BASE);
	native_selectors(&lab.cpu);
	lab.cpu.cpl = 3;
	lab.cpu.seg[SEG_CS].attributes = 0xfb | SEGMENT_LONG;
	lab.cpu.seg[SEG_GS].base = GS_BASE;
	lab.cpu.seg[SEG_FS].base = native_fs();
	lab.cpu.rip = CODE + CODE_AT;
}

static uint64_t number_from(const char *name, uint64_t without)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : without;
}

START_TEST(plain_instructions_do_what_the_processor_does)
{
	uint64_t cases = number_from("HV_NATIVE_COUNT", COUNT);
	unsigned bad = 0;

	rnd.state = number_from("HV_NATIVE_SEED", 1);
	set_up();
	for (uint64_t n = 0; n < cases && bad < 5; n++) {
		struct code c = { .base = -1, .index = -1 };
		struct guest_cpu cpu = lab.cpu;
		unsigned opcode = build(&c);

		prepare(&c, &cpu);
		bad += !compare(&c, opcode, &cpu);
	}
	printf("# of %lu: %u left, %u not taken, %u wrote RAM, %u used the device\n", cases, counts.left, counts.unknown,
	       counts.ram, counts.device);
	ck_assert_uint_eq(bad, 0);
	/* none of the list is there in vain */
	for (unsigned i = 0; i < SHAPES; i++) {
		for (unsigned opcode = shapes[i].first; opcode <= shapes[i].last; opcode++)
			ck_assert_msg(counts.done[opcode] >= cases / SHAPES / 200, "opcode %x: %u", opcode, counts.done[opcode]);
	}
	ck_assert_uint_gt(counts.ram, cases / 50);
	ck_assert_uint_gt(counts.device, cases / 50);
}
END_TEST

START_TEST(of_random_bytes_none_is_taken_for_something_else)
{
	uint64_t cases = number_from("HV_NATIVE_COUNT", COUNT);
	unsigned bad = 0;

	rnd.state = number_from("HV_NATIVE_SEED", 2);
	set_up();
	for (uint64_t n = 0; n < cases && bad < 5; n++) {
		struct code c = { .base = -1, .index = -1, .length = INSN_BYTES_MAX };
		struct guest_cpu cpu = lab.cpu;

		for (unsigned i = 0; i < INSN_BYTES_MAX; i++)
			c.byte[i] = (uint8_t)random_next(&rnd);
		if (memchr(c.byte, 0x64, 4))	/* the C library's */
			continue;
		prepare(&c, &cpu);
		for (unsigned i = 0; i < GPRS; i++)
			cpu.gpr[i] = random_one_in(&rnd, 2) ? DATA + random_next(&rnd) % (PAGES * LAB_PAGE) : cpu.gpr[i];
		bad += !compare(&c, 0, &cpu);
	}
	ck_assert_uint_eq(bad, 0);
	ck_assert_uint_gt(counts.done[0], cases / 100);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_plain");
	TCase *c = unit_case(s, "plain");

	tcase_set_timeout(c, 3600);
	tcase_add_test(c, plain_instructions_do_what_the_processor_does);
	tcase_add_test(c, of_random_bytes_none_is_taken_for_something_else);
	return s;
}
