/*
 * sim_ata.c - the ATA commands of a simulated drive (ACS-3, section 7, and older ones that drives still take)
 */
#include "replay/sim_ahci_parts.h"

#include <stdlib.h>
#include <string.h>

#define ERROR_UNC	0x40u
#define ERROR_IDNF	0x10u
#define STATUS_FAILED	(STATUS_DRDY | STATUS_SEEK | STATUS_ERR)

/* Where a command says how much data it moves. */
enum length {
	LENGTH_NONE,
	LENGTH_SECTORS,			/* COUNT, 0: 256 */
	LENGTH_SECTORS_EXT,		/* COUNT of 16 bits, 0: 65536 */
	LENGTH_SECTORS_QUEUED,		/* the same in FEATURES */
	LENGTH_PAGE,			/* 512 bytes */
	LENGTH_PAGES,			/* COUNT of 512 bytes */
	LENGTH_PAGES_EXT,
	LENGTH_FIRMWARE,		/* 512 bytes; 16 bits in COUNT and LBA 7:0 */
	LENGTH_PACKET,
};

enum { NOT, PIO, DMA, QUEUED };		/* how it moves */

struct row {
	uint8_t code, how, length;
	bool out, ext;
};

static const struct row rows[] = {
	{ 0x06, DMA, LENGTH_PAGES_EXT, true, true },		/* DATA SET MANAGEMENT */
	{ 0x08, NOT, LENGTH_NONE, false, false },		/* DEVICE RESET */
	{ 0x20, PIO, LENGTH_SECTORS, false, false }, { 0x21, PIO, LENGTH_SECTORS, false, false },
	{ 0x24, PIO, LENGTH_SECTORS_EXT, false, true }, { 0x25, DMA, LENGTH_SECTORS_EXT, false, true },
	{ 0x27, NOT, LENGTH_NONE, false, true },		/* READ NATIVE MAX ADDRESS EXT */
	{ 0x29, PIO, LENGTH_SECTORS_EXT, false, true }, { 0x2a, DMA, LENGTH_SECTORS_EXT, false, true },
	{ 0x2b, PIO, LENGTH_SECTORS_EXT, false, true },
	{ 0x2f, PIO, LENGTH_PAGES_EXT, false, true },		/* READ LOG EXT */
	{ 0x30, PIO, LENGTH_SECTORS, true, false }, { 0x31, PIO, LENGTH_SECTORS, true, false },
	{ 0x34, PIO, LENGTH_SECTORS_EXT, true, true }, { 0x35, DMA, LENGTH_SECTORS_EXT, true, true },
	{ 0x37, NOT, LENGTH_NONE, false, true },		/* SET MAX ADDRESS EXT */
	{ 0x38, PIO, LENGTH_SECTORS, true, false }, { 0x39, PIO, LENGTH_SECTORS_EXT, true, true },
	{ 0x3a, DMA, LENGTH_SECTORS_EXT, true, true }, { 0x3b, PIO, LENGTH_SECTORS_EXT, true, true },
	{ 0x3d, DMA, LENGTH_SECTORS_EXT, true, true },
	{ 0x3f, PIO, LENGTH_PAGES_EXT, true, true },		/* WRITE LOG EXT */
	{ 0x40, NOT, LENGTH_NONE, false, false }, { 0x41, NOT, LENGTH_NONE, false, false },	/* READ VERIFY */
	{ 0x42, NOT, LENGTH_NONE, false, true },
	{ 0x45, NOT, LENGTH_NONE, false, true },		/* WRITE UNCORRECTABLE EXT */
	{ 0x47, DMA, LENGTH_PAGES_EXT, false, true },		/* READ LOG DMA EXT */
	{ 0x51, NOT, LENGTH_NONE, false, true },		/* CONFIGURE STREAM */
	{ 0x57, DMA, LENGTH_PAGES_EXT, true, true },		/* WRITE LOG DMA EXT */
	{ 0x5b, NOT, LENGTH_NONE, false, false },		/* TRUSTED */
	{ 0x5c, PIO, LENGTH_PAGES, false, false }, { 0x5d, DMA, LENGTH_PAGES, false, false },
	{ 0x5e, PIO, LENGTH_PAGES, true, false }, { 0x5f, DMA, LENGTH_PAGES, true, false },
	{ 0x60, QUEUED, LENGTH_SECTORS_QUEUED, false, true }, { 0x61, QUEUED, LENGTH_SECTORS_QUEUED, true, true },
	{ 0x70, NOT, LENGTH_NONE, false, false },		/* SEEK */
	{ 0x77, NOT, LENGTH_NONE, false, true },		/* SET DATE & TIME EXT */
	{ 0x78, NOT, LENGTH_NONE, false, true },		/* ACCESSIBLE MAX ADDRESS CONFIGURATION */
	{ 0x90, NOT, LENGTH_NONE, false, false }, { 0x91, NOT, LENGTH_NONE, false, false },
	{ 0x92, PIO, LENGTH_FIRMWARE, true, false }, { 0x93, DMA, LENGTH_FIRMWARE, true, false },
	{ 0xa0, PIO, LENGTH_PACKET, false, false },
	{ 0xa1, PIO, LENGTH_PAGE, false, false },
	{ 0xb0, NOT, LENGTH_NONE, false, false },		/* SMART: by FEATURES */
	{ 0xb4, NOT, LENGTH_NONE, false, true },		/* SANITIZE DEVICE */
	{ 0xc0, NOT, LENGTH_NONE, false, false },		/* CFA ERASE SECTORS */
	{ 0xc4, PIO, LENGTH_SECTORS, false, false }, { 0xc5, PIO, LENGTH_SECTORS, true, false },
	{ 0xc6, NOT, LENGTH_NONE, false, false },		/* SET MULTIPLE MODE */
	{ 0xc8, DMA, LENGTH_SECTORS, false, false }, { 0xc9, DMA, LENGTH_SECTORS, false, false },
	{ 0xca, DMA, LENGTH_SECTORS, true, false }, { 0xcb, DMA, LENGTH_SECTORS, true, false },
	{ 0xcd, PIO, LENGTH_SECTORS, true, false }, { 0xce, PIO, LENGTH_SECTORS_EXT, true, true },
	{ 0xe0, NOT, LENGTH_NONE, false, false }, { 0xe1, NOT, LENGTH_NONE, false, false },
	{ 0xe2, NOT, LENGTH_NONE, false, false }, { 0xe3, NOT, LENGTH_NONE, false, false },
	{ 0xe4, PIO, LENGTH_PAGE, false, false }, { 0xe8, PIO, LENGTH_PAGE, true, false },
	{ 0xe9, DMA, LENGTH_PAGE, false, false }, { 0xeb, DMA, LENGTH_PAGE, true, false },
	{ 0xe5, NOT, LENGTH_NONE, false, false }, { 0xe6, NOT, LENGTH_NONE, false, false },
	{ 0xe7, NOT, LENGTH_NONE, false, false }, { 0xea, NOT, LENGTH_NONE, false, true },
	{ 0xec, PIO, LENGTH_PAGE, false, false }, { 0xee, DMA, LENGTH_PAGE, false, false },
	{ 0xef, NOT, LENGTH_NONE, false, false },		/* SET FEATURES */
	{ 0xf1, PIO, LENGTH_PAGE, true, false }, { 0xf2, PIO, LENGTH_PAGE, true, false },
	{ 0xf3, NOT, LENGTH_NONE, false, false }, { 0xf4, PIO, LENGTH_PAGE, true, false },
	{ 0xf5, NOT, LENGTH_NONE, false, false }, { 0xf6, PIO, LENGTH_PAGE, true, false },
	{ 0xf8, NOT, LENGTH_NONE, false, false }, { 0xf9, NOT, LENGTH_NONE, false, false },
};

