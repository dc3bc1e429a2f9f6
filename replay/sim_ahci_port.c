/*
 * sim_ahci_port.c - a port of the simulated controller: commands fetched, carried out by the drive, told
 */
#include "replay/sim_ahci_parts.h"

#include <stdlib.h>
#include <string.h>

bool sim_port_fetch(struct sim_port *p, enum sim_ahci_why why, uint64_t at, void *to, uint32_t len)
{
	struct sim_ahci *s = p->hba;

	if (s->faults.reads_twice && !s->bus->read(s->host, why, at, to, len))
		return false;
	return s->bus->read(s->host, why, at, to, len);
}

/* What the drive sends is there only while FRE is set; a FIS area that nobody answers for is a bus error. */
void sim_port_fis(struct sim_port *p, uint32_t offset, const void *fis, uint32_t len)
{
	if (!(p->cmd & PxCMD_FRE))
		return;
	if (!p->hba->bus->write(p->hba->host, SIM_FIS, (p->fb | (uint64_t)p->fbu << 32) + offset, fis, len))
		sim_port_fail(p, PxIS_HBFS);
}

void sim_port_fail(struct sim_port *p, uint32_t is)
{
	p->halted = true;
	sim_port_raise(p, is);
}

void sim_port_forget(struct sim_port *p, uint32_t slots)
{
	uint32_t left = slots & p->taken;

	p->taken &= ~slots;
	for (; left; left &= left - 1)
		free(p->task[__builtin_ctz(left)].data);
}

void sim_port_drop(struct sim_port *p)
{
	sim_port_forget(p, UINT32_MAX);
}

void sim_port_signature(struct sim_port *p)
{
	uint8_t fis[20] = { FIS_D2H, 0, STATUS_DRDY | STATUS_SEEK, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1 };

	if (p->drive.c.atapi) {
		fis[2] = 0;
		fis[5] = 0x14;
		fis[6] = 0xeb;
	}
	p->tfd = fis[2] | (uint32_t)fis[3] << 8;
	p->sig = p->drive.c.atapi ? SIG_ATAPI : SIG_ATA;
	p->signature_waits = !(p->cmd & PxCMD_FRE);
	sim_port_fis(p, offsetof(struct received, rfis), fis, sizeof(fis));
}

/* ---- a command comes ---- */

static void check_form(struct sim_port *p, const struct header *h, const uint8_t *fis)
{
	if ((h->flags & HEADER_CFL) != 5)
		sim_complain(p->hba, "a command FIS that is not of 5 dwords");
	if (fis[0] != FIS_H2D)
		sim_complain(p->hba, "a FIS that is no command");
	if (fis[1] & ~FIS_C)
		sim_complain(p->hba, "a FIS for a port behind a multiplier, or with reserved bits");
	if (h->flags & (HEADER_B | HEADER_PMP))
		sim_complain(p->hba, "a header with BIST or a port behind a multiplier");
	if ((h->flags & HEADER_P) && fis[2] >> 1 == 0x60 >> 1)
		sim_complain(p->hba, "a header with P of a queued command");
	if (h->ctba & (TABLE_ALIGN - 1))
		sim_complain(p->hba, "a command table that is not aligned");
}

/* [10.4.1]: SRST set, then cleared, by two FISes in two slots. */
static void device_control(struct sim_port *p, struct sim_task *t)
{
	bool srst = t->fis[15] & CONTROL_SRST;

	if (t->fis[15] & ~(CONTROL_SRST | 8u))
		sim_complain(p->hba, "device control besides SRST");
	sim_port_forget(p, ~(1u << t->slot));
	if (srst)
		sim_drive_reset(&p->drive);
	if (!srst && p->drive.srst)
		p->signature_at = p->hba->now + 2;
	if (!srst && p->drive.srst)
		p->tfd = STATUS_BSY;
	p->drive.srst = srst;
	p->ci &= ~(1u << t->slot);
	sim_port_forget(p, 1u << t->slot);
}

