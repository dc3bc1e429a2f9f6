/*
 * tx.h - transmit queues (internal; included by state.h)
 *
 * A queue has two rings.  The guest's: @guest.head is what it was told of, @taken descriptors from there on are ours,
 * the rest up to @guest.tail is not looked at yet.  The shadow ring: what the device has, frame by frame (@sent),
 * each with the guest's descriptors that are done when it is.
 */
#ifndef DEVMODEL_E1000_TX_H
#define DEVMODEL_E1000_TX_H

#include "devmodel/e1000/pool.h"
#include "policy/packet.h"

#define TX_PIECES		64u		/* of a frame, in guest memory */
#define TX_AHEAD		16u		/* descriptors read at once */
#define TX_STALLED_POLLS	100u		/* at 1 kHz: at 10 Mb/s the longest frame takes 13 ms */
#define TX_PACKET_MAX		16288u		/* bytes on the wire without FCS (8254x manual, section 3.3.3) */
#define TX_PACKET_MIN		17u		/* what an 82574 can still pad (TCTL.PSP) */

struct tx_piece {
	gpa_t at;
	uint32_t len;		/* bytes, > 0 */
};

/* A frame of the guest's, while its descriptors are taken and until it is sent or dropped. */
struct tx_frame {
	struct tx_piece piece[TX_PIECES];
	uint32_t pieces;
	uint32_t len;			/* bytes of all pieces */
	uint32_t descs;			/* descriptors taken and not passed on to be reported */
	union tx_desc first, last;	/* of those with data */
	bool open, whole;		/* the first one was taken; the last one, with EOP */
	bool reported;			/* RS or RPS in one: the guest waits to be told, */
	bool prompt;			/* and in one without IDE: not only after TIDV */
	bool bad;			/* it cannot be: @why is what is counted */
	enum e1000_counter why;
};

/* What the guest wants done to a frame. */
struct tx_wish {
	bool segment;			/* TSE: a burst */
	bool ip_sum, sum;		/* IXSM; TXSM or a legacy IC */
	bool fcs;			/* the device adds it, else it is the frame's end */
	bool tagged;			/* VLE: @tag goes in */
	uint16_t tag;
	struct tx_context asked;	/* where, by the guest: without the tag */
};

/* What the device is told to do to it, by what its headers say. */
struct tx_offload {
	bool needed;			/* else nothing of the rest holds */
	struct tx_context context;
	uint8_t popts;
	struct packet packet;		/* the headers */
};

/* The guest's seed of a transport checksum, and what it was made of: IPv6 with extension headers. */
struct tx_seed {
	uint32_t len;			/* of @headers; 0: there is none */
	uint16_t value;
	uint8_t headers[UINT8_MAX];	/* from the payload's length on */
};

/* A frame that the device has. */
struct tx_sent {
	uint32_t guest_descs;		/* done when it is */
	uint32_t shadow_end;		/* free-running: behind its last descriptor, */
	uint32_t bytes_end;		/* and behind its bytes in the pool */
	bool delayed;			/* the device's interrupt comes after TIDV, */
	bool owed;			/* which is too late for what of @guest_descs was dropped */
};

struct tx {
	struct guest_ring guest;
	unsigned queue;
	bool running;			/* TCTL.EN */
	bool programmed;		/* the device has the shadow ring, and what it was given is in it */
	bool waiting;			/* there is more to take than this call could */
	uint32_t causes;		/* for ICS: the guest was told something that no interrupt follows, */
	uint32_t owed;			/* or will be: frames in @sent, by whose end it must be announced */
	uint32_t count;			/* of the guest's ring while @taken > 0 */
	uint32_t taken;
	uint64_t reported[RING_MAX / 64];	/* of the ring's descriptors taken, those to be written back */
	union tx_desc ahead[TX_AHEAD];	/* read in this call, from @ahead_next on not taken */
	uint32_t ahead_next, ahead_count;
	struct tx_frame frame;
	/* the last ones: for frames as they are, for bursts (8254x manual, section 3.3.5) */
	struct tx_context context, segment_context;
	uint32_t shadow_head, shadow_tail;	/* free-running */
	uint32_t sent_head, sent_tail;		/* free-running */
	struct tx_sent sent[SHADOW_TX];
	uint32_t bytes_first, bytes_next;	/* of the pool's bytes, those in use */
	uint32_t in_vain;		/* polls, up to TX_STALLED_POLLS, since the device was last done with a frame */
};

/* The pool's part for queue @q is laid out; once, at attach. */
void tx_create(struct e1000 *n, unsigned q);
/* TCTL.EN was set: the device gets the shadow rings.  And cleared: it gets no more. */
void tx_start(struct e1000 *n);
void tx_stop(struct e1000 *n);
/*
 * All that was under way is gone: the guest's ring is another.  What a running device has, it still sends, but the
 * guest is not told; the next tx_start() begins with an empty ring.
 */
void tx_forget(struct e1000 *n, unsigned q);
/* The device was reset: it has no rings any more, and is not running. */
void tx_reset(struct e1000 *n);
/* Take from the guest's ring what there is room for (TDT was written, or room came). */
void tx_kick(struct e1000 *n, unsigned q);
/* Tell the guest of descriptors that the device is done with, then tx_kick(). */
void tx_complete(struct e1000 *n, unsigned q);
/* The same at a tick. */
void tx_poll(struct e1000 *n, unsigned q);
/*
 * Something waits that no register access of the guest will move on: for room in the shadow ring, a burst's rest, to be
 * announced, for the ring to run low.
 */
bool tx_is_waiting(const struct e1000 *n, unsigned q);
/* The device has frames of which the guest was not told yet. */
bool tx_is_under_way(const struct e1000 *n, unsigned q);
/* For so many polls it has not been done with any. */
bool tx_is_stalled(const struct e1000 *n, unsigned q);

/* ---- between tx*.c ---- */

/* tx_offload.c: what the whole frame in hand wants. */
void tx_decode_wish(const struct e1000 *n, const struct tx *t, struct tx_wish *w);
/*
 * Say in *@o what the device is told, from the headers of @frame, of which @captured bytes show all.  False: it is not
 * what the guest asked for.
 */
bool tx_check_offload(const struct tx_wish *w, const uint8_t *frame, uint32_t captured, uint32_t len,
		      struct tx_offload *o);
/* Before the judge: what cannot be made anew is kept. */
void tx_keep_seed(const struct tx_offload *o, const uint8_t *frame, struct tx_seed *s);
/* The judge has rewritten @frame: what the device's sums start from is made right.  False: that cannot be. */
bool tx_renew_seeds(const struct tx_offload *o, const struct tx_seed *s, uint8_t *frame);

/*
 * tx_send.c: the whole frame in hand is copied, judged and given to the device.  Returns E1000_TX_PASSED, or why it is
 * dropped.  The device sees it at tx_ring_doorbell().
 */
bool tx_has_room(const struct e1000 *n, const struct tx *t, const struct tx_wish *w);
enum e1000_counter tx_send(struct e1000 *n, struct tx *t, const struct tx_wish *w, uint32_t *judged);
void tx_ring_doorbell(struct e1000 *n, struct tx *t);
union tx_desc *tx_shadow(const struct e1000 *n, const struct tx *t, uint32_t slot);

#endif
