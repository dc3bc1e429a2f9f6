/*
 * ahci_fault_guest.c - a guest that is hostile: addresses, lengths, FISes and registers that no driver writes
 */
#include "tests/devmodel/ahci_fault.h"

#include <string.h>

static uint8_t bytes[FAULT_BYTES];

/* Change what was prepared in slot 0, then issue it: it fails, with @counter, and never reaches the drive. */
struct bad {
	const char *name;
	enum ahci_counter counter;
	struct ahci_driver_command c;
	void (*change)(struct ahci_machine *m, struct header *h, struct table *t);
};

static void set_dba(struct table *t, uint64_t at)
{
	t->prd[0].dba = (uint32_t)at;
	t->prd[0].dbau = (uint32_t)(at >> 32);
}

static void no_ram(struct ahci_machine *m, struct header *h, struct table *t) { set_dba(t, 0xfee00000); }
static void hypervisor(struct ahci_machine *m, struct header *h, struct table *t) { set_dba(t, RAM_HV + 4096); }
static void into_hypervisor(struct ahci_machine *m, struct header *h, struct table *t)
{
	set_dba(t, RAM_HV - 2048);
}
static void beyond_ram(struct ahci_machine *m, struct header *h, struct table *t) { set_dba(t, RAM_LOW - 512); }
static void wraps(struct ahci_machine *m, struct header *h, struct table *t) { set_dba(t, UINT64_MAX - 511); }
static void odd_address(struct ahci_machine *m, struct header *h, struct table *t) { t->prd[0].dba |= 1; }
static void odd_length(struct ahci_machine *m, struct header *h, struct table *t) { t->prd[0].dbc &= ~1u; }
static void short_prds(struct ahci_machine *m, struct header *h, struct table *t) { t->prd[0].dbc -= 2; }
static void no_prds(struct ahci_machine *m, struct header *h, struct table *t) { h->prdtl = 0; }
static void table_no_ram(struct ahci_machine *m, struct header *h, struct table *t) { h->ctba = 0xfed00000; }
static void table_hypervisor(struct ahci_machine *m, struct header *h, struct table *t)
{
	h->ctba = RAM_HV;
	h->ctbau = 0;
}

static void table_end(struct ahci_machine *m, struct header *h, struct table *t)
{
	h->ctba = RAM_LOW - 128;
	h->ctbau = 0;
	memcpy(m->ram.low + h->ctba, t, 128);
}

static void pmp_header(struct ahci_machine *m, struct header *h, struct table *t) { h->flags |= 0x1000; }
static void pmp_fis(struct ahci_machine *m, struct header *h, struct table *t) { t->cfis[1] |= 1; }
static void bist(struct ahci_machine *m, struct header *h, struct table *t) { h->flags |= HEADER_B; }
static void fis_length(struct ahci_machine *m, struct header *h, struct table *t)
{
	h->flags = (uint16_t)((h->flags & ~HEADER_CFL) | 4);
}
static void fis_type(struct ahci_machine *m, struct header *h, struct table *t) { t->cfis[0] = FIS_D2H; }
static void reset_flag(struct ahci_machine *m, struct header *h, struct table *t) { h->flags |= HEADER_R; }
static void clear_busy(struct ahci_machine *m, struct header *h, struct table *t) { h->flags |= HEADER_C; }
static void atapi_flag(struct ahci_machine *m, struct header *h, struct table *t) { h->flags |= HEADER_A; }
static void other_tag(struct ahci_machine *m, struct header *h, struct table *t) { t->cfis[12] = 5 << 3; }

#define READ	{ .command = 0x25, .ext = true, .lba = 77, .count = 8, .len = 4096 }
#define QUEUED	{ .command = 0x60, .ext = true, .lba = 77, .features = 8, .len = 4096 }
#define WRITE	{ .command = 0x35, .ext = true, .lba = 77, .count = 8, .len = 4096, .out = true, .data = bytes }

