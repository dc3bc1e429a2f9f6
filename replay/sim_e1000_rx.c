/*
 * sim_e1000_rx.c - the simulated NIC receives: filters, packet buffer, descriptors
 */
#include "replay/sim_e1000_parts.h"

#include <stdlib.h>
#include <string.h>

void sim_rx_reset(struct sim_e1000 *s)
{
	while (s->fifo) {
		struct sim_rx_frame *f = s->fifo;

		s->fifo = f->next;
		free(f);
	}
	s->fifo_end = &s->fifo;
	s->fifo_bytes = 0;
	s->rx_halted = false;
}

/* Section 13.5.1: bits of the address, by RCTL.MO, in a table of 4096. */
static bool in_multicast_table(const struct sim_e1000 *s, const uint8_t *a)
{
	static const uint8_t shift[4] = { 4, 3, 2, 0 };
	uint32_t hash = ((uint32_t)a[5] << 8 | a[4]) >> shift[sim_get(s, E1000_RCTL) >> SIM_RCTL_MO_SHIFT & 3] & 0xfff;

	return sim_get(s, SIM_MTA + (hash >> 5) * 4) >> (hash & 31) & 1;
}

static bool is_own(const struct sim_e1000 *s, const uint8_t *a)
{
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t low = sim_get(s, SIM_RAL + i * 8), high = sim_get(s, SIM_RAH + i * 8);
		uint8_t own[6] = { (uint8_t)low, (uint8_t)(low >> 8), (uint8_t)(low >> 16), (uint8_t)(low >> 24),
				   (uint8_t)high, (uint8_t)(high >> 8) };

		if (high & SIM_RAH_AV && !memcmp(a, own, 6))
			return true;
	}
	return false;
}

static bool passes_filters(const struct sim_e1000 *s, const uint8_t *f, uint32_t len)
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	uint32_t rctl = sim_get(s, E1000_RCTL);

	if (rctl & SIM_RCTL_VFE && len >= 16 && f[12] == 0x81 && f[13] == 0) {
		uint32_t id = ((uint32_t)f[14] << 8 | f[15]) & 0xfff;

		if (!(sim_get(s, SIM_VFTA + (id >> 5) * 4) >> (id & 31) & 1))
			return false;
	}
	if (!memcmp(f, all, 6))
		return rctl & (SIM_RCTL_BAM | SIM_RCTL_MPE);
	if (f[0] & 1)
		return rctl & SIM_RCTL_MPE || in_multicast_table(s, f);
	return rctl & SIM_RCTL_UPE || is_own(s, f);
}

/* Sections 13.4.22 (SBP, LPE) and 13.7: a frame from DA to check sequence has 64 to 1522 bytes, or 16384. */
static bool is_stored(struct sim_e1000 *s, const uint8_t *f, uint32_t len, bool bad)
{
	uint32_t rctl = sim_get(s, E1000_RCTL), limit = rctl & RCTL_LPE ? 16384 : 1522;

	if (!(rctl & RCTL_EN) || len < 14)
		return false;
	if (len + 4 > limit) {
		sim_count(s, SIM_ROC, 1);
		return false;
	}
	if (!passes_filters(s, f, len))
		return false;
	sim_count(s, SIM_TPR, 1);
	if (len + 4 < 64)
		sim_count(s, SIM_RUC, 1);
	if (bad)
		sim_count(s, SIM_CRCERRS, 1);
	return rctl & RCTL_SBP || (len + 4 >= 64 && !bad);
}

bool sim_e1000_receive(struct sim_e1000 *s, const uint8_t *frame, uint32_t len, bool bad_fcs)
{
	struct sim_rx_frame *f;
	uint32_t crc;

	if (s->faults.no_link || !is_stored(s, frame, len, bad_fcs))
		return false;
	if (s->fifo_bytes + len > SIM_FIFO_BYTES) {
		sim_count(s, SIM_MPC, 1);
		sim_raise(s, INT_RXO);
		return false;
	}
	f = calloc(1, sizeof(*f) + len + 4);
	if (!f)
		return false;
	memcpy(f->bytes, frame, len);
	crc = sim_crc(frame, len) ^ (bad_fcs ? 1 : 0);
	for (unsigned i = 0; i < 4; i++)
		f->bytes[len + i] = (uint8_t)(crc >> 8 * i);
	f->len = len + 4;
	f->bad = bad_fcs;
	*s->fifo_end = f;
	s->fifo_end = &f->next;
	s->fifo_bytes += len;
	return true;
}

static uint32_t buffer_bytes(const struct sim_e1000 *s)
{
	static const uint32_t size[2][4] = { { 2048, 1024, 512, 256 }, { 0, 16384, 8192, 4096 } };
	uint32_t rctl = sim_get(s, E1000_RCTL), flex = (rctl & RCTL_FLXBUF) >> RCTL_FLXBUF_SHIFT;

	if (s->kind == SIM_82574 && flex)
		return flex << 10;
	return size[!!(rctl & RCTL_BSEX)][(rctl & RCTL_BSIZE) >> RCTL_BSIZE_SHIFT];
}