static bool any_other(const struct sim_port *p, const struct sim_task *t, bool queued)
{
	for (uint32_t left = p->taken & ~(1u << t->slot); left; left &= left - 1) {
		if (p->task[__builtin_ctz(left)].queued == queued)
			return true;
	}
	return false;
}

static void take(struct sim_port *p, struct sim_task *t, const struct header *h)
{
	struct sim_drive *d = &p->drive;

	t->due = p->hba->now + 1 + p->hba->faults.late;
	sim_ata_decode(d, t);
	if (any_other(p, t, !t->queued))
		sim_complain(p->hba, "queued and other commands are mixed");
	if (t->queued && !(p->sact >> t->slot & 1))
		sim_complain(p->hba, "a queued command whose PxSACT bit is not set");
	if (!t->queued && p->sact >> t->slot & 1 && !p->hba->faults.gone)
		sim_complain(p->hba, "PxSACT is set of a command that is not queued");
	if (!(t->error & ERROR_ABRT) && t->len && !!(h->flags & HEADER_W) != t->out)
		sim_complain(p->hba, "a header whose W is not the command's");
	if (!!(h->flags & HEADER_A) != t->packet)
		sim_complain(p->hba, "a header whose A is not the command's");
	if (t->queued)
		p->ci &= ~(1u << t->slot);	/* the drive took it, and is not busy */
	else
		p->tfd = STATUS_BSY | (p->tfd & 0x50);
}

/* Fetch the command in @slot; false: the bus failed. */
static bool fetch(struct sim_port *p, unsigned slot)
{
	uint64_t list = p->clb | (uint64_t)p->clbu << 32;
	struct sim_task *t = &p->task[slot];
	struct header h;
	uint8_t head[80];

	p->last = slot;
	if (!sim_port_fetch(p, SIM_HEADER, list + slot * sizeof(h), &h, sizeof(h)))
		return false;
	*t = (struct sim_task){ .slot = slot, .prdtl = h.prdtl };
	p->taken |= 1u << slot;
	t->table = (h.ctba & ~(TABLE_ALIGN - 1)) | (uint64_t)h.ctbau << 32;
	if (!sim_port_fetch(p, SIM_TABLE, t->table, head, sizeof(head)))
		return false;
	check_form(p, &h, head);
	memcpy(t->fis, head, sizeof(t->fis));
	if (!(t->fis[1] & FIS_C)) {
		device_control(p, t);
		return true;
	}
	if (h.flags & HEADER_A) {
		t->t.cdb_len = p->drive.c.packet_16 ? 16 : 12;
		memcpy(t->t.cdb, head + 64, t->t.cdb_len);
	}
	take(p, t, &h);
	return true;
}

/* The next slot after the last one whose command the drive can take; SLOTS: none. */
static unsigned next(const struct sim_port *p)
{
	uint32_t waits, behind;

	if (!(p->cmd & PxCMD_ST) || p->halted || (p->tfd & (STATUS_BSY | STATUS_DRQ)) || p->ssts != SIM_SSTS_UP)
		return SLOTS;
	waits = p->ci & ~p->taken;
	/* those behind the last one come first */
	behind = waits & (UINT32_MAX - 1) << p->last;
	return behind ? (unsigned)__builtin_ctz(behind) : waits ? (unsigned)__builtin_ctz(waits) : SLOTS;
}

/* ---- a command ends ---- */

/* The FIS at @offset, now and, by says_twice, a step later again. */
static void tell(struct sim_port *p, uint32_t offset, const uint8_t *fis, uint32_t len, uint32_t is)
{
	sim_port_fis(p, offset, fis, len);
	sim_port_raise(p, is);
	if (!p->hba->faults.says_twice)
		return;
	p->again.due = p->hba->now + 1;
	p->again.is = is;
	p->again.offset = offset;
	p->again.len = len;
	memcpy(p->again.bytes, fis, len);
}

