/*
 * command.c - a command is decoded, and encoded afresh
 *
 * What the drive gets is what was decoded, and what was decoded is what the judge sees: registers that mean nothing to
 * a command are 0 for both.
 */
#include "devmodel/ahci/command.h"

#include <string.h>

enum bits { BITS_28, BITS_48, BITS_NCQ };
enum length { LENGTH_NONE, LENGTH_SECTORS, LENGTH_PAGE, LENGTH_BLOCKS, LENGTH_SPLIT };
enum registers {
	REGISTERS_NONE, REGISTERS_F = 1, REGISTERS_C = 2, REGISTERS_L = 4, REGISTERS_D = 8,
	REGISTERS_A = REGISTERS_L | REGISTERS_D,
	REGISTERS_FC = REGISTERS_F | REGISTERS_C,
	REGISTERS_FL = REGISTERS_F | REGISTERS_L,
	REGISTERS_FA = REGISTERS_F | REGISTERS_A,
	REGISTERS_CA = REGISTERS_C | REGISTERS_A,
	REGISTERS_FCL = REGISTERS_FC | REGISTERS_L,
	REGISTERS_FCA = REGISTERS_FC | REGISTERS_A,
};

struct row {
	bool there, by_features;
	uint8_t bits, protocol, length, registers, meaning;
};

struct features_row {
	uint8_t command, features;
	struct row row;
};

