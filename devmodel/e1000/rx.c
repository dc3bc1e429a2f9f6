/*
 * rx.c - frames come: noticed in the shadow ring, gathered, judged
 *
 * Of the shadow ring the device has all descriptors but one, and those that wait to be given back together: a write
 * of its tail costs more than a frame's descriptors do.  What was consumed is written from nothing, so its tail is
 * never the next one that it fills.  A frame of one buffer stays
 * there until the guest has it; the parts of a longer one are put together in the pool.  One frame at a time has
 * passed and waits for room: behind it frames wait unjudged, and when the shadow ring is full of them, the device
 * does with the next what it does when a driver is late.
 *
 * The CRC is not judged.  It may come from the device, since computing it costs ten times what all else does for a
 * frame; then it is cut off before a frame is judged, and goes to the guest only behind one that came as it is and
 * has no error: it says nothing then that the frame does not.  Two things follow.  Whether it comes is settled at a
 * device's first start after its reset: a frame that came without it and is taken for one with it would have four
 * bytes that were not judged.  And a buffer whose frame does not go to the guest is cleared, since a device that
 * does not write the four bytes (QEMU's) leaves those of an earlier frame there.
 */
#include "devmodel/e1000/state.h"

#include <string.h>

#include "devmodel/e1000/pool.h"

#define SHADOW_MASK	(SHADOW_RX - 1)
_Static_assert((SHADOW_RX & SHADOW_MASK) == 0, "indices wrap by a mask");

/* Bits in the guest's RCTL that are the device's as well: no buffer sizes, no packet split, nothing reserved. */
enum {
	RCTL_SHARED = RCTL_EN | RCTL_SBP | RCTL_UPE | RCTL_MPE | RCTL_LPE | RCTL_LBM | RCTL_MO | RCTL_BAM | RCTL_VFE |
		      RCTL_CFIEN | RCTL_CFI | RCTL_DPF | RCTL_PMCF,
};

/* Errors of the whole frame: without RCTL.SBP the device keeps such frames to itself. */
enum { RXE_FRAME = RXE_CE | RXE_SE | RXE_SEQ | RXE_CXE | RXE_RXE };

/* What holds during one call. */
struct work {
	uint64_t now_ns;
	uint32_t budget;	/* bytes */
	bool judged;		/* the policy has a program for what comes */
};

uint32_t rx_rctl(const struct e1000 *n, uint32_t rctl)
{
	/* warned late: the guest is warned by its own ring */
	return (rctl & RCTL_SHARED) | (n->rx.crc_comes ? 0 : RCTL_SECRC) | 2u << RCTL_RDMTS_SHIFT;
}

/* ---- the shadow ring ---- */

/* A descriptor is two words: the buffer's address, and what the device writes. */
static uint64_t *descriptor(const struct e1000 *n, uint32_t index)
{
	return (uint64_t *)(n->d->pool.at + POOL_RX_RING) + 2 * index;
}

static uint8_t *buffer(const struct e1000 *n, uint32_t index)
{
	return n->d->pool.at + POOL_RX_BUFFERS + index * RX_BUFFER;
}

static void write_descriptor(const struct e1000 *n, uint32_t index)
{
	uint64_t *d = descriptor(n, index);

	d[0] = n->d->pool.bus.a + POOL_RX_BUFFERS + index * RX_BUFFER;
	d[1] = 0;
}

static void write_tail(struct e1000 *n)
{
	n->rx.tail = (n->rx.next - 1) & SHADOW_MASK;
	dev_write(n, E1000_RDT, n->rx.tail);
}

static void give_back(struct e1000 *n)
{
	struct rx *r = &n->rx;

	write_descriptor(n, r->next);
	r->next = (r->next + 1) & SHADOW_MASK;
	if (((r->next - 1 - r->tail) & SHADOW_MASK) >= RX_GIVE_BATCH)
		write_tail(n);
}

/* What was in its buffer is not for the guest. */
static void give_back_cleared(struct e1000 *n)
{
	memset(buffer(n, n->rx.next), 0, RX_BUFFER);
	give_back(n);
}

