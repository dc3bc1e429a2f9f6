/*
 * issue.c - a command leaves the guest: its turn, its room, its judgement, the drive
 *
 * Slots go in the order of their issue.  Queued commands go beside each other, all else goes alone: a drive takes
 * them no other way (SATA 3.x, section 13.6), and what fails must stop what comes after it.  Only the first that waits
 * is read from guest memory, once, and it is read again by nobody.
 */
#include "devmodel/ahci/state.h"

#include <stddef.h>
#include <string.h>

#define TABLE_READ	offsetof(struct table, reserved)	/* FIS and ATAPI command */

static bool is_running(const struct port *p)
{
	return port_runs(p) && !p->stopped && !p->identifying && !p->stale;
}

/* ---- its turn ---- */

static void leave_queue(struct port *p)
{
	p->queued--;
	memmove(p->queue, p->queue + 1, p->queued);
	bounce_leave(p->hba->bounce, &p->turn);
}

/* Is what is out at the drive all queued?  Then what the lowest of them is, the others are. */
static bool queued_are_out(const struct port *p)
{
	const struct slot *s = &p->slot[__builtin_ctz(p->out)];

	return s->state == SLOT_OUT && command_is_queued(&s->c);
}

/* The slot to be seen through first: one that ends well. */
static unsigned first_own(const struct port *p)
{
	for (uint32_t left = p->own; left; left &= left - 1) {
		if (p->slot[__builtin_ctz(left)].state == SLOT_ANSWERED)
			return (unsigned)__builtin_ctz(left);
	}
	return (unsigned)__builtin_ctz(p->own);
}

/* ---- from guest memory ---- */

static enum ahci_counter fetch(struct port *p, unsigned slot)
{
	const struct devmodel *d = p->hba->d;
	struct slot *s = &p->slot[slot];

	s->fetched = true;
	s->c = (struct command){ .hook = ATA_FAILS };
	hba_count(p->hba, AHCI_COMMANDS);
	s->header.a = ((uint64_t)p->clbu << 32 | (p->clb & ~(LIST_ALIGN - 1))) + slot * sizeof(struct header);
	if (!d->ops->guest_read(d->host, s->header, &p->header, sizeof(p->header)))
		return AHCI_ADDRESS;
	p->table.a = (uint64_t)p->header.ctbau << 32 | (p->header.ctba & ~(TABLE_ALIGN - 1));
	memset(p->head, 0, sizeof(p->head));
	if (!d->ops->guest_read(d->host, p->table, p->head, TABLE_READ))
		return AHCI_ADDRESS;
	return COMMAND_RIGHT;
}

static enum ahci_counter decode(struct port *p, unsigned slot)
{
	struct command *c = &p->slot[slot].c;
	enum ahci_counter wrong;

	if (((const struct table *)p->head)->cfis[2] == ATA_PACKET_COMMAND && !p->drive.atapi)
		p->drive.atapi = port_read(p, PxSIG) == SIG_ATAPI;
	wrong = command_decode(&p->header, (const struct table *)p->head, slot, &p->drive, c);

	c->t.unit = p->hba->unit;
	c->t.port = p->index;
	if (wrong == COMMAND_RIGHT && c->bytes && !p->header.prdtl) {
		if (c->protocol != PROTOCOL_PACKET)
			return AHCI_PRD;
		c->bytes = 0;
	}
	return wrong;
}

/* PRDs for the device, to the guest's pages or to what was gathered from them. */
static enum ahci_counter gather(struct port *p, struct slot *s)
{
	const struct devmodel *d = p->hba->d;
	struct prd *device = slot_table(p, s)->prd;
	enum ahci_counter wrong;