static const struct bad bads[] = {
	{ "a PRD where no RAM is", AHCI_ADDRESS, READ, no_ram },
	{ "a PRD where no RAM is, queued", AHCI_ADDRESS, QUEUED, no_ram },
	{ "a PRD where no RAM is, of a write", AHCI_ADDRESS, WRITE, no_ram },
	{ "a PRD in the hypervisor", AHCI_ADDRESS, READ, hypervisor },
	{ "a PRD in the hypervisor, of a write", AHCI_ADDRESS, WRITE, hypervisor },
	{ "a PRD that runs into the hypervisor", AHCI_ADDRESS, QUEUED, into_hypervisor },
	{ "a PRD beyond the end of RAM", AHCI_ADDRESS, READ, beyond_ram },
	{ "a PRD beyond the end of addresses", AHCI_ADDRESS, READ, wraps },
	{ "a PRD with an odd address", AHCI_PRD, READ, odd_address },
	{ "a PRD with an odd length", AHCI_PRD, WRITE, odd_length },
	{ "PRDs that are too short by two bytes", AHCI_PRD, READ, short_prds },
	{ "PRDs that are too short by two bytes, queued", AHCI_PRD, QUEUED, short_prds },
	{ "no PRDs", AHCI_PRD, WRITE, no_prds },
	{ "a table where no RAM is", AHCI_ADDRESS, READ, table_no_ram },
	{ "a table in the hypervisor", AHCI_ADDRESS, READ, table_hypervisor },
	{ "a table whose PRDs are beyond RAM", AHCI_ADDRESS, READ, table_end },
	{ "a port behind a multiplier, in the header", AHCI_HEADER, READ, pmp_header },
	{ "a port behind a multiplier, in the FIS", AHCI_HEADER, READ, pmp_fis },
	{ "BIST", AHCI_HEADER, READ, bist },
	{ "a FIS of four dwords", AHCI_HEADER, READ, fis_length },
	{ "a FIS that is no command", AHCI_HEADER, READ, fis_type },
	{ "a command with R", AHCI_HEADER, READ, reset_flag },
	{ "a command with C", AHCI_HEADER, READ, clear_busy },
	{ "a read with A", AHCI_HEADER, READ, atapi_flag },
	{ "the tag of another slot", AHCI_HEADER, QUEUED, other_tag },
	{ "LBA and count that wrap", AHCI_RANGE,
	  { .command = 0x25, .ext = true, .lba = 0xffffffffffff, .count = 2, .len = 1024 }, NULL },
	{ "LBA and count that wrap, of 28 bits", AHCI_RANGE,
	  { .command = 0xc8, .lba = 0xfffffff, .count = 2, .len = 1024 }, NULL },
	{ "LBA and count that wrap, queued", AHCI_RANGE,
	  { .command = 0x61, .ext = true, .lba = 0xffffffffffff, .features = 2, .len = 1024, .out = true,
	    .data = bytes }, NULL },
	{ "a CHS address", AHCI_CHS, { .command = 0xc8, .lba = 7, .count = 1, .len = 512, .chs = true }, NULL },
	{ "a command without a row", AHCI_NO_ROW, { .command = 0x13 }, NULL },
	{ "NCQ SEND", AHCI_NO_ROW,
	  { .command = 0x64, .ext = true, .features = 1, .len = 512, .out = true, .data = bytes }, NULL },
};

static unsigned all_commands(const struct ahci_machine *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 256; i++)
		n += i == 0xec || i == 0xe5 ? 0 : sim_ahci_count(m->sim, 0, (uint8_t)i);
	return n;
}

static void one(struct ahci_machine *m, const struct bad *b)
{
	struct ahci_driver_port *p = &m->driver.port[0];
	struct ahci_driver_command c = b->c;
	uint64_t counted = ahci_counter(m->model, b->counter);
	unsigned before = all_commands(m);
	uint8_t log[512];

	c.hold = true;
	ahci_driver_issue(&m->driver, 0, 3, &c);
	if (b->change)
		b->change(m, (struct header *)ahci_machine_memory(m, p->list + 3 * sizeof(struct header), 32),
			  (struct table *)ahci_machine_memory(m, p->slot[3].table, 256));
	ahci_driver_go(&m->driver, 0);
	tap_case(ahci_driver_finish(&m->driver, 0, 50) && p->failed, "%s: it does not fail", b->name);
	tap_case(p->errors & PxIS_TFES, "%s: PxIS %08x", b->name, p->errors);
	ahci_driver_recover(&m->driver, 0, log);
	/* the log has the tag that the FIS had */
	tap_case(p->slot[3].state == (b->change == other_tag ? DRIVER_ABORTED : DRIVER_FAILED), "%s: state %u", b->name,
		 p->slot[3].state);
	tap_case(p->slot[3].error == ERROR_ABRT && p->slot[3].status & STATUS_ERR, "%s: status %02x, error %02x",
		 b->name, p->slot[3].status, p->slot[3].error);
	tap_case(ahci_counter(m->model, b->counter) == counted + 1, "%s: not counted", b->name);
	/* READ LOG EXT after the error is the model's own to answer */
	tap_case(all_commands(m) == before, "%s: it reaches the drive", b->name);
	p->slot[3].state = DRIVER_FREE;
	fault_check(m, b->name);
	tap_case(m->bounce.taken == 0, "%s: %u pages stay taken", b->name, m->bounce.taken);
}

