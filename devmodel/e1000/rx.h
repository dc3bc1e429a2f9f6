/*
 * rx.h - the receive queue (internal; included by state.h)
 *
 *	rx.c		notice, gather, judge; the shadow ring
 *	rx_finish.c	what passes, as the guest wants it: CRC, VLAN tag, checksum bits
 *	rx_scatter.c	into the guest's buffers and descriptors
 */
#ifndef DEVMODEL_E1000_RX_H
#define DEVMODEL_E1000_RX_H

#include "devmodel/e1000/crc32.h"

#define RX_GIVE_BATCH	64u	/* descriptors at most that wait for a write of the device's RDT */
#define RX_STALLED_POLLS	100u	/* at 1 kHz: a guest that takes nothing for so long does something else */
#define RX_AHEAD	8u	/* guest's descriptors that are read at once */
#define RX_FRAME_COST	256u	/* bytes that each frame counts at least in BURST_BYTES */

/* A frame that passed, on its way to the guest. */
struct rx_frame {
	uint8_t *at;		/* in the pool; NULL: none */
	uint32_t len;		/* as the guest gets it, more than 0 */
	uint32_t done;		/* of these, bytes that it has: the ring had no room for more */
	bool in_buffer;		/* of the shadow ring: its descriptor is given back behind it */
	bool lost;		/* not all of the guest's buffers are memory */
	uint8_t status;		/* RXD_*, of the last descriptor */
	uint8_t errors;
	uint16_t checksum;
	uint16_t vlan;		/* tag that was taken out: RXD_VP */
};

struct rx {
	struct guest_ring guest;
	struct crc32_table crc;
	bool running;		/* the device has the shadow ring */
	bool started;		/* since its reset */
	bool crc_comes;		/* in the device's frames, since then: nothing in the guest's hands changes it */
	bool waiting;		/* a call's budget ended before the frames did */
	bool late;		/* the last call has left frames: the guest may have cleared their interrupt */
	uint32_t in_vain;	/* polls, up to RX_STALLED_POLLS, since frames found no room */
	bool skipping;		/* until the end of a frame of which nothing is wanted */
	uint32_t next;		/* shadow descriptor that the device fills next, or has filled */
	uint32_t tail;		/* RDT as the device has it */
	uint32_t gathered;	/* bytes of an unfinished frame, in one piece */
	uint16_t checksum;	/* of a frame of several buffers, as the first one's descriptor has it */
	struct rx_frame frame;
};

void rx_create(struct e1000 *n);
/* RCTL.EN is to be set, n->rctl has it: the device gets the shadow ring. */
void rx_start(struct e1000 *n);
/* RCTL.EN of the device was cleared.  n->rctl is as before: by it the guest gets what had come. */
void rx_stop(struct e1000 *n);
/* All that came and was not delivered is gone: the guest's ring is another. */
void rx_forget(struct e1000 *n);
/* The device was reset: it has no ring any more. */
void rx_reset(struct e1000 *n);
/*
 * Notice what the device has written, judge it, and give the guest what passes and it has room for.  A frame's
 * interrupt is the device's own.  But where an earlier call has left frames, the guest may have cleared it since:
 * with @announce another is raised (ICS) if it got something.
 */
void rx_collect(struct e1000 *n, bool announce);
/* The same at a tick. */
void rx_poll(struct e1000 *n);
/*
 * Frames wait that no register access of the guest will move on: a burst's rest, or all for which there is no room
 * while room comes through the open page.
 */
bool rx_is_waiting(const struct e1000 *n);
/* For so many polls there was no room. */
bool rx_is_stalled(const struct e1000 *n);

/*
 * RCTL as the device has it while the guest has @rctl, from rx_start() on: legacy descriptors, buffers of the pool's
 * size, no packet split; SECRC as the guest had it when it first started the device after a reset.
 */
uint32_t rx_rctl(const struct e1000 *n, uint32_t rctl);

/* ---- between rx*.c ---- */

/* The second half of a legacy descriptor, as the device has written it. */
struct rx_written {
	uint16_t length, checksum;
	uint8_t status, errors;
	uint16_t special;
};

/* The guest's ring and buffers, and what it wants, as its registers are during one call. */
struct rx_target {
	uint32_t count;		/* descriptors of 16 bytes; 0: no such ring */
	uint32_t step;		/* of these, one of the guest's: 2 with packet split */
	uint32_t buffers;	/* of a descriptor: 1, 4 with packet split */
	uint32_t bytes[4];	/* of each */
	bool extended;
	bool hash;		/* in place of the packet checksum: there is none, MRQC is 0 */
	bool crc;		/* behind the frame */
	bool strip;		/* a tag of the type @vet */
	uint16_t vet;
	/*
	 * Descriptors of 16 bytes around the head, the first of which is @ahead_at: [@ahead_told, @ahead_next) are
	 * what the guest will find when rx_tell() has been called, [@ahead_next, @ahead_end) were read and not yet used.
	 */
	gpa_t ahead_at;
	uint32_t ahead_told, ahead_next, ahead_end;
	uint64_t ahead[RX_AHEAD * 2];
	uint32_t frames;	/* of which the last descriptor is used and not yet told */
	uint32_t frames_bytes;
};

/* n->rx.frame, which is judged, becomes what the guest gets: @w is the device's word on it. */
void rx_finish(struct e1000 *n, const struct rx_target *t, const struct rx_written *w, bool rewritten);

void rx_target(struct e1000 *n, struct rx_target *t);
/* Descriptors of 16 bytes that the guest has given and not got back. */
uint32_t rx_room(const struct e1000 *n, const struct rx_target *t);
/* Free descriptors at which the guest is warned (RCTL.RDMTS). */
uint32_t rx_threshold(const struct e1000 *n, const struct rx_target *t);
/*
 * n->rx.frame goes to the guest, as far as it has descriptors.  True: the frame is done with, delivered or lost;
 * false: the guest has no more room.
 */
bool rx_scatter(struct e1000 *n, struct rx_target *t);
/* The guest sees the descriptors that were used: before the call ends in which they were. */
void rx_tell(struct e1000 *n, struct rx_target *t);

#endif
