/*
 * fetch.c - the guest's next instruction, read once and decoded
 */
#include "hv/guest/fetch.h"

#include <stddef.h>

#include "hv/guest/decoded.h"
#include "hv/guest/segment.h"
#include "hv/guest/walk.h"

static enum insn_mode mode_of(const struct guest_cpu *cpu)
{
	if (guest_long64(cpu))
		return INSN_64;
	return cpu->seg[SEG_CS].attributes & SEGMENT_BIG ? INSN_32 : INSN_16;
}

/* How many bytes can be read at @offset of CS, @linear, before segment or page ends: at least 1. */
static unsigned run_length(const struct guest_cpu *cpu, uint64_t offset, uint64_t linear,
			   unsigned most)
{
	uint64_t page = PAGE_SIZE - linear % PAGE_SIZE;
	uint64_t segment = cpu->seg[SEG_CS].limit - offset + 1;

	if (!guest_long64(cpu) && most > segment)
		most = segment;
	return most > page ? page : most;
}

/* More bytes: to the end of the page, not further. */
static int read_more(const struct guest_cpu *cpu, const struct guest_bus *bus, struct fetch *fetch,
		     struct guest_fault *fault)
{
	uint64_t offset = guest_linear_add(cpu, cpu->rip, fetch->count);
	uint64_t linear;
	unsigned run;
	gpa_t gpa;
	int status;

	status = guest_linear(cpu, SEG_CS, offset, 1, WALK_FETCH, &linear, fault);
	if (status)
		return status;
	status = guest_walk(cpu, bus, linear, WALK_FETCH | walk_privilege(cpu), &gpa, fault);
	if (status)
		return status;
	run = run_length(cpu, offset, linear, FETCH_BYTES - fetch->count);
	if (!bus->is_ram(bus->host, gpa) ||
	    !bus->read(bus->host, gpa, fetch->byte + fetch->count, run)) {
		guest_raise(cpu, VECTOR_GP, fault);
		return GUEST_REFUSED;
	}
	fetch->in_page = fetch->count == 0;
	fetch->gpa = gpa;
	fetch->count += run;
	return GUEST_OK;
}

/* What is in memory, decoded as far as it is known. */
static int decode(const struct guest_cpu *cpu, const struct fetch *fetch, struct insn *insn)
{
	const struct insn *known;
	int verdict;

	if (!fetch->count)
		return INSN_MORE;
	verdict = decoded((enum decoded_by)mode_of(cpu), cpu->rip, fetch->byte, fetch->count, &known);
	if (verdict == INSN_OK)
		*insn = *known;
	return verdict;
}

int guest_fetch(const struct guest_cpu *cpu, const struct guest_bus *bus, struct fetch *fetch,
		struct insn *insn, struct guest_fault *fault)
{
	int verdict, status;

	/* each reading but the first begins in another page: there are two at most */
	do {
		verdict = decode(cpu, fetch, insn);
		status = verdict == INSN_MORE ? read_more(cpu, bus, fetch, fault) : GUEST_OK;
		if (status)
			return status;
	} while (verdict == INSN_MORE);
	switch (verdict) {
	case INSN_OK:
		return GUEST_OK;
	case INSN_INVALID:
		return guest_raise(cpu, VECTOR_UD, fault);
	case INSN_TOO_LONG:
		return guest_raise(cpu, VECTOR_GP, fault);
	default:
		guest_raise(cpu, VECTOR_GP, fault);
		return GUEST_REFUSED;
	}
}
