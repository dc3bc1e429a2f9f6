/*
 * interrupt.c - interrupt registers, and when to look at the device
 *
 * Interrupts are the device's own.  The guest hears of one, and reads or writes a register here: that is when the model
 * looks at what the device has done.
 */
#include "devmodel/e1000/registers.h"

#define POLL_WAITING_HZ	1000u	/* something waits for the next call */
#define POLL_QUIET_HZ	250u	/* a guest that looks at descriptors, not at registers */
#define POLL_STALLED_HZ	10u	/* what the device has does not leave it: no link, perhaps for hours */

void e1000_look(struct e1000 *n)
{
	bool rest = rx_is_waiting(n);	/* its interrupt came with an earlier look */

	for (unsigned q = 0; q < n->family->queues; q++)
		tx_complete(n, q);
	rx_collect(n, rest);
}

void e1000_poll(struct e1000 *n)
{
	open_page_take(n, true);
	for (unsigned q = 0; q < n->family->queues; q++)
		tx_poll(n, q);
	rx_poll(n);
	open_page_follow(n, false);
}

uint32_t e1000_poll_hz(const struct e1000 *n)
{
	bool told = n->ims & INT_TXDW;
	uint32_t hz = n->rctl & RCTL_EN && !(n->ims & INT_RXT0) ? POLL_QUIET_HZ : 0;

	for (unsigned q = 0; q < n->family->queues; q++) {
		if (!tx_is_waiting(n, q) && (told || !tx_is_under_way(n, q)))
			continue;
		if (!tx_is_stalled(n, q))
			return POLL_WAITING_HZ;
		hz = hz ? hz : POLL_STALLED_HZ;
	}
	if (!rx_is_waiting(n))
		return hz;
	if (!rx_is_stalled(n))
		return POLL_WAITING_HZ;
	return hz ? hz : POLL_STALLED_HZ;
}

/*
 * With IAME an access to ICR clears IAM's bits in IMS (82574 datasheet, section 7.4.3).  Not always: but to believe so
 * makes more polls, no fewer, until the guest writes IMS.
 */
static void acknowledge(struct e1000 *n)
{
	if (n->ctrl_ext & CTRL_EXT_IAME)
		n->ims &= ~n->iam;
}

/*
 * The device's ICR first: what it has written by then is found by the look that follows, and what it writes later is
 * in the next ICR.  The other order loses an interrupt now and then.
 */
uint32_t icr_read(struct e1000 *n, uint32_t offset)
{
	uint32_t cause = dev_read(n, offset);

	if (cause & INT_ASSERTED)
		acknowledge(n);
	e1000_look(n);
	return cause;
}

void icr_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	dev_write(n, offset, value);
	acknowledge(n);
	e1000_look(n);
}

void ics_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	dev_write(n, offset, value);
	e1000_look(n);
}

uint32_t ims_read(struct e1000 *n, uint32_t offset)
{
	return n->ims = dev_read(n, offset);
}

void ims_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	n->ims |= value;
	dev_write(n, offset, value);
	e1000_look(n);
}

void imc_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	n->ims &= ~value;
	dev_write(n, offset, value);
	e1000_look(n);
}

void iam_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	n->iam = value;
	dev_write(n, offset, value);
}
