/*
 * seen.h - device accesses that were carried out before, found by where they stand and by all that made them what they were
 *
 * A driver's access comes again from the same instruction, through the same entries of page tables, whatever process
 * runs.  Where each entry on the way to its code, its bytes and the registers that decide over both are what they were, it
 * is the same instruction: it need be neither walked to, nor fetched, nor decoded.  Everything is compared at each access,
 * nothing is taken on trust.
 *
 * For a kernel's plain MOV of 4 or 8 bytes in 64-bit code whose operand the processor has translated itself.  Inline,
 * with functions that are known where they are called: this is what most exits run.
 */
#ifndef HV_GUEST_SEEN_H
#define HV_GUEST_SEEN_H

#include <stddef.h>

#include "hv/guest/fetch.h"
#include "hv/guest/gstate.h"
#include "hv/guest/insn.h"
#include "hv/guest/chain.h"
#include "hv/guest/registers.h"
#include "hv/guest/step.h"

#define SEEN_SHIFT	7u
#define SEEN_ROWS	(1u << SEEN_SHIFT)
#define SEEN_CODE	16u		/* bytes that are compared, as two words */

struct seen {
	uint64_t rip;
	uint64_t cr0, cr4, efer;
	uint64_t root_mask;		/* the bits of CR3 that are the root's address; its entry is the first step's */
	uint32_t steps;			/* of the walk to the code; 0: a free row */
	uint16_t cs_attributes;
	struct walk_step step[WALK_LEVELS_MAX + 1];	/* the last is none */
	gpa_t code;
	uint64_t bytes[2], mask[2];	/* @mask: which of them are the instruction's */
	struct insn insn;
};

extern struct seen seen_rows[SEEN_ROWS];	/* under the guest lock */

typedef void seen_mmio_fn(void *host, gpa_t at, unsigned size, bool write, uint64_t *value);

/*
 * The instruction at @rip, as @fetch has it, was @insn, an access that ended well: keep it where it is of the kind that
 * can be done again.  @cpu as it was before it but for what instructions of a kernel change.  Returns whether it was.
 */
bool seen_keep(const struct guest_cpu *cpu, uint64_t rip, const struct fetch *fetch, const struct insn *insn);

/* The first of the two rows where it can be; the other one is next to it, with the lowest bit another. */
static inline unsigned seen_first(uint64_t rip)
{
	return rip * UINT64_C(0x9e3779b97f4a7c15) >> (64 - SEEN_SHIFT);
}

static inline struct seen *seen_row(uint64_t rip)
{
	unsigned first = seen_first(rip);

	return &seen_rows[seen_rows[first].rip == rip ? first : first ^ 1];
}

/* Is the code where it was, and is it the same?  @code then is its place. */
static inline __attribute__((always_inline)) bool seen_same_code(const struct seen *s, uint64_t cr3, view_fn *view, void *host,
								 const void **code)
{
	uint64_t word[2];

	if (!step_same(s->step, s->steps, cr3 & s->root_mask, view, host))
		return false;
	*code = view(host, s->code);
	if (!*code)
		return false;
	__builtin_memcpy(word, *code, sizeof(word));
	return !(((word[0] ^ s->bytes[0]) & s->mask[0]) | ((word[1] ^ s->bytes[1]) & s->mask[1]));
}

static inline bool seen_stores(const struct insn *insn)
{
	return insn->form != INSN_REG_MEM;
}

/* Can @at, which the processor found, be the operand's address, @linear? */
static inline bool seen_operand(const struct insn *insn, uint64_t linear, gpa_t at)
{
	return (linear ^ at.a) % PAGE_SIZE == 0 && at.a % insn->size == 0 && step_canonical(linear);
}

/* An access that was found again. */
struct seen_access {
	const struct seen *seen;
	uint64_t linear;	/* of its operand */
	const void *code;	/* where it stands, until another page is looked at */
};

/*
 * The instruction that made the access to @at, a @write or not; false: who knows.  All of it lies in one page, is
 * aligned, and carrying it out is all that is left to do.
 */
static inline __attribute__((always_inline)) bool
seen_find(const struct vcpu_brief *b, const uint64_t gpr[GPRS], gpa_t at, bool write, view_fn *view, void *host,
	  struct seen_access *a)
{
	const struct seen *s = seen_row(b->rip);

	if (!s->steps || s->rip != b->rip || s->cr0 != b->cr0 || s->cr4 != b->cr4 || s->efer != b->efer ||
	    s->cs_attributes != b->cs_attributes || b->cpl || b->rflags & RFLAGS_TF)
		return false;
	a->seen = s;
	a->linear = insn_address(&s->insn, gpr, b->rip);
	return seen_stores(&s->insn) == write && seen_operand(&s->insn, a->linear, at) &&
	       seen_same_code(s, b->cr3, view, host, &a->code);
}

/* Is there a way to go on that was gone before?  Nobody steps through it or has set breakpoints. */
static inline __attribute__((always_inline)) bool seen_goes_on(const struct vcpu_brief *b, const struct seen_access *a)
{
	const struct chain *c = chain_of(b->rip);

	return c->rip == b->rip && c->links && !(b->dr7 & DR7_ENABLED) && chain_same_code(c, a->code);
}

/* What seen_find() found, with the access itself by @mmio. */
static inline __attribute__((always_inline)) void seen_carry_out(const struct insn *insn, uint64_t gpr[GPRS], gpa_t at,
								 seen_mmio_fn *mmio, void *host)
{
	uint64_t mask = insn->size == 8 ? UINT64_MAX : UINT32_MAX, value = 0;

	if (seen_stores(insn))
		value = (insn->form == INSN_MEM_IMM ? insn->immediate : gpr[insn->reg]) & mask;
	mmio(host, at, insn->size, seen_stores(insn), &value);
	if (!seen_stores(insn))
		gpr[insn->reg] = value & mask;
}

/*
 * What seen_find() found, and then the way that seen_goes_on() has found.  @b: RIP and RFLAGS are behind it then.  Returns
 * how many more accesses there were.
 */
static inline __attribute__((always_inline)) unsigned
seen_go_on(const struct seen_access *a, struct vcpu_brief *b, uint64_t gpr[GPRS], gpa_t at, const struct chain_host *host)
{
	const struct seen *s = a->seen;
	struct chain *c = chain_of(b->rip);
	const struct chain_at first = { b->rip, b->cr3, s->root_mask, a->linear, at, s->code };

	b->rip += s->insn.length;
	seen_carry_out(&s->insn, gpr, at, host->bus->mmio, host->bus->host);
	return host->unwelcome(host->bus->host) ? 0 : chain_go_on(c, &first, gpr, &b->rip, &b->rflags, host);
}

#endif
