/*
 * writer.c - write transfers again: captures as they came, disk commands as a disk trace
 *
 * A packet is written with the bytes of its record in the input, in which the judge has
 * rewritten the frame: byte order, precision, link type and options stay what they were.
 */
#include "replay/writer.h"

#include <stdlib.h>
#include <string.h>

#include "replay/bytes.h"
#include "replay/capture.h"

#define PCAP_MAGIC_NSEC		0xa1b23c4du
#define NS_PER_S		1000000000u

int writer_open(struct writer *w, const char *path, struct fault *f)
{
	memset(w, 0, sizeof(*w));
	w->fault = f;
	return output_open(&w->out, path, f);
}

void writer_raw(struct writer *w, const struct item *item)
{
	uint8_t *larger;

	if (w->content == READER_NET)
		output_write(&w->out, item->raw, item->raw_len);
	if (w->content != READER_UNKNOWN)
		return;
	if (item->raw_len > WRITER_MAX_PENDING - w->pending_len) {
		fault_set(w->fault, "%s: more than %u bytes before the first packet", w->out.path,
			  WRITER_MAX_PENDING);
		return;
	}
	larger = realloc(w->pending, w->pending_len + item->raw_len);
	if (!larger) {
		fault_set(w->fault, "%s: out of memory", w->out.path);
		return;
	}
	memcpy(larger + w->pending_len, item->raw, item->raw_len);
	w->pending = larger;
	w->pending_len += item->raw_len;
}

static void trace_header(struct writer *w)
{
	uint8_t h[24] = { 0 };

	put_le32(h, PCAP_MAGIC_NSEC);
	put_le16(h + 4, 2);
	put_le16(h + 6, 4);
	put_le32(h + 16, READER_MAX_RECORD);
	put_le32(h + 20, LINKTYPE_USER0);
	output_write(&w->out, h, sizeof(h));
}

void writer_decide(struct writer *w, enum reader_content content)
{
	if (w->content != READER_UNKNOWN || content == READER_UNKNOWN)
		return;
	w->content = content;
	if (content == READER_DISK)
		trace_header(w);
	else if (w->pending_len)
		output_write(&w->out, w->pending, w->pending_len);
	free(w->pending);
	w->pending = NULL;
	w->pending_len = 0;
}

static void header_of(const struct item *item, uint64_t id, struct disk_trace_header *h)
{
	const struct disk_transfer *d = &item->t.disk;

	memset(h, 0, sizeof(*h));
	h->id = id;
	h->hook = item->judged ? (uint8_t)item->t.hook : DISK_TRACE_NOT_JUDGED;
	h->data = item->disk_kind;
	h->total = item->disk_kind == DISK_TRACE_RANGES ?
		   (uint64_t)d->range_count * DISK_TRACE_RANGE : d->data_len;
	h->unit = d->unit;
	h->port = d->port;
	h->command = d->command;
	h->cdb_len = d->cdb_len;
	memcpy(h->cdb, d->cdb, sizeof(h->cdb));
	h->ata_status = item->ata_status;
	h->ata_error = item->ata_error;
	h->features = d->features;
	h->count = d->count;
	h->sector_size = d->sector_size;
	h->lba = d->lba;
	h->first_lba = d->first_lba;
	h->sectors = d->sectors;
	h->total_sectors = d->total_sectors;
}

static void write_ranges(struct writer *w, const struct disk_transfer *d, uint64_t offset,
			 uint32_t len)
{
	uint32_t i, first = (uint32_t)(offset / DISK_TRACE_RANGE);

	for (i = 0; i < len / DISK_TRACE_RANGE; i++) {
		uint8_t bytes[DISK_TRACE_RANGE];

		put_le64(bytes, d->ranges[first + i].lba);
		put_le64(bytes + 8, d->ranges[first + i].sectors);
		output_write(&w->out, bytes, sizeof(bytes));
	}
}

static void write_part(struct writer *w, const struct item *item, struct disk_trace_header *h,
		       uint32_t len, bool zeros)
{
	static const uint8_t nothing[DISK_TRACE_PART];
	uint8_t bytes[16 + DISK_TRACE_HEADER];

	put_le32(bytes, (uint32_t)(item->t.time_ns / NS_PER_S));
	put_le32(bytes + 4, (uint32_t)(item->t.time_ns % NS_PER_S));
	put_le32(bytes + 8, DISK_TRACE_HEADER + len);
	put_le32(bytes + 12, DISK_TRACE_HEADER + len);
	disk_trace_encode(h, bytes + 16);
	output_write(&w->out, bytes, sizeof(bytes));
	if (h->data == DISK_TRACE_RANGES)
		write_ranges(w, &item->t.disk, h->offset, len);
	else if (zeros)
		output_write(&w->out, nothing, len);
	else if (len)
		output_write(&w->out, item->t.disk.data + h->offset, len);
}

void writer_transfer(struct writer *w, const struct item *item, bool zeros)
{
	struct disk_trace_header h;

	if (item->t.hook == HV_HOOK_NET_OUT || item->t.hook == HV_HOOK_NET_IN) {
		writer_decide(w, READER_NET);
		output_write(&w->out, item->raw, item->raw_len);
		return;
	}
	writer_decide(w, READER_DISK);
	header_of(item, ++w->id, &h);
	do {
		uint64_t left = h.total - h.offset;
		uint32_t len = left < DISK_TRACE_PART ? (uint32_t)left : DISK_TRACE_PART;

		write_part(w, item, &h, len, zeros);
		h.offset += len;
	} while (h.offset < h.total);
}

void writer_flush(struct writer *w)
{
	if (w->out.path)
		writer_decide(w, READER_NET);
	output_flush(&w->out);
}

int writer_commit(struct writer *w)
{
	writer_flush(w);
	return output_commit(&w->out);
}

void writer_abort(struct writer *w)
{
	free(w->pending);
	w->pending = NULL;
	output_abort(&w->out);
}
