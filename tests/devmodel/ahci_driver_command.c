/*
 * ahci_driver_command.c - a small AHCI driver of the tests' own: commands and their data
 */
#include "tests/devmodel/ahci_driver.h"

#include <string.h>

#define MEMORY_LOW	0x00200000ull
#define MEMORY_LOW_END	0x00c00000ull
#define MEMORY_HIGH	0x100200000ull
#define GAP		32u		/* bytes between buffers, at least */

/* All that was taken is free again when no slot is in use. */
static uint64_t take_memory(struct ahci_driver *d, uint32_t len)
{
	bool used = d->pinned;
	uint64_t at;

	for (unsigned p = 0; p < DRIVER_PORTS; p++) {
		for (unsigned i = 0; i < SLOTS; i++)
			used |= d->port[p].slot[i].state != DRIVER_FREE;
	}
	if (!used || d->free == 0)
		d->free = d->c.high ? MEMORY_HIGH : MEMORY_LOW;
	if (d->free <= MEMORY_LOW_END && d->free + len > MEMORY_LOW_END)
		d->free = MEMORY_HIGH;
	at = d->free;
	d->free = (at + len + 4095) & ~4095ull;
	return at;
}

/* The length of PRD @i when @left bytes are to come. */
static uint32_t piece(enum layout layout, uint32_t i, uint32_t left)
{
	static const uint32_t odd[] = { 2, 510, 514, 6, 4094, 62, 8194, 4, 1026, 128 };
	uint32_t n = PRD_BYTES_MAX;

	if (layout == LAYOUT_PAGES)
		n = 4096;
	else if (layout == LAYOUT_ODD)
		n = odd[i % 10];
	else if (layout == LAYOUT_TINY && i < PRDS_MAX - 1)
		n = 2;
	return n < left ? n : left;
}

/* Bytes behind the last PRD that the command does not need. */
static uint32_t extra(enum layout layout)
{
	return layout == LAYOUT_LONG ? 1024 : 0;
}

static uint32_t count_prds(enum layout layout, uint32_t len)
{
	uint32_t n = 0;

	for (uint32_t at = 0; at < len; n++)
		at += piece(layout, n, len - at);
	return n;
}

static uint32_t gap(enum layout layout, uint32_t i)
{
	return layout == LAYOUT_TINY ? 2 : layout == LAYOUT_ODD ? GAP + 2 * (i % 3) : GAP;
}

/* Where PRDs lie: behind each other with gaps, or from the end backwards. */
static void place(struct ahci_driver *d, struct ahci_driver_slot *s, const struct ahci_driver_command *c,
		  struct prd *prd)
{
	uint64_t at = s->table + sizeof(struct table) + s->prds * sizeof(*prd) + GAP, end = s->memory + s->memory_len;
	uint32_t done = 0;

	at = c->layout == LAYOUT_ODD ? at + 2 : (at + 511) & ~511ull;
	for (uint32_t i = 0; i < s->prds; i++) {
		uint32_t n = piece(c->layout, i, s->len - done);
		uint64_t where = at;

		if (c->layout == LAYOUT_PAGES) {
			end = (end - 4096) & ~4095ull;
			where = end;
		} else {
			at += n + gap(c->layout, i);
		}
		prd[i] = (struct prd){ .dba = (uint32_t)where, .dbau = (uint32_t)(where >> 32), .dbc = n - 1 };
		if (i + 1 == s->prds)
			prd[i].dbc += extra(c->layout);
		if (c->data && c->out)
			memcpy(d->memory(d->host, where, n), c->data + done, n);
		done += n;
	}
}

