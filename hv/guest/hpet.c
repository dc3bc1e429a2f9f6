/*
 * hpet.c - what the guest's writes to the HPET become
 */
#include "hv/guest/hpet.h"

/* An interrupt message: APM volume 2, section 16.11 */
#define MESSAGE_ADDRESS		0xfee00000u
#define MESSAGE_ADDRESS_MASK	0xfff00000u
#define MESSAGE_MODE(data)	((data) >> 8 & 7)
#define MODE_INIT		5u
#define COUNTER_TRIES		4u	/* its upper half changes once in 40 seconds or more */

static uint32_t get(const struct hpet_guard *g, uint32_t offset)
{
	return g->bus->read(g->bus->host, offset);
}

static void put(const struct hpet_guard *g, uint32_t offset, uint32_t value)
{
	g->bus->write(g->bus->host, offset, 4, value);
}

static uint64_t count(const struct hpet_guard *g)
{
	uint32_t high = get(g, HPET_COUNTER + 4), low = 0, again;

	for (unsigned i = 0; i < COUNTER_TRIES; i++, high = again) {
		low = get(g, HPET_COUNTER);
		again = get(g, HPET_COUNTER + 4);
		if (again == high)
			break;
	}
	return (uint64_t)high << 32 | low;
}

/* For the guest it stands still from here on; the hardware's runs on. */
static void stop(struct hpet_guard *g, bool legacy)
{
	g->counter = count(g);
	g->enabled = 0;
	for (uint32_t n = 0; n < g->timers; n++) {
		uint32_t cfg = get(g, HPET_TIMER(n, TN_CFG));

		if (n == g->ours || !(cfg & TN_ENABLE))
			continue;
		g->enabled |= 1u << n;
		put(g, HPET_TIMER(n, TN_CFG), cfg & ~(uint32_t)TN_ENABLE);
	}
	/* the PIT and the RTC have their pins back: both bits make legacy routing, section 2.3.5 */
	put(g, HPET_CFG, (get(g, HPET_CFG) & ~(uint32_t)CFG_LEGACY) | CFG_ENABLE);
	g->legacy = legacy;
	g->stopped = true;
}

static void start(struct hpet_guard *g, bool legacy)
{
	uint32_t cfg = get(g, HPET_CFG) & ~(uint32_t)(CFG_ENABLE | CFG_LEGACY);

	put(g, HPET_CFG, cfg);
	put(g, HPET_COUNTER, (uint32_t)g->counter);
	put(g, HPET_COUNTER + 4, (uint32_t)(g->counter >> 32));
	for (uint32_t n = 0; n < g->timers; n++) {
		if (g->enabled >> n & 1)
			put(g, HPET_TIMER(n, TN_CFG), get(g, HPET_TIMER(n, TN_CFG)) | TN_ENABLE);
	}
	put(g, HPET_CFG, cfg | CFG_ENABLE | (legacy ? CFG_LEGACY : 0));
	g->stopped = false;
}

void hpet_guard_init(struct hpet_guard *g, const struct hpet_bus *bus, uint32_t ours)
{
	uint32_t cfg;

	*g = (struct hpet_guard){ .bus = bus };
	g->timers = HPET_COUNT(get(g, HPET_CAP));
	g->ours = ours;
	cfg = get(g, HPET_CFG);
	if (!(cfg & CFG_ENABLE))
		stop(g, cfg & CFG_LEGACY);
}

static uint32_t read_half(const struct hpet_guard *g, uint32_t offset)
{
	uint32_t v = get(g, offset), n = (offset - HPET_TIMERS) / HPET_TIMER_BYTES;

	if (!g->stopped)
		return v;
	switch (offset) {
	case HPET_CFG:
		return (v & ~(uint32_t)(CFG_ENABLE | CFG_LEGACY)) | (g->legacy ? CFG_LEGACY : 0);
	case HPET_COUNTER:
		return (uint32_t)g->counter;
	case HPET_COUNTER + 4:
		return (uint32_t)(g->counter >> 32);
	}
	if (offset >= HPET_TIMERS && n < g->timers && offset == HPET_TIMER(n, TN_CFG) && g->enabled >> n & 1)
		v |= TN_ENABLE;
	return v;
}

