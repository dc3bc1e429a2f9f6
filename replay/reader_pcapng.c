/*
 * reader_pcapng.c - pcapng files (draft-ietf-opsawg-pcapng)
 *
 * Read by hand because libpcap gives neither the direction of a packet (epb_flags) nor files
 * whose interfaces differ in link type or snap length.
 */
#include <stdlib.h>
#include <string.h>

#include "replay/bytes.h"
#include "replay/capture.h"

/* Block types, section 11.1 */
#define BLOCK_SECTION		0x0a0d0d0au	/* reads the same in both byte orders */
#define BLOCK_INTERFACE		1u
#define BLOCK_PACKET		2u		/* obsolete */
#define BLOCK_SIMPLE		3u
#define BLOCK_ENHANCED		6u

#define BYTE_ORDER_MAGIC	0x1a2b3c4du
#define BLOCK_OVERHEAD		12u	/* type, length, and length again behind the body */

/* Options: 3.5, 4.2, 4.3 */
#define OPT_END			0u
#define OPT_EPB_FLAGS		2u
#define OPT_IF_TSRESOL		9u
#define OPT_IF_TSOFFSET		14u

#define NS_PER_S		1000000000ull
#define TSRESOL_MAX_DECIMAL	19u	/* 10^19 is the largest that 64 bits hold */
#define TSRESOL_MAX_BINARY	63u

struct interface {
	uint32_t link_type;
	uint32_t snap;
	uint64_t units;		/* of its time stamps in a second */
	int64_t offset_s;
};

struct pcapng_state {
	bool big_endian;	/* the section in hand */
	bool in_section;
	struct interface *interfaces;
	uint32_t interface_count, interface_room;
	struct disk_assembly assembly;
};

struct block {
	uint32_t type;
	uint8_t *bytes;		/* the whole block */
	uint32_t len;
	uint8_t *body;
	uint32_t body_len;
};

static uint16_t get16(const struct pcapng_state *p, const uint8_t *at)
{
	return p->big_endian ? get_be16(at) : get_le16(at);
}

static uint32_t get32(const struct pcapng_state *p, const uint8_t *at)
{
	return p->big_endian ? get_be32(at) : get_le32(at);
}

bool pcapng_is_magic(const uint8_t *head)
{
	return get_le32(head) == BLOCK_SECTION && (get_le32(head + 8) == BYTE_ORDER_MAGIC ||
						   get_be32(head + 8) == BYTE_ORDER_MAGIC);
}

/* A section header begins: its byte order holds from its own length on. */
static int begin_section(struct reader *r, struct pcapng_state *p)
{
	const uint8_t *h = stream_need(&r->stream, 12);

	if (!h)
		return reader_fault(r, "the section header is cut");
	if (!pcapng_is_magic(h))
		return reader_fault(r, "a section header without byte-order magic");
	p->big_endian = get_be32(h + 8) == BYTE_ORDER_MAGIC;
	p->in_section = true;
	p->interface_count = 0;
	return 0;
}

/* The next block: 1, 0 at the end, -1. */
static int next_block(struct reader *r, struct pcapng_state *p, struct block *b)
{
	struct stream *s = &r->stream;
	const uint8_t *h;

	r->record_offset = stream_offset(s);
	h = stream_need(s, 8);
	r->record++;
	if (!h) {
		if (fault_is_set(r->fault))
			return -1;
		return stream_ready(s) ? reader_fault(r, "the block header is cut") : 0;
	}
	b->type = get32(p, h);
	if (b->type == BLOCK_SECTION && begin_section(r, p) < 0)
		return -1;
	if (!p->in_section)
		return reader_fault(r, "a block before the first section");
	h = stream_need(s, 8);
	b->len = get32(p, h + 4);
	if (b->len < BLOCK_OVERHEAD || b->len % 4 || b->len > READER_MAX_BLOCK)
		return reader_fault(r, "a block of %u bytes; 12 to %u and a multiple of 4 are "
				    "possible", b->len, READER_MAX_BLOCK);
	b->bytes = stream_need(s, b->len);
	if (!b->bytes)
		return reader_fault(r, "cut: %zu of its %u bytes are there", stream_ready(s), b->len);
	if (get32(p, b->bytes + b->len - 4) != b->len)
		return reader_fault(r, "the two lengths of the block differ");
	stream_take(s, b->len);
	b->body = b->bytes + 8;
	b->body_len = b->len - BLOCK_OVERHEAD;
	return 1;
}

