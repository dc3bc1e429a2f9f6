/*
 * state.h - a model's state, and what its files are to each other (internal)
 *
 *	registers.c	an access becomes a register's, by the allow-list of register.def
 *	control.c	registers that do something: CTRL, RCTL, TCTL, resets
 *	interrupt.c	interrupt registers, and when to look at the device
 *	queue.c		registers of rings
 *	open_page.c	registers of receive rings that the guest writes without a call
 *	nvm.c		the NVM's words, read once
 *	attach.c	the family; a device that was left running
 *	tx*.c		a frame leaves the guest: take, gather, judge, send; report
 *	rx*.c		a frame comes: notice, gather, judge; scatter, report
 */
#ifndef DEVMODEL_E1000_STATE_H
#define DEVMODEL_E1000_STATE_H

#include "devmodel/e1000/desc.h"
#include "devmodel/e1000/e1000.h"
#include "devmodel/e1000/regs.h"

#define QUEUES_MAX	2u
#define RING_MAX	4096u		/* descriptors: TDLEN, RDLEN up to 64 KiB */
#define BURST_BYTES	(256u << 10)	/* judged in one call; the rest at the next */

/* A ring as the guest has written it: nothing of it is true until guest_ring_count() has said so. */
struct guest_ring {
	uint32_t bal, bah, len;	/* registers */
	uint32_t head, tail;	/* head is the model's: where the guest believes the device to be */
	uint32_t dctl;		/* TXDCTL, RXDCTL */
};

/*
 * Descriptors of the ring, 8 to RING_MAX; 0: no such ring can be (length 0, or head or tail beyond it).  RDLEN and
 * TDLEN count in 128 bytes (8254x manual, sections 13.4.27 and 13.4.36): the other bits are as not written.
 */
uint32_t guest_ring_count(const struct guest_ring *r);
static inline gpa_t guest_ring_at(const struct guest_ring *r, uint32_t index)
{
	return (gpa_t){ ((uint64_t)r->bah << 32 | (r->bal & ~15u)) + (uint64_t)index * DESC_BYTES };
}

#include "devmodel/e1000/nvm.h"
#include "devmodel/e1000/open_page.h"
#include "devmodel/e1000/rx.h"
#include "devmodel/e1000/tx.h"

struct e1000 {
	const struct e1000_family *family;
	const struct devmodel *d;
	const struct net *net;
	struct tx tx[QUEUES_MAX];
	struct rx rx;			/* queue 1 has registers alone: no frames are steered there */
	struct guest_ring rx1;
	/* as the guest wrote them, where the device has something else */
	uint32_t rctl, tctl;
	uint32_t ctrl;			/* VME alone */
	uint32_t rfctl;			/* EXSTEN alone */
	uint32_t rxcsum;		/* PCSD alone */
	uint32_t flow[3];		/* FCAL, FCAH, FCT */
	uint16_t vet;			/* as the device has it */
	uint32_t ctrl_ext;		/* IAME: IAM's bits leave IMS when ICR is read */
	uint32_t iam;
	uint32_t ims;			/* causes that interrupt the guest now */
	uint32_t ioaddr;
	struct nvm nvm;
	struct open_page open;
	uint64_t counter[E1000_COUNTERS];
};

static inline uint32_t dev_read(struct e1000 *n, uint32_t offset)
{
	return n->d->ops->reg_read(n->d->host, offset);
}

static inline void dev_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	n->d->ops->reg_write(n->d->host, offset, value);
}

/* See what the device has done by now, and tell the guest. */
void e1000_look(struct e1000 *n);

#endif
