/*
 * registers.c - an access of the guest becomes a register's: widths, the I/O window, the allow-list
 */
#include "devmodel/e1000/registers.h"

#define ALL	UINT32_MAX

enum { I8254X = 1u << 0, I82574 = 1u << 1, BOTH = I8254X | I82574 };

/* 82574: MSI-X alone uses these, which the guest has not */
enum { CTRL_EXT_EIAME = 1u << 24, CTRL_EXT_PBA_CLR = 1u << 31 };
/* A PAUSE frame at once, which nobody judges. */
enum { TCTL_SWXOFF = 1u << 22 };
/* Frames of the device's own making, or of a management controller's. */
enum { MANC_SMBUS_EN = 1u << 0, MANC_ASF_EN = 1u << 1, MANC_ARP_RES_EN = 1u << 15 };
/* DMA past the caches would not be of the bytes that were judged. */
enum { GCR_NO_SNOOP = 0x3f };

/* Stamps are asked for and told in descriptors, and the guest's are not the device's. */
enum { TSYNC_EN = 1u << 4 };

struct row {
	uint32_t first, last;
	uint32_t families;
	register_read_fn *read;
	register_write_fn *write;
	uint32_t bits;
};

static uint32_t pass_read(struct e1000 *n, uint32_t offset)
{
	return dev_read(n, offset);
}

static void pass_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	dev_write(n, offset, value);
}

static void none_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	n->counter[E1000_REGISTER]++;
}

static uint32_t zero_read(struct e1000 *n, uint32_t offset)
{
	return 0;
}

static void zero_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
}

static const struct row rows[] = {
#define REGISTER(first, last, families, read, write, bits) { first, last, families, read##_read, write##_write, bits },
#include "devmodel/e1000/register.def"
#undef REGISTER
};

/* NULL: no register of the guest's. */
static const struct row *find(const struct e1000 *n, uint32_t offset)
{
	uint32_t from = 0, to = sizeof(rows) / sizeof(rows[0]);

	while (from < to) {
		uint32_t middle = (from + to) / 2;

		if (offset < rows[middle].first)
			to = middle;
		else if (offset > rows[middle].last)
			from = middle + 1;
		else
			return rows[middle].families & (n->family->extended ? I82574 : I8254X) ? &rows[middle] : NULL;
	}
	return NULL;
}

bool register_is(const struct e1000 *n, uint32_t offset)
{
	return find(n, offset);
}

uint32_t register_read(struct e1000 *n, uint32_t offset)
{
	const struct row *r = find(n, offset);

	if (r)
		return r->read(n, offset);
	n->counter[E1000_REGISTER]++;
	return 0;
}

uint32_t register_value(struct e1000 *n, uint32_t offset)
{
	const struct row *r = find(n, offset);

	return r && r->read == ring_read ? ring_value(n, offset) : register_read(n, offset);
}

void register_write(struct e1000 *n, uint32_t offset, uint32_t value)
{
	const struct row *r = find(n, offset);

	if (r)
		r->write(n, offset, value & r->bits);
	else
		none_write(n, offset, value);
}

/* The @size bytes that an access at @offset has of the dword. */
static uint32_t part(uint32_t dword, uint32_t offset, unsigned size)
{
	dword >>= (offset & 3) * 8;
	return size == 1 ? dword & 0xff : size == 2 ? dword & 0xffff : dword;
}

/*
 * Registers are dwords (8254x manual, section 13.1): they are written as such, and a narrow read gives its part of one.
 * Eight bytes are two, the low one first, as a 32-bit bus has them.
 */
static void access(struct e1000 *n, uint32_t offset, unsigned size, bool write, uint64_t *value)
{
	bool dwords = !(offset & 3) && size >= 4;
	uint64_t given = *value;

	if (!write)
		*value = 0;
	if (offset >= E1000_BAR0_BYTES || size > E1000_BAR0_BYTES - offset ||
	    (!dwords && (write || (offset & 3) + size > 4))) {
		n->counter[E1000_WIDTH]++;
		return;
	}
	if (write)
		register_write(n, offset, (uint32_t)given);
	else
		*value = part(register_read(n, offset & ~3u), offset, size);
	if (size == 8 && write)
		register_write(n, offset + 4, (uint32_t)(given >> 32));
	else if (size == 8)
		*value |= (uint64_t)register_read(n, offset + 4) << 32;
}

/* Those that come with packets: where the receive ring ends is all that they need of the open page. */
static bool is_frequent(uint32_t offset)
{
	return offset == E1000_STATUS || (offset >= E1000_ICR && offset <= E1000_IMC) || offset == E1000_TDT;
}

void e1000_access(struct e1000 *n, uint32_t offset, unsigned size, bool write, uint64_t *value)
{
	open_page_take(n, !is_frequent(offset));
	access(n, offset, size, write, value);
	open_page_follow(n, write && open_page_has(offset));
}

/* The register that IOADDR names.  Flash, from 80000h on, is not the guest's. */
static void io_data(struct e1000 *n, uint32_t offset, unsigned size, bool write, uint32_t *value)
{
	uint64_t v = *value;

	if (n->ioaddr >= E1000_BAR0_BYTES || n->ioaddr & 3) {
		n->counter[E1000_REGISTER]++;
		return;
	}
	e1000_access(n, n->ioaddr + (offset & 3), size, write, &v);
	*value = (uint32_t)v;
}

/* IOADDR at 0, IODATA at 4 (8254x manual, section 13.2.2). */
void e1000_port(struct e1000 *n, uint32_t offset, unsigned size, bool write, uint32_t *value)
{
	if (!write)
		*value = 0;
	if ((offset & 3) + size > 4 || (write && size != 4))
		n->counter[E1000_WIDTH]++;
	else if (offset >= 8)
		n->counter[E1000_REGISTER]++;
	else if (offset >= 4)
		io_data(n, offset, size, write, value);
	else if (write)
		n->ioaddr = *value;
	else
		*value = part(n->ioaddr, offset, size);
}
