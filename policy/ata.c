/*
 * ata.c - what an ATA or ATAPI command is, and which hook judges it
 */
#include "policy/ata.h"

enum guard { GUARD_P, GUARD_G, GUARD_S };

struct row {
	const char *name;
	uint8_t class;		/* enum ata_class */
	uint8_t guard;		/* enum guard */
};

static const struct row commands[256] = {
#define ATA_COMMAND(code, cls, grd, nm) [code] = { nm, ATA_##cls, GUARD_##grd },
#define SCSI_OPCODE(code, cls, grd, nm)
#include "policy/ata.def"
#undef ATA_COMMAND
#undef SCSI_OPCODE
};

static const struct row opcodes[256] = {
#define ATA_COMMAND(code, cls, grd, nm)
#define SCSI_OPCODE(code, cls, grd, nm) [code] = { nm, ATA_##cls, GUARD_##grd },
#include "policy/ata.def"
#undef ATA_COMMAND
#undef SCSI_OPCODE
};

static const struct row vendor_row = { "vendor specific", ATA_VENDOR, GUARD_P };
static const struct row reserved_row = { "reserved", ATA_RESERVED, GUARD_P };

/* ACS-3 table B.1: vendor specific codes. */
static bool is_vendor_command(uint8_t c)
{
	return (c >= 0x80 && c <= 0x8f) || c == 0x9a || (c >= 0xc1 && c <= 0xc3) || c == 0xf0 ||
	       c == 0xf7 || c >= 0xfa;
}

static const struct row *command_row(uint8_t c)
{
	if (commands[c].name)
		return &commands[c];
	return is_vendor_command(c) ? &vendor_row : &reserved_row;
}

/* SPC-4 table D.1: C0h and above are vendor specific. */
static const struct row *opcode_row(uint8_t c)
{
	if (opcodes[c].name)
		return &opcodes[c];
	return c >= 0xc0 ? &vendor_row : &reserved_row;
}

/* SCT commands and data are written to log addresses E0h and E1h (ACS-3 section 8). */
static bool is_sct_log(uint64_t lba)
{
	return (lba & 0xfe) == 0xe0;
}

/* Logs A0h to BFh are the vendor's (ACS-3 table A.2); drives take vendor commands there. */
static bool is_vendor_log(uint64_t lba)
{
	return (lba & 0xff) >= 0xa0 && (lba & 0xff) <= 0xbf;
}

static struct ata_info with(const char *name, enum ata_class class, bool guarded)
{
	return (struct ata_info){ .name = name, .class = class, .guarded = guarded };
}

/* ACS-3 section 7.48 (and ATA8-ACS for the obsolete ones). */
static struct ata_info decode_smart(const struct disk_transfer *d)
{
	switch (d->features & 0xff) {
	case 0xd0:
		return with("SMART READ DATA", ATA_MODEL, false);
	case 0xd1:
		return with("SMART READ THRESHOLDS", ATA_MODEL, false);
	case 0xd2:
		return with("SMART ATTRIBUTE AUTOSAVE", ATA_CONTROL, false);
	case 0xd3:
		return with("SMART SAVE ATTRIBUTES", ATA_CONTROL, false);
	case 0xd4:
		/* Subcommands 40h to 7Eh and 90h to FFh are the vendor's. */
		if (((d->lba & 0xff) >= 0x40 && (d->lba & 0xff) <= 0x7e) ||
		    (d->lba & 0xff) >= 0x90)
			return with("SMART vendor specific test", ATA_VENDOR, false);
		return with("SMART EXECUTE OFF-LINE IMMEDIATE", ATA_CONTROL, false);
	case 0xd5:
		return with("SMART READ LOG", ATA_MODEL, false);
	case 0xd6:
		if (is_vendor_log(d->lba))
			return with("SMART WRITE LOG vendor specific", ATA_VENDOR, false);
		return with("SMART WRITE LOG", ATA_CONTROL, is_sct_log(d->lba));
	case 0xd8:
		return with("SMART ENABLE OPERATIONS", ATA_CONTROL, false);
	case 0xd9:
		return with("SMART DISABLE OPERATIONS", ATA_CONTROL, false);
	case 0xda:
		return with("SMART RETURN STATUS", ATA_MODEL, false);
	case 0xdb:
		return with("SMART AUTOMATIC OFF-LINE", ATA_CONTROL, false);
	}
	/* E0h to FFh are vendor specific. */
	if ((d->features & 0xff) >= 0xe0)
		return with("SMART vendor specific", ATA_VENDOR, false);
	return with("SMART reserved", ATA_RESERVED, false);
}

