/*
 * protect64.c - checks of page protection and of what the processor refuses
 */
#include "tests/endpoint/guest/check.h"
#include "tests/endpoint/guest/layout.h"
#include "tests/endpoint/guest/pci.h"
#include "tests/endpoint/guest/print.h"
#include "tests/endpoint/guest/trap.h"
#include "tests/endpoint/guest/x86.h"

#define PTE_P		1ull
#define PTE_W		2ull
#define PTE_U		4ull
#define PTE_NX		(1ull << 63)
#define PF_P		1
#define PF_W		2
#define PF_I		16
#define OPCODE_RET	0xc3
#define MSR_NOBODYS	0x12345

static volatile uint8_t *const page = (volatile uint8_t *)SCRATCH_ADDR;
static uint64_t *const table = (uint64_t *)(TABLES_ADDR + 0x6000);

/* The first page of the scratch area with these rights; its upper levels let user mode in. */
static void set_page(uint64_t rights)
{
	*(uint64_t *)TABLES_ADDR |= PTE_U;
	*(uint64_t *)(TABLES_ADDR + 0x1000) |= PTE_U;
	*(uint64_t *)(TABLES_ADDR + 0x2000 + 8 * (SCRATCH_ADDR >> 21)) |= PTE_U;
	table[0] = SCRATCH_ADDR | rights;
	invlpg((void *)page);
}

static void read_page(void *arg)
{
	(void)*page;
}

static void write_page(void *arg)
{
	*page = OPCODE_RET;
}

static void call_page(void *arg)
{
	((void (*)(void))SCRATCH_ADDR)();
}

static void read_page_with_ac(void *arg)
{
	__asm__ volatile("stac" ::: "cc");
	(void)*page;
	__asm__ volatile("clac" ::: "cc");
}

static bool refused(void (*f)(void *), unsigned long error)
{
	const struct trap *trap = try(f, NULL);

	return trap->taken && trap->vector == TRAP_PF && trap->error == error && trap->address == SCRATCH_ADDR;
}

static bool done(void (*f)(void *))
{
	return !try(f, NULL)->taken;
}

static const char *smep(void)
{
	set_page(PTE_P | PTE_W | PTE_U);
	*page = OPCODE_RET;
	write_cr4(read_cr4() & ~CR4_SMEP);
	if (!done(call_page))
		return "a user page cannot be called without SMEP";
	write_cr4(read_cr4() | CR4_SMEP);
	return refused(call_page, PF_P | PF_I) ? NULL : "a user page is executed with SMEP";
}

static const char *smap(void)
{
	set_page(PTE_P | PTE_W | PTE_U);
	write_cr4(read_cr4() & ~CR4_SMAP);
	if (!done(read_page))
		return "a user page cannot be read without SMAP";
	write_cr4(read_cr4() | CR4_SMAP);
	if (!refused(read_page, PF_P))
		return "a user page is read with SMAP";
	if (!refused(write_page, PF_P | PF_W))
		return "a user page is written with SMAP";
	return done(read_page_with_ac) ? NULL : "STAC does not help";
}

static const char *no_execute(void)
{
	set_page(PTE_P | PTE_W);
	*page = OPCODE_RET;
	if (!done(call_page))
		return "a page without NX cannot be called";
	set_page(PTE_P | PTE_W | PTE_NX);
	return refused(call_page, PF_P | PF_I) ? NULL : "a page with NX is executed";
}

static const char *write_protect(void)
{
	set_page(PTE_P);
	return refused(write_page, PF_P | PF_W) ? NULL : "a read-only page is written";
}

static const char *not_present(void)
{
	set_page(0);
	if (!refused(read_page, 0) || !refused(write_page, PF_W))
		return "another fault than #PF with its error code";
	set_page(PTE_P | PTE_W);
	return done(read_page) ? NULL : "the page does not come back";
}

static void read_nobodys_msr(void *arg)
{
	rdmsr(MSR_NOBODYS);
}

static void write_nobodys_msr(void *arg)
{
	wrmsr(MSR_NOBODYS, 0);
}

static void read_noncanonical(void *arg)
{
	(void)*(volatile uint8_t *)0x800000000000ul;
}

static bool protection_fault(void (*f)(void *))
{
	const struct trap *trap = try(f, NULL);

	return trap->taken && trap->vector == TRAP_GP && trap->error == 0;
}

/* QEMU's processor reads any MSR as zero: there only the hypervisor refuses. */
static const char *unknown_msr(void)
{
	if (!protection_fault(read_nobodys_msr))
		return "it is read";
	return protection_fault(write_nobodys_msr) ? NULL : "it is written";
}

static const char *noncanonical(void)
{
	return protection_fault(read_noncanonical) ? NULL : "no #GP";
}

