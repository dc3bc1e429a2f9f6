/*
 * ahci_machine_bus.c - an endpoint of the test's with disks: what the controller does, held against what it may
 */
#include "tests/devmodel/ahci_machine_parts.h"

#include <stdlib.h>
#include <string.h>

#include "devmodel/ahci/regs.h"
#include "devmodel/ahci/state.h"
#include "policy/ata.h"

/* ---- memory ---- */

/* What was taken of the bounce memory, all of [@at, @at + @len). */
static bool in_bounce(const struct ahci_machine *m, uint64_t at, uint32_t len)
{
	uint64_t from = at - BUS_BOUNCE;

	if (at < BUS_BOUNCE || from >= m->bounce.memory.len || len > m->bounce.memory.len - from)
		return false;
	for (uint64_t page = from / BOUNCE_PAGE; page <= (from + len - 1) / BOUNCE_PAGE; page++) {
		if (!(m->bounce.map[page / 64] >> page % 64 & 1))
			return false;
	}
	return true;
}

/* A part of the pool that each port has at @offset, @bytes long. */
static bool in_pool(uint64_t at, uint32_t len, uint32_t offset, uint32_t bytes)
{
	uint64_t from = at - BUS_POOL;

	if (at < BUS_POOL || from >= AHCI_POOL_BYTES)
		return false;
	from %= POOL_STEP;
	return from >= offset && from - offset <= bytes - len && len <= bytes;
}

static bool may(struct ahci_machine *m, enum sim_ahci_why why, uint64_t at, uint32_t len)
{
	switch (why) {
	case SIM_HEADER: case SIM_PRDBC:
		return in_pool(at, len, POOL_LIST, LIST_BYTES);
	case SIM_FIS:
		return in_pool(at, len, POOL_RECEIVED, RECEIVED_BYTES);
	case SIM_TABLE: case SIM_PRD:
		return in_pool(at, len, POOL_TABLE, POOL_DATA - POOL_TABLE) || in_bounce(m, at, len);
	case SIM_DATA_IN: case SIM_DATA_OUT:
		return in_pool(at, len, POOL_DATA, POOL_PORT - POOL_DATA) || in_bounce(m, at, len);
	}
	return false;
}

/* The command tables that the controller may still read: data must not go there. */
static bool is_table(const struct ahci_machine *m, uint64_t at, uint32_t len)
{
	for (unsigned port = 0; port < SIM_AHCI_PORTS; port++) {
		uint32_t slots =
			sim_ahci_read(m->sim, PORT_AT(port) + PxCI) | sim_ahci_read(m->sim, PORT_AT(port) + PxSACT);

		for (; slots; slots &= slots - 1) {
			const uint8_t *list = m->d.pool.at + port * POOL_STEP + POOL_LIST;
			struct header h;
			uint64_t table;

			memcpy(&h, list + (unsigned)__builtin_ctz(slots) * sizeof(h), sizeof(h));
			table = h.ctba | (uint64_t)h.ctbau << 32;
			if (at < table + sizeof(struct table) + h.prdtl * sizeof(struct prd) &&
			    table < at + len)
				return true;
		}
	}
	return false;
}

static bool needs_data(struct ahci_machine *m, enum sim_ahci_why why)
{
	return disk_need(&m->disk, why == SIM_DATA_IN ? HV_HOOK_DISK_READ : HV_HOOK_DISK_WRITE) == DISK_NEED_DATA;
}

