/*
 * x86.h - single instructions, for both stages
 */
#ifndef ENDPOINT_GUEST_X86_H
#define ENDPOINT_GUEST_X86_H

#include <stddef.h>
#include <stdint.h>

#define MSR_APIC_BASE	0x1b
#define MSR_MCG_CAP	0x179
#define MSR_MTRRCAP	0xfe
#define MSR_MTRR_DEF_TYPE	0x2ff
#define MSR_PAT		0x277
#define MSR_EFER	0xc0000080
#define  EFER_LMA	(1 << 10)
#define  EFER_NXE	(1 << 11)
#define  EFER_SVME	(1 << 12)
#define MSR_SYSCFG	0xc0010010
#define MSR_TOP_MEM	0xc001001a
#define MSR_VM_CR	0xc0010114
#define  VM_CR_LOCK	(1 << 3)
#define  VM_CR_SVMDIS	(1 << 4)
#define MSR_VM_HSAVE_PA	0xc0010117

#define CR0_PG		(1ul << 31)
#define CR4_DE		(1 << 3)
#define CR4_PSE		(1 << 4)
#define CR4_PAE		(1 << 5)
#define CR4_MCE		(1 << 6)
#define CR4_OSXSAVE	(1 << 18)
#define CR4_SMEP	(1 << 20)
#define CR4_SMAP	(1 << 21)

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

struct table_register {
	uint16_t limit;
	unsigned long base;
} __attribute__((packed));

static inline struct cpuid cpuid(uint32_t leaf, uint32_t sub)
{
	struct cpuid r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(sub));
	return r;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" :: "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" :: "a"(value), "Nd"(port) : "memory");
}

static inline void outw(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" :: "a"(value), "Nd"(port) : "memory");
}

static inline uint16_t inw(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void outl(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" :: "a"(value), "Nd"(port) : "memory");
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

#define REGISTER(name)									\
static inline unsigned long read_##name(void)						\
{											\
	unsigned long value;								\
											\
	__asm__ volatile("mov %%" #name ", %0" : "=r"(value) :: "memory");		\
	return value;									\
}											\
static inline void write_##name(unsigned long value)					\
{											\
	__asm__ volatile("mov %0, %%" #name :: "r"(value) : "memory");			\
}
REGISTER(cr0)
REGISTER(cr2)
REGISTER(cr3)
REGISTER(cr4)
REGISTER(dr0)
REGISTER(dr1)
REGISTER(dr6)
REGISTER(dr7)

static inline void load_idt(const void *table, uint16_t limit)
{
	struct table_register r = {limit, (unsigned long)table};

	__asm__ volatile("lidt %0" :: "m"(r) : "memory");
}

static inline void invlpg(const void *address)
{
	__asm__ volatile("invlpg (%0)" :: "r"(address) : "memory");
}

static inline uint32_t mmio_read(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("movl (%1), %0" : "=r"(value) : "r"((unsigned long)address) : "memory");
	return value;
}

static inline void mmio_write(uint64_t address, uint32_t value)
{
	__asm__ volatile("movl %0, (%1)" :: "r"(value), "r"((unsigned long)address) : "memory");
}

static inline void halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* PCI by CF8/CFC; where: bus << 16 | device << 11 | function << 8 | register */
static inline uint32_t pci_read(uint32_t where)
{
	outl(0xcf8, 0x80000000 | where);
	return inl(0xcfc);
}

#endif
