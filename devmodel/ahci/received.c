/*
 * received.c - the FISes that the guest sees: those that the device wrote for us, and those of what it never saw
 *
 * Both are put together in the memory that the device has for them, and go from there to the guest.
 */
#include "devmodel/ahci/state.h"

#include <stddef.h>
#include <string.h>

static struct received *device_area(const struct port *p)
{
	return (struct received *)(p->hba->d->pool.at + p->index * POOL_STEP + POOL_RECEIVED);
}

static const struct part {
	uint8_t at, len;
} parts[] = {
	{ offsetof(struct received, dsfis), 28 },
	{ offsetof(struct received, psfis), 20 },
	{ offsetof(struct received, rfis), 20 },
	{ offsetof(struct received, sdbfis), 8 },
};

/* A tag is done when the guest has its data, and not before. */
static void hold_tags(const struct port *p, uint8_t *fis)
{
	uint32_t done;

	memcpy(&done, fis + 4, sizeof(done));
	done &= ~p->sact;
	memcpy(fis + 4, &done, sizeof(done));
}

static void show(struct port *p, const struct part *part)
{
	uint8_t *ours = (uint8_t *)&p->received + part->at, now[sizeof(p->received.dsfis)];
	gpa_t at = { ((uint64_t)p->fbu << 32 | (p->fb & ~(RECEIVED_ALIGN - 1))) + part->at };

	memcpy(now, (const uint8_t *)device_area(p) + part->at, part->len);
	if (now[0] == FIS_SDB)
		hold_tags(p, now);
	/* its first byte is its type: 0, none has come */
	if (!now[0] || !memcmp(now, ours, part->len))
		return;
	memcpy(ours, now, part->len);
	if (!p->hba->d->ops->guest_write(p->hba->d->host, at, ours, part->len))
		hba_count(p->hba, AHCI_MEMORY);
}

/* All parts lie in so many words. */
#define WORDS	(offsetof(struct received, ufis) / sizeof(uint64_t))

static uint64_t word(const struct received *r, unsigned n)
{
	uint64_t v;

	__builtin_memcpy(&v, (const uint8_t *)r + n * sizeof(v), sizeof(v));
	return v;
}

/* Has the guest seen it all?  Every look asks: bytes that are reserved may say no, and show() then finds nothing. */
static bool is_shown(const struct port *p)
{
	const struct received *device = device_area(p);
	uint64_t differ = 0;

	for (unsigned n = 0; n < WORDS; n++)
		differ |= word(device, n) ^ word(&p->received, n);
	return !differ;
}

void port_show_received(struct port *p)
{
	if (!(p->cmd & PxCMD_FRE) || is_shown(p))
		return;
	for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		show(p, &parts[i]);
}

/* What else is there is the same on both sides: only what has come makes a difference. */
void port_clear_received(struct port *p)
{
	for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		((uint8_t *)device_area(p))[parts[i].at] = 0;
	p->received = *device_area(p);
}

/* Registers as they stand after @c: SATA 3.x, sections 10.5.6 and 10.5.11, have them in the same places. */
static void put_registers(uint8_t *fis, const struct command *c)
{
	uint64_t lba = c->t.lba;

	for (unsigned i = 0; i < 3; i++) {
		fis[4 + i] = (uint8_t)(lba >> 8 * i);
		fis[8 + i] = (uint8_t)(lba >> 8 * (i + 3));
	}
	fis[7] = c->device;
	fis[12] = (uint8_t)c->t.count;
	fis[13] = (uint8_t)(c->t.count >> 8);
	if (c->protocol == PROTOCOL_PACKET) {
		fis[5] = fis[6] = 0;
		fis[12] = 3;	/* interrupt reason: C/D and I/O, done */
	}
}

void port_receive_d2h(struct port *p, const struct command *c, uint8_t status, uint8_t error)
{
	uint8_t *fis = device_area(p)->rfis;

	memset(fis, 0, sizeof(device_area(p)->rfis));
	fis[0] = FIS_D2H;
	fis[1] = FIS_I;
	fis[2] = status;
	fis[3] = error;
	put_registers(fis, c);
}

void port_receive_pio(struct port *p, const struct command *c, uint32_t bytes, uint8_t status)
{
	uint8_t *fis = device_area(p)->psfis;

	memset(fis, 0, sizeof(device_area(p)->psfis));
	fis[0] = FIS_PIO_SETUP;
	fis[1] = FIS_I | FIS_D;
	fis[2] = status | STATUS_DRQ;
	put_registers(fis, c);
	fis[15] = status;
	fis[16] = (uint8_t)bytes;
	fis[17] = (uint8_t)(bytes >> 8);
}

void port_receive_sdb(struct port *p, uint32_t sact, uint8_t status, uint8_t error)
{
	uint8_t *fis = device_area(p)->sdbfis;

	fis[0] = FIS_SDB;
	fis[1] = FIS_I;
	fis[2] = status & SDB_STATUS;
	fis[3] = error;
	memcpy(fis + 4, &sact, sizeof(sact));
}