static void tell_d2h(struct sim_port *p, const struct sim_task *t)
{
	uint8_t fis[20] = { FIS_D2H, FIS_I, t->status, t->error };
	bool failed = t->status & STATUS_ERR;

	for (unsigned i = 0; i < 3; i++) {
		fis[4 + i] = (uint8_t)(t->lba >> 8 * i);
		fis[8 + i] = (uint8_t)(t->lba >> (24 + 8 * i));
	}
	fis[7] = t->device;
	sim_put16(fis + 12, t->count);
	p->tfd = t->status | (uint32_t)t->error << 8;
	p->halted |= failed;
	if (!failed)
		p->ci &= ~(1u << t->slot);
	tell(p, offsetof(struct received, rfis), fis, sizeof(fis), PxIS_DHRS | (failed ? PxIS_TFES : 0));
}

/* PIO in: the status is in the PIO Setup FIS, and no other FIS follows. */
static void tell_pio_setup(struct sim_port *p, const struct sim_task *t, bool last)
{
	uint8_t fis[20] = { FIS_PIO_SETUP, (uint8_t)((t->out ? 0 : 0x20) | (last ? FIS_I : 0)),
			    STATUS_DRDY | STATUS_SEEK | STATUS_DRQ };

	memcpy(fis + 4, t->fis + 4, 12);
	fis[3] = t->error;
	fis[15] = t->status;
	sim_put16(fis + 16, (uint16_t)(t->len < 512 ? t->len : 512));
	if (!last) {
		sim_port_fis(p, offsetof(struct received, psfis), fis, sizeof(fis));
		return;
	}
	p->tfd = t->status | (uint32_t)t->error << 8;
	p->ci &= ~(1u << t->slot);
	tell(p, offsetof(struct received, psfis), fis, sizeof(fis), PxIS_PSS);
}

static void tell_sdb(struct sim_port *p, uint32_t tags, uint8_t status, uint8_t error)
{
	uint8_t fis[8] = { FIS_SDB, FIS_I, status, error, (uint8_t)tags, (uint8_t)(tags >> 8), (uint8_t)(tags >> 16),
			   (uint8_t)(tags >> 24) };
	bool failed = status & STATUS_ERR;

	p->tfd = status | (uint32_t)error << 8;
	p->halted |= failed;
	p->sact &= ~tags;
	tell(p, offsetof(struct received, sdbfis), fis, sizeof(fis), PxIS_SDBS | (failed ? PxIS_TFES : 0));
}

/* ACS-3, A.7: the tag, status, error and address of a queued command that failed; all others are aborted. */
static void queued_failed(struct sim_port *p, const struct sim_task *t)
{
	uint8_t *log = p->drive.error_log;

	memset(log, 0, 512);
	log[0] = (uint8_t)t->slot;
	log[2] = t->status;
	log[3] = t->error;
	for (unsigned i = 0; i < 3; i++) {
		log[4 + i] = (uint8_t)(t->lba >> 8 * i);
		log[8 + i] = (uint8_t)(t->lba >> (24 + 8 * i));
	}
	log[7] = DEVICE_LBA;
	sim_sum_page(log);
	p->drive.ncq_failed = true;
	tell_sdb(p, 0, t->status, t->error);
	sim_port_drop(p);
}

/* Queued commands that wait to be told together. */
static bool tell_together(struct sim_port *p)
{
	uint32_t tags = p->taken;

	for (uint32_t left = tags; left; left &= left - 1) {
		if (!p->task[__builtin_ctz(left)].told)
			return false;
	}
	if (!tags)
		return false;
	tell_sdb(p, tags, STATUS_DRDY, 0);
	sim_port_drop(p);
	return true;
}

