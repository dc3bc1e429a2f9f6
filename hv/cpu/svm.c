/*
 * svm.c - AMD's Secure Virtual Machine, APM volume 2 (24593), chapter 15
 */
#include "hv/cpu/svm.h"

#include <string.h>

#include "hv/cpu/smp.h"
#include "hv/cpu/svm_features.h"
#include "hv/cpu/vmcb.h"
#include "hv/mem/pages.h"
#include "hv/panic.h"

#define IOPM_PAGES	3u	/* section 15.10.1: 12 KiB */
#define MSRPM_PAGES	2u	/* section 15.11: 8 KiB */
#define PAT_RESET	UINT64_C(0x0007040600070406)
#define IO_PORTS	65536u
#define DR6_BS		(UINT64_C(1) << 14)

/*
 * Delivering one of these can raise it again, for ever: a data breakpoint on the stack that #DB is delivered on, a misaligned
 * stack for #AC.  A processor takes no NMI meanwhile, so that neither tick nor kick would get it back.  Each exits, and is
 * given to the guest from here (APM volume 2, section 15.12).
 */
#define EXCEPTIONS	(1u << VECTOR_DB | 1u << VECTOR_AC)
#define DR7_GD		(UINT64_C(1) << 13)

struct svm {
	struct vmcb *vmcb;
	void *host;		/* VMSAVE area */
	void *hsave;
	/*
	 * SVM does not tell when the guest's NMI handler is done: while it runs, IRET exits.  An
	 * NMI that came meanwhile waits for the end of that IRET, found by a single step.
	 */
	bool nmi_blocked, nmi_waits, stepping, guest_tf;
};

static struct svm svms[CPUS_MAX];
static uint8_t *iopm, *msrpm;
static bool has_nrip;

void svm_run(uint64_t vmcb, uint64_t gpr[GPRS], uint64_t host);
uint32_t svm_take_nmis(void);

static const char *svm_probe(void)
{
	struct svm_features f = {
		.max_extended = cpuid(0x80000000, 0).eax, .extended_ecx = cpuid(0x80000001, 0).ecx,
	};

	if (svm_is_there(&f)) {
		struct cpuid c = cpuid(CPUID_SVM, 0);

		f.vm_cr = rdmsr(MSR_VM_CR);
		f.asids = c.ebx;
		f.edx = c.edx;
	}
	has_nrip = f.edx & SVM_NEXT_RIP;
	return svm_why_not(&f);
}

/*
 * Section 15.28: with R_INIT an INIT becomes #SX.  Set, looked at and taken back: nobody sends an INIT so early.
 */
static bool svm_keeps_init(void)
{
	uint64_t was = rdmsr(MSR_VM_CR);
	bool has;

	wrmsr(MSR_VM_CR, was | VM_CR_R_INIT);
	has = rdmsr(MSR_VM_CR) & VM_CR_R_INIT;
	wrmsr(MSR_VM_CR, was);
	return has;
}

static void trap(uint8_t *map, uint32_t bit, bool on)
{
	if (on)
		map[bit / 8] |= (uint8_t)(1u << bit % 8);
	else
		map[bit / 8] &= (uint8_t)~(1u << bit % 8);
}

void svm_trap_ports(uint32_t port, uint32_t count, bool on)
{
	for (uint32_t i = port; i < port + count && i < IO_PORTS; i++)
		trap(iopm, i, on);
}

/* Bit of an MSR's read intercept, the write's is next; -1: always intercepted. */
static int64_t msr_bit(uint32_t msr)
{
	if (msr < 0x2000)
		return (int64_t)msr * 2;
	if (msr - 0xc0000000 < 0x2000)
		return (0x2000 + (int64_t)(msr - 0xc0000000)) * 2;
	if (msr - 0xc0010000 < 0x2000)
		return (0x4000 + (int64_t)(msr - 0xc0010000)) * 2;
	return -1;
}

void svm_allow_msr(uint32_t msr, bool write)
{
	int64_t bit = msr_bit(msr);

	CHECK(bit >= 0);
	trap(msrpm, (uint32_t)bit, false);
	trap(msrpm, (uint32_t)bit + 1, !write);
}

static void reset_segment(struct segment *s, uint16_t attributes)
{
	*s = (struct segment){ .attributes = attributes, .limit = 0xffff };
}

