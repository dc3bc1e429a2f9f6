/*
 * ahci_takeover_test.c - a controller that firmware left running is taken over, and its driver goes on
 */
#include <string.h>

#include "tests/devmodel/ahci_fault.h"

const char *const fault_policy[FAULT_POLICIES] = { FAULT_NOTHING, FAULT_COMMAND, FAULT_CONTENT };

static uint8_t bytes[FAULT_BYTES], got[FAULT_BYTES];

static struct ahci_driver_command command(bool queued, bool out, uint64_t lba)
{
	static const uint8_t commands[2][2] = { { 0x25, 0x35 }, { 0x60, 0x61 } };
	struct ahci_driver_command c = { .command = commands[queued][out], .ext = true, .lba = lba, .out = out,
					 .len = 4096, .data = bytes, .layout = LAYOUT_ODD };

	*(queued ? &c.features : &c.count) = 8;
	return c;
}

static void works(struct ahci_machine *m, const char *what)
{
	for (unsigned i = 0; i < 4; i++) {
		struct ahci_driver_command c = command(i & 1, i & 2, 100 + i * 8);

		memset(bytes, (int)(0x11 * (i + 1)), sizeof(bytes));
		if (!c.out)
			sim_ahci_medium_write(m->sim, 0, c.lba, bytes, c.len);
		tap_case(ahci_driver_do(&m->driver, 0, &c, got) == DRIVER_DONE, "%s: command %u", what, i);
		if (c.out)
			sim_ahci_medium_read(m->sim, 0, c.lba, got, c.len);
		tap_case(!memcmp(bytes, got, c.len), "%s: command %u, other bytes", what, i);
	}
	tap_case(m->complaints == 0, "%s: %s", what, m->complaint);
	tap_case(!m->driver.bad, "%s: %s", what, m->driver.why);
	tap_case(ahci_machine_is_idle(m), "%s: not idle", what);
}

static struct ahci_machine *plain(bool polled, bool high)
{
	struct ahci_machine *m = ahci_machine_new(NULL, NULL, 0);
	struct ahci_driver_config c = { .polled = polled, .high = high };

	ahci_driver_start(&m->driver, &c);
	return m;
}

/* The driver that ran goes on, and sees its own addresses. */
static void test_running(void)
{
	for (unsigned i = 0; i < 4 * FAULT_POLICIES; i++) {
		struct ahci_machine *m = plain(i & 1, i & 2);
		uint32_t clb = ahci_driver_port_read(&m->driver, 0, PxCLB),
			 fb = ahci_driver_port_read(&m->driver, 0, PxFB);
		uint32_t ie = ahci_driver_port_read(&m->driver, 0, PxIE);

		works(m, "before");
		ahci_machine_shadow(m, fault_policy[i / 4], 0);
		tap_case(ahci_driver_port_read(&m->driver, 0, PxCLB) == clb &&
				 ahci_driver_port_read(&m->driver, 0, PxFB) == fb,
			 "PxCLB, PxFB");
		tap_case(ahci_driver_port_read(&m->driver, 0, PxIE) == ie, "PxIE");
		tap_case((ahci_driver_port_read(&m->driver, 0, PxCMD) & (PxCMD_ST | PxCMD_FRE | PxCMD_CR | PxCMD_FR)) ==
			 (PxCMD_ST | PxCMD_FRE | PxCMD_CR | PxCMD_FR), "PxCMD");
		works(m, "after");
		m->driver.c.keep = true;
		ahci_driver_stop(&m->driver);
		ahci_driver_start(&m->driver, &m->driver.c);
		works(m, "a driver that does not reset");
		m->driver.c.keep = false;
		ahci_driver_start(&m->driver, &m->driver.c);
		works(m, "a driver that resets");
		ahci_machine_free(m);
	}
	tap_claim("takeover: the driver that ran goes on; one that does not reset the controller; one that does");
}

/* Commands are under way: they end before, and are told. */
static void test_busy(void)
{
	for (unsigned i = 0; i < FAULT_POLICIES * 2; i++) {
		struct ahci_machine *m = plain(i & 1, i & 1);

		sim_ahci_faults(m->sim)->late = 5;
		for (unsigned slot = 0; slot < 8; slot++) {
			struct ahci_driver_command c = command(true, slot & 1, 1000 + slot * 8);

			memset(bytes, (int)slot + 1, 4096);
			if (!c.out)
				sim_ahci_medium_write(m->sim, 0, c.lba, bytes, c.len);
			ahci_driver_issue(&m->driver, 0, slot, &c);
		}
		sim_ahci_step(m->sim);
		ahci_machine_shadow(m, fault_policy[i / 2], 0);
		tap_case(ahci_driver_finish(&m->driver, 0, 10) && !m->driver.port[0].failed, "they do not end");
		for (unsigned slot = 0; slot < 8; slot++) {
			memset(bytes, (int)slot + 1, 4096);
			if (slot & 1)
				sim_ahci_medium_read(m->sim, 0, 1000 + slot * 8, got, 4096);
			else
				ahci_driver_data(&m->driver, 0, slot, got, 4096);
			tap_case(!memcmp(bytes, got, 4096), "slot %u", slot);
			ahci_driver_release(&m->driver, 0, slot);
		}
		works(m, "after");
		ahci_machine_free(m);
	}
	tap_claim("takeover: commands that are under way end, and are told");
}

/* One that never ends: the controller is stopped all the same, and the driver times out and recovers. */
static void test_stuck(void)
{
	for (unsigned i = 0; i < FAULT_POLICIES; i++) {
		struct ahci_machine *m = plain(true, false);
		struct ahci_driver_command c = command(false, false, 1000);

		sim_ahci_faults(m->sim)->late = 10000000;
		ahci_driver_issue(&m->driver, 0, 0, &c);
		for (unsigned k = 0; k < 20; k++)
			sim_ahci_step(m->sim);
		ahci_machine_shadow(m, fault_policy[i], 0);
		tap_case(!ahci_driver_finish(&m->driver, 0, 5), "it ends");
		*sim_ahci_faults(m->sim) = (struct sim_ahci_faults){ 0 };
		m->driver.port[0].slot[0].state = DRIVER_FREE;
		tap_case(ahci_driver_port_start(&m->driver, 0, false), "COMRESET");
		works(m, "after");
		ahci_machine_free(m);
	}
	tap_claim("takeover: a command that never ends is stopped, and the driver recovers");
}

/* As SeaBIOS leaves it: PxSACT of a slot that is not queued, FRE and ST set, no interrupts. */
static void test_seabios(void)
{
	struct ahci_machine *m = plain(true, false);

	sim_ahci_write(m->sim, PORT_AT(0) + PxSACT, 1);
	ahci_machine_shadow(m, fault_policy[2], 0);
	tap_case(ahci_driver_port_read(&m->driver, 0, PxSACT) == 1, "PxSACT");
	ahci_driver_start(&m->driver, &m->driver.c);
	works(m, "after");
	ahci_machine_free(m);
	tap_claim("takeover: PxSACT that stays does not hold it up");
}

/* Nothing runs yet. */
static void test_idle(void)
{
	for (unsigned i = 0; i < FAULT_POLICIES; i++) {
		struct ahci_machine *m = ahci_machine_new(NULL, fault_policy[i], 0);
		struct ahci_driver_config c = { 0 };

		ahci_driver_start(&m->driver, &c);
		works(m, "after");
		ahci_machine_free(m);
	}
	tap_claim("takeover: a controller that nobody has touched");
}

int main(void)
{
	test_running();
	test_busy();
	test_stuck();
	test_seabios();
	test_idle();
	return tap_end();
}
