/*
 * sim_ahci_test.c - the simulated AHCI controller and its drives, held to the specifications by the tests' own driver
 */
#include <stdlib.h>
#include <string.h>

#include "replay/sim_ahci.h"
#include "tests/devmodel/ahci_driver.h"
#include "tests/devmodel/random.h"
#include "tests/devmodel/tap.h"

#define LOW_BYTES	(16u << 20)
#define HIGH_BYTES	(16u << 20)
#define HIGH_AT		(4ull << 30)

static struct host {
	struct sim_ahci *sim;
	uint8_t *ram[2];
	bool line;
	unsigned interrupts, complaints;
	const char *complaint;
	struct sim_ahci_command last;
	struct ahci_driver d;
} host;

static uint8_t bytes[4 << 20], got[4 << 20];

static const struct sim_ahci_drive drives[SIM_AHCI_PORTS] = {
	{ .there = true, .sector_size = 512, .per_physical = 3, .sectors = 1ull << 40 },
	{ .there = true, .sector_size = 4096, .sectors = 1ull << 33 },
	{ .there = true, .atapi = true, .sector_size = 2048, .sectors = 300000 },
	{ .there = false, .sector_size = 512, .sectors = 4096 },
};

static uint8_t *memory(void *h, uint64_t gpa, uint32_t len)
{
	(void)h;
	if (gpa < LOW_BYTES && len <= LOW_BYTES - gpa)
		return host.ram[0] + gpa;
	if (gpa >= HIGH_AT && gpa - HIGH_AT < HIGH_BYTES && len <= HIGH_BYTES - (gpa - HIGH_AT))
		return host.ram[1] + (gpa - HIGH_AT);
	return NULL;
}

static bool bus_read(void *h, enum sim_ahci_why why, uint64_t at, void *to, uint32_t len)
{
	const uint8_t *from = memory(h, at, len);

	if (from)
		memcpy(to, from, len);
	return from;
}

static bool bus_write(void *h, enum sim_ahci_why why, uint64_t at, const void *from, uint32_t len)
{
	uint8_t *to = memory(h, at, len);

	if (to)
		memcpy(to, from, len);
	return to;
}

static void carried_out(void *h, const struct sim_ahci_command *c)
{
	host.last = *c;
}

static void interrupt(void *h, bool line)
{
	host.line = line;
	host.interrupts += line;
}

static void complain(void *h, const char *what)
{
	if (host.complaints++ == 0)
		host.complaint = what;
}

static const struct sim_ahci_bus bus = {
	.read = bus_read, .write = bus_write, .carried_out = carried_out, .interrupt = interrupt, .complain = complain,
};

static void access(void *h, uint32_t offset, unsigned size, bool write, uint64_t *value)
{
	if (write)
		sim_ahci_write(host.sim, offset, (uint32_t)*value);
	else
		*value = sim_ahci_read(host.sim, offset);
}

static bool line(void *h)
{
	return host.line;
}

static void wait(void *h)
{
	sim_ahci_run(host.sim, 10000);
}

static void start(const struct ahci_driver_config *c)
{
	sim_ahci_free(host.sim);
	host.sim = sim_ahci_create(drives, &bus, &host);
	host.complaints = host.interrupts = 0;
	host.line = false;
	host.d = (struct ahci_driver){ .access = access, .memory = memory, .line = line, .wait = wait, .host = &host };
	ahci_driver_start(&host.d, c);
}

static void check(const char *what)
{
	tap_case(!host.complaints, "%s: %s", what, host.complaint);
	tap_case(!host.d.bad, "%s: %s", what, host.d.why);
}

static void fill(uint8_t *to, uint32_t len, uint64_t seed)
{
	for (uint32_t i = 0; i < len; i++)
		to[i] = (uint8_t)random_below(&seed, 256);
}