	s->device_prds = 0;
	s->prds = (struct prds){ 0 };
	if (!s->c.bytes)
		return COMMAND_RIGHT;
	wrong = prds_read(d, p->table, p->header.prdtl, (struct prd *)bounce_at(p, s->prd_at), &s->prds);
	p->hba->burst += p->header.prdtl * (uint32_t)sizeof(struct prd);
	if (wrong != PRDS_RIGHT)
		return wrong;
	if (s->c.protocol == PROTOCOL_PACKET) {
		if (s->c.bytes > s->prds.bytes)
			s->c.bytes = s->prds.bytes;
		if (s->bounced && s->c.bytes > s->len - (s->data_at - s->at))
			return AHCI_TOO_LARGE;
		if (s->bounced)
			slot_shrink(p, s, (uint32_t)s->c.bytes);
	} else if (s->prds.bytes < s->c.bytes) {
		return AHCI_PRD;
	}
	if (!s->bounced) {
		s->device_prds = (uint16_t)prds_direct(d, &s->prds, s->c.bytes, hba_reach(p->hba), device);
		return s->device_prds ? COMMAND_RIGHT : AHCI_ADDRESS;
	}
	s->device_prds = (uint16_t)prds_whole((dma_t){ p->hba->bounce->memory.bus.a + s->data_at }, s->c.bytes, device);
	if (s->prds.interrupts)
		device[s->device_prds - 1].dbc |= PRD_I;
	/* what is read is written there when it is done, and then it is too late to refuse */
	if (!s->c.out)
		return prds_direct(d, &s->prds, s->c.bytes, UINT64_MAX, NULL) ? COMMAND_RIGHT : AHCI_ADDRESS;
	p->hba->counter[AHCI_BYTES_COPIED] += s->c.bytes;
	p->hba->burst += (uint32_t)s->c.bytes;
	return prds_gather(d, &s->prds, slot_data(p, s), s->c.bytes) ? COMMAND_RIGHT : AHCI_ADDRESS;
}

/* ---- the drive ---- */

/* A queued command does not say how much came: a mark at the end of each sector does, until it is written over. */
static void put_marks(struct port *p, struct slot *s)
{
	struct ahci *h = p->hba;

	if (!h->mark)
		h->mark = h->d->ops->now_ns(h->d->host) * 0x9e3779b97f4a7c15 | 1;
	for (uint64_t end = s->c.t.sector_size; end <= s->c.bytes; end += s->c.t.sector_size)
		memcpy(slot_data(p, s) + end - sizeof(h->mark), &h->mark, sizeof(h->mark));
}

void port_send(struct port *p, unsigned slot, bool queued, uint16_t flags, uint16_t prds, dma_t table)
{
	port_list(p)[slot] = (struct header){
		.flags = flags, .prdtl = prds, .ctba = (uint32_t)table.a, .ctbau = (uint32_t)(table.a >> 32),
	};
	p->tfd_ours = false;
	if (queued)
		port_write(p, PxSACT, 1u << slot);
	port_write(p, PxCI, 1u << slot);
}

/* Before what comes next is decoded: it goes alone. */
static void forget_size(struct port *p)
{
	p->drive = (struct drive){ .atapi = p->drive.atapi };
	p->identify_failed = false;
}

static void send(struct port *p, unsigned slot)
{
	struct ahci *h = p->hba;
	struct slot *s = &p->slot[slot];
	bool queued = command_is_queued(&s->c);
	uint16_t flags;

	command_encode(&s->c, slot_table(p, s), &flags);
	if (!p->out) {
		port_begin(p);
		port_unhide(p);
	}
	if (queued) {
		hba_count(h, AHCI_QUEUED);
		p->own_log = false;	/* from here on the drive's is the newer one */
	}
	if (s->c.protocol == PROTOCOL_RESET)
		p->own_log = p->own_sense = false;
	if (s->c.t.command == ATA_SET_SECTOR_CONFIGURATION)
		forget_size(p);
	if (s->c.protocol == PROTOCOL_PACKET)
		p->own_sense = false;
	if (s->bounced && !s->c.out && s->c.bytes) {
		s->seen = false;
		if (queued)
			put_marks(p, s);
	}
	if (s->c.out)
		h->counter[AHCI_BYTES_OUT] += s->c.bytes;
	s->state = SLOT_OUT;
	p->out |= 1u << slot;
	port_is_out(p);
	port_send(p, slot, queued, flags, s->device_prds,
		  (dma_t){ h->bounce->memory.bus.a + s->at });
}

