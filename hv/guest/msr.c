/*
 * msr.c - model-specific registers: by allow-list
 *
 * What SVM adds answers as on a processor without it; the rest is msr_list.c's.
 */
#include "hv/guest/msr.h"

#include "hv/counters.h"
#include "hv/cpu/svm.h"
#include "hv/guest/msr_list.h"
#include "hv/log.h"

static struct counter_device *all, *refused;

void msr_init(void)
{
	all = counters_device("msr", 0);
	refused = counters_device("msr-refused", 0);
	for (uint32_t n = 0; msr_list(n); n++) {
		const struct msr_range *r = msr_list(n);

		for (uint32_t m = r->first; m <= r->last; m++)
			svm_allow_msr(m, r->access == MSR_WRITE);
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
	case MSR_TSC:
		svm_ops.set_tsc(v, value);
		return true;
	case MSR_VM_CR:
		return true;	/* locked: writes are ignored */
	}
	return msr_accepts(msr, value, msr_access(msr) == MSR_KEEP ? rdmsr(msr) : 0);
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
