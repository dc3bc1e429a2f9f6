/*
 * ahci_matrix_queue.c - the matrix's rows of queues: 32 commands at once, in any order of completion, on two ports; a
 * verdict on one or on several leaves the others unharmed
 */
#include "tests/devmodel/ahci_matrix.h"

#include <stdio.h>
#include <string.h>

#define COMMAND_BYTES	(8u << 10)
#define RESTLESS	5u

static uint8_t data[2][SLOTS][COMMAND_BYTES], got[COMMAND_BYTES], zeros[COMMAND_BYTES], canaries[COMMAND_BYTES];

struct load {
	unsigned port;
	uint32_t marked;		/* slots that hold the text, or the LBA, that the verdict is about */
	uint32_t out;			/* slots that write */
	enum effect effect;
	bool by_command;
};

/* Each slot has its own sectors; the first marked one those of MATRIX_MARKED. */
static uint64_t lba_of(const struct load *l, unsigned slot)
{
	uint32_t first = l->marked & -l->marked;

	return l->by_command && first >> slot & 1 ? MATRIX_MARKED : 0x100000 + slot * 64u;
}

static bool is_marked(const struct load *l, unsigned slot)
{
	return l->by_command ? lba_of(l, slot) == MATRIX_MARKED : l->marked >> slot & 1;
}

static void prepare(struct ahci_machine *m, const struct load *l, uint64_t seed)
{
	sim_ahci_medium_clear(m->sim, l->port);
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		matrix_fill(data[l->port][slot], COMMAND_BYTES, seed * SLOTS + slot);
		if (is_marked(l, slot) && l->effect != EFFECT_PASS)
			memcpy(data[l->port][slot] + 4090, MATRIX_TEXT, MATRIX_TEXT_BYTES);
		if (!(l->out >> slot & 1))
			sim_ahci_medium_write(m->sim, l->port, lba_of(l, slot), data[l->port][slot], COMMAND_BYTES);
	}
}

static void issue(struct ahci_machine *m, const struct load *l, unsigned slot)
{
	bool out = l->out >> slot & 1;
	struct ahci_driver_command c = {
		.command = out ? 0x61 : 0x60, .ext = true, .lba = lba_of(l, slot), .out = out,
		.features = (uint16_t)(COMMAND_BYTES / ahci_drives[l->port].sector_size), .len = COMMAND_BYTES,
		.data = data[l->port][slot], .layout = slot % LAYOUTS, .hold = true,
	};

	ahci_driver_issue(&m->driver, l->port, slot, &c);
}

static void check_slot(struct ahci_machine *m, const struct load *l, unsigned slot, unsigned *done, const char *name)
{
	struct ahci_driver_slot *s = &m->driver.port[l->port].slot[slot];
	bool marked = is_marked(l, slot), fails = marked && l->effect == EFFECT_DROP;
	const uint8_t *want = data[l->port][slot];

	/* the log names one; what is behind it in order is the driver's to issue again, as on a drive */
	tap_case(fails ? s->state == DRIVER_FAILED || s->state == DRIVER_ABORTED :
		 s->state == DRIVER_DONE || (s->state == DRIVER_ABORTED && l->effect == EFFECT_DROP),
		 "%s: slot %u ended with state %u", name, slot, s->state);
	if (s->state == DRIVER_ABORTED)
		return;
	*done += 1;
	if (marked && l->effect == EFFECT_REWRITE)
		memcpy(data[l->port][slot] + 4090, MATRIX_MASKED, MATRIX_TEXT_BYTES);
	if (l->out >> slot & 1) {
		sim_ahci_medium_read(m->sim, l->port, lba_of(l, slot), got, COMMAND_BYTES);
		if (marked && (fails || l->effect == EFFECT_SILENT))
			tap_case(memcmp(got, want, 512) != 0, "%s: slot %u was dropped, and is on the medium", name,
				 slot);
		else
			tap_case(!memcmp(got, want, COMMAND_BYTES), "%s: slot %u wrote other bytes", name, slot);
		return;
	}
	ahci_driver_data(&m->driver, l->port, slot, got, COMMAND_BYTES);
	if (marked && l->effect == EFFECT_SILENT)
		want = zeros;
	tap_case(!memcmp(got, fails ? canaries : want, COMMAND_BYTES), "%s: slot %u read other bytes", name, slot);
}

