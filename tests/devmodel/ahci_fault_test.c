/*
 * ahci_fault_test.c - the model with a controller that fails, a guest that is hostile, and both at once, by name
 */
#include "tests/devmodel/ahci_fault.h"

#include <string.h>

const char *const fault_policy[FAULT_POLICIES] = { FAULT_NOTHING, FAULT_COMMAND, FAULT_CONTENT };

static uint8_t bytes[FAULT_BYTES], got[FAULT_BYTES];

struct ahci_machine *fault_new(unsigned policy, uint32_t bounce, bool polled)
{
	struct ahci_machine *m = ahci_machine_new(NULL, fault_policy[policy], bounce);
	struct ahci_driver_config c = { .high = policy & 1, .polled = polled };

	ahci_driver_start(&m->driver, &c);
	return m;
}

void fault_bytes(uint8_t *to, uint64_t lba, uint32_t len)
{
	uint64_t seed = lba * 977 + 5;

	for (uint32_t i = 0; i < len; i++)
		to[i] = (uint8_t)random_below(&seed, 255);
}

struct ahci_driver_command fault_command(bool queued, bool out, uint64_t lba, uint32_t sectors)
{
	struct ahci_driver_command c = { .command = queued ? 0x60 : 0x25, .ext = true, .lba = lba, .out = out,
					 .len = sectors * 512 };

	if (out)
		c.command = queued ? 0x61 : 0x35;
	*(queued ? &c.features : &c.count) = (uint16_t)sectors;
	return c;
}

void fault_check(struct ahci_machine *m, const char *what)
{
	tap_case(m->complaints == 0, "%s: %s", what, m->complaint);
	tap_case(!m->driver.bad, "%s: %s", what, m->driver.why);
	m->complaints = 0;
	m->driver.bad = false;
}

static void check_port(struct ahci_machine *m, unsigned port, const char *what)
{
	uint32_t sector = ahci_drives[port].sector_size, len = 3 * sector;
	struct ahci_driver_command c = fault_command(false, true, 0x7000 + port, 3);

	c.len = len;
	c.data = bytes;
	fault_bytes(bytes, c.lba, len);
	tap_case(m->driver.port[port].there && ahci_driver_do(&m->driver, port, &c, NULL) == DRIVER_DONE,
		 "%s: afterwards port %u does not write", what, port);
	sim_ahci_medium_read(m->sim, port, c.lba, got, len);
	tap_case(!memcmp(bytes, got, len), "%s: afterwards port %u writes other bytes", what, port);
	c = fault_command(true, false, 0x7000 + port, 3);
	c.len = len;
	tap_case(m->driver.port[port].there && ahci_driver_do(&m->driver, port, &c, got) == DRIVER_DONE,
		 "%s: afterwards port %u does not read", what, port);
	tap_case(!memcmp(bytes, got, len), "%s: afterwards port %u reads other bytes", what, port);
}

void fault_check_alive(struct ahci_machine *m, const char *what)
{
	struct ahci_driver_config c = { 0 };

	*sim_ahci_faults(m->sim) = (struct sim_ahci_faults){ 0 };
	m->after_read = NULL;
	m->idle = NULL;
	m->restless = 0;
	ahci_driver_start(&m->driver, &c);
	/* what was judged and then taken back is nobody's any more */
	ahci_machine_clear(m);
	tap_case(m->bounce.taken == 0, "%s: %u pages stay taken", what, m->bounce.taken);
	check_port(m, 0, what);
	check_port(m, 1, what);
	tap_case(ahci_machine_is_idle(m), "%s: afterwards %u pages stay taken", what, m->bounce.taken);
	fault_check(m, what);
}

void fault_end(struct ahci_machine *m, const char *what)
{
	fault_check(m, what);
	fault_check_alive(m, what);
	ahci_machine_free(m);
}

int main(void)
{
	fault_device();
	fault_error();
	fault_guest();
	fault_memory();
	fault_race();
	return tap_end();
}
