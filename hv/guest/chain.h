/*
 * chain.h - what a driver did behind an access that was seen before, up to the next ones, done again without decoding
 *
 * guest/cluster.c finds the way from access to access with all it takes: walks, fetches, decoding.  Where it comes by
 * again from the same access, the same bytes stand at the same place, and its operands' pages are found through the same
 * entries, nothing but the instructions themselves is left to do, as far as the guest goes the same way.  All of it is
 * compared, as in seen.h; where something is not what it was, the processor goes on by itself from there.
 */
#ifndef HV_GUEST_CHAIN_H
#define HV_GUEST_CHAIN_H

#include "hv/guest/cluster.h"
#include "hv/guest/registers.h"
#include "hv/guest/step.h"

#define CHAINS_SHIFT	5u
#define CHAINS		(1u << CHAINS_SHIFT)
#define CHAIN_WORDS	16u	/* of code, from the first access on, in its page */
#define CHAIN_BYTES	(8 * CHAIN_WORDS)
#define CHAIN_WAYS	6u
#define CHAIN_VAIN	8u	/* so often in succession without another access: it is learnt anew */
#define CHAIN_WAIT	63u	/* where none can be made, it is tried again after up to so many clusters */

/* A page of operands, and how it is found. */
struct chain_way {
	uint64_t linear;
	gpa_t gpa;
	bool write, device;
	uint32_t steps;		/* 0: the first access's page, found by the processor each time */
	struct walk_step step[WALK_LEVELS_MAX + 1];
};

struct chain_link {
	uint8_t offset;		/* behind the first access's beginning */
	uint8_t way;		/* of the memory operand */
	struct insn insn;
};

struct chain {
	uint64_t rip;		/* of the first access */
	uint32_t links;		/* 0: none; the last is an access */
	uint32_t vain;		/* so often without another access; with no links: so often it is not tried, */
	uint32_t wait;		/* and the next time so often */
	uint64_t word[CHAIN_WORDS], mask[CHAIN_WORDS];	/* @mask: the bytes of its instructions */
	struct chain_link link[CLUSTER_INSNS];
	struct chain_way way[CHAIN_WAYS];
};

extern struct chain chains[CHAINS];	/* under the guest lock */

/* The first of the two places where it can be; the other one is next to it, with the lowest bit another. */
static inline unsigned chain_first(uint64_t rip)
{
	return rip * UINT64_C(0x9e3779b97f4a7c15) >> (64 - CHAINS_SHIFT);
}

/* Its own, or another's. */
static inline struct chain *chain_of(uint64_t rip)
{
	unsigned first = chain_first(rip);

	return &chains[chains[first].rip == rip ? first : first ^ 1];
}

/* Who runs one: all but @bus known where it is called. */
struct chain_host {
	const struct guest_bus *bus;
	view_fn *view;
	bool (*unwelcome)(void *host);
};

/* The first access, and where the guest stands. */
struct chain_at {
	uint64_t rip, cr3, root_mask;
	uint64_t linear;	/* of the first access */
	gpa_t gpa;
	gpa_t code;
};

/* The access at @rip is learnt anew: what was known to follow is not. */
void chain_forget(uint64_t rip);
/*
 * The access @insn, which stands in @fetch at @rip, to @linear, went on as @trail has it: make a chain of it, if it is of
 * the kind that can be done again.  @cpu as for seen_keep(), which has just kept the access.  What it has written is
 * asked of @insn, not of the exit: the code may have changed between the two.
 */
void chain_keep(const struct guest_cpu *cpu, const struct guest_bus *bus, const struct fetch *fetch,
		const struct insn *insn, uint64_t rip, uint64_t linear, const struct trail *trail);

/* Does its code stand in the page still?  @code: at the first access. */
static inline __attribute__((always_inline)) bool chain_same_code(const struct chain *c, const void *code)
{
	const uint64_t *word = code;
	uint64_t other = 0;

	for (unsigned i = 0; i < CHAIN_WORDS; i++) {
		uint64_t now;

		__builtin_memcpy(&now, word + i, sizeof(now));
		other |= (now ^ c->word[i]) & c->mask[i];
	}
	return !other;
}

/* One run of a chain. */
struct chain_run {
	const struct chain_host *host;
	struct chain *chain;
	const struct chain_at *at;
	uint64_t *gpr;
	uint64_t rip, rflags;
	uint32_t known;		/* ways that were compared, as bits */
	bool reached;		/* this instruction was an access */
};

/* Where @size bytes at @linear are, as the link's way has it. */
static inline __attribute__((always_inline)) bool chain_find(struct chain_run *r, const struct chain_link *l, uint64_t linear,
							     unsigned size, gpa_t *gpa)
{
	const struct chain_way *w = &r->chain->way[l->way];
	void *host = r->host->bus->host;

	if ((linear ^ w->linear) / PAGE_SIZE || linear & (size - 1))
		return false;
	if (!(r->known >> l->way & 1)) {
		if (!step_same(w->step, w->steps, r->at->cr3 & r->at->root_mask, r->host->view, host))
			return false;
		r->known |= 1u << l->way;
	}
	gpa->a = w->gpa.a | linear % PAGE_SIZE;
	return r->host->bus->is_ram(host, *gpa) != w->device;
}