/* Section 14.1.3: the state after RESET and INIT; code starts where the caller says. */
static void svm_reset(struct vcpu *v, uint32_t page)
{
	struct svm *s = v->arch;
	struct vmcb *b = s->vmcb;

	s->nmi_blocked = s->nmi_waits = s->stepping = false;
	memset(v->gpr, 0, sizeof(v->gpr));
	for (unsigned i = SEG_ES; i <= SEG_GS; i++)
		reset_segment(&b->seg[i], i == SEG_CS ? 0x9b : 0x93);
	b->seg[SEG_CS].selector = (uint16_t)(page << 8);
	b->seg[SEG_CS].base = (uint64_t)page << PAGE_SHIFT;
	reset_segment(&b->seg[SEG_GDTR], 0);
	reset_segment(&b->seg[SEG_LDTR], 0x82);
	reset_segment(&b->seg[SEG_IDTR], 0);
	b->seg[SEG_IDTR].limit = 0x3ff;	/* as the firmware has it */
	reset_segment(&b->seg[SEG_TR], 0x8b);
	b->efer = EFER_SVME;
	b->cr0 = CR0_ET;
	b->cr2 = b->cr3 = b->cr4 = 0;
	b->rflags = RFLAGS_FIXED;
	b->rip = 0;
	b->cpl = 0;
	b->dr6 = 0xffff0ff0;
	b->dr7 = 0x400;
	b->eventinj = 0;
	b->intercept1 &= ~(uint32_t)(INTERCEPT1_IRET | INTERCEPT1_HLT);
	b->intercept2 &= ~(uint32_t)INTERCEPT2_MWAIT;
	b->intercept_exceptions = EXCEPTIONS;
	b->interrupt_shadow = 0;
	b->g_pat = PAT_RESET;
	b->tlb_control = TLB_FLUSH_ALL;
	b->clean = 0;
}

static void svm_create(struct vcpu *v, hpa_t root)
{
	struct svm *s = &svms[v->index];
	struct vmcb *b = pages_alloc(1);

	if (!iopm) {
		iopm = pages_alloc(IOPM_PAGES);
		msrpm = pages_alloc(MSRPM_PAGES);
		memset(msrpm, 0xff, MSRPM_PAGES * PAGE_SIZE);
	}
	s->vmcb = b;
	s->host = pages_alloc(1);
	s->hsave = pages_alloc(1);
	v->arch = s;
	b->intercept1 = INTERCEPT1_NMI | INTERCEPT1_INIT | INTERCEPT1_CPUID | INTERCEPT1_IOIO |
			INTERCEPT1_MSR | INTERCEPT1_SHUTDOWN | INTERCEPT1_INVLPGA | INTERCEPT1_INVD;
	b->intercept2 = INTERCEPT2_VMRUN | INTERCEPT2_VMMCALL | INTERCEPT2_VMLOAD |
			INTERCEPT2_VMSAVE | INTERCEPT2_STGI | INTERCEPT2_CLGI | INTERCEPT2_SKINIT | INTERCEPT2_ICEBP;
	b->iopm_base = hpa_of(iopm).a;
	b->msrpm_base = hpa_of(msrpm).a;
	b->asid = GUEST_ASID;
	b->np_enable = NESTED_PAGING;
	b->n_cr3 = root.a;
	svm_reset(v, 0);
}

static void svm_enable(struct vcpu *v)
{
	const struct svm *s = v->arch;

	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, hpa_of(s->hsave).a);
	__asm__ volatile("vmsave %%rax" : : "a"(hpa_of(s->host).a) : "memory");
	__asm__ volatile("clgi");
}

static void decode_io(const struct vmcb *b, struct vmexit *x)
{
	uint32_t info = (uint32_t)b->exitinfo1;

	x->kind = VMEXIT_IO;
	x->io.port = (uint16_t)(info >> 16);
	x->io.size = info & IOIO_SZ8 ? 1 : info & IOIO_SZ16 ? 2 : 4;
	x->io.in = info & IOIO_IN;
	x->io.string = info & IOIO_STR;
	x->io.rep = info & IOIO_REP;
	x->next_rip = b->exitinfo2;
}

static void decode_page(const struct vmcb *b, struct vmexit *x)
{
	x->kind = VMEXIT_PAGE;
	x->page.at.a = b->exitinfo2;
	x->page.write = b->exitinfo1 & NPF_WRITE;
	x->page.fetch = b->exitinfo1 & NPF_FETCH;
	x->page.walk = b->exitinfo1 & NPF_WALK;
	x->page.event = b->exitintinfo & EVENT_VALID;
}

