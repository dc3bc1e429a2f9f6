/*
 * ahci_fault_error.c - the drive's errors reach the guest as they are, and it recovers as it would without a model
 */
#include "tests/devmodel/ahci_fault.h"

#include <string.h>

static uint8_t bytes[FAULT_BYTES], got[FAULT_BYTES];

/* One command over a bad sector; the plain machine says how it ends. */
static void one(struct ahci_machine *m, struct ahci_machine *plain, struct ahci_driver_command *c, const char *what)
{
	struct ahci_driver_slot *a = &m->driver.port[0].slot[0], *b = &plain->driver.port[0].slot[0];
	uint8_t log[2][512] = { { 0 } };

	ahci_driver_issue(&m->driver, 0, 0, c);
	ahci_driver_issue(&plain->driver, 0, 0, c);
	tap_case(ahci_driver_finish(&m->driver, 0, 50) && ahci_driver_finish(&plain->driver, 0, 50), "%s: no end",
		 what);
	tap_case(m->driver.port[0].failed && plain->driver.port[0].failed, "%s: no error", what);
	tap_case(m->driver.port[0].errors == plain->driver.port[0].errors, "%s: PxIS %08x for %08x", what,
		 m->driver.port[0].errors, plain->driver.port[0].errors);
	ahci_driver_recover(&m->driver, 0, log[0]);
	ahci_driver_recover(&plain->driver, 0, log[1]);
	tap_case(a->state == b->state, "%s: state %u for %u", what, a->state, b->state);
	tap_case(a->status == b->status && a->error == b->error && a->lba == b->lba,
		 "%s: status %02x, error %02x, lba %llx", what, a->status, a->error, (unsigned long long)a->lba);
	tap_case(a->queued || a->prdbc == b->prdbc, "%s: PRDBC %u for %u", what, a->prdbc, b->prdbc);
	tap_case(!memcmp(log[0], log[1], 512), "%s: the log", what);
	ahci_driver_release(&m->driver, 0, 0);
	ahci_driver_release(&plain->driver, 0, 0);
}

static void test_bad_sector(void)
{
	for (unsigned p = 0; p < FAULT_POLICIES; p++) {
		struct ahci_machine *m = fault_new(p, 0, p & 1), *plain = ahci_machine_new(NULL, NULL, 0);
		struct ahci_driver_command c;

		ahci_driver_start(&plain->driver, &m->driver.c);
		for (unsigned bad = 1000; bad <= 1008; bad += 4) {
			static const uint8_t reads[] = { 0x20, 0xc8, 0x24, 0x25, 0x60 };

			sim_ahci_faults(m->sim)->bad_lba = sim_ahci_faults(plain->sim)->bad_lba = bad;
			sim_ahci_faults(m->sim)->bad_sectors = sim_ahci_faults(plain->sim)->bad_sectors = 1;
			for (unsigned i = 0; i < sizeof(reads); i++) {
				c = fault_command(reads[i] == 0x60, false, 1000, 9);
				c.command = reads[i];
				c.ext = i > 1;
				c.layout = LAYOUT_ODD;
				one(m, plain, &c, "bad sector");
			}
		}
		ahci_machine_free(plain);
		fault_end(m, "bad sector");
	}
	tap_claim("error: a sector that cannot be read is told as without a model, queued or not");
}

/* Of many, those that end before the error are delivered; the others are the driver's to issue again. */
static void test_queue(void)
{
	for (uint64_t seed = 1; seed <= 24; seed++) {
		struct ahci_machine *m = fault_new(seed % 3, 0, seed & 1);
		uint8_t log[512];

		sim_ahci_faults(m->sim)->order = SIM_ANY;
		sim_ahci_faults(m->sim)->late = (uint32_t)seed;
		sim_ahci_faults(m->sim)->bad_lba = 1000 + (seed * 7 % 32) * 8;
		sim_ahci_faults(m->sim)->bad_sectors = 1;
		m->restless = seed & 4 ? seed : 0;
		for (unsigned i = 0; i < SLOTS; i++) {
			struct ahci_driver_command c = fault_command(true, false, 1000 + i * 8, 8);

			c.layout = i % LAYOUTS;
			fault_bytes(bytes, c.lba, 4096);
			sim_ahci_medium_write(m->sim, 0, c.lba, bytes, 4096);
			c.hold = seed & 8;
			ahci_driver_issue(&m->driver, 0, i, &c);
		}
		if (seed & 8)
			ahci_driver_go(&m->driver, 0);
		ahci_driver_finish(&m->driver, 0, 100);
		tap_case(m->driver.port[0].failed, "no error");
		ahci_driver_look(&m->driver);
		ahci_driver_recover(&m->driver, 0, log);
		tap_case(log[0] == seed * 7 % 32 && log[3] == 0x40, "seed %u: tag %u", (unsigned)seed, log[0]);
		for (unsigned i = 0; i < SLOTS; i++) {
			const struct ahci_driver_slot *s = &m->driver.port[0].slot[i];

			fault_bytes(bytes, 1000 + i * 8, 4096);
			ahci_driver_data(&m->driver, 0, i, got, 4096);
			tap_case(s->state != DRIVER_DONE || !memcmp(bytes, got, 4096), "seed %u: slot %u",
				 (unsigned)seed, i);
			tap_case((s->state == DRIVER_FAILED) == (i == log[0]), "seed %u: slot %u, state %u",
				 (unsigned)seed, i, s->state);
			ahci_driver_release(&m->driver, 0, i);
		}
		fault_end(m, "queue");
	}
	tap_claim("error: one of 32 queued reads fails; what ended before is delivered, the log names the tag");
}