/* What is stored and told, by the registers as they are when the first of it is written: a tag goes (section 9.2.2). */
static void describe(struct sim_e1000 *s, struct sim_rx_frame *f)
{
	uint32_t vet = sim_get(s, E1000_VET), start = sim_get(s, E1000_RXCSUM) & SIM_RXCSUM_PCSS;
	struct sim_told *t = &f->told;
	const uint8_t *bytes;

	*t = (struct sim_told){ .status = RXD_DD | RXD_EOP };
	f->at = 0;
	f->end = f->len - (sim_get(s, E1000_RCTL) & RCTL_SECRC ? 4 : 0);
	if (sim_get(s, E1000_CTRL) & CTRL_VME && f->len >= 22 && f->bytes[12] == (uint8_t)(vet >> 8) &&
	    f->bytes[13] == (uint8_t)vet) {
		t->tag = (uint16_t)(f->bytes[14] << 8 | f->bytes[15]);
		t->status |= RXD_VP;
		memmove(f->bytes + 4, f->bytes, 12);
		f->at = 4;
	}
	bytes = f->bytes + f->at;
	sim_check_sums(s, bytes, f->len - 4 - f->at, &t->status, &t->errors);
	/* behind the tag's place, and with the check sequence only if it is stored: RXCSUM in section 13.4.50 */
	t->checksum = start < f->end - f->at ? (uint16_t)~sim_sum(0, bytes + start, f->end - f->at - start) : 0;
	if (f->bad)
		t->errors |= SIM_RXE_CE;
	if (bytes[0] & 1 && memcmp(bytes, "\xff\xff\xff\xff\xff\xff", 6) != 0 &&
	    !(sim_get(s, E1000_RCTL) & SIM_RCTL_MPE))
		t->status |= RXD_PIF;
}

static void write_desc(struct sim_e1000 *s, uint64_t at, uint64_t buffer, const struct sim_told *t, bool first, uint32_t causes)
{
	union rx_desc d = { .legacy = { .buffer = buffer } };

	if (s->kind == SIM_82574 && sim_get(s, E1000_RFCTL) & RFCTL_EXSTEN)
		d.extended = (struct rx_extended) { .checksum = first ? t->checksum : 0, .length = t->length, .vlan = t->tag,
						    .status = t->status | (uint32_t)t->errors << 24 };
	else
		d.legacy = (struct rx_legacy) { .buffer = buffer, .length = t->length,
						.checksum = first ? t->checksum : 0, .status = t->status,
						.errors = t->errors, .special = t->tag };
	sim_write_back(s, SIM_RX_DONE, at, &d, sizeof(d), causes);
}

static void pop(struct sim_e1000 *s)
{
	struct sim_rx_frame *f = s->fifo;

	s->fifo = f->next;
	if (!s->fifo)
		s->fifo_end = &s->fifo;
	s->fifo_bytes -= f->len - 4;
	sim_count(s, SIM_GPRC, 1);
	sim_count(s, SIM_GORCL, f->len);
	free(f);
}

static uint32_t causes_of(struct sim_e1000 *s, uint32_t before, uint32_t after, uint32_t count, bool end)
{
	uint32_t low = count >> (1 + (sim_get(s, E1000_RCTL) >> RCTL_RDMTS_SHIFT & 3)), causes = 0;
	uint32_t received = INT_RXT0 | (s->kind == SIM_82574 ? INT_RXQ0 : 0);

	if (before > low && after <= low)
		causes |= INT_RXDMT0;
	if (end && sim_get(s, E1000_RDTR) & 0xffff)
		s->delayed |= received;
	else if (end)
		causes |= received;
	return causes;
}

/* One descriptor's part of the frame in front: data first, then the descriptor. */
static bool scatter(struct sim_e1000 *s, uint32_t head, uint32_t count, uint32_t free_count)
{
	struct sim_rx_frame *f = s->fifo;
	uint64_t base = (uint64_t)sim_get(s, E1000_RDBAH) << 32 | sim_get(s, E1000_RDBAL), buffer;
	uint64_t at = base + (uint64_t)head * DESC_BYTES;
	struct sim_told part = { .status = RXD_DD };
	uint32_t n = buffer_bytes(s), left;
	bool first = f->done == 0, end;

	if (n == 0 || !s->bus->read(s->host, SIM_RX_DESC, at, &buffer, sizeof(buffer)))
		return false;
	if (first)
		describe(s, f);
	left = f->end - f->at - f->done;
	n = left < n ? left : n;
	if (buffer && !s->bus->write(s->host, SIM_RX_BUFFER, buffer, f->bytes + f->at + f->done, n))
		return false;
	f->done += n;
	end = n == left;
	part.checksum = f->told.checksum;
	part.length = f->told.length = (uint16_t)n;
	write_desc(s, at, buffer, end ? &f->told : &part, first, causes_of(s, free_count, free_count - 1, count, end));
	if (end)
		pop(s);
	return true;
}

bool sim_rx_step(struct sim_e1000 *s)
{
	uint32_t count = sim_get(s, E1000_RDLEN) / DESC_BYTES, head = sim_get(s, E1000_RDH), tail = sim_get(s, E1000_RDT);
	struct sim_rx_frame *f = s->fifo;
	bool moved = false;

	if (!f || s->rx_halted || !(sim_get(s, E1000_RCTL) & RCTL_EN) || head == tail)
		return false;
	if (sim_get(s, E1000_RCTL) & RCTL_DTYP)
		s->bus->complain(s->host, "packet split, which is not simulated");
	if (head >= count || tail >= count) {
		s->bus->complain(s->host, "a receive ring's head or tail is outside of it");
		s->rx_halted = true;
		return false;
	}
	for (; s->fifo == f && head != tail; moved = true) {
		if (!scatter(s, head, count, (tail + count - head) % count)) {
			s->rx_halted = true;
			return false;
		}
		head = (head + 1) % count;
		*sim_reg(s, E1000_RDH) = head;
	}
	return moved;
}
