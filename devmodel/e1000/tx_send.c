/*
 * tx_send.c - a frame of the guest's is copied, judged, and the device's descriptors are written from nothing
 *
 * What is judged is copied, and the device gets the copy.  The rest it takes from the guest's pages.
 */
#include "devmodel/e1000/state.h"

#include <string.h>

/* Copied whole up to this, and where it is in many pieces: that is cheaper than a descriptor for each. */
#define COPY_BYTES	512u
#define DIRECT_PIECES	32u
#define HEADERS_MIN	42u	/* a first piece shorter than Ethernet, IPv4 and UDP shows no headers */

/*
 * Bytes of a descriptor.  The 8254x count on room in their FIFO for a buffer by its segments, so that Linux gives them
 * no more than four of a burst; and on PCI-X, by an erratum, the first of a packet must be below 2016 bytes.
 */
#define PIECE_MAX	4096u
#define PIECE_MAX_82574	8192u
#define PIECE_MIN	192u
#define PIECE_FIRST_MAX	2015u
#define PIECE_SEGMENTS	4u

enum { TAG_AT = 12, TAG_BYTES = 4 };

/* An empty ring, and empty bytes, have room for every frame: nothing waits for ever. */
_Static_assert(4 + TX_PIECES + TX_FRAME_MAX / PIECE_MIN < SHADOW_TX, "descriptors");
_Static_assert(2 * (TX_FRAME_MAX + TAG_BYTES) < TX_BYTES, "bytes, wherever the last frame ended");

/* A frame as the device will have it. */
struct out {
	uint8_t *copy;		/* its first bytes, in the pool */
	uint32_t copy_at;	/* there */
	uint32_t copied, len;	/* with the tag */
	struct {
		dma_t at;
		uint32_t len;
	} direct[DIRECT_PIECES];
	uint32_t directs;
};

union tx_desc *tx_shadow(const struct e1000 *n, const struct tx *t, uint32_t slot)
{
	uint32_t ring = POOL_TX + t->queue * POOL_TX_QUEUE + POOL_TX_RING;

	return (union tx_desc *)(n->d->pool.at + ring) + slot % SHADOW_TX;
}

static uint32_t bytes_at(const struct tx *t)
{
	return POOL_TX + t->queue * POOL_TX_QUEUE + POOL_TX_BYTES;
}

static uint32_t piece_max(const struct e1000 *n, uint32_t mss)
{
	uint32_t max = PIECE_SEGMENTS * mss;

	if (n->family->extended)
		return PIECE_MAX_82574;
	if (max < PIECE_MIN)
		return PIECE_MIN;
	return max < PIECE_MAX ? max : PIECE_MAX;
}

static uint32_t burst_mss(const struct tx_wish *w)
{
	return w->segment ? w->asked.mss : TX_PACKET_MAX;
}

/* Where @len bytes, of a frame at most, find room in one piece, or TX_BYTES. */
static uint32_t find_bytes(const struct tx *t, uint32_t len)
{
	if (t->bytes_next < t->bytes_first)
		return len < t->bytes_first - t->bytes_next ? t->bytes_next : TX_BYTES;
	if (len <= TX_BYTES - t->bytes_next)
		return t->bytes_next;
	return len < t->bytes_first ? 0 : TX_BYTES;
}

/* For the worst case: a context, a part of each kind cut off by each bound. */
bool tx_has_room(const struct e1000 *n, const struct tx *t, const struct tx_wish *w)
{
	uint32_t room = SHADOW_TX - 1 - (t->shadow_tail - t->shadow_head);
	uint32_t descs = 4 + t->frame.pieces + t->frame.len / piece_max(n, burst_mss(w));

	return descs <= room && find_bytes(t, t->frame.len + TAG_BYTES) < TX_BYTES;
}