static void test_bad(void)
{
	struct ahci_machine *m[FAULT_POLICIES];

	for (unsigned p = 0; p < FAULT_POLICIES; p++)
		m[p] = fault_new(p, 0, p == 1);
	for (unsigned i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		for (unsigned p = 0; p < FAULT_POLICIES; p++)
			one(m[p], &bads[i]);
		tap_claim("guest: %s: fails with ABRT, is counted, and never reaches the drive", bads[i].name);
	}
	for (unsigned p = 0; p < FAULT_POLICIES; p++)
		fault_end(m[p], "bad");
}

/* A command list, or a FIS area, that is no RAM: the command fails or stands, nothing is reached. */
static void test_list(void)
{
	static const uint64_t places[] = { 0xfed00000, RAM_HV, 0xfffffffffffffc00, RAM_LOW,
					   RAM_HV - 1024 };

	for (unsigned i = 0; i < 2 * sizeof(places) / sizeof(places[0]); i++) {
		struct ahci_machine *m = fault_new(i % 3, 0, true);
		uint32_t reg = i & 1 ? PxFB : PxCLB;
		struct ahci_driver_command c = fault_command(false, false, 60, 8);

		memset(m->ram.low + RAM_HV, 0x77, RAM_HV_BYTES);
		ahci_driver_port_stop(&m->driver, 0);
		ahci_driver_port_write(&m->driver, 0, reg, (uint32_t)places[i / 2]);
		ahci_driver_port_write(&m->driver, 0, reg + 4, (uint32_t)(places[i / 2] >> 32));
		ahci_driver_port_write(&m->driver, 0, PxCMD, PxCMD_FRE | PxCMD_SUD);
		ahci_driver_port_write(&m->driver, 0, PxCMD, PxCMD_FRE | PxCMD_SUD | PxCMD_ST);
		ahci_driver_issue(&m->driver, 0, 0, &c);
		ahci_machine_run(m, 5);
		ahci_driver_port_read(&m->driver, 0, PxCI);
		for (unsigned k = 0; k < RAM_HV_BYTES; k += 64)
			tap_case(m->ram.low[RAM_HV + k] == 0x77, "the hypervisor's memory is written");
		m->driver.bad = false;
		fault_end(m, "list");
	}
	tap_claim("guest: a command list or FIS area that is no RAM reaches nothing, and then the port goes on");
}

static void test_too_large(void)
{
	struct ahci_machine *m = fault_new(2, 64u << 10, false);
	struct ahci_driver_command c = fault_command(true, false, 60, 8);

	c.len = 256 * 512;
	c.features = 256;
	tap_case(ahci_driver_do(&m->driver, 0, &c, NULL) == DRIVER_FAILED, "it does not fail");
	tap_case(ahci_counter(m->model, AHCI_TOO_LARGE) == 1 && !sim_ahci_count(m->sim, 0, 0x60),
		 "not counted, or not refused");
	fault_end(m, "too large");
	tap_claim("guest: a command larger than the bounce memory is refused");
}

