/*
 * ahci_matrix_data.c - the matrix's rows of sectors: protocol, address, layout of PRDs; columns: place, length, drive,
 * verdict
 */
#include "tests/devmodel/ahci_matrix.h"

#include <stdio.h>
#include <string.h>

#define BYTES_MAX	(256u << 10)

struct protocol {
	const char *name;
	uint8_t read, write;
	bool ext, queued, packet;
	uint16_t features;		/* of PACKET: DMA */
	uint8_t opcode_read, opcode_write;
};

static const struct protocol protocols[] = {
	{ "pio lba28", 0x20, 0x30, .ext = false },
	{ "pio lba48", 0x24, 0x34, .ext = true },
	{ "multiple lba28", 0xc4, 0xc5, .ext = false },
	{ "multiple lba48", 0x29, 0x39, .ext = true },
	{ "dma lba28", 0xc8, 0xca, .ext = false },
	{ "dma lba48", 0x25, 0x35, .ext = true },
	{ "dma fua lba48", 0x25, 0x3d, .ext = true },
	{ "ncq lba48", 0x60, 0x61, .ext = true, .queued = true },
	{ "atapi pio 10", 0xa0, 0xa0, .packet = true, .opcode_read = 0x28, .opcode_write = 0x2a },
	{ "atapi dma 10", 0xa0, 0xa0, .packet = true, .features = 1, .opcode_read = 0x28, .opcode_write = 0x2a },
	{ "atapi dma 12", 0xa0, 0xa0, .packet = true, .features = 1, .opcode_read = 0xa8, .opcode_write = 0xaa },
};

static const char *const layout_name[LAYOUTS] = { "one-prd", "page-prds", "odd-prds", "tiny-prds", "long-prds" };

struct row {
	const struct protocol *p;
	bool out;
	enum layout layout;
};

/* A case: where, how much, on which drive. */
struct place {
	unsigned port;
	uint64_t lba;			/* of the first of the three commands */
	uint32_t sectors;		/* of each */
	bool marked;			/* the middle one's LBA is what the rules by command are about */
};

static struct ahci_machine *machines[VERDICTS];
static uint8_t data[3][BYTES_MAX], got[BYTES_MAX], zeros[BYTES_MAX], canaries[BYTES_MAX];

static void put_cdb(struct ahci_driver_command *c, const struct row *r, uint64_t lba, uint32_t sectors)
{
	c->cdb_len = 12;
	c->features = r->p->features;
	c->cdb[0] = r->out ? r->p->opcode_write : r->p->opcode_read;
	for (unsigned i = 0; i < 4; i++)
		c->cdb[2 + i] = (uint8_t)(lba >> (24 - 8 * i));
	if (c->cdb[0] < 0xa0) {
		c->cdb[7] = (uint8_t)(sectors >> 8);
		c->cdb[8] = (uint8_t)sectors;
		return;
	}
	for (unsigned i = 0; i < 4; i++)
		c->cdb[6 + i] = (uint8_t)(sectors >> (24 - 8 * i));
}

static struct ahci_driver_command make(const struct row *r, uint64_t lba, uint32_t sectors, uint32_t len,
				       const uint8_t *from)
{
	struct ahci_driver_command c = { .command = r->out ? r->p->write : r->p->read, .ext = r->p->ext, .lba = lba,
					 .out = r->out, .len = len, .data = from, .layout = r->layout, .hold = true };

	if (r->p->packet) {
		c.lba = 0xfffe00;	/* byte count limit */
		put_cdb(&c, r, lba, sectors);
	} else if (r->p->queued) {
		c.features = (uint16_t)sectors;
	} else {
		c.count = (uint16_t)sectors;
	}
	return c;
}

/* The middle one holds the text, once across the end of a sector if there are two. */
static void mark(uint8_t *bytes, uint32_t len, uint32_t sector, const char *text)
{
	memcpy(bytes + 101, text, MATRIX_TEXT_BYTES);
	if (len > sector)
		memcpy(bytes + sector - 4, text, MATRIX_TEXT_BYTES);
	memcpy(bytes + len - MATRIX_TEXT_BYTES, text, MATRIX_TEXT_BYTES);
}

