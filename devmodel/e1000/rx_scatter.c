/*
 * rx_scatter.c - a frame that passed goes into the guest's buffers, and its descriptors say so
 *
 * A descriptor of the guest is read once.  Where it cannot be read there is none to be used up: the frame is lost
 * and the head stays, as a device stays whose fetch nobody answers.  Where its buffer is no guest RAM, the bytes are
 * lost as a device's posted writes are, and the descriptor comes back with an error, so that a driver goes on.
 *
 * Used descriptors that lie side by side are written together, as devices do: a write costs more than they do.
 */
#include "devmodel/e1000/state.h"

#include <string.h>

#include "devmodel/e1000/pool.h"

#define SPLIT_BYTES	32u	/* a descriptor with packet split (82574 datasheet, section 7.1.5) */

/* What is written over a descriptor with packet split, in its first half as over an extended one. */
struct split_written {
	uint32_t mrq;
	uint16_t ip_id, checksum;
	uint32_t status;
	uint16_t length0, vlan;
	uint16_t header_status, length[3];
	uint64_t reserved;
};
_Static_assert(sizeof(struct split_written) == SPLIT_BYTES, "82574 datasheet, section 7.1.5");

/* Of a descriptor: a buffer's address, and DD of each kind; with packet split four buffers. */
enum { BUFFER_WORD, STATUS_WORD, WORDS };
enum { LEGACY_STATUS_SHIFT = 32, EXTENDED_ERRORS_SHIFT = 24 };

/* ---- what the guest's registers say ---- */

static uint32_t buffer_bytes(const struct e1000 *n)
{
	uint32_t bsize = (n->rctl & RCTL_BSIZE) >> RCTL_BSIZE_SHIFT, kib = (n->rctl & RCTL_FLXBUF) >> RCTL_FLXBUF_SHIFT;

	if (n->family->extended && kib)
		return kib << 10;
	if (n->rctl & RCTL_BSEX)
		return bsize ? 1u << (15 - bsize) : 2048;	/* 00b is reserved */
	return 1u << (11 - bsize);
}

/* PSRCTL: the first buffer in 128 bytes, the others in KiB. */
static void split_buffers(struct e1000 *n, struct rx_target *t)
{
	uint32_t psrctl = dev_read(n, E1000_PSRCTL), sum;

	t->step = SPLIT_BYTES / DESC_BYTES;
	t->buffers = 4;
	sum = t->bytes[0] = (psrctl & 0x7f) << 7;
	for (unsigned i = 1; i < 4; i++)
		sum += t->bytes[i] = (psrctl >> 8 * i & 0x3f) << 10;
	if (sum == 0 || n->rx.guest.head & (t->step - 1))
		t->count = 0;
}

void rx_target(struct e1000 *n, struct rx_target *t)
{
	*t = (struct rx_target){ .count = guest_ring_count(&n->rx.guest), .step = 1, .buffers = 1 };
	t->extended = n->family->extended && n->rfctl & RFCTL_EXSTEN;
	t->hash = t->extended && n->rxcsum & RXCSUM_PCSD;
	t->crc = !(n->rctl & RCTL_SECRC);
	t->strip = n->ctrl & CTRL_VME;
	t->vet = n->vet;
	if (t->extended && (n->rctl & RCTL_DTYP) == 1u << RCTL_DTYP_SHIFT)
		split_buffers(n, t);
	else
		t->bytes[0] = buffer_bytes(n);
}

uint32_t rx_room(const struct e1000 *n, const struct rx_target *t)
{
	const struct guest_ring *g = &n->rx.guest;

	if (t->count == 0)
		return 0;
	return g->tail >= g->head ? g->tail - g->head : g->tail + t->count - g->head;
}

uint32_t rx_threshold(const struct e1000 *n, const struct rx_target *t)
{
	return t->count >> (((n->rctl & RCTL_RDMTS) >> RCTL_RDMTS_SHIFT) + 1);
}

/* ---- one descriptor ---- */

/* Descriptors that the guest has given, some at once: none behind the ring's end or the page's. */
static bool read_ahead(struct e1000 *n, struct rx_target *t)
{
	const struct guest_ring *g = &n->rx.guest;
	gpa_t at = guest_ring_at(g, g->head);
	uint32_t most = rx_room(n, t), page = (4096 - (at.a & 4095)) / DESC_BYTES;

	if (most > t->count - g->head)
		most = t->count - g->head;
	if (most > page)
		most = page;
	if (most > RX_AHEAD)
		most = RX_AHEAD;
	most -= most % t->step;
	t->ahead_at = at;
	t->ahead_told = t->ahead_next = 0;
	t->ahead_end = most;
	if (most && n->d->ops->guest_read(n->d->host, at, t->ahead, most * DESC_BYTES))
		return true;
	t->ahead_end = t->step;
	return n->d->ops->guest_read(n->d->host, at, t->ahead, t->step * DESC_BYTES);
}

