/*
 * e1000_tx_lab.c - the transmit queues between a small driver and a fake device
 */
#include "tests/unit/e1000_tx_lab.h"

#include "tests/devmodel/policy_lab.h"
#include "tests/unit/sum.h"

#define POOL_BUS	0x1f0000000u	/* above 4 GiB: TDBAH counts */
#define RAM_BUS		0x700000000u	/* guest RAM for the device */

struct tx_lab lab;
static uint8_t pool[E1000_POOL_BYTES] __attribute__((aligned(4096)));
static struct lab_policy *policy;
static uint8_t fetched[TX_FRAME_MAX + 4];

/* ---- what the model is given ---- */

static uint32_t reg_read(void *host, uint32_t offset)
{
	ck_abort_msg("no register is read to send: %x", offset);
}

static void reg_write(void *host, uint32_t offset, uint32_t value)
{
	unsigned q = (offset - E1000_TDBAL) / E1000_QUEUE;

	if (offset == E1000_ICS) {
		lab.ics |= value;
		lab.ics_writes++;
		return;
	}
	ck_assert_uint_lt(q, lab.family.queues);
	lab.reg[offset / 4] = value;
	offset -= q * E1000_QUEUE;
	if (offset == E1000_TDT) {
		ck_assert_uint_lt(value, SHADOW_TX);
		lab.doorbells++;
	} else if (offset == E1000_TDH) {
		lab.taken[q] = value;
	} else {
		ck_assert(offset == E1000_TDBAL || offset == E1000_TDBAH || offset == E1000_TDLEN);
	}
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
		lab.after_read(at.a, len);
	return true;
}

static bool guest_write(void *host, gpa_t at, const void *from, uint32_t len)
{
	ck_assert_uint_eq(len, 1);	/* a status byte */
	ck_assert_uint_eq(at.a % DESC_BYTES, TXD_STATUS_AT);
	if (!is_ram(at.a, len))
		return false;
	lab.writes++;
	memcpy(lab.ram + at.a, from, len);
	return true;
}

static bool guest_dma(void *host, gpa_t at, uint32_t len, dma_t *out)
{
	ck_assert_uint_gt(len, 0);
	out->a = RAM_BUS + at.a;
	return is_ram(at.a, len) && (at.a >= lab.no_dma_to || at.a + len <= lab.no_dma_from);
}

static uint64_t now_ns(void *host)
{
	static uint64_t now;

	return now += 1000;
}

/* ---- set-up ---- */

static void note_event(void *arg, const struct policy_event *e)
{
	lab.events++;
}

void tx_lab_reset(const char *text)
{
	struct judge *judge;
	const struct policy *p;

	lab_policy_free(policy);
	policy = lab_policy_new(text ? text : "policy \"in\" version 1; on net in default pass { a: udp.dport == 1 -> drop; }",
				note_event, &judge, &p);
	memset(&lab, 0, sizeof(lab));
	lab.net = (struct net){ .judge = judge, .policy = p, .transfers = &lab.transfers };
	lab.ram = calloc(1, RAM_BYTES);
	memset(pool, 0xee, sizeof(pool));
	lab.family = (struct e1000_family){ .device = 0x100e, .name = "82540EM", .queues = 1 };
	lab.ops = (struct devmodel_ops){ .reg_read = reg_read, .reg_write = reg_write, .guest_read = guest_read,
					 .guest_write = guest_write, .guest_dma = guest_dma, .now_ns = now_ns };
	lab.d = (struct devmodel){ .ops = &lab.ops, .pool = { pool, { POOL_BUS }, sizeof(pool) } };
	lab.buffer = BUFFERS_AT;
	lab.n.family = &lab.family;
	lab.n.d = &lab.d;
	lab.n.net = &lab.net;
	lab.n.vet = 0x8100;
	rx_create(&lab.n);
	for (unsigned q = 0; q < QUEUES_MAX; q++)
		tx_create(&lab.n, q);
}

void tx_lab_begin(void)
{
	tx_lab_reset(NULL);
}

void tx_lab_begin_headers(void)
{
	tx_lab_reset("policy \"h\" version 1; on net out default pass { a: tcp.dport == 99 -> drop; }");
}

void tx_lab_begin_content(void)
{
	tx_lab_reset("policy \"c\" version 1; on net out default pass { a: payload has \"secret\" -> drop; }");
}

void tx_lab_end(void)
{
	lab_policy_free(policy);
	policy = NULL;
	free(lab.ram);
	for (uint32_t i = 0; i < lab.sent_count; i++)
		free(lab.sent[i].bytes);
	free(lab.sent);
	lab.ram = NULL;
	lab.sent = NULL;
}

void tx_lab_82574(void)
{
	lab.family = (struct e1000_family){ .device = 0x10d3, .name = "82574L", .queues = 2, .extended = true };
}

/* ---- the driver ---- */

void tx_lab_up(unsigned q, uint32_t count, uint32_t first)
{
	lab.ring[q] = RING_AT(q);
	lab.count[q] = count;
	lab.tail[q] = first;
	lab.n.tx[q].guest = (struct guest_ring){
		.bal = lab.ring[q], .len = count * DESC_BYTES, .head = first, .tail = first,
	};
	lab.n.tctl |= TCTL_EN;
	tx_start(&lab.n);
}