static void encode(const struct ahci_driver_command *c, unsigned slot, bool queued, uint8_t *fis)
{
	fis[0] = FIS_H2D;
	fis[1] = FIS_C;
	fis[2] = c->command;
	fis[3] = (uint8_t)c->features;
	fis[11] = (uint8_t)(c->features >> 8);
	fis[12] = queued ? (uint8_t)(slot << 3) : (uint8_t)c->count;
	fis[13] = (uint8_t)(c->count >> 8);
	for (unsigned i = 0; i < 3; i++) {
		fis[4 + i] = (uint8_t)(c->lba >> 8 * i);
		fis[8 + i] = (uint8_t)(c->lba >> (24 + 8 * i));
	}
	fis[7] = c->device;
	if (!c->chs)
		fis[7] |= DEVICE_LBA;
	if (!c->ext) {
		fis[7] |= (uint8_t)(c->lba >> 24 & 15);
		fis[8] = fis[9] = fis[10] = 0;
	}
}

void ahci_driver_issue(struct ahci_driver *d, unsigned port, unsigned slot, const struct ahci_driver_command *c)
{
	struct ahci_driver_port *p = &d->port[port];
	uint32_t prds = count_prds(c->layout, c->len);
	uint32_t need = 256 + 4096 + prds * (uint32_t)sizeof(struct prd) + c->len + prds * (GAP + 8) + 4096 * 2 + 1024;
	uint64_t memory = take_memory(d, need);
	struct ahci_driver_slot s = {
		.state = c->hold ? DRIVER_HELD : DRIVER_BUSY, .queued = c->command == 0x60 || c->command == 0x61,
		.out = c->out, .packet = c->cdb_len, .table = memory, .memory = memory, .memory_len = need,
		.len = c->len, .prds = prds,
	};
	struct header h = { .flags = (uint16_t)(5 | c->flags), .prdtl = (uint16_t)prds, .ctba = (uint32_t)memory,
			    .ctbau = (uint32_t)(memory >> 32) };
	struct table *t = (struct table *)d->memory(d->host, memory, need);

	if (!t) {
		d->bad = true;
		d->why = "the test's commands need more memory than the machine has";
		return;
	}
	memset(t, DRIVER_CANARY, need);
	memset(t, 0, sizeof(*t));
	h.flags |= (uint16_t)((c->out ? HEADER_W : 0) | (c->cdb_len ? HEADER_A : 0));
	encode(c, slot, s.queued, t->cfis);
	memcpy(t->acmd, c->cdb, c->cdb_len);
	place(d, &s, c, t->prd);
	if (c->prd_interrupts && prds)
		t->prd[prds - 1].dbc |= PRD_I;
	memcpy(d->memory(d->host, p->list + slot * sizeof(h), sizeof(h)), &h, sizeof(h));
	p->slot[slot] = s;
	if (c->hold)
		return;
	if (s.queued)
		ahci_driver_port_write(d, port, PxSACT, 1u << slot);
	ahci_driver_port_write(d, port, PxCI, 1u << slot);
}

void ahci_driver_go(struct ahci_driver *d, unsigned port)
{
	uint32_t all = 0, queued = 0;

	for (unsigned i = 0; i < SLOTS; i++) {
		struct ahci_driver_slot *s = &d->port[port].slot[i];

		if (s->state != DRIVER_HELD)
			continue;
		s->state = DRIVER_BUSY;
		all |= 1u << i;
		queued |= s->queued ? 1u << i : 0;
	}
	if (queued)
		ahci_driver_port_write(d, port, PxSACT, queued);
	ahci_driver_port_write(d, port, PxCI, all);
}

/* @i of its PRDs, as they still stand in memory. */
static struct prd *prd_of(struct ahci_driver *d, const struct ahci_driver_slot *s, uint32_t i)
{
	return (struct prd *)d->memory(d->host, s->table + sizeof(struct table) + i * sizeof(struct prd),
				       sizeof(struct prd));
}

uint64_t ahci_driver_gpa(struct ahci_driver *d, unsigned port, unsigned slot, uint32_t at)
{
	const struct ahci_driver_slot *s = &d->port[port].slot[slot];

	for (uint32_t i = 0; i < s->prds; i++) {
		const struct prd *e = prd_of(d, s, i);
		uint32_t n = (e->dbc & PRD_DBC) + 1;

		if (at < n)
			return (e->dba | (uint64_t)e->dbau << 32) + at;
		at -= n;
	}
	return 0;
}

