/*
 * ahci_machine.c - an endpoint of the test's with disks: memory, the model's surroundings, time
 */
#include "tests/devmodel/ahci_machine_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devmodel/ahci/regs.h"
#include "tests/devmodel/policy_lab.h"
#include "tests/devmodel/random.h"

/* calls of the model's in one call of it: the PRDs of a command or two of the largest tables, and all else */
#define WORK_MAX	(1u << 19)
#define STEPS_MAX	20000u		/* of the controller in one tick */

const struct sim_ahci_drive ahci_drives[SIM_AHCI_PORTS] = {
	{ .there = true, .sector_size = 512, .per_physical = 3, .sectors = 1ull << 40 },
	{ .there = true, .sector_size = 4096, .sectors = 1ull << 33 },
	{ .there = true, .atapi = true, .sector_size = 2048, .sectors = 300000 },
	{ .there = false, .sector_size = 512, .sectors = 4096, .no_ncq = true },
};

void ahci_machine_complain(void *machine, const char *what)
{
	struct ahci_machine *m = machine;

	if (m->complaints++ == 0)
		snprintf(m->complaint, sizeof(m->complaint), "%s", what);
}

/* At each call of the model's. */
static void disturb(struct ahci_machine *m)
{
	if (++m->work > m->work_max)
		m->work_max = m->work;
	if (m->work == WORK_MAX)
		ahci_machine_complain(m, "the model does too much in one call");
	if (m->attaching || (m->restless && random_below(&m->restless, 3) == 0))
		sim_ahci_step(m->sim);
}

/* ---- guest memory ---- */

uint8_t *ahci_machine_memory(void *machine, uint64_t gpa, uint32_t len)
{
	const struct ahci_machine *m = machine;

	return guest_ram_at(&m->ram, gpa, len);
}

static bool guest_read(void *host, gpa_t at, void *to, uint32_t len)
{
	struct ahci_machine *m = host;

	disturb(m);
	if (!guest_ram_read(&m->ram, at.a, to, len))
		return false;
	if (m->after_read)
		m->after_read(m, at.a, len);
	return true;
}

static bool guest_write(void *host, gpa_t at, const void *from, uint32_t len)
{
	struct ahci_machine *m = host;

	disturb(m);
	return guest_ram_write(&m->ram, at.a, from, len);
}

static bool guest_dma(void *host, gpa_t at, uint32_t len, dma_t *out)
{
	struct ahci_machine *m = host;

	disturb(m);
	return guest_ram_dma(&m->ram, at.a, len, sim_ahci_faults(m->sim)->reads_twice ? 2 : 1, &out->a);
}

static uint64_t now_ns(void *host)
{
	struct ahci_machine *m = host;

	disturb(m);
	return m->clock_ns += m->attaching ? 100000 : 100;
}

/* ---- the controller's registers, as the model may use them ---- */

static uint32_t reg_read(void *host, uint32_t offset)
{
	struct ahci_machine *m = host;

	disturb(m);
	if (offset & 3 || offset >= PORT_AT(PORTS_MAX))
		ahci_machine_complain(m, "the model reads where there is no register");
	return sim_ahci_read(m->sim, offset);
}

/* The upper half of an address that the controller has is that of the pool; or it is gone, and has none. */
static bool is_pools(struct ahci_machine *m, uint32_t offset)
{
	return sim_ahci_faults(m->sim)->gone || sim_ahci_read(m->sim, offset) == (uint32_t)(BUS_POOL >> 32);
}

/* Addresses that the controller is given are in the pool. */
static void check_base(struct ahci_machine *m, uint32_t offset, uint32_t value)
{
	uint32_t reg = offset % PORT_BYTES;

	if (offset < PORT_AT(0) || m->attaching)
		return;
	if (((reg == PxCLBU || reg == PxFBU) && value != (uint32_t)(BUS_POOL >> 32)) ||
	    ((reg == PxCLB || reg == PxFB) && value - (uint32_t)BUS_POOL >= AHCI_POOL_BYTES))
		ahci_machine_complain(m, "PxCLB or PxFB of the controller are not the model's");
	if (reg == PxCMD && value & PxCMD_FRE && !is_pools(m, offset - PxCMD + PxFBU))
		ahci_machine_complain(m, "FRE is set, and PxFB is not the model's");
	if (reg == PxCMD && value & PxCMD_ST && !is_pools(m, offset - PxCMD + PxCLBU))
		ahci_machine_complain(m, "ST is set, and PxCLB is not the model's");
}

static void reg_write(void *host, uint32_t offset, uint32_t value)
{
	struct ahci_machine *m = host;

	disturb(m);
	if (offset & 3 || offset >= PORT_AT(PORTS_MAX))
		ahci_machine_complain(m, "the model writes where there is no register");
	check_base(m, offset, value);
	sim_ahci_write(m->sim, offset, value);
	disturb(m);
}

static bool await_halt(void *host)
{
	struct ahci_machine *m = host;

	disturb(m);
	m->halt_awaited = true;
	return true;
}

