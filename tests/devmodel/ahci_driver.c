/*
 * ahci_driver.c - a small AHCI driver of the tests' own: the controller and its ports
 */
#include "tests/devmodel/ahci_driver.h"

#include <string.h>

#define LISTS		0x00100000ull	/* lists and FIS areas, ports behind each other */
#define LIST_STEP	0x1000u
#define WAIT_TICKS	600u

uint32_t ahci_driver_read(struct ahci_driver *d, uint32_t offset)
{
	uint64_t value = 0;

	d->access(d->host, offset, 4, false, &value);
	return (uint32_t)value;
}

void ahci_driver_write(struct ahci_driver *d, uint32_t offset, uint32_t value)
{
	uint64_t v = value;

	d->access(d->host, offset, 4, true, &v);
}

uint32_t ahci_driver_port_read(struct ahci_driver *d, unsigned port, uint32_t offset)
{
	return ahci_driver_read(d, PORT_AT(port) + offset);
}

void ahci_driver_port_write(struct ahci_driver *d, unsigned port, uint32_t offset, uint32_t value)
{
	ahci_driver_write(d, PORT_AT(port) + offset, value);
}

/* Wait until @mask of a register is @value. */
static bool wait_for(struct ahci_driver *d, uint32_t offset, uint32_t mask, uint32_t value)
{
	for (unsigned i = 0; i < WAIT_TICKS; i++) {
		if ((ahci_driver_read(d, offset) & mask) == value)
			return true;
		d->wait(d->host);
	}
	return false;
}

static void change(struct ahci_driver *d, unsigned port, uint32_t clear, uint32_t set)
{
	uint32_t cmd = ahci_driver_port_read(d, port, PxCMD);

	ahci_driver_port_write(d, port, PxCMD, (cmd & ~clear) | set);
}

bool ahci_driver_port_stop(struct ahci_driver *d, unsigned port)
{
	change(d, port, PxCMD_ST, 0);
	if (!wait_for(d, PORT_AT(port) + PxCMD, PxCMD_CR, 0))
		return false;
	change(d, port, PxCMD_FRE, 0);
	return wait_for(d, PORT_AT(port) + PxCMD, PxCMD_FR, 0);
}

static void forget_slots(struct ahci_driver *d, unsigned port)
{
	for (unsigned i = 0; i < SLOTS; i++)
		d->port[port].slot[i].state = DRIVER_FREE;
}

static bool comreset(struct ahci_driver *d, unsigned port)
{
	uint32_t at = PORT_AT(port);

	ahci_driver_write(d, at + PxSCTL, (ahci_driver_read(d, at + PxSCTL) & ~SCTL_DET) | 1);
	d->wait(d->host);
	ahci_driver_write(d, at + PxSCTL, ahci_driver_read(d, at + PxSCTL) & ~SCTL_DET);
	for (unsigned i = 0; i < 10; i++) {
		if ((ahci_driver_read(d, at + PxSSTS) & 15) == 3)
			return true;
		d->wait(d->host);
	}
	return false;
}

bool ahci_driver_port_start(struct ahci_driver *d, unsigned port, bool keep)
{
	struct ahci_driver_port *p = &d->port[port];
	uint32_t at = PORT_AT(port);

	*p = (struct ahci_driver_port){ 0 };
	p->list = (d->c.high ? 1ull << 32 : 0) + LISTS + port * LIST_STEP;
	p->received = p->list + LIST_BYTES;
	memset(d->memory(d->host, p->list, LIST_STEP), 0, LIST_STEP);
	if (!ahci_driver_port_stop(d, port))
		return false;
	ahci_driver_write(d, at + PxCLB, (uint32_t)p->list);
	ahci_driver_write(d, at + PxCLBU, (uint32_t)(p->list >> 32));
	ahci_driver_write(d, at + PxFB, (uint32_t)p->received);
	ahci_driver_write(d, at + PxFBU, (uint32_t)(p->received >> 32));
	change(d, port, 0, PxCMD_FRE | PxCMD_SUD);
	p->there = keep ? (ahci_driver_read(d, at + PxSSTS) & 15) == 3 : comreset(d, port);
	if (!p->there || !wait_for(d, at + PxTFD, STATUS_BSY | STATUS_DRQ, 0))
		return false;
	ahci_driver_write(d, at + PxSERR, 0xffffffff);
	ahci_driver_write(d, at + PxIS, 0xffffffff);
	p->sig = ahci_driver_read(d, at + PxSIG);
	ahci_driver_write(d, at + PxIE, d->c.polled ? 0 : 0xfdc000ff & ~(uint32_t)(PxIS_DPS | PxIS_DMPS));
	change(d, port, 0, PxCMD_ST);
	return true;
}

