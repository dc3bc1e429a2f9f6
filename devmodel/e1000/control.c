/*
 * control.c - registers that do something: CTRL with its resets, RCTL and TCTL, what the device has otherwise
 */
#include "devmodel/e1000/registers.h"

#include <string.h>

/* Values of the manuals for PAUSE frames (section 13.4.7 and the next two). */
static const uint32_t pause[] = { 0x00c28001, 0x00000100, 0x00008808 };
#define RXDCTL_RESET	(1u << DCTL_WTHRESH_SHIFT)	/* of TXDCTL 0 */

/* What the device has of TXDCTL, whatever the guest's: each descriptor written back by itself. */
#define TXDCTL_DEVICE	(DCTL_GRAN | 1u << DCTL_WTHRESH_SHIFT)

/* Where a reset does less than the manual says, the device runs on: it is stopped. */
static void stop_device(struct e1000 *n)
{
	uint32_t rctl = dev_read(n, E1000_RCTL), tctl = dev_read(n, E1000_TCTL);

	dev_write(n, E1000_IMC, UINT32_MAX);
	if (rctl & RCTL_EN)
		dev_write(n, E1000_RCTL, rctl & ~RCTL_EN);
	if (tctl & TCTL_EN)
		dev_write(n, E1000_TCTL, tctl & ~TCTL_EN);
}

/* Nothing that the guest has set is left. */
static void reset(struct e1000 *n)
{
	stop_device(n);
	rx_reset(n);
	tx_reset(n);
	n->rx.guest = n->rx1 = (struct guest_ring){ .dctl = RXDCTL_RESET };
	for (unsigned q = 0; q < n->family->queues; q++)
		n->tx[q].guest = (struct guest_ring){ 0 };
	n->ctrl = n->ctrl_ext = n->rctl = n->tctl = n->rfctl = n->rxcsum = 0;
	n->ims = n->iam = 0;
	memcpy(n->flow, pause, sizeof(pause));
	nvm_reset(&n->nvm);
	n->counter[E1000_RESET]++;
}

void e1000_was_reset(struct e1000 *n)
{
	open_page_take(n, true);
	reset(n);
	open_page_follow(n, false);
}

uint32_t ctrl_read(struct e1000 *n, uint32_t offset)
{
	return (dev_read(n, offset) & ~CTRL_VME) | n->ctrl;
}

void ctrl_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	if (value & CTRL_RST)
		reset(n);
	else
		n->ctrl = value & CTRL_VME;
	dev_write(n, offset, value & ~CTRL_VME);
}

void ctrl_ext_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	n->ctrl_ext = value;
	dev_write(n, offset, value);
}

/* It is inserted and stripped by the model.  A reset's value is known when the device runs again. */
static void note_vet(struct e1000 *n)
{
	n->vet = (uint16_t)dev_read(n, E1000_VET);
}

void vet_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	dev_write(n, offset, value);
	n->vet = (uint16_t)value;
}

uint32_t rctl_read(struct e1000 *n, uint32_t offset)
{
	return n->rctl;
}

void rctl_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	uint32_t old = n->rctl;

	if (value & ~old & RCTL_EN) {
		n->rctl = value;
		note_vet(n);
		rx_start(n);
	}
	dev_write(n, offset, rx_rctl(n, value));
	if (old & ~value & RCTL_EN)
		rx_stop(n);
	n->rctl = value;
}

void tctl_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	uint32_t changed = n->tctl ^ value;

	n->tctl = value;
	if (changed & value & TCTL_EN) {
		for (unsigned q = 0; q < n->family->queues; q++)
			dev_write(n, E1000_TXDCTL + q * E1000_QUEUE,
				  TXDCTL_DEVICE | (n->family->extended ? DCTL_COUNT_DESC : 0));
		note_vet(n);
		tx_start(n);
	}
	dev_write(n, offset, value);
	if (changed & ~value & TCTL_EN)
		tx_stop(n);
}

/* The device writes legacy descriptors: EXSTEN, and PCSD with it, are the model's. */
uint32_t rfctl_read(struct e1000 *n, uint32_t offset)
{
	return (dev_read(n, offset) & ~RFCTL_EXSTEN) | n->rfctl;
}

void rfctl_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	n->rfctl = value & RFCTL_EXSTEN;
	dev_write(n, offset, value & ~RFCTL_EXSTEN);
}

uint32_t rxcsum_read(struct e1000 *n, uint32_t offset)
{
	return (dev_read(n, offset) & ~RXCSUM_PCSD) | n->rxcsum;
}

void rxcsum_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	n->rxcsum = value & RXCSUM_PCSD;
	dev_write(n, offset, value & ~RXCSUM_PCSD);
}

/*
 * FCAL, FCAH, FCT: the address and the type of the frames that the device makes by itself.  Any others would be frames
 * of the guest's that nobody judges, so whatever it writes, the device gets the standard's.  Where these are not found
 * again, there is no such register.
 */
uint32_t flow_read(struct e1000 *n, uint32_t offset)
{
	uint32_t i = (offset - E1000_FCAL) / 4, value = dev_read(n, offset);

	return value == pause[i] ? n->flow[i] : value;
}

void flow_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	uint32_t i = (offset - E1000_FCAL) / 4;

	n->flow[i] = offset == E1000_FCAL ? value : value & 0xffff;
	dev_write(n, offset, pause[i]);
}
