/*
 * e1000_rx_lab.c - the receive queue between a fake device and a small driver
 */
#include "tests/unit/e1000_rx_lab.h"

#include <stdlib.h>
#include <string.h>

#include "tests/devmodel/policy_lab.h"
#include "tests/unit/unit.h"

#define POOL_BUS	0x1f0000000u	/* above 4 GiB: RDBAH counts */

struct rx_lab lab;
static uint8_t pool[E1000_POOL_BYTES] __attribute__((aligned(4096)));
static struct lab_policy *policy;

/* ---- what the model is given ---- */

static uint32_t reg_read(void *host, uint32_t offset)
{
	return lab.reg[offset / 4];
}

static void reg_write(void *host, uint32_t offset, uint32_t value)
{
	if (offset == E1000_ICS) {
		lab.ics |= value;
		lab.ics_writes++;
		return;
	}
	ck_assert(offset >= E1000_RDBAL && offset <= E1000_RXDCTL);
	ck_assert(offset == E1000_RDT || !(lab.reg[E1000_RCTL / 4] & RCTL_EN));
	lab.reg[offset / 4] = value;
	if (offset != E1000_RDT)
		return;
	ck_assert_uint_lt(value, SHADOW_RX);
	lab.tail_writes++;
	if (lab.after_tail)
		lab.after_tail();
}

static bool is_ram(uint64_t at, uint32_t len)
{
	if (at > RAM_BYTES || len > RAM_BYTES - at)
		return false;
	return at + len <= HOLE || at >= HOLE + HOLE_BYTES;
}

static bool guest_read(void *host, gpa_t at, void *to, uint32_t len)
{
	ck_assert_uint_gt(len, 0);
	if (!is_ram(at.a, len))
		return false;
	lab.reads++;
	memcpy(to, lab.ram + at.a, len);
	if (lab.after_read)
		lab.after_read(at, len);
	return true;
}

static bool guest_write(void *host, gpa_t at, const void *from, uint32_t len)
{
	ck_assert_uint_gt(len, 0);
	if (!is_ram(at.a, len) || (at.a < lab.read_only_to && at.a + len > lab.read_only_from))
		return false;
	lab.writes++;
	if (lab.before_write)
		lab.before_write(at, from, len);
	memcpy(lab.ram + at.a, from, len);
	return true;
}

static bool guest_dma(void *host, gpa_t at, uint32_t len, dma_t *out)
{
	ck_abort_msg("nothing of what comes goes past the pool");
	return false;
}

static uint64_t now_ns(void *host)
{
	static uint64_t now;

	return now += 1000;
}

/* ---- set-up ---- */

void rx_lab_reset(const char *text)
{
	uint8_t *ram = lab.ram ? lab.ram : malloc(RAM_BYTES);
	struct judge *judge;
	const struct policy *p;

	lab_policy_free(policy);
	policy = lab_policy_new(text ? text : "policy \"out\" version 1; on net out default pass { a: udp.dport == 1 -> drop; }",
				NULL, &judge, &p);
	memset(&lab, 0, sizeof(lab));
	lab.net = (struct net){ .judge = judge, .policy = p, .transfers = &lab.transfers };
	lab.ram = ram;
	memset(ram, MARK, RAM_BYTES);
	memset(pool, 0, sizeof(pool));
	lab.family = (struct e1000_family){ .device = 0x100e, .name = "82540EM", .queues = 1 };
	lab.ops = (struct devmodel_ops){ .reg_read = reg_read, .reg_write = reg_write, .guest_read = guest_read,
					 .guest_write = guest_write, .guest_dma = guest_dma, .now_ns = now_ns };
	lab.d = (struct devmodel){ .ops = &lab.ops, .pool = { pool, { POOL_BUS }, sizeof(pool) } };
	lab.n.family = &lab.family;
	lab.n.d = &lab.d;
	lab.n.net = &lab.net;
	lab.n.vet = 0x8100;
	rx_create(&lab.n);
}