/* Does the verdict apply at this place? */
static enum effect effect_at(const struct verdict *v, const struct place *at)
{
	return v->by_command && !at->marked ? EFFECT_PASS : v->effect;
}

static void check_read(const struct place *at, unsigned i, enum effect effect, uint32_t len, uint32_t size,
		       const char *name)
{
	const uint8_t *want = data[i];

	if (i == 1 && effect == EFFECT_DROP)
		want = canaries;
	if (i == 1 && effect == EFFECT_SILENT)
		want = zeros;
	if (i == 1 && effect == EFFECT_REWRITE)
		mark(data[1], len, size, MATRIX_MASKED);
	tap_case(!memcmp(got, want, len), "%s: command %u read other bytes", name, i);
}

static void check_written(struct ahci_machine *m, const struct place *at, unsigned i, enum effect effect, uint32_t len,
			  uint32_t size, const char *name)
{
	uint64_t lba = at->lba + i * at->sectors;

	sim_ahci_medium_read(m->sim, at->port, lba, got, len);
	if (i == 1 && effect == EFFECT_REWRITE)
		mark(data[1], len, size, MATRIX_MASKED);
	if (i == 1 && (effect == EFFECT_DROP || effect == EFFECT_SILENT))
		tap_case(memcmp(got, data[i], size) != 0, "%s: what was dropped is on the medium", name);
	else
		tap_case(!memcmp(got, data[i], len), "%s: command %u wrote other bytes", name, i);
}

/* Queued behind one that is refused before it is issued: as on a drive, it is the driver's to issue again. */
static bool is_behind(const struct row *r, unsigned i, enum effect effect)
{
	return r->p->queued && i == 2 && effect == EFFECT_DROP;
}

static void check_slot(struct ahci_machine *m, const struct row *r, const struct place *at, unsigned i,
		       enum effect effect, uint32_t len, const char *name)
{
	const struct ahci_driver_slot *s = &m->driver.port[at->port].slot[i];
	bool fails = i == 1 && effect == EFFECT_DROP;

	if (is_behind(r, i, effect))
		return;
	tap_case(s->state == (fails ? DRIVER_FAILED : DRIVER_DONE), "%s: command %u ended with state %u", name, i,
		 s->state);
	if (!fails && !r->p->queued)
		tap_case(s->prdbc == len, "%s: command %u: PRDBC %u for %u", name, i, s->prdbc, len);
	if (fails && r->p->packet)
		tap_case(s->error >> 4 && s->status & STATUS_ERR, "%s: status %02x error %02x", name, s->status,
			 s->error);
	else if (fails)
		tap_case(s->error == ERROR_ABRT && s->status & STATUS_ERR && !(s->status & (STATUS_BSY | STATUS_DRQ)),
			 "%s: status %02x error %02x", name, s->status, s->error);
}

/* An error ends the commands behind it, when they are not queued: the driver issues them again. */
static void issue_three(struct ahci_machine *m, const struct row *r, const struct place *at, uint32_t len)
{
	struct ahci_driver *d = &m->driver;

	for (unsigned i = 0; i < 3; i++) {
		struct ahci_driver_command c = make(r, at->lba + i * at->sectors, at->sectors, len, data[i]);

		ahci_driver_issue(d, at->port, i, &c);
		if (r->p->queued)
			continue;
		ahci_driver_go(d, at->port);
		ahci_driver_finish(d, at->port, 50);
		if (d->port[at->port].failed)
			ahci_driver_recover(d, at->port, NULL);
	}
	if (!r->p->queued)
		return;
	ahci_driver_go(d, at->port);
	ahci_driver_finish(d, at->port, 50);
	if (d->port[at->port].failed)
		ahci_driver_recover(d, at->port, NULL);
}