static void test_ports(void)
{
	struct ahci_driver_config c = { 0 };

	start(&c);
	tap_case(host.d.port[0].there && host.d.port[0].sig == SIG_ATA, "port 0");
	tap_case(host.d.port[1].there && host.d.port[1].sig == SIG_ATA, "port 1");
	tap_case(host.d.port[2].there && host.d.port[2].sig == SIG_ATAPI, "port 2");
	tap_case(!host.d.port[3].there, "port 3");
	tap_case(host.d.slots == 32, "%u slots", host.d.slots);
	sim_ahci_plug(host.sim, 3, true);
	wait(NULL);
	tap_case(ahci_driver_port_start(&host.d, 3, false), "plugged in");
	sim_ahci_plug(host.sim, 3, false);
	wait(NULL);
	tap_case((ahci_driver_port_read(&host.d, 3, PxSSTS) & 15) == 0, "pulled out");
	check("ports");
	tap_claim("sim: ports come up by COMRESET, and show what drive they have");
}

/* Commands that read and write, each with its own addresses and lengths. */
static const struct way { uint8_t read, write; bool ext, queued; } ways[] = {
	{ 0x20, 0x30, false, false }, { 0x24, 0x34, true, false }, { 0xc4, 0xc5, false, false },
	{ 0x29, 0x39, true, false }, { 0xc8, 0xca, false, false }, { 0x25, 0x35, true, false },
	{ 0x25, 0x3d, true, false }, { 0x60, 0x61, true, true },
};

static void read_write(const struct way *w, unsigned port, enum layout layout, uint64_t lba, uint32_t sectors)
{
	uint32_t size = drives[port].sector_size, len = sectors * size;
	struct ahci_driver_command c = { .command = w->write, .ext = w->ext, .lba = lba, .layout = layout, .out = true,
					 .len = len, .data = bytes };

	*(w->queued ? &c.features : &c.count) = (uint16_t)sectors;
	fill(bytes, len, lba + sectors);
	tap_case(ahci_driver_do(&host.d, port, &c, NULL) == DRIVER_DONE, "%02x: not done", w->write);
	sim_ahci_medium_read(host.sim, port, lba, got, len);
	tap_case(!memcmp(bytes, got, len), "%02x layout %u: the medium has other bytes", w->write, layout);
	tap_case(host.last.t.first_lba == lba && host.last.t.sectors == sectors && host.last.len == len, "%02x: LBA",
		 w->write);
	fill(bytes, len, lba + sectors + 1);
	sim_ahci_medium_write(host.sim, port, lba, bytes, len);
	c.command = w->read;
	c.out = false;
	tap_case(ahci_driver_do(&host.d, port, &c, got) == DRIVER_DONE, "%02x: not done", w->read);
	tap_case(!memcmp(bytes, got, len), "%02x layout %u: other bytes came", w->read, layout);
}

static void test_sectors(void)
{
	for (unsigned i = 0; i < 4; i++) {
		struct ahci_driver_config c = { .high = i & 1, .polled = i & 2 };

		start(&c);
		for (unsigned w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
			for (unsigned layout = 0; layout < LAYOUTS; layout++) {
				read_write(&ways[w], i & 1, layout, 0, 1);
				read_write(&ways[w], i & 1, layout, 0x0ffffff0, 15);
				if (ways[w].ext)
					read_write(&ways[w], i & 1, layout, drives[i & 1].sectors - 200, 200);
			}
		}
		check("sectors");
	}
	tap_claim("sim: sectors by PIO, DMA and queued, of 28 and 48 bits, by each layout of PRDs");
}

static void test_queue(enum sim_order order, bool together)
{
	struct ahci_driver_config c = { 0 };
	uint64_t sum;

	start(&c);
	sim_ahci_faults(host.sim)->order = order;
	sim_ahci_faults(host.sim)->together = together;
	sim_ahci_faults(host.sim)->late = 40;
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		struct ahci_driver_command q = {
			.command = 0x61, .ext = true, .lba = 100 + slot * 8u, .features = 8, .out = true, .len = 4096,
			.data = bytes, .layout = slot % LAYOUTS, .hold = true,
		};

		fill(bytes, 4096, slot);
		ahci_driver_issue(&host.d, 0, slot, &q);
	}
	ahci_driver_go(&host.d, 0);
	tap_case(ahci_driver_finish(&host.d, 0, 10), "not all is done");
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		fill(bytes, 4096, slot);
		sim_ahci_medium_read(host.sim, 0, 100 + slot * 8, got, 4096);
		tap_case(!memcmp(bytes, got, 4096), "slot %u", slot);
		tap_case(host.d.port[0].slot[slot].prdbc == 4096, "slot %u: PRDBC", slot);
		ahci_driver_release(&host.d, 0, slot);
	}
	sum = sim_ahci_medium_sum(host.sim, 0);
	sim_ahci_medium_write(host.sim, 0, 100, got, 512);
	tap_case(sum != sim_ahci_medium_sum(host.sim, 0), "the sum does not change");
	sim_ahci_medium_clear(host.sim, 0);
	tap_case(sim_ahci_medium_sum(host.sim, 0) == 0, "the sum of nothing");
	check("queue");
}

