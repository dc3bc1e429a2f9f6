/*
 * msr_list.c - model-specific registers that the guest may use; APM volume 2 (24593), appendix A
 */
#include "hv/guest/msr_list.h"

#include <stddef.h>

static const struct msr_range list[] = {
	{ 0x00000010, 0x00000010, MSR_READ },	/* TSC: our clock; writes become the guest's offset */
	{ 0x0000001b, 0x0000001b, MSR_KEEP },	/* APIC_BASE: its page is what is trapped */
	{ 0x00000048, 0x00000049, MSR_WRITE },	/* SPEC_CTRL, PRED_CMD */
	{ 0x0000008b, 0x0000008b, MSR_READ },	/* PATCH_LEVEL */
	{ 0x000000e7, 0x000000e8, MSR_WRITE },	/* MPERF, APERF */
	{ 0x000000fe, 0x000000fe, MSR_READ },	/* MTRRcap */
	{ 0x00000174, 0x00000176, MSR_WRITE },	/* SYSENTER */
	{ 0x00000179, 0x0000017b, MSR_WRITE },	/* MCG */
	{ 0x000001d9, 0x000001d9, MSR_WRITE },	/* DebugCtl */
	{ 0x000001db, 0x000001de, MSR_READ },	/* last branch, last exception */
	{ 0x00000200, 0x0000020f, MSR_WRITE },	/* variable MTRRs */
	{ 0x00000250, 0x00000250, MSR_WRITE },	/* fixed MTRRs */
	{ 0x00000258, 0x00000259, MSR_WRITE },
	{ 0x00000268, 0x0000026f, MSR_WRITE },
	{ 0x00000277, 0x00000277, MSR_WRITE },	/* PAT */
	{ 0x000002ff, 0x000002ff, MSR_WRITE },	/* MTRRdefType */
	{ 0x00000400, 0x0000047f, MSR_WRITE },	/* machine-check banks */
	{ 0x00000da0, 0x00000da0, MSR_ZERO },	/* XSS: XRSTORS would load MSRs that are refused here */
	{ 0xc0000081, 0xc0000084, MSR_WRITE },	/* STAR, LSTAR, CSTAR, SFMASK */
	{ 0xc0000100, 0xc0000103, MSR_WRITE },	/* FS, GS, KernelGS bases, TSC_AUX */
	{ 0xc0010000, 0xc0010007, MSR_WRITE },	/* performance counters */
	{ 0xc0010010, 0xc0010010, MSR_KEEP },	/* SYSCFG */
	{ 0xc0010015, 0xc0010015, MSR_KEEP },	/* HWCR */
	{ 0xc0010016, 0xc001001a, MSR_READ },	/* IORR, TOP_MEM */
	{ 0xc001001d, 0xc001001d, MSR_READ },	/* TOP_MEM2 */
	{ 0xc001001f, 0xc001001f, MSR_IGNORE },	/* NB_CFG: Linux sets a bit that moves ECAM */
	{ 0xc0010020, 0xc0010020, MSR_IGNORE },	/* PATCH_LOADER: the microcode stays the firmware's */
	{ 0xc0010055, 0xc0010055, MSR_READ },	/* interrupt pending */
	{ 0xc0010058, 0xc0010058, MSR_READ },	/* MMIO configuration base */
	{ 0xc0010064, 0xc001006b, MSR_READ },	/* P-states */
	{ 0xc0010111, 0xc0010113, MSR_READ },	/* SMM base, TSEG */
	{ 0xc0010140, 0xc0010141, MSR_READ },	/* OS-visible workarounds */
	{ 0xc0011020, 0xc001102d, MSR_IGNORE },	/* LS_CFG, DE_CFG and the like: of the core */
};

const struct msr_range *msr_list(uint32_t n)
{
	return n < sizeof(list) / sizeof(list[0]) ? &list[n] : NULL;
}

enum msr_access msr_access(uint32_t msr)
{
	for (uint32_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (msr >= list[i].first && msr <= list[i].last)
			return list[i].access;
	}
	return MSR_REFUSED;
}

bool msr_accepts(uint32_t msr, uint64_t value, uint64_t now)
{
	switch (msr_access(msr)) {
	case MSR_REFUSED: case MSR_READ:
		return false;
	case MSR_KEEP:
		return value == now;
	case MSR_ZERO:
		return value == 0;
	case MSR_WRITE: case MSR_IGNORE:
		break;
	}
	return true;
}
