/*
 * reader_pcap.c - pcap files: both byte orders, microseconds and nanoseconds
 *
 * Read by hand instead of through libpcap, which copies each packet and whose errors name no
 * place; the tests hold this reader against libpcap on every capture they have.
 */
#include <stdlib.h>
#include <string.h>

#include "replay/bytes.h"
#include "replay/capture.h"

#define FILE_HEADER		24u
#define RECORD_HEADER		16u
#define RECORD_HEADER_MODIFIED	24u	/* of Alexey Kuznetzov's patched libpcap */

#define MAGIC_USEC		0xa1b2c3d4u
#define MAGIC_NSEC		0xa1b23c4du
#define MAGIC_MODIFIED		0xa1b2cd34u

#define NS_PER_S		1000000000u

struct pcap_state {
	bool swapped;			/* the file is big-endian */
	bool header_given;		/* the raw item of the file header */
	uint32_t fraction_ns;		/* of the unit behind the seconds */
	uint32_t record_header;		/* bytes */
	uint32_t snap;
	uint16_t minor;
	uint8_t header[FILE_HEADER];
	struct disk_assembly assembly;
};

static uint32_t get32(const struct pcap_state *p, const uint8_t *at)
{
	return p->swapped ? get_be32(at) : get_le32(at);
}

static bool magic_known(uint32_t magic)
{
	return magic == MAGIC_USEC || magic == MAGIC_NSEC || magic == MAGIC_MODIFIED;
}

bool pcap_is_magic(const uint8_t *head)
{
	return magic_known(get_le32(head)) || magic_known(get_be32(head));
}

static int read_header(struct reader *r, struct pcap_state *p)
{
	const uint8_t *h = stream_need(&r->stream, FILE_HEADER);
	uint32_t magic;
	uint16_t major;

	if (!h)
		return reader_fault(r, "the file header is cut");
	memcpy(p->header, h, FILE_HEADER);
	magic = get_le32(h);
	if (!magic_known(magic)) {
		p->swapped = true;
		magic = get_be32(h);
	}
	if (!magic_known(magic))
		return reader_fault(r, "no pcap file");
	p->fraction_ns = magic == MAGIC_NSEC ? 1 : 1000;
	p->record_header = magic == MAGIC_MODIFIED ? RECORD_HEADER_MODIFIED : RECORD_HEADER;
	major = p->swapped ? get_be16(h + 4) : get_le16(h + 4);
	p->minor = p->swapped ? get_be16(h + 6) : get_le16(h + 6);
	if (major != 2 || p->minor > 4)
		return reader_fault(r, "pcap version %u.%u; 2.0 to 2.4 can be read", major, p->minor);
	p->snap = get32(p, h + 16);
	/* The upper half holds the length of a frame check sequence and reserved bits. */
	if (capture_link_type(r, get32(p, h + 20) & 0xffff) < 0)
		return -1;
	stream_take(&r->stream, FILE_HEADER);
	return 0;
}

static int pcap_reader_open(struct reader *r)
{
	r->state = calloc(1, sizeof(struct pcap_state));
	if (!r->state)
		return reader_fault(r, "out of memory");
	return read_header(r, r->state);
}

/* Lengths as versions before 2.4 meant them: the two words were the other way round. */
static void old_lengths(const struct pcap_state *p, uint32_t *captured, uint32_t *wire_len)
{
	uint32_t swap = *captured;

	if (p->minor < 3 || (p->minor == 3 && *captured > *wire_len)) {
		*captured = *wire_len;
		*wire_len = swap;
	}
}

/* The next record: 1, 0 at the end, -1. */
static int next_record(struct reader *r, struct pcap_state *p, struct capture_record *rec)
{
	struct stream *s = &r->stream;
	uint32_t captured, wire_len, header = p->record_header;
	uint8_t *h;

	r->record_offset = stream_offset(s);
	h = stream_need(s, header);
	r->record++;
	if (!h) {
		if (fault_is_set(r->fault))
			return -1;
		return stream_ready(s) ? reader_fault(r, "the record header is cut") : 0;
	}
	rec->time_ns = (uint64_t)get32(p, h) * NS_PER_S +
		       (uint64_t)get32(p, h + 4) * p->fraction_ns;
	captured = get32(p, h + 8);
	wire_len = get32(p, h + 12);
	if (p->minor < 4)
		old_lengths(p, &captured, &wire_len);
	if (captured > READER_MAX_RECORD)
		return reader_fault(r, "a captured length of %u bytes; at most %u are possible",
				    captured, READER_MAX_RECORD);
	h = stream_need(s, header + captured);
	if (!h)
		return reader_fault(r, "cut: %zu of its %u bytes are there",
				    stream_ready(s) - header, captured);
	stream_take(s, header + captured);
	rec->raw = h;
	rec->raw_len = header + captured;
	rec->bytes = h + header;
	rec->captured = capture_snap(captured, p->snap);
	rec->wire_len = wire_len;
	rec->says = CAPTURE_UNKNOWN;
	return 1;
}

static int pcap_reader_next(struct reader *r, struct item *item)
{
	struct pcap_state *p = r->state;
	struct capture_record rec;
	int n;

	if (!p->header_given) {
		p->header_given = true;
		item->is_transfer = false;
		item->raw = p->header;
		item->raw_len = FILE_HEADER;
		return 1;
	}
	if (r->content == READER_NET) {
		n = next_record(r, p, &rec);
		if (n > 0)
			capture_net_item(r, &rec, item);
		return n;
	}
	while ((n = next_record(r, p, &rec)) > 0) {
		int whole = disk_assembly_add(r, &p->assembly, &rec, item);

		if (whole)
			return whole;
	}
	return n ? n : disk_assembly_end(r, &p->assembly);
}

static void pcap_reader_close(struct reader *r)
{
	struct pcap_state *p = r->state;

	if (p)
		disk_assembly_free(&p->assembly);
	free(p);
	r->state = NULL;
}

const struct reader_ops reader_pcap_ops = {
	.open = pcap_reader_open,
	.next = pcap_reader_next,
	.close = pcap_reader_close,
};
