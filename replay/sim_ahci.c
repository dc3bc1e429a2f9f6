/*
 * sim_ahci.c - the simulated AHCI controller: registers, interrupts, resets, steps
 */
#include "replay/sim_ahci_parts.h"

#include <stdlib.h>
#include <string.h>

#define CAP	(CAP_SXS | CAP_EMS | CAP_CCCS | CAP_NCS | CAP_FBSS | CAP_SPM | CAP_SAM | CAP_SCLO | CAP_SSNTF | \
		 CAP_SNCQ | CAP_S64A | SIM_CAP_PSC | SIM_CAP_SSC | SIM_CAP_PMD | SIM_CAP_ISS_3 | SIM_CAP_SALP | \
		 SIM_CAP_SAL | (SIM_AHCI_PORTS - 1))
#define CAP2	0x3fu			/* BOH, NVMP, APST, SDS, SADM, DESO */
#define SIM_CMD_WRITES	(PxCMD_SUD | PxCMD_POD | PxCMD_ATAPI | SIM_CMD_DLAE | SIM_CMD_ALPE | SIM_CMD_ASP)

/* PCS and PRCS are what PxSERR says [3.3.5]. */
static uint32_t causes(const struct sim_port *p)
{
	return p->is | (p->serr & SIM_SERR_X ? PxIS_PCS : 0) | (p->serr & SIM_SERR_N ? PxIS_PRCS : 0);
}

/* [10.7.2]: a port's bit is set while PxIS & PxIE is not 0, and stays until it is written. */
static void update_line(struct sim_ahci *s)
{
	bool line;

	for (unsigned i = 0; i < SIM_AHCI_PORTS; i++) {
		if (causes(&s->port[i]) & s->port[i].ie)
			s->is |= 1u << i;
	}
	line = s->is && s->ghc & GHC_IE;
	if (line == s->line)
		return;
	s->line = line;
	s->bus->interrupt(s->host, line);
}

void sim_port_raise(struct sim_port *p, uint32_t is)
{
	p->is |= is;
	update_line(p->hba);
}

void sim_port_link_down(struct sim_port *p)
{
	sim_port_drop(p);
	p->ssts = 0;
	p->tfd = 0x7f;
	p->sig = 0xffffffff;
	p->link_at = p->signature_at = 0;
	p->signature_waits = false;
	sim_drive_reset(&p->drive);
}

void sim_port_link_up(struct sim_port *p)
{
	p->link_at = p->drive.c.there ? p->hba->now + 1 : 0;
}

static void port_reset(struct sim_port *p)
{
	p->clb = p->clbu = p->fb = p->fbu = p->is = p->ie = p->sctl = p->serr = p->sact = p->ci = 0;
	p->cmd = PxCMD_SUD | PxCMD_POD;
	p->halted = false;
	p->stop_at = p->fr_stop_at = 0;
	p->last = SLOTS - 1;
	p->again.due = 0;
	sim_port_link_down(p);
	sim_port_link_up(p);
}

static void hba_reset(struct sim_ahci *s)
{
	s->ghc = GHC_AE;		/* CAP.SAM: it knows no other mode */
	s->is = 0;
	for (unsigned i = 0; i < SIM_AHCI_PORTS; i++)
		port_reset(&s->port[i]);
	update_line(s);
}

void sim_ahci_reset(struct sim_ahci *s)
{
	s->reset_at = 0;
	s->bohc = SIM_BOHC_BOS;
	hba_reset(s);
}

struct sim_ahci *sim_ahci_create(const struct sim_ahci_drive drive[SIM_AHCI_PORTS], const struct sim_ahci_bus *bus,
				 void *host)
{
	struct sim_ahci *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->bus = bus;
	s->host = host;
	s->chance = 1;
	for (unsigned i = 0; i < SIM_AHCI_PORTS; i++) {
		struct sim_port *p = &s->port[i];

		p->hba = s;
		p->index = i;
		p->drive.c = drive[i];
		p->drive.medium.sector_size = drive[i].sector_size;
		p->drive.medium.salt = (uint8_t)i;
	}
	sim_ahci_reset(s);
	return s;
}

void sim_ahci_free(struct sim_ahci *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < SIM_AHCI_PORTS; i++) {
		sim_port_drop(&s->port[i]);
		sim_medium_clear(&s->port[i].drive.medium);
	}
	free(s);
}

/* ---- registers ---- */

