/*
 * reader.c - tell the kind of an input by its content, open the reader for it
 */
#include "replay/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/bytes.h"
#include "replay/capture.h"

#define SNIFF		32u	/* bytes that are enough to tell the formats apart */

const char *const reader_format_name[READER_FORMATS] = {
	[READER_AUTO] = "auto",
	[READER_PCAP] = "pcap",
	[READER_PCAPNG] = "pcapng",
	[READER_LOG] = "log",
	[READER_IMAGE] = "image",
};

static const struct reader_ops *const format_ops[READER_FORMATS] = {
	[READER_PCAP] = &reader_pcap_ops,
	[READER_PCAPNG] = &reader_pcapng_ops,
	[READER_LOG] = &reader_log_ops,
	[READER_IMAGE] = &reader_image_ops,
};

/* What would be taken for a raw image, and is none. */
static const struct {
	const char *magic;
	size_t len;
	const char *what;
} refused[] = {
	{ "\x1f\x8b", 2, "compressed (gzip); decompress it first" },
	{ "\xfd" "7zXZ\0", 6, "compressed (xz); decompress it first" },
	{ "\x28\xb5\x2f\xfd", 4, "compressed (zstd); decompress it first" },
	{ "BZh", 3, "compressed (bzip2); decompress it first" },
	{ "QFI\xfb", 4, "a qcow2 image; convert it to a raw one first" },
	{ "KDMV", 4, "a VMDK image; convert it to a raw one first" },
	{ "vhdxfile", 8, "a VHDX image; convert it to a raw one first" },
	{ "\x7f" "ELF", 4, "an ELF file, no trace" },
};

int reader_fault(struct reader *r, const char *format, ...)
{
	char text[FAULT_TEXT];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return fault_set(r->fault, "%s: record %llu at offset %llu: %s", r->stream.name,
			 (unsigned long long)r->record, (unsigned long long)r->record_offset, text);
}

static int refuse(struct reader *r, const uint8_t *head, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (len >= refused[i].len && !memcmp(head, refused[i].magic, refused[i].len))
			return fault_set(r->fault, "%s: is %s (or say --format image)",
					 r->stream.name, refused[i].what);
	return 0;
}

static enum reader_format format_of(const uint8_t *head, size_t len)
{
	if (len >= 4 && pcap_is_magic(head))
		return READER_PCAP;
	if (len >= 12 && pcapng_is_magic(head))
		return READER_PCAPNG;
	if (len >= 8 && get_le64(head) == DM_LOG_MAGIC)
		return READER_LOG;
	return READER_AUTO;
}

/* An input that is nothing else is a raw image when its size allows. */
static int tell_format(struct reader *r, enum reader_format *format)
{
	struct stream *s = &r->stream;
	const uint8_t *head;
	size_t len;

	stream_need(s, SNIFF);		/* as many of them as there are */
	if (fault_is_set(r->fault))
		return -1;
	len = stream_ready(s);
	head = s->buf + s->pos;
	if (!len)
		return fault_set(r->fault, "%s: is empty", s->name);
	*format = format_of(head, len);
	if (*format != READER_AUTO)
		return 0;
	if (refuse(r, head, len) < 0)
		return -1;
	if (!s->regular || s->size % 512)
		return fault_set(r->fault, "%s: is no capture (pcap, pcapng), no disk trace and no "
				 "dm-log-writes log, and as a raw image it would have to be a file "
				 "of a multiple of 512 bytes", s->name);
	*format = READER_IMAGE;
	return 0;
}

static int start(struct reader *r, enum reader_format format)
{
	if (format == READER_AUTO && tell_format(r, &format) < 0)
		return -1;
	r->format = format;
	r->ops = format_ops[format];
	return r->ops->open(r);
}

static void clear(struct reader *r, const struct locals *locals, struct fault *f)
{
	memset(r, 0, sizeof(*r));
	r->fault = f;
	r->locals = locals;
}

int reader_open(struct reader *r, const char *path, enum reader_format format,
		const struct locals *locals, struct fault *f)
{
	clear(r, locals, f);
	if (stream_open(&r->stream, path, f) < 0)
		return -1;
	return start(r, format);
}

int reader_open_memory(struct reader *r, const void *bytes, size_t len, enum reader_format format,
		       const struct locals *locals, struct fault *f)
{
	clear(r, locals, f);
	if (stream_memory(&r->stream, "memory", bytes, len, f) < 0)
		return -1;
	r->stream.regular = true;
	return start(r, format);
}

void reader_close(struct reader *r)
{
	if (r->ops)
		r->ops->close(r);
	r->ops = NULL;
	stream_close(&r->stream);
}

const char *reader_describe(const struct reader *r)
{
	static const char *const capture[] = {
		[READER_UNKNOWN] = "capture",
		[READER_NET] = "capture of packets",
		[READER_DISK] = "disk trace",
	};

	switch (r->format) {
	case READER_LOG:
		return "dm-log-writes log";
	case READER_IMAGE:
		return "raw image, as reads";
	default:
		return capture[r->content];
	}
}