static void test_interface(void)
{
	for (unsigned p = 0; p < FAULT_POLICIES; p++) {
		struct ahci_machine *m = fault_new(p, 0, false), *plain = ahci_machine_new(NULL, NULL, 0);
		struct ahci_driver_command c = fault_command(false, false, 50, 8);

		ahci_driver_start(&plain->driver, &m->driver.c);
		for (unsigned queued = 0; queued < 2; queued++) {
			/* the model's own IDENTIFY is over */
			c = fault_command(false, false, 50, 8);
			ahci_driver_do(&m->driver, 0, &c, NULL);
			ahci_driver_do(&plain->driver, 0, &c, NULL);
			c = fault_command(queued, false, 50, 8);
			sim_ahci_faults(m->sim)->interface_errors = sim_ahci_faults(plain->sim)->interface_errors = 1;
			one(m, plain, &c, queued ? "interface error, queued" : "interface error");
		}
		ahci_machine_free(plain);
		fault_end(m, "interface");
	}
	tap_claim("error: an interface error is told as without a model");
}

/* ST is cleared while data moves: its memory is nobody else's before CR is 0. */
static void test_stop_late(void)
{
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct ahci_machine *m = fault_new(seed % 3, 256u << 10, true);
		struct ahci_driver_command first = fault_command(false, false, 50, 8);

		ahci_driver_do(&m->driver, 0, &first, NULL);
		sim_ahci_faults(m->sim)->late = 20;
		sim_ahci_faults(m->sim)->stop_late = 40;
		for (unsigned i = 0; i < 8; i++) {
			struct ahci_driver_command c = fault_command(true, i & 1, 1000 + i * 32, 32);

			c.data = bytes;
			ahci_driver_issue(&m->driver, 0, i, &c);
		}
		for (unsigned i = 0; i < 4 + seed; i++)
			sim_ahci_step(m->sim);
		/* a driver that does not wait for CR, and goes on at once */
		ahci_driver_port_write(&m->driver, 0, PxCMD, ahci_driver_port_read(&m->driver, 0, PxCMD) & ~PxCMD_ST);
		tap_case(ahci_driver_port_read(&m->driver, 0, PxCI) == 0 &&
				 ahci_driver_port_read(&m->driver, 0, PxSACT) == 0,
			 "PxCI stays");
		ahci_driver_port_write(&m->driver, 0, PxCMD, ahci_driver_port_read(&m->driver, 0, PxCMD) | PxCMD_ST);
		for (unsigned i = 0; i < 8; i++) {
			struct ahci_driver_command c = fault_command(true, false, 5000 + i * 32, 32);

			m->driver.port[0].slot[i].state = DRIVER_FREE;
			fault_bytes(bytes, c.lba, c.len);
			sim_ahci_medium_write(m->sim, 0, c.lba, bytes, c.len);
			ahci_driver_issue(&m->driver, 0, i, &c);
		}
		tap_case(ahci_driver_finish(&m->driver, 0, 100) && !m->driver.port[0].failed, "seed %u: no end",
			 (unsigned)seed);
		for (unsigned i = 0; i < 8; i++) {
			fault_bytes(bytes, 5000 + i * 32, 32 * 512);
			ahci_driver_data(&m->driver, 0, i, got, 32 * 512);
			tap_case(!memcmp(bytes, got, 32 * 512), "seed %u: slot %u", (unsigned)seed, i);
			m->driver.port[0].slot[i].state = DRIVER_FREE;
		}
		fault_end(m, "stop");
	}
	tap_claim("error: ST is cleared while data moves, and set again before CR is 0: no memory is used twice");
}

/* COMRESET, a soft reset, a reset of the controller, each while commands are under way. */
static void test_resets(void)
{
	for (unsigned i = 0; i < 4 * FAULT_POLICIES; i++) {
		struct ahci_machine *m = fault_new(i % FAULT_POLICIES, 0, i & 1);
		unsigned how = i / FAULT_POLICIES;

		sim_ahci_faults(m->sim)->late = 30;
		for (unsigned slot = 0; slot < 16; slot++) {
			struct ahci_driver_command c = fault_command(true, slot & 1, 1000 + slot * 8, 8);

			c.data = bytes;
			ahci_driver_issue(&m->driver, 0, slot, &c);
		}
		sim_ahci_run(m->sim, 10);
		for (unsigned slot = 0; slot < 16; slot++)
			m->driver.port[0].slot[slot].state = DRIVER_FREE;
		if (how == 0)
			tap_case(ahci_driver_port_start(&m->driver, 0, false), "COMRESET");
		if (how == 1) {
			tap_case(ahci_driver_port_stop(&m->driver, 0), "the port does not stop");
			ahci_driver_port_write(&m->driver, 0, PxCMD, PxCMD_SUD | PxCMD_FRE);
			ahci_driver_port_write(&m->driver, 0, PxCMD, PxCMD_SUD | PxCMD_FRE | PxCMD_CLO);
			ahci_driver_port_write(&m->driver, 0, PxCMD, PxCMD_SUD | PxCMD_FRE | PxCMD_ST);
			tap_case(ahci_driver_soft_reset(&m->driver, 0), "soft reset");
		}
		if (how == 2)
			ahci_driver_start(&m->driver, &m->driver.c);
		if (how == 3) {
			sim_ahci_reset(m->sim);
			ahci_was_reset(m->model);
		}
		m->driver.bad = false;
		fault_end(m, "reset");
	}
	tap_claim("error: COMRESET, soft reset, HBA reset and bus reset while 16 commands are under way");
}

void fault_error(void)
{
	test_bad_sector();
	test_queue();
	test_interface();
	test_stop_late();
	test_resets();
}
