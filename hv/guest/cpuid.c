/*
 * cpuid.c - what the guest may know of its processor; APM volume 3 (24594), appendix E
 */
#include "hv/guest/cpuid.h"

#define LEAF1_ECX_OSXSAVE	(1u << 27)
#define EXT1_ECX_SVM		(1u << 2)
#define EXT1_ECX_SKINIT		(1u << 12)

struct cpuid cpuid_filter(uint32_t leaf, uint32_t subleaf, struct cpuid c, uint64_t cr4)
{
	(void)subleaf;
	switch (leaf) {
	case 1:
		c.ecx &= ~LEAF1_ECX_OSXSAVE;
		if (cr4 & CR4_OSXSAVE)
			c.ecx |= LEAF1_ECX_OSXSAVE;
		break;
	case 0x80000001:
		c.ecx &= ~(EXT1_ECX_SVM | EXT1_ECX_SKINIT);
		break;
	case 0x8000000a:	/* SVM revision and features */
	case 0x8000001f:	/* encrypted memory: its page-table bit would reach our tables */
		c = (struct cpuid){ 0 };
		break;
	}
	return c;
}