/* Registers: widths, what is not offered, slots that there are not, PxCI before ST. */
static void test_registers(void)
{
	struct ahci_machine *m = fault_new(0, 0, true);
	static const uint32_t masked[] = { HBA_CCC_CTL, HBA_CCC_PORTS, HBA_EM_LOC, HBA_EM_CTL, PORT_AT(0) + PxSNTF,
					   PORT_AT(0) + PxFBS, PORT_AT(0) + PxDEVSLP, PORT_AT(0) + 0x70, 0xa0, 0xfc,
					   PORT_AT(9) + PxCMD };
	struct ahci_driver_command c = fault_command(false, false, 60, 8);
	uint64_t value = 0x11223344;

	for (unsigned i = 0; i < sizeof(masked) / sizeof(masked[0]); i++) {
		ahci_driver_write(&m->driver, masked[i], 0xffffffff);
		tap_case(ahci_driver_read(&m->driver, masked[i]) == 0, "register %x", masked[i]);
	}
	tap_case(!(ahci_driver_read(&m->driver, HBA_CAP) &
		   (CAP_SPM | CAP_FBSS | CAP_CCCS | CAP_EMS | CAP_SSNTF | CAP_SXS)),
		 "CAP");
	for (unsigned size = 1; size <= 2; size++) {
		ahci_machine_access(m, PORT_AT(0) + PxCI, size, true, &value);
		ahci_machine_access(m, PORT_AT(0) + PxSACT, size, true, &value);
		ahci_machine_access(m, PORT_AT(0) + PxIS, size, true, &value);
	}
	tap_case(ahci_driver_port_read(&m->driver, 0, PxCI) == 0 && ahci_driver_port_read(&m->driver, 0, PxSACT) == 0,
		 "narrow writes");
	ahci_machine_access(m, HBA_CAP, 8, false, &value);
	tap_case((uint32_t)value == ahci_driver_read(&m->driver, HBA_CAP) &&
		 (uint32_t)(value >> 32) == ahci_driver_read(&m->driver, HBA_GHC), "8 bytes");
	ahci_machine_access(m, HBA_PI, 1, false, &value);
	tap_case(value == 15, "1 byte: %llx", (unsigned long long)value);
	ahci_driver_write(&m->driver, PORT_AT(0) + PxCMD, 0xffffffff & ~(PxCMD_ST | PxCMD_FRE));
	ahci_machine_run(m, 3);
	m->driver.port[0].slot[0].state = DRIVER_FREE;
	ahci_driver_port_start(&m->driver, 0, false);
	/* some firmware writes PxCI, then sets ST */
	ahci_driver_port_write(&m->driver, 0, PxCMD, ahci_driver_port_read(&m->driver, 0, PxCMD) & ~PxCMD_ST);
	ahci_machine_run(m, 2);
	ahci_driver_issue(&m->driver, 0, 0, &c);
	ahci_machine_run(m, 2);
	tap_case(ahci_driver_port_read(&m->driver, 0, PxCI) == 1 && !sim_ahci_count(m->sim, 0, 0x25), "PxCI before ST");
	ahci_driver_port_write(&m->driver, 0, PxCMD, ahci_driver_port_read(&m->driver, 0, PxCMD) | PxCMD_ST);
	tap_case(ahci_driver_finish(&m->driver, 0, 10) && sim_ahci_count(m->sim, 0, 0x25) == 1, "ST behind PxCI");
	ahci_driver_release(&m->driver, 0, 0);
	fault_end(m, "registers");
	tap_claim("guest: registers that are not offered, other widths, PxCI before ST");
}

/* SeaBIOS: PxSACT is written for commands that are not queued; polled, one slot. */
static void test_seabios(void)
{
	struct ahci_machine *m = fault_new(2, 0, true);

	for (unsigned i = 0; i < 5; i++) {
		struct ahci_driver_command c = fault_command(false, false, 60 + i, 8);

		c.hold = true;
		ahci_driver_issue(&m->driver, 0, 0, &c);
		m->driver.port[0].slot[0].state = DRIVER_BUSY;
		ahci_driver_port_write(&m->driver, 0, PxSACT, 1);
		ahci_driver_port_write(&m->driver, 0, PxCI, 1);
		for (unsigned k = 0; k < 20 && ahci_driver_port_read(&m->driver, 0, PxCI) & 1; k++)
			ahci_machine_tick(m);
		tap_case(!(ahci_driver_port_read(&m->driver, 0, PxCI) & 1), "command %u", i);
		m->driver.port[0].slot[0].state = DRIVER_DONE;
		ahci_driver_release(&m->driver, 0, 0);
	}
	tap_case(sim_ahci_count(m->sim, 0, 0x25) == 5, "%u", sim_ahci_count(m->sim, 0, 0x25));
	m->driver.bad = false;
	fault_end(m, "SeaBIOS");
	tap_claim("guest: PxSACT of a command that is not queued, as SeaBIOS writes it");
}

/* The index/data pair is the same registers. */
static void test_index(void)
{
	struct ahci_machine *m = fault_new(0, 0, true);
	uint32_t value = PORT_AT(1) + PxSIG;

	ahci_machine_io(m, 0, 4, true, &value);
	ahci_machine_io(m, 4, 4, false, &value);
	tap_case(value == SIG_ATA, "PxSIG %08x", value);
	value = PORT_AT(0) + PxFBS;
	ahci_machine_io(m, 0, 4, true, &value);
	value = 1;
	ahci_machine_io(m, 4, 4, true, &value);
	ahci_machine_io(m, 4, 4, false, &value);
	tap_case(value == 0, "PxFBS");
	fault_end(m, "index");
	tap_claim("guest: the index/data pair shows the same, and hides the same");
}

void fault_guest(void)
{
	test_bad();
	test_list();
	test_too_large();
	test_registers();
	test_seabios();
	test_index();
}