/*
 * The value of option @code in @len bytes of options at @opt, when it has @size bytes; NULL
 * when it is not there.  *@cut says whether the list ends within an option.
 */
static const uint8_t *option(const struct pcapng_state *p, const uint8_t *opt, uint32_t len,
			     uint16_t code, uint16_t size, bool *cut)
{
	*cut = false;
	while (len >= 4) {
		uint16_t c = get16(p, opt);
		uint32_t n = get16(p, opt + 2), padded = (n + 3) & ~3u;

		if (c == OPT_END)
			return NULL;
		if (padded > len - 4)
			break;
		if (c == code && n == size)
			return opt + 4;
		opt += 4 + padded;
		len -= 4 + padded;
	}
	*cut = len > 0;
	return NULL;
}

static int read_section(struct reader *r, const struct pcapng_state *p, const struct block *b)
{
	uint16_t major, minor;

	if (b->body_len < 16)
		return reader_fault(r, "a section header of %u bytes is too short", b->len);
	major = get16(p, b->body + 4);
	minor = get16(p, b->body + 6);
	if (major != 1 || (minor != 0 && minor != 2))
		return reader_fault(r, "pcapng version %u.%u; 1.0 can be read", major, minor);
	/* its length, 4.1: what is written of the section may be shorter, so it is not specified */
	memset(b->body + 8, 0xff, 8);
	return 0;
}

/* Units in a second by if_tsresol: 10 or, with the top bit, 2 to the power of its value. */
static uint64_t units_of(uint8_t resolution)
{
	unsigned exponent = resolution & 0x7f;
	uint64_t units = 1;

	if (resolution & 0x80)
		return exponent <= TSRESOL_MAX_BINARY ? 1ull << exponent : 0;
	if (exponent > TSRESOL_MAX_DECIMAL)
		return 0;
	while (exponent--)
		units *= 10;
	return units;
}

static int grow_interfaces(struct reader *r, struct pcapng_state *p)
{
	uint32_t room = p->interface_room ? p->interface_room * 2 : 8;
	struct interface *larger;

	if (p->interface_count < p->interface_room)
		return 0;
	if (p->interface_count >= READER_MAX_INTERFACES)
		return reader_fault(r, "more than %u interfaces", READER_MAX_INTERFACES);
	larger = realloc(p->interfaces, room * sizeof(*larger));
	if (!larger)
		return reader_fault(r, "out of memory");
	p->interfaces = larger;
	p->interface_room = room;
	return 0;
}

static int read_interface(struct reader *r, struct pcapng_state *p, const struct block *b)
{
	const uint8_t *value;
	struct interface *i;
	bool cut;

	if (b->body_len < 8)
		return reader_fault(r, "an interface of %u bytes is too short", b->len);
	if (grow_interfaces(r, p) < 0)
		return -1;
	i = &p->interfaces[p->interface_count++];
	i->link_type = get16(p, b->body);
	i->snap = get32(p, b->body + 4);
	i->units = 1000000;
	i->offset_s = 0;
	value = option(p, b->body + 8, b->body_len - 8, OPT_IF_TSRESOL, 1, &cut);
	if (value)
		i->units = units_of(*value);
	if (!i->units)
		return reader_fault(r, "an impossible resolution of time stamps");
	value = option(p, b->body + 8, b->body_len - 8, OPT_IF_TSOFFSET, 8, &cut);
	if (value)
		i->offset_s = (int64_t)(p->big_endian ? get_be64(value) : get_le64(value));
	else if (cut)
		return reader_fault(r, "an option of the interface is cut");
	return 0;
}

/* Nanoseconds since 1970; what 64 bits cannot hold becomes the nearest they can. */
static uint64_t time_of(const struct interface *i, uint64_t stamp)
{
	unsigned __int128 fraction = (unsigned __int128)(stamp % i->units) * NS_PER_S / i->units;
	__int128 seconds = (__int128)(stamp / i->units) + i->offset_s;

	if (seconds < 0)
		return 0;
	if (seconds > UINT64_MAX / NS_PER_S - 1)
		return UINT64_MAX;
	return (uint64_t)seconds * NS_PER_S + (uint64_t)fraction;
}

