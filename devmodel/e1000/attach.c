/*
 * attach.c - which devices are of the family, and taking one over that was left running
 */
#include "devmodel/e1000/registers.h"

/* A head that was the same so often belongs to a queue that has stopped; so often it is looked at, at most. */
#define SETTLED_READS	64u
#define SETTLE_READS	4096u

/*
 * By their PCI ids, those of which the manuals say that they have these registers: 8254x manual, table 5-1, without the
 * 82544 (no EERD, its DMA must keep away from some addresses); 82574 datasheet; 82583V datasheet, as the 82574 without
 * a second queue or MSI-X.
 */
static const struct e1000_family members[] = {
#define I8254X(id, name) { id, name, 1, false, true }
	I8254X(0x100e, "82540EM"), I8254X(0x1015, "82540EM"), I8254X(0x1016, "82540EP"), I8254X(0x1017, "82540EP"),
	I8254X(0x101e, "82540EP"), I8254X(0x1013, "82541EI"), I8254X(0x1018, "82541EI"), I8254X(0x1014, "82541ER"),
	I8254X(0x1078, "82541ER"), I8254X(0x1076, "82541GI"), I8254X(0x1077, "82541GI"), I8254X(0x107c, "82541PI"),
	I8254X(0x100f, "82545EM"), I8254X(0x1011, "82545EM"), I8254X(0x1026, "82545GM"), I8254X(0x1027, "82545GM"),
	I8254X(0x1028, "82545GM"), I8254X(0x1010, "82546EB"), I8254X(0x1012, "82546EB"), I8254X(0x101d, "82546EB"),
	I8254X(0x1079, "82546GB"), I8254X(0x107a, "82546GB"), I8254X(0x107b, "82546GB"), I8254X(0x1099, "82546GB"),
	I8254X(0x10b5, "82546GB"), I8254X(0x1019, "82547EI"), I8254X(0x101a, "82547EI"), I8254X(0x1075, "82547GI"),
#undef I8254X
	{ 0x10d3, "82574L", 2, true, false },
	{ 0x10f6, "82574LA", 2, true, false },
	{ 0x150c, "82583V", 1, true, false },
};

const struct e1000_family *e1000_family(uint16_t device)
{
	for (unsigned i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (members[i].device == device)
			return &members[i];
	}
	return NULL;
}

uint32_t e1000_size(void)
{
	return (sizeof(struct e1000) + 15) & ~15u;
}

/* The head that a queue has come to, once it takes no more. */
static uint32_t settled_head(struct e1000 *n, uint32_t offset)
{
	uint32_t head = dev_read(n, offset), same = 0;

	for (unsigned i = 0; i < SETTLE_READS && same < SETTLED_READS; i++) {
		uint32_t now = dev_read(n, offset);

		same = now == head ? same + 1 : 0;
		head = now;
	}
	return head & 0xffff;
}

static void take_ring(struct e1000 *n, struct guest_ring *r, uint32_t offset)
{
	r->bal = dev_read(n, offset + E1000_RDBAL) & ~15u;
	r->bah = dev_read(n, offset + E1000_RDBAH);
	r->len = dev_read(n, offset + E1000_RDLEN);
	r->head = settled_head(n, offset + E1000_RDH);
	r->tail = dev_read(n, offset + E1000_RDT) & 0xffff;
	r->dctl = dev_read(n, offset + E1000_RXDCTL);
}

/* Registers of which the device has something else from now on. */
static void take_registers(struct e1000 *n)
{
	uint32_t ctrl = dev_read(n, E1000_CTRL), rxcsum = dev_read(n, E1000_RXCSUM);

	for (unsigned i = 0; i < 3; i++)
		n->flow[i] = dev_read(n, E1000_FCAL + 4 * i);
	n->ims = dev_read(n, E1000_IMS);
	if (ctrl & CTRL_VME)
		ctrl_write(n, E1000_CTRL, ctrl & ~CTRL_RST);
	if (!n->family->extended)
		return;
	n->ctrl_ext = dev_read(n, E1000_CTRL_EXT);
	n->iam = dev_read(n, E1000_IAM);
	rxcsum_write(n, E1000_RXCSUM, rxcsum);
	rfctl_write(n, E1000_RFCTL, dev_read(n, E1000_RFCTL));
	dev_write(n, E1000_MRQC, 0);
}

/*
 * Interrupts stay as they are masked: they are the guest's, whoever drives the device now.  What the device had sent is
 * reported already; what is between the heads and the tails goes on through the model.
 */
struct e1000 *e1000_attach(void *memory, const struct e1000_family *f, const struct devmodel *d, const struct net *net)
{
	struct e1000 *n = memory;
	uint32_t rctl, tctl;

	n->family = f;
	n->d = d;
	n->net = net;
	rctl = dev_read(n, E1000_RCTL);
	tctl = dev_read(n, E1000_TCTL);
	dev_write(n, E1000_RCTL, rctl & ~RCTL_EN);
	dev_write(n, E1000_TCTL, tctl & ~TCTL_EN);
	take_registers(n);
	take_ring(n, &n->rx.guest, 0);
	if (f->queues > 1)
		take_ring(n, &n->rx1, E1000_QUEUE);
	rx_create(n);
	for (unsigned q = 0; q < f->queues; q++) {
		take_ring(n, &n->tx[q].guest, E1000_TDBAL - E1000_RDBAL + q * E1000_QUEUE);
		tx_create(n, q);
	}
	if (f->microwire)
		nvm_create(n);
	tctl_write(n, E1000_TCTL, tctl);
	rctl_write(n, E1000_RCTL, rctl);
	for (unsigned q = 0; q < f->queues; q++)
		tx_kick(n, q);
	open_page_follow(n, false);
	return n;
}
