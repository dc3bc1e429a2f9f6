/*
 * tx.c - the guest's transmit ring: descriptors are taken, frames found, and what is done is reported
 *
 *	take	a descriptor is read, once, and is part of a frame
 *	finish	a frame is whole: tx_offload.c and tx_send.c decide, or it waits for room
 *	notice	the device is done with a frame
 *	report	the guest is told, in the order of its ring
 */
#include "devmodel/e1000/state.h"

#include <string.h>

/* What a descriptor and a frame cost at least, in bytes judged. */
#define DESC_COST	DESC_BYTES
#define FRAME_COST	256u

void tx_create(struct e1000 *n, unsigned q)
{
	n->tx[q].queue = q;
}

/* ---- report ---------------------------------------------------------------- */

/*
 * Descriptors that are not done and above TXDCTL.LWTHRESH: with the last of them the ring runs low (8254x manual, TXD_LOW).
 * 0: none are, or the guest has not asked.
 */
static uint32_t above_low(const struct tx *t)
{
	const struct guest_ring *g = &t->guest;
	uint32_t left = g->tail >= g->head ? g->tail - g->head : t->count - g->head + g->tail;
	uint32_t low = (g->dctl >> DCTL_LWTHRESH_SHIFT) * 8;

	return low > 0 && left > low ? left - low : 0;
}

/* The next @descs descriptors of the guest's ring are done. */
static void report(struct e1000 *n, struct tx *t, uint32_t descs)
{
	static const uint8_t done = TXD_STATUS_DD;
	struct guest_ring *g = &t->guest;
	uint32_t above = above_low(t);

	if (above > 0 && descs >= above)
		t->causes |= INT_TXD_LOW;
	for (; descs > 0; descs--) {
		uint64_t *word = &t->reported[g->head % RING_MAX / 64], bit = UINT64_C(1) << g->head % 64;
		gpa_t at = guest_ring_at(g, g->head);

		at.a += TXD_STATUS_AT;
		if ((*word & bit) && !n->d->ops->guest_write(n->d->host, at, &done, sizeof(done)))
			n->counter[E1000_RING]++;
		*word &= ~bit;
		g->head = g->head + 1 < t->count ? g->head + 1 : 0;
		t->taken--;
	}
}

static void mark(struct tx *t, uint32_t index)
{
	t->reported[index / 64] |= UINT64_C(1) << index % 64;
}

/*
 * With a write-back threshold descriptors that do not ask are written back, too (8254x manual, TXDCTL.WTHRESH): here
 * those of frames of which none asks.
 */
static void mark_unasked(struct tx *t)
{
	const struct tx_frame *f = &t->frame;

	if (f->reported || !f->open || !(t->guest.dctl & DCTL_WTHRESH))
		return;
	for (uint32_t i = t->taken - f->descs; i < t->taken; i++)
		mark(t, (t->guest.head + i) % t->count);
}

/* The frame's descriptors so far are done with the last one that was sent. */
static void add_to_last(struct tx *t)
{
	struct tx_sent *s = &t->sent[(t->sent_tail - 1) % SHADOW_TX];

	s->guest_descs += t->frame.descs;
	if (!t->frame.prompt || !s->delayed || s->owed)
		return;
	s->owed = true;
	t->owed++;
}

/* The frame's descriptors so far are done as soon as those before them are. */
static void settle(struct e1000 *n, struct tx *t)
{
	struct tx_frame *f = &t->frame;

	mark_unasked(t);
	if (t->sent_head != t->sent_tail) {
		add_to_last(t);
	} else {
		report(n, t, f->descs);
		t->causes |= f->reported ? INT_TXDW : 0;
	}
	f->descs = 0;
	f->reported = f->prompt = false;
}

