/*
 * sim_e1000_tx.c - the simulated NIC transmits: descriptors, frames, bursts
 */
#include "replay/sim_e1000_parts.h"

#include <string.h>

struct ring {
	uint64_t base;
	uint32_t count, head, tail;
};

static struct ring ring_of(const struct sim_e1000 *s, uint32_t at)
{
	return (struct ring) {
		.base = (uint64_t)sim_get(s, E1000_TDBAH + at) << 32 | sim_get(s, E1000_TDBAL + at),
		.count = sim_get(s, E1000_TDLEN + at) / DESC_BYTES,
		.head = sim_get(s, E1000_TDH + at),
		.tail = sim_get(s, E1000_TDT + at),
	};
}

void sim_tx_wire(struct sim_e1000 *s, const uint8_t *frame, uint32_t len, bool fcs)
{
	sim_count(s, SIM_GPTC, 1);
	sim_count(s, SIM_TPT, 1);
	sim_count(s, SIM_GOTCL, len + (fcs ? 4 : 0));
	if (sim_get(s, E1000_RCTL) & SIM_RCTL_LBM_MAC || s->phy[0] & 1u << 14)
		sim_e1000_receive(s, frame, len, false);
	else
		s->bus->sent(s->host, frame, len, fcs);
}

struct leaving {
	uint8_t cmd;		/* TXD_IFCS, TXD_VLE */
	uint16_t special;
};

/* The tag goes in behind all sums; short frames are padded (TCTL.PSP). */
static void leave(struct sim_e1000 *s, uint8_t *frame, uint32_t len, void *arg)
{
	const struct leaving *l = arg;
	uint32_t vet = sim_get(s, E1000_VET);

	if (l->cmd & TXD_VLE && sim_get(s, E1000_CTRL) & CTRL_VME && len >= 12 && len + 4 <= SIM_FRAME_MAX) {
		memmove(frame + 16, frame + 12, len - 12);
		frame[12] = (uint8_t)(vet >> 8);
		frame[13] = (uint8_t)vet;
		frame[14] = (uint8_t)(l->special >> 8);
		frame[15] = (uint8_t)l->special;
		len += 4;
	}
	if (sim_get(s, E1000_TCTL) & SIM_TCTL_PSP && len < 60) {
		memset(frame + len, 0, 60 - len);
		len = 60;
	}
	sim_tx_wire(s, frame, len, l->cmd & TXD_IFCS);
}

/* All of it is there: @d is its last descriptor. */
static void finish(struct sim_e1000 *s, unsigned q, const union tx_desc *d)
{
	struct sim_tx *t = &s->tx[q];
	uint32_t last_cmd = d->data.length_type >> TXD_CMD_SHIFT, first_cmd = t->first.length_type >> TXD_CMD_SHIFT;
	bool extended = last_cmd & TXD_DEXT, burst = extended && first_cmd & TXD_TSE;
	struct leaving l = { .cmd = (uint8_t)last_cmd, .special = d->data.special };

	s->bus->fetched(s->host, q, t->frame, t->len, burst);
	if (burst) {
		l = (struct leaving) { .cmd = (uint8_t)first_cmd, .special = t->first.special };
		sim_segment(s, t->frame, t->len, &t->context[1], t->first.popts, leave, &l);
		return;
	}
	if (extended)
		sim_insert_sums(s, t->frame, t->len, &t->context[0], t->first.popts);
	else if (last_cmd & TXD_IC)
		sim_insert_legacy(t->frame, t->len, d->legacy.css, d->legacy.cso);
	leave(s, t->frame, t->len, &l);
}

/* A buffer's bytes behind those that are there; one at address 0 transfers nothing (section 3.3.3). */
static bool gather(struct sim_e1000 *s, struct sim_tx *t, uint64_t at, uint32_t len)
{
	uint32_t room = SIM_FRAME_MAX - 64 - t->len;

	if (len > room) {
		s->bus->complain(s->host, "a frame that is too long for the device");
		len = room;
	}
	if (len == 0 || at == 0)
		return true;
	if (!s->bus->read(s->host, SIM_TX_BUFFER, at, t->frame + t->len, len))
		return false;
	if (s->faults.reads_twice && !s->bus->read(s->host, SIM_TX_BUFFER, at, t->frame + t->len, len))
		return false;
	t->len += len;
	return true;
}

