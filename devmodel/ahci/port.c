/*
 * port.c - a port's registers: what they start, stop and answer
 */
#include "devmodel/ahci/registers.h"

/*
 * QEMU before 8.1 clears neither PxCI nor PxSACT with ST, nor ends what is out: the bits stay while data moves on.  One
 * of a queued command that failed stays until its tag is used again.  So after this time the port goes on, and the memory
 * of what has its bit still is nobody else's before that falls.
 */
#define LINGER_NS	100000000u

/* Memory that the device is done with comes back; then what is done is the guest's; then what waits goes out. */
static void look(struct port *p)
{
	port_quiet(p);
	port_look(p);
	port_push(p);
}

/* ---- starting and stopping [10.3] ---- */

void port_program(struct port *p)
{
	uint64_t at = p->hba->d->pool.bus.a + p->index * POOL_STEP;

	port_write(p, PxCLB, (uint32_t)(at + POOL_LIST));
	port_write(p, PxCLBU, (uint32_t)((at + POOL_LIST) >> 32));
	port_write(p, PxFB, (uint32_t)(at + POOL_RECEIVED));
	port_write(p, PxFBU, (uint32_t)((at + POOL_RECEIVED) >> 32));
}

/* No slot names memory that is another's by now, should the device carry out what it was never told to. */
void port_clear_list(struct port *p)
{
	uint32_t at = p->index * POOL_STEP + POOL_TABLE;
	uint64_t bus = p->hba->d->pool.bus.a + at;
	struct header header = { .ctba = (uint32_t)bus, .ctbau = (uint32_t)(bus >> 32) };

	command_nudge((struct table *)(p->hba->d->pool.at + at), &header.flags);
	for (unsigned i = 0; i < SLOTS; i++)
		port_list(p)[i] = header;
}

/* What is in a command's memory may be what a rule would have kept from the guest. */
static void slot_give(struct port *p, struct slot *s)
{
	if (!s->len)
		return;
	s->seen = false;
	slot_release(p, s);
	p->hba->more = true;
}

void port_give(struct port *p)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		if (p->stale >> i & 1)
			slot_give(p, &p->slot[i]);
	}
	p->stale = 0;
}

void port_forget(struct port *p)
{
	if (p->out) {
		p->forgotten_ns = p->hba->d->ops->now_ns(p->hba->d->host);
		p->hba->restless = true;
	}
	p->stale |= p->out;
	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *s = &p->slot[i];

		s->state = SLOT_FREE;
		s->fetched = false;
		disk_forget(p->hba->disk, &s->trial);
		if (!(p->stale >> i & 1))
			slot_give(p, s);
	}
	p->ci = p->sact = p->out = p->own = p->behind = 0;
	p->queued = 0;
	if (p->searching) {
		p->searching = false;
		port_enable(p);
	}
	port_let_go(p);
	bounce_leave(p->hba->bounce, &p->turn);
	if (port_is_awaited(p))
		p->tfd_ours = false;
	p->stopped = p->restarting = p->identifying = false;
}

/* Set the device's ST: it is quiet, and all it reads is ours.  @cmd: its PxCMD. */
static void start(struct port *p, uint32_t cmd)
{
	p->restarting = false;
	port_clear_list(p);
	port_write(p, PxCMD, (cmd & CMD_STAYS) | PxCMD_ST);
	port_push(p);
}

static bool lingers(struct port *p, uint32_t bits)
{
	const struct devmodel *d = p->hba->d;

	if (!(p->stale & bits))
		return false;
	if (d->ops->now_ns(d->host) - p->forgotten_ns < LINGER_NS)
		return true;
	return !room_hold(p, p->stale & bits);
}

void port_quiet(struct port *p)
{
	uint32_t cmd, bits;

	if ((!p->stale && !p->restarting && !p->held_count) || p->hba->resetting)
		return;
	cmd = port_read(p, PxCMD);
	if (!hba_is_there(p->hba, cmd))
		return;
	bits = port_read(p, PxCI) | port_read(p, PxSACT);
	room_let_go(p, bits);
	if (cmd & PxCMD_CR || lingers(p, bits))
		return;
	port_give(p);
	if (p->restarting)
		start(p, cmd);
}

void port_restart(struct port *p)
{
	port_write(p, PxCMD, port_read(p, PxCMD) & CMD_STAYS);
	p->restarting = p->hba->restless = true;
}

/* What the drive behind it is, and what it was told, is not known any more. */
static void drive_reset(struct port *p)
{
	p->drive = (struct drive){ 0 };
	p->identify_failed = p->own_log = p->own_sense = p->tfd_ours = false;
	port_clear_received(p);
	port_judge_anew(p);
}

void port_reset(struct port *p)
{
	/* PxIE is the device's own to clear */
	p->searching = false;
	p->hba->holds &= ~(1u << p->index);
	p->sent = p->sent_last = 0;
	port_forget(p);
	drive_reset(p);
	p->cmd = p->ie = p->is = p->is_hidden = p->is_device = p->is_old = 0;
}

/* ---- addresses ---- */

static uint32_t *address(struct port *p, uint32_t offset)
{
	return offset == PxCLB ? &p->clb : offset == PxCLBU ? &p->clbu : offset == PxFB ? &p->fb : &p->fbu;
}

uint32_t list_read(struct port *p, uint32_t offset)
{
	return *address(p, offset);
}

void list_write(struct port *p, uint32_t offset, uint32_t value)
{
	bool upper = offset == PxCLBU || offset == PxFBU;

	*address(p, offset) = upper && !(p->hba->cap & CAP_S64A) ? 0 : value;
}

/* ---- interrupts ---- */