/* Frames that the device is done with: only what it has written in our own ring is believed. */
static void notice(struct e1000 *n, struct tx *t)
{
	while (t->sent_head != t->sent_tail) {
		const struct tx_sent *s = &t->sent[t->sent_head % SHADOW_TX];
		const union tx_desc *last = tx_shadow(n, t, s->shadow_end - 1);

		if (!(__atomic_load_n(&last->data.status, __ATOMIC_ACQUIRE) & TXD_STATUS_DD))
			return;
		t->shadow_head = s->shadow_end;
		t->bytes_first = s->bytes_end;
		t->sent_head++;
		t->in_vain = 0;
		report(n, t, s->guest_descs);
		t->causes |= s->owed ? INT_TXDW : 0;
		t->owed -= s->owed;
	}
}

/* ---- take ------------------------------------------------------------------ */

static void spoil(struct tx_frame *f, enum e1000_counter why)
{
	if (!f->bad)
		f->why = why;
	f->bad = true;
}

static void take_context(struct tx *t, const struct tx_context *c)
{
	if (c->paylen_type >> TXD_CMD_SHIFT & TXD_TSE)
		t->segment_context = *c;
	else
		t->context = *c;
}

static bool is_burst(const union tx_desc *d)
{
	return (d->legacy.cmd & (TXD_DEXT | TXD_TSE)) == (TXD_DEXT | TXD_TSE);
}

/* All of a frame is of one kind, and all of it or nothing a burst. */
static bool same_kind(const union tx_desc *a, const union tx_desc *b)
{
	return !((a->legacy.cmd ^ b->legacy.cmd) & TXD_DEXT) && is_burst(a) == is_burst(b);
}

/*
 * No address and no length: no bytes (8254x manual, section 3.3.3.1).  Of a burst, what lies behind the piece before is part
 * of it: drivers cut those of small segments every few hundred bytes, for the sake of the device's FIFO.  The first piece, the
 * headers, stays by itself.
 */
static void take_piece(struct tx_frame *f, uint64_t at, uint32_t len)
{
	struct tx_piece *last = f->pieces > 1 && is_burst(&f->first) ? &f->piece[f->pieces - 1] : NULL;
	bool adjoins = last && last->at.a + last->len == at;

	if (at == 0 || len == 0)
		return;
	if ((f->pieces == TX_PIECES && !adjoins) || len > TX_FRAME_MAX - f->len) {
		spoil(f, E1000_TX_TOO_LONG);
		return;
	}
	if (adjoins) {
		last->len += len;
		f->len += len;
		return;
	}
	f->piece[f->pieces++] = (struct tx_piece){ { at }, len };
	f->len += len;
}

static void take_data(struct tx_frame *f, const union tx_desc *d)
{
	bool extended = d->legacy.cmd & TXD_DEXT;

	if (!f->open)
		f->first = *d;
	f->open = true;
	f->last = *d;
	f->whole = d->legacy.cmd & TXD_EOP;
	if (!same_kind(&f->first, d) ||
	    (extended && (d->data.length_type >> TXD_DTYP_SHIFT & 0xf) != DTYP_DATA))
		spoil(f, E1000_TX_OFFLOAD);
	if (!f->bad)
		take_piece(f, d->data.buffer, extended ? d->data.length_type & TXD_LENGTH_MASK : d->legacy.length);
}

static bool is_context(const union tx_desc *d)
{
	return (d->legacy.cmd & TXD_DEXT) && (d->data.length_type >> TXD_DTYP_SHIFT & 0xf) == DTYP_CONTEXT;
}

/* One more descriptor, at the ring's index @taken. */
static void take_desc(struct e1000 *n, struct tx *t, uint32_t index, const union tx_desc *d)
{
	struct tx_frame *f = &t->frame;
	bool reported = d->legacy.cmd & (TXD_RS | TXD_RPS);

	if (reported)
		mark(t, index);
	f->reported |= reported;
	f->prompt |= reported && !(d->legacy.cmd & TXD_IDE);
	f->descs++;
	t->taken++;
	if (!is_context(d)) {
		take_data(f, d);
	} else {
		take_context(t, &d->context);
		if (f->open)	/* not in the middle of a packet (8254x manual, section 3.3.5) */
			spoil(f, E1000_TX_OFFLOAD);
	}
	if (f->open && !f->whole && f->descs >= t->count - 1)
		spoil(f, E1000_TX_TOO_LONG);	/* the ring can hold no more of it */
	if (!f->whole && (f->bad || !f->open))
		settle(n, t);
}

