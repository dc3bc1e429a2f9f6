/*
 * sim_ahci_fault.c - what a test makes go wrong with the simulated controller, and what it asks of the drives
 */
#include "replay/sim_ahci_parts.h"

struct sim_ahci_faults *sim_ahci_faults(struct sim_ahci *s)
{
	return &s->faults;
}

unsigned sim_ahci_count(const struct sim_ahci *s, unsigned port, uint8_t command)
{
	return s->port[port].drive.count[command];
}

unsigned sim_ahci_count_opcode(const struct sim_ahci *s, unsigned port, uint8_t opcode)
{
	return s->port[port].drive.opcode[opcode];
}

void sim_ahci_lie(struct sim_ahci *s, unsigned port, uint32_t ci, uint32_t sact, uint32_t is)
{
	struct sim_port *p = &s->port[port];

	sim_port_forget(p, ci | sact);
	p->ci &= ~ci;
	p->sact &= ~sact;
	p->tfd &= ~(uint32_t)STATUS_BSY;
	sim_port_raise(p, is);
}

void sim_ahci_plug(struct sim_ahci *s, unsigned port, bool there)
{
	struct sim_port *p = &s->port[port];

	sim_port_link_down(p);
	p->drive.c.there = there;
	p->serr |= SIM_SERR_X | SIM_SERR_N;
	sim_port_raise(p, 0);
	sim_port_link_up(p);
}