/* It goes alone. */
static bool nudge_is_out(const struct port *p)
{
	return p->out && p->slot[__builtin_ctz(p->out)].state == SLOT_NUDGED;
}

/*
 * A nudge ends with a D2H FIS, whatever the guest's command would have ended with: that must interrupt whom the other
 * would, and until the guest has acted.
 */
void port_enable(struct port *p)
{
	uint32_t off = port_hides(p);
	bool ours = p->is & p->ie;

	if (p->hba->holds >> p->index & 1)
		off |= IS_PROGRESS;
	if (p->ie & (IS_PROGRESS | PxIS_TFES))
		ours |= nudge_is_out(p);
	port_write(p, PxIE, (p->ie & ~off) | (ours ? PxIS_DHRS | (p->is_hidden & p->is) : 0));
}

/* The device's first: what it has done by then is the guest's before the guest knows of it. */
uint32_t pxis_read(struct port *p, uint32_t offset)
{
	uint32_t device = port_read(p, PxIS), hidden = p->is_hidden;

	hba_is_there(p->hba, device);
	look(p);
	return (device & ~(hidden | port_hides(p))) | p->is;
}

/*
 * Is what is out all of the guest's, and nothing of it to be copied when it is done?  Then no call ends before all is
 * given, and it is soon enough to look when the bits are clear.
 */
static bool ends_at_once(const struct port *p)
{
	for (uint32_t left = p->out; left; left &= left - 1) {
		const struct slot *s = &p->slot[__builtin_ctz(left)];

		if (s->state != SLOT_OUT || (s->bounced && !s->c.out))
			return false;
	}
	return true;
}

/*
 * The guest looks for what is done after it has cleared the bits that told of it.  So where BURST_BYTES leave some for
 * the next call, the bits stay, and with them the interrupt; so does that of a nudge which ends just now, and DHRS
 * holds the line for bits of the model's own.
 */
void pxis_write(struct port *p, uint32_t offset, uint32_t value)
{
	uint32_t ours = p->is;

	port_acknowledges(p);
	p->is &= ~value;
	if (!p->out || p->behind || value & PxIS_STOPS || !ends_at_once(p))
		look(p);
	ours |= p->is_hidden;
	if (port_is_behind(p))
		value &= ~IS_PROGRESS;
	if (nudge_is_out(p) || p->is & p->ie) {
		value &= ~(p->is_hidden | PxIS_DHRS);
	} else if (p->identifying) {
		value &= ~p->is_hidden;
	} else {
		value |= p->is_hidden;
		p->is_hidden = 0;
	}
	if (ours)
		port_enable(p);
	port_write(p, PxIS, value);
	p->is_device &= ~value;
	/* what ended between the look and the write does not interrupt any more */
	if (!p->behind)
		port_catch_up(p);
}

uint32_t pxie_read(struct port *p, uint32_t offset)
{
	return p->ie;
}

void pxie_write(struct port *p, uint32_t offset, uint32_t value)
{
	p->ie = value;
	port_is_out(p);
	port_enable(p);
}

/* ---- command and status ---- */

uint32_t pxcmd_read(struct port *p, uint32_t offset)
{
	uint32_t device;

	port_quiet(p);
	device = port_read(p, PxCMD);
	hba_is_there(p->hba, device);
	return (device & ~(PxCMD_ST | PxCMD_FRE | PxCMD_PMA | PxCMD_FBSCP)) | p->cmd;
}

/* ST is the device's only when it is quiet: until then a guest that did not wait believes it is. */
void pxcmd_write(struct port *p, uint32_t offset, uint32_t value)
{
	uint32_t old = p->cmd & PxCMD_ST, now = value & PxCMD_ST;

	if (old && !now)
		port_look(p);
	p->cmd = value & (PxCMD_ST | PxCMD_FRE);
	port_write(p, PxCMD, (value & (CMD_STAYS | PxCMD_CLO | PxCMD_ICC)) | (old && !p->restarting ? now : 0));
	if (old && !now)
		port_forget(p);
	else if (now && !old)
		p->restarting = p->hba->restless = true;
	port_quiet(p);
}

/* ---- the drive ---- */

uint32_t pxtfd_read(struct port *p, uint32_t offset)
{
	uint32_t device = port_read(p, PxTFD);

	hba_is_there(p->hba, device);
	look(p);
	return p->tfd_ours ? p->tfd : device;
}

/* COMRESET begins with DET 1, and is over with what is written next [10.4.2]. */
void pxsctl_write(struct port *p, uint32_t offset, uint32_t value)
{
	if ((value | port_read(p, PxSCTL)) & SCTL_DET)
		drive_reset(p);
	port_write(p, PxSCTL, value);
}

/*
 * Another drive may be there; before X is cleared, PxTFD and PxSIG are not of it [3.3.12].  Drivers clear all bits after
 * an error, whichever are set.
 */
void pxserr_write(struct port *p, uint32_t offset, uint32_t value)
{
	if (value & SERR_X && port_read(p, PxSERR) & SERR_X)
		drive_reset(p);
	port_write(p, PxSERR, value);
}

/* ---- commands ---- */

uint32_t pxsact_read(struct port *p, uint32_t offset)
{
	look(p);
	return p->sact;
}

void pxsact_write(struct port *p, uint32_t offset, uint32_t value)
{
	p->sact |= value & hba_slots(p->hba);
}

uint32_t pxci_read(struct port *p, uint32_t offset)
{
	look(p);
	return p->ci;
}

void pxci_write(struct port *p, uint32_t offset, uint32_t value)
{
	look(p);
	port_sends(p, value & hba_slots(p->hba));
	port_issue(p, value & hba_slots(p->hba));
}
