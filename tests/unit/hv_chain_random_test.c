/*
 * hv_chain_random_test.c - chains of random instructions beside the instructions one by one
 */
#include <string.h>

#include "hv/guest/emulate.h"
#include "hv/guest/seen.h"
#include "tests/unit/chain_lab.h"
#include "tests/unit/unit.h"

#define AT	(DEVICE + 0x40)

static struct guest_cpu *const cpu = &lab.cpu;

static uint32_t dice(uint32_t n)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % n;
}

/* None of RBX, RSI and RSP. */
static unsigned any_register(void)
{
	static const uint8_t free_ones[] = { RAX, RCX, RDX, RBP, RDI };

	return free_ones[dice(sizeof(free_ones))];
}

static uint8_t *put(uint8_t *p, const char *bytes, unsigned count)
{
	memcpy(p, bytes, count);
	return p + count;
}

/* Of registers, or with a displacement of 8 bits from @base. */
static uint8_t *modrm(uint8_t *p, unsigned mod, unsigned reg, unsigned rm)
{
	*p++ = (uint8_t)(mod << 6 | reg << 3 | rm);
	if (mod == 1)
		*p++ = (uint8_t)(8 * dice(12));
	return p;
}

static uint8_t *random_insn(uint8_t *p)
{
	static const uint8_t alu_rows[] = { 0x01, 0x03, 0x09, 0x0b, 0x11, 0x19, 0x21, 0x29, 0x31, 0x33, 0x39, 0x3b, 0x85 };
	static const uint8_t shifts[] = { 4, 5, 7 };
	bool wide = dice(2);

	switch (dice(15)) {
	case 0:
		*p++ = (uint8_t)(0xb8 + any_register());
		return put(p, "\x84\x11\x22\x93", 4);
	case 1: case 2:
		if (wide)
			*p++ = 0x48;
		*p++ = alu_rows[dice(sizeof(alu_rows))];
		return modrm(p, 3, any_register(), any_register());
	case 3:
		if (wide)
			*p++ = 0x48;
		*p++ = 0x83;
		p = modrm(p, 3, dice(8), any_register());
		*p++ = (uint8_t)dice(256);
		return p;
	case 4:
		*p++ = 0x80;					/* cmpb $imm, disp(%rsi) */
		p = modrm(p, 1, 7, RSI);
		*p++ = (uint8_t)dice(256);
		return p;
	case 5:
		if (wide)
			*p++ = 0x48;
		*p++ = 0x8b;
		return modrm(p, 1, any_register(), RSI);
	case 6:
		if (wide)
			*p++ = 0x48;
		p = put(p, dice(2) ? "\x0f\xb6" : "\x0f\xbf", 2);	/* movzb, movsw */
		return modrm(p, 1, any_register(), RSI);
	case 7:
		p = put(p, "\x48\x63", 2);
		return dice(2) ? modrm(p, 1, any_register(), RSI) : modrm(p, 3, any_register(), any_register());
	case 8:
		if (wide)
			*p++ = 0x48;
		*p++ = (uint8_t)(8 * dice(8) + 3);		/* op disp(%rsi), reg */
		return modrm(p, 1, any_register(), RSI);
	case 9:
		if (wide)
			*p++ = 0x48;
		return modrm(put(p, dice(2) ? "\x85" : "\x39", 1), 1, any_register(), RSI);
	case 10:
		if (wide)
			*p++ = 0x48;
		*p++ = 0x8d;					/* lea disp(%rbp,%rcx,2) */
		*p++ = (uint8_t)(0x44 | any_register() << 3);
		return put(p, "\x4d\x11", 2);
	case 11:
		if (wide)
			*p++ = 0x48;
		*p++ = dice(2) ? 0xc1 : 0xd3;
		p = modrm(p, 3, shifts[dice(3)], any_register());
		if (p[-2] == 0xc1)
			*p++ = (uint8_t)dice(70);
		return p;
	case 12:
		*p++ = (uint8_t)(0x50 + any_register());
		return p;
	case 13:
		*p++ = (uint8_t)(0x70 + dice(16));		/* over a MOV */
		*p++ = 5;
		return put(p, "\xba\x01\x02\x03\x04", 5);
	default:
		if (wide)
			*p++ = 0x48;
		if (dice(3) == 0) {				/* movl, of 8 bytes sign-extended */
			*p++ = 0xc7;
			p = modrm(p, 1, 0, RBX);
			return put(p, "\x01\x02\x03\xf4", 4);
		}
		*p++ = dice(2) ? 0x89 : 0x8b;
		return modrm(p, 1, any_register(), RBX);
	}
}

