/*
 * complete.c - the drive is done: its judgement, the guest's memory, registers
 *
 * The device's registers are read first, and what lies in memory after them: by then it is there.  What the guest gets,
 * it gets before its own registers say so.
 */
#include "devmodel/ahci/state.h"

#include <stddef.h>
#include <string.h>

#define GONE		0xffffffffu

void slot_free(struct port *p, unsigned slot)
{
	struct slot *s = &p->slot[slot];

	slot_release(p, s);
	s->state = SLOT_FREE;
	p->ci &= ~(1u << slot);
	if (command_is_queued(&s->c))
		p->sact &= ~(1u << slot);
}

/* ---- what came ---- */

/* Sectors up to the first whose mark stands: what came of it did not reach its end. */
static uint64_t marked_bytes(const struct port *p, const struct slot *s)
{
	const uint8_t *data = slot_data(p, s);
	uint32_t sector = s->c.t.sector_size;
	uint64_t at = 0;

	while (at + sector <= s->c.bytes &&
	       memcmp(data + at + sector - sizeof(p->hba->mark), &p->hba->mark, sizeof(p->hba->mark)) != 0)
		at += sector;
	return at;
}

static uint64_t bytes_come(struct port *p, unsigned slot)
{
	struct slot *s = &p->slot[slot];
	uint32_t said;

	if (command_is_queued(&s->c))
		return s->bounced && !s->c.out ? marked_bytes(p, s) : s->c.bytes;
	said = *(volatile uint32_t *)&port_list(p)[slot].prdbc;
	s->lied = said > s->c.bytes;
	if (!s->lied)
		return said;
	hba_count(p->hba, AHCI_LIES);
	return s->c.bytes;
}

void slot_report(struct port *p, struct slot *s, uint32_t bytes)
{
	gpa_t at = { s->header.a + offsetof(struct header, prdbc) };

	if (command_is_queued(&s->c))
		return;		/* not of queued commands (section 5.4.1) */
	if (!p->hba->d->ops->guest_write(p->hba->d->host, at, &bytes, sizeof(bytes)))
		hba_count(p->hba, AHCI_MEMORY);
}

/* ---- what it is ---- */

/* What is not user data is read for what we must know, and edited. */
static void learn(struct port *p, const struct slot *s, uint8_t *data, uint32_t len)
{
	if (s->c.meaning == MEANING_IDENTIFY && len >= 512 && !s->lied)
		identify_learn(data, &p->drive);
	if (s->c.meaning == MEANING_CAPACITY && !s->lied)
		capacity_learn(&s->c, data, len, &p->drive);
	if (s->c.meaning != MEANING_SECTORS)
		identify_edit(&s->c, data, len);
}

/*
 * The first @len bytes that the drive sent: HV_PASS; HV_DROP: the guest must not have them; HV_WAIT: not yet known whether,
 * to be called again in the next call.  With @now it is.
 */
static enum hv_verdict deliver(struct port *p, struct slot *s, uint64_t len, bool now)
{
	struct ahci *h = p->hba;
	const uint8_t *from = slot_data(p, s);

	if (s->c.out || !len)
		return HV_PASS;
	if (s->bounced) {
		switch (slot_judge_done(p, s, (uint32_t)len, now)) {
		case HV_PASS:
			learn(p, s, slot_data(p, s), (uint32_t)len);
			s->seen = len == s->c.bytes;
			break;
		case HV_DROP_SILENTLY:
			hba_count(h, AHCI_SILENT);
			from = NULL;
			break;
		case HV_WAIT:
			return HV_WAIT;
		default:
			return HV_DROP;
		}
		h->burst += (uint32_t)len;
		h->counter[AHCI_BYTES_COPIED] += len;
		if (!prds_scatter(h->d, &s->prds, from, len))
			hba_count(h, AHCI_MEMORY);
	}
	h->counter[AHCI_BYTES_IN] += len;
	return HV_PASS;
}

/* ---- what is done ---- */

/* False: in a later call; with @now it is true. */
static bool finish(struct port *p, unsigned slot, bool now)
{
	struct slot *s = &p->slot[slot];
	/* what is being judged may have been rewritten: its marks say nothing any more */
	uint64_t len = disk_is_under_way(&s->trial) ? s->c.t.data_len : bytes_come(p, slot);
	enum hv_verdict v = deliver(p, s, len, now);

	if (v == HV_WAIT) {
		if (!command_is_queued(&s->c))
			port_await(p);
		return false;
	}
	if (port_is_awaited(p))
		p->tfd_ours = false;
	p->out &= ~(1u << slot);
	if (v != HV_PASS) {
		port_refuse(p, slot, AHCI_DROPPED);
		if (!command_is_queued(&s->c))
			port_await(p);
		return true;
	}
	slot_report(p, s, (uint32_t)len);
	/* a Set Device Bits FIS is news where the last one said the same */
	if (command_is_queued(&s->c))
		p->received.sdbfis[0] = 0;
	slot_free(p, slot);
	return true;
}

