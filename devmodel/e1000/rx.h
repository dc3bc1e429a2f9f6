/*
 * rx.h - the receive queue (internal; included by state.h)
 */
#ifndef DEVMODEL_E1000_RX_H
#define DEVMODEL_E1000_RX_H

struct rx {
	struct guest_ring guest;
};

void rx_create(struct e1000 *n);
/* RCTL.EN was set: the device gets the shadow ring.  And cleared. */
void rx_start(struct e1000 *n);
void rx_stop(struct e1000 *n);
/* All that came and was not delivered is gone: a reset, or the guest's ring is another. */
void rx_forget(struct e1000 *n);
/*
 * Notice what the device has written, judge it, and give the guest what passes and it has room for.  @announce: no
 * interrupt of the device's makes the guest look, so raise one (ICS) if it got something.
 */
void rx_collect(struct e1000 *n, bool announce);
/* Frames wait that no register access of the guest will move on: a burst's rest. */
bool rx_is_waiting(const struct e1000 *n);

/*
 * RCTL as the device has it while the guest has @rctl: legacy descriptors, buffers of the pool's size, no packet
 * split; the CRC is stripped (SECRC), and computed anew for a guest that wants it.
 */
uint32_t rx_rctl(uint32_t rctl);

#endif