static void random_registers(void)
{
	for (unsigned r = 0; r < GPRS; r++) {
		if (r != RBX && r != RSI && r != RSP)
			cpu->gpr[r] = (uint64_t)dice(UINT32_MAX) << (dice(3) * 16) ^ dice(UINT32_MAX);
	}
	cpu->rflags = RFLAGS_FIXED | (dice(2) ? RFLAGS_CF : 0) | (dice(2) ? RFLAGS_ZF : 0) | (dice(2) ? RFLAGS_OF : 0);
}

static bool is_as(const struct lab *a, const struct lab *b)
{
	return !memcmp(a->cpu.gpr, b->cpu.gpr, sizeof(a->cpu.gpr)) && a->cpu.rip == b->cpu.rip &&
	       a->cpu.rflags == b->cpu.rflags && a->reads == b->reads && a->writes == b->writes &&
	       !memcmp(a->ram, b->ram, sizeof(a->ram)) && !memcmp(a->log, b->log, sizeof(a->log));
}

/* From @start, one by one: is it ever as @end is? */
static bool comes_by(const struct lab *end, uint64_t gpa, bool write)
{
	struct emulation e = { 0 };
	struct fetch f = { .count = 0 };
	struct guest_fault fault;
	struct plain_done done;
	struct insn insn;

	walks_begin(&walks);
	cpu->found = true;
	cpu->found_at.a = gpa;
	cpu->found_write = write;
	ck_assert_int_eq(guest_emulate(cpu, &lab.bus, &e), GUEST_OK);
	cpu->found = false;
	for (unsigned i = 0; i <= CLUSTER_INSNS; i++) {
		if (is_as(&lab, end))
			return true;
		f.count = 0;
		if (guest_fetch(cpu, &lab.bus, &f, &insn, &fault) == GUEST_FAULT ||
		    insn_decode_plain(f.byte, f.count < INSN_BYTES_MAX ? f.count : INSN_BYTES_MAX, &insn) ||
		    !guest_plain(cpu, &lab.bus, &insn, &done))
			return false;
	}
	return false;
}

/* As they are after the first use. */
static void mark_tables(void)
{
	for (unsigned page = CODE; page < RAM + 2 * LAB_PAGE; page += LAB_PAGE) {
		for (unsigned level = 0; level < 4; level++)
			*lab_entry(&lab, page, level) |= 0x60;
	}
}

START_TEST(random_ways_beside_the_instructions_one_by_one)
{
	static struct lab before, after;
	unsigned known = 0, further = 0;

	for (unsigned n = 0; n < 1500; n++) {
		uint8_t code[CHAIN_BYTES + 32], *p = code;
		bool write = dice(4) == 0;
		unsigned reached = 0;

		begin();
		p = modrm(put(p, write ? "\x89" : "\x8b", 1), 1, RAX, RBX);
		p[-1] = 0x40;
		for (unsigned i = dice(10) + 1; i > 0; i--)
			p = random_insn(p);
		p = modrm(put(p, "\x89", 1), 1, RDX, RBX);
		p = put(p, "\x0f\xa2", 2);	/* CPUID: none of a cluster's */
		memcpy(at(cpu->rip), code, (size_t)(p - code));
		random_registers();
		mark_tables();
		before = lab;
		for (unsigned i = 0; i < 2; i++) {	/* what is known of a walk is known from the second on */
			lab = before;
			reached = slow(AT, write);
		}
		if (!reached)
			continue;
		for (unsigned i = 0; i < 4; i++) {
			int more;

			lab = before;
			lab.reads = lab.writes = 0;
			memset(lab.log, 0, sizeof(lab.log));
			if (i)
				random_registers();
			after = lab;
			more = quick(AT, write);
			if (more < 0)
				break;
			known++;
			further += (unsigned)more;
			{
				static struct lab end;

				end = lab;
				lab = after;
				ck_assert_msg(comes_by(&end, AT, write), "program %u, run %u", n, i);
			}
		}
	}
	ck_assert_uint_gt(known, 2000);
	ck_assert_uint_gt(further, known);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("hv_chain_random");
	TCase *c = unit_case(s, "random");

	tcase_add_test(c, random_ways_beside_the_instructions_one_by_one);
	return s;
}