/*
 * The drive has failed, and nothing more will come until the guest has cleared ST.  What came of what is not done, it
 * may take for good up to the sector that the drive names, as Linux does.
 */
static void deliver_rest(struct port *p)
{
	for (uint32_t left = p->out; left; left &= left - 1) {
		unsigned slot = (unsigned)__builtin_ctz(left);
		struct slot *s = &p->slot[slot];
		uint64_t len = s->bounced || !command_is_queued(&s->c) ? bytes_come(p, slot) : 0;

		if (len && deliver(p, s, len, true) == HV_PASS)
			slot_report(p, s, (uint32_t)len);
		s->seen = false;
	}
}

static uint32_t queued_out(const struct port *p)
{
	return p->out && command_is_queued(&p->slot[__builtin_ctz(p->out)].c) ? p->out : 0;
}

struct device {
	uint32_t is, sact, ci;
};

/* Slots go from PxCI to PxSACT to nowhere: read the other way round, none is missed on its way. */
static void read_device(const struct port *p, struct device *d)
{
	d->sact = queued_out(p) ? port_read(p, PxSACT) : 0;
	d->ci = port_read(p, PxCI);
	d->is = port_read(p, PxIS);
}

/* False: there is no device any more. */
static bool notice(struct port *p, struct device *d, bool *failed)
{
	read_device(p, d);
	if (d->is == GONE) {
		hba_count(p->hba, AHCI_GONE);
		return false;
	}
	p->is_old &= d->is;
	p->is_device = d->is;
	*failed = !p->stopped && d->is & PxIS_STOPS & ~p->is_old;
	/* what was done before it, its own registers say for certain only now */
	if (*failed)
		read_device(p, d);
	return d->is != GONE;
}

static void look_identify(struct port *p)
{
	struct device d;
	bool failed;

	if (notice(p, &d, &failed) && (failed || !(d.ci & 1)))
		port_identified(p, failed);
}

static void look_nudge(struct port *p, unsigned slot, const struct device *d, bool failed)
{
	if (d->ci & 1u << slot && !failed)
		return;
	p->out = 0;
	if (failed)
		p->slot[slot].answer = false;
	port_nudged(p, slot);
}

static uint32_t done_of(const struct port *p, const struct device *d)
{
	return p->out & ~d->ci & ~(queued_out(p) & d->sact);
}

/*
 * Drivers wait for PxIS, for PxTFD or for the interrupt: while a read of @done is not searched to its end, nothing says
 * that it is done.
 */
static void tell_nothing(struct port *p, uint32_t done)
{
	bool searching = false;

	for (; done; done &= done - 1)
		searching |= disk_is_under_way(&p->slot[__builtin_ctz(done)].trial);
	if (searching == p->searching)
		return;
	p->searching = searching;
	port_enable(p);
}

/* @all: however much it is. */
static void look_out(struct port *p, bool all)
{
	unsigned first = (unsigned)__builtin_ctz(p->out);
	struct device d;
	uint32_t done;
	bool failed;

	if (!notice(p, &d, &failed))
		return;
	if (p->slot[first].state == SLOT_NUDGED) {
		look_nudge(p, first, &d, failed);
		return;
	}
	p->ci &= ~(queued_out(p) & ~d.ci);
	done = done_of(p, &d);
	if (failed) {
		hba_count(p->hba, AHCI_ERRORS);
		p->stopped = true;
		all = true;	/* the guest is about to forget all of them */
	}
	for (; done && (all || p->hba->burst < BURST_BYTES); done &= done - 1) {
		if (!finish(p, (unsigned)__builtin_ctz(done), all))
			break;
	}
	p->behind = done;
	p->hba->more |= done != 0;
	tell_nothing(p, done);
	if (failed)
		deliver_rest(p);
}

static void look(struct port *p, bool all)
{
	uint32_t before = p->out;

	if (p->identifying)
		look_identify(p);
	else if (p->out)
		look_out(p, all);
	if (!(p->cmd & PxCMD_ST) && p->is_hidden)
		port_unhide(p);
	/* while one is under way alone, its FISes may be half written: they are shown when it is done */
	if (!p->identifying && !port_is_awaited(p) && (p->out != before || queued_out(p) || !p->out || p->stopped))
		port_show_received(p);
}

void port_look(struct port *p)
{
	look(p, false);
}

void hba_look(struct ahci *h)
{
	h->more = false;
	for (uint32_t left = h->pi; left; left &= left - 1)
		look(&h->port[__builtin_ctz(left)], false);
	/* room that one gave back is another's */
	for (uint32_t left = h->pi; left; left &= left - 1)
		port_push(&h->port[__builtin_ctz(left)]);
}

bool port_is_behind(struct port *p)
{
	struct device d;

	/* only where something was copied, there was time for more to end */
	if (p->hba->burst && p->out && p->slot[__builtin_ctz(p->out)].state == SLOT_OUT) {
		read_device(p, &d);
		p->behind = d.is == GONE ? 0 : done_of(p, &d);
	}
	p->hba->more |= p->behind != 0;
	return p->behind;
}

void port_catch_up(struct port *p)
{
	look(p, true);
	port_push(p);
}
