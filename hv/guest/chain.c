/*
 * chain.c - which ways from access to access can be gone again, and what decides over them
 */
#include "hv/guest/chain.h"

#include <stddef.h>

#define PIECE	(CHAIN_BYTES / 2)	/* of code, in one reading */
#define PTE_U	(UINT64_C(1) << 2)

struct chain chains[CHAINS];

/* AH, CH, DH or BH; an immediate has no such register. */
static bool is_high(const struct insn *insn)
{
	return insn->high_byte && insn->form != INSN_MEM_IMM;
}

/* In registers alone, of as many bytes as leave nothing of them as it was. */
static bool is_of_registers(const struct insn *insn)
{
	bool whole = insn->size == 4 || insn->size == 8, compares = insn->op == INSN_CMP || insn->op == INSN_TEST;

	if (insn->memory || is_high(insn) || insn->rm_high_byte)
		return false;
	switch (insn->op) {
	case INSN_MOV:
		return insn->form == INSN_REG_MEM ? insn->reg_size >= 4 : whole;
	case INSN_SHL: case INSN_SHR: case INSN_SAR:
		return whole;
	default:
		return insn->op <= INSN_TEST && (whole || compares);
	}
}

/* Reads RAM or a device, or writes a device: whole registers. */
static bool is_of_memory(const struct insn *insn, const struct trail_step *t)
{
	bool whole = insn->size == 4 || insn->size == 8, compares = insn->op == INSN_CMP || insn->op == INSN_TEST;

	if (!insn->memory || insn->segment >= SEG_FS || insn->address_size != 8 || is_high(insn))
		return false;
	if (t->device)
		return insn->op == INSN_MOV && whole && (insn->form != INSN_REG_MEM || insn->reg_size == insn->size);
	if (insn->op == INSN_MOV)
		return insn->form == INSN_REG_MEM && insn->reg_size >= 4;
	return insn->op <= INSN_TEST && (compares || (insn->form == INSN_REG_MEM && whole));
}

static bool can_be_done_again(const struct insn *insn, const struct trail_step *t)
{
	switch (insn->op) {
	case INSN_JMP: case INSN_JCC: case INSN_PUSH: case INSN_NOP:
		return true;
	case INSN_LEA:
		return insn->reg_size >= 4 && insn->address_size == 8;
	default:
		return is_of_registers(insn) || is_of_memory(insn, t);
	}
}

/* What @insn does to its operand in memory; of the kinds that can be done again. */
static bool writes(const struct insn *insn)
{
	return insn->op == INSN_PUSH || (insn->op == INSN_MOV && insn->memory && insn->form != INSN_REG_MEM);
}

/* A page that user mode may reach depends on more than the entries. */
static bool is_users(const struct chain_way *w)
{
	uint64_t all = PTE_U;

	for (uint32_t i = 0; i < w->steps; i++)
		all &= w->step[i].entry;
	return all;
}

static bool is_way(const struct chain_way *w, const struct trail_step *t)
{
	return !((w->linear ^ t->linear) / PAGE_SIZE) && w->device == t->device && (w->write || !t->write);
}

/* The way to the step's operand, one that is there or a new one.  False: it is not known how it was found. */
static bool way_of(struct chain *c, const struct guest_cpu *cpu, const struct trail_step *t, unsigned *ways, uint8_t *way)
{
	struct chain_way *w;

	for (*way = 0; *way < *ways; (*way)++) {
		if (is_way(&c->way[*way], t))
			return true;
	}
	if (*ways == CHAIN_WAYS)
		return false;
	w = &c->way[*way];
	*w = (struct chain_way){ .linear = t->linear, .gpa = { t->gpa.a & ~(uint64_t)(PAGE_SIZE - 1) },
				 .write = t->write, .device = t->device };
	w->steps = guest_walk_steps(cpu, t->linear, t->write ? WALK_WRITE : 0, t->gpa, w->step);
	(*ways)++;
	return w->steps && !is_users(w);
}

static void mask_bytes(struct chain *c, unsigned from, unsigned count)
{
	for (unsigned i = from; i < from + count; i++)
		((uint8_t *)c->mask)[i] = 0xff;
}

/*
 * One more link, of what stands in the chain's words.  False: it cannot be one.  The code may have changed since @t was
 * carried out, by the cluster itself too: rights to read are none to write.
 */
static bool add_link(struct chain *c, const struct guest_cpu *cpu, uint64_t rip, const struct trail_step *t, unsigned *ways)
{
	struct chain_link *l = &c->link[c->links];
	uint64_t offset = t->rip - rip;
	unsigned rest;

	if (offset >= CHAIN_BYTES)
		return false;
	rest = CHAIN_BYTES - (unsigned)offset;
	if (insn_decode_plain((const uint8_t *)c->word + offset, rest < INSN_BYTES_MAX ? rest : INSN_BYTES_MAX, &l->insn))
		return false;
	l->offset = (uint8_t)offset;
	l->way = 0;
	if (!can_be_done_again(&l->insn, t) || writes(&l->insn) != t->write ||
	    ((l->insn.memory || l->insn.op == INSN_PUSH) && l->insn.op != INSN_LEA && !way_of(c, cpu, t, ways, &l->way)))
		return false;
	mask_bytes(c, l->offset, l->insn.length);
	c->links++;
	return true;
}

void chain_forget(uint64_t rip)
{
	struct chain *c = chain_of(rip);

	if (c->rip == rip)
		c->links = 0;
}

/* Its own, or one without links, or the second: of three that share the two, one stays. */
static struct chain *chain_for(uint64_t rip)
{
	struct chain *c = chain_of(rip), *first = &chains[chain_first(rip)];

	if (c->rip == rip)
		return c;
	if (c->links && !first->links)
		c = first;
	c->rip = rip;
	c->links = c->vain = c->wait = 0;
	return c;
}

void chain_keep(const struct guest_cpu *cpu, const struct guest_bus *bus, const struct fetch *fetch,
		const struct insn *insn, uint64_t rip, uint64_t linear, const struct trail *trail)
{
	const gpa_t behind = { fetch->gpa.a + PIECE };
	struct chain *c = chain_for(rip);
	unsigned ways = 1;

	c->links = 0;
	if (c->vain) {
		c->vain--;
		return;
	}
	c->vain = c->wait;
	c->wait = c->wait < CHAIN_WAIT ? 2 * c->wait + 1 : CHAIN_WAIT;
	if (rip % PAGE_SIZE > PAGE_SIZE - CHAIN_BYTES || trail->count > CLUSTER_INSNS ||
	    !bus->read(bus->host, fetch->gpa, c->word, PIECE) || !bus->read(bus->host, behind, &c->word[CHAIN_WORDS / 2], PIECE))
		return;
	__builtin_memset(c->mask, 0, sizeof(c->mask));
	c->way[0] = (struct chain_way){ .linear = linear, .write = writes(insn), .device = true };
	for (unsigned i = 0; i < trail->count; i++) {
		if (!add_link(c, cpu, rip, &trail->step[i], &ways)) {
			c->links = 0;
			return;
		}
	}
	c->vain = c->wait = 0;
}