/* Both halves could be of different moments: one load of the half that counts, before the frame is read. */
static bool is_written(const struct e1000 *n, struct rx_written *w)
{
	uint64_t half = __atomic_load_n(descriptor(n, n->rx.next) + 1, __ATOMIC_ACQUIRE);

	_Static_assert(sizeof(*w) == sizeof(half), "half a descriptor");
	memcpy(w, &half, sizeof(*w));
	return w->status & RXD_DD;
}

void rx_create(struct e1000 *n)
{
	crc32_create(&n->rx.crc);
}

void rx_start(struct e1000 *n)
{
	struct rx *r = &n->rx;

	rx_forget(n);
	if (!r->started)
		r->crc_comes = !(n->rctl & RCTL_SECRC);
	r->started = true;
	/* what came behind the last stop, or waited then, nobody has judged */
	memset(buffer(n, 0), 0, SHADOW_RX * RX_BUFFER);
	for (uint32_t i = 0; i < SHADOW_RX; i++)
		write_descriptor(n, i);
	r->next = 0;
	r->skipping = false;
	dev_write(n, E1000_RDBAL, (uint32_t)(n->d->pool.bus.a + POOL_RX_RING));
	dev_write(n, E1000_RDBAH, (uint32_t)((n->d->pool.bus.a + POOL_RX_RING) >> 32));
	dev_write(n, E1000_RDLEN, SHADOW_RX * DESC_BYTES);
	/* written back one by one: whoever polls waits for each */
	dev_write(n, E1000_RXDCTL, 1u << DCTL_WTHRESH_SHIFT);
	dev_write(n, E1000_RDH, 0);
	write_tail(n);
	r->running = true;
}

/* What came before is the guest's: it is in its memory when its write has been done, and nothing comes later. */
void rx_stop(struct e1000 *n)
{
	rx_collect(n, false);
	n->rx.running = false;
	rx_forget(n);
}

void rx_reset(struct e1000 *n)
{
	n->rx.running = false;
	n->rx.started = false;
	rx_forget(n);
}

void rx_forget(struct e1000 *n)
{
	struct rx *r = &n->rx;
	struct rx_written w;

	if (r->gathered)
		r->skipping = true;
	r->gathered = 0;
	r->waiting = r->late = false;
	r->frame = (struct rx_frame){ 0 };
	if (!r->running)
		return;
	for (uint32_t i = 0; i < SHADOW_RX && is_written(n, &w); i++) {
		r->skipping = !(w.status & RXD_EOP);
		give_back_cleared(n);
	}
	write_tail(n);
}

bool rx_is_waiting(const struct e1000 *n)
{
	return n->rx.waiting || (n->rx.late && n->open.on);
}

bool rx_is_stalled(const struct e1000 *n)
{
	return n->rx.in_vain == RX_STALLED_POLLS;
}

void rx_poll(struct e1000 *n)
{
	struct rx *r = &n->rx;
	uint32_t head = r->guest.head;

	rx_collect(n, true);
	if (r->late && r->guest.head == head && r->in_vain < RX_STALLED_POLLS)
		r->in_vain++;
}

/* ---- a frame ---- */

static void drop(struct e1000 *n, const struct rx_written *w, enum e1000_counter why)
{
	n->counter[why]++;
	n->rx.gathered = 0;
	n->rx.skipping = !(w->status & RXD_EOP);
	give_back_cleared(n);
}

/* Of each frame that comes. */
static uint32_t crc_bytes(const struct e1000 *n)
{
	return n->rx.crc_comes ? CRC32_BYTES : 0;
}

/* A part of a frame of several buffers. */
static void gather(struct e1000 *n, const struct rx_written *w)
{
	struct rx *r = &n->rx;
	uint8_t *whole = n->d->pool.at + POOL_RX_FRAME;

	if (w->length > FRAME_MAX + crc_bytes(n) - r->gathered) {
		drop(n, w, E1000_RX_TOO_LONG);
		return;
	}
	if (r->gathered == 0)
		r->checksum = w->checksum;
	memcpy(whole + r->gathered, buffer(n, r->next), w->length);
	r->gathered += w->length;
	give_back_cleared(n);	/* who has it, is not known before the last part */
	if (w->status & RXD_EOP) {
		r->frame = (struct rx_frame){ .at = whole, .len = r->gathered - crc_bytes(n) };
		r->gathered = 0;
	}
}

