/*
 * vcpu.h - one processor of the guest, whatever the hardware's virtualization is called
 *
 * A vcpu is bound to its processor.  An implementation (svm.c, later vmx) turns every exit into
 * one struct vmexit; guest/exits.c decides.
 */
#ifndef HV_CPU_VCPU_H
#define HV_CPU_VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/cpu/x86.h"

enum gpr { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, GPRS };

enum seg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_GDTR, SEG_LDTR, SEG_IDTR, SEG_TR,
	   SEGS };

struct segment {
	uint16_t selector;
	uint16_t attributes;	/* as in the VMCB: type, S, DPL, P, AVL, L, D, G in 12 bits */
	uint32_t limit;
	uint64_t base;
};

enum vmexit_kind {
	VMEXIT_CPUID, VMEXIT_MSR, VMEXIT_IO, VMEXIT_PAGE,
	VMEXIT_HYPERCALL,	/* VMMCALL, VMCALL */
	VMEXIT_FORBIDDEN,	/* an instruction of the virtualization itself: #UD */
	VMEXIT_EXCEPTION,	/* dealt with: the guest gets it; run on */
	VMEXIT_NONE,		/* dealt with: run on */
	VMEXIT_NMI, VMEXIT_INTERRUPT, VMEXIT_INIT, VMEXIT_SHUTDOWN,
	VMEXIT_HALT,		/* HLT or MWAIT: where asked for */
	VMEXIT_INVALID,		/* the guest is in a state that no processor can be in */
	VMEXIT_OTHER,
	VMEXIT_KINDS,
};

struct vmexit {
	enum vmexit_kind kind;
	uint64_t next_rip;	/* 0: not known */
	union {
		struct { uint32_t msr; bool write; } msr;
		struct { uint16_t port; uint8_t size; bool in, string, rep; } io;
		/* walk: while reading page tables; event: while delivering one */
		struct { gpa_t at; bool write, fetch, walk, event; } page;
		uint64_t other;	/* the hardware's own number */
	};
};

struct vcpu {
	uint64_t gpr[GPRS];	/* RAX and RSP are kept by get and set */
	uint32_t index;		/* from 0, the boot processor */
	void *arch;
};

/* What cannot be asked and set by name is between the implementation and vcpu_ops. */
struct vcpu_state {
	uint64_t rip, rflags, cr0, cr2, cr3, cr4, efer, dr6, dr7;
	struct segment seg[SEGS];
	uint32_t pkru;		/* only got, and only with CR4.PKE */
	uint8_t cpl;
};

/* What most exits need of it. */
struct vcpu_brief {
	uint64_t rip, rflags, cr0, cr3, cr4, efer, dr7;
	uint16_t cs_attributes;
	uint8_t cpl;
};

struct vcpu_ops {
	const char *name;
	/* NULL: usable here; else why not, in words for the screen. */
	const char *(*probe)(void);
	/* Would an INIT that reaches a processor come to us (AMD: VM_CR.R_INIT), and not reset it? */
	bool (*keeps_init)(void);
	/* Memory for @v, and the maps that all share; the nested tables are at @root. */
	void (*create)(struct vcpu *v, hpa_t root);
	/* Turn it on for the processor that calls, whose @v is. */
	void (*enable)(struct vcpu *v);
	/* As after RESET (@page 0, with the firmware's IVT) or a start-up IPI: 16-bit code at @page, IP 0. */
	void (*reset)(struct vcpu *v, uint32_t page);
	/* Run until something happens. */
	void (*run)(struct vcpu *v, struct vmexit *x);
	void (*get)(const struct vcpu *v, struct vcpu_state *s);
	void (*brief)(const struct vcpu *v, struct vcpu_brief *s);
	void (*set)(struct vcpu *v, const struct vcpu_state *s);
	/* Go on behind the instruction that exited, @next_rip. */
	void (*skip)(struct vcpu *v, uint64_t next_rip);
	/* The same behind several, whose last left @rflags; of them only the arithmetic flags and RF may be others. */
	void (*go_on)(struct vcpu *v, uint64_t rip, uint64_t rflags);
	/* An exception at the next entry; @error only where the vector has one. */
	void (*inject)(struct vcpu *v, uint8_t vector, bool has_error, uint32_t error);
	/* At the next entry, or when the guest has left its handler.  False: another event goes first. */
	bool (*inject_nmi)(struct vcpu *v);
	/* Let NMIs that wait go through the hypervisor's own handler; how many there were. */
	uint32_t (*take_nmis)(void);
	/* Do HLT and MWAIT exit?  Not, until told. */
	void (*exit_on_halt)(const struct vcpu *v, bool on);
	/* The nested tables have lost something. */
	void (*flush)(struct vcpu *v);
	uint64_t (*efer)(const struct vcpu *v);
	/* The guest's EFER as it asked; false: #GP. */
	bool (*set_efer)(struct vcpu *v, uint64_t value);
	/* The guest's time-stamp counter goes on from here; the processor's own is not touched. */
	void (*set_tsc)(struct vcpu *v, uint64_t value);
};

extern const struct vcpu_ops svm_ops;

#endif