static uint8_t *on_bus(struct ahci_machine *m, enum sim_ahci_why why, uint64_t at, uint32_t len)
{
	static const char *const offence[] = {
		[SIM_HEADER] = "a command list outside the pool",
		[SIM_TABLE] = "a command table that is not the model's",
		[SIM_PRD] = "a PRD table that is not the model's",
		[SIM_DATA_OUT] = "data read from where the controller may not",
		[SIM_DATA_IN] = "data written to where the controller may not",
		[SIM_FIS] = "a FIS outside the pool",
		[SIM_PRDBC] = "PRDBC written outside the pool",
	};
	uint8_t *granted = NULL;

	if (!m->model && !m->attaching)
		return ahci_machine_memory(m, at, len);
	if (m->attaching && at < BUS_GUEST)
		return ahci_machine_memory(m, at, len);
	if (may(m, why, at, len)) {
		if (why == SIM_DATA_IN && is_table(m, at, len))
			ahci_machine_complain(m, "data written into a command table");
		return at >= BUS_POOL ? m->d.pool.at + (at - BUS_POOL) : m->bounce.memory.at + (at - BUS_BOUNCE);
	}
	if (why == SIM_DATA_IN || why == SIM_DATA_OUT)
		granted = guest_ram_use(&m->ram, at, len, m->grants_stay);
	if (!granted)
		ahci_machine_complain(m, offence[why]);
	else if (needs_data(m, why))
		ahci_machine_complain(m, "data that the policy must see goes past it");
	return granted;
}

static bool bus_read(void *host, enum sim_ahci_why why, uint64_t at, void *to, uint32_t len)
{
	const uint8_t *from = on_bus(host, why, at, len);

	if (from)
		memcpy(to, from, len);
	return from;
}

static bool bus_write(void *host, enum sim_ahci_why why, uint64_t at, const void *from, uint32_t len)
{
	uint8_t *to = on_bus(host, why, at, len);

	if (to)
		memcpy(to, from, len);
	return to;
}

static void interrupt(void *host, bool raised)
{
	struct ahci_machine *m = host;

	m->line = raised;
	m->interrupts += raised;
}

/* ---- what the drive carries out was judged ---- */

static void forget_judged(struct ahci_judged **at)
{
	struct ahci_judged *j = *at;

	*at = j->next;
	free(j->bytes);
	free(j);
}

void ahci_machine_clear(struct ahci_machine *m)
{
	while (m->judged)
		forget_judged(&m->judged);
	guest_ram_forget_grants(&m->ram);
	m->complaints = 0;
	m->driver.bad = false;
}

/* The ranges of a TRIM are those that were judged, in order; empty ones do nothing. */
static bool same_ranges(const struct ahci_judged *j, const struct sim_ahci_command *c)
{
	const struct disk_range *r = (const void *)j->bytes;
	uint32_t n = 0;

	for (uint32_t at = 0; at + 8 <= c->len; at += 8) {
		uint64_t range;

		memcpy(&range, c->data + at, 8);
		if (range >> 48 == 0)
			continue;
		while (n < j->t.range_count && r[n].sectors == 0)
			n++;
		if (n == j->t.range_count || r[n].lba != (range & 0xffffffffffff) || r[n].sectors != range >> 48)
			return false;
		n++;
	}
	while (n < j->t.range_count && r[n].sectors == 0)
		n++;
	return n == j->t.range_count;
}

static bool is_same(const struct ahci_judged *j, const struct sim_ahci_command *c, enum hv_hook hook)
{
	/* the opcode says how long a CDB is, the drive takes 12 or 16 bytes of it */
	uint32_t cdb_len = j->t.cdb_len < c->t.cdb_len ? j->t.cdb_len : c->t.cdb_len;

	if (j->hook != hook || j->t.port != c->port || j->t.unit != AHCI_UNIT || j->t.command != c->t.command ||
	    !j->t.cdb_len != !c->t.cdb_len || memcmp(j->t.cdb, c->t.cdb, cdb_len) != 0)
		return false;
	if (c->aborted)
		return true;
	if (hook != HV_HOOK_DISK_CONTROL)
		return j->t.first_lba == c->t.first_lba && j->t.sectors == c->t.sectors &&
		       j->t.sector_size == c->t.sector_size &&
		       (!j->bytes || !c->data || (j->t.data_len == c->len && !memcmp(j->bytes, c->data, c->len)));
	return j->t.features == c->t.features && j->t.lba == c->t.lba && j->t.count == c->t.count &&
	       (j->t.command != 0x06 || !c->data || same_ranges(j, c));
}

static bool take_judged(struct ahci_machine *m, const struct sim_ahci_command *c, enum hv_hook hook)
{
	for (struct ahci_judged **j = &m->judged; *j; j = &(*j)->next) {
		if (is_same(*j, c, hook)) {
			forget_judged(j);
			return true;
		}
	}
	return false;
}

