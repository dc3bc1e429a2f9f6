/*
 * segment.c - segment and offset to linear address, with the checks that come before paging
 */
#include "hv/guest/segment.h"
#include "hv/guest/walk.h"

#define CANONICAL_HALF	(UINT64_C(1) << 47)

/* Bits 63 to 47 (56 with five levels) are equal. */
static bool canonical(const struct guest_cpu *cpu, uint64_t linear)
{
	unsigned shift = cpu->cr4 & CR4_LA57 ? 56 : 47;
	uint64_t top = linear >> shift;

	return top == 0 || top == UINT64_MAX >> shift;
}

uint64_t guest_linear_add(const struct guest_cpu *cpu, uint64_t linear, uint64_t bytes)
{
	return guest_long64(cpu) ? linear + bytes : (linear + bytes) & UINT32_MAX;
}

/* May the descriptor's type be used so?  Real and virtual-8086 mode do not look at it. */
static bool type_allows(const struct segment *s, unsigned access)
{
	if (!(s->attributes & SEGMENT_PRESENT))
		return false;
	if (access & WALK_FETCH)
		return true;
	if (s->attributes & SEGMENT_CODE)
		return !(access & WALK_WRITE) && s->attributes & SEGMENT_READABLE;
	return !(access & WALK_WRITE) || s->attributes & SEGMENT_WRITABLE;
}

static bool inside(const struct segment *s, uint64_t first, uint64_t last, unsigned access)
{
	bool down = !(s->attributes & SEGMENT_CODE) && s->attributes & SEGMENT_EXPAND_DOWN;
	uint32_t top = s->attributes & SEGMENT_BIG ? UINT32_MAX : UINT16_MAX;

	if (down && !(access & WALK_FETCH))
		return first > s->limit && last <= top;
	return last <= s->limit;
}

/* CR0.AM and EFLAGS.AC make the processor strict in user mode. */
static bool misaligned(const struct guest_cpu *cpu, uint64_t linear, unsigned size)
{
	return cpu->cpl == 3 && cpu->cr0 & CR0_AM && cpu->rflags & RFLAGS_AC &&
	       linear & (size - 1);
}

int guest_linear(const struct guest_cpu *cpu, enum seg seg, uint64_t offset, unsigned size,
		 unsigned access, uint64_t *linear, struct guest_fault *fault)
{
	const struct segment *s = &cpu->seg[seg];
	bool ok;

	/* nearly always: a kernel's, below the lower half's end or above the upper one's begin whatever the levels */
	if (cpu->cpl == 0 && seg < SEG_FS && guest_long64(cpu) && (offset + (size - 1) + CANONICAL_HALF) >> 48 == 0 &&
	    (offset + CANONICAL_HALF) >> 48 == 0) {
		*linear = offset;
		return GUEST_OK;
	}
	if (guest_long64(cpu)) {
		*linear = offset + (seg == SEG_FS || seg == SEG_GS ? s->base : 0);
		/* the end too: AMD's processors look at it before they look whether it is aligned, Intel's behind that */
		ok = canonical(cpu, *linear) && canonical(cpu, *linear + size - 1);
	} else {
		*linear = (s->base + offset) & UINT32_MAX;
		ok = (!guest_protected(cpu) || type_allows(s, access)) &&
		     inside(s, offset, offset + size - 1, access);
	}
	if (ok && misaligned(cpu, *linear, size))
		return guest_raise(cpu, VECTOR_AC, fault);
	return ok ? GUEST_OK : guest_raise(cpu, seg == SEG_SS ? VECTOR_SS : VECTOR_GP, fault);
}