/* The words of the descriptor at the head, which is moved on.  NULL: it cannot be read. */
static uint64_t *take(struct e1000 *n, struct rx_target *t)
{
	struct guest_ring *g = &n->rx.guest;
	uint64_t *d;

	if (t->ahead_next == t->ahead_end && !read_ahead(n, t)) {
		t->ahead_end = t->ahead_next;
		return NULL;
	}
	d = t->ahead + t->ahead_next * WORDS;
	t->ahead_next += t->step;
	g->head = (g->head + t->step) % t->count;
	return d;
}

/* The next part of the frame into the buffers of @d; how much of it into each is @part. */
static void fill(struct e1000 *n, const struct rx_target *t, const uint64_t *d, uint16_t part[4])
{
	struct rx_frame *f = &n->rx.frame;

	memset(part, 0, 4 * sizeof(*part));
	for (unsigned i = 0; i < t->buffers && f->done < f->len; i++) {
		uint32_t len = f->len - f->done;

		if (len > t->bytes[i])
			len = t->bytes[i];
		if (len && !n->d->ops->guest_write(n->d->host, (gpa_t){ d[i] }, f->at + f->done, len))
			f->lost = true;
		part[i] = (uint16_t)len;
		f->done += len;
	}
	if (f->lost)
		f->errors |= RXE_RXE;
}

static bool put(struct e1000 *n, const struct rx_target *t, uint32_t first, uint32_t count)
{
	gpa_t at = { t->ahead_at.a + first * DESC_BYTES };

	return n->d->ops->guest_write(n->d->host, at, t->ahead + first * WORDS, count * DESC_BYTES);
}

/* Words are written from the first one on, that with DD behind all else of its descriptor: of two halves, the second first. */
void rx_tell(struct e1000 *n, struct rx_target *t)
{
	uint32_t first = t->ahead_told, count = t->ahead_next - first;
	bool seen = true;

	if (count == 0)
		return;
	if (t->step > 1)
		seen = put(n, t, first + 1, count - 1);
	if (!put(n, t, first, t->step > 1 ? 1 : count) || !seen) {
		n->counter[E1000_RX_MEMORY] += t->frames;
		n->rx.frame.lost = true;	/* the one in hand: a part of it was there */
	} else {
		n->counter[E1000_RX_PASSED] += t->frames;
		n->counter[E1000_RX_BYTES] += t->frames_bytes;
	}
	t->ahead_told = t->ahead_next;
	t->frames = 0;
	t->frames_bytes = 0;
}

static void report_legacy(const struct rx_frame *f, uint64_t *d, uint16_t length)
{
	struct rx_written w = { .length = length, .checksum = f->checksum, .status = RXD_DD };

	if (f->done == f->len) {
		w.status |= f->status | RXD_EOP;
		w.errors = f->errors;
		w.special = f->vlan;
	}
	memcpy(d + STATUS_WORD, &w, sizeof(w));
}

static void report_extended(const struct rx_frame *f, uint64_t *d, uint32_t bytes, const uint16_t part[4])
{
	struct split_written w = { .checksum = f->checksum, .status = RXD_DD, .length0 = part[0],
				   .length = { part[1], part[2], part[3] } };

	if (f->done == f->len) {
		w.status |= f->status | RXD_EOP | (uint32_t)f->errors << EXTENDED_ERRORS_SHIFT;
		w.vlan = f->vlan;
	}
	memcpy(d, &w, bytes);
}

/* A null descriptor is padding: DD alone (8254x manual, section 3.2.5). */
static bool skip_null(const struct rx_target *t, uint64_t *d)
{
	if (d[BUFFER_WORD] != 0 || t->buffers != 1)
		return false;
	d[STATUS_WORD] |= (uint64_t)RXD_DD << (t->extended ? 0 : LEGACY_STATUS_SHIFT);
	return true;
}

static void count(struct e1000 *n, struct rx_target *t, const struct rx_frame *f)
{
	if (f->lost) {
		n->counter[E1000_RX_MEMORY]++;
		return;
	}
	t->frames++;
	t->frames_bytes += f->len;
}

/* The next part of the frame into the descriptor @d. */
static void use(struct e1000 *n, struct rx_target *t, uint64_t *d)
{
	struct rx_frame *f = &n->rx.frame;
	uint16_t part[4];

	if (skip_null(t, d))
		return;
	fill(n, t, d, part);
	if (t->extended)
		report_extended(f, d, t->step * DESC_BYTES, part);
	else
		report_legacy(f, d, part[0]);
	if (f->done == f->len)
		count(n, t, f);
}

bool rx_scatter(struct e1000 *n, struct rx_target *t)
{
	const struct rx_frame *f = &n->rx.frame;

	if (t->count == 0)
		n->counter[E1000_RING]++;
	while (rx_room(n, t) >= t->step) {
		uint64_t *d = take(n, t);

		if (!d) {
			n->counter[E1000_RX_MEMORY]++;
			return true;
		}
		use(n, t, d);
		if (t->ahead_next == t->ahead_end || t->step > 1)
			rx_tell(n, t);
		if (f->done == f->len)
			return true;
	}
	return false;
}
