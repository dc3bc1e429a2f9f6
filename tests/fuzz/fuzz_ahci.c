/*
 * fuzz_ahci.c - a guest's accesses and memory, by any bytes, over the simulated AHCI controller
 *
 * Shape of an input: three bytes choose policy, bounce memory and how controller and drives fail; then operations of
 * one byte and their operands: register and index/data accesses of any width, memory writes, commands that are nearly
 * right, steps of the controller, polls, drives pulled out, resets.
 * Held: the machine's own demands (ahci_machine.h): the controller stays in the pool, in bounce memory that is taken
 * and in what was granted, and drives carry out only what was judged; guest memory is changed behind each read.  At the
 * end a reset gives all bounce memory back.
 */
#include "tests/devmodel/ahci_machine.h"
#include "tests/fuzz/input.h"

#define OPERATIONS_MAX	200u
#define MACHINES	4u
#define LIST		0x1000u		/* of port 0; the others' behind it */
#define LIST_STEP	0x800u
#define TABLES		0x8000u		/* a table of each slot */
#define TABLE_STEP	0x400u
#define DATA		0x20000u

#define READ_WRITE	"on disk read, disk write default pass { "

static const char *const policies[MACHINES] = {
	"policy \"fuzz\" version 1;\non net out default pass { }\n",
	"policy \"fuzz\" version 1;\n"
	READ_WRITE "a: disk.range overlaps { 100..199 } -> drop; b: disk.lba == 7 -> drop silently; }\n"
	"on disk control default drop { a: ata.command in { 0x06, 0xe8, 0xef, 0xb0 } -> pass; }\n",
	"policy \"fuzz\" version 1;\npattern p = { 5a 5a 5a };\n"
	READ_WRITE "a: data has p -> rewrite p with \"#\"; b: data has { 00 11 22 } -> drop; "
	"c: data[0:1] == 0x77 -> drop silently; }\n",
	"policy \"fuzz\" version 1;\non disk read default drop { a: data has { 00 00 } -> pass; }\n"
	"on disk write default pass { a: disk.sectors > 8 -> drop silently; }\n"
	"on disk control default pass { a: ata.command == 0x92 -> pass; b: ata.command != 0xef -> drop silently; }\n",
};

static const struct sim_ahci_drive drives[SIM_AHCI_PORTS] = {
	{ .there = true, .sector_size = 512, .per_physical = 3, .sectors = 2048 },
	{ .there = true, .sector_size = 4096, .sectors = 256 },
	{ .there = true, .atapi = true, .sector_size = 2048, .sectors = 512 },
	{ .there = true, .sector_size = 512, .sectors = 300, .no_ncq = true },
};

static struct ahci_machine *machines[MACHINES][2];
static uint64_t chance;

static void change(struct ahci_machine *m, uint64_t gpa, uint32_t len)
{
	guest_ram_flip(&m->ram, &chance, gpa, len);
}

static void write32(struct ahci_machine *m, uint32_t offset, uint32_t value)
{
	uint64_t v = value;

	ahci_machine_access(m, offset, 4, true, &v);
}

static uint32_t read32(struct ahci_machine *m, uint32_t offset)
{
	uint64_t v = 0;

	ahci_machine_access(m, offset, 4, false, &v);
	return (uint32_t)v;
}

/* Guest addresses: mostly in some pages low and high, so that lists, tables and data meet. */
static uint64_t address(struct input *in)
{
	uint64_t bits = take(in, 3);

	switch (bits & 15) {
	case 0: return take(in, 8);
	case 1: return RAM_HIGH + (bits >> 4 & 0xffff);
	case 2: return RAM_HV - 1024 + (bits >> 4 & 0x7ff);
	case 3: return RAM_LOW - 1024 + (bits >> 4 & 0x7ff);
	case 4: return LIST + (bits >> 4 & 0xfff);
	default: return DATA + (bits >> 4 & 0x1fffe);
	}
}

static void access(struct ahci_machine *m, struct input *in, unsigned bits)
{
	static const uint8_t sizes[] = { 4, 4, 4, 4, 1, 2, 8, 4 };
	uint32_t offset = (uint32_t)take(in, 2) % (PORT_AT(5) - 8);
	uint64_t value = take(in, 4);

	if (bits & 8)
		offset &= ~3u;
	/* a reset of all is rare */
	if (offset == HBA_GHC && !(value & 0xf00))
		value &= ~(uint64_t)GHC_HR;
	ahci_machine_access(m, offset, sizes[bits & 7], bits & 0x10, &value);
}