/* ---- one after another ---- */

/* The first that waits is before the policy.  False: the verdict comes in a later call. */
static bool decide(struct port *p, unsigned slot)
{
	enum hv_verdict v = slot_judge_issue(p, &p->slot[slot]);

	if (v == HV_WAIT)
		return false;
	leave_queue(p);
	if (v == HV_PASS)
		send(p, slot);
	else if (v == HV_DROP_SILENTLY)
		port_answer_silently(p, slot);
	else
		port_refuse(p, slot, AHCI_DROPPED);
	return true;
}

/* The first that waits has all it needs.  False: as above. */
static bool carry_out(struct port *p, unsigned slot)
{
	struct slot *s = &p->slot[slot];
	enum ahci_counter wrong = gather(p, s);

	if (wrong == COMMAND_RIGHT && !port_has_answer(p, &s->c))
		return decide(p, slot);
	leave_queue(p);
	if (wrong != COMMAND_RIGHT)
		port_refuse(p, slot, wrong);
	else
		port_answer(p, slot);
	return true;
}

void port_judge_anew(struct port *p)
{
	struct slot *s = &p->slot[p->queue[0]];

	if (!p->queued || !disk_is_under_way(&s->trial))
		return;
	disk_forget(p->hba->disk, &s->trial);
	slot_release(p, s);
}

/* False: it waits for others, for room, or for the next call. */
static bool take_turn(struct port *p)
{
	unsigned slot = p->queue[0];
	struct slot *s = &p->slot[slot];
	enum ahci_counter wrong = COMMAND_RIGHT;

	if (p->hba->burst >= BURST_BYTES) {
		p->hba->more = true;
		return false;
	}
	if (disk_is_under_way(&s->trial))
		return decide(p, slot);
	if (!s->fetched)
		wrong = fetch(p, slot);
	if (wrong == COMMAND_RIGHT) {
		wrong = decode(p, slot);
		if (wrong == AHCI_SECTOR_SIZE && !p->identify_failed) {
			bounce_leave(p->hba->bounce, &p->turn);	/* it could not take room now */
			if (!p->out)
				port_identify(p);
			return false;
		}
		if (wrong != COMMAND_RIGHT)
			slot_tell(p, &s->c, wrong);
	}
	if (wrong == COMMAND_RIGHT && p->out && !(command_is_queued(&s->c) && queued_are_out(p)))
		return false;
	if (wrong == COMMAND_RIGHT) {
		switch (slot_take(p, s, slot_is_direct(p, &s->c))) {
		case ROOM_TAKEN:
			return carry_out(p, slot);
		case ROOM_NONE:
			if (!s->waited)
				hba_count(p->hba, AHCI_WAITED);
			s->waited = true;
			p->hba->more = true;
			return false;
		case ROOM_NEVER:
			wrong = AHCI_TOO_LARGE;
		}
	}
	leave_queue(p);
	port_refuse(p, slot, wrong);
	return true;
}

void port_push(struct port *p)
{
	while (is_running(p)) {
		/* nothing goes before what the model sees through */
		if (p->own) {
			bounce_leave(p->hba->bounce, &p->turn);	/* before others are done it takes no room */
			if (!p->out)
				port_nudge(p, first_own(p));
			return;
		}
		if (!p->queued || !take_turn(p))
			return;
	}
	bounce_leave(p->hba->bounce, &p->turn);
}

void port_issue(struct port *p, uint32_t bits)
{
	uint32_t set = bits & ~p->ci & hba_slots(p->hba);

	p->ci |= set;
	for (; set; set &= set - 1) {
		unsigned slot = (unsigned)__builtin_ctz(set);
		struct slot *s = &p->slot[slot];

		/* a slot that is not free yet was issued twice: no driver does, and nothing comes of it */
		if (s->state != SLOT_FREE)
			continue;
		s->state = SLOT_WAITS;
		s->fetched = s->waited = false;
		p->queue[p->queued++] = (uint8_t)slot;
	}
	port_push(p);
}