/* A part has bytes, but for the last of several; a frame has more than its CRC. */
static bool is_possible(const struct e1000 *n, const struct rx_written *w)
{
	if (w->length > RX_BUFFER)
		return false;
	return w->status & RXD_EOP ? n->rx.gathered + w->length > crc_bytes(n) : w->length > 0;
}

/* The descriptor at r->next is written: r->frame, if with it one is complete. */
static void take(struct e1000 *n, const struct rx_written *w)
{
	struct rx *r = &n->rx;
	bool last = w->status & RXD_EOP;

	if (r->skipping) {
		r->skipping = !last;
		give_back_cleared(n);
	} else if (!is_possible(n, w)) {
		drop(n, w, E1000_DEVICE);
	} else if (r->gathered || !last || w->length > RX_BUFFER - CRC32_BYTES) {
		gather(n, w);	/* and where no room is for a CRC behind it */
	} else {
		r->frame = (struct rx_frame){ .at = buffer(n, r->next), .len = w->length - crc_bytes(n), .in_buffer = true };
	}
}

/* The frame is done with; unless @delivered nothing of it is left. */
static void release(struct e1000 *n, bool delivered)
{
	if (n->rx.frame.in_buffer && delivered)
		give_back(n);
	else if (n->rx.frame.in_buffer)
		give_back_cleared(n);
	n->rx.frame.at = NULL;
}

static bool passes(struct e1000 *n, const struct work *k, const struct rx_written *w, bool *rewritten)
{
	struct rx_frame *f = &n->rx.frame;

	*rewritten = false;
	/* RCTL.SBP was there when it came, perhaps, and is no more */
	if (w->errors & RXE_FRAME && !(n->rctl & RCTL_SBP)) {
		n->counter[E1000_DEVICE]++;
		return false;
	}
	if (!k->judged || net_passes(n->net, HV_HOOK_NET_IN, k->now_ns, f->at, f->len, f->len, rewritten))
		return true;
	n->counter[E1000_RX_DROPPED]++;
	return false;
}

/* The next frame that passes becomes r->frame: false, there is none now. */
static bool next_frame(struct e1000 *n, const struct rx_target *t, struct work *k)
{
	struct rx *r = &n->rx;
	struct rx_written w;
	bool rewritten;

	while (is_written(n, &w)) {
		uint32_t cost = w.length > RX_FRAME_COST ? w.length : RX_FRAME_COST;

		if (k->budget < cost) {
			r->waiting = true;
			return false;
		}
		k->budget -= cost;
		take(n, &w);
		if (!r->frame.at)
			continue;
		if (passes(n, k, &w, &rewritten)) {
			rx_finish(n, t, &w, rewritten);
			return true;
		}
		release(n, false);
	}
	return false;
}

static void announce_causes(struct e1000 *n, uint32_t causes)
{
	if (causes)
		dev_write(n, E1000_ICS, causes);
}

void rx_collect(struct e1000 *n, bool announce)
{
	struct rx *r = &n->rx;
	struct work k = { .budget = BURST_BYTES };
	struct rx_target t;
	struct rx_written w;
	uint32_t before, after, threshold, head = r->guest.head;
	bool late = r->late;

	r->waiting = false;
	if (!r->running || (!r->frame.at && !is_written(n, &w)))
		return;
	rx_target(n, &t);
	k.judged = net_need(n->net, HV_HOOK_NET_IN) != NET_NEED_NOTHING;
	k.now_ns = n->d->ops->now_ns(n->d->host);
	before = rx_room(n, &t);
	while ((r->frame.at || next_frame(n, &t, &k)) && rx_scatter(n, &t))
		release(n, true);
	rx_tell(n, &t);
	r->late = r->frame.at || r->waiting;
	r->in_vain = r->late && r->guest.head == head ? r->in_vain : 0;
	after = rx_room(n, &t);
	threshold = rx_threshold(n, &t);
	announce_causes(n, (announce && late && r->guest.head != head ? INT_RXT0 : 0u) |
			   (before > threshold && after <= threshold ? INT_RXDMT0 : 0u));
}