/* What fails: one sector, and the address beyond the end. */
static void test_errors(void)
{
	struct ahci_driver_config c = { 0 };
	struct ahci_driver_command r = { .command = 0x25, .ext = true, .lba = 1000, .count = 8, .len = 4096 };
	struct ahci_driver_slot *s = &host.d.port[0].slot[0];
	uint8_t log[512];

	start(&c);
	sim_ahci_faults(host.sim)->bad_lba = 1003;
	sim_ahci_faults(host.sim)->bad_sectors = 1;
	tap_case(ahci_driver_do(&host.d, 0, &r, got) == DRIVER_FAILED, "the bad sector is read");
	tap_case(s->error == 0x40 && s->status & STATUS_ERR && s->lba == 1003 && s->prdbc == 3 * 512,
		 "error, LBA, PRDBC");
	tap_case(got[3 * 512] == DRIVER_CANARY && got[3 * 512 - 1] != DRIVER_CANARY, "bytes of the bad sector came");
	r.command = 0x60;
	r.features = 8;
	r.count = 0;
	for (unsigned slot = 0; slot < 4; slot++) {
		r.lba = 1000 + 8 * slot;
		ahci_driver_issue(&host.d, 0, slot, &r);
	}
	ahci_driver_finish(&host.d, 0, 10);
	tap_case(host.d.port[0].failed, "no queued one failed");
	ahci_driver_recover(&host.d, 0, log);
	tap_case(s[0].state == DRIVER_FAILED && s[1].state == DRIVER_ABORTED && s[3].state == DRIVER_ABORTED, "states");
	tap_case(log[0] == 0 && log[3] == 0x40 && log[4] == 0xeb, "log: %u %02x %02x", log[0], log[3], log[4]);
	for (unsigned slot = 0; slot < 4; slot++)
		ahci_driver_release(&host.d, 0, slot);
	r = (struct ahci_driver_command){ .command = 0xc8, .lba = 5, .count = 1, .len = 512 };
	tap_case(ahci_driver_do(&host.d, 0, &r, got) == DRIVER_DONE, "afterwards nothing goes");
	r = (struct ahci_driver_command){
		.command = 0x25, .ext = true, .lba = drives[0].sectors - 1, .count = 2, .len = 1024
	};
	tap_case(ahci_driver_do(&host.d, 0, &r, got) == DRIVER_FAILED && s->error == 0x10, "beyond the end");
	sim_ahci_faults(host.sim)->interface_errors = 1;
	r.count = 1;
	r.len = 512;
	tap_case(ahci_driver_do(&host.d, 0, &r, got) == DRIVER_FAILED, "interface error");
	tap_case(ahci_driver_do(&host.d, 0, &r, got) == DRIVER_DONE, "after the interface error");
	check("errors");
	tap_claim("sim: errors are told by D2H and SDB FIS and the NCQ error log, and what comes before them is there");
}