static void port_access(struct ahci_machine *m, struct input *in)
{
	static const uint8_t registers[] = { PxIS, PxIE, PxCMD, PxTFD, PxSACT, PxCI, PxSERR, PxSCTL, PxSSTS, PxSIG };
	uint32_t bits = (uint32_t)take(in, 4),
		 offset = PORT_AT(bits & 3) + registers[(bits >> 2 & 15) % sizeof(registers)];
	uint32_t value = bits >> 8;

	/* mostly it runs: PxCMD has some bits of its own */
	if (offset % PORT_BYTES == PxCMD)
		value = (value & 0x80 ? PxCMD_ST : 0) | (value & 0x70 ? PxCMD_FRE : 0) | (value & 4 ? PxCMD_CLO : 0) |
			PxCMD_SUD | (value & 0x100 ? value : 0);
	if (offset % PORT_BYTES == PxSCTL && value & 0xf0)
		value &= ~SCTL_DET;
	if (bits & 0x40)
		write32(m, offset, value);
	else
		read32(m, offset);
}

static void base(struct ahci_machine *m, struct input *in)
{
	uint32_t bits = (uint32_t)take(in, 1), offset = PORT_AT(bits & 3) + (bits & 4 ? PxFB : PxCLB);
	uint64_t at = address(in);

	write32(m, offset, (uint32_t)at);
	write32(m, offset + 4, (uint32_t)(at >> 32));
}

static void write_memory(struct ahci_machine *m, struct input *in)
{
	uint64_t at = address(in);
	uint32_t len = (uint32_t)take(in, 1) & 63;
	uint8_t *to = ahci_machine_memory(m, at, 64);

	/* the hypervisor's is not the guest's to write */
	if (at < RAM_HV + RAM_HV_BYTES && at + 64 > RAM_HV)
		to = NULL;
	for (uint32_t i = 0; i < len; i++) {
		uint8_t b = (uint8_t)take(in, 1);

		if (to)
			to[i] = b;
	}
}

static uint32_t make_prds(struct ahci_machine *m, struct input *in, struct prd *to, uint32_t bytes)
{
	uint32_t count = 1 + ((uint32_t)take(in, 1) & 15), done = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = address(in);
		uint32_t n = i + 1 == count ? bytes - done : (bytes - done) / count & ~1u;

		n = n ? n : 2;
		to[i] = (struct prd){ .dba = (uint32_t)at, .dbau = (uint32_t)(at >> 32), .dbc = n - 1 };
		done += n;
	}
	return count;
}

/* Opcodes that are worth more than any. */
static const uint8_t commands[] = {
	0x60, 0x61, 0x60, 0x61, 0x25, 0x35, 0xc8, 0xca, 0x20, 0x30, 0x24, 0x34, 0xc4, 0xc5, 0xec, 0xa1,
	0xa0, 0xa0, 0x06, 0x2f, 0x47, 0xb0, 0xef, 0xea, 0x92, 0xf1, 0xe4, 0xe8, 0x3f, 0x42, 0xe5, 0x00,
};
static const uint8_t opcodes[] = { 0x28, 0xa8, 0x2a, 0x03, 0x12, 0x25, 0x9e, 0xbe,
				   0x00, 0x43, 0x55, 0x3b, 0x1b, 0x46, 0x08, 0x88 };

