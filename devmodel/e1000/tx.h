/*
 * tx.h - transmit queues (internal; included by state.h)
 */
#ifndef DEVMODEL_E1000_TX_H
#define DEVMODEL_E1000_TX_H

struct tx {
	struct guest_ring guest;
};

/* The pool's part for queue @q is laid out; once, at attach. */
void tx_create(struct e1000 *n, unsigned q);
/* TCTL.EN was set: the device gets the shadow rings.  And cleared: it gets no more. */
void tx_start(struct e1000 *n);
void tx_stop(struct e1000 *n);
/* All that was under way is gone: a reset, or the guest's ring is another. */
void tx_forget(struct e1000 *n, unsigned q);
/* Take from the guest's ring what there is room for (TDT was written, or room came). */
void tx_kick(struct e1000 *n, unsigned q);
/* Tell the guest of descriptors that the device is done with, then tx_kick(). */
void tx_complete(struct e1000 *n, unsigned q);
/* Something waits that no register access of the guest will move on: room in the shadow ring, or a burst's rest. */
bool tx_is_waiting(const struct e1000 *n, unsigned q);
/* The device has frames of which the guest was not told yet. */
bool tx_is_under_way(const struct e1000 *n, unsigned q);

#endif
