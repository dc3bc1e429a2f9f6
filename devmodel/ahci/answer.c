/*
 * answer.c - what the model carries out itself: what fails with nobody, and what only it knows
 */
#include "devmodel/ahci/state.h"

#include <string.h>

#define ATA_READ_LOG		0x2fu
#define ATA_READ_LOG_DMA	0x47u
#define LOG_NCQ_ERROR		0x10u
#define LBA_PAGE		0xff0000ffffull		/* READ LOG EXT: address in 7:0, page in 15:8 and 39:32 */
#define SCSI_REQUEST_SENSE	0x03u

bool port_has_answer(const struct port *p, const struct command *c)
{
	if (c->t.command == ATA_READ_LOG || c->t.command == ATA_READ_LOG_DMA)
		return p->own_log && (c->t.lba & LBA_PAGE) == LOG_NCQ_ERROR;
	return p->own_sense && c->protocol == PROTOCOL_PACKET && c->t.cdb[0] == SCSI_REQUEST_SENSE;
}

/* Of sense data as much as is asked for (SPC-4, section 6.39); a log goes on with zeros. */
static void put_sense(struct port *p, struct slot *s)
{
	uint32_t len = sizeof(p->sense);

	if (s->c.t.cdb[4] < len)
		len = s->c.t.cdb[4];
	if (s->c.bytes > len)
		s->c.bytes = len;
	memcpy(slot_data(p, s), p->sense, s->c.bytes);
	p->own_sense = false;
}

static void put_log(struct port *p, struct slot *s)
{
	uint32_t len = sizeof(p->log);

	memset(slot_data(p, s), 0, s->c.bytes);
	memcpy(slot_data(p, s), p->log, s->c.bytes < len ? s->c.bytes : len);
	p->own_log = false;
}

void port_answer(struct port *p, unsigned slot)
{
	struct slot *s = &p->slot[slot];

	if (s->c.protocol == PROTOCOL_PACKET)
		put_sense(p, s);
	else
		put_log(p, s);
	s->state = SLOT_ANSWERED;
	p->own |= 1u << slot;
}

void port_answer_silently(struct port *p, unsigned slot)
{
	struct slot *s = &p->slot[slot];

	hba_count(p->hba, AHCI_SILENT);
	if (s->bounced && !s->c.out)
		memset(slot_data(p, s), 0, s->c.bytes);
	s->state = SLOT_ANSWERED;
	p->own |= 1u << slot;
}
