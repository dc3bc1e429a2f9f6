/*
 * svm64.c - checks that SVM is not there: its instructions, CPUID, EFER and its registers
 */
#include "tests/endpoint/guest/acpi.h"
#include "tests/endpoint/guest/check.h"
#include "tests/endpoint/guest/trap.h"
#include "tests/endpoint/guest/x86.h"

#define CPUID_SVM	(1u << 2)	/* 80000001h, ECX */
#define LEAF_SVM	0x8000000a

#define INSTRUCTION(name)								\
static void do_##name(void *arg)							\
{											\
	__asm__ volatile(#name :: "a"(0x200000ul), "c"(0ul) : "memory");		\
}											\
static const char *check_##name(void)							\
{											\
	const struct trap *trap = try(do_##name, NULL);				\
											\
	return trap->taken && trap->vector == TRAP_UD ? NULL : "no #UD";		\
}
INSTRUCTION(vmrun)
INSTRUCTION(vmmcall)
INSTRUCTION(vmload)
INSTRUCTION(vmsave)
INSTRUCTION(stgi)
INSTRUCTION(clgi)
INSTRUCTION(invlpga)

static const char *hidden_in_cpuid(void)
{
	struct cpuid leaf = cpuid(LEAF_SVM, 0);

	if (cpuid(0x80000001, 0).ecx & CPUID_SVM)
		return "80000001h has the bit";
	return leaf.eax | leaf.ebx | leaf.ecx | leaf.edx ? "8000000Ah is not zero" : NULL;
}

static void set_svme(void *arg)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
}

static const char *svme_refused(void)
{
	const struct trap *trap;

	if (rdmsr(MSR_EFER) & EFER_SVME)
		return "it reads as set";
	trap = try(set_svme, NULL);
	if (!trap->taken || trap->vector != TRAP_GP)
		return "no #GP when it is set";
	return rdmsr(MSR_EFER) & EFER_SVME ? "it reads as set behind a #GP" : NULL;
}

/* What the guest may change of EFER, it changes. */
static const char *efer_kept(void)
{
	uint64_t was = rdmsr(MSR_EFER);
	uint64_t now;

	wrmsr(MSR_EFER, was ^ 1);	/* SCE */
	now = rdmsr(MSR_EFER);
	wrmsr(MSR_EFER, was);
	return now == (was ^ 1) ? NULL : "SCE does not change alone";
}

static void touch_hsave(void *arg)
{
	wrmsr(MSR_VM_HSAVE_PA, 0x200000);
}

static const char *hsave_refused(void)
{
	const struct trap *trap = try(touch_hsave, NULL);

	return trap->taken && trap->vector == TRAP_GP ? NULL : "no #GP when it is written";
}

static const char *vm_cr_locked(void)
{
	uint64_t value = rdmsr(MSR_VM_CR);

	return (value & (VM_CR_LOCK | VM_CR_SVMDIS)) == (VM_CR_LOCK | VM_CR_SVMDIS) ? NULL : "SVMDIS and LOCK are not set";
}

static const char *no_iommu_tables(void)
{
	if (acpi_table("IVRS"))
		return "there is an IVRS";
	return acpi_table("DMAR") ? "there is a DMAR" : NULL;
}

/* INVD forgets what is in caches; a hypervisor may make it write that back. */
static const char *invd(void)
{
	static volatile uint32_t word;

	for (uint32_t n = 1; n <= 3; n++) {
		word = n;
		__asm__ volatile("wbinvd\ninvd" ::: "memory");
		if (word != n)
			return "a word is lost";
	}
	return NULL;
}

const struct check svm_checks[] = {
	{"vmrun-is-undefined", 0, check_vmrun, NULL},
	{"vmmcall-is-undefined", 0, check_vmmcall, NULL},
	{"vmload-is-undefined", 0, check_vmload, NULL},
	{"vmsave-is-undefined", 0, check_vmsave, NULL},
	{"stgi-is-undefined", 0, check_stgi, NULL},
	{"clgi-is-undefined", 0, check_clgi, NULL},
	{"invlpga-is-undefined", 0, check_invlpga, NULL},
	{"invd-loses-nothing", 0, invd, NULL},
	{"efer-sce-changes", 0, efer_kept, NULL},
	{"svm-hidden-in-cpuid", HV_ONLY, hidden_in_cpuid, NULL},
	{"efer-svme-refused", HV_ONLY, svme_refused, NULL},
	{"vm-hsave-pa-refused", HV_ONLY, hsave_refused, NULL},
	{"vm-cr-says-disabled", HV_ONLY, vm_cr_locked, NULL},
	{"iommu-tables-hidden", HV_ONLY, no_iommu_tables, NULL},
};
const size_t svm_check_count = sizeof(svm_checks) / sizeof(svm_checks[0]);