static void finish(struct ahci_machine *m, const struct load *l, const char *name)
{
	struct ahci_driver *d = &m->driver;
	unsigned done = 0;
	uint8_t log[512];

	tap_case(ahci_driver_finish(d, l->port, 400), "%s: it does not end", name);
	if (d->port[l->port].failed) {
		uint32_t busy = 0;

		ahci_driver_look(d);
		for (unsigned slot = 0; slot < SLOTS; slot++)
			busy |= d->port[l->port].slot[slot].state == DRIVER_BUSY ? 1u << slot : 0;
		ahci_driver_recover(d, l->port, log);
		tap_case(busy >> (log[0] & 31) & 1 && log[2] & STATUS_ERR && log[3] == ERROR_ABRT,
			 "%s: the log has tag %u, status %02x, error %02x", name, log[0], log[2], log[3]);
	}
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		check_slot(m, l, slot, &done, name);
		if (d->port[l->port].slot[slot].state != DRIVER_BUSY)
			ahci_driver_release(d, l->port, slot);
	}
	/* those in front of it are not harmed */
	tap_case(done > (unsigned)__builtin_ctz(l->marked), "%s: %u are done", name, done);
}

/* All at once on both ports, under a controller that orders and tells as it likes. */
static void one(struct ahci_machine *m, const struct verdict *v, uint64_t seed)
{
	struct ahci_driver_config c = { .high = seed & 1, .polled = seed & 2 };
	struct load l[2];
	char name[80];

	snprintf(name, sizeof(name), "%s, seed %u", v->name, (unsigned)seed);
	m->restless = 0;
	*sim_ahci_faults(m->sim) = (struct sim_ahci_faults){ 0 };
	ahci_driver_start(&m->driver, &c);
	sim_ahci_faults(m->sim)->order = (enum sim_order)(seed % 3);
	sim_ahci_faults(m->sim)->together = seed % 5 == 0;
	sim_ahci_faults(m->sim)->late = (uint32_t)(seed % 4) * 9;
	m->restless = seed >= RESTLESS ? seed : 0;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned p = 0; p < 2; p++) {
			uint64_t chance = seed * 4 + round * 2 + p;

			l[p] = (struct load){ .port = p, .effect = v->effect, .by_command = v->by_command };
			l[p].marked =
				1u << random_below(&chance, 32) | (seed & 4 ? 1u << random_below(&chance, 32) : 0);
			l[p].out = random_below(&chance, UINT32_MAX);
			prepare(m, &l[p], seed * 2 + p);
			for (unsigned slot = 0; slot < SLOTS; slot++)
				issue(m, &l[p], slot);
		}
		ahci_driver_go(&m->driver, 0);
		ahci_driver_go(&m->driver, 1);
		finish(m, &l[0], name);
		finish(m, &l[1], name);
		matrix_check(m, name);
	}
}

void matrix_queue(void)
{
	memset(canaries, DRIVER_CANARY, sizeof(canaries));
	for (unsigned v = 0; v < VERDICTS; v++) {
		struct ahci_machine *little = ahci_machine_new(NULL, verdicts[v].policy, 192u << 10),
				    *enough = ahci_machine_new(NULL, verdicts[v].policy, 1u << 20);

		for (uint64_t seed = 1; seed <= 12; seed++)
			one(seed & 3 ? enough : little, &verdicts[v], seed);
		ahci_machine_free(little);
		ahci_machine_free(enough);
		tap_claim("ncq 32 slots on two ports, any order, little memory, %s", verdicts[v].name);
	}
}