void rx_lab_begin(void)
{
	rx_lab_reset(NULL);
}

void rx_lab_end(void)
{
	lab_policy_free(policy);
	policy = NULL;
	free(lab.ram);
	lab.ram = NULL;
}

/* ---- the driver ---- */

uint32_t rx_lab_size_bits(uint32_t size)
{
	for (uint32_t bsize = 0; bsize < 4; bsize++) {
		if (size == 2048u >> bsize)
			return bsize << RCTL_BSIZE_SHIFT;
		if (bsize && size == 32768u >> bsize)
			return bsize << RCTL_BSIZE_SHIFT | RCTL_BSEX;
	}
	return (size >> 10) << RCTL_FLXBUF_SHIFT;
}

union rx_desc *rx_lab_desc(uint32_t index)
{
	return (union rx_desc *)(lab.ram + lab.ring + index * DESC_BYTES);
}

uint64_t rx_lab_buffer(uint32_t index)
{
	return BUFFERS_AT + (uint64_t)index * lab.size;
}

void rx_lab_desc_clear(uint32_t index)
{
	*rx_lab_desc(index) = (union rx_desc){ .legacy = { .buffer = rx_lab_buffer(index) } };
}

void rx_lab_up(uint32_t count, uint32_t size, uint32_t rctl, uint32_t given)
{
	lab.ring = RING_AT;
	lab.count = count;
	lab.size = size;
	lab.clean = 0;
	for (uint32_t i = 0; i < count; i++)
		rx_lab_desc_clear(i);
	lab.n.rx.guest = (struct guest_ring){ .bal = RING_AT, .len = count * DESC_BYTES, .tail = given };
	lab.n.rctl = RCTL_EN | rctl | rx_lab_size_bits(size);
	rx_start(&lab.n);
	lab.reg[E1000_RCTL / 4] = rx_rctl(&lab.n, lab.n.rctl);
	lab.tail_writes = 0;
}

void rx_lab_tail(uint32_t tail)
{
	lab.n.rx.guest.tail = tail;
	rx_collect(&lab.n, true);
}

static bool is_done(const union rx_desc *d)
{
	return (lab.n.rfctl & RFCTL_EXSTEN ? d->extended.status : d->legacy.status) & RXD_DD;
}

/* Of one descriptor: true, the frame's last. */
static bool add_descriptor(struct lab_frame *f, uint32_t index)
{
	const union rx_desc *d = rx_lab_desc(index);
	bool extended = lab.n.rfctl & RFCTL_EXSTEN;
	uint32_t len = extended ? d->extended.length : d->legacy.length;

	ck_assert_uint_le(len, lab.size);
	memcpy(f->bytes + f->len, lab.ram + rx_lab_buffer(index), len);
	f->len += len;
	f->descriptors++;
	f->status = extended ? d->extended.status & 0xff : d->legacy.status;
	f->errors = extended ? d->extended.status >> 24 : d->legacy.errors;
	f->checksum = extended ? d->extended.checksum : d->legacy.checksum;
	f->vlan = extended ? d->extended.vlan : d->legacy.special;
	ck_assert(f->status & RXD_EOP || len == lab.size || len == 0);
	return f->status & RXD_EOP;
}

bool rx_lab_next(struct lab_frame *f)
{
	uint32_t at = lab.clean;
	bool last = false;

	f->len = f->descriptors = f->errors = 0;
	while (!last) {
		if (!is_done(rx_lab_desc(at)))
			return false;
		last = add_descriptor(f, at);
		at = (at + 1) % lab.count;
	}
	for (; lab.clean != at; lab.clean = (lab.clean + 1) % lab.count)
		rx_lab_desc_clear(lab.clean);
	return true;
}

/* ---- the device ---- */

static struct rx_legacy *shadow(uint32_t index)
{
	uint64_t at = (uint64_t)lab.reg[E1000_RDBAH / 4] << 32 | lab.reg[E1000_RDBAL / 4];

