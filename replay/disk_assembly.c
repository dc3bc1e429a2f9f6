/*
 * disk_assembly.c - parts of a disk command, put together again
 *
 * The parts of a command follow each other, in order and without gaps: whoever records judged
 * the command as a whole, so nothing can come in between.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/ata.h"
#include "replay/bytes.h"
#include "replay/capture.h"

/* A header that continues @first says the same but for its offset. */
static bool continues(const struct disk_trace_header *first, const struct disk_trace_header *h,
		      uint32_t have)
{
	return h->id == first->id && h->offset == have && h->total == first->total &&
	       h->hook == first->hook && h->data == first->data && h->unit == first->unit &&
	       h->port == first->port && h->command == first->command &&
	       h->cdb_len == first->cdb_len && h->features == first->features &&
	       h->count == first->count && h->sector_size == first->sector_size &&
	       h->lba == first->lba && h->first_lba == first->first_lba &&
	       h->sectors == first->sectors && h->total_sectors == first->total_sectors &&
	       !memcmp(h->cdb, first->cdb, sizeof(h->cdb));
}

/* Memory grows with the data that came, not with what a header announces. */
static int append(struct reader *r, struct disk_assembly *a, const uint8_t *part, uint32_t len)
{
	if (len > a->room - a->have) {
		uint32_t room = a->room < READER_MAX_RECORD ? READER_MAX_RECORD : a->room * 2;
		uint8_t *larger = realloc(a->data, room);

		if (!larger)
			return reader_fault(r, "out of memory");
		a->data = larger;
		a->room = room;
	}
	memcpy(a->data + a->have, part, len);
	a->have += len;
	return 0;
}

/* Ranges as the judge wants them. */
static int take_ranges(struct reader *r, struct disk_assembly *a, const uint8_t *data,
		       struct disk_transfer *d)
{
	uint32_t i, count = (uint32_t)(a->head.total / DISK_TRACE_RANGE);

	if (count > a->range_room) {
		struct disk_range *larger = realloc(a->ranges, count * sizeof(*larger));

		if (!larger)
			return reader_fault(r, "out of memory");
		a->ranges = larger;
		a->range_room = count;
	}
	for (i = 0; i < count; i++) {
		struct disk_range *range = &a->ranges[i];

		range->lba = get_le64(data + (size_t)i * DISK_TRACE_RANGE);
		range->sectors = get_le64(data + (size_t)i * DISK_TRACE_RANGE + 8);
		if (range->lba >> 48 || range->sectors > (1ull << 48) - range->lba)
			return reader_fault(r, "range %u lies behind LBA 2^48", i);
	}
	d->ranges = count ? a->ranges : NULL;
	d->range_count = count;
	return 0;
}

/*
 * The command decides which hook judges it, by the table that the hypervisor uses; what the
 * record says of it must not contradict where that decides how its data are read.
 */
static int set_hook(struct reader *r, const struct disk_trace_header *h, struct item *item)
{
	int hook = ata_hook(&item->t.disk);
	bool told = h->hook == HV_HOOK_DISK_WRITE || h->hook == HV_HOOK_DISK_READ;
	bool is = hook == HV_HOOK_DISK_WRITE || hook == HV_HOOK_DISK_READ;

	if (told != is || (is && hook != h->hook))
		return reader_fault(r, "command 0x%02x does not fit the hook that the record names",
				    h->command);
	item->judged = hook != ATA_NOT_JUDGED;
	item->fails = hook == ATA_FAILS;
	item->t.hook = hook >= 0 ? (enum hv_hook)hook : HV_HOOK_DISK_CONTROL;
	return 0;
}

/* The item of a transfer whose data are all at @data. */
static int whole(struct reader *r, struct disk_assembly *a, uint8_t *data, uint64_t time_ns,
		 struct item *item)
{
	const struct disk_trace_header *h = &a->head;
	struct disk_transfer *d = &item->t.disk;

	memset(item, 0, sizeof(*item));
	item->is_transfer = true;
	item->disk_kind = h->data;
	item->ata_status = h->ata_status;
	item->ata_error = h->ata_error;
	item->t.number = r->number + 1;
	item->t.time_ns = time_ns;
	d->data = h->total && h->data != DISK_TRACE_RANGES ? data : NULL;
	d->data_len = d->data ? (uint32_t)h->total : 0;
	d->command = h->command;
	d->unit = h->unit;
	d->port = h->port;
	d->cdb_len = h->cdb_len;
	memcpy(d->cdb, h->cdb, sizeof(d->cdb));
	d->features = h->features;
	d->count = h->count;
	d->lba = h->lba;
	d->first_lba = h->first_lba;
	d->sectors = h->sectors;
	d->sector_size = h->sector_size;
	d->total_sectors = h->total_sectors;
	if (set_hook(r, h, item) < 0)
		return -1;
	if (h->data == DISK_TRACE_RANGES && take_ranges(r, a, data, d) < 0)
		return -1;
	a->open = false;
	a->last_id = h->id;
	r->number++;
	return 1;
}

int disk_assembly_add(struct reader *r, struct disk_assembly *a, const struct capture_record *rec,
		      struct item *item)
{
	struct disk_trace_header h;
	const char *wrong = disk_trace_decode(&h, rec->bytes, rec->captured, READER_MAX_TRANSFER);
	uint32_t len;

	if (wrong)
		return reader_fault(r, "%s", wrong);
	if (rec->wire_len > rec->captured)
		return reader_fault(r, "a part of a disk command is cut by a snap length");
	len = rec->captured - h.size;
	if (len > h.total - h.offset)
		return reader_fault(r, "the part is longer than the rest of the data");
	if (a->open && !continues(&a->head, &h, a->have))
		return reader_fault(r, "transfer %llu is not whole: %u of its %llu bytes are there",
				    (unsigned long long)a->head.id, a->have,
				    (unsigned long long)a->head.total);
	if (!a->open) {
		if (h.offset || h.id <= a->last_id)
			return reader_fault(r, "transfer %llu begins in the middle or comes twice",
					    (unsigned long long)h.id);
		a->head = h;
		a->have = 0;
		if (len == h.total)
			return whole(r, a, rec->bytes + h.size, rec->time_ns, item);
		a->open = true;
	}
	if (!len)
		return reader_fault(r, "a part without data");
	if (append(r, a, rec->bytes + h.size, len) < 0)
		return -1;
	return a->have == h.total ? whole(r, a, a->data, rec->time_ns, item) : 0;
}

int disk_assembly_end(struct reader *r, const struct disk_assembly *a)
{
	if (!a->open)
		return 0;
	return reader_fault(r, "the input ends within transfer %llu: %u of its %llu bytes are there",
			    (unsigned long long)a->head.id, a->have,
			    (unsigned long long)a->head.total);
}

void disk_assembly_free(struct disk_assembly *a)
{
	free(a->data);
	free(a->ranges);
	a->data = NULL;
	a->ranges = NULL;
}