/* ACS-3 section 7.45: transfer modes and power states are the model's. */
static struct ata_info decode_set_features(const struct disk_transfer *d)
{
	switch (d->features & 0xff) {
	case 0x03:
		return with("SET FEATURES transfer mode", ATA_MODEL, false);
	case 0x05: case 0x85:
		return with("SET FEATURES advanced power management", ATA_MODEL, false);
	case 0x07:
		return with("SET FEATURES spin-up", ATA_MODEL, false);
	case 0x44: case 0x54: case 0x56: case 0x57: case 0xd6: case 0xd7:
		/* vendor specific ECC length and the like (ATA-4) */
		return with("SET FEATURES vendor specific", ATA_VENDOR, false);
	}
	if ((d->features & 0xff) >= 0xf0)
		return with("SET FEATURES reserved for CFA", ATA_REFUSED, false);
	return with("SET FEATURES", ATA_CONTROL, false);
}

static struct ata_info decode_packet(const struct disk_transfer *d)
{
	const struct row *r;

	if (d->cdb_len == 0)
		return with("PACKET without a command", ATA_RESERVED, false);
	r = opcode_row(d->cdb[0]);
	/* SBC-3: SERVICE ACTION IN(16) is READ CAPACITY(16) with service action 10h only. */
	if (d->cdb[0] == 0x9e && (d->cdb_len < 2 || (d->cdb[1] & 0x1f) != 0x10))
		return with("SERVICE ACTION IN(16)", ATA_REFUSED, false);
	return with(r->name, r->class, r->guard == GUARD_G);
}

struct ata_info ata_decode(const struct disk_transfer *d)
{
	const struct row *r = command_row(d->command);

	switch (d->command) {
	case 0x06:
		/* ACS-3 section 7.5: TRIM is bit 0, all else reserved. */
		if (d->features != 1)
			return with("DATA SET MANAGEMENT reserved", ATA_RESERVED, false);
		break;
	case 0x3f: case 0x57:
		if (is_vendor_log(d->lba))
			return with("WRITE LOG vendor specific", ATA_VENDOR, false);
		break;
	case 0x78:
		/* Feature 0 only asks (GET NATIVE MAX ADDRESS EXT). */
		if (d->features == 0)
			return with("GET NATIVE MAX ADDRESS EXT", ATA_MODEL, false);
		break;
	case 0xa0:
		return decode_packet(d);
	case 0xb0:
		return decode_smart(d);
	case 0xef:
		return decode_set_features(d);
	}
	return with(r->name, r->class,
		    r->guard == GUARD_G || (r->guard == GUARD_S && is_sct_log(d->lba)));
}

int ata_hook(const struct disk_transfer *d)
{
	switch (ata_decode(d).class) {
	case ATA_READ:
		return HV_HOOK_DISK_READ;
	case ATA_WRITE:
		return HV_HOOK_DISK_WRITE;
	case ATA_TRIM:
	case ATA_CONTROL:
		return HV_HOOK_DISK_CONTROL;
	case ATA_MODEL:
		return ATA_NOT_JUDGED;
	}
	return ATA_FAILS;
}

const char *ata_command_name(uint8_t command)
{
	return command_row(command)->name;
}