/* A command that is nearly right, in a slot, with a bit or two changed; PxCI, or not yet. */
static void command(struct ahci_machine *m, struct input *in)
{
	uint32_t bits = (uint32_t)take(in, 4), lba = (uint32_t)take(in, 1) * 8, port = bits & 3, slot = bits >> 2 & 31;
	uint32_t sectors = 1 + (bits >> 12 & ((bits >> 22 & 7) == 7 ? 31 : 3)), len = sectors * drives[port].sector_size;
	uint8_t code = commands[(bits >> 7 & 31)], all[sizeof(struct header) + 256 + 16 * 16] = { 0 };
	struct table *t = (struct table *)(all + sizeof(struct header));
	struct header *h = (struct header *)all;
	bool queued = code == 0x60 || code == 0x61,
	     out = code == 0x61 || code == 0x35 || code == 0xca || code == 0x30 || code == 0x34 || code == 0xc5 ||
		   code == 0x06 || code == 0x92 || code == 0xf1 || code == 0xe8 || code == 0x3f;

	*h = (struct header){ .flags = (uint16_t)(5 | (out ? HEADER_W : 0) | (code == 0xa0 ? HEADER_A : 0)),
			      .ctba = TABLES + slot * TABLE_STEP };
	t->cfis[0] = FIS_H2D;
	t->cfis[1] = bits & 0x80000000 ? 0 : FIS_C;
	t->cfis[2] = code;
	t->cfis[queued ? 3 : 12] = (uint8_t)sectors;
	if (queued)
		t->cfis[12] = (uint8_t)(slot << 3);
	t->cfis[4] = (uint8_t)lba;
	t->cfis[5] = (uint8_t)(lba >> 8);
	t->cfis[7] = DEVICE_LBA;
	if (code == 0x2f || code == 0x47)
		t->cfis[4] = 0x10;
	if (code == 0xb0) {
		t->cfis[3] = (uint8_t)(0xd0 + (sectors & 15));
		t->cfis[5] = 0x4f;
		t->cfis[6] = 0xc2;
	}
	if (code == 0x06 || code == 0x92)
		t->cfis[3] = code == 0x06 ? 1 : 7;
	if (code == 0xa0) {
		t->acmd[0] = opcodes[lba >> 3 & 15];
		t->acmd[5] = (uint8_t)lba;
		t->acmd[8] = t->acmd[9] = (uint8_t)sectors;
		t->cfis[3] = bits >> 17 & 1;
	}
	if (!(t->cfis[1] & FIS_C)) {
		h->flags |= bits & 0x40000000 ? HEADER_R | HEADER_C : 0;
		t->cfis[15] = bits & 0x40000000 ? CONTROL_SRST : 0;
	}
	if (code == 0xec || code == 0xa1)
		len = 512;
	else if (code < 0xc0 && code != 0xa0 && code > 0x3f && !queued)
		len = sectors * 512;
	h->prdtl = (uint16_t)make_prds(m, in, t->prd, len);
	for (unsigned flips = bits >> 18 & 7; flips > 5; flips--) {
		uint32_t where = (uint32_t)take(in, 2);

		all[where % sizeof(all)] ^= (uint8_t)(where >> 8);
	}
	memcpy(m->ram.low + LIST + port * LIST_STEP + slot * sizeof(*h), h, sizeof(*h));
	memcpy(m->ram.low + TABLES + slot * TABLE_STEP, t, sizeof(all) - sizeof(*h));
	if (bits >> 21 & 1)
		return;
	if (queued)
		write32(m, PORT_AT(port) + PxSACT, 1u << slot);
	write32(m, PORT_AT(port) + PxCI, 1u << slot);
}

static void trouble(struct ahci_machine *m, struct input *in)
{
	struct sim_ahci_faults *f = sim_ahci_faults(m->sim);
	uint32_t bits = (uint32_t)take(in, 2);

	switch (bits & 7) {
	case 0:
		f->late = bits >> 3 & 7;
		f->stop_late = bits >> 6 & 15;
		break;
	case 1:
		f->bad_lba = bits >> 3 & 255;
		f->bad_sectors = bits >> 11;
		break;
	case 2:
		f->interface_errors = bits >> 3 & 1;
		f->refuse_identify = bits >> 4 & 1;
		break;
	case 3:
		f->order = (enum sim_order)((bits >> 3 & 3) % 3);
		f->together = bits >> 5 & 1;
		f->prdbc = bits >> 6 & 1 ? 4096 : 0;
		f->cut = bits >> 7 & 1 ? bits >> 8 & 127 : 0;
		break;
	case 4:
		sim_ahci_plug(m->sim, bits >> 3 & 3, bits >> 5 & 3);
		break;
	case 5:
		f->gone = (bits >> 3 & 7) == 1;
		f->stalled = (bits >> 3 & 7) == 2;
		break;
	case 6:
		/* a lie that the drive's memory is free is one that nobody can see through: only what is not there */
		sim_ahci_lie(m->sim, bits >> 3 & 3, 0, 0, 1u << (bits >> 5 & 31));
		break;
	default:
		if (bits >> 3 == 5) {
			sim_ahci_reset(m->sim);
			ahci_was_reset(m->model);
		}
	}
}

