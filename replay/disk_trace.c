/*
 * disk_trace.c - the header of a disk trace's record, to bytes and back
 */
#include "replay/disk_trace.h"

#include <string.h>

#include "replay/bytes.h"

#define LBA_MAX		((1ull << 48) - 1)	/* ACS-3: 48-bit LBAs */
#define SECTOR_SIZE_MIN	512u
#define SECTOR_SIZE_MAX	65536u

void disk_trace_encode(const struct disk_trace_header *h, uint8_t bytes[DISK_TRACE_HEADER])
{
	put_le32(bytes, DISK_TRACE_MAGIC);
	put_le16(bytes + 4, DISK_TRACE_VERSION);
	put_le16(bytes + 6, DISK_TRACE_HEADER);
	put_le64(bytes + 8, h->id);
	put_le64(bytes + 16, h->offset);
	put_le64(bytes + 24, h->total);
	bytes[32] = h->hook;
	bytes[33] = h->data;
	bytes[34] = h->unit;
	bytes[35] = h->port;
	bytes[36] = h->command;
	bytes[37] = h->cdb_len;
	bytes[38] = h->ata_status;
	bytes[39] = h->ata_error;
	put_le16(bytes + 40, h->features);
	put_le16(bytes + 42, h->count);
	put_le32(bytes + 44, h->sector_size);
	put_le64(bytes + 48, h->lba);
	put_le64(bytes + 56, h->first_lba);
	put_le64(bytes + 64, h->sectors);
	put_le64(bytes + 72, h->total_sectors);
	memcpy(bytes + 80, h->cdb, sizeof(h->cdb));
}

static void decode(struct disk_trace_header *h, const uint8_t *bytes)
{
	h->size = get_le16(bytes + 6);
	h->id = get_le64(bytes + 8);
	h->offset = get_le64(bytes + 16);
	h->total = get_le64(bytes + 24);
	h->hook = bytes[32];
	h->data = bytes[33];
	h->unit = bytes[34];
	h->port = bytes[35];
	h->command = bytes[36];
	h->cdb_len = bytes[37];
	h->ata_status = bytes[38];
	h->ata_error = bytes[39];
	h->features = get_le16(bytes + 40);
	h->count = get_le16(bytes + 42);
	h->sector_size = get_le32(bytes + 44);
	h->lba = get_le64(bytes + 48);
	h->first_lba = get_le64(bytes + 56);
	h->sectors = get_le64(bytes + 64);
	h->total_sectors = get_le64(bytes + 72);
	memcpy(h->cdb, bytes + 80, sizeof(h->cdb));
}

/* The sectors that a read or write names are some that a drive can have. */
static const char *check_sectors(const struct disk_trace_header *h)
{
	if (h->first_lba > LBA_MAX)
		return "the first LBA has more than 48 bits";
	if (h->sectors > UINT32_MAX || h->sectors > LBA_MAX + 1 - h->first_lba)
		return "more sectors than a drive can have";
	if (h->data == DISK_TRACE_SECTORS && h->sectors * h->sector_size != h->total)
		return "the length of the data is not that of its sectors";
	return NULL;
}

static const char *check_data(const struct disk_trace_header *h, uint64_t max_total)
{
	bool read_or_write = h->hook == HV_HOOK_DISK_WRITE || h->hook == HV_HOOK_DISK_READ;

	if (h->data >= DISK_TRACE_DATA_KINDS)
		return "an unknown kind of data";
	if (h->total > max_total)
		return "more data than one command may have";
	if (h->offset > h->total)
		return "the part lies behind the data's end";
	if (h->data == DISK_TRACE_NO_DATA && h->total)
		return "data where the header says there is none";
	if (h->data == DISK_TRACE_SECTORS && !read_or_write)
		return "sectors where nothing is read or written";
	if (h->data == DISK_TRACE_RANGES && h->hook != HV_HOOK_DISK_CONTROL)
		return "ranges where nothing is trimmed";
	if (h->data == DISK_TRACE_RANGES && h->total % DISK_TRACE_RANGE)
		return "the length of the ranges is no multiple of 16";
	if (h->data == DISK_TRACE_OTHER && read_or_write)
		return "a read or write whose data are no sectors";
	return NULL;
}

const char *disk_trace_decode(struct disk_trace_header *h, const uint8_t *bytes, size_t len,
			      uint64_t max_total)
{
	const char *wrong;

	if (len < DISK_TRACE_HEADER)
		return "shorter than the header of a disk trace's record";
	if (get_le32(bytes) != DISK_TRACE_MAGIC)
		return "no disk trace: its magic number is wrong";
	if (get_le16(bytes + 4) != DISK_TRACE_VERSION)
		return "an unknown version of the disk trace";
	decode(h, bytes);
	if (h->size < DISK_TRACE_HEADER || h->size > DISK_TRACE_MAX_HEADER || h->size > len)
		return "an impossible length of the header";
	if (!h->id)
		return "transfer 0; they are numbered from 1";
	if ((h->hook < HV_HOOK_DISK_WRITE || h->hook > HV_HOOK_DISK_CONTROL) &&
	    h->hook != DISK_TRACE_NOT_JUDGED)
		return "an unknown hook";
	if (h->cdb_len > sizeof(h->cdb))
		return "a command block of more than 16 bytes";
	if (h->sector_size < SECTOR_SIZE_MIN || h->sector_size > SECTOR_SIZE_MAX)
		return "an impossible sector size";
	if (h->lba > LBA_MAX)
		return "an LBA of more than 48 bits";
	if (h->total_sectors > LBA_MAX + 1)
		return "a drive of more than 2^48 sectors";
	wrong = check_data(h, max_total);
	if (!wrong && (h->hook == HV_HOOK_DISK_WRITE || h->hook == HV_HOOK_DISK_READ))
		wrong = check_sectors(h);
	return wrong;
}
