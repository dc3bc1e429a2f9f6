/*
 * fault_race.c - the device works while the model does: whatever the moment, nothing is lost and nothing waits
 *
 * The driver looks at its rings only as drivers do: when it is interrupted (each time, or masked while it polls), or
 * at memory alone and all the time.  What it does and when is chance from a seed.
 */
#include "tests/devmodel/fault.h"

#include <string.h>

enum style { BY_LEVEL, BY_EDGE, NAPI, AT_MEMORY, STYLES };
static const char *const style_name[STYLES] = { "level interrupts", "edges", "masked while it polls", "memory alone" };

#define MASK	(INT_TXDW | INT_RXT0 | INT_RXDMT0 | INT_RXO)

struct race {
	struct endpoint *e;
	enum style style;
	uint64_t seed;
	unsigned edges;
	bool polling;		/* NAPI */
	uint32_t sent, done, came, got;
	uint32_t longest;	/* frame that comes */
};

static uint8_t frame[16384];

static uint32_t coming(const struct race *r, uint32_t i)
{
	return fault_frame(frame, i, 60 + i * 137 % r->longest, r->e->d.address);
}

static void look(struct race *r)
{
	r->done += driver_reclaim(&r->e->d, 0);
	while (driver_receive(&r->e->d)) {
		uint32_t len = coming(r, r->got);

		tap_case(r->e->d.frame.len == len && !memcmp(r->e->d.frame.bytes, frame, len), "frame %u", r->got);
		r->got++;
	}
}

static void handle(struct race *r)
{
	struct machine *m = r->e->m;

	switch (r->style) {
	case BY_LEVEL:
		if (m->line && driver_read(&r->e->d, E1000_ICR))
			look(r);
		break;
	case BY_EDGE:
		if (m->interrupts == r->edges)
			break;
		r->edges = m->interrupts;
		driver_read(&r->e->d, E1000_ICR);
		look(r);
		break;
	case NAPI:
		if (m->line && driver_read(&r->e->d, E1000_ICR)) {
			driver_write(&r->e->d, E1000_IMC, UINT32_MAX);
			r->polling = true;
		}
		if (r->polling) {
			uint32_t before = r->done + r->got;

			look(r);
			if (before == r->done + r->got) {
				r->polling = false;
				driver_write(&r->e->d, E1000_IMS, MASK);
			}
		}
		break;
	default:
		look(r);
	}
}

static void act(struct race *r)
{
	struct machine *m = r->e->m;
	struct driver_send how = { .pieces = 1 + random_below(&r->seed, 3) };

	switch (random_below(&r->seed, 8)) {
	case 0: case 1:
		if (driver_send(&r->e->d, frame, fault_frame(frame, r->sent, 300, NULL), &how))
			r->sent++;
		break;
	case 2: case 3:
		if (sim_e1000_receive(m->sim, frame, coming(r, r->came), false))
			r->came++;
		break;
	case 4:
		sim_e1000_run(m->sim, random_below(&r->seed, 6));
		break;
	case 5:
		sim_e1000_faults(m->sim)->late = random_below(&r->seed, 4);
		break;
	default:
		handle(r);
	}
}

