/*
 * reader_image.c - raw disk images, as reads of 256 sectors one behind the other
 *
 * Holes of a sparse file are zeros that need no reading; they are judged like any others.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replay/capture.h"

#define IMAGE_SECTOR		512u
#define IMAGE_READ_SECTORS	256u
#define IMAGE_READ		(IMAGE_READ_SECTORS * IMAGE_SECTOR)
#define ATA_READ_DMA_EXT	0x25u	/* ACS-3 */

struct image_state {
	uint64_t sectors, next;		/* of the image; the next one to read */
	uint64_t hole_first, hole_end;	/* bytes of the last hole that was found */
	uint64_t data_end;		/* bytes up to here are known to be no hole */
	uint8_t *buf;			/* one read */
};

static int image_reader_open(struct reader *r)
{
	struct image_state *im = calloc(1, sizeof(*im));

	r->state = im;
	r->content = READER_DISK;
	if (im)
		im->buf = malloc(IMAGE_READ);
	if (!im || !im->buf)
		return reader_fault(r, "out of memory");
	if (!r->stream.regular)
		return reader_fault(r, "a raw image must be a file; its size cannot be seen here");
	if (!r->stream.size || r->stream.size % IMAGE_SECTOR)
		return reader_fault(r, "%llu bytes are no multiple of a sector of 512",
				    (unsigned long long)r->stream.size);
	im->sectors = r->stream.size / IMAGE_SECTOR;
	return 0;
}

/* Do the @len bytes at @offset lie in a hole?  Where the file system cannot tell: no. */
static bool in_hole(struct reader *r, struct image_state *im, uint64_t offset, uint32_t len)
{
	off_t data, hole;

	if (r->stream.fd < 0 || offset + len <= im->data_end)
		return false;
	if (offset >= im->hole_first && offset + len <= im->hole_end)
		return true;
	data = lseek(r->stream.fd, (off_t)offset, SEEK_DATA);
	if (data < 0 && errno == ENXIO)		/* a hole up to the end */
		data = (off_t)r->stream.size;
	if (data < 0) {
		im->data_end = UINT64_MAX;
		return false;
	}
	if ((uint64_t)data > offset) {
		im->hole_first = offset;
		im->hole_end = (uint64_t)data;
		return offset + len <= im->hole_end;
	}
	hole = lseek(r->stream.fd, (off_t)offset, SEEK_HOLE);
	im->data_end = hole < 0 ? UINT64_MAX : (uint64_t)hole;
	return false;
}

static int read_at(struct reader *r, uint64_t offset, uint8_t *buf, uint32_t len)
{
	uint32_t have = 0;

	if (r->stream.fd < 0) {
		memcpy(buf, r->stream.buf + offset, len);
		return 0;
	}
	while (have < len) {
		ssize_t got = pread(r->stream.fd, buf + have, len - have, (off_t)(offset + have));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return reader_fault(r, "%s", strerror(errno));
		if (!got)
			return reader_fault(r, "the image became shorter while it was read");
		have += (uint32_t)got;
	}
	return 0;
}

static int image_reader_next(struct reader *r, struct item *item)
{
	struct image_state *im = r->state;
	struct disk_transfer *d = &item->t.disk;
	uint64_t sectors = im->sectors - im->next, offset = im->next * IMAGE_SECTOR;
	uint32_t len;

	if (!sectors)
		return 0;
	if (sectors > IMAGE_READ_SECTORS)
		sectors = IMAGE_READ_SECTORS;
	len = (uint32_t)sectors * IMAGE_SECTOR;
	r->record++;
	r->record_offset = offset;
	if (in_hole(r, im, offset, len))
		memset(im->buf, 0, len);	/* the judge may have rewritten the last ones */
	else if (read_at(r, offset, im->buf, len) < 0)
		return -1;
	memset(item, 0, sizeof(*item));
	item->is_transfer = true;
	item->judged = true;
	item->disk_kind = DISK_TRACE_SECTORS;
	item->t.number = ++r->number;
	item->t.hook = HV_HOOK_DISK_READ;
	d->data = im->buf;
	d->data_len = len;
	d->command = ATA_READ_DMA_EXT;
	d->count = (uint16_t)sectors;
	d->lba = d->first_lba = im->next;
	d->sectors = sectors;
	d->sector_size = IMAGE_SECTOR;
	d->total_sectors = im->sectors;
	im->next += sectors;
	r->stream.base = offset + len;	/* reads go past the stream: keep its place */
	return 1;
}

static void image_reader_close(struct reader *r)
{
	struct image_state *im = r->state;

	if (im)
		free(im->buf);
	free(im);
	r->state = NULL;
}

const struct reader_ops reader_image_ops = {
	.open = image_reader_open,
	.next = image_reader_next,
	.close = image_reader_close,
};