static inline __attribute__((always_inline)) bool chain_load(struct chain_run *r, const struct chain_link *l, uint64_t *value)
{
	const struct insn *insn = &l->insn;
	const void *at;
	gpa_t gpa;

	if (!chain_find(r, l, insn_address(insn, r->gpr, r->rip), insn->size, &gpa))
		return false;
	if (r->chain->way[l->way].device) {
		*value = 0;
		r->host->bus->mmio(r->host->bus->host, gpa, insn->size, false, value);
		r->reached = true;
		return true;
	}
	at = r->host->view(r->host->bus->host, gpa);
	if (!at)
		return false;
	switch (insn->size) {
	case 1:
		*value = *(const volatile uint8_t *)at;
		break;
	case 2:
		*value = *(const volatile uint16_t *)at;
		break;
	case 4:
		*value = *(const volatile uint32_t *)at;
		break;
	default:
		*value = *(const volatile uint64_t *)at;
	}
	return true;
}

static inline uint64_t chain_source(const struct chain_run *r, const struct insn *insn)
{
	return insn->form == INSN_MEM_IMM ? insn->immediate : r->gpr[insn->reg];
}

static inline __attribute__((always_inline)) bool chain_move(struct chain_run *r, const struct chain_link *l)
{
	const struct insn *insn = &l->insn;
	uint64_t mask = alu_mask(insn->size), value, sign = insn->sign_extend ? UINT64_C(1) << (8 * insn->size - 1) : 0;
	gpa_t gpa;

	if (insn->form != INSN_REG_MEM) {
		value = chain_source(r, insn) & mask;
		if (!insn->memory) {
			r->gpr[insn->rm] = value;
			return true;
		}
		if (!chain_find(r, l, insn_address(insn, r->gpr, r->rip), insn->size, &gpa))
			return false;
		r->host->bus->mmio(r->host->bus->host, gpa, insn->size, true, &value);
		r->reached = true;
		return true;
	}
	if (!insn->memory)
		value = r->gpr[insn->rm];
	else if (!chain_load(r, l, &value))
		return false;
	r->gpr[insn->reg] = (((value & mask) ^ sign) - sign) & alu_mask(insn->reg_size);
	return true;
}

static inline __attribute__((always_inline)) bool chain_calculate(struct chain_run *r, const struct chain_link *l)
{
	const struct insn *insn = &l->insn;
	uint64_t value = 0, other = chain_source(r, insn), result;
	bool to_register = insn->form == INSN_REG_MEM;

	if (!insn->memory)
		value = r->gpr[insn->rm];
	else if (!chain_load(r, l, &value))
		return false;
	result = alu(insn->op, to_register ? other : value, to_register ? value : other, insn->size, &r->rflags);
	if (insn->op != INSN_CMP && insn->op != INSN_TEST)
		r->gpr[to_register ? insn->reg : insn->rm] = result;
	return true;
}

static inline __attribute__((always_inline)) bool chain_push(struct chain_run *r, const struct chain_link *l)
{
	uint64_t to = r->gpr[RSP] - 8;
	gpa_t gpa;

	if (!chain_find(r, l, to, 8, &gpa) || !((gpa.a ^ r->at->code.a) / PAGE_SIZE) ||
	    !r->host->bus->write(r->host->bus->host, gpa, &r->gpr[l->insn.reg], 8))
		return false;
	r->gpr[RSP] = to;
	return true;
}

/* False: nothing was done, it is the processor's. */
static inline __attribute__((always_inline)) bool chain_do(struct chain_run *r, const struct chain_link *l)
{
	const struct insn *insn = &l->insn;
	uint64_t next = r->rip + insn->length;
	bool ok = true;

	switch (insn->op) {
	case INSN_NOP:
		break;
	case INSN_MOV:
		ok = chain_move(r, l);
		break;
	case INSN_JCC:
		if (!alu_holds(insn->condition, r->rflags))
			break;
		/* fall through */
	case INSN_JMP:
		next += insn->immediate;
		ok = step_canonical(next);
		break;
	case INSN_PUSH:
		ok = chain_push(r, l);
		break;
	case INSN_LEA:
		r->gpr[insn->reg] = insn_address(insn, r->gpr, r->rip) & alu_mask(insn->reg_size);
		break;
	case INSN_SHL: case INSN_SHR: case INSN_SAR:
		r->gpr[insn->rm] = alu_shift(insn->op, r->gpr[insn->rm], chain_source(r, insn), insn->size, &r->rflags);
		break;
	default:
		ok = chain_calculate(r, l);
	}
	if (ok)
		r->rip = next;
	return ok;
}

/*
 * Go on behind the first access, @at, as far as the chain goes.  *@rip and *@rflags: behind it, and then behind the last
 * instruction that was carried out.  Returns how many accesses there were.
 */
static inline __attribute__((always_inline)) unsigned chain_go_on(struct chain *c, const struct chain_at *at, uint64_t gpr[GPRS],
								  uint64_t *rip, uint64_t *rflags, const struct chain_host *host)
{
	struct chain_run r = { .host = host, .chain = c, .at = at, .gpr = gpr, .rip = *rip, .rflags = *rflags, .known = 1 };
	unsigned reached = 0;

	c->way[0].linear = at->linear;
	c->way[0].gpa.a = at->gpa.a & ~(uint64_t)(PAGE_SIZE - 1);
	for (uint32_t i = 0; i < c->links; i++) {
		r.reached = false;
		if (r.rip - at->rip != c->link[i].offset || !chain_do(&r, &c->link[i]))
			break;
		reached += r.reached;
		if (r.reached && host->unwelcome(host->bus->host))
			break;
	}
	*rip = r.rip;
	*rflags = r.rflags;
	c->vain = reached ? 0 : c->vain + 1;
	if (c->vain == CHAIN_VAIN)
		c->links = 0;
	return reached;
}

#endif