/* Section 2.3.2: dwords and qwords, nothing else. */
static bool is_access(uint32_t offset, unsigned size)
{
	return (size == 4 || size == 8) && offset % size == 0 && offset < HPET_END;
}

uint64_t hpet_read(const struct hpet_guard *g, uint32_t offset, unsigned size)
{
	uint64_t v;

	if (!is_access(offset, size))
		return 0;
	v = read_half(g, offset);
	return size == 8 ? (uint64_t)read_half(g, offset + 4) << 32 | v : v;
}

/* True: the counter was set. */
static bool write_cfg(struct hpet_guard *g, uint32_t v)
{
	bool legacy = v & CFG_LEGACY;

	if (!(v & CFG_ENABLE)) {
		if (g->stopped)
			g->legacy = legacy;
		else
			stop(g, legacy);
		return false;
	}
	if (g->stopped) {
		start(g, legacy);
		return true;
	}
	put(g, HPET_CFG, (get(g, HPET_CFG) & ~(uint32_t)CFG_LEGACY) | (legacy ? CFG_LEGACY : 0));
	return false;
}

/* What is written while it runs is undefined (section 2.3.7), would move our time, and is forgotten when it stops. */
static void write_counter(struct hpet_guard *g, bool high, unsigned size, uint64_t value)
{
	if (size == 8)
		g->counter = value;
	else if (high)
		g->counter = (uint32_t)g->counter | value << 32;
	else
		g->counter = (g->counter & ~UINT64_C(0xffffffff)) | value;
}

static bool message_is_sane(bool high, unsigned size, uint64_t value)
{
	uint32_t address = (uint32_t)(high ? value : value >> 32);

	if ((high || size == 8) && (address & MESSAGE_ADDRESS_MASK) != MESSAGE_ADDRESS)
		return false;
	return high || MESSAGE_MODE((uint32_t)value) != MODE_INIT;
}

static void write_timer(struct hpet_guard *g, uint32_t n, uint32_t offset, unsigned size, uint64_t value)
{
	uint32_t reg = (offset - HPET_TIMERS) % HPET_TIMER_BYTES;
	uint32_t cfg = (uint32_t)value;

	if (n == g->ours) {
		g->refused++;
		return;
	}
	switch (reg) {
	case TN_CFG:		/* its upper half is read-only */
		if (g->stopped) {
			g->enabled = (g->enabled & ~(1u << n)) | (uint32_t)(cfg & TN_ENABLE ? 1u << n : 0);
			cfg &= ~(uint32_t)TN_ENABLE;
		}
		put(g, offset, cfg);
		break;
	case TN_CMP: case TN_CMP + 4:
		g->bus->write(g->bus->host, offset, size, value);
		break;
	case TN_FSB: case TN_FSB_ADDRESS:
		if (!message_is_sane(reg == TN_FSB_ADDRESS, size, value)) {
			g->refused++;
			return;
		}
		put(g, offset, (uint32_t)value);
		if (size == 8)
			put(g, offset + 4, (uint32_t)(value >> 32));
		break;
	}
}

bool hpet_write(struct hpet_guard *g, uint32_t offset, unsigned size, uint64_t value)
{
	if (!is_access(offset, size))
		return false;
	if (offset >= HPET_TIMERS) {
		uint32_t n = (offset - HPET_TIMERS) / HPET_TIMER_BYTES;

		if (n < g->timers)
			write_timer(g, n, offset, size, value);
		return false;
	}
	switch (offset) {
	case HPET_CFG:
		return write_cfg(g, (uint32_t)value);
	case HPET_ISR:		/* ours is an edge, and has no bit */
		put(g, offset, (uint32_t)value);
		break;
	case HPET_COUNTER: case HPET_COUNTER + 4:
		write_counter(g, offset != HPET_COUNTER, size, value);
		break;
	}
	return false;
}