static void test_words(void)
{
	struct ahci_driver_config c = { 0 };
	struct ahci_driver_command r = { .command = 0xec, .len = 512 };
	uint8_t sum = 0;

	start(&c);
	tap_case(ahci_driver_do(&host.d, 0, &r, got) == DRIVER_DONE, "IDENTIFY");
	for (unsigned i = 0; i < 512; i++)
		sum = (uint8_t)(sum + got[i]);
	tap_case(!sum && got[206] == 0 && got[205] == 1 && got[213] >> 4 == 6, "IDENTIFY: sum, sectors, size");
	tap_case(host.d.port[0].is & PxIS_PSS, "PIO without PSS");
	r.command = 0xa1;
	tap_case(ahci_driver_do(&host.d, 0, &r, got) == DRIVER_FAILED, "IDENTIFY PACKET of a disk");
	tap_case(ahci_driver_do(&host.d, 2, &r, got) == DRIVER_DONE && got[1] == 0x85, "IDENTIFY PACKET");
	r = (struct ahci_driver_command){ .command = 0x2f, .ext = true, .lba = 0x30, .count = 2, .len = 1024 };
	tap_case(ahci_driver_do(&host.d, 0, &r, got) == DRIVER_DONE && got[8] == 9 && got[512] == 0x40, "log 30h");
	r = (struct ahci_driver_command){ .command = 0xb0, .features = 0xd0, .lba = 0xc24f00, .len = 512 };
	tap_case(ahci_driver_do(&host.d, 0, &r, got) == DRIVER_DONE && got[0] == 0x10, "SMART");
	r = (struct ahci_driver_command){ .command = 0x92, .out = true, .count = 4, .len = 2048, .data = bytes };
	tap_case(ahci_driver_do(&host.d, 0, &r, NULL) == DRIVER_DONE && sim_ahci_count(host.sim, 0, 0x92) == 1,
		 "firmware");
	r = (struct ahci_driver_command){
		.command = 0x06, .ext = true, .features = 1, .count = 1, .out = true, .len = 512, .data = bytes
	};
	memset(bytes, 0, 512);
	bytes[0] = 77;
	bytes[6] = 2;
	tap_case(ahci_driver_do(&host.d, 0, &r, NULL) == DRIVER_DONE, "TRIM");
	sim_ahci_medium_read(host.sim, 0, 76, got, 4 * 512);
	tap_case(got[511] && !got[512] && !got[1535] && got[1536], "TRIM: sectors");
	r = (struct ahci_driver_command){ .command = 0xe5 };
	tap_case(ahci_driver_do(&host.d, 0, &r, NULL) == DRIVER_DONE, "CHECK POWER MODE");
	r.command = 0x8f;
	tap_case(ahci_driver_do(&host.d, 0, &r, NULL) == DRIVER_FAILED, "a command that is none");
	check("words");
	tap_claim("sim: IDENTIFY, logs, SMART, firmware, TRIM, power");
}

static void test_packet(void)
{
	struct ahci_driver_config c = { 0 };
	struct ahci_driver_command r = { .command = 0xa0, .features = 1, .cdb_len = 12, .len = 4096, .cdb = { 0x28 } };

	start(&c);
	for (unsigned i = 0; i < 2; i++) {
		r.cdb[5] = 9;
		r.cdb[8] = 2;
		r.features = (uint16_t)i;
		tap_case(ahci_driver_do(&host.d, 2, &r, got) == DRIVER_DONE, "READ(10)");
		sim_ahci_medium_read(host.sim, 2, 9, bytes, 4096);
		tap_case(!memcmp(bytes, got, 4096), "READ(10): bytes");
	}
	r = (struct ahci_driver_command){ .command = 0xa0, .cdb_len = 12, .len = 8, .cdb = { 0x25 } };
	tap_case(ahci_driver_do(&host.d, 2, &r, got) == DRIVER_DONE && got[6] == 8, "READ CAPACITY");
	r = (struct ahci_driver_command){ .command = 0xa0, .cdb_len = 12, .cdb = { 0xee } };
	tap_case(ahci_driver_do(&host.d, 2, &r, NULL) == DRIVER_FAILED, "no command");
	tap_case(host.d.port[2].slot[0].error == 0x54, "sense key");
	r = (struct ahci_driver_command){ .command = 0xa0, .cdb_len = 12, .len = 18, .cdb = { 3, 0, 0, 0, 18 } };
	tap_case(ahci_driver_do(&host.d, 2, &r, got) == DRIVER_DONE && got[2] == 5 && got[12] == 0x20, "REQUEST SENSE");
	check("packet");
	tap_claim("sim: PACKET by PIO and DMA, and sense data after an error");
}