static const struct devmodel_ops model_ops = {
	.reg_read = reg_read, .reg_write = reg_write, .guest_read = guest_read, .guest_write = guest_write,
	.guest_dma = guest_dma, .now_ns = now_ns, .await_halt = await_halt,
};

/* ---- life ---- */

/* Who asks for it has nothing else to do, and halts. */
static bool line(void *machine)
{
	struct ahci_machine *m = machine;

	if (m->halt_awaited && m->model) {
		m->halt_awaited = false;
		ahci_halts(m->model);
	}
	return m->line;
}

static void *page_memory(uint32_t len)
{
	uint8_t *p = aligned_alloc(4096, (len + 4095) & ~4095u);

	if (!p)
		abort();
	memset(p, 0, len);
	return p;
}

struct ahci_machine *ahci_machine_new(const struct sim_ahci_drive *drive, const char *policy, uint32_t bounce)
{
	struct ahci_machine *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	guest_ram_init(&m->ram, AHCI_RAM_HIGH, ahci_machine_complain, m);
	m->sim = sim_ahci_create(drive ? drive : ahci_drives, &ahci_machine_bus, m);
	if (!m->sim)
		abort();
	m->driver.access = ahci_machine_access;
	m->driver.memory = ahci_machine_memory;
	m->driver.line = line;
	m->driver.wait = ahci_machine_tick;
	m->driver.host = m;
	if (policy)
		ahci_machine_shadow(m, policy, bounce);
	return m;
}

void ahci_machine_shadow(struct ahci_machine *m, const char *policy, uint32_t bounce)
{
	struct dma_memory memory = { .bus = { BUS_BOUNCE }, .len = bounce ? bounce : AHCI_BOUNCE };

	m->policy = lab_policy_new(policy, NULL, &m->disk.judge, &m->disk.policy);
	disk_parts_begin(&m->parts, &m->disk, lab_policy_beside(m->policy, m->disk.judge), AHCI_SLICE);
	m->parts.clock_ns = &m->clock_ns;
	m->parts.slice_ns = AHCI_SLICE_NS;
	m->disk.transfers = &m->transfers;
	m->d = (struct devmodel){ .ops = &model_ops, .host = m };
	m->d.pool =
		(struct dma_memory){ .at = page_memory(AHCI_POOL_BYTES), .bus = { BUS_POOL }, .len = AHCI_POOL_BYTES };
	memory.at = guarded_pages(memory.len);
	m->bounce_map = page_memory(bounce_map_bytes(memory.len));
	bounce_init(&m->bounce, memory, m->bounce_map);
	m->model_memory = page_memory(ahci_size());
	m->attaching = true;
	m->model = ahci_attach(m->model_memory, &m->d, &m->disk, &m->bounce, AHCI_UNIT, 0);
	m->attaching = false;
	if (!m->model)
		abort();
}

void ahci_machine_free(struct ahci_machine *m)
{
	ahci_machine_clear(m);
	sim_ahci_free(m->sim);
	lab_policy_free(m->policy);
	guarded_pages_free(m->bounce.memory.at, m->bounce.memory.len);
	free(m->bounce_map);
	free(m->d.pool.at);
	free(m->model_memory);
	guest_ram_free(&m->ram);
	free(m);
}

/* Without a model, registers are dwords, or two of them. */
void ahci_machine_access(void *machine, uint32_t offset, unsigned size, bool write, uint64_t *value)
{
	struct ahci_machine *m = machine;

	m->clock_ns += 1000;
	m->work = 0;
	if (m->model) {
		ahci_access(m->model, offset, size, write, value);
		return;
	}
	if (size != 4 || offset & 3)
		ahci_machine_complain(m, "the driver uses a width that the test's controller does not know");
	else if (write)
		sim_ahci_write(m->sim, offset, (uint32_t)*value);
	else
		*value = sim_ahci_read(m->sim, offset);
}

void ahci_machine_io(void *machine, uint32_t offset, unsigned size, bool write, uint32_t *value)
{
	struct ahci_machine *m = machine;

	m->clock_ns += 1000;
	m->work = 0;
	ahci_io(m->model, offset, size, write, value);
}

void ahci_machine_tick(void *machine)
{
	struct ahci_machine *m = machine;
	uint32_t hz;

	m->ticks++;
	m->clock_ns += 1000000;
	if (m->idle)
		m->idle(m);
	sim_ahci_run(m->sim, STEPS_MAX);
	if (!m->model)
		return;
	hz = ahci_poll_hz(m->model);
	if (hz > 2000)
		ahci_machine_complain(m, "the model wants to be polled more often than a tick can");
	for (unsigned polls = hz > 1000 ? 2 : hz && m->ticks % (1000 / hz) == 0; polls; polls--) {
		m->work = 0;
		ahci_poll(m->model);
		sim_ahci_run(m->sim, STEPS_MAX);
	}
}

void ahci_machine_run(struct ahci_machine *m, unsigned ticks)
{
	while (ticks--)
		ahci_machine_tick(m);
}