static uint32_t port_register(const struct sim_port *p, uint32_t offset)
{
	switch (offset) {
	case PxCLB: return p->clb;
	case PxCLBU: return p->clbu;
	case PxFB: return p->fb;
	case PxFBU: return p->fbu;
	case PxIS: return causes(p);
	case PxIE: return p->ie;
	case PxCMD: return p->cmd | (p->cmd & PxCMD_ST ? p->last << 8 & PxCMD_CCS : 0);
	case PxTFD: return p->tfd;
	case PxSIG: return p->sig;
	case PxSSTS: return p->ssts;
	case PxSCTL: return p->sctl;
	case PxSERR: return p->serr;
	case PxSACT: return p->sact;
	case PxCI: return p->ci;
	}
	return 0;
}

uint32_t sim_ahci_read(struct sim_ahci *s, uint32_t offset)
{
	if (s->faults.gone)
		return 0xffffffff;
	if (offset >= PORT_AT(SIM_AHCI_PORTS))
		return 0;
	if (offset >= PORT_AT(0))
		return port_register(&s->port[offset / PORT_BYTES - 2], offset % PORT_BYTES);
	switch (offset) {
	case HBA_CAP: return CAP;
	case HBA_GHC: return s->ghc;
	case HBA_IS: return s->is;
	case HBA_PI: return (1u << SIM_AHCI_PORTS) - 1;
	case HBA_VS: return 0x00010301;
	case HBA_CCC_CTL: return 31u << 3;
	case HBA_EM_LOC: return 0x01000002;
	case HBA_EM_CTL: return 1u << 16;
	case HBA_CAP2: return CAP2;
	case HBA_BOHC: return s->bohc;
	}
	return 0;
}

static void set_st(struct sim_port *p)
{
	if (p->cmd & PxCMD_CR)
		sim_complain(p->hba, "PxCMD.ST is set while CR is");
	p->cmd |= PxCMD_ST | PxCMD_CR;
	p->halted = false;
	p->last = SLOTS - 1;
}

static void clear_st(struct sim_port *p)
{
	p->cmd &= ~PxCMD_ST;
	p->ci = p->sact = 0;
	p->stop_at = p->hba->now + 1 + p->hba->faults.stop_late;
}

static void write_cmd(struct sim_port *p, uint32_t value)
{
	uint32_t changed = p->cmd ^ value;

	if (value & (PxCMD_PMA | PxCMD_FBSCP))
		sim_complain(p->hba, "PxCMD.PMA is set: port multipliers");
	p->cmd = (p->cmd & ~SIM_CMD_WRITES) | (value & SIM_CMD_WRITES);
	if (value & PxCMD_CLO && !(p->cmd & PxCMD_ST))
		p->tfd &= ~(uint32_t)(STATUS_BSY | STATUS_DRQ);
	if (changed & value & PxCMD_FRE) {
		p->cmd |= PxCMD_FRE | PxCMD_FR;
		p->fr_stop_at = 0;
	}
	if (changed & value & PxCMD_ST)
		set_st(p);
	if (changed & ~value & PxCMD_ST)
		clear_st(p);
	if (changed & ~value & PxCMD_FRE) {
		p->cmd &= ~PxCMD_FRE;
		p->fr_stop_at = p->hba->now + 1;
	}
}

/* [3.3.11]: 1 resets the link as long as it stands, 4 switches it off. */
static void write_sctl(struct sim_port *p, uint32_t value)
{
	uint32_t before = p->sctl & SCTL_DET, after = value & SCTL_DET;

	p->sctl = value & 0xfff;
	if (after && after != before)
		sim_port_link_down(p);
	if (after == 4)
		p->ssts = 4;
	if (!after && before)
		sim_port_link_up(p);
}

static void write_issue(struct sim_port *p, uint32_t offset, uint32_t value)
{
	if (!(p->cmd & PxCMD_ST))
		sim_complain(p->hba,
			     offset == PxCI ? "PxCI is written while ST is 0" : "PxSACT is written while ST is 0");
	else if (offset == PxCI)
		p->ci |= value;
	else
		p->sact |= value;
}

static void write_base(struct sim_port *p, uint32_t offset, uint32_t value)
{
	if (p->cmd & (offset < PxFB ? PxCMD_CR : PxCMD_FR))
		sim_complain(p->hba, "PxCLB or PxFB is written while it is in use");
	switch (offset) {
	case PxCLB: p->clb = value & ~(LIST_BYTES - 1); break;
	case PxCLBU: p->clbu = value; break;
	case PxFB: p->fb = value & ~(RECEIVED_BYTES - 1); break;
	default: p->fbu = value;
	}
}