/* Where the instruction of fixed length that exited ends; prefixes are told by nRIP alone. */
static uint64_t behind(const struct vmcb *b, unsigned length)
{
	return has_nrip && b->nrip ? b->nrip : b->rip + length;
}

static void decode(const struct vmcb *b, struct vmexit *x)
{
	*x = (struct vmexit){ .kind = VMEXIT_OTHER, .other = b->exitcode };
	if ((uint32_t)b->exitcode == SVM_EXIT_INVALID) {
		x->kind = VMEXIT_INVALID;
		return;
	}
	switch (b->exitcode) {
	case SVM_EXIT_NPF:
		decode_page(b, x);
		break;
	case SVM_EXIT_IOIO:
		decode_io(b, x);
		break;
	case SVM_EXIT_CPUID:
		x->kind = VMEXIT_CPUID;
		x->next_rip = behind(b, 2);
		break;
	case SVM_EXIT_MSR:
		x->kind = VMEXIT_MSR;
		x->msr.write = b->exitinfo1 & 1;
		x->next_rip = behind(b, 2);
		break;
	case SVM_EXIT_VMMCALL:
		x->kind = VMEXIT_HYPERCALL;
		x->next_rip = behind(b, 3);
		break;
	case SVM_EXIT_VMRUN: case SVM_EXIT_VMLOAD: case SVM_EXIT_VMSAVE: case SVM_EXIT_STGI:
	case SVM_EXIT_CLGI: case SVM_EXIT_SKINIT: case SVM_EXIT_INVLPGA:
		x->kind = VMEXIT_FORBIDDEN;
		break;
	case SVM_EXIT_NMI:
		x->kind = VMEXIT_NMI;
		break;
	case SVM_EXIT_INTR:
		x->kind = VMEXIT_INTERRUPT;
		break;
	case SVM_EXIT_INIT:
		x->kind = VMEXIT_INIT;
		break;
	case SVM_EXIT_SHUTDOWN:
		x->kind = VMEXIT_SHUTDOWN;
		break;
	case SVM_EXIT_DB: case SVM_EXIT_AC: case SVM_EXIT_ICEBP:
		x->kind = VMEXIT_EXCEPTION;
		break;
	case SVM_EXIT_HLT:
		x->kind = VMEXIT_HALT;
		x->next_rip = behind(b, 1);
		break;
	case SVM_EXIT_MWAIT:
		x->kind = VMEXIT_HALT;
		x->next_rip = behind(b, 3);
		break;
	case SVM_EXIT_IRET: case SVM_EXIT_INVD:
		x->kind = VMEXIT_NONE;
		break;
	}
}

static void iret_exit(struct svm *s);
static void event_exit(struct vcpu *v);

static void svm_enter(struct vcpu *v, struct vmexit *x)
{
	const struct svm *s = v->arch;
	struct vmcb *b = s->vmcb;

	/* RSM clears it on its way out of SMM, and VMRUN refuses a guest without. */
	b->efer |= EFER_SVME;
	b->rax = v->gpr[RAX];
	b->rsp = v->gpr[RSP];
	svm_run(hpa_of(b).a, v->gpr, hpa_of(s->host).a);
	v->gpr[RAX] = b->rax;
	v->gpr[RSP] = b->rsp;
	b->tlb_control = TLB_KEEP;
	/* An event whose delivery exited is delivered anew; stale without the valid bit. */
	b->eventinj = b->exitintinfo & EVENT_VALID ? b->exitintinfo : 0;
	decode(b, x);
	if (b->exitcode == SVM_EXIT_IRET)
		iret_exit(v->arch);
	else if (x->kind == VMEXIT_EXCEPTION || b->exitcode == SVM_EXIT_INVD)
		event_exit(v);
	if (x->kind == VMEXIT_MSR)
		x->msr.msr = (uint32_t)v->gpr[RCX];
}