static void one(const struct row *r, const struct place *at, unsigned v)
{
	struct ahci_machine *m = machines[v];
	uint32_t size = ahci_drives[at->port].sector_size, len = at->sectors * size;
	enum effect effect = effect_at(&verdicts[v], at);
	char name[160];

	snprintf(name, sizeof(name), "%s, port %u, lba 0x%llx, %u sectors", verdicts[v].name, at->port,
		 (unsigned long long)at->lba, at->sectors);
	sim_ahci_medium_clear(m->sim, at->port);
	for (unsigned i = 0; i < 3; i++) {
		matrix_fill(data[i], len, at->lba * 3 + i + r->out);
		if (i == 1 && verdicts[v].effect != EFFECT_PASS)
			mark(data[i], len, size, MATRIX_TEXT);
		if (!r->out)
			sim_ahci_medium_write(m->sim, at->port, at->lba + i * at->sectors, data[i], len);
	}
	issue_three(m, r, at, len);
	for (unsigned i = 0; i < 3; i++) {
		const struct ahci_driver_slot *s = &m->driver.port[at->port].slot[i];

		check_slot(m, r, at, i, effect, len, name);
		if (is_behind(r, i, effect) && s->state != DRIVER_DONE) {
			ahci_driver_release(&m->driver, at->port, i);
			continue;
		}
		if (r->out) {
			check_written(m, at, i, effect, len, size, name);
		} else {
			ahci_driver_data(&m->driver, at->port, i, got, len);
			check_read(at, i, effect, len, size, name);
		}
		if (s->state != DRIVER_BUSY)
			ahci_driver_release(&m->driver, at->port, i);
	}
	matrix_check(m, name);
}

static unsigned places(const struct row *r, struct place *to)
{
	unsigned n = 0;

	for (unsigned port = r->p->packet ? 2 : 0; port < (r->p->packet ? 3u : 2u); port++) {
		uint64_t end = r->p->ext ? ahci_drives[port].sectors : port == 2 ? ahci_drives[2].sectors : 1u << 28;
		/* 28-bit commands have at most 256 sectors */
		uint32_t some = port == 1 ? 3 : 8, most = (128u << 10) / ahci_drives[port].sector_size;
		uint32_t sectors[] = { 1, some };

		for (unsigned i = 0; i < 2; i++) {
			to[n++] = (struct place){ port, 0, sectors[i], false };
			to[n++] = (struct place){ port, MATRIX_MARKED - sectors[i], sectors[i], true };
			to[n++] = (struct place){ port, end - 3 * sectors[i], sectors[i], false };
		}
		/* the longest take their time: on one drive, by one layout, at one place */
		if (port != 1 && r->layout == LAYOUT_ODD)
			to[n++] = (struct place){ port, MATRIX_MARKED - most, most, true };
	}
	return n;
}

static void row(const struct row *r)
{
	struct place at[24];
	unsigned n = places(r, at);

	for (unsigned v = 0; v < VERDICTS; v++) {
		struct ahci_driver_config c = { .high = (r->layout + v) & 1, .polled = v & 1 };

		ahci_driver_start(&machines[v]->driver, &c);
		for (unsigned i = 0; i < n; i++)
			one(r, &at[i], v);
	}
	tap_claim("%s %s %s", r->p->name, r->out ? "write" : "read", layout_name[r->layout]);
}

void matrix_data(void)
{
	memset(canaries, DRIVER_CANARY, sizeof(canaries));
	for (unsigned v = 0; v < VERDICTS; v++)
		machines[v] = ahci_machine_new(NULL, verdicts[v].policy, 0);
	for (unsigned p = 0; p < sizeof(protocols) / sizeof(protocols[0]); p++) {
		for (unsigned i = 0; i < 2 * LAYOUTS; i++) {
			struct row r = { &protocols[p], i >= LAYOUTS, i % LAYOUTS };

			row(&r);
		}
	}
	for (unsigned v = 0; v < VERDICTS; v++)
		ahci_machine_free(machines[v]);
}