void sim_drive_reset(struct sim_drive *d)
{
	d->ncq_failed = false;
	d->srst = false;
	d->multiple = 0;
	d->power = 0xff;
	d->smart = true;
	d->sense[0] = d->sense[1] = d->sense[2] = 0;
}

void sim_task_abort(struct sim_task *t, uint8_t error)
{
	t->status = STATUS_FAILED;
	t->error = error;
}

bool sim_task_data(struct sim_task *t, uint64_t len)
{
	if (len > SIM_LIMIT) {
		sim_task_abort(t, ERROR_ABRT);
		return false;
	}
	t->len = (uint32_t)len;
	t->data = calloc(1, len ? len : 1);
	if (!t->data)
		abort();
	return true;
}

/* The registers, of 28 or 48 bits, into what the judge also sees. */
static void decode_registers(struct sim_task *t, bool ext)
{
	const uint8_t *f = t->fis;

	t->t.command = f[2];
	t->t.features = f[3];
	t->t.count = f[12];
	t->t.lba = f[4] | (uint32_t)f[5] << 8 | (uint32_t)f[6] << 16;
	if (ext) {
		t->t.features |= (uint16_t)(f[11] << 8);
		t->t.count |= (uint16_t)(f[13] << 8);
		t->t.lba |= (uint64_t)f[8] << 24 | (uint64_t)f[9] << 32 | (uint64_t)f[10] << 40;
	} else {
		t->t.lba |= (uint32_t)(f[7] & 15) << 24;
	}
}