static void write_port(struct sim_port *p, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case PxCLB: case PxCLBU: case PxFB: case PxFBU:
		write_base(p, offset, value);
		break;
	case PxIS:
		p->is &= ~value;
		break;
	case PxIE:
		p->ie = value;
		update_line(p->hba);
		break;
	case PxCMD:
		write_cmd(p, value);
		break;
	case PxSCTL:
		write_sctl(p, value);
		break;
	case PxSERR:
		p->serr &= ~value;
		break;
	case PxSACT: case PxCI:
		write_issue(p, offset, value);
		break;
	case PxTFD: case PxSIG: case PxSSTS:
		break;
	default:
		sim_complain(p->hba, "PxSNTF, PxFBS, PxDEVSLP or a vendor's register is written");
	}
}

static void write_hba(struct sim_ahci *s, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case HBA_GHC:
		if (value & GHC_HR) {
			hba_reset(s);
			s->ghc |= GHC_HR;
			s->reset_at = s->now + 2;
		} else if (!(s->ghc & GHC_HR)) {
			s->ghc = GHC_AE | (value & GHC_IE);
		}
		break;
	case HBA_IS:
		s->is &= ~value;
		break;
	case HBA_BOHC:
		/* firmware gives it up at once [10.6.3] */
		s->bohc = value & SIM_BOHC_OOS ? SIM_BOHC_OOS : (s->bohc & SIM_BOHC_BOS) | (value & SIM_BOHC_BOS);
		break;
	case HBA_CAP: case HBA_PI: case HBA_VS: case HBA_CAP2:
		break;
	default:
		sim_complain(s, "a register of coalescing, enclosure management or a vendor is written");
	}
	update_line(s);
}

void sim_ahci_write(struct sim_ahci *s, uint32_t offset, uint32_t value)
{
	if (s->faults.gone)
		return;
	if (s->ghc & GHC_HR && offset != HBA_GHC)
		return;
	if (offset < PORT_AT(0))
		write_hba(s, offset, value);
	else if (offset < PORT_AT(SIM_AHCI_PORTS))
		write_port(&s->port[offset / PORT_BYTES - 2], offset % PORT_BYTES, value);
}

/* ---- time ---- */

/* What follows a COMRESET: the link comes up, then the drive's first FIS. */
static bool link_step(struct sim_port *p)
{
	struct sim_ahci *s = p->hba;

	if (p->link_at && p->link_at <= s->now) {
		p->link_at = 0;
		p->ssts = SIM_SSTS_UP;
		p->tfd = STATUS_BSY;
		p->serr |= SIM_SERR_X | SIM_SERR_N;
		sim_port_raise(p, 0);
		p->signature_at = s->now + 2;
		return true;
	}
	if (p->signature_at && p->signature_at <= s->now) {
		p->signature_at = 0;
		sim_port_signature(p);
		return true;
	}
	return p->link_at || p->signature_at;
}

static bool stop_step(struct sim_port *p)
{
	bool moved = p->stop_at || p->fr_stop_at;

	if (p->stop_at && p->stop_at <= p->hba->now) {
		p->stop_at = 0;
		p->cmd &= ~PxCMD_CR;
		sim_port_drop(p);
	}
	if (p->fr_stop_at && p->fr_stop_at <= p->hba->now) {
		p->fr_stop_at = 0;
		p->cmd &= ~PxCMD_FR;
	}
	return moved;
}

bool sim_ahci_step(struct sim_ahci *s)
{
	bool moved = false;

	s->now++;
	if (s->faults.gone || s->faults.stalled)
		return false;
	if (s->reset_at && s->reset_at <= s->now) {
		s->reset_at = 0;
		s->ghc &= ~GHC_HR;
	}
	moved = s->reset_at;
	for (unsigned i = 0; i < SIM_AHCI_PORTS; i++) {
		struct sim_port *p = &s->port[i];

		moved |= link_step(p);
		if (p->signature_waits && p->cmd & PxCMD_FRE)
			sim_port_signature(p);
		moved |= sim_port_step(p);
		moved |= stop_step(p);
	}
	return moved;
}

void sim_ahci_run(struct sim_ahci *s, unsigned steps)
{
	while (steps-- && sim_ahci_step(s))
		;
}
