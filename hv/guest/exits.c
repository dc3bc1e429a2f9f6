/*
 * exits.c - what the guest did that needs us: one switch
 */
#include "hv/guest/exits.h"

#include "hv/guest/bios.h"
#include "hv/guest/cpuid.h"
#include "hv/guest/msr.h"
#include "hv/guest/ports.h"
#include "hv/log.h"
#include "hv/panic.h"

#define DRAIN_BYTES	16u	/* of the log, at each exit: a UART's FIFO */

static uint64_t count[VMEXIT_KINDS];

static void cpuid_exit(struct vcpu *v, const struct vmexit *x)
{
	uint32_t leaf = (uint32_t)v->gpr[RAX], subleaf = (uint32_t)v->gpr[RCX];
	struct vcpu_state s;
	struct cpuid c;

	svm_ops.get(v, &s);
	c = cpuid_filter(leaf, subleaf, cpuid(leaf, subleaf), s.cr4);
	v->gpr[RAX] = c.eax;
	v->gpr[RBX] = c.ebx;
	v->gpr[RCX] = c.ecx;
	v->gpr[RDX] = c.edx;
	svm_ops.skip(v, x->next_rip);
}

static void page_exit(struct vcpu *v, const struct vmexit *x)
{
	log_line("guest: %s at %llx, which is not there", x->page.write ? "write" : "read",
		 (unsigned long long)x->page.at.a);
	svm_ops.inject(v, VECTOR_GP, true, 0);
}

static void handle(struct vcpu *v, const struct vmexit *x)
{
	count[x->kind]++;
	switch (x->kind) {
	case VMEXIT_CPUID:
		cpuid_exit(v, x);
		break;
	case VMEXIT_MSR:
		msr_exit(v, x);
		break;
	case VMEXIT_IO:
		ports_exit(v, x);
		break;
	case VMEXIT_PAGE:
		page_exit(v, x);
		break;
	case VMEXIT_HYPERCALL:
		if (!bios_call(v, x))
			svm_ops.inject(v, VECTOR_UD, false, 0);
		break;
	case VMEXIT_FORBIDDEN:
		svm_ops.inject(v, VECTOR_UD, false, 0);
		break;
	case VMEXIT_SHUTDOWN:
		guest_counters();
		log_line("guest: triple fault, the machine restarts");
		log_flush();
		machine_reset();
	default:
		fail("exit %llx of the guest has no handler", (unsigned long long)x->other);
	}
}

void guest_run(struct vcpu *v)
{
	struct vmexit x;

	for (;;) {
		svm_ops.run(v, &x);
		handle(v, &x);
		log_drain(DRAIN_BYTES);
	}
}

void guest_counters(void)
{
	static const char *const name[VMEXIT_KINDS] = {
		"cpuid", "msr", "io", "page", "hypercall", "forbidden", "nmi", "interrupt", "init",
		"shutdown", "other",
	};

	for (unsigned i = 0; i < VMEXIT_KINDS; i++) {
		if (count[i])
			log_line("exits: %s %llu", name[i], (unsigned long long)count[i]);
	}
}