union tx_desc *tx_lab_desc(unsigned q, uint32_t index)
{
	return (union tx_desc *)(lab.ram + lab.ring[q]) + index;
}

uint32_t tx_lab_put(unsigned q, union tx_desc d)
{
	uint32_t index = lab.tail[q];

	*tx_lab_desc(q, index) = d;
	lab.tail[q] = (index + 1) % lab.count[q];
	return index;
}

uint32_t tx_lab_legacy(unsigned q, uint64_t at, uint32_t len, unsigned cmd)
{
	return tx_lab_put(q, (union tx_desc){ .legacy = {
		.buffer = at, .length = (uint16_t)len, .cmd = (uint8_t)cmd } });
}

uint32_t tx_lab_data(unsigned q, uint64_t at, uint32_t len, unsigned cmd, unsigned popts)
{
	return tx_lab_put(q, (union tx_desc){ .data = {
		.buffer = at, .popts = (uint8_t)popts,
		.length_type = len | DTYP_DATA << TXD_DTYP_SHIFT | (cmd | TXD_DEXT) << TXD_CMD_SHIFT } });
}

uint32_t tx_lab_context(unsigned q, struct tx_context c)
{
	c.paylen_type |= DTYP_CONTEXT << TXD_DTYP_SHIFT | TXD_DEXT << TXD_CMD_SHIFT;
	return tx_lab_put(q, (union tx_desc){ .context = c });
}

uint64_t tx_lab_bytes(const uint8_t *bytes, uint32_t len)
{
	uint64_t at = lab.buffer;

	if (at + len > RAM_BYTES)
		at = BUFFERS_AT;
	memcpy(lab.ram + at, bytes, len);
	lab.buffer = (uint32_t)at + len;
	return at;
}

void tx_lab_kick(unsigned q)
{
	lab.n.tx[q].guest.tail = lab.tail[q];
	tx_kick(&lab.n, q);
}

bool tx_lab_is_done(unsigned q, uint32_t index)
{
	return tx_lab_desc(q, index)->data.status & TXD_STATUS_DD;
}

/* ---- frames ---- */

const uint8_t *tx_lab_numbered(uint32_t which, uint32_t len)
{
	static uint8_t bytes[70000];

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 7 + which * 31 + (i >> 8));
	bytes[12] = 0x88;
	bytes[13] = 0xb5;
	return bytes;
}

struct frame *tx_lab_tcp(uint32_t len)
{
	struct frame *f = start(0x0800);

	put_ipv4(f, 6, len - 34, 0, 0);
	put_tcp(f, 0);
	for (uint32_t i = f->len; i < len; i++)
		put_be(f, i & 0xff, 1);
	return f;
}

uint64_t tx_lab_put_frame(uint32_t which, uint32_t len)
{
	return tx_lab_bytes(tx_lab_numbered(which, len), len);
}

void tx_lab_expect(uint32_t i, uint32_t which, uint32_t len)
{
	const struct sent *s = tx_lab_sent(i);

	ck_assert_uint_eq(s->len, len);
	ck_assert_int_eq(memcmp(s->bytes, tx_lab_numbered(which, len), len), 0);
}

uint32_t tx_lab_send_in(unsigned q, uint32_t which, uint32_t len, uint32_t pieces, unsigned last)
{
	uint64_t at = tx_lab_put_frame(which, len);
	uint32_t each = len / pieces, index = 0;

	for (uint32_t i = 0; i < pieces; i++) {
		uint32_t part = i + 1 < pieces ? each : len - i * each;

		index = tx_lab_legacy(q, at, part, i + 1 < pieces ? TXD_IFCS : last);
		at += part;
	}
	return index;
}

uint32_t tx_lab_send_one(uint32_t which, uint32_t len)
{
	return tx_lab_send_in(0, which, len, 1, TX_LAST);
}

uint32_t tx_lab_send_port(uint16_t port, uint32_t len, unsigned cmd)
{
	struct frame *f = tx_lab_tcp(len);

	set_be16(f, 36, port);
	return tx_lab_legacy(0, tx_lab_bytes(f->bytes, f->len), f->len, cmd);
}

/* ---- the device ---- */

static union tx_desc *shadow(unsigned q)
{
	uint32_t base = q * E1000_QUEUE;
	uint64_t at = (uint64_t)lab.reg[(E1000_TDBAH + base) / 4] << 32 | lab.reg[(E1000_TDBAL + base) / 4];

	ck_assert_uint_eq(at, POOL_BUS + POOL_TX + q * POOL_TX_QUEUE + POOL_TX_RING);
	ck_assert_uint_eq(lab.reg[(E1000_TDLEN + base) / 4], SHADOW_TX * DESC_BYTES);
	return (union tx_desc *)(pool + (at - POOL_BUS)) + lab.taken[q];
}