static void svm_get(const struct vcpu *v, struct vcpu_state *s)
{
	const struct vmcb *b = ((const struct svm *)v->arch)->vmcb;

	/* one by one: a compound literal clears all of it first, at every exit */
	s->rip = b->rip;
	s->rflags = b->rflags;
	s->cr0 = b->cr0;
	s->cr2 = b->cr2;
	s->cr3 = b->cr3;
	s->cr4 = b->cr4;
	s->efer = b->efer & ~(uint64_t)EFER_SVME;
	s->dr6 = b->dr6;
	s->dr7 = b->dr7;
	s->cpl = b->cpl;
	/* in halves: short enough to become moves */
	__builtin_memcpy(s->seg, b->seg, sizeof(s->seg) / 2);
	__builtin_memcpy(s->seg + SEGS / 2, b->seg + SEGS / 2, sizeof(s->seg) / 2);
	/* in no VMCB: the processor has the guest's all the time */
	s->pkru = s->cr4 & CR4_PKE ? rdpkru() : 0;
}

static void svm_brief(const struct vcpu *v, struct vcpu_brief *s)
{
	const struct vmcb *b = ((const struct svm *)v->arch)->vmcb;

	s->rip = b->rip;
	s->rflags = b->rflags;
	s->cr0 = b->cr0;
	s->cr3 = b->cr3;
	s->cr4 = b->cr4;
	s->efer = b->efer & ~(uint64_t)EFER_SVME;
	s->dr7 = b->dr7;
	s->cs_attributes = b->seg[SEG_CS].attributes;
	s->cpl = b->cpl;
}

static void svm_set(struct vcpu *v, const struct vcpu_state *s)
{
	struct vmcb *b = ((struct svm *)v->arch)->vmcb;

	b->rip = s->rip;
	b->rflags = s->rflags;
	b->cr0 = s->cr0;
	b->cr2 = s->cr2;
	b->cr3 = s->cr3;
	b->cr4 = s->cr4;
	b->efer = s->efer | EFER_SVME;
	b->dr6 = s->dr6;
	b->dr7 = s->dr7;
	b->cpl = s->cpl;
	memcpy(b->seg, s->seg, sizeof(b->seg));
	b->clean = 0;
}

static void svm_skip(struct vcpu *v, uint64_t next_rip)
{
	struct vmcb *b = ((struct svm *)v->arch)->vmcb;

	b->rip = next_rip;
	b->interrupt_shadow &= ~UINT64_C(1);
	b->rflags &= ~(uint64_t)RFLAGS_RF;
	if (b->rflags & RFLAGS_TF && !b->eventinj) {	/* APM volume 2, section 13.1.4 */
		b->dr6 |= DR6_BS;
		b->eventinj = VECTOR_DB | EVENT_EXCEPTION | EVENT_VALID;
	}
}

static void svm_go_on(struct vcpu *v, uint64_t rip, uint64_t rflags)
{
	((struct svm *)v->arch)->vmcb->rflags = rflags;
	svm_skip(v, rip);
}

static void svm_inject(struct vcpu *v, uint8_t vector, bool has_error, uint32_t error)
{
	struct vmcb *b = ((struct svm *)v->arch)->vmcb;

	b->eventinj = vector | EVENT_EXCEPTION | EVENT_VALID;
	if (has_error)
		b->eventinj |= EVENT_ERROR | (uint64_t)error << 32;
}

static bool svm_inject_nmi(struct vcpu *v)
{
	struct svm *s = v->arch;

	if (s->nmi_blocked || s->stepping) {	/* as the processor: one more waits, others are lost */
		s->nmi_waits = true;
		return true;
	}
	if (s->vmcb->eventinj & EVENT_VALID)
		return false;
	s->vmcb->eventinj = VECTOR_NMI | EVENT_NMI | EVENT_VALID;
	s->vmcb->intercept1 |= INTERCEPT1_IRET;
	s->vmcb->clean = 0;
	s->nmi_blocked = true;
	return true;
}

/* The guest is about to leave its NMI handler. */
static void iret_exit(struct svm *s)
{
	struct vmcb *b = s->vmcb;

	b->intercept1 &= ~(uint32_t)INTERCEPT1_IRET;
	b->clean = 0;
	s->nmi_blocked = false;
	if (!s->nmi_waits)
		return;
	s->stepping = true;
	s->guest_tf = b->rflags & RFLAGS_TF;
	b->rflags |= RFLAGS_TF;
}

