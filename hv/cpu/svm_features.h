/*
 * svm_features.h - is there all of SVM that the hypervisor needs?  APM volume 2, section 15.4
 */
#ifndef HV_CPU_SVM_FEATURES_H
#define HV_CPU_SVM_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/cpu/x86.h"

#define CPUID_SVM	0x8000000au
#define GUEST_ASID	1u

enum { SVM_NESTED_PAGES = 1u << 0, SVM_NEXT_RIP = 1u << 3 };	/* Fn8000_000A_EDX */

/* What a processor says of itself; what follows is known only where what is before it says so. */
struct svm_features {
	uint32_t max_extended;	/* Fn8000_0000_EAX */
	uint32_t extended_ecx;	/* Fn8000_0001_ECX */
	uint64_t vm_cr;
	uint32_t asids, edx;	/* Fn8000_000A_EBX, _EDX */
};

static inline bool svm_is_there(const struct svm_features *f)
{
	return f->max_extended >= CPUID_SVM && (f->extended_ecx >> 2 & 1);
}

/* Why the hypervisor cannot run here; NULL: it can. */
static inline const char *svm_why_not(const struct svm_features *f)
{
	if (!svm_is_there(f))
		return "the processor has no AMD SVM";
	if (f->vm_cr & VM_CR_SVMDIS)
		return "SVM is switched off by the firmware: switch it on in its set-up";
	if (!(f->edx & SVM_NESTED_PAGES))
		return "the processor has no nested paging";
	if (f->asids <= GUEST_ASID)
		return "the processor has no address space for a guest";
	return NULL;
}

#endif