static void write_prdbc(struct sim_port *p, const struct sim_task *t)
{
	uint64_t list = p->clb | (uint64_t)p->clbu << 32;
	uint32_t bytes = t->came + p->hba->faults.prdbc;

	if (t->moves != SIM_MOVES_NONE &&
	    !p->hba->bus->write(p->hba->host, SIM_PRDBC,
				list + t->slot * sizeof(struct header) + offsetof(struct header, prdbc), &bytes, 4))
		sim_port_fail(p, PxIS_HBFS);
}

static void tell_end(struct sim_port *p, struct sim_task *t)
{
	if (t->queued && t->status & STATUS_ERR) {
		queued_failed(p, t);
		return;
	}
	if (t->queued && p->hba->faults.together) {
		t->told = true;
		return;
	}
	if (t->queued)
		tell_sdb(p, 1u << t->slot, STATUS_DRDY, 0);
	else if (t->moves == SIM_MOVES_PIO && !t->out && !t->packet && !(t->status & STATUS_ERR))
		tell_pio_setup(p, t, true);
	else
		tell_d2h(p, t);
	sim_port_forget(p, 1u << t->slot);
}

static void end(struct sim_port *p, struct sim_task *t)
{
	static const uint8_t setup[28] = { FIS_DMA_SETUP };

	if (p->hba->faults.interface_errors) {
		p->hba->faults.interface_errors--;
		p->serr |= SIM_SERR_P | SIM_SERR_H;
		sim_port_fail(p, PxIS_IFS);
		return;
	}
	if (t->queued && !(t->status & STATUS_ERR))
		sim_port_fis(p, offsetof(struct received, dsfis), setup, sizeof(setup));
	if (t->packet || (t->moves == SIM_MOVES_PIO && t->out))
		tell_pio_setup(p, t, false);
	if (!(t->status & STATUS_ERR) && t->out && !sim_data_move(p, t)) {
		sim_port_fail(p, PxIS_HBFS);
		return;
	}
	sim_ata_carry_out(p, t);
	/* what came before an error is in memory: of a read, the sectors before the bad one */
	if (!t->out && t->len && !sim_data_move(p, t)) {
		sim_port_fail(p, PxIS_HBFS);
		return;
	}
	write_prdbc(p, t);
	if (!p->halted && p->cmd & PxCMD_ST)
		tell_end(p, t);
	else
		sim_port_forget(p, 1u << t->slot);
}

static struct sim_task *due(struct sim_port *p)
{
	struct sim_task *found = NULL;
	uint32_t n = 0;

	for (uint32_t left = p->taken; left; left &= left - 1) {
		struct sim_task *t = &p->task[__builtin_ctz(left)];

		if (t->told || t->due > p->hba->now)
			continue;
		n++;
		p->hba->chance = p->hba->chance * 6364136223846793005u + 1442695040888963407u;
		if (!found || (p->hba->faults.order == SIM_FIRST && t->due < found->due) ||
		    (p->hba->faults.order == SIM_LAST && t->due > found->due) ||
		    (p->hba->faults.order == SIM_ANY && (p->hba->chance >> 33) % n == 0))
			found = t;
	}
	return found;
}

static bool say_again(struct sim_port *p)
{
	if (!p->again.due)
		return false;
	if (p->again.due <= p->hba->now) {
		p->again.due = 0;
		sim_port_fis(p, p->again.offset, p->again.bytes, p->again.len);
		sim_port_raise(p, p->again.is);
	}
	return true;
}

bool sim_port_step(struct sim_port *p)
{
	bool moved = say_again(p);
	struct sim_task *t;
	unsigned slot;

	/* after ST was cleared, what the drive has goes on until CR is 0 */
	if (p->halted || !(p->cmd & PxCMD_CR))
		return moved;
	t = due(p);
	if (t)
		end(p, t);
	slot = next(p);
	if (slot < SLOTS && !fetch(p, slot)) {
		sim_port_forget(p, 1u << slot);
		sim_port_fail(p, PxIS_HBFS);
	}
	if (!p->halted && p->cmd & PxCMD_ST)
		tell_together(p);
	return moved || t || slot < SLOTS || p->taken;
}