static void io(struct ahci_machine *m, struct input *in)
{
	uint32_t bits = (uint32_t)take(in, 2), value = (uint32_t)take(in, 4);
	static const uint8_t sizes[] = { 4, 4, 1, 2 };

	ahci_machine_io(m, bits >> 2 & 15, sizes[bits & 3], bits >> 8 & 1, &value);
}

static void operate(struct ahci_machine *m, struct input *in)
{
	unsigned op = (unsigned)take(in, 1);

	switch (op & 7) {
	case 0: access(m, in, op >> 3); break;
	case 1: port_access(m, in); break;
	case 2: op & 0x18 ? write_memory(m, in) : base(m, in); break;
	case 3: case 4: command(m, in); break;
	case 5: trouble(m, in); break;
	case 6: sim_ahci_run(m->sim, op >> 3); break;
	default:
		if (op & 8)
			io(m, in);
		else if (op & 0x10)
			ahci_poll(m->model);
		else
			ahci_machine_tick(m);
		ahci_poll_hz(m->model);
	}
}

/* A port as a driver has it running. */
static void start_port(struct ahci_machine *m, unsigned port)
{
	uint32_t at = PORT_AT(port);

	write32(m, at + PxCLB, LIST + port * LIST_STEP);
	write32(m, at + PxFB, LIST + port * LIST_STEP + LIST_BYTES);
	write32(m, at + PxCMD, PxCMD_SUD | PxCMD_FRE);
	sim_ahci_run(m->sim, 10);
	write32(m, at + PxSERR, 0xffffffff);
	write32(m, at + PxIE, 0x7dc000ff);
	write32(m, at + PxCMD, PxCMD_SUD | PxCMD_FRE | PxCMD_ST);
}

static void reset(struct ahci_machine *m)
{
	*sim_ahci_faults(m->sim) = (struct sim_ahci_faults){ 0 };
	m->restless = 0;
	m->after_read = NULL;
	for (unsigned i = 0; i < SIM_AHCI_PORTS; i++) {
		sim_ahci_plug(m->sim, i, true);
		sim_ahci_medium_clear(m->sim, i);
	}
	sim_ahci_reset(m->sim);
	ahci_was_reset(m->model);
	sim_ahci_run(m->sim, 20);
	read32(m, HBA_CAP);
	ahci_machine_clear(m);
}

static struct ahci_machine *prepare(unsigned policy, unsigned small, struct input *in)
{
	struct ahci_machine *m = machines[policy][small];
	uint32_t bits = (uint32_t)take(in, 2);

	if (!m)
		m = machines[policy][small] = ahci_machine_new(drives, policies[policy], small ? 64u << 10 : 512u << 10);
	m->grants_stay = true;
	reset(m);
	judge_reset(m->disk.judge);
	memset(m->ram.low, 0, 0x40000);
	memset(m->ram.low + RAM_HV - 4096, 0, 4096);
	memset(m->ram.low + RAM_HV, 0xe7, 4096);
	memset(m->ram.low + RAM_LOW - 4096, 0, 4096);
	memset(m->ram.high, 0, 0x10000);
	for (unsigned i = 0; i < SIM_AHCI_PORTS; i++)
		start_port(m, i);
	write32(m, HBA_GHC, GHC_AE | GHC_IE);
	sim_ahci_faults(m->sim)->reads_twice = bits & 1;
	sim_ahci_faults(m->sim)->says_twice = bits & 2;
	sim_ahci_faults(m->sim)->order = (enum sim_order)((bits >> 2 & 3) % 3);
	sim_ahci_faults(m->sim)->late = bits >> 4 & 7;
	chance = bits | 1;
	m->restless = bits & 0x80 ? chance : 0;
	m->after_read = bits & 0x100 ? change : NULL;
	return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned first = (unsigned)take(&in, 1);
	struct ahci_machine *m = prepare(first % MACHINES, first >> 2 & 1, &in);

	for (unsigned i = 0; i < OPERATIONS_MAX && in.left; i++)
		operate(m, &in);
	ahci_machine_run(m, 3);
	if (m->complaints)
		input_complain(m->complaint);
	for (unsigned i = 0; i < 4096; i++) {
		if (m->ram.low[RAM_HV + i] != 0xe7)
			input_complain("the hypervisor's memory was written");
	}
	reset(m);
	if (m->bounce.taken)
		input_complain("bounce memory stays taken after a reset");
	return 0;
}