#define CPUID7_PKU	(1 << 3)
#define CPUID7_OSPKE	(1 << 4)
#define CR4_PKE		(1 << 22)
#define KEY_1		(1ull << 59)
#define KEY_1_NO_ACCESS	(1u << 2)
#define KEY_1_NO_WRITE	(2u << 2)
#define PF_K		32

static const char *no_keys(void)
{
	if (!(cpuid(7, 0).ecx & CPUID7_PKU))
		return "the processor has no protection keys";
	return pci_bar(CLASS_ETHERNET, 0) ? NULL : "no e1000";
}

static void write_pkru(uint32_t value)
{
	__asm__ volatile("wrpkru" :: "a"(value), "c"(0), "d"(0) : "memory");
}

static void write_page_dword(void *arg)
{
	*(volatile uint32_t *)(SCRATCH_ADDR + E1000_STATUS) = 0;
}

static void read_page_dword(void *arg)
{
	(void)*(volatile uint32_t *)(SCRATCH_ADDR + E1000_STATUS);
}

static bool refused_status(void (*f)(void *), unsigned long error)
{
	const struct trap *trap = try(f, NULL);

	return trap->taken && trap->vector == TRAP_PF && trap->error == error && trap->address == SCRATCH_ADDR + E1000_STATUS;
}

/* A device's page as a user page with key 1: the keys hold whoever carries the instruction out. */
static const char *keys(void)
{
	unsigned long cr4 = read_cr4();
	const char *wrong = NULL;

	set_page(0);
	if (cpuid(7, 0).ecx & CPUID7_OSPKE)
		return "OSPKE is set without CR4.PKE";
	write_cr4((cr4 | CR4_PKE) & ~CR4_SMAP);
	if (!(cpuid(7, 0).ecx & CPUID7_OSPKE))
		wrong = "OSPKE does not follow CR4.PKE";
	table[0] = pci_bar(CLASS_ETHERNET, 0) | PTE_P | PTE_W | PTE_U | KEY_1;
	invlpg((void *)page);
	write_pkru(0);
	if (!done(read_page_dword) || !done(write_page_dword))
		wrong = "a fault though the key allows all";
	write_pkru(KEY_1_NO_WRITE);
	if (!done(read_page_dword) || !refused_status(write_page_dword, PF_P | PF_W | PF_K))
		wrong = "a key without writing";
	write_pkru(KEY_1_NO_ACCESS);
	if (!refused_status(read_page_dword, PF_P | PF_K) || !refused_status(write_page_dword, PF_P | PF_W | PF_K))
		wrong = "a key without access";
	write_pkru(0);
	write_cr4(cr4);
	set_page(PTE_P | PTE_W);
	return wrong;
}

/* The hypervisor's memory: hidden=FIRST-LENGTH. */
static bool hidden_range(uint64_t *first, uint64_t *length)
{
	const char *text = arg_value("hidden");

	if (!text)
		return false;
	*first = take_hex(&text);
	*length = take_hex(&text);
	return true;
}

static const char *no_hidden_range(void)
{
	uint64_t first, length;

	return hidden_range(&first, &length) ? NULL : "the test did not say where it is";
}

static void write_word(void *arg)
{
	*(volatile uint32_t *)arg = 0x51c3c3c3;
}

static void call_word(void *arg)
{
	((void (*)(void))arg)();
}

static const char *hidden_memory(void)
{
	uint64_t first, length;

	hidden_range(&first, &length);
	for (uint64_t at = first; at < first + length; at += 4096) {
		if (mmio_read(at) != 0xffffffff || mmio_read(at + 4092) != 0xffffffff)
			return "it does not read all ones";
		if (try(write_word, (void *)at)->taken)
			return "a write does not vanish";
		if (mmio_read(at) != 0xffffffff)
			return "a write shows";
	}
	return NULL;
}

static const char *hidden_code(void)
{
	uint64_t first, length;

	hidden_range(&first, &length);
	for (uint64_t at = first; at < first + length; at += length / 4)
		if (!try(call_word, (void *)at)->taken)
			return "it ran";
	return NULL;
}

const struct check protect_checks[] = {
	{"smep", 0, smep, NULL},
	{"smap", 0, smap, NULL},
	{"no-execute", 0, no_execute, NULL},
	{"write-protect", 0, write_protect, NULL},
	{"page-not-present", 0, not_present, NULL},
	{"noncanonical-address", 0, noncanonical, NULL},
	{"protection-keys-on-a-device-page", 0, keys, no_keys},
	{"unknown-msr", HV_ONLY, unknown_msr, NULL},
	{"hidden-memory-reads-ones", HV_ONLY, hidden_memory, no_hidden_range},
	{"hidden-memory-does-not-run", HV_ONLY, hidden_code, no_hidden_range},
};
const size_t protect_check_count = sizeof(protect_checks) / sizeof(protect_checks[0]);
