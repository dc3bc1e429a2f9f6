/*
 * cluster.c - what a driver does between two accesses to a device, without letting the guest run for it
 */
#include "hv/guest/cluster.h"

#include <stddef.h>

#include "hv/guest/decoded.h"
#include "hv/guest/emulate.h"
#include "hv/guest/insn.h"
#include "hv/guest/segment.h"
#include "hv/guest/walk.h"

#define PLACES		256u	/* in the guest's code; a power of two */
#define WAIT_MAX	128u

/* What the processor has fetched ahead: all its own writes are seen in it. */
struct code {
	uint64_t at;		/* linear */
	gpa_t gpa;
	unsigned count;
	const uint8_t *byte;
	uint8_t space[FETCH_BYTES];
};

/* An access that none follows is tried again after a while, each time after twice as many. */
struct place {
	uint64_t rip;
	uint8_t skip;		/* so many times not */
	uint8_t wait;		/* what @skip becomes when it was in vain */
};

static struct place places[PLACES];

static struct place *place_of(uint64_t rip)
{
	struct place *p = &places[(rip ^ rip >> 8) % PLACES];

	if (p->rip != rip)
		*p = (struct place){ .rip = rip, .wait = 1 };
	return p;
}

bool cluster_passes(uint64_t rip)
{
	struct place *p = place_of(rip);

	if (!p->skip)
		return false;
	p->skip--;
	return true;
}

static void was_in_vain(struct place *p)
{
	p->skip = p->wait;
	p->wait = p->wait < WAIT_MAX ? 2 * p->wait : WAIT_MAX;
}

/* From RIP on, to the end of its page at most. */
static bool read_code(const struct guest_cpu *cpu, const struct guest_bus *bus, struct code *code)
{
	unsigned rest = PAGE_SIZE - cpu->rip % PAGE_SIZE;
	struct guest_fault fault;
	uint64_t linear;

	code->count = 0;
	if (guest_linear(cpu, SEG_CS, cpu->rip, 1, WALK_FETCH, &linear, &fault) ||
	    guest_walk(cpu, bus, linear, WALK_FETCH | walk_privilege(cpu), &code->gpa, &fault) ||
	    !bus->is_ram(bus->host, code->gpa))
		return false;
	rest = rest < FETCH_BYTES ? rest : FETCH_BYTES;
	if (!bus->read(bus->host, code->gpa, code->space, rest))
		return false;
	code->byte = code->space;
	code->at = cpu->rip;
	code->count = rest;
	return true;
}

static int decode(const struct code *code, uint64_t rip, const struct insn **insn)
{
	uint64_t offset = rip - code->at;

	if (offset >= code->count)
		return INSN_MORE;
	return decoded(DECODED_PLAIN, rip, code->byte + offset, code->count - (unsigned)offset, insn);
}

/* The instruction at RIP.  NULL: it is not plain, or its bytes are not all in one page of RAM. */
static const struct insn *next(const struct guest_cpu *cpu, const struct guest_bus *bus, struct code *code)
{
	const struct insn *insn;
	int verdict = decode(code, cpu->rip, &insn);

	if (verdict == INSN_MORE && read_code(cpu, bus, code))
		verdict = decode(code, cpu->rip, &insn);
	return verdict == INSN_OK ? insn : NULL;
}

/* Up to the next access, *@rip the instruction's.  False: there was none. */
static bool reach(struct guest_cpu *cpu, const struct guest_bus *bus, struct code *code, struct trail *trail, uint64_t *rip)
{
	struct plain_done done = { .device = false };

	while (trail->count < CLUSTER_INSNS && !done.device) {
		const struct insn *insn = next(cpu, bus, code);
		struct trail_step *step = &trail->step[trail->count++];

		*rip = cpu->rip;
		if (!insn || !guest_plain(cpu, bus, insn, &done))
			return false;
		*step = (struct trail_step){ *rip, done.linear, done.gpa, done.device, done.store };
		if (done.wrote && (done.gpa.a ^ code->gpa.a) < PAGE_SIZE)
			code->count = 0;
	}
	return done.device;
}

/* A kernel, as drivers are part of one. */
static bool may_go_on(const struct guest_cpu *cpu)
{
	return guest_long64(cpu) && cpu->cpl == 0 && !(cpu->rflags & RFLAGS_TF) && !(cpu->dr7 & DR7_ENABLED);
}

unsigned guest_cluster(struct guest_cpu *cpu, const struct guest_bus *bus, const struct fetch *fetch, uint64_t from,
		       bool (*unwelcome)(void *host), struct trail *trail)
{
	struct code code;
	unsigned reached = 0, count = 0;

	trail->count = 0;
	if (!may_go_on(cpu))
		return 0;
	code.at = from;
	code.gpa = fetch->gpa;
	code.count = fetch->in_page ? fetch->count : 0;
	code.byte = fetch->byte;
	cpu->found = false;		/* it was the operand of the access that is done */
	while (trail->count < CLUSTER_INSNS && !unwelcome(bus->host)) {
		struct place *p = place_of(from);

		if (cluster_passes(from))
			break;
		if (!reach(cpu, bus, &code, trail, &from)) {
			was_in_vain(p);
			break;
		}
		p->wait = 1;
		reached++;
		count = trail->count;
	}
	trail->count = count;
	return reached;
}