static void read_direction(const struct pcapng_state *p, const uint8_t *options, uint32_t len,
			   struct capture_record *rec)
{
	static const enum capture_direction direction[4] = {
		CAPTURE_UNKNOWN, CAPTURE_IN, CAPTURE_OUT, CAPTURE_UNKNOWN,
	};
	bool cut;
	const uint8_t *value = option(p, options, len, OPT_EPB_FLAGS, 4, &cut);

	rec->says = value ? direction[get32(p, value) & 3] : CAPTURE_UNKNOWN;
}

/* Where the parts of the three packet blocks lie in their bodies. */
static int read_packet(struct reader *r, const struct pcapng_state *p, const struct block *b,
		       struct capture_record *rec)
{
	uint32_t header = b->type == BLOCK_SIMPLE ? 4 : 20, number = 0, captured, padded;
	const struct interface *i;

	if (b->body_len < header)
		return reader_fault(r, "a packet block of %u bytes is too short", b->len);
	if (b->type == BLOCK_ENHANCED)
		number = get32(p, b->body);
	else if (b->type == BLOCK_PACKET)
		number = get16(p, b->body);
	if (number >= p->interface_count)
		return reader_fault(r, "a packet of interface %u, of %u", number, p->interface_count);
	i = &p->interfaces[number];
	if (b->type == BLOCK_SIMPLE) {
		rec->wire_len = get32(p, b->body);
		captured = capture_snap(rec->wire_len, i->snap);
		rec->time_ns = 0;
	} else {
		captured = get32(p, b->body + 12);
		rec->wire_len = get32(p, b->body + 16);
		rec->time_ns = time_of(i, (uint64_t)get32(p, b->body + 4) << 32 |
				       get32(p, b->body + 8));
	}
	if (captured > READER_MAX_RECORD || captured > b->body_len - header)
		return reader_fault(r, "a captured length of %u bytes in a block of %u", captured,
				    b->len);
	padded = (captured + 3) & ~3u;
	rec->says = CAPTURE_UNKNOWN;
	if (b->type != BLOCK_SIMPLE && padded <= b->body_len - header)
		read_direction(p, b->body + header + padded, b->body_len - header - padded, rec);
	rec->bytes = b->body + header;
	rec->captured = capture_snap(captured, i->snap);
	rec->raw = b->bytes;
	rec->raw_len = b->len;
	return capture_link_type(r, i->link_type);
}

static void raw_item(const struct block *b, struct item *item)
{
	item->is_transfer = false;
	item->raw = b->bytes;
	item->raw_len = b->len;
}

static int pcapng_reader_open(struct reader *r)
{
	r->state = calloc(1, sizeof(struct pcapng_state));
	return r->state ? 0 : reader_fault(r, "out of memory");
}

/* One block: 1 with an item, 0 when it gives none, -1. */
static int give(struct reader *r, struct pcapng_state *p, const struct block *b, struct item *item)
{
	struct capture_record rec;
	int n = 0;

	switch (b->type) {
	case BLOCK_ENHANCED:
	case BLOCK_PACKET:
	case BLOCK_SIMPLE:
		if (read_packet(r, p, b, &rec) < 0)
			return -1;
		if (r->content == READER_DISK)
			return disk_assembly_add(r, &p->assembly, &rec, item);
		capture_net_item(r, &rec, item);
		return 1;
	case BLOCK_SECTION:
		n = read_section(r, p, b);
		break;
	case BLOCK_INTERFACE:
		n = read_interface(r, p, b);
		break;
	default:
		break;		/* names, statistics, ...: copied, not read */
	}
	raw_item(b, item);
	return n < 0 ? -1 : 1;
}

static int pcapng_reader_next(struct reader *r, struct item *item)
{
	struct pcapng_state *p = r->state;
	struct block b = { 0 };
	int n;

	while ((n = next_block(r, p, &b)) > 0) {
		int given = give(r, p, &b, item);

		if (given)
			return given;
	}
	return n ? n : disk_assembly_end(r, &p->assembly);
}

static void pcapng_reader_close(struct reader *r)
{
	struct pcapng_state *p = r->state;

	if (p) {
		disk_assembly_free(&p->assembly);
		free(p->interfaces);
	}
	free(p);
	r->state = NULL;
}

const struct reader_ops reader_pcapng_ops = {
	.open = pcapng_reader_open,
	.next = pcapng_reader_next,
	.close = pcapng_reader_close,
};
