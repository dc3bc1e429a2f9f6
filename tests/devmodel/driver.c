/*
 * driver.c - a small e1000 driver of the tests' own
 */
#include "tests/devmodel/driver.h"

#include <stdlib.h>
#include <string.h>

/* Where what lies in guest memory, from its start or from 4 GiB. */
enum {
	AT_TX_RING = 0x100000, AT_TX_RING_1 = 0x110000, AT_RX_RING = 0x120000,
	AT_TX_BUFFERS = 0x200000, TX_BUFFERS = 0x600000, AT_RX_BUFFERS = 0x800000, RX_BUFFERS = 0x400000,
};
enum { RAL = 0x5400, RAH = 0x5404, MTA = 0x5200, TIPG = 0x602008, CTRL_SLU = 1u << 6, TCTL_PSP = 1u << 3 };

uint32_t driver_read(struct driver *d, uint32_t offset)
{
	uint64_t value = 0;

	d->access(d->host, offset, 4, false, &value);
	return (uint32_t)value;
}

void driver_write(struct driver *d, uint32_t offset, uint32_t value)
{
	uint64_t v = value;

	d->access(d->host, offset, 4, true, &v);
}

uint16_t driver_eerd(struct driver *d, unsigned word, bool new)
{
	uint32_t value;

	driver_write(d, E1000_EERD, word << (new ? 2 : 8) | 1);
	for (int tries = 0; tries < 100; tries++) {
		value = driver_read(d, E1000_EERD);
		if (value & (new ? 1u << 1 : 1u << 4))
			return (uint16_t)(value >> 16);
	}
	return 0xdead;
}

static void clock_out(struct driver *d, uint32_t bits)
{
	driver_write(d, E1000_EECD, bits);
	driver_write(d, E1000_EECD, bits | EECD_SK);
	driver_write(d, E1000_EECD, bits);
}

uint16_t driver_microwire(struct driver *d, unsigned word)
{
	uint32_t command = 6u << 6 | word, value = 0;

	driver_write(d, E1000_EECD, EECD_REQ);
	for (int tries = 0; !(driver_read(d, E1000_EECD) & EECD_GNT); tries++) {
		if (tries == 100)
			return 0xdead;
	}
	driver_write(d, E1000_EECD, EECD_REQ | EECD_CS);
	for (int bit = 8; bit >= 0; bit--)
		clock_out(d, EECD_REQ | EECD_CS | (command >> bit & 1 ? EECD_DI : 0));
	for (int bit = 0; bit < 16; bit++) {
		driver_write(d, E1000_EECD, EECD_REQ | EECD_CS | EECD_SK);
		value = value << 1 | !!(driver_read(d, E1000_EECD) & EECD_DO);
		driver_write(d, E1000_EECD, EECD_REQ | EECD_CS);
	}
	driver_write(d, E1000_EECD, EECD_REQ);
	driver_write(d, E1000_EECD, 0);
	return (uint16_t)value;
}

static union tx_desc *tx_at(struct driver *d, unsigned q, uint32_t i)
{
	return (void *)d->memory(d->host, d->tx[q].ring + (uint64_t)i * DESC_BYTES, DESC_BYTES);
}

static union rx_desc *rx_at(struct driver *d, uint32_t i)
{
	return (void *)d->memory(d->host, d->rx_ring + (uint64_t)i * DESC_BYTES, DESC_BYTES);
}

/* Each descriptor has its buffer; where memory does not reach, later ones share it. */
static uint64_t rx_buffer(const struct driver *d, uint32_t i)
{
	uint32_t stride = d->c.rx_buffer + 2, n = RX_BUFFERS / stride;

	return d->rx_buffers + (uint64_t)(i % n) * stride;
}

static void give(struct driver *d, uint32_t i)
{
	memset(rx_at(d, i), 0, DESC_BYTES);
	rx_at(d, i)->legacy.buffer = rx_buffer(d, i);
}

static uint32_t rctl_buffer(uint32_t bytes)
{
	switch (bytes) {
	case 256: return 3u << RCTL_BSIZE_SHIFT;
	case 512: return 2u << RCTL_BSIZE_SHIFT;
	case 1024: return 1u << RCTL_BSIZE_SHIFT;
	case 2048: return 0;
	case 4096: return 3u << RCTL_BSIZE_SHIFT | RCTL_BSEX;
	case 8192: return 2u << RCTL_BSIZE_SHIFT | RCTL_BSEX;
	case 16384: return 1u << RCTL_BSIZE_SHIFT | RCTL_BSEX;
	}
	return bytes >> 10 << RCTL_FLXBUF_SHIFT;
}

