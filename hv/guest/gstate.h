/*
 * gstate.h - a guest processor as decoder, walk and emulator see it: neutral of SVM and VMX
 */
#ifndef HV_GUEST_GSTATE_H
#define HV_GUEST_GSTATE_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/cpu/vcpu.h"

/* Those of enum seg that instructions name. */
#define GUEST_SEGMENTS	(SEG_GS + 1)

/* struct segment's attributes (APM 2, 4.8) */
enum {
	SEGMENT_READABLE = 1u << 1,	/* code */
	SEGMENT_WRITABLE = 1u << 1,	/* data */
	SEGMENT_EXPAND_DOWN = 1u << 2,	/* data */
	SEGMENT_CODE = 1u << 3,
	SEGMENT_PRESENT = 1u << 7,	/* clear for a null selector: it cannot be used */
	SEGMENT_LONG = 1u << 9,		/* CS: 64-bit code when EFER.LMA is set */
	SEGMENT_BIG = 1u << 10,		/* D/B */
};

#define WALKS_KEPT	32u		/* a power of two */
/*
 * Translations that guest_walk() has made for one exit.  A processor keeps them for as long: nothing that is emulated
 * flushes its TLB, and other processors must wait for this one to answer.
 */
struct walks {
	uint64_t exit;			/* rows of other exits are free */
	struct { uint64_t exit, key, page; } kept[WALKS_KEPT];
};

/* @w was cleared before the first time. */
static inline void walks_begin(struct walks *w)
{
	w->exit++;
}

struct guest_cpu {
	uint64_t gpr[GPRS];			/* RAX and RSP too */
	uint64_t rip, rflags, cr0, cr3, cr4, efer, dr7;
	struct segment seg[GUEST_SEGMENTS];
	uint32_t pkru;			/* looked at when CR4.PKE is set */
	uint8_t cpl;			/* 0 in real mode, 3 in virtual-8086 mode */
	/*
	 * @found: the processor has translated and allowed the access that brought us here itself, to @found_at,
	 * for writing where @found_write.  Where it fits an instruction's one operand, it saves a walk.
	 */
	bool found, found_write;
	gpa_t found_at;
	struct walks *walks;		/* NULL: none are kept */
	/* What CPUID tells the guest about its paging. */
	uint8_t phys_bits;		/* MAXPHYADDR, 32 to 52 */
	bool page_1g;			/* 1 GiB pages exist */
	bool upper_g_reserved;		/* bit 8 above the page directory is reserved: AMD */
};

/* An exception to inject.  All of them are faults: RIP stays, and the pushed RFLAGS have RF set. */
struct guest_fault {
	uint8_t vector;
	bool has_error;		/* an error code is pushed: never in real mode */
	uint32_t error;
	uint64_t cr2;		/* for VECTOR_PF alone */
};

/* What the functions of this folder return.  Must be checked. */
enum guest_status {
	GUEST_OK = 0,
	GUEST_FAULT = -1,	/* the guest gets the exception that was filled in */
	GUEST_AGAIN = -2,	/* nothing was done: let the guest execute the instruction again */
	GUEST_REFUSED = -3,	/* as GUEST_FAULT, with #GP(0), and worth a counter */
};

static inline bool guest_protected(const struct guest_cpu *cpu)
{
	return cpu->cr0 & CR0_PE && !(cpu->rflags & RFLAGS_VM);
}

static inline bool guest_long64(const struct guest_cpu *cpu)
{
	return cpu->efer & EFER_LMA && cpu->seg[SEG_CS].attributes & SEGMENT_LONG;
}

/* Fill @fault with @vector and the error code 0 where the vector has one. */
static inline int guest_raise(const struct guest_cpu *cpu, uint8_t vector,
			      struct guest_fault *fault)
{
	*fault = (struct guest_fault) {
		.vector = vector,
		.has_error = cpu->cr0 & CR0_PE && vector != VECTOR_UD,
	};
	return GUEST_FAULT;
}

#endif