	ck_assert_uint_eq(at, POOL_BUS + POOL_RX_RING);
	ck_assert_uint_eq(lab.reg[E1000_RDLEN / 4], SHADOW_RX * DESC_BYTES);
	return (struct rx_legacy *)(pool + POOL_RX_RING) + index;
}

uint32_t rx_lab_device_room(void)
{
	return (lab.reg[E1000_RDT / 4] - lab.reg[E1000_RDH / 4]) % SHADOW_RX;
}

uint32_t rx_lab_room(void)
{
	uint32_t kept = (lab.n.rx.next - 1 - lab.n.rx.tail) % SHADOW_RX;

	ck_assert_uint_eq(lab.n.rx.tail, lab.reg[E1000_RDT / 4]);
	ck_assert_uint_lt(kept, RX_GIVE_BATCH);
	return rx_lab_device_room() + kept;
}

/* The device's buffer, in a descriptor as it has to be. */
static uint8_t *buffer_of(const struct rx_legacy *d)
{
	uint64_t at = d->buffer - POOL_BUS;

	ck_assert(d->buffer >= POOL_BUS && at >= POOL_RX_BUFFERS && at % RX_BUFFER == 0);
	ck_assert_uint_le(at, POOL_RX_BUFFERS + (SHADOW_RX - 1) * RX_BUFFER);
	ck_assert(d->status == 0 && d->errors == 0 && d->length == 0);
	return pool + at;
}

static void write_back(uint16_t length, uint8_t status, uint8_t errors, uint16_t checksum)
{
	struct rx_legacy *d = shadow(lab.reg[E1000_RDH / 4]);

	ck_assert_uint_gt(rx_lab_device_room(), 0);
	d->length = length;
	d->checksum = checksum;
	d->errors = errors;
	d->status = status;
	lab.reg[E1000_RDH / 4] = (lab.reg[E1000_RDH / 4] + 1) % SHADOW_RX;
}

bool rx_lab_wire_status(const void *frame, uint32_t len, uint8_t status, uint8_t errors, uint16_t checksum)
{
	const uint8_t *from = frame;

	if (!(lab.reg[E1000_RCTL / 4] & RCTL_EN) || rx_lab_device_room() < (len + RX_BUFFER - 1) / RX_BUFFER)
		return false;
	while (len > 0) {
		uint32_t part = len < RX_BUFFER ? len : RX_BUFFER;

		memcpy(buffer_of(shadow(lab.reg[E1000_RDH / 4])), from, part);
		from += part;
		len -= part;
		write_back((uint16_t)part, status | RXD_DD | (len ? 0 : RXD_EOP), errors, checksum);
	}
	return true;
}

bool rx_lab_wire(const void *frame, uint32_t len)
{
	return rx_lab_wire_status(frame, len, 0, 0, 0);
}

void rx_lab_raw(uint16_t length, uint8_t status)
{
	buffer_of(shadow(lab.reg[E1000_RDH / 4]));
	write_back(length, status, 0, 0);
}

const uint8_t *rx_lab_numbered(uint32_t which, uint32_t len)
{
	static uint8_t frame[20000];

	for (uint32_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + which * 31 + (i >> 8));
	frame[12] = 0x08;
	frame[13] = 0x06;
	return frame;
}

void rx_lab_comes(uint32_t which, uint32_t len)
{
	ck_assert(rx_lab_wire(rx_lab_numbered(which, len), len));
}

void rx_lab_expect(uint32_t which, uint32_t len)
{
	ck_assert(rx_lab_next(&lab.got));
	ck_assert_uint_eq(lab.got.len, len);
	ck_assert_int_eq(memcmp(lab.got.bytes, rx_lab_numbered(which, len), len), 0);
}

void rx_lab_expect_none(void)
{
	ck_assert(!rx_lab_next(&lab.got));
}
