/*
 * own.c - commands of the model's own, which the guest does not see
 *
 * The controller interrupts, and only it can.  So what the model has to tell is told when a command that changes
 * nothing is done: the guest's interrupt is that command's, its PxIS bit is hidden, and those of the outcome stand
 * instead.
 */
#include "devmodel/ahci/state.h"

#include <string.h>

#define IDENTIFY_BYTES	512u

static uint8_t *pool_at(const struct port *p, uint32_t part)
{
	return p->hba->d->pool.at + p->index * POOL_STEP + part;
}

static dma_t pool_bus(const struct port *p, uint32_t part)
{
	return (dma_t){ p->hba->d->pool.bus.a + p->index * POOL_STEP + part };
}

/*
 * From now on @bits in the device's PxIS are ours.  Those that are set already are the guest's: we keep them for it.  A
 * bit that interrupts must stay set in the device until the guest has acted; another must not begin to.
 */
static void hide(struct port *p, uint32_t bits)
{
	uint32_t set = port_read(p, PxIS) & bits & ~p->is_hidden;

	if (set & ~p->ie)
		port_write(p, PxIS, set & ~p->ie);
	p->is |= set;
	p->is_hidden |= bits;
}

/* What the drive has said of a command that is to fail, alone as it was: the guest must not take it for the outcome. */
static void hide_success(struct port *p)
{
	uint32_t bits = PxIS_DHRS | PxIS_PSS | PxIS_DPS;

	port_clear_received(p);
	port_write(p, PxIS, bits);
	p->is_hidden |= bits;
}

void port_unhide(struct port *p)
{
	uint32_t clear = p->is_hidden;

	if (!clear)
		return;
	/* an interrupt that waits for the guest stays: it sees one bit more than there was */
	if (p->is & p->ie)
		clear &= PxIS_TFES;
	if (clear)
		port_write(p, PxIS, clear);
	p->is_device &= ~clear;
	p->is_hidden = 0;
	port_enable(p);
}

void port_begin(struct port *p)
{
	port_show_received(p);
	port_clear_received(p);
	p->is_old = p->is_device & PxIS_STOPS;
}

void port_nudge(struct port *p, unsigned slot)
{
	struct slot *s = &p->slot[slot];
	uint16_t flags;

	s->answer = s->state == SLOT_ANSWERED;
	s->state = SLOT_NUDGED;
	p->own &= ~(1u << slot);
	command_nudge((struct table *)pool_at(p, POOL_TABLE), &flags);
	if (port_is_awaited(p))
		hide_success(p);
	port_begin(p);
	hide(p, PxIS_DHRS);
	p->out = 1u << slot;
	port_is_out(p);
	port_enable(p);
	port_send(p, slot, false, flags, 0, pool_bus(p, POOL_TABLE));
	if (!command_is_queued(&s->c))
		port_await(p);
}

void port_identify(struct port *p)
{
	struct table *t = (struct table *)pool_at(p, POOL_TABLE);
	uint16_t flags;

	command_identify(false, t, &flags);
	prds_whole(pool_bus(p, POOL_DATA), IDENTIFY_BYTES, t->prd);
	memset(pool_at(p, POOL_DATA), 0, IDENTIFY_BYTES);
	port_begin(p);
	hide(p, PxIS_DHRS | PxIS_PSS | PxIS_TFES);
	p->identifying = p->hba->restless = true;
	port_enable(p);
	port_send(p, 0, false, flags, 1, pool_bus(p, POOL_TABLE));
}

void port_identified(struct port *p, bool failed)
{
	uint32_t come = *(volatile uint32_t *)&port_list(p)[0].prdbc;

	p->identifying = false;
	if (come > IDENTIFY_BYTES)
		hba_count(p->hba, AHCI_LIES);
	if (failed || come != IDENTIFY_BYTES || !identify_learn(pool_at(p, POOL_DATA), &p->drive))
		p->identify_failed = true;
	port_clear_received(p);
	/* the controller goes on only after a restart (section 6.2.2.1) */
	if (failed)
		port_restart(p);
	port_unhide(p);
}