/* RS or RPS; 8254x: with a write-back threshold as well, since the descriptors go out in bursts (section 3.4.2). */
static void report(struct sim_e1000 *s, unsigned q, uint64_t at, const union tx_desc *d)
{
	static const uint32_t queue_cause[SIM_QUEUES] = { INT_TXQ0, INT_TXQ1 };
	uint32_t cmd = d->data.length_type >> TXD_CMD_SHIFT, causes = 0;
	uint8_t upper[4];

	if (!(cmd & (TXD_RS | TXD_RPS)) && !(sim_get(s, E1000_TXDCTL + q * E1000_QUEUE) & DCTL_WTHRESH))
		return;
	memcpy(upper, (const uint8_t *)d + TXD_STATUS_AT, sizeof(upper));
	upper[0] |= TXD_STATUS_DD;
	if (cmd & (TXD_RS | TXD_RPS))
		causes = INT_TXDW | (s->kind == SIM_82574 ? queue_cause[q] : 0);
	if (cmd & TXD_IDE && sim_get(s, SIM_TIDV + q * E1000_QUEUE)) {
		s->delayed |= causes;
		causes = 0;
	}
	sim_write_back(s, SIM_TX_DONE, at + TXD_STATUS_AT, upper, sizeof(upper), causes);
}

/* One descriptor; true: it ended a frame. */
static bool take(struct sim_e1000 *s, unsigned q, const union tx_desc *d)
{
	struct sim_tx *t = &s->tx[q];
	uint32_t type = d->data.length_type, cmd = type >> TXD_CMD_SHIFT;
	bool extended = cmd & TXD_DEXT;

	if (extended && (type >> TXD_DTYP_SHIFT & 15) == DTYP_CONTEXT) {
		if (t->skipped)
			s->bus->complain(s->host, "a context descriptor within a frame");
		t->context[cmd & TXD_TSE ? 1 : 0] = d->context;
		return false;
	}
	if (t->skipped++ == 0)
		t->first = d->data;
	if (extended != !!(t->first.length_type >> TXD_CMD_SHIFT & TXD_DEXT))
		s->bus->complain(s->host, "legacy and data descriptors in one frame");
	if (!gather(s, t, d->data.buffer, extended ? type & TXD_LENGTH_MASK : type & 0xffff)) {
		t->halted = true;
		return false;
	}
	if (!(cmd & TXD_EOP))
		return false;
	finish(s, q, d);
	t->len = t->skipped = 0;
	return true;
}

bool sim_tx_step(struct sim_e1000 *s, unsigned q)
{
	struct sim_tx *t = &s->tx[q];
	uint32_t at = q * E1000_QUEUE, bound;
	struct ring r = ring_of(s, at);
	bool ended = false;

	if (t->halted || s->faults.no_link || !(sim_get(s, E1000_TCTL) & TCTL_EN) || r.head == r.tail)
		return false;
	if (r.count == 0 || r.tail >= r.count || r.head >= r.count) {
		s->bus->complain(s->host, "a transmit ring's head or tail is outside of it");
		t->halted = true;
		return false;
	}
	for (bound = r.count; bound && r.head != r.tail && !ended && !t->halted; bound--) {
		uint64_t desc = r.base + (uint64_t)r.head * DESC_BYTES;
		union tx_desc d;

		if (!s->bus->read(s->host, SIM_TX_DESC, desc, &d, sizeof(d))) {
			t->halted = true;
			return false;
		}
		ended = take(s, q, &d);
		if (t->halted)
			return false;
		r.head = (r.head + 1) % r.count;
		*sim_reg(s, E1000_TDH + at) = r.head;
		report(s, q, desc, &d);
	}
	if (r.head == r.tail)
		sim_write_back(s, SIM_TX_DONE, 0, NULL, 0, INT_TXQE);
	return true;
}