void ahci_driver_start(struct ahci_driver *d, const struct ahci_driver_config *c)
{
	uint32_t pi;

	d->c = *c;
	d->bad = false;
	d->free = 0;
	ahci_driver_write(d, HBA_GHC, GHC_AE);
	if (ahci_driver_read(d, HBA_CAP2) & CAP2_BOH) {
		ahci_driver_write(d, HBA_BOHC, ahci_driver_read(d, HBA_BOHC) | 2);
		wait_for(d, HBA_BOHC, 0x11, 0);
	}
	if (!c->keep) {
		ahci_driver_write(d, HBA_GHC, GHC_AE | GHC_HR);
		wait_for(d, HBA_GHC, GHC_HR, 0);
		ahci_driver_write(d, HBA_GHC, GHC_AE);
	}
	d->cap = ahci_driver_read(d, HBA_CAP);
	d->slots = (d->cap & CAP_NCS) / (CAP_NCS & -CAP_NCS) + 1;
	pi = ahci_driver_read(d, HBA_PI);
	for (unsigned i = 0; i < DRIVER_PORTS; i++) {
		if (pi >> i & 1)
			ahci_driver_port_start(d, i, c->keep);
	}
	ahci_driver_write(d, HBA_IS, 0xffffffff);
	if (!c->polled)
		ahci_driver_write(d, HBA_GHC, GHC_AE | GHC_IE);
}

void ahci_driver_stop(struct ahci_driver *d)
{
	ahci_driver_write(d, HBA_GHC, GHC_AE);
	for (unsigned i = 0; i < DRIVER_PORTS; i++) {
		if (d->port[i].there)
			ahci_driver_port_stop(d, i);
		forget_slots(d, i);
	}
}

/* ---- what is done ---- */

static void end_slot(struct ahci_driver *d, unsigned port, unsigned slot, enum driver_state state)
{
	struct ahci_driver_port *p = &d->port[port];
	struct ahci_driver_slot *s = &p->slot[slot];
	struct header h;

	memcpy(&h, d->memory(d->host, p->list + slot * sizeof(h), sizeof(h)), sizeof(h));
	s->state = state;
	s->prdbc = h.prdbc;
}

static void look_port(struct ahci_driver *d, unsigned port)
{
	struct ahci_driver_port *p = &d->port[port];
	uint32_t is = ahci_driver_port_read(d, port, PxIS), active;

	ahci_driver_port_write(d, port, PxIS, is);
	p->is |= is;
	if (is & (PxIS_TFES | PxIS_HBFS | PxIS_HBDS | PxIS_IFS | PxIS_OFS)) {
		p->failed = true;
		p->errors = is;
	}
	active = ahci_driver_port_read(d, port, PxSACT);
	active |= ahci_driver_port_read(d, port, PxCI);
	for (unsigned i = 0; i < SLOTS; i++) {
		if (p->slot[i].state == DRIVER_BUSY && !(active >> i & 1))
			end_slot(d, port, i, DRIVER_DONE);
		if (p->slot[i].state != DRIVER_BUSY && active >> i & 1) {
			d->bad = true;
			d->why = "PxCI or PxSACT of a slot that is not busy";
		}
	}
}

void ahci_driver_look(struct ahci_driver *d)
{
	uint32_t is;

	if (!d->c.polled && !d->line(d->host))
		return;
	is = d->c.polled ? (1u << DRIVER_PORTS) - 1 : ahci_driver_read(d, HBA_IS);
	for (unsigned i = 0; i < DRIVER_PORTS; i++) {
		if (is >> i & 1 && d->port[i].there)
			look_port(d, i);
	}
	ahci_driver_write(d, HBA_IS, is);
}

static bool is_busy(const struct ahci_driver *d, unsigned port)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		if (d->port[port].slot[i].state == DRIVER_BUSY)
			return true;
	}
	return false;
}