/* A buffer's bytes: in the queue's part of the pool, or in guest RAM. */
static void fetch(unsigned q, uint64_t at, uint32_t len)
{
	uint64_t bytes = POOL_BUS + POOL_TX + q * POOL_TX_QUEUE + POOL_TX_BYTES;
	struct sent *s = &lab.building;

	ck_assert_uint_gt(len, 0);
	ck_assert_uint_le(len, sizeof(fetched) - s->len);
	if (at >= bytes && at + len <= bytes + TX_BYTES) {
		memcpy(fetched + s->len, pool + (at - POOL_BUS), len);
	} else {
		ck_assert(at >= RAM_BUS && is_ram(at - RAM_BUS, len));
		memcpy(fetched + s->len, lab.ram + (at - RAM_BUS), len);
		s->direct += len;
	}
	s->len += len;
	s->longest = len > s->longest ? len : s->longest;
}

static void keep(void)
{
	if (lab.sent_count == lab.sent_room) {
		lab.sent_room = lab.sent_room ? 2 * lab.sent_room : 16;
		lab.sent = realloc(lab.sent, lab.sent_room * sizeof(*lab.sent));
	}
	lab.building.bytes = malloc(lab.building.len);
	memcpy(lab.building.bytes, fetched, lab.building.len);
	lab.sent[lab.sent_count++] = lab.building;
}

/* True: it ended a frame. */
static bool take_data(unsigned q, const struct tx_data *d)
{
	uint8_t cmd = (uint8_t)(d->length_type >> TXD_CMD_SHIFT);
	struct sent *s = &lab.building;
	uint32_t before = s->len;

	ck_assert_uint_eq(d->length_type >> TXD_DTYP_SHIFT & 0xf, DTYP_DATA);
	ck_assert_uint_eq(cmd & (TXD_DEXT | TXD_IFCS | TXD_RPS | TXD_VLE), TXD_DEXT | TXD_IFCS);
	ck_assert(d->special == 0 && !(d->popts & ~(POPTS_IXSM | POPTS_TXSM)));
	fetch(q, d->buffer, d->length_type & TXD_LENGTH_MASK);
	if (s->descs++ == 0) {
		s->first_len = s->len;
		s->popts = d->popts;
		s->cmd = cmd;
	}
	ck_assert(before == 0 || ((s->cmd ^ cmd) & TXD_TSE) == 0);
	ck_assert_uint_eq(s->popts, d->popts);
	s->cmd = cmd;
	ck_assert_int_eq(!(cmd & TXD_EOP), !(cmd & TXD_RS));
	return cmd & TXD_EOP;
}

static bool take_one(unsigned q)
{
	union tx_desc *d = shadow(q);
	bool extended = d->legacy.cmd & TXD_DEXT, ended = false;

	ck_assert_uint_eq(d->data.status, 0);
	ck_assert(extended);
	if ((d->data.length_type >> TXD_DTYP_SHIFT & 0xf) == DTYP_CONTEXT) {
		ck_assert_uint_eq(lab.building.len, 0);
		ck_assert_uint_eq(d->legacy.cmd & (TXD_RS | TXD_IDE | TXD_VLE | TXD_RPS), 0);
		lab.building.context = d->context;
		lab.building.has_context = true;
	} else {
		ended = take_data(q, &d->data);
		if (d->legacy.cmd & TXD_RS)
			d->data.status |= TXD_STATUS_DD;
	}
	lab.taken[q] = (lab.taken[q] + 1) % SHADOW_TX;
	return ended;
}

void tx_lab_device(uint32_t frames)
{
	for (unsigned q = 0; q < lab.family.queues; q++) {
		uint32_t *tail = &lab.reg[(E1000_TDT + q * E1000_QUEUE) / 4];

		for (uint32_t left = frames; left > 0 && lab.taken[q] != *tail; left--) {
			memset(&lab.building, 0, sizeof(lab.building));
			lab.building.queue = q;
			while (!take_one(q))
				ck_assert_uint_ne(lab.taken[q], *tail);	/* never half a frame */
			keep();
		}
	}
}

void tx_lab_run(void)
{
	tx_lab_device(UINT32_MAX);
	for (unsigned q = 0; q < lab.family.queues; q++)
		tx_complete(&lab.n, q);
}

const struct sent *tx_lab_sent(uint32_t i)
{
	ck_assert_uint_lt(i, lab.sent_count);
	return &lab.sent[i];
}

static void insert_sum(struct sent *s, uint32_t start, uint32_t end, uint32_t at)
{
	uint32_t sum;

	end = end ? end + 1 : s->len;
	ck_assert(start < end && end <= s->len && at + 2 <= s->len);
	sum = ~scratch_sum(0, s->bytes + start, end - start) & 0xffff;
	if (sum == 0)
		sum = 0xffff;
	s->bytes[at] = (uint8_t)(sum >> 8);
	s->bytes[at + 1] = (uint8_t)sum;
}

void tx_lab_finish(struct sent *s)
{
	const struct tx_context *c = &s->context;

	ck_assert(s->has_context && !(s->cmd & TXD_TSE));
	if (s->popts & POPTS_IXSM)
		insert_sum(s, c->ipcss, c->ipcse, c->ipcso);
	if (s->popts & POPTS_TXSM)
		insert_sum(s, c->tucss, c->tucse, c->tucso);
}
