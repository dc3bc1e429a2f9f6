/*
 * cpuid.h - what the guest may know of its processor
 */
#ifndef HV_GUEST_CPUID_H
#define HV_GUEST_CPUID_H

#include "hv/cpu/x86.h"

/*
 * The processor's answer @c to (@leaf, @subleaf), as the guest sees it: no SVM, no hypervisor of ours, nothing whose
 * registers are refused; OSXSAVE and OSPKE as in the guest's own @cr4.
 */
struct cpuid cpuid_filter(uint32_t leaf, uint32_t subleaf, struct cpuid c, uint64_t cr4);

#endif
