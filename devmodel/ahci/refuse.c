/*
 * refuse.c - what the drive never saw fails as if it had
 *
 * The others finish first, and are reported: a queued command that a drive fails ends them all, one that we refuse must
 * not.  Then the controller is made to interrupt (own.c), and the guest finds what a drive would have left: the FIS,
 * PxTFD, PxIS, and a port that goes on only after PxCMD.ST was cleared.
 */
#include "devmodel/ahci/state.h"

#define STATUS_GOOD	(STATUS_DRDY | STATUS_SEEK)
#define STATUS_BAD	(STATUS_DRDY | STATUS_SEEK | STATUS_ERR)

enum sense_key { KEY_ILLEGAL_REQUEST = 5, KEY_DATA_PROTECT = 7 };	/* SPC-4, table 56 */

static uint8_t sense_key(const struct slot *s)
{
	return s->why == AHCI_DROPPED ? KEY_DATA_PROTECT : KEY_ILLEGAL_REQUEST;
}

/* ATAPI: the sense key stands in bits 7:4. */
static uint8_t error_of(const struct slot *s)
{
	if (s->c.protocol == PROTOCOL_PACKET)
		return (uint8_t)(sense_key(s) << 4 | ERROR_ABRT);
	return ERROR_ABRT;
}

/* SPC-4, annex F.2 */
static void keep_sense(struct port *p, const struct slot *s)
{
	uint8_t asc = 0x24, ascq = 0;	/* INVALID FIELD IN CDB */

	if (s->why == AHCI_NO_ROW)
		asc = 0x20;		/* INVALID COMMAND OPERATION CODE */
	if (s->why == AHCI_DROPPED && s->c.out) {
		asc = 0x27;		/* WRITE PROTECTED */
	} else if (s->why == AHCI_DROPPED) {
		asc = 0x20;		/* ACCESS DENIED - NO ACCESS RIGHTS */
		ascq = 0x02;
	}
	sense_data(sense_key(s), asc, ascq, p->sense);
	p->own_sense = true;
}

void port_refuse(struct port *p, unsigned slot, enum ahci_counter why)
{
	struct slot *s = &p->slot[slot];

	hba_count(p->hba, why);
	slot_release(p, s);
	s->state = SLOT_REFUSED;
	p->own |= 1u << slot;
	s->why = (uint8_t)why;
}

uint32_t slot_outcome(const struct slot *s)
{
	uint32_t bits = command_is_queued(&s->c) ? PxIS_SDBS : PxIS_DHRS;

	if (!s->answer)
		return bits | PxIS_TFES;
	return s->c.protocol == PROTOCOL_PIO_IN ? bits | PxIS_PSS : bits;
}

static void put_fis(struct port *p, unsigned slot, uint8_t status, uint8_t error)
{
	const struct slot *s = &p->slot[slot];

	/* the nudge's own is not the guest's */
	port_clear_received(p);
	if (command_is_queued(&s->c)) {
		port_receive_sdb(p, error ? 0 : 1u << slot, status, error);
		return;
	}
	if (s->c.protocol == PROTOCOL_PIO_IN && !error)
		port_receive_pio(p, &s->c, (uint32_t)s->c.bytes, status);
	port_receive_d2h(p, &s->c, status, error);
}

static void fail(struct port *p, unsigned slot)
{
	struct slot *s = &p->slot[slot];
	uint8_t error = error_of(s);

	put_fis(p, slot, STATUS_BAD, error);
	p->tfd = (uint32_t)error << 8 | STATUS_BAD;
	p->tfd_ours = true;
	if (command_is_queued(&s->c)) {
		/* it was taken, and then failed: PxSACT tells */
		p->ci &= ~(1u << slot);
		ncq_error_log(s->c.tag, STATUS_BAD, error, &s->c, p->log);
		p->own_log = true;
	}
	if (s->c.protocol == PROTOCOL_PACKET)
		keep_sense(p, s);
	slot_release(p, s);
	s->state = SLOT_FAILED;
	p->stopped = true;
}

static void succeed(struct port *p, unsigned slot)
{
	const struct devmodel *d = p->hba->d;
	struct slot *s = &p->slot[slot];
	uint32_t bytes = (uint32_t)s->c.bytes;

	if (bytes && !s->c.out && !prds_scatter(d, &s->prds, s->bounced ? slot_data(p, s) : NULL, bytes))
		hba_count(p->hba, AHCI_MEMORY);
	slot_report(p, s, bytes);
	put_fis(p, slot, STATUS_GOOD, 0);
	p->tfd_ours = false;
	slot_free(p, slot);
}

void port_nudged(struct port *p, unsigned slot)
{
	struct slot *s = &p->slot[slot];

	p->is |= slot_outcome(s);
	if (s->answer)
		succeed(p, slot);
	else
		fail(p, slot);
	port_enable(p);
}