#define ROW(b, p, l, r, m) \
	{ .there = true, .bits = BITS_##b, .protocol = PROTOCOL_##p, .length = LENGTH_##l, \
	  .registers = REGISTERS_##r, .meaning = MEANING_##m }

static const struct row commands[256] = {
#define ATA(code, b, p, l, r, m) [code] = ROW(b, p, l, r, m),
#define BY_FEATURES(code, b) [code] = { .there = true, .by_features = true, .bits = BITS_##b },
#define FEATURES(code, f, p, l, r, m)
#define SCSI(opcode, d, s, m)
#include "devmodel/ahci/command.def"
#undef ATA
#undef BY_FEATURES
#undef FEATURES
#undef SCSI
};

/* Their BITS are those of the command's row. */
static const struct features_row features_rows[] = {
#define ATA(code, b, p, l, r, m)
#define BY_FEATURES(code, b)
#define FEATURES(code, f, p, l, r, m) { code, f, ROW(28, p, l, r, m) },
#define SCSI(opcode, d, s, m)
#include "devmodel/ahci/command.def"
#undef ATA
#undef BY_FEATURES
#undef FEATURES
#undef SCSI
};

#define FIS_DWORDS		5u	/* of a Register H2D FIS (SATA 3.x, section 10.5.5) */
#define FIS_PMP			0x0fu	/* of its byte 1 */
#define NCQ_TAG			0x00f8u	/* COUNT bits 7:3 */
#define NCQ_TAG_SHIFT		3
#define NCQ_PRIORITY_HIGH	0x8000u	/* COUNT bits 15:14; isochronous goes by a time that nobody judges */
#define DEVICE_FUA		0x80u	/* of queued commands */
#define ATA_INITIALIZE_DEVICE	0x91u
#define PAGE			512u
#define LBA_LIMIT_28		(1ull << 28)

/* ---- decode ---- */

/* As they stand, of whatever width. */
static void take_registers(const uint8_t *fis, struct disk_transfer *t)
{
	t->command = fis[2];
	t->features = (uint16_t)(fis[3] | fis[11] << 8);
	t->count = (uint16_t)(fis[12] | fis[13] << 8);
	t->lba = fis[4] | (uint64_t)fis[5] << 8 | (uint64_t)fis[6] << 16 | (uint64_t)fis[8] << 24 |
		 (uint64_t)fis[9] << 32 | (uint64_t)fis[10] << 40;
}

/* Registers of 8 bits, and the LBA's bits 27:24 in the device register. */
static void narrow_registers(const uint8_t *fis, struct disk_transfer *t)
{
	t->features &= 0xff;
	t->count &= 0xff;
	t->lba = (t->lba & 0xffffff) | (uint64_t)(fis[7] & 0xf) << 24;
}

static void clear_registers(unsigned registers, struct disk_transfer *t)
{
	if (!(registers & REGISTERS_F))
		t->features = 0;
	if (!(registers & REGISTERS_C))
		t->count = 0;
	if (!(registers & REGISTERS_L))
		t->lba = 0;
}

static const struct row *find_features(uint8_t command, uint16_t features)
{
	for (unsigned i = 0; i < sizeof(features_rows) / sizeof(*features_rows); i++)
		if (features_rows[i].command == command && features_rows[i].features == features)
			return &features_rows[i].row;
	return NULL;
}

static bool is_out(uint8_t protocol)
{
	return protocol == PROTOCOL_PIO_OUT || protocol == PROTOCOL_DMA_OUT || protocol == PROTOCOL_NCQ_OUT;
}

/* @count of 0 stands for all that its bits can say, and one. */
static enum ahci_counter decode_sectors(const struct drive *drive, uint32_t count, unsigned bits, struct command *c)
{
	uint64_t limit = bits == BITS_28 ? LBA_LIMIT_28 : LBA_LIMIT_48;

	if (!count)
		count = bits == BITS_28 ? 256 : 65536;
	c->needs_size = true;
	c->t.first_lba = c->t.lba;
	c->t.sectors = count;
	if (drive->atapi)
		return AHCI_NO_ROW;
	if (count > limit - c->t.lba)
		return AHCI_RANGE;
	if (!drive->sector_size)
		return AHCI_SECTOR_SIZE;
	c->bytes = (uint64_t)count * drive->sector_size;
	return COMMAND_RIGHT;
}

static enum ahci_counter decode_length(const struct row *row, unsigned bits, const struct drive *drive,
				       struct command *c)
{
	switch (row->length) {
	case LENGTH_SECTORS:
		return decode_sectors(drive, bits == BITS_NCQ ? c->t.features : c->t.count, bits, c);
	case LENGTH_PAGE:
		c->bytes = PAGE;
		break;
	case LENGTH_BLOCKS:
		c->bytes = (uint64_t)c->t.count * PAGE;
		if (!c->bytes)
			return AHCI_HEADER;
		break;
	case LENGTH_SPLIT:
		c->bytes = ((c->t.lba & 0xff) << 8 | c->t.count) * PAGE;
		break;
	}
	if (!c->bytes) {
		c->protocol = PROTOCOL_NO_DATA;
		c->out = false;
	}
	return COMMAND_RIGHT;
}

/* SATA 3.x, section 13.6.4: tag and priority stand in COUNT, the number of sectors in FEATURES. */
static bool decode_queued(const uint8_t *fis, unsigned slot, struct command *c)
{
	c->tag = (uint8_t)(fis[12] >> NCQ_TAG_SHIFT);
	c->device |= fis[7] & DEVICE_FUA;
	c->t.count &= NCQ_PRIORITY_HIGH | NCQ_TAG;
	return c->tag == slot;
}

static enum ahci_counter decode_command(const struct header *h, const struct table *t, unsigned slot,
					const struct drive *drive, struct command *c)
{
	const struct row *row = &commands[c->t.command];
	unsigned bits = row->bits;

	if (h->flags & (HEADER_R | HEADER_C) || !(h->flags & HEADER_A) != (c->t.command != ATA_PACKET_COMMAND))
		return AHCI_HEADER;
	if (c->t.command == ATA_INITIALIZE_DEVICE)
		return AHCI_CHS;
	if (bits == BITS_28)
		narrow_registers(t->cfis, &c->t);
	c->hook = (int8_t)ata_hook(&c->t);
	if (row->by_features)
		row = find_features(c->t.command, c->t.features);
	if (!row || !row->there)
		return AHCI_NO_ROW;
	clear_registers(row->registers, &c->t);
	c->protocol = row->protocol;
	c->meaning = row->meaning;
	c->out = is_out(row->protocol);
	if (row->protocol == PROTOCOL_PACKET)
		return packet_decode(t->acmd, drive, c);
	if (c->hook == ATA_FAILS)
		return AHCI_NO_ROW;
	if (row->registers & REGISTERS_D) {
		if (bits == BITS_28 && !(t->cfis[7] & DEVICE_LBA))
			return AHCI_CHS;
		c->device = DEVICE_LBA;
	}
	if (bits == BITS_NCQ && !decode_queued(t->cfis, slot, c))
		return AHCI_HEADER;
	return decode_length(row, bits, drive, c);
}

/* A device control FIS: nIEN and HOB mean nothing here, SRST does (AHCI, section 10.4.1). */
static void decode_control(const struct header *h, const struct table *t, struct command *c)
{
	c->protocol = PROTOCOL_RESET;
	c->hook = ATA_NOT_JUDGED;
	c->control = t->cfis[15] & CONTROL_SRST;
	c->header = h->flags & (HEADER_R | HEADER_C);
}

enum ahci_counter command_decode(const struct header *h, const struct table *t, unsigned slot,
				 const struct drive *drive, struct command *out)
{
	const uint8_t *fis = t->cfis;

	*out = (struct command){ .hook = ATA_NOT_JUDGED, .t.sector_size = PAGE, .t.total_sectors = drive->total_sectors };
	if (drive->sector_size)
		out->t.sector_size = drive->sector_size;
	if (fis[0] != FIS_H2D)
		return AHCI_HEADER;
	if (fis[1] & FIS_C)
		take_registers(fis, &out->t);
	if ((h->flags & HEADER_CFL) != FIS_DWORDS || h->flags & (HEADER_B | HEADER_PMP) || fis[1] & FIS_PMP)
		return AHCI_HEADER;
	if (fis[1] & FIS_C)
		return decode_command(h, t, slot, drive, out);
	if (h->flags & HEADER_A)
		return AHCI_HEADER;
	decode_control(h, t, out);
	return COMMAND_RIGHT;
}

/* ---- encode ---- */

void command_encode(const struct command *c, struct table *t, uint16_t *flags)
{
	const struct disk_transfer *d = &c->t;
	uint8_t *fis = t->cfis;

	memset(t, 0, sizeof(*t));
	fis[0] = FIS_H2D;
	*flags = (uint16_t)(FIS_DWORDS | c->header);
	if (c->protocol == PROTOCOL_RESET) {
		fis[15] = c->control;
		return;
	}
	fis[1] = FIS_C;
	fis[2] = d->command;
	fis[3] = (uint8_t)d->features;
	fis[4] = (uint8_t)d->lba;
	fis[5] = (uint8_t)(d->lba >> 8);
	fis[6] = (uint8_t)(d->lba >> 16);
	fis[7] = c->device;
	fis[12] = (uint8_t)d->count;
	if (commands[d->command].bits == BITS_28) {
		fis[7] |= (uint8_t)(d->lba >> 24 & 0xf);
	} else {
		fis[8] = (uint8_t)(d->lba >> 24);
		fis[9] = (uint8_t)(d->lba >> 32);
		fis[10] = (uint8_t)(d->lba >> 40);
		fis[11] = (uint8_t)(d->features >> 8);
		fis[13] = (uint8_t)(d->count >> 8);
	}
	if (c->out)
		*flags |= HEADER_W;
	if (c->protocol == PROTOCOL_PACKET) {
		*flags |= HEADER_A;
		memcpy(t->acmd, d->cdb, sizeof(t->acmd));
	}
}

/* A command of our own that has no parameters. */
static void encode_plain(uint8_t code, struct table *t, uint16_t *flags)
{
	struct command c = { .t.command = code };

	command_encode(&c, t, flags);
}

void command_nudge(struct table *t, uint16_t *flags)
{
	encode_plain(ATA_CHECK_POWER_MODE, t, flags);
}

void command_identify(bool atapi, struct table *t, uint16_t *flags)
{
	encode_plain(atapi ? ATA_IDENTIFY_PACKET : ATA_IDENTIFY, t, flags);
}