static void test_resets(void)
{
	struct ahci_driver_config c = { 0 };
	struct ahci_driver_command r = { .command = 0x25, .ext = true, .count = 8, .len = 4096 };

	start(&c);
	sim_ahci_faults(host.sim)->late = 1000000;
	ahci_driver_issue(&host.d, 0, 5, &r);
	wait(NULL);
	tap_case(ahci_driver_port_read(&host.d, 0, PxTFD) & STATUS_BSY, "not busy");
	sim_ahci_faults(host.sim)->late = 0;
	tap_case(ahci_driver_port_stop(&host.d, 0), "CR stays");
	tap_case(ahci_driver_port_read(&host.d, 0, PxCI) == 0, "PxCI stays");
	host.d.port[0].slot[5].state = DRIVER_FREE;
	tap_case(ahci_driver_port_start(&host.d, 0, false), "COMRESET does not help");
	tap_case(ahci_driver_do(&host.d, 0, &r, got) == DRIVER_DONE, "after COMRESET");
	tap_case(ahci_driver_soft_reset(&host.d, 0), "SRST");
	tap_case(ahci_driver_do(&host.d, 0, &r, got) == DRIVER_DONE, "after SRST");
	tap_case(ahci_driver_soft_reset(&host.d, 2) && ahci_driver_port_read(&host.d, 2, PxSIG) == SIG_ATAPI,
		 "SRST of ATAPI");
	sim_ahci_lie(host.sim, 0, 0, 0, PxIS_HBFS);
	ahci_driver_look(&host.d);
	tap_case(host.d.port[0].errors & PxIS_HBFS, "lie");
	check("resets");
	sim_ahci_faults(host.sim)->gone = true;
	tap_case(ahci_driver_read(&host.d, HBA_CAP) == 0xffffffff, "gone");
	tap_claim("sim: ST cleared, COMRESET, soft reset, and a controller that is gone");
}

static void complaint(const char *what, struct ahci_driver_command r, unsigned port)
{
	struct ahci_driver_config c = { 0 };

	start(&c);
	ahci_driver_issue(&host.d, port, 0, &r);
	wait(NULL);
	tap_case(host.complaints, "no complaint: %s", what);
}

static void test_complaints(void)
{
	struct ahci_driver_command r = { .command = 0x25, .ext = true, .count = 8, .len = 4096 };
	struct ahci_driver_config c = { 0 };

	r.len = 2048;
	complaint("PRDs too short", r, 0);
	r.len = 4096;
	r.out = true;
	complaint("W of a read", r, 0);
	r.out = false;
	r.flags = HEADER_PMP;
	complaint("PMP", r, 0);
	r.flags = HEADER_B;
	complaint("BIST", r, 0);
	r.flags = HEADER_A;
	complaint("A of a read", r, 0);
	start(&c);
	ahci_driver_write(&host.d, HBA_CCC_CTL, 1);
	tap_case(host.complaints == 1, "CCC");
	ahci_driver_port_write(&host.d, 0, PxFBS, 1);
	tap_case(host.complaints == 2, "FBS");
	ahci_driver_port_write(&host.d, 0, PxCLB, 0);
	tap_case(host.complaints == 3, "PxCLB while it runs");
	ahci_driver_port_write(&host.d, 3, PxCI, 1);
	tap_case(host.complaints == 4, "PxCI while ST is 0");
	tap_claim("sim: what no right driver does is complained about");
}

int main(void)
{
	host.ram[0] = calloc(1, LOW_BYTES);
	host.ram[1] = calloc(1, HIGH_BYTES);
	if (!host.ram[0] || !host.ram[1])
		abort();
	test_ports();
	test_sectors();
	for (unsigned i = 0; i < 6; i++)
		test_queue(i % 3, i / 3);
	tap_claim("sim: 32 queued commands in any order, told one by one and together");
	test_errors();
	test_words();
	test_packet();
	test_resets();
	test_complaints();
	sim_ahci_free(host.sim);
	free(host.ram[0]);
	free(host.ram[1]);
	return tap_end();
}
