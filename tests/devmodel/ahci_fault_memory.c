/*
 * ahci_fault_memory.c - guest memory that changes behind each read; bounce memory that is short
 */
#include "tests/devmodel/ahci_fault.h"

#include <stdlib.h>
#include <string.h>

static uint8_t bytes[FAULT_BYTES], got[FAULT_BYTES], kept[256 + PRDS_MAX * sizeof(struct prd)];

/* All that was read is another at once. */
static void change(struct ahci_machine *m, uint64_t gpa, uint32_t len)
{
	uint8_t *at = ahci_machine_memory(m, gpa, len);

	for (uint32_t i = 0; i < len; i++)
		at[i] ^= 0xff;
}

/* The table as it was, so that the driver finds its own buffers again. */
static void restore(struct ahci_machine *m, unsigned slot, uint32_t len)
{
	const struct ahci_driver_slot *s = &m->driver.port[0].slot[slot];

	memcpy(ahci_machine_memory(m, s->table, len), kept, len);
}

static void changed(struct ahci_machine *m, bool queued, bool out, enum layout layout, uint64_t lba)
{
	struct ahci_driver_command c = fault_command(queued, out, lba, 24);
	const struct ahci_driver_slot *s = &m->driver.port[0].slot[0];
	uint32_t head;

	c.layout = layout;
	c.data = bytes;
	c.hold = true;
	fault_bytes(bytes, lba, c.len);
	if (!out)
		sim_ahci_medium_write(m->sim, 0, lba, bytes, c.len);
	ahci_driver_issue(&m->driver, 0, 0, &c);
	head = (uint32_t)sizeof(struct table) + s->prds * (uint32_t)sizeof(struct prd);
	memcpy(kept, ahci_machine_memory(m, s->table, head), head);
	m->after_read = change;
	ahci_driver_go(&m->driver, 0);
	tap_case(ahci_driver_finish(&m->driver, 0, 50) && !m->driver.port[0].failed, "it does not end well");
	m->after_read = NULL;
	restore(m, 0, head);
	if (out)
		sim_ahci_medium_read(m->sim, 0, lba, got, c.len);
	else
		ahci_driver_data(&m->driver, 0, 0, got, c.len);
	tap_case(!memcmp(bytes, got, c.len), "other bytes");
	m->driver.port[0].slot[0].state = DRIVER_FREE;
	if (m->driver.port[0].failed)
		ahci_driver_recover(&m->driver, 0, NULL);
}

static void test_changed(void)
{
	for (unsigned i = 0; i < 4 * LAYOUTS; i++) {
		/* without a program the drive reads the guest's own pages, and they are the guest's to change */
		struct ahci_machine *m = fault_new(2, 0, i & 1);

		changed(m, i & 1, i & 2, i / 4, 3000);
		changed(m, i & 1, i & 2, i / 4, 3100);
		fault_end(m, "changed");
	}
	tap_claim("memory: header, table, PRDs and data change behind each read, and what was read counts");
}

/* Without content, header, table and PRDs are read once all the same. */
static void test_changed_direct(void)
{
	for (unsigned p = 0; p < 2; p++) {
		for (unsigned i = 0; i < 2 * LAYOUTS; i++) {
			struct ahci_machine *m = fault_new(p, 0, i & 1);

			changed(m, i & 1, false, i / 2, 3000);
			fault_end(m, "changed");
		}
	}
	tap_claim("memory: header, table and PRDs change behind each read, and data goes where it should");
}

/* 32 commands that need more than there is, on two ports: they wait in order, and all end. */
static void test_short(bool queued)
{
	for (unsigned p = 0; p < FAULT_POLICIES; p++) {
		struct ahci_machine *m = fault_new(p, 96u << 10, p & 1);

		for (unsigned port = 0; port < 2; port++) {
			for (unsigned i = 0; i < SLOTS; i++) {
				struct ahci_driver_command c = fault_command(queued, i & 1, 1000 + i * 64, 64);

				if (port) {
					c.features /= 8;
					c.count /= 8;
				}
				c.data = bytes;
				c.layout = i % LAYOUT_TINY;	/* whose table would be larger than all there is */
				fault_bytes(bytes, c.lba + port, c.len);
				if (!c.out)
					sim_ahci_medium_write(m->sim, port, c.lba, bytes, c.len);
				ahci_driver_issue(&m->driver, port, i, &c);
			}
		}
		for (unsigned port = 0; port < 2; port++) {
			tap_case(ahci_driver_finish(&m->driver, port, 400) && !m->driver.port[port].failed,
				 "port %u: no end", port);
			for (unsigned i = 0; i < SLOTS; i++) {
				fault_bytes(bytes, 1000 + i * 64 + port, 64 * 512);
				if (i & 1)
					sim_ahci_medium_read(m->sim, port, 1000 + i * 64, got, 64 * 512);
				else
					ahci_driver_data(&m->driver, port, i, got, 64 * 512);
				tap_case(!memcmp(bytes, got, 64 * 512), "port %u: slot %u", port, i);
				ahci_driver_release(&m->driver, port, i);
			}
		}
		tap_case(p < 2 || !queued || ahci_counter(m->model, AHCI_WAITED) > 0, "none waited");
		fault_end(m, "short");
	}
	tap_claim("memory: 64 %s commands wait for room for three, and all end", queued ? "queued" : "other");
}

/* The largest command: 65,536 sectors in PRDs of 4 MiB; and the longest table. */
static void test_largest(void)
{
	const uint32_t len = 65536 * 512, tiny = 2 * (PRDS_MAX - 1) + 512 * 3 - 2 * (PRDS_MAX - 1) % 512;
	uint8_t *all = malloc(len), *came = malloc(len);

	if (!all || !came)
		abort();
	for (uint32_t i = 0; i < len; i++)
		all[i] = (uint8_t)(i * 7 + (i >> 9));
	for (unsigned p = 0; p < FAULT_POLICIES; p++) {
		struct ahci_machine *m = fault_new(p, 64u << 20, true);
		struct ahci_driver_command c = fault_command(false, false, 1u << 20, 0);

		m->parts.slice_ns = 1000;
		m->parts.longer.slice = DISK_SLICE;
		judge_set_pause(m->parts.longer.judge, DISK_SLICE, disk_pause, &m->parts.longer);
		m->driver.c.high = true;
		for (unsigned i = 0; i < 2; i++) {
			c.len = i ? tiny : len;
			c.count = (uint16_t)(c.len / 512);
			c.layout = i ? LAYOUT_TINY : LAYOUT_ONE;
			sim_ahci_medium_write(m->sim, 0, c.lba, all, c.len);
			tap_case(ahci_driver_do(&m->driver, 0, &c, came) == DRIVER_DONE, "%u bytes: not done", c.len);
			tap_case(!memcmp(all, came, c.len), "%u bytes: other bytes", c.len);
			c.command = 0x35;
			c.out = true;
			c.data = all + 512;
			c.lba = 1u << 21;
			if (i)
				tap_case(ahci_driver_do(&m->driver, 0, &c, NULL) == DRIVER_DONE,
					 "write of %u bytes: not done", c.len);
			c = fault_command(false, false, 1u << 20, 0);
		}
		sim_ahci_medium_read(m->sim, 0, 1u << 21, came, tiny);
		tap_case(!memcmp(all + 512, came, tiny), "the longest table: other bytes written");
		fault_end(m, "largest");
	}
	free(all);
	free(came);
	tap_claim("memory: 65,536 sectors at once, and PRD tables of 65,535 entries");
}

void fault_memory(void)
{
	test_changed();
	test_changed_direct();
	test_short(true);
	test_short(false);
	test_largest();
}