static void spend(uint32_t *budget, uint32_t cost)
{
	*budget -= cost < *budget ? cost : *budget;
}

static void begin_frame(struct tx_frame *f)
{
	f->pieces = f->len = f->descs = 0;
	f->open = f->whole = f->reported = f->prompt = f->bad = false;
}

/* What becomes of the whole frame in hand.  False: it waits for room. */
static bool decide(struct e1000 *n, struct tx *t, enum e1000_counter *fate, uint32_t *judged)
{
	const struct tx_frame *f = &t->frame;
	struct tx_wish w;

	tx_decode_wish(n, t, &w);
	if (f->len < TX_PACKET_MIN + (w.fcs ? 0 : CRC32_BYTES))
		*fate = E1000_TX_SHORT;
	else if (!w.segment && f->len > TX_PACKET_MAX)
		*fate = E1000_TX_TOO_LONG;
	else if (tx_has_room(n, t, &w))
		*fate = tx_send(n, t, &w, judged);
	else
		return false;
	return true;
}

/* It is sent or dropped, or is nothing at all.  False: it waits for room. */
static bool finish(struct e1000 *n, struct tx *t, uint32_t *budget)
{
	struct tx_frame *f = &t->frame;
	enum e1000_counter fate = f->why;
	bool empty = !f->bad && f->len == 0;
	uint32_t judged = 0;

	if (!f->bad && !empty && !decide(n, t, &fate, &judged))
		return false;
	spend(budget, FRAME_COST + judged);
	if (!empty)
		n->counter[fate]++;
	if (!f->bad && !empty && fate == E1000_TX_PASSED)
		mark_unasked(t);	/* its descriptors are the sent frame's */
	else
		settle(n, t);
	begin_frame(f);
	return true;
}

/* The first descriptor that was not taken. */
static uint32_t next_index(const struct tx *t)
{
	uint32_t next = t->guest.head + t->taken;

	return next < t->count ? next : next - t->count;
}

/*
 * As many descriptors as lie side by side are read at once, those that are taken in this call: a read costs more than
 * they do.  At the edge of memory, one.
 */
static bool read_ahead(struct e1000 *n, struct tx *t, uint32_t index)
{
	uint32_t count = (t->guest.tail > index ? t->guest.tail : t->count) - index;
	gpa_t at = guest_ring_at(&t->guest, index);

	if (count > TX_AHEAD)
		count = TX_AHEAD;
	t->ahead_next = 0;
	t->ahead_count = count;
	if (n->d->ops->guest_read(n->d->host, at, t->ahead, count * DESC_BYTES))
		return true;
	t->ahead_count = 1;
	return n->d->ops->guest_read(n->d->host, at, t->ahead, DESC_BYTES);
}

/* One descriptor, or the frame that is whole.  False: not now, and perhaps never. */
static bool step(struct e1000 *n, struct tx *t, uint32_t *budget)
{
	uint32_t index = next_index(t);

	t->waiting = true;
	if (*budget == 0)
		return false;
	if (t->frame.whole)
		return finish(n, t, budget);
	if (t->taken == t->count)
		return false;
	if (t->ahead_next == t->ahead_count && !read_ahead(n, t, index)) {
		t->ahead_count = 0;
		n->counter[E1000_RING]++;
		t->waiting = false;
		return false;
	}
	spend(budget, DESC_COST);
	take_desc(n, t, index, &t->ahead[t->ahead_next++]);
	return true;
}

static void take(struct e1000 *n, struct tx *t)
{
	uint32_t budget = BURST_BYTES, before = t->shadow_tail, count = guest_ring_count(&t->guest);
	bool more = true;

	t->waiting = false;
	if (!t->running || count == 0)
		return;
	t->count = count;
	t->ahead_next = t->ahead_count = 0;
	while (more && (t->frame.whole || next_index(t) != t->guest.tail))
		more = step(n, t, &budget);
	if (more)
		t->waiting = false;
	if (t->shadow_tail != before)
		tx_ring_doorbell(n, t);
}