/* The IRET is done, or the guest's own debug exception came first. */
static void step_exit(struct vcpu *v)
{
	struct svm *s = v->arch;
	struct vmcb *b = s->vmcb;

	b->clean = 0;
	s->stepping = false;
	s->nmi_waits = false;
	if (s->guest_tf)
		b->eventinj = VECTOR_DB | EVENT_EXCEPTION | EVENT_VALID;
	else
		b->dr6 &= ~DR6_BS;
	if (svm_inject_nmi(v))
		return;
	s->nmi_waits = s->nmi_blocked = true;	/* behind the IRET of the other event's handler */
	b->intercept1 |= INTERCEPT1_IRET;
}

/* As the processor would: general detection ends with the exception (SDM volume 3, section 17.2.4). */
static void give_debug_exception(struct vcpu *v)
{
	struct vmcb *b = ((struct svm *)v->arch)->vmcb;

	b->dr7 &= ~DR7_GD;
	b->clean = 0;
	svm_inject(v, VECTOR_DB, false, 0);
}

/* What is not left to the processor: see EXCEPTIONS; and INVD, which would lose what we have written. */
static void event_exit(struct vcpu *v)
{
	struct svm *s = v->arch;
	struct vmcb *b = s->vmcb;

	switch (b->exitcode) {
	case SVM_EXIT_DB:
		if (s->stepping)
			step_exit(v);
		else
			give_debug_exception(v);
		break;
	case SVM_EXIT_AC:
		svm_inject(v, VECTOR_AC, true, (uint32_t)b->exitinfo1);
		break;
	case SVM_EXIT_ICEBP:		/* behind it, as a trap; DR6 stays */
		svm_skip(v, behind(b, 1));
		give_debug_exception(v);
		break;
	case SVM_EXIT_INVD:
		wbinvd();
		svm_skip(v, behind(b, 2));
		break;
	}
}

static void svm_exit_on_halt(const struct vcpu *v, bool on)
{
	struct vmcb *b = ((const struct svm *)v->arch)->vmcb;

	b->intercept1 = (b->intercept1 & ~(uint32_t)INTERCEPT1_HLT) | (on ? INTERCEPT1_HLT : 0);
	b->intercept2 = (b->intercept2 & ~(uint32_t)INTERCEPT2_MWAIT) | (on ? INTERCEPT2_MWAIT : 0);
	b->clean = 0;
}

static void svm_flush(struct vcpu *v)
{
	((struct svm *)v->arch)->vmcb->tlb_control = TLB_FLUSH_ALL;
}

static uint64_t svm_efer(const struct vcpu *v)
{
	return ((const struct svm *)v->arch)->vmcb->efer & ~(uint64_t)EFER_SVME;
}

/* APM volume 2, section 3.1.7: LMA follows LME and paging; reserved bits are #GP. */
static bool svm_set_efer(struct vcpu *v, uint64_t value)
{
	struct vmcb *b = ((struct svm *)v->arch)->vmcb;
	uint64_t known = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
	struct cpuid c = cpuid(0x80000001, 0);

	if (c.edx >> 25 & 1)
		known |= UINT64_C(1) << 14;	/* FFXSR */
	if (c.ecx >> 17 & 1)
		known |= UINT64_C(1) << 15;	/* TCE */
	if (value & ~known || (b->cr0 & CR0_PG && (value ^ b->efer) & EFER_LME))
		return false;
	value &= ~(uint64_t)EFER_LMA;
	b->efer = value | (b->efer & EFER_LMA) | EFER_SVME;
	b->clean = 0;
	return true;
}

/* Section 15.5: added to what RDTSC, RDTSCP and RDMSR read in the guest. */
static void svm_set_tsc(struct vcpu *v, uint64_t value)
{
	struct vmcb *b = ((struct svm *)v->arch)->vmcb;

	b->tsc_offset = value - rdtsc();
	b->clean = 0;
}

const struct vcpu_ops svm_ops = {
	.name = "AMD SVM", .probe = svm_probe, .keeps_init = svm_keeps_init, .enable = svm_enable, .create = svm_create,
	.reset = svm_reset, .inject_nmi = svm_inject_nmi, .take_nmis = svm_take_nmis,
	.run = svm_enter, .get = svm_get, .brief = svm_brief, .set = svm_set, .skip = svm_skip, .go_on = svm_go_on,
	.inject = svm_inject,
	.exit_on_halt = svm_exit_on_halt, .flush = svm_flush, .efer = svm_efer, .set_efer = svm_set_efer, .set_tsc = svm_set_tsc,
};