static void start_tx(struct driver *d, unsigned q)
{
	struct driver_tx *t = &d->tx[q];
	uint32_t at = q * E1000_QUEUE;

	t->ring = (q ? AT_TX_RING_1 : AT_TX_RING) + (d->c.high ? 4ull << 30 : 0);
	t->next = t->clean = d->c.tx_start;
	t->frames = 0;
	memset(t->last, 0, sizeof(t->last));
	memset(d->memory(d->host, t->ring, d->c.tx_count * DESC_BYTES), 0, d->c.tx_count * DESC_BYTES);
	driver_write(d, E1000_TDBAL + at, (uint32_t)t->ring);
	driver_write(d, E1000_TDBAH + at, (uint32_t)(t->ring >> 32));
	driver_write(d, E1000_TDLEN + at, d->c.tx_count * DESC_BYTES);
	driver_write(d, E1000_TDH + at, d->c.tx_start);
	driver_write(d, E1000_TDT + at, d->c.tx_start);
	if (d->c.txdctl)
		driver_write(d, E1000_TXDCTL + at, d->c.txdctl);
}

static void start_rx(struct driver *d)
{
	d->rx_ring = AT_RX_RING + (d->c.high ? 4ull << 30 : 0);
	d->rx_next = d->rx_refill = d->c.rx_start;
	d->rx_more = false;
	for (uint32_t i = 0; i < d->c.rx_count; i++)
		give(d, i);
	driver_write(d, E1000_RXCSUM, d->c.rxcsum);
	if (d->c.extended)
		driver_write(d, E1000_RFCTL, RFCTL_EXSTEN);
	driver_write(d, E1000_RDBAL, (uint32_t)d->rx_ring);
	driver_write(d, E1000_RDBAH, (uint32_t)(d->rx_ring >> 32));
	driver_write(d, E1000_RDLEN, d->c.rx_count * DESC_BYTES);
	driver_write(d, E1000_RDH, d->c.rx_start);
	driver_write(d, E1000_RDT, d->c.rx_start);
	driver_write(d, E1000_RCTL, d->c.rctl | RCTL_EN | RCTL_BAM | rctl_buffer(d->c.rx_buffer));
	/* one descriptor stays empty: head == tail is a ring without buffers */
	driver_write(d, E1000_RDT, (d->c.rx_start + d->c.rx_count - 1) % d->c.rx_count);
}

