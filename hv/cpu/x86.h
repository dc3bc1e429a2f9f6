/*
 * x86.h - the instructions that C has no words for, and the registers by their manuals' names
 *
 * Control registers, EFER and MSRs: AMD APM volume 2 (24593), chapters 3, 4 and 15; appendix A.
 */
#ifndef HV_CPU_X86_H
#define HV_CPU_X86_H

#include <stdbool.h>
#include <stdint.h>

#include "devmodel/address.h"

#define PAGE_SIZE	4096u
#define PAGE_SHIFT	12
#define LARGE_PAGE	(UINT64_C(1) << 21)

/* What the machine calls physical; gpa_t is what the guest does. */
typedef struct { uint64_t a; } hpa_t;

enum {
	CR0_PE = 1u << 0, CR0_MP = 1u << 1, CR0_EM = 1u << 2, CR0_TS = 1u << 3, CR0_ET = 1u << 4,
	CR0_NE = 1u << 5, CR0_WP = 1u << 16, CR0_AM = 1u << 18, CR0_NW = 1u << 29, CR0_CD = 1u << 30, CR0_PG = 1u << 31,
};
enum {
	CR4_PSE = 1u << 4, CR4_PAE = 1u << 5, CR4_MCE = 1u << 6, CR4_PGE = 1u << 7, CR4_OSFXSR = 1u << 9,
	CR4_OSXMMEXCPT = 1u << 10, CR4_LA57 = 1u << 12, CR4_OSXSAVE = 1u << 18,
	CR4_SMEP = 1u << 20, CR4_SMAP = 1u << 21, CR4_PKE = 1u << 22,
};
enum { EFER_SCE = 1u << 0, EFER_LME = 1u << 8, EFER_LMA = 1u << 10, EFER_NXE = 1u << 11,
       EFER_SVME = 1u << 12 };
enum {
	RFLAGS_CF = 1u << 0, RFLAGS_FIXED = 1u << 1, RFLAGS_PF = 1u << 2, RFLAGS_AF = 1u << 4,
	RFLAGS_ZF = 1u << 6, RFLAGS_SF = 1u << 7, RFLAGS_TF = 1u << 8, RFLAGS_IF = 1u << 9,
	RFLAGS_DF = 1u << 10, RFLAGS_OF = 1u << 11, RFLAGS_RF = 1u << 16, RFLAGS_VM = 1u << 17,
	RFLAGS_AC = 1u << 18,
};

enum {
	MSR_TSC = 0x10, MSR_APIC_BASE = 0x1b, MSR_PAT = 0x277,
	MSR_EFER = 0xc0000080, MSR_GS_BASE = 0xc0000101,
	MSR_SYSCFG = 0xc0010010, MSR_HWCR = 0xc0010015,
	MSR_VM_CR = 0xc0010114, MSR_IGNNE = 0xc0010115, MSR_SMM_CTL = 0xc0010116,
	MSR_VM_HSAVE_PA = 0xc0010117, MSR_SVM_KEY = 0xc0010118,
};
enum { VM_CR_DPD = 1u << 0, VM_CR_R_INIT = 1u << 1, VM_CR_DIS_A20M = 1u << 2, VM_CR_LOCK = 1u << 3,
       VM_CR_SVMDIS = 1u << 4 };

enum { VECTOR_DB = 1, VECTOR_NMI = 2, VECTOR_UD = 6, VECTOR_DF = 8, VECTOR_SS = 12, VECTOR_GP = 13,
       VECTOR_PF = 14, VECTOR_AC = 17, VECTOR_MC = 18 };

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint16_t inw(uint16_t port)
{
	uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

/* False: none for now. */
static inline bool rdrand(uint64_t *v)
{
	bool ok;

	__asm__ volatile("rdrand %0" : "=r"(*v), "=@ccc"(ok));
	return ok;
}

/* Needs CR4.PKE. */
static inline uint32_t rdpkru(void)
{
	uint32_t v, high;

	__asm__ volatile("rdpkru" : "=a"(v), "=d"(high) : "c"(0));
	return v;
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r = { .eax = leaf, .ecx = subleaf };

	__asm__ volatile("cpuid" : "+a"(r.eax), "=b"(r.ebx), "+c"(r.ecx), "=d"(r.edx));
	return r;
}

/* Bits of a physical address. */
static inline unsigned physical_bits(void)
{
	return cpuid(0x80000000, 0).eax >= 0x80000008 ? cpuid(0x80000008, 0).eax & 0xff : 36;
}

#define CR_ACCESS(n) \
static inline uint64_t read_cr##n(void) \
{ \
	uint64_t v; \
\
	__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v)); \
	return v; \
} \
static inline void write_cr##n(uint64_t v) \
{ \
	__asm__ volatile("mov %0, %%cr" #n : : "r"(v) : "memory"); \
}
CR_ACCESS(0)
CR_ACCESS(2)
CR_ACCESS(3)
CR_ACCESS(4)
#undef CR_ACCESS

static inline void wbinvd(void)
{
	__asm__ volatile("wbinvd" : : : "memory");
}

static inline void invlpg(const void *at)
{
	__asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause");
}

static inline __attribute__((noreturn)) void halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

#endif
