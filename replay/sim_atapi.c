/*
 * sim_atapi.c - the SCSI commands of a simulated optical drive behind PACKET (SPC-4, MMC-6)
 */
#include "replay/sim_ahci_parts.h"

#include <string.h>

enum { KEY_NONE, KEY_NOT_READY = 2, KEY_MEDIUM = 3, KEY_ILLEGAL = 5 };

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put32(uint8_t *to, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* CHECK CONDITION: the key stands in the error register, bits 7:4, and REQUEST SENSE tells the rest. */
static void check(struct sim_drive *d, struct sim_task *t, uint8_t key, uint8_t asc, uint8_t ascq)
{
	d->sense[0] = key;
	d->sense[1] = asc;
	d->sense[2] = ascq;
	sim_task_abort(t, (uint8_t)((unsigned)key << 4 | (key == KEY_ILLEGAL ? ERROR_ABRT : 0)));
}

static void decode_sectors(struct sim_drive *d, struct sim_task *t, uint64_t lba, uint32_t sectors, bool out)
{
	t->t.first_lba = lba;
	t->t.sectors = sectors;
	t->out = out;
	if (lba > d->c.sectors || sectors > d->c.sectors - lba)
		check(d, t, KEY_ILLEGAL, 0x21, 0);	/* LBA out of range */
	else
		sim_task_data(t, (uint64_t)sectors * d->c.sector_size);
}

/* READ CD (MMC-6, 6.15): user data of 2048 bytes alone. */
static void decode_read_cd(struct sim_drive *d, struct sim_task *t)
{
	const uint8_t *c = t->t.cdb;

	if ((c[9] & 0xf8) != 0x10)
		check(d, t, KEY_ILLEGAL, 0x24, 0);
	else
		decode_sectors(d, t, get32(c + 2), get32(c + 5) & 0xffffff, false);
}

/* How much a command moves: what it is asked for at most, and what there is to say. */
static void decode_words(struct sim_drive *d, struct sim_task *t)
{
	static const struct { uint8_t opcode, at, bytes; uint16_t has; } rows[] = {
		{ 0x03, 4, 1, 18 }, { 0x12, 4, 1, 36 }, { 0x1a, 4, 1, 28 }, { 0x23, 7, 2, 12 }, { 0x25, 0, 0, 8 },
		{ 0x43, 7, 2, 20 }, { 0x46, 7, 2, 32 }, { 0x4a, 7, 2, 8 }, { 0x51, 7, 2, 34 }, { 0x5a, 7, 2, 32 },
		{ 0x9e, 10, 4, 32 }, { 0xa0, 6, 4, 16 }, { 0xbd, 8, 2, 8 },
	};
	const uint8_t *c = t->t.cdb;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t asked = 0;

		if (rows[i].opcode != c[0])
			continue;
		for (unsigned k = 0; k < rows[i].bytes; k++)
			asked = asked << 8 | c[rows[i].at + k];
		if (rows[i].bytes == 0 || asked > rows[i].has)
			asked = rows[i].has;
		sim_task_data(t, asked);
		return;
	}
	switch (c[0]) {
	case 0x00: case 0x1b: case 0x1e: case 0x2b: case 0x2f: case 0x35: case 0xbb:
		return;
	}
	check(d, t, KEY_ILLEGAL, 0x20, 0);	/* no such command */
}

void sim_atapi_decode(struct sim_drive *d, struct sim_task *t)
{
	const uint8_t *c = t->t.cdb;

	t->moves = t->t.features & 1 ? SIM_MOVES_DMA : SIM_MOVES_PIO;
	if (c[0] == 0x28 || c[0] == 0x2a || c[0] == 0x2e)
		decode_sectors(d, t, get32(c + 2), (uint32_t)c[7] << 8 | c[8], c[0] != 0x28);
	else if (c[0] == 0xa8 || c[0] == 0xaa || c[0] == 0xae)
		decode_sectors(d, t, get32(c + 2), get32(c + 6), c[0] != 0xa8);
	else if (c[0] == 0x08 || c[0] == 0x0a)
		decode_sectors(d, t, get32(c) & 0x1fffff, c[4] ? c[4] : 256, c[0] == 0x0a);
	else if ((c[0] == 0x88 || c[0] == 0x8a) && t->t.cdb_len == 16)
		decode_sectors(d, t, (uint64_t)get32(c + 2) << 32 | get32(c + 6), get32(c + 10), c[0] == 0x8a);
	else if (c[0] == 0xbe)
		decode_read_cd(d, t);
	else if (c[0] == 0x55 || c[0] == 0x15) {
		t->out = true;
		sim_task_data(t, c[0] == 0x15 ? c[4] : (uint32_t)c[7] << 8 | c[8]);
	} else {
		decode_words(d, t);
	}
}

/* The first bytes of what is said, as far as they fit. */
static void say(struct sim_task *t, const uint8_t *words, uint32_t len)
{
	memcpy(t->data, words, len < t->len ? len : t->len);
}

static void words(struct sim_drive *d, struct sim_task *t)
{
	uint8_t w[40] = { 0 };

	switch (t->t.cdb[0]) {
	case 0x03:
		w[0] = 0x70;
		w[2] = d->sense[0];
		w[7] = 10;
		w[12] = d->sense[1];
		w[13] = d->sense[2];
		memset(d->sense, 0, sizeof(d->sense));
		break;
	case 0x12:
		w[0] = 5;
		w[1] = 0x80;
		w[2] = 5;
		w[3] = 2;
		w[4] = 31;
		memcpy(w + 8, "TESTS   SIMULATED       1.0 ", 28);
		break;
	case 0x25:
		put32(w, d->c.sectors - 1 > 0xffffffff ? 0xffffffff : (uint32_t)(d->c.sectors - 1));
		put32(w + 4, d->c.sector_size);
		break;
	case 0x9e:
		put32(w, (uint32_t)((d->c.sectors - 1) >> 32));
		put32(w + 4, (uint32_t)(d->c.sectors - 1));
		put32(w + 8, d->c.sector_size);
		break;
	case 0x43:
		w[1] = 18;
		w[2] = w[3] = 1;
		w[5] = w[13] = 0x14;
		w[6] = 1;
		w[14] = 0xaa;
		put32(w + 16, (uint32_t)d->c.sectors);
		break;
	default:
		w[1] = t->t.cdb[0];
		w[3] = 8;
	}
	say(t, w, sizeof(w));
}

void sim_atapi_carry_out(struct sim_port *p, struct sim_task *t)
{
	const struct sim_ahci_faults *f = &p->hba->faults;
	uint64_t first = t->t.first_lba;

	t->count = 3;			/* the interrupt reason: the command is done */
	if (t->t.sectors && !t->out && f->bad_sectors && first < f->bad_lba + f->bad_sectors &&
	    f->bad_lba < first + t->t.sectors) {
		t->len = f->bad_lba > first ? (uint32_t)((f->bad_lba - first) * p->drive.c.sector_size) : 0;
		sim_medium_read(&p->drive.medium, first, t->data, t->len);
		check(&p->drive, t, KEY_MEDIUM, 0x11, 0);
	} else if (t->t.sectors && t->out) {
		sim_medium_write(&p->drive.medium, first, t->data, t->len);
	} else if (t->t.sectors) {
		sim_medium_read(&p->drive.medium, first, t->data, t->len);
	} else if (t->data && !t->out) {
		words(&p->drive, t);
	}
}