/* ---- what the others call --------------------------------------------------- */

/* Most looks are for something else: all that the guest has given was done and told. */
static bool is_idle(const struct tx *t)
{
	return t->guest.head == t->guest.tail && t->taken == 0;
}

void tx_complete(struct e1000 *n, unsigned q)
{
	struct tx *t = &n->tx[q];

	if (is_idle(t) && !tx_is_under_way(n, q)) {
		t->waiting = false;
		return;
	}
	notice(n, t);
	take(n, t);
	if (t->causes)
		dev_write(n, E1000_ICS, t->causes);
	t->causes = 0;
}

void tx_poll(struct e1000 *n, unsigned q)
{
	struct tx *t = &n->tx[q];

	t->in_vain += t->in_vain < TX_STALLED_POLLS;
	if (!tx_is_under_way(n, q))
		t->in_vain = 0;
	tx_complete(n, q);
}

void tx_kick(struct e1000 *n, unsigned q)
{
	struct tx *t = &n->tx[q];

	if (t->running && t->guest.head != t->guest.tail && guest_ring_count(&t->guest) == 0)
		n->counter[E1000_RING]++;
	tx_complete(n, q);
}

void tx_forget(struct e1000 *n, unsigned q)
{
	struct tx *t = &n->tx[q];

	for (uint32_t i = t->sent_head; i != t->sent_tail; i++) {
		t->sent[i % SHADOW_TX].guest_descs = 0;
		t->sent[i % SHADOW_TX].owed = false;
	}
	t->owed = 0;
	memset(t->reported, 0, sizeof(t->reported));
	t->taken = 0;
	t->programmed = t->waiting = false;
	t->causes = 0;
	t->in_vain = 0;
	begin_frame(&t->frame);
}

/*
 * The pool's bytes go on where they were: should the device still be reading a frame of the old ring, it lies
 * undisturbed until all the others are used.
 */
static void program(struct e1000 *n, struct tx *t)
{
	uint32_t base = t->queue * E1000_QUEUE;
	uint64_t bus = n->d->pool.bus.a + POOL_TX + t->queue * POOL_TX_QUEUE + POOL_TX_RING;

	memset(tx_shadow(n, t, 0), 0, SHADOW_TX * DESC_BYTES);
	t->shadow_head = t->shadow_tail = 0;
	t->sent_head = t->sent_tail = 0;
	t->bytes_first = t->bytes_next;
	t->context = t->segment_context = (struct tx_context){ 0 };
	dev_write(n, E1000_TDBAL + base, (uint32_t)bus);
	dev_write(n, E1000_TDBAH + base, (uint32_t)(bus >> 32));
	dev_write(n, E1000_TDLEN + base, SHADOW_TX * DESC_BYTES);
	dev_write(n, E1000_TDH + base, 0);
	dev_write(n, E1000_TDT + base, 0);
	t->programmed = true;
}

void tx_start(struct e1000 *n)
{
	for (unsigned q = 0; q < n->family->queues; q++) {
		if (!n->tx[q].programmed)
			program(n, &n->tx[q]);
		n->tx[q].running = true;
		tx_complete(n, q);
	}
}

void tx_stop(struct e1000 *n)
{
	for (unsigned q = 0; q < n->family->queues; q++)
		n->tx[q].running = false;
}

void tx_reset(struct e1000 *n)
{
	tx_stop(n);
	for (unsigned q = 0; q < n->family->queues; q++)
		tx_forget(n, q);
}

bool tx_is_waiting(const struct e1000 *n, unsigned q)
{
	const struct tx *t = &n->tx[q];

	if (t->waiting || t->owed)
		return true;
	return (n->ims & INT_TXD_LOW) && tx_is_under_way(n, q) && above_low(t) > 0;
}

bool tx_is_under_way(const struct e1000 *n, unsigned q)
{
	return n->tx[q].sent_head != n->tx[q].sent_tail;
}

bool tx_is_stalled(const struct e1000 *n, unsigned q)
{
	return n->tx[q].in_vain == TX_STALLED_POLLS;
}
