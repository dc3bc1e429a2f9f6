/*
 * rx_scatter.c - a frame that passed goes into the guest's buffers, and its descriptors say so
 *
 * A descriptor of the guest is read once.  Where it cannot be read there is none to be used up: the frame is lost
 * and the head stays, as a device stays whose fetch nobody answers.  Where its buffer is no guest RAM, the bytes are
 * lost as a device's posted writes are, and the descriptor comes back with an error, so that a driver goes on.
 */
#include "devmodel/e1000/state.h"

#include <string.h>

#include "devmodel/e1000/pool.h"

#define SPLIT_BYTES	32u	/* a descriptor with packet split (82574 datasheet, section 7.1.5) */

/* A descriptor as the guest's ring has it; what is not in it is 0. */
struct guest_desc {
	gpa_t at;
	uint64_t word[4];	/* a buffer's address, and what is written over; with packet split four buffers */
};

/* What is written over it: all of a legacy descriptor is in the second word, and DD of each kind. */
struct split_written {
	uint32_t mrq;
	uint16_t ip_id, checksum;
	uint32_t status;
	uint16_t length0, vlan;
	uint16_t header_status, length[3];
	uint64_t reserved;
};
_Static_assert(sizeof(struct split_written) == SPLIT_BYTES, "82574 datasheet, section 7.1.5");

enum { WORD = 8, STATUS_WORD = 1 };
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
	t->ahead_next = 0;
	t->ahead_end = most;
	if (most && n->d->ops->guest_read(n->d->host, at, t->ahead, most * DESC_BYTES))
		return true;
	t->ahead_end = t->step;
	return n->d->ops->guest_read(n->d->host, at, t->ahead, t->step * DESC_BYTES);
}

/* The descriptor at the head, which is moved on.  False: it cannot be read. */
static bool take(struct e1000 *n, struct rx_target *t, struct guest_desc *d)
{
	struct guest_ring *g = &n->rx.guest;

	if (t->ahead_next == t->ahead_end && !read_ahead(n, t)) {
		t->ahead_end = t->ahead_next;
		return false;
	}
	d->at = guest_ring_at(g, g->head);
	memcpy(d->word, t->ahead[t->ahead_next], t->step * DESC_BYTES);
	t->ahead_next += t->step;
	g->head = (g->head + t->step) % t->count;
	return true;
}

/* The next part of the frame into the buffers of @d; how much of it into each is @part. */
static void fill(struct e1000 *n, const struct rx_target *t, const struct guest_desc *d, uint16_t part[4])
{
	struct rx_frame *f = &n->rx.frame;

	memset(part, 0, 4 * sizeof(*part));
	for (unsigned i = 0; i < t->buffers && f->done < f->len; i++) {
		uint32_t len = f->len - f->done;

		if (len > t->bytes[i])
			len = t->bytes[i];
		if (len && !n->d->ops->guest_write(n->d->host, (gpa_t){ d->word[i] }, f->at + f->done, len))
			f->lost = true;
		part[i] = (uint16_t)len;
		f->done += len;
	}
	if (f->lost)
		f->errors |= RXE_RXE;
}

/* @words of what is written, from @first on.  An aligned word is written in one access. */
static void write_words(struct e1000 *n, const struct guest_desc *d, const void *words, uint32_t first, uint32_t count)
{
	gpa_t at = { d->at.a + first * WORD };

	if (!n->d->ops->guest_write(n->d->host, at, (const uint8_t *)words + first * WORD, count * WORD))
		n->rx.frame.lost = true;
}

static void report_legacy(struct e1000 *n, const struct guest_desc *d, uint16_t length)
{
	const struct rx_frame *f = &n->rx.frame;
	struct {
		uint64_t buffer;
		struct rx_written w;
	} x = { .w = { .length = length, .checksum = f->checksum, .status = RXD_DD } };

	if (f->done == f->len) {
		x.w.status |= f->status | RXD_EOP;
		x.w.errors = f->errors;
		x.w.special = f->vlan;
	}
	write_words(n, d, &x, STATUS_WORD, 1);
}

/* The word with the status last: whoever sees it sees all of the descriptor. */
static void report_extended(struct e1000 *n, const struct rx_target *t, const struct guest_desc *d,
			    const uint16_t part[4])
{
	const struct rx_frame *f = &n->rx.frame;
	struct split_written w = { .checksum = f->checksum, .status = RXD_DD, .length0 = part[0],
				   .length = { part[1], part[2], part[3] } };

	if (f->done == f->len) {
		w.status |= f->status | RXD_EOP | (uint32_t)f->errors << EXTENDED_ERRORS_SHIFT;
		w.vlan = f->vlan;
	}
	write_words(n, d, &w, 0, 1);
	if (t->buffers != 1)
		write_words(n, d, &w, STATUS_WORD + 1, 2);
	write_words(n, d, &w, STATUS_WORD, 1);
}

static void report(struct e1000 *n, const struct rx_target *t, const struct guest_desc *d, const uint16_t part[4])
{
	if (t->extended)
		report_extended(n, t, d, part);
	else
		report_legacy(n, d, part[0]);
}

/* A null descriptor is padding: DD alone (8254x manual, section 3.2.5). */
static bool skip_null(struct e1000 *n, const struct rx_target *t, struct guest_desc *d)
{
	if (d->word[0] != 0 || t->buffers != 1)
		return false;
	d->word[STATUS_WORD] |= (uint64_t)RXD_DD << (t->extended ? 0 : LEGACY_STATUS_SHIFT);
	write_words(n, d, d->word, STATUS_WORD, 1);
	return true;
}

static void count(struct e1000 *n, const struct rx_frame *f)
{
	if (f->lost) {
		n->counter[E1000_RX_MEMORY]++;
		return;
	}
	n->counter[E1000_RX_PASSED]++;
	n->counter[E1000_RX_BYTES] += f->len;
}

bool rx_scatter(struct e1000 *n, struct rx_target *t)
{
	struct rx_frame *f = &n->rx.frame;
	struct guest_desc d = { 0 };
	uint16_t part[4];

	if (t->count == 0)
		n->counter[E1000_RING]++;
	while (rx_room(n, t) >= t->step) {
		if (!take(n, t, &d)) {
			n->counter[E1000_RX_MEMORY]++;
			return true;
		}
		if (skip_null(n, t, &d))
			continue;
		fill(n, t, &d, part);
		report(n, t, &d, part);
		if (f->done == f->len) {
			count(n, f);
			return true;
		}
	}
	return false;
}