static void decode_sectors(struct sim_drive *d, struct sim_task *t, uint8_t length)
{
	uint32_t field = length == LENGTH_SECTORS_QUEUED ? t->t.features : t->t.count;

	t->t.first_lba = t->t.lba;
	t->t.sectors = field ? field : length == LENGTH_SECTORS ? 256 : 65536;
	if (!(t->fis[7] & DEVICE_LBA))
		sim_task_abort(t, ERROR_ABRT);	/* CHS: this drive has none */
	else if (t->t.first_lba > d->c.sectors || t->t.sectors > d->c.sectors - t->t.first_lba)
		sim_task_abort(t, ERROR_IDNF);
	else
		sim_task_data(t, t->t.sectors * d->c.sector_size);
	t->lba = t->t.lba;
}

static void decode_length(struct sim_drive *d, struct sim_task *t, uint8_t length)
{
	switch (length) {
	case LENGTH_SECTORS: case LENGTH_SECTORS_EXT: case LENGTH_SECTORS_QUEUED:
		decode_sectors(d, t, length);
		break;
	case LENGTH_PAGE:
		sim_task_data(t, 512);
		break;
	case LENGTH_PAGES:
		sim_task_data(t, t->t.count * 512u);
		break;
	case LENGTH_PAGES_EXT:
		sim_task_data(t, (t->t.count ? t->t.count : 65536u) * 512u);
		break;
	case LENGTH_FIRMWARE:
		sim_task_data(t, (t->t.count | (t->t.lba & 0xff) << 8) * 512u);
		break;
	}
}

/* ACS-3, 7.48: D0, D1, D5 read, D6 writes, others move nothing. */
static void decode_smart(struct sim_task *t)
{
	uint8_t f = (uint8_t)t->t.features;

	if ((t->t.lba >> 8 & 0xffff) != 0xc24f) {
		sim_task_abort(t, ERROR_ABRT);
		return;
	}
	if (f == 0xd0 || f == 0xd1) {
		t->moves = SIM_MOVES_PIO;
		sim_task_data(t, 512);
	} else if (f == 0xd5 || f == 0xd6) {
		t->moves = SIM_MOVES_PIO;
		t->out = f == 0xd6;
		sim_task_data(t, t->t.count * 512u);
	} else if (f != 0xd2 && f != 0xd3 && f != 0xd4 && f != 0xd8 && f != 0xd9 && f != 0xda && f != 0xdb) {
		sim_task_abort(t, ERROR_ABRT);
	}
}

