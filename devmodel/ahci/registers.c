/*
 * registers.c - an access of the guest becomes a register's: widths, the index/data pair, the allow-list
 */
#include "devmodel/ahci/registers.h"

#define ALL	UINT32_MAX

/* All but semaphores and the like are reserved [3.1.11]. */
enum { BOHC_ALL = 0x1f };
/* The bits of PxIS that may interrupt [3.3.6]. */
#define PxIE_ALL	0xfdc000ffu

struct generic_row {
	generic_read_fn *read;
	generic_write_fn *write;
	uint32_t bits;
};

struct port_row {
	port_read_fn *read;
	port_write_fn *write;
	uint32_t bits;
};

static uint32_t generic_pass_read(struct ahci *h, uint32_t offset)
{
	return hba_read(h, offset);
}

static uint32_t port_pass_read(struct port *p, uint32_t offset)
{
	return port_read(p, offset);
}

static void generic_none_write(struct ahci *h, uint32_t offset, uint32_t value)
{
	hba_count(h, AHCI_REGISTER);
}

static void port_none_write(struct port *p, uint32_t offset, uint32_t value)
{
	hba_count(p->hba, AHCI_REGISTER);
}

static void firm_write(struct ahci *h, uint32_t offset, uint32_t value)
{
}

/* The rows' words for these. */
#define pass_read	generic_pass_read
#define none_write	generic_none_write
static const struct generic_row generic_rows[PORT_AT(0) / 4] = {
#define GENERIC(offset, read, write, bits) [(offset) / 4] = { read##_read, write##_write, bits },
#define PORT(offset, read, write, bits)
#include "devmodel/ahci/register.def"
#undef GENERIC
#undef PORT
};
#undef pass_read
#undef none_write

#define pass_read	port_pass_read
#define none_write	port_none_write
static const struct port_row port_rows[PORT_BYTES / 4] = {
#define GENERIC(offset, read, write, bits)
#define PORT(offset, read, write, bits) [(offset) / 4] = { read##_read, write##_write, bits },
#include "devmodel/ahci/register.def"
#undef GENERIC
#undef PORT
};
#undef pass_read
#undef none_write

/* NULL: no register of the guest's. */
static const struct generic_row *generic_row(uint32_t offset)
{
	return offset < PORT_AT(0) && generic_rows[offset / 4].read ? &generic_rows[offset / 4] : NULL;
}

static const struct port_row *port_row(uint32_t offset)
{
	const struct port_row *r = &port_rows[offset % PORT_BYTES / 4];

	return r->read ? r : NULL;
}

/* The port that has the register at @offset, or NULL. */
static struct port *port_at(struct ahci *h, uint32_t offset)
{
	uint32_t n = (offset - PORT_AT(0)) / PORT_BYTES;

	return offset >= PORT_AT(0) && n < PORTS_MAX && h->pi >> n & 1 ? &h->port[n] : NULL;
}

static uint32_t read_dword(struct ahci *h, uint32_t offset)
{
	const struct generic_row *g = generic_row(offset);
	const struct port_row *r = port_row(offset);
	struct port *p = port_at(h, offset);

	if (g)
		return g->read(h, offset);
	if (p && r)
		return r->read(p, offset % PORT_BYTES);
	hba_count(h, AHCI_REGISTER);
	return 0;
}

static void write_dword(struct ahci *h, uint32_t offset, uint32_t value)
{
	const struct generic_row *g = generic_row(offset);
	const struct port_row *r = port_row(offset);
	struct port *p = port_at(h, offset);

	if (g)
		g->write(h, offset, value & g->bits);
	else if (p && r && !h->resetting)
		r->write(p, offset % PORT_BYTES, value & r->bits);
	else
		hba_count(h, AHCI_REGISTER);
}

/* The @size bytes that an access at @offset has of the dword. */
static uint32_t part(uint32_t dword, uint32_t offset, unsigned size)
{
	dword >>= (offset & 3) * 8;
	return size == 1 ? dword & 0xff : size == 2 ? dword & 0xffff : dword;
}

/*
 * A narrow read gives its part.  A narrow write would have to be one of a whole register, of which other bits clear
 * what is set, or start commands: it vanishes.  Eight bytes are two dwords, the low one first.
 */
static void access(struct ahci *h, uint32_t offset, unsigned size, bool write, uint64_t *value)
{
	bool dwords = !(offset & 3) && size >= 4;
	uint64_t given = *value;

	if (!write)
		*value = 0;
	if (!dwords && (write || (offset & 3) + size > 4)) {
		hba_count(h, AHCI_WIDTH);
		return;
	}
	if (write)
		write_dword(h, offset, (uint32_t)given);
	else
		*value = part(read_dword(h, offset & ~3u), offset, size);
	if (size == 8 && write)
		write_dword(h, offset + 4, (uint32_t)(given >> 32));
	else if (size == 8)
		*value |= (uint64_t)read_dword(h, offset + 4) << 32;
}

void ahci_access(struct ahci *h, uint32_t offset, unsigned size, bool write, uint64_t *value)
{
	h->burst = 0;
	hba_settle(h);
	access(h, offset, size, write, value);
	hba_rest(h);
}

/* The index register at @index_pair, the data register behind it [10.14]. */
void ahci_io(struct ahci *h, uint32_t offset, unsigned size, bool write, uint32_t *value)
{
	uint32_t at = offset - h->index_pair;
	uint64_t v = *value;

	if (!write)
		*value = 0;
	if (h->index_pair == ~0u || at >= 8) {
		hba_count(h, AHCI_REGISTER);
	} else if ((at & 3) + size > 4 || (write && size != 4)) {
		hba_count(h, AHCI_WIDTH);
	} else if (at >= 4) {
		ahci_access(h, h->index + (at & 3), size, write, &v);
		*value = (uint32_t)v;
	} else if (write) {
		h->index = (uint32_t)v & ~3u;
	} else {
		*value = part(h->index, at, size);
	}
}