/* Copy bytes @from up to @to of the guest's frame.  False: not all of it is guest memory. */
static bool copy_in(const struct e1000 *n, const struct tx_frame *f, uint32_t from, uint32_t to, uint8_t *at)
{
	uint32_t start = 0;

	for (uint32_t i = 0; i < f->pieces && start < to; start += f->piece[i++].len) {
		const struct tx_piece *p = &f->piece[i];
		uint32_t skip = from > start ? from - start : 0, end = to - start < p->len ? to - start : p->len;

		if (skip >= end)
			continue;
		if (!n->d->ops->guest_read(n->d->host, (gpa_t){ p->at.a + skip }, at, end - skip))
			return false;
		at += end - skip;
	}
	return true;
}

/* The guest's bytes from @from on go to the device as they lie. */
static bool map_rest(const struct e1000 *n, const struct tx_frame *f, uint32_t from, struct out *o)
{
	uint32_t start = 0;

	o->directs = 0;
	for (uint32_t i = 0; i < f->pieces; start += f->piece[i++].len) {
		const struct tx_piece *p = &f->piece[i];
		uint32_t skip = from > start ? from - start : 0;

		if (skip >= p->len)
			continue;
		o->direct[o->directs].len = p->len - skip;
		if (!n->d->ops->guest_dma(n->d->host, (gpa_t){ p->at.a + skip }, p->len - skip,
					  &o->direct[o->directs].at))
			return false;
		o->directs++;
	}
	return true;
}

static void insert_tag(const struct e1000 *n, uint8_t *frame, uint16_t tag)
{
	memmove(frame, frame + TAG_BYTES, TAG_AT);
	frame[TAG_AT] = (uint8_t)(n->vet >> 8);
	frame[TAG_AT + 1] = (uint8_t)n->vet;
	frame[TAG_AT + 2] = (uint8_t)(tag >> 8);
	frame[TAG_AT + 3] = (uint8_t)tag;
}

/* Bytes to copy next, where @copied did not do: drivers often have the headers in a piece of their own. */
static uint32_t next_part(const struct tx_frame *f, uint32_t copied, bool whole)
{
	if (whole || copied >= NET_HEADERS)
		return f->len;
	if (copied == 0 && f->piece[0].len >= HEADERS_MIN && f->piece[0].len < NET_HEADERS)
		return f->piece[0].len;
	return NET_HEADERS;
}

/* The frame is copied as far as it must be, and the rest is found. */
static bool gather(struct e1000 *n, const struct tx *t, const struct tx_wish *w, struct out *o)
{
	const struct tx_frame *f = &t->frame;
	enum net_need need = net_need(n->net, HV_HOOK_NET_OUT);
	bool whole = need == NET_NEED_FRAME || f->len <= COPY_BYTES || f->pieces > DIRECT_PIECES || !w->fcs;
	bool headers = need != NET_NEED_NOTHING || w->segment || w->ip_sum || w->sum;
	uint32_t tag = w->tagged ? TAG_BYTES : 0, copied = 0, part;

	o->copy_at = find_bytes(t, f->len + TAG_BYTES);
	o->copy = n->d->pool.at + bytes_at(t) + o->copy_at;
	o->len = f->len + tag;
	do {
		part = next_part(f, copied, whole);
		if (!copy_in(n, f, copied, part, o->copy + tag + copied))
			return false;
		if (copied == 0 && w->tagged)
			insert_tag(n, o->copy, w->tag);
		copied = part;
	} while (headers && !net_headers_shown(o->copy, copied + tag, o->len));
	o->copied = copied + tag;
	return map_rest(n, f, copied, o);
}

static void put_data(const struct e1000 *n, struct tx *t, dma_t at, uint32_t len, uint32_t cmd, uint8_t popts)
{
	*tx_shadow(n, t, t->shadow_tail++) = (union tx_desc){ .data = {
		.buffer = at.a,
		.length_type = len | DTYP_DATA << TXD_DTYP_SHIFT | (TXD_DEXT | TXD_IFCS | cmd) << TXD_CMD_SHIFT,
		.popts = popts,
	} };
}

static void put_piece(const struct e1000 *n, struct tx *t, dma_t at, uint32_t len, uint32_t max, uint32_t cmd,
		      uint8_t popts)
{
	for (uint32_t part; len > 0; len -= part, at.a += part) {
		part = len < max ? len : max;
		put_data(n, t, at, part, cmd, popts);
	}
}

