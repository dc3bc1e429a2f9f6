/*
 * exits.c - what the guest did that needs us: one switch
 */
#include "hv/guest/exits.h"

#include "hv/clock.h"
#include "hv/counters.h"
#include "hv/cpu/lock.h"
#include "hv/guest/apic.h"
#include "hv/guest/bios.h"
#include "hv/guest/cpuid.h"
#include "hv/guest/mmio.h"
#include "hv/guest/msr.h"
#include "hv/guest/ports.h"
#include "hv/log.h"
#include "hv/model.h"
#include "hv/panic.h"
#include "hv/rate.h"
#include "hv/wake.h"

#define DRAIN_BYTES	16u	/* of the log, at each exit: a UART's FIFO */
#define TICK_EXITS	256u	/* where no timer of ours ticks, so many exits do */

static struct spinlock guest_lock;

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

void guest_ends(const char *how)
{
	/* a write that should have ended the machine and did not must not be a way to flood the line */
	static struct rate rate;

	if (!rate_take(&rate, clock_us()))
		return;
	log_line("guest: %s", how);
	counters_report(how, true);
	log_flush();
}

void guest_tick(void)
{
	counters_tick();
	log_tick();
}

void guest_restart(const char *why)
{
	log_line("guest: %s, the machine restarts", why);
	counters_report(why, true);
	log_flush();
	machine_reset();
}

/* What a device has done, where no access of the guest's shows it. */
static void mind_models(struct vcpu *v, bool ticked)
{
	if (!__atomic_load_n(&model_hz, __ATOMIC_RELAXED) || !model_is_due(ticked))
		return;
	lock_take(&guest_lock);
	if (model_is_due(ticked))		/* no other processor was faster */
		model_poll(v);
	lock_give(&guest_lock);
}

static void nmi_exit(struct vcpu *v)
{
	bool ticked;

	if (wake_nmi(v->index, &ticked))
		__atomic_store_n(&cpus[v->index].nmi, 1, __ATOMIC_RELAXED);
	if (!ticked)
		return;
	guest_tick();
	mind_models(v, true);
}

/*
 * The halt ends early, as by an SMI: it would have to be entered again with STI's shadow, which a processor may have
 * forgotten (QEMU's has).  An interrupt that has just been let go would then come before it, and leave the guest halted.
 */
static void halt_exit(struct vcpu *v, const struct vmexit *x)
{
	lock_take(&guest_lock);
	model_halts(v);
	lock_give(&guest_lock);
	svm_ops.skip(v, x->next_rip);
}

/* What the log has not sent yet shall not wait for the guest. */
static void mind_log(void)
{
	bool pending;

	if (!log_has_lines() && !wake_needs(WAKE_LOG))
		return;
	log_drain(DRAIN_BYTES);
	pending = log_pending();
	if (pending != (wake_needs(WAKE_LOG) > 0))
		wake_need(WAKE_LOG, pending ? WAKE_LOG_HZ : 0);
}

static void handle(struct vcpu *v, const struct vmexit *x)
{
	counters_exit(v->index, x->kind);
	switch (x->kind) {
	case VMEXIT_CPUID:
		cpuid_exit(v, x);
		break;
	case VMEXIT_MSR:
		msr_exit(v, x);
		break;
	case VMEXIT_IO:
		lock_take(&guest_lock);
		ports_exit(v, x);
		lock_give(&guest_lock);
		break;
	case VMEXIT_PAGE:
		lock_take(&guest_lock);
		mmio_exit(v, x);
		lock_give(&guest_lock);
		break;
	case VMEXIT_HYPERCALL:
		if (bios_call(v, x))
			break;
		counters_offence(v->index, OFFENCE_HYPERCALL);
		log_guest(OFFENCE_HYPERCALL, "a hypercall that nobody answers");
		svm_ops.inject(v, VECTOR_UD, false, 0);
		break;
	case VMEXIT_FORBIDDEN:
		counters_offence(v->index, OFFENCE_SVM);
		log_guest(OFFENCE_SVM, "an instruction of the virtualization refused (exit %llx)",
			  (unsigned long long)x->other);
		svm_ops.inject(v, VECTOR_UD, false, 0);
		break;
	case VMEXIT_EXCEPTION: case VMEXIT_NONE:
		break;
	case VMEXIT_NMI:
		nmi_exit(v);
		break;
	case VMEXIT_HALT:
		halt_exit(v, x);
		break;
	case VMEXIT_SHUTDOWN:
		guest_restart("triple fault");
	case VMEXIT_INVALID:
		guest_restart("a state that no processor can be in");
	case VMEXIT_INTERRUPT: case VMEXIT_INIT: case VMEXIT_OTHER: case VMEXIT_KINDS:
		log_line("exit %llx", (unsigned long long)x->other);
		guest_restart("an exit that was not asked for");
	}
}

/* INIT: the processor is reset, and waits for a start-up IPI. */
static void park(struct cpu *c)
{
	lock_take(&guest_lock);
	apic_reset(c);
	c->parked = 1;
	c->park = c->nmi = 0;
	while (!c->start) {		/* another INIT may have come on the way here */
		lock_give(&guest_lock);
		smp_wait(c);
		lock_take(&guest_lock);
	}
	c->parked = 0;
	c->start = 0;
	svm_ops.reset(&c->vcpu, c->start_page);
	lock_give(&guest_lock);
	counters_offence(c->vcpu.index, OFFENCE_START);
	log_guest(OFFENCE_START, "processor %u (APIC %u) starts at %x", c->vcpu.index, c->apic_id, c->start_page << PAGE_SHIFT);
}

/* Behind another event that goes first, it is the next: an NMI of our own ends the guest's next run at once. */
static void give_nmi(struct cpu *c)
{
	if (svm_ops.inject_nmi(&c->vcpu))
		return;
	__atomic_store_n(&c->nmi, 1, __ATOMIC_SEQ_CST);
	smp_kick(c);
}

void guest_run(struct cpu *c)
{
	struct vmexit x;

	for (;;) {
		if (__atomic_load_n(&c->park, __ATOMIC_ACQUIRE))
			park(c);
		if (__atomic_exchange_n(&c->nmi, 0, __ATOMIC_SEQ_CST))
			give_nmi(c);
		__atomic_store_n(&c->in_guest, 1, __ATOMIC_SEQ_CST);
		if (__atomic_exchange_n(&c->flush, 0, __ATOMIC_SEQ_CST))
			svm_ops.flush(&c->vcpu);
		svm_ops.run(&c->vcpu, &x);
		__atomic_store_n(&c->in_guest, 0, __ATOMIC_SEQ_CST);
		handle(&c->vcpu, &x);
		mind_models(&c->vcpu, false);
		mind_log();
		if (++c->exits % TICK_EXITS == 0)
			guest_tick();
	}
}
