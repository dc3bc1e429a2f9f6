/*
 * ahci_fault_race.c - the controller works at any moment, the driver looks in its own ways, by chance
 */
#include "tests/devmodel/ahci_fault.h"

#include <stdio.h>
#include <string.h>

#define PORTS		2u
#define AREA		128u		/* sectors of a slot: nobody else's */

struct race {
	struct ahci_machine *m;
	uint64_t seed;
	char name[60];
	bool queued[PORTS];		/* what is under way */
	uint32_t busy[PORTS], out[PORTS];
	uint32_t sectors[PORTS][SLOTS];
	uint32_t salt[PORTS][SLOTS];	/* of what lies in the slot's area */
	unsigned done;
};

static uint8_t bytes[AREA * 4096], got[AREA * 4096];

static uint64_t lba_of(unsigned port, unsigned slot)
{
	return 0x10000 + (port * SLOTS + slot) * AREA;
}

static void content(const struct race *r, unsigned port, unsigned slot, uint32_t len)
{
	uint64_t seed = (r->salt[port][slot] * SLOTS + slot) * 2 + port;

	for (uint32_t i = 0; i < len; i += 8) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		memcpy(bytes + i, &seed, 8);
	}
}

static void issue(struct race *r, unsigned port, unsigned slot)
{
	uint32_t sector = ahci_drives[port].sector_size, max = port ? 4 : 24;
	bool out = random_below(&r->seed, 2);
	struct ahci_driver_command c =
		fault_command(r->queued[port], out, lba_of(port, slot), 1 + random_below(&r->seed, max));

	r->sectors[port][slot] = c.len / 512;
	c.len = r->sectors[port][slot] * sector;
	c.layout = random_below(&r->seed, LAYOUTS);
	c.data = bytes;
	c.hold = random_below(&r->seed, 3) == 0;
	r->salt[port][slot]++;
	content(r, port, slot, c.len);
	if (!out)
		sim_ahci_medium_write(r->m->sim, port, c.lba, bytes, c.len);
	r->busy[port] |= 1u << slot;
	r->out[port] = (r->out[port] & ~(1u << slot)) | (uint32_t)out << slot;
	ahci_driver_issue(&r->m->driver, port, slot, &c);
}

static void submit(struct race *r)
{
	unsigned port = random_below(&r->seed, PORTS), slot = random_below(&r->seed, SLOTS);

	if (r->busy[port] == 0)
		r->queued[port] = random_below(&r->seed, 3);
	if (!(r->busy[port] >> slot & 1))
		issue(r, port, slot);
}

static void check_slot(struct race *r, unsigned port, unsigned slot)
{
	uint32_t len = r->sectors[port][slot] * ahci_drives[port].sector_size;

	content(r, port, slot, len);
	if (r->out[port] >> slot & 1)
		sim_ahci_medium_read(r->m->sim, port, lba_of(port, slot), got, len);
	else
		ahci_driver_data(&r->m->driver, port, slot, got, len);
	tap_case(!memcmp(got, bytes, len), "%s: port %u slot %u %s other bytes", r->name, port, slot,
		 r->out[port] >> slot & 1 ? "wrote" : "read");
	ahci_driver_release(&r->m->driver, port, slot);
	r->busy[port] &= ~(1u << slot);
	r->done++;
}

static void look(struct race *r)
{
	ahci_driver_look(&r->m->driver);
	for (unsigned port = 0; port < PORTS; port++) {
		for (unsigned slot = 0; slot < SLOTS; slot++) {
			if (r->m->driver.port[port].slot[slot].state == DRIVER_DONE)
				check_slot(r, port, slot);
		}
		tap_case(!r->m->driver.port[port].failed, "%s: an error, PxIS %08x", r->name,
			 r->m->driver.port[port].errors);
	}
}

static void act(struct race *r)
{
	struct sim_ahci_faults *f = sim_ahci_faults(r->m->sim);

	switch (random_below(&r->seed, 9)) {
	case 0: case 1: case 2:
		submit(r);
		break;
	case 3:
		ahci_driver_go(&r->m->driver, random_below(&r->seed, PORTS));
		break;
	case 4: case 5:
		sim_ahci_run(r->m->sim, random_below(&r->seed, 6));
		break;
	case 6:
		f->late = random_below(&r->seed, 12);
		f->order = random_below(&r->seed, 3);
		f->together = random_below(&r->seed, 4) == 0;
		break;
	default:
		look(r);
	}
}

/* How many were judged in several calls. */
static uint64_t race(unsigned policy, bool polled, uint64_t seed)
{
	/* the longest tables of a command need 260 KiB */
	static const uint32_t bounces[] = { 320u << 10, 512u << 10, 4u << 20 };
	struct race r = { .m = fault_new(policy, bounces[seed % 3], polled), .seed = seed };
	unsigned ticks = 0;
	uint64_t in_parts;

	snprintf(r.name, sizeof(r.name), "policy %u, seed %u", policy, (unsigned)seed);
	r.m->restless = seed * 2 + 1;
	for (unsigned i = 0; i < 600; i++) {
		if (i % 30 == 0)
			ahci_machine_tick(r.m);
		act(&r);
	}
	for (unsigned port = 0; port < PORTS; port++)
		ahci_driver_go(&r.m->driver, port);
	while (ticks++ < 60 && (r.busy[0] || r.busy[1])) {
		unsigned before = r.done;

		ahci_machine_tick(r.m);
		look(&r);
		ticks = before == r.done ? ticks : 0;
	}
	tap_case(!r.busy[0] && !r.busy[1], "%s: slots %08x and %08x never end", r.name, r.busy[0], r.busy[1]);
	tap_case(r.done > 20, "%s: %u commands", r.name, r.done);
	tap_case(ahci_machine_is_idle(r.m), "%s: %u pages stay taken", r.name, r.m->bounce.taken);
	fault_check(r.m, r.name);
	in_parts = ahci_counter(r.m->model, AHCI_IN_PARTS);
	ahci_machine_free(r.m);
	return in_parts;
}

void fault_race(void)
{
	for (unsigned polled = 0; polled < 2; polled++) {
		uint64_t in_parts = 0;

		for (uint64_t seed = 1; seed <= 30; seed++)
			in_parts += race(seed % FAULT_POLICIES, polled, seed);
		tap_case(in_parts > 100, "%u commands were judged in several calls", (unsigned)in_parts);
		tap_claim("race: a driver by %s; the controller works at any moment, and nothing is lost",
			  polled ? "polling" : "interrupts");
	}
}
