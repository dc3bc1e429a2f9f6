/*
 * cpuid.c - what the guest may know of its processor; APM volume 3 (24594), appendix E
 */
#include "hv/guest/cpuid.h"

enum {
	LEAF1_ECX_X2APIC = 1u << 21, LEAF1_ECX_OSXSAVE = 1u << 27,
	LEAF7_ECX_OSPKE = 1u << 4, LEAF7_ECX_CET_SS = 1u << 7, LEAF7_EDX_CET_IBT = 1u << 20,
	LEAFD_ECX_SUPERVISOR = 1u << 0,
	EXT1_ECX_SVM = 1u << 2, EXT1_ECX_IBS = 1u << 10, EXT1_ECX_SKINIT = 1u << 12,
};

/* A bit that says what the guest's own CR4 says. */
static void follow(uint32_t *reg, uint32_t bit, bool set)
{
	*reg = set ? *reg | bit : *reg & ~bit;
}

struct cpuid cpuid_filter(uint32_t leaf, uint32_t subleaf, struct cpuid c, uint64_t cr4)
{
	const struct cpuid nothing = { 0 };

	switch (leaf) {
	case 1:
		c.ecx &= ~LEAF1_ECX_X2APIC;	/* its ICR is an MSR, and nobody watches */
		follow(&c.ecx, LEAF1_ECX_OSXSAVE, cr4 & CR4_OSXSAVE);
		break;
	case 7:
		if (subleaf != 0)
			break;
		c.ecx &= ~LEAF7_ECX_CET_SS;	/* its MSRs are refused */
		c.edx &= ~LEAF7_EDX_CET_IBT;
		follow(&c.ecx, LEAF7_ECX_OSPKE, cr4 & CR4_PKE);
		break;
	case 0xd:
		if (subleaf == 1)
			c.ecx = c.edx = 0;	/* what XSS may have: nothing */
		else if (subleaf > 1 && c.ecx & LEAFD_ECX_SUPERVISOR)
			return nothing;
		break;
	case 0x80000001:
		c.ecx &= ~(EXT1_ECX_SVM | EXT1_ECX_IBS | EXT1_ECX_SKINIT);
		break;
	case 0x8000000a:	/* SVM revision and features */
	case 0x8000001b:	/* instruction-based sampling: its MSRs are refused */
	case 0x8000001f:	/* encrypted memory: its page-table bit would reach our tables */
		return nothing;
	}
	return c;
}
