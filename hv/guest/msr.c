/*
 * msr.c - model-specific registers: by allow-list
 *
 * What is the guest's own state, or touches nobody else's, it handles without us.  What SVM adds
 * answers as on a processor without it.  Everything else does not exist: #GP.
 */
#include "hv/guest/msr.h"

#include "hv/counters.h"
#include "hv/cpu/svm.h"
#include "hv/log.h"

enum msr_access { READ_ONLY, READ_WRITE, READ_IGNORE };	/* IGNORE: writes vanish */

struct msr_range {
	uint32_t first, last;
	enum msr_access access;
};

static const struct msr_range allowed[] = {
	{ 0x00000010, 0x00000010, READ_ONLY },	/* TSC: our clock; writes become the guest's offset */
	{ 0x0000001b, 0x0000001b, READ_ONLY },	/* APIC_BASE */
	{ 0x00000048, 0x00000049, READ_WRITE },	/* SPEC_CTRL, PRED_CMD */
	{ 0x0000008b, 0x0000008b, READ_ONLY },	/* PATCH_LEVEL */
	{ 0x000000e7, 0x000000e8, READ_WRITE },	/* MPERF, APERF */
	{ 0x000000fe, 0x000000fe, READ_ONLY },	/* MTRRcap */
	{ 0x00000174, 0x00000176, READ_WRITE },	/* SYSENTER */
	{ 0x00000179, 0x0000017b, READ_WRITE },	/* MCG */
	{ 0x000001d9, 0x000001d9, READ_WRITE },	/* DebugCtl */
	{ 0x000001db, 0x000001de, READ_ONLY },	/* last branch, last exception */
	{ 0x00000200, 0x0000020f, READ_WRITE },	/* variable MTRRs */
	{ 0x00000250, 0x00000250, READ_WRITE },	/* fixed MTRRs */
	{ 0x00000258, 0x00000259, READ_WRITE },
	{ 0x00000268, 0x0000026f, READ_WRITE },
	{ 0x00000277, 0x00000277, READ_WRITE },	/* PAT */
	{ 0x000002ff, 0x000002ff, READ_WRITE },	/* MTRRdefType */
	{ 0x00000400, 0x0000047f, READ_WRITE },	/* machine-check banks */
	{ 0x00000da0, 0x00000da0, READ_WRITE },	/* XSS */
	{ 0xc0000081, 0xc0000084, READ_WRITE },	/* STAR, LSTAR, CSTAR, SFMASK */
	{ 0xc0000100, 0xc0000103, READ_WRITE },	/* FS, GS, KernelGS bases, TSC_AUX */
	{ 0xc0010000, 0xc0010007, READ_WRITE },	/* performance counters */
	{ 0xc0010010, 0xc0010010, READ_ONLY },	/* SYSCFG */
	{ 0xc0010015, 0xc0010015, READ_ONLY },	/* HWCR */
	{ 0xc0010016, 0xc001001a, READ_ONLY },	/* IORR, TOP_MEM */
	{ 0xc001001d, 0xc001001d, READ_ONLY },	/* TOP_MEM2 */
	{ 0xc001001f, 0xc001001f, READ_IGNORE },	/* NB_CFG: Linux sets a bit that moves ECAM */
	{ 0xc0010055, 0xc0010055, READ_ONLY },	/* interrupt pending */
	{ 0xc0010058, 0xc0010058, READ_ONLY },	/* MMIO configuration base */
	{ 0xc0010064, 0xc001006b, READ_ONLY },	/* P-states */
	{ 0xc0010111, 0xc0010113, READ_ONLY },	/* SMM base, TSEG */
	{ 0xc0011020, 0xc001102d, READ_IGNORE },	/* LS_CFG, DE_CFG and the like: of the core */
};

static struct counter_device *all, *refused;

void msr_init(void)
{
	all = counters_device("msr", 0);
	refused = counters_device("msr-refused", 0);
	for (unsigned i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		for (uint32_t m = allowed[i].first; m <= allowed[i].last; m++)
			svm_allow_msr(m, allowed[i].access == READ_WRITE);
	}
}

static bool read_msr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	switch (msr) {
	case MSR_EFER:
		*value = svm_ops.efer(v);
		return true;
	case MSR_VM_CR:		/* as firmware leaves a processor whose SVM is off for good */
		*value = VM_CR_SVMDIS | VM_CR_LOCK;
		return true;
	}
	return false;
}

/* Writes that would take effect beyond the guest are accepted where firmware's value stays. */
static bool write_msr(struct vcpu *v, uint32_t msr, uint64_t value)
{
	switch (msr) {
	case MSR_EFER:
		return svm_ops.set_efer(v, value);
	case MSR_APIC_BASE: case MSR_SYSCFG: case MSR_HWCR:
		return value == rdmsr(msr);
	case MSR_TSC:
		svm_ops.set_tsc(v, value);
		return true;
	case MSR_VM_CR:
		return true;	/* locked: writes are ignored */
	}
	for (unsigned i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (msr >= allowed[i].first && msr <= allowed[i].last)
			return allowed[i].access == READ_IGNORE;
	}
	return false;
}

void msr_exit(struct vcpu *v, const struct vmexit *x)
{
	uint64_t value = (uint32_t)v->gpr[RAX] | v->gpr[RDX] << 32;
	bool ok = x->msr.write ? write_msr(v, x->msr.msr, value) : read_msr(v, x->msr.msr, &value);

	counters_access(all, x->msr.msr, x->msr.write);
	if (!ok) {
		counters_access(refused, x->msr.msr, x->msr.write);
		counters_offence(v->index, OFFENCE_MSR);
		log_guest(OFFENCE_MSR, "%s of MSR %x refused", x->msr.write ? "write" : "read", x->msr.msr);
		svm_ops.inject(v, VECTOR_GP, true, 0);
		return;
	}
	if (!x->msr.write) {
		v->gpr[RAX] = (uint32_t)value;
		v->gpr[RDX] = value >> 32;
	}
	svm_ops.skip(v, x->next_rip);
}