void ahci_driver_data(struct ahci_driver *d, unsigned port, unsigned slot, uint8_t *to, uint32_t len)
{
	const struct ahci_driver_slot *s = &d->port[port].slot[slot];
	uint32_t done = 0;

	for (uint32_t i = 0; i < s->prds && done < len; i++) {
		const struct prd *e = prd_of(d, s, i);
		uint32_t n = (e->dbc & PRD_DBC) + 1;

		n = n < len - done ? n : len - done;
		memcpy(to + done, d->memory(d->host, e->dba | (uint64_t)e->dbau << 32, n), n);
		done += n;
	}
}

/* Blank what the command may use; all else must still be canaries. */
/* Has each of @len bytes the value that memory has before a command? */
static bool is_untouched(const uint8_t *at, uint32_t len)
{
	return !len || (at[0] == DRIVER_CANARY && !memcmp(at, at + 1, len - 1));
}

bool ahci_driver_release(struct ahci_driver *d, unsigned port, unsigned slot)
{
	struct ahci_driver_slot *s = &d->port[port].slot[slot];
	uint8_t *all = d->memory(d->host, s->memory, s->memory_len);
	uint32_t done = 0, head = (uint32_t)sizeof(struct table) + s->prds * (uint32_t)sizeof(struct prd);
	bool kept;

	for (uint32_t i = 0; i < s->prds; i++) {
		const struct prd *e = prd_of(d, s, i);
		uint32_t n = (e->dbc & PRD_DBC) + 1;

		n = n < s->len - done ? n : s->len - done;
		memset(d->memory(d->host, e->dba | (uint64_t)e->dbau << 32, n), DRIVER_CANARY, n);
		done += n;
	}
	kept = is_untouched(all + head, s->memory_len - head);
	s->state = DRIVER_FREE;
	if (!kept) {
		d->bad = true;
		d->why = "bytes between the buffers were changed";
	}
	return kept;
}

enum driver_state ahci_driver_do(struct ahci_driver *d, unsigned port, const struct ahci_driver_command *c, uint8_t *to)
{
	enum driver_state state;

	ahci_driver_issue(d, port, 0, c);
	ahci_driver_finish(d, port, 200);
	if (d->port[port].failed)
		ahci_driver_recover(d, port, NULL);
	state = d->port[port].slot[0].state;
	if (to && !c->out)
		ahci_driver_data(d, port, 0, to, c->len);
	if (state != DRIVER_BUSY)
		ahci_driver_release(d, port, 0);
	return state;
}

/* [10.4.1]: two FISes that are no commands; then the drive shows its signature. */
bool ahci_driver_soft_reset(struct ahci_driver *d, unsigned port)
{
	struct ahci_driver_command c = { .flags = HEADER_R | HEADER_C };
	bool done = true;

	for (unsigned slot = 0; slot < 2; slot++, c.flags = 0) {
		uint8_t *fis;

		c.hold = true;
		ahci_driver_issue(d, port, slot, &c);
		fis = d->memory(d->host, d->port[port].slot[slot].table, 64);
		memset(fis, 0, 64);
		fis[0] = FIS_H2D;
		fis[15] = slot ? 0 : CONTROL_SRST;
		d->port[port].slot[slot].state = DRIVER_FREE;
		ahci_driver_port_write(d, port, PxCI, 1u << slot);
		for (unsigned i = 0; i < 10 && ahci_driver_port_read(d, port, PxCI); i++)
			d->wait(d->host);
		done &= !ahci_driver_port_read(d, port, PxCI);
	}
	for (unsigned i = 0; i < 10 && ahci_driver_port_read(d, port, PxTFD) & STATUS_BSY; i++)
		d->wait(d->host);
	return done && !(ahci_driver_port_read(d, port, PxTFD) & (STATUS_BSY | STATUS_ERR));
}
