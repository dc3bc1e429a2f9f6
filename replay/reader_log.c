/*
 * reader_log.c - dm-log-writes logs, as Linux's device mapper and QEMU's blklogwrites make them
 *
 * Linux: Documentation/admin-guide/device-mapper/log-writes.rst.  All numbers are
 * little-endian.  A sector of the log's sector size holds the super block, one each an entry;
 * a write's sectors follow its entry.  Writes become `disk write`, discards become a TRIM of
 * `disk control`; flushes alone and marks carry nothing to judge.
 */
#include <stdlib.h>
#include <string.h>

#include "replay/bytes.h"
#include "replay/capture.h"

#define LOG_VERSION		1u
#define LOG_SUPER		28u	/* bytes of the super block in use */
#define LOG_ENTRY		32u	/* bytes of an entry in use */
#define LOG_SECTOR_MIN		512u
#define LOG_SECTOR_MAX		65536u

#define LOG_FLUSH		1u
#define LOG_FUA			2u
#define LOG_DISCARD		4u
#define LOG_MARK		8u
#define LOG_METADATA		16u

/* ACS-3 */
#define ATA_DATA_SET_MANAGEMENT	0x06u
#define ATA_DSM_TRIM		1u	/* its FEATURES */
#define ATA_WRITE_DMA_EXT	0x35u
#define ATA_WRITE_DMA_FUA_EXT	0x3du
#define ATA_COUNT_MAX		65536u	/* sectors of one command; COUNT 0 stands for it */

struct log_state {
	uint32_t sector_size;
	uint64_t entries;		/* still to come */
	/* the rest of the write in hand */
	bool fua;
	uint64_t lba, left;		/* sectors */
	struct disk_range range;
};

static int log_reader_open(struct reader *r)
{
	struct log_state *l = calloc(1, sizeof(*l));
	const uint8_t *h;

	r->state = l;
	r->content = READER_DISK;
	if (!l)
		return reader_fault(r, "out of memory");
	h = stream_need(&r->stream, LOG_SUPER);
	if (!h)
		return reader_fault(r, "the super block is cut");
	if (get_le64(h) != DM_LOG_MAGIC)
		return reader_fault(r, "no dm-log-writes log");
	if (get_le64(h + 8) != LOG_VERSION)
		return reader_fault(r, "version %llu of the dm-log-writes log; 1 can be read",
				    (unsigned long long)get_le64(h + 8));
	l->entries = get_le64(h + 16);
	l->sector_size = get_le32(h + 24);
	if (l->sector_size < LOG_SECTOR_MIN || l->sector_size > LOG_SECTOR_MAX ||
	    (l->sector_size & (l->sector_size - 1)))
		return reader_fault(r, "a sector size of %u bytes; powers of two from %u to %u are "
				    "possible", l->sector_size, LOG_SECTOR_MIN, LOG_SECTOR_MAX);
	if (stream_skip(&r->stream, l->sector_size) < 0)
		return reader_fault(r, "the super block is cut");
	return 0;
}

static struct disk_transfer *begin_item(struct reader *r, const struct log_state *l,
					enum hv_hook hook, struct item *item)
{
	memset(item, 0, sizeof(*item));
	item->is_transfer = true;
	item->judged = true;
	item->t.number = ++r->number;
	item->t.hook = hook;
	item->t.disk.sector_size = l->sector_size;
	return &item->t.disk;
}

/*
 * A piece of the write in hand.  An entry can be larger than a command: it is judged as the
 * commands that a drive would have been given.
 */
static int give_write(struct reader *r, struct log_state *l, struct item *item)
{
	uint64_t sectors = READER_MAX_TRANSFER / l->sector_size;
	struct disk_transfer *d;
	uint8_t *data;
	size_t bytes;

	if (sectors > ATA_COUNT_MAX)
		sectors = ATA_COUNT_MAX;
	if (sectors > l->left)
		sectors = l->left;
	bytes = (size_t)sectors * l->sector_size;
	data = stream_need(&r->stream, bytes);
	if (!data)
		return reader_fault(r, "the data of the entry are cut");
	stream_take(&r->stream, bytes);
	d = begin_item(r, l, HV_HOOK_DISK_WRITE, item);
	item->disk_kind = DISK_TRACE_SECTORS;
	d->data = data;
	d->data_len = (uint32_t)bytes;
	d->command = l->fua ? ATA_WRITE_DMA_FUA_EXT : ATA_WRITE_DMA_EXT;
	d->count = (uint16_t)sectors;
	d->lba = d->first_lba = l->lba;
	d->sectors = sectors;
	l->lba += sectors;
	l->left -= sectors;
	return 1;
}

static int give_trim(struct reader *r, struct log_state *l, uint64_t sectors, struct item *item)
{
	struct disk_transfer *d = begin_item(r, l, HV_HOOK_DISK_CONTROL, item);

	item->disk_kind = DISK_TRACE_RANGES;
	l->range.lba = l->lba;
	l->range.sectors = sectors;
	d->command = ATA_DATA_SET_MANAGEMENT;
	d->features = ATA_DSM_TRIM;
	d->count = 1;
	d->ranges = &l->range;
	d->range_count = 1;
	return 1;
}

/* The next entry: 1 when it gives an item, 0 when it has nothing to judge, -1. */
static int read_entry(struct reader *r, struct log_state *l, struct item *item)
{
	const uint8_t *h = stream_need(&r->stream, LOG_ENTRY);
	uint64_t sectors, flags;

	r->record_offset = stream_offset(&r->stream);
	r->record++;
	if (!h)
		return reader_fault(r, "the log ends %llu entries before the number in its super "
				    "block", (unsigned long long)l->entries);
	l->lba = get_le64(h);
	sectors = get_le64(h + 8);
	flags = get_le64(h + 16);
	if (stream_skip(&r->stream, l->sector_size) < 0)
		return reader_fault(r, "the entry is cut");
	l->entries--;
	if (flags & ~(uint64_t)(LOG_FLUSH | LOG_FUA | LOG_DISCARD | LOG_MARK | LOG_METADATA))
		return reader_fault(r, "unknown flags 0x%llx", (unsigned long long)flags);
	if ((flags & LOG_MARK) || !sectors)
		return 0;
	if (l->lba >> 48 || sectors > (1ull << 48) - l->lba)
		return reader_fault(r, "sectors behind LBA 2^48");
	if (flags & LOG_DISCARD)
		return give_trim(r, l, sectors, item);
	l->fua = flags & LOG_FUA;
	l->left = sectors;
	return give_write(r, l, item);
}

static int log_reader_next(struct reader *r, struct item *item)
{
	struct log_state *l = r->state;

	if (l->left)
		return give_write(r, l, item);
	while (l->entries) {
		int n = read_entry(r, l, item);

		if (n)
			return n;
	}
	return 0;
}

static void log_reader_close(struct reader *r)
{
	free(r->state);
	r->state = NULL;
}

const struct reader_ops reader_log_ops = {
	.open = log_reader_open,
	.next = log_reader_next,
	.close = log_reader_close,
};
