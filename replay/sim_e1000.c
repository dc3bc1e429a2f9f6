/*
 * sim_e1000.c - the simulated NIC: registers, interrupts, reset, steps
 */
#include "replay/sim_e1000_parts.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static void update_line(struct sim_e1000 *s)
{
	bool line = (sim_get(s, E1000_ICR) & sim_get(s, E1000_IMS)) != 0;

	if (line == s->line)
		return;
	s->line = line;
	s->bus->interrupt(s->host, line);
}

void sim_raise(struct sim_e1000 *s, uint32_t causes)
{
	*sim_reg(s, E1000_ICR) |= causes & ~(uint32_t)INT_ASSERTED;
	update_line(s);
}

void sim_count(struct sim_e1000 *s, uint32_t offset, uint32_t by)
{
	uint32_t *r = sim_reg(s, offset);

	*r = *r > UINT32_MAX - by ? UINT32_MAX : *r + by;
}

static void write_now(struct sim_e1000 *s, const struct sim_late *l)
{
	if (l->len)
		s->bus->write(s->host, l->why, l->at, l->bytes, l->len);
	sim_raise(s, l->causes);
}

void sim_write_back(struct sim_e1000 *s, enum sim_why why, uint64_t at, const void *from, uint8_t len, uint32_t causes)
{
	struct sim_late l = { .due = s->now + s->faults.late, .at = at, .why = why, .causes = causes, .len = len };

	if (len)
		memcpy(l.bytes, from, len);
	for (int times = s->faults.writes_twice ? 2 : 1; times > 0; times--) {
		/* what is late keeps its order: nothing overtakes it */
		if (s->late_count == SIM_LATE_MAX || (s->late_count == 0 && l.due <= s->now && times == 1)) {
			write_now(s, &l);
			continue;
		}
		s->late[(s->late_first + s->late_count++) % SIM_LATE_MAX] = l;
		l.due++;
	}
}

static bool write_late(struct sim_e1000 *s)
{
	bool done = false;

	while (s->late_count && s->late[s->late_first].due <= s->now) {
		struct sim_late l = s->late[s->late_first];

		s->late_first = (s->late_first + 1) % SIM_LATE_MAX;
		s->late_count--;
		write_now(s, &l);
		done = true;
	}
	return done || s->late_count;
}

/* 8254x manual, section 14.3: what is not in the NVM has these values. */
static void reset_registers(struct sim_e1000 *s)
{
	memset(s->reg, 0, sizeof(s->reg));
	*sim_reg(s, E1000_CTRL) = 1u << 0 | 1u << 3;	/* FD, and link reset, as the 8254x has it */
	*sim_reg(s, SIM_PBA) = 0x00100030;
	*sim_reg(s, E1000_VET) = 0x8100;
	*sim_reg(s, E1000_RXCSUM) = s->kind == SIM_82574 ? SIM_RXCSUM_IPOFL | SIM_RXCSUM_TUOFL : 0;
	if (s->kind == SIM_82574)
		*sim_reg(s, E1000_TARC) = *sim_reg(s, E1000_TARC + E1000_QUEUE) = 1u << 10 | 3;
	sim_nvm_reset(s);
}

void sim_e1000_reset(struct sim_e1000 *s)
{
	reset_registers(s);
	for (unsigned q = 0; q < SIM_QUEUES; q++)
		memset(&s->tx[q], 0, offsetof(struct sim_tx, frame));
	s->late_count = s->late_first = 0;
	s->delayed = 0;
	s->ioaddr = 0;
	sim_rx_reset(s);
	update_line(s);
}

