/*
 * log64.c - what a test of counters and log wants done: so many times, nothing else, or a flood of it
 *
 * with=log-count and with=log-flood; log_test.py has the same numbers.  `alone=log` leaves out all other checks, so
 * that numbers are exact.
 */
#include "tests/endpoint/guest/check.h"
#include "tests/endpoint/guest/pci.h"
#include "tests/endpoint/guest/print.h"
#include "tests/endpoint/guest/trap.h"

#define AHCI_CAP	0x00
#define E1000_LEDCTL	0xe00
#define MSR_TSC		0x10
#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc
#define HIDDEN_FUNCTION	0x80004000u	/* 00:08.0, where the test puts a card without a model */
#define FW_CFG_DMA	0x514
#define COM2		0x2f8

static void refused_read(void *arg)
{
	rdmsr(MSR_VM_HSAVE_PA);
}

static void refused_write(void *arg)
{
	wrmsr(MSR_VM_HSAVE_PA, 0);
}

static void refused_instruction(void *arg)
{
	uint32_t one = 0;

	__asm__ volatile("lock xaddl %0, (%1)" : "+r"(one) : "r"(arg) : "memory");
}

static void hypercall(void *arg)
{
	__asm__ volatile("vmmcall" :: "a"(0ul));
}

static void hidden_write(void)
{
	outl(CONFIG_ADDRESS, HIDDEN_FUNCTION | 0x10);
	outl(CONFIG_DATA, 0);
}

static const char *count(void)
{
	uint32_t ahci = pci_bar(CLASS_AHCI, 5), e1000 = pci_bar(CLASS_ETHERNET, 0);
	const char *text = arg_value("hidden");
	uint64_t own = text ? take_hex(&text) : 0;
	unsigned traps = 0;

	for (unsigned i = 0; i < 1000; i++)
		mmio_read(ahci + AHCI_CAP);
	for (unsigned i = 0; i < 7; i++)
		mmio_write(e1000 + E1000_LEDCTL, 0);
	for (unsigned i = 0; i < 100; i++)
		traps += try(refused_read, NULL)->taken;
	for (unsigned i = 0; i < 5; i++)
		traps += try(refused_write, NULL)->taken;
	for (unsigned i = 0; i < 3; i++)
		traps += try(hypercall, NULL)->taken;
	for (unsigned i = 0; i < 9; i++)
		traps += try(refused_instruction, (void *)(unsigned long)(ahci + AHCI_CAP))->taken;
	for (unsigned i = 0; i < 50; i++)
		pci_read(0x1f << 11 | 2 << 8 | 0x40);
	for (unsigned i = 0; i < 11; i++)
		hidden_write();
	for (unsigned i = 0; i < 6; i++)
		inl(FW_CFG_DMA);
	for (unsigned i = 0; i < 40; i++)
		outb(COM2, 'x');
	for (unsigned i = 0; i < 20 && own; i++)
		mmio_read(own);
	for (unsigned i = 0; i < 10 && own; i++)
		mmio_write(own, 0);
	return traps == 100 + 5 + 3 + 9 ? NULL : "not everything was refused";
}

/* The counter goes on from what was written; a hypervisor's clock must not. */
static const char *tsc(void)
{
	uint64_t far = rdtsc() + (UINT64_C(1) << 50);

	wrmsr(MSR_TSC, far);
	if (rdtsc() - far > UINT64_C(1) << 40)
		return "it does not go on from a value ahead";
	wrmsr(MSR_TSC, 0);
	return rdtsc() < UINT64_C(1) << 40 ? NULL : "it does not go on from zero";
}

static const char *flood(void)
{
	unsigned long ahci = pci_bar(CLASS_AHCI, 5);
	unsigned traps = 0;

	for (unsigned i = 0; i < 100000; i++)
		traps += try(refused_read, NULL)->taken;
	for (unsigned i = 0; i < 10000; i++)
		traps += try(refused_instruction, (void *)ahci)->taken;
	for (unsigned i = 0; i < 10000; i++)
		hidden_write();
	traps += try(hypercall, NULL)->taken;	/* said behind all that */
	return traps == 110001 ? NULL : "not everything was refused";
}

const struct check log_checks[] = {
	{"log-count", ASKED, count, NULL},
	{"log-flood", ASKED, flood, NULL},
	{"tsc-is-the-guests", HV_ONLY, tsc, NULL},
};
const size_t log_check_count = sizeof(log_checks) / sizeof(log_checks[0]);