static void race(uint16_t device, unsigned policy, enum style style, uint64_t seed)
{
	static const uint32_t rings[] = { 8, 16, 64, 256 }, buffers[] = { 256, 1024, 2048, 4096 };
	struct race r = { .e = endpoint_new(device, fault_policy[policy]), .style = style, .seed = seed };
	struct driver_config c = { .ims = style == AT_MEMORY ? 0 : MASK, .rctl = RCTL_SECRC | RCTL_LPE };
	unsigned ticks = 0;

	c.tx_count = rings[random_below(&r.seed, 4)];
	c.rx_count = rings[random_below(&r.seed, 4)];
	c.rx_buffer = buffers[random_below(&r.seed, 4)];
	r.longest = random_below(&r.seed, 3) ? 1400 : 9000;
	driver_start(&r.e->d, &c);
	r.e->m->restless = seed * 2 + 1;
	for (unsigned i = 0; i < 1500; i++) {
		if (i % 40 == 0)
			machine_tick(r.e->m);
		act(&r);
	}
	/* a ring of 8 small buffers gets a long frame by and by */
	while (ticks++ < 40 && (r.done != r.sent || r.got != r.came)) {
		uint32_t before = r.e->d.rx_next + r.done;

		machine_tick(r.e->m);
		handle(&r);
		ticks = before == r.e->d.rx_next + r.done ? ticks : 0;
	}
	tap_case(r.done == r.sent, "seed %u, rings of %u and %u: %u of %u frames out are reported", (unsigned)seed, c.tx_count,
		 c.rx_count, r.done, r.sent);
	tap_case(r.got == r.came, "seed %u, rings of %u and %u: %u of %u frames came", (unsigned)seed, c.tx_count, c.rx_count,
		 r.got, r.came);
	tap_case(fault_wire_has(r.e->m, 0, 0, r.sent, 300), "seed %u: the wire", (unsigned)seed);
	fault_check(r.e, "race");
	endpoint_free(r.e);
}

/* More than is judged in one call, both ways: the rest comes without any access of the driver's. */
static void burst(uint16_t device, enum style style)
{
	struct race r = { .e = endpoint_new(device, POLICY_CONTENT), .style = style, .seed = 1 };
	struct driver_config c = { .ims = style == AT_MEMORY ? 0 : MASK, .rctl = RCTL_SECRC, .tx_count = 4096, .rx_count = 1024 };
	struct driver_send how = { .hold = true };

	r.longest = 1400;
	driver_start(&r.e->d, &c);
	for (; r.sent < 1000; r.sent++)
		driver_send(&r.e->d, frame, fault_frame(frame, r.sent, 1400, NULL), &how);
	for (; r.came < 450; r.came++) {
		sim_e1000_receive(r.e->m->sim, frame, coming(&r, r.came), false);
		sim_e1000_step(r.e->m->sim);
	}
	driver_doorbell(&r.e->d, 0);
	for (unsigned ticks = 0; ticks < 60 && (r.done != r.sent || r.got != r.came); ticks++) {
		machine_tick(r.e->m);
		handle(&r);
	}
	tap_case(r.done == r.sent && fault_wire_has(r.e->m, 0, 0, r.sent, 1400), "%u of %u frames out", r.done, r.sent);
	tap_case(r.got == r.came, "%u of %u frames in", r.got, r.came);
	fault_check(r.e, "burst");
	endpoint_free(r.e);
}

/* The device never hears of the frames, and so does not interrupt for them. */
static void dropped(uint16_t device, enum style style)
{
	struct race r = { .e = endpoint_new(device, "policy \"none\" version 1;\non net out default drop { }\n"),
			  .style = style, .seed = 1 };
	struct driver_config c = { .ims = style == AT_MEMORY ? 0 : MASK };
	struct driver_send how = { .pieces = 2 };

	driver_start(&r.e->d, &c);
	for (unsigned i = 0; i < 300; i++) {
		if (driver_send(&r.e->d, frame, fault_frame(frame, r.sent, 300, NULL), &how))
			r.sent++;
		machine_tick(r.e->m);
		handle(&r);
	}
	tap_case(r.sent == 300 && r.done == r.sent, "%u of %u frames are reported", r.done, r.sent);
	tap_case(r.e->m->wire.count == 0, "%u frames left", r.e->m->wire.count);
	fault_check(r.e, "dropped");
	endpoint_free(r.e);
}

void fault_race(void)
{
	for (unsigned s = 0; s < STYLES; s++) {
		for (uint64_t seed = 1; seed <= 60; seed++)
			race(seed & 1 ? 0x100e : 0x10d3, seed % 3, s, seed);
		tap_claim("race: a driver by %s; the device works at any moment, and nothing is lost or waits", style_name[s]);
		burst(0x100e, s);
		burst(0x10d3, s);
		tap_claim("burst: a driver by %s gets all of what is too much for one call", style_name[s]);
		dropped(0x100e, s);
		dropped(0x10d3, s);
		tap_claim("dropped: a driver by %s is told of frames that the policy drops", style_name[s]);
	}
}
