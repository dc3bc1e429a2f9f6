/*
 * main64.c - the bare guest in long mode: values for the log, checks, and how it ends
 */
#include "tests/endpoint/guest/acpi.h"
#include "tests/endpoint/guest/check.h"
#include "tests/endpoint/guest/print.h"
#include "tests/endpoint/guest/reset.h"
#include "tests/endpoint/guest/trap.h"
#include "tests/endpoint/guest/x86.h"

void main64(void);

static void read_msr(void *arg)
{
	uint64_t *value = arg;

	*value = rdmsr((uint32_t)*value);
}

static void say_msr(const char *name, uint32_t msr)
{
	uint64_t value = msr;
	const struct trap *trap = try(read_msr, &value);

	if (trap->taken)
		say("VALUE msr-%s exception=%u\n", name, trap->vector);
	else
		say("VALUE msr-%s=%llx\n", name, (unsigned long long)value);
}

/* Memory types: what the firmware has set up is what the guest must find. */
static void say_mtrrs(void)
{
	static const uint32_t fixed[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f};
	uint32_t variable = rdmsr(MSR_MTRRCAP) & 0xff;

	for (uint32_t i = 0; i < 2 * variable && i < 16; i++)
		say("VALUE mtrr-%x=%llx\n", 0x200 + i, (unsigned long long)rdmsr(0x200 + i));
	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		say("VALUE mtrr-%x=%llx\n", fixed[i], (unsigned long long)rdmsr(fixed[i]));
	say("VALUE mtrr-def-type=%llx\n", (unsigned long long)rdmsr(MSR_MTRR_DEF_TYPE));
}

static void say_values(void)
{
	static const uint32_t leaves[] = {0, 1, 7, 0xd, 0x40000000, 0x80000001, 0x80000008, 0x8000000a, 0x8000001f};

	for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		struct cpuid r = cpuid(leaves[i], 0);

		say("VALUE cpuid-%x=%x,%x,%x,%x\n", leaves[i], r.eax, r.ebx, r.ecx, r.edx);
	}
	say("VALUE cr0=%lx cr4=%lx\n", read_cr0(), read_cr4());
	say_msr("efer", MSR_EFER);
	say_msr("apic-base", MSR_APIC_BASE);
	say_msr("vm-cr", MSR_VM_CR);
	say_msr("vm-hsave-pa", MSR_VM_HSAVE_PA);
	say_msr("syscfg", MSR_SYSCFG);
	say_msr("top-mem", MSR_TOP_MEM);
	say_msr("mcg-cap", MSR_MCG_CAP);
	say_msr("mtrrcap", MSR_MTRRCAP);
	say_msr("pat", MSR_PAT);
	say_mtrrs();
}

static void finish(void)
{
	totals_say();
	reset_as_told();
	say("GUEST-END\n");
	halt_forever();
}

void main64(void)
{
	trap_start();
	if (arg_is("alone", "log")) {
		run_checks(log_checks, log_check_count);
		finish();
	}
	if (arg_is("alone", "price")) {
		run_checks(price_checks, price_check_count);
		finish();
	}
	say_values();
	acpi_say_tables();
	run_checks(timer_checks, timer_check_count);
	run_checks(protect_checks, protect_check_count);
	run_checks(state_checks, state_check_count);
	run_checks(debug_checks, debug_check_count);
	run_checks(nmi_checks, nmi_check_count);
	run_checks(svm_checks, svm_check_count);
	run_checks(pci_checks, pci_check_count);
	run_checks(smp_checks, smp_check_count);
	finish();
}