bool ahci_driver_finish(struct ahci_driver *d, unsigned port, unsigned ticks)
{
	for (; is_busy(d, port) && !d->port[port].failed; ticks--) {
		if (!ticks)
			return false;
		d->wait(d->host);
		ahci_driver_look(d);
	}
	return true;
}

static void read_failure(struct ahci_driver *d, unsigned port, struct ahci_driver_slot *s)
{
	const struct received *r = (const void *)d->memory(d->host, d->port[port].received, sizeof(*r));
	uint32_t tfd = ahci_driver_port_read(d, port, PxTFD);

	s->status = (uint8_t)tfd;
	s->error = (uint8_t)(tfd >> 8);
	s->lba = 0;
	for (unsigned i = 0; i < 3 && !s->queued; i++)
		s->lba |= (uint64_t)r->rfis[4 + i] << 8 * i | (uint64_t)r->rfis[8 + i] << (24 + 8 * i);
	if (s->queued && d->port[port].errors & PxIS_TFES && (r->sdbfis[2] != s->status || r->sdbfis[3] != s->error)) {
		d->bad = true;
		d->why = "PxTFD is not what the Set Device Bits FIS says";
	}
	if (!s->queued && d->port[port].errors & PxIS_TFES && (r->rfis[2] != s->status || r->rfis[3] != s->error)) {
		d->bad = true;
		d->why = "PxTFD is not what the D2H FIS says";
	}
}

static void read_log(struct ahci_driver *d, unsigned port, uint8_t log[512])
{
	struct ahci_driver_command c = { .command = 0x2f, .ext = true, .lba = 0x10, .count = 1, .len = 512 };

	ahci_driver_issue(d, port, 0, &c);
	if (!ahci_driver_finish(d, port, WAIT_TICKS) || d->port[port].failed) {
		d->bad = true;
		d->why = "the NCQ error log cannot be read";
	}
	ahci_driver_data(d, port, 0, log, 512);
	ahci_driver_release(d, port, 0);
}

/* As Linux: which have failed is in PxCI, or for queued ones in the log; all others are to be issued again. */
void ahci_driver_recover(struct ahci_driver *d, unsigned port, uint8_t *log)
{
	struct ahci_driver_port *p = &d->port[port];
	struct ahci_driver_slot kept[SLOTS];
	uint32_t ccs = ahci_driver_port_read(d, port, PxCMD) >> 8 & 31;
	uint8_t page[512] = { 0 };
	bool queued = false, log_due = p->errors & PxIS_TFES;

	for (unsigned i = 0; i < SLOTS; i++) {
		struct ahci_driver_slot *s = &p->slot[i];

		if (s->state != DRIVER_BUSY)
			continue;
		queued |= s->queued;
		read_failure(d, port, s);
		end_slot(d, port, i,
			 !s->queued && (i == ccs || !(p->errors & PxIS_TFES)) ? DRIVER_FAILED : DRIVER_ABORTED);
	}
	change(d, port, PxCMD_ST, 0);
	if (!wait_for(d, PORT_AT(port) + PxCMD, PxCMD_CR, 0)) {
		d->bad = true;
		d->why = "PxCMD.CR stays";
	}
	ahci_driver_port_write(d, port, PxSERR, 0xffffffff);
	ahci_driver_port_write(d, port, PxIS, 0xffffffff);
	if (ahci_driver_port_read(d, port, PxTFD) & (STATUS_BSY | STATUS_DRQ))
		comreset(d, port);
	wait_for(d, PORT_AT(port) + PxTFD, STATUS_BSY | STATUS_DRQ, 0);
	ahci_driver_port_write(d, port, PxSERR, 0xffffffff);
	ahci_driver_port_write(d, port, PxIS, 0xffffffff);
	p->failed = false;
	change(d, port, 0, PxCMD_ST);
	if (!queued || !log_due)
		return;
	memcpy(kept, p->slot, sizeof(kept));
	d->pinned = true;
	forget_slots(d, port);
	read_log(d, port, page);
	d->pinned = false;
	memcpy(p->slot, kept, sizeof(kept));
	if (!(page[0] & 0x80) && p->slot[page[0] & 31].state == DRIVER_ABORTED)
		p->slot[page[0] & 31].state = DRIVER_FAILED;
	if (log)
		memcpy(log, page, 512);
}