static const struct row *find(uint8_t command)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].code == command)
			return &rows[i];
	}
	return NULL;
}

static bool is_for_atapi(uint8_t c)
{
	return c == 0x08 || c == 0x90 || (c >= 0xa0 && c <= 0xa1) || (c >= 0xe0 && c <= 0xe3) || c == 0xe5 ||
	       c == 0xe6 || c == 0xef || c == 0xec || c == 0xe7 || c == 0xb0;
}

/* ACS-3, 7.16: an ATAPI drive aborts IDENTIFY DEVICE and the like, and shows its signature. */
static void abort_atapi(struct sim_task *t)
{
	sim_task_abort(t, ERROR_ABRT);
	t->lba = 0xeb1401;
	t->count = 1;
}

void sim_ata_decode(struct sim_drive *d, struct sim_task *t)
{
	const struct row *r = find(t->fis[2]);

	t->status = STATUS_DRDY | STATUS_SEEK;
	t->t.sector_size = d->c.sector_size;
	decode_registers(t, r && r->ext);
	t->packet = t->t.command == 0xa0;
	t->lba = t->t.lba;
	if (r) {
		t->queued = r->how == QUEUED;
		t->out = r->out;
		t->moves = r->how == NOT ? SIM_MOVES_NONE : r->how == PIO ? SIM_MOVES_PIO : SIM_MOVES_DMA;
	}
	if (d->srst || !r || (t->queued && d->c.no_ncq) ||
	    (d->ncq_failed && t->t.command != 0x2f && t->t.command != 0x47) ||
	    (d->c.atapi ? !is_for_atapi(r->code) : r->code == 0xa0 || r->code == 0xa1 || r->code == 0x08))
		sim_task_abort(t, ERROR_ABRT);
	else if (d->c.atapi && r->code == 0xec)
		abort_atapi(t);
	else if (t->packet)
		sim_atapi_decode(d, t);
	else if (r->code == 0xb0)
		decode_smart(t);
	else
		decode_length(d, t, r->length);
}

/* ---- carried out ---- */

static void read_sectors(struct sim_port *p, struct sim_task *t)
{
	const struct sim_ahci_faults *f = &p->hba->faults;
	uint64_t first = t->t.first_lba, n = t->t.sectors;

	if (f->bad_sectors && first < f->bad_lba + f->bad_sectors && f->bad_lba < first + n) {
		n = f->bad_lba > first ? f->bad_lba - first : 0;
		sim_task_abort(t, ERROR_UNC);
		t->lba = first + n;
		t->len = (uint32_t)(n * t->t.sector_size);
	}
	sim_medium_read(&p->drive.medium, first, t->data, (uint32_t)(n * t->t.sector_size));
}

/* ACS-3, 7.5.9: ranges of eight bytes, 48 bits of LBA and 16 of length. */
static void trim(struct sim_port *p, const struct sim_task *t)
{
	static const uint8_t zeros[4096];

	for (uint32_t at = 0; at + 8 <= t->len; at += 8) {
		uint64_t range = 0, lba, end;

		memcpy(&range, t->data + at, 8);
		lba = range & 0xffffffffffff;
		end = lba + (range >> 48) < p->drive.c.sectors ? lba + (range >> 48) : p->drive.c.sectors;
		for (; lba < end; lba++)
			sim_medium_write(&p->drive.medium, lba, zeros, p->drive.c.sector_size);
	}
}

