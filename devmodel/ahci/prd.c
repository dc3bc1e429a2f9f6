/*
 * prd.c - PRD tables: read once, then gathered from, scattered to, or handed on
 */
#include "devmodel/ahci/prd.h"

#define ZEROS	4096u

static gpa_t address(const struct prd *p)
{
	return (gpa_t){ (uint64_t)p->dbau << 32 | p->dba };
}

static uint32_t length(const struct prd *p)
{
	return (p->dbc & PRD_DBC) + 1;
}

/* How much of @p is among @left bytes. */
static uint32_t part_of(const struct prd *p, uint64_t left)
{
	return length(p) < left ? length(p) : (uint32_t)left;
}

enum ahci_counter prds_read(const struct devmodel *d, gpa_t table, uint32_t count, struct prd *to, struct prds *out)
{
	gpa_t at;

	*out = (struct prds){ .at = to };
	if (!count)
		return PRDS_RIGHT;
	if (__builtin_add_overflow(table.a, sizeof(struct table), &at.a) ||
	    !d->ops->guest_read(d->host, at, to, count * (uint32_t)sizeof(*to)))
		return AHCI_ADDRESS;
	for (uint32_t i = 0; i < count; i++) {
		if (to[i].dba & 1 || !(to[i].dbc & 1))
			return AHCI_PRD;
		out->bytes += length(&to[i]);
		out->interrupts |= (to[i].dbc & PRD_I) != 0;
	}
	out->count = count;
	return PRDS_RIGHT;
}

bool prds_gather(const struct devmodel *d, const struct prds *p, uint8_t *to, uint64_t len)
{
	uint32_t part;

	for (uint32_t i = 0; i < p->count && len > 0; i++, len -= part, to += part) {
		part = part_of(&p->at[i], len);
		if (!d->ops->guest_read(d->host, address(&p->at[i]), to, part))
			return false;
	}
	return len == 0;
}

static bool write_zeros(const struct devmodel *d, gpa_t at, uint32_t len)
{
	static const uint8_t zeros[ZEROS];

	for (uint32_t part; len > 0; len -= part, at.a += part) {
		part = len < ZEROS ? len : ZEROS;
		if (!d->ops->guest_write(d->host, at, zeros, part))
			return false;
	}
	return true;
}

bool prds_scatter(const struct devmodel *d, const struct prds *p, const uint8_t *from, uint64_t len)
{
	uint32_t part;

	for (uint32_t i = 0; i < p->count && len > 0; i++, len -= part) {
		gpa_t at = address(&p->at[i]);

		part = part_of(&p->at[i], len);
		if (!(from ? d->ops->guest_write(d->host, at, from, part) : write_zeros(d, at, part)))
			return false;
		if (from)
			from += part;
	}
	return len == 0;
}

static struct prd make(dma_t at, uint32_t len, uint32_t flags)
{
	return (struct prd){ .dba = (uint32_t)at.a, .dbau = (uint32_t)(at.a >> 32), .dbc = (len - 1) | flags };
}

uint32_t prds_direct(const struct devmodel *d, const struct prds *p, uint64_t len, uint64_t end, struct prd *to)
{
	uint32_t i, part;
	dma_t at;

	for (i = 0; i < p->count && len > 0; i++, len -= part) {
		part = part_of(&p->at[i], len);
		if (!d->ops->guest_dma(d->host, address(&p->at[i]), part, &at) || at.a > end - part)
			return 0;
		if (to)
			to[i] = make(at, part, p->at[i].dbc & PRD_I);
	}
	return len == 0 ? i : 0;
}

uint32_t prds_whole(dma_t bus, uint64_t len, struct prd *to)
{
	uint32_t i, part;

	for (i = 0; len > 0; i++, len -= part, bus.a += part) {
		part = len < PRD_BYTES_MAX ? (uint32_t)len : PRD_BYTES_MAX;
		to[i] = make(bus, part, 0);
	}
	return i;
}