/* The device's descriptors.  The last one reports, and interrupts as soon as the guest's would. */
static void put_frame(const struct e1000 *n, struct tx *t, const struct tx_wish *w, const struct tx_offload *off,
		      const struct out *o)
{
	uint32_t max = piece_max(n, burst_mss(w)), first = o->copied;
	uint32_t cmd = off->needed && w->segment ? TXD_TSE : 0, last = TXD_EOP | TXD_RS;
	uint8_t popts = off->needed ? off->popts : 0;
	dma_t at = { n->d->pool.bus.a + bytes_at(t) + o->copy_at };

	if (off->needed)
		*tx_shadow(n, t, t->shadow_tail++) = (union tx_desc){ .context = off->context };
	if (!n->family->extended && first > PIECE_FIRST_MAX)
		first = PIECE_FIRST_MAX;
	put_piece(n, t, at, first, max, cmd, popts);
	put_piece(n, t, (dma_t){ at.a + first }, o->copied - first, max, cmd, popts);
	for (uint32_t i = 0; i < o->directs; i++)
		put_piece(n, t, o->direct[i].at, o->direct[i].len, max, cmd, popts);
	if (!t->frame.prompt)
		last |= TXD_IDE;
	tx_shadow(n, t, t->shadow_tail - 1)->data.length_type |= last << TXD_CMD_SHIFT;
}

static bool judge(struct e1000 *n, const struct out *o, bool *rewritten)
{
	*rewritten = false;
	if (net_need(n->net, HV_HOOK_NET_OUT) == NET_NEED_NOTHING)
		return true;
	return net_passes(n->net, HV_HOOK_NET_OUT, n->d->ops->now_ns(n->d->host), o->copy, o->copied, o->len,
			  rewritten);
}

/*
 * A frame that brings its own FCS leaves without it, and the device appends the same; a wrong one is a frame that no
 * station takes, and it is not sent.
 */
static bool take_fcs(const struct e1000 *n, struct out *o)
{
	uint32_t fcs;

	o->len -= sizeof(fcs);
	o->copied = o->len;
	memcpy(&fcs, o->copy + o->len, sizeof(fcs));
	return fcs == crc32(&n->rx.crc, o->copy, o->len);
}

enum e1000_counter tx_send(struct e1000 *n, struct tx *t, const struct tx_wish *w, uint32_t *judged)
{
	struct tx_offload off;
	struct tx_seed seed;
	struct out o;
	bool rewritten;

	*judged = 0;
	if (!gather(n, t, w, &o))
		return E1000_TX_MEMORY;
	*judged = o.copied;
	if ((!w->fcs && !take_fcs(n, &o)) || !tx_check_offload(w, o.copy, o.copied, o.len, &off))
		return E1000_TX_OFFLOAD;
	tx_keep_seed(&off, o.copy, &seed);
	if (!judge(n, &o, &rewritten))
		return E1000_TX_DROPPED;
	if (rewritten) {
		/* any byte may be another now, those that say where the sums are too */
		if (!tx_check_offload(w, o.copy, o.copied, o.len, &off) ||
		    (off.needed && !tx_renew_seeds(&off, &seed, o.copy)))
			return E1000_TX_OFFLOAD;
		n->counter[E1000_TX_REWRITTEN]++;
	}
	put_frame(n, t, w, &off, &o);
	t->bytes_next = o.copy_at + o.copied;
	t->sent[t->sent_tail++ % SHADOW_TX] = (struct tx_sent){
		.guest_descs = t->frame.descs, .shadow_end = t->shadow_tail, .bytes_end = t->bytes_next,
		.delayed = !t->frame.prompt,
	};
	n->counter[E1000_TX_BYTES] += o.len;
	return E1000_TX_PASSED;
}

void tx_ring_doorbell(struct e1000 *n, struct tx *t)
{
	dev_write(n, E1000_TDT + t->queue * E1000_QUEUE, t->shadow_tail % SHADOW_TX);
}
