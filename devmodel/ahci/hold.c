/*
 * hold.c - commands that end one after another are told together
 *
 * A driver that sends several commands is interrupted by the first that ends while it still sends the others, and an
 * interrupt is half a dozen exits.  So PxIE loses the bits that tell of progress, from the second command on of which the
 * guest sends more than it was told of, or from the first where it did so the last time.  It is interrupted when its
 * processor halts, as it then has nothing else to do.  Where it has, and sends no more, the wait ends by time, and is
 * not tried again soon; nor is it where nothing has ended by then.  An error interrupts at once, and registers that the guest reads by itself are what they always are.
 */
#include "devmodel/ahci/registers.h"

#define MS		UINT64_C(1000000)	/* ns */
#define HOLD_NS		(2 * MS)		/* after the last command */
#define HOLD_MOST_NS	(10 * MS)		/* after the first */
#define BUSY_NS		(100 * MS)		/* not again, after one that ended by time; and so on twice that */
#define BUSY_MOST_NS	(400 * MS)
#define VAIN_MOST	4u			/* halts before which nothing had ended: as busy */
#define SEVERAL		2u

static bool holds(const struct port *p)
{
	return p->hba->holds >> p->index & 1;
}

/* What has been told already, the guest is on its way to. */
static bool may_hold(const struct port *p)
{
	return p->hba->ie && p->ie & IS_PROGRESS && !(p->is_device & p->ie & IS_PROGRESS) &&
	       (p->sent >= SEVERAL || p->sent_last >= SEVERAL);
}

void port_sends(struct port *p, uint32_t bits)
{
	const struct devmodel *d = p->hba->d;

	for (; bits && p->sent < SEVERAL; bits &= bits - 1)
		p->sent++;
	if (!holds(p) && (!may_hold(p) || !d->ops->await_halt))
		return;
	p->sent_ns = d->ops->now_ns(d->host);
	if (holds(p) || p->sent_ns < p->hba->busy_until_ns || !d->ops->await_halt(d->host))
		return;
	hba_count(p->hba, AHCI_HELD);
	p->hba->holds |= 1u << p->index;
	p->hba->restless = true;
	p->held_ns = p->sent_ns;
	port_enable(p);
}

void port_acknowledges(struct port *p)
{
	p->sent_last = p->sent;
	p->sent = 0;
}

void port_let_go(struct port *p)
{
	if (!holds(p))
		return;
	p->hba->holds &= ~(1u << p->index);
	port_enable(p);
}

void hba_let_go(struct ahci *h)
{
	for (uint32_t left = h->holds; left; left &= left - 1)
		port_let_go(&h->port[__builtin_ctz(left)]);
}

/* Has something been kept back of a port? */
static bool is_of_use(const struct ahci *h)
{
	for (uint32_t left = h->holds; left; left &= left - 1) {
		const struct port *p = &h->port[__builtin_ctz(left)];

		if (port_read(p, PxIS) & p->ie & IS_PROGRESS)
			return true;
	}
	return false;
}

/* Where a drive ends nothing before the guest halts, a halt is an exit for nothing. */
void ahci_halts(struct ahci *h)
{
	if (h->holds) {
		h->busy_ns = 0;
		h->in_vain = is_of_use(h) ? 0 : h->in_vain + 1;
	}
	if (h->in_vain >= VAIN_MOST) {
		h->in_vain = 0;
		h->busy_until_ns = h->d->ops->now_ns(h->d->host) + BUSY_NS;
	}
	hba_let_go(h);
	hba_rest(h);
}

/* The guest is busy with something else, and what has ended may be waited for. */
static void is_late(struct ahci *h, uint64_t now)
{
	hba_count(h, AHCI_HELD_LONG);
	h->busy_ns = h->busy_ns ? h->busy_ns * 2 : BUSY_NS;
	if (h->busy_ns > BUSY_MOST_NS)
		h->busy_ns = BUSY_MOST_NS;
	h->busy_until_ns = now + h->busy_ns;
	hba_let_go(h);
}

void hba_let_go_late(struct ahci *h)
{
	for (uint32_t left = h->holds; left; left &= left - 1) {
		const struct port *p = &h->port[__builtin_ctz(left)];
		uint64_t now = h->d->ops->now_ns(h->d->host);

		if (now - p->sent_ns >= HOLD_NS || now - p->held_ns >= HOLD_MOST_NS) {
			is_late(h, now);
			return;
		}
	}
}