void driver_start(struct driver *d, const struct driver_config *c)
{
	uint32_t low, high;

	d->c = *c;
	d->c.tx_count = c->tx_count ? c->tx_count : 64;
	d->c.rx_count = c->rx_count ? c->rx_count : 64;
	d->c.rx_buffer = c->rx_buffer ? c->rx_buffer : 2048;
	d->tx_buffers = AT_TX_BUFFERS + (c->high ? 4ull << 30 : 0);
	d->rx_buffers = AT_RX_BUFFERS + (c->high ? 4ull << 30 : 0);
	d->tx_used = 0;
	d->bad_desc = false;
	driver_stop(d);
	low = driver_read(d, RAL);
	high = driver_read(d, RAH);
	for (unsigned i = 0; i < 6; i++)
		d->address[i] = (uint8_t)(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
	driver_write(d, E1000_CTRL, (driver_read(d, E1000_CTRL) & ~(uint32_t)CTRL_VME) | CTRL_SLU | (c->vme ? CTRL_VME : 0));
	for (uint32_t i = 0; i < 128; i++)
		driver_write(d, MTA + 4 * i, 0);
	start_rx(d);
	start_tx(d, 0);
	if (c->queues == 2)
		start_tx(d, 1);
	driver_write(d, E1000_TIPG, TIPG);
	driver_write(d, E1000_TCTL, TCTL_EN | TCTL_PSP | 0x0f << 4 | 0x40 << 12);
	driver_read(d, E1000_ICR);
	driver_write(d, E1000_IMS, c->ims);
}

void driver_stop(struct driver *d)
{
	driver_write(d, E1000_IMC, 0xffffffff);
	driver_write(d, E1000_RCTL, 0);
	driver_write(d, E1000_TCTL, TCTL_PSP);
	driver_read(d, E1000_STATUS);
	driver_write(d, E1000_CTRL, driver_read(d, E1000_CTRL) | CTRL_RST);
	driver_read(d, E1000_STATUS);
	driver_write(d, E1000_IMC, 0xffffffff);
	driver_read(d, E1000_ICR);
}

/* Room in the buffers' area for @len bytes at some odd place, page borders and all. */
static uint64_t place(struct driver *d, uint32_t len)
{
	uint64_t at;

	d->tx_used += d->tx_used * 7 % 61;
	if (d->tx_used + len + 64 > TX_BUFFERS)
		d->tx_used = 0;
	at = d->tx_buffers + d->tx_used;
	d->tx_used += len + 1;
	return at;
}

static uint32_t room(const struct driver *d, unsigned q)
{
	const struct driver_tx *t = &d->tx[q];

	return (t->clean + d->c.tx_count - t->next - 1) % d->c.tx_count;
}

static void put(struct driver *d, unsigned q, const union tx_desc *desc, bool last)
{
	struct driver_tx *t = &d->tx[q];

	*tx_at(d, q, t->next) = *desc;
	t->last[t->next] = last;
	t->next = (t->next + 1) % d->c.tx_count;
}

static void put_piece(struct driver *d, const struct driver_send *how, uint64_t at, uint32_t len, bool last)
{
	uint32_t cmd = how->cmd | (how->no_fcs ? 0 : TXD_IFCS) | (how->tagged ? TXD_VLE : 0);
	union tx_desc desc = { .data = { .buffer = at } };

	if (last)
		cmd |= TXD_EOP | TXD_RS;
	if (how->data) {
		cmd |= TXD_DEXT | (how->burst ? TXD_TSE : 0);
		desc.data.length_type = len | DTYP_DATA << TXD_DTYP_SHIFT | cmd << TXD_CMD_SHIFT;
		desc.data.popts = how->popts;
		desc.data.special = how->tag;
	} else {
		cmd |= how->ic ? TXD_IC : 0;
		desc.legacy = (struct tx_legacy) { .buffer = at, .length = (uint16_t)len, .cmd = (uint8_t)cmd, .cso = how->cso,
						   .css = how->css, .special = how->tag };
	}
	put(d, how->queue, &desc, last);
}

bool driver_send(struct driver *d, const uint8_t *frame, uint32_t len, const struct driver_send *how)
{
	uint32_t pieces = how->pieces ? how->pieces : 1, done = 0;

	if (room(d, how->queue) < pieces + (how->context ? 1 : 0))
		return false;
	if (how->context) {
		union tx_desc desc = { .context = *how->context };

		desc.context.paylen_type |= (uint32_t)(how->cmd | TXD_DEXT) << TXD_CMD_SHIFT;
		put(d, how->queue, &desc, false);
	}
	for (uint32_t i = 0; i < pieces; i++) {
		/* the first is short: not even the headers are in one piece */
		uint32_t n = i == pieces - 1 ? len - done : i == 0 ? 17 : (len - done) / (pieces - i);
		uint64_t at = place(d, n);

		memcpy(d->memory(d->host, at, n), frame + done, n);
		put_piece(d, how, at, n, i == pieces - 1);
		done += n;
	}
	d->tx[how->queue].frames++;
	if (!how->hold)
		driver_doorbell(d, how->queue);
	return true;
}

void driver_doorbell(struct driver *d, unsigned q)
{
	driver_write(d, E1000_TDT + q * E1000_QUEUE, d->tx[q].next);
}

uint32_t driver_reclaim(struct driver *d, unsigned q)
{
	struct driver_tx *t = &d->tx[q];
	uint32_t frames = 0;

	for (uint32_t i = t->clean; i != t->next; i = (i + 1) % d->c.tx_count) {
		if (!t->last[i])
			continue;
		if (!(tx_at(d, q, i)->legacy.status & TXD_STATUS_DD))
			break;
		t->clean = (i + 1) % d->c.tx_count;
		frames++;
	}
	t->frames -= frames;
	return frames;
}

void driver_refill(struct driver *d)
{
	if (d->rx_refill == d->rx_next)
		return;
	for (; d->rx_refill != d->rx_next; d->rx_refill = (d->rx_refill + 1) % d->c.rx_count)
		give(d, d->rx_refill);
	driver_write(d, E1000_RDT, (d->rx_refill + d->c.rx_count - 1) % d->c.rx_count);
}

/* What a descriptor says, in either format. */
static bool read_desc(struct driver *d, uint32_t i, struct driver_frame *f, uint32_t *len)
{
	const union rx_desc *desc = rx_at(d, i);

	if (d->c.extended) {
		if (!(desc->extended.status & RXD_DD))
			return false;
		f->status = (uint8_t)desc->extended.status;
		f->errors = (uint8_t)(desc->extended.status >> 24);
		f->tag = desc->extended.vlan;
		if (f->pieces == 0)
			f->checksum = desc->extended.checksum;
		*len = desc->extended.length;
		return true;
	}
	if (!(desc->legacy.status & RXD_DD))
		return false;
	if (desc->legacy.buffer != rx_buffer(d, i))
		d->bad_desc = true;
	f->status = desc->legacy.status;
	f->errors = desc->legacy.errors;
	f->tag = desc->legacy.special;
	if (f->pieces == 0)
		f->checksum = desc->legacy.checksum;
	*len = desc->legacy.length;
	return true;
}

bool driver_receive(struct driver *d)
{
	struct driver_frame *f = &d->frame;
	bool end = false;
	uint32_t len;

	if (!d->rx_more)
		f->len = f->pieces = 0;
	/* the last before the refilled ones is the device's nothing: head == tail */
	while (!end && (d->rx_next + 1) % d->c.rx_count != d->rx_refill && read_desc(d, d->rx_next, f, &len)) {
		if (len > d->c.rx_buffer || len > sizeof(f->bytes) - f->len) {
			d->bad_desc = true;
			len = 0;
		}
		memcpy(f->bytes + f->len, d->memory(d->host, rx_buffer(d, d->rx_next), len), len);
		f->len += len;
		f->pieces++;
		end = f->status & RXD_EOP;
		d->rx_more = !end;
		d->rx_next = (d->rx_next + 1) % d->c.rx_count;
	}
	if (!d->c.lazy)
		driver_refill(d);
	return end;
}
