/*
 * packet.c - ATAPI commands: what of the medium they name, and which way their data goes
 */
#include "devmodel/ahci/command.h"

#include <string.h>

enum direction { DIRECTION_NONE, DIRECTION_IN, DIRECTION_OUT };
enum sectors_at { NOWHERE, CDB_6, CDB_10, CDB_12, CDB_16, CDB_MSF, CDB_CD };

struct row {
	bool there;
	uint8_t direction, sectors_at, meaning;
};

static const struct row opcodes[256] = {
#define ATA(code, b, p, l, r, m)
#define BY_FEATURES(code, b)
#define FEATURES(code, f, p, l, r, m)
#define SCSI(opcode, d, s, m) [opcode] = { true, DIRECTION_##d, s, MEANING_##m },
#include "devmodel/ahci/command.def"
#undef ATA
#undef BY_FEATURES
#undef FEATURES
#undef SCSI
};

#define PACKET_DMA		0x01u	/* FEATURES (ACS-3, section 7.18) */
#define PACKET_DMADIR		0x04u	/* to the host */
#define PACKET_LIMIT		0xffff00u	/* LBA 23:8: byte count limit */
#define CD_SECTOR_MAX		(2352u + 296u + 96u)	/* main channel, C2 error bits, sub-channel */
#define CD_RAW			0xf8u	/* READ CD byte 9: all of the main channel */
#define CD_RAW_BYTES		2352u
#define CD_DATA_BYTES		2048u
#define MSF_LEAD_IN		150u	/* frames before LBA 0 */

static uint64_t big_endian(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | *at++;
	return value;
}

/* 0: of a length that nothing here has (SPC-4, section 4.3.4.1) */
static uint8_t cdb_length(uint8_t opcode)
{
	static const uint8_t of_group[8] = { 6, 10, 10, 0, 16, 12, 0, 0 };

	return of_group[opcode >> 5];
}

/* @at: minute, second, frame (MMC-6, section 4.1.5.2); false: before LBA 0, or "where you are" */
static bool msf_lba(const uint8_t *at, uint64_t *lba)
{
	uint32_t frame = (at[0] * 60u + at[1]) * 75 + at[2];

	if (frame < MSF_LEAD_IN || at[0] == 0xff)
		return false;
	*lba = frame - MSF_LEAD_IN;
	return true;
}

/* First LBA, number of sectors, and where addresses of this width end; false: it names none. */
static bool cdb_sectors(const uint8_t *cdb, enum sectors_at at, uint64_t *lba, uint64_t *count, uint64_t *limit)
{
	uint64_t end;

	*lba = big_endian(cdb + 2, 4);
	*limit = 1ull << 32;
	switch (at) {
	case CDB_6:
		*lba = big_endian(cdb + 1, 3) & 0x1fffff;
		*count = cdb[4] ? cdb[4] : 256;
		*limit = 1ull << 21;
		return true;
	case CDB_10:
		*count = big_endian(cdb + 7, 2);
		return true;
	case CDB_12:
		*count = big_endian(cdb + 6, 4);
		return true;
	case CDB_16:
		*lba = big_endian(cdb + 2, 8);
		*count = big_endian(cdb + 10, 4);
		*limit = LBA_LIMIT_48;
		return true;
	case CDB_CD:
		*count = big_endian(cdb + 6, 3);
		return true;
	case CDB_MSF:
		if (!msf_lba(cdb + 3, lba) || !msf_lba(cdb + 6, &end) || end < *lba)
			return false;
		*count = end - *lba;
		return true;
	case NOWHERE:
		break;
	}
	return false;
}

static enum ahci_counter decode_cdb_sectors(const struct drive *drive, enum sectors_at at, struct command *c)
{
	bool cd = at == CDB_CD || at == CDB_MSF;
	uint64_t limit;

	if (!cdb_sectors(c->t.cdb, at, &c->t.first_lba, &c->t.sectors, &limit))
		return AHCI_RANGE;
	if (c->t.first_lba >= limit || c->t.sectors > limit - c->t.first_lba)
		return AHCI_RANGE;
	c->t.sector_size = drive->atapi && drive->sector_size ? drive->sector_size : CD_DATA_BYTES;
	if (cd)
		c->t.sector_size = (c->t.cdb[9] & CD_RAW) == CD_RAW ? CD_RAW_BYTES : CD_DATA_BYTES;
	c->bytes = c->t.sectors * (cd ? CD_SECTOR_MAX : c->t.sector_size);
	return COMMAND_RIGHT;
}

/* VERIFY that compares brings data (BYTCHK; SBC-3, section 5.29): it is no reading of the medium alone. */
static bool verifies_data(const uint8_t *cdb)
{
	return (cdb[0] == 0x2f || cdb[0] == 0xaf) && cdb[1] & 0x06;
}

enum ahci_counter packet_decode(const uint8_t cdb[16], const struct drive *drive, struct command *c)
{
	const struct row *row = &opcodes[cdb[0]];

	c->t.cdb_len = row->there ? cdb_length(cdb[0]) : sizeof(c->t.cdb);
	memcpy(c->t.cdb, cdb, c->t.cdb_len);
	c->hook = (int8_t)ata_hook(&c->t);
	if (!row->there || c->hook == ATA_FAILS || verifies_data(cdb))
		return AHCI_NO_ROW;
	c->meaning = row->meaning;
	c->out = row->direction == DIRECTION_OUT;
	c->t.features &= c->out ? PACKET_DMA : PACKET_DMA | PACKET_DMADIR;
	c->t.lba &= PACKET_LIMIT;
	if (row->sectors_at != NOWHERE)
		return decode_cdb_sectors(drive, row->sectors_at, c);
	c->bytes = row->direction == DIRECTION_NONE ? 0 : PACKET_BYTES_ANY;
	return COMMAND_RIGHT;
}
