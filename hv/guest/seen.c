/*
 * seen.c - device accesses that can be done again as they were: which, and what decides over them
 */
#include "hv/guest/seen.h"

struct seen seen_rows[SEEN_ROWS];

/* Registers of 4 and 8 bytes are written as a whole. */
static bool is_plain(const struct insn *insn)
{
	bool wide = insn->size == 4 || insn->size == 8;

	if (insn->op != INSN_MOV || !insn->memory || !wide || insn->address_size != 8 || insn->segment >= SEG_FS)
		return false;
	return insn->form == INSN_MEM_IMM ||
	       ((insn->form == INSN_MEM_REG || insn->form == INSN_REG_MEM) && insn->reg_size == insn->size);
}

/* A kernel of 64 bits, its code read in one page, with as much behind it as is compared. */
static bool is_ours(const struct guest_cpu *cpu, const struct fetch *fetch)
{
	return guest_long64(cpu) && cpu->cpl == 0 && !(cpu->cr4 & CR4_LA57) && fetch->in_page &&
	       fetch->count >= SEEN_CODE;
}

/* Its own, or a free one, or the one whose turn it is. */
static struct seen *row_for(uint64_t rip)
{
	static unsigned turn;
	struct seen *s = seen_row(rip), *first = &seen_rows[seen_first(rip)];

	if (s->rip == rip || !s->steps)
		return s;
	if (!first->steps)
		return first;
	return turn++ & 1 ? first : s;
}

bool seen_keep(const struct guest_cpu *cpu, uint64_t rip, const struct fetch *fetch, const struct insn *insn)
{
	struct seen *s;

	if (!is_plain(insn) || !is_ours(cpu, fetch))
		return false;
	s = row_for(rip);
	s->steps = guest_walk_steps(cpu, rip, WALK_FETCH, fetch->gpa, s->step);
	s->rip = rip;
	s->cr0 = cpu->cr0;
	s->cr4 = cpu->cr4;
	s->efer = cpu->efer;
	s->root_mask = ((UINT64_C(1) << cpu->phys_bits) - 1) & ~(uint64_t)(PAGE_SIZE - 1);
	s->cs_attributes = cpu->seg[SEG_CS].attributes;
	s->code = fetch->gpa;
	__builtin_memcpy(s->bytes, fetch->byte, sizeof(s->bytes));
	for (unsigned i = 0; i < SEEN_CODE; i++)
		((uint8_t *)s->mask)[i] = i < insn->length ? 0xff : 0;
	s->insn = *insn;
	chain_forget(rip);
	return true;
}