struct sim_e1000 *sim_e1000_create(enum sim_kind kind, const struct sim_bus *bus, void *host)
{
	static const uint8_t address[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
	struct sim_e1000 *s = calloc(1, sizeof(*s));
	uint16_t sum = 0;

	if (!s)
		return NULL;
	s->kind = kind;
	s->bus = bus;
	s->host = host;
	s->fifo_end = &s->fifo;
	memcpy(s->address, address, sizeof(address));
	memcpy(s->nvm, address, sizeof(address));	/* words are little-endian: section 5.6.1 */
	for (unsigned i = 3; i < SIM_NVM_WORDS - 1; i++)
		s->nvm[i] = (uint16_t)(i * 0x0101u ^ 0x5a00);
	for (unsigned i = 0; i < SIM_NVM_WORDS - 1; i++)
		sum += s->nvm[i];
	s->nvm[SIM_NVM_WORDS - 1] = (uint16_t)(0xbaba - sum);
	sim_phy_reset(s);
	sim_e1000_reset(s);
	return s;
}

void sim_e1000_free(struct sim_e1000 *s)
{
	if (s)
		sim_rx_reset(s);
	free(s);
}

struct sim_faults *sim_e1000_faults(struct sim_e1000 *s)
{
	return &s->faults;
}

const uint8_t *sim_e1000_address(const struct sim_e1000 *s)
{
	return s->address;
}

/* Causes are cleared by being read; 82574: unless masks are set and none is asserted (82574, section 10.2.4.1). */
static uint32_t read_icr(struct sim_e1000 *s)
{
	uint32_t icr = sim_get(s, E1000_ICR), ims = sim_get(s, E1000_IMS);

	if (icr & ims)
		icr |= INT_ASSERTED;
	if ((icr & INT_ASSERTED) && s->kind == SIM_82574 && sim_get(s, E1000_CTRL_EXT) & CTRL_EXT_IAME)
		*sim_reg(s, E1000_IMS) &= ~sim_get(s, E1000_IAM);
	*sim_reg(s, E1000_ICR) = 0;
	update_line(s);
	return s->kind == SIM_82574 ? icr : icr & ~(uint32_t)INT_ASSERTED;
}

static uint32_t read_status(const struct sim_e1000 *s)
{
	bool up = !s->faults.no_link && sim_get(s, E1000_CTRL) & 1u << 6;

	return 1u << 0 | (up ? 1u << 1 : 0) | 2u << 6;	/* FD, LU, 1000 Mb/s */
}

uint32_t sim_e1000_read(struct sim_e1000 *s, uint32_t offset)
{
	uint32_t value;

	if (offset >= E1000_BAR0_BYTES)
		return 0;
	value = sim_get(s, offset);
	switch (offset) {
	case E1000_STATUS:
		return read_status(s);
	case E1000_ICR:
		return read_icr(s);
	case E1000_ICS: case E1000_IMC:
		return 0;
	}
	if (offset >= SIM_CRCERRS && offset < SIM_STATISTICS_END)
		*sim_reg(s, offset) = 0;
	return value;
}

static void write_ctrl(struct sim_e1000 *s, uint32_t value)
{
	if (value & CTRL_PHY_RST)
		sim_phy_reset(s);
	if (value & CTRL_RST) {
		sim_e1000_reset(s);
		return;
	}
	*sim_reg(s, E1000_CTRL) = value & ~(uint32_t)CTRL_PHY_RST;
}

static void write_ring(struct sim_e1000 *s, uint32_t offset, uint32_t value)
{
	switch (offset & 0xff) {
	case E1000_RDBAL & 0xff:
		value &= ~15u;
		break;
	case E1000_RDLEN & 0xff:
		value &= 0xfff80;
		break;
	case E1000_RDH & 0xff: case E1000_RDT & 0xff:
		value &= 0xffff;
		break;
	}
	*sim_reg(s, offset) = value;
}

void sim_e1000_write(struct sim_e1000 *s, uint32_t offset, uint32_t value)
{
	if (offset >= E1000_BAR0_BYTES)
		return;
	switch (offset) {
	case E1000_CTRL:
		write_ctrl(s, value);
		return;
	case E1000_CTRL_EXT:
		if (value & CTRL_EXT_EE_RST)
			sim_nvm_reset(s);
		*sim_reg(s, offset) = value & ~(uint32_t)CTRL_EXT_EE_RST;
		return;
	case E1000_EERD:
		sim_nvm_eerd(s, value);
		return;
	case E1000_EECD:
		sim_nvm_eecd(s, value);
		return;
	case E1000_MDIC:
		sim_phy_mdic(s, value);
		return;
	case E1000_ICR:
		*sim_reg(s, E1000_ICR) &= ~value;
		update_line(s);
		return;
	case E1000_ICS:
		sim_raise(s, value);
		return;
	case E1000_IMS:
		*sim_reg(s, E1000_IMS) |= value;
		update_line(s);
		return;
	case E1000_IMC:
		*sim_reg(s, E1000_IMS) &= ~value;
		update_line(s);
		return;
	case E1000_STATUS:
		return;
	}
	if ((offset >= 0x2800 && offset < 0x2a00) || (offset >= 0x3800 && offset < 0x3a00))
		write_ring(s, offset, value);
	else if (offset < SIM_CRCERRS || offset >= SIM_STATISTICS_END)
		*sim_reg(s, offset) = value;
}

uint32_t sim_e1000_port_read(struct sim_e1000 *s, uint32_t offset)
{
	return offset ? sim_e1000_read(s, s->ioaddr & ~3u) : s->ioaddr;
}

void sim_e1000_port_write(struct sim_e1000 *s, uint32_t offset, uint32_t value)
{
	if (offset)
		sim_e1000_write(s, s->ioaddr & ~3u, value);
	else
		s->ioaddr = value & (E1000_BAR0_BYTES - 1);
}

bool sim_e1000_step(struct sim_e1000 *s)
{
	bool moved;

	s->now++;
	moved = write_late(s);
	if (s->faults.stalled)
		return moved;
	for (unsigned q = 0; q < (s->kind == SIM_82574 ? 2u : 1u); q++)
		moved |= sim_tx_step(s, q);
	moved |= sim_rx_step(s);
	if (!moved && s->delayed) {
		uint32_t causes = s->delayed;

		s->delayed = 0;
		sim_raise(s, causes);
		moved = true;
	}
	return moved;
}

void sim_e1000_run(struct sim_e1000 *s, unsigned steps)
{
	while (steps-- && sim_e1000_step(s))
		;
}