static void carried_out(void *host, const struct sim_ahci_command *c)
{
	struct ahci_machine *m = host;
	int hook = ata_hook(&c->t);
	enum disk_need need;

	if (!m->model)
		return;
	if (hook == ATA_FAILS)
		ahci_machine_complain(m, "the drive gets a command that always fails");
	if (hook < 0)
		return;
	need = disk_need(&m->disk, (enum hv_hook)hook);
	/* with data, a read is judged when they are here */
	if (hook == HV_HOOK_DISK_READ && need == DISK_NEED_DATA)
		return;
	if (!take_judged(m, c, (enum hv_hook)hook) && (need != DISK_NEED_NOTHING || ata_decode(&c->t).guarded))
		ahci_machine_complain(m, "the drive carries out what was not judged, or something else");
}

const struct sim_ahci_bus ahci_machine_bus = {
	.read = bus_read, .write = bus_write, .carried_out = carried_out, .interrupt = interrupt,
	.complain = ahci_machine_complain,
};

/* ---- the linker puts this in disk_judge()'s place (--wrap) ---- */

enum hv_verdict __real_disk_judge(const struct disk *d, enum hv_hook hook, uint64_t time_ns,
				  const struct disk_transfer *t, struct disk_trial *trial, bool *rewritten);
enum hv_verdict __wrap_disk_judge(const struct disk *d, enum hv_hook hook, uint64_t time_ns,
				  const struct disk_transfer *t, struct disk_trial *trial, bool *rewritten);

static void check_shown(struct ahci_machine *m, enum hv_hook hook, const struct disk_transfer *t)
{
	if (hook != HV_HOOK_DISK_CONTROL && disk_need(&m->disk, hook) == DISK_NEED_DATA &&
	    (t->data ? t->data_len > t->sectors * t->sector_size : t->sectors > 0))
		ahci_machine_complain(m, "the policy needs the sectors, and is not shown them");
	if (t->data && (t->data < m->bounce.memory.at || t->data >= m->bounce.memory.at + m->bounce.memory.len))
		ahci_machine_complain(m, "the judge is shown sectors outside the bounce memory");
	if (t->unit != AHCI_UNIT || t->port >= SIM_AHCI_PORTS)
		ahci_machine_complain(m, "the judge is told another unit or port");
}

static void *copy(const void *from, size_t len)
{
	void *to = malloc(len ? len : 1);

	if (!to)
		abort();
	return memcpy(to, from, len);
}

static void note_judged(struct ahci_machine *m, enum hv_hook hook, const struct disk_transfer *t)
{
	struct ahci_judged *j = calloc(1, sizeof(*j)), **end = &m->judged;

	if (!j)
		abort();
	j->hook = hook;
	j->t = *t;
	if (t->data && hook == HV_HOOK_DISK_WRITE)
		j->bytes = copy(t->data, t->data_len);
	else if (t->range_count)
		j->bytes = copy(t->ranges, t->range_count * sizeof(t->ranges[0]));
	while (*end)
		end = &(*end)->next;
	*end = j;
}

enum hv_verdict __wrap_disk_judge(const struct disk *d, enum hv_hook hook, uint64_t time_ns,
				  const struct disk_transfer *t, struct disk_trial *trial, bool *rewritten)
{
	struct ahci_machine *m = (struct ahci_machine *)((char *)(uintptr_t)d - offsetof(struct ahci_machine, disk));
	enum hv_verdict v;

	check_shown(m, hook, t);
	v = __real_disk_judge(d, hook, time_ns, t, trial, rewritten);
	m->judgements += v != HV_WAIT;
	if (v == HV_PASS && !(hook == HV_HOOK_DISK_READ && disk_need(d, hook) == DISK_NEED_DATA))
		note_judged(m, hook, t);
	return v;
}

bool ahci_machine_is_idle(struct ahci_machine *m)
{
	return !m->model || (m->bounce.taken == 0 && !m->judged);
}
