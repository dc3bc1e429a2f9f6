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
#define RANGE_BYTES	8u

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

/* ---- its judgement ---- */

static bool is_direct(const struct port *p, const struct command *c)
{
	return c->bytes && c->meaning == MEANING_SECTORS && c->hook >= 0 &&
	       disk_need(p->hba->disk, (enum hv_hook)c->hook) != DISK_NEED_DATA;
}

/* What always fails was never decoded far enough to be judged otherwise; the policy's log tells of it. */
static void tell(struct port *p, struct command *c, enum ahci_counter why)
{
	bool rewritten;

	c->t.fails = why == AHCI_NO_ROW;
	if (c->t.fails || ata_hook(&c->t) == ATA_FAILS)
		disk_judge(p->hba->disk, HV_HOOK_DISK_CONTROL, p->hba->d->ops->now_ns(p->hba->d->host), &c->t,
			   &rewritten);
}

/* LBA range entries: LBA in bits 47:0, sectors in bits 63:48; 0 sectors: no entry (ACS-3, section 7.5.9). */
static void find_ranges(const struct port *p, struct slot *s)
{
	const uint8_t *data = slot_data(p, s);
	struct disk_range *ranges = slot_ranges(p, s);
	uint32_t count = 0;

	for (uint64_t at = 0; at + RANGE_BYTES <= s->c.bytes && count <= JUDGE_MAX_RANGES; at += RANGE_BYTES) {
		uint64_t entry;

		memcpy(&entry, data + at, sizeof(entry));
		if (entry >> 48)
			ranges[count++] = (struct disk_range){ entry & (LBA_LIMIT_48 - 1), entry >> 48 };
	}
	s->c.t.ranges = ranges;
	s->c.t.range_count = count;
}

/* CFA ERASE SECTORS: COUNT of 0 is 256 (ACS-2, section 7.4). */
static void find_erased(struct command *c)
{
	c->erased = (struct disk_range){ c->t.lba, c->t.count ? c->t.count : 256 };
	c->t.ranges = &c->erased;
	c->t.range_count = 1;
}

static bool is_judged_later(const struct slot *s)
{
	return s->c.hook == HV_HOOK_DISK_READ && s->bounced && s->c.bytes && s->c.meaning == MEANING_SECTORS;
}

static enum hv_verdict judge(struct port *p, struct slot *s)
{
	struct ahci *h = p->hba;
	struct command *c = &s->c;
	enum hv_verdict v;
	bool rewritten;

	if (c->hook < 0 || is_judged_later(s))
		return HV_PASS;
	if (c->hook != HV_HOOK_DISK_CONTROL && disk_need(h->disk, (enum hv_hook)c->hook) == DISK_NEED_NOTHING)
		return HV_PASS;
	if (c->meaning == MEANING_RANGES)
		find_ranges(p, s);
	if (c->meaning == MEANING_ERASES)
		find_erased(c);
	if (c->hook == HV_HOOK_DISK_WRITE && s->bounced && c->bytes) {
		c->t.data = slot_data(p, s);
		c->t.data_len = (uint32_t)c->bytes;
	}
	v = disk_judge(h->disk, (enum hv_hook)c->hook, h->d->ops->now_ns(h->d->host), &c->t, &rewritten);
	if (rewritten)
		hba_count(h, AHCI_REWRITTEN);
	return v;
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

/* The first that waits has all it needs; it leaves the queue. */
static void carry_out(struct port *p, unsigned slot)
{
	struct slot *s = &p->slot[slot];
	enum ahci_counter wrong = gather(p, s);

	leave_queue(p);
	if (wrong != COMMAND_RIGHT) {
		port_refuse(p, slot, wrong);
		return;
	}
	if (port_has_answer(p, &s->c)) {
		port_answer(p, slot);
		return;
	}
	switch (judge(p, s)) {
	case HV_PASS:
		send(p, slot);
		break;
	case HV_DROP_SILENTLY:
		port_answer_silently(p, slot);
		break;
	default:
		port_refuse(p, slot, AHCI_DROPPED);
	}
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
			tell(p, &s->c, wrong);
	}
	if (wrong == COMMAND_RIGHT && p->out && !(command_is_queued(&s->c) && queued_are_out(p)))
		return false;
	if (wrong == COMMAND_RIGHT) {
		switch (slot_take(p, s, is_direct(p, &s->c))) {
		case ROOM_TAKEN:
			carry_out(p, slot);
			return true;
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
