/*
 * queue.c - registers of rings: the model's own, which the device never sees
 */
#include "devmodel/e1000/registers.h"

#define LEN_MASK	0xfff80u	/* 128 bytes */
#define TRANSMIT	(E1000_TDBAL ^ E1000_RDBAL)	/* in an offset: transmit, else receive */

/* Offsets in a queue's registers. */
enum { BAL = 0x00, BAH = 0x04, LEN = 0x08, HEAD = 0x10, TAIL = 0x18, DCTL = 0x28 };

static struct guest_ring *ring_of(struct e1000 *n, uint32_t offset)
{
	uint32_t q = offset & E1000_QUEUE ? 1 : 0;

	if (offset & TRANSMIT)
		return &n->tx[q].guest;
	return q ? &n->rx1 : &n->rx.guest;
}

static uint32_t *field_of(struct guest_ring *r, uint32_t offset)
{
	switch (offset & 0xff) {
	case BAL:
		return &r->bal;
	case BAH:
		return &r->bah;
	case LEN:
		return &r->len;
	case HEAD:
		return &r->head;
	case TAIL:
		return &r->tail;
	default:
		return &r->dctl;
	}
}

static uint32_t writable(uint32_t offset)
{
	switch (offset & 0xff) {
	case BAL:
		return ~15u;
	case LEN:
		return LEN_MASK;
	case HEAD:
	case TAIL:
		return 0xffff;
	default:
		return UINT32_MAX;
	}
}

uint32_t ring_value(struct e1000 *n, uint32_t offset)
{
	return *field_of(ring_of(n, offset), offset);
}

uint32_t ring_read(struct e1000 *n, uint32_t offset)
{
	if ((offset & 0xff) == HEAD)
		e1000_look(n);
	return ring_value(n, offset);
}

/* The tail moves a queue on; another ring, or another head, is the end of what was under way in the old one. */
void ring_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	struct guest_ring *r = ring_of(n, offset);
	uint32_t q = offset & E1000_QUEUE ? 1 : 0;

	*field_of(r, offset) = value & writable(offset);
	if (offset & TRANSMIT) {
		if ((offset & 0xff) == TAIL)
			tx_kick(n, q);
		else if ((offset & 0xff) != DCTL)
			tx_forget(n, q);
	} else if (q == 0) {
		if ((offset & 0xff) == TAIL)
			rx_collect(n, true);
		else if ((offset & 0xff) != DCTL)
			rx_forget(n);
	}
}