static void read_log(struct sim_drive *d, struct sim_task *t)
{
	uint8_t log = (uint8_t)t->t.lba;
	uint16_t page = (uint16_t)((t->t.lba >> 8 & 0xff) | (t->t.lba >> 32 & 0xff) << 8);

	for (uint32_t at = 0; at < t->len; at += 512) {
		if (!sim_log_page(d, log, (uint16_t)(page + at / 512), t->data + at)) {
			t->len = at;
			sim_task_abort(t, ERROR_ABRT);
			return;
		}
	}
	if (log == 0x10)
		d->ncq_failed = false;
}

static void smart(struct sim_drive *d, struct sim_task *t)
{
	switch (t->t.features & 0xff) {
	case 0xd0:
		sim_smart_data(t->data);
		break;
	case 0xd1:
		t->data[0] = 0x10;
		sim_sum_page(t->data);
		break;
	case 0xd5:
		read_log(d, t);
		break;
	case 0xd8: case 0xd9:
		d->smart = (t->t.features & 0xff) == 0xd8;
		break;
	case 0xda:
		t->lba = 0xc24f00;	/* no threshold is exceeded */
		break;
	}
}

static void non_data(struct sim_drive *d, struct sim_task *t)
{
	switch (t->t.command) {
	case 0x27: case 0xf8:
		t->lba = d->c.sectors - 1;
		if (t->t.command == 0xf8 && t->lba > 0x0fffffff)
			t->lba = 0x0fffffff;
		t->device = (uint8_t)(DEVICE_LBA | (t->t.command == 0xf8 ? t->lba >> 24 : 0));
		break;
	case 0xc6:
		d->multiple = (uint8_t)t->t.count;
		break;
	case 0xe0: case 0xe1: case 0xe2: case 0xe3: case 0xe6:
		d->power = t->t.command & 1 ? 0x80 : 0;	/* idle, standby */
		break;
	case 0xe5:
		t->count = d->power;
		break;
	case 0x90:
		t->error = 1;
		t->count = 1;
		t->lba = 1;
		break;
	case 0xf5:
		d->frozen = true;
		break;
	}
}

static void data(struct sim_drive *d, struct sim_task *t)
{
	switch (t->t.command) {
	case 0xec: case 0xee:
		sim_identify(d, t->data);
		break;
	case 0xa1:
		sim_identify_packet(d, t->data);
		break;
	case 0x2f: case 0x47:
		read_log(d, t);
		break;
	case 0xe4: case 0xe9:
		memcpy(t->data, d->buffer, 512);
		break;
	case 0xe8: case 0xeb:
		memcpy(d->buffer, t->data, 512);
		break;
	default:
		non_data(d, t);
	}
}

static void tell_of(struct sim_port *p, const struct sim_task *t)
{
	bool failed = t->status & STATUS_ERR;
	struct sim_ahci_command c = {
		.port = p->index, .slot = t->slot, .queued = t->queued, .out = t->out, .aborted = failed, .t = t->t,
		.data = t->out && !failed ? t->data : NULL, .len = failed ? 0 : t->len,
	};

	p->drive.count[t->t.command]++;
	if (t->packet)
		p->drive.opcode[t->t.cdb[0]]++;
	p->hba->bus->carried_out(p->hba->host, &c);
}

void sim_ata_carry_out(struct sim_port *p, struct sim_task *t)
{
	struct sim_drive *d = &p->drive;

	tell_of(p, t);
	if (t->status & STATUS_ERR)
		return;
	if ((t->t.command == 0xec || t->t.command == 0xa1) && p->hba->faults.refuse_identify) {
		p->hba->faults.refuse_identify--;
		t->len = 0;
		sim_task_abort(t, ERROR_ABRT);
	} else if (t->packet) {
		sim_atapi_carry_out(p, t);
	} else if (t->t.command == 0x06) {
		trim(p, t);
	} else if (t->t.command == 0xb0) {
		smart(d, t);
	} else if (t->t.sectors && t->len) {
		t->out ? sim_medium_write(&d->medium, t->t.first_lba, t->data, t->len) : read_sectors(p, t);
	} else {
		data(d, t);
	}
}
