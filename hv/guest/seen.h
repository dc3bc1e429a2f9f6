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
#include "hv/guest/walk.h"

#define SEEN_ROWS	64u		/* a power of two */
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

/* The page's byte at @at, to be read up to the page's end; NULL: it is not to be had now. */
typedef const void *seen_view_fn(void *host, gpa_t at);
typedef void seen_mmio_fn(void *host, gpa_t at, unsigned size, bool write, uint64_t *value);

/*
 * The instruction at @rip, as @fetch has it, was @insn, an access that ended well: keep it where it is of the kind that
 * can be done again.  @cpu as it was before it but for what instructions of a kernel change.
 */
void seen_keep(const struct guest_cpu *cpu, uint64_t rip, const struct fetch *fetch, const struct insn *insn);

static inline struct seen *seen_row(uint64_t rip)
{
	return &seen_rows[(rip ^ rip >> 6) % SEEN_ROWS];
}

static inline uint64_t seen_word(const void *at)
{
	return *(const volatile uint64_t *)at;
}

/* Is the code where it was, and is it the same? */
static inline __attribute__((always_inline)) bool seen_same_code(const struct seen *s, uint64_t cr3, seen_view_fn *view, void *host)
{
	gpa_t at = { (cr3 & s->root_mask) | s->step[0].gpa.a % PAGE_SIZE };
	const uint8_t *code;
	uint64_t word[2];

	for (uint32_t i = 0; i < s->steps; at = s->step[++i].gpa) {
		const void *entry = view(host, at);

		if (!entry || seen_word(entry) != s->step[i].entry)
			return false;
	}
	code = view(host, s->code);
	if (!code)
		return false;
	__builtin_memcpy(word, code, sizeof(word));
	return !(((word[0] ^ s->bytes[0]) & s->mask[0]) | ((word[1] ^ s->bytes[1]) & s->mask[1]));
}

static inline bool seen_stores(const struct insn *insn)
{
	return insn->form != INSN_REG_MEM;
}

/* Can @at, which the processor found, be the operand's address? */
static inline bool seen_operand(const struct insn *insn, const uint64_t gpr[GPRS], uint64_t rip, gpa_t at)
{
	uint64_t address = insn->displacement;

	if (insn->base == INSN_RIP)
		address += rip + insn->length;
	else if (insn->base != INSN_NO_REG)
		address += gpr[insn->base];
	if (insn->index != INSN_NO_REG)
		address += gpr[insn->index] << insn->scale;
	return (address ^ at.a) % PAGE_SIZE == 0 && at.a % insn->size == 0 &&
	       (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

/*
 * The instruction that made the access to @at, a @write or not; NULL: who knows.  All of it lies in one page, is
 * aligned, and carrying it out is all that is left to do.
 */
static inline __attribute__((always_inline)) const struct insn *
seen_find(const struct vcpu_brief *b, const uint64_t gpr[GPRS], gpa_t at, bool write, seen_view_fn *view, void *host)
{
	const struct seen *s = seen_row(b->rip);

	if (!s->steps || s->rip != b->rip || s->cr0 != b->cr0 || s->cr4 != b->cr4 || s->efer != b->efer ||
	    s->cs_attributes != b->cs_attributes || b->cpl || b->rflags & RFLAGS_TF)
		return NULL;
	if (seen_stores(&s->insn) != write || !seen_operand(&s->insn, gpr, b->rip, at) || !seen_same_code(s, b->cr3, view, host))
		return NULL;
	return &s->insn;
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

#endif
