/*
 * state64.c - checks that state the processor keeps outlives exits: vector registers, XCR0, SMI
 */
#include "tests/endpoint/guest/check.h"
#include "tests/endpoint/guest/exits.h"
#include "tests/endpoint/guest/trap.h"

#define CPUID1_XSAVE	(1u << 26)
#define CPUID1_OSXSAVE	(1u << 27)
#define CPUID1_AVX	(1u << 28)
#define XCR0_X87_SSE	3
#define XCR0_ALL	7
#define CR0_TS		8

static const char *no_avx(void)
{
	uint32_t need = CPUID1_XSAVE | CPUID1_AVX;

	return (cpuid(1, 0).ecx & need) == need ? NULL : "the processor has no AVX";
}

static uint64_t read_xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

static void write_xcr0(uint64_t value)
{
	__asm__ volatile("xsetbv" :: "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(0));
}

static void try_xcr0(void *arg)
{
	write_xcr0((uintptr_t)arg);
}

static void use_avx(void *arg)
{
	__asm__ volatile("vpxor %xmm0, %xmm0, %xmm0");
}

static void avx_on(void)
{
	write_cr4(read_cr4() | CR4_OSXSAVE);
	write_xcr0(XCR0_ALL);
}

static uint8_t before[16][32], after[16][32];

#define EACH_YMM(macro) macro(0) macro(1) macro(2) macro(3) macro(4) macro(5) macro(6) macro(7) \
	macro(8) macro(9) macro(10) macro(11) macro(12) macro(13) macro(14) macro(15)
#define LOAD(n) __asm__ volatile("vmovdqu %0, %%ymm" #n :: "m"(before[n]));
#define STORE(n) __asm__ volatile("vmovdqu %%ymm" #n ", %0" : "=m"(after[n]));

static const char *avx_registers(void)
{
	avx_on();
	for (unsigned i = 0; i < sizeof(before); i++)
		before[i / 32][i % 32] = i * 37 + i / 32;
	EACH_YMM(LOAD)
	cause_exits();
	EACH_YMM(STORE)
	for (unsigned i = 0; i < sizeof(before); i++)
		if (after[i / 32][i % 32] != before[i / 32][i % 32])
			return i % 32 < 16 ? "the lower half of a register is lost" : "the upper half of a register is lost";
	return NULL;
}

static const char *xcr0(void)
{
	avx_on();
	cause_exits();
	if (read_xcr0() != XCR0_ALL)
		return "it is not kept";
	const struct trap *trap = try(try_xcr0, (void *)0ul);

	if (!trap->taken || trap->vector != TRAP_GP)
		return "x87 can be turned off";
	trap = try(try_xcr0, (void *)5ul);
	if (!trap->taken || trap->vector != TRAP_GP)
		return "AVX without SSE is taken";
	return read_xcr0() == XCR0_ALL ? NULL : "what was refused stays";
}

/* CPUID's answers that follow the guest's own registers. */
static const char *cpuid_follows(void)
{
	uint32_t small, large;

	avx_on();
	if (!(cpuid(1, 0).ecx & CPUID1_OSXSAVE))
		return "OSXSAVE is clear while CR4 has it";
	large = cpuid(0xd, 0).ebx;
	write_xcr0(XCR0_X87_SSE);
	small = cpuid(0xd, 0).ebx;
	write_xcr0(XCR0_ALL);
	write_cr4(read_cr4() & ~CR4_OSXSAVE);
	if (cpuid(1, 0).ecx & CPUID1_OSXSAVE)
		return "OSXSAVE is set while CR4 has not";
	if (small != 512 + 64)
		return "leaf 0Dh: another size than 576 for x87 and SSE";
	return large == 512 + 64 + 256 ? NULL : "leaf 0Dh: another size than 832 with AVX";
}

static const char *task_switched(void)
{
	const struct trap *trap;

	avx_on();
	write_cr0(read_cr0() | CR0_TS);
	cause_exits();
	trap = try(use_avx, NULL);
	write_cr0(read_cr0() & ~CR0_TS);
	if (!trap->taken || trap->vector != TRAP_NM)
		return "no #NM";
	return try(use_avx, NULL)->taken ? "a fault without CR0.TS" : NULL;
}

static const char *smi(void)
{
	unsigned long ax = 0x5a5a00005a5a0000 | SMI_NOTHING, bx = 0xb0b1b2b3b4b5b6b7, cx = 0xc0c1c2c3c4c5c6c7;
	unsigned long dx = PORT_SMI, si = 0x5051525354555657, di = 0xd0d1d2d3d4d5d6d7;
	unsigned long cr4 = read_cr4(), dr0 = 0x123456789abcull;
	uint64_t efer = rdmsr(MSR_EFER);

	write_dr0(dr0);
	for (unsigned i = 0; i < 3; i++) {
		__asm__ volatile("outb %%al, %%dx; nop; nop"
				 : "+a"(ax), "+b"(bx), "+c"(cx), "+d"(dx), "+S"(si), "+D"(di) :: "memory");
		if (ax != (0x5a5a00005a5a0000 | SMI_NOTHING) || bx != 0xb0b1b2b3b4b5b6b7 || cx != 0xc0c1c2c3c4c5c6c7
		    || dx != PORT_SMI || si != 0x5051525354555657 || di != 0xd0d1d2d3d4d5d6d7)
			return "a register is lost";
		cause_exits();
	}
	if (read_cr4() != cr4 || rdmsr(MSR_EFER) != efer)
		return "CR4 or EFER is another";
	return read_dr0() == dr0 ? NULL : "DR0 is another";
}

const struct check state_checks[] = {
	{"avx-registers-outlive-exits", 0, avx_registers, no_avx},
	{"xcr0", 0, xcr0, no_avx},
	{"cpuid-follows-cr4-and-xcr0", 0, cpuid_follows, no_avx},
	{"cr0-ts-traps-avx", 0, task_switched, no_avx},
	{"smi-comes-back", 0, smi, NULL},
};
const size_t state_check_count = sizeof(state_checks) / sizeof(state_checks[0]);
